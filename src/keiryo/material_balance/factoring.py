"""The checked Cholesky factor of a covariance of balances.

Everything sequential rests on Σ = L Lᵀ. A covariance that is not one (not symmetric, a negative
variance, a negative eigenvalue) is refused with the balance where it shows; it is never repaired
silently. Balances without measurement error, and balances that the earlier ones determine
completely, cannot be standardised: they are left out, and a finding says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg

from keiryo.errors import Finding, Severity, UsageError

Floats = npt.NDArray[np.float64]

NO_INFORMATION = 1e-12
"""Share of its variance below which the residual variance of a balance counts as none."""

_ASYMMETRY = 1e-9
_BLOCK = 512
_ADVICE = (
    "Build the covariance from error sources, so that it is positive semidefinite by construction;"
    " or check units, signs and the order of the balances."
)


@dataclass(frozen=True, slots=True)
class Factor:
    """Lower Cholesky factor of the covariance of the balances that can be standardised.

    Attributes
    ----------
    lower : array of float, shape (count, count)
        L with L Lᵀ = Σ of the usable balances, kg.
    usable : array of bool, shape (P,)
    findings : tuple of Finding
        BALANCE-WITHOUT-ERROR and BALANCE-DETERMINED for balances that were left out.
    """

    lower: Floats
    usable: npt.NDArray[np.bool_]
    findings: tuple[Finding, ...] = ()

    @property
    def balances(self) -> int:
        """Number of balances, P, with those that are left out."""
        return int(self.usable.size)

    @property
    def count(self) -> int:
        """Number of balances that can be standardised."""
        return int(self.lower.shape[0])


def factor(covariance: npt.ArrayLike, *, leave_out: npt.ArrayLike | None = None) -> Factor:
    """Return the checked lower Cholesky factor of a covariance of MUF.

    Parameters
    ----------
    covariance : array_like, shape (P, P)
        kg².
    leave_out : array_like of bool, shape (P,), optional
        Balances that are to be left out (missing ones), without a finding.

    Raises
    ------
    UsageError
        If the matrix is not square, not finite, not symmetric or not positive semidefinite; the
        message names the first balance where it shows, and the smallest eigenvalue.
    """
    sigma = checked_covariance(covariance)
    size = sigma.shape[0]
    wanted = np.ones(size, dtype=bool)
    if leave_out is not None:
        wanted &= ~np.asarray(leave_out, dtype=bool)
    variance = np.diagonal(sigma)
    still = wanted & (variance == 0)
    findings = [_without_error(int(i)) for i in np.flatnonzero(still)]
    usable = wanted & ~still
    chosen = np.flatnonzero(usable)
    part = sigma[np.ix_(chosen, chosen)] if chosen.size < size else sigma
    lower = _plain_cholesky(part)
    if lower is None:
        lower, kept = _row_by_row(part, chosen)
        dropped = chosen[~kept]
        usable[dropped] = False
        findings += [_determined(int(i)) for i in dropped]
    return Factor(lower, usable, tuple(findings))


def checked_covariance(covariance: npt.ArrayLike) -> Floats:
    """Return the covariance as an array, after the checks that need no factorisation.

    Raises
    ------
    UsageError
        If it is not square, not finite, not symmetric, has a negative variance, or a balance
        without variance that is nevertheless correlated with another.
    """
    sigma = np.asarray(covariance, dtype=np.float64)
    if sigma.ndim != 2 or sigma.shape[0] != sigma.shape[1]:
        raise UsageError(
            f"a covariance must be a square matrix, not of shape {sigma.shape}",
            "Give one row and one column for each balance.",
        )
    if sigma.shape[0] == 0:
        raise UsageError("there is no balance", "Close at least one balance first.")
    if not np.isfinite(sigma).all():
        row, column = (int(n[0]) for n in np.nonzero(~np.isfinite(sigma)))
        raise UsageError(
            f"the covariance of balances {row + 1} and {column + 1} is not a finite number",
            "Look for a missing amount or standard deviation in these balances.",
        )
    variance = np.diagonal(sigma)
    if (variance < 0).any():
        first = int(np.flatnonzero(variance < 0)[0])
        raise UsageError(
            f"the variance of balance {first + 1} is negative ({variance[first]:.6g} kg²);"
            f" smallest eigenvalue {_smallest(sigma):.6g}",
            _ADVICE,
        )
    scale = np.sqrt(variance)
    for begin in range(0, sigma.shape[0], _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        apart = np.abs(sigma[rows] - sigma[:, rows].T)
        if not apart.any():
            continue
        wrong = np.argwhere(apart > _ASYMMETRY * np.outer(scale[rows], scale))
        if wrong.size:
            row, column = int(wrong[0, 0]) + begin, int(wrong[0, 1])
            raise UsageError(
                f"the covariance is not symmetric: balances {row + 1} and {column + 1} have"
                f" {sigma[row, column]:.6g} one way and {sigma[column, row]:.6g} the other;"
                f" smallest eigenvalue of the symmetric part {_smallest(sigma):.6g}",
                _ADVICE,
            )
    still = np.flatnonzero(variance == 0)
    if still.size and (sigma[still] != 0).any():
        first = int(still[(sigma[still] != 0).any(axis=1)][0])
        raise UsageError(
            f"balance {first + 1} has no variance but is correlated with another balance, so the"
            f" covariance is not positive semidefinite; smallest eigenvalue {_smallest(sigma):.6g}",
            _ADVICE,
        )
    return sigma


def contradictions(muf_kg: npt.ArrayLike, covariance: npt.ArrayLike, factored: Factor) -> Floats:
    """Return by how much balances that the others determine contradict them, kg.

    A balance without variance must have the MUF 0; one that adds no information must have the MUF
    that the earlier balances predict. What is left over cannot be a measurement error.

    Parameters
    ----------
    muf_kg : array_like, shape (P,)
    covariance : array_like, shape (P, P)
    factored : Factor

    Returns
    -------
    array of float, shape (P,)
        0 where nothing contradicts (within rounding); NaN for balances that have information of
        their own, or no MUF.

    References
    ----------
    Picard 1987: the residual of a balance given those before it.
    """
    muf = np.asarray(muf_kg, dtype=np.float64)
    sigma = np.asarray(covariance, dtype=np.float64)
    found = np.full(muf.shape, np.nan)
    usable = np.flatnonzero(factored.usable)
    y = (
        linalg.solve_triangular(factored.lower, muf[usable], lower=True, check_finite=False)
        if usable.size
        else np.zeros(0)
    )
    scale = float(np.nanmax(np.abs(muf), initial=0.0))
    for balance in np.flatnonzero(~factored.usable & np.isfinite(muf)):
        before = int(np.searchsorted(usable, balance))
        row = np.zeros(0)
        if before:
            row = linalg.solve_triangular(
                factored.lower[:before, :before], sigma[usable[:before], balance], lower=True,
                check_finite=False,
            )  # fmt: skip
        rest = float(muf[balance] - row @ y[:before])
        noise = 1e-5 * np.sqrt(sigma[balance, balance]) + 1e-9 * scale + 1e-12
        found[balance] = rest if abs(rest) > noise else 0.0
    return found


def _plain_cholesky(sigma: Floats) -> Floats | None:
    """Return L, or None if some balance adds no information or the matrix is not a covariance."""
    if sigma.shape[0] == 0:
        return np.zeros((0, 0))
    try:
        lower = np.asarray(np.linalg.cholesky(sigma), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    residual = np.diagonal(lower) ** 2
    return lower if (residual > NO_INFORMATION * np.diagonal(sigma)).all() else None


def _row_by_row(sigma: Floats, names: npt.NDArray[np.intp]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return L of the balances that add information, and which ones they are."""
    size = sigma.shape[0]
    rounding = max(NO_INFORMATION, 8.0 * size * np.finfo(float).eps)
    lower = np.zeros((size, size))
    kept: list[int] = []
    left: list[int] = []
    for i in range(size):
        count = len(kept)
        row: Floats = np.zeros(0)
        if count:
            row = linalg.solve_triangular(
                lower[:count, :count], sigma[i, kept], lower=True, check_finite=False
            )
        residual = float(sigma[i, i] - row @ row)
        if residual < -rounding * sigma[i, i]:
            raise _not_semidefinite(int(names[i]), residual, sigma)
        if residual <= rounding * sigma[i, i]:
            left.append(i)
            continue
        lower[count, :count] = row
        lower[count, count] = np.sqrt(residual)
        kept.append(i)
    mask = np.zeros(size, dtype=bool)
    mask[kept] = True
    lower = lower[: len(kept), : len(kept)]
    _check_left(sigma, lower, kept, left, names)
    return lower, mask


