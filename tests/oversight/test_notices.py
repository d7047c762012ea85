"""Advance notices: which transfers need one, what is late, and the register as acts."""

from __future__ import annotations

import datetime

import pytest

from cases.making import change
from keiryo.errors import Finding, NotFoundError, RefusedError, UsageError
from keiryo.oversight.notice_intake import read_notices
from keiryo.oversight.notices import (
    NoticeBoard,
    confirm_notice,
    notice_board,
    register,
    register_notices,
    withdraw_notice,
)
from keiryo.quantities import Category
from keiryo.reports.rules_notices import (
    AdvanceNotice,
    ForeignTransfer,
    months_after,
    notice_questions,
)
from small_books import ACTOR, PLANT, SmallBooks

DAY = datetime.date.fromisoformat


def moved(
    day: str, element_kg: int, *, direction: str = "export", partner: str = "XB", mba: str = "XHFA"
) -> ForeignTransfer:
    """Return a transfer of plutonium: as many effective kilograms as kilograms."""
    weight = element_kg * 1000  # grams here are thousandths of an effective kilogram
    return ForeignTransfer(
        direction, mba, partner, DAY(day), Category.PLUTONIUM, weight, report="7", entry=1
    )


def noticed(name: str = "N-1", direction: str = "export", **more: object) -> AdvanceNotice:
    days = {k: DAY(v) if k.endswith("_on") and isinstance(v, str) else v for k, v in more.items()}
    return AdvanceNotice(name, direction, "XHFA", "XB", **days)  # type: ignore[arg-type]


def asked(
    transfers: list[ForeignTransfer], notices: list[AdvanceNotice] | None, on: str = "2026-01-31"
) -> list[Finding]:
    return notice_questions(transfers, notices, DAY(on))


def test_only_where_a_register_is_kept() -> None:
    assert asked([moved("2025-05-01", 2000)], None) == []
    (finding,) = asked([moved("2025-05-01", 2000)], [])
    assert (finding.code, finding.severity.value) == ("ADVANCE-NOTICE", "W")
    assert (finding.mba, finding.report, finding.entry) == ("XHFA", "7", 1)
    assert finding.basis == "INFCIRC/153 para 92"
    assert finding.advice


def test_one_effective_kilogram_is_the_limit() -> None:
    assert asked([moved("2025-05-01", 1000)], []) == []
    assert len(asked([moved("2025-05-01", 1001)], [])) == 1
    # Batches of one day go together, areas and States do not.
    day = [moved("2025-05-01", 600), moved("2025-05-01", 600)]
    assert len(asked(day, [])) == 1
    assert asked([moved("2025-05-01", 600), moved("2025-05-01", 600, partner="XC")], []) == []
    (finding,) = asked([moved("2025-05-01", 1001, direction="import")], [])
    assert finding.basis == "INFCIRC/153 para 95"


def test_successive_shipments_within_three_months() -> None:
    assert len(asked([moved("2025-01-15", 600), moved("2025-04-15", 600)], [])) == 1
    assert asked([moved("2025-01-15", 600), moved("2025-04-16", 600)], []) == []
    (finding,) = asked([moved("2025-01-15", 600), moved("2025-02-15", 600, mba="XHFB")], [])
    assert finding.mba == "XHFB"
    assert "together with the 3 months before 1.2" in finding.message
    # A large one needs a notice of its own and does not make the small one successive.
    large = noticed(transfer_on="2025-02-15", notified_on="2025-01-20")
    assert asked([moved("2025-01-15", 600), moved("2025-02-15", 1600)], [large]) == []
    # In one direction only.
    back = moved("2025-02-15", 600, direction="import")
    assert asked([moved("2025-01-15", 600), back], []) == []
    covered = noticed(transfer_on="2025-02-15", notified_on="2025-01-20")
    assert asked([moved("2025-01-15", 600), moved("2025-02-15", 600)], [covered]) == []


