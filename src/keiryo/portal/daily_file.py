"""Daily files of plastic radiation portal monitors (Rapiscan and TSA family), read by ourselves.

One record per line, comma separated. An occupancy runs from its first scan record to ``GX``; its
gamma intervals are 0.2 s each by their order, whatever their time stamps say, for the first ones
come in a burst. Background records follow while nobody is there; a setup may come after the
occupancies it applies to. Nothing is dropped: what is not understood is counted and told. A file
is read in pieces, so that memory holds the counts and not the text.
"""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import BinaryIO

from keiryo.portal.occupancy import DailyFile, DailyFileError, Occupancy, Problem
from keiryo.portal.record_reader import RecordReader
from keiryo.portal.record_times import moment_of, seconds_between

__all__ = [
    "DailyFile",
    "DailyFileError",
    "Occupancy",
    "Problem",
    "moment_of",
    "parse_daily_file",
    "read_daily_file",
    "seconds_between",
]

LARGEST_BYTES = 1024**3
LONGEST_LINE = 4096
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"Rar!")
_PIECE = 4 * 1024**2
_TIMED = re.compile(rb",(\d\d-\d\d-\d\d\.\d{3}|.*\d\d:\d\d:\d\d\.\d{3} [+-]\d\d)$", re.ASCII)
_SIX = re.compile(rb"[GN][A-Z]1?(,\d{6}){4}$", re.ASCII)


def read_daily_file(path: Path | str) -> DailyFile:
    """Read a daily file.

    Raises
    ------
    DailyFileError
        If the file cannot be read, or no line of it is a record of a portal.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise DailyFileError([Problem("FILE", 0, "The file is not there or no regular file.")])
        if path.stat().st_size > LARGEST_BYTES:
            raise DailyFileError([Problem("FILE", 0, "The file is larger than 1 GiB.")])
        with path.open("rb") as stream:
            return _read(stream)
    except OSError as error:
        raise DailyFileError(
            [Problem("FILE", 0, f"It cannot be read: {error.strerror}.")]
        ) from None


def parse_daily_file(content: bytes) -> DailyFile:
    """Read the content of a daily file; raises as `read_daily_file`."""
    return _read(io.BytesIO(content))


def _read(stream: BinaryIO) -> DailyFile:
    reader, digest = RecordReader(), hashlib.sha256()
    rest, timed = b"", False
    first, long = True, False
    while piece := stream.read(_PIECE):
        digest.update(piece)
        if first:
            piece, first = _without_mark(piece), False
        piece = rest + piece
        if piece.endswith(b"\r"):  # its line feed may come with the next piece
            piece += stream_next(stream, digest)
        lines = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        rest = lines.pop()
        whole = not long or bool(lines)
        timed = timed or any(_TIMED.search(one) for one in lines[:100])
        long = len(rest) > LONGEST_LINE
        if long and whole:
            told = f"A line is longer than {LONGEST_LINE} characters; it is left out."
            reader.note("DAMAGED", reader.line + len(lines) + 1, told)
        if long:
            rest = rest[:LONGEST_LINE] + b"\0"
        reader.take_lines([_short(one) for one in lines] if len(piece) > 64 * len(lines) else lines)
    rest = rest.strip(b"\x1a\0")
    if rest.strip():
        if _is_whole(rest.strip(), timed):
            reader.take_lines([rest])
        else:
            told = "The file ends within a line: it was cut off, and the line is not used."
            reader.note("INCOMPLETE", reader.line + 1, told)
    return reader.finished(digest.hexdigest())


def stream_next(stream: BinaryIO, digest: hashlib._Hash) -> bytes:
    """Return the next byte of a stream, which a carriage return at the end of a piece needs."""
    one = stream.read(1)
    digest.update(one)
    return one


def _short(line: bytes) -> bytes:
    """Return a line that is no longer than lines are; a zero byte marks one that was."""
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + b"\0"


def _without_mark(piece: bytes) -> bytes:
    if piece.startswith(_PACKED):
        told = "The file is packed: unpack it, and read what is in it."
        raise DailyFileError([Problem("ARCHIVE", 1, told)])
    if piece.startswith(b"\xef\xbb\xbf"):
        return piece[3:]
    if piece.startswith((b"\xff\xfe", b"\xfe\xff")):
        told = "The file is text of two bytes a character; store it as plain ASCII."
        raise DailyFileError([Problem("ENCODING", 1, told)])
    return piece


def _is_whole(line: bytes, timed: bool) -> bool:
    """Return whether a last line without an end is a whole record, as far as can be known."""
    if timed:
        return _TIMED.search(line) is not None
    return _SIX.match(line) is not None or (line.startswith(b"GX,") and line.count(b",") >= 3)
