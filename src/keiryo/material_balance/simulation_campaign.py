"""All statistics of many simulated campaigns, at once or as a stream.

With ``covariance="nominal"`` every campaign is judged by the covariance of the true amounts, as in
planning. A real plant does not know these: it builds the covariance from amounts that it measured,
with their errors. ``covariance="observed"`` does the same in every simulated campaign, so that one
can see what estimating the covariance does to the tests (little, as long as relative errors are a
few per cent: each entry of the covariance is then off by about twice these).

Then y = L⁻¹ MUF needs a Cholesky factor for every campaign. The covariance is bordered with the MUF
vector (and the smoothed losses of GEMUF V5) as further rows, and one factorisation gives all: the
rows of the factor below L are yᵀ, because L y = MUF is the very equation that they fulfil.

Source: Picard, J. Inst. Nucl. Mater. Manag. 15 (1987); Burr and Hamada, "Revisiting statistical
aspects of nuclear material accounting", Sci. Technol. Nucl. Install. 2013, 961360.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from keiryo.compute import streams
from keiryo.compute.runner import Progress, Runner, Serial
from keiryo.errors import UsageError
from keiryo.material_balance.factoring import Factor, factor
from keiryo.material_balance.simulation_amounts import PeriodAmounts, SampledAmounts
from keiryo.material_balance.simulation_draws import (
    Draw,
    ErrorLevel,
    ErrorModel,
    covariance_of,
    drawing,
)
from keiryo.material_balance.simulation_scores import STATISTICS
from keiryo.material_balance.statistics import (
    cumuf,
    ewma,
    gemuf_v1,
    page,
    sigma_cumuf,
    sigma_itmuf,
    smoothed_loss,
    standardise,
)

Floats = npt.NDArray[np.float64]
CovarianceUsed = Literal["nominal", "observed"]

MAX_BYTES = 2 * 10**9
"""Most memory for the arrays of one campaign; more must be taken as a stream."""

_CORNER = 1e300  # so large that no sum of squares can use it up
_BATCH_ENTRIES = 2_000_000


@dataclass(frozen=True, slots=True)
class CampaignArrays:
    """Statistics of R campaigns of P balances; NaN where one is not defined.

    Attributes
    ----------
    muf, cumuf, itmuf : array of float, shape (R, P)
        kg.
    sitmuf, page, ewma, gemuf_v1, gemuf_v5 : array of float, shape (R, P)
        Dimensionless, as in `keiryo.material_balance.statistics`.
    sigma_muf, sigma_cumuf : array of float, shape (P,), or (R, P) with observed covariances
        Standard deviations, kg.
    """

    muf: Floats
    cumuf: Floats
    itmuf: Floats
    sitmuf: Floats
    page: Floats
    ewma: Floats
    gemuf_v1: Floats
    gemuf_v5: Floats
    sigma_muf: Floats
    sigma_cumuf: Floats


@dataclass(frozen=True, slots=True)
class NominalCampaign:
    """Campaigns that are judged by the covariance of the true amounts."""

    draw: Draw
    drawn_are_residuals: bool
    factor: Factor
    muf_kg: Floats
    sigma_muf: Floats
    sigma_cumuf: Floats
    k: float
    weight: float

    @property
    def width(self) -> int:
        """How many random numbers one campaign needs."""
        return self.draw.width

    def arrays(self, numbers: Floats) -> CampaignArrays:
        """Return all statistics from random numbers of shape (rows, width)."""
        whole, usable = self.factor, self.factor.usable
        muf = self.draw.muf(numbers) + self.muf_kg
        used = muf[:, usable] if whole.count < whole.balances else muf
        known = Factor(whole.lower, np.ones(whole.count, dtype=bool))
        if self.drawn_are_residuals:
            y = numbers + standardise(self.muf_kg, whole)[usable]
        else:
            y = standardise(used, known)
        v5 = np.full(used.shape, np.nan)
        summed = np.cumsum(standardise(smoothed_loss(used), known) * y, axis=1)
        v5[:, 2:-2] = summed[:, 2:-2]
        return CampaignArrays(
            muf=muf,
            cumuf=cumuf(muf),
            itmuf=_spread_out(y * sigma_itmuf(known), usable),
            sitmuf=_spread_out(y, usable),
            page=_spread_out(page(y, self.k), usable),
            ewma=_spread_out(ewma(y, self.weight), usable),
            gemuf_v1=_spread_out(gemuf_v1(y), usable),
            gemuf_v5=_spread_out(v5, usable),
            sigma_muf=self.sigma_muf,
            sigma_cumuf=self.sigma_cumuf,
        )


@dataclass(frozen=True, slots=True)
class ObservedCampaign:
    """Campaigns that are judged by the covariance of what they measured themselves."""

    amounts: PeriodAmounts
    loss_kg: Floats
    usable: npt.NDArray[np.bool_]
    k: float
    weight: float

    @property
    def width(self) -> int:
        """How many random numbers one campaign needs."""
        amounts = self.amounts
        systematic = amounts.flow_systematic.size + amounts.inventory_systematic.size
        return int(amounts.flow_kg.size + amounts.inventory_kg.size + systematic)

    def arrays(self, numbers: Floats) -> CampaignArrays:
        """Return all statistics from random numbers of shape (rows, width)."""
        size = self.amounts.balances + 2
        step = max(1, _BATCH_ENTRIES // (size * size))
        return _joined([self._batch(numbers[n : n + step]) for n in range(0, len(numbers), step)])

    def _batch(self, numbers: Floats) -> CampaignArrays:
        amounts = self.amounts
        flow, stock = self._measured(numbers)
        muf = flow.sum(axis=2) - np.diff(stock, axis=1).sum(axis=2) + self.loss_kg
        systematic = np.concatenate(
            [
                flow * amounts.flow_systematic,
                -np.diff(stock, axis=1) * amounts.inventory_systematic,
            ],
            axis=2,
        )
        flow_variance, stock_variance = self._random_variances(flow, stock)
        summed = np.cumsum(systematic, axis=1)
        sigma_cumuf = np.sqrt(
            np.einsum("npl,npl->np", summed, summed)
            + np.cumsum(flow_variance, axis=1)
            + stock_variance[:, :1]
            + stock_variance[:, 1:]
        )
        diagonal = flow_variance + stock_variance[:, :-1] + stock_variance[:, 1:]
        sigma_muf = np.sqrt(np.einsum("npl,npl->np", systematic, systematic) + diagonal)
        y, residual, v5 = self._factored(muf, systematic, diagonal, stock_variance[:, 1:-1])
        return CampaignArrays(
            muf, cumuf(muf), y * residual, y, page(y, self.k), ewma(y, self.weight),
            gemuf_v1(y), v5, sigma_muf, sigma_cumuf,
        )  # fmt: skip

    def _measured(self, numbers: Floats) -> tuple[Floats, Floats]:
        """Return measured flows (rows, P, F) and inventories (rows, P + 1, I), kg."""
        amounts = self.amounts
        flows = amounts.flow_kg.shape[1]
        ends = np.cumsum([amounts.flow_kg.size, amounts.inventory_kg.size, flows])
        flow_r, stock_r, flow_s, stock_s = np.split(numbers, ends, axis=1)
        rows = len(numbers)
        flow = flow_r.reshape(rows, *amounts.flow_kg.shape) * (
            amounts.flow_root_kg * amounts.flow_random
        )
        flow += amounts.flow_kg * (1 + flow_s[:, None, :] * amounts.flow_systematic)
        stock = stock_r.reshape(rows, *amounts.inventory_kg.shape) * amounts.inventory_random
        stock += 1 + stock_s[:, None, :] * amounts.inventory_systematic
        stock *= amounts.inventory_kg
        return flow, stock

    def _random_variances(self, flow: Floats, stock: Floats) -> tuple[Floats, Floats]:
        """Return random variances of each period's flows (rows, P) and closing (rows, P + 1).

        Σx² over the amounts of a period is scaled as the square of its measured total; that the
        single amounts scatter around it changes it only to second order.
        """
        amounts = self.amounts
        with np.errstate(divide="ignore", invalid="ignore"):
            per_kg = amounts.flow_random * amounts.flow_root_kg / np.abs(amounts.flow_kg)
        per_kg = np.where(amounts.flow_kg == 0, 0.0, per_kg)
        flow_variance = np.einsum("npf,pf->np", flow * flow, per_kg * per_kg)
        stock_variance = (stock * stock) @ (amounts.inventory_random**2)
        return flow_variance, stock_variance

    def _factored(
        self, muf: Floats, systematic: Floats, diagonal: Floats, shared: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return y, the residual standard deviations (diagonal of L) and GEMUF V5."""
        usable = np.flatnonzero(self.usable)
        rows, size = len(muf), usable.size
        bordered = np.zeros((rows, size + 2, size + 2))
        inner = bordered[:, :size, :size]
        if size == muf.shape[1]:
            np.matmul(systematic, systematic.transpose(0, 2, 1), out=inner)
        else:
            part = systematic[:, usable]
            np.matmul(part, part.transpose(0, 2, 1), out=inner)
        at = np.arange(size)
        inner[:, at, at] += diagonal[:, usable]
        next_to = np.flatnonzero(np.diff(usable) == 1)
        # Only the lower triangle is read: the closing that two balances share.
        inner[:, next_to + 1, next_to] -= shared[:, usable[next_to]]
        bordered[:, size, :size] = muf[:, usable]
        bordered[:, size + 1, :size] = smoothed_loss(muf[:, usable])
        bordered[:, (size, size + 1), (size, size + 1)] = _CORNER
        try:
            lower = np.linalg.cholesky(bordered)
        except np.linalg.LinAlgError as error:
            raise UsageError(
                "The covariance of the measured amounts of a simulated campaign is not positive "
                "definite.",
                'Some balances are determined by others. Use covariance="nominal", or look at the '
                "error sources: usually all errors are systematic and none is random.",
            ) from error
        y, residual, v5 = (np.full(muf.shape, np.nan) for _ in range(3))
        y[:, usable] = lower[:, size, :size]
        residual[:, usable] = lower[:, at, at]
        summed = np.cumsum(lower[:, size, :size] * lower[:, size + 1, :size], axis=1)
        v5[:, usable[2:-2]] = summed[:, 2:-2]
        return y, residual, v5


