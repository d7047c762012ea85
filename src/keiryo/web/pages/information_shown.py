"""Information exchanged, as pages show it: an item with its caveats, and what became of it.

What is shown is what the viewer sees: an item whose caveats they may not see is not there, neither
in a list, nor as a part, nor in a finding about something that holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from litestar import Response
from sqlalchemy import select

from keiryo.cooperation.caveats import Circle
from keiryo.cooperation.exchange_tables import INFORMATION_EVENT, INFORMATION_ITEM
from keiryo.cooperation.information import item_dict
from keiryo.cooperation.information_log import InformationLog, Item, read_log
from keiryo.dates import number_date
from keiryo.errors import Finding, KeiryoError, RefusedError
from keiryo.web.pages.boards import Entered
from keiryo.web.pages.cooperation_known import CAPABILITY, known, linked
from keiryo.web.pages.meetings_asked import (
    acts_about,
    done_act,
    evidence_shown,
    lines_about,
    narrowed_findings,
    organisations,
    why,
    with_current,
)
from keiryo.web.pages.meetings_words import (
    CAVEAT_WORDS,
    DIRECTIONS,
    DUTY_WORDS,
    EVENT_WORDS,
    ONWARD_WORDS,
    badge_of,
    word_of,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Viewer

INFORMATION = "/cooperation/information"
RECORD, EVENT = "cooperation.information", "cooperation.information_event"
ABOUT = {INFORMATION_ITEM.name: "information", INFORMATION_EVENT.name: "information"}


def known_log(viewer: Viewer) -> InformationLog:
    """Return the log of information that is seen; read anew when something was posted."""

    def find() -> InformationLog:
        with viewer.books.reading() as connection:
            return read_log(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("information", viewer.sight), last, find)


def information_address(name: str) -> str:
    """Return the page of an item."""
    return f"{INFORMATION}/{quote(name, safe='')}"


def hidden_names(viewer: Viewer) -> set[str]:
    """Return the names of items that the viewer does not see; for narrowing, never to be shown."""
    table = viewer.metadata.tables[INFORMATION_ITEM.name]
    with viewer.whole.reading() as connection:
        every = connection.execute(select(table.c.information).distinct()).scalars()
        return {str(one) for one in every} - set(known_log(viewer).items)


def told_of(viewer: Viewer, error: KeiryoError) -> KeiryoError:
    """Return an error in which nothing is named that the viewer does not see."""
    if not isinstance(error, RefusedError):
        return error
    told = narrowed(viewer, error.findings)
    return RefusedError(error.message, told, error.advice)


def narrowed(viewer: Viewer, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in which nothing is named that the viewer does not see."""
    told = _("it holds something that you may not see, and that keeps it here")
    return narrowed_findings(findings, hidden_names(viewer), told)


def caveat_badges(caveats: Iterable[str]) -> list[dict[str, str]]:
    """Return handling caveats as badges."""
    return [{"badge": "warning", "text": word_of(CAVEAT_WORDS, one)} for one in sorted(caveats)]


def show_information(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of an item; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back.

    Raises
    ------
    NotFoundError
        If there is no such item that is seen.
    """
    log, on = known_log(viewer), viewer.today
    item = log.get(name)
    values, told, handling = item.values, item_dict(log, item, on), log.handling(name, on)
    register = known(viewer).register
    may = viewer.may_post(EVENT, viewer.state) and item.gone is None
    return render(
        request,
        "information/item.html",
        http_status=entered.status,
        item=item,
        told=told,
        direction=word_of(DIRECTIONS, values["direction"]),
        source=linked(register, str(values["from_organisation"])),
        recipient=linked(register, str(values["to_organisation"])),
        day=day_text(number_date(int(values["on_day"]))),
        caveats=caveat_badges(handling.caveats),
        own_caveats=item.caveats,
        onward=word_of(ONWARD_WORDS, values["onward"]),
        duty=word_of(DUTY_WORDS, values["retention_duty"]) if values["retention_duty"] else None,
        embargo=handling.embargo_until,
        retention=handling.retention_until,
        circles=[_circle(one) for one in sorted(handling.circles, key=_circle_order)],
        parts=list(_parts(log, item.parts)),
        holders=[
            {"name": one.name, "href": information_address(one.name), "title": one.values["title"]}
            for one in log.items.values()
            if name in one.parts
        ],
        content=_content(item),
        under=linked(register, str(values["under"])) if values["under"] else None,
        story=list(_story(viewer, name)),
        may_event=may,
        may_record=viewer.may_post(RECORD, viewer.state),
        organisations=with_current(organisations(register), first=_("choose")),
        here=information_address(name),
        why=why(f"cooperation:{name}"),
        done=done_act(request),
        entered=entered,
        which=which,
        crumbs=[(_("Information exchanged"), INFORMATION), (name, None)],
    )


def _circle(one: Circle) -> dict[str, Any]:
    return {
        "name": one.information,
        "href": information_address(one.information),
        "originator": one.originator,
        "parties": sorted(one.parties),
        "why": [word_of(CAVEAT_WORDS, w) for w in sorted(one.why) if w in CAVEAT_WORDS],
        "consented": sorted(one.consented),
        "closed": one.closed,
    }


def _circle_order(one: Circle) -> tuple[str, str]:
    return one.information, one.originator


def _parts(log: InformationLog, parts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the parts that are seen; of others nothing is said."""
    for name in parts:
        one = log.items.get(name)
        if one is not None:
            title = one.values["title"]
            yield {"name": name, "href": information_address(name), "title": title}


def _content(item: Item) -> dict[str, Any] | None:
    digest = item.values["digest"]
    if not digest:
        return None
    href = f"/evidence/{quote(str(digest))}" if item.values["kept"] else None
    return {"digest": str(digest), "href": href}


def _story(viewer: Viewer, name: str) -> Iterator[dict[str, Any]]:
    """Yield what was recorded of an item and what became of it, the last act first."""
    items = lines_about(viewer, INFORMATION_ITEM.name, information=name)
    events = lines_about(viewer, INFORMATION_EVENT.name, information=name)
    files = evidence_shown(viewer, [one["evidence"] for one in events])
    rows = [
        (
            int(one["act_id"]),
            {
                "badge": badge_of(EVENT_WORDS, str(one["what"])),
                "day": day_text(number_date(int(one["on_day"]))),
                "organisation": one["organisation"],
                "person": one["person"],
                "of": one["consent_of"],
                "until": one["valid_until"] and number_date(int(one["valid_until"])),
                "purpose": one["purpose"],
                "note": one["note"],
                "evidence": files[place],
                "who": one["who"],
                "act": one["act_id"],
            },
        )
        for place, one in enumerate(events)
    ]
    for place, one in enumerate(items):
        text = _("recorded") if place == 0 else _("recorded anew")
        badge = {"badge": "info", "text": text}
        day = day_text(number_date(int(one["on_day"])))
        note = {"note": one["note"], "who": one["who"], "act": one["act_id"]}
        rows.append((int(one["act_id"]), {"badge": badge, "day": day, **note}))
    rows.sort(key=lambda pair: pair[0], reverse=True)
    for _act, row in rows:
        yield row


def newer_acts(viewer: Viewer, name: str) -> Any:
    """Return what says which acts about an item were posted after an act."""
    return lambda head: acts_about(viewer, ABOUT, name, head)
