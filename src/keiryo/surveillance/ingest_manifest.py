"""Lists that come with images: digests, numbers and times, chained and signed by the camera.

Two forms. The log of the camera as `keiryo.device_log.reading` reads it: in each line a record
(``seq``, ``sha256``, ``src``, ``t``, ``type``, and the file's name in ``file``) with chain value
and signature in it or in files beside it. CSV: named columns ``sha256``, ``file``, ``time``,
``sequence``, ``trigger``, where only the digest is needed; such a list is neither chained nor
signed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from keiryo.containment.instants import instant
from keiryo.device_log.keys import Keys
from keiryo.device_log.reading import CHAIN_FILE, HEAD_FILE, SIGNATURE_FILE, read_log
from keiryo.device_log.verification import verify
from keiryo.errors import Finding, Severity, UsageError
from keiryo.surveillance.camera_record import BASIS
from keiryo.surveillance.ingest_record import (
    BAD_SIGNATURE,
    BROKEN,
    BROKEN_CHAIN,
    NOT_AS_LISTED,
    RECEIVED,
    SCHEDULED,
    UNSIGNED,
    Arrived,
)

MAX_BYTES = 512 << 20
NAMES = ("manifest.jsonl", "manifest.csv")
"""Names under which a list is found in a folder without being named."""
_COLUMNS = ("sha256", "file", "time", "sequence", "trigger")


@dataclass(slots=True)
class Listed:
    """What a list says of one image.

    Attributes
    ----------
    digest : str
    name : str or None
        File name.
    at : datetime or None
        What the camera states.
    sequence : int or None
    trigger : str
    authentic, state : str
        Of the record.
    """

    digest: str
    name: str | None = None
    at: datetime | None = None
    sequence: int | None = None
    trigger: str = SCHEDULED
    authentic: str = UNSIGNED
    state: str = RECEIVED


@dataclass(slots=True)
class Manifest:
    """A list, verified.

    Attributes
    ----------
    entries : list of Listed
    findings : list of Finding
    """

    entries: list[Listed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _by_digest: dict[str, list[Listed]] = field(default_factory=dict)
    _by_name: dict[str, Listed] = field(default_factory=dict)

    def index(self) -> None:
        """Make the entries ready to be found."""
        for one in self.entries:
            self._by_digest.setdefault(one.digest, []).append(one)
            if one.name is not None:
                self._by_name.setdefault(_base(one.name), one)

    def find(self, digest: str, name: str) -> tuple[Listed | None, bool]:
        """Return the entry of a file, and whether the file is as listed."""
        same = self._by_digest.get(digest, [])
        named = [one for one in same if one.name is not None and _base(one.name) == _base(name)]
        if named or same:
            return (named or same)[0], True
        return self._by_name.get(_base(name)), False

    def settle(self, one: Arrived, found: Listed | None, *, as_listed: bool) -> None:
        """Give an image what the list says of it."""
        if found is None:
            return
        one.sequence, one.from_name = found.sequence, False
        one.trigger = found.trigger
        one.authentic = found.authentic if as_listed else BROKEN
        one.state = found.state if as_listed else NOT_AS_LISTED

    def missing(self, digests: set[str], names: set[str]) -> Iterator[Finding]:
        """Yield which images are listed and did not come."""
        bases = {_base(name) for name in names}
        absent = [
            one.name or one.digest[:12]
            for one in self.entries
            if one.digest not in digests and (one.name is None or _base(one.name) not in bases)
        ]
        if absent:
            sure = any(one.authentic in ("signed", "chained") for one in self.entries)
            yield Finding(
                "IMAGE-LISTED-MISSING",
                Severity.INCONSISTENCY if sure else Severity.WARNING,
                f"{len(absent)} images are in the list and did not come: {', '.join(absent[:5])}",
                "Ask for them: they were taken. They may follow in another set.",
                basis=BASIS,
                found=str(len(absent)),
            )


def files_of(path: Path) -> list[Path]:
    """Return a list and the files beside it that belong to it."""
    beside = (Path(f"{path}{ending}") for ending in (CHAIN_FILE, SIGNATURE_FILE, HEAD_FILE))
    return [path, *(one for one in beside if one.is_file())]


def read_manifest(
    path: Path,
    camera: str,
    *,
    keys: Keys | None = None,
    kid: str | None = None,
    received_at: datetime | None = None,
) -> Manifest:
    """Read and verify a list.

    Parameters
    ----------
    path : Path
        A file that ends in ``.csv`` is CSV.
    camera : str
        Name of the camera, as records name it in ``src``.
    keys : mapping, optional
        Register of device keys by key id.
    kid : str, optional
        Key with which the camera signs, where nothing names one.
    received_at : datetime, optional

    Raises
    ------
    UsageError
        If it is no list at all.
    """
    made = Manifest()
    if path.suffix.lower() == ".csv":
        _read_csv(path.name, _text(path), made)
    else:
        _read_records(path, camera, made, keys, kid, received_at)
    if not made.entries:
        raise UsageError(f"{path.name} lists no images", "Give the list that came with the images.")
    made.index()
    return made


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path.name} is larger than {MAX_BYTES} bytes", "Split the set.")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path.name} is not in UTF-8", "Ask for the list in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Name a file.") from None


def _read_csv(name: str, text: str, made: Manifest) -> None:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [str(one).strip() for one in reader.fieldnames or ()]
    if "sha256" not in columns or any(one not in _COLUMNS for one in columns):
        raise UsageError(
            f"{name} has other columns than a list of images",
            f"The columns are {', '.join(_COLUMNS)}; the first is needed.",
        )
    reader.fieldnames = columns
    wrong = []
    for row in reader:
        cells = {key: (value or "").strip() for key, value in row.items() if key is not None}
        entry = _entry(
            cells["sha256"], cells.get("file"), cells.get("time"), cells.get("sequence"),
            cells.get("trigger"),
        )  # fmt: skip
        if entry is None:
            wrong.append(reader.line_num)
        else:
            made.entries.append(entry)
    made.findings += _unread(name, wrong)


def _read_records(
    path: Path,
    camera: str,
    made: Manifest,
    keys: Keys | None,
    kid: str | None,
    received_at: datetime | None,
) -> None:
    log, name = read_log(path), path.name
    records = log.records
    found = verify(
        records,
        keys=keys,
        head=log.heads,
        chain=log.chain,
        signatures=log.signatures,
        kid=kid,
        received_at=received_at,
    )
    made.findings += log.findings
    made.findings += [one for one in found.findings if one.code != "DEVICE-LOG-UNANCHORED"]
    wrong, others = [], 0
    for number, record in enumerate(records):
        if record is None:
            continue
        entry = _of_record(record)
        if entry is None:
            if record.get("type", "image") == "image":
                wrong.append(number + 1)
            continue
        if str(record.get("src", camera)).removeprefix("camera:") != camera:
            others += 1
            continue
        entry.authentic = found.state_of(number)
        if entry.authentic == BROKEN:
            signed = "signature" in found.why(number)
            entry.state = BAD_SIGNATURE if signed else BROKEN_CHAIN
        made.entries.append(entry)
    made.findings += _unread(name, wrong)
    if others:
        made.findings.append(
            Finding(
                "IMAGE-LIST-SOURCE",
                Severity.INCONSISTENCY,
                f"{others} records of {name} are of another camera than {camera}",
                "They are not taken as records of this camera. Find out whether media were "
                "exchanged.",
                file=name,
                basis=BASIS,
            )
        )


def _of_record(record: Mapping[str, Any]) -> Listed | None:
    if record.get("type", "image") != "image":
        return None
    data = record.get("data")
    more = data if isinstance(data, Mapping) else {}
    digest = record.get("sha256") or more.get("sha256")
    name = record.get("file") or more.get("file")
    trigger = record.get("trigger") or more.get("trigger")
    return _entry(digest, name, record.get("t"), record.get("seq"), trigger)


def _entry(digest: Any, name: Any, at: Any, sequence: Any, trigger: Any) -> Listed | None:
    """Return an entry, or None if it cannot be one."""
    told = str(digest or "").lower()
    if len(told) != 64 or not set(told) <= set("0123456789abcdef"):
        return None
    number = str(sequence if sequence is not None else "").strip()
    if number and not (number.isascii() and number.isdecimal() and len(number) < 18):
        return None
    try:
        moment = instant(str(at)) if at else None
    except UsageError:
        return None
    return Listed(
        told,
        str(name) if name else None,
        moment,
        int(number) if number else None,
        str(trigger).strip()[:60] if trigger else SCHEDULED,
    )


def _unread(name: str, lines: list[int]) -> list[Finding]:
    if not lines:
        return []
    told = ", ".join(str(one) for one in lines[:5])
    more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    return [
        Finding(
            "IMAGE-LIST-LINE",
            Severity.INCONSISTENCY,
            f"lines of {name} cannot be read: {told}{more}",
            "Each needs the SHA-256 of an image, and times with Z or an offset. Ask for the list "
            "again; what it says elsewhere is taken.",
            file=name,
            line=lines[0],
            basis=BASIS,
        )
    ]


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
