"""The files of process data: flows and inventories as CSV (also gzipped) or Parquet.

Each has the columns ``hour,location,kg``. A file is read in blocks of bounded size, so memory
does not grow with the number of lines. A block that is clean goes through the fast reader of
Polars; one that is not is read again line by line, to say of each bad value where it stands and
what is wrong with it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from keiryo.process_data.hours import Floats, Indices
from keiryo.process_data.lines import Row, carriage_returns, rows_of
from keiryo.process_data.notes import Notes, shortened
from keiryo.process_data.regular_files import is_there, reason_of, trouble_with

COLUMNS = ("hour", "location", "kg")
UNIT = "unit"
_MASS = re.compile(
    r"(kg|g|mg|ug|µg|lbs?|grams?|kilograms?|tonn?es?|tons?|pounds?)([ _\-/(\[.].*|u|pu|th)?|t[_ ].*"
)
"""Names of columns that are amounts, too; a bare t may be the time."""
_KINDS = {
    "String": "text",
    "Boolean": "true and false",
    "Date": "dates",
    "Datetime": "dates",
    "Null": "nothing",
}
_LONGEST_HEADER = 1_000_000
BLOCK_BYTES = 8_000_000
BLOCK_ROWS = 250_000
SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a file, in their order.

    Attributes
    ----------
    hour, kg : array of float
    location : array of int
        Number of the location; −1 if the file's name of it is not known.
    line : array of int
        Line of the file, from 1 (of Parquet: row, from 1).
    names : sequence of str
        The names as written, of those locations that are not known.
    units : sequence of (str, str, int)
        From a column ``unit``: each unit other than kg, with its location and first line.
    """

    hour: Floats
    location: Indices
    kg: Floats
    line: npt.NDArray[np.int64]
    names: Sequence[str] = ()
    units: Sequence[tuple[str, str, int]] = ()


def file_of(folder: Path, what: str, notes: Notes, *, needed: bool) -> Path | None:
    """Return the file of the flows or inventories; none or several of them go to `notes`."""
    there = [folder / f"{what}{s}" for s in SUFFIXES if is_there(folder / f"{what}{s}")]
    if len(there) > 1:
        names = " and ".join(path.name for path in there)
        notes.form(
            "PROCESS-FILE-TWICE", f"there are {names}: which one holds the {what}?",
            "Keep one of them in the folder.", file=there[0].name,
        )  # fmt: skip
    elif not there and needed:
        notes.form(
            "PROCESS-FILE-MISSING", f"there is no {what}.csv in {folder}",
            f"Put {what}.csv, {what}.csv.gz or {what}.parquet there, with the columns "
            "hour,location,kg.", file=f"{what}.csv",
        )  # fmt: skip
    if len(there) != 1:
        return None
    if trouble := trouble_with(there[0]):
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{there[0].name} {trouble}",
            f"Put the file of the {what} itself there.", file=there[0].name,
        )  # fmt: skip
        return None
    return there[0]


