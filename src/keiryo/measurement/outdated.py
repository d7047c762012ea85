"""Estimates that no longer stand on their measurements.

An error source that was estimated names, in its reference, the series and the acts of its control
measurements. If one of those is withdrawn afterwards, the standard deviation in force still
contains it: the estimate has to be made again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.model import NOW, Knowledge
from keiryo.errors import Finding, Severity
from keiryo.measurement.in_force import CONTROL_FIELDS, control_history, error_sources
from keiryo.measurement.model import ErrorSource
from keiryo.measurement.tables import ERROR_SOURCE

SERIES = re.compile(r'series "([^"]+)"(?: \(acts ([0-9, ]+)\))?')
"""How the reference of an error source names control measurements."""


@dataclass(frozen=True, slots=True)
class OutdatedEstimate:
    """An error source of which control measurements were withdrawn after it was estimated.

    Attributes
    ----------
    source : ErrorSource
        As it is in force.
    series : str
    used, withdrawn : int
        Measurements that it was estimated from, and how many of them are in force no more.
    by : tuple of int
        The acts that withdrew them.
    """

    source: ErrorSource
    series: str
    used: int
    withdrawn: int
    by: tuple[int, ...]

    @property
    def words(self) -> str:
        """What became of its measurements."""
        acts = ", ".join(str(number) for number in self.by)
        return (
            f"{self.withdrawn} of {self.used} measurements of {self.series} withdrawn since "
            f"(act{'' if len(self.by) == 1 else 's'} {acts})"
        )


def outdated_estimates(
    connection: Connection, metadata: MetaData, knowledge: Knowledge = NOW
) -> tuple[Finding, ...]:
    """Return a finding for each error source in force whose control measurements were withdrawn.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    knowledge : Knowledge
        From when it is seen.
    """
    return tuple(
        Finding(
            "ESTIMATE-OUTDATED",
            Severity.WARNING,
            f"the error source {found.source.source} stands on measurements that are no longer in "
            f"force: {found.words}",
            f"Estimate it again: keiryo measurements estimate {found.series!r} --record "
            f"{found.source.source}. Or import a value that has another reference.",
            found=found.source.source,
            basis="Choice of keiryo",
        )
        for found in without_their_measurements(connection, metadata, knowledge)
    )


def without_their_measurements(
    connection: Connection, metadata: MetaData, knowledge: Knowledge = NOW
) -> Iterator[OutdatedEstimate]:
    """Yield the error sources in force whose control measurements were withdrawn."""
    histories: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    for source in (s for d in error_sources(connection, metadata, knowledge).values() for s in d):
        for match in SERIES.finditer(source.reference or ""):
            series = match[1]
            if series not in histories:
                histories[series] = control_history(connection, metadata, knowledge, series=series)
            now, gone = histories[series]
            if not gone:
                continue
            used = measurements_of(connection, metadata, source.source, source.reference, match)
            missing = Counter(map(_values, used)) - Counter(map(_values, now))
            if missing.total():
                places = {(row["act_id"], row["line_no"]) for row in used}
                acts = {
                    int(row["withdrawn_by"])
                    for row in gone
                    if (row["act_id"], row["line_no"]) in places
                }
                yield OutdatedEstimate(
                    source, series, len(used), missing.total(), tuple(sorted(acts))
                )


def measurements_of(
    connection: Connection,
    metadata: MetaData,
    source: str,
    reference: str | None,
    match: re.Match[str],
) -> list[dict[str, Any]]:
    """Return the control measurements that a source was estimated from, as known then.

    Parameters
    ----------
    source, reference : str
        Name and reference of a line of the source. The line may repeat an earlier one, e.g.
        because it got an end: the first one with this reference is the estimate.
    match : re.Match
        Of `SERIES`, in the reference.
    """
    table = metadata.tables[ERROR_SOURCE.name]
    query = select(func.min(table.c.act_id)).where(
        table.c.source == source, table.c.reference == reference
    )
    estimated = connection.execute(query).scalar()
    then = Knowledge(through_act=estimated)
    acts = {int(number) for number in re.findall(r"\d+", match[2] or "")}
    lines, _ = control_history(connection, metadata, then, series=match[1])
    return [row for row in lines if not acts or row["act_id"] in acts]


def _values(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in CONTROL_FIELDS)
