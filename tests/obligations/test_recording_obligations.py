"""Statements about labels in the books: recorded once, and labels follow in the same act."""

from __future__ import annotations

import datetime
import json
from fractions import Fraction
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cases.making import change
from keiryo.cli import obligations_recording
from keiryo.errors import NotFoundError, RefusedError, UsageError
from keiryo.obligations.consents import Consent
from keiryo.obligations.holdings import BOOK, POOL, Holding
from keiryo.obligations.known_books import KnownBooks
from keiryo.obligations.recording import (
    ExchangeSide,
    RecordedStatements,
    begin_labels,
    check_register,
    designate,
    exchange_labels,
    give_consent,
    read_rows,
    record_register,
    relabel,
    set_consent_rule,
    shipped_register,
    state_receipt,
    withdraw,
)
from keiryo.obligations.stated import consent_rule, consents, labels, members, read_stated
from small_books import ACTOR, PLANT, STORE, SmallBooks

DAY = datetime.date
BEGIN = DAY(2024, 12, 31)


@pytest.fixture
def books(sqlite_url: str) -> SmallBooks:
    made = SmallBooks(sqlite_url, XHFA=PLANT, XHFB=PLANT, XHST=STORE)
    record_register(made.database, ACTOR, *shipped_register("japan"))
    return made


def begin(books: SmallBooks, *rows: Any) -> RecordedStatements:
    openings = read_rows("openings", rows or [opening()])
    return begin_labels(books.database, ACTOR, openings, BEGIN, "letter of 2025-01-10")


def opening(mba: str = "XHFA", category: str = "E", **cells: str) -> dict[str, Any]:
    stated = {key.replace("_", "+"): text for key, text in cells.items()}
    return {"mba": mba, "category": category, "cells": stated or {"AU": "600 g", "CA": "300 g"}}


def cells(books: SmallBooks, mba: str = "XHFA", on: int = 20251231, name: str = POOL) -> Any:
    with books.database.reading() as connection:
        known = KnownBooks(connection, books.database.metadata)
        return known.cells(Holding(mba, BOOK, name, "E"), on)


def swap(books: SmallBooks, name: str = "x-1", amount: str = "25 g", **more: Any) -> Any:
    sides = ExchangeSide("XHFA", "AU"), ExchangeSide("XHFB", "-")
    day = more.pop("on", DAY(2025, 2, 1))
    return exchange_labels(books.database, ACTOR, name, day, *sides, "E", amount, "agreed", **more)


def test_the_partners_of_japan_are_recorded_once(books: SmallBooks) -> None:
    again = record_register(books.database, ACTOR, *shipped_register("japan"))
    assert again.act is None and again.unchanged == 43
    with books.database.reading() as connection:
        known = labels(connection, books.database.metadata)
        states = members(connection, books.database.metadata, 20201231)["EURATOM"]
        later = members(connection, books.database.metadata, 20210101)["EURATOM"]
    assert " ".join(known) == "AE AU CA CN EURATOM FR GB IN JO KR KZ RU TR US VN"
    assert known["EURATOM"].kind == "organisation" and known["US"].valid_from == DAY(1968, 7, 10)
    assert known["IN"].source is not None and known["IN"].source.startswith("unverified")
    assert (len(states), states - later) == (28, {"GB"})
    with pytest.raises(NotFoundError, match="no register 'mars'"):
        shipped_register("mars")


def test_labels_are_kept_from_the_opening_on(books: SmallBooks) -> None:
    done = begin(books)
    assert done.act is not None and done.act.kind == "obligations.begin" and done.recorded == 1
    assert cells(books) == {"-": 100_000, "AU": 600_000, "CA": 300_000}
    assert begin(books).act is None
    shares = begin(books, opening(AU_US="3/5", CA="0.4"))
    assert shares.act is not None and cells(books) == {"AU+US": 600_000, "CA": 400_000}
    row = {"mba": "XHST", "batch": "FA-1", "category": "E", "cells": {"US": "400 g"}}
    begin(books, row)
    assert cells(books, "XHST", name="FA-1") == {"US": 400_000}
    assert cells(books) == {"-": 1_000_000}


