"""Proofs and checkpoints: checked by the package and by the script, and hard to forge."""

from __future__ import annotations

import ast
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journal import toy_books
from journal.tampering import script_finds
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal import standalone
from keiryo.journal.canonical import line_bytes
from keiryo.journal.proofs import Checkpoint, checkpoint, proof_problems, prove
from keiryo.storage.engine import Database
from keiryo.storage.schema import sqlite_guards

Proof = dict[str, Any]
SCRIPT = Path(standalone.__file__)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return toy_books.full_books(str(tmp_path_factory.mktemp("proofs") / "books.sqlite"))


@pytest.fixture
def proof(books: Database) -> Proof:
    with books.reading() as connection:
        return json.loads(json.dumps(prove(connection, books.metadata, 2, 1)))


@pytest.fixture
def known(books: Database) -> Checkpoint:
    with books.reading() as connection:
        return checkpoint(connection, books.metadata)


@pytest.fixture
def both(tmp_path: Path, capsys: Any, monkeypatch: Any) -> Callable[..., list[str]]:
    """Return what checks a proof with package and script, which must agree."""

    def check(proof: Proof, known: Checkpoint | None = None) -> list[str]:
        problems = proof_problems(proof, known)
        (tmp_path / "proof.json").write_text(json.dumps(proof))
        arguments = ["--proof", str(tmp_path / "proof.json")]
        if known:
            (tmp_path / "checkpoint.json").write_text(known.to_json())
            arguments += ["--checkpoint", str(tmp_path / "checkpoint.json")]
        status, _ = script_finds(capsys, monkeypatch, *arguments)
        assert status == (2 if proof.get("format") != "keiryo-proof-1" else bool(problems)), proof
        return problems

    return check


def test_every_line_can_be_proven(books: Database, known: Checkpoint, both: Any) -> None:
    with books.reading() as connection:
        for act_id, count in ((1, 1), (2, 5), (3, 5), (4, 4), (5, 3)):
            for line_no in range(1, count + 1):
                proof = prove(connection, books.metadata, act_id, line_no)
                assert both(proof, known) == []
        for act_id, line_no in ((2, 0), (2, 6), (9, 1), (0, 1)):
            with pytest.raises(NotFoundError):
                prove(connection, books.metadata, act_id, line_no)


