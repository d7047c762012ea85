"""Commands of cameras and images, as people type them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import keiryo
from keiryo.cli.app import app
from keiryo.cli.options import Given
from keiryo.errors import KeiryoError, NotFoundError, RefusedError, UsageError
from keiryo.journal.posting import post
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.registration import area_draft
from surveillance.camera_books import fill, picture

DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)


class Typed:
    """Types commands of surveillance."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.folder = place, place.parent
        monkeypatch.setenv("KEIRYO_DB", str(place))

    def run(self, words: str, *more: object, code: int = 0) -> str:
        Given.db = Given.format = None
        typed = ["surveillance", *words.split(), *map(str, more)]
        result = CliRunner().invoke(app, typed)
        if isinstance(result.exception, KeiryoError):
            raise result.exception
        assert result.exit_code == code, (result.output, result.exception)
        return result.stdout

    def answer(self, words: str, *more: object, code: int = 0) -> Any:
        return json.loads(self.run(words, *more, "--format", "json", code=code))


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    books = keiryo.init(tmp_path / "books.sqlite", "XA")
    area = MaterialBalanceArea("XA", "XAF1", "XARA")
    post(books.database, area_draft(area, "area"), books.actor)
    books.disconnect()
    made = Typed(tmp_path / "books.sqlite", monkeypatch)
    made.run("camera register CAM-01 --mba XARA --interval 600 --tolerance 30 --depends-on power")
    return made


def test_cameras(typed: Typed) -> None:
    typed.run("camera register CAM-01 --retention 5 --clock Europe/Vienna")
    (one,) = typed.answer("camera list")
    assert (one["interval_ms"], one["retention_days"], one["depends_on"]) == (600_000, 5, ["power"])
    (typed.folder / "mask.png").write_bytes(picture(1))
    begin = f"{DAY:%Y-%m-%dT%H:%MZ}"
    typed.run("view CAM-01", "the pond", "--from", begin, "--mask", typed.folder / "mask.png")
    typed.run("zone CAM-01", "clock:ignore:0,0 0.2,0 0.2,0.1:burnt-in", "door:TRIP:0,0 1,0 1,0.2")
    typed.run("clock CAM-01 --at", begin, "--shown", f"{DAY:%Y-%m-%dT%H:%M:01Z}")
    typed.run("clock CAM-01 --at", f"{DAY:%Y-%m-%dT%H:30Z}", "--offset", "1.5")
    told = typed.answer("camera show CAM-01")
    assert [zone["zone"] for zone in told["views"][0]["zones"]] == ["clock", "door"]
    assert [one["offset_ms"] for one in told["clock_readings"]] == [-1_000, 1_500]
    assert "zone clock IGNORE" in typed.run("camera show CAM-01")
    assert "CAM-01" in typed.run("camera list")
    typed.run("camera register CAM-01 --interval 0")
    assert typed.answer("camera show CAM-01")["interval_ms"] is None


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("camera register CAM-02", UsageError),
        ("camera register CAM-02 --mba XARB", NotFoundError),
        ("camera register CAM-01 --interval -1", UsageError),
        ("camera register CAM-01 --interval nan", UsageError),
        ("camera show CAM-09", NotFoundError),
        ("zone CAM-01 door", UsageError),
        ("zone CAM-01 door:TRIP:0,0", RefusedError),
        ("clock CAM-01 --at 2026-03-01T00:00Z", UsageError),
        ("clock CAM-01 --at 2026-03-01 --offset 1", UsageError),
        ("view CAM-01 pond --from 2026-03-01T00:00Z --mask nowhere.png", UsageError),
        ("declare D --mba XARA --from x --to y --sensor camera:CAM-01", UsageError),
        ("withdraw D --reason x", NotFoundError),
        ("ingest CAM-01 nowhere", NotFoundError),
        ("ingest CAM-01 nowhere --interval 0", UsageError),
        ("images CAM-09", NotFoundError),
        ("release-hold H --reason x", NotFoundError),
        ("check-case nowhere.zip", NotFoundError),
        ("case-file CAM-01 o.zip --from 2026-03-01T00:00Z --to 2026-03-02T00:00Z", NotFoundError),
    ],
)
def test_what_is_refused(typed: Typed, words: str, error: type[KeiryoError]) -> None:
    with pytest.raises(error):
        typed.run(words)


