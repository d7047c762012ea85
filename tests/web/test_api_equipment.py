"""Equipment by programs: items, loans, alarms, hand-overs, calibrations, conditions and steps."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from web.api_client import program
from web.site import Site
from web.test_api_corrections import sent
from web.test_equipment_pages import kept, register
from web.test_report_pages import acts

__all__ = ["kept"]

HERE = "/api/v1/equipment"
ITEM, GAMES = f"{HERE}/items/PRD-1", f"{HERE}/loans/games"
PASSED: dict[str, Any] = {
    "receiver": "Mori",
    "organisation": "JP.GOV",
    "place": "Gate 5",
    "at": "2025-12-20T10:30+09:00",
}


def test_items_are_listed(kept: Site) -> None:
    for number in range(7):
        register(kept, f"X-{number}", type="camera")
    asker = program(kept, "officer", "read")
    every = asker.walk("/equipment/items?limit=3")
    assert [one["serial"] for one in every] == [
        *("CAM-1", "PRD-1", "PRD-2", "X-0", "X-1", "X-2", "X-3", "X-4", "X-5", "X-6"),
    ]
    assert every[1]["loan"] == "games" and every[1]["calibrated_until"] == "2026-01-20"
    assert len(asker.walk("/equipment/items?type=camera&limit=5")) == 8
    assert [o["serial"] for o in asker.walk("/equipment/items?place=Gate%203")] == ["PRD-1"]
    assert asker.walk("/equipment/items?condition=lost") == []
    assert asker.get("/equipment/items?type=x").status_code == 400
    first = asker.get("/equipment/items")
    tag = {"If-None-Match": first.headers["etag"]}
    assert asker.get("/equipment/items", **tag).status_code == 304


def test_an_item_with_its_custody(kept: Site) -> None:
    asker = program(kept, "auditor", "read")
    one = asker.get("/equipment/items/PRD-1").json()
    assert [each["receiver"] for each in one["custody"]] == ["Huber", "Ito", "Sato"]
    assert one["custody"][0]["giver"] is None and one["custody"][2]["line"].startswith("line:")
    assert one["calibrations"][0]["check_source_result"] == "passed" and one["loans"] == ["games"]
    assert asker.get("/equipment/items/nothing").status_code == 404


def test_loans_and_alarms(kept: Site) -> None:
    asker = program(kept, "cooperation")
    (one,) = asker.walk("/equipment/loans?status=open")
    assert (one["state"], one["items"], one["end_on"]) == (
        *("in_use", ["PRD-1", "PRD-2"], "2026-02-05"),
    )
    assert [step["state"] for step in one["steps"]][-2:] == ["received", "in_use"]
    assert asker.walk("/equipment/loans?borrower=nobody") == []
    assert asker.get("/equipment/loans?status=x").status_code == 400
    assert asker.get("/equipment/loans/games").json() == one
    assert asker.get("/equipment/loans/nothing").status_code == 404
    found = asker.get("/equipment/alarms?on=2026-03-01").json()["items"]
    assert {one["code"] for one in found} >= {"EQUIPMENT-LOAN-OVERDUE"}
    assert asker.get("/equipment/alarms?on=0001-01-01").status_code == 400


def test_who_may_ask(kept: Site) -> None:
    for path in ("items", "items/PRD-1", "loans", "loans/games", "alarms"):
        assert program(kept, "accountant").get(f"/equipment/{path}").status_code == 403
        assert program(kept, None).get(f"/equipment/{path}").status_code == 401
    handed = f"{ITEM}/hand-overs"
    assert program(kept, "officer").post(handed, PASSED).status_code == 403
    assert program(kept, "cooperation", "read").post(handed, PASSED).status_code == 403
    lost = {"condition": "lost", "reason": "gone"}
    assert program(kept, "security").post(f"{ITEM}/conditions", lost).status_code == 403
    assert program(kept, "security").post(handed, PASSED).status_code == 201


def test_a_hand_over_once_and_only_on_what_was_seen(kept: Site) -> None:
    before = acts(kept)
    with kept.client("cooperation") as officer:
        tag = {"If-Match": officer.get(ITEM).headers["etag"]}
        key = {"Idempotency-Key": "one"}
        done = sent(officer, f"{ITEM}/hand-overs", PASSED, **key, **tag)
        assert done.status_code == 201 and done.json()["act"] == before + 1, done.text
        again = sent(officer, f"{ITEM}/hand-overs", PASSED, **key, **tag)
        assert again.json() == done.json() and acts(kept) == before + 1
        later = {**PASSED, "at": "2025-12-21T10:30+09:00"}
        assert sent(officer, f"{ITEM}/hand-overs", later, **tag).status_code == 412
        broken = sent(officer, f"{ITEM}/hand-overs", {**later, "giver": "Nobody"})
        assert broken.status_code == 422
        assert broken.json()["findings"][0]["code"] == "EQUIPMENT-CUSTODY-BROKEN"
        early = sent(officer, f"{ITEM}/hand-overs", {**PASSED, "at": "2999-01-01T00:00Z"})
        assert early.status_code == 422 and acts(kept) == before + 1
        assert officer.get(ITEM).json()["custodian"] == "Mori"


def test_items_of_a_loan_are_handed_over_together(kept: Site) -> None:
    asker = program(kept, "cooperation")
    every = {**PASSED, "serials": ["PRD-1", "PRD-2"]}
    assert asker.post(f"{GAMES}/hand-overs", {**every, "serials": ["CAM-1"]}).status_code == 400
    before = acts(kept)
    wrong = asker.post(f"{GAMES}/hand-overs", {**every, "giver": "Sato"})
    assert wrong.status_code == 422 and acts(kept) == before
    assert asker.post(f"{GAMES}/hand-overs", every).status_code == 201
    assert {one["place"] for one in asker.walk("/equipment/items?owner=INT.IAEA")} == {
        *("Gate 5", "Seibersdorf"),
    }


def test_calibrations_conditions_and_steps(kept: Site) -> None:
    asker = program(kept, "cooperation")
    file = {"name": "c.pdf", "content": base64.b64encode(b"%PDF").decode()}
    done = {"on": "2026-01-05", "due": "2027-01-05", "by": "JP.LAB", "certificate": file}
    wrong = asker.post(f"{ITEM}/calibrations", {**done, "certificate": {**file, "content": "?"}})
    assert wrong.status_code == 400 and "base64" in wrong.json()["title"]
    assert asker.post(f"{ITEM}/calibrations", {**done, "due": "2025-01-05"}).status_code == 422
    assert asker.post(f"{ITEM}/calibrations", done).status_code == 201
    assert asker.get(ITEM).json()["calibrated_until"] == "2027-01-05"
    lost = {"condition": "lost", "reason": "not at the post", "on": "2026-01-06"}
    assert asker.post(f"{ITEM}/conditions", lost).status_code == 201
    assert asker.get(ITEM).json()["conditions"][0]["loan"] == "games"
    assert asker.post(f"{ITEM}/hand-overs", PASSED).status_code == 422
    step = {"state": "recalled", "reason": "it is over", "on": "2026-01-07", "seen": "in_use"}
    assert asker.post(f"{GAMES}/steps", {**step, "seen": "agreed"}).status_code == 409
    assert asker.post(f"{GAMES}/steps", {**step, "state": "closed"}).status_code == 422
    tag = {"If-Match": asker.get(GAMES).headers["etag"]}
    assert asker.post(f"{GAMES}/steps", step, **tag).status_code == 201
    assert asker.post(f"{GAMES}/steps", step, **tag).status_code == 412
    assert asker.get(GAMES).json()["state"] == "recalled"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (f"{ITEM}/hand-overs", {}),
        (f"{ITEM}/hand-overs", {**PASSED, "at": "yesterday"}),
        (f"{ITEM}/hand-overs", {**PASSED, "at": "2025-12-20T10:30"}),
        (f"{ITEM}/hand-overs", {**PASSED, "receiver": "a\0"}),
        (f"{ITEM}/hand-overs", {**PASSED, "receiver": " "}),
        (f"{ITEM}/hand-overs", {**PASSED, "nonsense": 1}),
        (f"{ITEM}/calibrations", {"due": "0001-01-01", "by": "x"}),
        (f"{ITEM}/calibrations", {"due": "2027-01-01", "by": "x", "digest": "\0"}),
        (f"{ITEM}/calibrations", {"due": "2027-01-01", "by": "x", "digest": "nothing"}),
        (f"{ITEM}/calibrations", {"due": "2027-01-01", "by": "x", "check_source_result": "ok"}),
        (f"{ITEM}/conditions", {"condition": "sold", "reason": "x"}),
        (f"{ITEM}/conditions", {"condition": "lost", "reason": " "}),
        (f"{ITEM}/conditions", {"condition": "lost", "reason": "x", "evidence": ["act:0"]}),
        (f"{GAMES}/steps", {"state": "sold", "reason": "x"}),
        (f"{GAMES}/steps", {"state": "extended", "reason": "x"}),
        (f"{GAMES}/steps", {"state": "extended", "reason": "x", "end_on": "9999-12-31"}),
        (f"{GAMES}/hand-overs", {**PASSED, "serials": []}),
    ],
)
def test_what_makes_no_sense_is_refused(kept: Site, path: str, content: dict[str, Any]) -> None:
    before = acts(kept)
    answer = program(kept, "cooperation").post(path, content)
    assert 400 <= answer.status_code < 500 and acts(kept) == before, answer.text
    missing = path.replace("PRD-1", "nothing").replace("games", "nothing")
    answer = program(kept, "cooperation").post(missing, content)
    assert answer.status_code in (400, 404), answer.text
