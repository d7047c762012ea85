"""Every mistake in a right set of reports is found, with what follows from it and nothing else.

The right set is ``tests/cases/state-xc``, the mistakes are in ``tests/cases/state-xc-errors``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from keiryo.errors import Finding
from keiryo.reports.context import read_context
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.questions.check import check_set

sys.path.insert(0, str(Path(__file__).parents[1] / "cases" / "state-xc-errors"))

import form  # noqa: F401  (registers its mistakes)
import substance  # noqa: F401
from errors import MISTAKES, SET, Expected, Mistake, ReportSet

RIGHT: list[Expected] = [
    *(("CORR-DIFF", "I", "XCFA", report, entry)
      for report, entry in (("204", 1), ("206", 1), ("211", 1),
                            ("212", 1), ("212", 2), ("212", 3), ("212", 4))),
    ("TRANSIT-OPEN", "I", "XCFA", "215", 1),
]  # fmt: skip


def found(files: list[tuple[str, bytes]], context: bytes) -> list[Finding]:
    known, findings = read_context(context, "context.json")
    assert known is not None and not findings, findings
    read = read_files(files)
    return [*read.findings, *check_set(read.reports, known)]


def keys(findings: list[Finding]) -> Counter[Expected]:
    return Counter((f.code, f.severity.value, f.mba, f.report, f.entry) for f in findings)


def compare(findings: list[Finding], expected: Counter[Expected]) -> None:
    got = keys(findings)
    told = "\n".join(f"{f.code} {f.severity.value} {f.place}: {f.message}" for f in findings)
    assert sorted(got.elements(), key=str) == sorted(expected.elements(), key=str), told


def test_right_set() -> None:
    files = [(file.name, file.read_bytes()) for file in sorted(SET.glob("*.txt"))]
    compare(found(files, (SET / "context.json").read_bytes()), Counter(RIGHT))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistake(mistake: Mistake) -> None:
    spoilt = ReportSet.read()
    mistake.spoil(spoilt)
    expected = Counter(RIGHT) + Counter(mistake.expected) - Counter(mistake.silent)
    compare(found(spoilt.files(), json.dumps(spoilt.context).encode()), expected)


@pytest.mark.parametrize("change", [
    lambda text: b"\xef\xbb\xbf" + text,
    lambda text: text.replace(b"\n", b"\r\n"),
    lambda text: text.replace(b"\n", b""),
], ids=["byte order mark", "CRLF", "one line"])  # fmt: skip
def test_other_line_ends(change: Callable[[bytes], bytes]) -> None:
    files = [(file.name, change(file.read_bytes())) for file in sorted(SET.glob("*.txt"))]
    findings = found(files, (SET / "context.json").read_bytes())
    compare([f for f in findings if f.code != "ENCODING"], Counter(RIGHT))


def test_record_cut_after_an_invalid_marker() -> None:
    """Only the sign at the end is missing: what the record says is clear."""
    files = ReportSet.read().files()
    files = [(name, text.rstrip()[:-1] if name == "XCDB.txt" else text) for name, text in files]
    expected = Counter([*RIGHT, ("RECORD-CUT", "F", "XCDB", "14", 1)])
    compare(found(files, (SET / "context.json").read_bytes()), expected)


TOGETHER = (
    "listing-miscopied shippers-batch-on-shipment same-name-code-and-day "
    "fifteen-months-between-inventories label-twice note-on-entry-that-is-not-there "
    "fissile-weight-missing containment-unknown shippers-batch-missing balance-late "
    "fissile-weights-differ book-wrong more-exempted-than-there-is batch-of-seventeen "
    "exporter-missing four-announced-three-sent difference-without-receipt "
    "two-assemblies-changed-over begins-with-a-gram-more isotopes-exceed-plutonium "
    "difference-miscopied listing-late thorium-not-in-balance decimal-comma muf-wrong "
    "correction-of-nothing loss-without-decay "
)


def test_many_mistakes_together() -> None:
    """What is found together is what is found one by one."""
    mistakes = [mistake for mistake in MISTAKES if mistake.name in TOGETHER.split()]
    assert len(mistakes) == 27
    expected, silent = set(RIGHT), set()
    everything = ReportSet.read()
    for mistake in mistakes:
        alone = ReportSet.read()
        mistake.spoil(alone)
        expected |= set(keys(found(alone.files(), json.dumps(alone.context).encode())))
        silent |= set(mistake.silent)
        mistake.spoil(everything)
    together = found(everything.files(), json.dumps(everything.context).encode())
    assert set(keys(together)) == expected - silent
