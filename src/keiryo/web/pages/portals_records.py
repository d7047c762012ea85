"""Words and forms of what is recorded of an instrument: calibrations, checks, tests, trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keiryo.web.pages.seals_fields import Field, Kind
from keiryo.web.translation import sentence

CALIBRATION_STATES: Mapping[str, tuple[str, str]] = {
    "valid": (sentence("calibrated"), "ok"),
    "overdue": (sentence("calibration is due"), "warning"),
    "failed": (sentence("calibration failed"), "error"),
    "none": (sentence("no calibration"), "warning"),
}
TEST_VERDICTS: Mapping[str, tuple[str, str]] = {
    "passed": (sentence("passed"), "ok"),
    "failed": (sentence("failed"), "error"),
    "open": (sentence("the planned trials are not done"), "warning"),
    "not shown": (sentence("not shown by the trials"), "warning"),
    "untested": (sentence("no trial yet"), "plain"),
}
REQUIREMENT_WORDS: Mapping[str, str] = {
    "detection": sentence("probability of detection, at least"),
    "false_alarm": sentence("probability of a false alarm, at most"),
    "false_alarm_rate": sentence("rate of false alarms, at most"),
}
_RESULTS = {"passed": sentence("passed"), "failed": sentence("failed")}
_ON = Field("on_day", Kind.DAY, sentence("Day"), missing=sentence("Say on which day."))
_RESULT = Field(
    "result",
    Kind.CHOICE,
    sentence("Result"),
    missing=sentence("Choose the result."),
    choices=_RESULTS,
)
_NOTE = Field("note", Kind.WORDS, sentence("Note"))


@dataclass(frozen=True, slots=True)
class RecordForm:
    """A form about an instrument.

    Attributes
    ----------
    title, submit, lead : str
    fields : tuple of Field
    places : mapping
        At which field a finding stands, by its code.
    """

    title: str
    submit: str
    lead: str
    fields: tuple[Field, ...]
    places: Mapping[str, str] = field(default_factory=dict)


RECORDS: Mapping[str, RecordForm] = {
    "calibration": RecordForm(
        sentence("Record a calibration"),
        sentence("Record the calibration"),
        sentence("The certificate is kept as evidence. A day that is said again replaces nothing."),
        (
            _ON,
            Field(
                "calibrated_by",
                Kind.LINE,
                sentence("Calibrated by"),
                missing=sentence("Name who calibrated it."),
            ),
            Field(
                "check_source",
                Kind.LINE,
                sentence("Source that was used"),
                missing=sentence("Name the source."),
            ),
            _RESULT,
            Field(
                "due_on",
                Kind.DAY,
                sentence("Trusted until"),
                missing=sentence("Say until when it is trusted."),
            ),
            Field("certificate", Kind.FILE, sentence("Certificate")),
            _NOTE,
        ),
        {"DETECTION-FUTURE": "on_day", "DETECTION-TWICE": "on_day"},
    ),
    "check": RecordForm(
        sentence("Record a check"),
        sentence("Record the check"),
        sentence("An operational check: background, source, clock, tamper switch."),
        (
            Field(
                "check_name",
                Kind.LINE,
                sentence("What was checked"),
                missing=sentence("Say what was checked."),
            ),
            _ON,
            _RESULT,
            Field("reading", Kind.LINE, sentence("Reading with its unit")),
            Field("due_on", Kind.DAY, sentence("Trusted until")),
            _NOTE,
        ),
        {"DETECTION-FUTURE": "on_day"},
    ),
    "test": RecordForm(
        sentence("Plan a test"),
        sentence("Record the plan"),
        sentence("Numbers are decided before the first trial: what is to be shown, how surely."),
        (
            Field(
                "test",
                Kind.LINE,
                sentence("Name of the test"),
                missing=sentence("Name the test."),
            ),
            Field(
                "requirement",
                Kind.CHOICE,
                sentence("Requirement"),
                missing=sentence("Choose the requirement."),
                choices=REQUIREMENT_WORDS,
            ),
            Field(
                "required",
                Kind.LINE,
                sentence("Probability or rate"),
                sentence("As 0.9; a rate in alarms per unit of time."),
                missing=sentence("Write the number."),
            ),
            Field(
                "confidence",
                Kind.LINE,
                sentence("Confidence"),
                sentence("As 0.95."),
                missing=sentence("Write the number."),
            ),
            Field("trials_planned", Kind.NUMBER, sentence("Trials that are planned")),
            Field("every_days", Kind.NUMBER, sentence("Due again after so many days")),
            Field("conditions", Kind.LINE, sentence("Source, speed, distance")),
            Field("source", Kind.LINE, sentence("Standard or procedure")),
        ),
        {"DETECTION-PLAN": "trials_planned", "DETECTION-VALUE": "required"},
    ),
    "trial": RecordForm(
        sentence("Record trials"),
        sentence("Record the trials"),
        sentence("Runs of one campaign are judged together; the last campaign counts."),
        (
            Field(
                "test", Kind.CHOICE, sentence("Test"), missing=sentence("Choose the test.")
            ),
            Field("run", Kind.LINE, sentence("Name of the run"), missing=sentence("Name the run.")),
            _ON,
            Field(
                "trials",
                Kind.NUMBER,
                sentence("Trials"),
                sentence("For a rate: the time in its unit."),
                missing=sentence("Write how many."),
            ),
            Field(
                "alarms",
                Kind.NUMBER,
                sentence("Alarms among them"),
                missing=sentence("Write how many."),
            ),
            Field("campaign", Kind.LINE, sentence("Campaign")),
            _NOTE,
        ),
        {"DETECTION-FUTURE": "on_day", "DETECTION-TRIALS": "alarms"},
    ),
}  # fmt: skip
"""What can be recorded of an instrument by form."""
