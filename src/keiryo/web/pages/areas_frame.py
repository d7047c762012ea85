"""What all pages of an area have in common: the area, the state of knowledge, periods, tabs."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from sqlalchemy import select

from keiryo.accounts import books
from keiryo.accounts.book_curve import beginning_of_books
from keiryo.accounts.closing import closings
from keiryo.accounts.model import NOW, Amount, Knowledge
from keiryo.accounts.tables import resolved
from keiryo.api import knowledge_of
from keiryo.dates import DateError, Period, next_day, parse_date
from keiryo.errors import UsageError
from keiryo.people.model import EVERYTHING
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.storage.schema import ACT
from keiryo.web.remembered import head_of
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import mass_g, mass_kg
from keiryo.web.viewer import AnyRequest, Viewer

MAX_ASKED = 60
FIRST_YEAR, LAST_YEAR = 1900, 2999
FINDINGS = "/findings"
"""Page of the findings; ``mba`` narrows it to an area."""

OF_THE_BOOKS = frozenset(
    {
        "balance",
        "book",
        "book on",
        "chart",
        "ledger counts",
        "ledger lines",
        "opening",
        "points",
        "standing",
    }
)
"""Answers about an area that no finding, answer to one, or notice changes."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the books of an area stand, as far as they are known.

    Attributes
    ----------
    pits : tuple of date
        Physical inventory takings.
    periods : tuple of Period
        The open one first, then those that a taking ended, the latest first.
    open : Period or None
        From the last taking to today.
    closed : mapping of date to int
        Act that closed the period which ended on a day.
    """

    pits: tuple[datetime.date, ...]
    periods: tuple[Period, ...]
    open: Period | None
    closed: Mapping[datetime.date, int]

    @property
    def last_ended(self) -> Period | None:
        """The last period that a taking ended."""
        ended = [period for period in self.periods if period != self.open]
        return ended[0] if ended else None


class AreaPage:
    """A request about an area: what is asked for, and what is remembered of its answer.

    Parameters
    ----------
    request, viewer
    mba : str

    Raises
    ------
    NotFoundError
        If the viewer sees no such area.
    UsageError
        If the state of knowledge that is asked for makes no sense.
    """

    def __init__(self, request: AnyRequest, viewer: Viewer, mba: str) -> None:
        self.request, self.viewer = request, viewer
        self.area: MaterialBalanceArea = viewer.area(mba)
        self.mba = self.area.code
        self.today = viewer.today_at(mba)
        self.asked_knowledge = str(request.query_params.get("known", "")).strip()[:MAX_ASKED]
        known = viewer.server.last_acts
        self.last_act = known.about(self.area.scope, viewer.head)
        self.last_books_act = known.about_books(self.area.scope, viewer.head)
        self.knowledge = self._knowledge()

    @property
    def is_now(self) -> bool:
        """Whether everything recorded counts."""
        return self.knowledge == NOW

    def _knowledge(self) -> Knowledge:
        asked = self.asked_knowledge
        if not asked:
            return NOW
        with self.viewer.whole.reading() as connection:
            return self._known(connection, asked)

    def _known(self, connection: Any, asked: str) -> Knowledge:
        known = knowledge_of(asked, None)
        head = head_of(connection, self.viewer.metadata).act_id
        if known.through_act is not None and not 1 <= known.through_act <= head:
            raise UsageError(
                f"there is no act {known.through_act} to know the books by",
                f"The acts run from 1 to {head}; or give a day as 2025-12-31.",
            )
        return resolved(connection, self.viewer.metadata, known)

    def remembered(self, name: str, build: Callable[[Any], _Answer], *about: Hashable) -> _Answer:
        """Return an answer from memory, or build it from the books as the viewer sees them.

        Parameters
        ----------
        name : str
        build : callable
            Takes a reading connection to the viewer's books.
        about : hashable
            What the answer is about beside the area, the knowledge, and the day there.
        """

        def built() -> _Answer:
            with self.viewer.books.reading() as connection:
                return build(connection)

        key = ("area", name, self.mba, self.viewer.sight, self.knowledge, *about)
        last = self.last_books_act if name in OF_THE_BOOKS else self.last_act
        as_of = (last, self.today)
        return self.viewer.server.remembered.get(key, as_of, built)

    @property
    def standing(self) -> Standing:
        """Where the books of the area stand."""
        return self.remembered("standing", self._standing)

    def _standing(self, connection: Any) -> Standing:
        metadata = self.viewer.metadata
        pits = books.pit_dates(connection, metadata, self.mba, self.knowledge)
        ended = [Period(next_day(begin), end) for begin, end in pairwise(pits)]
        begin = next_day(pits[-1]) if pits else beginning_of_books(connection, metadata, self.mba)
        now = None
        if begin is not None and begin <= self.today:
            now = Period(begin, self.today)
        closed = {
            row["to"]: row["act"]
            for row in closings(connection, metadata)
            if row["mba"] == self.mba
            and (self.knowledge.through_act is None or row["act"] <= self.knowledge.through_act)
        }
        periods = (*((now,) if now else ()), *reversed(ended))
        return Standing(tuple(pits), periods, now, closed)

    def period(self) -> Period | None:
        """Return the period that is asked for, or the last one that a taking ended.

        Raises
        ------
        UsageError
            If what is asked for is no period.
        """
        standing = self.standing
        asked = str(self.request.query_params.get("period", "")).strip()[:MAX_ASKED]
        if asked:
            begin, _dots, end = asked.partition("..")
            try:
                period = Period(parse_date(begin), parse_date(end))
                if not FIRST_YEAR <= period.start.year <= period.end.year <= LAST_YEAR:
                    raise DateError("there was no accounting then")
                return period
            except DateError as error:
                raise UsageError(
                    f"{asked!r} is no period: {error}", "Write it as 2025-01-01..2025-12-31."
                ) from None
        return standing.last_ended or standing.open

    def day(self, name: str, default: datetime.date) -> datetime.date:
        """Return a day that is asked for.

        Raises
        ------
        UsageError
            If it is no day.
        """
        asked = str(self.request.query_params.get(name, "")).strip()[:MAX_ASKED]
        if not asked:
            return default
        try:
            day = parse_date(asked)
        except DateError as error:
            raise UsageError(str(error), "Write a day as 2025-12-31.") from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise UsageError(f"{asked!r} is no day of accounting", "Write a day as 2025-12-31.")
        return day

    def path(self, *parts: str, **query: object) -> str:
        """Return the address of a page of the area, in the same state of knowledge."""
        if self.asked_knowledge:
            query.setdefault("known", self.asked_knowledge)
        return address("/areas", self.mba, *parts, **query)

    def frame(self, tab: str) -> dict[str, Any]:
        """Return what the frame of every page of the area shows."""
        names: tuple[tuple[str, str], ...] = (
            ("", _("Balance")),
            ("ledger", _("Ledger")),
            ("inventory", _("Inventory")),
            ("batches", _("Batches")),
            ("reports", _("Reports")),
            ("closings", _("Closings")),
        )
        names = tuple(one for one in names if one[0] != "reports" or self.shows_reports)
        tabs = [
            (title, self.path(*((name,) if name else ())), name == tab) for name, title in names
        ]
        crumbs: list[tuple[str, str | None]] = [(_("Areas"), "/areas")]
        crumbs.append((self.mba, None if not tab else self.path()))
        if tab:
            crumbs += [(title, None) for name, title in names if name == tab]
        return {
            "area": self.area,
            "tabs": tabs,
            "crumbs": crumbs,
            "knowledge": None if self.is_now else self._known_words(),
            "known": self.asked_knowledge,
            "now_href": self._now_href(),
            "partly": not sees_whole_area(self.viewer, self.area),
            "area_path": self.path,
        }

    @property
    def shows_reports(self) -> bool:
        """Whether reports of the area are for the viewer, so that a way there leads somewhere."""
        return self.viewer.sight.sees("reports", self.area.scope)

    def _now_href(self) -> str:
        query = {k: v for k, v in self.request.query_params.items() if k != "known"}
        return address(self.request.url.path, **query)

    def _known_words(self) -> dict[str, Any]:
        known = self.knowledge
        when = None
        if known.through_act is not None:
            table = self.viewer.metadata.tables[ACT]
            query = select(table.c.recorded_at).where(table.c.act_id == known.through_act)
            with self.viewer.whole.reading() as connection:
                when = connection.execute(query).scalar()
        return {"day": known.known_on, "act": known.through_act, "recorded_at": when}


def sees_whole_area(viewer: Viewer, area: MaterialBalanceArea) -> bool:
    """Return whether no agreement hides lines of an area's accounts from the viewer."""
    windows = viewer.sight.through("accounts")
    return any(w.agreement is None and w.covers(area.scope) for w in windows)


