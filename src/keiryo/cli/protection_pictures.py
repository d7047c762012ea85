"""The picture of a result of physical protection as a file: its options, checks and writing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from keiryo.charts.protection_words import Words
    from keiryo.protection.inputs import Problem

ENDINGS = (".svg", ".html")

PictureOption = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        metavar="FILE",
        help="Also draw the result: a new file that ends in .svg or .html.",
        show_default=False,
    ),
]
LanguageOption = Annotated[
    str, typer.Option("--language", metavar="LANGUAGE", help="Of the picture: en or ja.")
]


def picture_problems(file: Path | None, language: str) -> list[Problem]:
    """Return what is wrong with the place of a picture, before anything is computed."""
    from keiryo.protection.inputs import Problem

    problems = []
    if language not in ("en", "ja"):
        problems.append(Problem("PICTURE_LANGUAGE", "/language", "--language takes en or ja."))
    if file is None:
        return problems
    if file.suffix.lower() not in ENDINGS:
        told = "The name of a picture ends in .svg or .html."
        problems.append(Problem("PICTURE_ENDING", "/picture", told))
    else:
        try:
            if os.path.lexists(file):
                problems.append(_not_written(file, "it exists, and nothing is overwritten"))
            elif not file.parent.is_dir():
                problems.append(_not_written(file, "its folder does not exist"))
        except OSError as error:
            problems.append(_not_written(file, error.strerror))
    return problems


def words_of(language: str) -> Words:
    """Return the sentences of a language."""
    from keiryo.charts.protection_pictures import LANGUAGES

    return LANGUAGES[language]


def write_picture(file: Path, text: str) -> None:
    """Write a picture to a new file that only its owner can read.

    The mark of placeholders comes from the input, so it does not open the file to others.

    Raises
    ------
    InputError
        If it cannot be written; no part of it is left then.
    """
    from keiryo.protection.inputs import InputError

    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise InputError([_not_written(file, error.strerror)]) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        file.unlink(missing_ok=True)
        raise InputError([_not_written(file, error.strerror)]) from None


def _not_written(file: Path, why: str | None) -> Problem:
    from keiryo.protection.inputs import Problem

    told = f"{file} cannot be written: {why}. Give another place with --picture."
    return Problem("PICTURE_NOT_WRITTEN", "/picture", told)
