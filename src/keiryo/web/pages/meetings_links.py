"""What of meetings, information, missions and exchanges concerns an object of the register.

Pages of commitments and agreements show it, and the page that says why leads from here to there.
Only what the viewer sees is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from keiryo.dates import number_date
from keiryo.web.pages.information_shown import information_address, known_log
from keiryo.web.pages.meetings_shown import known_meetings, meeting_address
from keiryo.web.pages.meetings_words import (
    DIRECTIONS,
    EXCHANGE_STATES,
    MEETING_STATES,
    MISSION_STATES,
    badge_of,
    word_of,
)
from keiryo.web.pages.missions_shown import (
    exchange_address,
    known_exchanges,
    known_missions,
    mission_address,
)
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

_ITEM = re.compile(r"meeting:([^\s/]{1,200})/([0-9]{1,9})")


def concerning(viewer: Viewer, name: str) -> list[dict[str, Any]]:
    """Return what concerns an object of the register, the last first: kind, name, day, state, act.

    Parameters
    ----------
    name : str
        Of a commitment, an agreement, a body: whatever things may stand under.
    """
    rows = [*_meetings(viewer, name), *_exchanged(viewer, name)]
    rows.sort(key=lambda row: row["day_number"], reverse=True)
    return [{**row, "day": day_text(number_date(row["day_number"]))} for row in rows]


def _meetings(viewer: Viewer, name: str) -> Iterator[dict[str, Any]]:
    for meeting in known_meetings(viewer).meetings.values():
        decided = {int(one["item"]) for one in meeting.decisions if one["commitment"] == name}
        if meeting.body == name:
            yield {
                "kind": _("meeting"),
                "name": meeting.name,
                "href": meeting_address(meeting.name),
                "title": meeting.values["title"],
                "day_number": int(meeting.values["on_day"]),
                "state": badge_of(MEETING_STATES, meeting.state),
                "act": meeting.values["act_id"],
            }
        for item in meeting.items:
            if item.values["commitment"] != name and item.number not in decided:
                continue
            here = _("decided there") if item.number in decided else _("item of a meeting")
            state = {"badge": "open", "text": _("open")}
            yield {
                "kind": here,
                "name": item.name,
                "href": meeting_address(meeting.name, item.number),
                "title": item.values["title"],
                "day_number": int(meeting.values["on_day"]),
                "state": state if item.is_open else {"badge": "ok", "text": _("closed")},
                "act": item.values["act_id"],
            }


def _exchanged(viewer: Viewer, name: str) -> Iterator[dict[str, Any]]:
    for item in known_log(viewer).items.values():
        if item.values["under"] == name:
            direction = word_of(DIRECTIONS, item.values["direction"])
            yield {
                **_row(item.name, item.values, information_address(item.name), "on_day"),
                "kind": _("information"),
                "state": {"badge": "plain", "text": direction},
            }
    for mission in known_missions(viewer).values():
        if mission.values["under"] == name:
            yield {
                **_row(mission.name, mission.values, mission_address(mission.name), "requested_on"),
                "kind": _("expert mission"),
                "state": badge_of(MISSION_STATES, mission.state),
            }
    for one in known_exchanges(viewer).values():
        if one.values["under"] == name:
            values = {**one.values, "title": f"{one.values['person']}: {one.values['topic']}"}
            yield {
                **_row(one.name, values, exchange_address(one.name), "agreed_on"),
                "kind": _("exchange of people"),
                "state": badge_of(EXCHANGE_STATES, one.state),
            }


def _row(name: str, values: Mapping[str, Any], href: str, day: str) -> dict[str, Any]:
    return {
        "name": name,
        "href": href,
        "title": values["title"],
        "day_number": int(values[day]),
        "act": values["act_id"],
    }


def page_of_node(viewer: Viewer, node: str) -> str | None:
    """Return the page that shows a node, if it is one of these that the viewer sees.

    Parameters
    ----------
    node : str
        As the page that says why names it: ``cooperation:info.0001``, ``meeting:m.first/2``.
    """
    named = _ITEM.fullmatch(node)
    if named is not None:
        meeting = known_meetings(viewer).meetings.get(named[1])
        numbers = () if meeting is None else tuple(one.number for one in meeting.items)
        number = int(named[2])
        return meeting_address(named[1], number) if number in numbers else None
    kind, _colon, name = node.partition(":")
    if kind != "cooperation":
        return None
    if name in known_meetings(viewer).meetings:
        return meeting_address(name)
    if name in known_log(viewer).items:
        return information_address(name)
    if name in known_missions(viewer):
        return mission_address(name)
    return exchange_address(name) if name in known_exchanges(viewer) else None


def under_link(viewer: Viewer, name: str | None) -> dict[str, Any] | None:
    """Return that under which something stands as a link; None if it stands under nothing."""
    if not name:
        return None
    href = page_of_node(viewer, f"cooperation:{name}")
    return {"text": name, "href": href or f"/cooperation/register/{quote(name, safe='')}"}
