"""What every test has: a home folder of its own, and databases to keep books in."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: tests share the processors

import pytest
from hypothesis import HealthCheck, settings

import empty_books
import made_once
import postgres

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
settings.register_profile(
    "soak", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


GARBAGE = (20_000, 20, 100)
"""How seldom Python looks for cyclic garbage. All that is imported and collected stays to the end,
and a search through it every few hundred objects would take a fifth of the time of the tests."""


def pytest_configure(config: pytest.Config) -> None:
    """Open the PostgreSQL session in the process that controls the workers."""
    gc.set_threshold(*GARBAGE)
    made_once.share()
    if not hasattr(config, "workerinput"):
        postgres.open_session()
        _keep_what_python_makes_of_sources()


def _keep_what_python_makes_of_sources() -> None:
    """Spare the programs that tests start the work of compiling keiryo, one after the other.

    Only where Python was told to leave nothing beside the sources.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        folder = tempfile.mkdtemp(prefix="keiryo-bytecode-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["PYTHONPYCACHEPREFIX"] = folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever runs on PostgreSQL, so that ``-m "not postgres"`` leaves it out."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and callspec.params.get("database_url") == "postgres":
            item.add_marker(pytest.mark.postgres)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the settings of whoever runs the tests out of them, and the tests out of their home."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        keep = name.startswith("KEIRYO_TEST_")
        if name.startswith(("KEIRYO_", "PG", "XDG_")) and not keep:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    return home


@pytest.fixture(autouse=True)
def migrations_said_again(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make empty books from what the migrations said, except where databases are tested."""
    if request.path.parent.name in ("storage", "faults"):
        made_once.share_nothing(monkeypatch)
    else:
        monkeypatch.setattr("keiryo.storage.migrate.upgrade", empty_books.upgrade)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'books.sqlite'}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Return the address of an empty PostgreSQL database."""
    try:
        with postgres.fresh_database() as url:
            yield url
    except postgres.NoServerError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database, on SQLite and then on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
