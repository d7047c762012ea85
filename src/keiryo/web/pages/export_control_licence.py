"""The page of a licence: its lines, what left under it, its amendments and states, assurances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from sqlalchemy import select

from keiryo.dates import number_date
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.export_control.licences import Assurance, Licence
from keiryo.export_control.recording import RECORDING
from keiryo.export_control.tables import LICENCE, LICENCE_STEP
from keiryo.journal.tables import FINDING
from keiryo.storage.schema import ACT
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.export_control_known import (
    ATTENTION_BADGES,
    LICENCE_PAGE,
    READING,
    RUNNING_OUT_DAYS,
    Known,
    LineStanding,
    known,
)
from keiryo.web.pages.export_control_words import (
    RESULT_WORDS,
    crumbs,
    quantity_shown,
    record_address,
    state_badge,
    tabs,
    why_address,
    word,
)
from keiryo.web.pictures.licence_bar import licence_bar
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_SHIPMENTS = 500
"""Shipments on the page of a licence; the list of shipments shows all."""


def bar_of(one: LineStanding) -> str:
    """Return what is left of a line as a picture; nothing where that may not be seen."""
    if one.drawn is None or one.planned is None:
        return ""
    unit = one.ceiling.unit
    told = {
        "ceiling": quantity_shown(one.ceiling.quantity, unit),
        "drawn": quantity_shown(one.drawn, unit),
        "planned": quantity_shown(one.planned, unit),
    }
    return licence_bar(
        *(one.ceiling.quantity, one.drawn, one.planned),
        title=_("Licence %(line)s", line=one.ceiling.name),
        description=_("drawn %(drawn)s of %(ceiling)s, planned %(planned)s", **told),
    )


def done_of(request: AnyRequest, viewer: Viewer) -> dict[str, Any] | None:
    """Return what became of the form that led here: its act and what the checks said of it."""
    unchanged = whole_number(request.query_params.get("unchanged", "")) or 0
    number = whole_number(request.query_params.get("done", "")) or 0
    if not number and not unchanged:
        return None
    findings = [] if not number else [plain_finding(one) for one in _own_findings(viewer, number)]
    return {"act": number, "unchanged": unchanged, "findings": findings}


def _own_findings(viewer: Viewer, number: int) -> list[Finding]:
    """Return what the checks said of an act of the viewer's own."""
    acts, table = viewer.metadata.tables[ACT], viewer.metadata.tables[FINDING.name]
    query = (
        select(table)
        .join(acts, acts.c.act_id == table.c.act_id)
        .where(acts.c.act_id == number, acts.c.person == viewer.person.person)
        .where(acts.c.kind.in_([RECORDING]))
        .order_by(table.c.line_no)
    )
    with viewer.whole.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [
        Finding(
            str(row["code"]),
            Severity(row["severity"]),
            str(row["message"]),
            str(row["advice"] or ""),
            **{n: row[n] for n in ("found", "expected", "basis", "mba")},
        )
        for row in rows
    ]


def licence_of(found: Known, number: str) -> Licence:
    """Return a licence that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that number.
    """
    licence = found.register.licences.get(number)
    if licence is None:
        raise NotFoundError(
            f"there is no licence {number[:60]!r} in these books",
            "'keiryo export-control licences' lists their numbers.",
        )
    return licence


