"""One closed balance from its strata: MUF, its variance, and where the variance comes from.

A stratum is a set of items that are measured the same way: receipts, powder at the beginning,
pellets shipped. The amount of an item is a product of factors (net weight × element fraction ×
isotope fraction), or one direct assay. Each factor is measured by one or more steps (weighing;
sampling, analysis), and each step says which items share one result and how many replicates it
averages. To first order relative errors add:

Var(MUF) = Σ_g δ_s² (Σ_i a_i x_i)² + Σ_h δ_r² Σ_u (Σ_{i in u} a_i x_i)² / n_u

over systematic sources g, taken over *all* strata and signed before squaring (this is where the
errors of one scale for input and product cancel), and over random sources h and the groups u of
items that share one result. Additive errors carry the signed count instead of the amount.

Source: propagation of variance in material accounting, Jaech; Bowen and Bennett, NUREG/CR-4604;
Burr et al., EPJ Nuclear Sci. Technol. 2 (2016) 36 for the error model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from keiryo.errors import UsageError
from keiryo.material_balance.error_variables import ErrorVariables, Part, put_together

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

BETWEEN_STRATA = "between strata"
"""Name of the part of a systematic variance that strata have in common; it may be negative."""


@dataclass(frozen=True, slots=True)
class Method:
    """Errors of one measurement method in one calibration epoch, as standard deviations.

    Attributes
    ----------
    name : str
        Strata measured by a method of the same name share its systematic error.
    random_sd, systematic_sd : float
        Relative to the measured value.
    random_additive_kg, systematic_additive_kg : float
        Absolute, in the unit of the measured factor (kg for a weight or an assay): tare, blank,
        background.
    """

    name: str
    random_sd: float = 0.0
    systematic_sd: float = 0.0
    random_additive_kg: float = 0.0
    systematic_additive_kg: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of measuring a factor.

    Attributes
    ----------
    method : Method
    groups : None, int, or sequence
        Which items share one result: None, each its own; an int, that many batches of equal
        numbers of items; a sequence of numbers, the batch of each item within the stratum; a
        sequence of texts, the names of results that hold over all strata: an item recorded at the
        beginning and again at the end by the same result cancels.
    replicates : int
        Number of independent measurements that one result is the mean of.
    """

    method: Method
    groups: int | Sequence[int] | Sequence[str] | None = None
    replicates: int = 1


@dataclass(frozen=True, slots=True)
class MeasuredFactor:
    """A factor of the amount: one value for all items, or one for each, and how it was measured.

    Attributes
    ----------
    value : float or array of float
    steps : tuple of Step
        Empty for a value without error.
    """

    value: float | Sequence[float] | Floats
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Stratum:
    """Items of one balance that are measured the same way.

    Attributes
    ----------
    name : str
    sign : int
        +1 for beginning inventory and increases, −1 for decreases and ending inventory.
    items : int
    factors : tuple of MeasuredFactor
        Their product is the element or isotope mass of an item, kg.
    """

    name: str
    sign: int
    items: int
    factors: tuple[MeasuredFactor, ...]


@dataclass(frozen=True, slots=True)
class VariancePart:
    """The part of Var(MUF) that one source brings through one stratum.

    Attributes
    ----------
    source : str
        Name of the method.
    component : str
        ``"random"`` or ``"systematic"``.
    stratum : str
        Name of the stratum; `BETWEEN_STRATA` for what a shared systematic error (or a shared
        result) adds or cancels between them.
    variance_kg2 : float
    """

    source: str
    component: str
    stratum: str
    variance_kg2: float


@dataclass(frozen=True, slots=True)
class ClosedBalance:
    """MUF of one balance, its variance and the parts of it.

    Attributes
    ----------
    muf_kg, variance_kg2 : float
    amounts_kg : dict of str to float
        Total of each stratum, unsigned.
    parts : tuple of VariancePart
        Add up to `variance_kg2`.
    errors : ErrorVariables
        The same errors for the sequence machinery; sources are named
        ``"<method> random"`` and ``"<method> systematic"``.
    """

    muf_kg: float
    variance_kg2: float
    amounts_kg: dict[str, float]
    parts: tuple[VariancePart, ...]
    errors: ErrorVariables = field(repr=False)

    @property
    def sigma_kg(self) -> float:
        """Standard deviation of MUF, kg."""
        return math.sqrt(self.variance_kg2)

    def variance_by(self, component: str, source: str | None = None) -> float:
        """Return the variance of one component, of all sources or of one, kg²."""
        return math.fsum(
            p.variance_kg2
            for p in self.parts
            if p.component == component and (source is None or p.source == source)
        )


