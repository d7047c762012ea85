"""Label sets: under which partners a quantity is, written in one way only.

A set is written as the codes in ASCII order joined by ``+``; the empty set is ``-``, which sorts
before every other. Several labels at once are in the definition of the supplier party itself
(Regulation on the Use of International Controlled Material, Japan, 1961, Art. 1-2).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from keiryo.errors import UsageError

UNOBLIGATED = "-"
"""Key of the empty set: material that is under no agreement."""

ALIASES = {"EU": "EURATOM"}
"""Codes that are taken for another one."""

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,15}")


def label_key(labels: Iterable[str], known: Collection[str] | None = None) -> str:
    """Return the one key of a set of labels.

    Parameters
    ----------
    labels : iterable of str
        Codes of partners; case and blanks around them do not matter.
    known : collection of str, optional
        Codes that are registered; default: any that is written as a code.

    Raises
    ------
    UsageError
        If a label is unknown, or stands twice.

    Examples
    --------
    >>> label_key(["US", "AU"]), label_key([])
    ('AU+US', '-')
    """
    found: set[str] = set()
    for given in labels:
        code = given.strip().upper()
        code = ALIASES.get(code, code)
        if not _CODE.fullmatch(code) or (known is not None and code not in known):
            listed = ", ".join(sorted(known)) if known else "two letters as in ISO 3166-1"
            raise UsageError(f"{given!r} is no label that is known here", f"Known are: {listed}.")
        if code in found:
            raise UsageError(f"the label {code} stands twice in one set", "Name each label once.")
        found.add(code)
    return "+".join(sorted(found)) or UNOBLIGATED


def parse_key(text: str, known: Collection[str] | None = None) -> str:
    """Return the key of a set as somebody wrote it, in whatever order.

    Examples
    --------
    >>> parse_key("US+AU"), parse_key("-"), parse_key("eu")
    ('AU+US', '-', 'EURATOM')
    """
    stripped = text.strip()
    return label_key([] if stripped in ("", UNOBLIGATED) else stripped.split("+"), known)


def labels_of(key: str) -> frozenset[str]:
    """Return the labels of a key.

    Examples
    --------
    >>> sorted(labels_of("AU+US")), labels_of("-")
    (['AU', 'US'], frozenset())
    """
    return frozenset() if key == UNOBLIGATED else frozenset(key.split("+"))


def with_labels(key: str, more: Iterable[str]) -> str:
    """Return the key of a set and some labels besides; one that it has already changes nothing.

    Examples
    --------
    >>> with_labels("AU", ["US"]), with_labels("AU+US", ["US"]), with_labels("-", ["US"])
    ('AU+US', 'AU+US', 'US')
    """
    return "+".join(sorted(labels_of(key) | set(more))) or UNOBLIGATED
