"""A case read from a file: what other systems recorded, in TOML or JSON; see `case`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from keiryo.access_control import case as kinds
from keiryo.access_control.case import NS, Case, Limits
from keiryo.access_control.setup import Setup, identifier
from keiryo.access_control.table_files import Problems, Table, read_table
from keiryo.protection.inputs import Fields, Node, load, raise_problems
from keiryo.protection.instants import UnreadableTimeError, read_instant, time_ns

LISTS = {
    "transfer": "transfers",
    "work_order": "work_orders",
    "seal": "seal_acts",
    "seen": "seen",
    "quiet": "quiet_times",
    "item_check": "item_checks",
    "location": "locations",
    "portal_alarm": "portal_alarms",
    "difference": "differences",
    "clock_check": "clock_checks",
    "edit": "edits",
}
"""The lists of a file, and what they become in a `Case`."""
KEYS = ("from", "to", "two_person_areas", "categories", "limits", "places", *LISTS)
LIMIT_KEYS = (
    *("work_order_s", "seal_s", "monitor_s", "portal_s", "clock_s"),
    *("trend_alpha", "trend_least", "hours"),
)
ORDER_COLUMNS = ("id", "areas", "start", "end", "items", "persons", "authorised_by")
ORDER_NEEDS = ORDER_COLUMNS[:4]
CATEGORIES = ("I", "II", "III", "PMP")
_T = TypeVar("_T")
_FOREVER = 2**62
_WHEN = ("at", "start", "end", "day")


def read_case_file(path: Path | str, setup: Setup) -> Case:
    """Read a case from a TOML or JSON file.

    Parameters
    ----------
    path : Path or str
    setup : Setup
        Of access control: its areas, and the time zone of local times and of days.

    Raises
    ------
    InputError
        With everything that is wrong in it: ``AREA_UNKNOWN``, ``DUPLICATE_ID``, ``TIME``,
        ``TIME_AMBIGUOUS``, ``DATE_ORDER``, ``LIMIT``, ``CATEGORY``, ``ACTION`` and what
        `keiryo.protection.inputs` tells.
    """
    return read_case(load(path), setup)


def read_case(node: Node, setup: Setup) -> Case:
    """Read a case from the content of a file; raises as `read_case_file`."""
    top = node.fields(KEYS)
    reader = _Reader(top, setup)
    start, end = reader.instant(top, "from"), reader.instant(top, "to", end=True)
    if start is not None and end is not None and end <= start:
        top.note("DATE_ORDER", "It ends before it begins.", "to")
    made = Case(
        start_ns=-_FOREVER if start is None else start,
        end_ns=_FOREVER if end is None else end,
        transfers=reader.each(
            "transfer", ("origin", "destination", "items", "by", "authorised_by"), reader.transfer
        ),
        work_orders=reader.each(
            "work_order", ("areas", "items", "persons", "authorised_by"), reader.order
        ),
        seal_acts=reader.each("seal", ("seal", "item", "action", "area"), reader.seal),
        seen=reader.each("seen", ("system", "area", "clock_s"), reader.sighting),
        quiet_times=reader.each("quiet", ("area",), reader.quiet, named=False),
        item_checks=reader.each("item_check", ("area", "items"), reader.check),
        locations=reader.each("location", ("item", "area"), reader.location, named=False),
        portal_alarms=reader.each("portal_alarm", ("portal", "area", "adjudicated"), reader.alarm),
        differences=reader.each(
            "difference", ("area", "value", "sd", "custodian", "shift"), reader.difference
        ),
        clock_checks=reader.each("clock_check", ("system", "offset_s", "limit_s"), reader.clock),
        edits=reader.each("edit", ("what", "entered_by", "changed_by", "approved"), reader.edit),
        two_person_areas=frozenset(reader.areas(top, "two_person_areas", required=False)),
        categories=_categories(top, setup),
        limits=_limits(top),
        places=_places(reader),
        given=frozenset(ours for theirs, ours in LISTS.items() if theirs in top),
    )
    raise_problems(top.problems)
    return made


class _Reader:
    """Reads the lists of a case."""

    def __init__(self, top: Fields, setup: Setup) -> None:
        self.top, self.setup = top, setup
        self.names: set[str] = set()

    def each(
        self,
        name: str,
        keys: tuple[str, ...],
        reading: Callable[[Fields, str], _T | None],
        *,
        named: bool = True,
    ) -> tuple[_T, ...]:
        """Return the records of a list; ids are of one name space in the file."""
        found = []
        allowed = (*keys, *_WHEN, *(("id",) if named else ()))
        for fields in self.top.objects(name, allowed, required=False):
            own = identifier(fields, "id") if named else ""
            if own and own in self.names:
                fields.note("DUPLICATE_ID", "A record of this name stands here already.", "id")
            self.names.add(own or "")
            one = reading(fields, own or "")
            if one is not None:
                found.append(one)
        return tuple(found)

    def instant(self, fields: Fields, name: str, *, end: bool = False) -> int | None:
        """Return an instant; see `keiryo.protection.instants.day_or_time_ns` for days."""
        return read_instant(fields, name, self.setup.timezone, days=True, end=end)

    def when(self, fields: Fields) -> tuple[int, int]:
        """Return when something was: ``at``, or ``start`` and ``end``, or a whole ``day``."""
        given = [name for name in _WHEN if name in fields]
        if given == ["at"]:
            at = self.instant(fields, "at") or 0
            return at, at
        if given == ["day"]:
            start, end = self.instant(fields, "day"), self.instant(fields, "day", end=True)
            return start or 0, (end or 1) - 1
        if given == ["start", "end"]:
            start, end = self.instant(fields, "start"), self.instant(fields, "end", end=True)
            if start is not None and end is not None and end <= start:
                fields.note("DATE_ORDER", "It ends before it begins.", "end")
            return start or 0, end or 0
        fields.note("MISSING_KEY", "Give at, or day, or start and end, and one of them only.")
        return 0, 0

    def area(self, fields: Fields, name: str = "area", *, required: bool = True) -> str | None:
        """Return an area of the setup."""
        text = identifier(fields, name, required=required)
        if text is not None and text not in self.setup.areas:
            fields.note("AREA_UNKNOWN", "The setup has no area of this name.", name)
            return None
        return text

    def areas(self, fields: Fields, name: str, *, required: bool = True) -> list[str]:
        """Return areas of the setup."""
        found = self.texts(fields, name, required=required)
        for index, one in enumerate(found):
            if one not in self.setup.areas:
                fields.note("AREA_UNKNOWN", "The setup has no area of this name.", name, index)
        return found

    def texts(self, fields: Fields, name: str, *, required: bool = False) -> list[str]:
        """Return a list of names."""
        found = []
        for index, one in enumerate(fields.list(name, required=required)):
            if isinstance(one, str) and one.strip() and len(one) <= 64 and one.isprintable():
                found.append(one)
            else:
                fields.note("NAME", "A name of 64 characters at most belongs here.", name, index)
        return found

    def seconds(self, fields: Fields, name: str) -> int:
        """Return a time in nanoseconds, 0 if there is none."""
        value = fields.number(name, low=0, code="LIMIT", required=False)
        return 0 if value is None else int(value * NS)

    def transfer(self, fields: Fields, name: str) -> kinds.Transfer:
        return kinds.Transfer(
            name,
            *self.when(fields),
            self.area(fields, "origin", required=False),
            self.area(fields, "destination", required=False),
            tuple(self.texts(fields, "items")),
            identifier(fields, "by", required=False),
            identifier(fields, "authorised_by", required=False),
        )

    def order(self, fields: Fields, name: str) -> kinds.WorkOrder:
        return kinds.WorkOrder(
            name,
            tuple(self.areas(fields, "areas")),
            *self.when(fields),
            tuple(self.texts(fields, "items")),
            tuple(self.texts(fields, "persons")),
            identifier(fields, "authorised_by", required=False),
        )

    def seal(self, fields: Fields, name: str) -> kinds.SealAct:
        action = fields.text("action")
        if action is not None and action not in ("attached", "detached"):
            fields.note("ACTION", "A seal is attached or detached.", "action")
        seal, item = identifier(fields, "seal") or "", identifier(fields, "item") or ""
        area = self.area(fields, required=False)
        return kinds.SealAct(name, *self.when(fields), seal, item, action == "attached", area)

    def sighting(self, fields: Fields, name: str) -> kinds.Seen:
        system, area = identifier(fields, "system") or "", self.area(fields) or ""
        return kinds.Seen(name, system, area, *self.when(fields), self.seconds(fields, "clock_s"))

    def quiet(self, fields: Fields, _: str) -> kinds.QuietTime:
        return kinds.QuietTime(self.area(fields) or "", *self.when(fields))

    def check(self, fields: Fields, name: str) -> kinds.ItemCheck:
        items = frozenset(self.texts(fields, "items", required=True))
        return kinds.ItemCheck(name, self.area(fields) or "", self.when(fields)[0], items)

    def location(self, fields: Fields, _: str) -> kinds.Location:
        item, area = identifier(fields, "item") or "", self.area(fields) or ""
        start = self.instant(fields, "start")
        end = self.instant(fields, "end", end=True)
        for name in ("at", "day"):
            if name in fields:
                fields.note("UNKNOWN_KEY", "A location has a start and an end.", name)
        return kinds.Location(
            *(item, area),
            -_FOREVER if start is None else start,
            _FOREVER if end is None else end,
        )

    def alarm(self, fields: Fields, name: str) -> kinds.PortalAlarm:
        portal, at = identifier(fields, "portal") or "", self.when(fields)[0]
        done = self.instant(fields, "adjudicated")
        if done is not None and done < at:
            fields.note("DATE_ORDER", "It is adjudicated before it occurred.", "adjudicated")
        return kinds.PortalAlarm(name, portal, at, done, self.area(fields, required=False))

    def difference(self, fields: Fields, name: str) -> kinds.Difference:
        value = fields.number("value")
        sd = fields.number("sd", low=0, low_open=True, code="LIMIT", required=False)
        return kinds.Difference(
            *(name, self.when(fields)[0], self.area(fields) or ""),
            0.0 if value is None else float(value),
            None if sd is None else float(sd),
            identifier(fields, "custodian", required=False),
            identifier(fields, "shift", required=False),
        )

    def clock(self, fields: Fields, name: str) -> kinds.ClockCheck:
        system, offset = identifier(fields, "system") or "", fields.number("offset_s")
        limit = fields.number("limit_s", low=0, code="LIMIT", required=False)
        return kinds.ClockCheck(
            *(name, system, self.when(fields)[0]),
            0 if offset is None else int(offset * NS),
            None if limit is None else int(limit * NS),
        )

    def edit(self, fields: Fields, name: str) -> kinds.Edit:
        return kinds.Edit(
            *(name, identifier(fields, "what", required=False) or "record"),
            identifier(fields, "entered_by", required=False),
            identifier(fields, "changed_by", required=False),
            self.instant(fields, "approved"),
            self.when(fields)[0],
        )


def _categories(top: Fields, setup: Setup) -> dict[str, str]:
    fields = top.object("categories", tuple(setup.areas), required=False)
    found = {}
    for area in () if fields is None else fields.value:
        if area not in setup.areas:
            continue  # told as an unknown key
        category = fields.text(area) if fields is not None else None
        if category in CATEGORIES:
            found[area] = str(category)
        elif category is not None and fields is not None:
            fields.note("CATEGORY", f"It is one of {', '.join(CATEGORIES)}.", area)
    return found


def _places(reader: _Reader) -> dict[str, str]:
    """Return the area of each place of the ledger and of each camera."""
    if "places" not in reader.top:
        return {}
    given = reader.top.value["places"]
    known = given if isinstance(given, dict) else ()
    fields = Fields(given, reader.top.at("places"), reader.top.problems, known)
    found = {name: reader.area(fields, name) for name in fields.value}
    return {name: area for name, area in found.items() if area is not None}


def _limits(top: Fields) -> Limits:
    fields, usual = top.object("limits", LIMIT_KEYS, required=False), Limits()
    if fields is None:
        return usual
    names = {
        "work_order_s": "order_ns",
        "seal_s": "seal_ns",
        "monitor_s": "monitor_ns",
        "portal_s": "portal_ns",
        "clock_s": "clock_ns",
    }
    given = {}
    for theirs, ours in names.items():
        value = fields.number(theirs, low=0, code="LIMIT", required=False)
        if value is not None:
            given[ours] = int(value * NS)
    alpha = fields.number("trend_alpha", low=0, high=1, low_open=True, code="LIMIT", required=False)
    least = fields.number("trend_least", low=2, high=10_000, code="LIMIT", required=False)
    if least is not None and least.denominator != 1:
        fields.note("LIMIT", "It must be a whole number.", "trend_least")
    made = replace(usual, **given)  # type: ignore[arg-type]
    return replace(
        made,
        trend_alpha=usual.trend_alpha if alpha is None else Fraction(alpha),
        trend_least=usual.trend_least if least is None else int(least),
        hours=_hours(fields, usual),
    )


def _hours(fields: Fields, usual: Limits) -> dict[str, int]:
    given = fields.object("hours", CATEGORIES, required=False)
    found = dict(usual.hours)
    for name in CATEGORIES if given is not None else ():
        assert given is not None
        value = given.number(name, low=0, high=100_000, code="LIMIT", required=False)
        if value is not None:
            found[name] = int(value)
    return found


def read_orders_file(path: Path | str, setup: Setup) -> list[kinds.WorkOrder]:
    """Read work orders: ``id, areas, start, end``, optionally ``items, persons, authorised_by``.

    Several names in one field are separated by spaces.

    Raises
    ------
    InputError
        ``EMPTY_FIELD``, ``DUPLICATE_ID``, ``AREA_UNKNOWN``, ``TIME``, ``TIME_AMBIGUOUS``,
        ``DATE_ORDER`` and what `read_table` tells.
    """
    return read_orders(read_table(path, {name: name for name in ORDER_COLUMNS}, ORDER_NEEDS), setup)


def read_orders(table: Table, setup: Setup) -> list[kinds.WorkOrder]:
    """Read work orders from rows; raises as `read_orders_file`."""
    problems, found, known = Problems(), [], set[str]()
    for row in table.frame.iter_rows(named=True):
        at, times = table.at(row["place"]), {}
        for name in ("start", "end"):
            try:
                times[name] = time_ns(row[name].strip(), setup.timezone)
            except UnreadableTimeError as error:
                problems.note(error.code, at, f"The {name}: {error}")
        if len(times) == 2 and times["end"] <= times["start"]:
            problems.note("DATE_ORDER", at, "It ends before it begins.")
        for name in ("id", "areas"):
            if not row[name].strip():
                problems.note("EMPTY_FIELD", at, f"The {name} is empty.")
        if row["id"] in known:
            problems.note("DUPLICATE_ID", at, "A work order of this name stands here already.")
        known.add(row["id"])
        areas = row["areas"].split()
        if any(one not in setup.areas for one in areas):
            problems.note("AREA_UNKNOWN", at, "The setup has no area of this name.")
        if len(times) == 2:
            found.append(
                kinds.WorkOrder(
                    *(row["id"].strip(), tuple(areas), times["start"], times["end"]),
                    *(tuple(row["items"].split()), tuple(row["persons"].split())),
                    row["authorised_by"].strip() or None,
                )
            )
    raise_problems(problems.listed)
    return found


def with_orders(case: Case, orders: Iterable[kinds.WorkOrder]) -> Case:
    """Return a case with further work orders."""
    return replace(
        case,
        work_orders=(*case.work_orders, *orders),
        given=case.given | {"work_orders"},
    )
