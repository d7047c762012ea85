"""Words of obligations: label sets, accounts, kinds of moves, places, as pages say them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from keiryo.obligations.holdings import BOOK, FOLLOWED, POOL, TRANSIT, Holding
from keiryo.obligations.trace import PASSING
from keiryo.quantities import Category
from keiryo.web.pages.areas_frame import address, why_address
from keiryo.web.pictures.obligation_bars import UNLABELLED, SetLabels, set_name
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import mass_g, mass_kg
from keiryo.web.translation import sentence

HOME = "/obligations"
AREAS, TRACE, LABELS = f"{HOME}/areas", f"{HOME}/trace", f"{HOME}/labels"
RULES, CONSENTS, EXCHANGES = f"{HOME}/rules", f"{HOME}/consents", f"{HOME}/exchanges"
ATTENTION, STATEMENTS, REPORTS = f"{HOME}/attention", f"{HOME}/statements", f"{HOME}/reports"
RECORD = f"{HOME}/record"

ACCOUNT_WORDS: Mapping[str, str] = {
    "book": sentence("on the book"),
    "domestic_transit": sentence("on its way"),
    "retained_waste": sentence("retained waste"),
    "exempt_use": sentence("exempted for use"),
    "exempt_quantity": sentence("exempted for quantity"),
    "abroad": sentence("abroad"),
    "starting_point": sentence("starting point of safeguards"),
    "non_safeguarded": sentence("non-safeguarded activity"),
    "nuclear_production": sentence("nuclear production"),
    "nuclear_loss": sentence("nuclear loss"),
    "measured_discard": sentence("measured discard"),
    "accidental": sentence("accident"),
    "terminated": sentence("terminated"),
    "shipper_receiver_difference": sentence("shipper/receiver difference"),
    "other_category": sentence("other category"),
    "unaccounted": sentence("material unaccounted for"),
    "opening": sentence("opening of labels"),
    "not_recorded": sentence("not recorded before"),
    "rebatching_difference": sentence("rebatching difference"),
    PASSING: sentence("rebatching"),
}
"""Accounts between which labels pass, in words."""

STEP_WORDS: Mapping[str, str] = {
    "OPENING": sentence("labels begin to be kept"),
    "RECEIPT": sentence("receipt"),
    "SHIPMENT": sentence("shipment"),
    "CATEGORY": sentence("category change"),
    "BLEND": sentence("mixing"),
    "SPLIT": sentence("division"),
    "IRRADIATE": sentence("nuclear production"),
    "LOSS": sentence("loss or discard"),
    "GAIN": sentence("gain"),
    "DIFFERENCE": sentence("shipper/receiver difference"),
    "MUF": sentence("material unaccounted for"),
    "WASTE": sentence("transfer to retained waste"),
    "RECOVER": sentence("taken back into the accounts"),
    "EXEMPT": sentence("exemption"),
    "TERMINATE": sentence("termination"),
    "EXCHANGE": sentence("exchange of labels"),
    "RELABEL": sentence("labels begin or end"),
    "SETTLED": sentence("settled later"),
}
"""What happened, by the kind of a move."""

CONSENT_WORDS: Mapping[str, str] = {
    "retransfer": sentence("retransfer"),
    "reprocessing": sentence("reprocessing"),
    "enrichment to 20 % or more": sentence("enrichment to 20 % or more"),
    "alteration": sentence("alteration in form or content"),
    "storage": sentence("storage"),
    "exchange": sentence("exchange of labels"),
}
"""Steps that take a partner's consent."""


def set_words(key: str) -> str:
    """Return a label set in words."""
    return set_name(key, _("under no label"))


def set_labels(title: str, description: str) -> SetLabels:
    """Return the words of bars of label sets."""
    return SetLabels(
        title=title,
        description=description,
        nothing=_("Nothing is in the books."),
        more=_("and {count} more"),
        unlabelled=_("under no label"),
        other=_("other label sets"),
    )


def account_words(account: str) -> str:
    """Return an account in words."""
    return _(ACCOUNT_WORDS.get(account, account.replace("_", " ")))


def step_words(kind: str) -> str:
    """Return a kind of move in words."""
    return _(STEP_WORDS.get(kind, kind.lower()))


def place_words(holding: Holding) -> str:
    """Return a holding in words: area and batch, an account, or another State's place."""
    if holding.account == BOOK:
        pooled = holding.name == POOL
        return f"{holding.mba} {_('pool')}" if pooled else f"{holding.mba}/{holding.name}"
    if holding.account == TRANSIT:
        return _("on its way %(mba)s to %(name)s", mba=holding.mba, name=holding.name)
    if holding.account == "abroad":
        return holding.name or _("abroad")
    named = holding.name not in ("", POOL)
    if holding.account in (*FOLLOWED, PASSING) and named:
        return f"{holding.mba}/{holding.name} ({account_words(holding.account)})"
    return f"{holding.mba} ({account_words(holding.account)})"


def weight_words(mg: int, category: str) -> str:
    """Return an element weight in the unit of its category, exactly, with the unit."""
    unit = Category(category).unit
    return f"{mass_kg(mg) if unit == 'kg' else mass_g(mg)} {unit}"


def cells_words(cells: Mapping[str, int], category: str) -> str:
    """Return cells in one line: each label set with its weight."""
    return "; ".join(
        f"{set_words(key)} {weight_words(mg, category)}"
        for key, mg in sorted(cells.items(), key=lambda pair: (pair[0] == UNLABELLED, pair[0]))
        if mg
    )


def area_address(mba: str, on: str = "") -> str:
    """Return the page of an area."""
    return address(AREAS, mba, on=on)


def trace_address(of: str, **query: object) -> str:
    """Return the page of the way to a batch."""
    return address(TRACE, of=of, **query)


def label_address(code: str) -> str:
    """Return the page of a label."""
    return address(LABELS, code)


def cell_why(mba: str, category: str, key: str) -> str:
    """Return the evidence chain of what an area holds under a label set."""
    return why_address(f"obligation:{mba}/{category}/{key}")


def record_address(which: str, **query: object) -> str:
    """Return the form in which something is recorded."""
    path = f"{RECORD}/{which}"
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def crumbs(*more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    """Return the trail of a page."""
    return [(_("Obligations"), HOME if more else None), *more]
