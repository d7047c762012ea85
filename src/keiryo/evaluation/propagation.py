"""Error variables of the balances of an area, made from the measurements behind its lines.

Every independent error is one variable (`keiryo.material_balance.error_variables`): one for each
random error of a measurement, one for each calibration epoch of a systematic error, one for an
error that lasts. An amount is sensitive to it by weight times relative standard deviation, or by
the absolute one for each item. What appears twice in a balance from one measurement cancels.

Source: first-order propagation of relative errors of a product of weight, concentration and
enrichment; sampling variance is divided by the samples, analysis variance by samples times
analyses, that of weighing by nothing (Bowen and Bennett, NUREG/CR-4604).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np

from keiryo.evaluation.items import AreaItems, by_balance
from keiryo.evaluation.model import BETWEEN, ELEMENT, LISTED, TERMS, Amounts, Share, Use
from keiryo.evaluation.strata import Cover, Coverage
from keiryo.material_balance.error_variables import ErrorVariables, Floats, Indices
from keiryo.measurement.model import ErrorSource

MG_PER_KG = 1_000_000
BETWEEN_TERMS = "between terms"
_TERM = {term: number for number, term in enumerate(TERMS)}
ONCE = ("mass", "volume", "enrichment")
"""What is measured once whatever the samples and analyses of a stratum say: these are of the
concentration or assay. Repeated isotopic analyses are said by the result itself."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Amounts of a balance that have no error model: why, and which."""

    reason: str
    what: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Propagated:
    """The errors of one quantity over all balances.

    Attributes
    ----------
    quantity : str
    errors : ErrorVariables
    term : array of int
        The term (`TERMS`) of each entry of `errors`.
    version : array of int
        The line of the source behind each entry, as a number of a source of `errors`. One error
        that lasts while its standard deviation changes belongs to the first of its lines.
    components : dict of str to str
        random, epoch or long, by name of the source in `errors`.
    names : dict of str to ErrorSource
        The line of the source in force, by name of the source in `errors`. A source that has
        lines for several times is there once for each of them that counts, with its dates.
    amounts : tuple of Amounts
    uncovered : tuple of tuple of Uncovered
        By balance; where there is any, the standard deviation is not known.
    strata_without_isotope : frozenset of str
        Strata whose isotope weight has no error of its own.
    """

    quantity: str
    errors: ErrorVariables
    term: Indices
    version: Indices
    components: dict[str, str]
    names: dict[str, ErrorSource]
    amounts: tuple[Amounts, ...]
    uncovered: tuple[tuple[Uncovered, ...], ...]
    strata_without_isotope: frozenset[str]

    def shares(self, number: int) -> tuple[Share, ...]:
        """Return the parts of the variance of a balance by source and stratum; they add to 1."""
        sources, strata = self.errors.sources, self.errors.strata
        group = self.version * len(strata) + self.errors.stratum
        own, total = self._squares(number, group, len(sources) * len(strata))
        variance = float(total.sum())
        if variance <= 0.0:
            return ()
        found = []
        by_line = own.sum(axis=0).reshape(len(sources), len(strata))
        for source, name in enumerate(sources):
            between = float(total[source] - own[source].sum())
            rows = [(s, float(by_line[source, k])) for k, s in enumerate(strata)]
            if abs(between) > 1e-15 * variance:
                rows.append((BETWEEN, between))
            at = self.names[name]
            found += [
                Share(name, self.components[name], stratum, part / variance, at.act, at.line)
                for stratum, part in rows
                if part != 0.0
            ]
        return tuple(sorted(found, key=lambda s: -abs(s.share)))

    def term_shares(self, number: int) -> dict[str, float]:
        """Return the parts of the variance by term of the balance; they add to 1."""
        own, total = self._squares(number, self.term, len(TERMS))
        variance = float(total.sum())
        if variance <= 0.0:
            return {}
        by_term = own.sum(axis=0) / variance
        shares = {t: float(by_term[n]) for n, t in enumerate(TERMS) if by_term[n] != 0.0}
        between = float((total.sum() - own.sum()) / variance)
        return {**shares, BETWEEN_TERMS: between} if abs(between) > 1e-15 else shares

    def _squares(self, number: int, group: Indices, groups: int) -> tuple[Floats, Floats]:
        """Return squared sensitivities of one balance: by source and group, and by source."""
        errors = self.errors
        here = errors.balance == number
        variable, value = errors.variable[here], errors.value_kg[here]
        own = np.zeros((len(errors.sources), groups))
        keys, place = np.unique(variable * groups + group[here], return_inverse=True)
        sums = np.bincount(place, weights=value, minlength=keys.size)
        np.add.at(own, (errors.source_of[keys // groups], keys % groups), sums**2)
        whole = np.bincount(variable, weights=value, minlength=errors.count)
        total = np.zeros(len(errors.sources))
        np.add.at(total, errors.source_of, whole**2)
        return own, total


def propagate(items: AreaItems, coverage: Coverage, quantity: str) -> Propagated:
    """Return the errors of a quantity over all balances of an area.

    Parameters
    ----------
    items : AreaItems
    coverage : Coverage
    quantity : str
        ``"element"``, or the isotope of the fissile weight.
    """
    writer = _Writer(items, coverage, quantity)
    amounts: list[Amounts] = []
    uncovered: list[tuple[Uncovered, ...]] = []
    for own in by_balance(items.uses, len(items.periods)):
        if quantity != ELEMENT and any(use.fissile_mg is None for use in own):
            amounts.append(Amounts(dict.fromkeys(TERMS, 0.0), 0.0, 0, 0.0, 0.0))
            uncovered.append((Uncovered("no isotope", "", ()),))
            continue
        left, cancelled = without_cancelled(own, quantity)
        uncovered.append(tuple(writer.take(left)))
        amounts.append(_amounts(own, left, cancelled, quantity, writer.exact_mg))
    return writer.finished(amounts, uncovered)


def without_cancelled(uses: Iterable[Use], quantity: str) -> tuple[list[Use], list[Use]]:
    """Split what enters a balance: what counts, and what one measurement brings twice.

    The amounts of one measurement cancel when their signed sum is exactly zero.
    """
    net: dict[int, int] = {}
    kept = list(uses)
    for use in kept:
        net[use.measurement] = net.get(use.measurement, 0) + use.sign * use.mg(quantity)
    left = [use for use in kept if net[use.measurement]]
    return left, [use for use in kept if not net[use.measurement]]


def _amounts(
    own: Sequence[Use], left: Sequence[Use], cancelled: Sequence[Use], quantity: str, exact_mg: int
) -> Amounts:
    sums = dict.fromkeys(TERMS, 0)
    for use in own:
        sign = use.sign if use.term in ("increases", "PB") else -use.sign
        sums[use.term] += sign * use.mg(quantity)
    return Amounts(
        {term: mg / MG_PER_KG for term, mg in sums.items()},
        sum(abs(use.mg(quantity)) for use in left) / MG_PER_KG,
        len({(use.line.act, use.line.line) for use in cancelled}),
        sum(abs(use.mg(quantity)) for use in cancelled) / MG_PER_KG,
        exact_mg / MG_PER_KG,
    )


class _Writer:
    """Collects sensitivities; each error gets its variable when it is met first."""

    def __init__(self, items: AreaItems, coverage: Coverage, quantity: str) -> None:
        self.items, self.coverage, self.quantity = items, coverage, quantity
        self.variables: dict[Hashable, int] = {}
        self.owner: list[tuple[int, int]] = []
        self.rows: list[tuple[int, int, int, int, int, float]] = []
        self.lines: dict[tuple[int, int], int] = {}
        self.strata: dict[str, int] = {}
        self.versions: dict[tuple[int, int], ErrorSource] = {}
        self.by_item: dict[
            tuple[Hashable, ...], tuple[ErrorSource, list[tuple[Use, int, float]]]
        ] = {}
        self.covers: dict[int, Cover | None] = {}
        self.without_isotope: set[str] = set()
        self.exact_mg = 0

    def take(self, uses: Sequence[Use]) -> Iterator[Uncovered]:
        """Add what enters one balance; yield what has no error model."""
        bare: dict[tuple[str, str], list[Use]] = {}
        self.exact_mg = 0
        for use in uses:
            if use.measurement in self.items.differences:
                self.exact_mg += abs(use.mg(self.quantity))
                continue
            cover = self._cover(use.measurement)
            if cover is None:
                bare.setdefault(("no stratum", ""), []).append(use)
            elif cover.items_only:
                self.exact_mg += abs(use.mg(self.quantity))
            elif cover.missing:
                bare.setdefault(("not in force", ", ".join(cover.missing)), []).append(use)
            elif not cover.sources:
                bare.setdefault(("no sources", cover.stratum), []).append(use)
            else:
                self._add(use, cover)
        for (reason, what), found in bare.items():
            yield Uncovered(reason, what, tuple(found))

    def _cover(self, number: int) -> Cover | None:
        if number not in self.covers:
            cover = self.coverage.cover(number, self.quantity)
            self.covers[number] = cover
            if cover is not None and self.quantity != ELEMENT and not cover.items_only:
                own = self.coverage.cover(number, ELEMENT)
                if own is not None and len(own.sources) == len(cover.sources):
                    self.without_isotope.add(cover.stratum)
        return self.covers[number]

    def _add(self, use: Use, cover: Cover) -> None:
        stratum = self.coverage.stratum(use) or cover.stratum
        place = self.strata.setdefault(stratum, len(self.strata))
        amount_kg = use.mg(self.quantity) / MG_PER_KG
        for source in cover.sources:
            self.versions[source.act, source.line] = source
            group = self._group(use, cover, source)
            root = sqrt(self._replicates(use, cover, source)) if source.kind == "random" else 1.0
            if source.relative_sd:
                value = use.sign * amount_kg * source.relative_sd / root
                self._enter(use, place, source, (*group, "relative"), value)
            if source.absolute_sd_kg:
                value = use.sign * source.absolute_sd_kg * self._factor(use, source) / root
                if source.kind != "random" or group[0] == "item":
                    value *= self._count(use)
                self._enter(use, place, source, (*group, "absolute"), value)

    def _count(self, use: Use) -> int:
        """Return of how many items the errors of an amount are."""
        at = use.line.act, use.line.line, use.measurement
        return max(self.items.measured_items.get(at, use.line.items), 1)

    def _factor(self, use: Use, source: ErrorSource) -> float:
        """Return by what an error of the element weight counts in the isotope weight."""
        if self.quantity == ELEMENT or source.basis == "enrichment":
            return 1.0
        return use.mg(self.quantity) / use.element_mg if use.element_mg else 0.0

    def _enter(
        self, use: Use, place: int, source: ErrorSource, group: tuple[Hashable, ...], value: float
    ) -> None:
        key = (source.source, source.kind, *group)
        if group[0] == "item":
            self.by_item.setdefault(key, (source, []))[1].append((use, place, value))
            return
        self._row(source, key, use, place, value)

    def _row(
        self, source: ErrorSource, key: tuple[Hashable, ...], use: Use, place: int, value: float
    ) -> None:
        at = source.act, source.line
        line = self.lines.setdefault(at, len(self.lines))
        variable = self.variables.setdefault(key, len(self.owner))
        if variable == len(self.owner):
            self.owner.append(at)
        self.rows.append((variable, use.balance, place, _TERM[use.term], line, value))

    def _group(self, use: Use, cover: Cover, source: ErrorSource) -> tuple[Hashable, ...]:
        """Return what shares one error of a source with this amount."""
        if source.kind == "long":
            return ("long",)
        if source.kind == "epoch":
            return ("epoch", *self.coverage.epoch(use.measurement, source))
        per = source.one_error_per or "result"
        if per == "stratum":
            return ("stratum", cover.stratum, *self._when(use.measurement))
        result = self.coverage.result(use.measurement, source.source)
        if per == "item":
            return ("item", use.measurement)
        if result is not None:
            return ("result", result.result)
        line = self.items.measurements[use.measurement].line
        if per == "batch" and (line.uid or line.batch):
            return ("batch", line.uid or line.batch, line.code == LISTED, line.day, line.basis)
        return ("measurement", use.measurement)

    def _when(self, number: int) -> tuple[Hashable, ...]:
        """Return the listing or the period in which a measurement was made."""
        measurement = self.items.measurements[number]
        if not measurement.original:
            return ("before", measurement.line.day)
        if measurement.line.code == LISTED:
            return ("listing", measurement.line.day)
        return ("period", bisect_left(self.items.pits, measurement.line.day))

    def _replicates(self, use: Use, cover: Cover, source: ErrorSource) -> int:
        """Return how many independent errors of a source were averaged."""
        result = self.coverage.result(use.measurement, source.source)
        if source.basis == "sampling":
            return cover.samples
        if result is not None and result.replicates > 1:
            return result.replicates
        return 1 if source.basis in ONCE else cover.samples * cover.analyses

    def finished(
        self, amounts: Sequence[Amounts], uncovered: Sequence[tuple[Uncovered, ...]]
    ) -> Propagated:
        """Return all errors put together."""
        for key, (source, uses) in self.by_item.items():
            counts = [self._count(use) for use, _, _ in uses]
            for part, (use, place, value) in _item_blocks(uses, counts):
                self._row(source, (*key, part), use, place, value)
        labels = _labels(self.versions[at] for at in sorted(self.lines))
        sources = sorted(labels.values())
        numbers = {name: n for n, name in enumerate(sources)}
        owner = np.array([numbers[labels[at]] for at in self.owner], dtype=np.intp)
        columns = list(zip(*self.rows, strict=True)) or [()] * 6
        variable, balance, stratum, term, line = (np.array(c, dtype=np.intp) for c in columns[:5])
        of_line = np.array([numbers[labels[at]] for at in self.lines], dtype=np.intp)
        errors = ErrorVariables(
            len(self.items.periods), tuple(sources), tuple(self.strata) or ("",), owner,
            variable, balance, stratum, np.array(columns[5], dtype=np.float64),
        )  # fmt: skip
        names = {label: self.versions[at] for at, label in labels.items()}
        return Propagated(
            self.quantity,
            errors,
            term,
            of_line[line],
            {label: source.kind for label, source in names.items()},
            names,
            tuple(amounts),
            tuple(uncovered),
            frozenset(self.without_isotope),
        )


def _labels(versions: Iterable[ErrorSource]) -> dict[tuple[int, int], str]:
    """Return a name for each line of a source: its own, and what tells it from the others."""
    by_name: dict[str, list[ErrorSource]] = {}
    for source in versions:
        by_name.setdefault(source.source, []).append(source)
    found: dict[tuple[int, int], str] = {}
    for name, lines in by_name.items():
        kinds = {source.kind for source in lines}
        for source in lines:
            words = [source.kind] if len(kinds) > 1 else []
            if sum(source.kind == other.kind for other in lines) > 1:
                words += [f"from {source.valid_from}"] if source.valid_from else []
                words += [f"to {source.valid_to}"] if source.valid_to else []
            label = f"{name} ({', '.join(words)})" if words else name
            if label in found.values():
                label += f" [{source.act}/{source.line}]"
            found[source.act, source.line] = label
    return found


def _item_blocks(
    uses: Sequence[tuple[Use, int, float]], counts: Sequence[int]
) -> Iterator[tuple[Hashable, tuple[Use, int, float]]]:
    """Split what was weighed item by item into blocks of items that go the same way.

    The items of one measurement lie in a row. What leaves is taken from the end, so what was
    received and then partly shipped leaves the rest unchanged. `uses` are in order of time, each
    with the sum of its items' sensitivities; n items with equal errors of their own have the
    variance of the sum divided by n.
    """
    left = 0
    spans = []
    for (use, _, _), count in zip(uses, counts, strict=True):
        if use.term == "decreases" and left >= count:
            spans.append((left - count, left))
            left -= count
        else:
            spans.append((0, count))
            left = left if use.term == "decreases" else count
    cuts = sorted({edge for span in spans for edge in span})
    for start, end in pairwise(cuts):
        size = end - start
        for (first, last), (use, place, value) in zip(spans, uses, strict=True):
            if first <= start and end <= last:
                yield (start, end), (use, place, value * sqrt(size) / (last - first))
