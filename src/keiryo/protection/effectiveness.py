"""System effectiveness and conditional risk, from interruption and neutralisation.

The probability of neutralisation is always an input with its provenance. It is never computed
here and never assumed: without it there is no effectiveness.
"""

from __future__ import annotations


def p_effectiveness(p_interruption: float, p_neutralisation: float) -> float:
    """Return the probability that a path is interrupted and the adversary neutralised.

    Examples
    --------
    >>> p_effectiveness(0.5, 0.5)
    0.25
    """
    return p_interruption * p_neutralisation


def conditional_risk(effectiveness: float, consequence: float = 1.0) -> float:
    """Return the risk given that an attempt is made; the consequence is from 0 to 1.

    Examples
    --------
    >>> conditional_risk(0.25)
    0.75
    """
    return (1.0 - effectiveness) * consequence
