"""Corrections: what an entry should say, everything that follows from it, and then the posting.

The plan is shown before anything is recorded: which reports it makes, which closed periods it
concerns, what becomes of balances. Of areas that the viewer may not see nothing is shown but how
many reports belong to them; who may not report for a partner's area posts the own part only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.corrections.chain import Chain, place_text
from keiryo.corrections.model import DELETE, Choices, CorrectionPlan, Wanted
from keiryo.corrections.plan_data import effect_dict, file_name, plan_dict
from keiryo.corrections.planner import counting_entry, plan
from keiryo.corrections.service import filings_now, post_plan, used_again
from keiryo.corrections.wanted_fields import FIELDS
from keiryo.dates import DateError, parse_date
from keiryo.errors import ConflictError, Finding, KeiryoError, NotFoundError, RefusedError
from keiryo.journal.model import Actor
from keiryo.people.permissions import needs_release
from keiryo.people.releases import ReleaseRequest, submit
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import format_weight
from keiryo.reports.entries import basis_text
from keiryo.reports.filed import FiledEntry, Filings
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import WEIGHT_LABELS, Entry, Report, weight_unit
from keiryo.vocabulary import LABELS, profile
from keiryo.web.answers import in_words
from keiryo.web.once import Answer
from keiryo.web.pages.reports_checked import ACCEPTING
from keiryo.web.pages.reports_once import LookAgainError, done_once
from keiryo.web.pages.reports_releases import (
    RELEASABLE,
    RELEASES,
    Preview,
    Releasable,
    difference,
)
from keiryo.web.pages.reports_waiting import notice_context, same_numbers, same_numbers_of
from keiryo.web.remembered import head_of
from keiryo.web.rendering import render
from keiryo.web.saved_forms import save_fields, saved_fields
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import said
from keiryo.web.terms import entry_code_meaning
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CORRECTING = "correction.plan"
_NOT_IN_LISTINGS = ("date", "code", "shipper", "receiver", "shipper-batch")
_OF_BALANCES = ("state-record-id",)
_UNSAID = "NOTE-CHARSET"


@dataclass(slots=True)
class Wish:
    """What an entry should be, as typed and as understood.

    Attributes
    ----------
    place : MaterialBalanceArea
    report_no, entry_no : int
    fields : dict of str
        As typed.
    current : dict of str
        What the entry says now, by field.
    errors : dict of str
    """

    place: MaterialBalanceArea
    report_no: int
    entry_no: int
    fields: dict[str, str]
    current: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The page of this correction."""
        return f"/reports/{self.place.code}/{self.report_no}/correct/{self.entry_no}"


@get(
    "/reports/{mba:str}/{number:int}/correct/{entry:int}",
    opt={"reads": "reports"},
    sync_to_thread=True,
)
def correct_page(
    request: AnyRequest,
    viewer: Asking,
    mba: FromPath[str],
    number: FromPath[int],
    entry: FromPath[int],
) -> Response[Any]:
    """Show what an entry says, and ask what it should say; show the plan if it was asked for."""
    filings, filed, wish = wish_of(viewer, mba, number, entry)
    kept = saved_fields(viewer, wish.path)
    wish.fields |= kept
    if "plan" not in request.query_params or not kept:
        return _page(request, viewer, wish, filed)
    return _planned(request, viewer, wish, filings, filed)


@post(
    "/reports/{mba:str}/{number:int}/correct/{entry:int}",
    status_code=200,
    opt={"reads": "reports"},
    sync_to_thread=True,
)
def correct_action(
    request: AnyRequest,
    viewer: Asking,
    mba: FromPath[str],
    number: FromPath[int],
    entry: FromPath[int],
) -> Response[Any] | Stream:
    """Show what would follow, post the plan that was shown, or submit it for release."""
    filings, filed, wish = wish_of(viewer, mba, number, entry)
    names = ("way", "reason", "report_date", "follow_listing", "only_own", *wish.current)
    wish.fields = {name: viewer.field(name) for name in names}
    action = viewer.field("action", "plan")
    now = viewer.server.now()
    save_fields(viewer.whole, viewer.person.person, wish.path, wish.fields, now)
    if action not in ("post", "submit"):
        return Redirect(f"{wish.path}?plan=1#plan", status_code=303)
    do = partial(_sent, request, viewer, wish, filings, filed, action)
    try:
        return done_once(viewer, wish.path, {**wish.fields, "action": action}, do)
    except RefusedError as error:
        wish.errors[""] = in_words(error)
        return _planned(request, viewer, wish, filings, filed, more=error.findings, http_status=422)
    except ConflictError as error:
        wish.errors[""] = in_words(error)
        return _planned(request, viewer, wish, filings, filed, http_status=409)


