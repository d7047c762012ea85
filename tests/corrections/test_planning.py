"""What follows from one wrong entry: State XA with exact numbers, and the rules around it."""

from __future__ import annotations

import datetime
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from corrections.state_xa import DAY, context, filings, planned, reports, told
from keiryo.corrections.model import DELETE, Addition, Choices, CorrectionPlan
from keiryo.corrections.planner import plan
from keiryo.quantities import format_weight
from keiryo.reports.filing import file_reports
from keiryo.reports.model import weight_unit


def new_questions(made: CorrectionPlan) -> set[str]:
    return {f.code for f in made.appearing} - {"CORR-DIFF"}


def codes(made: CorrectionPlan) -> set[str]:
    return {f.code for f in made.findings}


def test_the_correction_of_the_example() -> None:
    """On the books without it, the assistant makes the entry that report 106 has."""
    given_reports = reports()
    of_106 = next(r for r in given_reports if (r.mba, r.number) == ("XAFA", 106))
    wanted = of_106.entries[3]
    short = replace(of_106, entries=of_106.entries[:3], notes=())
    short = replace(short, entries=(replace(short.entries[0], total=3), *short.entries[1:]))
    without = [short if r is of_106 else r for r in given_reports]
    made = plan(
        file_reports(without, context()), "XAFA", 104, 1, {"element": "1210.5"},
        Choices(DAY, "Correction of transposed digits in element weight"),
    )  # fmt: skip
    assert made.possible
    assert [r.key for r in made.reports] == ["XA/XAFA/111"]  # the balance was right already
    entry, note = made.reports[0].entries[0], made.reports[0].notes[0]
    assert replace(entry, number=4, total=None) == wanted
    assert note.reference == "E/1"
    assert note.text == "CORRECTION OF TRANSPOSED DIGITS IN ELEMENT WEIGHT. 630 WAS 1120.5 G."
    assert {f.code for f in made.vanishing} == {"ICR-MBR"}
    assert new_questions(made) == set()


def test_a_shipment_draws_receipt_listing_and_both_balances_after_it() -> None:
    made = planned("XAFA", "107/1", {"630": "461310.4"}, follow_listing=True)
    assert told(made) == [
        "XAFA 111/1 C 107/1 SD 630=461310.4 g",
        "XARA 34/1 C 31/1 RD 630=461310.4 g",
        "XARA 35/1 C 33/7 - 630=461310.4 g",
        "XAFA 112/1 C 109/6 SD 630=1844983.5 g",
        "XAFA 112/2 C 109/9 BE 630=2749769.65 g",
        "XAFA 112/3 C 109/11 BA 630=2749415.05 g",
        "XAFA 112/4 C 109/13 MF 630=712.346 g",
        "XARA 36/1 C 32/2 RD 630=1844933.5 g",
        "XARA 36/2 C 32/6 BE 630=5880527 g",
        "XARA 36/3 C 32/7 BA 630=5880527 g",
        "XARA 36/4 C 32/8 PE 630=5880527 g",
    ]
    assert (made.decisions, made.vanishing, new_questions(made)) == ((), (), set())
    assert all(e.note_indicator for r in made.reports for e in r.entries)
    changed = {(e.mba, e.line): e.element_after_mg for e in made.effects if e.kind == "book"}
    assert changed == {("XAFA", "BOOK"): 2749415050, ("XARA", "BOOK"): 5880527000}


def test_without_leave_the_listing_is_a_question() -> None:
    made = planned("XAFA", "107/1", {"630": "461310.4"})
    assert [d.about for d in made.decisions] == ["XARA 33/7", "XARA report 32"]
    assert "XARA 35/4 C 32/9 MF 630=100 g" in told(made)
    assert new_questions(made) == {"PIL-BATCH", "ITEM-MUF"}


def test_the_difference_follows_so_that_the_book_stays_as_measured() -> None:
    made = planned("XAFA", "106/2", {"element": "51", "fissile": "2.3"})
    assert told(made)[1:3] == [
        "XALA 19/1 C 12/1 RD 630=51 g 670=2.3 g",
        "XALA 19/2 C 13/1 DI 630=1.13 g 670=0.081 g",
    ]
    assert told(made)[7:] == [
        "XALA 20/1 C 17/2 RD 630=51 g 670=2.3 g",
        "XALA 20/2 C 17/6 BE 630=63 g 670=2.834 g",
        "XALA 20/3 C 17/7 DI 630=1.13 g 670=0.081 g",
    ]
    assert not [e for e in made.effects if e.kind == "book" and e.mba == "XALA"]
    assert new_questions(made) == set()
    assert "was measured" in made.steps[2].reason


