"""Roles, grants and sight: what a person may do, where, and what they may see.

A **role** says which capabilities' records may be read and which kinds of act may be posted. A
**grant** gives a role to a person on a scope (State, State/facility, State/facility/MBA),
optionally only under one agreement, and names the handling caveats that may be seen. **Sight** is
what all grants of a person show, capability by capability; it answers in Python and in SQL, and
both answers are one rule: a line is seen through a window that covers its scope, its agreement
and its caveat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from keiryo.journal.model import Signer

EVERYTHING = "*"
SCOPE = re.compile(r"[A-Z]{2}(/[A-Z0-9-]{4}){0,2}")
NAME_OF_HANDLING = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./()-]{0,79}")
"""What an agreement or a caveat may be called."""


@dataclass(frozen=True, slots=True)
class Role:
    """What somebody in a role does.

    Attributes
    ----------
    name : str
    doc : str
        The job in one sentence.
    reads : tuple of str
        Capabilities whose records may be read; ``"*"``: all.
    posts : tuple of str
        Patterns of the kinds of act that may be posted, e.g. ``"report.*"``.
    abilities : tuple of str
        What else may be done: ``"administer"``, ``"release"``, ``"back up"``, ``"audit"``.
    """

    name: str
    doc: str
    reads: tuple[str, ...]
    posts: tuple[str, ...]
    abilities: tuple[str, ...] = ()


BOOKS = (
    *("journal", "places", "accounts", "reports", "movements", "oversight"),
    *("measurement", "evaluation"),
)
PROTECTING = ("material_category", "security_evidence", "security_regime")
DETECTING = ("detection_sites", "alarm_cases", "public_events")
WATCHING = ("device_log", "containment", "seals", "surveillance", "coverage")
COOPERATING = ("cooperation", "obligations", "export_control", "equipment")

ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role(
            "facility accountant",
            "Keeps the books of a facility: source lines, measurements, reports, answers.",
            (*BOOKS, "obligations", "containment", "seals"),
            (
                *("report.*", "source.*", "correction.*", "period.*", "measurement.*"),
                *("movements.*", "finding.answer", "balance.*", "file.refuse"),
                *("obligations.receipt", "obligations.designate"),
                *("surveillance.declare", "seal.report"),
            ),
        ),
        Role(
            "State officer",
            "Receives, questions and releases reports, closes balances, watches the boards.",
            (*BOOKS, *COOPERATING, *WATCHING, *PROTECTING, *DETECTING),
            (
                "detection.*",
                *("report.*", "source.*", "context.*", "correction.*", "period.*", "place.*"),
                *("measurement.*", "movements.*", "finding.*", "notice.*", "statement.*"),
                *("balance.*", "limit.*", "file.refuse", "transit.*"),
                *("seal.*", "containment.*", "surveillance.*", "coverage.*", "device.*"),
                *("protection.attribute", "protection.plan", "protection.inspection"),
                *("protection.finding", "protection.event", "protection.rules"),
                *("protection.upgrade", "protection.computer", "protection.statement"),
                *("public_event.*", "alarm.*"),
            ),
            ("release",),
        ),
        Role(
            "inspector",
            "Reads the books of the areas under inspection, verifies, takes audit packs.",
            (*BOOKS, *WATCHING, *PROTECTING),
            (
                *("inspection.*", "seal.*", "containment.*", "surveillance.*"),
                *("coverage.*", "device.*"),
            ),
            ("audit",),
        ),
        Role(
            "security officer",
            "Protects material and facilities; reads nothing of the accounts.",
            (
                *("places", "protection", *PROTECTING, *DETECTING),
                *("surveillance", "detection", "equipment"),
            ),
            (
                "protection.*",
                "surveillance.*",
                "detection.*",
                *("equipment.custody", "equipment.step"),  # lent instruments of an event come in
                "public_event.*",
            ),
        ),
        Role(
            "port officer",
            "Takes in portal files, raises and assesses alarms, decides those that are not grave.",
            ("places", "export_control", "detection_sites", "alarm_cases"),
            (
                *("alarm.raise", "alarm.assess", "alarm.decide", "alarm.report"),
                *("detection.import", "detection.spectrum", "detection.check"),
            ),
        ),
        Role(
            "detection expert",
            "Answers questions about spectra of alarms from elsewhere.",
            ("places", "detection_sites", "alarm_cases"),
            ("alarm.assess", "alarm.expert"),
        ),
        Role(
            "detection headquarters",
            "Decides grave alarms, hands them over, keeps limits and tables, releases reports.",
            ("places", "accounts", "export_control", *DETECTING),
            ("alarm.*",),
            ("release",),
        ),
        Role(
            "cooperation officer",
            "Keeps agreements and the obligations that follow the material.",
            ("journal", "places", "accounts", *COOPERATING),
            (
                *("cooperation.*", "obligations.*", "export.*", "equipment.*", "notice.*"),
                "public_event.release",  # what of an event goes to a partner
            ),
        ),
        Role(
            "administrator",
            "Admits people, grants roles, backs up; pages show them no material data.",
            ("people",),
            ("person.*", "role.*", "key.*", "policy.*", "clock.accept"),
            ("administer", "back up"),
        ),
        Role(
            "auditor",
            "Reads everything within the scope, people's acts too, and posts nothing.",
            (EVERYTHING,),
            (),
            ("audit",),
        ),
    )
}

OWN_ACTS = ("key.register", "key.revoke")
"""What everybody may post about themselves."""

WORKED_OUT = ("findings.record", "oversight.record")
"""Questions that follow from the books by rule: recorded when reports come in, about whatever
area they concern; whoever may file reports sets them off."""

ABOUT_NO_PLACE = ("report.refuse", "correction.plan")
"""Paper that says nothing of any area by itself: a file that cannot be read; a plan, of which each
report that follows is asked for on its own. Whoever may post such an act somewhere may post it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a person holds on a part of the State.

    Attributes
    ----------
    person : str
        Pseudonymous id.
    role : str
    scope : str
        ``"XA"``, ``"XA/XFAA"`` or ``"XA/XFAA/XFAA"``.
    agreement : str or None
        Only lines under this agreement.
    caveats : frozenset of str
        Handling caveats that may be seen; ``"*"``: all.
    act_id : int
        The act that granted it.
    """

    person: str
    role: str
    scope: str
    agreement: str | None = None
    caveats: frozenset[str] = frozenset()
    act_id: int = 0

    @property
    def window(self) -> Window:
        """What is seen through it."""
        return Window(self.scope, self.agreement, self.caveats)

    def permits(self, act_kind: str) -> bool:
        """Return whether its role may post acts of a kind."""
        return any(fnmatchcase(act_kind, pattern) for pattern in ROLES[self.role].posts)

    def enables(self, ability: str) -> bool:
        """Return whether its role has an ability."""
        return ability in ROLES[self.role].abilities


@dataclass(frozen=True, slots=True)
class Window:
    """Lines that a grant shows: those under a scope, an agreement and some caveats."""

    scope: str
    agreement: str | None = None
    caveats: frozenset[str] = frozenset()

    def covers(self, scope: str, agreement: str | None = None, caveat: str | None = None) -> bool:
        """Return whether a line is seen through the window."""
        return (
            (scope == self.scope or scope.startswith(f"{self.scope}/"))
            and (self.agreement is None or agreement == self.agreement)
            and (not caveat or EVERYTHING in self.caveats or self._may_see(caveat))
        )

    def _may_see(self, caveat: str) -> bool:
        """Return whether every part of a caveat (``a / b``) may be seen, or the whole of it."""
        if caveat in self.caveats:
            return True
        return "|" not in caveat and all(part in self.caveats for part in caveat.split(" / "))

    def sql(self, table: str) -> str:
        """Return the same as a condition on the columns of `table`, in SQL of both databases."""
        inside = f"{self.scope}/"
        parts = [
            f"({table}.scope = {_quoted(self.scope)} "
            f"OR substr({table}.scope, 1, {len(inside)}) = {_quoted(inside)})"
        ]
        if self.agreement is not None:
            parts.append(f"{table}.agreement = {_quoted(self.agreement)}")
        if EVERYTHING not in self.caveats:
            plain = f"COALESCE({table}.caveat, '') = ''"
            listed = ", ".join(_quoted(caveat) for caveat in sorted(self.caveats))
            own = f"{table}.caveat"
            left = f"'|' || replace({own}, ' / ', '||') || '|'"
            for caveat in sorted(self.caveats):
                left = f"replace({left}, '|{_quoted(caveat)[1:-1]}|', '')"
            several = f"({own} NOT LIKE '%|%' AND {left} = '')"
            parts.append(f"({plain} OR {own} IN ({listed}) OR {several})" if listed else plain)
        return " AND ".join(parts)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a person sees: windows by capability.

    Attributes
    ----------
    windows : tuple of (capability, tuple of Window)
        Sorted; the capability ``"*"`` stands for all.
    """

    windows: tuple[tuple[str, tuple[Window, ...]], ...] = ()

    def through(self, capability: str) -> tuple[Window, ...]:
        """Return the windows onto the records of a capability."""
        return tuple(
            dict.fromkeys(
                window
                for name, windows in self.windows
                if name in (capability, EVERYTHING)
                for window in windows
            )
        )

    def sees(
        self, capability: str, scope: str, agreement: str | None = None, caveat: str | None = None
    ) -> bool:
        """Return whether a line of a capability is seen."""
        return any(w.covers(scope, agreement, caveat) for w in self.through(capability))

    def sql(self, capability: str, table: str) -> str:
        """Return the condition on `table` under which its lines are seen."""
        conditions = [f"({window.sql(table)})" for window in self.through(capability)]
        return " OR ".join(conditions) or "1 = 0"

    @property
    def capabilities(self) -> frozenset[str]:
        """The capabilities of which anything is seen."""
        return frozenset(name for name, windows in self.windows if windows)

    def within(self, scope: str) -> Sight:
        """Return the sight narrowed to a scope, as for a token that may see no more."""
        narrowed = []
        for name, windows in self.windows:
            kept = {
                Window(max(w.scope, scope, key=len), w.agreement, w.caveats)
                for w in windows
                if _nested(w.scope, scope)
            }
            narrowed.append((name, tuple(sorted(kept, key=_order))))
        return Sight(tuple(narrowed))


