"""Tables that explain alarms: goods with natural radioactivity, and nuclear medicine.

The tables that keiryo ships are small, from public knowledge, and marked for confirmation by each
State. Rows of a State's own, recorded as acts, come before shipped rows of the same name. A row
explains nuclides; it never says that a case is innocent.

For a patient, the dose rate at 1 m from an activity A is at most A·Γ, because the body only takes
away from it; it falls with the half-life T. With a measured rate R the treatment lies back at most
``T·log2(A·Γ/R)``: who names an earlier one has another source about them.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.alarm_cases.record_forms import refusing, shown
from keiryo.alarm_cases.tables import ALARM_TABLE_ROW
from keiryo.errors import Finding

COMMODITY_ROW, PHARMACEUTICAL_ROW = "commodity", "radiopharmaceutical"
LEAST_RATE_USV_H = 0.05
"""Rate at 1 m, about half of natural background, below which a patient sets off no alarm."""
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table that explains nuclides.

    Attributes
    ----------
    kind, name, version, source : str
    confirmed_by : str or None
        Who confirmed it for use here; None: general knowledge, not confirmed.
    content : mapping
        Its fields.
    """

    kind: str
    name: str
    version: str
    source: str
    confirmed_by: str | None
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """What an explanation names."""
        return f"{self.kind}/{self.name}@{self.version}"

    @property
    def nuclides(self) -> tuple[str, ...]:
        """Nuclides that it explains: its own, and usual impurities and daughters."""
        some = (*self.content.get("nuclides", ()), *self.content.get("impurities", ()))
        return tuple(dict.fromkeys(str(one) for one in some))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "row": self.reference,
            **self.content,
            "source": self.source,
            "confirmed_by": self.confirmed_by,
        }


@cache
def shipped_rows() -> tuple[TableRow, ...]:
    """Return the rows that keiryo ships."""
    found = []
    for kind, name in ((COMMODITY_ROW, "commodities"), (PHARMACEUTICAL_ROW, "pharmaceuticals")):
        place = files("keiryo.data") / "alarm_explanations" / f"{name}.toml"
        table = tomllib.loads(place.read_text("utf-8"))
        for row in table["row"]:
            content = {key: value for key, value in row.items() if key != "name"}
            found.append(
                TableRow(kind, row["name"], table["version"], table["source"], None, content)
            )
    return tuple(found)


def table_rows(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> dict[tuple[str, str], TableRow]:
    """Return the rows that hold: shipped ones, and those of the State in their place."""
    found = {(one.kind, one.name): one for one in shipped_rows()}
    table = metadata.tables[ALARM_TABLE_ROW.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    for row in connection.execute(query).mappings():
        key = (str(row["kind"]), str(row["name"]))
        if row["void"]:
            found.pop(key, None)
            continue
        found[key] = TableRow(
            *key, str(row["version"]), str(row["source"]), row["confirmed_by"],
            json.loads(row["content"]),
        )  # fmt: skip
    return found


def matching_commodities(
    rows: Iterable[TableRow], code: str | None, words: str | None
) -> list[TableRow]:
    """Return the rows of goods that a code of the harmonised system, or words, name.

    Parameters
    ----------
    rows : iterable of TableRow
    code : str or None
        Digits; a row matches whose code is the beginning of it.
    words : str or None
        As declared; a row matches whose word stands in them as a whole word.
    """
    said = set("".join(c if c.isalnum() else " " for c in (words or "").lower()).split())
    found = []
    for one in rows:
        if one.kind != COMMODITY_ROW:
            continue
        by_code = code and any(code.startswith(each) for each in one.content.get("codes", ()))
        by_word = said & {str(each).lower() for each in one.content.get("words", ())}
        # a code that names other goods goes before words: it is what customs holds them to
        if by_code or (by_word and not code):
            found.append(one)
    return found


def commodity_findings(name: str, code: str | None, words: str | None) -> Finding:
    """Return the finding that no row of the table explains the goods."""
    return refusing(
        "ALARM-COMMODITY",
        f"{shown(name)}: no row of the table names goods of code {shown(code)} "
        f"or words {shown(words)}",
        "'keiryo alarms tables' shows the rows; a State adds its own with 'keiryo alarms table'.",
    )


def most_days(row: TableRow, rate_usv_h: float | None = None) -> float:
    """Return the most days since a treatment that are plausible.

    Parameters
    ----------
    row : TableRow
        With ``half_life_days``, ``most_activity_mbq`` and ``rate_usv_h_per_mbq_at_1m``.
    rate_usv_h : float, optional
        Dose rate measured at 1 m; without, a rate that just sets off no alarm.

    Returns
    -------
    float
        Days; 0 where the rate is larger than the treatment ever makes.
    """
    first = float(row.content["most_activity_mbq"]) * float(row.content["rate_usv_h_per_mbq_at_1m"])
    rate = LEAST_RATE_USV_H if rate_usv_h is None else rate_usv_h
    if not rate > 0:
        rate = LEAST_RATE_USV_H
    return max(0.0, float(row.content["half_life_days"]) * math.log2(first / rate))


def patient_findings(
    name: str, row: TableRow | None, given: str, days: float, rate_usv_h: float | None
) -> list[Finding]:
    """Return what stands against a treatment as explanation; see `most_days`."""
    if row is None:
        return [
            refusing(
                "ALARM-PATIENT",
                f"{shown(name)}: {shown(given)} is no treatment of the table",
                "'keiryo alarms tables' shows them.",
            )
        ]
    problems = []
    if not math.isfinite(days) or days < 0:
        problems.append("the days since the treatment are no number of 0 or more")
    if rate_usv_h is not None and (not math.isfinite(rate_usv_h) or rate_usv_h < 0):
        problems.append("the dose rate is no number of 0 or more")
    if not problems and days > (limit := most_days(row, rate_usv_h)):
        with_rate = "" if rate_usv_h is None else f", with {rate_usv_h:g} µSv/h at 1 m"
        problems.append(
            f"{row.name} explains at most {limit:.1f} days after the treatment{with_rate}; "
            f"{days:g} are told"
        )
    return [
        refusing(
            "ALARM-PATIENT",
            f"{shown(name)}: {one}",
            "Ask for the certificate of the hospital, and look for another source.",
        )
        for one in problems
    ]
