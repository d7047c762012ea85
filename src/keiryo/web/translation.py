"""The languages of the pages: catalogues of sentences, and numbers and dates as each writes them.

English is the language of the source; every other language has a catalogue in
``locale/LANGUAGE/keiryo.po`` (GNU gettext's text form), read at start as it is: no compiled file
can be older than its source. Weights stay exact: they are formatted from whole milligrams through
``Decimal`` and never through a float. What is exported is never localised; this is for eyes only.

The number and date patterns are those of the Unicode Common Locale Data Repository, by Babel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache, lru_cache, partial
from pathlib import Path

from babel import Locale
from babel.dates import format_date as babel_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.plural import to_python

from keiryo.dates import parse_utc

LANGUAGES = ("en", "ja")
NAMES = {"en": "English", "ja": "日本語"}
FOLDER = Path(__file__).parent / "locale"
DOMAIN = "keiryo"
MG_PER_G, MG_PER_KG = 3, 6
"""How many digits of a weight in milligrams stand behind the point."""

Value = int | Decimal | float | str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences of one language; a sentence that is not there is said in English.

    Attributes
    ----------
    language : str
        ``"en"`` or ``"ja"``.
    messages : mapping
        (context or None, English sentence) to the translations, one per plural form.
    """

    language: str
    messages: Mapping[tuple[str | None, str], tuple[str, ...]] = field(default_factory=dict)

    def gettext(self, message: str, /, **values: object) -> str:
        """Return a sentence in this language, with the named values put in."""
        return _filled(self._found(None, message) or message, values)

    def pgettext(self, context: str, message: str, /, **values: object) -> str:
        """Return a sentence that means something of its own in a context."""
        return _filled(self._found(context, message) or message, values)

    def ngettext(self, singular: str, plural: str, number: int, /, **values: object) -> str:
        """Return the sentence for a number of things; ``%(num)d`` stands for the number."""
        forms = self.messages.get((None, singular))
        form = _plural_form(self.language)(number)
        text = forms[form] if forms and form < len(forms) else ""
        return _filled(text or (singular if number == 1 else plural), {"num": number, **values})

    def _found(self, context: str | None, message: str) -> str:
        return self.messages.get((context, message), ("",))[0]


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text % values if values else text


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language; an unknown one is English.

    Examples
    --------
    >>> catalogue("xx").language
    'en'
    """
    if language not in LANGUAGES:
        return catalogue("en")
    file = FOLDER / language / f"{DOMAIN}.po"
    if language == "en" or not file.is_file():
        return Catalogue(language)
    with file.open("rb") as stream:
        read = read_po(stream, locale=language, domain=DOMAIN)
    messages: dict[tuple[str | None, str], tuple[str, ...]] = {}
    for message in read:
        if message.id and not message.fuzzy:
            key = message.id[0] if isinstance(message.id, list | tuple) else message.id
            text = message.string
            forms = tuple(text) if isinstance(text, list | tuple) else (text,)
            messages[(message.context, key)] = tuple(str(part or "") for part in forms)
    return Catalogue(language, messages)


def sentence(text: str) -> str:
    """Return `text` as it is: it is put into the catalogues, and translated where it is shown."""
    return text


def choose_language(
    preference: str | None = None,
    cookie: str | None = None,
    accept_language: str | None = None,
    *,
    default: str = LANGUAGES[0],
) -> str:
    """Return the language of a page: what the person prefers, the browser remembers, or asks for.

    Parameters
    ----------
    preference, cookie : str or None
        A language, ``"ja"``; anything else counts as not given.
    accept_language : str or None
        The header of the request (RFC 9110, section 12.5.4), e.g. ``"ja, en;q=0.8"``.
    default : str
        Where none of them names a language that there is.

    Examples
    --------
    >>> choose_language(None, None, "fr, ja;q=0.9, en;q=0.5")
    'ja'
    """
    for given in (preference, cookie):
        if given in LANGUAGES:
            return str(given)
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate((accept_language or "")[:500].split(",")):
        name, _, weight = part.strip().partition(";")
        language = name.strip().lower().split("-")[0]
        quality = _quality(weight)
        if language in LANGUAGES and quality > 0:
            wanted.append((-quality, place, language))
    if wanted:
        return min(wanted)[2]
    return default if default in LANGUAGES else LANGUAGES[0]


def _quality(text: str) -> float:
    name, _, number = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(number) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0


# ---- numbers and dates -------------------------------------------------------------------------


def format_number(value: Value | None, decimals: int | None = None, *, language: str = "en") -> str:
    """Return a number as the language writes it, exactly, with groups of three digits.

    Parameters
    ----------
    value : int, Decimal, decimal text, or float
        A float is shown by its shortest decimal text; None gives ``""``.
    decimals : int or None
        Digits behind the point, rounded half up; None: as many as the number has.

    Examples
    --------
    >>> format_number(Decimal("12345.50"), language="en")
    '12,345.50'
    >>> format_number("0.125", 2, language="en")
    '0.13'
    """
    if value is None:
        return ""
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite():
        return str(value)
    exponent = number.as_tuple().exponent
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    if decimals is not None:
        digits = decimals
        number = _rounded(number, decimals)
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return _text(number, pattern, language)


def format_mass_kg(mg: int | None, *, language: str = "en") -> str:
    """Return a weight of whole milligrams in kilograms, exactly, without trailing zeros.

    Examples
    --------
    >>> format_mass_kg(1_436_212_400, language="en")
    '1,436.2124'
    """
    return _mass(mg, MG_PER_KG, language)


def format_mass_g(mg: int | None, *, language: str = "en") -> str:
    """Return a weight of whole milligrams in grams, exactly, without trailing zeros.

    Examples
    --------
    >>> format_mass_g(-1_541_260_250, language="en")
    '-1,541,260.25'
    """
    return _mass(mg, MG_PER_G, language)


def format_date(day: date | str | None, *, language: str = "en") -> str:
    """Return a day, or the text YYYY-MM-DD, as the language writes it.

    Examples
    --------
    >>> format_date(date(2025, 3, 1), language="en")
    '1 Mar 2025'
    >>> format_date(date(2025, 3, 1), language="ja")
    '2025年3月1日'
    """
    if not day:
        return ""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    pattern = {"ja": "y年M月d日"}.get(language, "d MMM y")
    return babel_date(day, pattern, locale=_locale(language))


def format_datetime(instant: datetime | str | None, *, language: str = "en") -> str:
    """Return an instant, or its text as the books keep it, in UTC, and say that it is UTC.

    Examples
    --------
    >>> format_datetime(datetime(2025, 3, 1, 9, 30, tzinfo=UTC), language="en")
    '1 Mar 2025 09:30 UTC'

    Raises
    ------
    ValueError
        If the instant does not say in which zone it is.
    """
    if not instant:
        return ""
    instant = parse_utc(instant) if isinstance(instant, str) else instant
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    moment = instant.astimezone(UTC)
    return f"{format_date(moment.date(), language=language)} {moment:%H:%M} UTC"


def formats(language: str) -> dict[str, Callable[..., str]]:
    """Return the functions above as one language has them, by name, for templates."""
    functions = (format_number, format_mass_kg, format_mass_g, format_date, format_datetime)
    return {function.__name__: partial(function, language=language) for function in functions}


@lru_cache(maxsize=50_000)
def _mass(mg: int | None, digits: int, language: str) -> str:
    if mg is None:
        return ""
    if mg != int(mg):
        raise ValueError("weights are whole milligrams")
    whole, part = divmod(abs(int(mg)), 10**digits)
    tail = f"{part:0{digits}d}".rstrip("0")
    number = Decimal(f"{whole}.{tail}" if tail else whole)
    pattern = "#,##0." + "0" * len(tail) if tail else "#,##0"
    return _text(number.copy_negate() if mg < 0 else number, pattern, language)


def _text(number: Decimal, pattern: str, language: str) -> str:
    with localcontext() as context:  # Babel rounds in it; the default would lose digits
        context.prec = max(28, number.adjusted() + len(pattern) + 4)
        return format_decimal(number, pattern, _locale(language))


def _rounded(number: Decimal, decimals: int) -> Decimal:
    with localcontext() as context:
        context.prec = max(28, number.adjusted() + decimals + 4)
        return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@cache
def _locale(language: str) -> Locale:
    # English with the day before the month, as the rest of the world writes it.
    return Locale.parse("en_GB" if language not in LANGUAGES or language == "en" else language)


@cache
def _plural_form(language: str) -> Callable[[int], int]:
    if language == "ja":
        return lambda number: 0
    names = ("one", "other")
    rule = to_python(_locale(language).plural_form)
    return lambda number: names.index(rule(number))
