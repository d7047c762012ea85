"""The version of a plan is a name that an address can carry."""

from __future__ import annotations

import pytest

from keiryo.security_regime.oversight_record import VERSION


@pytest.mark.parametrize("given", ["3", "2.1", "A", "1..2", "r1_b-2", "x" * 16])
def test_names_that_hold(given: str) -> None:
    assert VERSION.fits(given)


@pytest.mark.parametrize("given", ["", ".", "..", "-1", "_", "x" * 17, "1/2", "1\n", "\u0661"])
def test_names_that_do_not(given: str) -> None:
    assert not VERSION.fits(given)
