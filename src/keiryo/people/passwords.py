"""Passwords: kept as Argon2id hashes, refused when they would be guessed soon.

Hashes follow the second recommended choice of RFC 9106 section 4 (64 MiB, 3 passes, 4 lanes). What
makes a password acceptable is NIST SP 800-63B section 5.1.1.2: long enough, any characters, none
of the ones that everybody tries, no rules of composition and no forced change. A password is
compared after Unicode normalisation (NFKC), because keyboards write the same letter in different
ways, and it is never cut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from itertools import pairwise
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from keiryo.errors import Finding, Severity
from keiryo.people import keys

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 256
"""Characters (Unicode code points after normalisation)."""

PRODUCT = "keiryo"
BASIS = "NIST SP 800-63B section 5.1.1.2"
_LEFT_AT_LEAST = 8
"""Characters that must remain when a name is taken out of a password."""
_NAME_AT_LEAST = 3
_LONGEST_PATTERN = 4

_at_work = BoundedSemaphore(4)


@contextmanager
def one_of_few() -> Iterator[None]:
    """Keep the passwords that one process looks at together to four, 64 MiB of memory each."""
    with _at_work:
        yield


def normalised(password: str) -> str:
    """Return a password as it is hashed: Unicode normalisation form KC."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, with its salt and parameters (PHC string)."""
    with one_of_few():
        return _hasher().hash(normalised(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Return whether a password is the one that was hashed.

    Parameters
    ----------
    password_hash : str or None
        None: there is no such account or it has no password; the same work is done, so that the
        time tells nothing, and the answer is no.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > LONGEST:  # nobody's; not worth more work than another
        password_hash, password = None, ""
    if password_hash is None:
        hash_password(password)
        return False
    try:
        with one_of_few():
            return _hasher().verify(password_hash, normalised(password))
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Return whether a hash was made with other parameters than those of today."""
    return _hasher().check_needs_rehash(password_hash)


def password_problems(password: str, *, names: Iterable[str] = ()) -> list[Finding]:
    """Return everything that speaks against a password; an empty list if nothing does.

    Parameters
    ----------
    password : str
    names : iterable of str
        What stands for the person: sign-in name, displayed name.

    References
    ----------
    NIST SP 800-63B section 5.1.1.2, "Memorized Secret Verifiers".
    """
    text = normalised(password)
    plain = text.casefold()
    problems = []
    if len(text) < SHORTEST:
        problems.append(
            _problem(
                "PASSWORD-SHORT",
                f"the password is shorter than {SHORTEST} characters",
                "Use several words that only you would put together; spaces are welcome.",
                expected=f"at least {SHORTEST} characters",
            )
        )
    if len(text) > LONGEST or len(password) > LONGEST:
        problems.append(
            _problem(
                "PASSWORD-LONG",
                f"the password is longer than {LONGEST} characters",
                "Use a shorter one; nothing of it is ever cut off.",
                expected=f"at most {LONGEST} characters",
            )
        )
        return problems
    if _is_common(plain):
        problems.append(
            _problem(
                "PASSWORD-COMMON",
                "the password is one of those that are tried first",
                "Use words that do not stand in any list of passwords.",
            )
        )
    if plain and _is_repetitive(plain):
        problems.append(
            _problem(
                "PASSWORD-REPETITIVE",
                "the password repeats itself or counts up or down",
                "Use words rather than a pattern of keys.",
            )
        )
    if _is_built_from(plain, [*names, PRODUCT]):
        problems.append(
            _problem(
                "PASSWORD-NAME",
                "the password is hardly more than your name or the name of this program",
                f"Add words until {_LEFT_AT_LEAST} characters are left without the name.",
            )
        )
    return problems


@cache
def common_passwords() -> frozenset[str]:
    """Return the shipped list of passwords that are tried first, in lower case."""
    text = files("keiryo.people").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _is_common(plain: str) -> bool:
    listed = common_passwords()
    word = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    joined = re.sub(r"\W|_", "", plain)
    return not listed.isdisjoint({plain, word, joined})


def _is_repetitive(plain: str) -> bool:
    for length in range(1, _LONGEST_PATTERN + 1):
        pattern = plain[:length]
        if plain == (pattern * len(plain))[: len(plain)] and len(plain) > length:
            return True
    steps = {ord(b) - ord(a) for a, b in pairwise(plain)}
    return len(plain) > 1 and steps in ({1}, {-1})


def _is_built_from(plain: str, names: Iterable[str]) -> bool:
    parts: set[str] = set()
    for name in names:
        words = [w for w in re.split(r"[\W_]+", normalised(name).casefold()) if w]
        parts.update(w for w in [*words, "".join(words)] if len(w) >= _NAME_AT_LEAST)
    left = plain
    for part in sorted(parts, key=len, reverse=True):
        left = left.replace(part, "")
    return left != plain and len(left) < _LEFT_AT_LEAST


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(
        time_cost=keys.ARGON2_TIME,
        memory_cost=keys.ARGON2_MEMORY_KIB,
        parallelism=keys.ARGON2_LANES,
    )


def _problem(code: str, message: str, advice: str, expected: str | None = None) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, expected=expected, basis=BASIS)
