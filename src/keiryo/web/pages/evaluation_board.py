"""What evaluations and measurements ask of somebody: verdicts, outdated ones, methods to look at.

Made once for all viewers, as of an act, and narrowed to the areas of each. An evaluation that no
act about its area or the State came after is as it was; of any other one of a small area it is
computed whether its inputs are the same; of a large one it is only said that something changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.errors import Finding, KeiryoError, Severity
from keiryo.evaluation.false_alarms import STANDARD_ALPHA
from keiryo.evaluation.model import VERDICTS
from keiryo.evaluation.recorded import recorded_evaluations
from keiryo.evaluation.service import outdated_evaluations
from keiryo.evaluation.tables import EVALUATION_TEST
from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.measurement.estimates import estimate_series
from keiryo.measurement.outdated import outdated_estimates
from keiryo.measurement.tables import CONTROL_MEASUREMENT
from keiryo.places.tables import areas
from keiryo.storage.schema import ACT
from keiryo.web.pages.evaluation_asked import (
    AT_ONCE_LINES,
    KIND,
    evaluated_areas,
    percent_text,
    sees_state_measurements,
)
from keiryo.web.server import Server
from keiryo.web.speaking import gettext as _
from keiryo.web.standing import Standing, StandingAnswer
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer

VERDICT_BADGES = {
    "ITEMS-DIFFER": ("error", sentence("items differ")),
    "LIMIT-EXCEEDED": ("error", sentence("limit exceeded")),
    "LOSS-INDICATED": ("error", sentence("loss indicated")),
    "GAIN-INDICATED": ("query", sentence("gain indicated")),
    "SIGMA-TOO-LARGE": ("warning", sentence("measurements not good enough")),
    "NOT-EVALUATED": ("warning", sentence("not evaluated")),
    "WITHIN-ERROR": ("ok", sentence("within measurement error")),
    "ITEMS-AGREE": ("ok", sentence("items agree")),
}
"""Shape and words of each verdict."""

CALM = ("WITHIN-ERROR", "ITEMS-AGREE")
CURRENT, OUTDATED, CHANGED = sentence("current"), sentence("outdated"), sentence("books changed")
ASIDE = sentence("not at the standard")
STATE_BADGES = {CURRENT: "ok", OUTDATED: "warning", CHANGED: "info", ASIDE: "warning"}
_BEARING = ("accounts", "measurement", "evaluation", "places")
SHOWN_ON_OVERVIEW = 8


@dataclass(frozen=True, slots=True)
class Concluded:
    """What was last recorded about a balance and category.

    Attributes
    ----------
    mba, start, end, category : str
    muf_mg : int
    sigma_kg : float or None
        Of the element.
    verdict : str
        The worse of element and isotope.
    statement : str
    sequence : str or None
        What the sequence of balances says, if it says more than chance.
    act, line : int
    recorded_at : str
    state : str
        ``current``, ``outdated``, ``books changed`` (a large area: not computed) or ``not at the
        standard`` (of false alarms: nothing else was recorded).
    alpha : float
        False-alarm probability that it was concluded at.
    standard : bool
        Whether that is the standard.
    """

    mba: str
    start: str
    end: str
    category: str
    muf_mg: int
    sigma_kg: float | None
    verdict: str
    statement: str
    sequence: str | None
    act: int
    line: int
    recorded_at: str
    state: str
    alpha: float = STANDARD_ALPHA
    standard: bool = True

    @property
    def needs(self) -> bool:
        """Whether the verdict needs somebody."""
        return self.verdict not in CALM or self.sequence is not None


@dataclass(frozen=True, slots=True)
class SeriesTrouble:
    """A series of control measurements that somebody must look at."""

    series: str
    method: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Everything about the whole State, to be narrowed for each viewer."""

    concluded: tuple[Concluded, ...]
    troubles: tuple[SeriesTrouble, ...]
    outdated_sources: tuple[Finding, ...]


