"""Commands of material categories: the category of an area on a day, and what it rests on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import (
    DbOption,
    Format,
    FormatOption,
    Given,
    day_of,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.protection.category_report import AreaCategory
    from keiryo.protection.inputs import Problem

MbaArgument = Annotated[str, typer.Argument(metavar="MBA", help="Material balance area.")]
BatchArgument = Annotated[
    str, typer.Argument(metavar="MBA/BATCH", help="The batch or item, by name or identity.")
]
FromDayOption = Annotated[
    str | None, typer.Option("--on", metavar="DATE", help="From this day on. Default: today.")
]
PlaceOption = Annotated[
    str | None, typer.Option("--place", metavar="PLACE", help="Where it is kept. Default: its KMP.")
]
IrradiatedOption = Annotated[
    bool | None,
    typer.Option("--irradiated/--not-irradiated", help="Irradiated in a reactor or not."),
]
DoseRateOption = Annotated[
    str | None, typer.Option("--dose-rate", metavar="GY_H", help="At 1 m, unshielded.")
]
DoseRateOnOption = Annotated[
    str | None, typer.Option("--dose-rate-on", metavar="DATE", help="Day of the dose rate.")
]
EvidenceOption = Annotated[
    str | None,
    typer.Option("--evidence", metavar="REFERENCE", help="act:17, a SHA-256, a reference."),
]
FormOption = Annotated[
    str | None,
    typer.Option(
        "--original-form",
        metavar="FORM",
        help="Before irradiation: depleted, natural, thorium, leu or other.",
    ),
]
PuOption = Annotated[
    str | None, typer.Option("--original-pu", metavar="KG", help="Plutonium before irradiation.")
]
U233Option = Annotated[
    str | None,
    typer.Option("--original-u233", metavar="KG", help="Uranium-233 before irradiation."),
]
U235Option = Annotated[
    str | None,
    typer.Option("--original-u235", metavar="KG", help="Uranium-235 before irradiation."),
]
EnrichmentOption = Annotated[
    str | None,
    typer.Option(
        "--original-enrichment", metavar="FRACTION", help="Before irradiation, e.g. 0.1975."
    ),
]
Pu238Option = Annotated[
    str | None,
    typer.Option("--pu238-fraction", metavar="FRACTION", help="Of the plutonium, e.g. 0.02."),
]
DecisionOption = Annotated[
    str | None,
    typer.Option(
        "--reduction-decision",
        metavar="REFERENCE",
        help="The State's decision to lower the category by one level.",
    ),
]
ReviewOption = Annotated[
    str | None, typer.Option("--review-on", metavar="DATE", help="The decision holds to this day.")
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why it is recorded.")
]


def category(
    mba: MbaArgument,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="At the end of this day.")],
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            metavar="POLICY",
            help="How rows are taken together: per_row_max or sum_of_fractions.",
        ),
    ] = "per_row_max",
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Show the category of what an area holds on a day, as a whole and by place."""
    from keiryo.dates import DateError, parse_date
    from keiryo.errors import NotFoundError
    from keiryo.material_category.holdings import category_on
    from keiryo.protection.category import Policy
    from keiryo.protection.category_report import category_report
    from keiryo.protection.inputs import InputError, Problem

    wrong, day = [], None
    try:
        day = parse_date(on)
    except DateError:
        wrong.append(Problem("DATE", "/on", "--on is no day; write one as in 2025-12-31"))
    if policy not in list(Policy):
        told = f"--policy is one of {', '.join(Policy)}"
        wrong.append(Problem("POLICY", "/policy", told))
    if wrong or day is None:
        raise _not_computed(wrong)
    books = opened(db)
    metadata = books.database.metadata
    try:
        with books.database.reading() as connection:
            found = category_on(connection, metadata, mba, day, Policy(policy))
    except NotFoundError:
        told = "there is no such material balance area in the books"
        raise _not_computed([Problem("MBA_UNKNOWN", "/mba", told)]) from None
    except InputError as error:
        raise _not_computed(error.problems) from None
    if _as_table(format_):
        _show(found)
    else:
        show_json(category_report(found))
    raise typer.Exit(1 if found.undecided else 0)


