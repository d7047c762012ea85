"""The steps of an alarm case, each with a form: what it asks for, what stands against it.

A spectrum that is sent with the step of identification is identified here; the spectrum, its
background and the answer are all kept with the act.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.alarm_cases.adjudication import next_steps
from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.hard_rules import ASSESS, HEADQUARTERS
from keiryo.alarm_cases.identifying import identified_file
from keiryo.alarm_cases.recording import Recorded, take_step
from keiryo.alarm_cases.results import Answer, read_identification
from keiryo.alarm_cases.states import (
    CATEGORIZED,
    CHARACTERIZED,
    IDENTIFIED,
    LOCALIZED,
    RAISED,
    VERIFIED,
    goes_back,
)
from keiryo.errors import NotFoundError
from keiryo.web.pages.alarms_known import HOME, READING, acts_about, case_address, require_case
from keiryo.web.pages.alarms_words import BACK, EVIDENCE, FILES, REASON, STEPS, Step
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.portals_words import STATE_WORDS, state_badge
from keiryo.web.pages.seals_asked import AskedForm, File, asked_form
from keiryo.web.pages.seals_fields import Field, Options, read, shown
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

STEP = HOME + "/{alarm:str}/steps/{step:str}"
PUT_BACK = "BACK"
"""By which an address names the form that puts a case back."""
EARLY = (RAISED, VERIFIED, LOCALIZED, CHARACTERIZED, IDENTIFIED, CATEGORIZED)
_BACK = Step(sentence("Put the case back"), sentence("Put it back"), "b", (BACK,))
PLACES = {
    "ALARM-REASON": "reason",
    "ALARM-TIME": "at",
    "ALARM-CATEGORY": "category",
    "ALARM-EVIDENCE": "evidence",
    "ALARM-ANSWER": "spectrum",
    "ALARM-SPECTRUM": "spectrum",
}
"""At which field a finding is shown."""


def step_address(alarm: str, step: str) -> str:
    """Return the form of a step."""
    return f"{case_address(alarm)}/steps/{step}"


def back_offered(viewer: Viewer, case: AlarmCase) -> str | None:
    """Return the form that puts a case back, where the viewer may and there is anything."""
    may = any(viewer.may_post(kind, case.scope) for kind in (ASSESS, HEADQUARTERS))
    earlier = any(goes_back(case.state, state) for state in EARLY)
    return step_address(case.name, PUT_BACK) if may and earlier else None


def _form(case: AlarmCase, name: str) -> tuple[Step, Options]:
    """Return the form of a step, and what can be chosen in it.

    Raises
    ------
    NotFoundError
        If there is no such step.
    """
    if name == PUT_BACK:
        earlier = [one for one in EARLY if goes_back(case.state, one)]
        return _BACK, {"state": [(one, _(STATE_WORDS[one])) for one in earlier]}
    if name not in STEPS:
        raise NotFoundError(f"there is no step {name[:40]}", "The page of the case has its steps.")
    return STEPS[name], {}


def _fields(step: Step) -> tuple[Field, ...]:
    return (*step.fields, REASON, EVIDENCE, FILES)


@get(STEP, sync_to_thread=True, opt=READING)
def step_page(
    request: AnyRequest, viewer: Asking, alarm: FromPath[str], step: FromPath[str]
) -> Response[Any]:
    """Show the form of a step, and what stands against the step."""
    case = require_case(viewer, alarm)
    entered = first_shown(viewer, step_address(alarm, step))
    return _shown(request, viewer, case, step, entered, sent=False)


def _shown(
    request: AnyRequest,
    viewer: Viewer,
    case: AlarmCase,
    name: str,
    entered: Entered,
    *,
    sent: bool,
) -> Response[Any]:
    form, options = _form(case, name)
    before = {"category": case.contents()} if name == CATEGORIZED and case.identified else {}
    with viewer.books.reading() as connection:
        offered = next_steps(
            connection, viewer.metadata, case.name, viewer.actor(), viewer.may_post
        )
    against = [one["against"] for one in offered if one["step"] == name]
    here = step_address(case.name, name)
    return render(
        request,
        "alarms/step.html",
        http_status=entered.status,
        name=case.name,
        standing=state_badge(case.state),
        title=_(form.title),
        submit=_(form.submit),
        fields=shown(_fields(form), "step", entered, sent=sent, before=before, options=options),
        against=against[0] if against else [],
        follows=bool(against) or name == PUT_BACK,
        entered=entered,
        here=here,
        back=case_address(case.name),
        **moment_context(viewer),
        crumbs=[
            (_("Alarm cases"), HOME),
            (case.name, case_address(case.name)),
            (_(form.title), None),
        ],
    )


@post(STEP, status_code=200, sync_to_thread=True, opt=READING)
def record_step(
    request: AnyRequest, viewer: Asking, alarm: FromPath[str], step: FromPath[str]
) -> Response[Any] | Redirect:
    """Record a step of a case."""
    case = require_case(viewer, alarm)
    form, options = _form(case, step)
    kinds = (ASSESS, "alarm.decide", HEADQUARTERS)
    if not any(viewer.may_post(kind, case.scope) for kind in kinds):
        viewer.require_post(ASSESS, case.scope)
    here = step_address(alarm, step)

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _shown(request, viewer, case, step, entered, sent=True)

    asked = asked_form(
        request, viewer, "step", here, show, lambda head: acts_about(viewer, alarm, head),
        then=case_address(alarm), places=PLACES,
    )  # fmt: skip
    at = asked.moment()
    told = read(asked, _fields(form), options)
    files: list[File] = list(told.pop("files") or ())
    answer: tuple[Answer, str, bytes] | None = None
    if step == IDENTIFIED:
        answer = _answer(asked, told.pop("spectrum"), told.pop("background"), files)
    row = {**told, "alarm": alarm, "at": at.isoformat()}
    if told.get("neutrons") is not None:
        row["neutrons"] = int(told["neutrons"])
    if "fault" in told:
        row["fault"] = int(bool(told["fault"]))
    state = str(row.pop("state", None) or "") if step == PUT_BACK else step

    def do() -> Recorded:
        return take_step(viewer.whole, viewer.actor(), state, row, files=files, answer=answer)

    return asked.done(do, (*files, *([answer[1:]] if answer else [])))


def _answer(
    asked: AskedForm, spectrum: File | None, background: File | None, files: list[File]
) -> tuple[Answer, str, bytes] | None:
    """Return the answer for a spectrum that was sent; what was sent is kept beside it."""
    if spectrum is None:
        return None
    if spectrum[1].lstrip()[:1] == b"{":
        found, findings = read_identification(spectrum[1])
        told = None if found is None else (found, *spectrum)
    else:
        told, findings = identified_file(spectrum, background)
        files += [one for one in (spectrum, background) if one is not None]
    if told is None:
        asked.entered.findings += findings
        asked.wrong("spectrum", _("It cannot be taken as an identification; see above."))
    return told
