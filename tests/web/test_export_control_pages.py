"""Pages of export control: licences, shipments, registers, the clock, the declaration, forms."""

from __future__ import annotations

import copy
import datetime
import json
import re
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import pytest

from keiryo.export_control.books import shipments
from keiryo.web.pages import export_control_known
from keiryo.web.pages.export_control_declared import last_quarter
from keiryo.web.pictures.licence_bar import licence_bar
from web.export_control_register import (
    ASSURANCE,
    GRAPHITE_LINE,
    HEAD,
    LEU_LINE,
    REGISTER,
    plain,
    record,
)
from web.site import Client, Site
from web.test_cooperation_pages import fields_of, rows_of
from web.test_report_pages import acts

HOME = "/export-control"
LICENCE = f"{HOME}/licence?number=L-2026%2F1"
PAGES = tuple(
    f"{HOME}{one}"
    for one in (
        *("", "/shipments", "/assurances", "/items", "/traders", "/queue", "/notices"),
        *("/declaration", "/rule"),
    )
)


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site whose books hold licences, shipments and traders."""
    record(site)
    return site


def test_who_may_see_it(kept: Site) -> None:
    for name, status in (
        *(("cooperation", 200), ("officer", 200), ("auditor", 200)),
        *(("accountant", 403), ("inspector", 403), ("security", 403), ("administrator", 403)),
    ):
        with kept.client(name) as client:
            answers = {path: client.get(path).status_code for path in (*PAGES, LICENCE)}
            assert set(answers.values()) == {status}, (name, answers)
            assert (f'href="{HOME}"' in client.get("/").text) == (status == 200), name
    with kept.client("officer") as officer:
        assert "/export-control/import" not in officer.get(HOME).text
        assert "rule-form" not in officer.get(f"{HOME}/rule").text
        for path in ("import", "record/licences"):
            assert officer.get(f"{HOME}/{path}").status_code == 403
            assert officer.post(f"{HOME}/{path}", {}).status_code == 403
        assert officer.post(f"{HOME}/rule", {"mode": "off", "reason": "x"}).status_code == 403


def test_empty_books(site: Site) -> None:
    with site.client("cooperation") as client:
        for path in PAGES:
            assert client.get(path).status_code == 200, path
        assert "No licences are recorded" in client.get(HOME).text
        assert "There are no licences" in client.get(f"{HOME}/shipments").text
        assert "Nothing to declare" in client.get(f"{HOME}/declaration").text
        assert "part-export-control" not in client.get("/").text
        assert client.get(f"{HOME}/licence?number=L-9").status_code == 404
        assert client.get(f"{HOME}/licence").status_code == 404
        for which in ("licences", "steps", "assurances", "transfers", "items", "traders"):
            assert client.get(f"{HOME}/record/{which}").status_code == 200, which
        assert client.get(f"{HOME}/record/nothing").status_code == 404
        assert client.get(f"{HOME}/record/licences?of=L-9").status_code == 404


def test_licences_with_what_is_left(kept: Site) -> None:
    with kept.client("cooperation") as client:
        text = client.get(HOME).text
        rows = {row["licence"]: row for row in rows_of(client.get(f"{HOME}?format=csv").text)}
        assert [rows[n]["remaining"] for n in ("L-2026/1", "L-2", "I-1")] == ["2", "0.5", "458.74"]
        assert rows["L-2026/1"]["attention"] == "nearly used up" and rows["L-2"]["planned"] == "0"
        assert rows["L-2"]["attention"] == "runs out soon" and rows["I-1"]["attention"] == ""
        assert 'href="/export-control/licence?number=L-2026%2F1"' in text
        assert text.count("<svg xmlns") == 3 and "drawn 40 kg of 42 kg, planned 700 kg" in text
        for query, wanted in (
            ("attention=runs+out+soon", {"L-2"}),
            ("direction=import", {"I-1"}),
            ("item=graph", {"L-2"}),
            ("valid_to=2026-02", {"L-2"}),
            ("state=licence+issued", {"L-2026/1", "L-2", "I-1"}),
        ):
            found = rows_of(client.get(f"{HOME}?{query}&format=csv").text)
            assert {row["licence"] for row in found} == wanted, query
        assert client.get(f"{HOME}?format=xlsx").content[:2] == b"PK"
        assert "There is no filter called" in client.get(f"{HOME}?stat=x").text


def test_a_licence_that_was_lowered_is_overdrawn(kept: Site) -> None:
    less = {**GRAPHITE_LINE, "quantity": "2", "valid_to": "2026-12-31"}
    head = {**HEAD, "licence": "L-2", "amendment": 1, "state": "amended", "conditions": "Less <b>."}
    done = record(kept, licences=[{**head, "lines": [less]}])
    assert [one.code for one in done.findings] == ["LICENCE-OVERDRAWN"]
    record(
        kept,
        steps=[
            {"licence": "L-2", "state": "suspended", "on_day": "2026-01-05", "reason": "Why <i>"}
        ],
    )
    with kept.client("officer") as client:
        (row,) = rows_of(client.get(f"{HOME}?attention=over-drawn&format=csv").text)
        assert (row["drawn"], row["remaining"], row["state"]) == ("2.5", "-0.5", "suspended")
        page = client.get(f"{HOME}/licence?number=L-2").text
        assert "over-drawn" in page and "Less &lt;b&gt;." in page and "Why &lt;i&gt;" in page
        assert "amendment 1" in page and page.count("/journal/acts/") >= 4
        assert "over the ceiling" in page and "pic-state-overdue" in page
        overview = client.get("/").text
        assert "over-drawn" in overview and "shipment" in overview


def test_a_licence_with_all_that_belongs_to_it(kept: Site) -> None:
    with kept.client("cooperation") as client:
        page = client.get(LICENCE).text
        assert "A-1" in page and "F25-SCR-03" in page and "Power Station B" in page
        assert "/why?of=licence%3AL-2026%2F1" in page and "covered" in page
        assert "T-2" in page and "over the ceiling" in page  # a plan for more than is left
        for why in set(re.findall(r'href="(/why\?of=[^"]+)"', page)):
            assert client.get(why).status_code == 200, why
        assert (
            "of=L-2026%2F1" in page
            and "None is needed" in client.get(f"{HOME}/licence?number=I-1").text
        )


def test_shipments_and_what_stands_against_them(kept: Site) -> None:
    path = f"{HOME}/shipments"
    with kept.client("officer") as client:
        rows = rows_of(client.get(f"{path}?format=csv").text)
        assert [(row["on"], row["result"], row["licence"]) for row in rows] == [
            ("2026-01-30", "over the ceiling", "L-2026/1"),
            ("2025-12-10", "covered", "L-2"),
            ("2025-11-12", "covered", "L-2026/1"),
            ("2025-02-14", "covered", "I-1"),
        ]
        assert rows[0]["stopped"] == "yes" and rows[0]["failed"] == "OVER-CEILING"
        text = client.get(path).text
        assert "/areas/XAFA/batch?name=F25-SCR-03" in text and "asked for a licence" in text
        assert client.get("/areas/XAFA/batch?name=F25-SCR-03").status_code == 200
        for href in re.findall(r'href="(/export-control/shipments\?result[^"]+)"', text):
            assert len(rows_of(client.get(f"{href}&format=csv".replace("&amp;", "&")).text)) == 1


def test_hidden_shipments_close_their_lines(kept: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry under a caveat that the viewer may not see: neither it nor its weight is told."""
    reads: list[int] = []

    def seen_shipments(connection: Any, metadata: Any) -> Any:
        reads.append(1)  # the whole first, then what the viewer sees
        found = shipments(connection, metadata)
        return found if len(reads) == 1 else [one for one in found if one.batch != "F25-SCR-03"]

    monkeypatch.setattr(export_control_known, "shipments", seen_shipments)
    counts = iter((1, 2))
    monkeypatch.setattr(export_control_known, "_crossings", lambda *_: next(counts))
    with kept.client("cooperation") as client:
        rows = {row["licence"]: row for row in rows_of(client.get(f"{HOME}?format=csv").text)}
        assert rows["L-2026/1"]["drawn"] == rows["L-2026/1"]["remaining"] == ""
        assert rows["L-2026/1"]["planned"] == "" and rows["L-2"]["remaining"] == "0.5"
        assert "not shown" in client.get(HOME).text
        assert "F25-SCR-03" not in client.get(f"{HOME}/shipments").text
        licence = client.get(LICENCE).text
        assert "F25-SCR-03" not in licence and "40 kg" not in licence and "2 kg<" in licence
        assert ">2 kg<" not in licence and "not shown" in licence
        assert "not yours to see" in client.get(f"{HOME}/notices?all=1").text


