"""Series of control measurements: what they tell, what becomes a source, and the way back."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from cases.making import change
from keiryo.accounts.model import Knowledge
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.journal.why import why
from keiryo.measurement.estimate_findings import rows_of
from keiryo.measurement.estimates import estimate_series
from keiryo.measurement.explain import explain
from keiryo.measurement.intake import Imported, withdraw
from keiryo.measurement.recording import Wanted, record_estimate
from keiryo.measurement.series import SeriesEstimate
from keiryo.measurement.target_comparison import TargetComparison, compare_targets
from measurement.measurement_books import PAIRS, SOURCES, STANDARDS, MeasuredBooks
from small_books import ACTOR

HEAD = "series,kind,method,session,item,measured_on,measured,reference,unit\n"
TODAY = datetime.date(2025, 3, 1)


@pytest.fixture
def books(sqlite_url: str) -> MeasuredBooks:
    return MeasuredBooks(sqlite_url, "sources", "controls")


def estimated(books: MeasuredBooks, series: str = "P", **options: Any) -> SeriesEstimate:
    with books.database.reading() as connection:
        return estimate_series(connection, books.database.metadata, series, **options)


def recorded(books: MeasuredBooks, wanted: Wanted, series: str = "P", **options: Any) -> Imported:
    return record_estimate(books.database, ACTOR, estimated(books, series, **options), wanted)


def test_pairs_tell_the_errors_of_the_difference(database_url: str) -> None:
    found = estimated(MeasuredBooks(database_url, "controls"))
    assert found.components is not None and found.random is not None and found.split is not None
    assert found.components.random_sd == pytest.approx(0.0023511226632776474, rel=1e-9)
    assert found.components.systematic_sd == pytest.approx(0.0029603866113886023, rel=1e-9)
    assert found.random.variance == pytest.approx(5.527777777777778e-06, rel=1e-9)
    assert (found.count, found.sessions, len(found.acts)) == (12, 3, 1)
    data = found.to_dict()
    assert data["components"]["mean_square_between"] == pytest.approx(4.058333333333334e-05)
    assert data["of"] == "operator minus inspector" and data["from"] == "2025-01-01"
    assert [row["what"] for row in rows_of(found)][:2] == [
        "random of the difference",
        "systematic of the difference",
    ]


def test_operator_values_that_do_not_scatter_cannot_be_told_apart(books: MeasuredBooks) -> None:
    codes = [f.code for f in estimated(books).findings]
    assert codes == ["ESTIMATE-NEGATIVE"]


def test_standards_tell_the_bias(books: MeasuredBooks) -> None:
    books.measure("controls", STANDARDS)
    found = estimated(books, "S", standard_sd=0.0001)
    assert found.bias is not None and found.bias.significant
    assert found.bias.bias == pytest.approx(0.0022222222222222222, rel=1e-9)
    assert "ESTIMATE-BIAS" in [f.code for f in found.findings]
    assert found.to_dict()["bias"]["factor"] == pytest.approx(1 / (1 + found.bias.bias))
    recorded(books, Wanted("TI-c", "correction"), "S", standard_sd=0.0001)
    source = books.known("error_sources")["TI-c"][0]
    assert source.kind == "long" and source.basis == "concentration"
    assert source.relative_sd == pytest.approx(found.bias.correction_sd, rel=1e-5)


def test_repetitions_of_one_item_and_of_several(books: MeasuredBooks) -> None:
    rows = [f"R,replicate,TI,{s},one,2025-01-0{s},{v},,g" for s, v in
            ((1, "10.0"), (1, "10.2"), (2, "10.4"), (2, "10.6"))]  # fmt: skip
    books.measure("controls", HEAD + "\n".join(rows))
    found = estimated(books, "R", relative=False)
    assert found.components is not None
    assert found.components.mean_square_within == pytest.approx(0.02)
    assert found.components.systematic_variance == pytest.approx((0.16 - 0.02) / 2)
    more = [f"Q,replicate,TI,1,{item},2025-01-01,{v},,g" for item, v in
            (("a", "10"), ("a", "10.2"), ("b", "500"), ("b", "510"))]  # fmt: skip
    books.measure("controls", HEAD + "\n".join(more))
    found = estimated(books, "Q")
    assert found.random is not None and found.random.degrees == 2
    each = (0.2**2 / 2 / 10.1**2, 10**2 / 2 / 505**2)  # relative to the mean of the item
    assert found.random.variance == pytest.approx(sum(each) / 2)
    assert found.components is None
    assert [f.code for f in found.findings] == ["ESTIMATE-FEW"]


def test_method_out_of_control_and_outlier(books: MeasuredBooks) -> None:
    values = ["10.01", "9.99", "10.00", "10.02", "9.98", "10.01", "9.99", "10.00", "10.01", "11.5"]
    rows = [f"R,replicate,TI,,one,2025-01-{n + 1:02},{v},,g" for n, v in enumerate(values)]
    books.measure("controls", HEAD + "\n".join(rows))
    found = {f.code: f for f in estimated(books, "R").findings}
    assert set(found) == {"ESTIMATE-FEW", "ESTIMATE-OUTLIER", "CONTROL-CHART"}
    assert "2025-01-10" in found["ESTIMATE-OUTLIER"].message
    assert "2025-01-10" in found["CONTROL-CHART"].message


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        (["R,replicate,TI,,,2025-01-01,1,,g"], "ESTIMATE-FEW", "two measurements"),
        (["R,standard,TI,,,2025-01-01,1,0,g"] * 2, "ESTIMATE-FEW", "not zero"),
        (["R,paired,TI,,,2025-01-01,0,1,g"] * 2, "ESTIMATE-FEW", "not zero"),
        (
            ["R,replicate,TI,,,2025-01-01,1,,g", "R,replicate,TI,,,2025-01-01,1,,kg"],
            "ESTIMATE-MIXED",
            "unit is g and kg",
        ),
    ],
)
def test_series_that_cannot_be_evaluated(
    books: MeasuredBooks, rows: list[str], code: str, words: str
) -> None:
    books.measure("controls", HEAD + "\n".join(rows))
    with pytest.raises(RefusedError) as refused:
        estimated(books, "R")
    assert [f.code for f in refused.value.findings] == [code]
    assert words in refused.value.findings[0].message
    with pytest.raises(NotFoundError):
        estimated(books, "none")


def test_equal_values_show_no_error(books: MeasuredBooks) -> None:
    books.measure("controls", HEAD + "R,replicate,TI,,,2025-01-01,1,,g\n" * 3)
    found = estimated(books, "R")
    assert found.random is not None and found.random.variance == 0 and found.outlier is None
    with pytest.raises(RefusedError) as refused:
        recorded(books, Wanted("Z", basis="mass"), "R")
    assert refused.value.findings[0].code == "ESTIMATE-NEGATIVE"


# --- recording -------------------------------------------------------------------------------


def test_recorded_estimate_ends_the_earlier_line(books: MeasuredBooks) -> None:
    day = datetime.date(2025, 9, 1)
    wanted = Wanted("TI-r", instrument_of="difference", valid_from=day, one_error_per="result")
    assert recorded(books, wanted).recorded == 2
    before, after = books.known("error_sources")["TI-r"]
    assert before.valid_to == datetime.date(2025, 8, 31) and before.relative_sd == 0.001
    assert (after.valid_from, after.relative_sd, after.kind) == (day, 0.00235112, "random")
    assert after.one_error_per == "result" and after.basis == "concentration"
    assert 'series "P" (acts' in (after.reference or "")
    assert recorded(books, wanted).act is None


def test_recorded_systematic_error_is_of_kind_epoch(books: MeasuredBooks) -> None:
    recorded(books, Wanted("TI-e", "systematic", "difference"))
    source = books.known("error_sources")["TI-e"][0]
    assert (source.kind, source.relative_sd) == ("epoch", 0.00296039)


def test_constrained_estimate_of_one_instrument(books: MeasuredBooks) -> None:
    recorded(books, Wanted("TI-i", instrument_of="inspector"))
    source = books.known("error_sources")["TI-i"][0]
    assert "constrained" in (source.reference or "")
    with pytest.raises(RefusedError) as refused:
        recorded(books, Wanted("TI-o", instrument_of="operator"))
    assert refused.value.findings[0].code == "ESTIMATE-NEGATIVE"


def test_absolute_estimates_are_in_kg(books: MeasuredBooks) -> None:
    rows = "".join(f"R,replicate,EB,,one,2025-01-0{n},{v},,g\n" for n, v in ((1, 10), (2, 12)))
    books.measure("controls", HEAD + rows + rows.replace("R,", "L,").replace(",g", ",L"))
    recorded(books, Wanted("EB-a"), "R", relative=False)
    assert books.known("error_sources")["EB-a"][0].absolute_sd_kg == pytest.approx(0.00141421)
    with pytest.raises(UsageError, match="in L"):
        recorded(books, Wanted("EB-b"), "L", relative=False)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("A"),
        Wanted("A", "bias"),
        Wanted("A", "correction"),
        Wanted("A", "systematic", "operator"),
    ],
)
def test_what_a_series_of_pairs_cannot_give(books: MeasuredBooks, wanted: Wanted) -> None:
    with pytest.raises(UsageError) as error:
        recorded(books, wanted)
    assert error.value.advice


# --- why -------------------------------------------------------------------------------------


def links(books: MeasuredBooks, node: str) -> list[tuple[str, str]]:
    with books.database.reading() as connection:
        return [
            (link.relation, link.target)
            for link in explain(connection, books.database.metadata, node)
        ]


def line_of(books: MeasuredBooks, table: str, **fields: Any) -> str:
    with books.database.reading() as connection:
        columns = books.database.metadata.tables[table]
        query = columns.select().filter_by(**fields).order_by(columns.c.act_id.desc())
        row = connection.execute(query).first()
    assert row is not None
    return f"line:{row.act_id}/{row.line_no}"


def test_the_way_from_a_line_of_the_books_to_control_measurements(database_url: str) -> None:
    books = MeasuredBooks(database_url, "sources", "calibrations", "results", "controls")
    books.send("XHA-", 1, change("LD", "20250131", "LEU-1", "630:1 670:0.045"))
    listed = line_of(books, "physical_inventory", batch="LEU-1")
    booked = line_of(books, "inventory_change", batch="LEU-1")
    assert links(books, listed) == []  # it was measured after that inventory
    first = line_of(books, "measurement_result", result="LAB-1")
    scale = line_of(books, "measurement_result", result="SCALE-1")
    assert set(links(books, booked)) == {("measured as", first), ("measured as", scale)}
    recorded(books, Wanted("TI-r", instrument_of="difference"))
    source = line_of(books, "error_source", source="TI-r")
    assert set(links(books, first)) == {
        ("after the calibration", line_of(books, "calibration", calibrated_on=20250102)),
        ("with the error of", source),
        ("with the error of", line_of(books, "error_source", source="TI-s")),
    }
    second = line_of(books, "measurement_result", result="LAB-2")
    last = line_of(books, "calibration", calibrated_on=20250201)
    assert ("after the calibration", last) in links(books, second)
    assert links(books, scale) == [
        ("with the error of", line_of(books, "error_source", source="EB-r", valid_to=20250630))
    ]
    controls = links(books, source)
    assert len(controls) == 12 and {relation for relation, _ in controls} == {"estimated from"}
    with books.database.reading() as connection:
        chain = why(connection, books.database.metadata, books.database.registry, booked)
    kinds = {kind for kind, _ in chain.lines.values()}
    assert {"measurement_result", "calibration", "error_source", "control_measurement"} <= kinds


def test_later_control_measurements_are_not_behind_an_earlier_estimate(
    books: MeasuredBooks,
) -> None:
    recorded(books, Wanted("TI-r", instrument_of="difference"))
    source = line_of(books, "error_source", source="TI-r")
    books.measure("controls", PAIRS + "P,paired,TI,4,0,2025-04-01,1000,999,g\n")
    withdraw(books.database, ACTOR, "controls", {"series": "P", "session": "1"}, "wrong sheet")
    assert len(links(books, source)) == 12
    assert links(books, "act:1") == [] and links(books, "line:1/1") == []


def test_withdrawn_results_and_calibrations_are_behind_nothing(sqlite_url: str) -> None:
    books = MeasuredBooks(sqlite_url, "calibrations", "results")
    second = line_of(books, "measurement_result", result="LAB-2")
    chosen = {"method": "TI", "calibrated_on": 20250201}
    withdraw(books.database, ACTOR, "calibrations", chosen, "it was of T9")
    first = line_of(books, "calibration", calibrated_on=20250102)
    assert links(books, second) == [("after the calibration", first)]


# --- target values ---------------------------------------------------------------------------

TARGETS = """\
edition,method_code,material,quantity,u_r,u_s,verified
E,TI,U,concentration,0.1,0.05,yes
E,EB,any,mass,0.05,0.05,no
"""


def compared(books: MeasuredBooks, **options: Any) -> TargetComparison:
    with books.database.reading() as connection:
        return compare_targets(
            connection, books.database.metadata, options.pop("on", TODAY), **options
        )


def test_sources_beside_target_values(books: MeasuredBooks) -> None:
    with pytest.raises(NotFoundError, match="no target values"):
        compared(books)
    books.measure("targets", TARGETS)
    found = compared(books)
    eb, ti = found.methods
    assert (eb.random_percent, eb.systematic_percent, eb.meets) == (0.05, 0, True)
    assert (ti.random_percent, ti.systematic_percent, ti.meets) == (0.1, 0.1, False)
    assert [f.code for f in found.findings] == ["TARGET-UNVERIFIED", "TARGET-EXCEEDED"]
    assert compared(books, on=datetime.date(2025, 7, 1)).methods[0].random_percent == 0.04
    books.measure("targets", TARGETS.replace("E,", "F,"))
    with pytest.raises(UsageError, match="several editions"):
        compared(books)
    assert compared(books, edition="E").edition == "E"


def test_method_without_target_value_is_a_finding(books: MeasuredBooks) -> None:
    books.measure("targets", TARGETS.splitlines()[0] + "\nE,TI,Pu,concentration,0.2,0.2,yes")
    found = compared(books, material="U")
    assert [f.code for f in found.findings] == ["TARGET-MISSING", "TARGET-MISSING"]
    assert [m.meets for m in found.methods] == [None, None]


def test_source_that_cannot_be_compared_is_said(books: MeasuredBooks) -> None:
    books.measure("targets", TARGETS)
    books.measure("sources", "source,kind,basis,absolute_sd_kg\nTARE,long,mass,0.01")
    assert "TARGET-NOT-COMPARED" in [f.code for f in compared(books).findings]


def test_target_values_as_known_earlier(books: MeasuredBooks) -> None:
    act = books.measure("targets", TARGETS).act
    assert act is not None
    books.measure("sources", SOURCES.replace("TI-r,TI,random,concentration,0.001",
                                             "TI-r,TI,random,concentration,0.009"))  # fmt: skip
    then = Knowledge(through_act=act.act_id)
    assert compared(books, knowledge=then).methods[1].random_percent == 0.1
    assert compared(books).methods[1].random_percent == pytest.approx(0.9)
