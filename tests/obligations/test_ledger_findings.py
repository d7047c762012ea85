"""What is told about labels that follow the ledger: the smallest bad input of each finding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from keiryo.errors import RefusedError
from keiryo.obligations.verification import verify_moves
from obligations.ledger_books import (
    LabelBooks,
    Line,
    category_change,
    change,
    consent,
    designated,
    exchanged,
    exported,
    imported,
    label,
    opening,
    origin,
    place_rule,
    rebatched,
    receipt,
    received,
    shipped,
)


@pytest.fixture
def books(sqlite_url: str) -> Iterator[LabelBooks]:
    made = LabelBooks(sqlite_url, pools="XAPA XAPB", batches="XABA XABB")
    yield made
    made.database.close()


@pytest.fixture
def unchecked(sqlite_url: str) -> Iterator[LabelBooks]:
    made = LabelBooks(sqlite_url, pools="XAPA XAPB", batches="XABA XABB", checks=False)
    yield made
    made.database.close()


def held(mba: str, batch: str, labels: str, mg: int) -> list[Line]:
    return [imported(mba, 20250110, batch, "E", mg), receipt(mba, batch, labels)]


# --- labels ---------------------------------------------------------------------------------------


def test_more_leaves_than_is_there(books: LabelBooks) -> None:
    books.post(*held("XABA", "A", "US", 100))
    act = books.post(change("XABA", "LD", 20250201, "A", "E", 101))
    assert books.codes(act) == ["OBLIGATION-SHORT"]
    assert books.held() == {"XABA/A/E": {"-": -1}}
    act = books.post(imported("XABA", 20250115, "A", "E", 1), receipt("XABA", "A", "US"))
    assert books.codes(act) == []
    assert books.held() == {}


def test_what_comes_late_settles_what_is_owed(books: LabelBooks) -> None:
    books.post(change("XABA", "LD", 20250201, "A", "E", 40))
    act = books.post(imported("XABA", 20250202, "A", "E", 100), receipt("XABA", "A", "US"))
    assert books.codes(act) == []
    assert books.held() == {"XABA/A/E": {"US": 60}}


def test_a_receipt_of_which_nobody_stated_labels(books: LabelBooks) -> None:
    act = books.post(imported("XAPA", 20250110, "A", "E", 1))
    assert books.codes(act) == ["OBLIGATION-UNSTATED"]
    act = books.post(receipt("XAPA", "A", "US"))
    assert books.codes(act) == []
    assert books.held() == {"XAPA/(pool)/E": {"US": 1}}
    books.post(origin("KZ", "KZ"))
    act = books.post(imported("XAPA", 20250111, "B", "E", 1, of="KZ/KZAA"))
    assert books.codes(act) == []


def test_a_receipt_whose_shipment_is_not_in_the_books(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "US", 100))
    act = books.post(received("XABA", "XAPA", 20250203, "B", "E", 60))
    assert books.codes(act) == ["OBLIGATION-UNSHIPPED"]
    assert books.held()["XABA/B/E"] == {"-": 60}
    act = books.post(shipped("XAPA", "XABA", 20250202, "B", "E", 59))
    assert books.codes(act) == []
    assert books.held() == {"XAPA/(pool)/E": {"US": 41}, "XABA/B/E": {"-": 1, "US": 59}}


def test_what_was_on_its_way_before_labels_were_kept(books: LabelBooks) -> None:
    act = books.post(
        received("XABA", "XAPA", 20250203, "B", "E", 60), receipt("XABA", "B", "AU+US")
    )
    assert books.codes(act) == []
    assert books.held()["XABA/B/E"] == {"AU+US": 60}
    books.post(change("XABA", "FW", 20250204, "W", "E", 5))
    act = books.post(receipt("XABA", "W", "CA"))
    assert books.held()["XABA/W/E"] == {"CA": 5}
    with books.database.reading() as connection:
        assert verify_moves(connection, books.database.metadata) == []


@pytest.mark.parametrize(
    "line",
    [
        change("XABA", "GA", 20250110, "A", "E", 1),
        change("XABA", "DI", 20250110, "A", "E", -1),
        change("XABA", "NP", 20250110, "A", "P", 1),
        change("XABA", "RP", 20250110, "A", "E", 1),
        ("physical_inventory", {"scope": "XA/XAF-/XABA", "mba": "XABA", "known_on": 20250110,
                                "pit_date": 20250110, "batch": "A", "category": "E",
                                "element_mg": 1}),
    ],
)  # fmt: skip
def test_material_that_appears_where_nothing_was(books: LabelBooks, line: Line) -> None:
    act = books.post(line)
    assert books.codes(act) == ["OBLIGATION-GAIN"]
    assert list(books.held().values()) == [{"-": 1}]


def test_an_exchange_for_which_a_correction_leaves_too_little(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "US", 100), *held("XAPB", "B", "-", 100))
    books.post(exchanged("X-1", 20250201, ("XAPA", "US"), ("XAPB", "-"), "E", 100))
    books.post(change("XAPA", "LD", 20250120, "A", "E", 10))
    assert books.held() == {
        "XAPA/(pool)/E": {"-": 90}, "XAPB/(pool)/E": {"-": 10, "US": 90},
    }  # fmt: skip


def test_an_exchange_of_more_than_is_there(unchecked: LabelBooks) -> None:
    unchecked.post(*held("XAPA", "A", "US", 100), *held("XAPB", "B", "-", 100))
    act = unchecked.post(exchanged("X-1", 20250201, ("XAPA", "US"), ("XAPB", "-"), "E", 101))
    assert unchecked.codes(act) == ["OBLIGATION-EXCHANGE-SHORT"]
    assert unchecked.held() == {"XAPA/(pool)/E": {"-": 100}, "XAPB/(pool)/E": {"US": 100}}


@pytest.mark.parametrize("named", [("US", 41), ("US", 39), ("CA", 40)])
def test_a_designation_that_does_not_fit(unchecked: LabelBooks, named: tuple[str, int]) -> None:
    unchecked.post(
        imported("XAPA", 20250110, "A", "E", 100),
        receipt("XAPA", "A", "US", "1/2"),
        receipt("XAPA", "A", "-", "1/2"),
    )
    act = unchecked.post(
        designated("XAPA", "LD", 20250201, "W", "E", *named),
        change("XAPA", "LD", 20250201, "W", "E", 40),
    )
    assert unchecked.codes(act) == ["OBLIGATION-DESIGNATION"]
    assert unchecked.held() == {"XAPA/(pool)/E": {"-": 30, "US": 30}}


@pytest.mark.parametrize("stated", [{"element_mg": 66}, {"share": "2/3"}])
def test_an_opening_larger_than_the_book(unchecked: LabelBooks, stated: dict[str, object]) -> None:
    act = unchecked.post(
        imported("XAPA", 20241201, "A", "E", 100),
        ("obligation_beginning", {"scope": "XA", "on_day": 20241231, "reason": "again"}),
        opening("XAPA", "E", "US", **stated),
        opening("XAPA", "E", "CA", **stated),
    )
    assert unchecked.codes(act) == ["OBLIGATION-OPENING"]
    assert unchecked.held() == {"XAPA/(pool)/E": {"CA": 50, "US": 50}}


def test_moves_that_are_not_what_follows(books: LabelBooks) -> None:
    books.post(*held("XABA", "A", "US", 100), change("XABA", "LD", 20250201, "A", "E", 10))
    with books.database.reading() as connection:
        assert verify_moves(connection, books.metadata) == []
    with books.database.engine.begin() as connection:
        for (name,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text("UPDATE obligation_move SET element_mg = 9 WHERE element_mg = 10"))
    with books.database.reading() as connection:
        (finding,) = verify_moves(connection, books.metadata)
    assert (finding.code, finding.mba, finding.category) == ("OBLIGATION-REPLAY", "XABA", "E")


def test_moves_without_a_beginning(sqlite_url: str) -> None:
    books = LabelBooks(sqlite_url, pools="XAPA", labels=False)
    books.post(imported("XAPA", 20250110, "A", "E", 1))
    with books.database.reading() as connection:
        assert verify_moves(connection, books.metadata) == []
    move = {
        "scope": "XA", "mba": "XAPA", "event_date": 20250110, "kind": "RECEIPT", "element_mg": 1,
        "of_line": 1,
    }  # fmt: skip
    for side in ("from", "to"):
        for name in ("mba", "account", "holding", "category", "labels"):
            move[f"{side}_{name}"] = "E" if name == "category" else "x"
    books.post(("obligation_move", move))
    with books.database.reading() as connection:
        (finding,) = verify_moves(connection, books.metadata)
    assert finding.code == "OBLIGATION-REPLAY"
    books.database.close()


# --- consents -------------------------------------------------------------------------------------


def refused(books: LabelBooks, *lines: Line) -> list[str]:
    with pytest.raises(RefusedError) as error:
        books.post(*lines)
    return [one.code for one in error.value.findings if one.code.startswith("CONSENT")]


def test_an_export_without_consent_is_refused_and_nothing_is_posted(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "US", 100))
    assert refused(books, exported("XAPA", 20250201, "A", "E", 1)) == ["CONSENT-MISSING"]
    assert books.held() == {"XAPA/(pool)/E": {"US": 100}}
    assert books.book() == {("XAPA", "(pool)", "E"): 100}


def test_an_export_of_a_size_that_is_written_as_a_frame_uses_a_consent_once(
    books: LabelBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keiryo.obligations.follow.FRAME_FROM", 1)
    books.post(*held("XAPA", "A", "US", 100), consent("C-1", "US", element_mg=100))
    books.post(exported("XAPA", 20250201, "A", "E", 100))
    assert books.held() == {}


def test_what_is_under_no_label_needs_no_consent(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "-", 100))
    books.post(exported("XAPA", 20250201, "A", "E", 100))


def test_the_rule_may_say_that_it_is_noted(books: LabelBooks) -> None:
    rule = {"scope": "XA", "mode": "note", "reason": "first year"}
    books.post(*held("XAPA", "A", "US", 100), ("obligation_consent_rule", rule))
    act = books.post(exported("XAPA", 20250201, "A", "E", 1))
    assert books.findings(act) == [("CONSENT-MISSING", "W")]


def test_steps_before_the_day_of_the_rule_are_noted(books: LabelBooks) -> None:
    rule = {"scope": "XA", "mode": "refuse", "from_day": 20250301, "reason": "from March on"}
    books.post(*held("XAPA", "A", "US", 100), ("obligation_consent_rule", rule))
    act = books.post(exported("XAPA", 20250228, "A", "E", 1))
    assert books.codes(act) == ["CONSENT-MISSING"]
    assert refused(books, exported("XAPA", 20250301, "A", "E", 1)) == ["CONSENT-MISSING"]


def test_a_return_to_the_partner_is_free(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "US", 100))
    books.post(exported("XAPA", 20250201, "A", "E", 1, to="US/USAA"))


def test_a_member_state_of_the_partner_is_its_home_on_the_day(books: LabelBooks) -> None:
    member = {"scope": "XA", "label": "EURATOM", "state": "GB", "valid_to": 20250131}
    books.post(label("EURATOM", "organisation"), ("obligation_label_member", member))
    books.post(*held("XAPA", "A", "EURATOM", 100))
    books.post(exported("XAPA", 20250131, "A", "E", 1, to="GB/GBAA"))
    late = exported("XAPA", 20250201, "A", "E", 1, to="GB/GBAA")
    assert refused(books, late) == ["CONSENT-MISSING"]


@pytest.mark.parametrize(
    ("day", "to", "sound"),
    [
        (20250131, "FR/FRAA", False),
        (20250201, "FR/FRAA", True),
        (20250228, "FR/FRAA", True),
        (20250301, "FR/FRAA", False),
        (20250210, "BE/BEAA", False),
    ],
)
def test_a_consent_holds_on_its_days_and_for_its_destinations(
    books: LabelBooks, day: int, to: str, sound: bool
) -> None:
    books.post(*held("XAPA", "A", "US", 100))
    validity = {"valid_from": 20250201, "valid_to": 20250228, "destinations": "CA FR"}
    books.post(consent("C-1", "US", **validity))
    line = exported("XAPA", day, "A", "E", 1, to=to)
    if sound:
        books.post(line)
    else:
        assert refused(books, line) == ["CONSENT-MISSING"]


def test_a_consent_that_was_withdrawn_or_is_about_another_step(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "US", 100), consent("C-1", "US"))
    books.post(consent("C-1", "US", withdrawn=1), consent("C-2", "US", "reprocessing"))
    assert refused(books, exported("XAPA", 20250201, "A", "E", 1)) == ["CONSENT-MISSING"]


def test_a_quantity_is_used_up_and_given_back_by_a_deletion(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "US", 100), consent("C-1", "US", element_mg=60))
    act = books.post(exported("XAPA", 20250201, "A", "E", 50))
    again = exported("XAPA", 20250202, "A", "E", 50)
    assert refused(books, again) == ["CONSENT-MISSING"]
    deletion = {"scope": "XA/XAF-/XAPA", "mba": "XAPA", "known_on": 20250210, "status": "D",
                "supersedes_act": act, "supersedes_line": 1}  # fmt: skip
    books.post(("inventory_change", deletion))
    books.post(again)
    assert books.held() == {"XAPA/(pool)/E": {"US": 50}}


def test_an_earlier_export_may_not_take_the_consent_of_a_later_one(books: LabelBooks) -> None:
    books.post(*held("XAPA", "A", "US", 100), consent("C-1", "US", element_mg=60))
    books.post(exported("XAPA", 20250210, "A", "E", 50))
    assert refused(books, exported("XAPA", 20250201, "A", "E", 50)) == ["CONSENT-MISSING"]


def test_an_export_that_turns_out_to_have_been_under_a_label_is_noted(books: LabelBooks) -> None:
    books.post(imported("XAPA", 20250110, "A", "E", 100))
    books.post(exported("XAPA", 20250201, "A", "E", 50))
    act = books.post(receipt("XAPA", "A", "US"))
    assert ("CONSENT-MISSING", "W") in books.findings(act)
    assert books.held() == {"XAPA/(pool)/E": {"US": 50}}
    act = books.post(change("XAPA", "LD", 20250301, "A", "E", 1))
    assert books.codes(act) == []


def test_a_designation_may_not_put_an_export_under_a_label_without_consent(
    books: LabelBooks,
) -> None:
    half = [receipt("XAPA", "A", key, "1/2") for key in ("US", "-")]
    books.post(imported("XAPA", 20250110, "A", "E", 100), *half)
    books.post(
        designated("XAPA", "SF", 20250201, "A", "E", "-", 50),
        exported("XAPA", 20250201, "A", "E", 50),
    )
    again = designated("XAPA", "SF", 20250201, "A", "E", "US", 50)
    assert refused(books, again) == ["CONSENT-MISSING"]


def test_reprocessing_takes_a_consent_of_its_own(books: LabelBooks) -> None:
    books.post(*held("XABA", "SF-1", "US", 100), shipped("XABA", "XAPB", 20250201, "SF-1", "E", 50))
    books.post(place_rule("XAPB", consent_for="reprocessing"))
    arrives = received("XAPB", "XABA", 20250202, "SF-1", "E", 50)
    assert refused(books, arrives) == ["CONSENT-MISSING"]
    books.post(consent("C-1", "US", "reprocessing", destinations="XAPB", element_mg=50))
    books.post(arrives)
    more = [shipped("XABA", "XAPB", 20250203, "SF-1", "E", 1),
            received("XAPB", "XABA", 20250203, "SF-1", "E", 1)]  # fmt: skip
    assert refused(books, *more) == ["CONSENT-MISSING"]


def enriched(mg: int, fissile_mg: int, day: int = 20250201) -> list[Line]:
    old, new = category_change("XAPA", "NE", day, "F", mg)
    basis = {"fissile_mg": fissile_mg, "fissile_basis": "U-235"}
    return [old, (new[0], {**new[1], **basis})]


def test_enriching_to_20_percent_takes_a_consent_the_boundary_included(books: LabelBooks) -> None:
    books.post(imported("XAPA", 20250110, "F", "N", 1000), receipt("XAPA", "F", "US"))
    books.post(*enriched(100, 19))
    assert refused(books, *enriched(100, 20)) == ["CONSENT-MISSING"]
    books.post(consent("C-1", "US", "enrichment to 20 % or more", element_mg=150))
    books.post(*enriched(100, 20))
    assert refused(books, *enriched(100, 20, 20250202)) == ["CONSENT-MISSING"]
    books.post(*enriched(50, 10, 20250202))


def test_rebatching_of_more_than_there_is(books: LabelBooks) -> None:
    books.post(*held("XABA", "A", "US", 100))
    act = books.post(*rebatched("XABA", 20250201, "E", [("A", 101)], [("B", 101)]))
    assert books.codes(act) == ["OBLIGATION-SHORT"]
    assert books.held() == {"XABA/A/E": {"-": -1}, "XABA/B/E": {"-": 1, "US": 100}}
