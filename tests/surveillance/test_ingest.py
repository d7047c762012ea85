"""Taking in images: times, duplicates, lists, what is broken, and that nothing is half-done."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest

from keiryo.errors import FullError, NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.storage.evidence import EvidenceStore
from keiryo.surveillance.clocks import record_reading
from keiryo.surveillance.image_lists import days, image_rows, set_rows
from keiryo.surveillance.ingest_folder import local_time
from keiryo.surveillance.tables import IMAGE, IMAGE_SET
from surveillance.camera_books import (
    KEY,
    SCOPE,
    START,
    TEN_MINUTES,
    Site,
    codes,
    fill,
    make_site,
    picture,
    records,
    write_log,
)

KEYS = {"K-1": KEY}


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Site:
    return make_site(sqlite_url, tmp_path)


def video(path: Path, frames: int = 20) -> Path:
    """Write a small video, ten frames a second."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            plane = np.full((48, 64, 3), 60 + 5 * number, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(plane, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_a_folder_is_kept_and_recorded(site: Site) -> None:
    paths = fill(site.folder / "in", 6)
    done = site.ingest(
        site.folder / "in", set_name="S-1", medium="removable-media", custody="Ito |Huber"
    )
    assert (done.set_name, done.new, done.duplicates, done.authentic) == ("S-1", 6, 0, "unsigned")
    (line,) = site.sets()
    assert line["custody"] == "Ito | Huber" and line["scope"] == SCOPE
    assert (line["first_at"], line["last_at"]) == (
        "2026-03-01T08:00:00.000000Z",
        "2026-03-01T08:50:00.000000Z",
    )
    rows = site.rows()
    assert [row["digest"] for row in rows] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    ]
    assert [row["sequence"] for row in rows] == list(range(6))
    assert set(site.states()) == {"received"}
    assert all(site.books.database.evidence.is_sound(row["digest"]) for row in rows)
    assert verify(site.books.database).sound


def test_again_changes_nothing_and_more_adds_what_is_missing(site: Site) -> None:
    paths = fill(site.folder / "in", 4)
    first = site.ingest(site.folder / "in", set_name="S-1")
    again = site.ingest(site.folder / "in", set_name="S-1")
    assert again.repeated and again.act == first.act and again.new == 0
    fill(site.folder / "in", 2, first=4, start=START + 4 * TEN_MINUTES)
    more = site.ingest(site.folder / "in", set_name="S-1")
    assert (more.new, more.duplicates) == (2, 4) and codes(more.findings) == ["IMAGE-TWICE"]
    assert len(site.rows()) == 6 and len(site.sets()) == 2
    shutil.copy(paths[0], site.folder / "in" / "copy.png")
    with pytest.raises(UsageError):  # nothing tells when the copy was taken
        site.ingest(site.folder / "in")


def test_the_same_images_on_another_medium_are_logged_and_not_stored_twice(site: Site) -> None:
    fill(site.folder / "in", 3)
    site.ingest(site.folder / "in", set_name="S-1")
    done = site.ingest(site.folder / "in", set_name="S-2", medium="network")
    assert (done.new, done.duplicates, done.repeated) == (0, 3, False)
    assert len(site.rows()) == 3 and [row["images"] for row in site.sets()] == [3, 0]


