"""What must hold before something can happen to a seal; each gives findings where it does not.

Sources: docs/theory/surveillance.md (life cycle); ASTM F946 (a continuous line of
accountability for each number, no duplicates); 10 CFR 73.46(d)(10) (two individuals as a team).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import Finding
from keiryo.seals.events import SealEvent
from keiryo.seals.findings import refusing
from keiryo.seals.standing import Standing, State
from keiryo.seals.tables import COMPONENT_FINDINGS, EXAMINATION_FINDINGS

RETENTION_DAYS = 365
"""How long a verified seal is kept before it is destroyed, unless the event says otherwise."""

Precondition = Callable[[Standing, SealEvent], Iterator[Finding]]


def two_persons(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """Two persons who are not the same."""
    if len(event.persons) < 2:
        yield refusing(
            "SEAL-TWO-PERSONS",
            f"{event.key}: {event.event} takes two persons; {', '.join(event.persons)} is named",
            "Name the second person who was there; nobody does this alone.",
        )


def with_reason(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """A reason."""
    if not (event.reason or "").strip():
        yield refusing(
            "SEAL-REASON", f"{event.key}: {event.event} without a reason", "Say why; it is kept."
        )


def with_place(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """The last known place."""
    if not (event.place or "").strip():
        yield refusing(
            "SEAL-PLACE",
            f"{event.key}: nothing says where it was last",
            "State the last known place; the time is the last time at which it was there.",
        )


def with_role(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """The role of whom it is issued to."""
    if not (event.role or "").strip():
        yield refusing(
            "SEAL-ROLE",
            f"{event.key}: nothing says in which role {event.person} takes it",
            "State the role, e.g. inspector.",
        )


def not_quarantined(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """The seal was never out of control."""
    if standing.quarantined:
        yield refusing(
            "SEAL-QUARANTINE",
            f"{event.key} was lost and found again; nobody knows who had it meanwhile",
            "It stays in quarantine; void or destroy it and issue another one.",
        )


def reference_at(when: str) -> Precondition:
    """Return the condition that the reference image is there by an event."""

    def holds(standing: Standing, event: SealEvent) -> Iterator[Finding]:
        if standing.type.reference_at == when and not (event.reference or standing.reference):
            yield refusing(
                "SEAL-REFERENCE",
                f"{event.key}: a {standing.type.name} seal is identified by its image, and none "
                "is in the record",
                "Keep the reference image with the event; later nothing can be compared.",
            )

    return holds


def holder_or_custodian(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """Who returns a seal has it, or is the custodian of the store."""
    if standing.holder not in event.persons and event.role != "custodian":
        yield refusing(
            "SEAL-HOLDER",
            f"{event.key} was issued to {standing.holder}, not to {event.person}",
            "It is returned by whom it was issued to, or taken back by the custodian.",
        )


def unopened(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """A seal that is returned was never closed or opened."""
    if event.unopened != 1:
        yield refusing(
            "SEAL-NOT-UNOPENED",
            f"{event.key}: nothing says that it is unopened",
            "Look at it. A seal that was closed or opened is voided, not returned to stock.",
        )


def held_by(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """Who attaches a seal has it, for the body to which it was issued."""
    holders = {one for one in (standing.holder, standing.second_holder) if one}
    if not holders & set(event.persons):
        yield refusing(
            "SEAL-HOLDER",
            f"{event.key} was issued to {' and '.join(sorted(holders))}, not to {event.person}",
            "It is attached by whom it was issued to; return it and issue it anew otherwise.",
        )
    if event.organisation is not None and event.organisation != standing.organisation:
        yield refusing(
            "SEAL-HOLDER",
            f"{event.key} was issued for {standing.organisation}, not for {event.organisation}",
            "A seal stays with the body to which it was issued.",
        )


def names_what_it_closes(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """A containment, the ways, and at least one item are named."""
    if not event.mba or not event.containment:
        yield refusing(
            "SEAL-CONTAINMENT",
            f"{event.key}: nothing says which containment it closes",
            "Name it as MBA/NAME; 'keiryo containment' registers containments.",
        )
    if not event.path_names:
        yield refusing(
            "SEAL-PATH",
            f"{event.key}: nothing says which way it closes",
            "Name the way or ways, e.g. lid or door.",
        )
    if not event.items:
        yield refusing(
            "SEAL-ITEM",
            f"{event.key}: nothing says what it holds",
            "Name at least one batch or item as MBA/NAME.",
        )


def components_stated(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """The number as read, and what was found of tag, wire and containment."""
    if not (event.number_read or "").strip():
        yield refusing(
            "SEAL-CHECK",
            f"{event.key}: the number as it was read is missing",
            "Read it on the seal; it must not be copied from the record.",
        )
    wrong = [
        name
        for name, told in zip(("tag", "wire", "containment"), event.components, strict=True)
        if told not in COMPONENT_FINDINGS
    ]
    if wrong:
        yield refusing(
            "SEAL-CHECK",
            f"{event.key}: nothing is said of {', '.join(wrong)}",
            "Say of tag, wire and containment each: ok, not-ok or not-seen.",
        )


def team_or_notice(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """Two persons detach; the operator after notice."""
    if event.by_operator:
        if not (event.notice or "").strip():
            yield refusing(
                "SEAL-NOTICE",
                f"{event.key}: the operator detached it without notice",
                "Name the notice; without one it is recorded as found broken.",
            )
    elif len(event.persons) < 2:
        yield from two_persons(_, event)


def after_attachment(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """A period has a length."""
    period = standing.open_period
    if period is not None and event.at <= period.attached.at:
        yield refusing(
            "SEAL-ORDER",
            f"{event.key}: {event.event} does not lie after the attachment",
            "Correct the time.",
        )


def ready_to_send(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """Bag, courier and expected day are stated."""
    names = {"bag": "the bag", "courier": "the courier", "expected_on": "the expected day"}
    missing = [words for name, words in names.items() if not getattr(event, name)]
    if missing:
        yield refusing(
            "SEAL-DISPATCH",
            f"{event.key}: the dispatch does not say {', '.join(missing)}",
            "State the number of the sealed bag, who carries it and when it should arrive.",
        )


def verifiable_in_place(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """The type can be verified in the field."""
    if not standing.type.verifiable_in_place:
        yield refusing(
            "SEAL-METHOD",
            f"{event.key}: a {standing.type.name} seal cannot be verified in the field",
            "Dispatch it and have it examined at headquarters.",
        )


def electronic(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """The type keeps a log, and is used again."""
    if not standing.type.electronic:
        yield refusing(
            "SEAL-METHOD",
            f"{event.key}: a {standing.type.name} seal keeps no log",
            "Verify it in the field, or dispatch it to headquarters.",
        )


def with_log(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """The log is kept."""
    if event.log is None or event.log_state is None:
        yield refusing(
            "SEAL-LOG-MISSING",
            f"{event.key}: it is read out, and the log is not there",
            "Use 'keiryo seals read-out' with the file of the log.",
        )


def finding_stated(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """The finding of a verification."""
    if event.finding not in EXAMINATION_FINDINGS:
        yield refusing(
            "SEAL-FINDING",
            f"{event.key}: {event.event} without a finding",
            f"State one of {', '.join(EXAMINATION_FINDINGS)}.",
        )


def independent_examiners(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """The examiner did not take the seal off; as many examine as the type takes."""
    if len(event.persons) < standing.type.examiners:
        yield refusing(
            "SEAL-EXAMINER",
            f"{event.key}: {standing.type.examiners} persons examine a {standing.type.name} seal",
            "Name the second examiner.",
        )
    period = standing.period
    off = () if period is None else tuple(p for e in _taken_off(period) for p in e.persons)
    both = [one for one in event.persons if one in off]
    if both:
        yield refusing(
            "SEAL-EXAMINER",
            f"{event.key}: {' and '.join(both)} took it off and cannot examine it",
            "Somebody else examines it.",
        )


def _taken_off(period: object) -> list[SealEvent]:
    events = (getattr(period, "closed", None), getattr(period, "removed", None))
    return [one for one in events if one is not None]


def by_supervisor(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """A supervisor says so."""
    if event.role != "supervisor":
        yield refusing(
            "SEAL-SUPERVISOR",
            f"{event.key}: that a lost seal was found is for a supervisor to record",
            "A supervisor records it, with the role 'supervisor'.",
        )


def self_test_good(_: Standing, event: SealEvent) -> Iterator[Finding]:
    """The self test after service is good."""
    if event.self_test != "good":
        yield refusing(
            "SEAL-SELF-TEST",
            f"{event.key}: it goes back to stock only after a good self test",
            "Repeat the test and state 'good', or retire the seal.",
        )


def retention_over(standing: Standing, event: SealEvent) -> Iterator[Finding]:
    """The time is over for which a verified seal is kept."""
    told = event.retention_days
    days = RETENTION_DAYS if told is None else told
    verified = [e for e in standing.events if e.event in ("verify", "examine", "read-out")]
    if not verified or days < 0:
        return
    try:
        until = utc_text(parse_utc(verified[-1].at) + timedelta(days=days))
    except OverflowError:
        until = "9999"
    if event.at < until:
        yield refusing(
            "SEAL-RETENTION",
            f"{event.key} is kept for {days} days after its verification, until {until[:10]}",
            "Destroy it after that day.",
        )


def had_period(standing: Standing) -> State:
    """Return the state of a lost seal that is found: out of its period, or back in stock."""
    return State.IN_STOCK if standing.period is None else State.DETACHED


PRECONDITIONS: Mapping[str, Precondition] = {
    "two persons": two_persons,
    "reason": with_reason,
    "place": with_place,
    "role": with_role,
    "no quarantine": not_quarantined,
    "reference image at issue": reference_at("issue"),
    "reference image at closing": reference_at("attach"),
    "holder or custodian": holder_or_custodian,
    "unopened": unopened,
    "holder": held_by,
    "containment, way and item": names_what_it_closes,
    "three findings": components_stated,
    "team or notice": team_or_notice,
    "after attachment": after_attachment,
    "bag, courier, day": ready_to_send,
    "verifiable in the field": verifiable_in_place,
    "electronic": electronic,
    "log": with_log,
    "finding": finding_stated,
    "independent examiners": independent_examiners,
    "supervisor": by_supervisor,
    "good self test": self_test_good,
    "retention over": retention_over,
}
"""By the names that the table of transitions uses."""
