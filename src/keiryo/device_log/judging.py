"""The tests that records of a log stand: signatures, chain, previous hashes, numbers, heads.

Each test looks at all records and says, for each, what it shows; `judge` puts the answers together.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from keiryo.device_log import tree
from keiryo.device_log.canonical import INTEGER_LIMIT, Record, digest
from keiryo.device_log.chain import is_value, next_value
from keiryo.device_log.heads import Head, equivocation, head_findings, is_equivocation
from keiryo.device_log.keys import Keys, Signature, signature_findings
from keiryo.device_log.record import BASIS, device_time, inconsistent, shown
from keiryo.errors import Finding, Severity

SIGNED, CHAINED, UNSIGNED, BROKEN = "signed", "chained", "unsigned", "broken"
STATES = (SIGNED, CHAINED, UNSIGNED, BROKEN)
SHOWN_OF_A_CODE = 20
"""Most findings of one code; a log may have a million records."""


class Collected:
    """Findings, of each code only the first ones and how many there are."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def add(self, *findings: Finding) -> None:
        """Take findings."""
        for one in findings:
            self._counts[one.code] += 1
            if self._counts[one.code] <= SHOWN_OF_A_CODE:
                self._found.append(one)

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, and of each code how many more there are."""
        yield from self._found
        for code, count in self._counts.items():
            if count > SHOWN_OF_A_CODE:
                first = next(one for one in self._found if one.code == code)
                more = count - SHOWN_OF_A_CODE
                words = f"{code}: {more} more of the same kind"
                yield Finding(code, first.severity, words, first.advice, basis=BASIS)


@dataclass(frozen=True, slots=True)
class Judged:
    """State of a record, and why."""

    state: str
    why: str


@dataclass(slots=True)
class Links:
    """What the chain says of each record (chained, broken, or nothing), and where it is cut."""

    links: list[Judged | None]
    cuts: set[int] = field(default_factory=set)
    last: str | None = None


@dataclass(slots=True)
class Under:
    """What the heads say: each record's state by them, or None."""

    states: list[Judged | None]
    denied: int = 0
    """So many records from the first on are not those of a signed head, as a whole."""
    denial: str = ""


def check_signatures(
    records: Sequence[Record | None],
    written: Sequence[bytes | None],
    signatures: Sequence[Signature | str | None],
    keys: Keys,
    kid: str | None,
    received_at: datetime.datetime | None,
    collected: Collected,
) -> list[Judged | None]:
    """Return what each record's own signature shows: signed, broken, or nothing."""
    found: list[Judged | None] = [None] * len(records)
    since: Counter[str] = Counter()
    for number, given in enumerate(signatures[: len(records)]):
        record = records[number]
        if given is None or record is None or written[number] is None:
            continue
        one = given if isinstance(given, Signature) else Signature(None, given)
        named = one.kid or record.get("kid") or kid
        named = named if isinstance(named, str) else None
        at = device_time(record) or received_at
        what = f"record {number}"
        wrong = signature_findings(record, Signature(named, one.value), keys, at=at, what=what)
        collected.add(*wrong)
        if not wrong:
            found[number] = Judged(SIGNED, f"signed with the key {named}")
            since[named or ""] += _is_since_revoked(keys, named, received_at)
        elif any(finding.code == "DEVICE-SIGNATURE" for finding in wrong):
            found[number] = Judged(BROKEN, "the signature was made over other content")
    for name, count in since.items():
        if count:
            collected.add(_revoked_since(name, count, keys, received_at))
    return found


def _is_since_revoked(keys: Keys, kid: str | None, received_at: datetime.datetime | None) -> bool:
    revoked = keys[kid].revoked_at if kid is not None and kid in keys else None
    return received_at is not None and revoked is not None and received_at >= revoked


def _revoked_since(
    kid: str, count: int, keys: Keys, received_at: datetime.datetime | None
) -> Finding:
    revoked = keys[kid].revoked_at
    assert revoked is not None
    assert received_at is not None
    return Finding(
        "DEVICE-KEY-REVOKED-SINCE",
        Severity.WARNING,
        f"{count} records bear times before the key {kid} was revoked ({shown(revoked)}), but came "
        f"in after it ({shown(received_at)}): only the clock of the device says when they were "
        "signed",
        "Rely on those that a head covers which was accepted before the revocation; for the others "
        "look for another witness.",
        basis=BASIS,
    )


