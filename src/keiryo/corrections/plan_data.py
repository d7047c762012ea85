"""A plan as plain data, for files, programs and the record; the reports in it as labelled text."""

from __future__ import annotations

from typing import Any

from keiryo.corrections.model import CorrectionPlan, Effect, Step
from keiryo.errors import Finding
from keiryo.quantities import Category, format_weight
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report


def plan_dict(plan: CorrectionPlan) -> dict[str, Any]:
    """Return a plan as plain data; weights as exact decimal texts in the units of reports."""
    return {
        "entry": address_text(plan.root),
        "wanted": plan.wanted,
        "reason": plan.choices.reason or None,
        "date": plan.choices.report_date.isoformat(),
        "possible": plan.possible,
        "steps": [step_dict(step) for step in plan.steps],
        "decisions": [
            {"mba": d.mba, "about": d.about, "question": d.question} for d in plan.decisions
        ],
        "remarks": list(plan.remarks),
        "effects": [effect_dict(effect) for effect in plan.effects],
        "findings": [finding_row(f) for f in plan.findings],
        "appearing": [finding_row(f) for f in plan.appearing],
        "vanishing": [finding_row(f) for f in plan.vanishing],
        "reports": [{"file": file_name(r), "text": write([r])} for r in plan.reports],
    }


def address_text(address: tuple[str, str, int, int] | None) -> str | None:
    """Return an address as ``"XA/XAFA/104/1"``."""
    return None if address is None else "/".join(map(str, address))


def step_dict(step: Step) -> dict[str, Any]:
    """Return a step as plain data."""
    return {
        "entry": address_text(step.address),
        "type": step.report_type,
        "status": step.status,
        "refers": address_text(step.refers),
        "begins": address_text(step.begins),
        "code": step.code,
        "batch": step.batch,
        "changes": [
            {"label": label, "before": before, "after": after}
            for label, before, after in step.changes
        ],
        "reason": step.reason,
    }


def effect_dict(effect: Effect) -> dict[str, Any]:
    """Return an effect as plain data."""
    unit = Category(effect.category).unit
    return {
        "kind": effect.kind,
        "mba": effect.mba,
        "period": effect.period,
        "line": effect.line,
        "category": effect.category,
        "element_before": _shown(effect.element_before_mg, unit),
        "element_after": _shown(effect.element_after_mg, unit),
        "fissile_before": _shown(effect.fissile_before_mg, "g"),
        "fissile_after": _shown(effect.fissile_after_mg, "g"),
        "unit": unit,
    }


def _shown(mg: int | None, unit: str) -> str | None:
    return None if mg is None else format_weight(mg, unit)


def finding_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data."""
    return {
        "rule": finding.code,
        "severity": str(finding.severity),
        "mba": finding.mba,
        "report": finding.report,
        "entry": finding.entry,
        "label": finding.label,
        "category": finding.category,
        "message": finding.message,
        "advice": finding.advice or None,
    }


def file_name(report: Report) -> str:
    """Return the name of the file that holds a report, e.g. ``XA-XAFA-111-I.txt``."""
    return f"{report.country}-{report.mba}-{report.number}-{report.type}.txt"
