"""From a folder of images to what the camera says: real screening, by the commands."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from keiryo.cli import surveillance_sessions
from keiryo.cli.accounts import show_chain
from keiryo.containment.values import Value
from keiryo.errors import KeiryoError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.why import why
from keiryo.surveillance.values import camera_spans
from keiryo.surveillance.views import record_view
from surveillance.camera_books import START, codes, make_site
from surveillance.review_books import Session

COUNT = 24
PERIOD = "--from 2026-03-01T08:00Z --to 2026-03-01T12:00Z"


def scene(number: int, *, item: bool) -> bytes:
    """Return a picture of a hall with noise; an item stands in it or not."""
    random = np.random.default_rng(5)
    plane = cv2.resize(random.integers(60, 180, (12, 16)).astype(np.uint8), (320, 240),
                       interpolation=cv2.INTER_NEAREST).astype(np.float64)  # fmt: skip
    if item:
        plane[90:160, 130:190] = 235
    plane += np.random.default_rng(1000 + number).normal(0, 2, plane.shape)
    return bytes(cv2.imencode(".png", plane.clip(0, 255).astype(np.uint8))[1])


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Session:
    """A camera with a day's images: from the tenth one on an item is gone."""
    site = make_site(sqlite_url, tmp_path)
    record_view(*site.given, "CAM-01", "the store", START, clock=site.clock)
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(COUNT):
        at = START + number * timedelta(minutes=10)
        path = folder / f"{number:06d}_{at:%Y%m%dT%H%M%SZ}.png"
        path.write_bytes(scene(number, item=number < 10))
    site.ingest(folder)
    return Session(site, "march")


class Shell:
    """Runs commands against the books."""

    def __init__(self, made: Session) -> None:
        self.app = typer.Typer()
        surveillance_sessions.add_commands(self.app)
        self.url = str(made.given[0].url.render_as_string(hide_password=False))

    def __call__(self, line: str) -> str:
        done = CliRunner().invoke(self.app, [*line.split(), "--db", self.url])
        if isinstance(done.exception, KeiryoError):
            raise done.exception
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    def json(self, line: str) -> Any:
        return json.loads(self(f"{line} --format json"))


def test_from_images_to_what_the_camera_says(made: Session) -> None:
    shell = Shell(made)
    [told] = shell.json(f"screen CAM-01 {PERIOD}")["screenings"]
    assert told["received"] == COUNT and told["conditions"] == []
    assert [event["kind"] for event in told["events"]] == ["state-change"]
    assert "Screened; recorded in act" in shell(f"screen CAM-01 {PERIOD} --resume")
    shell(f"session open march --camera CAM-01 {PERIOD}")
    shown = shell.json("session show march")
    [event] = shown["events"]
    key = f"--event {event['screening']}:{event['event']}"
    with pytest.raises(RefusedError) as error:
        shell(f"session mark march benign {key}")
    assert codes(error.value) == ["MARK-NOT-LOOKED"]
    with pytest.raises(RefusedError) as error:
        shell("session conclude march CAM-01 positive")
    assert "CONCLUSION-NOT-REVIEWED" in codes(error.value)
    shell(f"session look march {key} --dwell-ms 4000 --width 960")
    out = shell(f"session mark march benign {key} --note cleaner --similar")
    assert "1 events marked benign" in out
    [counted] = shell.json("session tally march")
    assert counted["reviewed"] + counted["quiet"] == COUNT and counted["not_reviewable"] == 0
    shell("session conclude march CAM-01 positive")
    with made.given[0].reading() as connection:
        told = camera_spans(connection, made.given[0].metadata, "CAM-01")
    assert told.spans[0].value is Value.POSITIVE
    assert "march" in shell("session list") and "positive" in shell("session show march")
    assert "CAM-01" in shell("session tally march")
    rows = shell.json(f"timeline CAM-01 {PERIOD}")
    assert [row["kind"] for row in rows] == ["camera", "events", "review"]
    assert "POSITIVE" in shell(f"timeline XARA {PERIOD}")
    assert shell.json("session correlate march")["operations"] == []
    assert "No declared operations" in shell("session correlate march")


def test_conclusions_in_parts_and_words_that_make_no_sense(made: Session) -> None:
    shell = Shell(made)
    shell("screen CAM-01 --from 2026-03-01T07:00Z --to 2026-03-01T09:00Z")
    period = "--from 2026-03-01T07:00Z --to 2026-03-01T09:00Z"
    shell(f"session open early --camera CAM-01 {period}")
    assert "in parts" in shell("session conclude early CAM-01 --parts")
    told = shell.json("session show early")["conclusions"]
    assert [one["conclusion"] for one in told] == ["inconclusive", "positive"]
    for line in (
        "session conclude early CAM-01",
        "session conclude early CAM-01 positive --parts",
        "session look early --event nothing --dwell-ms 5",
        "session show nothing",
        "screen CAM-99 --from 2026-03-01T07:00Z --to 2026-03-01T09:00Z",
        "screen CAM-01 --from 2026-03-01T07:00 --to 2026-03-01T09:00Z",
    ):
        with pytest.raises(KeiryoError) as error:
            shell(line)
        assert error.value.advice


def test_every_link_is_found_back_and_printed_once(
    made: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    made.screen("qqaaqqqqqqqqqqqqqqqqqqqq")
    made.open(COUNT)
    made.look()
    made.mark("benign", 0)
    digest = made.site.rows()[2]["digest"]
    made.conclude("positive", evidence=(digest,))
    database = made.given[0]
    with database.reading() as connection:
        for node in ("review:march", "camera:CAM-01", f"screening:{made.screened[0].names[0]}"):
            chain = why(connection, database.metadata, database.registry, node)
            assert chain.evidence
            for link in chain.links:
                back = dependents(connection, database.metadata, database.registry, link.target)
                if link.relation != "in the act":
                    assert link in back, link
            capsys.readouterr()
            show_chain(chain.to_dict())  # from the camera to its images, and they lead back to it
            *tree, total = capsys.readouterr().out.splitlines()
            assert len(tree) == len(chain.links) + 1 and total.startswith("Behind it")
