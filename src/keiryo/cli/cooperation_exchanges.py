"""Commands of the log of information: record, list, export, acknowledge, consent, end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.cooperation_missions import (
    CaveatOption,
    EvidenceOption,
    NoteOption,
    OnOption,
    UnderOption,
    add_missions,
    content_of,
    show_lists,
    shown,
)
from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json

if TYPE_CHECKING:
    import datetime

ItemArgument = Annotated[str, typer.Argument(metavar="ITEM", help="E.g. info.0001.")]
PurposesOption = Annotated[
    list[str] | None,
    typer.Option("--purpose", help="What its use is limited to (more than once)."),
]
OnwardOption = Annotated[
    str | None,
    typer.Option("--onward", metavar="RULE", help="Handing it on: free, consent or never."),
]
EmbargoOption = Annotated[
    str | None, typer.Option("--embargo-until", metavar="DATE", help="Not before this day.")
]
KeepUntilOption = Annotated[
    str | None, typer.Option("--keep-until", metavar="DATE", help="Last day it may be kept.")
]
DutyOption = Annotated[
    str | None,
    typer.Option("--then", metavar="DUTY", help="What is done then: return or destroy."),
]
QuantitiesOption = Annotated[
    bool, typer.Option("--country-quantities", help="It states quantities per country.")
]
PartsOption = Annotated[
    list[str] | None,
    typer.Option("--part", metavar="ITEM", help="An item that it holds (more than once)."),
]
ContentOption = Annotated[
    Path | None, typer.Option("--file", help="The content; it is kept as evidence.")
]
DigestOnlyOption = Annotated[
    bool, typer.Option("--digest-only", help="Keep the digest of the file, not the file.")
]
DigestOption = Annotated[
    str | None, typer.Option("--digest", metavar="SHA-256", help="Digest of the content.")
]
LegalBasisOption = Annotated[
    str | None, typer.Option("--legal-basis", metavar="TEXT", help="Under what it was given.")
]


def register(group: typer.Typer) -> None:
    """Add the commands of information, missions and exchanges of people to the group."""
    information = typer.Typer(
        help="Information exchanged: from whom to whom, with which caveats.", no_args_is_help=True
    )
    information.command("record")(record_information)
    information.command("list")(list_information)
    information.command("export")(export_information)
    information.command("acknowledge")(acknowledge)
    information.command("consent")(consent)
    information.command("end")(end_information)
    group.add_typer(information, name="information")
    add_missions(group)


def record_information(
    direction: Annotated[str, typer.Argument(metavar="DIRECTION", help="in or out.")],
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="What it is.")],
    source: Annotated[str, typer.Option("--from", metavar="ORGANISATION", help="Who gave it.")],
    to: Annotated[str, typer.Option("--to", metavar="ORGANISATION", help="Who received it.")],
    medium: Annotated[str, typer.Option("--medium", help="letter, mail, file, meeting …")],
    from_person: Annotated[str | None, typer.Option("--from-person", help="Who gave it.")] = None,
    to_person: Annotated[str | None, typer.Option("--to-person", help="Who received it.")] = None,
    file: ContentOption = None,
    digest_only: DigestOnlyOption = False,
    digest: DigestOption = None,
    caveat: CaveatOption = None,
    legal_basis: LegalBasisOption = None,
    purpose: PurposesOption = None,
    onward: OnwardOption = None,
    embargo: EmbargoOption = None,
    retention: KeepUntilOption = None,
    duty: DutyOption = None,
    quantities: QuantitiesOption = False,
    part: PartsOption = None,
    under: UnderOption = None,
    note: NoteOption = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of an item that is recorded anew.")
    ] = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record information given or received; caveats of its parts and of copies go along."""
    from keiryo.cooperation.information import InformationWanted
    from keiryo.cooperation.information import record_information as record

    wanted = InformationWanted(
        direction,
        day_or_today(on, "--on"),
        source,
        to,
        medium,
        title,
        from_person,
        to_person,
        None if file is None else (file.name, content_of(file)),
        not digest_only,
        digest,
        tuple(caveat or ()),
        legal_basis,
        tuple(purpose or ()),
        onward,
        optional_day(embargo, "--embargo-until"),
        optional_day(retention, "--keep-until"),
        duty,
        quantities,
        tuple(part or ()),
        under,
        note,
        name,
    )
    books = opened(db)
    recorded, done = record(books.database, books.actor, wanted)
    print(f"{recorded} is recorded in act {done.act.act_id}.")


