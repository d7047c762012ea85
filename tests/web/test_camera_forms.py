"""Forms about cameras: registering, views, zones, clocks, taking in, holds, removal, case files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from keiryo.cli.demo_pictures import scenes_of, store_pictures
from keiryo.containment.register import watches
from keiryo.surveillance.cameras import camera
from keiryo.surveillance.case_file import check_case
from keiryo.surveillance.clocks import readings
from keiryo.surveillance.holds import holds
from keiryo.surveillance.image_lists import set_rows
from keiryo.surveillance.views import views
from keiryo.surveillance.zones import zones_of
from web.running import until
from web.site import Client, Site, copy_of, make_site
from web.test_equipment_pages import filled
from web.test_report_pages import acts
from web.watched_area import CAMERA, MBA, STORE, watched_books

CAMERAS = "/surveillance/cameras"
PAGE = f"{CAMERAS}/{CAMERA}"
REGISTER = "/surveillance/register-camera"
FORMS = ("change", "view", "zones", "clock", "take-in", "case-file", "ways")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return one site for all tests: each has cameras and names of its own."""
    made = make_site(copy_of(watched_books(), tmp_path_factory.mktemp("forms")))
    made.now[0] = datetime.now(UTC)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(watched: Site) -> Iterator[Client]:
    with watched.client("inspector") as made:
        yield made


def sent(
    client: Client, page: str, form: str, to: str = "", files: Any = None, **typed: Any
) -> Any:
    """Send a form of a page, and return the answer."""
    fields = filled(client, page, form, **typed)
    more = {} if files is None else {"files": files}
    return client.post(to or page.partition("?")[0], data=fields, **more)


def finished(client: Client, answer: Any) -> str:
    """Wait for the job to which an answer leads, and return its page."""
    assert answer.status_code == 303, answer.text[:2000]
    job = answer.headers["location"]
    assert job.startswith("/jobs/")
    assert until(lambda: 'hx-trigger="every 1s"' not in client.get(job).text)
    return str(client.get(job).text)


def png(high: int = 20, wide: int = 32) -> bytes:
    done, data = cv2.imencode(".png", np.full((high, wide), 255, np.uint8))
    assert done
    return bytes(data)


def pictures(begin: datetime, count: int = 4) -> list[tuple[str, bytes]]:
    end = begin + timedelta(minutes=30 * count)
    return list(store_pictures(scenes_of(begin, end, 1800, [])))


def packed(files: list[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return target.getvalue()


def registered(client: Client, name: str, **typed: Any) -> str:
    """Register a camera and return its page."""
    given = {"camera": name, "mba": MBA, "interval_s": "1800", **typed}
    answer = sent(client, REGISTER, "camera-form", **given)
    assert answer.status_code == 303, answer.text[:2000]
    return f"{CAMERAS}/{name}"


# --- who may ---------------------------------------------------------------------------------


def test_who_may_has_the_forms(watched: Site, client: Client) -> None:
    text = client.get(PAGE).text
    assert all(f'href="{PAGE}/{one}"' in text for one in FORMS)
    assert REGISTER in client.get(CAMERAS).text
    with watched.client("auditor") as auditor:
        text = auditor.get(PAGE).text
        assert not any(f'href="{PAGE}/{one}"' in text for one in FORMS)
        assert REGISTER not in auditor.get(CAMERAS).text
        for path in (REGISTER, *(f"{PAGE}/{one}" for one in FORMS)):
            assert auditor.get(path).status_code == 403, path
            assert auditor.post(path).status_code == 403, path
        keeping = auditor.get(f"{PAGE}/keeping")
        assert keeping.status_code == 200 and "hold-form" not in keeping.text
        for path in ("holds", "release-hold", "remove-images"):
            assert auditor.post(f"{PAGE}/{path}").status_code == 403, path


# --- registering -----------------------------------------------------------------------------


def test_a_camera_is_registered_and_changed(watched: Site, client: Client) -> None:
    page = registered(client, "CAM-20", place=HOSTILE, depends_on="feed A\nlink 2")
    form = client.get(f"{page}/change").text
    assert "<script>alert" not in form and "feed A\nlink 2" in form and 'value="1800"' in form
    typed = {"interval_s": "600", "tolerance_s": "0.5", "clock": "Asia/Tokyo"}
    fields = filled(client, f"{page}/change", "camera-form", **typed, retention_days="0")
    before = acts(watched)
    assert client.post(f"{page}/change", data=fields).status_code == 303
    assert client.post(f"{page}/change", data=fields).status_code == 303
    assert acts(watched) == before + 1, "sent twice, recorded once"
    with watched.database.reading() as connection:
        one = camera(connection, watched.database.metadata, "CAM-20")
    assert (one.interval_s, one.tolerance_s, one.zone, one.retention_days) == (
        *(600.0, 0.5, "Asia/Tokyo"),
        0,
    )
    late = filled(client, f"{page}/change", "camera-form", **typed)
    late["_head"] = str(before)
    again = client.post(f"{page}/change", data=late)
    assert again.status_code == 409 and "Somebody was here in between" in again.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"camera": "a b"}, "camera"),
        ({"camera": CAMERA}, "camera"),
        ({"mba": "XXXX"}, "mba"),
        ({"interval_s": "ten"}, "interval_s"),
        ({"interval_s": "-1"}, "interval_s"),
        ({"tolerance_s": "1800"}, "tolerance_s"),
        ({"clock": "Mars/Base"}, "clock"),
        ({"retention_days": "1e3"}, "retention_days"),
        ({"retention_days": "99999999"}, "retention_days"),
    ],
)
def test_a_camera_that_cannot_be_comes_back(
    watched: Site, client: Client, typed: dict[str, str], field: str
) -> None:
    before = acts(watched)
    given = {"camera": "CAM-21", "mba": MBA, "interval_s": "1800", "place": "kept", **typed}
    answer = sent(client, REGISTER, "camera-form", **given)
    assert answer.status_code == 422 and f'id="e-{field}"' in answer.text
    assert 'value="kept"' in answer.text and acts(watched) == before


