"""Tokens that work once, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from keiryo.people.one_time import FIRST_ADMINISTRATOR, INVITATION, RESET, look, make_one_time, use
from keiryo.storage.engine import Database
from people.small_site import AIKO, BOTH, NOW, books, cheap_argon2, everything_in, later

HOUR = timedelta(hours=1)


@pytest.fixture(params=BOTH)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    cheap_argon2(monkeypatch)
    yield from books(request.param, tmp_path)


def used(database: Database, token: str, purpose: str, seconds: float = 0) -> str | None:
    with database.writing() as connection:
        return use(connection, database.metadata, token, purpose, later(seconds))


def at_once(database: Database, tokens: list[str], purpose: str) -> list[str | None]:
    """Use tokens at the same time, each in a thread of its own."""
    ready, answers = Barrier(len(tokens)), list[str | None]()

    def run(token: str) -> None:
        ready.wait()
        answers.append(used(database, token, purpose))

    threads = [Thread(target=run, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_once_for_its_purpose_and_in_time(database: Database) -> None:
    token = make_one_time(database, RESET, AIKO, HOUR, NOW)
    assert token not in everything_in(database)
    assert look(database, token, RESET, NOW) == AIKO
    assert look(database, token, INVITATION, NOW) is None
    assert look(database, token, RESET, later(3600)) is None
    assert used(database, token, INVITATION) is None
    assert used(database, token, RESET, 3600) is None
    assert used(database, token[:-1] + ("A" if token[-1] != "A" else "B"), RESET) is None
    for nonsense in ("", "\0", "x" * 5000, "é" * 43):
        assert look(database, nonsense, RESET, NOW) is None
        assert used(database, nonsense, RESET) is None
    assert used(database, token, RESET, 3599) == AIKO
    assert used(database, token, RESET) is None
    assert look(database, token, RESET, NOW) is None


def test_a_newer_one_replaces_it(database: Database) -> None:
    first = make_one_time(database, INVITATION, AIKO, HOUR, NOW)
    reset = make_one_time(database, RESET, AIKO, HOUR, NOW)
    second = make_one_time(database, INVITATION, AIKO, HOUR, NOW)
    assert used(database, first, INVITATION) is None
    assert used(database, second, INVITATION) == AIKO
    assert used(database, reset, RESET) == AIKO


def test_it_works_again_if_nothing_came_of_it(database: Database) -> None:
    token = make_one_time(database, INVITATION, AIKO, HOUR, NOW)
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        assert use(connection, database.metadata, token, INVITATION, NOW) == AIKO
        raise ZeroDivisionError
    assert used(database, token, INVITATION) == AIKO


def test_of_two_at_once_one_wins(database: Database) -> None:
    token = make_one_time(database, INVITATION, AIKO, HOUR, NOW)
    answers = at_once(database, [token, token], INVITATION)
    assert sorted(answers, key=str) == [None, AIKO]


def test_there_is_one_first_administrator(database: Database) -> None:
    tokens = [make_one_time(database, FIRST_ADMINISTRATOR, None, HOUR, NOW) for _ in range(3)]
    persons = [look(database, token, FIRST_ADMINISTRATOR, NOW) for token in tokens]
    assert len(set(persons)) == 3 and None not in persons
    answers = at_once(database, tokens, FIRST_ADMINISTRATOR)
    assert len([answer for answer in answers if answer is not None]) == 1
    assert all(look(database, token, FIRST_ADMINISTRATOR, NOW) is None for token in tokens)
