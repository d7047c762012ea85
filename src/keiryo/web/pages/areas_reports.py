"""The reports of an area with their status, and the closings of its balances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy import Integer, String, literal, select, type_coerce, union_all

from keiryo.accounts.balance import computed_lines
from keiryo.accounts.closing import closed_lines
from keiryo.accounts.model import Lines
from keiryo.dates import Period, date_number
from keiryo.quantities import Category
from keiryo.reports.tables import ISSUED_REPORT, REPORT
from keiryo.web.listing import ListColumn, QueryList, shown_list
from keiryo.web.pages.areas_frame import (
    AreaPage,
    address,
    category_name,
    element_text,
    figure_address,
    why_address,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking

MOST_CLOSINGS = 24
"""Closed periods that are compared with the books at once."""


@get("/areas/{mba:str}/reports", sync_to_thread=True, opt={"reads": "reports"})
def reports_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any] | Stream:
    """Show the reports of the area, received and issued, the latest first."""
    page = AreaPage(request, viewer, mba)

    def report_href(row: Mapping[str, Any]) -> str:
        if row["outcome"] == "refused":
            return address("/journal/acts", str(row["act_id"]))
        return address("/reports", page.mba, str(row["report_no"]), act=row["act_id"])

    columns = (
        ListColumn("report_no", sentence("Report"), "number", href=report_href),
        ListColumn("report_type", sentence("Type"), "code", choices=("I", "P", "M", "T")),
        ListColumn("report_date", sentence("Date"), "date"),
        ListColumn("period_from", sentence("From"), "date"),
        ListColumn("period_to", sentence("To"), "date"),
        ListColumn("entry_count", sentence("Entries"), "number", filterable=False),
        ListColumn("outcome", sentence("Status"), choices=("accepted", "refused", "issued")),
        ListColumn("encoder", sentence("Encoder"), hidden=True),
        ListColumn("act_id", sentence("Act"), "act", filterable=False),
        ListColumn("digest", sentence("Digest"), "code", hidden=True, filterable=False),
    )
    listed = shown_list(
        request,
        QueryList(viewer.books, _reports(page), columns, order=("-act_id", "-report_no")),
        f"reports-{page.mba}",
    )
    if isinstance(listed, Response | Stream):
        return listed
    for cells in listed.rows:
        cells["outcome"] = _outcome(str(cells["outcome"]))
    return render(request, "area_reports.html", **page.frame("reports"), listed=listed)


def _outcome(outcome: str) -> dict[str, str]:
    kinds = {"accepted": "ok", "refused": "error", "issued": "info"}
    words = {"accepted": _("accepted"), "refused": _("refused"), "issued": _("issued")}
    return {"badge": kinds.get(outcome, "plain"), "text": words.get(outcome, outcome)}


def _reports(page: AreaPage) -> Any:
    """Return the query of received and issued reports as far as they are known."""
    received = page.viewer.metadata.tables[REPORT.name]
    issued = page.viewer.metadata.tables[ISSUED_REPORT.name]
    names = (
        *("report_no", "report_type", "report_date", "period_from", "period_to", "entry_count"),
        *("encoder", "act_id", "digest"),
    )
    parts = []
    for table, outcome in ((received, received.c.outcome), (issued, literal("issued"))):
        query = select(
            *(table.c[name] for name in names), type_coerce(outcome, String).label("outcome")
        ).where(table.c.mba == page.mba)
        if page.knowledge.through_act is not None:
            query = query.where(table.c.act_id <= page.knowledge.through_act)
        if page.knowledge.known_on is not None:
            day = date_number(page.knowledge.known_on)
            query = query.where(type_coerce(table.c.report_date, Integer) <= day)
        parts.append(query)
    return select(union_all(*parts).subquery())


@get("/areas/{mba:str}/closings", sync_to_thread=True, opt={"reads": "accounts"})
def closings_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show the closed balances, and whether the books still give what was closed."""
    page = AreaPage(request, viewer, mba)
    made = page.remembered("closings", lambda c: _closings(c, page))
    categories = [c for c in Category if any(c in row["difference"] for row in made)]
    columns = [
        {"key": "period", "title": _("Period")},
        *(
            {"key": str(c), "title": _("MUF, %(category)s", category=category_name(c)),
             "kind": "number", "unit": c.unit}
            for c in categories
        ),
        {"key": "state", "title": _("The books now")},
        {"key": "act", "title": _("Closed by"), "kind": "number"},
        {"key": "why", "title": _("Evidence")},
    ]  # fmt: skip
    return render(
        request,
        "area_closings.html",
        **page.frame("closings"),
        columns=columns,
        rows=[_closing_row(page, row, categories) for row in made],
        standing=page.standing,
        most=MOST_CLOSINGS,
    )


def _closings(connection: Any, page: AreaPage) -> tuple[dict[str, Any], ...]:
    metadata, found = page.viewer.metadata, []
    ended = [p for p in page.standing.periods if p.end in page.standing.closed]
    for period in ended[:MOST_CLOSINGS]:
        closed = closed_lines(connection, metadata, page.mba, period.end)
        if closed is None:
            continue
        act, lines = closed
        now = computed_lines(connection, metadata, page.mba, period, page.knowledge)
        found.append(
            {
                "period": period,
                "act": act,
                "difference": {c: amount.element_mg for c, amount in lines.get("MF", {}).items()},
                "changed": _differing(lines, now),
            }
        )
    return tuple(found)


def _differing(closed: Lines, now: Lines) -> list[str]:
    """Return the lines of which the books now give another element weight than was closed."""
    rounded = any(code.startswith("RA") for code in closed)
    if rounded:  # a rounded balance states its own weights, with the adjustments beside them
        return []
    codes = dict.fromkeys((*closed, *now))
    return [
        code
        for code in codes
        if {c: a.element_mg for c, a in closed.get(code, {}).items() if a.element_mg}
        != {c: a.element_mg for c, a in now.get(code, {}).items() if a.element_mg}
    ]


def _closing_row(
    page: AreaPage, row: Mapping[str, Any], categories: list[Category]
) -> dict[str, Any]:
    period: Period = row["period"]
    words = f"{day_text(period.start)} – {day_text(period.end)}"
    state = {"text": _("as closed"), "badge": "ok"}
    if row["changed"]:
        changed = _("changed since: %(codes)s", codes=", ".join(row["changed"]))
        state = {"text": changed, "badge": "warning"}
    cells: dict[str, Any] = {
        "period": (words, page.path(period=f"{period.start}..{period.end}")),
        "state": state,
        "act": (str(row["act"]), f"/journal/acts/{row['act']}"),
        "why": (_("What it rests on"), why_address(f"act:{row['act']}")),
    }
    for category in categories:
        if category in row["difference"]:
            text = element_text(category, row["difference"][category])
            cells[str(category)] = (text, figure_address(page.mba, period, "MF", category))
    return cells
