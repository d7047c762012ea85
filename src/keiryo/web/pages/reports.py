"""Reports, received and issued: the list, each report as it stands, its files, what waits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy import func, select

from keiryo.dates import number_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.issuing.copies import ReportCopy, report_copy, standing_acts
from keiryo.issuing.issue import ISSUING
from keiryo.issuing.output import header_lines, legend, sums
from keiryo.issuing.output_pdf import as_pdf
from keiryo.issuing.output_xlsx import as_xlsx
from keiryo.issuing.source import RECORDING
from keiryo.journal.tables import FINDING
from keiryo.oversight.finding_state import is_open
from keiryo.people.accounts import names_of
from keiryo.quantities import format_weight
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.listing import ListColumn, QueryList, Row, ShownList, download_headers, shown_list
from keiryo.web.pages import reports_compose, reports_prepare, reports_releases, reports_upload
from keiryo.web.pages.reports_checked import may_send_somewhere
from keiryo.web.pages.reports_records import (
    ASKING,
    RecordedFinding,
    Superseding,
    finding_of_row,
    findings_of,
    headers,
    open_counts,
    refused_acts,
    release_of,
    signature_of,
    stated_entries,
    superseding,
)
from keiryo.web.pages.reports_shown import (
    entries_table,
    kind_of_report,
    place_findings,
    words_now,
)
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import LANGUAGES, sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

FILES = {"text": "txt", "xlsx": "xlsx", "pdf": "pdf", "json": "json"}
MEDIA = {
    "text": "text/plain; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}
AT_ONCE_ENTRIES = 500
"""Reports with more entries are printed or put into a workbook as a job."""
MOST_OPEN = 8


def _report_href(row: Row) -> str:
    if row["mba"] is None or row["state"] == "refused":
        return f"/journal/acts/{row['act_id']}"
    return f"/reports/{row['mba']}/{row['report_no']}?act={row['act_id']}"


LIST_COLUMNS = (
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("report_no", sentence("Report"), "number", href=_report_href),
    ListColumn("report_type", sentence("Kind"), "code", choices=("I", "P", "M", "T")),
    ListColumn("report_date", sentence("Date"), "date"),
    ListColumn("period_from", sentence("From"), "date"),
    ListColumn("period_to", sentence("To"), "date"),
    ListColumn("entry_count", sentence("Entries"), "number", filterable=False),
    ListColumn(
        "state",
        sentence("State of the report"),
        choices=(sentence("accepted"), sentence("refused"), sentence("issued")),
    ),
    ListColumn("act_id", sentence("Act"), "act"),
)
_BADGES = {"accepted": "ok", "issued": "ok", "refused": "error"}


@get("/reports", opt={"reads": "reports"}, sync_to_thread=True)
def reports_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show all reports that the viewer sees, and on top what waits for release."""
    rows = QueryList(
        viewer.books, headers(viewer.metadata), LIST_COLUMNS, order=("-act_id", "report_no")
    )
    listed = shown_list(request, rows, "reports")
    if not isinstance(listed, ShownList):
        return listed
    listed.columns.insert(-1, {"key": "open", "title": _("Open findings"), "kind": "number"})
    keys = {(str(r["mba"]), int(r["report_no"])) for r in listed.found.rows if r["mba"]}
    with viewer.books.reading() as connection:
        open_ones = open_counts(connection, viewer.metadata, keys) if keys else {}
    for cells, row in zip(listed.rows, listed.found.rows, strict=True):
        kind, state = str(row["report_type"]), str(row["state"])
        cells["report_type"] = {"text": kind_of_report(kind), "hint": _kind_words(kind)}
        cells["state"] = {"text": _(state), "badge": _BADGES[state]}
        cells["open"] = open_ones.get((str(row["mba"]), int(row["report_no"])), "")
        if state == "refused":
            cells["_kind"] = "error"
    return render(
        request,
        "reports.html",
        reports=listed,
        waiting=reports_releases.waiting(viewer),
        may_send=may_send_somewhere(viewer),
        may_compose=viewer.may_post_in_an_area(RECORDING),
        may_issue=viewer.may_post_in_an_area(ISSUING),
        crumbs=[(_("Reports"), None)],
    )


