"""What each form about a seal asks for: one form for each event of the life of seals.

The names of fields are those of the event. What must hold of them is judged where the event is
recorded, so that a report that does not fit is refused and kept; here stands only what a form
cannot be without, and at which field a finding is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keiryo.seals.tables import EXAMINATION_FINDINGS
from keiryo.web.pages.seals_fields import Field, Kind, photographs
from keiryo.web.pages.seals_words import COMPONENT_WORDS, FINDING_WORDS
from keiryo.web.translation import sentence


@dataclass(frozen=True, slots=True)
class Step:
    """The form of an event.

    Attributes
    ----------
    title, submit : str
        Sentences: the heading, and the button.
    fields : tuple of Field
    intro : str
        What to know before; empty if nothing.
    at, person, second : str
        How moment and persons are called; an empty `person` or `second` is not asked for.
    pair : bool
        Whether it takes two persons.
    """

    title: str
    submit: str
    fields: tuple[Field, ...] = ()
    intro: str = ""
    at: str = sentence("When it was")
    person: str = sentence("Who did it")
    second: str = sentence("Second person")
    pair: bool = False


LINE, WORDS, LINES, CHOICE, DAY = Kind.LINE, Kind.WORDS, Kind.LINES, Kind.CHOICE, Kind.DAY
NUMBER, TICK, TICKS, FILE, FILES = Kind.NUMBER, Kind.TICK, Kind.TICKS, Kind.FILE, Kind.FILES

REASON = Field("reason", WORDS, sentence("Reason"), missing=sentence("Say why; it is kept."))
WHY = Field("reason", WORDS, sentence("Reason"))
WHAT_HAPPENED = Field("reason", WORDS, sentence("What happened"))
REMARK = Field("remark", WORDS, sentence("Remark"))
PLACE = Field("place", LINE, sentence("Where"))
REFERENCE = Field(
    "reference",
    FILE,
    sentence("Reference image"),
    sentence("By it the seal is identified later; of some types nothing can be compared without."),
)
MORE = Field(
    "more",
    LINES,
    sentence("Further seals, the same at once"),
    sentence("One a line, as body and number: XA/0042. All of them are recorded, or none."),
)
FINDING = Field(
    "finding",
    CHOICE,
    sentence("Finding"),
    missing=sentence("Choose what was found."),
    choices={name: FINDING_WORDS[name] for name in EXAMINATION_FINDINGS},
)
_CHOOSE = sentence("Say whether it was in order, not in order, or not seen.")
READER = Field(
    "reader",
    LINE,
    sentence("How the reader authenticated the log"),
    sentence("In words, where the log bears no signatures: what the reader showed."),
)

LOG_TERMS = (
    READER,
    Field(
        "zero",
        LINE,
        sentence("When the seconds of the log begin"),
        sentence("Only of a log in seconds: day, time and offset, e.g. 2026-01-01T00:00:00Z."),
    ),
    Field(
        "offsets",
        LINES,
        sentence("Readings of the clock"),
        sentence("One a line, TIME=SECONDS: true time minus the seal's, when it showed TIME."),
    ),
    Field("soh", NUMBER, sentence("Seconds between its reports of health")),
    Field("margin", NUMBER, sentence("Seconds allowed beyond twice that time")),
    Field("limit", NUMBER, sentence("Voltage to change the battery at, in mV")),
    Field("visit", LINE, sentence("Next planned visit"), sentence("Day, time and offset.")),
    Field(
        "beside",
        FILES,
        sentence("Files beside the log"),
        sentence("Chain, signatures and heads, if they are files of their own."),
    ),
)
"""How a log is to be read."""

ATTACHED_TO = (
    Field(
        "paths",
        TICKS,
        sentence("Ways that it closes"),
        missing=sentence("Tick the way or ways that it closes."),
    ),
    Field("items", TICKS, sentence("What it holds")),
    Field(
        "further",
        LINES,
        sentence("Further batches or items that it holds"),
        sentence("One a line, as MBA/NAME. At least one batch or item is named or ticked."),
    ),
    Field("route", LINE, sentence("How wire or fibre runs")),
    Field(
        "co_device",
        LINE,
        sentence("Device applied with it"),
        sentence("E.g. camera:CAM-01 or seal:XA/0042."),
    ),
    Field(
        "depends_on",
        LINES,
        sentence("Depends on"),
        sentence("Power feeds, links, mountings, clocks, one a line."),
    ),
)


STEPS: Mapping[str, Step] = {
    "receive": Step(
        sentence("Receipt into stock"), sentence("Record the receipt"), (PLACE, REMARK), second=""
    ),
    "issue": Step(
        sentence("Issue it"),
        sentence("Record the issue"),
        (
            Field(
                "role",
                LINE,
                sentence("In which role"),
                sentence("E.g. inspector."),
                missing=sentence("State the role, e.g. inspector."),
            ),
            Field("organisation", LINE, sentence("For which body")),
            PLACE,
            REFERENCE,
            REMARK,
            MORE,
        ),
        at=sentence("When it was issued"),
        person=sentence("Issued to"),
        second=sentence("And to"),
    ),
    "return": Step(
        sentence("Return it unused"),
        sentence("Record the return"),
        (
            Field(
                "role",
                CHOICE,
                sentence("As whom"),
                choices={
                    "": sentence("as the person to whom it was issued"),
                    "custodian": sentence("as custodian of the store"),
                },
            ),
            Field(
                "unopened",
                TICK,
                sentence("It was looked at, and was never closed or opened"),
                sentence("A seal that was closed or opened is made void, not returned."),
            ),
            REMARK,
        ),
        at=sentence("When it came back"),
        person=sentence("Returned by"),
        second="",
    ),
    "void": Step(
        sentence("Make it void"), sentence("Record that it is void"), (REASON,), pair=True
    ),
    "destroy": Step(
        sentence("Destroy it unused"), sentence("Record the destruction"), (REASON,), pair=True
    ),
    "loss": Step(
        sentence("Record that it is lost"),
        sentence("Record the loss"),
        (
            REASON,
            Field(
                "place",
                LINE,
                sentence("Where it was last"),
                missing=sentence("State the last known place."),
            ),
        ),
        at=sentence("When it was last there"),
        person=sentence("Who found that it is lost"),
    ),
    "attach": Step(
        sentence("Attach it"),
        sentence("Record the attachment"),
        (*ATTACHED_TO, REFERENCE, WHY, REMARK),
        at=sentence("When it was attached"),
        person=sentence("Attached by"),
    ),
    "check": Step(
        sentence("Record a check"),
        sentence("Record the check"),
        (
            Field(
                "number_read",
                LINE,
                sentence("Number as it was read on the seal"),
                sentence("With leading zeros, as it stands there."),
                missing=sentence("Read the number on the seal, and write it as it stands."),
            ),
            Field("tag", CHOICE, sentence("The seal itself"), "", _CHOOSE, COMPONENT_WORDS),
            Field(
                "wire", CHOICE, sentence("Wire or fibre, all along"), "", _CHOOSE, COMPONENT_WORDS
            ),
            Field("enclosure", CHOICE, sentence("The containment"), "", _CHOOSE, COMPONENT_WORDS),
            REMARK,
        ),
        at=sentence("When it was checked"),
        person=sentence("Checked by"),
    ),
    "broken": Step(
        sentence("Record that it was found broken"),
        sentence("Record what was found"),
        (WHAT_HAPPENED,),
        at=sentence("When it was found so"),
        person=sentence("Found by"),
    ),
    "missing": Step(
        sentence("Record that it was found missing"),
        sentence("Record what was found"),
        (WHAT_HAPPENED,),
        at=sentence("When it was found so"),
        person=sentence("Found by"),
    ),
    "detach": Step(
        sentence("Record that it was taken off"),
        sentence("Record the detachment"),
        (
            Field(
                "by_operator",
                TICK,
                sentence("The operator took it off"),
                sentence("Without a notice it is recorded as found broken."),
            ),
            Field("notice", LINE, sentence("Notice of the operator")),
            WHY,
            REMARK,
        ),
        at=sentence("When it was taken off"),
        person=sentence("Taken off by"),
    ),
    "recover": Step(
        sentence("Record that its remains were recovered"),
        sentence("Record the recovery"),
        (PLACE,),
        intro=sentence("Whatever is left of a broken seal goes to examination as it is."),
        person=sentence("Recovered by"),
    ),
    "found-again": Step(
        sentence("Record that it was found again"),
        sentence("Record that it was found again"),
        (PLACE,),
        intro=sentence("It counts as taken off; what it held meanwhile stays unknown."),
        person=sentence("Found by"),
    ),
    "declare-lost": Step(
        sentence("Declare it lost"),
        sentence("Declare it lost"),
        (REASON,),
        person=sentence("Declared by"),
    ),
    "dispatch": Step(
        sentence("Send it to headquarters"),
        sentence("Record the dispatch"),
        (
            Field(
                "bag",
                LINE,
                sentence("Number of the sealed bag"),
                missing=sentence("Write the number of the bag."),
            ),
            Field(
                "courier",
                LINE,
                sentence("Who carries it"),
                missing=sentence("Name who carries it."),
            ),
            Field(
                "expected_on",
                DAY,
                sentence("Day on which it should arrive"),
                missing=sentence("Say on which day it should arrive."),
            ),
            MORE,
        ),
        at=sentence("When it left"),
        person=sentence("Sent by"),
    ),
    "verify": Step(
        sentence("Verify it in the field"),
        sentence("Record the verification"),
        (FINDING, REMARK),
        at=sentence("When it was verified"),
        person=sentence("Verified by"),
    ),
    "read-out": Step(
        sentence("Read out its log"),
        sentence("Read the log"),
        (
            Field(
                "log",
                FILE,
                sentence("Log"),
                sentence("As the reader wrote it: CSV or JSON lines with seq, t, code, value."),
                missing=sentence("Choose the file of the log."),
            ),
            Field("look", TICK, sentence("Only show what the log says, and record nothing")),
            *LOG_TERMS,
            REMARK,
        ),
        intro=sentence("The log decides over the period; the file is kept with the act."),
        at=sentence("When it was read out"),
        person=sentence("Read out by"),
    ),
    "examine": Step(
        sentence("Receive and examine it at headquarters"),
        sentence("Record the examination"),
        (FINDING, REMARK),
        intro=sentence("Nobody who took it off examines it. Some types are examined by two."),
        at=sentence("When it was examined"),
        person=sentence("Examined by"),
    ),
    "found": Step(
        sentence("Record that it was found"),
        sentence("Record that it was found"),
        (
            Field(
                "role",
                CHOICE,
                sentence("As whom"),
                missing=sentence("That a lost seal was found is for a supervisor to record."),
                choices={"supervisor": sentence("as supervisor")},
            ),
            PLACE,
            REMARK,
        ),
        intro=sentence("A seal lost from stock goes into quarantine: it must not be issued."),
        person=sentence("Recorded by"),
    ),
    "service": Step(
        sentence("New keys and service"),
        sentence("Record the service"),
        (
            Field(
                "self_test",
                CHOICE,
                sentence("Self test afterwards"),
                missing=sentence("Choose the result of the self test."),
                choices={"good": sentence("good"), "failed": sentence("failed")},
            ),
            REMARK,
        ),
        intro=sentence("After new keys and a good self test it is in stock again."),
        person=sentence("Serviced by"),
    ),
    "retire": Step(
        sentence("Destroy it after its time"),
        sentence("Record the destruction"),
        (
            Field("retention_days", NUMBER, sentence("Days for which verified seals are kept")),
            WHY,
        ),
        pair=True,
    ),
    "withdraw": Step(
        sentence("Withdraw the event"),
        sentence("Withdraw the event"),
        (REASON,),
        intro=sentence("For an event that never was; it stays in the record and counts no more."),
        at=sentence("When it was withdrawn"),
        second="",
    ),
}
"""The form of each event."""

FIELD_OF_CODE: Mapping[str, str] = {
    "SEAL-TWO-PERSONS": "second",
    "SEAL-EXAMINER": "second",
    "SEAL-HOLDER": "person",
    "SEAL-PERSON": "person",
    "SEAL-REASON": "reason",
    "SEAL-PLACE": "place",
    "SEAL-ROLE": "role",
    "SEAL-SUPERVISOR": "role",
    "SEAL-REFERENCE": "reference",
    "SEAL-NOT-UNOPENED": "unopened",
    "SEAL-PATH": "paths",
    "SEAL-ITEM": "further",
    "SEAL-CHECK": "number_read",
    "SEAL-NOTICE": "notice",
    "SEAL-DISPATCH": "bag",
    "SEAL-FINDING": "finding",
    "SEAL-SELF-TEST": "self_test",
    "SEAL-RETENTION": "retention_days",
    "SEAL-ORDER": "at",
    "SEAL-FUTURE": "at",
    "SEAL-TIME": "at",
    "SEAL-LOG-MISSING": "log",
    "SEAL-LOG-UNREADABLE": "log",
    "SEAL-LOG-CLOCK": "log",
}
"""At which field a finding is shown, where the form has it."""

PHOTOGRAPHS = photographs()


def fields_of(event: str, *, correcting: bool = False, logging: bool = False) -> tuple[Field, ...]:
    """Return the fields of an event.

    Parameters
    ----------
    event : str
    correcting : bool
        Whether it corrects another: then it is about one seal.
    logging : bool
        Whether the seal keeps a log: then a check may bring it.
    """
    found = [one for one in STEPS[event].fields if not (correcting and one is MORE)]
    if event == "check" and logging:
        log = Field("log", FILE, sentence("Log"), sentence("If the seal was read out with it."))
        found += [log, *LOG_TERMS]
    if event != "withdraw":
        found.append(PHOTOGRAPHS)
    return tuple(found)


def places_of(event: str, fields: tuple[Field, ...]) -> dict[str, str]:
    """Return at which field of a form each finding is shown."""
    named = {one.name for one in fields} | {"at", "person"}
    if STEPS[event].second:
        named.add("second")
    return {code: name for code, name in FIELD_OF_CODE.items() if name in named}
