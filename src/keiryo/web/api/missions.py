"""Expert missions and exchanges of people by programs: requests, steps, findings, follow-up."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from keiryo.cooperation.missions import (
    STEPS,
    FindingStep,
    MissionRequest,
    MissionStep,
    record_mission_finding,
    request_mission,
    take_mission_step,
)
from keiryo.cooperation.personnel import (
    ExchangeAgreed,
    ExchangeStep,
    agree_exchange,
    take_exchange_step,
)
from keiryo.errors import UsageError
from keiryo.web.api.answering import answered, changing, json_only, reading
from keiryo.web.api.asking import On, sound_day
from keiryo.web.api.cooperation import MOST_NAME
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import (
    Document,
    FoundDocument,
    PostedDocument,
    Request,
    found_document,
)
from keiryo.web.api.information import require_seen
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
from keiryo.web.pages.cooperation_known import READING
from keiryo.web.pages.missions_shown import (
    AGREE,
    EXCHANGE_STEP,
    FOUND,
    REQUEST,
    STEP,
    exchange_seen,
    findings_of,
    known_exchanges,
    known_missions,
    mission_seen,
    newer_about_exchange,
    newer_about_mission,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking

TAG = "missions"
MissionName = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Name, e.g. mission.0001.")
]
ExchangeName = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Name, e.g. exchange.0001.")
]
HappenedOn = Annotated[datetime.date | None, Meta(description="day; null: today")]
Acts = Annotated[Shorts, Meta(description="acts as act:17")]


class MissionDocument(Document, frozen=True, kw_only=True):
    """An expert mission as it stands."""

    mission: Annotated[str, Meta(description="name of the mission")]
    kind: Annotated[str, Meta(description="IPPAS, INSServ, technical-visit …")]
    title: Annotated[str, Meta(description="what it is about")]
    host: Annotated[str, Meta(description="organisation that is visited")]
    provider: Annotated[str, Meta(description="organisation that sends the experts")]
    state: Annotated[str, Meta(description="how it stands", examples=["planned"])]
    caveats: Annotated[list[str], Meta(description="handling caveats of its papers")]
    follows: Annotated[str | None, Meta(description="the mission that it follows up")]
    under: Annotated[str | None, Meta(description="what it stands under")]
    requested_on: Annotated[str, Meta(description="day of the request")]
    first_day: Annotated[str | None, Meta(description="first day")]
    last_day: Annotated[str | None, Meta(description="last day")]
    terms: Annotated[str | None, Meta(description="terms of reference")]
    sites: Annotated[list[str], Meta(description="sites that are visited")]
    team: Annotated[list[Values], Meta(description="who belongs to the team")]
    steps: Annotated[list[Values], Meta(description="its steps, in order")]
    findings: Annotated[list[Values], Meta(description="what it found, and what is done")]


class MissionPage(Document, frozen=True, kw_only=True):
    """A page of missions."""

    items: Annotated[list[MissionDocument], Meta(description="missions that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class ExchangeDocument(Document, frozen=True, kw_only=True):
    """An exchange of people as it stands."""

    exchange: Annotated[str, Meta(description="name of the exchange")]
    person: Annotated[str, Meta(description="the person")]
    home: Annotated[str, Meta(description="organisation that sends the person")]
    host: Annotated[str, Meta(description="organisation that takes the person in")]
    topic: Annotated[str, Meta(description="on what the person works")]
    state: Annotated[str, Meta(description="how it stands", examples=["agreed"])]
    access_level: Annotated[str, Meta(description="access that the work needs")]
    clearance_level: Annotated[str | None, Meta(description="level of the clearance")]
    first_day: Annotated[str, Meta(description="first day")]
    last_day: Annotated[str, Meta(description="last day")]
    clearance_until: Annotated[str | None, Meta(description="last day of the clearance")]
    output: Annotated[str | None, Meta(description="what came of it")]
    under: Annotated[str | None, Meta(description="what it stands under")]
    steps: Annotated[list[Values], Meta(description="its steps, in order")]


class ExchangePage(Document, frozen=True, kw_only=True):
    """A page of exchanges of people."""

    items: Annotated[list[ExchangeDocument], Meta(description="exchanges that you see")]
    findings: Annotated[list[FoundDocument], Meta(description="what is wrong with any of them")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class RequestSent(Request, frozen=True, kw_only=True):
    """A mission that is asked for."""

    kind: Annotated[Short, Meta(description="IPPAS, INSServ, technical-visit …")]
    title: Annotated[Text, Meta(description="what it is about")]
    host: Annotated[Short, Meta(description="organisation that is visited")]
    provider: Annotated[Short, Meta(description="organisation that sends the experts")]
    on: HappenedOn = None
    requested_by: Annotated[Short | None, Meta(description="who asks for it")] = None
    follows: Annotated[Short | None, Meta(description="the mission that it follows up")] = None
    caveats: Annotated[Shorts, Meta(description="handling caveats")] = msgspec.field(
        default_factory=list
    )
    under: Annotated[Short | None, Meta(description="what it stands under")] = None
    note: Annotated[Text | None, Meta(description="note")] = None


class MemberSent(Request, frozen=True, kw_only=True):
    """Who joins a team, or leaves it."""

    person: Annotated[Short, Meta(description="the person")]
    organisation: Annotated[Short | None, Meta(description="from where")] = None
    part: Annotated[Short, Meta(description="leader, expert, observer, host or left")] = "expert"


class MissionStepSent(Request, frozen=True, kw_only=True):
    """A step of a mission, with what becomes known by it."""

    state: Annotated[Short, Meta(description="what it becomes", examples=["terms_agreed"])]
    reason: Annotated[Text, Meta(description="what happened")]
    on: HappenedOn = None
    terms: Annotated[Text | None, Meta(description="terms of reference")] = None
    prepared_on: Annotated[datetime.date | None, Meta(description="preparatory meeting")] = None
    first_day: Annotated[datetime.date | None, Meta(description="first day")] = None
    last_day: Annotated[datetime.date | None, Meta(description="last day")] = None
    sites: Annotated[Shorts, Meta(description="sites")] = msgspec.field(default_factory=list)
    side: Annotated[Short | None, Meta(description="organisation whose act it is")] = None
    team: Annotated[list[MemberSent], Meta(max_length=60, description="who goes")] = msgspec.field(
        default_factory=list
    )
    evidence: Acts = msgspec.field(default_factory=list)
    files: AFile = msgspec.field(default_factory=list)


class FindingSent(Request, frozen=True, kw_only=True):
    """A finding of a mission, or what is done about it; what is null stays as it was."""

    number: Annotated[Short, Meta(description="number in the report", examples=["R1"])]
    on: HappenedOn = None
    kind: Annotated[Short | None, Meta(description="recommendation, suggestion …")] = None
    words: Annotated[Text | None, Meta(description="what was found")] = None
    state: Annotated[Short | None, Meta(description="what it becomes")] = None
    reason: Annotated[Text | None, Meta(description="why")] = None
    owner: Annotated[Short | None, Meta(description="who answers for it")] = None
    plan: Annotated[Text | None, Meta(description="what is done about it")] = None
    due_on: Annotated[datetime.date | None, Meta(description="by when")] = None
    follow_up: Annotated[Short | None, Meta(description="mission that looked again")] = None
    evidence: Acts = msgspec.field(default_factory=list)
    files: AFile = msgspec.field(default_factory=list)


class ExchangeSent(Request, frozen=True, kw_only=True):
    """An exchange of people that was agreed, or is agreed anew under its name."""

    person: Annotated[Short, Meta(description="the person")]
    home: Annotated[Short, Meta(description="organisation that sends the person")]
    host: Annotated[Short, Meta(description="organisation that takes the person in")]
    topic: Annotated[Text, Meta(description="on what the person works")]
    first_day: Annotated[datetime.date, Meta(description="first day")]
    last_day: Annotated[datetime.date, Meta(description="last day")]
    on: HappenedOn = None
    access_level: Annotated[Short, Meta(description="access that the work needs")] = "open"
    clearance_level: Annotated[Short | None, Meta(description="level of the clearance")] = None
    clearance_from: Annotated[datetime.date | None, Meta(description="its first day")] = None
    clearance_until: Annotated[datetime.date | None, Meta(description="its last day")] = None
    visa_from: Annotated[datetime.date | None, Meta(description="first day of the visa")] = None
    visa_until: Annotated[datetime.date | None, Meta(description="last day of the visa")] = None
    radiation_record: Annotated[Text | None, Meta(description="where dose records are")] = None
    equipment: Annotated[Text | None, Meta(description="brought along")] = None
    under: Annotated[Short | None, Meta(description="what it stands under")] = None
    note: Annotated[Text | None, Meta(description="note")] = None
    name: Annotated[Short | None, Meta(description="of one that is agreed anew")] = None


class ExchangeStepSent(Request, frozen=True, kw_only=True):
    """A step of an exchange of people."""

    state: Annotated[Short, Meta(description="what it becomes", examples=["cleared"])]
    reason: Annotated[Text, Meta(description="what happened")]
    on: HappenedOn = None
    output: Annotated[Text | None, Meta(description="what came of it")] = None
    evidence: Acts = msgspec.field(default_factory=list)
    files: AFile = msgspec.field(default_factory=list)


# --- reading ---------------------------------------------------------------------------------


def _document(kind: Callable[..., Any], fields: tuple[str, ...], told: Mapping[str, Any]) -> Any:
    return kind(**{name: told[name] for name in fields})


@reading("/cooperation/missions", TAG, opt=READING, headers=[NEXT_LINK])
def list_missions(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    status: Annotated[
        str | None, QueryParameter(max_length=40, description="Only those in a state.")
    ] = None,
    on: On = None,
) -> Response[MissionPage]:
    """List the missions by name: those that you see."""
    sound_day(on)
    day = on or viewer.today
    if status not in (None, *STEPS):
        raise UsageError(f"there is no state {status!r}", f"One of {', '.join(STEPS)}.")
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[MissionPage]:
        every = known_missions(viewer)
        names = [one for one in sorted(every) if asked.after is None or [one] > asked.after]
        names = [one for one in names if status in (None, every[one].state)]
        fields = MissionDocument.__struct_fields__
        return paged(
            *(request, viewer, asked, names[: limit + 1], lambda one: [one]),
            lambda shown, more: MissionPage(
                items=[_document(MissionDocument, fields, every[n].to_dict(day)) for n in shown],
                next=more,
            ),
        )

    return answered(request, viewer, as_of(viewer, day), build)


@reading("/cooperation/missions/{name:str}", TAG, opt=READING)
def get_mission(
    request: AnyRequest, viewer: Asking, name: MissionName
) -> Response[MissionDocument]:
    """Return a mission. Its entity tag is for If-Match."""
    told = mission_seen(viewer, name).to_dict(viewer.today)
    return answered(
        *(request, viewer, as_of(viewer, viewer.today)),
        lambda: _document(MissionDocument, MissionDocument.__struct_fields__, told),
        tag=tag_of(viewer, newer_about_mission(viewer, name), name),
    )


@reading("/cooperation/exchanges", TAG, opt=READING, headers=[NEXT_LINK])
def list_exchanges(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    person: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only of somebody.")
    ] = None,
) -> Response[ExchangePage]:
    """List the exchanges of people by name, and what is wrong with them."""
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ExchangePage]:
        every = known_exchanges(viewer)
        names = [one for one in sorted(every) if asked.after is None or [one] > asked.after]
        names = [one for one in names if person in (None, every[one].values["person"])]
        fields = ExchangeDocument.__struct_fields__
        return paged(
            *(request, viewer, asked, names[: limit + 1], lambda one: [one]),
            lambda shown, more: ExchangePage(
                items=[_document(ExchangeDocument, fields, every[n].to_dict()) for n in shown],
                findings=[found_document(one) for one in findings_of(viewer)],
                next=more,
            ),
        )

    return answered(request, viewer, as_of(viewer), build)


@reading("/cooperation/exchanges/{name:str}", TAG, opt=READING)
def get_exchange(
    request: AnyRequest, viewer: Asking, name: ExchangeName
) -> Response[ExchangeDocument]:
    """Return an exchange of people. Its entity tag is for If-Match."""
    told = exchange_seen(viewer, name).to_dict()
    return answered(
        *(request, viewer, as_of(viewer)),
        lambda: _document(ExchangeDocument, ExchangeDocument.__struct_fields__, told),
        tag=tag_of(viewer, newer_about_exchange(viewer, name), name),
    )


# --- changes ---------------------------------------------------------------------------------


@changing("/cooperation/missions", TAG, opt=READING, guards=[json_only])
def post_request(
    request: AnyRequest, viewer: Asking, data: JSONBody[RequestSent]
) -> Response[PostedDocument]:
    """Record that a mission of experts was asked for."""
    sound_day(data.on)
    require_seen(viewer, [], data.under)
    if data.follows is not None:
        mission_seen(viewer, data.follows)
    given = {**msgspec.structs.asdict(data), "on": data.on or viewer.today}
    wanted = MissionRequest(**{**given, "caveats": tuple(data.caveats)})
    return posted_once(
        *(request, viewer, REQUEST, repr(data)),
        lambda books: request_mission(books, viewer.actor(), wanted)[1],
    )


@changing("/cooperation/missions/{name:str}/steps", TAG, opt=READING, guards=[json_only])
def post_mission_step(
    request: AnyRequest, viewer: Asking, name: MissionName, data: JSONBody[MissionStepSent]
) -> Response[PostedDocument]:
    """Record a step of a mission. If-Match takes its tag."""
    for day in (data.on, data.prepared_on, data.first_day, data.last_day):
        sound_day(day)
    mission_seen(viewer, name)
    given = {**msgspec.structs.asdict(data), "on": data.on or viewer.today}
    given |= {"sites": tuple(data.sites), "evidence": tuple(data.evidence)}
    given |= {"team": tuple((one.person, one.organisation, one.part) for one in data.team)}
    wanted = MissionStep(name, **{**given, "files": files_sent(data.files)})
    return posted_once(
        *(request, viewer, STEP, repr(data)),
        lambda books: take_mission_step(books, viewer.actor(), wanted),
        lambda: tag_of(viewer, newer_about_mission(viewer, name), name),
    )


@changing("/cooperation/missions/{name:str}/findings", TAG, opt=READING, guards=[json_only])
def post_finding(
    request: AnyRequest, viewer: Asking, name: MissionName, data: JSONBody[FindingSent]
) -> Response[PostedDocument]:
    """Record what a mission found, or what is done about it. If-Match takes its tag."""
    for day in (data.on, data.due_on):
        sound_day(day)
    mission_seen(viewer, name)
    if data.follow_up is not None:
        mission_seen(viewer, data.follow_up)
    given = {**msgspec.structs.asdict(data), "on": data.on or viewer.today}
    given |= {"evidence": tuple(data.evidence), "files": files_sent(data.files)}
    wanted = FindingStep(name, **given)
    return posted_once(
        *(request, viewer, FOUND, repr(data)),
        lambda books: record_mission_finding(books, viewer.actor(), wanted),
        lambda: tag_of(viewer, newer_about_mission(viewer, name), name),
    )


_DAYS = ("clearance_from", "clearance_until", "visa_from", "visa_until")


@changing("/cooperation/exchanges", TAG, opt=READING, guards=[json_only])
def post_exchange(
    request: AnyRequest, viewer: Asking, data: JSONBody[ExchangeSent]
) -> Response[PostedDocument]:
    """Record that somebody will work at another organisation for a time."""
    given = msgspec.structs.asdict(data)
    for field in ("on", "first_day", "last_day", *_DAYS):
        sound_day(given[field])
    require_seen(viewer, [], data.under)
    days = {field: given.pop(field) for field in _DAYS}
    wanted = ExchangeAgreed(**{**given, "on": data.on or viewer.today}, days=days)
    return posted_once(
        *(request, viewer, AGREE, repr(data)),
        lambda books: agree_exchange(books, viewer.actor(), wanted)[1],
    )


@changing("/cooperation/exchanges/{name:str}/steps", TAG, opt=READING, guards=[json_only])
def post_exchange_step(
    request: AnyRequest, viewer: Asking, name: ExchangeName, data: JSONBody[ExchangeStepSent]
) -> Response[PostedDocument]:
    """Record a step of an exchange of people. If-Match takes its tag."""
    sound_day(data.on)
    exchange_seen(viewer, name)
    given = {**msgspec.structs.asdict(data), "on": data.on or viewer.today}
    given |= {"evidence": tuple(data.evidence), "files": files_sent(data.files)}
    wanted = ExchangeStep(name, **given)
    return posted_once(
        *(request, viewer, EXCHANGE_STEP, repr(data)),
        lambda books: take_exchange_step(books, viewer.actor(), wanted),
        lambda: tag_of(viewer, newer_about_exchange(viewer, name), name),
    )


SECTION = Section(
    "api missions",
    api=(
        *(list_missions, get_mission, list_exchanges, get_exchange),
        *(post_request, post_mission_step, post_finding, post_exchange, post_exchange_step),
    ),
)