def test_an_import_draws_its_difference() -> None:
    made = planned("XAFA", "102/1", {"630": "1541270"})
    assert told(made)[1] == "XAFA 111/2 C 103/1 DI 630=364.6 g"
    assert "XAFA 112/2 C 109/9 BE 630=2749879.65 g" in told(made)
    assert not any(" BA " in line or " MF " in line for line in told(made))


def test_a_receipt_follows_its_shipment_only() -> None:
    made = planned("XARA", "31/1", {"630": "461310.4"})
    assert not made.possible and codes(made) == {"CORRECT-RECEIPT"}
    assert "correct XAFA 107/1" in made.findings[0].advice
    assert planned("XARA", "31/1", {"kmp": "2"}).possible


def test_burnt_fuel() -> None:
    """Loss of A02: the change to depleted uranium takes all of it again, 780 with it."""
    made = planned("XARA", "31/7", {"630": "23775.3", "670": "16353.2"}, follow_listing=True)
    assert told(made)[:3] == [
        "XARA 34/1 C 31/7 LN 630=23775.3 g 670=16353.2 g",
        "XARA 34/2 C 31/9 ED 620=436.2134 kg 630=436213.4 g 670=2966.325 g 780=2966.325 g",
        "XARA 35/1 C 33/10 - 620=436.2134 kg",
    ]
    assert new_questions(made) == set()
    made = planned("XARA", "31/8", {"700": "5311"}, follow_listing=True)
    assert "XARA 35/1 C 33/10 - 700=5311 g" in told(made)
    assert "XARA 36/4 C 32/8 PE 700=27910.3 g" in told(made)
    assert new_questions(made) == set()
    made = planned("XARA", "31/7", {"date": "2025-10-19"})
    assert [d.about for d in made.decisions][:2] == ["XARA 31/8", "XARA 31/9"]


def test_both_sides_of_a_category_change_and_of_a_rebatching() -> None:
    made = planned("XAFA", "105/1", {"630": "12400", "670": "88.1"})
    assert told(made)[0] == "XAFA 111/1 C 105/1 NE 610=12.4 kg 630=12400 g 670=88.1 g 770=88.1 g"
    assert new_questions(made) == set()
    made = planned("XAFA", "103/3", {"630": "1538300"})
    assert told(made) == ["XAFA 111/1 C 103/3 RP 630=1538300 g",
                          "XAFA 111/2 C 103/2 RM 630=1538300 g"]  # fmt: skip
    made = planned("XAFA", "103/2", {"batch": "F24-UF6-02"})
    assert [line[:18] for line in told(made)] == [
        "XAFA 111/1 D 103/2",
        "XAFA 111/2 A 103/4",
        "XAFA 111/3 D 103/3",
        "XAFA 111/4 A 103/5",
    ]
    assert new_questions(made) == set()


def test_a_correction_of_a_correction_refers_to_the_entry_last_reported() -> None:
    for entry in ("104/1", "106/4"):
        made = planned("XAFA", entry, {"630": "1300"})
        assert told(made)[0] == "XAFA 111/1 C 106/4 LD 630=1300 g"
        assert made.steps[0].begins is not None and made.steps[0].begins.text == "XAFA 104/1"
        assert new_questions(made) == set()
        assert codes(made) == ({"CORRECT-EARLIER"} if entry == "104/1" else set())
    made = planned("XAFA", "106/4", {"630": "1300"}, refer_to_last=False)
    assert told(made)[0] == "XAFA 111/1 C 104/1 LD 630=1300 g"


def test_deletion_of_a_shipment_takes_receipt_and_difference_along() -> None:
    made = planned("XAFA", "106/2", DELETE, follow_listing=True)
    assert told(made)[:4] == [
        "XAFA 111/1 D 106/2 SD",
        "XALA 19/1 D 12/1 RD",
        "XALA 19/2 D 13/1 DI",
        "XALA 20/1 D 18/7 -",
    ]
    assert "XALA 21/3 D 17/7 DI" in told(made)  # nothing is left of this line
    assert new_questions(made) == set()


