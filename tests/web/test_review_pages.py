"""Pages of camera reviews: list, review, one event, images, looks and marks, conclusions, roles."""

from __future__ import annotations

import datetime
import io
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from keiryo.cli.demo_surveillance import BEGIN, END
from keiryo.dates import utc_text
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.storage.evidence import EvidenceStore
from keiryo.surveillance.looks import Look, look
from keiryo.surveillance.marks import Mark, mark
from keiryo.surveillance.ranking import ranked
from keiryo.surveillance.review_events import ReviewEvent, review_events
from keiryo.surveillance.reviews import open_review
from keiryo.surveillance.tables import CONCLUSION, IMAGE, IMAGE_REMOVAL, LOOK, MARK
from keiryo.web.pages.reviews_known import event_address, review_address
from keiryo.web.pages.reviews_pictures import NotShownError, Wanted, picture_of
from web.site import Client, Site
from web.watched_area import CAMERA, OPERATION, REVIEW

HOME = "/surveillance/reviews"
NAME = "second-look"
PAGE = f"{HOME}/{NAME}"


@pytest.fixture
def opened(watched: Site) -> Site:
    """Return a site with a review that the inspector has opened and nobody has begun."""
    open_review(watched.database, watched.actor("inspector"), NAME, [CAMERA], BEGIN, END)
    return watched


def events(site: Site, name: str = NAME) -> list[ReviewEvent]:
    """Return the events of a review in the order in which they are shown."""
    with site.database.reading() as connection:
        return [one.event for one in ranked(connection, site.database.metadata, name)]


def event_of(site: Site, key: tuple[str, int], name: str = NAME) -> ReviewEvent:
    with site.database.reading() as connection:
        every = review_events(connection, site.database.metadata, name)
    return next(one for one in every if one.key == key)


def lines(site: Site, kind: str, **same: Any) -> list[dict[str, Any]]:
    table = site.database.metadata.tables[kind]
    query = select(table).where(*(table.c[n] == v for n, v in same.items()))
    with site.database.reading() as connection:
        return [dict(row) for row in connection.execute(query.order_by(table.c.act_id)).mappings()]


def filled(client: Client, path: str, form: str, **fields: Any) -> dict[str, Any]:
    """Return the hidden fields of a form on a page, with what is typed."""
    text = client.get(path).text
    part = text[text.index(f'id="{form}"') :]
    part = part[: part.index("</form>")]
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', part)
    return {**{name: value for name, value in pairs if name != "_form_token"}, **fields}


def later(site: Site, seconds: float) -> None:
    site.now[0] += datetime.timedelta(seconds=seconds)


def test_who_may_see_and_do_what(opened: Site) -> None:
    one = events(opened)[0]
    page = event_address(NAME, one.key)
    image = lines(opened, IMAGE.name)[0]
    picture = f"/surveillance/images/{CAMERA}/{image['act_id']}.{image['line_no']}"
    for name, status in (
        *(("inspector", 200), ("officer", 200), ("security", 200), ("auditor", 200)),
        *(("accountant", 403), ("cooperation", 403), ("administrator", 403)),
    ):
        with opened.client(name) as client:
            for path in (HOME, PAGE, page, picture):
                assert client.get(path).status_code == status, (name, path)
            assert (f'href="{HOME}"' in client.get("/").text) == (status == 200), name
    with opened.client("auditor") as auditor:
        assert "mark-form" not in auditor.get(page).text
        assert auditor.post(f"{page}/marks", {"verdict": "benign"}).status_code == 403
        assert "conclude-1" not in auditor.get(PAGE).text
        assert "open-form" not in auditor.get(HOME).text
        assert auditor.post(HOME, {"cameras": CAMERA, "name": "x"}).status_code == 403


def test_list_says_what_is_open_and_a_review_is_opened(watched: Site) -> None:
    with watched.client("inspector") as client:
        text = client.get(HOME).text
        assert REVIEW in text and "0 of 1 reviews are open" in text
        fields = {"name": NAME, "cameras": CAMERA, "begin": utc_text(BEGIN), "end": utc_text(END)}
        wrong = client.post(
            HOME, filled(client, HOME, "open-form", **{**fields, "begin": "10 Dec"})
        )
        assert wrong.status_code == 422 and 'value="10 Dec"' in wrong.text
        nothing = client.post(HOME, filled(client, HOME, "open-form"))
        assert nothing.status_code == 422 and "Choose the cameras" in nothing.text
        sent = filled(client, HOME, "open-form", **fields)
        answer = client.post(HOME, sent)
        assert answer.status_code == 303 and answer.headers["location"].startswith(PAGE)
        assert client.post(HOME, sent).headers["location"] == answer.headers["location"]
        assert "1 of 2 reviews are open" in client.get(HOME).text
        again = client.post(f"{PAGE}/again", {})
        assert again.status_code == 303
        assert NAME in client.get("/").text
        assert client.get("/search?q=second-look").headers["location"] == PAGE


