"""Who evaluates may choose the false-alarm probability, but not what stands for the balance."""

from __future__ import annotations

import csv
import datetime
import io
from typing import Any

import pytest

from keiryo.errors import UsageError
from keiryo.evaluation.dependents import dependents
from keiryo.evaluation.recorded import recorded_evaluations
from keiryo.evaluation.recording import record_evaluations
from keiryo.evaluation.service import Options, evaluate_balance, outdated_evaluations
from web.api_client import program
from web.site import Site
from web.test_evaluation_pages import AREA, fields, words

FIRST = datetime.date(2025, 1, 1)


def standing(site: Site, *, every: bool = False) -> list[dict[str, Any]]:
    with site.database.reading() as connection:
        return recorded_evaluations(connection, site.database.metadata, "XAFA", every=every)


def record(site: Site, alpha: float, category: str = "E") -> int:
    options = Options(alpha)
    actor = site.actor("accountant")
    found = record_evaluations(site.database, "XAFA", actor, category=category, options=options)
    return found[1][0].act.act_id


@pytest.mark.parametrize("alpha", [1e-300, 0.00009, 0.51, 0.999999])
def test_no_evaluation_out_of_bounds(site: Site, alpha: float) -> None:
    before = standing(site, every=True)
    with pytest.raises(UsageError, match=r"false-alarm probability") as error:
        record(site, alpha)
    assert "from 0.0001 to 0.5" in error.value.advice
    with pytest.raises(UsageError):
        evaluate_balance(site.database, "XAFA", options=Options(alpha))
    asked = program(site, "accountant").post("/areas/XAFA/evaluations", {"alpha": alpha})
    assert asked.status_code == 400, asked.text
    with site.client("accountant") as accountant:
        percent = {"alpha": repr(100 * alpha)}
        assert accountant.get(f"{AREA}/record", params=percent).status_code == 400
        page = accountant.get(AREA, params=percent)
        assert page.status_code == 400 and "from 0.01 to 50" in words(page.text)
        data = fields(accountant.get(f"{AREA}/record"), f"{AREA}/record")
        assert accountant.post(f"{AREA}/record", {**data, **percent}).status_code == 400
    assert standing(site, every=True) == before


def test_the_verdict_at_the_standard_stands(site: Site) -> None:
    before = standing(site)
    assert {row["alpha"] for row in before} == {0.05}
    study = record(site, 0.0001)
    assert study != before[0]["act"] and standing(site) == before
    assert len(standing(site, every=True)) == 2 * len(before)
    with site.database.reading() as connection:
        metadata = site.database.metadata
        act = metadata.tables["act"]
        corrects = connection.execute(act.select().where(act.c.act_id == study)).one().corrects
        node = f"line:{before[0]['act']}/{before[0]['line']}"
        found = [link.source for link in dependents(connection, metadata, node)]
        assert not outdated_evaluations(connection, metadata, before)
    assert corrects is None
    assert any(source.startswith("evaluation:XAFA/") for source in found)
    with site.client("officer") as officer:
        rows = list(csv.DictReader(io.StringIO(officer.get("/evaluation?format=csv").text)))
        (row,) = [row for row in rows if row["mba"] == "XAFA"]
        assert (row["act"], float(row["alpha"])) == (str(before[0]["act"]), 5.0)
        assert row["state"] == "current"
        history = list(csv.DictReader(io.StringIO(officer.get(f"{AREA}?r-format=csv").text)))
        states = {(float(row["alpha"]), row["state"]) for row in history}
        assert states == {(5.0, "current"), (0.01, "not at the standard")}
        assert "Every recorded evaluation holds" in words(officer.get("/").text)
    listed = program(site, "officer").get("/areas/XAFA/evaluations").json()["items"]
    assert {(item["alpha"], item["standard"]) for item in listed} == {(0.05, True)}
    assert record(site, 0.05) == before[0]["act"]  # it still stands: nothing new
    assert record(site, 0.0001) == study


def test_a_study_alone_is_said_to_be_one(site: Site) -> None:
    study = record(site, 0.01, "N")
    with site.client("officer") as officer:
        (row,) = [
            row
            for row in csv.DictReader(io.StringIO(officer.get("/evaluation?format=csv").text))
            if row["category"] == "N"
        ]
        assert (row["act"], row["state"]) == (str(study), "not at the standard")
        overview = words(officer.get("/").text)
        assert "Evaluations to be made again" in overview
        assert "at 1 % false alarms, not at the standard of 5 %" in overview
        for path in (f"{AREA}?alpha=1", f"{AREA}/record?alpha=1"):
            assert "does not take its place" in words(officer.get(path).text)
        for path in (AREA, f"{AREA}/record"):
            assert "does not take its place" not in words(officer.get(path).text)
    record(site, 0.05, "N")
    assert {row["alpha"] for row in standing(site)} == {0.05}