@get(LICENCE_PAGE, sync_to_thread=True, opt=READING)
def licence_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show a licence: lines, shipments, amendments, states and assurances."""
    found = known(viewer)
    licence = licence_of(found, str(request.query_params.get("number", "")))
    lines = [one for one in found.lines if one.licence.number == licence.number]
    matched = [
        one
        for one in found.matched
        if one.ceiling is not None and one.ceiling.licence == licence.number
    ]
    matched.sort(key=lambda one: one.shipment.on, reverse=True)
    values = licence.values
    return render(
        request,
        "export_control/licence.html",
        licence=licence,
        standing=state_badge(licence.standing_on(viewer.today)),
        facts=[
            (_("Direction"), word(licence.direction)),
            (_("Other State"), licence.partner),
            (_("Exporter"), values["exporter"]),
            (_("Authority"), values["authority"]),
            (_("Amendment"), licence.amendment or None),
            (_("Tolerance"), quantity_shown(values["tolerance"])),
        ],
        texts=[
            (_("Conditions"), values["conditions"]),
            (_("Clause on re-export"), values["reexport"]),
        ],
        lines=[_line(one) for one in lines],
        closed=sorted(one.ceiling.name for one in lines if one.ceiling.name in found.closed),
        shipments=[_shipment(found, one) for one in matched[:MOST_SHIPMENTS]],
        shipments_left=max(len(matched) - MOST_SHIPMENTS, 0),
        history=_history(viewer, licence),
        assurances=assurances_of(found, licence),
        asks_assurance=any(line.needs_assurance for line in licence.lines),
        act=values["act_id"],
        why=why_address(f"licence:{licence.number}"),
        may_record=viewer.may_post(RECORDING, viewer.state),
        amend=record_address("licences", licence.number),
        step=record_address("steps", licence.number),
        soon_days=RUNNING_OUT_DAYS,
        done=done_of(request, viewer),
        tabs=tabs(""),
        crumbs=crumbs((licence.number, None)),
    )


def _line(one: LineStanding) -> dict[str, Any]:
    line = one.ceiling
    badge = ATTENTION_BADGES.get(one.attention)
    return {
        "number": line.number,
        "item": line.item,
        "categories": ", ".join(line.categories),
        "counts": word(line.counts) if line.counts == "fissile" else "",
        "ceiling": quantity_shown(line.quantity, line.unit),
        "drawn": quantity_shown(one.drawn, line.unit),
        "planned": quantity_shown(one.planned, line.unit) if one.planned else "",
        "remaining": quantity_shown(one.remaining, line.unit),
        "bar": bar_of(one),
        "consignee": line.consignee,
        "place": line.place or "",
        "end_user": line.end_user,
        "end_use": line.end_use,
        "valid": f"{day_text(line.valid_from)} – {day_text(line.valid_to)}",
        "state": state_badge(one.state),
        "attention": {"badge": badge, "text": _(one.attention)} if badge else None,
        "assurance": line.needs_assurance,
        "why": why_address(f"line:{line.line}"),
        "_kind": "error" if badge == "error" else None,
    }


def _shipment(found: Known, one: Any) -> dict[str, Any]:
    shipment = one.shipment
    bad = bool(one.failed)
    stopped = bad and found.asks(shipment)
    line = one.ceiling
    return {
        "on": day_text(shipment.on),
        "result": {
            "badge": "ok" if not bad else "error" if stopped else "plain",
            "text": _(RESULT_WORDS[one.result]),
        },
        "failed": ", ".join(_(RESULT_WORDS[name]) for name in one.failed if name != one.result),
        "line": line.number,
        "state": word(shipment.state),
        "what": shipment.transfer or f"{shipment.mba} {shipment.batch or ''}".strip(),
        "why": why_address(shipment.node),
        "quantity": quantity_shown(
            shipment.quantity if one.quantity is None else one.quantity,
            shipment.unit if one.quantity is None else line.unit,
        ),
        "remaining": quantity_shown(found.remaining_after(one), line.unit)
        if found.remaining_after(one) is not None
        else "",
        "act": shipment.act,
        "_kind": "error" if stopped else None,
    }


def _history(viewer: Viewer, licence: Licence) -> list[dict[str, Any]]:
    """Return the amendments of a licence and the states that it took, the last day first."""
    rows: list[tuple[int, int, int, Mapping[str, Any]]] = []
    with viewer.books.reading() as connection:
        for kind, day in ((LICENCE.name, "issued_on"), (LICENCE_STEP.name, "on_day")):
            table = viewer.metadata.tables[kind]
            query = select(table).where(table.c.licence == licence.number)
            for row in connection.execute(query).mappings():
                rows.append((int(row[day]), int(row["act_id"]), int(row["line_no"]), dict(row)))
    rows.sort(key=lambda one: one[:3], reverse=True)
    return [
        {
            "day": day_text(number_date(day)),
            "state": state_badge(str(row["state"])),
            "what": _what(row),
            "reason": row.get("reason") or row.get("conditions") or "",
            "act": act,
        }
        for day, act, _line_no, row in rows
    ]


def _what(row: Mapping[str, Any]) -> str:
    if "amendment" not in row:
        return _("another state")
    if int(row["amendment"]):
        return _("amendment %(number)s", number=row["amendment"])
    return _("the licence")


def assurances_of(found: Known, licence: Licence) -> list[dict[str, Any]]:
    """Return the assurances that speak of a licence, whatever the day."""
    return [
        {
            "name": one.name,
            "government": one.government,
            "quantity": quantity_shown(one.quantity, one.unit)
            if one.quantity is not None
            else _("without limit"),
            "valid": f"{day_text(one.valid_from)} – {day_text(one.valid_to)}",
            "act": int(one.line.partition("/")[0]),
            "why": why_address(f"assurance:{one.name}"),
        }
        for one in found.register.assurances
        if speaks_of(one, licence)
    ]


def speaks_of(one: Assurance, licence: Licence) -> bool:
    """Return whether an assurance speaks of a licence, on whatever day."""
    named = not one.licences or licence.number in one.licences
    return named and one.government == licence.partner
