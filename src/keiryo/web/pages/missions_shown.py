"""Expert missions and exchanges of people as pages show them, each with its whole story.

A mission's page goes from the request over terms, team and report to each finding and what is
done about it; an exchange's page from the agreement over the clearance to what came of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Response

from keiryo.cooperation.exchange_tables import (
    EXPERT_MISSION,
    MISSION_FINDING,
    MISSION_MEMBER,
    MISSION_STEP,
    PERSONNEL_EXCHANGE,
    PERSONNEL_STEP,
)
from keiryo.cooperation.missions import (
    FINDING_STEPS,
    SETTLED,
    STEPS,
    TERMS,
    UNPREPARED,
    Mission,
    missions,
)
from keiryo.cooperation.personnel import STEPS as EXCHANGE_STEPS
from keiryo.cooperation.personnel import Exchange, exchange_findings, exchanges
from keiryo.dates import number_date
from keiryo.errors import Finding, NotFoundError
from keiryo.web.pages.boards import Entered
from keiryo.web.pages.cooperation_known import CAPABILITY, known, linked
from keiryo.web.pages.information_shown import caveat_badges
from keiryo.web.pages.meetings_asked import (
    acts_about,
    done_act,
    evidence_shown,
    lines_about,
    organisations,
    why,
    with_current,
)
from keiryo.web.pages.meetings_words import (
    EXCHANGE_STATES,
    FINDING_KINDS,
    FINDING_STATES,
    LEVEL_WORDS,
    MISSION_KINDS,
    MISSION_STATES,
    PART_WORDS,
    badge_of,
    options_of,
    word_of,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Viewer

MISSIONS, EXCHANGED = "/cooperation/missions", "/cooperation/exchanges"
FOLLOW_UPS = "/cooperation/mission-findings"
REQUEST, STEP, FOUND = (
    "cooperation.mission",
    "cooperation.mission_step",
    "cooperation.mission_finding",
)
AGREE, EXCHANGE_STEP = "cooperation.exchange", "cooperation.exchange_step"
ABOUT = {
    one.name: "mission" for one in (EXPERT_MISSION, MISSION_STEP, MISSION_MEMBER, MISSION_FINDING)
}
ABOUT_EXCHANGE = {one.name: "exchange" for one in (PERSONNEL_EXCHANGE, PERSONNEL_STEP)}
MEMBER_ROWS = 4


def known_missions(viewer: Viewer) -> Mapping[str, Mission]:
    """Return the missions that are seen; read anew when something was posted."""

    def find() -> Mapping[str, Mission]:
        with viewer.books.reading() as connection:
            return missions(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("missions", viewer.sight), last, find)


def known_exchanges(viewer: Viewer) -> Mapping[str, Exchange]:
    """Return the exchanges of people that are seen; read anew when something was posted."""

    def find() -> Mapping[str, Exchange]:
        with viewer.books.reading() as connection:
            return exchanges(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("exchanges", viewer.sight), last, find)


def mission_address(name: str) -> str:
    """Return the page of a mission."""
    return f"{MISSIONS}/{quote(name, safe='')}"


def exchange_address(name: str) -> str:
    """Return the page of an exchange of people."""
    return f"{EXCHANGED}/{quote(name, safe='')}"


def mission_seen(viewer: Viewer, name: str) -> Mission:
    """Return a mission that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = known_missions(viewer).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no mission {name[:60]!r}", "'keiryo cooperation mission list' lists them."
        )
    return found


