"""What is wrong in a facility graph is told with its code and place; states and dates count."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keiryo.protection.graph_file import GraphInput, read_graph_file
from keiryo.protection.inputs import InputError
from protection.graph_cases import worked

Edit = Callable[[dict[str, Any]], Any]
TASK = {"p_detection": 0.5, "where": "B", "delay": {"mean_s": 1, "sd_s": 0}}


def element(name: str, origin: str, to: str) -> dict[str, Any]:
    return {"id": name, "from": origin, "to": to, **copy.deepcopy(TASK)}


def read(folder: Path, edit: Edit, state: str | None = None) -> GraphInput:
    """Read the worked graph after an edit."""
    content = worked()
    edit(content)
    file = folder / "graph.json"
    file.write_text(json.dumps(content), "utf-8")
    return read_graph_file(file, state)


WRONG: dict[str, tuple[Edit, str, str]] = {
    "per cent": (lambda g: g["elements"][0].update(p_detection=90), "PROB_RANGE",
                 "/elements/0/p_detection"),
    "text": (lambda g: g["elements"][0].update(p_detection="0.9"), "TYPE",
             "/elements/0/p_detection"),
    "where": (lambda g: g["areas"][1]["transit"].update(where="X"), "WHERE_UNKNOWN",
              "/areas/1/transit/where"),
    "no where": (lambda g: g["elements"][1].pop("where"), "WHERE_MISSING", "/elements/1/where"),
    "time": (lambda g: g["elements"][1]["delay"].update(mean_s=-1), "TIME_RANGE",
             "/elements/1/delay/mean_s"),
    "no sd": (lambda g: g["targets"][0]["task"]["delay"].pop("sd_s"), "SD_MISSING",
              "/targets/0/task/delay/sd_s"),
    "spelling": (lambda g: g["elements"][0].update(note="x"), "UNKNOWN_KEY", "/elements/0/note"),
    "no communication": (lambda g: g.pop("communication"), "MISSING_KEY", "/communication"),
    "mode": (lambda g: g.update(communication_mode="C"), "MODE", "/communication_mode"),
    "response": (lambda g: g["response"].update(mean_s=0), "RESPONSE_RANGE", "/response/mean_s"),
    "area": (lambda g: g["elements"][2].update(to="NOWHERE"), "AREA_UNKNOWN", "/elements/2/to"),
    "start": (lambda g: g.update(start="NOWHERE"), "AREA_UNKNOWN", "/start"),
    "twice": (lambda g: g["elements"][1].update(id="LIM"), "DUPLICATE_ID", "/elements/1/id"),
    "reserved": (lambda g: g["elements"][1].update(id="response"), "NAME", "/elements/1/id"),
    "id": (lambda g: g["areas"].append({"id": "A B"}), "NAME", "/areas/5/id"),
    "state": (lambda g: g["elements"][0].update(states={"": {}}), "NAME",
              "/elements/0/states/"),
    "plain state": (lambda g: g.update(facility_state=""), "NAME", "/facility_state"),
    "no source": (lambda g: g.update(value_source=None), "TYPE", "/value_source"),
    "cycle": (lambda g: g["elements"].append(element("P9", "BLD", "LIM")), "CYCLE", "/elements"),
    "itself": (lambda g: g["elements"].append(element("P9", "BLD", "BLD")), "CYCLE",
               "/elements/8"),
    "no path": (lambda g: g["areas"].append({"id": "Z"}) or g["targets"][0].update(area="Z"),
                "NO_PATH", "/targets/0"),
    "empty": (lambda g: g.update(targets=[]), "EMPTY_LIST", "/targets"),
    "source": (lambda g: g.update(value_source="guess"), "SOURCE_UNKNOWN", "/value_source"),
    "day": (lambda g: g.update(as_of="soon"), "DATE", "/as_of"),
    "cost": (lambda g: g["options"][0].update(cost=-1), "COST_RANGE", "/options/0/cost"),
    "object": (lambda g: g["options"][0]["set"][0].update(object="VLT"), "OBJECT_UNKNOWN",
               "/options/0/set/0/object"),
    "field": (lambda g: g["options"][0]["set"][0].update(field="delay"), "FIELD_UNKNOWN",
              "/options/0/set/0/field"),
    "value": (lambda g: g["options"][0]["set"][0].update(value=80), "PROB_RANGE",
              "/options/0/set/0/value"),
    "conflict": (lambda g: g["options"][4]["set"].append(g["options"][0]["set"][0]),
                 "OPTION_CONFLICT", "/options/4"),
    "in a state": (lambda g: g["elements"][0].update(states={"night": {"p_detection": 2}}),
                   "PROB_RANGE", "/elements/0/states/night/p_detection"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_place_and_alone(name: str, tmp_path: Path) -> None:
    edit, code, pointer = WRONG[name]
    with pytest.raises(InputError) as caught:
        read(tmp_path, edit)
    assert [(one.code, one.pointer) for one in caught.value.problems] == [(code, pointer)]


def test_a_cycle_names_its_areas_and_no_others(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, WRONG["cycle"][0])
    assert "LIM, PRO, BLD." in caught.value.problems[0].message


def test_each_element_without_a_source_is_told(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        del content["value_source"]
        content["elements"][0]["value_source"] = "expert"

    with pytest.raises(InputError) as caught:
        read(tmp_path, edit)
    told = [(one.code, one.pointer) for one in caught.value.problems]
    assert told == [("SOURCE_MISSING", f"/elements/{n}/value_source") for n in range(1, 8)]


def test_evidence_and_areas_that_lead_nowhere_give_warnings(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["as_of"] = "2027-01-02"
        content["elements"][0]["valid_until"] = "2027-01-01"
        content["elements"][1]["valid_until"] = "2027-01-02"
        content["areas"].append({"id": "YARD"})
        content["elements"].append(element("P9", "LIM", "YARD"))

    warnings = read(tmp_path, edit).warnings
    assert [(one.code, one.pointer) for one in warnings] == [
        ("EVIDENCE_EXPIRED", "/elements/0/valid_until"),
        ("DEAD_AREA", "/areas/5"),
    ]


def test_a_state_replaces_what_it_says_and_the_others_are_named(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["elements"][0]["states"] = {"night": {"p_detection": 0.9}}
        content["areas"][1]["transit"]["states"] = {"night": {"where": "E"}}

    plain, night = read(tmp_path, edit), read(tmp_path, edit, "night")
    assert [float(one.graph.elements[0].task.p_detection) for one in (plain, night)] == [0.3, 0.9]
    transits = [one.graph.areas["LIM"].transit for one in (plain, night)]
    assert [one.where for one in transits if one] == ["M", "E"]
    for one, other in ((plain, "night"), (night, "working")):
        assert [warning.code for warning in one.warnings] == ["STATES_NOT_EVALUATED"]
        assert other in one.warnings[0].message
    with pytest.raises(InputError) as caught:
        read(tmp_path, edit, "flood")
    assert [one.code for one in caught.value.problems] == ["STATE_UNKNOWN"]


def test_an_element_has_one_probability_and_a_state_any_name(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        del content["elements"][0]["p_detection"]
        content["elements"][0]["detection"] = {"sense": 1, "transmit": 1, "assess": 1}
        content["elements"][1]["states"] = {"night shift": {"p_detection": 1}}

    with pytest.raises(InputError) as caught:
        read(tmp_path, edit, "night shift")
    assert [(one.code, one.pointer) for one in caught.value.problems] == [
        ("UNKNOWN_KEY", "/elements/0/detection"),
        ("MISSING_KEY", "/elements/0/p_detection"),
    ]


def test_an_unknown_area_is_told_beside_an_id_that_may_not_be(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["areas"].append({"id": "A B"})
        content["elements"].append(element("P9", "LIM", "A B"))
        content["start"] = "NOWHERE"

    with pytest.raises(InputError) as caught:
        read(tmp_path, edit)
    assert [(one.code, one.pointer) for one in caught.value.problems] == [
        ("NAME", "/areas/5/id"),
        ("AREA_UNKNOWN", "/start"),
    ]


def test_many_options_of_one_field_conflict_once_each(tmp_path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        change = content["options"][0]["set"]
        content["options"] = [{"id": f"V{n}", "cost": 1, "set": change} for n in range(500)]

    with pytest.raises(InputError) as caught:
        read(tmp_path, edit)
    assert len(caught.value.problems) == 499
