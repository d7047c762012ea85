"""Passages of portals that cases are about: facts that are taken over, alarms without a case.

A passage goes by instrument and start. One passage has one case: who raises a second one is led to
the first. What the record knows of a passage is never argued away: a case about a passage with a
neutron alarm has one too, and lies at the site where the instrument stands.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData, or_, select

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.record_forms import evidence_parts, refusing, shown
from keiryo.alarm_cases.tables import INSTRUMENT_ALARM
from keiryo.detection_sites.register import utc
from keiryo.detection_sites.same_passage import KeptPassages
from keiryo.detection_sites.tables import (
    DETECTION_INSTRUMENT,
    DETECTION_OCCUPANCY,
    DETECTION_SITE,
)
from keiryo.errors import Finding
from keiryo.journal.reading import rows_of

Row = Mapping[str, Any]
Key = tuple[str, str]
"""Instrument, and start in UTC as the record of passages writes it, with ``~2`` for a second."""
PASSAGE = "occupancy:"


def passage_key(text: str) -> Key:
    """Return instrument and start of a passage as the record of passages writes them.

    Parameters
    ----------
    text : str
        ``INSTRUMENT@START``, with any offset.

    Examples
    --------
    >>> passage_key("P1@2027-05-31T10:05:00+09:00~2")
    ('P1', '2027-05-31T01:05:00.000Z~2')
    """
    instrument, _at, start = text.partition("#")[0].partition("@")
    written, tilde, number = start.partition("~")
    return instrument, f"{utc(written) or written}{tilde}{number}"


def own_passage(values: Row) -> Key | None:
    """Return the passage that a case is about; None: it is about none.

    Of two passages with the same start the one that is named as evidence counts.
    """
    instrument, start = values.get("instrument"), values.get("occupancy")
    if not instrument or not start:
        return None
    own = passage_key(f"{instrument}@{start}")
    for part in evidence_parts(values.get("evidence")):
        key = passage_key(part.removeprefix(PASSAGE))
        if part.startswith(PASSAGE) and (key[0], key[1].partition("~")[0]) == own:
            return key
    return own


def named_passages(case: AlarmCase) -> set[Key]:
    """Return all passages that a case names: its own, and those among its evidence."""
    parts = (one for one in case.evidence if one.startswith(PASSAGE))
    found = {passage_key(one.removeprefix(PASSAGE)) for one in parts}
    own = own_passage(case.values)
    return found if own is None else {*found, own}


def recorded_passage(connection: Connection, metadata: MetaData, key: Key) -> Row | None:
    """Return a passage as it stands in the record; None: it is not there."""
    table = metadata.tables[DETECTION_OCCUPANCY.name]
    mine = (table.c.instrument == key[0], table.c.start == key[1])
    rows = rows_of(connection, metadata, table.name, *mine)
    return dict(rows[-1]) if rows else None


def facts_of_passage(
    connection: Connection, metadata: MetaData, content_of: Callable[[str], bytes], named: str
) -> tuple[dict[str, Any], list[Finding]]:
    """Return what the record knows of a passage, as fields of a case, and what is wrong.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    content_of : callable
        Gives the bytes of a file by its digest: which alarm it was that the instrument gave is
        read there.
    named : str
        ``INSTRUMENT@START``.

    Returns
    -------
    dict
        Fields of `keiryo.alarm_cases.tables.ALARM_CASE`, with a name for the case from instrument
        and local time.
    """
    key = passage_key(named)
    row = recorded_passage(connection, metadata, key)
    if row is None:
        return {}, [
            refusing(
                "ALARM-PASSAGE",
                f"there is no passage {shown(named)} in the record",
                "'keiryo alarms waiting' lists passages with an alarm; name one as INSTRUMENT@START"
                ".",
            )
        ]
    instrument = _last(connection, metadata, DETECTION_INSTRUMENT.name, "instrument", key[0]) or {}
    site_name = instrument.get("site")
    site = _last(connection, metadata, DETECTION_SITE.name, "site", site_name) or {}
    zone = ZoneInfo(str(site.get("zone") or "UTC"))
    start, mark, number = key[1].partition("~")
    there = datetime.datetime.fromisoformat(start).astimezone(zone)
    gamma, neutron = alarms_of(row, content_of)
    return {
        "alarm": f"{key[0][:30]}-{there:%Y%m%d-%H%M%S}{'-' * bool(mark)}{number}",
        "origin": INSTRUMENT_ALARM,
        "raised_at": there.isoformat(),
        "site": site_name,
        "lane": instrument.get("lane"),
        "partner": site.get("partner"),
        "instrument": key[0],
        "occupancy": there.isoformat(),
        "gamma_alarm": int(gamma),
        "neutron_alarm": int(neutron),
        "max_sigma": row["max_sigma"],
        "evidence": f"{PASSAGE}{key[0]}@{key[1]}#{row['digest']}",
    }, []


def with_facts(facts: Row, row: Row) -> dict[str, Any]:
    """Return a case with what the record knows of its passage; what a person says goes before.

    An alarm that the record knows of stays one, and evidence is added.
    """
    given = {name: value for name, value in row.items() if value is not None}
    made = {**facts, **given}
    for name in ("gamma_alarm", "neutron_alarm"):
        made[name] = int(bool(facts.get(name) or given.get(name)))
    parts = (*evidence_parts(facts.get("evidence")), *evidence_parts(given.get("evidence")))
    made["evidence"] = " ".join(dict.fromkeys(parts))
    return made


def alarms_of(row: Row, content_of: Callable[[str], bytes] | None = None) -> tuple[bool, bool]:
    """Return whether a passage had a gamma and a neutron alarm, by the replay or the instrument.

    Parameters
    ----------
    row : mapping
        A line of `DETECTION_OCCUPANCY`.
    content_of : callable, optional
        Without it, or if the file is not kept any more, an alarm of the instrument alone counts
        as gamma.
    """
    gamma, neutron = bool(row["gamma_alarm"]), bool(row["neutron_alarm"])
    if not row["instrument_alarm"]:
        return gamma, neutron
    told = None if content_of is None else KeptPassages(content_of).of(row)
    if told is not None:
        gamma = gamma or bool(told.gamma_flag.any())
        neutron = neutron or bool(told.neutron_flag.any())
    return gamma or not neutron, neutron


def passage_findings(
    connection: Connection, metadata: MetaData, cases: Mapping[Key, str], line: Row
) -> Iterator[Finding]:
    """Yield what the record of passages says against the line of a case.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    cases : mapping of passage to str
        The case of each passage, by its name.
    line : mapping
    """
    key = own_passage(line)
    if key is None:
        return
    name, other = shown(line.get("alarm")), cases.get(key)
    if other is not None and other != line.get("alarm"):
        yield refusing(
            "ALARM-PASSAGE",
            f"{name}: the passage {key[0]}@{key[1]} has the case {other} already",
            f"Work on {other}, or state it anew with a reason.",
        )
    row = recorded_passage(connection, metadata, key)
    if row is None:
        return
    known = _last(connection, metadata, DETECTION_INSTRUMENT.name, "instrument", key[0])
    if known is not None and known["site"] != line.get("site"):
        yield refusing(
            "ALARM-PASSAGE",
            f"{name}: {key[0]} stands at {known['site']}, not at {shown(line.get('site'))}",
            "Name the site of the instrument; 'keiryo alarms raise --passage' takes it over.",
        )
    for word, alarm in zip(("gamma", "neutron"), alarms_of(row), strict=True):
        replayed = word == "neutron" or row["gamma_alarm"]
        if alarm and replayed and not line.get(f"{word}_alarm"):
            yield refusing(
                "ALARM-PASSAGE",
                f"{name}: the record of the passage has a {word} alarm, the case has none",
                "What was recorded is not argued away: tell it, and assess it.",
            )


def waiting_passages(
    connection: Connection,
    metadata: MetaData,
    cases: Iterable[AlarmCase],
    *,
    site: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> list[dict[str, Any]]:
    """Return passages with an alarm that no case names: neutrons first, then the most sigmas.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    cases : iterable of AlarmCase
    site : str, optional
        Only of this site.
    first, last : str, optional
        Only passages that start within these moments in UTC, `last` left out.

    Returns
    -------
    list of dict
        ``passage`` (as ``INSTRUMENT@START``), ``instrument``, ``start``, ``site``, ``lane``,
        ``gamma_alarm``, ``neutron_alarm`` (of the replay), ``instrument_alarm``, ``max_sigma``
        and ``node``.
    """
    table = metadata.tables[DETECTION_OCCUPANCY.name]
    within = [table.c.start >= first] if first else []
    within += [table.c.start < last] if last else []
    loud = or_(table.c.gamma_alarm == 1, table.c.neutron_alarm == 1, table.c.instrument_alarm == 1)
    once = table.c.start.in_(select(table.c.start).where(loud, *within))
    # a passage that was told anew may have lost its alarm: the last line of each counts
    told = {
        (str(row["instrument"]), str(row["start"])): row
        for row in rows_of(connection, metadata, table.name, once, *within)
    }
    have = {key for case in cases for key in named_passages(case)}
    places = {
        str(row["instrument"]): row
        for row in rows_of(connection, metadata, DETECTION_INSTRUMENT.name)
    }
    found = []
    for key, row in told.items():
        where = places.get(key[0], {})
        alarm = row["gamma_alarm"] or row["neutron_alarm"] or row["instrument_alarm"]
        if alarm and key not in have and site in (None, where.get("site")):
            found.append(_waiting(key, row, where))
    return sorted(found, key=_gravity)


def _waiting(key: Key, row: Row, where: Row) -> dict[str, Any]:
    flags = {
        name: None if row[name] is None else bool(row[name])
        for name in ("gamma_alarm", "neutron_alarm", "instrument_alarm")
    }
    return {
        "passage": f"{key[0]}@{key[1]}",
        "instrument": key[0],
        "start": key[1],
        "site": where.get("site"),
        "lane": where.get("lane"),
        **flags,
        "max_sigma": None if row["max_sigma"] is None else float(row["max_sigma"]),
        "node": f"{PASSAGE}{key[0]}@{key[1]}",
    }


def _gravity(row: Row) -> tuple[Any, ...]:
    return (not row["neutron_alarm"], -(row["max_sigma"] or 0.0), row["start"], row["instrument"])


def site_scope(connection: Connection, metadata: MetaData, site: Any) -> str | None:
    """Return to whom a site belongs; None: it is not registered."""
    known = _last(connection, metadata, DETECTION_SITE.name, "site", site)
    return None if known is None else str(known["scope"])


def _last(
    connection: Connection, metadata: MetaData, kind: str, column: str, name: Any
) -> Row | None:
    """Return the line that holds of a name, or None."""
    if not name:
        return None
    rows = rows_of(connection, metadata, kind, metadata.tables[kind].c[column] == str(name))
    return dict(rows[-1]) if rows else None
