"""Retained waste and exemptions by programs: as recorded, narrowed, tried."""

from __future__ import annotations

from typing import Any

import pytest

from web.api_client import program
from web.site import Site
from web.test_api_corrections import sent
from web.test_api_source_lines import LINES, PLACE, ROW

WASTE, EXEMPTIONS = "/api/v1/registers/retained-waste", "/api/v1/registers/exemptions"


def record(client: Any, code: str, batch: str) -> int:
    """Record a source line of some code, for a reason where it is asked; return its act."""
    row = {**ROW, "code": code, "batch": batch}
    lines = {**LINES, "rows": [row], "accept_reason": "FOR A TEST"}
    done = sent(client, PLACE, lines)
    assert done.status_code == 201, done.text
    return int(done.json()["posted"]["act"])


def test_waste_is_recorded_by_source_lines(site: Site) -> None:
    with site.client("accountant") as accountant:
        tag = accountant.get(WASTE).headers["etag"]
        act = record(accountant, "TW", "WASTE-01")
        found = accountant.get(WASTE, headers={"If-None-Match": tag})
        assert found.status_code == 200
        accounts = [one for one in found.json()["accounts"] if one["category"] == "E"]
        (batch,) = [b for one in accounts for b in one["batches"] if b["batch"] == "WASTE-01"]
        assert batch["held"] == {"element_mg": 12_500, "fissile_mg": 550}
        assert [(one["act"], one["code"]) for one in batch["entries"]] == [(act, "TW")]
        assert {one["mba"] for one in found.json()["accounts"]} == {"XAFA"}
        assert (
            accountant.get(f"{WASTE}?on=2026-01-04").json()["accounts"] != found.json()["accounts"]
        )
        fresh = {"If-None-Match": found.headers["etag"]}
        assert accountant.get(WASTE, headers=fresh).status_code == 304
    assert program(site, "officer", scope="XA/XAR-").get(WASTE).json()["accounts"] == []


def test_exemptions_and_what_would_fit(site: Site) -> None:
    with site.client("accountant") as accountant:
        act = record(accountant, "EQ", "EXEMPT-01")
        mine = accountant.get(EXEMPTIONS).json()
        assert mine["limits"] is None and mine["trial"] is None
        assert {one["mba"] for one in mine["quantity_entries"]} == {"XAFA"}
        assert accountant.get(f"{EXEMPTIONS}?category=T&element_mg=1").status_code == 403
    with site.client("officer") as officer:
        whole = officer.get(EXEMPTIONS).json()
        (line,) = [one for one in whole["quantity_entries"] if one["act"] == act]
        assert (line["element_mg"], line["letter"]) == (12_500, "a")
        assert [one["letter"] for one in whole["limits"]] == ["a", "b", "c", "d"]
        little = officer.get(f"{EXEMPTIONS}?category=T&element_mg=1000000").json()["trial"]
        assert little["fits"] and [one["letter"] for one in little["after"]] == ["d"]
        much = officer.get(f"{EXEMPTIONS}?category=T&element_mg=20000000001").json()["trial"]
        assert not much["fits"] and much["exceeded"] == ["d"]


@pytest.mark.parametrize(
    "query",
    [
        "category=E",
        "element_mg=1",
        "category=E&element_mg=5",
        "category=E&element_mg=5&fissile_mg=6",
        "category=X&element_mg=5",
        "category=T&element_mg=-1",
        "on=9999-01-01",
    ],
)
def test_what_cannot_be_tried(site: Site, query: str) -> None:
    with site.client("officer") as officer:
        assert officer.get(f"{EXEMPTIONS}?{query}").status_code == 400
