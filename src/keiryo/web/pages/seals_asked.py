"""What forms about seals and containments have in common: moments, persons, photographs, once.

A form says what its sender saw; if somebody was there in between, nothing is recorded, and the form
comes back with everything typed. What a service refuses comes back with all its findings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.containment.instants import instant
from keiryo.errors import KeiryoError
from keiryo.journal.model import Act, LineKind
from keiryo.seals.numbers import SealKey
from keiryo.seals.tables import SEAL_REFUSED
from keiryo.web.answers import in_words
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    MOST_TEXT,
    Entered,
    explain_error,
    head_of_form,
    own_conflict,
    require_nothing_newer,
    typed_again,
)
from keiryo.web.pages.equipment_items import OFFSETS
from keiryo.web.saved_forms import forget_fields
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Viewer

MOST_FILES, MOST_NAME = 20, 200
File = tuple[str, bytes]
"""Name and content."""


def acts_with(viewer: Viewer, kinds: Sequence[LineKind], head: int, **columns: str) -> list[int]:
    """Return the acts after one that have lines of some kinds with these values."""
    found: set[int] = set()
    with viewer.whole.reading() as connection:
        for kind in kinds:
            table = viewer.metadata.tables[kind.name]
            same = [table.c[name] == value for name, value in columns.items()]
            query = select(table.c.act_id).where(table.c.act_id > head, *same)
            found |= {int(one) for one in connection.execute(query).scalars()}
    return sorted(found)


class Done(Protocol):
    """What a service gives back when something was recorded: the act, and what else it tells."""

    @property
    def act(self) -> Act:
        """The act in which it is recorded."""
        ...


@dataclass(frozen=True, slots=True)
class AskedForm:
    """A form that was sent.

    Attributes
    ----------
    request, viewer
    which : str
        The form; its fields are named ``WHICH_FIELD``.
    here : str
        Its page.
    show : callable
        Shows the page again; takes what was typed and which form comes back.
    acts_since : callable
        Takes an act; returns the acts about the same thing that were posted after it.
    entered : Entered
    then : str
        The page that is shown when it was done; empty: `here`.
    places : mapping
        At which field a finding stands, by its code.
    """

    request: AnyRequest
    viewer: Viewer
    which: str
    here: str
    show: Callable[[Entered, str], Response[Any]]
    acts_since: Callable[[int], Sequence[int]]
    entered: Entered
    then: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return self.viewer.field(f"{self.which}_{name}")

    def wrong(self, name: str, words: str) -> None:
        """Say what is wrong with a field."""
        self.entered.errors[f"{self.which}_{name}"] = words

    def text(self, name: str, most: int = MOST_NAME, *, missing: str = "") -> str | None:
        """Return the text of a field, or None; with `missing`, it must hold something."""
        found = self.value(name)
        if not found and missing:
            self.wrong(name, missing)
        if len(found) > most:
            self.wrong(name, _("Say it in %(most)s characters at most.", most=most))
        elif "\0" in found:
            self.wrong(name, _("This has a sign that no text has; type it again."))
        return found[:most].replace("\0", "") or None

    def long_text(self, name: str, *, missing: str = "") -> str | None:
        """Return a longer text, or None."""
        return self.text(name, MOST_TEXT, missing=missing)

    def chosen(self, name: str, choices: Sequence[str], words: str) -> str:
        """Return one of some choices."""
        found = self.value(name)
        if found not in choices:
            self.wrong(name, words)
            return choices[0] if choices else ""
        return found

    def moment(self, name: str = "at") -> datetime:
        """Return the moment that the form states, in UTC, from local time and offset."""
        found = self.optional_moment(name)
        if found is None and not self.value(name):
            self.wrong(name, _("Say when it was."))
        return found or self.viewer.server.now()

    def optional_moment(self, name: str) -> datetime | None:
        """Return the moment in a field, in UTC; None where it is empty or wrong."""
        local, offset = self.value(name), self.value("offset")
        if not local:
            return None
        if offset not in OFFSETS:
            self.wrong("offset", _("Choose the offset from UTC."))
        else:
            try:
                return instant(f"{local}{offset}")
            except KeiryoError as error:
                explain_error(self.entered, error, f"{self.which}_{name}")
        return None

    def persons(self) -> tuple[str, str | None]:
        """Return who did it, and who with them."""
        first = self.text("person", missing=_("Name who did it."))
        return first or "", self.text("second")

    def files(self, name: str = "photos") -> tuple[File, ...]:
        """Return the files that were sent in a field."""
        form = self.viewer.form
        found = []
        for one in [] if form is None else form.getall(f"{self.which}_{name}", []):
            if isinstance(one, UploadFile) and one.filename:
                one.file.seek(0)
                found.append((one.filename[:MOST_NAME].replace("\0", ""), one.file.read()))
        if len(found) > MOST_FILES:
            self.wrong(name, _("Send %(most)s files at most.", most=MOST_FILES))
        return tuple(found)

    def done(self, do: Callable[[], Done], files: Sequence[File] = ()) -> Response[Any] | Redirect:
        """Do once what the form asks for and lead back; or show it again with what is wrong."""
        viewer, entered = self.viewer, self.entered
        if entered.refused:
            return self.show(entered, self.which)
        head = head_of_form(viewer)

        def answer() -> Answer:
            require_nothing_newer(list(self.acts_since(head))[-3:] if head else ())
            return Answer(303, f"{self.then or self.here}?done={do().act.act_id}")

        sent = {n: v for n, v in entered.fields.items() if not n.startswith("_")}
        digests = [(name, hashlib.sha256(content).hexdigest()) for name, content in files]
        told = {"here": self.here, "which": self.which, "files": repr(digests), **sent}
        try:
            made = once(viewer, viewer.field("_form_id"), told, answer)
        except KeiryoError as error:
            if own_conflict(error):
                raise
            self.say(error)
            return self.show(entered, self.which)
        forget_fields(viewer, self.here)
        return Redirect(made.location or self.then or self.here, status_code=303)

    def say(self, error: KeiryoError) -> None:
        """Put what a service refused into the form: as a whole, and at the fields it is about."""
        explain_error(self.entered, error)
        for one in self.entered.findings:
            name = self.places.get(one.code)
            if name is not None and f"{self.which}_{name}" not in self.entered.errors:
                self.wrong(name, in_words(one))


def asked_form(
    request: AnyRequest,
    viewer: Viewer,
    which: str,
    here: str,
    show: Callable[[Entered, str], Response[Any]],
    acts_since: Callable[[int], Sequence[int]],
    *,
    then: str = "",
    places: Mapping[str, str] | None = None,
) -> AskedForm:
    """Return the form that was sent, with everything that was typed."""
    entered = typed_again(viewer)
    return AskedForm(request, viewer, which, here, show, acts_since, entered, then, places or {})


def kept_refusal(viewer: Viewer, entered: Entered, keys: Sequence[SealKey]) -> int | None:
    """Return the act in which a report about seals is kept that was refused just now, or None."""
    codes = {one.code for one in entered.findings}
    if "SEAL-LOG-UNREADABLE" in codes:  # then the report is kept as one whose log is missing
        codes.add("SEAL-LOG-MISSING")
    table = viewer.metadata.tables[SEAL_REFUSED.name]
    head = head_of_form(viewer)
    for key in keys[:1] if codes else ():
        query = (
            select(table.c.act_id, table.c.codes)
            .where(table.c.body == key.body, table.c.number == key.number)
            .where(table.c.act_id > head)
            .order_by(table.c.act_id.desc(), table.c.line_no.desc())
            .limit(1)
        )
        with viewer.whole.reading() as connection:
            row = connection.execute(query).first()
        if row is not None and set(str(row[1]).split()) & codes:
            return int(row[0])
    return None
