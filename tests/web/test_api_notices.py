"""Advance notices by programs: registered, listed with their clock, confirmed, withdrawn."""

from __future__ import annotations

from typing import Any

import pytest

from web.api_client import program
from web.site import Site
from web.test_api_corrections import sent
from web.test_report_pages import acts

PLACE, NOTICES = "/api/v1/areas/XAFA/notices", "/api/v1/notices"
NOTICE: dict[str, Any] = {
    "notice": "N-2026-1",
    "direction": "export",
    "partner": "XC",
    "category": "E",
    "element_mg": 41_000_000_001,
    "fissile_mg": 1_640_000_000,
    "prepared": "2026-02-01",
    "transfer": "2026-02-03",
    "safeguarded": False,
}
ONE: dict[str, Any] = {"notices": [NOTICE]}


def place_of(client: Any, name: str) -> str:
    """Return the address of a notice."""
    (one,) = client.get(f"{NOTICES}?notice={name}").json()["items"]
    return f"{NOTICES}/{one['act']}/{one['line']}"


def test_notices_are_registered_listed_and_revised(site: Site) -> None:
    with site.client("officer") as officer:
        assert not officer.get(NOTICES).json()["register_kept"]
        before = acts(site)
        done = sent(officer, PLACE, ONE, **{"Idempotency-Key": "one"})
        assert done.status_code == 201 and acts(site) == before + 1, done.text
        assert sent(officer, PLACE, ONE, **{"Idempotency-Key": "one"}).json() == done.json()
        same = sent(officer, PLACE, ONE)
        assert (same.status_code, same.json()["posted"]) == (201, None)
        (one,) = officer.get(NOTICES).json()["items"]
        assert one["element_mg"] == NOTICE["element_mg"] and one["mba"] == "XAFA"
        assert (one["to_do"], one["due"], one["state"]) == (
            "notify",
            "2026-01-18",
            "to be notified",
        )
        assert officer.get(f"{NOTICES}?to_do=confirm").json()["items"] == []
        other = {"notices": [{**NOTICE, "notified": "2026-01-09"}]}
        refused = sent(officer, PLACE, other)
        assert refused.status_code == 422 and acts(site) == before + 1
        assert refused.json()["findings"][0]["code"] == "NOTICE-FORMAT"
        tag = {"If-Match": officer.get("/api/v1/areas/XAFA").headers["etag"]}
        revised = sent(officer, PLACE, {**other, "revise": True}, **tag)
        assert revised.status_code == 201 and acts(site) == before + 2
        assert sent(officer, PLACE, {**other, "revise": True}, **tag).status_code == 412
        found = officer.get(place_of(officer, "N-2026-1")).json()
        assert found["notified"] == "2026-01-09" and found["state"] == "open"
        assert [one["kind"] for one in found["history"]] == ["notice.register"] * 2


def test_a_notice_is_confirmed_or_withdrawn(site: Site) -> None:
    with site.client("officer") as officer:
        two = {"notices": [NOTICE, {**NOTICE, "notice": "N-2026-2"}]}
        assert sent(officer, PLACE, two).status_code == 201
        first, second = (place_of(officer, name) for name in ("N-2026-1", "N-2026-2"))
        tag = {"If-Match": officer.get(first).headers["etag"]}
        confirmed = {"confirmed": "2026-02-20"}
        done = sent(officer, f"{first}/confirmation", confirmed, **tag)
        assert done.status_code == 201, done.text
        assert sent(officer, f"{first}/confirmation", confirmed).json()["posted"] is None
        later = {"confirmed": "2026-02-21"}
        assert sent(officer, f"{first}/confirmation", later, **tag).status_code == 412
        assert officer.get(first).json()["confirmed"] == "2026-02-20"
        before = acts(site)
        withdrawn = sent(officer, f"{first}/withdrawal", {"reason": "CANCELLED"})
        assert withdrawn.status_code == 409 and acts(site) == before
        done = sent(officer, f"{second}/withdrawal", {"reason": "CANCELLED"})
        assert done.status_code == 201
        whole = officer.get(second).json()
        assert (whole["state"], whole["history"][0]["reason"]) == ("withdrawn", "CANCELLED")
        assert sent(officer, f"{second}/confirmation", confirmed).status_code == 400


def test_all_or_none(site: Site) -> None:
    before = acts(site)
    with site.client("officer") as officer:
        wrong = {**NOTICE, "notice": "N-2", "fissile_mg": None}
        for bad in ([NOTICE, wrong], [NOTICE, NOTICE], [{**NOTICE, "partner": "XA"}]):
            refused = sent(officer, PLACE, {"notices": bad})
            assert refused.status_code == 422 and acts(site) == before, refused.text
            assert refused.json()["findings"]
        assert sent(officer, PLACE, ONE).status_code == 201
        elsewhere = PLACE.replace("XAFA", "XARA")
        moved = sent(officer, elsewhere, {**ONE, "revise": True})
        assert moved.status_code == 409 and "XAFA" in moved.json()["title"]


def test_pages_and_transfers_without_notice(site: Site) -> None:
    many = [{**NOTICE, "notice": f"N-{n}", "transfer": f"2026-02-{n + 2:02}"} for n in range(5)]
    with site.client("officer") as officer:
        assert sent(officer, PLACE, {"notices": many}).status_code == 201
        every = officer.get(NOTICES).json()["items"]
        assert len(every) == 5 and [one["due"] for one in every] == sorted(
            one["due"] for one in every
        )
        bare = officer.get("/api/v1/transfers-without-notice").json()["items"]
    asking = program(site, "officer")
    assert asking.walk("/notices?limit=2") == every
    assert asking.walk("/transfers-without-notice?limit=1") == bare
    assert bare, "the demonstration has transfers abroad"


@pytest.mark.parametrize(
    "change",
    [
        {"notice": ""},
        {"notice": "x" * 61},
        {"direction": "out"},
        {"partner": "xb"},
        {"category": "X"},
        {"element_mg": -1},
        {"element_mg": 1.5},
        {"transfer": "soon"},
        {"transfer": "9999-01-01"},
        {"unknown": 1},
    ],
)
def test_what_cannot_be_asked(site: Site, change: dict[str, Any]) -> None:
    with site.client("officer") as officer:
        assert sent(officer, PLACE, {"notices": [{**NOTICE, **change}]}).status_code == 400
        assert sent(officer, PLACE, {"notices": []}).status_code == 400
        assert officer.get(f"{NOTICES}/1/1").status_code == 404
        assert sent(officer, f"{NOTICES}/1/1/withdrawal", {"reason": "x"}).status_code == 404


def test_who_may(site: Site) -> None:
    reader = program(site, "officer", "read")
    assert reader.post(PLACE, ONE).status_code == 403
    before = acts(site)
    with site.client("accountant") as accountant:
        stranger = sent(accountant, PLACE.replace("XAFA", "XARA"), ONE)
        assert stranger.status_code in (403, 404) and acts(site) == before
    narrow = program(site, "officer", scope="XA/XAR-")
    assert narrow.post(PLACE, ONE).status_code == 404
    assert program(site, "officer").post(PLACE, ONE).status_code == 201
    assert narrow.get("/notices").json()["items"] == []
    with site.client("officer") as officer:
        place = place_of(officer, "N-2026-1")
    assert narrow.get(place).status_code == 404
    assert narrow.post(f"{place}/withdrawal", {"reason": "x"}).status_code == 404
    assert narrow.post(PLACE.replace("XAFA", "XARA"), ONE).status_code == 409