def check_chain(
    records: Sequence[Record | None],
    written: Sequence[bytes | None],
    values: Sequence[str | None],
    start: str,
    start_given: bool,
    collected: Collected,
) -> Links:
    """Return what the chain values beside the records show of each."""
    found = Links([None] * len(records))
    running: str | None = start
    base, pending = "from the beginning of the log", list[int]()
    if start_given:
        base = "from the value before the first record"
    for number, one in enumerate(written):
        given = values[number] if number < len(values) else None
        running = None if one is None or running is None else next_value(running, one)
        pending.append(number)
        if given is None:
            continue
        if not is_value(given):
            collected.add(_broken(pending, "the value beside it is no chain value"))
            _set(found, pending, Judged(BROKEN, "the value beside it is no chain value"))
            running = None
        elif running == given:
            _set(found, pending, Judged(CHAINED, f"the chain holds {base}; no signature is on it"))
        elif running is None:
            found.cuts.add(number)
        elif pending[0] == 0 and not start_given and _starts_late(records):
            collected.add(_start_unknown())
            found.cuts.add(number + 1)
        else:
            words = "the chain value beside it does not follow from the one before and the record"
            collected.add(_broken(pending, words))
            _set(found, pending, Judged(BROKEN, words))
            found.cuts |= {pending[0], number + 1}
        if running != given:
            base = (
                f"from the value beside record {number} on, which is not linked with earlier ones"
            )
        if is_value(given):
            running = given
        pending = []
    found.last = _chain_value(written, start)
    return found


def _chain_value(written: Sequence[bytes | None], start: str) -> str | None:
    last = start
    for one in written:
        if one is None:
            return None
        last = next_value(last, one)
    return last


def _set(found: Links, pending: Sequence[int], judged: Judged) -> None:
    for number in pending:
        found.links[number] = judged


def _starts_late(records: Sequence[Record | None]) -> bool:
    first = records[0] if records else None
    number = first.get("seq") if first is not None else None
    return type(number) is int and number > 1


def _broken(pending: Sequence[int], words: str) -> Finding:
    where = f"record {pending[-1]}"
    if len(pending) > 1:
        where = f"records {pending[0]} to {pending[-1]}"
    return inconsistent(
        "DEVICE-LOG-CHAIN",
        f"{where}: {words}",
        "A record was changed, taken out or put in here. Compare with the copy of the other party "
        "or ask the device for these records; the records before and after are judged by "
        "themselves.",
    )


def _start_unknown() -> Finding:
    return Finding(
        "DEVICE-LOG-CHAIN-START",
        Severity.WARNING,
        "the log does not begin with its first record, and the chain value before it is not known",
        "Give the value that ended the earlier part of the log: its last record is then linked "
        "with the first one here.",
        basis=BASIS,
    )


def check_previous(
    records: Sequence[Record | None],
    written: Sequence[bytes | None],
    own: Sequence[Judged | None],
    collected: Collected,
) -> list[Judged | None]:
    """Return which records a signed later one vouches for, by its ``prev``."""
    found: list[Judged | None] = [None] * len(records)
    before: dict[object, int] = {}
    earlier: list[int | None] = []
    for number, record in enumerate(records):
        if record is None or written[number] is None:
            earlier.append(None)
            continue
        source = str(record.get("src"))
        last, stated = before.get(source), record.get("prev")
        linked = None
        if last is not None and isinstance(stated, str):
            previous = records[last]
            assert previous is not None
            if digest(previous) == stated:
                linked = last
            else:
                collected.add(_not_previous(number, last))
        earlier.append(linked)
        before[source] = number
    for number in range(len(records) - 1, -1, -1):
        one, linked = found[number] or own[number], earlier[number]
        if linked is not None and one is not None and one.state == SIGNED:
            words = "its hash stands in the record after it, which is signed"
            found[linked] = Judged(SIGNED, words)
    return found


def _not_previous(number: int, last: int) -> Finding:
    return inconsistent(
        "DEVICE-LOG-PREVIOUS",
        f"record {number}: its hash of the previous record is not that of record {last}",
        "A record between the two is missing, or record "
        f"{last} was changed. Ask the device for both.",
    )


def check_sequences(
    records: Sequence[Record | None], written: Sequence[bytes | None], collected: Collected
) -> set[int]:
    """Return where the numbers of a source do not follow one another."""
    cuts: set[int] = set()
    last: dict[str, int] = {}
    seen: dict[tuple[str, int], int] = {}
    for number, record in enumerate(records):
        if record is None or written[number] is None:
            last.clear()  # it could be the one that is missed next
            continue
        count = record.get("seq")
        if type(count) is not int or not 0 <= count < INTEGER_LIMIT:
            continue
        source = str(record.get("src"))
        twin = seen.setdefault((source, count), number)
        if twin != number:
            collected.add(_repeated(number, twin, count, same=written[number] == written[twin]))
            continue
        before = last.get(source)
        if before is not None and count != before + 1:
            cuts.add(number)
            collected.add(_jump(number, before, count))
        last[source] = count
    return cuts


