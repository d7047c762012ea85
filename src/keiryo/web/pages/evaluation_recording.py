"""Recording what was concluded about the balances of an area, and what was recorded before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy import select

from keiryo.errors import KeiryoError, RefusedError, UsageError
from keiryo.evaluation.false_alarms import is_standard
from keiryo.evaluation.model import Options
from keiryo.evaluation.recorded import recorded_evaluations
from keiryo.evaluation.recording import record_evaluations
from keiryo.evaluation.service import outdated_evaluations
from keiryo.places.model import MaterialBalanceArea
from keiryo.storage.schema import ACT
from keiryo.web.jobs import Tell
from keiryo.web.listing import ListColumn, RowList, ShownList, shown_list
from keiryo.web.once import Answer, once
from keiryo.web.pages.evaluation_asked import (
    JOB,
    KIND,
    MOST_COVARIANCE,
    NotYetError,
    Plain,
    evaluated_area,
    evaluations_of,
    evaluations_shown,
    last_act,
    option_texts,
    options_asked,
    percent_text,
    plain_finding,
    takes_long,
)
from keiryo.web.pages.evaluation_board import (
    ASIDE,
    CHANGED,
    CURRENT,
    OUTDATED,
    STATE_BADGES,
    at_alpha,
    last_bearing,
)
from keiryo.web.pages.evaluation_shown import (
    address,
    number_or_none,
    quantity_name,
    result_table,
    verdict_cell,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import mass_kg
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CORRECTED = sentence("corrected")
HISTORY_COLUMNS = (
    ListColumn("recorded_at", sentence("Recorded"), "time"),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("from", sentence("From"), "date", hidden=True),
    ListColumn("to", sentence("Balance to"), "date"),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("quantity", sentence("Quantity")),
    ListColumn("verdict", sentence("Verdict"), "code"),
    ListColumn("alpha", sentence("False alarms, %"), "number", filterable=False),
    ListColumn("before", sentence("Verdict before"), "code", hidden=True),
    ListColumn("muf_mg", sentence("MUF"), "mass", filterable=False),
    ListColumn("muf_change_mg", sentence("Change"), "mass", filterable=False),
    ListColumn("sigma_muf", sentence("σ of MUF, kg"), "number", filterable=False),
    ListColumn("sigma_change", sentence("Change, kg"), "number", filterable=False),
    ListColumn("person", sentence("Person"), "code", hidden=True),
    ListColumn("state", sentence("State"), choices=(CURRENT, OUTDATED, CHANGED, ASIDE, CORRECTED)),
)


def history(viewer: Viewer, area: MaterialBalanceArea) -> list[dict[str, Any]]:
    """Return all recorded evaluations of an area, the latest first, with what each changed."""

    def build() -> list[dict[str, Any]]:
        with viewer.whole.reading() as connection:
            rows = recorded_evaluations(connection, viewer.metadata, area.code, every=True)
            rows.sort(key=lambda row: (row["act"], row["line"]))
            last: dict[tuple[str, ...], dict[str, Any]] = {}
            for row in rows:
                key = (
                    *(row["from"], row["to"], row["category"], row["quantity"]),
                    f"{row['alpha']:.12g}",
                )
                row["earlier"] = last.get(key)
                last[key] = row
            latest = {(row["act"], row["line"]) for row in last.values()}
            aside = {(row["act"], row["line"]) for row in last.values() if not row["standard"]}
            changed = last_bearing(connection, viewer.metadata, area.scope)
            doubtful = [r for r in last.values() if r["act"] < changed]
            large = bool(doubtful) and takes_long(viewer, area)
            stale = set()
            if doubtful and not large:
                stale = outdated_evaluations(connection, viewer.metadata, doubtful)
            table = viewer.metadata.tables[ACT]
            query = select(table.c.act_id, table.c.recorded_at, table.c.person).where(
                table.c.act_id.in_(sorted({row["act"] for row in rows}))
            )
            acts = {int(number): (at, person) for number, at, person in connection.execute(query)}
        for row in rows:
            at = (row["act"], row["line"])
            state = CURRENT if at in latest else CORRECTED
            if at in stale:
                state = OUTDATED
            elif large and at in latest and row["act"] < changed:
                state = CHANGED
            elif at in aside:
                state = ASIDE
            earlier = row.pop("earlier")
            row["alpha"] *= 100.0
            row |= {"state": state, "recorded_at": acts[row["act"]][0]}
            row |= {"person": acts[row["act"]][1], **_changes(row, earlier)}
        return list(reversed(rows))

    key = ("evaluation history", area.code)
    return viewer.server.remembered.get(key, last_act(viewer, area), build)


def _changes(row: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an evaluation changed against the earlier one of the same balance."""
    if earlier is None:
        return {"muf_change_mg": None, "sigma_change": None, "before": None}
    both = row["sigma_muf"] is not None and earlier["sigma_muf"] is not None
    return {
        "muf_change_mg": row["muf_mg"] - earlier["muf_mg"],
        "sigma_change": row["sigma_muf"] - earlier["sigma_muf"] if both else None,
        "before": earlier["verdict"],
    }


