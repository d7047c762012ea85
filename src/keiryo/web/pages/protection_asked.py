"""What the forms of the security regime have in common: fields, the day, done once, shown again.

A form says what its sender saw; if somebody was there in between, nothing is recorded, and the form
comes back with everything typed and the acts that came in between.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.response import Redirect, Stream

from keiryo.errors import ConflictError, KeiryoError
from keiryo.security_regime.oversight_record import Recorded
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    Entered,
    PostedMeanwhileError,
    day_of,
    explain_error,
    head_of_form,
    own_conflict,
    require_nothing_newer,
)
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import Viewer

MOST_NAME, MOST_WORDS = 64, 200

Shown = Response[Any] | Stream | Redirect


@dataclass(frozen=True, slots=True)
class Asked:
    """A form that was sent: of what, which one, and how its page is shown and found.

    Attributes
    ----------
    viewer : Viewer
    name : str
        The record that the form is about.
    which : str
        The form.
    entered : Entered
    here : str
        The page that has the form.
    again : callable
        Shows that page again, with what was typed and what is wrong.
    since : callable
        Takes an act; returns the acts about the same record that were posted after it.
    """

    viewer: Viewer
    name: str
    which: str
    entered: Entered
    here: str
    again: Callable[[], Shown]
    since: Callable[[int], Sequence[int]]

    def wrong(self, name: str, words: str) -> None:
        """Say what is wrong with a field, unless something was said already."""
        self.entered.errors.setdefault(name, words)

    def text(self, name: str, words: str = "", most: int = MOST_WORDS) -> str | None:
        """Return what stands in a field, or None; with `words` it has to be there."""
        text = self.viewer.field(name)
        if len(text) > most:
            self.wrong(name, _("Say it in %(most)s characters at most.", most=most))
        elif "\0" in text:
            self.wrong(name, _("This has a sign that no text has; type it again."))
        elif not text and words:
            self.wrong(name, words)
        return text[:most].replace("\0", "") or None

    def listed(self, name: str, words: str = "") -> str | None:
        """Return several names in a field as the record has them: joined by one space."""
        text = self.text(name, words, 4_000)
        return " ".join(text.replace(",", " ").split()) or None if text else None

    def chosen(self, name: str, allowed: Sequence[str], words: str) -> str:
        """Return one of some values."""
        given = self.viewer.field(name)
        if given not in allowed:
            self.wrong(name, words)
            return ""
        return given

    def day(self, name: str, *, required: bool = False) -> datetime.date | None:
        """Return the day in a field."""
        try:
            day = day_of(self.viewer.field(name))
        except KeiryoError as error:
            explain_error(self.entered, error, name)
            return None
        if day is None and required:
            self.wrong(name, _("Say on which day it was."))
        return day

    def digest(self, text_name: str, file_name: str) -> str | None:
        """Return the digest that was typed, or that of a file, which is not kept."""
        typed = self.text(text_name, most=MOST_NAME)
        file = _uploaded(self.viewer, file_name)
        return typed if file is None else hashlib.sha256(file).hexdigest()


def done(asked: Asked, do: Callable[[], Recorded], target: str | None = None) -> Shown:
    """Do once what a form asks for, and lead to a page; or show the form again, with what is wrong.

    Parameters
    ----------
    asked : Asked
    do : callable
        Records it.
    target : str, optional
        The page to lead to; default: the one that has the form.
    """
    viewer, entered = asked.viewer, asked.entered
    if entered.refused:
        return asked.again()
    head, leads_to = head_of_form(viewer), target or asked.here

    def answer() -> Answer:
        require_nothing_newer(asked.since(head) if head else ())
        try:
            recorded = do()
        except ConflictError as error:
            raise PostedMeanwhileError(asked.since(head)[-3:]) from error
        return Answer(303, f"{leads_to}?done={recorded.act.act_id}")

    fields = {**entered.fields, "which": asked.which, "files": _digests(viewer)}
    fields = {n: v for n, v in fields.items() if not n.startswith("_")}
    try:
        answered = once(viewer, viewer.field("_form_id"), {"name": asked.name, **fields}, answer)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error)
        return asked.again()
    forget_fields(viewer, asked.here)
    return Redirect(answered.location or leads_to, status_code=303)


def _uploaded(viewer: Viewer, name: str) -> bytes | None:
    sent = None if viewer.form is None else viewer.form.get(name)
    if not isinstance(sent, UploadFile) or not sent.filename:
        return None
    sent.file.seek(0)
    return sent.file.read()


def _digests(viewer: Viewer) -> str:
    """Return what tells the files of one form from those of another."""
    content = _uploaded(viewer, "document")
    return "" if content is None else hashlib.sha256(content).hexdigest()
