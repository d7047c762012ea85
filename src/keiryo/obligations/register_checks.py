"""What must hold of everything that people state about labels, whatever the face it comes by.

The same rules look at the lines of a file, where each finding says the row, and in the posting
pipeline at the lines of an act. They go through the lines in order, so that a file may bring a
label and then the rule that uses it; the cells of one thing are looked at together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from keiryo.dates import DateError, number_date
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.obligations.consents import KINDS
from keiryo.obligations.known_books import KnownBooks
from keiryo.obligations.label_checks import (
    check_label,
    instrument_findings,
    partner_findings,
    set_findings,
    succession_findings,
    use_findings,
)
from keiryo.obligations.material_checks import (
    designation_findings,
    exchange_line_findings,
    is_kept_on,
    opening_findings,
    receipt_findings,
)
from keiryo.obligations.stated import Row
from keiryo.obligations.stated_texts import BASIS, WrongTextError, share_of
from keiryo.obligations.tables import (
    BEGINNING,
    CONSENT,
    CONSENT_RULE,
    DESIGNATION,
    EXCHANGE,
    LABEL,
    LABEL_MEMBER,
    OPENING,
    ORIGIN_RULE,
    PLACE_RULE,
    RECEIPT_LABELS,
    RELABELLING,
)

REFUSING = (Severity.FORMAT, Severity.INCONSISTENCY)
"""Severities with which nothing is recorded."""

_DAYS = ("valid_from", "valid_to", "event_date", "on_day")
_SETS = ("labels", "moved", "other_labels", "other_moved", "adds", "attaches")
_GROUPED: Mapping[str, tuple[str, ...]] = {
    OPENING.name: ("mba", "batch", "category"),
    RECEIPT_LABELS.name: ("mba", "batch", "event_date"),
    DESIGNATION.name: ("mba", "event_date", "code", "batch", "category"),
}
"""Lines that are looked at together, and what they have in common."""

Told = tuple[int, Finding]


def _finding(
    code: str,
    message: str,
    advice: str,
    found: str | None = None,
    severity: Severity = Severity.FORMAT,
) -> Finding:
    return Finding(code, severity, message, advice, found=found, basis=BASIS)


def statement_findings(known: KnownBooks, lines: Sequence[tuple[str, Row]]) -> Iterator[Told]:
    """Yield everything that is wrong with some lines, each with the place of its line.

    Parameters
    ----------
    known : KnownBooks
        What stands in the books; the lines are added to it as they are looked at.
    lines : sequence of (line kind, values)
        All lines of one act or file, in order.
    """
    sound: list[int] = []
    for place, (kind, values) in enumerate(lines):
        if kind == LABEL.name:
            yield from ((place, one) for one in check_label(known, values))
    for place, (_, values) in enumerate(lines):
        wrong = [*_unsound(values), *_of_place(known, values), *_of_sets(known, values)]
        yield from ((place, one) for one in wrong)
        if not any(one.severity in REFUSING for one in wrong):
            sound.append(place)
    groups: dict[tuple[object, ...], list[int]] = {}
    for place in sound:
        kind, values = lines[place]
        if kind in _GROUPED:
            names = _GROUPED[kind]
            groups.setdefault((kind, *(values[name] for name in names)), []).append(place)
        else:
            look = _LOOKS[kind]
            yield from ((place, one) for one in look(known, values))
    begins = [v["on_day"] for kind, v in lines if kind == BEGINNING.name]
    for key, places in groups.items():
        cells = [lines[place][1] for place in places]
        for one in _of_group(known, str(key[0]), cells, begins):
            yield places[0], one


def _of_group(
    known: KnownBooks, kind: str, cells: Sequence[Row], begins: Sequence[int]
) -> Iterable[Finding]:
    if kind == RECEIPT_LABELS.name:
        return receipt_findings(known, cells)
    if kind == DESIGNATION.name:
        return designation_findings(known, cells)
    if begins:
        return opening_findings(known, cells, int(begins[-1]))
    return [
        _finding(
            "OPENING-ALONE",
            "an opening counts only together with the day from which labels are kept",
            "Record all openings at once: 'keiryo obligations open FILE --on DATE --reason …'.",
            str(cells[0]["mba"]),
        )
    ]


def _unsound(values: Row) -> Iterator[Finding]:
    """Yield what could not even be read again: days, weights, shares."""
    for name in _DAYS:
        number = values.get(name)
        if number is not None and not _is_day(int(number)):
            yield _finding(
                "OBLIGATION-DAY",
                f"{number} ({name}) is not a day of the calendar, or hardly meant",
                "Give year, month and day; years from 1900 to 2200.",
                str(number),
            )
    first, last = values.get("valid_from"), values.get("valid_to")
    if first is not None and last is not None and first > last:
        yield _finding(
            "OBLIGATION-VALIDITY",
            f"the validity ends ({last}) before it begins ({first})",
            "Correct the days.",
            str(last),
        )
    weight = values.get("element_mg")
    if weight is not None and int(weight) <= 0:
        yield _finding(
            "OBLIGATION-WEIGHT",
            f"a weight of {weight} mg is not above zero",
            "Write a decimal above zero with its unit, e.g. 600 kg.",
            str(weight),
        )
    try:
        if values.get("share") is not None:
            share_of(str(values["share"]))
    except WrongTextError as error:
        yield error.finding


def _is_day(number: int) -> bool:
    try:
        return 1900 <= number_date(number).year <= 2200
    except DateError:
        return False


def _of_place(known: KnownBooks, values: Row) -> Iterator[Finding]:
    for name in ("mba", "other_mba"):
        area = values.get(name)
        if area is not None and area not in known.areas:
            yield _finding(
                "OBLIGATION-AREA",
                f"there is no area {str(area)[:40]!r} in these books; there are: "
                f"{', '.join(known.areas) or 'none yet'}",
                "Write its code of four characters; register it first if it is new.",
                str(area)[:40],
            )
    letters = str(values.get("categories") or "")
    if values.get("mba") and values.get("category"):
        letters += str(values["category"])
    if wrong := set(letters) - set("NDEUPT"):
        yield _finding(
            "OBLIGATION-CATEGORY",
            f"{''.join(sorted(wrong))!r} is no element category",
            "Letters are N, D, E, U, P and T.",
            "".join(sorted(wrong)),
        )


def _of_sets(known: KnownBooks, values: Row) -> Iterator[Finding]:
    told: set[tuple[str, str | None]] = set()
    for name in _SETS:
        for one in set_findings(known, values.get(name)):
            if (one.code, one.found) not in told:
                told.add((one.code, one.found))
                yield one


# --- one line at a time ---------------------------------------------------------------------------


def _label(known: KnownBooks, values: Row) -> Iterator[Finding]:
    yield from succession_findings(known, str(values["label"]))


def _member(known: KnownBooks, values: Row) -> Iterator[Finding]:
    label = str(values["label"])
    yield from partner_findings(known, label)
    if label in known.labels and known.labels[label]["kind"] != "organisation":
        yield _finding(
            "MEMBER-OF-STATE",
            f"{label} is a State and has no members",
            "Members are recorded of organisations only.",
            label,
        )


def _rule(known: KnownBooks, values: Row) -> Iterator[Finding]:
    known.rules[str(values["rule"])] = values
    yield from use_findings(known, str(values["labels"]), None, values["valid_to"])


def _place(known: KnownBooks, values: Row) -> Iterator[Finding]:
    if (values["attaches"] is None) != (values["attaches_to"] is None):
        yield _finding(
            "PLACE-RULE",
            f"what {values['mba']} adds to labels is stated by half",
            "State both: the labels (attaches), and production or enrichment (attaches_to).",
            str(values["mba"]),
        )
    elif all(values[name] is None for name in ("attaches", "consent_for", "decay")):
        yield _finding(
            "PLACE-RULE",
            f"nothing is stated about {values['mba']}",
            "State attaches, consent_for or decay.",
            str(values["mba"]),
        )
    step = values["consent_for"]
    if step is not None and step not in KINDS:
        yield _step(str(step))
    if values["attaches"]:
        yield from use_findings(known, str(values["attaches"]), None, values["valid_to"])


def _step(step: str) -> Finding:
    return _finding(
        "CONSENT-STEP",
        f"{step[:40]!r} is no step that takes consent",
        f"Steps are: {'; '.join(KINDS)}.",
        step[:40],
    )


def _consent(known: KnownBooks, values: Row) -> Iterator[Finding]:
    known.consents[str(values["consent"])] = values
    yield from partner_findings(known, str(values["partner"]))
    yield from instrument_findings(known, values)
    if values["step"] not in KINDS:
        yield _step(str(values["step"]))
    if " " in str(values["consent"]):
        yield _finding(
            "CONSENT-NAME",
            f"{str(values['consent'])[:40]!r}: the name of a consent has no blanks",
            "Join its words by hyphens.",
            str(values["consent"])[:40],
        )


def _relabelling(known: KnownBooks, values: Row) -> Iterator[Finding]:
    day, removes, adds = int(values["event_date"]), values["removes"], values["adds"]
    if removes is None and adds is None:
        yield _finding(
            "RELABEL-NOTHING",
            f"{str(values['relabelling'])[:60]} takes no label away and adds none",
            "Name the label that goes (removes), or those that come (adds).",
        )
    if removes is not None:
        yield from set_findings(known, str(removes))
    yield from is_kept_on(known, day, "the decision")
    if values["withdrawn"]:
        return
    if adds is not None:
        yield from use_findings(known, str(adds), day, day)
    if values["batch"] is not None and values["mba"] is None:
        yield _finding(
            "RELABEL-BATCH",
            f"the batch {str(values['batch'])[:40]} is named without its area",
            "Name the area too: batch names are unique only within it.",
            str(values["batch"])[:40],
        )
    every = [values["mba"]] if values["mba"] else sorted(known.areas)
    closed = [mba for mba in every if known.is_reported(mba, day)]
    if closed:
        yield _finding(
            "RELABEL-CLOSED",
            f"{number_date(day)} lies in a period of {', '.join(closed)} that was closed or "
            "reported; label figures of that period change",
            "Send a correction where they were reported.",
            str(number_date(day)),
            Severity.WARNING,
        )


def _reason(known: KnownBooks, values: Row) -> Iterator[Finding]:
    if not str(values["reason"]).strip():
        yield _finding("OBLIGATION-REASON", "no reason is given", "Say why; it is recorded.")


_LOOKS: Mapping[str, Callable[[KnownBooks, Row], Iterable[Finding]]] = {
    LABEL.name: _label,
    LABEL_MEMBER.name: _member,
    BEGINNING.name: _reason,
    ORIGIN_RULE.name: _rule,
    EXCHANGE.name: exchange_line_findings,
    RELABELLING.name: _relabelling,
    PLACE_RULE.name: _place,
    CONSENT.name: _consent,
    CONSENT_RULE.name: _reason,
}


KINDS_LOOKED_AT = (*_GROUPED, *_LOOKS)
"""Lines that people state; what partners and keiryo state of a year has checks of its own."""


def statements_are_sound(posting: Posting) -> bool:
    """Return whether the statements of an act can be read at all, so that labels can follow.

    Where they cannot, `check_statements` refuses the act and says why.
    """
    known: KnownBooks | None = None
    for kind in dict.fromkeys(KINDS_LOOKED_AT):
        for row in posting.lines(kind):
            known = known or KnownBooks(posting.connection, posting.metadata)
            wrong = [*_unsound(row), *_of_place(known, row), *_of_sets(known, row)]
            if any(one.severity in REFUSING for one in wrong):
                return False
    return True


def check_statements(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse statements about labels that do not hold; yield what is worth knowing of others."""
    known = KnownBooks(posting.connection, posting.metadata, posting.act_id)
    kinds = dict.fromkeys(KINDS_LOOKED_AT)
    rows = [(kind, row) for kind in kinds for row in posting.lines(kind)]
    rows.sort(key=lambda one: int(one[1]["line_no"]))
    for place, found in statement_findings(known, rows):
        told = replace(found, cell=f"line {rows[place][1]['line_no']}")
        yield Refusal(told) if found.severity in REFUSING else told


OBLIGATIONS_HOLD = Check(
    "statements about obligated material", frozenset(KINDS_LOOKED_AT), check_statements
)