def test_review_shows_tally_events_operations_and_what_stands_against(opened: Site) -> None:
    with opened.client("inspector") as client:
        text = client.get(PAGE).text
        for words in (
            *("What became of the images", "CONCLUSION-NOT-REVIEWED", "CONCLUSION-COVERAGE"),
            *(OPERATION, "seen as declared", "not marked", "Elena Ruiz", "The sound parts"),
        ):
            assert words in text, words
        assert 'href="/coverage/XARA"' in text and f"/surveillance/cameras/{CAMERA}" in text
        assert f"/why?of=review%3A{NAME}" in text
        csv = client.get(f"{PAGE}?format=csv").text
        assert len(csv.splitlines()) == len(events(opened)) + 1
        assert client.get(f"{HOME}/none").status_code == 404
        concluded = client.get(review_address(REVIEW)).text
        assert "inconclusive" in concluded and "Sound parts positive" in concluded


def test_event_is_shown_without_script_in_every_way(opened: Site) -> None:
    one = events(opened)[0]
    page = event_address(NAME, one.key)
    with opened.client("inspector") as client:
        text = client.get(page).text
        assert text.count('name="verdict"') == 4 and "look-form" in text
        sources = re.findall(r'src="(/surveillance/[^"]+)"', text)
        assert len(sources) >= 6
        for source in set(sources):
            answer = client.get(source.replace("&amp;", "&"))
            assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
        for show in ("before", "after", "peak", "difference", "changed", "around"):
            stage = client.get(f"{page}?show={show}&n=1").text
            assert 'id="sides" hidden' in stage, show
            source = re.search(r'id="picture" src="([^"]+)"', stage)
            assert source is not None
            assert client.get(source[1].replace("&amp;", "&")).status_code == 200, show
        assert client.get(event_address(NAME, (one.key[0], 999))).status_code == 404
        original = re.search(r'href="(/evidence/[0-9a-f]{64})"', text)
        assert original is not None and client.get(original[1]).status_code == 200


def test_mark_records_look_and_mark_and_leads_on(opened: Site) -> None:
    first = events(opened)[0]
    page = event_address(NAME, first.key)
    with opened.client("inspector") as client:
        sent = filled(client, page, "mark-form", verdict="benign", note="cleaning")
        later(opened, 12)
        answer = client.post(f"{page}/marks", sent)
        assert answer.status_code == 303 and "/events/" in answer.headers["location"]
        assert answer.headers["location"] != page
        assert client.post(f"{page}/marks", sent).status_code == 303
    (seen,) = lines(opened, LOOK.name, review=NAME)
    assert (seen["dwell_ms"], seen["width_px"], seen["event"]) == (12_000, 160, first.key[1])
    (said,) = lines(opened, MARK.name, review=NAME)
    assert (said["verdict"], said["note"]) == ("benign", "cleaning")
    assert seen["act_id"] < said["act_id"]
    assert event_of(opened, first.key).looked_at


def test_time_of_looking_is_bounded_by_what_the_server_knows(opened: Site) -> None:
    first = events(opened)[0]
    page = event_address(NAME, first.key)
    with opened.client("inspector") as client:
        more = {"dwell_ms": "60000", "width_px": "900"}
        sent = filled(client, page, "look-form", **more)
        later(opened, 5)
        assert client.post(f"{page}/looks", sent).status_code == 303
        nothing = filled(client, page, "mark-form", verdict="benign", shown_at="", dwell_ms="")
        answer = client.post(f"{page}/marks", nothing)
        assert answer.status_code == 422 and "Look at the images first" in answer.text
        sent = filled(client, page, "look-form")
        later(opened, 1_200)
        assert client.post(f"{page}/looks", sent).status_code == 303
    told = [(one["dwell_ms"], one["width_px"]) for one in lines(opened, LOOK.name, review=NAME)]
    assert told == [(5_000, 900), (900_000, 160)]
    assert not lines(opened, MARK.name, review=NAME)


