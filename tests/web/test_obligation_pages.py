"""Pages of obligations: balances, areas, ways, labels, terms, forms, statements, reports."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from keiryo.cooperation.recording import record_register as record_cooperation
from keiryo.cooperation.recording import shipped_register
from keiryo.obligations.recording import read_rows, record_statements
from keiryo.web.pictures.obligation_bars import SetBar, looks_of, obligation_bars
from keiryo.web.pictures.obligation_streams import (
    MOST_LAYERS,
    MOST_PLACES,
    Stream,
    StreamPlace,
    drawn_way,
)
from keiryo.web.pictures.obligation_trace import obligation_trace
from web.labelled_books import OPENINGS, PARTNERS, label
from web.site import Client, Site
from web.test_pictures import HOSTILE, sound
from web.test_report_pages import acts

HOME = "/obligations"
RECORD = f"{HOME}/record"
PAGES = (
    *(HOME, f"{HOME}/areas/XAFA", f"{HOME}/trace", f"{HOME}/labels", f"{HOME}/rules"),
    *(f"{HOME}/consents", f"{HOME}/exchanges", f"{HOME}/attention", f"{HOME}/reports"),
)
OF_THE_STATE = (f"{HOME}/statements", f"{HOME}/statements/US/2025")
FORMS = ("receipts", "designations", "consents", "rules", "exchanges", "relabellings")
OTHERS = ("rule", "withdrawal", "begin", "file")
RECEIPT = {
    "mba": "XAFA",
    "batch": "CYL30B-4471",
    "document": "Letter 新 <script>alert(1)</script>",
    "cell1_labels": "US+AU",
    "cell1_amount": "0.25",
    "cell2_labels": "-",
    "cell2_amount": "3/4",
}


@pytest.fixture
def kept(site: Site) -> Site:
    """Return a site whose material is under labels."""
    label(site)
    return site


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def sent(client: Client, which: str, **fields: str) -> Any:
    """Send a form with the hidden fields that its page has now."""
    return client.post(f"{RECORD}/{which}", {**hidden(client, which), **fields})


def hidden(client: Client, which: str) -> dict[str, str]:
    text = client.get(f"{RECORD}/{which}").text
    part = text[text.index("<main") :]
    pairs = re.findall(r'<input type="hidden" name="(_[^"]+)" value="([^"]*)"', part)
    return {name: value for name, value in pairs if name != "_form_token"}


def pictures(text: str) -> list[ElementTree.Element]:
    return [sound(one) for one in re.findall(r'<svg xmlns="http.*?</svg>', text, re.DOTALL)]


def test_who_may_see_it(kept: Site) -> None:
    for name in ("cooperation", "officer", "auditor", "accountant"):
        with kept.client(name) as client:
            assert {client.get(path).status_code for path in PAGES} == {200}, name
            whole = 403 if name == "accountant" else 200
            assert {client.get(path).status_code for path in OF_THE_STATE} == {whole}, name
            assert f'href="{HOME}"' in client.get("/").text
    for name in ("inspector", "security", "administrator"):
        with kept.client(name) as client:
            assert {client.get(path).status_code for path in PAGES} == {403}, name
            assert f'href="{HOME}"' not in client.get("/").text


def test_an_accountant_sees_the_own_area_only(kept: Site) -> None:
    with kept.client("accountant") as client:
        cells = rows_of(client.get(f"{HOME}?c-format=csv").text)
        assert {row["mba"] for row in cells} == {"XAFA"} and all(
            row["fissile_mg"] for row in cells if row["category"] == "E"
        )
        text = client.get(HOME).text
        assert "You see the areas that are yours" in text and "XARA" not in text
        for path in (f"{HOME}/areas/XARA", f"{HOME}/trace?of=XARA/A01"):
            assert client.get(path).status_code == 404
        assert client.get(f"{HOME}/reports?mba=XARA&month=2025-10").status_code == 404
        assert client.get(f"{HOME}/trace?of=XAFA").status_code == 200
        assert client.get(f"{RECORD}/receipts").status_code == 200
        assert client.get(f"{RECORD}/consents").status_code == 403
        assert "XARA" not in client.get("/search?q=F25-FA").text


def test_empty_books(site: Site) -> None:
    with site.client("cooperation") as client:
        text = client.get(HOME).text
        assert "No obligation labels are kept" in text and f"{RECORD}/begin" in text
        for path in (*PAGES, OF_THE_STATE[0], *(f"{RECORD}/{one}" for one in (*FORMS, *OTHERS))):
            assert client.get(path).status_code == 200, path
        assert client.get(f"{HOME}/labels/US").status_code == 404
        assert client.get(OF_THE_STATE[1]).status_code == 404
        assert "Begin to keep labels" in client.get(RECORD).text
        assert 'id="part-obligations"' not in client.get("/").text


def test_the_balance_of_a_day(kept: Site) -> None:
    with kept.client("cooperation") as client:
        text = client.get(f"{HOME}?on=2025-03-01").text
        partners = rows_of(client.get(f"{HOME}?on=2025-03-01&p-format=csv").text)
        cells = rows_of(client.get(f"{HOME}?on=2025-03-01&c-format=csv").text)
        assert client.get(f"{HOME}?c-format=xlsx").content[:2] == b"PK"
        assert "must not be added up" in text and "&lt;b&gt;of&lt;/b&gt;" in text
        assert "/why?of=obligation%3AXAFA%2FE%2FAU%2BUS" in text
        own = [int(r["element_mg"]) for r in cells if (r["mba"], r["category"]) == ("XAFA", "E")]
        assert sum(own) == 3_084_606_250 + 1_541_260_000
        book = next(row for row in partners if row["kind"] == "book")
        assert int(book["E"]) == sum(int(r["element_mg"]) for r in cells if r["category"] == "E")
        by_us = [r for r in cells if "US" in r["labels"].split("+") and r["category"] == "E"]
        us = next(row for row in partners if row["partner"] == "US")
        assert int(us["E"]) == sum(int(r["element_mg"]) for r in by_us)
        (picture,) = pictures(text)
        said = " ".join(picture.itertext())
        assert "AU + US" in said and "under no label" in said and "XAFA enriched uranium" in said
        one = client.get(f"{HOME}?on=2025-03-01&partner=US").text
        assert "Under US over time" in one and len(pictures(one)) == 2
        asked = {r["labels"] for r in rows_of(client.get(f"{HOME}?partner=US&c-format=csv").text)}
        assert asked == {"AU+US", "US"}
        assert "Labels are kept from the end of" in client.get(f"{HOME}?on=2020-01-01").text
        assert client.get(f"{HOME}?on=2026-02-30").status_code == 400
        assert client.get(f"{HOME}?partner=<script>").status_code == 200


def test_an_area_with_what_is_beside_the_book(kept: Site) -> None:
    with kept.client("officer") as client:
        text = client.get(f"{HOME}/areas/XAFA?on=2025-09-28").text
        rows = rows_of(client.get(f"{HOME}/areas/XAFA?on=2025-09-28&format=csv").text)
        assert {"on the book", "on its way", "retained waste"} <= {r["account"] for r in rows}
        assert "all of a category is one pool" in text and "to XARA/F25-FA-001" in text
        by_batch = client.get(f"{HOME}/areas/XARA").text
        assert f"{HOME}/trace?of=XARA%2FF25-FA-001" in by_batch and "keeps its own" in by_batch
        assert "State the labels of a receipt" not in text
        assert client.get(f"{HOME}/areas/NONE").status_code == 404


def test_the_way_of_a_batch(kept: Site) -> None:
    with kept.client("officer") as client:
        here = f"{HOME}/trace?of=XARA/F25-FA-001"
        text = client.get(here).text
        (picture,) = pictures(text)
        said = " ".join(picture.itertext())
        assert "XB/XBEA" in said and "XAFA pool" in said and "EURATOM" in said
        assert [a.get("href") for a in picture.iter() if a.tag.endswith("}a")]
        rows = rows_of(client.get(f"{here}&format=csv").text)
        assert [row["what"] for row in rows[:2]] == ["receipt", "shipment"] and len(rows) == 6
        assert all(row["labels"] and row["line"] for row in rows)
        other = rows_of(client.get(f"{here}&partner=EURATOM&format=csv").text)
        assert 0 < len(other) < len(rows)
        assert (
            "one pool" not in text
            and "the way of its pool" in client.get(f"{HOME}/trace?of=XAFA").text
        )
        for asked, status in (("XARA/NONE", 404), ("NONE/X", 404), ("XARA", 400), ("", 200)):
            assert client.get(f"{HOME}/trace", params={"of": asked}).status_code == status, asked
        hits = client.get("/search?q=F25-FA").text
        assert f"{HOME}/trace?of=XARA%2FF25-FA-001" in hits


def test_labels_and_what_governs_them(kept: Site) -> None:
    with kept.client("cooperation") as client:
        labels = client.get(f"{HOME}/labels").text
        assert "Agreement of 1988" in labels and "FR" in labels
        assert "/cooperation/agreements/" not in labels  # the register holds no such agreement
        actor = kept.actor("cooperation")
        record_cooperation(kept.database, actor, shipped_register(), "agreements.json")
        labels = client.get(f"{HOME}/labels").text
        assert "/cooperation/agreements/i.us-jp-1988" in labels
        one = client.get(f"{HOME}/labels/US").text
        assert "/why?of=label%3AUS" in one and len(pictures(one)) == 1 and "XARA" in one
        assert "FR" in client.get(f"{HOME}/labels/EURATOM").text
        consents = rows_of(client.get(f"{HOME}/consents?format=csv").text)
        assert int(consents[0]["used_mg"]) + int(consents[0]["left_mg"]) == 100_000_000
        assert "C-1" in client.get(f"{HOME}/consents?partner=US").text
        assert "is recorded and noted" in client.get(f"{HOME}/consents").text
        found = rows_of(client.get(f"{HOME}/attention?format=csv").text)
        assert {row["code"] for row in found} >= {"CONSENT-MISSING", "RECEIPT-CLOSED"}
        stated = rows_of(client.get(f"{HOME}/exchanges?s-format=csv").text)
        assert {row["labels"] for row in stated} == {"EURATOM", "'-"}


def test_the_overview_says_what_is_due(kept: Site) -> None:
    with kept.client("cooperation") as client:
        text = client.get("/").text
        assert "per supplier party" in text and "C-1" in text and "runs out" in text
    with kept.client("accountant") as client:
        text = client.get("/").text
        assert "per supplier party" in text and "XARA" not in text


def test_a_receipt_is_stated_once(kept: Site) -> None:
    before = acts(kept)
    with kept.client("cooperation") as client:
        fields = {**hidden(client, "receipts"), **RECEIPT}
        done = client.post(f"{RECORD}/receipts", fields)
        assert done.status_code == 303 and acts(kept) == before + 1, done.text
        again = client.post(f"{RECORD}/receipts", fields)
        assert again.headers["location"] == done.headers["location"] and acts(kept) == before + 1
        assert "labels follow" in client.get(done.headers["location"]).text
        stated = client.get(f"{HOME}/exchanges").text
        assert "新 &lt;script&gt;" in stated and "<script>alert" not in stated
        cells = rows_of(client.get(f"{HOME}?on=2025-03-01&c-format=csv").text)
        pool = {
            r["labels"]: int(r["element_mg"]) for r in cells if r["mba"] + r["category"] == "XAFAE"
        }
        assert "EURATOM" not in pool and pool["AU+US"] == 1_850_763_750 + 385_315_000
        same = sent(client, "receipts", **RECEIPT)
        assert same.headers["location"].endswith("unchanged=1") and acts(kept) == before + 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch": ""}, "Fill this in"),
        ({"mba": ""}, "Fill this in"),
        ({"mba": "NONE"}, "error-summary"),
        ({"event_date": "2025-02-30"}, "error-summary"),
        ({"cell1_amount": "", "cell2_amount": ""}, "Fill this in"),
        ({"cell1_amount": "much"}, "error-summary"),
        ({"cell2_amount": "1/2"}, "SHARE-SUM"),
        ({"cell2_labels": "US + AU"}, "State each label set once"),
        ({"cell1_labels": "ZZ"}, "error-summary"),
        ({"cell1_labels": "\0"}, "error-summary"),
        ({"batch": "a\0b"}, "error-summary"),
        ({"category": "Q"}, "error-summary"),
        ({"document": "\u202ex" * 3000}, "error-summary"),
    ],
)
def test_what_is_wrong_comes_back_with_everything_typed(
    kept: Site, change: dict[str, str], words: str
) -> None:
    before = acts(kept)
    with kept.client("accountant") as client:
        answer = sent(client, "receipts", **{**RECEIPT, **change})
    assert answer.status_code == 422 and words in answer.text and acts(kept) == before
    assert "<script>alert" not in answer.text
    assert "document" in change or "新 &lt;script&gt;" in answer.text


def test_a_stale_form_is_pressed_a_second_time(kept: Site) -> None:
    with kept.client("cooperation") as client:
        fields = {**hidden(client, "receipts"), **RECEIPT}
        row = {"mba": "XAFA", "batch": "CYL30B-4471", "cells": {"US": "1"}}
        own = kept.actor("accountant")
        first = record_statements(kept.database, own, read_rows("receipts", [row])).act
        before = acts(kept)
        stale = client.post(f"{RECORD}/receipts", fields)
        assert stale.status_code == 409 and acts(kept) == before and first is not None
        assert f'href="/journal/acts/{first.act_id}"' in stale.text and "3/4" in stale.text
        assert sent(client, "receipts", **RECEIPT).status_code == 303


def test_an_area_of_somebody_else_is_not_stated(kept: Site) -> None:
    before = acts(kept)
    with kept.client("accountant") as client:
        answer = sent(client, "receipts", **{**RECEIPT, "mba": "XALA"})
        assert answer.status_code in (403, 422) and acts(kept) == before
        assert client.post(f"{RECORD}/rules", {"rule": "x"}).status_code == 403
    with kept.client("officer") as client:
        assert client.post(f"{RECORD}/receipts", RECEIPT).status_code == 403


def test_consents_rules_exchanges_and_decisions(kept: Site) -> None:
    with kept.client("cooperation") as client:
        consent = {"consent": "C-2", "partner": "AU", "step": "retransfer", "words": "Article 9"}
        done = sent(client, "consents", **consent, weight="5 kg", destinations="XB XC")
        assert done.headers["location"].startswith(f"{HOME}/consents?done="), done.text
        assert 'value="5 kg"' in client.get(f"{RECORD}/consents?of=C-2").text
        assert client.get(f"{RECORD}/consents?of=none").status_code == 404
        rule = {"rule": "XB", "place": "XB", "labels": "AU", "reason": "Letter 5"}
        assert sent(client, "rules", **rule).status_code == 303
        assert "Letter 5" in client.get(f"{HOME}/rules").text
        gone = {"kind": "consent", "name": "C-2", "reason": "By letter."}
        assert sent(client, "withdrawal", **gone).status_code == 303
        assert sent(client, "withdrawal", **gone).status_code == 422
        assert "withdrawn" in client.get(f"{HOME}/consents").text
        mode = {"mode": "refuse", "reason": "From now on.", "from_day": "2026-01-01"}
        assert sent(client, "rule", **mode).status_code == 303
        assert "is refused" in client.get(f"{HOME}/consents").text
        assert sent(client, "rule", mode="x", reason="y").status_code == 422
        ends = {
            "relabelling": "R-1",
            "event_date": "2026-01-05",
            "removes": "AU",
            "reason": "Over.",
        }
        assert sent(client, "relabellings", **ends).status_code == 303
        assert "R-1" in client.get(f"{HOME}/exchanges").text
        wrong = sent(client, "exchanges", exchange="E-1", event_date="2026-01-06")
        assert wrong.status_code == 422 and wrong.text.count("Fill this in") >= 5
        exchange = {
            "exchange": "E-1",
            "event_date": "2026-01-06",
            "category": "E",
            "weight": "1 kg",
            "mba": "XAFA",
            "labels": "US",
            "other_mba": "XARA",
            "other_batch": "A02",
            "other_labels": "-",
            "reason": "Asked for by the utility.",
        }
        answer = sent(client, "exchanges", **exchange)
        assert answer.status_code in (303, 422), answer.text
        assert client.get(f"{RECORD}/nothing").status_code == 404


def test_labels_begin_by_file_and_by_form(site: Site) -> None:
    with site.client("cooperation") as client:
        here = f"{RECORD}/file"
        first = client.post(here, files=[("file", ("partners.toml", PARTNERS, "text/plain"))])
        assert first.status_code == 200 and "Record it" in first.text
        packed = dict(re.findall(r'name="((?:packed|kind|do)[^"]*)" value="([^"]*)"', first.text))
        done = client.post(here, packed)
        assert done.headers["location"].startswith(f"{HOME}/labels?done="), done.text
        assert "Agreement of 1982" in client.get(f"{HOME}/labels").text
        bad = client.post(here, files=[("file", ("rules.csv", b"rule;x\n1;2\n", "text/csv"))])
        assert bad.status_code == 422 and "OBLIGATION-FORM" in bad.text
        assert client.post(here, {}).status_code == 422
        assert client.post(here, {"do": "record", "packed": "?"}).status_code == 422
        shipped = client.post(here, {"shipped": "japan"})
        assert shipped.status_code in (200, 422) and "What the check found" in shipped.text
        none = sent(client, "begin", on_day="2024-12-31", reason="Inventory.")
        assert none.status_code == 422 and "o file was chosen" in none.text
        assert sent(client, "begin", on_day="x", reason="").status_code == 422
        lines = ["mba,batch,category,labels,share"]
        for one in OPENINGS:
            cells = one["cells"]
            assert isinstance(cells, dict)
            lines += [
                f"{one['mba']},{one.get('batch', '')},{one['category']},{key},{share}"
                for key, share in cells.items()
            ]
        files = [("file", ("openings.csv", "\n".join(lines).encode(), "text/csv"))]
        fields = {**hidden(client, "begin"), "on_day": "2024-12-31", "reason": "Inventory."}
        begun = client.post(f"{RECORD}/begin", fields, files=files)
        assert begun.status_code == 303, begun.text
        assert "AU + US" in client.get(HOME).text


def test_statements_are_issued_and_compared(kept: Site) -> None:
    here = f"{HOME}/statements/US/2025"
    with kept.client("cooperation") as client:
        assert "opening" in client.get(here).text
        for kind, begins in (("csv", b"category"), ("json", b"{"), ("pdf", b"%PDF")):
            assert client.get(f"{here}/{kind}?unit=g").content.startswith(begins), kind
        assert client.get(f"{here}/doc").status_code == 404
        assert client.get(f"{HOME}/statements?partner=US&year=2025").status_code == 303
        assert client.get(f"{HOME}/statements?partner=US&year=x").status_code == 400
        assert client.get(f"{HOME}/statements/US/1").status_code == 400
        assert client.get(f"{HOME}/statements/US/2020").status_code == 404
        done = client.post(f"{here}/issue", {"unit": "kg", "peaceful_use": "Only peace."})
        assert done.status_code == 303 and "done=" in done.headers["location"], done.text
        assert "US" in client.get(f"{HOME}/statements").text
        wrong = client.post(f"{here}/compare", files=[("file", ("x.csv", b"a,b\n1,2\n", "t"))])
        assert wrong.status_code == 422 and "finding-code" in wrong.text
        assert client.post(f"{here}/compare", {}).status_code == 422
        theirs = b"category,line,amount,unit\nE,opening,3200,kg\nE,closing,3190,kg\n"
        files = [("file", ("theirs.csv", theirs, "text/csv"))]
        compared = client.post(f"{here}/compare", files=files)
        assert compared.status_code == 303, compared.text
        assert "Theirs" in client.get(here).text
    with kept.client("officer") as client:
        assert "issue-form" not in client.get(here).text
        assert client.post(f"{here}/issue", {}).status_code == 403


def test_reports_per_supplier_party(kept: Site) -> None:
    here = f"{HOME}/reports?mba=XAFA&month=2025-09"
    with kept.client("officer") as client:
        text = client.get(here).text
        assert "per supplier party" in text and "Agrees with the ordinary report" in text
        assert rows_of(client.get(f"{here}&file=csv").text)[0]["paragraphs"] == "5"
        assert client.get(f"{here}&file=pdf").content.startswith(b"%PDF")
        assert client.get(f"{here}&file=x").status_code == 400
        assert client.get(f"{HOME}/reports?mba=XAFA&month=2025-13").status_code == 400
        assert client.get(f"{HOME}/reports?mba=XAFA&month=2020-01").status_code == 404
        due = rows_of(client.get(f"{HOME}/reports?on=2026-01-10&d-format=csv").text)
        assert {row["state"] for row in due} == {"day over", "ahead"}


# --- pictures --------------------------------------------------------------------------------


def test_bars_hold_whatever_they_are_given() -> None:
    assert "Nothing is in the books" in obligation_bars([])
    text = obligation_bars([SetBar(name, {"US": 5, "-": -3}, "/x") for name in HOSTILE])
    assert text == obligation_bars([SetBar(name, {"US": 5, "-": -3}, "/x") for name in HOSTILE])
    assert "<script>" not in text
    many = [{f"{a}{b}": 1 for a in "ABC" for b in "DEF"}]
    assert list(looks_of(many).values()).count("pic-set-other") == 2
    sound(obligation_bars([SetBar(f"area {n}", {"-": n, "US": 1}) for n in range(1, 90)]))


def test_a_short_way_is_drawn_whole() -> None:
    places = [
        StreamPlace("u", "US/USAA", outside=True),
        StreamPlace("t", "on its way", between=True),
        StreamPlace("b", "X/B", href="/b"),
    ]
    streams = [Stream("u", "t", {"US": 5}), Stream("t", "b", {"US": 5}), Stream("b", "b", {"-": 1})]
    way = drawn_way(places, streams, "b")
    assert way.cells == {("u", "b"): {"US": 5}} and not way.folded
    said = " ".join(sound(obligation_trace(places, streams, "b")).itertext())
    assert "US/USAA" in said and "X/B" in said
    assert "Nothing came here." in obligation_trace(places[2:], [], "b")


@pytest.mark.parametrize("count", [3, 20, 300, 3000])
def test_a_long_way_is_folded_and_loses_no_mass(count: int) -> None:
    places = [StreamPlace(f"n{n}", f"X/{n}", group=f"X{n % 6}") for n in range(count)]
    streams = [Stream(f"n{n}", f"n{(n - 1) // 2}", {"US": 2, "-": 1}) for n in range(1, count)]
    way = drawn_way(places, streams, "n0")
    assert len(way.places) <= MOST_PLACES and max(way.layer.values()) <= MOST_LAYERS
    into = sum(sum(own.values()) for link, own in way.cells.items() if link[1] == "n0")
    assert into == 3 * min(count - 1, 2) and way.folded == (count > 30)
    assert len(obligation_trace(places, streams, "n0")) < 60_000


def test_a_way_in_a_circle_and_a_chain() -> None:
    places = [StreamPlace(f"n{n}", HOSTILE[n % len(HOSTILE)], group=f"G{n % 3}") for n in range(60)]
    chain = [Stream(f"n{n}", f"n{n - 1}", {"US": 1}) for n in range(1, 60)]
    for streams in (chain, [*chain, Stream("n0", "n59", {"US": 1})]):
        way = drawn_way(places, streams, "n0")
        assert way.folded and max(way.layer.values()) <= MOST_LAYERS
        sound(obligation_trace(places, streams, "n0"))
