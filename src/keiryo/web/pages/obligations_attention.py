"""What of obligations needs attention: what was found while labels were followed and looked at."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import func, or_, select

from keiryo.dates import days_later, number_date
from keiryo.oversight.worklist_query import work_items
from keiryo.web.listing import ListColumn, QueryList, Row, shown_list
from keiryo.web.pages.boards import areas_reading, sees_state
from keiryo.web.pages.obligations_known import CAPABILITY, READING, kept, remembered, tabs
from keiryo.web.pages.obligations_terms import HOLDS, consent_rows
from keiryo.web.pages.obligations_words import ATTENTION, area_address, crumbs, record_address
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ENDING_DAYS, MOST_ENDING = 90, 5
UNSTATED = "OBLIGATION-UNSTATED"
CODES = (
    *("OBLIGATION-%", "CONSENT-%", "EXCHANGE-%", "DESIGNATION-%", "RECEIPT-%", "STATEMENT-%"),
    "SUPPLIER-REPORT-%",
)
"""How codes of findings about labels begin."""


def _finding_href(row: Row) -> str:
    return f"/findings/{row['act']}/{row['line']}"


COLUMNS = (
    ListColumn("act", sentence("Act"), "number", filterable=False, hidden=True),
    ListColumn("line", sentence("Line"), "number", filterable=False, hidden=True),
    ListColumn("severity", sentence("Severity"), choices=("F", "E", "W", "I")),
    ListColumn("code", sentence("Finding"), "code", href=_finding_href),
    ListColumn(
        *("mba", sentence("Area"), "code"),
        href=lambda row: area_address(row["mba"]) if row["mba"] else None,
    ),
    ListColumn("message", sentence("What is asked"), sortable=False),
    ListColumn("owner", sentence("Who answers")),
    ListColumn("due_on", sentence("By"), "date"),
    ListColumn("state", sentence("State"), choices=("open", "closed")),
)


@get(ATTENTION, sync_to_thread=True, opt=READING)
def attention_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the findings about labels and consents, the newest first."""
    items = work_items(viewer.metadata, viewer.today, _areas(viewer)).subquery()
    about = or_(*(items.c.code.like(code) for code in CODES))
    names = [column.name for column in COLUMNS]
    query = select(*(items.c[name] for name in names)).where(about)
    listed = shown_list(
        request, QueryList(viewer.books, query, COLUMNS, order=("-act", "line")), "attention"
    )
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        shown["state"] = _(row["state"])
        if not viewer.reads("journal"):
            shown["code"] = row["code"]
        shown["_severity"] = row["severity"]
    return render(
        request,
        "obligations/attention.html",
        listed=listed,
        receipt_href=record_address("receipts"),
        tabs=tabs(viewer, ATTENTION),
        crumbs=crumbs((_("What needs attention"), None)),
    )


def _areas(viewer: Viewer) -> list[str] | None:
    return None if sees_state(viewer, CAPABILITY) else list(areas_reading(viewer, CAPABILITY))


def unstated_count(viewer: Viewer) -> int:
    """Return how many open findings say that a receipt has no labels."""
    items = work_items(viewer.metadata, viewer.today, _areas(viewer)).subquery()
    query = select(func.count()).where(items.c.code == UNSTATED, items.c.state == "open")

    def build() -> int:
        with viewer.books.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    last = viewer.server.last_acts.by("journal", viewer.head)
    return remembered(viewer, "unstated", build, last)


def consents_ending(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the consents that run out in the next days, the first first."""
    if not kept(viewer).labels:
        return []
    last = days_later(viewer.today, ENDING_DAYS)
    ending: list[tuple[datetime.date, dict[str, Any]]] = []
    for row in consent_rows(viewer):
        if row["state"] == HOLDS and row["valid_to"] is not None:
            until = number_date(row["valid_to"])
            if until <= last:
                ending.append((until, row))
    ending.sort(key=lambda pair: (pair[0], pair[1]["consent"]))
    return [
        {"consent": row["consent"], "partner": row["partner"], "until": day_text(until)}
        for until, row in ending[:MOST_ENDING]
    ]
