"""The charts and the page of a sequence of balances, from its evaluation as plain data.

The data are those that `keiryo evaluate --process` prints as JSON; whatever is missing in them is
left out of the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keiryo.charts.model import Chart
from keiryo.charts.page import Findings, Paragraph, Points, Section, Table, page, texts
from keiryo.charts.sequences import (
    Floats,
    cumuf_chart,
    ewma_chart,
    floats,
    gemuf_chart,
    muf_chart,
    page_chart,
    sitmuf_chart,
)
from keiryo.charts.variance import correlation_map, variance_waterfall

NAMES = {
    "muf": "MUF", "cumuf": "CUMUF", "sitmuf": "SITMUF", "page": "Page", "ewma": "EWMA",
    "gemuf_v1": "GEMUF V1", "gemuf_v5": "GEMUF V5",
}  # fmt: skip
_COLUMNS = {
    "muf": "MUF, kg", "sigma_muf": "σ of MUF, kg", "cumuf": "CUMUF, kg",
    "sigma_cumuf": "σ of CUMUF, kg", "sitmuf": "SITMUF", "page": "Page", "ewma": "EWMA",
    "gemuf_v1": "GEMUF V1", "active_inventory": "Active inventory, kg",
}  # fmt: skip
_METHODS = {
    "exact": "exact", "simulated": "simulated",
    "conservative": "conservative: true false-alarm probability at most that",
}  # fmt: skip


def sequence_charts(result: Mapping[str, Any]) -> dict[str, Chart]:
    """Return the charts of a sequence by name, those for which there are data.

    Parameters
    ----------
    result : mapping
        Evaluation of a sequence: lists ``muf``, ``sigma_muf``, ``cumuf``, ``sigma_cumuf``,
        ``sitmuf``, ``page``, ``ewma``, ``gemuf_v1`` with one entry a balance, None where
        undefined; ``balances``, ``covariance``, ``variance_shares``, ``thresholds``, ``alarms``.

    Returns
    -------
    dict of str to Chart
        ``muf``, ``cumuf``, ``sitmuf``, ``page``, ``waterfall``, ``correlation``, and if they were
        evaluated ``ewma``, ``gemuf``.
    """
    labels, alarms = closings(result), _alarms(result)
    found: dict[str, Chart] = {}

    def limits(statistic: str) -> dict[str, Any]:
        return {
            "threshold": _threshold(result, statistic),
            "alarms": alarms.get(statistic, ()),
            "labels": labels,
        }

    found["muf"] = muf_chart(_list(result, "muf"), _sigma(result, "muf"), **limits("muf"))
    found["cumuf"] = cumuf_chart(_list(result, "cumuf"), _sigma(result, "cumuf"), **limits("cumuf"))
    found["sitmuf"] = sitmuf_chart(_list(result, "sitmuf"), **limits("sitmuf"))
    k = _stated(result, "page").get("k", result.get("page_k"))
    found["page"] = page_chart(_list(result, "page"), k=k, **limits("page"))
    if result.get("ewma"):
        found["ewma"] = ewma_chart(_list(result, "ewma"), **limits("ewma"))
    if result.get("gemuf_v1"):
        values = _list(result, "gemuf_v1")
        stated = limits("gemuf_v1") | {"threshold": _gemuf_limits(result, values)}
        found["gemuf"] = gemuf_chart(values, **stated)
    found["waterfall"] = _waterfall(result)
    covariance = result.get("covariance")
    if covariance:
        found["correlation"] = correlation_map([_row(row) for row in covariance], labels=labels)
    else:
        found["correlation"] = correlation_map(np.zeros((0, 0)))
    return found


def closings(result: Mapping[str, Any]) -> list[str] | None:
    """Return what to call each closing: its hour or date, or None if that is not known."""
    found = []
    for balance in result.get("balances") or ():
        if not isinstance(balance, Mapping):
            return None
        hour, day = balance.get("to_h"), balance.get("to", balance.get("date"))
        if hour is not None:
            found.append(f"{hour:g} h" if isinstance(hour, int | float) else f"{hour} h")
        elif day is not None:
            found.append(str(day))
        else:
            return None
    return found or None


def _list(result: Mapping[str, Any], name: str) -> Floats:
    return floats(_row(result.get(name) or []))


def _row(values: Any) -> list[Any]:
    return [np.nan if value is None else value for value in values]


def _sigma(result: Mapping[str, Any], name: str) -> Floats | None:
    """Return the standard deviations of a statistic, if there is one for each value."""
    found = _list(result, f"sigma_{name}")
    return found if found.size == len(result.get(name) or ()) else None


def _stated(result: Mapping[str, Any], statistic: str) -> Mapping[str, Any]:
    """Return the threshold of a statistic with all that is said of it."""
    found = (result.get("thresholds") or {}).get(statistic)
    if isinstance(found, Mapping):
        return found
    return {} if found is None else {"threshold": found}


def _threshold(result: Mapping[str, Any], statistic: str) -> float | None:
    value = _stated(result, statistic).get("threshold")
    return None if value is None else float(value)


def _gemuf_limits(result: Mapping[str, Any], values: Floats) -> Floats | None:
    """Return the limit of GEMUF V1 at each balance: its threshold is a common probability."""
    probability = _threshold(result, "gemuf_v1")
    if probability is None or not 0 < probability < 1:
        return None
    from keiryo.material_balance.statistics import gemuf_v1_limits

    return gemuf_v1_limits(values, probability)


def _alarms(result: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the balances that raised an alarm, by statistic."""
    found: dict[str, list[int]] = {}
    for alarm in result.get("alarms") or ():
        if isinstance(alarm.get("balance"), int):
            found.setdefault(str(alarm.get("statistic")), []).append(alarm["balance"])
    return {name: tuple(numbers) for name, numbers in found.items()}


