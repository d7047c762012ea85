"""Logs of electronic seals that are sent with a form: read, shown with their findings, recorded.

A log is read before anything is recorded. One that holds nothing readable is kept all the same,
with the refused report, so that what was read out in the field is not lost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from litestar import Response

from keiryo.containment.instants import instant
from keiryo.device_log.key_register import keys as device_keys
from keiryo.errors import Finding, KeiryoError, RefusedError
from keiryo.journal.model import Posted
from keiryo.seals.drift import ClockReading
from keiryo.seals.events import SealEvent
from keiryo.seals.log_records import SECOND, microseconds_of, time_of, time_shown, utc_of
from keiryo.seals.log_rules import BATTERY_LIMIT_V, LogResult, LogTerms
from keiryo.seals.read_out import LogToRead, ReadLog
from keiryo.seals.read_out import read as read_log
from keiryo.seals.read_out import read_out as record_log
from keiryo.seals.recording import SealReport, record
from keiryo.web.pages.boards import explain_error
from keiryo.web.pages.cameras_asked import findings_of
from keiryo.web.pages.equipment_standing import why_address
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.seals_asked import AskedForm, File
from keiryo.web.pages.seals_known import HOME, seal_address
from keiryo.web.pages.seals_words import LOG_STATE_WORDS, LOG_WORDS, worded
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import AnyRequest, Viewer

_IN_THE_ACT = frozenset({"SEAL-OPENED"})
"""Told as the act records them: openings by which it was attached or taken off are none."""


def first_terms(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is filled in at first: how the register says that the seal works."""
    limit = line["battery_limit_mv"] or int(BATTERY_LIMIT_V * 1000)
    return {"soh": line["soh_interval_s"], "margin": 0, "limit": limit}


@contextmanager
def log_sent(
    asked: AskedForm, told: Mapping[str, Any], line: Mapping[str, Any]
) -> Iterator[LogToRead]:
    """Lay a log that was sent, and what was sent beside it, into a folder, to be read."""
    name, content = told["log"]
    terms, zero = _terms(asked, told), _instant(asked, "zero", told["zero"])
    with asked.viewer.whole.reading() as connection:
        keys = device_keys(connection, asked.viewer.metadata)
    with tempfile.TemporaryDirectory() as folder:
        for beside, inside in told["beside"]:
            Path(folder, _plain(beside)).write_bytes(inside)
        path = Path(folder, _plain(name))
        path.write_bytes(content)
        yield LogToRead(path, terms, zero, told["reader"], keys, line["key_id"])


def _plain(name: str) -> str:
    """Return the last part of a name: a browser may send a path."""
    return name.replace("\\", "/").rpartition("/")[2].strip(". ")[-120:] or "log"


def read_sent(asked: AskedForm, given: LogToRead) -> ReadLog | None:
    """Return a log as it was read, or None; what is wrong with it goes into the form."""
    try:
        return read_log(given)
    except KeiryoError as error:
        explain_error(asked.entered, error, f"{asked.which}_log")
        return None


def require_instants(asked: AskedForm, told: ReadLog) -> None:
    """Say what is wrong where a log is to be recorded whose times are no instants."""
    if told.records and not told.result.absolute:
        asked.wrong("zero", _("The log has seconds of the seal's own clock: say when they begin."))
        asked.entered.findings += told.result.findings


def record_with_log(
    asked: AskedForm, event: SealEvent, given: LogToRead, told: ReadLog, photos: Sequence[File]
) -> Posted:
    """Record an event with its log; a log that cannot be read is kept with the refused report.

    Raises
    ------
    RefusedError
        If the event cannot be; the report and the log are kept.
    """
    database, actor = asked.viewer.whole, asked.viewer.actor()
    if told.records:
        return record_log(database, actor, event, given, photos=photos)[0]
    try:
        return record(database, actor, [SealReport(event, tuple(photos), log=told.file)])
    except RefusedError as error:
        others = [one for one in error.findings if one.code != "SEAL-LOG-MISSING"]
        raise RefusedError(error.message, [*told.findings, *others], error.advice) from error


# --- how it is read --------------------------------------------------------------------------


def _terms(asked: AskedForm, told: Mapping[str, Any]) -> LogTerms:
    limit, soh = told["limit"], told["soh"]
    visit = _instant(asked, "visit", told["visit"])
    return LogTerms(
        tuple(_readings(asked, told["offsets"])),
        None if not soh else soh * SECOND,
        (told["margin"] or 0) * SECOND,
        BATTERY_LIMIT_V if limit is None else Decimal(limit) / 1000,
        None if visit is None else microseconds_of(visit),
    )


def _instant(asked: AskedForm, name: str, text: str | None) -> Any:
    try:
        return None if text is None else instant(text)
    except KeiryoError as error:
        explain_error(asked.entered, error, f"{asked.which}_{name}")
        return None


def _readings(asked: AskedForm, every: Sequence[str]) -> Iterator[ClockReading]:
    for one in every:
        when, _equals, seconds = one.rpartition("=")
        try:
            offset = Decimal(seconds.strip())
            if not offset.is_finite() or abs(offset) > 10**12:
                raise InvalidOperation
            yield ClockReading(time_of(when)[0], int(offset * SECOND))
        except (InvalidOperation, KeiryoError):
            words = _("%(line)s is no reading: write TIME=SECONDS, one a line.", line=one[:60])
            asked.wrong("offsets", words)


# --- what it shows ---------------------------------------------------------------------------


def show_log(
    request: AnyRequest, viewer: Viewer, event: SealEvent, told: ReadLog, act: int | None
) -> Response[Any]:
    """Return the page that tells what a log shows; with its act, if it was recorded."""
    key, result = event.key, told.result
    own = [plain_finding(one) for one in told.findings if _tell(one, act)]
    recorded = findings_of(viewer, act or 0)
    return render(
        request,
        "seals/log.html",
        key=key,
        back=seal_address(key),
        act=act,
        why=why_address(key.node),
        state=worded(LOG_STATE_WORDS, told.state),
        good=told.state in ("signed", "reader"),
        count=len(told.records),
        numbers=None if result.first_seq is None else f"{result.first_seq}–{result.last_seq}",
        first=_time(result, result.first),
        last=_time(result, result.last),
        battery=_time(result, result.battery_empty),
        spans=[
            {
                "code": worded(LOG_WORDS, one.code),
                "begin": _time(result, one.begin),
                "end": _time(result, one.end) or _("not within the log"),
                "missing": one.missing or "",
            }
            for one in result.spans
        ],
        found=[*own, *recorded],
        crumbs=[(_("Seals"), HOME), (str(key), seal_address(key)), (_("Log"), None)],
    )


def _tell(one: Finding, act: int | None) -> bool:
    return act is None or one.code not in _IN_THE_ACT


def _time(result: LogResult, at: int | None) -> str:
    if at is None:
        return ""
    return instant_text(utc_of(at)) if result.absolute else time_shown(at, absolute=False)
