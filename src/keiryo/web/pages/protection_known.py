"""The security regime as it stands for a viewer: plans, inspections, findings, what is due.

Everything is read through the books as the viewer sees them, and read anew only when something
about the regime was posted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from keiryo.dates import number_date
from keiryo.errors import NotFoundError
from keiryo.security_evidence.links import asset_node
from keiryo.security_evidence.status import Due
from keiryo.security_evidence.status import due as evidence_due
from keiryo.security_regime.due import (
    PLAN_LAPSED,
    DueItem,
    due_items,
)
from keiryo.security_regime.event_due import EventDue, Notification, events_due
from keiryo.security_regime.event_record import NODE as EVENT_NODE
from keiryo.security_regime.finding_record import FindingRecord, security_findings
from keiryo.security_regime.inspection_record import Inspection
from keiryo.security_regime.inspections import inspections
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.plans import plans
from keiryo.web.pages.equipment_standing import left_words, who_acted
from keiryo.web.pages.protection_words import DUE, NOTIFICATION, badge
from keiryo.web.pictures.loan_steps import DONE, LATE, NEVER, NEXT, OPEN, StepLabels
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

CAPABILITY, CATEGORY = "security_regime", "material_category"
EVIDENCE_CAPABILITY = "security_evidence"
READING = {"reads": CAPABILITY}
HOME = "/protection"
FACILITIES, PLANS, INSPECTIONS = f"{HOME}/facilities", f"{HOME}/plans", f"{HOME}/inspections"
FINDINGS, DUE_BOARD, COMPLIANCE = f"{HOME}/findings", f"{HOME}/due", f"{HOME}/compliance"
EVENTS, UPGRADES = f"{HOME}/events", f"{HOME}/upgrades"
COMPUTERS, EVIDENCE = f"{HOME}/computers", f"{HOME}/evidence"
NOTICE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Known:
    """The security regime, as a viewer sees it.

    Attributes
    ----------
    plans : mapping of (plan, version) to Plan
    inspections : mapping of name to Inspection
    findings : mapping of name to FindingRecord
    """

    plans: Mapping[tuple[str, str], Plan]
    inspections: Mapping[str, Inspection]
    findings: Mapping[str, FindingRecord]

    @property
    def scopes(self) -> set[str]:
        """Facilities, or the State, about which anything is recorded."""
        every: Iterable[Any] = (
            *self.plans.values(),
            *self.inspections.values(),
            *self.findings.values(),
        )
        return {one.scope for one in every}

    def raised_in(self, inspection: str) -> list[FindingRecord]:
        """Return what an inspection found."""
        return [one for one in self.findings.values() if one.inspection == inspection]

    def in_force(self, scope: str, on: datetime.date) -> list[Plan]:
        """Return the plans that are in force for a facility on a day."""
        return [o for o in self.plans.values() if o.scope == scope and o.in_force(on)]


def known(viewer: Viewer) -> Known:
    """Return the regime as it stands; read anew when something about it was posted."""

    def find() -> Known:
        with viewer.books.reading() as connection:
            return Known(
                {one.key: one for one in plans(connection, viewer.metadata)},
                {one.name: one for one in inspections(connection, viewer.metadata)},
                {one.name: one for one in security_findings(connection, viewer.metadata)},
            )

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("security regime", viewer.sight), last, find)


def due_now(viewer: Viewer) -> list[DueItem]:
    """Return what is due as of today, the most urgent first."""
    on = viewer.today

    whole = viewer.reads(EVIDENCE_CAPABILITY)

    def find() -> list[DueItem]:
        with viewer.books.reading() as connection:
            found = due_items(connection, viewer.metadata, on)
            found += [_of_event(one, each) for one, each in _notices(connection, viewer)]
            if whole:
                found += [
                    _of_evidence(one) for one in evidence_due(connection, viewer.metadata, on)
                ]
        last_day = datetime.date.max
        return sorted(found, key=lambda one: (one.due or last_day, one.scope, one.what, one.name))

    acts = viewer.server.last_acts
    last = (acts.by(CAPABILITY, viewer.head), acts.by(EVIDENCE_CAPABILITY, viewer.head))
    return viewer.server.remembered.get(("security due", viewer.sight), (last, on), find)


def _notices(connection: Any, viewer: Viewer) -> Iterator[tuple[EventDue, Notification]]:
    """Yield the notifications that are still to be given."""
    now = datetime.datetime.now(datetime.UTC)
    for event in events_due(connection, viewer.metadata, now):
        for one in event.outstanding:
            yield event, one


def _of_event(event: EventDue, one: Notification) -> DueItem:
    node = EVENT_NODE + event.event.name
    day = one.due.date()
    left = (day - one.at.date()).days
    name = event.event.name
    return DueItem(
        NOTIFICATION, event.event.scope, name, day, left, one.recipient, node, one.rule or ""
    )


def _of_evidence(one: Due) -> DueItem:
    node = asset_node(one.scope, one.asset)
    return DueItem(one.what, one.scope, one.name, one.by, one.days_left, None, node, one.line)


# --- one of them -----------------------------------------------------------------------------


def require_plan(viewer: Viewer, plan: str, version: str) -> Plan:
    """Return a version of a plan that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name and version.
    """
    found = known(viewer).plans.get((plan, version))
    if found is None:
        raise NotFoundError(
            f"there is no plan {plan[:40]!r} version {version[:20]!r}",
            "The list shows all.",
        )
    return found


def require_inspection(viewer: Viewer, name: str) -> Inspection:
    """Return an inspection that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = known(viewer).inspections.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no inspection {name[:40]!r}",
            "The list shows all.",
        )
    return found


