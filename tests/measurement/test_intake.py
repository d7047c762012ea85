"""Tables of measurement: what is in force, what is said twice, the smallest cause of findings."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.accounts.model import Knowledge
from keiryo.errors import NotFoundError, RefusedError, Severity
from keiryo.measurement.forms import FORMS
from keiryo.measurement.intake import lines_in_force, record_rows, table_rows, withdraw
from keiryo.measurement.table_files import read_table_file
from keiryo.sheet_text import protected, unprotected
from measurement.measurement_books import (
    CALIBRATIONS,
    FILES,
    PAIRS,
    RESULTS,
    SOURCES,
    STRATA,
    MeasuredBooks,
)
from small_books import ACTOR

ALL = ("sources", "strata", "calibrations", "results", "controls")


@pytest.fixture
def books(database_url: str) -> MeasuredBooks:
    return MeasuredBooks(database_url)


@pytest.fixture
def quick(sqlite_url: str) -> MeasuredBooks:
    return MeasuredBooks(sqlite_url)


def test_everything_is_in_force_as_it_was_written(books: MeasuredBooks) -> None:
    for form in ALL:
        done = books.measure(form, FILES[form])
        assert done.act is not None and done.unchanged == 0
        assert not [f for f in done.findings if f.severity is not Severity.WARNING]
    sources = books.known("error_sources")
    assert list(sources) == ["EB-r", "TI-r", "TI-s"]
    assert [s.relative_sd for s in sources["EB-r"]] == [0.0005, 0.0004]
    assert sources["EB-r"][0].valid_to == datetime.date(2025, 6, 30)
    on = books.known("error_sources", on=datetime.date(2025, 7, 1))
    assert [s.relative_sd for s in on["EB-r"]] == [0.0004]
    receipts, rest = books.known("stratum_methods", "XHA-")
    assert receipts.codes == ("RF",) and receipts.element_sources == ("EB-r", "TI-r", "TI-s")
    assert rest.codes == () and rest.mdc is None and (rest.samples, rest.analyses) == (1, 1)
    results = [r for r in books.known("measurement_results", "XHA-") if r.batch == "LEU-1"]
    assert (results[-1].result, results[-1].value) == ("LAB-2", Decimal("0.8757"))
    assert books.known("measurement_results", "NONE") == ()
    assert len(books.known("calibrations", method="TI")) == 3
    assert len(books.known("control_measurements", series="P")) == 12


def test_the_same_file_again_adds_nothing(books: MeasuredBooks) -> None:
    for form in ALL:
        books.measure(form, FILES[form])
    before = books.last_act()
    for form in ALL:
        again = books.measure(form, FILES[form])
        assert again.act is None and again.recorded == 0 and again.unchanged > 0
    assert books.last_act() == before


def test_the_file_is_kept_as_evidence(quick: MeasuredBooks) -> None:
    done = quick.measure("sources", SOURCES)
    assert done.act is not None
    with quick.database.reading() as connection:
        table = quick.database.metadata.tables["evidence"]
        row = connection.execute(table.select().where(table.c.act_id == done.act.act_id)).one()
    assert quick.database.evidence.get(row.digest) == SOURCES.encode()
    assert (row.name, row.role) == ("table.csv", "error sources")


def test_a_later_line_counts_and_an_earlier_knowledge_sees_the_earlier(
    books: MeasuredBooks,
) -> None:
    first = books.measure("sources", SOURCES).act
    twice = SOURCES.replace("TI-s,TI,long,concentration,0.001", "TI-s,TI,long,concentration,0.002")
    changed = books.measure("sources", twice)
    assert first is not None and (changed.recorded, changed.unchanged) == (1, 3)
    assert books.known("error_sources")["TI-s"][0].relative_sd == 0.002
    then = Knowledge(through_act=first.act_id)
    assert books.known("error_sources", knowledge=then)["TI-s"][0].relative_sd == 0.001
    by_time = Knowledge(recorded_by=first.recorded_at)
    assert books.known("error_sources", knowledge=by_time)["TI-s"][0].relative_sd == 0.001
    back = books.measure("sources", SOURCES)
    assert back.recorded == 1 and books.known("error_sources")["TI-s"][0].relative_sd == 0.001


def test_withdrawn_lines_are_gone_until_they_come_back(books: MeasuredBooks) -> None:
    first = books.measure("sources", SOURCES).act
    act, count = withdraw(books.database, ACTOR, "sources", {"source": "EB-r"}, "scale sold")
    assert count == 2 and act.reason == "scale sold"
    assert "EB-r" not in books.known("error_sources")
    assert first is not None
    then = Knowledge(through_act=first.act_id)
    assert len(books.known("error_sources", knowledge=then)["EB-r"]) == 2
    with pytest.raises(NotFoundError, match="EB-r"):
        withdraw(books.database, ACTOR, "sources", {"source": "EB-r"}, "again")
    assert books.measure("sources", SOURCES, again=True).recorded == 2


def test_a_source_in_use_is_not_withdrawn(quick: MeasuredBooks) -> None:
    quick.measure("sources", SOURCES)
    quick.measure("strata", STRATA)
    with pytest.raises(RefusedError) as refused:
        withdraw(quick.database, ACTOR, "sources", {"source": "TI-s"}, "why not")
    assert [f.code for f in refused.value.findings] == ["SOURCE-IN-USE"]


def test_equal_control_measurements_are_as_many_as_the_file_says(books: MeasuredBooks) -> None:
    head, row = PAIRS.splitlines()[:2]
    assert books.measure("controls", "\n".join([head, row, row])).recorded == 2
    assert books.measure("controls", "\n".join([head, row])).act is None
    grown = books.measure("controls", "\n".join([head, row, row, row]))
    assert (grown.recorded, grown.unchanged) == (1, 2)
    assert [f.code for f in grown.findings if f.severity == "I"] == ["CONTROL-REPEATED"]
    assert len(books.known("control_measurements")) == 3
    one = books.known("control_measurements")[0]
    chosen = {"series": "P", "act_id": one.act, "line_no": one.line}
    assert withdraw(books.database, ACTOR, "controls", chosen, "spilt")[1] == 1
    assert len(books.known("control_measurements")) == 2


@pytest.mark.parametrize("form", ALL)
def test_an_export_can_be_imported_again(quick: MeasuredBooks, form: str) -> None:
    import csv
    import io

    for name in ALL:
        quick.measure(name, FILES[name])
    with quick.database.reading() as connection:
        rows = table_rows(
            lines_in_force(connection, quick.database.metadata, form), form, export=True
        )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    assert quick.measure(form, text.getvalue()).act is None


def test_toml_keeps_the_decimals_that_were_written(quick: MeasuredBooks) -> None:
    text = (
        '[[source]]\nsource = "A"\nkind = "random"\nbasis = "nda"\nrelative_sd = 0.10\n'
        "valid_from = 2025-01-01\n"
        '[[source]]\nsource = "B"\nkind = "long"\nbasis = "mass"\nabsolute_sd_kg = 1\n'
    )
    quick.measure("sources", text, "sources.toml")
    with quick.database.reading() as connection:
        lines = lines_in_force(connection, quick.database.metadata, "sources")
    assert [(r["relative_sd"], r["absolute_sd_kg"]) for r in lines] == [("0.10", None), (None, "1")]
    assert lines[0]["valid_from"] == 20250101
    listed = '[[stratum]]\nmba = "XHA-"\nstratum = "S"\nrank = 1\nelement_sources = ["A", "B"]\n'
    quick.measure("strata", listed + "items_only = false\n", "strata.toml")
    assert quick.known("stratum_methods", "XHA-")[0].element_sources == ("A", "B")


def test_quoted_values_become_one_sigma_and_say_so(quick: MeasuredBooks) -> None:
    head = "source,kind,basis,relative_sd,relative_percent,absolute_sd_kg,quoted_as\n"
    rows = (
        "A,random,mass,0.002,,,95/2\nB,random,mass,,0.196,,95/1.96\nC,long,mass,,,0.03,rectangular"
    )
    quick.measure("sources", head + rows)
    found = quick.known("error_sources")
    assert found["A"][0].relative_sd == 0.001
    assert found["B"][0].relative_sd == pytest.approx(0.001, rel=1e-12)
    assert found["C"][0].absolute_sd_kg == pytest.approx(0.03 / 3**0.5, rel=1e-12)
    assert found["A"][0].reference == "relative_sd quoted as 0.002 (95/2)"


SOURCE = "source,kind,basis,relative_sd"
STRATUM = "mba,stratum,rank,element_sources"
RESULT = "result,mba,batch,method,basis,measured_on,value,unit"
CONTROL = "series,kind,method,measured_on,measured,reference,unit"
TARGET = "edition,method,material,basis,u_r,u_s,verified"

REFUSED = [
    ("sources", "", "MEASUREMENT-FORMAT", "no rows"),
    ("sources", SOURCE, "MEASUREMENT-FORMAT", "no rows"),
    ("sources", "source,kind\nA,random", "MEASUREMENT-FORMAT", "no column basis"),
    ("sources", f"{SOURCE},colour\nA,random,mass,.1,red", "MEASUREMENT-FORMAT", "'colour'"),
    ("sources", f"{SOURCE},source\nA,random,mass,0.1,A", "MEASUREMENT-FORMAT", "two columns"),
    ("sources", f"{SOURCE}\nA,chaotic,mass,0.1", "MEASUREMENT-FORMAT", "'chaotic'"),
    ("sources", f"{SOURCE}\nA,random,weight,0.1", "MEASUREMENT-FORMAT", "'weight'"),
    ("sources", f"{SOURCE}\nA,random,mass,nan", "MEASUREMENT-FORMAT", "decimal"),
    ("sources", f"{SOURCE}\nA,random,mass,inf", "MEASUREMENT-FORMAT", "decimal"),
    ("sources", f"{SOURCE}\nA,random,mass,5e-4", "MEASUREMENT-FORMAT", "decimal"),
    ("sources", f"{SOURCE}\nA,random,mass,0", "MEASUREMENT-FORMAT", "above zero"),
    ("sources", f"{SOURCE}\nA,random,mass,-0.1", "MEASUREMENT-FORMAT", "above zero"),
    ("sources", f"{SOURCE}\nA,random,mass,1", "MEASUREMENT-FORMAT", "100 %"),
    ("sources", f"{SOURCE}\nA,random,mass,", "MEASUREMENT-FORMAT", "no standard deviation"),
    ("sources", f"{SOURCE}\n,random,mass,0.1", "MEASUREMENT-FORMAT", "source is empty"),
    ("sources", f'{SOURCE}\n"A,B",random,mass,0.1', "MEASUREMENT-FORMAT", "comma"),
    ("sources", f"{SOURCE}\nA,random,mass,0.1,9", "MEASUREMENT-FORMAT", "5 values"),
    ("sources", f"{SOURCE},relative_percent\nA,random,mass,0.1,9", "MEASUREMENT-FORMAT", "both"),
    ("sources", f"{SOURCE},closing_epoch\nA,random,mass,0.1,new", "MEASUREMENT-FORMAT", "epoch"),
    ("sources", f"{SOURCE},one_error_per\nA,long,mass,0.1,item", "MEASUREMENT-FORMAT", "random"),
    ("sources", f"{SOURCE},valid_from\nA,long,mass,0.1,2025-02-30", "MEASUREMENT-FORMAT", "days"),
    ("sources", f"{SOURCE},valid_from\nA,long,mass,0.1,1066-01-01", "MEASUREMENT-FORMAT", "meant"),
    ("sources", f"{SOURCE},quoted_as\nA,random,mass,0.1,95 %", "QUOTED-AS", "'95 %'"),
    (
        "sources",
        f"{SOURCE},valid_from,valid_to\nA,long,mass,0.1,2025-02-01,2025-01-31",
        "MEASUREMENT-DATES",
        "earlier",
    ),
    ("sources", f"{SOURCE}\nA,long,mass,0.1\nA,long,mass,0.2", "MEASUREMENT-DOUBLE", "twice"),
    (
        "sources",
        f"{SOURCE},valid_from\nA,long,mass,0.1,\nA,long,mass,0.2,2025-01-01",
        "MEASUREMENT-OVERLAP",
        "ever to ever",
    ),
    ("strata", f"{STRATUM}\nXHB-,S,1,", "MEASUREMENT-AREA", "'XHB-'"),
    ("strata", f"{STRATUM}\nXHA-,S,1,A", "SOURCE-UNKNOWN", "'A'"),
    ("strata", f"{STRATUM}\nXHA-,S,0,", "MEASUREMENT-FORMAT", "whole number"),
    ("strata", f"{STRATUM},codes\nXHA-,S,1,,QQ", "MEASUREMENT-FORMAT", "'QQ'"),
    ("strata", f"{STRATUM},mdc\nXHA-,S,1,,O/G", "MEASUREMENT-FORMAT", "'O/G'"),
    ("strata", f"{STRATUM},items_only\nXHA-,S,1,,maybe", "MEASUREMENT-FORMAT", "yes nor no"),
    ("results", f"{RESULT}\nL,XHB-,B,TI,mass,2025-01-01,1,g", "MEASUREMENT-AREA", "'XHB-'"),
    ("results", f"{RESULT}\nL,XHA-,B,TI,mass,2025-01-01,-1,g", "MEASUREMENT-FORMAT", "below"),
    ("results", f"{RESULT}\nL,XHA-,B,TI,mass,2025-01-01,1,lb", "MEASUREMENT-FORMAT", "'lb'"),
    *(
        ("results", f"{RESULT}\nL,XHA-,LEU-1,TI,{said}", "MEASUREMENT-UNIT", words)
        for said, words in (
            ("concentration,2025-01-01,1,kg", "not measured in kg"),
            ("mass,2025-01-01,1,%", "not measured in %"),
            ("volume,2025-01-01,1,kg", "not measured in kg"),
            ("enrichment,2025-01-01,1,kg/L", "not measured in kg/L"),
            ("concentration,2025-01-01,1.01,g/g", "more than there can be"),
            ("concentration,2025-01-01,101,%", "more than there can be"),
            ("enrichment,2025-01-01,450,%", "more than there can be"),
        )
    ),
    ("sources", f"{SOURCE}\nA\x7fB,random,mass,0.1", "MEASUREMENT-FORMAT", "control characters"),
    ("sources", f"{SOURCE}\nA\x85B,random,mass,0.1", "MEASUREMENT-FORMAT", "control characters"),
    ("calibrations", "method,calibrated_on\nTI,yesterday", "MEASUREMENT-FORMAT", "not a date"),
    ("controls", f"{CONTROL}\nP,paired,TI,2025-01-01,1,,g", "MEASUREMENT-FORMAT", "reference"),
    ("targets", f"{TARGET}\nE,TI,U,mass,,,yes", "MEASUREMENT-FORMAT", "neither"),
]


@pytest.mark.parametrize(("form", "text", "code", "words"), REFUSED)
def test_smallest_table_that_is_refused(
    tmp_path_factory: pytest.TempPathFactory, form: str, text: str, code: str, words: str
) -> None:
    refused = _shared_books(tmp_path_factory).refused(form, text)
    findings = [f for f in refused if f.severity is Severity.FORMAT]  # warnings may go with them
    assert [f.code for f in findings] == [code]
    assert words in findings[0].message
    assert findings[0].advice and findings[0].file == "table.csv" and findings[0].basis
    if text.count("\n"):
        assert findings[0].line or "column" in findings[0].message


_SHARED: list[MeasuredBooks] = []


def _shared_books(factory: pytest.TempPathFactory) -> MeasuredBooks:
    """Return books to which nothing is ever added, because everything sent is refused."""
    if not _SHARED:
        folder: Path = factory.mktemp("refusing")
        _SHARED.append(MeasuredBooks(f"sqlite:///{folder / 'books.sqlite'}"))
    return _SHARED[0]


def test_all_findings_at_once_with_their_cells(quick: MeasuredBooks) -> None:
    text = f"{SOURCE},quoted_as\nA,chaotic,weight,x,95\nB,random,mass,0.1,\n,long,nda,-1,"
    findings = quick.refused("sources", text)
    assert len(findings) == 6
    assert findings[0].cell == "row 2 column B (kind)" and findings[0].line == 2
    assert {f.line for f in findings} == {2, 4}


def test_toml_findings_name_the_line(quick: MeasuredBooks) -> None:
    text = '# sources\n\n[[source]]\nsource = "A"\nkind = "x"\nbasis = "mass"\nrelative_sd = 0.1\n'
    finding = quick.refused("sources", text, "s.toml")[0]
    assert (finding.line, finding.cell) == (3, "source 1 (kind)")
    for bad in (
        *("[[source]", "source = 1", "[other]\n", "[[source]]\nsource = {a=1}", "source=[1]"),
        *("[[source]]\nrelative_sd = inf", "[[source]]\nvalid_from = 2025-01-01T00:00:00"),
    ):
        assert {f.code for f in quick.refused("sources", bad, "s.toml")} == {"MEASUREMENT-FORMAT"}


def test_overlap_with_what_is_in_force(quick: MeasuredBooks) -> None:
    quick.measure("sources", SOURCES)
    quick.measure("strata", STRATA)
    late = f"{SOURCE},valid_from\nEB-r,random,mass,0.0003,2026-01-01"
    finding = quick.refused("sources", late)[0]
    assert finding.code == "MEASUREMENT-OVERLAP" and "2025-07-01 to ever" in finding.message
    both = (
        f"{SOURCE},valid_from,valid_to\nEB-r,random,mass,0.0004,2025-07-01,2025-12-31\n"
        "EB-r,random,mass,0.0003,2026-01-01,"
    )
    assert quick.measure("sources", both).recorded == 2
    dated = f"{STRATUM},valid_from\nXHA-,rest,9,EB-r,2025-02-01"
    assert quick.refused("strata", dated)[0].code == "MEASUREMENT-OVERLAP"


@pytest.mark.parametrize(
    ("form", "text", "code"),
    [
        ("sources", f"{SOURCE},method\nZ,epoch,mass,0.1,LC", "SOURCE-NO-CALIBRATION"),
        ("sources", f"{SOURCE}\nZ,epoch,mass,0.1", "SOURCE-NO-CALIBRATION"),
        ("strata", f"{STRATUM}\nXHA-,S,5,", "STRATUM-NO-SOURCE"),
        ("strata", f"{STRATUM}\nXHA-,S,1,TI-r", "STRATUM-RANK"),
        ("results", f"{RESULT}\nL,XHA-,LEU-1,XX,mass,2025-01-01,1,g", "METHOD-UNKNOWN"),
        ("results", f"{RESULT}\nL,XHA-,B,TI,mass,2025-01-01,1,g", "RESULT-BATCH"),
        ("results", f"{RESULT}\nL,XHA-,LEU-1,TI,mass,2199-01-01,1,g", "MEASUREMENT-FUTURE"),
        ("calibrations", "method,calibrated_on\nTI,2199-01-01", "MEASUREMENT-FUTURE"),
        ("controls", f"{CONTROL}\nP,standard,TI,2199-01-01,1,1,g", "MEASUREMENT-FUTURE"),
        ("controls", f"{CONTROL}\nP,standard,XX,2025-01-01,1,1,g", "METHOD-UNKNOWN"),
        ("calibrations", "method,calibrated_on\nXX,2025-01-01", "METHOD-UNKNOWN"),
        ("targets", f"{TARGET}\nE,TI,U,mass,0.1,0.1,no", "TARGET-UNVERIFIED"),
    ],
)
def test_smallest_table_that_is_recorded_with_a_warning(
    quick: MeasuredBooks, form: str, text: str, code: str
) -> None:
    quick.measure("sources", SOURCES)
    quick.measure("strata", STRATA)
    done = quick.measure(form, text)
    assert [(f.code, str(f.severity)) for f in done.findings] == [(code, "W")]
    assert done.recorded == 1


def test_calibrated_epoch_source_is_not_questioned(quick: MeasuredBooks) -> None:
    quick.measure("calibrations", CALIBRATIONS)
    assert quick.measure("sources", f"{SOURCE},method\nZ,epoch,mass,0.1,TI").findings == ()


def test_one_result_serves_many_batches(quick: MeasuredBooks) -> None:
    rows = "".join(f"\nL,XHA-,CAN-{n},TI,concentration,2025-01-01,0.8755,g/g" for n in range(30))
    quick.measure("results", RESULT + rows)
    assert len(quick.known("measurement_results", "XHA-")) == 30
    assert quick.refused("results", RESULT + rows + rows[:rows.index("\n", 1)])[0].code == (
        "MEASUREMENT-DOUBLE"
    )  # fmt: skip


def test_a_row_of_its_own(quick: MeasuredBooks) -> None:
    row = {"method": "TI", "calibrated_on": "2025-01-02", "standard": None}
    assert record_rows(quick.database, ACTOR, "calibrations", [row]).recorded == 1
    with pytest.raises(RefusedError) as refused:
        record_rows(quick.database, ACTOR, "calibrations", [{"method": "TI"}])
    assert refused.value.findings[0].place == "(calibrated_on)"


def test_results_of_the_file_are_within_its_area(quick: MeasuredBooks) -> None:
    done = quick.measure("results", RESULTS)
    assert done.act is not None
    with quick.database.reading() as connection:
        table = quick.database.metadata.tables["measurement_result"]
        scopes = {row.scope for row in connection.execute(table.select())}
    assert scopes == {"XH/XHF-/XHA-"}


def test_tables_may_come_with_the_sources_last(quick: MeasuredBooks) -> None:
    for form in ("calibrations", "controls"):
        assert quick.measure(form, FILES[form]).findings == ()
    odd = "method,calibrated_on\nODD,2025-01-01"
    assert quick.measure("calibrations", odd).findings == ()
    (note,) = quick.measure("sources", SOURCES).findings
    assert (note.code, note.severity) == ("METHOD-UNKNOWN", "I") and "ODD" in note.message
    for form in ("strata", "results"):
        assert quick.measure(form, FILES[form]).findings == ()
    assert quick.measure("calibrations", odd.replace("01-01", "02-01")).findings == ()


def test_tables_of_the_worked_example_come_without_a_word(sqlite_url: str) -> None:
    from importlib.resources import files

    folder = files("keiryo.data").joinpath("state_xa")
    quick = MeasuredBooks(sqlite_url)
    for form in ("calibrations", "controls", "sources"):
        text = folder.joinpath(f"{form}.csv").read_text(encoding="utf-8")
        assert quick.measure(form, text).findings == ()


def test_names_that_look_like_formulas_survive_a_spreadsheet(quick: MeasuredBooks) -> None:
    for name in ("=1+1", "+A", "-A", "@A", "'=A", "''-A", "A", "'A", "O'Neill"):
        assert unprotected(protected(name)) == name
        assert protected(name)[0] not in "=+-@＝＋－＠\t\r\n"
    text = f"{SOURCE},reference\n'=A,random,mass,0.1,'-1\n'B,random,mass,0.1,-1"
    quick.measure("sources", text)
    assert list(quick.known("error_sources")) == ["'B", "=A"]
    assert quick.known("error_sources")["=A"][0].reference == "-1"


@settings(max_examples=60)
@given(
    st.binary(max_size=300), st.sampled_from(sorted(FORMS)), st.sampled_from(["a.csv", "a.toml"])
)
def test_whatever_comes_in_is_read_or_said(content: bytes, form: str, name: str) -> None:
    chosen = FORMS[form]
    table = read_table_file(name, content, chosen.columns, heading=chosen.heading)
    assert table.rows or table.findings
    for row in table.rows:
        if not table.findings:
            chosen.convert(table, row)
