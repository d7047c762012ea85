"""What must hold of labels: who they stand for, how long they are used, what takes their place."""

from __future__ import annotations

from collections.abc import Iterator

from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.obligations.known_books import KnownBooks
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import Row
from keiryo.obligations.stated_texts import BASIS, WrongTextError, label_of, label_set

LIST_LABELS = "'keiryo obligations labels' lists them; record a new one with 'import'."


def _finding(
    code: str,
    message: str,
    advice: str,
    found: str | None = None,
    severity: Severity = Severity.FORMAT,
) -> Finding:
    return Finding(code, severity, message, advice, found=found, basis=BASIS)


def set_findings(known: KnownBooks, key: str | None) -> Iterator[Finding]:
    """Yield what is wrong with a label set: not in its one form, or with an unknown label."""
    if key is None:
        return
    try:
        normal = label_set(key)
    except WrongTextError as error:
        yield error.finding
        return
    if normal != key:
        yield _finding(
            "OBLIGATION-LABEL-ORDER",
            f"the label set {key[:60]!r} is not written in its one order",
            f"Write {normal}; files and commands put it in order by themselves.",
            key[:80],
        )
    for label in sorted(labels_of(normal) - set(known.labels)):
        yield _finding(
            "OBLIGATION-LABEL-UNKNOWN",
            f"there is no label {label} in these books; there are: {known.known_labels}",
            f"Correct it, or record the partner first. {LIST_LABELS}",
            label,
        )


def partner_findings(known: KnownBooks, partner: str) -> Iterator[Finding]:
    """Yield a finding if a partner has no label here."""
    if partner not in known.labels:
        yield _finding(
            "PARTNER-UNKNOWN",
            f"there is no partner with the label {partner[:40]!r} in these books; there are: "
            f"{known.known_labels}",
            f"Correct it, or record the partner first. {LIST_LABELS}",
            partner[:40],
        )


def use_findings(
    known: KnownBooks, key: str, first: int | None, last: int | None
) -> Iterator[Finding]:
    """Yield the labels of a set that are not used on all days of a span (null: open).

    A label that ended is not given to anything new; what carries it already keeps it.
    """
    for label in sorted(labels_of(key) & set(known.labels)):
        row = known.labels[label]
        starts, ends = row["valid_from"], row["valid_to"]
        if ends is not None and (last is None or last > ends):
            successor = row["successor"]
            other = f", or use {successor}, which takes its place" if successor else ""
            yield _finding(
                "OBLIGATION-LABEL-ENDED",
                f"the label {label} ended on {number_date(int(ends))} and would be given to "
                "material after that day",
                f"Correct the day{other}. What carries the label already keeps it.",
                label,
            )
        if starts is not None and first is not None and first < starts:
            yield _finding(
                "OBLIGATION-LABEL-EARLY",
                f"the label {label} is used from {number_date(int(starts))} on; this is about "
                f"{number_date(first)}",
                "Look whether the agreement covers material from before, and say so in the label.",
                label,
                Severity.WARNING,
            )


def check_label(known: KnownBooks, values: Row) -> Iterator[Finding]:
    """Yield what is wrong with a label, and take it as known."""
    code = str(values["label"])
    try:
        normal = label_of(code)
    except WrongTextError as error:
        yield error.finding
        return
    if normal != code:
        yield _finding(
            "OBLIGATION-LABEL-ORDER", f"the label {code[:40]!r} is not written in its one form",
            f"Write {normal}.", code[:40],
        )  # fmt: skip
    known.labels[code] = values
    yield from instrument_findings(known, values)
    ends = values["valid_to"]
    for rule in known.rules.values() if ends is not None else ():
        last = rule["valid_to"]
        if code in labels_of(rule["labels"]) and (last is None or last > ends):
            yield _finding(
                "OBLIGATION-LABEL-RULED",
                f"the label {code} ends, but the rule of origin {rule['rule']} goes on giving it",
                "Record the rule again with its last day, or with another label.",
                str(rule["rule"]),
                Severity.WARNING,
            )


def succession_findings(known: KnownBooks, label: str) -> Iterator[Finding]:
    """Yield what is wrong with what takes a label's place, once all labels are known."""
    successor = known.labels.get(label, {}).get("successor")
    if successor is None:
        return
    if successor not in known.labels:
        yield _finding(
            "SUCCESSOR-UNKNOWN",
            f"{str(successor)[:40]!r}, which is to take the place of {label}, is no label of "
            "these books",
            f"Correct it, or record that label too. {LIST_LABELS}",
            str(successor)[:40],
        )
    chain = [label]
    while successor is not None and successor in known.labels:
        chain.append(str(successor))
        if successor in chain[:-1]:
            if successor == label:
                yield _finding(
                    "SUCCESSOR-CYCLE",
                    f"the succession goes round in a circle: {' → '.join(chain)}",
                    "One of these labels has no successor; record it again without.",
                    label,
                )
            return
        successor = known.labels[successor].get("successor")


def instrument_findings(known: KnownBooks, values: Row) -> Iterator[Finding]:
    """Yield a warning if an agreement does not stand in the register of cooperation."""
    name = values.get("instrument")
    listed = known.instruments() if name else None
    if listed is not None and name not in listed:
        yield _finding(
            "INSTRUMENT-UNKNOWN",
            f"the register of cooperation has no agreement {str(name)[:60]!r}",
            "'keiryo cooperation' lists their names; or state it in words only.",
            str(name)[:80],
            Severity.WARNING,
        )
