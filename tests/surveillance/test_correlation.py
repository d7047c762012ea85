"""Cameras, seals and declarations held against one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.containment.recording import watch
from keiryo.seals.recording import Interval
from keiryo.surveillance.cameras import register_camera
from keiryo.surveillance.correlation import Correlation, correlate
from keiryo.surveillance.declared_operations import OperationEntry, declare
from keiryo.surveillance.ingest import Delivery, ingest
from keiryo.surveillance.looks import Look, look
from keiryo.surveillance.marks import Mark, mark
from keiryo.surveillance.review_events import review_events
from keiryo.surveillance.reviews import open_review
from keiryo.surveillance.screening_run import screen
from keiryo.surveillance.timeline import timeline
from seals.seal_books import BEGIN, SealBooks, moment, opened
from small_books import ACTOR
from surveillance.camera_books import TEN_MINUTES, fill
from surveillance.review_books import scripted


class Watched:
    """A store with a sealed lid, seen by two cameras."""

    def __init__(self, folder: Path) -> None:
        self.seals: SealBooks = opened(folder)
        self.given = (self.seals.database, ACTOR)
        self.folder = folder

    def camera(self, name: str, letters: str) -> None:
        values = {"camera": name, "mba": "XHS1", "interval_ms": 600_000, "tolerance_ms": 30_000}
        register_camera(*self.given, values)
        folder = self.folder / name
        first = int(name[-2:]) * 1000
        fill(folder, len(letters), first=first, start=BEGIN)
        ingest(*self.given, name, folder, Delivery())
        end = BEGIN + TEN_MINUTES * len(letters)
        screen(*self.given, name, BEGIN, end, method=scripted(letters))

    def open(self, count: int, *cameras: str) -> None:
        open_review(*self.given, "r", cameras, BEGIN, BEGIN + TEN_MINUTES * count)

    def sealed(self, *openings: tuple[int, int]) -> str:
        """Seal the lid, and read out a log with openings, in seconds."""
        key = self.seals.attached("eoss", at=0)
        shown = tuple(Interval("opening", moment(a), moment(b), "NEGATIVE") for a, b in openings)
        self.seals.do(key, "detach", 80_000)
        self.seals.do(key, "read-out", 81_000, intervals=shown)
        return key.node

    def declared(self, name: str, begin: int, end: int, *sensors: str, **more: Any) -> None:
        times = (self.at(begin), self.at(end))
        entry = OperationEntry(name, "XHS1", *times, sensors)
        declare(*self.given, [replace(entry, **more)])

    def at(self, seconds: float) -> datetime:
        return BEGIN + timedelta(seconds=seconds)

    def found(self) -> Correlation:
        with self.given[0].reading() as connection:
            return correlate(connection, self.given[0].metadata, "r")

    def codes(self) -> list[str]:
        return sorted(one.code for one in self.found().findings)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Watched]:
    yield Watched(tmp_path)


def test_events_of_two_cameras_coincide(store: Watched) -> None:
    store.camera("CAM-01", "qqaqqqqqqqaq")
    store.camera("CAM-02", "qqqaqqqqqqqq")
    store.open(12, "CAM-01", "CAM-02")
    [one] = store.found().coincidences
    assert one.devices == ("camera:CAM-01", "camera:CAM-02")
    assert (one.kind, one.apart_s) == ("camera-camera", 600.0)


def test_openings_of_seals(store: Watched) -> None:
    store.camera("CAM-01", "qqqqqqaqqqddd")
    seal = store.sealed((1000, 1100), (3500, 3700), (6600, 6700))
    store.open(13, "CAM-01")
    found = store.found()
    links = [(one.kind, one.devices[1]) for one in found.coincidences]
    assert links == [("camera-seal", seal)]
    assert store.codes() == [
        "SEAL-OPENING-UNSEEN", "SEAL-OPENING-UNWATCHED", *["SEEN-NOT-DECLARED"] * 4,
    ]  # fmt: skip
    assert len(found.undeclared) == 4 and found.to_dict()["operations"] == []


def test_only_cameras_that_watch_the_containment(store: Watched) -> None:
    store.camera("CAM-01", "qqqqqqaqqqqqq")
    store.camera("CAM-02", "qqqqqqqqqqqqq")
    store.sealed((3500, 3700))
    watch(*store.given, "XHS1", "store", "lid", "camera:CAM-02", store.at(0))
    store.open(13, "CAM-01", "CAM-02")
    assert "SEAL-OPENING-UNSEEN" in store.codes()  # CAM-02 should have seen it


def test_declared_operations(store: Watched) -> None:
    store.camera("CAM-01", "qqaqqqqaqqqdddqqqaqq")
    seal = store.sealed((1000, 1700))
    cam = "camera:CAM-01"
    store.declared("D-1", 1100, 1500, cam, seal)
    store.declared("D-2", 4500, 4800, cam)
    store.declared("D-3", 7000, 7300, cam)
    store.declared("D-4", 9000, 9200, cam)
    store.open(20, "CAM-01")
    told = {one.operation.name: one.state.value for one in store.found().operations}
    assert told == {
        "D-1": "CONFIRMED", "D-2": "CONFIRMED_EARLY", "D-3": "DECLARED_NO_COVERAGE",
        "D-4": "DECLARED_NOT_SEEN",
    }  # fmt: skip
    assert store.codes() == [
        *("DECLARED-NO-COVERAGE", "DECLARED-NOT-SEEN", "DECLARED-OTHER-TIME"),
        "SEEN-NOT-DECLARED",
    ]
    assert store.found().operations[0].by_sensor[seal].value == "CONFIRMED"


def test_counts_and_orders(store: Watched) -> None:
    store.camera("CAM-01", "qqaqqqaqqqqqqqqqqq")
    cam = "camera:CAM-01"
    store.declared("D-1", 1200, 1300, cam, events=2)
    store.open(18, "CAM-01")
    assert store.codes() == ["DECLARED-COUNT", "SEEN-NOT-DECLARED"]
    store.declared("D-1", 1200, 1300, cam, process="cask", step=2)
    store.declared("D-2", 3600, 3700, cam, process="cask", step=1)
    assert "DECLARED-ORDER" in store.codes()


def test_what_is_benign_is_no_finding(store: Watched) -> None:
    store.camera("CAM-01", "qqaqqq")
    store.open(6, "CAM-01")
    assert store.codes() == ["SEEN-NOT-DECLARED"]
    with store.given[0].reading() as connection:
        [event] = review_events(connection, store.given[0].metadata, "r")
    look(*store.given, "r", [Look(*event.key, 1000)])
    mark(*store.given, "r", [Mark(*event.key, "benign")])
    assert store.codes() == []


def test_the_timeline(store: Watched) -> None:
    store.camera("CAM-01", "qqaqqqddqqqq")
    seal = store.sealed((1000, 1700))
    store.declared("D-1", 1100, 1500, "camera:CAM-01", seal)
    before = datetime.now(UTC)
    store.open(12, "CAM-01")
    metadata = store.given[0].metadata
    with store.given[0].reading() as connection:
        rows = timeline(connection, metadata, "XHS1", store.at(0), store.at(7200))
    assert [(row.kind, row.name) for row in rows] == [
        *[("camera", "CAM-01"), ("events", "CAM-01"), ("seal", seal.removeprefix("seal:"))],
        *[("operation", "D-1"), ("review", "r")],
    ]
    camera, events, sealed, operation, one = rows
    assert [i.label for i in camera.intervals] == ["PENDING", "INCONCLUSIVE", "PENDING", "PENDING"]
    assert [i.label for i in events.intervals] == ["activity"]
    assert "NEGATIVE" in [i.label for i in sealed.intervals]
    assert [i.node for i in operation.intervals] == ["operation:D-1"]
    assert [i.label for i in one.intervals] == ["open"]
    for row in rows:
        told = row.to_dict()
        for interval in row.intervals:
            assert store.at(0) <= interval.begin <= interval.end <= store.at(7200)
        assert told["intervals"]
    with store.given[0].reading() as connection:
        rows = timeline(connection, metadata, "XHS1", store.at(0), store.at(1), camera="CAM-02")
        assert [row.kind for row in rows] == ["seal"]
        period = store.at(0), store.at(7200)
        rows = timeline(connection, metadata, "XHS1", *period, known_at=before)
        assert [row.kind for row in rows] == ["camera", "events", "seal", "operation"]
        rows = timeline(connection, metadata, "XHS1", *period, known_at=store.at(100))
        assert [row.kind for row in rows] == ["seal"]  # it was attached; no camera was recorded
