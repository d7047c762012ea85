"""Shipments against licences: which licence covers an export, or everything that stands against it.

The day that counts is the day of the export, not of the arrival. A licence gives ceilings; what was
exported under it before is taken off. One shipment line has one result, the first that applies in
the order of `RESULTS`, and names every key that failed, so that all can be put right at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from keiryo.errors import UsageError

DUPLICATE, NO_LICENCE, WRONG_END_USER = "DUPLICATE", "NO-LICENCE", "WRONG-END-USER"
EXPIRED, OVER_CEILING, NO_ASSURANCE = "EXPIRED", "OVER-CEILING", "NO-ASSURANCE"
MATCHED, WITH_EXCESS = "MATCHED", "MATCHED-WITH-EXCESS"
RESULTS = (DUPLICATE, NO_LICENCE, WRONG_END_USER, EXPIRED, OVER_CEILING, NO_ASSURANCE)
"""What can stand against an export; the first that applies is the result."""

IN_FORCE = frozenset({"issued", "amended"})

UNITS: dict[str, tuple[str, Fraction]] = {
    "mg": ("mass", Fraction(1, 1_000_000)),
    "g": ("mass", Fraction(1, 1000)),
    "kg": ("mass", Fraction(1)),
    "t": ("mass", Fraction(1000)),
    "piece": ("count", Fraction(1)),
    "l": ("volume", Fraction(1)),
    "m3": ("volume", Fraction(1000)),
}
"""Units of licences and declarations: what they measure, and how many of its first unit."""


def converted(quantity: Fraction, unit: str, into: str) -> Fraction:
    """Return a quantity in another unit, exactly.

    Raises
    ------
    UsageError
        If a unit is unknown, or the two measure different things.

    Examples
    --------
    >>> converted(Fraction(72), "kg", "g")
    Fraction(72000, 1)
    """
    for name in (unit, into):
        if name not in UNITS:
            raise UsageError(f"there is no unit {name!r} here", f"Known are: {', '.join(UNITS)}.")
    (kind, size), (other, target) = UNITS[unit], UNITS[into]
    if kind != other:
        raise UsageError(
            f"{unit} and {into} measure different things ({kind}, {other})",
            "Have the licence or the declaration put right; nothing is guessed here.",
        )
    return quantity * size / target


@dataclass(frozen=True, slots=True)
class LicenceLine:
    """One line of a licence.

    Attributes
    ----------
    licence : str
        Its number.
    destination, consignee, end_user, entry : str
        State, consignee, end user, entry of the control list.
    ceiling, used : Fraction
        In `unit`.
    unit : str
    valid_from, valid_to : datetime.date
        Both included.
    state : str
        applied, issued, amended, exhausted, expired, suspended or revoked.
    needs_assurance : bool
    tolerance : Fraction
        Share of the ceiling by which it may be exceeded; none by default.
    """

    licence: str
    destination: str
    consignee: str
    end_user: str
    entry: str
    ceiling: Fraction
    used: Fraction
    unit: str
    valid_from: datetime.date
    valid_to: datetime.date
    state: str = "issued"
    needs_assurance: bool = True
    tolerance: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One item line of an export declaration."""

    exporter: str
    declaration: str
    line: int
    destination: str
    consignee: str
    end_user: str
    entry: str
    quantity: Fraction
    unit: str
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Match:
    """What became of an export line.

    Attributes
    ----------
    result : str
    licence : str or None
        The licence that covers it, or that comes nearest.
    failed : tuple of str
        All keys that failed with that licence.
    quantity : Fraction
        In the unit of the licence.
    """

    result: str
    licence: str | None
    failed: tuple[str, ...]
    quantity: Fraction


def matched(
    export: ExportLine,
    licences: Sequence[LicenceLine],
    matched_before: Collection[tuple[str, str, int]] = (),
    assured: bool = True,
) -> Match:
    """Return which licence covers an export line, or what stands against it.

    Parameters
    ----------
    export : ExportLine
    licences : sequence of LicenceLine
    matched_before : collection of (exporter, declaration, line)
    assured : bool
        Whether an assurance covers the label sets and the quantity.

    Notes
    -----
    Where several fit, the one that expires first is taken, then the smaller number; where none
    fits, the one with the fewest failures is named.
    """
    twice = (export.exporter, export.declaration, export.line) in matched_before
    tried = [(one, *_failures(export, one, assured)) for one in licences if _is_about(export, one)]
    if not tried:
        failed = (DUPLICATE, NO_LICENCE) if twice else (NO_LICENCE,)
        return Match(failed[0], None, failed, export.quantity)
    tried.sort(key=lambda one: (len(one[1]), one[0].valid_to, one[0].licence))
    best, failures, quantity = tried[0]
    if twice:
        failures = (DUPLICATE, *failures)
    if failures:
        return Match(failures[0], best.licence, failures, quantity)
    over = best.used + quantity > best.ceiling
    return Match(WITH_EXCESS if over else MATCHED, best.licence, (), quantity)


def _is_about(export: ExportLine, licence: LicenceLine) -> bool:
    return (licence.destination, licence.entry) == (export.destination, export.entry)


def _failures(
    export: ExportLine, licence: LicenceLine, assured: bool
) -> tuple[tuple[str, ...], Fraction]:
    quantity = converted(export.quantity, export.unit, licence.unit)
    parties = (licence.consignee, licence.end_user) == (export.consignee, export.end_user)
    in_force = licence.state in IN_FORCE and licence.valid_from <= export.on <= licence.valid_to
    most = licence.ceiling * (1 + licence.tolerance)
    stands = {
        WRONG_END_USER: not parties,
        EXPIRED: not in_force,
        OVER_CEILING: licence.used + quantity > most,
        NO_ASSURANCE: licence.needs_assurance and not assured,
    }
    return tuple(name for name in RESULTS if stands.get(name)), quantity
