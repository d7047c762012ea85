"""Long work on a Dask cluster: other computers, asked through the address of their scheduler.

The workers must have the same keiryo, NumPy and Python (to the minor version) as the one who asks:
other versions might draw other numbers, and then nobody could compute a result again. Every task
checks it, so also a worker that joins later. A worker that is lost costs only its tasks: the
scheduler gives them to others. When no worker is left, the work waits some time for one to come
back and then ends with an error.

Dask is installed with ``pip install 'keiryo[distributed]'`` and loaded only when a cluster is
asked for.
"""

from __future__ import annotations

import logging
import math
import platform
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from keiryo.compute.serial import Progress, WorkersLostError
from keiryo.compute.streams import VERSION
from keiryo.errors import UsageError

P = TypeVar("P")
T = TypeVar("T")
R = TypeVar("R")

CONNECT_S = 10.0
"""How long to wait for the scheduler to answer."""

PATIENCE_S = 30.0
"""How long to wait for a worker when there is none."""

_LOOK_S = 0.5
_UNREADABLE = "deserialization of the task graph"  # how Dask's scheduler words it


class OtherVersionsError(Exception):
    """Raised on a worker whose versions are not those of the one who asked."""


class Cluster:
    """Does tasks on the workers of a Dask cluster.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``"tcp://10.0.0.5:8786"``.
    connect_s : float
        How long to wait for the scheduler to answer, seconds.
    patience_s : float
        How long to wait for a worker when there is none, seconds.

    Raises
    ------
    UsageError
        If Dask is not installed.
    """

    def __init__(
        self, address: str, *, connect_s: float = CONNECT_S, patience_s: float = PATIENCE_S
    ) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UsageError(
                "A cluster was asked for, and Dask is not installed here.",
                "Install it with: pip install 'keiryo[distributed]'",
            ) from error
        self._distributed: Any = distributed
        self.address, self.connect_s, self.patience_s = address, connect_s, patience_s
        self._lost = (
            *(distributed.KilledWorker, distributed.CancelledError),
            self._distributed.comm.CommClosedError,
        )
        self._looked, self._seen = -math.inf, 0
        for name in ("client", "comm", "core"):  # what goes wrong is told by our own errors
            logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)

    def run(
        self,
        function: Callable[[P, T], R],
        payload: P,
        tasks: Sequence[T],
        progress: Progress | None = None,
    ) -> Iterator[R]:
        """Yield the result of every task in order; see `keiryo.compute.serial.Runner.run`.

        Raises
        ------
        UsageError
            If the scheduler does not answer, or a worker has other versions.
        WorkersLostError
            If no worker is left, or the scheduler is gone.
        """
        client = self._connected()
        self._looked = -math.inf
        try:
            for number, result in enumerate(self._results(client, function, payload, tasks), 1):
                yield result
                if progress is not None:
                    progress(number, len(tasks))
        finally:
            client.close(timeout=_LOOK_S * 4)

    def _connected(self) -> Any:
        try:
            return self._distributed.Client(
                self.address, timeout=self.connect_s, set_as_default=False, name="keiryo"
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(
                f"No Dask scheduler answered at {self.address} within {self.connect_s:g} s.",
                "Look at the address (as in tcp://10.0.0.5:8786), whether the scheduler is "
                "running, and whether a firewall is between. Without a cluster the same work can "
                "be done by local processes, with the same results.",
            ) from error

    def _results(
        self, client: Any, function: Callable[[P, T], R], payload: P, tasks: Sequence[T]
    ) -> Iterator[R]:
        """Yield results in order, with about two tasks for each thread of a worker under way."""
        # The payload is a task itself: a worker that needs it and finds it lost has it made again.
        common = client.submit(_same, payload, key=f"keiryo-{id(tasks)}-{time.time_ns()}")
        waiting: deque[Any] = deque()
        following = iter(tasks)
        more = True
        while True:
            most = 2 * max(4, self._threads(client)) if more else 0
            while more and len(waiting) < most:
                task = next(following, _NO_TASK)
                if task is _NO_TASK:
                    more = False
                else:
                    waiting.append(
                        client.submit(_checked, function, common, task, versions(), pure=False)
                    )
            if not waiting:
                return
            yield self._awaited(client, waiting.popleft())

    def _awaited(self, client: Any, future: Any) -> Any:
        """Return the result of a task once it is done; do not wait for workers that never come."""
        last_seen, wait_s = time.monotonic(), _LOOK_S
        while True:
            try:
                # Also when it is done: its result may be lost on the way here, with its worker.
                return self._result(future, wait_s)
            except TimeoutError:
                if future.status == "error":
                    raise
            # Longer each time, so that also a large result arrives.
            wait_s = min(2 * wait_s, max(self.patience_s, _LOOK_S))
            now = time.monotonic()
            if self._threads(client):
                last_seen = now
            if client.status == "closed" or now - last_seen > self.patience_s:
                raise WorkersLostError(
                    f"The cluster at {self.address} has had no worker for "
                    f"{now - last_seen:.0f} s, and the work is not done.",
                    "Start workers again (`dask worker ADDRESS`) and repeat the command, or use "
                    "local processes: the results are the same.",
                )

    def _threads(self, client: Any) -> int:
        """Return how many threads the workers have now, as of the last look."""
        now = time.monotonic()
        if now - self._looked > _LOOK_S:
            self._looked = now
            try:
                self._seen = sum(client.ncores().values()) if client.status == "running" else 0
            except OSError:  # the scheduler does not answer
                self._seen = 0
        return self._seen

    def _result(self, future: Any, wait_s: float) -> Any:
        try:
            return future.result(timeout=wait_s)
        except OtherVersionsError as error:
            raise UsageError(
                f"A worker of the cluster cannot give the same numbers: {error}.",
                "Install the same versions of keiryo, NumPy and Python there as here.",
            ) from error
        except (ModuleNotFoundError, RuntimeError) as error:
            missing = error if isinstance(error, ModuleNotFoundError) else error.__cause__
            if not isinstance(missing, ModuleNotFoundError) and _UNREADABLE not in str(error):
                raise
            raise UsageError(
                f"The scheduler or a worker of the cluster lacks what the work needs: "
                f"{missing or error}.",
                "Install keiryo there, in the same version as here.",
            ) from error
        except self._lost as error:
            raise WorkersLostError(
                f"Workers of the cluster at {self.address} ended again and again in the middle of "
                "the same piece of work, or its scheduler is gone.",
                "Memory may have run out there: start workers with more memory, or more of them.",
            ) from error


_NO_TASK: Any = object()


def versions() -> tuple[tuple[str, str], ...]:
    """Return what must be the same here and on a worker, by name."""
    from keiryo.version import __version__

    python = ".".join(platform.python_version_tuple()[:2])
    named = ("keiryo", __version__), ("NumPy", np.__version__), ("Python", python)
    return *named, ("streams", str(VERSION))


def _same(payload: P) -> P:
    return payload


def _checked(
    function: Callable[[P, T], R], payload: P, task: T, expected: tuple[tuple[str, str], ...]
) -> R:
    """Do the task on a worker that has the expected versions."""
    found = dict(versions())
    other = [f"{n} is {found.get(n)} there, {v} here" for n, v in expected if found.get(n) != v]
    if other:
        raise OtherVersionsError(", ".join(other))
    return function(payload, task)
