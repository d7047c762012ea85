"""Measurements: error sources, strata, results, calibrations, control charts, target values.

What is in force is listed and exported; tables are imported with all findings at once, and lines
withdrawn with a reason.
"""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Act
from keiryo.measurement.forms import FORMS
from keiryo.measurement.intake import Imported, lines_in_force, table_rows, withdraw
from keiryo.sheet_text import protected
from keiryo.storage.engine import Database
from keiryo.web.answers import in_words
from keiryo.web.jobs import Jobs, Tell
from keiryo.web.listing import RowList, ShownList, download_headers, shown_list
from keiryo.web.once import Answer, once
from keiryo.web.pages.evaluation_asked import plain_finding, sees_state_measurements
from keiryo.web.pages.measurements_checked import import_sent
from keiryo.web.pages.measurements_series import series_chart, series_page
from keiryo.web.pages.measurements_shown import (
    HOME,
    SERIES_BADGES,
    SERIES_COLUMNS,
    TITLES,
    comparison,
    editions,
    form_asked,
    list_columns,
    rows_shown,
    series_rows,
)
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.sections import Hit, JobKind, MenuEntry, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

AT_ONCE_BYTES = 512 * 1024
IMPORT_JOB, IMPORT_TITLE = "measurement-import", "Import of measurements"
WITHDRAW = "measurement.withdraw"
OF_AREAS = ("strata", "results")
MOST_REASON = 2_000