def test_assurances_items_and_lists(kept: Site) -> None:
    with kept.client("cooperation") as client:
        text = client.get(f"{HOME}/assurances").text
        assert "peaceful-use" in text and "none is valid today" not in text
        (row,) = rows_of(client.get(f"{HOME}/assurances?validity=valid&format=csv").text)
        assert row["assurance"] == "A-1" and row["valid_to"] == "2026-12-31"
        record(kept, assurances=[{**ASSURANCE, "valid_to": "2025-12-31"}])
        assert "none is valid today" in client.get(f"{HOME}/assurances").text
        items = client.get(f"{HOME}/items").text
        assert "INFCIRC/254/Part 1" in items and "isotope separation" in items
        found = rows_of(client.get(f"{HOME}/items?material=nuclear&format=csv").text)
        assert [(one["item"], one["licences"]) for one in found] == [("LEU", "2")]


def test_the_clock_of_notifications(kept: Site) -> None:
    path = f"{HOME}/notices"
    with kept.client("cooperation") as client:
        text = client.get(path).text
        due = text[text.index('id="due"') : text.index("clock-title")]
        assert "1.12" in due and "T-2" in due and "16 Jan 2026" in due
        rows = rows_of(client.get(f"{path}?format=csv").text)
        assert [(row["reference"], row["effective_kg"], row["due"]) for row in rows] == [
            ("T-2", "1.12", "2026-01-16"),
            ("XAFA to XB/XBCA on 2025-11-12", "0.07744", ""),
        ]
        assert "Announce the transfer to XB" in client.get("/").text
        form = fields_of(client, f"{HOME}/record/transfers?of=T-2", "record-form")
        page = client.get(f"{HOME}/record/transfers?of=T-2").text
        given = {**form, **values_of(page), "notified_on": "2026-01-09"}
        done = client.post(f"{HOME}/record/transfers?of=T-2", given)
        assert done.status_code == 303, done.text
        assert "Nothing is to be announced" in client.get(path).text
        rows = rows_of(client.get(f"{path}?notified=yes&format=csv").text)
        assert [row["reference"] for row in rows] == ["T-2"]


