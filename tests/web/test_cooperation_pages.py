"""Pages of cooperation: the board, agreements on a time line, objects, forms, import, overview."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.cooperation.steps import Care, StepWanted, claim_fulfilled, take_care, take_step
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.web.pages.cooperation_words import date_bounds
from keiryo.web.pictures.agreements_line import Agreement, AgreementDate, agreements_line
from web.site import Client, Site
from web.test_report_pages import acts

BOARD, AGREEMENTS = "/cooperation/commitments", "/cooperation/agreements"
REGISTER, IMPORT = "/cooperation/register", "/cooperation/import"
DAY = datetime.date(2026, 1, 5)
PATHS = (BOARD, AGREEMENTS, REGISTER, f"{BOARD}/c001", f"{AGREEMENTS}/i.us-jp-2006")


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site whose books hold the register of the four documents."""
    actor = site.actor("cooperation")
    record_register(site.database, actor, shipped_register(), "agreements.json")
    return site


def second_officer(site: Site, name: str = "officer2") -> None:
    """Give somebody else the role of a cooperation officer."""
    draft = Draft("role.grant", f"grant:{name}", reason="a second person")
    person = site.members[name].person
    role = "cooperation officer"
    draft.add(
        *("role_grant",), scope="XA", person=person, role=role, granted_scope="XA", state="granted"
    )
    post(site.database, draft, site.actor("administrator"))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def fields_of(client: Client, path: str, form: str) -> dict[str, str]:
    """Return the hidden fields of a form on a page."""
    text = client.get(path).text
    part = text[text.index(f'id="{form}"') :]
    part = part[: part.index("</form>")]
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', part)
    return {name: value for name, value in pairs if name != "_form_token"}


def step(client: Client, name: str = "c001", **fields: Any) -> dict[str, Any]:
    """Return the fields of a step, as the page has them now."""
    hidden = fields_of(client, f"{BOARD}/{name}", "step-form")
    given = {"step_state": "active", "step_on": "2026-01-05", "step_reason": "It began."}
    return {**hidden, **given, **fields}


def test_who_may_see_it(kept: Site) -> None:
    for name, status in (
        *(("cooperation", 200), ("officer", 200), ("auditor", 200)),
        *(("accountant", 403), ("inspector", 403), ("security", 403), ("administrator", 403)),
    ):
        with kept.client(name) as client:
            assert {client.get(path).status_code for path in PATHS} == {status}, name
            menu = client.get("/").text
            assert (f'href="{BOARD}"' in menu) == (status == 200), name
    with kept.client("officer") as officer:
        page = officer.get(f"{BOARD}/c001").text
        assert "step-form" not in page and "care-form" not in page
        assert officer.get(IMPORT).status_code == 403
        assert officer.post(f"{BOARD}/c001/steps", {"step_state": "active"}).status_code == 403


def test_empty_books(site: Site) -> None:
    with site.client("cooperation") as client:
        for path in (BOARD, AGREEMENTS, REGISTER):
            answer = client.get(path)
            assert answer.status_code == 200 and "is empty" in answer.text and IMPORT in answer.text
        assert "part-commitments" not in client.get("/").text
        assert client.get(f"{BOARD}/c001").status_code == 404
        assert client.post(f"{BOARD}/c001/steps", {}).status_code == 404


def test_the_board_what_is_due_first(kept: Site) -> None:
    take_care(kept.database, kept.actor("cooperation"), "c012", Care(due_on=DAY.replace(day=30)))
    own = Care(owner=kept.members["cooperation"].person, due_on=DAY.replace(month=6))
    take_care(kept.database, kept.actor("cooperation"), "c013", own)
    with kept.client("cooperation") as client:
        text = client.get(BOARD).text
        rows = rows_of(client.get(f"{BOARD}?format=csv").text)
        assert [row["commitment"] for row in rows[:5]] == ["c020", "c032", "c052", "c012", "c013"]
        assert [row["when"] for row in rows[2:6]] == ["overdue", "due soon", "due later", "review"]
        assert text.count('data-kind="error"><svg') >= 3 and "overdue" in text
        for query, wanted in (
            ("own=1", {"c013"}),
            ("when=overdue", {"c020", "c032", "c052"}),
            ("owner=goro", {"c013"}),
            ("under=i.us-jp-2006", {"c001", "c002", "c003", "c004", "c065"}),
            ("state=dormant", {row["commitment"] for row in rows if row["state"] == "dormant"}),
            ("strength=intention&actor=JP.GOV", {"c012"}),
        ):
            found = {
                r["commitment"] for r in rows_of(client.get(f"{BOARD}?{query}&format=csv").text)
            }
            assert wanted <= found and (len(wanted) == len(found) or "JP.GOV" in query), query
        assert client.get(f"{BOARD}?format=xlsx").content[:2] == b"PK"
        for href, count in re.findall(r'href="([^"]+)"><span class="badge".*?<strong>(\d+)<', text):
            there = rows_of(client.get(f"{href}&format=csv".replace("&amp;", "&")).text)
            assert len(there) == int(count), href