@dataclass(slots=True)
class _Gathered:
    """Sensitivities of one source and component while they are collected."""

    variables: list[Indices] = field(default_factory=list)
    strata: list[Indices] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def add(self, variable: Indices, stratum: int, value: Floats) -> None:
        self.variables.append(variable)
        self.strata.append(np.full(variable.size, stratum, dtype=np.intp))
        self.values.append(value)

    def part(self, source: str) -> Part:
        variable = np.concatenate(self.variables)
        _, numbered = np.unique(variable, return_inverse=True)
        return Part(
            source,
            numbered.astype(np.intp),
            np.zeros(variable.size, dtype=np.intp),
            np.concatenate(self.strata),
            np.concatenate(self.values),
        )


def weighed(value_kg: float | Sequence[float] | Floats, scale: Method) -> MeasuredFactor:
    """Return a net weight, each item weighed once."""
    return MeasuredFactor(value_kg, (Step(scale),))


def sampled(
    value: float,
    sampling: Method,
    analysis: Method,
    *,
    batches: int,
    samples: int = 1,
    analyses: int = 1,
) -> MeasuredFactor:
    """Return a fraction found by sampling and analysis of batches.

    The sampling variance is divided by `samples`, the analysis variance by `samples` × `analyses`.
    """
    return MeasuredFactor(
        value,
        (
            Step(sampling, batches, samples),
            Step(analysis, batches, samples * analyses),
        ),
    )


def assayed(value_kg: float | Sequence[float] | Floats, method: Method) -> MeasuredFactor:
    """Return a direct assay (NDA) of each item, kg of element or isotope."""
    return MeasuredFactor(value_kg, (Step(method),))


def closed_balance(strata: Iterable[Stratum]) -> ClosedBalance:
    """Return MUF and its variance by source, component and stratum.

    Parameters
    ----------
    strata : iterable of Stratum
        All strata of the balance. Items that were not measured again between the two inventories
        may be left out of both, or carry the same named result in both.

    Raises
    ------
    UsageError
        If an amount is negative or not finite (the item is named), a standard deviation is, two
        strata have one name, or two methods of one name differ.
    """
    known = tuple(strata)
    _check(known)
    gathered: dict[tuple[str, str], _Gathered] = {}
    amounts: dict[str, float] = {}
    signed = []
    for number, stratum in enumerate(known):
        values = [_values(f, stratum) for f in stratum.factors]
        total = float(np.prod(values, axis=0).sum())
        amounts[stratum.name] = total
        signed.append(stratum.sign * total)
        for place, factor in enumerate(stratum.factors):
            others = np.prod([v for n, v in enumerate(values) if n != place], axis=0)
            for step in factor.steps:
                _gather(gathered, number, stratum, step, values[place], others)
    names = tuple(s.name for s in known)
    filled = {key: g for key, g in sorted(gathered.items()) if any(v.size for v in g.variables)}
    errors = put_together(
        (g.part(f"{source} {component}") for (source, component), g in filled.items()),
        balances=1,
        strata=names or ("",),
    )
    parts = tuple(
        part
        for (source, component), g in filled.items()
        for part in _parts(source, component, g, names)
    )
    variance = float(errors.covariance()[0, 0])
    return ClosedBalance(math.fsum(signed), variance, amounts, parts, errors)


def _gather(
    gathered: dict[tuple[str, str], _Gathered],
    number: int,
    stratum: Stratum,
    step: Step,
    value: Floats,
    others: Floats,
) -> None:
    """Add the sensitivities of one step; the value is measured, the others multiply it."""
    method = step.method
    amount = stratum.sign * value * others
    count = stratum.sign * np.broadcast_to(others, value.shape)
    replicates = math.sqrt(step.replicates)
    random = gathered.setdefault((method.name, "random"), _Gathered())
    groups = _groups(random, step, stratum)
    # the relative and the additive random error of a result are independent: two variables
    if method.random_sd:
        random.add(2 * groups, number, method.random_sd / replicates * amount)
    if method.random_additive_kg:
        random.add(2 * groups + 1, number, method.random_additive_kg / replicates * count)
    systematic = gathered.setdefault((method.name, "systematic"), _Gathered())
    if method.systematic_sd:
        whole = np.array([method.systematic_sd * amount.sum()])
        systematic.add(np.zeros(1, dtype=np.intp), number, whole)
    if method.systematic_additive_kg:
        whole = np.array([method.systematic_additive_kg * count.sum()])
        systematic.add(np.ones(1, dtype=np.intp), number, whole)