def _sent(
    request: AnyRequest,
    viewer: Viewer,
    wish: Wish,
    filings: Filings,
    filed: FiledEntry | None,
    action: str,
) -> Answer:
    """Post or submit the plan that was looked at, if the same still follows."""
    made = plan_wish(viewer, wish, filings)
    if made is None:
        raise LookAgainError(partial(_page, request, viewer, wish, filed, http_status=422))
    if plan_digest(made) != viewer.field("plan_digest"):
        changed = _(
            "The books changed since you looked: this is what would follow now. Look at it again "
            "before you post it."
        )
        show = partial(_planned, request, viewer, wish, filings, filed)
        raise LookAgainError(partial(show, changed=changed, http_status=409))
    send = _submitted if action == "submit" else _posted
    return send(viewer, wish, made)


def _posted(viewer: Viewer, wish: Wish, made: CorrectionPlan) -> Answer:
    return Answer(303, f"/journal/acts/{post_wish(viewer, wish, made)}")


def _submitted(viewer: Viewer, wish: Wish, made: CorrectionPlan) -> Answer:
    return Answer(303, f"{RELEASES}/{submit_wish(viewer, wish, made).request_id}")


def post_wish(viewer: Viewer, wish: Wish, made: CorrectionPlan) -> int:
    """Post a plan that was looked at, and return the act of the plan."""
    viewer.require_post(CORRECTING, wish.place.scope)
    only_own = _only_own(viewer, wish, made)
    return post_plan(viewer.whole, made, viewer.actor(), only_own=only_own).plan_act


def submit_wish(viewer: Viewer, wish: Wish, made: CorrectionPlan) -> ReleaseRequest:
    """Let a plan wait for release; all that follows is part of what is signed for.

    Raises
    ------
    RefusedError
        If the plan cannot be posted.
    """
    if not made.possible:
        raise RefusedError(
            "the correction cannot be posted; nothing was submitted",
            made.findings,
            "Change what is wanted.",
        )
    root = made.root
    content = {
        "mba": wish.place.code,
        "report": wish.report_no,
        "entry": wish.entry_no,
        "wanted": None if _wanted(wish) is DELETE else dict(_changed(wish)),
        "reason": made.choices.reason,
        "date": made.choices.report_date.isoformat(),
        "follow_listing": made.choices.follow_listing,
        "only_own": wish.fields.get("only_own") == "yes",
        "plan": plan_dict(made),
    }
    return submit(
        viewer.whole,
        viewer.actor(),
        act_kind=CORRECTING,
        scope=wish.place.scope,
        title=f"{root.text}: {made.wanted}"[:190],
        content=content,
        now=viewer.server.now(),
    )


def post_released(viewer: Viewer, actor: Actor, content: Mapping[str, Any]) -> int:
    """Post a plan that somebody else prepared, if the same still follows.

    Raises
    ------
    ConflictError
        If the books changed so that something else would follow.
    """
    made = _again(viewer, content)
    if plan_dict(made) != content["plan"]:
        raise ConflictError(
            "the books changed since this was prepared: something else would follow now",
            "Return it; whoever prepared it plans the correction anew.",
        )
    return post_plan(viewer.whole, made, actor, only_own=bool(content["only_own"])).plan_act


def preview_released(viewer: Viewer, request: ReleaseRequest) -> Preview:
    """Return the reports of a plan that waits, and what would be otherwise now."""
    content = request.content
    stored = content["plan"]
    shown, hidden = [], 0
    for one in stored["reports"]:
        if str(one["file"]).split("-")[1] in viewer.areas:
            shown.append((str(one["file"]), str(one["text"])))
        else:
            hidden += 1
    context = {
        "plan": narrowed(viewer, stored),
        "only_own": bool(content["only_own"]),
        **notice_context(same_numbers_of(viewer, request)),
    }
    template = "reports/plan_data.html"
    if request.state != "waiting":
        return Preview(tuple(shown), hidden=hidden, template=template, context=context)
    try:
        now = plan_dict(_again(viewer, content))
    except KeiryoError as error:
        return Preview(tuple(shown), problem=in_words(error), hidden=hidden)
    before, after = narrowed(viewer, stored), narrowed(viewer, now)
    found = difference(_plain_text(before), _plain_text(after))
    problem = ""
    if not found and now != stored:
        problem = _("Something else would follow in areas that you may not see.")
    return Preview(
        tuple(shown), found, problem=problem, hidden=hidden, template=template, context=context
    )


def correct_anew(request: ReleaseRequest) -> str:
    """Return the page on which such a correction is planned."""
    content = request.content
    return f"/reports/{content['mba']}/{content['report']}/correct/{content['entry']}"