def test_the_declaration_of_a_quarter(kept: Site) -> None:
    path = f"{HOME}/declaration"
    with kept.client("officer") as client:
        page = client.get(path).text
        assert "2025-Q4" in page and "blocks 1-40" in page and "町B" in page
        (row,) = rows_of(client.get(f"{path}?quarter=2025-Q4&format=csv").text)
        assert (row["annex_entry"], row["quantity"], row["expected"]) == ("2.1", "2.5", "no")
        assert (
            "declaration-2025-Q4"
            in client.get(f"{path}?format=xlsx").headers["content-disposition"]
        )
        json_href = re.search(r'href="(/api/v1/[^"]+)" download', page)
        assert json_href and client.get(json_href[1]).json()["entries"][0]["item"] == "GRAPHITE"
        assert "Nothing to declare" in client.get(f"{path}?quarter=2025-Q3").text
        assert "confirmed on request" in client.get(f"{path}?quarter=2025-Q4&imports=1").text
        for wrong in ("x", "0000-Q1", "2025-Q5", "9999-Q4", "\0", "2025-Q4; --"):
            assert client.get(path, params={"quarter": wrong}).status_code in (200, 400), wrong
    days = [last_quarter(datetime.date(2026, month, 1)).start for month in (1, 4, 7, 12)]
    assert [day.isoformat() for day in days] == [
        *("2025-10-01", "2026-01-01", "2026-04-01", "2026-07-01"),
    ]


