"""What is done on the pages of camera reviews: open one, look and mark, conclude.

A mark goes together with the look at the images that its page has shown: first the look is
recorded, with the time for which they were looked at and their width, then the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.containment.instants import instant
from keiryo.dates import DateError, parse_utc
from keiryo.errors import ConflictError, KeiryoError
from keiryo.journal.model import Posted
from keiryo.surveillance.cameras import camera as read_camera
from keiryo.surveillance.conclusions import (
    CONCLUDE,
    CONCLUSIONS,
    POSITIVE,
    conclude,
    conclude_parts,
)
from keiryo.surveillance.looks import LOOKED, Look, look
from keiryo.surveillance.marks import EXPLAINED, MARKED, VERDICTS, Mark, mark
from keiryo.surveillance.review_record import split
from keiryo.surveillance.reviews import OPEN, open_review
from keiryo.surveillance.tables import CONCLUSION, MARK
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    MOST_TEXT,
    Entered,
    PostedMeanwhileError,
    explain_error,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    typed_again,
)
from keiryo.web.pages.reviews_event import (
    THUMB,
    Part,
    next_waiting,
    part_of,
    require_event,
    show_event,
    similar_events,
)
from keiryo.web.pages.reviews_known import (
    HOME,
    READING,
    Standing,
    event_address,
    review_address,
    standing,
)
from keiryo.web.pages.reviews_shown import PARTS, show_list, show_review
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_DWELL_MS = 15 * 60 * 1000
"""A page that lies open for longer than this is not being looked at."""
WIDEST = 10_000
MOST_NAME = 200


@dataclass(frozen=True, slots=True)
class _Asked:
    """A form that was sent: how its page is shown again, and who was there meanwhile."""

    viewer: Viewer
    name: str
    entered: Entered
    again: Callable[[], Response[Any]]
    acts_since: Callable[[int], list[int]]


def _done(
    asked: _Asked, do: Callable[[], Posted], after: Callable[[Posted], str]
) -> Response[Any] | Redirect:
    """Do once what a form asks for, and lead on; or show the form again, with what is wrong."""
    viewer, entered = asked.viewer, asked.entered
    if entered.refused:
        return asked.again()
    head = head_of_form(viewer)

    def answer() -> Answer:
        require_nothing_newer(asked.acts_since(head) if head else ())
        try:
            posted = do()
        except ConflictError as error:
            raise PostedMeanwhileError(asked.acts_since(head)[-3:]) from error
        return Answer(303, after(posted))

    fields = {n: v for n, v in entered.fields.items() if not n.startswith("_") or n == "_similar"}
    try:
        done = once(viewer, viewer.field("_form_id"), {"name": asked.name, **fields}, answer)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error)
        return asked.again()
    return Redirect(done.location or HOME, status_code=303)


def _acts_since(viewer: Viewer, kind: str, head: int, **same: Any) -> list[int]:
    """Return the acts with lines of a kind about the same thing that were posted after one."""
    table = viewer.metadata.tables[kind]
    alike = (table.c[name] == value for name, value in same.items())
    query = select(table.c.act_id).where(*alike, table.c.act_id > head)
    with viewer.books.reading() as connection:
        return sorted({int(one) for one in connection.execute(query).scalars()})


def _text(entered: Entered, viewer: Viewer, name: str, most: int = MOST_NAME) -> str | None:
    """Return what stands in a field, or None."""
    text = viewer.field(name)
    if len(text) > most:
        entered.errors[name] = _("Say it in %(most)s characters at most.", most=most)
    elif "\0" in text:
        entered.errors[name] = _("This has a sign that no text has; type it again.")
    return text[:most].replace("\0", "") or None


# --- open a review ---------------------------------------------------------------------------


@post(HOME, status_code=200, sync_to_thread=True, opt=READING)
def open_one(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Open a review over cameras and a period."""
    entered = typed_again(viewer)
    form = viewer.form
    sent = [] if form is None else form.getall("cameras", [])
    chosen = [one for one in sent if isinstance(one, str)]
    entered.fields = {**entered.fields, "cameras": "\n".join(chosen)}
    name = _text(entered, viewer, "name", 80) or ""
    if not name:
        entered.errors["name"] = _("Give the review a name.")
    elif "/" in name:
        entered.errors["name"] = _("A name without a slash is needed here.")
    if not chosen:
        entered.errors["cameras"] = _("Choose the cameras that are reviewed.")
    begin, end = (_instant(entered, viewer, one) for one in ("begin", "end"))
    note = _text(entered, viewer, "note", MOST_TEXT)
    for one in chosen:
        with viewer.books.reading() as connection:
            scope = read_camera(connection, viewer.metadata, one).scope
        viewer.require_post(OPEN, scope)
    asked = _Asked(
        *(viewer, name, entered),
        again=lambda: _again_list(request, viewer, entered),
        acts_since=lambda _head: [],
    )

    def do() -> Posted:
        return open_review(viewer.whole, viewer.actor(), name, chosen, begin, end, note=note)

    return _done(asked, do, lambda posted: f"{review_address(name)}?done={posted.act.act_id}")


