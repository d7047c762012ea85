"""A full disk: the posting fails as a whole, says so, and goes through once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from journal.toy_books import ACTOR, REGISTRY, opened, toy_draft, toy_frame
from keiryo.errors import FullError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database

ROWS = 6_000
SPARE_BYTES = 300_000


def large_draft() -> Draft:
    """Return an act of about a megabyte, more than there is room for."""
    draft = toy_draft("large", {"name": "first"})
    names = [f"batch {number} {'x' * 100}" for number in range(ROWS)]
    draft.add_frames("toy", [toy_frame(names, list(range(ROWS)))])
    return draft


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 8 MB of its own, or an ordinary one if none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "keiryo-test", str(folder)]
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(command, check=False, capture_output=True).returncode
    )
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def limit_pages(database: Database, pages: int) -> Callable[[], None]:
    """Let the file grow no further than so many pages; return what lifts the limit."""

    def limited(raw: Any, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count = {pages}")

    database.engine.dispose()
    event.listen(database.engine, "connect", limited)

    def lift() -> None:
        event.remove(database.engine, "connect", limited)
        database.engine.dispose()

    return lift


def fail_then_post(database: Database, make_room: Callable[[], None]) -> None:
    before = verify(database)
    with pytest.raises(FullError, match="is full: the act") as caught:
        post(database, large_draft(), ACTOR)
    assert "Make room" in caught.value.advice
    after = verify(database)
    assert after.sound
    assert (after.acts, after.lines, after.head) == (before.acts, before.lines, before.head)
    make_room()
    assert not post(database, large_draft(), ACTOR).repeated
    found = verify(database)
    assert (found.sound, found.lines) == (True, before.lines + ROWS + 1)


def test_disk_full(small_disk: Path) -> None:
    if not small_disk.is_mount():
        database = opened(str(small_disk / "books.sqlite"))
        fail_then_post(database, limit_pages(database, 200))
        return
    database = opened(str(small_disk / "books.sqlite"))
    filler = small_disk / "filler"
    disk = os.statvfs(small_disk)
    filler.write_bytes(bytes(disk.f_bavail * disk.f_frsize - SPARE_BYTES))
    fail_then_post(database, filler.unlink)
    database.close()


def test_disk_full_at_the_very_end(small_disk: Path) -> None:
    """Whatever room is left, an act is there in full or not at all."""
    database = opened(str(small_disk / "books.sqlite"))
    outcomes = set()
    for spare_pages in range(0, 40, 3):
        with database.reading() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        lift = limit_pages(database, pages + spare_pages)
        weights = list(range(400))
        draft = toy_draft(f"act {spare_pages}", {"name": "first"})
        draft.add_frames("toy", [toy_frame(["x" * 100] * 400, weights)])
        before = verify(database).lines
        try:
            post(database, draft, ACTOR)
            outcomes.add("posted")
            expected = before + 401
        except FullError:
            outcomes.add("full")
            expected = before
        lift()
        found = verify(database)
        assert (found.sound, found.lines) == (True, expected)
    database.close()
    assert outcomes == {"posted", "full"}


def test_no_room_for_evidence(small_disk: Path) -> None:
    if not small_disk.is_mount():
        return
    database = Database(small_disk / "books.sqlite", REGISTRY)
    with pytest.raises(FullError, match="no room for evidence"):
        database.evidence.put(os.urandom(9_000_000))
    assert list(database.evidence.digests()) == []
    assert [path for path in small_disk.rglob("*") if path.is_file()] == []
