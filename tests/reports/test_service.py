"""Receiving reports: accepted, refused, recognised; one act each, and never twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from cases.making import EMPTY, change, deleted, line, listed, report
from keiryo.errors import ClockError, Severity
from keiryo.journal.verify import verify
from keiryo.reports.service import import_reports
from small_books import ACTOR, PLANT, STORE, SmallBooks, area, batch

JAN = "20250101/20250131"


@pytest.fixture
def plant(database_url: str) -> SmallBooks:
    return SmallBooks(database_url, XHFA=PLANT)


def loss(content: str = "630:5 670:0.2", **more: str) -> list[tuple[str, str]]:
    return change("LD", "20250104", "LIQ-1", content, **more)  # type: ignore[arg-type]


def text(number: int, *entries: list[tuple[str, str]], date: str = "20250228") -> str:
    return report("XH/XHF-/XHFA", number, "I", date, JAN, entries)


def codes(outcome: object) -> set[str]:
    return {f.code for f in outcome.findings}  # type: ignore[attr-defined]


def last_act(books: SmallBooks) -> int:
    with books.database.reading() as connection:
        act = books.database.metadata.tables["act"]
        return int(connection.execute(select(func.max(act.c.act_id))).scalar_one())


def test_importing_again_changes_nothing(plant: SmallBooks) -> None:
    first = plant.take(text(1, loss()), text(2, loss("630:1")))
    assert [o.outcome for o in first.outcomes] == ["accepted", "refused"]
    assert not first.complete
    before = last_act(plant)
    again = plant.take(text(1, loss()), text(2, loss("630:1")))
    assert [o.outcome for o in again.outcomes] == ["recorded before", "refused"]
    assert [o.act_id for o in again.outcomes] == [o.act_id for o in first.outcomes]
    assert [codes(o) for o in again.outcomes] == [set(), {"ISOTOPE-MISSING"}]
    assert last_act(plant) == before
    assert plant.lines("XHFA", "2025-01-01", "2025-01-31")["LD"]["E"]["element"] == "5"
    assert verify(plant.database).problems == ()


def test_same_report_in_another_file_with_other_line_ends(plant: SmallBooks) -> None:
    plant.take(text(1, loss()))
    noisy = text(1, loss()).replace("\n", "\r\n").replace("#470", "#\r\n 470")
    outcome = plant.take("\r\n", noisy).outcomes[-1]
    assert outcome.outcome == "recorded before"


def test_same_number_with_other_content(plant: SmallBooks) -> None:
    plant.take(text(1, loss()))
    other = text(1, loss("630:6 670:0.2"))
    assert [codes(o) for o in plant.take(other).outcomes] == [{"SEQ-DUP"}]
    both = plant.take(text(2, loss()), text(2, loss("630:7 670:0.2")))
    assert [o.outcome for o in both.outcomes] == ["accepted", "refused"]  # the first is kept
    assert codes(both.outcomes[1]) == {"SEQ-DUP"}
    assert plant.lines("XHFA", "2025-01-01", "2025-01-31")["LD"]["E"]["element"] == "10"


def test_refused_report_is_corrected_and_sent_again(plant: SmallBooks) -> None:
    refused = plant.take(text(1, loss("630:5"))).outcomes[0]
    assert refused.outcome == "refused"
    assert "LD" not in plant.lines("XHFA", "2025-01-01", "2025-01-31")
    correction = text(2, loss("630:5 670:0.3", status="C/XH;1/1"))
    assert codes(plant.take(correction).outcomes[0]) == {"CORR-REF"}
    assert plant.take(text(1, loss())).outcomes[0].outcome == "accepted"
    assert plant.take(correction).outcomes[0].outcome == "accepted"
    assert plant.lines("XHFA", "2025-01-01", "2025-01-31")["LD"]["E"]["fissile"] == "0.3"


def test_refused_again_for_another_reason_is_another_act(plant: SmallBooks) -> None:
    addition = text(3, loss(status="A/XH;2/1"))
    first = plant.take(addition).outcomes[0]
    assert "not known" in first.findings[0].message
    plant.take(text(2, loss()))
    second = plant.take(addition).outcomes[0]
    assert "taken" in second.findings[0].message
    assert second.act_id > first.act_id
    assert plant.take(addition).outcomes[0].act_id == second.act_id


def test_inconsistency_is_accepted_only_for_a_reason(plant: SmallBooks) -> None:
    outside = text(1, change("LD", "20250205", "LIQ-1", "630:5 670:0.2"))
    assert plant.take(outside).outcomes[0].outcome == "refused"
    accepted = plant.take(outside, reason="confirmed by telephone")
    assert accepted.outcomes[0].outcome == "accepted"
    assert codes(accepted.outcomes[0]) == {"DATE-OUT-OF-PERIOD"}
    with plant.database.reading() as connection:
        act = plant.database.metadata.tables["act"]
        reason = connection.execute(
            select(act.c.reason).where(act.c.act_id == accepted.outcomes[0].act_id)
        ).scalar()
    assert reason == "confirmed by telephone"
    wrong_form = text(2, loss("630:5"))
    assert plant.take(wrong_form, reason="please").outcomes[0].outcome == "refused"


def test_unregistered_area(plant: SmallBooks) -> None:
    foreign = report("XH/XHZ-/XHZA", 1, "I", "20250228", JAN, [loss()])
    assert codes(plant.take(foreign).outcomes[0]) == {"MBA-UNKNOWN"}
    accepted = plant.take(foreign, reason="the register follows").outcomes[0]
    assert (accepted.outcome, codes(accepted)) == ("accepted", {"MBA-UNKNOWN"})
    assert plant.lines("XHZA", "2025-01-01", "2025-01-31")["LD"]["E"]["element"] == "5"


@pytest.mark.parametrize(
    ("place", "code"),
    [("XH/XHG-/XHFA", "FACILITY-UNKNOWN"), ("XB/XHF-/XHFA", "STATE-UNKNOWN")],
)
def test_report_from_another_place(plant: SmallBooks, place: str, code: str) -> None:
    outcome = plant.take(report(place, 1, "I", "20250228", JAN, [loss()])).outcomes[0]
    assert codes(outcome) == {code}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (deleted("XH;1/2"), "does not exist"),
        (deleted("XB;1/1"), "State XB"),
        (deleted("XH;9/1"), "later report"),
        (loss(status="A/XH;1/1"), "taken"),
        (loss(status="A/XH;3/1"), "not known"),
    ],
)
def test_reference_that_leads_nowhere(
    plant: SmallBooks, entry: list[tuple[str, str]], words: str
) -> None:
    plant.take(text(1, loss()))
    outcome = plant.take(text(4, entry)).outcomes[0]
    assert codes(outcome) == {"CORR-REF"}
    assert words in outcome.findings[0].message
    assert outcome.findings[0].entry == 1


def test_deleted_entry_can_be_neither_corrected_nor_deleted(plant: SmallBooks) -> None:
    plant.take(text(1, loss()), text(2, deleted("XH;1/1"), date="20250301"))
    assert "LD" not in plant.lines("XHFA", "2025-01-01", "2025-01-31")
    for number, entry in ((3, deleted("XH;1/1")), (4, loss(status="C/XH;1/1"))):
        assert codes(plant.take(text(number, entry, date="20250302")).outcomes[0]) == {"CORR-REF"}
    # Its number may be given again by an addition.
    assert plant.take(text(5, loss(status="A/XH;1/1"), date="20250303")).complete


def test_two_corrections_of_one_entry_in_one_report(plant: SmallBooks) -> None:
    plant.take(text(1, loss()))
    twice = text(2, loss("630:6 670:0.2", status="C/XH;1/1"), deleted("XH;1/1"))
    outcome = plant.take(twice, reason="even so").outcomes[0]
    assert (outcome.outcome, codes(outcome)) == ("refused", {"CORR-REF"})


def test_chain_of_corrections_by_any_of_its_names(plant: SmallBooks) -> None:
    plant.take(text(1, loss()))
    for number, (refers, content) in enumerate(
        [("1/1", "630:6 670:1"), ("1/1", "630:7 670:1"), ("3/1", "630:8 670:1"),
         ("2/1", "630:9 670:1")], start=2,
    ):  # fmt: skip
        outcome = plant.take(text(number, loss(content, status=f"C/XH;{refers}"))).outcomes[0]
        assert outcome.outcome == "accepted", (refers, outcome.findings)
    assert plant.lines("XHFA", "2025-01-01", "2025-01-31")["LD"]["E"]["element"] == "9"


def test_correction_of_the_opening_inventory(plant: SmallBooks) -> None:
    with_number = PLANT | {"earlier_reports_entry_count": {"7": 2}, "last_report_no": 7}
    plant.begin({"XHGA": with_number | {"facility": "XHG-"}})
    entry = listed("LEU-1", "630:1001 670:45", status="C/XH;7/1")
    again = report("XH/XHG-/XHGA", 8, "P", "20250228", "20241231", [entry])
    summary = plant.take(again)
    assert summary.complete and not summary.open_findings
    assert plant.inventory("XHGA", "2024-12-31")["totals"]["E"]["element"] == "1001"
    assert plant.lines("XHGA", "2025-01-01", "2025-01-31")["PB"]["E"]["element"] == "1001"


def test_file_that_is_no_report(plant: SmallBooks) -> None:
    outcomes = plant.take("nothing of that kind", text(1, loss())).outcomes
    assert [(o.report, o.outcome) for o in outcomes] == [
        ("0.txt", "refused"),
        ("XH/XHFA/1", "accepted"),
    ]


def test_correction_follows_what_it_corrects_whatever_the_order_of_the_files(
    plant: SmallBooks,
) -> None:
    correction = text(2, loss("630:6 670:0.2", status="C/XH;1/1"), date="20250310")
    assert plant.take(correction, text(1, loss())).complete


def test_gap_is_open_until_the_report_comes(plant: SmallBooks) -> None:
    other = change("LD", "20250105", "LIQ-2", "630:5 670:0.2")
    opened = plant.take(text(2, other)).open_findings
    assert [(f.code, f.severity) for f in opened] == [("SEQ-GAP", Severity.INCONSISTENCY)]
    assert plant.take(text(1, loss())).open_findings == ()


def test_listing_and_balance_belong_together(plant: SmallBooks) -> None:
    period = "20250101/20251231"
    whole = [line(code, "610:50 630:1000 670:45") for code in ("PB", "BA", "PE")]
    balance = report("XH/XHF-/XHFA", 1, "M", "20260110", period, whole)
    found = plant.take(balance).open_findings
    assert {f.code for f in found} == {"MBR-MISSING"}
    listing = [listed("LEU-1", "630:1000 670:45"), listed("NAT-1", "610:50")]
    later = report("XH/XHF-/XHFA", 2, "P", "20260110", "20251231", listing)
    assert plant.take(later).open_findings == ()


def test_empty_area(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHSA=area("item"))
    place = "XH/XHF-/XHSA"
    summary = books.take(
        report(place, 1, "M", "20260110", "20250101/20251231", [EMPTY]),
        report(place, 2, "P", "20260110", "20251231", [EMPTY]),
    )
    assert summary.complete and not summary.open_findings
    assert not any(books.lines("XHSA").values())


@pytest.mark.parametrize(
    ("change_of_receipt", "code"),
    [
        ({}, None),
        ({"content": "630:99 670:4.5"}, "TRANSIT-WEIGHT"),
        ({"day": "20250103"}, "TRANSIT-DATE"),
        ({"mdc": "B/Q/1/G"}, "TRANSIT-MDC"),
        ({"items": 2}, "TRANSIT-ITEMS"),
        ({"shipper_batch": "FA-9"}, "RECEIPT-UNMATCHED"),
    ],
)
def test_transit(sqlite_url: str, change_of_receipt: dict[str, object], code: str | None) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT, XHSA=STORE)
    parties = {"shipper": "XH/XHFA", "receiver": "XH/XHSA"}
    sent = change("SD", "20250104", "FA-3", "630:100 670:4.5", mdc="B/Q/2/F", items=1, **parties)
    found = books.take(text(1, sent)).open_findings
    assert [f.code for f in found] == ["TRANSIT-OPEN"]
    fields: dict[str, object] = {
        "content": "630:100 670:4.5", "day": "20250106", "mdc": "B/Q/2/F", "items": 1,
        "shipper_batch": "FA-3",
    } | change_of_receipt  # fmt: skip
    got = change("RD", fields.pop("day"), "FA-3", fields.pop("content"), basis="N",  # type: ignore[arg-type]
                 **parties, **fields)  # type: ignore[arg-type]  # fmt: skip
    found = books.take(report("XH/XHF-/XHSA", 1, "I", "20250228", JAN, [got])).open_findings
    wanted = set() if code is None else {code}
    wanted |= {"TRANSIT-OPEN"} if code == "RECEIPT-UNMATCHED" else set()
    assert {f.code for f in found} == wanted


def test_context_that_contradicts_the_reports(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url)
    data = {
        "country": "XH",
        "prior_pit": "20241231",
        "mbas": {"XHFA": PLANT | {"facility": "XHG-"}},
    }
    files = [("1.txt", text(1, loss()).encode())]
    context = ("context.json", json.dumps(data).encode())
    summary = import_reports(books.database, files, ACTOR, context=context)
    found = {f.code for f in summary.context_findings}
    found |= {f.code for o in summary.outcomes for f in o.findings}
    assert "CONTEXT-CONTRADICTS" in found
    assert not summary.complete


def test_context_given_twice_counts_once(plant: SmallBooks) -> None:
    again = plant.begin({"XHFA": PLANT})
    assert again.context_act is not None and not again.context_findings
    other = plant.begin({"XHFA": area("bulk", batch("LEU-1", _630="999", _670="45"))})
    assert other.context_act is None
    assert [f.code for f in other.context_findings] == ["CONTEXT-EXISTS"]
    assert plant.lines("XHFA", "2025-01-01", "2025-01-31")["PB"]["E"]["element"] == "1000"


def test_clock_that_runs_backwards(sqlite_url: str) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    books = SmallBooks(sqlite_url, clock=lambda: now[0], XHFA=PLANT)
    now[0] -= timedelta(hours=1)
    with pytest.raises(ClockError):
        books.take(text(1, loss()))
    now[0] += timedelta(hours=2)
    assert books.take(text(1, loss())).complete
