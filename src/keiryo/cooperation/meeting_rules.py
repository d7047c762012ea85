"""What a meeting, its items and its decisions must fulfil, whatever the face that posts them.

A body is in the register before it meets; an item that is taken up is one of an earlier meeting of
the same body; a piece of work has an owner and a day; a decision stands in the words of the
minutes, with its verb, and is not made stronger than they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keiryo.cooperation.meeting_acts import BASIS
from keiryo.cooperation.meeting_decisions import lines_of, weaker_phrase
from keiryo.cooperation.meeting_tables import (
    CANCELLED,
    HELD,
    MEETING,
    MEETING_ATTENDANCE,
    MEETING_DECISION,
    MEETING_ITEM,
    ON_COMMITMENT,
    WORK_PLAN,
    WORKING_GROUP,
)
from keiryo.cooperation.meetings import Meeting, Meetings, read_meetings
from keiryo.cooperation.register import Register, read_recorded
from keiryo.cooperation.register_file import COMMITMENT_KINDS
from keiryo.cooperation.strength import strength_of
from keiryo.cooperation.tables import (
    COMMITMENT,
    COOPERATION_BODY,
    COOPERATION_DATE,
    ORGANISATION,
    QUOTATION,
)
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal

_MEETING_NAME = re.compile(r"m\.[A-Za-z0-9][A-Za-z0-9.-]{0,59}")
_WORDS = ("words", "words_ja")
_GROUP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,59}")


@dataclass(frozen=True)
class _Books:
    """The books before an act and with it."""

    posting: Posting

    @cached_property
    def now(self) -> Meetings:
        return read_meetings(self.posting.connection, self.posting.metadata)

    @cached_property
    def before(self) -> Meetings:
        posting = self.posting
        return read_meetings(posting.connection, posting.metadata, posting.act_id - 1)

    @cached_property
    def register(self) -> Register:
        """The register before the act."""
        posting = self.posting
        return read_recorded(posting.connection, posting.metadata, posting.act_id - 1)

    def is_body(self, name: Any) -> bool:
        found = self.register.objects.get(str(name))
        return found is not None and found.kind == COOPERATION_BODY.name


def check_meetings(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse meetings, items, attendance and decisions that do not hold; warn of the rest."""
    books = _Books(posting)
    for line in posting.lines(WORKING_GROUP.name):
        yield from _group(books, line)
    for line in posting.lines(MEETING.name):
        yield from _meeting(books, line)
    for line in posting.lines(MEETING_ITEM.name):
        yield from _item(books, line)
    yield from _attendance(books)
    for line in posting.lines(MEETING_DECISION.name):
        yield from _decision(books, line)
    yield from _quoted_minutes(books)


def _group(books: _Books, line: Mapping[str, Any]) -> Iterator[Refusal]:
    name = str(line["working_group"])
    if not books.is_body(line["body"]):
        yield _no_body(line["body"])
    if not _GROUP_NAME.fullmatch(name) or not str(line["title"]).strip():
        yield _refusal(
            "MEETING-GROUP",
            f"{name[:60]!r} is no name for a working group, or it has no title",
            "Take letters, digits, points and hyphens, e.g. security, and give its full name.",
        )
    areas = set(str(line["areas"] or "").split())
    for other in books.now.groups.get(str(line["body"]), ()):
        both = areas & set(str(other["areas"] or "").split())
        if other["working_group"] != name and both:
            yield _refusal(
                "MEETING-AREA",
                f"{', '.join(sorted(both))}: {other['working_group']} looks after it already",
                "Give each area to one working group of the body.",
            )


def _meeting(books: _Books, line: Mapping[str, Any]) -> Iterator[Finding | Refusal]:
    name, body = str(line["meeting"]), str(line["body"])
    known = books.before.meetings.get(name)
    if not _MEETING_NAME.fullmatch(name) or (known is None and name in books.register.objects):
        yield _refusal(
            "MEETING-NAME",
            f"{name[:60]!r} is no name for a meeting, or stands for something else",
            "Write m. and then letters, digits, points and hyphens, e.g. m.commission-6.",
        )
    if not books.is_body(body):
        yield _no_body(body)
    elif known is None and " to be " in f" {books.register.get(body).values['status_words']} ":
        words = books.register.get(body).values["status_words"]
        yield _warning(
            "MEETING-BODY-STATUS",
            f"the register says of {body}: “{words}”",
            "Look whether it exists by now, and record what says so.",
        )
    if known is not None and known.body != body:
        yield _refusal(
            "MEETING-BODY",
            f"{name} is a meeting of {known.body}, not of {body}",
            "Plan a meeting of another name.",
        )
    if known is not None and known.state == HELD and line["state"] != HELD:
        yield _refusal(
            "MEETING-STATE",
            f"{name} was held on {known.on}; it cannot be {line['state']} any more",
            "Plan the next meeting under a name of its own.",
        )
    if line["state"] == HELD:
        yield from _held(books, books.now.get(name))


