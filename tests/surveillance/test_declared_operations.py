"""Declared operations: stated, stated anew, withdrawn, and tables of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.surveillance.declared_files import import_operations
from keiryo.surveillance.declared_operations import (
    DeclaredOperation,
    OperationEntry,
    declare,
    operation,
    operations,
    withdraw,
)
from keiryo.surveillance.explain_images import dependents, explain
from surveillance.camera_books import NOW, START, Site, codes, make_site

HOUR = timedelta(hours=1)
ENTRY = OperationEntry(
    "D-1",
    "XARA",
    NOW + HOUR,
    NOW + 2 * HOUR,
    ("camera:CAM-01", "seal:IAEA/0042"),
    "cask-loading",
    ("CASK-7",),
    2,
    90_000,
    "loading",
    1,
)
TABLE = (
    "operation,from,to,type,items,sensors,events,min_visible_s,process,step\n"
    "D-1,2026-04-02T09:00+09:00,2026-04-02T10:00+09:00,opening,A | B,"
    "camera:CAM-01|seal:IAEA/0042,1,12.5,loading,1\n"
    "D-2,2026-04-03T00:00Z,2026-04-03T01:00Z,,,camera:CAM-01,,,,\n"
)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Site:
    return make_site(sqlite_url, tmp_path)


def say(site: Site, *entries: OperationEntry) -> int:
    return declare(*site.given, entries, clock=site.clock).act.act_id


def listed(site: Site, **more: Any) -> list[DeclaredOperation]:
    with site.books.database.reading() as connection:
        return operations(connection, site.books.database.metadata, **more)


def test_what_was_declared(site: Site) -> None:
    say(site, ENTRY, replace(ENTRY, operation="D-0", sensors=("seal:IAEA/7",), begin=NOW))
    assert [one.name for one in listed(site)] == ["D-0", "D-1"]
    (one,) = listed(site, device="camera:CAM-01", mba="XARA", begin=NOW, end=NOW + 2 * HOUR)
    assert one.sensors == ("camera:CAM-01", "seal:IAEA/0042") and one.items == ("CASK-7",)
    assert one.to_dict()["declared_by"] == "P-TEST2345"
    assert not listed(site, end=NOW) and not listed(site, begin=NOW + 3 * HOUR)
    assert not listed(site, known_at=NOW - HOUR) and not listed(site, through_act=3)


def test_declared_anew_and_withdrawn(site: Site) -> None:
    say(site, ENTRY)
    site.now = NOW + timedelta(minutes=1)
    say(site, replace(ENTRY, events=3))
    assert [one.values["events"] for one in listed(site)] == [3]
    assert [one.values["events"] for one in listed(site, known_at=NOW)] == [2]
    withdraw(*site.given, "D-1", "put off", clock=site.clock)
    assert not listed(site)
    (one,) = listed(site, withdrawn=True)
    assert not one.stands
    metadata = site.books.database.metadata
    with site.books.database.reading() as connection:
        assert operation(connection, metadata, "D-1").values["state"] == "withdrawn"
        (link,) = explain(connection, metadata, "operation:D-1")
        assert link.target == one.node
        assert link in list(dependents(connection, metadata, link.target))
        with pytest.raises(NotFoundError):
            operation(connection, metadata, "D-9")
    with pytest.raises(RefusedError) as error:
        withdraw(*site.given, "D-1", "again", clock=site.clock)
    assert codes(error.value) == ["OPERATION-WITHDRAWN"]
    with pytest.raises(RefusedError) as error:
        withdraw(*site.given, "D-1", " ", clock=site.clock)
    assert codes(error.value) == ["OPERATION-REASON"]


def test_a_declaration_after_the_event_is_told(site: Site) -> None:
    say(site, replace(ENTRY, begin=START, end=START + HOUR))
    assert [row["code"] for row in site.rows("finding")] == ["OPERATION-LATE"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"operation": "D 1"}, "OPERATION-NAME"),
        ({"end": NOW + HOUR}, "OPERATION-PERIOD"),
        ({"sensors": ()}, "OPERATION-SENSOR"),
        ({"sensors": ("CAM-01",)}, "OPERATION-SENSOR"),
        ({"events": 0}, "OPERATION-EVENTS"),
        ({"min_visible_ms": 0}, "OPERATION-EVENTS"),
        ({"process": None}, "OPERATION-STEP"),
        ({"step": 0}, "OPERATION-STEP"),
    ],
)
def test_declarations_that_cannot_be(site: Site, more: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as error:
        say(site, replace(ENTRY, **more))
    assert codes(error.value) == [code]
    assert not listed(site)


def test_nobody_learns_of_cameras_from_what_is_refused(site: Site) -> None:
    site.camera("CAM-02")  # there, and not seen
    there, not_there = (
        OperationEntry(name, "XARA", ENTRY.begin, ENTRY.end, (f"camera:{camera}",))
        for name, camera in (("D-2", "CAM-02"), ("D-9", "CAM-09"))
    )
    told = []
    for entry in (there, not_there):
        with pytest.raises(RefusedError) as error:
            declare(*site.given, [entry], cameras_seen={"CAM-01"}, clock=site.clock)
        (found,) = error.value.findings
        told.append(found.message.replace("D-2", "D-9").replace("CAM-02", "CAM-09"))
        assert found.code == "OPERATION-CAMERA"
    assert told[0] == told[1]
    say(site, there, not_there)  # by an operator who sees no cameras
    assert [one.name for one in listed(site)] == ["D-2", "D-9"]


def test_names_and_areas(site: Site) -> None:
    with pytest.raises(RefusedError) as error:
        say(site, ENTRY, ENTRY)
    assert codes(error.value) == ["OPERATION-TWICE"]
    with pytest.raises(NotFoundError):
        say(site, replace(ENTRY, mba="XARB"))
    from keiryo.journal.model import Draft
    from keiryo.journal.posting import post
    from keiryo.surveillance.tables import DECLARED_OPERATION

    draft = Draft("surveillance.declare", "x")
    draft.add(DECLARED_OPERATION.name, {**ENTRY.values("P"), "mba": "XARB"}, scope="XA/XAF1/XARB")
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    assert codes(error.value) == ["OPERATION-AREA"]


def test_a_table_is_declared_once(site: Site) -> None:
    def take(content: str) -> Any:
        return import_operations(*site.given, "XARA", "ops.csv", content.encode(), clock=site.clock)

    done = take(TABLE)
    assert (done.declared, done.unchanged) == (2, 0)
    one = listed(site)[0]
    assert one.values["begin_at"] == "2026-04-02T00:00:00.000000Z"
    assert (one.values["min_visible_ms"], one.items) == (12_500, ("A", "B"))
    again = take("\ufeff" + TABLE)
    assert again.act is None and again.unchanged == 2
    more = take(TABLE.replace("opening", "closing"))
    assert (more.declared, more.unchanged) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-04-02T09:00+09:00", "2026-04-02T09:00"),
        (",1,12.5", ",one,12.5"),
        ("12.5", "inf"),
        (",,,,\n", ",,,,,,\n"),
    ],
)
def test_rows_that_cannot_be_read(site: Site, old: str, new: str) -> None:
    with pytest.raises(RefusedError) as error:
        import_operations(
            *site.given, "XARA", "o.csv", TABLE.replace(old, new).encode(), clock=site.clock
        )
    assert codes(error.value) == ["OPERATION-ROW"] and not listed(site)


@pytest.mark.parametrize(
    "content", [b"", b"operation,from\n", b"\xff", TABLE.splitlines()[0].encode()]
)
def test_files_that_are_no_table(site: Site, content: bytes) -> None:
    with pytest.raises(UsageError):
        import_operations(*site.given, "XARA", "o.csv", content, clock=site.clock)
