"""The command line as scripts and people meet it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from keiryo.cli import main

FOLDER = Path(str(files("keiryo.data").joinpath("state_xa")))
AREAS = ("XAFA", "XARA", "XALA")
YEAR = "2025-01-01..2025-12-31"


def started(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as somebody at a terminal does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "keiryo", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the program in this process, which spares a start for each of many commands."""
    words = ["keiryo", *map(str, arguments)]
    printed, told, code = io.StringIO(), io.StringIO(), 0
    with patch.object(sys, "argv", words), redirect_stdout(printed), redirect_stderr(told):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return subprocess.CompletedProcess(words, code, printed.getvalue(), told.getvalue())


def answer(*arguments: object) -> Any:
    done = run(*arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = str(tmp_path_factory.mktemp("cli") / "books.sqlite")
    assert started("init", "--state", "XA", "--db", place).returncode == 0
    texts = [FOLDER / f"{mba}.txt" for mba in AREAS]
    done = started("reports", "import", *texts, "--context", FOLDER / "context.json", "--db", place)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['keiryo', '--help']\n"
        "from keiryo.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'polars', 'sqlalchemy', 'alembic', 'msgspec', 'rich', 'litestar', 'psycopg'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "balance" in done.stdout
    assert done.stderr.strip() == "[]"


def test_version() -> None:
    done = started("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("keiryo ")


def test_balance_as_json_has_the_agreed_form(place: str) -> None:
    data = answer("balance", "XAFA", "--db", place)
    assert list(data)[:5] == ["mba", "from", "to", "as_known", "lines"]
    assert (data["mba"], data["from"], data["to"]) == ("XAFA", "2025-01-01", "2025-12-31")
    assert data["as_known"] is None
    assert data["lines"]["MF"]["E"] == {"element": "812.346", "fissile": "36.118"}
    assert data["lines"]["PB"]["N"] == {"element": "310.25"}
    assert "DI" in data["lines"]
    assert "TRANSIT" not in data["lines"]


def test_as_known_by_date_act_and_time(place: str) -> None:
    asked = answer("balance", "XAFA", "--as-known", "20250601", "--db", place)
    assert asked["as_known"] == "20250601"
    assert asked["lines"]["LD"]["E"]["element"] == "1120.5"
    assert "MF" not in asked["lines"]
    later = answer("balance", "XAFA", "--as-known", "2025-07-08", "--db", place)
    assert later["lines"]["LD"]["E"]["element"] == "1210.5"
    acts = answer("journal", "acts", "--db", place)
    sixth = next(a for a in acts if a["what"].startswith("XA/XAFA/106"))
    before = answer("balance", "XAFA", "--as-known", sixth["act"] - 1, "--db", place)
    assert before["lines"]["LD"]["E"]["element"] == "1120.5"
    recorded = answer("balance", "XAFA", "--recorded-by", sixth["recorded_at"], "--db", place)
    assert recorded["lines"]["LD"]["E"]["element"] == "1210.5"


def test_options_before_the_command(place: str) -> None:
    done = started("--db", place, "--format", "csv", "balance", "XALA")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("code,N element kg")


def test_place_from_the_environment(place: str) -> None:
    assert started("verify", KEIRYO_DB=place).returncode == 0


def test_inventory_as_json(place: str) -> None:
    data = answer("inventory", "XARA", "--on", "20251231", "--db", place)
    row = next(b for b in data["batches"] if b["batch"] == "P01" and b["category"] == "E")
    assert row == {
        "batch": "P01", "kmp": "C", "mdc": "B/Q/1/G", "category": "E", "items": 1,
        "element": "438512.4", "fissile": "3651.2", "enrichment": "0.008326",
    }  # fmt: skip
    assert data["totals"]["P"]["element"] == "27909.5"


def test_export_import_elsewhere(place: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("reports", "export", "--mba", "XAFA", "--out", out, "--db", place).returncode == 0
    exported = sorted(out.iterdir())
    assert len(exported) == 9
    text = "".join(path.read_text() for path in exported)
    assert sorted(text.splitlines()) == sorted((FOLDER / "XAFA.txt").read_text().splitlines())
    other = tmp_path / "other.sqlite"
    run("init", "--state", "XA", "--db", other)
    done = run("reports", "import", *exported, "--context", FOLDER / "context.json", "--db", other)
    assert done.returncode == 0
    here = answer("balance", "XAFA", "--db", other)["lines"]
    assert here == answer("balance", "XAFA", "--db", place)["lines"]


def test_checkpoint_proof_and_verification(place: str, tmp_path: Path) -> None:
    point, proof, script = tmp_path / "p.json", tmp_path / "proof.json", tmp_path / "v.py"
    assert run("journal", "checkpoint", "--out", point, "--db", place).returncode == 0
    assert run("journal", "prove", 3, 5, "--out", proof, "--db", place).returncode == 0
    assert run("verify", "--checkpoint", point, "--db", place).returncode == 0
    assert run("journal", "check-proof", proof, "--checkpoint", point).returncode == 0
    proof.write_text(proof.read_text().replace("CYL30B-4471", "CYL30B-4472"))
    assert run("journal", "check-proof", proof, "--checkpoint", point).returncode == 1
    assert run("journal", "verifier", "--out", script).returncode == 0
    alone = subprocess.run(
        [sys.executable, "-I", script, place, "--checkpoint", point],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stdout + alone.stderr


def test_backup_and_restore(place: str, tmp_path: Path) -> None:
    archive, copy = tmp_path / "books.keiryo", tmp_path / "copy.sqlite"
    assert started("backup", archive, "--db", place).returncode == 0
    assert started("restore", archive, "--db", copy).returncode == 0
    assert answer("verify", "--db", copy)["head"] == answer("verify", "--db", place)["head"]
    assert run("restore", archive, "--db", copy).returncode == 2


def test_why_as_json(place: str) -> None:
    data = answer("why", "XARA/F25-FA-001", "--db", place)
    assert data["object"] == "XARA/F25-FA-001"
    assert {"acts", "lines", "reports", "evidence", "links"} <= set(data)
    assert any(report["report_no"] == 102 for report in data["reports"])
    for figure in ("XAFA/MF/E", "XARA/MF/E"):
        shown = run("why", figure, "--db", place)
        assert "Behind it:" in shown.stdout, shown.stderr
    unknown = run("why", f"figure:XZZZ/{YEAR}/MF/E", "--db", place)
    assert unknown.returncode and "there is no MBA XZZZ in the books" in unknown.stderr


def test_every_question_has_a_table(place: str) -> None:
    for question in (
        ["ledger", "XAFA", "--category", "E"],
        ["batch", "XAFA/F25-LIQ-01"],
        ["accounts", "--on", "2025-12-31"],
        ["areas", "list"],
        ["findings", "list"],
        ["close", "XAFA"],
        ["balance", "XA"],
    ):
        done = run(*question, "--db", place)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["balance", "XZZZ"], "there is no MBA XZZZ"),
        (["balance", "XAFA", "--from", "2025-13-01"], "2025-13-01"),
        (["balance", "XAFA", "--as-known", "tomorrow"], "tomorrow"),
        (["balance", "XAFA", "--from", "2025-12-31", "--to", "2025-01-01"], "before it begins"),
        (["why", "nonsense"], "names neither"),
        (["journal", "prove", "99", "1", "--out", "x.json"], "no act 99"),
        (["batch", "XAFA/NOWHERE"], "nothing is recorded"),
        (["reports", "import", "missing.txt"], "cannot be read"),
        (["verify", "--checkpoint", "missing.json"], "cannot be read"),
    ],
)
def test_what_cannot_be_done_exits_with_2(place: str, arguments: list[str], words: str) -> None:
    done = run(*arguments, "--db", place)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_no_books_and_foreign_files(tmp_path: Path) -> None:
    nothing = started("verify", "--db", tmp_path / "none.sqlite")
    assert nothing.returncode == 2
    assert "keiryo init" in nothing.stderr
    foreign = tmp_path / "foreign.sqlite"
    foreign.write_bytes(b"this is not a database, whatever its name says" * 100)
    done = started("verify", "--db", foreign)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert run("init", "--state", "Xanadu", "--db", tmp_path / "x.sqlite").returncode == 2


def test_a_database_cannot_be_opened_twice_for_another_state(place: str) -> None:
    done = run("init", "--state", "XB", "--db", place)
    assert done.returncode == 2
    assert "already holds the books of XA" in done.stderr


def test_findings_are_listed_answered_and_reopened(tmp_path: Path) -> None:
    place = tmp_path / "open.sqlite"
    run("init", "--state", "XA", "--db", place)
    only = [FOLDER / "XAFA.txt", "--context", FOLDER / "context.json"]
    assert run("reports", "import", *only, "--db", place).returncode == 0
    found = answer("findings", "list", "--db", place)
    assert {row["code"] for row in found} == {"TRANSIT-OPEN"}
    first = found[0]
    words = ["--answer", "arrives next week", "--db", place]
    assert run("findings", "answer", first["act"], first["line"], *words).returncode == 0
    assert len(answer("findings", "list", "--db", place)) == len(found) - 1
    assert len(answer("findings", "list", "--all", "--db", place)) == len(found)
    others = [FOLDER / "XARA.txt", FOLDER / "XALA.txt"]
    assert run("reports", "import", *others, "--db", place).returncode == 0
    assert answer("findings", "list", "--db", place) == []


def test_the_demonstration(tmp_path: Path) -> None:
    done = started("demo", "--db", tmp_path / "demo.sqlite")
    assert done.returncode == 0, done.stderr
    for words in (
        "812.346",
        "agrees to the milligram",
        "sound",
        "first wrong act 3",
        "Try next",
        "40 passages, 3 alarms",
        "INNOCENT_UNDECLARED",
        "nothing is open: yes",
    ):
        assert words in done.stdout
    assert "DISAGREES" not in done.stdout
    again = run("demo", "--db", tmp_path / "demo.sqlite")
    assert again.returncode == 2
