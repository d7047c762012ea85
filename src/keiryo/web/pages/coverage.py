"""Coverage: what of an area was sealed or seen, where knowledge was lost, what to verify again.

The list says how each item of an area stands at an instant; the page of an item shows its ways with
their devices, and what each said through time. Everything can be asked as it was known earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.containment.instants import instant, shown
from keiryo.containment.register import containments
from keiryo.coverage.anomalies import Anomaly, anomalies
from keiryo.coverage.devices import Devices, devices
from keiryo.coverage.item import ItemCoverage, coverage_at, coverage_line
from keiryo.coverage.line import Line
from keiryo.coverage.remeasure import Mass, coverage_of_area, remeasure_list
from keiryo.errors import NotFoundError, UsageError
from keiryo.quantities import Category
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.areas_frame import element_text, why_address
from keiryo.web.pages.coverage_words import (
    ANOMALY_BADGES,
    ANOMALY_WORDS,
    CONTINUITY_BADGES,
    CONTINUITY_WORDS,
    LEVEL_WORDS,
    VALUE_BADGES,
    VALUE_LOOKS,
    VALUE_WORDS,
)
from keiryo.web.pictures.watch_line import WatchBar, WatchLabels, WatchRow, watch_line
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CAPABILITY = "coverage"
READING = {"reads": CAPABILITY}
HOME = "/coverage"
DEFAULT_DAYS = 90
MOST_ASKED = 60


def area_address(mba: str) -> str:
    """Return the address of the coverage of an area."""
    return f"{HOME}/{quote(mba)}"


def item_address(mba: str, name: str, **asked: str) -> str:
    """Return the address of the coverage of an item."""
    query = urlencode({"batch": name, **asked})
    return f"{area_address(mba)}/item?{query}"


# --- what is asked ---------------------------------------------------------------------------


class Wanted:
    """At which instant, as known when, and over which time a page is asked for.

    Raises
    ------
    UsageError
        If an instant cannot be read, or the period ends before it begins.
    """

    def __init__(self, request: AnyRequest, viewer: Viewer) -> None:
        self.at = self._instant(request, "on") or viewer.server.now()
        self.known_at = self._instant(request, "known")
        self.begin = self._instant(request, "from") or self.at - timedelta(days=DEFAULT_DAYS)
        self.end = self._instant(request, "to") or self.at
        if not self.begin < self.end:
            raise UsageError(
                "the period ends before it begins", "Give an earlier beginning or a later end."
            )

    @staticmethod
    def _instant(request: AnyRequest, name: str) -> datetime | None:
        text = str(request.query_params.get(name, "")).strip()[:MOST_ASKED]
        return instant(text) if text else None

    @property
    def kept(self) -> dict[str, str]:
        """What links of the page hand on."""
        told = {"on": shown(self.at)}
        return told if self.known_at is None else {**told, "known": shown(self.known_at)}

    def fields(self) -> dict[str, str]:
        """Return what the form of the page shows."""
        known = "" if self.known_at is None else shown(self.known_at)
        return {
            "on": shown(self.at),
            "known": known,
            "from": shown(self.begin),
            "to": shown(self.end),
        }


# --- areas -----------------------------------------------------------------------------------


@get(HOME, sync_to_thread=True, opt=READING)
def areas_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """List the areas that have containments, with how their items stand now."""
    now = viewer.server.now()
    rows = []
    with viewer.books.reading() as connection:
        every = containments(connection, viewer.metadata)
        for mba in sorted({one.mba for one in every.values()} & set(viewer.areas)):
            found = coverage_of_area(connection, viewer.metadata, mba, now)
            lost = sum(one.continuity == "lost" for one in found.items)
            rows.append(
                {
                    "mba": mba,
                    "href": area_address(mba),
                    "name": viewer.areas[mba].name,
                    "items": len(found.items),
                    "totals": _totals(found.totals()),
                    "lost": lost,
                }
            )
    return render(
        request, "coverage/areas.html", rows=rows, now=now, crumbs=[(_("Coverage"), None)]
    )


def _totals(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"text": _(VALUE_WORDS[name]), "badge": VALUE_BADGES[name], "count": count}
        for name, count in counts.items()
        if count
    ]


# --- an area ---------------------------------------------------------------------------------

ITEM_COLUMNS = (
    ListColumn("name", sentence("Batch"), "code", href=lambda row: row["href"]),
    ListColumn("value", sentence("Value"), choices=tuple(VALUE_WORDS.values())),
    ListColumn("continuity", sentence("Continuity"), choices=tuple(CONTINUITY_WORDS.values())),
    ListColumn("lost_since", sentence("Lost since"), "time"),
    ListColumn("held_in", sentence("Held in")),
    ListColumn("paths", sentence("Ways")),
)


@get(HOME + "/{mba:str}", sync_to_thread=True, opt=READING)
def area_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any] | Stream:
    """Show how the items of an area stand, what watched, what is to be verified again."""
    viewer.area(mba)
    wanted = Wanted(request, viewer)
    with viewer.books.reading() as connection:
        metadata = viewer.metadata
        found = coverage_of_area(connection, metadata, mba, wanted.at, known_at=wanted.known_at)
        again = remeasure_list(
            connection, metadata, mba, wanted.begin, wanted.end, known_at=wanted.known_at
        )
        wrong = anomalies(connection, metadata, mba, known_at=wanted.known_at)
        watching = devices(connection, metadata, mbas=[mba], known_at=wanted.known_at)
    rows = [_item_row(one, wanted) for one in found.items]
    table = shown_list(request, RowList(rows, ITEM_COLUMNS), f"coverage-{mba}")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["value"] = {"text": _(row["value"]), "badge": row["value_badge"]}
        cells["continuity"] = {"text": _(row["continuity"]), "badge": row["continuity_badge"]}
    return render(
        request,
        "coverage/area.html",
        mba=mba,
        asked=wanted.fields(),
        totals=_totals(found.totals()),
        listed=table,
        picture=_picture(_device_rows(watching, wanted), wanted),
        again=[_again_row(one, wanted) for one in again.items],
        again_totals=[_mass(one) for one in again.totals()],
        never=len(again.never),
        anomalies=[_anomaly_row(one) for one in wrong],
        here=area_address(mba),
        area_href=f"/areas/{quote(mba)}",
        crumbs=[(_("Coverage"), HOME), (mba, None)],
    )


def _item_row(one: ItemCoverage, wanted: Wanted) -> dict[str, Any]:
    since = one.lost_since
    return {
        "name": one.name,
        "value": VALUE_WORDS[one.value.name],
        "value_badge": VALUE_BADGES[one.value.name],
        "continuity": CONTINUITY_WORDS[one.continuity],
        "continuity_badge": CONTINUITY_BADGES[one.continuity],
        "lost_since": None if since is None else shown(since),
        "held_in": ", ".join(name.partition("/")[2] for name in one.held_in),
        "paths": "; ".join(f"{way.path}: {_(VALUE_WORDS[way.value.name])}" for way in one.paths),
        "href": item_address(one.mba, one.name, **wanted.kept),
    }


def _mass(one: Mass) -> dict[str, Any]:
    category = Category(one.category)
    element = f"{element_text(category, one.element_mg)} {category.unit}"
    return {"category": one.category, "element": element}


def _again_row(one: Any, wanted: Wanted) -> dict[str, Any]:
    first = one.losses[0]
    mba = one.batch_uid.partition("/")[0]
    return {
        "name": one.name,
        "href": item_address(mba, one.name, **wanted.kept),
        "since": instant_text(first.since),
        "value": {
            "text": _(VALUE_WORDS[first.value.name]),
            "badge": VALUE_BADGES[first.value.name],
        },
        "held_in": ", ".join(name.partition("/")[2] for name in one.held_in),
        "masses": " · ".join(
            f"{mass['category']} {mass['element']}" for mass in map(_mass, one.masses)
        ),
    }


def _anomaly_row(one: Anomaly) -> dict[str, Any]:
    return {
        "name": one.name or "",
        "state": {"text": _(ANOMALY_WORDS[one.state]), "badge": ANOMALY_BADGES[one.state]},
        "device": one.device,
        "why": why_address(one.device),
        "containment": one.containment or "",
        "begin": instant_text(one.time.begin),
        "end": "" if one.time.end is None else instant_text(one.time.end),
        "reason": one.reason,
        "items": ", ".join(uid.partition("#")[0] for uid in one.items),
        "resolution": "" if one.resolution is None else one.resolution.reason,
    }


# --- an item ---------------------------------------------------------------------------------


@get(HOME + "/{mba:str}/item", sync_to_thread=True, opt=READING)
def item_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show an item: its ways and their devices at an instant, and its value through time."""
    from keiryo.containment.recording import batch_uid

    viewer.area(mba)
    wanted = Wanted(request, viewer)
    name = str(request.query_params.get("batch", "")).strip()[:200]
    if not name:
        raise NotFoundError("no batch is named", "Follow a link of the list.")
    with viewer.books.reading() as connection:
        metadata = viewer.metadata
        uid = batch_uid(connection, metadata, mba, name)
        found = coverage_at(connection, metadata, uid, wanted.at, known_at=wanted.known_at)
        line = coverage_line(connection, metadata, uid, known_at=wanted.known_at)
        watching = devices(connection, metadata, mbas=[mba], known_at=wanted.known_at)
    inside = {way.containment.partition("/")[2] for way in found.paths}
    rows = [
        WatchRow(found.name, _bars(line, wanted)),
        *_device_rows(watching, wanted, inside),
    ]
    return render(
        request,
        "coverage/item.html",
        one=found,
        value={"text": _(VALUE_WORDS[found.value.name]), "badge": VALUE_BADGES[found.value.name]},
        continuity={
            "text": _(CONTINUITY_WORDS[found.continuity]),
            "badge": CONTINUITY_BADGES[found.continuity],
        },
        lost_since=None if found.lost_since is None else instant_text(found.lost_since),
        at=instant_text(found.at),
        asked=wanted.fields(),
        ways=[_way(one) for one in found.paths],
        findings=found.findings,
        picture=_picture(rows, wanted),
        steps=list(_steps(line, wanted)),
        why=why_address(f"batch:{uid}"),
        batch_href=f"/areas/{quote(mba)}/batch/{quote(found.name, safe='')}",
        here=f"{area_address(mba)}/item",
        crumbs=[(_("Coverage"), HOME), (mba, area_address(mba)), (found.name, None)],
    )


