"""An estimate becomes an error source: by an act, with the way back to its measurements.

The reference of the source names the series and the acts that recorded its measurements; that is
what `keiryo why` follows. If the source is valid from a day on and an earlier line of it has no
end, that line ends the day before. What the estimate does not tell of a source that exists (its
other standard deviation, what shares one error, closing days) stays as it is.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

from keiryo.accounts.model import NOW
from keiryo.dates import previous_day
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.measurement.in_force import error_sources
from keiryo.measurement.intake import Imported, lines_in_force, record_rows, table_rows
from keiryo.measurement.series import BASIS, SeriesEstimate
from keiryo.storage.engine import Database

COMPONENTS = {"random": "random", "systematic": "epoch", "correction": "long"}
"""What can be recorded, and which kind of source it becomes."""

_IN_KG = {"kg": 1.0, "g": 0.001}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What part of an estimate becomes which error source.

    Attributes
    ----------
    source : str
        Name of the source.
    component : str
        ``random``, ``systematic`` or ``correction`` (of a bias; stays as a long-term error).
    instrument_of : str or None
        Of pairs: ``operator``, ``inspector`` or ``difference``.
    basis : str or None
        Quantity; default: that of the sources of the method, if they agree.
    one_error_per : str or None
        Of a random source.
    valid_from : datetime.date or None
    """

    source: str
    component: str = "random"
    instrument_of: str | None = None
    basis: str | None = None
    one_error_per: str | None = None
    valid_from: datetime.date | None = None


def record_estimate(
    database: Database,
    actor: Actor,
    estimate: SeriesEstimate,
    wanted: Wanted,
    *,
    clock: Clock = system_clock,
) -> Imported:
    """Record a part of an estimate as an error source.

    Raises
    ------
    UsageError
        If it is not said what is to be recorded, or the series cannot tell it.
    RefusedError
        If the variance came out negative or zero, or the source would be said twice.
    """
    sd, words = _standard_deviation(estimate, wanted)
    if not sd > 0:
        raise RefusedError(
            "there is nothing to record as an error source", [_nothing_found(estimate, sd, words)]
        )
    acts = ", ".join(str(number) for number in estimate.acts)
    row: dict[str, str | None] = {
        "source": wanted.source,
        "method": estimate.method,
        "kind": COMPONENTS[wanted.component],
        "one_error_per": wanted.one_error_per if wanted.component == "random" else None,
        "reference": f'estimated from series "{estimate.series}" (acts {acts}): {words}, '
        f"{estimate.count} measurements in {estimate.sessions} sessions",
        "valid_from": None if wanted.valid_from is None else wanted.valid_from.isoformat(),
    }
    if estimate.relative:
        row["relative_sd"] = _decimal(sd)
    elif estimate.unit in _IN_KG:
        row["absolute_sd_kg"] = _decimal(sd * _IN_KG[estimate.unit])
    else:
        raise UsageError(
            f"an absolute standard deviation in {estimate.unit} cannot be an error source",
            "Sources are relative, or absolute in kg: estimate relative errors, or measure in kg.",
        )
    with database.reading() as connection:
        known = error_sources(connection, database.metadata, NOW)
        lines = table_rows(lines_in_force(connection, database.metadata, "sources"), "sources")
    lines = [line for line in lines if line["source"] == wanted.source]
    ended = [_ended(line, wanted) for line in lines if _goes_on(line, wanted)]
    earlier = next((n for n in lines if n["valid_from"] == row["valid_from"]), None)
    if earlier is None:
        earlier = next((line for line in lines if _goes_on(line, wanted)), None)
    row["basis"] = wanted.basis or _basis_of(estimate.method, known)
    if earlier is not None:
        _carry_over(row, earlier, wanted)
    if row["basis"] is None:
        raise UsageError(
            f"it is not known which quantity {estimate.method} measures",
            "Say it: --basis concentration (or mass, volume, enrichment, nda, sampling, other).",
        )
    return record_rows(database, actor, "sources", [*ended, row], clock=clock)


