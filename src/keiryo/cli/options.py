"""Options that every command has: where the books are, and how to show the answer."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import datetime

    from keiryo.api import Books


class Format(StrEnum):
    """How an answer is shown."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


DbOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL_OR_PATH",
        help="Where the books are: path of an SQLite file or postgresql:// URL. "
        "Default: $KEIRYO_DB, else keiryo/books.sqlite in your data folder.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="How to show the answer. Default: table.", show_default=False),
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="First day, e.g. 2025-01-01.")
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="Last day, e.g. 2025-12-31.")
]
AsKnownOption = Annotated[
    str | None,
    typer.Option(
        "--as-known",
        metavar="ACT_OR_DATE",
        help="Only what was known: after an act (12), or on a day (2025-06-01), "
        "where a report counts from its date.",
    ),
]
RecordedByOption = Annotated[
    str | None,
    typer.Option("--recorded-by", metavar="TIME", help="Only what was recorded by this UTC time."),
]


class Given:
    """What was given before the command name; an option after it wins."""

    db: str | None = None
    format: Format | None = None


def place_of_books(db: str | None) -> str:
    """Return where the books are."""
    chosen = db or Given.db or os.environ.get("KEIRYO_DB")
    if chosen:
        return chosen
    data_home = os.environ.get("XDG_DATA_HOME")
    folder = Path(data_home) if data_home else Path.home() / ".local" / "share"
    return str(folder / "keiryo" / "books.sqlite")


def format_of(chosen: Format | None) -> Format:
    """Return how to show the answer."""
    return chosen or Given.format or Format.TABLE


def day_of(text: str, option: str) -> datetime.date:
    """Return the day that an option names.

    Raises
    ------
    UsageError
        If it is no day.
    """
    from keiryo.dates import DateError, parse_date
    from keiryo.errors import UsageError

    try:
        return parse_date(text)
    except DateError as error:
        raise UsageError(f"{option}: {error}", "Write a day as in 2025-12-31.") from error


def optional_day(text: str | None, option: str) -> datetime.date | None:
    """Return the day that an option names, or None if it was not given; raises as `day_of`."""
    return None if text is None else day_of(text, option)


def day_or_today(text: str | None, option: str) -> datetime.date:
    """Return the day that an option names, or today if it was not given; raises as `day_of`."""
    import datetime

    return datetime.date.today() if text is None else day_of(text, option)


def opened(db: str | None) -> Books:
    """Open the books."""
    from keiryo.api import open_books

    return open_books(place_of_books(db))