def exchange_seen(viewer: Viewer, name: str) -> Exchange:
    """Return an exchange of people that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = known_exchanges(viewer).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no exchange {name[:60]!r}", "'keiryo cooperation exchange list' lists them."
        )
    return found


def possible_states(mission: Mission) -> list[tuple[str, str]]:
    """Return what a mission may become, with words."""
    following = set(STEPS.get(mission.state, ()))
    if mission.state == TERMS and mission.values["kind"] in UNPREPARED:
        following.add("planned")
    return [(one, _(MISSION_STATES[one][1])) for one in MISSION_STATES if one in following]


def due_of(one: Mapping[str, Any]) -> datetime.date | None:
    """Return by when a finding of a mission is to be settled; None if nothing is due."""
    if one["state"] in SETTLED or one["due_on"] is None:
        return None
    return number_date(int(one["due_on"]))


def _day(number: Any) -> str:
    return "" if number is None else day_text(number_date(int(number)))


# --- a mission -------------------------------------------------------------------------------


def show_mission(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of a mission; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: step or finding.

    Raises
    ------
    NotFoundError
        If there is no such mission that is seen.
    """
    mission = mission_seen(viewer, name)
    register, values = known(viewer).register, mission.values
    following, period = possible_states(mission), mission.period
    every = known_missions(viewer)
    return render(
        request,
        "missions/mission.html",
        http_status=entered.status,
        mission=mission,
        values=values,
        badge=badge_of(MISSION_STATES, mission.state),
        kind=word_of(MISSION_KINDS, values["kind"]),
        host=linked(register, str(values["host"])),
        provider=linked(register, str(values["provider"])),
        requested_on=_day(values["requested_on"]),
        follows=_other(every, values["follows"]),
        followed=[
            {"name": one.name, "href": mission_address(one.name)}
            for one in every.values()
            if one.values["follows"] == name
        ],
        caveats=caveat_badges(mission.caveats),
        under=linked(register, str(values["under"])) if values["under"] else None,
        terms=mission.said("terms"),
        prepared_on=_day(mission.said("prepared_on")),
        period=None if period is None else " – ".join(day_text(day) for day in period),
        sites=[one for one in str(mission.said("sites") or "").split(" | ") if one],
        team=[
            {**one, "part": word_of(PART_WORDS, one["part"]), "act": one["act_id"]}
            for one in mission.team
        ],
        life=_life(viewer, mission),
        findings=_findings(viewer, mission),
        following=following,
        may_step=viewer.may_post(STEP, viewer.state) and bool(following),
        may_find=viewer.may_post(FOUND, viewer.state),
        part_options=[("", _("choose")), *options_of(PART_WORDS)],
        organisations=with_current(organisations(register), first=_("choose")),
        finding_kinds=[("", _("as it was")), *options_of(FINDING_KINDS)],
        finding_states=[("", _("as it was"))]
        + [(one, _(text)) for one, (_badge, text) in FINDING_STATES.items()],
        follow_ups=[("", _("none"))]
        + [(one.name, one.name) for one in every.values() if one.values["follows"] == name],
        member_rows=range(1, MEMBER_ROWS + 1),
        here=mission_address(name),
        why=why(f"cooperation:{name}"),
        done=done_act(request),
        entered=entered,
        which=which,
        crumbs=[(_("Expert missions"), MISSIONS), (name, None)],
    )


def _other(every: Mapping[str, Mission], name: Any) -> dict[str, Any] | None:
    """Return a mission that is named as a link, if it is seen."""
    if not name or str(name) not in every:
        return None
    return {"name": str(name), "href": mission_address(str(name))}


def _life(viewer: Viewer, mission: Mission) -> list[dict[str, Any]]:
    """Return the steps of a mission, the last first, down to its request."""
    steps = lines_about(viewer, MISSION_STEP.name, mission=mission.name)
    files = evidence_shown(viewer, [one["evidence"] for one in steps])
    rows = [
        {
            "day": _day(one["on_day"]),
            "state": badge_of(MISSION_STATES, str(one["state"])),
            "reason": one["reason"],
            "side": one["side"],
            "evidence": files[place],
            "who": one["who"],
            "act": one["act_id"],
        }
        for place, one in enumerate(steps)
    ]
    asked = lines_about(viewer, EXPERT_MISSION.name, mission=mission.name)
    first = [
        {
            "day": _day(one["requested_on"]),
            "state": badge_of(MISSION_STATES, "requested"),
            "reason": one["note"] or "",
            "side": one["requested_by"],
            "evidence": [],
            "who": one["who"],
            "act": one["act_id"],
        }
        for one in asked
    ]
    return [*rows[::-1], *first[::-1]]


def _findings(viewer: Viewer, mission: Mission) -> list[dict[str, Any]]:
    """Return the findings of a mission as they stand, each with the acts that made it so."""
    lines = lines_about(viewer, MISSION_FINDING.name, mission=mission.name)
    files = evidence_shown(viewer, [one["evidence"] for one in mission.found.values()])
    rows = []
    for place, (number, one) in enumerate(mission.found.items()):
        due = due_of(one)
        rows.append(
            {
                "number": number,
                "kind": word_of(FINDING_KINDS, one["kind"]),
                "words": one["words"],
                "state": badge_of(FINDING_STATES, str(one["state"])),
                "reason": one["reason"],
                "owner": one["owner"],
                "plan": one["plan"],
                "due": None if one["due_on"] is None else number_date(int(one["due_on"])),
                "overdue": due is not None and due < viewer.today,
                "follow_up": _other(known_missions(viewer), one["follow_up"]),
                "evidence": files[place],
                "may_become": [
                    _(FINDING_STATES[state][1])
                    for state in FINDING_STATES
                    if state in FINDING_STEPS[str(one["state"])] and state != one["state"]
                ],
                "acts": [
                    {
                        "act": row["act_id"],
                        "text": f"{_day(row['on_day'])} "
                        f"{_(FINDING_STATES.get(str(row['state']), ('', str(row['state'])))[1])}",
                        "who": row["who"],
                    }
                    for row in lines
                    if str(row["number"]) == number
                ],
                "_kind": "error" if due is not None and due < viewer.today else None,
            }
        )
    return rows


