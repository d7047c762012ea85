"""An inspection as it stands: what was planned, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.journal.reading import line_node
from keiryo.security_regime.inspection_states import DONE, PERFORMED, PLANNED, REPORTED
from keiryo.security_regime.oversight_record import iso

NODE = "secinsp:"


@dataclass(frozen=True, slots=True)
class Inspection:
    """An inspection of the regulator, or a peer review, as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    steps : tuple of mapping
        Its steps, in order.
    """

    values: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Name of the inspection."""
        return str(self.values["inspection"])

    @property
    def scope(self) -> str:
        """The facility that is inspected, or the State."""
        return str(self.values["scope"])

    @property
    def state(self) -> str:
        """State in which it is."""
        return str(self.steps[-1]["state"]) if self.steps else PLANNED

    @property
    def requirements(self) -> tuple[str, ...]:
        """References of what is inspected."""
        return tuple(str(self.values.get("requirements") or "").split())

    @property
    def performed(self) -> tuple[int, int] | None:
        """First and last day on which it took place (YYYYMMDD), or None."""
        if self.state not in DONE:
            return None
        one = self.step(PERFORMED)
        return None if one is None else (int(one["performed_from"] or 0), int(one["on_day"]))

    def step(self, state: str) -> Mapping[str, Any] | None:
        """Return the step by which it came into a state, or None."""
        return next((one for one in self.steps if one["state"] == state), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        done, reported = self.performed, self.step(REPORTED)
        return {
            "inspection": self.name,
            "scope": self.scope,
            "kind": self.values["kind"],
            "state": self.state,
            "planned_from": iso(self.values["planned_from"]),
            "planned_to": iso(self.values["planned_to"]),
            "performed_from": None if done is None else iso(done[0]),
            "performed_to": None if done is None else iso(done[1]),
            "team": str(self.values.get("team") or "").split(),
            "requirements": list(self.requirements),
            "follows": self.values.get("follows"),
            "report_digest": None if reported is None else reported["report_digest"],
            "steps": [
                {
                    "before": one["before"],
                    "state": one["state"],
                    "on": iso(one["on_day"]),
                    "by": one["by_person"],
                    "reason": one["reason"],
                    "reference": one["reference"],
                    "line": line_node(one),
                }
                for one in self.steps
            ],
            "node": NODE + self.name,
            "line": line_node(self.values),
        }
