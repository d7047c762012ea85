"""Movements as ledger lines: receipts, shipments, nuclear loss, category changes, discards.

Every line belongs to a week (``period``); lines of one entry stand together. A receipt stands on
the shipper's data and a difference of the receiver's own is a shipper/receiver difference (DI).
What leaves a reactor lost part of its uranium there: nuclear loss (LN), then the change of
category, then the shipment. Processes are bulk areas: many items of a day go in as one batch.

Codes and their meaning: Code 10, label 411.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction

import polars as pl

from keiryo.dates import date_number
from keiryo.movements.mapping import OUTSIDE, Area, Mapping, Process
from keiryo.movements.stores import Bulk

LINE_COLUMNS = (
    "scope", "mba", "known_on", "code", "event_date", "shipper", "receiver", "shipper_batch",
    "kmp", "batch", "batch_uid", "item_uid", "items", "mdc", "basis", "measurement", "category",
    "element_mg", "fissile_mg", "fissile_basis",
)  # fmt: skip
_ORDER = ["period", "event_date", "order", "entry", "part"]
_TEXTS = {
    "scope", "mba", "code", "shipper", "receiver", "shipper_batch", "kmp", "batch", "batch_uid",
    "item_uid", "mdc", "basis", "measurement", "category", "fissile_basis",
}  # fmt: skip
_SCHEMA: dict[str, pl.DataType] = {
    **{c: pl.String() if c in _TEXTS else pl.Int64() for c in LINE_COLUMNS},
    "period": pl.Int64(),
    "order": pl.Int64(),
    "entry": pl.Int64(),
    "part": pl.Int64(),
}

ARRIVE, CHANGE, LEAVE, LOSE = 10, 30, 50, 70
"""The order of entries within a day: what adds comes before what takes."""


def scope_of(state: str, node: Area | Process) -> str:
    """Return ``State/facility/MBA`` of a node."""
    return f"{state}/{node.code}/{node.mba}"


def ledger_lines(
    mapping: Mapping, state: str, events: pl.DataFrame, bulk: Bulk, first: int, last: int
) -> pl.DataFrame:
    """Return the ledger lines of some weeks in order of week and entry.

    Parameters
    ----------
    mapping : Mapping
    state : str
        Country code.
    events : polars.DataFrame
        As `keiryo.movements.tracking.track` returns it.
    bulk : Bulk
    first, last : int
        Weeks whose lines are wanted, both included.

    Returns
    -------
    polars.DataFrame
        Columns of ``inventory_change`` lines, and ``period`` and ``place`` (the line's number
        among those of its week) and ``entry_place`` (that of its entry's first line, null if the
        entry has one line).
    """
    delay = max((p.feed_delay for p in mapping.processes), default=0)
    near = events.filter(pl.col("period").is_between(first - delay, last))
    base = _with_parties(mapping, state, near)
    parts = [
        *_outside_lines(mapping, base),
        *_area_lines(mapping, base),
        *_discharge_lines(mapping, base),
        *_to_and_from_processes(mapping, base),
        *_process_lines(mapping, state, base),
        *_loss_lines(mapping, state, bulk),
    ]
    lines = pl.concat([p for p in parts if p.height] or [pl.DataFrame(schema=_SCHEMA)])
    lines = lines.filter(pl.col("period").is_between(first, last)).sort(_ORDER)
    numbered = lines.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("period").alias("place")
    ).with_columns(
        pl.when(pl.len().over(["period", "entry"]) > 1)
        .then(pl.col("place").first().over(["period", "entry"]))
        .alias("entry_place")
    )
    return numbered.select(*LINE_COLUMNS, "period", "place", "entry_place")


def _gather(values: list[str | None], column: str) -> pl.Expr:
    return pl.lit(pl.Series(values, dtype=pl.String)).gather(pl.col(column).cast(pl.UInt32))


def _with_parties(mapping: Mapping, state: str, events: pl.DataFrame) -> pl.DataFrame:
    """Add area, other end, scope and description to every event."""
    nodes = mapping.nodes
    source = [nodes[f.source].mba if f.source in nodes else None for f in mapping.flows]
    target = [nodes[f.target].mba if f.target in nodes else None for f in mapping.flows]
    own = pl.col("mba")
    entering = pl.col("entering")
    return events.with_columns(
        _gather([a.mba for a in mapping.areas], "node").alias("mba"),
        _gather([scope_of(state, a) for a in mapping.areas], "node").alias("scope"),
        _gather([a.kmp for a in mapping.areas], "node").alias("kmp"),
        _gather([k.mdc for k in mapping.kinds], "kind").alias("mdc"),
        _gather([k.mdc for k in mapping.kinds], "other_kind").alias("other_mdc"),
        pl.when(entering).then(_gather(source, "flow")).otherwise(_gather(target, "flow"))
        .alias("other_mba"),
        pl.lit(pl.Series([f.irradiation for f in mapping.flows])).gather(
            pl.col("flow").cast(pl.UInt32)).alias("irradiation"),
        pl.lit(1, dtype=pl.Int64).alias("items"),
        (pl.lit("file row ") + pl.col("line").cast(pl.String)).alias("measurement"),
    ).with_columns(
        (own == pl.col("other_mba")).fill_null(False).alias("same_mba"),
        pl.concat_str(pl.lit(f"{state}/"), own).alias("own_party"),
        pl.concat_str(pl.lit(f"{state}/"), "other_mba").alias("other_party"),
    )  # fmt: skip


def _lines(
    mapping: Mapping,
    frame: pl.DataFrame,
    code: pl.Expr | str,
    order: int,
    *,
    weights: str = "",
    basis: str = "N",
    parties: bool = False,
    shipper_batch: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return one line per event and element that it carries."""
    none = pl.lit(None, dtype=pl.String)
    entering = pl.col("entering")
    given = pl.col("own_party"), pl.col("other_party")
    shipper = pl.when(entering).then(given[1]).otherwise(given[0]) if parties else none
    receiver = pl.when(entering).then(given[0]).otherwise(given[1]) if parties else none
    known = frame.with_columns(
        pl.col("day").alias("known_on"),
        pl.col("day").alias("event_date"),
        (pl.lit(code) if isinstance(code, str) else code).alias("code"),
        shipper.alias("shipper"),
        receiver.alias("receiver"),
        (none if shipper_batch is None else shipper_batch).alias("shipper_batch"),
        pl.col("name").alias("batch"),
        pl.col("uid").alias("batch_uid"),
        pl.col("uid").alias("item_uid"),
        pl.lit(basis).alias("basis"),
        pl.lit(order, dtype=pl.Int64).alias("order"),
        (pl.col("row") * 100 + order).alias("entry"),
    )
    return pl.concat(
        [
            _part(known, number, f"{weights}{e.symbol}", e.fissile_basis)
            for number, e in enumerate(mapping.elements)
        ]
    )


