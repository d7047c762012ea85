"""What forms of meetings, information and missions have in common: fields, evidence, done once.

A form says at which act it was made; if somebody posted about the same thing in between, nothing
is recorded and the form comes back with everything typed. Of what the viewer does not see, nothing
is said: neither by a field that names it nor by a finding about it.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.cooperation.exchange_tables import EXCHANGES
from keiryo.cooperation.register import Register
from keiryo.cooperation.tables import ORGANISATION
from keiryo.errors import ConflictError, Finding, KeiryoError
from keiryo.journal.tables import EVIDENCE
from keiryo.people.accounts import names_of
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import (
    MOST_TEXT,
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
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Viewer

MOST_FILES = 20
AHEAD_DAYS = 30
"""How far ahead the overview looks."""
MOST_EVIDENCE = 500

File = tuple[str, bytes]


# --- fields ----------------------------------------------------------------------------------


def day_in(
    viewer: Viewer, entered: Entered, name: str, *, required: bool = False
) -> datetime.date | None:
    """Return the day in a field; what is wrong with it goes into the form."""
    try:
        day = day_of(viewer.field(name))
    except KeiryoError as error:
        explain_error(entered, error, name)
        return None
    if day is None and required:
        entered.errors[name] = _("Say on which day it was.")
    return day


def text_in(viewer: Viewer, entered: Entered, name: str, missing: str = "") -> str | None:
    """Return the text in a field, or None; `missing` is said where there has to be one."""
    text = viewer.field(name)
    if not text and missing:
        entered.errors[name] = missing
    elif len(text) > MOST_TEXT:
        entered.errors[name] = _("Say it in %(most)s characters at most.", most=MOST_TEXT)
    return text[:MOST_TEXT] or None


def names_in(viewer: Viewer, name: str) -> tuple[str, ...]:
    """Return the names in a field, which blanks, commas or lines part."""
    return tuple(dict.fromkeys(viewer.field(name)[:MOST_TEXT].replace(",", " ").split()))


def lines_in(viewer: Viewer, name: str) -> tuple[str, ...]:
    """Return the lines of a field that say something."""
    every = viewer.field(name)[:MOST_TEXT].splitlines()
    return tuple(dict.fromkeys(one.strip() for one in every if one.strip()))


def uploads(viewer: Viewer, name: str) -> list[File]:
    """Return the files that were sent in a field, by name and content."""
    sent = [] if viewer.form is None else viewer.form.getall(name, [])
    found = []
    for one in sent:
        if isinstance(one, UploadFile) and one.filename:
            one.file.seek(0)
            found.append((one.filename[:200], one.file.read()))
    return found


def evidence_in(viewer: Viewer, entered: Entered, prefix: str) -> dict[str, Any]:
    """Return the acts that are named as evidence, and the files that were sent, by field."""
    acts = []
    for one in names_in(viewer, f"{prefix}_acts"):
        number = whole_number(one.removeprefix("act:"))
        if number is None:
            entered.errors[f"{prefix}_acts"] = _("Write acts by their numbers: 17, 23.")
        acts.append(f"act:{number}")
    files = uploads(viewer, f"{prefix}_files")
    if len(files) > MOST_FILES:
        entered.errors[f"{prefix}_files"] = _("Send %(most)s files at most.", most=MOST_FILES)
    return {"evidence": tuple(acts), "files": tuple(files)}


def organisations(register: Register) -> list[tuple[str, str]]:
    """Return the organisations of the register as choices of a field."""
    every = sorted(register.of_kind(ORGANISATION.name), key=lambda one: one.name)
    return [(one.name, f"{one.name}: {one.title}"[:120]) for one in every]


def with_current(
    options: Sequence[tuple[str, str]], *current: Any, first: str
) -> list[tuple[str, str]]:
    """Return the choices of a field, with an empty one first and with what stands there now."""
    known = {value for value, _text in options}
    more = [(str(one), str(one)) for one in dict.fromkeys(current) if one and str(one) not in known]
    return [("", first), *options, *more]


def named_objects(viewer: Viewer, register: Register) -> set[str]:
    """Return the names that something may stand under: those that the viewer sees."""
    found = set(register.objects)
    with viewer.books.reading() as connection:
        for kind, column in EXCHANGES.items():
            table = viewer.metadata.tables[kind]
            found |= {str(one) for one in connection.execute(select(table.c[column])).scalars()}
    return found


def under_in(viewer: Viewer, entered: Entered, register: Register) -> str | None:
    """Return under what something stands; a name that the viewer does not see is none."""
    name = text_in(viewer, entered, "under")
    if name is not None and name not in named_objects(viewer, register):
        entered.errors["under"] = _("There is nothing of this name in the register.")
    return name


# --- sending ---------------------------------------------------------------------------------


def acts_about(viewer: Viewer, where: Mapping[str, str], name: str, head: int) -> list[int]:
    """Return the acts about something that were posted after one and that are seen.

    Parameters
    ----------
    where : mapping
        The field that names it, by line kind.
    """
    found: set[int] = set()
    with viewer.books.reading() as connection:
        for kind, column in where.items():
            table = viewer.metadata.tables[kind]
            query = select(table.c.act_id).where(table.c[column] == name, table.c.act_id > head)
            found |= {int(one) for one in connection.execute(query).scalars()}
    return sorted(found)


def sent_once(
    viewer: Viewer,
    entered: Entered,
    here: str,
    do: Callable[[], str],
    show: Callable[[Entered], Response[Any]],
    newer: Callable[[int], list[int]] | None = None,
) -> Response[Any] | Redirect:
    """Do once what a form asks for, and lead on; or show the form again, with what is wrong.

    Parameters
    ----------
    here : str
        The page that has the form.
    do : callable
        Does it, and returns the address that it leads to.
    show : callable
        Shows the form again.
    newer : callable, optional
        Returns the acts about the same thing after an act.
    """
    if entered.refused:
        return show(entered)
    head = head_of_form(viewer)

    def answer() -> Answer:
        if newer is not None and head:
            require_nothing_newer(newer(head))
        try:
            return Answer(303, do())
        except ConflictError as error:
            raise PostedMeanwhileError(newer(0)[-3:] if newer is not None else ()) from error

    asked = {n: v for n, v in entered.fields.items() if not n.startswith("_")}
    try:
        done = once(
            viewer, viewer.field("_form_id"), {**asked, "": here, "files": _digests(viewer)}, answer
        )
    except KeiryoError as error:
        if own_conflict(error):
            raise
        return show(explain_error(entered, error))
    forget_fields(viewer, here)
    return Redirect(done.location or here, status_code=303)


def _digests(viewer: Viewer) -> str:
    every = [] if viewer.form is None else [v for _n, v in viewer.form.multi_items()]
    found = []
    for one in every:
        if isinstance(one, UploadFile):
            one.file.seek(0)
            found.append((one.filename, hashlib.sha256(one.file.read()).hexdigest()))
    return repr(found)


# --- what is seen ----------------------------------------------------------------------------


def narrowed_findings(
    findings: Iterable[Finding], hidden: Iterable[str], told: str
) -> list[Finding]:
    """Return findings in which nothing is named that is not seen.

    Parameters
    ----------
    hidden : iterable of str
        Names of what is not seen.
    told : str
        What is said instead, in words.
    """
    names = sorted(hidden, key=len, reverse=True)
    if not names:
        return list(findings)
    word = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, names))})(?![\w-])(?!\.\w)")
    return [
        replace(one, message=told, advice=_("Ask who looks after it."), found=None)
        if word.search(f"{one.message} {one.advice} {one.found or ''}")
        else one
        for one in findings
    ]


def evidence_shown(viewer: Viewer, given: Sequence[Any]) -> list[list[tuple[str, str]]]:
    """Return for each text of evidence its names and addresses: files, or acts of the record."""
    told = [str(one or "").split() for one in given]
    digests = sorted({one for some in told for one in some if not one.startswith("act:")})
    table = viewer.metadata.tables[EVIDENCE.name]
    query = select(table.c.digest, table.c.name)
    with viewer.books.reading() as connection:
        rows = connection.execute(query.where(table.c.digest.in_(digests[:MOST_EVIDENCE])))
        names = {str(digest): str(name) for digest, name in rows}

    def shown(one: str) -> tuple[str, str]:
        kind, _colon, number = one.partition(":")
        if kind == "act":
            return _("act %(number)s", number=number), f"/journal/acts/{quote(number)}"
        return names.get(one, one[:12]), f"/evidence/{quote(one)}"

    return [[shown(one) for one in some] for some in told]


def who_acted(viewer: Viewer, acts: Iterable[Any]) -> dict[int, str]:
    """Return who posted acts, as they are called, by number of the act."""
    table = viewer.metadata.tables[ACT]
    wanted = sorted({int(one) for one in acts})
    query = select(table.c.act_id, table.c.person).where(table.c.act_id.in_(wanted))
    with viewer.books.reading() as connection:
        found = {int(act): str(person) for act, person in connection.execute(query)}
    called = names_of(viewer.whole, set(found.values()))
    return {act: called[person] for act, person in found.items()}


def lines_about(
    viewer: Viewer, kind: str, books: Database | None = None, /, **fields: Any
) -> list[dict[str, Any]]:
    """Return the lines of a kind with some fields that are seen, in order, with who recorded."""
    table = viewer.metadata.tables[kind]
    wanted = (table.c[name] == value for name, value in fields.items())
    query = select(table).where(*wanted).order_by(table.c.act_id, table.c.line_no)
    with (books or viewer.books).reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    who = who_acted(viewer, {row["act_id"] for row in rows})
    return [{**row, "who": who.get(int(row["act_id"]), "")} for row in rows]


def why(node: str) -> str:
    """Return the page that says why something stands as it does."""
    return f"/why?of={quote(node, safe='')}"


def done_act(request: AnyRequest) -> int:
    """Return the act that was just posted, as the address says; else 0."""
    return whole_number(request.query_params.get("done", "")) or 0
