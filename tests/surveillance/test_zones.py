"""Zones of views: polygons, reasons, versions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import RefusedError
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.surveillance.tables import CAMERA_ZONE
from keiryo.surveillance.views import record_view
from keiryo.surveillance.zones import (
    ZoneEntry,
    double_area,
    parse_polygon,
    record_zones,
    zones_at,
    zones_of,
)
from surveillance.camera_books import SCOPE, START, Site, codes, make_site

SQUARE = parse_polygon("0.1,0.1 0.4,0.1 0.4,0.4 0.1,0.4")


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Site:
    made = make_site(sqlite_url, tmp_path)
    record_view(*made.given, "CAM-01", "the pond", START, clock=made.clock)
    return made


def record(site: Site, *zones: ZoneEntry, **more: Any) -> int:
    return record_zones(*site.given, "CAM-01", zones, clock=site.clock, **more).act.act_id


def test_corners_and_area() -> None:
    assert parse_polygon(" 0,0 1,0   1,1 ") == ((0, 0), (10_000, 0), (10_000, 10_000))
    assert double_area(SQUARE) == 2 * 3000 * 3000


@pytest.mark.parametrize(
    "text",
    [
        *("", "0,0 1,1", "0,0 1,0 x,1", "0,0 1,0 1", "0,0 1,0 1,1.1", "0,0 -0.1,0 1,1"),
        *("0,0 1,0 1,0", "0,0 0.5,0 1,0", "0,0 1,1 1,0 0,1", "0,0 nan,0 1,1"),
        "0,0 1,0 1,1 0.5,0",
    ],
)
def test_polygons_that_are_none(text: str) -> None:
    with pytest.raises(RefusedError) as error:
        parse_polygon(text)
    assert codes(error.value) == ["ZONE-POLYGON"]


def test_the_zones_of_the_last_act_count_and_end_with_the_view(site: Site) -> None:
    record(site, ZoneEntry("door", "INTEREST", SQUARE))
    record(
        site,
        ZoneEntry("gate", "TRIP", SQUARE),
        ZoneEntry("clock", "IGNORE", SQUARE, "burnt-in clock"),
    )
    later = START + timedelta(days=2)
    record_view(*site.given, "CAM-01", "camera was moved", later, clock=site.clock)
    database = site.books.database
    with database.reading() as connection:
        found = zones_at(connection, database.metadata, "CAM-01", START)
        assert zones_at(connection, database.metadata, "CAM-01", later) == []
        assert zones_at(connection, database.metadata, "CAM-01", START - timedelta(1)) == []
        assert zones_of(connection, database.metadata, "CAM-01", 2) == []
    assert [one.zone.name for one in found] == ["gate", "clock"]
    assert found[0].zone.polygon == ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4))
    assert found[1].to_dict()["reason"] == "burnt-in clock"


@pytest.mark.parametrize(
    ("zone", "code"),
    [
        (ZoneEntry("", "INTEREST", SQUARE), "ZONE-NAME"),
        (ZoneEntry("door", "WATCH", SQUARE), "ZONE-TYPE"),
        (ZoneEntry("lamp", "IGNORE", SQUARE, " "), "ZONE-REASON"),
        (ZoneEntry("door", "TRIP", SQUARE[:2]), "ZONE-POLYGON"),
    ],
)
def test_zones_that_cannot_be(site: Site, zone: ZoneEntry, code: str) -> None:
    with pytest.raises(RefusedError) as error:
        record(site, zone)
    assert code in codes(error.value) and len(set(codes(error.value))) <= 2


def test_a_zone_twice_and_a_view_that_is_not(site: Site) -> None:
    with pytest.raises(RefusedError) as error:
        record(site, ZoneEntry("a", "TRIP", SQUARE), ZoneEntry("a", "TRIP", SQUARE))
    assert codes(error.value) == ["ZONE-NAME"]
    with pytest.raises(RefusedError) as error:
        record(site, ZoneEntry("a", "TRIP", SQUARE), version=7)
    assert codes(error.value) == ["VIEW-UNKNOWN"]


def test_ignoring_most_of_the_picture_is_told(site: Site) -> None:
    large = parse_polygon("0,0 1,0 1,0.6 0,0.6")
    act = record(site, ZoneEntry("floor", "IGNORE", large, "work goes on here"))
    told = site.rows("finding")
    assert [(row["code"], row["act_id"]) for row in told] == [("ZONE-IGNORE-LARGE", act)]


def test_a_stored_polygon_that_is_none(site: Site) -> None:
    draft = Draft("surveillance.zone", "z")
    draft.add(
        CAMERA_ZONE.name, scope=SCOPE, camera="CAM-01", version=1, zone="a", type="TRIP",
        polygon="0.1,0.2 1,1",
    )  # fmt: skip
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    assert codes(error.value) == ["ZONE-POLYGON"]
