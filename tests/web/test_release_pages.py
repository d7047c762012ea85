"""Four eyes in the browser: submitted, released, returned, withdrawn; corrections planned."""

from __future__ import annotations

import datetime
import json
import re
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.people import releases
from keiryo.people.sessions import form_token
from keiryo.reports import service
from web.site import Client, Site
from web.test_report_pages import DISCARD, FORM_NUMBER, accept, acts, prepared, rows_of, send

COMPOSE, PREPARE = "/reports/compose/XAFA/I", "/reports/prepare/XAFA/I"
ENTRY = "/reports/XAFA/107/correct/1"


@pytest.fixture
def careful(site: Site) -> Site:
    """Return a site where reports and corrections need two people."""
    draft = Draft("policy.set", "four-eyes", reason="two people for what leaves the house")
    for kind in ("report.issue", "correction.plan", "report.accept"):
        draft.add("release_policy", scope="XA", act_kind=kind, state="four eyes")
    post(site.database, draft, site.actor("administrator"))
    return site


def submitted(client: Client) -> str:
    """Write a source line, prepare the report, submit it; return the page of the request."""
    client.post(COMPOSE, rows_of(client, COMPOSE, action="record"))
    page, asked = prepared(client, PREPARE)
    assert "Submit for release" in page.text and "Issue the report" not in page.text
    answer = client.post(PREPARE, {**asked, "action": "submit"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def decide(client: Client, path: str, action: str, **fields: str) -> Any:
    """Press a button of a request."""
    page = client.get(path).text
    part = page[page.index('id="decide"') :] if 'id="decide"' in page else ""
    number = FORM_NUMBER.search(part)
    given = {"_form_id": number[1]} if number else {}
    return client.post(path, {**given, "action": action, **fields})


def test_a_report_is_released_by_another(careful: Site) -> None:
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        path = submitted(accountant)
        before = acts(careful)
        own = accountant.get(path).text
        assert "sound, with the key" in own and ">Release<" not in own and ">Withdraw<" in own
        assert decide(accountant, path, "release").status_code == 422  # never one's own
        assert acts(careful) == before
        page = officer.get(path).text
        assert "001:OI/XA;111" in page and "Aiko Mori" in page and ">Release<" in page
        assert "/releases" in officer.get("/").text and path in officer.get("/reports").text
        done = decide(officer, path, "release", words="Seen with the tank log")
        assert done.status_code == 303 and acts(careful) == before + 1
        report = officer.get("/reports/XAFA/111").text
        assert "Seen with the tank log" in report and "Aiko Mori" in report
        assert "released" in officer.get(path).text
        assert path not in officer.get("/reports").text  # it waits no longer


def test_who_may_look_and_who_may_decide(careful: Site) -> None:
    with careful.client("accountant") as accountant:
        path = submitted(accountant)
    for name, status in (("accountant2", 200), ("inspector", 200), ("security", 403)):
        with careful.client(name) as client:
            page = client.get(path)
            assert page.status_code == status, name
            assert ">Release<" not in page.text and ">Withdraw<" not in page.text
            for action in ("release", "return", "withdraw"):
                answer = client.post(path, {"action": action, "words": "no"})
                assert answer.status_code in (403, 404, 422), (name, action)
    with careful.client("officer") as officer:
        assert officer.get("/releases/R-0000").status_code == 404
        assert officer.post(path, {"action": "burn"}).status_code == 400


def test_two_release_at_once(careful: Site) -> None:
    with careful.client("accountant") as accountant:
        path = submitted(accountant)
    before = acts(careful)
    with careful.client("officer") as one, careful.client("officer2") as two:
        page = two.get(path).text
        number = FORM_NUMBER.search(page[page.index('id="decide"') :])
        assert number is not None
        assert decide(one, path, "release").status_code == 303
        late = two.post(path, {"action": "release", "_form_id": number[1]})
        assert late.status_code == 409
        assert "Chie Tanaka" in late.text and "2026-01-10 09:30" in late.text
    assert acts(careful) == before + 1


def test_returned_with_words_and_withdrawn(careful: Site) -> None:
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        path = submitted(accountant)
        silent = decide(officer, path, "return")
        assert silent.status_code == 400 and "say what is to be put right" in silent.text
        words = "単位を確認 \u202e <i>please</i>"
        assert decide(officer, path, "return", words=words).status_code == 303
        page = accountant.get(path).text
        assert "単位を確認" in page and "&lt;i&gt;please" in page
        page, asked = prepared(accountant, PREPARE)
        again = accountant.post(PREPARE, {**asked, "action": "submit"}).headers["location"]
        assert decide(accountant, again, "withdraw").status_code == 303
        assert "withdrawn" in accountant.get("/releases").text


def test_stale_requests_have_to_be_prepared_anew(careful: Site) -> None:
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        path = submitted(accountant)
        more = rows_of(accountant, COMPOSE, r2_batch="F26-LIQ-09", action="record")
        assert accountant.post(COMPOSE, more).status_code == 303
        before = acts(careful)
        page = officer.get(path).text
        assert "Changed since it was prepared" in page and "+ 001:OI/XA;111#002:2" in page
        assert ">Release<" not in page
        forced = officer.post(path, {"action": "release"})
        assert forced.status_code == 409 and "would be another report now" in forced.text
        assert acts(careful) == before
        assert "Prepare it anew" in accountant.get(path).text
        assert decide(officer, path, "return", words="Prepare it anew").status_code == 303


def planned(client: Client, **fields: str) -> tuple[Any, dict[str, str]]:
    """Ask what follows from a wrong weight, and follow to the plan."""
    page = client.get(ENTRY).text
    current = dict(re.findall(r'<input id="f-([a-z0-9-]+)" name="\1"[^>]* value="([^"]*)"', page))
    asked = {**current, "way": "change", "630": "461201.4", "reason": "SCALE MISREAD."}
    asked |= {"report_date": "2026-02-02", **fields}
    answer = client.post(ENTRY, {**asked, "_form": ENTRY, "action": "plan"})
    assert answer.status_code == 303
    shown = client.get(answer.headers["location"].partition("#")[0])
    digest = re.search(r'name="plan_digest" value="([0-9a-f]{64})"', shown.text)
    if digest is not None:
        number = FORM_NUMBER.search(shown.text[shown.text.index('id="plan"') :])
        assert number is not None
        asked |= {"plan_digest": digest[1], "_form_id": number[1], "_form": ENTRY}
    return shown, asked


def test_a_correction_shows_the_chain_and_is_posted(site: Site) -> None:
    before = acts(site)
    with site.client("officer") as officer:
        assert 'value="461210.4"' in officer.get(ENTRY).text
        page, asked = planned(officer)
        chain = [" ".join(re.sub(r"<[^>]+>", " ", row).split())
                 for row in re.findall(r"<tr[ >].*?</tr>", page.text, re.DOTALL)]  # fmt: skip
        balance = "balance as reported {} 2025-01-01..2025-12-31 {} E {} g {} g"
        for row in (
            balance.format("XAFA", "SD", "1,844,883.5", "1,844,874.5"),
            balance.format("XAFA", "MF", "812.346", "821.346"),
            balance.format("XARA", "RD", "1,844,833.5", "1,844,824.5"),
            "book XARA 2025-12-31 BOOK E 5,880,427 g 5,880,418 g",
        ):
            assert any(shown.startswith(row) for shown in chain), (row, chain)
        assert "461210.4" in page.text and acts(site) == before
        posted = officer.post(ENTRY, {**asked, "action": "post"})
        assert posted.status_code == 303, re.sub(r"<[^>]+>", " ", posted.text)[-2500:]
        now = acts(site)
        assert now > before
        again = officer.post(ENTRY, {**asked, "action": "post"})
        assert again.headers["location"] == posted.headers["location"] and acts(site) == now
        old = officer.get("/reports/XAFA/107").text
        assert re.search(r'entry 1 corrected by <a href="/reports/XAFA/111[^"]*">111/1</a>', old)
        # What counts now is the corrected entry, here and at the partner's, and it can be corrected
        # again from the form, which starts from what it says.
        late = " ".join(re.sub(r"<[^>]+>", " ", officer.get(ENTRY).text).split())
        assert "What counts now stands in XAFA 111/1" in late
        form = officer.get(ENTRY).text
        assert 'value="461201.4"' in form and 'value="461210.4"' not in form
    table = site.database.metadata.tables["inventory_change"]
    query = select(table.c.mba, table.c.code, table.c.status, table.c.element_mg)
    with site.database.reading() as connection:
        posted_lines = connection.execute(query.where(table.c.act_id > before)).all()
    assert sorted(map(tuple, posted_lines)) == [
        ("XAFA", "SD", "C", 461_201_400),
        ("XARA", "RD", "C", 461_201_400),
    ]
    assert verify(site.database).sound


def test_nothing_of_the_partner_is_shown(site: Site) -> None:
    with site.client("accountant") as accountant:
        page, asked = planned(accountant)
        assert page.status_code == 200
        assert "not for you to see" in page.text and "XARA 31/1" not in page.text
        assert "XA-XARA" not in page.text and "307:XARA" not in page.text
        posted = accountant.post(ENTRY, {**asked, "action": "post"})
        assert posted.status_code == 303, re.sub(r"<[^>]+>", " ", posted.text)[-2500:]
    with site.client("officer") as officer:  # the partner's part stayed a proposal
        assert "/reports/XARA/34" not in officer.get("/reports").text


def test_a_correction_is_released_by_another(careful: Site) -> None:
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        page, asked = planned(accountant)
        assert "Submit for release" in page.text
        direct = accountant.post(ENTRY, {**asked, "action": "post"})
        assert direct.status_code == 422 and "SECOND-PERSON" in direct.text
        page, asked = planned(accountant)
        answer = accountant.post(ENTRY, {**asked, "action": "submit"})
        path = answer.headers["location"]
        assert path.startswith("/releases/")
        assert "307:XARA" not in accountant.get(path).text
        whole = officer.get(path).text
        assert "307:XARA" in whole and "307:XAFA" in whole and "461201.4" in whole
        before = acts(careful)
        assert decide(officer, path, "release").status_code == 303
        assert acts(careful) > before + 1
        assert "C/XA;107/1" in officer.get("/reports/XAFA/111").text
        kept = f"/evidence/{prepared_digest(careful)}"
        assert "307:XARA" in officer.get(kept).text  # what was signed for, for who sees it all
        assert accountant.get(kept).status_code == 404


def test_bad_wishes_are_named_and_kept(site: Site) -> None:
    with site.client("officer") as officer:
        page, asked = planned(officer, **{"630": "12,5 tons", "date": "never"})
        assert "CORRECT-FIELD" in page.text and "12,5 tons" in page.text
        assert "plan_digest" not in asked
        same = {"630": "461210.4", "date": "2025-09-26", "report_date": "2026-13-01"}
        page, _ = planned(officer, **same)
        assert "Nothing is changed" in page.text and "Give a day" in page.text
        page, _ = planned(officer, way="delete", reason="削除 <b>")
        assert page.status_code == 200 and "<b>" not in page.text.split("<main")[1]
        for path in ("/reports/XAFA/107/correct/99", "/reports/XAFA/999/correct/1"):
            assert officer.get(path).status_code == 404
        stale = officer.post(ENTRY, {**asked, "plan_digest": "0" * 64, "action": "post",
                                     "630": "461201.4", "date": "2025-09-26"})  # fmt: skip
        assert stale.status_code == 409 and "The books changed since you looked" in stale.text


def prepared_digest(site: Site) -> str:
    """Return the digest of what was prepared, as the record has it."""
    table = site.database.metadata.tables["release"]
    with site.database.reading() as connection:
        return str(connection.execute(select(table.c.content_digest)).scalars().first())


def test_what_an_accountant_sends_waits_for_who_receives_reports(careful: Site) -> None:
    before = acts(careful)
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        page = send(accountant, ("january.txt", DISCARD.encode()))
        assert "Submit for release" in page.text and "Accept into the books" not in page.text
        first = accept(accountant, page)
        again = accept(accountant, page)  # the button pressed twice
        path = first.headers["location"]
        assert path.startswith("/releases/") and again.headers["location"] == path
        assert acts(careful) == before
        own = accountant.get(path).text
        assert "F26-LIQ-01" in own and ">Release<" not in own
        seen = officer.get(path).text
        assert "january.txt" in seen and "#670:0.55G" in seen and ">Release<" in seen
        assert decide(officer, path, "release", words="Looked at").status_code == 303
        assert acts(careful) == before + 1
        assert decide(officer, path, "release").status_code in (303, 404, 409)  # once
        assert acts(careful) == before + 1
        report = accountant.get("/reports/XAFA/111").text
        assert "Aiko Mori" in report and "Looked at" in report
        for one in (officer, accountant):
            page = one.get(path).text
            assert "Nothing was found about these reports when they were released." in page
    assert verify(careful.database).sound


def test_what_was_found_when_it_was_released_is_still_told(careful: Site) -> None:
    """Findings that do not refuse a report are recorded with it, and stay on the request's page."""
    late = DISCARD.replace(";111", ";113")  # two numbers are left out
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        path = accept(accountant, send(accountant, ("late.txt", late.encode()))).headers["location"]
        before = findings_on(officer.get(path).text)
        assert before
        assert decide(officer, path, "release", words="Numbers are left out").status_code == 303
        for one in (officer, accountant):
            page = one.get(path).text
            then = page.partition('id="found-at-release"')[2]
            assert findings_on(then) == before and "Whoever released it had these" in then
    with careful.client("inspector") as inspector:  # who sees reports sees what was found
        assert "found-at-release" in inspector.get(path).text


def findings_on(text: str) -> list[str]:
    """Return the codes of the findings that a page shows."""
    return re.findall(r'class="finding-code"[^>]*>(?:<[^>]*>)*([A-Z][A-Z0-9-]+)', text)


def test_what_was_sent_is_looked_at_again_when_it_is_released(careful: Site) -> None:
    other = DISCARD.replace("F26-LIQ-01", "F26-LIQ-77")
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        path = accept(accountant, send(accountant, ("one.txt", DISCARD.encode()))).headers[
            "location"
        ]
        handed = accept(officer, send(officer, ("two.txt", other.encode())))
        assert handed.headers["location"].endswith("/result")  # who receives records at once
        before = acts(careful)
        page = officer.get(path).text
        assert "SEQ-DUP" in page and "prepared anew" in page and ">Release<" not in page
        assert decide(officer, path, "release").status_code == 409
        assert acts(careful) == before
        lost = careful.database.evidence.path(digest_in(careful, path))
        lost.write_bytes(b"other")
        page = officer.get(path)
        assert page.status_code == 200 and "is not what was sent" in page.text
        assert decide(officer, path, "release").status_code in (404, 409)
        assert decide(officer, path, "return", words="Number used").status_code == 303


def digest_in(site: Site, path: str) -> str:
    """Return the digest of the file that waits."""
    table = site.database.metadata.tables["release_request"]
    with site.database.reading() as connection:
        query = select(table.c.content).where(table.c.request_id == path.rpartition("/")[2])
        content = json.loads(connection.execute(query).scalar_one())["content"]
    return str(content["files"][0]["digest"])


def test_a_release_that_broke_off_is_finished_by_the_next(careful: Site) -> None:
    """Two reports in one file; the server ends between the two acts."""
    second = DISCARD.replace(";111", ";112").replace("F26-LIQ-01", "F26-LIQ-02")
    second = second.replace("20260101/20260107", "20260108/20260109")
    second = second.replace("003:20260108", "003:20260110").replace("20260105", "20260108")
    careful.now[0] += datetime.timedelta(days=3)
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        both = ("both.txt", (DISCARD + second).encode())
        page = send(accountant, both)
        path = accept(accountant, page).headers["location"]
        before = acts(careful)
        with pytest.MonkeyPatch.context() as patch:
            done: list[str] = []

            def ended(real: Any, run: Any, report: Any, findings: Any) -> Any:
                if done:
                    raise RuntimeError("the power is gone")
                done.append(report.key)
                return real(run, report, findings)

            patch.setattr(service, "_post_report", partial(ended, service._post_report))
            patch.setattr(releases, "_unclaim", lambda *_: False)
            assert decide(officer, path, "release").status_code == 500
        assert acts(careful) == before + 1
        careful.now[0] += 2 * releases.BROKEN_OFF
        assert decide(officer, path, "release").status_code == 303
        assert acts(careful) == before + 2


def programmed(client: Client, path: str, sent: dict[str, Any]) -> Any:
    """Send JSON within a session, with its form token."""
    token = {"X-Form-Token": form_token(client.cookies["keiryo_session"])}
    return client.request("POST", path, json=sent, headers=token)


def test_a_program_sends_reports_that_wait(careful: Site) -> None:
    before = acts(careful)
    sent = {"files": [{"name": "january.txt", "content": DISCARD}]}
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        answer = programmed(accountant, "/api/v1/reports", sent)
        assert answer.status_code == 202, answer.text
        waits = answer.json()
        assert waits["state"] == "waiting" and waits["act_kind"] == "report.accept"
        assert acts(careful) == before
        place = answer.headers["location"]
        assert officer.get(place).json()["content"]["reports"] == ["XA/XAFA/111"]
        done = programmed(officer, f"{place}/release", {})
        assert done.status_code == 200 and done.json()["act"] == before + 1


def test_programs_return_and_withdraw(careful: Site) -> None:
    with careful.client("accountant") as accountant, careful.client("officer") as officer:
        place = f"/api/v1{submitted(accountant)}"
        assert programmed(officer, f"{place}/return", {}).status_code == 400  # without a word
        assert programmed(officer, f"{place}/withdraw", {}).status_code == 404
        assert programmed(accountant, f"{place}/return", {"words": "x"}).status_code == 403
        done = programmed(officer, f"{place}/return", {"words": "Check the weight"})
        assert done.status_code == 200 and done.json()["state"] == "returned"
        assert programmed(accountant, f"{place}/withdraw", {}).status_code == 409
        _, asked = prepared(accountant, PREPARE)
        again = accountant.post(PREPARE, {**asked, "action": "submit"}).headers["location"]
        left = programmed(accountant, f"/api/v1{again}/withdraw", {"words": "too early"})
        assert left.json()["state"] == "withdrawn"
