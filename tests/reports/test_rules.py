"""Each rule on one report: what breaks it, how serious that is, and what does not break it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from keiryo.errors import Finding
from keiryo.quantities import Category
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import CategoryGroup, Entry, Reference, Report, Weight
from keiryo.reports.rules import RULES, check_report

HEADER = "003:20250310#006:ORBEN,K.#010:{}#015:20250201/20250228#207:XAF-#307:XAFA#"
BATCH = "430:B/Q/1/G#446:B1#469:M#470:1#"
LOSS = f"309:N#407:3#411:LD#412:20250214#{BATCH}630:100G#670:4G#"
RECEIPT = (
    "309:N#370:XA/XARA#372:XA/XAFA#407:1#411:RD#412:20250214#430:B/Q/1/G#446:B1#447:B1#"
    "469:N#470:1#630:100G#670:4G#"
)
BALANCE = (
    "411:PB#610:10K#630:1000G#670:40G#700:7G#",
    "411:RF#630:500.4G#670:20G#",
    "411:NE#610:1K#630:1000G#670:7.1G#",
    "411:SD#630:200G#670:8G#",
    "411:DI#630:-0.5G#670:0G#",
    "411:BA#610:9K#630:2300.9G#670:59.1G#700:7G#",
    "411:PE#610:9K#630:2300G#670:59G#700:7G#",
    "411:MF#630:0.9G#670:0.1G#",
)
NOTE = "003:20250310#{}207:XAF-#307:XAFA#391:{}#"


def report(kind: str, *lines: str, notes: tuple[str, ...] = ()) -> str:
    text = ""
    for number, line in enumerate(lines, 1):
        of = f"/{len(lines)}" if number == 1 else ""
        text += f"001:OI/XA;7#002:{number}{of}#{HEADER.format(kind)}{line}\n"
    for number, line in enumerate(notes, 1):
        of = f"/{len(notes)}" if number == 1 else ""
        text += f"001:NC/XA;7#002:{number}{of}#{line}\n"
    return text


def findings(text: str) -> list[Finding]:
    result = read(text.encode("utf-8"), "x.txt")
    found = [*result.findings, *(f for r in result.reports for f in check_report(r))]
    assert all(f.report for f in found)
    return found


def told(text: str) -> list[str]:
    return [f"{f.code} {f.severity} {f.label}" for f in findings(text)]


CHANGED = [
    # text of the loss, what it is changed to, findings
    ("309:N", "309:X", ["LABEL-FORMAT F 309"]),
    ("309:N#", "", ["LABEL-MISSING F 309"]),
    ("309:N", "309:N/XA;1/1", ["LABEL-FORMAT F 309"]),
    ("309:N", "309:A", ["CORR-REF E 309"]),
    ("309:N", "309:C/XA;1", ["CORR-REF E 309"]),
    ("309:N", "309:C/XA;1/1", []),
    ("407:3", "407:333", ["LABEL-FORMAT F 407"]),
    ("411:LD", "411:ld", ["IC-UNKNOWN F 411"]),
    ("411:LD", "411:PE", ["IC-UNKNOWN F 411"]),
    ("411:LD", "411:RALD", ["IC-UNKNOWN F 411"]),
    ("411:LD", "411:RALNX", ["IC-UNKNOWN F 411"]),
    ("412:20250214#", "", ["LABEL-MISSING F 412"]),
    ("412:20250214", "412:250214", []),
    ("412:20250214", "412:20250301", ["DATE-OUT-OF-PERIOD E 412"]),
    ("412:20250214", "412:20250311", ["DATE-FUTURE E 412", "DATE-OUT-OF-PERIOD E 412"]),
    ("430:B/Q/1/G", "430:ØQ1G", []),
    ("430:B/Q/1/G", "430:B/0/1/G", ["MDC-INVALID F 430"]),
    ("430:B/Q/1/G", "430:b/q/1/g", ["MDC-INVALID F 430"]),
    ("446:B1", "446:B/1", ["LABEL-FORMAT F 446"]),
    ("446:B1", "446:Б1", ["LABEL-FORMAT F 446"]),
    ("446:B1", "445:X#446:Б1", []),
    ("446:B1", "446:", ["LABEL-FORMAT W 446", "LABEL-MISSING F 446"]),
    ("446:B1", "435:X#446:B1", ["LABEL-FORMAT F 435"]),
    ("446:B1", "436:A/B: C;D#446:B1", []),
    ("446:B1", "447:B1#446:B1", ["SHIPPER-BATCH W 447"]),
    ("407:3", "370:XB#407:3", ["LABEL-MISPLACED W 370"]),
    ("469:M", "469:M/4/X", []),
    ("469:M", "469:M/4/X/Y", ["LABEL-FORMAT F 469"]),
    ("470:1", "470:-1", ["NUM F 470"]),
    ("470:1#", "", ["LABEL-MISSING F 470"]),
    ("630:100G#670:4G#", "", ["LABEL-MISSING F 600"]),
    ("630:100G", "630:12,5K", ["NUM F 630"]),
    ("630:100G", "630:1 000G", ["NUM F 630"]),
    ("630:100G", "630:1.2E3G", ["NUM F 630"]),
    ("630:100G", "630:-100G", ["NUM F 630"]),
    ("630:100G", "630:0.1K", ["UNIT F 630"]),
    ("630:100G", "630:100", ["UNIT F 630"]),
    ("630:100G", "630:100g", ["UNIT F 630"]),
    ("630:100G", "630:100T", ["UNIT F 630"]),
    ("630:100G", "630:100.000G", []),
    ("670:4G", "640:4G", []),
    ("670:4G", "650:4G", ["ISOTOPE-MISSING F 630"]),
    ("630:100G#670:4G", "600:100G", ["ISOTOPE-MISSING F 600"]),
    ("630:100G#670:4G", "600:100G#610:1K#670:4G", ["CAT-LABELS F 600"]),
    ("630:100G#670:4G", "670:4G", ["ELEMENT-MISSING F 670"]),
    ("630:100G#670:4G", "720:4G#800:1K", ["ELEMENT-MISSING F 720"]),
    ("670:4G", "670:60G#690:39G", []),
    ("670:4G", "670:60G#690:41G", []),
    ("670:4G", "670:60G#690:42G", ["ISO-GT-ELEM E 630"]),
    ("670:4G", "640:40G#660:70G#670:30G", []),
    ("630:100G#670:4G", "700:10G#710:1G#720:2G#760:8G", []),
    ("630:100G#670:4G", "700:10G#710:5G#760:8G", ["ISO-GT-ELEM E 700"]),
    ("630:100G#670:4G", "610:1K#770:1001G", ["ISO-GT-ELEM E 770"]),
    ("411:LD", "411:LN", []),
    ("411:LD#412:20250214#" + BATCH + "630:100G", "411:LN#412:20250214#" + BATCH + "630:1G", []),
    ("630:100G#670:4G", "800:1K", []),
    ("001:OI/XA;7", "001:OI/XA;0", ["LABEL-FORMAT F 001"]),
    ("002:1/1", "002:0/1", ["LABEL-FORMAT F 002"]),
    ("002:1/1#", "", ["LABEL-MISSING F 002"]),
    ("002:1/1", "002:1", ["ENTRY-COUNT F 002"]),
    ("003:20250310#", "", ["LABEL-MISSING F 003"]),
    ("003:20250310", "003:20251310", ["DATE-INVALID F 003"]),
    ("006:ORBEN,K.#", "", ["LABEL-MISSING F 006"]),
    ("006:ORBEN,K.", "006:Orben,K.", ["LABEL-FORMAT F 006"]),
    ("010:I", "010:X", ["LABEL-FORMAT F 010"]),
    ("015:20250201/20250228", "015:20250228", ["LABEL-FORMAT F 015"]),
    ("015:20250201/20250228", "015:20250228/20250201", ["LABEL-FORMAT F 015"]),
    ("015:20250201/20250228", "015:20250201/20250331", ["DATE-FUTURE E 015"]),
    ("207:XAF-", "207:XAF", ["LABEL-FORMAT F 207"]),
    ("307:XAFA", "307:xafa", ["LABEL-FORMAT F 307"]),
]


def test_the_reports_used_here_are_good() -> None:
    good = (report("I", LOSS), report("I", RECEIPT), report("M", *(f"309:N#{b}" for b in BALANCE)))
    for text in good:
        assert told(text) == []


@pytest.mark.parametrize(("old", "new", "expected"), CHANGED)
def test_a_changed_loss(old: str, new: str, expected: list[str]) -> None:
    text = report("I", LOSS)
    assert text.count(old) == 1
    assert told(text.replace(old, new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("370:XA/XARA#", "", ["PARTY-MISSING F 370"]),
        ("372:XA/XAFA#", "", ["PARTY-MISSING W 372"]),
        ("370:XA/XARA", "370:XB/XARA", ["PARTY-MISSING F 370"]),
        ("370:XA/XARA", "370:XA", ["PARTY-MISSING F 370"]),
        ("370:XA/XARA", "370:XA/XAFA", ["PARTY-MISSING F 370"]),
        ("372:XA/XAFA", "372:XA/XALA", ["PARTY-MISSING F 372"]),
        ("370:XA/XARA", "370:XA-XARA", ["LABEL-FORMAT F 370", "PARTY-MISSING F 370"]),
        ("370:XA/XARA#372:XA/XAFA#407:1#411:RD", "370:XB#372:XA/XAFA#407:1#411:RF", []),
        ("447:B1#", "", ["SHIPPER-BATCH F 447"]),
        ("447:B1#", "447:UNKNOWN#", []),
        ("447:B1#", "447:ABCDEFGHIJKLMNOPQ#", ["BATCH-LEN F 447"]),
        ("309:N", "309:D/XA;1/1", []),
    ],
)
def test_a_changed_receipt(old: str, new: str, expected: list[str]) -> None:
    text = report("I", RECEIPT)
    assert text.count(old) == 1
    assert told(text.replace(old, new)) == expected


@pytest.mark.parametrize(
    ("code", "weights", "expected"),
    [
        ("NE", "610:1K#630:1000G#670:7G#", []),
        ("NE", "610:1K#630:1000G#670:7G#770:7G#", []),
        ("NE", "610:1K#630:1000G#670:7G#770:8G#", ["CAT-LABELS W 770"]),
        ("NE", "610:1K#630:1000G#670:7G#780:7G#", ["CAT-LABELS F 780"]),
        ("NE", "610:1K#630:1000G#", ["ISOTOPE-MISSING F 630"]),
        ("NE", "630:1000G#670:7G#", ["CAT-LABELS F 610"]),
        ("NE", "610:1K#630:1000G#670:7G#700:1G#", ["CAT-LABELS F 700"]),
        ("DN", "610:1K#620:1K#770:3G#780:4G#", []),
        ("DN", "610:1K#620:1K#670:7G#", ["CAT-LABELS F 670"]),
        ("DN", "600:1000G#670:7G#",
         ["CAT-LABELS F 610", "CAT-LABELS F 620", "CAT-LABELS F 600", "CAT-LABELS F 670"]),
    ],
)  # fmt: skip
def test_category_changes(code: str, weights: str, expected: list[str]) -> None:
    line = LOSS.replace("411:LD", f"411:{code}").replace("630:100G#670:4G#", weights)
    assert told(report("I", line)) == expected


@pytest.mark.parametrize(
    ("position", "old", "new", "expected"),
    [
        (0, "610:10K", "610:11K", ["BA-ARITH E 610"]),
        (0, "700:7G", "700:7.001G", ["BA-ARITH E 700"]),
        (1, "670:20G", "670:21G", ["BA-ARITH E 670"]),
        (3, "411:SD", "411:RM", ["IC-UNKNOWN F 411", "BA-ARITH E 630", "BA-ARITH E 670"]),
        (4, "630:-0.5G", "630:0.5G", ["BA-ARITH E 630"]),
        (6, "670:59G", "670:58G", ["MF-ARITH E 670"]),
        (6, "670:59G", "670:-59G", ["NUM F 670", "MF-ARITH E 670"]),
        (7, "411:MF", "411:RAMF", []),  # MF of 0 and a rounding of 0.9 g
        (7, "630:0.9G", "630:0.9X", ["UNIT F 630"]),
    ],
)
def test_a_changed_balance(position: int, old: str, new: str, expected: list[str]) -> None:
    lines = [f"309:N#{line}" for line in BALANCE]
    assert lines[position].count(old) == 1
    lines[position] = lines[position].replace(old, new)
    assert told(report("M", *lines)) == expected


def test_a_balance_with_rounding_adjustments() -> None:
    lines = (
        "411:PB#630:1000G#670:0G#", "411:RF#630:500G#670:0G#", "411:SD#630:601G#670:0G#",
        "411:RASD#630:-1G#670:0G#", "411:BE#630:900G#670:0G#", "411:RABE#630:-1G#670:0G#",
        "411:BA#630:900G#670:0G#", "411:RABA#630:-1G#670:0G#", "411:PE#630:899G#670:0G#",
        "411:MF#630:1G#670:0G#",
    )  # fmt: skip
    text = report("M", *(f"309:N#{line}" for line in lines))
    assert told(text) == []
    assert told(text.replace("RABE", "RASF")) == ["BE-ARITH E 630"]
    assert told(text.replace("RABA", "RASF")) == ["BA-ARITH E 630"]


def test_several_lines_of_one_code_are_added_up() -> None:
    lines = list(BALANCE)
    lines[0:1] = ["411:PB#610:10K#700:7G#", "411:PB#630:1000G#670:40G#"]
    assert told(report("M", *(f"309:N#{line}" for line in lines))) == []


def test_an_empty_area_reports_status_u() -> None:
    for kind in "PM":
        assert told(report(kind, "309:U#")) == []
    assert told(report("M", "309:N#")) == ["LABEL-MISSING F 411", "LABEL-MISSING F 600"]


def test_a_listing() -> None:
    line = f"309:N#407:A#{BATCH}630:52G#670:0G#"
    assert told(report("P", line)) == []
    assert told(report("P", line).replace("20250201/20250228", "20250228")) == []
    assert told(report("P", line.replace("407:A#", "411:SD#407:A#"))) == ["LABEL-MISPLACED W 411"]
    assert told(report("P", line.replace("630:52G", "630:-52G"))) == ["NUM F 630"]


def test_rebatching() -> None:
    out, into = LOSS.replace("LD", "RM"), LOSS.replace("LD", "RP")
    assert told(report("I", out, into)) == []
    assert told(report("I", out, into.replace("670:4G", "670:3G"))) == ["REBATCH E 670"]
    assert told(report("I", out)) == ["REBATCH E 630", "REBATCH E 670"]
    assert told(report("I", out, into.replace("670:4G", "670:4G#690:90G"))) == []
    assert told(report("I", out.replace("309:N", "309:C/XA;1/1"))) == []


def test_notes() -> None:
    noted = LOSS.replace("309:N#", "309:N#390:Y#")
    on_entry, on_all = NOTE.format("099:E/1#", "DRAIN."), NOTE.format("", "A: B/C; D (1.5 %).")
    assert told(report("I", noted, notes=(on_entry,))) == []
    assert told(report("I", noted, notes=(on_all,))) == []
    assert told(report("I", noted)) == ["NOTE-MISSING E 390"]
    assert told(report("I", LOSS, notes=(on_entry,))) == ["NOTE-INDICATOR E 099"]
    elsewhere = NOTE.format("099:E/2#", "DRAIN.")
    assert told(report("I", LOSS, notes=(elsewhere,))) == ["NOTE-MISSING E 099"]
    for bad, code in (("drain", "NOTE-CHARSET F 391"), ("É", "NOTE-CHARSET F 391"),
                      ("X" * 2001, "NOTE-LEN F 391")):  # fmt: skip
        assert told(report("I", LOSS, notes=(NOTE.format("", bad),))) == [code]
    assert told(report("I", LOSS, notes=(NOTE.format("099:E#", "X"),))) == ["LABEL-FORMAT F 099"]
    assert told(report("I", LOSS, notes=("003:20250310#207:XAF-#307:XAFA#",))) == [
        "LABEL-MISSING F 391"]  # fmt: skip


def test_a_textual_report() -> None:
    assert told("001:NC/XA;5#002:1/1#003:20250310#391:PLANT CLOSED.#\n") == []
    long = f"001:NC/XA;5#002:1/1#003:20250310#391:{'X' * 1990}#\n"
    assert told(long) == ["NOTE-LEN W 391"]
    assert told("001:NC/XA;5#002:1/1#391:PLANT CLOSED.#\n") == ["LABEL-MISSING F 003"]


def test_numbering() -> None:
    text = report("I", LOSS, LOSS, LOSS)
    assert told(text) == []
    assert told(text.replace("002:3#", "002:2#")) == ["ENTRY-SEQ F 002"]
    assert told(text.replace("002:3#", "002:4#")) == ["ENTRY-SEQ F 002"]
    assert told(text.replace("002:1/3#", "002:1/4#")) == ["ENTRY-COUNT F 002"]
    lines = text.splitlines()
    assert told("\n".join(reversed(lines))) == []


def test_very_many_findings_of_one_kind_are_cut_to_a_number() -> None:
    found = findings(report("I", *[LOSS.replace("469:M", "469:Q")] * 300))
    assert len(found) == 101
    assert found[-1].message.startswith("200 more")


def test_reports_made_by_a_program_are_checked_too() -> None:
    made = Report(country="XA", number=7, type="I", entries=(Entry(number=1, status="C"),))
    codes = {(f.code, f.label) for f in check_report(made)}
    asked = "003 006 015 207 307 407 411 412 430 446 469 470 600"
    assert {("LABEL-MISSING", label) for label in asked.split()} <= codes
    assert ("CORR-REF", "309") in codes
    wrong = replace(made, type="Q", mba="A", encoder="O" * 31)
    assert {"010", "307", "006"} <= {
        f.label for f in check_report(wrong) if f.code == "LABEL-FORMAT"
    }


def test_groups() -> None:
    by_label = {"610": 12_500_000, "630": 100, "640": 1, "650": 2, "660": 9, "670": 8,
                "700": 5, "760": 3, "770": 4, "800": 6}  # fmt: skip
    entry = Entry(number=1, weights=tuple(Weight(label, mg) for label, mg in by_label.items()))
    isotopes = (("U-233", 1), ("U-234", 2), ("U-235", 8))
    assert entry.groups() == (
        CategoryGroup(Category.NATURAL, 12_500_000, 4, "U-235"),
        CategoryGroup(Category.ENRICHED, 100, 9, "U-233+U-235", isotopes),
        CategoryGroup(Category.PLUTONIUM, 5, isotopes=(("Pu-239+Pu-241", 3),)),
        CategoryGroup(Category.THORIUM, 6),
    )
    assert Entry(number=1).groups() == ()


def test_equality_goes_by_content() -> None:
    assert Weight("630", 5, "0.005G") == Weight("630", 5, "0.0050G")
    assert Entry(number=1, file="a", line=1) == Entry(number=1, file="b", line=2)
    assert Entry(number=1, refers=Reference("XA", 1, 1)) != Entry(number=1)


def test_keys_and_writing() -> None:
    textual = Report(country="XA", number=5, type="T", date=date(2025, 3, 10))
    assert textual.key == "XA//5"
    assert replace(textual, mba="XAFA").key == "XA/XAFA/5"
    assert write([textual]) == ""


def test_the_table_of_rules() -> None:
    for code, rule in RULES.items():
        assert code == code.upper()
        assert rule.title and rule.basis and rule.advice.endswith("."), code
        assert rule.found_by in ("reader", "rules")
