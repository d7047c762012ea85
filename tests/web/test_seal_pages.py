"""Pages of seals: lists, the life of a seal, forms that refuse and keep, who may see them."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from keiryo.dates import utc_text
from keiryo.errors import RefusedError
from keiryo.seals.events import SealEvent
from keiryo.seals.numbers import SealKey
from keiryo.seals.recording import SealReport, receive, record
from web.site import NOW, Client, Site
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.watched_area import ITEM, MBA, SEAL, STORE

ONE = f"/seals/{SEAL}"
LISTS = ("/seals", "/seals/overdue", "/seals/duplicates", "/seals/refused")
MOMENT = {"at": "2026-01-09T10:00", "offset": "+00:00", "person": "Elena Ruiz"}


def rows_of(client: Client, path: str) -> list[dict[str, str]]:
    joint = "&" if "?" in path else "?"
    return list(csv.DictReader(io.StringIO(client.get(f"{path}{joint}format=csv").text)))


def sent(client: Client, which: str, **fields: Any) -> dict[str, Any]:
    """Return a form as the page has it now, with what is typed."""
    told = {**MOMENT, **fields}
    return filled(client, ONE, f"{which}-form", **{f"{which}_{n}": v for n, v in told.items()})


def good_check(client: Client, **fields: Any) -> dict[str, Any]:
    good = {"read": "0042871", "tag": "ok", "wire": "ok", "enclosure": "ok"}
    return sent(client, "check", **{**good, **fields})


def seal_event(name: str, at: Any = NOW, **more: Any) -> SealEvent:
    who = {"person": "N. Ferro", "second_person": "A. Holm", "role": "inspector"}
    body, number = SEAL.split("/")
    return SealEvent(body, number, name, utc_text(at), **{**who, **more})


def test_who_may_see_what(watched: Site) -> None:
    for name, status in (
        *(("officer", 200), ("inspector", 200), ("auditor", 200)),
        *(("security", 403), ("cooperation", 403), ("administrator", 403)),
    ):
        with watched.client(name) as client:
            assert {client.get(path).status_code for path in (*LISTS, ONE)} == {status}, name
            assert ('href="/seals"' in client.get("/").text) == (status == 200), name
    with watched.client("accountant") as accountant:  # of another area
        assert accountant.get("/seals").status_code == 200
        assert rows_of(accountant, "/seals") == []
        assert accountant.get(ONE).status_code == 404
        assert accountant.post(f"{ONE}/compromises", {}).status_code == 404
    with watched.client("auditor") as auditor:
        page = auditor.get(ONE).text
        assert "check-form" not in page and "report-form" not in page
        assert auditor.post(f"{ONE}/checks", {}).status_code == 403


def test_empty_books(site: Site) -> None:
    with site.client("officer") as client:
        for path in LISTS:
            assert "No seal is in the record." in client.get(path).text
        assert client.get(ONE).status_code == 404
        assert 'id="part-seals"' not in client.get("/").text


def test_the_list(watched: Site) -> None:
    receive(
        watched.database,
        watched.actor("officer"),
        [SealKey("XA", "0007")],
        "metal-cap",
        seal_event("receive"),
    )
    with watched.client("officer") as client:
        rows = {row["seal"]: row for row in rows_of(client, "/seals")}
        assert set(rows) == {SEAL, "XA/0007"}
        assert rows[SEAL]["containment"] == f"{MBA}/{STORE}" and rows[SEAL]["ways"] == "hatch"
        for query, wanted in (
            ("state=in+stock", {"XA/0007"}),
            ("type=metal+cap", {"XA/0007"}),
            ("containment=fresh", {SEAL}),
            (f"result={rows[SEAL]['result']}", {SEAL}),
        ):
            assert {r["seal"] for r in rows_of(client, f"/seals?{query}")} == wanted, query
        assert f'href="{ONE}"' in client.get("/seals").text
        assert "It was never attached." in client.get("/seals/XA/0007").text


def test_the_life_of_a_seal(watched: Site) -> None:
    with watched.client("inspector") as client:
        text = client.get(ONE).text
    assert "pic-watch-positive" in text and "pic-watch-pending" in text
    assert "checked" in text and "N. Ferro, A. Holm" in text
    assert "through both eyes of the hatch" in text
    assert "{&#39;" not in text, "no data is shown raw"
    assert f"/coverage/{MBA}/item?batch={ITEM}" in text
    assert f'href="/containments/{MBA}/{STORE}"' in text
    events = text[text.index('id="events"') :]
    assert events.count("/journal/acts/") >= 4 and "/why?of=line%3A" in events


def test_a_check_is_recorded(watched: Site) -> None:
    before = acts(watched)
    with watched.client("inspector") as client:
        page = client.post(f"{ONE}/checks", {})
        assert page.status_code == 422 and "Name who did it." in page.text
        assert client.post(f"{ONE}/checks", good_check(client, tag="fine")).status_code == 422
        assert acts(watched) == before
        form = good_check(client)
        done = client.post(f"{ONE}/checks", form)
        assert done.status_code == 303, done.text
        assert client.post(f"{ONE}/checks", form).headers["location"] == done.headers["location"]
        assert acts(watched) == before + 1
        assert "It was recorded." in client.get(done.headers["location"]).text


def test_somebody_was_there_in_between(watched: Site) -> None:
    with watched.client("inspector") as client:
        form = good_check(client, remark="typed by me")
        report = [SealReport(seal_event("check", number_read="0042871", tag="ok", wire="ok",
                                        enclosure="ok"))]  # fmt: skip
        record(watched.database, watched.actor("officer"), report)
        page = client.post(f"{ONE}/checks", form)
    assert page.status_code == 409 and "typed by me" in page.text


def test_a_refused_report_comes_back_and_is_kept(watched: Site) -> None:
    before = acts(watched)
    with watched.client("inspector") as client:
        alone = sent(client, "detach", reason="time is up")
        page = client.post(f"{ONE}/detachments", alone)
        assert page.status_code == 422 and "time is up" in page.text
        assert f"kept with its findings in act {before + 1}" in page.text
        assert "finding-code" in page.text
        (row,) = rows_of(client, "/seals/refused")
        assert row["seal"] == SEAL and row["act"] == str(before + 1)
        assert "refused, and kept" in client.get(ONE).text
        # it can be put right and sent again: what was refused is not somebody in between
        again = sent(client, "detach", second="A. Holm", reason="time is up")
        done = client.post(f"{ONE}/detachments", {**again, "_head": str(before)})
        assert done.status_code == 303, done.text
        text = client.get(ONE).text
        assert "check-form" not in text and "detached" in text


def test_the_operator_without_notice_broke_it(watched: Site) -> None:
    with watched.client("inspector") as client:
        form = sent(client, "detach", operator="yes", reason="it was in the way")
        assert client.post(f"{ONE}/detachments", form).status_code == 303
        text = client.get(ONE).text
        assert "found broken" in text and "pic-watch-negative" in text
        assert "anomaly is open" in client.get("/").text


def test_found_missing(watched: Site) -> None:
    with watched.client("officer") as client:
        assert client.post(f"{ONE}/damages", sent(client, "found", state="x")).status_code == 422
        form = sent(client, "found", state="missing", reason="nothing hangs there")
        assert client.post(f"{ONE}/damages", form).status_code == 303
        assert rows_of(client, "/seals?state=found+missing")


def test_a_compromise_with_a_photograph(watched: Site) -> None:
    with watched.client("inspector") as client:
        form = sent(client, "report", what="fire in the hall, it will be cut", place="XAR hall")
        files = {"report_photos": ("hall.jpg", b"\xff\xd8\xff", "image/jpeg")}
        done = client.post(f"{ONE}/compromises", form, files=files)
        assert done.status_code == 303, done.text
        text = client.get(ONE).text
        assert "fire in the hall" in text and "compromise reported" in text


def test_overdue_seals_are_told(watched: Site) -> None:
    with watched.client("officer") as client:
        form = sent(client, "detach", second="A. Holm")
        assert client.post(f"{ONE}/detachments", form).status_code == 303
        assert rows_of(client, "/seals/overdue") == []
    watched.now[0] = NOW.replace(month=6)
    with watched.client("officer") as client:
        (row,) = rows_of(client, "/seals/overdue")
        assert row["code"] == "SEAL-OVERDUE" and row["seal"] == SEAL
        assert "SEAL-OVERDUE" in client.get(ONE).text
        part = client.get("/").text.split('id="part-seals"')[1].split("</section>")[0]
        assert SEAL in part


def test_a_number_at_two_places(watched: Site) -> None:
    attach = seal_event("attach", mba=MBA, containment=STORE, paths="door",
                        items=(f"{MBA}/{ITEM}",))  # fmt: skip
    with pytest.raises(RefusedError):
        record(
            *(watched.database, watched.actor("officer"), [SealReport(attach)]),
        )
    with watched.client("officer") as client:
        (row,) = rows_of(client, "/seals/duplicates")
    assert row["code"] == "SEAL-TWO-PLACES" and row["where"] == f"{MBA}/{STORE}"


def test_seals_are_found(watched: Site) -> None:
    with watched.client("inspector") as client:
        assert client.get("/search?q=0042871").headers.get("location") in (ONE, None)
        assert ONE in client.get("/search?q=004287").text
    with watched.client("accountant") as accountant:
        assert ONE not in accountant.get("/search?q=004287").text


def test_hostile_words_stay_text(watched: Site) -> None:
    bad = "<script>alert(1)</script>"
    with watched.client("inspector") as client:
        form = sent(client, "report", what=bad, person=bad)
        assert client.post(f"{ONE}/compromises", form).status_code == 303
        text = client.get(ONE).text
    assert "<script>alert" not in text and re.search("&lt;script&gt;alert", text)
