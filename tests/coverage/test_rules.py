"""The rules of coverage with devices made by hand: device, way, item, loss, descent."""

from __future__ import annotations

from coverage_made import (
    ALWAYS,
    DAY,
    N,
    P,
    U,
    W,
    X,
    at,
    device,
    facts,
)
from keiryo.coverage.facts import Facts
from keiryo.coverage.item import item_coverage, item_line
from keiryo.coverage.loss import history


def values(known: Facts, uid: str, *seconds: float) -> list[object]:
    return [item_coverage(known, uid, at(second)).value for second in seconds]


def test_a_period_is_half_open() -> None:
    known = facts({"s": {"lid": (ALWAYS, [device((0, 100, P))])}}, {"FA": [("s", 0, None)]})
    assert values(known, "FA", -0.000001, 0, 99.999999, 100) == [X, P, P, X]


def test_a_way_is_as_good_as_its_best_device() -> None:
    both = [device((0, 100, N)), device((0, 100, P), name="seal:XH/2")]
    known = facts({"s": {"lid": (ALWAYS, both)}}, {"FA": [("s", 0, None)]})
    found = item_coverage(known, "FA", at(50))
    assert found.value is P
    assert str(found.paths[0].result) == "anomaly"


def test_an_item_is_as_bad_as_its_worst_way() -> None:
    ways = {
        "lid": (ALWAYS, [device((0, 100, P))]),
        "door": (ALWAYS, [device((0, 50, W), (50, 100, U), name="camera:C")]),
    }
    known = facts({"s": ways}, {"FA": [("s", 0, None)]})
    assert values(known, "FA", 10, 60) == [W, U]


def test_no_way_and_no_containment_are_not_covered() -> None:
    known = facts(
        {"s": {}, "t": {"lid": (ALWAYS, [])}}, {"FA": [("s", 0, None)], "FB": [("t", 0, 9)]}
    )
    assert values(known, "FA", 10) == [X]
    assert values(known, "FB", 5) == [X]
    assert values(known, "FC", 5) == [X]
    assert not item_coverage(known, "FA", at(10)).paths
    assert history(known, "FA", at(10)).lost_since == at(0)
    assert history(known, "FC", at(10)).continuity == "none"


def test_a_way_that_exists_for_part_of_the_time() -> None:
    ways = {
        "lid": (ALWAYS, [device((0, 200, P))]),
        "hatch": ((50, 80), [device((60, 200, P), name="seal:XH/2")]),
    }
    known = facts({"s": ways}, {"FA": [("s", 0, None)]})
    assert values(known, "FA", 49, 50, 59, 60, 79, 80) == [P, X, X, P, P, P]
    assert [w.path for w in item_coverage(known, "FA", at(70)).paths] == ["lid", "hatch"]
    assert [w.path for w in item_coverage(known, "FA", at(80)).paths] == ["lid"]


def test_a_containment_whose_only_way_is_gone_is_not_covered() -> None:
    known = facts({"s": {"lid": ((0, 50), [device((0, 200, P))])}}, {"FA": [("s", 0, None)]})
    assert values(known, "FA", 49, 50) == [P, X]


def test_an_item_that_moves_keeps_what_it_had() -> None:
    places = {
        "a": {"lid": (ALWAYS, [device((0, 100, P))])},
        "b": {"lid": (ALWAYS, [device((40, 100, W), name="seal:XH/2")])},
    }
    known = facts(
        places, {"FA": [("a", 0, 50), ("b", 50, None)], "FB": [("a", 0, 50), ("b", 60, None)]}
    )
    assert values(known, "FA", 10, 50, 99) == [P, W, W]
    assert history(known, "FA", at(90)).continuity == "held"
    assert values(known, "FB", 49, 50, 59, 60) == [P, X, X, W]
    assert history(known, "FB", at(90)).lost_since == at(50)


def test_of_two_containments_both_count() -> None:
    places = {
        "cask": {"lid": (ALWAYS, [device((0, 100, P))])},
        "room": {"door": (ALWAYS, [device((0, 100, U), name="camera:C")])},
    }
    known = facts(places, {"FA": [("cask", 0, None), ("room", 10, None)]})
    assert values(known, "FA", 5, 10) == [P, U]


def sealed_with(*spans: tuple[float, float | None, object], **more: object) -> Facts:
    ways = {"lid": (ALWAYS, [device(*spans)])}
    return facts({"s": ways}, {"FA": [("s", 0, None)]}, **more)


def test_knowledge_is_lost_from_the_first_bad_instant() -> None:
    for bad in (U, N):
        known = sealed_with((0, 40, P), (40, 43, bad), (43, 100, P))
        past = history(known, "FA", at(39))
        assert past.continuity == "held" and past.lost_since is None
        assert history(known, "FA", at(40)).lost_since == at(40)
        assert history(known, "FA", at(60)).lost_since == at(40)


def test_a_gap_between_two_seals_loses_it() -> None:
    known = sealed_with((0, 40, P), (41, 100, P))
    assert history(known, "FA", at(90)).lost_since == at(40)
    joined = sealed_with((0, 40, P), (40, 100, P))
    assert history(joined, "FA", at(90)).continuity == "held"


