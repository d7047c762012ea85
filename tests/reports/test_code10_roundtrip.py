"""What is written is read again, and nothing that is read makes the reader fall over."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report
from keiryo.reports.rules import check_report
from keiryo.testing.code10 import reports

STATE_XA = (Path(__file__).parent / "data" / "xa.txt").read_bytes()


def test_state_xa_is_read_without_findings_and_written_byte_for_byte() -> None:
    result = read(STATE_XA, "xa.txt")
    assert result.findings == ()
    assert [f for report in result.reports for f in check_report(report)] == []
    assert write(result.reports).encode("ascii") == STATE_XA
    assert len(result.reports) == 19
    assert sum(len(r.entries) + len(r.notes) for r in result.reports) == 96


@settings(max_examples=80, deadline=None)
@given(reports())
def test_valid_reports_survive_writing_and_reading(made: list[Report]) -> None:
    text = write(made)
    result = read(text.encode("ascii"), "made.txt")
    assert result.findings == ()
    assert list(result.reports) == made
    assert write(result.reports) == text
    assert [f for report in result.reports for f in check_report(report)] == []


@settings(max_examples=60, deadline=None)
@given(reports(largest=2), st.randoms(use_true_random=False))
def test_labels_in_any_order_and_any_white_space(
    made: list[Report], shuffle: random.Random
) -> None:
    lines = []
    for line in write(made).splitlines():
        first, *rest = line.rstrip("#").split("#")
        shuffle.shuffle(rest)
        gap = shuffle.choice(["", " ", "\r\n", "\n\n  \t"])
        lines.append(gap.join(f"{element}#" for element in (first, *rest)))
    text = shuffle.choice(["", "\r\n", "\n"]).join(lines)
    result = read(text.encode("ascii"), "made.txt")
    assert result.findings == ()
    assert list(result.reports) == made


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_with_findings(data: bytes) -> None:
    result = read(data, "any.bin")
    assert result.reports or result.findings
    for report in result.reports:
        check_report(report)


LABELS = (
    "001 001 002 003 010 015 099 207 307 309 370 372 390 391 407 411 412 430 446 447 469 470 "
    "600 610 620 630 640 670 700 770 800 999"
)
CONTENTS = (
    "OI/XA;1 NC/XA;1 OI/XA;0 1/2 2 20250101 250230 I P M T 20250101/20250131 XAFA XAF- N C "
    "C/XA;1/2 XA/XAFA Y SD NE PB BE MF RABE RM RP B/Q/2/F //// 12.5K -3G 1E3G 0G K E/2 "
    "M//X"
)
ELEMENTS = st.builds(
    "{}:{}#".format,
    st.sampled_from(LABELS.split()),
    st.sampled_from(CONTENTS.split()) | st.text(max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ELEMENTS, max_size=60))
def test_any_elements_are_answered_with_findings(elements: list[str]) -> None:
    text = "".join(["001:OI/XA;1#307:XAFA#", *elements])
    result = read(text.encode("utf-8", "surrogatepass"), "any.txt")
    for report in result.reports:
        for found in check_report(report):
            assert found.report == str(report.number)
            assert found.mba == report.mba
        assert write([report]) == write([report])


@settings(max_examples=100, deadline=None)
@given(st.integers(1, len(STATE_XA) - 2))
def test_a_file_cut_inside_a_report_is_noticed(length: int) -> None:
    lines = STATE_XA.decode("ascii").splitlines(keepends=True)
    whole, end = {0}, 0
    for line, after in pairwise(lines):
        end += len(line)
        if line[4:].split("#")[0][2:] != after[4:].split("#")[0][2:]:
            whole |= {end - 1, end}
    result = read(STATE_XA[:length], "cut.txt")
    found = [*result.findings, *(f for r in result.reports for f in check_report(r))]
    if length in whole:
        assert found == []
    elif not found:
        # The format has no end of record: the loss of a last, optional weight cannot be seen.
        assert STATE_XA[:length].endswith((b"G#", b"K#"))
        assert STATE_XA[length : length + 3] in (b"700", b"770", b"780", b"800")


def test_large_files_are_read_in_time_proportional_to_their_size() -> None:
    line = STATE_XA.decode("ascii").splitlines()[0]
    lines = [line.replace("XA;102", f"XA;{number}") for number in range(1, 5001)]
    records = "\n".join(lines).encode("ascii")
    garbage = [
        b"#" * 1_000_000,
        b"001:" * 250_000,
        b"\n" * 1_000_000 + b"001:",
        b"a#" * 500_000 + b"001:OI/XA;1#",
        b"001:OI/XA;1#" + b"002:1#x#" * 100_000,
        b"001:OI/XA;1#391:" + b" \n" * 500_000 + b"#",
        bytes(range(256)) * 4000,
        b"001:OI/XA;" + b"9" * 1_000_000 + b"#630:" + b"9" * 1_000_000 + b"G#",
    ]
    for data in (records, *garbage):
        start = time.perf_counter()
        result = read(data, "large.txt")
        for report in result.reports:
            check_report(report)
        assert time.perf_counter() - start < 8
    assert len(read(records, "large.txt").reports) == 5000
