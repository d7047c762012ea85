"""Pages of conversion: the campaign, its curve and sums, what is left, who sees what."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import keiryo
from cases.making import change, report
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.reports.service import import_reports
from keiryo.web.pictures.conversion_curve import CurveMark, CurvePoint, conversion_curve
from small_books import area, batch
from web.site import Client, Site, make_site

HOME = "/conversion"
HEU = batch("CORE", 1, "B/Q/2/F", _630="45000", _670="41917.5")
REACTOR = area(
    "item",
    HEU,
    batch("NAT", 1, _610="173.486002"),
    batch("LEU", 1, "B/Q/2/F", _630="100", _670="19.999"),
)
AWAY = {"shipper": "XA/XHRA", "receiver": "US/USYC"}
TO_STORE = {"shipper": "XA/XHRA", "receiver": "XA/XHRB"}
CONTENT = "630:45000 670:41917.5"


@pytest.fixture
def reactor(tmp_path: Path) -> Iterator[Site]:
    """Return a site with a reactor of high enriched fuel, and a store."""
    place = tmp_path / "books.sqlite"
    books = keiryo.init(place, "XA", person="P-DEMO2345")
    data = {"country": "XA", "prior_pit": "20241231"}
    mbas = {"XHRA": REACTOR, "XHRB": area("item")}
    context = ("context.json", json.dumps({**data, "mbas": mbas}).encode())
    summary = import_reports(books.database, [], books.actor, context=context)
    assert summary.context_act is not None, summary.context_findings
    books.disconnect()
    made = make_site(place)
    yield made
    made.close()


def sent(site: Site, number: int, *entries: Any, mba: str = "XHRA") -> None:
    """Send changes of January 2025."""
    text = report(f"XA/XHF-/{mba}", number, "I", "20250228", "20250101/20250131", list(entries))
    files = [("r.txt", text.encode())]
    summary = import_reports(site.database, files, site.actor("officer"), accept_reason="a test")
    assert summary.outcomes[0].outcome == "accepted", summary.outcomes[0].findings


def fuel(code: str, **more: Any) -> Any:
    """Return a change of the fuel."""
    return change(code, "20250110", "CORE", CONTENT, mdc="B/Q/2/F", items=1, **more)


def rows_of(client: Client, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).text)))


def picture_of(text: str) -> str:
    part = text[: text.index("</svg>", text.index("pic-conversion")) + 6]
    return " ".join(ElementTree.fromstring(part[part.rindex("<svg xmlns") :]).itertext())


def test_what_is_left_with_its_batch(reactor: Site) -> None:
    with reactor.client("officer") as client:
        text = client.get(HOME).text
        assert "Not confirmed" in text and "It cannot be confirmed that XHRA is free" in text
        assert "CONVERSION-LEFT" in text and 'href="/areas/XHRA/batch/CORE"' in text
        assert "1.6767" in text and "45,000" in text and f'href="{HOME}"' in client.get("/").text
        assert 'value="XHRA" checked' in text and 'value="XHRB" checked' not in text
        assert "at most 45 kg, 45 kg at the end" in picture_of(text)
        assert client.get("/areas/XHRA/batch/CORE").status_code == 200


def test_taken_back_and_confirmed(reactor: Site) -> None:
    sent(reactor, 1, fuel("SF", **AWAY))
    with reactor.client("officer") as client:
        text = client.get(HOME).text
        assert "Confirmed" in text and "No high enriched uranium is left at XHRA" in text
        assert "went on 10 Jan 2025" in text and "taken back (exported)" in text
        assert "CONVERSION-" not in text and "0 g at the end" in picture_of(text)
        rows = rows_of(client, f"{HOME}?format=csv")
        assert [(r["what"], r["element_mg"]) for r in rows] == [
            *(("in the first inventory taking", "45000000"), ("exported", "-45000000")),
        ]
        assert rows[1]["sq"] == "-1.6767" and rows[1]["partner"] == "US/USYC"
        assert client.get(f"{HOME}?format=xlsx").content[:2] == b"PK"
        before = client.get(f"{HOME}?areas=XHRA&on=2025-01-09").text
        assert "Not confirmed" in before and "CONVERSION-LEFT" in before
        asked = "areas=XHRA,XHRB&on=2025-12-31"
        for query, count in (("what=exported", 1), ("mba=XHRB", 0), ("mba=XHRA", 2)):
            assert len(rows_of(client, f"{HOME}?{asked}&{query}&format=csv")) == count, query


def test_on_its_way_to_a_store(reactor: Site) -> None:
    sent(reactor, 1, fuel("SD", **TO_STORE))
    with reactor.client("inspector") as client:
        text = client.get(HOME).text
        assert "CONVERSION-TRANSIT" in text and "shipped in the country" in text
        ticked = client.get(f"{HOME}?area=XHRA&area=XHRB&on=2026-01-09")
        address = ticked.headers["location"]
        assert address == f"{HOME}?areas=XHRA%2CXHRB&on=2026-01-09"
        both = client.get(address).text
        assert (
            len(re.findall('name="area"[^>]* checked>', both)) == 2 and "CONVERSION-TRANSIT" in both
        )


def test_who_sees_it(reactor: Site) -> None:
    sent(reactor, 1, fuel("SD", **TO_STORE))
    draft = Draft("role.grant", "grant:store", reason="keeps the store")
    person, scope = reactor.members["security"].person, "XA/XHF-/XHRB"
    values = {"role": "facility accountant", "granted_scope": scope, "state": "granted"}
    draft.add("role_grant", scope="XA", person=person, **values)
    post(reactor.database, draft, reactor.actor("administrator"))
    with reactor.client("administrator") as client:
        assert client.get(HOME).status_code == 403
    with reactor.client("security") as client:
        text = client.get(f"{HOME}?areas=XHRB").text
        assert "Not confirmed" in text and "areas that you may not see" in text
        assert "CORE" not in text and "CONVERSION-TRANSIT" not in text
        assert client.get(f"{HOME}?areas=NONE").status_code == 404


def test_areas_without_it_and_wrong_questions(site: Site) -> None:
    with site.client("officer") as client:
        text = client.get(HOME).text
        assert "names uranium of 20 %" in text and 'value="XARA"' in text
        never = client.get(f"{HOME}?areas=XARA").text
        assert "Confirmed" in never and "never had high enriched uranium" in never
        for query in ("on=soon", "on=0001-01-01", "as_known=x", "as_known=999999", "format=doc"):
            assert client.get(f"{HOME}?areas=XARA&{query}").status_code == 400, query
        assert client.get(f"{HOME}?areas=XARA&as_known={'9' * 30}").status_code == 400
        assert client.get(f"{HOME}?areas=%00,%3Cscript%3E").status_code == 404
        assert (
            client.get(f"{HOME}?areas=XARA&what=%00&sort=-x&page=999999999999").status_code == 200
        )
    with site.client("accountant") as client:
        assert client.get(f"{HOME}?areas=XARA").status_code == 404
        assert 'value="XARA"' not in client.get(HOME).text


def test_the_curve() -> None:
    points = [CurvePoint(date(2025, 1, 1), 45_000_000), CurvePoint(date(2025, 3, 1), 0)]
    marks = [CurveMark("taken back", date(2025, 3, 1), "<b>gone\u202e", "/journal/acts/3")]
    text = conversion_curve(points, date(2025, 6, 1), marks=marks)
    assert text == conversion_curve(points, date(2025, 6, 1), marks=marks)
    assert "<b>" not in text and "\u202e" not in text and 'role="group"' in text
    assert text.count("pic-mark") == 1 and "at most 45 kg, 0 kg at the end" in text
    nothing = "No high enriched uranium was ever on these books."
    assert nothing in conversion_curve([], date(2025, 6, 1))


def test_in_japanese(reactor: Site) -> None:
    with reactor.client("officer") as client:
        client.cookies["keiryo_language"] = "ja"
        answer = client.get(HOME)
        assert answer.status_code == 200 and 'lang="ja"' in answer.text