def shown_history(
    request: AnyRequest, viewer: Viewer, area: MaterialBalanceArea, prefix: str
) -> ShownList | Response[Any] | Stream:
    """Return the recorded evaluations of an area as a list."""
    rows = RowList(history(viewer, area), HISTORY_COLUMNS)
    listed = shown_list(request, rows, f"evaluations-{area.code}", prefix=prefix)
    if isinstance(listed, ShownList):
        for cells, row in zip(listed.rows, listed.found.rows, strict=True):
            cells["sigma_muf"] = number_or_none(row["sigma_muf"], 6)
            change = row["sigma_change"]
            cells["sigma_change"] = None if change is None else number_or_none(change, 6)
            cells["quantity"] = quantity_name(row["quantity"])
            cells["alpha"] = percent_text(row["alpha"] / 100.0)
            cells["verdict"] = verdict_cell(row["verdict"])
            if row["before"] not in (None, row["verdict"]):
                words = verdict_cell(row["before"])["text"]
                cells["verdict"]["hint"] = _("before: %(verdict)s", verdict=words)
                cells["verdict"]["text"] += f" ({cells['verdict']['hint']})"
            kind = STATE_BADGES.get(row["state"], "plain")
            cells["state"] = {"text": _(row["state"]), "badge": kind}
    return listed


@get("/evaluation/{mba:str}/record", opt={"reads": "evaluation"}, sync_to_thread=True)
def record_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show what would be recorded, and ask whether it is to be."""
    area = evaluated_area(viewer, mba)
    viewer.require_post(KIND, area.scope)
    options = options_asked(request.query_params)
    return _ask(request, viewer, area, options)


@post(
    "/evaluation/{mba:str}/record",
    status_code=200,
    opt={"reads": "evaluation"},
    sync_to_thread=True,
)
def record(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Record what is concluded now, once; or ask again if somebody posted in between."""
    area = evaluated_area(viewer, mba)
    viewer.require_post(KIND, area.scope)
    texts = {"alpha": viewer.field("alpha"), "rules": viewer.field("rules")}
    options = options_asked(texts)
    key = viewer.field("_form_id")
    asked = {"mba": area.code, **texts}
    made_at, newest = whole_number(viewer.field("_head")), last_act(viewer, area)
    stale = made_at is not None and made_at < newest

    def do() -> Answer:
        if stale:
            raise _ChangedError
        if takes_long(viewer, area):
            jobs = request.app.state.jobs
            parameters = {**asked, "record": True}
            number = jobs.start(viewer, JOB, "Recording of an evaluation", parameters)
            return Answer(303, f"/jobs/{number}")
        recorded = record_evaluations(viewer.whole, area.code, viewer.actor(), options=options)[1]
        acts = ",".join(str(one.act.act_id) for one in recorded)
        return Answer(303, address(area.code, recorded=acts, **option_texts(options)))

    try:
        answer = once(viewer, key, asked, do)
    except _ChangedError:
        return _ask(request, viewer, area, options, newest=newest, status=409)
    except (RefusedError, UsageError) as error:
        return _ask(request, viewer, area, options, error=error, status=422)
    return Redirect(answer.location or address(area.code), status_code=303)