def test_agreements_on_a_time_line(kept: Site) -> None:
    with kept.client("officer") as client:
        text = client.get(AGREEMENTS).text
        rows = rows_of(client.get(f"{AGREEMENTS}?format=csv").text)
    assert len(rows) == 18 and rows[0]["instrument"] == "i.us-jp-1988"
    picture = ElementTree.fromstring(
        text[text.index("<svg xmlns") : text.index("</svg></div>") + 6]
    )
    said = " ".join(picture.itertext())
    assert "ratified “at the end of 2010”, RU.PARLIAMENT" in said
    assert "stated in the text 8" in said and "from another source 2" in said
    assert picture.get("role") == "group" and "i.ru-jp-2009" in text
    undated = text[text.index("undated-title") : text.index("list-title")]
    assert undated.count("<li>") == 7 and "Convention on Cybercrime" in undated
    assert "pursued by US, JP, not bound yet" in undated


def test_ranges_and_shapes_of_the_time_line() -> None:
    exact = AgreementDate("in_force", "in force 1 May 2020", DAY, DAY, "external")
    wide = AgreementDate("signed", "signed 2000", DAY.replace(year=2000), DAY, "inferred")
    one = Agreement("i.x", "<b>Agreement</b>\u202e", (wide, exact))
    text = agreements_line([one], DAY.replace(year=2027), href=lambda _one: "/x")
    assert text == agreements_line([one], DAY.replace(year=2027), href=lambda _one: "/x")
    assert text.count("pic-bar") == 1 and text.count("pic-band") == 1
    assert "<b>" not in text and "\u202e" not in text
    assert "No agreement has a date." in agreements_line([], DAY)


@pytest.mark.parametrize(
    ("row", "bounds"),
    [
        ({"value": "2012-02-30"}, None),
        ({"value": "2012"}, ("2012-01-01", "2012-12-31")),
        ({"value": "2012-04-27"}, ("2012-04-27", "2012-04-27")),
        ({"value": None, "earliest": "2010-10", "latest": "2010-12"}, ("2010-10-01", "2010-12-31")),
        ({"value": None, "earliest": "2010-10-01"}, ("2010-10-01", "2010-10-01")),
        ({"value": None, "earliest": None, "latest": None}, None),
    ],
)
def test_bounds_of_dates(row: dict[str, Any], bounds: tuple[str, str] | None) -> None:
    found = date_bounds(row)
    assert (None if found is None else tuple(day.isoformat() for day in found)) == bounds


def test_a_page_for_every_object(kept: Site) -> None:
    with kept.client("cooperation") as client:
        for one in rows_of(client.get(f"{REGISTER}?format=csv").text):
            answer = client.get(f"{REGISTER}/{one['name']}")
            if answer.status_code == 303:
                answer = client.get(answer.headers["location"])
            assert answer.status_code == 200 and one["name"] in answer.text, one["name"]
        agreement = client.get(f"{AGREEMENTS}/i.ru-jp-2009").text
        assert "approximate" in agreement and "at the end of 2010" in agreement
        assert "exact to the day" in agreement and "stated in the text" in agreement
        assert "not compared: the text was not at hand" in agreement and "c058" in agreement
        assert "/why?of=cooperation%3Ai.ru-jp-2009" in agreement
        board = f"{BOARD}?under=i.ru-jp-2009"
        assert f'href="{board}"' in agreement and client.get(board).status_code == 200
        assert f'href="{BOARD}?actor=JP.JAEA"' in client.get(f"{REGISTER}/JP.JAEA").text
        body = client.get(f"{REGISTER}/b.bilateral-commission").text
        assert "From other sources" in body and "DOE fact sheet of 2013-11-05" in body
        signed = client.get(f"{AGREEMENTS}/i.us-jp-2006").text
        assert "Ryo Kimura" in signed and "signatory" in signed and "paragraph" in signed
        assert "compared with the text" in signed
        assert client.get(f"{BOARD}/i.us-jp-2006").headers["location"].endswith("i.us-jp-2006")
        for path in (REGISTER, AGREEMENTS, BOARD):
            assert client.get(f"{path}/nothing").status_code == 404
        assert client.get("/why?of=cooperation:c001").status_code == 200


