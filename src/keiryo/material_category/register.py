"""The protection attributes as they stand on a day."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import date_number, number_date
from keiryo.journal.reading import line_node
from keiryo.material_category.tables import PROTECTION_ATTRIBUTE
from keiryo.protection.category_lots import Attributes
from keiryo.quantities import MG_PER_UNIT, format_weight


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of a batch for its protection, and in which line."""

    mba: str
    batch_uid: str
    recorded_on: datetime.date
    place: str | None
    dose_rate_on: datetime.date | None
    evidence_ref: str | None
    attributes: Attributes
    line: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, masses and fractions as decimal texts."""
        known = self.attributes
        return {
            "mba": self.mba,
            "batch": self.batch_uid,
            "recorded_on": self.recorded_on.isoformat(),
            "place": self.place,
            "irradiated": known.irradiated,
            "dose_rate_gy_h": _text(known.dose_rate_gy_h),
            "dose_rate_on": _day(self.dose_rate_on),
            "evidence_ref": self.evidence_ref,
            "original_form": known.original_form,
            "original_pu_kg": _kg(known.original_pu_kg),
            "original_u233_kg": _kg(known.original_u233_kg),
            "original_u235_kg": _kg(known.original_u235_kg),
            "original_enrichment": _text(known.original_enrichment),
            "pu238_fraction": _text(known.pu238_fraction),
            "reduction_decision_ref": known.reduction_decision_ref,
            "review_on": _day(known.review_on),
            "line": self.line,
        }


def recorded_attributes(
    connection: Connection,
    metadata: MetaData,
    mba: str | None = None,
    on: datetime.date | None = None,
    *,
    through_act: int | None = None,
) -> dict[str, Recorded]:
    """Return what counts of each batch, by its identity.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str, optional
        Batches of one area; default: all.
    on : datetime.date, optional
        What was recorded on or before this day; default: everything.
    through_act : int, optional
        Only what had been recorded with this act; default: everything.
    """
    table = metadata.tables[PROTECTION_ATTRIBUTE.name]
    query = select(table).order_by(table.c.recorded_on, table.c.act_id, table.c.line_no)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    if on is not None:
        query = query.where(table.c.recorded_on <= date_number(on))
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    rows = {str(row["batch_uid"]): row for row in connection.execute(query).mappings()}
    return {uid: _recorded(rows[uid]) for uid in sorted(rows)}


def _recorded(row: Any) -> Recorded:
    return Recorded(
        mba=row["mba"],
        batch_uid=row["batch_uid"],
        recorded_on=number_date(row["recorded_on"]),
        place=row["place"],
        dose_rate_on=_date(row["dose_rate_on"]),
        evidence_ref=row["evidence_ref"],
        attributes=_attributes(row),
        line=line_node(row),
    )


def _attributes(row: Mapping[str, Any]) -> Attributes:
    return Attributes(
        irradiated=None if row["irradiated"] is None else bool(row["irradiated"]),
        dose_rate_gy_h=_fraction(row["dose_rate_gy_h"]),
        original_form=row["original_form"],
        original_pu_kg=_of_mg(row["original_pu_mg"]),
        original_u233_kg=_of_mg(row["original_u233_mg"]),
        original_u235_kg=_of_mg(row["original_u235_mg"]),
        original_enrichment=_fraction(row["original_enrichment"]),
        pu238_fraction=_fraction(row["pu238_fraction"]),
        reduction_decision_ref=row["reduction_decision_ref"],
        review_on=_date(row["review_on"]),
    )


def _fraction(text: Any) -> Fraction | None:
    return None if text is None else Fraction(Decimal(str(text)))


def _of_mg(mass_mg: Any) -> Fraction | None:
    return None if mass_mg is None else Fraction(int(mass_mg), MG_PER_UNIT["kg"])


def _date(number: Any) -> datetime.date | None:
    return None if number is None else number_date(int(number))


def _day(day: datetime.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _kg(mass: Fraction | None) -> str | None:
    return None if mass is None else format_weight(int(mass * MG_PER_UNIT["kg"]), "kg")


def _text(value: Fraction | None) -> str | None:
    return None if value is None else f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
