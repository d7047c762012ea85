"""Set-ups that daily files tell."""

from __future__ import annotations

import datetime
from typing import Any

from detection_sites.port_books import DAY, passage, put, read, take
from keiryo.api import Books
from keiryo.detection_sites.importing import occupancies
from keiryo.detection_sites.register import read_register

SETUP = b"SG1,002000,000068,05,10,04.5,P\r\nSG2,1011,0.069,0.455,01,1010,A\r\n"


def setups(books: Books) -> list[dict[str, Any]]:
    return list(read(books, read_register)["setup"].values())


def test_a_set_up_of_a_file_holds_from_its_first_passage(books: Books) -> None:
    take(books, passage("10:00:00.000") + SETUP + passage("10:05:00.000"))
    (one,) = setups(books)
    assert (one["valid_from"], one["n_sigma"]) == ("2027-05-31T01:05:00.000Z", "4.5")
    assert (one["panels"], one["flags"], one["intervals"]) == ("1011", "1010", 5)
    assert (one["gamma_high"], one["gamma_low"]) == (2000, 68)
    take(books, passage("11:00:00.000"), "b.csv", day=DAY + datetime.timedelta(days=1))
    rows = list(read(books, occupancies).values())
    assert [row["n_source"] for row in rows] == ["file", "file", "setup"]
    assert "SETUP_LATER" in rows[0]["findings"]


def test_a_set_up_that_holds_already_is_not_recorded_again(books: Books) -> None:
    take(books, SETUP + passage("10:00:00.000"))
    take(books, SETUP + passage("10:30:00.000") + SETUP, "b.csv")
    assert len(setups(books)) == 1
    take(books, SETUP.replace(b"04.5", b"05.0") + passage("11:00:00.000"), "c.csv")
    assert [one["n_sigma"] for one in setups(books)] == ["4.5", "5"]


def test_a_set_up_after_the_last_passage_holds_from_its_end(books: Books) -> None:
    left = passage("10:00:00.000")[:-14] + b"10-00-02.000\r\n"
    take(books, SETUP + left + SETUP.replace(b"04.5", b"05.0"))
    assert [one["n_sigma"] for one in setups(books)] == ["4.5", "5"]
    assert setups(books)[1]["valid_from"] == "2027-05-31T01:00:02.000Z"
    take(books, passage("11:00:00.000"), "b.csv")
    assert [row["n_sigma"] for row in read(books, occupancies).values()] == ["4.5", "5"]


def test_what_a_person_recorded_of_the_moment_stands(books: Books) -> None:
    since = "2027-05-31T10:00:00+09:00"
    put(books, "setup", {"instrument": "P1", "valid_from": since, "n_sigma": "6.0"})
    take(books, SETUP + passage("10:00:00.000"))
    assert [one["n_sigma"] for one in setups(books)] == ["6.0"]


def test_a_set_up_that_cannot_be_keeps_no_file_out(books: Books) -> None:
    take(books, SETUP.replace(b"04.5", b"XX.X") + passage("10:00:00.000"))
    assert not setups(books)
