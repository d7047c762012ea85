"""Papers of a case: packages for experts, their answers, incident reports and their release."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import docx
import pytest

from alarm_cases.alarm_books import HQ, PORT, Desk, answer, codes
from keiryo.alarm_cases.incident_report import FORMS, TITLES
from keiryo.alarm_cases.reach_back import check_package
from keiryo.alarm_cases.recording_papers import (
    built_package,
    drafted_report,
    record_expert_answer,
    record_package,
    record_report,
    release_report,
)
from keiryo.alarm_cases.results import named_nuclide
from keiryo.errors import NotFoundError, RefusedError, UsageError

GIVEN = {
    "group": "II", "contact": "NPC", "description": "Uranium in a container.",
    "quantity": "not determined",
}  # fmt: skip
AT = "2026-06-01T12:00:00+09:00"


@pytest.fixture
def desk(sqlite_url: str) -> Desk:
    made = Desk(sqlite_url)
    made.raise_(neutron_alarm=1)
    return made


def decided(desk: Desk) -> None:
    desk.to_characterized(neutrons=1)
    desk.step("IDENTIFIED", content=answer(("U-235", "nuclear")))
    desk.step("CATEGORIZED", category="NUCLEAR")
    desk.step("UNRESOLVED", who=HQ)


def changed(content: bytes, **members: bytes | None) -> bytes:
    """Return a package with members that are others, or are gone."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            told = members.get(name.partition(".")[0], before.read(name))
            if told is not None:
                after.writestr(name, told)
        if "more" in members:
            after.writestr("more.txt", members["more"] or b"")
    return made.getvalue()


def test_a_package_tells_when_it_was_tampered_with(desk: Desk) -> None:
    spectrum = ("a b/one.spe", b"$SPEC_ID:")
    content, missing = built_package(
        desk.database, "A-1", package="RB-1", question="What?", files=[("foreground", spectrum)]
    )
    again, _missing = built_package(
        desk.database, "A-1", package="RB-1", question="What?", files=[("foreground", spectrum)]
    )
    assert content == again and "not characterized" in missing[0] and len(missing) == 1
    manifest, wrong = check_package(content)
    assert not wrong and manifest["alarm"] == "A-1"
    assert {one["role"] for one in manifest["files"]} == {"case", "question", "foreground"}
    for told in (
        changed(content, question=b"Something else?"), changed(content, case=None),
        changed(content, more=b"slipped in"), changed(content, manifest=None), content[:-40],
    ):  # fmt: skip
        assert {one.code for one in check_package(told)[1]} == {"ALARM-PACKAGE"}


def test_experts_are_asked_once_a_package_and_answer_what_was_asked(desk: Desk) -> None:
    desk.to_characterized(neutrons=1)
    content, _missing = built_package(desk.database, "A-1", package="RB-1", question="What?")
    values = {"alarm": "A-1", "package": "RB-1", "expert": "Lab", "words": "What?", "at": AT}
    record_package(desk.database, PORT, values, ("RB-1.zip", content))
    with pytest.raises(RefusedError) as error:
        record_package(desk.database, PORT, values, ("RB-1.zip", content))
    assert codes(error) == {"ALARM-PACKAGE"}
    told = {"alarm": "A-1", "expert": "Lab", "at": AT, "words": "uranium", "residual_passed": True}
    found = [named_nuclide("U-235", "nuclear")]
    for package in ("RB-9", "RB-1"):
        row = {**told, "package": package}
        given = (desk.database, HQ, row, found, ("answer.txt", b"It is uranium."))
        if package == "RB-9":
            with pytest.raises(RefusedError) as error:
                record_expert_answer(*given)
            assert codes(error) == {"ALARM-PACKAGE"}
        else:
            record_expert_answer(*given)
    case = desk.case()
    assert [one["nuclide"] for one in case.nuclides] == ["U-235"]
    assert [one["direction"] for one in case.packages] == ["sent", "answered"]


def test_a_report_names_everything_that_an_incident_needs(desk: Desk) -> None:
    with pytest.raises(RefusedError) as error:
        drafted_report(desk.database, PORT, "A-1", {"group": "IV", "activity_bq": -1.0}, "json")
    words = " ".join(one.message for one in error.value.findings)
    assert codes(error) == {"ALARM-REPORT"} and len(error.value.findings) == 5
    assert "group" in words and "contact" in words and "no incident" in words
    decided(desk)
    with pytest.raises(RefusedError) as error:
        drafted_report(desk.database, PORT, "A-1", {**GIVEN, "quantity": " "}, "json")
    assert "neither a quantity nor an activity" in error.value.findings[0].message
    told = json.loads(drafted_report(desk.database, PORT, "A-1", GIVEN, "json"))
    wanted = {
        *("state", "date_of_detection", "place_of_detection", "material_type", "nuclides"),
        *("quantity", "how_detected", "group", "description", "status", "contact"),
    }
    assert all(told[name] for name in wanted)
    assert told["material_type"] == ["nuclear material"] and told["neutrons"] is True
    with pytest.raises(UsageError):
        drafted_report(desk.database, PORT, "A-1", GIVEN, "pdf")


def test_a_report_is_the_same_in_every_form(desk: Desk) -> None:
    decided(desk)
    given = {**GIVEN, "description": "Two\x00lines\nof words"}
    made = {form: drafted_report(desk.database, PORT, "A-1", given, form) for form in FORMS}
    assert made["docx"] == drafted_report(desk.database, PORT, "A-1", given, "docx")
    document = docx.Document(io.BytesIO(made["docx"]))
    rows = {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}
    assert set(rows) == set(TITLES.values())
    assert rows["Nuclides"] == "U-235" and rows["Neutrons"] == "yes"
    text = made["md"].decode()
    assert all(f"**{title}**: {rows[title]}" in text for title in TITLES.values())


def test_who_drafted_a_report_does_not_release_it_and_only_the_last_draft_goes(desk: Desk) -> None:
    decided(desk)
    with pytest.raises(NotFoundError):
        release_report(desk.database, HQ, "A-1", "IR-1")
    values: dict[str, Any] = {
        "alarm": "A-1", "report": "IR-1", "state": "drafted", "incident_group": "II", "at": AT,
    }  # fmt: skip
    first = drafted_report(desk.database, PORT, "A-1", GIVEN, "docx")
    done = record_report(desk.database, PORT, values, ("IR-1.docx", first))
    record_report(desk.database, PORT, values, ("IR-1.docx", first + b" "))
    with pytest.raises(RefusedError) as error:
        release_report(desk.database, PORT, "A-1", "IR-1")
    assert codes(error) == {"ALARM-SAME-PERSON"}
    old = {**values, "state": "released", "digest": done.files[0].digest}
    with pytest.raises(RefusedError) as error:
        record_report(desk.database, HQ, old, None)
    assert codes(error) == {"ALARM-REPORT"}
    release_report(desk.database, HQ, "A-1", "IR-1")
    assert [one["state"] for one in desk.case().reports] == ["drafted", "drafted", "released"]
