"""What a record says, as tables: evaluations side by side with their paths, results of access."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keiryo.web.pages.protection_stores_known import badge
from keiryo.web.pages.protection_stores_words import EVIDENCE, MEASURES
from keiryo.web.speaking import day_text, language
from keiryo.web.speaking import gettext as _

if TYPE_CHECKING:
    from keiryo.security_store.opened import Content

MOST_ROWS = 500


def facts_of(found: Content) -> dict[str, Any] | None:
    """Return what a page shows of a record that was made here; None: its text alone."""
    makers = {
        "evaluation": _evaluation,
        "statement": _statement,
        "access_result": _access,
    }
    make = makers.get(found.head.kind)
    return None if make is None else make(json.loads(found.content))


def figure(value: Any) -> str:
    """Return a computed figure as it is read: four digits that count."""
    return "" if value is None else f"{value:.4g}"


def _path(names: list[str]) -> str:
    return " → ".join(names)


def _evaluation(told: dict[str, Any]) -> dict[str, Any]:
    result, source = told["result"], told["input"]
    common = {
        "shape": source["kind"],
        "input": source["record"],
        "input_version": source["version"],
        "on": day_text(told["on"]),
        "placeholder": result["classification"] == "placeholder",
        "assumptions": result["assumptions"],
        "warnings": [one["message"] for one in result["warnings"]],
    }
    if source["kind"] == "easi":
        return {**common, **_single(result)}
    return {**common, **_graph(result), "pictures": _pictures(result, told.get("drawn"))}


def _pictures(result: dict[str, Any], drawn: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return pictures of an evaluation: the facility, the way along its path, what upgrades buy."""
    from keiryo.charts import protection_pictures as charts

    if drawn is None:
        return []
    words = charts.LANGUAGES.get(language(), charts.LANGUAGES["en"])
    profile, response = drawn["profile"], drawn["response"]
    found = [
        (
            _("The facility"),
            charts.facility_graph_svg(result, drawn["structure"], words, "drawn-facility"),
        ),
        (
            _("Along the least protected path"),
            charts.path_profile_svg(profile, response, words, "", "drawn-profile"),
        ),
    ]
    if result["upgrades"] is not None:
        found.append(
            (_("What upgrades buy"), charts.upgrade_chart_svg(result, words, "drawn-upgrades"))
        )
    return found


def _single(result: dict[str, Any]) -> dict[str, Any]:
    point = result["deterministic"]["cdp"]
    return {
        "value": figure(result["p_interruption"]),
        "by_mode": [(name, figure(one)) for name, one in result["p_interruption_by_mode"].items()],
        "stress": figure(result["stress_correlated"]),
        "point": None if point is None else point["name"] or point["index"],
    }


def _graph(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "facility_state": result["facility_state"],
        "path_count": result["path_count"],
        "exact": result["exact"],
        "minima": [_minimum(name, result["measures"][name]) for name in MEASURES],
        "targets": [
            {
                "id": one["id"],
                "path_count": one["path_count"],
                **{name: figure(one["measures"][name]["value"]) for name in MEASURES},
                "effectiveness": figure(one["p_effectiveness"]),
            }
            for one in result["targets"]
        ],
        "paths": [
            {
                "path": _path(one["path"]),
                "target": one["target"],
                "value": figure(one["p_interruption"]),
                "point": one["cdp"] or _("none"),
            }
            for one in result["paths"]
        ],
        "evidence": [
            {
                "id": one["id"],
                "source": one["value_source"],
                "reference": one["evidence_ref"],
                "until": day_text(one["valid_until"]) if one["valid_until"] else None,
                "state": badge(EVIDENCE, one["state"]),
            }
            for one in result["inputs"]
        ],
        "upgrades": _upgrades(result["upgrades"]),
    }


def _minimum(name: str, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": _(MEASURES[name]),
        "value": figure(one["value"]),
        "path": _path(one["path"]),
        "target": one["target"],
        "point": one["cdp"] or _("none"),
        "ties": len(one["ties"]),
    }


def _upgrades(ranking: dict[str, Any] | None) -> dict[str, Any] | None:
    if ranking is None:
        return None
    rows = [(_("as it is"), ranking["baseline"]), (_("best set"), ranking["best"])]
    rows += [(_("one after the other"), ranking["greedy"])]
    rows += [(_("alone"), one) for one in ranking["singles"]]
    return {
        "budget": None if ranking["budget"] is None else figure(ranking["budget"]),
        "exact": ranking["exact"],
        "rows": [
            {
                "how": how,
                "options": ", ".join(one["options"]) or _("none"),
                "cost": figure(one["cost"]),
                "value": figure(one["min_p_interruption"]),
                "gain": figure(one["gain"]),
                "per_cost": figure(one["gain_per_cost"]),
                "path": _path(one["path"]),
            }
            for how, one in rows[:MOST_ROWS]
        ],
    }


def _statement(told: dict[str, Any]) -> dict[str, Any]:
    met = (_("met"), "ok") if told["meets_level"] else (_("not met"), "error")
    return {
        "shape": "statement",
        "evaluation": told["evaluation"],
        "level": figure(told["level"]),
        "met": {"text": met[0], "badge": met[1]},
        "on": day_text(told["on"]),
        "placeholder": told["classification"] == "placeholder",
        "exact": told["exact"],
    }


def _access(told: dict[str, Any]) -> dict[str, Any]:
    """Return the board of a review of access: findings, zones of the two-person rule, counts."""
    access, two = told["access"], told.get("two_person")
    fit = told.get("correlation")
    return {
        "shape": "access",
        "placeholder": access["classification"] == "placeholder",
        "from": access["from"],
        "to": access["to"],
        "events": access["events"],
        "findings": [
            {
                "severity": one["severity"],
                "code": one["code"],
                "message": one["message"],
            }
            for one in access["findings"][:MOST_ROWS]
        ],
        "finding_count": len(access["findings"]),
        "not_checked": access["not_checked"],
        "two_person": None if two is None else _two_person(two),
        "irregularities": None if fit is None else len(fit["irregularities"]),
    }


def _two_person(two: dict[str, Any]) -> dict[str, Any]:
    spans = [
        {**one, "zone": zone["zone"]}
        for zone in two["zones"]
        for one in zone["intervals"]
        if one.get("violation", True)
    ]
    return {
        "violations": two["violations"],
        "zones": [
            {
                "zone": one["zone"],
                "persons": one["min_persons"],
                "events": one["events"],
                "violations": one["violations"],
                "longest": figure(one["longest_counted_s"]),
                "total": figure(one["total_counted_s"]),
            }
            for one in two["zones"]
        ],
        "spans": spans[:MOST_ROWS],
        "span_count": len(spans),
        "findings": two["findings"][:MOST_ROWS],
    }
