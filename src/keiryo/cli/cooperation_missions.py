"""Commands of missions of experts and of people who work at another organisation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json, show_rows

OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="What happened; it stands in the record.")
]
EvidenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="FILE_OR_ACT",
        help="A file, which is kept, or an act of the record: act:17 (more than once).",
    ),
]
UnderOption = Annotated[
    str | None,
    typer.Option("--under", metavar="NAME", help="Agreement or commitment it belongs to."),
]
NoteOption = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Note.")]
CaveatOption = Annotated[
    list[str] | None,
    typer.Option(
        "--caveat",
        metavar="CAVEAT",
        help="official-use, safeguards-confidential, proprietary, third-party-rule or no-foreign "
        "(more than once).",
    ),
]
MissionArgument = Annotated[str, typer.Argument(metavar="MISSION", help="E.g. mission.0001.")]
ClearedFromOption = Annotated[
    str | None, typer.Option("--cleared-from", metavar="DATE", help="Its first day.")
]
ClearedUntilOption = Annotated[
    str | None, typer.Option("--cleared-until", metavar="DATE", help="Its last day.")
]
VisaFromOption = Annotated[
    str | None, typer.Option("--visa-from", metavar="DATE", help="First day of the visa.")
]
VisaUntilOption = Annotated[
    str | None, typer.Option("--visa-until", metavar="DATE", help="Last day of the visa.")
]
RadiationRecordOption = Annotated[
    str | None,
    typer.Option("--radiation-record", help="Where dose records are kept; not the records."),
]


def add_missions(group: typer.Typer) -> None:
    """Add the commands to the group of cooperation."""
    mission = typer.Typer(help="Missions of experts, and what they found.", no_args_is_help=True)
    mission.command("request")(request_mission)
    mission.command("step")(mission_step)
    mission.command("finding")(mission_finding)
    mission.command("list")(list_missions)
    mission.command("show")(show_mission)
    group.add_typer(mission, name="mission")
    exchange = typer.Typer(help="People who work at another organisation.", no_args_is_help=True)
    exchange.command("agree")(agree_exchange)
    exchange.command("step")(exchange_step)
    exchange.command("list")(list_exchanges)
    group.add_typer(exchange, name="exchange")


def request_mission(
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="What it is about.")],
    kind: Annotated[
        str, typer.Option("--kind", help="IPPAS, INSServ, ISSAS, ORPAS, technical-visit …")
    ],
    host: Annotated[str, typer.Option("--host", metavar="ORGANISATION", help="Who is visited.")],
    provider: Annotated[
        str, typer.Option("--provider", metavar="ORGANISATION", help="Who sends the experts.")
    ],
    requested_by: Annotated[str | None, typer.Option("--by", help="Who asks for it.")] = None,
    follows: Annotated[
        str | None, typer.Option("--follows", metavar="MISSION", help="Which it follows up.")
    ] = None,
    caveat: CaveatOption = None,
    under: UnderOption = None,
    note: NoteOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record that a mission of experts was asked for."""
    from keiryo.cooperation.missions import MissionRequest
    from keiryo.cooperation.missions import request_mission as request

    day = day_or_today(on, "--on")
    caveats = tuple(caveat or ())
    wanted = MissionRequest(
        kind, title, host, provider, day, requested_by, follows, caveats, under, note
    )
    books = opened(db)
    name, done = request(books.database, books.actor, wanted)
    print(f"{name} is recorded in act {done.act.act_id}.")


