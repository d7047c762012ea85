"""Four eyes: prepared and signed for by one person, released by another, exactly once."""

from __future__ import annotations

import datetime
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from keiryo.corrections.model import Choices
from keiryo.corrections.service import plan_correction, post_plan
from keiryo.errors import ConflictError, NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.people import administration, releases
from keiryo.people.administration import GrantWanted
from keiryo.people.keys import SigningKey
from keiryo.people.model import SignerWithin
from keiryo.people.releases import ReleaseRequest
from keiryo.people.tables import RELEASE_REQUEST
from people.people_of_state import (
    FABRICATION,
    REACTOR,
    People,
    area_line,
    demonstration_books,
    empty_areas,
    now,
)

CONTENT = {"mba": "XAFA", "type": "I", "notes": ["核物質"], "entries": [{"no": 1}], "copy": None}


class Desk:
    """An accountant who prepares, officers who release, and an executor that posts."""

    def __init__(self, url: str) -> None:
        self.people = People(empty_areas(url))
        self.database = self.people.database
        self.accountant = self.people.accountant()
        self.officer = self.people.officer()

    def submit(self, content: Mapping[str, Any] = CONTENT, **more: Any) -> ReleaseRequest:
        given: dict[str, Any] = {
            "act_kind": "report.issue",
            "scope": FABRICATION,
            "title": "XAFA report 117",
            "content": content,
            "now": now(),
        }
        return releases.submit(self.database, **{"actor": self.accountant} | given | more)

    def execute(self, actor: Actor, content: Mapping[str, Any]) -> int:
        draft = Draft("report.issue", f"issue:{content['mba']}")
        draft.add("material_balance_area", area_line("XAFA", "XAF-"), scope=FABRICATION)
        return post(self.database, draft, actor).act.act_id

    def release(self, actor: Actor, asked: ReleaseRequest, **more: Any) -> ReleaseRequest:
        given: dict[str, Any] = {"execute": self.execute, "words": "looked at", "now": now()}
        person = self.people.known(actor)
        return releases.release(self.database, actor, person, asked.request_id, **{**given, **more})

    def issued(self) -> int:
        with self.database.reading() as connection:
            query = "SELECT count(*) FROM act WHERE kind = 'report.issue'"
            return int(connection.exec_driver_sql(query).scalar() or 0)

    def change(self, asked: ReleaseRequest, **values: Any) -> None:
        table = self.database.metadata.tables[RELEASE_REQUEST]
        with self.database.writing() as connection:
            this = table.c.request_id == asked.request_id
            connection.execute(update(table).where(this).values(**values))


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[Desk]:
    made = Desk(sqlite_url)
    yield made
    made.database.close()


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return sorted(finding.code for finding in error.value.findings)


def test_one_prepares_and_another_releases(desk: Desk) -> None:
    asked = desk.submit()
    assert (asked.state, asked.content, asked.prepared_by) == (
        *("waiting", CONTENT),
        desk.accountant.person,
    )
    done = desk.release(desk.officer, asked)
    assert (done.state, done.decided_by, done.words) == (
        *("released", desk.officer.person),
        "looked at",
    )
    with desk.database.reading() as connection:
        line = connection.exec_driver_sql("SELECT * FROM release").mappings().one()
        query = f"SELECT person FROM act WHERE act_id = {done.act_id}"
        assert connection.exec_driver_sql(query).scalar() == desk.officer.person
        kept = connection.exec_driver_sql("SELECT * FROM evidence").mappings().one()
    assert (kept["act_id"], kept["digest"]) == (done.act_id, asked.content_digest)
    stored = json.loads(desk.database.evidence.get(asked.content_digest))
    assert stored == {"act_kind": "report.issue", "scope": FABRICATION, "content": CONTENT}
    assert line["act_id"] == done.act_id
    assert (line["scope"], line["prepared_by"]) == (FABRICATION, desk.accountant.person)
    assert line["content_digest"] == asked.content_digest
    assert verify(desk.database).sound
    assert desk.release(desk.officer, asked) == done  # again: nothing changes
    assert desk.issued() == 1


