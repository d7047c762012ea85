"""An evaluation as a page shows it: verdicts, balances, where the uncertainty comes from, tests.

It is made from the evaluation as plain data, whether it was computed for the page or by a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response
from litestar.response import Stream

from keiryo.charts.balance_page import balance_charts
from keiryo.charts.model import Chart
from keiryo.charts.sequence_page import balance_tables, threshold_tables
from keiryo.evaluation.conclusion import amount, percent
from keiryo.evaluation.model import BETWEEN, ELEMENT
from keiryo.web.listing import ListColumn, RowList, ShownList, shown_list
from keiryo.web.pages.evaluation_asked import Plain
from keiryo.web.pages.evaluation_board import VERDICT_BADGES
from keiryo.web.pages.evaluation_pointed import DECIMALS, KG_DECIMALS, weight_text
from keiryo.web.speaking import day_text, mass_kg, number_text, said
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest

SHARE_PREFIX = "share-"
KINDS = {
    "random": sentence("random"),
    "epoch": sentence("calibration"),
    "long": sentence("lasting"),
}
TERMS = {
    "PB": sentence("beginning inventory"),
    "increases": sentence("increases"),
    "decreases": sentence("decreases"),
    "DI": sentence("shipper/receiver differences"),
    "PE": sentence("ending inventory"),
    "between terms": sentence("between terms"),
}
SHARE_COLUMNS = (
    ListColumn("source", sentence("Error source")),
    ListColumn("component", sentence("Kind")),
    ListColumn("stratum", sentence("Stratum")),
    ListColumn("share", sentence("Share, %"), "number", filterable=False),
    ListColumn("alone", sentence("σ alone, kg"), "number", filterable=False),
    ListColumn("reference", sentence("Where the figure comes from")),
    ListColumn("series", sentence("Control measurements"), hidden=True),
    ListColumn("act", sentence("Act"), "act", hidden=True),
    ListColumn("line", sentence("Line"), "number", hidden=True),
)
CHART_TITLES = {
    "muf": sentence("MUF of each balance"),
    "cumuf": sentence("CUMUF, the running sum of MUF"),
    "sitmuf": sentence("SITMUF, what each balance adds that is new"),
    "page": sentence("Page's test, the cumulated sum of SITMUF"),
    "ewma": sentence("EWMA, the weighted mean of SITMUF"),
    "gemuf": sentence("GEMUF, the loss over its uncertainty"),
    "correlation": sentence("Correlation of the balances"),
    "waterfall": sentence("Where the variance of MUF comes from"),
    "waterfall_isotope": sentence("Where the variance of MUF of the isotope comes from"),
}
WEIGHTS = ("MUF, kg", "CUMUF, kg")
"""Columns of sums of weights, which are whole milligrams."""

PASSED = {
    True: ("ok", sentence("kept")),
    False: ("error", sentence("exceeded")),
    None: ("open", sentence("cannot be computed")),
}


def chosen_category(evaluations: list[Plain], asked: str) -> Plain:
    """Return the evaluation of the category that is asked for, or the main one."""
    return next((one for one in evaluations if one["category"] == asked), evaluations[0])


def chosen_balance(plain: Plain, asked: str) -> int:
    """Return the number (from 0) of the balance that is asked for by its last day, or the last."""
    ends = [balance["to"] for balance in plain["balances"]]
    return ends.index(asked) if asked in ends else len(ends) - 1


def quantities_of(balance: Plain) -> list[Plain]:
    """Return the element and, if it was evaluated, the isotope of a balance."""
    return [balance, *([balance["isotope"]] if balance["isotope"] else [])]


def charts_of(plain: Plain, number: int) -> dict[str, Chart]:
    """Return the charts of an evaluation by name, with the parts of one balance's variance."""
    return balance_charts({**plain, **plain["balances"][number], "balances": plain["balances"]})


def chart_title(name: str, title: str) -> str:
    """Return what a chart is called in the language of the page."""
    return _(CHART_TITLES[name]) if name in CHART_TITLES else title


def number_or_none(value: float | None, decimals: int) -> str:
    """Return a number, or a dash where it is not known."""
    return "–" if value is None else number_text(value, decimals)


def verdict_cell(code: str) -> dict[str, str]:
    """Return a verdict as shape and words."""
    kind, words = VERDICT_BADGES[code]
    return {"text": _(words), "badge": kind}


def quantity_name(quantity: str) -> str:
    """Return what a quantity is called."""
    return _("element") if quantity == ELEMENT else quantity


