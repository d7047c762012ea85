"""Checks of instruments of an event: on receipt from the lender, and every day before use.

A receipt check has parts that are seen (the box is whole, the accessories are there) and trials:
detections and false alarms, judged by exact bounds (`keiryo.counting.acceptance`). A daily check
has readings and limits: background, net response to the check source relative to its reference,
neutron check, offset of the clock. A reading that is not there is no pass. A tolerance of 20 per
cent for the source and 60 s for the clock are parameters where the sheet of limits is silent; the
first is usual and not taken from a standard that was read.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from keiryo.counting.acceptance import Requirement, daily_checks, judged
from keiryo.errors import Finding
from keiryo.public_events.acts import as_json, at_row, bad_cell, day_table, moment
from keiryo.public_events.sheets import plan_finding

SOURCE_TOLERANCE, CLOCK_S = 0.2, 60.0
RECEIPT_COLUMNS = ("time", "serial", "test", "kind", "limit", "confidence", "events", "trials")
DAILY_COLUMNS = ("time", "serial", "background", "source", "neutron", "clock")
LIMIT_COLUMNS = (
    *("serial", "background_low", "background_high", "source_reference", "source_tolerance"),
    *("neutron_low", "clock_s"),
)
KINDS = ("seen", "detection", "false_alarm", "false_alarm_rate")


@dataclass(frozen=True, slots=True)
class InstrumentCheck:
    """A check of one instrument at one moment.

    Attributes
    ----------
    serial, at : str
        At in UTC.
    passed : bool
        Whether every part was passed.
    parts : tuple of mapping
        Each with ``name`` and ``passed``, readings and limits.
    """

    serial: str
    at: str
    passed: bool
    parts: tuple[Mapping[str, Any], ...]

    @property
    def content(self) -> str:
        """The parts as they are recorded."""
        return as_json(list(self.parts))


def read_receipt(
    name: str, content: bytes, serials: Collection[str]
) -> tuple[list[InstrumentCheck], list[Finding]]:
    """Return the receipt checks of a sheet by instrument, and all that is wrong with it.

    Parameters
    ----------
    name, content
        Columns ``time``, ``serial``, ``test``, ``kind`` (seen, detection, false_alarm or
        false_alarm_rate), ``limit``, ``confidence``, ``events``, ``trials``. Of what is seen,
        ``events`` says how many of ``trials`` were good.
    serials : collection of str
        Instruments that may be in it.
    """
    table = day_table(RECEIPT_COLUMNS, ("time", "serial", "test", "kind", "events", "trials"))
    rows, findings = table.read(name, content)
    parts: dict[str, dict[str, Mapping[str, Any]]] = {}
    last: dict[str, str] = {}
    for row in rows:
        at, problem = moment(row["time"]), None
        part = _receipt_part(row)
        if at is None:
            problem = bad_cell("time: this is no moment with an offset")
        elif row["serial"] not in serials:
            problem = _stranger(row["serial"])
        elif part is None:
            problem = bad_cell("kind, limit, confidence, events and trials do not go together")
        elif row["test"] in parts.get(row["serial"], {}):
            problem = _twice(row["serial"], row["test"])
        if problem is not None or at is None or part is None:
            findings.append(at_row(problem or bad_cell("unreadable"), name, row))
            continue
        parts.setdefault(row["serial"], {})[row["test"]] = part
        last[row["serial"]] = max(at, last.get(row["serial"], at))
    return [
        InstrumentCheck(
            serial,
            last[serial],
            all(one["passed"] is True for one in held.values()),
            tuple(held.values()),
        )
        for serial, held in parts.items()
    ], findings


def _receipt_part(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the verdict of a test; None if its values make no sense."""
    events, trials = number(row["events"]), number(row["trials"])
    if row["kind"] not in KINDS or events is None or trials is None or events != int(events):
        return None
    if not 0 <= events <= 1e9 or not 0 < trials <= 1e9:
        return None
    told = {"name": row["test"], "kind": row["kind"]}
    if row["kind"] != "false_alarm_rate" and (events > trials or trials != int(trials)):
        return None
    if row["kind"] == "seen":
        return {**told, "events": int(events), "trials": trials, "passed": events == trials}
    limit = number(row["limit"])
    confidence = 0.95 if row["confidence"] is None else number(row["confidence"])
    if limit is None or confidence is None or not 0 < confidence < 1 or limit <= 0:
        return None
    if row["kind"] != "false_alarm_rate" and limit >= 1:
        return None
    wanted = Requirement(row["test"], row["kind"], limit, confidence)
    verdict = judged(wanted, int(events), trials)
    return {**told, **verdict.to_dict(), "confidence": confidence}


