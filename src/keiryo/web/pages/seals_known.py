"""Seals as they stand for a viewer, and where each is shown.

Whoever reads the seals of the whole State sees every seal. Whoever reads those of some areas sees
a seal if it was attached there and nowhere else: its life in stock is no matter of one area, so it
is read from the books as a whole and narrowed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from keiryo.errors import Finding, NotFoundError
from keiryo.seals.numbers import SealKey, is_sound
from keiryo.seals.overdue import doubles, overdue
from keiryo.seals.register import key_of, rows_of, seal_lines, standings
from keiryo.seals.standing import Standing
from keiryo.seals.tables import SEAL_REFUSED
from keiryo.storage.engine import Database
from keiryo.web.pages.boards import areas_reading, sees_state
from keiryo.web.viewer import Viewer

CAPABILITY = "seals"
READING = {"reads": CAPABILITY}
HOME = "/seals"
OVERDUE, DOUBLES, REFUSED = f"{HOME}/overdue", f"{HOME}/duplicates", f"{HOME}/refused"
DOCUMENTS = f"{HOME}/documents"


@dataclass(frozen=True, slots=True)
class Known:
    """Seals, as a viewer sees them.

    Attributes
    ----------
    seals : mapping of SealKey to Standing
    lines : mapping of SealKey to mapping
        What the register holds of each.
    doubles, refused : list of mapping
        Numbers reported twice and events that do not fit; refused reports.
    """

    seals: Mapping[SealKey, Standing]
    lines: Mapping[SealKey, Mapping[str, Any]]
    doubles: list[dict[str, Any]]
    refused: list[dict[str, Any]]


def books_of(viewer: Viewer) -> Database:
    """Return the books from which seals are read for a viewer; narrowed by `known`."""
    return viewer.books if sees_state(viewer, CAPABILITY) else viewer.whole


def known(viewer: Viewer) -> Known:
    """Return seals as they stand; read anew when something about them was posted."""

    def find() -> Known:
        metadata = viewer.metadata
        with books_of(viewer).reading() as connection:
            every = standings(connection, metadata)
            lines = seal_lines(connection, metadata)
            twice = doubles(connection, metadata)
            refused = rows_of(connection, metadata, SEAL_REFUSED.name)
        if sees_state(viewer, CAPABILITY):
            return Known(every, lines, twice, refused)
        mine = set(areas_reading(viewer, CAPABILITY))
        seen = {key: one for key, one in every.items() if _only_in(one, mine)}
        named = {str(key) for key in seen}
        return Known(
            seen,
            lines,
            [row for row in twice if row["seal"] in named],
            [row for row in refused if key_of(row) in seen],
        )

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("seals", viewer.sight), last, find)


def _only_in(one: Standing, mbas: set[str]) -> bool:
    """Return whether a seal was attached, and in some areas only."""
    places = {period.attached.mba for period in one.periods}
    return bool(places) and places <= mbas


def waiting(viewer: Viewer, at: datetime) -> list[tuple[dict[str, Any], Finding]]:
    """Return which seals wait too long at an instant, of those that are seen."""
    hour = at.replace(minute=0, second=0, microsecond=0)

    def find() -> list[tuple[dict[str, Any], Finding]]:
        with books_of(viewer).reading() as connection:
            found = overdue(connection, viewer.metadata, at)
        seen = {str(key) for key in known(viewer).seals}
        return [(row, finding) for row, finding in found if row["seal"] in seen]

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("seals waiting", viewer.sight), (last, hour), find)


def require_seal(viewer: Viewer, body: str, number: str) -> Standing:
    """Return a seal that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that number.
    """
    key = SealKey(body, number)
    found = known(viewer).seals.get(key) if is_sound(key) else None
    if found is None:
        raise NotFoundError(
            f"there is no seal {body[:40]}/{number[:40]} that you may see",
            "Numbers keep their leading zeros; the list of seals has all of them.",
        )
    return found


def scope_of(viewer: Viewer, one: Standing) -> str:
    """Return about what an act is that is posted of a seal: its area, or the State."""
    area = viewer.areas.get(one.mba or "")
    return viewer.state if area is None else area.scope


def seal_address(seal: SealKey | str) -> str:
    """Return the page of a seal, which goes by body and number."""
    body, _slash, number = str(seal).partition("/")
    return f"{HOME}/{quote(body, safe='')}/{quote(number, safe='')}"


def containment_address(place: str) -> str:
    """Return the page of a containment, which goes by ``MBA/NAME``."""
    mba, _slash, name = place.partition("/")
    return f"/containments/{quote(mba, safe='')}/{quote(name, safe='')}"


def page_of_node(node: str) -> str | None:
    """Return the page of a node of the evidence chain: ``seal:…`` or ``containment:…``."""
    kind, _colon, name = node.partition(":")
    if "/" not in name:
        return None
    if kind == "seal":
        return seal_address(name.partition("@")[0])
    return containment_address(name) if kind == "containment" else None


def act_address(node: str) -> str:
    """Return the act of a line: ``line:3/1`` is line 1 of act 3."""
    return f"/journal/acts/{node.removeprefix('line:').partition('/')[0]}"


def item_address(viewer: Viewer, uid: str) -> str:
    """Return where an item is shown: its coverage, or its history for who does not read that."""
    mba, _slash, name = uid.rpartition("#")[0].partition("/")
    batch = quote(name, safe="")
    if viewer.reads("coverage"):
        return f"/coverage/{quote(mba)}/item?batch={batch}"
    return f"/areas/{quote(mba)}/batch?name={batch}"
