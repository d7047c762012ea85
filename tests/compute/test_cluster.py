"""Work on a real Dask cluster: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keiryo.compute import cluster as clusters
from keiryo.compute.cluster import Cluster
from keiryo.compute.processes import LocalProcesses
from keiryo.compute.runner import Serial, WorkersLostError, chosen_runner
from keiryo.errors import UsageError
from keiryo.material_balance.simulation import simulated_power, simulated_threshold
from keiryo.material_balance.thresholds import Threshold

FOLDER = Path(__file__).parent
SOURCE = FOLDER.parents[1] / "src"
BLOCKS = 40
COVARIANCE = np.full((8, 8), 0.5) + 2.2 * np.eye(8) - np.eye(8, k=1) - np.eye(8, k=-1)


class LocalDask:
    """A scheduler and its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workers = folder, list[subprocess.Popen[bytes]]()
        self.file = folder / "scheduler.json"
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", "0")
        ends = time.monotonic() + 20
        while True:
            assert time.monotonic() < ends and self.scheduler.poll() is None, "no scheduler"
            try:
                self.address = str(json.loads(self.file.read_text())["address"])
                return
            except (OSError, ValueError):
                time.sleep(0.05)

    def add_worker(self) -> None:
        self.workers.append(self._started("worker", "--nthreads", "1", "--no-nanny"))

    def _started(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, "--no-dashboard", *words]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(SOURCE), str(FOLDER)]),
            "OPENBLAS_NUM_THREADS": "1",
            "DASK_DISTRIBUTED__ADMIN__LOG_FORMAT": "%(message)s",
        }
        with (self.folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--scheduler-file", str(self.file)],
                cwd=self.folder, env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def end(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDask]:
    found = LocalDask(tmp_path_factory.mktemp("dask"))
    try:
        found.add_worker()
        found.add_worker()
        yield found
    finally:
        found.end()


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(FOLDER))
    import pieces_of_work

    yield pieces_of_work
    del sys.modules["pieces_of_work"]


def threshold(
    runner: Any, statistic: str = "cumuf", step: int = 10, progress: Any = None
) -> Threshold:
    return simulated_threshold(
        COVARIANCE, statistic, 0.05, realizations=200_000, seed=4, runner=runner,
        blocks_per_task=step, progress=progress,
    )  # fmt: skip


def test_all_tasks_in_order(dask: LocalDask, pieces: Any) -> None:
    told: list[tuple[int, int]] = []
    runner = Cluster(dask.address)
    found = list(runner.run(pieces.product, 3, range(50), lambda *seen: told.append(seen)))
    assert found == [3 * task for task in range(50)]
    assert told == [(number, 50) for number in range(1, 51)]


def test_same_numbers_wherever_they_are_computed(dask: LocalDask) -> None:
    expected = threshold(Serial(), step=1)
    for runner in (LocalProcesses(2), chosen_runner(10, cluster=dask.address)):
        assert threshold(runner) == expected
    loss = np.full(8, 1.5)
    power = simulated_power(COVARIANCE, loss, expected, realizations=50_000, seed=9)
    for runner in (LocalProcesses(2), Cluster(dask.address)):
        again = simulated_power(
            COVARIANCE, loss, expected, realizations=50_000, seed=9, runner=runner,
            blocks_per_task=3,
        )  # fmt: skip
        assert again == power


def test_error_in_a_task_comes_through(dask: LocalDask, pieces: Any) -> None:
    with pytest.raises(ValueError, match="no such thing"):
        list(Cluster(dask.address).run(pieces.refuses, "no such thing", [0, 1, 2, 3]))


def test_other_versions_are_refused(
    dask: LocalDask, pieces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "versions", lambda: (("NumPy", "1.0.0"),))
    with pytest.raises(UsageError, match=r"NumPy is .* there, 1.0.0 here") as caught:
        list(Cluster(dask.address).run(pieces.product, 3, [1, 2]))
    assert "same versions" in caught.value.advice


def test_worker_without_the_work(
    dask: LocalDask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "only_known_here.py").write_text("def work(payload, task):\n    return task\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_known_here  # type: ignore[import-not-found]

    with pytest.raises(UsageError, match="lacks what the work needs"):
        list(Cluster(dask.address).run(only_known_here.work, 3, [1, 2]))


def test_no_scheduler() -> None:
    with pytest.raises(UsageError, match=r"tcp://127.0.0.1:9 within 0.5 s") as caught:
        list(Cluster("tcp://127.0.0.1:9", connect_s=0.5).run(max, 3, [1, 2]))
    assert "local processes" in caught.value.advice


def test_address_that_is_none() -> None:
    with pytest.raises(UsageError, match="nonsense"):
        list(Cluster("nonsense://x y", connect_s=0.5).run(max, 3, [1, 2]))


def test_dask_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        chosen_runner(10, cluster="tcp://127.0.0.1:8786")
    assert "keiryo[distributed]" in caught.value.advice


def test_worker_killed_in_the_middle(tmp_path: Path, dask: LocalDask) -> None:
    """One of two workers is killed; the result is that of this process, to the last digit."""
    expected = threshold(Serial())
    ends = {"killed": False}

    def kill_one(done: int, total: int) -> None:
        if not ends["killed"] and done > 70:  # blocks; the first 64 are done in this process
            assert done < total - 50
            os.kill(dask.workers[0].pid, signal.SIGKILL)
            ends["killed"] = True

    assert threshold(Cluster(dask.address), step=2, progress=kill_one) == expected
    assert ends["killed"] and dask.workers[0].wait(5) == -signal.SIGKILL
    # ... and the one that is left goes on alone.
    assert threshold(Cluster(dask.address)) == expected


def test_all_workers_gone(dask: LocalDask, pieces: Any) -> None:
    results = Cluster(dask.address, patience_s=1.0).run(pieces.slow_process, 0.1, range(200))
    next(results)
    for worker in dask.workers:
        worker.kill()
    began = time.monotonic()
    with pytest.raises(WorkersLostError, match="no worker") as caught:
        list(results)
    assert time.monotonic() - began < 10 and "dask worker" in caught.value.advice


def test_worker_that_comes_back_in_time(dask: LocalDask, pieces: Any) -> None:
    results = Cluster(dask.address, patience_s=15.0).run(pieces.product, 2, range(10))
    dask.add_worker()
    assert list(results) == [2 * task for task in range(10)]


def test_scheduler_gone(dask: LocalDask, pieces: Any) -> None:
    results = Cluster(dask.address, patience_s=1.0).run(pieces.slow_process, 0.1, range(200))
    next(results)
    dask.scheduler.kill()
    began = time.monotonic()
    with pytest.raises(WorkersLostError):
        list(results)
    assert time.monotonic() - began < 15
