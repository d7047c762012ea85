"""Pages of major public events: the list, the plan on its map, the day, the report."""

from __future__ import annotations

import io
import zipfile

from keiryo.cli.demo_event import EVENT
from keiryo.web.pictures.event_map import MapCell, MapLabels, MapPost, event_map
from web.site import Site
from web.test_pictures import HOSTILE, sound
from web.test_seal_pages import rows_of

ONE = f"/public-events/{EVENT}"


def test_who_may_see_what(detecting: Site) -> None:
    for name, status in (
        *(("officer", 200), ("security", 200), ("headquarters", 200), ("auditor", 200)),
        *(("port", 403), ("expert", 403), ("inspector", 403), ("accountant", 403)),
    ):
        with detecting.client(name) as client:
            for path in ("/public-events", ONE, f"{ONE}/report"):
                assert client.get(path).status_code == status, (name, path)


def test_empty_books(site: Site) -> None:
    with site.client("officer") as client:
        assert "No plan of an event is in the record." in client.get("/public-events").text
        assert client.get(ONE).status_code == 404
        assert client.get(f"{ONE}/report").status_code == 404


def test_the_list(detecting: Site) -> None:
    with detecting.client("officer") as client:
        (row,) = rows_of(client, "/public-events")
    assert (row["event"], row["title"], row["state"]) == (EVENT, "Lake Games 2025", "approved")
    assert (row["open"], row["ended"]) == ("0", "2025-09-01")


def test_an_event_from_loan_to_return(detecting: Site) -> None:
    with detecting.client("officer") as client:
        text = client.get(ONE).text
    assert "pic-event-venue" in text and "pic-event-cell-e" in text and "#post-north" in text
    for words in (
        "A-003",
        "/alarms/case-17",
        "innocent, not declared",
        "released",
        "S-1",
        "RIID-1",
        "L-7",
        "letters",
    ):
        assert words in text, words
    assert "/equipment/items/RIID-1" in text and "ready" in text and "daily check" in text
    with detecting.client("headquarters") as client:  # reads no equipment
        other = client.get(ONE).text
    assert "/equipment/items/RIID-1" not in other and "RIID-1" in other


def test_the_report(detecting: Site) -> None:
    with detecting.client("officer") as client:
        answer = client.get(f"{ONE}/report")
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as document:
        assert "Lake Games 2025" in document.read("word/document.xml").decode()


def test_a_survey_whose_file_is_gone(detecting: Site) -> None:
    for digest in list(detecting.database.evidence.digests()):
        detecting.database.evidence.remove(digest)
    with detecting.client("officer") as client:
        text = client.get(ONE).text
    assert "pic-event-venue" in text and "pic-event-cell" not in text


def test_the_map_is_sound() -> None:
    outlines = {HOSTILE[0]: [(0.0, 0.0), (10.0, 0.0), (10.0, 5.0)]}
    posts = [MapPost(name, 1.0, 2.0, name, "#x", alarm=True) for name in HOSTILE]
    cells = [MapCell(0.0, 0.0, 5.0, 3.0, marked=True), MapCell(5.0, 0.0, 5.0, 3.0, marked=False)]
    sound(event_map(outlines, posts, cells, MapLabels()))
    sound(event_map({}, [], [], MapLabels()))
    sound(event_map({}, [MapPost("p", 1.0, 1.0, "p", "#p", alarm=False)], [], MapLabels()))
