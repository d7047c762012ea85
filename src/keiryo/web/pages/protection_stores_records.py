"""Records of a sealed store: listed by compartment, shown after a reason, put as files."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from keiryo.errors import UsageError
from keiryo.web.pages.protection_stores_known import (
    HIDDEN,
    HOME,
    Held,
    day_field,
    done_once,
    held,
    shown,
)
from keiryo.web.pages.protection_stores_results import facts_of
from keiryo.web.pages.protection_stores_words import COMPARTMENTS, KINDS, STALE
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import AnyRequest, Asking, Viewer

if TYPE_CHECKING:
    from keiryo.security_store.opened import Content, Title

STORE = HOME + "/{store:str}"
MOST_SHOWN = 200_000
"""Signs of a record that a page shows."""
EVALUATED = ("graph", "easi")


@get(STORE, sync_to_thread=True, opt=HIDDEN)
def records_page(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """List the records that the member may read; that they were listed is recorded."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.roles import COMPARTMENTS as ORDER

    titles = mine.opened.titles()
    own = mine.reads
    return shown(
        request,
        mine,
        "records",
        "records",
        groups=[
            {
                "name": _(COMPARTMENTS[one]),
                "key": one,
                "rows": [_row(mine, title) for title in titles if _place(title) == one],
            }
            for one in ORDER
            if one in own
        ],
        putting=_kinds_put(mine),
        versions=[(one.record, f"{one.record}: {one.title}") for one in titles if _takes(one)],
    )


def _place(title: Title) -> str:
    from keiryo.security_store.roles import KINDS as PLACES

    return PLACES[title.kind]


def _takes(title: Title) -> bool:
    from keiryo.security_store.roles import MADE_HERE, OWN_WAY

    return title.kind not in MADE_HERE | OWN_WAY


def _row(mine: Held, title: Title) -> dict[str, Any]:
    basis = mine.store.state().records[title.record].basis
    return {
        "record": title.record,
        "title": title.title,
        "kind": _(KINDS.get(title.kind, title.kind)),
        "version": title.version,
        "by": title.by,
        "at": instant_text(title.at),
        "basis": None if basis is None else basis[0],
        "aggregate": title.kind == "statement" and basis is not None,
    }


def _kinds_put(mine: Held) -> list[tuple[str, str]]:
    from keiryo.security_store.roles import MADE_HERE, OWN_WAY

    able = sorted(mine.writes - MADE_HERE - OWN_WAY)
    return [(one, _(KINDS.get(one, one))) for one in able]


@post(STORE + "/show", status_code=200, sync_to_thread=True, opt=HIDDEN)
def show_record(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Show a record; that it is read, and why, is recorded first."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    record, reason = viewer.field("record"), viewer.field("reason")
    version = _number(viewer.field("version"))
    found = mine.opened.read(record, reason, version=version)
    kind = found.head.kind
    return shown(
        request,
        mine,
        "record",
        "records",
        crumb=record,
        one=found.head.to_dict(),
        at=instant_text(found.head.at),
        kind=_(KINDS.get(kind, kind)),
        versions=_versions(mine, record),
        known=facts_of(found),
        text=None if kind in ("evaluation", "statement") else _text(found),
        cut=len(found.content) > MOST_SHOWN,
        stale=_stale(mine, viewer, record, reason) if kind == "evaluation" else None,
        reason=reason,
        today=viewer.today.isoformat(),
        may=_may(mine, kind),
        own=_made_by(mine, record),
    )


def _text(found: Content) -> str:
    return found.content[: MOST_SHOWN * 4].decode(errors="replace").lstrip("\ufeff")[:MOST_SHOWN]


def _versions(mine: Held, record: str) -> list[dict[str, Any]]:
    kept = mine.store.state().records[record].versions
    return [
        {"number": one.number, "by": one.by, "at": instant_text(one.at)} for one in reversed(kept)
    ]


def _stale(mine: Held, viewer: Viewer, record: str, reason: str) -> list[dict[str, Any]]:
    from keiryo.security_store.evaluations import staleness

    found = staleness(mine.opened, record, viewer.today, reason)
    return [{"words": _(STALE[one["code"]]), **one} for one in found]


def _may(mine: Held, kind: str) -> dict[str, bool]:
    """Return what the member's roles let be done with a record of a kind."""
    writes, acts = mine.writes, mine.acts
    return {
        "evaluate": kind in EVALUATED and "evaluation" in writes,
        "approve": kind == "evaluation" and "approval" in writes,
        "review": kind == "evaluation" and "review" in writes,
        "aggregate": kind == "evaluation",
        "ask": "ask_release" in acts,
    }


def _made_by(mine: Held, record: str) -> bool:
    """Return whether the member made a record or what it follows from."""
    records = mine.store.state().records
    one = records[record]
    makers = {version.by for version in one.versions}
    if one.basis is not None:
        makers |= {version.by for version in records[one.basis[0]].versions}
    return mine.person in makers


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and int(text) > 0):
        raise UsageError("a version is a number from 1", "Choose one that the page lists.")
    return int(text)


