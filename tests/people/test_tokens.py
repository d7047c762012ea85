"""Tokens of programs: made, used, limited, revoked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import UsageError
from keiryo.people.tokens import (
    ApiToken,
    admitted_token_of,
    make_token,
    revoke_token,
    tokens_of,
)
from keiryo.storage.engine import Database
from people.small_site import (
    AIKO,
    HANA,
    KEYS,
    NOW,
    books,
    cheap_argon2,
    everything_in,
    later,
    suspend,
)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    cheap_argon2(monkeypatch)
    yield from books("sqlite", tmp_path)


def made(database: Database, *abilities: str, **more: Any) -> tuple[str, ApiToken]:
    given: dict[str, Any] = {
        "name": "plant system",
        "abilities": abilities or ("read",),
        "scope": None,
        "lifetime": timedelta(days=30),
        "signing_key": KEYS[AIKO],
        "now": NOW,
        **more,
    }
    return make_token(database, AIKO, **given)


def token_of(database: Database, text: str, now: datetime) -> ApiToken | None:
    """Return what is kept about a token that is good, by whoever acts with it."""
    found = admitted_token_of(database, text, now)
    return None if found is None else found[0]


def test_what_a_token_is(database: Database) -> None:
    text, kept = made(database, "read", "write", scope="XA/XFAA")
    assert text.startswith("keiryo_") and len(text) == 7 + 43
    found = token_of(database, text, NOW)
    assert found == kept
    assert (kept.person, kept.name, kept.scope) == (AIKO, "plant system", "XA/XFAA")
    assert kept.abilities == {"read", "write"} and kept.expires_at == later(30 * 86400)
    assert kept.signing_key(text) == KEYS[AIKO]
    assert kept.signing_key(made(database, "write")[0]) is None
    for nonsense in ("", text[:-1], text[7:], "keiryo_" + "\0" * 43, "Bearer " + text):
        assert token_of(database, nonsense, NOW) is None


def test_no_token_and_no_key_lies_open_in_the_database(database: Database) -> None:
    text, kept = made(database, "write")
    contents = everything_in(database)
    for secret in (text, text[7:], KEYS[AIKO].secret.hex()):
        assert secret not in contents
    assert KEYS[AIKO].secret.decode("latin-1") not in contents
    assert "key_sealed" not in repr(kept)


def test_who_only_reads_carries_no_key(database: Database) -> None:
    text, _ = made(database, "read", "metrics")
    found = token_of(database, text, NOW)
    assert found is not None and found.key_sealed is None and found.signing_key(text) is None


def test_it_ends_by_time_and_by_revocation(database: Database) -> None:
    text, kept = made(database, "write", lifetime=timedelta(hours=1))
    assert token_of(database, text, later(3599)) is not None
    assert token_of(database, text, later(3600)) is None
    assert not revoke_token(database, kept.token_id, NOW, person=HANA)
    assert token_of(database, text, NOW) is not None
    assert revoke_token(database, kept.token_id, NOW, person=AIKO)
    assert token_of(database, text, NOW) is None
    assert not revoke_token(database, kept.token_id, NOW)
    listed = tokens_of(database, AIKO)
    assert [token.is_over(NOW) for token in listed] == [True]
    assert listed[0].key_sealed is None and listed[0].revoked_at == NOW
    assert tokens_of(database, HANA) == []


def test_its_use_is_noted_once_a_minute(database: Database) -> None:
    text, _ = made(database)
    noted = []
    for seconds in (1, 30, 60.5, 61, 62):
        token_of(database, text, later(seconds))
        used = tokens_of(database, AIKO)[0].used_at
        assert used is not None
        noted.append((used - NOW).total_seconds())
    assert noted == [1, 1, 1, 61, 61]


def test_suspended_people_have_no_programs(database: Database) -> None:
    text, kept = made(database)
    found = admitted_token_of(database, text, NOW)
    assert found is not None and found[0] == kept and found[1].person == AIKO
    suspend(database, AIKO)
    assert admitted_token_of(database, text, NOW) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 81},
        {"name": "a\nb"},
        {"abilities": ()},
        {"abilities": ("read", "administer")},
        {"scope": "XA/.."},
        {"scope": ""},
        {"lifetime": timedelta()},
        {"lifetime": timedelta(days=367)},
        {"abilities": ("write",), "signing_key": None},
    ],
)
def test_no_such_token(database: Database, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        made(database, **wrong)
    assert tokens_of(database, AIKO) == []
