"""Reports that come as files: checked first, with nothing recorded, and then accepted as checked.

The first page takes the files, the second shows every entry with what was found about it, the
third what became of each report. Large sets are checked and accepted as jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.errors import Finding, NotFoundError, RefusedError, UsageError
from keiryo.reports.checking import File
from keiryo.reports.service import ImportSummary, import_reports
from keiryo.web.answers import in_words
from keiryo.web.jobs import Tell
from keiryo.web.listing import ShownList
from keiryo.web.once import Answer
from keiryo.web.pages.reports_checked import (
    ACCEPTING,
    CheckedSet,
    check_set,
    may_send_somewhere,
)
from keiryo.web.pages.reports_kept import (
    KeptSet,
    give_up,
    keep,
    keep_result,
    kept_result,
    kept_set,
    safe_name,
)
from keiryo.web.pages.reports_once import LookAgainError, done_once
from keiryo.web.pages.reports_receiving import submit_set, waits_for_another
from keiryo.web.pages.reports_releases import RELEASES
from keiryo.web.pages.reports_shown import (
    Outline,
    PlacedFindings,
    counts,
    entries_table,
    kind_of_report,
    meanings,
    outline,
    place_findings,
)
from keiryo.web.remembered import head_of
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields, saved_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

UPLOAD = "/reports/upload"
AT_ONCE_BYTES = 256 * 1024
"""Sets that are larger are checked and accepted as jobs."""
MOST_REASON = 2_000
MOST_FINDINGS = 200
"""Findings that are not about one entry which a page shows."""


@get(UPLOAD, opt={"reads": "reports"}, sync_to_thread=True)
def upload_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for the files."""
    _require_sender(viewer)
    return _upload_form(request, viewer)


