"""Commands of cooperation: the register with its quotations, and commitments at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli import cooperation_exchanges, cooperation_meetings
from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.cooperation.commitments import StandingCommitment
    from keiryo.cooperation.register import RegisterObject

OnOption = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day; default: today.")]
CommitmentArgument = Annotated[
    str, typer.Argument(metavar="COMMITMENT", help="Name in the register, e.g. c019.")
]
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
KINDS = {
    "sources": "cooperation_source",
    "organisations": "organisation",
    "people": "office_holder",
    "instruments": "instrument",
    "bodies": "cooperation_body",
    "programmes": "programme",
    "commitments": "commitment",
    "events": "cooperation_event",
    "history": "history_statement",
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(
        help="Cooperation: agreements, what was promised by whom, and what came of it.",
        no_args_is_help=True,
    )
    group.command("import")(import_)
    group.command("register")(list_register)
    for command in (show, commitments, claim, step, care):
        group.command()(command)
    group.command("turn-down")(turn_down)
    cooperation_meetings.register(group)
    cooperation_exchanges.register(group)
    app.add_typer(group, name="cooperation")


def import_(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="A register (JSON, keiryo.cooperation/1); default: the one of the four public "
            "documents that keiryo brings along.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        list[Path] | None,
        typer.Option(
            "--text",
            metavar="FILE",
            help="The text of a document that is quoted; it is read and not kept.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what is found; record nothing.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Record a register, comparing every quotation with its text.

    Nothing is recorded unless all of it holds. What stands in the books in the same words is left
    as it is, so that the same file can be sent again.
    """
    from keiryo.cooperation.recording import (
        SHIPPED_NAME,
        check_register,
        record_register,
        shipped_register,
    )

    content = shipped_register() if file is None else _content(file)
    name = SHIPPED_NAME if file is None else file.name
    texts = [_text(path) for path in text or ()]
    chosen = format_of(format_)
    if check:
        _file, findings, quotations = check_register(content, name, {t.name: t for t in texts})
        if chosen is Format.JSON:
            told = [finding_dict(one) for one in findings]
            show_json({"quotations": quotations, "findings": told})
        else:
            print(f"{quotations} quotations; {len(findings)} findings.")
            show_findings(findings)
        return
    books = opened(db)
    done = record_register(books.database, books.actor, content, name, texts)
    if chosen is Format.JSON:
        show_json(
            {
                "act": None if done.act is None else done.act.act_id,
                "recorded": done.recorded,
                "unchanged": done.unchanged,
                "quotations": done.quotations,
                "compared": done.compared,
                "findings": [finding_dict(one) for one in done.findings],
            }
        )
        return
    if done.act is None:
        print(f"Nothing is new: all {done.unchanged} objects stand in the books like this.")
    else:
        print(f"Recorded {done.recorded} objects in act {done.act.act_id}; {done.unchanged} stood.")
    print(f"{done.compared} of {done.quotations} quotations were compared with their text.")
    show_findings(done.findings)


