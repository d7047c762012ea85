"""Work for the tests of runners, in a module that other processes can import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def product(payload: int, task: int) -> int:
    return payload * task


def left_trace(folder: str, task: int) -> int:
    Path(folder, str(task)).touch()
    return task


def refuses(payload: str, task: int) -> int:
    if task == 2:
        raise ValueError(payload)
    return task


def killed_once(trace: str, task: int) -> int:
    """End the process without a word, as the system does when memory runs out; but only once."""
    if task == 3 and not Path(trace).exists():
        Path(trace).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task * task


def always_killed(payload: None, task: int) -> int:
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def setting(name: str, task: int) -> str | None:
    return os.environ.get(name)


def slow_process(seconds: float, task: int) -> int:
    time.sleep(seconds)
    return os.getpid()
