"""Files from elsewhere, read as columns of text: CSV, gzipped CSV, Parquet.

Whatever is wrong with a file is a finding with its line: no content, a cut-off archive, another
encoding, binary content, ragged lines, columns that are not there. Nothing is guessed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keiryo.errors import Finding, Severity

if TYPE_CHECKING:
    import polars as pl

MAX_BYTES = 4 << 30
"""Files whose content is larger are refused; give them in parts."""

_BLOCK = 1 << 22
_MOST_LINES = 20
LINE = "line"
"""Name of the column with the line number in the file."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the source: where it lies, and its content as columns of text."""

    name: str
    digest: str
    size_bytes: int
    frame: pl.DataFrame


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    sha256 = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha256.update(block)
    return sha256.hexdigest()


def read_file(
    path: Path, columns: Sequence[str], delimiter: str = ","
) -> tuple[SourceFile | None, list[Finding]]:
    """Return the named columns of a file as text, with the line number of each row.

    Parameters
    ----------
    path : Path
        CSV, CSV in gzip, or Parquet; recognised by content, not by name.
    columns : sequence of str
        The columns that are needed; others are left alone.
    delimiter : str

    Returns
    -------
    tuple
        The file and no findings, or None and what is wrong with it.
    """
    name = path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(4)
        if size == 0:
            return None, [_finding("FILE-EMPTY", name, "the file is empty")]
        digest = file_digest(path)
        if head == b"PAR1":
            frame, findings = _read_parquet(path, columns)
        else:
            content, findings = _content(path, head)
            frame = None
            if not findings:
                frame, findings = _read_csv(content, name, columns, delimiter)
    except OSError as error:
        words = f"the file cannot be read: {error.strerror or error}"
        return None, [_finding("FILE-UNREADABLE", name, words)]
    if frame is None or findings:
        return None, findings
    return SourceFile(name, digest, size, frame), []


def _finding(
    code: str, file: str, message: str, advice: str = "", line: int | None = None
) -> Finding:
    advice = advice or "Ask the source for the file again."
    return Finding(code, Severity.FORMAT, message, advice, file=file, line=line)


def _content(path: Path, head: bytes) -> tuple[bytes, list[Finding]]:
    """Return the content, out of its archive if it is in one."""
    name = path.name
    if head[:2] != b"\x1f\x8b":
        if path.stat().st_size > MAX_BYTES:
            return b"", [_too_large(name)]
        return path.read_bytes(), []
    parts: list[bytes] = []
    total = 0
    engine = zlib.decompressobj(wbits=31)
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                while block:
                    if engine.eof:
                        engine = zlib.decompressobj(wbits=31)
                    parts.append(engine.decompress(block, _BLOCK * 16))
                    total += len(parts[-1])
                    if total > MAX_BYTES:
                        return b"", [_too_large(name)]
                    block = engine.unused_data if engine.eof else engine.unconsumed_tail
    except zlib.error as error:
        return b"", [_finding("FILE-DAMAGED", name, f"the gzip archive is damaged: {error}")]
    if not engine.eof:
        lines = sum(part.count(b"\n") for part in parts)
        words = f"the gzip archive is cut off; {lines} whole lines can be read of it"
        return b"", [_finding("FILE-CUT-OFF", name, words)]
    return b"".join(parts), []


def _too_large(name: str) -> Finding:
    words = f"the content is larger than {MAX_BYTES >> 30} GiB"
    return _finding("FILE-TOO-LARGE", name, words, "Give it in several files.")


def _read_csv(
    content: bytes, name: str, columns: Sequence[str], delimiter: str
) -> tuple[pl.DataFrame | None, list[Finding]]:
    import polars as pl

    content = content.removeprefix(b"\xef\xbb\xbf")
    if findings := _text_findings(content, name):
        return None, findings
    first = content.split(b"\n", 1)[0].decode().rstrip("\r")
    header = next(csv.reader([first], delimiter=delimiter), [])
    if findings := _column_findings(header, columns, name):
        return None, findings
    if not content[content.find(b"\n") + 1 :].strip() or b"\n" not in content:
        return None, [_finding("FILE-EMPTY", name, "the file has a heading and no rows")]
    try:
        frame = pl.read_csv(io.BytesIO(content), separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError:
        frame = None
    if frame is None or _lines_differ(content, len(header), delimiter):
        findings = _ragged(content, name, len(header), delimiter)
        words = "the file cannot be read as a table"
        if findings or frame is None:
            return None, findings or [_finding("FILE-UNREADABLE", name, words)]
    frame = frame.select(pl.col(list(dict.fromkeys(columns))).fill_null(""))
    return frame.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias(LINE)), []


