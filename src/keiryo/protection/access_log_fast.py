"""Records of access by columns: the fast way for files that are plain and sound.

A file is read in pieces of some megabytes. As soon as anything is unusual (a quote, a control
character, a time of another form, a missing field) this way gives up, and the file is read row by
row, which says what is wrong and where.
"""

from __future__ import annotations

import datetime
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from keiryo.protection.inputs import NAME_LENGTH

PIECE_BYTES = 48 * 1024 * 1024
"""Of the file in memory at a time."""
WORTH_IT_BYTES = 1024 * 1024
"""A smaller file is read row by row in no time."""
_DAY = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_PATTERN = rf"^(?-u:{_DAY}(?:\.\d{{1,9}})?)(Z|[+-]\d\d:[0-5]\d)?$"
_FIRST = datetime.datetime(1701, 1, 1)
_LAST = datetime.datetime(2249, 12, 31)


@dataclass(slots=True)
class Columns:
    """Records as they stand in a file; `counted` tells where a sequence number was given."""

    time_ns: Any = field(default_factory=list)
    zone: Any = field(default_factory=list)
    person: Any = field(default_factory=list)
    reader: Any = field(default_factory=list)
    entering: Any = field(default_factory=list)
    seq: Any = field(default_factory=list)
    counted: Any = field(default_factory=list)
    line: Any = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    persons: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls) -> Columns:
        """Return no records."""
        return cls()

    def finished(self, zones: list[str], persons: list[str], readers: list[str]) -> Columns:
        """Return lists as arrays, with the names that they point at."""
        return Columns(
            **{name: np.asarray(getattr(self, name), dtype=kind) for name, kind in KINDS.items()},
            zones=zones,
            persons=persons,
            readers=readers,
        )

    def taken(self, places: np.ndarray) -> Columns:
        """Return the records at some places."""
        return Columns(
            **{name: getattr(self, name)[places] for name in KINDS},
            zones=self.zones,
            persons=self.persons,
            readers=self.readers,
        )


KINDS: dict[str, Any] = {
    "time_ns": np.int64,
    "zone": np.int32,
    "person": np.int32,
    "reader": np.int32,
    "entering": np.bool_,
    "seq": np.int64,
    "counted": np.bool_,
    "line": np.int64,
}


class _UnusualError(Exception):
    """The file is to be read row by row."""


