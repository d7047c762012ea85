"""Comparing the error sources in force with target values of measurement uncertainty.

Target values (the International Target Values, STR-368, and tables of the same kind) say what
random and systematic uncertainty, one sigma, a method should reach under normal conditions. The
comparison never guesses: a method without a value is a finding, and so is every value that nobody
has checked against the official table.

Source: International Target Values for Measurement Uncertainties in Safeguarding Nuclear
Materials, IAEA STR-368 (editions 2010 and 2022): purpose and form, not the numbers.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.accounts.model import NOW, Knowledge
from keiryo.errors import Finding, NotFoundError, Severity, UsageError
from keiryo.measurement.in_force import error_sources, target_values
from keiryo.measurement.model import ErrorSource, TargetValue

_BASIS = "IAEA STR-368, International Target Values"


@dataclass(frozen=True, slots=True)
class ComparedMethod:
    """The sources of a method beside a target value; all in per cent, one sigma.

    Attributes
    ----------
    method, basis : str
    material : str or None
        Of the target value; None if there is none.
    random_percent, systematic_percent : float
        All random, and all systematic (epoch and long) sources together.
    target_random_percent, target_systematic_percent : float or None
    verified : bool or None
    meets : bool or None
        Whether neither exceeds its target; None if there is none.
    sources : tuple of str
    """

    method: str
    basis: str
    material: str | None
    random_percent: float
    systematic_percent: float
    target_random_percent: float | None
    target_systematic_percent: float | None
    verified: bool | None
    meets: bool | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetComparison:
    """All methods of the sources in force beside the target values of an edition."""

    edition: str
    on: datetime.date
    methods: tuple[ComparedMethod, ...]
    findings: tuple[Finding, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        return {
            "edition": self.edition,
            "on": self.on.isoformat(),
            "methods": [asdict(method) for method in self.methods],
        }


def compare_targets(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    edition: str | None = None,
    material: str | None = None,
    knowledge: Knowledge = NOW,
) -> TargetComparison:
    """Compare the error sources valid on a day with the target values of an edition.

    Parameters
    ----------
    connection, metadata
    on : datetime.date
    edition : str, optional
        Default: the only one there is.
    material : str, optional
        Only the target values of this material.
    knowledge : Knowledge

    Raises
    ------
    NotFoundError
        If there are no such target values.
    UsageError
        If there are several editions and none is named.
    """
    targets = target_values(connection, metadata, knowledge, edition=edition)
    editions = sorted({t.edition for t in targets})
    if not editions:
        raise NotFoundError(
            "no target values are in force" + (f" of the edition {edition!r}" if edition else ""),
            "Import a table with 'keiryo measurements targets import FILE'.",
        )
    if len(editions) > 1:
        raise UsageError(
            f"there are several editions: {', '.join(editions)}", "Name one with --edition."
        )
    sources = error_sources(connection, metadata, knowledge, on=on)
    grouped: dict[tuple[str, str], list[ErrorSource]] = {}
    findings = []
    for source in (s for dated in sources.values() for s in dated):
        if source.method is not None and source.relative_sd is not None:
            grouped.setdefault((source.method, source.basis), []).append(source)
            if source.absolute_sd_kg is not None:
                findings.append(_part_not_compared(source))
        else:
            findings.append(_not_compared(source))
    compared: list[ComparedMethod] = []
    for (method, basis), group in sorted(grouped.items()):
        fitting = [
            t
            for t in targets
            if t.method == method
            and t.basis == basis
            and (material is None or t.material.casefold() in (material.casefold(), "any"))
        ]
        rows = [_compared(method, basis, group, t) for t in fitting]
        compared += rows or [_compared(method, basis, group, None)]
    findings += _findings(editions[0], compared)
    return TargetComparison(editions[0], on, tuple(compared), tuple(findings))


def _compared(
    method: str, basis: str, group: Sequence[ErrorSource], target: TargetValue | None
) -> ComparedMethod:
    random = _together(s for s in group if s.kind == "random")
    systematic = _together(s for s in group if s.kind != "random")
    limits = (None, None) if target is None else (target.random_percent, target.systematic_percent)
    meets = None
    if target is not None:
        pairs = zip((random, systematic), limits, strict=True)
        meets = all(limit is None or value <= limit * (1 + 1e-12) for value, limit in pairs)
    return ComparedMethod(
        method, basis, None if target is None else target.material, random, systematic, *limits,
        None if target is None else target.verified, meets,
        tuple(sorted(s.source for s in group)),
    )  # fmt: skip


def _together(sources: Iterable[ErrorSource]) -> float:
    return 100 * math.hypot(*(s.relative_sd or 0.0 for s in sources))


def _findings(edition: str, compared: Sequence[ComparedMethod]) -> Iterable[Finding]:
    for row in compared:
        name = f"{row.method} ({row.basis})"
        if row.meets is None:
            yield Finding(
                "TARGET-MISSING",
                Severity.INCONSISTENCY,
                f"{edition} as imported has no target value for {name}",
                "Import the value, or spell the method and basis as the table does; nothing is "
                "assumed in its place.",
                found=row.method,
                basis=_BASIS,
            )
            continue
        if not row.verified:
            yield Finding(
                "TARGET-UNVERIFIED",
                Severity.WARNING,
                f"the target value of {name}, {row.material}, was not checked against {edition}",
                "Copy it from the official table, let a second person check it, and import it "
                "with verified = yes.",
                found=row.method,
                basis=_BASIS,
            )
        if not row.meets:
            yield Finding(
                "TARGET-EXCEEDED",
                Severity.WARNING,
                f"{name} has {row.random_percent:.3g} % random and {row.systematic_percent:.3g} % "
                f"systematic uncertainty; the target for {row.material} is "
                f"{_percent(row.target_random_percent)} and "
                f"{_percent(row.target_systematic_percent)}",
                "Improve the method, or say why it cannot reach the target.",
                found=f"{row.random_percent:.6g}/{row.systematic_percent:.6g}",
                expected=f"{row.target_random_percent}/{row.target_systematic_percent}",
                basis=_BASIS,
            )


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g} %"


def _part_not_compared(source: ErrorSource) -> Finding:
    return Finding(
        "TARGET-NOT-COMPARED",
        Severity.INFORMATION,
        f"the absolute part of {source.source}, {source.absolute_sd_kg:.4g} kg, is not compared; "
        "its relative part is",
        "Target values are relative: add what the absolute part is of a usual amount, and compare "
        "that by hand.",
        found=source.source,
        basis=_BASIS,
    )


def _not_compared(source: ErrorSource) -> Finding:
    lacking = "names no method" if source.method is None else "has no relative standard deviation"
    return Finding(
        "TARGET-NOT-COMPARED",
        Severity.INFORMATION,
        f"the error source {source.source} {lacking}, so it is not compared",
        "Target values are relative and by method; name the method if there is one.",
        found=source.source,
        basis=_BASIS,
    )
