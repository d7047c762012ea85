"""Commands about what control measurements tell: estimates, and target values beside sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import (
    AsKnownOption,
    DbOption,
    Format,
    FormatOption,
    day_or_today,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import exit_code, show_with_findings

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

    from keiryo.accounts.model import Knowledge
    from keiryo.measurement.intake import Imported
    from keiryo.measurement.series import SeriesEstimate


def compare_with_targets(
    edition: Annotated[
        str | None, typer.Option("--edition", help="Edition; default: the only one.")
    ] = None,
    material: Annotated[
        str | None, typer.Option("--material", help="Only values of this material.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Sources of this day; default: today."),
    ] = None,
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Compare the error sources with target values.

    Exit code 1 if a method has no target value: nothing is assumed in its place.
    """
    from keiryo.measurement.target_comparison import compare_targets

    day = day_or_today(on, "--on")
    books = opened(db)
    with books.database.reading() as connection:
        found = compare_targets(
            connection,
            books.database.metadata,
            day,
            edition=edition,
            material=material,
            knowledge=asked_knowledge(connection, books.database.metadata, as_known),
        )
    data = found.to_dict()
    rows = [
        {
            "method": m["method"],
            "basis": m["basis"],
            "material": m["material"],
            "random %": f"{m['random_percent']:.4g}",
            "target random %": m["target_random_percent"],
            "systematic %": f"{m['systematic_percent']:.4g}",
            "target systematic %": m["target_systematic_percent"],
            "meets": {None: "no target", True: "yes", False: "no"}[m["meets"]],
        }
        for m in data["methods"]
    ]
    title = f"Error sources on {data['on']} and target values of {data['edition']}"
    show_with_findings(data, rows, found.findings, format_of(format_), title=title)
    raise typer.Exit(exit_code(found.findings))


def estimate(
    series: Annotated[str, typer.Argument(metavar="SERIES", help="Of control measurements.")],
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Errors in the unit, not relative to the amount.")
    ] = False,
    standard_sd: Annotated[
        float, typer.Option(min=0.0, help="Of the certified values, one sigma.")
    ] = 0.0,
    confidence: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    alpha: Annotated[float, typer.Option(help="Of the outlier tests.")] = 0.05,
    record: Annotated[
        str | None, typer.Option("--record", metavar="NAME", help="Becomes this error source.")
    ] = None,
    component: Annotated[
        str, typer.Option(help="To record: random, systematic or correction.")
    ] = "random",
    instrument_of: Annotated[
        str | None, typer.Option("--of", help="Of pairs: operator, inspector or difference.")
    ] = None,
    basis: Annotated[str | None, typer.Option(help="Quantity, e.g. concentration.")] = None,
    one_error_per: Annotated[
        str | None, typer.Option(help="Random: result, batch, item or stratum.")
    ] = None,
    valid_from: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day of the source.")
    ] = None,
    as_known: AsKnownOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Estimate random and systematic errors from control measurements.

    Variances with confidence intervals, bias of standards, operator and inspector taken apart,
    outliers, state of control. With --record an estimate becomes an error source.
    """
    from keiryo.errors import UsageError
    from keiryo.measurement.estimate_findings import rows_of
    from keiryo.measurement.estimates import estimate_series
    from keiryo.measurement.recording import Wanted, record_estimate

    for name, value in (("--confidence", confidence), ("--alpha", alpha)):
        if not 0 < value < 1:
            raise UsageError(f"{name} lies between 0 and 1", "Write e.g. 0.95 or 0.05.")
    if not 0 <= standard_sd < float("inf"):
        raise UsageError("--standard-sd is a number, zero or more", "Write e.g. 0.0002.")
    if instrument_of not in (None, "operator", "inspector", "difference"):
        raise UsageError(f"--of {instrument_of!r} is not known", "operator, inspector, difference.")
    if record is not None and as_known is not None:
        raise UsageError(
            "what is recorded stands on what is known now: --record does not go with --as-known",
            "Leave out --as-known; or look at the earlier estimate without recording it.",
        )
    books = opened(db)
    with books.database.reading() as connection:
        found = estimate_series(
            connection,
            books.database.metadata,
            series,
            knowledge=asked_knowledge(connection, books.database.metadata, as_known),
            relative=not absolute,
            standard_sd=standard_sd,
            confidence=confidence,
            alpha=alpha,
        )
    done = None
    if record is not None:
        day = optional_day(valid_from, "--from")
        wanted = Wanted(record, component, instrument_of, basis, one_error_per, day)
        done = record_estimate(books.database, books.actor, found, wanted)
    _show_estimate(found, rows_of(found), done, format_)


def _show_estimate(
    found: SeriesEstimate, rows: list[dict[str, Any]], done: Imported | None, format_: Format | None
) -> None:
    data = found.to_dict()
    findings = [*found.findings, *(() if done is None else done.findings)]
    if done is not None:
        data["recorded_act"] = None if done.act is None else done.act.act_id
    title = (
        f"{found.series}: {found.count} measurements of kind {found.kind} in {found.sessions} "
        f"session{'' if found.sessions == 1 else 's'}, {found.first} to {found.last}; "
        f"one sigma, {data['unit']}"
    )
    chosen = format_of(format_)
    show_with_findings(data, rows, findings, chosen, title=title)
    if done is None:
        raise typer.Exit(exit_code(findings))
    if chosen is Format.TABLE:
        said = "in force already" if done.act is None else f"recorded as act {done.act.act_id}"
        print(f"The error source is {said}.")


def asked_knowledge(connection: Connection, metadata: MetaData, as_known: str | None) -> Knowledge:
    """Return the state of knowledge that is asked for.

    Raises
    ------
    UsageError
        If there is no such act.
    """
    from keiryo.api import knowledge_of
    from keiryo.errors import UsageError
    from keiryo.journal.reading import head

    knowledge = knowledge_of(as_known, None)
    last = head(connection, metadata).act_id
    if knowledge.through_act is not None and not 1 <= knowledge.through_act <= last:
        raise UsageError(
            f"--as-known {as_known}: there is no such act", f"The acts are 1 to {last}."
        )
    return knowledge
