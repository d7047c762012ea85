"""Areas and key measurement points registered by programs of State officers."""

from __future__ import annotations

from typing import Any

import pytest

from web.api_client import program
from web.site import Site
from web.test_api_corrections import sent
from web.test_report_pages import acts

AREAS = "/api/v1/areas"
NEW: dict[str, Any] = {
    "mba": "XAFN",
    "facility": "XAF-",
    "type": "bulk",
    "zone": "Asia/Tokyo",
    "name": "新しい区域",
}
CHANGED = {name: value for name, value in NEW.items() if name != "mba"}


def test_an_area_is_registered_once_and_changed(site: Site) -> None:
    before = acts(site)
    with site.client("officer") as officer:
        done = sent(officer, AREAS, NEW, **{"Idempotency-Key": "one"})
        assert done.status_code == 201, done.text
        assert done.json()["scope"] == "XA/XAF-/XAFN"
        assert officer.get(done.headers["location"]).json()["kind"] == "place.register"
        assert sent(officer, AREAS, NEW, **{"Idempotency-Key": "one"}).json() == done.json()
        taken = sent(officer, AREAS, NEW)
        assert taken.status_code == 400 and acts(site) == before + 1
        assert "XAFN" in taken.json()["title"]
        area = officer.get(f"{AREAS}/XAFN")
        assert area.json()["name"] == NEW["name"] and not area.json()["batch_follow_up"]
        tag = {"If-Match": area.headers["etag"]}
        change = {**CHANGED, "type": "item", "name": None}
        place = f"{AREAS}/XAFN/registration"
        assert sent(officer, place, change, **tag).status_code == 201
        assert sent(officer, place, CHANGED, **tag).status_code == 412
        found = officer.get(f"{AREAS}/XAFN").json()
        assert (found["type"], found["batch_follow_up"], found["name"]) == ("item", True, None)
        assert acts(site) == before + 2


def test_points_of_an_area(site: Site) -> None:
    place = f"{AREAS}/XAFA/points"
    with site.client("officer") as officer:
        known = officer.get(place).json()["items"]
        tag = {"If-Match": officer.get(f"{AREAS}/XAFA").headers["etag"]}
        point = {"kmp": "Z9", "purpose": "inventory", "name": " store "}
        assert sent(officer, place, point, **tag).status_code == 201
        assert sent(officer, place, point, **tag).status_code == 412
        listed = officer.get(place).json()["items"]
        assert listed == sorted(
            [*known, {**point, "name": "store"}], key=lambda one: str(one["kmp"])
        )
        assert sent(officer, place, {**point, "purpose": "flow"}).status_code == 201
        assert {**point, "purpose": "flow", "name": "store"} in officer.get(place).json()["items"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"mba": "xafn"}, 400),
        ({"mba": "XAFNN"}, 400),
        ({"facility": "X F-"}, 400),
        ({"type": "pool"}, 400),
        ({"zone": "Mars/Base"}, 400),
        ({"zone": "../etc/passwd"}, 400),
        ({"name": "a\nb"}, 400),
        ({"name": "x" * 201}, 400),
        ({"unknown": 1}, 400),
    ],
)
def test_what_cannot_be_registered(site: Site, change: dict[str, Any], status: int) -> None:
    before = acts(site)
    with site.client("officer") as officer:
        answer = sent(officer, AREAS, {**NEW, **change})
        assert answer.status_code == status and acts(site) == before, answer.text
        tagged = sent(officer, AREAS, NEW, **{"If-Match": '"x"'})
        assert tagged.status_code == 412 and acts(site) == before
        for point in ({"kmp": "ABC", "purpose": "flow"}, {"kmp": "A", "purpose": "store"}):
            assert sent(officer, f"{AREAS}/XAFA/points", point).status_code == 400


def test_who_may(site: Site) -> None:
    point = {"kmp": "Z9", "purpose": "flow"}
    before = acts(site)
    with site.client("accountant") as accountant:
        assert accountant.get(f"{AREAS}/XAFA/points").status_code == 200
        assert sent(accountant, AREAS, NEW).status_code == 403
        assert sent(accountant, f"{AREAS}/XAFA/registration", CHANGED).status_code == 403
        assert sent(accountant, f"{AREAS}/XAFA/points", point).status_code == 403
        assert sent(accountant, f"{AREAS}/XARA/points", point).status_code == 404
        assert accountant.get(f"{AREAS}/XARA/points").status_code == 404
    reader = program(site, "officer", "read")
    assert reader.post("/areas", NEW).status_code == 403
    narrow = program(site, "officer", scope="XA/XAR-")
    assert narrow.post("/areas", NEW).status_code == 403
    assert narrow.post("/areas/XAFA/points", point).status_code == 404
    assert acts(site) == before
