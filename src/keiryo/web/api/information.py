"""Information exchanged, by programs: the log with its caveats, and handing out."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from keiryo.cooperation.caveats import CAVEATS, caveat_names
from keiryo.cooperation.information import (
    InformationEvent,
    InformationWanted,
    hand_out,
    item_dict,
    record_events,
    record_information,
)
from keiryo.cooperation.information_log import HAPPENED
from keiryo.errors import KeiryoError, NotFoundError, UsageError
from keiryo.journal.model import Posted
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    answer_of,
    answered,
    changing,
    done_once,
    json_only,
    reading,
)
from keiryo.web.api.asking import On, sound_day
from keiryo.web.api.cooperation import MOST_NAME, FileSent
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import (
    Document,
    FoundDocument,
    PostedDocument,
    Request,
    found_document,
)
from keiryo.web.api.meetings import (
    AFile,
    Short,
    Shorts,
    Text,
    Values,
    as_of,
    files_sent,
    posted_once,
    tag_of,
)
from keiryo.web.once import Answer
from keiryo.web.pages.cooperation_known import READING, known
from keiryo.web.pages.information_forms import look
from keiryo.web.pages.information_shown import (
    EVENT,
    RECORD,
    hidden_names,
    known_log,
    newer_acts,
    told_of,
)
from keiryo.web.pages.meetings_asked import named_objects
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "information"
ItemName = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Name of the item, e.g. info.0001.")
]


class InformationDocument(Document, frozen=True, kw_only=True):
    """An item of the log, with how it is to be handled as a whole."""

    information: Annotated[str, Meta(description="name of the item")]
    title: Annotated[str, Meta(description="what it is")]
    direction: Annotated[str, Meta(description="in or out")]
    on: Annotated[datetime.date, Meta(description="day on which it was given or received")]
    source: Annotated[str, Meta(description="organisation that gave it")]
    recipient: Annotated[str, Meta(description="organisation that received it")]
    medium: Annotated[str, Meta(description="letter, mail, file, meeting …")]
    digest: Annotated[str | None, Meta(description="SHA-256 of the content")]
    caveats: Annotated[list[str], Meta(description="caveats that bind it and all it holds")]
    purposes: Annotated[list[str] | None, Meta(description="its use is limited to; null: no")]
    onward: Annotated[str, Meta(description="handing it on: free, consent or never")]
    embargo_until: Annotated[datetime.date | None, Meta(description="not before this day")]
    retention_until: Annotated[datetime.date | None, Meta(description="last day it may be kept")]
    retention_over: Annotated[bool, Meta(description="whether it is to be returned or destroyed")]
    parts: Annotated[list[str], Meta(description="items that it holds and that you see")]
    under: Annotated[str | None, Meta(description="what it stands under")]
    acknowledged: Annotated[bool, Meta(description="whether it was acknowledged")]
    gone: Annotated[str | None, Meta(description="returned or destroyed")]
    handed_to: Annotated[list[str], Meta(description="organisations that received it from here")]
    line: Annotated[str, Meta(description="line of the record", examples=["32/1"])]


class InformationPage(Document, frozen=True, kw_only=True):
    """A page of the log."""

    items: Annotated[list[InformationDocument], Meta(description="items that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class InformationSent(Request, frozen=True, kw_only=True):
    """Information that was given or received."""

    direction: Annotated[Short, Meta(description="in or out", examples=["in"])]
    source: Annotated[Short, Meta(description="organisation that gave it")]
    recipient: Annotated[Short, Meta(description="organisation that received it")]
    medium: Annotated[Short, Meta(description="letter, mail, file, meeting …")]
    title: Annotated[Text, Meta(description="what it is")]
    on: Annotated[datetime.date | None, Meta(description="day; null: today")] = None
    from_person: Annotated[Short | None, Meta(description="who gave it")] = None
    to_person: Annotated[Short | None, Meta(description="who received it")] = None
    content: Annotated[FileSent | None, Meta(description="the content itself")] = None
    keep: Annotated[bool, Meta(description="whether the content is kept")] = True
    digest: Annotated[Short | None, Meta(description="digest, without the content")] = None
    caveats: Annotated[Shorts, Meta(description="handling caveats")] = msgspec.field(
        default_factory=list
    )
    legal_basis: Annotated[Text | None, Meta(description="under what it was given")] = None
    purposes: Annotated[Shorts, Meta(description="its use is limited to")] = msgspec.field(
        default_factory=list
    )
    onward: Annotated[Short | None, Meta(description="free, consent or never")] = None
    embargo_until: Annotated[datetime.date | None, Meta(description="not before")] = None
    retention_until: Annotated[datetime.date | None, Meta(description="kept until")] = None
    retention_duty: Annotated[Short | None, Meta(description="return or destroy")] = None
    country_quantities: Annotated[bool, Meta(description="states quantities per country")] = False
    parts: Annotated[Shorts, Meta(description="items that it holds")] = msgspec.field(
        default_factory=list
    )
    under: Annotated[Short | None, Meta(description="what it stands under")] = None
    note: Annotated[Text | None, Meta(description="note")] = None
    name: Annotated[Short | None, Meta(description="of an item that is recorded anew")] = None


class EventSent(Request, frozen=True, kw_only=True):
    """What happened to an item."""

    what: Annotated[Short, Meta(description="acknowledged, consented, consent_withdrawn …")]
    on: Annotated[datetime.date | None, Meta(description="day; null: today")] = None
    organisation: Annotated[Short | None, Meta(description="who, or to whom")] = None
    person: Annotated[Short | None, Meta(description="the person")] = None
    consent_of: Annotated[Short | None, Meta(description="who consents")] = None
    valid_until: Annotated[datetime.date | None, Meta(description="last day of a consent")] = None
    note: Annotated[Text | None, Meta(description="note")] = None
    evidence: Annotated[Shorts, Meta(description="acts as act:17")] = msgspec.field(
        default_factory=list
    )
    files: AFile = msgspec.field(default_factory=list)


class HandOutSent(Request, frozen=True, kw_only=True):
    """To whom what is to be handed."""

    to: Annotated[Short, Meta(description="organisation of the register")]
    purpose: Annotated[Short | None, Meta(description="what it is for")] = None
    items: Annotated[
        Shorts, Meta(description="all of them go, or none; empty: whatever may go")
    ] = msgspec.field(default_factory=list)
    check: Annotated[bool, Meta(description="only look; record nothing")] = False


class HandedDocument(Document, frozen=True, kw_only=True):
    """What was handed out, or would be, and what stays here."""

    to: Annotated[str, Meta(description="organisation")]
    act: Annotated[int | None, Meta(description="act that records it; null: none")]
    items: Annotated[list[str], Meta(description="names of what went, or would go")]
    manifest: Annotated[list[Values], Meta(description="what the recipient is told of each")]
    findings: Annotated[list[FoundDocument], Meta(description="what stays here, and why")]
    package: Annotated[str | None, Meta(description="the package, a zip file, base64")]


@reading("/cooperation/information", TAG, opt=READING, headers=[NEXT_LINK])
def list_information(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    direction: Annotated[
        str | None, QueryParameter(max_length=10, description="Only: in, out.")
    ] = None,
    partner: Annotated[
        str | None,
        QueryParameter(name="with", max_length=MOST_NAME, description="Only from or to it."),
    ] = None,
    caveat: Annotated[
        str | None, QueryParameter(max_length=80, description="Only with a caveat.")
    ] = None,
    on: On = None,
) -> Response[InformationPage]:
    """List the log of information by name: the items that you see."""
    sound_day(on)
    day = on or viewer.today
    if direction not in (None, "in", "out"):
        raise UsageError(f"there is no direction {direction!r}", "It is in or out.")
    wanted = caveat_names([caveat] if caveat else [])
    if not wanted <= set(CAVEATS):
        raise UsageError(f"there is no caveat {caveat!r}", f"One of {', '.join(CAVEATS)}.")
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[InformationPage]:
        log = known_log(viewer)
        rows = [
            one
            for one in sorted(log.items)
            if (asked.after is None or [one] > asked.after)
            and direction in (None, log.items[one].values["direction"])
            and partner in (None, *(log.items[one].values[n] for n in _PARTIES))
            and wanted <= log.handling(one, day).caveats
        ]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], lambda one: [one]),
            lambda shown, more: InformationPage(
                items=[_information(viewer, one, day) for one in shown], next=more
            ),
        )

    return answered(request, viewer, as_of(viewer, day), build)


_PARTIES = ("from_organisation", "to_organisation")


def _information(viewer: Viewer, name: str, on: datetime.date) -> InformationDocument:
    log = known_log(viewer)
    told = item_dict(log, log.get(name), on)
    days = ("on", "embargo_until", "retention_until")
    given: dict[str, Any] = {
        name: value for name, value in told.items() if name in InformationDocument.__struct_fields__
    }
    given |= {n: told[n] and datetime.date.fromisoformat(told[n]) for n in days}
    given |= {"source": told["from"], "recipient": told["to"]}
    given["parts"] = [one for one in told["parts"] if one in log.items]
    return InformationDocument(**given)


@reading("/cooperation/information/{name:str}", TAG, opt=READING)
def get_information(
    request: AnyRequest, viewer: Asking, name: ItemName
) -> Response[InformationDocument]:
    """Return an item of the log. Its entity tag is for If-Match."""
    known_log(viewer).get(name)
    return answered(
        *(request, viewer, as_of(viewer, viewer.today)),
        lambda: _information(viewer, name, viewer.today),
        tag=tag_of(viewer, newer_acts(viewer, name), name),
    )


def require_seen(viewer: Viewer, names: list[str], under: str | None) -> None:
    """Refuse names of items, and of what things stand under, that the viewer does not see.

    Raises
    ------
    NotFoundError
    """
    for name in names:
        known_log(viewer).get(name)
    if under is not None and under not in named_objects(viewer, known(viewer).register):
        raise NotFoundError(
            f"there is no {under[:60]!r} in the register",
            "'keiryo cooperation register' lists the names.",
        )


def _told(viewer: Viewer, change: Callable[[Database], Posted]) -> Callable[[Database], Posted]:
    """Return a change whose refusals name nothing that the viewer does not see."""

    def narrowed(books: Database) -> Posted:
        try:
            return change(books)
        except KeiryoError as error:
            raise told_of(viewer, error) from error

    return narrowed


@changing("/cooperation/information", TAG, opt=READING, guards=[json_only])
def post_information(
    request: AnyRequest, viewer: Asking, data: JSONBody[InformationSent]
) -> Response[PostedDocument]:
    """Record information given or received; caveats of its parts and of copies go along."""
    for day in (data.on, data.embargo_until, data.retention_until):
        sound_day(day)
    require_seen(viewer, data.parts, data.under)
    if data.name is not None and data.name in hidden_names(viewer):
        known_log(viewer).get(data.name)
    given = msgspec.structs.asdict(data)
    given |= {"from_organisation": given.pop("source"), "to_organisation": given.pop("recipient")}
    given |= {n: tuple(given[n]) for n in ("caveats", "purposes", "parts")}
    given |= {"on": data.on or viewer.today}
    given["content"] = None if data.content is None else files_sent([data.content])[0]
    wanted = InformationWanted(**given)

    def change(books: Database) -> Posted:
        return record_information(books, viewer.actor(), wanted)[1]

    return posted_once(request, viewer, RECORD, repr(data), _told(viewer, change))


@changing("/cooperation/information/{name:str}/events", TAG, opt=READING, guards=[json_only])
def post_event(
    request: AnyRequest, viewer: Asking, name: ItemName, data: JSONBody[EventSent]
) -> Response[PostedDocument]:
    """Record what happened to an item, but for handing out. If-Match takes its tag."""
    for day in (data.on, data.valid_until):
        sound_day(day)
    known_log(viewer).get(name)
    if data.what not in HAPPENED or data.what == "handed_out":
        raise UsageError(f"{data.what!r} does not happen to information here", _WHAT)
    given = {**msgspec.structs.asdict(data), "on": data.on or viewer.today}
    given |= {"evidence": tuple(data.evidence), "files": files_sent(data.files)}
    event = InformationEvent(name, **given)
    return posted_once(
        *(request, viewer, EVENT, repr(data)),
        _told(viewer, lambda books: record_events(books, viewer.actor(), [event])),
        lambda: tag_of(viewer, newer_acts(viewer, name), name),
    )


_WHAT = f"One of {', '.join(one for one in HAPPENED if one != 'handed_out')}."


@changing("/cooperation/information-hand-outs", TAG, opt=READING, guards=[json_only])
def post_hand_out(
    request: AnyRequest, viewer: Asking, data: JSONBody[HandOutSent]
) -> Response[HandedDocument]:
    """Hand information to an organisation, and record what it received.

    Of named items all go, or none: what a caveat keeps here is refused with the finding. Without
    names whatever may go goes, and what must not is named with the reason.
    """
    viewer.require_post(EVENT, viewer.state)
    looked = look(viewer, data.to, data.purpose, tuple(data.items))
    names = tuple(data.items or looked["going"])

    def do() -> Answer:
        handed = None
        if names:
            try:
                handed = hand_out(
                    *(viewer.whole, viewer.actor(), data.to),
                    on=viewer.today,
                    purpose=data.purpose,
                    names=names,
                    check=data.check,
                )
            except KeiryoError as error:
                raise told_of(viewer, error) from error
        act = None if handed is None or handed.act is None else handed.act.act.act_id
        made = HandedDocument(
            to=data.to,
            act=act,
            items=[] if handed is None else [one.name for one in handed.items],
            manifest=[] if handed is None else list(handed.manifest),
            findings=[found_document(one) for one in looked["findings"]],
            package=None
            if handed is None or act is None
            else base64.b64encode(handed.content).decode(),
        )
        return answer_of(made, 201, None if act is None else f"/api/v1/acts/{act}")

    return done_once(request, viewer, {"asked": repr(data)}, do)


SECTION = Section(
    "api information",
    api=(list_information, get_information, post_information, post_event, post_hand_out),
)