def _kind_words(letter: str) -> str:
    return {
        "I": _("inventory change report"),
        "P": _("physical inventory listing"),
        "M": _("material balance report"),
    }.get(letter, _("textual report"))


@get("/reports/{mba:str}/{number:int}", opt={"reads": "reports"}, sync_to_thread=True)
def report_page(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], number: FromPath[int]
) -> Response[Any] | Stream:
    """Show a report as it stands: entries, findings, corrections, act, signature."""
    area = viewer.area(mba)
    copy, hidden = _copy(viewer, mba, number, _asked_act(request))
    report, metadata, act = copy.report, viewer.metadata, copy.act.act_id
    with viewer.books.reading() as connection:
        same = [one for one, _here in standing_acts(connection, metadata, mba, number)]
        others = [one for one in same if one != act]
        recorded = findings_of(connection, metadata, mba, number, others)
        only = act if others else None
        later = superseding(connection, metadata, mba, number, report.type, only)
        released = release_of(connection, metadata, copy.act.act_id)
        signature = signature_of(connection, metadata, copy.act.act_id)
        refused = refused_acts(connection, metadata, mba, number)
    placed = place_findings([report], (one.finding for one in recorded if one.open))
    may_correct = viewer.may_post("correction.plan", area.scope) and report.type in ("I", "P", "M")
    may_correct = may_correct and not others  # a reference would not say which report is meant
    links = {}
    if may_correct and not hidden:
        links = {
            (mba, number, e.number): f"/reports/{mba}/{number}/correct/{e.number}"
            for e in report.entries
        }
    listed = entries_table(request, [report], placed, copy.name, links=links)
    if not isinstance(listed, ShownList):
        return listed
    _mark_superseded(listed, mba, later)
    words = words_now()
    names = names_of(viewer.whole, [p for p in (copy.act.person, _preparer(released)) if p])
    return render(
        request,
        "report.html",
        copy=copy,
        report=report,
        kind=kind_of_report(report.type),
        kind_words=_kind_words(report.type),
        head_lines=header_lines(copy, words),
        legend=legend(copy, words),
        sums=_sums(copy, words),
        entries=listed,
        others=placed.others,
        closed=[one for one in recorded if not one.open],
        names=names,
        released=released,
        signature=signature,
        refused=refused,
        hidden=hidden,
        same_number=_same_number(mba, number, same, act),
        act_asked=f"&act={act}" if others else "",
        later=_later_links(mba, later),
        may_correct=may_correct,
        files=tuple(FILES),
        crumbs=[(_("Reports"), "/reports"), (mba, f"/reports?mba={mba}"), (str(number), None)],
    )


def _asked_act(request: AnyRequest) -> int | None:
    """Return the act of the report that is asked for, or None for the latest.

    Raises
    ------
    NotFoundError
        If what is asked for is no number of an act.
    """
    asked = str(request.query_params.get("act", "")).strip()
    if not asked:
        return None
    act = whole_number(asked)
    if act is None:
        raise NotFoundError("there is no report of this act", "Look it up in the list of reports.")
    return act


def _same_number(mba: str, number: int, acts: list[int], shown: int) -> list[dict[str, Any]]:
    """Return the reports that have the same number, the latest first; none if it is alone."""
    if len(acts) < 2:
        return []
    href = f"/reports/{mba}/{number}?act="
    return [{"act": one, "href": f"{href}{one}", "shown": one == shown} for one in reversed(acts)]


