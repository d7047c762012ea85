"""`keiryo serve` and `keiryo stop` as real processes."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

import keiryo
from keiryo.cli.app import app
from keiryo.cli.background import command_to_stop, note_of, this_program
from keiryo.cli.options import Given, place_of_books
from keiryo.cli.output import report_error
from keiryo.errors import KeiryoError, NotInitialisedError
from keiryo.people.sessions import end_all
from keiryo.people.tables import JOB
from keiryo.people.tokens import make_token
from web.running import Running, command, free_port, now, running, until
from web.site import Site, make_site


@pytest.fixture(autouse=True)
def none_left(own_home: Path) -> Iterator[None]:
    """End what runs in the background, whatever became of the test."""
    yield
    for noted in (own_home / "state" / "keiryo").glob("*.pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(noted.read_text()), signal.SIGKILL)


def people_of(place: str) -> Site:
    """Return a site over new books with people; its clock is the computer's."""
    keiryo.init(place, "XA", person="P-DEMO2345").disconnect()
    site = make_site(place)
    site.now[0] = now()
    return site


def listening_at(port: int) -> set[str]:
    """Return the addresses at which some process listens, as the kernel has them."""
    found = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(name).read_text().splitlines()[1:]:
            address, _, number = line.split()[1].rpartition(":")
            if line.split()[3] == "0A" and int(number, 16) == port:
                found.add(address)
    return found


def test_start_and_graceful_end(tmp_path: Path) -> None:
    place = tmp_path / "books.sqlite"
    keiryo.init(place, "XA").disconnect()
    with running(str(place), tmp_path) as server, ThreadPoolExecutor() as threads:
        address = re.escape(server.address)
        assert re.search(rf"administrator: {address}/set-up\?token=[\w-]{{43}}\n", server.out)
        assert f"Open {server.address}\n" in server.out
        assert listening_at(int(server.address.rpartition(":")[2])) == {"0100007F"}
        assert server.client().get("/").status_code == 303
        secret = Path(f"{place}.secret").stat()
        assert (stat.S_IMODE(secret.st_mode), secret.st_size) == (0o600, 32)
        assert "Umask:\t0077" in Path(f"/proc/{server.process.pid}/status").read_text()
        assert len(server.temporary) == 1
        answer = threads.submit(server.client().get, "/slow/answer/15")
        until(lambda: False, 0.3)
        assert server.end() == 0
        assert answer.result().json() == {"done": True}
        assert server.temporary == []
    assert '"message": "stopped"' in server.log
    assert "token=" not in server.log


def test_the_token_is_not_told_to_the_journal_of_the_system(tmp_path: Path) -> None:
    place = tmp_path / "books.sqlite"
    keiryo.init(place, "XA").disconnect()
    with running(str(place), tmp_path, JOURNAL_STREAM="8:1234") as server:
        assert "token=" not in server.out
        assert "'keiryo people first-token'" in server.out


def test_ctrl_c_interrupts_jobs_and_leaves_them_to_be_asked_for_again(tmp_path: Path) -> None:
    site = people_of(str(tmp_path / "books.sqlite"))
    token = site.session("officer")
    with running(site.settings.books, tmp_path) as server:
        client = server.client(token)
        numbers = [client.get("/slow/start/2000").json()["job"] for _ in range(3)]
        assert until(lambda: client.get(f"/slow/job/{numbers[0]}").json()["state"] == "running")
        assert server.end(signal.SIGINT) == 0
    assert "The server has ended." in server.out
    table = site.database.metadata.tables[JOB]
    with site.database.reading() as connection:
        rows = connection.execute(select(table.c.state, table.c.ended_at)).all()
    assert [row.state for row in rows] == ["interrupted"] * 3  # the third one was still waiting
    assert all(row.ended_at for row in rows)
    with running(site.settings.books, tmp_path) as server:
        client = server.client(token)
        assert client.get(f"/slow/job/{numbers[0]}").json()["state"] == "interrupted"
        again = client.get("/slow/start/2").json()["job"]
        assert until(lambda: client.get(f"/slow/job/{again}").json()["state"] == "done")
        assert client.get(f"/jobs/{again}/file").text == "made"
    site.close()


def refused(*arguments: object) -> KeiryoError:
    """Run a command in this process that cannot do it, and return why."""
    Given.db = None
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert isinstance(result.exception, KeiryoError), result.output
    assert result.exception.advice
    return result.exception


