"""Case files: the same bytes, everything proven, one changed byte found."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.proofs import Checkpoint, checkpoint
from keiryo.surveillance import case_standalone
from keiryo.surveillance.case_file import CaseFile, check_case, make_case_file
from keiryo.surveillance.retention import apply_retention
from keiryo.surveillance.tables import CASE_FILE
from keiryo.surveillance.views import record_view
from surveillance.camera_books import (
    KEY,
    NOW,
    SCOPE,
    START,
    Site,
    codes,
    fill,
    make_site,
    picture,
    records,
    write_log,
)

DAY = timedelta(days=1)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Site:
    made = make_site(sqlite_url, tmp_path)
    record_view(
        *made.given, "CAM-01", "the <pond>", START, reference=("r.png", picture(90)),
        clock=made.clock,
    )  # fmt: skip
    paths = fill(tmp_path / "in", 5)
    log = write_log(tmp_path / "log.jsonl", records(paths), sign=True)
    made.ingest(tmp_path / "in", manifest=log, keys={"K-1": KEY})
    return made


def make(site: Site, name: str = "a.zip", **more: Any) -> CaseFile:
    begin, end = more.get("begin", START), more.get("end", START + DAY)
    return make_case_file(*site.given, "CAM-01", begin, end, site.folder / name, clock=site.clock)


def test_a_case_file_holds_and_proves_everything(site: Site) -> None:
    made = make(site)
    assert (made.images, made.missing) == (5, 0) and made.act is not None
    problems, words = check_case(made.path)
    assert not problems and "5 images" in words
    with zipfile.ZipFile(made.path) as archive:
        names = archive.namelist()
        page = archive.read("index.html").decode()
        lines = archive.read("proof/lines.jsonl").decode().splitlines()
    assert "<script" not in page and "the &lt;pond&gt;" in page
    assert sum(name.startswith("files/") for name in names) == 7  # with the list and a reference
    kinds = {json.loads(line)["line"]["kind"] for line in lines}
    assert {"surveillance_camera", "surveillance_view", "surveillance_set"} <= kinds
    (line,) = site.rows(CASE_FILE.name)
    assert (line["digest"], line["images"]) == (made.digest, 5)


def test_the_same_record_gives_the_same_bytes(site: Site) -> None:
    first, second = make(site), make(site, "b.zip")
    assert first.digest == second.digest
    assert first.path.read_bytes() == second.path.read_bytes()


def test_one_changed_byte_is_found(site: Site) -> None:
    made = make(site)
    content = bytearray(made.path.read_bytes())
    places = random.Random(7).sample(range(len(content)), 40)
    for place in [*places, 0, len(content) - 1]:
        content[place] ^= 4
        (site.folder / "x.zip").write_bytes(content)
        content[place] ^= 4
        assert check_case(site.folder / "x.zip")[0], place
    (site.folder / "x.zip").write_bytes(content[:-1])
    assert check_case(site.folder / "x.zip")[0]
    (site.folder / "x.zip").write_bytes(bytes(content) + b"\0")
    assert check_case(site.folder / "x.zip")[0]
    with pytest.raises(NotFoundError):
        check_case(site.folder / "none.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_files_that_are_packed_are_no_case(method: int, tmp_path: Path) -> None:
    place = tmp_path / "packed.zip"
    with zipfile.ZipFile(place, "w", method) as archive:
        archive.writestr("SHA256SUMS", "0  a\n" * 100)
    problems, _ = case_standalone.check(place, None)
    assert problems == [
        "this is no whole case file: SHA256SUMS is packed, which no file of a case is"
    ]
    content = bytearray(place.read_bytes())
    for at in range(40, len(content)):
        content[at] ^= 0x55
        place.write_bytes(content)
        content[at] ^= 0x55
        assert case_standalone.main([str(place)]) in (1, 2)


def unpacked(site: Site) -> Path:
    made = make(site)
    folder = site.folder / "case"
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(folder)
    return folder


def sum_again(folder: Path) -> None:
    """Write the list of digests anew, as somebody would who has something to hide."""
    case = case_standalone.Case(folder)
    names = [name for name in case.names() if name != "SHA256SUMS"]
    rows = (f"{case.digest(name)}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text("".join(rows))


def test_the_programs_in_it_check_it_without_keiryo(site: Site) -> None:
    folder = unpacked(site)
    for given in ((), (str(site.folder / "a.zip"),)):
        run = subprocess.run(
            [sys.executable, "-I", "-S", str(folder / "verify_case.py"), *given],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0 and run.stdout.startswith("Sound:"), run.stdout + run.stderr
    (folder / "index.html").write_text("nothing happened")
    assert case_standalone.main([str(folder)]) == 1
    assert case_standalone.main([str(site.folder / "nothing")]) == 2


def test_whoever_writes_the_digests_anew_is_found_by_the_proofs(site: Site) -> None:
    folder = unpacked(site)
    image = next(path for path in (folder / "files").iterdir() if path.suffix == ".png")
    kept = image.read_bytes()
    image.write_bytes(picture(99))
    sum_again(folder)
    assert check_case(folder)[0]
    image.unlink()
    sum_again(folder)
    assert "is missing" in check_case(folder)[0][0]
    image.write_bytes(kept)
    lines = folder / "proof" / "lines.jsonl"
    lines.write_text(lines.read_text().replace("T08:10:00", "T08:11:00"))
    sum_again(folder)
    assert any("not part of the act" in one for one in check_case(folder)[0])


def test_it_leads_to_a_checkpoint_that_was_kept(site: Site) -> None:
    database = site.books.database
    with database.reading() as connection:
        held = checkpoint(connection, database.metadata)
    made = make(site)
    assert not check_case(made.path, held)[0]
    other = Checkpoint(held.journal_uid, held.act_id, "0" * 64, held.recorded_at)
    assert "rewritten" in check_case(made.path, other)[0][0]
    later = Checkpoint(held.journal_uid, 99, held.digest, held.recorded_at)
    assert "lacks" in check_case(made.path, later)[0][0]
    foreign = Checkpoint("x", held.act_id, held.digest, held.recorded_at)
    assert "another journal" in check_case(made.path, foreign)[0][0]


def test_images_that_are_no_longer_kept_are_told(site: Site) -> None:
    site.camera(retention_days=1)
    site.reviewed(START, START + DAY)
    site.now = NOW + 2 * DAY
    apply_retention(*site.given, clock=site.clock)
    made = make(site)
    assert (made.images, made.missing) == (0, 5) and not check_case(made.path)[0]


def test_what_cannot_be_a_case(site: Site) -> None:
    with pytest.raises(UsageError):
        make(site, end=START)
    with pytest.raises(NotFoundError):
        make(site, begin=START + DAY, end=START + 2 * DAY)
    make(site)
    with pytest.raises(UsageError):
        make(site)
    assert len(site.rows(CASE_FILE.name)) == 1
    assert sorted(path.name for path in site.folder.glob("*.zip")) == ["a.zip"]
    assert not list(site.folder.glob(".*unfinished"))


def test_a_case_of_no_camera(site: Site) -> None:
    from keiryo.errors import RefusedError

    at = "2026-03-01T08:00:00.000000Z"
    draft = Draft("surveillance.case_file", "c")
    draft.add(
        CASE_FILE.name, scope=SCOPE, camera="CAM-09", begin_at=at, end_at=at, name="x",
        digest="0" * 64, images=0,
    )  # fmt: skip
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    assert codes(error.value) == ["CAMERA-UNKNOWN"]
