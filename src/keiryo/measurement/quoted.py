"""Quoted uncertainties and the one sigma that they mean.

A certificate says "± 0.1 % at 95 %", a data sheet "± 0.1 %", a laboratory "u = 0.05 %". By what to
divide has to be declared by whoever knows; it is never guessed.

Source: Guide to the Expression of Uncertainty in Measurement (JCGM 100), 4.3.3 to 4.3.7.
"""

from __future__ import annotations

import math

QUOTED_AS = ("u", "95/1.96", "95/2", "rectangular")


def one_sigma(value: float, quoted_as: str) -> float:
    """Return the standard deviation that a quoted uncertainty means.

    Parameters
    ----------
    value : float
        As quoted.
    quoted_as : str
        ``"u"``: one sigma; ``"95/1.96"`` or ``"95/2"``: a limit at 95 per cent, with the factor
        that whoever quotes it used; ``"rectangular"``: ± a, all values between equally likely.

    Raises
    ------
    ValueError
        If it is not declared which of them is meant: "95 %" alone does not say by what to divide.
    """
    divisors = {"u": 1.0, "95/1.96": 1.96, "95/2": 2.0, "rectangular": math.sqrt(3)}
    if quoted_as not in divisors:
        raise ValueError(f"{quoted_as!r} does not say by what to divide: {', '.join(divisors)}")
    return value / divisors[quoted_as]
