"""A case is raised: from a passage of a portal, whose facts are taken over, or by hand."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from keiryo.alarm_cases.passages import facts_of_passage, passage_key
from keiryo.alarm_cases.recording import RAISE, Recorded, raise_alarms
from keiryo.web.pages.alarms_known import HOME, READING, acts_about, case_address
from keiryo.web.pages.alarms_words import RAISING
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.portals_known import (
    cases,
    cases_of,
    passage,
    passage_address,
    require_instrument,
)
from keiryo.web.pages.seals_asked import asked_form
from keiryo.web.pages.seals_fields import read, shown
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

RAISING_PAGE = f"{HOME}/raise"
PLACES = {
    "ALARM-ORIGIN": "origin",
    "ALARM-EVIDENCE": "evidence",
    "ALARM-ANEW": "alarm",
    "ALARM-INSTRUMENT": "instrument",
    "ALARM-TIME": "at",
    "ALARM-PASSAGE": "evidence",
}


@get(RAISING_PAGE, sync_to_thread=True, opt=READING)
def raise_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the form of a new case; of a passage, what the record knows is filled in."""
    _require(viewer)
    portal = str(request.query_params.get("portal", ""))[:60]
    start = str(request.query_params.get("occupancy", ""))[:60]
    before, about = _of_passage(viewer, portal, start) if portal else ({}, None)
    entered = Entered() if portal else first_shown(viewer, RAISING_PAGE)
    return _shown(request, viewer, entered, before=before, about=about, sent=False)


def _require(viewer: Viewer) -> None:
    if not viewer.may_post_somewhere(RAISE):
        viewer.require_post(RAISE, viewer.state)


def _of_passage(viewer: Viewer, portal: str, start: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the record knows of a passage, as the form is filled in with it.

    Raises
    ------
    NotFoundError
        If there is no such passage that the viewer may see.
    """
    require_instrument(viewer, portal)
    row = passage(viewer, portal, start)
    held = cases_of(viewer).get((portal, str(row["start"])), [])
    content_of = viewer.whole.evidence.get
    with viewer.books.reading() as connection:
        facts, _wrong = facts_of_passage(
            connection, viewer.metadata, content_of, f"{portal}@{row['start']}"
        )
    filled = {
        **facts,
        "gamma": bool(facts["gamma_alarm"]),
        "neutron": bool(facts["neutron_alarm"]),
        "at": facts["raised_at"][:19],
        "offset": facts["raised_at"][-6:],
    }
    about = {
        "name": f"{portal}@{row['start']}",
        "href": passage_address(portal, str(row["start"])),
        "cases": [(case.name, case_address(case.name)) for case in held],
    }
    return filled, about


def _shown(
    request: AnyRequest,
    viewer: Viewer,
    entered: Entered,
    *,
    before: dict[str, Any],
    about: dict[str, Any] | None,
    sent: bool,
) -> Response[Any]:
    clock = moment_context(viewer)
    if before.get("at"):
        clock |= {"now_local": before["at"], "offset": before["offset"]}
        if (before["offset"], f"UTC{before['offset']}") not in clock["offsets"]:
            clock["offsets"] = [*clock["offsets"], (before["offset"], f"UTC{before['offset']}")]
    return render(
        request,
        "alarms/raise.html",
        http_status=entered.status,
        fields=shown(RAISING, "raise", entered, sent=sent, before=before),
        about=about,
        entered=entered,
        here=RAISING_PAGE,
        back=HOME,
        **clock,
        crumbs=[(_("Alarm cases"), HOME), (_("Raise a case"), None)],
    )


@post(RAISING_PAGE, status_code=200, sync_to_thread=True, opt=READING)
def record_case(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Record a new case."""
    _require(viewer)

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _shown(request, viewer, entered, before={}, about=None, sent=True)

    name = viewer.field("raise_alarm")
    asked = asked_form(
        request, viewer, "raise", RAISING_PAGE, show,
        lambda head: acts_about(viewer, name, head),
        then=case_address(name) if name else HOME, places=PLACES,
    )  # fmt: skip
    at = asked.moment()
    told = read(asked, RAISING)
    files = list(told.pop("files") or ())
    evidence = str(told.get("evidence") or "")
    row = {
        **{field: value for field, value in told.items() if value not in (None, "")},
        "raised_at": at.isoformat(),
        "gamma_alarm": int(bool(told.pop("gamma"))),
        "neutron_alarm": int(bool(told.pop("neutron"))),
    }
    if evidence.startswith("occupancy:"):
        start = passage_key(evidence.split()[0].removeprefix("occupancy:"))[1]
        row["occupancy"] = start.partition("~")[0]
    elif row.get("origin") == "INFORMATION_ALERT":
        row["gamma_alarm"] = row["neutron_alarm"] = None
    if name in cases(viewer):
        asked.wrong("alarm", _("There is a case of this name."))

    def do() -> Recorded:
        return raise_alarms(viewer.whole, viewer.actor(), [row], files=files)

    return asked.done(do, files)