def test_background_and_stop(tmp_path: Path, own_home: Path) -> None:
    place, port = tmp_path / "books.sqlite", free_port()
    keiryo.init(place, "XA").disconnect()
    begun = command("serve", "--db", place, "--port", port, "--background", folder=tmp_path)
    try:
        assert begun.returncode == 0, begun.stderr
        assert "/set-up?token=" in begun.stdout and "runs in the background" in begun.stdout
        (log,) = (own_home / "state" / "keiryo").glob("*.log")
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert "token=" not in log.read_text()
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").json() == {"status": "ready"}
        again = refused("serve", "--db", os.path.relpath(place), "--background", "--port", port)
        assert "runs in the background" in again.message
        printed = re.search(r"background; '(.*)' ends it", begun.stdout)
        assert printed is not None and printed[1] in again.advice  # type: ignore[operator]
        words = shlex.split(printed[1])
    finally:
        ended = command("stop", "--db", place, folder=tmp_path)
    assert words[-3:] == ["stop", "--db", str(place)]
    assert (ended.returncode, ended.stdout) == (0, "The server has ended.\n")
    assert "no server runs" in refused("stop", "--db", place).message
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health/live")


def test_the_command_that_stops_a_server(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Given, "db", None)
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/keiryo")
    monkeypatch.delenv("KEIRYO_DB", raising=False)
    default = place_of_books(None)
    assert command_to_stop(default) == "keiryo stop"
    named = command_to_stop(str(tmp_path / "the books.sqlite"))
    assert named == f"keiryo stop --db '{tmp_path}/the books.sqlite'"
    monkeypatch.chdir(tmp_path)
    assert command_to_stop("the books.sqlite") == named
    monkeypatch.setenv("KEIRYO_DB", default)  # perhaps for this one command only
    assert command_to_stop(default) == f"keiryo stop --db {default}"
    url = "postgresql://keeper:secret@books.example:5433/state?sslmode=require"
    given = shlex.split(command_to_stop(url))[-1]
    assert given == "postgresql://keeper@books.example:5433/state?sslmode=require"
    assert note_of(given) == note_of(url) != note_of(default)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert command_to_stop(url).startswith(f"{sys.executable} -m keiryo stop")


def test_this_program_is_called_as_shortly_as_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.chdir(tmp_path)
    installed = tmp_path / ".venv" / "bin" / "keiryo"
    installed.parent.mkdir(parents=True)
    installed.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(installed)])
    assert this_program() == ".venv/bin/keiryo"
    elsewhere = tmp_path / "a folder"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert shlex.split(this_program()) == [str(installed)]  # whatever folder comes next
    installed.chmod(0o644)
    assert this_program() == f"{sys.executable} -m keiryo"


@pytest.mark.parametrize("by_make", [True, False], ids=["make", "typed"])
def test_the_demonstration_says_shortly_what_ends_its_server(
    tmp_path: Path, own_home: Path, by_make: bool
) -> None:
    names = {"XDG_DATA_HOME": str(tmp_path / "data")}
    names["KEIRYO_DEMO_STOP"] = "make stop" if by_make else ""
    try:
        begun = command("demo", "--serve", folder=tmp_path, **names)
        assert begun.returncode == 0, begun.stderr
        told = re.search(r"background; '(.*)' ends it\.\n", begun.stdout)
        assert told is not None
        if by_make:
            assert told[1] == "make stop"
        else:
            assert told[1].endswith(" demo --stop") and "--db" not in told[1]
        address = re.search(r"^Open (http://127\.0\.0\.1:\d+)$", begun.stdout, re.MULTILINE)
        assert address is not None
        assert httpx.get(f"{address[1]}/health/ready").json() == {"status": "ready"}
    finally:
        ended = command("demo", "--stop", folder=tmp_path, **names)
    assert (ended.returncode, ended.stdout) == (0, "The server has ended.\n")
    again = command("demo", "--stop", folder=tmp_path, **names)
    assert again.returncode != 0 and "no server of the demonstration runs" in again.stderr


