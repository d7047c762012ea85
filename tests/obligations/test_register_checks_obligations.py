"""What is refused of statements about labels, by the smallest bad input, by any way they come."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from cases.making import change, listed
from keiryo.errors import RefusedError, Severity
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.obligations.recording import (
    RecordedStatements,
    begin_labels,
    give_consent,
    read_rows,
    record_register,
    record_statements,
    set_consent_rule,
    shipped_register,
)
from small_books import ACTOR, STORE, SmallBooks, area, batch

DAY = datetime.date
BEGIN = DAY(2024, 12, 31)
PLANT = area(
    "bulk",
    batch("LEU-1", _630="1000", _670="45"),
    batch("NAT-1", _610="50"),
    batch("DU-1", _620="70"),
)
OTHER = area("bulk", batch("LEU-2", _630="1000", _670="40"), batch("DU-2", _620="70"))
SAME = area("bulk", batch("LEU-3", _630="1000", _670="45"))
EXEMPT = {"mba": "XHST", "batch": "FA-1", "category": "E"}


@pytest.fixture
def books(sqlite_url: str) -> SmallBooks:
    made = SmallBooks(sqlite_url, XHFA=PLANT, XHFB=OTHER, XHFC=SAME, XHST=STORE)
    record_register(made.database, ACTOR, *shipped_register("japan"))
    return made


@pytest.fixture
def kept(books: SmallBooks) -> SmallBooks:
    begin(
        books,
        {"mba": "XHFA", "category": "E", "cells": {"AU": "600 g", "AU+US": "300 g"}},
        {"mba": "XHFA", "category": "D", "cells": {"AU": "70 kg"}},
        {"mba": "XHFC", "category": "E", "cells": {"US": "100 g"}},
        {"mba": "XHST", "batch": "FA-1", "category": "E", "cells": {"US": "400 g"}},
    )
    set_consent_rule(books.database, ACTOR, "note", "no consents are recorded yet")
    return books


def begin(books: SmallBooks, *rows: Any) -> RecordedStatements:
    return begin_labels(books.database, ACTOR, read_rows("openings", rows), BEGIN, "letter")


def state(books: SmallBooks, kind: str, *rows: Any) -> RecordedStatements:
    return record_statements(books.database, ACTOR, read_rows(kind, rows))


def refused(books: SmallBooks, kind: str, *rows: Any) -> list[str]:
    """Return why something is refused, and see that every way to record it is closed."""
    with pytest.raises(RefusedError) as error:
        begin(books, *rows) if kind == "openings" else state(books, kind, *rows)
    found = [one for one in error.value.findings if one.severity is Severity.FORMAT]
    assert all(one.advice and one.message for one in found)
    codes = [one.code for one in found]
    lines = read_rows(kind, rows).lines
    draft = Draft("obligations.record", "around")
    if kind == "openings":
        draft.add("obligation_beginning", {"on_day": 20241231, "reason": "r"}, scope="XH")
    for line in lines:
        draft.add(line.kind, line.values, scope="XH")
    with pytest.raises(RefusedError) as again:
        post(books.database, draft, ACTOR)
    assert {one.code for one in again.value.findings} >= set(codes)
    return codes


def warned(done: RecordedStatements) -> list[tuple[str, str]]:
    return [(one.code, str(one.severity)) for one in done.findings]


def label(code: str, **more: Any) -> dict[str, Any]:
    return {"label": code, "name": code, "kind": "State", **more}


def receipt(**more: Any) -> dict[str, Any]:
    return {"mba": "XHFA", "batch": "C-1", "cells": {"AU": "1"}, **more}


def opening(**more: Any) -> dict[str, Any]:
    return {"mba": "XHFA", "category": "E", "cells": {"AU": "600 g"}, **more}


def named(**more: Any) -> dict[str, Any]:
    return {
        "mba": "XHFA", "batch": "LEU-1", "on": "2025-01-20", "code": "SF", "category": "E",
        "cells": {"AU": "100 g"}, "reason": "asked", **more,
    }  # fmt: skip


def exchange(**more: Any) -> dict[str, Any]:
    return {
        "exchange": "x-1", "on": "2025-02-01", "mba": "XHFA", "labels": "AU", "other_mba": "XHFC",
        "other_labels": "-", "category": "E", "weight": "25 g", "reason": "agreed", **more,
    }  # fmt: skip


def relabelling(**more: Any) -> dict[str, Any]:
    return {"relabelling": "r-1", "on": "2025-02-01", "adds": "US", "reason": "letter", **more}


def consent(**more: Any) -> dict[str, Any]:
    return {"consent": "c-1", "partner": "US", "step": "retransfer", "words": "letter", **more}


def test_labels_and_partners_are_known(books: SmallBooks) -> None:
    assert refused(books, "receipts", receipt(cells={"XX": "1"})) == ["OBLIGATION-LABEL-UNKNOWN"]
    assert refused(books, "consents", consent(partner="XX")) == ["PARTNER-UNKNOWN"]
    assert refused(books, "members", {"label": "XX", "state": "FR"}) == ["PARTNER-UNKNOWN"]
    assert refused(books, "members", {"label": "US", "state": "FR"}) == ["MEMBER-OF-STATE"]
    place = {"mba": "XHFA", "attaches": "XX", "attaches_to": "production", "reason": "Article 1"}
    assert refused(books, "places", place) == ["OBLIGATION-LABEL-UNKNOWN"]
    rule = {"rule": "r-1", "labels": "AU+XX", "reason": "Article 1"}
    assert refused(books, "rules", rule) == ["OBLIGATION-LABEL-UNKNOWN"]


def test_the_succession_of_labels(books: SmallBooks) -> None:
    assert refused(books, "labels", label("XA", successor="XX")) == ["SUCCESSOR-UNKNOWN"]
    assert refused(books, "labels", label("XA", successor="XA")) == ["SUCCESSOR-CYCLE"]
    circle = [label(a, successor=b) for a, b in ("AB", "BC", "CA") for a, b in [(f"X{a}", f"X{b}")]]
    assert refused(books, "labels", *circle) == ["SUCCESSOR-CYCLE"] * 3
    state(books, "labels", label("XA", successor="XB"), label("XB"))
    assert refused(books, "labels", label("XB", successor="XA")) == ["SUCCESSOR-CYCLE"]


def test_a_label_that_ended_is_not_given_to_anything_new(books: SmallBooks) -> None:
    state(books, "labels", label("XA", valid_to="2025-01-10", successor="US"))
    late = receipt(cells={"XA": "1"}, on="2025-01-11")
    assert refused(books, "receipts", late) == ["OBLIGATION-LABEL-ENDED"]
    assert state(books, "receipts", receipt(cells={"XA": "1"}, on="2025-01-10")).act
    rule = {"rule": "r-1", "labels": "XA", "reason": "Article 1"}
    assert refused(books, "rules", rule) == ["OBLIGATION-LABEL-ENDED"]
    assert state(books, "rules", {**rule, "valid_to": "2025-01-10"}).act
    done = state(books, "labels", label("XA", valid_to="2025-01-09"))
    assert warned(done) == [("OBLIGATION-LABEL-RULED", "W")]
    early = receipt(cells={"AE": "1"}, on="2014-07-09")
    assert ("OBLIGATION-LABEL-EARLY", "W") in warned(state(books, "receipts", early))


def test_shares_are_all_of_it(books: SmallBooks) -> None:
    for cells in ({"AU": "3/5"}, {"AU": "0.6", "CA": "0.5"}):
        assert refused(books, "receipts", receipt(cells=cells)) == ["SHARE-SUM"]
        assert refused(books, "openings", opening(cells=cells)) == ["SHARE-SUM"]
    mixed = {"AU": "3/5", "CA": "40 g"}
    assert refused(books, "receipts", receipt(cells=mixed)) == ["SHARE-MIXED"]


def test_openings_fit_the_book(books: SmallBooks) -> None:
    assert refused(books, "openings", opening(cells={"AU": "1000.001 g"})) == ["OPENING-LARGER"]
    assert refused(books, "openings", opening(batch="LEU-1")) == ["HOLDING-POOL"]
    assert refused(books, "openings", opening(mba="XHST")) == ["HOLDING-EMPTY"]
    assert refused(books, "openings", opening(mba="XHST", batch="FA-9")) == ["HOLDING-EMPTY"]
    wrong = opening(mba="XHST", batch="FA-1", category="P")
    assert refused(books, "openings", wrong) == ["HOLDING-CATEGORY"]
    assert refused(books, "openings", opening(mba="XXXX")) == ["OBLIGATION-AREA"]
    with pytest.raises(RefusedError) as error:
        state(books, "openings", opening())
    assert [one.code for one in error.value.findings] == ["OPENING-ALONE"]
    with pytest.raises(RefusedError) as error:
        begin_labels(books.database, ACTOR, read_rows("consents", [consent()]), BEGIN, "r")
    assert [one.code for one in error.value.findings] == ["OBLIGATION-FORM"]


@pytest.mark.parametrize(
    ("code", "finding"),
    [("EU", "EXEMPT-MATERIAL"), ("EQ", "EXEMPT-MATERIAL"), ("TW", "EXEMPT-WASTE")],
)
def test_what_is_exempted_or_retained(kept: SmallBooks, code: str, finding: str) -> None:
    gone = change(code, "20250110", "FA-1", "630:400 670:18", items=1, mdc="B/Q/2/F")
    assert kept.send("XHST", 1, gone).outcome == "accepted"
    row = exchange(mba="XHST", batch="FA-1", labels="US", other_mba="XHFC")
    assert refused(kept, "exchanges", row)[0] == finding
    row = named(mba="XHST", batch="FA-1", cells={"US": "400 g"})
    assert finding in refused(kept, "designations", row)
    late = read_rows("openings", [opening(**EXEMPT, cells={"US": "400 g"})])
    with pytest.raises(RefusedError) as error:
        begin_labels(kept.database, ACTOR, late, DAY(2025, 1, 31), "letter")
    assert [one.code for one in error.value.findings] == [finding]
    assert number(error.value.findings[0].message)


def number(message: str) -> bool:
    return "on 2025-01-10" in message


def test_receipts_are_compared_with_the_books(kept: SmallBooks) -> None:
    assert warned(state(kept, "receipts", receipt())) == [("RECEIPT-ABSENT", "I")]
    parties = {"shipper": "XB/XBFA", "receiver": "XH/XHFA", "shipper_batch": "C-1"}
    sent = change("RF", "20250120", "C-1", "630:100 670:4.5", **parties)
    assert kept.send("XHFA", 1, sent).outcome == "accepted"
    less = receipt(cells={"AU": "99 g"}, category="E")
    assert warned(state(kept, "receipts", less)) == [("RECEIPT-WEIGHT", "W")]
    parties = {"shipper": "XH/XHFA", "receiver": "XH/XHFC"}
    moved = change("SD", "20250121", "LEU-1", "630:10 670:0.45", **parties)
    assert kept.send("XHFA", 2, moved).outcome == "accepted"
    came = change("RD", "20250122", "C-2", "630:10 670:0.45", shipper_batch="LEU-1", **parties)
    assert kept.send("XHFC", 1, came).outcome == "accepted"
    done = state(kept, "receipts", receipt(mba="XHFC", batch="C-2"))
    assert warned(done) == [("RECEIPT-DOMESTIC", "W")]


def test_designations_fit_the_withdrawal(kept: SmallBooks) -> None:
    parties = {"shipper": "XH/XHFA", "receiver": "XB/XBFA"}
    sent = change("SF", "20250120", "LEU-1", "630:100 670:4.5", **parties)
    assert kept.send("XHFA", 1, sent).outcome == "accepted"
    less = named(cells={"AU": "99 g"})
    assert refused(kept, "designations", less) == ["DESIGNATION-SUM"]
    more = named(cells={"CA": "100 g"})
    assert refused(kept, "designations", more) == ["DESIGNATION-CELLS"]
    assert refused(kept, "designations", named(category="N")) == ["DESIGNATION-CATEGORY"]
    assert refused(kept, "designations", named(code="RF")) == ["DESIGNATION-CODE"]
    assert refused(kept, "designations", named(on="2024-12-30")) == ["LABELS-NOT-KEPT"]
    ahead = state(kept, "designations", named(on="2025-01-21"))
    assert warned(ahead) == [("DESIGNATION-ABSENT", "W")]
    whole = named(cells={"AU+US": "100 g"})
    assert warned(state(kept, "designations", whole)) == [("CONSENT-MISSING", "W")] * 2


def test_a_designation_names_each_set_once_however_it_comes(kept: SmallBooks) -> None:
    draft = Draft("obligations.designate", "twice")
    (line,) = read_rows("designations", [named(cells={"AU": "50 g"})]).lines
    draft.add(line.kind, line.values, scope="XH")
    draft.add(line.kind, line.values, scope="XH")
    assert "DESIGNATION-TWICE" in around(kept, draft)


def around(books: SmallBooks, draft: Draft) -> list[str]:
    with pytest.raises(RefusedError) as error:
        post(books.database, draft, ACTOR)
    return [one.code for one in error.value.findings]


def test_exchanges(kept: SmallBooks) -> None:
    assert refused(kept, "exchanges", exchange(other_mba="XHFB")) == ["EXCHANGE-QUALITY"]
    assert refused(kept, "exchanges", exchange(weight="600.001 g")) == ["EXCHANGE-QUANTITY"]
    vanishing = exchange(labels="AU+US", moved="US", other_labels="US", other_moved="-")
    assert refused(kept, "exchanges", vanishing) == ["EXCHANGE-COLLISION"]
    assert refused(kept, "exchanges", exchange(moved="CA")) == ["EXCHANGE-LABELS"]
    assert "EXCHANGE-EMPTY" in refused(kept, "exchanges", exchange(moved="-"))
    assert refused(kept, "exchanges", exchange(on="2024-12-31")) == ["LABELS-NOT-KEPT"]
    assert refused(kept, "exchanges", exchange(batch="LEU-1")) == ["HOLDING-POOL"]
    assert refused(kept, "exchanges", exchange(consents="c-9")) == ["CONSENT-UNKNOWN"]
    natural = exchange(mba="XHST", batch="FA-2", labels="-", category="N", moved="-",
                       other_mba="XHFA", other_labels="AU")  # fmt: skip
    assert "EXCHANGE-KIND" in refused(kept, "exchanges", natural)
    irradiated = exchange(mba="XHST", batch="FA-2", labels="-", other_labels="US")
    assert "EXCHANGE-KIND" in refused(kept, "exchanges", irradiated)
    first, second = exchange(weight="400 g"), exchange(exchange="x-2", weight="400 g")
    assert refused(kept, "exchanges", first, second) == ["EXCHANGE-QUANTITY"]
    assert warned(state(kept, "exchanges", first)) == []


def test_quality_that_nobody_stated(kept: SmallBooks) -> None:
    depleted = exchange(category="D", other_mba="XHFB", weight="1 kg")
    assert warned(state(kept, "exchanges", depleted)) == [("EXCHANGE-UNKNOWN", "W")]


def test_consents_that_an_exchange_names(kept: SmallBooks) -> None:
    args = (kept.database, ACTOR)
    give_consent(*args, "c-1", "AU", "retransfer", "letter")
    give_consent(*args, "c-2", "AU", "exchange", "letter", valid_to=DAY(2025, 1, 1))
    give_consent(*args, "c-3", "AU", "exchange", "letter", amount="24 g")
    give_consent(*args, "c-4", "AU", "exchange", "letter", destinations=["FR"])
    give_consent(*args, "c-5", "AU", "exchange", "letter", amount="30 g", destinations=["XH"])
    for name in ("c-1", "c-2", "c-3", "c-4"):
        assert refused(kept, "exchanges", exchange(consents=name)) == ["CONSENT-COVERS"]
    assert state(kept, "exchanges", exchange(consents="c-5")).act
    again = exchange(exchange="x-2", consents="c-5", weight="6 g")
    assert refused(kept, "exchanges", again) == ["CONSENT-COVERS"]


def test_an_exchange_across_a_border_takes_consent(kept: SmallBooks) -> None:
    moved = {"state": "XI", "facility": "XIF-", "mba": "XHFC", "batch_follow_up": 0, "zone": "UTC"}
    draft = Draft("place.register", "another State")
    draft.add("material_balance_area", moved, scope="XI/XIF-/XHFC")
    post(kept.database, draft, ACTOR)
    assert refused(kept, "exchanges", exchange()) == ["EXCHANGE-CONSENT"]
    give_consent(kept.database, ACTOR, "c-1", "AU", "exchange", "letter")
    assert state(kept, "exchanges", exchange(consents="c-1")).act


def test_periods_that_were_reported(kept: SmallBooks) -> None:
    taking = [
        listed("LEU-1", "630:1000 670:45"),
        listed("NAT-1", "610:50"),
        listed("DU-1", "620:70"),
    ]
    assert kept.listing("XHFA", 1, taking).outcome == "accepted"
    assert refused(kept, "exchanges", exchange()) == ["EXCHANGE-CLOSED"]
    assert "DESIGNATION-CLOSED" in refused(kept, "designations", named())
    done = state(kept, "receipts", receipt(on="2025-01-20"))
    assert warned(done) == [("RECEIPT-ABSENT", "I"), ("RECEIPT-CLOSED", "W")]
    assert warned(state(kept, "relabellings", relabelling(mba="XHFA"))) == [("RELABEL-CLOSED", "W")]
    assert begin(kept, opening(cells={"CA": "1 g"})).act


def test_labels_that_begin_and_end(kept: SmallBooks) -> None:
    assert refused(kept, "relabellings", relabelling(batch="LEU-1")) == ["RELABEL-BATCH"]
    assert refused(kept, "relabellings", relabelling(removes="XX")) == ["OBLIGATION-LABEL-UNKNOWN"]
    assert refused(kept, "relabellings", relabelling(on="2024-12-31")) == ["LABELS-NOT-KEPT"]
    file = read_rows("relabellings", [relabelling(adds="-")])
    with pytest.raises(RefusedError) as error:
        record_statements(kept.database, ACTOR, file)
    assert [one.code for one in error.value.findings] == ["RELABEL-NOTHING"]


def test_places_and_consents(books: SmallBooks) -> None:
    place = {"mba": "XHFA", "reason": "Article 1"}
    assert refused(books, "places", place) == ["PLACE-RULE"]
    file = read_rows("places", [{**place, "attaches": "US"}])
    with pytest.raises(RefusedError) as error:
        record_statements(books.database, ACTOR, file)
    assert [one.code for one in error.value.findings] == ["PLACE-RULE"]
    backwards = consent(valid_from="2025-02-01", valid_to="2025-01-01")
    with pytest.raises(RefusedError) as error:
        state(books, "consents", backwards)
    assert [one.code for one in error.value.findings] == ["OBLIGATION-VALIDITY"]
    with pytest.raises(RefusedError) as error:
        state(books, "consents", consent(weight="150 lb"))
    assert [one.code for one in error.value.findings] == ["OBLIGATION-UNIT"]
    assert state(books, "places", {**place, "consent_for": "reprocessing"}).act


def test_lines_that_no_file_could_state_are_refused_too(kept: SmallBooks) -> None:
    receipt_line = {"mba": "XHFA", "batch": "C", "labels": "US", "share": "1"}
    consent_line = {"consent": "c", "partner": "US", "step": "storage", "words": "w"}
    rule = {"rule": "r", "categories": "Q", "labels": "US", "reason": "r"}
    heavy = {**receipt_line, "share": None, "element_mg": -1}
    bad: dict[str, tuple[str, dict[str, Any]]] = {
        "OBLIGATION-LABEL-ORDER": ("obligation_receipt", {**receipt_line, "labels": "US+AU"}),
        "OBLIGATION-LABEL-TWICE": ("obligation_receipt", {**receipt_line, "labels": "US+US"}),
        "OBLIGATION-LABEL-CODE": ("obligation_label", label("?")),
        "OBLIGATION-DAY": ("obligation_beginning", {"on_day": 1231, "reason": "r"}),
        "OBLIGATION-SHARE": ("obligation_receipt", {**receipt_line, "share": "x"}),
        "OBLIGATION-WEIGHT": ("obligation_receipt", heavy),
        "OBLIGATION-REASON": ("obligation_beginning", {"on_day": 20241231, "reason": " "}),
        "CONSENT-STEP": ("obligation_consent", {**consent_line, "step": "any"}),
        "CONSENT-NAME": ("obligation_consent", {**consent_line, "consent": "c 1"}),
        "OBLIGATION-CATEGORY": ("obligation_origin_rule", rule),
    }
    for code, (kind, values) in bad.items():
        draft = Draft("obligations.record", code)
        draft.add(kind, values, scope="XH")
        assert code in around(kept, draft), code


def test_an_agreement_that_is_not_in_the_register(books: SmallBooks) -> None:
    state(books, "consents", consent(instrument="i.us-jp"))  # the register is empty: no matter
    draft = Draft("cooperation.record", "register")
    values = {"instrument": "i.other", "kind": "agreement", "title": "Other"}
    draft.add("instrument", {**values, **required_of(books)}, scope="XH")
    post(books.database, draft, ACTOR)
    done = state(books, "consents", consent(instrument="i.us-jp", words="another letter"))
    assert warned(done) == [("INSTRUMENT-UNKNOWN", "W")]


def required_of(books: SmallBooks) -> dict[str, Any]:
    kind = books.database.registry.kinds["instrument"]
    named = {"instrument", "kind", "title"}
    return {one.name: "x" for one in kind.own_fields if one.required and one.name not in named}
