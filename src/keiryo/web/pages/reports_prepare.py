"""Reports made from the books: prepared, looked at word for word, then issued or submitted.

Nothing is recorded until the report that was looked at is issued; if the books changed meanwhile
so that it would be another report, the new one is shown instead. Where four eyes are asked for,
the report is submitted, and a second person issues it.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.accounts.books import pit_dates
from keiryo.accounts.model import NOW
from keiryo.dates import DateError, Period, next_day, parse_date
from keiryo.errors import (
    ConflictError,
    Finding,
    KeiryoError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from keiryo.issuing.issue import ISSUING, issue
from keiryo.issuing.numbering import last_encoder
from keiryo.issuing.prepare import PreparedReport, prepare
from keiryo.journal.model import Actor
from keiryo.people.permissions import needs_release
from keiryo.people.releases import ReleaseRequest, submit
from keiryo.profiles import profile_names
from keiryo.web.answers import in_words
from keiryo.web.listing import ShownList
from keiryo.web.once import Answer
from keiryo.web.pages.reports_once import LookAgainError, done_once
from keiryo.web.pages.reports_releases import (
    RELEASABLE,
    RELEASES,
    Preview,
    Releasable,
    difference,
)
from keiryo.web.pages.reports_shown import (
    counts,
    entries_table,
    kind_of_report,
    meanings,
    place_findings,
)
from keiryo.web.pages.reports_waiting import (
    NOTICE,
    notice_context,
    same_numbers,
    same_numbers_of,
)
from keiryo.web.rendering import render
from keiryo.web.saved_forms import save_fields, saved_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import said
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

PREPARE = "/reports/prepare"
KINDS = ("I", "P", "M")
MOST_NOTE_LINES = 200


@dataclass(slots=True)
class Wish:
    """What report is asked for, as typed and as understood.

    Attributes
    ----------
    mba, kind : str
    fields : dict of str
        As typed.
    errors : dict of str
        What cannot be understood, by field.
    period, report_date, notes
        As understood.
    """

    mba: str
    kind: str
    fields: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    period: Period | None = None
    report_date: datetime.date | None = None
    notes: tuple[tuple[int | None, str], ...] = ()


def choose_area(
    request: AnyRequest,
    viewer: Viewer,
    act_kind: str,
    base: str,
    title: str,
    kinds: Sequence[tuple[str, str]],
) -> Response[Any]:
    """Ask of which area, among those about which the viewer may post, and which kind."""
    mine = viewer.areas_to_post(act_kind)
    if not mine:
        viewer.require_post(act_kind, viewer.state)
    return render(
        request,
        "report_choose.html",
        areas=mine,
        title=title,
        kinds=kinds,
        base=base,
        crumbs=[(_("Reports"), "/reports"), (title, None)],
    )


@get(PREPARE, opt={"reads": "reports"}, sync_to_thread=True)
def choose_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask of which area, and which kind of report."""
    kinds = [
        ("I", _("Inventory change report (ICR)")),
        ("P", _("Physical inventory listing (PIL)")),
        ("M", _("Material balance report (MBR)")),
    ]
    return choose_area(request, viewer, ISSUING, PREPARE, _("Prepare a report"), kinds)


@get(PREPARE + "/{mba:str}/{kind:str}", opt={"reads": "reports"}, sync_to_thread=True)
def prepare_page(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], kind: FromPath[str]
) -> Response[Any] | Stream:
    """Ask for the period and what else the report needs; show it if it was asked for."""
    require_preparing(viewer, mba, kind)
    fields = {**defaults_of(viewer, mba, kind), **saved_fields(viewer, _path(mba, kind))}
    wish = understood(viewer, mba, kind, fields)
    if "show" not in request.query_params:
        wish.errors.clear()
        return _page(request, viewer, wish)
    return _previewed(request, viewer, wish)


