"""An event from loan to return, as the folder keiryo/data/lake_games tells it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import docx
import pytest
from scipy import stats

from keiryo.public_events.day_tables import PUBLIC_EVENT_CHECK
from keiryo.public_events.due import duties
from keiryo.public_events.hand_back import lender_report, open_returns
from keiryo.public_events.report_document import as_docx
from keiryo.public_events.sweeping import readiness
from played_public_event import EVENT, FOLDER, LOAN, Played, day, opened, utc


def states(played: Played, at: str) -> dict[tuple[str, str], str]:
    with played.database.reading() as connection:
        found = duties(connection, played.database.metadata, EVENT, utc(at))
    return {(one.what, one.about): one.state for one in found}


def not_ready(played: Played) -> set[str]:
    with played.database.reading() as connection:
        found = readiness(connection, played.database.metadata, EVENT)
    return {one.code for one in found["stadium"]}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    played = opened(tmp_path_factory.mktemp("event"))
    found: dict[str, Any] = {"played": played}
    played.loan()
    found["june"] = states(played, "2025-06-16T09:00+09:00")
    played.receipt()
    found["received"] = states(played, "2025-06-16T09:00+09:00")
    found["before"] = not_ready(played)
    found["covered"] = played.before()
    found["after"] = not_ready(played)
    found["shift"] = states(played, "2025-07-20T08:30+09:00")
    played.day()
    with played.database.reading() as connection:
        found["away"] = open_returns(connection, played.database.metadata, EVENT)
    found["late"] = states(played, "2025-10-01T09:00+09:00")
    played.back()
    with played.database.reading() as connection:
        metadata = played.database.metadata
        found["lender"] = lender_report(connection, metadata, EVENT, LOAN, on=day(8, 25))
    found["final"] = played.end()
    found["end"] = states(played, "2025-10-01T09:00+09:00")
    yield found
    played.database.close()


def test_what_is_due_follows_what_was_done(told: dict[str, Any]) -> None:
    assert told["june"]["request", "RIID-1"] == "done"
    assert told["june"]["receipt check", "BP-1"] == "late"
    assert told["june"]["daily check", "BP-1"] == "ahead"
    assert told["received"]["receipt check", "BP-1"] == "done"
    assert told["shift"]["daily check", "PPM-1"] == "done"
    assert (told["late"]["return", LOAN], told["end"]["return", LOAN]) == ("late", "done")
    assert told["late"]["report to the lender", LOAN] == "late"
    assert set(told["end"].values()) == {"done"}


def test_a_venue_is_ready_when_swept_and_locked(told: dict[str, Any]) -> None:
    assert told["before"] == {"PUBLIC-EVENT-NOT-SWEPT", "PUBLIC-EVENT-NOT-LOCKED"}
    assert told["covered"] > 0.95
    assert told["after"] == set()


def test_what_is_lent_comes_back(told: dict[str, Any]) -> None:
    assert {one.code for one in told["away"]} == {"PUBLIC-EVENT-NOT-BACK"}
    assert len(told["away"]) == 3  # the loan, and both instruments
    lender = told["lender"]
    assert (lender["state"], lender["open"]) == ("closed", [])
    backpack = next(one for one in lender["instruments"] if one["serial"] == "BP-1")
    assert [one["passed"] for one in backpack["receipt_checks"]] == [False, True]
    assert [one["place"] for one in backpack["hand_overs"]] == ["store", "store", "south", "Vienna"]


def test_the_final_report_counts_exactly(told: dict[str, Any]) -> None:
    final = told["final"]
    assert final["open"] == []
    every = final["statistics"][-1]
    assert (every["post"], every["alarms"], every["hours"]) == ("all posts", 4, 16)
    assert (every["false"], every["innocent"], every["response"]) == (1, 2, 1)
    low, high = every["rate_interval"]
    assert low == pytest.approx(stats.chi2.ppf(0.025, 8) / 32, rel=1e-12)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 10) / 32, rel=1e-12)
    assert every["false_interval"] == pytest.approx(
        [stats.beta.ppf(0.025, 1, 4), stats.beta.ppf(0.975, 2, 3)], rel=1e-12
    )
    assert [one["state"] for one in final["releases"]] == ["asked", "released"]
    assert len(final["lessons"]) == 2 and final["surveys"][0]["venue"] == "stadium"


@pytest.mark.parametrize("name", ["final", "lender"])
def test_reports_are_word_documents_that_stay(told: dict[str, Any], name: str) -> None:
    made = as_docx(told[name])
    assert made == as_docx(told[name])
    read = docx.Document(io.BytesIO(made))
    assert read.paragraphs[0].text.startswith("Final report")
    cells = [cell.text for table in read.tables for row in table.rows for cell in row.cells]
    assert ("BP-1" if name == "lender" else "A-003") in cells


def test_the_evidence_chain_reaches_the_checks(told: dict[str, Any]) -> None:
    from keiryo.journal.dependents import dependents
    from keiryo.journal.reading import line_node, rows_of
    from keiryo.public_events.links import explain

    database = told["played"].database
    with database.reading() as connection:
        rows = rows_of(connection, database.metadata, PUBLIC_EVENT_CHECK.name)
        targets = {
            x.target for x in explain(connection, database.metadata, f"public-event:{EVENT}")
        }
        assert {line_node(row) for row in rows} <= targets
        back = dependents(connection, database.metadata, database.registry, line_node(rows[0]))
        assert f"public-event:{EVENT}" in {one.source for one in back}


def test_the_folder_tells_its_files() -> None:
    folder = FOLDER
    readme = (folder / "README.md").read_text()
    assert all(one.name in readme for one in folder.iterdir() if one.name != "README.md")
