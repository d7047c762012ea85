"""Commands of physical protection: records of access held against other records and the books."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, opened
from keiryo.cli.output import show_json, show_rows
from keiryo.cli.protection_access import (
    SHOWN,
    AggregateOption,
    AuthorisedOption,
    SetupOption,
    is_table,
    refuse,
    texts,
    tried,
)

if TYPE_CHECKING:
    from keiryo.access_control.case import Case
    from keiryo.access_control.review import Review
    from keiryo.access_control.setup import Setup
    from keiryo.protection.inputs import Problem

CaseArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CASE",
        help="What other systems recorded, limits, and which area belongs to which place of the "
        "ledger: TOML or JSON.",
    ),
]
LogOption = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Records of access: CSV or JSON."),
]
OrdersOption = Annotated[
    Path | None,
    typer.Option("--work-orders", metavar="FILE", help="Work orders: CSV or JSON."),
]
BooksOption = Annotated[
    bool,
    typer.Option(
        "--books",
        help="Take transfers, seals, cameras, corrections and locations from the books too.",
    ),
]
ThroughOption = Annotated[
    int | None,
    typer.Option("--through-act", help="The books as known with this act. Default: now."),
]


def correlate(
    case: CaseArgument,
    setup: SetupOption,
    log: LogOption = None,
    authorisations: AuthorisedOption = None,
    work_orders: OrdersOption = None,
    books: BooksOption = False,
    through_act: ThroughOption = None,
    aggregate: AggregateOption = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Hold records of different systems against each other: rules X1 to X10.

    A transfer without a work order, or without two persons there; an entry without one; a seal
    and the ledger that disagree; something seen while nobody was there; an item elsewhere; an
    alarm nobody judged; differences of one sign; clocks; corrections in one hand. Each comes with
    who was there and with its innocent explanations, for a person to judge.

    Ends with 1 if something does not fit, with 2 if a file cannot be read: standard error then
    has everything that is wrong. Nothing is kept.
    """
    from keiryo.access_control.authorisations import read_authorisations_file
    from keiryo.access_control.case_file import read_case_file, read_orders_file, with_orders
    from keiryo.access_control.events import read_events_file
    from keiryo.access_control.review import counts_by_rule, review, review_result
    from keiryo.access_control.setup import read_setup_file

    problems: list[Problem] = []
    known = tried(lambda: read_setup_file(setup), setup, problems)
    if known is None:
        refuse(problems)
    assert known is not None
    given = tried(lambda: read_case_file(case, known), case, problems)
    events = allowed = None
    if log is not None:
        events = tried(lambda: read_events_file(log, known), log, problems)
    if authorisations is not None:
        areas, zone = tuple(known.areas), known.timezone
        allowed = tried(
            lambda: read_authorisations_file(authorisations, zone, areas), authorisations, problems
        )
    if work_orders is not None:
        orders = tried(lambda: read_orders_file(work_orders, known), work_orders, problems)
        if given is not None and orders is not None:
            given = with_orders(given, orders)
    if books and given is not None:
        _check_places(given, case, problems)
    refuse(problems)
    assert given is not None
    if books:
        given = _with_books(given, db, through_act)
    done = review(given, known, events, allowed)
    if aggregate:
        told: dict[str, Any] = {
            "classification": known.classification,
            "irregularities_by_rule": counts_by_rule(done.irregularities),
            "rules_left_out": done.left_out,
        }
        show_json(told)
    elif is_table(format_):
        _show(done)
    else:
        show_json(review_result(done))
    raise typer.Exit(1 if done.irregularities else 0)


def _check_places(case: Case, file: Path, problems: list[Problem]) -> None:
    from keiryo.protection.inputs import Problem

    if not case.places:
        told = "Name the area of each place of the ledger, as [places] with XFAA = 'Z1'."
        problems.append(Problem("MISSING_KEY", f"{file.name} /places", told))
    if case.start_ns < -(2**61) or case.end_ns > 2**61:
        told = "Give the first and the last day; the books go back a long time."
        problems.append(Problem("MISSING_KEY", f"{file.name} /from", told))


