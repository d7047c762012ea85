"""Missions of experts: steps as a table, what each needs, findings until they are settled."""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import keiryo
from keiryo.api import Books
from keiryo.cli.app import app
from keiryo.cli.options import Given
from keiryo.cooperation.exchange_tables import (
    EXPERT_MISSION,
    MISSION_FINDING,
    MISSION_MEMBER,
    MISSION_STEP,
)
from keiryo.cooperation.missions import (
    FINDING_STEPS,
    STEPS,
    FindingStep,
    Mission,
    MissionRequest,
    MissionStep,
    get_mission,
    record_mission_finding,
    request_mission,
    take_mission_step,
)
from keiryo.cooperation.recording import record_register, shipped_register
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why

DAY = datetime.date(2026, 11, 1)
REPORT = (("report.txt", b"What we saw."),)
TEAM = (("A. Smith", "INT.IAEA", "leader"), ("B. Jones", None, "expert"))


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "JP", person="P-TEST2345")
    record_register(made.database, made.actor, shipped_register(), "agreements.json")
    return made


def request(books: Books, **more: Any) -> str:
    wanted = MissionRequest("IPPAS", "Physical protection", "JP.JAEA", "INT.IAEA", DAY)
    return request_mission(books.database, books.actor, replace(wanted, **more))[0]


def step(books: Books, name: str, state: str, **more: Any) -> int:
    wanted = replace(MissionStep(name, state, DAY, "as agreed"), **more)
    return take_mission_step(books.database, books.actor, wanted).act.act_id


def finding(books: Books, name: str, number: str, **more: Any) -> int:
    wanted = replace(FindingStep(name, number, DAY), **more)
    return record_mission_finding(books.database, books.actor, wanted).act.act_id


def standing(books: Books, name: str) -> Mission:
    with books.database.reading() as connection:
        return get_mission(connection, books.database.metadata, name)


def refused(work: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as error:
        work()
    assert all(one.advice for one in error.value.findings)
    return [(one.code, one.message) for one in error.value.findings]


STEPS_OF_ONE: list[tuple[str, dict[str, Any]]] = [
    ("terms_agreed", {"terms": "Look at the transport of fuel."}),
    ("prepared", {"prepared_on": DAY}),
    (
        "planned",
        {
            "team": TEAM,
            "first_day": DAY,
            "last_day": DAY + datetime.timedelta(days=9),
            "sites": ("Tokai",),
        },
    ),
    ("under_way", {}),
    ("report_draft", {"files": REPORT}),
    ("host_review", {}),
    ("report_final", {"files": REPORT, "side": "JP.JAEA"}),
    ("report_released", {"side": "JP.JAEA"}),
    ("closed", {}),
]


def carried_out(books: Books, until: str, **more: Any) -> str:
    name = request(books, **more)
    for state, given in STEPS_OF_ONE:
        step(books, name, state, **given)
        if state == until:
            break
    return name


def test_a_mission_from_request_to_close(books: Books) -> None:
    name = carried_out(books, "closed", caveats=("official-use",), under="i.us-jp-2006")
    found = standing(books, name)
    assert found.state == "closed" and found.values["caveat"] == "official-use"
    assert [s["caveat"] for s in found.steps] == ["official-use"] * len(STEPS_OF_ONE)
    told = found.to_dict(DAY)
    assert told["sites"] == ["Tokai"] and told["terms"].startswith("Look")
    assert [one["part"] for one in told["team"]] == ["leader", "expert"]
    assert told["last_day"] == "2026-11-10"


def test_each_step_needs_what_it_needs(books: Books) -> None:
    name = request(books)
    for state, given in STEPS_OF_ONE:
        if given:
            codes = refused(lambda state=state: step(books, name, state))
            assert {code for code, _words in codes} == {"MISSION-STEP"}, state
        step(books, name, state, **given)
    assert standing(books, name).state == "closed"


def test_only_the_steps_of_the_table(books: Books) -> None:
    name = request(books)
    path = ["requested"]
    for state, given in STEPS_OF_ONE:
        for other in set(STEPS) - STEPS[path[-1]]:
            found = refused(lambda other=other: step(books, name, other))
            assert any("cannot become" in words for _code, words in found), (path[-1], other)
        step(books, name, state, **given)
        path.append(state)
    assert all(b in STEPS[a] for a, b in itertools.pairwise(path))
    assert "it is over" in str(refused_advice(books, name))


def refused_advice(books: Books, name: str) -> list[str]:
    with pytest.raises(RefusedError) as error:
        step(books, name, "requested")
    return [one.advice for one in error.value.findings]


def test_a_visit_needs_no_preparatory_meeting(books: Books) -> None:
    name = request(books, kind="technical-visit")
    step(books, name, "terms_agreed", terms="See the laboratory.")
    step(books, name, "planned", **STEPS_OF_ONE[2][1])
    no_leader = (("A. Smith", None, "left"),)
    found = refused(lambda: step(books, name, "planned", team=no_leader))
    assert any("no leader" in words for _code, words in found)
    early = {"first_day": DAY + datetime.timedelta(days=5)}
    step(books, name, "planned", **early)
    assert "it begins on" in refused(lambda: step(books, name, "under_way"))[0][1]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "OSART-like"}, "MISSION-KIND"),
        ({"host": "XX.NOBODY"}, "COOPERATION-ORGANISATION"),
        ({"under": "i.nothing"}, "COOPERATION-NAME"),
        ({"caveats": ("top-hush",)}, "CAVEAT-UNKNOWN"),
        ({"follows": "mission.0099"}, "MISSION-FOLLOWS"),
    ],
)
def test_what_cannot_be_asked_for(books: Books, more: dict[str, Any], code: str) -> None:
    assert [one for one, _words in refused(lambda: request(books, **more))] == [code]


