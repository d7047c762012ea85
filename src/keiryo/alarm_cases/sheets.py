"""Files that people keep about alarms: alarms of a day, passages, own tables, limits.

How they are read: `keiryo.sheet_rows`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keiryo.alarm_cases.record_forms import DECIMAL, refusing
from keiryo.errors import Finding
from keiryo.sheet_rows import SheetTable


def _table(message: str, advice: str) -> Finding:
    return refusing("ALARM-TABLE", message, advice)


def _cell(message: str, advice: str) -> Finding:
    return refusing("ALARM-CELL", message, advice)


ALARMS = SheetTable(
    (
        *("alarm", "origin", "raised_at", "site", "zone", "lane", "partner", "instrument"),
        *("occupancy", "gamma_alarm", "neutron_alarm", "max_sigma", "dose_rate_usv_h", "subject"),
        *("container", "consignee", "trader", "commodity_code", "commodity", "words", "evidence"),
        "reason",
    ),
    ("alarm", "origin", "raised_at", "site"),
    _table,
    _cell,
    lists=frozenset({"evidence"}),
    flags=frozenset({"gamma_alarm", "neutron_alarm"}),
)
PASSAGES = SheetTable(
    ("lane", "site", "partner", "day", "month", "occupancies", "days"),
    ("occupancies",),
    _table,
    _cell,
    wholes=frozenset({"occupancies"}),
)
COMMODITIES = SheetTable(
    ("name", "version", "codes", "words", "nuclides", "typical", "source", "confirmed_by", "void"),
    ("name", "version", "nuclides", "source"),
    _table,
    _cell,
    lists=frozenset({"codes", "words", "nuclides"}),
    flags=frozenset({"void"}),
)
PHARMACEUTICALS = SheetTable(
    (
        *("name", "version", "nuclides", "impurities", "half_life_days", "most_activity_mbq"),
        *("rate_usv_h_per_mbq_at_1m", "source", "confirmed_by", "void"),
    ),
    ("name", "version", "nuclides", "half_life_days", "most_activity_mbq", "source"),
    _table,
    _cell,
    lists=frozenset({"nuclides", "impurities"}),
    flags=frozenset({"void"}),
)
_HEAD = ("name", "version", "source", "confirmed_by", "void", "line")
_NUMBERS = ("half_life_days", "most_activity_mbq", "rate_usv_h_per_mbq_at_1m")


def passage_rows(name: str, content: bytes) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the rows of a sheet of passages, and what is wrong."""
    rows, findings = PASSAGES.read(name, content)
    for row in rows:
        if row["days"] is not None and not DECIMAL.fits(str(row["days"])):
            findings.append(_cell(f"line {row['line']}: days is no number", "Write e.g. 31."))
    return rows, findings


def table_line(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the line of the record that a row of a State's own table is."""
    content: dict[str, Any] = {}
    for key, value in row.items():
        if key in _HEAD or value is None:
            continue
        if key in _NUMBERS:
            content[key] = float(value) if DECIMAL.fits(str(value)) else value
        elif key in ("codes", "words", "nuclides", "impurities"):
            content[key] = str(value).split()
        else:
            content[key] = value
    return {
        "kind": kind,
        "name": row["name"],
        "version": row["version"],
        "content": json.dumps(content, sort_keys=True, ensure_ascii=False),
        "source": row["source"],
        "confirmed_by": row.get("confirmed_by"),
        "void": row.get("void") or 0,
    }
