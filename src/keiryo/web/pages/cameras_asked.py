"""What forms about cameras have in common: where they are, who may send them, what comes back.

What the record refuses stands at the field that it is about, and as a finding above the form; all
that is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from keiryo.containment.recording import WATCH
from keiryo.errors import Finding
from keiryo.journal.reading import rows_of
from keiryo.journal.tables import FINDING
from keiryo.surveillance.cameras import REGISTER
from keiryo.surveillance.case_file import MAKE
from keiryo.surveillance.clocks import READ_CLOCK
from keiryo.surveillance.holds import HOLD
from keiryo.surveillance.ingest import INGEST
from keiryo.surveillance.retention import REMOVE
from keiryo.surveillance.views import RECORD_VIEW
from keiryo.surveillance.zones import RECORD_ZONES
from keiryo.web.answers import in_words
from keiryo.web.pages.boards import Entered
from keiryo.web.pages.cameras_known import CAMERAS, TIMELINE, Standing, camera_address
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer

ONE = CAMERAS + "/{name:str}"
REGISTER_PAGE = "/surveillance/register-camera"
CHANGE, VIEW, ZONES, CLOCK, WAYS = "change", "view", "zones", "clock", "ways"
TAKE_IN, KEEPING, CASE = "take-in", "keeping", "case-file"
FORMS: tuple[tuple[str, str, str], ...] = (
    (TAKE_IN, INGEST, sentence("Take in images")),
    (CHANGE, REGISTER, sentence("Change the camera")),
    (VIEW, RECORD_VIEW, sentence("Record a view")),
    (ZONES, RECORD_ZONES, sentence("Draw zones")),
    (CLOCK, READ_CLOCK, sentence("Record a reading of the clock")),
    (CASE, MAKE, sentence("Make a case file")),
)
"""Pages with forms about a camera: name in the address, what they post, what they are called."""
KEEPING_ACTS = (HOLD, REMOVE)
MOST_SECONDS = Decimal(10) ** 12


def form_address(name: str, which: str) -> str:
    """Return the page of a camera that has one of its forms."""
    return f"{camera_address(name)}/{which}"


def forms_for(viewer: Viewer, standing: Standing) -> list[tuple[str, str]]:
    """Return the forms about a camera that a viewer may send: what each is called, and where."""
    name, scope = standing.camera.name, standing.camera.scope
    found = [
        (_(title), form_address(name, which))
        for which, act, title in FORMS
        if viewer.may_post(act, scope)
    ]
    if viewer.may_post_in_an_area(WATCH):
        found.append((_("Record a way that it watches"), form_address(name, WAYS)))
    return found


def crumbs_of(name: str, last: str) -> list[tuple[str, str | None]]:
    """Return the way to a form about a camera."""
    return [
        (_("Time line"), TIMELINE),
        (_("Cameras"), CAMERAS),
        (name, camera_address(name)),
        (last, None),
    ]


def say_findings(
    entered: Entered, findings: Iterable[Finding], fields: Mapping[str, str], *, listed: bool = True
) -> Entered:
    """Put findings to the fields that they are about, by their codes.

    Parameters
    ----------
    listed : bool
        Whether they are listed above the form as well; not where a service has done so.
    """
    for one in findings:
        if one.code in fields:
            name = fields[one.code]
            before = entered.errors.get(name)
            entered.errors[name] = f"{before} {in_words(one)}" if before else in_words(one)
        if listed:
            entered.findings.append(one)
    return entered


def placed(entered: Entered, fields: Mapping[str, str]) -> Entered:
    """Put what a service refused to the fields that it is about."""
    if "" not in entered.errors:  # nothing was asked of a service: all stands at its field already
        return entered
    return say_findings(entered, list(entered.findings), fields, listed=False)


def seconds_in(
    viewer: Viewer, entered: Entered, name: str, *, signed: bool = False
) -> Decimal | None:
    """Return the seconds in a field, or None; what is wrong goes into the form."""
    text = viewer.field(name)
    if not text:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = MOST_SECONDS
    if not found.is_finite() or abs(found) >= MOST_SECONDS:
        entered.errors[name] = _("Write seconds as a number, e.g. 600 or 0.5.")
        return None
    if found < 0 and not signed:
        entered.errors[name] = _("A time cannot be negative.")
        return None
    return found


def milliseconds(seconds: Decimal | None) -> int | None:
    """Return seconds as the record holds them."""
    return None if seconds is None else round(seconds * 1000)


def findings_of(viewer: Viewer, act: int) -> list[dict[str, Any]]:
    """Return the findings that were recorded with an act, as far as they are seen."""
    if not act:
        return []
    table = viewer.metadata.tables[FINDING.name]
    with viewer.books.reading() as connection:
        return rows_of(connection, viewer.metadata, FINDING.name, table.c.act_id == act)
