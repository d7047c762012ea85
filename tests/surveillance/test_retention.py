"""Retention: what may be removed, what stays and why, and that the record stays whole."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal import standalone
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.storage.backup import backup, restore
from keiryo.storage.evidence import EvidenceStore
from keiryo.surveillance.case_file import make_case_file
from keiryo.surveillance.holds import hold, holds, release_hold
from keiryo.surveillance.retention import Retention, apply_retention, retention
from keiryo.surveillance.tables import IMAGE_HOLD, IMAGE_REMOVAL
from keiryo.surveillance.views import record_view
from surveillance.camera_books import NOW, SCOPE, START, Site, codes, fill, make_site, picture

DAY = timedelta(days=1)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Site:
    made = make_site(sqlite_url, tmp_path)
    fill(tmp_path / "in", 6)
    made.ingest(tmp_path / "in")
    return made


def asked(site: Site, **more: Any) -> Retention:
    with site.books.database.reading() as connection:
        return retention(connection, site.books.database.metadata, site.now, **more)


def over(site: Site) -> None:
    """Have everything reviewed, and the time of retention over."""
    site.camera(retention_days=30)
    site.reviewed(START, START + DAY)
    site.now = NOW + 31 * DAY


def test_why_images_stay(site: Site) -> None:
    assert asked(site).kept == {"no-period": 6}
    site.camera(retention_days=30)
    assert asked(site).kept == {"not-reviewed": 6}
    site.reviewed(START, START + timedelta(minutes=25))
    assert asked(site).kept == {"too-early": 3, "not-reviewed": 3}
    site.now = NOW + 30 * DAY
    found = asked(site)
    assert len(found.removable) == 3 and found.kept == {"not-reviewed": 3}
    assert found.removable[0].rule == "30 days after the review REV-1"
    assert not asked(site, camera="CAM-02").removable


def test_what_is_held_stays_until_it_is_released(site: Site) -> None:
    over(site)
    begin, end = START, START + timedelta(minutes=15)
    hold(*site.given, "H-1", "CAM-01", begin, end, "asked for by the court", clock=site.clock)
    assert asked(site).kept == {"held": 2}
    release_hold(*site.given, "H-1", "the court has a copy", clock=site.clock)
    assert len(asked(site).removable) == 6
    with site.books.database.reading() as connection:
        (one,) = holds(connection, site.books.database.metadata)
    assert one.to_dict()["state"] == "released"
    with pytest.raises(NotFoundError):
        release_hold(*site.given, "H-1", "again", clock=site.clock)


def test_what_is_named_stays(site: Site) -> None:
    over(site)
    digest = site.rows()[0]["digest"]
    site.reviewed(START, START + DAY, evidence=digest, review="REV-2")
    site.now += 31 * DAY
    assert asked(site).kept == {"named": 1}
    record_view(
        *site.given, "CAM-01", "pond", START, reference=("r.png", picture(1)), clock=site.clock
    )
    assert asked(site).kept == {"named": 2}
    make_case_file(
        *site.given, "CAM-01", START + timedelta(minutes=30), START + timedelta(minutes=40),
        site.folder / "case.zip", clock=site.clock,
    )  # fmt: skip
    assert asked(site).kept == {"named": 4}


def test_an_anomaly_stays(site: Site) -> None:
    over(site)
    site.reviewed(START, START + timedelta(minutes=5), conclusion="negative", reason="OPENED")
    site.now += 31 * DAY
    assert asked(site).kept == {"anomaly": 1}


def test_removing_leaves_a_sound_record(site: Site) -> None:
    over(site)
    done = apply_retention(*site.given, clock=site.clock)
    assert done.act is not None and (done.files, done.finished) == (6, 6)
    database = site.books.database
    assert not any(database.evidence.path(row["digest"]).exists() for row in site.rows())
    assert verify(database).sound and len(site.rows(IMAGE_REMOVAL.name)) == 6
    assert asked(site) == Retention((), {})
    assert apply_retention(*site.given, clock=site.clock).act is None
    problems: list[Any] = []
    standalone.check_books(str(database.path), str(database.evidence.folder), None, problems)
    assert not problems
    summary = backup(database, site.folder / "b.keiryo")
    assert not summary.missing_evidence
    restored = restore(site.folder / "b.keiryo", site.folder / "o.sqlite", database.registry)
    assert restored.sound


def test_other_evidence_that_is_gone_is_still_found(site: Site) -> None:
    over(site)
    record_view(
        *site.given, "CAM-01", "pond", START, reference=("r.png", picture(77)), clock=site.clock
    )
    apply_retention(*site.given, clock=site.clock)
    (view,) = site.rows("surveillance_view")
    site.books.database.evidence.path(view["reference"]).unlink()
    assert [one.code for one in verify(site.books.database).problems] == ["EVIDENCE-CHANGED"]


def test_a_kill_after_the_act_is_finished_by_the_next_run(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(site)

    def killed(store: EvidenceStore, digest: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(EvidenceStore, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        apply_retention(*site.given, clock=site.clock)
    monkeypatch.undo()
    assert verify(site.books.database).sound
    done = apply_retention(*site.given, clock=site.clock)
    assert done.act is None and done.finished == 6


def test_what_was_removed_does_not_come_back_by_itself(site: Site) -> None:
    over(site)
    apply_retention(*site.given, clock=site.clock)
    done = site.ingest(site.folder / "in", set_name="again")
    assert (done.new, done.duplicates) == (0, 6)
    assert not any(site.books.database.evidence.path(r["digest"]).exists() for r in site.rows())


def removal(site: Site, digest: str, camera: str = "CAM-01", times: int = 1) -> list[str]:
    draft = Draft("surveillance.remove", "x")
    for _ in range(times):
        draft.add(IMAGE_REMOVAL.name, scope=SCOPE, camera=camera, digest=digest, rule="mine")
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    return codes(error.value)


def test_no_act_says_that_other_evidence_was_removed(site: Site) -> None:
    digest = site.rows()[0]["digest"]
    assert removal(site, digest) == ["REMOVAL-NO-PERIOD"]
    site.camera(retention_days=1)
    assert removal(site, digest) == ["REMOVAL-NOT-REVIEWED"]
    over(site)
    assert removal(site, "0" * 64) == ["REMOVAL-NOT-IMAGE"]
    assert removal(site, digest, "CAM-09") == ["CAMERA-UNKNOWN"]
    assert removal(site, digest, times=2) == ["REMOVAL-TWICE"]
    hold(*site.given, "H-1", "CAM-01", START, START, "court", clock=site.clock)
    assert removal(site, digest) == ["REMOVAL-HELD"]
    release_hold(*site.given, "H-1", "over", clock=site.clock)
    record_view(
        *site.given, "CAM-01", "pond", START, reference=("r.png", picture(0)), clock=site.clock
    )
    assert removal(site, digest) == ["REMOVAL-NOT-IMAGE", "REMOVAL-NAMED"]
    site.reviewed(START, START + DAY, conclusion="negative", reason="OPENED")
    assert "REMOVAL-ANOMALY" in removal(site, site.rows()[1]["digest"])


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"end_at": "2026-01-01T00:00:00.000000Z"}, "HOLD-PERIOD"),
        ({"reason": " "}, "HOLD-EMPTY"),
        ({"hold": "H-1", "camera": "CAM-02"}, "HOLD-CAMERA"),
        ({"camera": "CAM-09"}, "CAMERA-UNKNOWN"),
    ],
)
def test_holds_that_cannot_be(site: Site, values: dict[str, Any], code: str) -> None:
    site.camera("CAM-02")
    hold(*site.given, "H-1", "CAM-01", START, START, "court", clock=site.clock)
    at = "2026-03-01T08:00:00.000000Z"
    line = {"hold": "H-2", "camera": "CAM-01", "begin_at": at, "end_at": at, "reason": "court"}
    draft = Draft("surveillance.hold", "h")
    draft.add(IMAGE_HOLD.name, {**line, "state": "held", **values}, scope=SCOPE)
    with pytest.raises(RefusedError) as error:
        post(site.books.database, draft, site.books.actor, clock=site.clock)
    assert codes(error.value) == [code]


def test_the_store_removes_digests_only(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "e")
    digest = store.put(b"x")
    (tmp_path / "f").write_bytes(b"y" * 3_000_000)
    large = store.put_file(tmp_path / "f")
    assert store.is_sound(large) and store.put_file(tmp_path / "f") == large
    assert store.remove(digest) and not store.remove(digest)
    with pytest.raises(ValueError, match="no SHA-256"):
        store.remove("../../x")
    assert list(store.digests()) == [large]
    assert not list((tmp_path / "e").glob(".incoming*"))
