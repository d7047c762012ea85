"""Posting on both databases: all or nothing, once only, in order, and by one at a time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text

from journal.toy_books import (
    ACTOR,
    REGISTRY,
    START,
    PowerCutError,
    SteadyClock,
    opened,
    toy_draft,
    toy_frame,
)
from keiryo.errors import ClockError, ConflictError, RefusedError, UsageError
from keiryo.journal.merkle import root
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.reading import acts, line_stream
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database


@pytest.fixture
def books(database_url: str) -> Iterator[Database]:
    database = opened(database_url)
    yield database
    assert verify(database).sound
    database.close()


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock(START + timedelta(hours=1))


def counts(database: Database) -> tuple[int, ...]:
    tables = ("act", *REGISTRY.kinds, "toy_total")
    with database.reading() as connection:
        return tuple(
            connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables
        )


def test_act_as_returned_and_as_recorded(books: Database, clock: SteadyClock) -> None:
    draft = toy_draft("a", {"name": "é", "w_mg": 1}, {"name": "b"})
    draft.reason, draft.corrects = "why", 1
    posted = post(books, draft, Actor("P-7", "XA/XAF"), clock=clock)
    assert not posted.repeated
    with books.reading() as connection:
        assert list(acts(connection, books.metadata))[-1] == posted.act
        lines = list(line_stream(connection, books.metadata, posted.act.act_id))
    assert [(line.line_no, line.values["name"], line.values["w_mg"]) for line in lines] == [
        (1, "é", 1),
        (2, "b", None),
    ]
    assert root([line.leaf for line in lines]).hex() == posted.act.lines_root
    assert (posted.act.person, posted.act.on_behalf_of) == ("P-7", "XA/XAF")
    assert posted.act.recorded_at == "2026-03-01T13:00:01.000000Z"
    assert len({line.salt for line in lines}) == 2


def test_resend_changes_nothing(books: Database, clock: SteadyClock) -> None:
    def draft() -> Draft:
        made = toy_draft("a", {"name": "x", "w_mg": 2_000_000}, {"name": "y", "w_mg": None})
        frames = [toy_frame(["b", "c"], [1, None]), toy_frame([], []), toy_frame(["d"], [None])]
        made.add_frames("toy", frames)
        return made

    first = post(books, draft(), ACTOR, clock=clock)
    before = counts(books)
    again = post(books, draft(), ACTOR, clock=clock)
    assert (again.repeated, again.act) == (True, first.act)
    assert counts(books) == before


@pytest.mark.parametrize(
    "change", ["value", "line", "fewer", "kind", "reason", "corrects", "behalf", "frame"]
)
def test_other_content_under_the_same_id(database_url: str, change: str) -> None:
    books, clock = opened(database_url), SteadyClock(START + timedelta(hours=1))
    post(books, toy_draft("a", {"name": "x", "w_mg": 1}, {"name": "y"}), ACTOR, clock=clock)
    before = counts(books)
    other = toy_draft("a", {"name": "x", "w_mg": 2 if change == "value" else 1})
    if change != "fewer":
        other.add("toy", scope="XA", name="y")
    if change == "line":
        other.add("toy", scope="XA", name="y")
    if change == "frame":
        other.add_frames("toy", [toy_frame(["z"], [1])])
    other.kind = "toy.other" if change == "kind" else other.kind
    other.reason = "because" if change == "reason" else None
    other.corrects = 1 if change == "corrects" else None
    actor = Actor("P-1", "YB") if change == "behalf" else ACTOR
    with pytest.raises(ConflictError, match="with other content"):
        post(books, other, actor, clock=clock)
    assert counts(books) == before
    assert verify(books).sound
    books.close()


def test_refusal_leaves_nothing(books: Database, clock: SteadyClock) -> None:
    before = counts(books)
    draft = toy_draft("a", {"name": "x", "w_mg": 5_000_000}, {"name": "forbidden"})
    with pytest.raises(RefusedError) as caught:
        post(books, draft, ACTOR, clock=clock)
    assert [f.code for f in caught.value.findings] == ["TOY-FORBIDDEN", "TOY-HEAVY"]
    assert counts(books) == before
    repaired = toy_draft("a", {"name": "allowed"})
    assert post(books, repaired, ACTOR, clock=clock).act.act_id == 2


def test_power_cut_leaves_nothing(books: Database, clock: SteadyClock) -> None:
    before = counts(books)
    with pytest.raises(PowerCutError):
        post(books, toy_draft("a", {"name": "power cut"}), ACTOR, clock=clock)
    assert counts(books) == before


def test_findings_are_attached(books: Database, clock: SteadyClock) -> None:
    draft = toy_draft("a", {"name": "x", "w_mg": 2_000_000}, {"name": "y", "w_mg": 1})
    act = post(books, draft, Actor("P-1", "XA/XAF"), clock=clock).act
    with books.reading() as connection:
        last = list(line_stream(connection, books.metadata, act.act_id))[-1]
    assert (act.line_count, last.line_no, last.kind) == (3, 3, "finding")
    expected = {"scope": "XA", "code": "TOY-HEAVY", "severity": "W", "found": "2000000"}
    assert expected.items() <= last.values.items()


@pytest.mark.parametrize("bulk", [False, True])
def test_rule_of_the_table(books: Database, clock: SteadyClock, bulk: bool) -> None:
    before = counts(books)
    draft = toy_draft("a", {"name": "x", "w_mg": 1 if bulk else -1})
    if bulk:
        draft.add_frames("toy", [toy_frame(["y"], [-1])])
    with pytest.raises(RefusedError) as caught:
        post(books, draft, ACTOR, clock=clock)
    (finding,) = caught.value.findings
    assert (finding.code, finding.severity) == ("CONSTRAINT", "F")
    assert counts(books) == before


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "a", "colour": "red"}, "colour is no field of toy"),
        ({"w_mg": 1}, "toy.name is missing"),
        ({"name": 5}, "toy.name is not text"),
        ({"name": "a", "w_mg": "5"}, "toy.w_mg is not a 64-bit integer"),
        ({"name": "a", "w_mg": 5.0}, "toy.w_mg is not a 64-bit integer"),
        ({"name": "a", "w_mg": True}, "toy.w_mg is not a 64-bit integer"),
        ({"name": "a", "w_mg": 2**63}, "toy.w_mg is not a 64-bit integer"),
        ({"name": "a\0b"}, "NUL"),
        ({"name": "\udcff"}, "not valid Unicode"),
        ({"name": "x" * 1_000_001}, "longer than 1000000 bytes"),
    ],
)
def test_lines_that_cannot_be_recorded(sqlite_url: str, values: dict[str, Any], words: str) -> None:
    books = opened(sqlite_url)
    post(books, toy_draft("posted", {"name": "a"}), ACTOR)
    for client_id in ("a", "posted"):
        with pytest.raises(UsageError, match=words):
            post(books, toy_draft(client_id, values), ACTOR)
    books.close()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"scope": ["XA"], "name": ["a"], "colour": ["red"]}, "colour: no field of toy"),
        ({"scope": ["XA"]}, "toy.name is missing"),
        ({"scope": ["XA", "XA"], "name": ["a", None]}, "toy.name is missing"),
        ({"scope": ["XA"], "name": [5]}, "toy.name cannot hold"),
        ({"scope": ["XA"], "name": ["a"], "w_mg": [1.0]}, "toy.w_mg cannot hold"),
        ({"scope": ["XA"], "name": ["a"], "w_mg": ["1"]}, "toy.w_mg cannot hold"),
        ({"scope": ["XA"], "name": ["a"], "w_mg": [True]}, "toy.w_mg cannot hold"),
        ({"scope": ["XA"], "name": ["a\0"]}, "NUL"),
        ({"scope": ["XA"], "name": ["x" * 1_000_001]}, "longer than"),
        (
            {"scope": ["XA"], "name": ["a"], "w_mg": pl.Series([2**64 - 1], dtype=pl.UInt64)},
            "beyond 64 bits",
        ),
    ],
)
def test_frames_that_cannot_be_recorded(sqlite_url: str, frame: dict[str, Any], words: str) -> None:
    books = opened(sqlite_url)
    draft = Draft("toy.add", "a")
    draft.add_frames("toy", [pl.DataFrame(frame)])
    with pytest.raises(UsageError, match=words):
        post(books, draft, ACTOR)
    books.close()


def test_kinds_and_headers_that_cannot_be_recorded(books: Database, clock: SteadyClock) -> None:
    unknown, bulk = Draft("x", "a"), Draft("x", "a")
    unknown.add("no_such_kind", scope="XA")
    bulk.add_frames("no_such_kind", [toy_frame(["a"], [1])])
    for draft in (unknown, bulk):
        with pytest.raises(UsageError, match="no capability declares lines of kind 'no_such_kind'"):
            post(books, draft, ACTOR, clock=clock)
    for header in (
        Draft("x", "a", reason="\udcff"),
        Draft("x", "a\0"),
        Draft("x", 5),  # type: ignore[arg-type]
        Draft("x", "a", corrects="1"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError, match="the act cannot be recorded"):
            post(books, header, ACTOR, clock=clock)


def test_clock_set_back(books: Database, clock: SteadyClock) -> None:
    last = post(books, toy_draft("a", {"name": "x"}), ACTOR, clock=clock).act
    before = counts(books)

    def behind(seconds: float) -> Any:
        return lambda: START + timedelta(hours=1, seconds=1 - seconds)

    with pytest.raises(ClockError, match="the clock shows"):
        post(books, toy_draft("b", {"name": "x"}), ACTOR, clock=behind(5.1))
    assert counts(books) == before
    slewed = post(books, toy_draft("b", {"name": "x"}), ACTOR, clock=behind(5)).act
    assert slewed.recorded_at == last.recorded_at
    accepted = Draft("clock.accept", "c", reason="the earlier time was wrong")
    accepted.add(
        "clock_change",
        scope="XA",
        last_recorded_at=last.recorded_at,
        clock_time="2026-03-01T12:00:01.000000Z",
    )
    set_back = post(books, accepted, ACTOR, clock=behind(3600)).act
    assert set_back.recorded_at < last.recorded_at
    later = post(books, toy_draft("d", {"name": "x"}), ACTOR, clock=behind(3500)).act
    assert set_back.recorded_at < later.recorded_at < last.recorded_at


def test_frames_are_recorded_like_single_lines(books: Database, clock: SteadyClock) -> None:
    names = [f"n{number}" for number in range(20_000)]
    weights: list[int | None] = [None if n % 3 else n for n in range(20_000)]
    draft = toy_draft("bulk", {"name": "first", "note": "single"})
    draft.add_frames("toy", (toy_frame(names[i:j], weights[i:j]) for i, j in ((0, 7), (7, 20_000))))
    act = post(books, draft, ACTOR, clock=clock).act
    assert act.line_count == 20_001
    with books.reading() as connection:
        lines = list(line_stream(connection, books.metadata, act.act_id))
    assert [line.line_no for line in lines] == list(range(1, 20_002))
    assert [(line.values["name"], line.values["w_mg"]) for line in lines[1:]] == list(
        zip(names, weights, strict=True)
    )
    assert root([line.leaf for line in lines]).hex() == act.lines_root


def test_draft_prepared_inside_the_transaction(books: Database, clock: SteadyClock) -> None:
    def prepare(connection: Any) -> Draft:
        count = connection.execute(text("SELECT count(*) FROM toy")).scalar_one()
        return toy_draft(f"number {count}", {"name": "x", "w_mg": count})

    made = [post(books, prepare, ACTOR, clock=clock).act.client_id for _ in range(2)]
    assert made == ["number 0", "number 1"]


def _post_thirty(url: str, name: str, start: Any) -> None:
    database = Database(url, REGISTRY)
    start.wait(30)
    for number in range(30):
        post(database, toy_draft(f"{name}-{number}", {"name": name, "w_mg": number}), ACTOR)
    database.close()


def test_two_processes_at_once(database_url: str) -> None:
    opened(database_url).close()
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    both = [context.Process(target=_post_thirty, args=(database_url, n, start)) for n in "ab"]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    database = Database(database_url, REGISTRY)
    found = verify(database)
    with database.reading() as connection:
        recorded = list(acts(connection, database.metadata))
    database.close()
    assert found.sound
    assert [act.act_id for act in recorded] == list(range(1, 62))
    for name in "ab":
        own = [a.client_id for a in recorded if a.client_id.startswith(f"{name}-")]
        assert own == [f"{name}-{number}" for number in range(30)]
