"""Several balances: common inventories, shared sources, calibrations; against a slow reference."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.making import change, listed
from evaluation.evaluation_books import MBA, EvaluationBooks, codes, kilograms
from small_books import area, batch

CLOSINGS = ("20241231", "20250331", "20250630", "20250930", "20251231")
QUARTERS = ("20250101/20250331", "20250401/20250630", "20250701/20250930", "20251001/20251231")


def received(day: str, name: str, kg: str, basis: str = "N", mba: str = MBA) -> Any:
    return change(
        "RD", day, name, f"630:{kg} 670:0", basis=basis, shipper="XH/XHRA",
        receiver=f"XH/{mba}", shipper_batch="S",
    )  # fmt: skip


def shipped(day: str, name: str, kg: str, basis: str = "M", mba: str = MBA) -> Any:
    return change(
        "SD", day, name, f"630:{kg} 670:0", basis=basis, shipper=f"XH/{mba}", receiver="XH/XHRA"
    )


def constant_facility(url: str, days: tuple[int, ...], balances: int = 4) -> EvaluationBooks:
    """Return a facility with ten transfers of 10 kg in and out per balance, inventory 50 kg."""
    books = EvaluationBooks(url, **{MBA: area("bulk", batch("I-0", _630="50000", _670="0"))})
    for day in days:
        books.calibration("F", day)
        books.calibration("C", day)
    books.source("F-r", "random", "0.01")
    books.source("I-r", "random", "0.02")
    for name in ("in", "out"):
        books.source(f"{name}-s", "epoch", "0.005", method="F")
        code = "RD" if name == "in" else "SD"
        books.stratum(name, f"F-r,{name}-s", codes=code)
    books.source("C-s", "epoch", "0.01", method="C", closing_epoch="new")
    books.stratum("inventory", "I-r,C-s", codes="PB,PE")
    for n, quarter in enumerate(QUARTERS[:balances]):
        first = quarter[:6]
        entries = [received(f"{first}{d + 10}", f"R{n}-{d}", "10000") for d in range(10)]
        entries += [shipped(f"{first}{d + 10}", f"S{n}-{d}", "10000") for d in range(10)]
        books.change(2 * n + 1, *entries, period=quarter)
        books.take_inventory(2 * n + 2, CLOSINGS[n + 1], kilograms(f"I-{n + 1}", "50"))
    return books


def test_recalibration_between_takings(sqlite_url: str) -> None:
    """Published covariance of a facility recalibrated at every second closing."""
    found = constant_facility(sqlite_url, (20241231, 20250630, 20251231)).evaluate()
    assert found.sequence is not None
    wanted = [[2.7, -0.5, 0, 0], [-0.5, 3.2, -1, -0.25], [0, -1, 2.7, -0.5], [0, -0.25, -0.5, 3.2]]
    assert np.allclose(found.sequence["covariance"], wanted, rtol=1e-12, atol=1e-12)
    assert found.sequence["sigma_cumuf"] == pytest.approx(
        [1.6431676725154984, 2.2135943621178655, 2.3664319132398464, 2.701851217221259], rel=1e-9
    )
    assert [b.element.sigma_kg for b in found.balances] == pytest.approx(
        [2.7**0.5, 3.2**0.5, 2.7**0.5, 3.2**0.5], rel=1e-12
    )
    assert found.sequence["active_inventory"] == [300.0] * 4


def test_one_epoch(sqlite_url: str) -> None:
    """The same facility without recalibration; days of evaluation choose the balances."""
    books = constant_facility(sqlite_url, (20240101,), balances=3)
    data = books.ask("evaluate", MBA)
    wanted = [[2.7, -0.5, 0.5], [-0.5, 2.7, -0.5], [0.5, -0.5, 2.7]]
    assert np.allclose(data["sequence"]["covariance"], wanted, rtol=1e-12)
    assert [b["to"] for b in data["balances"]] == ["2025-03-31", "2025-06-30", "2025-09-30"]
    last = books.ask("evaluate", MBA, "--from", "2025-04-01")
    assert np.allclose(last["sequence"]["covariance"], [[2.7, -0.5], [-0.5, 2.7]], rtol=1e-12)
    one = books.ask("evaluate", MBA, "--from", "2025-04-01", "--to", "2025-06-30")
    assert (one["sequence"], len(one["balances"])) == (None, 1)
    assert one["sigma_muf"] == pytest.approx(2.7**0.5, rel=1e-12)
    assert data["balances"][1]["inputs_digest"] == one["balances"][0]["inputs_digest"]


def test_old_calibration_at_the_closing(sqlite_url: str) -> None:
    """Measured with the old calibration, closing 2 shares its error with closing 1, not 3."""
    books = constant_facility(sqlite_url, (20241231, 20250630), balances=3)
    books.source("C-s", "epoch", "0.01", method="C", closing_epoch="old")
    found = books.evaluate()
    assert found.sequence is not None
    # The first closing lies before the calibration of its own day, alone.
    assert np.allclose(np.diagonal(found.sequence["covariance"]), [3.2, 2.7, 3.2], rtol=1e-12)


def test_uncovered_balance_stops_the_sequence(sqlite_url: str) -> None:
    books = constant_facility(sqlite_url, (20240101,), balances=2)
    books.stratum("out", state="withdrawn")
    found = books.evaluate()
    assert found.sequence is None and set(codes(found)) == {"EVALUATION-NO-STRATUM"}


def test_one_error_for_a_stratum(sqlite_url: str) -> None:
    """A stratum mean is one error of the listing; the next period has another for its changes."""
    books = EvaluationBooks(sqlite_url, **{MBA: area("bulk", batch("A", _630="1000", _670="0"))})
    books.source("M", "random", "0.1", one_error_per="stratum")
    books.stratum("flow", "M", codes="SD")
    books.stratum("stock", "M", codes="PB,PE", rank=11)
    books.change(1, shipped("20250110", "S1", "10"), shipped("20250111", "S2", "10"),
                 period=QUARTERS[0])  # fmt: skip
    books.take_inventory(2, CLOSINGS[1], listed("B", "630:500 670:0"), listed("C", "630:400 670:0"))
    books.take_inventory(3, CLOSINGS[2], listed("D", "630:900 670:0"))
    found = books.evaluate()
    assert found.sequence is not None
    first = 0.1**2 * (1.0**2 + 0.02**2 + 0.9**2)
    wanted = [[first, -(0.09**2)], [-(0.09**2), 0.09**2 + 0.09**2]]
    assert np.allclose(found.sequence["covariance"], wanted, rtol=1e-12)


# --- a slow reference ----------------------------------------------------------------------------


class Stated(NamedTuple):
    """What the reference knows of an amount: where it enters, with which measurement."""

    balance: int
    sign: int
    mg: int
    measurement: int
    day: int
    listed: bool


Story = tuple[list[list[Any]], list[list[Any]], list[Stated]]
"""Changes of each quarter, listings after it, and all amounts."""


def days_of(quarter: int) -> st.SearchStrategy[int]:
    first, last = (datetime.datetime.strptime(d, "%Y%m%d") for d in QUARTERS[quarter].split("/"))
    days = st.dates(first.date(), last.date())
    return days.map(lambda day: int(day.strftime("%Y%m%d")))


@st.composite
def stories(draw: st.DrawFn) -> tuple[int, dict[str, int], list[Any], list[Stated]]:
    """Return periods, the opening inventory in mg, what happens, and what the reference knows."""
    count = itertools.count()
    held: dict[str, tuple[int, int, int, bool]] = {}
    opening = {f"A{n}": draw(st.integers(1, 10**8)) for n in range(draw(st.integers(1, 3)))}
    stated: list[Stated] = []
    for name, mg in opening.items():
        held[name] = (mg, next(count), int(CLOSINGS[0]), True)
        stated.append(Stated(0, 1, *held[name]))
    happened: list[Any] = []
    periods = draw(st.integers(1, 3))
    for number in range(periods):
        events: list[Any] = []
        for _ in range(draw(st.integers(0, 3))):
            name, mg, day = f"R{next(count)}", draw(st.integers(1, 10**8)), draw(days_of(number))
            held[name] = (mg, next(count), day, False)
            stated.append(Stated(number, 1, *held[name]))
            events.append(("RD", day, name, mg, "N"))
        for name in sorted(held):
            mg, measurement, measured, was_listed = held[name]
            if draw(st.integers(0, 3)) == 0:
                day = draw(days_of(number))
                if not was_listed and measured > day:
                    continue
                basis = draw(st.sampled_from("LM"))
                if basis == "M":
                    mg = max(1, mg - draw(st.integers(0, mg // 10)))
                    measurement, measured, was_listed = next(count), day, False
                stated.append(Stated(number, -1, mg, measurement, measured, was_listed))
                events.append(("SD", day, name, mg, basis))
                del held[name]
        happened.append(events)
        listing: list[Any] = []
        for name in sorted(held):
            basis = draw(st.sampled_from("TM"))
            if basis == "M":
                mg = max(1, held[name][0] - draw(st.integers(0, held[name][0] // 10)))
                held[name] = (mg, next(count), int(CLOSINGS[number + 1]), True)
            stated.append(Stated(number, -1, *held[name]))
            if number + 1 < periods:
                stated.append(Stated(number + 1, 1, *held[name]))
            listing.append((name, held[name][0], basis))
        happened.append(listing)
    return periods, opening, happened, stated


def reference(stated: list[Stated], periods: int, days: list[int], old: bool) -> list[list[float]]:
    """Return the covariance, pair by pair of amounts."""

    def epoch(amount: Stated) -> int:
        before = [d for d in days if d < amount.day or (d == amount.day)]
        if old and amount.listed:
            before = [d for d in days if d < amount.day]
        return max(before, default=0)

    found = [[0.0] * periods for _ in range(periods)]
    for one, two in itertools.product(stated, repeat=2):
        shared = 0.02**2
        if epoch(one) == epoch(two):
            shared += 0.03**2
        if one.measurement == two.measurement:
            shared += 0.05**2 / 6
        product = one.sign * one.mg * two.sign * two.mg * 1e-12
        found[one.balance][two.balance] += shared * product
    return found


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationBooks]:
    """One database; each example gets an area of its own."""
    found = EvaluationBooks(f"sqlite:///{tmp_path_factory.mktemp('many') / 'books.sqlite'}")
    yield found
    found.database.close()


def grams(mg: int) -> str:
    return f"{mg // 1000}.{mg % 1000:03d}"


@settings(
    max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(story=stories(), days=st.lists(st.sampled_from((20250110, 20250331, 20250701)), unique=True),
       old=st.booleans())  # fmt: skip
def test_against_a_slow_reference(
    many: EvaluationBooks, story: Any, days: list[int], old: bool
) -> None:
    periods, opening, happened, stated = story
    lines = [batch(name, _630=grams(mg), _670="0") for name, mg in opening.items()]
    mba = many.new_area(area("bulk", *lines)).mba
    for day in days:
        many.calibration("M", day)
    many.source("R", "random", "0.05", basis="concentration")
    many.source("E", "epoch", "0.03", method="M", closing_epoch="old" if old else "new")
    many.source("L", "long", "0.02")
    many.stratum("flow", "R,E,L", codes="RD,SD", samples=3, analyses=2)
    many.stratum("stock", "R,E,L", samples=3, analyses=2, rank=20)
    for n in range(periods):
        write = {"RD": received, "SD": shipped}
        entries = [
            write[code](str(day), name, grams(mg), basis, mba)
            for code, day, name, mg, basis in sorted(happened[2 * n], key=lambda e: e[1])
        ]
        if entries:
            many.change(2 * n + 1, *entries, period=QUARTERS[n])
        found_there = [listed(name, f"630:{grams(mg)} 670:0", basis=basis)
                       for name, mg, basis in happened[2 * n + 1]]  # fmt: skip
        many.take_inventory(2 * n + 2, CLOSINGS[n + 1], *(found_there or [[("309", "U")]]))
    found = many.evaluate(category="E")
    wanted = np.array(reference(stated, periods, days, old))
    scale = sum(s.mg * 1e-6 for s in stated) ** 2
    sigmas = np.array([b.element.sigma_kg for b in found.balances], dtype=float)
    assert np.allclose(sigmas**2, np.diagonal(wanted), rtol=1e-9, atol=1e-13 * scale)
    if found.sequence is not None:
        assert np.allclose(found.sequence["covariance"], wanted, rtol=1e-9, atol=1e-13 * scale)
    active = any(b.element.amounts.active_kg for b in found.balances)
    assert (found.sequence is not None) == (periods > 1 and active)
    for n, balance in enumerate(found.balances):
        muf_mg = sum(s.sign * s.mg for s in stated if s.balance == n)
        assert balance.element.muf_mg == muf_mg
        if balance.element.shares:
            assert abs(sum(s.share for s in balance.element.shares) - 1) < 1e-12
            assert abs(sum(balance.element.term_shares.values()) - 1) < 1e-12
