"""What tests of pages have: a site with State XA's books and people in every role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keiryo.web.speaking import speak_on
from web.detecting_port import detecting_books
from web.site import Site, copy_of, demonstration_books, make_site
from web.watched_area import watched_books


@pytest.fixture(autouse=True)
def in_english() -> None:
    """Let no test speak the language of the one before."""
    speak_on("en")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Return a site over a copy of the demonstration books."""
    made = make_site(copy_of(demonstration_books(), tmp_path))
    yield made
    made.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Site]:
    """Return a site over books with a store that a seal and a camera watch."""
    made = make_site(copy_of(watched_books(), tmp_path))
    yield made
    made.close()


@pytest.fixture
def detecting(tmp_path: Path) -> Iterator[Site]:
    """Return a site over books with a seaport, its portals and alarm cases."""
    made = make_site(copy_of(detecting_books(), tmp_path))
    yield made
    made.close()
