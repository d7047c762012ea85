"""Long work begun by programs: verification, audit packs, itemised lists, backups.

Each is answered with 202 and the job as Location; what came of it, and its file, are fetched there.
"""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from keiryo.web.api.answering import (
    API,
    area_tag,
    as_of_head,
    changing,
    done_once,
    entity_tag,
    json_only,
    require_current,
)
from keiryo.web.api.asking import MbaCode, known, sound_day
from keiryo.web.api.documents import Request
from keiryo.web.api.jobs import JobDocument, begun
from keiryo.web.once import Answer
from keiryo.web.pages.areas_audit import AUDIT_PACK, PACK, pack_asked
from keiryo.web.pages.areas_inventory import INVENTORY_JOB, ITEMISED, list_asked
from keiryo.web.pages.journal import VERIFICATION, VERIFYING
from keiryo.web.pages.system import BACKING_UP, BACKUP
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

_KNOWN = Meta(
    max_length=40,
    description="as it was known then: number of an act, or a day on which reports count from "
    "their date (label 003); null: now",
)


class NothingAsked(Request, frozen=True, kw_only=True):
    """Nothing is to be chosen: send {}."""


class PackWanted(Request, frozen=True, kw_only=True):
    """Which audit pack is wanted."""

    from_: Annotated[datetime.date, Meta(description="first day")] = msgspec.field(name="from")
    to: Annotated[datetime.date, Meta(description="last day")]
    as_known: Annotated[str, _KNOWN] | None = None


class ListWanted(Request, frozen=True, kw_only=True):
    """Which itemised list is wanted."""

    on: Annotated[datetime.date | None, Meta(description="day; null: today at the facility")] = None
    as_known: Annotated[str, _KNOWN] | None = None


@changing("/verifications", "journal", 202, guards=[json_only])
def post_verification(
    request: AnyRequest, viewer: Asking, data: JSONBody[NothingAsked]
) -> Response[JobDocument]:
    """Verify the whole journal: chain, lines, signatures, evidence. A job; see its outcome.

    If-Match takes the entity tag of the checkpoint.
    """
    del data

    def do() -> Answer:
        require_current(request, lambda: _checkpoint_tag(viewer))
        return begun(request, viewer, VERIFYING, VERIFICATION, {})

    return done_once(request, viewer, {}, do)


@changing(
    "/areas/{mba:str}/audit-packs", "areas", 202, opt={"reads": "accounts"}, guards=[json_only]
)
def post_audit_pack(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[PackWanted]
) -> Response[JobDocument]:
    """Write an audit pack of an area over a period: a job, whose file is the pack.

    If-Match takes the entity tag of the area.
    """
    area = viewer.area(mba)
    sound_day(data.from_)
    sound_day(data.to)
    asked = pack_asked(
        *(viewer, area, data.from_.isoformat(), data.to.isoformat()), _known(viewer, data.as_known)
    )

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, area))
        return begun(request, viewer, AUDIT_PACK.name, PACK, asked)

    return done_once(request, viewer, asked, do)


@changing(
    "/areas/{mba:str}/inventory-lists", "areas", 202, opt={"reads": "accounts"}, guards=[json_only]
)
def post_inventory_list(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[ListWanted]
) -> Response[JobDocument]:
    """Make the itemised list of a large area: a job, whose file is the list as CSV.

    If-Match takes the entity tag of the area. GET inventory answers at once where that is enough.
    """
    area = viewer.area(mba)
    sound_day(data.on)
    on = "" if data.on is None else data.on.isoformat()
    asked = list_asked(viewer, area.code, on, _known(viewer, data.as_known))

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, area))
        return begun(request, viewer, INVENTORY_JOB.name, ITEMISED, asked)

    return done_once(request, viewer, {"on": data.on, "known": data.as_known}, do)


@changing("/backups", "system", 202, opt={"ability": "back up"}, guards=[json_only])
def post_backup(
    request: AnyRequest, viewer: Asking, data: JSONBody[NothingAsked]
) -> Response[JobDocument]:
    """Back up the books while others go on working: a job, whose file is the backup.

    If-Match takes the entity tag of the checkpoint. The token must be one that may write, and not
    be narrowed to a part of the State.
    """
    del data
    viewer.require("back up")
    if viewer.api_token is not None and viewer.api_token.scope:
        raise NotPermittedError(
            "a backup holds the books of the whole State, and this token is narrowed to a part",
            "Make a token without that limit for backups.",
        )

    def do() -> Answer:
        require_current(request, lambda: _checkpoint_tag(viewer))
        return begun(request, viewer, BACKING_UP, BACKUP, {})

    return done_once(request, viewer, {}, do)


def _known(viewer: Viewer, as_known: str | None) -> str:
    """Return a state of knowledge as the page asks for it, once it makes sense."""
    with viewer.whole.reading() as connection:
        known(viewer, connection, as_known)
    return as_known or ""


def _checkpoint_tag(viewer: Viewer) -> str:
    """Return the entity tag with which the checkpoint is answered."""
    return entity_tag(viewer, (f"{API}/checkpoint", "", "json"), as_of_head(viewer))


SECTION = Section(
    "api jobs started", api=(post_verification, post_audit_pack, post_inventory_list, post_backup)
)