def build_state(server: Server, connection: Connection, metadata: MetaData) -> State:
    """Return what is recorded about all areas, and which methods are not in control."""
    by_area: dict[str, list[dict[str, Any]]] = {}
    for row in recorded_evaluations(connection, metadata):
        by_area.setdefault(row["mba"], []).append(row)
    scopes = {code: area.scope for code, area in areas(connection, metadata).items()}
    concluded: list[Concluded] = []
    for mba, rows in by_area.items():
        changed = last_bearing(connection, metadata, scopes[mba])
        as_of = (changed, max(row["act"] for row in rows))
        build = partial(_concluded, connection, metadata, rows, changed)
        concluded += server.remembered.get(("concluded", mba), as_of, build)
    table = metadata.tables[CONTROL_MEASUREMENT.name]
    last = connection.execute(select(func.max(table.c.act_id))).scalar()
    look = partial(series_troubles, connection, metadata)
    troubles = server.remembered.get(("control series",), last, look)
    bearing = last_bearing(connection, metadata, server.state)
    stale = partial(outdated_estimates, connection, metadata)
    sources = server.remembered.get(("outdated estimates",), bearing, stale)
    return State(tuple(concluded), tuple(troubles), sources)


STATES = StandingAnswer(build_state)


def last_bearing(connection: Connection, metadata: MetaData, scope: str) -> int:
    """Return the last act that could change an evaluation of an area: no evaluation itself."""
    reach, act = metadata.tables[ACT_SCOPE], metadata.tables[ACT]
    parts, last = scope.split("/"), 0
    for number in range(len(parts)):
        query = (
            select(reach.c.act_id)
            .join(act, act.c.act_id == reach.c.act_id)
            .where(
                reach.c.scope == "/".join(parts[: number + 1]),
                reach.c.capability.in_(_BEARING),
                act.c.kind != KIND,
            )
            .order_by(reach.c.act_id.desc())
            .limit(1)
        )
        last = max(last, int(connection.execute(query).scalar() or 0))
    return last


def _concluded(
    connection: Connection, metadata: MetaData, rows: list[dict[str, Any]], changed: int
) -> list[Concluded]:
    """Return what was recorded about the balances of an area, and whether it still holds."""
    mba = rows[0]["mba"]
    doubtful = [row for row in rows if row["act"] < changed]
    large = bool(doubtful) and _lines(connection, metadata, mba) > AT_ONCE_LINES
    stale: set[tuple[int, int]] = set()
    if doubtful and not large:
        stale = outdated_evaluations(connection, metadata, doubtful)
    acts = sorted({row["act"] for row in rows})
    act, tests = metadata.tables[ACT], metadata.tables[EVALUATION_TEST.name]
    query = select(act.c.act_id, act.c.recorded_at).where(act.c.act_id.in_(acts))
    recorded = {int(number): str(at) for number, at in connection.execute(query)}
    alarms = select(tests.c.act_id, tests.c.parent_line, tests.c.basis).where(
        tests.c.act_id.in_(acts), tests.c.test == "sequence"
    )
    said = {(int(a), int(n)): str(words) for a, n, words in connection.execute(alarms)}
    balances: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        balances.setdefault((row["to"], row["from"], row["category"]), []).append(row)
    found = []
    for (end, start, category), both in balances.items():
        worst = min(both, key=lambda row: VERDICTS.index(row["verdict"]))
        lines = [(row["act"], row["line"]) for row in both]
        state = CURRENT
        if any(line in stale for line in lines):
            state = OUTDATED
        elif large and both[0]["act"] < changed:
            state = CHANGED
        elif not worst["standard"]:
            state = ASIDE
        found.append(
            Concluded(
                mba, start, end, category, both[0]["muf_mg"], both[0]["sigma_muf"],
                worst["verdict"], worst["statement"],
                next((said[line] for line in lines if line in said), None),
                both[0]["act"], worst["line"], recorded[both[0]["act"]], state,
                worst["alpha"], worst["standard"],
            )
        )  # fmt: skip
    return found