def campaign_blocks(
    model: ErrorModel,
    *,
    muf_kg: npt.ArrayLike | None = None,
    loss_kg: npt.ArrayLike | None = None,
    realizations: int,
    seed: int,
    errors: ErrorLevel = "balance",
    covariance: CovarianceUsed = "nominal",
    k: float = 0.5,
    ewma_weight: float = 0.2,
    runner: Runner | None = None,
    progress: Progress | None = None,
    blocks_per_task: int | None = None,
) -> Iterator[CampaignArrays]:
    """Yield the statistics of simulated campaigns, some thousand at a time, in order.

    Parameters
    ----------
    model : PeriodAmounts, SampledAmounts, ErrorVariables or array of float, shape (P, P)
    muf_kg : array_like, shape (P,), optional
        True MUF, kg; by default that of the amounts, or 0 where there are none.
    loss_kg : array_like, shape (P,), optional
        What is removed in each balance, kg; added to the true MUF.
    realizations, seed : int
    errors : {"balance", "period", "sample"}
        Level of detail, see `keiryo.material_balance.simulation_draws`.
    covariance : {"nominal", "observed"}
        Observed needs amounts; errors are then drawn for each location and period.
    k, ewma_weight : float
    runner, progress, blocks_per_task
        As for `keiryo.material_balance.simulation.simulated_threshold`.

    Raises
    ------
    UsageError
        If the arguments do not fit together, or the covariance is not one.
    """
    streams.checked_seed(seed)
    streams.checked_realizations(realizations)
    plan = _plan(model, muf_kg, loss_kg, errors, covariance, k, ewma_weight)
    tasks = streams.tasks(realizations, plan.width, blocks_per_task)
    payload = plan, seed, realizations
    for found in (runner or Serial()).run(_block_arrays, payload, tasks, progress):
        yield from found


