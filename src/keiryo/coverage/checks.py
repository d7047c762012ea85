"""What is refused of coverage, and what is told when material moves that is under coverage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, func, select

from keiryo.accounts.tables import BATCH, INVENTORY_CHANGE
from keiryo.containment.tables import CONTAINMENT, CONTAINMENT_CONTENT, CONTAINMENT_WATCH
from keiryo.coverage.devices import CAMERA_PREFIX
from keiryo.coverage.evidence import BASIS, evidence_findings
from keiryo.coverage.tables import (
    COVERAGE_ANOMALY,
    COVERAGE_COMPROMISE,
    COVERAGE_RESOLUTION,
    COVERAGE_REVERIFICATION,
    VERIFIED,
)
from keiryo.dates import DateError, number_date, parse_utc, utc_text
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.places.tables import areas
from keiryo.surveillance.tables import CAMERA

DEPARTURES = ("SD", "SF", "SN", "TW", "TU", "EU", "EQ", "RM", "LA")
"""Changes after which a batch is no longer where it was."""
_OURS = (
    *(COVERAGE_ANOMALY.name, COVERAGE_RESOLUTION.name, COVERAGE_COMPROMISE.name),
    COVERAGE_REVERIFICATION.name,
)


def check_coverage(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse lines of coverage that do not hold."""
    places = areas(posting.connection, posting.metadata)
    for kind in _OURS:
        for line in posting.lines(kind):
            if line["mba"] not in places:
                yield _refusal(
                    "COVERAGE-AREA",
                    f"{line['mba'][:20]!r} is no registered material balance area",
                    "Register the area first, or correct its code.",
                )
            at = line.get("at", line.get("begin_at"))
            if not _is_instant(at):
                yield _refusal(
                    "COVERAGE-TIME",
                    f"{line['mba']}: {str(at)[:40]!r} is no instant in UTC",
                    "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC.",
                )
    yield from _reverification_checks(posting)
    yield from _resolution_checks(posting)
    yield from _compromise_checks(posting)


def _reverification_checks(posting: Posting) -> Iterator[Refusal]:
    for line in posting.lines(COVERAGE_REVERIFICATION.name):
        uid, batch = line["batch_uid"], posting.table(BATCH.name)
        query = select(batch.c.mba).where(batch.c.batch_uid == uid).limit(1)
        if posting.connection.execute(query).scalar() != line["mba"]:
            yield _refusal(
                "COVERAGE-BATCH",
                f"the books of {line['mba']} know no batch {uid[:80]!r}",
                "Name a batch of the area; 'keiryo inventory MBA' lists those on hand.",
            )
        if not line["method"].strip() or not line["verified_by"].strip():
            yield _refusal(
                "COVERAGE-VERIFIED-BY",
                f"{uid}: nothing says how it was verified, or by whom",
                "Give the method and the person.",
            )
        if line["result"] == VERIFIED and not line["evidence"]:
            yield _refusal(
                "COVERAGE-EVIDENCE-MISSING",
                f"{uid}: it is said to be verified, and nothing shows it",
                "Name the measurement: act:17, line:12/3, or a file.",
            )
        for one in evidence_findings(posting, uid, line["evidence"]):
            yield Refusal(one)


def _resolution_checks(posting: Posting) -> Iterator[Refusal]:
    raised, done = posting.table(COVERAGE_ANOMALY.name), posting.table(COVERAGE_RESOLUTION.name)
    for line in posting.lines(COVERAGE_RESOLUTION.name):
        mba, name = line["mba"], line["anomaly"]
        words = f"{mba}/{name}"
        query = select(func.min(raised.c.begin_at)).where(
            raised.c.mba == mba, raised.c.anomaly == name
        )
        begin = posting.connection.execute(query).scalar()
        if begin is None:
            yield _refusal(
                "COVERAGE-ANOMALY",
                f"there is no anomaly {words[:80]}",
                "'keiryo coverage anomalies MBA' lists them; --record gives those found a name.",
            )
        elif line["at"] < begin:
            yield _refusal(
                "COVERAGE-VERIFIED-BEFORE",
                f"{words}: the material was verified before the anomaly began",
                "Verify the material again; what was known before does not resolve it.",
            )
        earlier = select(done.c.act_id).where(
            done.c.mba == mba, done.c.anomaly == name, done.c.act_id < posting.act_id
        )
        if posting.connection.execute(earlier.limit(1)).first() is not None:
            yield _refusal(
                "COVERAGE-RESOLVED",
                f"{words} is resolved already",
                "What was verified later stands as a re-verification: 'keiryo coverage reverify'.",
            )
        if not line["verified_by"].strip() or not line["reason"].strip():
            yield _refusal(
                "COVERAGE-VERIFIED-BY",
                f"{words}: nothing says what happened, or who verified the material",
                "Give the reason and the person.",
            )
        if not line["evidence"].strip():
            yield _refusal(
                "COVERAGE-EVIDENCE-MISSING",
                f"{words}: no verification of the material is named",
                "An anomaly is resolved by verifying the material: name the act, the line of the "
                "measurement, or a file.",
            )
        for one in evidence_findings(posting, words, line["evidence"]):
            yield Refusal(one)


