"""What a search finds in the books of the areas: areas, batches by name, reports by number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from keiryo.accounts.tables import BATCH
from keiryo.reports.tables import ISSUED_REPORT, REPORT
from keiryo.web.pages.areas_frame import address
from keiryo.web.sections import Hit
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

SHORTEST = 2
MOST_SEARCHED = 200_000
"""Batches of which each is looked at for a piece of its name."""

_REPORT = re.compile(r"(?:([A-Za-z]{2})/)?([A-Za-z0-9-]{4})[/ ]+#?([0-9]{1,9})")


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


def find_reports(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield reports by area and number: ``XAFA/102``; a bare number is one of any area."""
    if not viewer.reads("reports"):
        return
    match = _REPORT.fullmatch(words)
    bare = words.isdecimal() and len(words) < 10
    if match is None and not bare:
        return
    seen: set[tuple[str, int]] = set()
    with viewer.books.reading() as connection:
        for name in (REPORT.name, ISSUED_REPORT.name):
            table = viewer.metadata.tables[name]
            number = int(words if match is None else match[3])
            codes = list(viewer.areas) if match is None else [match[2].upper()]
            query = (
                select(table.c.mba, table.c.report_no, table.c.report_type, table.c.report_date)
                .where(table.c.mba.in_(codes), table.c.report_no == number)
                .order_by(table.c.act_id.desc())
                .limit(most)
            )
            for mba, report_no, kind, day in connection.execute(query):
                if (mba, report_no) not in seen and len(seen) < most:
                    seen.add((mba, report_no))
                    detail = " ".join(str(part) for part in (kind, day) if part)
                    href = address("/reports", mba, str(report_no))
                    yield Hit("report", f"{mba}/{report_no}", href, detail)
