"""The shipped tables: codes, labels, limits and profiles, each with its source and its dates.

The tables are TOML files that say where they come from. This module reads them, once each, and
picks the version that holds on a day; what they mean is said in `keiryo.vocabulary` and
`keiryo.material_description`, which everybody else should ask.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from keiryo.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One dated version of a table, for those who ask where a number comes from.

    Attributes
    ----------
    table, source : str
    status : str
        ``"verified"`` in the source, ``"unverified"`` (general knowledge), ``"design"`` (ours).
    valid_from, valid_to : date, date or None
        Both days belong to the version.
    unverified, design : tuple of str
        Fields of a verified table that are not.
    """

    table: str
    source: str
    status: str
    valid_from: date
    valid_to: date | None = None
    unverified: tuple[str, ...] = ()
    design: tuple[str, ...] = ()


@cache
def read_table(name: str) -> dict[str, Any]:
    """Return the content of a shipped table file, read once; callers must not change it."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def valid_on(rows: Iterable[Mapping[str, Any]], table: str, on: date) -> Mapping[str, Any]:
    """Return the version among `rows` that holds on a day; the youngest if several do.

    Raises
    ------
    NotFoundError
        If none holds on that day.
    """
    good = [row for row in rows if row["valid_from"] <= on <= row.get("valid_to", date.max)]
    if not good:
        raise NotFoundError(
            f"the table '{table}' has no version that holds on {on}",
            "Check the day; the shipped tables say from when they are valid.",
        )
    return max(good, key=lambda row: row["valid_from"])


def table_version(table: str, row: Mapping[str, Any]) -> TableVersion:
    """Return where a table version comes from and when it holds."""
    return TableVersion(
        table=table,
        source=row["source"],
        status=row["status"],
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
        unverified=tuple(row.get("unverified", ())),
        design=tuple(row.get("design", ())),
    )