def sees_every_line(viewer: Viewer, scope: str, capability: str) -> bool:
    """Return whether the viewer sees all lines of a capability in a scope, whatever they are."""
    return any(
        w.agreement is None and EVERYTHING in w.caveats and w.covers(scope)
        for w in viewer.sight.through(capability)
    )


def address(*parts: str, **query: object) -> str:
    """Return an address of this server, every part of it quoted; what is None is left out."""
    path = "/".join([parts[0], *(quote(part, safe="") for part in parts[1:])])
    given = {
        name.rstrip("_"): value
        for name, value in query.items()
        if value is not None and value != ""
    }
    return f"{path}?{urlencode(given)}" if given else path


def batch_address(page: AreaPage, name: str) -> str:
    """Return the address of a batch; a name that cannot be a part of a path goes into the query."""
    if "/" in name or name in (".", ".."):
        return page.path("batch", name=name)
    return page.path("batch", name)


def why_address(node: str) -> str:
    """Return the address of the evidence chain of a figure, line or batch."""
    return f"/why?{urlencode({'of': node})}"


def figure_address(mba: str, period: Period, code: str, category: Category) -> str:
    """Return the address of the evidence chain of a figure of a balance."""
    return why_address(f"figure:{mba}/{period.start}..{period.end}/{code}/{category}")


def element_text(category: Category, element_mg: int) -> str:
    """Return an element weight in the unit of its category, exactly."""
    return mass_kg(element_mg) if category.unit == "kg" else mass_g(element_mg)


def category_name(category: Category | str) -> str:
    """Return an element category in words."""
    return {
        "N": _("natural uranium"),
        "D": _("depleted uranium"),
        "E": _("enriched uranium"),
        "U": _("unified uranium"),
        "P": _("plutonium"),
        "T": _("thorium"),
    }[str(category)]


def has_fissile(category: Category, amount: Amount | None) -> bool:
    """Return whether an amount shows a fissile weight: where it is balanced."""
    return (
        category in (Category.ENRICHED, Category.UNIFIED)
        and amount is not None
        and amount.fissile_mg is not None
    )
