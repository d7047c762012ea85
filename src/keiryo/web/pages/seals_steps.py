"""What happens to a seal, each event with a form of its own; and corrections of events.

A report that does not fit is refused and kept, and the page says in which act. A correction names
the event that it corrects, and is judged in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.dates import date_number, number_date, utc_text
from keiryo.errors import KeiryoError
from keiryo.journal.model import Posted
from keiryo.seals.events import SEPARATOR, SealEvent
from keiryo.seals.numbers import SealKey, seal_key
from keiryo.seals.preconditions import RETENTION_DAYS
from keiryo.seals.read_out import ReadLog
from keiryo.seals.recording import SealReport, record
from keiryo.seals.tables import SEAL_EVENT, SEAL_REPORT
from keiryo.web.pages.boards import Entered, explain_error, first_shown
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.seals_asked import AskedForm, acts_with, asked_form, kept_refusal
from keiryo.web.pages.seals_attaching import Attaching, attaching
from keiryo.web.pages.seals_fields import Field, read, shown
from keiryo.web.pages.seals_following import (
    CORRECT,
    WITHDRAW,
    Wanted,
    event_before,
    following,
    step_address,
    wanted,
)
from keiryo.web.pages.seals_known import (
    HOME,
    READING,
    known,
    require_seal,
    scope_of,
    seal_address,
)
from keiryo.web.pages.seals_logs import (
    first_terms,
    log_sent,
    read_sent,
    record_with_log,
    require_instants,
    show_log,
)
from keiryo.web.pages.seals_step_fields import fields_of, places_of
from keiryo.web.pages.seals_words import EVENT_WORDS, state_badge, worded
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

STEP = HOME + "/{issuer:str}/{seal:str}/record/{event:str}"
CORRECTED = HOME + "/{issuer:str}/{seal:str}/correct/{act:int}/{line:int}"
STATED = (
    *("finding", "role", "organisation", "place", "notice", "reason", "remark", "bag", "courier"),
    *("route", "co_device", "number_read", "tag", "wire", "enclosure", "self_test"),
    "retention_days",
)
"""Fields of an event that stand in it as they were typed or chosen."""


# --- the pages -------------------------------------------------------------------------------


@get(CORRECTED, sync_to_thread=True, opt=READING)
def correct_page(
    request: AnyRequest,
    viewer: Asking,
    issuer: FromPath[str],
    seal: FromPath[str],
    act: FromPath[int],
    line: FromPath[int],
) -> Response[Any]:
    """Ask what an event really was: the same with other particulars, another, or none at all."""
    one = require_seal(viewer, issuer, seal)
    viewer.require_post(CORRECT, scope_of(viewer, one))
    event, before = event_before(viewer, one, (act, line))
    place = event.place_in_record
    others = [name for name in following(before) if name != event.event]
    return render(
        request,
        "seals/correct.html",
        key=one.key,
        what=worded(EVENT_WORDS, event.event),
        at=instant_text(event.at),
        persons=", ".join(event.persons),
        act=act,
        same=step_address(one.key, event.event, place),
        others=[
            {"what": worded(EVENT_WORDS, name), "href": step_address(one.key, name, place)}
            for name in others
        ],
        never=step_address(one.key, WITHDRAW, place),
        back=seal_address(one.key),
        crumbs=[(_("Seals"), HOME), (str(one.key), seal_address(one.key)), (_("Correct"), None)],
    )


@get(STEP, sync_to_thread=True, opt=READING)
def step_page(
    request: AnyRequest,
    viewer: Asking,
    issuer: FromPath[str],
    seal: FromPath[str],
    event: FromPath[str],
) -> Response[Any]:
    """Show the form in which an event of a seal is recorded."""
    form = wanted(viewer, issuer, seal, event, _query(request, "corrects"))
    place = attaching(viewer, form.event, form.corrected, _query(request, "place"))
    return _show(request, viewer, form, first_shown(viewer, form.here), place)


def _query(request: AnyRequest, name: str) -> str:
    return str(request.query_params.get(name, ""))[:200]


def _show(
    request: AnyRequest,
    viewer: Viewer,
    form: Wanted,
    entered: Entered,
    place: Attaching | None,
    kept: int | None = None,
) -> Response[Any]:
    """Return the form of an event; with what was typed, where it comes back."""
    step, key, corrected = form.step, form.key, form.corrected
    fields = _fields(form)
    before = _filled_in(viewer, form)
    back = seal_address(key)
    title = _(step.title)
    crumbs = [(_("Seals"), HOME), (str(key), back), (title, None)]
    ticked = {} if place is None else place.ticked
    if viewer.form is not None:
        every = viewer.form.getall
        ticked = {name: [str(v) for v in every(f"event_{name}", [])] for name in ("paths", "items")}
    return render(
        request,
        "seals/step.html",
        http_status=entered.status,
        key=key,
        title=title,
        step=step,
        intro=_(step.intro) if step.intro else "",
        submit=_(step.submit),
        at_label=_(step.at),
        person_label=_(step.person),
        second_label=_(step.second) if step.second else "",
        pair=step.pair or (form.event == "examine" and form.one.type.examiners > 1),
        standing=state_badge(str(form.one.state)) if form.one.state else None,
        corrected=None
        if corrected is None
        else {"what": worded(EVENT_WORDS, corrected.event), "at": instant_text(corrected.at),
              "act": corrected.act, "line": "/".join(map(str, corrected.place_in_record))},
        place=place,
        fields=shown(
            *(fields, "event", entered),
            sent=viewer.form is not None,
            before=before,
            options={} if place is None else place.options,
            ticked=ticked,
        ),
        first=before,
        **_moments(viewer, form.event, corrected),
        entered=entered,
        kept=kept,
        here=form.here,
        action=step_address(key, form.event),
        back=back,
        crumbs=crumbs,
    )  # fmt: skip


def _moments(viewer: Viewer, event: str, corrected: SealEvent | None) -> dict[str, Any]:
    found = moment_context(viewer)
    if corrected is not None and event != WITHDRAW:
        found |= {"now_local": corrected.at[:16], "offset": "+00:00"}
    return found


def _fields(form: Wanted) -> tuple[Field, ...]:
    """Return the fields of a form; files that this seal cannot do without must be sent.

    What brought a log is corrected together with its log: what that shows is recorded anew.
    """
    corrected, type_ = form.corrected, form.one.type
    found = fields_of(form.event, correcting=corrected is not None, logging=type_.electronic)
    needed: dict[str, str] = {}
    same = corrected if corrected is not None and corrected.event == form.event else None
    if same is not None and same.log is not None:
        needed["log"] = sentence("Send the log again: what it shows goes with the correction.")
    image = form.one.reference or (None if same is None else same.reference)
    if type_.reference_at == form.event and image is None:
        needed["reference"] = sentence("A seal of this type is identified by its image: send it.")
    return tuple(replace(one, missing=needed.get(one.name, one.missing)) for one in found)


def _filled_in(viewer: Viewer, form: Wanted) -> dict[str, Any]:
    """Return what a form has at first: what is corrected, or what the register knows."""
    one, corrected = form.one, form.corrected
    found: dict[str, Any] = {"person": viewer.name, "retention_days": RETENTION_DAYS}
    if one.type.electronic:
        found |= first_terms(known(viewer).lines[one.key])
    if form.event in ("attach", "return") and one.holder:
        found |= {"person": one.holder, "second": one.second_holder}
    if form.event == "issue":
        found["person"] = ""
    if corrected is not None:
        found |= {"person": corrected.person, "second": corrected.second_person}
    if corrected is not None and corrected.event == form.event:
        told = corrected.to_dict()
        found |= {n: v for n, v in told.items() if n not in ("at", "items", "paths", "reference")}
        found["depends_on"] = "\n".join(sorted(corrected.shared))
        if corrected.expected_on is not None:
            found["expected_on"] = number_date(corrected.expected_on).isoformat()
    return found


# --- recording -------------------------------------------------------------------------------


@post(STEP, status_code=200, sync_to_thread=True, opt=READING)
def record_step(
    request: AnyRequest,
    viewer: Asking,
    issuer: FromPath[str],
    seal: FromPath[str],
    event: FromPath[str],
) -> Response[Any] | Redirect:
    """Record an event of a seal, or the correction of one."""
    form = wanted(viewer, issuer, seal, event, viewer.field("event_corrects"), sent=True)
    place = attaching(viewer, form.event, form.corrected, viewer.field("event_place"))
    key = form.key

    def show(entered: Entered, _which: str) -> Response[Any]:
        kept = kept_refusal(viewer, entered, [key])
        return _show(request, viewer, form, entered, place, kept)

    def acts_since(head: int) -> list[int]:
        kinds = (SEAL_EVENT, SEAL_REPORT)
        return acts_with(viewer, kinds, head, body=key.body, number=key.number)

    fields = _fields(form)
    asked = asked_form(
        *(request, viewer, "event", form.here, show, acts_since),
        then=seal_address(key),
        places=places_of(form.event, fields),
    )
    told = read(asked, fields, {} if place is None else place.options)
    made, further = _event(asked, form, told, place), _further(asked, form, told)
    photos = told.get("photos", ())
    if told.get("log") is None:
        files = [*photos, *filter(None, (told.get("reference"),))]
        reports = [
            SealReport(_of(made, one), photos=photos, reference=told.get("reference"))
            for one in (key, *further)
        ]
        return asked.done(lambda: record(viewer.whole, viewer.actor(), reports), files)
    return _with_log(asked, made, told)


def _of(made: SealEvent, key: SealKey) -> SealEvent:
    return replace(made, body=key.body, number=key.number)


def _with_log(
    asked: AskedForm, made: SealEvent, told: Mapping[str, Any]
) -> Response[Any] | Redirect:
    """Read a log that was sent; record it, unless it was only to be looked at."""
    viewer, line = asked.viewer, known(asked.viewer).lines[made.key]
    only_look = bool(told.get("look"))
    done: list[tuple[Posted, ReadLog]] = []
    with log_sent(asked, told, line) as given:
        seen = read_sent(asked, given)
        if seen is not None and not seen.records and (only_look or made.event == "check"):
            asked.entered.findings += seen.findings
            asked.wrong("log", _("It holds nothing that can be read; the findings say why."))
        elif seen is not None and only_look and not asked.entered.refused:
            return show_log(asked.request, viewer, made, seen, None)
        elif seen is not None and not only_look:
            require_instants(asked, seen)

        def do() -> Posted:
            assert seen is not None
            posted = record_with_log(asked, made, given, seen, told["photos"])
            done.append((posted, seen))
            return posted

        answer = asked.done(do, [told["log"], *told["beside"], *told["photos"]])
    if done:
        return show_log(asked.request, viewer, made, done[0][1], done[0][0].act.act_id)
    return answer


def _event(
    asked: AskedForm, form: Wanted, told: Mapping[str, Any], place: Attaching | None
) -> SealEvent:
    """Return the event that a form states."""
    at = utc_text(asked.moment())
    person = asked.text("person", missing=_("Name who did it.")) or ""
    second = asked.text("second") if form.step.second else None
    values: dict[str, Any] = {name: told[name] for name in STATED if name in told}
    for name in ("unopened", "by_operator"):
        if name in told:
            values[name] = int(told[name])
    if told.get("expected_on") is not None:
        values["expected_on"] = date_number(told["expected_on"])
    if form.event == "attach":
        values |= _attached(told, place)
    corrected = form.corrected
    if corrected is not None:
        values |= {"corrects_act": corrected.act, "corrects_line": corrected.line}
        if corrected.event == form.event:
            at = corrected.at if at[:16] == corrected.at[:16] else at
            values |= {"evidence": corrected.evidence, "reference": corrected.reference}
    if form.event == "detach" and values.get("by_operator") and not values.get("notice"):
        asked.viewer.require_post("seal.broken", form.scope)
    return SealEvent(*form.key, form.event, at, person, second, **values)


def _attached(told: Mapping[str, Any], place: Attaching | None) -> dict[str, Any]:
    mba, name = (None, None) if place is None or not place.chosen else place.chosen
    return {
        "mba": mba,
        "containment": name,
        "paths": SEPARATOR.join(told["paths"]) or None,
        "depends_on": SEPARATOR.join(told["depends_on"]) or None,
        "items": tuple(dict.fromkeys([*told["items"], *told["further"]])),
    }


def _further(asked: AskedForm, form: Wanted, told: Mapping[str, Any]) -> list[SealKey]:
    """Return the other seals of which the same is recorded; what is wrong goes into the form."""
    found: list[SealKey] = []
    viewer, every = asked.viewer, known(asked.viewer).seals
    for text in told.get("more", ()):
        try:
            key = seal_key(text)
        except KeiryoError as error:
            explain_error(asked.entered, error, f"{asked.which}_more")
            continue
        if key not in every:
            asked.wrong("more", _("There is no seal %(seal)s that you may see.", seal=str(key)))
            continue
        viewer.require_post(f"seal.{form.event}", scope_of(viewer, every[key]))
        found.append(key)
    return [key for key in dict.fromkeys(found) if key != form.key]
