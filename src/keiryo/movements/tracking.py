"""Items followed through areas: what came twice, left without having come, is in two places.

An item is known by its form and number only among areas between which items keep their identity.
Each gets an identity of its own, ``MBA/NAME#n``, where it first appears.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from keiryo.errors import Finding, Severity
from keiryo.movements.files import LINE
from keiryo.movements.findings import MOST
from keiryo.movements.mapping import OUTSIDE, Mapping

ITEM = "key"
"""Column with a number for each component, form and item number: the item, for all its events."""

_E = Severity.INCONSISTENCY


@dataclass(frozen=True, slots=True)
class Tracked:
    """Events with identities, each once.

    Attributes
    ----------
    events : polars.DataFrame
        The columns of reading and: ``row`` (its number), ``component``, ``form``, ``name``,
        ``uid``, ``opens`` (the first event of its identity), ``begins``, ``process`` (whether the
        other end is a process), ``inner`` (whether the other end is an area), and, of the
        matching event at the other end of the flow, ``other_row``, ``other_day``,
        ``other_period``, ``other_weight_ug`` and its elements.
    duplicates : polars.DataFrame
        Events that repeat an earlier one in everything, with the line of that one.
    findings : tuple of Finding
    """

    events: pl.DataFrame
    duplicates: pl.DataFrame
    findings: tuple[Finding, ...]


def track(mapping: Mapping, frame: pl.DataFrame, file: str) -> Tracked:
    """Follow the items of all events.

    Parameters
    ----------
    mapping : Mapping
    frame : polars.DataFrame
        As `keiryo.movements.reading.read_movements` returns it.
    file : str
        How to call the file or files in findings.

    Returns
    -------
    Tracked
    """
    events = _with_components(mapping, frame)
    events, duplicates, findings = _without_duplicates(mapping, events, file)
    findings += _sequence_findings(mapping, events, file)
    events = _with_identity(mapping, events)
    events, more = _with_other_end(mapping, events, file)
    return Tracked(events, duplicates, tuple(findings + more))


def _with_components(mapping: Mapping, frame: pl.DataFrame) -> pl.DataFrame:
    forms = list(dict.fromkeys(k.form for k in mapping.kinds))
    components = [mapping.component(area.node) for area in mapping.areas]
    kinds = [forms.index(k.form) for k in mapping.kinds]
    prefix = {f: next(k.prefix for k in mapping.kinds if k.form == f) for f in forms}
    sources = [f.source for f in mapping.flows]
    targets = [f.target for f in mapping.flows]
    begins = [s == OUTSIDE or mapping.is_process(s) for s in sources]
    process_in = [mapping.is_process(s) for s in sources]
    process_out = [mapping.is_process(t) for t in targets]
    ends = [t == OUTSIDE or mapping.is_process(t) for t in targets]

    def looked(values: list[object], column: str, dtype: pl.DataType) -> pl.Expr:
        return pl.lit(pl.Series(values, dtype=dtype)).gather(pl.col(column).cast(pl.UInt32))

    entering = pl.col("entering")
    named = frame.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64),
        looked(list(components), "node", pl.Int16()).alias("component"),
        looked(list(kinds), "kind", pl.Int16()).alias("form"),
        (looked([prefix[k.form] for k in mapping.kinds], "kind", pl.String()) + "-"
         + pl.col("item")).alias("name"),
        (entering & looked(list(begins), "flow", pl.Boolean())).alias("begins"),
        pl.when(entering).then(looked(list(process_in), "flow", pl.Boolean()))
        .otherwise(looked(list(process_out), "flow", pl.Boolean())).alias("process"),
        pl.when(entering).then(~looked(list(begins), "flow", pl.Boolean()))
        .otherwise(~looked(list(ends), "flow", pl.Boolean())).alias("inner"),
    )  # fmt: skip
    what = ["component", "form", "item"]
    keys = named.select(what).unique(maintain_order=True).with_row_index(ITEM)
    return named.join(keys, on=what, how="left", maintain_order="left")


def _without_duplicates(
    mapping: Mapping, events: pl.DataFrame, file: str
) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """Take out events that are there twice; say which repeat an event with other weights."""
    where = ["node", "entering", ITEM, "day"]
    content = ["weight_ug", "kind", *(f"{e.symbol}_mg" for e in mapping.elements)]
    content += [f"{e.symbol}_fissile_mg" for e in mapping.elements]
    crowded = events.filter(pl.struct(where).is_duplicated())
    if crowded.height == 0:
        return events, crowded.with_columns(pl.col(LINE).alias("first_line")), []
    crowded = crowded.sort("row").with_columns(
        pl.col("row").first().over([*where, *content])
        .alias("first_row"),
        pl.col(LINE).first().over([*where, *content]).alias("first_line"),
        pl.col("row").first().over(where).alias("very_first"),
    )  # fmt: skip
    duplicates = crowded.filter(pl.col("row") != pl.col("first_row"))
    findings = []
    for (node, entering), group in sorted(duplicates.group_by(["node", "entering"])):
        area = mapping.areas[int(str(node))]
        way = "into" if entering else "out of"
        weeks = f"{int(str(group['period'].min()))} to {int(str(group['period'].max()))}"
        findings.append(
            Finding(
                "DUPLICATE", Severity.WARNING,
                f"{group.height} events {way} {area.node} are in the "
                f"file twice, in weeks {weeks}; each was taken once",
                "Nothing needs doing; the list of all duplicates is kept with the import.",
                file=file, line=int(str(group[LINE].min())), mba=area.mba, found=str(group.height),
            )
        )  # fmt: skip
    other = (pl.col("row") == pl.col("first_row")) & (pl.col("row") != pl.col("very_first"))
    differing = crowded.filter(other)
    findings += _item_findings(
        mapping, differing, "DUPLICATE-DIFFERS", Severity.FORMAT, file,
        "is stated on one day with different weights",
        "Only one can be right; ask the source which, and leave the other out.",
    )  # fmt: skip
    kept = events.join(duplicates.select("row"), on="row", how="anti", maintain_order="left")
    return kept, duplicates, findings


def _item_findings(
    mapping: Mapping,
    rows: pl.DataFrame,
    code: str,
    severity: Severity,
    file: str,
    words: str,
    advice: str,
) -> list[Finding]:
    """Return findings about single items; many of one area become one."""
    findings = []
    for (node,), group in sorted(rows.group_by(["node"])):
        area = mapping.areas[int(str(node))]
        group = group.sort("row")
        for name, period, line in group.head(MOST).select("name", "period", LINE).iter_rows():
            message = f"{name} {words} ({area.node}, week {period})"
            findings.append(
                Finding(code, severity, message, advice, file=file, line=line, mba=area.mba)
            )
        if group.height > MOST:
            message = f"{group.height - MOST} further items of {area.node}: each {words}"
            findings.append(Finding(code, severity, message, advice, file=file, mba=area.mba))
    return findings


def _sequence_findings(mapping: Mapping, events: pl.DataFrame, file: str) -> list[Finding]:
    """Compare arrivals and departures of each item, week by week."""
    sign = pl.when(pl.col("entering")).then(1).otherwise(-1)
    places = (
        events.group_by([ITEM, "node", "period"])
        .agg(sign.sum().alias("net"), pl.col(LINE).min(), pl.col("row").min(),
             pl.col("name").first())
        .sort([ITEM, "node", "period"])
        .with_columns(pl.col("net").cum_sum().over([ITEM, "node"]).alias("present"))
    )  # fmt: skip
    previous = pl.col("present") - pl.col("net")
    gone = places.filter((pl.col("present") < 0) & (pl.col("present") < previous))
    again = places.filter((pl.col("present") > 1) & (pl.col("present") > previous))
    findings = _item_findings(
        mapping, gone, "ITEM-NOT-THERE", _E, file, "leaves without having come",
        "Ask the source for its arrival; until then the book of the area is too low by it.",
    )  # fmt: skip
    findings += _item_findings(
        mapping, again, "ITEM-TWICE", _E, file, "comes although it is there already",
        "Ask the source for its departure; until then the book of the area is too high by it.",
    )  # fmt: skip
    everywhere = (
        places.group_by([ITEM, "period"])
        .agg(pl.col("net").sum(), pl.col(LINE).max(), pl.col("row").max(),
             pl.col("name").first(), pl.col("node").last())
        .sort([ITEM, "period"])
        .with_columns(pl.col("net").cum_sum().over(ITEM).alias("present"))
    )  # fmt: skip
    double = everywhere.filter((pl.col("present") > 1) & (pl.col("present") > previous)).join(
        again.select([ITEM, "period"]), on=[ITEM, "period"], how="anti"
    )
    findings += _item_findings(
        mapping, double, "ITEM-TWO-PLACES", _E, file, "is present in two places at once",
        "It came here and never left the other area; one of the two records is wrong.",
    )  # fmt: skip
    return findings


def _with_identity(mapping: Mapping, events: pl.DataFrame) -> pl.DataFrame:
    """Add the identity ``MBA/NAME#n``: n counts how often an item of that name begins."""
    homes = pl.lit(pl.Series([a.mba for a in mapping.areas], dtype=pl.String))
    begun = events.filter(pl.col("begins")).group_by(ITEM).len().filter(pl.col("len") > 1)
    if begun.height == 0:
        number = events.with_columns(pl.lit(1, dtype=pl.Int64).alias("nth"))
    else:
        ordered = events.sort(["day", ~pl.col("begins"), "row"]).with_columns(
            pl.col("begins").cum_sum().over(ITEM).cast(pl.Int64).clip(1).alias("nth")
        )
        number = ordered.sort("row")
    first = (
        number.select("row", "day", "begins", ITEM, "nth")
        .sort(["day", ~pl.col("begins"), "row"])
        .unique([ITEM, "nth"], keep="first")
        .select("row", pl.lit(True).alias("opens"))
    )
    number = number.join(first, on="row", how="left", maintain_order="left")
    return number.with_columns(
        pl.col("opens").fill_null(False),
        pl.concat_str(
            homes.gather(pl.col("component").cast(pl.UInt32)), pl.lit("/"), "name", pl.lit("#"),
            "nth",
        ).alias("uid")
    ).drop("nth")  # fmt: skip