def read_limits(
    name: str, content: bytes
) -> tuple[dict[str, Mapping[str, float | None]], list[Finding]]:
    """Return the limits of daily checks by serial number, and all that is wrong with the sheet."""
    rows, findings = day_table(LIMIT_COLUMNS, ("serial",)).read(name, content)
    found: dict[str, Mapping[str, float | None]] = {}
    for row in rows:
        values = {one: number(row[one]) for one in LIMIT_COLUMNS[1:]}
        wrong = [one for one in values if row[one] is not None and values[one] is None]
        low, high = values["background_low"], values["background_high"]
        source, tolerance = values["source_reference"], values["source_tolerance"]
        negative = [one for one, value in values.items() if value is not None and value < 0]
        reason = None
        if wrong or negative:
            reason = f"{', '.join([*wrong, *negative])}: no number of 0 or more"
        elif low is not None and high is not None and low > high:
            reason = "the lowest background lies above the highest"
        elif low is None or high is None or not source:
            reason = "background_low, background_high or source_reference is missing or 0"
        elif tolerance is not None and tolerance >= 1:
            reason = "source_tolerance is a fraction below 1, as in 0.2"
        elif row["serial"] in found:
            reason = f"{row['serial'][:40]!r} stands there twice"
        if reason is not None:
            finding = plan_finding("PUBLIC-EVENT-LIMITS", reason, "Correct the sheet of limits.")
            findings.append(at_row(finding, name, row))
            continue
        found[row["serial"]] = values
    return found, findings


def read_daily(
    name: str,
    content: bytes,
    limits: Mapping[str, Mapping[str, float | None]],
    instruments: Mapping[str, Mapping[str, Any]],
) -> tuple[list[InstrumentCheck], list[Finding]]:
    """Return the daily checks of a sheet, and all that is wrong with it.

    Parameters
    ----------
    name, content
        Columns ``time``, ``serial``, ``background`` and ``source`` (with the check source,
        background included; both in counts/s or in the same dose rate), ``neutron`` (counts of
        the neutron check), ``clock`` (seconds ahead of the time signal).
    limits : mapping
        By serial number, as `read_limits` returns them.
    instruments : mapping
        Rows of the plan by serial number; those that see neutrons need a neutron check.
    """
    rows, findings = day_table(DAILY_COLUMNS, ("time", "serial")).read(name, content)
    checks, seen = [], set()
    for row in rows:
        at, problem = moment(row["time"]), None
        readings = {one: number(row[one]) for one in DAILY_COLUMNS[2:]}
        wrong = [one for one, value in readings.items() if row[one] is not None and value is None]
        wrong += [one for one, value in readings.items() if one != "clock" and (value or 0.0) < 0]
        if at is None:
            problem = bad_cell("time: this is no moment with an offset")
        elif row["serial"] not in instruments:
            problem = _stranger(row["serial"])
        elif wrong:
            problem = bad_cell(f"{', '.join(wrong)}: no number of 0 or more")
        elif row["serial"] not in limits:
            words = f"there are no limits for {row['serial'][:40]}"
            problem = plan_finding("PUBLIC-EVENT-LIMITS", words, "Add it to the sheet of limits.")
        elif (row["serial"], at) in seen:
            problem = _twice(row["serial"], row["time"])
        if problem is not None or at is None:
            findings.append(at_row(problem or bad_cell("unreadable"), name, row))
            continue
        seen.add((row["serial"], at))
        neutrons = bool(instruments[row["serial"]]["neutrons"])
        checks.append(_daily(row["serial"], at, readings, limits[row["serial"]], neutrons))
    return checks, findings


def _daily(
    serial: str,
    at: str,
    readings: Mapping[str, float | None],
    limits: Mapping[str, float | None],
    neutrons: bool,
) -> InstrumentCheck:
    background, source = readings["background"], readings["source"]
    reference = limits["source_reference"] or math.nan
    response = None
    if background is not None and source is not None:
        response = (source - background) / reference
    tolerance = limits["source_tolerance"]
    tolerance = SOURCE_TOLERANCE if tolerance is None else tolerance
    clock = CLOCK_S if limits["clock_s"] is None else limits["clock_s"]
    wanted: dict[str, tuple[float | None, float | None]] = {
        "background": (limits["background_low"], limits["background_high"]),
        "source response": (1 - tolerance, 1 + tolerance),
        "clock": (-clock, clock),
    }
    if neutrons:
        low = limits["neutron_low"]
        wanted["neutron check"] = (1.0 if low is None else low, None)
    told = {
        "background": background,
        "source response": response,
        "clock": readings["clock"],
        "neutron check": readings["neutron"],
    }
    parts = [asdict(one) for one in daily_checks(told, wanted)]
    return InstrumentCheck(serial, at, all(one["passed"] is True for one in parts), tuple(parts))


def number(text: object) -> float | None:
    """Return a finite number that somebody wrote; None if it is none."""
    words = str(text)
    if not words.isascii() or "_" in words:
        return None
    try:
        value = float(words)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _stranger(serial: str) -> Finding:
    return plan_finding(
        "PUBLIC-EVENT-CHECK-SERIAL",
        f"the instrument {str(serial)[:40]!r} is not in the plan in force",
        "Compare the number on the instrument with the list; correct the sheet or the plan.",
    )


def _twice(serial: str, what: str) -> Finding:
    return plan_finding(
        "PUBLIC-EVENT-CHECK-TWICE",
        f"{serial[:40]}: {str(what)[:40]} stands there twice or is recorded",
        "Keep one of the rows; a check that was repeated has a moment of its own.",
    )


def twice_finding(serial: str, at: str) -> Finding:
    """Return the finding that a check of an instrument at a moment is recorded already."""
    return _twice(serial, at)
