"""Cases from passages of the books: facts taken over, one case each, alarms without a case."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

import keiryo
from detection_sites.port_books import PORTAL, SITE, put, read, refused, take
from keiryo.alarm_cases.adjudication import next_steps
from keiryo.alarm_cases.case_record import alarm_case, case_register
from keiryo.alarm_cases.passages import facts_of_passage, own_passage, waiting_passages
from keiryo.alarm_cases.recording import raise_alarms, take_step
from keiryo.alarm_cases.statistics import (
    alarm_statistics,
    outcome_row,
    passages_of_books,
    places_of,
)
from keiryo.api import Books
from keiryo.cli.alarm_cases import register
from keiryo.cli.options import Given
from keiryo.detection_sites.register import read_register
from keiryo.errors import KeiryoError
from keiryo.journal.dependents import dependents
from keiryo.journal.why import why
from web.detecting_port import daily_file

GAMMA, SECOND = "P1@2025-05-31T01:05:00.000Z", "P1@2025-05-31T03:00:00.000Z"
NEUTRONS, QUIET = "P1@2025-05-31T05:00:00.000Z", "P1@2025-05-31T01:00:00.000Z"
DAY = datetime.date(2025, 5, 31)
COMMANDS = typer.Typer()
register(COMMANDS)


@pytest.fixture
def books(sqlite_url: str) -> Books:
    made = keiryo.init(sqlite_url, "XA", person="P-TEST2345")
    put(made, "site", {**SITE, "partner": "Customs"})
    put(made, "lane", {"lane": "L1", "site": "PORT-1"})
    put(made, "instrument", PORTAL)
    put(made, "setup", {"instrument": "P1", "valid_from": "2025-01-01T00:00+09:00", "n_sigma": "5"})
    take(made, daily_file(), day=DAY)
    return made


def raised(books: Books, passage: str, **more: Any) -> str:
    done = raise_alarms(books.database, books.actor, [{"passage": passage, **more}])
    return done.cases[0]


def waiting(books: Books, **more: Any) -> list[str]:
    def find(connection: Any, metadata: Any) -> list[dict[str, Any]]:
        cases = case_register(connection, metadata).values()
        return waiting_passages(connection, metadata, cases, **more)

    return [one["passage"] for one in read(books, find)]


def case(books: Books, name: str) -> Any:
    with books.database.reading() as connection:
        return alarm_case(connection, books.database.metadata, name)


def test_what_the_record_knows_is_taken_over(books: Books) -> None:
    name = raised(books, "P1@2025-05-31T10:05:00+09:00", container="CSQU3054383")
    assert name == "P1-20250531-100500"
    values = case(books, name).values
    told = {one: values[one] for one in ("site", "lane", "partner", "instrument", "container")}
    assert told == {
        "site": "PORT-1", "lane": "L1", "partner": "Customs", "instrument": "P1",
        "container": "CSQU3054383",
    }  # fmt: skip
    assert values["raised_at"] == "2025-05-31T10:05:00+09:00"
    assert (values["gamma_alarm"], values["neutron_alarm"]) == (1, 0)
    assert float(values["max_sigma"]) > 5
    assert values["evidence"].startswith(f"occupancy:{GAMMA}#")
    with books.database.reading() as connection:
        place = (connection, books.database.metadata, books.database.registry)
        nodes = str(why(*place, f"alarm:{name}"))
        rests = dependents(*place, f"occupancy:{GAMMA}")
    assert f"occupancy:{GAMMA}" in nodes and "evidence:" in nodes
    assert "shown by" in str(rests)


def test_neutrons_of_the_record_are_not_left_out(books: Books) -> None:
    name = raised(books, NEUTRONS, gamma_alarm=0, neutron_alarm=0)
    assert case(books, name).values["neutron_alarm"] == 1 and case(books, name).neutrons
    row = {
        "alarm": "A-2", "origin": "INSTRUMENT_ALARM", "raised_at": "2025-05-31T12:00:00+09:00",
        "site": "PORT-1", "instrument": "P1", "occupancy": NEUTRONS.partition("@")[2],
        "gamma_alarm": 1, "neutron_alarm": 0, "evidence": f"occupancy:{NEUTRONS}",
    }  # fmt: skip
    told = refused(raise_alarms, books.database, books.actor, [row])
    assert told == {"ALARM-PASSAGE"}  # neutrons left out, and it has a case


def test_a_passage_has_one_case_at_the_site_of_its_instrument(books: Books) -> None:
    first = raised(books, GAMMA)
    with pytest.raises(KeiryoError) as error:
        raised(books, GAMMA, alarm="ANOTHER")
    (one,) = error.value.findings  # type: ignore[attr-defined]
    assert one.code == "ALARM-PASSAGE" and first in one.message
    assert refused(raised, books, SECOND, site="PORT-9") == {"ALARM-PASSAGE"}
    assert refused(raised, books, "P1@2025-05-31T09:00:00.000Z") == {"ALARM-PASSAGE"}
    assert refused(raised, books, "P9@yesterday") == {"ALARM-PASSAGE"}
    assert refused(raised, books, QUIET) == {"ALARM-INSTRUMENT"}
    raised(books, GAMMA, alarm=first, reason="container read again", container="MSKU0000011")
    assert case(books, first).values["container"] == "MSKU0000011"
    both = [{"passage": SECOND, "alarm": "B-1"}, {"passage": SECOND, "alarm": "B-2"}]
    assert refused(raise_alarms, books.database, books.actor, both) == {"ALARM-PASSAGE"}


def test_a_file_that_comes_after_the_case_counts_before_its_end(books: Books) -> None:
    """The portal's neutron alarm was not known when the case was raised."""
    row = {
        "alarm": "EARLY", "origin": "INSTRUMENT_ALARM", "raised_at": "2025-06-01T14:00:00+09:00",
        "site": "PORT-1", "instrument": "P1", "occupancy": "2025-06-01T14:00:00+09:00",
        "gamma_alarm": 1, "neutron_alarm": 0, "evidence": "occupancy:P1@2025-06-01T05:00:00Z",
    }  # fmt: skip
    raise_alarms(books.database, books.actor, [row])
    take(books, daily_file() + b"\r\n", "next.csv", day=DAY + datetime.timedelta(days=1))
    step = {"alarm": "EARLY", "at": "2025-06-01T15:00:00+09:00", "reason": "not there again"}
    step["evidence"] = "measurement:RIID-1@2025-06-01T14:30:00+09:00"
    given = (books.database, books.actor, "FALSE", step)
    assert refused(take_step, *given) == {"ALARM-PASSAGE"}
    with books.database.reading() as connection:
        told = next_steps(connection, books.database.metadata, "EARLY", books.actor)
    assert [one["open"] for one in told if one["step"] == "FALSE"] == [False]
    anew = {"alarm": "EARLY", "neutron_alarm": 1, "reason": "the file of the day"}
    raise_alarms(books.database, books.actor, [anew])
    assert refused(take_step, *given) == {"ALARM-SAME-PERSON"}