def test_a_step_is_taken_once(kept: Site) -> None:
    here, before = f"{BOARD}/c001", acts(kept)
    with kept.client("cooperation") as client:
        fields = step(client, step_acts="3, act:5")
        files = [("step_files", ("minutes.txt", b"what was agreed", "text/plain"))]
        done = client.post(f"{here}/steps", fields, files=files)
        assert done.status_code == 303 and done.headers["location"] == f"{here}?done={before + 1}"
        again = client.post(f"{here}/steps", fields, files=files)
        assert again.headers["location"] == done.headers["location"] and acts(kept) == before + 1
        page = client.get(done.headers["location"]).text
        assert "It was recorded." in page and "minutes.txt" in page and "It began." in page
        assert 'href="/journal/acts/5"' in page
        evidence = re.findall(r'href="(/evidence/[0-9a-f]{64})"', page)[0]
        assert client.get(evidence).content == b"what was agreed"
        steps = rows_of(client.get(f"{BOARD}?state=active&format=csv").text)
        assert [row["commitment"] for row in steps] == ["c001"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step_reason": ""}, "Say what happened"),
        ({"step_state": ""}, "Choose what it becomes"),
        ({"step_on": "2026-02-30"}, "Write a date as"),
        ({"step_on": ""}, "Say on which day it was"),
        ({"step_acts": "17 x"}, "Write acts by their numbers"),
        ({"step_acts": "99999"}, "COMMITMENT-EVIDENCE"),
        ({"step_state": "fulfilled"}, "COMMITMENT-STEP"),
        ({"step_state": "<script>"}, "COMMITMENT-STEP"),
        ({"step_reason": "a\0b"}, "error-summary"),
        ({"step_state": "a\0b"}, "error-summary"),
        ({"step_occurred": "a\0b", "step_side": "\0"}, "error-summary"),
        ({"step_reason": "x" * 5_000}, "4000 characters at most"),
    ],
)
def test_a_wrong_step_comes_back_with_what_was_typed(
    kept: Site, change: dict[str, str], words: str
) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        fields = step(client, **{"step_reason": "新しい計画 <script>alert(1)</script>", **change})
        answer = client.post(f"{BOARD}/c001/steps", fields)
    assert answer.status_code == 422 and words in answer.text and acts(kept) == before
    assert "<script>alert" not in answer.text
    assert "step_reason" in change or "新しい計画 &lt;script&gt;" in answer.text


def test_a_stale_form_is_pressed_a_second_time(kept: Site) -> None:
    here = f"{BOARD}/c001"
    with kept.client("cooperation") as client:
        fields = step(client)
        begun = StepWanted("c001", "active", DAY, "Somebody was faster.")
        first = take_step(kept.database, kept.actor("cooperation"), begun).act.act_id
        before = acts(kept)
        stale = client.post(f"{here}/steps", {**fields, "step_state": "withdrawn"})
        assert stale.status_code == 409 and acts(kept) == before
        assert "Somebody was here in between" in stale.text
        assert f'href="/journal/acts/{first}"' in stale.text and "It began." in stale.text
        assert 'name="seen" value="active"' in stale.text
        unheaded = {k: v for k, v in fields.items() if k != "_head"} | {"_form_id": "other"}
        assert client.post(f"{here}/steps", unheaded).status_code == 409
        assert client.post(f"{here}/steps", step(client, step_state="withdrawn")).status_code == 303
        assert "It is over" in client.get(here).text


