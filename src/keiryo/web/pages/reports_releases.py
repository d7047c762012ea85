"""Four eyes: what waits for release, shown word for word, and released, returned or withdrawn.

A request shows what would be done if it were released now: if the books changed so that it would
be something else than was prepared, the difference is shown, and it has to be prepared anew.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.errors import ConflictError, Finding, KeiryoError, RefusedError, UsageError
from keiryo.journal.model import Actor
from keiryo.people.accounts import names_of
from keiryo.people.releases import (
    WAITING,
    ReleaseRequest,
    is_sound,
    release,
    request,
    requests,
    return_to_preparer,
    withdraw,
)
from keiryo.web.answers import status_of
from keiryo.web.once import Answer, once
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields, saved_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

RELEASES = "/releases"
MOST_DECIDED = 50
"""Requests that were decided which the page shows."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done if a request were released now.

    Attributes
    ----------
    documents : tuple of (title, text)
        The exact words that were prepared.
    differences : tuple of (sign, line)
        What would be otherwise now: ``"-"`` was prepared, ``"+"`` would be now, ``" "`` is the
        same.
    findings : tuple of Finding
    problem : str
        Why it cannot be done any more; empty if it can.
    hidden : int
        Documents that are not for the viewer to see.
    template : str
        How what belongs to it is shown; empty: by the documents alone.
    context : mapping
        What that template needs.
    """

    documents: tuple[tuple[str, str], ...]
    differences: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: str = ""
    hidden: int = 0
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        """Whether it has to be prepared anew."""
        return bool(self.differences or self.problem)


@dataclass(frozen=True, slots=True)
class Releasable:
    """How a kind of act is shown and done that one person prepares and another releases.

    Attributes
    ----------
    execute : callable
        Takes (viewer, actor, content), posts what was prepared, returns the act's number; raises
        ConflictError if it would be something else now.
    preview : callable
        Takes (viewer, request) and returns a `Preview`.
    anew : callable
        Takes the request and returns the page on which it is prepared anew.
    """

    execute: Callable[[Viewer, Actor, Mapping[str, Any]], int]
    preview: Callable[[Viewer, ReleaseRequest], Preview]
    anew: Callable[[ReleaseRequest], str]


RELEASABLE: dict[str, Releasable] = {}
"""By kind of act; a capability's pages add theirs."""