class _ChangedError(Exception):
    """Somebody posted about the area since the form was made."""


def _ask(
    request: AnyRequest,
    viewer: Viewer,
    area: MaterialBalanceArea,
    options: Options,
    *,
    newest: int = 0,
    error: KeiryoError | None = None,
    status: int = 200,
) -> Response[Any]:
    found: list[Plain] | None = None
    with suppress(NotYetError):
        found = evaluations_shown(request, viewer, area, options)
    asked = option_texts(options)
    return render(
        request,
        "evaluation/record.html",
        http_status=status,
        area=area,
        evaluations=[
            {"category": one["category"], "balances": [_said(b) for b in one["balances"]],
             "sequence": one["sequence_statement"]}
            for one in found or []
        ],
        large=found is None,
        newest=newest,
        error=error,
        findings=[plain_finding(f) for f in getattr(error, "findings", ())],
        asked=asked,
        aside="" if is_standard(options.alpha) else at_alpha(options.alpha, False),
        back=address(area.code, **asked),
        crumbs=[
            (_("Evaluation"), "/evaluation"),
            (area.code, address(area.code, **asked)),
            (_("Record"), None),
        ],
    )  # fmt: skip


def _said(balance: Plain) -> dict[str, Any]:
    return {
        "from": balance["from"],
        "to": balance["to"],
        "muf": mass_kg(balance["muf_mg"]),
        "verdict": verdict_cell(balance["verdict"]),
        "table": result_table(balance),
    }


@post(
    "/evaluation/{mba:str}/start", status_code=200, opt={"reads": "evaluation"}, sync_to_thread=True
)
def start(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Evaluate an area as a job."""
    area = evaluated_area(viewer, mba)
    asked = {"mba": area.code, "alpha": viewer.field("alpha"), "rules": viewer.field("rules")}
    options_asked(asked)  # what makes no sense is said now
    make = partial(request.app.state.jobs.start, viewer, JOB, "Evaluation of balances", asked)
    answer = once(viewer, viewer.field("_form_id"), asked, lambda: Answer(303, f"/jobs/{make()}"))
    return Redirect(answer.location or address(area.code), status_code=303)


def run_evaluation(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Evaluate an area, and record what is concluded if that is asked."""
    area = evaluated_area(viewer, parameters["mba"])
    options = options_asked(parameters)
    steps = 2 if parameters.get("record") else 1
    tell(0, steps, "")
    found = evaluations_of(viewer, area, options, at_once=True)
    tell(1, steps, "")
    acts: list[int] = []
    if parameters.get("record"):
        viewer.require_post(KIND, area.scope)
        recorded = record_evaluations(viewer.whole, area.code, viewer.actor(), options=options)[1]
        acts = [one.act.act_id for one in recorded]
        tell(2, steps, "")
    return {
        "mba": area.code,
        "evaluations": [_kept(one) for one in found],
        "acts": acts,
        "asked": option_texts(options),
        "template": "evaluation/job.html",
    }


def _kept(plain: Plain) -> Plain:
    """Return an evaluation without the covariance of a long sequence, which fills the database."""
    sequence = plain["sequence"]
    if sequence is None or len(plain["balances"]) <= MOST_COVARIANCE:
        return plain
    smaller = {**sequence, "covariance": None}
    if sequence.get("isotope"):
        smaller["isotope"] = {**sequence["isotope"], "covariance": None}
    return {**plain, "sequence": smaller}
