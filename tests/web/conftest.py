"""What tests of pages have: a site with State XA's books and people in every role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from web.site import Site, copy_of, demonstration_books, make_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Return a site over a copy of the demonstration books."""
    made = make_site(copy_of(demonstration_books(), tmp_path))
    yield made
    made.close()
