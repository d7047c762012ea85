"""Case files: all that is recorded about a camera in a period, to hand to somebody else.

A ZIP file with the images, the lines about them (camera, view, zones, clock, sets, screenings,
events, reviews, marks, conclusions, declared operations, removals), the proof that each line is
part of an act and each act of the chain, a page to read, and the programs that check it all
without keiryo. The same record gives the same bytes: nothing is compressed, no time of making is
in it, and the act that records the making of a case file is not part of what it proves.
"""

from __future__ import annotations

import hashlib
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import utc_text
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal import standalone as journal_standalone
from keiryo.journal.canonical import header_digest
from keiryo.journal.merkle import node
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.proofs import Checkpoint, journal_uid
from keiryo.journal.reading import StoredLine, acts, line_stream, rows_of
from keiryo.journal.reading import act as read_act
from keiryo.storage.archive import filing_errors
from keiryo.storage.engine import Database
from keiryo.storage.evidence import EvidenceStore
from keiryo.storage.schema import ACT, SIGNATURE
from keiryo.surveillance import case_standalone
from keiryo.surveillance.cameras import camera
from keiryo.surveillance.case_page import page
from keiryo.surveillance.tables import (
    CAMERA,
    CAMERA_CLOCK,
    CAMERA_VIEW,
    CAMERA_ZONE,
    CASE_FILE,
    CONCLUSION,
    DECLARED_OPERATION,
    IMAGE,
    IMAGE_REMOVAL,
    IMAGE_SET,
    LOOK,
    MARK,
    REVIEW,
    SCREENED_EVENT,
    SCREENING,
    VIEW_CONDITION,
)

MAKE = "surveillance.case_file"
MAX_IMAGES = 50_000
SUMS = case_standalone.SUMS
README = """Case file of {camera}, {begin} to {end}, by keiryo.

index.html                a page to read; no script runs in it
files/                    images, masks, reference pictures, lists: named by their SHA-256
records/KIND.jsonl        the lines of the record, as they stand
proof/                    for each line the path to its act, and the chain to the checkpoint
verify_case.py            checks all of it: python3 verify_case.py CASE.zip
verify_journal.py         used by it; also checks whole books
SHA256SUMS                digests of all files
"""
Say = Callable[[int, int, str], None]
_Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case file that was made.

    Attributes
    ----------
    path : Path
    digest : str
        SHA-256 of its bytes.
    images, missing, lines : int
        Images in it, images that are no longer kept, and lines.
    act : Act or None
        The act that records it, if it was asked for.
    checkpoint : Checkpoint
        What its chain leads to.
    """

    path: Path
    digest: str
    images: int
    missing: int
    lines: int
    act: Act | None
    checkpoint: Checkpoint


@dataclass(slots=True)
class _Content:
    """What belongs to a case: lines by kind, and files by digest with their ending."""

    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def wanted(self) -> dict[int, set[int]]:
        """Return the numbers of the lines by act."""
        found: dict[int, set[int]] = {}
        for rows in self.lines.values():
            for row in rows:
                found.setdefault(row["act_id"], set()).add(row["line_no"])
        return dict(sorted(found.items()))


def make_case_file(
    database: Database,
    actor: Actor | None,
    name: str,
    begin: datetime,
    end: datetime,
    out: Path,
    *,
    progress: Say | None = None,
    clock: Clock = system_clock,
) -> CaseFile:
    """Write the case file of a camera and a period, and record that it was made.

    Parameters
    ----------
    database : Database
    actor : Actor or None
        None: nothing is recorded, and the images are not kept for its sake.
    name : str
        Of the camera.
    begin, end : datetime
        Half-open.
    out : Path
        Must not exist; it appears when it is whole.
    progress : callable, optional
        Called with (files written, in all, name).

    Raises
    ------
    NotFoundError
        If there is no such camera, or it has no images in the period.
    UsageError
        If the period is empty or too long, or `out` exists or cannot be written.
    """
    if end <= begin:
        raise UsageError("the period ends before it begins", "Correct --from or --to.")
    if out.exists():
        raise UsageError(f"{out} exists already", "Name another file, or move it away.")
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with filing_errors(out), database.reading() as connection:
            made = _Writer(database, connection, name, utc_text(begin), utc_text(end), progress)
            made.write(unfinished)
        with filing_errors(out):
            unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    digest = _digest(out)
    act = None
    if actor is not None:
        draft = Draft(MAKE, f"surveillance:{uuid.uuid4()}")
        draft.add(
            CASE_FILE.name,
            scope=made.scope,
            camera=name,
            begin_at=utc_text(begin),
            end_at=utc_text(end),
            name=out.name,
            digest=digest,
            images=made.images,
        )
        act = post(database, draft, actor, clock=clock).act
    return CaseFile(out, digest, made.images, made.missing, made.line_count, act, made.checkpoint)


def check_case(path: Path, held: Checkpoint | None = None) -> tuple[list[str], str]:
    """Verify a case file again; return what is wrong, and what was checked, in words.

    Parameters
    ----------
    path : Path
        The ZIP file, or the folder that it was unpacked to.
    held : Checkpoint, optional
        One that the reader keeps; the chain must lead through it.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is not there", "Name a case file.")
    known = None if held is None else json.loads(held.to_json())
    try:
        problems, words = case_standalone.check(path, known)
        if not problems and not _own_verifier(path):
            problems.append("verify_journal.py or verify_case.py in it is not that of keiryo")
        return problems, words
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return [f"it cannot be read as a case file: {error}"], ""


