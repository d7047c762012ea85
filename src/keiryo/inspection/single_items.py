"""Tests of single items: which declarations differ from measurements by more than errors explain.

One item's difference has the random and systematic errors of both parties; a systematic error that
they share by name is in both values, and only the difference of the values carries it. Among many
items some exceed any limit by chance; how many are expected is said.

Source: operator-inspector comparison of international safeguards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from keiryo.inspection.difference_model import Floats, Stratum, shared_by_parties

Places = npt.NDArray[np.intp]

MAX_ROWS = 10_000
"""Items up to which `to_dict` shows every one; of more, only outliers."""

COLUMNS = (
    *("stratum", "item", "operator_kg", "inspector_kg", "difference_kg", "sigma_kg", "ratio"),
    *("relative", "flagged"),
)
"""What a row says of one item."""


@dataclass(frozen=True, slots=True)
class ItemTests:
    """The differences of single items, as arrays in the order of the input.

    Attributes
    ----------
    item, stratum : tuple of str
    operator_kg, inspector_kg, difference_kg, sigma_kg, ratio : array of float
        Sigma is NaN where no error model is known; the ratio also where sigma is 0.
    flagged : array of bool
        Whether the absolute ratio is above `limit`.
    limit : float
        t, in standard deviations, two-sided.
    expected_false : float or None
        How many of these items are flagged by chance, on the average; None if none is tested.
    overall_limit : float or None
        The limit that flags any of them by chance with probability `alpha` only (Šidák).
    alpha : float
        Of `overall_limit`.
    """

    item: tuple[str, ...]
    stratum: tuple[str, ...]
    operator_kg: Floats
    inspector_kg: Floats
    difference_kg: Floats
    sigma_kg: Floats
    ratio: Floats
    flagged: npt.NDArray[np.bool_]
    limit: float
    expected_false: float | None
    overall_limit: float | None
    alpha: float

    @property
    def alpha_each(self) -> float:
        """False-alarm probability of the two-sided test of one item."""
        return 2 * float(special.ndtr(-self.limit))

    def each(self, places: Sequence[int] | None = None) -> Iterator[dict[str, Any]]:
        """Return a row for each item, or for those at `places`, one after the other."""
        for n in range(len(self.item)) if places is None else places:
            declared, difference = float(self.operator_kg[n]), float(self.difference_kg[n])
            yield {
                "stratum": self.stratum[n],
                "item": self.item[n],
                "operator_kg": declared,
                "inspector_kg": float(self.inspector_kg[n]),
                "difference_kg": difference,
                "sigma_kg": _number(self.sigma_kg[n]),
                "ratio": _number(self.ratio[n]),
                "relative": difference / declared if declared else None,
                "flagged": bool(self.flagged[n]),
            }

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each item."""
        return list(self.each())

    def to_dict(self) -> dict[str, Any]:
        """Return the tests as plain data; of very many items only outliers stand in ``rows``."""
        count = len(self.item)
        places = None if count <= MAX_ROWS else np.flatnonzero(self.flagged)[:MAX_ROWS].tolist()
        rows = list(self.each(places))
        return {
            "items": count,
            "limit": self.limit,
            "side": "two-sided",
            "alpha_each": self.alpha_each,
            "expected_false": self.expected_false,
            "overall_limit": self.overall_limit,
            "overall_alpha": self.alpha,
            "flagged": int(self.flagged.sum()),
            "rows": rows,
            "rows_left_out": count - len(rows),
        }


def tested_items(
    operator_kg: Floats,
    inspector_kg: Floats,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    places: Mapping[str, Places],
    strata: Sequence[Stratum],
    *,
    limit: float,
    alpha: float,
) -> ItemTests:
    """Test each item.

    Parameters
    ----------
    operator_kg, inspector_kg : array of float, shape (n,)
    names : pair of tuple of str
        Stratum and name of each item.
    places : mapping
        The positions of the items of each stratum.
    strata : sequence of Stratum
    limit, alpha : float
        t of one item, and the false-alarm probability of `ItemTests.overall_limit`.
    """
    sigma = _sigma(operator_kg, inspector_kg, places, strata)
    difference = operator_kg - inspector_kg
    ratio = np.divide(difference, sigma, out=np.full(sigma.shape, np.nan), where=sigma > 0)
    tested = int(np.isfinite(ratio).sum())
    expected = overall = None
    if tested:
        expected = tested * 2 * float(special.ndtr(-limit))
        overall = float(-special.ndtri(-math.expm1(math.log1p(-alpha) / tested) / 2))
    return ItemTests(
        names[1], names[0], operator_kg, inspector_kg, difference, sigma, ratio,
        np.abs(np.nan_to_num(ratio)) > limit, limit, expected, overall, alpha,
    )  # fmt: skip


def _sigma(
    operator: Floats, inspector: Floats, places: Mapping[str, Places], strata: Sequence[Stratum]
) -> Floats:
    """Return the standard deviation of each difference; NaN where no error model is known."""
    variance: Floats = np.full(operator.shape, np.nan)
    for s in strata:
        if s.operator is None or s.inspector is None or s.name not in places:
            continue
        o, i = operator[places[s.name]], inspector[places[s.name]]
        random = (o * s.operator.random) ** 2 + (i * s.inspector.random) ** 2
        if shared_by_parties(s):
            systematic = (o * s.operator.systematic - i * s.inspector.systematic) ** 2
        else:
            systematic = (o * s.operator.systematic) ** 2 + (i * s.inspector.systematic) ** 2
        variance[places[s.name]] = random + systematic
    return np.sqrt(variance)


def _number(value: float) -> float | None:
    """Return a float, or None for NaN."""
    return None if math.isnan(value) else float(value)