def newer_about_mission(viewer: Viewer, name: str) -> Any:
    """Return what says which acts about a mission were posted after an act."""
    return lambda head: acts_about(viewer, ABOUT, name, head)


# --- an exchange of people -------------------------------------------------------------------


def findings_of(viewer: Viewer, name: str | None = None) -> list[Finding]:
    """Return what is wrong with exchanges of people, or with one of them, of what is seen."""
    every = exchange_findings(known_exchanges(viewer), known_missions(viewer))
    if name is None:
        return every
    return [one for one in every if name in f"{one.message} ".replace(":", " ").split()]


def show_exchange(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of an exchange; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: step or terms.

    Raises
    ------
    NotFoundError
        If there is no such exchange that is seen.
    """
    exchange = exchange_seen(viewer, name)
    register, values = known(viewer).register, exchange.values
    states = EXCHANGE_STEPS.get(exchange.state, frozenset())
    following = [(one, _(EXCHANGE_STATES[one][1])) for one in EXCHANGE_STATES if one in states]
    levels = options_of(LEVEL_WORDS)
    return render(
        request,
        "missions/exchange.html",
        http_status=entered.status,
        exchange=exchange,
        values=values,
        badge=badge_of(EXCHANGE_STATES, exchange.state),
        home=linked(register, str(values["home"])),
        host=linked(register, str(values["host"])),
        access=word_of(LEVEL_WORDS, values["access_level"]),
        clearance=word_of(LEVEL_WORDS, values["clearance_level"] or "open"),
        agreed_on=_day(values["agreed_on"]),
        stay=_span(values["first_day"], values["last_day"]),
        cleared=_span(values["clearance_from"], values["clearance_until"]),
        visa=_span(values["visa_from"], values["visa_until"]),
        under=linked(register, str(values["under"])) if values["under"] else None,
        output=next((s["output"] for s in reversed(exchange.steps) if s["output"]), None),
        wrong=findings_of(viewer, name),
        life=_exchange_life(viewer, name),
        following=following,
        may_step=viewer.may_post(EXCHANGE_STEP, viewer.state) and bool(following),
        may_agree=viewer.may_post(AGREE, viewer.state) and bool(following),
        levels=levels,
        clearances=[("", _("none")), *levels[1:]],
        here=exchange_address(name),
        why=why(f"cooperation:{name}"),
        done=done_act(request),
        entered=entered,
        which=which,
        crumbs=[(_("Exchanges of people"), EXCHANGED), (name, None)],
    )


def _span(first: Any, last: Any) -> str | None:
    if first is None and last is None:
        return None
    return f"{_day(first) or '…'} – {_day(last) or '…'}"


def _exchange_life(viewer: Viewer, name: str) -> list[dict[str, Any]]:
    steps = lines_about(viewer, PERSONNEL_STEP.name, exchange=name)
    files = evidence_shown(viewer, [one["evidence"] for one in steps])
    rows = [
        {
            "day": _day(one["on_day"]),
            "state": badge_of(EXCHANGE_STATES, str(one["state"])),
            "reason": one["reason"],
            "output": one["output"],
            "evidence": files[place],
            "who": one["who"],
            "act": int(one["act_id"]),
        }
        for place, one in enumerate(steps)
    ]
    rows += [
        {
            "day": _day(one["agreed_on"]),
            "state": badge_of(EXCHANGE_STATES, "agreed"),
            "reason": f"{_span(one['first_day'], one['last_day'])} {one['note'] or ''}".strip(),
            "output": None,
            "evidence": [],
            "who": one["who"],
            "act": int(one["act_id"]),
        }
        for one in lines_about(viewer, PERSONNEL_EXCHANGE.name, exchange=name)
    ]
    return sorted(rows, key=lambda row: row["act"], reverse=True)


def newer_about_exchange(viewer: Viewer, name: str) -> Any:
    """Return what says which acts about an exchange were posted after an act."""
    return lambda head: acts_about(viewer, ABOUT_EXCHANGE, name, head)
