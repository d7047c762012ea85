"""Numbers that a form or an address states: digits, or nothing."""

from __future__ import annotations

MOST_DIGITS = 15


def whole_number(text: object, most_digits: int = MOST_DIGITS) -> int | None:
    """Return the whole number that a text states; None if it states none.

    Parameters
    ----------
    text : object
        As it was sent; digits of any script count, full-width ones as well.
    most_digits : int
        A longer number is none: nothing has so many that is asked for here.

    Examples
    --------
    >>> whole_number("102"), whole_number("１０２"), whole_number("-1"), whole_number("")
    (102, 102, None, None)
    """
    written = str(text)
    return int(written) if written.isdecimal() and len(written) <= most_digits else None
