"""Planning a correction: from "this entry was wrong, it should be that" to the whole chain.

A plan is made from what the areas have filed and from nothing else, and making one records
nothing: the same reports and the same wish give the same plan. It goes in the order in which a
person would: the entry itself; the partner's receipt and its difference; the other side of a
rebatching; category changes of the same batch; listings; balances of closed periods. Then it is
looked at as a whole: what becomes of books and balances, and which questions appear or vanish.

Sources: INFCIRC/153 (Corrected), paragraphs 98, 103 and 107; Code 10, label 309. That a change of
date, batch, area or code is a deletion and a new entry is the rule of strict regimes (Canada).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace

from keiryo.corrections.chain import Amendment, Chain, own_content, place_text, same_content
from keiryo.corrections.closed_periods import follow_balances, follow_listings
from keiryo.corrections.effects import effects_of, questions_changed
from keiryo.corrections.followers import (
    ask_later_uses,
    ask_together,
    both_sides,
    follow_batches,
    follow_rebatching,
    follow_transfer,
    rebatched_with,
)
from keiryo.corrections.model import (
    DELETE,
    Addition,
    Address,
    Choices,
    CorrectionPlan,
    Step,
    Wanted,
)
from keiryo.corrections.new_reports import ROOT_REASON, Written, address_of, write_reports
from keiryo.corrections.note_text import note_findings
from keiryo.corrections.wanted_fields import IDENTITY, Setting, as_wanted
from keiryo.errors import Finding, Severity
from keiryo.reports.filed import AreaFile, FiledEntry, Filings
from keiryo.reports.model import REPORT_TYPES, Entry, Report
from keiryo.reports.questions.check import looked_at
from keiryo.reports.questions.corrections import changes
from keiryo.reports.rules import check_report
from keiryo.vocabulary import Profile, profile

_BASIS = "Code 10, label 309; INFCIRC/153 paragraph 103"
_OWN_SIDE = {"SD": "shipper", "SF": "shipper", "SN": "shipper", "RD": "receiver", "RF": "receiver"}


def plan(
    filings: Filings,
    mba: str,
    report_no: int,
    entry_no: int,
    wanted: Wanted,
    choices: Choices,
    *,
    on: datetime.date | None = None,
    rules: Profile | None = None,
) -> CorrectionPlan:
    """Plan a correction with everything that follows from it; nothing is recorded.

    Parameters
    ----------
    filings : Filings
        What was filed, as known now.
    mba : str
        The area that reported the entry.
    report_no, entry_no : int
        The entry, by any of its addresses: as first reported or as corrected.
    wanted : mapping of str to str, DELETE or Addition
        Its right fields; weights in the unit of their label.
    choices : Choices
        Date, reason and customs.
    on : date, optional
        The day to which ages are counted; by default that of the report, or of the context.
    rules : Profile, optional
        Deadlines and limits for the questions before and after.

    Returns
    -------
    CorrectionPlan
        What cannot be is among its findings; then it has no reports.
    """
    chain = Chain(filings, choices)
    area = filings.areas.get(mba)
    root = Address(area.country if area else "", mba, report_no, entry_no)
    words = _words(wanted)
    chain.findings += _reason_findings(root, choices)
    if area is None or not area.reports:
        known = ", ".join(sorted(code for code, a in filings.areas.items() if a.reports))
        chain.findings.append(
            _wrong("CORRECT-ENTRY", root, f"no report of an area {mba} is recorded",
                   f"Areas with reports are {known or 'none'}.")
        )  # fmt: skip
        return _refused(chain, root, words)
    if isinstance(wanted, Addition):
        _add(chain, area, root, wanted)
    else:
        target = counting_entry(chain, area, root)
        if target is not None and choices.report_date < (target.report.date or target.day):
            chain.findings.append(
                _wrong("CORRECT-DATE", root, f"the correction is dated {choices.report_date}, but "
                       f"{place_text(target)} was reported on {target.report.date}",
                       "Date the correction on the day on which it is sent.")
            )  # fmt: skip
        elif target is not None:
            _amend_root(chain, area, target, root, wanted)
    if not chain.amendments or _blocked(chain.findings):
        return _refused(chain, root, words)
    _before_the_books(chain)
    follow_batches(chain)
    follow_listings(chain)
    follow_balances(chain)
    written = write_reports(chain)
    day = on or max(choices.report_date, looked_at(area.reports, filings.context))
    return _looked_at(chain, root, words, written, day, rules or profile("code10", day))


def _reason_findings(root: Address, choices: Choices) -> list[Finding]:
    """Return what the concise notes cannot say of the reason, placed at the entry."""
    return [
        replace(found, mba=root.mba, report=str(root.report), entry=root.entry)
        for found in note_findings(choices.reason)
    ]


def _before_the_books(chain: Chain) -> None:
    """Ask about changes that lie before the inventory with which the books of an area begin."""
    for amendment in chain.amendments:
        area = amendment.area
        entries = [amendment.entry, amendment.target.entry if amendment.target else None]
        days = [entry.date for entry in entries if entry is not None and entry.date is not None]
        if area.prior_pit is not None and days and min(days) <= area.prior_pit:
            chain.ask(
                area.code,
                f"{area.code} {area.prior_pit}",
                f"A change of {min(days)} lies before the physical inventory with which these "
                "books begin. That inventory and its balance stay as they are; should they?",
            )


def _words(wanted: Wanted) -> str:
    if wanted is DELETE:
        return "delete"
    values: Mapping[str, str] = {}
    if isinstance(wanted, Addition):
        values = wanted.values
    elif isinstance(wanted, Mapping):
        values = wanted
    said = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"add {said}" if isinstance(wanted, Addition) else said


def _wrong(
    code: str, root: Address, message: str, advice: str, severity: Severity = Severity.INCONSISTENCY
) -> Finding:
    return Finding(
        code,
        severity,
        message,
        advice,
        mba=root.mba,
        report=str(root.report),
        entry=root.entry,
        basis=_BASIS,
    )


def _blocked(findings: list[Finding]) -> bool:
    return any(f.severity in (Severity.FORMAT, Severity.INCONSISTENCY) for f in findings)


def _refused(chain: Chain, root: Address, words: str) -> CorrectionPlan:
    return CorrectionPlan(
        root,
        words,
        chain.choices,
        decisions=tuple(chain.decisions),
        remarks=tuple(chain.remarks),
        findings=tuple(chain.findings),
    )


def counting_entry(chain: Chain, area: AreaFile, root: Address) -> FiledEntry | None:
    """Return the entry that counts now for an address, or None and the finding why not."""
    first = reported_entry(area, root)
    if first is None:
        chain.findings.append(_missing(chain.filings, area, root))
        return None
    after = {id(f.replaces): f for f in area.filed if f.replaces is not None}
    if _ambiguous(area, root):
        chain.findings.append(
            _wrong("CORRECT-ENTRY", root, f"{area.code} has more than one report {root.report} "
                   f"with an entry {root.entry}: {root.text} does not say which of them is meant",
                   "Report the right values under a number that was used once, or ask who "
                   "receives the reports how they are to be told apart.")
        )  # fmt: skip
        return None
    last = first
    while id(last) in after:
        last = after[id(last)]
    if last.entry.status == "D":
        where = place_text(last)
        said = f"{root.text} was deleted by {where}" if last is not first else f"{where} deletes"
        chain.findings.append(
            _wrong("CORRECT-ENTRY", root, said if last is not first else
                   f"{where} deletes an entry and states nothing itself",
                   "What was deleted stays so; report the change anew, or add it with --add.")
        )  # fmt: skip
        return None
    counting = [*area.changes]
    counting += [f for listing in area.listings.values() for f in listing.entries]
    counting += [f for balance in area.balances.values() for f in balance.lines]
    if not any(f is last for f in counting):
        chain.findings.append(
            _wrong("CORRECT-ENTRY", root, f"{place_text(last)} does not count: it is marked not to "
                   "be used, or its reference is wrong", "Look at it with reports check.")
        )  # fmt: skip
        return None
    if last is not first:
        chain.findings.append(
            _wrong("CORRECT-EARLIER", root, f"{root.text} was corrected since; the entry last "
                   f"reported is {place_text(last)}, and it is this one that is corrected now",
                   "Nothing, if you knew.", Severity.INFORMATION)
        )  # fmt: skip
    return last


def _ambiguous(area: AreaFile, root: Address) -> bool:
    """Whether several accepted reports of one number have an entry of this number."""
    same = [r for r in area.reports if r.number == root.report]
    return sum(any(e.number == root.entry for e in r.entries) for r in same) > 1


def reported_entry(area: AreaFile, root: Address) -> FiledEntry | None:
    """Return the entry of an address, own or given to it as an added entry."""
    wanted = (root.report, root.entry)
    for filed in area.filed:
        if (filed.report.number, filed.entry.number) == wanted:
            return filed
    for filed in area.filed:
        refers = filed.entry.refers
        if filed.entry.status == "A" and refers and (refers.report, refers.entry) == wanted:
            return filed
    return None


def _missing(filings: Filings, area: AreaFile, root: Address) -> Finding:
    report = next((r for r in area.reports if r.number == root.report), None)
    elsewhere = [
        code
        for code, other in filings.areas.items()
        if other is not area and any(r.number == root.report for r in other.reports)
    ]
    advice = "Look the entry up in the report."
    if report is not None:
        kind = REPORT_TYPES.get(report.type, "report")
        said = f"the {kind} {root.report} of {area.code} has entries 1 to {len(report.entries)}"
        if not report.entries:
            said = f"report {root.report} of {area.code} has no entries"
    elif area.opening is not None and root.report in area.opening.earlier_reports:
        said = f"report {root.report} was sent before these books begin; its entries are not here"
        advice = "Write the correction by hand, and import it."
    else:
        said = f"{area.code} has no report {root.report}"
        if elsewhere:
            advice = f"Do you mean a report of {' or '.join(elsewhere)}? Name it with --mba."
    return _wrong("CORRECT-ENTRY", root, said, advice)


def _amend_root(
    chain: Chain, area: AreaFile, target: FiledEntry, root: Address, wanted: Wanted
) -> None:
    """Amend the entry itself and let what belongs to the same event follow."""
    if wanted is DELETE:
        chain.delete(target, "The entry should not be there.")
        ask_together(chain, target)
        follow_transfer(chain, target, None)
        follow_rebatching(chain, target, None)
        ask_later_uses(chain, target)
        return
    assert isinstance(wanted, Mapping)
    setting = as_wanted(target.entry, wanted, target.report.type)
    chain.findings += [
        replace(f, mba=root.mba, report=str(root.report), entry=root.entry)
        for f in setting.findings
    ]
    home = _home(chain, area, target, setting, root)
    if setting.findings or home is None:
        return
    entry = both_sides(target.entry, setting.entry)
    if home is not area and entry.code in _OWN_SIDE:
        side = {_OWN_SIDE[entry.code]: f"{home.country}/{home.code}"}
        entry = replace(entry, **side)  # type: ignore[arg-type]
    if home is area and same_content(target.entry, entry):
        chain.findings.append(
            _wrong("CORRECT-SAME", root, f"{place_text(target)} says so already; nothing changes",
                   "Look which value is wrong, and give the right one.")
        )  # fmt: skip
        return
    _reissue_or_correct(chain, home, target, entry)
    if any(getattr(entry, name) != getattr(target.entry, name) for name in IDENTITY):
        ask_together(chain, target)
    follow_transfer(chain, target, entry)
    if not _blocked(chain.findings) and chain.amended(target) is not None:
        follow_rebatching(chain, target, entry)
        if home is not area or entry.batch != target.entry.batch:
            ask_later_uses(chain, target)


def _home(
    chain: Chain, area: AreaFile, target: FiledEntry, setting: Setting, root: Address
) -> AreaFile | None:
    """Return the area to which the entry belongs."""
    if setting.mba is None or setting.mba == area.code:
        return area
    home = chain.filings.areas.get(setting.mba)
    if home is None or home.country != area.country or target.report.type != "I":
        chain.findings.append(
            _wrong("CORRECT-FIELD", root, f"the entry cannot move to {setting.mba}",
                   "Name a registered area of this State; only inventory changes can move.",
                   Severity.FORMAT)
        )  # fmt: skip
        return None
    return home


def _reissue_or_correct(chain: Chain, home: AreaFile, target: FiledEntry, entry: Entry) -> None:
    """Correct an entry (C), or delete it and add it anew where it speaks of another event."""
    area = chain.area_of(target)
    moved = any(getattr(entry, name) != getattr(target.entry, name) for name in IDENTITY)
    if home is area and (not moved or not chain.choices.strict):
        chain.correct(target, entry, ROOT_REASON)
        if moved:
            _move_rebatching(chain, target, entry, reissue=False)
        return
    what = "area" if home is not area else "date, batch or code"
    reason = f"Another {what} is another event."
    chain.reissue(target, entry, home, reason)
    _move_rebatching(chain, target, entry, reissue=True)


def _move_rebatching(chain: Chain, target: FiledEntry, entry: Entry, *, reissue: bool) -> None:
    """Keep the two sides of a rebatching together, in one report and on one day."""
    if target.entry.code not in ("RM", "RP"):
        return
    area = chain.area_of(target)
    reason = f"Both sides of a rebatching are reported together ({place_text(target)})."
    for other in rebatched_with(area, target):
        if other is target:
            continue
        content = other.entry
        if content.date == target.entry.date:
            content = replace(content, date=entry.date)
        if reissue:
            chain.reissue(other, content, area, reason)
        else:
            chain.correct(other, content, reason)


def _add(chain: Chain, area: AreaFile, root: Address, wanted: Addition) -> None:
    """Add an entry that was forgotten to the report that is named."""
    host = next((r for r in area.reports if r.number == root.report), None)
    if host is None or host.type not in ("I", "P", "M") or not host.entries:
        chain.findings.append(_missing(chain.filings, area, root))
        return
    setting = as_wanted(Entry(number=0), wanted.values, host.type)
    chain.findings += [
        replace(f, mba=root.mba, report=str(root.report), entry=root.entry)
        for f in setting.findings
    ]
    if setting.findings:
        return
    amendment = chain.add(area, host.type, host, setting.entry, "This entry was forgotten.")
    added = amendment.added_as
    if added is not None and root.entry not in (0, added.entry):
        chain.findings.append(
            _wrong("CORRECT-ENTRY", root, f"an entry added to report {root.report} gets the number "
                   f"{added.entry}, not {root.entry}", f"Name {root.report}/{added.entry}.")
        )  # fmt: skip


def _looked_at(
    chain: Chain, root: Address, words: str, written: Written, day: datetime.date, rules: Profile
) -> CorrectionPlan:
    """Return the plan with what it does, and what speaks against it."""
    reports = [report for report, _ in written]
    findings = list(chain.findings)
    for report in reports:
        findings += [f for f in check_report(report) if f.severity in "FEW"]
    trial = chain.trial(written)
    appearing, vanishing = questions_changed(chain.filings, trial, day, rules)
    areas = [area.code for area in chain.areas()]
    return CorrectionPlan(
        root,
        words,
        chain.choices,
        tuple(reports),
        tuple(_steps(chain, written)),
        tuple(chain.decisions),
        tuple(effects_of(chain.filings, trial, areas, day)),
        tuple(chain.remarks),
        tuple(findings),
        tuple(appearing),
        tuple(vanishing),
    )


def _steps(chain: Chain, written: Written) -> list[Step]:
    """Return a step for each entry, in the order of reasoning."""
    by_amendment = {
        id(amendment): _step(report, entry, amendment)
        for report, amendments in written
        for entry, amendment in zip(report.entries, amendments, strict=True)
    }
    return [by_amendment[id(amendment)] for amendment in chain.amendments]


def _step(report: Report, entry: Entry, amendment: Amendment) -> Step:
    mba, target = report.mba or "", amendment.target
    refers = None
    if entry.refers is not None:
        named = entry.refers
        refers = Address(named.country, mba, named.report, named.entry)
    begins, changed, said = None, [], amendment.entry
    if target is not None:
        first = address_of(target.origin)
        begins = Address(first.country, mba, first.report, first.entry)
        said = target.entry
        if amendment.entry is not None:
            changed = list(changes(target.entry, own_content(amendment.entry)))
    return Step(
        Address(report.country, mba, report.number, entry.number),
        report.type,
        amendment.status,
        refers,
        begins,
        said.code if said else None,
        said.batch if said else None,
        tuple(changed),
        amendment.reason,
    )
