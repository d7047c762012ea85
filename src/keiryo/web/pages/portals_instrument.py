"""An instrument as it stands: calibrations, tests with their verdicts, responses, faults, its loan.

What is recorded of it by form (a calibration, a check, a test, trials) is what the command records.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.detection_sites.calibrating import Calibrated, calibrate
from keiryo.detection_sites.instrument_state import instrument_states
from keiryo.detection_sites.register import record
from keiryo.detection_sites.register_checks import future_findings
from keiryo.detection_sites.tables import (
    DETECTION_CALIBRATION,
    DETECTION_CHECK,
    DETECTION_HEALTH,
    DETECTION_RESPONSE,
    DETECTION_TEST,
)
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.model import Act
from keiryo.journal.reading import rows_of
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.portals_known import HOME, READING, Row, known, require_instrument
from keiryo.web.pages.portals_records import (
    CALIBRATION_STATES,
    RECORDS,
    REQUIREMENT_WORDS,
    TEST_VERDICTS,
    RecordForm,
)
from keiryo.web.pages.portals_upload import may_upload, upload_address
from keiryo.web.pages.portals_words import CLASS_WORDS
from keiryo.web.pages.seals_asked import AskedForm, File, acts_with, asked_form
from keiryo.web.pages.seals_fields import Options, read, shown
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CARD = HOME + "/{instrument:str}/card"
RECORD = HOME + "/{instrument:str}/record/{word:str}"
_ABOUT = (DETECTION_CALIBRATION, DETECTION_CHECK, DETECTION_RESPONSE, DETECTION_TEST)
MOST_FAULTS = 50


def card_address(instrument: str) -> str:
    """Return the page of an instrument."""
    return f"{HOME}/{quote(instrument, safe='')}/card"


def record_address(instrument: str, word: str) -> str:
    """Return the form by which something about an instrument is recorded."""
    return f"{HOME}/{quote(instrument, safe='')}/record/{word}"


def _kind(word: str) -> str:
    return f"detection.{word}"


@get(CARD, sync_to_thread=True, opt=READING)
def instrument_card(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str]
) -> Response[Any]:
    """Show an instrument as it stands on this day."""
    one = require_instrument(viewer, instrument)
    with viewer.books.reading() as connection:
        (state,) = instrument_states(
            connection, viewer.metadata, viewer.today, instrument=instrument
        )
        table = viewer.metadata.tables[DETECTION_HEALTH.name]
        faults = rows_of(connection, viewer.metadata, table.name, table.c.instrument == instrument)
    trials = known(viewer).register["trial"]
    offered = [
        (_(form.title), record_address(instrument, word))
        for word, form in RECORDS.items()
        if viewer.may_post(_kind(word), str(one["scope"]))
    ]
    register = known(viewer).register
    return render(
        request,
        "portals/card.html",
        one=one,
        site=known(viewer).site_of(one),
        kind=_(CLASS_WORDS.get(str(one["instrument_class"]), str(one["instrument_class"]))),
        state=state,
        standing=_standing(state),
        next_due=_day(state["next_due"]),
        calibrations=[_calibration(row) for row in reversed(state["calibrations"])],
        tests=[_test(row, register["test"], trials) for row in state["tests"]],
        checks=_checks(register, instrument),
        detectors=state["detectors"],
        responses=_responses(register, instrument),
        faults=_faults(faults),
        offered=offered,
        upload=upload_address(instrument) if may_upload(viewer, one) else None,
        done=done_act(request),
        why=f"/why?of=portal%3A{quote(instrument)}",
        crumbs=[(_("Portals"), HOME), (instrument, f"{HOME}/{quote(instrument, safe='')}"),
                (_("Instrument"), None)],
    )  # fmt: skip


def _standing(state: Row) -> dict[str, str]:
    word, badge = CALIBRATION_STATES[state["calibration_state"]]
    return {"text": _(word), "badge": badge}


def _day(text: Any) -> str:
    return "" if not text else day_text(datetime.date.fromisoformat(str(text)))


def _calibration(row: Row) -> dict[str, Any]:
    passed = row["result"] == "passed"
    return {
        "on": _day(row["on"]),
        "by": row["by"],
        "source": row["source"],
        "result": {"text": _("passed") if passed else _("failed"),
                   "badge": "ok" if passed else "error"},
        "due": _day(row["due"]),
        "certificate": row["certificate"],
        "note": row["note"],
        "act": _act_of(row["line"]),
    }  # fmt: skip


def _act_of(node: str) -> int:
    return int(node.removeprefix("line:").partition("/")[0])


def _test(
    row: Row, plans: dict[tuple[Any, ...], dict[str, Any]], trials: dict[tuple[Any, ...], Any]
) -> dict[str, Any]:
    word, badge = TEST_VERDICTS.get(row["verdict"], (row["verdict"], "plain"))
    acts = sorted({one["act_id"] for key, one in trials.items() if key[0] == row["name"]})
    plan = plans.get((row["name"],), {})
    return {
        "test": row["name"],
        "requirement": _(REQUIREMENT_WORDS.get(row["requirement"], row["requirement"])),
        "required": row["limit"],
        "confidence": row["confidence"],
        "conditions": row["conditions"],
        "runs": row["runs"],
        "trials": row["trials"],
        "events": row["events"],
        "interval": None if row["low"] is None else f"{row['low']:.4g} – {row['high']:.4g}",
        "bound": None if row["bound"] is None else f"{row['bound']:.4g}",
        "verdict": {"text": _(word), "badge": badge},
        "further": row["further_trials"],
        "next_due": _day(row["next_due"]),
        "acts": [*([plan["act_id"]] if plan else []), *acts][-5:],
    }


def _checks(register: Any, instrument: str) -> list[dict[str, Any]]:
    rows = [row for key, row in register["check"].items() if key[0] == instrument]
    rows.sort(key=lambda row: (row["on_day"], row["act_id"]), reverse=True)
    return [
        {
            "name": row["check_name"],
            "on": _number(row["on_day"]),
            "result": {
                "text": _("passed") if row["result"] == "passed" else _("failed"),
                "badge": "ok" if row["result"] == "passed" else "error",
            },
            "reading": row["reading"],
            "due": _number(row["due_on"]),
            "act": row["act_id"],
        }
        for row in rows[:100]
    ]


def _number(day: int | None) -> str:
    if day is None:
        return ""
    text = str(day)
    return day_text(datetime.date(int(text[:4]), int(text[4:6]), int(text[6:])))


def _responses(register: Any, instrument: str) -> list[dict[str, Any]]:
    rows = [row for key, row in register["response"].items() if key[0] == instrument]
    rows.sort(key=lambda row: (row["from_day"], row["act_id"]), reverse=True)
    return [{**row, "since": _number(row["from_day"]), "act": row["act_id"]} for row in rows]


def _faults(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what files told of, by kind and code: how often, and where it stands last."""
    often = Counter((row["kind"], row["code"]) for row in rows)
    last = {(row["kind"], row["code"]): row for row in rows}
    return [
        {
            "kind": key[0],
            "code": key[1],
            "often": number,
            "message": last[key]["message"],
            "act": last[key]["act_id"],
        }
        for key, number in often.most_common(MOST_FAULTS)
    ]


