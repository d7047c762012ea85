"""What rests on a line of measurement is what `explain` says from the other side, for any lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, create_engine

from keiryo.capabilities import builtin_registry
from keiryo.journal.registry import Link
from keiryo.measurement import dependents as inverse
from keiryo.measurement.dependents import dependents
from keiryo.measurement.explain import explain
from keiryo.measurement.matching import like_of, line_fits
from keiryo.storage.schema import build_metadata

REGISTRY = builtin_registry()
DAYS = st.sampled_from((20250105, 20250110, 20250120, 20250201))
BATCHES = st.sampled_from(("A-1", "A-2", "a-1", "B_1", "B-1"))
MATERIALS = st.sampled_from((None, "O/G/A/1", "O/P/A/1"))
INSTRUMENTS = st.sampled_from((None, "T1", "T2"))
METHODS = st.sampled_from(("TI", "EB"))
BASES = st.sampled_from(("mass", "concentration"))
SOURCES = st.sampled_from(("s%1", "r_1"))
STATES = st.sampled_from(("in force", "in force", "in force", "withdrawn"))
BEGINNINGS, ENDS = st.sampled_from((None, 20250110)), st.sampled_from((None, None, 20250120))
AREA = st.sampled_from(("XHA-", "XHA-", "XHB-"))

CHANGE = st.fixed_dictionaries(
    {
        "mba": AREA,
        "known_on": st.just(20250301),
        "code": st.sampled_from(("RD", "SD")),
        "event_date": DAYS,
        "batch": BATCHES,
        "kmp": st.sampled_from((None, "1", "A")),
        "mdc": MATERIALS,
        "measurement": st.sampled_from((None, None, "L1")),
        "category": st.just("E"),
        "element_mg": st.just(1),
    }
)
LISTING = CHANGE.map(
    lambda row: {
        **{name: value for name, value in row.items() if name not in ("code", "event_date")},
        "pit_date": row["event_date"],
    }
)
SOME_SOURCES = st.sampled_from((None, "s%1", "r_1", "r_1, s%1"))
STRATUM = st.fixed_dictionaries(
    {
        "mba": AREA,
        "stratum": st.sampled_from(("one", "two", "three")),
        "rank": st.integers(1, 3),
        "codes": st.sampled_from((None, "RD", "PE", "PB,SD")),
        "kmps": st.sampled_from((None, None, "1,A")),
        "mdc": st.sampled_from((None, "O/G/?/?", "OP*")),
        "batches": st.sampled_from((None, "A-*", "B_1", "?-1, B*")),
        "element_sources": SOME_SOURCES,
        "isotope_sources": SOME_SOURCES,
        "valid_from": BEGINNINGS,
        "valid_to": ENDS,
        "state": STATES,
    }
)
RESULT = st.fixed_dictionaries(
    {
        "result": st.sampled_from(("L1", "L2")),
        "mba": AREA,
        "batch": BATCHES,
        "method": METHODS,
        "basis": BASES,
        "instrument": INSTRUMENTS,
        "measured_on": DAYS,
        "value": st.just("1"),
        "unit": st.just("g"),
        "state": STATES,
    }
)
CALIBRATION = st.fixed_dictionaries(
    {"method": METHODS, "instrument": INSTRUMENTS, "calibrated_on": DAYS, "state": STATES}
)
SOURCE = st.fixed_dictionaries(
    {
        "source": SOURCES,
        "method": st.sampled_from((None, "TI", "EB")),
        "kind": st.just("random"),
        "basis": st.sampled_from(("mass", "concentration", "sampling")),
        "relative_sd": st.just("0.001"),
        "valid_from": BEGINNINGS,
        "valid_to": ENDS,
        "reference": st.sampled_from((None, 'series "P%"', 'series "PX" (acts 1, 3)')),
        "state": STATES,
    }
)
CONTROL = st.fixed_dictionaries(
    {
        "series": st.sampled_from(("P%", "PX")),
        "kind": st.just("paired"),
        "method": METHODS,
        "measured_on": DAYS,
        "measured": st.sampled_from(("1", "2")),
        "reference": st.just("1"),
        "unit": st.just("g"),
        "state": STATES,
    }
)
LINES = st.lists(
    st.one_of(
        st.tuples(st.just("inventory_change"), CHANGE),
        st.tuples(st.just("physical_inventory"), LISTING),
        st.tuples(st.just("stratum_method"), STRATUM),
        st.tuples(st.just("measurement_result"), RESULT),
        st.tuples(st.just("calibration"), CALIBRATION),
        st.tuples(st.just("error_source"), SOURCE),
        st.tuples(st.just("control_measurement"), CONTROL),
    ),
    min_size=4,
    max_size=40,
)


@pytest.fixture(scope="module")
def tables() -> tuple[Any, MetaData]:
    """Return an empty database with the tables of record, and the tables."""
    metadata = build_metadata(REGISTRY)
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine, metadata


def recorded(connection: Connection, metadata: MetaData, lines: Any) -> list[str]:
    """Put lines into the tables, three to an act; return their names."""
    names = []
    for number, (kind, values) in enumerate(lines):
        act, line = number // 3 + 1, number % 3 + 1
        row = {"act_id": act, "line_no": line, "salt": b"", "scope": "XH", **values}
        connection.execute(metadata.tables[kind].insert(), row)
        names.append(f"line:{act}/{line}")
    return names


@given(lines=LINES)
@settings(max_examples=120, deadline=None)
def test_dependents_are_the_explanation_turned_around(tables: Any, lines: Any) -> None:
    engine, metadata = tables
    with engine.connect() as connection:
        names = recorded(connection, metadata, lines)
        names += [f"source:{name}" for name in known_sources(connection, metadata)]
        forward = {link for name in names for link in explain(connection, metadata, name)}
        back = {link for name in names for link in dependents(connection, metadata, name)}
        connection.rollback()
    assert back == forward


def known_sources(connection: Connection, metadata: MetaData) -> list[str]:
    """Return the names of the error sources in force."""
    from keiryo.measurement.in_force import error_sources

    return list(error_sources(connection, metadata))


def test_a_stratum_of_a_whole_area_gives_its_first_lines(
    tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inverse, "LINK_LIMIT", 4)
    engine, metadata = tables
    change = {"mba": "XHA-", "known_on": 20250301, "code": "RD", "event_date": 20250105,
              "batch": "A-1", "category": "E", "element_mg": 1}  # fmt: skip
    stratum = {"mba": "XHA-", "stratum": "all", "rank": 1, "state": "in force"}
    lines = [("stratum_method", stratum), *(("inventory_change", change) for _ in range(9))]
    with engine.connect() as connection:
        recorded(connection, metadata, lines)
        found = list(dependents(connection, metadata, "line:1/1"))
        assert list(dependents(connection, metadata, "line:99/1")) == []
        connection.rollback()
    assert found == [
        Link(f"line:{place}", "of the stratum", "line:1/1")
        for place in ("1/2", "1/3", "2/1", "2/2")
    ]


@given(pattern=st.text("aA*?%_\\-", min_size=1, max_size=6), name=st.text("aAb%_\\-", max_size=6))
@settings(max_examples=200, deadline=None)
def test_what_a_pattern_fits_sql_lets_through(tables: Any, pattern: str, name: str) -> None:
    engine, _ = tables
    with engine.connect() as connection:
        query = "SELECT ? LIKE ? ESCAPE '\\'"
        lets = connection.exec_driver_sql(query, (name, like_of(pattern))).scalar()
    fits = line_fits((), (), None, (pattern,), ("RD", None, None, name))
    assert lets or not fits
    assert fits or not lets or name.lower() != name or pattern.lower() != pattern