def _own_verifier(path: Path) -> bool:
    case = case_standalone.Case(path)
    return all(case.content(name) == content for name, content in _programs())


def _programs() -> Iterator[tuple[str, bytes]]:
    for name, module in (
        ("verify_case.py", case_standalone),
        ("verify_journal.py", journal_standalone),
    ):
        yield name, Path(str(module.__file__)).read_bytes()


class _Writer:
    """Writes the files of a case in a fixed order, and their digests."""

    def __init__(
        self,
        database: Database,
        connection: Connection,
        name: str,
        begin: str,
        end: str,
        progress: Say | None,
    ) -> None:
        self.store: EvidenceStore = database.evidence
        self.connection, self.metadata = connection, database.metadata
        self.name, self.begin, self.end = name, begin, end
        self.progress = progress
        self.scope = camera(connection, database.metadata, name).scope
        self.content = _collect(connection, database.metadata, name, begin, end)
        self.checkpoint = _last(connection, database.metadata)
        self.images = self.missing = 0
        self.line_count = sum(len(rows) for rows in self.content.lines.values())
        self.sums: list[str] = []

    def write(self, path: Path) -> None:
        """Write the ZIP file."""
        present = self._present()
        with path.open("wb") as stream, _archive(stream) as archive:
            told = README.format(camera=self.name, begin=self.begin, end=self.end)
            self._add(archive, "README.txt", told.encode())
            html = page(
                self.name, self.begin, self.end, self.content.lines, present, self.checkpoint
            )
            self._add(archive, "index.html", html.encode())
            for kind, rows in sorted(self.content.lines.items()):
                self._add(archive, f"records/{kind}.jsonl", b"".join(map(_plain, rows)))
            self._proofs(archive)
            for program, content in _programs():
                self._add(archive, program, content)
            for done, (digest, name) in enumerate(sorted(present.items())):
                if self.progress is not None:
                    self.progress(done, len(present), name)
                self._add(archive, name, self.store.get(digest))
            if self.progress is not None:
                self.progress(1, 1, "")
            self._add(archive, SUMS, "".join(self.sums).encode())

    def _present(self) -> dict[str, str]:
        """Return the names of the files that are still kept; count the images."""
        found = {
            digest: f"files/{digest}{ending}"
            for digest, ending in self.content.files.items()
            if self.store.path(digest).exists()
        }
        images = {row["digest"] for row in self.content.lines[IMAGE.name]}
        self.images = len(images & set(found))
        self.missing = len(images) - self.images
        return found

    def _add(self, archive: zipfile.ZipFile, name: str, content: bytes) -> None:
        self.sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
        with archive.open(case_standalone.entry(name), "w") as stream:
            for start in range(0, len(content), case_standalone.BLOCK):
                stream.write(content[start : start + case_standalone.BLOCK])

    def _proofs(self, archive: zipfile.ZipFile) -> None:
        wanted = self.content.wanted()
        heads, lines = [], []
        for act_id, numbers in wanted.items():
            act = read_act(self.connection, self.metadata, act_id)
            header = {name: getattr(act, name) for name in Act.__slots__}
            heads.append(_json({"act": header, "signatures": self._signatures(act_id)}))
            stored = list(line_stream(self.connection, self.metadata, act_id))
            levels = _levels([one.leaf for one in stored])
            for number in sorted(numbers):
                line, path = _shown(stored[number - 1]), _path(levels, number - 1)
                told = {"act_id": act_id, "line": line, "path": path}
                lines.append(_json(told))
        chain = [
            _json(
                {
                    "act_id": one.act_id,
                    "header_digest": header_digest(one).hex(),
                    "lines_root": one.lines_root,
                    "digest": one.digest,
                }
            )
            for one in acts(
                self.connection, self.metadata, first=min(wanted), last=self.checkpoint.act_id
            )
        ]
        self._add(archive, "proof/checkpoint.json", self.checkpoint.to_json().encode())
        for name, rows in (("acts", heads), ("chain", chain), ("lines", lines)):
            self._add(archive, f"proof/{name}.jsonl", b"".join(rows))

    def _signatures(self, act_id: int) -> list[dict[str, str]]:
        table = self.metadata.tables[SIGNATURE]
        query = select(table.c.person, table.c.key, table.c.signature)
        rows = self.connection.execute(query.where(table.c.act_id == act_id)).mappings()
        return sorted((dict(row) for row in rows), key=lambda row: row["key"])