@post(
    PREPARE + "/{mba:str}/{kind:str}",
    status_code=200,
    opt={"reads": "reports"},
    sync_to_thread=True,
)
def prepare_action(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], kind: FromPath[str]
) -> Response[Any] | Stream:
    """Show the report that is asked for, issue the one that was shown, or submit it."""
    scope = require_preparing(viewer, mba, kind)
    path = _path(mba, kind)
    names = ("from", "to", "date", "encoder", "profile", "notes")
    fields = {name: viewer.field(name) for name in names}
    wish = understood(viewer, mba, kind, fields)
    action = viewer.field("action", "show")
    save_fields(viewer.whole, viewer.person.person, path, fields, viewer.server.now())
    if wish.errors:
        return _page(request, viewer, wish, http_status=422)
    if action not in ("issue", "submit"):
        return Redirect(f"{path}?show=1#report", status_code=303)
    do = partial(_sent, request, viewer, scope, wish, action)
    asked = {**fields, "action": action, "mba": mba, "kind": kind}
    try:
        return done_once(viewer, path, asked, do)
    except (UsageError, ConflictError) as error:
        wish.errors[""] = in_words(error)
        return _page(request, viewer, wish, http_status=409)
    except RefusedError as error:
        wish.errors[""] = in_words(error)
        return _previewed(request, viewer, wish, more=error.findings, http_status=422)


def _sent(request: AnyRequest, viewer: Viewer, scope: str, wish: Wish, action: str) -> Answer:
    """Issue or submit the report that was looked at, if it is still the same."""
    prepared = prepared_of(viewer, wish)
    if text_digest(prepared) != viewer.field("text_digest"):
        changed = _(
            "The books changed since you looked: this is the report as it would be now. "
            "Look at it again before you send it."
        )
        show = partial(_previewed, request, viewer, wish, changed=changed, http_status=409)
        raise LookAgainError(show)
    send = _submitted if action == "submit" else _issued
    return send(viewer, scope, wish, prepared)


def _issued(viewer: Viewer, scope: str, wish: Wish, prepared: PreparedReport) -> Answer:
    viewer.require_post(ISSUING, scope)
    issued = issue(viewer.whole, prepared, viewer.actor())
    return Answer(303, f"/reports/{wish.mba}/{issued.report.number}")


def _submitted(viewer: Viewer, scope: str, wish: Wish, prepared: PreparedReport) -> Answer:
    return Answer(303, f"{RELEASES}/{submit_report(viewer, scope, wish, prepared).request_id}")


def submit_report(
    viewer: Viewer, scope: str, wish: Wish, prepared: PreparedReport
) -> ReleaseRequest:
    """Let a report wait for release; its words are part of what is signed for.

    Raises
    ------
    RefusedError
        If the report cannot be issued.
    """
    if prepared.blocked:
        raise RefusedError(
            f"report {prepared.report.key} cannot be issued; nothing was submitted",
            prepared.findings,
            "Put right what the findings say, then prepare it again.",
        )
    assert wish.period is not None and wish.report_date is not None
    content = {
        "mba": wish.mba,
        "kind": wish.kind,
        "from": wish.period.start.isoformat(),
        "to": wish.period.end.isoformat(),
        "date": wish.report_date.isoformat(),
        "encoder": wish.fields["encoder"],
        "profile": wish.fields["profile"],
        "notes": [[number, text] for number, text in wish.notes],
        "text": prepared.text,
    }
    report = prepared.report
    return submit(
        viewer.whole,
        viewer.actor(),
        act_kind=ISSUING,
        scope=scope,
        title=f"{kind_of_report(report.type)} {report.mba}/{report.number}",
        content=content,
        now=viewer.server.now(),
    )


def issue_released(viewer: Viewer, actor: Actor, content: Mapping[str, Any]) -> int:
    """Issue a report that somebody else prepared, if it is still the same report.

    Raises
    ------
    ConflictError
        If the books changed so that it would say something else now.
    """
    prepared = _again(viewer, content)
    if prepared.text != content["text"]:
        raise ConflictError(
            "the books changed since this was prepared: it would be another report now",
            "Return it; whoever prepared it prepares it anew.",
        )
    return issue(viewer.whole, prepared, actor).act.act_id