def _held(books: _Books, meeting: Meeting) -> Iterator[Finding | Refusal]:
    seated = {str(row["organisation"]) for row in meeting.attendance}
    if not seated:
        yield _refusal(
            "MEETING-ATTENDANCE",
            f"nobody is recorded to have taken part in {meeting.name}",
            "Say which organisations took part.",
        )
    body = books.register.objects.get(meeting.body)
    for party in body.names("parties") if body is not None and seated else ():
        if not any(party in _above(books.register, one) for one in seated):
            yield _warning(
                "MEETING-PARTY",
                f"{party} is a member of {meeting.body}, and nobody of it took part in "
                f"{meeting.name}",
                "Complete the attendance, or leave it where that is how it was.",
            )
    if meeting.is_public:
        yield from _both_languages(meeting.name, meeting.values)


def _above(register: Register, name: str) -> set[str]:
    """Return an organisation, what it belongs to, and its country."""
    found: set[str] = set()
    while name not in found:
        found.add(name)
        one = register.objects.get(name)
        if one is None or one.kind != ORGANISATION.name:
            break
        found.add(str(one.values["country"]))
        name = str(one.values["parent"] or name)
    return found


def _both_languages(name: str, values: Mapping[str, Any]) -> Iterator[Finding]:
    missing = [
        language
        for language, field in (("English", "words"), ("Japanese", "words_ja"))
        if not values[field]
    ]
    if missing:
        yield _warning(
            "MEETING-LANGUAGE",
            f"{name} may be published and has no text in {' or '.join(missing)}",
            "Add the joint text in both languages before it is published.",
        )


def _item(books: _Books, line: Mapping[str, Any]) -> Iterator[Finding | Refusal]:
    name = f"{line['meeting']}/{line['item']}"
    meeting = books.now.meetings.get(str(line["meeting"]))
    if meeting is None:
        yield _no_meeting(line["meeting"])
        return
    if meeting.state == CANCELLED:
        yield _called_off(meeting)
    group = line["working_group"]
    if group is not None and books.now.group(meeting.body, str(group)) is None:
        yield _refusal(
            "MEETING-GROUP",
            f"{name}: {meeting.body} has no working group {str(group)[:60]!r}",
            "Record it with 'keiryo cooperation meeting group', or leave the item to the plenary.",
        )
    commitment = line["commitment"]
    if commitment is not None and not _is_commitment(books, str(commitment)):
        yield _refusal(
            "COMMITMENT-UNKNOWN",
            f"{name}: there is no commitment {str(commitment)[:60]!r} in the register",
            "'keiryo cooperation commitments' lists their names.",
        )
    if not str(line["title"]).strip() or (line["kind"] == ON_COMMITMENT and commitment is None):
        yield _refusal(
            "MEETING-ITEM",
            f"{name} does not say what it is about",
            "Give it a title, or the commitment that it is about.",
        )
    for decided in meeting.decisions:
        kept = (lines_of(str(decided["words"]), str(line[one] or "")) for one in _WORDS)
        if decided["item"] == line["item"] and not any(kept):
            yield _refusal(
                "MEETING-WORDS",
                f"{name}: the words that decided {decided['commitment']} would not stand in it",
                "Keep what was decided word for word; add to it what is missing.",
            )
    yield from _takes_up(books, meeting, name, line)
    yield from _work(meeting, name, line)
    if line["public"]:
        yield from _both_languages(name, line)


def _is_commitment(books: _Books, name: str) -> bool:
    found = books.register.objects.get(name)
    return found is not None and found.kind == COMMITMENT.name