def _again_list(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    shown = show_list(request, viewer, entered)
    assert isinstance(shown, Response)
    return shown


def _instant(entered: Entered, viewer: Viewer, name: str) -> Any:
    text = viewer.field(name)[:60]
    if not text:
        entered.errors[name] = _("Say when: day, time and offset, as in 2026-07-24T09:00Z.")
        return None
    try:
        return instant(text)
    except KeiryoError as error:
        explain_error(entered, error, name)
        return None


@post(HOME + "/{name:str}/again", status_code=200, sync_to_thread=True, opt=READING)
def open_again(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Open a review again over newer screenings of its cameras."""
    found = standing(viewer, name)
    viewer.require_post(OPEN, found.scope)
    one, entered = found.review, typed_again(viewer)
    asked = _of_review(request, viewer, found, entered, "again")

    def do() -> Posted:
        begin, end = parse_utc(one.begin), parse_utc(one.end)
        whole, actor = viewer.whole, viewer.actor()
        return open_review(whole, actor, name, one.cameras, begin, end, note=one.note)

    return _done(asked, do, lambda posted: f"{review_address(name)}?done={posted.act.act_id}")


def _of_review(
    request: AnyRequest, viewer: Viewer, found: Standing, entered: Entered, which: str
) -> _Asked:
    name = found.review.name

    def again() -> Response[Any]:
        shown = show_review(request, viewer, name, entered, which)
        assert isinstance(shown, Response)
        return shown

    def since(head: int) -> list[int]:
        camera = entered.value("camera")
        return _acts_since(viewer, CONCLUSION.name, head, review=name, camera=camera)

    return _Asked(viewer, name, entered, again, since)


# --- conclude --------------------------------------------------------------------------------


@post(HOME + "/{name:str}/conclusions", status_code=200, sync_to_thread=True, opt=READING)
def conclude_camera(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record what a review concludes about one of its cameras."""
    found = standing(viewer, name)
    viewer.require_post(CONCLUDE, found.scope)
    entered = typed_again(viewer)
    camera, said = viewer.field("camera"), viewer.field("conclusion")
    if camera not in found.review.cameras:
        entered.errors["camera"] = _("Choose a camera of the review.")
    if said not in (*CONCLUSIONS, PARTS):
        entered.errors["conclusion"] = _("Choose what is concluded.")
    reason = _text(entered, viewer, "reason", MOST_TEXT)
    if said in CONCLUSIONS and said != POSITIVE and reason is None:
        entered.errors["reason"] = _("Say why it is not positive; it stands in the record.")
    asked = _of_review(request, viewer, found, entered, f"conclude {camera}")

    def do() -> Posted:
        whole, actor = viewer.whole, viewer.actor()
        if said == PARTS:
            return conclude_parts(whole, actor, name, camera)
        told = None if said == POSITIVE else reason
        return conclude(whole, actor, name, camera, said, reason=told)

    return _done(asked, do, lambda posted: f"{review_address(name)}?done={posted.act.act_id}")


# --- look and mark ---------------------------------------------------------------------------


def dwell_ms(viewer: Viewer) -> int:
    """Return for how long the images of a page were looked at, as far as anybody can tell.

    A script measures for how long the page was seen; nobody has looked for longer than since the
    page was made, and nothing beyond `MOST_DWELL_MS` counts.
    """
    measured = whole_number(viewer.field("dwell_ms"))
    try:
        since = viewer.server.now() - parse_utc(viewer.field("shown_at")[:40])
        elapsed = int(since.total_seconds() * 1000)
    except DateError:
        elapsed = 0
    if measured is None:
        return max(0, min(elapsed, MOST_DWELL_MS))
    most = elapsed if elapsed > 0 else MOST_DWELL_MS  # a clock that was set back tells nothing
    return min(measured, most, MOST_DWELL_MS)


@dataclass(frozen=True, slots=True)
class _Seen:
    """An event as its page showed it, with the form that was sent from there."""

    found: Standing
    place: int
    part: Part
    entered: Entered
    asked: _Asked

    def look(self, viewer: Viewer, share_ms: int) -> Look:
        """Return the look at the images of the part that was shown."""
        key = self.found.events[self.place].event.key
        width = min(max(1, whole_number(viewer.field("width_px")) or THUMB), WIDEST)
        images = self.part.images
        if not images:
            return Look(*key, share_ms, width)
        return Look(*key, share_ms, width, images[0].at, images[-1].at)

    def after(self, viewer: Viewer, posted: Posted) -> str:
        """Return where the reviewer goes on: the next part, the next event, or the review."""
        name, key = self.found.review.name, self.found.events[self.place].event.key
        told = posted.act.act_id
        if self.part.number < self.part.of:
            return event_address(name, key, part=self.part.number + 1, done=told)
        waiting = next_waiting(standing(viewer, name), self.place)
        if waiting is None:
            return f"{review_address(name)}?done={told}"
        return event_address(name, waiting.event.key, done=told)


def _sent(request: AnyRequest, viewer: Viewer, name: str, screening: str, number: int) -> _Seen:
    found, place = require_event(viewer, name, screening, number)
    viewer.require_post(LOOKED, found.scope)
    entered = typed_again(viewer)
    ticked = [] if viewer.form is None else viewer.form.getall("similar", [])
    names = [one for one in ticked if isinstance(one, str)]
    entered.fields = {**entered.fields, "_similar": "\n".join(names)}
    part = part_of(viewer, found.events[place].event, whole_number(viewer.field("part")) or 1)
    same = {"review": name, "screening": screening, "event": number}
    asked = _Asked(
        *(viewer, f"{name} {screening} {number}", entered),
        again=lambda: show_event(request, viewer, name, screening, number, entered),
        acts_since=lambda head: _acts_since(viewer, MARK.name, head, **same),
    )
    if not dwell_ms(viewer):
        entered.errors[""] = _("Look at the images first: nothing tells that they were seen.")
    return _Seen(found, place, part, entered, asked)


@post(
    HOME + "/{name:str}/events/{screening:str}/{event:int}/looks",
    status_code=200,
    sync_to_thread=True,
    opt=READING,
)
def look_at_event(
    request: AnyRequest,
    viewer: Asking,
    name: FromPath[str],
    screening: FromPath[str],
    event: FromPath[int],
) -> Response[Any] | Redirect:
    """Record that the images that were shown were looked at, and go on."""
    seen = _sent(request, viewer, name, screening, event)
    taken = seen.look(viewer, dwell_ms(viewer))
    return _done(
        seen.asked,
        lambda: look(viewer.whole, viewer.actor(), name, [taken]),
        lambda posted: seen.after(viewer, posted),
    )


@post(
    HOME + "/{name:str}/events/{screening:str}/{event:int}/marks",
    status_code=200,
    sync_to_thread=True,
    opt=READING,
)
def mark_event(
    request: AnyRequest,
    viewer: Asking,
    name: FromPath[str],
    screening: FromPath[str],
    event: FromPath[int],
) -> Response[Any] | Redirect:
    """Record the look at the images that were shown and what the reviewer says of the event."""
    seen = _sent(request, viewer, name, screening, event)
    viewer.require_post(MARKED, seen.found.scope)
    entered, verdict = seen.entered, viewer.field("verdict")
    if verdict not in VERDICTS:
        entered.errors["verdict"] = _("Choose what the event is.")
    operation = _text(entered, viewer, "operation") if verdict == EXPLAINED else None
    if verdict == EXPLAINED and operation is None:
        entered.errors["operation"] = _("Name the operation that explains it.")
    note = _text(entered, viewer, "note", MOST_TEXT)
    items = split((_text(entered, viewer, "batches", 1000) or "").replace(",", "|"), "|")
    items = [one.strip() for one in items if one.strip()]
    along = _along(viewer, seen)
    looks = _looks(viewer, seen, along)
    wanted = [
        Mark(screening, number, verdict, operation=operation, items=tuple(items), note=note)
        for screening, number in [
            seen.found.events[seen.place].event.key,
            *(one["event"].key for one in along),
        ]
    ]

    def do() -> Posted:
        whole, actor = viewer.whole, viewer.actor()
        look(whole, actor, name, looks)
        return mark(whole, actor, name, wanted)

    return _done(seen.asked, do, lambda posted: seen.after(viewer, posted))


def _along(viewer: Viewer, seen: _Seen) -> list[dict[str, Any]]:
    """Return the similar events that were ticked, each still like the event and ready for it."""
    ticked = set(filter(None, seen.entered.fields["_similar"].split("\n")))
    if not ticked:
        return []
    event = seen.found.events[seen.place].event
    offered = {one["value"]: one for one in similar_events(viewer, seen.found, event)}
    if any(one not in offered or not offered[one]["ready"] for one in ticked):
        seen.entered.errors["similar"] = _(
            "One of the similar events is marked by now, or was not shown as a whole: look at it."
        )
        return []
    return [one for value, one in offered.items() if value in ticked]


def _looks(viewer: Viewer, seen: _Seen, along: Sequence[dict[str, Any]]) -> list[Look]:
    """Return the looks at the event and at similar ones shown as a whole; the time is shared."""
    whole = [one for one in along if one["whole"]]
    images = max(1, len(seen.part.images))
    every = images + sum(max(1, len(one["images"])) for one in whole)
    time_ms = dwell_ms(viewer)
    taken = [seen.look(viewer, max(1, time_ms * images // every) if time_ms else 0)]
    for one in whole:
        share = max(1, time_ms * max(1, len(one["images"])) // every)
        taken.append(Look(one["event"].key[0], one["event"].key[1], share, THUMB))
    return taken
