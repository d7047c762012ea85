"""Seals, containments and coverage by programs."""

from __future__ import annotations

from keiryo.coverage.anomalies import record_anomalies, resolve
from keiryo.seals.numbers import SealKey
from keiryo.seals.recording import SealReport, receive, record
from web.api_client import program
from web.site import NOW, Site
from web.test_seal_pages import seal_event
from web.watched_area import ITEM, MBA, SEAL, STORE

ONE, PLACE = f"/seals/{SEAL}", f"/containments/{MBA}/{STORE}"
COVERED, COVERED_ITEM = f"/coverage/{MBA}", f"/coverage/{MBA}/item?batch={ITEM}"

REMEASURE, ANOMALIES = f"{COVERED}/remeasure", f"{COVERED}/anomalies"
DAY = "from=2025-12-11T00:00Z&to=2025-12-12T00:00Z"


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


def test_what_is_to_be_remeasured(watched: Site) -> None:
    asker = program(watched, "inspector", "read")
    found = asker.get(f"{REMEASURE}?{DAY}").json()
    assert {one["name"] for one in found["items"]} == {ITEM, "F25-FA-004"}
    first, total = found["items"][0], found["totals"][0]
    assert (first["lost_since"], first["value"]) == ("2025-12-11T01:30:00Z", "INCONCLUSIVE")
    masses = [one["masses"][0]["element_mg"] for one in found["items"]]
    assert total["element_mg"] == sum(masses) and total["unit"] in ("g", "kg")
    assert asker.get(f"{REMEASURE}?{DAY}&through_act=1").json()["items"] == []
    for more in ("", "?from=2025-12-12T00:00Z&to=2025-12-11T00:00Z", f"?{DAY}&through_act=99999"):
        assert asker.get(REMEASURE + more).status_code == 400, more
    assert asker.get(f"{COVERED}?through_act=0").status_code == 400
    assert asker.get(f"{COVERED}?through_act=5").json()["through_act"] == 5


def test_anomalies_of_an_area(watched: Site) -> None:
    asker = program(watched, "inspector", "read")
    assert asker.get(ANOMALIES).json()["items"] == []
    broken = SealReport(seal_event("broken", NOW, reason="cut"))
    record(watched.database, watched.actor("inspector"), [broken])
    (one,) = asker.get(ANOMALIES).json()["items"]
    assert (one["state"], one["anomaly"], one["line"]) == ("found", None, None)
    assert (one["device"], one["reason"]) == (f"seal:{SEAL}", "SEAL-BROKEN")
    record_anomalies(watched.database, watched.actor("inspector"), MBA)
    (one,) = asker.get(f"{ANOMALIES}?resolved=false").json()["items"]
    assert (one["state"], one["anomaly"]) == ("open", f"{MBA}/A-1") and len(one["items"]) == 2
    said = {"result": "verified", "by": "Huber", "reason": "cut by a crane", "evidence": ["act:1"]}
    resolve(watched.database, watched.actor("inspector"), MBA, "A-1", at=NOW, **said)
    assert asker.get(f"{ANOMALIES}?resolved=false").json()["items"] == []
    (one,) = asker.get(ANOMALIES).json()["items"]
    assert one["resolution"]["by"] == "Huber" and one["resolution"]["evidence"] == ["act:1"]


def test_who_may_ask(watched: Site) -> None:
    every = (*("/seals", ONE, f"{ONE}/history", "/seals/overdue"), "/containments", PLACE)
    for path in (*every, COVERED, COVERED_ITEM, f"{REMEASURE}?{DAY}", ANOMALIES):
        assert program(watched, "cooperation").get(path).status_code == 403, path
        assert program(watched, None).get(path).status_code == 401, path
    accountant = program(watched, "accountant")  # of another area
    assert accountant.walk("/seals") == [] and accountant.walk("/containments") == []
    assert {accountant.get(path).status_code for path in (ONE, PLACE)} == {404}
    for path in (COVERED, f"{REMEASURE}?{DAY}", ANOMALIES):
        assert accountant.get(path).status_code == 403
