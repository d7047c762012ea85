"""The parts of the overview as they are shown: made once for as long as nothing new was posted.

What a part says is remembered as of the last act that its viewer sees, and so is its text, unless
the part looks at something that is no act: then it is written anew for each request. A text with a
form is never remembered, because every form belongs to one session and one sending.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Lock, Thread
from typing import Any

from markupsafe import Markup

from keiryo.errors import KeiryoError
from keiryo.web.own_acts import last_own_act
from keiryo.web.remembered import last_act_seen
from keiryo.web.rendering import Pages
from keiryo.web.sections import OverviewPart
from keiryo.web.viewer import AnyRequest, Viewer

log = logging.getLogger("keiryo.web")

PIECE = "overview_part.html"
ANEW_EVERY_S = 3.0
MOST_BEHIND_S = 30.0
"""An overview that was made longer ago than this is not shown where something was posted since."""

MOST_OVERVIEWS = 500
Overview = tuple[list[dict[str, Any]], Any, int]
"""Parts, what they hold as of, and the last act that there was."""

LATER = "shown"
"""Name in the content of a part of what is asked only when it is shown: a standing answer."""


class _This:
    """Stands for one object and no other that is equal to it."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)


@dataclass(slots=True)
class _Made:
    """An overview as it was made: its parts, as of which act, when, and whether one is on its way.

    `head` is the last act that there was, seen by its viewer or not; `at_s` is in monotonic
    seconds.
    """

    parts: list[dict[str, Any]]
    as_of: Any
    head: int
    at_s: float
    making: bool = False


class Overviews:
    """The last overview of each viewer.

    Where others post all the time, an overview is made anew every few seconds and not for every
    act: in the background, while those who ask get the last one. Whoever has just done something in
    their browser, or asks for the first time in a while, waits for one that knows every act.
    """

    def __init__(self) -> None:
        self._made: OrderedDict[Any, _Made] = OrderedDict()
        self._lock = Lock()

    def recent(self, key: Any, as_of: Any, known: int = 0) -> _Made | None:
        """Return the last overview where it is a little behind; None: the caller makes one.

        It knows the act `known`, which may be one that its viewer does not see.

        Where nothing was posted the caller makes it from remembered parts, with what is no act
        (who waits to be let in, what waits for release) as it is now.
        """
        with self._lock:
            found = self._made.get(key)
            if found is None or found.as_of == as_of or found.head < known:
                return None
            return found if time.monotonic() - found.at_s < MOST_BEHIND_S else None

    def renew(self, key: Any, make: Callable[[], Overview]) -> None:
        """Begin to make an overview anew in the background, unless one is made or quite new.

        `make` returns what `keep` takes.
        """
        with self._lock:
            found = self._made.get(key)
            if found is None or found.making or time.monotonic() - found.at_s < ANEW_EVERY_S:
                return
            found.making = True

        def run() -> None:
            try:
                self.keep(key, *make())
            except Exception:  # the next request makes one itself, and tells what is wrong
                found.making = False
                log.exception("an overview could not be made anew")

        Thread(target=copy_context().run, args=(run,), name="overview", daemon=True).start()

    def keep(self, key: Any, parts: list[dict[str, Any]], as_of: Any, head: int = 0) -> None:
        """Remember an overview: its parts, what they hold as of, and the last act there was."""
        with self._lock:
            self._made[key] = _Made(parts, as_of, head, time.monotonic())
            self._made.move_to_end(key)
            while len(self._made) > MOST_OVERVIEWS:
                self._made.popitem(last=False)


def overview_parts(request: AnyRequest, viewer: Viewer) -> tuple[list[dict[str, Any]], int | None]:
    """Return the parts that have something to say to a viewer, in order.

    Each has its ``part``, the ``problem`` that kept it from being made, its ``content``, and its
    ``text`` where that is written already. The second value is the act as of which they speak, if
    there are newer ones.
    """
    kept = viewer.server.remembered.get(("overviews",), None, Overviews)
    key = (viewer.sight, viewer.person, viewer.language)
    as_of = (_last_seen(viewer), viewer.today)
    head = 0 if viewer.head is None else viewer.head.act_id

    def make() -> Overview:
        return _made_now(request, viewer, as_of), as_of, head

    recent = kept.recent(key, as_of, min(last_own_act(request), head))
    if recent is not None:
        kept.renew(key, make)
        return recent.parts, int(recent.as_of[0])
    made = make()
    kept.keep(key, *made)
    return made[0], None


def _made_now(request: AnyRequest, viewer: Viewer, as_of: Any) -> list[dict[str, Any]]:
    server = viewer.server
    offered = sorted(
        (part for section in server.sections for part in section.overview if part.shown(viewer)),
        key=lambda part: part.order,
    )
    found: list[dict[str, Any]] = []
    for part in offered:
        try:
            content = server.remembered.get(
                _key("overview", part, viewer), as_of, partial(part.build, viewer)
            )
        except KeiryoError as error:  # one part that cannot be made does not take the page along
            log.warning("a part of the overview failed", extra={"part": part.name})
            found.append({"part": part, "problem": error, "content": {}, "text": None})
            continue
        if content is not None:
            text = _text(request, viewer, part, content)
            found.append({"part": part, "problem": None, "content": content, "text": text})
    return found


def _last_seen(viewer: Viewer) -> int:
    """Return the last act that the viewer sees; asked once for each act that is posted."""

    def ask() -> int:
        return last_act_seen(viewer.books, viewer.metadata)

    if viewer.head is None:
        return ask()
    return viewer.server.remembered.get(("last act seen", viewer.sight), viewer.head, ask)


def _key(what: str, part: OverviewPart, viewer: Viewer) -> tuple[Any, ...]:
    return what, part.name, viewer.sight, viewer.person, viewer.language


def _text(
    request: AnyRequest, viewer: Viewer, part: OverviewPart, content: Mapping[str, Any]
) -> Markup | None:
    """Return the text of a part if it may be remembered, otherwise None."""
    known, key = viewer.server.remembered, _key("overview text", part, viewer)
    as_of: Any = _This(content)
    if any(callable(value) for value in content.values()):
        if set(content) != {LATER} or viewer.head is None:
            return None
        as_of = (viewer.head, viewer.today)
        held = known.held(key, as_of)
        if isinstance(held, Markup):
            return held
        shown = content[LATER](viewer)
        content = {LATER: lambda _viewer: shown}
        if not _is_current(shown):
            return _written(request, part, content)
    text = known.get(key, as_of, lambda: _written(request, part, content))
    return None if "<form" in text else text


def _is_current(shown: Mapping[str, Any]) -> bool:
    """Return whether a standing answer knows every act: then only a new act can change it."""
    standing = shown.get("standing")
    current = shown.get("current") if standing is None else standing.current
    return bool(current)


def _written(request: AnyRequest, part: OverviewPart, content: Mapping[str, Any]) -> Markup:
    pages: Pages = request.app.state.pages
    return Markup(pages.text(request, PIECE, {"template": part.template, "content": content}))
