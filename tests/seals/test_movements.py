"""Movement through seal: the books against the seals, for movements of every kind and day."""

from __future__ import annotations

import pytest

from cases.making import Entry
from seals.seal_books import SealBooks

DAY = 86_400


def ship(books: SealBooks, day: str, number: int = 1, code: str = "SD", name: str = "FA-1") -> list[str]:
    entry = Entry(code, day, name)
    outcome = books.small.send("XHS1", number, entry)
    return [one.code for one in outcome.findings]
