"""Clocks of readers: which intervals they leave in doubt, and which ran back."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np

from keiryo.protection.access_log import AccessLog
from keiryo.protection.instants import NS
from keiryo.protection.orders import stable_order
from keiryo.protection.two_person_findings import ERROR, Collected
from keiryo.protection.two_person_rule import TwoPersonRule, ZoneRule

_UNKNOWN = -1


class Clocks:
    """How far the clock of each reader may be off."""

    def __init__(self, log: AccessLog, rule: TwoPersonRule) -> None:
        told = [rule.max_offset_s.get(reader) for reader in log.readers]
        self.bounds = sorted({Fraction(0), *(one for one in told if one is not None)})
        place = {bound: at for at, bound in enumerate(self.bounds)}
        self.code = np.array(
            [_UNKNOWN if one is None else place[one] for one in told], dtype=np.int32
        )
        self.is_known = bool((self.code != _UNKNOWN).any())

    def low_confidence(
        self,
        zone: ZoneRule,
        reader: np.ndarray,
        last: np.ndarray,
        begins: np.ndarray,
        ends: np.ndarray,
        counted_ns: np.ndarray,
    ) -> np.ndarray:
        """Return which intervals may be longer or shorter than the grace for all that is known.

        Parameters
        ----------
        zone : ZoneRule
        reader : ndarray of int32
            Of each event of the zone.
        last : ndarray of int64
            The last event of each instant.
        begins, ends : ndarray of int64
            Instants; the last interval may have no end. The end of the log is read from no clock.
        counted_ns : ndarray of int64
        """
        if not self.is_known:
            return np.ones(len(begins), dtype=bool)
        first = np.r_[0, last[:-1] + 1]
        code = self.code[reader]
        largest = np.maximum.reduceat(code, first).astype(np.int64)
        largest[np.minimum.reduceat(code, first) == _UNKNOWN] = _UNKNOWN
        alone = np.maximum.reduceat(reader, first)
        alone[np.minimum.reduceat(reader, first) != alone] = _UNKNOWN
        here, there = largest[begins], np.zeros(len(begins), dtype=np.int64)
        there[: len(ends)] = largest[ends]
        one = alone[begins[: len(ends)]]
        same = np.flatnonzero((one == alone[ends]) & (one != _UNKNOWN))
        known = (here != _UNKNOWN) & (there != _UNKNOWN)
        width = len(self.bounds)
        pair = here * width + there
        pair[same] = np.where(known[same], 0, pair[same])  # its offset cancels; 0 is no offset
        low: np.ndarray = ~known
        pairs, which = np.unique(pair[known], return_inverse=True)
        limits = [self._limits(zone, *divmod(number, width)) for number in pairs.tolist()]
        least, most = np.array(limits, dtype=np.int64).reshape(-1, 2).T
        counted = counted_ns[known]
        low[known] = (least[which] <= counted) & (counted <= most[which])
        return low

    def _limits(self, zone: ZoneRule, here: int, there: int) -> tuple[int, int]:
        """Return between which times in nanoseconds clocks decide."""
        both = self.bounds[here] + self.bounds[there]
        return _within(ceil((zone.grace_s - both) * NS)), _within(floor((zone.grace_s + both) * NS))


def _within(value: int) -> int:
    """Return a number of nanoseconds that fits into 64 bits."""
    return max(-(2**62), min(value, 2**62))


def note_regressions(log: AccessLog, known: np.ndarray, findings: Collected) -> None:
    """Note where the clock of a reader ran back: a higher number with an earlier time.

    Parameters
    ----------
    log : AccessLog
    known : ndarray of bool
        Which zones have a rule.
    findings : Collected
    """
    if not len(log.zone):
        return
    by_reader = stable_order(log.reader, len(log.readers))
    if not known.all():
        by_reader = by_reader[known[log.zone[by_reader]]]
    reader, seq = log.reader[by_reader], log.seq[by_reader]
    back = (reader[1:] == reader[:-1]) & (seq[1:] < seq[:-1])
    if not back.any():
        return
    suspects = np.zeros(len(log.readers), dtype=bool)
    suspects[reader[1:][back]] = True
    places = by_reader[suspects[reader]]
    places = places[np.lexsort((log.time_ns[places], log.seq[places], log.reader[places]))]
    reader, seq, time = log.reader[places], log.seq[places], log.time_ns[places]
    ran = (reader[1:] == reader[:-1]) & (seq[1:] > seq[:-1]) & (time[1:] < time[:-1])
    events = places[1:][ran]
    kind = (
        "CLOCK_REGRESSION",
        ERROR,
        "The clock of the reader ran back: a higher number has an earlier time.",
    )
    events = events[stable_order(log.zone[events], len(log.zones))]
    zones = log.zone[events]
    for zone in np.flatnonzero(np.bincount(zones)).tolist():
        some = events[np.searchsorted(zones, zone) : np.searchsorted(zones, zone, side="right")]
        name = log.zones[zone]
        findings.add(kind, name, log.time_ns[some], log.line[some], log.person[some])
