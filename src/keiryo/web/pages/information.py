"""Information exchanged with partners: the log with its caveats, and the pages that record in it.

What a caveat keeps here is not handed out, whoever asks; whoever may not see a caveat does not
find what bears it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.cooperation.information import item_dict
from keiryo.dates import parse_date
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import asked_flag, first_shown
from keiryo.web.pages.cooperation import GROUP as MENU_GROUP
from keiryo.web.pages.cooperation_known import CAPABILITY, READING
from keiryo.web.pages.information_forms import HAND_OUT, HANDLERS, NEW
from keiryo.web.pages.information_shown import (
    EVENT,
    INFORMATION,
    RECORD,
    caveat_badges,
    information_address,
    known_log,
    show_information,
)
from keiryo.web.pages.meetings_asked import done_act
from keiryo.web.pages.meetings_words import DIRECTIONS, ONWARD_WORDS
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

YES, NO = sentence("yes"), sentence("no")
COLUMNS = (
    ListColumn("on", sentence("Day"), "date"),
    ListColumn(
        "information",
        sentence("Name"),
        "code",
        href=lambda row: information_address(row["information"]),
    ),
    ListColumn("direction", sentence("Direction"), choices=tuple(DIRECTIONS.values())),
    ListColumn("title", sentence("Title")),
    ListColumn("source", sentence("From")),
    ListColumn("recipient", sentence("To")),
    ListColumn("caveats", sentence("Handling caveats")),
    ListColumn("onward", sentence("Handing it on"), choices=tuple(ONWARD_WORDS.values())),
    ListColumn("retention_until", sentence("Kept until"), "date"),
    ListColumn("acknowledged", sentence("Acknowledged"), choices=(YES, NO)),
    ListColumn("gone", sentence("Gone"), choices=("returned", "destroyed")),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("retention_over", sentence("To be returned or destroyed"), hidden=True),
    ListColumn("medium", sentence("Medium"), hidden=True),
    ListColumn("purposes", sentence("Purposes"), hidden=True),
    ListColumn("handed_to", sentence("Handed to"), hidden=True),
    ListColumn("under", sentence("Under"), hidden=True),
    ListColumn("digest", sentence("Digest"), hidden=True),
)


@get(INFORMATION, sync_to_thread=True, opt=READING)
def information_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the log of information, the last one first."""
    every = _rows(viewer)
    over = asked_flag(request, "over")
    rows = [row for row in every if not over or row["retention_over"]]
    table = shown_list(request, RowList(rows, COLUMNS), "information")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["caveats"] = caveat_badges(str(row["caveats"] or "").split())
        for name in ("direction", "onward", "acknowledged"):
            cells[name] = _(row[name])
        cells["gone"] = _(row["gone"]) if row["gone"] else None
        cells["over"] = row["retention_over"]
        cells["_kind"] = "error" if row["retention_over"] else None
    return render(
        request,
        "information/information.html",
        listed=table,
        total=len(every),
        over=over,
        over_count=sum(bool(row["retention_over"]) for row in every),
        may_record=viewer.may_post(RECORD, viewer.state),
        may_hand_out=viewer.may_post(EVENT, viewer.state),
        new=NEW,
        hand_out=HAND_OUT,
        here=INFORMATION,
        done=done_act(request),
        crumbs=[(_("Information exchanged"), None)],
    )


def _rows(viewer: Viewer) -> list[dict[str, Any]]:
    log, on = known_log(viewer), viewer.today
    told = [(one, item_dict(log, one, on)) for one in log.items.values()]
    rows = [
        {
            "on": row["on"] and parse_date(row["on"]),
            "information": one.name,
            "direction": DIRECTIONS[row["direction"]],
            "title": row["title"],
            "source": row["from"],
            "recipient": row["to"],
            "caveats": " ".join(row["caveats"]) or None,
            "onward": ONWARD_WORDS[row["onward"]],
            "retention_until": row["retention_until"] and parse_date(row["retention_until"]),
            "retention_over": row["retention_over"],
            "acknowledged": YES if row["acknowledged"] else NO,
            "gone": row["gone"],
            "act": one.values["act_id"],
            "medium": row["medium"],
            "purposes": None if row["purposes"] is None else "; ".join(row["purposes"]),
            "handed_to": " ".join(row["handed_to"]) or None,
            "under": row["under"],
            "digest": row["digest"],
        }
        for one, row in told
    ]
    rows.sort(key=lambda row: (row["on"], row["information"]), reverse=True)
    return rows


@get(INFORMATION + "/{name:str}", sync_to_thread=True, opt=READING)
def item_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show an item of the log: its caveats, and what became of it."""
    known_log(viewer).get(name)
    entered = first_shown(viewer, information_address(name))
    return show_information(request, viewer, name, entered)


def find_information(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield items of the log by name, title, person and digest."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    for one in known_log(viewer).items.values():
        fields = ("title", "from_person", "to_person", "digest", "note")
        text = "\n".join(str(one.values[name] or "") for name in fields)
        if count < most and wanted in f"{one.name}\n{text}".casefold():
            count += 1
            address = information_address(one.name)
            yield Hit(sentence("information"), one.name, address, str(one.values["title"]))


SECTION = Section(
    "information",
    handlers=(information_page, item_page, *HANDLERS),
    menu=(
        MenuEntry(
            sentence("Information exchanged"), INFORMATION, MENU_GROUP, 40, reads(CAPABILITY)
        ),
    ),
    search=(find_information,),
)