# --- recording -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """What a form recorded."""

    act: Act


def _form(viewer: Viewer, instrument: str, word: str) -> tuple[Row, RecordForm, Options]:
    one = require_instrument(viewer, instrument)
    if word not in RECORDS:
        raise NotFoundError(
            f"there is no record {word[:40]}", "The page of the instrument has its forms."
        )
    viewer.require_post(_kind(word), str(one["scope"]))
    tests = [
        str(row["test"])
        for row in known(viewer).register["test"].values()
        if row["instrument"] == instrument
    ]
    return one, RECORDS[word], {"test": [(name, name) for name in sorted(tests)]}


@get(RECORD, sync_to_thread=True, opt=READING)
def record_page(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str], word: FromPath[str]
) -> Response[Any]:
    """Show a form about an instrument."""
    _form(viewer, instrument, word)
    entered = first_shown(viewer, record_address(instrument, word))
    return _shown(request, viewer, instrument, word, entered, sent=False)


def _shown(
    request: AnyRequest, viewer: Viewer, instrument: str, word: str, entered: Entered, *, sent: bool
) -> Response[Any]:
    _one, form, options = _form(viewer, instrument, word)
    before = {"on_day": viewer.today.isoformat()}
    given = options if word == "trial" else {}
    return render(
        request,
        "portals/record.html",
        http_status=entered.status,
        instrument=instrument,
        title=_(form.title),
        submit=_(form.submit),
        lead=_(form.lead),
        fields=shown(form.fields, "record", entered, sent=sent, before=before, options=given),
        entered=entered,
        here=record_address(instrument, word),
        back=card_address(instrument),
        crumbs=[
            (_("Portals"), HOME),
            (instrument, card_address(instrument)),
            (_(form.title), None),
        ],
    )


@post(RECORD, status_code=200, sync_to_thread=True, opt=READING)
def record_about(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str], word: FromPath[str]
) -> Response[Any] | Redirect:
    """Record a calibration, a check, a test or trials of an instrument."""
    _one, form, options = _form(viewer, instrument, word)

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _shown(request, viewer, instrument, word, entered, sent=True)

    def since(head: int) -> list[int]:
        return acts_with(viewer, _ABOUT, head, instrument=instrument)

    asked = asked_form(
        request, viewer, "record", record_address(instrument, word), show, since,
        then=card_address(instrument), places=form.places,
    )  # fmt: skip
    told = read(asked, form.fields, options if word == "trial" else {})
    files: tuple[File, ...] = ()
    if word == "calibration":
        certificate = told.pop("certificate")
        files = (certificate,) if certificate else ()

    def do() -> Done:
        if word == "calibration":
            return Done(_calibrated(viewer, instrument, told, files))
        row = {name: value for name, value in told.items() if value not in (None, "")}
        row = {name: str(one) if name in ("required", "confidence") else one
               for name, one in row.items()}  # fmt: skip
        if word != "trial":
            row["instrument"] = instrument
        early = future_findings(word, [row], viewer.server.now())
        return Done(record(viewer.whole, viewer.actor(), word, [row], found=early).act)

    _check(asked, word, told)
    return asked.done(do, files)


def _check(asked: AskedForm, word: str, told: dict[str, Any]) -> None:
    """Say what a form lacks that its fields cannot say one by one."""
    if word == "trial" and told["alarms"] is not None and told["alarms"] < 0:
        asked.wrong("alarms", _("Write a whole number of 0 or more."))
    due, done = told.get("due_on"), told.get("on_day")
    if due is not None and done is not None and due < done:
        asked.wrong("due_on", _("This lies before the day on which it was done."))


def _calibrated(
    viewer: Viewer, instrument: str, told: dict[str, Any], files: tuple[File, ...]
) -> Act:
    certificate = files[0] if files else None
    done = Calibrated(
        instrument, told["on_day"], told["due_on"], told["calibrated_by"], told["check_source"],
        told["result"], told["note"],
    )  # fmt: skip
    if certificate is not None and not certificate[1]:
        raise RefusedError(_("The certificate is empty."), (), _("Send the file itself."))
    return calibrate(viewer.whole, viewer.actor(), done, certificate=certificate)