def changes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Return each place of a proof with another value for it."""
    if isinstance(value, dict):
        return [c for key, inner in value.items() for c in changes(inner, (*path, key))]
    if isinstance(value, list):
        return [c for key, inner in enumerate(value) for c in changes(inner, (*path, key))]
    if isinstance(value, int):
        return [(path, value + 1), (path, None)]
    if isinstance(value, str):
        flipped = ("0" if value[0] != "0" else "1") + value[1:]
        return [(path, flipped), (path, None), (path, 5)]
    return [(path, "x")]


def test_changed_proofs_fail(proof: Proof, known: Checkpoint, both: Any) -> None:
    assert both(proof, known) == []
    for path, new in changes(proof):
        forged = copy.deepcopy(proof)
        place = forged
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = new
        harmless = path[0] == "links" and path[-1] in ("digest", "act_id")
        if not harmless or path[1] == len(proof["links"]) - 1:
            assert proof_problems(forged, known), path
        if not harmless:
            assert both(forged, known), path


@pytest.mark.parametrize("part", ["act", "line", "path", "links", "journal_uid", "format"])
def test_incomplete_proofs_fail(proof: Proof, known: Checkpoint, both: Any, part: str) -> None:
    assert both({k: v for k, v in proof.items() if k != part}, known)


@pytest.mark.parametrize("damaged", [{}, {"act": []}, {"act": None, "line": {}}, {"line": 5}])
def test_damaged_proofs(damaged: Proof, both: Any) -> None:
    assert both({"format": "keiryo-proof-1", **damaged})


def test_shorter_and_longer_chains_fail(proof: Proof, known: Checkpoint, both: Any) -> None:
    assert both({**proof, "links": proof["links"][:-1]}, known)
    assert both({**proof, "links": proof["links"][1:]}, known)
    assert both({**proof, "path": proof["path"][:-1]}, known)
    assert both({**proof, "path": [*proof["path"], proof["path"][0]]}, known)


def test_line_hidden_in_a_text(tmp_path: Path, both: Any) -> None:
    """A text that looks like a line cannot be passed off as one with the help of a long salt."""
    clock = toy_books.SteadyClock()
    books = toy_books.opened(str(tmp_path / "books.sqlite"), clock)
    made_up = {"scope": "XA", "w_mg": 10**9, "name": "gold"}
    hidden = line_bytes("toy", 1, made_up)[:-1].decode()
    draft = toy_books.Draft("x", "x")
    draft.add("journal_opened", scope="XA", journal_uid="u", software="s", state=f"XA{hidden}")
    toy_books.post(books, draft, toy_books.ACTOR, clock=clock)
    with books.reading() as connection:
        proof = prove(connection, books.metadata, 2, 1)
    books.close()
    assert both(proof) == []
    real = line_bytes(proof["line"]["kind"], 1, proof["line"]["values"])
    prefix = real[: real.index(hidden.encode())]
    assert prefix + line_bytes("toy", 1, made_up) == real
    salt = proof["line"]["salt"] + prefix.hex()
    proof["line"] = {"kind": "toy", "line_no": 1, "salt": salt, "values": made_up}
    assert both(proof)


def test_field_hidden_in_a_name(proof: Proof, both: Any) -> None:
    values = proof["line"]["values"]
    real = line_bytes("toy", 1, values)
    values["name=t2:é\nnote"] = values.pop("note")
    assert values.pop("name") == "é"
    assert line_bytes("toy", 1, values) == real
    assert both(proof)


def test_a_proof_says_nothing_of_other_lines(books: Database, proof: Proof) -> None:
    shown = json.dumps(proof, ensure_ascii=False)
    with books.reading() as connection:
        other = prove(connection, books.metadata, 2, 2)["line"]
    assert other["values"]["name"] not in shown
    assert other["salt"] not in shown
    assert "P-1" not in json.dumps(proof["links"])
    assert set(proof["links"][0]) == {"act_id", "header_digest", "lines_root", "digest"}


def test_checkpoint_as_a_file(known: Checkpoint) -> None:
    assert Checkpoint.from_json(known.to_json()) == known
    data = json.loads(known.to_json())
    for wrong in (
        {**data, "format": "other"},
        {**data, "act_id": "5"},
        {**data, "digest": "zz"},
        {**data, "digest": "00"},
        {**data, "more": 1},
        {"format": data["format"]},
        [],
        5,
    ):
        with pytest.raises(UsageError, match="not a checkpoint"):
            Checkpoint.from_json(json.dumps(wrong))
    with pytest.raises(UsageError):
        Checkpoint.from_json("no JSON")


# --- the script itself ---------------------------------------------------------------------------


def test_script_stands_alone() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    names = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_script_run_alone(books: Database, tmp_path: Path) -> None:
    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "verify_journal.py", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    (tmp_path / "verify_journal.py").write_bytes(SCRIPT.read_bytes())
    sound = run(books.path)
    assert (sound.returncode, sound.stdout[:13]) == (0, "Sound: 5 acts")
    for wrong in ((tmp_path / "none.sqlite",), (SCRIPT,), (), ("--proof", SCRIPT)):
        assert run(*wrong).returncode == 2
    assert "cannot check" in run(tmp_path / "none.sqlite").stderr


def test_script_knows_the_guards() -> None:
    for table in ("act", "toy"):
        more = standalone.ACT_GUARD if table == "act" else ""
        statements = [s.format(table, more) for s in standalone.GUARDS.values()]
        assert statements == sqlite_guards(table)
