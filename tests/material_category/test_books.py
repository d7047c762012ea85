"""The category of an area from its books: what is recorded, refused, told and explained."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cases.making import change
from keiryo.cli.options import Given
from keiryo.cli.protection_category import attribute, attributes, category
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.material_category.holdings import category_on
from keiryo.material_category.recording import ATTRIBUTE, Stated, record_attribute, told_of
from keiryo.material_category.register import recorded_attributes
from keiryo.people.model import Grant, Person
from keiryo.protection.category_report import category_report
from keiryo.protection.inputs import InputError
from small_books import ACTOR, SmallBooks, area, batch

START, SPRING = datetime.date(2025, 1, 1), datetime.date(2025, 3, 1)
STORE = area(
    "item",
    batch("HEU-1", 1, "B/Q/1/F", _630="7000", _670="6000"),
    batch("PU-1", 1, "B/Q/1/F", _700="1200"),
    batch("SF-1", 1, "B/Q/2/G", _630="300000", _670="3000", _700="2400"),
    batch("U3-1", 1, "B/Q/1/F", _630="10", _640="9"),
    batch("MIX-1", 1, "B/Q/1/F", _630="10", _660="9"),
    batch("NAT-1", 1, "B/Q/1/F", _610="90000"),
)
POOLED = area("bulk", batch("LEU-1", _630="400000", _670="18000"), batch("PU-2", _700="100"))
SPENT = Stated(
    place="pond", irradiated=True, dose_rate_gy_h="50", original_form="leu",
    original_enrichment="0.04",
)  # fmt: skip
HEU = Stated(
    irradiated=True, dose_rate_gy_h="3", dose_rate_on=START, evidence_ref="act:1",
    original_form="other", original_u235_kg="6.2", original_enrichment="0.93",
    reduction_decision_ref="D-1", review_on=SPRING,
)  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books in which attributes of two batches are recorded; what else is tried is refused."""
    url = f"sqlite:///{tmp_path_factory.mktemp('books') / 'books.sqlite'}"
    empty = area("item", batch("NONE", 1, _630="5", _670="0.1"))
    made = SmallBooks(url, XHS1=STORE, XHP1=POOLED, XHE1=empty)
    record_attribute(made.database, ACTOR, "XHS1", "SF-1", SPENT, on=START)
    record_attribute(made.database, ACTOR, "XHS1", "XHS1/HEU-1#1", HEU, on=START)
    return made


def told(books: SmallBooks, mba: str, on: datetime.date = START, **asked: Any) -> dict[str, Any]:
    with books.database.reading() as connection:
        return category_report(category_on(connection, books.database.metadata, mba, on, **asked))


def test_category_of_an_area(books: SmallBooks) -> None:
    found = told(books, "XHS1")
    assert (found["category"], found["base_category"]) == ("II", "I")
    assert {row["row"]: row["mass_kg"] for row in found["rows"]} == {"PU": "1.2", "U3": "0.018"}
    assert {one["place"]: (one["category"], one["base_category"]) for one in found["places"]} == {
        "A": ("II", "I"),
        "pond": ("II", "II"),
    }
    assert [(one["batch"], one["class"], one["category"]) for one in found["irradiated"]] == [
        ("HEU-1", "H", "II"),
        ("SF-1", "L", "II"),
    ]
    assert found["undecided"] == [{"batch": "MIX-1", "code": "NEEDS_SPLIT"}]
    assert [one["code"] for one in found["warnings"]] == [
        *("PU238_ASSUMED_0", "MIXED_REDUCTION", "MIXED_REDUCTION"),
    ]


def test_a_day_before_and_after(books: SmallBooks) -> None:
    later = told(books, "XHS1", SPRING + datetime.timedelta(1))
    assert later["category"] == "I" and later["irradiated"][0]["category"] == "I"
    assert "REVIEW_OVERDUE" in [one["code"] for one in later["warnings"]]
    before = told(books, "XHS1", datetime.date(2024, 12, 31))
    assert before["category"] == "I" and not before["irradiated"]
    assert [one["place"] for one in before["places"]] == ["A"]
    as_known = told(books, "XHS1", START, through_act=2)
    assert not as_known["irradiated"]


def test_a_pool_and_an_area_that_holds_little(books: SmallBooks) -> None:
    found = told(books, "XHP1")
    assert (found["category"], found["by_policy"]["sum_of_fractions"]) == ("III", "III")
    assert {row["row"]: row["category"] for row in found["rows"]} == {"PU": "III", "U5L": "III"}
    assert told(books, "XHE1")["category"] == "PMP"
    assert told(books, "XHE1", datetime.date(2000, 1, 1))["category"] == "NONE"
    with pytest.raises(NotFoundError):
        told(books, "NONE")


