"""A CSV file in pieces: lines of the usual make as a frame, the others row by row.

Of the usual make is a line whose quotes stand around whole fields, that is over where the line is
over, and that has no more fields than the header. The others go through the reader of Python's
library, which knows what a row over several lines is and what is no row at all.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from keiryo.protection.access_log_rows import encoding_error, quotes_error

PIECE_BYTES = 16 * 1024 * 1024
"""Of the file in memory at a time."""
_LONG_FIELD = 100_000
"""A longer one is looked at by the reader of Python's library, which has a limit."""
_COMMA, _QUOTE, _LF, _CR, _NUL = b',"\n\r\0'
_FIELD_BEGINS = np.isin(np.arange(256), [_COMMA, _LF])
_FIELD_ENDS = np.isin(np.arange(256), [_COMMA, _LF, _CR])


Schema = Mapping[str, pl.DataType | type[pl.DataType]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file.

    Attributes
    ----------
    frame : DataFrame
        Texts of the lines of the usual make, its columns named `column_0` and so on.
    lines : ndarray of int64
        The number of each of them.
    rows : list of tuple
        The other rows, each with its first line.
    """

    frame: pl.DataFrame
    lines: np.ndarray
    rows: list[tuple[list[str], int]]


def pieces(path: Path, schema: Schema, header_lines: int) -> Iterator[Piece]:
    """Yield the file after its header.

    Parameters
    ----------
    path : Path
    schema : dict
        Columns of the header, named `column_0` and so on, with what they are read as.
    header_lines : int
        Lines up to the end of the header.

    Raises
    ------
    InputError
        ``SYNTAX`` or ``ENCODING``, at the first line where the file cannot be read on.
    """
    with path.open("rb") as stream:
        for _ in range(header_lines):
            stream.readline()
        line, rest, more = header_lines + 1, b"", True
        while more:
            content = stream.read(PIECE_BYTES)
            more = bool(content)
            text = b"".join((rest, content, stream.readline()))
            if text:
                piece, used, passed = _piece(text, schema, line, is_last=not more)
                yield piece
                rest, line = text[used:], line + passed


def _piece(text: bytes, schema: Schema, line: int, *, is_last: bool) -> tuple[Piece, int, int]:
    """Return a piece, and how many of its bytes and lines were used.

    A row that is not over at the end is left for the next piece.
    """
    broken = None
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:  # what stands before is read first
            broken = text.rfind(b"\n", 0, error.start) + 1
            text = text[:broken]
    if broken is None and _is_usual(text):
        passed = text.count(b"\n") + (not text.endswith(b"\n"))
        frame = _frame(text, schema)
        if frame is not None and _is_whole(frame, passed):
            lines = np.arange(line, line + passed, dtype=np.int64)
            return Piece(frame, lines, []), len(text), passed
    piece, used, passed = _sorted_out(text, schema, line, is_last=is_last and broken is None)
    if broken is not None:
        raise encoding_error(line + text.count(b"\n"))
    return piece, used, passed


def _is_usual(text: bytes) -> bool:
    """Return whether there are no quotes, and lines end as lines do."""
    if b'"' in text or b"\0" in text:
        return False
    return b"\r" not in text or text.count(b"\r") == text.count(b"\r\n")


def _is_whole(frame: pl.DataFrame, lines: int) -> bool:
    """Return whether each line is a row: none is empty, and no field is of unusual length."""
    if frame.height != lines or frame.to_series(0).null_count():
        return False
    longest = frame.select(pl.col(pl.String).str.len_bytes().max()).row(0)
    return max(one or 0 for one in longest) < _LONG_FIELD


def _frame(text: bytes, schema: Schema) -> pl.DataFrame | None:
    """Return the fields; None if there is a line with too many."""
    try:
        return pl.read_csv(text, has_header=False, schema=schema)
    except pl.exceptions.PolarsError:
        return None


def _sorted_out(text: bytes, schema: Schema, line: int, *, is_last: bool) -> tuple[Piece, int, int]:
    """Return a piece of which some lines are not of the usual make."""
    signs = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(signs == _LF)
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    sizes = ends - starts
    last_sign = signs[np.maximum(ends - 1, 0)] if len(text) else ends
    blank = (sizes == 0) | ((sizes == 1) & (last_sign == _CR))
    odd = _odd_lines(text, signs, ends) | (sizes > _LONG_FIELD)
    lengths = np.append(starts[1:], len(text)) - starts
    while True:
        usual = ~odd & ~blank
        rows, used = _rows(text, starts, odd, usual, line, is_last=is_last)
        usual[used:] = False
        kept = text if usual.all() else signs[np.repeat(usual, lengths)].tobytes()
        numbers = np.flatnonzero(usual) + np.int64(line)
        frame = _frame(kept, schema) if kept else pl.DataFrame(schema=schema)
        if frame is not None and frame.height == len(numbers):
            after = int(starts[used]) if used < len(starts) else len(text)
            return Piece(frame, numbers, rows), after, used
        many = _many_fields(signs, ends, odd, len(schema)) & ~odd
        odd |= many if many.any() else usual  # the reader of the library is right in any case


def _odd_lines(text: bytes, signs: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return which lines have odd signs or quotes, each line looked at by itself."""
    odd = np.zeros(len(ends), dtype=bool)
    around = np.frombuffer(b"".join((text, b"\n\n")), dtype=np.uint8)  # -1 and the end: line ends
    if text.count(b"\r") != text.count(b"\r\n"):
        returns = np.flatnonzero(signs == _CR)
        wrong = around[returns + 1] != _LF
        wrong |= returns + 1 == len(text)
        _mark(odd, ends, returns[wrong])
    if b"\0" in text:
        _mark(odd, ends, np.flatnonzero(signs == _NUL))
    quotes = np.flatnonzero(signs == _QUOTE)
    counts = np.diff(np.searchsorted(quotes, ends), prepend=0)
    uneven = counts & 1 == 1
    if uneven.any():
        odd |= uneven
        quotes = quotes[~np.repeat(uneven, counts)[: len(quotes)]]
    opens, closes = quotes[0::2], quotes[1::2]
    begins, follows = around[opens - 1], around[closes + 1]
    field = _FIELD_BEGINS[begins]
    over = _FIELD_ENDS[follows]
    if not (field.all() and over.all()):
        doubled = closes[:-1] + 1 == opens[1:]  # a quote within a field is written twice
        field[1:] |= doubled
        over[:-1] |= doubled
        _mark(odd, ends, opens[~field])
        _mark(odd, ends, closes[~over])
    return odd


def _many_fields(signs: np.ndarray, ends: np.ndarray, odd: np.ndarray, width: int) -> np.ndarray:
    """Return which lines have more fields than the header."""
    quotes, commas = np.flatnonzero(signs == _QUOTE), np.flatnonzero(signs == _COMMA)
    if odd.any() and quotes.size:
        quotes = quotes[~odd[np.searchsorted(ends, quotes)]]
    commas = commas[np.searchsorted(quotes, commas) % 2 == 0]  # those that are in no quotes
    many: np.ndarray = np.diff(np.searchsorted(commas, ends), prepend=0) >= width
    return many


def _mark(odd: np.ndarray, ends: np.ndarray, places: np.ndarray) -> None:
    """Mark the lines in which some places are."""
    if places.size:
        odd[np.searchsorted(ends, places)] = True


def _rows(
    text: bytes, starts: np.ndarray, odd: np.ndarray, usual: np.ndarray, line: int, *, is_last: bool
) -> tuple[list[tuple[list[str], int]], int]:
    """Return the rows that begin with an odd line, and how many lines were used.

    Lines within such a row are no longer `usual`.
    """
    rows: list[tuple[list[str], int]] = []
    bounds = np.append(starts, len(text)).tolist()
    until = 0
    for place in np.flatnonzero(odd).tolist():
        if place < until:
            continue
        at = place

        def lines() -> Iterator[str]:
            nonlocal at
            while at < len(bounds) - 1:
                at += 1
                yield text[bounds[at - 1] : bounds[at]].decode()
            at += 1

        reader = csv.reader(lines(), strict=True)
        try:
            row = next(reader)
        except csv.Error:
            if at == len(bounds) and not is_last:
                return rows, place
            raise quotes_error(line + place) from None
        until = place + reader.line_num
        usual[place:until] = False
        if row:
            rows.append((row, line + place))
    return rows, len(starts)
