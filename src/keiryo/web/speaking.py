"""The language of the request that is being answered: sentences, numbers and dates in it.

The door says at the beginning of a request which language it is; pages and templates then simply
say ``_("…")``. Each request is a context of its own, also in the threads that answer it.
"""

from __future__ import annotations

import datetime
import html
import re
from contextvars import ContextVar
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from keiryo.web.pictures.writing import Writing
from keiryo.web.service_sentences import translated, translated_label
from keiryo.web.translation import Catalogue, catalogue, formats

MG_IN_A_KG = 1_000_000
_WORDS = re.compile(r">([^<>]*[A-Za-z][^<>]*)<")
"""What stands between the tags of a picture, if it has words."""
_SPEAKING: ContextVar[str] = ContextVar("keiryo_language", default="en")


def speak_on(language: str) -> None:
    """Make what follows in this request speak a language."""
    _SPEAKING.set(language)


def language() -> str:
    """Return the language of this request."""
    return _SPEAKING.get()


def speaking() -> Catalogue:
    """Return the catalogue of this request."""
    return catalogue(_SPEAKING.get())


def gettext(message: str, /, **values: object) -> str:
    """Return a sentence in the language of this request."""
    return speaking().gettext(message, **values)


def ngettext(singular: str, plural: str, number: int, /, **values: object) -> str:
    """Return the sentence for a number of things in the language of this request."""
    return speaking().ngettext(singular, plural, number, **values)


def pgettext(context: str, message: str, /, **values: object) -> str:
    """Return a sentence that means something of its own in a context."""
    return speaking().pgettext(context, message, **values)


def said(text: object) -> str:
    """Return what a service said in the language of this request; as it is where it is not known.

    For attributes and titles; elsewhere `marked` also tells screen readers what stayed English.
    """
    return translated(str(text), language()) or str(text)


def marked(text: object) -> Markup:
    """Return what a service said as markup; what stayed English on another page is marked so.

    Web Content Accessibility Guidelines 2.2, success criterion 3.1.2 (language of parts).
    """
    known = translated(str(text), language())
    if known is not None or not any(letter.isascii() and letter.isalpha() for letter in str(text)):
        return Markup("%s") % (known or str(text))
    return Markup('<span lang="en">%s</span>') % str(text)


def said_in_picture(picture: str) -> str:
    """Return a picture (SVG) whose words services wrote, with its words in this language."""
    if language() == "en":
        return picture

    def label(match: re.Match[str]) -> str:
        known = translated_label(html.unescape(match[1]), language())
        return match[0] if known is None else f">{html.escape(known)}<"

    return _WORDS.sub(label, picture)


def number_text(value: Any, decimals: int | None = None) -> str:
    """Return a number as the language of this request writes it."""
    return formats(language())["format_number"](value, decimals)


def mass_kg(mg: int | None) -> str:
    """Return a weight of whole milligrams in kilograms, exactly."""
    return formats(language())["format_mass_kg"](mg)


def mass_g(mg: int | None) -> str:
    """Return a weight of whole milligrams in grams, exactly."""
    return formats(language())["format_mass_g"](mg)


def day_text(day: datetime.date | str | None) -> str:
    """Return a day as the language of this request writes it."""
    return formats(language())["format_date"](day)


def instant_text(instant: datetime.datetime | str | None) -> str:
    """Return an instant in UTC, and say that it is UTC."""
    return formats(language())["format_datetime"](instant)


def writing_now() -> Writing:
    """Return how pictures write numbers and days in this request."""

    def weight(mg: int) -> str:
        return f"{mass_kg(mg)} kg" if abs(mg) >= MG_IN_A_KG else f"{mass_g(mg)} g"

    return Writing(weight=weight, count=number_text, day=day_text)


def install(environment: Environment) -> None:
    """Teach templates the language of the request.

    They have ``_()``, ``ngettext``, ``pgettext``, ``format_number``, ``format_mass_kg``,
    ``format_mass_g``, ``format_date`` and ``format_datetime``; the last five also as the filters
    ``number``, ``mass_kg``, ``mass_g``, ``day`` and ``instant``. What services say in English is
    said by the filters ``said`` (a text) and ``marked`` (markup).
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        pgettext=pgettext,
        format_number=number_text,
        format_mass_kg=mass_kg,
        format_mass_g=mass_g,
        format_date=day_text,
        format_datetime=instant_text,
    )
    # The extension adds this to the environment: values are put in by us, and escaped by them.
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.filters.update(
        number=number_text,
        mass_kg=mass_kg,
        mass_g=mass_g,
        day=day_text,
        instant=instant_text,
        said=said,
        marked=marked,
    )