def test_what_is_recorded(books: SmallBooks) -> None:
    with books.database.reading() as connection:
        found = recorded_attributes(connection, books.database.metadata, "XHS1")
        none = recorded_attributes(connection, books.database.metadata, "XHP1")
    assert list(found) == ["XHS1/HEU-1#1", "XHS1/SF-1#1"] and not none
    one = found["XHS1/HEU-1#1"].to_dict()
    assert one["original_u235_kg"] == "6.2" and one["original_enrichment"] == "0.93"
    assert (one["dose_rate_gy_h"], one["review_on"]) == ("3", "2025-03-01")
    assert one["irradiated"] is True and one["place"] is None


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (Stated(original_form="mox"), "CATEGORY-FORM"),
        (Stated(original_pu_kg="1,5"), "CATEGORY-NUMBER"),
        (Stated(original_pu_kg="-1"), "CATEGORY-NUMBER"),
        (Stated(irradiated=True, dose_rate_gy_h="-1"), "CATEGORY-NUMBER"),
        (Stated(irradiated=True, dose_rate_gy_h="NaN"), "CATEGORY-NUMBER"),
        (Stated(pu238_fraction="81"), "CATEGORY-NUMBER"),
        (Stated(dose_rate_gy_h="3"), "CATEGORY-DOSE-RATE"),
        (Stated(irradiated=False, dose_rate_gy_h="3"), "CATEGORY-DOSE-RATE"),
        (Stated(place="x" * 65), "CATEGORY-NAME"),
        (Stated(place="a\nb"), "CATEGORY-NAME"),
        (Stated(reduction_decision_ref=" "), "CATEGORY-NAME"),
        (Stated(dose_rate_on=datetime.date(9999, 1, 1)), "CATEGORY-FUTURE"),
    ],
)
def test_what_is_refused(books: SmallBooks, stated: Stated, code: str) -> None:
    with pytest.raises(RefusedError) as error:
        record_attribute(books.database, ACTOR, "XHS1", "PU-1", stated, on=START)
    assert code in [one.code for one in error.value.findings]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"mba": "NONE"}, "CATEGORY-AREA"),
        ({"batch_uid": "XHS1/X#1"}, "CATEGORY-BATCH"),
        ({"batch_uid": "XHP1/LEU-1#1"}, "CATEGORY-BATCH"),
        ({"recorded_on": 20251399}, "CATEGORY-DAY"),
        ({"review_on": 1}, "CATEGORY-DAY"),
    ],
)
def test_lines_that_are_refused(books: SmallBooks, values: dict[str, Any], code: str) -> None:
    line = {"mba": "XHS1", "batch_uid": "XHS1/PU-1#1", "recorded_on": 20250101, **values}
    made = Draft(ATTRIBUTE, f"test:{values}")
    made.add("protection_attribute", line, scope="XH/XHF-/XHS1")
    with pytest.raises(RefusedError) as error:
        post(books.database, made, ACTOR)
    assert code in [one.code for one in error.value.findings]
    with pytest.raises(NotFoundError):
        record_attribute(books.database, ACTOR, "XHS1", "X", Stated(), on=START)


def test_what_it_rests_on(books: SmallBooks) -> None:
    metadata, registry = books.database.metadata, books.database.registry
    with books.database.reading() as connection:
        line = recorded_attributes(connection, metadata)["XHS1/HEU-1#1"].line
        up = why(connection, metadata, registry, "batch:XHS1/HEU-1#1")
        shown = why(connection, metadata, registry, line)
        down = dependents(connection, metadata, registry, line)
        acts = dependents(connection, metadata, registry, "act:1")
    assert ("protected as stated in", line) in {(one.relation, one.target) for one in up.links}
    assert (line, "shown by", "act:1") in {(o.source, o.relation, o.target) for o in shown.links}
    assert "batch:XHS1/HEU-1#1" in {one.source for one in down}
    assert line in {one.source for one in acts}


@pytest.mark.parametrize(
    ("role", "reads", "records"),
    [
        ("State officer", True, True),
        ("security officer", True, True),
        ("inspector", True, False),
        ("auditor", True, False),
        ("facility accountant", False, False),
        ("cooperation officer", False, False),
        ("administrator", False, False),
    ],
)
def test_who_reads_and_records(role: str, reads: bool, records: bool) -> None:
    person = Person("P-2", "admitted", (Grant("P-2", role, "XH"),))
    assert person.sight.sees("material_category", "XH/XHF-/XHS1") is reads
    assert person.may_post(ATTRIBUTE, "XH/XHF-/XHS1") is records


# --- the commands --------------------------------------------------------------------------------


COMMANDS = typer.Typer()
for command in (category, attribute, attributes):
    COMMANDS.command()(command)


def run(books: SmallBooks, *arguments: str) -> Result:
    Given.db, Given.format = None, None
    path = str(books.database.url).removeprefix("sqlite:///")
    return CliRunner().invoke(COMMANDS, [*arguments, "--db", path])