def test_only_a_verification_afterwards_brings_it_back() -> None:
    spans = ((0, 40, P), (40, 43, N), (43, 50, U), (50, 100, W), (100, 120, P))

    def lost(*when: tuple[float, str]) -> object:
        return history(sealed_with(*spans, reverified={"FA": when}), "FA", at(119)).lost_since

    assert lost((60, "verified")) is None
    assert lost((60, "discrepant")) == lost((60, "not-conclusive")) == at(40)
    assert lost((39, "verified")) == at(40)  # before it
    assert lost((45, "verified")) == at(40)  # the way is not covered then
    assert lost((60, "verified"), (45, "verified")) is None
    again = sealed_with(*spans, (120, None, U), reverified={"FA": [(60, "verified")]})
    losses = history(again, "FA").losses
    assert [(one.since, one.restored) for one in losses] == [(at(40), at(60)), (at(120), None)]


def test_a_verification_counts_from_its_own_instant() -> None:
    known = sealed_with(
        (0, 40, P), (40, 43, N), (43, 100, P), reverified={"FA": [(60, "verified")]}
    )
    assert history(known, "FA", at(59)).continuity == "lost"
    assert history(known, "FA", at(60)).continuity == "held"


def test_before_the_first_device_nothing_is_lost_yet() -> None:
    known = sealed_with((10, 100, W))
    assert history(known, "FA", at(5)).lost_since == at(0)
    assert history(known, "FA", at(50)).continuity == "held"
    bad = sealed_with((10, 100, N))
    assert history(bad, "FA", at(50)).lost_since == at(10)


def test_what_was_split_inherits_the_past() -> None:
    known = facts(
        {"s": {"lid": (ALWAYS, [device((0, 30, P), (30, 40, N), (40, None, P))])}},
        {"FA": [("s", 0, DAY + 100)], "FA-1": [("s", DAY + 100, None)]},
        parents={"FA-1": [("FA", 1)]},
    )
    assert values(known, "FA-1", -1, 10, 35, 50, DAY + 99, DAY + 100) == [X, P, N, P, P, P]
    assert item_coverage(known, "FA-1", at(35)).paths[0].inherited_from == "FA"
    assert history(known, "FA-1", at(DAY + 200)).lost_since == at(30)


def test_what_was_merged_inherits_the_worst() -> None:
    places = {
        "a": {"lid": (ALWAYS, [device((0, None, P))])},
        "b": {"lid": (ALWAYS, [device((0, 30, P), (30, None, U), name="seal:XH/2")])},
    }
    stays = {"FA": [("a", 0, DAY + 10)], "FB": [("b", 0, DAY + 10)], "FC": [("a", DAY + 10, None)]}
    parents = {"FC": [("FA", 1), ("FB", 1)]}
    known = facts(places, stays, parents=parents)
    assert values(known, "FC", 10, 40, DAY + 10) == [P, U, P]
    assert history(known, "FC", at(2 * DAY)).lost_since == at(30)
    verified = {"FB": [(20, "verified")]}
    assert history(facts(places, stays, parents=parents, reverified=verified), "FC").open
    again = facts(places, stays, parents=parents, reverified={"FC": [(DAY + 20, "verified")]})
    assert history(again, "FC").continuity == "held"


def test_a_parent_that_was_verified_again_passes_on_no_loss() -> None:
    known = facts(
        {"s": {"lid": (ALWAYS, [device((0, 30, P), (30, 40, N), (40, None, P))])}},
        {"FA": [("s", 0, DAY + 100)], "FA-1": [("s", DAY + 100, None)]},
        parents={"FA-1": [("FA", 1)]},
        reverified={"FA": [(50, "verified")]},
    )
    assert history(known, "FA-1").continuity == "held"
    assert values(known, "FA-1", 35) == [N]  # the past stays what it was


def test_what_joins_later_does_not_change_who_left_before() -> None:
    places = {
        "a": {"lid": (ALWAYS, [device((0, None, P))])},
        "b": {"lid": (ALWAYS, [device((0, None, N), name="seal:XH/2")])},
    }
    stays = {
        "FA": [("a", 0, None)],
        "BAD": [("b", 0, 3 * DAY)],
        "EARLY": [("a", 2 * DAY, None)],
        "LATE": [("a", 4 * DAY + 5, None)],
    }
    parents = {"EARLY": [("FA", 2)], "FA": [("BAD", 3)], "LATE": [("FA", 4)]}
    known = facts(places, stays, parents=parents)
    assert values(known, "EARLY", 10) == [P]
    assert values(known, "LATE", 10) == [N]
    assert history(known, "EARLY").continuity == "held"
    assert history(known, "LATE").lost_since == at(0)


def test_a_day_without_any_instant_ends_the_past_with_the_day() -> None:
    known = facts(
        {"s": {"lid": (ALWAYS, [device((0, None, P))])}},
        {"FA": [("s", 0, None)], "CUT": []},
        parents={"CUT": [("FA", 1)]},
    )
    assert values(known, "CUT", 2 * DAY - 1, 2 * DAY) == [P, X]
    assert history(known, "CUT").lost_since == at(2 * DAY)


def test_a_batch_that_came_from_itself() -> None:
    known = facts(
        {"s": {"lid": (ALWAYS, [device((0, None, P))])}},
        {"FA": [("s", 0, None)], "FB": [("s", DAY, None)]},
        parents={"FA": [("FB", 1)], "FB": [("FA", 1)]},
    )
    assert values(known, "FA", 10, 2 * DAY) == [P, P]
    assert history(known, "FA").continuity == "held"


def test_the_line_of_an_item_has_no_gaps() -> None:
    steps = item_line(sealed_with((0, 40, P), (41, 100, W)), "FA").steps(at(-5), at(200))
    assert [(s.begin, s.end, s.value) for s in steps] == [
        (at(-5), at(0), X),
        (at(0), at(40), P),
        (at(40), at(41), X),
        (at(41), at(100), W),
        (at(100), at(200), X),
    ]