def preview_released(viewer: Viewer, request: ReleaseRequest) -> Preview:
    """Return the words of a report that waits, and how they would differ now."""
    content, text = request.content, str(request.content["text"])
    documents = ((request.title, text),)
    if request.state != "waiting":
        return Preview(documents)
    try:
        now = _again(viewer, content)
    except KeiryoError as error:
        return Preview(documents, problem=in_words(error))
    same = same_numbers_of(viewer, request)
    return Preview(
        documents,
        difference(text, now.text),
        now.findings,
        template=NOTICE if same else "",
        context=notice_context(same),
    )


def prepare_anew(request: ReleaseRequest) -> str:
    """Return the page on which such a report is prepared."""
    return _path(str(request.content["mba"]), str(request.content["kind"]))


def _again(viewer: Viewer, content: Mapping[str, Any]) -> PreparedReport:
    with viewer.whole.reading() as connection:
        return prepare(
            connection,
            viewer.metadata,
            str(content["mba"]),
            str(content["kind"]),
            Period(parse_date(str(content["from"])), parse_date(str(content["to"]))),
            report_date=parse_date(str(content["date"])),
            encoder=str(content["encoder"]),
            profile_name=str(content["profile"]),
            notes=[(number, str(text)) for number, text in content["notes"]],
        )


def prepared_of(viewer: Viewer, wish: Wish) -> PreparedReport:
    """Return the report that is asked for, as the books stand now."""
    assert wish.period is not None and wish.report_date is not None
    with viewer.whole.reading() as connection:
        return prepare(
            connection,
            viewer.metadata,
            wish.mba,
            wish.kind,
            wish.period,
            report_date=wish.report_date,
            encoder=wish.fields["encoder"],
            profile_name=wish.fields["profile"],
            notes=wish.notes,
        )


def text_digest(prepared: PreparedReport) -> str:
    """Return the digest of a report's words."""
    return hashlib.sha256(prepared.text.encode()).hexdigest()


def _path(mba: str, kind: str) -> str:
    return f"{PREPARE}/{mba}/{kind}"


def require_preparing(viewer: Viewer, mba: str, kind: str) -> str:
    """Return the scope of the area, if the viewer may prepare its reports."""
    area = viewer.area(mba)
    if kind not in KINDS:
        raise NotFoundError(f"there is no kind of report {kind[:20]!r}", "Choose I, P or M.")
    viewer.require_post(ISSUING, area.scope)
    return area.scope


def defaults_of(viewer: Viewer, mba: str, kind: str) -> dict[str, str]:
    """Return what a report probably needs: the last taking, the last encoder, today."""
    with viewer.whole.reading() as connection:
        takings = pit_dates(connection, viewer.metadata, mba, NOW)
        encoder = last_encoder(connection, viewer.metadata, mba) or ""
    first = last = ""
    today = viewer.today_at(mba)
    if kind == "I":
        end = today.replace(day=1) - datetime.timedelta(days=1)
        first, last = end.replace(day=1).isoformat(), end.isoformat()
    elif takings:
        last = takings[-1].isoformat()
        if kind == "M" and len(takings) > 1:
            first = next_day(takings[-2]).isoformat()
    return {
        "from": first,
        "to": last,
        "date": today.isoformat(),
        "encoder": encoder,
        "profile": "code10",
        "notes": "",
    }


def understood(viewer: Viewer, mba: str, kind: str, fields: Mapping[str, str]) -> Wish:
    """Return what the fields mean; everything that cannot be meant is named at once."""
    wish = Wish(mba, kind, dict(fields))
    start = _day(wish, "from") if kind != "P" else None
    end = _day(wish, "to")
    wish.report_date = _day(wish, "date")
    if end is not None and kind == "P":
        start = end
    if start is not None and end is not None:
        if start > end:
            wish.errors["to"] = _("The last day lies before the first.")
        else:
            wish.period = Period(start, end)
    if not wish.fields.get("encoder"):
        wish.errors["encoder"] = _("Say who prepares the report, e.g. ORBEN,K.")
    if wish.fields.get("profile") not in profile_names():
        wish.errors["profile"] = _("Choose one of the profiles.")
    wish.notes = _notes(wish)
    del viewer
    return wish


