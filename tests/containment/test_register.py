"""The register of containments: what stands, as known, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keiryo.containment.files import import_contents
from keiryo.containment.recording import (
    add_containment,
    add_path,
    hold,
    inspect,
    record_contents,
    release,
    watch,
)
from keiryo.containment.register import containment, containments, contents, mba_and_name
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import FINDING
from keiryo.journal.why import why
from small_books import ACTOR, STORE, SmallBooks

START = datetime(2025, 3, 1, tzinfo=UTC)
TIME = "2025-03-01T00:00:00.000000Z"


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


@pytest.fixture
def small(sqlite_url: str) -> SmallBooks:
    made = SmallBooks(sqlite_url, XHS1=STORE, XHS2=STORE)
    add_containment(made.database, ACTOR, "XHS1", "store", "room", kmp="A")
    add_path(made.database, ACTOR, "XHS1", "store", "lid", at(-10))
    return made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books that nothing is recorded in: everything that is tried is refused."""
    url = f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}"
    made = SmallBooks(url, XHS1=STORE, XHS2=STORE)
    add_containment(made.database, ACTOR, "XHS1", "store", "room")
    add_path(made.database, ACTOR, "XHS1", "store", "lid", at(0), end=at(5))
    hold(made.database, ACTOR, "XHS1", "store", ["FA-1"], at(0))
    return made


def held(small: SmallBooks, **asked: Any) -> list[tuple[str, Any, Any]]:
    with small.database.reading() as connection:
        every = contents(connection, small.database.metadata, "XHS1", **asked)
    return [(one.batch_uid, one.time.begin, one.time.end) for one in every]


def test_what_goes_in_and_out(small: SmallBooks) -> None:
    hold(small.database, ACTOR, "XHS1", "store", ["FA-1", "XHS1/FA-2#1", "FA-1"], at(0))
    both = [("XHS1/FA-1#1", at(0), None), ("XHS1/FA-2#1", at(0), None)]
    assert held(small) == both
    act = release(small.database, ACTOR, "XHS1", "store", ["FA-1"], at(2)).act.act_id
    assert held(small)[0] == ("XHS1/FA-1#1", at(0), at(2))
    assert held(small, through_act=act - 1) == both
    assert held(small, known_at=at(1)) == both and held(small, known_at=at(-1)) == []
    hold(small.database, ACTOR, "XHS1", "store", ["FA-1"], at(2))  # back at once
    release(small.database, ACTOR, "XHS1", "store", [], at(3))
    assert [end for *_, end in held(small)] == [at(2), at(3), at(3)]
    assert held(small, batches=["XHS1/FA-2#1"]) == [("XHS1/FA-2#1", at(0), at(3))]
    with pytest.raises(RefusedError) as error:
        release(small.database, ACTOR, "XHS1", "store", [], at(4))
    assert [one.code for one in error.value.findings] == ["CONTAINMENT-NOT-HELD"]


def test_a_containment_as_it_stands(small: SmallBooks) -> None:
    database = small.database
    add_path(database, ACTOR, "XHS1", "store", "lid", at(-10), end=at(1), note="bricked up")
    watch(database, ACTOR, "XHS1", "store", "lid", "camera:C 1", at(0), depends_on=["power:1", ""])
    inspect(
        *(database, ACTOR, "XHS1", "store", at(1), ["Huber", "Ito"], "intact"),
        files=[("photo.jpg", b"jpg")],
    )
    last = add_containment(database, ACTOR, "XHS1", "store", "pond").act.act_id
    with database.reading() as connection:
        metadata = database.metadata
        one = containment(connection, metadata, "XHS1", "store")
        assert one.kind == "pond" and one.kmp is None
        assert [(way.time.end, way.note) for way in one.ways] == [(at(1), "bricked up")]
        assert one.watches[0].depends_on == {"power:1"}
        assert one.inspections[0].inspectors == ("Huber", "Ito")
        before = containment(connection, metadata, "XHS1", "store", known_at=at(0.5))
        assert before.ways[0].time.end is None and not before.inspections
        early = containments(connection, metadata, through_act=last - 1)
        assert early["XHS1/store"].kind == "room" and early["XHS1/store"].kmp == "A"
        assert one.to_dict()["watches"][0]["device"] == "camera:C 1"
        with pytest.raises(NotFoundError):
            containment(connection, metadata, "XHS1", "none")


