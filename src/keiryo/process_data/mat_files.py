"""MAT files (MATLAB level 5) of process data, as the toolkit MAPIT takes them in.

Accepted layout: the structs ``in``, ``invn`` and ``outn``, each with one element per location
and the fields ``data`` and ``time`` (struct arrays, or one struct of two cell arrays): the
amounts or rates in kg and the hours at which they hold, both of the same length. They lie in one
file or in several in the folder. ``data`` with several columns holds several elements; the first
column is read, and the others must be zero. The locations take their names from
`locations.csv`: the first input there is the first element of ``in``, and so on.

Files of version 7.3 (HDF5) are not read: save them with ``save(..., '-v7')``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.process_data.files import Block
from keiryo.process_data.locations import Location, Role
from keiryo.process_data.notes import Notes
from keiryo.process_data.regular_files import trouble_with

_STRUCTS = {"in": Role.INPUT, "invn": Role.INVENTORY, "outn": Role.OUTPUT}
_ADVICE = "A MAT file holds the structs in, invn and outn with the fields data and time."
_HDF5 = b"\x89HDF"


@dataclass(frozen=True, slots=True)
class MatData:
    """The flows and the inventories of a folder of MAT files."""

    flows: tuple[Block, ...]
    inventories: tuple[Block, ...]
    file: str


def mat_files(folder: Path) -> list[Path]:
    """Return the MAT files of a folder."""
    return sorted(folder.glob("*.mat")) if folder.is_dir() else []


def read_mat(paths: Sequence[Path], locations: Sequence[Location], notes: Notes) -> MatData:
    """Return what MAT files hold; what is wrong goes to `notes`."""
    structs: dict[str, tuple[Any, str]] = {}
    for path in paths:
        for name, value in _loaded(path, notes).items():
            if name in structs:
                notes.form(
                    "PROCESS-FILE-TWICE", f"{name!r} is in {structs[name][1]} and in {path.name}",
                    "Keep one of them in the folder.", file=path.name,
                )  # fmt: skip
            structs[name] = (value, path.name)
    blocks: dict[Role, list[Block]] = {role: [] for role in Role}
    for name, role in _STRUCTS.items():
        wanted = [n for n, place in enumerate(locations) if place.role is role]
        if name in structs:
            value, file = structs[name]
            names = [locations[n].label for n in wanted]
            blocks[role] = _series(name, value, file, wanted, names, notes)
        elif wanted:
            notes.form(
                "PROCESS-MAT-LAYOUT", f"no MAT file holds the struct {name!r}", _ADVICE,
                file=paths[0].name,
            )  # fmt: skip
    flows = (*blocks[Role.INPUT], *blocks[Role.OUTPUT])
    return MatData(flows, tuple(blocks[Role.INVENTORY]), ", ".join(path.name for path in paths))


def _loaded(path: Path, notes: Notes) -> dict[str, Any]:
    from scipy.io import loadmat

    if trouble := trouble_with(path):
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{path.name} {trouble}",
            "Put the MAT file itself there, or take this out of the folder.", file=path.name,
        )  # fmt: skip
        return {}
    with path.open("rb") as stream:
        head = stream.read(128)
    if head.startswith(_HDF5) or b"MATLAB 7.3" in head:
        notes.form(
            "PROCESS-MAT-VERSION", f"{path.name} is a MAT file of version 7.3 (HDF5)",
            "Save it in MATLAB with save(file, '-v7'), or write CSV or Parquet.", file=path.name,
        )  # fmt: skip
        return {}
    try:
        found = loadmat(str(path), variable_names=list(_STRUCTS))
    except Exception:  # the reader raises whatever a broken file makes of it
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{path.name} cannot be read as a MAT file: it is damaged",
            "Save it again with save(file, '-v7').", file=path.name,
        )  # fmt: skip
        return {}
    return {name: value for name, value in found.items() if name in _STRUCTS}


def _series(
    name: str, value: Any, file: str, numbers: list[int], names: list[str], notes: Notes
) -> list[Block]:
    fields = getattr(value.dtype, "names", None) or ()
    if not {"data", "time"} <= set(fields):
        notes.form(
            "PROCESS-MAT-LAYOUT", f"{name!r} is no struct with the fields data and time", _ADVICE,
            file=file,
        )  # fmt: skip
        return []
    data, time = _cells(value["data"]), _cells(value["time"])
    if len(data) != len(numbers) or len(time) != len(numbers):
        notes.form(
            "PROCESS-MAT-LAYOUT",
            f"{name!r} holds {len(data)} series and locations.csv names {len(numbers)}",
            "Name in locations.csv every element of the struct, in its order.", file=file,
        )  # fmt: skip
        return []
    found = []
    for at, (amounts, hours) in enumerate(zip(data, time, strict=True)):
        place = f"{name}({at + 1}), {names[at]}"
        block = _block(amounts, hours, numbers[at], place, file, notes)
        if block is not None:
            found.append(block)
    return found


def _cells(field: Any) -> list[Any]:
    """Return the arrays of a struct field: of a struct array, or of one struct of cell arrays."""
    found = list(field.ravel())
    if len(found) == 1 and isinstance(found[0], np.ndarray) and found[0].dtype.hasobject:
        return list(found[0].ravel())
    return found


def _block(
    amounts: Any, hours: Any, number: int, place: str, file: str, notes: Notes
) -> Block | None:
    try:
        values = np.atleast_2d(np.asarray(amounts, dtype=np.float64))
        hour = np.asarray(hours, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        values, hour = np.zeros((0, 0)), np.zeros(0)
    if values.shape[0] != hour.size:
        values = values.T
    if values.shape[0] != hour.size or not hour.size:
        notes.form(
            "PROCESS-MAT-LAYOUT", f"{place}: data and time are not of the same length", _ADVICE,
            file=file,
        )  # fmt: skip
        return None
    if values.shape[1] > 1 and np.any(values[:, 1:]):
        notes.form(
            "PROCESS-MAT-LAYOUT", f"{place}: data hold {values.shape[1]} elements",
            "Balance one element at a time: leave only its column.", file=file,
        )  # fmt: skip
        return None
    kg = values[:, 0]
    good = np.isfinite(kg) & np.isfinite(hour)
    for at in np.flatnonzero(~good):
        notes.form(
            "PROCESS-VALUE-NO-NUMBER", f"{place}: row {at + 1} is not a finite number",
            "What was not measured is left out.", file=file, line=int(at) + 1,
        )  # fmt: skip
    line = np.flatnonzero(good).astype(np.int64) + 1
    return Block(hour[good], np.full(line.size, number, dtype=np.intp), kg[good], line)