def campaign(model: ErrorModel, *, realizations: int, seed: int, **options: Any) -> CampaignArrays:
    """Return the statistics of simulated campaigns as arrays; options as `campaign_blocks`.

    Raises
    ------
    UsageError
        If the arrays would not fit into memory: use `campaign_blocks` or `campaign_summary`.
    """
    balances = covariance_of(model).shape[0] if isinstance(model, np.ndarray) else model.balances
    needed = realizations * balances * 8 * len(fields(CampaignArrays))
    if needed > MAX_BYTES:
        raise UsageError(
            f"The arrays of {realizations:,} campaigns of {balances} balances need "
            f"{needed / 1e9:.1f} GB.",
            "Ask for a summary (campaign_summary) or take them block by block (campaign_blocks).",
        )
    return _joined(list(campaign_blocks(model, realizations=realizations, seed=seed, **options)))


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """What simulated campaigns have in common.

    Attributes
    ----------
    mean, standard_deviation : dict of array, shape (P,)
        Of each statistic and balance over the campaigns; NaN where it is not defined.
    provenance : Provenance
    """

    mean: dict[str, Floats]
    standard_deviation: dict[str, Floats]
    provenance: streams.Provenance


def campaign_summary(
    model: ErrorModel, *, realizations: int, seed: int, **options: Any
) -> CampaignSummary:
    """Return means and standard deviations of all statistics, in bounded memory.

    Options as `campaign_blocks`. How often thresholds are exceeded is told by
    `keiryo.material_balance.simulation.simulated_power`.
    """
    names = (*STATISTICS, "itmuf")
    sums: dict[str, list[Floats]] = {}
    for block in campaign_blocks(model, realizations=realizations, seed=seed, **options):
        for name in names:
            values = getattr(block, name)
            found = [values.sum(axis=0), (values * values).sum(axis=0)]
            sums[name] = [a + b for a, b in zip(sums.get(name, [0, 0]), found, strict=True)]
    mean = {name: sums[name][0] / realizations for name in names}
    variance = {name: sums[name][1] / realizations - mean[name] ** 2 for name in names}
    return CampaignSummary(
        {name: streams.rounded(mean[name]) for name in names},
        {name: streams.rounded(np.sqrt(np.maximum(variance[name], 0.0))) for name in names},
        streams.provenance(seed, realizations),
    )


