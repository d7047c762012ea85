"""What of a log can be relied on: every record is judged, also after a place where it is broken.

A record is *signed* if it bears a signature that counts, or if a signed head or a signed later
record vouches for it; *chained* if only the chain links it with its neighbours (which shows an edit
but not that all was written anew); *unsigned* if nothing shows that it is as the device wrote it;
*broken* if something shows that it is not. Runs of records in one state are segments, each with
the reason. A break in the middle ends a segment; the next one is judged by itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keiryo.device_log import tree
from keiryo.device_log.canonical import Record, RecordError, canonical
from keiryo.device_log.chain import START
from keiryo.device_log.heads import Head
from keiryo.device_log.judging import (
    Collected,
    Judged,
    check_chain,
    check_heads,
    check_previous,
    check_sequences,
    check_signatures,
    judge,
)
from keiryo.device_log.keys import Keys, Signature
from keiryo.device_log.record import inconsistent
from keiryo.errors import Finding

__all__ = ["Segment", "Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of records in one state.

    Attributes
    ----------
    first, last : int
        Positions in the log, from 0, both included.
    authentic : str
        ``signed``, ``chained``, ``unsigned`` or ``broken``.
    why : str
        What it rests on, or what is wrong, in words.
    """

    first: int
    last: int
    authentic: str
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("first", "last", "authentic", "why")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Verified:
    """What the verification of a log found.

    Attributes
    ----------
    size : int
        Number of records.
    root : str or None
        Root of their tree, hexadecimal; None if a record could not be read.
    chain_value : str or None
        The chain value after the last record; None if a record could not be read.
    segments : tuple of Segment
        In order; together they hold every record once.
    findings : tuple of Finding
    """

    size: int
    root: str | None
    chain_value: str | None
    segments: tuple[Segment, ...]
    findings: tuple[Finding, ...]
    _states: tuple[Judged, ...] = field(repr=False, default=())

    def state_of(self, index: int) -> str:
        """Return the state of a record by its position: signed, chained, unsigned or broken."""
        return self._states[index].state

    def why(self, index: int) -> str:
        """Return what the state of a record rests on, in words."""
        return self._states[index].why

    @property
    def counts(self) -> dict[str, int]:
        """How many records are in each state."""
        found: dict[str, int] = {}
        for one in self.segments:
            found[one.authentic] = found.get(one.authentic, 0) + one.last - one.first + 1
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, without the findings."""
        return {
            "size": self.size,
            "root": self.root,
            "chain_value": self.chain_value,
            "records": self.counts,
            "segments": [one.to_dict() for one in self.segments],
        }


def verify(
    records: Sequence[Record | None],
    *,
    keys: Keys | None = None,
    head: Head | Iterable[Head] | None = None,
    chain: Sequence[str | None] | str | None = None,
    signatures: Sequence[Signature | str | None] | None = None,
    kid: str | None = None,
    start: str | None = None,
    received_at: datetime.datetime | None = None,
    sequences: bool = True,
) -> Verified:
    """Judge every record of a log.

    Parameters
    ----------
    records : sequence of mapping, or None
        In the order of the log, without their chain values and signatures; None stands for a
        record that could not be read.
    keys : mapping, optional
        The register of keys by key id.
    head : Head or several, optional
        Signed heads of this log, e.g. the last one that was accepted and a new one.
    chain : sequence of str or None, or str, optional
        The chain value beside each record; or only that after the last record.
    signatures : sequence, optional
        The signature beside each record (hexadecimal, or with its key), over the canonical bytes.
    kid : str, optional
        Key id of signatures where neither they nor their record (field ``kid``) name one.
    start : str, optional
        The chain value before the first record, where the log continues an earlier one; default:
        the beginning of a chain.
    received_at : datetime, optional
        When the log came in.
    sequences : bool
        Whether the numbers in ``seq`` are followed.

    Returns
    -------
    Verified
        Never raises for what stands in a log.
    """
    collected = Collected()
    written = [_written(record, number, collected) for number, record in enumerate(records)]
    values = _values(chain, len(records))
    _lengths(len(records), values if chain is not None else None, signatures, collected)
    known = keys or {}
    own = check_signatures(records, written, signatures or (), known, kid, received_at, collected)
    links = check_chain(records, written, values, start or START, start is not None, collected)
    vouched = check_previous(records, written, own, collected)
    cuts = check_sequences(records, written, collected) if sequences else set()
    leaves = [tree.leaf(one) if one is not None else None for one in written]
    heads = [head] if isinstance(head, Head) else list(head or ())
    under = check_heads(heads, leaves, known, collected)
    states = judge(written, own, links.links, vouched, under)
    cuts |= links.cuts
    whole = all(one is not None for one in leaves)
    return Verified(
        len(records),
        tree.root([one for one in leaves if one is not None]).hex() if whole else None,
        links.last,
        _segments(states, cuts),
        tuple(collected.findings()),
        tuple(states),
    )


def _written(record: Record | None, number: int, collected: Collected) -> bytes | None:
    try:
        if not isinstance(record, Mapping):
            raise RecordError("it could not be read")
        return canonical(record)
    except RecordError as error:
        collected.add(
            inconsistent(
                "DEVICE-LOG-RECORD",
                f"record {number} is no record that can be hashed in one way: {error}",
                "Ask for the log again as the device wrote it; what stands there is kept as "
                "evidence and is not relied on.",
            )
        )
        return None


def _values(chain: Sequence[str | None] | str | None, size: int) -> list[str | None]:
    if chain is None:
        return [None] * size
    return [None] * (size - 1) + [chain] if isinstance(chain, str) else list(chain)


def _lengths(
    size: int,
    values: Sequence[object] | None,
    signatures: Sequence[object] | None,
    collected: Collected,
) -> None:
    for what, beside in (("chain values", values), ("signatures", signatures)):
        if beside is not None and len(beside) != size:
            collected.add(
                inconsistent(
                    "DEVICE-LOG-BESIDE",
                    f"there are {len(beside)} {what} for {size} records",
                    "Records or lines beside them were lost: ask for both files again.",
                )
            )


def _segments(states: Sequence[Judged], cuts: set[int]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    for number, one in enumerate(states):
        last = found[-1] if found else None
        same = last is not None and (last.authentic, last.why) == (one.state, one.why)
        if last is None or not same or number in cuts:
            found.append(Segment(number, number, one.state, one.why))
        else:
            found[-1] = Segment(last.first, number, last.authentic, last.why)
    return tuple(found)
