"""Commands of evaluation: evaluate, evaluations, limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.evaluation_pages import write_pages
from keiryo.cli.options import (
    AsKnownOption,
    DbOption,
    Format,
    FormatOption,
    FromOption,
    RecordedByOption,
    ToOption,
    format_of,
    opened,
    optional_day,
)
from keiryo.cli.output import finding_dict, show_findings, show_json, show_rows

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from keiryo.evaluation.model import BalanceEvaluation, Evaluation
    from keiryo.journal.model import Posted

_COLUMNS = (
    "balance", "quantity", "MUF kg", "sigma kg", "MUF/sigma", "p of a loss", "verdict",
)  # fmt: skip

MbaArgument = Annotated[str | None, typer.Argument(metavar="[MBA]", help="Material balance area.")]
CategoryOption = Annotated[
    str | None, typer.Option("--category", help="N, D, E, U, P or T. Default: all.")
]
RecordOption = Annotated[
    bool, typer.Option("--record", help="Record what is concluded, as an act.")
]
AlphaOption = Annotated[
    float, typer.Option("--alpha", help="Probability of a false alarm of each balance.")
]
RulesOption = Annotated[
    list[str] | None,
    typer.Option("--rules", help="Shipped limits: general, us-low-enriched, us-strategic."),
]
ExpectedOption = Annotated[
    str | None,
    typer.Option(
        "--expected-sigma",
        metavar="FACILITY",
        help="Without an error model, take what is expected of e.g. uranium-fabrication.",
    ),
]
ProcessOption = Annotated[
    Path | None,
    typer.Option("--process", metavar="DIR", help="Evaluate time series instead of books."),
]
SourcesOption = Annotated[
    Path | None, typer.Option("--sources", metavar="FILE", help="Error sources of --process.")
]
PeriodOption = Annotated[
    str | None, typer.Option("--period", metavar="HOURS", help="Period of --process.")
]
ToleranceOption = Annotated[
    float, typer.Option("--tolerance", help="Hours an inventory may be away from a closing.")
]
PageOption = Annotated[float, typer.Option("--page-k", help="Reference value of Page.")]
RealizationsOption = Annotated[
    int,
    typer.Option(
        "--realizations", help="Simulated sequences for thresholds; 0: conservative thresholds."
    ),
]
CovarianceOption = Annotated[
    Path | None,
    typer.Option("--covariance", metavar="FILE", help="Write the covariance of --process."),
]

ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write a page (HTML) that opens offline."),
]
ChartsOption = Annotated[
    Path | None,
    typer.Option("--charts", metavar="DIR", help="Write the charts as SVG and PNG."),
]

_OF_BOOKS = {
    "category": "--category", "from_": "--from", "to": "--to", "record": "--record",
    "rules": "--rules", "expected_sigma": "--expected-sigma", "as_known": "--as-known",
    "recorded_by": "--recorded-by", "db": "--db",
}  # fmt: skip
_OF_PROCESS = {
    "sources": "--sources", "period": "--period", "tolerance": "--tolerance",
    "page_k": "--page-k", "covariance": "--covariance",
}  # fmt: skip

SMALL_SHARE = 0.0005
"""Smaller shares of the variance are not shown in a table."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(evaluate)
    app.command()(evaluations)
    limits = typer.Typer(help="Limits that balances are held against.", no_args_is_help=True)
    limits.command("list")(list_limits)
    limits.command("set")(set_limit)
    limits.command("withdraw")(withdraw_limit)
    app.add_typer(limits, name="limits")