def test_form_comes_back_with_what_is_wrong(opened: Site) -> None:
    first = events(opened)[0]
    page = event_address(NAME, first.key)
    with opened.client("inspector") as client:
        sent = filled(client, page, "mark-form", verdict="explained", operation="", note="x")
        later(opened, 3)
        answer = client.post(f"{page}/marks", sent)
        assert answer.status_code == 422 and "Name the operation that explains it" in answer.text
        assert 'value="x"' in answer.text
        sent = filled(client, page, "mark-form", verdict="stolen")
        later(opened, 3)
        assert client.post(f"{page}/marks", sent).status_code == 422
        sent = filled(client, page, "mark-form", verdict="explained", operation="OP-99")
        later(opened, 3)
        answer = client.post(f"{page}/marks", sent)
        assert answer.status_code == 422 and "MARK-NOT-DECLARED" in answer.text
    assert not lines(opened, MARK.name, review=NAME)


def test_mark_of_somebody_else_in_between_is_shown(opened: Site) -> None:
    first = events(opened)[0]
    page = event_address(NAME, first.key)
    with opened.client("officer") as client:
        assert "Elena Ruiz opened this review" in client.get(page).text
        sent = filled(client, page, "mark-form", verdict="benign")
        later(opened, 3)
        actor = opened.actor("inspector")
        look(opened.database, actor, NAME, [Look(*first.key, 4000, 900)])
        mark(opened.database, actor, NAME, [Mark(*first.key, "relevant")])
        answer = client.post(f"{page}/marks", sent)
        assert answer.status_code == 409 and "Somebody was here in between" in answer.text
        again = filled(client, page, "mark-form", verdict="benign")
        later(opened, 3)
        assert client.post(f"{page}/marks", again).status_code == 303
        text = client.get(page).text
        assert "Chie Tanaka" in text and "relevant" in text
    assert event_of(opened, first.key).verdict == "benign"