def _waterfall(result: Mapping[str, Any]) -> Chart:
    """Return the parts of the variance, on the average of all balances."""
    shares = result.get("variance_shares") or {}
    sigma = _list(result, "sigma_muf")
    parts = {}
    for name, values in shares.items():
        share = floats(_row(values))
        if share.size == sigma.size and share.size:
            parts[name] = share * sigma**2
    known = [np.isfinite(part) for part in parts.values()]
    both = np.logical_and.reduce(known) if known else np.zeros(0, dtype=bool)
    count = int(both.sum())
    title = "Where the variance of MUF comes from"
    if count > 1:
        title += f", mean of {count} balances"
    means = [float(part[both].mean()) if count else np.nan for part in parts.values()]
    return variance_waterfall(list(parts), means, title=title)


# --- the page ------------------------------------------------------------------------------------


def sequence_page(result: Mapping[str, Any]) -> str:
    """Return the page of a sequence of balances; of `result` see `sequence_charts`.

    Further keys are shown if they are there: ``title``, ``statement``, ``assumptions``,
    ``footer`` (act, hash, version), ``findings``, ``alpha``, ``convention``, ``input_digests``.
    """
    charts = sequence_charts(result)
    statement = result.get("statement") or _statement(result)
    assumptions = texts(result.get("assumptions")) or _assumptions(result)
    findings = list(result.get("findings") or ())
    sections = [
        Section("Result", [Paragraph(str(statement), prominent=True), *_alarm_tables(result)]),
        Section("Findings", [Findings(findings)] if findings else []),
        Section("Charts", list(charts.values())),
        Section("Thresholds", threshold_tables(result)),
        Section("Assumptions", [Points(assumptions)] if assumptions else []),
        Section("Balances", balance_tables(result)),
    ]
    return page(
        str(result.get("title") or "Evaluation of a sequence of balances"),
        sections,
        subtitle=str(result.get("subtitle") or ""),
        footer=footer(result),
    )