@get(HOME, opt={"reads": "measurement"}, sync_to_thread=True)
def home_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the error sources in force."""
    return _list(request, viewer, "sources")


@get(HOME + "/{form:str}", opt={"reads": "measurement"}, sync_to_thread=True)
def list_page(request: AnyRequest, viewer: Asking, form: FromPath[str]) -> Response[Any] | Stream:
    """Show what is in force of one table."""
    return _list(request, viewer, form_asked(form))


def _list(
    request: AnyRequest,
    viewer: Viewer,
    form: str,
    *,
    done: Imported | None = None,
) -> Response[Any] | Stream:
    whole, may = sees_state_measurements(viewer), may_withdraw(viewer, form)
    found = rows_shown(viewer, form)
    used = {name for row in found for name, value in row.items() if value is not None}
    plan = tuple(
        c for c in list_columns(form) if not found or c.name in used or c.name in ("act", "line")
    )
    listed = shown_list(request, RowList(found, plan), f"measurement-{form}")
    if not isinstance(listed, ShownList):
        return listed
    for cells, row in zip(listed.rows, listed.found.rows, strict=True):
        _finish(cells, row, form, whole, may)
    columns = list(listed.columns)
    if may:
        columns.append({"key": "withdraw", "title": _("Withdraw"), "kind": "text"})
    series = None
    if form == "controls":
        series = shown_list(request, RowList(series_rows(viewer), SERIES_COLUMNS), "series",
                            prefix="series-")  # fmt: skip
        if not isinstance(series, ShownList):
            return series
        for cells, row in zip(series.rows, series.found.rows, strict=True):
            cells["state"] = {"text": _(row["state"]), "badge": SERIES_BADGES[row["state"]]}
    return render(
        request,
        "measurements/list.html",
        form=form,
        title=_(TITLES[form]),
        tabs=_tabs(form),
        listed=listed,
        columns=columns,
        series=series,
        targets=_targets(request, viewer) if form == "targets" and whole else None,
        may_import=may_import(viewer, form),
        narrowed=not whole,
        done=done,
        done_findings=[plain_finding(f) for f in done.findings] if done else [],
        told=_told(request),
        crumbs=[(_("Measurements"), HOME), (_(TITLES[form]), None)],
    )


def _finish(
    cells: dict[str, Any], row: Mapping[str, Any], form: str, whole: bool, may: bool
) -> None:
    """Put links and badges into the cells of a row."""
    if row.get("outdated"):
        cells["outdated"] = {"text": _("outdated"), "badge": "warning", "hint": row["outdated"]}
    if form == "sources":
        if row["relative_sd"] is not None:
            cells["relative_sd"] = f"{number_text(100 * float(row['relative_sd']), 4)} %"
        if not whole:
            cells["act"] = row["act"]
    if form == "strata":
        for name in ("element_sources", "isotope_sources"):
            if row.get(name):
                cells[name] = str(row[name]).replace(",", ", ")
    if form == "results":
        cells["batch"] = (row["batch"], f"/why?of={quote('batch:' + _batch(row), safe=':/')}")
    if may:
        line = f"{row['act']}/{row['line']}"
        href = f"{HOME}/{form}/withdraw?{urlencode({'line': line})}"
        cells["withdraw"] = (_("withdraw"), href)


def _batch(row: Mapping[str, Any]) -> str:
    return f"{row['mba']}/{row['batch']}"


def _tabs(form: str) -> list[tuple[str, str, bool]]:
    return [
        (_(title), HOME if name == "sources" else f"{HOME}/{name}", name == form)
        for name, title in TITLES.items()
    ]


def _told(request: AnyRequest) -> dict[str, int]:
    """Return what the address says was just recorded or withdrawn: an act, and of how many rows."""
    query = request.query_params
    found = {}
    for name in ("act", "recorded", "unchanged", "withdrawn", "left"):
        number = whole_number(query.get(f"told-{name}", ""))
        if number is not None:
            found[name] = number
    return found


def _targets(request: AnyRequest, viewer: Viewer) -> dict[str, Any] | None:
    """Return the error sources of today beside the target values."""
    names = editions(viewer)
    if not names:
        return None
    asked = str(request.query_params.get("edition-shown", ""))
    edition = asked if asked in names else names[-1]
    found = comparison(viewer, edition)
    heads = (
        ("method", _("Method"), "code"), ("basis", _("Quantity"), "text"),
        ("material", _("Material"), "text"), ("random", _("Random, %"), "number"),
        ("target_random", _("Target, %"), "number"),
        ("systematic", _("Systematic, %"), "number"),
        ("target_systematic", _("Target, %"), "number"), ("meets", _("Meets it"), "text"),
    )  # fmt: skip
    badges = {None: ("open", _("no target")), True: ("ok", _("yes")), False: ("warning", _("no"))}
    rows = [
        {
            "method": m.method,
            "basis": m.basis,
            "material": m.material or "",
            "random": number_text(m.random_percent, 4),
            "systematic": number_text(m.systematic_percent, 4),
            "target_random": number_text(m.target_random_percent),
            "target_systematic": number_text(m.target_systematic_percent),
            "meets": {"badge": badges[m.meets][0], "text": badges[m.meets][1]},
        }
        for m in found.methods
    ]
    columns = [{"key": key, "title": title, "kind": kind} for key, title, kind in heads]
    return {
        "edition": edition,
        "editions": names,
        "columns": columns,
        "rows": rows,
        "findings": [plain_finding(f) for f in found.findings],
    }


# --- import, export, withdrawal ------------------------------------------------------------


def may_import(viewer: Viewer, form: str) -> bool:
    """Return whether the viewer may record rows of a table somewhere."""
    return any(
        viewer.may_post(f"measurement.{FORMS[form].heading}", scope)
        for scope in _scopes(viewer, form)
    )


def require_import(viewer: Viewer, form: str) -> None:
    """Refuse with the reason, if the viewer may record rows of a table nowhere.

    Raises
    ------
    NotPermittedError
    """
    if not may_import(viewer, form):
        viewer.require_post(f"measurement.{FORMS[form].heading}", viewer.state)


def may_withdraw(viewer: Viewer, form: str) -> bool:
    """Return whether the viewer may withdraw rows of a table somewhere."""
    return any(viewer.may_post(WITHDRAW, scope) for scope in _scopes(viewer, form))


def _scopes(viewer: Viewer, form: str) -> Iterable[str]:
    if form in OF_AREAS:
        return [area.scope for area in viewer.areas.values()]
    return [viewer.state]


@get(HOME + "/{form:str}/import", opt={"reads": "measurement"}, sync_to_thread=True)
def import_page(request: AnyRequest, viewer: Asking, form: FromPath[str]) -> Response[Any]:
    """Ask for a file with rows of a table."""
    require_import(viewer, form_asked(form))
    return _import_form(request, form)


@post(
    HOME + "/{form:str}/import", status_code=200, opt={"reads": "measurement"}, sync_to_thread=True
)
def import_file(request: AnyRequest, viewer: Asking, form: FromPath[str]) -> Response[Any] | Stream:
    """Record the rows of a file in one act, once; or say all that is wrong with it."""
    require_import(viewer, form_asked(form))
    sent = None if viewer.form is None else viewer.form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        errors = {"file": _("Choose a file.")}
        return _import_form(request, form, errors=errors, status=422)
    name, content = sent.filename[:200], sent.file.read()
    again = viewer.field("again") == "yes"
    digest = hashlib.sha256(content).hexdigest()
    asked = {"form": form, "name": name, "digest": digest, "again": str(again)}
    done: list[Imported] = []

    def do() -> Answer:
        if len(content) > AT_ONCE_BYTES:
            jobs = request.app.state.jobs
            kept = kept_for_import(jobs, form, name, content, again=again)
            return Answer(303, f"/jobs/{jobs.start(viewer, IMPORT_JOB, IMPORT_TITLE, kept)}")
        done.append(import_sent(viewer, viewer.whole, form, name, content, again=again))
        return Answer(303, _after(form, done[0]))

    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except (RefusedError, UsageError) as error:
        return _import_form(request, form, error=error, again=again, status=422)
    if done and done[0].findings:
        return _list(request, viewer, form, done=done[0])
    return Redirect(answer.location or HOME, status_code=303)


def _after(form: str, done: Imported) -> str:
    told = {"recorded": done.recorded, "unchanged": done.unchanged, "left": done.withdrawn}
    if done.act is not None:
        told["act"] = done.act.act_id
    return f"{HOME}/{form}?" + urlencode({f"told-{n}": v for n, v in told.items()})


def _import_form(
    request: AnyRequest,
    form: str,
    *,
    errors: Mapping[str, str] | None = None,
    error: RefusedError | UsageError | None = None,
    again: bool = False,
    status: int = 200,
) -> Response[Any]:
    columns = [c.name for c in FORMS[form].columns]
    needed = [c.name for c in FORMS[form].columns if c.required]
    return render(
        request,
        "measurements/import.html",
        http_status=status,
        form=form,
        title=_(TITLES[form]),
        columns=columns,
        needed=needed,
        errors=errors or {},
        error=error,
        again=again,
        findings=[plain_finding(f) for f in getattr(error, "findings", ())],
        crumbs=[
            (_("Measurements"), HOME),
            (_(TITLES[form]), f"{HOME}/{form}"),
            (_("Import"), None),
        ],
    )


def kept_for_import(
    jobs: Jobs, form: str, name: str, content: bytes, *, again: bool
) -> dict[str, Any]:
    """Keep a large file for the job that imports it, and return what that job is told."""
    path = Path(jobs.folder) / f"import-{secrets.token_hex(8)}"
    path.write_bytes(content)
    return {"form": form, "name": name, "path": str(path), "again": again}


def run_import(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Record the rows of a large file."""
    form, path = form_asked(parameters["form"]), Path(parameters["path"])
    tell(0, 1, "")
    try:
        name, again = parameters["name"], bool(parameters["again"])
        done = import_sent(viewer, viewer.whole, form, name, path.read_bytes(), again=again)
    finally:
        path.unlink(missing_ok=True)
    tell(1, 1, "")
    return {
        "form": form,
        "act": None if done.act is None else done.act.act_id,
        "acts": [] if done.act is None else [done.act.act_id],
        "recorded": done.recorded,
        "unchanged": done.unchanged,
        "left": done.withdrawn,
        "findings": [plain_finding(f) for f in done.findings],
        "href": f"{HOME}/{form}",
        "template": "measurements/imported_job.html",
    }