def _part(frame: pl.DataFrame, number: int, stem: str, fissile_basis: str) -> pl.DataFrame:
    """Return the lines of one element, without those of items that hold none of it."""
    element, fissile = pl.col(f"{stem}_mg"), pl.col(f"{stem}_fissile_mg")
    return (
        frame.filter((element != 0) | (fissile.fill_null(0) != 0))
        .with_columns(
            pl.col(f"{stem}_category").alias("category"),
            element.alias("element_mg"),
            fissile.alias("fissile_mg"),
            pl.when(fissile.is_not_null()).then(pl.lit(fissile_basis)).alias("fissile_basis"),
            pl.lit(number, dtype=pl.Int64).alias("part"),
        )
        .select(pl.col(c).cast(dtype) for c, dtype in _SCHEMA.items())
    )


def _outside_lines(mapping: Mapping, base: pl.DataFrame) -> list[pl.DataFrame]:
    """Return what comes from and goes to outside."""
    parts = []
    for number, flow in enumerate(mapping.flows):
        if OUTSIDE not in (flow.source, flow.target) or flow.code is None:
            continue
        arriving = flow.source == OUTSIDE
        rows = base.filter((pl.col("flow") == number) & (pl.col("entering") == arriving))
        rows = rows.with_columns(pl.lit(flow.party, dtype=pl.String).alias("other_party"))
        has_parties = flow.code in ("RF", "SF")
        named = pl.lit("UNKNOWN") if flow.code == "RF" else None
        order, basis = (ARRIVE, "M") if arriving else (LEAVE, "T")
        parts.append(
            _lines(mapping, rows, flow.code, order, basis=basis, parties=has_parties,
                   shipper_batch=named)
        )  # fmt: skip
    return parts


