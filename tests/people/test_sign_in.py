"""Signing in: right and wrong, slowed down, with a second factor, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread

import pytest

from keiryo.people import keys, passwords, sign_in, totp
from keiryo.people.accounts import erase, set_password, signing_key_by_password
from keiryo.people.errors import SignInError, TryLaterError
from keiryo.people.secret import server_secret
from keiryo.people.sessions import FULL, PASSWORD, session_of, sweep
from keiryo.people.sign_in import SignedIn, confirm_by_password, second_factor, wait_s
from keiryo.people.tables import ACCOUNT, SIGN_IN_ATTEMPT
from keiryo.people.totp import begin_totp, code_at, confirm_totp, end_totp, recovery_codes_left
from keiryo.storage.engine import Database
from people.small_site import (
    AIKO,
    BOTH,
    KEYS,
    NOW,
    books,
    cheap_argon2,
    everything_in,
    later,
    suspend,
)
from people.small_site import PASSWORD as RIGHT

HOME = "192.0.2.7"


@pytest.fixture(params=BOTH)
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    cheap_argon2(monkeypatch)
    yield from books(request.param, tmp_path)


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what does not depend on the database."""


def signed_in(
    database: Database,
    name: str = "aiko.mori",
    password: str = RIGHT,
    *,
    address: str | None = HOME,
    at: datetime = NOW,
) -> SignedIn:
    return sign_in.sign_in(database, name, password, address=address, agent="test", now=at)


def failed(database: Database, name: str, *, address: str | None = HOME, at: datetime) -> int:
    """Try a wrong password; return 0 if it was looked at, else the seconds to wait."""
    try:
        signed_in(database, name, "wrong password", address=address, at=at)
    except TryLaterError as error:
        return error.seconds
    except SignInError:
        return 0
    raise AssertionError("signed in with a wrong password")


