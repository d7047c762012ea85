"""Laws that hold for any entries: order, periods, corrections, knowledge, exactness."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.making import change, report
from keiryo.accounts.model import Amount, total
from keiryo.quantities import MAX_MG
from keiryo.reports.export import recorded_reports
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report
from keiryo.reports.service import import_reports
from keiryo.testing.code10 import reports as any_reports
from small_books import ACTOR, PLANT, SmallBooks

JAN = "20250101/20250131"
QUARTER = ("2025-01-01", "2025-03-31")
few = settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallBooks]:
    """One database; each example gets an area of its own."""
    found = SmallBooks(f"sqlite:///{tmp_path_factory.mktemp('laws') / 'books.sqlite'}")
    yield found
    found.database.close()


NUMBERS = count()


def new_area(books: SmallBooks) -> str:
    mba = f"X{next(NUMBERS):03d}"
    assert books.begin({mba: PLANT}).context_act is not None
    return mba


def send(books: SmallBooks, mba: str, number: int, *entries: Any, date: str = "20250228") -> int:
    text = report(f"XH/XHF-/{mba}", number, "I", date, JAN, entries)
    outcome = books.take(text).outcomes[0]
    assert outcome.outcome == "accepted", outcome.findings
    return outcome.act_id


def grams(mg: int) -> str:
    return f"{mg // 1000}.{mg % 1000:03d}"


@st.composite
def entries(draw: st.DrawFn) -> tuple[str, str, str]:
    """Return code, day and weights of a change."""
    code = draw(st.sampled_from(("GA", "LD", "TW", "FW", "DI", "LA", "EU", "NE", "LN", "NP")))
    day = f"202501{draw(st.integers(1, 31)):02d}"
    element = draw(st.integers(1, 10**9))
    fissile = draw(st.integers(0, element))
    if code == "NP":
        return code, day, f"700:{grams(element)}"
    content = f"630:{grams(element)} 670:{grams(fissile)}"
    if code == "NE":
        content += f" 610:{draw(st.integers(1, 10**6))} 770:{grams(fissile)}"
    return code, day, content


some = st.lists(entries(), min_size=1, max_size=5)


def made(items: list[tuple[str, str, str]]) -> list[Any]:
    return [change(code, day, f"B{n}", content) for n, (code, day, content) in enumerate(items)]


@few
@given(items=some, chance=st.randoms(use_true_random=False))
def test_order_within_a_report_does_not_matter(
    books: SmallBooks, items: list[tuple[str, str, str]], chance: Any
) -> None:
    shuffled = list(items)
    chance.shuffle(shuffled)
    one, other = new_area(books), new_area(books)
    send(books, one, 1, *made(items))
    send(books, other, 1, *made(shuffled))
    assert books.lines(one, *QUARTER) == books.lines(other, *QUARTER)
    totals = [books.inventory(mba, "2025-01-15")["totals"] for mba in (one, other)]
    assert totals[0] == totals[1]


@few
@given(items=some, day=st.integers(1, 30))
def test_periods_add_up(books: SmallBooks, items: list[tuple[str, str, str]], day: int) -> None:
    mba = new_area(books)
    send(books, mba, 1, *made(items))
    whole = books.balance(mba, "2025-01-01", "2025-01-31")
    first = books.balance(mba, "2025-01-01", f"2025-01-{day:02d}")
    second = books.balance(mba, f"2025-01-{day + 1:02d}", "2025-01-31")
    for category in whole.categories:
        for code in whole.lines.keys() - {"PB", "BE", "BA"}:
            parts = [p.lines.get(code, {}).get(category, Amount()) for p in (first, second)]
            wanted = whole.lines[code].get(category, Amount()).element_mg
            assert total(parts).element_mg == wanted, code
        ending = first.lines["BA"].get(category, Amount()).element_mg
        assert second.lines["PB"].get(category, Amount()).element_mg == ending
        assert second.lines["BA"][category].element_mg == whole.lines["BA"][category].element_mg


@few
@given(items=some, corrected=some, again=some)
def test_correction_of_a_correction_is_what_was_meant_from_the_start(
    books: SmallBooks,
    items: list[tuple[str, str, str]],
    corrected: list[tuple[str, str, str]],
    again: list[tuple[str, str, str]],
) -> None:
    length = min(len(items), len(corrected), len(again))
    chain, direct = new_area(books), new_area(books)
    send(books, chain, 1, *made(items[:length]))
    for number, wanted in enumerate((corrected, again), start=2):
        changes = [
            change(code, day, f"B{n}", content, status=f"C/XH;{number - 1}/{n + 1}")
            for n, (code, day, content) in enumerate(wanted[:length])
        ]
        send(books, chain, number, *changes)
    send(books, direct, 1, *made(again[:length]))
    assert books.lines(chain, *QUARTER) == books.lines(direct, *QUARTER)
    found = [books.inventory(mba, "2025-02-28")["totals"] for mba in (chain, direct)]
    assert found[0] == found[1]


@few
@given(items=some, later=some, target=st.integers(1, 5))
def test_what_was_known_stays_known(
    books: SmallBooks,
    items: list[tuple[str, str, str]],
    later: list[tuple[str, str, str]],
    target: int,
) -> None:
    mba = new_area(books)
    act = send(books, mba, 1, *made(items))
    then = {"through_act": act}, {"known_on": datetime.date(2025, 2, 28)}
    before = [books.lines(mba, *QUARTER, **known) for known in then]
    assert before[0] == before[1] == books.lines(mba, *QUARTER)
    code, day, content = later[0]
    number = (target - 1) % len(items) + 1
    fresh = change(code, day, "C", content, status=f"C/XH;1/{number}")
    send(books, mba, 2, fresh, *made(later[1:]), date="20250301")
    assert [books.lines(mba, *QUARTER, **known) for known in then] == before


@few
@given(some_reports=any_reports())
def test_what_was_posted_is_read_again(books: SmallBooks, some_reports: list[Report]) -> None:
    """Any report that is right in form is kept word for word."""
    prefix = f"{next(NUMBERS):03d}"
    files = []
    for report_ in some_reports:
        text = write([report_])
        for mba in ("XAFA", "XARA", "XALA", "XAFB"):  # areas of this example alone
            text = text.replace(f"307:{mba}", f"307:{mba[3]}{prefix}").replace(
                f"XA/{mba}", f"XA/{mba[3]}{prefix}"
            )
        files.append((f"{len(files)}.txt", text.encode()))
    wanted = {r.key: r for r in read_files(files).reports}
    summary = import_reports(books.database, files, ACTOR, accept_reason="whatever it says")
    with books.database.reading() as connection:
        kept = {r.key: r for r in recorded_reports(connection, books.database.metadata)}
    assert {outcome.outcome for outcome in summary.outcomes} == {"accepted"}
    for key, sent in wanted.items():
        assert kept[key] == sent


weights = st.integers(-MAX_MG, MAX_MG)


@given(left=weights, right=weights)
def test_sums_are_exact_or_refused(left: int, right: int) -> None:
    if abs(left + right) <= MAX_MG:
        assert (Amount(left) + Amount(right)).element_mg == left + right
        assert (Amount(0, left) + Amount(0, right)).fissile_mg == left + right
    else:
        with pytest.raises(OverflowError):
            Amount(left) + Amount(right)
        with pytest.raises(OverflowError):
            Amount(0, left) + Amount(0, right)


@given(st.lists(st.integers(-(10**15), 10**15)), st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_the_order(parts: list[int], chance: Any) -> None:
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert total(map(Amount, parts)) == total(map(Amount, shuffled)) == Amount(sum(parts))


def test_unknown_fissile_weight_stays_unknown() -> None:
    assert (Amount(1, None) + Amount(2, 3)).fissile_mg is None
    assert Amount(1, None).times(-1) == Amount(-1, None)


def test_weight_beyond_all_reason_is_refused(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT)
    heavy = change("GA", "20250103", "X", f"610:{10**11}")
    outcome = books.send("XHFA", 1, heavy)
    assert outcome.outcome == "refused"
    assert {f.code for f in outcome.findings} & {"WEIGHT-TOO-LARGE", "TOO-LARGE"}
