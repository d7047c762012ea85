"""Backups: whole or absent, consistent while others post, and restored to the same journal."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from keiryo.errors import (
    ConflictError,
    FullError,
    JournalError,
    KeiryoError,
    NewerSchemaError,
    NotInitialisedError,
    StorageError,
    UsageError,
)
from keiryo.journal.model import Actor, Draft, LineKind, integer, text
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.journal.proofs import checkpoint
from keiryo.journal.registry import Capability, Registry
from keiryo.journal.tables import JOURNAL
from keiryo.journal.verify import verify
from keiryo.storage import archive as archive_module
from keiryo.storage import backup as backup_module
from keiryo.storage.backup import backup, restore
from keiryo.storage.engine import Database

LOAN = LineKind(
    "test_loan",
    "an item is lent",
    (text("item", "what", required=True), integer("count", "how many")),
    checks=("count >= 0",),
)
WITH_LOANS = Registry((JOURNAL, Capability("loans", (LOAN,))))
WITHOUT_LOANS = Registry((JOURNAL,))
ACTOR = Actor("P-1", "XA")


def lend(database: Database, client_id: str, rows: int) -> None:
    draft = Draft("loan", client_id)
    draft.add(LOAN.name, scope="XA", item="été – 貸", count=None)
    digest = database.evidence.put(f"slip of {client_id}\n".encode() * 50)
    slip = {"digest": digest, "name": "slip", "size_bytes": 1, "role": "source data"}
    draft.add("evidence", {"scope": "XA", "received_at": "x", "kept": 1, **slip})
    frame = pl.DataFrame({"count": range(rows)})
    frame = frame.with_columns(scope=pl.lit("XA"), item=pl.lit("seal"))
    draft.add_frames(LOAN.name, [frame])
    post(database, draft, ACTOR)


@pytest.fixture
def opened() -> Iterator[Callable[..., Database]]:
    """A function that opens databases; they are closed in the end."""
    kept = []

    def open_(place: str | Path, registry: Registry = WITH_LOANS) -> Database:
        kept.append(Database(place, registry))
        return kept[-1]

    yield open_
    for database in kept:
        database.close()


@pytest.fixture
def books(database_url: str, opened: Callable[..., Database]) -> Database:
    database = opened(database_url)
    open_journal(database, "XA", ACTOR)
    lend(database, "loan-1", 300)
    lend(database, "loan-2", 1)
    return database


@pytest.fixture
def archive(tmp_path: Path, opened: Callable[..., Database]) -> Path:
    """A backup of small books on SQLite."""
    database = opened(tmp_path / "source.sqlite")
    open_journal(database, "XA", ACTOR)
    lend(database, "loan-1", 20)
    backup(database, tmp_path / "books.zip")
    return tmp_path / "books.zip"


def rows(database: Database) -> list[list[tuple]]:
    with database.reading() as connection:
        return [
            [tuple(r) for r in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1, 2")]
            for name in ("act", "chain_head", *database.registry.kinds)
        ]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_there_and_back(
    books: Database, database_url: str, tmp_path: Path, opened: Callable[..., Database]
) -> None:
    seen: list[tuple[int, int]] = []
    made = backup(books, tmp_path / "b.zip", progress=lambda *at: seen.append(at))
    assert seen[-1][0] == seen[-1][1] and seen == sorted(seen)
    assert (made.act_id, made.evidence, made.missing_evidence) == (3, 2, ())
    assert made.size_bytes == (tmp_path / "b.zip").stat().st_size
    found = restore(tmp_path / "b.zip", tmp_path / "back.sqlite", WITH_LOANS)
    assert found.sound and (found.acts, found.evidence) == (3, 2) and found.head == made.digest
    back = opened(tmp_path / "back.sqlite")
    back.require()
    assert rows(back) == rows(books)
    assert verify(back).head == verify(books).head
    assert list(back.evidence.digests()) == list(books.evidence.digests())
    lend(back, "loan-3", 5)  # and life goes on
    assert verify(back).sound
    assert not [name for name in names(tmp_path) if name.startswith(".")]


def test_server_to_file_to_server(
    postgres_url: str, tmp_path: Path, opened: Callable[..., Database], monkeypatch
) -> None:
    source = opened(tmp_path / "source.sqlite")
    open_journal(source, "XA", ACTOR)
    monkeypatch.setattr(backup_module, "ROWS_MAX", 2000)  # more than one member
    lend(source, "loan-1", 5_000)
    backup(source, tmp_path / "1.zip")
    assert restore(tmp_path / "1.zip", postgres_url, WITH_LOANS).sound
    server = opened(postgres_url)
    assert rows(server) == rows(source)
    backup(server, tmp_path / "2.zip")
    assert restore(tmp_path / "2.zip", tmp_path / "again.sqlite", WITH_LOANS).sound
    assert rows(opened(tmp_path / "again.sqlite")) == rows(source)
    with pytest.raises(ConflictError, match="already holds"):
        restore(tmp_path / "1.zip", postgres_url, WITH_LOANS)


def test_unsound_restore_leaves_the_server_empty(
    postgres_url: str, archive: Path, opened: Callable[..., Database]
) -> None:
    change(archive, "checkpoint", digest="0" * 64)
    with pytest.raises(JournalError):
        restore(archive, postgres_url, WITH_LOANS)
    assert not opened(postgres_url).exists()
    assert not opened(postgres_url).evidence.folder.exists()


POSTER = """
import sys
from test_backup import *
database = Database(sys.argv[1], WITH_LOANS)
for number in range(10_000):
    lend(database, f"other-{number}", 40)
    print(number, flush=True)