def test_what_cannot_be_is_said() -> None:
    def code(mba: str, entry: str, wanted: object) -> tuple[str, str]:
        made = planned(mba, entry, wanted)  # type: ignore[arg-type]
        assert not made.possible and not made.reports
        return made.findings[-1].code, f"{made.findings[-1].message}. {made.findings[-1].advice}"

    assert code("XAFA", "104/1", {"630": "1210.5"})[0] == "CORRECT-SAME"
    assert code("XAFA", "104/2", {"630": "1"}) == (
        "CORRECT-ENTRY",
        "the inventory change report 104 of XAFA has entries 1 to 1. "
        "Look the entry up in the report.",
    )
    assert "a report of XARA?" in code("XAFA", "31/1", {"630": "1"})[1]
    assert "Areas with reports are" in code("XXXX", "31/1", {"630": "1"})[1]
    assert "nobody knows the field 'weigth'" in code("XAFA", "104/1", {"weigth": "1"})[1]
    assert "2 element categories" in code("XAFA", "105/1", {"element": "1"})[1]
    assert "stated in g, not in kg" in code("XAFA", "104/1", {"630": "1K"})[1]
    assert "finer than one milligram" in code("XAFA", "104/1", {"630": "1.00005"})[1]
    assert "not a date" in code("XAFA", "104/1", {"date": "10.4.2025"})[1]
    assert code("XAFA", "106/2", {"receiver": "XA/XARA"})[0] == "CORRECT-PARTNER"
    assert code("XAFA", "106/2", {"code": "SF"})[0] == "CORRECT-PARTNER"
    made = planned("XAFA", "104/1", DELETE)
    later = filings(*made.reports)
    again = plan(later, "XAFA", 104, 1, {"630": "1"}, Choices(DAY))
    assert again.findings[0].message == "XAFA 104/1 was deleted by XAFA 111/1"
    early = plan(filings(), "XAFA", 104, 1, {"630": "1"}, Choices(datetime.date(2025, 5, 1)))
    assert codes(early) == {"CORRECT-EARLIER", "CORRECT-DATE"}


def test_what_breaks_a_rule_is_refused_before_it_is_sent() -> None:
    made = planned("XAFA", "108/1", {"630": "2.6"})
    assert not made.possible and "ISO-GT-ELEM" in codes(made)


def test_another_date_is_a_deletion_and_an_addition_unless_corrections_may_say_so() -> None:
    made = planned("XAFA", "106/1", {"date": "2025-05-18"})
    assert told(made)[:2] == ["XAFA 111/1 D 106/1 TW", "XAFA 111/2 A 105/2 TW"]
    assert made.reports[0].entries[1].date == datetime.date(2025, 5, 18)
    assert new_questions(made) == set()
    made = planned("XAFA", "106/1", {"date": "2025-05-18"}, strict=False)
    assert told(made) == ["XAFA 111/1 C 106/1 TW 412=2025-05-18"]
    assert new_questions(made) == set()


def test_an_entry_moves_to_the_area_where_it_belongs() -> None:
    made = planned("XALA", "15/1", {"mba": "XARA"})
    assert told(made)[:2] == ["XALA 19/1 D 15/1 GA", "XARA 34/1 A 31/10 GA"]
    assert any(line.startswith("XARA 35/1 A 32/10 GA") for line in told(made))


def test_a_forgotten_entry_is_added() -> None:
    values = {
        "code": "LD", "date": "2025-04-20", "batch": "F25-LIQ-02", "kmp": "3", "mdc": "U/2/5/E",
        "basis": "M", "items": "0", "630": "10.5", "670": "0.467",
    }  # fmt: skip
    made = planned("XAFA", "104/2", Addition(values))
    assert told(made)[:2] == [
        "XAFA 111/1 A 104/2 LD",
        "XAFA 112/1 C 109/7 LD 630=1221 g 670=54.334 g",
    ]
    assert new_questions(made) == set()
    assert "LABEL-MISSING" in codes(planned("XAFA", "104/2", Addition({"code": "LD"})))


def test_a_listing_follows_in_name_and_number_of_items() -> None:
    made = planned("XARA", "31/1", {"batch": "NEW-1"}, follow_listing=True)
    assert told(made)[2:] == ["XARA 35/1 D 33/7 -", "XARA 35/2 A 33/15 -"]
    assert new_questions(made) == set()
    assert [d.about for d in planned("XARA", "31/1", {"batch": "NEW-1"}).decisions] == ["XARA 33/7"]
    made = planned("XAFA", "107/1", {"items": "2"}, follow_listing=True)
    assert told(made)[1:] == ["XARA 34/1 C 31/1 RD 470=2", "XARA 35/1 C 33/7 - 470=2"]
    assert new_questions(made) == set()
    made = planned("XAFA", "107/1", {"batch": "FA-1", "mdc": "B/Q/1/F"})
    assert told(made)[2] == "XARA 34/1 C 31/1 RD 430=B/Q/1/F 447=FA-1"