def test_a_claim_takes_a_second_person(kept: Site) -> None:
    second_officer(kept)
    here = f"{BOARD}/c001"
    begun = StepWanted("c001", "active", DAY, "It began.")
    take_step(kept.database, kept.actor("cooperation"), begun)
    with kept.client("cooperation") as client:
        fields = fields_of(client, here, "claim-form")
        fields |= {"claim_on": "2026-01-08", "claim_reason": "The report was handed over."}
        refused = client.post(f"{here}/claims", fields)
        assert refused.status_code == 422 and "Send a file that shows it" in refused.text
        files = [("claim_files", ("報告.pdf", b"%PDF", "application/pdf"))]
        done = client.post(f"{here}/claims", fields, files=files)
        assert done.status_code == 303
        claim = int(done.headers["location"].rpartition("=")[2])
        page = client.get(here).text
        assert "Somebody else looks at the evidence" in page and "報告.pdf" in page
        assert f"approve-{claim}" not in page
        approval = {"approve_on": "2026-01-09", "approve_reason": "I read it.", "claim": str(claim)}
        own = client.post(f"{here}/approvals", approval)
        assert own.status_code == 422 and "nobody else approved it" in own.text
    with kept.client("officer2") as other:
        fields = fields_of(other, here, f"approve-{claim}") | approval
        wrong = other.post(f"{here}/approvals", {**fields, "approve_reason": ""})
        assert wrong.status_code == 422 and "Say what happened" in wrong.text
        assert other.post(f"{here}/approvals", {**fields, "claim": ""}).status_code == 422
        assert other.post(f"{here}/approvals", fields).status_code == 303
        page = other.get(here).text
        assert "fulfilled" in page and "It is over" in page and "Daniel Ono" in page
        assert f"claim in act {claim}" in page


def test_offers_and_what_sleeps(kept: Site) -> None:
    with kept.client("cooperation") as client:
        rows = rows_of(client.get(f"{BOARD}?format=csv").text)
        offer = next(row["commitment"] for row in rows if row["kind"] == "offer")
        asleep = next(row for row in rows if row["state"] == "dormant")
        refused = client.post(f"{BOARD}/{offer}/steps", step(client, offer, step_state="agreed"))
        assert refused.status_code == 422 and "an offer is one-sided" in refused.text
        wakes = "agreed" if asleep["strength"] != "wish or possibility" else "proposed"
        name = asleep["commitment"]
        waking = step(client, name, step_state=wakes, step_occurred="The inspectors went back.")
        assert client.post(f"{BOARD}/{name}/steps", waking).status_code == 303
        assert "Occurred: The inspectors went back." in client.get(f"{BOARD}/{name}").text


def test_care(kept: Site) -> None:
    here = f"{BOARD}/c020"
    person = kept.members["cooperation"].person
    with kept.client("cooperation") as client:
        hidden = fields_of(client, here, "care-form")
        fields = {
            **hidden,
            "owner": person,
            "next_action": "Ask <b>them</b>",
            "due_on": "2026-01-20",
        }
        assert client.post(f"{here}/care", fields).status_code == 303
        page = client.get(here).text
        assert (
            "Goro Ito" in page and "Ask &lt;b&gt;them&lt;/b&gt;" in page and "20 Jan 2026" in page
        )
        hidden = fields_of(client, here, "care-form")
        same = client.post(f"{here}/care", {**hidden, "owner": person})
        assert same.status_code == 422 and "stands in the record already" in same.text
        wrong = client.post(f"{here}/care", {**hidden, "review_on": "soon"})
        assert wrong.status_code == 422 and "Write a date as" in wrong.text
        overview = client.get("/").text
        part = overview[overview.index("part-commitments-title") :]
        hits = re.findall(r'href="/cooperation/commitments/(c\d+)"', part)
        assert hits[0] == "c020" and "you look after it" in part and set(hits) >= {"c032", "c052"}


def test_an_unanswered_claim_is_on_the_page_until_it_is_answered(kept: Site) -> None:
    actor = kept.actor("cooperation")
    take_step(kept.database, actor, StepWanted("c001", "active", DAY, "It began."))
    posted = claim_fulfilled(
        kept.database, actor, "c001", on=DAY, reason="Done.", evidence=("act:3",)
    )
    with kept.client("auditor") as client:
        page = client.get(f"{BOARD}/c001").text
        assert f'href="/journal/acts/{posted.act.act_id}"' in page and "approve-" not in page


