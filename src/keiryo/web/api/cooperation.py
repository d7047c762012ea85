"""Cooperation by programs: the register, commitments as they stand, and what is done with them."""

from __future__ import annotations

import base64
import binascii
import datetime
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from keiryo.cooperation.commitments import StandingCommitment
from keiryo.cooperation.life_cycle import STEPS
from keiryo.cooperation.register import RegisterObject
from keiryo.cooperation.steps import Care, File, StepWanted, claim_fulfilled, take_care, take_step
from keiryo.cooperation.tables import COMMITMENT, NAMED_BY
from keiryo.errors import UsageError
from keiryo.journal.model import Posted
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    AsOf,
    answer_of,
    answered,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    require_current,
    still_current,
)
from keiryo.web.api.asking import PLAIN, On, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document, PostedDocument, Request, posted_document
from keiryo.web.api.journal import LARGEST
from keiryo.web.once import Answer
from keiryo.web.pages.cooperation_forms import acts_since, require_commitment
from keiryo.web.pages.cooperation_known import CAPABILITY, CARE, CLAIM, READING, STEP, known
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "cooperation"
ASKED_KINDS = {
    "sources": "cooperation_source",
    "organisations": "organisation",
    "people": "office_holder",
    "instruments": "instrument",
    "bodies": "cooperation_body",
    "programmes": "programme",
    "commitments": "commitment",
    "events": "cooperation_event",
    "history": "history_statement",
}
"""What a register is asked for by, as at the command line; and the line kind of each."""
_NAMES = {kind: name for name, kind in ASKED_KINDS.items()}
MOST_TEXT, MOST_NAME, MOST_FILES, MOST_BASE64 = 4_000, 200, 20, 24 << 20
_NOT_TOLD = frozenset({"act_id", "line_no", "salt", "scope", "agreement", "caveat"})
Values = dict[str, int | str | None]

ObjectName = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Name in the register, e.g. c019.")
]
_Text = Annotated[str, Meta(min_length=1, max_length=MOST_TEXT, pattern=r"^[^\x00]*$")]
_Short = Annotated[str, Meta(min_length=1, max_length=MOST_NAME, pattern=PLAIN)]
_Act = Annotated[int, Meta(ge=1, le=LARGEST)]
Reason = Annotated[_Text, Meta(description="what happened; it stands in the record")]
HappenedOn = Annotated[
    datetime.date | None, Meta(description="day on which it happened; null: today")
]


class RegisterItem(Document, frozen=True, kw_only=True):
    """An object of the register."""

    name: Annotated[str, Meta(description="name in the register", examples=["i.us-jp-2006"])]
    kind: Annotated[str, Meta(description="instruments, commitments, organisations …")]
    title: Annotated[str, Meta(description="what it is called")]
    act: Annotated[int, Meta(description="act in which it was recorded last")]
    line: Annotated[int, Meta(description="its line in the act")]