def test_a_kill_leaves_nothing_half_done(site: Site) -> None:
    fill(site.folder / "in", 5)

    def killed(done: int, total: int, name: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        site.ingest(site.folder / "in", progress=killed)
    assert not site.rows() and not site.sets() and verify(site.books.database).sound
    assert site.ingest(site.folder / "in").new == 5


def test_a_full_disk_leaves_nothing_half_done(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(site.folder / "in", 3)
    put, calls = EvidenceStore.put, []

    def full(store: EvidenceStore, content: bytes) -> str:
        calls.append(1)
        if len(calls) > 2:
            raise FullError("no room", "Make room.")
        return put(store, content)

    monkeypatch.setattr(EvidenceStore, "put", full)
    with pytest.raises(FullError):
        site.ingest(site.folder / "in")
    monkeypatch.undo()
    assert not site.sets() and site.ingest(site.folder / "in").new == 3


def test_unreadable_files_are_kept_and_counted(site: Site) -> None:
    paths = fill(site.folder / "in", 4)
    paths[1].write_bytes(paths[1].read_bytes()[:60])
    paths[2].write_bytes(b"")
    done = site.ingest(site.folder / "in")
    assert (done.new, done.unreadable) == (4, 2) and codes(done.findings) == ["IMAGE-UNREADABLE"]
    assert site.states() == ["received", "unreadable", "unreadable", "received"]
    assert verify(site.books.database).sound


def test_the_same_number_for_another_image_is_an_anomaly(site: Site) -> None:
    paths = fill(site.folder / "in", 3)
    site.ingest(site.folder / "in")
    (site.folder / "other").mkdir()
    (site.folder / "other" / paths[0].name).write_bytes(paths[0].read_bytes())
    (site.folder / "other" / paths[1].name).write_bytes(picture(99))
    done = site.ingest(site.folder / "other")
    assert codes(done.findings) == ["IMAGE-TWICE", "IMAGE-EQUIVOCATION"]
    assert sorted(site.states()) == ["equivocation", "received", "received", "received"]


def test_numbers_that_begin_anew_later_are_no_anomaly(site: Site) -> None:
    fill(site.folder / "a", 3)
    site.ingest(site.folder / "a")
    for number, path in enumerate(fill(site.folder / "b", 3, start=START + timedelta(days=9))):
        path.write_bytes(picture(50 + number))
    assert not site.ingest(site.folder / "b").findings


def test_a_signed_list(site: Site) -> None:
    paths = fill(site.folder / "in", 4)
    log = write_log(site.folder / "log.jsonl", records(paths, first=10), sign=True)
    done = site.ingest(site.folder / "in", manifest=log, keys=KEYS)
    assert done.authentic == "signed" and not done.findings
    assert [row["sequence"] for row in site.rows()] == [10, 11, 12, 13]
    assert site.sets()[0]["manifest"] == hashlib.sha256(log.read_bytes()).hexdigest()


def test_a_chain_that_is_broken_in_the_middle(site: Site) -> None:
    paths = fill(site.folder / "in", 6)
    log = write_log(site.folder / "log.jsonl", records(paths))
    lines = log.read_text().splitlines()
    lines[3] = lines[3].replace("T08:30:00", "T08:31:00")
    log.write_text("\n".join(lines) + "\n")
    done = site.ingest(site.folder / "in", manifest=log)
    assert done.authentic == "broken" and done.new == 6 and "IMAGE-CHAIN" in codes(done.findings)
    states = site.states()
    assert states[:3] == ["received"] * 3 and states[3] == "broken-chain"
    assert states[5] == "received"


def test_a_signature_over_other_content(site: Site) -> None:
    paths = fill(site.folder / "in", 3)
    log = write_log(site.folder / "log.jsonl", records(paths), chain=False, sign=True)
    log.write_text(log.read_text().replace("T08:10:00Z", "T08:11:00Z"))
    done = site.ingest(site.folder / "in", manifest=log, keys=KEYS)
    assert "IMAGE-SIGNATURE" in codes(done.findings) and done.authentic == "broken"
    assert sorted(site.states()) == ["bad-signature", "received", "received"]


def test_what_is_listed_and_what_came(site: Site) -> None:
    paths = fill(site.folder / "in", 5)
    log = write_log(site.folder / "in" / "manifest.jsonl", records(paths[:4]))
    paths[0].unlink()
    paths[1].write_bytes(picture(77))
    (site.folder / "in" / "note.txt").write_text("by courier")
    done = site.ingest(site.folder / "in")
    assert set(codes(done.findings)) == {
        *("IMAGE-LISTED-MISSING", "IMAGE-NOT-LISTED", "IMAGE-NOT-AS-LISTED", "IMAGE-OTHER-FILES"),
    }
    assert log.exists() and "not-as-listed" in site.states()


def test_a_list_of_another_camera_and_lines_that_cannot_be_read(site: Site) -> None:
    paths = fill(site.folder / "in", 3)
    told = records(paths)
    told[1]["src"], told[2]["sha256"] = "CAM-07", "x"
    log = write_log(site.folder / "log.jsonl", told)
    done = site.ingest(site.folder / "in", manifest=log)
    assert {"IMAGE-LIST-SOURCE", "IMAGE-LIST-LINE"} <= set(codes(done.findings))


def test_a_list_in_csv_gives_times_and_triggers(site: Site) -> None:
    path = site.folder / "in" / "x.png"
    path.parent.mkdir()
    path.write_bytes(picture(1))
    digest = hashlib.sha256(picture(1)).hexdigest()
    listed = site.folder / "list.csv"
    listed.write_text(
        f"sha256,file,time,sequence,trigger\n{digest},x.png,2026-03-01T17:00+09:00,7,seal\n"
    )
    assert site.ingest(path.parent, manifest=listed).new == 1
    (row,) = site.rows()
    assert (row["at"], row["sequence"]) == ("2026-03-01T08:00:00.000000Z", 7)
    assert row["trigger"] == "seal"
    for wrong in ("file\nx.png\n", "sha256\n", "\xff"):
        listed.write_bytes(wrong.encode("latin-1"))
        with pytest.raises(UsageError):
            site.ingest(path.parent, manifest=listed)


def test_gaps_of_numbers_and_of_time(site: Site) -> None:
    paths = fill(site.folder / "in", 12)
    for path in paths[3:6]:
        path.unlink()
    done = site.ingest(site.folder / "in")
    assert done.sequence_gaps == 3
    assert codes(done.findings) == ["IMAGE-SEQUENCE-GAP", "IMAGE-LOST"]
    fill(site.folder / "b", 5, first=100, start=START + timedelta(days=1))
    fill(site.folder / "b", 5, first=105, start=START + timedelta(days=1, hours=3))
    assert codes(site.ingest(site.folder / "b").findings) == ["IMAGE-TIME-GAP"]


def test_a_sequence_gap_between_signed_images_asks_for_an_answer(site: Site) -> None:
    paths = fill(site.folder / "in", 6)
    log = write_log(site.folder / "log.jsonl", [records(paths)[n] for n in (0, 1, 5)], sign=True,
                    chain=False)  # fmt: skip
    for path in paths[2:5]:
        path.unlink()
    done = site.ingest(site.folder / "in", manifest=log, keys=KEYS)
    (gap,) = [one for one in done.findings if one.code == "IMAGE-SEQUENCE-GAP"]
    assert gap.severity == "E" and gap.found == "3"


def test_times_that_fall_while_numbers_rise(site: Site) -> None:
    paths = fill(site.folder / "in", 4)
    told = records(paths)
    told[2]["t"], told[3]["t"] = told[3]["t"], told[2]["t"]
    log = write_log(site.folder / "log.jsonl", told)
    assert codes(site.ingest(site.folder / "in", manifest=log).findings) == ["CLOCK-BACKWARD"]


def test_the_clock_of_the_camera_is_corrected(site: Site) -> None:
    record_reading(*site.given, "CAM-01", START, 0, clock=site.clock)
    at = START + timedelta(hours=10, seconds=60)
    record_reading(*site.given, "CAM-01", at, 60_000, clock=site.clock)
    fill(site.folder / "in", 7)
    site.ingest(site.folder / "in")
    row = site.rows()[-1]
    assert row["camera_at"] == "2026-03-01T09:00:00.000000Z"
    assert row["at"] == "2026-03-01T09:00:06.000000Z"


def test_summer_time(site: Site) -> None:
    vienna = ZoneInfo("Europe/Vienna")
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert local_time(datetime(2025, 10, 26, 2, 30), vienna, None) == (first, "twice")
    later = first + timedelta(minutes=1)
    told = local_time(datetime(2025, 10, 26, 2, 30), vienna, later)
    assert told == (first + timedelta(hours=1), "twice")
    assert local_time(datetime(2026, 3, 29, 2, 30), vienna, None)[1] == "never"

    site.camera("CAM-02", clock="Europe/Vienna")
    folder = site.folder / "in"
    folder.mkdir()
    begin = datetime(2025, 10, 25, 23, 0, tzinfo=UTC)
    for number in range(24):
        wall = (begin + number * TEN_MINUTES).astimezone(vienna)
        path = folder / f"{number:04d}_{wall:%Y%m%dT%H%M%S}.png"
        path.write_bytes(picture(number))
    done = site.ingest(folder, "CAM-02")
    assert codes(done.findings) == ["IMAGE-HOUR-TWICE"]
    times = sorted(row["at"] for row in site.rows())
    assert times[0] == "2025-10-25T23:00:00.000000Z" and len(set(times)) == 24
    assert times[-1] == "2025-10-26T02:50:00.000000Z"
    (folder / "0024_20260329T023000.png").write_bytes(picture(24))
    assert "IMAGE-TIME-NEVER" in codes(site.ingest(folder, "CAM-02").findings)


def test_a_local_clock_that_nobody_told_of(site: Site) -> None:
    folder = site.folder / "in"
    folder.mkdir()
    for number in range(8):
        wall = START + number * TEN_MINUTES + timedelta(hours=number > 3)
        (folder / f"{number:04d}_{wall:%Y%m%dT%H%M%S}.png").write_bytes(picture(number))
    found = codes(site.ingest(folder).findings)
    assert found == ["TIMES-LOCAL", "IMAGE-TIME-GAP", "CLOCK-DST"]


def test_images_from_after_they_came_in_are_told(site: Site) -> None:
    fill(site.folder / "in", 2, start=site.now + timedelta(days=1))
    site.ingest(site.folder / "in")
    assert "IMAGE-FUTURE" in [row["code"] for row in site.rows("finding")]


def test_a_video_is_kept_once_and_its_frames_are_counted(site: Site) -> None:
    site.camera("CAM-02", interval_ms=None, tolerance_ms=None)
    path = video(site.folder / "clip.mp4")
    with pytest.raises(UsageError):
        site.ingest(path, "CAM-02")
    done = site.ingest(path, "CAM-02", start=START)
    assert (done.new, done.received, done.unreadable) == (20, 20, 0)
    rows = site.rows()
    assert {row["digest"] for row in rows} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    assert [row["frame"] for row in rows] == list(range(20))
    assert rows[5]["at"] == "2026-03-01T08:00:00.500000Z"
    assert len(site.rows("evidence")) == 1 and verify(site.books.database).sound
    assert site.ingest(path, "CAM-02", start=START).repeated


def test_what_is_no_video_or_no_folder(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.folder / "x.mp4").write_bytes(b"nothing")
    (site.folder / "empty").mkdir()
    for path in ("x.mp4", "empty"):
        with pytest.raises(UsageError):
            site.ingest(site.folder / path, start=START)
    with pytest.raises(NotFoundError):
        site.ingest(site.folder / "none")
    with pytest.raises(NotFoundError):
        site.ingest(site.folder, "CAM-09")
    with pytest.raises(UsageError):
        site.ingest(site.folder, medium="pigeon")
    monkeypatch.setattr("keiryo.surveillance.ingest_video.MAX_FRAMES", 5)
    with pytest.raises(UsageError):
        site.ingest(video(site.folder / "long.mp4"), start=START)
    assert not site.sets()


def test_a_set_belongs_to_one_camera(site: Site) -> None:
    site.camera("CAM-02")
    fill(site.folder / "in", 2)
    site.ingest(site.folder / "in", set_name="S-1")
    with pytest.raises(UsageError):
        site.ingest(site.folder / "in", "CAM-02", set_name="S-1")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"images": 1}, "IMAGE-SET"),
        ({"first_at": "2026-03-02T00:00:00.000000Z"}, "IMAGE-PERIOD"),
        ({"camera": "CAM-09"}, "CAMERA-UNKNOWN"),
        ({}, "IMAGE-NOT-KEPT"),
    ],
)
def test_acts_that_the_pipeline_refuses(site: Site, line: dict[str, Any], code: str) -> None:
    at = "2026-03-01T08:00:00.000000Z"
    values = {
        "set_name": "S",
        "camera": "CAM-01",
        "source": "x",
        "medium": "file",
        "received_at": at,
        "images": 0,
        "duplicates": 0,
        "unreadable": 0,
        "sequence_gaps": 0,
        "authentic": "unsigned",
        "first_at": at,
        "last_at": at,
        **line,
    }
    draft = Draft("surveillance.ingest", "x")
    if code == "IMAGE-NOT-KEPT":
        values["images"] = 1
    draft.add(IMAGE_SET.name, values, scope=SCOPE)
    if code in ("IMAGE-NOT-KEPT", "IMAGE-SET"):
        draft.add(
            IMAGE.name, scope=SCOPE, camera="CAM-01", at=at, camera_at=at, name="x",
            set_name="S" if code == "IMAGE-NOT-KEPT" else "T", digest="0" * 64,
            trigger="scheduled", state="received",
        )  # fmt: skip
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    assert code in codes(error.value)


def test_lists_of_what_came_in(site: Site) -> None:
    fill(site.folder / "in", 6, start=START + timedelta(hours=15, minutes=30))
    site.ingest(site.folder / "in", set_name="S-1")
    database = site.books.database
    with database.reading() as connection:
        by_day = days(connection, database.metadata, "CAM-01")
        rows = list(image_rows(connection, database.metadata, "CAM-01", limit=2))
        (one,) = set_rows(connection, database.metadata)
        act, line = (int(part) for part in rows[1]["line"].removeprefix("line:").split("/"))
        after = (rows[1]["at"], act, line)
        rest = list(image_rows(connection, database.metadata, "CAM-01", after=after))
    assert [(day["day"], day["images"], day["scheduled"]) for day in by_day] == [
        ("2026-03-01", 3, 3),
        ("2026-03-02", 3, 3),
    ]
    assert len(rest) == 4 and all(row["kept"] for row in rest) and one["images"] == 6