def _with_books(case: Case, db: str | None, through_act: int | None) -> Case:
    from keiryo.access_review.collect import with_books

    database = opened(db).database
    with database.reading() as connection:
        return with_books(connection, database.metadata, case, through_act=through_act)


def who_was_there(
    node: Annotated[
        str, typer.Argument(metavar="NODE", help="What changed: a line of the books, line:12/3.")
    ],
    setup: SetupOption,
    log: Annotated[
        Path, typer.Option("--log", metavar="FILE", help="Records of access: CSV or JSON.")
    ],
    area: Annotated[
        list[str] | None,
        typer.Option("--area", help="The area of access control in which that was."),
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option(
            "--case", metavar="FILE", help="A case that says which area belongs to which place."
        ),
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Tell who was there when something in the books changed: a batch, a seal, an image."""
    from keiryo.access_control.case_file import read_case_file
    from keiryo.access_control.events import read_events_file
    from keiryo.access_control.report import presence_result
    from keiryo.access_control.setup import read_setup_file
    from keiryo.access_control.visits import visits_of
    from keiryo.access_control.visits import who_was_there as present
    from keiryo.access_review.places import happening
    from keiryo.protection.inputs import Problem

    problems: list[Problem] = []
    known = tried(lambda: read_setup_file(setup), setup, problems)
    if known is None:
        refuse(problems)
    assert known is not None
    events = tried(lambda: read_events_file(log, known), log, problems)
    given = None if case is None else tried(lambda: read_case_file(case, known), case, problems)
    for one in area or ():
        if one not in known.areas:
            problems.append(Problem("AREA_UNKNOWN", "--area", "The setup has no such area."))
    refuse(problems)
    assert events is not None
    database = opened(db).database
    with database.reading() as connection:
        when = happening(connection, database.metadata, node)
    areas = tuple(area or when.areas({} if given is None else given.places))
    if not areas:
        _no_area(when.places, known)
    found = present(visits_of(events, known), known, areas, when.start_ns, when.end_ns)
    told = {
        **presence_result(found, known, when.start_ns, when.end_ns),
        "node": node,
        "kind": when.kind,
        "recorded_by": when.recorded_by,
        "areas": list(areas),
    }
    if not is_table(format_):
        show_json(told)
        return
    print(f"{told['classification']}; {node}, {when.kind.replace('_', ' ')}, {', '.join(areas)}")
    print(f"{told['from']} to {told['to']}; recorded by {when.recorded_by}")
    show_rows(texts(told["persons"]), Format.TABLE, empty="Nobody was there.")


def _no_area(places: tuple[str, ...], setup: Setup) -> None:
    from keiryo.errors import UsageError

    named = ", ".join(places) or "no place"
    raise UsageError(
        f"it is not said which area belongs to {named}",
        f"Give --area, one of {', '.join(setup.areas)}, or --case with its [places].",
    )


def _show(done: Review) -> None:
    """Print what does not fit for people."""
    from keiryo.access_control.review import review_result

    told = review_result(done)
    print(f"{told['classification']}; who was there is told below: keep it as such")
    names = ("id", "severity", "area", "start", "end", "records", "present", "message", "due")
    rows = [{name: one[name] for name in names} for one in told["irregularities"][:SHOWN]]
    show_rows(texts(rows), Format.TABLE, title="Irregularities", empty="Everything fits.")
    shown = {one["rule"]: one for one in told["irregularities"]}
    for rule, one in shown.items():
        print(f"{rule}: {one['reason']}")
        print(f"  may be innocent: {'; '.join(one['innocent_explanations'])}")
    for rule, missing in told["rules_left_out"].items():
        print(f"{rule} was not applied: nothing is given of {missing}")
    if told["not_judged"]:
        unseen = ", ".join(told["not_judged"][:SHOWN])
        print(f"Outside the time of the records of access, and not judged by them: {unseen}")
        print("  if the records tell of that time too, say so in the setup: log_start, log_end")
    if len(told["irregularities"]) > SHOWN:
        print(f"The first {SHOWN} are shown; --format json has all.", file=sys.stderr)
