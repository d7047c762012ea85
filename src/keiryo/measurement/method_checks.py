"""Whether the tables of measurement mean the same methods.

Calibrations, controls, results and sources may come in any order. A method is questioned if
sources are recorded and neither they nor anything else names it; and when sources come, they say
which methods in use they do not cover.
"""

from __future__ import annotations

from sqlalchemy import Connection, MetaData

from keiryo.errors import Severity
from keiryo.measurement.in_force import (
    calibrations,
    control_measurements,
    error_sources,
    measurement_results,
)
from keiryo.measurement.table_files import ReadTable


def check_methods(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    """Warn of methods that nothing else in the books of the State names, once for each."""
    known = _methods_of_sources(connection, metadata)
    if not known:  # the sources are still to come; they will say what they do not cover
        return
    told: set[object] = {*known, *_methods_measured(connection, metadata)}
    for row in table.rows:
        method = row.values["method"]
        if method is not None and method not in told:
            told.add(method)
            table.wrong(
                f"no error source in force belongs to the method {str(method)[:40]!r}",
                "Check the spelling, or import the error sources of the method.",
                row, "method", code="METHOD-UNKNOWN", severity=Severity.WARNING,
                found=str(method)[:40],
            )  # fmt: skip


def check_methods_covered(connection: Connection, metadata: MetaData, table: ReadTable) -> None:
    """Note, with a file of sources, which methods in use no source belongs to."""
    known = _methods_of_sources(connection, metadata)
    known |= {str(row.values["method"]) for row in table.rows}
    lacking = sorted(_methods_measured(connection, metadata) - known)
    if lacking and table.file:
        shown = ", ".join(method[:40] for method in lacking[:10])
        table.wrong(
            f"no error source belongs to the methods {shown}"
            f"{' and others' if len(lacking) > 10 else ''}, which calibrations, controls or "
            "results name",
            "Check their spelling, or import their error sources, too.",
            code="METHOD-UNKNOWN", severity=Severity.INFORMATION, found=shown,
        )  # fmt: skip


def _methods_of_sources(connection: Connection, metadata: MetaData) -> set[str]:
    found = (s for dated in error_sources(connection, metadata).values() for s in dated)
    return {s.method for s in found if s.method is not None}


def _methods_measured(connection: Connection, metadata: MetaData) -> set[str]:
    """Return the methods that calibrations, results and control measurements in force name."""
    return {
        *(c.method for c in calibrations(connection, metadata)),
        *(c.method for c in control_measurements(connection, metadata)),
        *(r.method for r in measurement_results(connection, metadata)),
    }
