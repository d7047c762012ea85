"""Two sets in which much looks wrong and nothing is: no finding may question them.

The sets are ``tests/cases/traps-1`` (unusual in substance) and ``tests/cases/traps-2`` (odd in
form); their README files say what to look at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import Finding
from keiryo.reports.context import read_context
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.questions.check import check_set

CASES = Path(__file__).parents[1] / "cases"
SUBSTANCE, FORM = CASES / "traps-1", CASES / "traps-2"
Key = tuple[str, str, str | None, str | None, int | None]

CORRECTED: list[Key] = [("CORR-DIFF", "I", "XGMA", "309", entry) for entry in (1, 2, 3)]
UNDER_WAY: list[Key] = [("TRANSIT-OPEN", "I", "XHTA", "6", 1)]
ALLOWED = {SUBSTANCE: CORRECTED, FORM: UNDER_WAY}


def found(
    folder: Path,
    *,
    change: Callable[[bytes], bytes] = lambda content: content,
    as_of: str | None = None,
    with_context: bool = True,
) -> list[Finding]:
    context = None
    if with_context:
        data: dict[str, Any] = json.loads((folder / "context.json").read_text())
        data["as_of"] = as_of or data["as_of"]
        context, findings = read_context(json.dumps(data).encode(), "context.json")
        assert context is not None and not findings, findings
    read = read_files([(f.name, change(f.read_bytes())) for f in sorted(folder.glob("*.txt"))])
    findings = [*read.findings, *check_set(read.reports, context)]
    # A byte order mark may be told of; it is about the file, not about a report.
    return [f for f in findings if (f.code, f.report) != ("ENCODING", None)]


def compare(findings: list[Finding], expected: list[Key]) -> None:
    got = [(f.code, f.severity.value, f.mba, f.report, f.entry) for f in findings]
    told = "\n".join(f"{f.code} {f.severity.value} {f.place}: {f.message}" for f in findings)
    assert Counter(got) == Counter(expected), told


@pytest.mark.parametrize("folder", ALLOWED, ids=lambda folder: folder.name)
@pytest.mark.parametrize("with_context", [True, False], ids=["context", "no context"])
def test_nothing_is_questioned(folder: Path, with_context: bool) -> None:
    compare(found(folder, with_context=with_context), ALLOWED[folder])


@pytest.mark.parametrize("change", [
    lambda content: content.replace(b"\n", b"\r"),
    lambda content: content.replace(b"#", b"# \t"),
    lambda content: content.replace(b"#", b"#\r\n"),
    lambda content: content.replace(b"\n", b""),
    lambda content: content.replace(b"430:G/Q/N/B", b"430:GQNB"),
    lambda content: content.replace(b"372:XB#", b"372:XB/XBC-#"),
    lambda content: content.replace(b"#446:DUO-2#", b"#435:N/AB12#436:POWDER, DRUM 2#446:DUO-2#"),
    lambda content: content.replace(b"446:DUO-2#469:M#", b"446:DUO-2#469:M/B/TITRATION#"),
], ids=["CR", "blanks", "one label a line", "one line", "description without slashes",
        "partner is a facility", "operator's description", "measured elsewhere"])  # fmt: skip
def test_other_spellings(change: Callable[[bytes], bytes]) -> None:
    compare(found(SUBSTANCE, change=change), CORRECTED)


@pytest.mark.parametrize(("as_of", "severity"), [
    ("20241220", "I"), ("20250102", "I"), ("20250103", None), ("20250731", None),
])  # fmt: skip
def test_under_way_at_the_inventory(as_of: str, severity: str | None) -> None:
    """Shipped on 20 December, received on 3 January: nobody's in between."""
    open_ones = [f for f in found(SUBSTANCE, as_of=as_of) if f.code == "TRANSIT-OPEN"]
    expected: list[Key] = []
    if severity:
        expected = [("TRANSIT-OPEN", severity, "XGMA", "305", entry) for entry in (1, 2, 3, 4)]
    compare(open_ones, expected)


@pytest.mark.parametrize(("as_of", "severity"), [
    ("20250801", "I"), ("20250802", "W"), ("20250930", "W"), ("20251001", "E"),
])  # fmt: skip
def test_days_on_the_way(as_of: str, severity: str) -> None:
    """Shipped on 2 July: 30 days are usual, after 90 days something is wrong."""
    compare(found(FORM, as_of=as_of), [("TRANSIT-OPEN", severity, "XHTA", "6", 1)])


def test_a_tenth_of_a_gram_above_the_exemption_limit() -> None:
    """Both sides of the limit: 1 kg may be exempted, 0.1 g of 4 % uranium more may not."""
    findings = found(
        SUBSTANCE, change=lambda c: c.replace(b"630:20000G#670:800G", b"630:19999.9G#670:799.996G")
    )
    limits = [f for f in findings if f.code == "EXEMPT-LIMIT"]
    compare(limits, [("EXEMPT-LIMIT", "E", "XGLA", "18", 2)])
