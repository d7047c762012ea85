"""Commands of alarm cases: raised, assessed, explained, decided, handed over, closed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.alarm_cases_input import content_of, given_files, joined, tell, whole
from keiryo.cli.alarm_cases_shown import add_shown
from keiryo.cli.options import DbOption, Format, FormatOption, opened

if TYPE_CHECKING:
    from keiryo.errors import Finding

AlarmArgument = Annotated[str, typer.Argument(metavar="ALARM", help="Name of the case.")]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="When, with offset; default: now."),
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; it stands in the record.")
]
EvidenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="REFERENCE",
        help="A SHA-256 that is kept, act:17, occupancy:INSTRUMENT@START or "
        "measurement:INSTRUMENT@START (more than once).",
    ),
]
KeepOption = Annotated[
    list[Path] | None,
    typer.Option("--keep", metavar="FILE", help="Keep this file as evidence (more than once)."),
]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="PSEUDONYM", help="Whose step it is; default: you.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Alarm cases: from the alarm to the closed case, with who decided on what evidence.",
        no_args_is_help=True,
    )
    group.command("raise")(raise_alarm)
    for command in (verify, localize, characterize, identify, categorize, explain, escalate):
        group.command(command.__name__)(command)
    for ending in (decide, handover, close, correct):
        group.command(ending.__name__)(ending)
    group.command("false")(declare_false)
    add_shown(group)
    app.add_typer(group, name="alarms")


def raise_alarm(
    alarm: Annotated[str | None, typer.Argument(metavar="ALARM", help="Name of the case.")] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", help="INSTRUMENT_ALARM or INFORMATION_ALERT.")
    ] = None,
    at: AtOption = None,
    site: Annotated[str | None, typer.Option("--site", help="Name of the site.")] = None,
    lane: Annotated[str | None, typer.Option("--lane", help="Name of the lane.")] = None,
    partner: Annotated[str | None, typer.Option("--partner", help="Who runs the site.")] = None,
    instrument: Annotated[str | None, typer.Option("--instrument", help="Its name.")] = None,
    occupancy: Annotated[
        str | None, typer.Option("--occupancy", metavar="START", help="Start of the passage.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            metavar="FILE",
            help="JSON of 'keiryo portal replay': alarms and sigmas of the --occupancy, which may "
            "be its number there.",
        ),
    ] = None,
    passage: Annotated[
        str | None,
        typer.Option(
            "--passage",
            metavar="INSTRUMENT@START",
            help="A passage of the books: its facts are taken over; 'keiryo alarms waiting'.",
        ),
    ] = None,
    gamma: Annotated[bool | None, typer.Option("--gamma/--no-gamma", help="Gamma alarm.")] = None,
    neutron: Annotated[
        bool | None, typer.Option("--neutron/--no-neutron", help="Neutron alarm.")
    ] = None,
    dose_rate: Annotated[
        str | None, typer.Option("--dose-rate", metavar="USV_H", help="In µSv/h.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="vehicle, container, person …")
    ] = None,
    container: Annotated[str | None, typer.Option("--container", help="Its number.")] = None,
    consignee: Annotated[str | None, typer.Option("--consignee", help="Who receives it.")] = None,
    trader: Annotated[str | None, typer.Option("--trader", help="Whose status counts.")] = None,
    commodity_code: Annotated[
        str | None, typer.Option("--code", metavar="HS", help="Code of the harmonised system.")
    ] = None,
    commodity: Annotated[str | None, typer.Option("--commodity", help="As declared.")] = None,
    words: Annotated[str | None, typer.Option("--words", help="What happened.")] = None,
    evidence: EvidenceOption = None,
    keep: KeepOption = None,
    reason: ReasonOption = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Many: CSV, JSON or TOML.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Raise a case, or state it anew with a reason: what is left out is as it was.

    A passage of the books gives it site, alarms and evidence, and a name if none is given.
    """
    row: dict[str, Any] = {
        "alarm": alarm, "origin": origin, "raised_at": at, "site": site, "lane": lane,
        "partner": partner, "instrument": instrument, "occupancy": occupancy,
        "gamma_alarm": whole(gamma), "neutron_alarm": whole(neutron), "subject": subject,
        "dose_rate_usv_h": dose_rate, "container": container, "consignee": consignee,
        "trader": trader, "commodity_code": commodity_code, "commodity": commodity,
        "words": words, "evidence": joined(evidence), "reason": reason, "passage": passage,
    }  # fmt: skip
    _raise(row, file, replay, keep, db, format_)


