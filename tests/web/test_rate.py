"""How often somebody may ask: buckets that empty, fill again, and forget."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from keiryo.web.rate import RateLimit, RateLimits


class Seconds:
    """A clock that tests move on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_empties_and_fills_again() -> None:
    clock = Seconds()
    limit = RateLimit(60, burst=3, clock=clock)
    assert [limit.wait_s("a") for _ in range(4)] == [0, 0, 0, 1]
    clock.now = 0.5
    assert limit.wait_s("a") == 1  # asking in vain costs nothing
    clock.now = 1.0
    assert [limit.wait_s("a"), limit.wait_s("a")] == [0, 1]
    clock.now = 1_000.0
    assert [limit.wait_s("a") for _ in range(4)] == [0, 0, 0, 1]  # never more than full


def test_slow_limits_say_how_long() -> None:
    limit = RateLimit(2, clock=Seconds())
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 30]


def test_everybody_has_their_own() -> None:
    limits = RateLimits(2, 1, clock=Seconds())
    assert [limits.wait_s("T-1", "10.0.0.1") for _ in range(3)] == [0, 0, 30]
    assert limits.wait_s("T-2", "10.0.0.1") == 0
    assert [limits.wait_s(None, "10.0.0.1") for _ in range(2)] == [0, 60]
    assert limits.wait_s(None, "10.0.0.2") == 0


def test_buckets_are_bounded() -> None:
    limit = RateLimit(60, burst=1, clock=Seconds(), most=10)
    for number in range(1_000):
        assert limit.wait_s(number) == 0
    assert len(limit._buckets) == 10


def test_a_clock_that_goes_back_gives_nothing() -> None:
    clock = Seconds()
    clock.now = 100.0
    limit = RateLimit(60, burst=1, clock=clock)
    assert limit.wait_s("a") == 0
    clock.now = 0.0
    assert limit.wait_s("a") == 1


def test_many_at_once_get_no_more() -> None:
    limit = RateLimit(60, burst=50, clock=Seconds())
    with ThreadPoolExecutor(8) as several:
        waits = list(several.map(lambda _: limit.wait_s("a"), range(400)))
    assert waits.count(0) == 50


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 20), st.integers(1, 600))
def test_no_more_than_burst_and_rate(steps: list[float], burst: int, per_minute: int) -> None:
    clock = Seconds()
    limit = RateLimit(per_minute, burst=burst, clock=clock)
    let_through = 0
    for step in steps:
        clock.now += step
        let_through += limit.wait_s("a") == 0
    assert let_through <= burst + clock.now * per_minute / 60 + 1e-6
