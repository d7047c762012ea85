"""Checks of the posting pipeline on ledger lines: what they refer to must exist.

They look at the lines as they lie in their tables, so one report entry and a million movements
are checked by the same few queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import func, select, text

from keiryo.accounts.book_sums import BOOK_SUM
from keiryo.accounts.dependents import dependents
from keiryo.accounts.explain import explain
from keiryo.accounts.tables import (
    BATCH,
    CLOSING,
    GENEALOGY,
    INVENTORY_CHANGE,
    ISOTOPE_WEIGHT,
    PHYSICAL_INVENTORY,
    REPORTED_BALANCE,
)
from keiryo.dates import number_date
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.journal.registry import Capability, Check, Posting, Refusal
from keiryo.places.tables import areas
from keiryo.quantities import NUCLIDES
from keiryo.vocabulary import entry_code

ENTRIES = (INVENTORY_CHANGE.name, PHYSICAL_INVENTORY.name, REPORTED_BALANCE.name)
_DATES = {
    INVENTORY_CHANGE.name: ("event_date", "known_on"),
    PHYSICAL_INVENTORY.name: ("pit_date", "known_on"),
    REPORTED_BALANCE.name: ("period_from", "period_to", "known_on"),
}
_NUCLIDE_SUMS = ("Pu-239+Pu-241", "U-233+U-235")


def _refuse(code: str, message: str, advice: str, mba: str | None = None) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, mba=mba))


def _check_places(posting: Posting) -> Iterator[Refusal]:
    """Every line names a registered MBA and carries its scope."""
    known = areas(posting.connection, posting.metadata)
    for name in ENTRIES:
        table = posting.table(name)
        query = (
            select(table.c.mba, table.c.scope).where(table.c.act_id == posting.act_id).distinct()
        )
        for mba, scope in posting.connection.execute(query):
            if mba not in known:
                yield _refuse(
                    "MBA-UNKNOWN",
                    f"{mba} is not a registered material balance area",
                    "Register it first, or correct the code.",
                    mba,
                )
            elif scope != known[mba].scope:
                yield _refuse(
                    "SCOPE",
                    f"a line of {mba} has the scope {scope}, the area lies in {known[mba].scope}",
                    "A line belongs to the State, facility and area that it speaks of.",
                    mba,
                )


def _check_codes(posting: Posting) -> Iterator[Refusal]:
    """Codes are codes of inventory changes; nuclides and dates are real."""
    table = posting.table(INVENTORY_CHANGE.name)
    query = select(table.c.code).where(table.c.act_id == posting.act_id).distinct()
    for (code,) in posting.connection.execute(query):
        if code is not None and not _is_change(str(code)):
            yield _refuse(
                "IC-UNKNOWN",
                f"{code!r} is no type of inventory change",
                "Use a code of label 411; balance lines belong in a material balance report.",
            )
    isotopes = posting.table(ISOTOPE_WEIGHT.name)
    query = select(isotopes.c.nuclide).where(isotopes.c.act_id == posting.act_id).distinct()
    for (nuclide,) in posting.connection.execute(query):
        if nuclide not in NUCLIDES and nuclide not in _NUCLIDE_SUMS:
            yield _refuse("NUCLIDE", f"{nuclide!r} is no nuclide of the books", "Use e.g. Pu-239.")


def _is_change(code: str) -> bool:
    try:
        return "ICR" in entry_code(code).reports
    except NotFoundError:
        return False


def _check_dates(posting: Posting) -> Iterator[Refusal]:
    """Dates are days of the calendar."""
    for name, columns in _DATES.items():
        table = posting.table(name)
        dates = [table.c[column] for column in columns]
        query = select(*dates).where(table.c.act_id == posting.act_id).distinct()
        found = {
            (column, int(number))
            for row in posting.connection.execute(query)
            for column, number in zip(columns, row, strict=True)
            if number is not None
        }
        for column, number in sorted(found):
            if not _is_day(number):
                yield _refuse(
                    "DATE-INVALID",
                    f"{number} is not a day of the calendar ({name}.{column})",
                    "Give the date as year, month and day.",
                )


def _is_day(number: int) -> bool:
    try:
        number_date(number)
    except ValueError:
        return False
    return True


def _check_corrections(posting: Posting) -> Iterator[Refusal]:
    """An entry supersedes an entry of the same MBA that exists and was still effective.

    Each superseded act is read once, however many of its entries are superseded.
    """
    for name in ENTRIES:
        superseding = f"FROM {name} AS c WHERE c.act_id = :act AND c.supersedes_act IS NOT NULL"
        query = text(
            f"SELECT c.mba, c.supersedes_act, c.supersedes_line {superseding} "
            "EXCEPT SELECT t.mba, t.act_id, COALESCE(t.entry_line, t.line_no) "
            f"FROM (SELECT DISTINCT c.supersedes_act AS of_act {superseding}) AS s "
            f"CROSS JOIN {name} AS t WHERE t.act_id = s.of_act "
            "UNION SELECT c.mba, c.supersedes_act, c.supersedes_line "
            f"FROM {name} AS c JOIN {name} AS o ON o.supersedes_act = c.supersedes_act "
            "AND o.supersedes_line = c.supersedes_line WHERE c.act_id = :act AND "
            "(o.act_id < c.act_id "
            "OR COALESCE(o.entry_line, o.line_no) <> COALESCE(c.entry_line, c.line_no))"
        )
        for mba, act_id, line in posting.connection.execute(query, {"act": posting.act_id}):
            yield _refuse(
                "CORR-REF",
                f"the entry corrected (act {act_id}, line {line}) does not exist or was "
                "corrected or deleted before",
                "Refer to the entry that is effective now.",
                mba,
            )


def _check_isotopes(posting: Posting) -> Iterator[Refusal]:
    """Isotope lines belong to a line of the same act."""
    isotopes = posting.table(ISOTOPE_WEIGHT.name)
    parents: set[int] = set()
    for name in ENTRIES:
        table = posting.table(name)
        query = select(table.c.line_no).where(table.c.act_id == posting.act_id)
        parents |= {int(row[0]) for row in posting.connection.execute(query)}
    query = select(isotopes.c.parent_line).where(isotopes.c.act_id == posting.act_id).distinct()
    for (parent,) in posting.connection.execute(query):
        if int(parent) not in parents:
            yield _refuse("ISOTOPE-PARENT", f"no line {parent} in this act", "Name the line.")


def _check_overflow(posting: Posting) -> Iterable[Finding | Refusal]:
    """A sum in the books must stay within 64 bits; the database counts exactly."""
    table = posting.table(INVENTORY_CHANGE.name)
    largest = select(func.max(func.abs(table.c.element_mg))).where(table.c.act_id == posting.act_id)
    value = posting.connection.execute(largest).scalar()
    if value is not None and int(value) > 10**16:
        yield _refuse(
            "WEIGHT-TOO-LARGE",
            f"a weight of {value} mg is more than ten million tonnes",
            "Check the unit of the weight.",
        )


ACCOUNTS = Capability(
    "accounts",
    line_kinds=(
        INVENTORY_CHANGE,
        PHYSICAL_INVENTORY,
        REPORTED_BALANCE,
        ISOTOPE_WEIGHT,
        BATCH,
        GENEALOGY,
        CLOSING,
    ),
    checks=(
        Check("registered places", frozenset(ENTRIES), _check_places),
        Check("known codes", frozenset({INVENTORY_CHANGE.name, ISOTOPE_WEIGHT.name}), _check_codes),
        Check("real dates", frozenset(ENTRIES), _check_dates),
        Check("effective corrections", frozenset(ENTRIES), _check_corrections),
        Check("isotopes of lines", frozenset({ISOTOPE_WEIGHT.name}), _check_isotopes),
        Check("possible weights", frozenset({INVENTORY_CHANGE.name}), _check_overflow),
    ),
    projections=(BOOK_SUM,),
    explainers=(explain,),
    dependents=(dependents,),
)