# --- putting ---------------------------------------------------------------------------------


@post(STORE + "/records", status_code=200, sync_to_thread=True, opt=HIDDEN)
def put_record(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Seal a file as a record, or as a new version of one."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    name, content = _sent(viewer)
    from keiryo.security_store.contents import ENDINGS

    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        able = ", ".join(sorted(ENDINGS))
        raise UsageError("a file of this type is not kept", f"Its name ends with one of: {able}.")
    kind, record = viewer.field("kind"), viewer.field("record") or None
    if record is not None:
        known = mine.store.state().records.get(record)
        kind = known.kind if known is not None else kind
    title, reason = viewer.field("title"), viewer.field("reason")
    return done_once(
        viewer,
        mine,
        f"{mine.address}?done=put",
        lambda: mine.opened.put(kind, title, ENDINGS[ending], content, reason, record=record),
    )


def _sent(viewer: Viewer) -> tuple[str, bytes]:
    """Return the one file that was sent, by name and content.

    Raises
    ------
    UsageError
    """
    sent = [] if viewer.form is None else viewer.form.getall("file", [])
    files = [one for one in sent if isinstance(one, UploadFile) and one.filename]
    if len(files) != 1:
        raise UsageError("choose one file", "One file is one record.")
    files[0].file.seek(0)
    return files[0].filename, files[0].file.read()


# --- evaluating ------------------------------------------------------------------------------


@post(STORE + "/evaluations", status_code=200, sync_to_thread=True, opt=HIDDEN)
def evaluate_record(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Compute what follows from a kept graph or path, and keep it."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.evaluations import evaluate

    on, state = day_field(viewer, "on"), viewer.field("facility_state") or None
    record, reason = viewer.field("record"), viewer.field("reason")
    return done_once(
        viewer,
        mine,
        f"{mine.address}?done=evaluated",
        lambda: evaluate(mine.opened, record, on, state=state, reason=reason),
    )


@post(STORE + "/decisions", status_code=200, sync_to_thread=True, opt=HIDDEN)
def decide(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Approve or refuse an evaluation that others made."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.evaluations import approve

    evaluation, decision = viewer.field("record"), viewer.field("decision")
    reason, level = viewer.field("reason"), viewer.field("level") or None
    return done_once(
        viewer,
        mine,
        f"{mine.address}?done=decided",
        lambda: approve(mine.opened, evaluation, decision, reason, level=level),
    )


@post(STORE + "/reviews", status_code=200, sync_to_thread=True, opt=HIDDEN)
def review_evaluation(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Keep what a reviewer found about an evaluation."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.evaluations import review

    words = viewer.field("text")
    if not words:
        raise UsageError("the review has no text", "Write what you found.")
    given = (viewer.field("record"), viewer.field("title"), words, viewer.field("reason"))
    return done_once(
        viewer, mine, f"{mine.address}?done=reviewed", lambda: review(mine.opened, *given)
    )


@post(STORE + "/aggregate", status_code=200, sync_to_thread=True, opt=HIDDEN)
def aggregate_only(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Tell only whether the required level is met."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.evaluations import aggregate

    evaluation, reason = viewer.field("record"), viewer.field("reason")
    told = aggregate(mine.opened, evaluation, viewer.field("level") or None, reason)
    met = (_("met"), "ok") if told["meets_level"] else (_("not met"), "error")
    return shown(
        request,
        mine,
        "aggregate",
        "records",
        crumb=evaluation,
        evaluation=evaluation,
        met={"text": met[0], "badge": met[1]},
        level=f"{told['level']:g}",
        exact=told["exact"],
        placeholder=told["classification"] == "placeholder",
    )


SECTION = Section(
    "protection_stores_records",
    handlers=(
        *(records_page, show_record, put_record, evaluate_record, decide, review_evaluation),
        aggregate_only,
    ),
)
"""Pages of the records of an opened store."""
