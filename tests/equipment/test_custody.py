"""Custody: exactly one has an item at every moment, whatever is tried."""

from __future__ import annotations

import datetime
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keiryo
from keiryo.api import Books
from keiryo.dates import utc_text
from keiryo.equipment.custody import (
    HandOver,
    chains,
    custodian_at,
    custody_values,
    hand_over,
    instant_text,
)
from keiryo.equipment.items import ItemEntry, item, register_items
from keiryo.equipment.tables import EQUIPMENT_CUSTODY, EQUIPMENT_ITEM
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post

BEGIN = datetime.datetime(2026, 7, 1, 9, tzinfo=datetime.UTC)
PEOPLE = ("Ito", "Mori", "Abe")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    path = tmp_path_factory.mktemp("custody") / "books.sqlite"
    return keiryo.init(f"sqlite:///{path}", "XA", person="P-TEST2345")


def moment(minutes: int) -> str:
    return utc_text(BEGIN + datetime.timedelta(minutes=minutes))


def registered(books: Books, **more: object) -> str:
    serial = f"PRD-{next(_numbers)}"
    values = {"serial": serial, "type": "personal-radiation-detector", "model": "M", "owner": "O"}
    first = HandOver(serial, None, "Ito", "O", "store", moment(0))
    register_items(books.database, books.actor, [ItemEntry({**values, **more}, first)])
    return serial


def passed(serial: str, giver: str, receiver: str, minutes: int, place: str = "gate") -> HandOver:
    return HandOver(serial, giver, receiver, "O", place, moment(minutes))


def refused(books: Books, *hand_overs: HandOver) -> list[str]:
    before = chain(books, hand_overs[0].serial)
    with pytest.raises(RefusedError) as error:
        hand_over(books.database, books.actor, hand_overs)
    assert chain(books, hand_overs[0].serial) == before
    return [one.code for one in error.value.findings]


def chain(books: Books, serial: str) -> list[HandOver]:
    with books.database.reading() as connection:
        return chains(connection, books.database.metadata).get(serial, [])


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tried=st.lists(
        st.tuples(st.sampled_from((*PEOPLE, None)), st.sampled_from(PEOPLE), st.integers(-2, 9)),
        max_size=9,
    )
)
def test_no_gap_and_no_overlap(books: Books, tried: list[tuple[str | None, str, int]]) -> None:
    serial = registered(books)
    accepted = [("Ito", 0)]
    for giver, receiver, minutes in tried:
        one = HandOver(serial, giver, receiver, "O", "gate", moment(minutes))
        allowed = giver == accepted[-1][0] and minutes > accepted[-1][1]
        try:
            hand_over(books.database, books.actor, [one])
        except RefusedError:
            assert not allowed
        else:
            assert allowed
            accepted.append((receiver, minutes))
    found = chain(books, serial)
    assert [(one.receiver, one.at) for one in found] == [(n, moment(m)) for n, m in accepted]
    assert found[0].giver is None
    for before, after in itertools.pairwise(found):
        assert after.giver == before.receiver and after.at > before.at
    for minute in range(-3, 11):
        has = custodian_at(found, BEGIN + datetime.timedelta(minutes=minute))
        last = [name for name, begun in accepted if begun <= minute]
        assert (None if has is None else has.receiver) == (last[-1] if last else None)


def test_a_chain_in_one_act(books: Books) -> None:
    serial = registered(books)
    done = [passed(serial, "Ito", "Mori", 5), passed(serial, "Mori", "Abe", 6, "post 3")]
    hand_over(books.database, books.actor, done)
    with books.database.reading() as connection:
        standing = item(connection, books.database.metadata, serial)
    assert (standing.holder.receiver, standing.holder.place) == ("Abe", "post 3")
    moved = passed(serial, "Abe", "Abe", 7, "post 4")
    hand_over(books.database, books.actor, [moved])
    assert chain(books, serial)[-1].place == "post 4"


def test_what_breaks_a_chain(books: Books) -> None:
    serial = registered(books)
    assert refused(books, passed(serial, "Abe", "Mori", 5)) == ["EQUIPMENT-CUSTODY-BROKEN"]
    assert refused(books, passed(serial, "Ito", "Mori", 0)) == ["EQUIPMENT-CUSTODY-ORDER"]
    assert refused(books, passed(serial, "Ito", " ", 5)) == ["EQUIPMENT-CUSTODY-EMPTY"]
    assert refused(books, passed("none", "Ito", "Abe", 5)) == ["EQUIPMENT-UNKNOWN"]
    later = HandOver(serial, "Ito", "Abe", "O", "gate", "2999-01-01T00:00:00.000000Z")
    assert refused(books, later) == ["EQUIPMENT-CUSTODY-FUTURE"]
    wrong = HandOver(serial, "Ito", "Abe", "O", "gate", "9 o'clock")
    draft = Draft("equipment.custody", "a time that is none")
    draft.add(EQUIPMENT_CUSTODY.name, custody_values(wrong), scope="XA")
    with pytest.raises(RefusedError) as error:
        post(books.database, draft, books.actor)
    assert "EQUIPMENT-CUSTODY-TIME" in {one.code for one in error.value.findings}
    assert len(chain(books, serial)) == 1
    # Two that fit, and one that does not: nothing is recorded.
    some = [passed(serial, "Ito", "Mori", 5), passed(serial, "Ito", "Abe", 6)]
    assert refused(books, *some) == ["EQUIPMENT-CUSTODY-BROKEN"]


def test_past_the_service_the_rules_are_the_same(books: Books) -> None:
    draft = Draft("equipment.register", "nobody has it")
    values = {"serial": "LONE", "type": "camera", "model": "M", "owner": "O"}
    draft.add(EQUIPMENT_ITEM.name, values, scope="XA")
    with pytest.raises(RefusedError) as error:
        post(books.database, draft, books.actor)
    assert [one.code for one in error.value.findings] == ["EQUIPMENT-CUSTODY-MISSING"]
    with books.database.reading() as connection, pytest.raises(NotFoundError):
        item(connection, books.database.metadata, "LONE")


@pytest.mark.parametrize("text", ["2026-07-24T09:00", "2026-07-24", "noon", ""])
def test_a_moment_says_its_offset(text: str) -> None:
    with pytest.raises(UsageError, match="offset"):
        instant_text(text)