def test_traders_and_inspection_priority(kept: Site) -> None:
    with kept.client("officer") as client:
        text = client.get(f"{HOME}/traders").text
        assert "recognised by MRA-1 as 2" in text and "C-TPAT" in text
        (row,) = rows_of(client.get(f"{HOME}/traders?on=2027-01-05&format=csv").text)
        assert (row["counts"], row["tier_that_counts"]) == ("no", "0")
        assert client.get(f"{HOME}/traders?on=x").status_code == 400
        rows = rows_of(client.get(f"{HOME}/queue?format=csv").text)
        assert [(one["consignment"], one["score"]) for one in rows] == [
            ("B-2", "31"),
            ("B-1", "26"),
        ]
        assert rows[0]["no_credit_because"] == "a radiation alarm"
        queue = client.get(f"{HOME}/queue").text
        assert "It opens no gate" in queue and "−15" in queue and "a radiation alarm" in queue


def values_of(page: str) -> dict[str, str]:
    """Return what stands in the fields of the form on a page."""
    part = page[page.index('id="record-form"') :]
    part = part[: part.index("</form>")]
    found = dict(re.findall(r'<input id="f-\w+" name="(\w+)"[^>]* value="([^"]*)"', part))
    for name, inside in re.findall(
        r'<select id="f-\w+" name="(\w+)".*?>(.*?)</select>', part, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else re.search(r'value="([^"]*)"', inside)[1]
    for name, text in re.findall(
        r'<textarea id="f-\w+" name="(\w+)".*?>\n?(.*?)</textarea>', part, re.S
    ):
        found[name] = text
    return found


def entry(client: Client, which: str, of: str = "", **more: str) -> tuple[str, dict[str, str]]:
    """Return the address of a form and its fields as the page has them now."""
    path = f"{HOME}/record/{which}" + (f"?of={of}" if of else "")
    page = client.get(path).text
    return path, {**fields_of(client, path, "record-form"), **values_of(page), **more}


def test_an_assurance_is_typed_and_recorded_once(kept: Site) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        given = {
            "assurance": "保証<2>",
            "government": "XB",
            "given_on": "2026-01-05",
            "valid_from": "2026-01-05",
            "valid_to": "2026-06-30",
            "purposes": "peaceful-use",
        }
        path, fields = entry(client, "assurances", **given)
        done = client.post(path, fields)
        assert done.status_code == 303, done.text
        assert done.headers["location"] == f"{HOME}/assurances?done={before + 1}"
        assert client.post(path, fields).headers["location"] == done.headers["location"]
        assert acts(kept) == before + 1
        page = client.get(done.headers["location"]).text
        assert "It was recorded." in page and "保証&lt;2&gt;" in page
        path, again = entry(client, "assurances", **given)
        same = client.post(path, again)
        assert same.headers["location"].endswith("?unchanged=1") and acts(kept) == before + 1
        assert "Nothing is new" in client.get(same.headers["location"]).text


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"government": "Xb"}, "government", "no code of a State"),
        ({"valid_to": "2026-02-30"}, "valid_to", "Write the day as"),
        ({"assurance": ""}, "assurance", "assurance is missing"),
        ({"quantity": "x", "unit": "kg"}, "quantity", "no plain decimal number"),
        ({"unit": "lb"}, "unit", "there is no unit"),
        ({"valid_to": "2025-01-01"}, "", "LICENCE-VALIDITY"),
        ({"licences": "L-99"}, "", "L-99"),
        ({"purposes": "a\0b"}, "", "error-summary"),
        ({"purposes": "x" * 3000}, "purposes", "too long"),
    ],
)
def test_a_wrong_entry_comes_back_with_what_was_typed(
    kept: Site, change: dict[str, str], field: str, words: str
) -> None:
    before = acts(kept)
    given = {
        "assurance": "A-9",
        "government": "XB",
        "given_on": "2026-01-05",
        "valid_from": "2026-01-05",
        "valid_to": "2026-06-30",
        "protection": "<script>x",
    }
    with kept.client("cooperation") as client:
        path, fields = entry(client, "assurances", **{**given, **change})
        answer = client.post(path, fields)
    assert answer.status_code == 422 and words.lower() in answer.text.lower()
    assert acts(kept) == before and "<script>x" not in answer.text
    assert "&lt;script&gt;x" in answer.text
    if field:
        assert f'id="e-{field}"' in answer.text


