"""Commands that record obligated material: labels, openings, receipts, exchanges, consents."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_of,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import exit_code, finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.journal.model import Posted
    from keiryo.obligations.recording import ExchangeSide, RecordedStatements

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV, TOML or JSON.", exists=True, dir_okay=False)
]
BatchArgument = Annotated[
    str, typer.Argument(metavar="MBA/BATCH", help="Area and batch, e.g. XAFA/CYL30B-4471.")
]
OnOption = Annotated[str, typer.Option("--on", metavar="DATE", help="Day, e.g. 2026-01-20.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, and on what it rests.")]
CellOption = Annotated[
    list[str] | None,
    typer.Option(
        "--cell",
        metavar="LABELS=WEIGHT",
        help="Weight under a label set, e.g. AU+US=600kg; - is none (more than once).",
    ),
]
ShareOption = Annotated[
    list[str] | None,
    typer.Option(
        "--share",
        metavar="LABELS=SHARE",
        help="Share under a label set, e.g. AU+US=3/5; together they are 1 (more than once).",
    ),
]
CategoryOption = Annotated[
    str | None, typer.Option("--category", help="Element category, e.g. E. Default: all.")
]
ConsentsOption = Annotated[
    list[str] | None,
    typer.Option("--consent", metavar="NAME", help="Consent that it rests on (more than once)."),
]
ListOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="LIST",
        help="Which list a CSV file is: labels, members, rules, places, consents, openings, "
        "receipts, designations, exchanges, relabellings. Default: seen from its name.",
        show_default=False,
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands to the group of obligations."""
    group.command("import")(import_)
    group.command("open")(open_)
    for command in (labels, receive, designate, exchange, relabel, consent, rule, withdraw):
        group.command()(command)