def _plan(
    model: ErrorModel,
    muf_kg: npt.ArrayLike | None,
    loss_kg: npt.ArrayLike | None,
    errors: ErrorLevel,
    covariance: CovarianceUsed,
    k: float,
    weight: float,
) -> NominalCampaign | ObservedCampaign:
    """Return what is needed to simulate the campaigns, after checking the request."""
    amounts = model.by_period() if isinstance(model, SampledAmounts) else model
    sigma = covariance_of(amounts)
    balances, known = sigma.shape[0], factor(sigma)
    loss = _kilograms(loss_kg, balances, "loss")
    if covariance == "observed":
        if not isinstance(amounts, PeriodAmounts) or errors == "sample" or muf_kg is not None:
            raise UsageError(
                "An observed covariance is made from the measured amounts of each location and "
                "period.",
                "Give true amounts (PeriodAmounts or SampledAmounts), no MUF beside them, and "
                'leave errors at "balance" or "period".',
            )
        return ObservedCampaign(amounts, loss, known.usable, k, weight)
    if covariance != "nominal":
        raise UsageError(
            f"There is no covariance called {covariance!r}.", "Use nominal or observed."
        )
    if muf_kg is None and isinstance(amounts, PeriodAmounts):
        muf_kg = amounts.muf_kg
    muf = _kilograms(muf_kg, balances, "MUF")
    draw = drawing(sigma if errors == "balance" else model, errors, known)
    return NominalCampaign(
        draw, errors == "balance", known, muf + loss, np.sqrt(np.diagonal(sigma)),
        sigma_cumuf(sigma), k, weight,
    )  # fmt: skip


def _kilograms(values: npt.ArrayLike | None, balances: int, name: str) -> Floats:
    found = np.zeros(balances) if values is None else np.asarray(values, dtype=np.float64)
    if found.shape != (balances,) or not np.isfinite(found).all():
        raise UsageError(
            f"The {name} must be {balances} finite numbers of kilograms, one for each balance.",
            "Give 0 for balances without any.",
        )
    return found


def _block_arrays(
    payload: tuple[NominalCampaign | ObservedCampaign, int, int], task: streams.Task
) -> list[CampaignArrays]:
    """Return the statistics of the blocks of one task."""
    plan, seed, realizations = payload
    return [
        plan.arrays(numbers)
        for block in range(*task)
        for numbers in streams.normal_slices(
            seed, plan.width, block, streams.rows_of(block, realizations)
        )
    ]


def _joined(parts: list[CampaignArrays]) -> CampaignArrays:
    """Return arrays of all parts; what is the same for all campaigns stays as it is."""
    if len(parts) == 1:
        return parts[0]
    found = {}
    for field in fields(CampaignArrays):
        arrays = [getattr(part, field.name) for part in parts]
        found[field.name] = arrays[0] if arrays[0].ndim == 1 else np.concatenate(arrays)
    return CampaignArrays(**found)


def _spread_out(values: Floats, usable: npt.NDArray[np.bool_]) -> Floats:
    """Return values of the usable balances at their places, NaN at the others."""
    if usable.all():
        return values
    found = np.full((len(values), usable.size), np.nan)
    found[:, usable] = values
    return found
