"""The roles play a whole event: what admitted persons may do is enough for it, and not more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from keiryo.cli.demo_detection import own_organisation
from keiryo.cli.demo_event import EVENT, FOLDER, Played, day
from keiryo.cooperation.information import InformationWanted, record_information
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.equipment.custody import HandOver
from keiryo.equipment.items import ItemEntry, register_items
from keiryo.errors import RefusedError
from keiryo.people.administration import GrantWanted
from keiryo.public_events import closing
from people.people_of_state import People, empty_areas

NO = {"NOT-PERMITTED"}


@pytest.fixture
def people(sqlite_url: str) -> People:
    books = empty_areas(sqlite_url)
    record_register(books.database, books.actor, shipped_register(), "agreements.json")
    own_organisation(books)
    return People(books)


def playing(people: People, folder: Path, officer: str, guard: str, desk: str) -> Played:
    """Return an event whose people are admitted, each with one role in the whole State."""
    roles = {"runs": officer, "heads": "State officer", "lends": "cooperation officer"}
    roles |= {"guards": guard, "looks": desk}
    admitted = {
        name: people.admit(
            name, GrantWanted(role, people.state, caveats=frozenset({"official-use"}))
        )
        for name, role in roles.items()
    }
    sheets = folder / "event"
    shutil.copytree(FOLDER, sheets)
    authority = sheets / "plan" / "authority.csv"
    rows = [("stop a shift", "heads"), ("release information", "lends")]
    lines = ["decision,holder,deputy", *(f"{what},{admitted[who].person}," for what, who in rows)]
    authority.write_text("\n".join([*lines, ""]))
    return Played(
        people.database,
        admitted["runs"],
        admitted["heads"],
        "XA.GOV",
        admitted["lends"],
        admitted["guards"],
        admitted["looks"],
        sheets,
    )


@pytest.mark.parametrize(
    ("officer", "guard", "desk"),
    [
        ("State officer", "security officer", "State officer"),
        ("security officer", "security officer", "port officer"),
    ],
)
def test_admitted_people_play_an_event(
    people: People, tmp_path: Path, officer: str, guard: str, desk: str
) -> None:
    played = playing(people, tmp_path, officer, guard, desk)
    played.loan()
    played.receipt()
    played.before()
    played.day()
    played.back()
    assert played.end()["open"] == []


def test_others_do_not_play(people: People, tmp_path: Path) -> None:
    played = playing(people, tmp_path, "State officer", "security officer", "port officer")
    played.loan()
    played.receipt()
    other = people.admit("other", GrantWanted("port officer", people.state))
    inspector = people.admit("inspector", GrantWanted("inspector", people.state))
    lessons = ("l.csv", b"lesson,words,action,owner\na,b,c,d\n")
    for actor in (other, inspector, played.desk):
        assert actor is not None
        assert codes(closing.record_lessons, played.database, actor, EVENT, lessons) == NO
    values = {"serial": "X-1", "type": "portable-scanner", "model": "m", "owner": played.our}
    first = HandOver("X-1", None, "Ito", played.our, "store", "2025-01-05T09:00:00.000000Z")
    for actor in (played.officer, played.guard):
        assert codes(register_items, played.database, actor, [ItemEntry(values, first)]) == NO
    for actor in (played.officer, played.guard):  # another's information is not theirs to give
        wanted = InformationWanted("in", day(7, 21), "XA.GOV", "XA.GOV", "file", "t")
        assert codes(record_information, played.database, actor, wanted) == NO


def codes(work: Callable[..., object], *given: object) -> set[str]:
    with pytest.raises(RefusedError) as error:
        work(*given)
    return {one.code for one in error.value.findings}
