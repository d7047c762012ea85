"""Tables of record of exchanges: information with its caveats, expert missions, people.

What is recorded anew under a name takes the place of what stood there; what happened to it since
are lines of their own, each with the handling caveat of what it is about, so that whoever may not
see the one does not see the other. Lists of names are joined by one space, words by ``" | "``.

The last part says how these lines hang together, for whoever asks why: an object rests on its
line and stands under what its line names; a line about an object rests on it and on its evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.model import LineKind, integer, text
from keiryo.journal.registry import Link

INFORMATION_ITEM = LineKind(
    "information_item",
    "Information that was given to somebody or received, and how it is to be handled.",
    (
        text("information", "name of the item, e.g. info.0001", required=True),
        text("direction", "in or out", required=True),
        integer("on_day", "day on which it was given or received", required=True),
        text("from_organisation", "who gave it", required=True),
        text("from_person", "the person who gave it"),
        text("to_organisation", "to whom it was given", required=True),
        text("to_person", "the person who received it"),
        text("medium", "letter, mail, file, meeting …", required=True),
        text("title", "what it is", required=True),
        text("digest", "SHA-256 of the content, hexadecimal"),
        integer("kept", "1 if the content is kept as evidence, 0 if the digest only"),
        text("caveats", "handling caveats"),
        text("legal_basis", "the instrument or law under which it was given"),
        text("purposes", "purposes to which its use is limited, joined by ' | '"),
        text("onward", "onward transfer: free, consent or never", required=True),
        integer("embargo_until", "day from which it may be handed out"),
        integer("retention_until", "last day on which it may be kept"),
        text("retention_duty", "what is done then: return or destroy"),
        integer("country_quantities", "1 if it states quantities per country"),
        text("parts", "items of which it is made, or whose copy it is"),
        text("under", "instrument, body, programme or commitment that it belongs to"),
        text("note", "note"),
    ),
    indexes=((("information",), None), (("digest",), "digest IS NOT NULL")),
)

INFORMATION_EVENT = LineKind(
    "information_event",
    "What became of information: acknowledged, handed out, returned, destroyed; consents to it.",
    (
        text("information", "name of the item", required=True),
        text(
            "what",
            "acknowledged, handed_out, consented, consent_withdrawn, returned or destroyed",
            required=True,
        ),
        integer("on_day", "day on which it happened", required=True),
        text("organisation", "to whom it was handed, or who acknowledged it"),
        text("person", "the person who acknowledged or consented"),
        text("consent_of", "the organisation that consents to hand it on"),
        integer("valid_until", "last day of a consent"),
        text("purpose", "for what it was handed out"),
        text("evidence", "digests of files, or acts as act:17, joined by one space"),
        text("note", "note"),
    ),
    indexes=((("information",), None),),
)

EXPERT_MISSION = LineKind(
    "expert_mission",
    "A mission of experts: a peer review, an advisory service, a technical visit, a training.",
    (
        text("mission", "name of the mission, e.g. mission.0001", required=True),
        text("kind", "IPPAS, INSServ, ISSAS, technical-visit, training …", required=True),
        text("title", "what it is about", required=True),
        text("host", "the organisation that is visited", required=True),
        text("provider", "the organisation that sends the experts", required=True),
        text("requested_by", "who asked for it"),
        integer("requested_on", "day of the request", required=True),
        text("follows", "the mission that this one follows up"),
        text("caveats", "handling caveats of its papers"),
        text("under", "instrument, body, programme or commitment that it belongs to"),
        text("note", "note"),
    ),
    indexes=((("mission",), None),),
)

MISSION_STEP = LineKind(
    "mission_step",
    "A step of a mission; the last one says how it stands, and the last value of each field.",
    (
        text("mission", "name of the mission", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on", required=True),
        integer("on_day", "day of the step", required=True),
        text("reason", "why", required=True),
        text("terms", "terms of reference"),
        integer("prepared_on", "day of the preparatory meeting"),
        integer("first_day", "first day of the mission"),
        integer("last_day", "last day of the mission"),
        text("sites", "sites that are visited, joined by ' | '"),
        text("side", "the organisation whose act it is, where that matters"),
        text("evidence", "digests of files, or acts as act:17, joined by one space"),
    ),
    indexes=((("mission",), None),),
)

MISSION_MEMBER = LineKind(
    "mission_member",
    "A member of the team of a mission; the last line of a person counts.",
    (
        text("mission", "name of the mission", required=True),
        text("person", "the person", required=True),
        text("organisation", "from where the person comes"),
        text("part", "leader, expert, observer, host or left", required=True),
    ),
    indexes=((("mission",), None),),
)

MISSION_FINDING = LineKind(
    "mission_finding",
    "What a mission found, and what is done about it; the last line of a number counts.",
    (
        text("mission", "name of the mission", required=True),
        text("number", "number of the finding in the report, e.g. R1", required=True),
        text("kind", "recommendation, suggestion or good-practice", required=True),
        text("words", "what was found", required=True),
        text("state", "how it stands", required=True),
        integer("on_day", "day of the step", required=True),
        text("reason", "why it stands like this"),
        text("owner", "who answers for it"),
        text("plan", "what is done about it"),
        integer("due_on", "by when"),
        text("evidence", "digests of files, or acts as act:17, joined by one space"),
        text("follow_up", "the mission that looked at it again"),
    ),
    indexes=((("mission",), None),),
)

PERSONNEL_EXCHANGE = LineKind(
    "personnel_exchange",
    "That a person of one organisation works at another for a time.",
    (
        text("exchange", "name of the exchange, e.g. exchange.0001", required=True),
        text("person", "the person", required=True),
        text("home", "the organisation that sends the person", required=True),
        text("host", "the organisation that takes the person in", required=True),
        text("topic", "on what the person works", required=True),
        integer("agreed_on", "day on which it was agreed", required=True),
        integer("first_day", "first day", required=True),
        integer("last_day", "last day", required=True),
        text("access_level", "access that the work needs", required=True),
        text("clearance_level", "level of the person's clearance"),
        integer("clearance_from", "first day of the clearance"),
        integer("clearance_until", "last day of the clearance"),
        integer("visa_from", "first day of the visa"),
        integer("visa_until", "last day of the visa"),
        text("radiation_record", "where the radiation worker's data are kept, not the data"),
        text("equipment", "equipment brought along"),
        text("under", "instrument, body, programme or commitment that it belongs to"),
        text("note", "note"),
    ),
    indexes=((("exchange",), None), (("person",), None)),
)

PERSONNEL_STEP = LineKind(
    "personnel_step",
    "A step of a personnel exchange; the last one says how it stands.",
    (
        text("exchange", "name of the exchange", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on", required=True),
        integer("on_day", "day of the step", required=True),
        text("reason", "why", required=True),
        text("output", "what came of it"),
        text("evidence", "digests of files, or acts as act:17, joined by one space"),
    ),
    indexes=((("exchange",), None),),
)

LINE_KINDS = (
    *(INFORMATION_ITEM, INFORMATION_EVENT, EXPERT_MISSION, MISSION_STEP, MISSION_MEMBER),
    *(MISSION_FINDING, PERSONNEL_EXCHANGE, PERSONNEL_STEP),
)

EXCHANGES = {
    INFORMATION_ITEM.name: "information",
    EXPERT_MISSION.name: "mission",
    PERSONNEL_EXCHANGE.name: "exchange",
}
"""What has a name of its own: the line kind of each, and the field with its name."""

ABOUT_EXCHANGES = {
    INFORMATION_EVENT.name: "information",
    MISSION_STEP.name: "mission",
    MISSION_MEMBER.name: "mission",
    MISSION_FINDING.name: "mission",
    PERSONNEL_STEP.name: "exchange",
}
"""Lines about one of these, and the field with its name."""

PREFIX = "cooperation:"
_RELATIONS = {"under": "stands under", "follows": "follows up", "parts": "made from"}
"""Fields of an object that name others, and what that means."""


def explain_exchanges(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what an item of information, a mission or an exchange of people rests on.

    Nodes are ``cooperation:NAME`` and the lines of these objects, ``line:ACT/LINE``.
    """
    if node.startswith(PREFIX):
        found = last_line(connection, metadata, node.removeprefix(PREFIX))
        if found is not None:
            row = found[1]
            yield Link(node, "recorded in", _node(row))
            for column, relation in _RELATIONS.items():
                for name in str(row.get(column) or "").split():
                    yield Link(node, relation, PREFIX + name)
        return
    place = line_of(node)
    if place is None:
        return
    for kind, column in ABOUT_EXCHANGES.items():
        line = line_at(connection, metadata, kind, place)
        if line is not None:
            yield Link(node, "is about", PREFIX + str(line[column]))
            if line.get("follow_up"):
                yield Link(node, "looked at again by", PREFIX + str(line["follow_up"]))
            for one in str(line.get("evidence") or "").split():
                yield Link(node, "shown by", one if one.startswith("act:") else f"evidence:{one}")
    item = line_at(connection, metadata, INFORMATION_ITEM.name, place)
    if item is not None and item["digest"] and item["kept"]:
        yield Link(node, "has the content", f"evidence:{item['digest']}")