def require_finding(viewer: Viewer, name: str) -> FindingRecord:
    """Return a finding that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = known(viewer).findings.get(name)
    if found is None:
        raise NotFoundError(f"there is no finding {name[:40]!r}", "The list shows all.")
    return found


# --- addresses -------------------------------------------------------------------------------


def facility_address(scope: str) -> str:
    """Return the page of a facility: ``XA/XAF-``, or of the State: ``XA``."""
    return f"{FACILITIES}/{quote(scope.rpartition('/')[2], safe='')}"


def plan_address(plan: str, version: str) -> str:
    """Return the page of a version of a plan."""
    return f"{PLANS}/{quote(plan, safe='')}/{quote(version, safe='')}"


def inspection_address(name: str) -> str:
    """Return the page of an inspection."""
    return f"{INSPECTIONS}/{quote(name, safe='')}"


def finding_address(name: str) -> str:
    """Return the page of a finding."""
    return f"{FINDINGS}/{quote(name, safe='')}"


def page_of_node(node: str) -> str | None:
    """Return the page of a node of the chain of evidence, if it is one of these.

    Examples
    --------
    >>> page_of_node("secplan:PPP-1/3"), page_of_node("secinsp:I-1"), page_of_node("act:3")
    ('/protection/plans/PPP-1/3', '/protection/inspections/I-1', None)
    """
    kind, _colon, name = node.partition(":")
    if kind == "secplan":
        plan, _slash, version = name.partition("/")
        return plan_address(plan, version)
    if kind == "secinsp":
        return inspection_address(name)
    if kind in ("secevent", "secasset"):
        return f"/why?of={quote(node, safe='')}"
    return finding_address(name) if kind == "secfind" else None


def scope_words(viewer: Viewer, scope: str) -> str:
    """Return a facility by its code, the State by its word and code."""
    if scope == viewer.state:
        return _("State %(state)s", state=scope)
    return scope.rpartition("/")[2]


def facilities(viewer: Viewer) -> list[str]:
    """Return the State, if it is seen as a whole, and the facilities that are seen."""
    seen = {
        area.scope.rpartition("/")[0]
        for area in viewer.areas.values()
        if viewer.sight.sees(CAPABILITY, area.scope)
    }
    whole = {viewer.state} if viewer.sight.sees(CAPABILITY, viewer.state) else set()
    return sorted(seen | whole | known(viewer).scopes)


def facilities_to_post(viewer: Viewer, act_kind: str) -> list[tuple[str, str]]:
    """Return facilities about which the viewer may post acts of a kind, for a form to offer."""
    return [
        (one, scope_words(viewer, one))
        for one in facilities(viewer)
        if viewer.may_post(act_kind, one)
    ]


# --- what is due -----------------------------------------------------------------------------


def due_row(viewer: Viewer, one: DueItem) -> dict[str, Any]:
    """Return something that is due as a page shows it."""
    days = one.days_left
    late = one.overdue or one.what == PLAN_LAPSED
    soon = days is not None and days <= NOTICE_DAYS
    kind = "error" if late else "warning" if soon else "wait" if days is None else "info"
    return {
        "badge": kind,
        "what": _(DUE[one.what]),
        "name": one.name,
        "href": page_of_node(one.node),
        "scope": scope_words(viewer, one.scope),
        "day": None if one.due is None else day_text(one.due),
        "left": _("waits") if one.due is None else left_words((one.due - viewer.today).days),
        "owner": one.owner,
    }


def urgent(items: Sequence[DueItem]) -> list[DueItem]:
    """Return what is late, near, or waits for somebody."""
    return [one for one in items if one.days_left is None or one.days_left <= NOTICE_DAYS]


def overdue_count(items: Sequence[DueItem]) -> int:
    """Return how much of what is due is late."""
    return sum(one.overdue for one in items)


# --- lives -----------------------------------------------------------------------------------


def step_labels(title: str) -> StepLabels:
    """Return the words of the picture of a life."""
    statuses = (
        *((DONE, _("done")), (NEXT, _("next")), (OPEN, _("to come"))),
        *((LATE, _("late or failed")), (NEVER, _("not reached"))),
    )
    return StepLabels(title, "{told}", _("No step was recorded yet."), statuses)


def day_of_step(step: Mapping[str, Any]) -> str:
    """Return the day of a step in words."""
    return day_text(number_date(int(step["on_day"])))


def day_or_none(number: Any) -> str | None:
    """Return a day of the record (YYYYMMDD) in words, or None."""
    return None if number is None else day_text(number_date(int(number)))


def life_rows(
    viewer: Viewer, steps: Sequence[Mapping[str, Any]], words: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return steps as rows of a table, the last one first."""
    who = who_acted(viewer, {int(one["act_id"]) for one in steps})
    rows = [
        {
            "day": day_of_step(one),
            "state": badge(words, str(one["state"])),
            "by": one["by_person"],
            "reason": one["reason"],
            "reference": one.get("reference") or one.get("evidence"),
            "until": day_or_none(one.get("due")),
            "successor": one.get("successor"),
            "who": who.get(int(one["act_id"]), ""),
            "act": one["act_id"],
        }
        for one in steps
    ]
    return rows[::-1]


def acts_since(
    viewer: Viewer, kinds: Sequence[Any], named: Mapping[str, str], head: int
) -> list[int]:
    """Return the acts with lines of some kinds about a record that were posted after one."""
    found: set[int] = set()
    with viewer.books.reading() as connection:
        for kind in kinds:
            table = viewer.metadata.tables[kind.name]
            same = [table.c[column] == value for column, value in named.items()]
            query = select(table.c.act_id).where(*same, table.c.act_id > head)
            found |= {int(one) for one in connection.execute(query).scalars()}
    return sorted(found)
