"""What if: other standard deviations, more measurements, another test, a hypothetical loss.

The answer stands beside the form and follows every entry; without script, a button asks for it.
Nothing is recorded, and what was typed travels in the form, never in an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.evaluation.conclusion import amount
from keiryo.evaluation.what_if import (
    Basis,
    Change,
    Compared,
    Line,
    field_name,
    read_change,
    usable,
    what_if,
)
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.jobs import Tell
from keiryo.web.pages.evaluation_asked import (
    NotYetError,
    evaluated_area,
    plain_finding,
    takes_long,
)
from keiryo.web.pages.evaluation_items import balance_number, basis_of
from keiryo.web.pages.evaluation_shown import KINDS, address, columns, quantity_name
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import mass_kg, number_text
from keiryo.web.viewer import AnyRequest, Asking, Viewer

WHAT_IF_JOB = "what-if"
WHAT_IF_TITLE = "What if: other measurements"
MOST_TEXT = 40


@get("/evaluation/{mba:str}/what-if", opt={"reads": "evaluation"}, sync_to_thread=True)
def what_if_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show the measurements as they are, to be changed."""
    query = request.query_params
    asked = {"of": str(query.get("of", "")), "balance": str(query.get("balance", ""))}
    return _page(request, viewer, evaluated_area(viewer, mba), asked)