def test_alarms_without_a_case_wait_neutrons_first(books: Books) -> None:
    assert waiting(books) == [NEUTRONS, GAMMA, SECOND]
    assert waiting(books, site="PORT-2") == [] and waiting(books, first="2025-06-01") == []
    assert waiting(books, last="2025-05-31T03") == [GAMMA]
    name = raised(books, GAMMA)
    assert waiting(books) == [NEUTRONS, SECOND]
    step = {"alarm": name, "at": "2025-05-31T12:30:00+09:00", "reason": "second passage"}
    seen = {"evidence": f"occupancy:{SECOND}"}
    take_step(books.database, books.actor, "VERIFIED", {**step, **seen})
    assert waiting(books) == [NEUTRONS]


def test_of_two_passages_with_one_start_each_has_its_case() -> None:
    row = {"instrument": "P1", "occupancy": "2025-05-31T10:05:00+09:00"}
    start = "P1@2025-05-31T01:05:00.000Z"
    assert own_passage(row) == ("P1", "2025-05-31T01:05:00.000Z")
    for evidence in (f"occupancy:{start}~2", f"act:3 occupancy:{start}~2#{'a' * 64}"):
        assert own_passage({**row, "evidence": evidence}) == ("P1", start.partition("@")[2] + "~2")
    assert own_passage({"instrument": "P1"}) is None