def _archive(stream: BinaryIO) -> zipfile.ZipFile:
    target: Any = case_standalone.Onward(stream)
    return zipfile.ZipFile(target, "w")


def _collect(
    connection: Connection, metadata: MetaData, name: str, begin: str, end: str
) -> _Content:
    """Return the lines about a camera in a period, and the files that they name."""
    made, t = _Content(), metadata.tables

    def take(kind: str, *conditions: Any) -> list[dict[str, Any]]:
        rows = rows_of(connection, metadata, kind, *conditions)
        if rows:
            made.lines[kind] = rows
        return rows

    image = t[IMAGE.name].c
    images = take(IMAGE.name, image.camera == name, image.at >= begin, image.at < end)
    if not images:
        raise NotFoundError(
            f"{name} has no images from {begin} to {end}",
            "'keiryo surveillance images' shows what came in.",
        )
    if len(images) > MAX_IMAGES:
        raise UsageError(
            f"{len(images)} images are more than a case file may have ({MAX_IMAGES})",
            "Ask for a shorter period.",
        )
    for kind in (CAMERA.name, CAMERA_VIEW.name, CAMERA_ZONE.name, CAMERA_CLOCK.name):
        take(kind, t[kind].c.camera == name)
    sets = sorted({row["set_name"] for row in images})
    take(IMAGE_SET.name, t[IMAGE_SET.name].c.camera == name,
         t[IMAGE_SET.name].c.set_name.in_(sets))  # fmt: skip
    digests = {row["digest"] for row in images}
    gone = rows_of(connection, metadata, IMAGE_REMOVAL.name, t[IMAGE_REMOVAL.name].c.camera == name)
    if gone := [row for row in gone if row["digest"] in digests]:
        made.lines[IMAGE_REMOVAL.name] = gone
    screening = t[SCREENING.name].c
    screenings = take(
        SCREENING.name, screening.camera == name, screening.begin_at < end, screening.end_at > begin
    )
    names = sorted({row["screening"] for row in screenings})
    for kind, last in ((SCREENED_EVENT.name, "end_at"), (VIEW_CONDITION.name, "end_at")):
        c = t[kind].c
        take(kind, c.camera == name, c.screening.in_(names), c.begin_at < end, c[last] >= begin)
    conclusion, look = t[CONCLUSION.name].c, t[LOOK.name].c
    concluded = take(
        CONCLUSION.name, conclusion.camera == name, conclusion.begin_at < end,
        conclusion.end_at > begin,
    )  # fmt: skip
    take(LOOK.name, look.camera == name, look.from_at < end, look.to_at >= begin)
    events = {(row["screening"], row["event"]) for row in made.lines.get(SCREENED_EVENT.name, [])}
    marks = rows_of(connection, metadata, MARK.name, t[MARK.name].c.screening.in_(names))
    if marks := [row for row in marks if (row["screening"], row["event"]) in events]:
        made.lines[MARK.name] = marks
    reviews = sorted({row["review"] for row in (*concluded, *marks)})
    take(REVIEW.name, t[REVIEW.name].c.review.in_(reviews))
    _operations(connection, metadata, name, begin, end, made)
    _name_files(made)
    return made