def test_the_preparer_does_not_release(desk: Desk) -> None:
    prepared = desk.submit(actor=desk.officer)
    with pytest.raises(RefusedError) as refused:
        desk.release(desk.officer, prepared)
    assert codes(refused) == ["SECOND-PERSON"]
    with pytest.raises(UsageError):
        back(desk, desk.officer, prepared)
    assert desk.issued() == 0


def test_who_holds_no_role_that_releases_there(desk: Desk) -> None:
    asked = desk.submit()
    colleague = desk.people.accountant("colleague")
    with pytest.raises(RefusedError) as refused:
        desk.release(colleague, asked)
    assert codes(refused) == ["NOT-PERMITTED"]
    elsewhere = desk.people.officer("elsewhere", REACTOR)
    with pytest.raises(NotFoundError):
        desk.release(elsewhere, asked)
    assert (
        releases.request(desk.database, desk.people.known(desk.officer), asked.request_id) == asked
    )


def test_who_may_prepare(desk: Desk) -> None:
    for actor, wanted in (
        (desk.people.accountant("other", REACTOR), ["NOT-PERMITTED"]),
        (replace(desk.accountant, signer=None), ["NOT-SIGNED"]),
        (replace(desk.accountant, signer=SigningKey.new()), ["NOT-SIGNED"]),
        (Actor("P-STRANGER", "XA", SigningKey.new()), ["PERSON-NOT-ADMITTED"]),
    ):
        with pytest.raises(RefusedError) as refused:
            desk.submit(actor=actor)
        assert codes(refused) == wanted
    assert desk.officer.signer is not None
    narrow = replace(desk.officer, signer=SignerWithin(desk.officer.signer, "XA/XAR-"))
    with pytest.raises(RefusedError) as refused:
        desk.submit(actor=narrow)
    assert codes(refused) == ["NOT-PERMITTED"]


def test_the_same_content_waits_once(desk: Desk) -> None:
    asked = desk.submit()
    assert desk.submit(dict(reversed(CONTENT.items()))) == asked
    other = desk.submit({**CONTENT, "notes": []})
    assert other.request_id != asked.request_id
    desk.release(desk.officer, asked)
    assert desk.submit().request_id != asked.request_id