def _repeated(number: int, twin: int, count: int, *, same: bool) -> Finding:
    if same:
        return Finding(
            "DEVICE-LOG-REPEATED",
            Severity.WARNING,
            f"record {number} repeats record {twin}: the same number {count}, the same content",
            "It arrived twice and counts once; nothing is to be done.",
            basis=BASIS,
        )
    return inconsistent(
        "DEVICE-LOG-EQUIVOCATION",
        f"records {twin} and {number} have the same number {count} and different content",
        "Keep both: a device gives each number once. Report an anomaly.",
    )


def _jump(number: int, before: int, count: int) -> Finding:
    words = f"{count - before - 1} are missing" if count > before else "the numbers go back"
    return inconsistent(
        "DEVICE-LOG-SEQUENCE",
        f"record {number}: number {count} follows number {before}: {words}",
        "Ask the device for the missing records. If its memory wrapped, the time between the two "
        "is not conclusive.",
        found=str(count),
        expected=str(before + 1),
    )


def check_heads(
    heads: Sequence[Head],
    leaves: Sequence[bytes | None],
    keys: Keys,
    collected: Collected,
) -> Under:
    """Return which records are those of a signed head, and which are not."""
    under = Under([None] * len(leaves))
    ordered = sorted(heads, key=lambda one: one.size)
    for one, other in pairwise(ordered):
        if is_equivocation(one, other):
            collected.add(equivocation(one, other))
    for head in ordered:
        wrong = head_findings(head, keys)
        collected.add(*wrong)
        codes = {finding.code for finding in wrong}
        if codes - {"DEVICE-HEAD-UNSIGNED"}:
            continue
        if head.size > len(leaves):
            collected.add(_truncated(head, len(leaves)))
            continue
        first = [one for one in leaves[: head.size] if one is not None]
        if len(first) == head.size and tree.root(first).hex() == head.root:
            state, words = SIGNED, f"under the head of {head.size} records, signed {head.t}"
            if codes:
                state, words = CHAINED, f"agrees with the root of {head.t}, which is not signed"
            for number in range(head.size):
                if under.states[number] is None:
                    under.states[number] = Judged(state, words)
            continue
        collected.add(_other_root(head))
        if not codes:
            under.denied = head.size
            under.denial = f"the head of {head.size} records of {head.t} was made over others"
    if leaves and not any(head.size >= len(leaves) for head in heads):
        collected.add(_no_anchor(max((head.size for head in heads), default=0), len(leaves)))
    return under


def _truncated(head: Head, size: int) -> Finding:
    return inconsistent(
        "DEVICE-LOG-TRUNCATED",
        f"the head of {head.t} has {head.size} records, and the log has {size}",
        "Records at the end are missing: ask for the whole log. If the device has no more, they "
        "were taken away: report an anomaly.",
        found=str(size),
        expected=str(head.size),
    )


def _other_root(head: Head) -> Finding:
    return inconsistent(
        "DEVICE-LOG-ROOT",
        f"the first {head.size} records do not have the root that the head of {head.t} states",
        "A record was changed since the head was made. The chain shows where, unless it was "
        "written anew; compare with the copy of the other party.",
        expected=head.root,
    )


def _no_anchor(covered: int, size: int) -> Finding:
    words = f"no head covers records {covered} to {size - 1}" if covered else "no head was given"
    return Finding(
        "DEVICE-LOG-UNANCHORED",
        Severity.INFORMATION,
        f"{words}: records cut off at the end would not be missed",
        "Ask for a signed head and give a copy of it to the other party.",
        basis=BASIS,
    )


def judge(
    written: Sequence[bytes | None],
    own: Sequence[Judged | None],
    links: Sequence[Judged | None],
    vouched: Sequence[Judged | None],
    under: Under,
) -> list[Judged]:
    """Return the state of each record from what the tests showed."""
    wrong = [
        number
        for number in range(min(under.denied, len(written)))
        if written[number] is None or BROKEN in (_state(own[number]), _state(links[number]))
    ]
    found = []
    for number, one in enumerate(written):
        head = under.states[number]
        if one is None:
            found.append(Judged(BROKEN, "it could not be read as a record"))
        elif head is not None and head.state == SIGNED:
            found.append(head)
        elif _state(own[number]) is not None:
            found.append(own[number] or head or Judged(UNSIGNED, ""))
        elif vouched[number] is not None:
            found.append(vouched[number] or Judged(UNSIGNED, ""))
        elif _state(links[number]) == BROKEN:
            found.append(links[number] or Judged(BROKEN, ""))
        elif number < under.denied and (not wrong or links[number] is None):
            found.append(Judged(BROKEN, f"{under.denial}; which record differs cannot be told"))
        else:
            plain = Judged(UNSIGNED, "neither a signature nor a chain value is on it")
            found.append(head or links[number] or plain)
    return found


def _state(judged: Judged | None) -> str | None:
    return None if judged is None else judged.state