def _area_lines(mapping: Mapping, base: pl.DataFrame) -> list[pl.DataFrame]:
    """Return shipments and receipts between areas in which items keep their identity."""
    between = base.filter(pl.col("inner") & ~pl.col("same_mba"))
    matched = pl.col("other_row").is_not_null()
    fresh = pl.col("irradiation") & ~pl.col("entering") & matched
    sent = between.filter(~pl.col("entering") & ~fresh)
    arrived = between.filter(pl.col("entering"))
    own = arrived.filter(pl.col("irradiation") | ~matched)
    other = arrived.filter(~pl.col("irradiation") & matched).with_columns(
        pl.col("other_mdc").alias("mdc")
    )
    parts = [
        _lines(mapping, sent, "SD", LEAVE, basis="L", parties=True),
        _lines(mapping, own, "RD", ARRIVE, parties=True, shipper_batch=pl.col("name")),
        _lines(mapping, other, "RD", ARRIVE, weights="other_", parties=True,
               shipper_batch=pl.col("name")),
    ]  # fmt: skip
    return parts + _difference_lines(mapping, other)


def _difference_lines(mapping: Mapping, received: pl.DataFrame) -> list[pl.DataFrame]:
    """Return shipper/receiver differences, and changes of category found on arrival."""
    columns = []
    for element in mapping.elements:
        s = element.symbol
        columns += [
            (pl.col(f"other_{s}_mg") - pl.col(f"{s}_mg")).alias(f"diff_{s}_mg"),
            (pl.col(f"other_{s}_fissile_mg") - pl.col(f"{s}_fissile_mg")).alias(
                f"diff_{s}_fissile_mg"
            ),
            pl.col(f"other_{s}_category").alias(f"diff_{s}_category"),
        ]
    differing = received.with_columns(columns)
    parts = [_lines(mapping, differing, "DI", ARRIVE + 1, weights="diff_", basis="M")]
    if any(e.symbol == "U" for e in mapping.elements):
        changed = received.filter(pl.col("U_category") != pl.col("other_U_category"))
        parts += _category_lines(mapping, changed, "other_U_category", "U", "U")
    return parts


def _category_lines(
    mapping: Mapping, frame: pl.DataFrame, old: str, new_stem: str, weights: str
) -> list[pl.DataFrame]:
    """Return entries that change the category of uranium; each has a line per category."""
    changed = frame.with_columns(
        pl.col(f"{weights}_mg").alias("cc_U_mg"),
        pl.col(f"{weights}_fissile_mg").alias("cc_U_fissile_mg"),
        (pl.col(old) + pl.col(f"{new_stem}_category")).alias("cc_code"),
    ).filter(~pl.col("cc_code").str.contains("U", literal=True))
    parts = []
    for part, category in enumerate((old, f"{new_stem}_category")):
        with_category = changed.with_columns(pl.col(category).alias("cc_U_category"))
        only = _uranium_only(mapping)
        lines = _lines(only, with_category, pl.col("cc_code"), CHANGE, weights="cc_", basis="M")
        parts.append(lines.with_columns(pl.lit(part, dtype=pl.Int64).alias("part")))
    return parts


