"""From a batch to the labels it carries, to their agreements, and back.

Nodes: ``obligated:MBA/BATCH`` (or ``obligated:MBA/(pool)``; ``@account`` behind it for what is not
on the book), ``obligation:MBA/CATEGORY/LABELS`` for a cell of an area, ``label:CODE``. A batch of
the books carries its obligations as a holding; a holding rests on the lines that brought
something, on the holdings that it came from, and on its labels; a label rests on its line and on
its agreement in the register of cooperation, and that on the words that bind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, and_, or_, select

from keiryo.accounts.tables import BATCH
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.registry import Link
from keiryo.obligations.holdings import BOOK, FOLLOWED, POOL, Holding
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import labels, labels_are_kept
from keiryo.obligations.sums import HOLDING, STEP
from keiryo.obligations.tables import LABEL, MOVE
from keiryo.obligations.trace import PASSING, holding_of, step_key
from keiryo.places.tables import areas

OBLIGATED, CELL, LABEL_NODE = "obligated:", "obligation:", "label:"
_COOPERATION = "cooperation:"
Place = tuple[str, str, str]
"""Area, account and name of a holding, whatever its category."""


def node_of_holding(mba: str, account: str, name: str) -> str:
    """Return the node of a holding.

    Examples
    --------
    >>> node_of_holding("XAFA", "book", "CYL-1"), node_of_holding("XAFA", "retained_waste", "W-1")
    ('obligated:XAFA/CYL-1', 'obligated:XAFA/W-1@retained_waste')
    """
    return f"{OBLIGATED}{mba}/{name}" + ("" if account == BOOK else f"@{account}")


def place_of_node(node: str) -> Place:
    """Return area, account and name of the node of a holding."""
    mba, _, rest = node.removeprefix(OBLIGATED).partition("/")
    name, at, account = rest.rpartition("@")
    if at and account in (*FOLLOWED, PASSING):
        return mba, account, name
    return mba, BOOK, rest


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a batch, a holding, a cell, a label or a move rests on."""
    if not labels_are_kept(connection, metadata):
        if node.startswith(LABEL_NODE):
            yield from _label(connection, metadata, node)
        return
    if node.startswith("batch:"):
        yield from _batch(connection, metadata, node)
    elif node.startswith(OBLIGATED):
        yield from _holding(connection, metadata, node)
    elif node.startswith(CELL):
        yield from _cell(connection, metadata, node)
    elif node.startswith(LABEL_NODE):
        yield from _label(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        row = _move(connection, metadata, place)
        if row is not None:
            act = place[0] if row["of_act"] is None else row["of_act"]
            yield Link(node, "follows from", f"line:{act}/{row['of_line']}")


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on an agreement, a label, a holding or a line."""
    if node.startswith(_COOPERATION):
        name = node.removeprefix(_COOPERATION)
        for label in labels(connection, metadata).values():
            if label.instrument == name:
                yield Link(LABEL_NODE + label.code, "rests on the agreement", node)
    elif node.startswith(LABEL_NODE):
        yield from _carrying(connection, metadata, node)
    elif node.startswith(OBLIGATED):
        yield from _from_holding(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        yield from _of_line(connection, metadata, node, place)


def _batch(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    uid = node.removeprefix("batch:")
    mba, _, rest = uid.partition("/")
    place = areas(connection, metadata).get(mba)
    if place is None or not rest:
        return
    name = (rest.rpartition("#")[0] or rest) if place.batch_follow_up else POOL
    if _rows(connection, metadata, (mba, BOOK, name)):
        yield Link(node, "carries obligations as", node_of_holding(mba, BOOK, name))


def _rows(connection: Connection, metadata: MetaData, place: Place) -> list[Any]:
    """Return the label sets that a holding has or had, with what is under them now."""
    table = metadata.tables[HOLDING]
    query = select(table.c.labels, table.c.element_mg).where(
        table.c.mba == place[0], table.c.account == place[1], table.c.holding == place[2]
    )
    return list(connection.execute(query.order_by(table.c.labels)))


def _holding(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    place = place_of_node(node)
    carried: dict[str, bool] = {}
    for key, mg in _rows(connection, metadata, place):
        for label in labels_of(key):
            carried[label] = carried.get(label, False) or mg > 0
    for label, now in sorted(carried.items()):
        yield _carries(node, LABEL_NODE + label, now)
    seen: set[str] = set()
    for row in _steps(connection, metadata, "to", place):
        line = f"line:{row['from_act']}/{row['from_line']}"
        if line not in seen:
            seen.add(line)
            yield Link(node, "brought or changed by", line)
        source = _place_of(row["from_key"])
        if source[1] in (*FOLLOWED, PASSING) and source != place:
            other = node_of_holding(*source)
            if other not in seen:
                seen.add(other)
                yield Link(node, "came from", other)


def _from_holding(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    place = place_of_node(node)
    seen: set[str] = set()
    for row in _steps(connection, metadata, "from", place):
        target = _place_of(row["to_key"])
        other = node_of_holding(*target)
        if target[1] in (*FOLLOWED, PASSING) and target != place and other not in seen:
            seen.add(other)
            yield Link(other, "came from", node)
    if place[1] != BOOK:
        return
    own = areas(connection, metadata).get(place[0])
    if own is None:
        return
    table = metadata.tables[BATCH.name]
    query = select(table.c.batch_uid).where(table.c.mba == place[0])
    if own.batch_follow_up:
        query = query.where(table.c.name == place[2])
    for (uid,) in connection.execute(query.order_by(table.c.batch_uid).limit(LINK_LIMIT)):
        yield Link(f"batch:{uid}", "carries obligations as", node)
    cells = metadata.tables[HOLDING]
    held = select(cells.c.category, cells.c.labels).where(
        *(cells.c.mba == place[0], cells.c.account == BOOK, cells.c.holding == place[2]),
        cells.c.element_mg != 0,
    )
    for category, key in connection.execute(held.order_by(cells.c.category, cells.c.labels)):
        yield Link(f"{CELL}{place[0]}/{category}/{key}", "held in", node)


def _cell(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    parts = node.removeprefix(CELL).split("/")
    if len(parts) != 3:
        return
    mba, category, key = parts
    table = metadata.tables[HOLDING]
    query = (
        select(table.c.holding)
        .where(
            *(table.c.mba == mba, table.c.account == BOOK, table.c.category == category),
            *(table.c.labels == key, table.c.element_mg != 0),
        )
        .order_by(table.c.holding)
        .limit(LINK_LIMIT)
    )
    for (name,) in connection.execute(query):
        yield Link(node, "held in", node_of_holding(mba, BOOK, str(name)))


def _label(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    label = labels(connection, metadata).get(node.removeprefix(LABEL_NODE))
    if label is None:
        return
    yield Link(node, "recorded in", f"line:{label.line.act}/{label.line.line}")
    if label.instrument:
        yield Link(node, "rests on the agreement", _COOPERATION + label.instrument)


def _carrying(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    code = node.removeprefix(LABEL_NODE)
    table = metadata.tables[HOLDING]
    query = (
        select(table.c.mba, table.c.account, table.c.holding, table.c.labels, table.c.element_mg)
        .where(("+" + table.c.labels + "+").contains(f"+{code}+", autoescape=True))
        .order_by(table.c.mba, table.c.account, table.c.holding)
        .limit(LINK_LIMIT)
    )
    found: dict[Place, bool] = {}
    for mba, account, name, _, mg in connection.execute(query):
        place = (str(mba), str(account), str(name))
        found[place] = found.get(place, False) or mg > 0
    for place, now in found.items():
        if place[1] in (*FOLLOWED, PASSING):
            yield _carries(node_of_holding(*place), node, now)


def _carries(holding: str, label: str, now: bool) -> Link:
    if now:
        return Link(holding, "carries the label", label)
    return Link(holding, "carried the label", label)


def _of_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    table = metadata.tables[LABEL.name]
    query = select(table.c.label).where(table.c.act_id == place[0], table.c.line_no == place[1])
    code = connection.execute(query).scalar()
    if code is not None:
        last = labels(connection, metadata)[str(code)].line
        if tuple(last) == place:
            yield Link(f"{LABEL_NODE}{code}", "recorded in", node)
        return
    moves = metadata.tables[MOVE.name]
    followed = (
        select(moves)
        .where(
            or_(
                moves.c.of_act == place[0],
                and_(moves.c.act_id == place[0], moves.c.of_act.is_(None)),
            ),
            moves.c.of_line == place[1],
        )
        .order_by(moves.c.act_id, moves.c.line_no)
        .limit(LINK_LIMIT)
    )
    brought: dict[Place, None] = {}
    for row in connection.execute(followed).mappings():
        yield Link(f"line:{row['act_id']}/{row['line_no']}", "follows from", node)
        if row["to_account"] in (*FOLLOWED, PASSING):
            brought[row["to_mba"], row["to_account"], row["to_holding"]] = None
    for target in brought:
        yield Link(node_of_holding(*target), "brought or changed by", node)


def _steps(
    connection: Connection, metadata: MetaData, side: str, place: Place
) -> list[dict[str, Any]]:
    table = metadata.tables[STEP]
    mba, account, name = place
    keys = [step_key(Holding(mba, account, name, letter)) for letter in "NDEUPT"]
    query = (
        select(table)
        .where(table.c[f"{side}_key"].in_(keys), table.c.element_mg != 0)
        .order_by(table.c.event_date, table.c.from_act, table.c.from_line)
        .limit(LINK_LIMIT)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _place_of(key: str) -> Place:
    holding = holding_of(key)
    return holding.mba, holding.account, holding.name


def _move(
    connection: Connection, metadata: MetaData, place: tuple[int, int]
) -> dict[str, Any] | None:
    table = metadata.tables[MOVE.name]
    query = select(table.c.of_act, table.c.of_line).where(
        table.c.act_id == place[0], table.c.line_no == place[1]
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)