def test_a_receipt_states_its_labels(books: SmallBooks) -> None:
    begin(books)
    parties = {"shipper": "XB/XBFA", "receiver": "XH/XHFA", "shipper_batch": "C-1"}
    sent = change("RF", "20250120", "C-1", "630:100 670:4.5", **parties)
    assert books.send("XHFA", 1, sent).outcome == "accepted"
    assert cells(books)["-"] == 200_000
    stated = {"US+AU": "60 g", "-": "40 g"}
    done = state_receipt(books.database, ACTOR, "XHFA", "C-1", stated, document="EL-7")
    assert done.act is not None and done.act.kind == "obligations.receipt" and not done.findings
    assert cells(books) == {"-": 140_000, "AU": 600_000, "AU+US": 60_000, "CA": 300_000}
    shares = {"AU": "3/5", "-": "2/5"}
    again = state_receipt(books.database, ACTOR, "XHFA", "C-1", shares, on=DAY(2025, 1, 20))
    assert again.act is not None and cells(books)["AU"] == 660_000
    with books.database.reading() as connection:
        stated_now = read_stated(connection, books.database.metadata)
    origin, by_rule = stated_now.origin("XHFA", "C-1", "E", 20250120, "XB/XBFA")
    assert origin == {"AU": Fraction(3, 5), "-": Fraction(2, 5)} and not by_rule


def test_labels_are_named_for_a_withdrawal(books: SmallBooks) -> None:
    begin(books)
    set_consent_rule(books.database, ACTOR, "note", "no consents are recorded yet")
    sent = change(
        "SF", "20250120", "LEU-1", "630:100 670:4.5", shipper="XH/XHFA", receiver="XB/XBFA"
    )
    named = {"CA": "60 g", "-": "40 g"}
    args = (books.database, ACTOR, "XHFA", "LEU-1", DAY(2025, 1, 20), "SF", "E", named, "asked")
    early = designate(*args)
    assert [one.code for one in early.findings] == ["DESIGNATION-ABSENT"]
    assert books.send("XHFA", 1, sent).outcome == "accepted"
    assert cells(books) == {"-": 60_000, "AU": 600_000, "CA": 240_000}
    assert designate(*args).act is None
    other = (*args[:7], {"AU": "100 g"}, "asked otherwise")
    assert designate(*other).act is not None
    assert cells(books) == {"-": 100_000, "AU": 500_000, "CA": 300_000}


def test_labels_are_exchanged_and_an_exchange_is_withdrawn(books: SmallBooks) -> None:
    begin(books)
    done = swap(books)
    assert done.act is not None and done.act.kind == "obligations.exchange"
    assert cells(books) == {"-": 125_000, "AU": 575_000, "CA": 300_000}
    assert cells(books, "XHFB") == {"-": 975_000, "AU": 25_000}
    assert swap(books).act is None
    swap(books, amount="600 g")  # the same exchange, of all there was before it
    assert cells(books, "XHFB")["AU"] == 600_000
    withdraw(books.database, ACTOR, "exchange", "x-1", "called off")
    assert cells(books)["AU"] == 600_000 and cells(books, "XHFB") == {"-": 1_000_000}
    with pytest.raises(NotFoundError, match="no exchange 'x-1'"):
        withdraw(books.database, ACTOR, "exchange", "x-1", "again")
    with pytest.raises(UsageError, match="can be withdrawn"):
        withdraw(books.database, ACTOR, "label", "US", "never")


def test_a_label_passes_to_another(books: SmallBooks) -> None:
    begin(books, opening(EURATOM="600 g", CA="400 g"))
    done = relabel(
        *(books.database, ACTOR, "uk-2021", DAY(2025, 1, 1), "SI 2019/195"),
        removes="EU", adds="GB",
    )  # fmt: skip
    assert done.act is not None and done.act.kind == "obligations.relabel"
    assert cells(books) == {"CA": 400_000, "GB": 600_000}


def test_consents_and_the_rule_for_them(books: SmallBooks) -> None:
    args = (books.database, ACTOR, "AU-1", "AU", "enrichment", "letter")
    done = give_consent(*args, amount="0.15 t", destinations=["FR"], valid_from=DAY(2025, 1, 1))
    assert done.act is not None
    with books.database.reading() as connection:
        metadata = books.database.metadata
        (one,) = consents(connection, metadata)
        assert consent_rule(connection, metadata) == ("refuse", 0)
    assert one == Consent(
        *("AU-1", "AU", "enrichment to 20 % or more", frozenset({"FR"}), 150_000_000),
        DAY(2025, 1, 1),
    )
    set_consent_rule(books.database, ACTOR, "note", "transition", from_day=DAY(2025, 4, 1))
    with books.database.reading() as connection:
        assert consent_rule(connection, books.database.metadata) == ("note", 20250401)
    withdraw(books.database, ACTOR, "consent", "AU-1", "expired")
    with books.database.reading() as connection:
        assert consents(connection, books.database.metadata) == []
    with pytest.raises(UsageError, match="no rule 'off'"):
        set_consent_rule(books.database, ACTOR, "off", "no")
    with pytest.raises(UsageError, match="no reason"):
        set_consent_rule(books.database, ACTOR, "note", " ")


