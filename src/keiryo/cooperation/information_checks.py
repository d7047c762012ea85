"""Rules of the log of information, in the posting pipeline: no caveat is lost, none is broken.

What is made of other items, or is a copy of one, says the caveats of them all; recorded anew it
never becomes less protected. Handing out is judged again here, whatever a face found before.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from keiryo.cooperation.caveats import (
    BASIS,
    CAVEATS,
    EMBARGO,
    NO_FOREIGN,
    OFFICIAL,
    ONWARD,
    QUANTITIES,
    Handling,
    blocked,
    combined,
    marking,
)
from keiryo.cooperation.exchange_tables import EXCHANGES, INFORMATION_EVENT, INFORMATION_ITEM
from keiryo.cooperation.information_log import HAPPENED, InformationLog, Item, read_log
from keiryo.cooperation.tables import NAMED_BY, ORGANISATION
from keiryo.dates import DateError, number_date
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.schema import ACT

_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORDS = {
    "direction": ("in", "out"),
    "onward": ONWARD,
    "retention_duty": ("return", "destroy"),
    "what": HAPPENED,
}
_ORIGIN = ("direction", "from_organisation", "to_organisation")


def check_information(posting: Posting) -> Iterator[Refusal]:
    """Refuse items that lost a caveat, and handing out what a caveat keeps back."""
    before = read_log(posting.connection, posting.metadata, posting.act_id - 1)
    items = list(posting.lines(INFORMATION_ITEM.name))
    events = list(posting.lines(INFORMATION_EVENT.name))
    malformed = [*days_refused(items), *days_refused(events)]
    malformed += _words_refused((*items, *events))
    if malformed:
        yield from malformed
        return
    now = read_log(posting.connection, posting.metadata, posting.act_id)
    for line in items:
        yield from _item_refusals(posting, before, now, line)
    for line in events:
        yield from _event_refusals(posting, now, line)


def _words_refused(lines: Iterable[Mapping[str, Any]]) -> Iterator[Refusal]:
    for line in lines:
        for column, allowed in _WORDS.items():
            if line.get(column) is not None and line[column] not in allowed:
                yield _refusal(
                    "INFORMATION-WORD",
                    f"{line['information']}: {column.replace('_', ' ')} cannot be "
                    f"{str(line[column])[:60]!r}",
                    f"It is one of {', '.join(allowed)}.",
                )


def days_refused(lines: Iterable[Mapping[str, Any]]) -> Iterator[Refusal]:
    """Refuse days that are not in the calendar, whichever line they stand in."""
    for line in lines:
        for column, number in line.items():
            if number is None or not column.endswith(("_day", "_on", "_until", "_from")):
                continue
            try:
                number_date(int(number))
            except (DateError, ValueError) as error:
                yield _refusal("COOPERATION-DAY", f"{column}: {error}", "Correct the day.")


def _item_refusals(
    posting: Posting, before: InformationLog, now: InformationLog, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    name, item = str(line["information"]), Item(str(line["information"]), line)
    on = number_date(int(line["on_day"]))
    recipients = (line["from_organisation"], line["to_organisation"])
    yield from organisation_refusals(posting, recipients)
    yield from under_refusals(posting, line["under"])
    yield from name_refusals(posting, INFORMATION_ITEM.name, name)
    yield from _form_refusals(name, line)
    for part in item.parts:
        if part not in now.items or name in now.made_of(part):
            yield _refusal(
                "INFORMATION-PART",
                f"{name}: {part} is not in the log, or is itself made of {name}",
                "Record the parts first; 'keiryo cooperation information list' shows their names.",
            )
    yield from _lost(before, now, item, on)
    if line["direction"] == "out":
        parts = combined(now.handling(part, on) for part in item.parts)
        source, home = str(line["from_organisation"]), str(line["scope"])[:2]
        if now.organisations.get(source, {}).get("country") == home:  # it is theirs to give again
            own = {one for one in parts.circles if one.originator == source}
            parts = replace(parts, circles=parts.circles - own)
        itself = Handling(item.caveats & {NO_FOREIGN, OFFICIAL})
        purpose = next(iter(sorted(now.handling(name, on).purposes or ())), None)
        to = now.hand_out(str(line["to_organisation"]), home, on, purpose)
        if to is not None:
            yield from (Refusal(one) for one in blocked(name, itself | parts, to))


def _form_refusals(name: str, line: Mapping[str, Any]) -> Iterator[Refusal]:
    for caveat in sorted(set(str(line["caveats"] or "").split()) - set(CAVEATS)):
        yield _refusal(
            "CAVEAT-UNKNOWN",
            f"{name}: there is no caveat {caveat[:60]!r}",
            f"Caveats are: {', '.join(CAVEATS)}.",
        )
    if line["digest"] is not None and not _DIGEST.fullmatch(str(line["digest"])):
        yield _refusal(
            "INFORMATION-DIGEST",
            f"{name}: {str(line['digest'])[:80]!r} is no digest",
            "A SHA-256 digest has 64 hexadecimal digits; or give the file itself.",
        )
    embargoed = EMBARGO in str(line["caveats"] or "").split()
    ends = (line["embargo_until"], line["retention_until"])
    if any(end is not None and int(end) < int(line["on_day"]) for end in ends) or (
        embargoed and line["embargo_until"] is None and not line["parts"]
    ):
        yield _refusal(
            "INFORMATION-DAY",
            f"{name}: its embargo or retention ends before it was given, or has no day",
            "Give the day until which it holds.",
        )


def _lost(
    before: InformationLog, now: InformationLog, item: Item, on: datetime.date
) -> Iterator[Refusal]:
    """Refuse an item that is less protected than what it is made of, or was before."""
    line, name = item.values, item.name
    needed = now.handling(name, on).caveats
    if line["embargo_until"] is not None:
        needed |= {EMBARGO}
    if line["country_quantities"] and line["direction"] == "in":
        needed |= {QUANTITIES}
    copied = {
        one.name
        for one in before.items.values()
        if line["digest"] and one.values["digest"] == line["digest"]
    }
    loose = copied - {one for one in copied if name in now.made_of(one)} - set(now.made_of(name))
    for other in loose:
        needed |= now.handling(other, on).caveats
    missing = sorted(needed - item.caveats)
    if missing or loose or line["caveat"] != marking(item.caveats):
        words = ", ".join([*missing, *(f"that it is a copy of {one}" for one in sorted(loose))])
        yield _refusal(
            "CAVEAT-LOST",
            f"{name} does not say {words or 'its caveats on its line'}",
            "What is made of several things is bound by the caveats of them all; add them.",
        )
    old = before.items.get(name)
    if old is None:
        return
    looser = (
        not old.caveats <= item.caveats
        or not set(old.parts) <= set(item.parts)
        or ONWARD.index(str(line["onward"])) < ONWARD.index(str(old.values["onward"]))
        or (old.values["embargo_until"] or 0) > (line["embargo_until"] or 0)
        or (old.purposes is not None and not (item.purposes or {""}) <= old.purposes)
        or int(old.values["country_quantities"] or 0) > int(line["country_quantities"] or 0)
        or any(old.values[one] != line[one] for one in _ORIGIN)
    )
    if looser:
        yield _refusal(
            "CAVEAT-LOST",
            f"{name} would be less protected than before, or be something else",
            "Keep direction, organisations, caveats, embargo, purposes and onward rule, or make "
            "them stricter; whoever gave it can consent to hand it on.",
        )


def _event_refusals(
    posting: Posting, now: InformationLog, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    name, what = str(line["information"]), str(line["what"])
    item = now.items.get(name)
    if item is None:
        yield _refusal(
            "INFORMATION-UNKNOWN",
            f"there is no item {name[:60]!r} in the log of information",
            "'keiryo cooperation information list' lists their names.",
        )
        return
    on = number_date(int(line["on_day"]))
    yield from organisation_refusals(
        posting, [line["organisation"]] if line["organisation"] else []
    )
    yield from evidence_refusals(posting, name, line["evidence"])
    handling = now.handling(name, on)
    if line["caveat"] != marking(handling.caveats):
        yield _refusal("CAVEAT-LOST", f"a line about {name} lacks its caveats", "Add them.")
    if int(line["on_day"]) < int(item.values["on_day"]):
        yield _refusal(
            "INFORMATION-DAY",
            f"{name} was given on {item.day('on_day')}; this lies before",
            "Correct the day.",
        )
    consent = what in ("consented", "consent_withdrawn")
    source = item.values["from_organisation"]
    shown = what == "consent_withdrawn" or line["evidence"] or line["note"]
    if consent and (line["consent_of"] != source or not line["organisation"] or not shown):
        yield _refusal(
            "CAVEAT-CONSENT",
            f"{name} was given by {source}; the consent is not shown to be theirs, or for nobody",
            f"Name {source}, to whom it may be handed, and the letter or a note on it.",
        )
    if what == "handed_out":
        yield from _hand_out_refusals(now, item, handling, line)


def _hand_out_refusals(
    now: InformationLog, item: Item, handling: Handling, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    home, on = str(line["scope"])[:2], number_date(int(line["on_day"]))
    to = now.hand_out(str(line["organisation"]), home, on, line["purpose"])
    if to is not None:
        yield from (Refusal(one) for one in (*gone(item), *blocked(item.name, handling, to)))


def gone(item: Item) -> Iterator[Finding]:
    """Find that an item is not here any more."""
    if item.gone is not None:
        yield Finding(
            "CAVEAT-GONE",
            Severity.INCONSISTENCY,
            f"{item.name} was {item.gone}; it is not here to be handed out",
            "Leave it out.",
            found=item.name,
            basis=BASIS,
        )


def organisation_refusals(posting: Posting, names: Iterable[str]) -> Iterator[Refusal]:
    """Refuse organisations that are not in the register: rules need their country and kind."""
    table = posting.table(ORGANISATION.name)
    for name in dict.fromkeys(names):
        query = select(table.c.act_id).where(table.c.organisation == name).limit(1)
        if posting.connection.execute(query).first() is None:
            yield _refusal(
                "COOPERATION-ORGANISATION",
                f"there is no organisation {str(name)[:60]!r} in the register",
                "'keiryo cooperation register --kind organisations' lists them; import a register "
                "that has it.",
            )


def under_refusals(posting: Posting, name: str | None) -> Iterator[Refusal]:
    """Refuse what would stand under something that is not there."""
    tables = {**NAMED_BY, **EXCHANGES}
    for kind, column in tables.items() if name else ():
        table = posting.table(kind)
        query = select(table.c.act_id).where(table.c[column] == name).limit(1)
        if posting.connection.execute(query).first() is not None:
            return
    if name:
        yield _refusal(
            "COOPERATION-NAME",
            f"there is no {name[:60]!r} in the register",
            "'keiryo cooperation register' lists the names.",
        )


def name_refusals(posting: Posting, kind: str, name: str) -> Iterator[Refusal]:
    """Refuse a name that stands for something else already."""
    for other, column in {**NAMED_BY, **EXCHANGES}.items():
        table = posting.table(other)
        query = select(table.c.act_id).where(table.c[column] == name).limit(1)
        if other != kind and posting.connection.execute(query).first() is not None:
            yield _refusal(
                "COOPERATION-NAME-TAKEN",
                f"{name[:60]} is the name of something else in the register",
                "Leave the name out: the next number is taken then.",
            )


def evidence_refusals(posting: Posting, name: str, given: Any) -> Iterator[Refusal]:
    """Refuse evidence that is not in the record."""
    act, files = posting.metadata.tables[ACT], posting.table(EVIDENCE.name)
    for one in str(given or "").split():
        kind, _colon, number = one.partition(":")
        if kind == "act" and number.isdecimal() and len(number) < 19:
            earlier = (act.c.act_id == int(number)) & (act.c.act_id < posting.act_id)
            query = select(act.c.act_id).where(earlier)
        else:
            query = select(files.c.act_id).where(files.c.digest == one).limit(1)
        if posting.connection.execute(query).first() is None:
            yield _refusal(
                "COOPERATION-EVIDENCE",
                f"{name}: there is no evidence {one[:80]!r} in the record",
                "Name an act that was posted before (act:17), or give the file itself.",
            )


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))


INFORMATION_HOLDS = Check(
    "caveats of information",
    frozenset({INFORMATION_ITEM.name, INFORMATION_EVENT.name}),
    check_information,
)