def import_(
    file: FileArgument,
    kind: ListOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what is found; record nothing.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record labels, members, rules of origin, consents or statements about material from a file.

    Nothing is recorded unless all of it holds. What stands in the books in the same words is left
    as it is, so that the same file can be sent again.
    """
    from keiryo.obligations.recording import check_register, record_register

    books, content, chosen = opened(db), file.read_bytes(), format_of(format_)
    if not check:
        _show(record_register(books.database, books.actor, file.name, content, kind), chosen)
        return
    objects, findings = check_register(books.database, file.name, content, kind)
    if chosen is Format.JSON:
        show_json({"objects": objects, "findings": [finding_dict(one) for one in findings]})
    else:
        print(f"{objects} objects; {len(findings)} findings.")
        show_findings(findings)
    if code := exit_code(findings):
        raise typer.Exit(code)


def labels(
    shipped: Annotated[
        str | None,
        typer.Option("--shipped", metavar="NAME", help="A register that keiryo ships: japan."),
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Record the shipped register.")] = False,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Members of organisations on this day; today."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the labels of these books: partners, agreements, how long they are used."""
    from keiryo.errors import UsageError
    from keiryo.obligations.recording import record_register, shipped_register

    chosen = format_of(format_)
    if record and shipped is None:
        raise UsageError("nothing to record is named", "Write --shipped japan --record.")
    if shipped is None:
        rows = _recorded_labels(on, db)
    elif record:
        books = opened(db)
        name, content = shipped_register(shipped)
        _show(record_register(books.database, books.actor, name, content), chosen)
        return
    else:
        rows = _shipped_labels(shipped)
    if chosen is not Format.JSON:
        rows = [{**row, "members": " ".join(row["members"])} for row in rows]
    columns = ["label", "name", "kind", "valid_from", "valid_to", "successor", "members", "source"]
    empty = "No labels yet: 'keiryo obligations labels --shipped japan --record', or 'import'."
    show_rows(rows, chosen, columns=columns, empty=empty)


def _recorded_labels(on: str | None, db: str | None) -> list[dict[str, Any]]:
    from keiryo.dates import date_number
    from keiryo.obligations.stated import labels as read_labels
    from keiryo.obligations.stated import members

    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        found = read_labels(connection, books.database.metadata)
        states = members(connection, books.database.metadata, date_number(day))
    return [
        {
            "label": one.code,
            "name": one.name,
            "kind": one.kind,
            "instrument": one.instrument,
            "agreement": one.agreement_words,
            "valid_from": None if one.valid_from is None else one.valid_from.isoformat(),
            "valid_to": None if one.valid_to is None else one.valid_to.isoformat(),
            "successor": one.successor,
            "members": sorted(states.get(one.code, ())),
            "source": one.source,
            "line": f"{one.line.act}/{one.line.line}",
        }
        for one in found.values()
    ]


def _shipped_labels(name: str) -> list[dict[str, Any]]:
    from keiryo.obligations.recording import read_file, shipped_register
    from keiryo.obligations.stated import day_of as day
    from keiryo.obligations.tables import LABEL, LABEL_MEMBER

    lines = read_file(*shipped_register(name)).lines
    states: dict[Any, list[str]] = {}
    for line in lines:
        if line.kind == LABEL_MEMBER.name and line.values["valid_to"] is None:
            states.setdefault(line.values["label"], []).append(str(line.values["state"]))
    rows = []
    for line in lines:
        if line.kind == LABEL.name:
            own = dict(line.values)
            bounds = {one: day(own[one]) for one in ("valid_from", "valid_to")}
            own |= {one: None if at is None else at.isoformat() for one, at in bounds.items()}
            own["agreement"] = own.pop("agreement_words")
            rows.append({**own, "members": sorted(states.get(own["label"], ()))})
    return rows


def open_(
    file: FileArgument,
    on: OnOption,
    reason: ReasonOption,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Begin to keep labels at the end of a day, with the openings of a file.

    What nobody names is under no label. A later opening takes the place of an earlier one.
    """
    from keiryo.obligations.recording import begin_labels, read_file

    day, books = day_of(on, "--on"), opened(db)
    openings = read_file(file.name, file.read_bytes(), "openings")
    done = begin_labels(books.database, books.actor, openings, day, reason)
    _show(done, format_of(format_), f"Labels are kept from the end of {day} on.")


def receive(
    what: BatchArgument,
    cell: CellOption = None,
    share: ShareOption = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Day. Default: whenever it came.")
    ] = None,
    category: CategoryOption = None,
    document: Annotated[
        str | None, typer.Option("--document", help="Licence, notice or letter that says so.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """State the labels of a receipt from outside the books."""
    from keiryo.obligations.recording import state_receipt

    mba, batch = _area_and_batch(what)
    cells, day, books = _cells(cell, share), optional_day(on, "--on"), opened(db)
    done = state_receipt(
        books.database, books.actor, mba, batch, cells, on=day, category=category,
        document=document,
    )  # fmt: skip
    _show(done, format_of(format_))


def designate(
    what: BatchArgument,
    on: OnOption,
    code: Annotated[str, typer.Option("--code", help="Type of change, label 411, e.g. SD.")],
    category: Annotated[str, typer.Option("--category", help="Element category, e.g. E.")],
    reason: ReasonOption,
    cell: CellOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Name the labels of a withdrawal instead of its proportional share."""
    from keiryo.obligations import recording

    mba, batch = _area_and_batch(what)
    cells, day, books = _cells(cell, None), day_of(on, "--on"), opened(db)
    done = recording.designate(
        books.database, books.actor, mba, batch, day, code, category, cells, reason
    )
    _show(done, format_of(format_))


def exchange(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the exchange.")],
    on: OnOption,
    one: Annotated[
        str, typer.Option("--one", metavar="MBA[/BATCH]:LABELS", help="One side, e.g. XAFA:AU.")
    ],
    other: Annotated[
        str, typer.Option("--other", metavar="MBA[/BATCH]:LABELS", help="The other, e.g. XAFB:-.")
    ],
    category: Annotated[str, typer.Option("--category", help="Element category of both.")],
    amount: Annotated[
        str, typer.Option("--amount", metavar="WEIGHT", help="Of each side, e.g. 25g.")
    ],
    reason: ReasonOption,
    moved: Annotated[
        str | None, typer.Option("--moved", help="Labels that go over. Default: all of them.")
    ] = None,
    other_moved: Annotated[
        str | None, typer.Option("--other-moved", help="Labels that come back. Default: all.")
    ] = None,
    consents: ConsentsOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Let labels change places on equal quantities of like material; nothing moves."""
    from keiryo.obligations.recording import exchange_labels

    day, books = day_of(on, "--on"), opened(db)
    done = exchange_labels(
        books.database, books.actor, name, day, _side(one, moved, "--one"),
        _side(other, other_moved, "--other"), category, amount, reason, consents=consents or (),
    )  # fmt: skip
    _show(done, format_of(format_))


def relabel(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the decision.")],
    on: OnOption,
    reason: ReasonOption,
    removes: Annotated[
        str | None, typer.Option("--removes", metavar="LABEL", help="Label that goes.")
    ] = None,
    adds: Annotated[
        str | None, typer.Option("--adds", metavar="LABELS", help="Labels that come.")
    ] = None,
    mba: Annotated[str | None, typer.Option("--mba", help="Only in this area.")] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="Only of this batch.")] = None,
    category: CategoryOption = None,
    account: Annotated[
        str | None,
        typer.Option("--account", help="Only in this account, e.g. retained_waste. Default: all."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Let a label begin, end or pass to another on material that is there already."""
    from keiryo.obligations import recording

    day, books = day_of(on, "--on"), opened(db)
    done = recording.relabel(
        books.database, books.actor, name, day, reason, removes=removes, adds=adds, mba=mba,
        batch=batch, category=category, account=account,
    )  # fmt: skip
    _show(done, format_of(format_))


def consent(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name or reference, no blanks.")],
    partner: Annotated[str, typer.Option("--partner", help="Label of the partner.")],
    step: Annotated[
        str,
        typer.Option(
            "--step",
            help="retransfer, reprocessing, enrichment, alteration, storage or exchange.",
        ),
    ],
    words: Annotated[str, typer.Option("--words", help="Article, letter, conditions.")],
    amount: Annotated[
        str | None,
        typer.Option("--amount", metavar="WEIGHT", help="E.g. 150kg. Default: without limit."),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="PLACE", help="State or area (more than once). Default: any."),
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Last day.")] = None,
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Agreement in the register of cooperation.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a partner's consent to a step."""
    from keiryo.obligations.recording import give_consent

    first, last = optional_day(from_, "--from"), optional_day(until, "--until")
    books = opened(db)
    done = give_consent(
        books.database, books.actor, name, partner, step, words, amount=amount,
        destinations=to or (), valid_from=first, valid_to=last, instrument=instrument,
    )  # fmt: skip
    _show(done, format_of(format_))


def rule(
    consents: Annotated[
        str, typer.Option("--consents", help="refuse or note a step without consent.")
    ],
    reason: ReasonOption,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="Steps before this day are only noted."),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Say what happens to a step without the consents that it takes."""
    from keiryo.obligations.recording import set_consent_rule

    first, books = optional_day(from_, "--from"), opened(db)
    done = set_consent_rule(books.database, books.actor, consents, reason, from_day=first)
    _show_act(done, format_of(format_))


def withdraw(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="exchange, relabelling or consent.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    reason: ReasonOption,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Let an exchange, a relabelling or a consent not count any more."""
    from keiryo.obligations import recording

    books = opened(db)
    done = recording.withdraw(books.database, books.actor, kind, name, reason)
    _show_act(done, format_of(format_))


def _show(done: RecordedStatements, chosen: Format, words: str = "") -> None:
    if chosen is Format.JSON:
        show_json(
            {
                "act": None if done.act is None else done.act.act_id,
                "recorded": done.recorded,
                "unchanged": done.unchanged,
                "findings": [finding_dict(one) for one in done.findings],
            }
        )
        return
    if done.act is None:
        print("Nothing is new: all of it stands in the books like this.")
    else:
        stood = f"; {done.unchanged} stood already" if done.unchanged else ""
        print(f"Recorded in act {done.act.act_id} ({done.recorded} new{stood}). {words}".strip())
    show_findings(done.findings)


def _show_act(done: Posted, chosen: Format) -> None:
    if chosen is Format.JSON:
        show_json({"act": done.act.act_id})
    else:
        print(f"Recorded in act {done.act.act_id}.")


def _area_and_batch(text: str) -> tuple[str, str]:
    """Return area and batch of ``MBA/BATCH``; raises `UsageError`."""
    from keiryo.errors import UsageError

    mba, _, batch = text.partition("/")
    if not mba or not batch:
        raise UsageError(f"{text[:60]!r} names no batch of an area", "Write e.g. XAFA/CYL30B-4471.")
    return mba, batch


def _side(text: str, moved: str | None, option: str) -> ExchangeSide:
    """Return a side of ``MBA[/BATCH]:LABELS``; raises `UsageError`."""
    from keiryo.errors import UsageError
    from keiryo.obligations.recording import ExchangeSide

    place, colon, key = text.rpartition(":")
    mba, _, batch = place.partition("/")
    if not colon or not mba or not key:
        raise UsageError(
            f"{option}: {text[:60]!r} is no side of an exchange",
            "Write area, batch where batches are followed, and labels: XAFA/FA-1:AU+US or XAFB:-.",
        )
    return ExchangeSide(mba, key, batch or None, moved)


def _cells(cells: Iterable[str] | None, shares: Iterable[str] | None) -> dict[str, str]:
    """Return label sets with their weights or shares; raises `UsageError` or `RefusedError`."""
    from keiryo.errors import RefusedError, UsageError
    from keiryo.obligations.stated_texts import WrongTextError, share_of, weight_mg

    found: dict[str, str] = {}
    wrong = []
    for option, read, texts in (("--cell", weight_mg, cells), ("--share", share_of, shares)):
        for text in texts or ():
            key, equals, value = text.partition("=")
            if not equals or not key.strip() or key in found:
                why = "stands twice" if key in found else "is no label set with its part"
                raise UsageError(
                    f"{option}: {text[:60]!r} {why}", "Write e.g. --cell AU+US=600kg --cell -=5kg."
                )
            found[key] = value.strip()
            try:
                read(found[key])
            except WrongTextError as error:
                wrong.append(error.finding)
    if wrong:
        raise RefusedError("this cannot be recorded", wrong, "Correct it and try again.")
    if not found:
        raise UsageError("no labels are given", "Name them: --cell AU+US=600kg.")
    return found
