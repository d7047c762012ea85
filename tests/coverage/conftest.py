"""Books with a store, a containment with two ways and seals on both."""

from __future__ import annotations

import pytest

from coverage_books import Watched, opened, section_test


@pytest.fixture
def watched(sqlite_url: str) -> Watched:
    return opened(sqlite_url)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """The example of the specification; tests that share it only ask."""
    made = opened(f"sqlite:///{tmp_path_factory.mktemp('example') / 'books.sqlite'}")
    section_test(made)
    return made
