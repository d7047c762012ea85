"""The adjudication desk: the queue of alarm cases, a case with everything that a decision takes.

Software proposes and ranks; a person decides. The desk shows which steps are open and what stands
against the others, and every step can be reached by one key; none is recorded before its form was
sent.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.alarm_cases.adjudication import Place, case_view, next_steps, queue
from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.passages import own_passage, passage_key, waiting_passages
from keiryo.alarm_cases.record_forms import moment
from keiryo.alarm_cases.recording import RAISE
from keiryo.alarm_cases.states import ESCALATED
from keiryo.dates import utc_text
from keiryo.people.accounts import names_of
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.alarms_explaining import explain_page, record_explanation
from keiryo.web.pages.alarms_known import HOME, READING, case_address, require_case
from keiryo.web.pages.alarms_papers import paper_page, papers_offered, record_paper
from keiryo.web.pages.alarms_raising import raise_page, record_case
from keiryo.web.pages.alarms_steps import back_offered, record_step, step_address, step_page
from keiryo.web.pages.alarms_words import (
    CATEGORY_BADGES,
    CATEGORY_WORDS,
    EXPLANATION_WORDS,
    ORIGIN_WORDS,
    STEPS,
)
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_standing import evidence_links
from keiryo.web.pages.portals_known import CAPABILITY, CASES, cases, passage_address
from keiryo.web.pages.portals_known import HOME as PORTALS
from keiryo.web.pages.portals_words import STATE_WORDS, state_badge
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text, said
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ONE, WAITING = HOME + "/{alarm:str}", f"{HOME}/waiting"


def _href(row: Row) -> str:
    return case_address(row["alarm"])


QUEUE = (
    ListColumn("rank", sentence("Place"), "number", filterable=False),
    ListColumn("alarm", sentence("Case"), "code", href=_href),
    ListColumn("state", sentence("Status"), choices=tuple(STATE_WORDS.values())),
    ListColumn("site", sentence("Site")),
    ListColumn("lane", sentence("Lane"), "code"),
    ListColumn("raised", sentence("Raised at"), "time"),
    ListColumn("reasons", sentence("Why it stands there")),
)
EVERY = (
    ListColumn("alarm", sentence("Case"), "code", href=_href),
    ListColumn("state", sentence("Status"), choices=tuple(STATE_WORDS.values())),
    ListColumn("decision", sentence("Decision"), choices=tuple(STATE_WORDS.values())),
    ListColumn("category", sentence("Radiation category"), choices=tuple(CATEGORY_WORDS.values())),
    ListColumn("site", sentence("Site")),
    ListColumn("lane", sentence("Lane"), "code"),
    ListColumn("raised", sentence("Raised at"), "time"),
    ListColumn("origin", sentence("Origin"), choices=tuple(ORIGIN_WORDS.values())),
)

WITHOUT_CASE = (
    ListColumn(
        "passage",
        sentence("Passage"),
        "code",
        href=lambda row: passage_address(row["instrument"], row["begin"]),
    ),
    ListColumn("start", sentence("Start"), "time"),
    ListColumn("site", sentence("Site")),
    ListColumn("lane", sentence("Lane"), "code"),
    ListColumn("alarm", sentence("Alarmed on")),
    ListColumn("sigma", sentence("Largest sigma"), "number", filterable=False),
    ListColumn(
        "raise",
        sentence("Raise a case"),
        filterable=False,
        href=lambda row: (
            f"{HOME}/raise?" + urlencode({"portal": row["instrument"], "occupancy": row["begin"]})
        ),
    ),
)


def _places(viewer: Viewer) -> list[Place]:
    """Return the open cases in their order."""
    with viewer.books.reading() as connection:
        return queue(connection, viewer.metadata, viewer.server.now())


def _without_case(viewer: Viewer) -> list[dict[str, Any]]:
    """Return passages with an alarm that no case names, read anew when something was posted."""
    if not viewer.reads(CAPABILITY):
        return []

    def find() -> list[dict[str, Any]]:
        with viewer.books.reading() as connection:
            return waiting_passages(connection, viewer.metadata, cases(viewer).values())

    heads = tuple(viewer.server.last_acts.by(name, viewer.head) for name in (CAPABILITY, CASES))
    return viewer.server.remembered.get(("waiting alarms", viewer.sight), heads, find)


def _tabs(viewer: Viewer, here: str) -> list[tuple[str, str, bool, int]]:
    found = cases(viewer).values()
    waiting = [(_("Alarms without a case"), WAITING, here == WAITING, len(_without_case(viewer)))]
    return [
        (_("Open"), HOME, here == HOME, sum(one.is_open for one in found)),
        *(waiting if viewer.reads(CAPABILITY) else []),
        (_("All cases"), f"{HOME}/all", here == f"{HOME}/all", len(found)),
    ]


@get(HOME, sync_to_thread=True, opt=READING)
def alarm_queue(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the open cases, the gravest first, each with why it stands there."""
    rows = [
        {
            "rank": number,
            "alarm": one.case.name,
            "state": STATE_WORDS.get(one.case.state, one.case.state),
            "state_name": one.case.state,
            "site": one.case.values["site"],
            "lane": one.case.values.get("lane"),
            "raised": utc_text(one.case.raised),
            "reasons": "; ".join(one.reasons),
        }
        for number, one in enumerate(_places(viewer), 1)
    ]
    table = shown_list(request, RowList(rows, QUEUE), "open-cases")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["state"] = state_badge(row["state_name"])
        cells["reasons"] = said(row["reasons"])
    return render(
        request,
        "alarms/queue.html",
        listed=table,
        total=len(rows),
        lead=_("The gravest comes first; the status of a trader comes last and only for goods."),
        may_raise=viewer.may_post_somewhere(RAISE),
        done=done_act(request),
        tabs=_tabs(viewer, HOME),
        crumbs=[(_("Alarm cases"), None)],
    )