def _lines(connection: Connection, metadata: MetaData, mba: str) -> int:
    count = 0
    for kind in (INVENTORY_CHANGE, PHYSICAL_INVENTORY):
        table = metadata.tables[kind.name]
        query = select(func.count()).select_from(table).where(table.c.mba == mba)
        count += int(connection.execute(query).scalar() or 0)
    return count


def series_troubles(connection: Connection, metadata: MetaData) -> list[SeriesTrouble]:
    """Return the series of control measurements that show a method out of control."""
    table = metadata.tables[CONTROL_MEASUREMENT.name]
    query = select(table.c.series, func.min(table.c.method)).group_by(table.c.series)
    found = []
    for series, method in connection.execute(query).all():
        try:
            estimate = estimate_series(connection, metadata, series)
        except KeiryoError:  # withdrawn, or too few to say anything
            continue
        wrong = tuple(
            f
            for f in estimate.findings
            if f.code == "CONTROL-CHART" and f.severity is not Severity.INFORMATION
        )
        if wrong:
            found.append(SeriesTrouble(str(series), str(method), wrong))
    return found


# --- narrowed to a viewer -------------------------------------------------------------------------


def last_concluded(viewer: Viewer) -> Standing[tuple[Concluded, ...]]:
    """Return what was recorded about the balances of the viewer's areas."""
    standing = STATES.get(viewer)
    seen = evaluated_areas(viewer)
    kept = tuple(one for one in standing.answer.concluded if one.mba in seen)
    return Standing(kept, standing.as_of_act, standing.head_act)


def latest_of_each(concluded: Iterable[Concluded]) -> list[Concluded]:
    """Return the last balance of each area and category."""
    found: dict[tuple[str, str], Concluded] = {}
    for one in sorted(concluded, key=lambda c: (c.end, c.start)):
        found[one.mba, one.category] = one
    return sorted(found.values(), key=lambda c: (c.mba, c.category))


def overview(viewer: Viewer) -> Mapping[str, Any] | None:
    """Return the part of the overview; it is filled in when it is shown."""
    return {"shown": overview_shown} if evaluated_areas(viewer) else None


def overview_shown(viewer: Viewer) -> dict[str, Any]:
    """Return what evaluations and measurements ask of the viewer."""
    standing = last_concluded(viewer)
    latest = latest_of_each(standing.answer)
    asking = sorted(
        (one for one in latest if one.needs), key=lambda one: VERDICTS.index(one.verdict)
    )
    stale = [one for one in standing.answer if one.state != CURRENT]
    state = STATES.get(viewer).answer
    whole = sees_state_measurements(viewer)
    troubles = state.troubles if whole else ()
    sources = state.outdated_sources if whole else ()
    return {
        "asking": [badged(one) for one in asking[:SHOWN_ON_OVERVIEW]],
        "asking_count": len(asking),
        "stale": [badged(one) for one in stale[:SHOWN_ON_OVERVIEW]],
        "stale_count": len(stale),
        "troubles": troubles[:SHOWN_ON_OVERVIEW],
        "trouble_count": len(troubles),
        "sources": sources[:SHOWN_ON_OVERVIEW],
        "source_count": len(sources),
        "evaluated": len(latest),
        "as_of_act": standing.as_of_act,
        "current": standing.current,
    }


def badged(one: Concluded) -> dict[str, Any]:
    """Return what was concluded as a template shows it."""
    kind, words = VERDICT_BADGES[one.verdict]
    return {
        "one": one,
        "badge": kind,
        "words": _(words),
        "at": at_alpha(one.alpha, one.standard),
        "state": _(one.state),
        "state_badge": STATE_BADGES[one.state],
        "href": f"/evaluation/{one.mba}?category={one.category}",
    }


def at_alpha(alpha: float, standard: bool) -> str:
    """Return at what false-alarm probability something was concluded."""
    asked = percent_text(alpha)
    if standard:
        return _("at %(alpha)s %% false alarms", alpha=asked)
    usual = percent_text(STANDARD_ALPHA)
    return _(
        "at %(alpha)s %% false alarms, not at the standard of %(standard)s %%",
        alpha=asked,
        standard=usual,
    )
