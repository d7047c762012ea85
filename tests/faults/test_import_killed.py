"""An import that is killed at any moment is simply run again: nothing lost, doubled or half."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

import keiryo

FOLDER = Path(str(files("keiryo.data").joinpath("state_xa")))
AREAS = ("XAFA", "XARA", "XALA")
KINDS_OF_ONE_RUN = 21  # the opening, the context, 19 reports


def command(place: str) -> list[str]:
    texts = [str(FOLDER / f"{mba}.txt") for mba in AREAS]
    context = ["--context", str(FOLDER / "context.json")]
    return [sys.executable, "-m", "keiryo", "reports", "import", *texts, *context, "--db", place]


def kill_once(place: str, after_s: float) -> int:
    """Start an import, kill it after a while, and return its exit code."""
    process = subprocess.Popen(
        command(place), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def check_killed_imports(place: str, kills: int, seed: int) -> int:
    """Kill imports at random moments, finish one, compare; return how many died in the middle."""
    keiryo.init(place, "XA", person="P-KILL")
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import keiryo.api, polars"], check=True)
    start_s = time.perf_counter() - began
    rng = random.Random(seed)
    died = 0
    for _ in range(kills):
        died += kill_once(place, start_s * rng.uniform(0.8, 2.5)) == -signal.SIGKILL
        assert keiryo.open(place).verify().sound
    finished = subprocess.run(command(place), capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    books = keiryo.open(place, person="P-KILL")
    result = books.verify()
    assert result.sound
    assert result.acts == KINDS_OF_ONE_RUN
    assert books.balance("XAFA").to_dict()["lines"]["MF"] == {  # type: ignore[index]
        "N": {"element": "0.035"}, "E": {"element": "812.346", "fissile": "36.118"}
    }  # fmt: skip
    return died


def test_killed_imports(database_url: str) -> None:
    assert check_killed_imports(database_url, kills=4, seed=1) >= 1


@pytest.mark.soak
def test_two_hundred_killed_imports(tmp_path: Path) -> None:
    died = sum(
        check_killed_imports(str(tmp_path / f"{n}.sqlite"), kills=4, seed=n) for n in range(50)
    )
    assert died >= 50


def test_two_imports_at_once(database_url: str) -> None:
    keiryo.init(database_url, "XA", person="P-TWO")
    running = [
        subprocess.Popen(command(database_url), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in running:
        _, words = process.communicate(timeout=120)
        assert process.returncode == 0, words.decode()
    result = keiryo.open(database_url).verify()
    assert result.sound
    assert result.acts == KINDS_OF_ONE_RUN
