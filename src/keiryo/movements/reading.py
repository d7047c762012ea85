"""Movement files read by a mapping: exact weights, known names, and all findings at once.

The result is one frame of events for all files together, in the order in which they stand there.
Its columns, besides the line: ``file``, ``period`` (week), ``day`` (YYYYMMDD), ``node``, ``flow``
and ``kind`` (positions in the mapping), ``entering``, ``item``, ``weight_ug`` and, for each
element, ``<symbol>_mg``, ``<symbol>_fissile_mg``, ``<symbol>_category`` and, where the file
states a mass fraction, ``<symbol>_ppb``.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import polars as pl

from keiryo.dates import DateError, date_number, parse_date
from keiryo.errors import Finding, Severity
from keiryo.movements.files import LINE, SourceFile, read_file
from keiryo.movements.findings import row_findings
from keiryo.movements.mapping import FRACTION_DECIMALS, WEIGHT_DECIMALS, Element, Mapping
from keiryo.movements.numbers import (
    BLANK,
    FINER,
    GOOD,
    NEGATIVE,
    PPB,
    TOO_LARGE,
    UNREADABLE,
    integers,
    product_mg,
    whole_mg,
)
from keiryo.quantities import NATURAL_ENRICHMENT

NAME_LENGTH = 16
"""Length of a batch name, label 446."""

_E = Severity.INCONSISTENCY
_W = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Events:
    """The movements of all files, read and checked.

    Attributes
    ----------
    frame : polars.DataFrame
    files : tuple of SourceFile
    findings : tuple of Finding
    rounding_effect_ug : dict of str to int
        Sum of booked minus exact element weight, per element, in micrograms.
    """

    frame: pl.DataFrame
    files: tuple[SourceFile, ...]
    findings: tuple[Finding, ...]
    rounding_effect_ug: dict[str, int]


def read_movements(mapping: Mapping, paths: Sequence[Path]) -> Events:
    """Read movement files by a mapping.

    Parameters
    ----------
    mapping : Mapping
    paths : sequence of Path
        CSV, CSV in gzip, or Parquet.

    Returns
    -------
    Events
        With everything that is wrong in `findings`; rows that cannot be understood are left out
        of the frame, and a finding of severity F says that nothing may be posted.
    """
    columns = [*mapping.columns.values(), *(c for e in mapping.elements for c in e.columns)]
    findings: list[Finding] = []
    frames: list[pl.DataFrame] = []
    files: list[SourceFile] = []
    seen: dict[str, str] = {}
    for path in paths:
        source, problems = read_file(path, columns, mapping.delimiter)
        findings += problems
        if source is None:
            continue
        if source.digest in seen:
            words = f"the file has the same content as {seen[source.digest]}"
            findings.append(
                Finding("FILE-TWICE", Severity.FORMAT, words, "Give it once.", file=source.name)
            )
            continue
        seen[source.digest] = source.name
        frame, problems = _typed(mapping, source)
        findings += problems
        frames.append(frame.with_columns(pl.lit(len(files), dtype=pl.Int16).alias("file")))
        files.append(SourceFile(source.name, source.digest, source.size_bytes, pl.DataFrame()))
    events = pl.concat(frames) if frames else pl.DataFrame()
    effects = _rounding_effects(mapping, events) if frames else {}
    return Events(events, tuple(files), tuple(findings), effects)


def _typed(mapping: Mapping, source: SourceFile) -> tuple[pl.DataFrame, list[Finding]]:
    given = {name: pl.col(column) for name, column in mapping.columns.items()}
    given |= {name: pl.lit(value) for name, value in mapping.constants.items()}
    parts = {c: pl.col(c) for e in mapping.elements for c in e.columns}
    frame = source.frame.select(
        LINE, *(e.alias(f"is_{n}") for n, e in given.items()), **parts
    )  # fmt: skip
    findings: list[Finding] = []
    frame = _with_time(mapping, frame, source.name, findings)
    frame = _with_names(mapping, frame, source.name, findings)
    frame = frame.drop("is_time", "is_facility", "is_area", "is_direction", "is_form",
                       "is_material", "is_item")  # fmt: skip
    frame = _with_weights(mapping, frame, source.name, findings)
    frame = _with_categories(mapping, frame, source.name, findings)
    wanted = [LINE, "period", "day", "node", "flow", "kind", "entering", "item", "weight_ug"]
    wanted += [c for e in mapping.elements for c in _element_columns(e)]
    understood = ["period", "node", "flow", "kind", "weight_ug"]
    return frame.select(wanted).drop_nulls(understood), findings


def _element_columns(element: Element) -> list[str]:
    symbol = element.symbol
    names = [f"{symbol}_mg", f"{symbol}_fissile_mg", f"{symbol}_category"]
    return [*names, f"{symbol}_ppb"] if element.fraction else names


def _with_time(
    mapping: Mapping, frame: pl.DataFrame, file: str, findings: list[Finding]
) -> pl.DataFrame:
    """Add period and day; say what is no time, and where time runs backwards."""
    texts = frame["is_time"].unique().to_list()
    times = {text: moment_of(mapping, text) for text in texts}
    table = pl.DataFrame(
        {
            "is_time": texts,
            "period": [m[0] if m else None for m in times.values()],
            "day": [m[1] if m else None for m in times.values()],
        },
        schema={"is_time": pl.String, "period": pl.Int64, "day": pl.Int64},
    )
    frame = frame.join(table, on="is_time", how="left", maintain_order="left")
    kind = {"week": "a week number", "day": "a day number", "date": "a date YYYY-MM-DD"}
    findings += row_findings(
        frame, pl.col("period").is_null(), "TIME-UNREADABLE",
        f"{{value}} is not {kind[mapping.time.kind]}",
        "Correct the row, or the [time] of the mapping.", file=file, by="is_time",
        label=mapping.columns.get("time"),
    )  # fmt: skip
    keys = ["is_facility", "is_area", "is_direction"]
    back = (pl.col("day") < pl.col("day").shift(1).over(keys)).fill_null(False)
    findings += row_findings(
        frame, back, "TIME-ORDER",
        "time goes back to {value} within the rows of one area and direction",
        "The rows are put in order of time; check that none carries a wrong time.",
        file=file, by="is_time", severity=_W,
    )  # fmt: skip
    return frame


def moment_of(mapping: Mapping, text: str) -> tuple[int, int] | None:
    """Return period and day that a text of the time column means, or None."""
    time, text = mapping.time, text.strip()
    try:
        if time.kind == "date":
            day = parse_date(text[:10])
        elif not text.isascii() or not text.isdigit() or len(text) > 6:
            return None
        elif time.kind == "day":
            day = time.zero + datetime.timedelta(days=int(text))
        else:
            return int(text), date_number(time.event_day(int(text)))
    except (DateError, OverflowError):
        return None
    return time.period_of(day), date_number(day)


def _with_names(
    mapping: Mapping, frame: pl.DataFrame, file: str, findings: list[Finding]
) -> pl.DataFrame:
    """Add node, kind, flow, direction and item; say which names the mapping does not know."""
    keys = ["is_facility", "is_area", "is_direction", "is_form", "is_material"]
    combos = frame.group_by(keys).agg(pl.col(LINE).min(), pl.len().alias("rows")).sort(LINE)
    positions = {area.node: n for n, area in enumerate(mapping.areas)}
    kinds = {(k.form, k.material): n for n, k in enumerate(mapping.kinds)}
    known_materials = {m.name for m in mapping.materials}
    forms = {k.form for k in mapping.kinds}
    unknown: dict[tuple[str, str], tuple[int, int]] = {}

    def missing(code: str, what: str, line: int, rows: int) -> None:
        first, count = unknown.get((code, what), (line, 0))
        unknown[code, what] = (first, count + rows)

    out: list[tuple[int | None, int | None, int | None, bool | None]] = []
    for facility, area, direction, form, material, line, rows in combos.iter_rows():
        node, kind = positions.get(f"{facility}/{area}"), kinds.get((form, material))
        entering = True if direction in mapping.entering else None
        entering = False if direction in mapping.leaving else entering
        if node is None:
            missing("AREA-UNKNOWN", f"area {area!r} of facility {facility!r}", line, rows)
        if entering is None:
            missing("DIRECTION-UNKNOWN", f"direction {direction!r}", line, rows)
        if material not in known_materials:
            missing("MATERIAL-UNKNOWN", f"material {material!r}", line, rows)
        if form not in forms:
            missing("FORM-UNKNOWN", f"form {form!r}", line, rows)
        elif kind is None and material in known_materials:
            missing("FORM-UNKNOWN", f"form {form!r} of material {material!r}", line, rows)
        flow = None
        if node is not None and entering is not None and kind is not None:
            found = mapping.flow(mapping.areas[node].node, form, material, entering=entering)
            flow = None if found is None else mapping.flows.index(found)
            if found is None:
                way = "into" if entering else "out of"
                what = f"a movement of {form or 'items'!s}/{material} {way} {facility}/{area}"
                missing("FLOW-UNKNOWN", what, line, rows)
        out.append((node, kind, flow, entering))
    findings += [
        Finding(code, Severity.FORMAT, f"{what} is not in the mapping ({rows} rows)",
                "Add it to the mapping, or ask the source what it means.", file=file, line=line)
        for (code, what), (line, rows) in unknown.items()
    ]  # fmt: skip
    table = pl.DataFrame(
        out,
        schema={"node": pl.Int16, "kind": pl.Int16, "flow": pl.Int16, "entering": pl.Boolean},
        orient="row",
    )
    frame = frame.join(
        combos.select(keys).hstack(table), on=keys, how="left", maintain_order="left"
    ).with_columns(pl.col("is_item").str.strip_chars().alias("item"))
    prefixes = pl.Series([len(k.prefix) + 1 for k in mapping.kinds], dtype=pl.Int64)
    lengths = pl.col("item").str.len_chars() + pl.lit(prefixes).gather(
        pl.col("kind").cast(pl.UInt32).fill_null(0)
    )
    findings += row_findings(
        frame, pl.col("item") == "", "ITEM-UNNAMED", "the item has no name ({value})",
        "Each item needs its number.", file=file, by="item",
    )  # fmt: skip
    findings += row_findings(
        frame, lengths > NAME_LENGTH, "BATCH-LEN",
        f"with its prefix, the name {{value}} is longer than {NAME_LENGTH} characters",
        "Choose a shorter prefix in the mapping.", file=file, by="item",
    )  # fmt: skip
    return frame


def _with_weights(
    mapping: Mapping, frame: pl.DataFrame, file: str, findings: list[Finding]
) -> pl.DataFrame:
    """Add gross, element and fissile weights, exactly."""
    decimals = WEIGHT_DECIMALS[mapping.weight_unit]
    frame, good = _number_column(mapping, frame, "is_weight", "weight_ug", decimals, file, findings)
    findings += row_findings(
        frame, pl.col("weight_ug") == 0, "WEIGHT-ZERO", "the weight is {value}",
        "An item without weight moves nothing; check the row.", file=file, by="is_weight",
        severity=_W,
    )  # fmt: skip
    for element in mapping.elements:
        frame = _with_element(mapping, frame, element, file, findings)
    sums = pl.sum_horizontal(pl.col(f"{e.symbol}_mg") for e in mapping.elements)
    findings += row_findings(
        frame, good & (sums > whole_mg(pl.col("weight_ug")) + 1), "ELEMENT-EXCEEDS",
        "the elements weigh more than the item, whose gross weight is {value}",
        "Check units and fractions.", file=file, by="is_weight",
    )  # fmt: skip
    return frame


def _number_column(
    mapping: Mapping,
    frame: pl.DataFrame,
    column: str,
    name: str,
    decimals: int,
    file: str,
    findings: list[Finding],
    blank: int | None = None,
) -> tuple[pl.DataFrame, pl.Expr]:
    """Add a column of integers and say which texts cannot be one."""
    value, state = integers(frame[column], decimals)
    frame = frame.with_columns(value.alias(name), state.alias("state"))
    label = mapping.columns["weight"] if column == "is_weight" else column
    for bad, code, words, advice in (
        (UNREADABLE, "NUM", "{value} is not a number", "Write digits and '.', nothing else."),
        (BLANK, "NUM", "there is {value} where a number must stand", "State the value."),
        (NEGATIVE, "NUM-NEGATIVE", "{value} is negative", "The direction says what it does."),
        (TOO_LARGE, "NUM-TOO-LARGE", "{value} is beyond a thousand tonnes", "Check the unit."),
        (FINER, "PRECISION", "{value} has digits finer than the books can use",
         "Set rounding = \"milligram\" under [file] of the mapping if that is acceptable."),
    ):  # fmt: skip
        allowed = (bad == FINER and mapping.rounding) or (bad == BLANK and blank is not None)
        if not allowed:
            findings += row_findings(
                frame, pl.col("state") == bad, code, words, advice, file=file, by=column,
                label=label,
            )  # fmt: skip
    if blank is not None:
        frame = frame.with_columns(
            pl.when(pl.col("state") == BLANK).then(blank).otherwise(pl.col(name)).alias(name)
        )
    if decimals > 6 and not mapping.rounding and column == "is_weight":
        findings += row_findings(
            frame, (pl.col("state") == GOOD) & (pl.col(name) % 1000 != 0), "PRECISION",
            "{value} is finer than one milligram",
            "Set rounding = \"milligram\" under [file] of the mapping if that is acceptable.",
            file=file, by=column, label=label,
        )  # fmt: skip
    return frame, pl.col(name).is_not_null()


def _with_element(
    mapping: Mapping, frame: pl.DataFrame, element: Element, file: str, findings: list[Finding]
) -> pl.DataFrame:
    """Add the weights of one element and its fissile part."""
    symbol, fraction = element.symbol, FRACTION_DECIMALS[mapping.fraction_unit]
    weight = WEIGHT_DECIMALS[mapping.weight_unit]
    blank = None if symbol == "U" else 0
    for part, is_fraction, column in (
        (symbol, True, element.fraction),
        (symbol, False, element.weight),
        (f"{symbol}_fissile", True, element.fissile_fraction),
        (f"{symbol}_fissile", False, element.fissile_weight),
    ):
        if column is None:
            continue
        raw = f"{part}_ppb" if is_fraction else f"{part}_ug"
        decimals = fraction if is_fraction else weight
        frame, _ = _number_column(mapping, frame, column, raw, decimals, file, findings, blank)
        if is_fraction:
            findings += row_findings(
                frame, pl.col(raw) > PPB, "FRACTION-EXCEEDS", "the mass fraction {value} is over 1",
                "A fraction lies between 0 and 1; see fraction_unit of the mapping.", file=file,
                by=column, label=column,
            )  # fmt: skip
            exact = product_mg(pl.col("weight_ug"), pl.col(raw))
            frame = frame.with_columns(exact.alias(f"{part}_mg"))
        else:
            frame = frame.with_columns(whole_mg(pl.col(raw)).alias(f"{part}_mg"))
    fissile = f"{symbol}_fissile_mg"
    if fissile not in frame.columns:
        return frame.with_columns(pl.lit(None, dtype=pl.Int64).alias(fissile))
    column = element.fissile_fraction or element.fissile_weight or ""
    findings += row_findings(
        frame, pl.col(fissile) > pl.col(f"{symbol}_mg"), "FISSILE-EXCEEDS",
        f"the {element.fissile_basis} of {{value}} is more than the {symbol} of the item",
        "The fissile weight is part of the element; check whether columns are swapped.",
        file=file, by=column, label=column,
    )  # fmt: skip
    return frame


def _with_categories(
    mapping: Mapping, frame: pl.DataFrame, file: str, findings: list[Finding]
) -> pl.DataFrame:
    """Add the category of each element; say where enrichment and category disagree."""
    for element in mapping.elements:
        name = f"{element.symbol}_category"
        if element.symbol != "U":
            letter = {"Pu": "P", "Th": "T"}[element.symbol]
            frame = frame.with_columns(pl.lit(letter).alias(name))
            continue
        frame = frame.with_columns(_uranium_category(mapping, tolerant=True).alias(name))
        if element.fissile_fraction is None and element.fissile_weight is None:
            continue
        stated = _uranium_category(mapping, tolerant=False)
        wrong = (pl.col("U_mg") > 0) & (pl.col(name) != stated) & (pl.col(name) != "U")
        shown = frame.with_columns(
            (pl.col("U_fissile_mg") / pl.col("U_mg")).round(5).alias("enrichment"), was=stated
        )
        findings += row_findings(
            shown, wrong.fill_null(False), "CATEGORY",
            "enrichment {value} does not fit the category that the mapping gives the material",
            "Declare a tolerance for natural uranium, another category, or category = \"auto\".",
            file=file, by="enrichment",
        )  # fmt: skip
    return frame


def _uranium_category(mapping: Mapping, *, tolerant: bool) -> pl.Expr:
    """Return the category of uranium: as the mapping says, or as the enrichment does."""
    unit = 10**9
    natural = int(NATURAL_ENRICHMENT * unit)
    element = pl.col("U_mg").cast(pl.Int128)
    scaled = pl.col("U_fissile_mg").cast(pl.Int128) * unit
    expression = pl.lit(None, dtype=pl.String)
    for position, kind in enumerate(mapping.kinds):
        material = mapping.material(kind.material)
        margin = int(Fraction(material.tolerance) * unit)
        slack = unit  # one milligram of rounding is no other category
        by_enrichment = (
            pl.when(scaled + slack < element * (natural - margin))
            .then(pl.lit("D"))
            .when(scaled - slack <= element * (natural + margin))
            .then(pl.lit("N"))
            .otherwise(pl.lit("E"))
        )
        fixed = tolerant and material.category != "auto"
        value = pl.lit(material.category) if fixed else by_enrichment
        if not tolerant and material.category == "U":
            value = pl.lit("U")
        expression = pl.when(pl.col("kind") == position).then(value).otherwise(expression)
    return expression


def _rounding_effects(mapping: Mapping, frame: pl.DataFrame) -> dict[str, int]:
    """Return booked minus exact element weight, summed over all rows, in micrograms."""
    effects = {}
    for element in mapping.elements:
        if element.fraction is None or element.weight is not None:
            continue
        symbol = element.symbol
        exact = pl.col("weight_ug").cast(pl.Int128) * pl.col(f"{symbol}_ppb").cast(pl.Int128)
        booked = pl.col(f"{symbol}_mg").cast(pl.Int128) * (PPB * 1000)
        total = frame.select((booked - exact).sum()).item()
        effects[symbol] = int(total or 0) // PPB
    return effects