def _way(one: Any) -> dict[str, Any]:
    return {
        "containment": one.containment,
        "path": one.path,
        "value": {"text": _(VALUE_WORDS[one.value.name]), "badge": VALUE_BADGES[one.value.name]},
        "level": _(LEVEL_WORDS[str(one.level)]),
        "inherited": one.inherited_from,
        "devices": [
            {
                "device": each.device,
                "href": why_address(each.device.partition("@")[0]),
                "value": {
                    "text": _(VALUE_WORDS[each.value.name]),
                    "badge": VALUE_BADGES[each.value.name],
                },
                "reason": each.reason,
                "mechanism": each.mechanism,
            }
            for each in one.devices
        ],
    }


def _steps(line: Line, wanted: Wanted) -> Iterator[dict[str, Any]]:
    for step in line.steps(wanted.begin, wanted.end):
        yield {
            "begin": instant_text(step.begin),
            "end": instant_text(step.end),
            "value": {
                "text": _(VALUE_WORDS[step.value.name]),
                "badge": VALUE_BADGES[step.value.name],
            },
        }


# --- pictures --------------------------------------------------------------------------------


def _bars(line: Line, wanted: Wanted) -> tuple[WatchBar, ...]:
    """Return the intervals of a line within the period of the page as bars."""
    bars = []
    for step in line.steps(wanted.begin, wanted.end):
        if step.value.name in VALUE_LOOKS:
            begin, end = step.begin or wanted.begin, step.end or wanted.end
            word = _(VALUE_WORDS[step.value.name])
            told = f"{word}, {instant_text(begin)} – {instant_text(end)}"
            bars.append(WatchBar(VALUE_LOOKS[step.value.name], begin, end, told, word))
    return tuple(bars)


def _device_rows(found: Devices, wanted: Wanted, inside: set[str] | None = None) -> list[WatchRow]:
    """Return a row for each device on each way, of some containments or of all."""
    rows = []
    for (_mba, containment, path), every in sorted(found.ways.items()):
        if inside is not None and containment not in inside:
            continue
        for one in every:
            device = one.spans.device.partition("@")[0]
            bars = _bars(one.coverage(), wanted)
            name = f"{path} · {device.partition(':')[2]}"
            rows.append(WatchRow(name, bars, href=why_address(device)))
    return rows


def _picture(rows: Sequence[WatchRow], wanted: Wanted) -> str:
    labels = WatchLabels(
        title=_("What watched, and when"),
        description=_("{count} rows from {first} to {last}: {told}."),
        nothing=_("Nothing watched in this time."),
        more=_("{count} more rows stand in the table below."),
    )
    return watch_line(rows, wanted.begin, wanted.end, labels=labels)


SECTION = Section(
    "coverage",
    handlers=(areas_page, area_page, item_page),
    menu=(MenuEntry(sentence("Coverage"), HOME, sentence("Surveillance"), 10, reads(CAPABILITY)),),
)
