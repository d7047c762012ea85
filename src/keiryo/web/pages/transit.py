"""The transit board: what is on its way between areas of the State, for how long, and what is odd.

Computed on the books as a whole, since a shipment is matched with a receipt in the books of
another area; shown to who sees the shipper's or the receiver's area.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import Connection, MetaData, func, or_, select

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.oversight.transit_board import TransitRow, board_of, transit_board
from keiryo.places.tables import areas
from keiryo.reports.questions.transit import age_limits
from keiryo.vocabulary import profile
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.boards import (
    areas_reading,
    asked_day,
    asked_flag,
    writing,
)
from keiryo.web.pictures.movement_picture import TransitLabels, transit_picture
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, OverviewPart, Section, reads
from keiryo.web.server import Server
from keiryo.web.speaking import day_text, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.standing import StandingAnswer, filings_remembered
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

STATES = (
    sentence("overdue"),
    sentence("late"),
    sentence("unmatched"),
    sentence("difference"),
    sentence("in parts"),
    sentence("open"),
    sentence("received"),
)
"""Of a shipment or receipt, what asks for most first."""

BADGES = {
    "overdue": "error",
    "late": "warning",
    "unmatched": "query",
    "difference": "query",
    "in parts": "info",
    "open": "open",
    "received": "ok",
}
ASKED = ("overdue", "late", "unmatched")
"""States that ask for something."""

MOST_IN_PICTURE = 400
SHOWN_ON_OVERVIEW = 8


@dataclass(frozen=True, slots=True)
class Board:
    """The rows of a day for the whole State, to be narrowed for each viewer.

    Attributes
    ----------
    rows : tuple of TransitRow
    scopes : mapping
        Scope of each area, by code.
    marks : mapping
        Agreement and handling caveat of the entries that have one, by their source.
    warning_days, overdue_days : int
        Ages above which a shipment is late and overdue.
    """

    rows: tuple[TransitRow, ...]
    scopes: Mapping[str, str]
    marks: Mapping[str, tuple[str | None, str | None]]
    warning_days: int
    overdue_days: int


def build_board(
    server: Server,
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    every: bool,
    differences: bool,
    known_on: datetime.date | None,
) -> Board:
    """Return the board of the whole State on a day."""
    rules = profile("code10", on)
    filings = filings_remembered(server, connection, metadata)
    if known_on is None:
        rows = tuple(board_of(filings, on, rules=rules, every=every, differences=differences))
    else:
        found = transit_board(
            connection,
            metadata,
            on,
            known_on=known_on,
            rules=rules,
            every=every,
            differences=differences,
        )
        rows = tuple(found)
    limit = filings.context.transit_limit_days if filings.context else None
    warning, overdue = age_limits(rules, limit)
    scopes = {code: area.scope for code, area in areas(connection, metadata).items()}
    return Board(rows, scopes, _marks(connection, metadata), warning, overdue)


def _marks(connection: Connection, metadata: MetaData) -> dict[str, tuple[str | None, str | None]]:
    """Return the agreement and caveat of reported entries that have one, by MBA/report/entry."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = select(
        table.c.mba, table.c.report_no, table.c.entry_no, table.c.agreement, table.c.caveat
    ).where(
        table.c.report_no.is_not(None),
        table.c.mba.in_(list(areas(connection, metadata))),
        or_(func.coalesce(table.c.caveat, "") != "", func.coalesce(table.c.agreement, "") != ""),
    )
    return {
        f"{mba}/{report}/{entry}": (agreement, caveat)
        for mba, report, entry, agreement, caveat in connection.execute(query)
    }


BOARDS = StandingAnswer(build_board)
"""The board by day, and whether received shipments and differences are on it."""


def narrowed_rows(viewer: Viewer, board: Board) -> list[TransitRow]:
    """Return the rows of which the viewer sees the shipper's or the receiver's area."""
    sight, seen = viewer.sight, []
    for row in board.rows:
        agreement, caveat = board.marks.get(row.source, (None, None))
        ends = (board.scopes.get(row.sender), board.scopes.get(row.receiver))
        if any(end and sight.sees("reports", end, agreement, caveat) for end in ends):
            seen.append(row)
    return seen


def listed(viewer: Viewer, rows: list[TransitRow]) -> list[dict[str, Any]]:
    """Return rows as a list shows them, what asks for most first."""
    mine = areas_reading(viewer, "reports")
    made: list[dict[str, Any]] = []
    for row in rows:
        may_be = [one for one in row.may_be if one.partition("/")[0] in mine]
        made.append(
            {
                "state": row.state,
                "batch": row.batch,
                "sender": row.sender,
                "receiver": row.receiver,
                "shipped": None if row.shipped is None else row.shipped.isoformat(),
                "received": None if row.received is None else row.received.isoformat(),
                "age_days": row.age_days,
                "category": str(row.category),
                "element_mg": row.element_mg,
                "fissile_mg": row.fissile_mg,
                "source": row.source,
                "may_be": " ".join(may_be) or None,
                "seen": row.source.partition("/")[0] in mine,
            }
        )
    made.sort(key=lambda r: (STATES.index(r["state"]), -r["age_days"], r["sender"], r["batch"]))
    return made