def footer(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page was made from: convention, act, digests, and what ``footer`` says."""
    found: dict[str, Any] = {}
    for key, name in (
        ("act", "Act"), ("through_act", "Acts known up to"), ("inputs_digest", "Digest of inputs"),
        ("convention", "Convention"), ("version", "Made with"),
    ):  # fmt: skip
        found[name] = result.get(key)
    digests = result.get("input_digests")
    if isinstance(digests, Mapping):
        found |= {f"Digest of {name}": digest for name, digest in digests.items()}
    return found | dict(result.get("footer") or {})


def _statement(result: Mapping[str, Any]) -> str:
    """Return in words how many balances there are and which raised alarms."""
    count = len(result.get("muf") or ())
    if not count:
        return "No balance was evaluated; the findings say why."
    balances = f"{count} closed balance" + ("s" if count > 1 else "")
    alarms = _alarms(result)
    if not alarms:
        if not result.get("thresholds"):
            return f"{balances} were evaluated." if count > 1 else f"{balances} was evaluated."
        return (
            f"No alarm in {balances}: what is unaccounted for is within what the errors of"
            " measurement that were declared explain."
        )
    by_name = []
    for statistic, numbers in alarms.items():
        listed = ", ".join(str(n) for n in numbers[:8]) + (", …" if len(numbers) > 8 else "")
        by_name.append(f"{NAMES.get(statistic, statistic)} in balance {listed}")
    return (
        f"Alarm in {balances}: {'; '.join(by_name)}. The balances differ there by more than the"
        " declared errors of measurement explain; an alarm asks for an investigation, it does not"
        " say that material was taken."
    )


def _assumptions(result: Mapping[str, Any]) -> list[str]:
    """Return the conventions that every evaluation of a sequence rests on."""
    found = [
        "Loss is positive: a positive MUF means that material is missing.",
        "A transfer at a closing belongs to the balance that ends there.",
        "The declared error sources are all there are; their errors are normally distributed.",
    ]
    if result.get("alpha") is not None:
        found.append(
            f"The false-alarm probability of {float(result['alpha']) * 100:g} % holds for the whole"
            " sequence and for each statistic by itself; whoever watches several accepts more."
        )
    return found


def _alarm_tables(result: Mapping[str, Any]) -> list[Table]:
    labels = closings(result) or []
    rows = []
    for alarm in result.get("alarms") or ():
        number = alarm.get("balance")
        known = isinstance(number, int) and 1 <= number <= len(labels)
        statistic = str(alarm.get("statistic") or "")
        rows.append(
            (
                number, labels[number - 1] if known else None, NAMES.get(statistic, statistic),
                alarm.get("value"), alarm.get("threshold"), alarm.get("reason"),
            )
        )  # fmt: skip
    heads = ("Balance", "Closing", "Statistic", "Value", "Threshold", "Reason")
    return [Table("Alarms", heads, rows)] if rows else []


def threshold_tables(result: Mapping[str, Any]) -> list[Table]:
    """Return the table of thresholds, if there are any."""
    rows = []
    for statistic in result.get("thresholds") or {}:
        stated = _stated(result, statistic)
        note = _METHODS.get(str(stated.get("method")), str(stated.get("method") or ""))
        if statistic == "gemuf_v1":
            note += "; a probability: alarm if what is seen is less probable without loss"
        if statistic in {"muf", "cumuf"}:
            note += "; in standard deviations of the statistic"
        interval = stated.get("interval")
        if isinstance(interval, Sequence) and len(interval) == 2:
            note += f"; 95 % interval {interval[0]:.4g} to {interval[1]:.4g}"
        rows.append(
            (NAMES.get(statistic, statistic), _threshold(result, statistic), stated.get("k"),
             stated.get("alpha"), note.strip("; "))
        )  # fmt: skip
    heads = ("Statistic", "Threshold", "k", "False-alarm probability", "How it was found")
    return [Table("Thresholds", heads, rows)] if rows else []


def balance_tables(result: Mapping[str, Any]) -> list[Table]:
    """Return the table of all balances with their statistics, those with alarms marked."""
    count = len(result.get("muf") or ())
    if not count:
        return []
    names = [n for n in _COLUMNS if len(result.get(n) or ()) == count]
    labels = closings(result)
    alarms: dict[int, list[str]] = {}
    for statistic, numbers in _alarms(result).items():
        for number in numbers:
            alarms.setdefault(number - 1, []).append(NAMES.get(statistic, statistic))
    closing = labels if labels is not None and len(labels) == count else None
    rows = [
        (
            place + 1, *([closing[place]] if closing else []),
            *(result[name][place] for name in names), ", ".join(alarms.get(place, ())),
        )
        for place in range(count)
    ]  # fmt: skip
    heads = ["Balance", *(["Closing"] if closing else []), *(_COLUMNS[n] for n in names), "Alarm"]
    marked = frozenset(n for n in alarms if 0 <= n < count)
    return [Table("Balances and their statistics", heads, rows, marked)]
