"""What a search finds in the books of the areas: areas, and batches by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from keiryo.accounts.tables import BATCH
from keiryo.web.pages.areas_frame import address
from keiryo.web.sections import Hit
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

SHORTEST = 2
MOST_SEARCHED = 200_000
"""Batches of which each is looked at for a piece of its name."""


def find_areas(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield areas by code, facility or name."""
    text, found = words.lower(), 0
    for code, area in viewer.areas.items():
        named = f"{area.name or ''} {area.facility} {area.scope}".lower()
        if found < most and (text in code.lower() or text in named):
            found += 1
            href = address("/areas", code) if viewer.reads("accounts") else "/areas"
            yield Hit("area", code, href, area.name or area.scope)


def find_batches(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield batches whose name begins with the words, then those that contain them."""
    if len(words) < SHORTEST or not viewer.reads("accounts"):
        return
    table = viewer.metadata.tables[BATCH.name]
    columns = (table.c.mba, table.c.name, table.c.kind)
    area, _slash, rest = words.partition("/")
    wanted = rest if rest and area.upper() in viewer.areas else words
    codes = [area.upper()] if wanted is not words else list(viewer.areas)
    # The range finds its place in an index of SQLite; on PostgreSQL texts may be ordered otherwise.
    begins = [table.c.name.startswith(wanted, autoescape=True)]
    if viewer.books.is_sqlite:
        begins = [table.c.name >= wanted, table.c.name < f"{wanted}\U0010ffff"]
    seen: set[tuple[str, str]] = set()
    some = select(*columns).where(table.c.mba.in_(codes)).limit(MOST_SEARCHED).subquery()
    inside = func.lower(some.c.name).contains(wanted.lower(), autoescape=True)
    queries: tuple[Any, ...] = (
        select(*columns).where(table.c.mba.in_(codes), *begins).order_by(table.c.name),
        select(some.c.mba, some.c.name, some.c.kind).where(inside),
    )
    with viewer.books.reading() as connection:
        for query in queries:
            if len(seen) >= most:
                return
            for mba, name, kind in connection.execute(query.limit(2 * most)):
                if (mba, name) not in seen and len(seen) < most:
                    seen.add((mba, name))
                    yield Hit("batch", f"{mba}/{name}", _batch(mba, name), _(str(kind)))


def _batch(mba: str, name: str) -> str:
    if "/" in name or name in (".", ".."):
        return address("/areas", mba, "batch", name=name)
    return address("/areas", mba, "batch", name)
