"""What pages of obligations know: labels, and the cells, holdings and sums that a viewer sees.

Which labels there are is no secret of one area: whoever reads anything of obligations reads them.
Weights are read through the books as the viewer sees them, of the areas that are seen.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import func, select

from keiryo.dates import date_number
from keiryo.obligations.balances import Cell, balance_of_cells, cells_on, holdings_on
from keiryo.obligations.holdings import BOOK, FOLLOWED, CellsOfHolding
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import Label, labels, labels_are_kept, members, read_stated
from keiryo.obligations.sums import SUM
from keiryo.web.pages.boards import areas_reading, sees_state
from keiryo.web.pages.obligations_words import (
    ATTENTION,
    CONSENTS,
    EXCHANGES,
    HOME,
    LABELS,
    RECORD,
    REPORTS,
    RULES,
    STATEMENTS,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Viewer

CAPABILITY = "obligations"
READING = {"reads": CAPABILITY}
MOST_CHOICES = 40
RECEIPT, DESIGNATE = "obligations.receipt", "obligations.designate"
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Kept:
    """Since when labels are kept, and which there are.

    Attributes
    ----------
    begins : datetime.date or None
        Day at the end of which they begin; None: they are not kept.
    labels : dict of str to Label
    members : dict of str to frozenset of str
        Today's member States, by organisation.
    """

    begins: datetime.date | None
    labels: dict[str, Label]
    members: dict[str, frozenset[str]]


def last_act(viewer: Viewer) -> int:
    """Return the last act that could have changed anything about obligations."""
    known = viewer.server.last_acts
    return max(known.by(name, viewer.head) for name in (CAPABILITY, "accounts", "places"))


def remembered(
    viewer: Viewer, name: str, build: Callable[[], _Answer], *about: Hashable
) -> _Answer:
    """Return an answer from memory, or build it."""
    key = ("obligations", name, viewer.sight, *about)
    return viewer.server.remembered.get(key, (last_act(viewer), viewer.today), build)


def kept(viewer: Viewer) -> Kept:
    """Return since when labels are kept, and which there are."""

    def build() -> Kept:
        with viewer.whole.reading() as connection:
            metadata = viewer.metadata
            begins = read_stated(connection, metadata).begins
            return Kept(
                None if begins is None else _date(begins),
                labels(connection, metadata),
                members(connection, metadata, date_number(viewer.today)),
            )

    return remembered(viewer, "kept", build)


def _date(number: int) -> datetime.date:
    return datetime.date(number // 10_000, number // 100 % 100, number % 100)


def seen_areas(viewer: Viewer, mba: str = "") -> list[str]:
    """Return the areas whose labels are seen; only one, if it is named."""
    return [code for code in areas_reading(viewer, CAPABILITY) if mba in ("", code)]


def cells_seen(viewer: Viewer, on: datetime.date, mba: str = "") -> list[Cell]:
    """Return what is on the books under each label set at the end of a day.

    The fissile weight of a cell is its share of what the books of its area hold, so it is told
    only where the viewer sees all of the area's labels.
    """
    codes = seen_areas(viewer, mba)

    def build() -> list[Cell]:
        metadata = viewer.metadata
        with viewer.whole.reading() as connection:
            whole = balance_of_cells(connection, metadata, on, mbas=codes)
        if viewer.books is viewer.whole:
            return whole
        with viewer.books.reading() as connection:
            seen = cells_on(connection, metadata, on, codes)
        every: dict[tuple[str, str], dict[str, int]] = {}
        for one in whole:
            every.setdefault((one.mba, one.category), {})[one.labels] = one.element_mg
        fissile = {(one.mba, one.category, one.labels): one.fissile_mg for one in whole}
        return [
            Cell(
                *(mba, category, key, mg),
                fissile[mba, category, key] if every.get((mba, category)) == cells else None,
            )
            for (mba, category), cells in seen.items()
            for key, mg in cells.items()
        ]

    return remembered(viewer, "cells", build, on, mba)


def holdings_seen(
    viewer: Viewer,
    on: datetime.date,
    mba: str = "",
    accounts: Collection[str] = tuple(sorted(FOLLOWED)),
) -> CellsOfHolding:
    """Return the cells of every holding of the areas that are seen, at the end of a day."""
    codes = seen_areas(viewer, mba)

    def build() -> CellsOfHolding:
        with viewer.books.reading() as connection:
            return holdings_on(connection, viewer.metadata, on, codes, accounts)

    return remembered(viewer, "holdings", build, on, mba, tuple(accounts))


def months_seen(viewer: Viewer, mba: str = "") -> list[tuple[int, str, str, int]]:
    """Return what each month changed on the books: month, category, label set, milligrams."""
    codes = seen_areas(viewer, mba)
    table = viewer.metadata.tables[SUM]
    names = (table.c.month, table.c.category, table.c.labels)

    def build() -> list[tuple[int, str, str, int]]:
        query = (
            select(*names, func.sum(table.c.element_mg))
            .where(table.c.account == BOOK, table.c.mba.in_(codes))
            .group_by(*names)
            .order_by(*names)
        )
        with viewer.books.reading() as connection:
            rows = connection.execute(query).all()
        return [(int(month), str(category), str(key), int(mg)) for month, category, key, mg in rows]

    return remembered(viewer, "months", build, mba)


def set_choices(cells: Collection[Cell]) -> tuple[str, ...]:
    """Return the label sets that a filter offers; none where they are too many."""
    found = sorted({one.labels for one in cells})
    return tuple(found) if len(found) <= MOST_CHOICES else ()


def partner_sums(cells: Collection[Cell]) -> dict[str, dict[str, int]]:
    """Return what is under each partner by element category, in milligrams.

    A quantity under several labels is in the sum of each of them.
    """
    found: dict[str, dict[str, int]] = {}
    for one in cells:
        for label in labels_of(one.labels):
            own = found.setdefault(label, {})
            own[one.category] = own.get(one.category, 0) + one.element_mg
    return found


def rows_of(viewer: Viewer, kind: str) -> list[dict[str, Any]]:
    """Return what was stated of a kind and is seen, in order."""

    def build() -> list[dict[str, Any]]:
        table = viewer.metadata.tables[kind]
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        with viewer.books.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    return remembered(viewer, "rows", build, kind)


def last_of(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return the last line of each name."""
    return list({row[name]: row for row in rows}.values())