def _copy(
    viewer: Viewer, mba: str, number: int, act_id: int | None = None
) -> tuple[ReportCopy, int]:
    """Return a report that is seen, and how many of its entries are not for the viewer.

    Without an act it is the one that was accepted or issued last under the number.

    Raises
    ------
    NotFoundError
        If there is none that the viewer sees.
    """
    if number >= 2**63:
        raise NotFoundError(f"there is no report of this number of {mba}")
    metadata = viewer.metadata
    with viewer.books.reading() as connection:
        stated = stated_entries(connection, metadata, mba, number, act_id)
        if stated is None:
            raise NotFoundError(
                f"there is no report {number} of {mba} that you may see",
                "The list of reports shows those that were accepted or issued.",
            )

        def build() -> ReportCopy:
            return report_copy(connection, metadata, mba, number, meant)

        meant = act_id or standing_acts(connection, metadata, mba, number)[-1][0]
        key = ("copy of a report", viewer.sight, mba, number, meant)
        copy = viewer.server.remembered.get(key, stated, build)
    return copy, stated - len(copy.report.entries)


def _preparer(released: Mapping[Any, Any] | None) -> str | None:
    return None if released is None else str(released["prepared_by"])


def _mark_superseded(listed: ShownList, mba: str, later: Mapping[int, list[Superseding]]) -> None:
    """Show entries that were corrected or deleted since as what they are."""
    for cells, row in zip(listed.rows, listed.found.rows, strict=True):
        if row["entry"] in later:
            cells["_kind"] = "old"
            cells["_later"] = later[row["entry"]]
            cells["_mba"] = mba


def _later_links(mba: str, later: Mapping[int, list[Superseding]]) -> list[dict[str, Any]]:
    return [
        {
            "entry": entry,
            "status": one.status,
            "text": f"{one.report_no}/{one.entry_no}",
            "href": f"/reports/{mba}/{one.report_no}",
        }
        for entry, some in sorted(later.items())
        for one in some
    ]


def _sums(copy: ReportCopy, words: Any) -> list[dict[str, str]]:
    made = []
    for code, group in sums(copy):
        unit = group.category.unit
        fissile = "" if group.fissile_mg is None else format_weight(group.fissile_mg, "g")
        made.append(
            {
                "code": code,
                "meaning": words.code(code) if code else "",
                "category": str(group.category),
                "category_name": words.category(str(group.category)),
                "element": format_weight(group.element_mg, unit),
                "unit": unit,
                "fissile": fissile,
            }
        )
    return made


@get("/reports/{mba:str}/{number:int}/file", opt={"reads": "reports"}, sync_to_thread=True)
def report_file(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], number: FromPath[int]
) -> Response[Any]:
    """Hand out a report as labelled text, workbook, print or JSON; the same bytes each time."""
    viewer.area(mba)
    way = str(request.query_params.get("as", "text"))
    spoken = str(request.query_params.get("language", "en"))
    if way not in FILES:
        raise UsageError(
            "a report is not written out in that way", "Choose text, xlsx, pdf or json."
        )
    chosen = spoken if spoken in LANGUAGES else "en"
    act = _asked_act(request)
    copy, hidden = _copy(viewer, mba, number, act)
    if hidden:
        raise NotFoundError(
            "you do not see all of this report, so it cannot be written out for you",
            "Ask somebody who sees all of it.",
        )
    if way in ("xlsx", "pdf") and len(copy.report.entries) > AT_ONCE_ENTRIES:
        asked = {"mba": mba, "number": number, "as": way, "language": chosen, "act": act}
        job = request.app.state.jobs.start(viewer, "report-file", "Report as a file", asked)
        return Redirect(f"/jobs/{job}", status_code=303)
    return Response(
        _content(copy, way, chosen),
        media_type=MEDIA[way],
        headers=download_headers(f"{copy.name}.{FILES[way]}"),
    )


def _content(copy: ReportCopy, way: str, spoken: str) -> bytes:
    if way == "xlsx":
        return as_xlsx(copy, spoken)
    if way == "pdf":
        return as_pdf(copy, spoken)
    return (copy.text() if way == "text" else copy.to_json()).encode()


