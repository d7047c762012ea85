"""Physical inventories at the closings, from what the source itself says is there.

Where the source counts as many items of a form as the movements leave, and weighs them the same,
the taking lists the items one by one with the weights already reported. Where count or weight
disagrees, the source's own total stands in the list, and the difference is material unaccounted
for. A process is taken by its stores; where it has none, by the items that went in and, by
genealogy, have not come out.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import polars as pl

from keiryo.dates import date_number
from keiryo.movements.entries import scope_of
from keiryo.movements.genealogy import Descent
from keiryo.movements.mapping import Mapping, Process
from keiryo.movements.stores import Bulk, Content, SourceInventory

ROUNDING_UG_PER_ITEM = 1000
"""The source may add unrounded weights: up to a milligram per item, its totals are the same."""

PIT_COLUMNS = (
    "scope", "mba", "known_on", "status", "pit_date", "kmp", "batch", "batch_uid", "item_uid",
    "items", "mdc", "description", "basis", "category", "element_mg", "fissile_mg",
    "fissile_basis",
)  # fmt: skip
_INTEGERS = {"known_on", "pit_date", "items", "element_mg", "fissile_mg"}
PIT_SCHEMA: dict[str, pl.DataType] = {
    c: pl.Int64() if c in _INTEGERS else pl.String() for c in PIT_COLUMNS
}


@dataclass(frozen=True, slots=True)
class Held:
    """What the movements leave in an area of one form and material, and what the source counts.

    Attributes
    ----------
    items, source_items : int
    booked : Content
        Sum of the booked weights, per element symbol.
    exact : dict of str to Content
        Sum of gross times fraction without rounding.
    stated : dict of str to Content
        The source's own total.
    agrees : bool
        Same count, and the same weight but for rounding.
    """

    node: str
    mba: str
    kind: int
    items: int
    source_items: int
    booked: dict[str, Content]
    exact: dict[str, Content]
    stated: dict[str, Content]
    agrees: bool


@dataclass(slots=True)
class Taking:
    """The physical inventory of all areas at the end of a week.

    Attributes
    ----------
    period : int
    day : datetime.date
    lines : polars.DataFrame
        ``physical_inventory`` lines.
    taken : set of str
        MBAs of which an inventory could be taken.
    held : list of Held
    pending : dict of str to (int, Content)
        Items, and their weight, that wait in processes without stores, by MBA.
    astray_mg : dict of (str, str) to int
        By MBA and element: arrivals less departures, less what is there. Not zero where items
        left without having come, or came twice.
    """

    period: int
    day: datetime.date
    lines: pl.DataFrame
    taken: set[str] = field(default_factory=set)
    held: list[Held] = field(default_factory=list)
    pending: dict[str, tuple[int, Content]] = field(default_factory=dict)
    astray_mg: dict[tuple[str, str], int] = field(default_factory=dict)


def closing_periods(
    mapping: Mapping, first: int, last: int, inventory_periods: frozenset[int]
) -> list[int]:
    """Return the weeks at whose end balances are closed.

    For every half year (or year), the last week that ends in it, or, if the source states no
    inventory of that week, the last one before of which it does.
    """
    if mapping.closing is None:
        return []
    time = mapping.time
    found: list[int] = []
    months = ((12, 31),) if mapping.closing == "year" else ((6, 30), (12, 31))
    for year in range(time.period_end(first).year, time.period_end(last).year + 1):
        for month, day in months:
            end = datetime.date(year, month, day)
            period = (end - time.zero + datetime.timedelta(days=1)).days // 7 - 1
            period = min(period, last)
            if inventory_periods:
                period = max((p for p in inventory_periods if p <= period), default=first - 1)
            if period >= first and period not in found:
                found.append(period)
    return found


def take(
    mapping: Mapping,
    state: str,
    period: int,
    events: pl.DataFrame,
    descents: Iterable[Descent],
    inventory: SourceInventory,
    bulk: Bulk,
) -> Taking:
    """Take the physical inventory of all areas at the end of a week.

    Parameters
    ----------
    mapping : Mapping
    state : str
    period : int
    events : polars.DataFrame
        Tracked events.
    descents : iterable of Descent
    inventory : SourceInventory
    bulk : Bulk
    """
    day = mapping.time.period_end(period)
    taking = Taking(period, day, pl.DataFrame(schema=PIT_SCHEMA))
    parts: list[pl.DataFrame] = []
    missing: set[str] = set()
    by_source = period in inventory.periods
    present = _present(events, period)
    taking.astray_mg = _astray(mapping, events, period, present)
    for number, area in enumerate(mapping.areas):
        if not by_source:
            missing.add(area.mba)
            continue
        here = present.filter(pl.col("node") == number)
        parts += _area_lines(mapping, state, number, here, inventory, taking)
        taking.taken.add(area.mba)
    for descent in descents:
        lines = _process_lines(mapping, state, descent, bulk, taking)
        if lines is None:
            missing.add(descent.process.mba)
        else:
            parts.append(lines)
            taking.taken.add(descent.process.mba)
    taking.taken -= missing
    number = date_number(day)
    listed = [p.with_columns(pl.lit(number, dtype=pl.Int64).alias("pit_date"),
                             pl.lit(number, dtype=pl.Int64).alias("known_on"))
              for p in parts if p.height]  # fmt: skip
    lines = pl.concat(listed) if listed else pl.DataFrame(schema=PIT_SCHEMA)
    lines = lines.filter(pl.col("mba").is_in(list(taking.taken)))
    empty = taking.taken - set(lines["mba"].unique().to_list())
    taking.lines = pl.concat([lines, empty_lines(mapping, state, day, empty)])
    return taking


def empty_lines(
    mapping: Mapping, state: str, day: datetime.date, mbas: Iterable[str]
) -> pl.DataFrame:
    """Return the lines that say that areas were found empty (status U)."""
    nodes = {n.mba: n for n in mapping.places}
    number = date_number(day)
    rows = [
        dict.fromkeys(PIT_SCHEMA)
        | {"scope": scope_of(state, nodes[mba]), "mba": mba, "status": "U", "pit_date": number,
           "known_on": number}
        for mba in sorted(mbas)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=PIT_SCHEMA)


def _present(events: pl.DataFrame, period: int) -> pl.DataFrame:
    """Return the latest arrival of every item that is in its area at the end of a week."""
    until = events.filter(pl.col("period") <= period)
    sign = pl.when(pl.col("entering")).then(1).otherwise(-1)
    keys = ["node", "form", "item"]
    there = until.group_by(keys).agg(sign.sum().alias("net")).filter(pl.col("net") > 0)
    arrivals = until.filter(pl.col("entering")).sort("row").unique(keys, keep="last")
    return arrivals.join(there.select(keys), on=keys, how="semi").sort("row")


def _astray(
    mapping: Mapping, events: pl.DataFrame, period: int, present: pl.DataFrame
) -> dict[tuple[str, str], int]:
    """Return by MBA and element what arrivals less departures leave beyond what is there."""
    sign = pl.when(pl.col("entering")).then(1).otherwise(-1)
    until = events.filter(pl.col("period") <= period)
    found: dict[tuple[str, str], int] = {}
    for element in mapping.elements:
        weight = pl.col(f"{element.symbol}_mg")
        for rows, of in ((until, sign * weight), (present, -weight)):
            for node, total_mg in rows.group_by("node").agg(of.sum()).iter_rows():
                key = (mapping.areas[node].mba, element.symbol)
                found[key] = found.get(key, 0) + int(total_mg or 0)
    return found


def _area_lines(
    mapping: Mapping,
    state: str,
    number: int,
    here: pl.DataFrame,
    inventory: SourceInventory,
    taking: Taking,
) -> list[pl.DataFrame]:
    area = mapping.areas[number]
    stated = {(r.form, r.material): r for r in inventory.at(area.node, taking.period)}
    parts = []
    for kind_number, kind in enumerate(mapping.kinds):
        rows = here.filter(pl.col("kind") == kind_number)
        row = stated.get((kind.form, kind.material))
        if rows.height == 0 and row is None:
            continue
        sums = _sums(mapping, rows)
        gross_ug = int(rows["weight_ug"].sum() or 0)
        source_items = row.items if row else 0
        slack = (rows.height + 1) * ROUNDING_UG_PER_ITEM
        agrees = source_items == rows.height and (
            abs((row.weight_ug if row else 0) - gross_ug) <= slack
        )
        held = Held(
            area.node, area.mba, kind_number, rows.height, source_items, sums[0], sums[1],
            row.contents if row else {}, agrees,
        )  # fmt: skip
        taking.held.append(held)
        base = {"scope": scope_of(state, area), "mba": area.mba, "kmp": area.kmp, "mdc": kind.mdc}
        if agrees:
            parts += _item_lines(mapping, rows, base, "L", None)
        else:
            parts.append(_total_lines(mapping, held, base, rows, kind.prefix))
    return parts


def _sums(mapping: Mapping, rows: pl.DataFrame) -> tuple[dict[str, Content], dict[str, Content]]:
    """Return booked and exact sums by element, in milligrams."""
    booked, exact = {}, {}
    for element in mapping.elements:
        s = element.symbol
        fissile = rows[f"{s}_fissile_mg"].sum() or 0
        booked[s] = Content(Fraction(rows[f"{s}_mg"].sum() or 0), Fraction(fissile))
        exact[s] = booked[s]
        if f"{s}_ppb" in rows.columns and rows.height:
            product = pl.col("weight_ug").cast(pl.Int128) * pl.col(f"{s}_ppb").cast(pl.Int128)
            total = int(rows.select(product.sum()).item())
            exact[s] = Content(Fraction(total, 10**12), Fraction(fissile))
    return booked, exact


def _item_lines(
    mapping: Mapping,
    rows: pl.DataFrame,
    base: dict[str, str | None],
    basis: str,
    description: str | None,
) -> list[pl.DataFrame]:
    """Return one line per item and element."""
    parts = []
    for element in mapping.elements:
        s = element.symbol
        fissile = pl.col(f"{s}_fissile_mg")
        values: dict[str, pl.Expr] = {c: pl.lit(None) for c in PIT_COLUMNS}
        values |= {k: pl.lit(v) for k, v in base.items()}
        values |= {
            "batch": pl.col("name"), "batch_uid": pl.col("uid"), "item_uid": pl.col("uid"),
            "items": pl.lit(1), "basis": pl.lit(basis), "description": pl.lit(description),
            "category": pl.col(f"{s}_category"), "element_mg": pl.col(f"{s}_mg"),
            "fissile_mg": fissile,
            "fissile_basis": pl.when(fissile.is_not_null()).then(pl.lit(element.fissile_basis)),
        }  # fmt: skip
        holding = rows.filter(pl.col(f"{s}_mg") > 0)
        parts.append(holding.select(values[c].cast(t).alias(c) for c, t in PIT_SCHEMA.items()))
    return parts


def _total_lines(
    mapping: Mapping,
    held: Held,
    base: dict[str, str | None],
    rows: pl.DataFrame,
    prefix: str,
) -> pl.DataFrame:
    """Return the source's own total of a form and material that disagrees with the movements."""
    material = mapping.material(mapping.kinds[held.kind].material)
    lines = []
    for element in mapping.elements:
        stated = held.stated.get(element.symbol, Content())
        element_mg, fissile_mg = stated.rounded
        if element_mg == 0:
            continue
        letter = material.category
        if letter == "auto":
            found = rows[f"{element.symbol}_category"].to_list()
            letter = found[0] if found else "N"
        category = {"Pu": "P", "Th": "T"}.get(element.symbol, letter)
        has_fissile = element.fissile_fraction or element.fissile_weight
        lines.append(
            dict.fromkeys(PIT_SCHEMA) | base
            | {"batch": f"{prefix}-TOTAL", "items": held.source_items, "basis": "M",
               "description": "TOTAL OF THE SOURCE, NOT ITEM BY ITEM", "category": category,
               "element_mg": element_mg, "fissile_mg": fissile_mg if has_fissile else None,
               "fissile_basis": element.fissile_basis if has_fissile else None}
        )  # fmt: skip
    return pl.DataFrame(lines, schema=PIT_SCHEMA)