def _plain_text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True)


def _again(viewer: Viewer, content: Mapping[str, Any]) -> CorrectionPlan:
    wanted = DELETE if content["wanted"] is None else dict(content["wanted"])
    choices = _choices(
        str(content["date"]), str(content["reason"]), follow=bool(content["follow_listing"])
    )
    rules = profile("code10", choices.report_date)
    return plan(
        filings_now(viewer.whole),
        str(content["mba"]),
        int(content["report"]),
        int(content["entry"]),
        wanted,
        choices,
        rules=rules,
    )


def _choices(day: str, reason: str, *, follow: bool) -> Choices:
    on = parse_date(day)
    last = profile("code10", on).correction == "last"
    return Choices(on, reason, follow_listing=follow, refer_to_last=last)


def wish_of(
    viewer: Viewer, mba: str, number: int, entry: int
) -> tuple[Filings, FiledEntry | None, Wish]:
    """Return what was filed, the entry that counts now, and the form for it.

    Raises
    ------
    NotFoundError
        If there is no such entry that the viewer sees.
    """
    place = viewer.area(mba)
    viewer.require_post(CORRECTING, place.scope)
    with viewer.whole.reading() as connection:
        head = head_of(connection, viewer.metadata)
    filings = viewer.server.remembered.get(
        ("filings of all areas",), head, partial(filings_now, viewer.whole)
    )
    area = filings.areas.get(mba)
    reports = [r for r in area.reports if r.number == number] if area else []
    if area is None or not any(e.number == entry for r in reports for e in r.entries):
        raise NotFoundError(
            f"{mba} has no entry {number}/{entry} that you may see", "Look it up in the report."
        )
    today = viewer.today_at(mba)
    chain = Chain(filings, Choices(today))
    root = _address(area.country, mba, number, entry)
    filed = counting_entry(chain, area, root)
    current = {} if filed is None else _fields_of(filed.entry, filed.report.type)
    fields = {**current, "way": "change", "reason": "", "report_date": today.isoformat()}
    wish = Wish(place, number, entry, fields, current)
    problems = [used_again(viewer.whole, mba, number), *(chain.findings if filed is None else ())]
    for one in [one for one in problems if one is not None][:1]:
        wish.errors[""] = f"{said(one.message)}. {said(one.advice)}"
        filed = None
    return filings, filed, wish


def _address(country: str, mba: str, report: int, entry: int) -> Any:
    from keiryo.corrections.model import Address

    return Address(country, mba, report, entry)


def _fields_of(entry: Entry, kind: str) -> dict[str, str]:
    """Return the fields of an entry as they may be corrected, weights by their label."""
    found: dict[str, str] = {}
    for name, (_label, attribute) in FIELDS.items():
        if (kind == "P" and name in _NOT_IN_LISTINGS) or (kind == "M" and name not in _OF_BALANCES):
            continue
        value = basis_text(entry) if name == "basis" else getattr(entry, attribute)
        found[name] = "" if value is None else str(value)
    weights = entry.weights_mg()
    for label in WEIGHT_LABELS:
        if label in weights:
            found[label] = format_weight(weights[label], weight_unit(label))
    return found


def _changed(wish: Wish) -> dict[str, str]:
    """Return the fields that should say something else, in the words of the correction."""
    return {
        name: wish.fields.get(name, "") or "none"
        for name, old in wish.current.items()
        if wish.fields.get(name, "").strip() != old
    }


def _wanted(wish: Wish) -> Wanted:
    return DELETE if wish.fields.get("way") == "delete" else _changed(wish)


def plan_wish(viewer: Viewer, wish: Wish, filings: Filings) -> CorrectionPlan | None:
    """Return the plan, or None with what is wrong among the errors."""
    wanted = _wanted(wish)
    wish.errors.pop("reason", None)  # said of the plan made before
    if wanted is not DELETE and not wanted:
        wish.errors["way"] = _("Nothing is changed: write what the entry should say.")
    try:
        parse_date(wish.fields.get("report_date", ""))
    except DateError:
        wish.errors["report_date"] = _("Give a day, e.g. 2025-12-31.")
    if wish.errors:
        return None
    choices = _choices(
        wish.fields["report_date"],
        wish.fields.get("reason", ""),
        follow=wish.fields.get("follow_listing") == "yes",
    )
    rules = profile("code10", choices.report_date)
    del viewer
    made = plan(
        filings, wish.place.code, wish.report_no, wish.entry_no, wanted, choices, rules=rules
    )
    unsaid = [one for one in made.findings if one.code == _UNSAID and one.severity == "F"]
    if unsaid and not made.reports:
        wish.errors["reason"] = f"{said(unsaid[0].message)}. {said(unsaid[0].advice)}"
    return made


