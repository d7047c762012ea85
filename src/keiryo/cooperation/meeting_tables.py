"""Tables of record of meetings: bodies that meet, what is on the agenda, what was decided.

A meeting and each item of it have a name and a number; recorded anew, the last line counts, so
that what an item said before stays in the record. An item of one meeting takes up an item of the
last one, and a decision names the item of the minutes from which a commitment came.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

PLANNED, HELD, CANCELLED = "planned", "held", "cancelled"
STATES = (PLANNED, HELD, CANCELLED)

ON_COMMITMENT, WORK_PLAN, TOPIC = "commitment", "work_plan", "topic"
ITEM_KINDS = (ON_COMMITMENT, WORK_PLAN, TOPIC)

WORKING_GROUP = LineKind(
    "working_group",
    "A working group of a body, and the areas of cooperation that it looks after.",
    (
        text("body", "name of the body in the register", required=True),
        text("working_group", "short name of the group, without a space", required=True),
        text("title", "full name", required=True),
        text("title_ja", "full name in Japanese"),
        text("areas", "areas of cooperation, as commitments name them, joined by one space"),
        integer("place", "place among the groups of the body, from 1", required=True),
    ),
    checks=("place >= 1",),
    indexes=((("body",), None),),
)

MEETING = LineKind(
    "meeting",
    "A meeting of a body; the last line of its name counts.",
    (
        text("meeting", "name of the meeting, e.g. m.commission-6", required=True),
        text("body", "name of the body in the register", required=True),
        text("title", "title", required=True),
        text("title_ja", "title in Japanese"),
        integer("on_day", "first day", required=True),
        integer("last_day", "last day", required=True),
        text("location", "where"),
        text("state", "planned, held or cancelled", required=True),
        integer("public", "1 if its minutes may be published, 0 if not", required=True),
        text("words", "joint text in English"),
        text("words_ja", "joint text in Japanese"),
    ),
    checks=(
        "on_day <= last_day",
        "state IN ('planned', 'held', 'cancelled')",
        "public IN (0, 1)",
    ),
    indexes=((("meeting",), None), (("body",), None)),
)

MEETING_ITEM = LineKind(
    "meeting_item",
    "An item of a meeting: of its agenda, its status sheet, its minutes, its work plan.",
    (
        text("meeting", "name of the meeting", required=True),
        integer("item", "number of the item, from 1", required=True),
        text("kind", "commitment, work_plan or topic", required=True),
        text("working_group", "working group of the body; none: the plenary"),
        text("title", "what it is about", required=True),
        text("title_ja", "what it is about, in Japanese"),
        text("commitment", "the commitment that it is about"),
        text("before_meeting", "the meeting whose item it takes up"),
        integer("before_item", "number of the item that it takes up"),
        text("words", "wording of the minutes in English"),
        text("words_ja", "wording of the minutes in Japanese"),
        text("change", "what changed since the last meeting"),
        text("next_step", "what is done next"),
        text("owner", "who does it: pseudonym, role or organisation"),
        integer("due_on", "by when"),
        integer("open", "1 if the next meeting takes it up, 0 if it is closed", required=True),
        integer("public", "1 if it may be published, 0 if not", required=True),
    ),
    checks=(
        "item >= 1",
        "kind IN ('commitment', 'work_plan', 'topic')",
        "open IN (0, 1)",
        "public IN (0, 1)",
    ),
    indexes=(
        (("meeting",), None),
        (("commitment",), "commitment IS NOT NULL"),
        (("before_meeting",), "before_meeting IS NOT NULL"),
    ),
)

MEETING_ATTENDANCE = LineKind(
    "meeting_attendance",
    "That an organisation took part in a meeting; the list of the last act counts.",
    (
        text("meeting", "name of the meeting", required=True),
        text("organisation", "name of the organisation in the register", required=True),
        integer("persons", "how many persons, where it was counted"),
        text("head", "who led them: office or role"),
    ),
    checks=("persons IS NULL OR persons >= 1",),
    indexes=((("meeting",), None),),
)

MEETING_DECISION = LineKind(
    "meeting_decision",
    "A decision of a meeting from which a commitment came.",
    (
        text("meeting", "name of the meeting", required=True),
        integer("item", "number of the item of the minutes", required=True),
        text("commitment", "name of the commitment that came of it", required=True),
        text("words", "the words of the minutes that decide", required=True),
        text("words_ja", "the same in Japanese, where the minutes have both"),
    ),
    indexes=((("meeting",), None), (("commitment",), None)),
)

LINE_KINDS: tuple[LineKind, ...] = (
    *(WORKING_GROUP, MEETING, MEETING_ITEM, MEETING_ATTENDANCE, MEETING_DECISION),
)