def _raise(
    row: dict[str, Any],
    file: Path | None,
    replay: Path | None,
    keep: list[Path] | None,
    db: str | None,
    format_: Format | None,
) -> None:
    from keiryo.alarm_cases.recording import raise_alarms
    from keiryo.alarm_cases.sheets import ALARMS
    from keiryo.errors import UsageError

    files, findings, rows = given_files(keep), list[Any](), [row]
    if file is not None:
        if any(value is not None for value in row.values()) or replay is not None:
            raise UsageError("give an alarm by its name, or a file", "Leave one of them out.")
        files.append(content_of(file))
        rows, findings = ALARMS.read(file.name, files[-1][1])
    elif row["passage"] is not None and (replay is not None or row["occupancy"] is not None):
        raise UsageError(
            "--passage takes everything over from the books",
            "Leave --replay and --occupancy out; they are for passages that are not in the books.",
        )
    elif row["alarm"] is None and row["passage"] is None:
        raise UsageError("the name of the alarm is missing", "Name it, or give a --file.")
    elif replay is not None:
        files.append(content_of(replay))
        findings = _from_replay(row, files[-1][1], row["occupancy"])
    books = opened(db)
    name = None if file is None else file.name
    done = raise_alarms(
        books.database, books.actor, rows, files=files, findings=findings, file=name
    )
    tell(done, format_)


def _from_replay(row: dict[str, Any], content: bytes, occupancy: str | None) -> list[Finding]:
    """Fill in what a replay says of an occupancy; what a person said stays."""
    from keiryo.alarm_cases.results import occupancy_of, read_replay
    from keiryo.errors import UsageError

    if occupancy is None:
        raise UsageError("--replay needs the --occupancy", "Name its start or number.")
    rows, findings = read_replay(content)
    if findings:
        return findings
    one, findings = occupancy_of(rows, occupancy)
    if one is None:
        return findings
    told = {
        "occupancy": one["start"],
        "raised_at": row["raised_at"] or one["start"],
        "max_sigma": None if one["max_sigma"] is None else f"{one['max_sigma']:.6g}",
    }
    row |= told
    # an alarm that the replay or the instrument knows of is never argued away here
    row["gamma_alarm"] = int(bool(row["gamma_alarm"] or one["gamma_alarm"]))
    row["neutron_alarm"] = int(bool(row["neutron_alarm"] or one["neutron_alarm"]))
    if one["instrument_alarm"] and not row["neutron_alarm"]:
        row["gamma_alarm"] = 1
    return []


def verify(
    alarm: AlarmArgument, at: AtOption = None, reason: ReasonOption = None,
    evidence: EvidenceOption = None, keep: KeepOption = None, by: ByOption = None,
    db: DbOption = None, format_: FormatOption = None,
) -> None:  # fmt: skip
    """Record that the alarm was there again: second passage, or another instrument."""
    step(alarm, "VERIFIED", (at, reason, evidence, by), keep, db, format_)


def declare_false(
    alarm: AlarmArgument, at: AtOption = None, reason: ReasonOption = None,
    fault: Annotated[
        bool, typer.Option("--fault", help="By a fault of the instrument.")
    ] = False,
    evidence: EvidenceOption = None, keep: KeepOption = None, by: ByOption = None,
    db: DbOption = None, format_: FormatOption = None,
) -> None:  # fmt: skip
    """Close a case whose alarm was not there again: no radiation, chance or fault."""
    step(alarm, "FALSE", (at, reason, evidence, by), keep, db, format_, fault=int(fault))


