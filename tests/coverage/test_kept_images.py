"""Images of the time of an anomaly stay until the material was verified."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from keiryo.coverage.anomalies import record_anomalies, resolve
from keiryo.coverage.kept_images import unresolved_times
from keiryo.errors import RefusedError
from keiryo.surveillance.retention import Retention, apply_retention, retention
from surveillance.camera_books import NOW, START, Site, codes, fill, make_site

DAY = timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Six images of CAM-01 that may go, and an anomaly that CAM-02 shows in the time of two."""
    made = make_site(f"sqlite:///{tmp_path / 'books.sqlite'}", tmp_path)
    for name in ("CAM-01", "CAM-02"):
        made.camera(name, retention_days=30)
    fill(tmp_path / "in", 6)
    made.ingest(tmp_path / "in")
    fill(tmp_path / "other", 1, first=50, start=START - DAY)
    made.ingest(tmp_path / "other", "CAM-02")
    made.reviewed(START, START + DAY)
    found = {"camera": "CAM-02", "conclusion": "negative", "reason": "OPENED"}
    made.reviewed(START, START + timedelta(minutes=15), **found)
    made.now = NOW + 31 * DAY
    return made


def asked(site: Site) -> Retention:
    database = site.books.database
    with database.reading() as connection:
        return retention(
            connection, database.metadata, site.now, camera="CAM-01", contested=unresolved_times
        )


def test_images_of_an_anomaly_stay_until_it_is_resolved(site: Site) -> None:
    assert asked(site).kept == {"anomaly": 2} and len(asked(site).removable) == 4
    record_anomalies(*site.given, "XARA")
    assert asked(site).kept == {"anomaly": 2}
    resolve(
        *(*site.given, "XARA", "A-1"),
        at=NOW,
        result="verified",
        by="Huber",
        reason="opened for service",
        evidence=["act:1"],
    )
    assert not asked(site).kept and len(asked(site).removable) == 6


def test_their_removal_is_refused_whoever_asks(site: Site) -> None:
    with pytest.raises(RefusedError) as error:
        apply_retention(*site.given, camera="CAM-01", clock=site.clock)
    assert codes(error.value) == ["REMOVAL-ANOMALY"]
    assert "2 files of CAM-01" in error.value.findings[0].message
    more = {"contested": unresolved_times, "clock": site.clock}
    assert apply_retention(*site.given, camera="CAM-01", **more).files == 4
