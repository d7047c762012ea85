"""Tests, maintenance, measures and alarms in the books: what is refused, told, due and stale."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keiryo.capabilities import builtin_registry
from keiryo.cli.app import app
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.dependents import dependents
from keiryo.journal.model import Actor
from keiryo.journal.registry import Link
from keiryo.journal.why import why
from keiryo.protection.records_file import read_records_file
from keiryo.security_evidence.alarms import alarm_statistics
from keiryo.security_evidence.files import read_file
from keiryo.security_evidence.kinds import ALARM, MEASURE, TEST, WORK, Kind
from keiryo.security_evidence.recording import Recorded, record
from keiryo.security_evidence.register import history
from keiryo.security_evidence.status import assets_on, due, evidence_of, outages_on
from keiryo.storage.engine import Database
from small_books import PLANT, SmallBooks

OFFICER = Actor("P-SEC", "XH")
SCOPE = "XH/XHF-"
DAY = datetime.date(2025, 6, 1)
TESTED = {
    "facility": "XHF-",
    "test": "T-1",
    "element": "E-1",
    "test_type": "performance",
    "performed": datetime.date(2025, 5, 1),
    "testers": "ann bob",
    "result": "pass",
    "next_due": datetime.date(2025, 8, 1),
    "signed_by": "cid",
}
WORKED = {
    "facility": "XHF-",
    "maintenance": "M-1",
    "asset": "E-1",
    "asset_kind": "detection",
    "kind": "corrective",
    "opened": datetime.date(2025, 5, 20),
    "out_of_service_from": datetime.date(2025, 5, 20),
    "performers": "ann bob",
}
STANDS_IN = {
    "facility": "XHF-",
    "measure": "CM-1",
    "for_asset": "E-1",
    "description_code": "PATROL",
    "start_on": datetime.date(2025, 5, 20),
    "approver": "dan",
}
RANG = {
    "facility": "XHF-",
    "alarm": "A-1",
    "sensor": "E-1",
    "at": "2025-05-02T08:00:00Z",
    "cause": "nuisance",
    "assessed_at": "2025-05-02T08:00:30Z",
    "assessor": "eva",
}
ROWS = {TEST.name: TESTED, WORK.name: WORKED, MEASURE.name: STANDS_IN, ALARM.name: RANG}


class Books:
    """Books of one facility, and what is recorded in them."""

    def __init__(self, folder: Path) -> None:
        self.database = SmallBooks(f"sqlite:///{folder / 'b.sqlite'}", XHFA=PLANT).database

    def put(self, kind: Kind, **more: Any) -> Recorded:
        return record(self.database, OFFICER, kind, [{**ROWS[kind.name], **more}])

    def refused(self, kind: Kind, **more: Any) -> list[str]:
        with pytest.raises(RefusedError) as error:
            self.put(kind, **more)
        return [one.code for one in error.value.findings]

    def ask(self, what: Any, *words: Any, **more: Any) -> Any:
        with self.database.reading() as connection:
            return what(connection, self.database.metadata, *words, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    Books(folder).database.close()
    return folder / "b.sqlite"


@pytest.fixture
def books(whole: Path, tmp_path: Path) -> Iterator[Books]:
    (tmp_path / "b.sqlite").write_bytes(whole.read_bytes())
    made = Books.__new__(Books)
    made.database = Database(f"sqlite:///{tmp_path / 'b.sqlite'}", builtin_registry())
    yield made
    made.database.close()


# --- what is refused -----------------------------------------------------------------------------

LATER = datetime.date(2025, 5, 2)
EARLIER = datetime.date(2025, 4, 1)
REFUSED: list[tuple[Kind, dict[str, Any], str]] = [
    (TEST, {"element": "E 1"}, "EVIDENCE-WORDS"),
    (TEST, {"deviations": "x" * 201}, "EVIDENCE-WORDS"),
    (TEST, {"testers": "ann ann"}, "EVIDENCE-WORDS"),
    (TEST, {"facility": "XQQ-"}, "EVIDENCE-PLACE"),
    (TEST, {"result": None, "performed": None}, "EVIDENCE-RESULT"),
    (TEST, {"testers": None}, "EVIDENCE-RESULT"),
    (TEST, {"signed_by": "ann"}, "EVIDENCE-PERSONS"),
    (TEST, {"witness": "bob"}, "EVIDENCE-PERSONS"),
    (TEST, {"next_due": EARLIER}, "EVIDENCE-DAYS"),
    (TEST, {"performed": datetime.date(2999, 1, 1), "next_due": None}, "EVIDENCE-DAYS"),
    (WORK, {"returned": EARLIER}, "EVIDENCE-DAYS"),
    (WORK, {"post_test": "T-9"}, "EVIDENCE-UNKNOWN"),
    (WORK, {"compensatory_measure": "CM-9"}, "EVIDENCE-UNKNOWN"),
    (MEASURE, {"verified_by": "dan"}, "EVIDENCE-PERSONS"),
    (MEASURE, {"end_on": EARLIER}, "EVIDENCE-DAYS"),
    (ALARM, {"assessed_at": "2025-05-02T07:59:59Z"}, "EVIDENCE-DAYS"),
    (ALARM, {"assessor": None}, "EVIDENCE-RESULT"),
    (ALARM, {"at": "08:00"}, "EVIDENCE-WORDS"),
    (ALARM, {"cause": "noise"}, "EVIDENCE-WORDS"),
]


@pytest.mark.parametrize(("kind", "more", "code"), REFUSED)
def test_refused(books: Books, kind: Kind, more: dict[str, Any], code: str) -> None:
    assert code in books.refused(kind, **more)
    assert books.ask(due, DAY) == []


def test_all_rows_or_none(books: Books) -> None:
    rows = [TESTED, {**TESTED, "test": "T-2", "signed_by": "ann"}, {**TESTED, "facility": "XQQ-"}]
    with pytest.raises(RefusedError) as error:
        record(books.database, OFFICER, TEST, rows)
    assert {one.code for one in error.value.findings} == {"EVIDENCE-PERSONS", "EVIDENCE-PLACE"}
    with pytest.raises(NotFoundError):
        books.ask(history, TEST.name, SCOPE, "T-1")


# --- what is told --------------------------------------------------------------------------------


def test_outage_without_a_verified_measure_is_told(books: Books) -> None:
    assert [one.code for one in books.put(WORK).findings] == ["EVIDENCE-UNCOVERED"]
    books.put(MEASURE)
    (asset,) = books.ask(assets_on, SCOPE, DAY)
    assert (asset.state, asset.measure, asset.measure_verified) == ("out of service", "CM-1", False)
    books.put(MEASURE, verified_by="eva")
    (asset,) = books.ask(assets_on, SCOPE, DAY)
    assert (asset.measure_verified, asset.findings) == (True, ())


def test_return_without_a_passed_test_is_told(books: Books) -> None:
    books.put(WORK)
    done = books.put(WORK, returned=datetime.date(2025, 5, 25))
    assert [one.code for one in done.findings] == ["EVIDENCE-NO-TEST-AFTER-REPAIR"]
    after = datetime.date(2025, 5, 25)
    books.put(TEST, test="T-2", performed=after, result="pass")
    done = books.put(WORK, returned=after, post_test="T-2")
    assert done.findings == ()


def test_two_persons_are_named(books: Books) -> None:
    done = books.put(WORK, two_person=True, performers="ann", returned=None)
    assert "EVIDENCE-TWO-PERSON" in [one.code for one in done.findings]


# --- days and knowledge --------------------------------------------------------------------------


def test_outage_lasts_until_before_the_return(books: Books) -> None:
    act = books.put(WORK).act
    assert act is not None
    books.put(WORK, returned=datetime.date(2025, 5, 25))
    for day, number in ((19, 0), (20, 1), (24, 1), (25, 0)):
        assert len(books.ask(outages_on, SCOPE, datetime.date(2025, 5, day))) == number
    on = datetime.date(2025, 5, 25)
    assert len(books.ask(outages_on, SCOPE, on, through_act=act.act_id)) == 1


def test_evidence_goes_stale_and_stays_in_the_record(books: Books) -> None:
    books.put(TEST)
    last = datetime.date(2025, 8, 1)
    for day, overdue in ((last, False), (last + datetime.timedelta(1), True)):
        (one,) = books.ask(evidence_of, SCOPE, day)
        assert (one.test, one.overdue, one.failed) == ("T-1", overdue, False)
    books.put(TEST, test="T-2", performed=datetime.date(2025, 7, 1), result="fail")
    (one,) = books.ask(evidence_of, SCOPE, last)
    assert (one.test, one.failed) == ("T-1", True)
    books.put(TEST, result="inconclusive", reason="the recording was incomplete")
    rows = books.ask(history, TEST.name, SCOPE, "T-1")
    assert [row["result"] for row in rows] == ["pass", "inconclusive"]


def test_what_is_due(books: Books) -> None:
    books.put(TEST)
    books.put(TEST, test="T-2", performed=None, result=None, testers=None, signed_by=None,
              next_due=None, planned=datetime.date(2025, 6, 10), element="E-2")  # fmt: skip
    books.put(WORK)
    books.put(MEASURE)
    found = [(one.what, one.name, one.days_left) for one in books.ask(due, DAY)]
    assert found == [
        ("EVIDENCE-UNCOVERED", "M-1", -12),
        ("EVIDENCE-UNVERIFIED", "CM-1", -12),
        ("test planned", "T-2", 9),
        ("next test", "T-1", 61),
    ]
    few = books.ask(due, DAY, within_days=9)
    assert len(few) == 3
    assert books.ask(due, datetime.date(2025, 8, 2))[-1].what == "EVIDENCE-OVERDUE"


def test_alarms(books: Books) -> None:
    books.put(ALARM)
    books.put(ALARM, alarm="A-2", at="2025-05-03T08:00:00Z", assessed_at="2025-05-03T08:01:30Z")
    books.put(ALARM, alarm="A-3", at="2025-05-04T08:00:00Z", assessed_at=None, assessor=None,
              cause="unknown")  # fmt: skip
    books.put(WORK)
    days = datetime.date(2025, 5, 1), datetime.date(2025, 5, 31)
    (one,) = books.ask(alarm_statistics, SCOPE, *days)
    assert (one.alarms, one.open, one.assessment.median_s, one.days_in_service) == (3, 1, 60, 19)
    assert one.nuisance is not None
    assert one.nuisance.per_day == pytest.approx(2 / 19)


def test_what_stands_like_this_is_not_recorded_twice(books: Books) -> None:
    books.put(TEST)
    again = books.put(TEST)
    assert (again.act, again.unchanged) == (None, 1)


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.csv", "test,element,trials\nT,E,30\n", "EVIDENCE-SENSITIVE"),
        ("a.csv", "test,element,colour\nT,E,red\n", "EVIDENCE-TABLE"),
        ("a.csv", "element\nE\n", "EVIDENCE-TABLE"),
        ("a.csv", "test,performed\nT,yesterday\n", "EVIDENCE-CELL"),
        ("a.csv", "test,test\nT,T\n", "EVIDENCE-TABLE"),
        ("a.json", '{"test": 1}', "EVIDENCE-TABLE"),
        ("a.json", '[{"test": "T", "test": "U"}]', "EVIDENCE-TABLE"),
        ("a.toml", "row = 1", "EVIDENCE-TABLE"),
        ("a.csv", "", "EVIDENCE-TABLE"),
    ],
)
def test_bad_file(name: str, text: str, code: str) -> None:
    found = read_file(name, text.encode(), facility="XHF-").findings
    assert code in [one.code for one in found]


def test_moments_without_an_offset_want_a_zone() -> None:
    text = b"alarm,sensor,at\nA,E,2027-03-28 02:30\nB,E,2027-03-28 12:30\n"
    read = read_file("a.csv", text, facility="XHF-", zone="Europe/Vienna")
    assert [row["at"] for row in read.rows] == ["2027-03-28 02:30", "2027-03-28T10:30:00.000000Z"]


# --- the evidence chain, and commands ------------------------------------------------------------


def test_an_asset_leads_to_its_records(books: Books) -> None:
    books.put(TEST)
    books.put(WORK)

    def links(node: str) -> list[Link]:
        with books.database.reading() as connection:
            database = books.database
            return list(why(connection, database.metadata, database.registry, node).links)

    asset = f"secasset:{SCOPE}/E-1"
    assert Link(f"facility:{SCOPE}@2025-06-01", "had out of service", asset) in links(
        f"facility:{SCOPE}@2025-06-01"
    )
    found = {link.relation: link.target for link in links(asset)}
    assert {"tested in", "worked on in"} <= set(found)
    with books.database.reading() as connection:
        database = books.database
        back = dependents(connection, database.metadata, database.registry, found["tested in"])
    assert Link(asset, "tested in", found["tested in"]) in back


def test_commands(books: Books, tmp_path: Path) -> None:
    db = ["--db", str(tmp_path / "b.sqlite")]

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["protection", "evidence", *words, *db])

    sheet = tmp_path / "tests.csv"
    sheet.write_text(
        "facility,test,element,test_type,performed,testers,result,next_due,signed_by\n"
        "XHF-,T-1,P7,performance,2025-05-01,ann bob,pass,2025-08-01,cid\n"
    )
    assert run("test", "--file", str(sheet)).exit_code == 0
    wrong = run("alarm", "--file", str(sheet))
    assert wrong.exit_code != 0
    words = ["M-1", "--facility", "XHF-", "--asset", "P7", "--asset-kind", "detection"]
    words += ["--kind", "corrective", "--opened", "2025-05-20"]
    done = run("maintenance", *words, "--out-of-service-from", "2025-05-20", "--format", "json")
    assert [one["rule"] for one in json.loads(done.stdout)["findings"]] == ["EVIDENCE-UNCOVERED"]
    status = json.loads(run("status", "XHF-", "--on", "2025-06-01", "--format", "json").stdout)
    assert [(one["name"], one["state"]) for one in status] == [("P7", "out of service")]
    assert json.loads(run("due", "--on", "2025-06-01", "--format", "json").stdout)
    assert run("history", "test", "XHF-", "T-1").exit_code == 0
    assert run("history", "work", "XHF-", "T-1").exit_code != 0
    out = tmp_path / "records.json"
    assert run("outages", "XHF-", "-o", str(out), "--on", "2025-06-01").exit_code == 0
    assert run("outages", "XHF-", "-o", str(out), "--on", "2025-06-01").exit_code != 0
    records = read_records_file(out)
    assert [one.object_id for one in records.outages] == ["P7"]
    assert [one.test for one in records.tests] == ["T-1"]