def test_days_of_a_mission(books: Books) -> None:
    name = request(books)
    day = DAY - datetime.timedelta(days=1)
    assert tuple(
        code for code, _ in refused(lambda: step(books, name, "terms_agreed", terms="x", on=day))
    ) == ("MISSION-DAY",)
    for state, given in STEPS_OF_ONE[:2]:
        step(books, name, state, **given)
    backwards = {**STEPS_OF_ONE[2][1], "last_day": day}
    codes = refused(lambda: step(books, name, "planned", **backwards))
    assert [code for code, _words in codes] == ["MISSION-DAY"]
    with pytest.raises(NotFoundError, match="no mission"):
        step(books, "mission.0099", "planned")


def test_past_the_service(books: Books) -> None:
    name = request(books, caveats=("official-use",))

    def posted(kind: str, /, **values: Any) -> list[str]:
        draft = Draft("cooperation.mission_step", "past the service")
        draft.add(kind, scope="JP", **values)
        return [code for code, _w in refused(lambda: post(books.database, draft, books.actor))]

    taken = {"before": "requested", "state": "declined", "on_day": 20261101, "reason": "no"}
    assert posted(MISSION_STEP.name, mission="x", **taken) == ["MISSION-UNKNOWN"]
    assert posted(MISSION_STEP.name, mission=name, **taken) == ["CAVEAT-LOST"]
    taken["before"] = "planned"
    marked = {"mission": name, "caveat": "official-use"}
    assert posted(MISSION_STEP.name, **marked, **taken) == ["MISSION-STEP"]
    assert posted(MISSION_MEMBER.name, **marked, person="A", part="cook") == ["MISSION-KIND"]
    assert posted(MISSION_STEP.name, **marked, **{**taken, "on_day": 1}) == ["COOPERATION-DAY"]
    anew = {"mission": name, "kind": "IPPAS", "title": "x", "host": "JP.JAEA"}
    anew |= {"provider": "INT.IAEA"}
    assert posted(EXPERT_MISSION.name, **anew, requested_on=20261101) == ["CAVEAT-LOST"]
    late = {"number": "R1", "kind": "boast", "words": "x", "state": "open", "on_day": 20261101}
    assert set(posted(MISSION_FINDING.name, **marked, **late)) == {"MISSION-FINDING"}


RECOMMENDED = {"kind": "recommendation", "words": "Train the guards."}
ACCEPTED: dict[str, Any] = {
    "state": "accepted",
    "owner": "P-TEST2345",
    "plan": "a course",
    "due_on": DAY,
}


def test_a_finding_until_a_follow_up_mission_has_looked(books: Books) -> None:
    name = carried_out(books, "report_draft")
    finding(books, name, "R1", **RECOMMENDED)
    finding(books, name, "G1", kind="good-practice", words="Good maps.")
    step(books, name, "host_review")
    step(books, name, "report_final", files=REPORT, side="JP.JAEA")
    codes = refused(lambda: step(books, name, "closed"))
    assert "R1" in codes[0][1] and "G1" not in codes[0][1]
    assert refused(lambda: finding(books, name, "R1", state="accepted"))
    finding(books, name, "R1", **ACCEPTED)
    later = DAY + datetime.timedelta(days=1)
    found = {one["number"]: one for one in standing(books, name).to_dict(later)["findings"]}
    assert found["R1"]["overdue"] and not found["G1"]["overdue"]
    assert refused(lambda: finding(books, name, "R1", state="done"))
    finding(books, name, "R1", state="done", files=(("course.txt", b"done"),))
    assert "follow-up" in refused(lambda: finding(books, name, "R1", state="verified"))[0][1]
    again = request(books, title="Follow-up", follows=name)
    finding(books, name, "R1", state="verified", follow_up=again)
    found = {one["number"]: one for one in standing(books, name).to_dict(later)["findings"]}
    assert found["R1"]["state"] == "verified" and found["R1"]["owner"] == "P-TEST2345"
    assert not found["R1"]["overdue"] and found["R1"]["evidence"]
    step(books, name, "closed")
    assert "final" in refused(lambda: finding(books, name, "G1", words="Better maps."))[0][1]


