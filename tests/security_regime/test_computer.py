"""Computer security: systems, measures that somebody else verifies, gaps, zones."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from keiryo.cli.options import Given
from keiryo.cli.protection_computer import add_computer
from keiryo.dates import date_number
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import post
from keiryo.journal.why import why
from keiryo.security_regime.computer_checks import STEPS
from keiryo.security_regime.computer_gaps import computer_gaps, gaps_of
from keiryo.security_regime.computer_record import Computers, computer_system
from keiryo.security_regime.computer_recording import (
    record_connections,
    record_measures,
    record_systems,
)
from keiryo.security_regime.event_rule_table import (
    MEASURE,
    RuleTable,
    record_rules,
    rules_of_file,
)
from keiryo.security_regime.oversight_record import Recorded
from small_books import PLANT, SmallBooks

SITE, OFFICE = Actor("P-SITE", "XH"), Actor("P-OFFICE", "XH")
SCOPE = "XH/XHF-"
RULES = [
    {"level": 2, "kind": "one_way_transfer", "within_days": 365, "basis": "Act 9"},
    {"level": 2, "kind": "offline_operation"},
    {"level": 2, "kind": "backup_tested", "within_days": 90},
]


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def codes(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [one.code for one in error.value.findings]


def system(books: SmallBooks, name: str, **more: Any) -> Recorded:
    row = {
        "system": name, "facility": "XHF-", "function": "material_accountancy", "level": 2,
        "zone": "Z2", "sensitive_asset": "yes", "owner": "it-office", **more,
    }  # fmt: skip
    return record_systems(books.database, SITE, [row])


def measure(
    books: SmallBooks, name: str, state: str, on: str, who: Actor = SITE, **more: Any
) -> Recorded:
    row = {"system": "S-1", "measure": name, "state": state, "on": day(on), **more}
    return record_measures(books.database, who, [row])


def verify(books: SmallBooks, name: str, on: str, **more: Any) -> Recorded:
    given = {"verified_by": "P-OFFICE", "evidence": "PT-1", **more}
    return measure(books, name, "verified", on, OFFICE, **given)


def connect(books: SmallBooks, name: str, kind: str, way: str, **more: Any) -> Recorded:
    first, second = way.split(">")
    row = {
        "connection": name, "facility": "XHF-", "from_zone": first, "to_zone": second,
        "kind": kind, "on": day("2025-01-01"), **more,
    }  # fmt: skip
    return record_connections(books.database, SITE, [row])


def gaps(books: SmallBooks, on: str, **more: Any) -> list[tuple[str, str, str | None]]:
    with books.database.reading() as connection:
        found = computer_gaps(connection, books.database.metadata, day(on), **more)
    return [(one.code, one.name, one.kind) for one in found]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> SmallBooks:
    """Books that the tests share; each uses names of its own."""
    return begun(f"sqlite:///{tmp_path_factory.mktemp('computer') / 'books.sqlite'}")


def begun(url: str) -> SmallBooks:
    """Return books with a system of level 2, one of level 4, and three measures."""
    made = SmallBooks(url, XHP1=PLANT)
    system(made, "S-1")
    system(made, "S-4", level=4, zone="Z4", sensitive_asset="no", function="support")
    measure(made, "M1", "in_place", "2025-01-02", kind="one_way_transfer")
    verify(made, "M1", "2025-01-10")
    measure(made, "M2", "planned", "2025-01-02", kind="offline_operation")
    measure(made, "M3", "in_place", "2025-01-02", kind="backup_tested")
    return made


def test_gaps(sqlite_url: str) -> None:
    books = begun(sqlite_url)
    assert gaps(books, "2025-02-01") == [
        ("COMPUTER-NO-RULE", "level 2", None),
        ("COMPUTER-NO-RULE", "level 4", None),
    ]
    record_rules(books.database, SITE, MEASURE, "R-1", day("2025-01-01"), RULES)
    with books.database.reading() as connection:
        found = computer_gaps(connection, books.database.metadata, day("2025-02-01"), scope=SCOPE)
    words = [(one.kind, one.message.rpartition(": ")[2]) for one in found]
    assert words == [
        ("offline_operation", "offline_operation is only planned"),
        ("backup_tested", "backup_tested is in place and not verified"),
        (None, "nothing can be said of what is missing"),
    ]
    assert all(one.rule is not None and one.line is not None for one in found[:2])
    measure(books, "M2", "in_place", "2025-02-02")
    verify(books, "M3", "2025-02-02", next_due=day("2025-03-31"))
    last = ("COMPUTER-NO-RULE", "level 4", None)
    assert gaps(books, "2025-03-31") == [last]
    assert gaps(books, "2025-04-01") == [("COMPUTER-OVERDUE", "S-1", "backup_tested"), last]
    transfer = ("COMPUTER-OVERDUE", "S-1", "one_way_transfer")
    assert transfer not in gaps(books, "2026-01-10") and transfer in gaps(books, "2026-01-11")
    system(books, "S-9", zone="Z9")
    assert gaps(books, "2025-03-31")[:3] == [
        ("COMPUTER-MISSING", "S-9", one["kind"]) for one in RULES
    ]
    system(books, "S-9", retired_on=day("2025-03-01"), reason="no longer used", zone="Z9")
    assert gaps(books, "2025-03-31") == [last] and len(gaps(books, "2025-02-28")) == 4
    given = rules_of_file(MEASURE, "r.csv", b"level,kind,within_days\n4,patching,30\n")
    assert ("COMPUTER-MISSING", "S-4", "patching") in gaps(books, "2025-03-31", rules=given)


def test_another_measure_of_the_kind_does_it(books: SmallBooks) -> None:
    measure(books, "M5", "in_place", "2025-05-01", kind="time_source")
    measure(books, "M6", "in_place", "2025-05-01", kind="time_source")
    measure(books, "M5", "lapsed", "2025-05-02", reason="the clock is gone")
    content = b"level,kind,within_days\n2,time_source,\n4,patching,\n"
    rules = rules_of_file(MEASURE, "r.csv", content)
    found = gaps(books, "2025-05-03", rules=rules)
    assert [one for one in found if one[0] == "COMPUTER-MISSING"] == [
        ("COMPUTER-MISSING", "S-4", "patching")
    ]
    measure(books, "M6", "lapsed", "2025-05-04", reason="this one too")
    assert ("COMPUTER-MISSING", "S-1", "time_source") in gaps(books, "2025-05-04", rules=rules)


def test_zones(books: SmallBooks) -> None:
    done = connect(books, "C-1", "admin", "Z4>Z2")
    assert [one.code for one in done.findings] == ["COMPUTER-ADMIN"]
    assert connect(books, "C-2", "admin", "Z2>Z4").findings == ()
    connect(books, "C-3", "one_way", "Z2>Z4")
    connect(books, "C-4", "two_way", "Z2>Z4")
    told = {one for one in gaps(books, "2025-02-01") if one[1].startswith("C-")}
    assert told == {
        ("COMPUTER-ADMIN", "C-1", "admin"), ("COMPUTER-TWO-WAY", "C-4", "two_way"),
    }  # fmt: skip
    assert not [one for one in gaps(books, "2024-12-31") if one[1].startswith("C-")]
    connect(books, "C-1", "admin", "Z4>Z2", removed_on=day("2025-02-01"), reason="removed")
    assert "C-1" not in {one[1] for one in gaps(books, "2025-02-01")}
    system(books, "S-5", level=3)
    assert ("COMPUTER-ZONE", "Z2", None) in gaps(books, "2025-02-01")
    system(books, "S-5", level=3, retired_on=day("2025-01-01"), reason="a slip")


def test_nobody_verifies_their_own(books: SmallBooks) -> None:
    measure(books, "M7", "in_place", "2025-01-02", kind="patching")
    for by in ("it-office", "P-SITE"):
        with pytest.raises(RefusedError) as error:
            verify(books, "M7", "2025-01-03", verified_by=by)
        assert codes(error) == ["COMPUTER-SAME-PERSON"]
    for more in ({"evidence": None}, {"verified_by": None}, {"evidence": "act:99999"}):
        with pytest.raises(RefusedError) as error:
            verify(books, "M7", "2025-01-03", **more)
        assert codes(error) == ["COMPUTER-EVIDENCE"]
    with pytest.raises(RefusedError) as error:
        measure(books, "M7", "lapsed", "2025-01-03", reason="x", verified_by="P-OFFICE")
    assert codes(error) == ["COMPUTER-EVIDENCE"]


def test_links(books: SmallBooks) -> None:
    verify(books, "M1", "2025-06-01", evidence=f"act:1 {'b' * 64}")
    metadata, registry = books.database.metadata, books.database.registry
    with books.database.reading() as connection:
        one = computer_system(connection, metadata, "S-1")
        line = one.to_dict()["measures"][0]["line"]
        links = why(connection, metadata, registry, "secsystem:S-1").links
        told = {(each.source, each.relation, each.target) for each in links}
        assert ("secsystem:S-1", "protected by", line) in told
        assert (line, "shown by", "act:1") in told
        assert (line, "shown by", f"evidence:{'b' * 64}") in told
        for each in links:
            if each.source.startswith("sec") or each.relation == "shown by":
                assert each in dependents(connection, metadata, registry, each.target)
        then = computer_system(connection, metadata, "S-1", day("2025-01-09"))
    assert then.measures["M1"].state == "in_place"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": "S 1"}, "COMPUTER-TEXT"),
        ({"owner": None}, "COMPUTER-TEXT"),
        ({"level": 0}, "COMPUTER-VALUE"),
        ({"level": None}, "COMPUTER-VALUE"),
        ({"function": "games"}, "COMPUTER-VALUE"),
        ({"sensitive_asset": "perhaps"}, "COMPUTER-VALUE"),
        ({"facility": "XHG-"}, "COMPUTER-FACILITY"),
        ({"name": "S-1"}, "COMPUTER-ANEW"),
    ],
)
def test_systems_that_are_refused(books: SmallBooks, more: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as error:
        system(books, more.pop("name", "NEW"), **more)
    assert codes(error) == [code]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"system": "NONE"}, "COMPUTER-UNKNOWN"),
        ({"measure": "M 9"}, "COMPUTER-TEXT"),
        ({"kind": "prayer"}, "COMPUTER-VALUE"),
        ({"kind": None}, "COMPUTER-VALUE"),
        ({"state": "done"}, "COMPUTER-VALUE"),
        ({"state": "lapsed", "reason": "x"}, "COMPUTER-STEP"),
        ({"measure": "M1", "kind": "patching", "reason": "x"}, "COMPUTER-STEP"),
        ({"measure": "M3", "kind": None, "on": day("2025-02-01")}, "COMPUTER-STEP"),
        ({"next_due": day("2025-06-01")}, "COMPUTER-STEP"),
        ({"on": day("9998-01-01")}, "COMPUTER-STEP"),
    ],
)
def test_measures_that_are_refused(books: SmallBooks, more: dict[str, Any], code: str) -> None:
    row = {
        "system": "S-1", "measure": "M9", "kind": "patching", "state": "in_place",
        "on": day("2025-06-01"), **more,
    }  # fmt: skip
    with pytest.raises(RefusedError) as error:
        record_measures(books.database, SITE, [row])
    assert set(codes(error)) == {code}


@pytest.mark.parametrize(
    ("kind", "way", "more", "code"),
    [
        ("radio", "Z2>Z4", {}, "COMPUTER-VALUE"),
        ("one_way", "Z2>Z2", {}, "COMPUTER-CONNECTION"),
        ("one_way", "Z2>Z7", {}, "COMPUTER-CONNECTION"),
        ("one_way", "Z2>Z4", {"on": None}, "COMPUTER-CONNECTION"),
        ("one_way", "Z2>Z4", {"removed_on": day("2024-01-01")}, "COMPUTER-CONNECTION"),
        ("one_way", "Z2>Z4", {"reason": "a\tb"}, "COMPUTER-TEXT"),
    ],
)
def test_connections_that_are_refused(
    books: SmallBooks, kind: str, way: str, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(RefusedError) as error:
        connect(books, "C-9", kind, way, **more)
    assert codes(error) == [code]


@pytest.mark.parametrize(
    "content",
    [
        b"level,kind,within_days\n6,patching,1\n",
        b"level,kind,within_days\n1,patching,0\n",
        b"level,kind,within_days\n1,prayer,1\n",
        b"level,kind,within_days\n1,patching,1\n1,patching,2\n",
    ],
)
def test_rules_that_are_refused(content: bytes) -> None:
    with pytest.raises(RefusedError) as error:
        rules_of_file(MEASURE, "r.csv", content)
    assert codes(error) == ["COMPUTER-RULES"]


def test_the_pipeline_holds_whoever_posts(books: SmallBooks) -> None:
    made = Draft("protection.computer", "x")
    made.add(
        "security_system_measure",
        {"scope": "XH", "system": "S-1", "measure": "M1", "kind": "one_way_transfer",
         "before": "planned", "state": "in_place", "on_day": 20250101, "by_person": "P-SITE"},
    )  # fmt: skip
    with pytest.raises(RefusedError) as error:
        post(books.database, made, SITE)
    assert set(codes(error)) == {"COMPUTER-STEP"}


STATES = st.sampled_from(["planned", "in_place", "verified", "lapsed"])


@settings(max_examples=80)
@given(
    st.lists(st.tuples(STATES, st.integers(0, 40)), max_size=5),
    st.none() | st.integers(1, 60),
    st.integers(0, 200),
)
def test_gap_law(said: list[tuple[str, int]], within: int | None, later: int) -> None:
    """A measure does what is required while it stands, and no longer than it was verified for."""
    known, today, state = Computers(), datetime.date(2025, 1, 1), None
    known.take(
        "security_system",
        {"system": "S", "scope": SCOPE, "level": 2, "zone": "Z", "act_id": 1, "line_no": 1},
    )
    for following, gap in said:
        if following not in STEPS[state]:
            continue
        state, today = following, today + datetime.timedelta(days=gap)
        line = {
            "system": "S", "measure": "M", "kind": "patching", "state": state, "next_due": None,
            "on_day": date_number(today), "act_id": 1, "line_no": 2,
        }  # fmt: skip
        known.take("security_system_measure", line)
    rules = RuleTable("R", ({"level": 2, "kind": "patching", "within_days": within},))
    found = gaps_of(known, rules, today + datetime.timedelta(days=later))
    if within is None:
        fine = state in ("in_place", "verified")
    else:
        fine = state == "verified" and later <= within
    assert (not found) == fine


# --- commands ------------------------------------------------------------------------------------

COMMANDS = typer.Typer()
add_computer(COMMANDS)
COMMANDS.callback()(lambda: None)


def run(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, *given: str) -> Result:
    monkeypatch.setattr(Given, "db", str(books.database.url))
    monkeypatch.setenv("KEIRYO_PERSON", "P-SITE")
    return CliRunner().invoke(COMMANDS, ["computer", *given])


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return str(result.stdout)


def test_commands(books: SmallBooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def site(*given: str) -> Result:
        return run(books, monkeypatch, *given)

    terms = ["--facility", "XHF-", "--function", "security", "--level", "1", "--zone", "Z1"]
    done(site("system", "S-20", *terms, "--sensitive", "--owner", "guards"))
    done(site("measure", "S-20", "M1", "in_place", "--kind", "signed_imports"))
    done(site("connection", "C-20", "--facility", "XHF-", "--from", "Z1", "--to", "Z2",
              "--kind", "one_way", "--on", "2025-01-01"))  # fmt: skip
    shown = json.loads(done(site("show", "S-20", "--format", "json")))
    assert shown["sensitive_asset"] and shown["measures"][0]["state"] == "in_place"
    listed = json.loads(done(site("list", "--zone", "Z1", "--format", "json")))
    assert [(one["system"], one["standing"]) for one in listed] == [("S-20", 1)]
    assert "C-20" in done(site("list", "--connections", "--zone", "Z1", "--format", "table"))
    rules = tmp_path / "rules.json"
    rules.write_text('[{"level": 1, "kind": "signed_imports", "within_days": 30}]')
    found = json.loads(done(site("gaps", "--rules", str(rules), "--format", "json")))
    assert [one["message"] for one in found if one["name"] == "S-20"] == [
        "S-20 (level 1): signed_imports is in place and not verified"
    ]
    done(site("rules", str(rules), "--name", "R-7", "--valid-from", "2026-01-01"))
    assert isinstance(site("show", "NONE").exception, NotFoundError)
    file = tmp_path / "measures.toml"
    rows = "\n".join(
        f'[[row]]\nsystem = "S-20"\nmeasure = "{name}"\nkind = "patching"\n'
        f'state = "planned"\non = {on}\nevidence = ["PT-1", "PT-2"]\n'
        for name, on in (("A", "2025-01-01"), ("B", "1"))
    )
    file.write_text(rows)
    error = site("measure", "--file", str(file)).exception
    assert isinstance(error, RefusedError)
    assert [(one.code, one.line) for one in error.findings] == [("COMPUTER-CELL", 2)]
    file.write_text(rows.replace("on = 1", "on = 2025-01-01"))
    assert "Recorded 2 lines" in done(site("measure", "--file", str(file), "--format", "table"))