def test_later_uses_of_a_batch_that_never_came_are_asked_for() -> None:
    made = planned("XAFA", "103/3", DELETE)
    assert told(made) == ["XAFA 111/1 D 103/3 RP", "XAFA 111/2 D 103/2 RM"]
    made = planned("XAFA", "102/1", {"batch": "CYL-2"})
    assert told(made)[2:4] == ["XAFA 111/3 D 103/1 DI", "XAFA 111/4 A 103/4 DI"]


def test_a_listing_and_a_balance_can_be_wrong_too() -> None:
    made = planned("XAFA", "110/2", {"630": "512331.8"})
    assert told(made) == ["XAFA 111/1 C 110/2 - 630=512331.8 g",
                          "XAFA 112/1 C 109/12 PE 630=2748703.704 g",
                          "XAFA 112/2 C 109/13 MF 630=811.346 g"]  # fmt: skip
    made = planned("XAFA", "109/7", {"630": "1200"})
    assert told(made)[0] == "XAFA 111/1 C 109/7 LD 630=1200 g"
    assert new_questions(made) == {"ICR-MBR"}  # the entries say otherwise


def test_notes_hold_plain_capitals_and_go_on_in_further_records() -> None:
    made = planned("XAFA", "106/4", {"630": "1300"}, reason="Über 100 slips – " + "ä " * 1100)
    texts = [note.text or "" for note in made.reports[0].notes]
    assert len(texts) == 2 and texts[0].startswith("UBER 100 SLIPS - ")
    assert max(map(len, texts)) <= 2000 and made.possible
    assert [n.reference for n in made.reports[0].notes] == ["E/1", "E/1"]
    assert [n.total for n in made.reports[0].notes] == [2, None]


STRUCTURE = {
    *("ICR-MBR", "DI-MBR", "BE-ARITH", "BA-ARITH", "MF-ARITH", "PIL-PE", "PB-CONT", "CORR-REF"),
    *("REBATCH", "SEQ-GAP", "SEQ-DUP", "TRANSIT-WEIGHT", "TRANSIT-MDC", "TRANSIT-ITEMS"),
    *("MBR-MISSING", "PERIOD-CONT", "PERIOD-OVERLAP", "DATE-OUT-OF-PERIOD", "LATE-ICR"),
    *("NOTE-MISSING", "NOTE-INDICATOR", "HEADER-MIX", "ENTRY-COUNT", "ENTRY-SEQ"),
}
"""Questions that a chain answers itself, whatever is wished; others may speak of the wish."""

PLACES = [
    (mba, f.report.number, f.entry.number)
    for mba, area in filings().areas.items()
    for f in area.changes
]


@settings(max_examples=30)
@given(
    st.sampled_from(PLACES),
    st.one_of(
        st.integers(-900, 900),
        st.sampled_from([DELETE, {"date": "2025-11-03"}, {"items": "2"}, {"batch": "B-1"}]),
    ),
    st.booleans(),
    st.booleans(),
)
def test_any_plan_leaves_reports_that_agree(
    place: tuple[str, int, int], wish: object, strict: bool, follow: bool
) -> None:
    """Small changes of weight raise no question at all; any change none between reports."""
    before = filings()
    mba, report_no, entry_no = place
    target = next(
        f
        for f in before.areas[mba].changes
        if (f.report.number, f.entry.number) == (report_no, entry_no)
    )
    wanted = wish
    if isinstance(wish, int):
        weights = target.entry.weights_mg()
        label = next(name for name in ("630", "620", "610", "700", "800") if name in weights)
        wanted = {label: format_weight(weights[label] + wish, weight_unit(label))}
    choices = Choices(DAY, "test", strict=strict, follow_listing=follow)
    made = plan(before, mba, report_no, entry_no, wanted, choices)  # type: ignore[arg-type]
    serious = {f.code for f in made.appearing if f.severity in "FE"}
    assert not serious & STRUCTURE
    if isinstance(wish, int) and follow and made.possible and target.entry.code != "ED":
        assert not serious or made.decisions