def test_nothing_of_a_file_is_recorded_unless_all_of_it_holds(books: SmallBooks) -> None:
    data = {
        "labels": [{"label": "ZZ", "name": "Somewhere", "kind": "State"}],
        "rules": [
            {"rule": "r-1", "place": "ZZ", "labels": "ZZ", "reason": "Article 2"},
            {"rule": "r-2", "place": "XX", "labels": "XX", "reason": "Article 2"},
        ],
    }
    count, findings = check_register(books.database, "a.json", json.dumps(data).encode())
    assert count == 3 and [(one.code, one.cell) for one in findings] == [
        ("OBLIGATION-LABEL-UNKNOWN", "rules 2")
    ]
    with pytest.raises(RefusedError, match="nothing was recorded"):
        record_register(books.database, ACTOR, "a.json", json.dumps(data).encode())
    del data["rules"][1]
    done = record_register(books.database, ACTOR, "a.json", json.dumps(data).encode())
    assert done.act is not None and (done.act.kind, done.recorded) == ("obligations.record", 2)
    data["labels"] *= 2
    data["labels"][1] = {**data["labels"][0], "name": "Elsewhere"}
    _, findings = check_register(books.database, "a.json", json.dumps(data).encode())
    assert [one.code for one in findings] == ["OBLIGATION-TWICE"]


def run(books: SmallBooks, *args: str, refused: bool = False) -> Any:
    app = typer.Typer()
    obligations_recording.register(app)
    url = books.database.engine.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(app, [args[0], "--db", url, *args[1:]])
    if refused:
        assert isinstance(result.exception, RefusedError | UsageError), result.output
        return result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_commands(books: SmallBooks, tmp_path: Any) -> None:
    file = tmp_path / "openings.json"
    file.write_text(json.dumps({"openings": [opening()]}))
    told = run(books, "open", str(file), "--on", "2024-12-31", "--reason", "first inventory")
    assert "Labels are kept from the end of 2024-12-31 on." in told
    shown = json.loads(run(books, "labels", "--format", "json"))
    assert len(shown) == 15 and shown[4]["members"][0] == "AT"
    assert len(json.loads(run(books, "labels", "--shipped", "japan", "--format", "json"))) == 15
    assert "Nothing is new" in run(books, "labels", "--shipped", "japan", "--record")
    told = json.loads(
        run(books, "receive", "XHFA/C-9", "--share", "US+AU=3/5", "--share", "-=2/5", "--format",
            "json")
    )  # fmt: skip
    assert told["recorded"] == 1 and told["findings"][0]["rule"] == "RECEIPT-ABSENT"
    sides = ["--one", "XHFA:AU", "--other", "XHFB:-", "--category", "E", "--amount", "25g"]
    run(books, "exchange", "x-1", "--on", "2025-02-01", *sides, "--reason", "agreed")
    assert cells(books, "XHFB")["AU"] == 25_000
    run(books, "withdraw", "exchange", "x-1", "--reason", "no")
    more = ["--on", "2025-02-01", "--reason", "closing letter", "--removes", "CA"]
    run(books, "relabel", "ca-ends", *more, "--mba", "XHFA")
    assert cells(books) == {"-": 400_000, "AU": 600_000}
    words = ["--step", "retransfer", "--words", "letter", "--amount", "150kg", "--to", "FR"]
    run(books, "consent", "AU-1", "--partner", "AU", *words)
    run(books, "rule", "--consents", "note", "--reason", "transition")
    named = ["--on", "2025-01-20", "--code", "SF", "--category", "E", "--reason", "asked"]
    run(books, "designate", "XHFA/LEU-1", *named, "--cell", "AU=100g")
    assert "0 findings" in run(books, "import", str(file_of_rules(tmp_path)), "--check")
    run(books, "import", str(file_of_rules(tmp_path)))
    wrong = run(books, "receive", "XHFA/C-9", "--cell", "AU=600lb", refused=True)
    assert [one.code for one in wrong.findings] == ["OBLIGATION-UNIT"]
    for args in (
        ["receive", "XHFA"],
        ["receive", "XHFA/C-9"],
        ["receive", "XHFA/C", "--cell", "5"],
    ):
        assert isinstance(run(books, *args, refused=True), UsageError)
    assert isinstance(run(books, "labels", "--record", refused=True), UsageError)


def file_of_rules(folder: Any) -> Any:
    file = folder / "rules.csv"
    file.write_text("rule,place,labels,reason\nfrom-au,AU,AU,Article 1\n")
    return file