def test_the_demonstration_leaves_books_alone_that_were_named(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    before = tmp_path / "data" / "keiryo" / "demo" / "state-xa.sqlite"
    before.parent.mkdir(parents=True)
    before.write_text("a demonstration that somebody works with")
    error = refused("--db", tmp_path / "mine.sqlite", "demo")
    assert "keiryo demo --db" in str(error.advice)
    assert before.read_text().startswith("a demonstration")
    assert not (tmp_path / "mine.sqlite").exists()


@pytest.mark.parametrize("more", [(), ("--background",)], ids=["here", "background"])
def test_what_cannot_be_served(
    tmp_path: Path, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "books.sqlite"
    keiryo.init(place, "XA").disconnect()
    known = ("serve", "--db", place, *more)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        error = refused(*known, "--port", other.getsockname()[1])
    assert error.message.startswith("another program listens on 127.0.0.1, port")
    assert report_error(error) == 2 and "→" in capsys.readouterr().err
    host = refused(*known, "--host", "203.0.113.1")
    assert host.message.startswith("nothing can listen on 203.0.113.1")
    assert "several workers need PostgreSQL" in refused(*known, "--workers", 2).message
    assert "from 1 to 65535" in refused(*known, "--port", 0).message
    nowhere = refused("serve", "--db", tmp_path / "no", "--port", free_port(), *more)
    assert isinstance(nowhere, NotInitialisedError)


def test_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "books.sqlite"
    keiryo.init(place, "XA").disconnect()
    Path(f"{place}.secret").write_bytes(bytes(32))
    Path(f"{place}.secret").chmod(0o644)
    done = command("serve", "--db", place, "--port", free_port(), folder=tmp_path)
    assert done.returncode == 2 and "chmod 600" in done.stderr


def clients_of_both(server: Running, token: str) -> dict[int, httpx.Client]:
    """Return a client with a lasting connection to each of two workers, by process number."""
    found: dict[int, httpx.Client] = {}

    def look() -> bool:
        client = server.client(token)
        number = client.get("/slow/worker").json()["pid"]
        found.setdefault(number, client)
        return len(found) == 2

    assert until(look)
    return found


def job_of(client: httpx.Client, number: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/slow/job/{number}").json()
    return answer


def test_two_workers(tmp_path: Path, postgres_url: str) -> None:
    """They are one server: sessions, jobs, files and figures of one are those of the other."""
    site = people_of(postgres_url)
    token, member = site.session("officer"), site.members["officer"]
    with running(postgres_url, tmp_path, "--workers", "2") as server:
        both = clients_of_both(server, token)
        (one, here), (_, there) = both.items()
        assert [client.get("/me").status_code for client in both.values()] == [200, 200]
        cancelled = here.get("/slow/start/2000").json()["job"]
        assert until(lambda: job_of(there, cancelled)["done"] > 0)
        there.get(f"/slow/cancel/{cancelled}")
        assert until(lambda: job_of(here, cancelled)["state"] == "cancelled")
        made = here.get("/slow/start/1").json()["job"]
        assert until(lambda: job_of(there, made)["state"] == "done")
        assert there.get(f"/jobs/{made}/file").text == "made"
        lost = here.get("/slow/start/2000").json()["job"]
        assert until(lambda: job_of(there, lost)["state"] == "running")
        assert figure(site, server, "keiryo_jobs_running") == 1
        os.kill(one, signal.SIGKILL)
        assert until(lambda: one not in clients_of_both(server, token))
        assert figure(site, server, "keiryo_jobs_running") == 0
        assert job_of(there, lost)["state"] == "running"  # it may only be slow
        silent_since(site, lost, "2020-01-01T00:00:00.000000Z")
        assert job_of(there, lost)["state"] == "interrupted"
        end_all(site.database, member.person, now())
        for client in clients_of_both(server, token).values():
            assert client.get("/me").status_code == 303
        assert server.end() == 0
        assert server.temporary == []
    site.close()


def figure(site: Site, server: Running, name: str) -> float:
    """Return a figure of the server."""
    token, _ = make_token(
        site.database,
        site.members["administrator"].person,
        name="figures",
        abilities={"metrics"},
        scope=None,
        lifetime=timedelta(days=1),
        signing_key=None,
        now=now(),
    )
    answer = server.client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    values = re.findall(rf"^{name} (\S+)$", answer.text, re.M)
    return float(values[0])


def silent_since(site: Site, number: str, seen_at: str) -> None:
    """Let a job have said nothing since some time."""
    table = site.database.metadata.tables[JOB]
    with site.database.writing() as connection:
        statement = update(table).where(table.c.job_id == number)
        connection.execute(statement.values(seen_at=seen_at))


def test_workers_end_when_their_parent_is_killed(tmp_path: Path, postgres_url: str) -> None:
    keiryo.init(postgres_url, "XA").disconnect()
    with running(postgres_url, tmp_path, "--workers", "2") as server:
        workers = list(clients_of_both(server, ""))
        server.end(signal.SIGKILL)
        assert until(lambda: not any(Path(f"/proc/{number}").exists() for number in workers))
