"""The false-alarm probability of an evaluation: what it may be, and which one is the standard.

A balance that lost nothing is called a loss with this probability. Whoever chooses it chooses the
verdict: near zero no loss is ever seen, so that only the verdict at the standard of the State
stands for the balance; one at another probability is a study beside it.

Sources: 5 % for a year of balances is the usual policy (exercise 4 of the MAPIT course on material
accountancy). A threshold that is simulated tells probabilities down to about ten exceedances: with
R realizations the standard error of alpha is the root of alpha (1 - alpha) / R, a third of 0.0001
for 100 000. At one half the threshold is zero: every second balance without a loss would alarm.
"""

from __future__ import annotations

from keiryo.errors import UsageError

STANDARD_ALPHA = 0.05
"""The standard at which a verdict stands for its balance."""

LEAST_ALPHA, MOST_ALPHA = 0.0001, 0.5
"""Between these an evaluation may be made and recorded."""

_DIGITS = 12


def require_alpha(alpha: object) -> None:
    """Refuse a false-alarm probability that no evaluation is made at.

    Raises
    ------
    UsageError
        If it is no number from `LEAST_ALPHA` to `MOST_ALPHA`.
    """
    number = isinstance(alpha, int | float) and not isinstance(alpha, bool)
    if number and LEAST_ALPHA <= float(str(alpha)) <= MOST_ALPHA:
        return
    if number and 0.0 < float(str(alpha)) < 1.0:
        words = f"no balance is tested with a false-alarm probability (alpha) of {alpha}"
        advice = (
            f"Give a number from {LEAST_ALPHA:g} to {MOST_ALPHA:g}; the standard is "
            f"{STANDARD_ALPHA:g}. Below, no loss would be seen; above, every second alarm is false."
        )
        raise UsageError(words, advice)
    raise UsageError(
        f"alpha {alpha!r} is no probability",
        f"Give a number from {LEAST_ALPHA:g} to {MOST_ALPHA:g}, e.g. {STANDARD_ALPHA:g}.",
    )


def is_standard(alpha: float) -> bool:
    """Return whether a verdict at this false-alarm probability stands for its balance."""
    return round(alpha, _DIGITS) == STANDARD_ALPHA