def test_all_that_is_wrong_is_said_at_once(client: Client) -> None:
    wrong = {"camera": "a b", "mba": MBA, "clock": "Mars/Base", "retention_days": "-"}
    text = sent(client, REGISTER, "camera-form", **wrong).text
    assert all(f'id="e-{field}"' in text for field in ("camera", "clock", "retention_days"))


# --- views, clocks, zones --------------------------------------------------------------------


def test_a_view_with_a_mask_and_its_zones(watched: Site, client: Client) -> None:
    page = registered(client, "CAM-22")
    assert "zones belong to a view" in client.get(f"{page}/zones").text
    view = {"words": "rack and door", "begin": "2025-12-01T00:00Z"}
    bad = sent(
        client, f"{page}/view", "view-form", files={"mask": ("m.png", b"no picture")}, **view
    )
    assert bad.status_code == 422 and 'id="e-mask"' in bad.text and "rack and door" in bad.text
    files = {"mask": ("mask.png", png())}
    done = sent(client, f"{page}/view", "view-form", files=files, **view)
    assert done.status_code == 303
    early = sent(client, f"{page}/view", "view-form", **view)
    assert early.status_code == 422 and 'id="e-begin"' in early.text
    zones = {
        "name_1": "door",
        "type_1": "INTEREST",
        "polygon_1": "0.1,0.2 0.5,0.2 0.5,0.9",
        "name_2": HOSTILE,
        "type_2": "IGNORE",
        "polygon_2": "0.6,0.1 0.9",
        "name_3": "door",
        "type_3": "NONE",
        "polygon_3": "0,0 1,1 0,1 1,0",
    }
    text = sent(client, f"{page}/zones?view=1", "zones-form", **zones).text
    for field in ("polygon_2", "reason_2", "type_3", "polygon_3", "name_3"):
        assert f'id="e-{field}"' in text, field
    assert "0.6,0.1 0.9" in text and "<script>alert" not in text and 'data-row="1"' in text
    good = {**zones, "polygon_2": "0.6,0.1 0.9,0.1 0.9,0.4", "reason_2": "a lamp"}
    good |= {"name_3": "", "polygon_3": "", "type_3": "INTEREST"}
    assert sent(client, f"{page}/zones", "zones-form", **good).status_code == 303
    with watched.database.reading() as connection:
        metadata = watched.database.metadata
        found = zones_of(connection, metadata, "CAM-22", 1)
        assert views(connection, metadata, "CAM-22")[0].mask is not None
    assert [one.corners[0] for one in found] == [(1000, 2000), (6000, 1000)]
    again = client.get(f"{page}/zones").text
    assert "0.1,0.2 0.5,0.2 0.5,0.9" in again and "a lamp" in again
    empty = {name: "" for name in good if name.startswith(("name", "polygon", "reason"))}
    assert sent(client, f"{page}/zones", "zones-form", **empty).status_code == 422
    assert client.get(f"{page}/zones?view=7").status_code == 404


