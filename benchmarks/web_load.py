"""The server under load: how long pages take beside its barest answer, alone and with posters.

The server runs in processes of its own, as `keiryo serve` starts it, over SQLite or PostgreSQL;
its clients run in another process and come over loopback. What is told are ratios to the answer
that the same server gives in the same minute, under the same load, to the question whether it is
there (``/health/live``): it asks nothing of the books. Afterwards every accepted post must be in
the journal once, and the journal sound.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measuring
import web_books

SIZES = (10_000, 1_000_000)
DATABASES = {"SQLite": 1, "PostgreSQL": 2}
"""Worker processes over each."""
READERS, ROUNDS, SECONDS, PAUSE_S = 8, 3, 1.0, 0.1
HELLO = "hello"
PAGES = {
    HELLO: "/health/live",
    "overview": "/",
    "MBA page": f"/areas/{web_books.LARGE}",
    "ledger page": f"/areas/{web_books.LARGE}/ledger",
    "areas by API": "/api/v1/areas",
}
START_WITHIN_S = 60


def quantile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@contextlib.contextmanager
def serving(place: str, workers: int, folder: Path) -> Iterator[int]:
    """Serve books in processes of their own; give the port."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = int(chosen.getsockname()[1])
    settings = folder / "server.toml"
    settings.write_text("requests_per_minute = 1000000\n", encoding="utf-8")
    words = ["serve", "--db", place, "--port", port, "--workers", workers, "--config", settings]
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "keiryo", *map(str, words)], stdout=log, stderr=log
        )
    try:
        _wait(server, port)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=40)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    began = time.monotonic()
    while time.monotonic() - began < START_WITHIN_S and server.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5),
        ):
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not start; its words are in server.log")


def _load(port: int, people: dict[str, Any], *, posting: bool, seconds: float) -> dict[str, Any]:
    plan = {
        "port": port,
        "pages": PAGES,
        "readers": READERS,
        "rounds": ROUNDS,
        "seconds": seconds,
        "pause_s": PAUSE_S,
        "cookies": people["cookies"],
        "tokens": people["tokens"] if posting else [],
        "findings": people["findings"],
    }
    command = [sys.executable, str(measuring.FOLDER / "web_requests.py")]
    done = subprocess.run(
        command, input=json.dumps(plan), check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _figures(told: dict[str, Any]) -> dict[str, Any]:
    seconds = told["seconds"]
    return {
        "answers": len(seconds),
        "p50_s": quantile(seconds, 0.5) if seconds else None,
        "p99_s": quantile(seconds, 0.99) if seconds else None,
        "statuses": told["statuses"],
    }


def _loaded(port: int, people: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return figures of each page, alone and with posters, and what was posted."""
    _load(port, people, posting=False, seconds=seconds / 5)  # what is remembered is, from now on
    told = {
        "alone": _load(port, people, posting=False, seconds=seconds),
        "with posters": _load(port, people, posting=True, seconds=seconds),
    }
    found: dict[str, Any] = {
        way: {name: _figures(page) for name, page in one["pages"].items()}
        for way, one in told.items()
    }
    posts = told["with posters"]["posts"]
    found["posts"] = {**_figures(posts), "sent_twice": posts["sent_twice"]}
    found["posts"]["answered_alike"] = posts["repeated"]
    found["accepted"] = posts["accepted"]
    return found


def server_errors(told: dict[str, Any]) -> int:
    """Return how many answers were errors of the server."""
    pages = [page for way in ("alone", "with posters") for page in told[way].values()]
    statuses = [page["statuses"] for page in (*pages, told["posts"])]
    return sum(count for one in statuses for code, count in one.items() if code.startswith("5"))


def _checked(place: str, accepted: dict[str, int]) -> dict[str, Any]:
    """Return what became of the accepted posts, and whether the journal is sound."""
    recorded = Counter(web_books.answers_recorded(place))
    lost = [key for key in accepted if recorded[key] == 0]
    twice = [key for key, times in recorded.items() if times > 1]
    unknown = [key for key in recorded if key not in accepted]
    command = [sys.executable, "-m", "keiryo", "--db", place, "verify"]
    sound = subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0
    return {
        "accepted": len(accepted),
        "lost": len(lost),
        "recorded_twice": len(twice),
        "recorded_but_not_accepted": len(unknown),
        "sound": sound,
    }


def measure_books(place: str, lines: int, workers: int, seconds: float) -> dict[str, Any]:
    """Make books, serve them, load the server, and look at the books afterwards."""
    with tempfile.TemporaryDirectory(prefix="keiryo-load-") as name:
        folder = Path(name)
        people = folder / "people.json"
        made = [sys.executable, str(measuring.FOLDER / "web_books.py"), place, str(lines)]
        subprocess.run([*made, str(people)], check=True)
        with serving(place, workers, folder) as port:
            found = _loaded(port, json.loads(people.read_text("utf-8")), seconds)
    return {**found, "afterwards": _checked(place, found.pop("accepted"))}


@contextlib.contextmanager
def place_for(database: str) -> Iterator[str]:
    """Give a place for books in a database that is removed afterwards."""
    if database == "SQLite":
        with measuring.scratch("web-load") as path:
            try:
                yield str(path)
            finally:
                shutil.rmtree(f"{path}.evidence", ignore_errors=True)
        return
    sys.path.append(str(measuring.FOLDER.parent / "tests"))
    import postgres

    postgres.open_session()
    with tempfile.TemporaryDirectory(prefix="keiryo-evidence-") as evidence:
        os.environ["KEIRYO_EVIDENCE"] = evidence
        try:
            with postgres.fresh_database() as url:
                yield url
        finally:
            del os.environ["KEIRYO_EVIDENCE"]


def measure(
    sizes: tuple[int, ...] = SIZES, seconds: float = SECONDS, databases: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Load the server over books of each size in each database."""
    paths = [str(measuring.FOLDER.parent / "src"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    found: dict[str, Any] = {"readers": READERS, "seconds": ROUNDS * seconds, "sizes": list(sizes)}
    for database in databases or tuple(DATABASES):
        found[database] = {}
        for lines in sizes:
            with place_for(database) as place:
                figures = measure_books(place, lines, DATABASES[database], seconds)
            found[database][str(lines)] = figures
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="*", default=SIZES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each page and round")
    parser.add_argument("--database", choices=tuple(DATABASES), action="append")
    asked = parser.parse_args()
    found = measure(tuple(asked.lines), asked.seconds, tuple(asked.database or ()))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
