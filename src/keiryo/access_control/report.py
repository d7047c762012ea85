"""Results of the checks of access as plain data: findings with reasons, who is inside, muster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from keiryo.access_control.authorisations import Authorisations
from keiryo.access_control.entry_checks import (
    Counted,
    check_authorised,
    check_clocks,
    check_counters,
    check_denied,
    check_unknown,
)
from keiryo.access_control.events import Events
from keiryo.access_control.findings import AccessFinding, in_order, utc_text
from keiryo.access_control.meanings import ERROR, MEANINGS
from keiryo.access_control.presence_checks import (
    check_escorts,
    check_open,
    check_outer,
    check_passback,
    check_shift_ends,
    check_two_areas,
)
from keiryo.access_control.setup import IN, Setup
from keiryo.access_control.visits import Presence, Visits, visits_of
from keiryo.protection.access_log import AccessLog
from keiryo.protection.inputs import Warning

RESULT = "keiryo.pp.access-result/1"
MUSTER = "keiryo.pp.muster-result/1"
PRESENCE = "keiryo.pp.presence-result/1"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in records of access.

    Attributes
    ----------
    setup : Setup
    events : Events
    visits : Visits
    findings : tuple of AccessFinding
    not_checked : tuple of str
        What could not be checked, because nothing was given to check it against.
    warnings : tuple of Warning
    """

    setup: Setup
    events: Events
    visits: Visits
    findings: tuple[AccessFinding, ...]
    not_checked: tuple[str, ...]
    warnings: tuple[Warning, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is to be resolved."""
        return not any(one.severity == ERROR for one in self.findings)


def check_access(
    events: Events,
    setup: Setup,
    authorisations: Authorisations | None = None,
    counters: Sequence[Counted] | None = None,
) -> Checked:
    """Check records of access.

    Parameters
    ----------
    events, setup
    authorisations : Authorisations, optional
        Without them nobody is held against any.
    counters : sequence of Counted, optional
    """
    visits = visits_of(events, setup)
    found: list[AccessFinding] = [
        *check_unknown(events),
        *check_denied(events, setup),
        *check_clocks(events),
        *check_passback(visits, setup),
        *check_outer(events, visits, setup),
        *check_two_areas(visits, setup),
        *check_shift_ends(events, visits, setup),
        *check_open(visits),
    ]
    warnings, missing = list(events.warnings), []
    if authorisations is None:
        missing += ["authorisations", "escorts"]
    else:
        found += check_authorised(events, visits, authorisations)
        found += check_escorts(visits, setup, authorisations)
        warnings += authorisations.warnings
    if counters is None:
        missing.append("counters")
    else:
        found += check_counters(events, setup, counters)
    if setup.denied_attempts < 2:
        missing.append("denied attempts")
    return Checked(setup, events, visits, tuple(in_order(found)), tuple(missing), tuple(warnings))


def access_result(checked: Checked) -> dict[str, Any]:
    """Return what was found as plain data, for ``--format json``."""
    codes = sorted({one.code for one in checked.findings})
    return {
        "schema": RESULT,
        "classification": checked.setup.classification,
        "source_sha256": checked.events.sha256,
        "events": checked.events.frame.height,
        "ignored": checked.events.ignored,
        "from": utc_text(_first(checked.events)),
        "to": utc_text(checked.visits.end_ns),
        "areas": area_rows(checked),
        "findings": [one.to_dict() for one in checked.findings],
        "meanings": {
            code: {
                "severity": MEANINGS[code].severity,
                "reason": MEANINGS[code].reason,
                "innocent_explanations": list(MEANINGS[code].innocent),
            }
            for code in codes
        },
        "not_checked": list(checked.not_checked),
        "warnings": [one.to_dict() for one in checked.warnings],
    }


def _first(events: Events) -> int | None:
    first: int | None = events.frame.select(pl.col("time_ns").min()).item()
    return first


def area_rows(checked: Checked) -> list[dict[str, Any]]:
    """Return how much happened in each area, in the order of the setup."""
    granted, frame = pl.col("granted"), checked.events.frame
    counts = frame.group_by("area").agg(granted.sum().alias("granted"), (~granted).sum().alias("d"))
    known = {row["area"]: row for row in counts.iter_rows(named=True)}
    open_now = checked.visits.frame.filter(pl.col("end_ns").is_null())
    inside = dict(open_now.group_by("area").len().iter_rows())
    visits = dict(checked.visits.frame.group_by("area").len().iter_rows())
    errors: dict[str | None, int] = {}
    for one in checked.findings:
        errors[one.area] = errors.get(one.area, 0) + (one.severity == ERROR)
    return [
        {
            "area": name,
            "granted": known.get(name, {}).get("granted", 0),
            "denied": known.get(name, {}).get("d", 0),
            "visits": visits.get(name, 0),
            "inside_at_end": inside.get(name, 0),
            "to_resolve": errors.get(name, 0),
        }
        for name in checked.setup.areas
    ]


def aggregate_result(checked: Checked) -> dict[str, Any]:
    """Return how many findings there are by code: no person, no area and no time."""
    counts: dict[str, int] = {}
    for one in checked.findings:
        counts[one.code] = counts.get(one.code, 0) + 1
    return {
        "schema": RESULT,
        "classification": checked.setup.classification,
        "clean": checked.is_clean,
        "findings_by_code": dict(sorted(counts.items())),
        "not_checked": list(checked.not_checked),
    }


def muster_result(
    visits: Visits, setup: Setup, at_ns: int, accounted: Iterable[str] = ()
) -> dict[str, Any]:
    """Return who is inside at an instant, by the innermost area, and who is not accounted for.

    Parameters
    ----------
    visits, setup
    at_ns : int
    accounted : iterable of str
        Who has come to the muster point.
    """
    inside = visits.frame.filter(
        (pl.col("start_ns") <= at_ns) & (pl.col("end_ns").is_null() | (pl.col("end_ns") > at_ns))
    )
    by_person: dict[str, list[dict[str, Any]]] = {}
    for row in inside.iter_rows(named=True):
        by_person.setdefault(row["person"], []).append(row)
    told, listed = set(accounted), []
    doubtful = set(visits.repeated.filter(pl.col("time_ns") <= at_ns)["person"])
    for person, rows in sorted(by_person.items()):
        last = max(rows, key=lambda row: (row["start_ns"], len(setup.outer(row["area"]))))
        listed.append(
            {
                "person": person,
                "area": last["area"],
                "areas": sorted({row["area"] for row in rows}),
                "since": utc_text(last["start_ns"]),
                "last_reader": last["start_reader"],
                "accounted": person in told,
                "certain": person not in doubtful and not _apart(rows, setup),
            }
        )
    return {
        "schema": MUSTER,
        "classification": setup.classification,
        "at": utc_text(at_ns),
        "inside": len(listed),
        "missing": sum(1 for one in listed if not one["accounted"]),
        "persons": listed,
        "accounted_not_inside": sorted(told - set(by_person)),
    }


def _apart(rows: Sequence[dict[str, Any]], setup: Setup) -> bool:
    """Return whether somebody is in two areas at once of which neither lies in the other."""
    areas = {row["area"] for row in rows}
    return any(not setup.together(one, other) for one in areas for other in areas)


def presence_result(
    found: Sequence[Presence], setup: Setup, start_ns: int, end_ns: int
) -> dict[str, Any]:
    """Return who was there as plain data."""
    return {
        "schema": PRESENCE,
        "classification": setup.classification,
        "from": utc_text(start_ns),
        "to": utc_text(end_ns),
        "persons": [
            {
                "person": one.person,
                "area": one.area,
                "entered": utc_text(one.start_ns),
                "left": utc_text(one.end_ns),
                "throughout": one.whole,
                "certain": one.certain,
                "records": list(one.places),
            }
            for one in found
        ],
    }


def staffing_log(events: Events) -> AccessLog:
    """Return granted passages as the records that the two-person rule is held against."""
    frame = events.frame.filter(pl.col("granted") & pl.col("person").is_not_null())
    names = {name: sorted(frame[name].unique()) for name in ("area", "person", "reader")}
    codes = {
        name: frame[name]
        .replace_strict({one: at for at, one in enumerate(known)}, return_dtype=pl.Int32)
        .to_numpy()
        for name, known in names.items()
    }
    return AccessLog(
        time_ns=frame["time_ns"].to_numpy(),
        zone=codes["area"],
        person=codes["person"],
        reader=codes["reader"],
        entering=(frame["direction"] == IN).to_numpy(),
        seq=frame["seq"].to_numpy(),
        line=frame["place"].cast(pl.Int64).to_numpy(),
        zones=names["area"],
        persons=names["person"],
        readers=names["reader"],
        last_ns=events.last_ns,
        warnings=(),
        again=np.array([], dtype=np.int64),
    )


def two_person_log(events: Events) -> pl.DataFrame:
    """Return granted passages as the records that `keiryo protection two-person` reads."""
    passed = events.frame.filter(pl.col("granted") & pl.col("person").is_not_null())
    times = [utc_text(at) for at in passed["time_ns"]]
    return passed.select(
        pl.Series("time", times, dtype=pl.String),
        pl.col("area").alias("zone"),
        *("person", "reader", "direction"),
        pl.when("counted").then(pl.col("seq")).alias("seq"),
    )
