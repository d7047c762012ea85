"""Fields of forms about seals and containments, as data: what each asks for, and how it is read.

A form names its fields once. They are shown with what was typed, with what stands in the record, or
empty; and what was sent is read from the same list. What is wrong with a field stands at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from keiryo.errors import KeiryoError
from keiryo.web.pages.boards import Entered, day_of, explain_error
from keiryo.web.pages.seals_asked import AskedForm
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number

MOST_LINES = 60_000
"""Most characters of a list that is typed: some thousand numbers."""

Options = Mapping[str, Sequence[tuple[str, str]]]
"""What can be chosen in a field, by its name: values with their words."""


class Kind(StrEnum):
    """How a field is typed."""

    LINE = "line"
    WORDS = "words"
    LINES = "lines"
    CHOICE = "choice"
    DAY = "day"
    NUMBER = "number"
    TICK = "tick"
    TICKS = "ticks"
    FILE = "file"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.

    Attributes
    ----------
    name : str
        Without the name of its form.
    kind : Kind
    label, hint : str
        Sentences.
    missing : str
        What is said where it is empty; a field with it must be filled in.
    choices : mapping
        What can be chosen: value to sentence.
    """

    name: str
    kind: Kind
    label: str
    hint: str = ""
    missing: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)


def photographs() -> Field:
    """Return the field of photographs and other files that show it."""
    return Field(
        "photos", Kind.FILES, sentence("Photographs"), sentence("Files are kept with the act.")
    )


# --- showing ---------------------------------------------------------------------------------


def shown(
    fields: Sequence[Field],
    which: str,
    entered: Entered,
    *,
    sent: bool,
    before: Mapping[str, Any] | None = None,
    options: Options | None = None,
    ticked: Mapping[str, Sequence[str]] | None = None,
) -> list[dict[str, Any]]:
    """Return fields as the page shows them.

    Parameters
    ----------
    fields, which, entered
        The form: its fields, its name, what was typed into it.
    sent : bool
        Whether it comes back: then a box without a tick was left without one.
    before : mapping, optional
        What is filled in at first, by name.
    options : mapping, optional
        What can be chosen, where that follows from the record.
    ticked : mapping, optional
        Which boxes of a list have a tick.
    """
    told, told_options, boxes = before or {}, options or {}, ticked or {}
    return [
        {
            "key": f"{which}_{one.name}",
            "kind": str(one.kind),
            "label": _(one.label),
            "hint": _(one.hint) if one.hint else "",
            "required": bool(one.missing),
            "value": _value(one, f"{which}_{one.name}", entered, told, sent),
            "options": list(told_options.get(one.name) or _worded(one.choices)),
            "ticked": list(boxes.get(one.name, ())),
            "error": entered.errors.get(f"{which}_{one.name}", ""),
        }
        for one in fields
    ]


def _value(one: Field, key: str, entered: Entered, told: Mapping[str, Any], sent: bool) -> Any:
    if one.kind is Kind.TICK:
        return entered.value(key) == "yes" if sent else bool(told.get(one.name))
    found = told.get(one.name)
    return entered.value(key, "" if found is None else found)


def _worded(choices: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, _(words)) for value, words in choices.items()]


# --- reading ---------------------------------------------------------------------------------


def read(
    asked: AskedForm, fields: Sequence[Field], options: Options | None = None
) -> dict[str, Any]:
    """Return what was sent, by name; what is wrong with a field goes into the form.

    Lines and words are texts or None, lists of lines and ticks are tuples of texts, a tick is a
    bool, a day is a date or None, a number is an int or None, files are pairs of name and content.
    """
    return {one.name: _read(asked, one, options or {}) for one in fields}


def _read(asked: AskedForm, one: Field, options: Options) -> Any:
    missing = _(one.missing) if one.missing else ""
    if one.kind is Kind.LINE:
        return asked.text(one.name, missing=missing)
    if one.kind is Kind.WORDS:
        return asked.long_text(one.name, missing=missing)
    if one.kind is Kind.CHOICE:
        choices = [value for value, _words in options.get(one.name) or one.choices.items()]
        if not asked.value(one.name) and not missing:
            return None
        return asked.chosen(one.name, choices, missing or _("Choose one of the list."))
    found: Any
    if one.kind is Kind.LINES:
        found = lines_in(asked, one.name)
    elif one.kind is Kind.DAY:
        found = _day(asked, one.name)
    elif one.kind is Kind.NUMBER:
        found = _number(asked, one.name)
    elif one.kind is Kind.TICK:
        found = asked.value(one.name) == "yes"
    elif one.kind is Kind.TICKS:
        known = {value for value, _words in options.get(one.name, ())}
        found = tuple(value for value in sent_values(asked, one.name) if value in known)
    else:
        files = asked.files(one.name)
        found = files if one.kind is Kind.FILES else next(iter(files), None)
    empty = found is None or found is False or found == ()
    if missing and empty and f"{asked.which}_{one.name}" not in asked.entered.errors:
        asked.wrong(one.name, missing)
    return found


def lines_in(asked: AskedForm, name: str) -> tuple[str, ...]:
    """Return the entries of a list that was typed, one a line or joined by commas."""
    text = asked.value(name)
    key = f"{asked.which}_{name}"
    asked.entered.fields = {**asked.entered.fields, key: text[:MOST_LINES]}
    if len(text) > MOST_LINES:
        asked.wrong(name, _("Say it in %(most)s characters at most.", most=MOST_LINES))
    if "\0" in text:
        asked.wrong(name, _("This has a sign that no text has; type it again."))
        return ()
    found = [one.strip() for line in text[:MOST_LINES].splitlines() for one in line.split(",")]
    return tuple(one for one in found if one)


def sent_values(asked: AskedForm, name: str) -> tuple[str, ...]:
    """Return which boxes of a list have a tick; they belong to what was sent."""
    form, key = asked.viewer.form, f"{asked.which}_{name}"
    every = [] if form is None else [str(one) for one in form.getall(key, [])]
    found = tuple(dict.fromkeys(every))
    asked.entered.fields = {**asked.entered.fields, key: " | ".join(found)}
    return found


def _day(asked: AskedForm, name: str) -> Any:
    try:
        return day_of(asked.value(name))
    except KeiryoError as error:
        explain_error(asked.entered, error, f"{asked.which}_{name}")
        return None


def _number(asked: AskedForm, name: str) -> int | None:
    text = asked.value(name)
    found = whole_number(text, 9)
    if text and found is None:
        asked.wrong(name, _("Write a whole number, e.g. 365."))
    return found
