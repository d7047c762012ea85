"""Records of access by columns: the fast way for large files.

A file is read in pieces of some megabytes. Every row that is not certainly sound, as it stands in
its columns, is handed to the careful reader of `keiryo.protection.access_log_rows`, which takes it
or says what is wrong with it: both ways give the same records and the same problems.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from keiryo.protection.access_log_pieces import Piece, pieces
from keiryo.protection.access_log_rows import (
    KINDS,
    NAMES,
    CarefulRows,
    Columns,
    is_plain,
)
from keiryo.protection.access_log_times import read_times
from keiryo.protection.inputs import NAME_LENGTH, raise_problems

_UNSOUND = -1


def read_columns(
    path: Path, header: list[str], header_lines: int, timezone: datetime.tzinfo
) -> Columns:
    """Read a file by columns.

    Parameters
    ----------
    path : Path
    header : list of str
        Names of its columns; the required ones are there, each once.
    header_lines : int
        Lines up to the end of the header.
    timezone : tzinfo
        Of times without an offset.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    careful = CarefulRows(header, timezone)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in KINDS}
    names = {name: _Names(careful.codes[name]) for name in NAMES}
    schema: dict[str, Any] = {f"column_{place}": pl.String for place in range(len(header))}
    schema |= {f"column_{careful.places[name]}": one.kind for name, one in names.items()}
    for piece in pieces(path, schema, header_lines):
        for values in _values(piece, careful, names):
            for name, column in values.items():
                parts[name].append(column)
    raise_problems(careful.problems.listed)
    zones, persons, readers = careful.names()
    made = {}
    for name, kind in KINDS.items():  # one after the other, so that memory is freed between them
        made[name] = np.concatenate([np.empty(0, dtype=kind), *parts.pop(name)])
    return Columns(**made, zones=zones, persons=persons, readers=readers)


def _values(
    piece: Piece, careful: CarefulRows, names: dict[str, _Names]
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the records of a piece: the sound ones, and those that were read with care."""
    frame = piece.frame.select(
        pl.col(f"column_{place}").alias(name) for name, place in careful.places.items()
    )
    rows: list[tuple[int, list[str] | dict[str, str]]] = [(line, row) for row, line in piece.rows]
    if frame.height:
        values, sound = _by_columns(frame, piece.lines, careful, names)
        if sound.all():
            yield values
        else:
            yield {name: column[sound] for name, column in values.items()}
            odd = frame.filter(pl.Series(~sound)).cast(pl.String).fill_null("")
            lines = piece.lines[~sound].tolist()
            for line, cells in zip(lines, odd.iter_rows(), strict=True):
                rows.append((line, dict(zip(odd.columns, cells, strict=True))))
    if rows:
        rows.sort(key=lambda one: one[0])
        for line, row in rows:
            if isinstance(row, dict):
                careful.add(row, line)
            else:
                careful.add_row(row, line)
        yield careful.taken()


def _by_columns(
    frame: pl.DataFrame, lines: np.ndarray, careful: CarefulRows, names: dict[str, _Names]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the values of all rows, and which rows are certainly sound."""
    times, sound = read_times(frame["time"], careful.timezone)
    seq, counted, known = _seq(frame, lines)
    sound &= known
    codes = {name: names[name].coded(frame[name]) for name in NAMES}
    for column in codes.values():
        sound &= column != _UNSOUND
    direction = frame["direction"]
    entering = (direction == "in").fill_null(False).to_numpy()
    sound &= entering | (direction == "out").fill_null(False).to_numpy()
    values = {"time_ns": times, **codes, "entering": entering, "seq": seq, "counted": counted}
    return {**values, "line": lines}, sound


class _Names:
    """The names in a column, and the code of each.

    Attributes
    ----------
    kind : Categorical
        What the column is read as; its numbers are the same in all pieces of the file.
    """

    def __init__(self, known: dict[str, int]) -> None:
        self.known = known
        self.categories = pl.Categories.random()
        self.kind = pl.Categorical(self.categories)
        self.codes = np.empty(0, dtype=np.int32)

    def coded(self, texts: pl.Series) -> np.ndarray:
        """Return the codes of some texts; new names are added to those that are known."""
        new = self.categories.to_series()[len(self.codes) :].to_list()
        self.codes = np.append(self.codes, np.array([self._code(one) for one in new], np.int32))
        which = texts.to_physical().fill_null(len(self.codes)).to_numpy()
        found: np.ndarray = np.append(self.codes, np.int32(_UNSOUND))[which]
        return found

    def _code(self, text: str) -> int:
        code = self.known.get(text)
        if code is None:
            if not text.strip() or len(text) > NAME_LENGTH or not is_plain(text):
                return _UNSOUND
            code = self.known[text] = len(self.known)
        return code


def _seq(frame: pl.DataFrame, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sequence numbers, where they were given, and where they are certainly sound."""
    if "seq" not in frame.columns:
        return lines, np.zeros(len(lines), dtype=bool), np.ones(len(lines), dtype=bool)
    texts = frame["seq"]
    numbers = texts.cast(pl.Int64, strict=False)
    plain = texts.str.contains(r"^-?[0-9]{1,18}$").fill_null(False).to_numpy()
    if plain.all():
        return numbers.to_numpy(), plain, plain
    empty = texts.str.contains(r"^ *$").fill_null(True).to_numpy()
    return np.where(plain, numbers.fill_null(0).to_numpy(), lines), plain, plain | empty