def _uranium_only(mapping: Mapping) -> Mapping:
    """Return the mapping with uranium as its only element."""
    return replace(mapping, elements=tuple(e for e in mapping.elements if e.symbol == "U"))


def _discharge_lines(mapping: Mapping, base: pl.DataFrame) -> list[pl.DataFrame]:
    """Return nuclear loss and production, category change and shipment of irradiated items."""
    gone = base.filter(
        pl.col("irradiation") & ~pl.col("entering") & pl.col("other_row").is_not_null()
    ).with_columns(pl.col("other_mdc").alias("mdc"))
    if gone.height == 0:
        return []
    loss, gain = [], []
    for element in mapping.elements:
        s = element.symbol
        for what in ("mg", "fissile_mg"):
            change = pl.col(f"{s}_{what}") - pl.col(f"other_{s}_{what}")
            loss.append(change.clip(0).alias(f"lost_{s}_{what}"))
            made = pl.lit(0, dtype=pl.Int64) if s == "U" else (-change).clip(0)
            gain.append(made.alias(f"made_{s}_{what}"))
        loss.append(pl.col(f"{s}_category").alias(f"lost_{s}_category"))
        gain.append(pl.col(f"{s}_category").alias(f"made_{s}_category"))
    gone = gone.with_columns(*loss, *gain)
    parts = [
        _lines(mapping, gone, "LN", CHANGE - 2, weights="lost_", basis="M"),
        _lines(mapping, gone, "NP", CHANGE - 1, weights="made_", basis="M"),
    ]
    changed = gone.filter(pl.col("U_category") != pl.col("other_U_category"))
    parts += _category_lines(mapping, changed, "U_category", "other_U", "other_U")
    leaving = gone.filter(~pl.col("same_mba"))
    return [*parts, _lines(mapping, leaving, "SD", LEAVE, weights="other_", basis="T",
                           parties=True)]  # fmt: skip


def _lot_name() -> pl.Expr:
    """Return the batch name under which the items of a day and flow go through a process."""
    prefix = pl.col("name").str.split("-").list.first().str.slice(0, 6)
    day = (pl.col("day") % 1_000_000).cast(pl.String).str.zfill(6)
    return pl.concat_str(prefix, pl.lit("-"), day, pl.lit("-"), pl.col("flow").cast(pl.String))