def list_information(
    direction: Annotated[
        str | None, typer.Option("--direction", help="Only what came in, or went out.")
    ] = None,
    partner: Annotated[
        str | None,
        typer.Option("--with", metavar="ORGANISATION", help="Only what came from or went to it."),
    ] = None,
    caveat: Annotated[str | None, typer.Option("--caveat", help="Only with a caveat.")] = None,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List information exchanged, with the caveats that bind it and all that it holds."""
    from keiryo.cooperation.caveats import caveat_names
    from keiryo.cooperation.information import item_dict
    from keiryo.cooperation.information_log import read_log
    from keiryo.errors import UsageError

    if direction not in (None, "in", "out"):
        raise UsageError(f"there is no direction {direction!r}", "It is in or out.")
    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        log = read_log(connection, books.database.metadata)
    rows = [item_dict(log, one, day) for one in log.items.values()]
    wanted = caveat_names([caveat] if caveat else [])
    rows = [
        row
        for row in rows
        if direction in (None, row["direction"])
        and partner in (None, row["from"], row["to"])
        and wanted <= set(row["caveats"])
    ]
    columns = ["information", "direction", "on", "from", "to", "title", "caveats"]
    columns += ["onward", "retention_until", "retention_over", "acknowledged", "gone"]
    chosen = format_of(format_)
    show_lists(rows, chosen, columns, "Nothing is recorded in the log of information.")


def export_information(
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ITEM]...", help="Items; none: whatever may go."),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="ORGANISATION", help="Who would receive it.")
    ] = "",
    purpose: Annotated[str | None, typer.Option("--purpose", help="What it is for.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write the zip file.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only look; hand out nothing.")] = False,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Hand information to an organisation, and record what it received.

    Of named items all go, or none. Without names whatever may go goes, and what must not is named
    with the reason; the exit code is then 1. Nothing is written or recorded by --check.
    """
    from keiryo.cooperation.information import hand_out
    from keiryo.errors import UsageError

    if not to:
        raise UsageError("nobody is named to receive it", "Add --to ORGANISATION.")
    books, day = opened(db), day_or_today(on, "--on")
    with _new_file(None if check else out) as written:
        done = hand_out(
            books.database,
            books.actor,
            to,
            on=day,
            purpose=purpose,
            names=tuple(items or ()),
            check=check,
        )
        written.write(done.content)
    if format_of(format_) is Format.JSON:
        show_json({**done.to_dict(), "findings": [finding_dict(one) for one in done.findings]})
    else:
        columns = ["information", "title", "on", "from", "caveats", "digest"]
        show_lists(list(done.manifest), format_of(format_), columns, f"Nothing may go to {to}.")
        if format_of(format_) is Format.TABLE:
            if done.act is not None:
                where = "" if out is None else f"; written to {out}"
                print(f"Handed to {to} in act {done.act.act.act_id}{where}.")
            show_findings(done.findings)
    raise typer.Exit(exit_code(done.findings))


@contextmanager
def _new_file(path: Path | None) -> Iterator[BytesIO]:
    """Yield what becomes the content of a new file; without content, or on failure, none stays.

    The file is made before anything is recorded, so that what cannot be written is not recorded.
    """
    from keiryo.errors import UsageError

    content = BytesIO()
    if path is None:
        yield content
        return
    try:
        stream = path.open("xb")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be made: {error.strerror}; nothing was handed out",
            "Give the name of a new file in a folder that is there.",
        ) from error
    try:
        with stream:
            yield content
            stream.write(content.getvalue())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not content.getvalue():
        path.unlink(missing_ok=True)


def acknowledge(
    item: ItemArgument,
    person: Annotated[str, typer.Option("--person", help="Who acknowledges it.")],
    organisation: Annotated[
        str | None, typer.Option("--organisation", help="Whose acknowledgement it is.")
    ] = None,
    evidence: EvidenceOption = None,
    note: NoteOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record that information was acknowledged by whoever received it."""
    _event(
        db,
        item,
        "acknowledged",
        day_or_today(on, "--on"),
        evidence,
        person=person,
        organisation=organisation,
        note=note,
    )


def consent(
    item: ItemArgument,
    to: Annotated[str, typer.Option("--to", metavar="ORGANISATION", help="Who may receive it.")],
    of: Annotated[str, typer.Option("--of", metavar="ORGANISATION", help="Who consents.")],
    person: Annotated[str | None, typer.Option("--person", help="The person who did.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Last day of the consent.")
    ] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="It is withdrawn.")] = False,
    evidence: EvidenceOption = None,
    note: NoteOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record that whoever gave information consents to hand it on to somebody."""
    _event(
        db,
        item,
        "consent_withdrawn" if withdrawn else "consented",
        day_or_today(on, "--on"),
        evidence,
        organisation=to,
        consent_of=of,
        person=person,
        valid_until=optional_day(until, "--until"),
        note=note,
    )


def end_information(
    item: ItemArgument,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="returned or destroyed.")],
    person: Annotated[str | None, typer.Option("--person", help="Who did it.")] = None,
    evidence: EvidenceOption = None,
    note: NoteOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record that information was returned or destroyed; it is handed out no more."""
    from keiryo.cooperation.information_log import GONE
    from keiryo.errors import UsageError

    if what not in GONE:
        raise UsageError(f"information does not end as {what!r}", f"One of {', '.join(GONE)}.")
    day = day_or_today(on, "--on")
    _event(db, item, what, day, evidence, person=person, note=note)


def _event(
    db: str | None,
    item: str,
    what: str,
    day: datetime.date,
    evidence: list[str] | None,
    **more: Any,
) -> None:
    from keiryo.cooperation.information import InformationEvent, record_events

    books = opened(db)
    event = InformationEvent(item, what, day, **more, **shown(evidence))
    done = record_events(books.database, books.actor, [event])
    print(f"{item}: {what.replace('_', ' ')}; recorded in act {done.act.act_id}.")