def test_a_notice_of_an_export_comes_two_weeks_before_preparation() -> None:
    transfers = [moved("2025-06-20", 2000)]
    in_time = noticed(prepared_on="2025-06-15", transfer_on="2025-06-20", notified_on="2025-06-01")
    assert asked(transfers, [in_time]) == []
    late = noticed(prepared_on="2025-06-15", transfer_on="2025-06-20", notified_on="2025-06-02")
    (finding,) = asked(transfers, [late])
    assert "due by 2025-06-01" in finding.message
    assert finding.cell == "notice N-1"
    planned = noticed(prepared_on="2025-06-15", transfer_on="2025-06-20")
    assert asked([], [planned], on="2025-06-01") == []
    assert "has not been given" in asked([], [planned], on="2025-06-02")[0].message
    # A notice of a small transfer was not asked for, so it cannot be late.
    assert asked([moved("2025-06-20", 10)], [late]) == []
    assert asked(transfers, [noticed(transfer_on="2025-06-20", state="withdrawn")])[0].cell is None


def test_a_notice_of_an_import_comes_before_the_state_is_responsible() -> None:
    transfers = [moved("2025-06-20", 2000, direction="import")]
    notice = noticed(direction="import", transfer_on="2025-06-10", notified_on="2025-06-20")
    assert asked(transfers, [notice]) == []
    late = noticed(direction="import", transfer_on="2025-06-10", notified_on="2025-06-21")
    assert "assumes responsibility" in asked(transfers, [late])[0].message


def test_a_receiver_without_safeguards_confirms_within_three_months() -> None:
    days = {"prepared_on": "2025-06-01", "notified_on": "2025-05-01", "transfer_on": "2025-06-10"}
    transfers = [moved("2025-06-10", 2000)]
    open_ = noticed(safeguarded=False, **days)
    assert asked(transfers, [open_], on="2025-09-10") == []
    (finding,) = asked(transfers, [open_], on="2025-09-11")
    assert finding.basis == "INFCIRC/153 para 94"
    confirmed = noticed(safeguarded=False, confirmed_on="2025-09-10", state="confirmed", **days)
    assert asked(transfers, [confirmed]) == []
    assert asked(transfers, [noticed(safeguarded=True, **days)]) == []


def test_one_notice_does_not_serve_for_ever() -> None:
    notice = noticed(transfer_on="2025-06-10", notified_on="2025-05-01")
    transfers = [moved("2025-06-11", 2000), moved("2025-07-11", 2000)]
    (finding,) = asked(transfers, [notice])
    assert "on 2025-07-11" in finding.message
    # One that announces weight serves as long as the weight lasts.
    both = noticed(
        transfer_on="2025-06-10",
        notified_on="2025-05-01",
        category=Category.PLUTONIUM,
        element_mg=4_000_000,
    )
    assert asked(transfers, [both]) == []
    two = [notice, noticed("N-2", transfer_on="2025-07-12", notified_on="2025-06-01")]
    assert asked(transfers, two) == []


def test_months() -> None:
    assert months_after(DAY("2025-11-30"), 3) == DAY("2026-02-28")
    assert months_after(DAY("2025-05-31"), -3) == DAY("2025-02-28")


def board(books: SmallBooks, on: str) -> NoticeBoard:
    with books.database.reading() as connection:
        return notice_board(connection, books.database.metadata, DAY(on))


SHIPPED = change(
    "SF", "20250120", "LEU-1", "630:900000 670:38000", shipper="XH/XHFA", receiver="XB/XBCA"
)