def evaluate(
    context: typer.Context,
    mba: MbaArgument = None,
    category: CategoryOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    record: RecordOption = False,
    alpha: AlphaOption = 0.05,
    rules: RulesOption = None,
    expected_sigma: ExpectedOption = None,
    as_known: AsKnownOption = None,
    recorded_by: RecordedByOption = None,
    process: ProcessOption = None,
    sources: SourcesOption = None,
    period: PeriodOption = None,
    tolerance: ToleranceOption = 0.0,
    page_k: PageOption = 0.5,
    covariance: CovarianceOption = None,
    realizations: RealizationsOption = 100_000,
    report: ReportOption = None,
    charts: ChartsOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Say whether material is missing.

    MUF of each closed balance, its standard deviation by source and stratum, tests and a verdict.
    Exit code 1 if a finding must be answered.
    """
    from keiryo.errors import UsageError

    if process is not None:
        if mba is not None or sources is None or period is None:
            raise UsageError(
                "--process needs --sources and --period, and no MBA",
                "Write keiryo evaluate --process DIR --sources FILE --period HOURS.",
            )
        _refuse(context, _OF_BOOKS, "--process, which needs no books", "Leave out what is of books")
        from keiryo.cli.evaluate_process import evaluate_process_command

        evaluate_process_command(
            process, sources, period, tolerance, alpha, page_k, format_of(format_), covariance,
            report, charts, realizations=realizations,
        )  # fmt: skip
        return
    if mba is None:
        raise UsageError("there is nothing to evaluate", "Name an MBA, or a folder with --process.")
    _refuse(context, _OF_PROCESS, "an MBA", "Leave it out, or evaluate a folder with --process")
    given = (category, optional_day(from_, "--from"), optional_day(to, "--to"))
    options = (alpha, tuple(rules or ("general",)), expected_sigma, realizations)
    how = (options, as_known, recorded_by)
    pages = report is not None or charts is not None
    found, posted = _evaluated(mba, given, how, record and not pages, db)
    told = []
    if found and pages:
        result = evaluation_dict(found, one=category is not None)
        told = write_pages(result, report, charts, process=False)
    if record and pages:  # only now: a page that cannot be written must not leave an act
        found, posted = _evaluated(mba, given, how, record, db)
    _show(found, posted, category is not None, format_of(format_))
    for sentence in told:
        print(sentence, file=sys.stderr)
    if any(str(f.severity) in "FE" for e in found for f in e.findings):
        raise typer.Exit(1)


def _refuse(context: typer.Context, options: dict[str, str], what: str, advice: str) -> None:
    """Refuse options that were given and mean nothing for what is evaluated."""
    from keiryo.errors import UsageError

    given = [
        option
        for name, option in options.items()
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if given:
        verb = "does" if len(given) == 1 else "do"
        raise UsageError(f"{', '.join(given)} {verb} not go with {what}", f"{advice}.")


def _evaluated(
    mba: str,
    given: tuple[str | None, datetime.date | None, datetime.date | None],
    how: tuple[tuple[float, tuple[str, ...], str | None, int], str | None, str | None],
    record: bool,
    db: str | None,
) -> tuple[Sequence[Evaluation], Sequence[Posted]]:
    from keiryo.api import knowledge_of
    from keiryo.evaluation.recording import record_evaluations
    from keiryo.evaluation.service import Options, evaluate_balance

    (category, start, end), (chosen, as_known, recorded_by) = given, how
    books, options = opened(db), Options(*chosen)
    knowledge = knowledge_of(as_known, recorded_by)
    if record:
        return record_evaluations(
            books.database, mba, books.actor, category=category, start=start, end=end,
            knowledge=knowledge, options=options,
        )  # fmt: skip
    found = evaluate_balance(
        books.database, mba, category=category, start=start, end=end, knowledge=knowledge,
        options=options,
    )  # fmt: skip
    return found, ()


def evaluation_dict(found: Sequence[Evaluation], *, one: bool) -> dict[str, Any]:
    """Return evaluations as plain data: the main category, and all of them if not one was asked."""

    def plain(evaluation: Evaluation) -> dict[str, Any]:
        findings = [{"code": f.code, **finding_dict(f)} for f in evaluation.findings]
        return {**evaluation.to_dict(), "findings": findings}

    data = plain(found[0])
    return data if one else {**data, "categories": [plain(e) for e in found]}


def _show(found: Sequence[Evaluation], posted: Sequence[Posted], one: bool, chosen: Format) -> None:
    if not found:
        print("There is no material in these balances.")
        return
    if chosen is Format.JSON:
        data = evaluation_dict(found, one=one)
        if posted:
            data["acts"] = [{"act": p.act.act_id, "repeated": p.repeated} for p in posted]
        show_json(data)
        return
    rows = [row for e in found for b in e.balances for row in balance_rows(b)]
    if chosen is Format.CSV:
        show_rows(rows, chosen, columns=("category", *_COLUMNS))
        return
    for evaluation in found:
        _show_category(evaluation)
    for each in posted:
        words = "recorded before, as" if each.repeated else "recorded as"
        print(f"{words} act {each.act.act_id}".capitalize() + ".")


def balance_rows(balance: BalanceEvaluation) -> list[dict[str, Any]]:
    """Return one row for each quantity of a balance."""

    def number(value: float | None, digits: int) -> str | None:
        return None if value is None else f"{value:.{digits}f}"

    return [
        {
            "category": str(balance.category),
            "balance": f"{balance.period.start} to {balance.period.end}",
            "quantity": q.quantity,
            "MUF kg": number(q.muf_kg, 6),
            "sigma kg": number(q.sigma_kg, 6),
            "MUF/sigma": number(q.z, 2),
            "p of a loss": number(q.p_loss, 4),
            "verdict": q.verdict,
        }
        for q in balance.quantities
    ]


def _show_category(evaluation: Evaluation) -> None:
    rows = [row for balance in evaluation.balances for row in balance_rows(balance)]
    title = f"{evaluation.mba}, category {evaluation.category}, act {evaluation.through_act}"
    show_rows(rows, Format.TABLE, columns=_COLUMNS, title=title)
    last = evaluation.last
    for quantity in last.quantities:
        print(f"\n{quantity.statement}")
    shares = [
        {**share.to_dict(), "share": f"{100 * share.share:.2f} %"}
        for share in last.element.shares
        if abs(share.share) >= SMALL_SHARE
    ]
    if shares:
        print()
        show_rows(shares, Format.TABLE, title="Share of the variance (element, last balance)")
        if small := len(last.element.shares) - len(shares):
            print(f"{small} more, each below {100 * SMALL_SHARE:g} %.")
    if last.element.term_shares:
        parts = (f"{name} {100 * share:.1f} %" for name, share in last.element.term_shares.items())
        print("By term: " + ", ".join(parts) + ".")
    print("\nAssumed:")
    seen = f"what was recorded through act {evaluation.through_act}"
    if evaluation.as_known:
        seen = f"what was known: {evaluation.as_known}"
    more = [] if last.isotope is None else last.isotope.assumptions
    further = (f"Isotope: {words}" for words in more if words not in last.element.assumptions)
    for words in (f"Counted is {seen}.", *last.element.assumptions, *further):
        print(f"  - {words}")
    _show_sequence(evaluation)
    if evaluation.findings:
        print("\nFindings:")
        show_findings(evaluation.findings)
    print()


def _show_sequence(evaluation: Evaluation) -> None:
    if evaluation.sequence is None:
        return
    names = ("cumuf", "sigma_cumuf", "sitmuf", "page", "gemuf_v1")
    rows = []
    for number, balance in enumerate(evaluation.balances):
        row: dict[str, Any] = {"balance": f"{balance.period.start} to {balance.period.end}"}
        for name in names:
            value = evaluation.sequence[name][number]
            row[name] = None if value is None else f"{value:.4f}"
        rows.append(row)
    print()
    show_rows(rows, Format.TABLE, title="The balances as a sequence (element, kg)")
    for alarm in evaluation.sequence["alarms"]:
        print(f"Alarm at balance {alarm['balance']}, {alarm['statistic']}: {alarm['reason']}")
    isotope = evaluation.sequence.get("isotope") or {"alarms": ()}
    for alarm in isotope["alarms"]:
        print(f"Isotope: alarm at balance {alarm['balance']}, {alarm['statistic']}: "
              f"{alarm['reason']}")  # fmt: skip
    print(evaluation.sequence_statement)


def evaluations(
    mba: Annotated[str | None, typer.Option("--mba", help="Only of this area.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Those that were corrected since, too.")
    ] = False,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List the evaluations that were recorded.

    Says which ones are outdated, because the books, measurements or limits have changed since.
    """
    from keiryo.evaluation.recorded import recorded_evaluations
    from keiryo.evaluation.service import outdated_evaluations

    books = opened(db)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        found = recorded_evaluations(connection, metadata, mba, every=every)
        stale = outdated_evaluations(connection, metadata, found)
    rows = [{**row, "outdated": (row["act"], row["line"]) in stale} for row in found]
    chosen = format_of(format_)
    if chosen is Format.JSON:
        show_json(rows)
        return
    columns = ("mba", "from", "to", "category", "quantity", "muf", "sigma_muf", "alpha")
    shown = [{**row, "outdated": "yes" if row["outdated"] else ""} for row in rows]
    show_rows(
        shown,
        chosen,
        columns=(*columns, "verdict", "act", "outdated"),
        empty="No evaluation was recorded.",
        title="Recorded evaluations, kg",
    )


def list_limits(
    rules: Annotated[
        list[str] | None, typer.Option("--rules", help="Also those of a shipped set.")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="In force on.")] = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """List limits in force."""
    import datetime

    from keiryo.accounts.model import Knowledge
    from keiryo.evaluation.limits import recorded_limits, shipped_limits

    books = opened(db)
    day = optional_day(on, "--on")
    with books.database.reading() as connection:
        found = recorded_limits(connection, books.database.metadata, day, Knowledge())
    found += shipped_limits(rules or ("general",), day or datetime.date.today())
    rows = [limit.to_dict() for limit in found]
    show_rows(rows, format_of(format_), empty="No limit is in force.")


def set_limit(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the limit.")],
    form: Annotated[str, typer.Option("--form", help="What is compared, e.g. muf_over_sigma.")],
    value: Annotated[str, typer.Option("--value", help="The limit.")],
    mba: Annotated[str | None, typer.Option("--mba", help="Only of this area.")] = None,
    category: Annotated[str | None, typer.Option("--category", help="N, D, E, U, P, T.")] = None,
    quantity: Annotated[
        str | None, typer.Option("--quantity", help="element or isotope; default: both.")
    ] = None,
    floor_kg: Annotated[
        str | None, typer.Option("--floor-kg", help="Smallest amount that it applies from.")
    ] = None,
    from_: FromOption = None,
    to: ToOption = None,
    basis: Annotated[str | None, typer.Option("--basis", help="Where it comes from.")] = None,
    db: DbOption = None,
) -> None:
    """Record a limit of a facility or State."""
    from keiryo.evaluation.limits import set_limit as record

    books = opened(db)
    posted = record(
        books.database, books.actor, name=name, form=form, value=value, mba=mba,
        category=category, quantity=quantity, floor_kg=floor_kg,
        valid_from=optional_day(from_, "--from"), valid_to=optional_day(to, "--to"), basis=basis,
    )  # fmt: skip
    print(f"Limit {name} is act {posted.act.act_id}{' (as before)' if posted.repeated else ''}.")


def withdraw_limit(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the limit.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is recorded.")],
    mba: Annotated[str | None, typer.Option("--mba", help="The one of this area.")] = None,
    db: DbOption = None,
) -> None:
    """Withdraw a limit."""
    from keiryo.evaluation.limits import withdraw_limit as withdraw

    books = opened(db)
    posted = withdraw(books.database, books.actor, name=name, mba=mba, reason=reason)
    print(f"Limit {name} was withdrawn by act {posted.act.act_id}.")
