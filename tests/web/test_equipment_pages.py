"""Pages of equipment: lists, custody and loan pictures, forms, roles, overview, search."""

from __future__ import annotations

import csv
import datetime
import io
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from keiryo.equipment.calibration import Calibration, calibrate
from keiryo.equipment.conditions import record_condition
from keiryo.equipment.custody import HandOver, hand_over, instant_text
from keiryo.equipment.items import ItemEntry, register_items
from keiryo.equipment.loans import StepWanted, Terms, lend, loan, take_step
from keiryo.web.pictures.custody_line import (
    CustodyMark,
    Held,
    Lent,
    custody_line,
    place_of,
)
from keiryo.web.pictures.loan_steps import DONE, LATE, NEXT, Station, loan_steps
from keiryo.web.pictures.time_axis import TimeScale
from web.site import Client, Site
from web.test_report_pages import acts

HOME, LOANS, ALARMS = "/equipment", "/equipment/loans", "/equipment/alarms"
ITEM, GAMES = "/equipment/items/PRD-1", "/equipment/loans/games"
PATHS = (HOME, LOANS, ALARMS, ITEM, GAMES)
DAY = datetime.date(2025, 9, 8)
TERMS = Terms(
    "games",
    lender="INT.IAEA",
    borrower="JP.GOV",
    purpose="security of a major public event",
    event="Games 2026",
    commitment="c008",
    requested_on=datetime.date(2025, 7, 1),
    start_on=datetime.date(2025, 9, 1),
    last_use_on=datetime.date(2026, 1, 31),
    end_on=datetime.date(2026, 2, 5),
    agreement_reference="LA-2026-17",
    insurance="the borrower",
    customs_regime="ATA",
)


def register(site: Site, serial: str, **more: Any) -> None:
    """Record an item that Huber has."""
    at = instant_text("2025-06-05T09:00Z")
    first = HandOver(serial, None, "Huber", "INT.IAEA", "Seibersdorf", at)
    values = {"serial": serial, "type": "personal-radiation-detector", "model": "M-1"}
    entry = ItemEntry({**values, "owner": "INT.IAEA", **more}, first)
    register_items(site.database, site.actor("cooperation"), [entry])


def passed(site: Site, giver: str, receiver: str, place: str, at: str, *serials: str) -> None:
    """Hand items over to somebody of the borrower."""
    every = [HandOver(one, giver, receiver, "JP.GOV", place, instant_text(at)) for one in serials]
    hand_over(site.database, site.actor("cooperation"), every)


def stepped(site: Site, state: str, day: datetime.date = DAY, **more: Any) -> None:
    """Take a step with the loan."""
    wanted = StepWanted("games", state, day, "it happened", **more)
    take_step(site.database, site.actor("cooperation"), wanted)


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site with two detectors that the borrower uses, and a camera at its owner's."""
    for serial in ("PRD-1", "PRD-2"):
        register(site, serial)
    register(site, "CAM-1", type="camera")
    actor = site.actor("cooperation")
    done = Calibration("PRD-1", DAY, datetime.date(2026, 1, 20), "SEIBERSDORF", "Cs", "passed")
    calibrate(site.database, actor, done, certificate=("cert.pdf", b"%PDF"))
    lend(site.database, actor, TERMS, ["PRD-1", "PRD-2"])
    for state in ("offered", "agreed", "shipped"):
        stepped(site, state, datetime.date(2025, 9, 1))
    passed(site, "Huber", "Ito", "Tokyo store", "2025-09-08T09:00+09:00", "PRD-1", "PRD-2")
    stepped(site, "received", acceptance_test="passed")
    stepped(site, "in_use")
    passed(site, "Ito", "Sato", "Gate 3", "2025-11-01T09:00+09:00", "PRD-1")
    return site


def rows_of(client: Client, path: str) -> list[dict[str, str]]:
    joint = "&" if "?" in path else "?"
    return list(csv.DictReader(io.StringIO(client.get(f"{path}{joint}format=csv").text)))


def filled(client: Client, path: str, form: str, **fields: Any) -> dict[str, Any]:
    """Return the hidden fields of a form on a page, with what is typed."""
    text = client.get(path).text
    part = text[text.index(f'id="{form}"') :]
    part = part[: part.index("</form>")]
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', part)
    return {**{name: value for name, value in pairs if name != "_form_token"}, **fields}


