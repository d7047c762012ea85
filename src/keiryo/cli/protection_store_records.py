"""Commands of the sealed store: records in, listed and shown; evaluations and their approval."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keiryo.cli.options import FormatOption
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_store_opening import (
    MemberOption,
    PassphraseOption,
    ReasonOption,
    RecordArgument,
    StoreOption,
    chosen,
    opened,
    write_new,
)

if TYPE_CHECKING:
    from keiryo.protection.records_file import Records

EvaluationArgument = Annotated[str, typer.Argument(metavar="EVALUATION", help="The record R-...")]
TitleOption = Annotated[
    str | None,
    typer.Option(
        "--title",
        help="What it is called; it is sealed too. Default: you are asked, so that nobody sees it "
        "among the running programs.",
        show_default=False,
    ),
]
LevelOption = Annotated[
    str | None,
    typer.Option("--level", help="The required least probability of interruption, 0 to 1."),
]
OnOption = Annotated[
    str | None, typer.Option("--on", metavar="DATE", help="As of this day. Default: today.")
]


def put(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="graph, easi, access_log, ...")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .json, .toml or .csv file.")],
    reason: ReasonOption,
    title: TitleOption = None,
    record: Annotated[
        str | None, typer.Option("--record", help="The record of which it is a new version.")
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Seal a file as a record; the file itself stays where it is, and is yours to destroy."""
    from keiryo.errors import UsageError
    from keiryo.security_store.contents import ENDINGS, LARGEST

    media_type = ENDINGS.get(file.suffix.lower())
    if media_type is None:
        raise UsageError(f"the file name must end in {', '.join(ENDINGS)}")
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror}") from None
    mine = opened(store, member, passphrase_file)
    print(mine.put(kind, _title(title), media_type, content, reason, record=record))


def list_(
    compartment: Annotated[
        str | None, typer.Option("--compartment", help="Only this one. Default: all of yours.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only records of this kind.")] = None,
    containing: Annotated[
        str | None, typer.Option("--containing", help="Only where the title has this in it.")
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """List the records that you may read; it is recorded that you did."""
    mine = opened(store, member, passphrase_file)
    titles = mine.titles(compartment, kind=kind, containing=containing)
    show_rows([one.to_dict() for one in titles], chosen(format_))


def show(
    record: RecordArgument,
    reason: ReasonOption,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Default: the newest.")
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Show a record at the terminal; it is recorded first that you read it."""
    from keiryo.errors import UsageError

    if not sys.stdout.isatty():
        raise UsageError(
            "a record is shown at a terminal only, not written to a file or another program",
            "What leaves the store is asked for ('store ask-release') and released by another.",
        )
    mine = opened(store, member, passphrase_file)
    found = mine.read(record, reason, version=version)
    head = found.head
    print(f"{head.record} version {head.version}, {head.kind}, by {head.by}: {head.title}\n")
    print(found.text.lstrip("\ufeff"))


def evaluate(
    record: RecordArgument,
    on: OnOption = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="NAME", help="The facility state.")
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="FILE",
            help="What is out of service and was tested, as 'evidence outages' writes it.",
        ),
    ] = None,
    values: Annotated[
        str | None,
        typer.Option("--values", metavar="RECORD", help="Values of compensatory measures."),
    ] = None,
    reason: ReasonOption = "evaluation",
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Evaluate a kept graph or path, keep the result, and print its record."""
    from keiryo.cli.options import day_or_today
    from keiryo.security_store.evaluations import evaluate as compute

    day = day_or_today(on, "--on")
    records = None if evidence is None else _records(evidence)
    mine = opened(store, member, passphrase_file)
    told = compute(mine, record, day, state=state, reason=reason, records=records, values=values)
    print(told)


def _records(file: Path) -> Records:
    """Return what is out of service and was tested."""
    from keiryo.protection.inputs import InputError
    from keiryo.protection.records_file import read_records_file
    from keiryo.security_store.contents import refused

    try:
        return read_records_file(file)
    except InputError as error:
        raise refused(error) from None


def review(
    evaluation: EvaluationArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A text file with the review.")],
    reason: ReasonOption,
    title: TitleOption = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Keep a review of an evaluation."""
    from keiryo.errors import UsageError
    from keiryo.security_store.evaluations import review as keep

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError("the file cannot be read as text in UTF-8") from None
    mine = opened(store, member, passphrase_file)
    print(keep(mine, evaluation, _title(title), text, reason))


def approve(
    evaluation: EvaluationArgument,
    reason: ReasonOption,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead.")] = False,
    level: LevelOption = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Approve an evaluation that others made; with a level, keep a statement whether it is met."""
    from keiryo.security_store import evaluations

    decision = evaluations.REFUSED if refuse else evaluations.APPROVED
    mine = opened(store, member, passphrase_file)
    print(evaluations.approve(mine, evaluation, decision, reason, level=level))


def aggregate(
    evaluation: EvaluationArgument,
    level: LevelOption = None,
    reason: ReasonOption = "aggregate",
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell only whether an evaluation reaches a level; without one, what the statement says."""
    from keiryo.security_store.evaluations import aggregate as ask

    mine = opened(store, member, passphrase_file)
    told = ask(mine, evaluation, level, reason)
    if chosen(format_) == "json":
        show_json(told)
        return
    verb = "reaches" if told["meets_level"] else "does not reach"
    print(f"The least probability of interruption {verb} {told['level']:g}.")


def stale(
    evaluation: EvaluationArgument,
    on: OnOption = None,
    reason: ReasonOption = "staleness",
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell why an evaluation no longer stands as it is; exit with 1 if there is a reason."""
    from keiryo.cli.options import day_or_today
    from keiryo.security_store.evaluations import staleness

    day = day_or_today(on, "--on")
    mine = opened(store, member, passphrase_file)
    found = staleness(mine, evaluation, day, reason)
    show_rows(found, chosen(format_), empty="It stands.")
    raise typer.Exit(int(bool(found)))


def sample(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="graph, access_log or two_person_rule.")
    ],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same sample.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A new file. Default: into the store."),
    ] = None,
    store: StoreOption = None,
    member: MemberOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Make a placeholder for training: random numbers and invented ids, marked as such."""
    from keiryo.errors import UsageError
    from keiryo.security_store.samples import SAMPLES
    from keiryo.security_store.samples import sample as make

    if kind not in SAMPLES:
        raise UsageError(f"there is no placeholder of kind {kind!r}", f"{', '.join(SAMPLES)}.")
    media_type, content = make(kind, seed)
    if out is not None:
        write_new(out, content)
        return
    mine = opened(store, member, passphrase_file)
    print(mine.put(kind, f"placeholder, seed {seed}", media_type, content, "training"))


def _title(given: str | None) -> str:
    return given if given is not None else str(typer.prompt("Title", err=True))
