"""The campaign that a design question is about: its closings, its errors, its covariance.

It comes from the process data of a plant or of its simulation (nominal amounts), or from a
covariance that somebody computed; a threshold of independent statistics needs neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.material_balance.error_variables import ErrorVariables

Floats = npt.NDArray[np.float64]

INDEPENDENT = "The balances are taken as independent of each other and of equal variance."


@dataclass(frozen=True, slots=True)
class Campaign:
    """A sequence of planned balances.

    Attributes
    ----------
    covariance : array of float, shape (P, P)
        Covariance of MUF when nothing is missing, kg².
    closings_h : array of float, shape (P + 1,)
        Hours of the closings; numbers 0..P where no hours are known.
    errors : ErrorVariables or None
        Known where the error sources are.
    assumptions : tuple of str
    findings : tuple of Finding
    """

    covariance: Floats
    closings_h: Floats
    errors: ErrorVariables | None = None
    assumptions: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def balances(self) -> int:
        """Number of balances, P."""
        return int(self.covariance.shape[0])


def process_campaign(
    folder: str | Path, sources: str | Path, period_h: float, *, tolerance_h: float = 0.0
) -> Campaign:
    """Return the campaign of a folder with process data.

    Raises
    ------
    RefusedError
        If the data have findings that leave no trustworthy covariance; it carries all of them.
    """
    from keiryo.process_data.service import read_process

    read = read_process(Path(folder), Path(sources), period_h, tolerance_h=tolerance_h)
    wrong = (Severity.FORMAT, Severity.INCONSISTENCY)
    if any(f.severity in wrong for f in read.findings) or read.errors is None:
        raise RefusedError(
            f"the process data in {folder} cannot be evaluated", read.findings,
            "Correct the files and ask again.",
        )  # fmt: skip
    return Campaign(
        read.errors.covariance(),
        np.asarray(read.closings_h, dtype=np.float64),
        read.errors,
        ("Amounts are those of the process data, taken as nominal.",),
        tuple(read.findings),
    )


def independent_campaign(balances: int) -> Campaign:
    """Return balances that are independent and of variance 1 kg².

    Raises
    ------
    UsageError
        If there is no balance, or more than can be computed.
    """
    if not 1 <= balances <= 5000:
        raise UsageError(
            f"{balances} balances cannot be simulated without a covariance of their own",
            "Give 1 to 5000 balances, or the process data.",
        )
    return Campaign(np.eye(balances), np.arange(balances + 1.0), None, (INDEPENDENT,))


def covariance_campaign(path: str | Path) -> Campaign:
    """Return the campaign of a covariance in a file: .npy, .csv, or JSON of `keiryo evaluate`.

    Raises
    ------
    UsageError
        If the file cannot be read as a square matrix.
    """
    import json

    place = Path(path)
    if not place.is_file() or place.stat().st_size == 0:
        words = "is empty" if place.is_file() else "is no file"
        raise UsageError(f"{place} {words}", "Give a square matrix in kg² as .npy or .csv.")
    try:
        if place.suffix == ".npy":
            found = np.load(place, allow_pickle=False)
            hours = None
        elif place.suffix == ".json":
            read = json.loads(place.read_text(encoding="utf-8"))
            found = np.asarray(read["covariance"], dtype=np.float64)
            ends = [balance["to_h"] for balance in read.get("balances", ())]
            starts = [balance["from_h"] for balance in read.get("balances", ())][:1]
            hours = np.asarray(starts + ends, dtype=np.float64) if ends else None
        else:
            found, hours = np.loadtxt(place, delimiter=",", ndmin=2), None
    except KeyError as error:
        raise UsageError(
            f"{place} has no {error}", "Give the JSON that `keiryo evaluate --process` prints."
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{place} cannot be read as a covariance: {error}",
            "Give a square matrix in kg² as .npy or .csv, or the JSON of `keiryo evaluate`.",
        ) from error
    if not np.issubdtype(found.dtype, np.number) or np.iscomplexobj(found):
        raise UsageError(f"{place} holds no real numbers", "Give variances in kg².")
    if found.ndim != 2 or found.shape[0] != found.shape[1] or found.size == 0:
        raise UsageError(
            f"{place} holds an array of shape {found.shape}, which is no square matrix",
            "One row and one column for each balance, kg².",
        )
    matrix = np.asarray(found, dtype=np.float64)
    if hours is None or hours.size != matrix.shape[0] + 1:
        hours = np.arange(matrix.shape[0] + 1.0)
    return Campaign(matrix, hours, None, (f"The covariance is that of {place.name}.",))
