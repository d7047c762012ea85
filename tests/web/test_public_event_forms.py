"""An event team records its days by form, from the receipt of instruments to the lessons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import keiryo
from keiryo.cli.demo_detection import own_organisation
from keiryo.cli.demo_event import EVENT, FOLDER, Played
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.journal.model import Actor
from web.site import Client, Site, copy_of, demonstration_books, make_site
from web.test_equipment_pages import filled
from web.test_report_pages import acts

ONE = f"/public-events/{EVENT}"


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Site]:
    """Return a site over books with an approved event whose instruments are on their way."""
    place = copy_of(demonstration_books(), tmp_path)
    books = keiryo.open(place, person="P-DEMO2345")
    record_register(books.database, books.actor, shipped_register(), "agreements.json")
    our = own_organisation(books)
    Played(books.database, books.actor, Actor("P-HEAD", "XA"), our).loan()
    books.disconnect()
    made = make_site(place)
    yield made
    made.close()


def sheet(name: str) -> tuple[str, bytes, str]:
    return name, (FOLDER / name).read_bytes(), "text/csv"


def entry(client: Client, what: str, at: str = "", **fields: Any) -> Any:
    path = f"{ONE}/record/{what}"
    files = {f"entry_{name}": fields.pop(name) for name in ("sheet", "limits") if name in fields}
    told = {f"entry_{name}": value for name, value in fields.items()}
    if at:
        told |= {"entry_at": at, "entry_offset": "+09:00"}
    return client.post(path, filled(client, path, "entry-form", **told), files=files or None)


def done(answer: Any) -> None:
    assert answer.status_code == 303, answer.text[answer.text.find('id="main"') :][:3000]


def test_an_event_is_recorded_by_form(planned: Site) -> None:
    with planned.client("officer") as client:
        assert f"{ONE}/record/daily" in client.get(ONE).text
        done(entry(client, "receipt", sheet=sheet("receipt.csv")))
        done(entry(client, "receipt", sheet=sheet("receipt-again.csv")))
        done(entry(client, "survey", venue="stadium", sheet=sheet("survey.csv")))
        done(entry(client, "daily", sheet=sheet("daily.csv"), limits=sheet("limits.csv")))
        swept = {"sweep": "sweep1", "team": "red", "instruments": "BP-1", "reach": "4.5"}
        done(entry(client, "sweep", **swept, needed="0.95", sheet=sheet("track.csv")))
        spot = {"venue": "stadium", "spot": "S-1", "words": "granite <stairs>"}
        done(entry(client, "spot", "2025-07-20T05:40", **spot, state="open"))
        done(entry(client, "spot", "2025-07-20T06:00", **spot, state="closed"))
        done(entry(client, "lock", "2025-07-20T07:45", venue="stadium", state="locked",
                   words="by the team red"))  # fmt: skip
        told = {"alarm": "A-002", "post": "south", "serial": "PPM-1", "seen": "gamma"}
        done(entry(client, "alarm", "2025-07-20T09:40", **told, state="open", words="beep"))
        done(entry(client, "alarm", "2025-07-20T09:40", **told, state="false", words="once"))
        heard = {"alarm": "I-001", "post": "north", "serial": "", "seen": "information"}
        done(entry(client, "alarm", "2025-07-20T10:40", **heard, state="open", words="a call"))
        done(entry(client, "lessons", sheet=sheet("lessons.csv")))
        text = client.get(ONE).text
    for words in ("granite &lt;stairs&gt;", "A-002", "once", "letters", "pic-event-cell"):
        assert words in text, words


def test_what_does_not_hold_is_told_and_nothing_recorded(planned: Site) -> None:
    before = acts(planned)
    with planned.client("officer") as client:
        none = entry(client, "daily")
        assert none.status_code == 422 and "Choose the sheet of limits." in none.text
        bad = entry(client, "receipt", sheet=("x.csv", b"a,b\n1,2\n", "text/csv"))
        assert bad.status_code == 422
        neutron = {"alarm": "A-1", "post": "south", "serial": "PPM-1", "seen": "neutron"}
        grave = entry(client, "alarm", "2025-07-20T09:40", **neutron, state="innocent", words="w")
        assert grave.status_code == 422 and "PUBLIC-EVENT" in grave.text
        odd = entry(client, "sweep", sweep="sweep1", team="red", instruments="BP-1", reach="far",
                    needed="1", sheet=sheet("track.csv"))  # fmt: skip
        assert odd.status_code == 422 and "Write a number above 0." in odd.text
        assert client.get(f"{ONE}/record/poem").status_code == 404
        assert client.get("/public-events/none/record/daily").status_code == 404
    for name in ("auditor", "port", "inspector"):
        with planned.client(name) as client:
            assert client.get(f"{ONE}/record/daily").status_code == 403
            assert client.post(f"{ONE}/record/daily", {}).status_code == 403
    assert acts(planned) == before


def test_an_instrument_is_handed_out_only_where_the_plan_has_it(planned: Site) -> None:
    with planned.client("officer") as client:
        done(entry(client, "daily", sheet=sheet("daily.csv"), limits=sheet("limits.csv")))
    told = {"serial": "PPM-1", "receiver": "lead of south", "organisation": "XA.GOV"}
    with planned.client("security") as client:
        wrong = entry(client, "assign", "2025-07-20T07:50", **told, post="north")
        assert wrong.status_code == 422 and "PUBLIC-EVENT-NOT-THERE" in wrong.text
        done(entry(client, "assign", "2025-07-20T07:50", **told, post="south"))


def test_a_release_is_asked_by_one_and_answered_by_another(planned: Site) -> None:
    with planned.client("officer") as client:
        none = entry(client, "release", asked="", answer="yes", words="as agreed")
        assert none.status_code == 422
        asked = {"information": "nothing", "organisation": "INT.IAEA", "purpose": "lessons"}
        unknown = entry(client, "ask", **asked, words="as agreed")
        assert unknown.status_code in (404, 422)