def test_the_alarm_of_the_instrument_is_read_in_the_kept_file(books: Books) -> None:
    """A neutron flag of the instrument counts where the replay has none."""
    flagged = daily_file().replace(b"NS,000001", b"NA,000001", 1).replace(b"10-0", b"20-0")
    take(books, flagged, "b.csv", day=DAY)

    def facts(connection: Any, metadata: Any) -> Any:
        named = "P1@2025-05-31T11:00:00.000Z"
        content = books.database.evidence.get
        return facts_of_passage(connection, metadata, content, named)[0]

    found = read(books, facts)
    assert (found["gamma_alarm"], found["neutron_alarm"]) == (0, 1)


def test_rates_count_a_case_where_its_passage_is(books: Books) -> None:
    name = raised(books, GAMMA, lane="L9")
    with books.database.reading() as connection:
        metadata = books.database.metadata
        places = places_of(read_register(connection, metadata))
        passages = passages_of_books(connection, metadata, "lane")
        cases = case_register(connection, metadata)
    (row,) = alarm_statistics([outcome_row(cases[name], places)], passages)
    assert (row["lane"], row["alarms"], row["occupancies"]) == ("L1", 1, 5)
    assert row["alarms_rate"] == 0.2


class Shell:
    """Commands over the books."""

    def __init__(self, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Given, "db", str(books.database.url))
        monkeypatch.setenv("KEIRYO_PERSON", "P-TEST2345")

    def run(self, *given: str) -> Result:
        return CliRunner().invoke(COMMANDS, ["alarms", *given])

    def done(self, *given: str) -> Any:
        result = self.run(*given, "--format", "json")
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout)


def test_by_command(books: Books, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shell = Shell(books, monkeypatch)
    assert [one["passage"] for one in shell.done("waiting")] == [NEUTRONS, GAMMA, SECOND]
    assert shell.done("waiting", "--from", "2025-06-01") == []
    done = shell.done("raise", "--passage", GAMMA, "--container", "CSQU3054383")
    assert done["alarms"] == ["P1-20250531-100500"]
    assert "Every alarm" not in shell.run("waiting").output
    (rate,) = shell.done("statistics")
    assert (rate["lane"], rate["occupancies"], rate["alarms"]) == ("L1", 5, 1)
    assert (rate["days"], rate["denominator"]) == (1.0, "whole")
    assert shell.run("raise", "--passage", GAMMA, "--occupancy", "x").exit_code != 0
    assert shell.run("statistics", "--by", "colour").exit_code != 0


SPECTRA = Path(__file__).resolve().parents[1] / "data" / "spectra"


def test_a_spectrum_identifies_a_case(
    books: Books, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shell = Shell(books, monkeypatch)
    (name,) = shell.done("raise", "--passage", GAMMA)["alarms"]
    seen = ("--evidence", "measurement:RIID-1@2025-05-31T10:30:00+09:00", "--reason", "as measured")
    at = ("--at", "2025-05-31T10:40:00+09:00")
    shell.done("verify", name, *seen, *at)
    shell.done("localize", name, "--place", "middle", *seen, *at)
    shell.done("characterize", name, "--dose-rate", "0.3", "--no-neutrons", *seen, *at)
    empty = tmp_path / "empty.spe"
    empty.write_text("hello")
    told = ("--reason", "by keiryo", *at)
    assert _codes(shell.run("identify", name, "--spectrum", str(empty), *told)) == {
        "ALARM-SPECTRUM"
    }
    assert shell.run("identify", name, *told).exit_code != 0
    file = next(iter(sorted(SPECTRA.rglob("*.[sS][pP][eE]"))))
    done = shell.done("identify", name, "--spectrum", str(file), *told)
    kept = {one["name"] for one in done["files"]}
    assert kept == {file.name, f"{file.stem}.identify.json"}
    found = case(books, name)
    assert found.state == "IDENTIFIED"
    answer = json.loads(books.database.evidence.get(found.identifications[0]["digest"]))
    assert answer["of"]["spectrum"]["sha256"] in found.evidence


def _codes(result: Result) -> set[str]:
    return {one.code for one in getattr(result.exception, "findings", ())}
