"""Pages of camera reviews: the list of reviews, and what one review has found and concludes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.errors import Finding
from keiryo.people.accounts import names_of
from keiryo.surveillance.cameras import cameras
from keiryo.surveillance.conclusions import CONCLUDE, sound_parts
from keiryo.surveillance.correlation import correlate, states_of_camera
from keiryo.surveillance.declared_operations import operations
from keiryo.surveillance.ranking import Ranked
from keiryo.surveillance.review_tally import Tally
from keiryo.surveillance.reviews import OPEN, Review
from keiryo.web.listing import ListColumn, Row, RowList, ShownList, shown_list
from keiryo.web.pages.boards import Entered
from keiryo.web.pages.reviews_known import (
    CAPABILITY,
    HOME,
    READING,
    Standing,
    camera_address,
    event_address,
    is_waiting,
    review_address,
    standing,
    summaries,
    why_address,
)
from keiryo.web.pages.reviews_words import (
    CONCLUSION_BADGES,
    CONCLUSION_WORDS,
    KIND_WORDS,
    NOT_MARKED,
    REASON_WORDS,
    STATE_BADGES,
    STATE_WORDS,
    VERDICT_BADGES,
    VERDICT_WORDS,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text, number_text
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

PARTS = "parts"
"""Conclude the sound parts positive and the rest inconclusive."""
OPEN_WORD, DONE_WORD = sentence("open"), sentence("all concluded")
MOST_PARTS = 20

# --- the list of reviews ---------------------------------------------------------------------


def _page_of_row(row: Row) -> str:
    return review_address(row["review"])


LIST_COLUMNS = (
    ListColumn("review", sentence("Review"), "code", href=_page_of_row),
    ListColumn("state", sentence("State of the review"), choices=(OPEN_WORD, DONE_WORD)),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("cameras", sentence("Cameras")),
    ListColumn("begin", sentence("From"), "time"),
    ListColumn("end", sentence("Until"), "time"),
    ListColumn("reviewer", sentence("Reviewer")),
    ListColumn("events", sentence("Events"), "number", filterable=False),
    ListColumn("unmarked", sentence("Events not marked"), "number", filterable=False),
    ListColumn("open", sentence("Cameras without a conclusion"), "number", filterable=False),
)


@get(HOME, sync_to_thread=True, opt=READING)
def reviews_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List the reviews, with what of each is still open."""
    return show_list(request, viewer, Entered())


def show_list(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any] | Stream:
    """Show the list of reviews, and the form to open one as it was entered."""
    rows = _list_rows(viewer)
    table = shown_list(request, RowList(rows, LIST_COLUMNS), "reviews")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        done = row["state"] == DONE_WORD
        cells["state"] = {"text": _(row["state"]), "badge": "ok" if done else "open"}
    with viewer.books.reading() as connection:
        every = cameras(connection, viewer.metadata)
    ours = [one for one in every.values() if viewer.may_post(OPEN, one.scope)]
    return render(
        request,
        "reviews/list.html",
        http_status=entered.status,
        listed=table,
        total=len(rows),
        open_count=sum(row["state"] == OPEN_WORD for row in rows),
        cameras=[(one.name, f"{one.name} ({one.mba})") for one in ours],
        chosen=entered.fields.get("cameras", "").split("\n"),
        entered=entered,
        here=HOME,
        crumbs=[(_("Camera reviews"), None)],
    )


def _list_rows(viewer: Viewer) -> list[dict[str, Any]]:
    every = summaries(viewer)
    called = names_of(viewer.whole, {found.review.reviewer for found in every})
    rows = []
    for found in every:
        one = found.review
        rows.append(
            {
                "review": one.name,
                "state": OPEN_WORD if found.is_open else DONE_WORD,
                "mba": one.mba,
                "cameras": ", ".join(one.cameras),
                "begin": one.begin,
                "end": one.end,
                "reviewer": called[one.reviewer],
                "events": found.events,
                "unmarked": found.unmarked,
                "open": len(found.cameras_open),
            }
        )
    return sorted(rows, key=lambda row: row["state"] != OPEN_WORD)


# --- a review --------------------------------------------------------------------------------


def _event_of_row(row: Row) -> str:
    return event_address(row["review"], (row["screening"], row["event"]))