def test_zones_lie_over_the_last_image(client: Client) -> None:
    text = client.get(f"{PAGE}/zones?at=2025-12-10T12:10Z").text
    assert "Image of 10 Dec 2025 12:00 UTC" in text and 'viewBox="0 0 1000 625"' in text
    assert f'src="/surveillance/images/{CAMERA}/' in text
    assert "zone-overlay" in client.get(PAGE).text
    assert client.get(f"{PAGE}/zones?at=yesterday").status_code in (400, 422)


def test_the_clock_is_read(watched: Site, client: Client) -> None:
    page = registered(client, "CAM-23")
    form, at = f"{page}/clock", "2025-12-10T12:00:10Z"
    for wrong, field in (
        ({"at": at}, "shown"),
        ({"at": at, "shown": at, "offset_s": "1"}, "shown"),
        ({"at": "noon", "offset_s": "1"}, "at"),
        ({"at": at, "shown": "noon"}, "shown"),
        ({"at": at, "offset_s": "NaN"}, "offset_s"),
        ({"at": at, "offset_s": "2000000000"}, "offset_s"),
        ({"at": at, "offset_s": "1e400"}, "offset_s"),
    ):
        answer = sent(client, form, "clock-form", note="kept", **wrong)
        assert answer.status_code == 422 and f'id="e-{field}"' in answer.text, wrong
        assert 'value="kept"' in answer.text
    shown = "2025-12-10T21:00:00+09:00"
    assert sent(client, form, "clock-form", at=at, shown=shown).status_code == 303
    later = "2025-12-11T12:00Z"
    done = sent(client, form, "clock-form", at=later, offset_s="-90000")
    assert "CLOCK-BACKWARD" not in client.get(done.headers["location"].partition("#")[0]).text
    third = sent(client, form, "clock-form", at="2025-12-12T12:00Z", offset_s="900000")
    assert "CLOCK-BACKWARD" in client.get(third.headers["location"].partition("#")[0]).text
    with watched.database.reading() as connection:
        found = readings(connection, watched.database.metadata, "CAM-23")
    assert [one.offset_ms for one in found] == [10_000, -90_000_000, 900_000_000]


def test_a_way_is_watched(watched: Site, client: Client) -> None:
    page = registered(client, "CAM-27", depends_on="feed A")
    form, way = f"{page}/ways", f"{MBA} | {STORE} | hatch"
    for wrong, field in (
        ({"way": "x"}, "way"),
        ({"begin": "noon"}, "begin"),
        ({"end": "2025-01-01T00:00Z"}, "end"),
    ):
        typed = {"way": way, "begin": "2025-12-01T00:00Z", "note": "kept", **wrong}
        answer = sent(client, form, "ways-form", **typed)
        assert answer.status_code == 422 and f'id="e-{field}"' in answer.text, wrong
        assert 'value="kept"' in answer.text
    done = sent(client, form, "ways-form", way=way, begin="2025-12-01T00:00Z")
    assert done.status_code == 303
    text = client.get(page).text
    assert f'href="/containments/{MBA}/{STORE}"' in text and "hatch" in text
    with watched.database.reading() as connection:
        every = watches(connection, watched.database.metadata, MBA)
    (one,) = [each for each in every if each.device == "camera:CAM-27"]
    assert (one.path, one.depends_on) == ("hatch", frozenset({"feed A"}))
    with watched.client("security") as security:
        assert security.get(form).status_code == 403 and "ways-form" not in security.get(page).text


# --- taking in -------------------------------------------------------------------------------


