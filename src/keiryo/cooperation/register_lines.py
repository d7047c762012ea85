"""The objects of a register file as lines of record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from keiryo.cooperation.quotations import collapsed
from keiryo.cooperation.register_file import RegisterFile
from keiryo.cooperation.tables import (
    COMMITMENT,
    COOPERATION_BODY,
    COOPERATION_DATE,
    COOPERATION_EVENT,
    COOPERATION_SOURCE,
    EXTERNAL_FACT,
    HISTORY_STATEMENT,
    INSTRUMENT,
    INSTRUMENT_PERSON,
    OFFICE_HOLDER,
    ORGANISATION,
    PROGRAMME,
    QUOTATION,
)
from keiryo.journal.model import Value

RecordLine = tuple[str, dict[str, Value]]
"""Line kind and values."""

_PLAIN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "sources": (
        COOPERATION_SOURCE.name,
        {"source": "id", "file": "file", "title": "title", "kind": "kind", "digest": "digest"},
    ),
    "organisations": (
        ORGANISATION.name,
        {
            "organisation": "id",
            "title": "name",
            "country": "country",
            "kind": "kind",
            "parent": "parent_org",
            "note": "note",
        },
    ),
    "persons": (
        OFFICE_HOLDER.name,
        {
            "holder": "id",
            "person": "name",
            "person_basis": "name_basis",
            "office": "office",
            "organisation": "org",
            "role": "role_in_text",
            "held_from": "from",
            "held_to": "to",
            "note": "note",
        },
    ),
    "instruments": (
        INSTRUMENT.name,
        {
            "instrument": "id",
            "kind": "type",
            "title": "title",
            "parties": "parties",
            "intended_parties": "intended_parties",
            "party_basis": "party_basis",
            "place": "place",
            "areas": "areas",
            "status_words": "status_in_text",
            "succeeds": "succeeds",
            "attributed_to": "attributed_to",
            "note": "note",
        },
    ),
    "bodies": (
        COOPERATION_BODY.name,
        {
            "body": "id",
            "title": "name",
            "kind": "kind",
            "parties": "parties",
            "under": "under",
            "mandate": "mandate",
            "status_words": "status_in_text",
            "note": "note",
        },
    ),
    "programmes": (
        PROGRAMME.name,
        {
            "programme": "id",
            "title": "name",
            "actors": "actors",
            "actor_basis": "actor_basis",
            "led_by": "led_by",
            "area": "area",
            "goal": "goal",
            "under": "under",
            "status_words": "status_in_text",
            "note": "note",
        },
    ),
    "commitments": (
        COMMITMENT.name,
        {
            "commitment": "id",
            "kind": "kind",
            "actors": "actors",
            "actor_basis": "actor_basis",
            "attributed_to": "attributed_to",
            "modality": "modality",
            "strength": "strength",
            "action": "action",
            "area": "area",
            "condition": "condition",
            "condition_type": "condition_type",
            "under": "under",
            "event": "event",
            "beneficiaries": "beneficiaries",
            "follows": "follows",
            "note": "note",
        },
    ),
    "events": (
        COOPERATION_EVENT.name,
        {
            "event": "id",
            "title": "name",
            "place": "place",
            "participants": "participants",
            "instrument": "instrument",
            "note": "note",
        },
    ),
    "history": (
        HISTORY_STATEMENT.name,
        {"statement": "id", "words": "text", "area": "area"},
    ),
}
"""For each list of a register file: the line kind, and which field of it holds what."""


def register_lines(
    file: RegisterFile, compared: Iterable[str] = ()
) -> dict[str, tuple[RecordLine, ...]]:
    """Return the lines of every object of a register, by the object's name.

    Parameters
    ----------
    file : RegisterFile
        Without findings.
    compared : iterable of str
        Names of the files whose text the quotations were compared with.

    Returns
    -------
    dict of str to tuple of (line kind, values)
        First the line of the object itself, then what belongs to it: dates, persons, facts,
        quotations.
    """
    known = frozenset(compared)
    found: dict[str, tuple[RecordLine, ...]] = {}
    for kind, (table, fields) in _PLAIN.items():
        for number, given in enumerate(file.lists[kind], start=1):
            one = {"id": f"h{number:02d}", **given}
            name = str(one["id"])
            values = {column: _value(one.get(source)) for column, source in fields.items()}
            if kind == "organisations":
                values["aliases"] = " | ".join(one.get("aliases") or ()) or None
            own = (table, values)
            found[name] = (own, *_belonging(name, one, known))
    return found


def _value(given: Any) -> Value:
    """Return a value as it is recorded: lists of names joined, places in words."""
    if isinstance(given, list):
        return " ".join(str(one) for one in given) or None
    if isinstance(given, dict):
        parts = (given.get("city"), given.get("subdivision"), given.get("country"))
        return ", ".join(str(part) for part in parts if part) or None
    if given is None or given == "":
        return None
    return given if isinstance(given, int) else str(given)


def _belonging(name: str, one: Mapping[str, Any], compared: frozenset[str]) -> Iterator[RecordLine]:
    for what in ("date", "due"):
        if isinstance(one.get(what), dict):
            yield _date(name, what, one[what])
    for what, given in (one.get("dates") or {}).items():
        for date in given if isinstance(given, list) else [given]:
            yield _date(name, what, date)
    for field, part in (("signatories", "signatory"), ("witnesses", "witness")):
        for person in one.get(field) or ():
            values = {"instrument": name, "holder": person["person"], "part": part}
            yield INSTRUMENT_PERSON.name, {**values, "party": person.get("org")}
    for fact in one.get("external_facts") or ():
        values = {"about": name, "fact": str(fact["fact"]), "source": fact.get("source")}
        yield EXTERNAL_FACT.name, values
    for quoted in one.get("provenance") or ():
        first, last = quoted["lines"]
        yield (
            QUOTATION.name,
            {
                "about": name,
                "source": str(quoted["source"]),
                "paragraph": int(quoted["paragraph"]),
                "first_line": int(first),
                "last_line": int(last),
                "words": collapsed(str(quoted["quote"])),
                "compared": int(quoted["file"] in compared),
            },
        )


def _date(name: str, what: str, date: Mapping[str, Any]) -> RecordLine:
    names = ("value", "precision", "basis", "earliest", "latest", "note")
    values = {field: _value(date.get(field)) for field in names}
    party, words = date.get("org"), date.get("text")
    return COOPERATION_DATE.name, {
        "about": name,
        "what": what,
        "party": party,
        "words": words,
        **values,
    }
