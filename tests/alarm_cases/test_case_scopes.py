"""A case belongs to its site: who may raise, step and see it, as the gate and the views hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from detection_sites.port_books import SITE
from keiryo.alarm_cases.case_record import alarm_case, case_register
from keiryo.alarm_cases.recording import raise_alarms, take_step
from keiryo.detection_sites.register import record
from keiryo.errors import RefusedError
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.people.administration import GrantWanted
from keiryo.people.views import Viewing
from people.people_of_state import People, empty_areas

HERE, ELSEWHERE = "XA/XAR-", "XA/XAF-"
AT = "2026-05-31T10:00:00+09:00"
SEEN = f"measurement:RIID-1@{AT}"


@pytest.fixture
def people(sqlite_url: str) -> People:
    books = empty_areas(sqlite_url)
    record(books.database, books.actor, "site", [{**SITE, "scope": HERE}])
    return People(books)


def row(name: str = "A-1", site: str = "PORT-1") -> dict[str, Any]:
    return {
        "alarm": name, "origin": "INSTRUMENT_ALARM", "raised_at": AT, "site": site,
        "instrument": "RIID-1", "gamma_alarm": 1, "neutron_alarm": 0, "evidence": SEEN,
    }  # fmt: skip


def step(people: People, who: Actor, **more: Any) -> Any:
    told = {"alarm": "A-1", "at": "2026-05-31T10:10:00+09:00", "reason": "again", **more}
    return take_step(people.database, who, "VERIFIED", {"evidence": SEEN, **told})


def codes(work: Callable[..., object], *given: Any, **more: Any) -> set[str]:
    with pytest.raises(RefusedError) as error:
        work(*given, **more)
    return {one.code for one in error.value.findings}


def test_people_of_a_site_work_its_cases_and_no_others(people: People) -> None:
    officer = people.admit("here", GrantWanted("port officer", HERE))
    other = people.admit("elsewhere", GrantWanted("port officer", ELSEWHERE))
    chief = people.admit("chief", GrantWanted("detection headquarters", "XA"))
    assert codes(raise_alarms, people.database, other, [row()]) == {"NOT-PERMITTED"}
    files = [("note.txt", b"what the driver said")]
    raise_alarms(people.database, officer, [row()], files=files)
    assert codes(raise_alarms, people.database, officer, [row("A-2", "PORT-9")]) == {
        "NOT-PERMITTED"
    }  # a site that is not registered is the State's
    raise_alarms(people.database, chief, [row("A-2", "PORT-9")])
    assert codes(step, people, other) == {"NOT-PERMITTED"}
    assert codes(step, people, officer, alarm="A-2") == {"NOT-PERMITTED"}
    step(people, officer)
    with people.database.reading() as connection:
        cases = case_register(connection, people.database.metadata)
    assert {name: case.scope for name, case in cases.items()} == {"A-1": HERE, "A-2": "XA"}
    assert {one["scope"] for one in cases["A-1"].steps} == {HERE}


def test_who_is_elsewhere_sees_neither_case_nor_file(people: People) -> None:
    officer = people.admit("here", GrantWanted("port officer", HERE))
    other = people.admit("elsewhere", GrantWanted("port officer", ELSEWHERE))
    raise_alarms(people.database, officer, [row()], files=[("note.txt", b"words")])
    viewing = Viewing(people.database, "XA")
    try:
        for actor, number in ((officer, 1), (other, 0)):
            books = viewing.through(people.known(actor).sight)
            with books.reading() as connection:
                assert len(case_register(connection, books.metadata)) == number
                for table in ("alarm_case", "evidence"):
                    found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
                    assert found == number, (actor.person, table)
    finally:
        viewing.close()


def test_the_pipeline_refuses_a_case_or_a_line_under_another_scope(people: People) -> None:
    chief = people.admit("chief", GrantWanted("detection headquarters", "XA"))
    draft = Draft("alarm.raise", "by hand")
    draft.add("alarm_case", row(), scope="XA")
    assert codes(post, people.database, draft, chief) == {"ALARM-SCOPE"}
    raise_alarms(people.database, chief, [row()])
    with people.database.reading() as connection:
        case = alarm_case(connection, people.database.metadata, "A-1")
    assert case.scope == HERE
    line = {
        "alarm": "A-1", "kind": "commodity", "reference": "commodity/x@1", "nuclides": "K-40",
        "given": "{}", "words": "x", "void": 1,
    }  # fmt: skip
    draft = Draft("alarm.assess", "by hand too")
    draft.add("alarm_explanation", line, scope="XA")
    assert codes(post, people.database, draft, chief) == {"ALARM-SCOPE"}
