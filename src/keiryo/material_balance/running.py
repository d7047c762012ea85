"""Near-real-time accountancy: one balance at a time, and what happens when a result comes late.

Each new balance extends the Cholesky factor by one row, so it costs O(P²) work, and gives what the
evaluation of the whole sequence would give: values of earlier balances never change by a later one.
They do change when a result is corrected. Then the values are computed again from the first
balance concerned, and what was published at the time is kept beside them.

Source: Picard 1987; Page, Biometrika 41 (1954).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg
from scipy.special import chdtrc

from keiryo.errors import UsageError
from keiryo.material_balance.alarms import Alarm, Observed, find_alarms
from keiryo.material_balance.error_variables import MAX_BALANCES
from keiryo.material_balance.factoring import NO_INFORMATION
from keiryo.material_balance.thresholds import Threshold, check_reference

Floats = npt.NDArray[np.float64]

_COLUMNS = (
    "muf", "sigma_muf", "cumuf", "sigma_cumuf", "itmuf", "sigma_itmuf", "sitmuf", "page", "ewma",
    "gemuf_v1", "gemuf_v1_probability",
)  # fmt: skip
_FIRST_ROOM = 16


@dataclass(frozen=True, slots=True)
class RunningPoint:
    """The statistics of one balance as they stand after it.

    Attributes
    ----------
    balance : int
        From 1.
    muf, sigma_muf, cumuf, sigma_cumuf, itmuf, sigma_itmuf : float
        kg.
    sitmuf, page, ewma, gemuf_v1, gemuf_v1_probability : float
        NaN if the balance is missing, has no measurement error, or adds no information.
    """

    balance: int
    muf: float
    sigma_muf: float
    cumuf: float
    sigma_cumuf: float
    itmuf: float
    sigma_itmuf: float
    sitmuf: float
    page: float
    ewma: float
    gemuf_v1: float
    gemuf_v1_probability: float


@dataclass(frozen=True, slots=True)
class Change:
    """A published value that a later correction changed."""

    balance: int
    statistic: str
    published: float
    recomputed: float


@dataclass(frozen=True, slots=True)
class Correction:
    """A late result, and what it changed.

    Attributes
    ----------
    balance : int
        The first balance concerned, from 1.
    reason : str
        As given, e.g. the laboratory result and its date.
    changes : tuple of Change
        Every value that differs from what stood before this correction.
    """

    balance: int
    reason: str
    changes: tuple[Change, ...]


class RunningSequence:
    """A sequence of balances that grows.

    Parameters
    ----------
    page_k : float
        Reference value of Page's test.
    ewma_weight : float
    thresholds : mapping of statistic to Threshold, optional
        For `alarms`: those of the planned campaign, or of a run length for an open-ended one.

    Examples
    --------
    >>> running = RunningSequence()
    >>> point = running.add(1.2, [2.7])
    >>> point = running.add(-0.8, [-0.5, 2.7])
    >>> round(point.sitmuf, 12)
    -0.357813223666
    """

    def __init__(
        self,
        *,
        page_k: float = 0.5,
        ewma_weight: float = 0.2,
        thresholds: Mapping[str, Threshold] | None = None,
    ) -> None:
        check_reference(page_k)
        if not (math.isfinite(ewma_weight) and 0 < ewma_weight <= 1):
            raise UsageError(
                f"an EWMA weight of {ewma_weight} is outside (0, 1]", "Common: 0.1 to 0.3."
            )
        self._k = page_k
        self._weight = ewma_weight
        self._thresholds = dict(thresholds or {})
        self._count = 0
        self._lower = np.zeros((_FIRST_ROOM, _FIRST_ROOM))
        self._sigma = np.zeros((_FIRST_ROOM, _FIRST_ROOM))
        self._table = np.full((_FIRST_ROOM, len(_COLUMNS)), np.nan)
        self._kept: list[int] = []
        self._left: dict[int, Floats] = {}
        self._cumulated: list[float] = []
        self._named: list[dict[str, float]] | None = None
        self._entries: dict[str, dict[int, float]] = {}
        self._published: list[RunningPoint] = []
        self._corrections: list[Correction] = []

    @property
    def count(self) -> int:
        """Number of balances so far."""
        return self._count

    @property
    def published(self) -> tuple[RunningPoint, ...]:
        """Each balance as it was published when it was added; never changed."""
        return tuple(self._published)

    @property
    def corrections(self) -> tuple[Correction, ...]:
        """The corrections so far, in the order in which they came."""
        return tuple(self._corrections)

    def points(self) -> tuple[RunningPoint, ...]:
        """Return each balance as it stands now."""
        return tuple(self._point(i) for i in range(self._count))

    def column(self, statistic: str) -> Floats:
        """Return one statistic of all balances as it stands now, shape (P,)."""
        if statistic not in _COLUMNS:
            raise UsageError(
                f"there is no statistic called {statistic!r}", f"Known: {', '.join(_COLUMNS)}."
            )
        return np.array(self._table[: self._count, _COLUMNS.index(statistic)])

    def covariance(self) -> Floats:
        """Return the covariance of the balances so far, kg²."""
        return np.array(self._sigma[: self._count, : self._count])

    def add(self, muf_kg: float, covariance_row: npt.ArrayLike) -> RunningPoint:
        """Add the next balance.

        Parameters
        ----------
        muf_kg : float
            kg, loss positive; NaN if it is missing.
        covariance_row : array_like, shape (i,)
            Covariance with balances 1..i−1, and as its last entry the variance of the new balance.

        Raises
        ------
        UsageError
            If the row does not fit, is not finite, or makes the covariance not positive
            semidefinite. The sequence is then as it was before.
        """
        if self._named is not None:
            raise self._mixed()
        return self._add(muf_kg, covariance_row)

    def _add(self, muf_kg: float, covariance_row: npt.ArrayLike) -> RunningPoint:
        i = self._count
        if i >= MAX_BALANCES:
            raise UsageError(
                f"a running sequence holds at most {MAX_BALANCES} balances",
                "Begin a new campaign.",
            )
        row = self._checked_row(covariance_row, i, f"balance {i + 1}")
        if math.isinf(muf_kg):
            raise UsageError(f"the MUF of balance {i + 1} is infinite", "Give it in kg, or NaN.")
        self._make_room(i + 1)
        self._sigma[i, : i + 1] = row
        self._sigma[: i + 1, i] = row
        self._table[i, 0] = muf_kg
        self._compute(i)
        self._count = i + 1
        point = self._point(i)
        self._published.append(point)
        return point

    def add_sensitivities(self, muf_kg: float, value_kg: Mapping[str, float]) -> RunningPoint:
        """Add the next balance by its sensitivities to named independent error variables.

        Parameters
        ----------
        muf_kg : float
        value_kg : mapping of str to float
            Change of this MUF by one standard deviation of each error variable, kg. A variable
            that an earlier balance named (a calibration, the inventory between the two) is shared.
        """
        if self._count and self._named is None:
            raise self._mixed()
        row = self._row_of_names(self._count, value_kg)
        point = self._add(muf_kg, row)
        self._named = [*(self._named or ()), {}]
        self._name(self._count - 1, value_kg)
        return point

    def correct(
        self,
        balance: int,
        *,
        muf_kg: Mapping[int, float] | float | None = None,
        covariance_row: npt.ArrayLike | None = None,
        value_kg: Mapping[str, float] | None = None,
        reason: str = "",
    ) -> Correction:
        """Enter a late or corrected result, and compute all balances concerned again.

        Parameters
        ----------
        balance : int
            The balance whose result is corrected, from 1.
        muf_kg : float or mapping of balance to float, optional
            Its new MUF; a mapping if others change too (a closing inventory changes two).
        covariance_row : array_like, shape (P,), optional
            Its new covariance with all balances so far, its variance included; for sequences
            that were added by `add`.
        value_kg : mapping of str to float, optional
            All its new sensitivities; for sequences that were added by `add_sensitivities`.
        reason : str
            Recorded with the correction, e.g. the laboratory result and its date.

        Raises
        ------
        UsageError
            If there is no such balance, or the new covariance is none. Nothing is changed then.
        """
        if isinstance(muf_kg, Mapping):
            changed = {int(b): float(v) for b, v in muf_kg.items()}
        else:
            changed = {} if muf_kg is None else {balance: float(muf_kg)}
        for number in (balance, *changed):
            if not 1 <= number <= self._count:
                raise UsageError(
                    f"there is no balance {number} to correct",
                    f"Balances so far: 1 to {self._count}.",
                )
        if any(math.isinf(v) for v in changed.values()):
            raise UsageError("the corrected MUF is infinite", "Give it in kg, or NaN.")
        if (covariance_row is not None and self._named is not None) or (
            value_kg is not None and self._named is None
        ):
            raise self._mixed()
        size = self._count
        if value_kg is not None:
            covariance_row = self._row_of_names(balance - 1, value_kg)
        before = self._table[:size].copy(), self._sigma[:size, :size].copy()
        for number, value in changed.items():
            self._table[number - 1, 0] = value
        first = min([balance, *changed]) - 1
        if covariance_row is not None:
            row = self._checked_row(covariance_row, size - 1, f"balance {balance}", balance - 1)
            self._sigma[balance - 1, :size] = row
            self._sigma[:size, balance - 1] = row
            first = min(first, balance - 1)
        try:
            self._recompute(first)
        except UsageError:
            self._table[:size] = before[0]
            self._sigma[:size, :size] = before[1]
            self._recompute(first)
            raise
        if value_kg is not None:
            self._name(balance - 1, value_kg)
        correction = Correction(first + 1, reason, self._changes(before[0]))
        self._corrections.append(correction)
        return correction

    def changed_since_published(self) -> tuple[Change, ...]:
        """Return every value that now differs from what was published."""
        published = np.array(
            [[getattr(p, name) for name in _COLUMNS] for p in self._published]
        ).reshape(self._count, len(_COLUMNS))
        return self._changes(published)

    def alarms(self, *, first: int = 1, labels: Sequence[str] | None = None) -> tuple[Alarm, ...]:
        """Return the alarms from balance `first` on, by the thresholds given at the beginning."""
        names = tuple(labels or (f"balance {i + 1}" for i in range(self._count)))
        columns = {name: self.column(name) for name in _COLUMNS}
        observed = Observed(**columns, gemuf_v5=np.full(self._count, np.nan))
        return tuple(find_alarms(observed, self._thresholds, names, first=first - 1))

    def _checked_row(
        self, given: npt.ArrayLike, earlier: int, name: str, own: int | None = None
    ) -> Floats:
        row = np.array(given, dtype=np.float64)
        if row.shape != (earlier + 1,):
            raise UsageError(
                f"the covariance row of {name} has {row.size} entries, not {earlier + 1}",
                "Give the covariance with each balance so far, its own variance included.",
            )
        if not np.isfinite(row).all() or row[earlier if own is None else own] < 0:
            raise UsageError(
                f"the covariance row of {name} has an entry that is not finite, or a negative"
                " variance",
                "Look for a missing amount or standard deviation.",
            )
        return row

    def _row_of_names(self, i: int, value_kg: Mapping[str, float]) -> Floats:
        """Return the covariance of balance i with all others that its sensitivities imply."""
        row = np.zeros(max(self._count, i + 1))
        for name, value in value_kg.items():
            row[i] += value * value
            for balance, other in self._entries.get(name, {}).items():
                if balance != i:
                    row[balance] += value * other
        return row

    def _name(self, i: int, value_kg: Mapping[str, float]) -> None:
        """Keep the sensitivities of balance i, in place of earlier ones."""
        assert self._named is not None
        for name in self._named[i]:
            del self._entries[name][i]
        self._named[i] = {name: float(value) for name, value in value_kg.items()}
        for name, value in self._named[i].items():
            self._entries.setdefault(name, {})[i] = value

    def _make_room(self, needed: int) -> None:
        room = self._lower.shape[0]
        if needed <= room:
            return
        for name in ("_lower", "_sigma"):
            old = getattr(self, name)
            new = np.zeros((2 * room, 2 * room))
            new[:room, :room] = old
            setattr(self, name, new)
        self._table = np.concatenate([self._table, np.full((room, len(_COLUMNS)), np.nan)])

    def _recompute(self, first: int) -> None:
        self._kept = [n for n in self._kept if n < first]
        self._left = {n: row for n, row in self._left.items() if n < first}
        for i in range(first, self._count):
            self._compute(i)

    def _compute(self, i: int) -> None:
        """Compute all statistics of balance i from those before it: O(i²)."""
        muf = float(self._table[i, 0])
        variance = float(self._sigma[i, i])
        before = self._table[i - 1] if i else np.zeros(len(_COLUMNS))
        cumuf = float(before[2]) + muf
        added = variance + 2.0 * float(self._sigma[i, :i].sum())
        del self._cumulated[i:]
        self._cumulated.append((self._cumulated[-1] if i else 0.0) + added)
        y = sigma_itmuf = math.nan
        if variance == 0 and self._sigma[i, :i].any():
            raise self._not_semidefinite(i, 0.0)
        if variance > 0 and not math.isnan(muf):
            y, sigma_itmuf = self._standardise(i, muf)
        steps = self._sequential(i, y)
        self._table[i] = (
            muf, math.sqrt(variance), cumuf, math.sqrt(max(self._cumulated[i], 0.0)),
            y * sigma_itmuf, sigma_itmuf, y, *steps,
        )  # fmt: skip

    def _standardise(self, i: int, muf: float) -> tuple[float, float]:
        """Extend the factor by balance i; return y and the standard deviation of ITMUF."""
        kept = self._kept
        count = len(kept)
        row: Floats = np.zeros(0)
        if count:
            row = linalg.solve_triangular(
                self._lower[:count, :count], self._sigma[i, kept], lower=True, check_finite=False
            )
        variance = float(self._sigma[i, i])
        residual = variance - float(row @ row)
        rounding = max(NO_INFORMATION, 8.0 * (i + 1) * float(np.finfo(float).eps)) * variance
        if residual < -rounding:
            raise self._not_semidefinite(i, residual)
        for n, earlier_row in self._left.items():
            rest = self._sigma[i, n] - float(earlier_row @ row[: earlier_row.size])
            if abs(rest) > 1e-5 * math.sqrt(variance * self._sigma[n, n]):
                raise self._not_semidefinite(i, residual)
        if residual <= rounding:
            self._left[i] = row
            return math.nan, math.nan
        sigma = math.sqrt(residual)
        earlier = self._table[kept, _COLUMNS.index("sitmuf")]
        self._lower[count, :count] = row
        self._lower[count, count] = sigma
        kept.append(i)
        return (muf - float(row @ earlier)) / sigma, sigma

    def _sequential(self, i: int, y: float) -> tuple[float, float, float, float]:
        """Return Page, EWMA, GEMUF V1 and its probability after balance i."""
        if math.isnan(y):
            return math.nan, math.nan, math.nan, math.nan
        used = len(self._kept)
        page = mean = gemuf = 0.0
        if used > 1:
            last = self._table[self._kept[-2]]
            page, gemuf = float(last[7]), float(last[9])
            mean = float(last[8]) * math.sqrt(self._ewma_variance(used - 1))
        mean = self._weight * y + (1.0 - self._weight) * mean
        gemuf += y * y
        return (
            max(0.0, page + y - self._k),
            mean / math.sqrt(self._ewma_variance(used)),
            gemuf,
            float(chdtrc(used, gemuf)),
        )

    def _ewma_variance(self, used: int) -> float:
        if self._weight == 1:
            return 1.0
        rest = -math.expm1(2.0 * used * math.log1p(-self._weight))
        return self._weight / (2.0 - self._weight) * rest

    def _point(self, i: int) -> RunningPoint:
        return RunningPoint(i + 1, *(float(v) for v in self._table[i]))

    def _changes(self, before: Floats) -> tuple[Change, ...]:
        now = self._table[: self._count]
        same = (now == before) | (np.isnan(now) & np.isnan(before))
        return tuple(
            Change(int(i) + 1, _COLUMNS[n], float(before[i, n]), float(now[i, n]))
            for i, n in np.argwhere(~same)
        )

    def _mixed(self) -> UsageError:
        return UsageError(
            "this sequence mixes covariance rows with named sensitivities",
            "Add and correct all balances one way: then no covariance between them is lost.",
        )

    def _not_semidefinite(self, i: int, residual: float) -> UsageError:
        return UsageError(
            f"with balance {i + 1} the covariance is no longer positive semidefinite: after the"
            f" earlier balances its variance would be {residual:.6g} kg²",
            "Build its covariance from the same error sources as that of the earlier balances.",
        )