def test_findings_go_by_their_table(books: Books) -> None:
    name = carried_out(books, "under_way")
    finding(books, name, "S1", kind="suggestion", words="Buy lamps.")
    for other in ("done", "verified", "in_progress", "noted"):
        words = [
            w for _c, w in refused(lambda other=other: finding(books, name, "S1", state=other))
        ]
        assert any("cannot become" in one for one in words)
    assert "no reason" in refused(lambda: finding(books, name, "S1", state="rejected"))[0][1]
    finding(books, name, "S1", state="rejected", reason="there are lamps")
    assert not FINDING_STEPS["rejected"]
    planned = carried_out(books, "planned")
    assert "planned" in refused(lambda: finding(books, planned, "R1", **RECOMMENDED))[0][1]
    assert "begins as" in str(
        [
            one.advice
            for one in _error(lambda: finding(books, name, "R9", state="done", **RECOMMENDED))
        ]
    )
    evidence = {"evidence": ("act:999",), **RECOMMENDED}
    assert refused(lambda: finding(books, name, "R2", **evidence))[0][0] == "COOPERATION-EVIDENCE"


def _error(work: Callable[[], object]) -> Any:
    with pytest.raises(RefusedError) as error:
        work()
    return error.value.findings


def test_a_follow_up_bears_the_caveats_of_what_it_follows(books: Books) -> None:
    name = carried_out(books, "under_way", caveats=("safeguards-confidential",))
    again = request(books, follows=name, caveats=("official-use",))
    assert standing(books, again).caveats == {"official-use", "safeguards-confidential"}


def test_the_way_back_to_the_mission(books: Books) -> None:
    name = carried_out(books, "report_draft", under="i.us-jp-2006")
    again = request(books, follows=name)
    act = finding(books, name, "R1", **RECOMMENDED, files=REPORT)
    database = books.database
    with database.reading() as connection:
        metadata, registry = database.metadata, database.registry
        for node in (f"line:{act}/2", f"cooperation:{again}"):
            chain = why(connection, metadata, registry, node, limit=500)
            own = [one for one in chain.links if one.source in (node, f"cooperation:{name}")]
            assert {one.target for one in own} >= {
                f"cooperation:{name}",
                "cooperation:i.us-jp-2006",
            }
            for link in own:
                if link.relation in ("is about", "shown by", "follows up", "stands under"):
                    assert link in dependents(connection, metadata, registry, link.target, 500)


def test_the_commands(
    books: Books, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEIRYO_DB", sqlite_url)
    assert books

    def run(*arguments: str) -> Any:
        Given.db = Given.format = None
        return CliRunner().invoke(app, ["cooperation", "mission", *arguments])

    paper = tmp_path / "report.txt"
    paper.write_text("report")
    asked = ["--title", "Visit", "--kind", "training", "--host", "JP.JAEA"]
    done = run("request", *asked, "--provider", "US.DOE", "--on", "2026-11-01")
    assert done.exit_code == 0 and "mission.0001" in done.output
    day = ["--reason", "agreed", "--on", "2026-11-02"]
    one = "mission.0001"
    assert run("step", one, "terms_agreed", "--evidence", str(paper), *day).exit_code == 0
    plan = ["--member", "leader:A. Sato@JP.JAEA", "--site", "Tokai", "--site", "Oarai"]
    plan += ["--from", "2026-11-02", "--to", "2026-11-05"]
    assert run("step", one, "planned", *plan, *day).exit_code == 0
    assert run("step", one, "under_way", *day).exit_code == 0
    assert isinstance(run("step", one, "closed", *day).exception, RefusedError)
    assert isinstance(run("step", one, "x", "--member", "A", *day).exception, UsageError)
    said = ["--kind", "suggestion", "--words", "Buy lamps.", "--on", "2026-11-03"]
    assert run("finding", one, "S1", *said).exit_code == 0
    told = json.loads(run("show", one, "--format", "json").output)
    assert told["sites"] == ["Tokai", "Oarai"] and told["findings"][0]["words"] == "Buy lamps."
    assert "A. Sato" in run("show", one).output
    assert "under_way" in run("list").output
    assert json.loads(run("list", "--state", "closed", "--format", "json").output) == []
    assert isinstance(run("list", "--state", "x").exception, UsageError)
    assert isinstance(run("show", "mission.0099").exception, NotFoundError)
