"""Tables of record of the books, and which of their entries are effective.

An *entry* is what a report states under one entry number, or one movement of a plant's own
records; it has one line per element category. A correction (status C) repeats the entry it
replaces, a deletion (D) names it; both are new lines that point back to the one they supersede.
**Effective** at some state of knowledge are the entries with status N, A or C (or none, for
lines that were not reported) that nothing known supersedes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Table, and_, exists, func, or_, select

from keiryo.accounts.model import Knowledge
from keiryo.dates import date_number
from keiryo.journal.model import Field, LineKind, integer, text
from keiryo.journal.reading import last_act_recorded_by


def one_of(name: str, letters: str) -> str:
    """Return the SQL condition that a column holds one of some letters.

    Written out, because SQLite builds a small table for every ``IN`` of more than two values and
    every line inserted: that alone would take as long as the rest of the insertion.
    """
    return "(" + " OR ".join(f"{name} = '{letter}'" for letter in letters) + ")"


_IDENTITY: tuple[Field, ...] = (
    text("mba", "material balance area", required=True),
    integer("known_on", "day from which the line counts as known: label 003", required=True),
    integer("report_no", "report number, if the line was reported"),
    integer("entry_no", "entry number within the report, label 002"),
    integer("entry_total", "number of entries that the record states, label 002"),
    integer("entry_line", "line of this act that begins the entry; null: this line"),
    text("status", "label 309: N, U, C, D or A; null if the line was not reported"),
    text("refers", "label 309: the entry referred to, country;report/entry"),
    integer("supersedes_act", "act of the entry that this one corrects or deletes"),
    integer("supersedes_line", "first line of that entry"),
    text("state_record_id", "label 310"),
    integer("note_indicator", "1 if label 390 is set"),
)
_WEIGHTS: tuple[Field, ...] = (
    text("category", "element category: N, D, E, U, P or T"),
    integer("element_mg", "element weight in milligrams"),
    integer("fissile_mg", "fissile weight in milligrams"),
    text("fissile_basis", "what the fissile weight stands for: U-233, U-235 or both"),
)
_MATERIAL: tuple[Field, ...] = (
    text("kmp", "key measurement point, label 407"),
    text("batch", "batch name, label 446; unique only within the area"),
    text("batch_uid", "identity of the batch beyond its name"),
    text("item_uid", "identity of the single item, if the line is of one"),
    integer("items", "number of items, label 470; 0 for bulk"),
    text("mdc", "material description code, label 430"),
    text("operator_mdc", "label 435"),
    text("description", "label 436"),
    text("non_latin", "label 445"),
    text("basis", "basis of measurement, label 469"),
    text("measurement", "reference to the measurement that gave the weights"),
)
_CHECKS = (
    one_of("category", "NDEUPT"),
    one_of("status", "NUCDA"),
    "status IN ('D', 'U') OR (category IS NOT NULL AND element_mg IS NOT NULL)",
    "(supersedes_act IS NULL) = (supersedes_line IS NULL)",
    "status IN ('C', 'D') OR supersedes_act IS NULL",
    "known_on BETWEEN 19000101 AND 99991231",
)
_SUPERSEDES = (("supersedes_act", "supersedes_line"), "supersedes_act IS NOT NULL")
_BY_IDENTITY = (
    (("batch_uid",), "batch_uid IS NOT NULL"),
    (("item_uid",), "item_uid IS NOT NULL"),
)
_BY_DAY = (
    *("mba", "event_date", "code", "category", "fissile_basis"),
    *("element_mg", "fissile_mg", "status", "entry_line"),
)
"""Index of the changes of an area by day; it holds all that sums over days need."""
_REPORTED = (("mba", "report_no", "entry_no"), "report_no IS NOT NULL")

INVENTORY_CHANGE = LineKind(
    "inventory_change",
    "An inventory change, adjustment or rebatching of one category (Code 10, label 411).",
    (
        *_IDENTITY,
        text("code", "type of change, label 411"),
        integer("event_date", "day of the change in the facility's zone, label 412"),
        text("shipper", "label 370: country/MBA"),
        text("receiver", "label 372: country/MBA"),
        text("shipper_batch", "shipper's batch name, label 447"),
        *_MATERIAL,
        *_WEIGHTS,
    ),
    checks=(
        *_CHECKS,
        "code = 'DI' OR (COALESCE(element_mg, 0) >= 0 AND COALESCE(fissile_mg, 0) >= 0)",
        "status IN ('D', 'U') OR (code IS NOT NULL AND event_date IS NOT NULL)",
    ),
    indexes=((_BY_DAY, None), _SUPERSEDES, _REPORTED, *_BY_IDENTITY),
)

PHYSICAL_INVENTORY = LineKind(
    "physical_inventory",
    "A batch found at a physical inventory taking, one category; status U: the area was empty.",
    (
        *_IDENTITY,
        integer("pit_date", "day of the physical inventory taking, as of 24:00", required=True),
        *_MATERIAL,
        *_WEIGHTS,
    ),
    checks=(*_CHECKS, "COALESCE(element_mg, 0) >= 0 AND COALESCE(fissile_mg, 0) >= 0"),
    indexes=((("mba", "pit_date"), None), _SUPERSEDES, _REPORTED, *_BY_IDENTITY),
)

REPORTED_BALANCE = LineKind(
    "reported_balance",
    "A line of a material balance as somebody reported it, one category.",
    (
        *_IDENTITY,
        text("code", "type of entry, label 411"),
        integer("period_from", "first day of the period", required=True),
        integer("period_to", "last day of the period, the PIT date", required=True),
        text("non_latin", "label 445"),
        *_WEIGHTS,
    ),
    checks=_CHECKS,
    indexes=((("mba", "period_to"), None), _SUPERSEDES, _REPORTED),
)

ISOTOPE_WEIGHT = LineKind(
    "isotope_weight",
    "The weight of a further isotope of the line it belongs to.",
    (
        integer("parent_line", "line of the same act", required=True),
        text("nuclide", "e.g. Pu-239", required=True),
        integer("mass_mg", "weight in milligrams", required=True),
    ),
)

BATCH = LineKind(
    "batch",
    "A batch, item or pool begins to exist in an area; its uid outlives its name.",
    (
        text("batch_uid", "MBA/NAME#n: the n-th batch of that name in the area", required=True),
        text("mba", "material balance area", required=True),
        text("name", "batch name, or the name of the pool", required=True),
        text("kind", "batch, item or pool", required=True),
        integer("event_date", "day from which it exists", required=True),
    ),
    checks=("kind IN ('batch', 'item', 'pool')",),
    indexes=((("mba", "name"), None), (("batch_uid",), None)),
)

GENEALOGY = LineKind(
    "genealogy",
    "Material of one batch, item or pool came from another.",
    (
        text("child_uid", "what it became", required=True),
        text("parent_uid", "what it came from", required=True),
        text(
            "relation",
            "rebatched, received, merged, drawn, split, consumed or category changed",
            required=True,
        ),
        integer("event_date", "day", required=True),
        text("inferred_from", "null if a record says it, otherwise what it was inferred from"),
    ),
    indexes=((("child_uid",), None), (("parent_uid",), None)),
)

CLOSING = LineKind(
    "closing",
    "A line of a closed balance as computed from the books, one category.",
    (
        text("mba", "material balance area", required=True),
        integer("period_from", "first day of the period", required=True),
        integer("period_to", "last day of the period, the PIT date", required=True),
        text("code", "PB, change, BE, DI, BA, PE, MF or RAxx", required=True),
        text("category", "element category", required=True),
        integer("element_mg", "element weight in milligrams", required=True),
        integer("fissile_mg", "fissile weight in milligrams"),
        text("fissile_basis", "what the fissile weight stands for"),
        integer("through_act", "last act that the balance takes into account", required=True),
    ),
    checks=(one_of("category", "NDEUPT"),),
    indexes=((("mba", "period_to"), None),),
)


def entry_line(table: Any) -> ColumnElement[int]:
    """Return the line that begins the entry which a line belongs to."""
    return func.coalesce(table.c.entry_line, table.c.line_no)


def unindexed(column: Any, otherwise: int | str) -> ColumnElement[Any]:
    """Return a column in a way for which no index is used.

    A database that has no statistics takes the index for the better way even where a condition
    holds for nearly every line; looking each of them up takes five times as long as to read the
    table through.

    Parameters
    ----------
    column : Column
    otherwise : int or str
        Stands where the column holds nothing.
    """
    return func.coalesce(column, otherwise)


def resolved(connection: Connection, metadata: MetaData, knowledge: Knowledge) -> Knowledge:
    """Return `knowledge` with a recording time resolved to the last act recorded by then."""
    if knowledge.recorded_by is None or knowledge.through_act is not None:
        return knowledge
    last = last_act_recorded_by(connection, metadata, knowledge.recorded_by)
    return Knowledge(last, knowledge.known_on, knowledge.recorded_by)


def known(table: Any, knowledge: Knowledge) -> ColumnElement[bool]:
    """Return the condition that a line is known."""
    conditions = [table.c.act_id > 0]
    if knowledge.through_act is not None:
        conditions.append(table.c.act_id <= knowledge.through_act)
    if knowledge.known_on is not None:
        conditions.append(table.c.known_on <= date_number(knowledge.known_on))
    return and_(*conditions)


@lru_cache(maxsize=64)
def _superseding(table: Table) -> Any:
    """Return the second name of a table, made once: a balance asks for it a dozen times."""
    return table.alias("superseding")


def effective(table: Table, knowledge: Knowledge) -> ColumnElement[bool]:
    """Return the condition that a line is known and effective."""
    later = _superseding(table)
    superseded = exists(
        select(later.c.act_id).where(
            later.c.supersedes_act == table.c.act_id,
            later.c.supersedes_line == entry_line(table),
            known(later, knowledge),
        )
    )
    states = or_(table.c.status.is_(None), table.c.status.in_(("N", "A", "C")))
    return and_(known(table, knowledge), states, ~superseded)
