"""Conversion of research reactors: high enriched uranium held, taken back, blended down, and left.

A campaign is the areas that are converted together, seen to the end of a day. It is worked out on
the books as a whole, for a shipment counts as arrived only with the receipt of the other side; what
is shown are areas that the viewer sees.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.response import Redirect, Stream
from sqlalchemy import or_, select

from keiryo.accounts.inventory import POOL
from keiryo.accounts.model import Amount, total
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.api import knowledge_of
from keiryo.conversion.campaign import SHIPPED, TAKEN_BACK, Campaign, campaign
from keiryo.conversion.high_enriched import (
    BLENDED,
    BURNT,
    FELL,
    LISTED,
    OPENING,
    REBATCHED,
    Step,
    counted,
)
from keiryo.errors import UsageError
from keiryo.places.tables import PLACES
from keiryo.quantities import effective_kg_text
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.boards import asked_day, narrowed
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pictures.conversion_curve import (
    CurveLabels,
    CurveMark,
    CurvePoint,
    conversion_curve,
)
from keiryo.web.remembered import head_of
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section, reads
from keiryo.web.speaking import day_text, mass_g, writing_now
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CAPABILITY = "accounts"
HOME = "/conversion"
MOST_AREAS = 60
STEP_WORDS = (
    *(sentence("in the first inventory taking"), sentence("imported"), sentence("received")),
    *(sentence("exported"), sentence("shipped"), sentence("blended down")),
    *(sentence("re-batched"), sentence("nuclear loss"), sentence("fell below 20 %")),
    *(sentence("to retained waste"), sentence("from retained waste"), sentence("exempted")),
    *(sentence("de-exempted"), sentence("discarded"), sentence("terminated"), sentence("lost")),
    *(sentence("to non-safeguarded use"), sentence("restated by the inventory taking")),
)
"""What the books say that an entry did to the material."""

CAME, BACK, SENT, DOWN, OTHER, RESTATED = (
    *("came", "taken back", "shipped", "blended down", "other loss"),
    "restated",
)
SUM_WORDS: Mapping[str, str] = {
    CAME: sentence("came onto the books"),
    BACK: sentence("taken back (exported)"),
    SENT: sentence("shipped in the country"),
    DOWN: sentence("blended down or below 20 %"),
    OTHER: sentence("other entries"),
    RESTATED: sentence("restated or re-batched"),
}
"""Sums of the campaign; together they are what is on hand."""

_DIFFERENCES = ("LN", "NP", "DI")
"""Entries whose weights are the difference of two, not those of a batch."""


def what_it_was(step: Step) -> str:
    """Return the sum to which a step belongs: the kinds of marks of the picture.

    Examples
    --------
    A receipt is ``"came"``, an export ``"taken back"``.
    """
    if step.kind in (BLENDED, FELL):
        return DOWN
    if step.kind in (REBATCHED, LISTED):
        return RESTATED
    if step.code == TAKEN_BACK:
        return BACK
    if step.code == SHIPPED:
        return SENT
    if step.kind == OPENING or (step.change.element_mg > 0 and step.kind != BURNT):
        return CAME
    return OTHER


# --- the page --------------------------------------------------------------------------------


def _batch_href(row: Row) -> str | None:
    return _batch_address(row["mba"], row["batch"])


def _batch_address(mba: str, batch: str) -> str:
    if batch == POOL:
        return f"/areas/{quote(mba)}/inventory"
    return f"/areas/{quote(mba)}/batch/{quote(batch, safe='')}"


COLUMNS = (
    ListColumn("day", sentence("Day"), "date"),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("what", sentence("What happened"), choices=STEP_WORDS),
    ListColumn("batch", sentence("Batch"), "code", href=_batch_href),
    ListColumn("element_mg", sentence("Uranium, g"), "number", filterable=False),
    ListColumn("fissile_mg", sentence("Fissile, g"), "number", filterable=False),
    ListColumn("sq", sentence("SQ"), "number", filterable=False),
    ListColumn("partner", sentence("With")),
    ListColumn("code", sentence("Entry"), "code"),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("line", sentence("Line"), "number", hidden=True),
    ListColumn("report", sentence("Report"), hidden=True),
)


@get(HOME, sync_to_thread=True, opt={"reads": CAPABILITY})
def conversion_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect | Stream:
    """Show a campaign: what came, went and is left, and whether that nothing is left holds."""
    if ticked := [str(one) for one in request.query_params.getall("area", [])]:
        return Redirect(_address(request, ticked), status_code=303)
    on = asked_day(request, "on", viewer.today)
    asked = [one for one in str(request.query_params.get("areas", "")).split(",") if one]
    for code in asked:
        viewer.area(code)
    proposed = _areas_named(viewer)
    chosen = tuple(dict.fromkeys(asked or proposed))
    if not chosen:
        return _shown(request, viewer, None, on, proposed, ())
    found = _campaign(viewer, chosen, on, str(request.query_params.get("as_known", ""))[:40])
    rows = [_row(step, found) for step in found.steps]
    table = shown_list(request, RowList(rows, COLUMNS), "conversion")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["what"] = _(row["what"])
        for name in ("element_mg", "fissile_mg"):
            cells[name] = None if row[name] is None else mass_g(row[name])
        cells["sq"] = str(row["sq"])
    return _shown(request, viewer, found, on, proposed, chosen, listed=table)


def _address(request: AnyRequest, areas: Sequence[str]) -> str:
    """Return the address of a campaign: its areas stand in one field, as lists keep it."""
    kept = {name: str(request.query_params.get(name, ""))[:40] for name in ("on", "as_known")}
    asked = {"areas": ",".join(areas[:MOST_AREAS]), **kept}
    return f"{HOME}?{urlencode({name: text for name, text in asked.items() if text})}"


def _campaign(viewer: Viewer, mbas: tuple[str, ...], on: datetime.date, as_known: str) -> Campaign:
    """Return a campaign; worked out anew when something was posted.

    Raises
    ------
    UsageError
        If the books cannot be known as is asked for.
    """
    knowledge = knowledge_of(as_known or None, None)
    through = knowledge.through_act

    def find() -> Campaign:
        with viewer.whole.reading() as connection:
            head = head_of(connection, viewer.metadata).act_id
            if through is not None and not 1 <= through <= head:
                raise UsageError(
                    f"there is no act {through} to know the books by",
                    f"The acts run from 1 to {head}; or give a day as 2025-12-31.",
                )
            return campaign(connection, viewer.metadata, mbas, on, knowledge)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    as_of = (last, viewer.server.last_acts.by(PLACES.name, viewer.head))
    key = ("conversion", mbas, on, as_known)
    return viewer.server.remembered.get(key, as_of, find)


def _areas_named(viewer: Viewer) -> tuple[str, ...]:
    """Return the areas that are seen and whose entries name uranium of 20 % and more."""

    def find() -> tuple[str, ...]:
        named: set[str] = set()
        with viewer.books.reading() as connection:
            for kind in (INVENTORY_CHANGE, PHYSICAL_INVENTORY):
                table = viewer.metadata.tables[kind.name]
                high = table.c.fissile_mg * 5 >= table.c.element_mg
                uranium = or_(table.c.category == "E", table.c.category == "U")
                query = select(table.c.mba).where(uranium, table.c.element_mg > 0, high).distinct()
                if kind is INVENTORY_CHANGE:  # what is burnt is no composition of a batch
                    query = query.where(table.c.code.not_in(_DIFFERENCES))
                named |= {str(one) for one in connection.execute(query).scalars()}
        return tuple(sorted(named))

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    found = viewer.server.remembered.get(("conversion areas", viewer.sight), last, find)
    return tuple(code for code in found if code in viewer.areas)


def _row(step: Step, found: Campaign) -> dict[str, Any]:
    return {
        "day": step.day,
        "mba": step.mba,
        "what": step.kind,
        "batch": step.batch,
        "element_mg": step.change.element_mg,
        "fissile_mg": step.change.fissile_mg,
        "sq": float(_quantities(step.change, found)),
        "partner": step.partner,
        "code": step.code,
        "act": step.act or None,
        "line": step.line or None,
        "report": None if step.report is None else f"{step.mba}/{step.report}",
    }


def _quantities(amount: Amount, found: Campaign) -> str:
    """Return significant quantities with their sign, as a decimal number."""
    size = amount if amount.element_mg >= 0 else amount.times(-1)
    text = effective_kg_text(counted(size, found.table))
    return text if amount.element_mg >= 0 else f"-{text}"


def _shown(
    request: AnyRequest,
    viewer: Viewer,
    found: Campaign | None,
    on: datetime.date,
    proposed: tuple[str, ...],
    chosen: tuple[str, ...],
    listed: Any = None,
) -> Response[Any]:
    seen = [] if found is None else narrowed(viewer, found.findings, CAPABILITY)
    areas = sorted(viewer.areas, key=lambda code: (code not in chosen, code not in proposed, code))
    return render(
        request,
        "conversion.html",
        found=found,
        on=on,
        as_known=str(request.query_params.get("as_known", ""))[:40],
        areas=[(code, code in chosen, code in proposed) for code in areas[:MOST_AREAS]],
        more_areas=max(len(areas) - MOST_AREAS, 0),
        statement=None if found is None else _statement(found),
        findings=[plain_finding(one) for one in seen],
        unseen=0 if found is None else len(found.findings) - len(seen),
        sums=[] if found is None else _sums(found),
        held=[] if found is None else _held(found),
        blends=[] if found is None else _blends(found),
        picture="" if found is None else _picture(found, on, viewer.today),
        acts=() if found is None else found.acts,
        listed=listed,
        crumbs=[(_("Conversion of research reactors"), None)],
    )


def _statement(found: Campaign) -> str:
    """Return the confirmation, or that there is none, in the language of the request."""
    places, day = ", ".join(found.mbas), day_text(found.on)
    if not found.nothing_left:
        return _(
            "It cannot be confirmed that %(areas)s is free of high enriched uranium at the end of "
            "%(day)s.",
            areas=places,
            day=day,
        )
    if not found.steps:
        return _(
            "%(areas)s never had high enriched uranium on the books up to the end of %(day)s.",
            areas=places,
            day=day,
        )
    return _(
        "No high enriched uranium is left at %(areas)s at the end of %(day)s: none on the book, on "
        "its way, in retained waste or exempted. The last of it went on %(last)s.",
        areas=places,
        day=day,
        last=day_text(found.steps[-1].day),
    )


def _weights(amount: Amount, found: Campaign) -> dict[str, Any]:
    return {
        "element": mass_g(amount.element_mg),
        "fissile": None if amount.fissile_mg is None else mass_g(amount.fissile_mg),
        "sq": _quantities(amount, found),
    }


def _sums(found: Campaign) -> list[dict[str, Any]]:
    """Return what each kind of step added or took, and what is on hand: their sum."""
    rows = []
    for what, words in SUM_WORDS.items():
        mine = [step.change for step in found.steps if what_it_was(step) == what]
        if mine:
            rows.append({"what": _(words), **_weights(total(mine), found)})
    rows.append({"what": _("on hand"), "total": True, **_weights(found.on_hand, found)})
    return rows


def _held(found: Campaign) -> list[dict[str, Any]]:
    return [
        {
            "mba": mba,
            "batch": row.batch,
            "href": _batch_address(mba, row.batch),
            "items": row.items,
            **_weights(row.amount, found),
        }
        for mba, row in found.held
    ]


def _blends(found: Campaign) -> list[dict[str, Any]]:
    return [
        {
            "day": day_text(one.day),
            "mba": one.mba,
            "high": _weights(one.mixed, found),
            "low": _weights(one.product, found),
            "acts": one.acts,
        }
        for one in found.blends
    ]


# --- the picture -----------------------------------------------------------------------------


def _picture(found: Campaign, on: datetime.date, today: datetime.date) -> str:
    labels = CurveLabels(
        title=_("High enriched uranium on the books"),
        description=_(
            "High enriched uranium from {first} to {last}: at most {most}, {held} at the end; "
            "{counts}."
        ),
        nothing=_("No high enriched uranium was ever on these books."),
        today=_("today") if on == today else _("as of"),
        kinds=lambda what: _(SUM_WORDS.get(what, what)),
    )
    points = [CurvePoint(level.day, level.held.element_mg) for level in found.levels]
    return conversion_curve(
        points, on, marks=list(_marks(found)), labels=labels, writing=writing_now()
    )


def _marks(found: Campaign) -> Iterable[CurveMark]:
    for step in found.steps:
        told = _(
            "%(day)s, %(area)s, batch %(batch)s: %(what)s, %(weight)s g",
            day=day_text(step.day),
            area=step.mba,
            batch=step.batch,
            what=_(step.kind),
            weight=mass_g(step.change.element_mg),
        )
        href = f"/journal/acts/{step.act}" if step.act else None
        yield CurveMark(what_it_was(step), step.day, told, href)


SECTION = Section(
    "conversion",
    handlers=(conversion_page,),
    menu=(MenuEntry(sentence("Conversion"), HOME, "Books", 80, reads(CAPABILITY)),),
)