def passing(client: Client, path: str = ITEM, **fields: Any) -> dict[str, Any]:
    """Return a hand-over, as the page has its form now."""
    given = {"receiver": "Mori", "organisation": "JP.GOV", "place": "Gate 5"}
    moment = {"passed_at": "2025-12-20T10:30", "passed_offset": "+09:00"}
    return filled(client, path, "hand-over-form", **{**given, **moment, **fields})


def test_who_may_see_and_do_what(kept: Site) -> None:
    for name, status in (
        *(("cooperation", 200), ("officer", 200), ("auditor", 200), ("security", 200)),
        *(("accountant", 403), ("inspector", 403), ("administrator", 403)),
    ):
        with kept.client(name) as client:
            assert {client.get(path).status_code for path in PATHS} == {status}, name
            assert (f'href="{HOME}"' in client.get("/").text) == (status == 200), name
    with kept.client("officer") as officer:
        assert "hand-over-form" not in officer.get(ITEM).text + officer.get(GAMES).text
        for path in (f"{ITEM}/hand-overs", f"{ITEM}/calibrations", f"{GAMES}/steps"):
            assert officer.post(path, {}).status_code == 403
    with kept.client("security") as guard:
        page = guard.get(ITEM).text
        assert "hand-over-form" in page and "calibration-form" not in page
        assert guard.post(f"{ITEM}/conditions", {"condition": "lost"}).status_code == 403
        assert guard.post(f"{ITEM}/hand-overs", passing(guard)).status_code == 303
        assert "/cooperation/commitments/c008" not in guard.get(GAMES).text


def test_empty_books(site: Site) -> None:
    with site.client("cooperation") as client:
        assert "No equipment is in the record." in client.get(HOME).text
        assert "No loan of equipment is in the record." in client.get(LOANS).text
        assert "needs a look" in client.get(ALARMS).text
        assert "part-equipment" not in client.get("/").text
        for path in (ITEM, GAMES):
            assert client.get(path).status_code == 404
        assert client.post(f"{ITEM}/hand-overs", {}).status_code == 404
        assert client.post(f"{GAMES}/steps", {}).status_code == 404


def test_items_with_filters_and_exports(kept: Site) -> None:
    with kept.client("officer") as client:
        rows = {row["serial"]: row for row in rows_of(client, HOME)}
        assert set(rows) == {"CAM-1", "PRD-1", "PRD-2"}
        one = rows["PRD-1"]
        assert (one["custodian"], one["organisation"], one["place"]) == ("Sato", "JP.GOV", "Gate 3")
        assert (one["valid_until"], one["calibration"], one["loan"]) == (
            *("2026-01-20", "ends soon", "games"),
        )
        assert rows["PRD-2"]["calibration"] == "never calibrated"
        assert rows["CAM-1"]["calibration"] == "needs none" and not rows["CAM-1"]["loan"]
        for query, wanted in (
            ("type=camera", {"CAM-1"}),
            ("place=tokyo", {"PRD-2"}),
            ("loan=games", {"PRD-1", "PRD-2"}),
            ("calibration=ends+soon", {"PRD-1"}),
        ):
            assert {row["serial"] for row in rows_of(client, f"{HOME}?{query}")} == wanted, query
        assert client.get(f"{HOME}?format=xlsx").content[:2] == b"PK"
        text = client.get(HOME).text
        for href, count in re.findall(r'href="([^"]+)"><span class="badge".*?<strong>(\d+)<', text):
            assert len(rows_of(client, href.replace("&amp;", "&"))) == int(count), href
        assert [row["loan"] for row in rows_of(client, LOANS)] == ["games"]
        assert rows_of(client, LOANS)[0]["next_on"] == "2026-02-05"


def svg_of(text: str, class_: str) -> ElementTree.Element:
    part = text[: text.index("</svg>", text.index(class_)) + 6]
    return ElementTree.fromstring(part[part.rindex("<svg xmlns") :])


def test_the_chain_of_custody(kept: Site) -> None:
    with kept.client("officer") as client:
        text = client.get(ITEM).text
    said = " ".join(svg_of(text, "pic-custody").itertext())
    assert "Sato for JP.GOV at Gate 3, from 1 Nov 2025 00:00 UTC until now" in said
    assert "calibrated 8 Sept 2025 by SEIBERSDORF, valid until 20 Jan 2026" in said
    table = text[text.index("Chain of custody, the last hand-over first") :]
    table = table[: table.index("</table>")]
    assert table.count("/journal/acts/") == 3 and table.count("/why?of=line%3A") == 3
    assert "custody begins" in table and "53 d 23 h" not in table and "54 d 0 h" in table
    assert "EQUIPMENT-CALIBRATION-DUE" in text and "cert.pdf" in text and GAMES in text