"""


def process(code: str, *arguments: str) -> subprocess.Popen[str]:
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent), str(here.parent.parent / "src")])
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_backup_while_another_process_posts(
    books: Database, database_url: str, tmp_path: Path
) -> None:
    other = process(POSTER, database_url)
    assert other.stdout is not None
    try:
        made = []
        for number in range(3):
            other.stdout.readline()
            made.append(backup(books, tmp_path / f"{number}.zip"))
    finally:
        other.kill()
        other.wait()
    assert made[0].act_id > 3 and made[2].act_id > made[0].act_id
    for summary in made:
        found = restore(summary.path, summary.path.with_suffix(".sqlite"), WITH_LOANS)
        assert found.sound and (found.acts, found.head) == (summary.act_id, summary.digest)


def test_what_is_there_is_kept(archive: Path, tmp_path: Path, opened) -> None:
    before = archive.read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        backup(opened(tmp_path / "source.sqlite"), archive)
    with pytest.raises(ConflictError, match="exists already"):
        restore(archive, tmp_path / "source.sqlite", WITH_LOANS)
    (tmp_path / "new.sqlite-wal").write_bytes(b"old")  # would be read into the new file
    with pytest.raises(ConflictError, match="wal"):
        restore(archive, tmp_path / "new.sqlite", WITH_LOANS)
    assert archive.read_bytes() == before
    assert verify(opened(tmp_path / "source.sqlite")).sound


def test_wrong_places(archive: Path, tmp_path: Path, opened) -> None:
    with pytest.raises(NotInitialisedError):
        backup(opened(tmp_path / "none.sqlite"), tmp_path / "x.zip")
    with pytest.raises(UsageError, match="No such file"):
        backup(opened(tmp_path / "source.sqlite"), tmp_path / "no" / "x.zip")
    with pytest.raises(UsageError, match="No such file"):
        restore(tmp_path / "none.zip", tmp_path / "x.sqlite", WITH_LOANS)
    with pytest.raises(UsageError):
        restore(tmp_path, tmp_path / "x.sqlite", WITH_LOANS)
    with pytest.raises(KeiryoError):
        restore(archive, tmp_path / "no" / "x.sqlite", WITH_LOANS)


def test_full_disk(archive: Path, tmp_path: Path, opened, monkeypatch) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    database = opened(tmp_path / "source.sqlite")
    verify(database)
    before = names(tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, hard))
    try:
        with pytest.raises(FullError):
            backup(database, tmp_path / "b.zip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(StorageError):
            restore(archive, tmp_path / "new.sqlite", WITH_LOANS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == before


def test_interrupted(archive: Path, tmp_path: Path, opened) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    before = names(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        backup(opened(tmp_path / "source.sqlite"), tmp_path / "b.zip", progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        restore(archive, tmp_path / "new.sqlite", WITH_LOANS, progress=interrupt)
    assert names(tmp_path) == before


KILLED = """
import os, signal, sys
from test_backup import *
def die(done, total):
    if done >= total * float(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
place, other = Path(sys.argv[1]), Path(sys.argv[2])
if place.suffix == ".zip":
    restore(place, other, WITH_LOANS, progress=die)
else:
    backup(Database(place, WITH_LOANS), other, progress=die)
"""


@pytest.mark.parametrize("part", ["0.1", "1"])
def test_killed(part: str, archive: Path, tmp_path: Path) -> None:
    for place, target in (("source.sqlite", "b.zip"), ("books.zip", "new.sqlite")):
        other = process(KILLED, str(tmp_path / place), str(tmp_path / target), part)
        assert other.wait() == -signal.SIGKILL
        assert not (tmp_path / target).exists()
        assert not list(tmp_path.glob(f"{target}.evidence/??"))
    assert restore(archive, tmp_path / "new.sqlite", WITH_LOANS).sound


def test_missing_evidence_is_told(
    books: Database, tmp_path: Path, opened: Callable[..., Database]
) -> None:
    digests = list(books.evidence.digests())
    books.evidence.path(digests[0]).unlink()
    made = backup(books, tmp_path / "b.zip")
    assert made.missing_evidence == (digests[0],) and made.evidence == 1
    found = restore(tmp_path / "b.zip", tmp_path / "back.sqlite", WITH_LOANS)
    assert [p.code for p in found.problems] == ["EVIDENCE-CHANGED"]
    assert list(opened(tmp_path / "back.sqlite").evidence.digests()) == digests[1:]


def test_table_of_an_absent_addition_survives(
    books: Database, tmp_path: Path, opened: Callable[..., Database]
) -> None:
    backup(
        opened(books.url.render_as_string(hide_password=False), WITHOUT_LOANS), tmp_path / "1.zip"
    )
    assert restore(tmp_path / "1.zip", tmp_path / "1.sqlite", WITHOUT_LOANS).sound
    back = opened(tmp_path / "1.sqlite")  # the addition is installed again
    assert rows(back) == rows(books)
    assert verify(back).sound
    lend(back, "loan-3", 2)


def test_changed_books_are_not_restored(tmp_path: Path, opened: Callable[..., Database]) -> None:
    database = opened(tmp_path / "source.sqlite")
    open_journal(database, "XA", ACTOR)
    lend(database, "loan-1", 20)
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER test_loan_no_update")
        connection.exec_driver_sql("UPDATE test_loan SET count = 99 WHERE line_no = 5")
    backup(database, tmp_path / "b.zip")
    before = names(tmp_path)
    with pytest.raises(JournalError, match="act 2") as caught:
        restore(tmp_path / "b.zip", tmp_path / "new.sqlite", WITH_LOANS)
    assert caught.value.act_id == 2 and names(tmp_path) == before


def rewrite(archive: Path, edit: Callable[[dict[str, bytes]], object]) -> None:
    """Write the archive again with other members."""
    with zipfile.ZipFile(archive) as old:
        members = {name: old.read(name) for name in old.namelist()}
    edit(members)
    with zipfile.ZipFile(archive, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)


def change(archive: Path, *path: str, **values: object) -> None:
    """Write other values into the manifest."""

    def edit(members: dict[str, bytes]) -> None:
        manifest = place = json.loads(members["manifest.json"])
        for step in path:
            place = place[step]
        place.update(values)
        members["manifest.json"] = json.dumps(manifest).encode()

    rewrite(archive, edit)


def refused(archive: Path, error: type[KeiryoError] = UsageError) -> KeiryoError:
    """Return the error of a restore; nothing must be left of it."""
    before = names(archive.parent)
    with pytest.raises(error) as caught:
        restore(archive, archive.parent / "new.sqlite", WITH_LOANS)
    assert names(archive.parent) == before
    assert caught.value.advice
    return caught.value


def test_flipped_bits(archive: Path) -> None:
    whole = archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        places = [(i.filename, i.header_offset + 30 + len(i.filename)) for i in opened.infolist()]
        sizes = {i.filename: i.file_size for i in opened.infolist()}
    for name, start in places:
        damaged = bytearray(whole)
        damaged[start + sizes[name] // 2] ^= 4
        archive.write_bytes(damaged)
        refused(archive, KeiryoError)
    archive.write_bytes(whole)
    assert restore(archive, archive.parent / "new.sqlite", WITH_LOANS).sound


def test_any_damage_is_answered_in_words(archive: Path) -> None:
    """Whatever is flipped or cut: restored soundly, or refused with advice; never a traceback."""
    whole, chance = archive.read_bytes(), random.Random(10)
    tail = whole.index(b"PK\x01\x02")
    for number in range(60):
        damaged = bytearray(whole)
        start = tail if number % 2 else 0
        damaged[chance.randrange(start, len(whole))] ^= 1 << chance.randrange(8)
        archive.write_bytes(damaged if number % 3 else damaged[: chance.randrange(len(whole))])
        try:
            assert restore(archive, archive.parent / "new.sqlite", WITH_LOANS).sound
            for path in archive.parent.glob("new.sqlite"):
                path.unlink()
        except KeiryoError as error:
            assert error.advice
        assert not (archive.parent / "new.sqlite").exists()


EXTRA = {
    "extra member": ("readme.txt", b"hello", "does not belong"),
    "path upwards": ("../evil", b"x", "does not belong"),
    "path from the root": ("/etc/evil", b"x", "does not belong"),
    "evidence upwards": ("evidence/../../evil", b"x", "does not belong"),
    "another table": ("tables/seal/00000.parquet", b"x", "members"),
    "more evidence": ("evidence/" + "a" * 64, b"x", "members"),
}


@pytest.mark.parametrize("name, content, words", EXTRA.values(), ids=list(EXTRA))
def test_members_that_do_not_belong(name: str, content: bytes, words: str, archive: Path) -> None:
    rewrite(archive, lambda members: members.update({name: content}))
    assert words in refused(archive).message


def test_not_a_backup(archive: Path) -> None:
    archive.write_bytes(b"")
    assert "not a whole backup" in refused(archive).message
    archive.write_bytes(b"MBA,weight\nXAFA,3\n" * 100)
    assert "not a whole backup" in refused(archive).message
    with zipfile.ZipFile(archive, "w") as other:
        other.writestr("word/document.xml", "<xml/>")
    assert "some other program" in refused(archive).message
    for manifest in ("", "[]", "{}", '{"format": 3}', '{"format": "keiryo-backup-1"}', "\x00"):
        with zipfile.ZipFile(archive, "w") as other:
            other.writestr("manifest.json", manifest)
        refused(archive)


def test_member_that_would_grow(archive: Path) -> None:
    digest = "0" * 64
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(f"evidence/{digest}", bytes(10_000_000))
    assert "not stored" in refused(archive).message


def test_missing_and_doubled_members(archive: Path) -> None:
    whole = archive.read_bytes()
    rewrite(archive, lambda members: members.pop("tables/act/00000.parquet"))
    refused(archive)
    archive.write_bytes(whole)
    with pytest.warns(UserWarning), zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("manifest.json", b"{}")
    refused(archive)


def test_manifest_that_lies(archive: Path) -> None:
    whole = archive.read_bytes()
    lies: list[tuple[tuple[str, ...], dict[str, object]]] = [
        ((), {"format": "keiryo-backup-7"}),
        (("tables", "act"), {"rows": 1}),
        (("tables", "act", "columns"), {"reason; DROP TABLE act": "text"}),
        (("tables",), {"sqlite_master": {"rows": 0, "columns": {"name": "text"}}}),
        (("tables",), {"schema_version": {"rows": 0, "columns": {"name": "text"}}}),
        (("tables",), {"strange": {"rows": 0, "columns": {"name": "text"}}}),
        (("checkpoint",), {"journal_uid": "other"}),
        ((), {"missing_evidence": ["0" * 64]}),
        (("checkpoint",), {"act_id": "one"}),
    ]
    for path, values in lies:
        archive.write_bytes(whole)
        change(archive, *path, **values)
        refused(archive)
    archive.write_bytes(whole)
    change(archive, "checkpoint", digest="0" * 64)
    refused(archive, JournalError)


def test_newer_archive(archive: Path) -> None:
    change(archive, schema="9999")
    assert "newer keiryo" in refused(archive, NewerSchemaError).message


def test_checkpoint_of_the_backup_is_that_of_the_books(archive: Path, opened) -> None:
    database = opened(archive.with_name("source.sqlite"))
    with database.reading() as connection:
        known = checkpoint(connection, database.metadata)
    with archive_module.ArchiveReader(archive) as reader:
        assert reader.manifest.checkpoint.digest == known.digest
        assert reader.manifest.software.startswith("keiryo ")
    assert archive.stat().st_mode & 0o077 == 0  # the books are nobody else's