def _takes_up(
    books: _Books, meeting: Meeting, name: str, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    before, number = line["before_meeting"], line["before_item"]
    if before is None and number is None:
        return
    earlier = books.now.meetings.get(str(before))
    if (
        earlier is None
        or earlier.body != meeting.body
        or earlier.on > meeting.on
        or earlier.name == meeting.name
        or all(one.number != number for one in earlier.items)
    ):
        yield _refusal(
            "MEETING-BEFORE",
            f"{name} takes up {before}/{number}, which is no item of an earlier meeting of "
            f"{meeting.body}",
            "Name an item of an earlier meeting of the same body, or none.",
        )
    twice = [
        one.name
        for one in meeting.items
        if one.before == (before, number) and one.number != line["item"]
    ]
    if twice:
        yield _refusal(
            "MEETING-BEFORE",
            f"{name} takes up {before}/{number}, and so does {twice[0]}",
            "One item takes up another one; give further matters an item of their own.",
        )


def _work(meeting: Meeting, name: str, line: Mapping[str, Any]) -> Iterator[Refusal]:
    if line["kind"] != WORK_PLAN:
        return
    missing = [
        words
        for words, field in (("owner", "owner"), ("day", "due_on"))
        if line["open"] and not line[field]
    ]
    if missing:
        yield _refusal(
            "MEETING-WORK",
            f"{name} is work to be done and has no {' and no '.join(missing)}",
            "Say who does it (--owner) and by when (--due).",
        )
    first = meeting.values["on_day"]
    if line["due_on"] and line["before_meeting"] is None and line["due_on"] < first:
        yield _refusal(
            "MEETING-DAY",
            f"{name} would be due before the meeting of {meeting.on}",
            "Correct the day.",
        )


def _attendance(books: _Books) -> Iterator[Refusal]:
    seen: set[tuple[str, str]] = set()
    for line in books.posting.lines(MEETING_ATTENDANCE.name):
        meeting, name = str(line["meeting"]), str(line["organisation"])
        if meeting not in books.now.meetings:
            yield _no_meeting(meeting)
        found = books.register.objects.get(name)
        if found is None or found.kind != ORGANISATION.name or (meeting, name) in seen:
            words = "is named twice" if (meeting, name) in seen else "is not in the register"
            yield _refusal(
                "MEETING-ORGANISATION",
                f"{meeting}: the organisation {name[:60]!r} {words}",
                "'keiryo cooperation register --kind organisations' lists their names; each "
                "stands once, with the number of its persons.",
            )
        seen.add((meeting, name))


def _decision(books: _Books, line: Mapping[str, Any]) -> Iterator[Finding | Refusal]:
    name, source = str(line["commitment"]), str(line["meeting"])
    meeting = books.now.meetings.get(source)
    if meeting is None:
        yield _no_meeting(source)
        return
    if meeting.state == CANCELLED:
        yield _called_off(meeting)
    posting = books.posting
    made = [one for one in posting.lines(COMMITMENT.name) if one["commitment"] == name]
    quoted = [
        one
        for one in posting.lines(QUOTATION.name)
        if (one["about"], one["source"], one["paragraph"]) == (name, source, line["item"])
    ]
    if name in books.register.objects or not _GROUP_NAME.fullmatch(name):
        yield _refusal(
            "MEETING-TAKEN",
            f"{name[:60]!r} stands in the register already, or is no name",
            "Give the commitment a name of its own, of letters, digits, points and hyphens; what "
            "takes up another one says so.",
        )
    if len(made) != 1 or not quoted:
        yield _refusal(
            "MEETING-WORDS",
            f"{source}/{line['item']}: no words of the minutes decide on {name}",
            "Record the wording of the item, and quote from it what decides.",
        )
        return
    yield from _verb(made[0], " ".join(str(one["words"]) for one in quoted))
    yield from _decided(books, meeting, made[0])


def _decided(books: _Books, meeting: Meeting, made: Mapping[str, Any]) -> Iterator[Refusal]:
    """Look at a commitment that a meeting decided: kind, what, who, what it takes up, by when."""
    name = str(made["commitment"])
    if made["kind"] not in COMMITMENT_KINDS:
        yield _refusal(
            "REGISTER-KIND",
            f"{name} is of the kind {str(made['kind'])[:60]!r}",
            f"Kinds are: {', '.join(COMMITMENT_KINDS)}.",
        )
    if not str(made["action"]).strip():
        yield _refusal(
            "REGISTER-MISSING", f"{name} has no action", "Say what is to be done (--action)."
        )
    for given in str(made["actors"] or "").split() or [""]:
        found = books.register.objects.get(given)
        if found is None or found.kind not in (ORGANISATION.name, COOPERATION_BODY.name):
            yield _refusal(
                "MEETING-ACTOR",
                f"{name}: {given[:60]!r} is no organisation or body of the register",
                "Say who is to do it, by the name in the register.",
            )
    follows = made["follows"]
    if follows is not None and not _is_commitment(books, str(follows)):
        yield _refusal(
            "COMMITMENT-UNKNOWN",
            f"{name} takes up {str(follows)[:60]!r}, which is no commitment of the register",
            "'keiryo cooperation commitments' lists their names.",
        )
    for date in books.posting.lines(COOPERATION_DATE.name):
        early = date["value"] is not None and date["value"] < meeting.on.isoformat()
        if (date["about"], date["what"]) == (name, "due") and early:
            yield _refusal(
                "MEETING-DAY",
                f"{name} would be due before the meeting of {meeting.on}",
                "Correct the day.",
            )


def _verb(commitment: Mapping[str, Any], words: str) -> Iterator[Finding | Refusal]:
    name, verb = str(commitment["commitment"]), str(commitment["modality"])
    degree, known = strength_of(verb)
    phrase = weaker_phrase(verb, words)
    if not verb.strip() or verb.lower() not in words.lower():
        yield _refusal(
            "MEETING-VERB",
            f"{name}: “{verb}” does not stand in the words of the minutes",
            "Take the verb as the minutes write it.",
        )
    elif phrase is not None or int(commitment["strength"]) != degree:
        yield _refusal(
            "VERB-RAISED",
            f"{name}: the minutes say “{phrase or verb}”, which is of degree "
            f"{strength_of(phrase or verb)[0]}",
            "Write the verb as it stands and its degree. Nothing is promoted: may stays may.",
        )
    elif not known:
        yield _warning(
            "VERB-UNKNOWN",
            f"{name}: how binding “{verb}” is, is not known; it counts as the weakest",
            "Look at the sentence; a phrase that returns is added to the table.",
        )


def _quoted_minutes(books: _Books) -> Iterator[Refusal]:
    """Refuse words quoted from minutes that do not stand there, or that decide nothing."""
    posting = books.posting
    quoted = list(posting.lines(QUOTATION.name))
    if not quoted:
        return
    decided = {
        (one["commitment"], one["meeting"], one["item"])
        for one in posting.lines(MEETING_DECISION.name)
    }
    for one in quoted:
        meeting = books.now.meetings.get(str(one["source"]))
        if meeting is None:
            continue
        number = int(one["paragraph"])
        item = next((item for item in meeting.items if item.number == number), None)
        wordings = [] if item is None else [item.values["words"], item.values["words_ja"]]
        if (one["about"], one["source"], number) not in decided or not any(
            lines_of(str(one["words"]), str(wording or "")) for wording in wordings
        ):
            yield _refusal(
                "MEETING-WORDS",
                f"“{str(one['words'])[:120]}” does not stand in the wording of "
                f"{meeting.name}/{number}, or decides nothing",
                "Quote the minutes word for word; record their wording first.",
            )


def _no_body(name: Any) -> Refusal:
    return _refusal(
        "MEETING-BODY",
        f"there is no body {str(name)[:60]!r} in the register",
        "'keiryo cooperation register --kind bodies' lists them; a new one is recorded from the "
        "text that establishes it with 'keiryo cooperation import'.",
    )


def _no_meeting(name: Any) -> Refusal:
    return _refusal(
        "MEETING-UNKNOWN",
        f"there is no meeting {str(name)[:60]!r}",
        "'keiryo cooperation meeting plan' records one.",
    )


def _called_off(meeting: Meeting) -> Refusal:
    return _refusal(
        "MEETING-STATE",
        f"{meeting.name} was called off",
        "Plan it anew with 'keiryo cooperation meeting plan', or take another one.",
    )


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))


def _warning(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.WARNING, message, advice, basis=BASIS)


MEETINGS_HOLD = Check(
    "meetings of bodies",
    frozenset(
        {
            *(WORKING_GROUP.name, MEETING.name, MEETING_ITEM.name, MEETING_ATTENDANCE.name),
            *(MEETING_DECISION.name, QUOTATION.name),
        }
    ),
    check_meetings,
)