def sight_of(grants: Iterable[Grant]) -> Sight:
    """Return what some grants show together."""
    found: dict[str, set[Window]] = {}
    for grant in grants:
        for capability in ROLES[grant.role].reads:
            found.setdefault(capability, set()).add(grant.window)
    return Sight(tuple((name, tuple(sorted(found[name], key=_order))) for name in sorted(found)))


@dataclass(frozen=True, slots=True)
class Person:
    """A person who may act: who they are in the record, and what was granted to them."""

    person: str
    state: str
    grants: tuple[Grant, ...] = field(default=())

    @property
    def sight(self) -> Sight:
        """What they see."""
        return sight_of(self.grants if self.state == "admitted" else ())

    def may(self, ability: str) -> bool:
        """Return whether a role of theirs has an ability, wherever it was granted."""
        return self.state == "admitted" and any(g.enables(ability) for g in self.grants)

    def may_at(
        self, ability: str, scope: str, agreement: str | None = None, caveat: str | None = None
    ) -> bool:
        """Return whether a role of theirs has an ability over lines under a scope."""
        return self.state == "admitted" and any(
            g.enables(ability) and g.window.covers(scope, agreement, caveat) for g in self.grants
        )

    def may_post_somewhere(self, act_kind: str) -> bool:
        """Return whether they may post acts of a kind, wherever it be."""
        return self.state == "admitted" and any(g.permits(act_kind) for g in self.grants)

    def may_post(
        self, act_kind: str, scope: str, agreement: str | None = None, caveat: str | None = None
    ) -> bool:
        """Return whether they may post an act of a kind with lines under a scope."""
        return self.state == "admitted" and any(
            grant.permits(act_kind) and grant.window.covers(scope, agreement, caveat)
            for grant in self.grants
        )

    def within(self, scope: str) -> Person:
        """Return the person with no more than what was granted to them under a scope."""
        kept = [
            replace(grant, scope=max(grant.scope, scope, key=len))
            for grant in self.grants
            if _nested(grant.scope, scope)
        ]
        return replace(self, grants=tuple(kept))


@dataclass(frozen=True, slots=True)
class SignerWithin:
    """What signs for a person within a part of the State only: the key of a narrow token."""

    signer: Signer = field(repr=False)
    scope: str

    @property
    def key(self) -> str:
        """The public key, hexadecimal."""
        return self.signer.key

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`, 64 bytes."""
        return self.signer.sign(message)


def _nested(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _order(window: Window) -> tuple[str, str, tuple[str, ...]]:
    return (window.scope, window.agreement or "", tuple(sorted(window.caveats)))


def _quoted(text: str) -> str:
    """Return text as an SQL literal; only names that were checked come here."""
    if not (SCOPE.fullmatch(text.removesuffix("/")) or NAME_OF_HANDLING.fullmatch(text)):
        raise ValueError(f"{text!r} is no scope, agreement or caveat")
    return f"'{text}'"
