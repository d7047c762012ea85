"""Which passwords are taken, and that hashing is Argon2id and compares what people mean."""

from __future__ import annotations

import pytest

from keiryo.people import keys, passwords
from keiryo.people.passwords import (
    common_passwords,
    hash_password,
    needs_rehash,
    password_problems,
    verify_password,
)
from people.small_site import cheap_argon2


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("four cranes over Lake Biwa", []),
        ("たぬきと四羽の鶴が湖で踊る", []),
        ("twelve chars", []),
        ("eleven char", ["PASSWORD-SHORT"]),
        ("x7" + " longer than it may be" * 12, ["PASSWORD-LONG"]),
        ("qwertyuiop123", ["PASSWORD-COMMON"]),
        ("Administrator-2026!", ["PASSWORD-COMMON"]),
        ("correct horse battery staple", ["PASSWORD-COMMON"]),
        ("zzzzzzzzzzzzzzz", ["PASSWORD-REPETITIVE"]),
        ("xy4xy4xy4xy4xy4", ["PASSWORD-REPETITIVE"]),
        ("abcdefghijklmnop", ["PASSWORD-REPETITIVE"]),
        ("Aiko.Mori-1998", ["PASSWORD-NAME"]),
        ("keiryokeiryo!", ["PASSWORD-NAME"]),
        ("aikomori and six cranes", []),
        ("11111", ["PASSWORD-SHORT", "PASSWORD-REPETITIVE"]),
        ("", ["PASSWORD-SHORT"]),
    ],
)
def test_what_speaks_against_a_password(password: str, codes: list[str]) -> None:
    problems = password_problems(password, names=["aiko.mori", "Aiko Mori"])
    assert [problem.code for problem in problems] == codes
    for problem in problems:
        assert problem.advice and problem.basis
        assert not password or password not in repr(problem)


def test_length_counts_characters_and_the_edges_are_taken() -> None:
    words = "ab1 cd2 ef3 gh4 "
    assert not password_problems((words * 16)[:256])
    assert [p.code for p in password_problems((words * 17)[:257])] == ["PASSWORD-LONG"]
    assert not password_problems("湖に四羽の鶴が踊る夕べ。")  # 12 characters, 36 bytes


def test_the_list_of_common_passwords() -> None:
    listed = common_passwords()
    assert len(listed) > 200
    assert all(word == word.casefold().strip() for word in listed)


def test_argon2id_with_the_parameters_of_rfc_9106() -> None:
    hashed = hash_password("four cranes")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password(hashed, "four cranes")


def test_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)
    hashed = hash_password("four cranes ｡")
    assert verify_password(hashed, "four cranes 。")  # half-width and full-width stop
    assert not verify_password(hashed, "four cranes")
    assert not verify_password(hashed, "four cranes ｡" + "x" * 300)
    assert not verify_password(None, "four cranes")
    assert not verify_password("no hash", "four cranes")
    assert not verify_password(hashed, "\ud800")
    assert hash_password("the same") != hash_password("the same")


def test_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)
    long = "0123456789abcdef" * 16
    assert verify_password(hash_password(long), long)
    assert not verify_password(hash_password(long), long[:-1])


def test_rehash_when_the_parameters_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)
    hashed = hash_password("four cranes")
    assert not needs_rehash(hashed)
    monkeypatch.setattr(keys, "ARGON2_MEMORY_KIB", 64)
    assert needs_rehash(hashed)
    assert verify_password(hashed, "four cranes")


def test_no_account_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)
    hashed, calls = [], passwords.hash_password
    monkeypatch.setattr(passwords, "hash_password", lambda p: hashed.append(p) or calls(p))
    assert not verify_password(None, "four cranes")
    assert hashed == ["four cranes"]
