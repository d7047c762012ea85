"""Rates of alarms by lane, site or partner, with exact intervals, as figures and as a picture.

Alarms are cases, and what they turned out to be; the denominator is the passages that were
evaluated. While cases are open, the rate of an outcome has bounds that hold whatever becomes of
them.
"""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.alarm_cases.statistics import alarm_statistics, outcome_row, places_of
from keiryo.detection_sites.statistics import statistics
from keiryo.errors import UsageError
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import day_of
from keiryo.web.pages.portals_known import CAPABILITY, CASES, HOME, READING, cases, known
from keiryo.web.pictures.portal_traces import RateBar, rate_bars
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

GROUPS = {"lane": sentence("Lane"), "site": sentence("Site"), "partner": sentence("Partner")}
RATES = {
    "any": sentence("alarm of the replay"),
    "alarms": sentence("case"),
    "innocent": sentence("innocent"),
    "nuisance": sentence("innocent, not declared"),
    "false": sentence("false"),
    "fault": sentence("fault of the instrument"),
    "unresolved": sentence("unresolved"),
    "real": sentence("illegal or unauthorized"),
}
"""Of what a rate is a share of the passages that were evaluated."""

COLUMNS = (
    ListColumn("group", sentence("Lane, site or partner"), "code"),
    ListColumn("rate", sentence("Rate of"), choices=tuple(RATES.values())),
    ListColumn("events", sentence("How many"), "number", filterable=False),
    ListColumn("open", sentence("Still open"), "number", filterable=False),
    ListColumn("passages", sentence("Passages evaluated"), "number", filterable=False),
    ListColumn("share", sentence("Share, %"), "number", filterable=False),
    ListColumn("low", sentence("At least, %"), "number", filterable=False),
    ListColumn("high", sentence("At most, %"), "number", filterable=False),
)


@get(f"{HOME}/statistics", sync_to_thread=True, opt=READING)
def portals_statistics(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show rates of alarms and of what they turned out to be."""
    by = str(request.query_params.get("by", "lane"))
    if by not in GROUPS:
        raise UsageError(_("rates are not grouped by that"), _("Choose lane, site or partner."))
    first = day_of(str(request.query_params.get("from", "")))
    last = day_of(str(request.query_params.get("to", "")))
    rows = _rows(viewer, by, first, last)
    table = shown_list(request, RowList(rows, COLUMNS), "rates-of-alarms")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["rate"] = _(row["rate"])
        for name in ("share", "low", "high"):
            cells[name] = None if row[name] is None else f"{row[name]:.4g}"
    return render(
        request,
        "portals/statistics.html",
        listed=table,
        total=len(rows),
        by=by,
        groups=[(name, _(word)) for name, word in GROUPS.items()],
        first=first,
        last=last,
        picture=_picture(rows),
        with_cases=viewer.reads(CASES),
        tabs=[
            (_("Lane board"), HOME, False),
            (_("Rates of alarms"), f"{HOME}/statistics", True),
        ],
        crumbs=[(_("Portals"), HOME), (_("Rates of alarms"), None)],
    )


def _rows(
    viewer: Viewer, by: str, first: datetime.date | None, last: datetime.date | None
) -> list[dict[str, Any]]:
    """Return each rate of each group, worked out anew when something was posted."""
    begin = None if first is None else first.isoformat()
    end = None if last is None else (last + datetime.timedelta(days=1)).isoformat()

    def find() -> list[dict[str, Any]]:
        with viewer.books.reading() as connection:
            replayed = statistics(connection, viewer.metadata, by=by, first=begin, last=end)
        places = places_of(known(viewer).register)
        told = [
            outcome_row(case, places)
            for case in cases(viewer).values()
            if (begin is None or case.raised.date().isoformat() >= begin)
            and (end is None or case.raised.date().isoformat() < end)
        ]
        passed = [{by: one[by], "occupancies": one["evaluated"]} for one in replayed]
        judged = alarm_statistics(told, passed, by=by) if viewer.reads(CASES) else []
        found = []
        for one in replayed:
            found.append(_row(one[by], "any", one, one["evaluated"], 0))
        for one in judged:
            for rate in RATES:
                if rate != "any" and one["occupancies"]:
                    found.append(_row(one[by], rate, one, one["occupancies"], one["open"]))
        order = list(RATES.values())
        return sorted(found, key=lambda row: (row["group"], order.index(row["rate"])))

    heads = tuple(viewer.server.last_acts.by(name, viewer.head) for name in (CAPABILITY, CASES))
    key = ("alarm rates", by, begin, end, viewer.sight)
    return viewer.server.remembered.get(key, heads, find)


def _row(
    group: str, rate: str, one: dict[str, Any], passed: int, still_open: int
) -> dict[str, Any]:
    def percent(name: str) -> float | None:
        value = one[f"{rate}_{name}"]
        return None if value is None else 100.0 * float(value)

    return {
        "group": group,
        "rate": RATES[rate],
        "events": one[rate],
        "open": still_open if rate not in ("any", "alarms") else 0,
        "passages": passed,
        "share": percent("rate"),
        "low": percent("low"),
        "high": percent("high"),
    }


def _picture(rows: list[dict[str, Any]]) -> str:
    bars = []
    for row in rows[:40]:
        if row["low"] is None or row["high"] is None:
            continue
        share = _("unknown yet") if row["share"] is None else f"{row['share']:.3g} %"
        told = _(
            "%(group)s, %(rate)s: %(share)s; between %(low)s and %(high)s",
            group=row["group"],
            rate=_(row["rate"]),
            share=share,
            low=f"{row['low']:.3g} %",
            high=f"{row['high']:.3g} %",
        )
        part = None if row["share"] is None else row["share"] / 100
        name = f"{row['group']} · {_(row['rate'])}"
        bars.append(RateBar(name, part, row["low"] / 100, row["high"] / 100, told))
    if not bars:
        return ""
    return rate_bars(
        bars,
        _("Rates of alarms"),
        _("%(count)s rates with their intervals of 95 %%.", count=len(bars)),
        _("share of the passages that were evaluated"),
    )
