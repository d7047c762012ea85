"""The first page of a pack, and the text that says how to check it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from keiryo.audit.balances import Part
from keiryo.audit.findings import Findings
from keiryo.audit.ledger import Ledger
from keiryo.audit.pages import Cell, Html, columns, link, shown, table, table_row, write_page
from keiryo.audit.picture import book_picture
from keiryo.audit.proof import Proven
from keiryo.audit.sources import Work, acts_page
from keiryo.quantities import Category


@dataclass(frozen=True, slots=True)
class Written:
    """What the parts of a pack left behind for its first page.

    Attributes
    ----------
    ledger : Ledger
    parts : list of Part
    balance : Html
        The balance, every number led back to its lines.
    compared : list of datetime.date
        Takings that were compared with their listing.
    differing : int
        Rows of these comparisons that differ.
    listed : list of datetime.date
        Takings whose listing is in the pack.
    corrections : int
    findings : Findings
    reports, copied : int
        Reports written anew, and original files copied.
    proven : Proven
    """

    ledger: Ledger
    parts: list[Part]
    balance: Html
    compared: list[datetime.date]
    differing: int
    listed: list[datetime.date]
    corrections: int
    findings: Findings
    reports: int
    copied: int
    proven: Proven

    def counts(self) -> dict[str, int]:
        """Return how much the pack holds."""
        return {
            "ledger_lines": self.ledger.lines,
            "superseded_lines": self.ledger.superseded,
            "corrections": self.corrections,
            "differences_from_listings": self.differing,
            "findings": self.findings.count,
            "open_findings": self.findings.still_open,
            "reports": self.reports,
            "original_files": self.copied,
            "proven_lines": self.proven.lines,
        }


_CONTENTS = columns("To read | To compute with | What it is")


def write_cover(work: Work, written: Written) -> None:
    """Write the first page."""
    title = f"Audit pack of {work.mba}, {work.period.start} to {work.period.end}"
    write_page(work.folder, "index.html", title, _body(work, written))


def known_words(work: Work) -> str:
    """Return in words as of when the books are shown."""
    act_id = work.checkpoint.act_id
    if work.knowledge.known_on is not None:
        return (
            f"as known on {work.knowledge.known_on}: only reports dated up to that day count, "
            f"among the acts up to number {act_id}"
        )
    return f"everything that was recorded up to act {act_id}"


def _body(work: Work, written: Written) -> Iterator[str]:
    place, checkpoint = work.area, work.checkpoint
    yield (
        "<p>This is everything that the books of nuclear material hold about one material balance "
        "area over one period, put together for inspection. It opens without the program that "
        "wrote it. Nothing in it is of another area, except the names of partners in "
        "transfers.</p>\n<dl>\n"
    )
    facts: list[tuple[str, Cell]] = [
        ("Area", f"{place.code}" + (f", {place.name}" if place.name else "")),
        ("Facility, State", f"{place.facility}, {place.state}"),
        ("Type", place.type or "not said"),
        ("Period", f"{work.period.start} to {work.period.end}, both days included"),
        ("As known", known_words(work)),
        ("Checkpoint", Html(
            f"act {checkpoint.act_id}, recorded at {shown(checkpoint.recorded_at)}, digest "
            f"<code>{shown(checkpoint.digest)}</code>, journal "
            f"<code>{shown(checkpoint.journal_uid)}</code>")),
    ]  # fmt: skip
    for name, value in facts:
        yield f"<dt>{shown(name)}</dt><dd>{shown(value)}</dd>\n"
    yield "</dl>\n<h2>Contents</h2>\n"
    yield table("Files of the pack", _CONTENTS, _contents(work, written))
    yield "<h2>Material balance</h2>\n"
    yield (
        "<p>Every number leads to the lines that it is the sum of. A difference is what the "
        "books give, less what was reported with its rounding adjustment; of BE, BA and MF "
        "also with those of the lines that they are computed from.</p>\n"
    )
    yield written.balance
    yield "<h2>The running book</h2>\n"
    for category in (c for c in Category if c in written.ledger.points):
        points = written.ledger.points[category]
        yield book_picture(category, points, work.period, written.compared)
    yield "<h2>Open findings</h2>\n"
    yield from _open_findings(written)
    yield "<h2>Is it what was recorded?</h2>\n"
    yield (
        "<p>Each line shown here has a proof that leads to the checkpoint above. Compare the "
        "checkpoint with one that was handed out earlier, then follow "
        f"{link('VERIFY.txt', 'VERIFY.txt')}.</p>\n"
    )


def _contents(work: Work, written: Written) -> Iterator[str]:
    ledger, found = written.ledger, written.findings
    used = next(work.sources.used(), None)
    first_acts = acts_page(used[0]) if used else ""
    takings = ", ".join(str(day) for day in written.compared) or "no taking in the period"
    lists = ", ".join(str(day) for day in written.listed) or "none"
    rows: list[tuple[str, str, str, str]] = [
        ("ledger.html", "General ledger", "ledger.csv",
         f"effective lines: {ledger.lines}, with the running book; superseded, struck through: "
         f"{ledger.superseded}"),
        ("", "", "entries.csv", "all entries, effective or not, each with its standing"),
        ("corrections.html", "Corrections", "corrections.csv",
         f"corrections: {written.corrections}; original, what took its place, why, who, when"),
        ("balance.html", "Material balance", "balance.csv",
         "computed from the books, beside what was reported"),
        ("inventory-vs-listing.html", "Books against listings", "inventory-vs-listing.csv",
         f"batch by batch ({takings}); rows that differ: {written.differing}"),
        ("listing.html", "Listings", "listing.csv", f"physical inventories as reported ({lists})"),
        ("findings.html", "Findings", "findings.csv",
         f"findings about the area: {found.count}, of which open: {found.still_open}"),
        ("reports.html", "Reports", "reports.csv",
         f"reports: {written.reports}; the accepted ones written anew in the folder reports"),
        ("evidence.html", "Original files", "evidence.csv",
         f"by digest; copied into the folder evidence: {written.copied}"),
        (first_acts, "Acts", "acts.csv",
         "who recorded what, when and why"),
        ("VERIFY.txt", "How to check", "manifest.json",
         f"proofs of {written.proven.lines} lines in the folder proof; digests of all files in "
         "SHA256SUMS"),
    ]  # fmt: skip
    for page, title, data, words in rows:
        cells: list[Cell] = [link(page, title) if page else None, link(data, data), words]
        yield table_row(_CONTENTS, cells)


def _open_findings(written: Written) -> Iterator[str]:
    found = written.findings
    if not found.still_open:
        yield "<p>No finding about the area is open.</p>\n"
        return
    yield f"<p>Open: {found.still_open}; see {link('findings.html', 'all findings')}.</p>\n<ul>\n"
    yield from found.first_open
    yield "</ul>\n"


def verify_text(work: Work, written: Written) -> str:
    """Return the text that says in plain words how to check the pack."""
    checkpoint = work.checkpoint
    example = next(iter(work.sources.used()), None)
    place = f"{example[0]}/{example[1][0]}" if example else "ACT/LINE"
    name = place.replace("/", "-")
    single = (
        f"""   One line alone, with its complete proof:

       python3 verify_journal.py --proof proof/single/{name}.json \\
           --checkpoint proof/checkpoint.json