def _compromise_checks(posting: Posting) -> Iterator[Refusal]:
    known = posting.table(CONTAINMENT.name)
    for line in posting.lines(COVERAGE_COMPROMISE.name):
        where = f"{line['mba']}/{line['containment']}"
        query = select(known.c.act_id).where(
            known.c.mba == line["mba"], known.c.name == line["containment"]
        )
        if line["containment"] and posting.connection.execute(query.limit(1)).first() is None:
            yield _refusal(
                "COVERAGE-CONTAINMENT",
                f"there is no containment {where[:80]}",
                "'keiryo containment list' lists what there is; or name the device alone.",
            )
        empty = [n for n in ("reason", "told", "reported_by") if not line[n].strip()]
        if empty:
            yield _refusal(
                "COVERAGE-COMPROMISE-EMPTY",
                f"{line['mba']}: the report does not say {', '.join(empty).replace('_', ' ')}",
                "Say what happened, who was told and how, and who reports it.",
            )


def check_movements(posting: Posting) -> Iterator[Finding]:
    """Tell that a batch leaves, by the books, which is recorded in a containment."""
    held, change = posting.table(CONTAINMENT_CONTENT.name), posting.table(INVENTORY_CHANGE.name)
    if posting.connection.execute(select(held.c.act_id).limit(1)).first() is None:
        return
    stated = select(
        held,
        func.row_number()
        .over(
            partition_by=(held.c.mba, held.c.containment, held.c.batch_uid, held.c.begin_at),
            order_by=(held.c.act_id.desc(), held.c.line_no.desc()),
        )
        .label("newest"),
    ).subquery()
    query = (
        select(change.c.batch_uid, change.c.code, change.c.event_date, stated.c.containment)
        .where(change.c.act_id == posting.act_id, change.c.code.in_(DEPARTURES))
        .join(
            stated,
            and_(
                stated.c.batch_uid == change.c.batch_uid,
                stated.c.newest == 1,
                stated.c.end_at.is_(None),
            ),
        )
        .distinct()
        .order_by(change.c.batch_uid)
    )
    for uid, code, day, containment in posting.connection.execute(query):
        yield Finding(
            "COVERAGE-MOVED-HELD",
            Severity.WARNING,
            f"{uid} leaves by {code} on {_day(day)}, and is recorded in {containment}",
            "Record when it left: 'keiryo containment release'. If it is still there, the change "
            "is wrong.",
            mba=uid.partition("/")[0],
            basis=BASIS,
        )


def check_watches(posting: Posting) -> Iterator[Finding]:
    """Tell that a way is said to be watched by a camera that nobody recorded."""
    cameras = posting.table(CAMERA.name)
    for line in posting.lines(CONTAINMENT_WATCH.name):
        if not line["device"].startswith(CAMERA_PREFIX):
            continue  # refused where the line itself is checked
        name = line["device"].removeprefix(CAMERA_PREFIX)
        query = select(cameras.c.act_id).where(cameras.c.camera == name).limit(1)
        if posting.connection.execute(query).first() is None:
            yield Finding(
                "COVERAGE-CAMERA-UNKNOWN",
                Severity.WARNING,
                f"{line['mba']}/{line['containment']}: the camera {name[:60]} is not recorded",
                "Record the camera, or correct its name: until then it covers nothing.",
                mba=line["mba"],
                basis=BASIS,
            )


def _day(number: Any) -> str:
    try:
        return number_date(int(number)).isoformat()
    except (DateError, TypeError, ValueError):
        return "an unknown day"


def _is_instant(text: Any) -> bool:
    try:
        return bool(utc_text(parse_utc(str(text))) == text)
    except DateError:
        return False


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))


COVERAGE_HOLDS = Check("coverage", frozenset(_OURS), check_coverage)
MOVED_HELD = Check("movements of what is held", frozenset({INVENTORY_CHANGE.name}), check_movements)
CAMERAS_KNOWN = Check("cameras that watch", frozenset({CONTAINMENT_WATCH.name}), check_watches)
