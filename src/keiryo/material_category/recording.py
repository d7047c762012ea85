"""Recording what is known of a batch for its protection: one act for one batch."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import BATCH
from keiryo.dates import date_number, facility_date
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.journal.tables import FINDING
from keiryo.material_category.checks import BASIS
from keiryo.material_category.tables import PROTECTION_ATTRIBUTE
from keiryo.places.tables import area
from keiryo.protection.category_lots import ORIGINAL_FORMS
from keiryo.quantities import WeightError, parse_weight_mg
from keiryo.storage.engine import Database

ATTRIBUTE = "protection.attribute"


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated of a batch; rates, fractions and kilograms as decimal texts."""

    place: str | None = None
    irradiated: bool | None = None
    dose_rate_gy_h: str | None = None
    dose_rate_on: datetime.date | None = None
    evidence_ref: str | None = None
    original_form: str | None = None
    original_pu_kg: str | None = None
    original_u233_kg: str | None = None
    original_u235_kg: str | None = None
    original_enrichment: str | None = None
    pu238_fraction: str | None = None
    reduction_decision_ref: str | None = None
    review_on: datetime.date | None = None


def record_attribute(
    database: Database,
    actor: Actor,
    mba: str,
    batch: str,
    stated: Stated,
    *,
    on: datetime.date,
    reason: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record what is known of a batch from a day on; it replaces what was stated before, whole.

    Parameters
    ----------
    database, actor
    mba : str
    batch : str
        A name in the area (the latest batch of the name), or an identity ``MBA/NAME#n``.
    stated : Stated
    on : datetime.date
        The day from which it counts.
    reason : str, optional

    Raises
    ------
    RefusedError
        If it does not hold, or the person may not record it.
    NotFoundError
        If the area or the batch is not in the books.
    """
    if stated.original_form not in (*ORIGINAL_FORMS, None):
        told = f"{stated.original_form[:40]!r} is no form of fuel before irradiation"
        raise _refused("CATEGORY-FORM", told, f"One of {', '.join(ORIGINAL_FORMS)}.", mba)
    masses = {
        f"original_{name}_mg": _mass_mg(getattr(stated, f"original_{name}_kg"), name, mba)
        for name in ("pu", "u233", "u235")
    }

    def draft(connection: Connection) -> Draft:
        place = area(connection, database.metadata, mba)
        today = facility_date(clock(), place.zone)
        if any(day is not None and day > today for day in (on, stated.dose_rate_on)):
            told = "the day of recording or of the dose rate has not come yet"
            raise _refused("CATEGORY-FUTURE", told, "Record it when it is so.", mba)
        values: dict[str, Value] = {
            "mba": mba,
            "batch_uid": batch_uid(connection, database.metadata, mba, batch),
            "recorded_on": date_number(on),
            "irradiated": None if stated.irradiated is None else int(stated.irradiated),
            "dose_rate_on": _number(stated.dose_rate_on),
            "review_on": _number(stated.review_on),
            **masses,
        }
        for name in (
            *("place", "dose_rate_gy_h", "evidence_ref", "original_form"),
            *("original_enrichment", "pu238_fraction", "reduction_decision_ref"),
        ):
            values[name] = getattr(stated, name)
        made = Draft(ATTRIBUTE, f"protection:{uuid.uuid4()}", reason=reason)
        made.add(PROTECTION_ATTRIBUTE.name, values, scope=place.scope)
        return made

    return post(database, draft, actor, clock=clock)


def told_of(database: Database, act_id: int) -> tuple[Finding, ...]:
    """Return what the checks said of an act that was posted."""
    table = database.metadata.tables[FINDING.name]
    with database.reading() as connection:
        rows = rows_of(connection, database.metadata, FINDING.name, table.c.act_id == act_id)
    names = ("message", "advice", "mba", "found", "expected", "basis")
    return tuple(
        Finding(row["code"], Severity(row["severity"]), **{name: row[name] for name in names})
        for row in rows
    )


def batch_uid(connection: Connection, metadata: MetaData, mba: str, name: str) -> str:
    """Return the identity of a batch by its name in an area (the latest), or by its identity.

    Raises
    ------
    NotFoundError
        If the books know none.
    """
    table = metadata.tables[BATCH.name]
    named = (table.c.mba == mba) & (table.c.name == name.removeprefix(f"{mba}/"))
    query = (
        select(table.c.batch_uid)
        .where((table.c.batch_uid == name) | named)
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar()
    if found is None:
        raise NotFoundError(
            f"the books of {mba} know no batch {name[:60]!r}",
            f"'keiryo inventory {mba}' lists the batches on hand.",
        )
    return str(found)


def _number(day: datetime.date | None) -> int | None:
    return None if day is None else date_number(day)


def _mass_mg(text: str | None, name: str, mba: str) -> int | None:
    if text is None:
        return None
    try:
        mass = parse_weight_mg(text, "kg")
        if mass < 0:
            raise WeightError("it is negative")
    except WeightError as error:
        told = f"the original mass of {name} in kilograms cannot stand: {error}"
        advice = "Write kilograms as in 6.25; the milligram is the smallest part."
        raise _refused("CATEGORY-NUMBER", told, advice, mba) from error
    return mass


def _refused(code: str, told: str, advice: str, mba: str) -> RefusedError:
    finding = Finding(code, Severity.FORMAT, told, advice, mba=mba, basis=BASIS)
    return RefusedError("the act was refused; nothing was recorded", [finding])
