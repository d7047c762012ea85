"""Independent error variables of a sequence of balances, and the covariance that follows.

Two balances are correlated because they share errors: a scale used for inputs and products, a
calibration that lasts for months, a closing inventory that is the opening inventory of the next
balance. Every independent error is written once, as an *error variable* of mean 0 and standard
deviation 1, with its *sensitivity*: by how many kilograms it changes the MUF of each balance.
Then the covariance of the MUF vector is ``S.T @ S``, symmetric and positive semidefinite by
construction, exact to first order in the relative errors.

Source: error propagation for sequences of balances, e.g. Bowen and Bennett, NUREG/CR-4604; Burr
et al., EPJ Nuclear Sci. Technol. 2 (2016) 36 (random and short-term systematic errors).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

MAX_BALANCES = 20_000
"""Most balances of one sequence: the covariance of more would need over 3 GB."""

_DENSE_FROM = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Error variables of one source, before they are put together.

    Attributes
    ----------
    source : str
    variable : array of int, shape (N,)
        Number of the variable within this part, from 0.
    balance : array of int, shape (N,)
        Number of the balance, from 0.
    stratum : array of int, shape (N,)
        Number of the stratum or location that the amount belongs to.
    value_kg : array of float, shape (N,)
        Change of the MUF of that balance by one standard deviation of the variable, kg. Entries
        of the same variable, balance and stratum add up.
    """

    source: str
    variable: Indices
    balance: Indices
    stratum: Indices
    value_kg: Floats


@dataclass(frozen=True, slots=True)
class ErrorVariables:
    """The independent error variables of a sequence of balances.

    Attributes
    ----------
    balances : int
        Number of closed balances, P.
    sources : tuple of str
    strata : tuple of str
    source_of : array of int, shape (V,)
        The source of each variable.
    variable, balance, stratum : array of int, shape (N,)
    value_kg : array of float, shape (N,)
        Sensitivities, as in `Part`.
    """

    balances: int
    sources: tuple[str, ...]
    strata: tuple[str, ...]
    source_of: Indices
    variable: Indices
    balance: Indices
    stratum: Indices
    value_kg: Floats

    @property
    def count(self) -> int:
        """Number of independent error variables, V."""
        return int(self.source_of.size)

    def matrix(self) -> Any:
        """Return the sensitivities as a sparse CSR array of shape (V, P), kg."""
        shape = (self.count, self.balances)
        entries = (self.value_kg, (self.variable, self.balance))
        return sparse.coo_array(entries, shape=shape).tocsr()

    def covariance(self) -> Floats:
        """Return the covariance of the MUF vector, shape (P, P), kg²."""
        return _gram(self.matrix())

    def variance_by_source(self) -> Floats:
        """Return the variance of each balance that each source brings, shape (sources, P), kg²."""
        squares = self.matrix().power(2).tocoo()
        rows = self.source_of[squares.coords[0]]
        found = np.zeros((len(self.sources), self.balances))
        np.add.at(found, (rows, squares.coords[1]), squares.data)
        return found

    def scaled(self, factors: Mapping[str, float]) -> ErrorVariables:
        """Return the variables with the standard deviations of some sources multiplied.

        Raises
        ------
        KeyError
            If there is no such source.
        """
        by_source = np.ones(len(self.sources))
        for name, factor in factors.items():
            if name not in self.sources:
                raise KeyError(name)
            by_source[self.sources.index(name)] = factor
        value = self.value_kg * by_source[self.source_of[self.variable]]
        return ErrorVariables(
            self.balances, self.sources, self.strata, self.source_of, self.variable, self.balance,
            self.stratum, value,
        )  # fmt: skip


def put_together(
    parts: Iterable[Part], *, balances: int, strata: Sequence[str] = ("",)
) -> ErrorVariables:
    """Return the error variables of all parts; parts of one source stay independent variables.

    Raises
    ------
    ValueError
        If there are more than `MAX_BALANCES` balances, or a sensitivity is not finite.
    """
    if balances > MAX_BALANCES:
        raise ValueError(f"{balances} balances are more than {MAX_BALANCES}")
    sources: dict[str, int] = {}
    owners: list[Indices] = []
    columns: dict[str, list[npt.NDArray[Any]]] = {n: [] for n in ("v", "b", "s", "x")}
    begun = 0
    for part in parts:
        if part.variable.size == 0:
            sources.setdefault(part.source, len(sources))
            continue
        number = sources.setdefault(part.source, len(sources))
        size = int(part.variable.max()) + 1
        owners.append(np.full(size, number, dtype=np.intp))
        columns["v"].append(part.variable + begun)
        columns["b"].append(part.balance)
        columns["s"].append(part.stratum)
        columns["x"].append(part.value_kg)
        begun += size
    joined = {n: np.concatenate(c) if c else np.zeros(0) for n, c in columns.items()}
    value = joined["x"].astype(np.float64)
    if not np.isfinite(value).all():
        raise ValueError("a sensitivity is not a finite number")
    whole = {n: joined[n].astype(np.intp) for n in ("v", "b", "s")}
    owner = np.concatenate(owners) if owners else np.zeros(0, dtype=np.intp)
    return ErrorVariables(
        balances, tuple(sources), tuple(strata), owner, whole["v"], whole["b"], whole["s"], value
    )


def _gram(matrix: Any) -> Floats:
    """Return ``S.T @ S``: long rows by one dense product, short ones (random errors) sparse."""
    length = np.diff(matrix.indptr)
    dense = matrix[np.flatnonzero(length >= _DENSE_FROM)].toarray()
    short = matrix[np.flatnonzero(length < _DENSE_FROM)]
    found: Floats = dense.T @ dense
    product = (short.T @ short).tocoo()
    np.add.at(found, (product.coords[0], product.coords[1]), product.data)
    return found
