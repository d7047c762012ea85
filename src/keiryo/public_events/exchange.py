"""Information of an event for partners: asked for, released by a second person, then handed out.

Information and its caveats are those of `keiryo.cooperation`. Here is added that somebody else,
whom the authority sheet of the plan entitles to ``release information``, has released it to that
partner for that purpose; only then it is handed out, and only what the caveats allow.
"""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.cooperation.information import HandedOut, InformationWanted, hand_out
from keiryo.cooperation.information import record_information as record_item
from keiryo.dates import date_number, number_date
from keiryo.journal.model import Actor, Posted, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.public_events.acts import as_json, events_rows, plan_in_force, record, refuse
from keiryo.public_events.alarm_log import alarms
from keiryo.public_events.day_checks import release_of
from keiryo.public_events.day_tables import ASKED, PUBLIC_EVENT_RELEASE, REFUSED, RELEASED
from keiryo.public_events.sheets import plan_finding
from keiryo.storage.engine import Database


def keep_log(
    database: Database,
    actor: Actor,
    event: str,
    *,
    from_organisation: str,
    to_organisation: str,
    on: datetime.date,
    caveats: tuple[str, ...] = (),
    purposes: tuple[str, ...] = (),
    clock: Clock = system_clock,
) -> str:
    """Keep the log of alarms as it stands as an item of the log of information; return its name.

    Parameters
    ----------
    from_organisation, to_organisation : str
        Who made the log, and the body of the same State for which it was made (of the register).
    caveats, purposes : tuple of str
        How it is to be handled.
    """
    with database.reading() as connection:
        plan_in_force(connection, database.metadata, event)
        told = alarms(connection, database.metadata, event)
    own = ("alarm", "post", "at", "seen", "state", "alarm_case", "words")
    rows = [{name: one[name] for name in own} for one in told.values()]
    content = (as_json({"event": event, "alarms": rows}) + "\n").encode()
    wanted = InformationWanted(
        "in",
        on,
        from_organisation,
        to_organisation,
        "file",
        f"log of alarms of {event}",
        content=(f"{event}-alarms.json", content),
        caveats=caveats,
        purposes=purposes,
    )
    return record_item(database, actor, wanted, clock=clock)[0]


def ask(
    database: Database,
    actor: Actor,
    event: str,
    information: str,
    organisation: str,
    purpose: str,
    *,
    on: datetime.date,
    words: str,
    clock: Clock = system_clock,
) -> Posted:
    """Ask that information be released to a partner.

    Raises
    ------
    RefusedError
        If a caveat forbids it, whoever releases it: every reason; or no plan is in force.
    NotFoundError
        If there is no such item or organisation.
    """
    hand_out(
        database, actor, organisation, on=on, purpose=purpose, names=(information,), check=True
    )
    values = _values(event, information, organisation, purpose, ASKED, on, words)
    return record(database, actor, "release", [(PUBLIC_EVENT_RELEASE.name, values)], clock=clock)


def release(
    database: Database,
    actor: Actor,
    event: str,
    information: str,
    organisation: str,
    *,
    on: datetime.date,
    words: str,
    no: bool = False,
    clock: Clock = system_clock,
) -> tuple[Posted, HandedOut | None]:
    """Release what was asked for and hand it out, or refuse it.

    Caveats are asked before anything is recorded.

    Raises
    ------
    RefusedError
        If nobody asked, the same person asked, the plan does not entitle them, or a caveat forbids
        it by now.
    """
    with database.reading() as connection:
        rows = events_rows(connection, database.metadata, PUBLIC_EVENT_RELEASE.name, event)
    last = release_of(rows, {"information": information, "organisation": organisation})
    if last is None:
        advice = "Ask for it first: 'keiryo public-event ask'."
        told = f"nobody has asked for the release of {information} for {organisation}"
        refuse([plan_finding("PUBLIC-EVENT-RELEASE", told, advice)], "the release")
    assert last is not None
    purpose, state = str(last["purpose"]), REFUSED if no else RELEASED
    going: dict[str, Any] = {"on": on, "purpose": purpose, "names": (information,)}
    if not no:
        hand_out(database, actor, organisation, check=True, **going)
    values = _values(event, information, organisation, purpose, state, on, words)
    lines = [(PUBLIC_EVENT_RELEASE.name, values)]
    posted = record(database, actor, "release", lines, reason=words, clock=clock)
    if no:
        return posted, None
    return posted, hand_out(database, actor, organisation, clock=clock, **going)


def _values(
    event: str,
    information: str,
    organisation: str,
    purpose: str,
    state: str,
    on: datetime.date,
    words: str,
) -> dict[str, Value]:
    return {
        "event": event,
        "information": information,
        "organisation": organisation,
        "purpose": purpose,
        "state": state,
        "on_day": date_number(on),
        "words": words,
    }


def releases(connection: Connection, metadata: MetaData, event: str) -> list[dict[str, Any]]:
    """Return what was asked for, released and refused, as plain data, in order."""
    names = ("information", "organisation", "purpose", "state", "words")
    return [
        {"on": number_date(row["on_day"]).isoformat(), **{name: row[name] for name in names}}
        for row in events_rows(connection, metadata, PUBLIC_EVENT_RELEASE.name, event)
    ]
