"""Papers of a case by form: package for an expert, answer, incident report and its release.

The form makes what the command makes, of the same bytes, and every paper is kept with its act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.hard_rules import ASSESS
from keiryo.alarm_cases.incident_report import FORMS, GROUPS
from keiryo.alarm_cases.recording import EXPERT, RELEASE, REPORT, Recorded
from keiryo.alarm_cases.recording_papers import (
    built_package,
    drafted_report,
    record_expert_answer,
    record_package,
    record_report,
    release_report,
)
from keiryo.alarm_cases.results import given_nuclides
from keiryo.dates import utc_text
from keiryo.errors import NotFoundError
from keiryo.web.pages.alarms_known import HOME, READING, acts_about, case_address, require_case
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.portals_words import state_badge
from keiryo.web.pages.seals_asked import AskedForm, File, asked_form
from keiryo.web.pages.seals_fields import Field, Kind, Options, read, shown
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

PAPER = HOME + "/{alarm:str}/papers/{paper:str}"
Told = dict[str, Any]
Doing = tuple[Callable[[], Recorded], tuple[File, ...]]
"""What records it, and the files that were sent."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as a form.

    Attributes
    ----------
    title, submit, lead : str
        What it is called, what the button says, what it is for.
    key : str
        The key that leads to it on the desk.
    permission : str
        Kind of the act.
    fields : tuple of Field
    places : mapping
        At which field a finding stands, by its code.
    """

    title: str
    submit: str
    lead: str
    key: str
    permission: str
    fields: tuple[Field, ...]
    places: Mapping[str, str] = field(default_factory=dict)


_EXPERT = Field("expert", Kind.LINE, sentence("Expert"), missing=sentence("Name the expert."))
_PACKAGE = Field(
    "package",
    Kind.LINE,
    sentence("Name of the package"),
    sentence("Letters, digits, point, hyphen, underscore."),
    missing=sentence("Name the package."),
)
PAPERS: Mapping[str, Paper] = {
    "expert": Paper(
        sentence("Ask an expert elsewhere"),
        sentence("Make the package and record it"),
        sentence(
            "The package holds the case, its evidence and what you add, with a manifest of "
            "SHA-256; it is kept with the act and can be downloaded from the case."
        ),
        "p",
        ASSESS,
        (
            _PACKAGE,
            _EXPERT,
            Field(
                "question",
                Kind.WORDS,
                sentence("What is asked"),
                missing=sentence("Say what is asked."),
            ),
            Field("foreground", Kind.FILE, sentence("Spectrum")),
            Field("background", Kind.FILE, sentence("Background")),
            Field("photographs", Kind.FILES, sentence("Photographs")),
        ),
        {"ALARM-PACKAGE": "package", "ALARM-TEXT": "question"},
    ),
    "answer": Paper(
        sentence("Record the answer of an expert"),
        sentence("Record the answer"),
        sentence("The answer adds an identification: it takes none away that stands."),
        "n",
        EXPERT,
        (
            Field(
                "package",
                Kind.CHOICE,
                sentence("Package that is answered"),
                missing=sentence("Choose the package that is answered."),
            ),
            _EXPERT,
            Field(
                "nuclides",
                Kind.LINES,
                sentence("Nuclides with category"),
                sentence("One a line, as Cs-137:industrial; norm, medical, nuclear, unknown."),
            ),
            Field("undecided", Kind.TICK, sentence("It stays undecided")),
            Field(
                "left",
                Kind.CHOICE,
                sentence("Left over in the spectrum"),
                missing=sentence("Choose whether something is left over."),
                choices={
                    "unknown": sentence("not told"),
                    "no": sentence("nothing"),
                    "yes": sentence("something"),
                },
            ),
            Field("words", Kind.WORDS, sentence("What the expert says")),
            Field(
                "file",
                Kind.FILE,
                sentence("The answer itself"),
                missing=sentence("Choose the file of the answer."),
            ),
        ),
        {"ALARM-ANSWER": "nuclides", "ALARM-PACKAGE": "package", "ALARM-TEXT": "words"},
    ),
    "report": Paper(
        sentence("Draft an incident report"),
        sentence("Draft the report"),
        sentence("A draft for the national point of contact, another person, who releases it."),
        "t",
        REPORT,
        (
            Field(
                "report",
                Kind.LINE,
                sentence("Name of the report"),
                sentence("Letters, digits, point, hyphen, underscore."),
                missing=sentence("Name the report."),
            ),
            Field(
                "group",
                Kind.CHOICE,
                sentence("Incident group"),
                missing=sentence("Choose the group."),
                choices={
                    "I": sentence("I: trafficking or malicious use is confirmed or likely"),
                    "II": sentence("II: the intent is not determined"),
                    "III": sentence("III: not connected with trafficking or malicious use"),
                },
            ),
            Field(
                "description",
                Kind.WORDS,
                sentence("What happened"),
                missing=sentence("Describe what happened."),
            ),
            Field(
                "quantity",
                Kind.LINE,
                sentence("Quantity"),
                sentence("In words; 'not determined' where nobody measured it."),
            ),
            Field("activity", Kind.LINE, sentence("Activity, Bq")),
            Field(
                "contact",
                Kind.LINE,
                sentence("Contact for questions"),
                sentence("Who is asked further."),
                missing=sentence("Name who is asked further."),
            ),
            Field(
                "form",
                Kind.CHOICE,
                sentence("Written as"),
                missing=sentence("Choose one of the list."),
                choices={
                    "docx": sentence("Word document"),
                    "md": sentence("text (Markdown)"),
                    "json": sentence("data (JSON)"),
                },
            ),
        ),
        {"ALARM-TEXT": "report"},
    ),
    "release": Paper(
        sentence("Release an incident report"),
        sentence("Release the report"),
        sentence("It is released as it was drafted last; who drafted it does not release it."),
        "o",
        RELEASE,
        (
            Field(
                "report",
                Kind.CHOICE,
                sentence("Report"),
                missing=sentence("Choose the report."),
            ),
        ),
        {"ALARM-SAME-PERSON": "report", "ALARM-REPORT": "report"},
    ),
}
"""Papers by the last part of their address."""


def paper_address(alarm: str, paper: str) -> str:
    """Return the form of a paper."""
    return f"{case_address(alarm)}/papers/{paper}"


def papers_offered(viewer: Viewer, case: AlarmCase) -> list[dict[str, str]]:
    """Return the papers that a viewer may make of a case as it stands."""
    open_to = {
        "expert": case.is_open,
        "answer": case.is_open and bool(_sent(case)),
        "report": case.decision not in (None, "FALSE"),
        "release": bool(_drafted(case)),
    }
    return [
        {"title": _(one.title), "key": one.key, "href": paper_address(case.name, name)}
        for name, one in PAPERS.items()
        if open_to[name] and viewer.may_post(one.permission, case.scope)
    ]


def _sent(case: AlarmCase) -> list[str]:
    return [str(one["package"]) for one in case.packages if one["direction"] == "sent"]


def _drafted(case: AlarmCase) -> list[str]:
    """Return the reports whose last draft is not released."""
    last = {str(one["report"]): one["state"] for one in case.reports}
    return [name for name, state in last.items() if state == "drafted"]


def _options(case: AlarmCase, name: str) -> Options:
    if name == "answer":
        return {"package": [(one, one) for one in _sent(case)]}
    return {"report": [(one, one) for one in _drafted(case)]} if name == "release" else {}


def _paper(name: str) -> Paper:
    if name not in PAPERS:
        raise NotFoundError(
            f"there is no paper {name[:40]}", "The page of the case has its papers."
        )
    return PAPERS[name]


@get(PAPER, sync_to_thread=True, opt=READING)
def paper_page(
    request: AnyRequest, viewer: Asking, alarm: FromPath[str], paper: FromPath[str]
) -> Response[Any]:
    """Show the form of a paper."""
    case, one = require_case(viewer, alarm), _paper(paper)
    viewer.require_post(one.permission, case.scope)
    entered = first_shown(viewer, paper_address(alarm, paper))
    return _shown(request, viewer, case, paper, entered, sent=False)


def _shown(
    request: AnyRequest, viewer: Viewer, case: AlarmCase, name: str, entered: Entered, *, sent: bool
) -> Response[Any]:
    one = _paper(name)
    here, options = paper_address(case.name, name), _options(case, name)
    before = {"package": f"RB-{len(_sent(case)) + 1}", "report": f"IR-{len(case.reports) + 1}"}
    return render(
        request,
        "alarms/paper.html",
        http_status=entered.status,
        name=case.name,
        standing=state_badge(case.state),
        title=_(one.title),
        lead=_(one.lead),
        submit=_(one.submit),
        fields=shown(one.fields, "paper", entered, sent=sent, before=before, options=options),
        entered=entered,
        here=here,
        back=case_address(case.name),
        crumbs=[
            (_("Alarm cases"), HOME),
            (case.name, case_address(case.name)),
            (_(one.title), None),
        ],
    )


@post(PAPER, status_code=200, sync_to_thread=True, opt=READING)
def record_paper(
    request: AnyRequest, viewer: Asking, alarm: FromPath[str], paper: FromPath[str]
) -> Response[Any] | Redirect:
    """Make a paper of a case and record it."""
    case, one = require_case(viewer, alarm), _paper(paper)
    viewer.require_post(one.permission, case.scope)

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _shown(request, viewer, case, paper, entered, sent=True)

    asked = asked_form(
        request, viewer, "paper", paper_address(alarm, paper), show,
        lambda head: acts_about(viewer, alarm, head),
        then=case_address(alarm), places=one.places,
    )  # fmt: skip
    told = read(asked, one.fields, _options(case, paper))
    making = {"expert": _package, "answer": _answer, "report": _report, "release": _release}
    do, files = making[paper](asked, case, told)
    return asked.done(do, files)


def _now(viewer: Viewer) -> str:
    return utc_text(viewer.server.now())


def _package(asked: AskedForm, case: AlarmCase, told: Told) -> Doing:
    viewer = asked.viewer
    files = [(name, told[name]) for name in ("foreground", "background") if told[name]]
    files += [("photograph", one) for one in told["photographs"] or ()]

    def do() -> Recorded:
        name = str(told["package"])
        content, _missing = built_package(
            viewer.whole, case.name, package=name, question=str(told["question"]),
            files=files, seen_in=viewer.books,
        )  # fmt: skip
        values = {
            "alarm": case.name, "package": name, "expert": told["expert"],
            "words": told["question"], "at": _now(viewer),
        }  # fmt: skip
        return record_package(viewer.whole, viewer.actor(), values, (f"{name}.zip", content))

    return do, tuple(one for _role, one in files)


def _answer(asked: AskedForm, case: AlarmCase, told: Told) -> Doing:
    viewer = asked.viewer
    found, wrong = given_nuclides(told["nuclides"])
    row = {
        "alarm": case.name, "package": told["package"], "expert": told["expert"],
        "words": told["words"], "at": _now(viewer), "undecided": told["undecided"],
        "residual_passed": {"no": True, "yes": False}.get(str(told["left"])),
    }  # fmt: skip

    def do() -> Recorded:
        return record_expert_answer(
            viewer.whole, viewer.actor(), row, found, told["file"], findings=wrong
        )

    return do, (told["file"],) if told["file"] else ()


def _report(asked: AskedForm, case: AlarmCase, told: Told) -> Doing:
    viewer, activity = asked.viewer, None
    try:
        activity = float(told["activity"]) if told["activity"] else None
    except ValueError:
        asked.wrong("activity", _("Write a number above 0."))
    given = {name: told[name] for name in ("group", "contact", "description", "quantity")}
    given["activity_bq"] = activity

    def do() -> Recorded:
        form = str(told["form"])
        assert form in FORMS and told["group"] in GROUPS
        content = drafted_report(viewer.whole, viewer.actor(), case.name, given, form)
        values = {
            "alarm": case.name, "report": told["report"], "state": "drafted",
            "incident_group": told["group"], "at": _now(viewer),
        }  # fmt: skip
        kept = (f"{told['report']}.{form}", content)
        return record_report(viewer.whole, viewer.actor(), values, kept)

    return do, ()


def _release(asked: AskedForm, case: AlarmCase, told: Told) -> Doing:
    viewer = asked.viewer

    def do() -> Recorded:
        return release_report(viewer.whole, viewer.actor(), case.name, str(told["report"]))

    return do, ()
