"""Codes of authenticators: the vectors of RFC 6238, drift, replay, recovery codes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keiryo.errors import ConflictError, NotFoundError
from keiryo.people.accounts import account
from keiryo.people.errors import SignInError
from keiryo.people.secret import secret_file
from keiryo.people.totp import (
    begin_totp,
    code_at,
    confirm_totp,
    end_totp,
    new_recovery_codes,
    provisioning_uri,
    qr_svg,
    recovery_codes_left,
    step_of,
    use_second_factor,
)
from keiryo.storage.engine import Database
from people.small_site import AIKO, HANA, NOW, books, cheap_argon2, everything_in, later

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    cheap_argon2(monkeypatch)
    yield from books("sqlite", tmp_path)


def given(database: Database, code: str, at: datetime, person: str = AIKO) -> bool:
    with database.writing() as connection:
        return use_second_factor(connection, database, person, code, at)


def now_code(secret: str, at: datetime, steps: int = 0) -> str:
    return code_at(secret, int(at.timestamp()) // 30 + steps)


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_vectors_of_rfc_6238_appendix_b(seconds: int, eight_digits: str) -> None:
    # Truncation to 6 digits is that to 8 digits modulo 10^6 (RFC 4226 section 5.3).
    assert code_at(RFC_SECRET, seconds // 30) == eight_digits[2:]
    at = datetime.fromtimestamp(seconds, UTC)
    assert step_of(RFC_SECRET, eight_digits[2:], at) == seconds // 30


def test_one_step_of_drift() -> None:
    step = int(NOW.timestamp()) // 30
    answers = [step_of(RFC_SECRET, code_at(RFC_SECRET, step + d), NOW) for d in (-2, -1, 0, 1, 2)]
    assert answers == [None, step - 1, step, step + 1, None]
    assert step_of(RFC_SECRET, "", NOW) is None


def test_set_up_use_and_replay(database: Database) -> None:
    new = begin_totp(database, AIKO, "aiko.mori")
    assert not account(database, AIKO).totp_confirmed  # type: ignore[union-attr]
    with pytest.raises(SignInError):
        confirm_totp(database, AIKO, now_code(new.secret, NOW, 5), NOW)
    codes = confirm_totp(database, AIKO, now_code(new.secret, NOW), NOW)
    assert account(database, AIKO).totp_confirmed  # type: ignore[union-attr]
    assert len(set(codes)) == recovery_codes_left(database, AIKO) == 10

    assert not given(database, now_code(new.secret, NOW), NOW)  # used for confirming
    assert not given(database, now_code(new.secret, NOW, -1), NOW)  # earlier than the last
    assert given(database, now_code(new.secret, later(60)), later(60))
    assert not given(database, now_code(new.secret, later(60)), later(61))
    following = now_code(new.secret, later(90))
    assert given(database, f"{following[:3]} {following[3:]}", later(70))
    assert not given(database, "", later(300))
    assert not given(database, "１２３４５６", later(300))
    with pytest.raises(ConflictError):
        begin_totp(database, AIKO, "aiko.mori")

    end_totp(database, AIKO)
    assert not given(database, now_code(new.secret, later(600)), later(600))
    assert not given(database, codes[0], later(600))
    with pytest.raises(NotFoundError):
        new_recovery_codes(database, AIKO)
    with pytest.raises(NotFoundError):
        begin_totp(database, "P-NOBODY22", "nobody")


def test_recovery_codes_are_good_once_and_for_their_person(database: Database) -> None:
    factors = {person: begin_totp(database, person, person) for person in (AIKO, HANA)}
    code_of = {
        person: confirm_totp(database, person, now_code(factors[person].secret, NOW), NOW)
        for person in factors
    }
    first, second = code_of[AIKO][:2]
    assert not given(database, first, NOW, HANA)
    assert given(database, first, NOW)
    assert not given(database, first, NOW)
    assert given(database, second.replace("-", " ").upper(), NOW)
    assert recovery_codes_left(database, AIKO) == 8
    fresh = new_recovery_codes(database, AIKO)
    assert not given(database, code_of[AIKO][2], NOW)
    assert given(database, fresh[0], NOW)


def test_nothing_of_it_lies_open_in_the_database(database: Database) -> None:
    new = begin_totp(database, AIKO, "aiko.mori")
    codes = confirm_totp(database, AIKO, now_code(new.secret, NOW), NOW)
    kept = everything_in(database)
    raw = base64.b32decode(new.secret)
    for secret in (new.secret, raw.hex(), raw.decode("latin-1"), *codes):
        assert secret not in kept
        assert secret.replace("-", "") not in kept
    assert new.secret not in repr(new)


def test_a_sealed_secret_opens_for_its_person_and_server_only(database: Database) -> None:
    new = begin_totp(database, AIKO, "aiko.mori")
    confirm_totp(database, AIKO, now_code(new.secret, NOW), NOW)
    with database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE account SET totp_confirmed = 1, totp_sealed = "
            f"(SELECT totp_sealed FROM account WHERE person = '{AIKO}') WHERE person = '{HANA}'"
        )
    at = later(300)
    assert not given(database, now_code(new.secret, at), at, HANA)
    secret_file(database).unlink()
    assert not given(database, now_code(new.secret, at), at)


def test_what_the_authenticator_takes_over() -> None:
    uri = provisioning_uri(RFC_SECRET, "aiko.mori")
    assert uri.startswith("otpauth://totp/keiryo:aiko.mori?")
    assert f"secret={RFC_SECRET}" in uri and "issuer=keiryo" in uri
    picture = qr_svg(uri)
    assert picture.startswith("<svg") and picture.endswith("</svg>")
    assert "style" not in picture and "script" not in picture
    assert RFC_SECRET not in picture
