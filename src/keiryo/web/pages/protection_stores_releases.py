"""What leaves a sealed store: asked for by one member, released by another as one marked copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response, get, post
from litestar.params import FromPath

from keiryo.errors import UsageError
from keiryo.web.pages.protection_stores_known import (
    HIDDEN,
    Held,
    done_once,
    held,
    shown,
    state_badge,
)
from keiryo.web.pages.protection_stores_records import STORE
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import AnyRequest, Asking

if TYPE_CHECKING:
    from keiryo.security_store.state import Request

RELEASES = STORE + "/releases"


@get(RELEASES, sync_to_thread=True, opt=HIDDEN)
def releases_page(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """List what was asked for: whose answer it waits for, and which copies were made."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.releases import requests

    found = requests(mine.opened) if mine.acts & {"ask_release", "release"} else []
    rows = [_row(mine, one) for one in reversed(found)]
    return shown(
        request,
        mine,
        "releases",
        "releases",
        crumb=_("Releases"),
        waiting=[row for row in rows if row["open"]],
        rows=[row for row in rows if not row["open"]],
    )


def _row(mine: Held, one: Request) -> dict[str, Any]:
    own = one.asked_by == mine.person
    known = mine.store.state().records[one.record]
    readable = known.compartment in mine.reads
    return {
        **one.to_dict(),
        "request": one.id,
        "asked_at": instant_text(one.asked_at),
        "decided_at": instant_text(one.decided_at) if one.decided_at else "",
        "open": one.state == "open",
        "state": state_badge(one.state),
        "own": own,
        "may_release": not own and "release" in mine.acts and readable,
    }


@post(RELEASES, status_code=200, sync_to_thread=True, opt=HIDDEN)
def ask_for_release(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Ask that a record be released to a recipient."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.releases import ask_release

    record, recipient = viewer.field("record"), viewer.field("recipient")
    reason, text = viewer.field("reason"), viewer.field("version")
    version = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None
    return done_once(
        viewer,
        mine,
        f"{mine.address}/releases?done=asked",
        lambda: ask_release(mine.opened, record, recipient, reason, version=version),
    )


@post(RELEASES + "/copy", status_code=200, sync_to_thread=True, opt=HIDDEN)
def release_copy(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Release what another member asked for: the answer is the copy, and there is no second one."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.contents import ENDINGS
    from keiryo.security_store.releases import release

    copy = release(mine.opened, viewer.field("request"))
    ending = next((end for end, kind in ENDINGS.items() if kind == copy.media_type), ".txt")
    return Response(
        copy.content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="copy-{copy.number}{ending}"',
            "Cache-Control": "no-store",
        },
    )


@post(RELEASES + "/answers", status_code=200, sync_to_thread=True, opt=HIDDEN)
def answer_request(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Refuse a request, or take one's own back."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.releases import refuse, withdraw

    ways = {"refuse": refuse, "withdraw": withdraw}
    way = ways.get(viewer.field("answer"))
    if way is None:
        raise UsageError("choose what becomes of the request", "Refuse it, or take it back.")
    asked, reason = viewer.field("request"), viewer.field("reason")
    return done_once(
        viewer,
        mine,
        f"{mine.address}/releases?done=answered",
        lambda: way(mine.opened, asked, reason),
    )


SECTION = Section(
    "protection_stores_releases",
    handlers=(releases_page, ask_for_release, release_copy, answer_request),
)
"""Pages of what leaves a store."""
