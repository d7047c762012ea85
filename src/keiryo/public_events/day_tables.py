"""Tables of record of what is done for an event: checks, surveys, sweeps, locks, alarms, releases.

Nothing is replaced. Of an alarm, a spot, a lesson and the lock of a venue the last line counts.
Moments are UTC as texts, which sort as time does; fractions are parts per million.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

RECEIPT, DAILY = "receipt", "daily"
OPEN, DONE = "open", "closed"
LOCKED, UNLOCKED = "locked", "unlocked"
FALSE, INNOCENT, RESPONSE = "false", "innocent", "response"
ALARM_STATES = (OPEN, FALSE, INNOCENT, RESPONSE)
SEEN = ("gamma", "neutron", "both", "information")
ASKED, RELEASED, REFUSED = "asked", "released", "refused"
EVENT_REPORT, LENDER_REPORT = "event", "lender"

_EVENT = text("event", "name of the event", required=True)
_AT = text("at", "the moment, UTC", required=True)
_EVIDENCE = text("evidence", "SHA-256 of the file that shows it")

PUBLIC_EVENT_CHECK = LineKind(
    "public_event_check",
    "A check of an instrument, on receipt or of the day.",
    (
        _EVENT,
        text("serial", "serial number of the instrument", required=True),
        text("what", "receipt or daily", required=True),
        _AT,
        integer("passed", "1 if every part was passed", required=True),
        text("content", "the parts with reading and limits, as JSON", required=True),
        _EVIDENCE,
    ),
    checks=("what IN ('receipt', 'daily')", "passed IN (0, 1)"),
    indexes=((("event", "serial"), None),),
)
PUBLIC_EVENT_SURVEY = LineKind(
    "public_event_survey",
    "A background survey of a venue; its file is the evidence.",
    (
        _EVENT,
        text("venue", "name of the venue", required=True),
        text("instrument", "serial number of the instrument", required=True),
        text("starts", "first moment, UTC", required=True),
        text("ends", "last moment, UTC", required=True),
        integer("point_count", "how many points", required=True),
        text("evidence", "SHA-256 of the file", required=True),
    ),
    checks=("starts <= ends", "point_count > 0"),
    indexes=((("event", "venue"), None),),
)
PUBLIC_EVENT_SWEEP = LineKind(
    "public_event_sweep",
    "A sweep that was made: who, with what, and how much of the venue was covered.",
    (
        _EVENT,
        text("sweep", "name of the sweep in the plan", required=True),
        text("venue", "name of the venue", required=True),
        text("team", "the team", required=True),
        text("instruments", "serial numbers, joined by one space", required=True),
        text("starts", "first moment, UTC", required=True),
        text("ends", "last moment, UTC", required=True),
        integer("covered_ppm", "part of the venue that was covered, in millionths", required=True),
        integer("needed_ppm", "part that had to be covered, in millionths", required=True),
        integer("reach_mm", "reach of the instrument along the track, in mm", required=True),
        text("evidence", "SHA-256 of the track", required=True),
    ),
    checks=("starts <= ends", "covered_ppm BETWEEN 0 AND 1000000"),
    indexes=((("event", "venue"), None),),
)
PUBLIC_EVENT_SPOT = LineKind(
    "public_event_spot",
    "Something found in a sweep: open until it is explained.",
    (
        _EVENT,
        text("venue", "name of the venue", required=True),
        text("spot", "name of what was found", required=True),
        text("state", "open or closed", required=True),
        _AT,
        text("words", "what it is, or why it is closed", required=True),
    ),
    checks=("state IN ('open', 'closed')",),
    indexes=((("event", "venue"), None),),
)
PUBLIC_EVENT_LOCK = LineKind(
    "public_event_lock",
    "A venue is locked after its sweep, or unlocked again.",
    (
        _EVENT,
        text("venue", "name of the venue", required=True),
        text("state", "locked or unlocked", required=True),
        _AT,
        text("words", "who locked it, or why it was unlocked", required=True),
    ),
    checks=("state IN ('locked', 'unlocked')",),
    indexes=((("event", "venue"), None),),
)
PUBLIC_EVENT_ALARM = LineKind(
    "public_event_alarm",
    "An alarm at a post as the log of the day tells it; the last line of its name counts.",
    (
        _EVENT,
        text("alarm", "name of the alarm in the log", required=True),
        text("post", "name of the post", required=True),
        text("serial", "serial number of the instrument; empty for information"),
        _AT,
        text("seen", "gamma, neutron, both or information", required=True),
        text("state", "open, false, innocent or response", required=True),
        text("alarm_case", "the alarm case in which it is assessed"),
        text("words", "what was seen and decided", required=True),
    ),
    checks=(
        "seen IN ('gamma', 'neutron', 'both', 'information')",
        "state IN ('open', 'false', 'innocent', 'response')",
    ),
    indexes=((("event", "post"), None),),
)
PUBLIC_EVENT_RELEASE = LineKind(
    "public_event_release",
    "Information for a partner is asked for, and released or refused by a second person.",
    (
        _EVENT,
        text("information", "name of the item in the log of information", required=True),
        text("organisation", "the partner", required=True),
        text("purpose", "what it is for", required=True),
        text("state", "asked, released or refused", required=True),
        integer("on_day", "day", required=True),
        text("words", "why", required=True),
    ),
    checks=("state IN ('asked', 'released', 'refused')",),
    indexes=((("event",), None),),
)
PUBLIC_EVENT_LESSON = LineKind(
    "public_event_lesson",
    "A lesson of an event: what was seen, what follows, who sees to it.",
    (
        _EVENT,
        text("lesson", "name of the lesson", required=True),
        text("words", "what was seen", required=True),
        text("action", "what follows", required=True),
        text("owner", "who sees to it", required=True),
    ),
    indexes=((("event",), None),),
)
PUBLIC_EVENT_REPORT = LineKind(
    "public_event_report",
    "A final report: to the lender of instruments, or of the event, which closes it.",
    (
        _EVENT,
        text("what", "event or lender", required=True),
        text("loan", "the loan, in a report to its lender"),
        integer("on_day", "day of the report", required=True),
        text("evidence", "SHA-256 of the report as JSON", required=True),
    ),
    checks=("what IN ('event', 'lender')", "what <> 'lender' OR loan IS NOT NULL"),
    indexes=((("event",), None),),
)
DAY_KINDS = (
    *(PUBLIC_EVENT_CHECK, PUBLIC_EVENT_SURVEY, PUBLIC_EVENT_SWEEP, PUBLIC_EVENT_SPOT),
    *(PUBLIC_EVENT_LOCK, PUBLIC_EVENT_ALARM, PUBLIC_EVENT_RELEASE, PUBLIC_EVENT_LESSON),
    PUBLIC_EVENT_REPORT,
)
