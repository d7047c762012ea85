"""Seals of shipping documents: those that a document states beside those that were found.

Both lists are typed or sent as tables. They are compared first; what is recorded stays with its
differences, and seal by seal in the history of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from keiryo.dates import utc_text
from keiryo.errors import Finding, KeiryoError
from keiryo.seals.documents import ShippingDocument, compared, keys_in, record_document
from keiryo.seals.numbers import SealKey, seal_key
from keiryo.seals.tables import SEAL_DOCUMENT
from keiryo.web.pages.boards import Entered, explain_error, first_shown
from keiryo.web.pages.cameras_asked import findings_of
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.seals_asked import AskedForm, File, acts_with, asked_form
from keiryo.web.pages.seals_fields import Field, Kind, Options, read, shown
from keiryo.web.pages.seals_known import DOCUMENTS, HOME, READING
from keiryo.web.pages.seals_tabs import documents, tabs
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

DOCUMENT = "seal.document"
SHOWN = 200
"""Most documents that are listed."""

_LIST = sentence("One a line, as body and number: XA/0042.")
_TABLE = sentence("CSV with a column seal, or body and number; in place of the list.")
FIELDS = (
    Field(
        "document",
        Kind.LINE,
        sentence("Reference of the document"),
        missing=sentence("Write the reference of the document."),
    ),
    Field(
        "mba",
        Kind.CHOICE,
        sentence("Area that received it"),
        missing=sentence("Choose the area."),
    ),
    Field("stated", Kind.LINES, sentence("Seals that it states"), _LIST),
    Field("stated_file", Kind.FILE, sentence("The same as a table"), _TABLE),
    Field("found", Kind.LINES, sentence("Seals that were found"), _LIST),
    Field("found_file", Kind.FILE, sentence("The same as a table"), _TABLE),
    Field(
        "record",
        Kind.TICK,
        sentence("Record it, with its differences"),
        sentence("Without this tick the two lists are compared, and nothing is recorded."),
    ),
)


@get(DOCUMENTS, sync_to_thread=True, opt=READING)
def documents_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """List the shipping documents that were recorded; the form for another stands below."""
    return _show(request, viewer, first_shown(viewer, DOCUMENTS))


def _show(
    request: AnyRequest,
    viewer: Viewer,
    entered: Entered,
    document: ShippingDocument | None = None,
    differences: Sequence[Finding] = (),
) -> Response[Any]:
    done = done_act(request)
    return render(
        request,
        "seals/documents.html",
        http_status=entered.status,
        tabs=tabs(viewer, DOCUMENTS),
        documents=[{**row, "at": instant_text(row["at"])} for row in documents(viewer)[:SHOWN]],
        document=document,
        differences=[plain_finding(one) for one in differences],
        may=bool(_areas(viewer)),
        fields=shown(
            *(FIELDS, "document", entered), sent=viewer.form is not None, options=_areas_of(viewer)
        ),
        **moment_context(viewer),
        entered=entered,
        told=findings_of(viewer, done),
        done=done,
        here=DOCUMENTS,
        crumbs=[(_("Seals"), HOME), (_("Shipping documents"), None)],
    )


def _areas(viewer: Viewer) -> list[tuple[str, str]]:
    every = sorted(viewer.areas_to_post(DOCUMENT), key=lambda one: one.code)
    return [(one.code, f"{one.code} {one.name or ''}".strip()) for one in every]


def _areas_of(viewer: Viewer) -> Options:
    return {"mba": _areas(viewer)}


@post(DOCUMENTS, status_code=200, sync_to_thread=True, opt=READING)
def compare_document(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Lay the seals of a shipping document beside those found; record it if that is wanted."""
    if not _areas(viewer):
        viewer.require_post(DOCUMENT, viewer.state)

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _show(request, viewer, entered)

    def acts_since(head: int) -> list[int]:
        return acts_with(viewer, [SEAL_DOCUMENT], head, document=viewer.field("document_document"))

    asked = asked_form(
        *(request, viewer, "document", DOCUMENTS, show, acts_since), places={"SEAL-FUTURE": "at"}
    )
    at, told = asked.moment(), read(asked, FIELDS, _areas_of(viewer))
    files = [one for one in (told["stated_file"], told["found_file"]) if one is not None]
    one = ShippingDocument(
        *(told["document"] or "", told["mba"] or "", utc_text(at)),
        _keys(asked, "stated", told["stated"], told["stated_file"]),
        _keys(asked, "found", told["found"], told["found_file"]),
    )
    if not one.stated and not one.found and not asked.entered.refused:
        asked.wrong("stated", _("Write the seals that the document states."))
    if not told["record"] and not asked.entered.refused:
        with viewer.whole.reading() as connection:
            differences = compared(connection, viewer.metadata, one)
        return _show(request, viewer, asked.entered, one, differences)
    return asked.done(
        lambda: record_document(viewer.whole, viewer.actor(), one, files=files), files
    )


def _keys(
    asked: AskedForm, name: str, typed: Sequence[str], file: File | None
) -> tuple[SealKey, ...]:
    """Return the seals of a list; all that are none are told."""
    if file is not None:
        try:
            return keys_in(*file)
        except KeiryoError as error:
            explain_error(asked.entered, error, f"{asked.which}_{name}_file")
            return ()
    found, wrong = [], []
    for text in typed:
        try:
            found.append(seal_key(text))
        except KeiryoError:
            wrong.append(text[:40])
    if wrong:
        words = _("These name no seal: %(told)s. Write XA/0042.", told=", ".join(wrong[:5]))
        asked.wrong(name, words)
    return tuple(found)