def test_an_archive_is_taken_in_as_a_job(watched: Site, client: Client) -> None:
    page = registered(client, "CAM-24")
    form = f"{page}/take-in"
    files = pictures(datetime(2025, 12, 1, tzinfo=UTC))
    content = packed([(f"card/{name}", data) for name, data in files] + [("notes.txt", b"hello")])
    typed = {"medium": "removable-media", "custody": "N. Ferro\nA. Holm", "set_name": "week-49"}
    upload = {"images": ("week-49.zip", content)}
    text = finished(client, sent(client, form, "take-in-form", files=upload, **typed))
    assert "IMAGE-OTHER-FILES" in text and "week-49" in text and "unsigned" in text
    with watched.database.reading() as connection:
        (row,) = set_rows(connection, watched.database.metadata, camera="CAM-24")
    assert (row["images"], row["custody"], row["source"]) == (4, "N. Ferro → A. Holm", "week-49")
    before = acts(watched)
    assert 'value="week-49"' not in client.get(form).text, "taken in: nothing is kept of the form"
    again = finished(client, sent(client, form, "take-in-form", files=upload, **typed))
    assert "Nothing is new" in again and acts(watched) == before
    left = Path(watched.app.state.jobs.folder)
    assert not list(left.glob("take-in-*")) and not list(left.parent.glob("taking-in-*"))


def test_a_video_in_an_archive_is_taken_in(watched: Site, client: Client, tmp_path: Path) -> None:
    page, place = registered(client, "CAM-28", interval_s=""), tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(place), cv2.VideoWriter.fourcc(*"mp4v"), 5, (64, 48))
    for level in range(0, 250, 50):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    upload = {"images": ("card.zip", packed([("card/clip.mp4", place.read_bytes())]))}
    typed = {"medium": "network", "start": "2025-12-01T00:00Z", "set_name": "clip"}
    text = finished(client, sent(client, f"{page}/take-in", "take-in-form", files=upload, **typed))
    assert "Recorded" in text
    with watched.database.reading() as connection:
        (row,) = set_rows(connection, watched.database.metadata, camera="CAM-28")
    assert (row["images"], row["source"]) == (5, "clip.mp4")
    view = {"words": "a wall", "begin": "2025-12-01T00:00Z"}
    assert sent(client, f"{page}/view", "view-form", **view).status_code == 303
    assert 'viewBox="0 0 1000 750"' in client.get(page).text, "drawn over a frame of the video"


def test_what_a_job_refuses_is_still_typed(watched: Site, client: Client) -> None:
    page = registered(client, "CAM-25")
    form, before = f"{page}/take-in", acts(watched)
    upload = {"images": ("one.zip", packed([("a.png", png())]))}
    text = finished(
        client, sent(client, form, "take-in-form", files=upload, medium="file", set_name="kept")
    )
    assert "nothing tells when a.png was taken" in text.lower() and acts(watched) == before
    assert 'value="kept"' in client.get(form).text
    more = {"medium": "file", "start": "2025-12-01T00:00Z", "interval_s": "60"}
    one = {"images": ("a.png", png())}
    assert "Recorded" in finished(client, sent(client, form, "take-in-form", files=one, **more))


@pytest.mark.parametrize(
    ("name", "content", "typed", "field"),
    [
        ("a.zip", b"no archive", {}, "images"),
        ("a.zip", packed([("../../a.png", b"x"), ("/b.png", b"x")]), {}, "images"),
        ("a.zip", packed([("notes.txt", b"x"), (".hidden.png", b"")]), {"medium": "x"}, "medium"),
        ("a.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", {}, "images"),
        ("a.exe", b"MZ", {}, "images"),
        ("a.png", png(), {"start": "noon"}, "start"),
        ("a.png", png(), {"interval_s": "0"}, "interval_s"),
        ("a.png", png(), {"set_name": "a|b"}, "set_name"),
    ],
)
def test_what_cannot_be_taken_in_comes_back(
    watched: Site, client: Client, name: str, content: bytes, typed: dict[str, str], field: str
) -> None:
    before = acts(watched)
    given = {"medium": "file", "custody": "kept", **typed}
    upload = {"images": (name, content)}
    answer = sent(client, f"{PAGE}/take-in", "take-in-form", files=upload, **given)
    assert answer.status_code == 422 and f'id="e-{field}"' in answer.text, answer.text[:500]
    assert "kept" in answer.text and acts(watched) == before
    assert not list(Path(watched.app.state.jobs.folder).glob("take-in-*"))


# --- holds, removal, case files --------------------------------------------------------------