def read_plain(path: Path, header: list[str], timezone: datetime.tzinfo) -> Columns | None:
    """Read a file by columns, or return None if it must be read row by row.

    Parameters
    ----------
    path : Path
    header : list of str
        Names of its columns; the required ones are there, each once.
    timezone : tzinfo
        Of times without an offset.
    """
    if path.stat().st_size < WORTH_IT_BYTES:
        return None
    names: dict[str, dict[str, int]] = {"zone": {}, "person": {}, "reader": {}}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in KINDS}
    line = 2
    try:
        for piece in _pieces(path):
            frame = _frame(piece, header)
            for name, values in _values(frame, names, timezone, line).items():
                parts[name].append(values)
            line += frame.height
    except (_UnusualError, pl.exceptions.PolarsError):
        return None
    made = {name: np.concatenate(values) for name, values in parts.items() if values}
    if not made:
        return None
    return Columns(
        **made,
        zones=list(names["zone"]),
        persons=list(names["person"]),
        readers=list(names["reader"]),
    )


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the file after its header in pieces that end with a line."""
    with path.open("rb") as stream:
        stream.readline()
        rest = b""
        while content := stream.read(PIECE_BYTES):
            end = content.rfind(b"\n") + 1
            piece, rest = rest + content[:end], (content[end:] if end else rest + content)
            if piece and end:
                yield _plain(piece)
        if rest:
            yield _plain(rest)


def _plain(piece: bytes) -> bytes:
    if b'"' in piece or b"\0" in piece:
        raise _UnusualError
    if b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n"):
        raise _UnusualError
    return piece


def _frame(piece: bytes, header: list[str]) -> pl.DataFrame:
    wanted = [
        name for name in ("time", "zone", "person", "reader", "direction", "seq") if name in header
    ]
    numbered = [f"column_{place}" for place in range(len(header))]
    frame = pl.read_csv(
        io.BytesIO(piece),
        has_header=False,
        new_columns=numbered,
        schema_overrides=dict.fromkeys(numbered, pl.String),
        quote_char=None,
    )
    lines = piece.count(b"\n") + (not piece.endswith(b"\n"))
    if frame.height != lines or frame.width != len(header):
        raise _UnusualError
    return frame.select(pl.col(f"column_{header.index(name)}").alias(name) for name in wanted)


def _values(
    frame: pl.DataFrame,
    names: dict[str, dict[str, int]],
    timezone: datetime.tzinfo,
    line: int,
) -> dict[str, np.ndarray]:
    if any(frame[name].null_count() for name in frame.columns if name != "seq"):
        raise _UnusualError
    lines = np.arange(line, line + frame.height, dtype=np.int64)
    seq, counted = _seq(frame, lines)
    return {
        "time_ns": _times(frame["time"], timezone),
        **{name: _coded(frame[name], known) for name, known in names.items()},
        "entering": _entering(frame["direction"]),
        "seq": seq,
        "counted": counted,
        "line": lines,
    }


def _times(texts: pl.Series, timezone: datetime.tzinfo) -> np.ndarray:
    """Return times in nanoseconds; all are of one form."""
    if (texts.str.len_bytes() == len(_USUAL)).all():
        found = _usual_times(texts)
        if found is not None:
            return found
    return _other_times(texts, timezone)


_USUAL = "0000-00-00T00:00:00Z"


def _usual_times(texts: pl.Series) -> np.ndarray | None:
    """Return the times of texts like ``2027-05-31T08:00:00Z``, or None for another form."""
    joined = texts.str.join("").item().encode()
    signs = np.frombuffer(joined, dtype=np.uint8).reshape(-1, len(_USUAL))
    digits = [place for place, sign in enumerate(_USUAL) if sign == "0"]
    others = [place for place, sign in enumerate(_USUAL) if sign != "0"]
    if any((signs[:, place] != ord(_USUAL[place])).any() for place in others):
        return None
    values = {place: signs[:, place] - np.uint8(48) for place in digits}
    if any((value > 9).any() for value in values.values()):
        return None

    def number(*places: int) -> np.ndarray:
        total = values[places[0]].astype(np.int32)
        for place in places[1:]:
            total = total * 10 + values[place]
        return total

    hour, minute, second = number(11, 12), number(14, 15), number(17, 18)
    if (hour > 23).any() or (minute > 59).any() or (second > 59).any():
        return None
    day = number(0, 1, 2, 3, 5, 6, 8, 9)
    every, which = np.unique(day, return_inverse=True)
    try:
        starts = [
            datetime.date(one // 10000, one // 100 % 100, one % 100) for one in every.tolist()
        ]
    except ValueError:
        return None
    if starts[0] < _FIRST.date() or starts[-1] > _LAST.date():
        return None
    epoch = datetime.date(1970, 1, 1)
    days = np.array([(one - epoch).days for one in starts], dtype=np.int64)[which]
    found: np.ndarray = (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000_000
    return found


def _other_times(texts: pl.Series, timezone: datetime.tzinfo) -> np.ndarray:
    if not texts.str.contains(_PATTERN).all():
        raise _UnusualError
    last = texts.str.slice(-1)
    if (last == "Z").all():
        found = texts.str.strip_suffix("Z").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ns")
    elif texts.str.contains(r"[+-]\d\d:\d\d$").all():
        told = texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="ns")
        found = told.dt.replace_time_zone(None)
    elif timezone is datetime.UTC and not texts.str.contains(r"Z$|[+-]\d\d:\d\d$").any():
        found = texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ns")
    else:
        raise _UnusualError
    low, high = found.min(), found.max()
    if found.null_count() or not (
        isinstance(low, datetime.datetime)
        and isinstance(high, datetime.datetime)
        and low >= _FIRST
        and high <= _LAST
    ):
        raise _UnusualError
    return found.to_physical().to_numpy()


def _coded(texts: pl.Series, known: dict[str, int]) -> np.ndarray:
    """Return the places of texts in the list of all names; new ones are added to it."""
    local = texts.unique(maintain_order=True)
    for text in local.to_list():
        if text in known:
            continue
        if not text.strip() or len(text) > NAME_LENGTH or not _is_plain(text):
            raise _UnusualError
        known[text] = len(known)
    names = pl.Series(list(known), dtype=pl.String)
    codes = texts.cast(pl.Enum(names)).to_physical()
    return codes.to_numpy().astype(np.int32)


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text)


def _entering(texts: pl.Series) -> np.ndarray:
    entering = (texts == "in").to_numpy()
    if not (entering | (texts == "out").to_numpy()).all():
        raise _UnusualError
    return entering


def _seq(frame: pl.DataFrame, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if "seq" not in frame.columns:
        return lines, np.zeros(len(lines), dtype=bool)
    texts = frame["seq"]
    given = texts.is_not_null().to_numpy()
    if not texts.drop_nulls().str.contains(r"^-?[0-9]{1,18}$").all():
        raise _UnusualError
    numbers = texts.cast(pl.Int64).fill_null(0).to_numpy()
    return np.where(given, numbers, lines), given