def digest_of(path: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def blocks_of(path: Path, numbers: dict[str, int], notes: Notes) -> Iterator[Block]:
    """Read a file block by block; what cannot be read goes to `notes`.

    Parameters
    ----------
    path : Path
    numbers : dict
        Number of each known location, by name.
    notes : Notes
    """
    if path.suffix == ".parquet":
        yield from _parquet_blocks(path, numbers, notes)
        return
    try:
        with path.open("rb") as raw:
            stream: Any = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            yield from _csv_blocks(stream, path.name, numbers, notes)
    except (OSError, EOFError, zlib.error) as error:
        notes.form(
            "PROCESS-FILE-UNREADABLE",
            f"{path.name} cannot be read to its end: {reason_of(error)}",
            "The file is damaged or was not written completely: copy it again.", file=path.name,
        )  # fmt: skip


def _csv_blocks(
    stream: IO[bytes], file: str, numbers: dict[str, int], notes: Notes
) -> Iterator[Block]:
    header = stream.readline(_LONGEST_HEADER)
    names = _header(header, file, notes)
    if names is None:
        return
    line, rest = 2, b""
    while True:
        read = stream.read(BLOCK_BYTES)
        if len(rest) > 4 * BLOCK_BYTES:
            notes.form(
                "PROCESS-FILE-UNREADABLE", f"{file} has a line of over {len(rest)} bytes",
                "Is it a text file with one value per line?", file=file, line=line,
            )  # fmt: skip
            return
        text = rest + read
        cut = text.rfind(b"\n") + 1 if read else len(text)
        rest, text = text[cut:], text[:cut]
        if text.strip():
            yield _csv_block(text, line, names, file, numbers, notes)
        line += text.count(b"\n")
        if not read:
            break


def _header(line: bytes, file: str, notes: Notes) -> list[str] | None:
    if not line.strip():
        notes.form(
            "PROCESS-FILE-EMPTY", f"{file} is empty", "Write the columns hour,location,kg.",
            file=file,
        )  # fmt: skip
        return None
    if carriage_returns(line) or len(line) >= _LONGEST_HEADER:
        long = f"has a first line of over {_LONGEST_HEADER} bytes"
        trouble = "ends its lines with carriage returns alone" if carriage_returns(line) else long
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{file} {trouble}",
            "Save it as CSV with line feeds, one value per line.", file=file, line=1,
        )  # fmt: skip
        return None
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{file} is not text in UTF-8", "Save it as CSV in UTF-8.",
            file=file, line=1,
        )  # fmt: skip
        return None
    for sign, word in ((";", "semicolons"), ("\t", "tabulators")):
        if sign in text and "," not in text:
            notes.form(
                "PROCESS-COLUMN-MISSING", f"the columns of {file} are separated by {word}",
                "Separate them by commas, and write decimals with a point: hour,location,kg.",
                file=file, line=1, found=text,
            )  # fmt: skip
            return None
    names = [name.strip().strip('"').lower() for name in text.split(",")]
    return names if _columns_there(names, file, 1, notes) else None


def _columns_there(names: Sequence[str], file: str, line: int | None, notes: Notes) -> bool:
    missing = [name for name in COLUMNS if name not in names]
    for name in missing:
        advice = "The columns are hour,location,kg."
        other = [shortened(n) for n in names if n and n not in (*COLUMNS, UNIT)]
        seen = f", but {' and '.join(map(repr, other[:3]))}" if other else ""
        if name == "kg" and other:
            advice = (
                "If it is kilograms of the element "
                "balanced, rename it to kg; if it is grams, tonnes or a compound, convert it first."
            )
        notes.form(
            "PROCESS-COLUMN-MISSING", f"{file} has no column {name!r}{seen}", advice,
            file=file, line=line, found=",".join(names), expected=name,
        )  # fmt: skip
    twice = [name for name in (*COLUMNS, UNIT) if list(names).count(name) > 1]
    for name in twice:
        notes.form(
            "PROCESS-COLUMN-MISSING", f"{file} has the column {name!r} more than once",
            "Keep the one that counts.", file=file, line=line, found=",".join(names),
        )  # fmt: skip
    extra = [shortened(name) for name in names if name and name not in (*COLUMNS, UNIT)]
    masses = [name for name in extra if _MASS.fullmatch(name)]
    if masses and not missing:
        notes.form(
            "PROCESS-UNIT-MIXED", f"{file} has the column kg and beside it {', '.join(masses)}",
            "Which one counts? Keep in kg the kilograms of the element balanced, and take the "
            "other out.", file=file, line=line, found=",".join(names),
        )  # fmt: skip
        return False
    if extra and not missing:
        notes.remark(
            "PROCESS-COLUMN-UNUSED", f"{file}: column {', '.join(extra)} is not used",
            "Only hour, location and kg count (and unit, if it says kg).", file=file, line=line,
        )  # fmt: skip
    return not missing and not twice


def _csv_block(
    text: bytes, line: int, names: list[str], file: str, numbers: dict[str, int], notes: Notes
) -> Block:
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    schema = {
        (name if name in (*COLUMNS, UNIT) else f"unused {n}"): (
            pl.Float64 if name in ("hour", "kg") else pl.String
        )
        for n, name in enumerate(names)
    }
    try:
        frame = pl.read_csv(io.BytesIO(text), has_header=False, schema=schema)
    except Exception:  # whatever the fast reader dislikes is explained line by line
        frame = pl.DataFrame()
    if frame.height == lines and not any(frame[name].null_count() for name in COLUMNS):
        block = _block(frame, np.arange(line, line + lines, dtype=np.int64), numbers)
        if (np.isfinite(block.hour) & np.isfinite(block.kg)).all():
            return block
    return _from_rows(rows_of(text, line, names, file, notes), numbers)


