"""Cameras and their views, as they are recorded and as they stand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.surveillance.cameras import camera, cameras, register_camera
from keiryo.surveillance.explain_images import dependents, explain
from keiryo.surveillance.tables import CAMERA, CAMERA_VIEW
from keiryo.surveillance.views import mask_plane, record_view, reference_plane, view_at, views
from surveillance.camera_books import SCOPE, START, Site, codes, fill, make_site, picture

LATER = START + timedelta(days=3)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Site:
    return make_site(sqlite_url, tmp_path)


def test_a_camera_as_it_stands(site: Site) -> None:
    site.camera("CAM-02", interval_ms=None, tolerance_ms=None, depends_on="power A | rack 3")
    site.camera(retention_days=90, clock="Asia/Tokyo")
    database = site.books.database
    with database.reading() as connection:
        found = cameras(connection, database.metadata)
        before = camera(connection, database.metadata, "CAM-01", through_act=3)
    assert list(found) == ["CAM-01", "CAM-02"]
    one, other = found["CAM-01"], found["CAM-02"]
    assert (one.interval_s, one.tolerance_s, one.zone) == (600.0, 30.0, "Asia/Tokyo")
    assert (one.retention_days, before.retention_days) == (90, None)
    assert other.interval_s is None and other.depends_on == {"power A", "rack 3"}
    assert one.scope == SCOPE and one.to_dict()["mba"] == "XARA"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"camera": "CAM 1"}, "CAMERA-NAME"),
        ({"interval_ms": 0, "tolerance_ms": None}, "CAMERA-INTERVAL"),
        ({"tolerance_ms": 600_000}, "CAMERA-TOLERANCE"),
        ({"interval_ms": None}, "CAMERA-TOLERANCE"),
        ({"clock": "Tokio"}, "CAMERA-CLOCK-ZONE"),
        ({"retention_days": -1}, "CAMERA-RETENTION"),
    ],
)
def test_cameras_that_cannot_be(site: Site, values: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as error:
        site.camera(**{"name": values.pop("camera", "CAM-02"), **values})
    assert codes(error.value) == [code]


def test_a_camera_stays_with_its_area(site: Site) -> None:
    with pytest.raises(NotFoundError):
        site.camera("CAM-02", mba="XARB")
    draft = Draft("surveillance.camera", "c")
    draft.add(CAMERA.name, scope="XA", camera="CAM-01", mba="XARB")
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    assert codes(error.value) == ["CAMERA-AREA-CHANGED", "CAMERA-AREA"]


def see(site: Site, words: str = "the pond", **more: Any) -> None:
    begin = more.pop("begin", START)
    record_view(*site.given, more.pop("camera", "CAM-01"), words, begin, clock=site.clock, **more)


def test_views_follow_each_other(site: Site) -> None:
    see(site, mask=("mask.png", picture(1)), reference=("ref.png", picture(2)))
    see(site, "turned to the door", begin=LATER)
    database = site.books.database
    with database.reading() as connection:
        every = views(connection, database.metadata, "CAM-01")
        assert view_at(connection, database.metadata, "CAM-01", START - timedelta(1)) is None
        found = view_at(connection, database.metadata, "CAM-01", LATER - timedelta(seconds=1))
    first, second = every
    assert found == first and (first.version, second.version) == (1, 2)
    assert first.end == second.begin == LATER and second.end is None
    plane, mask = reference_plane(database, first), mask_plane(database, first)
    assert plane is not None and plane.shape == (48, 64) and mask is not None
    assert mask_plane(database, second) is None and reference_plane(database, second) is None


def test_views_that_cannot_be(site: Site) -> None:
    see(site)
    for more, code in (
        ({"begin": START}, "VIEW-BEGIN"),
        ({"words": " ", "begin": LATER}, "VIEW-EMPTY"),
        ({"mask": ("m.png", b"no picture"), "begin": LATER}, "VIEW-PICTURE"),
    ):
        with pytest.raises(RefusedError) as error:
            see(site, **{"words": "pond", **more})
        assert codes(error.value) == [code]
    with pytest.raises(NotFoundError):
        see(site, camera="CAM-09")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"version": 3}, "VIEW-VERSION"),
        ({"mask": "0" * 64}, "VIEW-EVIDENCE"),
        ({"camera": "CAM-09"}, "CAMERA-UNKNOWN"),
    ],
)
def test_lines_of_views_that_cannot_be(site: Site, values: dict[str, Any], code: str) -> None:
    draft = Draft("surveillance.view", "v")
    line = {"camera": "CAM-01", "version": 1, "begin_at": "2026-03-01T08:00:00.000000Z"}
    draft.add(CAMERA_VIEW.name, {**line, "words": "pond", **values}, scope=SCOPE)
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    assert codes(error.value) == [code]


def test_what_a_camera_rests_on_and_back(site: Site) -> None:
    see(site, mask=("mask.png", picture(1)))
    site.ingest(fill(site.folder / "in", 2)[0].parent, set_name="S-1")
    metadata = site.books.database.metadata
    with site.books.database.reading() as connection:
        waiting, seen = ["camera:CAM-01", "set:S-1", "line:6/2", "line:6/4"], set[str]()
        relations = set()
        while waiting:
            node = waiting.pop()
            seen.add(node)
            for link in explain(connection, metadata, node):
                relations.add(link.relation)
                assert link in list(dependents(connection, metadata, link.target))
                waiting += [] if link.target in seen else [link.target]
    assert {"recorded in", "sees what is stated in", "masked by", "taken by"} <= relations


def test_register_again_leaves_nothing_half_done(site: Site) -> None:
    with pytest.raises(NotFoundError):
        register_camera(*site.given, {"camera": "CAM-02", "mba": "NONE"}, clock=site.clock)
    with site.books.database.reading() as connection, pytest.raises(NotFoundError):
        camera(connection, site.books.database.metadata, "CAM-02")