def run_file(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Write out a large report."""
    tell(0, 1, "")
    way = str(parameters["as"])
    act = parameters.get("act")
    copy, hidden = _copy(viewer, str(parameters["mba"]), int(parameters["number"]), act)
    if hidden:
        raise NotFoundError("you do not see all of this report")
    handle = tempfile.NamedTemporaryFile(delete=False, prefix="keiryo-report-")  # noqa: SIM115
    with handle:
        handle.write(_content(copy, way, str(parameters["language"])))
    tell(1, 1, "")
    return {"file": Path(handle.name), "file_name": f"{copy.name}.{FILES[way]}"}


def find_reports(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield the reports of a number: ``102``, ``report 102`` or ``XAFA/102``."""
    text = words.upper().removeprefix("REPORT").strip()
    mba, _slash, last = text.rpartition("/")
    number = whole_number(last, 9)
    if not viewer.reads("reports") or number is None:
        return
    query = select(headers(viewer.metadata).subquery())
    inner = query.selected_columns
    query = query.where(inner.report_no == number, inner.mba.is_not(None))
    if mba:
        query = query.where(inner.mba == mba)
    with viewer.books.reading() as connection:
        for row in connection.execute(query.limit(most)).mappings():
            kind = kind_of_report(row["report_type"])
            title = _("Report %(key)s", key=f"{row['mba']}/{row['report_no']}")
            day = "" if row["report_date"] is None else str(number_date(int(row["report_date"])))
            yield Hit("report", title, _report_href(dict(row)), f"{kind} {day} {_(row['state'])}")


def open_findings(viewer: Viewer) -> dict[str, Any] | None:
    """Return the findings about the viewer's reports that want an answer, the newest first."""
    metadata = viewer.metadata
    table = metadata.tables[FINDING.name]
    mine = [area.code for area in viewer.areas_to_post("report.accept")]
    if not mine:
        return None
    asked = (table.c.mba.in_(mine), table.c.severity.in_(ASKING), is_open(metadata, table))
    many = select(table.c.severity, func.count()).where(*asked).group_by(table.c.severity)
    newest = select(table).where(*asked).order_by(table.c.act_id.desc(), table.c.line_no)
    with viewer.books.reading() as connection:
        found = {str(severity): int(n) for severity, n in connection.execute(many)}
        rows = list(connection.execute(newest.limit(MOST_OPEN)).mappings())
    if not found:
        return None
    items = [
        RecordedFinding(finding_of_row(row), int(row["act_id"]), int(row["line_no"]), True)
        for row in rows
    ]
    ordered = {letter: found[letter] for letter in ASKING if letter in found}
    known = {
        (one.finding.mba, one.finding.report)
        for one in items
        if one.finding.report and _is_recorded(viewer, one)
    }
    return {"counts": ordered, "total": sum(found.values()), "items": items, "known": known}


def _is_recorded(viewer: Viewer, one: RecordedFinding) -> bool:
    """Return whether there is a page of the report that a finding is about."""
    number = one.finding.report or ""
    if not number.isdecimal() or len(number) > 18 or one.finding.mba is None:
        return False
    with viewer.books.reading() as connection:
        stated = stated_entries(connection, viewer.metadata, one.finding.mba, int(number))
    return stated is not None


SECTION = Section(
    "reports",
    handlers=(
        *(reports_page, report_page, report_file),
        *reports_upload.HANDLERS,
        *reports_compose.HANDLERS,
        *reports_prepare.HANDLERS,
        *reports_releases.HANDLERS,
    ),
    menu=(
        MenuEntry("Reports", "/reports", "Reports", 10, reads("reports"), key="r"),
        MenuEntry("Waiting for release", "/releases", "Reports", 20, reads("reports")),
    ),
    overview=(
        OverviewPart(
            "waiting-for-release",
            sentence("Waiting for release"),
            20,
            reads("reports"),
            lambda viewer: {"waiting": reports_releases.waiting},
            "reports/waiting_part.html",
        ),
        OverviewPart(
            "open-findings",
            sentence("Open findings of your reports"),
            40,
            may_send_somewhere,
            open_findings,
            "reports/open_findings.html",
        ),
    ),
    search=(find_reports,),
    jobs=(
        JobKind("check-reports", reports_upload.run_check),
        JobKind("accept-reports", reports_upload.run_acceptance),
        JobKind("report-file", run_file),
    ),
)
