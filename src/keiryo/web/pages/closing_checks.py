"""What to look at before a balance is closed: each point with what to do about it.

Nothing but a missing physical inventory keeps the books from closing a period; the other points
are questions that somebody will ask later, and are cheaper to answer now.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Connection

from keiryo.accounts import closing
from keiryo.accounts.closing_preview import (
    ClosingPreview,
    closing_preview,
    listing_of,
    reaches_back,
    takings,
)
from keiryo.accounts.model import ZERO, Amount
from keiryo.dates import next_day
from keiryo.errors import KeiryoError
from keiryo.oversight.worklist_query import counts_of_views, work_items
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.web.answers import in_words
from keiryo.web.pages import deadlines, transit
from keiryo.web.pages.boards import areas_reading
from keiryo.web.speaking import day_text, mass_kg, ngettext, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer

READY, CLOSED, CHANGED, NOTHING = (
    sentence("to be closed"),
    sentence("closed"),
    sentence("changed since"),
    sentence("no period yet"),
)
STATES = (READY, CHANGED, CLOSED, NOTHING)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the checklist.

    Attributes
    ----------
    kind : str
        ``"ok"``, ``"info"``, ``"warning"`` or ``"error"`` (keeps the period from being closed).
    title, words : str
    href, link : str
        Where to do something about it.
    """

    kind: str
    title: str
    words: str
    href: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the last period of an area stands.

    Attributes
    ----------
    state : str
        One of `STATES`.
    start, end : date or None
        The last period that a taking ended.
    closed_act : int or None
    unclosed_before : int
        Earlier periods that nobody closed.
    """

    state: str
    start: datetime.date | None = None
    end: datetime.date | None = None
    closed_act: int | None = None
    unclosed_before: int = 0


def standing_of(viewer: Viewer, area: MaterialBalanceArea) -> Standing:
    """Return where the last period of an area stands; remembered until something concerns it."""
    as_of = viewer.server.last_acts.about(area.scope, viewer.head)
    key = ("closing", viewer.sight, area.code)
    with viewer.books.reading() as connection:
        return viewer.server.remembered.get(
            key, as_of, lambda: _standing(connection, viewer, area.code)
        )


def _standing(connection: Connection, viewer: Viewer, mba: str) -> Standing:
    metadata = viewer.metadata
    days = takings(connection, metadata, mba)
    if len(days) < 2:
        return Standing(NOTHING)
    ended = days[1:]
    acts = {day: closing.last_closing_act(connection, metadata, mba, day) for day in ended}
    unclosed = sum(acts[day] is None for day in ended[:-1])
    period = (next_day(days[-2]), days[-1])
    act = acts[days[-1]]
    if act is None:
        return Standing(READY, *period, None, unclosed)
    found = closing_preview(connection, metadata, mba)
    rounded = closing.closed_lines(connection, metadata, mba, days[-1])
    if found.same:
        state = CLOSED
    elif rounded is not None and any(code.startswith("RA") for code in rounded[1]):
        later = reaches_back(connection, metadata, mba, found.period, act)
        state = CHANGED if later else CLOSED
    else:
        state = CHANGED
    return Standing(state, *period, act, unclosed)


def checklist(
    viewer: Viewer, area: MaterialBalanceArea, found: ClosingPreview, days: list[datetime.date]
) -> list[Point]:
    """Return the points to look at before a period is closed, in the order of the work."""
    with viewer.books.reading() as connection:
        points: list[Point | None] = [
            _taking(area, found),
            _listing(connection, viewer, area, found),
            _before(connection, viewer, area, found, days),
            _reports(viewer, area, found),
            _agreement(found, area),
            _findings(connection, viewer, area),
            _transit(viewer, area, found),
            _closed(connection, viewer, area, found),
        ]
    if not viewer.may_post("period.close", area.scope):
        words = _("You may look at everything here; closing takes a role that may close balances.")
        points.append(Point("info", _("Who may close"), words))
    return [point for point in points if point is not None]


def open_points(points: list[Point]) -> int:
    """Return how many points are still a question."""
    return sum(point.kind == "warning" for point in points)


def _taking(area: MaterialBalanceArea, found: ClosingPreview) -> Point:
    day = day_text(found.period.end)
    return Point(
        "ok",
        _("Physical inventory taking"),
        _("A physical inventory of %(mba)s was taken on %(day)s.", mba=area.code, day=day),
    )


def _listing(
    connection: Connection, viewer: Viewer, area: MaterialBalanceArea, found: ClosingPreview
) -> Point:
    end = found.period.end
    listed = listing_of(connection, viewer.metadata, area.code, end)
    href = f"/areas/{area.code}/inventory?{urlencode({'on': end.isoformat()})}"
    title = _("Listing")
    if not listed.lines:
        return Point(
            "warning",
            title,
            _("Nothing is listed on that day: the area was empty, or the listing is not in."),
            "/reports/upload",
            _("Send the listing"),
        )
    pe = found.computed.get("PE", {})
    sums = ", ".join(f"{c} {mass_kg(a.element_mg)} kg" for c, a in pe.items() if a.element_mg)
    words = ngettext(
        "%(number)s batch is listed: %(sums)s.",
        "%(number)s batches are listed: %(sums)s.",
        listed.batches,
        number=number_text(listed.batches),
        sums=sums or "0 kg",
    )
    if not listed.reports:
        words += " " + _("No report says so yet; the listing (PIL) is still to be issued.")
    return Point("ok" if listed.reports else "info", title, words, href, _("The itemised list"))


def _before(
    connection: Connection,
    viewer: Viewer,
    area: MaterialBalanceArea,
    found: ClosingPreview,
    days: list[datetime.date],
) -> Point:
    title = _("Period before")
    earlier = [day for day in days[1:] if day < found.period.end]
    unclosed = [
        day
        for day in earlier
        if closing.last_closing_act(connection, viewer.metadata, area.code, day) is None
    ]
    if not earlier:
        return Point("ok", title, _("This is the first period of the books."))
    if not unclosed:
        return Point("ok", title, _("The periods before are closed."))
    return Point(
        "warning",
        title,
        ngettext(
            "%(number)s period before is not closed, the first of them ended on %(day)s.",
            "%(number)s periods before are not closed, the first of them ended on %(day)s.",
            len(unclosed),
            number=number_text(len(unclosed)),
            day=day_text(unclosed[0]),
        ),
        f"/closing/{area.code}?pit={unclosed[0].isoformat()}",
        _("Close that one first"),
    )


def _reports(viewer: Viewer, area: MaterialBalanceArea, found: ClosingPreview) -> Point | None:
    """Say whether the changes of the period were all reported."""
    if area.code not in areas_reading(viewer, "reports"):
        return None
    board = deadlines.BOARDS.get(viewer, viewer.today, deadlines.MODEL, None).answer
    end = f"{found.period.end:%Y-%m}"
    undone = [
        duty
        for duty in board
        if duty.mba == area.code and duty.kind == "ICR" and not duty.done and duty.period[:7] <= end
    ]
    title = _("Reports of changes")
    if not undone:
        return Point("ok", title, _("The changes of the period are reported."))
    return Point(
        "warning",
        title,
        ngettext(
            "Changes of %(number)s month are not reported yet.",
            "Changes of %(number)s months are not reported yet.",
            len(undone),
            number=number_text(len(undone)),
        ),
        f"/deadlines?{urlencode({'mba': area.code, 'kind': 'ICR'})}",
        _("What is due"),
    )


def _agreement(found: ClosingPreview, area: MaterialBalanceArea) -> Point:
    title = _("Reported balance")
    if not found.reported:
        words = _("No balance was reported for this period yet; what the books give is closed.")
        return Point("info", title, words)
    count = len(found.balance.findings)
    if not count:
        return Point("ok", title, _("The balance that was reported agrees with the books."))
    return Point(
        "warning",
        title,
        ngettext(
            "The balance that was reported disagrees with the books in %(number)s place.",
            "The balance that was reported disagrees with the books in %(number)s places.",
            count,
            number=number_text(count),
        ),
        f"/closing/{area.code}?pit={found.period.end.isoformat()}#balance",
        _("Every difference, explained"),
    )


def _findings(connection: Connection, viewer: Viewer, area: MaterialBalanceArea) -> Point | None:
    if area.code not in areas_reading(viewer, "journal"):
        return None
    items = work_items(viewer.metadata, viewer.today, [area.code])
    count = counts_of_views(connection, items)["open"]
    title = _("Findings")
    if not count:
        return Point("ok", title, _("No finding about %(mba)s is open.", mba=area.code))
    return Point(
        "warning",
        title,
        ngettext(
            "%(number)s finding about %(mba)s is open.",
            "%(number)s findings about %(mba)s are open.",
            count,
            number=number_text(count),
            mba=area.code,
        ),
        f"/findings?{urlencode({'view': 'open', 'mba': area.code})}",
        _("Answer them"),
    )


def _transit(viewer: Viewer, area: MaterialBalanceArea, found: ClosingPreview) -> Point | None:
    if area.code not in areas_reading(viewer, "reports"):
        return None
    end = found.period.end
    board = transit.BOARDS.get(viewer, end, False, False, None).answer
    rows = [
        row
        for row in transit.narrowed_rows(viewer, board)
        if area.code in (row.sender, row.receiver) and row.state not in ("received", "difference")
    ]
    title = _("Transit")
    href = f"/transit?{urlencode({'on': end.isoformat()})}"
    if not rows:
        words = _("Nothing was on its way from or to %(mba)s that evening.", mba=area.code)
        return Point("ok", title, words, href, _("The board of that day"))
    batches = {(row.sender, row.receiver, row.batch) for row in rows}
    asked = any(row.state in transit.ASKED for row in rows)
    words = ngettext(
        "%(number)s batch was on its way from or to %(mba)s that evening: it belongs to nobody's "
        "physical inventory.",
        "%(number)s batches were on their way from or to %(mba)s that evening: they belong to "
        "nobody's physical inventory.",
        len(batches),
        number=number_text(len(batches)),
        mba=area.code,
    )
    return Point("warning" if asked else "info", title, words, href, _("The board of that day"))


def _closed(
    connection: Connection, viewer: Viewer, area: MaterialBalanceArea, found: ClosingPreview
) -> Point:
    title = _("Closed before?")
    act = found.closed_act
    if act is None:
        return Point("ok", title, _("Nobody closed this period yet."))
    link = _("Act %(number)s", number=act)
    if found.same:
        words = _("It is closed in these very words; closing again records nothing.")
        return Point("info", title, words, f"/journal/acts/{act}", link)
    later = reaches_back(connection, viewer.metadata, area.code, found.period, act)
    words = _("It is closed with other figures; closing again corrects that closing.")
    if later:
        listed = ", ".join(map(str, later[:8]))
        words += " " + _("Since then these acts reach into the period: %(acts)s.", acts=listed)
    return Point("info", title, words, f"/journal/acts/{act}", link)


def side_by_side(area: MaterialBalanceArea, found: ClosingPreview) -> list[dict[str, Any]]:
    """Return computed and reported balance line by line, with what explains each difference."""
    codes = [c for c in found.computed if not c.startswith("RA")]
    codes += [c for c in found.reported if not c.startswith("RA") and c not in codes]
    period = f"{found.period.start}..{found.period.end}"
    rows = []
    for code in codes:
        own, said = found.computed.get(code, {}), found.reported.get(code, {})
        adjusted = found.reported.get(f"RA{code}", {})
        for category in Category:
            if category not in own and category not in said:
                continue
            computed, stated = own.get(category, ZERO), said.get(category)
            rounding = adjusted.get(category, ZERO)
            row: dict[str, Any] = {
                "code": code,
                "category": str(category),
                "href": f"/why?of={quote(f'figure:{area.code}/{period}/{code}/{category}')}",
                "computed_mg": computed.element_mg,
                "computed_fissile_mg": computed.fissile_mg,
                "reported_mg": None if stated is None else stated.element_mg,
                "reported_fissile_mg": None if stated is None else stated.fissile_mg,
                "rounding_mg": rounding.element_mg or None,
            }
            row |= _difference(found, code, category, computed, stated, rounding)
            row["difference_fissile_mg"] = _fissile_difference(found, computed, stated, rounding)
            if row["difference_fissile_mg"] and row["kind"] == "ok":
                words = _("the report and the books differ in the fissile weight")
                row |= {"kind": "query", "explained": words}
            rows.append(row)
    return rows


def _fissile_difference(
    found: ClosingPreview, computed: Amount, stated: Amount | None, rounding: Amount
) -> int | None:
    """Return reported less computed fissile weight, mg; None where one of them is not known."""
    if not found.reported or stated is None:
        return None
    if stated.fissile_mg is None or computed.fissile_mg is None:
        return None
    return stated.fissile_mg + (rounding.fissile_mg or 0) - computed.fissile_mg


def _difference(
    found: ClosingPreview,
    code: str,
    category: Category,
    computed: Amount,
    stated: Amount | None,
    rounding: Amount,
) -> Mapping[str, Any]:
    if not found.reported:
        return {"difference_mg": None, "kind": "", "explained": ""}
    if stated is None and computed.is_zero:
        return {"difference_mg": 0, "kind": "ok", "explained": _("nothing to report")}
    difference = (stated or ZERO).element_mg + rounding.element_mg - computed.element_mg
    start = f"{code} of category {category} "
    said = [f for f in found.balance.findings if f.message.startswith(start)]
    if said:
        words = " ".join(map(in_words, said))
        return {"difference_mg": difference, "kind": "query", "explained": words}
    if stated is None:
        explained = _("it follows from the other lines, and was not reported itself")
        return {"difference_mg": None, "kind": "info", "explained": explained}
    if rounding.element_mg or rounding.fissile_mg:
        words = _(
            "agrees with its rounding adjustment of %(kg)s kg", kg=mass_kg(rounding.element_mg)
        )
        if rounding.fissile_mg:
            words += ", " + _("of the fissile weight %(kg)s kg", kg=mass_kg(rounding.fissile_mg))
        return {"difference_mg": difference, "kind": "ok", "explained": words}
    if difference:
        words = _("the report and the books differ; look at the entries behind both")
        return {"difference_mg": difference, "kind": "query", "explained": words}
    return {"difference_mg": 0, "kind": "ok", "explained": _("agrees")}


def why_not(viewer: Viewer, area: MaterialBalanceArea, error: KeiryoError) -> Point:
    """Return what keeps a period of an area from being closed, and what to do."""
    del viewer
    words = f"{error.message[:1].upper()}{error.message[1:]}. {error.advice}"
    return Point(
        "error",
        _("Physical inventory taking"),
        words.strip(),
        "/reports/upload",
        _("Send the listing of %(mba)s", mba=area.code),
    )