class RegisterPage(Document, frozen=True, kw_only=True):
    """A page of the objects of the register."""

    items: Annotated[list[RegisterItem], Meta(description="objects that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class WholeObject(RegisterItem, frozen=True, kw_only=True):
    """An object of the register with all that belongs to it."""

    values: Annotated[Values, Meta(description="its fields, those without a value left out")]
    dates: Annotated[list[Values], Meta(description="dates, each with precision and basis")]
    people: Annotated[list[Values], Meta(description="who signed it, or saw it signed")]
    facts: Annotated[list[Values], Meta(description="what other public sources say")]
    quotations: Annotated[list[Values], Meta(description="the words that it rests on, and where")]
    under_it: Annotated[list[str], Meta(description="names of what stands under it")]


class QuotedWords(Document, frozen=True, kw_only=True):
    """Words of a document, and where they stand."""

    source: Annotated[str, Meta(description="short name of the document")]
    paragraph: Annotated[int, Meta(description="logical paragraph, from 1")]
    lines: Annotated[list[int], Meta(description="first and last line")]
    quote: Annotated[str, Meta(description="the words")]


class StandingDocument(Document, frozen=True, kw_only=True):
    """A commitment as it stands."""

    commitment: Annotated[str, Meta(description="name in the register")]
    kind: Annotated[str, Meta(description="commitment, meeting, equipment-loan, offer …")]
    state: Annotated[str, Meta(description="state in its life", examples=["agreed"])]
    since: Annotated[datetime.date, Meta(description="day of its last step, or of its record")]
    actors: Annotated[list[str], Meta(description="whose commitment it is")]
    modality: Annotated[str, Meta(description="the verb as written")]
    strength: Annotated[int, Meta(description="3 undertaking, 2 intention, 1 wish or possibility")]
    action: Annotated[str, Meta(description="what is to be done")]
    area: Annotated[str | None, Meta(description="area of cooperation")]
    condition: Annotated[str | None, Meta(description="the condition in words")]
    condition_type: Annotated[str | None, Meta(description="trigger or limit")]
    under: Annotated[str | None, Meta(description="what it stands under")]
    owner: Annotated[str | None, Meta(description="responsible person: pseudonym or role")]
    next_action: Annotated[str | None, Meta(description="what is done next")]
    due: Annotated[datetime.date | None, Meta(description="day on which it is due")]
    review: Annotated[
        datetime.date | None, Meta(description="day on which it is looked at again, if not due")
    ]
    overdue: Annotated[bool, Meta(description="whether its day has passed")]
    quotations: Annotated[list[QuotedWords], Meta(description="the words that it rests on")]
    line: Annotated[str, Meta(description="line of the record", examples=["32/241"])]


class StandingPage(Document, frozen=True, kw_only=True):
    """A page of commitments as they stand."""

    on: Annotated[datetime.date, Meta(description="day as of which they are overdue or not")]
    items: Annotated[list[StandingDocument], Meta(description="commitments that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class FileSent(Request, frozen=True, kw_only=True):
    """A file of evidence."""

    name: Annotated[_Short, Meta(description="name of the file")]
    content: Annotated[str, Meta(max_length=MOST_BASE64, description="content, base64")]


class StepSent(Request, frozen=True, kw_only=True):
    """A step in the life of a commitment."""

    state: Annotated[_Short, Meta(description="what it becomes", examples=["active"])]
    reason: Reason
    on: HappenedOn = None
    seen: Annotated[_Short | None, Meta(description="the state that you saw")] = None
    evidence: Annotated[
        list[_Short], Meta(max_length=MOST_FILES, description="digests, or acts as act:17")
    ] = msgspec.field(default_factory=list)
    files: Annotated[
        list[FileSent], Meta(max_length=MOST_FILES, description="files of evidence, kept")
    ] = msgspec.field(default_factory=list)
    side: Annotated[_Short | None, Meta(description="organisation whose act it is")] = None
    occurred: Annotated[
        _Text | None, Meta(description="what occurred, where it slept until then")
    ] = None
    claim_act: Annotated[_Act | None, Meta(description="the claim of somebody else")] = None


class ClaimSent(Request, frozen=True, kw_only=True):
    """The claim that a commitment is fulfilled."""

    reason: Reason
    on: HappenedOn = None
    evidence: Annotated[
        list[_Short], Meta(max_length=MOST_FILES, description="digests, or acts as act:17")
    ] = msgspec.field(default_factory=list)
    files: Annotated[
        list[FileSent], Meta(max_length=MOST_FILES, description="files of evidence, kept")
    ] = msgspec.field(default_factory=list)


class CareSent(Request, frozen=True, kw_only=True):
    """Who looks after a commitment; what is left out is as it was."""

    owner: Annotated[_Short | None, Meta(description="pseudonym or role")] = None
    deputy: Annotated[_Short | None, Meta(description="pseudonym or role")] = None
    next_action: Annotated[_Text | None, Meta(description="what is done next")] = None
    next_on: Annotated[datetime.date | None, Meta(description="by when")] = None
    due_on: Annotated[datetime.date | None, Meta(description="due, where a day was fixed")] = None
    review_on: Annotated[datetime.date | None, Meta(description="looked at again")] = None
    risk: Annotated[_Text | None, Meta(description="what could keep it from being done")] = None


@reading("/cooperation/register", TAG, opt=READING, headers=[NEXT_LINK])
def list_register(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    kind: Annotated[
        str | None,
        QueryParameter(max_length=40, description=f"Only: {', '.join(ASKED_KINDS)}."),
    ] = None,
) -> Response[RegisterPage]:
    """List the objects of the register by name."""
    if kind is not None and kind not in ASKED_KINDS:
        raise UsageError(
            f"there is no kind {kind!r} in the register", f"One of {', '.join(ASKED_KINDS)}."
        )
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[RegisterPage]:
        wanted = tuple(NAMED_BY) if kind is None else (ASKED_KINDS[kind],)
        rows = sorted(known(viewer).register.of_kind(*wanted), key=_place)
        if asked.after is not None:
            rows = [one for one in rows if _place(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda shown, more: RegisterPage(
                items=[RegisterItem(**_item(one)) for one in shown], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


@reading("/cooperation/commitments", TAG, opt=READING, headers=[NEXT_LINK])
def list_commitments(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    on: On = None,
    status: Annotated[
        str | None,
        QueryParameter(max_length=40, description="Only those in a state, or `open`."),
    ] = None,
    under: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only those under it.")
    ] = None,
    owner: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only those of somebody.")
    ] = None,
) -> Response[StandingPage]:
    """List commitments as they stand, by name."""
    sound_day(on)
    day = on or viewer.today
    if status not in (None, "open", *STEPS):
        raise UsageError(f"there is no state {status!r}", f"One of open, {', '.join(STEPS)}.")
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[StandingPage]:
        rows = sorted(
            (
                one
                for one in known(viewer).standing.values()
                if (status in (None, one.state) or (status == "open" and one.is_open))
                and under in (None, one.register.values["under"])
                and owner in (None, one.care.get("owner"))
            ),
            key=_standing_place,
        )
        if asked.after is not None:
            rows = [one for one in rows if _standing_place(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _standing_place),
            lambda shown, more: StandingPage(
                on=day, items=[_standing(one, day) for one in shown], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer, day), build)


@reading("/cooperation/{name:str}", TAG, opt=READING)
def get_object(request: AnyRequest, viewer: Asking, name: ObjectName) -> Response[WholeObject]:
    """Return an object of the register. The entity tag of a commitment is for If-Match."""
    found = known(viewer)
    one = found.register.get(name)

    def build() -> WholeObject:
        return WholeObject(
            **_item(one),
            values=_plain(one.values),
            dates=[_plain(row) for row in one.dates],
            people=[_plain(row) for row in one.people],
            facts=[_plain(row) for row in one.facts],
            quotations=[_plain(row) for row in one.quotations],
            under_it=[other.name for other in found.register.under(name)],
        )

    tag = _tag(viewer, name) if one.kind == COMMITMENT.name else None
    return answered(request, viewer, _as_of(viewer), build, tag=tag)


def _as_of(viewer: Viewer, more: Any = None) -> AsOf:
    return AsOf(viewer.server.last_acts.by(CAPABILITY, viewer.head), more)


def _tag(viewer: Viewer, name: str) -> str:
    """Return the entity tag of a commitment: anything posted about it ends it."""
    return entity_tag(viewer, ("commitment", name), AsOf(max(acts_since(viewer, name, 0))))


def _place(one: RegisterObject) -> list[str]:
    return [one.name]


def _standing_place(one: StandingCommitment) -> list[str]:
    return [one.name]


def _item(one: RegisterObject) -> dict[str, Any]:
    numbers = {"act": one.values["act_id"], "line": one.values["line_no"]}
    return {"name": one.name, "kind": _NAMES[one.kind], "title": one.title, **numbers}


def _plain(row: Any) -> Values:
    return {n: v for n, v in row.items() if n not in _NOT_TOLD and v is not None}


def _standing(one: StandingCommitment, on: datetime.date) -> StandingDocument:
    told = one.to_dict()
    days = {n: told[n] and datetime.date.fromisoformat(told[n]) for n in ("since", "due", "review")}
    quoted = [QuotedWords(**words) for words in told["quotations"]]
    return StandingDocument(**{**told, **days, "quotations": quoted}, overdue=one.overdue(on))


# --- changes ---------------------------------------------------------------------------------


@changing("/cooperation/commitments/{name:str}/steps", TAG, opt=READING, guards=[json_only])
def post_step(
    request: AnyRequest, viewer: Asking, name: ObjectName, data: JSONBody[StepSent]
) -> Response[PostedDocument]:
    """Record a step in the life of a commitment, as an act that you sign.

    If-Match takes the entity tag of the commitment.
    """
    sound_day(data.on)
    wanted = StepWanted(
        *(name, data.state, data.on or viewer.today, data.reason),
        evidence=tuple(data.evidence),
        files=_files(data.files),
        side=data.side,
        occurred=data.occurred,
        claim_act=data.claim_act,
    )

    def do(books: Database) -> Posted:
        return take_step(books, viewer.actor(), wanted, seen=data.seen)

    return _changed(request, viewer, name, STEP, repr(data), do)


@changing("/cooperation/commitments/{name:str}/claims", TAG, opt=READING, guards=[json_only])
def post_claim(
    request: AnyRequest, viewer: Asking, name: ObjectName, data: JSONBody[ClaimSent]
) -> Response[PostedDocument]:
    """Claim that a commitment is fulfilled; a second person looks at the evidence and decides.

    If-Match takes the entity tag of the commitment.
    """
    sound_day(data.on)
    day, files = data.on or viewer.today, _files(data.files)

    def do(books: Database) -> Posted:
        return claim_fulfilled(
            *(books, viewer.actor(), name),
            on=day,
            reason=data.reason,
            evidence=tuple(data.evidence),
            files=files,
        )

    return _changed(request, viewer, name, CLAIM, repr(data), do)


@changing("/cooperation/commitments/{name:str}/care", TAG, opt=READING, guards=[json_only])
def post_care(
    request: AnyRequest, viewer: Asking, name: ObjectName, data: JSONBody[CareSent]
) -> Response[PostedDocument]:
    """Record who looks after a commitment, as an act that you sign; what is left out stays.

    If-Match takes the entity tag of the commitment.
    """
    for day in (data.next_on, data.due_on, data.review_on):
        sound_day(day)
    said = Care(**msgspec.structs.asdict(data))

    def do(books: Database) -> Posted:
        return take_care(books, viewer.actor(), name, said)

    return _changed(request, viewer, name, CARE, repr(data), do)


def _files(sent: list[FileSent]) -> tuple[File, ...]:
    """Return files with their content.

    Raises
    ------
    UsageError
        If a content is no base64.
    """
    try:
        return tuple((one.name, base64.b64decode(one.content, validate=True)) for one in sent)
    except (binascii.Error, ValueError):
        raise UsageError(
            "the content of a file is no base64", "Encode it as RFC 4648 says, section 4."
        ) from None


def _changed(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    kind: str,
    asked: str,
    change: Callable[[Database], Posted],
) -> Response[PostedDocument]:
    """Do something with a commitment once, if it is what the sender saw.

    Raises
    ------
    NotFoundError
        If there is none of that name that is seen.
    """
    require_commitment(viewer, name)
    viewer.require_post(kind, viewer.state)

    def do() -> Answer:
        def current() -> str:
            return _tag(viewer, name)

        require_current(request, current)
        posted = change(still_current(request, viewer, current))
        made = posted_document(posted.act, posted.repeated)
        return answer_of(made, 201, f"/api/v1/acts/{posted.act.act_id}")

    return done_once(request, viewer, {"asked": asked}, do)


SECTION = Section(
    "api cooperation",
    api=(
        *(list_register, list_commitments, get_object),
        *(post_step, post_claim, post_care),
    ),
)