def list_register(
    kind: Annotated[
        str | None, typer.Option("--kind", help=f"Only: {', '.join(KINDS)}.", show_default=False)
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the objects of the register by name."""
    from keiryo.cooperation.register import read_recorded
    from keiryo.errors import UsageError

    if kind is not None and kind not in KINDS:
        raise UsageError(
            f"there is no kind {kind!r} in the register", f"One of {', '.join(KINDS)}."
        )
    books = opened(db)
    with books.database.reading() as connection:
        found = read_recorded(connection, books.database.metadata)
    wanted = (KINDS[kind],) if kind is not None else tuple(_NAMES)
    rows = [
        {"name": one.name, "kind": _NAMES[one.kind], "title": one.title, "line": one.line}
        for one in found.of_kind(*wanted)
    ]
    empty = "The register is empty: 'keiryo cooperation import' records one."
    show_rows(rows, format_of(format_), columns=["name", "kind", "title", "line"], empty=empty)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="E.g. i.us-jp-2006 or c019.")],
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show an object of the register: its dates, the words it rests on, what stands under it."""
    from keiryo.cooperation.register import read_recorded

    books = opened(db)
    with books.database.reading() as connection:
        known = read_recorded(connection, books.database.metadata)
    one, below = known.get(name), known.under(name)
    if format_of(format_) is not Format.TABLE:
        show_json({**_object(one), "under_it": [other.name for other in below]})
        return
    print(f"{one.name}: {one.title}")
    for field, value in _plain(one.values).items():
        if value is not None and field not in ("title",):
            print(f"  {field.replace('_', ' ')}: {value}")
    for date in one.dates:
        party = f" ({date['party']})" if date["party"] else ""
        when = date["value"] or date["words"] or f"{date['earliest']} – {date['latest']}"
        print(f"  {date['what']}{party}: {when} ({date['precision']}, {date['basis']})")
    for quoted in one.quotations:
        lines = f"lines {quoted['first_line']}–{quoted['last_line']}"
        print(f"  “{quoted['words']}” — {quoted['source']} ¶{quoted['paragraph']}, {lines}")
    for other in below:
        print(f"  under it: {other.name}: {other.title}")


_LEFT_OUT = ("act_id", "line_no", "salt", "scope", "agreement", "caveat")


def _plain(values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _LEFT_OUT}


def _object(one: RegisterObject) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": _NAMES[one.kind],
        **{name: value for name, value in _plain(one.values).items() if name != "kind"},
        **({"type": one.values["kind"]} if one.values.get("kind") else {}),
        "dates": [_plain(row) for row in one.dates],
        "people": [_plain(row) for row in one.people],
        "facts": [_plain(row) for row in one.facts],
        "quotations": [_plain(row) for row in one.quotations],
        "line": one.line,
    }


def commitments(
    status: Annotated[
        str | None,
        typer.Option("--status", metavar="STATE", help="Only those in a state, or 'open'."),
    ] = None,
    under: Annotated[
        str | None, typer.Option("--under", metavar="NAME", help="Only those under an instrument.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only those of somebody.")] = None,
    on: OnOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List commitments as they stand, those that are due first."""
    import datetime

    from keiryo.cooperation.commitments import commitments as standing
    from keiryo.cooperation.life_cycle import STEPS
    from keiryo.errors import UsageError

    if status not in (None, "open", *STEPS):
        raise UsageError(f"there is no state {status!r}", f"One of open, {', '.join(STEPS)}.")
    day, books = day_or_today(on, "--on"), opened(db)
    with books.database.reading() as connection:
        every = standing(connection, books.database.metadata)
    found = [
        one
        for one in every
        if (status is None or status == one.state or (status == "open" and one.is_open))
        and under in (None, one.register.values["under"])
        and owner in (None, one.care.get("owner"))
    ]
    chosen = format_of(format_)
    if chosen is not Format.TABLE:
        show_rows([one.to_dict() for one in found], chosen)
        return
    never = datetime.date.max
    found.sort(key=lambda one: (one.due is None, one.due.day if one.due else never))
    rows = [_row(one, day) for one in found]
    columns = ["commitment", "state", "strength", "actors", "verb", "action", "due", "owner"]
    show_rows(rows, Format.TABLE, columns=columns, empty="No commitments.")


def _row(one: StandingCommitment, day: Any) -> dict[str, Any]:
    values, due = one.register.values, one.due
    when = "" if due is None else due.day.isoformat()
    if due is not None and due.review:
        when = f"review {when}"
    elif one.overdue(day):
        when = f"{when} overdue"
    return {
        "commitment": one.name,
        "state": one.state,
        "strength": values["strength"],
        "actors": values["actors"],
        "verb": values["modality"],
        "action": values["action"],
        "due": when,
        "owner": one.care.get("owner"),
    }


def claim(
    commitment: CommitmentArgument,
    reason: ReasonOption,
    evidence: EvidenceOption = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Claim that a commitment is fulfilled, with what shows it; a second person decides."""
    from keiryo.cooperation.steps import claim_fulfilled

    books = opened(db)
    done = claim_fulfilled(
        books.database,
        books.actor,
        commitment,
        on=day_or_today(on, "--on"),
        reason=reason,
        **_shown(evidence),
    )
    act = done.act.act_id
    print(f"Recorded in act {act}. Somebody else looks at the evidence and decides:")
    print(f"  keiryo cooperation step {commitment} fulfilled --claim {act} --reason TEXT")


def step(
    commitment: CommitmentArgument,
    state: Annotated[
        str, typer.Argument(metavar="STATE", help="agreed, active, suspended, fulfilled, lapsed …")
    ],
    reason: ReasonOption,
    evidence: EvidenceOption = None,
    side: Annotated[
        str | None,
        typer.Option("--side", metavar="NAME", help="The organisation whose act it is."),
    ] = None,
    occurred: Annotated[
        str | None,
        typer.Option("--occurred", metavar="TEXT", help="What occurred, for one that sleeps."),
    ] = None,
    claim_act: Annotated[
        int | None, typer.Option("--claim", metavar="ACT", help="The claim of somebody else.")
    ] = None,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Record a step in the life of a commitment."""
    from keiryo.cooperation.steps import StepWanted, take_step

    books = opened(db)
    wanted = StepWanted(
        commitment,
        state,
        day_or_today(on, "--on"),
        reason,
        **_shown(evidence),
        side=side,
        occurred=occurred,
        claim_act=claim_act,
    )
    done = take_step(books.database, books.actor, wanted)
    print(f"{commitment} is {state}; recorded in act {done.act.act_id}.")


def turn_down(
    commitment: CommitmentArgument,
    claim_act: Annotated[
        int, typer.Option("--claim", metavar="ACT", help="The act in which it was claimed.")
    ],
    reason: ReasonOption,
    on: OnOption = None,
    db: DbOption = None,
) -> None:
    """Turn down a claim that a commitment is fulfilled, or take back your own."""
    from keiryo.cooperation import steps

    books, day = opened(db), day_or_today(on, "--on")
    done = steps.turn_down(
        books.database, books.actor, commitment, claim_act, on=day, reason=reason
    )
    print(f"The claim is answered in act {done.act.act_id}; {commitment} stays as it is.")


def care(
    commitment: CommitmentArgument,
    owner: Annotated[str | None, typer.Option("--owner", help="Responsible person.")] = None,
    deputy: Annotated[str | None, typer.Option("--deputy", help="Deputy.")] = None,
    next_action: Annotated[
        str | None, typer.Option("--next", metavar="TEXT", help="What is done next.")
    ] = None,
    next_on: Annotated[
        str | None, typer.Option("--next-on", metavar="DATE", help="By when.")
    ] = None,
    due: Annotated[
        str | None, typer.Option("--due", metavar="DATE", help="Day on which it is due.")
    ] = None,
    review: Annotated[
        str | None, typer.Option("--review", metavar="DATE", help="Day on which it is looked at.")
    ] = None,
    risk: Annotated[
        str | None, typer.Option("--risk", metavar="TEXT", help="What could keep it from it.")
    ] = None,
    db: DbOption = None,
) -> None:
    """Record who looks after a commitment, and what comes next."""
    from keiryo.cooperation.steps import Care, take_care

    said = Care(
        owner,
        deputy,
        next_action,
        optional_day(next_on, "--next-on"),
        optional_day(due, "--due"),
        optional_day(review, "--review"),
        risk,
    )
    books = opened(db)
    done = take_care(books.database, books.actor, commitment, said)
    print(f"Recorded in act {done.act.act_id}.")


def _text(path: Path) -> Any:
    from keiryo.cooperation.quotations import SourceText
    from keiryo.errors import UsageError

    try:
        return SourceText(path.name, _content(path).decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError(f"{path.name} is no text in UTF-8", "Save it as plain text.") from None


def _shown(given: list[str] | None) -> dict[str, Any]:
    """Return evidence as it was given: acts by number, and files with their content."""
    acts = tuple(one for one in given or () if one.startswith("act:"))
    paths = [Path(one) for one in given or () if not one.startswith("act:")]
    return {"evidence": acts, "files": tuple((one.name, _content(one)) for one in paths)}


def _content(path: Path) -> bytes:
    from keiryo.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}", "Check the name of the file."
        ) from error
