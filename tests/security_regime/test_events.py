"""Security events: who was notified, how late against the State's own rules, closing."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from keiryo.cli.options import Given
from keiryo.cli.protection_events import add_events
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.security_regime.computer_recording import record_systems
from keiryo.security_regime.event_due import NO_ROW, NO_TABLE, events_due, required
from keiryo.security_regime.event_files import minutes_of
from keiryo.security_regime.event_record import SecurityEvent, security_event, security_events
from keiryo.security_regime.event_recording import (
    record_events,
    record_notices,
    take_event_steps,
)
from keiryo.security_regime.event_rule_table import (
    NOTIFICATION,
    RuleTable,
    record_rules,
    rules_of_file,
)
from keiryo.security_regime.event_words import instant, written
from keiryo.security_regime.oversight_record import Recorded
from small_books import PLANT, SmallBooks

SITE = Actor("P-SITE", "XH")
SCOPE = "XH/XHF-"
TERMS = {
    "facility": "XHF-", "type": "unauthorised_access", "category": "II", "severity": 2,
    "detected_at": "2026-03-02T09:00:00+09:00", "title": "Door found open",
}  # fmt: skip
TABLE = [
    {"severity_at_least": 2, "to": "authority", "within_hours": "24", "basis": "Act 7"},
    {"severity_at_least": 2, "to": "authority", "within_hours": "1.5", "category": "II"},
    {"severity_at_least": 0, "to": "police", "within_hours": "72", "type": "threat"},
    {"severity_at_least": 3, "to": "minister", "within_hours": "2"},
]


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


def record(books: SmallBooks, name: str, **more: Any) -> Recorded:
    return record_events(books.database, SITE, [{"event": name, **TERMS, **more}])


def notify(books: SmallBooks, name: str, at: str, to: str = "authority", **more: Any) -> Recorded:
    return record_notices(books.database, SITE, [{"event": name, "to": to, "at": at, **more}])


def step(books: SmallBooks, state: str, name: str, on: str, **more: Any) -> Recorded:
    row = {"event": name, "on": day(on), **more}
    return take_event_steps(books.database, SITE, state, [row])


def read(books: SmallBooks, name: str) -> SecurityEvent:
    with books.database.reading() as connection:
        return security_event(connection, books.database.metadata, name)


def due(books: SmallBooks, at: str, **more: Any) -> dict[str, Any]:
    with books.database.reading() as connection:
        found = events_due(connection, books.database.metadata, instant(at), **more)
    return {one.event.name: one for one in found}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books with a table of rules from 2026 on, and one event of II that was notified late."""
    url = f"sqlite:///{tmp_path_factory.mktemp('events') / 'books.sqlite'}"
    made = SmallBooks(url, XHP1=PLANT)
    record_rules(made.database, SITE, NOTIFICATION, "R-1", day("2026-01-01"), TABLE)
    record(made, "E-1")
    notify(made, "E-1", "2026-03-02T02:00:01Z")
    return made


def test_lateness_is_exact_across_zones(books: SmallBooks) -> None:
    (one,) = due(books, "2026-03-03T00:00:00Z")["E-1"].notifications
    assert (one.recipient, one.within_minutes, one.status) == ("authority", 90, "late")
    told = one.to_dict()
    assert told["due"] == "2026-03-02T01:30:00Z" and told["notified_at"] == "2026-03-02T02:00:01Z"
    assert told["hours_late"] == pytest.approx(1801 / 3600) and told["rule"].startswith("line:")


def test_before_the_notice_it_is_overdue(books: SmallBooks) -> None:
    for at, status in (("2026-03-02T01:30:00Z", "waiting"), ("2026-03-02T01:30:01Z", "overdue")):
        (one,) = due(books, at)["E-1"].notifications
        assert one.status == status
    assert due(books, "2026-03-01T23:59:59Z") == {}


def test_in_time_when_it_is_due(books: SmallBooks) -> None:
    record(books, "E-2")
    notify(books, "E-2", "2026-03-02T02:30:00+01:00")
    (one,) = due(books, "2026-03-03T00:00:00Z")["E-2"].notifications
    assert one.status == "in_time" and one.to_dict()["hours_late"] == 0


