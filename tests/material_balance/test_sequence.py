"""Evaluation of a sequence: statistics, alarms with reasons, findings, bad input."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from keiryo.errors import UsageError
from keiryo.material_balance.model_check import check_model
from keiryo.material_balance.plant import constant_plant
from keiryo.material_balance.sequence import SequenceEvaluation, evaluate_sequence
from keiryo.material_balance.simulated_thresholds import simulated_thresholds
from keiryo.material_balance.thresholds import Threshold
from material_balance.worked_cases import B_COVARIANCE, B_MUF


def codes(found: SequenceEvaluation) -> list[str]:
    return [f.code for f in found.findings]


def test_steady_plant() -> None:
    found = evaluate_sequence(B_MUF, constant_plant(8))
    assert found.page[-1] == pytest.approx(2.0426608553400336, rel=1e-9)
    assert found.gemuf_v1[-1] == pytest.approx(7.137298245261624, rel=1e-9)
    assert found.alarms == ()
    assert found.findings == ()
    shares = np.sum(list(found.variance_shares.values()), axis=0)
    np.testing.assert_allclose(shares, 1.0, rtol=1e-12)
    assert found.variance_shares["inventory random"][0] == pytest.approx(2 / 2.7, rel=1e-12)
    methods = {name: t.method for name, t in found.thresholds.items()}
    assert methods == {
        "muf": "conservative", "cumuf": "conservative", "ewma": "conservative",
        "sitmuf": "exact", "page": "exact", "gemuf_v1": "exact",
    }  # fmt: skip


def test_given_covariance_is_the_same() -> None:
    one = evaluate_sequence(B_MUF, constant_plant(8))
    other = evaluate_sequence(B_MUF, None, covariance=B_COVARIANCE)
    np.testing.assert_allclose(one.sitmuf, other.sitmuf, rtol=1e-9)
    assert other.variance_shares == {}


def test_thresholds_of_negatively_correlated_muf_hold_nevertheless() -> None:
    negative = evaluate_sequence(B_MUF, constant_plant(8)).thresholds["muf"]
    assert negative.threshold == pytest.approx(2.497705474412373, rel=1e-9)
    independent = evaluate_sequence(B_MUF, None, covariance=np.eye(8)).thresholds["muf"]
    assert independent.threshold == pytest.approx(2.489777694388014, rel=1e-9)


def test_alarm_of_one_balance_says_what_was_expected() -> None:
    muf = B_MUF.copy()
    muf[3] += 9.0
    found = evaluate_sequence(muf, constant_plant(8), labels=[f"month {n}" for n in range(1, 9)])
    alarm = next(a for a in found.alarms if a.statistic == "sitmuf")
    assert alarm.balance == 4
    assert alarm.value == found.sitmuf[3]
    assert alarm.threshold == pytest.approx(2.489777694388014)
    for words in (
        "SITMUF 7.10 is above 2.49",
        "a MUF of 0.05405 kg was to be expected",
        "give or take 1.541 kg",
        "MUF of month 4 is 11.00 kg, 10.95 kg more",
    ):
        assert words in alarm.reason
    assert {a.statistic for a in found.alarms if a.balance == 4} == {
        "muf", "cumuf", "sitmuf", "page", "ewma", "gemuf_v1",
    }  # fmt: skip
    assert all(a.balance >= 4 for a in found.alarms)


def test_alarm_of_page_names_the_balances_that_add_up() -> None:
    y = np.array([-1.0, 1.3, 1.3, 1.3, 1.3, 1.3])
    found = evaluate_sequence(y, None, covariance=np.eye(6))
    alarm = next(a for a in found.alarms if a.statistic == "page")
    assert alarm.balance == 5
    assert "from balance 2 to balance 5" in alarm.reason
    assert "5.200 kg" in alarm.reason
    assert "sitmuf" not in {a.statistic for a in found.alarms}


def test_gemuf_tells_a_gain_from_a_loss() -> None:
    found = evaluate_sequence([0.1, -5.0, 0.2], None, covariance=np.eye(3))
    alarm = next(a for a in found.alarms if a.statistic == "gemuf_v1")
    assert alarm.balance == 2
    assert alarm.value < alarm.threshold
    assert "5.000 kg less" in alarm.reason
    assert not any(a.statistic in {"sitmuf", "page", "muf"} for a in found.alarms)


def test_first_balance_has_nothing_to_go_by() -> None:
    found = evaluate_sequence([9.0], None, covariance=[[4.0]])
    alarm = next(a for a in found.alarms if a.statistic == "sitmuf")
    assert "with no earlier balance" in alarm.reason
    assert found.page[0] == 4.0
    assert found.thresholds["sitmuf"].threshold == pytest.approx(1.6448536269514722)


def test_an_alarm_at_the_edge_shows_that_it_is_above() -> None:
    given = {"sitmuf": Threshold(2.0, 0.05, 1, "sitmuf", "exact")}
    found = evaluate_sequence([2.0001], None, covariance=[[1.0]], thresholds=given)
    assert any("SITMUF 2.0001 is above 2.00" in a.reason for a in found.alarms)


def test_given_thresholds_are_used_also_for_gemuf_v5() -> None:
    given = {"gemuf_v5": Threshold(1.0, 0.05, 8, "gemuf_v5", "simulated", realizations=10, seed=1)}
    found = evaluate_sequence(B_MUF, constant_plant(8), thresholds=given)
    assert [(a.balance, a.statistic) for a in found.alarms] == [(6, "gemuf_v5")]
    assert found.thresholds["gemuf_v5"].seed == 1


def test_result_as_plain_data() -> None:
    found = evaluate_sequence(
        [*B_MUF[:5], 90.0], constant_plant(6), active_inventory_kg=[300.0] * 6
    )
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    for name in (
        "muf", "cumuf", "sigma_muf", "sigma_cumuf", "sitmuf", "page", "gemuf_v1",
        "active_inventory", "covariance", "variance_shares", "alarms", "findings",
    ):  # fmt: skip
        assert name in plain
    assert plain["sitmuf"] == found.sitmuf.tolist()  # full double precision
    assert plain["gemuf_v5"][:2] == [None, None]
    assert plain["active_inventory"] == [300.0] * 6
    assert plain["covariance"][0][1] == -0.5
    assert plain["alarms"][0]["balance"] == 6
    assert plain["thresholds"]["page"]["method"] == "exact"
    assert plain["model"]["balances"] == 6


def test_missing_balance() -> None:
    muf = B_MUF.copy()
    muf[5] = np.nan
    found = evaluate_sequence(muf, constant_plant(8))
    assert codes(found) == ["BALANCE-MISSING"]
    assert found.findings[0].cell == "balance 6"
    assert np.isnan(found.sitmuf[5])
    assert np.isfinite(found.sitmuf[6:]).all()
    assert np.isnan(found.cumuf[5:]).all()
    assert found.thresholds["sitmuf"].balances == 7


def test_balance_without_error() -> None:
    covariance = np.diag([1.0, 0.0, 1.0])
    assert codes(evaluate_sequence([0.5, 0.0, 0.4], None, covariance=covariance)) == [
        "BALANCE-WITHOUT-ERROR"
    ]


def test_muf_of_a_balance_without_error_must_be_zero() -> None:
    found = evaluate_sequence([0.5, 0.001, 0.4], None, covariance=np.diag([1.0, 0.0, 1.0]))
    assert codes(found) == ["MUF-WITHOUT-ERROR", "BALANCE-WITHOUT-ERROR"]
    assert found.findings[0].found == "0.001"
    nothing = evaluate_sequence([0.5, 0.0, 1e-13, 2.0], None, covariance=np.zeros((4, 4)))
    assert codes(nothing) == ["MUF-WITHOUT-ERROR", "TESTS-NOT-COMPUTABLE"]
    assert "0.5 kg in balance 1, 2 kg in balance 4;" in nothing.findings[0].message


def test_determined_balance() -> None:
    found = evaluate_sequence([1.0, 1.0, 0.2], None, covariance=[[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert "BALANCE-DETERMINED" in codes(found)


def test_no_errors_at_all() -> None:
    found = evaluate_sequence([0.0, 0.0], None, covariance=np.zeros((2, 2)))
    assert codes(found) == ["TESTS-NOT-COMPUTABLE"]
    assert found.cumuf.tolist() == [0.0, 0.0]
    assert np.isnan(found.page).all()
    assert found.thresholds == {}
    json.dumps(found.to_dict(), allow_nan=False)


def test_bias_is_reported_not_hidden() -> None:
    found = evaluate_sequence([-0.3] * 8, constant_plant(8))
    assert codes(found) == ["MODEL-VARIANCE-LOW", "MODEL-AUTOCORRELATION", "MUF-BIAS"]
    bias = found.findings[-1]
    assert "All 8 balances" in bias.message
    assert "-0.3 kg per balance" in bias.message


def test_model_findings() -> None:
    rng = np.random.default_rng(2)
    y = rng.standard_normal(100)
    assert check_model(y, y).findings == ()
    low = check_model(0.3 * y, 0.3 * y)
    assert [f.code for f in low.findings] == ["MODEL-VARIANCE-LOW"]
    high = check_model(2 * y, 2 * y)
    assert [f.code for f in high.findings] == ["MODEL-VARIANCE-HIGH"]
    slow = np.convolve(y, [0.7, 0.7], "valid")
    assert "MODEL-AUTOCORRELATION" in [f.code for f in check_model(slow, slow).findings]
    quick = np.convolve(y, [0.7, -0.7], "valid")
    found = check_model(quick, quick)
    assert found.autocorrelation < 0
    assert "wrong period" in next(
        f.message for f in found.findings if f.code == "MODEL-AUTOCORRELATION"
    )


def test_model_of_few_balances_is_not_judged() -> None:
    assert check_model([0.0, 9.0], [0.0, 9.0]).findings == ()
    assert np.isnan(check_model([], []).variance)


def test_false_findings_are_as_rare_as_declared() -> None:
    rng = np.random.default_rng(4)
    seen = [[f.code for f in check_model(y, y).findings] for y in rng.standard_normal((2000, 12))]
    for code in ("MODEL-VARIANCE-LOW", "MODEL-VARIANCE-HIGH"):
        assert sum(code in s for s in seen) / 2000 == pytest.approx(0.025, abs=0.012)
    assert sum("MODEL-AUTOCORRELATION" in s for s in seen) / 2000 == pytest.approx(0.05, abs=0.02)
    assert sum("MUF-BIAS" in s for s in seen) / 2000 < 0.02


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: evaluate_sequence([], None, covariance=np.eye(1)), "one value for each balance"),
        (lambda: evaluate_sequence([[1.0]], None, covariance=np.eye(1)), "shape"),
        (lambda: evaluate_sequence([np.inf], None, covariance=np.eye(1)), "infinite"),
        (lambda: evaluate_sequence([1.0], None), "neither error sources"),
        (lambda: evaluate_sequence([1.0], constant_plant(2)), "1 values of MUF"),
        (lambda: evaluate_sequence([1.0], None, covariance=np.eye(2)), "covariance of 2"),
        (lambda: evaluate_sequence([1.0], None, covariance=[[-1.0]]), "negative"),
        (lambda: evaluate_sequence([1.0], None, covariance=[[1.0]], alpha=1.5), "alpha = 1.5"),
        (lambda: evaluate_sequence([1.0], None, covariance=[[1.0]], labels=[]), "0 labels"),
        (lambda: evaluate_sequence([1.0], None, covariance=[[1.0]], page_k=-1), "reference value"),
        (
            lambda: evaluate_sequence([1.0], None, covariance=[[1.0]], active_inventory_kg=[]),
            "active inventory",
        ),
        (
            lambda: evaluate_sequence(
                [1.0],
                None,
                covariance=[[1.0]],
                thresholds={"page": Threshold(2.0, 0.05, 1, "page", "exact", k=1.0)},
            ),
            "is for k = 1",
        ),
        (
            lambda: evaluate_sequence(
                [1.0],
                None,
                covariance=[[1.0]],
                thresholds={"cusum": Threshold(2.0, 0.05, 1, "cusum", "exact")},
            ),
            "no statistic called",
        ),
    ],
)
def test_nonsense_is_refused_with_advice(call, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert caught.value.advice


def test_a_thousand_balances_take_seconds() -> None:
    begun = time.perf_counter()
    found = evaluate_sequence(np.zeros(1000), constant_plant(1000))
    assert time.perf_counter() - begun < 30
    assert found.thresholds["page"].balances == 1000


def test_a_determined_balance_that_contradicts_the_others_is_a_finding() -> None:
    shared = np.full((4, 4), 0.01)
    found = evaluate_sequence(np.array([0.0, 0.15, 0.0, 0.0]), None, covariance=shared)
    wrong = [f for f in found.findings if f.code == "MUF-CONTRADICTED"]
    assert [f.cell for f in wrong] == ["balance 2"]
    assert wrong[0].found == "0.15" and wrong[0].expected == "0"
    agrees = evaluate_sequence(np.array([0.1, 0.1, 0.1, 0.1]), None, covariance=shared)
    assert not [f for f in agrees.findings if f.code == "MUF-CONTRADICTED"]


def test_thresholds_can_be_simulated() -> None:
    covariance = np.full((8, 8), 0.5) + 2.2 * np.eye(8)
    for i in range(7):
        covariance[i, i + 1] = covariance[i + 1, i] = -0.5
    simulated = simulated_thresholds(covariance, realizations=50_000)
    found = evaluate_sequence(np.zeros(8), None, covariance=covariance, thresholds=simulated)
    for statistic, expected in (("muf", 2.476), ("cumuf", 2.149)):
        threshold = found.thresholds[statistic]
        assert threshold.method == "simulated"
        assert threshold.threshold == pytest.approx(expected, abs=0.03)
