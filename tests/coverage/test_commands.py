"""The commands of containment and coverage, as JSON and in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from coverage_books import Watched, section_test
from keiryo.cli import containment, coverage
from keiryo.errors import KeiryoError
from small_books import STORE, SmallBooks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run a command on books of this module; a refusal is raised."""
    folder = tmp_path_factory.mktemp("commands")
    place = folder / "books.sqlite"
    made = SmallBooks(f"sqlite:///{place}", XHS1=STORE, XHS2=STORE)
    app = typer.Typer()
    containment.register(app)
    coverage.register(app)
    group = typer.Typer()
    coverage.add_commands(group)
    group.command("other")(lambda: None)
    app.add_typer(group, name="surveillance")
    (folder / "w.csv").write_text("400 g")

    def call(*words: str) -> str:
        env = {"KEIRYO_DB": str(place), "KEIRYO_PERSON": "P-TEST2345"}
        answer = CliRunner().invoke(app, [*words], env=env)
        if isinstance(answer.exception, KeiryoError):
            raise answer.exception
        assert answer.exit_code == 0, (answer.output, answer.exception)
        return answer.output

    call.folder = folder  # type: ignore[attr-defined]
    call.books = Watched(made)  # type: ignore[attr-defined]
    return call


def asked(run: Any, *words: str) -> Any:
    return json.loads(run(*words, "--format", "json"))


def test_the_commands(run: Any, tmp_path: Path) -> None:
    begin = ["--from", "2025-02-28T23:00Z"]
    run("containment", "add", "XHS1/store", "--kind", "room", "--path", "A", *begin)
    run("containment", "path", "XHS1/store", "B", *begin)
    run("containment", "hold", "XHS1/store", "FA-1", "FA-2", "--at", "2025-03-01T00:00Z")
    run("containment", "release", "XHS1/store", "FA-2", "--at", "2025-03-01T00:00:10Z")
    section_test(run.books)
    run("containment", "inspect", "XHS1/store", "--result", "intact", "--by", "Ito",
        "--at", "2025-03-01T00:30Z")  # fmt: skip
    [row] = asked(run, "containment", "list")
    assert row["containment"] == "XHS1/store" and row["items"] == 1
    shown = asked(run, "containment", "show", "XHS1/store")
    assert [way["path"] for way in shown["paths"]] == ["A", "B"]
    assert [one["batch"] for one in shown["holds"]] == ["XHS1/FA-1#1"]
    assert "store" in run("containment", "show", "XHS1/store")

    item = ["surveillance", "coverage", "XHS1/FA-1", "--on", "2025-03-01T00:00:41Z"]
    told = asked(run, *item, "--known-at", "2025-03-01T00:02:40Z")
    assert told["value"] == "NEGATIVE" and told["lost_since"] == "2025-03-01T00:00:40Z"
    assert told["continuity"] == "lost" and told["known_at"] == "2025-03-01T00:02:40Z"
    assert {way["level"] for way in told["paths"]} == {"single"}
    assert "NEGATIVE" in run(*item)
    before = asked(run, *item, "--through-act", "3")
    assert before["value"] == "NOT_COVERED" and before["through_act"] == 3
    day = asked(run, "surveillance", "coverage", "XHS1", "--on", "2025-03-01")
    assert day["at"] == "2025-03-02T00:00:00Z" and day["items"] == 2
    assert day["totals"]["NOT_COVERED"] == 2
    assert "NOT_COVERED" in run("surveillance", "coverage", "XHS1", "--on", "2025-03-01")

    line = asked(run, "coverage", "line", "XHS1/FA-1", "--from", "2025-03-01T00:00Z",
                 "--to", "2025-03-01T00:02Z")  # fmt: skip
    assert [step["value"] for step in line["steps"]] == [
        *("POSITIVE", "NEGATIVE", "INCONCLUSIVE", "NOT_COVERED"),
    ]
    assert line["losses"][0]["restored"] is None
    assert "lost from" in run("coverage", "line", "XHS1/FA-1")
    period = ["--from", "2025-03-01", "--to", "2025-03-01"]
    lost = asked(run, "coverage", "lost", "XHS1", *period)
    assert [one["name"] for one in lost["items"]] == ["FA-1", "FA-2"]
    assert [one["element_mg"] for one in lost["totals"]] == [700_000, 2_000]
    assert "400" in run("coverage", "lost", "XHS1", *period)

    [found] = asked(run, "coverage", "anomalies", "XHS1", "--record")
    assert found["anomaly"] == "XHS1/A-1" and found["state"] == "open"
    file = str(run.folder / "w.csv")
    how = ["--by", "Ito", "--at", "2025-03-01T01:00Z", "--result", "verified", "--evidence", file]
    run("coverage", "resolve", "XHS1/A-1", *how, "--reason", "opened for service")
    assert asked(run, "coverage", "anomalies", "XHS1", "--open") == []
    assert "resolved" in run("coverage", "anomalies", "XHS1")
    run("coverage", "report", "XHS1/store", "--reason", "fire", "--told", "IAEA", "--by", "Ito")
    run("coverage", "reverify", "XHS1/FA-1", "XHS1/FA-2", *how, "--method", "NDA")
    assert len(asked(run, "coverage", "lost", "XHS1", *period)["items"]) == 2  # not covered then

    table = tmp_path / "c.csv"
    table.write_text("mba,containment,batch,from\nXHS1,store,FA-2,2025-03-05T00:00Z\n")
    assert asked(run, "containment", "import", str(table))["recorded"] == 1
    assert "Nothing is new" in run("containment", "import", str(table))
    run("containment", "release", "XHS1/store", "--all", "--at", "2025-03-06T00:00Z")
    watched = ["containment", "watch", "XHS1/store", "A", "CAM-9", *begin]
    assert "camera:CAM-9 watches" in run(*watched, "--to", "2025-03-01T00:00Z")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["surveillance", "coverage", "NONE"], "no MBA"),
        (["surveillance", "coverage", "XHS1/FA-9"], "no batch"),
        (["surveillance", "coverage", "XHS1", "--on", "2025-03-01T00:00"], "offset"),
        (["surveillance", "coverage", "XHS1", "--known-at", "soon"], "no moment"),
        (["coverage", "lost", "XHS1", "--from", "2025-03-02", "--to", "2025-03-01"], "period"),
        (["coverage", "line", "XHS1"], "area and a name"),
        (["coverage", "report", "XHS1", "--reason", "r", "--told", "t", "--by", "b"], "compromis"),
        (["containment", "hold", "XHS1/x"], "went in"),
        (["containment", "release", "XHS1/x"], "what left"),
        (["containment", "show", "XHS1/x"], "no containment"),
        (["containment", "import", "none.csv"], "cannot be read"),
        (["containment", "inspect", "XHS1/x", "--result", "ok", "--by", "b"], "no result"),
        (
            [*("coverage", "reverify", "XHS1/a", "XHS2/b", "--method", "m"),
             *("--by", "b", "--result", "verified")],
            "several areas",
        ),
    ],
)  # fmt: skip
def test_commands_that_make_no_sense(run: Any, words: list[str], told: str) -> None:
    with pytest.raises(KeiryoError, match=told):
        run(*words)