@post(
    "/evaluation/{mba:str}/what-if",
    status_code=200,
    opt={"reads": "evaluation"},
    sync_to_thread=True,
)
def ask_what_if(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show what the change would buy; nothing is recorded."""
    area = evaluated_area(viewer, mba)
    form = viewer.form
    texts = {} if form is None else dict(form.multi_items())
    asked = {
        name: value.strip()[:MOST_TEXT]
        for name, value in texts.items()
        if isinstance(value, str) and not name.startswith("_")
    }
    if takes_long(viewer, area):
        parameters = {"mba": area.code, "asked": asked}
        number = request.app.state.jobs.start(viewer, WHAT_IF_JOB, WHAT_IF_TITLE, parameters)
        return Redirect(f"/jobs/{number}", status_code=303)
    return _page(request, viewer, area, asked)


def _page(
    request: AnyRequest, viewer: Viewer, area: MaterialBalanceArea, asked: Mapping[str, str]
) -> Response[Any]:
    category = asked.get("of", "")[:4] or "E"
    crumbs = [
        (_("Evaluation"), "/evaluation"),
        (area.code, address(area.code, category=category)),
        (_("What if"), None),
    ]
    try:
        basis = basis_of(viewer, area, category)
    except NotYetError:
        return render(
            request, "evaluation/what_if_later.html", area=area, category=category, crumbs=crumbs
        )
    number = balance_number(basis, asked.get("balance", ""))
    change, findings = read_change(basis, asked)
    errors = {f.cell: f.message for f in findings if f.cell}
    # What cannot be computed with is said, and everything stays as it was.
    answered = what_if(basis, change if usable(findings) else Change(), number=number)
    return render(
        request,
        "evaluation/what_if.html",
        area=area,
        category=category,
        period=basis.items.periods[number],
        balance=str(basis.items.periods[number].end),
        answers=answer_tables(answered),
        sources=source_fields(basis, asked, errors),
        strata=stratum_fields(basis, asked, errors),
        isotope=basis.quantities[1] if len(basis.quantities) > 1 else None,
        asked=asked,
        errors=errors,
        findings=[plain_finding(f) for f in findings],
        unusable=not usable(findings),
        several=len(basis.items.periods) > 1,
        large=takes_long(viewer, area),
        crumbs=crumbs,
    )


def source_fields(
    basis: Basis, asked: Mapping[str, str], errors: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the error sources as fields, those that matter most first."""
    weight, label = source_shares(basis), source_names(basis)
    rows: list[dict[str, Any]] = []
    for source in basis.sources:
        at = (source.act, source.line)
        sd, absolute = field_name("sd", at), field_name("absolute", at)
        rows.append(
            {
                "name": label[at],
                "kind": _(KINDS[source.kind]),
                "method": source.method or "",
                "share": weight.get(label[at], 0.0),
                "fields": [
                    _field(sd, asked, errors, _percent_text(source.relative_sd), "%"),
                    _field(absolute, asked, errors, _grams_text(source.absolute_sd_kg), "g"),
                ],
            }
        )
    rows.sort(key=lambda row: -row["share"])
    for row in rows:
        row["share"] = number_text(100 * row["share"], 1)
    return rows


def source_shares(basis: Basis, number: int = -1) -> dict[str, float]:
    """Return by name the largest part of the variance of a balance that a source brings."""
    weight: dict[str, float] = {}
    for propagated in basis.as_it_is:
        for share in propagated.shares(number % len(basis.items.periods)):
            weight[share.source] = max(weight.get(share.source, 0.0), abs(share.share))
    return weight


def source_names(basis: Basis) -> dict[Line, str]:
    """Return by act and line what the error sources behind the balances are called."""
    return {
        (source.act, source.line): name
        for propagated in basis.as_it_is
        for name, source in propagated.names.items()
    }


def stratum_fields(
    basis: Basis, asked: Mapping[str, str], errors: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the strata with their numbers of samples and analyses as fields."""
    rows = []
    for method in basis.strata:
        at = (method.act, method.line)
        rows.append(
            {
                "name": method.stratum,
                "fields": [
                    _field(field_name("samples", at), asked, errors, str(method.samples), ""),
                    _field(field_name("analyses", at), asked, errors, str(method.analyses), ""),
                ],
            }
        )
    return rows


def _field(
    name: str, asked: Mapping[str, str], errors: Mapping[str, str], now: str, unit: str
) -> dict[str, str]:
    typed = asked.get(name, "")
    return {
        "name": name,
        "now": now,
        "unit": unit,
        "value": typed,
        "error": errors.get(name, ""),
        "changed": "yes" if typed and typed != now else "",
    }


def _percent_text(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.10g}"


def _grams_text(value: float | None) -> str:
    return "" if value is None else f"{1000 * value:.10g}"


def answer_tables(found: tuple[Compared, ...]) -> list[dict[str, Any]]:
    """Return what can be said before and after, a table for each quantity."""
    heads = (
        ("what", _("Figure"), "text"),
        ("before", _("as it is"), "number"),
        ("after", _("as it would be"), "number"),
        ("change", _("Change"), "number"),
    )
    tables = []
    for one in found:
        rows = [
            {"what": what, "before": _figure(was, unit), "after": _figure(would, unit),
             "change": _changed(was, would)}
            for what, was, would, unit in _figures(one)
        ]  # fmt: skip
        tables.append({"caption": _quantity(one), "columns": columns(heads), "rows": rows})
    return tables


def _figures(one: Compared) -> list[tuple[str, float | None, float | None, str]]:
    before, after = one.before, one.after
    loss = "" if after.loss_kg is None else amount(after.loss_kg)
    seen, would = before.detection_probability, after.detection_probability
    figures: list[tuple[str, float | None, float | None, str]] = [
        (_("σ of MUF, kg"), before.sigma_kg, after.sigma_kg, "kg"),
        (_("MUF/σ"), before.z, after.z, "plain"),
        (_("A loss is indicated above, kg"), before.threshold_kg, after.threshold_kg, "kg"),
        (_("A loss of %(loss)s is seen with", loss=loss), seen, would, "probability"),
        (_("Loss seen with 95 %, kg"), before.detectable_kg, after.detectable_kg, "kg"),
    ]
    if after.sequence_probability is not None or before.sequence_probability is not None:
        seen, would = before.sequence_probability, after.sequence_probability
        words = _("That loss in each balance is seen with (Page)")
        figures.append((words, seen, would, "probability"))
        limits = (before.sequence_threshold, after.sequence_threshold)
        figures.append((_("Threshold of Page"), *limits, "plain"))
    return figures


def _quantity(one: Compared) -> str:
    return _(
        "%(quantity)s, MUF %(muf)s kg",
        quantity=quantity_name(one.quantity),
        muf=mass_kg(one.muf_mg),
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "probability":
        return f"{number_text(100 * value, 2)} %"
    return number_text(value, 6 if unit == "kg" else 4)


def _changed(before: float | None, after: float | None) -> str:
    if before is None or after is None or not before:
        return ""
    part = 100.0 * (after - before) / before
    if abs(part) < 0.005:
        return "="
    return f"{'+' if part > 0 else '−'}{number_text(abs(part), 2)} %"


def run_what_if(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Read what stands behind the balances of a large area; say what a change would buy."""
    area = evaluated_area(viewer, parameters["mba"])
    asked = parameters["asked"]
    category = str(asked.get("of", ""))[:4] or "E"
    tell(0, 2, "")
    basis = basis_of(viewer, area, category, at_once=True)
    tell(1, 2, "")
    number = balance_number(basis, str(asked.get("balance", "")))
    change, findings = read_change(basis, asked)
    answered = what_if(basis, change if usable(findings) else Change(), number=number)
    tell(2, 2, "")
    return {
        "mba": area.code,
        "category": category,
        "answers": answer_tables(answered),
        "findings": [plain_finding(f) for f in findings],
        "template": "evaluation/what_if_job.html",
    }