def test_a_missing_rule_is_told(books: SmallBooks) -> None:
    record(books, "E-3", detected_at="2026-01-01T00:30:00+09:00", severity=1)
    record(books, "E-4", detected_at="2025-12-31T23:30:00+09:00")
    found = due(books, "2026-03-03T00:00:00Z")
    assert found["E-3"].told == (NO_ROW,) and found["E-3"].rules == "R-1"
    assert found["E-4"].told == (NO_TABLE,) and found["E-4"].rules is None
    given = RuleTable("F", ({**_row(), "type": "threat"},))
    assert due(books, "2026-03-03T00:00:00Z", rules=given)["E-1"].told == (NO_ROW,)
    done = step(books, "closed", "E-4", "2026-01-02", lessons="the door is checked each evening")
    assert [one.code for one in done.findings] == ["SECEVENT-NO-RULE"]


def _row(**more: Any) -> dict[str, Any]:
    return {
        "type": None, "category": None, "severity_at_least": 0, "recipient": "A",
        "within_minutes": 60, "basis": None, **more,
    }  # fmt: skip


def test_the_table_of_the_day_counts(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHP1=PLANT)
    record_rules(books.database, SITE, NOTIFICATION, "R-1", day("2026-01-01"), TABLE)
    record(books, "E-1")
    later = [{"severity_at_least": 0, "to": "inspector", "within_hours": "1"}]
    record_rules(books.database, SITE, NOTIFICATION, "R-2", day("2026-06-01"), later)
    record(books, "E-5", detected_at="2026-06-01T00:00:00+09:00")
    found = due(books, "2026-07-01T00:00:00Z")
    assert [one.recipient for one in found["E-5"].notifications] == ["inspector"]
    assert [one.recipient for one in found["E-1"].notifications] == ["authority"]
    record_rules(books.database, SITE, NOTIFICATION, "R-2", day("2026-06-02"), later)
    found = due(books, "2026-07-01T00:00:00Z")
    assert [one.recipient for one in found["E-5"].notifications] == ["authority"]


def test_life(books: SmallBooks) -> None:
    record(books, "E-6", severity=3)
    assert read(books, "E-6").state == "recorded"
    notify(books, "E-6", "2026-03-02 09:30", zone="Asia/Tokyo")
    assert read(books, "E-6").state == "notified"
    with pytest.raises(RefusedError) as error:
        step(books, "closed", "E-6", "2026-03-05", reference="R-9")
    assert codes(error) == ["SECEVENT-OUTSTANDING"]
    assert "minister must be notified" in error.value.findings[0].message
    notify(books, "E-6", "2026-03-02T09:31+09:00", "minister")
    with pytest.raises(RefusedError) as error:
        step(books, "closed", "E-6", "2026-03-05")
    assert codes(error) == ["SECEVENT-STEP"]
    step(books, "closed", "E-6", "2026-03-05", reference="R-9")
    with pytest.raises(RefusedError) as error:
        notify(books, "E-6", "2026-03-06T09:00Z", "police")
    assert codes(error) == ["SECEVENT-NOTICE"]
    with pytest.raises(RefusedError) as error:
        step(books, "reopened", "E-6", "2026-03-06")
    assert codes(error) == ["SECEVENT-STEP"]
    step(books, "reopened", "E-6", "2026-03-06", reason="another door")
    assert read(books, "E-6").state == "notified"
    notify(books, "E-6", "2026-03-02T09:31+09:00", notice="N2", void="yes")
    assert [one["to"] for one in read(books, "E-6").to_dict()["notified"]] == ["authority"]
    with books.database.reading() as connection:
        then = security_events(connection, books.database.metadata, on=day("2026-03-05"))
    assert {one.name: one.state for one in then}["E-6"] == "closed"