def _text_findings(content: bytes, name: str) -> list[Finding]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        words = "the file is UTF-16 text"
        return [_finding("FILE-ENCODING", name, words, "Save it as UTF-8.")]
    position = content.find(b"\0")
    if position >= 0:
        words = "the file is binary, neither CSV nor Parquet"
        return [_finding("FILE-BINARY", name, words)]
    if not content.strip():
        return [_finding("FILE-EMPTY", name, "the file holds nothing but blanks")]
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        words = f"byte {content[error.start]:#04x} is not UTF-8 text"
        return [_finding("FILE-ENCODING", name, words, "Save the file as UTF-8.", line)]
    return []


def _column_findings(header: Sequence[str], columns: Sequence[str], name: str) -> list[Finding]:
    findings = [
        _finding(
            "COLUMN-MISSING",
            name,
            f"there is no column {column!r}",
            f"The file has: {', '.join(header) or 'none'}. Correct [columns] of the mapping.",
            1,
        )
        for column in dict.fromkeys(columns)
        if column not in header
    ]
    for column in sorted({c for c in header if header.count(c) > 1}):
        words = f"two columns are called {column!r}"
        findings.append(_finding("COLUMN-TWICE", name, words, line=1))
    return findings


def _lines_differ(content: bytes, width: int, delimiter: str) -> bool:
    """Whether some line may have another number of fields than the heading."""
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    separators = content.count(delimiter.encode())
    return b'"' in content or separators != lines * (width - 1)


def _ragged(content: bytes, name: str, width: int, delimiter: str) -> list[Finding]:
    """Return a finding for each line that has too few or too many fields."""
    findings: list[Finding] = []
    more = 0
    reader = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter)
    try:
        for fields in reader:
            if len(fields) == width:
                continue
            if len(findings) == _MOST_LINES:
                more += 1
                continue
            words = f"the line has {len(fields)} fields, the heading {width}"
            if not fields:
                words = "the line is blank"
            findings.append(_finding("LINE-FIELDS", name, words, line=reader.line_num))
    except csv.Error as error:
        words = f"the line cannot be read: {error}"
        findings.append(_finding("LINE-FIELDS", name, words, line=reader.line_num))
    if more:
        findings.append(_finding("LINE-FIELDS", name, f"{more} further lines are like that"))
    return findings


def _read_parquet(path: Path, columns: Sequence[str]) -> tuple[pl.DataFrame | None, list[Finding]]:
    import polars as pl

    name = path.name
    try:
        schema = pl.read_parquet_schema(path)
        if findings := _column_findings(list(schema), columns, name):
            return None, findings
        frame = pl.read_parquet(path, columns=list(dict.fromkeys(columns)))
    except pl.exceptions.PolarsError as error:
        words = f"the Parquet file is damaged: {str(error).splitlines()[0]}"
        return None, [_finding("FILE-DAMAGED", name, words)]
    except OSError as error:
        return None, [_finding("FILE-DAMAGED", name, f"the Parquet file is damaged: {error}")]
    if frame.height == 0:
        return None, [_finding("FILE-EMPTY", name, "the file has columns and no rows")]
    findings = [
        _finding("COLUMN-TYPE", name, f"column {column!r} holds {dtype}, not single values")
        for column, dtype in frame.schema.items()
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object)
    ]
    if findings:
        return None, findings
    whole = [
        column
        for column, dtype in frame.schema.items()
        if dtype.is_float() and (frame[column].fill_null(0) % 1 == 0).all()
    ]
    frame = frame.with_columns(pl.col(whole).cast(pl.Int64, strict=False))
    texts = frame.select(pl.all().cast(pl.String).fill_null(""))
    return texts.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(LINE)), []