def attribute(
    batch: BatchArgument,
    on: FromDayOption = None,
    place: PlaceOption = None,
    irradiated: IrradiatedOption = None,
    dose_rate: DoseRateOption = None,
    dose_rate_on: DoseRateOnOption = None,
    evidence: EvidenceOption = None,
    form: FormOption = None,
    pu: PuOption = None,
    u233: U233Option = None,
    u235: U235Option = None,
    enrichment: EnrichmentOption = None,
    pu238: Pu238Option = None,
    decision: DecisionOption = None,
    review_on: ReviewOption = None,
    reason: ReasonOption = None,
    db: DbOption = None,
) -> None:
    """Record what is known of a batch for its protection; it replaces what was stated before."""
    from keiryo.errors import UsageError
    from keiryo.material_category.recording import Stated, record_attribute, told_of

    mba, slash, name = batch.partition("/")
    if not (slash and mba and name):
        raise UsageError(f"{batch[:60]!r} names no area and batch", "Write MBA/BATCH.")
    day = day_or_today(on, "--on")
    stated = Stated(
        place=place,
        irradiated=irradiated,
        dose_rate_gy_h=dose_rate,
        dose_rate_on=optional_day(dose_rate_on, "--dose-rate-on"),
        evidence_ref=evidence,
        original_form=form,
        original_pu_kg=pu,
        original_u233_kg=u233,
        original_u235_kg=u235,
        original_enrichment=enrichment,
        pu238_fraction=pu238,
        reduction_decision_ref=decision,
        review_on=optional_day(review_on, "--review-on"),
    )
    books = opened(db)
    whole = batch if "#" in name else name
    done = record_attribute(books.database, books.actor, mba, whole, stated, on=day, reason=reason)
    print(f"What is known of {batch} is recorded in act {done.act.act_id}.")
    show_findings(told_of(books.database, done.act.act_id))


def attributes(
    mba: Annotated[str | None, typer.Argument(metavar="[MBA]", help="Of one area.")] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="As it stood on this day.")
    ] = None,
    through_act: Annotated[
        int | None, typer.Option("--through-act", help="Only what had been recorded.")
    ] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List what is recorded of batches for their protection."""
    from keiryo.material_category.register import recorded_attributes

    day = None if on is None else day_of(on, "--on")
    books = opened(db)
    metadata = books.database.metadata
    with books.database.reading() as connection:
        found = recorded_attributes(connection, metadata, mba, day, through_act=through_act)
    rows = [one.to_dict() for one in found.values()]
    columns = None
    if format_of(format_) is Format.TABLE:
        columns = [
            *("batch", "recorded_on", "place", "irradiated", "dose_rate_gy_h", "original_form"),
            *("reduction_decision_ref", "review_on", "line"),
        ]
    show_rows(rows, format_of(format_), columns=columns, empty="Nothing is recorded.")


def _not_computed(problems: Any) -> typer.Exit:
    """Tell on standard error why nothing was computed."""
    from keiryo.protection.inputs import problem_report

    print(problem_report(problems), file=sys.stderr)
    return typer.Exit(2)


def _as_table(chosen: Format | None) -> bool:
    """Return whether a person reads the answer: at a terminal, or where a table is asked for."""
    wanted = chosen or Given.format
    return wanted is Format.TABLE or (wanted is None and sys.stdout.isatty())


def _show(found: AreaCategory) -> None:
    """Print the category for people: the area, its places, irradiated fuel, what is open."""
    from keiryo.protection.category_report import category_report

    told: dict[str, Any] = category_report(found)
    print(
        f"{found.mba} on {found.on}: category {told['category']} "
        f"(nothing reduced: {told['base_category']}); {told['edition']}, {told['policy']}"
    )
    for title, part in (
        ("Places", "places"),
        ("Rows of the table", "rows"),
        ("Irradiated above 1 Gy/h", "irradiated"),
        ("To be decided", "undecided"),
        ("Exempt", "exempt"),
    ):
        if told[part]:
            show_rows(told[part], Format.TABLE, title=title)
    for warning in found.warnings:
        print(_sentence(warning))


def _sentence(warning: Problem) -> str:
    return f"{warning.code}: {warning.message}."
