"""Sessions: opened, used, renewed, ended, swept, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from sqlalchemy import insert, update

from keiryo.people import sessions
from keiryo.people.errors import SignInError
from keiryo.people.keys import unseal
from keiryo.people.sessions import (
    FULL,
    PASSWORD,
    confirm,
    end_all,
    end_session,
    form_token,
    is_form_token,
    open_session,
    renew,
    session_of,
    sessions_of,
    sweep,
)
from keiryo.people.tables import SAVED_FORM, SESSION
from keiryo.storage.engine import Database
from people.small_site import (
    AIKO,
    BOTH,
    HANA,
    KEYS,
    NOW,
    books,
    cheap_argon2,
    everything_in,
    later,
)


@pytest.fixture(params=BOTH)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    cheap_argon2(monkeypatch)
    yield from books(request.param, tmp_path)


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what does not depend on the database."""


def opened(database: Database, person: str = AIKO, *, step: str = FULL, seconds: float = 0) -> str:
    return open_session(
        database,
        person,
        signing_key=KEYS[person],
        step=step,
        address="192.0.2.7",
        agent="Browser\r\nSet-Cookie: x" + "y" * 500,
        now=later(seconds),
        lifetime=timedelta(hours=8),
    )


def test_what_a_session_is(database: Database) -> None:
    token = opened(database)
    assert len(token) == 43
    session = session_of(database, token, NOW)
    assert session is not None
    assert (session.person, session.step, session.address) == (AIKO, FULL, "192.0.2.7")
    assert session.made_at == session.seen_at == session.confirmed_at == NOW
    assert session.expires_at == later(8 * 3600)
    assert session.agent is not None and len(session.agent) == 200 and "\n" not in session.agent
    assert session.signing_key(token) == KEYS[AIKO]
    assert session.signing_key(opened(database)) is None
    for nonsense in ("", token[:-1], token + "A", "\0" * 43, "é" * 43, session.session_id):
        assert session_of(database, nonsense, NOW) is None
    assert "key_sealed" not in repr(session)


@on_sqlite
def test_no_token_and_no_key_lies_open_in_the_database(database: Database) -> None:
    token = opened(database)
    kept = everything_in(database)
    for secret in (token, token.encode().hex(), KEYS[AIKO].secret.hex(), form_token(token)):
        assert secret not in kept
    assert KEYS[AIKO].secret.decode("latin-1") not in kept


def test_it_ends_by_time_and_by_idleness(database: Database) -> None:
    token, idle = opened(database), timedelta(minutes=30)
    assert session_of(database, token, later(1799), idle=idle) is not None
    assert session_of(database, token, later(1799 + 1799), idle=idle) is not None
    assert session_of(database, token, later(1799 + 1799 + 1800), idle=idle) is None
    day = timedelta(days=1)
    assert session_of(database, token, later(8 * 3600 - 1), idle=day) is not None
    assert session_of(database, token, later(8 * 3600), idle=day) is None


@on_sqlite
def test_its_use_is_noted_once_a_minute(database: Database) -> None:
    token = opened(database)
    noted = []
    for seconds in (0, 30, 59, 60, 61, 119, 121):
        session_of(database, token, later(seconds))
        session = sessions_of(database, AIKO, later(seconds))[0]
        noted.append((session.seen_at - NOW).total_seconds())
    assert noted == [0, 0, 0, 60, 60, 60, 121]


def test_a_page_does_not_wait_for_a_long_import(database: Database) -> None:
    token = opened(database)
    with database.writing() as connection:
        connection.execute(insert(database.metadata.tables[SAVED_FORM]).values(_form("a", 0)))
        assert session_of(database, token, later(120)) is not None


def test_ended_is_ended_at_once(database: Database) -> None:
    token, other = opened(database), opened(database)
    session = session_of(database, token, NOW)
    assert session is not None
    assert end_session(database, session.session_id, NOW)
    assert session_of(database, token, NOW) is None
    assert not end_session(database, session.session_id, NOW)
    assert session_of(database, other, NOW) is not None
    with database.reading() as connection:
        table = database.metadata.tables[SESSION]
        rows = connection.execute(table.select().where(table.c.ended_at.is_not(None))).mappings()
        assert [row["key_sealed"] for row in rows] == [None]
    for dead in (lambda: renew(database, token, NOW), lambda: confirm(database, token, NOW)):
        with pytest.raises(SignInError):
            dead()


