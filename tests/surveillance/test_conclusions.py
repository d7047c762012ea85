"""Conclusions: positive only where nothing stands against it, whoever posts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import RefusedError, UsageError
from keiryo.surveillance.conclusions import conclusions, sound_parts
from keiryo.surveillance.declared_operations import OperationEntry, declare
from keiryo.surveillance.tables import CONCLUSION, IMAGE, SCREENING
from surveillance.camera_books import KEY, codes, fill, records, write_log
from surveillance.review_books import Session, at, session


@pytest.fixture
def made(sqlite_url: str, tmp_path: Path) -> Session:
    return session(sqlite_url, tmp_path, 12)


def refused(function: Any, *arguments: Any, **more: Any) -> list[str]:
    with pytest.raises(RefusedError) as error:
        function(*arguments, **more)
    return codes(error.value)


def test_quiet_images_are_enough(made: Session) -> None:
    made.screen("q" * 12)
    made.open(12)
    digest = made.site.rows(IMAGE.name)[3]["digest"]
    made.conclude("positive", evidence=(digest,))
    with made.given[0].reading() as connection:
        [one] = conclusions(connection, made.given[0].metadata, review="july", camera="CAM-01")
    assert one.to_dict()["quiet"] == 12 and one.to_dict()["evidence"] == [digest]


def test_what_stands_against_a_positive_conclusion(made: Session) -> None:
    made.screen("qqaqqsqqqqqq")
    made.open(12)
    assert refused(made.conclude, "positive") == [
        *("CONCLUSION-NOT-REVIEWED", "CONCLUSION-STATE-CHANGE")
    ]
    made.look()
    assert refused(made.conclude, "positive") == [
        *("CONCLUSION-NOT-REVIEWED", "CONCLUSION-STATE-CHANGE")
    ]  # six images are quiet against a scene that nobody has marked
    made.mark("relevant", 1)
    assert refused(made.conclude, "positive") == ["CONCLUSION-RELEVANT"]
    made.mark("unclear", 1)
    assert refused(made.conclude, "positive") == ["CONCLUSION-UNCLEAR"]
    made.mark("benign", 1)
    made.conclude("positive")


def test_a_gap_or_a_bad_view(made: Session) -> None:
    made.screen("qqqqddqqqqqq")
    made.open(12)
    assert refused(made.conclude, "positive") == ["CONCLUSION-COVERAGE"]
    assert refused(made.conclude, "inconclusive") == ["CONCLUSION-REASON"]
    with made.given[0].reading() as connection:
        parts = sound_parts(connection, made.given[0].metadata, "july", "CAM-01")
    assert [(p.begin[11:16], p.end[11:16], p.conclusion) for p in parts] == [
        *[("08:00", "08:30", "positive"), ("08:30", "09:00", "inconclusive")],
        ("09:00", "10:00", "positive"),
    ]
    made.conclude_parts()
    rows = made.site.rows(CONCLUSION.name)
    assert [row["received"] for row in rows] == [3, 3, 6]
    assert [row["not_reviewable"] for row in rows] == [0, 2, 0]
    assert rows[1]["reason"] == "CONCLUSION-COVERAGE: dark"
    made.conclude("positive", begin=parts[2].begin, end=parts[2].end)


def test_a_declared_operation_that_was_not_seen(made: Session) -> None:
    made.screen("qqqqqaqqqqqq")
    made.open(12)
    made.look()
    entry = OperationEntry("D-1", "XARA", at(9), at(9.5), ("camera:CAM-01",))
    declare(*made.given, [entry], clock=made.site.clock)
    assert refused(made.conclude, "positive") == ["CONCLUSION-OPERATION"]
    declare(*made.given, [replace(entry, begin=at(5), end=at(5.5))], clock=made.site.clock)
    made.conclude("positive")


def test_images_that_are_not_authentic(sqlite_url: str, tmp_path: Path) -> None:
    made = session(sqlite_url, tmp_path)
    paths = fill(tmp_path / "in", 12)
    log = write_log(tmp_path / "log.jsonl", records(paths), chain=False, sign=True)
    lines = log.read_text().splitlines()
    lines[5] = lines[5][:-4] + ("00" if lines[5][-4:-2] != "00" else "11") + lines[5][-2:]
    log.write_text("\n".join(lines) + "\n")
    made.site.ingest(tmp_path / "in", manifest=log, keys={"K-1": KEY})
    assert [row["state"] for row in made.site.rows(IMAGE.name)].count("bad-signature") == 1
    made.screen("q" * 11, 12)
    assert made.site.rows(SCREENING.name)[0]["unhealthy"] == 1
    made.open(12)
    found = refused(made.conclude, "positive")
    assert found == ["CONCLUSION-COVERAGE", "CONCLUSION-SIGNATURE"]
    assert made.tally().reasons == {"bad-signature": 1}


def test_no_face_goes_around_the_rules(made: Session) -> None:
    made.screen("qqqaqqqqqqqq")
    made.open(12)
    made.conclude("inconclusive", "not looked at yet")
    [row] = made.site.rows(CONCLUSION.name)
    row = {k: v for k, v in row.items() if k not in ("act_id", "line_no", "salt", "scope")}
    kind = CONCLUSION.name
    false = {"reviewed": 1, "not_reviewable": 0, "not_yet_reviewed": 0}
    positive = {**row, **false, "conclusion": "positive", "reason": None}
    assert refused(made.post_bare, kind, positive) == [
        *("CONCLUSION-TALLY", "CONCLUSION-NOT-REVIEWED")
    ]
    assert refused(made.post_bare, kind, {**row, "missing": 1}) == ["CONCLUSION-TALLY"]
    assert refused(made.post_bare, kind, {**row, "person": "P-2"}) == ["SURVEILLANCE-PERSON"]
    assert refused(made.post_bare, kind, {**row, "camera": "CAM-9"}) == ["CONCLUSION-SCOPE"]
    bad = {**row, "end_at": "2026-03-01T12:00:00.000000Z"}
    assert refused(made.post_bare, kind, bad) == ["CONCLUSION-SCOPE"]
    assert refused(made.post_bare, kind, {**row, "review": "x"}) == ["SURVEILLANCE-REVIEW-UNKNOWN"]
    assert refused(made.post_bare, kind, {**row, "evidence": "abc"}) == ["CONCLUSION-EVIDENCE"]
    with pytest.raises(UsageError, match="no conclusion"):
        made.conclude("fine")


def test_images_that_came_after_the_screening(made: Session, tmp_path: Path) -> None:
    made.screen("q" * 12)
    made.open(12)
    fill(tmp_path / "late", 1, first=500, start=at(2.5))
    made.site.ingest(tmp_path / "late")
    assert refused(made.conclude, "positive")[0] == "CONCLUSION-NOT-REVIEWED"
