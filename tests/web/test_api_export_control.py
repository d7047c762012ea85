"""Export control by programs: what is read, what is recorded once, and on what was seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from web.api_client import program
from web.export_control_register import ASSURANCE, GRAPHITE_LINE, HEAD, REGISTER, plain, record
from web.site import Site
from web.test_api_corrections import sent
from web.test_report_pages import acts

HERE = "/api/v1/export-control"
READ = (
    *("licences", "licences/L-2", "shipments", "assurances", "items", "control-lists", "traders"),
    *("queue", "notices", "declarations/2025-Q4", "rule", "registers"),
)
RULE = {"mode": "warn", "reason": "A new office.", "from_day": "2026-02-01"}


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site whose books hold licences, shipments and traders."""
    record(site)
    return site


def a_file(**lists: Any) -> dict[str, str]:
    return {"name": "register.json", "content": json.dumps(plain(lists))}


def test_who_may_ask(kept: Site) -> None:
    for path in READ:
        assert program(kept, "officer", "read").get(f"{HERE}/{path}").status_code == 200, path
        assert program(kept, "accountant").get(f"{HERE}/{path}").status_code == 403, path
        assert program(kept, None).get(f"{HERE}/{path}").status_code == 401, path
    for name, status in (("officer", 403), ("accountant", 403), ("auditor", 403)):
        assert program(kept, name).post(f"{HERE}/rule", RULE).status_code == status
        for path in ("registers", "registers/check"):
            answer = program(kept, name).post(f"{HERE}/{path}", a_file(assurances=[ASSURANCE]))
            assert answer.status_code == status
    reader = program(kept, "cooperation", "read")
    assert reader.post(f"{HERE}/rule", RULE).status_code == 403
    narrow = program(kept, "cooperation", scope="XA/XFAF")
    assert narrow.walk(f"{HERE}/licences") == narrow.walk(f"{HERE}/shipments") == []
    assert narrow.get(f"{HERE}/licences/L-2").status_code == 404


def test_licences_and_shipments(kept: Site) -> None:
    asker = program(kept, "cooperation")
    every = asker.walk("/export-control/licences?limit=2")
    assert [one["licence"] for one in every] == ["I-1", "L-2", "L-2026/1"]
    one = asker.get("/export-control/licences/L-2026/1").json()
    assert one == every[2] and one["assurances"] == ["A-1"]
    (line,) = one["lines"]
    assert (line["quantity"], line["drawn"], line["remaining"], line["unit"]) == (
        *("42", "40", "2", "kg"),
    )
    assert line["planned"] == "700" and line["attention"] == "nearly used up"
    assert asker.get("/export-control/licences/none").status_code == 404
    assert len(asker.walk("/export-control/licences?direction=import&partner=XB")) == 1
    assert asker.get("/export-control/licences?direction=x").status_code == 400
    shipments = asker.walk("/export-control/shipments?limit=1")
    assert len(shipments) == 4 and all(one["line"].count("/") == 1 for one in shipments)
    (stopped,) = asker.walk("/export-control/shipments?stopped=true")
    assert (stopped["transfer"], stopped["result"]) == ("T-2", "OVER-CEILING")
    first = asker.get("/export-control/shipments")
    tag = {"If-None-Match": first.headers["etag"]}
    assert asker.get("/export-control/shipments", **tag).status_code == 304
    record(kept, assurances=[{**ASSURANCE, "valid_to": "2026-11-30"}])
    assert asker.get("/export-control/shipments", **tag).status_code == 200


def test_registers_traders_and_the_queue(kept: Site) -> None:
    asker = program(kept, "officer")
    (assurance,) = asker.walk("/export-control/assurances")
    assert assurance["licences"] == ["L-2026/1"] and assurance["valid_to"] == "2026-12-31"
    assert [one["item"] for one in asker.walk("/export-control/items")] == ["GRAPHITE", "LEU"]
    structure = asker.get("/export-control/control-lists").json()["items"]
    assert {one["list"] for one in structure} >= {"NSG-1", "NSG-2", "AP-II"}
    (trader,) = asker.walk("/export-control/traders")
    assert trader["tier_that_counts"] == 2 and "MRA-1" in trader["reason"]
    (trader,) = asker.walk("/export-control/traders?on=2027-01-05")
    assert (
        not trader["in_force"]
        and asker.get("/export-control/traders?on=0001-01-01").status_code == 400
    )
    queue = asker.walk("/export-control/queue?limit=1")
    assert [(one["consignment"], one["score"]) for one in queue] == [("B-2", 31), ("B-1", 26)]
    assert {"what": "trusted trader", "points": -15} in queue[1]["points"]
    assert asker.walk("/export-control/queue?on=2026-01-09") == []