def test_a_register_is_checked_and_then_recorded(site: Site) -> None:
    before = acts(site)
    content = shipped_register()
    with site.client("cooperation") as client:
        nothing = client.post(IMPORT, {"which": "own"})
        assert nothing.status_code == 422 and "No file was chosen" in nothing.text
        files = [("file", ("mine.json", content, "application/json"))]
        checked = client.post(IMPORT, {"which": "own"}, files=files)
        assert checked.status_code == 200 and "QUOTE-UNREAD" in checked.text
        assert acts(site) == before and "Nothing was recorded yet" in checked.text
        pairs = re.findall(
            r'type="hidden" name="([a-z]\w*|_form_id)" value="([^"]*)"', checked.text
        )
        fields = dict(pairs)
        done = client.post(IMPORT, fields)
        assert done.status_code == 303 and acts(site) == before + 1
        assert client.post(IMPORT, fields).headers["location"] == done.headers["location"]
        assert "The register was recorded." in client.get(done.headers["location"]).text
        shipped = client.post(IMPORT, {"which": "shipped"})
        again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shipped.text))
        again["_form_token"] = fields.get("_form_token", again["_form_token"])
        same = client.post(IMPORT, again).headers["location"]
        assert same == f"{REGISTER}?unchanged=211" and "Nothing is new: all 211" in (
            client.get(same).text
        )
        assert acts(site) == before + 1


def test_a_wrong_register_is_told_with_all_findings(site: Site) -> None:
    file = json.loads(shipped_register())
    file["commitments"][0]["provenance"][0]["quote"] = "words that nobody wrote"
    file["instruments"][0]["parties"] = ["NOBODY"]
    content = json.dumps(file).encode()
    before = acts(site)
    with site.client("cooperation") as client:
        files = [("file", ("mine.json", content, "application/json"))]
        texts = [("texts", ("other.txt", b"\xff\xfe", "text/plain"))]
        found = client.post(IMPORT, {"which": "own"}, files=files)
        assert found.status_code == 422 and "words that nobody wrote" in found.text
        assert "NOBODY" in found.text and "record-form" not in found.text
        no_text = client.post(IMPORT, {"which": "own"}, files=[*files, *texts])
        assert no_text.status_code == 422 and "is no text in UTF-8" in no_text.text
        no_json = client.post(IMPORT, {"which": "own"}, files=[("file", ("x.json", b"{", "x/y"))])
        assert no_json.status_code == 422 and "REGISTER-FORM" in no_json.text
        assert client.post(IMPORT, {"do": "record"}).status_code == 422
        packed = {"do": "record", "packed_name": "x", "packed": "no base64"}
        assert client.post(IMPORT, packed).status_code == 422
    assert acts(site) == before


def test_it_is_found(kept: Site) -> None:
    with kept.client("officer") as client:
        found = client.get("/search?q=dogwood").text
        assert f"{BOARD}/c052" in found
        named = client.get("/search?q=i.us-jp-2006")
        assert named.headers["location"] == f"{AGREEMENTS}/i.us-jp-2006"
    with kept.client("accountant") as client:
        assert "c052" not in client.get("/search?q=dogwood").text


def test_hostile_words_stay_words(site: Site) -> None:
    file = json.loads(shipped_register())
    bad = '<script>alert(1)</script> "><b> \u202eהסכם 協定'
    for one in (*file["instruments"], *file["programmes"], *file["organisations"]):
        one["title" if "title" in one else "name"] = bad
    for one in file["commitments"]:
        one["action"], one["condition"] = bad, bad
    for one in file["instruments"]:
        one["status_in_text"] = bad
    content = json.dumps(file).encode()
    record_register(site.database, site.actor("cooperation"), content, "<i>.json")
    with site.client("officer") as client:
        for path in (
            *PATHS,
            f"{REGISTER}/JP.JAEA",
            f"{REGISTER}/g.dogwood",
            "/",
            "/search?q=alert",
        ):
            text = client.get(path).text
            assert "<script>alert" not in text and "<b>" not in text, path
        assert "協定" in client.get(f"{BOARD}/c001").text
        for query in ("?state=%00", "?sort=-nothing", "?page=9999999999", "?own=%F0%9F%98%80"):
            assert client.get(f"{BOARD}{query}").status_code == 200
        for name in ("%00", "..%2f", "%F0%9F%98%80", "x" * 3_000):
            for path in (BOARD, AGREEMENTS, REGISTER):
                assert client.get(f"{path}/{name}").status_code == 404


def test_in_japanese(kept: Site) -> None:
    with kept.client("cooperation") as client:
        client.cookies["keiryo_language"] = "ja"
        for path in (*PATHS, IMPORT):
            answer = client.get(path)
            assert answer.status_code == 200 and 'lang="ja"' in answer.text, path
