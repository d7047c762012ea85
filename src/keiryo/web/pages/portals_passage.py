"""A passage: its traces against background and threshold, both verdicts, what they rest on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath

from keiryo.alarm_cases.recording import RAISE
from keiryo.detection_sites.tables import DETECTION_MEASUREMENT
from keiryo.errors import NotFoundError, StorageError
from keiryo.journal.reading import rows_of
from keiryo.portal.alarm_logic import Replayed, replay_all
from keiryo.portal.daily_file import DailyFileError, parse_daily_file
from keiryo.portal.traces import traces_of
from keiryo.web.pages.portals_known import (
    HOME,
    READING,
    Row,
    cases_of,
    day_address,
    known,
    local,
    near,
    passage,
    passage_address,
    require_instrument,
)
from keiryo.web.pages.portals_words import SOURCE_WORDS, state_badge, verdict, verdict_badge
from keiryo.web.pictures.portal_traces import TraceLabels, portal_traces
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer


@get(HOME + "/{instrument:str}/{start:str}", sync_to_thread=True, opt=READING)
def passage_page(
    request: AnyRequest, viewer: Asking, instrument: FromPath[str], start: FromPath[str]
) -> Response[Any]:
    """Show a passage: traces, verdicts, where N is from, the file, the cases about it."""
    one = require_instrument(viewer, instrument)
    row = passage(viewer, instrument, start)
    zone = known(viewer).zone_of(one)
    there = local(row["start"], zone)
    found, trouble = _replayed(viewer, row)
    before, after = near(viewer, instrument, row["start"], f"{row['start']}\x7f")
    cases = cases_of(viewer).get((instrument, row["start"]), [])
    agree = row["gamma_alarm"] is not None and bool(row["instrument_alarm"]) == bool(
        row["gamma_alarm"] or row["neutron_alarm"]
    )
    return render(
        request,
        "portals/passage.html",
        one=one,
        row=row,
        at=f"{day_text(there.date())} {there:%H:%M:%S}.{there.microsecond // 1000:03d}",
        zone=str(zone),
        gamma=verdict_badge(verdict(row["gamma_alarm"])),
        neutron=verdict_badge(verdict(row["neutron_alarm"])),
        own=verdict_badge(verdict(row["instrument_alarm"])),
        agree=agree,
        evaluated=bool(row["evaluated"]),
        source=_(SOURCE_WORDS.get(row["n_source"], row["n_source"])),
        figures=_figures(found),
        panels=_panels(found),
        picture="" if found is None else portal_traces(traces_of([found])[0], _labels()),
        chart=None if found is None else _chart(found),
        trouble=trouble,
        cases=[_case_row(case) for case in cases],
        spectra=_spectra(viewer, f"{instrument}@{row['start']}"),
        raise_href=_raise_address(instrument, row["start"])
        if viewer.may_post(RAISE, str(one["scope"]))
        else None,
        before=None if before is None else passage_address(instrument, before),
        after=None if after is None else passage_address(instrument, after),
        evidence=f"/evidence/{row['digest']}",
        why=f"/why?{urlencode({'of': f'occupancy:{instrument}@{start}'})}",
        crumbs=[
            (_("Portals"), HOME),
            (instrument, day_address(instrument, there.date())),
            (f"{there:%H:%M:%S}", None),
        ],
    )


def _raise_address(instrument: str, start: str) -> str:
    return f"/alarms/raise?{urlencode({'portal': instrument, 'occupancy': start})}"


def _replayed(viewer: Viewer, row: Row) -> tuple[Replayed | None, str]:
    """Return the passage as its kept file has it, replayed with the N of the record."""
    try:
        file = parse_daily_file(viewer.whole.evidence.get(str(row["digest"])))
    except (NotFoundError, StorageError, OSError):
        return None, _("The file is not kept any more: only what was recorded can be shown.")
    except DailyFileError:
        return None, _("The kept file cannot be read.")
    found = [one for one in file.occupancies if one.first_line == row["first_line"]]
    if not found:
        return None, _("The kept file does not hold this passage.")
    return replay_all(found, float(row["n_sigma"]))[0], ""


def _labels() -> TraceLabels:
    return TraceLabels(
        title=_("Traces of the passage"),
        gamma=_("Gamma counts in a window, all panels that count"),
        neutron=_("Neutrons a second"),
        seconds=_("seconds by the order of the records"),
        background=_("background"),
        threshold=_("threshold"),
        replayed=_("alarm of the replay"),
        flagged=_("alarm of the instrument"),
        none=_("not evaluated"),
        no_neutrons=_("no neutrons were recorded"),
    )


def _chart(found: Replayed) -> dict[str, Any] | None:
    """Return the traces as a chart that can be pointed at and enlarged."""
    trace = traces_of([found])[0]
    times = [round(float(one), 1) for one in trace["time_s"]]
    if len(times) < 2:
        return None
    counts = [int(one) for one in trace["gamma"]]
    series: list[dict[str, Any]] = [
        {"label": _("Counts in a window"), "values": counts, "shape": "line"}
    ]
    for name, label in (("background", _("background")), ("threshold", _("threshold"))):
        if trace[name] is not None:
            level = round(float(trace[name]), 1)
            series.append({"label": label, "values": [level] * len(times), "shape": "line"})
    panels = [{"label": _("Gamma"), "series": series}]
    for number in range(found.occupancy.gamma.shape[1]):
        values = found.occupancy.gamma[:, number].tolist()[-len(times) :]
        one = {"label": _("Panel %(n)s, 0.2 s", n=number + 1), "values": values, "shape": "line"}
        if number == 0:
            panels.append({"label": _("Panels"), "series": [one]})
        else:
            panels[-1]["series"].append(one)  # type: ignore[attr-defined]
    axis = {"label": _("seconds by the order of the records"), "kind": "number", "values": times}
    return {"x": axis, "panels": panels}


def _figures(found: Replayed | None) -> list[tuple[str, str]]:
    """Return what the file says of the passage, ready to be shown."""
    if found is None:
        return []
    of = found.occupancy
    speeds = ", ".join(f"{one:.4g}" for one in of.speeds_kmh[:8])
    told = [
        (_("Length"), _("%(seconds)s s in %(count)s intervals", seconds=f"{of.length_s:.1f}",
                        count=len(of.gamma))),
        (_("Background by panel"), "—" if of.background is None
         else ", ".join(str(one) for one in of.background)),
        (_("Age of the background"), "—" if of.background_age_s is None
         else _("%(seconds)s s", seconds=f"{of.background_age_s:.0f}")),
        (_("Neutron background a second"), "—" if of.neutron_background_cps is None
         else f"{of.neutron_background_cps:.3g}"),
        (_("Speeds as recorded, km/h"), speeds or "—"),
        (_("Largest excess in"), found.group or "—"),
    ]  # fmt: skip
    if of.background and any(of.background) and len(of.gamma):
        lowest = min(float(one) for one in of.gamma.sum(axis=1)) * 5 / sum(of.background)
        told.append((_("Deepest shadow"), f"{max(0.0, 1.0 - lowest) * 100:.0f} %"))
    return told


def _panels(found: Replayed | None) -> list[dict[str, str]]:
    return [] if found is None else [
        {"code": one.code, "message": one.message}
        for one in (*found.problems, *found.occupancy.problems)
    ]  # fmt: skip


def _case_row(case: Any) -> dict[str, Any]:
    return {"name": case.name, "href": f"/alarms/{case.name}", "state": state_badge(case.state)}


def _spectra(viewer: Viewer, occupancy: str) -> list[dict[str, Any]]:
    """Return the spectra that are kept about a passage."""
    table = viewer.metadata.tables[DETECTION_MEASUREMENT.name]
    with viewer.books.reading() as connection:
        rows = rows_of(connection, viewer.metadata, table.name, table.c.occupancy == occupancy)
    return [
        {
            "href": f"/spectra/{row['digest']}?n={row['number']}",
            "name": f"{row['digest'][:12]}#{row['number']}",
            "instrument": row["instrument"],
            "act": row["act_id"],
        }
        for row in rows
    ]
