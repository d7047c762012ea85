"""Equipment as it stands for a viewer: items, loans, calibrations, what to look at and what is due.

Everything is read through the books as the viewer sees them, and read anew only when something
about equipment was posted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from keiryo.dates import number_date
from keiryo.equipment.alarms import NOTICE_DAYS, Alarm, alarms
from keiryo.equipment.calibration import calibration_on, calibrations
from keiryo.equipment.items import Item, items
from keiryo.equipment.loan_states import AGREED, OUT, RETURNED
from keiryo.equipment.loans import Loan, loan_out, loans
from keiryo.equipment.tables import CALIBRATED_TYPES, LOST, RETIRED
from keiryo.errors import NotFoundError
from keiryo.journal.tables import EVIDENCE
from keiryo.people.accounts import names_of
from keiryo.storage.schema import ACT
from keiryo.web.pages.equipment_words import ENDED, ENDING, NONE, NOT_NEEDED, VALID
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import ngettext, number_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer

CAPABILITY = "equipment"
READING = {"reads": CAPABILITY}
HOME, ITEMS, LOANS, TO_LOOK_AT = (
    "/equipment",
    "/equipment/items",
    "/equipment/loans",
    "/equipment/alarms",
)


@dataclass(frozen=True, slots=True)
class Known:
    """Equipment, as a viewer sees it.

    Attributes
    ----------
    items : mapping of serial number to Item
    loans : mapping of name to Loan
    calibrations : mapping of serial number to list
        In the order of their days.
    """

    items: Mapping[str, Item]
    loans: Mapping[str, Loan]
    calibrations: Mapping[str, list[dict[str, Any]]]

    def under(self, serial: str) -> Loan | None:
        """Return the loan under which an item is out, or None."""
        return loan_out(self.loans, serial)

    def loans_of(self, serial: str) -> list[Loan]:
        """Return the loans to which an item belongs, the last one requested first."""
        mine = [one for one in self.loans.values() if serial in one.serials]
        return sorted(mine, key=lambda one: -int(one.values["requested_on"]))


def known(viewer: Viewer) -> Known:
    """Return equipment as it stands; read anew when something about it was posted."""

    def find() -> Known:
        with viewer.books.reading() as connection:
            return Known(
                items(connection, viewer.metadata),
                loans(connection, viewer.metadata),
                calibrations(connection, viewer.metadata),
            )

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("equipment", viewer.sight), last, find)


def standing_alarms(viewer: Viewer, on: datetime.date) -> list[Alarm]:
    """Return what is to be looked at on a day."""

    def find() -> list[Alarm]:
        with viewer.books.reading() as connection:
            return alarms(connection, viewer.metadata, on)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("equipment alarms", viewer.sight), (last, on), find)


def require_item(viewer: Viewer, serial: str) -> Item:
    """Return an item that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that serial number.
    """
    found = known(viewer).items.get(serial)
    if found is None:
        raise NotFoundError(
            f"there is no equipment with the serial number {serial[:60]!r}",
            "'keiryo equipment list' lists what there is.",
        )
    return found


def require_loan(viewer: Viewer, name: str) -> Loan:
    """Return a loan that is seen.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = known(viewer).loans.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no loan {name[:60]!r}", "'keiryo equipment list --loans' lists them."
        )
    return found


def item_address(serial: str) -> str:
    """Return the page of an item."""
    return f"{ITEMS}/{quote(serial, safe='')}"


def loan_address(name: str) -> str:
    """Return the page of a loan."""
    return f"{LOANS}/{quote(name, safe='')}"


def why_address(node: str) -> str:
    """Return the page that tells what something rests on."""
    return f"/why?of={quote(node, safe='')}"


def node_address(node: str) -> str:
    """Return the act of a line, with the line marked: ``line:3/1`` is line 1 of act 3."""
    return f"/journal/acts/{node.removeprefix('line:').partition('/')[0]}"


# --- calibrations ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trust:
    """How an item stands with its calibration on a day.

    Attributes
    ----------
    state : str
        One of the words of `keiryo.web.pages.equipment_words`.
    until : datetime.date or None
        Last day on which its readings are trusted.
    """

    state: str
    until: datetime.date | None


