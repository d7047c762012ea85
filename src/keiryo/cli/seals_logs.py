"""Commands of the logs of electronic seals: what a log shows, and reading out a seal."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import Format, FormatOption, format_of, opened
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json
from keiryo.cli.seals_options import (
    RemarkOption,
    SealArgument,
    Usual,
    content,
    corrected,
    event_command,
    moment,
    told,
)

if TYPE_CHECKING:
    from keiryo.seals.log_rules import LogTerms

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV or JSON lines with seq, t, code, value.")
]
OffsetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--offset",
        metavar="TIME=SECONDS",
        help="True minus seal's clock, read when the seal showed TIME (repeatable).",
    ),
]
SohOption = Annotated[
    str | None, typer.Option("--soh-interval", metavar="SECONDS", help="Between reports of health.")
]
MarginOption = Annotated[
    str, typer.Option("--margin", metavar="SECONDS", help="Allowed beyond twice the interval.")
]
LimitOption = Annotated[
    str, typer.Option("--battery-limit", metavar="VOLTS", help="Voltage to change the battery at.")
]
VisitOption = Annotated[
    str | None, typer.Option("--next-visit", metavar="TIME", help="Next planned visit.")
]
NowOption = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="Now, for a seal that should report.")
]
ZeroOption = Annotated[
    str | None,
    typer.Option("--zero", metavar="MOMENT", help="Of a log in seconds: when they begin."),
]
KeysOption = Annotated[
    Path | None, typer.Option("--keys", metavar="FILE", help="Register of device keys, JSON.")
]
AuthenticatedOption = Annotated[
    str | None,
    typer.Option("--authenticated", metavar="TEXT", help="How the reader authenticated the log."),
]


def add_commands(group: typer.Typer) -> None:
    """Add the commands to the group of seals."""
    group.command("read-out")(read_out)
    group.command()(log)


def log(
    file: FileArgument,
    offset: OffsetOption = None,
    soh: SohOption = None,
    margin: MarginOption = "0",
    limit: LimitOption = "3.0",
    visit: VisitOption = None,
    at: NowOption = None,
    keys: KeysOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell what the log of a seal shows: openings, gaps, tampering, clock, battery. No books."""
    from keiryo.seals.read_out import LogToRead, read

    terms = _terms(offset, soh, margin, limit, visit, at)
    read_log = read(LogToRead(file, terms, keys=_keys(keys)))
    data = {
        "file": file.name,
        "authentic": read_log.state,
        **read_log.result.to_dict(),
        "findings": [finding_dict(one) for one in read_log.findings],
    }
    if format_of(format_) is not Format.TABLE:
        show_json(data)
    else:
        print(
            f"{data['records']} records, {data['authentic']}, {data['from']} to {data['to']}; "
            f"openings: {len(data['openings'])}, gaps: {len(data['gaps'])}"
        )
        show_findings(read_log.findings)
    raise typer.Exit(exit_code(read_log.findings))


@event_command
def read_out(
    usual: Usual,
    seal: SealArgument,
    file: FileArgument,
    authenticated: AuthenticatedOption = None,
    zero: ZeroOption = None,
    offset: OffsetOption = None,
    soh: SohOption = None,
    margin: MarginOption = "0",
    limit: LimitOption = "3.0",
    visit: VisitOption = None,
    keys: KeysOption = None,
    remark: RemarkOption = None,
) -> None:
    """Record that a detached electronic seal was read out; its log decides over the period."""
    with_log(
        usual,
        seal,
        "read-out",
        file,
        authenticated=authenticated,
        zero=zero,
        keys=keys,
        terms=_terms(offset, soh, margin, limit, visit, None),
        remark=remark,
    )


def with_log(
    usual: Usual,
    seal: str,
    event: str,
    file: Path,
    *,
    authenticated: str | None,
    zero: str | None = None,
    keys: Path | None = None,
    terms: LogTerms | None = None,
    **fields: Any,
) -> None:
    """Record an event that brings a log."""
    from keiryo.containment.instants import instant
    from keiryo.seals.events import SealEvent
    from keiryo.seals.log_rules import LogTerms
    from keiryo.seals.numbers import seal_key
    from keiryo.seals.read_out import LogToRead
    from keiryo.seals.read_out import read_out as record

    books, key = opened(usual.db), seal_key(seal)
    persons = usual.by or [books.actor.person]
    second = persons[1] if len(persons) > 1 else None
    fields |= corrected(usual.corrects)
    made = SealEvent(key.body, key.number, event, moment(usual.at), persons[0], second, **fields)
    given = LogToRead(
        file,
        terms or LogTerms(),
        zero=None if zero is None else instant(zero),
        reader=authenticated,
        keys=_keys(keys),
    )
    photos = tuple(content(one) for one in usual.photo or ())
    done, seen = record(books.database, books.actor, made, given, photos=photos)
    print(f"{event} of {seal} is recorded in act {done.act.act_id}; the log is {seen.state}.")
    # openings are told as the act records them: not those by which it was attached or taken off
    show_findings([one for one in seen.findings if one.code != "SEAL-OPENED"])
    told(books, done.act.act_id)


def _terms(
    offset: list[str] | None,
    soh: str | None,
    margin: str,
    limit: str,
    visit: str | None,
    at: str | None,
) -> LogTerms:
    from keiryo.seals.drift import ClockReading
    from keiryo.seals.log_records import SECOND, time_of
    from keiryo.seals.log_rules import LogTerms

    readings = []
    for one in offset or ():
        when, _equals, seconds = one.rpartition("=")
        readings.append(ClockReading(time_of(when)[0], int(_decimal(seconds, one) * SECOND)))
    return LogTerms(
        tuple(readings),
        None if soh is None else int(_decimal(soh, "--soh-interval") * SECOND),
        int(_decimal(margin, "--margin") * SECOND),
        _decimal(limit, "--battery-limit"),
        None if visit is None else time_of(visit)[0],
        None if at is None else time_of(at)[0],
    )


def _decimal(text: str, what: str) -> Decimal:
    from decimal import InvalidOperation

    from keiryo.errors import UsageError

    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > 10**12:
        raise UsageError(f"{what[:40]}: {text[:40]!r} is no number", "Write e.g. 3600 or 3.05.")
    return found


def _keys(path: Path | None) -> dict[str, Any]:
    from keiryo.device_log.reading import read_keys

    return {} if path is None else read_keys(path)