def test_a_licence_is_typed_amended_and_suspended(kept: Site) -> None:
    with kept.client("cooperation") as client:
        line = {f"line1_{n}": str(v) for n, v in LEU_LINE.items()}
        line |= {"line2_item": "GRAPHITE", "line2_quantity": "x"}
        path, fields = entry(client, "licences", **HEAD, licence="L-7", **line)
        wrong = client.post(path, fields)
        assert wrong.status_code == 422 and 'id="e-line2_quantity"' in wrong.text
        assert 'id="e-line2_unit"' in wrong.text and "LICENCE-FORM" not in wrong.text
        path, fields = entry(
            client,
            "licences",
            **HEAD,
            licence="L-7",
            **{n: v for n, v in line.items() if n.startswith("line1_")},
        )
        done = client.post(path, fields)
        assert done.status_code == 303 and "licence?number=L-7&done=" in done.headers["location"]
        path, fields = entry(client, "licences", "L-7", line1_quantity="50")
        assert fields["amendment"] == "1" and fields["line1_consignee"] == "Fuel Works B"
        assert client.post(path, fields).status_code == 303
        path, fields = entry(client, "steps", "L-7", state="suspended", reason="A question.")
        assert client.post(path, fields).status_code == 303
        page = client.get(f"{HOME}/licence?number=L-7").text
        assert "50 kg" in page and "suspended" in page and "A question." in page


def test_a_stale_form_is_pressed_a_second_time(kept: Site) -> None:
    with kept.client("cooperation") as client:
        path, fields = entry(client, "steps", "L-2", state="suspended", reason="It has to stop.")
        faster = {"licence": "L-2", "state": "revoked", "on_day": "2026-01-02", "reason": "First."}
        act = record(kept, steps=[faster]).act.act_id
        before = acts(kept)
        stale = client.post(path, fields)
        assert stale.status_code == 409 and acts(kept) == before
        assert f'href="/journal/acts/{act}"' in stale.text and "It has to stop." in stale.text
        hidden = re.findall(r'name="(_head|_form_id)" value="([^"]*)"', stale.text)
        assert client.post(path, {**fields, **dict(hidden)}).status_code == 303


def test_a_file_is_checked_and_then_recorded(site: Site) -> None:
    path, before = f"{HOME}/import", acts(site)
    content = json.dumps(plain(REGISTER)).encode()
    with site.client("cooperation") as client:
        assert client.post(path, {"do": "check"}).status_code == 422
        bad = copy.deepcopy(plain(REGISTER))
        bad["licences"][0]["lines"][0]["item"] = "NOTHING"
        sent = [("file", ("<b>.json", json.dumps(bad).encode(), "application/json"))]
        refused = client.post(path, {}, files=sent)
        assert refused.status_code == 422 and "NOTHING" in refused.text
        assert "record-form" not in refused.text and "<b>.json" not in refused.text
        wrong = [("file", ("x.csv", b"\xff\xfe\0", "text/csv"))]
        assert client.post(path, {}, files=wrong).status_code == 422
        sent = [("file", ("register.json", content, "application/json"))]
        checked = client.post(path, {}, files=sent)
        assert checked.status_code == 200 and acts(site) == before
        fields = dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', checked.text)
        )
        fields.pop("_form_token")
        done = client.post(path, fields)
        assert done.headers["location"] == f"{HOME}?done={before + 1}"
        assert client.post(path, fields).headers["location"] == done.headers["location"]
        assert "It was recorded." in client.get(done.headers["location"]).text
        assert client.post(path, {"do": "record", "packed": "?"}).status_code == 422
        rows = b"trader,programme,number,tier,since_day,valid_from,valid_to\nG,AEO,2,1,%s\n"
        days = b"2025-01-01,2025-01-01,2026-12-31"
        sent = [("file", ("list.csv", rows % days, "text/csv"))]
        assert "which list" in client.post(path, {}, files=sent).text
        told = client.post(path, {"kind": "traders"}, files=sent)
        assert told.status_code == 200 and 'name="kind" value="traders"' in told.text


