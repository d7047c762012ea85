"""Decisions of a meeting that become commitments of the register.

A commitment that a meeting decided rests on words of the minutes as any other rests on words of
its document: the source is the meeting, the paragraph is the number of the item. Its verb is the
one in these words and its strength that of the verb; nothing is promoted.
"""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection

from keiryo.cooperation.meeting_acts import require_past
from keiryo.cooperation.meeting_tables import MEETING_DECISION, MEETING_ITEM
from keiryo.cooperation.meetings import ITEM_FIELDS, Item, Meeting, read_meetings
from keiryo.cooperation.quotations import collapsed
from keiryo.cooperation.register import Register, read_recorded
from keiryo.cooperation.strength import PHRASES, strength_of
from keiryo.cooperation.tables import COMMITMENT, COMMITMENT_CARE, COOPERATION_DATE, QUOTATION
from keiryo.dates import date_number
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.storage.engine import Database

DECIDE = "cooperation.decide"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a meeting decided.

    Attributes
    ----------
    actors : tuple of str
        Organisations or bodies of the register that are to do it.
    modality : str
        The verb as the minutes write it.
    action : str
        What is to be done.
    words, words_ja : str or None
        The words of the minutes that decide; None: the whole wording of the item. Where the item
        has no wording yet, they become it.
    name : str or None
        Name of the commitment; None: made of the meeting and the item.
    kind : str
        Kind of the commitment.
    due : datetime.date or None
        As the minutes fix it.
    owner : str or None
        Who looks after it: pseudonym or role.
    follows : str or None
        The commitment that it takes up again.
    condition, condition_type : str or None
        A trigger, or a limit.
    """

    actors: tuple[str, ...]
    modality: str
    action: str
    words: str | None = None
    words_ja: str | None = None
    name: str | None = None
    kind: str = "commitment"
    area: str | None = None
    due: datetime.date | None = None
    owner: str | None = None
    follows: str | None = None
    condition: str | None = None
    condition_type: str | None = None


def decide(
    database: Database,
    actor: Actor,
    meeting: str,
    number: int,
    decision: Decision,
    *,
    clock: Clock = system_clock,
) -> tuple[Posted, str]:
    """Record a commitment that a meeting decided.

    Returns
    -------
    Posted
    str
        Name of the commitment.

    Raises
    ------
    NotFoundError
        If there is no such meeting or item.
    RefusedError
        If the words are not in the minutes, the verb is not in the words, an actor is not in the
        register, and whatever else is wrong.
    """
    names: list[str] = []

    def draft(connection: Connection) -> Draft:
        held = read_meetings(connection, database.metadata).get(meeting)
        item = held.item(number)
        require_past(held, clock)
        register = read_recorded(connection, database.metadata)
        name = decision.name or _free_name(register, held, number)
        names[:] = [name]
        return _draft(held, item, decision, name, actor)

    return post(database, draft, actor, clock=clock), names[0]


def _free_name(register: Register, meeting: Meeting, number: int) -> str:
    stem = f"c.{meeting.name.removeprefix('m.')}.{number}"
    name, more = stem, 1
    while name in register.objects:
        more += 1
        name = f"{stem}-{more}"
    return name


def _draft(held: Meeting, item: Item, decision: Decision, name: str, actor: Actor) -> Draft:
    scope = actor.on_behalf_of
    made = Draft(DECIDE, f"cooperation:{uuid.uuid4()}")
    wording = {key: item.values[key] for key in ("words", "words_ja")}
    said = {"words": decision.words, "words_ja": decision.words_ja}
    if any(said[key] and not wording[key] for key in said):
        wording = {key: wording[key] or said[key] for key in said}
        made.add(
            MEETING_ITEM.name,
            {**{key: item.values[key] for key in ITEM_FIELDS}, **wording},
            scope=scope,
        )
    quoted = {key: collapsed(str(said[key] or wording[key] or "")) for key in said}
    made.add(COMMITMENT.name, _commitment(held, item, decision, name), scope=scope)
    for key, words in quoted.items():
        if words:
            values = _quotation(held, item, name, words, str(wording[key]))
            made.add(QUOTATION.name, values, scope=scope)
    if decision.due is not None:
        due = {"about": name, "what": "due", "value": decision.due.isoformat()}
        made.add(COOPERATION_DATE.name, {**due, "precision": "day", "basis": "stated"}, scope=scope)
    if decision.owner or decision.due is not None:
        cared: dict[str, Value] = {"commitment": name, "owner": decision.owner}
        cared["due_on"] = None if decision.due is None else date_number(decision.due)
        made.add(COMMITMENT_CARE.name, cared, scope=scope)
    link: dict[str, Value] = {"meeting": held.name, "item": item.number, "commitment": name}
    made.add(
        MEETING_DECISION.name,
        {
            **link,
            "words": quoted["words"] or quoted["words_ja"],
            "words_ja": quoted["words_ja"] or None,
        },
        scope=scope,
    )
    return made


def _commitment(held: Meeting, item: Item, decision: Decision, name: str) -> dict[str, Value]:
    area = decision.area
    return {
        "commitment": name,
        "kind": decision.kind,
        "actors": " ".join(decision.actors),
        "modality": decision.modality.strip(),
        "strength": strength_of(decision.modality)[0],
        "action": decision.action.strip(),
        "area": area,
        "condition": decision.condition,
        "condition_type": decision.condition_type,
        "under": held.body,
        "event": held.name,
        "follows": decision.follows,
    }


def _quotation(held: Meeting, item: Item, name: str, words: str, wording: str) -> dict[str, Value]:
    first, last = lines_of(words, wording) or (1, len(wording.splitlines()) or 1)
    return {
        "about": name,
        "source": held.name,
        "paragraph": item.number,
        "first_line": first,
        "last_line": last,
        "words": words,
        "compared": 1,
    }


def lines_of(words: str, wording: str) -> tuple[int, int] | None:
    r"""Return the first and last line of a wording on which words stand, or None.

    Examples
    --------
    >>> lines_of("agreed to meet", "Both sides\nagreed to\nmeet in May.")
    (2, 3)
    """
    text, sought = collapsed(wording), collapsed(words)
    start = text.find(sought)
    if not sought or start < 0:
        return None
    ends, length = [], 0
    for line in wording.splitlines():
        length += len(collapsed(line)) + (1 if length and collapsed(line) else 0)
        ends.append(length)
    first = next(number for number, end in enumerate(ends, 1) if start < end)
    last = next(number for number, end in enumerate(ends, 1) if start + len(sought) <= end)
    return first, last


def weaker_phrase(verb: str, words: str) -> str | None:
    """Return the weaker phrase of which a verb is only a part in some words, or None.

    Examples
    --------
    >>> weaker_phrase("agreed", "The sides agreed on the need for a plan.")
    'agreed on the need'
    >>> weaker_phrase("agreed", "The sides agreed to draw up a plan.") is None
    True
    >>> weaker_phrase("will", "It will be able to do so; JAEA will send a list.") is None
    True
    """
    text, own = f" {_plain(words)} ", f" {_plain(verb)} "
    degree = strength_of(verb)[0]
    longer = [one for one in PHRASES if own in f" {one} " and f" {one} " != own]
    found = {one: text.count(f" {one} ") for one in longer if PHRASES[one] < degree}
    if not any(found.values()) or text.count(own) > sum(found.values()):
        return None
    return max((one for one, count in found.items() if count), key=len)


def _plain(words: str) -> str:
    """Return words in lower case, without punctuation."""
    return " ".join(_NO_WORD.sub(" ", words.lower()).split())


_NO_WORD = re.compile(r"[^\w&'-]+")
