"""A register of cooperation as a file: read, and looked at as a whole before anything is recorded.

Organisations, persons, instruments, bodies, programmes, commitments, events and history, each with
where it is said. Everything that does not hold is told at once: a name that leads nowhere, a chain
of parents or successors that closes on itself, a date without a year that nobody resolved, a person
in two offices, a verb that was made stronger than it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.cooperation.strength import strength_of
from keiryo.errors import Finding, Severity

SCHEMA = "keiryo.cooperation/1"
BASIS = "docs/theory/cooperation.md"
LISTS = (
    *("sources", "organisations", "persons", "instruments", "bodies"),
    *("programmes", "commitments", "events", "history"),
)
BASES = ("stated", "inferred", "external")
PRECISIONS = ("day", "month", "year", "approximate", "period", "open")
COMMITMENT_KINDS = (
    *("commitment", "meeting", "information-exchange", "expert-mission", "equipment-loan"),
    *("exchange", "deliverable", "offer"),
)

_VALUES = {
    "day": re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
    "month": re.compile(r"\d{4}-(0[1-9]|1[0-2])"),
    "year": re.compile(r"\d{4}"),
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "sources": ("id", "file", "kind"),
    "organisations": ("id", "name", "country", "kind", "provenance"),
    "persons": ("id", "name", "office", "org", "provenance"),
    "instruments": ("id", "type", "title", "parties", "provenance"),
    "bodies": ("id", "name", "parties", "provenance"),
    "programmes": ("id", "name", "provenance"),
    "commitments": ("id", "kind", "actors", "modality", "strength", "action", "provenance"),
    "events": ("id", "name", "provenance"),
    "history": ("text", "provenance"),
}
_REFERENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "organisations": {"parent_org": ("organisations",)},
    "persons": {"org": ("organisations",)},
    "instruments": {
        "parties": ("organisations",),
        "intended_parties": ("organisations",),
        "signatories": ("persons",),
        "witnesses": ("persons",),
        "attributed_to": ("organisations", "persons"),
        "succeeds": ("instruments",),
    },
    "bodies": {"parties": ("organisations",), "under": ("instruments", "bodies", "programmes")},
    "programmes": {
        "actors": ("organisations", "bodies"),
        "led_by": ("organisations", "bodies"),
        "under": ("instruments", "bodies", "programmes"),
    },
    "commitments": {
        "actors": ("organisations", "bodies"),
        "attributed_to": ("organisations", "persons"),
        "beneficiaries": ("organisations", "bodies"),
        "under": ("instruments", "bodies", "programmes"),
        "event": ("events",),
    },
    "events": {
        "participants": ("organisations", "persons", "bodies"),
        "instrument": ("instruments",),
    },
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_CHAINS = (("organisations", "parent_org"), ("instruments", "succeeds"), ("programmes", "under"))


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """A register file that was read.

    Attributes
    ----------
    name : str
    lists : mapping of str to tuple of mapping
        By the names in `LISTS`.
    """

    name: str
    lists: Mapping[str, tuple[Mapping[str, Any], ...]]

    def provenance(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield every quotation with the object that rests on it."""
        for kind in LISTS:
            for number, one in enumerate(self.lists[kind], start=1):
                for quoted in one.get("provenance") or ():
                    yield str(one.get("id") or f"{kind} {number}"), quoted

    def by_id(self, *kinds: str) -> dict[str, Mapping[str, Any]]:
        """Return the objects of some lists by their ids."""
        return {str(one["id"]): one for kind in kinds for one in self.lists[kind] if "id" in one}