"""
        if written.proven.single
        else f"""   One line alone: write its complete proof outside this folder, and check it.

       python3 verify_pack.py --extract {place} /tmp/line.json
       python3 verify_journal.py --proof /tmp/line.json --checkpoint proof/checkpoint.json
"""
    )
    return f"""HOW TO CHECK THIS PACK

Audit pack of {work.mba}, {work.period.start} to {work.period.end};
{known_words(work)}.

Checkpoint: act {checkpoint.act_id}
            digest {checkpoint.digest}
            recorded at {checkpoint.recorded_at}
            journal {checkpoint.journal_uid}

Unpack the archive into an empty folder and open a terminal there.

1. Are the files complete and unchanged since the pack was made?

       sha256sum -c SHA256SUMS

   (On macOS: shasum -a 256 -c SHA256SUMS.) Every file must be OK. This finds damage, not a
   deception: whoever changes a file can also change the list.

2. Are the lines what was recorded in the journal?

       python3 verify_pack.py

   This needs Python 3.8 or later and nothing else. Read the two programs before you run them, or
   bring your own copy of verify_journal.py. It checks all files, that each line shown belongs to
   its act, that each act has its place in the chain of digests, that the chain leads to the
   checkpoint above, and that the ledger and the listings say what their lines say.

{single}
3. Is the journal the one that you know?

   A journal can be made up as a whole. Compare with a checkpoint that you took home earlier:

       python3 verify_pack.py --checkpoint MY-CHECKPOINT.json

   It must be of an act that the pack's chain contains. A line recorded before your checkpoint
   cannot have been changed since. Keep proof/checkpoint.json for the next visit.

4. Was anything left out?

   Proofs show that what is here was recorded; they cannot show that nothing is missing. For that,
   check the books themselves at the facility or the State authority ("keiryo verify", or
   verify_journal.py on the file of the books) against the same checkpoint, and make the pack
   again: the same acts give the same pack, byte for byte.

What the files are is said in index.html. Weights are exact decimals: kg for natural and depleted
uranium and thorium, g for enriched uranium, plutonium and all fissile weights. In CSV files a text
that begins with = + - or @ is preceded by an apostrophe, so that no spreadsheet computes it.
"""
