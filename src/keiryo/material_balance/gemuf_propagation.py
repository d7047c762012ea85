"""GEMUF V1 tested at every balance: its exact false-alarm probability for one common p-value.

Z_i = Σ_{j≤i} y_j² is tested at every balance i against the chi-square quantile c_i of one common
p-value. The density of Z_i without an alarm so far lives on [0, c_i]; above each earlier quantile
c_j it has a branch in half-integer powers of z − c_j, because everything above c_j was cut off.
So the interval is divided at the quantiles, and on each piece u·f(c_j + u²) is a smooth function of
u: it is kept at Gauss–Legendre nodes in u, and the step with the chi-square kernel of one degree
of freedom, (z − z′)^{−1/2} e^{−(z−z′)/2}, is integrated in the angle θ of u′ = U sin θ, where its
singularity is gone. Everything is exact but for the quadrature (about 1e-12).

Source: Seifert (1986) for the statistic; the quadrature is our own.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

Floats = npt.NDArray[np.float64]

_NODES = 14
_ANGLES = 20
_FAR = 72.0


def no_alarm_probability(balances: int, p_value: float) -> float:
    """Return the probability that Z_i stays below c_i at all of the `balances` balances."""
    limits = np.concatenate([[0.0], chdtri(np.arange(1, balances + 1), p_value)])
    reference, weights = np.polynomial.legendre.leggauss(_NODES)
    tops = np.sqrt(np.diff(limits))
    u = 0.5 * tops[:, None] * (reference + 1.0)
    w = 0.5 * tops[:, None] * weights
    # u f(u²) of chi-square with one degree of freedom
    state = np.exp(-0.5 * u[0] ** 2) / math.sqrt(2.0 * math.pi)
    blocks = _blocks(limits, tops, u, reference)
    for i in range(1, balances):
        new = np.zeros((i + 1) * _NODES)
        for m, block in enumerate(blocks[:i]):
            begin = m * _NODES
            rows = min(block.shape[0], new.size - begin)
            new[begin : begin + rows] += block[:rows] @ state[begin : begin + _NODES]
        state = new
    return float(2.0 * state @ w.reshape(-1))


def _barycentric(nodes: Floats) -> Floats:
    apart = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(apart, 1.0)
    return np.asarray(1.0 / apart.prod(axis=1), dtype=np.float64)


def _blocks(limits: Floats, tops: Floats, u: Floats, reference: Floats) -> list[Floats]:
    """Return for each piece m the matrix from u′f_i on it to u f_{i+1} on m and later pieces.

    Pieces so far above that the kernel is below 1e-16 are left away.
    """
    pieces = tops.size
    barycentric = _barycentric(reference)
    angles, angle_weights = np.polynomial.legendre.leggauss(_ANGLES)
    z = limits[:-1, None] + u**2
    found = []
    for m in range(pieces):
        last = int(np.searchsorted(limits, limits[m + 1] + _FAR))
        reach = np.sqrt(z[m:last].reshape(-1) - limits[m])
        end = np.arcsin(np.minimum(1.0, tops[m] / reach))
        theta = 0.5 * end[:, None] * (angles + 1.0)
        inner = reach[:, None] * np.sin(theta)
        rest = (reach[:, None] * np.cos(theta)) ** 2
        factor = end[:, None] * angle_weights * np.exp(-0.5 * rest) / math.sqrt(2.0 * math.pi)
        factor *= u[m:last].reshape(-1)[:, None]
        apart = (2.0 * inner / tops[m] - 1.0)[:, :, None] - reference
        apart[apart == 0] = 1e-300
        terms = barycentric / apart
        basis = terms / terms.sum(axis=2, keepdims=True)
        found.append(np.einsum("ra,ran->rn", factor, basis))
    return found
