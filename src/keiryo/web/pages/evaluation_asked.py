"""Evaluations as pages ask for them: of which area, made how, at once or as a job.

An evaluation needs all lines of an area and the measurements of the whole State, so it is computed
on the books as a whole. It is shown to who may read the evaluations and the accounts of the area,
under every agreement and caveat that its lines have: a part of a balance would be another balance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select

from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.errors import NotFoundError, UsageError
from keiryo.evaluation.false_alarms import (
    LEAST_ALPHA,
    MOST_ALPHA,
    STANDARD_ALPHA,
    require_alpha,
)
from keiryo.evaluation.limits import rule_names
from keiryo.evaluation.model import Evaluation, Options
from keiryo.evaluation.service import evaluate_balance
from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.measurement.in_force import error_sources
from keiryo.measurement.outdated import SERIES
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.jobs import Job
from keiryo.web.remembered import last_act_about
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, NotPermittedError, Viewer

AT_ONCE_LINES = 20_000
"""Areas with more lines are evaluated as a job."""

REALIZATIONS = 100_000
"""Simulated sequences for thresholds, as on the command line."""

MOST_COVARIANCE = 120
"""Balances of the longest sequence whose covariance is kept with the result of a job."""

KIND = "balance.evaluate"
JOB = "evaluate"
Plain = dict[str, Any]


class NotYetError(Exception):
    """The evaluation was not made yet, and takes too long to be waited for."""


def evaluated_area(viewer: Viewer, mba: str) -> MaterialBalanceArea:
    """Return an area whose evaluations the viewer may see.

    Raises
    ------
    NotFoundError
        If there is none that this viewer sees.
    NotPermittedError
        If parts of its books are not the viewer's to see.
    """
    area = viewer.area(mba)
    sight = viewer.sight
    if not (sight.sees("evaluation", area.scope) and sight.sees("accounts", area.scope)):
        raise NotFoundError(
            f"there is no MBA {mba} that you may see",
            "The areas that you may see are on the overview; an administrator grants more.",
        )
    for agreement, caveat in _markings(viewer, area):
        if not sight.sees("accounts", area.scope, agreement or None, caveat or None):
            raise NotPermittedError(
                "parts of the books of this area are not yours to see, and a balance of the other "
                "parts would be wrong",
                "Ask a colleague who may see all of them.",
            )
    return area


def evaluated_areas(viewer: Viewer) -> dict[str, MaterialBalanceArea]:
    """Return the areas whose evaluations the viewer may see, by code."""
    found = {}
    for code in viewer.areas:
        try:
            found[code] = evaluated_area(viewer, code)
        except (NotFoundError, NotPermittedError):
            continue
    return found


def _markings(viewer: Viewer, area: MaterialBalanceArea) -> list[tuple[str, str]]:
    """Return the agreements and caveats that the lines of an area have."""

    def build() -> list[tuple[str, str]]:
        table = viewer.metadata.tables[ACT_SCOPE]
        query = (
            select(table.c.agreement, table.c.caveat)
            .where(table.c.scope == area.scope, table.c.capability == "accounts")
            .distinct()
        )
        with viewer.whole.reading() as connection:
            return [(str(row[0]), str(row[1])) for row in connection.execute(query)]

    last = viewer.server.last_acts.about_books(area.scope, viewer.head)
    return viewer.server.remembered.get(("markings", area.code), last, build)


def last_act(viewer: Viewer, area: MaterialBalanceArea) -> int:
    """Return the last act about an area or about all of the State."""
    return viewer.server.last_acts.about(area.scope, viewer.head)


def lines_behind(viewer: Viewer, area: MaterialBalanceArea) -> int:
    """Return how many lines the books of an area have."""

    def build() -> int:
        count = 0
        with viewer.whole.reading() as connection:
            for kind in (INVENTORY_CHANGE, PHYSICAL_INVENTORY):
                table = viewer.metadata.tables[kind.name]
                query = select(func.count()).select_from(table).where(table.c.mba == area.code)
                count += int(connection.execute(query).scalar() or 0)
        return count

    return viewer.server.remembered.get(("lines of", area.code), last_act(viewer, area), build)


def takes_long(viewer: Viewer, area: MaterialBalanceArea) -> bool:
    """Return whether an area is evaluated as a job."""
    return lines_behind(viewer, area) > AT_ONCE_LINES


def options_asked(texts: Mapping[str, Any]) -> Options:
    """Return how an evaluation is to be made, from an address or a form.

    Raises
    ------
    UsageError
        If the false-alarm probability or the rules make no sense.
    """
    alpha, text = STANDARD_ALPHA, str(texts.get("alpha", "")).strip()[:20]
    if text:
        try:
            alpha = round(float(text) / 100.0, 12)
            require_alpha(alpha)
        except (ValueError, UsageError):
            least, most = percent_text(LEAST_ALPHA), percent_text(MOST_ALPHA)
            raise UsageError(
                _("%(text)s is no probability of a false alarm", text=text),
                _("Give per cent, from %(least)s to %(most)s, e.g. 5.", least=least, most=most),
            ) from None
    return options_of(alpha, str(texts.get("rules", "")).strip()[:40])


def options_of(alpha: float, rules: str = "") -> Options:
    """Return how an evaluation is to be made.

    Parameters
    ----------
    alpha : float
        Probability of a false alarm, a sound one.
    rules : str
        Name of a shipped set of rules; empty: the general ones.

    Raises
    ------
    UsageError
        If no such rules are shipped.
    """
    rules = rules or "general"
    if rules not in rule_names():
        raise UsageError(
            _("There are no rules %(rules)s.", rules=rules),
            _("Shipped are: %(names)s.", names=", ".join(rule_names())),
        )
    return Options(alpha, (rules,), None, REALIZATIONS)


def percent_text(alpha: float) -> str:
    """Return a probability in per cent as it is written, e.g. ``"5"``."""
    return f"{100.0 * alpha:.6g}"


def option_texts(options: Options) -> dict[str, str]:
    """Return options as they stand in an address; those that are usual are left out."""
    found = {}
    if options.alpha != Options().alpha:
        found["alpha"] = f"{100 * options.alpha:.10g}"
    if options.rules != Options().rules:
        found["rules"] = options.rules[0]
    return found


def evaluations_of(
    viewer: Viewer, area: MaterialBalanceArea, options: Options, *, at_once: bool = False
) -> list[Plain]:
    """Return the evaluations of an area as plain data, one for each category.

    Parameters
    ----------
    at_once : bool
        Also if it takes long.

    Raises
    ------
    NotYetError
        If it takes too long and was not made by a job before.
    UsageError
        If there is no closed balance.
    """

    def build() -> list[Plain]:
        if not at_once and takes_long(viewer, area):
            raise NotYetError
        return computed(viewer, area, options)

    key = ("evaluation", area.code, options)
    return viewer.server.remembered.get(key, last_act(viewer, area), build)


def computed(viewer: Viewer, area: MaterialBalanceArea, options: Options) -> list[Plain]:
    """Return the evaluations of an area, computed now."""
    found = evaluate_balance(viewer.whole, area.code, options=options)
    return [plain_evaluation(one) for one in found]


def plain_evaluation(one: Evaluation) -> Plain:
    """Return an evaluation as plain data, with findings, and with the lines behind the shares."""
    plain = one.to_dict()
    for balance, shown in zip(one.balances, plain["balances"], strict=True):
        quantities = [shown, *([shown["isotope"]] if balance.isotope else [])]
        for quantity, into in zip(balance.quantities, quantities, strict=True):
            into["shares"] = [
                {**share.to_dict(), "act": share.act, "line": share.line}
                for share in quantity.shares
            ]
        shown["findings"] = [plain_finding(f) for f in balance.findings]
    plain["findings"] = [plain_finding(f) for f in one.findings]
    return plain


def plain_finding(finding: Any) -> Plain:
    """Return a finding as plain data, as templates and jobs take it."""
    data = {name: value for name, value in asdict(finding).items() if value is not None}
    return {**data, "severity": str(finding.severity), "place": finding.place}


def evaluations_shown(
    request: AnyRequest, viewer: Viewer, area: MaterialBalanceArea, options: Options
) -> list[Plain]:
    """Return the evaluations that a page shows: those of a job if the address names one.

    Raises
    ------
    NotFoundError
        If the viewer has no such job of this area.
    NotYetError, UsageError
        As `evaluations_of`.
    """
    number = str(request.query_params.get("job", ""))[:40]
    if not number:
        return evaluations_of(viewer, area, options)
    job: Job = request.app.state.jobs.job(viewer, number)
    result = job.result or {}
    if job.kind != JOB or result.get("mba") != area.code or "evaluations" not in result:
        raise NotFoundError(
            _("this job is no evaluation of %(mba)s", mba=area.code), _("Start it again.")
        )
    return list(result["evaluations"])


def sources_behind(viewer: Viewer) -> dict[tuple[int, int], Plain]:
    """Return by act and line what the error sources in force are, and what they stand on."""

    def build() -> dict[tuple[int, int], Plain]:
        found: dict[tuple[int, int], Plain] = {}
        with viewer.whole.reading() as connection:
            every = error_sources(connection, viewer.metadata)
        for source in (s for dated in every.values() for s in dated):
            match = SERIES.search(source.reference or "")
            found[source.act, source.line] = {
                "name": source.source,
                "method": source.method,
                "basis": source.basis,
                "reference": source.reference,
                "series": match[1] if match else None,
            }
        return found

    return viewer.server.remembered.get(("error sources",), _last_of_state(viewer), build)


def _last_of_state(viewer: Viewer) -> int:
    with viewer.whole.reading() as connection:
        return last_act_about(connection, viewer.metadata, viewer.state)


def sees_state_measurements(viewer: Viewer) -> bool:
    """Return whether the viewer reads the measurement records of the whole State."""
    return viewer.sight.sees("measurement", viewer.state)