def test_register_as_acts(database_url: str) -> None:
    books = SmallBooks(database_url, XHFA=PLANT)
    books.send("XHFA", 1, SHIPPED)
    before = board(books, "2025-03-01")
    assert (before.kept, before.findings) == (False, ())
    assert before.to_dict()["without_notice"][0]["entries"] == ["XHFA/1/1"]
    plan = noticed("N-9", transfer_on="2025-08-01", prepared_on="2025-07-20", safeguarded=False)
    first = register_notices(books.database, ACTOR, [plan])
    assert first is not None and first.act.kind == "notice.register"
    assert register_notices(books.database, ACTOR, [plan]) is None
    assert [f.report for f in board(books, "2025-03-01").findings] == ["1"]
    (row,) = board(books, "2025-07-01").to_dict()["notices"]
    assert (row["state"], row["due"], row["days_left"]) == ("to be notified", "2025-07-06", 5)
    given = noticed("N-9", notified_on="2025-07-05")
    with pytest.raises(RefusedError) as refused:
        register_notices(books.database, ACTOR, [given])
    assert [f.code for f in refused.value.findings] == ["NOTICE-FORMAT"]
    register_notices(books.database, ACTOR, [given], revise=True)
    (row,) = board(books, "2025-08-02").to_dict()["notices"]
    assert (row["state"], row["transfer"]) == ("awaiting confirmation", "2025-08-01")
    assert confirm_notice(books.database, ACTOR, "N-9", DAY("2025-09-01")) is not None
    assert confirm_notice(books.database, ACTOR, "N-9", DAY("2025-09-01")) is None
    assert board(books, "2025-12-01").to_dict()["notices"][0]["state"] == "confirmed"
    assert register_notices(books.database, ACTOR, [given]) is None  # it says nothing else
    withdraw_notice(books.database, ACTOR, "N-9", "the contract was ended")
    with pytest.raises(UsageError):
        confirm_notice(books.database, ACTOR, "N-9", DAY("2025-09-01"))
    with pytest.raises(NotFoundError):
        withdraw_notice(books.database, ACTOR, "N-7", "typing error")
    assert board(books, "2025-12-01").to_dict()["notices"][0]["state"] == "withdrawn"


def test_notices_from_a_file(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT)
    text = (
        "\ufeffnotice,direction,mba,partner,category,element,unit,fissile,notified,transfer,"
        "safeguarded\nN-1,Export,XHFA,XB,E,900,kg,38000,2025-01-10,2025-01-20,yes\n"
    )
    notices, table = read_notices("notices.csv", text.encode())
    assert not table.findings
    evidence = ("notices.csv", text.encode(), "advance notices")
    assert register_notices(books.database, ACTOR, notices, evidence=evidence) is not None
    assert register_notices(books.database, ACTOR, notices, evidence=evidence) is None
    with books.database.reading() as connection:
        (notice,) = register(connection, books.database.metadata)
    assert (notice.direction, notice.element_mg, notice.fissile_mg) == (
        *("export", 900_000_000, 38_000_000),
    )
    books.send("XHFA", 1, SHIPPED)
    (row,) = board(books, "2025-03-01").to_dict()["notices"]
    assert (row["recorded"], row["state"]) == ("2025-01-20", "done, notified late")


def test_all_that_is_wrong_is_said_at_once(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT)
    text = (
        "notice;direction;mba;partner;category;element;transfer;safeguarded\n"
        "N-1;export;XHFA;XB;E;1,5;2025-02-30;perhaps\nN-1;;XHFA;XB;;;;\n"
    )
    _, table = read_notices("notices.csv", text.encode())
    assert [f.cell for f in table.findings] == [
        "row 2 column G (transfer)",
        "row 2 column H (safeguarded)",
        "row 2 column F (element)",
        "row 3 column B (direction)",
    ]
    wrong = AdvanceNotice(
        *("N-1", "sideways", "XQQQ", "XH", Category.ENRICHED, -1),
        transfer_on=DAY("2025-02-01"),
        confirmed_on=DAY("2025-01-01"),
    )
    with pytest.raises(RefusedError) as refused:
        register_notices(books.database, ACTOR, [wrong])
    assert len(refused.value.findings) == 6
    with books.database.reading() as connection:
        assert register(connection, books.database.metadata) == []
