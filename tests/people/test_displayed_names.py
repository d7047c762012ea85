"""The displayed name is changed by its person or an administrator, and by nobody else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.model import Actor
from keiryo.people import administration
from keiryo.people.accounts import account, names_of
from keiryo.people.displayed_names import rename
from keiryo.people.keys import SigningKey
from keiryo.people.model import SignerWithin
from people.people_of_state import FABRICATION, People, empty_areas, now


@pytest.fixture
def people(sqlite_url: str) -> Iterator[People]:
    made = People(empty_areas(sqlite_url))
    yield made
    made.database.close()


def refused(people: People, actor: Actor, person: str, name: str) -> set[str]:
    """Return the codes of what refuses a name; nothing is changed then."""
    before = account(people.database, person)
    with pytest.raises(RefusedError) as error:
        rename(people.database, actor, person, name)
    assert account(people.database, person) == before
    return {finding.code for finding in error.value.findings}


def acts(people: People) -> int:
    with people.database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM act").scalar() or 0)


def test_by_oneself_and_by_an_administrator(
    people: People, caplog: pytest.LogCaptureFixture
) -> None:
    aiko = people.accountant("aiko")
    before = acts(people)
    with caplog.at_level(logging.INFO, "keiryo.people"):
        assert rename(people.database, aiko, aiko.person, "  Aiko Mori ").display_name == (
            "Aiko Mori"
        )
        rename(people.database, people.administrator, aiko.person, "森 愛子")
        rename(people.database, people.administrator, aiko.person, "森 愛子")
    assert names_of(people.database, [aiko.person]) == {aiko.person: "森 愛子"}
    assert acts(people) == before  # the record never knew the name
    told = [(record.getMessage(), record.__dict__["person"]) for record in caplog.records]
    words = f"the displayed name of {aiko.person} was changed"
    assert told == [(words, aiko.person), (words, "P-ADMIN")]
    assert "Mori" not in caplog.text and "森" not in caplog.text


def test_by_nobody_else(people: People) -> None:
    aiko, officer = people.accountant("aiko"), people.officer()
    assert refused(people, officer, aiko.person, "Somebody") == {"NOT-PERMITTED"}
    unsigned = replace(people.administrator, signer=None)
    assert refused(people, unsigned, aiko.person, "Somebody") == {"NOT-SIGNED"}
    foreign = replace(aiko, signer=SigningKey.new())
    assert refused(people, foreign, aiko.person, "Somebody") == {"NOT-SIGNED"}
    signer = people.administrator.signer
    assert signer is not None
    narrow = replace(people.administrator, signer=SignerWithin(signer, FABRICATION))
    assert refused(people, narrow, aiko.person, "Somebody") == {"NOT-PERMITTED"}
    administration.suspend(people.database, people.administrator, aiko.person, now())
    assert refused(people, aiko, aiko.person, "Somebody") == {"PERSON-NOT-ADMITTED"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\u202eb", "a\x00b", "a\nb"])
def test_names_that_cannot_be_shown(people: People, name: str) -> None:
    officer = people.officer()
    assert refused(people, officer, officer.person, name) == {"DISPLAY-NAME"}


def test_nobody_takes_the_name_of_a_colleague(people: People) -> None:
    aiko, officer = people.accountant("aiko"), people.officer()
    for name in ("Aiko", "AIKO", "Ａｉｋｏ", "Ai ko"):
        assert refused(people, officer, officer.person, name) == {"DISPLAY-NAME-TAKEN"}
    rename(people.database, officer, officer.person, "OFFICER")  # one's own, written otherwise
    done = rename(people.database, people.administrator, officer.person, "Aiko")
    assert done.display_name == "Aiko"  # there are namesakes
    assert aiko.person != officer.person


def test_who_was_erased_stays_so(people: People) -> None:
    aiko = people.accountant("aiko")
    administration.leave(people.database, people.administrator, aiko.person, now(), erase=True)
    with pytest.raises(UsageError, match="erased"):
        rename(people.database, people.administrator, aiko.person, "Aiko Mori")
    with pytest.raises(NotFoundError):
        rename(people.database, people.administrator, "P-NOBODY22", "Nobody")