def mission_step(
    mission: MissionArgument,
    state: Annotated[
        str, typer.Argument(metavar="STATE", help="terms_agreed, prepared, planned, under_way …")
    ],
    reason: ReasonOption,
    terms: Annotated[
        str | None, typer.Option("--terms", metavar="TEXT", help="Terms of reference.")
    ] = None,
    prepared: Annotated[
        str | None, typer.Option("--preparatory", metavar="DATE", help="Preparatory meeting.")
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option(
            "--member",
            metavar="PART:PERSON[@ORGANISATION]",
            help="leader, expert, observer, host or left, e.g. leader:A. Sato@JP.JAEA.",
        ),
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day of the mission.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day of the mission.")
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", help="A site visited (more than once).")
    ] = None,
    side: Annotated[
        str | None, typer.Option("--side", metavar="ORGANISATION", help="Whose act it is.")
    ] = None,
    evidence: EvidenceOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record a step of a mission, with what becomes known by it."""
    from keiryo.cooperation.missions import MissionStep, take_mission_step

    wanted = MissionStep(
        mission,
        state,
        day_or_today(on, "--on"),
        reason,
        terms,
        optional_day(prepared, "--preparatory"),
        optional_day(first, "--from"),
        optional_day(last, "--to"),
        tuple(site or ()),
        side,
        tuple(_member(one) for one in member or ()),
        **shown(evidence),
    )
    books = opened(db)
    done = take_mission_step(books.database, books.actor, wanted)
    print(f"{mission} is {state}; recorded in act {done.act.act_id}.")


def mission_finding(
    mission: MissionArgument,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In the report, e.g. R1.")],
    kind: Annotated[
        str | None, typer.Option("--kind", help="recommendation, suggestion or good-practice.")
    ] = None,
    words: Annotated[
        str | None, typer.Option("--words", metavar="TEXT", help="What was found.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="accepted, in_progress, done, verified …")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers for it.")] = None,
    plan: Annotated[str | None, typer.Option("--plan", help="What is done.")] = None,
    due: Annotated[str | None, typer.Option("--due", metavar="DATE", help="By when.")] = None,
    follow_up: Annotated[
        str | None, typer.Option("--follow-up", metavar="MISSION", help="Which looked again.")
    ] = None,
    evidence: EvidenceOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record what a mission found, or what is done about it."""
    from keiryo.cooperation.missions import FindingStep, record_mission_finding

    wanted = FindingStep(
        mission,
        number,
        day_or_today(on, "--on"),
        kind,
        words,
        state,
        reason,
        owner,
        plan,
        optional_day(due, "--due"),
        follow_up,
        **shown(evidence),
    )
    books = opened(db)
    done = record_mission_finding(books.database, books.actor, wanted)
    print(f"{mission} finding {number}; recorded in act {done.act.act_id}.")


def list_missions(
    state: Annotated[str | None, typer.Option("--state", help="Only in a state.")] = None,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List missions as they stand."""
    from keiryo.cooperation.missions import STEPS
    from keiryo.errors import UsageError

    if state not in (None, *STEPS):
        raise UsageError(f"there is no state {state!r}", f"One of {', '.join(STEPS)}.")
    rows = [one for one in _missions(db, on) if state in (None, one["state"])]
    if format_of(format_) is not Format.JSON:
        rows = [{**one, "findings": len(one["findings"])} for one in rows]
    columns = ["mission", "kind", "host", "title", "state", "first_day", "last_day", "findings"]
    show_lists(rows, format_of(format_), columns, "No missions.")


def show_mission(
    mission: MissionArgument,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show a mission: its steps, its team and what it found."""
    from keiryo.errors import NotFoundError

    told = next((one for one in _missions(db, on) if one["mission"] == mission), None)
    if told is None:
        raise NotFoundError(
            f"there is no mission {mission[:60]!r}",
            "'keiryo cooperation mission list' lists them.",
        )
    if format_of(format_) is not Format.TABLE:
        show_json(told)
        return
    for name in ("mission", "title", "kind", "host", "provider", "state", "terms", "caveats"):
        if told[name]:
            print(f"{name}: {_plain(told[name])}")
    show_rows(told["steps"], Format.TABLE, title="Steps", empty="No steps yet.")
    show_rows(told["team"], Format.TABLE, title="Team", empty="No team yet.")
    columns = ["number", "kind", "words", "state", "owner", "plan", "due", "overdue"]
    show_rows(
        told["findings"], Format.TABLE, title="Findings", columns=columns, empty="No findings."
    )


def _missions(db: str | None, on: str | None) -> list[dict[str, Any]]:
    from keiryo.cooperation.missions import missions

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        known = missions(connection, books.database.metadata)
    return [one.to_dict(day) for one in known.values()]


def agree_exchange(
    person: Annotated[str, typer.Option("--person", help="Who goes.")],
    home: Annotated[str, typer.Option("--home", metavar="ORGANISATION", help="Who sends them.")],
    host: Annotated[str, typer.Option("--host", metavar="ORGANISATION", help="Where they go.")],
    topic: Annotated[str, typer.Option("--topic", help="On what they work.")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day.")],
    access: Annotated[
        str, typer.Option("--access", help="open, official, confidential, secret or top-secret.")
    ] = "open",
    clearance: Annotated[
        str | None, typer.Option("--clearance", help="Level of the clearance.")
    ] = None,
    cleared_from: ClearedFromOption = None,
    cleared_until: ClearedUntilOption = None,
    visa_from: VisaFromOption = None,
    visa_until: VisaUntilOption = None,
    radiation_record: RadiationRecordOption = None,
    equipment: Annotated[str | None, typer.Option("--equipment", help="Brought along.")] = None,
    under: UnderOption = None,
    note: NoteOption = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of an exchange that is agreed anew.")
    ] = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record that somebody will work at another organisation for a time."""
    from keiryo.cli.options import day_of
    from keiryo.cooperation.personnel import ExchangeAgreed
    from keiryo.cooperation.personnel import agree_exchange as agree

    days = {
        "clearance_from": optional_day(cleared_from, "--cleared-from"),
        "clearance_until": optional_day(cleared_until, "--cleared-until"),
        "visa_from": optional_day(visa_from, "--visa-from"),
        "visa_until": optional_day(visa_until, "--visa-until"),
    }
    wanted = ExchangeAgreed(
        person,
        home,
        host,
        topic,
        day_or_today(on, "--on"),
        day_of(first, "--from"),
        day_of(last, "--to"),
        access,
        clearance,
        days,
        radiation_record,
        equipment,
        under,
        note,
        name,
    )
    books = opened(db)
    agreed, done = agree(books.database, books.actor, wanted)
    print(f"{agreed} is recorded in act {done.act.act_id}.")
    known, found = _exchanges(db)
    show_findings(one for one in found if agreed in one.message and agreed in known)


def exchange_step(
    exchange: Annotated[str, typer.Argument(metavar="EXCHANGE", help="E.g. exchange.0001.")],
    state: Annotated[
        str, typer.Argument(metavar="STATE", help="cleared, started, interrupted, ended …")
    ],
    reason: ReasonOption,
    output: Annotated[str | None, typer.Option("--output", help="What came of it.")] = None,
    evidence: EvidenceOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record a step of a personnel exchange."""
    from keiryo.cooperation.personnel import ExchangeStep, take_exchange_step

    day = day_or_today(on, "--on")
    wanted = ExchangeStep(exchange, state, day, reason, output, **shown(evidence))
    books = opened(db)
    done = take_exchange_step(books.database, books.actor, wanted)
    print(f"{exchange} is {state}; recorded in act {done.act.act_id}.")


def list_exchanges(
    person: Annotated[str | None, typer.Option("--person", help="Only of somebody.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List personnel exchanges, and what is wrong with them."""
    known, findings = _exchanges(db)
    rows = [one.to_dict() for one in known.values()]
    rows = [row for row in rows if person in (None, row["person"])]
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json({"exchanges": rows, "findings": [finding_dict(one) for one in findings]})
    else:
        columns = ["exchange", "person", "home", "host", "first_day", "last_day", "access_level"]
        show_lists(rows, chosen, [*columns, "clearance_until", "state"], "No exchanges.")
        if chosen is Format.TABLE:
            show_findings(findings)
    raise typer.Exit(exit_code(findings))


def _exchanges(db: str | None) -> tuple[Any, list[Any]]:
    from keiryo.cooperation.missions import missions
    from keiryo.cooperation.personnel import exchange_findings, exchanges

    books = opened(db)
    with books.database.reading() as connection:
        known = exchanges(connection, books.database.metadata)
        teams = missions(connection, books.database.metadata)
    return known, exchange_findings(known, teams)


def _member(text: str) -> tuple[str, str | None, str]:
    from keiryo.errors import UsageError

    part, colon, rest = text.partition(":")
    person, _at, organisation = rest.partition("@")
    if not colon or not person.strip():
        raise UsageError(f"{text!r} names no member of a team", "E.g. leader:A. Sato@JP.JAEA.")
    return person.strip(), organisation.strip() or None, part.strip()


def show_lists(rows: list[dict[str, Any]], chosen: Format, columns: list[str], empty: str) -> None:
    """Show rows; where not as JSON, lists in one cell."""
    if chosen is not Format.JSON:
        rows = [{name: _plain(value) for name, value in row.items()} for row in rows]
    show_rows(rows, chosen, columns=columns, empty=empty)


def _plain(value: Any) -> Any:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else value


def content_of(path: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    from keiryo.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Check its name.") from error


def shown(given: list[str] | None) -> dict[str, Any]:
    """Return evidence as it was given: acts by number, and files with their content."""
    acts = tuple(one for one in given or () if one.startswith("act:"))
    paths = [Path(one) for one in given or () if not one.startswith("act:")]
    return {"evidence": acts, "files": tuple((one.name, content_of(one)) for one in paths)}