def report_href(row: Row) -> str | None:
    """Return where the report of the entry behind a row is shown."""
    parts = str(row["source"]).split("/")
    if not row["seen"] or len(parts) != 3 or "None" in parts:
        return None
    return f"/reports/{quote(parts[0])}/{quote(parts[1])}#entry-{quote(parts[2])}"


def why_href(row: Row) -> str | None:
    """Return where the evidence chain of the entry behind a row is shown."""
    known = row["seen"] and "None" not in str(row["source"])
    return f"/why?of=entry:{quote(str(row['source']))}" if known else None


COLUMNS = (
    ListColumn("state", sentence("State"), choices=STATES),
    ListColumn("batch", sentence("Batch"), "code"),
    ListColumn("sender", sentence("From"), "code"),
    ListColumn("receiver", sentence("To"), "code"),
    ListColumn("shipped", sentence("Shipped"), "date"),
    ListColumn("received", sentence("Received"), "date"),
    ListColumn("age_days", sentence("Age in days"), "number", filterable=False),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("element_mg", sentence("Element"), "mass", filterable=False, href=why_href),
    ListColumn("fissile_mg", sentence("Fissile"), "mass", filterable=False),
    ListColumn("source", sentence("Entry"), "code", href=report_href),
    ListColumn("may_be", sentence("May belong to"), "code", filterable=False),
)


@get("/transit", sync_to_thread=True, opt={"reads": "reports"})
def transit_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what is on its way on a day, and what does not fit."""
    on = asked_day(request, "on", viewer.today)
    text = str(request.query_params.get("known", "")).strip()
    known_on = asked_day(request, "known", viewer.today) if text else None
    every, differences = asked_flag(request, "every"), asked_flag(request, "differences")
    standing = BOARDS.get(viewer, on, every, differences, known_on)
    rows = narrowed_rows(viewer, standing.answer)
    shown = listed(viewer, rows)
    table = shown_list(request, RowList(shown, COLUMNS), "transit")
    if isinstance(table, Response | Stream):
        return table
    for row in table.rows:
        state = str(row["state"])
        row["state"] = {"text": _(state), "badge": BADGES[state]}
    counts = {state: sum(row["state"] == state for row in shown) for state in STATES}
    return render(
        request,
        "boards/transit.html",
        board=standing.answer,
        standing=standing,
        on=on,
        known_on=known_on,
        every=every,
        differences=differences,
        counts={state: count for state, count in counts.items() if count},
        badges=BADGES,
        listed=table,
        picture=_picture(viewer, standing.answer, rows, on) if rows else "",
        crumbs=[(_("Transit"), None)],
    )


def _picture(viewer: Viewer, board: Board, rows: list[TransitRow], on: datetime.date) -> str:
    mine = areas_reading(viewer, "reports")
    some = sorted(rows, key=lambda r: (STATES.index(r.state), -r.age_days))[:MOST_IN_PICTURE]

    def href(row: TransitRow) -> str | None:
        seen = row.source.partition("/")[0] in mine and "None" not in row.source
        return f"/why?of=entry:{quote(row.source)}" if seen else None

    labels = TransitLabels(
        title=_("Shipments in transit on {day}"),
        description=_("{count} batches on {routes} routes; {overdue} overdue, {late} late."),
        nothing=_("Nothing is in transit."),
        today=_("board of"),
        age=_("{days} d"),
        limits=_("late after {late} days, overdue after {overdue} days"),
        more=_("and {count} more on this route"),
        more_routes=_("and {count} more routes"),
        states=_,
    )
    return transit_picture(
        some,
        on,
        late_days=board.warning_days,
        overdue_days=board.overdue_days,
        href=href,
        labels=labels,
        writing=writing(),
    )


def shown_today(viewer: Viewer) -> dict[str, Any]:
    """Return what the overview shows: counts, and what is over its limit first."""
    standing = BOARDS.get(viewer, viewer.today, False, False, None)
    rows = listed(viewer, narrowed_rows(viewer, standing.answer))
    first = [
        {
            "text": f"{row['batch']} · {row['sender']} → {row['receiver']}",
            "href": why_href(row) or "/transit",
            "badge": BADGES[row["state"]],
            "state": _(row["state"]),
            "since": day_text(row["shipped"] or row["received"]),
            "age": number_text(row["age_days"]),
        }
        for row in rows[:SHOWN_ON_OVERVIEW]
    ]
    counts = [
        {
            "text": _(state),
            "badge": BADGES[state],
            "count": sum(row["state"] == state for row in rows),
            "href": f"/transit?state={quote(state)}",
        }
        for state in STATES
    ]
    counted = [one for one in counts if one["count"]]
    return {"first": first, "counts": counted, "total": len(rows), "standing": standing}


def overview_part(viewer: Viewer) -> dict[str, Any]:
    """Return the part of the overview; the board is asked for when it is shown."""
    del viewer
    return {"shown": shown_today}


SECTION = Section(
    "transit",
    handlers=(transit_page,),
    menu=(MenuEntry(sentence("Transit"), "/transit", "Today", 20, reads("reports"), key="t"),),
    overview=(
        OverviewPart(
            "transit",
            sentence("In transit"),
            30,
            reads("reports"),
            overview_part,
            "boards/overview_transit.html",
        ),
    ),
)
