"""Surveillance by programs: cameras, sets, screenings, declared operations, the time line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from keiryo.surveillance.declared_operations import OperationEntry, declare, withdraw
from keiryo.surveillance.zones import ZoneEntry, parse_polygon, record_zones
from web.api_client import program
from web.site import Site
from web.watched_area import CAMERA, MBA, OPERATION, REVIEW, SEAL

HERE = "/surveillance"
ASKED = f"{HERE}/timeline?mba={MBA}&from=2025-12-09T00:00Z&to=2025-12-13T00:00Z"


def declared(site: Site, name: str, hour: int) -> None:
    begin, end = (datetime(2025, 12, 11, hour, at, tzinfo=UTC) for at in (0, 30))
    entry = OperationEntry(name, MBA, begin, end, (f"camera:{CAMERA}",))
    declare(site.database, site.actor("officer"), [entry])


def test_cameras(watched: Site) -> None:
    asker = program(watched, "inspector", "read")
    (one,) = asker.walk(f"{HERE}/cameras")
    assert (one["camera"], one["mba"], one["interval_ms"]) == (CAMERA, MBA, 1_800_000)
    assert one["last_at"] == "2025-12-11T23:30:00.000000Z" and one["not_screened"] == 0
    assert one["conditions"] == {"dark": 1} and one["open_conditions"] == 0
    assert one["not_concluded_since"] is None and one["to_look_at"] == 0
    assert asker.walk(f"{HERE}/cameras?mba=XAFA") == []
    first = asker.get(f"{HERE}/cameras")
    tag = {"If-None-Match": first.headers["etag"]}
    assert asker.get(f"{HERE}/cameras", **tag).status_code == 304


def test_a_camera_with_its_views(watched: Site) -> None:
    zone = ZoneEntry("rack", "INTEREST", parse_polygon("0.1,0.2 0.5,0.2 0.5,0.9"))
    record_zones(watched.database, watched.actor("officer"), CAMERA, [zone])
    asker = program(watched, "auditor", "read")
    (view,) = asker.get(f"{HERE}/cameras/{CAMERA}").json()["views"]
    assert (view["version"], view["end"]) == (1, None)
    assert [one["polygon"] for one in view["zones"]] == ["1000,2000 5000,2000 5000,9000"]
    assert asker.get(f"{HERE}/cameras/nothing").status_code == 404


def test_sets_and_screenings(watched: Site) -> None:
    asker = program(watched, "inspector", "read")
    (one,) = asker.walk(f"{HERE}/sets?camera={CAMERA}")
    assert (one["set_name"], one["images"], one["authentic"]) == ("week-50", 96, "unsigned")
    assert one["custody"] == "N. Ferro → A. Holm"
    (one,) = asker.walk(f"{HERE}/screenings?camera={CAMERA}")
    assert one["presented"] + one["quiet"] + one["unhealthy"] == one["received"] == 96
    assert one["reviews"] == [REVIEW]
    assert asker.walk(f"{HERE}/screenings?from=2026-01-01T00:00Z") == []
    assert asker.walk(f"{HERE}/sets?camera=nothing") == []


def test_declared_operations(watched: Site) -> None:
    for number, name in enumerate(("OP-18", "OP-19", "OP-20"), 10):
        declared(watched, name, number)
    withdraw(watched.database, watched.actor("officer"), "OP-19", "put off")
    asker = program(watched, "inspector", "read")
    names = [one["operation"] for one in asker.walk(f"{HERE}/operations?limit=1")]
    assert names == [OPERATION, "OP-18", "OP-20"]
    every = asker.walk(f"{HERE}/operations?withdrawn=true&from=2025-12-11T00:00Z")
    assert [one["state"] for one in every] == ["declared", "withdrawn", "declared"]
    assert asker.walk(f"{HERE}/operations?mba=XAFA") == []


def test_the_time_line(watched: Site) -> None:
    asker = program(watched, "inspector", "read")
    told = asker.get(ASKED).json()
    rows = {(row["kind"], row["name"]): row for row in told["rows"]}
    assert set(rows) == {
        *(("camera", CAMERA), ("events", CAMERA), ("seal", SEAL)),
        *(("operation", OPERATION), ("review", REVIEW)),
    }
    labels = [one["label"] for one in rows["camera", CAMERA]["intervals"]]
    assert labels == ["PENDING", "POSITIVE", "INCONCLUSIVE", "POSITIVE", "PENDING"]
    earlier = asker.get(f"{ASKED}&known=2020-01-01T00:00Z").json()
    assert earlier["rows"] == [] or {row["kind"] for row in earlier["rows"]} <= {"camera", "events"}


@pytest.mark.parametrize(
    "path",
    [
        "timeline",
        f"timeline?mba={MBA}",
        f"timeline?mba={MBA}&from=yesterday&to=2025-12-13T00:00Z",
        f"timeline?mba={MBA}&from=2025-12-13T00:00Z&to=2025-12-09T00:00Z",
        "screenings?from=x",
        "operations?from=2025-12-13T00:00Z&to=2025-12-09T00:00Z",
        "cameras?limit=0",
        "cameras?cursor=x",
    ],
)
def test_what_makes_no_sense_is_told(watched: Site, path: str) -> None:
    assert program(watched, "inspector", "read").get(f"{HERE}/{path}").status_code == 400


def test_who_may_ask(watched: Site) -> None:
    foreign = f"{HERE}/timeline?mba=XXXX&from=2025-12-09T00:00Z&to=2025-12-13T00:00Z"
    assert program(watched, "inspector", "read").get(foreign).status_code == 404
    for path in ("cameras", f"cameras/{CAMERA}", "sets", "screenings", "operations"):
        assert program(watched, "accountant").get(f"{HERE}/{path}").status_code == 403
        assert program(watched, None).get(f"{HERE}/{path}").status_code == 401
        assert program(watched, "security").get(f"{HERE}/{path}").status_code == 200
    kinds = {row["kind"] for row in program(watched, "security").get(ASKED).json()["rows"]}
    assert "camera" in kinds and "seal" not in kinds
