"""Values that are not in order of time, sorted: small files in memory, large ones on the disk.

A large file is dealt out into temporary files by stretches of time, each of which is sorted when
it is read: so memory does not grow with the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from keiryo.process_data.files import Block
from keiryo.process_data.hours import Floats

ROWS_IN_MEMORY = 500_000
_ROW = np.dtype([("hour", "f8"), ("location", "i4"), ("kg", "f8"), ("line", "i8")])


class Sorted:
    """Values in order of time, then of location.

    Parameters
    ----------
    blocks : iterable of Block
        In any order.
    rows : int
        How many values there are.
    some_hours : array of float
        Hours of some of them, evenly drawn: where to cut.
    """

    def __init__(self, blocks: Iterable[Block], rows: int, some_hours: Floats) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._whole: Block | None = None
        self._files: Sequence[Path] = ()
        pieces = -(-rows // ROWS_IN_MEMORY)
        if pieces <= 1:
            self._whole = _in_order(np.concatenate([_rows(block) for block in blocks]))
            return
        shares = np.arange(1, pieces) / pieces
        cuts = np.unique(np.quantile(some_hours, shares)) if some_hours.size else np.zeros(0)
        self._folder = tempfile.TemporaryDirectory(prefix="keiryo-sorting-")
        folder = Path(self._folder.name)
        self._files = [folder / f"{n}.rows" for n in range(cuts.size + 1)]
        for block in blocks:
            rows_of = _rows(block)
            piece = np.searchsorted(cuts, rows_of["hour"], side="left")
            for number in np.unique(piece):
                with self._files[number].open("ab") as stream:
                    stream.write(rows_of[piece == number].tobytes())

    def __iter__(self) -> Iterator[Block]:
        """Read the values, sorted."""
        if self._whole is not None:
            yield self._whole
        for file in self._files:
            if file.exists():
                yield _in_order(np.fromfile(file, dtype=_ROW))


def _rows(block: Block) -> np.ndarray:
    rows = np.empty(block.hour.size, dtype=_ROW)
    rows["hour"], rows["location"] = block.hour, block.location
    rows["kg"], rows["line"] = block.kg, block.line
    return rows


def _in_order(rows: np.ndarray) -> Block:
    rows = rows[np.lexsort((rows["location"], rows["hour"]))]
    return Block(
        np.ascontiguousarray(rows["hour"]), rows["location"].astype(np.intp),
        np.ascontiguousarray(rows["kg"]), np.ascontiguousarray(rows["line"]),
    )  # fmt: skip
