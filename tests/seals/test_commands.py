"""The commands of seals, from stock to examination, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from keiryo.cli import seals as commands
from keiryo.errors import KeiryoError, RefusedError
from seals.seal_books import SealBooks


class Shell:
    """Runs commands against some books."""

    def __init__(self, books: SealBooks, folder: Path) -> None:
        self.app = typer.Typer()
        commands.register(self.app)
        self.url = str(books.database.engine.url)
        self.folder = folder

    def __call__(self, line: str, *, code: int = 0, books: bool = True) -> str:
        words = ["seals", *line.split(), *(["--db", self.url] if books else [])]
        done = CliRunner().invoke(self.app, words)
        if isinstance(done.exception, KeiryoError):
            raise done.exception
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    def json(self, line: str, **more: Any) -> Any:
        return json.loads(self(line + " --format json", **more))


@pytest.fixture
def shell(own: SealBooks, tmp_path: Path) -> Shell:
    (tmp_path / "photo.jpg").write_bytes(b"seen")
    return Shell(own, tmp_path)


def test_the_life_of_a_metal_cap(shell: Shell) -> None:
    photo = shell.folder / "photo.jpg"
    shell(f"receive 0042 0043 --body XH --type metal-cap --at 2025-01-01T00:00Z "
          f"--reference {photo}")  # fmt: skip
    shell("issue XH/0042 --to Huber --to Ito --role inspector --at 2025-01-09T00:00Z")
    shell("attach XH/0042 --containment XHS1/store --way lid --item XHS1/FA-1 --by Huber "
          f"--route round-the-hasp --photo {photo} --at 2025-01-10T09:00+09:00")  # fmt: skip
    told = shell("check XH/0042 --read 0024 --tag ok --wire ok --containment ok --by Huber "
                 "--at 2025-01-11T00:00Z")  # fmt: skip
    assert "SEAL-NUMBER-READ" in told
    assert "exchanged" in told
    shell("detach XH/0042 --by Huber --by Ito --at 2025-01-20T00:00Z")
    waits = shell.json("overdue --as-of 2025-06-01T00:00Z --days 60")
    assert [row["code"] for row in waits] == ["SEAL-OVERDUE"]
    shell("dispatch XH/0042 --bag B7 --courier Post --expected 2025-02-01 --by Huber "
          "--at 2025-01-21T00:00Z")  # fmt: skip
    with pytest.raises(RefusedError) as error:
        shell("examine XH/0042 --finding genuine-intact --by Huber --by Abe "
              "--at 2025-02-02T00:00Z")  # fmt: skip
    assert [one.code for one in error.value.findings] == ["SEAL-EXAMINER"]
    shell("examine XH/0042 --finding genuine-intact --by Mori --by Abe --at 2025-02-02T00:00Z")
    shown = shell.json("show XH/0042")
    assert (shown["state"], shown["result"]) == ("verified", "POSITIVE")
    assert [(one["from"], one["value"]) for one in shown["says"]] == [
        ("2025-01-10T00:00:00Z", "POSITIVE")
    ]
    assert "EXAMINED" in shell("show XH/0042")
    history = shell.json("history XH/0042")
    assert "examine (refused)" in [row["what"] for row in history]
    listed = shell.json("list --batch XHS1/FA-1")
    assert [row["seal"] for row in listed] == ["XH/0042"]
    assert [row["seal"] for row in shell.json("list --state in-stock")] == ["XH/0043"]
    assert "XH/0042" in shell("list --containment XHS1/store")
    assert shell("overdue --as-of 2025-06-01T00:00Z").strip() == "No seal waits."
    assert shell("duplicates").strip() == "No number twice."


def test_the_life_of_an_electronic_seal(shell: Shell) -> None:
    shell("receive 0007 --body XH --type eoss --soh-interval 3600 --at 2025-01-01T00:00Z")
    shell("issue XH/0007 --to Huber --role inspector --at 2025-01-02T00:00Z")
    shell("attach XH/0007 --containment XHS1/cask --item XHS1/FA-2 --by Huber "
          "--with camera:CAM-01 --depends-on feed-1 --at 2025-01-10T00:00Z")  # fmt: skip
    log = shell.folder / "log.csv"
    log.write_text(
        "seq,t,code,value\n1,2025-01-10T00:00:00Z,FIBRE_CLOSE,\n2,2025-01-10T02:00:00Z,SOH,\n"
    )
    told = shell(f"check XH/0007 --read 0007 --tag ok --wire ok --containment ok --log {log} "
                 "--authenticated reader-7 --by Huber --at 2025-01-10T03:00Z")  # fmt: skip
    assert "the log is reader" in told
    told = shell("report-compromise XH/0007 --what fire --by Ito --at 2025-01-11T00:00Z")
    assert "fastest" in told
    told = shell("detach XH/0007 --by-operator --by Sato --at 2025-01-12T00:00Z")
    assert "SEAL-REMOVED-WITHOUT-NOTICE" in told
    shell("recover XH/0007 --by Huber --at 2025-01-13T00:00Z")
    log.write_text(
        "seq,t,code,value\n3,2025-01-12T00:00:00Z,FIBRE_OPEN,\n4,2025-01-13T00:00:00Z,SOH,\n"
    )
    told = shell(f"read-out XH/0007 {log} --authenticated reader-7 --by Huber "
                 "--at 2025-01-13T01:00Z")  # fmt: skip
    assert "SEAL-OPENED" in told
    says = shell.json("show XH/0007")["says"]
    assert [one["value"] for one in says] == ["POSITIVE", "NEGATIVE"]
    shell("service XH/0007 --self-test good --by Huber --at 2025-01-14T00:00Z")
    history = shell.json("history XH/0007")
    wrong = next(row["line"] for row in history if row["what"] == "service")
    shell(f"withdraw XH/0007 {wrong} --reason wrong-seal --by Huber --at 2025-01-14T01:00Z")
    assert shell.json("show XH/0007")["state"] == "read-out"
    shell("retire XH/0007 --by Huber --by Ito --retention-days 0 --at 2025-01-15T00:00Z")


def test_stock_and_loss(shell: Shell) -> None:
    shell("receive 1 2 3 4 --body XH --type adhesive --by Huber --at 2025-01-01T00:00Z")
    shell("issue XH/1 XH/2 --to Huber --role inspector --at 2025-01-02T00:00Z")
    shell("return XH/1 --unopened --by Huber --at 2025-01-03T00:00Z")
    shell("void XH/1 --by Huber --by Ito --reason bent --at 2025-01-04T00:00Z")
    shell("destroy XH/3 --by Huber --by Ito --reason bent --at 2025-01-04T00:00Z")
    shell("loss XH/4 --by Huber --reason sank --place pond --at 2025-01-04T00:00Z")
    shell("found XH/4 --by Huber --role supervisor --at 2025-01-05T00:00Z")
    shell("attach XH/2 --containment XHS1/cask --item XHS1/FA-2 --by Huber --at 2025-01-06T00:00Z")
    shell("missing XH/2 --by Huber --at 2025-01-07T00:00Z")
    shell("found-again XH/2 --by Huber --at 2025-01-08T00:00Z")
    shell("verify XH/2 --finding tampered --by Ito --at 2025-01-09T00:00Z")
    states = {row["seal"]: row["state"] for row in shell.json("list")}
    gone = dict.fromkeys(("XH/1", "XH/3"), "destroyed")
    assert states == {**gone, "XH/2": "verified", "XH/4": "in-stock"}
    shell("receive 5 --body XH --type adhesive --at 2025-01-01T00:00Z")
    shell("issue XH/5 --to Huber --role inspector --at 2025-01-02T00:00Z")
    shell("attach XH/5 --containment XHS1/cask --item XHS1/FA-2 --by Huber --at 2025-01-06T00:00Z")
    shell("broken XH/5 --by Huber --at 2025-01-07T00:00Z")
    shell("document CN-1 --mba XHS2 --stated XH/0099 --found XH/0990 --record", code=1)
    assert "agree" in shell("document CN-1 --mba XHS2 --stated XH/77 --found XH/77")


def test_a_log_without_books(shell: Shell) -> None:
    log = shell.folder / "log.csv"
    rows = "1,0,SOH,\n2,2592000,FIBRE_OPEN,\n3,2592060,FIBRE_CLOSE,\n9,7776000,BATTERY,3.4\n"
    log.write_text("seq,t,code,value\n" + rows)
    words = f"log {log} --offset 0=0 --offset 7776000=90"
    told = shell.json(words, code=1, books=False)
    assert told["openings"][0]["from"] == 2_592_030
    assert told["gaps"][0]["missing"] == 5
    assert [one["rule"] for one in told["findings"]] == ["SEAL-OPENED", "SEAL-LOG-GAP"]
    assert "openings: 1, gaps: 1" in shell(words, code=1, books=False)
    log.write_text("seq,t,code,value\n1,0,SOH,\n")
    assert shell.json(f"log {log}", books=False)["findings"] == []
