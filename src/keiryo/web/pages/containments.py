"""Containments: the ways into each and what closes or watches them, what it holds, inspections.

Whoever may record it states on the page of a containment that it was looked over. After an opening
of a seal nothing is known again of what is inside before somebody has done that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.containment.recording import INSPECT, INSPECTION_RESULTS, inspect
from keiryo.containment.register import Containment, Content, Way
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import Entered, areas_reading, first_shown
from keiryo.web.pages.cameras_asked import findings_of
from keiryo.web.pages.containments_known import (
    CAPABILITY,
    COVERAGE,
    HOME,
    READING,
    OnWay,
    known,
    on_ways,
    require_containment,
    sealed,
    values_of_ways,
    ways_now,
)
from keiryo.web.pages.containments_registering import (
    IMPORT_PAGE,
    REGISTER_PAGE,
    import_page,
    import_table,
    may_import,
    may_register,
    register_containment,
    register_page,
)
from keiryo.web.pages.containments_steps import (
    acts_about,
    containment_step_page,
    record_containment_step,
    steps_offered,
)
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.equipment_standing import evidence_links, why_address
from keiryo.web.pages.seals_asked import asked_form
from keiryo.web.pages.seals_known import act_address, containment_address, item_address
from keiryo.web.pages.seals_words import (
    INSPECTION_BADGES,
    INSPECTION_WORDS,
    KIND_WORDS,
    value_badge,
    worded,
)
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ONE = HOME + "/{mba:str}/{containment:str}"

COLUMNS = (
    ListColumn(
        "name", sentence("Containment"), "code", href=lambda row: containment_address(row["name"])
    ),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("kind", sentence("Kind"), choices=tuple(KIND_WORDS.values())),
    ListColumn("kmp", sentence("Key measurement point"), "code"),
    ListColumn("location", sentence("Where it is")),
    ListColumn("ways", sentence("Ways")),
    ListColumn("items", sentence("Items now"), "number", filterable=False),
    ListColumn("seals", sentence("Seals now"), "number", filterable=False),
    ListColumn("inspected", sentence("Last inspected"), "time"),
    ListColumn(
        "result",
        sentence("Result"),
        choices=tuple(INSPECTION_WORDS.values()),
    ),
)
_BADGES = {word: INSPECTION_BADGES[name] for name, word in INSPECTION_WORDS.items()}


@get(HOME, sync_to_thread=True, opt=READING)
def containments_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List containments: ways, how much each holds, by how many seals it is closed."""
    found, now = known(viewer), viewer.server.now()
    rows = []
    for name, one in found.places.items():
        last = one.inspections[-1] if one.inspections else None
        rows.append(
            {
                "name": name,
                "mba": one.mba,
                "kind": KIND_WORDS.get(one.kind, one.kind),
                "kmp": one.kmp,
                "location": one.location,
                "ways": ", ".join(way.path for way in ways_now(one, now)),
                "items": len(found.inside(name, now)),
                "seals": len(sealed(viewer, one)),
                "inspected": None if last is None else last.at,
                "result": None if last is None else INSPECTION_WORDS[last.result],
            }
        )
    table = shown_list(request, RowList(rows, COLUMNS), "containments")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["kind"] = _(row["kind"])
        if row["result"]:
            cells["result"] = {"text": _(row["result"]), "badge": _BADGES[row["result"]]}
    return render(
        request,
        "containments/list.html",
        listed=table,
        total=len(rows),
        register=REGISTER_PAGE if may_register(viewer) else None,
        import_page=IMPORT_PAGE if may_import(viewer) else None,
        done=done_act(request),
        crumbs=[(_("Containments"), None)],
    )


@get(ONE, sync_to_thread=True, opt=READING)
def containment_page(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], containment: FromPath[str]
) -> Response[Any]:
    """Show a containment: its ways, what it holds and held, who looked it over."""
    one = require_containment(viewer, mba, containment)
    here = containment_address(f"{mba}/{containment}")
    return show_containment(request, viewer, one, first_shown(viewer, here))