def test_similar_events_are_looked_at_and_marked_along(
    opened: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alike(connection: Any, metadata: Any, review: str, *key: Any) -> list[ReviewEvent]:
        every = review_events(connection, metadata, review)
        return [one for one in every if one.key != key and one.mark is None]

    monkeypatch.setattr("keiryo.web.pages.reviews_event.similar", alike)
    long, short = sorted(events(opened), key=lambda one: -one.to_see)
    with opened.client("inspector") as client:
        page = event_address(NAME, long.key)
        values = re.findall(r'name="similar" value="([^"]+)"', client.get(page).text)
        assert values == [f"{short.key[1]} {short.key[0]}"]
        sent = filled(client, page, "mark-form", verdict="benign", similar=values)
        later(opened, 20)
        assert client.post(f"{page}/marks", sent).status_code == 303
        stale = filled(client, page, "mark-form", verdict="benign", similar=values)
        later(opened, 20)
        answer = client.post(f"{page}/marks", stale)
        assert answer.status_code == 422 and "marked by now" in answer.text
    assert len(lines(opened, MARK.name, review=NAME)) == 2
    looks = lines(opened, LOOK.name, review=NAME)
    assert [one["images"] for one in looks] == [long.to_see, short.to_see]
    assert sum(one["dwell_ms"] for one in looks) <= 20_000
    assert event_of(opened, short.key).looked_at


def test_long_event_is_looked_at_in_parts(opened: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keiryo.web.pages.reviews_event.PART", 1)
    long = max(events(opened), key=lambda one: one.to_see)
    page = event_address(NAME, long.key)
    with opened.client("inspector") as client:
        for number in range(1, long.to_see + 1):
            sent = filled(client, f"{page}?part={number}", "look-form")
            later(opened, 2)
            where = client.post(f"{page}/looks", sent).headers["location"]
            assert event_of(opened, long.key).seen == number
            assert where.startswith(page) == (number < long.to_see)
    assert event_of(opened, long.key).looked_at


def test_all_events_marked_and_camera_concluded_in_parts(opened: Site) -> None:
    with opened.client("inspector") as client:
        sent = filled(client, PAGE, "conclude-1", conclusion="positive")
        refused = client.post(f"{PAGE}/conclusions", sent)
        assert refused.status_code == 422 and "CONCLUSION-NOT-REVIEWED" in refused.text
        sent = filled(client, PAGE, "conclude-1", conclusion="inconclusive")
        answer = client.post(f"{PAGE}/conclusions", sent)
        assert answer.status_code == 422 and "Say why it is not positive" in answer.text
        where = event_address(NAME, events(opened)[0].key)
        for _turn in range(len(events(opened)) + 1):
            if "/events/" not in where:
                break
            where = where.partition("?")[0]
            fields = filled(client, where, "mark-form", verdict="benign")
            later(opened, 5)
            answer = client.post(f"{where}/marks", fields)
            assert answer.status_code == 303, answer.text
            where = answer.headers["location"]
        assert where.startswith(PAGE) and "/events/" not in where
        sent = filled(client, PAGE, "conclude-1", conclusion="parts")
        answer = client.post(f"{PAGE}/conclusions", sent)
        assert answer.status_code == 303, answer.text
        assert client.post(f"{PAGE}/conclusions", sent).status_code == 303
        assert "0 of 2 reviews are open" in client.get(HOME).text
    found = {one["conclusion"] for one in lines(opened, CONCLUSION.name, review=NAME)}
    assert found == {"positive", "inconclusive"}


def test_images_are_bounded_private_and_honest(opened: Site) -> None:
    image = lines(opened, IMAGE.name)[3]
    by_line = f"/surveillance/images/{CAMERA}/{image['act_id']}.{image['line_no']}"
    by_digest = f"/surveillance/images/{CAMERA}/{image['digest']}"
    with opened.client("inspector") as client:
        answer = client.get(f"{by_line}?width=160")
        assert Image.open(io.BytesIO(answer.content)).width <= 160
        assert "private" in answer.headers["cache-control"]
        assert client.get(f"{by_line}?width=99999").status_code == 200
        assert client.get(by_digest).content == client.get(by_line).content
        for path in ("CAM-99/1.1", f"{CAMERA}/1.1", f"{CAMERA}/x", f"{CAMERA}/{'0' * 64}"):
            assert client.get(f"/surveillance/images/{path}").status_code == 404, path
        other = lines(opened, IMAGE.name)[4]
        pair = f"{image['act_id']}.{image['line_no']}/{other['act_id']}.{other['line_no']}"
        assert client.get(f"/surveillance/differences/{CAMERA}/{pair}").status_code == 200
        same = f"{image['digest']}/{image['digest']}"
        black = client.get(f"/surveillance/differences/{CAMERA}/{same}?width=160")
        assert Image.open(io.BytesIO(black.content)).getextrema()[1] < 4
        place = opened.database.evidence.path(str(image["digest"]))
        whole = place.read_bytes()
        place.unlink()
        said = client.get(f"{by_line}?width=320")
        assert said.headers["content-type"].startswith("image/svg+xml")
        assert "not where it should be" in said.text and "no-store" in said.headers["cache-control"]
        place.write_bytes(whole[:-100])
        assert "was altered" in client.get(f"{by_line}?width=320").text


def test_removed_image_says_so(opened: Site) -> None:
    image = lines(opened, IMAGE.name)[5]
    made = Draft("surveillance.remove", "surveillance:test")
    gone = {"camera": CAMERA, "digest": image["digest"], "rule": "365 days"}
    made.add(IMAGE_REMOVAL.name, scope=image["scope"], **gone)
    opened.now[0] += datetime.timedelta(days=800)
    post(opened.database, made, opened.actor("inspector"))
    with opened.client("inspector") as client:
        path = f"/surveillance/images/{CAMERA}/{image['act_id']}.{image['line_no']}"
        assert "removed when its time of retention was over" in client.get(path).text


def test_frame_of_video_is_the_one_asked_for_and_large_stills_are_decoded_small(
    tmp_path: Path,
) -> None:
    import av

    place = tmp_path / "clip.mp4"
    with av.open(str(place), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.gop_size = 12
        for number in range(60):
            level = np.full((48, 64, 3), 4 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(level, format="rgb24")))
        container.mux(stream.encode(None))
    store = EvidenceStore(tmp_path / "evidence")
    digest = store.put_file(place)
    for number in (0, 37, 59):
        made = picture_of(store, Wanted("C", digest, number, "received", "", ""), 160)
        mean = float(np.asarray(Image.open(io.BytesIO(made)).convert("L")).mean())
        assert abs(mean - 4 * number) < 5, (number, mean)
    with pytest.raises(NotShownError, match="unreadable"):
        picture_of(store, Wanted("C", digest, 60, "received", "", ""), 160)
    target = io.BytesIO()
    Image.new("RGB", (7680, 4320), (90, 120, 30)).save(target, "JPEG")
    digest = store.put(target.getvalue())
    begun = time.perf_counter()
    made = picture_of(store, Wanted("C", digest, None, "received", "", ""), 640)
    assert Image.open(io.BytesIO(made)).size == (640, 360)
    assert time.perf_counter() - begun < 3
    broken = store.put(target.getvalue()[:2000])
    for wrong in (broken, store.put(b"no picture")):
        with pytest.raises(NotShownError, match="unreadable"):
            picture_of(store, Wanted("C", wrong, None, "received", "", ""), 640)
