"""Exchanges of people: who works where for how long, cleared until when, and what came of it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.cooperation.personnel import (
    ExchangeAgreed,
    ExchangeStep,
    agree_exchange,
    take_exchange_step,
)
from keiryo.dates import number_date
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cooperation_known import READING, known
from keiryo.web.pages.meetings_asked import (
    day_in,
    evidence_in,
    organisations,
    sent_once,
    text_in,
    under_in,
    with_current,
)
from keiryo.web.pages.meetings_words import (
    EXCHANGE_STATES,
    LEVEL_WORDS,
    options_of,
    state_choices,
)
from keiryo.web.pages.missions_shown import (
    AGREE,
    EXCHANGE_STEP,
    EXCHANGED,
    exchange_address,
    exchange_seen,
    findings_of,
    known_exchanges,
    newer_about_exchange,
    show_exchange,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

NEW = "/cooperation/agree-exchange"
_OPEN_DAYS = ("clearance_from", "clearance_until", "visa_from", "visa_until")
_TEXTS = ("clearance_level", "radiation_record", "equipment", "note")

COLUMNS = (
    ListColumn("first_day", sentence("First day"), "date"),
    ListColumn("last_day", sentence("Last day"), "date"),
    ListColumn(
        "exchange", sentence("Name"), "code", href=lambda row: exchange_address(row["exchange"])
    ),
    ListColumn("person", sentence("Person")),
    ListColumn("home", sentence("Home organisation")),
    ListColumn("host", sentence("Host organisation")),
    ListColumn("topic", sentence("Topic")),
    ListColumn("access", sentence("Access"), choices=tuple(LEVEL_WORDS.values())),
    ListColumn("clearance_until", sentence("Cleared until"), "date"),
    ListColumn("state", sentence("State"), choices=state_choices(EXCHANGE_STATES)),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("visa_until", sentence("Visa until"), "date", hidden=True),
    ListColumn("under", sentence("Under"), hidden=True),
)


@get(EXCHANGED, sync_to_thread=True, opt=READING)
def exchanges_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the exchanges of people, the last first, and what is wrong with them."""
    every = sorted(known_exchanges(viewer).values(), key=lambda one: int(one.values["first_day"]))
    rows = [
        {
            **{n: one.values[n] for n in ("person", "home", "host", "topic", "under")},
            **{
                n: one.values[n] and number_date(int(one.values[n]))
                for n in ("first_day", "last_day", "clearance_until", "visa_until")
            },
            "exchange": one.name,
            "access": LEVEL_WORDS[str(one.values["access_level"])],
            "state": EXCHANGE_STATES[one.state][1],
            "act": one.values["act_id"],
        }
        for one in reversed(every)
    ]
    table = shown_list(request, RowList(rows, COLUMNS), "exchanges")
    if isinstance(table, Response | Stream):
        return table
    by_word = {word: badge for badge, word in EXCHANGE_STATES.values()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["state"] = {"text": _(row["state"]), "badge": by_word[row["state"]]}
        cells["access"] = _(row["access"])
    return render(
        request,
        "missions/exchanges.html",
        listed=table,
        total=len(rows),
        wrong=findings_of(viewer),
        may_agree=viewer.may_post(AGREE, viewer.state),
        new=NEW,
        crumbs=[(_("Exchanges of people"), None)],
    )


@get(EXCHANGED + "/{name:str}", sync_to_thread=True, opt=READING)
def exchange_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show an exchange: what was agreed, the clearance, its steps and what came of it."""
    values = exchange_seen(viewer, name).values
    given = {n: str(values[n] or "") for n in (*_TEXTS, "access_level", "topic", "under")}
    for field in ("first_day", "last_day", *_OPEN_DAYS):
        if values[field]:
            given[field] = number_date(int(values[field])).isoformat()
    entered = first_shown(viewer, exchange_address(name), given)
    return show_exchange(request, viewer, name, entered)


@get(NEW, sync_to_thread=True, opt=READING)
def agree_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for an exchange of people that was agreed."""
    viewer.require_post(AGREE, viewer.state)
    return _agree_page(request, viewer, first_shown(viewer, NEW))


@post(NEW, status_code=200, sync_to_thread=True, opt=READING)
def agree_new(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Record that somebody will work at another organisation for a time."""
    viewer.require_post(AGREE, viewer.state)
    entered = typed_again(viewer)
    missing = {
        "person": _("Name the person."),
        "home": _("Choose who sends the person."),
        "host": _("Choose where the person goes."),
    }
    given = {name: text_in(viewer, entered, name, words) or "" for name, words in missing.items()}
    wanted = _agreed(viewer, entered, given, None)

    def do() -> str:
        name, done = agree_exchange(viewer.whole, viewer.actor(), wanted)
        return f"{exchange_address(name)}?done={done.act.act_id}"

    return sent_once(viewer, entered, NEW, do, lambda one: _agree_page(request, viewer, one))


def _agreed(
    viewer: Viewer, entered: Entered, given: dict[str, str], name: str | None
) -> ExchangeAgreed:
    first, last = (day_in(viewer, entered, n, required=True) for n in ("first_day", "last_day"))
    texts: dict[str, Any] = {field: text_in(viewer, entered, field) for field in _TEXTS}
    return ExchangeAgreed(
        **given,
        topic=text_in(viewer, entered, "topic", _("Say on what the person works.")) or "",
        on=day_in(viewer, entered, "agreed_on", required=True) or viewer.today,
        first_day=first or viewer.today,
        last_day=last or viewer.today,
        access_level=viewer.field("access_level") or "open",
        days={field: day_in(viewer, entered, field) for field in _OPEN_DAYS},
        under=under_in(viewer, entered, known(viewer).register),
        name=name,
        **texts,
    )


def _agree_page(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    levels = options_of(LEVEL_WORDS)
    return render(
        request,
        "missions/agree.html",
        http_status=entered.status,
        entered=entered,
        here=NEW,
        organisations=with_current(organisations(known(viewer).register), first=_("choose")),
        levels=levels,
        clearances=[("", _("none")), *levels[1:]],
        crumbs=[(_("Exchanges of people"), EXCHANGED), (_("Record an exchange"), None)],
    )


@post(EXCHANGED + "/{name:str}/terms", status_code=200, sync_to_thread=True, opt=READING)
def agree_anew(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that the days, the clearance or the visa of an exchange changed."""
    values = exchange_seen(viewer, name).values
    viewer.require_post(AGREE, viewer.state)
    entered = typed_again(viewer)
    given = {field: str(values[field]) for field in ("person", "home", "host")}
    wanted = _agreed(viewer, entered, given, name)
    here = exchange_address(name)

    def do() -> str:
        done = agree_exchange(viewer.whole, viewer.actor(), wanted)[1]
        return f"{here}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda one: show_exchange(request, viewer, name, one, "terms"),
        newer_about_exchange(viewer, name),
    )


@post(EXCHANGED + "/{name:str}/steps", status_code=200, sync_to_thread=True, opt=READING)
def step_exchange(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record a step of an exchange: cleared, started, interrupted, ended, reported."""
    exchange_seen(viewer, name)
    viewer.require_post(EXCHANGE_STEP, viewer.state)
    entered = typed_again(viewer)
    wanted = ExchangeStep(
        name,
        text_in(viewer, entered, "state", _("Choose what it becomes.")) or "",
        day_in(viewer, entered, "step_on", required=True) or viewer.today,
        text_in(viewer, entered, "reason", _("Say what happened; it stands in the record.")) or "",
        text_in(viewer, entered, "output"),
        **evidence_in(viewer, entered, "step"),
    )
    here = exchange_address(name)

    def do() -> str:
        done = take_exchange_step(viewer.whole, viewer.actor(), wanted)
        return f"{here}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda one: show_exchange(request, viewer, name, one, "step"),
        newer_about_exchange(viewer, name),
    )


HANDLERS = (*(exchanges_page, exchange_page, agree_form, agree_new, agree_anew, step_exchange),)