def plan_digest(made: CorrectionPlan) -> str:
    """Return what tells this plan from another."""
    text = json.dumps(plan_dict(made), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _only_own(viewer: Viewer, wish: Wish, made: CorrectionPlan) -> bool:
    """Return whether the reports of partners stay proposals: by choice, or for want of a role."""
    return wish.fields.get("only_own") == "yes" or not _may_report_all(viewer, made)


def _may_report_all(viewer: Viewer, made: CorrectionPlan) -> bool:
    return all(
        area in viewer.areas and viewer.may_post(ACCEPTING, viewer.areas[area].scope)
        for area in made.areas
    )


def _seen(viewer: Viewer, findings: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in findings if one.mba is None or one.mba in viewer.areas]


def narrowed(viewer: Viewer, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan as plain data without what is about areas that the viewer may not see."""
    made = dict(data)
    made["steps"] = [s for s in data["steps"] if s["entry"].split("/")[1] in viewer.areas]
    made["reports"] = [r for r in data["reports"] if r["file"].split("-")[1] in viewer.areas]
    made["decisions"] = [d for d in data["decisions"] if d["mba"] in viewer.areas]
    made["effects"] = [e for e in data["effects"] if set(e["mba"].split("/")) & set(viewer.areas)]
    for name in ("findings", "appearing", "vanishing"):
        made[name] = [f for f in data[name] if f["mba"] is None or f["mba"] in viewer.areas]
    return made


def _planned(
    request: AnyRequest,
    viewer: Viewer,
    wish: Wish,
    filings: Filings,
    filed: FiledEntry | None,
    *,
    changed: str = "",
    more: tuple[Finding, ...] = (),
    http_status: int = 200,
) -> Response[Any]:
    problem = wish.errors.pop("", "")
    made = plan_wish(viewer, wish, filings)
    if problem:
        wish.errors[""] = problem
    if made is None:
        return _page(request, viewer, wish, filed)
    with viewer.whole.reading() as connection:
        four_eyes = needs_release(connection, viewer.metadata, CORRECTING)
    mine = [r for r in made.reports if (r.mba or "") in viewer.areas]
    own_effects = [e for e in made.effects if set(e.mba.split("/")) & set(viewer.areas)]
    return _page(
        request,
        viewer,
        wish,
        filed,
        http_status=http_status,
        plan=made,
        plan_digest=plan_digest(made),
        steps=[s for s in made.steps if s.address.mba in viewer.areas],
        reports=[(file_name(r), write([r]), _head(r)) for r in mine],
        hidden=len(made.reports) - len(mine),
        decisions=[d for d in made.decisions if d.mba in viewer.areas],
        effects=[effect_dict(effect) for effect in own_effects],
        findings=[*more, *_seen(viewer, made.findings)],
        appearing=_seen(viewer, tuple(f for f in made.appearing if f.code != "CORR-DIFF")),
        vanishing=_seen(viewer, made.vanishing),
        four_eyes=four_eyes,
        same_numbers=same_numbers(viewer, mine),
        partners=len(set(made.areas) - {made.root.mba}),
        may_all=_may_report_all(viewer, made),
        changed=changed,
    )


def _head(report: Report) -> str:
    return f"{report.mba}/{report.number}"


def _page(
    request: AnyRequest,
    viewer: Viewer,
    wish: Wish,
    filed: FiledEntry | None,
    *,
    http_status: int = 200,
    **more: Any,
) -> Response[Any]:
    del viewer
    entry = None if filed is None else filed.entry
    meaning = entry_code_meaning(entry.code) if entry is not None and entry.code else ""
    labels = [
        (name, _field_title(name), "date" if name == "date" else "text") for name in wish.current
    ]
    return render(
        request,
        "report_correct.html",
        http_status=http_status,
        path=wish.path,
        wish=wish,
        labels=labels,
        stands=None if filed is None else place_text(filed),
        code=None if entry is None else entry.code,
        meaning=meaning,
        crumbs=[
            (_("Reports"), "/reports"),
            (f"{wish.place.code}/{wish.report_no}", f"/reports/{wish.place.code}/{wish.report_no}"),
            (_("Correct entry %(number)s", number=wish.entry_no), None),
        ],
        **more,
    )


def _field_title(name: str) -> str:
    label = name if name in WEIGHT_LABELS else FIELDS[name][0]
    known = LABELS()[label]
    unit = f" ({weight_unit(label)})" if name in WEIGHT_LABELS else ""
    return f"{label} {said(known.name)}{unit}"


RELEASABLE[CORRECTING] = Releasable(post_released, preview_released, correct_anew)
SECTION = Section("corrections", handlers=(correct_page, correct_action))
