"""Who does long work: this process, processes beside it, or the workers of a Dask cluster.

Work is a function of a payload (what is the same for all pieces: a covariance, a seed) and a task
(what differs: which blocks of realizations). A `Runner` does all tasks and yields their results in
the order of the tasks, with a bounded number under way, so that memory stays bounded however long
the work is. Because the random numbers of a block do not depend on who draws them
(`keiryo.compute.streams`), every runner gives the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from keiryo.errors import KeiryoError

P = TypeVar("P")
T = TypeVar("T")
R = TypeVar("R")

Progress = Callable[[int, int], None]
"""Called with the number of tasks that are done and the number of all tasks."""

SERIAL_NUMBERS = 10**8
"""Random numbers below which starting processes costs more than it saves (some seconds)."""


class WorkersLostError(KeiryoError):
    """The processes or cluster workers that did the work went away and none was left to retry."""


class Runner(Protocol):
    """Does the tasks of long work."""

    def run(
        self,
        function: Callable[[P, T], R],
        payload: P,
        tasks: Sequence[T],
        progress: Progress | None = None,
    ) -> Iterator[R]:
        """Yield ``function(payload, task)`` of every task, in the order of the tasks.

        Parameters
        ----------
        function : callable
            Defined at the top of a module, so that other processes can import it.
        payload : object
            Sent once to each process.
        tasks : sequence
        progress : callable, optional
            Told after each task.

        Raises
        ------
        WorkersLostError
            If those who did the work went away.
        """
        ...


class Serial:
    """Does one task after the other in this process."""

    def run(
        self,
        function: Callable[[P, T], R],
        payload: P,
        tasks: Sequence[T],
        progress: Progress | None = None,
    ) -> Iterator[R]:
        """Yield the result of every task in order; see `Runner.run`."""
        for number, task in enumerate(tasks, 1):
            yield function(payload, task)
            if progress is not None:
                progress(number, len(tasks))
