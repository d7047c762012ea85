"""The lists of seals as tabs, with how many stand in each; shipping documents among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keiryo.seals.numbers import SealKey
from keiryo.seals.register import rows_of
from keiryo.seals.tables import SEAL_DOCUMENT
from keiryo.web.pages.seals_known import (
    CAPABILITY,
    DOCUMENTS,
    DOUBLES,
    HOME,
    OVERDUE,
    REFUSED,
    known,
    waiting,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer


def tabs(viewer: Viewer, path: str) -> list[tuple[str, str, bool, int]]:
    """Return the lists as tabs, with how many stand in each."""
    found = known(viewer)
    told = (
        (_("All seals"), HOME, len(found.seals)),
        (_("Overdue"), OVERDUE, len(waiting(viewer, viewer.server.now()))),
        (_("Reported twice"), DOUBLES, len(found.doubles)),
        (_("Refused reports"), REFUSED, len(found.refused)),
        (_("Shipping documents"), DOCUMENTS, len(documents(viewer))),
    )
    return [(title, href, href == path, count) for title, href, count in told]


def documents(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the shipping documents that are seen, the last one first."""

    def find() -> list[dict[str, Any]]:
        with viewer.books.reading() as connection:
            return _summed(rows_of(connection, viewer.metadata, SEAL_DOCUMENT.name))

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("seal documents", viewer.sight), last, find)


def _summed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each document, from its lines."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(
            (row["act_id"], row["document"]),
            {
                "document": row["document"],
                "mba": row["mba"],
                "at": row["at"],
                "act": row["act_id"],
                "stated": set(),
                "found": set(),
            },
        )
        one[row["side"]].add(SealKey(row["body"], row["number"]))
    told = [
        {
            **one,
            "stated": len(one["stated"]),
            "found": len(one["found"]),
            "differing": len(one["stated"] ^ one["found"]),
        }
        for one in found.values()
    ]
    return told[::-1]