def _to_and_from_processes(mapping: Mapping, base: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the items' side of what enters and leaves processes."""
    crossing = base.filter(pl.col("process") & ~pl.col("same_mba"))
    sent = crossing.filter(~pl.col("entering"))
    made = crossing.filter(pl.col("entering"))
    return [
        _lines(mapping, sent, "SD", LEAVE, basis="L", parties=True),
        _lines(mapping, made, "RD", ARRIVE, parties=True, shipper_batch=_lot_name()),
    ]


def _process_lines(mapping: Mapping, state: str, base: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the processes' side: one receipt or shipment per day, flow and kind of item."""
    parts: list[pl.DataFrame] = []
    symbols = [e.symbol for e in mapping.elements]
    sums = [pl.col(f"{s}_{w}").sum() for s in symbols for w in ("mg", "fissile_mg")]
    categories = [f"{s}_category" for s in symbols]
    for process in mapping.processes:
        feeding = [n for n, f in enumerate(mapping.flows) if f.target == process.node]
        making = [n for n, f in enumerate(mapping.flows) if f.source == process.node]
        for flows, entering in ((feeding, False), (making, True)):
            rows = base.filter(
                pl.col("flow").is_in(flows) & (pl.col("entering") == entering)
                & ~pl.col("same_mba")
            ).with_columns(_lot_name().alias("lot"))  # fmt: skip
            if rows.height == 0:
                continue
            keys = ["day", "period", "flow", "kind", "mdc", "mba", "own_party", "lot"]
            lots = (
                rows.group_by([*keys, *categories], maintain_order=True)
                .agg(*sums, pl.len().cast(pl.Int64).alias("items"), pl.col("row").min(),
                     pl.col("name").first().alias("first_name"))
            )  # fmt: skip
            parts += _lot_lines(mapping, state, process, lots, arriving=not entering)
    return parts


def _lot_lines(
    mapping: Mapping, state: str, process: Process, lots: pl.DataFrame, *, arriving: bool
) -> list[pl.DataFrame]:
    none = pl.lit(None, dtype=pl.String)
    lots = lots.with_columns(
        pl.col("own_party").alias("other_party"),
        pl.lit(f"{state}/{process.mba}").alias("own_party"),
        pl.lit(process.mba).alias("mba"),
        pl.lit(scope_of(state, process)).alias("scope"),
        pl.lit(arriving).alias("entering"),
        pl.col("lot").alias("name"),
        none.alias("uid"), none.alias("kmp"), none.alias("measurement"),
        (-2 * pl.col("row") - arriving - 1).alias("row"),
    )  # fmt: skip
    uranium = "U_category" in lots.columns
    if arriving:
        if process.feed_delay:
            days = pl.col("day").cast(pl.String).str.to_date("%Y%m%d")
            moved = days + pl.duration(days=7 * process.feed_delay)
            lots = lots.with_columns(
                moved.dt.strftime("%Y%m%d").cast(pl.Int64).alias("day"),
                pl.col("period") + process.feed_delay,
            )
        single = pl.when(pl.col("items") == 1).then(pl.col("first_name"))
        batch = single.otherwise(pl.lit("SEVERAL"))
        parts = [_lines(mapping, lots, "RD", ARRIVE, parties=True, shipper_batch=batch)]
    else:
        parts = [_lines(mapping, lots, "SD", LEAVE, basis="M", parties=True)]
    if not uranium:
        return parts
    other = lots.filter((pl.col("U_category") != process.category) & (pl.col("U_mg") > 0))
    other = other.with_columns(pl.lit(process.category).alias("pc_category"))
    other = other.with_columns(pl.col("U_category").alias("was_category"))
    if arriving:
        return parts + _category_lines(mapping, other, "was_category", "pc", "U")
    return parts + _category_lines(mapping, other, "pc_category", "was", "U")


def _loss_lines(mapping: Mapping, state: str, bulk: Bulk) -> list[pl.DataFrame]:
    """Return measured discards: what was added to the lost stores of each process."""
    rows = []
    for position, process in enumerate(mapping.processes):
        carried = (Fraction(0), Fraction(0))
        booked = (0, 0)
        for period, lost in bulk.losses(mapping, process).items():
            carried = (carried[0] + lost.element_mg, carried[1] + lost.fissile_mg)
            whole = int(carried[0] + Fraction(1, 2)), int(carried[1] + Fraction(1, 2))
            element, fissile = whole[0] - booked[0], whole[1] - booked[1]
            booked = whole
            day = mapping.time.event_day(period)
            if element > 0 and fissile >= 0:
                row = _loss_row(state, process, position, period, day, element, fissile)
                rows.append(row)
    return [pl.DataFrame(rows, schema=_SCHEMA)]


def _loss_row(
    state: str,
    process: Process,
    position: int,
    period: int,
    day: datetime.date,
    element_mg: int,
    fissile_mg: int,
) -> dict[str, object]:
    number = date_number(day)
    stated = any("U-235" in s.counts or s.material for s in process.stores if s.role == "lost")
    return dict.fromkeys(_SCHEMA) | {
        "scope": scope_of(state, process),
        "mba": process.mba,
        "known_on": number,
        "event_date": number,
        "code": "LD",
        "batch": f"LOSS-{number}",
        "items": 0,
        "mdc": process.mdc,
        "basis": "M",
        "measurement": "added to the lost stores of the week",
        "category": process.category,
        "element_mg": element_mg,
        "fissile_mg": fissile_mg if stated else None,
        "fissile_basis": "U-235" if stated else None,
        "period": period,
        "order": LOSE,
        "entry": -(10**12) - position * 10**6 - period,
        "part": 0,
    }
