"""Expert missions: the list, each mission, and the findings that are still to be settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.cooperation.missions import SETTLED, Mission
from keiryo.dates import number_date
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import first_shown
from keiryo.web.pages.cooperation import GROUP as MENU_GROUP
from keiryo.web.pages.cooperation_known import CAPABILITY, READING
from keiryo.web.pages.information_shown import caveat_badges
from keiryo.web.pages.meetings_asked import AHEAD_DAYS, done_act
from keiryo.web.pages.meetings_shown import urgency
from keiryo.web.pages.meetings_words import (
    FINDING_KINDS,
    FINDING_STATES,
    MISSION_KINDS,
    MISSION_STATES,
    URGENCY,
    badge_of,
    state_choices,
)
from keiryo.web.pages.missions_forms import HANDLERS, NEW
from keiryo.web.pages.missions_people import HANDLERS as EXCHANGE_HANDLERS
from keiryo.web.pages.missions_shown import (
    EXCHANGED,
    FOLLOW_UPS,
    MISSIONS,
    REQUEST,
    due_of,
    exchange_address,
    known_exchanges,
    known_missions,
    mission_address,
    mission_seen,
    show_mission,
)
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SHOWN_ON_OVERVIEW = 8

COLUMNS = (
    ListColumn("first_day", sentence("First day"), "date"),
    ListColumn(
        "mission", sentence("Name"), "code", href=lambda row: mission_address(row["mission"])
    ),
    ListColumn("kind", sentence("Kind"), choices=tuple(MISSION_KINDS.values())),
    ListColumn("title", sentence("Title")),
    ListColumn("host", sentence("Host organisation")),
    ListColumn("provider", sentence("Sent by")),
    ListColumn("state", sentence("State"), choices=state_choices(MISSION_STATES)),
    ListColumn("caveats", sentence("Handling caveats")),
    ListColumn("open", sentence("Open findings"), "number", filterable=False),
    ListColumn("findings", sentence("Findings"), "number", filterable=False),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("last_day", sentence("Last day"), "date", hidden=True),
    ListColumn("requested_on", sentence("Requested on"), "date", hidden=True),
    ListColumn("follows", sentence("Follows up"), hidden=True),
    ListColumn("under", sentence("Under"), hidden=True),
)


@get(MISSIONS, sync_to_thread=True, opt=READING)
def missions_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the missions, the last requested first."""
    every = sorted(known_missions(viewer).values(), key=_requested, reverse=True)
    rows = [_mission_row(one) for one in every]
    table = shown_list(request, RowList(rows, COLUMNS), "missions")
    if isinstance(table, Response | Stream):
        return table
    by_word = {word: badge for badge, word in MISSION_STATES.values()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["state"] = {"text": _(row["state"]), "badge": by_word[row["state"]]}
        cells["kind"] = _(row["kind"])
        cells["caveats"] = caveat_badges(str(row["caveats"] or "").split())
    return render(
        request,
        "missions/missions.html",
        listed=table,
        total=len(rows),
        open_count=sum(row["open"] for row in rows),
        follow_ups=FOLLOW_UPS,
        may_request=viewer.may_post(REQUEST, viewer.state),
        new=NEW,
        done=done_act(request),
        crumbs=[(_("Expert missions"), None)],
    )


def _requested(one: Mission) -> tuple[int, str]:
    return int(one.values["requested_on"]), one.name


def _mission_row(one: Mission) -> dict[str, Any]:
    period, values = one.period, one.values
    return {
        **{n: values[n] for n in ("title", "host", "provider", "follows", "under", "caveats")},
        "first_day": None if period is None else period[0],
        "last_day": None if period is None else period[1],
        "requested_on": number_date(int(values["requested_on"])),
        "mission": one.name,
        "kind": MISSION_KINDS[str(values["kind"])],
        "state": MISSION_STATES[one.state][1],
        "open": sum(found["state"] not in SETTLED for found in one.found.values()),
        "findings": len(one.found),
        "act": values["act_id"],
    }


FOUND_COLUMNS = (
    ListColumn("when", sentence("Urgency"), choices=tuple(URGENCY)),
    ListColumn("due", sentence("By when"), "date"),
    ListColumn(
        "mission", sentence("Mission"), "code", href=lambda row: mission_address(row["mission"])
    ),
    ListColumn("number", sentence("Finding"), "code"),
    ListColumn("kind", sentence("Kind"), choices=tuple(FINDING_KINDS.values())),
    ListColumn("words", sentence("What was found")),
    ListColumn("state", sentence("State"), choices=state_choices(FINDING_STATES)),
    ListColumn("owner", sentence("Who answers for it")),
    ListColumn("plan", sentence("What is done about it")),
    ListColumn("act", sentence("Act"), "act"),
)


def open_findings(viewer: Viewer) -> list[tuple[Mission, Mapping[str, Any]]]:
    """Return the findings of missions that are seen and not settled, what is due first."""
    found = [
        (mission, one)
        for mission in known_missions(viewer).values()
        for one in mission.found.values()
        if one["state"] not in SETTLED
    ]
    found.sort(key=lambda pair: (int(pair[1]["due_on"] or 9999_12_31), pair[0].name))
    return found


@get(FOLLOW_UPS, sync_to_thread=True, opt=READING)
def follow_ups_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the findings of all missions that are still to be settled, what is due first."""
    rows = [
        {
            **{n: one[n] for n in ("number", "words", "owner", "plan")},
            "when": urgency(due_of(one), viewer.today),
            "due": due_of(one),
            "mission": mission.name,
            "kind": FINDING_KINDS[str(one["kind"])],
            "state": FINDING_STATES[str(one["state"])][1],
            "act": one["act_id"],
        }
        for mission, one in open_findings(viewer)
    ]
    table = shown_list(request, RowList(rows, FOUND_COLUMNS), "mission-findings")
    if isinstance(table, Response | Stream):
        return table
    by_word = {word: badge for badge, word in FINDING_STATES.values()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["when"] = {"text": _(row["when"]), "badge": URGENCY[row["when"]]}
        cells["state"] = {"text": _(row["state"]), "badge": by_word[row["state"]]}
        cells["kind"] = _(row["kind"])
        cells["_kind"] = "error" if URGENCY[row["when"]] == "error" else None
    return render(
        request,
        "missions/findings.html",
        listed=table,
        crumbs=[(_("Expert missions"), MISSIONS), (_("Open findings"), None)],
    )


@get(MISSIONS + "/{name:str}", sync_to_thread=True, opt=READING)
def mission_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show a mission: its steps, its team, what it found and what is done about it."""
    mission_seen(viewer, name)
    return show_mission(request, viewer, name, first_shown(viewer, mission_address(name)))


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return the findings of missions that are overdue or due in the next days."""
    if not known_missions(viewer):
        return None
    on = viewer.today
    pairs = [(mission, one, due_of(one)) for mission, one in open_findings(viewer)]
    near = [(m, one, due) for m, one, due in pairs if due and (due - on).days <= AHEAD_DAYS]
    return {
        "ahead_days": AHEAD_DAYS,
        "near_count": len(near),
        "near": [
            {
                "badge": URGENCY[urgency(due, on)],
                "when": _(urgency(due, on)),
                "name": f"{mission.name} {one['number']}",
                "href": mission_address(mission.name),
                "words": one["words"],
                "state": badge_of(FINDING_STATES, str(one["state"])),
                "day": day_text(due),
            }
            for mission, one, due in near[:SHOWN_ON_OVERVIEW]
        ],
    }


def find_missions(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield missions by name, title, team and findings, and exchanges by person and topic."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    for one in known_missions(viewer).values():
        people = (str(member["person"]) for member in one.team)
        found = (str(finding["words"]) for finding in one.found.values())
        text = "\n".join((one.name, str(one.values["title"]), *people, *found))
        if count < most and wanted in text.casefold():
            count += 1
            address = mission_address(one.name)
            yield Hit(sentence("expert mission"), one.name, address, str(one.values["title"]))
    for other in known_exchanges(viewer).values():
        text = f"{other.name}\n{other.values['person']}\n{other.values['topic']}"
        if count < most and wanted in text.casefold():
            count += 1
            detail = f"{other.values['person']}: {other.values['topic']}"
            yield Hit(
                sentence("exchange of people"), other.name, exchange_address(other.name), detail
            )


SECTION = Section(
    "missions",
    handlers=(missions_page, follow_ups_page, mission_page, *HANDLERS, *EXCHANGE_HANDLERS),
    menu=(
        MenuEntry(sentence("Expert missions"), MISSIONS, MENU_GROUP, 50, reads(CAPABILITY)),
        MenuEntry(sentence("Exchanges of people"), EXCHANGED, MENU_GROUP, 55, reads(CAPABILITY)),
    ),
    overview=(
        OverviewPart(
            "follow-ups",
            sentence("Follow-ups of missions"),
            27,
            reads(CAPABILITY),
            overview_part,
            "missions/overview.html",
        ),
    ),
    search=(find_missions,),
)