@get(HOME + "/{form:str}/export", opt={"reads": "measurement"}, sync_to_thread=True)
def export_file(request: AnyRequest, viewer: Asking, form: FromPath[str]) -> Response[str]:
    """Hand out what is in force as CSV that can be edited and imported again."""
    day = request.app.state.server.now().date().isoformat()
    return Response(
        exported(viewer, form_asked(form)),
        media_type="text/csv; charset=utf-8",
        headers=download_headers(f"{form}-{day}.csv"),
    )


def exported(viewer: Viewer, form: str) -> str:
    """Return what is in force of a table, as CSV that can be edited and imported again."""
    with viewer.books.reading() as connection:
        rows = table_rows(lines_in_force(connection, viewer.metadata, form), form, export=True)
    free = {c.name for c in FORMS[form].columns if c.free}
    names = [f.name for f in FORMS[form].kind.own_fields if f.name != "state"]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        texts = {n: protected(v) for n, v in row.items() if n in free and isinstance(v, str)}
        writer.writerow({**row, **texts})
    return text.getvalue()


@get(HOME + "/{form:str}/withdraw", opt={"reads": "measurement"}, sync_to_thread=True)
def withdraw_page(request: AnyRequest, viewer: Asking, form: FromPath[str]) -> Response[Any]:
    """Show a line, and ask why it is withdrawn."""
    row = line_in_force(viewer, form_asked(form), str(request.query_params.get("line", "")))
    return _withdraw_form(request, viewer, form, row)