EVENT_COLUMNS = (
    ListColumn("rank", sentence("Rank"), "number", href=_event_of_row, filterable=False),
    ListColumn("group", sentence("Group"), "number"),
    ListColumn("camera", sentence("Camera"), "code"),
    ListColumn("begin", sentence("From"), "time"),
    ListColumn("end", sentence("Until"), "time", hidden=True),
    ListColumn("kind", sentence("Kind"), choices=tuple(KIND_WORDS.values())),
    ListColumn("zones", sentence("Zones")),
    ListColumn("declared", sentence("In the time of")),
    ListColumn("images", sentence("Images"), "number", filterable=False),
    ListColumn("share", sentence("Share of the picture"), filterable=False, sortable=False),
    ListColumn("looked", sentence("Looked at"), filterable=False, sortable=False),
    ListColumn("verdict", sentence("Mark"), choices=(*VERDICT_WORDS.values(), NOT_MARKED)),
    ListColumn("person", sentence("Marked by")),
    ListColumn("note", sentence("Note"), hidden=True),
    ListColumn("screening", sentence("Screening"), hidden=True),
    ListColumn("event", sentence("Number of the event"), "number", hidden=True, filterable=False),
)


@get(HOME + "/{name:str}", sync_to_thread=True, opt=READING)
def review_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Stream:
    """Show a review: tally, what stands against a conclusion, events, operations, conclusions."""
    return show_review(request, viewer, name, Entered(), "")


def show_review(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str
) -> Response[Any] | Stream:
    """Show a review, its forms as they were entered."""
    found = standing(viewer, name)
    one = found.review
    listed = _events_listed(request, viewer, found)
    if isinstance(listed, Response | Stream):
        return listed
    waiting = found.waiting
    first = next(iter(waiting or found.events), None)
    return render(
        request,
        "reviews/review.html",
        http_status=entered.status,
        review=one,
        here=review_address(name),
        reviewer=names_of(viewer.whole, [one.reviewer])[one.reviewer],
        cameras=[_camera(viewer, found, told) for told in found.tallies],
        listed=listed,
        total=len(found.events),
        waiting=len(waiting),
        first=None if first is None else event_address(name, first.event.key),
        operations=_operations(viewer, found),
        remarks=_remarks(viewer, found),
        concluded=_concluded(viewer, found),
        may_conclude=viewer.may_post(CONCLUDE, found.scope),
        may_open=viewer.may_post(OPEN, found.scope),
        why=why_address(name),
        coverage=f"/coverage/{quote(one.mba)}" if viewer.reads("coverage") else None,
        done=whole_number(request.query_params.get("done", "")),
        entered=entered,
        which=which,
        crumbs=[(_("Camera reviews"), HOME), (name, None)],
    )


