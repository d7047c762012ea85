"""Which runner suits the work: none beside this process, local processes, or a cluster.

What a runner is, and how it keeps memory bounded, is told in `keiryo.compute.serial`.
"""

from __future__ import annotations

import os

from keiryo.compute.serial import SERIAL_NUMBERS, Progress, Runner, Serial, WorkersLostError
from keiryo.errors import UsageError

__all__ = [
    "SERIAL_NUMBERS",
    "Progress",
    "Runner",
    "Serial",
    "WorkersLostError",
    "available_processors",
    "chosen_runner",
]


def available_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chosen_runner(
    realizations: int, width: int = 1, *, processes: int | None = None, cluster: str | None = None
) -> Runner:
    """Return the runner that suits the size of the work and what the user asked for.

    Parameters
    ----------
    realizations, width : int
        How many realizations, and how many random numbers each needs.
    processes : int, optional
        So many local processes, whatever the size of the work. By default one per processor if
        the work takes more than a few seconds, else none.
    cluster : str, optional
        Address of the scheduler of a Dask cluster, e.g. ``"tcp://10.0.0.5:8786"``. The work then
        goes there, whatever its size.

    Raises
    ------
    UsageError
        If both are given, there are fewer than one processes, or the cluster cannot be used.
    """
    if cluster is not None and processes is not None:
        raise UsageError(
            "Both local processes and a cluster were asked for.", "Give one of the two."
        )
    if cluster is not None:
        from keiryo.compute.cluster import Cluster

        return Cluster(cluster)
    if processes is not None and processes < 1:
        raise UsageError(f"{processes} processes cannot do any work.", "Ask for 1 or more.")
    if processes is None and realizations * max(width, 1) >= SERIAL_NUMBERS:
        processes = available_processors()
    if processes is None or processes == 1:
        return Serial()
    from keiryo.compute.processes import LocalProcesses

    return LocalProcesses(processes)
