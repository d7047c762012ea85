"""Neutrons of a declared and licensed source: who verifies it may decide that it is innocent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alarm_cases.alarm_books import DAY, HQ, PORT, SEEN, Desk, answer, codes
from keiryo.alarm_cases.recording_explanations import explain_case
from keiryo.errors import RefusedError
from keiryo.export_control.recording import record_file
from keiryo.journal.model import Draft
from keiryo.journal.posting import post


def declared(title: str) -> bytes:
    """Return a register with a licensed import of a source, as `lane-day` has of uranium."""
    told: dict[str, Any] = json.loads((DAY / "register.json").read_text())
    (item,), (licence,), (transfer,), (box,) = told.values()
    item |= {"title": title, "material": "other", "control_list": "national", "entry": "S.1"}
    item |= {"unit": "piece", "item": "SOURCE"}
    item.pop("categories")
    licence |= {"item": "SOURCE", "quantity": "1", "unit": "piece"}
    licence.pop("counts")
    transfer |= {"item": "SOURCE", "quantity": "1", "unit": "piece"}
    transfer.pop("category"), transfer.pop("fissile_g")
    box |= {"item": "SOURCE"}
    return json.dumps(told).encode()


@pytest.fixture
def desk(sqlite_url: str) -> Desk:
    return Desk(sqlite_url)


def to_categorized(desk: Desk, title: str, *nuclides: tuple[str, str]) -> None:
    record_file(desk.database, HQ, "register.json", declared(title))
    desk.raise_(neutron_alarm=1, container="MSKU0000011", consignee="Fuel Plant")
    desk.to_characterized(neutrons=1)
    desk.step("IDENTIFIED", content=answer(*nuclides))
    desk.step("CATEGORIZED", category="INDUSTRIAL")


def refused(desk: Desk, who: Any = HQ, **more: Any) -> set[str]:
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_DECLARED", who=who, **more)
    return codes(error)


def test_headquarters_close_a_declared_neutron_source_that_they_verified(desk: Desk) -> None:
    to_categorized(desk, "Am-241/Be neutron source of a gauge", ("Am-241", "industrial"))
    assert refused(desk) == {"ALARM-NEUTRONS", "ALARM-UNEXPLAINED"}
    explain_case(desk.database, PORT, "A-1", declared=True)
    assert refused(desk, evidence=SEEN) == {"ALARM-NEUTRONS"}  # not before headquarters yet
    desk.step("ESCALATED", receiver="duty officer")
    assert refused(desk) == {"ALARM-EVIDENCE"}
    assert refused(desk, who=PORT, evidence=SEEN) == {"ALARM-SAME-PERSON"}
    with pytest.raises(RefusedError) as error:
        desk.step("INNOCENT_UNDECLARED", who=HQ, evidence=SEEN)
    assert codes(error) == {"ALARM-NEUTRONS"}
    desk.step("INNOCENT_DECLARED", who=HQ, evidence=SEEN)
    assert desk.step("CLOSED", who=HQ).act.kind == "alarm.headquarters"


@pytest.mark.parametrize(
    ("title", "nuclides", "told"),
    [
        ("Am-241 for smoke detectors", [("Am-241", "industrial")], {"ALARM-NEUTRONS"}),
        (
            "Cf-252 source",
            [("Cs-137", "industrial")],
            {"ALARM-NEUTRONS", "ALARM-UNEXPLAINED"},
        ),
        (
            "Cf-252 source",
            [("Cf-252", "industrial"), ("Cs-137", "industrial")],
            {"ALARM-UNEXPLAINED"},
        ),
    ],
)
def test_what_is_not_declared_to_emit_neutrons_explains_none(
    desk: Desk, title: str, nuclides: list[tuple[str, str]], told: set[str]
) -> None:
    to_categorized(desk, title, *nuclides)
    if nuclides[0][0] in title:
        explain_case(desk.database, PORT, "A-1", declared=True)
    desk.step("ESCALATED", receiver="duty officer")
    assert refused(desk, evidence=SEEN) == told


def test_the_pipeline_refuses_neutrons_that_the_declaration_does_not_tell(desk: Desk) -> None:
    to_categorized(desk, "Am-241 for smoke detectors", ("Am-241", "industrial"))
    explain_case(desk.database, PORT, "A-1", declared=True)
    (line,) = desk.case().standing_explanations
    own = ("alarm", "kind", "reference", "nuclides", "given", "words", "void")
    values = {name: line[name] for name in own}
    values["given"] = json.dumps({"neutron_emitters": ["Am-241"]})
    draft = Draft("alarm.assess", "by hand")
    draft.add("alarm_explanation", values, scope="XH")
    with pytest.raises(RefusedError) as error:
        post(desk.database, draft, PORT)
    assert codes(error) == {"ALARM-DECLARATION"}
