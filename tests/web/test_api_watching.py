"""Seals, containments and coverage by programs."""

from __future__ import annotations

from keiryo.seals.numbers import SealKey
from keiryo.seals.recording import receive
from web.api_client import program
from web.site import NOW, Site
from web.test_seal_pages import seal_event
from web.watched_area import ITEM, MBA, SEAL, STORE

ONE, PLACE = f"/seals/{SEAL}", f"/containments/{MBA}/{STORE}"
COVERED, COVERED_ITEM = f"/coverage/{MBA}", f"/coverage/{MBA}/item?batch={ITEM}"


def test_seals_are_listed(watched: Site) -> None:
    keys = [SealKey("XA", f"000{number}") for number in range(5)]
    receive(
        watched.database, watched.actor("officer"), keys, "metal-cap", seal_event("receive", NOW)
    )
    asker = program(watched, "inspector", "read")
    every = asker.walk("/seals?limit=2")
    assert [one["seal"] for one in every] == [SEAL, *(str(key) for key in keys)]
    (one,) = asker.walk("/seals?state=attached")
    assert (one["containment"], one["ways"]) == (f"{MBA}/{STORE}", ["hatch"])
    assert len(one["items"]) == 2 and one["line"].startswith("line:")
    assert len(asker.walk("/seals?type=metal-cap&limit=3")) == 5
    assert asker.walk(f"/seals?containment={MBA}/{STORE}") == [one]
    assert asker.walk(f"/seals?batch={MBA}/{ITEM}%231") == [one]
    assert asker.get("/seals?state=x").status_code == 400
    first = asker.get("/seals")
    again = {"If-None-Match": first.headers["etag"]}
    assert asker.get("/seals", **again).status_code == 304


def test_a_seal_with_its_history(watched: Site) -> None:
    asker = program(watched, "auditor", "read")
    one = asker.get(ONE).json()
    assert [p["checks"] for p in one["periods"]] == [1]
    assert [s["value"] for s in one["says"]] == ["POSITIVE", "PENDING"]
    told = asker.get(f"{ONE}/history").json()["items"]
    assert [row["what"] for row in told] == ["receive", "issue", "attach", "check"]
    assert asker.get("/seals/XA/nothing").status_code == 404
    assert asker.get("/seals/XA/nothing/history").status_code == 404
    assert asker.get("/seals/overdue").json()["items"] == []
    assert asker.get("/seals/overdue?days=0").status_code == 400


def test_containments(watched: Site) -> None:
    asker = program(watched, "inspector", "read")
    (one,) = asker.walk(f"/containments?mba={MBA}")
    assert [way["path"] for way in one["paths"]] == ["door", "hatch"]
    assert one["watches"][0]["device"] == "camera:CAM-11"
    whole = asker.get(PLACE).json()
    assert len(whole["contents"]) == 2 and whole["contents"][0]["end"] is None
    assert asker.walk("/containments?mba=XAFA") == []
    assert asker.get(f"/containments/{MBA}/nothing").status_code == 404


def test_coverage(watched: Site) -> None:
    asker = program(watched, "inspector", "read")
    area = asker.get(f"{COVERED}?on=2025-12-11T02:30Z").json()
    assert area["totals"]["INCONCLUSIVE"] == 2 and len(area["batches"]) == area["items"]
    item = asker.get(f"{COVERED_ITEM}&on=2025-12-11T02:30Z").json()
    assert (item["value"], item["continuity"]) == ("INCONCLUSIVE", "lost")
    ways = {way["path"]: way for way in item["paths"]}
    assert ways["hatch"]["devices"][0]["device"] == f"seal:{SEAL}"
    early = asker.get(f"{COVERED_ITEM}&on=2025-12-11T02:30Z&known=2025-12-12T00:00Z").json()
    assert {w["path"]: w["value"] for w in early["paths"]}["hatch"] == "PENDING"
    for path in (f"{COVERED}?on=yesterday", f"{COVERED}/item"):
        assert asker.get(path).status_code == 400, path
    assert asker.get(f"{COVERED}/item?batch=nothing").status_code == 404
    assert asker.get("/coverage/XXXX").status_code == 404


def test_who_may_ask(watched: Site) -> None:
    every = (*("/seals", ONE, f"{ONE}/history", "/seals/overdue"), "/containments", PLACE)
    for path in (*every, COVERED, COVERED_ITEM):
        assert program(watched, "cooperation").get(path).status_code == 403, path
        assert program(watched, None).get(path).status_code == 401, path
    accountant = program(watched, "accountant")  # of another area
    assert accountant.walk("/seals") == [] and accountant.walk("/containments") == []
    assert {accountant.get(path).status_code for path in (ONE, PLACE)} == {404}
    assert accountant.get(COVERED).status_code == 403
