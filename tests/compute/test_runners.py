"""Every runner does all tasks, in order, with bounded memory, and survives a lost process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keiryo.compute import runner as runners
from keiryo.compute.processes import LocalProcesses
from keiryo.compute.runner import Serial, WorkersLostError, chosen_runner
from keiryo.errors import UsageError

FOLDER = Path(__file__).parent


@pytest.fixture(autouse=True)
def pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let this process, and those that it starts, import the pieces of work."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import pieces_of_work

    yield pieces_of_work
    del sys.modules["pieces_of_work"]


@pytest.mark.parametrize("runner", [Serial(), LocalProcesses(2)], ids=["serial", "processes"])
def test_all_tasks_in_order(runner: runners.Runner, pieces: Any) -> None:
    told: list[tuple[int, int]] = []
    tasks = list(range(20))
    found = list(runner.run(pieces.product, 3, tasks, lambda *seen: told.append(seen)))
    assert found == [3 * task for task in tasks]
    assert told == [(number, 20) for number in range(1, 21)]


@pytest.mark.parametrize("runner", [Serial(), LocalProcesses(2)], ids=["serial", "processes"])
def test_nothing_to_do(runner: runners.Runner, pieces: Any) -> None:
    assert list(runner.run(pieces.product, 3, [])) == []


def test_only_some_tasks_are_under_way(pieces: Any, tmp_path: Path) -> None:
    results = LocalProcesses(2).run(pieces.left_trace, str(tmp_path), list(range(500)))
    assert next(results) == 0
    time.sleep(0.5)
    assert len(list(tmp_path.iterdir())) <= 6
    results.close()  # type: ignore[attr-defined]
    assert len(list(tmp_path.iterdir())) <= 6


def test_processes_use_one_thread_for_linear_algebra(
    pieces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        assert list(LocalProcesses(1).run(pieces.setting, name, [0])) == ["1"]
    assert os.environ["OMP_NUM_THREADS"] == "7" and "OPENBLAS_NUM_THREADS" not in os.environ


def test_error_in_a_task_comes_through(pieces: Any) -> None:
    results = LocalProcesses(2).run(pieces.refuses, "no such thing", [0, 1, 2, 3])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="no such thing"):
        next(results)


def test_killed_process_is_replaced(pieces: Any, tmp_path: Path) -> None:
    trace = tmp_path / "killed"
    found = list(LocalProcesses(2).run(pieces.killed_once, str(trace), list(range(9))))
    assert found == [n * n for n in range(9)] and trace.exists()


def test_processes_killed_again_and_again(pieces: Any) -> None:
    with pytest.raises(WorkersLostError, match="1 of 4 pieces") as caught:
        list(LocalProcesses(1).run(pieces.always_killed, None, [0, 1, 2, 3]))
    assert "Memory" in caught.value.advice


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import pieces_of_work
from keiryo.compute.processes import LocalProcesses

if __name__ == "__main__":
    for process in LocalProcesses(2).run(pieces_of_work.slow_process, 0.2, list(range(1000))):
        print(process, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_work_leaves_no_process(how: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(SCRIPT.format(folder=str(FOLDER)))
    paths = os.pathsep.join(
        filter(None, [str(FOLDER.parents[1] / "src"), os.environ.get("PYTHONPATH")])
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": paths}, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    workers = {int(process.stdout.readline()) for _ in range(4)}
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does: to the whole group
    else:
        process.kill()
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    if how == signal.SIGINT:
        assert errors.count("Traceback") == 1, errors  # of the one that was interrupted; no others
    ends = time.monotonic() + 5
    while any(map(is_running, workers)):
        assert time.monotonic() < ends, "a process was left behind"
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, and not yet asked after by its parent


def test_small_work_stays_here() -> None:
    assert isinstance(chosen_runner(1000, 15), Serial)
    assert isinstance(chosen_runner(10**8, 8, processes=1), Serial)


def test_large_work_uses_all_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "available_processors", lambda: 3)
    found = chosen_runner(10**8, 8)
    assert isinstance(found, LocalProcesses) and found.processes == 3
    monkeypatch.setattr(runners, "available_processors", lambda: 1)
    assert isinstance(chosen_runner(10**8, 8), Serial)


def test_processes_as_asked() -> None:
    found = chosen_runner(10, processes=2)
    assert isinstance(found, LocalProcesses) and found.processes == 2
    assert runners.available_processors() >= 1


@pytest.mark.parametrize("processes", [0, -1])
def test_no_processes(processes: int) -> None:
    for make in (lambda: chosen_runner(10, processes=processes), lambda: LocalProcesses(processes)):
        with pytest.raises(UsageError, match="cannot do any work"):
            make()


def test_cluster_or_processes() -> None:
    with pytest.raises(UsageError, match="Both"):
        chosen_runner(10, processes=2, cluster="tcp://127.0.0.1:1")
