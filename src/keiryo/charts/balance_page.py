"""The charts and the page of a closed balance in the books, from its evaluation as plain data.

The data are those that `keiryo evaluate MBA` prints as JSON: the verdict on the last balance, what
it assumes, which error sources bring the uncertainty, the limits it was held against, and all
balances of the series. Whatever is missing is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keiryo.charts.model import Chart
from keiryo.charts.page import Findings, Paragraph, Part, Points, Section, Table, page, texts
from keiryo.charts.sequence_page import closings, footer, sequence_charts, threshold_tables
from keiryo.charts.sequences import muf_chart
from keiryo.charts.variance import variance_waterfall

_PASSED = {True: "kept", False: "not kept", None: "cannot be computed"}


def balance_charts(result: Mapping[str, Any]) -> dict[str, Chart]:
    """Return the charts of an evaluated balance by name, those for which there are data.

    Parameters
    ----------
    result : mapping
        Evaluation from the books: ``shares`` (source, component, stratum, share), ``sigma_muf``,
        ``balances``, ``isotope``, ``sequence``.

    Returns
    -------
    dict of str to Chart
        ``waterfall``, ``waterfall_isotope`` if the isotope was evaluated, ``muf`` if there are
        several balances, and the charts of the sequence.
    """
    found: dict[str, Chart] = {}
    balances = [b for b in result.get("balances") or () if isinstance(b, Mapping)]
    if len(balances) > 1:
        found["muf"] = muf_chart(
            [b.get("muf") for b in balances],
            [b.get("sigma_muf") for b in balances],
            labels=closings(result),
        )
    sequence = result.get("sequence")
    if isinstance(sequence, Mapping):
        charts = sequence_charts({**sequence, "balances": balances})
        found |= {name: chart for name, chart in charts.items() if name != "waterfall"}
    if result.get("shares"):
        found["waterfall"] = _waterfall(result)
    isotope = result.get("isotope")
    if isinstance(isotope, Mapping) and isotope.get("shares"):
        found["waterfall_isotope"] = _waterfall(isotope)
    return found


def _waterfall(result: Mapping[str, Any]) -> Chart:
    sigma = result.get("sigma_muf")
    known = isinstance(sigma, int | float) and sigma > 0
    variance = float(sigma) ** 2 if known and sigma is not None else 1.0
    shares = list(result.get("shares") or ())
    names = [" · ".join(str(s[k]) for k in ("source", "stratum") if s.get(k)) for s in shares]
    quantity = result.get("quantity")
    what = f" of {quantity}" if quantity and quantity != "element" else ""
    return variance_waterfall(
        names,
        [None if s.get("share") is None else s["share"] * variance for s in shares],
        components=[str(s.get("component") or "") for s in shares],
        total_kg2=variance if known else None,
        unit="kg" if known else "relative",
        title=f"Where the variance of MUF{what} comes from",
    )


def balance_page(result: Mapping[str, Any]) -> str:
    """Return the page of a closed balance; of `result` see `balance_charts`.

    Further keys are shown if they are there: ``mba``, ``category``, ``period``, ``statement``,
    ``assumptions``, ``tests``, ``findings``, ``footer``, ``as_known``, ``through_act``.
    """
    charts = balance_charts(result)
    mba, category = result.get("mba"), result.get("category")
    title = str(result.get("title") or f"Evaluation of the balance of {mba or 'an area'}")
    period = result.get("period")
    facts = [f"Category {category}" if category else ""]
    if isinstance(period, Mapping):
        facts.append(f"{period.get('from')} to {period.get('to')}")
    if result.get("as_known"):
        facts.append(f"as known {result['as_known']}")
    isotope = result.get("isotope")
    quantities = [result, *([isotope] if isinstance(isotope, Mapping) else [])]
    findings = list(result.get("findings") or ())
    sequence = result.get("sequence")
    stated = threshold_tables(sequence) if isinstance(sequence, Mapping) else []
    sections = [
        Section("Result", _results(quantities)),
        Section("Findings", [Findings(findings)] if findings else []),
        Section("Assumptions", _assumptions(quantities)),
        Section("Limits", _limits(quantities)),
        Section("Charts", list(charts.values())),
        Section("Parts of the variance", _shares(quantities)),
        Section("Balances", [*_balances(result), *stated]),
    ]
    return page(title, sections, subtitle=" · ".join(f for f in facts if f), footer=footer(result))


def _named(quantity: Mapping[str, Any]) -> str:
    name = quantity.get("quantity")
    return str(name) if name else "element"


def _results(quantities: list[Mapping[str, Any]]) -> list[Part]:
    found: list[Part] = []
    rows = []
    for quantity in quantities:
        statement = quantity.get("statement") or quantity.get("verdict")
        if statement:
            several = len(quantities) > 1
            words = f"{_named(quantity).capitalize()}: {statement}" if several else str(statement)
            found.append(Paragraph(words, prominent=True))
        rows.append(
            (
                _named(quantity), quantity.get("muf"), quantity.get("sigma_muf"), quantity.get("z"),
                quantity.get("p_loss"), quantity.get("goal_quantity"),
                quantity.get("detection_probability"),
            )
        )  # fmt: skip
    heads = (
        "Quantity", "MUF, kg", "σ of MUF, kg", "MUF/σ", "Probability without loss",
        "Significant quantity, kg", "Probability to detect it",
    )  # fmt: skip
    kept = [n for n in range(len(heads)) if n < 3 or any(row[n] is not None for row in rows)]
    if any(row[1] is not None for row in rows):
        cells = [[row[n] for n in kept] for row in rows]
        found.append(Table("MUF and its uncertainty", [heads[n] for n in kept], cells))
    return found


def _assumptions(quantities: list[Mapping[str, Any]]) -> list[Part]:
    seen = dict.fromkeys(text for q in quantities for text in texts(q.get("assumptions")))
    return [Points(list(seen))] if seen else []


def _limits(quantities: list[Mapping[str, Any]]) -> list[Part]:
    rows: list[tuple[Any, ...]] = []
    marked: set[int] = set()
    for quantity in quantities:
        for test in quantity.get("tests") or ():
            if test.get("passed") is False:
                marked.add(len(rows))
            basis = str(test.get("basis") or "")
            if test.get("verified") is False:
                basis += " (not compared with the rule's own text)"
            rows.append(
                (_named(quantity), test.get("test"), test.get("value"), test.get("limit"),
                 _PASSED.get(test.get("passed"), str(test.get("passed"))), basis)
            )  # fmt: skip
    heads = ("Quantity", "Limit", "Value", "At most", "Result", "Basis")
    return [Table("Held against limits", heads, rows, frozenset(marked))] if rows else []


def _shares(quantities: list[Mapping[str, Any]]) -> list[Part]:
    found: list[Part] = []
    for quantity in quantities:
        shares = quantity.get("shares") or ()
        rows = [
            (s.get("source"), s.get("component"), s.get("stratum"), _percent(s.get("share")))
            for s in sorted(shares, key=lambda s: -(s.get("share") or 0.0))
        ]
        if rows:
            caption = f"Variance of MUF by error source and stratum: {_named(quantity)}"
            heads = ("Error source", "Kind", "Stratum", "Share, %")
            found.append(Table(caption, heads, rows))
    return found


def _percent(share: Any) -> float | None:
    return None if share is None else float(share) * 100


def _balances(result: Mapping[str, Any]) -> list[Part]:
    rows = []
    for balance in result.get("balances") or ():
        if isinstance(balance, Mapping):
            names = ("from", "to", "muf", "sigma_muf", "z", "verdict")
            rows.append([balance.get(name) for name in names])
    heads = ("From", "To", "MUF, kg", "σ of MUF, kg", "MUF/σ", "Verdict")
    return [Table("Balances of the series", heads, rows)] if rows else []