def test_images_are_held_and_let_go(watched: Site, client: Client) -> None:
    page = f"{PAGE}/keeping"
    period = {"hold_from": "2025-12-10T00:00Z", "hold_to": "2025-12-10T06:00Z"}
    for wrong, field in (
        ({"hold": "H-1"}, "reason"),
        ({"reason": "asked"}, "hold"),
        ({"hold": "H-1", "reason": "asked", "hold_to": "2025-12-09T00:00Z"}, "hold_to"),
        ({"hold": "H-1", "reason": "asked", "hold_from": "noon"}, "hold_from"),
    ):
        answer = sent(client, page, "hold-form", f"{PAGE}/holds", **{**period, **wrong})
        assert answer.status_code == 422 and f'id="e-{field}"' in answer.text, wrong
    given = {"hold": "H-1", "reason": "asked by the agency", **period}
    assert sent(client, page, "hold-form", f"{PAGE}/holds", **given).status_code == 303
    taken = sent(client, page, "hold-form", f"{PAGE}/holds", **given)
    assert taken.status_code == 422 and "release it first" in taken.text
    text = client.get(page).text
    assert "asked by the agency" in text and "They are held." in text and "13" in text
    other = registered(client, "CAM-26")
    elsewhere = sent(client, f"{other}/keeping", "hold-form", f"{other}/holds", **given)
    assert elsewhere.status_code == 422 and CAMERA not in elsewhere.text
    nothing = sent(client, page, "release-form", f"{PAGE}/release-hold", release="H-1")
    assert nothing.status_code == 422 and 'id="e-why"' in nothing.text
    done = sent(client, page, "release-form", f"{PAGE}/release-hold", release="H-1", why="over")
    assert done.status_code == 303 and "release-form" not in client.get(page).text
    with watched.database.reading() as connection:
        (one,) = holds(connection, watched.database.metadata, camera=CAMERA)
    assert (one.state, one.reason) == ("released", "over")


def test_a_case_file_is_made_and_checks_itself(
    watched: Site, client: Client, tmp_path: Path
) -> None:
    form = f"{PAGE}/case-file"
    assert "check-case" in client.get(form).text
    wrong = sent(client, form, "case-form", begin="2025-12-10T06:00Z", end="2025-12-10T06:00Z")
    assert wrong.status_code == 422 and 'id="e-end"' in wrong.text
    none = {"begin": "2020-01-01T00:00Z", "end": "2020-01-02T00:00Z"}
    assert "has no images" in finished(client, sent(client, form, "case-form", **none))
    period = {"begin": "2025-12-10T09:00Z", "end": "2025-12-10T10:00Z"}
    answer = sent(client, form, "case-form", **period)
    text = finished(client, answer)
    name = f"case-{CAMERA}-20251210T090000Z-20251210T100000Z.zip"
    assert name in text and "check-case" in text
    place = tmp_path / name
    place.write_bytes(client.get(f"{answer.headers['location']}/file").content)
    assert check_case(place)[0] == []
    assert name in client.get(form).text
    left = Path(watched.app.state.jobs.folder).parent
    assert not list(left.glob("case-file-*"))


def test_images_are_removed_as_listed(watched: Site, client: Client) -> None:
    page, to = f"{PAGE}/keeping", f"{PAGE}/remove-images"
    assert "remove-form" not in client.get(page).text, "their time is not over"
    change = f"{PAGE}/change"
    short = {"interval_s": "1800", "tolerance_s": "30", "clock": "UTC", "retention_days": "0"}
    assert sent(client, change, "camera-form", **short).status_code == 303
    text = client.get(page).text
    assert 'id="remove-form"' in text and "for good" in text and "0 days after the review" in text
    stale = filled(client, page, "remove-form", looked="yes")
    given = {"hold": "H-2", "reason": "asked", "hold_from": "2025-12-10T12:00Z"}
    given["hold_to"] = "2025-12-10T13:00Z"
    assert sent(client, page, "hold-form", f"{PAGE}/holds", **given).status_code == 303
    changed = client.post(to, data=stale)
    assert changed.status_code == 422 and "changed since the list" in changed.text
    assert sent(client, page, "remove-form", to).status_code == 422, "the list was not looked at"
    watched.now[0] += timedelta(minutes=11)
    asked = sent(client, page, "remove-form", to, looked="yes")
    assert "Confirm that it is you" in asked.text, (
        "who asks long after signing in proves who they are"
    )
    watched.now[0] = datetime.now(UTC)
    before = acts(watched)
    done = finished(client, sent(client, page, "remove-form", to, looked="yes"))
    assert "recorded as removed" in done and acts(watched) == before + 1
    text = client.get(page).text
    assert "remove-form" not in text and "They are held." in text
