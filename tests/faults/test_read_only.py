"""Books that may only be read: reading goes on, posting says what is wrong and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from journal.toy_books import ACTOR, REGISTRY, opened, toy_draft
from keiryo.errors import ReadOnlyError
from keiryo.journal import standalone
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database

SCRIPT = Path(__file__).with_name("read_and_post.py")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder whose permissions are put back at the end."""
    made = tmp_path / "read-only"
    made.mkdir()
    yield made
    made.chmod(0o700)


def as_ordinary_user(books: Path, script: Path = SCRIPT) -> list[str]:
    """Run a script on books, without root's power over permissions; return what it printed."""
    without = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    result = subprocess.run(
        [*(without if os.geteuid() == 0 else []), sys.executable, str(script), str(books)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def made_books(folder: Path) -> Path:
    books = folder / "books.sqlite"
    database = opened(str(books))
    post(database, toy_draft("a", {"name": "x"}), ACTOR)
    database.close()
    return books


def test_file_can_only_be_read(folder: Path) -> None:
    books = made_books(folder)
    books.chmod(0o444)
    read, posted = as_ordinary_user(books)
    assert read == "read True"
    assert posted.startswith("not posted | ReadOnlyError | ")
    assert "can only be read: nothing was posted" in posted
    assert "permissions" in posted


def test_file_and_folder_can_only_be_read(folder: Path) -> None:
    """As on a read-only medium, where SQLite cannot make the file that it shares with writers."""
    books = made_books(folder)
    books.chmod(0o444)
    folder.chmod(0o555)
    read, posted = as_ordinary_user(books)
    assert read == "read True"
    assert posted.startswith("not posted | ReadOnlyError | ")
    assert sorted(path.name for path in folder.iterdir()) == ["books.sqlite"]


def test_the_script_reads_where_nothing_can_be_written(folder: Path) -> None:
    books = made_books(folder)
    books.chmod(0o444)
    folder.chmod(0o555)
    words = as_ordinary_user(books, Path(standalone.__file__))
    assert words[0].startswith("Sound: 2 acts")
    assert sorted(path.name for path in folder.iterdir()) == ["books.sqlite"]


@pytest.mark.postgres
def test_read_only_server(postgres_url: str) -> None:
    database = opened(postgres_url)
    post(database, toy_draft("a", {"name": "x"}), ACTOR)
    with database.writing() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.exec_driver_sql(
            f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        )
    database.close()
    again = Database(postgres_url, database.registry)
    assert verify(again).sound
    with pytest.raises(ReadOnlyError, match="can only be read: nothing was posted"):
        post(again, toy_draft("b", {"name": "x"}), ACTOR)
    assert verify(again).sound
    again.close()


def test_evidence_folder_that_cannot_be_written(folder: Path) -> None:
    if os.geteuid() == 0:
        folder = Path("/proc/keiryo")  # nobody, not even root, makes a folder there
    else:
        folder.chmod(0o555)
    database = Database(folder / "books.sqlite", REGISTRY)
    with pytest.raises(ReadOnlyError, match="evidence cannot be written"):
        database.evidence.put(b"content")