@on_sqlite
def test_all_of_a_person_but_this(database: Database) -> None:
    mine, others = opened(database), [opened(database), opened(database)]
    hana = opened(database, HANA)
    session = session_of(database, mine, NOW)
    assert session is not None
    assert end_all(database, AIKO, NOW, but=session.session_id) == 2
    assert [s.session_id for s in sessions_of(database, AIKO, NOW)] == [session.session_id]
    assert all(session_of(database, token, NOW) is None for token in others)
    assert end_all(database, AIKO, NOW) == 1
    assert session_of(database, hana, NOW) is not None


@on_sqlite
def test_the_list_carries_no_keys(database: Database) -> None:
    token = opened(database)
    assert sessions_of(database, AIKO, NOW)[0].signing_key(token) is None
    assert sessions_of(database, AIKO, later(9 * 3600)) == []


def test_renewed_it_is_the_same_session_under_another_token(database: Database) -> None:
    token = opened(database)
    before = session_of(database, token, NOW)
    new = renew(database, token, later(5))
    after = session_of(database, new, later(5))
    assert new != token and session_of(database, token, later(5)) is None
    assert before is not None and after is not None
    assert after.session_id == before.session_id and after.expires_at == before.expires_at
    assert after.signing_key(new) == KEYS[AIKO] and after.signing_key(token) is None


def test_of_two_renewals_at_once_one_wins(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, both_looked, answers = opened(database), Barrier(2), list[str]()

    def slow_unseal(sealed: bytes, token: bytes, purpose: str) -> bytes | None:
        with suppress(BrokenBarrierError):  # SQLite lets only one of them come so far
            both_looked.wait(0.3)
        return unseal(sealed, token, purpose)

    monkeypatch.setattr(sessions, "unseal", slow_unseal)

    def run() -> None:
        try:
            answers.append(renew(database, token, NOW))
        except SignInError:
            answers.append("")

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(answer) for answer in answers) == [0, 43]
    assert session_of(database, max(answers), NOW) is not None


@on_sqlite
def test_before_the_second_factor_it_signs_nothing(database: Database) -> None:
    token = opened(database, step=PASSWORD)
    session = session_of(database, token, NOW)
    assert session is not None and session.step == PASSWORD
    assert session.signing_key(token) is None
    with pytest.raises(SignInError):
        confirm(database, token, NOW)


@on_sqlite
def test_confirmed_anew(database: Database) -> None:
    token = opened(database)
    confirm(database, token, later(900))
    session = session_of(database, token, later(900))
    assert session is not None and session.confirmed_at == later(900)


def test_sweep(database: Database) -> None:
    opened(database)
    ended = session_of(database, opened(database), NOW)
    assert ended is not None
    end_session(database, ended.session_id, NOW)
    day = 24 * 3600
    forms = database.metadata.tables[SAVED_FORM]
    with database.writing() as connection:
        connection.execute(insert(forms), [_form("old", 0), _form("young", 20 * day)])
    assert set(sweep(database, later(day)).values()) == {0}
    with database.reading() as connection:  # what is over keeps no key, though it is still listed
        rows = connection.execute(database.metadata.tables[SESSION].select()).mappings().all()
        assert [row["key_sealed"] for row in rows] == [None, None]
    gone = sweep(database, later(31 * day))
    assert gone[SESSION] == 2 and gone[SAVED_FORM] == 1
    assert set(sweep(database, later(31 * day)).values()) == {0}


@on_sqlite
def test_form_tokens(database: Database) -> None:
    token, other = opened(database), opened(database)
    given = form_token(token)
    assert given not in (token, form_token(other)) and len(given) == 43
    assert is_form_token(token, given)
    for wrong in ("", given[:-1], form_token(other), "é", "\ud800"):
        assert not is_form_token(token, wrong)


@on_sqlite
def test_books_that_can_only_be_read_still_show_who_it_is(database: Database) -> None:
    token = opened(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    assert session_of(database, token, later(120)) is not None
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        wait = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    assert wait == 60_000


@on_sqlite
def test_nothing_is_written_to_an_ended_session(database: Database) -> None:
    token = opened(database)
    table = database.metadata.tables[SESSION]
    with database.writing() as connection:
        connection.execute(update(table).values(ended_at="2026-01-10T09:30:00.000000Z"))
    assert session_of(database, token, later(600)) is None
    with database.reading() as connection:
        row = connection.execute(table.select()).mappings().one()
        assert row["seen_at"] == row["made_at"]


def _form(name: str, seconds: float) -> dict[str, str]:
    at = later(seconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"person": AIKO, "form": name, "saved_at": at, "content": "{}"}