def _operations(
    connection: Connection, metadata: MetaData, name: str, begin: str, end: str, made: _Content
) -> None:
    c = metadata.tables[DECLARED_OPERATION.name].c
    rows = rows_of(
        connection, metadata, DECLARED_OPERATION.name, c.begin_at < end, c.end_at >= begin
    )
    found = [row for row in rows if f"camera:{name}" in str(row["sensors"]).split(" | ")]
    if found:
        made.lines[DECLARED_OPERATION.name] = found


def _name_files(made: _Content) -> None:
    for row in made.lines[IMAGE.name]:
        name = row["name"] if row["frame"] is None else row["name"].rpartition(" frame ")[0]
        made.files.setdefault(row["digest"], _ending(name))
    for kind, fields in (
        (CAMERA_VIEW.name, ("mask", "reference")),
        (IMAGE_SET.name, ("manifest",)),
        (SCREENING.name, ("result",)),
    ):
        for row in made.lines.get(kind, []):
            for one in fields:
                if row[one] is not None:
                    made.files.setdefault(row[one], "")


def _ending(name: str) -> str:
    """Return the ending of a file name, if it is a plain one."""
    ending = Path(name).suffix.lower()
    return ending if ending[1:].isascii() and ending[1:].isalnum() and len(ending) < 7 else ""


def _last(connection: Connection, metadata: MetaData) -> Checkpoint:
    """Return the last act that does not record the making of a case file, as a checkpoint."""
    table = metadata.tables[ACT]
    query = select(table.c.act_id).where(table.c.kind != MAKE).order_by(table.c.act_id.desc())
    number = int(connection.execute(query.limit(1)).scalar() or 0)
    act = read_act(connection, metadata, number)
    return Checkpoint(journal_uid(connection, metadata), number, act.digest, act.recorded_at)


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Return the tree over leaves (RFC 6962), level by level; one left over moves up as it is."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = (below[start : start + 2] for start in range(0, len(below), 2))
        levels.append([node(*pair) if len(pair) == 2 else pair[0] for pair in pairs])
    return levels


def _path(levels: list[list[bytes]], index: int) -> list[str]:
    """Return the audit path of a leaf, from the leaf upwards."""
    path = []
    for level in levels[:-1]:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1].hex())
        index //= 2
    return path


def _shown(line: StoredLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "line_no": line.line_no,
        "salt": line.salt.hex(),
        "values": {k: v for k, v in line.values.items() if v is not None},
    }


def _plain(row: dict[str, Any]) -> bytes:
    told = {k: v for k, v in row.items() if k != "salt" and v is not None}
    return _json(told)


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(case_standalone.BLOCK):
            found.update(block)
    return found.hexdigest()
