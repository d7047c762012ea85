"""Access in a sealed store: reviews of what is kept, and irregularities taken on step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response, get, post
from litestar.params import FromPath

from keiryo.errors import UsageError
from keiryo.web.pages.protection_stores_known import (
    HIDDEN,
    Held,
    badge,
    done_once,
    held,
    shown,
    state_badge,
)
from keiryo.web.pages.protection_stores_records import STORE
from keiryo.web.pages.protection_stores_words import GRADES, KINDS, STANDINGS
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text, said
from keiryo.web.viewer import AnyRequest, Asking

if TYPE_CHECKING:
    from keiryo.access_control.irregularity import Irregularity
    from keiryo.security_store.opened import Title

IRREGULARITIES = STORE + "/irregularities"
GIVEN = {
    "setup": ("access_setup", True),
    "log": ("access_log", True),
    "authorisations": ("authorisations", False),
    "work_orders": ("work_orders", False),
    "case": ("access_case", False),
    "rule": ("two_person_rule", False),
}
"""What a review rests on: the kind of record, and whether there is no review without it."""
GRADES_FIRST = tuple(GRADES)


@get(IRREGULARITIES, sync_to_thread=True, opt=HIDDEN)
def irregularities_page(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """List irregularities with where each stands and by when it is to be resolved."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.access_control.irregularity import CLOSED
    from keiryo.security_store.access_reviews import irregularities

    found = irregularities(mine.opened)
    every = "all" in request.query_params
    now_ns = int(viewer.server.now().timestamp()) * 1_000_000_000
    rows = [_row(title, one, now_ns) for title, one in found if every or one.state != CLOSED]
    rows.sort(key=lambda row: (row["closed"], row["due"] or "9", row["order"], row["record"]))
    may = "access_result" in mine.writes
    titles = mine.opened.titles("access") if may else []
    return shown(
        request,
        mine,
        "irregularities",
        "irregularities",
        crumb=_("Irregularities"),
        rows=rows,
        every=every,
        left_out=0 if every else sum(one.state == CLOSED for _title, one in found),
        choices=_choices(titles) if may else None,
    )


def _row(title: Title, one: Irregularity, now_ns: int) -> dict[str, Any]:
    from keiryo.access_control.findings import utc_text
    from keiryo.access_control.irregularity import CLOSED, RULES

    late = one.due_ns is not None and one.due_ns < now_ns and one.state != CLOSED
    return {
        "record": title.record,
        "rule": one.rule,
        "reason": said(RULES[one.rule].title),
        "grade": badge(GRADES, one.severity),
        "order": GRADES_FIRST.index(one.severity) if one.severity in GRADES else 9,
        "state": state_badge(one.state),
        "due": utc_text(one.due_ns),
        "late": late,
        "by": one.steps[0].by if one.steps else title.by,
        "closed": one.state == CLOSED,
        "_kind": "error" if late else None,
    }


def _choices(titles: list[Title]) -> list[dict[str, Any]]:
    """Return the fields of a review: for each, the records that may be chosen."""
    return [
        {
            "name": name,
            "label": _(KINDS[kind]).capitalize(),
            "required": needed,
            "options": [
                *([] if needed else [("", _("none"))]),
                *((one.record, f"{one.record}: {one.title}") for one in titles if one.kind == kind),
            ],
        }
        for name, (kind, needed) in GIVEN.items()
    ]


@post(IRREGULARITIES + "/show", status_code=200, sync_to_thread=True, opt=HIDDEN)
def show_irregularity(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Show an irregularity with its steps and what may follow."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.access_control.irregularity import FOLLOWS, RESOLVING
    from keiryo.security_store.access_reviews import irregularity

    record, reason = viewer.field("record"), viewer.field("reason")
    told = irregularity(mine.opened, record, reason)[1].to_dict()
    raised_it = bool(told["steps"]) and told["steps"][0]["by"] == mine.person
    able = [one for one in FOLLOWS.get(told["state"], ()) if not (raised_it and one in RESOLVING)]
    return shown(
        request,
        mine,
        "irregularity",
        "irregularities",
        crumb=record,
        record=record,
        told=told,
        grade=badge(GRADES, told["severity"]),
        state=state_badge(told["state"]),
        steps=[
            {**one, "state": state_badge(one["state"]), "at": instant_text(one["at"])}
            for one in told["steps"]
        ],
        follows=[(one, _(STANDINGS[one][0])) for one in able] if _resolves(mine) else [],
        raised_it=raised_it,
    )


def _resolves(mine: Held) -> bool:
    return "irregularity" in mine.writes


@post(IRREGULARITIES + "/steps", status_code=200, sync_to_thread=True, opt=HIDDEN)
def step_of_irregularity(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Take an irregularity a step on; who raised it does not resolve it."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.access_reviews import step

    given = (viewer.field("record"), viewer.field("state"), viewer.field("reason"))
    return done_once(
        viewer, mine, f"{mine.address}/irregularities?done=step", lambda: step(mine.opened, *given)
    )


@post(IRREGULARITIES + "/reviews", status_code=200, sync_to_thread=True, opt=HIDDEN)
def review_kept_access(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Review access with what is kept; the result and each irregularity are sealed."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.access_reviews import Given, review_access

    chosen = {name: viewer.field(name) or None for name in GIVEN}
    setup, log = chosen.pop("setup"), chosen.pop("log")
    if setup is None or log is None:
        raise UsageError(
            "choose the setup and the records of access", "Seal them as records first."
        )
    given, reason = Given(setup, log, **chosen), viewer.field("reason")
    return done_once(
        viewer,
        mine,
        f"{mine.address}/irregularities?done=checked",
        lambda: review_access(mine.opened, given, reason),
    )


SECTION = Section(
    "protection_stores_access",
    handlers=(*(irregularities_page, show_irregularity, step_of_irregularity, review_kept_access),),
)
"""Pages of access in an opened store."""