def address(mba: str, **asked: str) -> str:
    """Return the address of an evaluation, without what is not asked for."""
    pairs = {name: value for name, value in asked.items() if value}
    return f"/evaluation/{quote(mba)}" + (f"?{urlencode(pairs)}" if pairs else "")


def result_table(balance: Plain) -> dict[str, Any]:
    """Return MUF and its uncertainty, one row for each quantity."""
    heads = (
        ("quantity", _("Quantity"), "text"),
        ("muf", _("MUF, kg"), "number"),
        ("sigma", _("σ of MUF, kg"), "number"),
        ("z", _("MUF/σ"), "number"),
        ("p", _("By chance alone"), "number"),
        ("goal", _("Significant quantity"), "number"),
        ("power", _("Seen if lost"), "number"),
        ("verdict", _("Verdict"), "text"),
    )
    why = f"/why?of=figure:{balance['mba']}/{balance['from']}..{balance['to']}/MF/"
    rows = []
    for one in quantities_of(balance):
        power, goal = one["detection_probability"], one["goal_quantity"]
        href = f"{why}{balance['category']}" if one is balance else None
        rows.append(
            {
                "quantity": quantity_name(one["quantity"]),
                "muf": (mass_kg(one["muf_mg"]), href) if href else mass_kg(one["muf_mg"]),
                "sigma": number_or_none(one["sigma_muf"], 6),
                "z": number_or_none(one["z"], 2),
                "p": number_or_none(one["p_loss"], 4),
                "goal": "–" if goal is None else amount(goal),
                "power": "–" if power is None else said(percent(power)),
                "verdict": verdict_cell(
                    one["element_verdict"] if one is balance else one["verdict"]
                ),
            }
        )
    return {"columns": columns(heads), "rows": rows}


