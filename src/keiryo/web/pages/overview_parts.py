"""The parts of the overview as they are shown: made once for as long as nothing new was posted.

What a part says is remembered as of the last act that its viewer sees, and so is its text, unless
the part looks at something that is no act: then it is written anew for each request. A text with a
form is never remembered, because every form belongs to one session and one sending.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from keiryo.errors import KeiryoError
from keiryo.web.remembered import last_act_seen
from keiryo.web.rendering import Pages
from keiryo.web.sections import OverviewPart
from keiryo.web.viewer import AnyRequest, Viewer

log = logging.getLogger("keiryo.web")

PIECE = "overview_part.html"
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


def overview_parts(request: AnyRequest, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the parts that have something to say to a viewer, in order.

    Each has its ``part``, the ``problem`` that kept it from being made, its ``content``, and its
    ``text`` where that is written already.
    """
    server = viewer.server
    offered = sorted(
        (part for section in server.sections for part in section.overview if part.shown(viewer)),
        key=lambda part: part.order,
    )
    as_of = (_last_seen(viewer), viewer.today)
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
