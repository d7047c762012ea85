"""The commands of the sealed store, from making one to a released copy."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from keiryo.cli import protection_store_opening as opening
from keiryo.cli.protection_store import register_store
from keiryo.errors import NotAllowedError, UsageError
from security_store.store_cases import CHEAP, Made, phrase

APP = typer.Typer()
register_store(APP)
Run = Callable[..., Result]


@pytest.fixture
def run(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(opening, "SETTINGS", {"cost": CHEAP, "clock": made.watch})

    def one(person: str, *words: object) -> Result:
        file = tmp_path / f"{person}.passphrase"
        file.write_text(phrase(person) + "\n", "utf-8")
        file.chmod(0o600)
        told = [str(word) for word in words]
        name, rest = told[0], told[1:]
        who = ["--store", str(made.store.path), "--member", person, "--passphrase-file", str(file)]
        if name in ("verify",):
            who = who[:2]
        elif name == "create":
            who = who[2:]
        result = CliRunner().invoke(APP, ["store", name, *who, *rest])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return one


def data(result: Result) -> Any:
    return json.loads(result.stdout)


def test_from_an_input_to_a_released_copy(run: Run, tmp_path: Path) -> None:
    graph = tmp_path / "graph.json"
    assert run("Non", "sample", "graph", "--seed", 3, "--out", graph).exit_code == 0
    assert graph.stat().st_mode & 0o777 == 0o600
    why = ("--reason", "training")
    record = run("Eva", "put", "graph", graph, "--title", "west", *why).stdout.strip()
    assert record.startswith("R-")
    evaluation = run("Eva", "evaluate", record, "--on", "2026-03-01").stdout.strip()
    assert run("Ben", "approve", evaluation, "--level", "0", *why).exit_code == 0
    assert data(run("Mia", "aggregate", evaluation))["meets_level"] is True
    assert "reaches 0" in run("Mia", "aggregate", evaluation, "--format", "table").stdout
    titles = data(run("Eva", "list", "--kind", "graph"))
    assert [one["title"] for one in titles] == ["west"]
    assert run("Eva", "stale", evaluation, "--on", "2026-03-01").exit_code == 0
    review = tmp_path / "review.txt"
    review.write_text("No remarks.\n", "utf-8")
    assert run("Rob", "review", evaluation, review, "--title", "first", *why).exit_code == 0
    asked = data(run("Eva", "ask-release", record, "--recipient", "Authority", *why))
    copy = tmp_path / "copy.json"
    with pytest.raises(NotAllowedError):
        run("Eva", "release", asked["request"], "--out", copy)
    assert not copy.exists()
    assert "Copy 1" in run("Ben", "release", asked["request"], "--out", copy).stdout
    assert copy.stat().st_mode & 0o777 == 0o600
    assert json.loads(copy.read_text())["copy"]["recipient"] == "Authority"
    assert [one["copy"] for one in data(run("Eva", "copies"))] == [1]
    other = data(run("Eva", "ask-release", record, "--recipient", "Authority", *why))
    with pytest.raises(UsageError):
        run("Ben", "release", other["request"], "--out", copy)
    refused = run("Ben", "release", other["request"], "--refuse", "no", "--format", "table")
    assert "refused" in refused.stdout
    assert len(data(run("Eva", "copies", "--all"))) == 2
    trail = data(run("Ann", "audit", "--record", record))
    assert {"put", "read", "ask_release", "release"} <= {one["action"] for one in trail}
    verified = data(run("Ann", "verify"))
    assert verified["findings"] == [] and verified["records"]["graph"] == 1
    known = run("Ann", "verify", "--known-head", verified["head"])
    assert known.exit_code == 0
    assert run("Ann", "verify", "--known-head", "1:00").exit_code == 1


def test_a_record_is_shown_at_a_terminal_only(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = run("Cy", "sample", "access_log").stdout.strip()
    with pytest.raises(UsageError, match="terminal only"):
        run("Cy", "show", record, "--reason", "look")
    from keiryo.cli import protection_store_records

    class Terminal:
        stdout = type("Out", (), {"isatty": staticmethod(lambda: True)})

    monkeypatch.setattr(protection_store_records, "sys", Terminal)
    told = run("Cy", "show", record, "--reason", "look").stdout
    assert "placeholder, seed 1" in told and "PLACEHOLDER-R1" in told


def test_members_and_keeping(run: Run, made: Made, tmp_path: Path) -> None:
    why = ("--reason", "by order")
    waiting = data(run("Ben", "propose", "grant", "Non", "--role", "reviewer", *why))
    assert waiting["state"] == "open"
    listed = data(run("Ann", "members"))
    assert [one["about"] for one in listed["proposals"]] == ["Non"]
    assert "wait for a second" in run("Ann", "members", "--format", "table").stdout
    done = run("Ada", "confirm", waiting["proposal"], "--format", "table")
    assert "It is done" in done.stdout
    assert "Enrolled New" in run("New", "enrol").stdout
    new = tmp_path / "new"
    new.write_text("another lot of wet words", "utf-8")
    new.chmod(0o600)
    assert run("New", "passphrase", "--new-passphrase-file", new).exit_code == 0
    with pytest.raises(NotAllowedError):
        run("New", "members")
    assert data(run("Ben", "destroy", *why))["change"] == "destroy_store"
    proposal = data(run("Ben", "destroy", *why))["proposal"]
    assert data(run("Ada", "confirm", proposal, "--refuse", "no"))["state"] == "refused"
    record = run("Cy", "sample", "access_log").stdout.strip()
    made.watch.go(days=8)
    assert record in run("Cy", "purge", "--retention-days", 7, *why).stdout
    target = tmp_path / "backup.store"
    assert "Note its head" in run("Sys", "backup", target).stdout
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "Made" in run("Zoe", "create", folder, "--facility", "XA/XFB-").stdout
    assert len(list(folder.iterdir())) == 1
    with pytest.raises(UsageError):
        run("Ada", "propose", "destroy_store", "x", *why)
    with pytest.raises(UsageError):
        run("Eva", "put", "graph", tmp_path / "x.doc", "--title", "x", *why)


def test_passphrase_files(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes("wörter, viele\r\nsecond line".encode())
    for mode in (0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(UsageError, match="by others"):
            opening.passphrase_from(file)
    file.chmod(0o600)
    assert opening.passphrase_from(file) == "wörter, viele"
    link = tmp_path / "link"
    link.symlink_to(file)
    os.mkfifo(tmp_path / "fifo", 0o600)
    for odd in (link, tmp_path / "fifo", tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            opening.passphrase_from(odd)


def test_passphrases_are_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter(["one two three four", "one two three five"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(given))
    with pytest.raises(UsageError, match="not the same"):
        opening.passphrase_from(None, twice=True)
    assert "getpass" in sys.modules


def test_no_option_takes_a_passphrase() -> None:
    command = typer.main.get_command(APP)
    names = {
        name
        for one in command.commands["store"].commands.values()  # type: ignore[attr-defined]
        for parameter in one.params
        for name in parameter.opts
    }
    assert {one for one in names if "pass" in one} == {
        "--passphrase-file",
        "--new-passphrase-file",
    }