def balances_table(plain: Plain, number: int, mba: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return all balances of a category, one row for each quantity."""
    heads = (
        ("from", _("From"), "date"),
        ("to", _("To"), "date"),
        ("quantity", _("Quantity"), "text"),
        ("muf", _("MUF, kg"), "number"),
        ("sigma", _("σ of MUF, kg"), "number"),
        ("z", _("MUF/σ"), "number"),
        ("p", _("By chance alone"), "number"),
        ("verdict", _("Verdict"), "text"),
    )
    rows = []
    for place, balance in enumerate(plain["balances"]):
        for one in quantities_of(balance):
            verdict = one["element_verdict"] if one is balance else one["verdict"]
            end = day_text(balance["to"])
            href = address(mba, category=plain["category"], balance=balance["to"], **asked)
            rows.append(
                {
                    "_kind": "current" if place == number else "",
                    "from": day_text(balance["from"]),
                    "to": end if place == number else (end, href),
                    "quantity": quantity_name(one["quantity"]),
                    "muf": mass_kg(one["muf_mg"]),
                    "sigma": number_or_none(one["sigma_muf"], 6),
                    "z": number_or_none(one["z"], 2),
                    "p": number_or_none(one["p_loss"], 4),
                    "verdict": verdict_cell(verdict),
                }
            )
    return {"columns": columns(heads), "rows": rows}


def shares_list(
    request: AnyRequest,
    quantity: Plain,
    sources: Mapping[tuple[int, int], Plain],
    prefix: str,
    linked: bool,
) -> ShownList | Response[Any] | Stream:
    """Return the parts of the variance of a quantity, each with what it stands on.

    Parameters
    ----------
    linked : bool
        Whether the viewer sees the lines of error sources, which are of the whole State.
    """
    rows = []
    sigma = quantity["sigma_muf"]
    for share in quantity["shares"]:
        behind = sources.get((share["act"], share["line"]), {})
        part = float(share["share"])
        rows.append(
            {
                **share,
                "component": _(KINDS[share["component"]]),
                "share": 100.0 * part,
                "alone": abs(part) ** 0.5 * sigma if sigma else None,
                "reference": behind.get("reference"),
                "series": behind.get("series"),
            }
        )
    found = shown_list(request, RowList(rows, SHARE_COLUMNS), "shares", prefix=prefix)
    if isinstance(found, ShownList):
        for cells, row in zip(found.rows, found.found.rows, strict=True):
            cells["share"] = number_text(row["share"], 2)
            if row["stratum"] == BETWEEN:
                cells["stratum"] = said(BETWEEN)
            cells["alone"] = number_or_none(row["alone"], 6)
            if linked and row["act"]:
                cells["source"] = (row["source"], f"/why?of=line:{row['act']}/{row['line']}")
                if row["series"]:
                    href = f"/measurements/series?name={quote(row['series'], safe='')}"
                    cells["reference"] = (row["reference"], href)
    return found


def terms_table(quantity: Plain) -> dict[str, Any] | None:
    """Return the same variance by term of the balance."""
    shares = quantity["shares_by_term"]
    if not shares:
        return None
    heads = (("term", _("Term"), "text"), ("share", _("Share of the variance, %"), "number"))
    rows = [
        {"term": _(TERMS.get(name, name)), "share": number_text(100 * part, 2)}
        for name, part in shares.items()
    ]
    return {"columns": columns(heads), "rows": rows}


def tests_table(balance: Plain) -> dict[str, Any] | None:
    """Return the limits that the balance was held against, of each quantity."""
    heads = (
        ("quantity", _("Quantity"), "text"),
        ("test", _("Limit"), "text"),
        ("value", _("Value"), "number"),
        ("limit", _("At most"), "number"),
        ("passed", _("Result"), "text"),
        ("basis", _("Rule"), "text"),
    )
    rows = []
    for quantity in quantities_of(balance):
        for test in quantity["tests"]:
            kind, words = PASSED[test["passed"]]
            basis = said(test["basis"])
            if not test["verified"]:
                basis = _("%(rule)s (not checked against its source)", rule=basis)
            rows.append(
                {
                    "_kind": "error" if test["passed"] is False else "",
                    "quantity": quantity_name(quantity["quantity"]),
                    "test": said(test["test"]),
                    "value": number_or_none(test["value"], 4),
                    "limit": number_or_none(test["limit"], 4),
                    "passed": {"text": _(words), "badge": kind},
                    "basis": basis,
                }
            )
    return {"columns": columns(heads), "rows": rows} if rows else None


def sequence_of(plain: Plain) -> dict[str, Any] | None:
    """Return what the balances say as a sequence: statement, alarms, thresholds, statistics."""
    sequence = plain["sequence"]
    if sequence is None:
        return None
    heads = (
        ("quantity", _("Quantity"), "text"),
        ("balance", _("Balance"), "number"),
        ("statistic", _("Statistic"), "code"),
        ("value", _("Value"), "number"),
        ("threshold", _("Threshold"), "number"),
        ("reason", _("Why"), "text"),
    )
    named = [(ELEMENT, sequence)]
    if sequence.get("isotope"):
        named.append(("isotope", sequence["isotope"]))
    alarms = [
        {
            **{name: alarm[name] for name in ("balance", "statistic", "reason")},
            "quantity": _("element") if quantity == ELEMENT else _("isotope"),
            "value": number_or_none(alarm["value"], 4),
            "threshold": number_or_none(alarm["threshold"], 4),
        }
        for quantity, found in named
        for alarm in found["alarms"]
    ]
    whole = {**sequence, "balances": plain["balances"]}
    return {
        "statement": plain["sequence_statement"],
        "verdict": plain["sequence_verdict"],
        "alarms": {"columns": columns(heads), "rows": alarms},
        "thresholds": [plain_table(table) for table in threshold_tables(sequence)],
        "statistics": [plain_table(table) for table in balance_tables(whole)],
    }


def plain_table(table: Any) -> dict[str, Any]:
    """Return a table of the chart pages as a table of ours."""
    keys = [f"c{number}" for number in range(len(table.heads))]
    numeric = {
        key
        for place, key in enumerate(keys)
        if any(isinstance(row[place], int | float) for row in table.rows)
    }
    rows = [
        {
            key: _written(value, head)
            for key, head, value in zip(keys, table.heads, row, strict=True)
        }
        for row in table.rows
    ]
    for place in table.marked:
        rows[place]["_kind"] = "warning"
    heads = [
        {"key": key, "title": title, "kind": "number" if key in numeric else "text"}
        for key, title in zip(keys, table.heads, strict=True)
    ]
    return {"caption": table.caption, "columns": heads, "rows": rows}


def _written(value: object, head: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        if head in WEIGHTS:
            return weight_text(value)
        return number_text(value, KG_DECIMALS if head.endswith(", kg") else DECIMALS)
    return str(value)


def columns(heads: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    """Return columns of a table from key, title and kind."""
    return [{"key": key, "title": title, "kind": kind} for key, title, kind in heads]