def _groups(gathered: _Gathered, step: Step, stratum: Stratum) -> Indices:
    """Return the number of the result that each item has, unique within source and balance."""
    given = step.groups
    begun = gathered.count
    if given is None:
        local: Indices = np.arange(stratum.items, dtype=np.intp)
    elif isinstance(given, int):
        local = (np.arange(stratum.items, dtype=np.intp) * given) // max(stratum.items, 1)
    elif len(given) and isinstance(given[0], str):
        found = np.empty(len(given), dtype=np.intp)
        for n, name in enumerate(given):
            if str(name) not in gathered.names:
                gathered.names[str(name)] = gathered.count
                gathered.count += 1
            found[n] = gathered.names[str(name)]
        return found
    else:
        _, numbered = np.unique(np.asarray(given), return_inverse=True)
        local = numbered.astype(np.intp)
    gathered.count = begun + (int(local.max()) + 1 if local.size else 0)
    return local + begun


def _parts(
    source: str, component: str, gathered: _Gathered, names: tuple[str, ...]
) -> list[VariancePart]:
    """Return the variance of one source by stratum, and what is between strata."""
    variable = np.concatenate(gathered.variables)
    stratum = np.concatenate(gathered.strata)
    value = np.concatenate(gathered.values)
    _, numbered = np.unique(variable, return_inverse=True)
    whole = np.bincount(numbered, weights=value)
    _, cells = np.unique(np.stack([numbered, stratum]), axis=1, return_inverse=True)
    own = np.bincount(cells, weights=value) ** 2
    first = np.zeros(own.size, dtype=np.intp)
    first[cells] = stratum
    by_stratum = np.bincount(first, weights=own, minlength=len(names))
    found = [
        VariancePart(source, component, names[n], float(by_stratum[n]))
        for n in np.unique(stratum)
    ]  # fmt: skip
    between = float((whole * whole).sum() - own.sum())
    shared = np.bincount(np.unique(np.stack([numbered, stratum]), axis=1)[0]).max() > 1
    if shared:
        found.append(VariancePart(source, component, BETWEEN_STRATA, between))
    return found


def _values(factor: MeasuredFactor, stratum: Stratum) -> Floats:
    value = np.asarray(factor.value, dtype=np.float64)
    return np.asarray(np.broadcast_to(value, (stratum.items,)), dtype=np.float64)


def _check(strata: tuple[Stratum, ...]) -> None:
    """Refuse what cannot be a balance, naming stratum and item."""
    seen: set[str] = set()
    methods: dict[str, Method] = {}
    for stratum in strata:
        if stratum.name in seen:
            raise UsageError(
                f"two strata are called {stratum.name!r}", "Give each stratum a name of its own."
            )
        seen.add(stratum.name)
        if stratum.sign not in (1, -1) or stratum.items < 0 or not stratum.factors:
            raise UsageError(
                f"stratum {stratum.name!r} has sign {stratum.sign}, {stratum.items} items and"
                f" {len(stratum.factors)} factors",
                "The sign is 1 (beginning, increases) or -1 (decreases, ending); there is at least"
                " one factor, and no negative number of items.",
            )
        for factor in stratum.factors:
            _check_factor(stratum, factor, methods)


def _check_factor(stratum: Stratum, factor: MeasuredFactor, methods: dict[str, Method]) -> None:
    value = np.asarray(factor.value, dtype=np.float64)
    if value.ndim > 1 or (value.ndim == 1 and value.size != stratum.items):
        raise UsageError(
            f"stratum {stratum.name!r} has {stratum.items} items but {value.size} values",
            "Give one value for all items, or one for each.",
        )
    wrong = ~(np.isfinite(value) & (value >= 0))
    if wrong.any():
        place = int(np.flatnonzero(np.atleast_1d(wrong))[0])
        raise UsageError(
            f"stratum {stratum.name!r}, item {place + 1}: the value"
            f" {float(np.atleast_1d(value)[place])} is not a number of at least 0",
            "Amounts are kilograms of element or isotope, never negative; the sign of the stratum"
            " says whether it comes or goes.",
        )
    for step in factor.steps:
        method = step.method
        sds = (
            method.random_sd, method.systematic_sd,
            method.random_additive_kg, method.systematic_additive_kg,
        )  # fmt: skip
        if not all(math.isfinite(sd) and sd >= 0 for sd in sds):
            raise UsageError(
                f"method {method.name!r} has a standard deviation that is negative or no number",
                "Give one standard deviation, as a fraction (0.001 is 0.1 %) or in kg.",
            )
        if methods.setdefault(method.name, method) != method:
            raise UsageError(
                f"two methods are called {method.name!r} but have other errors",
                "Give one of them another name; the same name means the same systematic error.",
            )
        groups = step.groups
        counted = groups if isinstance(groups, int) else None
        listed = None if groups is None or isinstance(groups, int) else len(groups)
        if (
            step.replicates < 1
            or (counted is not None and counted < 1)
            or (listed is not None and listed != stratum.items)
        ):
            raise UsageError(
                f"stratum {stratum.name!r}, method {method.name!r}: groups or replicates make no"
                " sense",
                "Replicates and batches are at least 1; a list names the result of each item.",
            )
