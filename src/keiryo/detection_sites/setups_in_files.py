"""Set-ups that daily files tell, as records: they hold from the first passage that has them.

A set-up is recorded where it says something else than the one that holds then. Passages of files
without one are judged by it from that moment on; those before stay without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keiryo.detection_sites import tables
from keiryo.detection_sites.register import KINDS, Register, findings
from keiryo.journal.model import Draft

if TYPE_CHECKING:
    from keiryo.detection_sites.passage_times import Moments
    from keiryo.portal.occupancy import DailyFile
    from keiryo.portal.setup_records import Setup

_AFTER = "SETUP_LATER"
_SAID = ("n_sigma", "intervals", "panels", "flags", "gamma_high", "gamma_low")


def add_setups(
    made: Draft,
    register: Register,
    file: DailyFile,
    moments: Moments,
    instrument: str,
    scope: str,
) -> int:
    """Add the set-ups of a file to the act that records it, and return how many.

    A set-up that stands after the last passage holds from the end of it. Passages before the first
    set-up of a file are judged by it, but the record does not say that it held by then.

    Parameters
    ----------
    made : Draft
    register : dict
        Records as they stand; the set-ups are put among them.
    file : DailyFile
    moments : Moments
        Of its passages, in its order.
    instrument, scope : str
    """
    told: list[tuple[Setup, str]] = []
    for one, start in zip(file.occupancies, moments.starts, strict=True):
        early = any(problem.code == _AFTER for problem in one.problems)
        if not early and (not told or told[-1][0] != one.setup):
            told.append((one.setup, start))
    if moments.starts and (not told or told[-1][0] != file.setup):
        told.append((file.setup, moments.ends[-1] or moments.starts[-1]))
    kind, added = KINDS["setup"], 0
    for setup, since in told:
        if setup.n_sigma is None:
            continue
        line = _line(setup, instrument, since, file.sha256)
        held = holding(register, instrument, since)
        same = held is not None and all(held[name] == line[name] for name in _SAID)
        there = (instrument, since) in register[kind.word]
        if not same and not there and not list(findings(register, kind, line)):
            register[kind.word][instrument, since] = line
            made.add(tables.DETECTION_SETUP.name, line, scope=scope)
            added += 1
    return added


def holding(register: Register, instrument: str, at: str) -> dict[str, Any] | None:
    """Return the set-up of an instrument that holds at a moment in UTC; None: none is known."""
    since = [key for key in register["setup"] if key[0] == instrument and key[1] <= at]
    return register["setup"][max(since)] if since else None


def _line(setup: Setup, instrument: str, start: str, digest: str) -> dict[str, Any]:
    panels = None if setup.panels is None else "".join(str(int(one)) for one in setup.panels)
    return {
        "instrument": instrument,
        "valid_from": start,
        "n_sigma": f"{setup.n_sigma:.12g}",
        "intervals": setup.intervals,
        "panels": panels,
        "flags": setup.flags,
        "gamma_high": setup.gamma_high,
        "gamma_low": setup.gamma_low,
        "source": f"file {digest}",
    }
