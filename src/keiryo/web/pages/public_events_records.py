"""Words and fields of the forms by which an event team records what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keiryo.public_events.instrument_checks import DAILY_COLUMNS, LIMIT_COLUMNS, RECEIPT_COLUMNS
from keiryo.public_events.survey import COLUMNS as SURVEY_COLUMNS
from keiryo.public_events.sweeping import TRACK_COLUMNS
from keiryo.web.pages.seals_fields import Field, Kind
from keiryo.web.translation import sentence


@dataclass(frozen=True, slots=True)
class Entry:
    """A form of an event.

    Attributes
    ----------
    title, submit, lead, permission : str
    fields : tuple of Field
    timed : bool
        Whether the moment is asked for.
    columns : tuple of str
        Those of the sheet, shown with the form.
    places : mapping
        At which field a finding stands, by its code.
    """

    title: str
    submit: str
    lead: str
    permission: str
    fields: tuple[Field, ...]
    timed: bool = False
    columns: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


def _choice(name: str, label: str, missing: str, **choices: str) -> Field:
    return Field(name, Kind.CHOICE, label, missing=missing, choices=choices)


_SHEET = Field("sheet", Kind.FILE, sentence("Sheet"), missing=sentence("Choose the file."))
_WORDS = Field(
    "words", Kind.LINE, sentence("In a few words"), missing=sentence("Say it in a few words.")
)
_VENUE = _choice("venue", sentence("Venue"), sentence("Choose the venue."))
_POST = _choice("post", sentence("Post"), sentence("Choose the post."))
_SERIAL = _choice("serial", sentence("Instrument"), sentence("Choose the instrument."))
_ORGANISATION = Field(
    "organisation",
    Kind.LINE,
    sentence("Organisation"),
    sentence("As in the register of cooperation."),
    missing=sentence("Name the organisation."),
)
ENTRIES: Mapping[str, Entry] = {
    "receipt": Entry(
        sentence("Checks on receipt"),
        sentence("Record the checks"),
        sentence("What is seen, and trials that are judged by exact bounds."),
        "public_event.check",
        (_SHEET,),
        columns=RECEIPT_COLUMNS,
    ),
    "daily": Entry(
        sentence("Daily checks"),
        sentence("Record the checks"),
        sentence("Background, check source, neutrons and clock, held against a sheet of limits."),
        "public_event.check",
        (
            _SHEET,
            Field(
                "limits",
                Kind.FILE,
                sentence("Sheet of limits"),
                sentence("One row for each instrument."),
                missing=sentence("Choose the sheet of limits."),
            ),
        ),
        columns=(*DAILY_COLUMNS, "·", *LIMIT_COLUMNS),
    ),
    "survey": Entry(
        sentence("Background survey"),
        sentence("Record the survey"),
        sentence("Counts on the way through the venue; the map of the event shows them."),
        "public_event.survey",
        (_VENUE, _SHEET),
        columns=SURVEY_COLUMNS,
    ),
    "sweep": Entry(
        sentence("Sweep"),
        sentence("Record the sweep"),
        sentence("How much of the venue it covered is worked out from the way."),
        "public_event.sweep",
        (
            _choice("sweep", sentence("Sweep"), sentence("Choose the sweep.")),
            Field("team", Kind.LINE, sentence("Team"), missing=sentence("Name the team.")),
            Field(
                "instruments",
                Kind.TICKS,
                sentence("Instruments"),
                missing=sentence("Choose the instruments."),
            ),
            Field(
                "reach",
                Kind.LINE,
                sentence("How far it sees from the way, m"),
                missing=sentence("Write the number."),
            ),
            Field("needed", Kind.LINE, sentence("Part to be covered")),
            Field(
                "sheet", Kind.FILE, sentence("Sheet with the way"),
                missing=sentence("Choose the file."),
            ),
        ),
        columns=TRACK_COLUMNS,
    ),
    "spot": Entry(
        sentence("What a sweep found"),
        sentence("Record it"),
        sentence("Found and open, or closed with what it was."),
        "public_event.spot",
        (
            _VENUE,
            Field(
                "spot", Kind.LINE, sentence("Name of the spot"), missing=sentence("Name the spot.")
            ),
            _choice(
                "state", sentence("Status"), sentence("Choose the status."),
                open=sentence("open"), closed=sentence("closed"),
            ),
            _WORDS,
        ),
        timed=True,
    ),
    "lock": Entry(
        sentence("Lock or unlock a venue"),
        sentence("Record it"),
        sentence("A venue that is not swept can be locked, too; the page says what lacks."),
        "public_event.lock",
        (
            _VENUE,
            _choice(
                "state", sentence("Status"), sentence("Choose the status."),
                locked=sentence("locked"), unlocked=sentence("unlocked"),
            ),
            _WORDS,
        ),
        timed=True,
    ),
    "alarm": Entry(
        sentence("Alarm of the log"),
        sentence("Record the alarm"),
        sentence("A name that is in the log already is told anew. Neutrons need an alarm case."),
        "public_event.alarm",
        (
            Field(
                "alarm", Kind.LINE, sentence("Name of the alarm"),
                missing=sentence("Name the alarm."),
            ),
            _POST,
            Field("serial", Kind.CHOICE, sentence("Instrument")),
            _choice(
                "seen", sentence("What was seen"), sentence("Choose what was seen."),
                gamma=sentence("gamma"), neutron=sentence("neutrons"),
                both=sentence("gamma and neutrons"), information=sentence("information"),
            ),
            _choice(
                "state", sentence("Status"), sentence("Choose the status."),
                open=sentence("open"), false=sentence("false"), innocent=sentence("innocent"),
                response=sentence("handed over to response"),
            ),
            Field("alarm_case", Kind.LINE, sentence("Alarm case")),
            _WORDS,
        ),
        timed=True,
    ),
    "assign": Entry(
        sentence("Hand an instrument out"),
        sentence("Record the hand-over"),
        sentence("To a post of the plan, through the chain of custody; what is unfit stays."),
        "equipment.custody",
        (
            _SERIAL,
            _POST,
            Field(
                "receiver", Kind.LINE, sentence("Who receives it"),
                missing=sentence("Name who receives it."),
            ),
            _ORGANISATION,
        ),
        timed=True,
    ),
    "ask": Entry(
        sentence("Ask for a release to a partner"),
        sentence("Ask for it"),
        sentence("Caveats are looked at first; another person releases it."),
        "public_event.release",
        (
            Field(
                "information",
                Kind.LINE,
                sentence("Information"),
                sentence("Name in the log of information."),
                missing=sentence("Name the information."),
            ),
            _ORGANISATION,
            Field(
                "purpose", Kind.LINE, sentence("Purpose"), missing=sentence("Say for what.")
            ),
            _WORDS,
        ),
    ),
    "release": Entry(
        sentence("Release to a partner"),
        sentence("Record the answer"),
        sentence("What somebody else asked for; it is handed out with its caveats, or refused."),
        "public_event.release",
        (
            _choice("asked", sentence("What was asked for"), sentence("Choose what was asked.")),
            _choice(
                "answer", sentence("Answer"), sentence("Choose the answer."),
                yes=sentence("release"), no=sentence("refuse"),
            ),
            _WORDS,
        ),
    ),
    "lessons": Entry(
        sentence("Lessons"),
        sentence("Record the lessons"),
        sentence("What was seen, what follows, and who owns it."),
        "public_event.lesson",
        (_SHEET,),
        columns=("lesson", "words", "action", "owner"),
    ),
}  # fmt: skip
"""Forms of an event, in the order of its days."""
