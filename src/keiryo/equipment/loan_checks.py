"""What the life of a loan allows: terms and steps, checked in the posting pipeline.

Which step may follow which, what must be there before anything leaves or is closed, and that no
item is promised twice for the same days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from keiryo.dates import number_date
from keiryo.equipment.items import Item, items
from keiryo.equipment.loan_states import (
    AGREED,
    BOUND,
    DONATED,
    OFFERED,
    OUT,
    REQUESTED,
    SHIPPED,
    ItemOnLoan,
    LoanStep,
    step_problems,
)
from keiryo.equipment.loans import TESTS, Loan, loans
from keiryo.equipment.record import BASIS, evidence_findings, refused, unknown
from keiryo.equipment.tables import EQUIPMENT_LOAN, EQUIPMENT_LOAN_ITEM, EQUIPMENT_LOAN_STEP
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal

NEEDED_TERMS = ("start_on", "end_on", "agreement_reference", "insurance", "customs_regime")
"""Terms without which a loan cannot be agreed."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")


def check_loans(posting: Posting) -> Iterator[Refusal]:
    """Refuse terms and steps that the life of a loan does not allow."""
    connection, metadata, before = posting.connection, posting.metadata, posting.act_id - 1
    now = loans(connection, metadata, through_act=before)
    every, known = loans(connection, metadata), items(connection, metadata)
    for line in posting.lines(EQUIPMENT_LOAN.name):
        found = terms_findings(every[line["loan"]], now.get(line["loan"]), known)
        yield from refused(found)
    for line in posting.lines(EQUIPMENT_LOAN_STEP.name):
        name = line["loan"]
        if name not in every:
            yield _refusal(
                "EQUIPMENT-LOAN-UNKNOWN",
                f"there is no loan {name[:60]!r}",
                "Record the loan first; 'keiryo equipment list --loans' lists what there is.",
            )
            continue
        if not all(serial in known for serial in every[name].serials):
            continue  # said of its terms
        earlier = now[name].steps if name in now else ()
        standing = Loan(every[name].values, every[name].serials, earlier)
        yield from _step_refusals(posting, standing, line, every, known)
        now[name] = Loan(standing.values, standing.serials, (*earlier, line))


def terms_findings(
    standing: Loan, before: Loan | None, known: Mapping[str, Item]
) -> Iterator[Finding]:
    """Yield what is wrong with the terms of a loan.

    Parameters
    ----------
    standing : Loan
        With the new terms.
    before : Loan or None
        As it stood.
    known : mapping of serial to Item
    """
    name, values = standing.name, standing.values
    if not _NAME.fullmatch(name) or any(
        not str(values[one]).strip() for one in ("lender", "borrower", "purpose")
    ):
        yield _finding(
            "EQUIPMENT-LOAN-TERMS",
            f"{name[:60]!r}: a loan has a name without spaces, a lender, a borrower and a purpose",
            "Say who lends to whom, and what for.",
        )
    elif values["lender"] == values["borrower"]:
        yield _finding(
            "EQUIPMENT-LOAN-PARTIES",
            f"{name}: {values['lender']} would lend to itself",
            "What stays with its owner is handed over, not lent.",
        )
    if None not in (values["start_on"], values["end_on"]) and (
        values["end_on"] < values["start_on"]
    ):
        yield _finding(
            "EQUIPMENT-LOAN-DAYS",
            f"{name}: the items would be back before they leave",
            "Correct the first day or the end.",
        )
    for serial in standing.serials:
        if serial not in known:
            yield unknown(serial)
        elif known[serial].values["owner"] != values["lender"] and not (
            before is not None and before.state == DONATED
        ):
            yield _finding(
                "EQUIPMENT-LOAN-OWNER",
                f"{name}: {serial} belongs to {known[serial].values['owner']}, not to "
                f"{values['lender']}",
                "Only its owner lends an item; who has it on loan hands it over.",
            )
    if before is not None:
        yield from _fixed_findings(standing, before)