def test_the_custody_picture() -> None:
    begins = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    noon = begins + datetime.timedelta(hours=12)
    today = datetime.date(2025, 1, 11)
    scale = TimeScale(begins.date(), today, 0.0, 1000.0)
    assert (place_of(begins, scale), place_of(noon, scale)) == (0.0, 50.0)
    one = Held("A", "x", "<b>x</b>\u202e", begins, noon, "/journal/acts/1")
    chain = [one, Held("B", "y", "y", noon)]
    lent = Lent("l", "loan l", begins.date(), None, "/equipment/loans/l")
    marks = [CustodyMark("lost", today, "lost")]
    text = custody_line(chain, today, loans=[lent], marks=marks)
    assert text == custody_line(chain, today, loans=[lent], marks=marks)
    assert text.count('class="pic-bar"') == 2 and text.count('class="pic-flow"') == 1
    assert "<b>" not in text and "\u202e" not in text and 'role="group"' in text
    assert "Nobody has it in the record." in custody_line([], today)
    many = [Held(f"O{n}", "x", "x", begins + datetime.timedelta(hours=n)) for n in range(400)]
    assert "384 earlier hand-overs" in custody_line(many, today)


def test_the_steps_of_a_loan(kept: Site) -> None:
    with kept.client("officer") as client:
        text = client.get(GAMES).text
        said = " ".join(svg_of(text, "pic-loan").itertext())
        assert "request: done, 1 Jul 2025, JP.GOV" in said and "acceptance: done" in said
        assert "calibration: late or failed, 0 of 2 valid to 31 Jan 2026" in said
        assert "custody: done, 2 of 2 with the borrower" in said
        assert "return: next, by 5 Feb 2026" in said and "closing: to come" in said
        assert "Due next: return" in text and "in 26 days" in text
        assert 'href="/cooperation/commitments/c008"' in text
    actor = kept.actor("cooperation")
    record_condition(kept.database, actor, "PRD-2", "lost", on=DAY, reason="not at the post")
    kept.now[0] += datetime.timedelta(days=60)
    with kept.client("officer") as client:
        text = client.get(GAMES).text
        said = " ".join(svg_of(text, "pic-loan").itertext())
        assert "return: late or failed" in said and "1 lost" in said
        assert "EQUIPMENT-LOAN-OVERDUE" in text


def test_a_loan_that_lacks_terms_and_one_that_is_over(kept: Site) -> None:
    actor = kept.actor("cooperation")
    bare = Terms("bare", lender="INT.IAEA", borrower="JP.JAEA", purpose="training")
    lend(kept.database, actor, bare, [])
    with kept.client("cooperation") as client:
        text = client.get(f"{LOANS}/bare").text
        assert "it lacks: first day, day by which the items are to be back" in text
        assert "hand-over-form" not in text and "The loan has no items yet." in text
        take_step(
            kept.database, actor, StepWanted("bare", "withdrawn", DAY.replace(year=2026), "x")
        )
        text = client.get(f"{LOANS}/bare").text
        said = " ".join(svg_of(text, "pic-loan").itertext())
        assert "withdrawn: done" in said and "shipment: not reached" in said
        assert "It is over." in text and "step-form" not in text


def test_the_picture_of_steps() -> None:
    stations = [Station("a", DONE, "x"), Station("b", LATE, "", ("long words " * 9,))]
    text = loan_steps([*stations, Station("<i>", NEXT)])
    assert text.count("pic-station") == 3 and "<i>" not in text and 'role="img"' in text
    assert "The loan has no steps." in loan_steps([])


def test_a_hand_over_is_recorded_once(kept: Site) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        sent = passing(client)
        done = client.post(f"{ITEM}/hand-overs", sent)
        assert done.status_code == 303 and acts(kept) == before + 1
        again = client.post(f"{ITEM}/hand-overs", sent)
        assert again.headers["location"] == done.headers["location"]
        assert acts(kept) == before + 1
        text = client.get(done.headers["location"]).text
        assert "It was recorded." in text and "20 Dec 2025 01:30 UTC" in text