def explains(viewer: Viewer) -> bool:
    """Return whether the viewer finds the acts behind what is under labels.

    Whoever does not see since when labels are kept is shown figures, and no way from them.
    """

    def build() -> bool:
        with viewer.books.reading() as connection:
            return labels_are_kept(connection, viewer.metadata)

    return remembered(viewer, "explains", build)


def done_act(request: AnyRequest) -> dict[str, Any]:
    """Return what a form did that led to a page."""
    query = request.query_params
    return {
        "act": whole_number(query.get("done", "")) or 0,
        "unchanged": bool(whole_number(query.get("unchanged", ""))),
    }


def may_record(viewer: Viewer) -> bool:
    """Return whether the viewer may record what is no matter of one area."""
    return viewer.may_post("obligations.record", viewer.state)


def tabs(viewer: Viewer, here: str) -> list[tuple[str, str, bool]]:
    """Return the parts of the section that the viewer may look at."""
    names: list[tuple[str, str]] = [(_("Label balance"), HOME), (_("Labels"), LABELS)]
    names += [(_("Rules"), RULES), (_("Consents"), CONSENTS)]
    names += [(_("Exchanges"), EXCHANGES), (_("Attention"), ATTENTION)]
    if sees_state(viewer, CAPABILITY):
        names.append((_("Annual statements"), STATEMENTS))
    names.append((_("Supplier reports"), REPORTS))
    if viewer.may_post_somewhere("obligations.record") or viewer.may_post_in_an_area(RECEIPT):
        names.append((_("Record"), RECORD))
    return [(title, href, href == here) for title, href in names]


def asked_partner(viewer: Viewer, text: str) -> str:
    """Return the label that is asked for; empty if there is none of the name."""
    code = text.strip().upper()[:20]
    return code if code in kept(viewer).labels else ""


def label_names(found: Kept) -> Mapping[str, str]:
    """Return the partners by code."""
    return {code: one.name for code, one in found.labels.items()}
