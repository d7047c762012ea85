"""The server as a real process, which is ended with the test whatever becomes of it."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TESTS = Path(__file__).resolve().parent.parent
SOURCE = TESTS.parent / "src"
ENDS_WITHIN_S = 30


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment in which the slow section is installed and temporary files are ours."""
    made = folder / "slow-1.dist-info"
    if not made.is_dir():
        made.mkdir(parents=True)
        (made / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1\n")
        text = "[keiryo.sections]\nslow = web.slow_section:SECTION\n"
        (made / "entry_points.txt").write_text(text)
        (folder / "tmp").mkdir()
    path = os.pathsep.join(map(str, (folder, TESTS, SOURCE)))
    return {**os.environ, "PYTHONPATH": path, "TMPDIR": str(folder / "tmp"), **more}


@dataclass
class Running:
    """A server that runs."""

    process: subprocess.Popen[str]
    address: str
    folder: Path

    @property
    def temporary(self) -> list[str]:
        """What the server has in the folder for temporary files."""
        return sorted(path.name for path in (self.folder / "tmp").glob("keiryo-*"))

    def client(self, token: str = "") -> httpx.Client:
        """Return a client, signed in with what a cookie holds."""
        cookies = {"keiryo_session": token} if token else {}
        return httpx.Client(base_url=self.address, cookies=cookies, trust_env=False, timeout=20)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(ENDS_WITHIN_S)

    @property
    def out(self) -> str:
        """What it printed."""
        return (self.folder / "out").read_text()

    @property
    def log(self) -> str:
        """What it logged."""
        return (self.folder / "log").read_text()


def command(*arguments: object, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of keiryo in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "keiryo", *map(str, arguments)],
        env=environment(folder, **more),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def running(place: str, folder: Path, *arguments: object, **more: str) -> Iterator[Running]:
    """Run a server over some books and give it once it answers; it ends with the block."""
    port = free_port()
    words = [sys.executable, "-m", "keiryo", "serve", "--port", str(port), *map(str, arguments)]
    with (folder / "out").open("w") as out, (folder / "log").open("w") as log:
        process = subprocess.Popen(
            words,
            env=environment(folder, KEIRYO_DB=place, **more),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        made = Running(process, f"http://127.0.0.1:{port}", folder)
        assert until(lambda: _answers(made) or process.poll() is not None, 90), made.log
        assert process.poll() is None, made.log
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(ENDS_WITHIN_S)


def until(true: Callable[[], Any], seconds: float = 40) -> Any:
    """Wait for something; return what it was, or a false value when time is over."""
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _answers(server: Running) -> bool:
    try:
        return httpx.get(f"{server.address}/health/live", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def now() -> datetime.datetime:
    """Return the computer's time."""
    return datetime.datetime.now(datetime.UTC)
