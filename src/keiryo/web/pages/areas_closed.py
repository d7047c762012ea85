"""Whether the figures of a closed period are still those that were closed, and what changed them.

A correction may reach back into a period that was closed: the closing stays what it was, and the
books say something else since. Which acts did it, and by how much, is seen in the state of
knowledge that is asked for (INFCIRC/153 (Corrected), paragraphs 67 and 103).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from keiryo.accounts.balance import computed_lines, in_order
from keiryo.accounts.model import Amount, Knowledge, Lines
from keiryo.accounts.tables import (
    CLOSING,
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    entry_line,
    known,
)
from keiryo.dates import Period, date_number
from keiryo.quantities import Category
from keiryo.web.pages.areas_frame import (
    AreaPage,
    category_name,
    element_text,
    has_fissile,
    sees_every_line,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import mass_g
from keiryo.web.terms import entry_code_meaning


@dataclass(frozen=True, slots=True)
class ClosedFigure:
    """A figure that was closed and is another one now, in milligrams."""

    code: str
    category: Category
    fissile: bool
    closed_mg: int
    now_mg: int


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """What became of a closed period.

    Attributes
    ----------
    acts : tuple of int
        Acts after the closing that reach into the period, the oldest first.
    figures : tuple of ClosedFigure
        What differs from what was closed.
    """

    acts: tuple[int, ...]
    figures: tuple[ClosedFigure, ...]


def changed_since(
    connection: Connection,
    page: AreaPage,
    period: Period,
    closed_act: int,
    now: Mapping[str, Mapping[Category, Amount]],
) -> ChangedSince | None:
    """Return how the figures of a closed period differ from those closed; None if they do not.

    Parameters
    ----------
    connection : Connection
        To the books as the viewer sees them.
    page : AreaPage
    period : Period
    closed_act : int
        The act that closed it.
    now : mapping
        The balance of the period from the books, as known on the page.
    """
    before = _closed_lines(connection, page, period, closed_act)
    figures = tuple(_differing(before, now))
    acts = _reaching(connection, page, period, closed_act) if figures else ()
    if not figures or (not acts and not page.is_now):
        return None  # as far as known there, nothing came after the closing
    return ChangedSince(acts, figures)


def figure_rows(found: ChangedSince | None) -> list[dict[str, str]]:
    """Return the figures that differ as rows for people, in the units of their categories."""
    rows = []
    for one in () if found is None else found.figures:
        unit = f"{one.category.unit} {one.category.element}"
        difference = one.now_mg - one.closed_mg
        rows.append(
            {
                "code": one.code,
                "meaning": entry_code_meaning(one.code),
                "category": category_name(one.category),
                "unit": _("g fissile") if one.fissile else unit,
                "closed": _text(one, one.closed_mg),
                "now": _text(one, one.now_mg),
                "difference": ("+" if difference > 0 else "") + _text(one, difference),
            }
        )
    return rows


def _text(figure: ClosedFigure, weight_mg: int) -> str:
    if figure.fissile:
        return mass_g(weight_mg)
    return element_text(figure.category, weight_mg)


def _closed_lines(
    connection: Connection, page: AreaPage, period: Period, closed_act: int
) -> Mapping[str, Mapping[Category, Amount]]:
    """Return the lines that an act closed.

    Of a rounded balance, and for a viewer from whom lines are hidden, it is what the books gave
    then: the lines that were closed are sums of other figures.
    """
    metadata = page.viewer.metadata
    table = metadata.tables[CLOSING.name]
    query = (
        select(table)
        .where(
            table.c.act_id == closed_act,
            table.c.mba == page.mba,
            table.c.period_to == date_number(period.end),
        )
        .order_by(table.c.line_no)
    )
    lines: Lines = {}
    through = closed_act
    for row in connection.execute(query).mappings():
        through = int(row["through_act"])
        amount = Amount(int(row["element_mg"]), row["fissile_mg"], frozenset())
        lines.setdefault(str(row["code"]), {})[Category(row["category"])] = amount
    every = sees_every_line(page.viewer, page.area.scope, "accounts")
    if not every or any(code.startswith("RA") for code in lines):
        then = Knowledge(through_act=through)
        return computed_lines(connection, metadata, page.mba, period, then)
    return lines


def _differing(
    before: Mapping[str, Mapping[Category, Amount]], now: Mapping[str, Mapping[Category, Amount]]
) -> list[ClosedFigure]:
    """Return the figures that differ, in the order of a material balance report."""
    found = []
    for code in in_order({**before, **now}):
        old, new = before.get(code, {}), now.get(code, {})
        for category in (c for c in Category if c in old or c in new):
            was, is_now = old.get(category), new.get(category)
            weights = (_element(was), _element(is_now))
            if weights[0] != weights[1]:
                found.append(ClosedFigure(code, category, False, *weights))
            if not (has_fissile(category, was) or has_fissile(category, is_now)):
                continue
            weights = (_fissile(was), _fissile(is_now))
            if weights[0] != weights[1]:
                found.append(ClosedFigure(code, category, True, *weights))
    return found


def _element(amount: Amount | None) -> int:
    return 0 if amount is None else amount.element_mg


def _fissile(amount: Amount | None) -> int:
    return 0 if amount is None else amount.fissile_mg or 0


def _reaching(
    connection: Connection, page: AreaPage, period: Period, closed_act: int
) -> tuple[int, ...]:
    """Return the known acts after a closing with lines that belong, or belonged, to the period.

    A line belongs by its day; one that corrects or deletes another belongs by the day of that one
    too. The taking before the period counts, for the period begins with what it found.
    """
    metadata = page.viewer.metadata
    found: set[int] = set()
    first, last = date_number(period.start), date_number(period.end)
    evening = date_number(period.start - datetime.timedelta(days=1))
    for kind, day, begin in (
        (INVENTORY_CHANGE, "event_date", first),
        (PHYSICAL_INVENTORY, "pit_date", evening),
    ):
        table = metadata.tables[kind.name]
        later, old = table.alias("later"), table.alias("old")
        corrected = and_(
            old.c.act_id == later.c.supersedes_act, entry_line(old) == later.c.supersedes_line
        )
        inside = or_(later.c[day].between(begin, last), old.c[day].between(begin, last))
        query = (
            select(later.c.act_id)
            .join_from(later, old, corrected, isouter=True)
            .where(
                later.c.mba == page.mba,
                later.c.act_id > closed_act,
                known(later, page.knowledge),
                inside,
            )
            .distinct()
        )
        found.update(int(act_id) for act_id in connection.execute(query).scalars())
    return tuple(sorted(found))
