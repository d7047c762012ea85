"""Screening that is not finished: kept in a working file, so that it goes on where it stopped.

The file lies in a folder beside the database; it is no part of the record. It is written anew and
renamed into place, so that a power cut leaves the one before. It says which images it is about:
if the record has others by now, the work begins again.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from keiryo.storage.engine import Database

_LINE_END = b"\n"


@dataclass(slots=True)
class Part:
    """How far the screening of one view has come.

    Attributes
    ----------
    images_digest : str
        Which images it is about.
    done : int
        Images that were taken in, readable or not.
    shown : list of (int, int)
        Ranges of positions of the images that screening was shown, first and last.
    reasons : dict of str to str
        Position and reason of the others.
    """

    images_digest: str
    done: int = 0
    shown: list[list[int]] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, position: int, reason: str | None) -> None:
        """Note an image that was taken in."""
        self.done = position + 1
        if reason is not None:
            self.reasons[str(position)] = reason
        elif self.shown and self.shown[-1][1] == position - 1:
            self.shown[-1][1] = position
        else:
            self.shown.append([position, position])


@dataclass(slots=True)
class Work:
    """A screening in progress.

    Attributes
    ----------
    client_id, started_at : str
        Under which it will be posted, and when it began, UTC.
    through_act : int
        The last act whose images it takes in.
    method : str
        Method, version and parameters.
    parts : list of Part
        One for each view.
    states : list of bytes
        What screening kept of each part.
    """

    client_id: str
    started_at: str
    through_act: int
    method: str
    parts: list[Part] = field(default_factory=list)
    states: list[bytes] = field(default_factory=list)


def work_path(database: Database, camera: str, begin: str, end: str) -> Path:
    """Return where the work on a camera and period is kept."""
    beside = database.evidence.folder if database.path is None else database.path
    name = sha256(f"{camera}\n{begin}\n{end}".encode()).hexdigest()[:24]
    return beside.parent / f"{beside.name}.screening" / f"{name}.work"


def save(path: Path, work: Work) -> None:
    """Write the working file; the one before stays until this one is whole."""
    head = asdict(work)
    head["states"] = [len(state) for state in work.states]
    body = json.dumps(head, sort_keys=True).encode() + _LINE_END + b"".join(work.states)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(sha256(body).digest() + body)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: Path) -> Work | None:
    """Return the work that was saved; None if there is none, or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body = content[32:]
    if sha256(body).digest() != content[:32]:
        return None
    first, _newline, rest = body.partition(_LINE_END)
    head = json.loads(first)
    states = []
    for size in head.pop("states"):
        states.append(rest[:size])
        rest = rest[size:]
    parts = [Part(**one) for one in head.pop("parts")]
    return Work(**head, parts=parts, states=states)


def forget(path: Path) -> None:
    """Remove the working file, and its folder if nothing else is in it."""
    path.unlink(missing_ok=True)
    try:
        path.parent.rmdir()
    except OSError:
        return