def _process_lines(
    mapping: Mapping, state: str, descent: Descent, bulk: Bulk, taking: Taking
) -> pl.DataFrame | None:
    """Return the inventory of a process; None if nothing says what is in it."""
    process = descent.process
    base: dict[str, str | None] = {
        "scope": scope_of(state, process), "mba": process.mba, "mdc": process.mdc,
    }  # fmt: skip
    if process.inventory == "stores":
        stock = bulk.stock(mapping, process, taking.period)
        return None if stock is None else _stock_line(process, base, stock)
    if process.inventory != "pending":
        return None
    waiting = pending_items(descent, taking.period)
    sums = _sums(mapping, waiting)[0]
    taking.pending[process.mba] = (waiting.height, next(iter(sums.values()), Content()))
    words = "WENT IN AND IS NOT IN ANYTHING THAT CAME OUT"
    parts = _item_lines(mapping, waiting, base, "L", words)
    return pl.concat(parts)


def pending_items(descent: Descent, period: int) -> pl.DataFrame:
    """Return the items that are in a process at the end of a week, by genealogy."""
    fed = descent.fed
    used = pl.col("used_period").is_not_null() & (pl.col("used_period") <= period)
    return fed.filter((pl.col("arrival_period") <= period) & ~used)


def _stock_line(process: Process, base: dict[str, str | None], stock: Content) -> pl.DataFrame:
    element_mg, fissile_mg = stock.rounded
    if element_mg <= 0:
        return pl.DataFrame(schema=PIT_SCHEMA)
    states_fissile = stock.fissile_mg > 0
    line = dict.fromkeys(PIT_SCHEMA) | base | {
        "batch": "STORES", "items": 0, "basis": "M", "category": process.category,
        "element_mg": element_mg, "fissile_mg": fissile_mg if states_fissile else None,
        "fissile_basis": "U-235" if states_fissile else None,
    }  # fmt: skip
    return pl.DataFrame([line], schema=PIT_SCHEMA)
