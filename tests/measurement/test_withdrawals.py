"""What was withdrawn stays withdrawn, exactly what was named, and whoever relied on it is told."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from keiryo.accounts.model import Knowledge
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.why import why
from keiryo.measurement.estimates import estimate_series
from keiryo.measurement.explain import explain
from keiryo.measurement.intake import Imported, withdraw
from keiryo.measurement.outdated import outdated_estimates
from keiryo.measurement.recording import Wanted, record_estimate
from keiryo.measurement.target_comparison import compare_targets
from measurement.measurement_books import CALIBRATIONS, PAIRS, RESULTS, SOURCES, MeasuredBooks
from small_books import ACTOR

HEAD, ROW = PAIRS.splitlines()[:2]


@pytest.fixture
def books(database_url: str) -> MeasuredBooks:
    return MeasuredBooks(database_url)


@pytest.fixture
def quick(sqlite_url: str) -> MeasuredBooks:
    return MeasuredBooks(sqlite_url, "sources", "controls")


def withdrawn(books: MeasuredBooks, form: str, **chosen: Any) -> int:
    return withdraw(books.database, ACTOR, form, chosen, "spilt")[0].act_id


def recorded(books: MeasuredBooks, wanted: Wanted, series: str = "P", **options: Any) -> Imported:
    with books.database.reading() as connection:
        estimate = estimate_series(connection, books.database.metadata, series, **options)
    return record_estimate(books.database, ACTOR, estimate, wanted)


def outdated(books: MeasuredBooks, **options: Any) -> list[str]:
    with books.database.reading() as connection:
        found = outdated_estimates(connection, books.database.metadata, **options)
    assert {f.code for f in found} <= {"ESTIMATE-OUTDATED"}
    return [f.message for f in found]


@pytest.mark.parametrize(
    ("form", "text", "chosen"),
    [
        ("controls", PAIRS, {"session": "1"}),
        ("sources", SOURCES, {"source": "EB-r"}),
        ("results", RESULTS, {"result": "LAB-2"}),
        ("calibrations", CALIBRATIONS, {"instrument": "T2"}),
    ],
)
def test_withdrawn_rows_do_not_return_by_themselves(
    sqlite_url: str, form: str, text: str, chosen: dict[str, Any]
) -> None:
    books = MeasuredBooks(sqlite_url)
    first = books.measure(form, text)
    act, count = withdraw(books.database, ACTOR, form, chosen, "crucible broke")
    again = books.measure(form, text)
    assert again.act is None and (again.recorded, again.withdrawn) == (0, count)
    assert again.unchanged == first.recorded - count
    (finding,) = again.findings
    assert (finding.code, finding.severity) == ("MEASUREMENT-WITHDRAWN", "W")
    assert f"act {act.act_id}" in finding.message and "crucible broke" in finding.message
    assert finding.line and "--again" in finding.advice
    meant = books.measure(form, text, again=True)
    assert (meant.recorded, meant.withdrawn) == (count, 0)
    assert {f.code for f in meant.findings} <= {"CONTROL-REPEATED"}
    assert books.measure(form, text).act is None


def test_new_words_under_a_withdrawn_name_are_new(quick: MeasuredBooks) -> None:
    quick.measure("sources", SOURCES.replace("TI-s,TI,long,concentration,0.001",
                                             "TI-s,TI,long,concentration,0.002"))  # fmt: skip
    withdrawn(quick, "sources", source="TI-s")
    # The oldest file says what once was in force: that is as old as what was withdrawn.
    assert quick.measure("sources", SOURCES).withdrawn == 1
    other = SOURCES.replace("TI-s,TI,long,concentration,0.001", "TI-s,TI,long,concentration,0.003")
    assert quick.measure("sources", other).recorded == 1


def test_exactly_the_named_measurement_is_withdrawn(books: MeasuredBooks) -> None:
    books.measure("controls", "\n".join([HEAD, ROW, ROW, ROW]))
    lines = [(c.act, c.line) for c in books.known("control_measurements")]
    before = books.last_act()
    withdrawn(books, "controls", series="P", act_id=lines[1][0], line_no=lines[1][1])
    left = [(c.act, c.line) for c in books.known("control_measurements")]
    assert left == [lines[0], lines[2]]
    assert len(books.known("control_measurements", knowledge=Knowledge(through_act=before))) == 3
    with pytest.raises(NotFoundError):
        withdrawn(books, "controls", series="P", act_id=lines[1][0], line_no=lines[1][1])
    grown = books.measure("controls", "\n".join([HEAD, ROW, ROW, ROW, ROW]))
    assert (grown.recorded, grown.unchanged, grown.withdrawn) == (1, 2, 1)


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_withdrawal_has_a_reason(quick: MeasuredBooks, reason: str) -> None:
    before = quick.last_act()
    with pytest.raises(UsageError, match="reason is empty"):
        withdraw(quick.database, ACTOR, "sources", {"source": "EB-r"}, reason)
    assert quick.last_act() == before


# --- estimates -------------------------------------------------------------------------------


def test_estimate_without_its_measurements_is_outdated(books: MeasuredBooks) -> None:
    books.measure("sources", SOURCES)
    books.measure("controls", PAIRS)
    recorded(books, Wanted("TI-r", instrument_of="difference"))
    assert outdated(books) == []
    books.measure("controls", f"{HEAD}\nP,paired,TI,4,0,2025-04-01,1000,999,g")
    assert outdated(books) == []  # later measurements are no reason
    before = books.last_act()
    act = withdrawn(books, "controls", series="P", session="1")
    (words,) = outdated(books)
    assert "TI-r" in words and "4 of 12" in words and f"act {act}" in words
    assert outdated(books, knowledge=Knowledge(through_act=before)) == []
    # An end of its days does not make the estimate younger.
    day = datetime.date(2025, 9, 1)
    recorded(books, Wanted("TI-r", instrument_of="difference", valid_from=day))
    assert len(outdated(books)) == 1
    books.measure("controls", PAIRS, again=True)
    assert outdated(books) == []


def test_recorded_estimate_keeps_what_it_does_not_tell(quick: MeasuredBooks) -> None:
    head = "source,method,kind,basis,relative_sd,absolute_sd_kg,one_error_per,closing_epoch"
    quick.measure("calibrations", CALIBRATIONS)
    quick.measure("sources", f"{head},reference\nA,TI,random,concentration,0.01,0.002,batch,,old\n"
                             "B,TI,epoch,concentration,0.01,,,old,")  # fmt: skip
    recorded(quick, Wanted("A", instrument_of="difference"))
    found = quick.known("error_sources")["A"][0]
    assert (found.relative_sd, found.absolute_sd_kg) == (0.00235112, 0.002)
    assert found.one_error_per == "batch" and "absolute_sd_kg as in line" in (found.reference or "")
    day = datetime.date(2025, 9, 1)
    recorded(quick, Wanted("A", instrument_of="difference", valid_from=day))
    assert [s.absolute_sd_kg for s in quick.known("error_sources")["A"]] == [0.002, 0.002]
    recorded(quick, Wanted("B", "systematic", "difference"))
    assert quick.known("error_sources")["B"][0].closing_epoch == "old"
    recorded(quick, Wanted("A", instrument_of="difference", one_error_per="item", valid_from=day))
    assert quick.known("error_sources")["A"][1].one_error_per == "item"


@pytest.mark.parametrize(("name", "words"), [("TI-s", "of kind long"), ("EB-r", "of method EB")])
def test_estimate_does_not_turn_a_source_into_another(
    quick: MeasuredBooks, name: str, words: str
) -> None:
    day = datetime.date(2025, 7, 1) if name == "EB-r" else None
    with pytest.raises(UsageError, match=words):
        recorded(quick, Wanted(name, instrument_of="difference", valid_from=day))


def test_estimate_without_a_quantity_asks_for_it(sqlite_url: str) -> None:
    books = MeasuredBooks(sqlite_url, "controls")
    with pytest.raises(UsageError, match="which quantity") as error:
        recorded(books, Wanted("N", instrument_of="difference"))
    assert "--basis" in error.value.advice


def test_absolute_part_of_a_mixed_source_is_not_compared(quick: MeasuredBooks) -> None:
    quick.measure("sources", "source,method,kind,basis,relative_sd,absolute_sd_kg\n"
                             "N,NDA,long,nda,0.1,0.01")  # fmt: skip
    quick.measure("targets", "edition,method,material,basis,u_r,u_s,verified\nE,NDA,U,nda,9,9,yes")
    with quick.database.reading() as connection:
        found = compare_targets(connection, quick.database.metadata, datetime.date(2025, 3, 1))
    named = [f for f in found.findings if f.code == "TARGET-NOT-COMPARED"]
    assert [f.found for f in named] == ["N"] and "0.01 kg" in named[0].message


# --- why -------------------------------------------------------------------------------------


def chain(books: MeasuredBooks, node: str) -> Any:
    with books.database.reading() as connection:
        return why(connection, books.database.metadata, books.database.registry, node)


def links(books: MeasuredBooks, node: str) -> set[tuple[str, str]]:
    with books.database.reading() as connection:
        found = explain(connection, books.database.metadata, node)
        return {(link.relation, link.target) for link in found}


def line_of(books: MeasuredBooks, table: str, **fields: Any) -> str:
    with books.database.reading() as connection:
        columns = books.database.metadata.tables[table]
        row = connection.execute(columns.select().filter_by(**fields)).first()
    assert row is not None
    return f"line:{row.act_id}/{row.line_no}"


def test_a_source_is_explained_by_its_name(books: MeasuredBooks) -> None:
    books.measure("sources", SOURCES)
    books.measure("controls", PAIRS)
    recorded(books, Wanted("TI-r", instrument_of="difference"))
    assert len(links(books, "source:EB-r")) == 2
    found = chain(books, "source:TI-r")
    assert [kind for kind, _ in found.lines.values()].count("control_measurement") == 12
    with pytest.raises(NotFoundError, match="no error source 'none'"):
        chain(books, "source:none")


def test_sampling_is_behind_a_line_of_the_books(books: MeasuredBooks) -> None:
    books.measure("sources", f"{SOURCES}SA,,random,sampling,0.02,,\n")
    books.measure("strata", "mba,stratum,rank,codes,mdc,element_sources\n"
                            'XHA-,other,1,SD,,"TI-r"\nXHA-,all,9,,,"EB-r,SA"\n')  # fmt: skip
    listed = line_of(books, "physical_inventory", batch="LEU-1")
    stratum = line_of(books, "stratum_method", stratum="all")
    assert ("of the stratum", stratum) in links(books, listed)
    source = line_of(books, "error_source", source="SA")
    assert ("with the error of", source) in links(books, stratum)
    assert len(links(books, stratum)) == 3  # two dated lines of the balance, and sampling
    books.measure("strata", "mba,stratum,rank,batches,kmps,element_sources\n"
                            "XHA-,mine,3,LEU-*,,SA\nXHA-,nowhere,2,,Z,SA\n")  # fmt: skip
    mine = line_of(books, "stratum_method", stratum="mine")
    assert ("of the stratum", mine) in links(books, listed)
    assert "stratum_method" in {kind for kind, _ in chain(books, listed).lines.values()}
