"""The tables of measurement as people edit them: their columns, and what must hold in them.

One form for each table of record. A row of a form becomes one line; what a row means must hold
together with what is in force already: dated lines of one source do not overlap, a stratum names
sources that exist, an area is registered.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import number_date
from keiryo.errors import Severity
from keiryo.journal.model import LineKind, Value
from keiryo.measurement.in_force import NAMES, calibrations, error_sources, listed, rows_in_force
from keiryo.measurement.method_checks import check_methods, check_methods_covered
from keiryo.measurement.quoted import QUOTED_AS, one_sigma
from keiryo.measurement.result_checks import check_batches, check_days, check_units
from keiryo.measurement.table_files import Column, ReadTable, TableRow
from keiryo.measurement.tables import (
    BASES,
    CALIBRATION,
    CONTROL_MEASUREMENT,
    ERROR_SOURCE,
    KINDS,
    MEASUREMENT_RESULT,
    STRATUM_METHOD,
    TARGET_VALUE,
)
from keiryo.places.tables import areas
from keiryo.vocabulary import ENTRY_CODES

Checking = Callable[[Connection, MetaData, ReadTable], None]
UNITS = ("g", "kg", "g/g", "kg/L", "L", "%")


@dataclass(frozen=True, slots=True)
class Form:
    """How one table of measurement is imported.

    Attributes
    ----------
    kind : LineKind
    heading : str
        Name of a row in TOML.
    words : str
        What a file holds, for messages and evidence.
    columns : tuple of Column
    convert : callable
        Turns the values of a row into those of a line, adding findings to the table.
    check : callable
        Compares all rows with what is in force, adding findings to the table.
    also_called : mapping
        Other names of columns, to ours.
    """

    kind: LineKind
    heading: str
    words: str
    columns: tuple[Column, ...]
    convert: Callable[[ReadTable, TableRow], None]
    check: Checking
    also_called: Mapping[str, str] = field(default_factory=dict)


def _convert_source(table: ReadTable, row: TableRow) -> None:
    values = row.values
    quoted = str(values.pop("quoted_as") or "u")
    percent = values.pop("relative_percent")
    if percent is not None and values["relative_sd"] is not None:
        table.wrong(
            "relative_sd and relative_percent are both given", "Leave one of them empty.",
            row, "relative_percent",
        )  # fmt: skip
    elif percent is not None:
        values["relative_sd"] = _plain_decimal(Decimal(str(percent)) / 100)
    if "," in str(values["source"] or ""):
        table.wrong("a name of a source has no comma", "Write a dash.", row, "source")
    if not (row.texts.get("relative_sd") or percent or row.texts.get("absolute_sd_kg")):
        table.wrong(
            "there is no standard deviation",
            "Fill in relative_sd (a fraction), relative_percent or absolute_sd_kg.", row,
        )  # fmt: skip
    if quoted not in QUOTED_AS:
        table.wrong(
            f"{quoted[:40]!r} does not say which standard deviation is meant",
            "Write u (one sigma), 95/1.96 or 95/2 (a limit at 95 %, with the factor that whoever "
            "quotes it used: ask), or rectangular (± a).",
            row, "quoted_as", code="QUOTED-AS", found=quoted[:40],
        )  # fmt: skip
    elif quoted != "u":
        for name in ("relative_sd", "absolute_sd_kg"):
            text = values[name]
            if text is not None:
                values[name] = _plain_decimal(Decimal(repr(one_sigma(float(text), quoted))))
                note = f"{name} quoted as {text} ({quoted})"
                values["reference"] = "; ".join(filter(None, (_text(values, "reference"), note)))
    if values["relative_sd"] is not None and Decimal(str(values["relative_sd"])) >= 1:
        table.wrong(
            f"a relative standard deviation of {values['relative_sd']} is 100 % or more",
            "relative_sd is a fraction: 0.0005 is 0.05 %. Per cent belong into relative_percent.",
            row, "relative_sd",
        )  # fmt: skip
    for name, kind in (("one_error_per", "random"), ("closing_epoch", "epoch")):
        if values[name] is not None and values["kind"] not in (kind, None):
            table.wrong(f"{name} is for sources of kind {kind}", "Leave it empty.", row, name)


def _check_sources(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    _check_dates(table)
    _check_overlaps(connection, metadata, table, ERROR_SOURCE, ("source",))
    calibrated = {c.method for c in calibrations(connection, metadata)}
    for row in table.rows:
        method = row.values["method"]
        if row.values["kind"] == "epoch" and method not in calibrated:
            words = f"of {method}" if method else "of it: it names no method"
            table.wrong(
                f"{row.values['source']} lasts for a calibration, but there is no calibration "
                f"{words}",
                "Record the calibrations; until then the error is the same in all balances.",
                row, "method", code="SOURCE-NO-CALIBRATION", severity=Severity.WARNING,
            )  # fmt: skip
    check_methods_covered(connection, metadata, table)


def _convert_stratum(table: ReadTable, row: TableRow) -> None:
    codes = ENTRY_CODES()
    for code in listed(_text(row.values, "codes")):
        if code not in codes:
            table.wrong(
                f"{code[:40]!r} is no type of inventory change, and neither PB nor PE",
                "Write codes such as RD,SD or PB,PE.", row, "codes", found=code[:40],
            )  # fmt: skip
    mdc = _text(row.values, "mdc")
    if mdc is not None and (mdc.count("/") != 3 or not all(mdc.split("/"))):
        table.wrong(
            f"{mdc[:40]!r} is no pattern of a material description code",
            "Write four parts with ? for any, e.g. O/G/?/?.", row, "mdc", found=mdc[:40],
        )  # fmt: skip


def _check_strata(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    _check_dates(table)
    _check_areas(connection, metadata, table)
    _check_overlaps(connection, metadata, table, STRATUM_METHOD, ("mba", "stratum"))
    known = error_sources(connection, metadata)
    for row in table.rows:
        named = {n: listed(_text(row.values, n)) for n in ("element_sources", "isotope_sources")}
        for column, sources in named.items():
            for source in sources:
                if source not in known:
                    table.wrong(
                        f"there is no error source {source[:60]!r} in force",
                        "Import the error sources first; 'keiryo measurements sources list' shows "
                        "their names.",
                        row, column, code="SOURCE-UNKNOWN", found=source[:60],
                    )  # fmt: skip
        if not named["element_sources"] and not row.values["items_only"]:
            table.wrong(
                f"{row.values['stratum']} has no error source of the element weight",
                "Name its sources, or say items_only = yes for sealed items.",
                row, "element_sources", code="STRATUM-NO-SOURCE", severity=Severity.WARNING,
            )  # fmt: skip
    _check_ranks(connection, metadata, table)


def _check_ranks(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    for row, other in _pairs(connection, metadata, table, STRATUM_METHOD, ("mba", "rank")):
        if other["stratum"] != row.values["stratum"]:
            table.wrong(
                f"{row.values['stratum']} and {other['stratum']} have the same rank "
                f"{row.values['rank']}; where both fit a line, nothing says which counts",
                "Give them different ranks, the narrower one the lower.",
                row, "rank", code="STRATUM-RANK", severity=Severity.WARNING,
            )  # fmt: skip


def _check_results(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    _check_areas(connection, metadata, table)
    check_methods(connection, metadata, table)
    check_days(table, "measured_on")
    check_batches(connection, metadata, table)


def _check_methods_and(day: str) -> Checking:
    """Return the check of rows that name a method and the day of what was done with it."""

    def check(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
        check_methods(connection, metadata, table)
        check_days(table, day)

    return check


def _convert_control(table: ReadTable, row: TableRow) -> None:
    if row.values["kind"] in ("standard", "paired") and not row.texts.get("reference"):
        what = "certified value" if row.values["kind"] == "standard" else "inspector's value"
        table.wrong("reference is empty", f"Fill in the {what}.", row, "reference")
    if '"' in str(row.values["series"] or ""):
        table.wrong("a name of a series has no quotation mark", "Remove it.", row, "series")


def _convert_target(table: ReadTable, row: TableRow) -> None:
    origin = row.values.pop("origin")
    row.values["verified"] = row.values["verified"] or 0
    if not (row.texts.get("random_percent") or row.texts.get("systematic_percent")):
        table.wrong("there is neither random_percent nor systematic_percent", "Fill in both.", row)
    if origin is not None:
        words = (_text(row.values, "conditions"), f"origin: {origin}")
        row.values["conditions"] = "; ".join(filter(None, words))


def _check_targets(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    del connection, metadata
    unverified = [row for row in table.rows if not row.values["verified"]]
    if unverified:
        table.wrong(
            f"{len(unverified)} target values are not verified",
            "Copy them from the official table, let a second person check them, and import them "
            "with verified = yes.",
            unverified[0], code="TARGET-UNVERIFIED", severity=Severity.WARNING,
        )  # fmt: skip


def _nothing(table: ReadTable, row: TableRow) -> None:
    del table, row


def _check_dates(table: ReadTable) -> None:
    for row in table.rows:
        first, last = row.values["valid_from"], row.values["valid_to"]
        if isinstance(first, int) and isinstance(last, int) and first > last:
            table.wrong(
                f"it is valid from {number_date(first)} to {number_date(last)}, which is earlier",
                "Exchange or correct the two days.",
                row, "valid_to", code="MEASUREMENT-DATES",
            )  # fmt: skip


def _check_areas(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    places = areas(connection, metadata)
    for row in table.rows:
        mba = row.values["mba"]
        if mba is not None and mba not in places:
            table.wrong(
                f"there is no MBA {str(mba)[:20]!r} in the books",
                f"Registered are: {', '.join(places) or 'none yet'}.",
                row, "mba", code="MEASUREMENT-AREA", found=str(mba)[:20],
            )  # fmt: skip


def _check_overlaps(
    connection: Connection,
    metadata: MetaData,
    table: ReadTable,
    kind: LineKind,
    names: tuple[str, ...],
) -> None:
    for row, other in _pairs(connection, metadata, table, kind, names):
        what = "/".join(str(row.values[n]) for n in names)
        table.wrong(
            f"{what} is said twice for the same days: {_days(row.values)}, and {_days(other)}",
            "End the earlier one with a valid_to, or give both the same valid_from to replace it.",
            row, "valid_from", code="MEASUREMENT-OVERLAP",
        )  # fmt: skip


def _pairs(
    connection: Connection,
    metadata: MetaData,
    table: ReadTable,
    kind: LineKind,
    names: tuple[str, ...],
) -> Iterable[tuple[TableRow, Mapping[str, Any]]]:
    """Yield rows with another line of the same names, in the file or in force, on the same days."""
    identity = NAMES[kind.name]
    wanted = {tuple(r.values[n] for n in identity): r for r in table.rows}
    groups: dict[tuple[Value, ...], list[tuple[Mapping[str, Any], TableRow | None]]] = {}
    for name, line in rows_in_force(connection, metadata, kind).items():
        if name not in wanted:
            groups.setdefault(tuple(line[n] for n in names), []).append((line, None))
    for row in wanted.values():
        groups.setdefault(tuple(row.values[n] for n in names), []).append((row.values, row))
    for name, group in groups.items():
        if None not in name and any(row is not None for _, row in group):
            yield from _overlapping(group)


def _overlapping(
    group: Sequence[tuple[Mapping[str, Any], TableRow | None]],
) -> Iterable[tuple[TableRow, Mapping[str, Any]]]:
    for (one, first), (two, second) in itertools.combinations(group, 2):
        row, other = (second, one) if second is not None else (first, two)
        apart = (one["valid_to"] or 99991231) < (two["valid_from"] or 0) or (
            two["valid_to"] or 99991231
        ) < (one["valid_from"] or 0)
        if row is not None and not apart:
            yield row, other


def _days(values: Mapping[str, Any]) -> str:
    def shown(number: int | None, other: str) -> str:
        return other if number is None else str(number_date(number))

    return f"{shown(values['valid_from'], 'ever')} to {shown(values['valid_to'], 'ever')}"


def _text(values: Mapping[str, Value], name: str) -> str | None:
    value = values[name]
    return None if value is None else str(value)


def _plain_decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_VALID = (Column("valid_from", "day"), Column("valid_to", "day"))
_BASIS = Column("basis", required=True, words=BASES)

SOURCES = Form(
    ERROR_SOURCE,
    "source",
    "error sources",
    (
        Column("source", required=True),
        Column("method"),
        Column("kind", required=True, words=KINDS),
        _BASIS,
        Column("relative_sd", "positive"),
        Column("relative_percent", "positive"),
        Column("absolute_sd_kg", "positive"),
        Column("quoted_as"),
        Column("one_error_per", words=("result", "batch", "item", "stratum")),
        Column("closing_epoch", words=("new", "old")),
        *_VALID,
        Column("reference"),
    ),
    _convert_source,
    _check_sources,
    {"name": "source", "source_id": "source", "quantity": "basis"},
)
STRATA = Form(
    STRATUM_METHOD,
    "stratum",
    "strata and their methods",
    (
        Column("mba", required=True),
        Column("stratum", required=True),
        Column("rank", "whole", required=True),
        Column("codes", "list"),
        Column("kmps", "list"),
        Column("mdc"),
        Column("batches", "list"),
        Column("element_sources", "list"),
        Column("isotope_sources", "list"),
        Column("samples", "whole"),
        Column("analyses", "whole"),
        Column("items_only", "flag"),
        *_VALID,
    ),
    _convert_stratum,
    _check_strata,
    {"name": "stratum", "sources": "element_sources"},
)
RESULTS = Form(
    MEASUREMENT_RESULT,
    "result",
    "measurement results",
    (
        Column("result", required=True),
        Column("mba", required=True),
        Column("batch", required=True),
        Column("method", required=True),
        _BASIS,
        Column("instrument"),
        Column("measured_on", "day", required=True),
        Column("value", "not negative", required=True),
        Column("unit", required=True, words=UNITS),
        Column("replicates", "whole"),
        Column("source_document"),
    ),
    check_units,
    _check_results,
    {"quantity": "basis", "date": "measured_on", "document": "source_document"},
)
CALIBRATIONS = Form(
    CALIBRATION,
    "calibration",
    "calibrations",
    (
        Column("method", required=True),
        Column("instrument"),
        Column("calibrated_on", "day", required=True),
        Column("standard"),
        Column("certificate"),
    ),
    _nothing,
    _check_methods_and("calibrated_on"),
    {"date": "calibrated_on"},
)
CONTROLS = Form(
    CONTROL_MEASUREMENT,
    "control",
    "control measurements",
    (
        Column("series", required=True),
        Column("kind", required=True, words=("standard", "replicate", "paired")),
        Column("method", required=True),
        Column("instrument"),
        Column("session"),
        Column("item"),
        Column("measured_on", "day", required=True),
        Column("measured", "amount", required=True),
        Column("reference", "amount"),
        Column("unit", required=True),
    ),
    _convert_control,
    _check_methods_and("measured_on"),
    {
        "operator": "measured",
        "inspector": "reference",
        "certified": "reference",
        "date": "measured_on",
    },
)
TARGETS = Form(
    TARGET_VALUE,
    "target",
    "target values",
    (
        Column("edition", required=True),
        Column("method", required=True),
        Column("material", required=True),
        _BASIS,
        Column("random_percent", "positive"),
        Column("systematic_percent", "positive"),
        Column("conditions"),
        Column("verified", "flag"),
        Column("origin"),
    ),
    _convert_target,
    _check_targets,
    {
        "method_code": "method",
        "quantity": "basis",
        "u_r": "random_percent",
        "u_s": "systematic_percent",
    },
)
FORMS = {
    "sources": SOURCES,
    "strata": STRATA,
    "results": RESULTS,
    "calibrations": CALIBRATIONS,
    "controls": CONTROLS,
    "targets": TARGETS,
}
"""The forms by the word that people use for them."""