@get(f"{HOME}/all", sync_to_thread=True, opt=READING)
def every_case(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List all cases, closed ones too."""
    found = cases(viewer)
    rows = [
        {
            "alarm": one.name,
            "state": STATE_WORDS.get(one.state, one.state),
            "state_name": one.state,
            "decision": STATE_WORDS.get(one.decision, one.decision) if one.decision else None,
            "category": CATEGORY_WORDS.get(one.category, one.category) if one.category else None,
            "site": one.values["site"],
            "lane": one.values.get("lane"),
            "raised": utc_text(one.raised),
            "origin": ORIGIN_WORDS.get(one.values["origin"], one.values["origin"]),
        }
        for one in sorted(found.values(), key=lambda each: each.raised, reverse=True)
    ]
    table = shown_list(request, RowList(rows, EVERY), "alarm-cases")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["state"] = state_badge(row["state_name"])
        for name in ("decision", "category", "origin"):
            cells[name] = _(row[name]) if row[name] else None
    return render(
        request,
        "alarms/queue.html",
        listed=table,
        total=len(rows),
        lead="",
        may_raise=viewer.may_post_somewhere(RAISE),
        done=None,
        tabs=_tabs(viewer, f"{HOME}/all"),
        crumbs=[(_("Alarm cases"), HOME), (_("All cases"), None)],
    )


@get(WAITING, sync_to_thread=True, opt=READING)
def alarms_waiting(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List passages with an alarm that has no case yet: neutrons first, then the most sigmas."""
    rows = [
        {
            "passage": one["passage"],
            "start": one["start"].partition("~")[0],
            "site": one["site"],
            "lane": one["lane"],
            "alarm": _alarm_words(one),
            "sigma": one["max_sigma"],
            "raise": _("Raise a case"),
            "instrument": one["instrument"],
            "begin": one["start"],
        }
        for one in _without_case(viewer)
    ]
    may_raise = viewer.may_post_somewhere(RAISE)
    columns = WITHOUT_CASE if may_raise else WITHOUT_CASE[:-1]
    table = shown_list(request, RowList(rows, columns), "alarms-without-a-case")
    if isinstance(table, Response | Stream):
        return table
    return render(
        request,
        "alarms/queue.html",
        listed=table,
        total=len(rows),
        lead=_("Passages of the daily files with an alarm that nobody has assessed yet."),
        may_raise=may_raise,
        done=None,
        tabs=_tabs(viewer, WAITING),
        crumbs=[(_("Alarm cases"), HOME), (_("Alarms without a case"), None)],
    )


def _alarm_words(one: dict[str, Any]) -> str:
    words = (
        (_("neutrons"), one["neutron_alarm"]),
        (_("gamma"), one["gamma_alarm"]),
        (_("the instrument"), one["instrument_alarm"]),
    )
    return ", ".join(word for word, flag in words if flag)


# --- one case on the desk --------------------------------------------------------------------


@get(ONE, sync_to_thread=True, opt=READING)
def case_page(request: AnyRequest, viewer: Asking, alarm: FromPath[str]) -> Response[Any]:
    """Show a case: what is known, what explains it, which steps are open, who did what."""
    case = require_case(viewer, alarm)
    places = _places(viewer)
    with viewer.books.reading() as connection:
        view = case_view(connection, viewer.metadata, case)
        offered = next_steps(
            connection, viewer.metadata, case.name, viewer.actor(), viewer.may_post
        )
    place = next((one for one in places if one.case.name == case.name), None)
    order = [one.case.name for one in places]
    return render(
        request,
        "alarms/case.html",
        case=view,
        name=case.name,
        standing=state_badge(case.state),
        facts=_facts(case, view),
        category=_category(view["category"]),
        must=view["must_be_escalated"],
        reasons=() if place is None else place.reasons,
        steps=[_offered(case.name, one) for one in offered],
        explain=f"{case_address(case.name)}/explain" if _may_explain(viewer, case) else None,
        back=back_offered(viewer, case),
        papers=papers_offered(viewer, case),
        nuclides=[_nuclide(one) for one in view["nuclides"]],
        unexplained=view["unexplained"],
        identifications=[_identification(one) for one in view["identifications"]],
        explanations=[_explanation(one) for one in view["explanations"]],
        packages=view["packages"],
        reports=view["reports"],
        timeline=_timeline(viewer, case),
        evidence=_evidence(viewer, case),
        declared=_declared(case),
        neighbours=_neighbours(order, case.name),
        done=done_act(request),
        why=f"/why?{urlencode({'of': f'alarm:{case.name}'})}",
        act=case.values["act_id"],
        crumbs=[(_("Alarm cases"), HOME), (case.name, None)],
    )


def _may_explain(viewer: Viewer, case: AlarmCase) -> bool:
    return case.is_open and viewer.may_post("alarm.assess", case.scope)


def _facts(case: AlarmCase, view: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    values = case.values
    instrument = values.get("instrument")
    alarms = [
        word
        for word, flag in (
            (_("gamma"), values.get("gamma_alarm")),
            (_("neutrons"), values.get("neutron_alarm")),
        )
        if flag
    ]
    passage = None
    if (key := own_passage(values)) is not None:
        passage = passage_address(*key)
    place = case.step("LOCALIZED")
    return [
        (_("Origin"), _(ORIGIN_WORDS.get(values["origin"], values["origin"])), None),
        (_("Raised at"), instant_text(case.raised), None),
        (_("Site"), str(values["site"]), PORTALS),
        (_("Lane"), str(values.get("lane") or ""), None),
        (_("Partner"), str(values.get("partner") or ""), None),
        (_("Instrument"), str(instrument or ""), passage),
        (_("Alarmed on"), ", ".join(alarms), None),
        (_("Largest sigma"), str(values.get("max_sigma") or ""), None),
        (_("Highest dose rate, µSv/h"), f"{case.loudest_usv_h:g}" if case.loudest_usv_h else "",
         None),
        (_("Where it is"), str(place["place"]) if place is not None else "", None),
        (_("What happened"), str(values.get("words") or ""), None),
        (_("Raised by"), str(view["raised_by"] or ""), None),
    ]  # fmt: skip


def _declared(case: AlarmCase) -> list[tuple[str, str]]:
    named = (
        ("subject", _("Subject")),
        ("container", _("Container")),
        ("consignee", _("Who receives the goods")),
        ("trader", _("Trader whose status is claimed")),
        ("commodity_code", _("Customs code of the goods")),
        ("commodity", _("The goods as declared")),
    )
    return [(word, str(case.values[name])) for name, word in named if case.values.get(name)]


def _category(name: str | None) -> dict[str, str] | None:
    if name is None:
        return None
    return {
        "text": _(CATEGORY_WORDS.get(name, name)),
        "badge": CATEGORY_BADGES.get(name, "plain"),
    }


def _offered(name: str, one: dict[str, Any]) -> dict[str, Any]:
    step = STEPS.get(one["step"])
    return {
        **one,
        "title": _(step.title) if step else one["step"],
        "key": step.key if step else "",
        "href": step_address(name, one["step"]),
        "grave": one["permission"] == "alarm.headquarters",
    }


def _nuclide(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "probability": "" if one["probability"] is None else f"{one['probability']:.3f}",
        "category": _category(one["category"]),
        "explained": ", ".join(
            _(EXPLANATION_WORDS.get(by, by)) for by in one["explained_by"] or ()
        ),
    }


def _identification(one: dict[str, Any]) -> dict[str, Any]:
    residual = one["residual_passed"]
    return {
        **one,
        "residual": "" if residual is None else _("nothing") if residual else _("something"),
        "href": f"/evidence/{one['digest']}",
    }


def _explanation(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "kind": _(EXPLANATION_WORDS.get(one["kind"], one["kind"]))}


def _timeline(viewer: Viewer, case: AlarmCase) -> list[dict[str, Any]]:
    """Return who did what, in order: the acts behind the case."""
    lines = [
        (case.values, _("raised"), case.raised_by, case.values.get("words")),
        *(
            (one, _(STATE_WORDS.get(str(one["state"]), str(one["state"]))), one["by_person"],
             one["reason"])
            for one in case.steps
        ),
    ]  # fmt: skip
    names = names_of(viewer.whole, {str(person) for _line, _w, person, _r in lines if person})
    files = evidence_links(viewer, [_digests(line.get("evidence")) for line, *_rest in lines])
    return [
        {
            "at": instant_text(moment(str(line.get("at") or line.get("raised_at")))),
            "what": what,
            "escalated": line.get("state") == ESCALATED,
            "who": names.get(str(person), str(person or "")),
            "reason": reason,
            "evidence": some,
            "act": line["act_id"],
        }
        for (line, what, person, reason), some in zip(lines, files, strict=True)
    ]


def _digests(given: Any) -> str:
    """Return what has a page: files and acts."""
    parts = str(given or "").split()
    return " ".join(one for one in parts if one.startswith("act:") or ":" not in one)


def _evidence(viewer: Viewer, case: AlarmCase) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in case.evidence:
        kind, colon, rest = part.partition(":")
        digest = rest.rpartition("#")[2] if "#" in rest else ("" if colon else part)
        if kind == "occupancy":
            found.append({"name": part, "href": passage_address(*passage_key(rest))})
        elif kind == "act" and colon:
            found.append({"name": part, "href": f"/journal/acts/{quote(rest)}"})
        elif digest:
            (some,) = evidence_links(viewer, [digest])
            name = some[0][0] if some else digest[:12]
            spectrum = f"/spectra/{digest}" if not name.endswith(".json") else None
            found.append({"name": name, "href": f"/evidence/{digest}", "spectrum": spectrum})
        else:
            found.append({"name": part, "href": None})
    return found


def _neighbours(order: list[str], name: str) -> dict[str, str | None]:
    at = order.index(name) if name in order else None
    if at is None:
        return {"before": None, "after": case_address(order[0]) if order else None}
    return {
        "before": case_address(order[at - 1]) if at else None,
        "after": case_address(order[at + 1]) if at + 1 < len(order) else None,
    }


def _waiting(viewer: Viewer) -> dict[str, Any] | None:
    places = _places(viewer)
    if not places:
        return None
    return {
        "count": len(places),
        "first": [
            {
                "name": one.case.name,
                "href": case_address(one.case.name),
                "state": state_badge(one.case.state),
                "reason": said(one.reasons[0]),
            }
            for one in places[:5]
        ],
    }


SECTION = Section(
    "alarms",
    handlers=(
        *(alarm_queue, alarms_waiting, every_case, raise_page, record_case, case_page),
        *(step_page, record_step, explain_page, record_explanation),
        *(paper_page, record_paper),
    ),
    menu=(
        MenuEntry(sentence("Alarm cases"), HOME, sentence("Radiation detection"), 5, reads(CASES)),
    ),
    overview=(
        OverviewPart(
            "alarms", sentence("Alarm cases"), 6, reads(CASES), _waiting, "alarms/overview.html"
        ),
    ),
)