@pytest.mark.parametrize(
    "content",
    [{"a": 0.5}, {"a": [b"x"]}, {"a": {1: 2}}, {"a": "\ud800"}, {"\ud800": 1}, {"a": float("nan")}],
)
def test_content_with_more_than_one_text(desk: Desk, content: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        desk.submit(content)
    assert releases.requests(desk.database, desk.people.known(desk.officer)) == []


def test_words_and_titles_have_bounds(desk: Desk) -> None:
    for title in ("x" * 201, "a\0b", "\udc00"):
        with pytest.raises(UsageError):
            desk.submit(title=title)
    asked = desk.submit(title="שלום 核物質計量")
    with pytest.raises(UsageError):
        desk.release(desk.officer, asked, words="x" * 2001)
    assert desk.release(desk.officer, asked, words="  ").words is None


def test_what_was_tampered_with_is_not_released(desk: Desk) -> None:
    good = desk.submit()
    for name, value in (
        ("content", '{"act_kind":"report.issue","content":{},"scope":"XA/XAF-/XAFA"}'),
        ("act_kind", "correction.plan"),
        ("scope", "XA/XAF-"),
        ("prepared_by", desk.people.accountant("other").person),
        ("preparer_signature", "00" * 64),
    ):
        asked = desk.submit({"mba": name})
        desk.change(asked, **{name: value})
        with pytest.raises(RefusedError) as refused:
            desk.release(desk.officer, asked)
        assert codes(refused) == ["RELEASE-NOT-SIGNED"], name
    by = desk.people.administrator
    administration.suspend(desk.database, by, desk.accountant.person, now())
    with pytest.raises(RefusedError) as refused:
        desk.release(desk.officer, good)
    assert codes(refused) == ["RELEASE-NOT-SIGNED"]
    assert desk.issued() == 0


def back(desk: Desk, actor: Actor, asked: ReleaseRequest, words: str = "see 3") -> ReleaseRequest:
    person = desk.people.known(actor)
    return releases.return_to_preparer(
        desk.database, actor, person, asked.request_id, words=words, now=now()
    )


def test_returned_and_withdrawn(desk: Desk) -> None:
    asked = desk.submit()
    with pytest.raises(UsageError):
        back(desk, desk.officer, asked, " ")
    with pytest.raises(RefusedError):
        back(desk, desk.people.accountant("colleague"), asked)
    returned = back(desk, desk.officer, asked)
    assert (returned.state, returned.words) == ("returned", "see 3")
    with pytest.raises(ConflictError, match=r"was returned by Officer, 2\d\d\d-"):
        desk.release(desk.officer, asked)
    asked = desk.submit({**CONTENT, "notes": ["put right"]})
    for actor, wrong in ((desk.officer, NotFoundError), (desk.accountant, None)):
        person = desk.people.known(actor)
        arguments = (desk.database, actor, person, asked.request_id)
        if wrong is not None:
            with pytest.raises(wrong):
                releases.withdraw(*arguments, now=now())
        else:
            assert releases.withdraw(*arguments, now=now()).state == "withdrawn"
    with pytest.raises(ConflictError, match="was withdrawn by Accountant"):
        desk.release(desk.officer, asked)
    assert desk.issued() == 0


def test_who_sees_what_waits(desk: Desk) -> None:
    mine, people = desk.submit(), desk.people
    inspector = people.admit("inspector", GrantWanted("inspector", "XA/XAF-"))
    guard = people.admit("guard", GrantWanted("security officer", "XA"))
    far = people.accountant("far", REACTOR)
    for actor, sees in (
        (desk.accountant, True),
        (desk.officer, True),
        (inspector, True),
        (guard, False),
        (far, False),
        (people.administrator, False),
    ):
        person = people.known(actor)
        listed = releases.requests(desk.database, person, state="waiting")
        assert [one.request_id for one in listed] == ([mine.request_id] if sees else [])
        if not sees:
            with pytest.raises(NotFoundError):
                releases.request(desk.database, person, mine.request_id)
    done = desk.submit({"mba": "XAFA", "done": True})
    desk.release(desk.officer, done)
    person = people.known(desk.officer)
    assert [one.state for one in releases.requests(desk.database, person)] == [
        "waiting",
        "released",
    ]
    assert releases.requests(desk.database, person, state="returned") == []


def test_a_release_that_fails_waits_again(desk: Desk) -> None:
    asked = desk.submit()

    def changed(_actor: Actor, _content: Mapping[str, Any]) -> int:
        raise ConflictError("the books changed since report XAFA/117 was prepared")

    with pytest.raises(ConflictError, match="the books changed"):
        desk.release(desk.officer, asked, execute=changed)
    person = desk.people.known(desk.officer)
    assert releases.request(desk.database, person, asked.request_id) == asked
    assert desk.release(desk.officer, asked).state == "released"


def test_a_release_that_broke_off_is_looked_into(desk: Desk) -> None:
    """The process ended after the claim, or after the act; the record says which."""
    person = desk.people.known(desk.officer)
    lost, posted = desk.submit(), desk.submit({"mba": "XAFA", "second": True})
    other = desk.people.officer("other")
    for asked in (lost, posted):
        desk.change(
            asked,
            state="releasing",
            decided_by=desk.officer.person,
            decided_at="2026-01-01T00:00:00.000000Z",
        )
    endorsed = replace(desk.officer, endorsement=(posted.line(None),))
    act_id = desk.execute(endorsed, posted.content)
    seen = releases.requests(desk.database, person, now=now())
    assert {one.request_id: (one.state, one.act_id) for one in seen} == {
        lost.request_id: ("waiting", None),
        posted.request_id: ("released", act_id),
    }
    with pytest.raises(ConflictError, match="was released by Officer"):
        desk.release(other, posted)
    assert desk.submit({"mba": "XAFA", "second": True}).request_id != posted.request_id


def test_a_release_under_way_is_left_alone(desk: Desk) -> None:
    asked = desk.submit()
    began = now() - timedelta(minutes=9)

    def meanwhile(actor: Actor, content: Mapping[str, Any]) -> int:
        with pytest.raises(ConflictError, match="is being released by Officer"):
            desk.release(desk.people.officer("other"), asked)
        return desk.execute(actor, content)

    assert desk.release(desk.officer, asked, execute=meanwhile, now=began).state == "released"
    assert desk.issued() == 1


def test_of_two_people_exactly_one_releases(database_url: str) -> None:
    desk = Desk(database_url)
    officers = [desk.officer, desk.people.officer("second")]
    for round_no in range(3):
        asked = desk.submit({"mba": "XAFA", "round": round_no})
        start, told = threading.Barrier(2), []

        def decide(actor: Actor) -> None:
            def execute(by: Actor, _content: Mapping[str, Any]) -> int:
                draft = Draft("report.issue", str(uuid.uuid4()))
                line = area_line("XAFA", "XAF-")
                draft.add("material_balance_area", line, scope=FABRICATION)
                return post(desk.database, draft, by).act.act_id

            start.wait()  # noqa: B023 (joined below)
            try:
                desk.release(actor, asked, execute=execute)  # noqa: B023
            except ConflictError as error:
                told.append(error.message)  # noqa: B023
            else:
                told.append("done")  # noqa: B023

        threads = [threading.Thread(target=decide, args=(actor,)) for actor in officers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(one == "done" for one in told) == [False, True], told
        assert desk.issued() == round_no + 1
    assert verify(desk.database).sound
    desk.database.close()


def test_a_correction_and_what_follows_are_released(sqlite_url: str) -> None:
    """The services themselves, under four eyes: a plan with its reports, then a report issued."""
    books = demonstration_books(sqlite_url)
    people = People(books)
    accountant, officer = people.accountant(), people.officer()
    person, database = people.known(officer), books.database
    choices = Choices(datetime.date(2026, 2, 10), "weighed again")
    wanted = {"630": "461201.4"}
    with pytest.raises(RefusedError) as refused:
        post_plan(database, plan_correction(database, "XAFA", 107, 1, wanted, choices), officer)
    assert codes(refused) == ["SECOND-PERSON"]
    content = {"mba": "XAFA", "report": 107, "entry": 1, "set": {"630": "461201.4"}}
    asked = releases.submit(
        database,
        accountant,
        act_kind="correction.plan",
        scope=FABRICATION,
        title="XAFA 107/1",
        content=content,
        now=now(),
    )

    def execute(actor: Actor, given: Mapping[str, Any]) -> int:
        place = (given["mba"], given["report"], given["entry"])
        plan = plan_correction(database, *place, given["set"], choices)
        posted = post_plan(database, plan, actor)
        assert posted.summary.complete
        return posted.plan_act

    done = releases.release(
        database, officer, person, asked.request_id, execute, words=None, now=now()
    )
    with database.reading() as connection:
        query = "SELECT kind, person FROM act WHERE act_id >= %d ORDER BY act_id"
        after = connection.exec_driver_sql(query % (done.act_id or 0)).all()
    assert [kind for kind, _ in after][:2] == ["correction.plan", "report.accept"]
    assert {by for _, by in after} == {officer.person}
    assert verify(database).sound
    books.disconnect()
