"""The store that tests copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from security_store.store_cases import Made, full_store


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return full_store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def made(whole: Made, tmp_path: Path) -> Made:
    return whole.copied(tmp_path / "copy.store")


@pytest.fixture
def again(tmp_path: Path) -> Callable[[Made], Made]:
    """Return a function that copies a store once more."""
    return lambda made: made.copied(tmp_path / "again.store")