def read_register(content: bytes, name: str) -> tuple[RegisterFile | None, list[Finding]]:
    """Return a register file and everything that is wrong with it.

    Parameters
    ----------
    content : bytes
        JSON of the schema ``keiryo.cooperation/1``.
    name : str
        File name, for findings.

    Returns
    -------
    RegisterFile or None
        None if the file cannot be read at all.
    list of Finding
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        return None, [_finding("REGISTER-FORM", name, f"this is no JSON: {error}", "Send JSON.")]
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        words = f"the file does not say that it is {SCHEMA}"
        return None, [_finding("REGISTER-FORM", name, words, "See the guide on cooperation.")]
    lists: dict[str, tuple[Mapping[str, Any], ...]] = {}
    findings = []
    for kind in LISTS:
        given = data.get(kind, [])
        rows = given if isinstance(given, list) else []
        good = [one for one in rows if isinstance(one, dict)]
        if len(good) != len(rows) or rows is not given:
            words = f"{kind} is no list of objects"
            findings.append(_finding("REGISTER-FORM", name, words, "Write a list of objects."))
        lists[kind] = tuple(good)
    file = RegisterFile(name, lists)
    for check in (_complete, _named_once, _led_somewhere, _no_circles, _dated, _in_office, _verbs):
        findings += check(file)
    return file, findings


def _complete(file: RegisterFile) -> Iterator[Finding]:
    for kind, number, one in _each(file):
        missing = [field for field in _REQUIRED[kind] if one.get(field) in (None, "")]
        if missing:
            yield _finding(
                "REGISTER-MISSING",
                file.name,
                f"{_name(kind, number, one)} has no {', '.join(missing)}",
                "Write what the document says, or leave the object out.",
            )
        if kind == "commitments" and one.get("kind") not in COMMITMENT_KINDS:
            yield _finding(
                "REGISTER-KIND",
                file.name,
                f"{_name(kind, number, one)} is of the kind {one.get('kind')!r}",
                f"Kinds are: {', '.join(COMMITMENT_KINDS)}.",
            )


def _named_once(file: RegisterFile) -> Iterator[Finding]:
    seen: set[str] = set()
    for kind, _number, one in _each(file):
        name = one.get("id")
        if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
            yield _finding(
                "REGISTER-NAME",
                file.name,
                f"{str(name)[:60]!r} is no name of an object ({kind})",
                "A name has Latin letters, digits, dots, hyphens and underscores, at most 80.",
                found=str(name)[:80],
            )
        if name in seen:
            yield _finding(
                "REGISTER-TWICE",
                file.name,
                f"the name {name} stands for two objects ({kind})",
                "Give each object a name of its own.",
            )
        elif name is not None:
            seen.add(str(name))


def _led_somewhere(file: RegisterFile) -> Iterator[Finding]:
    known = {kind: set(file.by_id(kind)) for kind in LISTS}
    for kind, number, one in _each(file):
        for field, kinds in _REFERENCES.get(kind, {}).items():
            given = one.get(field)
            for entry in given if isinstance(given, list) else [given] if given else []:
                name = entry.get("person") if isinstance(entry, dict) else entry
                if not isinstance(name, str) or not any(name in known[other] for other in kinds):
                    yield _finding(
                        "REGISTER-REFERENCE",
                        file.name,
                        f"{_name(kind, number, one)}: {field} names {name}, which is not among "
                        f"the {' or '.join(kinds)}",
                        "Add it, or correct the name.",
                        found=str(name),
                    )


def _no_circles(file: RegisterFile) -> Iterator[Finding]:
    for kind, field in _CHAINS:
        objects = file.by_id(kind)
        told: set[str] = set()
        for start in objects:
            path = [start]
            while (following := objects.get(path[-1], {}).get(field)) in objects:
                if following in path:
                    circle = path[path.index(following) :]
                    if not told & set(circle):
                        told.update(circle)
                        yield _finding(
                            "REGISTER-CIRCLE",
                            file.name,
                            f"{field} leads in a circle: {' → '.join([*circle, following])}",
                            "One of them comes first: leave its reference out.",
                        )
                    break
                path.append(str(following))


def _dated(file: RegisterFile) -> Iterator[Finding]:
    for kind, number, one in _each(file):
        for what, date in _dates(one):
            name = f"{_name(kind, number, one)}, {what}"
            precision, value = date.get("precision"), date.get("value")
            if precision not in PRECISIONS or date.get("basis") not in BASES:
                yield _finding(
                    "DATE-BASIS",
                    file.name,
                    f"{name}: a date says how exact it is and what it rests on",
                    f"precision: {', '.join(PRECISIONS)}; basis: {', '.join(BASES)}.",
                )
            pattern = _VALUES.get(str(precision))
            if pattern is not None and not (isinstance(value, str) and pattern.fullmatch(value)):
                yield _finding(
                    "DATE-YEAR",
                    file.name,
                    f"{name}: {value or date.get('text')!r} is no {precision} with its year",
                    "Where the text gives no year, take it from another public source and say so "
                    "(basis external), or state the precision that there is.",
                    found=str(value),
                )
            first, last = date.get("earliest"), date.get("latest")
            if first and last and str(first) > str(last):
                yield _finding(
                    "DATE-ORDER",
                    file.name,
                    f"{name}: earliest {first} lies after latest {last}",
                    "Correct one of them.",
                )


def _dates(one: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for what in ("date", "due"):
        if isinstance(one.get(what), dict):
            yield what, one[what]
    dates = one.get("dates")
    for what, given in dates.items() if isinstance(dates, dict) else ():
        for date in given if isinstance(given, list) else [given]:
            if isinstance(date, dict):
                yield what, date


def _in_office(file: RegisterFile) -> Iterator[Finding]:
    offices: dict[str, tuple[Any, Any]] = {}
    for one in file.lists["persons"]:
        name, office = str(one.get("name")), (one.get("office"), one.get("org"))
        if offices.setdefault(name, office) != office:
            yield _finding(
                "PERSON-OFFICES",
                file.name,
                f"{name} stands in two offices: {offices[name][0]} and {office[0]}",
                "Give each office the days from and to which it was held, or correct the name.",
            )


def _verbs(file: RegisterFile) -> Iterator[Finding]:
    for number, one in enumerate(file.lists["commitments"], start=1):
        words, given = str(one.get("modality") or ""), one.get("strength")
        degree, known = strength_of(words)
        name = _name("commitments", number, one)
        if not known:
            yield _finding(
                "VERB-UNKNOWN",
                file.name,
                f"{name}: how binding “{words}” is, is not known; it counts as the weakest",
                "Look at the sentence; a phrase that returns is added to the table.",
                Severity.WARNING,
            )
        if isinstance(given, int) and given > degree:
            yield _finding(
                "VERB-RAISED",
                file.name,
                f"{name}: “{words}” is of degree {degree}, not {given}",
                "Write the degree of the verb. Nothing is promoted: may stays may.",
                found=str(given),
                expected=str(degree),
            )
        elif given != degree:
            yield _finding(
                "VERB-DEGREE",
                file.name,
                f"{name}: “{words}” is of degree {degree}, not {given}",
                "Write the degree of the verb.",
                found=str(given),
                expected=str(degree),
            )


def _each(file: RegisterFile) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    for kind in LISTS:
        for number, one in enumerate(file.lists[kind], start=1):
            yield kind, number, one


def _name(kind: str, number: int, one: Mapping[str, Any]) -> str:
    return str(one.get("id") or f"no. {number} of {kind}")


def _finding(
    code: str,
    file: str,
    message: str,
    advice: str,
    severity: Severity = Severity.FORMAT,
    found: str | None = None,
    expected: str | None = None,
) -> Finding:
    return Finding(
        code,
        severity,
        message,
        advice,
        file=file,
        found=found,
        expected=expected,
        basis=BASIS,
    )
