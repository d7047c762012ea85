"""A process that is killed while it posts: what it reported is there, and nothing by halves."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from faults.posting_loop import numbered
from journal.toy_books import ACTOR, REGISTRY, opened
from keiryo.journal.posting import post
from keiryo.journal.reading import acts
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database

LOOP = Path(__file__).with_name("posting_loop.py")


def killed_after(url: str, first: int, seconds: float) -> list[int]:
    """Post from number `first` on, kill the process after so many seconds; return its reports."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(LOOP), url, str(first)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(seconds)
        process.kill()
        reported = process.stdout.read().decode()
    # The last line may have been cut by the kill.
    return [int(line) for line in reported.splitlines(keepends=True) if line.endswith("\n")]


def kill_often(url: str, times: int, seed: int) -> None:
    chance = random.Random(seed)
    database = opened(url)
    database.close()
    reported: set[int] = set()
    first = 0
    for _ in range(times):
        new = killed_after(url, first, chance.uniform(0.0, 0.3))
        assert new == list(range(first, first + len(new)))
        reported.update(new)
        in_doubt = first + len(new)
        database = Database(url, REGISTRY)
        assert verify(database).sound
        with database.reading() as connection:
            recorded = {a.client_id: a for a in acts(connection, database.metadata)}
            lines = connection.execute(text("SELECT count(*) FROM toy")).scalar_one()
        assert {f"act {number}" for number in reported} <= set(recorded)
        assert set(recorded) <= {"journal.open", *(f"act {n}" for n in range(in_doubt + 1))}
        assert lines == sum(1 + n % 40 for n in range(len(recorded) - 1))
        again = post(database, numbered(in_doubt), ACTOR)
        # PostgreSQL may still have been at work on it when the books were read.
        assert again.repeated or f"act {in_doubt}" not in recorded
        assert post(database, numbered(in_doubt), ACTOR).repeated
        first = in_doubt + 1
        database.close()
    assert reported, "no process lived long enough to post"


def test_killed_while_posting(database_url: str) -> None:
    kill_often(database_url, 6, seed=1)


@pytest.mark.soak
def test_killed_very_often(database_url: str) -> None:
    kill_often(database_url, 200, seed=2)