def refused(*lines: tuple[str, dict[str, Any]]) -> Draft:
    made = Draft("containment.add", f"test:{lines!r}"[:80])
    for kind, values in lines:
        made.add(kind, {"mba": "XHS1", **values}, scope="XH/XHF-/XHS1")
    return made


INSIDE = {"containment": "store", "begin_at": TIME}
FIRST = "XHS1/FA-2#1"
WATCH = {**INSIDE, "path": "lid", "device": "camera:C", "mechanism": "optical-camera"}
LOOKED = {"containment": "store", "at": TIME, "inspectors": "Huber", "result": "intact"}


@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        ("containment", {"name": "a", "kind": "room", "mba": "NONE"}, "CONTAINMENT-AREA"),
        ("containment", {"name": "a/b", "kind": "room"}, "CONTAINMENT-NAME"),
        ("containment", {"name": "a", "kind": "bag"}, "CONTAINMENT-KIND"),
        ("containment_path", {**INSIDE, "path": "a:b"}, "CONTAINMENT-NAME"),
        ("containment_path", {**INSIDE, "containment": "x", "path": "a"}, "CONTAINMENT-UNKNOWN"),
        ("containment_path", {**INSIDE, "mba": "NONE", "path": "a"}, "CONTAINMENT-AREA"),
        ("containment_path", {**INSIDE, "path": "a", "begin_at": "today"}, "CONTAINMENT-TIME"),
        ("containment_path", {**INSIDE, "path": "a", "end_at": TIME}, "CONTAINMENT-INTERVAL"),
        (
            "containment_path",
            {**INSIDE, "path": "lid", "begin_at": "2025-03-01T04:00:00.000000Z"},
            "CONTAINMENT-OVERLAP",
        ),
        ("containment_content", {**INSIDE, "batch_uid": "XHS1/X#1"}, "CONTAINMENT-BATCH"),
        ("containment_content", {**INSIDE, "batch_uid": "XHS2/FA-1#1"}, "CONTAINMENT-BATCH-AREA"),
        (
            "containment_content",
            {**INSIDE, "batch_uid": "XHS1/FA-1#1", "begin_at": "2025-03-02T00:00:00.000000Z"},
            "CONTAINMENT-OVERLAP",
        ),
        ("containment_watch", {**WATCH, "path": "door"}, "CONTAINMENT-PATH"),
        ("containment_watch", {**WATCH, "device": "seal:XH/1"}, "CONTAINMENT-DEVICE"),
        ("containment_watch", {**WATCH, "mechanism": "magic"}, "CONTAINMENT-MECHANISM"),
        ("containment_inspection", {**LOOKED, "inspectors": " | "}, "CONTAINMENT-INSPECTORS"),
        ("containment_inspection", {**LOOKED, "evidence": "ab"}, "CONTAINMENT-EVIDENCE"),
        ("containment_inspection", {**LOOKED, "at": "2025-03-01"}, "CONTAINMENT-TIME"),
    ],
)
def test_what_is_refused(shared: SmallBooks, kind: str, values: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as error:
        post(shared.database, refused((kind, values)), ACTOR)
    told = [one.code for one in error.value.findings if one.code != "COVERAGE-CAMERA-UNKNOWN"]
    assert told == [code]


def test_everything_wrong_is_told_at_once(shared: SmallBooks) -> None:
    with pytest.raises(RefusedError) as error:
        hold(shared.database, ACTOR, "XHS1", "store", ["FA-8", "FA-1", "FA-9"], at(1))
    assert [one.code for one in error.value.findings] == ["CONTAINMENT-BATCH"] * 2
    future = datetime.now(UTC) + timedelta(days=1)
    for do in (hold, release):
        with pytest.raises(RefusedError) as error:
            do(shared.database, ACTOR, "XHS1", "store", ["FA-1"], future)
        assert [one.code for one in error.value.findings] == ["CONTAINMENT-FUTURE"]
    with pytest.raises(UsageError):
        inspect(shared.database, ACTOR, "XHS1", "store", at(0), ["Huber"], "fine")
    for text in ("XHS1", "/store", "XHS1/"):
        with pytest.raises(UsageError):
            mba_and_name(text)


def test_two_statements_of_one_act_that_overlap(small: SmallBooks) -> None:
    row = {"mba": "XHS1", **INSIDE, "batch_uid": FIRST, "end_at": None, "note": None}
    later = {**row, "begin_at": "2025-03-01T05:00:00.000000Z"}
    with pytest.raises(RefusedError) as error:
        record_contents(small.database, ACTOR, [row, later])
    assert [one.code for one in error.value.findings] == ["CONTAINMENT-OVERLAP"]
    ended = {**row, "end_at": later["begin_at"]}
    record_contents(small.database, ACTOR, [row, ended, later])
    assert held(small) == [(FIRST, at(0), at(5)), (FIRST, at(5), None)]


def test_an_item_in_two_containments_is_told(small: SmallBooks) -> None:
    database = small.database
    add_containment(database, ACTOR, "XHS1", "cask", "cask")
    hold(database, ACTOR, "XHS1", "store", ["FA-1"], at(0))
    done = hold(database, ACTOR, "XHS1", "cask", ["FA-1"], at(1))
    table = database.metadata.tables[FINDING.name]
    with database.reading() as connection:
        rows = connection.execute(table.select().where(table.c.act_id == done.act.act_id))
        assert [row["code"] for row in rows.mappings()] == ["CONTAINMENT-HELD-TWICE"]


TABLE = b"""mba,containment,batch,from,to,note
XHS1,store,FA-1,2025-03-01T00:00Z,2025-03-01T05:00Z,first
XHS1,store,FA-2,2025-03-01T09:00+09:00,,
"""


def test_a_table_of_contents(small: SmallBooks) -> None:
    done = import_contents(small.database, ACTOR, "c.csv", TABLE)
    assert (done.recorded, done.unchanged) == (2, 0)
    assert held(small) == [("XHS1/FA-1#1", at(0), at(5)), ("XHS1/FA-2#1", at(0), None)]
    again = import_contents(small.database, ACTOR, "c.csv", TABLE)
    assert (again.act, again.recorded, again.unchanged) == (None, 0, 2)


@pytest.mark.parametrize(
    "content",
    [
        b"mba,containment,batch\nXHS1,store,FA-1\n",
        b"mba,containment,batch,from,weight\nXHS1,store,FA-1,2025-03-01T00:00Z,1\n",
        b"mba,containment,batch,from\n",
        b"mba,containment,batch,from\nXHS1,store,FA-1,2025-03-01T00:00\n",
        b"mba,containment,batch,from\nXHS1,store,FA-9,2025-03-01T00:00Z\n",
        b"mba,containment,batch,from\nXHS1,store,,2025-03-01T00:00Z\n",
        b"mba,containment,batch,from\nXHS1,store,FA-1,2999-03-01T00:00Z\n",
        b"",
    ],
)
def test_tables_that_are_refused(shared: SmallBooks, content: bytes) -> None:
    with pytest.raises(RefusedError) as error:
        import_contents(shared.database, ACTOR, "c.csv", content)
    assert {one.code for one in error.value.findings} == {"CONTAINMENT-TABLE"}


def test_every_link_is_found_back(small: SmallBooks) -> None:
    database = small.database
    hold(database, ACTOR, "XHS1", "store", ["FA-1"], at(0))
    watch(database, ACTOR, "XHS1", "store", "lid", "camera:C", at(0))
    inspect(database, ACTOR, "XHS1", "store", at(1), ["Ito"], "damaged", files=[("p", b"p")])
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        chain = why(connection, metadata, registry, "batch:XHS1/FA-1#1", limit=400)
        relations = {
            *("held in", "held as stated in", "described in", "entered by the way in"),
            *("watched as stated in", "watched by", "inspected in", "shown by"),
        }
        ours = [link for link in chain.links if link.relation in relations]
        assert {link.relation for link in ours} == relations
        for link in ours:
            assert link in dependents(connection, metadata, registry, link.target, 500), link
