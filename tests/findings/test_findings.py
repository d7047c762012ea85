"""Every finding about Code 10 has a smallest bad input that provokes it, and the exact message.

A folder is named for its code and holds ``input.txt`` (or several files ``input-1.txt`` and so
on), ``expected.txt`` with all findings, one a line, and where the case needs a smaller limit than
the product's, ``max_bytes.txt``. After changing a message on purpose, rewrite the expected files
with ``KEIRYO_UPDATE=1`` and look at the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keiryo.reports.formats.code10_reader import MAX_FILE_BYTES, read_files
from keiryo.reports.rule_table import RULES
from keiryo.reports.rules import check_report

FOLDER = Path(__file__).parent
UPDATE = os.environ.get("KEIRYO_UPDATE") == "1"  # read now: tests see a clean environment


def provoked(folder: Path) -> str:
    """Return the findings about the input of a folder, one a line."""
    inputs = sorted(folder.glob("input*.txt"))
    assert inputs, f"{folder} has no input"
    limit = folder / "max_bytes.txt"
    result = read_files(
        [(path.name, path.read_bytes()) for path in inputs],
        max_bytes=int(limit.read_text("ascii")) if limit.exists() else MAX_FILE_BYTES,
    )
    findings = [*result.findings, *(f for r in result.reports for f in check_report(r))]
    for found in findings:
        assert found.advice, found.code
        assert found.basis, found.code
    lines = [f"{f.code} {f.severity.value} {f.place}: {f.message}\n" for f in findings]
    return "".join(lines)


@pytest.mark.parametrize("code", sorted(RULES))
def test_finding(code: str) -> None:
    folder = FOLDER / code
    found = provoked(folder)
    expected = folder / "expected.txt"
    if UPDATE:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")
    assert any(line.split()[0] == code for line in found.splitlines())
