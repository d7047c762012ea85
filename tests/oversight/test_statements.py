"""Statements of the inspectorate: read, recorded with their file, compared with the own book."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.making import change
from keiryo.errors import NotFoundError, RefusedError
from keiryo.oversight.statement_comparison import StatementComparison, compare_statement
from keiryo.oversight.statements import read_statements, record_statements, statements_recorded
from small_books import ACTOR, PLANT, SmallBooks

HEAD = "mba,date,category,element,unit,fissile"
ENTRIES = f"{HEAD},report,entry,code,event_date,batch"


def kept(url: str) -> SmallBooks:
    """Return books with a loss of January, corrected in March, and a loss of February."""
    books = SmallBooks(url, XHFA=PLANT)
    books.send("XHFA", 1, change("LD", "20250110", "L-1", "630:100 670:4.5"))
    books.send(
        *("XHFA", 2),
        change("LD", "20250210", "L-2", "630:50 670:2"),
        date="20250305",
        period="20250201/20250228",
    )
    wrong = change("LD", "20250110", "L-1", "630:110 670:5", status="C/XH;1/1")
    books.send("XHFA", 3, wrong, date="20250810", period="20250701/20250731")
    return books


def compared(books: SmallBooks, text: str, name: str = "first") -> StatementComparison:
    """Record a statement and compare it."""
    record_statements(books.database, ACTOR, f"{name}.csv", text.encode(), statement=name)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        (statement,) = statements_recorded(connection, metadata, name=name)
        return compare_statement(connection, metadata, statement)


def found(comparison: StatementComparison) -> list[tuple[str, str, str | None, int | None]]:
    return [(f.code, f.severity.value, f.report, f.entry) for f in comparison.findings]


def test_it_agrees(database_url: str) -> None:
    books = kept(database_url)
    text = f"{HEAD}\nXHFA,2025-12-31,E,840,,38\nXHFA,2025-12-31,N,50,,\n"
    comparison = compared(books, text)
    assert found(comparison) == []
    assert [row.equal for row in comparison.rows] == [True, True]
    data = comparison.to_dict()
    assert data["books"][1]["own"] == {"element": "840", "unit": "g", "fissile": "38"}
    # What was received is kept, and receiving it again changes nothing.
    again = record_statements(books.database, ACTOR, "first.csv", text.encode(), statement="first")
    assert again.repeated
    assert again.act.act_id == comparison.statement.act


def test_two_views_of_the_own_book(sqlite_url: str) -> None:
    """On 30 June the correction of August was not known: 850 g then, 840 g as it is known now."""
    books = kept(sqlite_url)
    then = compared(books, f"{HEAD}\nXHFA,2025-06-30,E,850,,38.5\nXHFA,2025-06-30,N,50,,\n")
    assert found(then) == [("STATEMENT-BOOK", "I", None, None)]
    assert "reported by 2025-06-30" in then.findings[0].message
    difference = then.to_dict()["books"][1]["difference"]
    assert (difference["element"], difference["fissile"]) == ("10", "0.5")
    now = compared(books, f"{HEAD}\nXHFA,2025-06-30,E,840,,38\nXHFA,2025-06-30,N,50,,\n", "now")
    assert found(now) == []
    never = compared(books, f"{HEAD}\nXHFA,2025-06-30,E,840,,38.2\n", "never")
    assert found(never) == [("STATEMENT-BOOK", "E", None, None)] * 2
    assert "nothing of category N" in never.findings[0].message
    # Element weights in kilograms; no fissile weight is no disagreement.
    in_kg = compared(books, f"{HEAD}\nXHFA,2025-06-30,E,0.84,kg,\nXHFA,20250630,N,50000,g,\n", "kg")
    assert found(in_kg) == []


def test_entries_known_to_one_side(sqlite_url: str) -> None:
    books = kept(sqlite_url)
    sums = "XHFA,2025-12-31,E,840,,38,,,,,\nXHFA,2025-12-31,N,50,,,,,,,\n"
    every = compared(
        books,
        f"{ENTRIES}\n{sums}"
        "XHFA,2025-12-31,E,110,,5,3,1,LD,2025-01-10,L-1\n"
        "XHFA,2025-12-31,E,50,,2,2,1,LD,2025-02-10,L-2\n",
    )
    assert found(every) == []
    assert every.since == datetime.date(2025, 1, 10)
    other = compared(
        books,
        f"{ENTRIES}\n{sums}"
        "XHFA,2025-12-31,E,100,,4.5,1,1,LD,2025-01-10,L-1\n"  # corrected since
        "XHFA,2025-12-31,E,55,,2,2,1,LD,2025-02-11,L-2\n"  # differs
        "XHFA,2025-12-31,P,5,,,9,1,LA,2025-02-11,P-1\n",  # nobody knows it here
        "other",
    )
    assert found(other) == [
        ("STATEMENT-ENTRY", "E", "1", 1),
        ("STATEMENT-ENTRY", "E", "9", 1),
        ("STATEMENT-ENTRY", "E", "3", 1),
        ("STATEMENT-ENTRY", "E", "2", 1),
    ]
    messages = [f.message for f in other.findings]
    assert "it was corrected by report 3 entry 1 on 2025-08-10" in messages[0]
    assert "is not in the own books" in messages[1]
    assert "does not know entry 3/1" in messages[2]
    assert "date 2025-02-11, here 2025-02-10; 55 g with 2 g fissile, here 50 g" in messages[3]


def test_what_came_later_explains_itself(sqlite_url: str) -> None:
    books = kept(sqlite_url)
    text = (
        f"{HEAD},report,entry,code,batch\n"
        "XHFA,2025-06-30,E,850,,38.5,,,,\nXHFA,2025-06-30,N,50,,,,,,\n"
        "XHFA,2025-01-10,E,100,,4.5,1,1,LD,L-1\n"  # without event_date, the date is the change's
        "XHFA,2025-02-10,E,50,,2,2,1,LD,L-2\n"
    )
    comparison = compared(books, text)
    assert {f.severity.value for f in comparison.findings} == {"I"}
    assert len(comparison.findings) == 3
    second = f"{ENTRIES}\nXHFA,2025-12-31,E,840,,38,,,,,\nXHFA,2025-12-31,N,50,,,,,,,\n" + (
        "XHFA,2025-12-31,E,110,,5,3,1,,2025-01-10,\n"
    )
    after = compared(books, second, "second")
    assert after.since == datetime.date(2025, 7, 1)
    assert found(after) == []


def test_all_that_is_wrong_is_said_at_once(database_url: str) -> None:
    books = SmallBooks(database_url, XHFA=PLANT)
    text = (
        f"{ENTRIES}\n"
        "XHFA,2025-02-30,E,1,,,,,,,\n"
        'XHFA,2025-06-30,E,"1,5",t,x,,,,,\n'
        "XQQQ,2025-06-30,H,,,,,,,,\n"
        "XHFA,2025-06-30,N,5,,,,,,,\nXHFA,2025-06-30,N,6,,,,,,,\n"
        "XHFA,2025-06-30,N,6,,,1,0,ZZ,,\n"
        "XHFA,2025-09-30,N,6,,,1,1,LD,2025-09-01,A\n"
        "XHFA,2025-06-30,N,6,,,1,1,LD,2025-06-01,A,B,C\n"
    )
    with pytest.raises(RefusedError) as refused:
        record_statements(books.database, ACTOR, "s.csv", text.encode())
    assert {f.code for f in refused.value.findings} == {"STATEMENT-FORMAT"}
    assert all(f.advice and f.file == "s.csv" for f in refused.value.findings)
    assert sorted(f.cell or "" for f in refused.value.findings) == [
        "row 2 column B (date)",
        "row 3 column D (element)",
        "row 3 column E (unit)",
        "row 3 column F (fissile)",
        "row 4 column A (mba)",
        "row 4 column C (category)",
        "row 4 column D (element)",
        "row 6 column C (category)",
        "row 7 column H (entry)",
        "row 7 column I (code)",
        "row 8 column B (date)",
        "row 9",
    ]
    with books.database.reading() as connection:
        assert statements_recorded(connection, books.database.metadata) == []
        with pytest.raises(NotFoundError):
            statements_recorded(connection, books.database.metadata, name="s.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no rows"),
        (b"\x83\x65\n", "not UTF-8"),
        (b"mba,date\0", "NUL"),
        (HEAD.encode(), "has no rows"),
        (b"mba,date,element\nXHFA,2025-06-30,1\n", "no column category"),
        (HEAD.encode() + b",colour\nXHFA,2025-06-30,E,1,,,red\n", "'colour'"),
        (HEAD.encode() + b",MBA\nXHFA,2025-06-30,E,1,,,XHFA\n", "two columns mba"),
    ],
)
def test_files_that_are_no_statement(content: bytes, words: str) -> None:
    statements, table = read_statements("s.csv", content, mbas=["XHFA"])
    assert statements == []
    assert any(words in f.message for f in table.findings)


def test_how_spreadsheets_write_it() -> None:
    text = "\ufeffMBA;Date;Category;Element;Unit;Fissile (g)\r\n".replace(
        "Fissile (g)", "Fissile g"
    )
    text += "XHFA;2025-06-30;E;８４０;G;38\r\n;;;;;\r\n"
    (statement,), table = read_statements("s.csv", text.encode(), mbas=["XHFA"])
    assert not table.findings
    assert (statement.books[0].element_mg, statement.books[0].fissile_mg) == (840_000, 38_000)
    assert statement.name == "s.csv"


@settings(max_examples=60)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text("mba,date;\n\t\"'XHFA2025-06-30E.0category element\ufeff", max_size=120).map(
            lambda t: f"{ENTRIES}\n{t}".encode()
        ),
    )
)
def test_whatever_comes_in_is_read_or_questioned(content: bytes) -> None:
    statements, table = read_statements("s.csv", content, mbas=["XHFA"])
    assert statements or table.findings
    assert all(f.code == "STATEMENT-FORMAT" and f.advice for f in table.findings)
