"""Commands of device logs, with and without books."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

import keiryo
from keiryo.cli import device_log
from keiryo.device_log.canonical import canonical
from keiryo.device_log.chain import values
from keiryo.device_log.reading import read_log
from keiryo.errors import KeiryoError

from .conftest import Device

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    app = typer.Typer()
    device_log.register(app)

    def called(*words: object) -> Result:
        return CliRunner().invoke(app, ["device-log", *(str(word) for word in words)])

    return called


def written(folder: Path, records: list[Any], name: str = "cam.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join(canonical(one) + b"\n" for one in records))
    return path


def beside(path: Path, ending: str, told: str) -> Path:
    made = Path(f"{path}{ending}")
    made.write_text(told)
    return made


def asked(result: Result, code: int = 0) -> Any:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_log_with_files_beside_it(run: Run, tmp_path: Path, device: Device) -> None:
    records = device.records(6)
    log = written(tmp_path, records)
    keys = beside(log, ".keys", json.dumps([device.key().to_dict()]))
    told = asked(run("verify", log, "--format", "json"))
    assert told["records"] == {"unsigned": 6}
    beside(log, ".chain", "\n".join(values(records)))
    assert asked(run("verify", log, "--format", "json"))["records"] == {"chained": 6}
    beside(log, ".chain", values(records)[-1] + "\n")
    assert asked(run("verify", log, "--format", "json"))["records"] == {"chained": 6}
    beside(log, ".sig", "\n".join(f"K-1 {one}" for one in device.signed(records)[:5]) + "\n-\n")
    told = asked(run("verify", log, "--keys", keys, "--format", "json"))
    assert told["records"] == {"signed": 5, "chained": 1}
    head = tmp_path / "head.json"
    head.write_text(json.dumps(device.head(records).to_dict()))
    told = asked(run("verify", log, "--keys", keys, "--head", head, "--format", "json"))
    assert (told["records"], told["findings"]) == ({"signed": 6}, [])
    beside(log, ".head", head.read_text())
    table = run("verify", log, "--keys", keys)
    assert table.exit_code == 0
    assert told["root"] in table.stdout
    assert run("verify", log, "--keys", keys, "--format", "csv").stdout.startswith("first,last")


def test_a_log_with_values_inside(run: Run, tmp_path: Path, device: Device) -> None:
    records = device.records(5)
    inside = [
        {**one, "chain": value, "sig": f"K-1 {sign}"}
        for one, value, sign in zip(records, values(records), device.signed(records), strict=True)
    ]
    inside[2]["n"] = 7
    log = written(tmp_path, inside)
    log.write_bytes(b"\xef\xbb\xbf" + log.read_bytes().replace(b"\n", b"\r\n\n"))
    keys = beside(log, ".keys", json.dumps({"keys": [device.key().to_dict()]}))
    told = asked(run("verify", log, "--keys", keys, "--format", "json"), 1)
    assert [one["authentic"] for one in told["segments"]] == ["signed", "broken", "signed"]
    assert {one["rule"] for one in told["findings"]} >= {"DEVICE-LOG-CHAIN", "DEVICE-SIGNATURE"}
    table = run("verify", log, "--keys", keys)
    assert table.exit_code == 1
    assert "broken" in table.stdout
    assert "→" in table.stdout


def test_lines_that_are_no_records(run: Run, tmp_path: Path, device: Device) -> None:
    log = written(tmp_path, device.records(3))
    log.write_bytes(log.read_bytes() + b'{"seq":3.5}\n' + b"x" * 2_200_000 + b'\n{"seq":5}')
    told = asked(run("verify", log, "--format", "json"), 1)
    lines = [one for one in told["findings"] if one["rule"] == "DEVICE-LOG-LINE"]
    assert [one["line"] for one in lines] == [4, 5]
    assert told["size"] == 6
    assert "DEVICE-LOG-RECORD" not in {one["rule"] for one in told["findings"]}
    assert isinstance(run("root", log).exception, KeiryoError)


def test_roots_and_proofs(run: Run, tmp_path: Path, device: Device) -> None:
    records = device.records(7)
    log = written(tmp_path, records)
    assert device.head(records).root in run("root", log).stdout
    assert asked(run("root", log, "--format", "json"))[0]["chain_value"] == values(records)[-1]
    proof = tmp_path / "proof.json"
    for words in (
        *(("prove", log, 3), ("prove", log, 3, "--size", 5), ("consistency", log, 4)),
        *(("consistency", log, 3, "--size", 6), ("consistency", log, 7)),
    ):
        proof.write_text(run(*words).stdout)
        shown = run("check", proof)
        assert (shown.exit_code, shown.stdout.split()[0]) == (0, "Shown:")
        told = json.loads(proof.read_text())
        told["path"].append("0" * 64)
        proof.write_text(json.dumps(told))
        assert run("check", proof).exit_code == 1
    for words in (
        *(("prove", log, 7), ("prove", log, -1), ("prove", log, 0, "--size", 0)),
        *(("consistency", log, 0), ("consistency", log, 8), ("consistency", log, 5, "--size", 4)),
        *(("root", tmp_path / "none"), ("verify", log, "--start", "xyz"), ("check", log)),
    ):
        assert run(*words).exit_code != 0, words
    for told in ([], {"earlier": 1}, {"record": {"a": 0.5}, "index": 0, "size": 1, "path": []}):
        proof.write_text(json.dumps(told))
        assert isinstance(run("check", proof).exception, KeiryoError)


def test_messages_from_a_file(run: Run, tmp_path: Path, device: Device) -> None:
    message = {"v": 1, "src": "CAM-01", "seq": 0, "t": "2026-01-01T00:00:00Z", "type": "soh"}
    message |= {"data": {}, "prev": None, "kid": "K-1"}
    lines = [
        {"message": message, "sig": device.sign(message), "received_at": "2026-01-01T01:00+01:00"},
        {**message, "sig": device.sign(message)},
        {**message, "seq": 1},
    ]
    file = written(tmp_path, lines, "in.jsonl")
    file.write_bytes(file.read_bytes() + b"rubbish\n")
    keys = beside(file, ".keys", json.dumps([device.key().to_dict()]))
    words = ("messages", file, "--keys", keys, "--received-at", "2026-01-01T02:00Z")
    told = asked(run(*words, "--store", tmp_path / "kept", "--format", "json"), 1)
    states = [one["state"] for one in told["messages"]]
    assert states == ["in order", "duplicate", "flagged", "flagged"]
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 3
    assert "flagged" in run(*words).stdout


def test_keys_and_heads_in_the_books(run: Run, tmp_path: Path, device: Device) -> None:
    books = tmp_path / "books.sqlite"
    keiryo.init(f"sqlite:///{books}", "XA", person="P-TEST2345")
    db = ("--db", str(books))
    key = ("--public", device.public, "--owner", "CAM-01", "--from", "2026-01-01T00:00Z")
    assert run("key", "add", "K-1", *key, *db).exit_code == 0
    assert asked(run("key", "list", "--format", "json", *db))[0]["owner"] == "CAM-01"
    records = device.records(8)
    log, head = written(tmp_path, records), tmp_path / "head.json"
    head.write_text(json.dumps(device.head(records[:3], 100).to_dict()))
    copies = ("--copy-to", "State", "--printed-in", "minutes 7", "--anchor", "witness=INT.IAEA")
    assert run("head", "accept", head, *copies, *db).exit_code == 0
    new = device.head(records, 110)
    head.write_text(json.dumps(new.to_dict()))
    assert isinstance(run("head", "accept", head, *db).exception, KeiryoError)
    proof = tmp_path / "proof.json"
    proof.write_text(run("consistency", log, 3).stdout)
    both = ("--proof", proof, "--log", log)
    assert isinstance(run("head", "accept", head, *both, *db).exception, KeiryoError)
    accepted = run("head", "accept", head, "--log", log, *db)
    assert (accepted.exit_code, "accepted" in accepted.stdout) == (0, True)
    other = device.head([*records[:7], {"seq": 7}], 110)
    head.write_text(json.dumps(other.to_dict()))
    told = asked(run("head", "accept", head, "--format", "json", *db), 1)
    assert told["standing"] == "contradicting"
    assert run("head", "anchor", "CAM-01", 8, "--copy-to", "State", *db).exit_code == 0
    assert isinstance(run("head", "anchor", "CAM-01", 8, *db).exception, KeiryoError)
    listed = asked(run("head", "list", "--format", "json", *db))
    assert [one["standing"] for one in listed] == ["accepted", "accepted", "contradicting"]
    assert listed[0]["anchors"] == "copy: State; printed: minutes 7; witness: INT.IAEA"
    assert "CAM-01" in run("head", "list", "--log", "CAM-01", *db).stdout
    beside(log, ".head", json.dumps(new.to_dict()))
    told = asked(run("verify", log, "--registered", "--format", "json", *db))
    assert told["records"] == {"signed": 8}
    words = ("--reason", "lost", "--at", "2026-01-01T00:30Z")
    assert run("key", "revoke", "K-1", *words, *db).exit_code == 0
    assert "K-1" in run("key", "list", *db).stdout
    told = asked(run("verify", log, "--registered", "--format", "json", *db), 1)
    assert told["records"] == {"unsigned": 8}


def test_files_beside_that_cannot_be_read(tmp_path: Path, device: Device) -> None:
    log = written(tmp_path, device.records(2))
    for ending, told in ((".head", "{"), (".head", "[1]"), (".sig", "ä"), (".chain", "ä")):
        made = beside(log, ending, told)
        with pytest.raises(KeiryoError):
            read_log(log)
        made.unlink()
