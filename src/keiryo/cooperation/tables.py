"""Tables of record of cooperation: the register with where it is said, and what became of promises.

An object of the register (an organisation, an instrument, a commitment …) has a name of its own;
recorded anew under that name, the last line counts. Lists of names are joined by one space: no
name has a space in it. Dates and quotations stand in tables of their own, because an instrument
has a date for each party and chamber, and every object may rest on several sentences.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

BASES = ("stated", "inferred", "external")
"""What a date, or who the parties are, rests on: the text itself, its sense, another source."""

COOPERATION_SOURCE = LineKind(
    "cooperation_source",
    "A document that the register quotes; its words are not kept, only their digest.",
    (
        text("source", "short name of the document, e.g. S0", required=True),
        text("file", "name of the file with its text", required=True),
        text("title", "title"),
        text("kind", "what kind of document it is"),
        text("digest", "SHA-256 of the text that the quotations were compared with, hexadecimal"),
    ),
    indexes=((("source",), None),),
)

QUOTATION = LineKind(
    "quotation",
    "Words of a document on which an object of the register rests.",
    (
        text("about", "name of the object", required=True),
        text("source", "short name of the document", required=True),
        integer("paragraph", "logical paragraph, counted from 1", required=True),
        integer("first_line", "first line of the text", required=True),
        integer("last_line", "last line of the text", required=True),
        text("words", "the words as they stand there, white space collapsed", required=True),
        integer("compared", "1 if they were compared with the text, 0 if it was not at hand"),
    ),
    checks=("first_line <= last_line", "compared IN (0, 1)"),
    indexes=((("about",), None),),
)

COOPERATION_DATE = LineKind(
    "cooperation_date",
    "A date of an object of the register, as exact as its source says.",
    (
        text("about", "name of the object", required=True),
        text("what", "what happened: signed, ratified, in_force, due …", required=True),
        text("party", "whose date it is, where each party or chamber has its own"),
        text("value", "YYYY, YYYY-MM or YYYY-MM-DD"),
        text("precision", "day, month, year, approximate, period or open", required=True),
        text("basis", "stated, inferred or external", required=True),
        text("words", "the original wording"),
        text("earliest", "first possible day, ISO 8601"),
        text("latest", "last possible day, ISO 8601"),
        text("note", "note"),
    ),
    checks=(
        "basis IN ('stated', 'inferred', 'external')",
        "precision IN ('day', 'month', 'year', 'approximate', 'period', 'open')",
    ),
    indexes=((("about",), None),),
)

EXTERNAL_FACT = LineKind(
    "external_fact",
    "What another public source says of an object of the register.",
    (
        text("about", "name of the object", required=True),
        text("fact", "the fact", required=True),
        text("source", "where it was read"),
    ),
    indexes=((("about",), None),),
)

ORGANISATION = LineKind(
    "organisation",
    "A State, ministry, agency, international organisation or group that takes part.",
    (
        text("organisation", "name in the register, e.g. JP.JAEA", required=True),
        text("title", "full name", required=True),
        text("aliases", "other names, joined by ' | '"),
        text("country", "ISO 3166-1 alpha-2, or INT", required=True),
        text("kind", "what kind of organisation", required=True),
        text("parent", "the organisation that it belongs to"),
        text("note", "note"),
    ),
    indexes=((("organisation",), None),),
)

OFFICE_HOLDER = LineKind(
    "office_holder",
    "A person in an office, as a document names them.",
    (
        text("holder", "name in the register, e.g. p.kimura-ryo", required=True),
        text("person", "name of the person", required=True),
        text("person_basis", "external if the full name is from another source"),
        text("office", "the office"),
        text("organisation", "whose office it is"),
        text("role", "what the person does in the document"),
        text("held_from", "first day in office, ISO 8601"),
        text("held_to", "last day in office, ISO 8601"),
        text("note", "note"),
    ),
    indexes=((("holder",), None),),
)

INSTRUMENT = LineKind(
    "instrument",
    "An agreement, memorandum, joint statement or other text between parties.",
    (
        text("instrument", "name in the register, e.g. i.us-jp-2006", required=True),
        text("kind", "agreement, memorandum, joint-statement …", required=True),
        text("title", "title", required=True),
        text("parties", "organisations that are bound"),
        text("intended_parties", "organisations that negotiate or pursue it, not bound yet"),
        text("party_basis", "what it rests on who the parties are"),
        text("place", "where it was signed"),
        text("areas", "areas of cooperation"),
        text("status_words", "status in the words of the document"),
        text("succeeds", "the instrument that it takes the place of"),
        text("attributed_to", "who says so, where the document reports it"),
        text("note", "note"),
    ),
    indexes=((("instrument",), None),),
)

INSTRUMENT_PERSON = LineKind(
    "instrument_person",
    "A person who signed an instrument or saw it signed.",
    (
        text("instrument", "name of the instrument", required=True),
        text("holder", "name of the person in office", required=True),
        text("part", "signatory or witness", required=True),
        text("party", "for whom a signatory signed"),
    ),
    checks=("part IN ('signatory', 'witness')",),
    indexes=((("instrument",), None),),
)

COOPERATION_BODY = LineKind(
    "cooperation_body",
    "A commission, committee, dialogue or working group of several parties.",
    (
        text("body", "name in the register", required=True),
        text("title", "full name", required=True),
        text("kind", "what kind of body"),
        text("parties", "its members"),
        text("under", "instrument, body or programme that it belongs to"),
        text("mandate", "what it is for"),
        text("status_words", "status in the words of the document"),
        text("note", "note"),
    ),
    indexes=((("body",), None),),
)

PROGRAMME = LineKind(
    "programme",
    "A programme, project or initiative.",
    (
        text("programme", "name in the register", required=True),
        text("title", "full name", required=True),
        text("actors", "who carries it"),
        text("actor_basis", "what it rests on who they are"),
        text("led_by", "who leads it"),
        text("area", "area of cooperation"),
        text("goal", "what it is for"),
        text("under", "instrument, body or programme that it belongs to"),
        text("status_words", "status in the words of the document"),
        text("note", "note"),
    ),
    indexes=((("programme",), None),),
)

COMMITMENT = LineKind(
    "commitment",
    "What somebody undertook, intends, offers or holds possible, with the verb as written.",
    (
        text("commitment", "name in the register, e.g. c004", required=True),
        text("kind", "commitment, meeting, equipment-loan, offer …", required=True),
        text("actors", "whose commitment it is", required=True),
        text("actor_basis", "what it rests on who they are"),
        text("attributed_to", "who says so, where the document reports it"),
        text("modality", "the verb as written", required=True),
        integer("strength", "3 undertaking, 2 intention, 1 wish or possibility", required=True),
        text("action", "what is to be done", required=True),
        text("area", "area of cooperation"),
        text("condition", "the condition in words"),
        text("condition_type", "trigger: sleeps until it occurs; limit: bounds what is done"),
        text("under", "instrument, body or programme that it belongs to"),
        text("event", "meeting at which it was said"),
        text("beneficiaries", "for whom"),
        text("follows", "the commitment that this one takes up again"),
        text("note", "note"),
    ),
    checks=(
        "strength BETWEEN 1 AND 3",
        "condition_type IS NULL OR condition_type IN ('trigger', 'limit')",
    ),
    indexes=((("commitment",), None),),
)

COOPERATION_EVENT = LineKind(
    "cooperation_event",
    "A signing, meeting, visit or other event.",
    (
        text("event", "name in the register", required=True),
        text("title", "what it was", required=True),
        text("place", "where"),
        text("participants", "organisations, bodies and persons who took part"),
        text("instrument", "the instrument that came of it"),
        text("note", "note"),
    ),
    indexes=((("event",), None),),
)

HISTORY_STATEMENT = LineKind(
    "history_statement",
    "What a document says of what came before.",
    (
        text("statement", "name in the register, e.g. h01", required=True),
        text("words", "what is said", required=True),
        text("area", "area of cooperation"),
    ),
    indexes=((("statement",), None),),
)

COMMITMENT_CLAIM = LineKind(
    "commitment_claim",
    "That a commitment is fulfilled, with what shows it; a second person looks and decides.",
    (
        text("commitment", "name of the commitment", required=True),
        integer("on_day", "day on which it was fulfilled", required=True),
        text("reason", "what was done", required=True),
        text("evidence", "digests of files, or acts as act:17, joined by one space", required=True),
    ),
    indexes=((("commitment",), None),),
)

COMMITMENT_STEP = LineKind(
    "commitment_step",
    "A step in the life of a commitment; the last one says how it stands.",
    (
        text("commitment", "name of the commitment", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on", required=True),
        integer("on_day", "day of the step", required=True),
        text("reason", "why", required=True),
        text("evidence", "digests of files, or acts as act:17, joined by one space"),
        text("side", "the organisation whose act it is, where that matters"),
        text("occurred", "what occurred, where the commitment slept until then"),
        integer("claim_act", "the act in which somebody else claimed that it is fulfilled"),
    ),
    indexes=((("commitment",), None), (("claim_act",), "claim_act IS NOT NULL")),
)

COMMITMENT_CARE = LineKind(
    "commitment_care",
    "Who looks after a commitment, and what comes next; the last line counts.",
    (
        text("commitment", "name of the commitment", required=True),
        text("owner", "responsible person: pseudonym or role"),
        text("deputy", "deputy"),
        text("next_action", "what is done next"),
        integer("next_on", "by when"),
        integer("due_on", "day on which it is due, where somebody fixed one"),
        integer("review_on", "day on which something without a due day is looked at again"),
        text("risk", "what could keep it from being done"),
    ),
    indexes=((("commitment",), None),),
)

LINE_KINDS = (
    *(COOPERATION_SOURCE, QUOTATION, COOPERATION_DATE, EXTERNAL_FACT, ORGANISATION, OFFICE_HOLDER),
    *(INSTRUMENT, INSTRUMENT_PERSON, COOPERATION_BODY, PROGRAMME, COMMITMENT, COOPERATION_EVENT),
    *(HISTORY_STATEMENT, COMMITMENT_CLAIM, COMMITMENT_STEP, COMMITMENT_CARE),
)

NAMED_BY = {
    COOPERATION_SOURCE.name: "source",
    ORGANISATION.name: "organisation",
    OFFICE_HOLDER.name: "holder",
    INSTRUMENT.name: "instrument",
    COOPERATION_BODY.name: "body",
    PROGRAMME.name: "programme",
    COMMITMENT.name: "commitment",
    COOPERATION_EVENT.name: "event",
    HISTORY_STATEMENT.name: "statement",
}
"""The objects of the register: the line kind of each, and the field with its name."""

ABOUT = {
    COOPERATION_DATE.name: "about",
    EXTERNAL_FACT.name: "about",
    QUOTATION.name: "about",
    INSTRUMENT_PERSON.name: "instrument",
}
"""What belongs to an object, and the field with the object's name."""