@post(
    HOME + "/{form:str}/withdraw",
    status_code=200,
    opt={"reads": "measurement"},
    sync_to_thread=True,
)
def withdraw_line(request: AnyRequest, viewer: Asking, form: FromPath[str]) -> Response[Any]:
    """Withdraw a line, once, with a reason."""
    line, reason = viewer.field("line"), viewer.field("reason")[:MOST_REASON]
    asked = {"form": form_asked(form), "line": line, "reason": reason}

    def do() -> Answer:
        act, count = withdraw_named(viewer, viewer.whole, form, line, reason)
        told = {"told-act": act.act_id, "told-withdrawn": count}
        return Answer(303, f"{HOME}/{form}?{urlencode(told)}")

    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except (RefusedError, UsageError) as error:
        row = line_in_force(viewer, form, line)
        return _withdraw_form(request, viewer, form, row, reason=reason, error=error)
    forget_fields(viewer, f"{HOME}/{form}/withdraw")
    return Redirect(answer.location or HOME, status_code=303)


def withdraw_named(
    viewer: Viewer, books: Database, form: str, line: str, reason: str
) -> tuple[Act, int]:
    """Withdraw the line that is named as act/line; return the act, and how many lines it withdrew.

    Raises
    ------
    NotFoundError
        If the viewer sees no such line in force.
    NotPermittedError
        If the viewer may not withdraw it.
    UsageError
        If the reason is empty.
    RefusedError
        If it is still needed.
    """
    row = line_in_force(viewer, form, line)
    viewer.require_post(WITHDRAW, _scope(viewer, row))
    if not reason:
        raise UsageError(_("the reason is empty"), _("Say why it is withdrawn."))
    chosen = {"act_id": row["act"], "line_no": row["line"]}
    return withdraw(books, viewer.actor(), form, chosen, reason)


def line_in_force(viewer: Viewer, form: str, name: str) -> dict[str, Any]:
    """Return the line of a table in force that is named as act/line.

    Raises
    ------
    NotFoundError
        If the viewer sees no such line in force.
    """
    for row in rows_shown(viewer, form):
        if f"{row['act']}/{row['line']}" == name:
            return row
    raise NotFoundError(
        _("there is no such line in force that you may see"), _("It may have been withdrawn.")
    )


def _scope(viewer: Viewer, row: Mapping[str, Any]) -> str:
    area = viewer.areas.get(str(row.get("mba")))
    return viewer.state if area is None else area.scope


def _withdraw_form(
    request: AnyRequest,
    viewer: Viewer,
    form: str,
    row: Mapping[str, Any],
    *,
    reason: str = "",
    error: RefusedError | UsageError | None = None,
) -> Response[Any]:
    viewer.require_post(WITHDRAW, _scope(viewer, row))
    names = {c.name: c.title for c in list_columns(form)}
    shown = [(_(names[n]), str(v)) for n, v in row.items() if n in names and v is not None]
    findings = [plain_finding(f) for f in getattr(error, "findings", ())]
    errors = {}
    if error is not None:
        errors["" if findings else "reason"] = in_words(error)
    return render(
        request,
        "measurements/withdraw.html",
        http_status=200 if error is None else 422,
        form=form,
        facts=shown,
        line=f"{row['act']}/{row['line']}",
        reason=reason,
        errors=errors,
        findings=findings,
        crumbs=[
            (_("Measurements"), HOME),
            (_(TITLES[form]), f"{HOME}/{form}"),
            (_("Withdraw"), None),
        ],
    )


def find_measurements(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield error sources and series whose name has what was searched for."""
    if not viewer.reads("measurement"):
        return
    text, left = words.lower(), most
    for form, name in (("sources", "source"), ("controls", "series")):
        names = dict.fromkeys(str(row[name]) for row in rows_shown(viewer, form))
        for found in [one for one in names if text in one.lower()][:left]:
            href = f"{HOME}?{urlencode({'source': found})}"
            if form == "controls":
                href = f"{HOME}/series?{urlencode({'name': found})}"
            left -= 1
            yield Hit("measurement", found, href, _(TITLES[form]))


SECTION = Section(
    "measurements",
    handlers=(
        *(home_page, list_page, series_page, series_chart, import_page, import_file),
        *(export_file, withdraw_page, withdraw_line),
    ),
    menu=(MenuEntry(sentence("Measurements"), HOME, "Evaluation", 20, reads("measurement")),),
    search=(find_measurements,),
    jobs=(JobKind(IMPORT_JOB, run_import),),
)
