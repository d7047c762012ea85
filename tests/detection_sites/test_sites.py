"""Sites, daily files and tests of instruments in the books."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from detection_sites.port_books import DAY, PORTAL, SITE, passage, put, read, refused, take
from keiryo.api import Books
from keiryo.detection_sites.explain import explain
from keiryo.detection_sites.importing import occupancies
from keiryo.detection_sites.keeping_spectra import keep_spectrum
from keiryo.detection_sites.register import read_register, read_rows
from keiryo.detection_sites.statistics import due, results_of_tests, statistics
from keiryo.journal.reading import rows_of


def test_all_that_is_wrong_is_told_at_once(books: Books) -> None:
    odd = {**PORTAL, "instrument": "P 2", "site": "NO", "instrument_class": "radar", "maker": ""}
    codes = refused(put, books, "instrument", odd)
    assert codes >= {
        *("DETECTION-NAME", "DETECTION-UNKNOWN", "DETECTION-VALUE", "DETECTION-EMPTY"),
        "DETECTION-LANE",
    }
    assert refused(put, books, "site", {**SITE, "zone": "Mars/Olympus"}) == {"DETECTION-VALUE"}


def test_a_sheet_is_read_with_its_faults() -> None:
    rows, found = read_rows("trial", "t.csv", b"test,run,on_day,trials,alarms\nT,R,soon,x,1\n")
    assert not rows and [one.code for one in found] == ["DETECTION-CELL"] * 2


def test_occupancies_go_by_instrument_and_start(books: Books) -> None:
    content = passage("10:00:00.000") + passage("10:05:00.000", counts=120)
    done = take(books, content)
    known = read(books, occupancies)
    assert list(known) == [
        ("P1", "2027-05-31T01:00:00.000Z"),
        ("P1", "2027-05-31T01:05:00.000Z"),
    ]
    assert [row["gamma_alarm"] for row in known.values()] == [0, 1]
    assert done.occupancies == 2 and not done.incomplete
    assert {one.code for one in done.findings} == {"PORTAL-SETUP-MISSING"}
    assert refused(take, books, content, "other.csv") == {"PORTAL-FILE-TWICE"}


def test_the_day_changes_at_midnight(books: Books) -> None:
    take(books, passage("23:59:00.000") + passage("00:01:00.000"))
    starts = [start for _, start in read(books, occupancies)]
    assert starts == ["2027-05-31T14:59:00.000Z", "2027-05-31T15:01:00.000Z"]


@pytest.mark.parametrize(
    ("before", "first", "start"),
    [
        (("23:59:50",), "00:01:00", "2027-05-31T15:01:00.000Z"),
        (("00:05:00", "12:00:00"), "23:50:00", "2027-05-31T14:50:00.000Z"),
        (("23:59:58", "00:00:03", "23:59:59"), "00:00:08", "2027-05-31T15:00:08.000Z"),
        (("00:00:02", "23:59:57"), "23:59:59", "2027-05-30T14:59:59.000Z"),
        (("20:00:00", "06:00:00", "18:00:00", "04:00:00"), "05:00:00", "2027-06-01T20:00:00.000Z"),
    ],
)
def test_the_day_is_that_of_the_first_record(
    books: Books, before: tuple[str, ...], first: str, start: str
) -> None:
    quiet = "".join(
        f"GB,000400,000400,000400,000400,{at.replace(':', '-')}.000\r\n" for at in before
    )
    take(books, quiet.encode() + passage(f"{first}.000"))
    assert [when for _, when in read(books, occupancies)] == [start]


def test_a_file_without_days_needs_one(books: Books) -> None:
    assert refused(take, books, passage("10:00:00.000"), day=None) == {"PORTAL-DATE"}
    assert refused(take, books, b"hello") == {"PORTAL-FILE"}


def test_a_cut_file_is_marked_and_the_whole_one_corrects_it(books: Books) -> None:
    content = passage("10:00:00.000") + passage("10:05:00.000")
    cut = content[: content.rindex(b"GX")]
    assert take(books, cut).incomplete
    whole = take(books, content)
    assert (whole.occupancies, whole.unchanged) == (1, 1)
    assert all(row["complete"] for row in read(books, occupancies).values())


def test_a_cut_file_takes_nothing_away_from_the_whole_one(books: Books) -> None:
    content = passage("10:00:00.000") + passage("10:05:00.000", counts=120)
    take(books, content)
    done = take(books, content[: content.rindex(b"GX") - 200], "cut.csv")
    assert (done.occupancies, done.unchanged) == (0, 2)
    assert "PORTAL-LESS" in {one.code for one in done.findings}
    rows = list(read(books, occupancies).values())
    assert [row["gamma_alarm"] for row in rows] == [0, 1]
    assert all(row["complete"] for row in rows)


def test_two_passages_with_one_start_are_both_kept(books: Books) -> None:
    quiet, alarm = passage("10:00:00.000"), passage("10:00:00.000", counter=8, counts=120)
    take(books, quiet)
    done = take(books, alarm, "b.csv")
    assert "PORTAL-SAME-START" in {one.code for one in done.findings}
    start = "2027-05-31T01:00:00.000Z"
    assert list(read(books, occupancies)) == [("P1", start), ("P1", f"{start}~2")]
    cut = alarm[: alarm.rindex(b"GX")]
    again = take(books, quiet + cut, "c.csv")
    assert (again.occupancies, again.unchanged) == (0, 2)
    twice = take(books, passage("11:00:00.000") * 2, "d.csv")
    assert (twice.occupancies, twice.unchanged) == (1, 1)


def test_a_clock_set_back_over_midnight(books: Books) -> None:
    clocks = ("23:59:50.000", "00:00:05.000", "23:59:55.000", "00:00:10.000", "14:00:00.000")
    done = take(books, b"".join(passage(one) for one in clocks))
    assert "PORTAL-CLOCK" in {one.code for one in done.findings}
    assert [start for _, start in read(books, occupancies)] == [
        *("2027-05-31T14:59:50.000Z", "2027-05-31T15:00:05.000Z", "2027-05-31T14:59:55.000Z"),
        *("2027-05-31T15:00:10.000Z", "2027-06-01T05:00:00.000Z"),
    ]


def test_days_that_the_calendar_lacks_are_refused(books: Books) -> None:
    last = datetime.date(9999, 12, 31)
    content = passage("23:59:50.000") + passage("00:00:05.000")
    assert refused(take, books, content, day=last) == {"PORTAL-DATE"}
    assert refused(take, books, passage("08:00:00.000"), day=datetime.date(1, 1, 1)) == {
        "PORTAL-DATE"
    }
    assert not list(books.database.evidence.digests())


def test_what_is_not_given_anew_stays(books: Books) -> None:
    put(books, "instrument", {"instrument": "P1", "firmware": "2.1", "note": "new"})
    put(books, "instrument", {"instrument": "P1", "note": "-"})
    known = read(books, read_register)["instrument"][("P1",)]
    assert (known["firmware"], known["maker"], known["lane"], known["note"]) == (
        *("2.1", "M", "L1", None),
    )


def test_a_spectrum_belongs_to_a_passage_of_its_lane(books: Books, tmp_path: Path) -> None:
    take(books, passage("10:00:00.000"))
    put(books, "lane", {"lane": "L2", "site": "PORT-1"})
    put(books, "instrument", {**PORTAL, "instrument": "P2", "lane": "L2"})
    hand = {**PORTAL, "instrument": "H1", "instrument_class": "riid", "lane": ""}
    put(books, "instrument", hand)
    file = tmp_path / "one.csv"
    file.write_text("# live_s: 10\n# real_s: 10\nchannel,counts\n0,5\n1,6\n2,7\n")
    of = "P1@2027-05-31T01:00:00.000Z"
    given = (books.database, books.actor)
    assert refused(keep_spectrum, *given, "P2", file, occupancy=of) == {"DETECTION-LANE"}
    assert keep_spectrum(*given, "H1", file, occupancy=of)


def test_the_setup_of_the_moment_gives_n(books: Books) -> None:
    put(
        books,
        "setup",
        {"instrument": "P1", "valid_from": "2027-05-31T10:03:00+09:00", "n_sigma": "4.0"},
    )
    take(books, passage("10:00:00.000") + passage("10:05:00.000"))
    rows = list(read(books, occupancies).values())
    assert [row["n_source"] for row in rows] == ["default", "setup"]
    assert rows[1]["n_sigma"] == "4"


def test_too_short_is_not_evaluated(books: Books) -> None:
    take(books, passage("10:00:00.000", intervals=3))
    row = next(iter(read(books, occupancies).values()))
    assert (row["evaluated"], row["gamma_alarm"]) == (0, None)


def test_rates_have_exact_intervals(books: Books) -> None:
    take(books, passage("10:00:00.000") + passage("10:05:00.000", counts=120))
    told = {"instrument": "P1", "start": "2027-05-31T01:05:00.000Z", "outcome": "innocent"}
    rates = read(books, statistics, by="site", outcomes=[told])[0]
    assert (rates["site"], rates["evaluated"], rates["any"], rates["innocent"]) == (
        *("PORT-1", 2, 1, 1),
    )
    assert rates["any_low"] == pytest.approx(0.012579117093425, abs=1e-12)
    assert rates["alarms_without_outcome"] == 0


def test_trials_show_what_is_required_or_not(books: Books) -> None:
    plan = {"test": "T1", "instrument": "P1", "requirement": "detection"}
    put(books, "test", {**plan, "required": "0.9", "confidence": "0.95"})
    put(books, "trial", {"test": "T1", "run": "A", "on_day": DAY, "trials": 60, "alarms": 59})
    result = read(books, results_of_tests)[0]
    assert result["passed"] and result["bound"] == pytest.approx(0.9233600050654955, abs=1e-14)
    wrong = {"test": "T1", "run": "B", "on_day": DAY, "trials": 3, "alarms": 4}
    assert refused(put, books, "trial", wrong) == {"DETECTION-TRIALS"}


def test_what_is_due(books: Books) -> None:
    one = {"instrument": "P1", "check_name": "calibration", "on_day": DAY, "result": "passed"}
    put(books, "check", {**one, "due_on": datetime.date(2028, 5, 31)})
    assert read(books, due, datetime.date(2028, 5, 31)) == []
    assert read(books, due, datetime.date(2028, 6, 1))[0]["why"] == "overdue"


def test_an_occupancy_leads_to_its_file(books: Books) -> None:
    take(books, passage("10:00:00.000"))
    node = "occupancy:P1@2027-05-31T01:00:00.000Z"
    relations = [link.relation for link in read(books, explain, node)]
    assert relations == ["recorded in", "read from the file of", "seen by"]
    assert [x.relation for x in read(books, explain, "portal:P1")] == [
        *("registered in", "wrote the file of"),
    ]


def test_a_spectrum_is_kept_with_what_it_says(books: Books, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("# live_s: 10\n# real_s: 10\nchannel,counts\n0,5\n1,6\n2,7\n")
    given = (books.database, books.actor, "P1", file)
    assert refused(keep_spectrum, *given, occupancy="P1@no") == {"DETECTION-UNKNOWN"}
    _act, shown = keep_spectrum(*given)
    assert len(list(read(books, explain, shown[0]["node"]))) == 1
    assert refused(keep_spectrum, *given) == {"SPECTRUM-TWICE"}


def test_tamper_is_a_record_of_health(books: Books) -> None:
    take(books, b"TT,10-00-00.000\r\n" + passage("10:01:00.000") + b"TC,10-02-00.000\r\n")
    rows = read(books, rows_of, "detection_health")
    assert "tamper" in {row["kind"] for row in rows}