def test_what_is_announced_and_declared(kept: Site) -> None:
    asker = program(kept, "cooperation")
    clock = asker.get("/export-control/notices").json()
    (due,) = clock["due"]
    assert (due["due"], due["effective_kg"], due["shipments"]) == ("2026-01-16", "1.12", ["T-2"])
    assert len(clock["transfers"]) == 2 and not due["late"] and clock["findings"] == []
    told = asker.get("/export-control/declarations/2025-Q4").json()
    assert (told["from"], told["due"], len(told["entries"])) == ("2025-10-01", "2026-03-01", 1)
    assert told["entries"][0]["quantity"] == "2.5" and not told["nothing_to_declare"]
    empty = asker.get("/export-control/declarations/2025-Q4?direction=import").json()
    assert empty["nothing_to_declare"] and empty["due"] is None
    for wrong in ("x", "0000-Q1", "0001-Q1", "2025-Q5"):
        assert asker.get(f"/export-control/declarations/{wrong}").status_code == 400


def test_a_file_is_recorded_once_and_only_on_what_was_seen(kept: Site) -> None:
    before, longer = acts(kept), {**ASSURANCE, "valid_to": "2027-12-31"}
    with kept.client("cooperation") as officer:
        tag = {"If-Match": officer.get(f"{HERE}/registers").headers["etag"]}
        checked = sent(officer, f"{HERE}/registers/check", a_file(assurances=[longer]))
        assert checked.json() == {"objects": 1, "findings": []} and acts(kept) == before
        key = {"Idempotency-Key": "one", **tag}
        done = sent(officer, f"{HERE}/registers", a_file(assurances=[longer]), **key)
        assert done.status_code == 201 and done.json()["act"] == before + 1, done.text
        again = sent(officer, f"{HERE}/registers", a_file(assurances=[longer]), **key)
        assert again.json() == done.json() and acts(kept) == before + 1
        stale = sent(officer, f"{HERE}/registers", a_file(assurances=[ASSURANCE]), **tag)
        assert stale.status_code == 412
        same = sent(officer, f"{HERE}/registers", a_file(assurances=[longer])).json()
        assert (same["act"], same["recorded"], same["unchanged"]) == (None, 0, 1)
        counts = officer.get(f"{HERE}/registers").json()
        assert counts["act"] == before + 1
        assert {"list": "licences", "objects": 3} in counts["items"]
        less = {**HEAD, "licence": "L-2", "amendment": 1}
        lines = [{**GRAPHITE_LINE, "quantity": "2"}]
        lowered = sent(officer, f"{HERE}/registers", a_file(licences=[{**less, "lines": lines}]))
        assert [one["code"] for one in lowered.json()["findings"]] == ["LICENCE-OVERDRAWN"]


def test_the_rule(kept: Site) -> None:
    with kept.client("cooperation") as officer:
        first = officer.get(f"{HERE}/rule")
        assert first.json()["mode"] == "refuse" and first.json()["from_day"] is None
        assert first.json()["directions"][0] == {"direction": "export", "begins": "2025-01-01"}
        tag = {"If-Match": first.headers["etag"]}
        done = sent(officer, f"{HERE}/rule", RULE, **tag)
        assert done.status_code == 201, done.text
        assert sent(officer, f"{HERE}/rule", RULE, **tag).status_code == 412
        assert officer.get(f"{HERE}/rule").json()["mode"] == "warn"


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("registers", {}, 400),
        ("registers", {"name": "x.json", "content": ""}, 400),
        ("registers", {"name": "x.json", "content": "{"}, 422),
        ("registers", {"name": "x.json", "content": "\0"}, 422),
        ("registers", {"name": "x.json", "content": '{"licences": [1]}'}, 422),
        ("registers", {"name": "x.csv", "content": "a,b\n1,2\n"}, 422),
        ("registers", {"name": "x.csv", "content": "a,b\n1,2\n", "list": "nothing"}, 400),
        ("registers", {"name": "x.json", "content": "{}", "more": 1}, 400),
        ("registers/check", {"name": "", "content": "x"}, 400),
        ("registers/check", {"name": "x.csv", "content": "x", "list": "steps"}, 200),
        ("rule", {}, 400),
        ("rule", {**RULE, "mode": "x"}, 400),
        ("rule", {**RULE, "reason": "  "}, 400),
        ("rule", {**RULE, "reason": "a\0b"}, 400),
        ("rule", {**RULE, "from_day": "0001-01-01"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(
    kept: Site, path: str, content: dict[str, Any], status: int
) -> None:
    before = acts(kept)
    answer = program(kept, "cooperation").post(f"{HERE}/{path}", content)
    assert answer.status_code == status and acts(kept) == before, answer.text


def test_the_whole_register_is_recorded(site: Site) -> None:
    asker = program(site, "cooperation")
    done = asker.post(f"{HERE}/registers", a_file(**REGISTER))
    assert done.status_code == 201 and done.json()["recorded"] == 12, done.text
    assert len(asker.walk("/export-control/licences")) == 3