def _with_other_end(
    mapping: Mapping, events: pl.DataFrame, file: str
) -> tuple[pl.DataFrame, list[Finding]]:
    """Join each departure to another area with the arrival there, and the other way round."""
    keys = ["flow", ITEM, "nth"]
    inner = events.filter(pl.col("inner")).sort(["day", "row"])
    inner = inner.with_columns(pl.int_range(pl.len()).over(["flow", ITEM, "entering"]).alias("nth"))
    told = ["row", "day", "period", "kind", "weight_ug"]
    told += [f"{e.symbol}_{w}" for e in mapping.elements for w in ("mg", "fissile_mg", "category")]
    arrivals = inner.filter(pl.col("entering"))
    departures = inner.filter(~pl.col("entering"))
    pairs = []
    for one, other in ((arrivals, departures), (departures, arrivals)):
        renamed = other.select(*keys, *(pl.col(c).alias(f"other_{c}") for c in told))
        pairs.append(one.select("row", *keys).join(renamed, on=keys, how="inner").drop(keys))
    events = events.join(pl.concat(pairs), on="row", how="left", maintain_order="left")
    unsent = events.filter(pl.col("inner") & pl.col("entering") & pl.col("other_row").is_null())
    findings = _item_findings(
        mapping, unsent, "ARRIVED-UNSENT", _E, file, "arrives, but its shipper never sent it",
        "Ask the shipper; the receipt is booked on the receiver's own data.",
    )  # fmt: skip
    early = events.filter(pl.col("entering") & (pl.col("other_day") > pl.col("day")))
    findings += _item_findings(
        mapping, early, "ARRIVED-EARLY", _E, file, "arrives before its shipper sent it",
        "One of the two dates is wrong.",
    )  # fmt: skip
    return events, findings
