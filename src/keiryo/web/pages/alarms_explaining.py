"""What explains the nuclides of a case: declared goods, a patient, a declared transfer.

Each is looked up in a table, in the books and in licences; what does not fit is refused with why.
Nothing is closed by an explanation.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.declared import declared_transfers
from keiryo.alarm_cases.desk import Desk
from keiryo.alarm_cases.explaining import PHARMACEUTICAL_ROW, table_rows
from keiryo.alarm_cases.hard_rules import ASSESS
from keiryo.alarm_cases.recording import Recorded
from keiryo.alarm_cases.recording_explanations import explain_case
from keiryo.web.pages.alarms_known import HOME, READING, acts_about, case_address, require_case
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.seals_asked import asked_form
from keiryo.web.pages.seals_fields import Field, Kind, Options, read, shown
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

EXPLAIN = HOME + "/{alarm:str}/explain"
FIELDS = (
    Field("commodity", Kind.TICK, sentence("By the declared goods of the case")),
    Field("declared", Kind.TICK, sentence("By a declared transfer in the books and licences")),
    Field("treatment", Kind.CHOICE, sentence("By a patient, after this treatment")),
    Field("days", Kind.LINE, sentence("Days since the treatment")),
    Field("rate", Kind.LINE, sentence("Dose rate at 1 m, µSv/h")),
    Field("evidence", Kind.LINE, sentence("Named evidence")),
    Field("files", Kind.FILES, sentence("Files"), sentence("Files are kept with the act.")),
)
PLACES = {
    "ALARM-COMMODITY": "commodity",
    "ALARM-DECLARATION": "declared",
    "ALARM-PATIENT": "treatment",
    "ALARM-EVIDENCE": "evidence",
}


@get(EXPLAIN, sync_to_thread=True, opt=READING)
def explain_page(request: AnyRequest, viewer: Asking, alarm: FromPath[str]) -> Response[Any]:
    """Show what could explain a case, with what speaks against each declared transfer."""
    case = require_case(viewer, alarm)
    entered = first_shown(viewer, f"{case_address(alarm)}/explain")
    return _shown(request, viewer, case, entered, sent=False)


def _shown(
    request: AnyRequest, viewer: Viewer, case: AlarmCase, entered: Entered, *, sent: bool
) -> Response[Any]:
    options, transfers = _offered(viewer, case)
    return render(
        request,
        "alarms/explain.html",
        http_status=entered.status,
        name=case.name,
        fields=shown(FIELDS, "explain", entered, sent=sent, options=options),
        transfers=transfers,
        goods=case.values.get("commodity") or case.values.get("commodity_code"),
        entered=entered,
        here=f"{case_address(case.name)}/explain",
        back=case_address(case.name),
        crumbs=[
            (_("Alarm cases"), HOME),
            (case.name, case_address(case.name)),
            (_("Explain it"), None),
        ],
    )


def _offered(viewer: Viewer, case: AlarmCase) -> tuple[Options, list[dict[str, Any]]]:
    """Return the treatments of the table, and the transfers that come near."""
    with viewer.books.reading() as connection:
        rows = table_rows(connection, viewer.metadata)
        limits = Desk(connection, viewer.metadata).limits_for(case)
        near = declared_transfers(connection, viewer.metadata, case, limits)
    names = sorted(name for kind, name in rows if kind == PHARMACEUTICAL_ROW)
    transfers = [
        {
            "reference": one.reference,
            "words": one.words,
            "nuclides": ", ".join(one.nuclides),
            "against": "; ".join(one.against),
        }
        for one in near[:10]
    ]
    return {"treatment": [("", _("none")), *((name, name) for name in names)]}, transfers


@post(EXPLAIN, status_code=200, sync_to_thread=True, opt=READING)
def record_explanation(
    request: AnyRequest, viewer: Asking, alarm: FromPath[str]
) -> Response[Any] | Redirect:
    """Record what explains a case."""
    case = require_case(viewer, alarm)
    viewer.require_post(ASSESS, case.scope)
    here = f"{case_address(alarm)}/explain"

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _shown(request, viewer, case, entered, sent=True)

    asked = asked_form(
        request, viewer, "explain", here, show, lambda head: acts_about(viewer, alarm, head),
        then=case_address(alarm), places=PLACES,
    )  # fmt: skip
    options, _transfers = _offered(viewer, case)
    told = read(asked, FIELDS, options)
    numbers: dict[str, float | None] = {}
    for name in ("days", "rate"):
        try:
            numbers[name] = float(told[name]) if told[name] else None
        except ValueError:
            asked.wrong(name, _("Write a number of 0 or more."))
    files = list(told["files"] or ())

    def do() -> Recorded:
        return explain_case(
            viewer.whole, viewer.actor(), alarm, commodity=told["commodity"],
            treatment=told["treatment"] or None, days=numbers["days"],
            rate_usv_h=numbers["rate"], declared=told["declared"], evidence=told["evidence"],
            files=files,
        )  # fmt: skip

    return asked.done(do, files)
