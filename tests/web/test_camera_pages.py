"""Pages of cameras and declared operations: lists, pictures, forms, screening as a job, roles."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from keiryo.surveillance.cameras import register_camera
from keiryo.surveillance.declared_operations import OperationEntry, declare, operation
from keiryo.surveillance.views import record_view
from keiryo.surveillance.zones import ZoneEntry, parse_polygon, record_zones
from web.browser import launched, window
from web.running import until
from web.site import Client, Site, serving
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.watched_area import CAMERA, MBA, OPERATION, REVIEW

CAMERAS, OPERATIONS = "/surveillance/cameras", "/surveillance/operations"
PAGE = f"{CAMERAS}/{CAMERA}"
HOSTILE = "<script>alert(1)</script>"


def text_of(site: Site, path: str, who: str = "inspector") -> str:
    with site.client(who) as client:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text[:300]
        return str(answer.text)


def at(day: int, hour: int) -> datetime:
    return datetime(2025, 12, day, hour, tzinfo=UTC)


def declared(site: Site, name: str = "OP-18", **more: Any) -> None:
    entry = OperationEntry(name, MBA, at(11, 9), at(11, 10), (f"camera:{CAMERA}",), **more)
    declare(site.database, site.actor("officer"), [entry])


def standing(site: Site, name: str) -> Any:
    with site.database.reading() as connection:
        return operation(connection, site.database.metadata, name)


# --- lists and pages -------------------------------------------------------------------------


def test_the_list_says_what_is_to_be_done(watched: Site) -> None:
    with watched.client("inspector") as client:
        (row,) = csv.DictReader(io.StringIO(client.get(f"{CAMERAS}?format=csv").text))
    assert (row["name"], row["mba"], row["interval_s"]) == (CAMERA, MBA, "1800.0")
    assert row["last_at"].startswith("2025-12-11T23:30") and row["not_screened"] == "0"
    assert row["to_look_at"] == "0" and row["open_conditions"] == "0"
    assert row["conditions"] == "dark 1" and row["not_concluded_since"] == ""
    assert f'href="{PAGE}"' in text_of(watched, CAMERAS)


def test_a_camera_shows_what_came_in_and_what_it_covers(watched: Site) -> None:
    text = text_of(watched, PAGE)
    assert "above the door" in text and "30 min" in text and "N. Ferro → A. Holm" in text
    assert "removable medium" in text and "unsigned" in text and "week-50" in text
    assert f'href="/surveillance/reviews/{REVIEW}"' in text and "97.93 %" in text
    assert "pic-watch-positive" in text and "pic-watch-inconclusive" in text
    assert "pic-due-open" in text, "events stand as marks"
    earlier = text_of(watched, f"{PAGE}?known=2020-01-01T00:00Z")
    assert "pic-watch-positive" not in earlier, "nothing was concluded by then"


def test_zones_are_drawn_into_a_picture(watched: Site) -> None:
    actor = watched.actor("officer")
    zone = ZoneEntry("rack", "INTEREST", parse_polygon("0.1,0.2 0.5,0.2 0.5,0.9"))
    lamp = ZoneEntry(HOSTILE, "IGNORE", parse_polygon("0.6,0.1 0.9,0.1 0.9,0.4"), "a lamp")
    line = ZoneEntry("line", "TRIP", parse_polygon("0.1,0.95 0.9,0.95 0.9,1"))
    with watched.client("inspector") as client:
        plain = client.get(f"{PAGE}/views/1/zones.png")
        record_zones(watched.database, actor, CAMERA, [zone, lamp, line], version=1)
        drawn = client.get(f"{PAGE}/views/1/zones.png")
        assert drawn.headers["content-type"] == "image/png" and drawn.content[1:4] == b"PNG"
        assert drawn.content != plain.content
        for path in ("views/1/mask.png", "views/2/zones.png", "views/1/x"):
            assert client.get(f"{PAGE}/{path}").status_code == 404, path
        mask = ("mask.png", drawn.content)
        record_view(watched.database, actor, CAMERA, "turned", at(13, 0), mask=mask, reference=mask)
        assert client.get(f"{PAGE}/views/2/mask.png").content[1:4] == b"PNG"
        assert client.get(f"{PAGE}/views/2/zones.png").content[1:4] == b"PNG"
    text = text_of(watched, PAGE)
    assert "rack" in text and "a lamp" in text and "<script>alert" not in text
    assert "views/2/mask.png" in text


def test_a_camera_without_images(watched: Site) -> None:
    values = {"camera": "CAM-12", "mba": MBA, "place": HOSTILE}
    register_camera(watched.database, watched.actor("officer"), values)
    record_view(watched.database, watched.actor("officer"), "CAM-12", "a wall", at(1, 0))
    text = text_of(watched, f"{CAMERAS}/CAM-12")
    assert "none came in" in text and "video" in text and "<script>alert" not in text
    assert "CAM-12" in text_of(watched, CAMERAS)
    with watched.client("inspector") as client:
        assert client.get(f"{CAMERAS}/CAM-12/views/1/zones.png").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"{CAMERAS}/nothing",
        f"{PAGE}?from=yesterday",
        f"{PAGE}?from=2025-12-13T00:00Z&to=2025-12-09T00:00Z",
        f"{PAGE}?to=0001-01-01T00:00Z",
        f"{OPERATIONS}/nothing",
        f"{OPERATIONS}/named?name=a/b",
    ],
)
def test_bad_addresses_are_told(watched: Site, path: str) -> None:
    with watched.client("inspector") as client:
        assert client.get(path).status_code in (400, 404, 422)


def test_who_may_see_it(watched: Site) -> None:
    for name, status in (
        *(("officer", 200), ("auditor", 200), ("security", 200), ("inspector", 200)),
        *(("accountant", 403), ("cooperation", 403), ("administrator", 403)),
    ):
        with watched.client(name) as client:
            assert {client.get(path).status_code for path in (CAMERAS, PAGE)} == {status}, name
            assert (f'href="{CAMERAS}"' in client.get("/").text) == (status == 200), name
    assert 'id="screen-form"' not in text_of(watched, PAGE, "auditor")


# --- screening as a job ----------------------------------------------------------------------


def sent(client: Client, path: str, page: str, form: str, **fields: Any) -> Any:
    return client.post(path, data=filled(client, page, form, **fields))


def test_screening_is_a_job(watched: Site) -> None:
    before = acts(watched)
    period = {"screen_from": "2025-12-10T00:00Z", "screen_to": "2025-12-10T12:00Z"}
    with watched.client("inspector") as client:
        answer = sent(client, f"{PAGE}/screen", PAGE, "screen-form", **period)
        job = answer.headers["location"]
        assert answer.status_code == 303 and job.startswith("/jobs/")
        assert until(lambda: acts(watched) == before + 1)
        assert until(lambda: "#screenings" in client.get(job).text)
        assert "v1" in client.get(job).text
        rows = client.get(f"{PAGE}?scr-format=csv").text.splitlines()
    assert len(rows) == 3, "the old screening and the new one"
    text = text_of(watched, CAMERAS)
    assert ">1<" in text, "the event of the new screening was not looked at"
    assert "event that nobody looked at" in text_of(watched, "/", "inspector")


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("", "2025-12-10T12:00Z"),
        ("2025-12-10T00:00", "2025-12-10T12:00Z"),
        ("2025-12-10T12:00Z", "2025-12-10T12:00Z"),
        ("2025-12-10T12:00Z", "2999-01-01T00:00Z"),
    ],
)
def test_periods_that_cannot_be_screened(watched: Site, begin: str, end: str) -> None:
    fields = {"screen_from": begin, "screen_to": end}
    with watched.client("inspector") as client:
        answer = sent(client, f"{PAGE}/screen", PAGE, "screen-form", **fields)
        assert answer.status_code == 422 and end in answer.text and 'id="e-screen_' in answer.text
    with watched.client("auditor") as client:
        assert client.post(f"{PAGE}/screen", data=fields).status_code == 403


# --- declared operations ---------------------------------------------------------------------

ENTRY = {
    "operation": "OP-20",
    "mba": MBA,
    "begin": "2026-01-12T09:00+09:00",
    "end": "2026-01-12T10:00+09:00",
    "sensors": f"camera:{CAMERA}\nseal:INT.IAEA/0042871",
    "type": "opening",
    "items": "F25-FA-003",
    "min_visible_s": "60",
}


def test_operations_are_listed_and_shown(watched: Site) -> None:
    text = text_of(watched, OPERATIONS)
    assert f'href="{OPERATIONS}/{OPERATION}"' in text and "inspection-round" in text
    page = text_of(watched, f"{OPERATIONS}/{OPERATION}")
    assert f'href="{PAGE}"' in page and f'href="/surveillance/reviews/{REVIEW}"' in page
    assert "explained" in page


def test_an_operation_is_declared_and_withdrawn(watched: Site) -> None:
    before = acts(watched)
    with watched.client("officer") as client:
        fields = filled(client, OPERATIONS, "declare-form", **ENTRY)
        done = client.post("/surveillance/declare", data=fields)
        assert done.status_code == 303 and f"done={before + 1}" in done.headers["location"]
        assert client.post("/surveillance/declare", data=fields).status_code == 303
        assert acts(watched) == before + 1, "sent twice, declared once"
        one = standing(watched, "OP-20")
        assert one.begin == datetime(2026, 1, 12, tzinfo=UTC) and len(one.sensors) == 2
        assert one.items == ("F25-FA-003",) and one.values["min_visible_ms"] == 60_000
        page = f"{OPERATIONS}/OP-20"
        again = sent(client, "/surveillance/withdraw-operation", page, "withdraw-form")
        assert again.status_code == 422 and acts(watched) == before + 1
        gone = sent(
            client, "/surveillance/withdraw-operation", page, "withdraw-form", reason="put off"
        )
        assert gone.status_code == 303 and not standing(watched, "OP-20").stands
        assert "withdraw-form" not in client.get(page).text
    with watched.client("auditor") as client:
        assert client.post("/surveillance/declare", data=ENTRY).status_code == 403
        fields = {"operation": OPERATION, "reason": "x"}
        assert client.post("/surveillance/withdraw-operation", data=fields).status_code == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("operation", ""),
        ("operation", "a b"),
        ("mba", "XXXX"),
        ("begin", "2026-01-12T09:00"),
        ("end", "2026-01-12T08:00+09:00"),
        ("sensors", ""),
        ("sensors", "camera:nothing"),
        ("sensors", "the camera"),
        ("events", "-1"),
        ("step", "2"),
        ("type", "x" * 5_000),
    ],
)
def test_what_cannot_be_declared_comes_back(watched: Site, name: str, value: str) -> None:
    before = acts(watched)
    with watched.client("officer") as client:
        fields = filled(client, OPERATIONS, "declare-form", **{**ENTRY, name: value})
        answer = client.post("/surveillance/declare", data=fields)
        assert answer.status_code == 422, answer.text[:300]
        assert "F25-FA-003" in answer.text and acts(watched) == before


def test_a_table_is_declared_or_not(watched: Site) -> None:
    head = "operation,from,to,sensors\n"
    good = f"{head}T-1,2026-01-12T09:00Z,2026-01-12T10:00Z,camera:{CAMERA}\n"
    before = acts(watched)
    with watched.client("officer") as client:

        def upload(text: str) -> Any:
            fields = filled(client, OPERATIONS, "file-form", file_mba=MBA)
            file = {"table": ("ops.csv", text.encode(), "text/csv")}
            return client.post("/surveillance/declare-file", data=fields, files=file)

        bad = upload(good + "T-2,yesterday,2026-01-12T10:00Z,camera:x\n")
        assert bad.status_code == 422 and "OPERATION-ROW" in bad.text and acts(watched) == before
        assert upload(good).status_code == 303 and acts(watched) == before + 1
        same = upload(good)
        assert "unchanged=1" in same.headers["location"] and acts(watched) == before + 1
        assert "Nothing was new" in client.get(same.headers["location"]).text
        nothing = filled(client, OPERATIONS, "file-form", file_mba=MBA)
        assert client.post("/surveillance/declare-file", data=nothing).status_code == 422


def test_an_operator_declares_without_seeing_cameras(watched: Site) -> None:
    with watched.client("accountant") as client:
        page = client.get(OPERATIONS)
        assert page.status_code == 200 and OPERATION not in page.text and CAMERA not in page.text
        assert client.get(f"{OPERATIONS}/{OPERATION}").status_code == 404
        mine = {**ENTRY, "mba": "XAFA", "sensors": "seal:INT.IAEA/0042871"}
        foreign = filled(client, OPERATIONS, "declare-form", **ENTRY)
        assert client.post("/surveillance/declare", data=foreign).status_code == 422
        taken = filled(client, OPERATIONS, "declare-form", **{**mine, "operation": OPERATION})
        answer = client.post("/surveillance/declare", data=taken)
        assert answer.status_code == 422 and f"for {MBA}" not in answer.text
        good = filled(client, OPERATIONS, "declare-form", **mine)
        assert client.post("/surveillance/declare", data=good).status_code == 303
        own = client.get(f"{OPERATIONS}/OP-20")
        assert own.status_code == 200 and "withdraw-form" in own.text
    with watched.client("cooperation") as client:
        assert client.get(OPERATIONS).status_code == 403


def test_names_with_slashes_and_hostile_words(watched: Site) -> None:
    declared(watched, "a/b", type=HOSTILE)
    text = text_of(watched, OPERATIONS)
    assert f'href="{OPERATIONS}/named?name=a%2Fb"' in text and "<script>alert" not in text
    assert "<script>alert" not in text_of(watched, f"{OPERATIONS}/named?name=a/b")


# --- overview and search ---------------------------------------------------------------------


def test_overview_and_search(watched: Site) -> None:
    assert "Every event was looked at" in text_of(watched, "/", "officer")
    declared(watched)
    with watched.client("inspector") as client:
        assert client.get("/search?q=cam-11").headers["location"] == PAGE
        text = client.get("/search?q=op-1").text
        assert f'href="{OPERATIONS}/{OPERATION}"' in text and f'href="{OPERATIONS}/OP-18"' in text
    for name in ("accountant", "cooperation"):
        assert f'href="{PAGE}"' not in text_of(watched, "/search?q=cam-11", name)
        assert "OP-18" not in text_of(watched, "/search?q=op-1", name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as running:
        yield running


def test_a_person_declares_in_the_browser(watched: Site, browser: Any) -> None:
    with (
        serving(watched) as address,
        window(browser, address, site=watched, member="officer") as opened,
    ):
        page = opened.page
        page.goto(f"{address}{OPERATIONS}")
        page.get_by_label("Name").fill("OP-30")
        page.locator("#f-begin").fill("2026-01-12T09:00Z")
        page.locator("#f-end").fill("2026-01-12T10:00Z")
        page.locator("#f-sensors").fill(f"camera:{CAMERA}")
        page.get_by_role("button", name="Declare", exact=True).click()
        page.get_by_role("status").filter(has_text="It was recorded").wait_for()
        page.get_by_role("link", name="OP-30").click()
        page.get_by_role("heading", name="Operation OP-30").wait_for()


def test_pages_have_no_barriers(watched: Site, browser: Any) -> None:
    with (
        serving(watched) as address,
        window(browser, address, site=watched, member="officer") as opened,
    ):
        for path in (PAGE, CAMERAS, OPERATIONS, f"/surveillance/timeline?mba={MBA}"):
            opened.go(path)
            assert opened.barriers() == [], path