def test_the_rule_is_set_with_a_reason(kept: Site) -> None:
    path = f"{HOME}/rule"
    with kept.client("cooperation") as client:
        page = client.get(path).text
        assert "it is refused" in page and "No rule was recorded" in page
        hidden = fields_of(client, path, "rule-form")
        for wrong, words in (
            ({"mode": "warn", "reason": ""}, "it stands in the record"),
            ({"mode": "x", "reason": "y"}, "Choose what happens"),
            ({"mode": "warn", "reason": "y", "from_day": "2026-02-30"}, "Write a date as"),
            ({"mode": "warn", "reason": "a\0b"}, "error-summary"),
        ):
            answer = client.post(path, {**hidden, **wrong})
            assert answer.status_code == 422 and words in answer.text, wrong
        given = {"mode": "warn", "reason": "A new office <b>", "from_day": "2026-02-01"}
        done = client.post(path, {**hidden, **given})
        assert done.status_code == 303, done.text
        again = client.post(path, {**hidden, **given})
        assert again.headers["location"] == done.headers["location"]
        page = client.get(done.headers["location"]).text
        assert "it is noted" in page and "A new office &lt;b&gt;" in page
        stale = client.post(path, {**hidden, **given, "_form_id": "another"})
        assert stale.status_code == 409 and "Somebody was here in between" in stale.text


def test_it_is_found(kept: Site) -> None:
    with kept.client("officer") as client:
        for words, href in (
            ("L-2026/1", "/export-control/licence?number=L-2026%2F1"),
            ("graphite blocks", "/export-control/items?item=GRAPHITE"),
            ("Fuel Works B", "/export-control/shipments?transfer=T-2"),
            ("BETA", "/export-control/traders?trader=BETA"),
        ):
            answer = client.get("/search", params={"q": words})
            where = answer.headers.get("location", "") or answer.text.replace("&amp;", "&")
            assert href in where, words
    with kept.client("accountant") as client:
        assert "/export-control" not in client.get("/search?q=GRAPHITE").text


def test_it_is_said_in_japanese(kept: Site) -> None:
    with kept.client("cooperation") as client:
        client.cookies["keiryo_language"] = "ja"
        for path in (*PAGES, LICENCE, f"{HOME}/record/licences", f"{HOME}/import", "/"):
            assert client.get(path).status_code == 200, path


@pytest.mark.parametrize(
    ("ceiling", "drawn", "planned", "classes"),
    [
        (10, 0, 0, set()),
        (10, 4, 2, {"pic-state-open", "pic-state-parts"}),
        (10, 9, 0, {"pic-state-late"}),
        (10, 12, 0, {"pic-state-overdue"}),
        (10, 4, 8, {"pic-state-open", "pic-state-parts"}),
        (0, 1, 0, {"pic-state-overdue"}),
        (0, 0, 0, set()),
    ],
)
def test_the_bar_of_a_licence(ceiling: int, drawn: int, planned: int, classes: set[str]) -> None:
    parts = (Fraction(ceiling), Fraction(drawn), Fraction(planned))
    text = licence_bar(*parts, title="<b>L\u202e", description="d & e")
    picture = ElementTree.fromstring(text)
    assert set(re.findall(r"pic-state-\w+", text)) == classes
    assert "\u202e" not in text and "<b>" not in text and picture.get("role") == "img"
    assert text == licence_bar(*parts, title="<b>L\u202e", description="d & e")
