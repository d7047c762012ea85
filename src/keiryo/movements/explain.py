"""What an imported week rests on: the act with which its import began, and that act's files."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.registry import Capability, Link
from keiryo.storage.schema import ACT

STEM = "movements:"
"""Client ids of one import are ``movements:DIGEST:begin``, ``movements:DIGEST:week:N`` ..."""


def explain_import(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the act with which the import began that an act belongs to."""
    kind, _, number = node.partition(":")
    if kind != "act" or not number.isdecimal():
        return
    act = metadata.tables[ACT]
    own = connection.execute(select(act.c.client_id).where(act.c.act_id == int(number))).scalar()
    if own is None or not str(own).startswith(STEM):
        return
    begin = f"{STEM}{str(own).split(':')[1]}:begin"
    query = select(act.c.act_id).where(act.c.client_id == begin, act.c.act_id != int(number))
    for (act_id,) in connection.execute(query):
        yield Link(node, "imported with", f"act:{act_id}")


MOVEMENTS = Capability("movements", explainers=(explain_import,))