def test_command(books: SmallBooks) -> None:
    done = run(books, "category", "XHS1", "--on", "2025-01-01", "--policy", "sum_of_fractions")
    found = json.loads(done.stdout)
    assert done.exit_code == 1 and found["policy"] == "sum_of_fractions"
    assert found["schema"] == "keiryo.pp.category-result/1"
    assert list(found) == [
        *("schema", "mba", "on", "edition", "policy", "category", "base_category", "by_policy"),
        *("rows", "sums", "irradiated", "places", "undecided", "exempt", "classification"),
        "warnings",
    ]
    plain = run(books, "category", "XHP1", "--on", "2025-01-01", "--format", "table")
    assert plain.exit_code == 0 and "category III" in plain.stdout
    none = run(books, "category", "XHE1", "--on", "2000-01-01")
    assert none.exit_code == 0 and json.loads(none.stdout)["category"] == "NONE"


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["NONE", "--on", "2025-01-01"], ["MBA_UNKNOWN"]),
        (["XHS1", "--on", "yesterday", "--policy", "max"], ["DATE", "POLICY"]),
    ],
)
def test_command_that_computes_nothing(
    books: SmallBooks, arguments: list[str], codes: list[str]
) -> None:
    done = run(books, "category", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert [one["code"] for one in json.loads(done.stderr)["errors"]] == codes


def test_list_of_what_is_recorded(books: SmallBooks) -> None:
    found = json.loads(run(books, "attributes", "XHS1", "--format", "json").stdout)
    assert [one["batch"] for one in found] == ["XHS1/HEU-1#1", "XHS1/SF-1#1"]
    assert (
        json.loads(run(books, "attributes", "--on", "2024-12-31", "--format", "json").stdout) == []
    )
    assert "pond" in run(books, "attributes").stdout
    wrong = run(books, "attribute", "XHS1", "--place", "x")
    assert wrong.exit_code != 0


# --- what is told before material comes ----------------------------------------------------------


def test_a_rise_is_told(sqlite_url: str) -> None:
    made = SmallBooks(sqlite_url, XHS1=area("item", batch("PU-1", 1, _700="400")))
    form = {"kmp": "A", "mdc": "B/Q/1/F", "shipper_batch": "UNKNOWN"}
    parties = {"shipper": "ZZ/ZZZZ", "receiver": "XH/XHS1"}

    def send(number: int, name: str, day: str) -> set[tuple[str, str]]:
        entry = change("RF", day, name, "700:300", items=1, **form, **parties)
        done = made.send("XHS1", number, entry)
        assert done.act_id is not None and done.outcome == "accepted"
        found = told_of(made.database, done.act_id)
        return {(f.code, str(f.severity)) for f in found if f.code.startswith("CATEGORY")}

    assert send(1, "PU-2", "20250110") == set()  # nobody asked for the categories of the area
    stated = Stated(place="vault", reduction_decision_ref="D")
    done = record_attribute(made.database, ACTOR, "XHS1", "PU-1", stated, on=START)
    findings = {one.code: one for one in told_of(made.database, done.act.act_id)}
    assert set(findings) == {"CATEGORY-RAISED", "CATEGORY-DECISION"}
    raised = findings["CATEGORY-RAISED"]
    assert (raised.found, raised.expected) == ("III", "NONE") and "vault" in raised.message
    assert send(2, "PU-3", "20250112") == {("CATEGORY-RAISED", "W")}  # A: 0.6 kg
    assert send(3, "PU-4", "20250114") == set()  # 0.9 kg: still II
    moved = record_attribute(made.database, ACTOR, "XHS1", "PU-4", stated, on=SPRING)
    again = told_of(made.database, moved.act.act_id)
    assert [one.found for one in again if one.code == "CATEGORY-RAISED"] == ["II"]


def test_a_lot_that_cannot_be(sqlite_url: str) -> None:
    made = SmallBooks(sqlite_url, XHS1=area("item", batch("PU-1", 1, _700="400")))
    gone = change("SF", "20250110", "PU-1", "700:900", receiver="ZZ/ZZZZ", items=1)
    made.send("XHS1", 1, gone, reason="as the facility reports it")
    with pytest.raises(InputError):
        told(made, "XHS1", SPRING)
    done = run(made, "category", "XHS1", "--on", "2025-03-01")
    assert [one["code"] for one in json.loads(done.stderr)["errors"]] == ["LOT_INVALID"]


def test_recording_by_command(sqlite_url: str) -> None:
    made = SmallBooks(sqlite_url, XHS1=area("item", batch("SF-1", 1, _630="300000", _670="3000")))
    what = ["--irradiated", "--dose-rate", "50", "--dose-rate-on", "2025-01-01"]
    was = ["--original-form", "leu", "--original-enrichment", "0.0400"]
    done = run(made, "attribute", "XHS1/SF-1", "--on", "2025-01-02", "--place", "pond", *what, *was)
    assert done.exit_code == 0 and "recorded in act" in done.stdout
    assert "CATEGORY-RAISED" in done.stdout  # the pond was empty
    assert [one["place"] for one in told(made, "XHS1", SPRING)["places"]] == ["pond"]
    assert told(made, "XHS1", SPRING)["category"] == "II"
    again = run(made, "attribute", "XHS1/SF-1#1", "--on", "2025-01-03", "--not-irradiated")
    assert again.exit_code == 0 and told(made, "XHS1", SPRING)["category"] == "PMP"
    shown = run(made, "attributes", "XHS1", "--on", "2025-01-02", "--format", "json")
    assert json.loads(shown.stdout)[0]["original_enrichment"] == "0.04"