def depend_on_exchanges(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on such an object, on a line of one, or on evidence for it."""
    if node.startswith(PREFIX):
        name = node.removeprefix(PREFIX)
        for kind, column in EXCHANGES.items():
            yield from _objects_naming(connection, metadata, kind, column, name)
        for kind, column in ABOUT_EXCHANGES.items():
            for row in _having(connection, metadata, kind, column, name):
                yield Link(_node(row), "is about", node)
        for row in _having(connection, metadata, MISSION_FINDING.name, "follow_up", name):
            yield Link(_node(row), "looked at again by", node)
        return
    place = line_of(node)
    if place is not None:
        for kind, column in EXCHANGES.items():
            line = line_at(connection, metadata, kind, place)
            last = None if line is None else last_line(connection, metadata, str(line[column]))
            if last is not None and _node(last[1]) == node:
                yield Link(PREFIX + str(last[1][column]), "recorded in", node)
        return
    named = node.removeprefix("evidence:")
    if named == node and not node.startswith("act:"):
        return
    for kind in ABOUT_EXCHANGES:
        if "evidence" in metadata.tables[kind].c:
            for row in _having(connection, metadata, kind, "evidence", named, listed=True):
                yield Link(_node(row), "shown by", node)
    for row in _having(connection, metadata, INFORMATION_ITEM.name, "digest", named):
        if row["kept"]:
            yield Link(_node(row), "has the content", node)


def last_line(
    connection: Connection, metadata: MetaData, name: str
) -> tuple[str, Mapping[str, Any]] | None:
    """Return the line that counts of an object of that name, with its kind."""
    for kind, column in EXCHANGES.items():
        table = metadata.tables[kind]
        query = select(table).where(table.c[column] == name)
        query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
        row = connection.execute(query).mappings().first()
        if row is not None:
            return kind, dict(row)
    return None


def _objects_naming(
    connection: Connection, metadata: MetaData, kind: str, column: str, name: str
) -> Iterator[Link]:
    for field, relation in _RELATIONS.items():
        if field not in metadata.tables[kind].c:
            continue
        for row in _having(connection, metadata, kind, field, name, listed=True):
            last = last_line(connection, metadata, str(row[column]))
            if last is not None and _node(last[1]) == _node(row):
                yield Link(PREFIX + str(row[column]), relation, PREFIX + name)


def _having(
    connection: Connection,
    metadata: MetaData,
    kind: str,
    column: str,
    value: str,
    *,
    listed: bool = False,
) -> list[Mapping[str, Any]]:
    """Return the lines with a value in a field, or in the list that the field holds."""
    table = metadata.tables[kind]
    condition = table.c[column] == value
    if listed:
        condition = table.c[column].contains(value, autoescape=True)
    query = select(table).where(condition).order_by(table.c.act_id, table.c.line_no)
    rows = [dict(row) for row in connection.execute(query.limit(LINK_LIMIT)).mappings()]
    return [row for row in rows if not listed or value in str(row[column]).split()]


def _node(row: Mapping[str, Any]) -> str:
    return f"line:{row['act_id']}/{row['line_no']}"