def waiting(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the requests that wait and concern the viewer, with names for people."""
    now = viewer.server.now()
    return _named(viewer, requests(viewer.whole, viewer.person, state=WAITING, now=now))


def difference(prepared: str, now: str) -> tuple[tuple[str, str], ...]:
    """Return how two texts differ, line by line; empty if they do not."""
    if prepared == now:
        return ()
    lines = difflib.unified_diff(prepared.splitlines(), now.splitlines(), lineterm="", n=1)
    return tuple((line[:1], line[1:]) for line in _body(lines))


def _body(lines: Iterator[str]) -> Iterator[str]:
    return (line for line in lines if not line.startswith(("---", "+++", "@@")))


@get(RELEASES, opt={"reads": "reports"}, sync_to_thread=True)
def releases_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show what waits for release, and what was decided lately."""
    every = requests(viewer.whole, viewer.person, now=viewer.server.now())
    open_ones = [one for one in every if one.state in (WAITING, "releasing")]
    decided = [one for one in every if one.state not in (WAITING, "releasing")]
    return render(
        request,
        "releases.html",
        waiting=_named(viewer, open_ones),
        decided=_named(viewer, decided[:MOST_DECIDED]),
        crumbs=[(_("Reports"), "/reports"), (_("Waiting for release"), None)],
    )


@get(RELEASES + "/{number:str}", opt={"reads": "reports"}, sync_to_thread=True)
def release_page(request: AnyRequest, viewer: Asking, number: FromPath[str]) -> Response[Any]:
    """Show one request: what was prepared, by whom, and what would be done now."""
    return _shown(request, viewer, number)


@post(RELEASES + "/{number:str}", status_code=200, opt={"reads": "reports"}, sync_to_thread=True)
def decide(request: AnyRequest, viewer: Asking, number: FromPath[str]) -> Response[Any]:
    """Release a request, return it to who prepared it, or withdraw one's own."""
    action, words = viewer.field("action"), viewer.field("words")
    does: dict[str, Callable[[], ReleaseRequest]] = {
        "release": partial(_release, viewer, number, words),
        "return": partial(
            return_to_preparer, viewer.whole, viewer.actor(), viewer.person, number,
            words=words, now=viewer.server.now(),
        ),
        "withdraw": partial(
            withdraw, viewer.whole, viewer.actor(), viewer.person, number,
            words=words or None, now=viewer.server.now(),
        ),
    }  # fmt: skip
    if action not in does:
        raise UsageError("say what is to be done", "Release it, return it or withdraw it.")

    def do() -> Answer:
        does[action]()
        return Answer(303, f"{RELEASES}/{number}")

    try:
        asked = {"number": number, "action": action, "words": words}
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except (RefusedError, ConflictError, UsageError) as error:
        return _shown(request, viewer, number, error, words)
    forget_fields(viewer, f"{RELEASES}/{number}")
    return Redirect(answer.location or RELEASES, status_code=303)


def _release(viewer: Viewer, number: str, words: str) -> ReleaseRequest:
    asked = request(viewer.whole, viewer.person, number)
    kind = RELEASABLE.get(asked.act_kind)
    if kind is None:
        raise UsageError(
            f"nobody here knows how to do {asked.act_kind}", "Release it where it was prepared."
        )
    return release(
        viewer.whole,
        viewer.actor(),
        viewer.person,
        number,
        partial(kind.execute, viewer),
        words=words or None,
        now=viewer.server.now(),
    )


def _shown(
    http: AnyRequest,
    viewer: Viewer,
    number: str,
    error: KeiryoError | None = None,
    words: str = "",
) -> Response[Any]:
    asked = request(viewer.whole, viewer.person, number)
    path = f"{RELEASES}/{number}"
    kind = RELEASABLE.get(asked.act_kind)
    preview = None
    if kind is not None and viewer.sight.sees("reports", asked.scope):
        preview = kind.preview(viewer, asked)
    waits = asked.state == WAITING
    own = asked.prepared_by == viewer.person.person
    able = _may_decide(viewer, asked)
    people = [p for p in (asked.prepared_by, asked.decided_by) if p]
    return render(
        http,
        "release.html",
        http_status=200 if error is None else status_of(error),
        path=path,
        asked=asked,
        preview=preview,
        anew=kind.anew(asked) if kind is not None else None,
        names=names_of(viewer.whole, people),
        sound=is_sound(viewer.whole, asked),
        waits=waits,
        own=own,
        may_release=waits and able and not own,
        own_release=waits and able and own,
        may_withdraw=waits and own,
        error=error,
        findings=list(getattr(error, "findings", ())),
        words=words or saved_fields(viewer, path).get("words", ""),
        crumbs=[
            (_("Reports"), "/reports"),
            (_("Waiting for release"), RELEASES),
            (asked.title, None),
        ],
    )


def _may_decide(viewer: Viewer, asked: ReleaseRequest) -> bool:
    return (
        viewer.may("release")
        and viewer.person.may_at("release", asked.scope)
        and viewer.may_post(asked.act_kind, asked.scope)
    )


def _named(viewer: Viewer, found: list[ReleaseRequest]) -> list[dict[str, Any]]:
    names = names_of(viewer.whole, [one.prepared_by for one in found])
    me = viewer.person.person
    return [
        {
            "request": one,
            "prepared_by": names.get(one.prepared_by, one.prepared_by),
            "own": one.prepared_by == me,
            "may_release": one.state == WAITING
            and one.prepared_by != me
            and _may_decide(viewer, one),
        }
        for one in found
    ]


HANDLERS = (releases_page, release_page, decide)
