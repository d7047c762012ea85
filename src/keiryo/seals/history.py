"""Everything that is recorded of a seal, in the order of time: events, reports, refusals."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.seals.events import SealEvent
from keiryo.seals.life import holding
from keiryo.seals.numbers import SealKey
from keiryo.seals.register import rows_of_keys, seal_events, standing
from keiryo.seals.tables import SEAL_DOCUMENT, SEAL_REFUSED, SEAL_REPORT


def history(connection: Connection, metadata: MetaData, key: SealKey) -> list[dict[str, Any]]:
    """Return what is recorded of a seal, in the order of time.

    Returns
    -------
    list of dict
        ``when`` (UTC), ``what``, ``who``, ``words``, ``line``.

    Raises
    ------
    NotFoundError
        If there is no such seal.
    """
    now = standing(connection, metadata, key)
    events = seal_events(connection, metadata, [key]).get(key, [])
    held = {one.place_in_record for one in holding(events)}
    unfit = {one.place_in_record for one, _ in now.misfits}
    rows = []
    for one in events:
        what = one.event
        if one.event != "withdraw" and one.place_in_record not in held:
            what += " (corrected)"
        elif one.place_in_record in unfit:
            what += " (does not fit)"
        who = " and ".join(one.persons)
        rows.append(_row(one.at, what, who, _words(one), one.act, one.line))
    for row in rows_of_keys(connection, metadata, SEAL_REFUSED.name, [key]):
        place = (row["act_id"], row["line_no"])
        what = f"{row['event']} (refused)"
        rows.append(_row(row["at"], what, row["person"], row["codes"], *place))
    for row in rows_of_keys(connection, metadata, SEAL_REPORT.name, [key]):
        place = (row["act_id"], row["line_no"])
        rows.append(_row(row["at"], "compromise reported", row["person"], row["what"], *place))
    for row in rows_of_keys(connection, metadata, SEAL_DOCUMENT.name, [key]):
        place = (row["act_id"], row["line_no"])
        words = f"{row['side']} in {row['document']}"
        rows.append(_row(row["at"], "shipping document", "", words, *place))
    return sorted(rows, key=lambda row: (row["when"], _number(row["line"])))


def _words(one: SealEvent) -> str:
    """Return what an event states, in words."""
    told = []
    if one.containment is not None:
        told.append(f"on {one.mba}/{one.containment}: {', '.join(one.path_names)}")
        told.append(f"holds {', '.join(one.items)}")
    if one.number_read is not None:
        told.append(f"read {one.number_read}")
        names = zip(("tag", "wire", "containment"), one.components, strict=True)
        told.append(", ".join(f"{name} {state}" for name, state in names))
    for name in ("finding", "log_state", "notice", "bag", "courier", "reason", "remark"):
        value = getattr(one, name)
        if value is not None:
            told.append(f"{name.replace('_', ' ')}: {value}")
    if one.corrected is not None:
        told.append("corrects line:{}/{}".format(*one.corrected))
    return "; ".join(told)


def _row(when: str, what: str, who: str, words: str, act: int, line: int) -> dict[str, Any]:
    return {"when": when, "what": what, "who": who, "words": words, "line": f"line:{act}/{line}"}


def _number(line: str) -> tuple[int, int]:
    act, _slash, number = line.removeprefix("line:").partition("/")
    return int(act), int(number)
