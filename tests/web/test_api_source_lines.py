"""Source lines by programs: checked, recorded as one act or refused, listed until reported."""

from __future__ import annotations

from typing import Any

import pytest

from keiryo.accounts.tables import INVENTORY_CHANGE
from web.api_client import program
from web.site import Site
from web.test_api_corrections import sent
from web.test_api_preparing import ISSUE, PREPARE, WANTED
from web.test_report_pages import acts, rows_of

PLACE = "/api/v1/areas/XAFA/source-lines"
WEIGHT = {"category": "E", "element_mg": 12_500, "fissile_mg": 550}
ROW: dict[str, Any] = {
    "date": "2026-01-05",
    "code": "LD",
    "batch": "F26-LIQ-02",
    "kmp": "3",
    "mdc": "U/2/5/E",
    "items": 0,
    "basis": "M",
    "weights": [WEIGHT],
}
LINES: dict[str, Any] = {"kind": "I", "known_on": "2026-01-08", "rows": [ROW]}
BATCH = {name: value for name, value in ROW.items() if name not in ("date", "code")}
TAKING = {"kind": "P", "pit_date": "2026-01-07", "known_on": "2026-01-08"}


def with_row(**change: Any) -> dict[str, Any]:
    """Return the lines with something changed in their row."""
    return {**LINES, "rows": [{**ROW, **change}]}


def test_rows_are_checked_recorded_and_listed_until_reported(site: Site) -> None:
    before = acts(site)
    with site.client("accountant") as accountant:
        waited = len(accountant.get(PLACE).json()["items"])
        found = sent(accountant, f"{PLACE}/check", LINES).json()
        assert found["recordable"] and not found["needs_reason"] and acts(site) == before
        done = sent(accountant, PLACE, LINES, **{"Idempotency-Key": "one"})
        assert done.status_code == 201, done.text
        made = done.json()
        assert made["entries"] == 1 and not made["posted"]["repeated"]
        assert accountant.get(done.headers["location"]).json()["kind"] == "source.record"
        again = sent(accountant, PLACE, LINES, **{"Idempotency-Key": "one"})
        assert again.json() == made and again.headers["idempotent-replayed"] == "true"
        same = sent(accountant, PLACE, LINES)
        assert same.json()["posted"] == {**made["posted"], "repeated": True}
        assert acts(site) == before + 1
        listed = accountant.get(PLACE).json()["items"]
        assert len(listed) == waited + 1
        (mine,) = [one for one in listed if one["act"] == made["posted"]["act"]]
        assert (mine["batch"], mine["day"], mine["status"]) == ("F26-LIQ-02", "2026-01-05", "N")
        weight = mine["weights"][0]
        assert (weight["element_mg"], weight["fissile_mg"]) == (12_500, 550)
        assert weight["fissile_basis"] == "U-235"
        assert mine not in accountant.get(f"{PLACE}?to=2026-01-04").json()["items"]
        digest = sent(accountant, PREPARE, WANTED).json()["text_digest"]
        assert sent(accountant, ISSUE, {**WANTED, "text_digest": digest}).status_code == 201
        assert mine not in accountant.get(PLACE).json()["items"]


def test_the_grid_and_the_api_record_the_same(site: Site) -> None:
    """What the page wrote is recognised when a program sends it, to the milligram."""
    path = "/reports/compose/XAFA/I"
    with site.client("accountant") as accountant:
        typed = rows_of(accountant, path, action="record")
        assert accountant.post(path, typed).status_code == 303
        before = acts(site)
        same = sent(accountant, PLACE, LINES)
        assert same.json()["posted"]["repeated"] and acts(site) == before
    table = site.database.metadata.tables[INVENTORY_CHANGE.name]
    with site.database.reading() as connection:
        query = table.select().where(table.c.batch == "F26-LIQ-02")
        (row,) = connection.execute(query).mappings().all()
    assert (row["element_mg"], row["fissile_mg"], row["report_no"]) == (12_500, 550, None)


@pytest.mark.parametrize(
    ("change", "code", "cell"),
    [
        ({"batch": None}, "LABEL-MISSING", "/rows/0/batch"),
        ({"batch": "A#B"}, "LABEL-FORMAT", "/rows/0/batch"),
        ({"code": "ZZ"}, None, "/rows/0/code"),
        ({"date": None}, None, "/rows/0/date"),
        ({"weights": []}, None, None),
        ({"weights": [WEIGHT, WEIGHT]}, "ROW-WEIGHT", "/rows/0/weights"),
        ({"weights": [{**WEIGHT, "category": "T"}]}, "ROW-WEIGHT", "/rows/0/weights"),
        ({"weights": [{**WEIGHT, "category": "P"}]}, "ROW-WEIGHT", "/rows/0/weights"),
        (
            {"weights": [{**WEIGHT, "isotopes": [{"nuclide": "Pu-239", "mass_mg": 1}]}]},
            "ROW-WEIGHT",
            "/rows/0/weights",
        ),
        ({"weights": [{**WEIGHT, "fissile_mg": 12_501}]}, None, "/rows/0/weights"),
    ],
)
def test_all_or_none_with_findings_by_row_and_field(
    site: Site, change: dict[str, Any], code: str | None, cell: str | None
) -> None:
    before = acts(site)
    other = {**ROW, "batch": "F26-LIQ-03"}
    wrong = {**LINES, "rows": [{**ROW, **change}, other]}
    with site.client("accountant") as accountant:
        checked = sent(accountant, f"{PLACE}/check", wrong).json()
        assert not checked["recordable"]
        refused = sent(accountant, PLACE, wrong)
        assert refused.status_code == 422 and acts(site) == before
        for found in (checked["findings"], refused.json()["findings"]):
            named = [one for one in found if one["severity"] in "FE"]
            assert {one.get("entry") for one in named} == {1}, named
            assert code is None or code in {one["code"] for one in named}, named
            assert cell is None or cell in {one["cell"] for one in named}, named
            assert not any(one.get("file") or one.get("line") for one in found)


