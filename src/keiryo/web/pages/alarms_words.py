"""Words of alarm cases: origins, categories, what a step is called and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keiryo.web.pages.seals_fields import Field, Kind
from keiryo.web.translation import sentence

ORIGIN_WORDS: Mapping[str, str] = {
    "INSTRUMENT_ALARM": sentence("alarm of an instrument"),
    "INFORMATION_ALERT": sentence("alert by information"),
}
CATEGORY_WORDS: Mapping[str, str] = {
    "NORM": sentence("natural radioactivity"),
    "MEDICAL": sentence("medical"),
    "INDUSTRIAL": sentence("industrial"),
    "NUCLEAR": sentence("nuclear material"),
    "MIXED": sentence("of several kinds"),
    "UNKNOWN": sentence("unknown"),
}
CATEGORY_BADGES: Mapping[str, str] = {
    "NORM": "ok",
    "MEDICAL": "info",
    "INDUSTRIAL": "warning",
    "NUCLEAR": "error",
    "MIXED": "error",
    "UNKNOWN": "warning",
}
EXPLANATION_WORDS: Mapping[str, str] = {
    "commodity": sentence("declared goods"),
    "patient": sentence("a patient"),
    "declaration": sentence("declared transfer"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a case as a form.

    Attributes
    ----------
    title, submit : str
        What it is called, and what the button says.
    key : str
        The key that leads to it on the desk.
    fields : tuple of Field
        Beside moment, reason and evidence, which every step has.
    """

    title: str
    submit: str
    key: str
    fields: tuple[Field, ...] = ()


_PLACE = Field(
    "place",
    Kind.LINE,
    sentence("Where the radiation comes from"),
    sentence("On the vehicle, the person or the goods."),
    missing=sentence("Say where it comes from."),
)
_DOSE = Field(
    "dose_rate_usv_h",
    Kind.LINE,
    sentence("Dose rate there, µSv/h"),
    missing=sentence("Measure the dose rate."),
)
_NEUTRONS = Field(
    "neutrons",
    Kind.CHOICE,
    sentence("Neutrons above background"),
    missing=sentence("Say whether there are neutrons."),
    choices={"0": sentence("no"), "1": sentence("yes")},
)
_FAULT = Field("fault", Kind.TICK, sentence("By a fault of the instrument"))
_CATEGORY = Field(
    "category",
    Kind.CHOICE,
    sentence("Radiation category"),
    missing=sentence("Choose the category."),
    choices=CATEGORY_WORDS,
)
_RECEIVER = Field(
    "receiver",
    Kind.LINE,
    sentence("To whom"),
    missing=sentence("Name who takes it over."),
)
_REFERENCE = Field("reference", Kind.LINE, sentence("Reference of the message or receipt"))
_SPECTRUM = Field(
    "spectrum",
    Kind.FILE,
    sentence("Spectrum"),
    sentence(
        "A file of an instrument, or the answer of 'keiryo spectrum identify'; both are kept."
    ),
    missing=sentence("Choose the file of the spectrum."),
)
_BACKGROUND = Field(
    "background",
    Kind.FILE,
    sentence("Background"),
    sentence("Of the same instrument; without it that of the file itself."),
)
STEPS: Mapping[str, Step] = {
    "VERIFIED": Step(sentence("Verify the alarm"), sentence("Record that it is verified"), "v"),
    "FALSE": Step(
        sentence("Declare a false alarm"), sentence("Record the false alarm"), "f", (_FAULT,)
    ),
    "LOCALIZED": Step(
        sentence("Localize the source"), sentence("Record where it is"), "l", (_PLACE,)
    ),
    "CHARACTERIZED": Step(
        sentence("Measure dose rate and neutrons"),
        sentence("Record the measurement"),
        "m",
        (_DOSE, _NEUTRONS),
    ),
    "IDENTIFIED": Step(
        sentence("Identify the nuclides"),
        sentence("Identify and record"),
        "i",
        (_SPECTRUM, _BACKGROUND),
    ),
    "CATEGORIZED": Step(
        sentence("Give the category"), sentence("Record the category"), "c", (_CATEGORY,)
    ),
    "INNOCENT_DECLARED": Step(
        sentence("Decide: innocent and declared"), sentence("Record the decision"), "d"
    ),
    "INNOCENT_UNDECLARED": Step(
        sentence("Decide: innocent, not declared"), sentence("Record the decision"), "u"
    ),
    "ILLEGAL_OR_UNAUTHORIZED": Step(
        sentence("Decide: illegal or unauthorized"), sentence("Record the decision"), "a"
    ),
    "UNRESOLVED": Step(
        sentence("Decide: cannot be resolved"), sentence("Record the decision"), "x"
    ),
    "RESPONSE": Step(
        sentence("Hand over to response"),
        sentence("Record the hand-over"),
        "r",
        (_RECEIVER, _REFERENCE),
    ),
    "ESCALATED": Step(
        sentence("Bring before headquarters"),
        sentence("Record the escalation"),
        "e",
        (_RECEIVER, _REFERENCE),
    ),
    "CLOSED": Step(sentence("Close the case"), sentence("Close the case"), "z"),
}
"""Steps by the state that they lead to."""

REASON = Field("reason", Kind.WORDS, sentence("Why"), missing=sentence("Say why in a few words."))
EVIDENCE = Field(
    "evidence",
    Kind.LINE,
    sentence("Named evidence"),
    sentence("An act (act:17), or a measurement (measurement:RIID-1@2027-05-31T14:00+09:00)."),
)
FILES = Field("files", Kind.FILES, sentence("Files"), sentence("Files are kept with the act."))
BACK = Field(
    "state",
    Kind.CHOICE,
    sentence("Back to"),
    missing=sentence("Choose the state."),
)
RAISING = (
    Field(
        "alarm",
        Kind.LINE,
        sentence("Name of the case"),
        sentence("Letters, digits, point, hyphen, underscore."),
        missing=sentence("Name the case."),
    ),
    Field(
        "origin",
        Kind.CHOICE,
        sentence("Origin"),
        missing=sentence("Choose the origin."),
        choices=ORIGIN_WORDS,
    ),
    Field("site", Kind.LINE, sentence("Site"), missing=sentence("Name the site.")),
    Field("lane", Kind.LINE, sentence("Lane")),
    Field("partner", Kind.LINE, sentence("Partner")),
    Field("instrument", Kind.LINE, sentence("Instrument")),
    Field("gamma", Kind.TICK, sentence("Gamma alarm")),
    Field("neutron", Kind.TICK, sentence("Neutron alarm")),
    Field("max_sigma", Kind.LINE, sentence("Largest sigma")),
    Field("dose_rate_usv_h", Kind.LINE, sentence("Dose rate as first read, µSv/h")),
    Field(
        "subject", Kind.LINE, sentence("Subject"), sentence("Vehicle, container, person, parcel …")
    ),
    Field("container", Kind.LINE, sentence("Container")),
    Field("consignee", Kind.LINE, sentence("Who receives the goods")),
    Field("trader", Kind.LINE, sentence("Trader whose status is claimed")),
    Field("commodity_code", Kind.LINE, sentence("Customs code of the goods")),
    Field("commodity", Kind.LINE, sentence("The goods as declared")),
    Field("words", Kind.WORDS, sentence("What happened")),
    EVIDENCE,
    FILES,
)
