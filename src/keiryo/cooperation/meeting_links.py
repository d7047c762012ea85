"""What a meeting, an item of it and what was decided there rest on, and what rests on them.

Nodes: ``cooperation:MEETING`` for a meeting, which stands in the register as an event, and
``meeting:MEETING/ITEM`` for an item of it. A commitment that was decided rests on the item of the
minutes; the item rests on its meeting, on the item of the last meeting that it takes up and on the
commitment that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, Select, select

from keiryo.cooperation.meeting_tables import (
    MEETING,
    MEETING_ATTENDANCE,
    MEETING_DECISION,
    MEETING_ITEM,
    WORKING_GROUP,
)
from keiryo.cooperation.tables import COOPERATION_EVENT, QUOTATION
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.registry import Link

OBJECT, ITEM = "cooperation:", "meeting:"
_ITEM = re.compile(r"meeting:([^\s/]{1,200})/([0-9]{1,9})")
_ABOUT = ((MEETING_ATTENDANCE.name, "meeting"), (WORKING_GROUP.name, "body"))


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a meeting, an item of one, or what was decided there rests on."""
    books = _Books(connection, metadata)
    if node.startswith(OBJECT):
        name = node.removeprefix(OBJECT)
        meeting = books.last(MEETING.name, meeting=name)
        if meeting is not None:
            yield Link(node, "recorded in", _line(meeting))
            yield Link(node, "is a meeting of", OBJECT + str(meeting["body"]))
        for row in books.rows(MEETING_DECISION.name, commitment=name):
            yield Link(node, "decided in", _item(row["meeting"], row["item"]))
    elif (named := _ITEM.fullmatch(node)) is not None:
        yield from _item_rests_on(books, node, named[1], int(named[2]))
    elif (place := line_of(node)) is not None:
        yield from _line_rests_on(books, node, place)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a meeting, on an item of one, or on a line about them."""
    books = _Books(connection, metadata)
    if node.startswith(OBJECT):
        yield from _on_object(books, node, node.removeprefix(OBJECT))
    elif (named := _ITEM.fullmatch(node)) is not None:
        yield from _on_item(books, node, named[1], int(named[2]))
    elif (place := line_of(node)) is not None:
        meeting = books.line(MEETING.name, place)
        if meeting is not None:
            last = books.last(MEETING.name, meeting=meeting["meeting"])
            if last is not None and _line(last) == node:
                yield Link(OBJECT + str(meeting["meeting"]), "recorded in", node)
        item = books.line(MEETING_ITEM.name, place)
        if item is not None:
            last = books.last(MEETING_ITEM.name, meeting=item["meeting"], item=item["item"])
            if last is not None and _line(last) == node:
                yield Link(_item(item["meeting"], item["item"]), "recorded in", node)
        event = books.line(COOPERATION_EVENT.name, place)
        if event is not None:
            last = books.last(COOPERATION_EVENT.name, event=event["event"])
            if last is not None and _line(last) == node:
                for row in _quoted(books, str(event["event"])):
                    yield Link(_line(row), "quoted from", node)


def _item_rests_on(books: _Books, node: str, meeting: str, number: int) -> Iterator[Link]:
    row = books.last(MEETING_ITEM.name, meeting=meeting, item=number)
    if row is None:
        return
    yield Link(node, "recorded in", _line(row))
    yield Link(node, "stands under", OBJECT + meeting)
    if row["before_meeting"] is not None:
        yield Link(node, "takes up", _item(row["before_meeting"], row["before_item"]))
    if row["commitment"] is not None:
        yield Link(node, "is about", OBJECT + str(row["commitment"]))


def _line_rests_on(books: _Books, node: str, place: tuple[int, int]) -> Iterator[Link]:
    quoted = books.line(QUOTATION.name, place)
    if quoted is not None:
        source, number = str(quoted["source"]), int(quoted["paragraph"])
        if books.last(MEETING_ITEM.name, meeting=source, item=number) is not None:
            yield Link(node, "quoted from", _item(source, number))
        return
    decided = books.line(MEETING_DECISION.name, place)
    if decided is not None:
        yield Link(node, "decided in", _item(decided["meeting"], decided["item"]))
    for kind, column in _ABOUT:
        row = books.line(kind, place)
        if row is not None:
            yield Link(node, "is about", OBJECT + str(row[column]))


def _on_object(books: _Books, node: str, name: str) -> Iterator[Link]:
    for row in books.rows(MEETING.name, body=name):
        last = books.last(MEETING.name, meeting=row["meeting"])
        if last is not None and last["body"] == name and _line(last) == _line(row):
            yield Link(OBJECT + str(row["meeting"]), "is a meeting of", node)
    for column, relation in (("meeting", "stands under"), ("commitment", "is about")):
        for row in books.rows(MEETING_ITEM.name, **{column: name}):
            last = books.last(MEETING_ITEM.name, meeting=row["meeting"], item=row["item"])
            if last is not None and _line(last) == _line(row):
                yield Link(_item(row["meeting"], row["item"]), relation, node)
    for kind, column in _ABOUT:
        for row in books.rows(kind, **{column: name}):
            yield Link(_line(row), "is about", node)


def _on_item(books: _Books, node: str, meeting: str, number: int) -> Iterator[Link]:
    for row in books.rows(MEETING_ITEM.name, before_meeting=meeting, before_item=number):
        last = books.last(MEETING_ITEM.name, meeting=row["meeting"], item=row["item"])
        if last is not None and _line(last) == _line(row):
            yield Link(_item(row["meeting"], row["item"]), "takes up", node)
    for row in books.rows(MEETING_DECISION.name, meeting=meeting, item=number):
        yield Link(OBJECT + str(row["commitment"]), "decided in", node)
        yield Link(_line(row), "decided in", node)
    if books.last(MEETING_ITEM.name, meeting=meeting, item=number) is None:
        return
    for row in _quoted(books, meeting):
        if row["paragraph"] == number:
            yield Link(_line(row), "quoted from", node)


def _quoted(books: _Books, meeting: str) -> Iterator[Mapping[str, Any]]:
    """Yield the words that are quoted from the minutes of a meeting."""
    for name in dict.fromkeys(
        str(one["commitment"]) for one in books.rows(MEETING_DECISION.name, meeting=meeting)
    ):
        for row in books.rows(QUOTATION.name, about=name):
            if row["source"] == meeting:
                yield row


class _Books:
    """Lines of the books, by their fields."""

    def __init__(self, connection: Connection, metadata: MetaData) -> None:
        self.connection, self.metadata = connection, metadata

    def line(self, kind: str, place: tuple[int, int]) -> Mapping[str, Any] | None:
        """Return the line of a kind at a place."""
        return line_at(self.connection, self.metadata, kind, place)

    def last(self, kind: str, **fields: Any) -> Mapping[str, Any] | None:
        """Return the last line with some fields."""
        table = self.metadata.tables[kind]
        query = self._with(kind, fields).order_by(table.c.act_id.desc(), table.c.line_no.desc())
        row = self.connection.execute(query.limit(1)).mappings().first()
        return None if row is None else dict(row)

    def rows(self, kind: str, **fields: Any) -> list[Mapping[str, Any]]:
        """Return the lines with some fields, in order."""
        table = self.metadata.tables[kind]
        query = self._with(kind, fields).order_by(table.c.act_id, table.c.line_no)
        found = self.connection.execute(query.limit(LINK_LIMIT))
        return [dict(row) for row in found.mappings()]

    def _with(self, kind: str, fields: Mapping[str, Any]) -> Select[Any]:
        table = self.metadata.tables[kind]
        return select(table).where(*(table.c[name] == value for name, value in fields.items()))


def _item(meeting: Any, number: Any) -> str:
    return f"{ITEM}{meeting}/{number}"


def _line(row: Mapping[str, Any]) -> str:
    return f"line:{row['act_id']}/{row['line_no']}"
