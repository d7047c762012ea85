"""Every way in which a movement file can be wrong: one tiny file each, all findings at once."""

from __future__ import annotations

import gzip

import polars as pl
import pytest

from keiryo.movements.service import prepare
from movements.makers import HEADING, SMALL_MAP, checked, codes, mapping_of, row, write

GOOD = (
    row(0, "store", "in", 1),
    row(1, "store", "out", 1),
    row(1, "core", "in", 1),
    row(40, "core", "out", 1),
    row(40, "pond", "in", 1, material="UO2r"),
)


def test_a_good_file_has_no_findings(tmp_path):
    prepared = checked(tmp_path, *GOOD)
    assert codes(prepared.findings) == []
    assert prepared.read.frame.height == 5


@pytest.mark.parametrize(
    ("bad", "code", "words"),
    [
        (row(0, "attic", "in", 1), "AREA-UNKNOWN", "attic"),
        (row(0, "store", "in", 1, facility="g"), "AREA-UNKNOWN", "'g'"),
        (row(0, "store", "inside", 1), "DIRECTION-UNKNOWN", "inside"),
        (row(0, "store", "in", 1, material="UF6"), "MATERIAL-UNKNOWN", "UF6"),
        (row(0, "store", "in", 1, form="drum"), "FORM-UNKNOWN", "drum"),
        (row(5, "pond", "out", 1, material="UO2r"), "FLOW-UNKNOWN", "out of f/pond"),
        (row(0, "store", "in", 1, "2o.0"), "NUM", "2o.0"),
        (row(0, "store", "in", 1, "nan"), "NUM", "nan"),
        (row(0, "store", "in", 1, ""), "NUM", "nothing"),
        (row(0, "store", "in", 1, "-20.0"), "NUM-NEGATIVE", "-20.0"),
        (row(0, "store", "in", 1, "1e30"), "NUM-TOO-LARGE", "1e30"),
        (row(0, "store", "in", 1, "20.0000001"), "PRECISION", "finer"),
        (row(0, "store", "in", 1, "20.00000000001"), "PRECISION", "finer"),
        (row(0, "store", "in", 1, fractions="1.2,0.0061"), "FRACTION-EXCEEDS", "1.2"),
        (row(0, "store", "in", 1, fractions="-0.9,0.0061"), "NUM-NEGATIVE", "-0.9"),
        (row(0, "store", "in", 1, fractions="0.0061,0.88154"), "FISSILE-EXCEEDS", "U-235"),
        (row(0, "store", "in", 1, fractions="0.88154,0.04"), "CATEGORY", "0.04538"),
        (row("week 1", "store", "in", 1), "TIME-UNREADABLE", "week 1"),
        (row("-1", "store", "in", 1), "TIME-UNREADABLE", "-1"),
        (row(0, "store", "in", ""), "ITEM-UNNAMED", "no name"),
        (row(0, "store", "in", "ABCDEFGHIJKLMNOP"), "BATCH-LEN", "16"),
    ],
)
def test_a_row_that_forbids_posting(tmp_path, bad, code, words):
    prepared = checked(tmp_path, row(0, "store", "in", 7), bad)
    found = [f for f in prepared.findings if f.code == code]
    assert found and prepared.refused
    assert words in found[0].message and found[0].advice
    assert found[0].line == 3 and found[0].file == "moves.csv"


@pytest.mark.parametrize(
    ("rows", "code", "severity"),
    [
        ((row(0, "store", "in", 1), row(0, "store", "in", 1)), "DUPLICATE", "W"),
        ((row(0, "store", "in", 1), row(0, "store", "in", 1, "21.0")), "DUPLICATE-DIFFERS", "F"),
        ((row(3, "store", "out", 1),), "ITEM-NOT-THERE", "E"),
        ((row(0, "store", "in", 1), row(2, "store", "in", 1)), "ITEM-TWICE", "E"),
        ((row(0, "store", "in", 1), row(2, "core", "in", 1)), "ITEM-TWO-PLACES", "E"),
        ((row(2, "core", "in", 1),), "ARRIVED-UNSENT", "E"),
        ((row(0, "store", "in", 1), row(3, "store", "out", 1), row(2, "core", "in", 1)),
         "ARRIVED-EARLY", "E"),
        ((row(5, "store", "in", 1), row(4, "store", "in", 2)), "TIME-ORDER", "W"),
        ((row(0, "store", "in", 1, "0.0"),), "WEIGHT-ZERO", "W"),
        ((*GOOD[:3], row(40, "core", "out", 1)), "DISCHARGE-OPEN", "E"),
    ],
)  # fmt: skip
def test_events_that_contradict_each_other(tmp_path, rows, code, severity):
    prepared = checked(tmp_path, *rows)
    found = [f for f in prepared.findings if f.code == code]
    assert [str(f.severity) for f in found] == [severity]


def test_everything_wrong_is_said_at_once(tmp_path):
    prepared = checked(
        tmp_path,
        row(0, "attic", "in", 1),
        row(0, "store", "inside", 2),
        row(0, "store", "in", 3, material="UF6"),
        row(0, "store", "in", 4, "x"),
        row("y", "store", "in", 5),
        row(0, "store", "in", 6, fractions="2,3"),
        row(0, "core", "out", 7),
    )
    assert {"AREA-UNKNOWN", "DIRECTION-UNKNOWN", "MATERIAL-UNKNOWN", "NUM", "TIME-UNREADABLE",
            "FRACTION-EXCEEDS", "ITEM-NOT-THERE"} <= set(codes(prepared.findings))  # fmt: skip