def localize(
    alarm: AlarmArgument,
    place: Annotated[str | None, typer.Option("--place", help="Where it comes from.")] = None,
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Record where on the vehicle, person or goods the radiation comes from."""
    step(alarm, "LOCALIZED", (at, reason, evidence, by), keep, db, format_, place=place)


def characterize(
    alarm: AlarmArgument,
    dose_rate: Annotated[
        str | None, typer.Option("--dose-rate", metavar="USV_H", help="In µSv/h, at the place.")
    ] = None,
    neutrons: Annotated[
        bool | None, typer.Option("--neutrons/--no-neutrons", help="Above background.")
    ] = None,
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Record dose rate, neutrons and spectrum at the place."""
    more = {"dose_rate_usv_h": dose_rate, "neutrons": whole(neutrons)}
    step(alarm, "CHARACTERIZED", (at, reason, evidence, by), keep, db, format_, **more)


def identify(
    alarm: AlarmArgument,
    answer: Annotated[
        Path | None,
        typer.Option("--answer", metavar="FILE", help="JSON of 'keiryo spectrum identify'."),
    ] = None,
    spectrum: Annotated[
        Path | None,
        typer.Option("--spectrum", metavar="FILE", help="A spectrum; it is identified here."),
    ] = None,
    background: Annotated[
        Path | None,
        typer.Option("--background", metavar="FILE", help="Of the same instrument."),
    ] = None,
    templates: Annotated[
        Path | None, typer.Option("--templates", metavar="PATH", help="Of the detector.")
    ] = None,
    detector: Annotated[
        str | None, typer.Option("--detector", metavar="NAME", help="A usual one: nai-small …")
    ] = None,
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Record the nuclides that a spectrum shows; a second answer adds to the first.

    Spectrum, background and answer are kept as evidence of the step.
    """
    from keiryo.alarm_cases.identifying import identified_file
    from keiryo.alarm_cases.recording import take_step
    from keiryo.alarm_cases.results import read_identification
    from keiryo.errors import RefusedError, UsageError

    if (answer is None) == (spectrum is None):
        raise UsageError("give an --answer or a --spectrum", "One of them, not both.")
    files = given_files(keep)
    if spectrum is None:
        assert answer is not None
        given = content_of(answer)
        found, findings = read_identification(given[1])
        told = None if found is None else (found, *given)
    else:
        seen = [content_of(one) for one in (spectrum, background) if one is not None]
        files += seen
        told, findings = identified_file(
            seen[0], (*seen, None)[1], templates=templates, detector=detector
        )
    if told is None:
        raise RefusedError("the answer was refused; nothing was recorded", findings)
    books = opened(db)
    row = _row(alarm, (at, reason, evidence, by))
    done = take_step(
        books.database, books.actor, "IDENTIFIED", row, files=files, answer=told
    )  # fmt: skip
    tell(done, format_)


def categorize(
    alarm: AlarmArgument,
    category: Annotated[
        str, typer.Argument(help="NORM, MEDICAL, INDUSTRIAL, NUCLEAR, MIXED or UNKNOWN.")
    ],
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Give the category that follows from the nuclides, or UNKNOWN."""
    step(alarm, "CATEGORIZED", (at, reason, evidence, by), keep, db, format_, category=category)


def explain(
    alarm: AlarmArgument,
    commodity: Annotated[
        bool, typer.Option("--commodity", help="By the declared goods of the case.")
    ] = False,
    treatment: Annotated[
        str | None, typer.Option("--treatment", metavar="ROW", help="By a patient.")
    ] = None,
    days: Annotated[float | None, typer.Option("--days", help="Since the treatment.")] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="USV_H", help="In µSv/h at 1 m.")
    ] = None,
    declared: Annotated[
        bool, typer.Option("--declared", help="By transfers in the books and licences.")
    ] = False,
    take_back: Annotated[
        str | None, typer.Option("--take-back", metavar="REFERENCE", help="One that is wrong.")
    ] = None,
    evidence: EvidenceOption = None,
    keep: KeepOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record what explains nuclides of a case; nothing is closed by it."""
    from keiryo.alarm_cases.recording_explanations import explain_case, void_explanation

    books = opened(db)
    if take_back is not None:
        tell(void_explanation(books.database, books.actor, alarm, take_back), format_)
        return
    done = explain_case(
        books.database, books.actor, alarm, commodity=commodity, treatment=treatment, days=days,
        rate_usv_h=rate, declared=declared, evidence=joined(evidence), files=given_files(keep),
    )  # fmt: skip
    tell(done, format_)


def escalate(
    alarm: AlarmArgument,
    receiver: Annotated[str | None, typer.Option("--to", help="To whom.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="Of the message.")] = None,
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Record that a case was brought before headquarters; its state stays."""
    more = {"receiver": receiver, "reference": reference}
    step(alarm, "ESCALATED", (at, reason, evidence, by), keep, db, format_, **more)


def decide(
    alarm: AlarmArgument,
    decision: Annotated[
        str,
        typer.Argument(
            help="INNOCENT_DECLARED, INNOCENT_UNDECLARED, ILLEGAL_OR_UNAUTHORIZED or UNRESOLVED."
        ),
    ],
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Decide a case; innocence is refused while anything stands against it."""
    from keiryo.alarm_cases.states import DECISIONS
    from keiryo.errors import UsageError

    if decision not in DECISIONS:
        raise UsageError(f"{decision!r} is no decision", f"One of {', '.join(DECISIONS)}.")
    step(alarm, decision, (at, reason, evidence, by), keep, db, format_)


def handover(
    alarm: AlarmArgument,
    receiver: Annotated[str | None, typer.Option("--to", help="Who takes over.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="Of the receipt.")] = None,
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Record that a case was handed over to those who respond: receiver and moment."""
    more = {"receiver": receiver, "reference": reference}
    step(alarm, "RESPONSE", (at, reason, evidence, by), keep, db, format_, **more)


def close(
    alarm: AlarmArgument, at: AtOption = None, reason: ReasonOption = None,
    evidence: EvidenceOption = None, keep: KeepOption = None, by: ByOption = None,
    db: DbOption = None, format_: FormatOption = None,
) -> None:  # fmt: skip
    """Close a case that is innocent, or that was handed over."""
    step(alarm, "CLOSED", (at, reason, evidence, by), keep, db, format_)


def correct(
    alarm: AlarmArgument,
    state: Annotated[str, typer.Argument(help="The earlier state, e.g. CHARACTERIZED.")],
    at: AtOption = None, reason: ReasonOption = None, evidence: EvidenceOption = None,
    keep: KeepOption = None, by: ByOption = None, db: DbOption = None,
    format_: FormatOption = None,
) -> None:  # fmt: skip
    """Put a case back to an earlier state, with a reason; nothing is deleted."""
    from keiryo.alarm_cases.states import (
        CATEGORIZED,
        CHARACTERIZED,
        IDENTIFIED,
        LOCALIZED,
        RAISED,
        VERIFIED,
    )
    from keiryo.errors import UsageError

    early = (RAISED, VERIFIED, LOCALIZED, CHARACTERIZED, IDENTIFIED, CATEGORIZED)
    if state not in early:
        raise UsageError(f"{state!r} is no earlier state", f"One of {', '.join(early)}.")
    step(alarm, state, (at, reason, evidence, by), keep, db, format_)


def step(
    alarm: str,
    state: str,
    told: tuple[str | None, str | None, list[str] | None, str | None],
    keep: list[Path] | None,
    db: str | None,
    format_: Format | None,
    **more: Any,
) -> None:
    """Take a step and tell what was recorded."""
    from keiryo.alarm_cases.recording import take_step

    books, row = opened(db), {**_row(alarm, told), **more}
    tell(take_step(books.database, books.actor, state, row, files=given_files(keep)), format_)


def _row(
    alarm: str, told: tuple[str | None, str | None, list[str] | None, str | None]
) -> dict[str, Any]:
    at, reason, evidence, by = told
    names = ("alarm", "at", "reason", "evidence", "by_person")
    return dict(zip(names, (alarm, at, reason, joined(evidence), by), strict=True))