def _day(wish: Wish, name: str) -> datetime.date | None:
    try:
        return parse_date(wish.fields.get(name, ""))
    except DateError:
        wish.errors[name] = _("Give a day, e.g. 2025-12-31.")
        return None


def _notes(wish: Wish) -> tuple[tuple[int | None, str], ...]:
    """Return the notes: one a line, ``3: text`` on entry 3, otherwise on the report."""
    made: list[tuple[int | None, str]] = []
    lines = [line.strip() for line in wish.fields.get("notes", "").splitlines() if line.strip()]
    if len(lines) > MOST_NOTE_LINES:
        wish.errors["notes"] = _("Write at most %(most)s notes.", most=MOST_NOTE_LINES)
    for line in lines[:MOST_NOTE_LINES]:
        before, colon, rest = line.partition(":")
        number = whole_number(before, 9) if colon else None
        made.append((None, line) if number is None else (number, rest.strip()))
    return tuple(made)


def _previewed(
    request: AnyRequest,
    viewer: Viewer,
    wish: Wish,
    *,
    changed: str = "",
    more: tuple[Finding, ...] = (),
    http_status: int = 200,
) -> Response[Any] | Stream:
    if wish.period is None or wish.report_date is None or {n for n in wish.errors if n}:
        return _page(request, viewer, wish)
    try:
        prepared = prepared_of(viewer, wish)
    except (UsageError, NotFoundError, RefusedError) as error:
        wish.errors[""] = in_words(error)
        return _page(request, viewer, wish)
    findings = [*more, *(f for f in prepared.findings if f not in more)]
    _beside_notes(wish, findings)
    placed = place_findings([prepared.report], findings)
    listed = entries_table(request, [prepared.report], placed, "prepared-entries")
    if not isinstance(listed, ShownList):
        return listed
    with viewer.whole.reading() as connection:
        four_eyes = needs_release(connection, viewer.metadata, ISSUING)
    return _page(
        request,
        viewer,
        wish,
        http_status=http_status,
        prepared=prepared,
        text_digest=text_digest(prepared),
        entries=listed,
        legend=meanings([prepared.report]),
        counts=counts(findings),
        others=placed.others,
        four_eyes=four_eyes,
        same_numbers=same_numbers(viewer, [prepared.report]),
        changed=changed,
    )


def _beside_notes(wish: Wish, findings: list[Finding]) -> None:
    """Say beside the notes what a note cannot hold; it stands among the findings too."""
    for one in findings:
        if one.code == "NOTE-CHARSET" and one.label == "391" and one.severity == "F":
            number = "" if one.entry is None else _("Note %(number)s", number=one.entry) + ": "
            wish.errors.setdefault("notes", f"{number}{said(one.message)}.")


def _page(
    request: AnyRequest, viewer: Viewer, wish: Wish, *, http_status: int = 200, **more: Any
) -> Response[Any]:
    del viewer
    kind = kind_of_report(wish.kind)
    return render(
        request,
        "report_prepare.html",
        http_status=http_status,
        path=_path(wish.mba, wish.kind),
        wish=wish,
        kind=kind,
        profiles=profile_names(),
        recorded=request.query_params.get("recorded", ""),
        crumbs=[
            (_("Reports"), "/reports"),
            (_("Prepare a report"), PREPARE),
            (f"{wish.mba} {kind}", None),
        ],
        **more,
    )


RELEASABLE[ISSUING] = Releasable(issue_released, preview_released, prepare_anew)
HANDLERS = (choose_page, prepare_page, prepare_action)
