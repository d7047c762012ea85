"""Alarm cases as a viewer sees them, and where each is shown."""

from __future__ import annotations

from urllib.parse import quote

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.tables import (
    ALARM_CASE,
    ALARM_EXPLANATION,
    ALARM_IDENTIFICATION,
    ALARM_PACKAGE,
    ALARM_REPORT,
    ALARM_STEP,
)
from keiryo.errors import NotFoundError
from keiryo.web.pages.portals_known import CASES, cases
from keiryo.web.pages.seals_asked import acts_with
from keiryo.web.viewer import Viewer

READING = {"reads": CASES}
HOME = "/alarms"
_ABOUT = (
    *(ALARM_CASE, ALARM_STEP, ALARM_IDENTIFICATION, ALARM_EXPLANATION),
    *(ALARM_PACKAGE, ALARM_REPORT),
)


def case_address(name: str) -> str:
    """Return the page of a case."""
    return f"{HOME}/{quote(name, safe='')}"


def require_case(viewer: Viewer, name: str) -> AlarmCase:
    """Return a case that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name that the viewer may see.
    """
    found = cases(viewer).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no alarm case {name[:60]} that you may see",
            "The list of all cases has those that you may see.",
        )
    return found


def acts_about(viewer: Viewer, name: str, head: int) -> list[int]:
    """Return the acts about a case that were posted after one."""
    return acts_with(viewer, _ABOUT, head, alarm=name)