def _check_left(
    sigma: Floats, lower: Floats, kept: list[int], left: list[int], names: npt.NDArray[np.intp]
) -> None:
    """Refuse a left-out balance that later ones are still correlated with: no covariance does."""
    if not left:
        return
    whitened: Floats = np.zeros((0, sigma.shape[0]))
    if kept:
        whitened = linalg.solve_triangular(lower, sigma[kept], lower=True, check_finite=False)
    rest = sigma[left] - whitened[:, left].T @ whitened
    scale = np.sqrt(np.diagonal(sigma))
    limit = 1e-5 * np.outer(scale[left], scale)
    wrong = np.argwhere(np.abs(rest) > limit)
    if wrong.size:
        at = int(wrong[:, 1].min())
        raise _not_semidefinite(int(names[at]), None, sigma)


def _not_semidefinite(balance: int, residual: float | None, sigma: Floats) -> UsageError:
    """Return the refusal of a matrix with a negative eigenvalue."""
    how = (
        f": after the earlier balances its variance would be {residual:.6g} kg²"
        if residual is not None
        else ": it is correlated with a balance that has no variance of its own left"
    )
    return UsageError(
        f"the covariance is not positive semidefinite, which shows at balance {balance + 1}{how};"
        f" smallest eigenvalue {_smallest(sigma):.6g} kg²",
        _ADVICE,
    )


def _smallest(sigma: Floats) -> float:
    """Return the smallest eigenvalue of the symmetric part."""
    symmetric = 0.5 * (sigma + sigma.T)
    return float(linalg.eigvalsh(symmetric, subset_by_index=(0, 0))[0])


def _without_error(balance: int) -> Finding:
    return Finding(
        code="BALANCE-WITHOUT-ERROR",
        severity=Severity.INFORMATION,
        message=f"Balance {balance + 1} has no measurement error, so it cannot be standardised and"
        " is left out of SITMUF and the tests that rest on it.",
        advice="Right for a period in which nothing was measured. Otherwise give the error sources"
        " of what was measured.",
        cell=f"balance {balance + 1}",
        basis="Picard 1987",
    )


def _determined(balance: int) -> Finding:
    return Finding(
        code="BALANCE-DETERMINED",
        severity=Severity.WARNING,
        message=f"Balance {balance + 1} adds no information: by the covariance, the earlier"
        " balances determine its MUF completely. It is left out of SITMUF and the tests that rest"
        " on it.",
        advice="Usually all errors are declared as shared and none as random. Check the error"
        " sources; if they are right, its MUF must equal what the earlier ones predict.",
        cell=f"balance {balance + 1}",
        basis="Picard 1987",
    )