def with_second_factor(database: Database) -> tuple[str, list[str]]:
    """Give Aiko a second factor long ago; return its secret and the recovery codes."""
    new, before = begin_totp(database, AIKO, "aiko"), NOW - timedelta(days=1)
    code = code_at(new.secret, int(before.timestamp()) // 30)
    return new.secret, confirm_totp(database, AIKO, code, before)


def code_now(secret: str, at: datetime) -> str:
    return code_at(secret, int(at.timestamp()) // 30)


def test_right(database: Database) -> None:
    found = signed_in(database, " AIKO.mori")
    assert (found.person, found.step) == (AIKO, FULL) and found.token not in repr(found)
    session = session_of(database, found.token, NOW)
    assert session is not None and session.person == AIKO and session.address == HOME
    assert session.signing_key(found.token) == KEYS[AIKO]
    again = signed_in(database)
    assert again.token != found.token
    kept = everything_in(database)
    for secret in (found.token, RIGHT, HOME + " ", KEYS[AIKO].secret.hex()):
        assert secret not in kept


def test_wrong_in_whatever_way_gets_one_answer(database: Database) -> None:
    answers = set()
    for name, password in (
        ("aiko.mori", "wrong password"),
        ("aiko.mori", ""),
        ("aiko.mori", RIGHT + "x" * 9999),
        ("nobody", RIGHT),
        ("hana", RIGHT),  # has no password
        ("", ""),
        ("a\0b\ud800", "\0\ud800"),
        ("x" * 9999, RIGHT),
    ):
        with pytest.raises(SignInError) as caught:
            signed_in(database, name, password, address=None)
        answers.add((str(caught.value), caught.value.advice))
    suspend(database, AIKO)
    with pytest.raises(SignInError) as caught:
        signed_in(database, at=later(60))
    answers.add((str(caught.value), caught.value.advice))
    assert len(answers) == 1
    assert not any(RIGHT in words for answer in answers for words in answer)


@on_sqlite
def test_every_wrong_way_costs_one_hash(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    import argon2.low_level

    work = []
    for name in ("hash_secret", "verify_secret"):
        original = getattr(argon2.low_level, name)

        def counted(*args: object, _original: object = original, **more: object) -> object:
            work.append(args)
            return _original(*args, **more)  # type: ignore[operator]

        monkeypatch.setattr(f"argon2._password_hasher.{name}", counted)
    counts = []
    for name in ("aiko.mori", "hana", "nobody", "\0"):
        work.clear()
        assert failed(database, name, address=None, at=NOW) == 0
        counts.append(len(work))
    assert counts == [1, 1, 1, 1]


def test_waits_double() -> None:
    assert [wait_s(n, 5) for n in range(13)] == [
        *([0] * 5),
        *(30, 60, 120, 240, 480, 900, 900, 900),
    ]
    assert wait_s(10_000, 5) == 900


def test_a_name_is_locked_for_longer_and_longer(database: Database) -> None:
    assert [failed(database, "aiko.mori", at=NOW) for _ in range(6)] == [0, 0, 0, 0, 0, 30]
    with pytest.raises(TryLaterError) as caught:
        signed_in(database, at=later(1))  # the right password is not looked at either
    assert caught.value.seconds == 29
    assert failed(database, "aiko.mori", address="198.51.100.1", at=later(29.5)) == 1
    assert failed(database, "AIKO.MORI ", at=later(30)) == 0
    assert failed(database, "aiko.mori", at=later(31)) == 59
    assert failed(database, "nobody", at=later(31)) == 0  # others are not locked
    assert signed_in(database, at=later(90)).step == FULL
    assert [failed(database, "aiko.mori", at=later(91)) for _ in range(6)] == [0, 0, 0, 0, 0, 30]
    assert failed(database, "aiko.mori", at=later(91 + 86_400)) == 0  # forgotten after a day


@on_sqlite
def test_an_unknown_name_is_locked_as_a_known_one(database: Database) -> None:
    assert [failed(database, "nobody", at=NOW) for _ in range(6)] == [0, 0, 0, 0, 0, 30]


@on_sqlite
def test_an_address_is_locked_whatever_the_names(database: Database) -> None:
    waits = [failed(database, f"name{n}", at=NOW) for n in range(21)]
    assert waits == [*([0] * 20), 30]
    with pytest.raises(TryLaterError):
        signed_in(database, at=later(1))
    assert signed_in(database, address="192.0.2.8", at=later(1)).step == FULL
    assert signed_in(database, address=None, at=later(1)).step == FULL
    assert signed_in(database, at=later(30)).step == FULL
    assert failed(database, "name30", at=later(31)) == 0  # a success does not begin anew ...
    assert failed(database, "name31", at=later(32)) == 59
    assert failed(database, "name31", at=later(3700)) == 0  # ... but an hour does


def test_with_ipv6_a_network_is_one_address() -> None:
    network = sign_in.network_of
    assert network("2001:db8:0:1::1") == network("2001:db8:0:1:ffff::2") == "2001:db8:0:1::/64"
    assert network("2001:db8:0:2::1") != network("2001:db8:0:1::1")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7") == "192.0.2.7"
    assert network("unix") == "unix"


def test_many_at_the_same_time_get_no_more_attempts(database: Database) -> None:
    ready, answers = Barrier(8), list[int]()

    def run() -> None:
        ready.wait()
        answers.append(failed(database, "aiko.mori", at=NOW))

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0, 0, 0, 0, 0, 30, 30, 30]


@on_sqlite
def test_attempts_name_nobody_and_are_swept(database: Database) -> None:
    failed(database, "aiko.mori", at=NOW)
    table = database.metadata.tables[SIGN_IN_ATTEMPT]
    with database.reading() as connection:
        rows = connection.execute(table.select()).all()
    assert len(rows) == 2
    assert "aiko" not in str(rows) and HOME not in str(rows)
    assert sweep(database, later(90_000))[SIGN_IN_ATTEMPT] == 2


def test_second_factor(database: Database) -> None:
    secret, recovery = with_second_factor(database)
    first = signed_in(database)
    assert first.step == PASSWORD
    session = session_of(database, first.token, NOW)
    assert session is not None and session.step == PASSWORD
    assert session.signing_key(first.token) is None
    assert session.expires_at == later(600)

    with pytest.raises(SignInError):
        second_factor(database, first.token, "000000x", address=HOME, now=NOW)
    token = second_factor(database, first.token, code_now(secret, NOW), address=HOME, now=NOW)
    assert token != first.token and session_of(database, first.token, NOW) is None
    full = session_of(database, token, NOW)
    assert full is not None and full.step == FULL and full.session_id == session.session_id
    assert full.signing_key(token) == KEYS[AIKO] and full.expires_at > later(3600)
    for used in (first.token, token, "", "x" * 43):  # there is nothing to complete
        with pytest.raises(SignInError):
            second_factor(database, used, recovery[5], address=HOME, now=NOW)
    assert recovery_codes_left(database, AIKO) == 10

    second = signed_in(database, at=later(1))
    with pytest.raises(SignInError):  # the same code again
        second_factor(database, second.token, code_now(secret, NOW), address=HOME, now=later(1))
    assert second_factor(database, second.token, recovery[0], address=HOME, now=later(2))
    third = signed_in(database, at=later(3))
    with pytest.raises(SignInError):  # the same recovery code again
        second_factor(database, third.token, recovery[0], address=HOME, now=later(4))
    with pytest.raises(SignInError):  # too late
        second_factor(database, third.token, recovery[1], address=HOME, now=later(700))
    suspend(database, AIKO)
    with pytest.raises(SignInError):
        second_factor(database, third.token, recovery[1], address=HOME, now=later(5))


@pytest.mark.parametrize("recovery", [False, True])
def test_of_one_code_given_twice_at_once_one_counts(
    database: Database, monkeypatch: pytest.MonkeyPatch, recovery: bool
) -> None:
    secret, recovery_codes = with_second_factor(database)
    tokens = [signed_in(database).token for _ in range(2)]
    code = recovery_codes[0] if recovery else code_now(secret, NOW)
    both_looked, answers = Barrier(2), list[str]()

    def slow_secret(database: Database) -> bytes:
        with suppress(BrokenBarrierError):  # SQLite lets only one of them come so far
            both_looked.wait(0.3)
        return server_secret(database)

    monkeypatch.setattr(totp, "server_secret", slow_secret)

    def run(token: str) -> None:
        try:
            answers.append(second_factor(database, token, code, address=HOME, now=NOW))
        except SignInError:
            answers.append("")

    threads = [Thread(target=run, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(answer) for answer in answers) == [0, 43]


@on_sqlite
def test_guessing_codes_is_slowed_down_though_the_password_is_right(database: Database) -> None:
    secret, _ = with_second_factor(database)
    waits = []
    for number in range(7):
        token = signed_in(database, at=later(number)).token
        try:
            second_factor(database, token, "000000x", address=HOME, now=later(number))
        except TryLaterError as error:
            waits.append(error.seconds)
        except SignInError:
            waits.append(0)
    assert waits == [0, 0, 0, 0, 0, 29, 28]
    at = later(120)
    token = signed_in(database, at=at).token
    assert second_factor(database, token, code_now(secret, at), address=HOME, now=at)
    end_totp(database, AIKO)
    assert signed_in(database, at=at).step == FULL


def test_a_password_that_was_just_changed_opens_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed_meanwhile(*args: object) -> object:
        set_password(database, AIKO, "five cranes over Lake Suwa", KEYS[AIKO], NOW)
        return KEYS[AIKO]

    monkeypatch.setattr(sign_in, "signing_key_by_password", changed_meanwhile)
    with pytest.raises(SignInError):
        signed_in(database)


@on_sqlite
def test_hashes_are_renewed_with_todays_parameters(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", _hasher_with(64))
    assert signed_in(database).step == FULL
    table = database.metadata.tables[ACCOUNT]
    with database.reading() as connection:
        query = table.select().where(table.c.person == AIKO)
        kept = connection.execute(query).mappings().one()["password_hash"]
    assert kept.startswith("$argon2id$v=19$m=64,")
    assert signed_in(database).step == FULL
    assert signing_key_by_password(database, AIKO, RIGHT) == KEYS[AIKO]


@on_sqlite
def test_still_the_same_person(database: Database) -> None:
    token = signed_in(database).token
    with pytest.raises(SignInError):
        confirm_by_password(database, token, "wrong password", address=HOME, now=later(900))
    confirm_by_password(database, token, RIGHT, address=HOME, now=later(901))
    session = session_of(database, token, later(901))
    assert session is not None and session.confirmed_at == later(901)
    for _ in range(5):
        with pytest.raises(SignInError):
            confirm_by_password(database, token, "wrong", address=HOME, now=later(902))
    with pytest.raises(TryLaterError):
        confirm_by_password(database, token, RIGHT, address=HOME, now=later(903))
    erase(database, AIKO)
    with pytest.raises(SignInError):
        confirm_by_password(database, token, RIGHT, address=HOME, now=later(2000))


def _hasher_with(memory_kib: int) -> object:
    from argon2 import PasswordHasher

    return lambda: PasswordHasher(
        time_cost=keys.ARGON2_TIME, memory_cost=memory_kib, parallelism=keys.ARGON2_LANES
    )