def test_a_stale_hand_over_comes_back(kept: Site) -> None:
    with kept.client("cooperation") as client:
        sent = passing(client, place="Gate <9>")
        passed(kept, "Sato", "Abe", "Gate 4", "2025-12-01T09:00+09:00", "PRD-1")
        before = acts(kept)
        back = client.post(f"{ITEM}/hand-overs", sent)
        assert back.status_code == 409 and acts(kept) == before
        assert f"/journal/acts/{before}" in back.text and "Gate &lt;9&gt;" in back.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"receiver": ""}, "Say who has it from then on."),
        ({"passed_at": ""}, "Say when it was handed over."),
        ({"passed_at": "soon"}, "is no moment"),
        ({"passed_offset": "+99:00"}, "Choose the offset from UTC."),
        ({"passed_at": "2025-10-01T09:00"}, "EQUIPMENT-CUSTODY-ORDER"),
        ({"passed_at": "2999-10-01T09:00"}, "EQUIPMENT-CUSTODY-FUTURE"),
        ({"giver": "Nobody"}, "EQUIPMENT-CUSTODY-BROKEN"),
        ({"place": "x" * 300}, "200 characters at most"),
        ({"place": "a\0b"}, "sign that no text has"),
    ],
)
def test_wrong_hand_overs(kept: Site, wrong: dict[str, str], words: str) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        back = client.post(f"{ITEM}/hand-overs", {**passing(client), **wrong})
        assert back.status_code == 422 and words in back.text and acts(kept) == before


def test_all_items_of_a_loan_that_one_person_has(kept: Site) -> None:
    passed(kept, "Sato", "Ito", "Tokyo store", "2025-12-01T09:00+09:00", "PRD-1")
    with kept.client("cooperation") as client:
        assert "Ito: PRD-1, PRD-2" in client.get(GAMES).text
        done = client.post(f"{GAMES}/hand-overs", passing(client, GAMES, giver="Ito"))
        assert done.status_code == 303
        assert {r["place"] for r in rows_of(client, f"{HOME}?loan=games")} == {"Gate 5"}
        wrong = client.post(f"{GAMES}/hand-overs", passing(client, GAMES, giver="Ito"))
        assert wrong.status_code == 422 and "Ito has no item of this loan." in wrong.text


def test_a_calibration_with_its_certificate(kept: Site) -> None:
    with kept.client("cooperation") as client:
        given = {"calibrated_on": "2026-01-05", "due_on": "2027-01-05", "calibrated_by": "JP.LAB"}
        form = filled(client, ITEM, "calibration-form", **given)
        for wrong, words in (
            ({"due_on": ""}, "Say on which day it was."),
            ({"due_on": "2025-01-05"}, "EQUIPMENT-CALIBRATION-DAYS"),
            ({"check_result": "good"}, "The result is passed or failed."),
            ({"check_source": "Cs"}, "EQUIPMENT-CALIBRATION-SOURCE"),
        ):
            back = client.post(f"{ITEM}/calibrations", {**form, **wrong})
            assert back.status_code == 422 and words in back.text, words
            assert "JP.LAB" in back.text
        files = [("certificate", ("new.pdf", b"%PDF-2", "application/pdf"))]
        done = client.post(f"{ITEM}/calibrations", form, files=files)
        assert done.status_code == 303
        text = client.get(ITEM).text
        assert "new.pdf" in text and "EQUIPMENT-CALIBRATION-DUE" not in text


def test_a_loss_and_what_follows(kept: Site) -> None:
    with kept.client("cooperation") as client:
        given = {"condition": "lost", "condition_on": "2026-01-06", "condition_reason": "<b>gone"}
        form = filled(client, ITEM, "condition-form", **given)
        for wrong, words in (
            ({"condition": "sold"}, "Choose what it is from now on."),
            ({"condition_reason": ""}, "Say what happened"),
            ({"condition_acts": "x"}, "Write acts by their numbers"),
            ({"condition_acts": "999999"}, "EQUIPMENT-EVIDENCE"),
        ):
            back = client.post(f"{ITEM}/conditions", {**form, **wrong})
            assert back.status_code == 422 and words in back.text, words
        assert client.post(f"{ITEM}/conditions", form).status_code == 303
        text = client.get(ITEM).text
        assert "&lt;b&gt;gone" in text and "EQUIPMENT-LOST" in text
        assert "hand-over-form" not in text and "condition-form" in text
        assert rows_of(client, f"{HOME}?condition=lost")[0]["serial"] == "PRD-1"
        assert "EQUIPMENT-LOST" in client.get(ALARMS).text
        assert {row["code"] for row in rows_of(client, f"{ALARMS}?serial=PRD-1")} == {
            "EQUIPMENT-LOST",
        }