def test_a_mistake_in_a_thousand_rows_is_one_finding(tmp_path):
    prepared = checked(tmp_path, *(row(0, "attic", "in", n) for n in range(1000)))
    assert codes(prepared.findings) == ["AREA-UNKNOWN"]
    assert "1000 rows" in prepared.findings[0].message


def test_many_different_mistakes_are_counted_beyond_the_first(tmp_path):
    prepared = checked(tmp_path, *(row(0, "store", "in", n, f"x{n}") for n in range(100)))
    found = [f for f in prepared.findings if f.code == "NUM"]
    assert len(found) == 21 and "80 further" in found[-1].message


def test_finer_weights_are_taken_with_a_declared_rounding(tmp_path):
    mapping = SMALL_MAP.replace("[file]", '[file]\nrounding = "milligram"')
    prepared = checked(tmp_path, row(0, "store", "in", 1, "20.000000568"), mapping=mapping)
    assert not prepared.refused
    assert prepared.read.frame["U_mg"].to_list() == [17630801]  # 17 630 800.5007 mg
    assert [f for f in prepared.findings if f.code == "ROUNDING"]


def test_the_duplicate_is_booked_once_and_listed(tmp_path):
    from keiryo.movements.service import duplicates_csv

    prepared = checked(tmp_path, GOOD[0], GOOD[0], row(0, "store", "in", 2))
    assert prepared.tracked.events.height == 2
    listed = duplicates_csv(prepared.mapping, prepared.tracked).decode().splitlines()
    assert listed[1:] == ["0,3,2,0,f/store,in,FA-1"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FILE-EMPTY"),
        (b"  \n \n", "FILE-EMPTY"),
        (HEADING.encode() + b"\n", "FILE-EMPTY"),
        (gzip.compress((HEADING + "\n" + "\n".join(GOOD)).encode(), mtime=0)[:-12], "FILE-CUT-OFF"),
        (gzip.compress(b"x" * 9999, mtime=0)[:-8] + b"\0" * 8, "FILE-DAMAGED"),
        ((HEADING + "\n" + GOOD[0]).encode().replace(b"store", b"st\xf6re"), "FILE-ENCODING"),
        ((HEADING + "\n" + GOOD[0]).encode("utf-16"), "FILE-ENCODING"),
        (b"SQLite format 3\0\x10\0", "FILE-BINARY"),
        (b"PAR1 and then nothing sensible PAR1", "FILE-DAMAGED"),
        (b"week,facility\n1,f\n", "COLUMN-MISSING"),
        ((HEADING + "\n" + GOOD[0] + ",more\n").encode(), "LINE-FIELDS"),
        ((HEADING + "\n" + GOOD[0] + "\n1,f,store\n").encode(), "LINE-FIELDS"),
        ((HEADING + ",week\n" + GOOD[0] + ",1\n").encode(), "COLUMN-TWICE"),
    ],
    ids=range(13),
)
def test_a_file_that_cannot_be_read(tmp_path, content, code):
    path = tmp_path / "moves.csv.gz"
    path.write_bytes(content)
    prepared = prepare(mapping_of(), [path])
    assert prepared.refused
    assert code in codes(prepared.findings)


def test_a_file_that_is_not_there(tmp_path):
    prepared = prepare(mapping_of(), [tmp_path / "nothing.csv", tmp_path])
    assert codes(prepared.findings) == ["FILE-UNREADABLE", "FILE-UNREADABLE"]


def test_all_missing_columns_are_named(tmp_path):
    path = tmp_path / "moves.csv"
    path.write_text("week,facility,area,direction,item_id\n0,f,store,in,1\n")
    found = prepare(mapping_of(), [path]).findings
    assert len([f for f in found if f.code == "COLUMN-MISSING"]) == 5


def test_quotes_byte_order_mark_and_carriage_returns_are_read(tmp_path):
    path = tmp_path / "moves.csv"
    text = "\r\n".join([HEADING, *(r.replace("f,", '"f",', 1) for r in GOOD)]) + "\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    prepared = prepare(mapping_of(), [path])
    assert codes(prepared.findings) == [] and prepared.read.frame.height == 5


def test_parquet_of_any_types_gives_the_same_as_csv(tmp_path):
    path = write(tmp_path / "moves.csv", *GOOD)
    typed = pl.read_csv(path).with_columns(
        pl.col("week").cast(pl.Int8), pl.col("facility").cast(pl.Categorical),
        pl.col("gross_kg").cast(pl.Decimal(12, 6)),
    )  # fmt: skip
    typed.write_parquet(tmp_path / "moves.parquet")
    one = prepare(mapping_of(), [path]).read.frame.drop("line")
    other = prepare(mapping_of(), [tmp_path / "moves.parquet"]).read.frame.drop("line")
    assert one.equals(other)


def test_parquet_with_lists_is_refused(tmp_path):
    frame = pl.read_csv(write(tmp_path / "moves.csv", *GOOD)).with_columns(
        pl.col("area").str.split("o")
    )
    frame.write_parquet(tmp_path / "moves.parquet")
    assert codes(prepare(mapping_of(), [tmp_path / "moves.parquet"]).findings) == ["COLUMN-TYPE"]


def test_the_same_file_twice_is_noticed(tmp_path):
    path = write(tmp_path / "moves.csv", *GOOD)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    assert codes(prepare(mapping_of(), [path, copy]).findings) == ["FILE-TWICE"]