def _carry_over(row: dict[str, str | None], earlier: dict[str, Any], wanted: Wanted) -> None:
    """Fill in what the source says already and the estimate does not tell.

    Raises
    ------
    UsageError
        If the estimate is of another method, or another kind of error.
    """
    for name in ("kind", "method"):
        if earlier[name] not in (None, row[name]):
            raise UsageError(
                f"the error source {wanted.source} is of {name} {earlier[name]}; the estimate "
                f"would make it one of {name} {row[name]}",
                "Record it under another name, or withdraw the source first.",
            )
    row["basis"] = wanted.basis or str(earlier["basis"])
    kept = ["one_error_per"] if row["one_error_per"] is None else []
    kept += ["closing_epoch"]
    kept += ["valid_to"] if earlier["valid_from"] == row["valid_from"] else []
    for name in kept:
        row[name] = earlier[name]
    other = "absolute_sd_kg" if "relative_sd" in row else "relative_sd"
    if earlier[other] is not None:
        row[other] = earlier[other]
        told = f" ({earlier['reference']})" if earlier["reference"] else ""
        words = f"{other} as in line {earlier['act']}/{earlier['line']}"
        if words.partition(" as in ")[0] not in told:
            words += told
        row["reference"] = f"{row['reference']}; {words}"[:1000]


def _nothing_found(estimate: SeriesEstimate, sd: float, words: str) -> Finding:
    equal = estimate.random is not None and estimate.random.variance == 0
    if equal:
        message = f"the measurements of {estimate.series} are all equal within their sessions"
        advice = (
            "Record them with all digits that the instrument shows. If it shows no more, its "
            "resolution is the error: import half a digit, quoted_as rectangular."
        )
    else:
        message = (
            f"the series {estimate.series} does not tell this error: {words}. Its variance came "
            "out negative"
        )
        advice = "Measure more, or import a value from another source with its reference."
    return Finding(
        "ESTIMATE-NEGATIVE",
        Severity.INCONSISTENCY,
        message,
        advice,
        found=f"{sd:.6g}",
        basis=BASIS,
    )


def _standard_deviation(estimate: SeriesEstimate, wanted: Wanted) -> tuple[float, str]:
    if wanted.component not in COMPONENTS:
        raise UsageError(
            f"{wanted.component!r} is no component of an estimate",
            f"Write {', '.join(COMPONENTS)}.",
        )
    if wanted.component == "correction":
        if estimate.bias is None:
            raise UsageError(
                f"the series {estimate.series} tells no bias",
                "Only measurements of standards do.",
            )
        return estimate.bias.correction_sd, "uncertainty of the bias correction"
    if estimate.kind == "paired" and wanted.instrument_of is None:
        raise UsageError(
            "a series of pairs tells the errors of two instruments",
            "Say whose: --of operator, --of inspector, or --of difference for both together.",
        )
    if wanted.instrument_of in ("operator", "inspector"):
        return _of_one_instrument(estimate, wanted)
    of = " of the difference operator - inspector" if estimate.kind == "paired" else ""
    if wanted.component == "systematic":
        if estimate.components is None:
            raise UsageError(
                f"the series {estimate.series} does not tell a systematic error",
                "That needs two sessions or more, with repetitions.",
            )
        return estimate.components.systematic_sd, f"systematic standard deviation{of}"
    if estimate.random is None:
        raise UsageError(
            f"the series {estimate.series} does not tell a random error",
            "That needs two measurements in one session.",
        )
    return math.sqrt(estimate.random.variance), f"random standard deviation{of}"


def _of_one_instrument(estimate: SeriesEstimate, wanted: Wanted) -> tuple[float, str]:
    split = estimate.split
    if split is None or wanted.component != "random":
        raise UsageError(
            f"the series {estimate.series} tells no such error of the {wanted.instrument_of} alone",
            "Pairs of three items or more tell the random error of each side; the systematic "
            "error only that of the difference (--of difference).",
        )
    operator = wanted.instrument_of == "operator"
    variance = split.constrained_first if operator else split.constrained_second
    words = f"random standard deviation of the {wanted.instrument_of} (Grubbs)"
    if not (split.first_estimable and split.second_estimable):
        words += ", constrained estimate"
    return math.sqrt(variance), words


def _basis_of(method: str, known: dict[str, Any]) -> str | None:
    found = {s.basis for dated in known.values() for s in dated if s.method == method}
    return str(found.pop()) if len(found) == 1 else None


def _goes_on(line: dict[str, Any], wanted: Wanted) -> bool:
    """Return whether a line of the source begins earlier and has no end."""
    if wanted.valid_from is None or line["valid_to"]:
        return False
    return line["valid_from"] is None or str(line["valid_from"]) < wanted.valid_from.isoformat()


def _ended(line: dict[str, Any], wanted: Wanted) -> dict[str, str | None]:
    assert wanted.valid_from is not None
    kept = {name: value for name, value in line.items() if name not in ("act", "line")}
    return {**kept, "valid_to": previous_day(wanted.valid_from).isoformat()}


def _decimal(value: float) -> str:
    """Return a standard deviation with six significant digits, without exponent."""
    digits = max(0, 5 - math.floor(math.log10(value)))
    text = f"{value:.{min(digits, 40)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
