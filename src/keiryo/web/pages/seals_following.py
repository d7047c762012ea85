"""What can follow in the life of a seal, read from its table; and what a correction stands beside.

No form is offered that the record would refuse outright: the table of the life of seals says which
events can follow, and which of its conditions the seal alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from keiryo.errors import NotFoundError
from keiryo.seals.events import SealEvent
from keiryo.seals.life import TRANSITIONS, holding, in_order, replay
from keiryo.seals.numbers import SealKey
from keiryo.seals.preconditions import PRECONDITIONS
from keiryo.seals.register import seal_events
from keiryo.seals.standing import Standing
from keiryo.seals.tables import EVENTS
from keiryo.web.pages.seals_known import books_of, require_seal, scope_of, seal_address
from keiryo.web.pages.seals_step_fields import STEPS, Step
from keiryo.web.pages.seals_words import state_badge
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import Viewer

CORRECT, WITHDRAW = "seal.correct", "withdraw"
OF_THE_SEAL = ("no quarantine", "verifiable in the field", "electronic")
"""Conditions of the table that the seal alone decides, whatever is reported."""
ON_THE_PAGE = frozenset({"check", "detach", "broken", "missing"})
"""Events with a form on the page of the seal itself."""
FIRST = ("examine", "read-out", "verify", "dispatch", "recover", "check")
"""Which step is offered first where a seal waits."""


# --- what can follow -------------------------------------------------------------------------


def following(one: Standing) -> list[str]:
    """Return which events can follow on how a seal stands, by the table of its life."""
    return [
        name
        for name, row in TRANSITIONS.items()
        if one.state in row.sources
        and not any(_in_the_way(one, name, need) for need in row.needs if need in OF_THE_SEAL)
    ]


def _in_the_way(one: Standing, name: str, need: str) -> bool:
    asked = SealEvent(*one.key, name, one.since, "?")
    return any(True for _finding in PRECONDITIONS[need](one, asked))


def steps_offered(viewer: Viewer, one: Standing) -> list[dict[str, str]]:
    """Return the steps with a form of their own that the viewer may record now."""
    scope = scope_of(viewer, one)
    found = [name for name in following(one) if viewer.may_post(f"seal.{name}", scope)]
    steps = [
        {"title": _(STEPS[name].title), "href": step_address(one.key, name)}
        for name in found
        if name not in ON_THE_PAGE
    ]
    if "check" in found and one.type.electronic:
        title = _("Check it together with its log")
        steps.append({"title": title, "href": step_address(one.key, "check")})
    return steps


def next_step(viewer: Viewer, one: Standing) -> tuple[str, str] | None:
    """Return the step that ends the waiting of a seal: its title and its form; None if none."""
    open_now = following(one)
    for name in FIRST:
        if name in open_now and viewer.may_post(f"seal.{name}", scope_of(viewer, one)):
            return STEPS[name].title, step_address(one.key, name)
    return None


def step_address(key: SealKey, event: str, corrects: tuple[int, int] | None = None) -> str:
    """Return the form of an event; of one that corrects another, with its line."""
    query = "" if corrects is None else f"?corrects={corrects[0]}/{corrects[1]}"
    return f"{seal_address(key)}/record/{event}{query}"


def correct_address(key: SealKey, place: tuple[int, int]) -> str:
    """Return the page on which the correction of an event begins."""
    return f"{seal_address(key)}/correct/{place[0]}/{place[1]}"


# --- a form as it is asked for ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """A form about a seal: the event, and the one that it corrects.

    Attributes
    ----------
    one : Standing
        The seal; where an event is corrected, as it stood before that event.
    event : str
    corrected : SealEvent or None
    scope : str
    """

    one: Standing
    event: str
    corrected: SealEvent | None
    scope: str

    @property
    def key(self) -> SealKey:
        """By what the seal goes."""
        return self.one.key

    @property
    def step(self) -> Step:
        """What the form asks for."""
        return STEPS[self.event]

    @property
    def here(self) -> str:
        """The address of the form."""
        place = None if self.corrected is None else self.corrected.place_in_record
        return step_address(self.key, self.event, place)


def wanted(
    viewer: Viewer, issuer: str, seal: str, event: str, corrects: str, *, sent: bool = False
) -> Wanted:
    """Return the form that an address asks for.

    A form that was sent is taken whatever has happened since it was made: one that is sent twice
    has its answer already, and what does not fit is refused and kept where it is recorded.

    Raises
    ------
    NotFoundError
        If there is no such seal or event, or the event cannot follow.
    NotPermittedError
        If it is not for the viewer to record.
    """
    one = require_seal(viewer, issuer, seal)
    scope = scope_of(viewer, one)
    if event not in EVENTS:
        raise NotFoundError(_("there is no such event in the life of a seal"))
    if not corrects:
        viewer.require_post(f"seal.{event}", scope)
        if not sent and event not in following(one):
            words = _(
                "%(seal)s is %(state)s; this cannot follow now",
                seal=str(one.key),
                state=state_badge(str(one.state))["text"],
            )
            raise NotFoundError(words, _("The page of the seal shows what can follow."))
        return Wanted(one, event, None, scope)
    viewer.require_post(CORRECT, scope)
    act, _slash, line = corrects.partition("/")
    corrected, before = event_before(
        viewer, one, (whole_number(act), whole_number(line)), sent=sent
    )
    if not sent and event != WITHDRAW and event not in {*following(before), corrected.event}:
        raise NotFoundError(
            _("this cannot have happened then"), _("The page of the seal shows what can follow.")
        )
    return Wanted(before, event, corrected, scope)


def event_before(
    viewer: Viewer, one: Standing, place: tuple[int | None, int | None], *, sent: bool = False
) -> tuple[SealEvent, Standing]:
    """Return an event of a seal that holds, and how the seal stood before it.

    Raises
    ------
    NotFoundError
        If there is none at this place of the record.
    """
    with books_of(viewer).reading() as connection:
        every = seal_events(connection, viewer.metadata, [one.key]).get(one.key, [])
    held = in_order(holding(every))
    for number, event in enumerate(held):
        if event.place_in_record == place:
            return event, replay(one.key, one.type, held[:number])
    for event in every if sent else ():
        if event.place_in_record == place:  # corrected since: its correction is refused, and kept
            return event, replay(one.key, one.type, [e for e in held if e.at < event.at])
    raise NotFoundError(
        _("this line is no event of the seal that holds"),
        _("Go by the list of what happened to it: what was corrected since is corrected there."),
    )