def test_steps_of_a_loan(kept: Site) -> None:
    with kept.client("cooperation") as client:
        given = {"step_state": "extended", "step_on": "2026-01-06", "step_reason": "agreed"}
        form = filled(client, GAMES, "step-form", **given)
        for wrong, words in (
            ({"step_state": ""}, "Choose what it becomes."),
            ({}, "Say by which day the items are to be back."),
            ({"step_end": "2025-01-01"}, "EQUIPMENT-LOAN-STEP"),
            ({"step_state": "closed"}, "EQUIPMENT-LOAN-STEP"),
            ({"acceptance_test": "good", "step_end": "2026-05-01"}, "passed or failed"),
        ):
            back = client.post(f"{GAMES}/steps", {**form, **wrong})
            assert back.status_code == 422 and words in back.text, words
        done = client.post(f"{GAMES}/steps", {**form, "step_end": "2026-05-01"})
        assert done.status_code == 303
        assert "1 May 2026 (extended)" in client.get(GAMES).text
        stale = filled(client, GAMES, "step-form", **{**given, "step_state": "recalled"})
        stepped(kept, "expiring", datetime.date(2026, 1, 7))
        assert client.post(f"{GAMES}/steps", stale).status_code == 409
        back = {"step_state": "returned", "step_on": "2026-01-08", "step_reason": "back"}
        tests = {"decontamination_check": "passed", "function_test": "passed"}
        form = filled(client, GAMES, "step-form", **back, **tests)
        assert client.post(f"{GAMES}/steps", form).status_code == 303
    with kept.database.reading() as connection:
        assert loan(connection, kept.database.metadata, "games").state == "returned"


def test_overview_and_search(kept: Site) -> None:
    with kept.client("officer") as client:
        overview = client.get("/").text
        part = overview[overview.index("part-equipment-title") :]
        assert ITEM in part and GAMES in part and "in 10 days" in part and ALARMS in part
        assert ITEM in client.get("/search?q=M-1").text
        assert GAMES in client.get("/search?q=major+public").text
        assert client.get("/search?q=PRD-1").headers.get("location", ITEM) == ITEM
    with kept.client("accountant") as client:
        assert "part-equipment" not in client.get("/").text
        assert ITEM not in client.get("/search?q=M-1").text


def test_hostile_words_stay_words(site: Site) -> None:
    bad = '<script>alert(1)</script> "><b> \u202eהסכם 協定'
    register(site, "X-1", model=bad, accessories=bad, note=bad)
    actor = site.actor("cooperation")
    terms = Terms("bad", lender="INT.IAEA", borrower=bad, purpose=bad, event=bad, note=bad)
    lend(site.database, actor, terms, ["X-1"])
    at = instant_text("2025-12-01T09:00Z")
    hand_over(site.database, actor, [HandOver("X-1", "Huber", bad, bad, bad, at, bad)])
    with site.client("cooperation") as client:
        for path in (HOME, LOANS, ALARMS, "/equipment/items/X-1", f"{LOANS}/bad", "/search?q=X-1"):
            text = client.get(path).text
            assert "<script>alert" not in text and "<b>" not in text, path
        assert "協定" in client.get("/equipment/items/X-1").text
        for query in ("?condition=%00", "?sort=-nothing", "?page=9999999999", "?loan=%F0%9F%98%80"):
            assert client.get(f"{HOME}{query}").status_code == 200
        for name in ("%00", "..%2f", "%F0%9F%98%80", "x" * 3_000):
            for path in ("/equipment/items", LOANS):
                assert client.get(f"{path}/{name}").status_code == 404


def test_in_japanese(kept: Site) -> None:
    with kept.client("cooperation") as client:
        client.cookies["keiryo_language"] = "ja"
        for path in PATHS:
            answer = client.get(path)
            assert answer.status_code == 200 and 'lang="ja"' in answer.text, path