def test_images_come_in_and_go_out_as_a_case(typed: Typed) -> None:
    paths = fill(typed.folder / "in", 4, start=DAY)
    paths[2].write_bytes(b"broken")
    done = typed.answer("ingest CAM-01", typed.folder / "in", "--set", "S-1", "--custody", "A | B")
    assert (done["new"], done["unreadable"], done["repeated"]) == (4, 1, False)
    assert [one["rule"] for one in done["findings"]] == ["IMAGE-UNREADABLE"]
    assert "Nothing is new" in typed.run("ingest CAM-01", typed.folder / "in", "--set", "S-1")
    (day,) = typed.answer("images CAM-01")
    assert (day["images"], day["unreadable"]) == (4, 1)
    assert len(typed.answer("images CAM-01 --each --from", f"{DAY:%Y-%m-%dT00:10Z}")) == 3
    assert typed.answer("images CAM-01 --sets")[0]["custody"] == "A → B"
    out, period = typed.folder / "case.zip", ("--from", f"{DAY:%Y-%m-%dT00:00Z}")
    end = ("--to", f"{DAY:%Y-%m-%dT23:00Z}")
    made = typed.answer("case-file CAM-01", out, *period, *end)
    assert made["images"] == 4
    assert typed.answer("check-case", out)["sound"]
    assert typed.run("check-case", out).startswith("Sound")
    out.write_bytes(out.read_bytes()[:-1])
    assert "NOT SOUND" in typed.run("check-case", out, code=1)
    assert not typed.answer("check-case", out, code=1)["sound"]


def test_an_anomaly_gives_exit_code_1(typed: Typed) -> None:
    path = fill(typed.folder / "in", 2, start=DAY)[0]
    typed.run("ingest CAM-01", typed.folder / "in")
    path.write_bytes(picture(40))
    told = typed.run("ingest CAM-01", typed.folder / "in", code=1)
    assert "1 new, 1 received before" in told


def test_retention_and_holds(typed: Typed) -> None:
    fill(typed.folder / "in", 2, start=DAY)
    typed.run("ingest CAM-01", typed.folder / "in")
    assert typed.answer("retention") == {"removable": [], "kept": {"no-period": 2}}
    assert "2 files stay" in typed.run("retention")
    begin, end = f"{DAY:%Y-%m-%dT00:00Z}", f"{DAY:%Y-%m-%dT01:00Z}"
    typed.run("hold H-1 --camera CAM-01 --from", begin, "--to", end, "--reason", "court")
    assert typed.answer("holds")[0]["state"] == "held"
    assert typed.answer("retention")["kept"] == {"held": 2}
    typed.run("release-hold H-1 --reason over")
    assert "Nothing may be removed" in typed.run("retention --apply")
    assert typed.answer("retention --apply")["act"] is None


def test_operations(typed: Typed) -> None:
    typed.run(
        "declare D-1 --mba XARA --from 2026-03-01T08:00Z --to 2026-03-01T09:00Z "
        "--sensor camera:CAM-01 --item C-7 --events 1 --min-visible 90 --process load --step 1"
    )
    table = typed.folder / "ops.csv"
    table.write_text(
        "operation,from,to,sensors\nD-2,2026-03-02T08:00Z,2026-03-02T09:00Z,camera:CAM-01\n"
    )
    assert typed.answer("import-operations XARA", table)["declared"] == 1
    assert "Nothing is new" in typed.run("import-operations XARA", table)
    typed.run("withdraw D-1 --reason", "put off")
    assert [one["operation"] for one in typed.answer("operations")] == ["D-2"]
    assert len(typed.answer("operations --all --mba XARA --from 2026-03-01T00:00Z")) == 2
    assert "D-2" in typed.run("operations --to 2026-03-03T00:00Z")