def test_a_reason_where_it_is_asked_for(site: Site) -> None:
    """The same event with other weights is asked about; with a reason it is recorded."""
    other = with_row(weights=[{**WEIGHT, "element_mg": 12_501}])
    with site.client("accountant") as accountant:
        assert sent(accountant, PLACE, LINES).status_code == 201
        checked = sent(accountant, f"{PLACE}/check", other).json()
        assert checked["needs_reason"] and checked["findings"][0]["code"] == "BATCH-REUSE"
        before = acts(site)
        assert sent(accountant, PLACE, {**other, "accept_reason": " "}).status_code == 422
        assert acts(site) == before
        done = sent(accountant, PLACE, {**other, "accept_reason": "DISCARDED TWICE"})
        assert done.status_code == 201 and done.json()["findings"]
        act = accountant.get(done.headers["location"]).json()
        assert act["reason"] == "DISCARDED TWICE"


def test_a_listing_and_an_empty_area(site: Site) -> None:
    with site.client("accountant") as accountant:
        wrong = sent(accountant, PLACE, {**TAKING, "rows": [BATCH], "pit_date": None})
        (found,) = [one for one in wrong.json()["findings"] if one["severity"] == "F"]
        assert (wrong.status_code, found["cell"]) == (422, "/pit_date")
        listed = sent(accountant, PLACE, {**TAKING, "rows": [BATCH]})
        assert listed.status_code == 201, listed.text
        items = accountant.get(f"{PLACE}?kind=P").json()["items"]
        mine = [one for one in items if one["act"] == listed.json()["posted"]["act"]]
        assert [(one["batch"], one["day"]) for one in mine] == [("F26-LIQ-02", "2026-01-07")]
        empty = sent(accountant, PLACE, {**TAKING, "pit_date": "2026-01-08", "rows": []})
        assert empty.status_code == 201, empty.text
        nothing = sent(accountant, PLACE, {**LINES, "rows": []})
        assert nothing.status_code == 422
        assert nothing.json()["findings"][0]["code"] == "SOURCE-EMPTY"


def test_what_does_not_belong_in_a_listing_is_said(site: Site) -> None:
    with site.client("accountant") as accountant:
        for name, value in (("date", "2026-01-07"), ("code", "LD"), ("shipper", "XA/XARA")):
            lines = {**TAKING, "rows": [{**BATCH, name: value}]}
            (found,) = sent(accountant, f"{PLACE}/check", lines).json()["findings"]
            assert (found["code"], found["cell"]) == ("LABEL-MISPLACED", f"/rows/0/{name}")


def test_only_on_what_was_seen(site: Site) -> None:
    with site.client("accountant") as accountant:
        tag = accountant.get("/api/v1/areas/XAFA").headers["etag"]
        assert sent(accountant, PLACE, LINES, **{"If-Match": tag}).status_code == 201
        before = acts(site)
        stale = sent(accountant, PLACE, with_row(batch="F26-LIQ-09"), **{"If-Match": tag})
        assert stale.status_code == 412 and acts(site) == before


def test_pages_of_the_list(site: Site) -> None:
    rows = [{**ROW, "batch": f"F26-LIQ-{n:02}"} for n in range(1, 6)]
    with site.client("accountant") as accountant:
        assert sent(accountant, PLACE, {**LINES, "rows": rows}).status_code == 201
        every = accountant.get(PLACE).json()["items"]
    walked = program(site, "accountant").walk(f"{PLACE}?limit=2")
    assert walked == every
    assert [one["batch"] for one in every][-5:] == [row["batch"] for row in rows]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "M"},
        {"unknown": 1},
        {"known_on": "0001-01-01"},
        {"rows": [{**ROW, "batch": "A\nB"}]},
        {"rows": [{**ROW, "weights": [{**WEIGHT, "element_mg": 1.5}]}]},
        {"rows": [{**ROW, "weights": [{**WEIGHT, "element_mg": -1}]}]},
        {"rows": [{**ROW, "weights": [{**WEIGHT, "category": "X"}]}]},
        {"rows": [{**ROW, "date": "9999-01-01"}]},
    ],
)
def test_what_cannot_be_asked(site: Site, change: dict[str, Any]) -> None:
    with site.client("accountant") as accountant:
        for path in (PLACE, f"{PLACE}/check"):
            assert sent(accountant, path, {**LINES, **change}).status_code == 400


def test_who_may(site: Site) -> None:
    stranger = PLACE.replace("XAFA", "XARA")
    with site.client("accountant") as accountant:
        assert sent(accountant, stranger, LINES).status_code == 404
        assert accountant.get(stranger).status_code == 404
    with site.client("inspector") as inspector:
        assert sent(inspector, PLACE, LINES).status_code in (403, 404)
        assert sent(inspector, f"{PLACE}/check", LINES).status_code in (403, 404)
    reader = program(site, "accountant", "read")
    assert reader.post(f"{PLACE}/check", LINES).status_code == 403
    assert reader.get(PLACE).status_code == 200
