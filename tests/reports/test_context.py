"""What came before the reports: every way in which a context can be wrong."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from keiryo.errors import Severity
from keiryo.quantities import Category
from keiryo.reports.context import read_context

BATCH = {"kmp": "C", "mdc": "G/Q/N/B", "batch": "PWD-0", "basis": "T", "items": 0,
         "weights": {"630": "905300", "670": "40738.5"}}  # fmt: skip
AREA = {
    "facility": "XGF-",
    "type": "bulk",
    "batch_follow_up": False,
    "last_report_no": 200,
    "earlier_reports_entry_count": {"199": 2, "200": 4},
    "previous_physical_inventory": [BATCH],
    "previous_PE": {"E": {"element": "905300", "fissile": "40738.5"}},
}
CONTEXT = {
    "country": "XG",
    "as_of": "20250531",
    "prior_pit": "20240331",
    "transit_limit_days": 30,
    "mbas": {"XGFA": AREA},
}


def findings(data: Any) -> list[tuple[str, Severity]]:
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    context, found = read_context(content, "context.json")
    blocked = any(f.severity is Severity.FORMAT for f in found)
    assert (context is None) == blocked
    for finding in found:
        assert finding.message and finding.advice and finding.file == "context.json"
    return [(f.code, f.severity) for f in found]


def changed(**fields: Any) -> dict[str, Any]:
    return CONTEXT | fields


def of_area(**fields: Any) -> dict[str, Any]:
    return CONTEXT | {"mbas": {"XGFA": AREA | fields}}


def of_batch(**fields: Any) -> dict[str, Any]:
    return of_area(previous_physical_inventory=[BATCH | fields], previous_PE={})


def test_right_context() -> None:
    context, found = read_context(json.dumps(CONTEXT).encode(), "context.json")
    assert found == []
    assert context is not None
    assert context.prior_pit == datetime.date(2024, 3, 31)
    area = context.areas["XGFA"]
    assert area.earlier_reports == {199: 2, 200: 4}
    assert area.ending == {Category.ENRICHED: (905_300_000, 40_738_500)}
    assert area.inventory[0].weights_mg() == {"630": 905_300_000, "670": 40_738_500}
    assert area.area.batch_follow_up is False


@pytest.mark.parametrize(("kind", "follows"), [("bulk", False), ("item", True), ("LOF", True)])
def test_batches_are_followed_but_in_bulk_areas(kind: str, follows: bool) -> None:
    data = of_area(type=kind, batch_follow_up=None)
    del data["mbas"]["XGFA"]["batch_follow_up"]
    context, _ = read_context(json.dumps(data).encode(), "context.json")
    assert context is not None and context.areas["XGFA"].area.batch_follow_up is follows


def test_little_is_needed() -> None:
    little = {"facility": "XGF-", "type": "LOF"}
    assert findings({"country": "XG", "prior_pit": "20240331", "mbas": {"XGLA": little}}) == []


F, W = Severity.FORMAT, Severity.WARNING


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"{", ("CONTEXT-FORM", F)),
        (b"\xff\xfe", ("CONTEXT-FORM", F)),
        (b"[" * 100_000, ("CONTEXT-FORM", F)),
        (b"[]", ("CONTEXT-FORM", F)),
        (changed(country="xg"), ("CONTEXT-FORM", F)),
        (changed(country=None), ("CONTEXT-FORM", F)),
        (changed(prior_pit=None), ("CONTEXT-FORM", F)),
        (changed(prior_pit="20240231"), ("CONTEXT-FORM", F)),
        (changed(as_of="tomorrow"), ("CONTEXT-FORM", F)),
        (changed(as_of="20240330"), ("CONTEXT-DATES", F)),
        (changed(transit_limit_days=-1), ("CONTEXT-FORM", F)),
        (changed(transit_limit_days="a month"), ("CONTEXT-FORM", F)),
        (changed(transit_limit_days=True), ("CONTEXT-FORM", F)),
        (changed(mbas={}), ("CONTEXT-FORM", F)),
        (changed(mbas=None), ("CONTEXT-FORM", F)),
        (changed(mbas={"XGF": AREA}), ("CONTEXT-FORM", F)),
        (changed(mbas={"XGFA": []}), ("CONTEXT-FORM", F)),
        (changed(author="me"), ("CONTEXT-UNKNOWN", W)),
        (of_area(facility="XGF"), ("CONTEXT-FORM", F)),
        (of_area(facility=None), ("CONTEXT-FORM", F)),
        (of_area(type="reactor"), ("CONTEXT-FORM", F)),
        (of_area(batch_follow_up="no"), ("CONTEXT-FORM", F)),
        (of_area(last_report_no=-2), ("CONTEXT-FORM", F)),
        (of_area(last_report_no="two hundred"), ("CONTEXT-FORM", F)),
        (of_area(last_report_no=199), ("CONTEXT-NUMBERS", W)),
        (of_area(earlier_reports_entry_count={"A": 1}), ("CONTEXT-FORM", F)),
        (of_area(earlier_reports_entry_count={"199": "2"}), ("CONTEXT-FORM", F)),
        (of_area(earlier_reports_entry_count={"199": -2}), ("CONTEXT-FORM", F)),
        (of_area(earlier_reports_entry_count=[199]), ("CONTEXT-FORM", F)),
        (of_area(previous_physical_inventory={}), ("CONTEXT-FORM", F)),
        (of_area(previous_physical_inventory=[7], previous_PE={}), ("CONTEXT-FORM", F)),
        (of_area(previous_PE={"E": {"element": "905303", "fissile": "40738"}}),
         ("CONTEXT-PE", W)),
        (of_area(previous_PE={"E": {"element": "905300", "fissile": "40736"}}),
         ("CONTEXT-PE", W)),
        (of_area(previous_PE={"X": {"element": "1"}}), ("CONTEXT-WEIGHT", F)),
        (of_area(previous_PE={"E": {"fissile": "1"}}), ("CONTEXT-WEIGHT", F)),
        (of_area(previous_PE={"E": "905300"}), ("CONTEXT-WEIGHT", F)),
        (of_area(previous_PE=[1]), ("CONTEXT-FORM", F)),
        (of_batch(batch=None), ("CONTEXT-FORM", F)),
        (of_batch(weights=None), ("CONTEXT-FORM", F)),
        (of_batch(weights={}), ("CONTEXT-FORM", F)),
        (of_batch(weights={"670": "1"}), ("CONTEXT-FORM", F)),
        (of_batch(weights={"630": "10"}), ("CONTEXT-WEIGHT", W)),
        (of_batch(weights={"999": "1"}), ("CONTEXT-FORM", F)),
        (of_batch(weights={"610": "-1"}), ("CONTEXT-WEIGHT", F)),
        (of_batch(weights={"610": "0.0000001"}), ("CONTEXT-WEIGHT", F)),
        (of_batch(weights={"610": "much"}), ("CONTEXT-WEIGHT", F)),
        (of_batch(weights={"610": "1e400"}), ("CONTEXT-WEIGHT", F)),
    ],
)  # fmt: skip
def test_wrong_context(data: Any, wanted: tuple[str, Severity]) -> None:
    assert wanted in findings(data)


def test_reported_ending_may_be_rounded() -> None:
    batches = [BATCH | {"batch": f"P{n}", "weights": {"630": "100.4", "670": "4.4"}}
               for n in range(5)]  # fmt: skip
    rounded = {"E": {"element": "502", "fissile": "22"}}  # or 500 and 20, rounded by batch
    for ending in (rounded, {"E": {"element": "500", "fissile": "20"}}):
        assert findings(of_area(previous_physical_inventory=batches, previous_PE=ending)) == []
    exact = {"E": {"element": "506", "fissile": "22"}}
    wrong = of_area(previous_physical_inventory=batches, previous_PE=exact)
    assert findings(wrong) == [("CONTEXT-PE", W)]


def test_all_findings_at_once() -> None:
    data = of_area(facility="?", type="?", last_report_no="?") | {"country": "?", "as_of": "?"}
    assert len(findings(data)) >= 5