def _events_listed(
    request: AnyRequest, viewer: Viewer, found: Standing
) -> ShownList | Response[Any] | Stream:
    marked = [one.event.mark for one in found.events if one.event.mark is not None]
    called = names_of(viewer.whole, {str(one.person) for one in marked})
    rows = [_event_row(found.review, one, called) for one in found.events]
    table = shown_list(request, RowList(rows, EVENT_COLUMNS), "events")
    if isinstance(table, Response | Stream):
        return table
    badges = {word: VERDICT_BADGES[name] for name, word in VERDICT_WORDS.items()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["kind"] = _(row["kind"])
        cells["verdict"] = {"text": _(row["verdict"]), "badge": badges.get(row["verdict"], "open")}
    return table


def _event_row(review: Review, one: Ranked, called: dict[str, str]) -> dict[str, Any]:
    event, said = one.event, one.event.mark
    screening, number = event.key
    return {
        "review": review.name,
        "rank": one.rank,
        "group": one.group,
        "camera": event.camera,
        "begin": event.begin,
        "end": event.end,
        "kind": KIND_WORDS.get(event.values["kind"], event.values["kind"]),
        "zones": ", ".join(event.zones),
        "declared": ", ".join(one.declared),
        "images": event.values["images"],
        "share": f"{number_text(event.values['score_ppm'] / 10_000, 2)} %",
        "looked": f"{event.seen} / {event.to_see}",
        "verdict": NOT_MARKED if said is None else VERDICT_WORDS[said.verdict],
        "person": None if said is None else called[str(said.person)],
        "note": None if said is None else said.note,
        "screening": screening,
        "event": number,
    }


def _camera(viewer: Viewer, found: Standing, told: Tally) -> dict[str, Any]:
    """Return a camera with its tally, what stands against a conclusion, and what was concluded."""
    against = found.objections[told.camera]
    concluded = found.concluded_of(told.camera)
    parts = []
    if not concluded and any(one.code == "CONCLUSION-COVERAGE" for one in against):
        with viewer.books.reading() as connection:
            made = sound_parts(connection, viewer.metadata, found.review.name, told.camera)
        parts = [
            {
                "begin": instant_text(one.begin),
                "end": instant_text(one.end),
                "conclusion": conclusion_badge(one.conclusion),
                "reason": one.reason,
            }
            for one in made[:MOST_PARTS]
        ]
    return {
        "name": told.camera,
        "href": camera_address(told.camera),
        "tally": told,
        "reasons": [(reason_words(name), count) for name, count in told.reasons.items()],
        "recorded": f"{number_text(told.recorded_ppm / 10_000, 2)} %",
        "valid": f"{number_text(told.valid_ppm / 10_000, 2)} %",
        "objections": against,
        "parts": parts,
        "concluded": bool(concluded),
        "waiting": sum(one.event.camera == told.camera for one in found.events if is_waiting(one)),
    }


def reason_words(code: str) -> str:
    """Return why images are not reviewable, in words."""
    return _(REASON_WORDS.get(code, code))


def conclusion_badge(conclusion: str) -> dict[str, str]:
    """Return a conclusion as word and shape."""
    return {"text": _(CONCLUSION_WORDS[conclusion]), "badge": CONCLUSION_BADGES[conclusion]}


def _concluded(viewer: Viewer, found: Standing) -> list[dict[str, Any]]:
    called = names_of(viewer.whole, {str(one.values["person"]) for one in found.concluded})
    return [
        {
            "camera": one.values["camera"],
            "begin": instant_text(one.values["begin_at"]),
            "end": instant_text(one.values["end_at"]),
            "conclusion": conclusion_badge(one.values["conclusion"]),
            "reason": one.values["reason"] or "",
            "person": called[str(one.values["person"])],
            "act": one.values["act_id"],
        }
        for one in reversed(found.concluded)
    ]


# --- declared operations ---------------------------------------------------------------------


def _sees_seals(viewer: Viewer) -> bool:
    return all(viewer.reads(one) for one in ("seals", "containment", "device_log"))


def _operations(viewer: Viewer, found: Standing) -> list[dict[str, Any]]:
    """Return what became of the operations that were declared for the period.

    Whoever does not see seals is told what the cameras say of them.
    """
    one, metadata = found.review, viewer.metadata
    with viewer.books.reading() as connection:
        if _sees_seals(viewer):
            matched = correlate(connection, metadata, one.name).operations
            told = {m.operation.name: dict(m.by_sensor) for m in matched}
        else:
            told = {}
            for camera in one.cameras:
                period = (one.begin, one.end)
                states = states_of_camera(connection, metadata, one.name, camera, *period)
                for name, state in states.items():
                    told.setdefault(name, {})[f"camera:{camera}"] = state
        declared = {each.name: each for each in operations(connection, metadata, mba=one.mba)}
    return [
        {
            "name": name,
            "href": f"/why?of={quote(f'operation:{name}', safe='')}",
            "type": declared[name].values["type"] or "",
            "begin": instant_text(declared[name].values["begin_at"]),
            "end": instant_text(declared[name].values["end_at"]),
            "sensors": [
                (
                    sensor,
                    {
                        "text": _(STATE_WORDS.get(str(state), str(state))),
                        "badge": STATE_BADGES.get(str(state), "plain"),
                    },
                )
                for sensor, state in by_sensor.items()
            ],
        }
        for name, by_sensor in told.items()
        if name in declared
    ]


def _remarks(viewer: Viewer, found: Standing) -> list[Finding]:
    """Return what cameras, seals and declarations say of one another that is worth a look."""
    if not _sees_seals(viewer):
        return []
    with viewer.books.reading() as connection:
        return list(correlate(connection, viewer.metadata, found.review.name).findings)


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return the reviews that are still open."""
    if not viewer.reads(CAPABILITY):
        return None
    every = summaries(viewer)
    if not every:
        return None
    waiting = [one for one in every if one.is_open]
    return {
        "count": len(waiting),
        "open": [
            {
                "name": one.review.name,
                "href": review_address(one.review.name),
                "mba": one.review.mba,
                "events": one.unmarked,
                "cameras": len(one.cameras_open),
            }
            for one in waiting[:8]
        ],
    }