@post(UPLOAD, status_code=200, opt={"reads": "reports"}, sync_to_thread=True)
def check_upload(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Keep the files and lead to what is found about them; nothing is recorded."""
    _require_sender(viewer)
    try:
        files, context = _files(viewer)
    except UsageError as error:
        problem = {"files": in_words(error)}
        return _upload_form(request, viewer, problem, http_status=422)
    digest = keep(viewer, files, context)
    if sum(len(content) for _, content in files) <= AT_ONCE_BYTES:
        return Redirect(f"{UPLOAD}/{digest}", status_code=303)
    title = "Check of reports"
    number = request.app.state.jobs.start(viewer, "check-reports", title, {"digest": digest})
    return Redirect(f"/jobs/{number}", status_code=303)


@get(UPLOAD + "/{digest:str}", opt={"reads": "reports"}, sync_to_thread=True)
def checked_page(
    request: AnyRequest, viewer: Asking, digest: FromPath[str]
) -> Response[Any] | Stream:
    """Show every entry of every report that was sent, with what was found about it."""
    return _checked(request, viewer, digest)


@post(UPLOAD + "/{digest:str}", status_code=200, opt={"reads": "reports"}, sync_to_thread=True)
def accept_checked(
    request: AnyRequest, viewer: Asking, digest: FromPath[str]
) -> Response[Any] | Stream:
    """Accept what was checked into the books, once; or give it up."""
    _require_sender(viewer)
    if viewer.field("action") == "give up":
        give_up(viewer, digest)
        forget_fields(viewer, f"{UPLOAD}/{digest}")
        return Redirect("/reports", status_code=303)
    reason = viewer.field("reason")
    do = partial(_taken, request, viewer, kept_set(viewer, digest), reason)
    try:
        return done_once(viewer, f"{UPLOAD}/{digest}", {"digest": digest, "reason": reason}, do)
    except (RefusedError, UsageError) as error:
        errors = {"": in_words(error)}
        more = tuple(getattr(error, "findings", ()))
        return _checked(request, viewer, digest, errors, more=more, http_status=422)


def _taken(request: AnyRequest, viewer: Viewer, kept: KeptSet, reason: str) -> Answer:
    """Accept a set, or start the job that does; nothing if a finding forbids it."""
    found = remembered_check(viewer, kept)
    show = partial(_checked, request, viewer, kept.digest)
    if problem := _not_acceptable(found, reason):
        raise LookAgainError(partial(show, problem, http_status=422))
    if found.digest != viewer.field("seen"):
        changed = _(
            "The books changed since you looked: this is what is found about the files now. Look "
            "at it again before you accept them."
        )
        raise LookAgainError(partial(show, changed=changed, http_status=409))
    if waits_for_another(viewer, found):
        return Answer(303, f"{RELEASES}/{submit_set(viewer, kept, found).request_id}")
    if kept.size_bytes <= AT_ONCE_BYTES:
        return _accepted(viewer, kept, reason)
    jobs, asked = request.app.state.jobs, {"digest": kept.digest, "reason": reason}
    number = jobs.start(viewer, "accept-reports", "Acceptance of reports", asked)
    return Answer(303, f"/jobs/{number}")


@get(UPLOAD + "/{digest:str}/result", opt={"reads": "reports"}, sync_to_thread=True)
def accepted_page(request: AnyRequest, viewer: Asking, digest: FromPath[str]) -> Response[Any]:
    """Show what became of each report."""
    result = kept_result(viewer, digest)
    if result is None:
        raise NotFoundError("these files were not accepted yet", "Check them first.")
    crumbs = [(_("Reports"), "/reports"), (_("Upload"), UPLOAD), (_("Result"), None)]
    return render(request, "report_accepted.html", result=result, crumbs=crumbs)


def run_check(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Check a large set; what is found is remembered for the page that shows it."""
    digest = str(parameters["digest"])
    shown_of(viewer, kept_set(viewer, digest), tell)
    return {"href": f"{UPLOAD}/{digest}"}


def run_acceptance(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Accept a large set; a job that was stopped is asked for again and adds what is missing."""
    kept = kept_set(viewer, str(parameters["digest"]))
    location = _accepted(viewer, kept, str(parameters["reason"]), tell).location
    return {"href": location}


@dataclass(frozen=True, slots=True)
class CheckShown:
    """What every page of a check shows the same: made once, while the books stand as they are."""

    found: CheckedSet
    placed: PlacedFindings
    known: Outline
    summary: list[dict[str, Any]]
    counts: dict[str, int]


def remembered_check(viewer: Viewer, kept: KeptSet) -> CheckedSet:
    """Return what is found about a set as the books stand now, found once."""
    return shown_of(viewer, kept).found


def shown_of(viewer: Viewer, kept: KeptSet, tell: Tell | None = None) -> CheckShown:
    """Return what is found about a set as the books stand now, as pages show it, made once."""
    with viewer.whole.reading() as connection:
        head = head_of(connection, viewer.metadata)
    key = ("check of reports", viewer.sight, viewer.person.person, kept.digest)
    make = partial(_check_shown, viewer, kept, tell)
    return viewer.server.remembered.get(key, (head, viewer.today), make)


def _check_shown(viewer: Viewer, kept: KeptSet, tell: Tell | None) -> CheckShown:
    return _as_shown(check_set(viewer, kept, tell))


def _as_shown(found: CheckedSet, more: tuple[Finding, ...] = ()) -> CheckShown:
    """Return what pages show of a check; `more` was found when it was to be accepted."""
    findings = (*more, *found.findings)
    return CheckShown(
        found,
        place_findings(found.reports, findings),
        outline(found.reports),
        _summary(found, findings),
        counts(found.findings),
    )


def _accepted(viewer: Viewer, kept: KeptSet, reason: str, tell: Tell | None = None) -> Answer:
    summary = import_reports(
        viewer.whole,
        kept.files,
        viewer.actor(),
        context=kept.context,
        accept_reason=reason or None,
        progress=tell,
    )
    keep_result(viewer, kept.digest, _result(viewer, summary))
    return Answer(303, f"{UPLOAD}/{kept.digest}/result")


def _result(viewer: Viewer, summary: ImportSummary) -> dict[str, Any]:
    mine = [f for f in summary.open_findings if f.mba is None or f.mba in viewer.areas]
    return {
        "complete": summary.complete,
        "context_act": summary.context_act,
        "context_findings": [_plain(f) for f in summary.context_findings],
        "reports": [
            {
                "report": one.report,
                "outcome": one.outcome,
                "act": one.act_id,
                "findings": [_plain(f) for f in one.findings],
                "counts": counts(one.findings),
            }
            for one in summary.outcomes
        ],
        "open_findings": [_plain(f) for f in mine[:MOST_FINDINGS]],
        "open": len(mine),
    }


def _plain(one: Finding) -> dict[str, Any]:
    names = ("code", "message", "advice", "place", "found", "expected", "basis")
    return {"severity": str(one.severity), **{name: getattr(one, name) for name in names}}


def _not_acceptable(found: CheckedSet, reason: str) -> dict[str, str]:
    """Return why a set cannot be accepted, by field; empty if it can."""
    if found.not_yours:
        return {"": _("There are reports among these that are not yours to send.")}
    if not found.reports and not found.stopping:
        return {"": _("There is no report in these files.")}
    if found.acceptable:
        return {}
    if not found.receives:
        return {"": _("Put right what the findings say and send the files again.")}
    if found.asking and not reason:
        return {"reason": _("Say why the reports are accepted in spite of the findings.")}
    if len(reason) > MOST_REASON:
        return {"reason": _("Say it in fewer words.")}
    return {}


def _files(viewer: Viewer) -> tuple[list[File], File | None]:
    """Return the files that were sent, with names that are safe to show and to record.

    Raises
    ------
    UsageError
        If there are none, or too many or too large ones.
    """
    form, settings = viewer.form, viewer.server.settings
    sent = [] if form is None else [f for f in form.getall("files", []) if _given(f)]
    if not sent:
        raise UsageError(_("choose at least one file"), _("Text, XLSX, CSV or JSON."))
    if len(sent) > settings.upload_files:
        raise UsageError(
            _("these are %(number)s files", number=len(sent)),
            _("Send at most %(most)s at once.", most=settings.upload_files),
        )
    names: list[str] = []
    files = []
    for one in sent:
        name = safe_name(one.filename, names)
        names.append(name)
        files.append((name, one.file.read()))
    if sum(len(content) for _name, content in files) > settings.upload_mb * 1024 * 1024:
        raise UsageError(
            _("these files are larger than may be sent at once"),
            _("Send at most %(most)s MB at once.", most=settings.upload_mb),
        )
    before = [] if form is None else [f for f in form.getall("context", []) if _given(f)]
    if not before:
        return files, None
    return files, (safe_name(before[0].filename, names), before[0].file.read())


def _given(one: object) -> bool:
    return isinstance(one, UploadFile) and bool(one.filename)


def _require_sender(viewer: Viewer) -> None:
    if not may_send_somewhere(viewer):
        raise NotPermittedError(
            f"you hold no role that may do this ({ACCEPTING})",
            "Ask a colleague who may, or an administrator for the role.",
        )


def _upload_form(
    request: AnyRequest,
    viewer: Viewer,
    errors: Mapping[str, str] | None = None,
    *,
    http_status: int = 200,
) -> Response[Any]:
    return render(
        request,
        "report_upload.html",
        http_status=http_status,
        errors=errors or {},
        settings=viewer.server.settings,
        may_give_context=viewer.may_post("context.accept", viewer.state),
        crumbs=[(_("Reports"), "/reports"), (_("Upload"), None)],
    )


def _checked(
    request: AnyRequest,
    viewer: Viewer,
    digest: str,
    errors: Mapping[str, str] | None = None,
    *,
    more: tuple[Finding, ...] = (),
    changed: str = "",
    http_status: int = 200,
) -> Response[Any] | Stream:
    kept = kept_set(viewer, digest)
    shown = shown_of(viewer, kept)
    if more:
        shown = _as_shown(shown.found, more)
    found, placed = shown.found, shown.placed
    listed = entries_table(request, found.reports, placed, "checked-entries", known=shown.known)
    if not isinstance(listed, ShownList):
        return listed
    path = f"{UPLOAD}/{digest}"
    fields = saved_fields(viewer, path) if http_status == 200 else {}
    return render(
        request,
        "report_check.html",
        http_status=http_status,
        path=path,
        checked=found,
        four_eyes=waits_for_another(viewer, found),
        changed=changed,
        files=[(name, len(content)) for name, content in kept.files],
        context_name=kept.context[0] if kept.context else None,
        reports=shown.summary,
        counts=shown.counts,
        others=placed.others[:MOST_FINDINGS],
        more_others=max(0, len(placed.others) - MOST_FINDINGS),
        entries=listed,
        legend=meanings(found.reports, shown.known),
        errors=errors or {},
        reason=viewer.field("reason") or fields.get("reason", ""),
        result=kept_result(viewer, digest) is not None,
        crumbs=[(_("Reports"), "/reports"), (_("Upload"), UPLOAD), (_("Check"), None)],
    )


def _summary(found: CheckedSet, findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Return a line for each report: what it is, and what would become of it."""
    made = []
    by_report: dict[tuple[str | None, str | None], list[Finding]] = {}
    for one in findings:
        by_report.setdefault((one.mba, one.report), []).append(one)
    for report in found.reports:
        own = by_report.get((report.mba, str(report.number)), [])
        outcome = "ok"
        if report.key in found.stopping:
            outcome = "refused"
        elif report.key in found.asking:
            outcome = "asked"
        elif report.key in found.recorded:
            outcome = "recorded"
        made.append(
            {
                "key": f"{report.mba or ''}/{report.number}",
                "mba": report.mba,
                "number": report.number,
                "kind": kind_of_report(report.type),
                "date": report.date,
                "from": report.period_from,
                "to": report.period_to,
                "entries": len(report.entries),
                "notes": [(n.reference, n.text, n.non_latin) for n in report.notes],
                "file": report.file,
                "outcome": outcome,
                "counts": counts(own),
            }
        )
    return made


HANDLERS = (upload_page, check_upload, checked_page, accept_checked, accepted_page)
