"""Movement through seal: the books move what lies under a seal that nobody took off.

A shipment or a rebatching of a batch on a day on which a seal over it was attached, and not
detached, contradicts the seal: one of the two records is wrong, or material passed the seal. The
question is asked of every posting of the books; where nothing was ever sealed it costs one look.
It is asked of the seals too: an attachment that is recorded late, or corrected, may lie before a
movement that the books hold already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective
from keiryo.containment.tables import CONTAINMENT
from keiryo.dates import number_date, utc_text
from keiryo.errors import Finding
from keiryo.journal.registry import Check, Posting
from keiryo.places.tables import areas
from keiryo.seals.findings import anomaly, warning
from keiryo.seals.numbers import SealKey
from keiryo.seals.register import key_of, standings
from keiryo.seals.standing import Period, Standing
from keiryo.seals.tables import SEAL_EVENT, SEAL_ITEM
from keiryo.vocabulary import ENTRY_CODES

STAYS = frozenset({"LN", "DI", "NP", "DU", "DQ"})
"""Changes of the books that move nothing: decay, production in place, adjustments, exemption."""
MOVABLE = frozenset({"cask", "vessel", "cabinet"})
"""Containments that may travel under their seals."""


@cache
def moving_codes() -> tuple[str, ...]:
    """Return the codes of changes that move or rebatch what a batch holds."""
    codes = ENTRY_CODES().values()
    return tuple(sorted(one.code for one in codes if one.batch_sign and one.code not in STAYS))


def check_movements(posting: Posting) -> Iterator[Finding]:
    """Tell of movements of what lies under a seal."""
    item = posting.table(SEAL_ITEM.name)
    if posting.connection.execute(select(item.c.act_id).limit(1)).first() is None:
        return
    change = posting.table(INVENTORY_CHANGE.name)
    rows = _moved(posting, change.c.act_id == posting.act_id)
    keys = {key_of(row) for row in rows}
    for key, period, row in _against(posting, rows, _standings(posting, keys)):
        yield _through(posting, key, period, row)


def check_periods(posting: Posting) -> Iterator[Finding]:
    """Tell of movements already in the books through a seal whose period is recorded now."""
    keys = {
        key_of(row)
        for row in posting.lines(SEAL_EVENT.name)
        if row["event"] == "attach" or row["corrects_act"] is not None
    }
    if not keys:
        return
    change, item = posting.table(INVENTORY_CHANGE.name), posting.table(SEAL_ITEM.name)
    named = or_(
        *(and_(item.c.body == key.body, item.c.number == key.number) for key in sorted(keys))
    )
    stands = effective(change, Knowledge(through_act=posting.act_id - 1))
    rows = _moved(posting, named, stands)
    if not rows:
        return
    told = {
        (key, _movement(row))
        for key, _period, row in _against(
            posting, rows, _standings(posting, keys, through_act=posting.act_id - 1)
        )
    }
    for key, period, row in _against(posting, rows, _standings(posting, keys)):
        if (key, _movement(row)) not in told:
            yield _through(posting, key, period, row)


def _standings(
    posting: Posting, keys: Collection[SealKey], *, through_act: int | None = None
) -> dict[SealKey, Standing]:
    """Return how seals stand with an act; default: with the one that is posted."""
    return standings(posting.connection, posting.metadata, keys, through_act=through_act)


def _moved(posting: Posting, *conditions: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Return changes that move what some seal was ever attached over, one row for each seal."""
    change, item = posting.table(INVENTORY_CHANGE.name), posting.table(SEAL_ITEM.name)
    shown = (
        *(item.c.body, item.c.number, item.c.batch_uid, change.c.act_id),
        *(change.c.mba, change.c.code, change.c.event_date, change.c.batch),
    )
    query = (
        select(
            *shown,
            func.min(change.c.line_no).label("line_no"),
            func.min(change.c.report_no).label("report_no"),
            func.min(change.c.entry_no).label("entry_no"),
        )
        .where(
            change.c.code.in_(moving_codes()),
            (change.c.batch_uid == item.c.batch_uid) | (change.c.item_uid == item.c.batch_uid),
            *conditions,
        )
        .group_by(*shown)
        .order_by(change.c.act_id, "line_no", item.c.body, item.c.number)
    )
    return [dict(row) for row in posting.connection.execute(query).mappings()]


