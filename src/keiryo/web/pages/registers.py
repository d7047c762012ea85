"""Registers beside the books: exempted material and retained waste.

Exemptions on quantity count for the State as a whole (INFCIRC/153, paragraph 37): the limits are
for who reads the whole State; who reads some areas sees the entries of those. Retained waste
stands area by area.
"""

from __future__ import annotations

import datetime
from collections.abc import Container, Iterable
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import Connection, MetaData

from keiryo.errors import KeiryoError
from keiryo.oversight.exemptions import Exemptions, Trial, exemptions
from keiryo.oversight.register_entries import parse_amount, register_openings
from keiryo.oversight.retained_waste import RetainedWaste, retained_waste
from keiryo.quantities import Category
from keiryo.web.answers import in_words
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.boards import Entered, areas_reading, asked_day, narrowed, sees_state
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.server import Server
from keiryo.web.speaking import gettext as _
from keiryo.web.standing import StandingAnswer
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer


def build_exemptions(
    server: Server, connection: Connection, metadata: MetaData, on: datetime.date
) -> Exemptions:
    """Return the exemptions of the whole State at the end of a day."""
    openings = register_openings(connection, metadata, server.database.evidence)
    return exemptions(connection, metadata, on, openings=openings)


def build_waste(
    server: Server, connection: Connection, metadata: MetaData, on: datetime.date
) -> RetainedWaste:
    """Return the retained waste of all areas at the end of a day."""
    openings = register_openings(connection, metadata, server.database.evidence)
    return retained_waste(connection, metadata, on, openings=openings)


EXEMPTIONS = StandingAnswer(build_exemptions)
WASTE = StandingAnswer(build_waste)


def _line_href(row: Row) -> str:
    return f"/why?of=line:{row['act']}/{row['line']}"


def _report_href(row: Row) -> str | None:
    shown = row["report"] and row["_opens"]
    return f"/reports/{quote(row['mba'])}/{row['report']}" if shown else None


def _entries(viewer: Viewer, entries: Iterable[Row], seen: Container[str] | None) -> list[Row]:
    """Return the entries of areas that are seen (None: of all), and whether each opens a report."""
    reading = areas_reading(viewer, "reports")
    mine = (row for row in entries if seen is None or row["mba"] in seen)
    return [{**row, "_opens": row["mba"] in reading} for row in mine]


ENTRY_COLUMNS = (
    ListColumn("date", sentence("Date"), "date"),
    ListColumn("code", sentence("Change"), "code"),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("batch", sentence("Batch"), "code"),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("element", sentence("Element"), "number", filterable=False, href=_line_href),
    ListColumn("unit", sentence("Unit"), filterable=False),
    ListColumn("fissile", sentence("Fissile, g"), "number", filterable=False),
    ListColumn("report", sentence("Report"), "code", href=_report_href),
    ListColumn("entry", sentence("Entry"), "number", filterable=False),
)
COUNTED_COLUMNS = (
    *ENTRY_COLUMNS,
    ListColumn("letter", sentence("Paragraph 37"), "code"),
    ListColumn("counted_kg", sentence("Counts, kg"), "number", filterable=False),
)


@get("/registers/exemptions", sync_to_thread=True, opt={"reads": "accounts"})
def exemptions_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what is exempted, what room is left, and whether something more would fit."""
    on = asked_day(request, "on", viewer.today)
    standing = EXEMPTIONS.get(viewer, on)
    board, whole = standing.answer, sees_state(viewer, "accounts")
    mine = areas_reading(viewer, "accounts")
    data = board.to_dict()
    lists = {}
    for name, columns, prefix in (
        ("quantity", COUNTED_COLUMNS, "q_"),
        ("use", ENTRY_COLUMNS, "u_"),
    ):
        rows = _entries(viewer, data[f"{name}_entries"], None if whole else mine)
        table = shown_list(request, RowList(rows, columns), f"exempted-on-{name}", prefix=prefix)
        if isinstance(table, Response | Stream):
            return table
        lists[name] = table
    entered = Entered({name: _asked(request, name) for name in ("category", "element", "fissile")})
    trial = _trial(board, entered) if whole and entered.value("category") else None
    return render(
        request,
        "boards/exemptions.html",
        standing=standing,
        on=on,
        whole=whole,
        data=data,
        quantity=lists["quantity"],
        use=lists["use"],
        findings=narrowed(viewer, board.findings, "accounts"),
        entered=entered,
        trial=None if trial is None else trial.to_dict(),
        categories=[str(category) for category in Category],
        crumbs=[(_("Exemptions"), None)],
    )


def _asked(request: AnyRequest, name: str) -> str:
    return str(request.query_params.get(name, "")).strip()[:40]


def _trial(board: Exemptions, entered: Entered) -> Trial | None:
    """Return whether what was typed would fit; what is wrong with it goes into the form."""
    category, element, fissile = (entered.value(n) for n in ("category", "element", "fissile"))
    try:
        amount = parse_amount(f"{category}:{element}" + (f":{fissile}" if fissile else ""))
    except KeiryoError as error:
        entered.errors["element"] = in_words(error)
        return None
    return board.trial([amount])


WASTE_COLUMNS = (
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("batch", sentence("Batch"), "code"),
    ListColumn("transferred", sentence("Transferred (TW)"), "number", filterable=False),
    ListColumn("returned", sentence("Returned (FW)"), "number", filterable=False),
    ListColumn("held", sentence("Held"), "number", filterable=False),
    ListColumn("held_fissile", sentence("Held, fissile g"), "number", filterable=False),
    ListColumn("unit", sentence("Unit"), filterable=False),
    ListColumn("acts", sentence("Acts"), "code", filterable=False, hidden=True),
)


def waste_rows(accounts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the retained waste of some areas batch by batch."""
    return [
        {
            "mba": account["mba"],
            "category": account["category"],
            "batch": line["batch"],
            "transferred": line["transferred"]["element"],
            "returned": line["returned"]["element"],
            "held": line["held"]["element"],
            "held_fissile": line["held"]["fissile"],
            "unit": account["unit"],
            "acts": " ".join(sorted({str(e["act"]) for e in line["entries"]}, key=int)),
            "entries": line["entries"],
        }
        for account in accounts
        for line in account["batches"]
    ]


@get("/registers/retained-waste", sync_to_thread=True, opt={"reads": "accounts"})
def waste_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what was transferred to retained waste, what came back, and what is held."""
    on = asked_day(request, "on", viewer.today)
    standing = WASTE.get(viewer, on)
    mine = areas_reading(viewer, "accounts")
    totals = [a for a in standing.answer.to_dict()["accounts"] if a["mba"] in mine]
    table = shown_list(request, RowList(waste_rows(totals), WASTE_COLUMNS), "retained-waste")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        first = row["entries"][0] if row["entries"] else None
        if first is not None:
            cells["held"] = (row["held"], f"/why?of=line:{first['act']}/{first['line']}")
    return render(
        request,
        "boards/retained_waste.html",
        standing=standing,
        on=on,
        listed=table,
        totals=totals,
        findings=narrowed(viewer, standing.answer.findings, "accounts"),
        crumbs=[(_("Retained waste"), None)],
    )


SECTION = Section(
    "registers",
    handlers=(exemptions_page, waste_page),
    menu=(
        MenuEntry(sentence("Exemptions"), "/registers/exemptions", "Books", 60, reads("accounts")),
        MenuEntry(
            sentence("Retained waste"), "/registers/retained-waste", "Books", 61, reads("accounts")
        ),
    ),
)
