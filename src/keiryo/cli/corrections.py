"""Commands of corrections: what follows from a wrong entry, and how an entry came to be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keiryo.cli.options import DbOption, Format, FormatOption, day_or_today, format_of, opened
from keiryo.cli.output import show_findings, show_json, show_rows

if TYPE_CHECKING:
    from keiryo.api import Books
    from keiryo.corrections.model import CorrectionPlan, Wanted
    from keiryo.corrections.service import PostedPlan

_KINDS = {"I": "inventory changes", "P": "listing", "M": "balance"}
_STATUS = {"C": "corrects", "D": "deletes", "A": "adds", "N": "new"}


WordsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="REPORT/ENTRY",
        help="The entry that was wrong: 104/1, or XAFA/104/1. 'show REPORT/ENTRY' tells how an "
        "entry came to be; 'finish' completes a posting that was interrupted.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="What it should say, e.g. 630=1210.5, element=1210.5, date=2025-04-11, batch, kmp, "
        "mdc, items, basis, shipper, receiver, code, shipper-batch, mba.",
    ),
]
DeleteOption = Annotated[bool, typer.Option("--delete", help="The entry should not be there.")]
AddOption = Annotated[
    bool, typer.Option("--add", help="The entry was forgotten in this report; --set says it all.")
]
MbaOption = Annotated[
    str | None, typer.Option("--mba", help="Area, if several have a report of that number.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it becomes the concise note.")
]
DateOption = Annotated[
    str | None,
    typer.Option("--date", metavar="D", help="Date of the new reports. Default: today."),
]
EncoderOption = Annotated[
    str | None, typer.Option("--encoder", metavar="NAME,I.", help="Label 006. Default: as before.")
]
FollowOption = Annotated[
    bool,
    typer.Option(
        "--follow-listing",
        help="Correct listings too that repeat what was reported before (basis L or T).",
    ),
]
AsCorrectionOption = Annotated[
    bool,
    typer.Option(
        "--as-correction",
        help="Send another date, batch or code as a correction (C), not as a deletion and an "
        "addition, where your authority takes it.",
    ),
]
ProfileOption = Annotated[str, typer.Option("--profile", help="Whose deadlines and customs count.")]
PostOption = Annotated[
    bool, typer.Option("--post", help="Post the reports. Without it nothing is recorded.")
]
OnlyOwnOption = Annotated[
    bool,
    typer.Option(
        "--only-own",
        help="Post the reports of this area only; those of partners go to --out as proposals.",
    ),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write the reports as labelled text.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("correct", no_args_is_help=True)(correct)


def correct(
    words: WordsArgument,
    set_: SetOption = None,
    delete: DeleteOption = False,
    add: AddOption = False,
    mba: MbaOption = None,
    reason: ReasonOption = "",
    date: DateOption = None,
    encoder: EncoderOption = None,
    follow_listing: FollowOption = False,
    as_correction: AsCorrectionOption = False,
    profile_name: ProfileOption = "code10",
    post: PostOption = False,
    only_own: OnlyOwnOption = False,
    out: OutOption = None,
    db: DbOption = None,
    format_: FormatOption = None,
) -> None:
    """Correct an entry, with everything that follows from it.

    Shows the new reports, why each entry is in them, and what becomes of balances and books.

    Exit code 0: it can be done, or is done; 1: something speaks against it; 2: could not run.
    """
    from keiryo.corrections.model import Choices
    from keiryo.corrections.service import plan_correction
    from keiryo.errors import UsageError
    from keiryo.vocabulary import profile

    books, chosen = opened(db), format_of(format_)
    if words == ["finish"]:
        _finish(books, chosen)
        return
    show = words[0] == "show"
    if len(words) != (2 if show else 1):
        raise UsageError("one entry is corrected at a time", "Name it as REPORT/ENTRY.")
    area, report_no, entry_no = _address(words[-1], mba)
    if show:
        _show_chain(books, area, report_no, entry_no, chosen)
        return
    wanted = _wanted(set_ or [], delete=delete, add=add)
    day = day_or_today(date, "--date")
    rules = profile(profile_name, day)
    choices = Choices(
        day,
        reason,
        encoder,
        strict=not as_correction,
        follow_listing=follow_listing,
        refer_to_last=rules.correction == "last",
    )
    plan = plan_correction(books.database, area, report_no, entry_no, wanted, choices, rules=rules)
    _carry_out(books, plan, chosen, post=post, only_own=only_own, out=out)


def _address(text: str, mba: str | None) -> tuple[str | None, int, int]:
    """Return area, report and entry that a text such as ``XAFA/104/1`` names."""
    from keiryo.errors import UsageError

    parts = text.strip().upper().split("/")
    numbers = parts[-2:]
    if not 2 <= len(parts) <= 4 or not all(n.isascii() and n.isdigit() for n in numbers):
        raise UsageError(f"{text!r} does not name an entry", "Write REPORT/ENTRY, e.g. 104/1.")
    named = parts[-3] if len(parts) > 2 else None
    if named and mba and named != mba:
        raise UsageError(f"{text} names {named}, --mba names {mba}", "Leave one of them out.")
    return mba or named, int(numbers[0]), int(numbers[1])


def _wanted(sets: list[str], *, delete: bool, add: bool) -> Wanted:
    from keiryo.corrections.model import DELETE, Addition
    from keiryo.errors import UsageError

    values: dict[str, str] = {}
    for text in sets:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"{text!r} does not set a field", "Write --set FIELD=VALUE.")
        values[name.strip()] = value
    if delete + bool(values) != 1 or (delete and add):
        raise UsageError(
            "say either what the entry should be, or that it is to be deleted",
            "Give --set FIELD=VALUE (once or more), or --delete.",
        )
    if delete:
        return DELETE
    return Addition(values) if add else values


def _carry_out(
    books: Books,
    plan: CorrectionPlan,
    chosen: Format,
    *,
    post: bool,
    only_own: bool,
    out: Path | None,
) -> None:
    """Show the plan; write or post it if that is asked for."""
    from keiryo.corrections.plan_data import plan_dict
    from keiryo.corrections.service import post_plan, write_plan
    from keiryo.errors import UsageError

    partners = [r for r in plan.reports if r.mba != plan.root.mba]
    if post and plan.possible and only_own and partners and out is None:
        raise UsageError(
            f"the part of {', '.join(dict.fromkeys(str(r.mba) for r in partners))} is a proposal",
            "Say with --out DIR where to write it.",
        )
    posted: PostedPlan | None = None
    files: list[Path] = []
    if post and plan.possible:
        posted = post_plan(books.database, plan, books.actor, only_own=only_own)
        files = write_plan(posted.proposals, out) if out and posted.proposals else []
    elif out is not None and plan.possible:
        files = write_plan(plan.reports, out)
    if chosen is Format.JSON:
        data = plan_dict(plan)
        data["posted"] = None if posted is None else _posted_dict(posted)
        data["files"] = [str(path) for path in files]
        show_json(data)
    elif chosen is Format.CSV:
        show_rows(_step_rows(plan), chosen, columns=_STEP_COLUMNS)
    else:
        _show_plan(plan)
        _show_outcome(plan, posted, files)
    done = plan.possible and (posted is None or posted.complete)
    raise typer.Exit(0 if done else 1)


_STEP_COLUMNS = ["entry", "status", "refers", "code", "batch", "changes", "reason"]


def _step_rows(plan: CorrectionPlan) -> list[dict[str, Any]]:
    return [
        {
            "entry": step.address.text,
            "status": step.status,
            "refers": step.refers.text if step.refers else None,
            "code": step.code,
            "batch": step.batch,
            "changes": "; ".join(f"{n}: {old} → {new}" for n, old, new in step.changes),
            "reason": step.reason,
        }
        for step in plan.steps
    ]


def _show_plan(plan: CorrectionPlan) -> None:
    print(f"{plan.root.text}: {plan.wanted}")
    for report in plan.reports:
        print(f"  new report {report.mba} {report.number}, {_KINDS[report.type]}, {report.date}")
    for number, step in enumerate(plan.steps, start=1):
        refers = step.refers.text.partition(" ")[2] if step.refers else ""
        what = " ".join(filter(None, [_STATUS[step.status], refers, step.code, step.batch]))
        print(f"\n{number}. {step.address.text} {what}")
        for label, before, after in step.changes:
            print(f"     {label}: {before} → {after}")
        print(f"   {step.reason}")
    _show_effects(plan)
    for title, lines in (
        ("For a person to decide:", [f"{d.about}: {d.question}" for d in plan.decisions]),
        ("Good to know:", plan.remarks),
    ):
        if lines:
            print(f"\n{title}")
            for line in lines:
                print(f"  {line}")
    appearing = [f for f in plan.appearing if f.code != "CORR-DIFF"]
    for title, findings in (
        ("Findings:", plan.findings),
        ("Questions that this raises:", appearing),
        ("Questions that this settles:", plan.vanishing),
    ):
        if findings:
            print(f"\n{title}")
            show_findings(findings)


def _show_effects(plan: CorrectionPlan) -> None:
    from keiryo.corrections.plan_data import effect_dict

    rows = [effect_dict(effect) for effect in plan.effects]
    if not rows:
        return
    print()
    show_rows(rows, Format.TABLE, title="What changes")


def _show_outcome(plan: CorrectionPlan, posted: PostedPlan | None, files: list[Path]) -> None:
    print()
    if posted is not None:
        for outcome in posted.summary.outcomes:
            print(f"{outcome.report} {outcome.outcome} in act {outcome.act_id}.")
        print(f"The plan is act {posted.plan_act}.")
    for path in files:
        print(f"Written: {path}")
    if not plan.possible:
        print("Nothing was recorded.")
    elif posted is None:
        print("Nothing was recorded; add --post to post this.")


def _posted_dict(posted: PostedPlan) -> dict[str, Any]:
    return {
        "plan_act": posted.plan_act,
        "complete": posted.complete,
        "reports": [
            {"report": o.report, "outcome": o.outcome, "act": o.act_id}
            for o in posted.summary.outcomes
        ],
        "proposals": [r.key for r in posted.proposals],
    }


def _finish(books: Books, chosen: Format) -> None:
    from keiryo.corrections.service import finish_plans

    finished = finish_plans(books.database, books.actor)
    rows = [row for posted in finished for row in _posted_dict(posted)["reports"]]
    show_rows(
        rows, chosen, columns=["report", "outcome", "act"], empty="No posting was interrupted."
    )
    raise typer.Exit(0 if all(posted.complete for posted in finished) else 1)


def _show_chain(
    books: Books, mba: str | None, report_no: int, entry_no: int, chosen: Format
) -> None:
    """Show how an entry came to be what it is."""
    from keiryo.corrections.explanation import explained
    from keiryo.corrections.service import area_of_report, filings_now

    area = mba or area_of_report(filings_now(books.database), report_no)
    links = explained(books.database, area, report_no, entry_no)
    if chosen is not Format.TABLE:
        show_rows(links, chosen, columns=list(links[0]))
        return
    for link in links:
        what = " ".join(filter(None, [link["code"], link["batch"], link["event_date"]]))
        said = f"{_STATUS[link['status']]} {link['corrects']}" if link["corrects"] else "reported"
        print(f"{link['entry']} {said}: {what}".rstrip(": "))
        print(f"  dated {link['report_date']}, act {link['act']} by {link['person']}")
        for change in link["changes"]:
            print(f"  {change['label']}: {change['before']} → {change['after']}")
        if link["note"]:
            print(f"  note: {link['note']}")
        if link["follows_from"]:
            print(f"  follows from the correction of {link['follows_from']}")
        for step in link["followed"]:
            print(f"  followed by {step['entry']}: {step['reason']}")