def test_corrections_are_new_acts(books: SmallBooks) -> None:
    record(books, "E-7", severity=1)
    with pytest.raises(RefusedError) as error:
        record_events(books.database, SITE, [{"event": "E-7", "severity": 2}])
    assert codes(error) == ["SECEVENT-ANEW"]
    row = {"event": "E-7", "severity": 2, "reason": "seen again", "out_of_control": "yes"}
    done = record_events(books.database, SITE, [row])
    assert [one.code for one in done.findings] == ["SECEVENT-INCIDENT"]
    told = read(books, "E-7").to_dict()
    assert (told["severity"], told["title"], told["out_of_control"]) == (2, "Door found open", True)
    assert "incident database" in due(books, "2026-03-03T00:00:00Z")["E-7"].told[0]
    row |= {"incident_ref": "ITDB-17", "reason": "reported"}
    assert record_events(books.database, SITE, [row]).findings == ()


def test_an_outage_of_the_module(books: SmallBooks) -> None:
    with pytest.raises(RefusedError) as error:
        record(books, "E-8", type="cyber", category=None, system="S-1")
    assert codes(error) == ["SECEVENT-SYSTEM"]
    row = {
        "system": "S-1", "facility": "XHF-", "function": "material_accountancy", "level": 3,
        "zone": "Z3", "owner": "it-office",
    }  # fmt: skip
    record_systems(books.database, SITE, [row])
    times = {"occurred_at": "2026-03-02T08:00+09:00", "restored_at": "2026-03-02T12:30+09:00"}
    record(books, "E-8", type="equipment_failure", category=None, system="S-1", **times)
    told = read(books, "E-8").to_dict()
    assert (told["hours_to_detection"], told["hours_of_outage"]) == (1.0, 3.5)
    metadata, registry = books.database.metadata, books.database.registry
    with books.database.reading() as connection:
        for node in ("secevent:E-8", "secevent:E-1", "secsystem:S-1"):
            for one in why(connection, metadata, registry, node).links:
                if one.source.startswith("sec"):
                    assert one in dependents(connection, metadata, registry, one.target)
        links = why(connection, metadata, registry, "secevent:E-8").links
    assert ("secevent:E-8", "affected", "secsystem:S-1") in {
        (one.source, one.relation, one.target) for one in links
    }


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"title": "x" * 65}, "SECEVENT-TEXT"),
        ({"title": "a\nb"}, "SECEVENT-TEXT"),
        ({"title": None}, "SECEVENT-TEXT"),
        ({"name": "E 9"}, "SECEVENT-TEXT"),
        ({"type": "fire"}, "SECEVENT-VALUE"),
        ({"category": "IV"}, "SECEVENT-VALUE"),
        ({"severity": 5}, "SECEVENT-VALUE"),
        ({"severity": None}, "SECEVENT-VALUE"),
        ({"classification": "sensitive"}, "SECEVENT-VALUE"),
        ({"out_of_control": "perhaps"}, "SECEVENT-VALUE"),
        ({"facility": "XHG-"}, "SECEVENT-FACILITY"),
        ({"detected_at": None}, "SECEVENT-TIME"),
        ({"detected_at": "2026-03-02T09:00"}, "SECEVENT-TIME"),
        ({"detected_at": "2026-03-02"}, "SECEVENT-TIME"),
        ({"detected_at": "2026-02-30T09:00Z"}, "SECEVENT-TIME"),
        ({"detected_at": "0001-01-01T00:00+09:00"}, "SECEVENT-TIME"),
        ({"detected_at": "2026-03-29 02:30", "zone": "Europe/Vienna"}, "SECEVENT-TIME"),
        ({"detected_at": "2025-10-26 02:30", "zone": "Europe/Vienna"}, "SECEVENT-TIME"),
        ({"detected_at": "2026-03-02 09:00", "zone": "Mars/One"}, "SECEVENT-TIME"),
        ({"detected_at": "9998-01-01T00:00Z"}, "SECEVENT-TIME"),
        ({"occurred_at": "2026-03-02T00:00:01Z"}, "SECEVENT-TIME"),
        ({"reported_at": "2026-03-01T23:59:59Z"}, "SECEVENT-TIME"),
    ],
)
def test_events_that_are_refused(books: SmallBooks, more: dict[str, Any], code: str) -> None:
    name = more.pop("name", "NEW")
    with pytest.raises(RefusedError) as error:
        record(books, name, **more)
    assert codes(error) == [code]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"event": "NONE"}, "SECEVENT-UNKNOWN"),
        ({"to": None}, "SECEVENT-TEXT"),
        ({"at": "today"}, "SECEVENT-NOTICE"),
        ({"at": "2026-03-01T23:59:59Z"}, "SECEVENT-NOTICE"),
        ({"at": "9998-01-01T00:00Z"}, "SECEVENT-NOTICE"),
        ({"notice": "N9", "void": "yes"}, "SECEVENT-NOTICE"),
    ],
)
def test_notices_that_are_refused(books: SmallBooks, more: dict[str, Any], code: str) -> None:
    row = {"event": "E-1", "to": "authority", "at": "2026-03-02T09:00:00+09:00", **more}
    with pytest.raises(RefusedError) as error:
        record_notices(books.database, SITE, [row, row])
    assert set(codes(error)) == {code}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"severity_at_least": 9}, "SECEVENT-RULES"),
        ({"within_hours": "-1"}, "SECEVENT-RULES"),
        ({"within_hours": "0.001"}, "SECEVENT-RULES"),
        ({"to": "the office"}, "SECEVENT-RULES"),
        ({"type": "fire"}, "SECEVENT-RULES"),
    ],
)
def test_rules_that_are_refused(books: SmallBooks, more: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as error:
        rows = [{**TABLE[0], **more}]
        record_rules(books.database, SITE, NOTIFICATION, "R-9", day("2026-01-01"), rows)
    assert codes(error) == [code]


def test_a_row_of_rules_twice(books: SmallBooks) -> None:
    with pytest.raises(RefusedError) as error:
        rows = [TABLE[0], {**TABLE[0], "within_hours": "2"}]
        record_rules(books.database, SITE, NOTIFICATION, "R-9", day("2026-01-01"), rows)
    assert codes(error) == ["SECEVENT-RULES"]
    content = b"severity_at_least,to,within_hours\n0,A,1\n0,A,2\n5,B,x\n"
    with pytest.raises(RefusedError) as error:
        rules_of_file(NOTIFICATION, "rules.csv", content)
    assert codes(error) == ["SECEVENT-RULES"] * 3


def test_a_table_begins_once(books: SmallBooks) -> None:
    made = Draft("protection.rules", "x")
    row = {"scope": "XH", "rules": "R-9", "severity_at_least": 0, "within_minutes": 60}
    made.add("security_notification_rule", {**row, "recipient": "A", "valid_from": 20260101})
    made.add("security_notification_rule", {**row, "recipient": "B", "valid_from": 20260102})
    with pytest.raises(RefusedError) as error:
        post(books.database, made, SITE)
    assert codes(error) == ["SECEVENT-RULES"]


def test_the_pipeline_holds_whoever_posts(books: SmallBooks) -> None:
    made = Draft("protection.event", "x")
    made.add(
        "security_event_step",
        {"scope": "XH", "event": "E-1", "before": "closed", "state": "reopened",
         "on_day": 20260101, "by_person": "P-SITE"},
    )  # fmt: skip
    with pytest.raises(RefusedError) as error:
        post(books.database, made, SITE)
    assert set(codes(error)) == {"SECEVENT-STEP"} and len(codes(error)) == 3


NOW = instant("2026-05-01T00:00:00Z")
TIMES = st.datetimes(
    datetime.datetime(2026, 1, 1), datetime.datetime(2026, 4, 1), timezones=st.sampled_from(
        [ZoneInfo(name) for name in ("Asia/Tokyo", "Europe/Vienna", "America/New_York", "UTC")]
    )
)  # fmt: skip


@settings(max_examples=60)
@given(TIMES, st.integers(0, 200_000), st.integers(0, 10_000), st.data())
def test_lateness_law(
    detected: datetime.datetime, seconds: int, minutes: int, data: st.DataObject
) -> None:
    zone = data.draw(st.sampled_from(["Asia/Tokyo", "Pacific/Auckland", "UTC"]))
    start = detected.astimezone(datetime.UTC).replace(microsecond=0)
    given_at = (start + datetime.timedelta(seconds=seconds)).astimezone(ZoneInfo(zone))
    values = {
        **TERMS, "event": "E", "scope": SCOPE, "out_of_control": 0, "act_id": 1, "line_no": 1,
        "detected_at": written(detected.replace(microsecond=0).isoformat()),
    }  # fmt: skip
    notice = {
        "notice": "N1", "recipient": "A", "notified_at": written(given_at.isoformat()), "void": 0,
        "act_id": 1, "line_no": 2,
    }  # fmt: skip
    event = SecurityEvent(values, {"N1": notice})
    (one,) = required(event, RuleTable("R", (_row(within_minutes=minutes),)), NOW).notifications
    assert one.late_by.total_seconds() == max(0, seconds - 60 * minutes)
    assert one.status == ("late" if seconds > 60 * minutes else "in_time")


def test_hours() -> None:
    assert [minutes_of(one) for one in ("1e1", "NaN", "inf", "", None, "1/2")] == [600] + [None] * 5


# --- commands ------------------------------------------------------------------------------------

COMMANDS = typer.Typer()
add_events(COMMANDS)
COMMANDS.callback()(lambda: None)


def run(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, *given: str) -> Result:
    monkeypatch.setattr(Given, "db", str(books.database.url))
    monkeypatch.setenv("KEIRYO_PERSON", "P-SITE")
    return CliRunner().invoke(COMMANDS, ["event", *given])


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return str(result.stdout)


def test_commands(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh = SmallBooks(sqlite_url, XHP1=PLANT)

    def site(*given: str) -> Result:
        return run(fresh, monkeypatch, *given)

    rules = tmp_path / "rules.toml"
    rules.write_text('[[row]]\nseverity_at_least = 1\nto = "authority"\nwithin_hours = 0.5\n')
    terms = ["--facility", "XHF-", "--type", "cyber", "--severity", "1", "--title", "Mail"]
    when = ["--detected", "2026-03-02 09:00", "--zone", "Asia/Tokyo"]
    done(site("record", "E-1", *terms, *when))
    shown = json.loads(
        done(site("show", "E-1", "--rules", str(rules), "--on", "2026-03-02", "--format", "json"))
    )
    assert shown["notifications"][0]["status"] == "overdue"
    assert shown["notifications"][0]["hours_late"] == pytest.approx(23.5 - 1 / 3600)
    assert NO_TABLE in json.loads(done(site("due", "--format", "json")))[0]["told"]
    done(site("rules", str(rules), "--name", "R-1", "--valid-from", "2026-01-01"))
    done(site("notify", "E-1", "--to", "authority", "--at", "2026-03-02T00:30Z"))
    assert "in_time" in done(site("due", "--on", "2026-03-03T00:00Z", "--format", "csv"))
    done(site("close", "E-1", "--lessons", "mail is filtered", "--on", "2026-03-04"))
    assert json.loads(done(site("due", "--format", "json"))) == []
    assert len(json.loads(done(site("due", "--all", "--format", "json")))) == 1
    done(site("reopen", "E-1", "--reason", "again", "--on", "2026-03-05"))
    listed = json.loads(done(site("list", "--format", "json")))
    assert [one["state"] for one in listed] == ["notified"]
    assert done(site("list", "--state", "closed", "--format", "table")).strip() == "No events."
    assert isinstance(site("show", "NONE").exception, NotFoundError)
    rows = tmp_path / "events.json"
    good = {**TERMS, "event": "E-2", "out_of_control": False}
    rows.write_text(json.dumps([good, {**good, "event": "E-3", "severity": "x"}, {"event": "E-4"}]))
    error = site("record", "--file", str(rows)).exception
    assert isinstance(error, RefusedError)
    found = {(one.code, one.file, one.line) for one in error.findings}
    assert ("SECEVENT-CELL", "events.json", 2) in found
    assert ("SECEVENT-TIME", "events.json", 3) in found
    rows.write_text(json.dumps([good]))
    assert "Recorded 1 lines" in done(site("record", "--file", str(rows), "--format", "table"))
    rows.write_text('[{"event": "E-9", "event": "E-8"}]')
    error = site("record", "--file", str(rows)).exception
    assert isinstance(error, RefusedError)
    assert [(o.code, o.file) for o in error.findings] == [("SECEVENT-TABLE", "events.json")]