def trust_of(one: Item, done: list[dict[str, Any]], on: datetime.date) -> Trust:
    """Return how an item stands with its calibration on a day."""
    last = calibration_on(done, on)
    until = None if last is None else number_date(last["due_on"])
    if one.values["type"] not in CALIBRATED_TYPES:
        return Trust(NOT_NEEDED, until)
    if until is None:
        return Trust(NONE, None)
    if until < on:
        return Trust(ENDED, until)
    return Trust(ENDING if (until - on).days <= NOTICE_DAYS else VALID, until)


# --- what is due -----------------------------------------------------------------------------

CALIBRATION, SHIPMENT, RETURN, CLOSING = (
    sentence("calibration"),
    sentence("shipment"),
    sentence("return"),
    sentence("closing"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is to be done by a day: a calibration, the shipment or return of a loan."""

    what: str
    name: str
    href: str
    day: datetime.date
    detail: str


def due_of_loan(one: Loan, on: datetime.date) -> Due | None:
    """Return what of a loan is due next by a day that stands in its terms; None: nothing."""
    start, end, borrower = one.values["start_on"], one.end_on, str(one.values["borrower"])
    href = loan_address(one.name)
    if one.state == AGREED and start is not None:
        return Due(SHIPMENT, one.name, href, number_date(start), borrower)
    if one.state in OUT - {RETURNED} and end is not None:
        return Due(RETURN, one.name, href, number_date(end), borrower)
    if one.state == RETURNED:
        return Due(CLOSING, one.name, href, min(one.since, on), borrower)
    return None


def due_soon(found: Known, on: datetime.date) -> list[Due]:
    """Return what is overdue or due within 30 days, in the order of the days."""
    last = on + datetime.timedelta(days=NOTICE_DAYS)
    every = [*_calibrations_due(found, on)]
    every += [due for one in found.loans.values() if (due := due_of_loan(one, on)) is not None]
    return sorted(
        (due for due in every if due.day <= last), key=lambda due: (due.day, due.what, due.name)
    )


def _calibrations_due(found: Known, on: datetime.date) -> Iterator[Due]:
    for one in found.items.values():
        trust = trust_of(one, found.calibrations.get(one.serial, []), on)
        if trust.until is None or one.condition in (LOST, RETIRED):
            continue
        if trust.state in (ENDING, ENDED):
            words = str(one.values["model"])
            yield Due(CALIBRATION, one.serial, item_address(one.serial), trust.until, words)


def left_words(days: int) -> str:
    """Return how long it is until a day, or since."""
    if days == 0:
        return _("today")
    if days < 0:
        return ngettext(
            "%(number)s day ago", "%(number)s days ago", -days, number=number_text(-days)
        )
    return ngettext("in %(number)s day", "in %(number)s days", days, number=number_text(days))


# --- acts and evidence -----------------------------------------------------------------------


def who_acted(viewer: Viewer, acts: set[int]) -> dict[int, str]:
    """Return the display names of those who posted some acts, by act."""
    table = viewer.metadata.tables[ACT]
    wanted = sorted(acts)
    found: dict[int, str] = {}
    with viewer.books.reading() as connection:
        for first in range(0, len(wanted), 500):
            some = wanted[first : first + 500]
            query = select(table.c.act_id, table.c.person).where(table.c.act_id.in_(some))
            found |= {int(act): str(person) for act, person in connection.execute(query)}
    called = names_of(viewer.whole, set(found.values()))
    return {act: called[person] for act, person in found.items()}


def evidence_links(viewer: Viewer, given: list[Any]) -> list[list[tuple[str, str]]]:
    """Return for each text of evidence its names and addresses: files, or acts of the record."""
    told = [str(one or "").split() for one in given]
    digests = sorted({one for some in told for one in some if not one.startswith("act:")})
    table = viewer.metadata.tables[EVIDENCE.name]
    names: dict[str, str] = {}
    with viewer.books.reading() as connection:
        for first in range(0, len(digests), 500):
            some = digests[first : first + 500]
            query = select(table.c.digest, table.c.name).where(table.c.digest.in_(some))
            names |= {str(digest): str(name) for digest, name in connection.execute(query)}

    def shown(one: str) -> tuple[str, str]:
        kind, _colon, number = one.partition(":")
        if kind == "act":
            return _("act %(number)s", number=number), f"/journal/acts/{quote(number)}"
        return names.get(one, one[:12]), f"/evidence/{quote(one)}"

    return [[shown(one) for one in some] for some in told]
