"""Figures of a benchmark: each measured in a process of its own, the best of several."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
CACHE = FOLDER.parent / ".benchmarks"


class Clock:
    """Adds up the seconds (by the wall, and of the processor) spent inside ``with clock:``."""

    def __init__(self) -> None:
        self.seconds = self.processor_seconds = 0.0

    def __enter__(self) -> Clock:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began[0]
        self.processor_seconds += time.process_time() - self._began[1]


def peak_mb() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def tell(clock: Clock, **more: Any) -> None:
    """Print the figures of this process for the one that asked for them."""
    figures = {
        "seconds": clock.seconds,
        "processor_seconds": clock.processor_seconds,
        "peak_mb": peak_mb(),
        **more,
    }
    print(json.dumps(figures))


def fresh(script: str, *words: object) -> dict[str, Any]:
    """Run a script of this folder in a fresh process and return the figures that it tells."""
    command = [sys.executable, str(FOLDER / script), *map(str, words)]
    paths = [str(FOLDER.parent / "src"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def best(times: int, script: str, *words: object) -> dict[str, Any]:
    """Return the quickest of several runs in fresh processes; memory is the largest."""
    runs = [fresh(script, *words) for _ in range(times)]
    quickest = min(runs, key=lambda figures: figures["seconds"])
    return {**quickest, "peak_mb": max(run["peak_mb"] for run in runs)}


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A path for a database that is removed afterwards, on the disk of the repository."""
    path = CACHE / f"{name}-{os.getpid()}.sqlite"
    path.parent.mkdir(exist_ok=True)
    try:
        yield path
    finally:
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
