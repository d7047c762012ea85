"""The register of places: revisions, of which the latest known one counts."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, select

from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.journal.model import LineKind, Value, integer, text
from keiryo.journal.registry import Capability, Check, Posting, Refusal
from keiryo.places.model import (
    COUNTRY_CODE,
    KMP_CODE,
    MBA_CODE,
    MBA_TYPES,
    MaterialBalanceArea,
)

AREA = LineKind(
    "material_balance_area",
    "A material balance area as registered; the latest line about a code counts.",
    (
        text("state", "country code", required=True),
        text("facility", "facility code, label 207", required=True),
        text("mba", "code of the area, label 307", required=True),
        text("mba_type", "item, bulk or LOF; null where nobody said it"),
        integer("batch_follow_up", "1 if batches keep their identity in the area", required=True),
        text("zone", "time zone in which event dates are days", required=True),
        text("name", "name in words"),
    ),
    checks=("batch_follow_up IN (0, 1)",),
    indexes=((("mba",), None),),
)

KEY_MEASUREMENT_POINT = LineKind(
    "key_measurement_point",
    "A place where material can be measured to determine flow or inventory, label 407.",
    (
        text("mba", "material balance area", required=True),
        text("kmp", "code of one or two characters", required=True),
        text("purpose", "flow or inventory", required=True),
        text("name", "name in words"),
    ),
    checks=("purpose IN ('flow', 'inventory')",),
    indexes=((("mba",), None),),
)


def area_values(area: MaterialBalanceArea) -> dict[str, Value]:
    """Return the fields of the line that registers `area`."""
    return {
        "scope": area.scope,
        "state": area.state,
        "facility": area.facility,
        "mba": area.code,
        "mba_type": area.type,
        "batch_follow_up": int(area.batch_follow_up),
        "zone": area.zone,
        "name": area.name,
    }


def areas(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> dict[str, MaterialBalanceArea]:
    """Return the registered MBAs by code, as known after an act (default: now)."""
    table = metadata.tables[AREA.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    found = {}
    for row in connection.execute(query).mappings():
        found[str(row["mba"])] = MaterialBalanceArea(
            state=row["state"],
            facility=row["facility"],
            code=row["mba"],
            type=row["mba_type"],
            batch_follow_up=bool(row["batch_follow_up"]),
            zone=row["zone"],
            name=row["name"],
        )
    return dict(sorted(found.items()))


def area(connection: Connection, metadata: MetaData, code: str) -> MaterialBalanceArea:
    """Return one registered MBA.

    Raises
    ------
    NotFoundError
        If no MBA has this code.
    """
    known = areas(connection, metadata)
    if code not in known:
        listed = ", ".join(known) or "none yet"
        raise NotFoundError(f"there is no MBA {code} in the books", f"Registered are: {listed}.")
    return known[code]


def _check_area(posting: Posting) -> list[Finding | Refusal]:
    results: list[Finding | Refusal] = []
    for line in posting.lines(AREA.name):
        problems = []
        if not COUNTRY_CODE.fullmatch(line["state"]):
            problems.append(f"{line['state']!r} is no country code of two capital letters")
        for what in ("facility", "mba"):
            if not MBA_CODE.fullmatch(line[what]):
                problems.append(f"{line[what]!r} is no {what} code of four characters A-Z 0-9 -")
        if line["mba_type"] not in (*MBA_TYPES, None):
            problems.append(f"{line['mba_type']!r} is no type of MBA")
        results += [
            Refusal(
                Finding(
                    "PLACE-CODE",
                    Severity.FORMAT,
                    problem,
                    "Use the codes of the Facility Attachment.",
                    mba=line["mba"],
                )
            )
            for problem in problems
        ]
    return results


def _check_points(posting: Posting) -> list[Finding | Refusal]:
    known = areas(posting.connection, posting.metadata)
    results: list[Finding | Refusal] = []
    for line in posting.lines(KEY_MEASUREMENT_POINT.name):
        problem = None
        if line["mba"] not in known:
            problem = f"{line['mba']} is not a registered material balance area"
        elif not KMP_CODE.fullmatch(line["kmp"]):
            problem = f"{line['kmp']!r} is no code of a key measurement point"
        if problem:
            advice = "Register the area first; a code has one or two characters A-Z 0-9 &."
            finding = Finding("PLACE-CODE", Severity.FORMAT, problem, advice, mba=line["mba"])
            results.append(Refusal(finding))
    return results


def key_measurement_points(
    connection: Connection, metadata: MetaData, mba: str
) -> dict[str, tuple[str, str | None]]:
    """Return the registered key measurement points of an MBA: purpose and name by code."""
    table = metadata.tables[KEY_MEASUREMENT_POINT.name]
    query = (
        select(table.c.kmp, table.c.purpose, table.c.name)
        .where(table.c.mba == mba)
        .order_by(table.c.act_id, table.c.line_no)
    )
    found = {str(kmp): (str(p), name) for kmp, p, name in connection.execute(query)}
    return dict(sorted(found.items()))


PLACES = Capability(
    "places",
    line_kinds=(AREA, KEY_MEASUREMENT_POINT),
    checks=(
        Check("area codes", frozenset({AREA.name}), _check_area),
        Check("key measurement points", frozenset({KEY_MEASUREMENT_POINT.name}), _check_points),
    ),
)