def _movement(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what is one movement: the batch, the day and the kind of change."""
    return row["batch_uid"], row["event_date"], row["code"]


def _against(
    posting: Posting, rows: Iterable[dict[str, Any]], seals: Mapping[SealKey, Standing]
) -> Iterator[tuple[SealKey, Period, dict[str, Any]]]:
    """Yield each movement once with the period of a seal that it contradicts."""
    zones = {code: one.zone for code, one in areas(posting.connection, posting.metadata).items()}
    told: set[tuple[Any, ...]] = set()
    for row in rows:
        key = key_of(row)
        for period in seals[key].periods if key in seals else ():
            mark = (key, _movement(row), period.key)
            if mark not in told and _contradicts(period, row, zones):
                told.add(mark)
                yield key, period, row


def _contradicts(period: Period, row: Mapping[str, Any], zones: Mapping[str, str]) -> bool:
    """Return whether a period leaves no room on a day for a movement."""
    if row["batch_uid"] not in period.attached.items:
        return False
    day = number_date(int(row["event_date"]))
    begin, end = _day(day, zones.get(row["mba"], "UTC"))
    sign = ENTRY_CODES()[row["code"]]
    leaves = sign.batch_sign < 0 and sign.kind != "rebatching"
    attached, closed = period.attached.at, period.closed
    until_end = closed is None or closed.at >= utc_text(end)
    if leaves:  # it may have been sealed that morning, but it left before it was taken off
        return attached < utc_text(end) and until_end
    return attached < utc_text(begin) and until_end


def _day(day: date, zone: str) -> tuple[datetime, datetime]:
    there = ZoneInfo(zone)
    begin = datetime.combine(day, time(), there)
    after = day + timedelta(days=1) if day < date.max else day
    return begin, datetime.combine(after, time(), there)


def _through(posting: Posting, key: SealKey, period: Period, row: Mapping[str, Any]) -> Finding:
    attached = period.attached
    kind = _kind_of(posting, str(attached.mba), str(attached.containment))
    entry = ENTRY_CODES()[row["code"]]
    day = number_date(int(row["event_date"])).isoformat()
    closed = "it is still attached" if period.closed is None else f"until {period.closed.at[:16]}Z"
    since = "" if row["act_id"] == posting.act_id else f"; in the books since act {row['act_id']}"
    message = (
        f"{entry.meaning} of {row['batch_uid']} on {day} through seal {key} on "
        f"{attached.mba}/{attached.containment}: attached since {attached.at[:16]}Z, {closed}"
        f"{since}"
    )
    if kind in MOVABLE:
        finding = warning(
            "SEAL-MOVEMENT-THROUGH",
            message,
            f"If the {kind} travels under its seal, record the seal in the shipping document; "
            "otherwise look at seal and books, and verify the material.",
            mba=row["mba"],
        )
    else:
        finding = anomaly(
            "SEAL-MOVEMENT-THROUGH",
            message,
            "Correct whichever record is wrong: the day of the change, the batch, or a "
            "detachment that was not recorded. Otherwise verify the material.",
            mba=row["mba"],
        )
    return Finding(
        finding.code,
        finding.severity,
        finding.message,
        finding.advice,
        mba=row["mba"],
        report=None if row["report_no"] is None else str(row["report_no"]),
        entry=row["entry_no"],
        cell=None if row["batch"] is None else f"batch {row['batch']}",
        basis=finding.basis,
    )


def _kind_of(posting: Posting, mba: str, name: str) -> str | None:
    table = posting.table(CONTAINMENT.name)
    query = (
        select(table.c.kind)
        .where(table.c.mba == mba, table.c.name == name)
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
    )
    found = posting.connection.execute(query).scalar()
    return None if found is None else str(found)


NO_MOVEMENT_THROUGH = Check(
    "movement through seals", frozenset({INVENTORY_CHANGE.name}), check_movements
)
NONE_MOVED_BEFORE = Check(
    "movements before a seal was recorded", frozenset({SEAL_EVENT.name}), check_periods
)
