"""Reading damaged, odd and wrong files: what is kept, what is said, and about which report."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from keiryo.errors import Severity
from keiryo.reports.formats.code10_reader import ReadResult, read, read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Reference, Weight
from keiryo.reports.rules import check_report

STATE_XA = (Path(__file__).parent / "data" / "xa.txt").read_text("ascii")
LINES = STATE_XA.splitlines()
IMPORT, CORRECTION, NOTE = LINES[0], LINES[9], LINES[10]


def told(result: ReadResult) -> list[str]:
    return [f"{f.code} {f.severity} {f.report} {f.line}" for f in result.findings]


def from_text(text: str) -> ReadResult:
    return read(text.encode("utf-8"), "x.txt")


def test_an_entry_is_read_in_full() -> None:
    result = from_text(IMPORT)
    (report,) = result.reports
    assert (report.key, report.type, report.facility) == ("XA/XAFA/102", "I", "XAF-")
    assert (report.date, report.encoder) == (date(2025, 3, 10), "ORBEN,K.")
    assert (report.period_from, report.period_to) == (date(2025, 2, 1), date(2025, 2, 28))
    (entry,) = report.entries
    assert (entry.number, entry.total, entry.status) == (1, 1, "N")
    assert (entry.shipper, entry.receiver) == ("XB/XBEA", "XA/XAFA")
    assert (entry.code, entry.date, entry.mdc) == ("RF", date(2025, 2, 14), "O/G/R/B")
    assert (entry.batch, entry.shipper_batch, entry.items) == ("CYL30B-4471", "CYL30B-4471", 1)
    assert entry.weights == (Weight("630", 1_541_260_000), Weight("670", 68_585_200))
    assert [weight.text for weight in entry.weights] == ["1541260G", "68585.2G"]
    assert (entry.file, entry.line) == ("x.txt", 1)


def test_a_correction_and_its_note() -> None:
    report = next(r for r in from_text(STATE_XA).reports if r.number == 106)
    assert report.entries[3].refers == Reference("XA", 104, 1)
    assert report.entries[3].note_indicator
    (note,) = report.notes
    assert (note.on_entry, note.on_report, note.line) == (4, False, 11)
    assert note.text is not None
    assert note.text.endswith("WAS 1120.5 G U.")


@pytest.mark.parametrize(
    "text",
    [
        STATE_XA.replace("\n", "\r\n"),
        STATE_XA.replace("\n", "\r"),
        STATE_XA.replace("\n", ""),
        STATE_XA.replace("#", "#\r\n"),
        STATE_XA.replace("#", " #\n\t "),
        STATE_XA.replace("OI/", "ØI/").replace("430:O/", "430:Ø/"),
        STATE_XA.replace("ELEMENT WEIGHT", "ELEMENT\r\nWEIGHT"),
        STATE_XA.replace("ELEMENT WEIGHT", "ELEMENT    WEIGHT"),
        STATE_XA + "\n\n",
        STATE_XA.rstrip("\n") + "\x1a",
    ],
)
def test_odd_but_good(text: str) -> None:
    result = from_text(text)
    assert result.findings == ()
    assert write(result.reports) == STATE_XA


def test_latin1_slashed_o_is_read() -> None:
    result = read(STATE_XA.replace("OI/", "ØI/").encode("latin-1"), "x.txt")
    assert result.findings == ()
    assert write(result.reports) == STATE_XA


def test_notes_before_entries_and_mixed_reports() -> None:
    result = from_text("\n".join(reversed(LINES)))
    assert result.findings == ()
    assert [f for r in result.reports for f in check_report(r)] == []
    assert len(result.reports) == 19
    shuffled = from_text("\n".join(LINES[::2] + LINES[1::2]))
    assert shuffled.findings == ()
    assert set(shuffled.reports) == set(from_text(STATE_XA).reports)


def test_byte_order_mark() -> None:
    result = read(b"\xef\xbb\xbf" + STATE_XA.encode(), "x.txt")
    assert told(result) == ["ENCODING W None 1"]
    assert write(result.reports) == STATE_XA


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FILE-EMPTY"),
        (b" \r\n\x1a", "FILE-EMPTY"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "NOT-CODE10"),
        (b"\x00" * 500, "NOT-CODE10"),
        (b"<html>404</html>", "NOT-CODE10"),
        (STATE_XA.encode("utf-16"), "ENCODING"),
        (STATE_XA.encode("utf-16-le"), "ENCODING"),
        (STATE_XA.encode("utf-16-be"), "ENCODING"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, code: str) -> None:
    result = read(data, "x.bin")
    assert result.reports == ()
    assert [(f.code, f.severity, f.report) for f in result.findings] == [
        (code, Severity.FORMAT, None)
    ]


def test_too_large() -> None:
    result = read(STATE_XA.encode(), "x.txt", max_bytes=100)
    assert told(result) == ["FILE-TOO-LARGE F None None"]
    assert result.reports == ()


def test_damage_names_the_report_hit_and_only_it() -> None:
    for damage in (
        STATE_XA.replace("CORRECTION OF", "CORRECTION \x00OF"),
        STATE_XA.replace("WAS 1120.5 G U.#", "WAS 1120.5 G U."),
        STATE_XA.replace("309:C/XA;104/1#390:Y#", "309:C/XA;104/1#390Y#"),
        STATE_XA.replace(CORRECTION, CORRECTION.replace("630:", "630:0#630:")),
        STATE_XA.replace(CORRECTION, CORRECTION.replace("OI/", "0I/")),
        STATE_XA.replace(CORRECTION, CORRECTION.replace("307:XAFA", "307:XAFB")),
        STATE_XA.replace(CORRECTION, CORRECTION.replace("307:XAFA#", "")),
        STATE_XA.replace(NOTE, NOTE.replace("307:XAFA#", "")),
        STATE_XA.replace(CORRECTION, CORRECTION.replace("20250708", "20250709")),
    ):
        result = from_text(damage)
        assert {f.report for f in result.findings} == {"106"}, told(result)
        assert {f.mba for f in result.findings} <= {"XAFA", "XAFB"}
        assert any(f.severity is Severity.FORMAT for f in result.findings)
        assert all(f.line in (10, 11) for f in result.findings)
        others = [r for r in result.reports if r.number != 106]
        assert others == [r for r in from_text(STATE_XA).reports if r.number != 106]


def test_a_missing_hash_does_not_swallow_the_next_record() -> None:
    result = from_text(STATE_XA.replace(IMPORT, IMPORT[:-1]))
    assert told(result) == ["RECORD-CUT F 102 1"]
    assert len(result.reports) == 19


def test_text_outside_reports() -> None:
    result = from_text("Dear colleagues,\nplease find # our reports #\n" + IMPORT)
    assert told(result) == ["STRAY-TEXT F None 1"]
    assert len(result.reports) == 1
    assert told(from_text("002:1/1#003:20250101#\n" + IMPORT)) == ["STRAY-TEXT F None 1"]


def test_unknown_labels_are_kept_and_written_again() -> None:
    result = from_text(IMPORT.replace("407:1#", "1#4:07#407:1#900:EXTRA#408:X#"))
    assert [f.code for f in result.findings] == ["STRAY-TEXT", "LABEL-UNKNOWN", "LABEL-UNKNOWN"]
    assert result.reports[0].entries[0].unknown == (("408", "X"), ("900", "EXTRA"))
    assert "#407:1#408:X#411:" in write(result.reports)
    assert write(result.reports).endswith("#900:EXTRA#\n")


def test_what_cannot_be_read_is_kept_aside_and_not_called_missing() -> None:
    result = from_text(IMPORT.replace("1541260G", "1,541,260G").replace("20250214", "20250230"))
    assert [f.code for f in result.findings] == ["DATE-INVALID", "NUM"]
    (entry,) = result.reports[0].entries
    assert entry.unreadable == (("412", "20250230"), ("630", "1,541,260G"))
    assert check_report(result.reports[0]) == []
    fine = from_text(IMPORT.replace("68585.2G", "68585.20001G"))
    assert [(f.code, f.found) for f in fine.findings] == [("PRECISION", "68585.20001G")]
    assert fine.reports[0].entries[0].weights_mg()["670"] == 68_585_200


def test_wrong_units_are_converted() -> None:
    (entry,) = from_text(IMPORT.replace("1541260G", "1541.26K")).reports[0].entries
    assert entry.weights_mg()["630"] == 1_541_260_000


def test_six_digit_dates() -> None:
    (report,) = from_text(IMPORT.replace("20250310", "991231")).reports
    assert report.date == date(1999, 12, 31)
    two = [line.replace("20250407", "250407") for line in LINES[1:2]] + LINES[2:4]
    assert from_text("\n".join(two)).findings == ()


def test_one_number_in_several_places() -> None:
    twice = from_text(IMPORT + "\n" + IMPORT)
    assert len(twice.reports) == 1
    codes = [f.code for f in check_report(twice.reports[0])]
    assert codes == ["ENTRY-COUNT", "ENTRY-SEQ"]
    other_mba = IMPORT.replace("307:XAFA", "307:XARA")
    assert len(from_text(IMPORT + "\n" + other_mba).reports) == 2


def test_several_files_are_one_set() -> None:
    data = IMPORT.encode()
    result = read_files([("a.txt", data), ("b.txt", data), ("c.txt", LINES[4].encode())])
    assert [r.key for r in result.reports] == ["XA/XAFA/102", "XA/XAFA/102", "XA/XAFA/104"]
    (found,) = result.findings
    assert (found.code, found.file, found.report) == ("SEQ-DUP", "b.txt", "102")
    assert read_files([]) == ReadResult((), ())
    same_name = read_files([("a.txt", data), ("a.txt", data)])
    assert [f.code for f in same_name.findings] == ["SEQ-DUP"]


def test_textual_reports() -> None:
    text = "001:NC/XA;102#002:1/1#003:20250310#391:THE PLANT IS CLOSED.#\n"
    result = from_text(text + IMPORT)
    assert [r.key for r in result.reports] == ["XA//102", "XA/XAFA/102"]
    assert result.reports[0].type == "T"
    assert write(result.reports) == text + IMPORT + "\n"


def test_parts_of_the_measurement_basis_and_non_latin() -> None:
    text = IMPORT.replace("469:N", "469:M/ /X1").replace("446:", "445:C#446:Ж")
    (entry,) = from_text(text).reports[0].entries
    assert (entry.basis, entry.basis_kmp, entry.basis_method) == ("M", None, "X1")
    assert (entry.non_latin, entry.batch) == ("C", "ЖCYL30B-4471")
    assert "469:M//X1#" in write(from_text(text).reports)
    assert from_text(write(from_text(text).reports)).reports == from_text(text).reports