def show_containment(
    request: AnyRequest, viewer: Viewer, one: Containment, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of a containment; with what was typed, where the form comes back."""
    now, name = viewer.server.now(), f"{one.mba}/{one.name}"
    held = known(viewer).held.get(name, [])
    values, there = values_of_ways(viewer, one, now), on_ways(viewer, one, now)
    inside = [item for item in held if item.time.holds(now)]
    area = viewer.area(one.mba)
    return render(
        request,
        "containments/containment.html",
        http_status=entered.status,
        one=one,
        name=name,
        kind=worded(KIND_WORDS, one.kind),
        ways=[_way_row(way, now, values, there) for way in one.ways],
        with_values=bool(values),
        inside=[_content_row(viewer, item) for item in inside],
        before=[_content_row(viewer, item) for item in reversed(held) if item not in inside],
        inspections=_inspections(viewer, one),
        now=instant_text(now),
        coverage=f"/coverage/{one.mba}" if one.mba in areas_reading(viewer, COVERAGE) else None,
        area_href=f"/areas/{one.mba}",
        act=int(act_address(one.line).rpartition("/")[2]),
        why=why_address(one.node),
        may_inspect=viewer.may_post(INSPECT, area.scope),
        results=[(result, worded(INSPECTION_WORDS, result)) for result in INSPECTION_RESULTS],
        **moment_context(viewer),
        entered=entered,
        which=which,
        steps=steps_offered(viewer, one),
        told=findings_of(viewer, done_act(request)),
        done=done_act(request),
        here=containment_address(name),
        crumbs=[(_("Containments"), HOME), (name, None)],
    )


def _way_row(
    way: Way, now: datetime, values: dict[str, str], there: dict[str, list[OnWay]]
) -> dict[str, Any]:
    open_now = way.time.holds(now)
    return {
        "path": way.path,
        "begin": instant_text(way.time.begin),
        "end": None if way.time.end is None else instant_text(way.time.end),
        "note": way.note,
        "value": value_badge(values.get(way.path)) if open_now else None,
        "devices": [
            {"device": one.device, "href": one.href, "since": instant_text(one.since)}
            for one in there.get(way.path, [])
        ]
        if open_now
        else [],
        "open": open_now,
    }


def _content_row(viewer: Viewer, one: Content) -> dict[str, Any]:
    return {
        "batch": one.batch_uid,
        "href": item_address(viewer, one.batch_uid),
        "begin": instant_text(one.time.begin),
        "end": None if one.time.end is None else instant_text(one.time.end),
        "note": one.note,
        "act": int(act_address(one.time.line).rpartition("/")[2]),
    }


def _inspections(viewer: Viewer, one: Containment) -> list[dict[str, Any]]:
    """Return who looked a containment over, the last time first."""
    files = evidence_links(viewer, [" ".join(each.evidence) for each in one.inspections])
    rows = [
        {
            "at": instant_text(each.at),
            "inspectors": ", ".join(each.inspectors),
            "result": {
                "text": worded(INSPECTION_WORDS, each.result),
                "badge": INSPECTION_BADGES.get(each.result, "plain"),
            },
            "note": each.note,
            "evidence": links,
            "act": int(act_address(each.line).rpartition("/")[2]),
        }
        for each, links in zip(one.inspections, files, strict=True)
    ]
    return rows[::-1]


@post(ONE + "/inspections", status_code=200, sync_to_thread=True, opt=READING)
def inspect_containment(
    request: AnyRequest, viewer: Asking, mba: FromPath[str], containment: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that a containment was looked over, with what shows it."""
    one = require_containment(viewer, mba, containment)
    viewer.require_post(INSPECT, viewer.area(mba).scope)

    def show(entered: Entered, which: str) -> Response[Any]:
        return show_containment(request, viewer, one, entered, which)

    def acts_since(head: int) -> list[int]:
        return acts_about(viewer, mba, containment, head)

    here = containment_address(f"{mba}/{containment}")
    asked = asked_form(request, viewer, "inspect", here, show, acts_since)
    at, persons = asked.moment(), asked.persons()
    result = asked.chosen("result", INSPECTION_RESULTS, _("Choose what was found."))
    note, files = asked.long_text("note"), asked.files()
    inspectors = [name for name in persons if name]
    return asked.done(
        lambda: inspect(
            *(viewer.whole, viewer.actor(), mba, containment, at, inspectors, result),
            note=note,
            files=files,
        ),
        files,
    )


SECTION = Section(
    "containments",
    handlers=(
        *(containments_page, containment_page, inspect_containment),
        *(register_page, register_containment, import_page, import_table),
        *(containment_step_page, record_containment_step),
    ),
    menu=(
        MenuEntry(sentence("Containments"), HOME, sentence("Surveillance"), 15, reads(CAPABILITY)),
    ),
)