def _fixed_findings(standing: Loan, before: Loan) -> Iterator[Finding]:
    """Yield what would be changed that is agreed."""
    if before.state in (REQUESTED, OFFERED):
        return
    old, new = before.values, standing.values
    changed = [one for one in ("lender", "borrower", "start_on") if old[one] != new[one]]
    if before.end_on != new["end_on"]:
        changed.append("end_on")
    if before.state != AGREED and set(before.serials) != set(standing.serials):
        changed.append("items")
    if changed:
        yield _finding(
            "EQUIPMENT-LOAN-FIXED",
            f"{standing.name} is {before.state}: {', '.join(changed)} stand fixed",
            "Take the step 'extended' for a later end; for anything else make a loan of its own.",
        )


def _step_refusals(
    posting: Posting,
    standing: Loan,
    line: Mapping[str, Any],
    every: Mapping[str, Loan],
    known: Mapping[str, Item],
) -> Iterator[Refusal]:
    if line["before"] != standing.state:
        yield _refusal(
            "EQUIPMENT-LOAN-STEP",
            f"{standing.name} is {standing.state}, not {line['before']}",
            "Look at it again: somebody took a step in between.",
        )
        return
    for message, advice in step_problems(_step(standing, line, every, known)):
        yield _refusal("EQUIPMENT-LOAN-STEP", f"{standing.name}: {message}", advice)
    if standing.steps and line["on_day"] < standing.steps[-1]["on_day"]:
        yield _refusal(
            "EQUIPMENT-LOAN-DAY",
            f"{standing.name}: the step lies before its last one of "
            f"{number_date(standing.steps[-1]['on_day'])}",
            "Steps follow one another; correct the day.",
        )
    yield from refused(evidence_findings(posting, standing.name, line["evidence"]))
    if line["state"] == DONATED:
        borrower = standing.values["borrower"]
        kept_back = [s for s in standing.serials if known[s].values["owner"] != borrower]
        if kept_back:
            yield _refusal(
                "EQUIPMENT-LOAN-DONATION",
                f"{standing.name}: {', '.join(kept_back)} would not belong to {borrower}",
                "Record the items as the borrower's in the same act.",
            )


def _step(
    standing: Loan, line: Mapping[str, Any], every: Mapping[str, Loan], known: Mapping[str, Item]
) -> LoanStep:
    lender = standing.values["lender"]
    taken = tuple(
        ItemOnLoan(
            serial,
            known[serial].condition,
            known[serial].holder.organisation == lender,
            _elsewhere(standing, line, serial, every),
        )
        for serial in standing.serials
    )
    results = {test: line[test] or standing.result(test) for test in TESTS}
    return LoanStep(
        state=standing.state,
        step=str(line["state"]),
        items=taken,
        missing_terms=tuple(
            one.replace("_", " ") for one in NEEDED_TERMS if standing.values[one] is None
        ),
        reason=str(line["reason"]),
        evidence=len(str(line["evidence"] or "").split()),
        end_on=standing.end_on,
        new_end_on=line["end_on"],
        acceptance=results["acceptance_test"],
        decontamination=results["decontamination_check"],
        function=results["function_test"],
    )


def _elsewhere(
    standing: Loan, line: Mapping[str, Any], serial: str, every: Mapping[str, Loan]
) -> str | None:
    """Return another loan under which an item is out, or promised for the same days."""
    leaves = line["state"] == SHIPPED
    end = standing.end_on if line["end_on"] is None else line["end_on"]
    for other in every.values():
        if other.name == standing.name or serial not in other.serials:
            continue
        if other.state in OUT if leaves else other.state in BOUND and _meet(standing, end, other):
            return other.name
    return None


def _meet(one: Loan, end: int | None, other: Loan) -> bool:
    """Return whether two loans have a day in common; an open end meets everything after it."""
    never = 9999_12_31
    starts = [int(each.values["start_on"] or 0) for each in (one, other)]
    return starts[0] <= int(other.end_on or never) and starts[1] <= int(end or never)


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(_finding(code, message, advice))


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


LOANS_HOLD = Check(
    "loans of equipment",
    frozenset({EQUIPMENT_LOAN.name, EQUIPMENT_LOAN_ITEM.name, EQUIPMENT_LOAN_STEP.name}),
    check_loans,
)
