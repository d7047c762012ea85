"""Books with seals: of a module where every test has its own seals, or of one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seals.seal_books import SealBooks, opened


@pytest.fixture(scope="module")
def seals(tmp_path_factory: pytest.TempPathFactory) -> SealBooks:
    """Books of a module: every test has seals of its own."""
    return opened(tmp_path_factory.mktemp("seals"))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SealBooks]:
    """Books of one test."""
    books = opened(tmp_path)
    yield books
    books.database.close()
