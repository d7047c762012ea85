"""One finding: what is asked, what happened to it, and the forms that answer and assign it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response, route
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.errors import KeiryoError, NotFoundError
from keiryo.oversight.finding_state import CLOSED, OPEN
from keiryo.oversight.worklist import (
    Place,
    WorkItem,
    answer,
    assign,
    finding_history,
)
from keiryo.oversight.worklist_query import acts_since
from keiryo.people.accounts import names_of
from keiryo.people.permissions import people
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    Entered,
    areas_reading,
    day_of,
    explain_error,
    first_shown,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    sees_state,
    typed_again,
)
from keiryo.web.pages.reports_records import finding_of_row
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ANSWER, CLOSE, REOPEN = "finding.answer", "finding.close", "finding.reopen"
STEPS = {
    "raised": sentence("raised"),
    "assigned": sentence("assigned"),
    "answered": sentence("answered"),
    "closed": sentence("closed"),
    "reopened": sentence("reopened"),
}
MOST_ANSWER = 4_000


def own_names(viewer: Viewer) -> list[str]:
    """Return what the viewer is called as an owner: pseudonym, roles, roles at places.

    Who answers is a role or a pseudonym; an accountant of XAFA is "facility accountant XAFA",
    "accountant XAFA", or simply "accountant" among the findings that they see.
    """
    names = [viewer.person.person]
    for grant in viewer.person.grants:
        place = grant.scope.rpartition("/")[2]
        for role in dict.fromkeys((grant.role, grant.role.split()[-1])):
            names += [role, f"{role} {place}"]
    return list(dict.fromkeys(names))


def owner_names(viewer: Viewer) -> list[tuple[str, str]]:
    """Return who may be named as owner, with words that say who that is."""
    with viewer.whole.reading() as connection:
        known = people(connection, viewer.metadata).values()
    answering = [person for person in known if person.may_post_somewhere(ANSWER)]
    names = names_of(viewer.whole, [person.person for person in answering])
    roles: dict[str, str] = {}
    listed = []
    for person in sorted(answering, key=lambda p: names[p.person]):
        said = []
        for grant in person.grants:
            if grant.permits(ANSWER):
                role = f"{grant.role} {grant.scope.rpartition('/')[2]}"
                said.append(role)
                roles.setdefault(role, "")
        listed.append((person.person, f"{names[person.person]} ({', '.join(said)})"))
    return [*sorted(roles.items()), *listed]


def may_assign(viewer: Viewer) -> bool:
    """Return whether the viewer may assign findings of any area that they see."""
    scopes = [viewer.state, *(area.scope for area in viewer.areas.values())]
    return any(viewer.may_post("finding.assign", scope) for scope in scopes)


def act_done(request: AnyRequest) -> int:
    """Return the act that was just posted, as the address that leads back here says; else 0."""
    return whole_number(request.query_params.get("done", "")) or 0


def require_place(viewer: Viewer, place: Place) -> dict[str, Any]:
    """Return the fields of a finding that the viewer sees.

    Raises
    ------
    NotFoundError
        If there is none that they see.
    """
    return item_seen(viewer, place)[0].values


def item_seen(viewer: Viewer, place: Place) -> tuple[WorkItem, list[Any]]:
    """Return a finding with its history, as far as the viewer sees it.

    Raises
    ------
    NotFoundError
        If there is none that they see; whether there is one at all is not told.
    """
    unseen = NotFoundError(
        _("there is no finding %(act)s/%(line)s that you may see", act=place[0], line=place[1]),
        _("The work list shows all that you may see."),
    )
    try:
        with viewer.books.reading() as connection:
            item, steps = finding_history(connection, viewer.metadata, place, viewer.today)
    except NotFoundError:
        raise unseen from None
    mba = item.values["mba"]
    mine = mba in areas_reading(viewer, "journal") if mba else False
    if not mine and not sees_state(viewer, "journal"):
        raise unseen
    return item, steps


@route(
    "/findings/{act:int}/{line:int}",
    http_method=["GET", "POST"],
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "journal"},
)
def finding_page(
    request: AnyRequest, viewer: Asking, act: FromPath[int], line: FromPath[int]
) -> Response[Any]:
    """Show one finding and everything that happened to it; answer or assign it."""
    if request.method == "POST":
        return post_finding(request, viewer, act, line)
    return _page(request, viewer, (act, line), first_shown(viewer, f"/findings/{act}/{line}"))


def post_finding(request: AnyRequest, viewer: Viewer, act: int, line: int) -> Response[Any]:
    """Answer, close, reopen or assign a finding."""
    place, entered = (act, line), typed_again(viewer)
    item = item_seen(viewer, place)[0]
    assigning = viewer.field("do") == "assign"
    what = viewer.field("what") or "answer"
    kind = "finding.assign" if assigning else kind_of(viewer, item, what)
    viewer.require_post(kind, str(item.values["scope"]))
    words, owner = viewer.field("answer"), viewer.field("owner")
    if assigning and not owner:
        entered.errors["owner"] = _("Say who is to answer: a role or a pseudonym.")
    if not assigning and not words:
        entered.errors["answer"] = _("Say what was found out or decided.")
    if len(words) > MOST_ANSWER:
        entered.errors["answer"] = _("Keep it below %(most)s characters.", most=MOST_ANSWER)
    due_on = None
    try:
        due_on = day_of(viewer.field("due_on")) if assigning else None
    except KeiryoError as error:
        explain_error(entered, error, "due_on")
    if entered.refused:
        return _page(request, viewer, place, entered)
    here = f"/findings/{act}/{line}"

    def do() -> Answer:
        with viewer.whole.reading() as connection:
            head = head_of_form(viewer)
            require_nothing_newer(acts_since(connection, viewer.metadata, [place], head))
        if assigning:
            posted = assign(viewer.whole, viewer.actor(), owner, due_on, places=[place])[0]
        else:
            state = CLOSED if what == "close" else OPEN
            posted = answer(viewer.whole, viewer.actor(), place, words, state, kind=kind)
        return Answer(303, f"{here}?done={posted.act.act_id}")

    asked = {"do": kind, "place": place, "words": words, "what": what, "owner": owner}
    asked["due"] = str(due_on)
    try:
        done = once(viewer, viewer.field("_form_id"), asked, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error, "owner" if assigning else "answer")
        return _page(request, viewer, place, entered)
    forget_fields(viewer, here)
    return Redirect(done.location or here, status_code=303)


def kind_of(viewer: Viewer, item: WorkItem, what: str) -> str:
    """Return the kind of act that an answer is: who may not close by decision may by answer."""
    scope = str(item.values["scope"])
    wanted = {"close": CLOSE, "reopen": REOPEN}.get(what, ANSWER)
    return wanted if viewer.may_post(wanted, scope) else ANSWER


def _page(request: AnyRequest, viewer: Viewer, place: Place, entered: Entered) -> Response[Any]:
    item, steps = item_seen(viewer, place)
    values = item.values
    scope = str(values["scope"])
    names = names_of(viewer.whole, {step.person for step in steps})
    if item.state == OPEN:
        choices = [("answer", _("Answer; it stays open")), ("close", _("Answer and close"))]
    else:
        choices = [("answer", _("Answer and open it again"))]
        if viewer.may_post(REOPEN, scope):
            choices = [("reopen", _("Open it again"))]
    assigning = viewer.may_post("finding.assign", scope)
    return render(
        request,
        "boards/finding.html",
        http_status=entered.status,
        path=f"/findings/{place[0]}/{place[1]}",
        item=item,
        values=values,
        finding=finding_of_row(values),
        place=f"{place[0]}/{place[1]}",
        report_href=_report_href(values),
        steps=[
            {
                "act": step.act,
                "at": instant_text(step.recorded_at),
                "who": names[step.person],
                "what": _(STEPS.get(step.what, step.what)),
                "words": step.words,
            }
            for step in steps
        ],
        entered=entered,
        choices=choices,
        answering=viewer.may_post(ANSWER, scope),
        assigning=assigning,
        owners=owner_names(viewer) if assigning else [],
        most=MOST_ANSWER,
        done=act_done(request),
        crumbs=[(_("Findings"), "/findings"), (f"{values['code']} {place[0]}/{place[1]}", None)],
    )


def _report_href(values: dict[str, Any]) -> str | None:
    mba, report = values["mba"], values["report"]
    if not mba or not str(report or "").isdecimal():
        return None
    entry = f"#entry-{values['entry_no']}" if values["entry_no"] else ""
    return f"/reports/{quote(mba)}/{report}{entry}"
