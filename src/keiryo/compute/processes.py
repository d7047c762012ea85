"""Long work in processes beside this one, each with one thread for linear algebra.

Processes are started afresh (spawned): a copy of a process that already has threads may hang, and
the number of threads of the libraries of linear algebra is read when they are loaded. A process
that the system ends in the middle (by hand, or because memory ran out) costs only its tasks: they
are done again by new ones, and an error is raised when that does not help either.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from keiryo.compute.serial import Progress, WorkersLostError
from keiryo.errors import UsageError

P = TypeVar("P")
T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 3
"""How often the processes are started again after one of them was lost."""

_THREAD_SETTINGS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
_SETTING = threading.Lock()

# In a started process: what all its tasks have in common.
_work: tuple[Callable[[Any, Any], Any], Any] | None = None


class LocalProcesses:
    """Does tasks in processes on this computer.

    Parameters
    ----------
    processes : int
        How many.

    Raises
    ------
    UsageError
        If fewer than one is asked for.
    """

    def __init__(self, processes: int) -> None:
        if processes < 1:
            raise UsageError(f"{processes} processes cannot do any work.", "Ask for 1 or more.")
        self.processes = processes

    def run(
        self,
        function: Callable[[P, T], R],
        payload: P,
        tasks: Sequence[T],
        progress: Progress | None = None,
    ) -> Iterator[R]:
        """Yield the result of every task in order; see `keiryo.compute.serial.Runner.run`."""
        done = lost = 0
        while done < len(tasks):
            begun = done
            try:
                for result in self._attempt(function, payload, tasks[done:]):
                    yield result
                    done += 1
                    if progress is not None:
                        progress(done, len(tasks))
            except BrokenProcessPool as error:
                lost = 1 if done > begun else lost + 1
                if lost >= ATTEMPTS:
                    raise WorkersLostError(
                        f"A process that did part of the work ended {lost} times before it was "
                        f"through ({done} of {len(tasks)} pieces are done).",
                        "Memory may have run out: ask for fewer processes, or for one. A script "
                        "that calls keiryo must keep its own calls under `if __name__ == "
                        '"__main__":`.',
                    ) from error

    def _attempt(
        self, function: Callable[[P, T], R], payload: P, tasks: Sequence[T]
    ) -> Iterator[R]:
        """Yield results of one set of processes, as far as it comes."""
        executor = ProcessPoolExecutor(
            min(self.processes, len(tasks)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(function, payload),
        )
        waiting: deque[Future[R]] = deque()
        following = iter(tasks)
        try:
            while True:
                while len(waiting) < 2 * self.processes + 1:
                    task = next(following, _NO_TASK)
                    if task is _NO_TASK:
                        break
                    with _one_thread():
                        waiting.append(executor.submit(_do, task))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            # Also reached by Ctrl-C, and when nobody wants further results: what has not begun
            # is dropped, what has begun ends within a task's time.
            executor.shutdown(wait=True, cancel_futures=True)


_NO_TASK: Any = object()


@contextmanager
def _one_thread() -> Iterator[None]:
    """While it lasts, processes that are started use one thread for linear algebra."""
    with _SETTING:
        before = {name: os.environ.get(name) for name in _THREAD_SETTINGS}
        os.environ.update(dict.fromkeys(_THREAD_SETTINGS, "1"))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _begin(function: Callable[[Any, Any], Any], payload: Any) -> None:
    """Take over what all tasks have in common; Ctrl-C is answered by the process that asked."""
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work = (function, payload)


def _end_with_parent() -> None:
    """End this process when the one that asked for the work is gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(task: Any) -> Any:
    assert _work is not None
    function, payload = _work
    return function(payload, task)
