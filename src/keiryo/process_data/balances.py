"""Closed balances of a process, out of a folder of data and a file of error sources.

The folder holds `locations.csv`, and the flows and inventories as CSV, gzipped CSV, Parquet or MAT
files. Everything that is wrong with them is a finding; all findings are made in one reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keiryo.errors import Finding, Severity, UsageError
from keiryo.material_balance.error_variables import MAX_BALANCES, ErrorVariables
from keiryo.process_data import coverage
from keiryo.process_data.error_sources import Source, read_sources
from keiryo.process_data.files import Block, blocks_of, digest_of, file_of
from keiryo.process_data.hours import Closings, Floats, closings_every
from keiryo.process_data.inventories import Closed, close_balances, readings_at_closings
from keiryo.process_data.locations import NAME, Location, read_locations
from keiryo.process_data.mat_files import mat_files, read_mat
from keiryo.process_data.notes import Notes
from keiryo.process_data.regular_files import trouble_with
from keiryo.process_data.sensitivities import Measured, error_variables
from keiryo.process_data.series import Reader, Series
from keiryo.process_data.transfers import sum_transfers


@dataclass(frozen=True, slots=True)
class ProcessBalances:
    """The closed balances of a process, and the errors of their measurements.

    Attributes
    ----------
    period_h : float
    closings_h : array of float, shape (P + 1,)
        T_0 to T_P.
    muf_kg, active_inventory_kg, inputs_kg, outputs_kg : array of float, shape (P,)
    inventory_kg : array of float, shape (P + 1,)
        Content of the whole plant at the closings.
    errors : ErrorVariables or None
        None if the data were rejected.
    locations : tuple of Location
    sources : tuple of Source
    measured : Measured or None
        The sums behind the balances, by location.
    findings : tuple of Finding
    inputs : mapping
        SHA-256 digest of every file read, by name.
    """

    period_h: float
    closings_h: Floats
    muf_kg: Floats
    active_inventory_kg: Floats
    inputs_kg: Floats
    outputs_kg: Floats
    inventory_kg: Floats
    errors: ErrorVariables | None
    locations: tuple[Location, ...]
    sources: tuple[Source, ...]
    measured: Measured | None
    findings: tuple[Finding, ...]
    inputs: Mapping[str, str]

    @property
    def rejected(self) -> bool:
        """Whether the data could not be evaluated."""
        return any(f.severity is Severity.FORMAT for f in self.findings)

    @property
    def balances(self) -> int:
        """Number of closed balances, P."""
        return int(self.muf_kg.size)


def read_process(
    folder: Path, sources_file: Path, period_h: float | str, *, tolerance_h: float = 0.0
) -> ProcessBalances:
    """Read process data and close their balances.

    Parameters
    ----------
    folder : Path
        Holds locations.csv, flows and inventories.
    sources_file : Path
        Error sources as TOML.
    period_h : float or str
        Hours from one closing to the next; closings lie at its whole multiples.
    tolerance_h : float
        How far from a closing an inventory reading may lie.

    Raises
    ------
    UsageError
        If the period or the tolerance makes no sense, or the folder does not exist.
    """
    closings = closings_every(period_h)
    if not 0 <= tolerance_h < closings.period_h / 2:
        raise UsageError(
            f"a tolerance of {tolerance_h:g} hours makes no sense",
            "It is not negative, and less than half the period.",
        )
    if not folder.is_dir():
        file = folder.is_file()
        raise UsageError(
            f"{folder} is a file and not a folder" if file else f"there is no folder {folder}",
            "Give the folder that holds locations.csv, flows and inventories with --process.",
        )
    notes = Notes()
    locations = read_locations(folder, notes)
    named = not notes.rejected
    sources = read_sources(sources_file, locations, notes)
    data = _data(folder, locations, notes, named=named)
    measured = None
    if data is not None and data.sound and named:
        measured = _measured(data, locations, closings, tolerance_h, sources, notes)
    errors = None
    if measured is not None and data is not None:
        coverage.tell_outside(measured, data.flows, notes)
        coverage.tell_rates(measured, data.flows.file, closings.period_h, notes)
        if not notes.rejected:
            coverage.tell_sources(measured, sources, sources_file.name, notes)
            errors = error_variables(measured, sources)
    inputs = _digests(folder, sources_file)
    return _balances(
        closings, None if notes.rejected else measured, errors, locations, sources, notes, inputs
    )


@dataclass(frozen=True, slots=True)
class _Data:
    """The two series of a folder; sound if nothing in them must be put right."""

    flows: Series
    inventories: Series
    sound: bool


def _data(
    folder: Path, locations: Sequence[Location], notes: Notes, *, named: bool
) -> _Data | None:
    """Return the series of a folder, checked; None without locations.

    Of what cannot be read right nothing more is told: neither what lies in no balance nor what
    lacks a reading, while a value is not understood. `named` says that all locations are.
    """
    if not locations:
        return None
    before = notes.fatal
    numbers = {place.name: n for n, place in enumerate(locations)}
    mats = mat_files(folder)
    if mats:
        found = read_mat(mats, locations, notes)
        readers = [(found.file, _blocks(found.flows)), (found.file, _blocks(found.inventories))]
    else:
        readers = []
        for what, needed in (("flows", True), ("inventories", _has_inventory(locations))):
            path = file_of(folder, what, notes, needed=needed)
            readers.append((what, _nothing) if path is None else (path.name, _file(path, numbers)))
    flows = Series(*readers[0], locations, flows=True)
    inventories = Series(*readers[1], locations, flows=False)
    if readers[0][1] is not _nothing:  # that there is no file has been said
        flows.check(notes)
    if notes.fatal == before and named:
        coverage.tell_silent(flows, locations, notes)
    if readers[1][1] is not _nothing:
        inventories.check(notes)
    sound = notes.fatal == before
    if named and not _has_inventory(locations):
        notes.remark(
            "PROCESS-INVENTORY-NONE", "locations.csv names no inventory",
            "The plant counts as empty at every closing.", file=NAME,
        )  # fmt: skip
    return _Data(flows, inventories, sound)


def _has_inventory(locations: Sequence[Location]) -> bool:
    return any(not place.is_flow for place in locations)


def _blocks(blocks: Sequence[Block]) -> Reader:
    def read(notes: Notes) -> Iterator[Block]:
        del notes
        return iter(blocks)

    return read


_nothing = _blocks(())


def _file(path: Path, numbers: dict[str, int]) -> Reader:
    def read(notes: Notes) -> Iterator[Block]:
        return blocks_of(path, numbers, notes)

    return read


def _measured(
    data: _Data,
    locations: tuple[Location, ...],
    closings: Closings,
    tolerance_h: float,
    sources: Sequence[Source],
    notes: Notes,
) -> Measured | None:
    last_hour = max(data.flows.last_hour, data.inventories.last_hour)
    before = notes.fatal
    steps_h = coverage.steps_of_rates(data.flows, locations, notes)
    if notes.fatal > before or not np.isfinite(last_hour):
        return None
    last = max(
        closings.last(hour)
        for hour in (data.flows.last_hour, data.inventories.last_hour + tolerance_h)
        if np.isfinite(hour)
    )
    if last < 1:
        notes.form(
            "PROCESS-PERIOD-LONG",
            f"the period of {closings.period_h:g} h is longer than the data, which end at hour "
            f"{last_hour:g}", "Choose a shorter --period: no balance can be closed.",
            file=data.flows.file,
        )  # fmt: skip
        return None
    if last > MAX_BALANCES:
        notes.form(
            "PROCESS-BALANCES-MANY",
            f"{last} balances of {closings.period_h:g} h are more than {MAX_BALANCES}",
            "Choose a longer --period, or evaluate a part of the campaign.", file=data.flows.file,
        )  # fmt: skip
        return None
    closed = _closed(data, locations, closings, last, tolerance_h, notes)
    if closed is None:
        return None
    transfers = sum_transfers(
        data.flows, locations, closed.hours, sources, np.unique(closed.read_at), steps_h
    )
    return Measured(locations, closed, transfers)


def _closed(
    data: _Data,
    locations: Sequence[Location],
    closings: Closings,
    last: int,
    tolerance_h: float,
    notes: Notes,
) -> Closed | None:
    if not _has_inventory(locations):
        hours = closings.hours(np.arange(last + 1))
        none = np.zeros((0, hours.size))
        return Closed(hours, np.zeros(0, dtype=np.intp), none, none)
    readings = readings_at_closings(data.inventories, closings, tolerance_h)
    file = data.inventories.file
    return close_balances(readings, locations, closings, last, file, notes)


def _digests(folder: Path, sources_file: Path) -> dict[str, str]:
    names = [folder / NAME, *mat_files(folder)]  # those that cannot be read are findings
    scratch = Notes()
    names += [
        path
        for what in ("flows", "inventories")
        if (path := file_of(folder, what, scratch, needed=False)) is not None
    ]
    found = {}
    for path in (*names, sources_file):
        if trouble_with(path) is None:
            with suppress(OSError):
                found[path.name] = digest_of(path)
    return found


def _balances(
    closings: Closings,
    measured: Measured | None,
    errors: ErrorVariables | None,
    locations: tuple[Location, ...],
    sources: tuple[Source, ...],
    notes: Notes,
    inputs: Mapping[str, str],
) -> ProcessBalances:
    if measured is None:
        none = np.zeros(0)
        return ProcessBalances(
            closings.period_h, none, none, none, none, none, none, None, locations, sources, None,
            notes.all(), inputs,
        )  # fmt: skip
    total = measured.transfers.total_kg(len(locations), measured.balances)
    sign = np.array([place.sign for place in locations])
    put_in, taken_out = total[sign > 0].sum(axis=0), total[sign < 0].sum(axis=0)
    content = measured.closed.kg.sum(axis=0)
    return ProcessBalances(
        closings.period_h,
        measured.closed.hours,
        content[:-1] + put_in - taken_out - content[1:],
        content[:-1] + content[1:] + put_in + taken_out,
        put_in,
        taken_out,
        content,
        errors,
        locations,
        sources,
        measured,
        notes.all(),
        inputs,
    )