def _from_rows(rows: Sequence[Row], numbers: dict[str, int]) -> Block:
    frame = pl.DataFrame(
        {"hour": [r.hour for r in rows], "location": [r.location for r in rows],
         "kg": [r.kg for r in rows], UNIT: [r.unit for r in rows]},
        schema={"hour": pl.Float64, "location": pl.String, "kg": pl.Float64, UNIT: pl.String},
    )  # fmt: skip
    return _block(frame, np.array([r.line for r in rows], dtype=np.int64), numbers)


def _block(frame: pl.DataFrame, line: npt.NDArray[np.int64], numbers: dict[str, int]) -> Block:
    location = frame["location"]
    known = location.replace_strict(numbers, default=None, return_dtype=pl.Int64)
    if known.null_count():  # blanks around a name are not part of it
        location = location.str.strip_chars()
        known = location.replace_strict(numbers, default=None, return_dtype=pl.Int64)
    number = known.fill_null(-1).to_numpy().astype(np.intp)
    names = location.filter(known.is_null()).to_list() if known.null_count() else ()
    units = _units(frame, location, line) if UNIT in frame.columns else ()
    return Block(frame["hour"].to_numpy(), number, frame["kg"].to_numpy(), line, names, units)


def _units(
    frame: pl.DataFrame, location: pl.Series, line: npt.NDArray[np.int64]
) -> Sequence[tuple[str, str, int]]:
    """Return each unit that is not kg, with its location and first line."""
    unit = frame[UNIT].fill_null("").str.strip_chars()
    told = pl.DataFrame({"unit": unit, "location": location, "line": line})
    told = told.filter(~pl.col("unit").str.to_lowercase().is_in(["", "kg"]))
    return told.unique(["unit", "location"], keep="first", maintain_order=True).rows()


def _parquet_blocks(path: Path, numbers: dict[str, int], notes: Notes) -> Iterator[Block]:
    row = 1
    try:
        scan = pl.scan_parquet(path)
        schema = scan.collect_schema()
        names = {name: name.strip().lower() for name in schema}
        if not _columns_there(list(names.values()), path.name, None, notes):
            return
        wanted = {"hour": pl.Float64, "kg": pl.Float64, "location": pl.String, UNIT: pl.String}
        wanted = {name: kind for name, kind in wanted.items() if name in names.values()}
        scan = scan.select(pl.col(n).alias(m) for n, m in names.items() if m in wanted)
        for name in ("hour", "kg"):
            kind = scan.collect_schema()[name]
            if not kind.is_numeric():
                held = _KINDS.get(str(kind.base_type()), "no numbers")
                notes.form(
                    "PROCESS-VALUE-NO-NUMBER", f"{path.name}: column {name!r} holds {held}",
                    "Write it as numbers"
                    + (": hours since the beginning." if name == "hour" else "."), file=path.name,
                )  # fmt: skip
                return
        batches = scan.cast(wanted).collect_batches(  # type: ignore[arg-type]
            chunk_size=BLOCK_ROWS, maintain_order=True, engine="streaming"
        )
        for frame in batches:
            line = np.arange(row, row + frame.height, dtype=np.int64)
            row += frame.height
            yield _numbers_only(frame, line, path.name, numbers, notes)
    except (pl.exceptions.PolarsError, OSError):
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{path.name} cannot be read as a Parquet file",
            "Is it a complete Parquet file? Write it again.", file=path.name,
        )  # fmt: skip


def _numbers_only(
    frame: pl.DataFrame,
    line: npt.NDArray[np.int64],
    file: str,
    numbers: dict[str, int],
    notes: Notes,
) -> Block:
    finite = pl.col("hour").is_finite() & pl.col("kg").is_finite()
    good = frame.select((finite & pl.col("location").is_not_null()).fill_null(False))
    keep = good.to_series().to_numpy()
    for at in np.flatnonzero(~keep):
        row = frame.row(int(at), named=True)
        values = ", ".join(
            f"{name} {'is missing' if row[name] is None else shortened(str(row[name]))}"
            for name in COLUMNS
        )
        notes.form(
            "PROCESS-VALUE-NO-NUMBER", f"row {line[at]} is not complete: {values}",
            "Each row needs an hour, a location and a number of kg. A missing transfer has no row.",
            file=file, line=int(line[at]),
        )  # fmt: skip
    return _block(frame.filter(good.to_series()), line[keep], numbers)
