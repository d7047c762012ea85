"""Exchanges and consents: each thing that speaks against one, and what passes."""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.obligations.consents import Consent, consented, needs_enrichment_consent
from keiryo.obligations.exchange import (
    Exchange,
    Holding,
    exchange_findings,
    exchange_of,
    keys_after,
)
from keiryo.obligations.labels import label_key, labels_of

DAY = datetime.date(2026, 3, 2)
X = Holding("XA", "XAFA", "L", "AU", 25_000, Fraction(4, 100))
Y = Holding("XA", "XARA", "L", "-", 25_000, Fraction(4, 100))


def codes(exchange: Exchange, *consents: str) -> list[str]:
    return sorted(one.code for one in exchange_findings(exchange, consents))


def test_labels_change_places() -> None:
    exchange = exchange_of(X, Y, 25_000, DAY)
    assert codes(exchange) == [] and keys_after(exchange) == ("-", "AU")
    both = exchange_of(replace(X, key="AU+US"), replace(Y, key="CA"), 100, DAY, ["AU"])
    assert codes(both) == [] and keys_after(both) == ("CA+US", "AU")


def test_what_speaks_against_an_exchange() -> None:
    assert codes(exchange_of(X, Y, 25_001, DAY)) == ["EXCHANGE-QUANTITY", "EXCHANGE-QUANTITY"]
    assert codes(exchange_of(X, Y, 0, DAY)) == ["EXCHANGE-QUANTITY", "EXCHANGE-QUANTITY"]
    assert codes(exchange_of(X, replace(Y, category="N"), 1, DAY)) == ["EXCHANGE-KIND"]
    assert codes(exchange_of(X, replace(Y, irradiated=True), 1, DAY)) == ["EXCHANGE-KIND"]
    lower = replace(Y, enrichment=Fraction(3, 100))
    assert codes(exchange_of(X, lower, 1, DAY)) == ["EXCHANGE-QUALITY"]
    onto = exchange_of(X, replace(Y, key="AU+US"), 1, DAY, None, [])
    assert codes(onto) == ["EXCHANGE-COLLISION"]
    assert codes(exchange_of(Y, Y, 1, DAY)) == ["EXCHANGE-EMPTY"]
    assert codes(exchange_of(X, Y, 1, DAY, ["US"])) == ["EXCHANGE-LABELS"]
    abroad = exchange_of(X, replace(Y, state="XB", key="CA"), 1, DAY)
    assert codes(abroad) == ["EXCHANGE-CONSENT"] and codes(abroad, "AU", "CA") == []
    assert "CA did not consent" in exchange_findings(abroad, ["AU"])[0].message
    assert codes(exchange_of(replace(X, reported_through=DAY), Y, 1, DAY)) == ["EXCHANGE-CLOSED"]
    for one in exchange_findings(exchange_of(X, lower, 99_999, DAY)):
        assert one.message and one.advice and one.basis


KEYS = st.sets(st.sampled_from(["AU", "CA", "US"]), max_size=3).map(label_key)


@given(KEYS, KEYS, st.data())
def test_an_exchange_conserves_what_each_partner_has(
    one: str, other: str, data: st.DataObject
) -> None:
    def some(key: str) -> list[str]:
        return (
            sorted(data.draw(st.sets(st.sampled_from(sorted(labels_of(key))))))
            if key != "-"
            else []
        )

    exchange = exchange_of(
        replace(X, key=one), replace(Y, key=other), 7, DAY, some(one), some(other)
    )
    before = sorted([*labels_of(one), *labels_of(other)])
    after = sorted(label for key in keys_after(exchange) for label in labels_of(key))
    if not codes(exchange):
        assert before == after
    elif codes(exchange) == ["EXCHANGE-COLLISION"]:
        assert len(after) < len(before)


CELLS = {"AU": 100, "AU+US": 100, "-": 40}


def consent(
    name: str, partner: str, amount: int | None = None, to: str = "XB", **days: object
) -> Consent:
    return Consent(name, partner, "retransfer", frozenset({to}), amount, **days)  # type: ignore[arg-type]


def test_consent_is_asked_over_all_that_is_shipped() -> None:
    def asked(*consents: Consent, to: str = "XB", **more: object) -> dict[str, int]:
        return dict(consented(CELLS, "retransfer", to, DAY, consents, **more).missing)  # type: ignore[arg-type]

    assert asked() == {"AU": 200, "US": 100}
    assert asked(consent("a", "AU", 150), consent("u", "US")) == {"AU": 50}
    assert asked(consent("a", "AU", 150), consent("b", "AU", 50), consent("u", "US")) == {}
    assert asked(consent("a", "AU"), consent("u", "US", to="XC")) == {"US": 100}
    assert asked(to="US") == {"AU": 200} and asked(to="US", no_return=["US"]) == {
        "AU": 200,
        "US": 100,
    }
    early, late = datetime.date(2026, 3, 1), datetime.date(2026, 3, 3)
    assert asked(consent("a", "AU", valid_to=early), consent("u", "US")) == {"AU": 200}
    assert asked(consent("a", "AU", valid_from=late), consent("u", "US")) == {"AU": 200}
    assert asked(consent("a", "AU", valid_from=DAY, valid_to=DAY), consent("u", "US")) == {}
    of_union = consented({"EURATOM": 5}, "retransfer", "FR", DAY, [], members={"EURATOM": ["FR"]})
    assert of_union.missing == {} and of_union.because == {"EURATOM": "return"}
    other = replace(consent("a", "AU"), kind="reprocessing")
    assert asked(other, consent("u", "US")) == {"AU": 200}


def test_consents_are_used_in_the_order_of_their_expiry() -> None:
    first = consent("z", "AU", 120, valid_to=datetime.date(2026, 6, 1))
    second = consent("b", "AU", 120, valid_to=datetime.date(2026, 7, 1))
    never = consent("a", "AU", 120)
    found = consented({"AU": 200}, "retransfer", "XB", DAY, [never, second, first])
    assert found.used == {"z": 120, "b": 80} and found.because == {"AU": "z, b"}
    short = consented({"AU": 500}, "retransfer", "XB", DAY, [first, second])
    assert short.used == {} and short.missing == {"AU": 260}


@pytest.mark.parametrize(("enrichment", "needs"), [("0.2", True), ("0.1999999", False)])
def test_enriching_to_a_fifth_takes_consent(enrichment: str, needs: bool) -> None:
    assert needs_enrichment_consent(Fraction(enrichment)) is needs
