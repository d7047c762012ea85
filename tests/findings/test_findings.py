"""Every finding about Code 10 has a smallest bad input that provokes it, and the exact message.

A folder is named for its code, or for its code and a case, ``CODE--case``. It holds ``input.txt``
(or several files ``input-1.txt`` and so on) and ``expected.txt`` with all findings, one a line;
where the case needs a smaller limit than the product's, ``max_bytes.txt``. Codes of rules on one
report are provoked by `check_report`; questions between reports, and all folders of a case, by
`check_set`, with what came before in ``context.json`` and the day of looking in ``on.txt``.

Beside the bad input lie its clean neighbours ``good.txt``, ``good-case.txt``: the nearest inputs
that are right. Each is a set of its own and gives no finding; it goes by the folder's context and
day unless it brings its own, ``good-case.json``. ``_no_finding`` holds what looks strange and is
right.

After changing a message on purpose, rewrite the expected files with ``KEIRYO_UPDATE=1`` and look
at the difference.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from keiryo.errors import Finding, Severity
from keiryo.reports.context import Context, read_context
from keiryo.reports.formats.code10_reader import MAX_FILE_BYTES, read_files
from keiryo.reports.questions.check import check_set
from keiryo.reports.questions.table import QUESTIONS
from keiryo.reports.rule_table import RULES
from keiryo.reports.rules import check_report

FOLDER = Path(__file__).parent
STRANGE = FOLDER / "_no_finding"
UPDATE = os.environ.get("KEIRYO_UPDATE") == "1"  # read now: tests see a clean environment

CASES = sorted({path.parent.name for path in FOLDER.glob("*/input*.txt")})
NEIGHBOURS = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.glob("*/good*.txt"))


def code_of(case: str) -> str:
    """Return the code that a folder is named for."""
    return case.partition("--")[0]


def about_a_set(case: str) -> bool:
    """Whether a folder is about reports together, not about one report by itself."""
    return "--" in case or case not in RULES


def context_for(file: Path) -> Context | None:
    """Return what came before the reports of a file: its own context, or that of its folder."""
    own = file.with_suffix(".json")
    path = own if own.exists() else file.parent / "context.json"
    if not path.exists():
        return None
    context, findings = read_context(path.read_bytes(), path.name)
    assert not findings, findings
    assert context is not None
    return context


def questions(files: list[Path]) -> list[Finding]:
    """Return all findings about the reports of some files as one set."""
    result = read_files([(path.name, path.read_bytes()) for path in files])
    given = files[0].parent / "on.txt"
    on = datetime.date.fromisoformat(given.read_text("ascii").strip()) if given.exists() else None
    return [*result.findings, *check_set(result.reports, context_for(files[0]), on=on)]


def about_each_report(folder: Path, files: list[Path]) -> list[Finding]:
    """Return the findings about each report by itself."""
    limit = folder / "max_bytes.txt"
    result = read_files(
        [(path.name, path.read_bytes()) for path in files],
        max_bytes=int(limit.read_text("ascii")) if limit.exists() else MAX_FILE_BYTES,
    )
    return [*result.findings, *(f for r in result.reports for f in check_report(r))]


def serious(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without those that only tell: what a correction changes, what is open."""
    told = ("CORR-DIFF", "TRANSIT-OPEN")
    return [f for f in findings if f.code not in told or f.severity is not Severity.INFORMATION]


def lines(findings: Iterable[Finding]) -> str:
    """Return findings as text, one a line."""
    return "".join(f"{f.code} {f.severity.value} {f.place}: {f.message}\n" for f in findings)


@pytest.mark.parametrize("case", CASES)
def test_finding(case: str) -> None:
    folder = FOLDER / case
    inputs = sorted(folder.glob("input*.txt"))
    assert inputs, f"{folder} has no input"
    findings = questions(inputs) if about_a_set(case) else about_each_report(folder, inputs)
    for found in findings:
        assert found.advice, found.code
        assert found.basis, found.code
    expected = folder / "expected.txt"
    if UPDATE:
        expected.write_text(lines(findings), encoding="utf-8")
    assert lines(findings) == expected.read_text(encoding="utf-8")
    assert code_of(case) in {found.code for found in findings}


def test_every_code_has_its_folder() -> None:
    wanted = {*RULES, *(f"{code}--set" if code in RULES else code for code in QUESTIONS)}
    assert wanted <= set(CASES)
    assert {code_of(case) for case in CASES} <= {*RULES, *QUESTIONS}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_clean_neighbour(neighbour: str) -> None:
    file = FOLDER / neighbour
    assert lines(serious(questions([file]))) == ""
    assert code_of(file.parent.name) not in {found.code for found in questions([file])}


@pytest.mark.parametrize("name", sorted(p.stem for p in STRANGE.glob("*.txt")))
def test_strange_but_right(name: str) -> None:
    assert lines(serious(questions([STRANGE / f"{name}.txt"]))) == ""
