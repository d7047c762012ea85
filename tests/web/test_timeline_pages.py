"""The time line of an area: what stands on it, where it leads, periods, roles."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from keiryo.surveillance.declared_operations import OperationEntry, declare
from web.site import Site
from web.watched_area import CAMERA, MBA, OPERATION, REVIEW, SEAL

HOME = "/surveillance/timeline"
PERIOD = f"{HOME}?mba={MBA}&from=2025-12-09T00:00Z&to=2025-12-13T00:00Z"


def text_of(site: Site, path: str, who: str = "inspector") -> str:
    with site.client(who) as client:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text[:300]
        return str(answer.text)


def picture_of(text: str) -> str:
    found = re.search(r'<svg[^>]*class="pic pic-watch.*?</svg>', text, re.DOTALL)
    assert found is not None
    ElementTree.fromstring(found[0])
    return found[0]


def rows_of(site: Site, path: str) -> list[dict[str, str]]:
    with site.client("inspector") as client:
        return list(csv.DictReader(io.StringIO(client.get(f"{path}&row-format=csv").text)))


def test_one_axis_for_everything_that_watched(watched: Site) -> None:
    drawn = picture_of(text_of(watched, PERIOD))
    for href in (
        f"/surveillance/operations/{OPERATION}",
        f"/surveillance/cameras/{CAMERA}",
        f"/seals/{SEAL}",
        f"/surveillance/reviews/{REVIEW}",
    ):
        assert f'href="{href}"' in drawn, href
    assert f'href="/surveillance/reviews/{REVIEW}/events/CAM-11.' in drawn
    names = [drawn.index(f">{name}<") for name in ("Declared operations", CAMERA, "Reviews")]
    assert names == sorted(names), "what was declared stands above what was seen"
    for look in ("positive", "pending", "inconclusive", "declared", "review"):
        assert f"pic-watch-{look}" in drawn, look
    for mark in ("pic-due-open", "pic-due-done"):
        assert mark in drawn, "an event and the check of the seal"


def test_the_table_says_the_same(watched: Site) -> None:
    rows = rows_of(watched, PERIOD)
    kinds = [row["kind"] for row in rows]
    assert set(kinds) == {"declared operation", "camera", "event of a camera", "seal", "review"}
    dark = [row for row in rows if row["kind"] == "camera" and row["says"] == "inconclusive"]
    assert [row["reason"] for row in dark] == ["CAMERA-INCONCLUSIVE"]
    assert dark[0]["begin_at"].startswith("2025-12-11T01:30")
    text = text_of(watched, PERIOD)
    assert text.count("event of a camera") >= 2 and "/why?of=line%3A" in text


def test_as_it_was_known_earlier(watched: Site) -> None:
    before = text_of(watched, f"{PERIOD}&known=2025-12-11T00:00Z")
    drawn = picture_of(before)
    assert "pic-watch-declared" not in drawn and "pic-due-done" not in drawn
    early = rows_of(watched, f"{PERIOD}&known=2020-01-01T00:00Z")
    assert early == [], "nobody had opened the review by then, either"


def test_the_first_page_and_its_links(watched: Site) -> None:
    text = text_of(watched, HOME)
    assert f"Time line of {MBA}" in text and 'value="2025-12-12T00:00:00Z"' in text
    for words, begin in (("a day before", "2025-12-04"), ("a month after", "2026-01-04")):
        href = re.search(rf'<a href="([^"]+)">{words}</a>', text)
        assert href is not None and f"from={begin}" in href[1]
        text_of(watched, href[1].replace("&amp;", "&"))
    assert f'href="{HOME}"' in text_of(watched, "/")
    none = text_of(watched, f"{HOME}?mba=XAFA")
    assert "Nothing watched in this time" in none


def test_books_in_which_nothing_watches(site: Site) -> None:
    assert "No area that you see has cameras or seals" in text_of(site, HOME)


def test_many_operations_share_rows(watched: Site) -> None:
    entries = [
        OperationEntry(
            *(f"<b>{number}", MBA),
            datetime(2025, 12, 10, number, tzinfo=UTC),
            datetime(2025, 12, 10, number, 30, tzinfo=UTC),
            (f"camera:{CAMERA}",),
        )
        for number in range(12, 22)
    ]
    declare(watched.database, watched.actor("officer"), entries)
    text = text_of(watched, PERIOD)
    drawn = picture_of(text)
    assert drawn.count("pic-watch-declared") == 11 and "<b>" not in text
    assert "Declared operations (2)" not in drawn, "none lies over another"


@pytest.mark.parametrize(
    "asked",
    [
        "mba=XXXX",
        f"mba={MBA}&from=yesterday",
        f"mba={MBA}&from=2025-12-13T00:00Z&to=2025-12-09T00:00Z",
        f"mba={MBA}&to=0001-01-02T00:00Z",
        f"mba={MBA}&known=x",
    ],
)
def test_bad_addresses_are_told(watched: Site, asked: str) -> None:
    with watched.client("inspector") as client:
        assert client.get(f"{HOME}?{asked}").status_code in (400, 404, 422)


def test_the_edges_of_time(watched: Site) -> None:
    text_of(watched, f"{HOME}?mba={MBA}&from=0001-01-01T00:00Z&to=0001-01-02T00:00Z")
    text_of(watched, f"{HOME}?mba={MBA}&from=9999-12-30T00:00Z&to=9999-12-31T00:00Z")


def test_who_may_see_it(watched: Site) -> None:
    for name in ("accountant", "cooperation", "administrator"):
        with watched.client(name) as client:
            assert client.get(PERIOD).status_code == 403
    drawn = picture_of(text_of(watched, PERIOD, "security"))
    assert CAMERA in drawn and "/seals/" not in drawn, "seals are not theirs to read"
