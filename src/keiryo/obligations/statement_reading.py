"""What a statement to a partner is made of, read from the record: moves, kinds, lists.

Moves of a year are read in sums. Only plutonium and enriched uranium are read by batch and day,
because what the books tell of a batch (its material description, its enrichment) decides which
kind of material it is, and may change within the year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    MetaData,
    Table,
    and_,
    case,
    distinct,
    func,
    or_,
    select,
)

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.material_description import split_mdc
from keiryo.obligations.holdings import FOLLOWED, Holding, Line, Move
from keiryo.obligations.statement_table import (
    BULK_AREAS,
    ENRICHMENT_PLANTS,
    HEU,
    IRRADIATED_PU,
    ITEM_AREAS,
    LEU,
    OTHER_AREAS,
    OUTSIDE_FACILITIES,
    REPROCESSING_PLANTS,
    SEPARATED_PU,
    Kinds,
)
from keiryo.obligations.tables import MOVE, PLACE_RULE
from keiryo.places.tables import areas
from keiryo.quantities import HIGH_ENRICHMENT
from keiryo.vocabulary import entry_code

_TOLD = ("P", "E")
"""Categories of which the books may tell more."""

_GROUP_OF_TYPE = {"item": ITEM_AREAS, "bulk": BULK_AREAS, "LOF": OUTSIDE_FACILITIES}
_ENRICHING = ("NE", "ND")
"""Category changes that together only an enrichment plant makes: of product and of tails."""


def read_kinds(
    connection: Connection, metadata: MetaData, last: int, through_act: int | None = None
) -> Kinds:
    """Return in which rows holdings stand, as the books tell up to a day.

    Parameters
    ----------
    last : int
        YYYYMMDD; what is told of later days is left out.
    through_act : int, optional
        Only what was recorded by then.
    """
    known = Knowledge(through_act=through_act)
    places = areas(connection, metadata, through_act=through_act)
    groups = {code: _GROUP_OF_TYPE.get(str(one.type), OTHER_AREAS) for code, one in places.items()}
    rules = metadata.tables[PLACE_RULE.name]
    query = select(rules.c.mba, rules.c.consent_for, rules.c.attaches_to)
    for mba, consent_for, attaches_to in connection.execute(query):
        if consent_for == "reprocessing":
            groups[str(mba)] = REPROCESSING_PLANTS
        if attaches_to == "enrichment":
            groups[str(mba)] = ENRICHMENT_PLANTS
    changes = metadata.tables[INVENTORY_CHANGE.name]
    enriching = (
        select(changes.c.mba)
        .where(changes.c.code.in_(_ENRICHING), effective(changes, known))
        .group_by(changes.c.mba)
        .having(func.count(distinct(changes.c.code)) == len(_ENRICHING))
    )
    groups |= {str(mba): ENRICHMENT_PLANTS for (mba,) in connection.execute(enriching)}
    followed = [code for code, one in places.items() if one.batch_follow_up]
    return Kinds(groups, _told(connection, metadata, followed, last, known))


def _told(
    connection: Connection, metadata: MetaData, mbas: list[str], last: int, known: Knowledge
) -> dict[tuple[str, str, str], list[tuple[int, str]]]:
    found: dict[tuple[str, str, str], dict[int, str]] = {}
    for kind, day in ((INVENTORY_CHANGE, "event_date"), (PHYSICAL_INVENTORY, "pit_date")):
        table = metadata.tables[kind.name]
        code = table.c.code if "code" in table.c else None
        columns = [table.c[name] for name in ("mba", "batch", "category", day, "mdc")]
        weights = [table.c.element_mg, table.c.fissile_mg]
        query = (
            select(*columns, *weights, *([code] if code is not None else []))
            .where(
                table.c.mba.in_(mbas),
                table.c.category.in_(_TOLD),
                table.c.batch.is_not(None),
                table.c[day] <= last,
                effective(table, known),
            )
            .order_by(table.c[day], table.c.act_id, table.c.line_no)
        )
        for mba, batch, category, number, mdc, element, fissile, *codes in connection.execute(
            query
        ):
            told = _kind_of_line(category, mdc, element, fissile, *codes)
            if told is not None:
                found.setdefault((mba, batch, category), {})[int(number)] = told
    return {key: sorted(days.items()) for key, days in found.items()}


def _kind_of_line(
    category: str, mdc: str | None, element: int | None, fissile: int | None, code: str = "PI"
) -> str | None:
    """Return what a line tells of its batch: irradiated or not, low or high enriched."""
    if category == "P":
        description = split_mdc(mdc) if mdc else None
        irradiated = None if description is None else description.irradiated
        if irradiated is None:
            return None
        return IRRADIATED_PU if irradiated else SEPARATED_PU
    if not element or fissile is None:
        return None
    if code != "PI" and entry_code(code).isotope_may_exceed_element:
        return None
    return HEU if fissile >= HIGH_ENRICHMENT * element else LEU


def read_sums(
    connection: Connection,
    metadata: MetaData,
    first: int,
    last: int,
    through_act: int | None = None,
) -> list[Move]:
    """Return the moves up to a day in sums that a statement of a year can be made of.

    What lies before the year is summed on the day before it, what lies in it on its last day;
    plutonium and enriched uranium keep their batch, and their day within the year.

    Parameters
    ----------
    first, last : int
        First and last day of the year, YYYYMMDD.
    through_act : int, optional
        Only moves that were recorded by then.
    """
    table = metadata.tables[MOVE.name]
    told = or_(table.c.from_category.in_(_TOLD), table.c.to_category.in_(_TOLD))
    day: Any = case((table.c.event_date < first, first - 1), (told, table.c.event_date), else_=last)
    sides: list[Any] = []
    for side in ("from", "to"):
        own: dict[str, Any] = {
            name: table.c[f"{side}_{name}"] for name in ("mba", "account", "holding", "category")
        }
        by_name = and_(own["category"].in_(_TOLD), own["account"].in_(sorted(FOLLOWED)))
        own["holding"] = case((by_name, own["holding"]), else_="")
        sides += [*own.values(), table.c[f"{side}_labels"]]
    keys: list[Any] = [table.c.mba, day, table.c.kind, *sides]
    named_keys = [one.label(f"key_{number}") for number, one in enumerate(keys)]
    single = select(*named_keys, table.c.element_mg).where(table.c.event_date <= last)
    if through_act is not None:
        single = single.where(table.c.act_id <= through_act)
    every = single.subquery()
    named = [every.c[one.name] for one in named_keys]
    query = select(*named, func.sum(every.c.element_mg)).group_by(*named)
    return [
        Move(
            *(str(row[0]), int(row[1]), str(row[2]), Holding(*row[3:7]), str(row[7])),
            *(Holding(*row[8:12]), str(row[12]), int(row[13]), Line(0, 0)),
        )
        for row in connection.execute(query)
        if row[13]
    ]


def read_listed(
    connection: Connection,
    metadata: MetaData,
    where: Iterable[ColumnElement[bool]],
    partner: str | None = None,
) -> list[Move]:
    """Return moves line by line, those of the same content added, in the order of their days.

    Parameters
    ----------
    where : iterable of SQL conditions
        On the table of moves.
    partner : str, optional
        Only moves of which one side carries this label.
    """
    table = metadata.tables[MOVE.name]
    conditions = list(where)
    if partner is not None:
        conditions.append(or_(*(carries(table.c[f"{s}_labels"], partner) for s in ("from", "to"))))
    names = ("mba", "account", "holding", "category", "labels")
    sides = [table.c[f"{side}_{name}"] for side in ("from", "to") for name in names]
    of = [func.coalesce(table.c.of_act, table.c.act_id), table.c.of_line]
    keys: list[ColumnElement[Any]] = [table.c.mba, table.c.event_date, table.c.kind, *sides, *of]
    total = func.sum(table.c.element_mg)
    query = select(*keys, total).where(*conditions).group_by(*keys).order_by(*keys[1:2], *of, *keys)
    return [
        Move(
            *(str(row[0]), int(row[1]), str(row[2]), Holding(*row[3:7]), str(row[7])),
            *(Holding(*row[8:12]), str(row[12]), int(row[15])),
            Line(int(row[13]), int(row[14])),
        )
        for row in connection.execute(query)
        if row[15]
    ]


def carries(column: ColumnElement[Any], partner: str) -> ColumnElement[bool]:
    """Return the condition that a column of label sets holds a label."""
    return ("+" + column + "+").contains(f"+{partner}+", autoescape=True)


def move_table(metadata: MetaData) -> Table:
    """Return the table of moves."""
    return metadata.tables[MOVE.name]


def ledger_rows(
    connection: Connection, metadata: MetaData, lines: Iterable[Line]
) -> Mapping[Line, Mapping[str, Any]]:
    """Return the lines of the ledger from which moves follow, as far as they are changes."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    by_act: dict[int, set[int]] = {}
    for one in lines:
        by_act.setdefault(one.act, set()).add(one.line)
    found: dict[Line, Mapping[str, Any]] = {}
    for act, numbers in by_act.items():
        every = sorted(numbers)
        for start in range(0, len(every), 500):
            some = every[start : start + 500]
            query = select(table).where(table.c.act_id == act, table.c.line_no.in_(some))
            for row in connection.execute(query).mappings():
                found[Line(act, int(row["line_no"]))] = dict(row)
    return found
