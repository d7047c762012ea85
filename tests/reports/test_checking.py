"""Checking files from outside: the command, its JSON and exit codes, and the Python function."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import keiryo
from keiryo.errors import RefusedError, Severity

FOLDER = Path(str(files("keiryo.data").joinpath("state_xa")))
TEXTS = sorted(FOLDER.glob("*.txt"))
CONTEXT = FOLDER / "context.json"
KEYS = [
    *("rule", "severity", "mba", "report", "entry", "label", "category", "found", "expected"),
    "message",
]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "keiryo", "reports", "check", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def checked(*arguments: object, code: int) -> list[dict[str, Any]]:
    done = run(*arguments, "--format", "json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def changed(tmp_path: Path, old: str, new: str, name: str = "XAFA.txt") -> list[Path]:
    text = (FOLDER / name).read_text("ascii")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    other = tmp_path / name
    other.write_text(text.replace(old, new), "ascii")
    return [other, *(path for path in TEXTS if path.name != name)]


def test_a_clean_set_says_what_its_correction_changes() -> None:
    found = checked(*TEXTS, "--context", CONTEXT, code=0)
    assert [(f["rule"], f["severity"], f["mba"], f["report"], f["entry"]) for f in found] == [
        ("CORR-DIFF", "I", "XAFA", "106", 4)
    ]
    assert list(found[0])[: len(KEYS)] == KEYS


def test_a_wrong_digit_is_found_where_it_is(tmp_path: Path) -> None:
    receipt = "#446:F25-FA-003#447:F25-FA-003#469:N#470:1#630:"
    paths = changed(tmp_path, f"{receipt}461232.7G", f"{receipt}461223.7G", "XARA.txt")
    found = checked(*paths, "--context", CONTEXT, code=1)
    assert {(f["rule"], f["mba"], f["report"], f["entry"]) for f in found} == {
        ("CORR-DIFF", "XAFA", "106", 4),
        ("TRANSIT-WEIGHT", "XARA", "31", 3),
        ("ICR-MBR", "XARA", "32", 2),
        ("PIL-BATCH", "XARA", "33", 1),
    }
    transit = next(f for f in found if f["rule"] == "TRANSIT-WEIGHT")
    assert transit["expected"] == "461232.7 g E with 20524.855 g fissile"
    assert "461223.7 g" in transit["message"]


def test_ages_are_counted_to_the_day_asked_for() -> None:
    found = checked(*TEXTS, "--context", CONTEXT, "--as-of", "2025-09-30", code=0)
    ages = {(f["entry"], f["severity"], f["found"]) for f in found if f["rule"] == "TRANSIT-OPEN"}
    assert ages == {(n, "I", "4 days") for n in (1, 2, 3, 4)}


def test_what_cannot_be_checked_is_no_finding(tmp_path: Path) -> None:
    missing = run(tmp_path / "nowhere.txt", "--format", "json")
    assert (missing.returncode, missing.stdout) == (2, "")
    bad = tmp_path / "context.json"
    bad.write_text("{}")
    done = run(*TEXTS, "--context", bad, "--format", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "CONTEXT-FORM" in done.stderr
    assert run(*TEXTS, "--as-of", "yesterday").returncode == 2


def test_the_terminal_groups_by_report() -> None:
    done = run(*TEXTS, "--context", CONTEXT)
    assert done.returncode == 0
    assert done.stdout.startswith("XAFA report 106\n  CORR-DIFF (note)")
    assert done.stdout.endswith("3 files checked: 0 form, 0 inconsistent, 0 warning, 1 note.\n")


def test_ten_thousand_findings_are_all_listed(tmp_path: Path) -> None:
    record = (
        "001:OI/XA;{r}#002:1/1#003:20250310#006:A,B.#010:I#015:20250201/20250228#207:XAF-#"
        "307:XAFA#309:N#407:3#411:LD#412:20250214#430:U/2/5/X#446:B{r}#469:Q#470:0#630:1G#\n"
    )
    many = tmp_path / "many.txt"
    many.write_text("".join(record.format(r=number) for number in range(1, 3401)))
    found = checked(many, code=1)
    assert len(found) >= 10_000
    assert {f["rule"] for f in found} == {"MDC-INVALID", "MBASIS", "ISOTOPE-MISSING"}


def test_python() -> None:
    found = keiryo.check(TEXTS, context=CONTEXT)
    assert [f.code for f in found] == ["CORR-DIFF"]
    assert found[0].severity is Severity.INFORMATION
    with pytest.raises(RefusedError):
        keiryo.check(TEXTS, context=TEXTS[0])


def test_on_top_of_the_books(tmp_path: Path) -> None:
    books = keiryo.init(tmp_path / "books.sqlite", "XA")
    first = [FOLDER / "XAFA.txt", FOLDER / "XALA.txt"]
    books.import_reports(first, context=CONTEXT)
    acts = books.checkpoint().act_id
    reactor = (FOLDER / "XARA.txt").read_text("ascii")
    right, wrong = tmp_path / "right.txt", tmp_path / "wrong.txt"
    right.write_text(reactor, "ascii")
    wrong.write_text(reactor.replace("#469:N#470:1#630:461232.7G", "#469:N#470:1#630:461223.7G"))
    assert [f.code for f in books.check([right])] == []
    assert [f.code for f in books.check(first)] == []
    found = books.check([wrong])
    assert {f.code for f in found} == {"TRANSIT-WEIGHT", "ICR-MBR", "PIL-BATCH"}
    assert books.checkpoint().act_id == acts, "nothing is recorded"


def test_what_is_odd_about_the_context_is_said_beside_the_findings(tmp_path: Path) -> None:
    odd = tmp_path / "context.json"
    odd.write_text(json.dumps(json.loads(CONTEXT.read_text()) | {"weather": "fine"}))
    done = run(*TEXTS, "--context", odd, "--format", "json")
    assert done.returncode == 0
    assert [f["rule"] for f in json.loads(done.stdout)] == ["CORR-DIFF"]
    assert "CONTEXT-UNKNOWN" in done.stderr


def test_books_that_know_no_area(tmp_path: Path) -> None:
    books = keiryo.init(tmp_path / "books.sqlite", "XA")
    found = books.check([FOLDER / "XALA.txt"])
    assert {f.code for f in found} == {"MBA-UNKNOWN"}
    assert len(found) == 7, "one a report"
