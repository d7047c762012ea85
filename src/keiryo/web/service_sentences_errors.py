"""Why something could not be done, with the values of the case, and what to do then."""

from __future__ import annotations

from keiryo.web.translation import sentence

ERRORS: tuple[str, ...] = (
    sentence("you hold no role that may do this (%(kind)s)"),
    sentence("you hold no role that may do this (%(kind)s) for %(scope)s"),
    sentence("you hold no role that may take audit packs of %(mba)s"),
    sentence("the audit pack of %(mba)s would hold lines that you may not see"),
    sentence("there is no MBA %(mba)s in the books"),
    sentence("Registered are: %(listed)s."),
    sentence("there is no act %(act)s"),
    sentence("there is no %(name)s in the register of cooperation"),
    sentence("there is no mission %(name)s"),
    sentence("there is no exchange %(name)s"),
    sentence("there is no meeting %(name)s"),
    sentence("there is no item %(name)s in the log of information"),
    sentence("there is no equipment with the serial number %(serial)s"),
    sentence("there is no loan %(name)s"),
    sentence("there is no containment %(name)s"),
    sentence("there is no containment %(name)s that you may see"),
    sentence("there is no seal %(name)s that you may see"),
    sentence("there is no camera %(name)s"),
    sentence("there is no camera %(name)s that you may see"),
    sentence("there is no facility %(name)s that you may see"),
    sentence("there is no instrument %(name)s that you may see"),
    sentence("there is no passage %(name)s that you may see"),
    sentence("there is no alarm case %(name)s that you may see"),
    sentence("there is no event %(name)s that you may see"),
    sentence("there is no step %(name)s"),
    sentence("there is no finding %(name)s"),
    sentence("there is no inspection %(name)s"),
    sentence("there is no plan %(name)s version %(version)s"),
    sentence("there is no review %(name)s"),
    sentence("there is no such image of %(name)s that you may see"),
    sentence("no operation %(name)s was declared that you may see"),
    sentence("there is no licence %(number)s in these books"),
    sentence("there is no register %(name)s"),
    sentence("there is no label %(name)s"),
    sentence("there is no form %(name)s"),
    sentence("there is no line %(line)s of act %(act)s that you may see"),
    sentence("there is no finding in line %(line)s of act %(act)s that you may see"),
    sentence("nothing that you may see is recorded about %(asked)s"),
    sentence("nothing is recorded about %(node)s"),
    sentence("the books of %(mba)s begin on %(begin)s, after the period %(start)s..%(end)s"),
    sentence("Ask about a period that ends on %(begin)s or later."),
    sentence("nothing is recorded about a batch %(batch)s of %(mba)s"),
    sentence("List what is there with 'keiryo inventory %(mba)s --on DATE'."),
    sentence("List the acts with 'keiryo journal acts'."),
    sentence("List them with 'keiryo notices list'."),
    sentence("List them with 'keiryo statements list'."),
    sentence("List them with 'keiryo findings list'."),
    sentence("See 'keiryo findings list'."),
    sentence("See what there is with 'keiryo reports list --mba %(mba)s'."),
    sentence("Search the batches of %(mba)s by their names."),
    sentence("there is no request %(request)s for you to see"),
    sentence("you have no request %(request)s"),
    sentence("there is no report %(number)s of %(mba)s that you may see"),
    sentence("there is no report of this number of %(mba)s"),
    sentence("there is no report %(number)s of %(mba)s, neither issued nor accepted"),
    sentence("%(mba)s has no entry %(entry)s that you may see"),
    sentence("%(mba)s has no entry %(entry)s"),
    sentence("no report %(number)s is recorded"),
    sentence("there are no source lines of the kind %(kind)s"),
    sentence("there is no kind of report %(kind)s"),
    sentence("report %(key)s cannot be issued; nothing was submitted"),
    sentence("report %(key)s cannot be issued; nothing was posted"),
    sentence(
        "the books changed since report %(key)s was prepared: it would be another report now, "
        "%(other)s with %(entries)s entries"
    ),
    sentence("the file %(name)s is not what was sent"),
    sentence("there is no export as %(kind)s"),
    sentence("there is no filter %(name)s of this list, and nothing was exported"),
    sentence("Did you mean %(near)s? It filters by: %(names)s."),
    sentence("%(number)s jobs of yours run or wait already"),
    sentence("%(asked)s is no day of accounting"),
    sentence("%(asked)s is no period: %(error)s"),
    sentence("The acts run from 1 to %(head)s; or give a day as 2025-12-31."),
    sentence("The acts run from 1 to %(head)s."),
    sentence("The last act is %(act)s."),
    sentence("%(text)s is not a date: write YYYY-MM-DD or YYYYMMDD"),
    sentence("%(text)s is not a date: write YYYY-MM-DD"),
    sentence("%(text)s: there is no year 0"),
    sentence("%(text)s: there is no month %(month)s"),
    sentence("a period cannot end (%(end)s) before it starts (%(start)s)"),
    sentence("the period ends on %(end)s, which is in the future (today is %(today)s)"),
    sentence("there is no act %(act)s to know the books by"),
    sentence("%(mba)s has no period that a physical inventory taking ended"),
    sentence("%(mba)s has no physical inventory before %(end)s"),
    sentence("%(mba)s has no physical inventory after %(start)s"),
    sentence("no physical inventory of %(mba)s was taken on %(end)s"),
    sentence("Takings known: %(listed)s."),
    sentence("the inventory of %(end)s is the first of %(mba)s: no period ends with it"),
    sentence("the period ends (%(end)s) before it begins (%(start)s)"),
    sentence("%(asked)s names neither a figure nor a batch, report, entry or act"),
    sentence("%(name)s names no entry"),
    sentence("%(asked)s names no %(prefix)s"),
    sentence("Write %(prefix)s:12 or line:12/3."),
    sentence("which category of %(code)s? There are: %(listed)s"),
    sentence("%(node)s names no evaluation"),
    sentence("Write evaluation:XAFA or evaluation:XAFA/2025-01-01..2025-12-31/E."),
    sentence("there is no profile %(name)s"),
    sentence("Profiles are %(names)s."),
    sentence("there is no notice %(name)s"),
    sentence("notice %(name)s was withdrawn"),
    sentence("there is no statement %(name)s"),
    sentence("line %(line)s of act %(act)s is no finding"),
    sentence("%(owner)s is no role or pseudonym"),
    sentence(
        "Give a role, e.g. 'accountant XAFA', or a pseudonym such as P-ABCDEFGH; acts cannot "
        "be erased, so no names or addresses."
    ),
    sentence("no deadlines can be counted on %(day)s"),
    sentence("%(mba)s has no balance that a physical inventory taking ended"),
    sentence("%(mba)s has no balance that a physical inventory taking ended between these days"),
    sentence(
        "Balances known: %(listed)s. A balance needs a taking at its beginning and at its end."
    ),
    sentence("the balances of %(mba)s have no category %(text)s"),
    sentence("They have %(listed)s."),
    sentence("%(text)s is no category"),
    sentence("Give N, D, E, U, P or T."),
    sentence("alpha %(alpha)s is no probability"),
    sentence("Give a number between 0 and 1, e.g. 0.05."),
    sentence("there are no rules %(wanted)s"),
    sentence("Shipped are: %(listed)s."),
    sentence("no limit %(name)s is in force"),
    sentence("In force are: %(listed)s."),
    sentence("there is no error source %(name)s in force"),
    sentence("the series %(series)s has no control measurements in force"),
    sentence("%(client)s was posted before as act %(act)s, with other content"),
    sentence("the clock shows %(now)s, but the last act was recorded at %(last)s"),
    sentence("there is no change of %(mba)s to report between %(start)s and %(end)s"),
    sentence(
        "All that is recorded was reported. See 'keiryo reports list --mba %(mba)s'; record "
        "more with 'keiryo reports record'."
    ),
    sentence("the balance of %(mba)s for %(end)s was reported, in report %(report)s"),
    sentence("the listing of %(mba)s for %(day)s was reported, in report %(report)s"),
    sentence("Write it out with 'keiryo reports write %(mba)s %(report)s'."),
    sentence("no physical inventory of %(mba)s on %(day)s is recorded"),
    sentence(
        "the books of %(mba)s begin with the physical inventory of %(day)s; what came before "
        "was reported before"
    ),
    sentence("no physical inventory of %(mba)s was taken on %(end)s: no balance ends then"),
    sentence("Record the listing first with 'keiryo reports record'. Takings known: %(listed)s."),
    sentence("there is no time zone %(zone)s"),
    sentence("acts of the kind %(kind)s are not prepared and released"),
    sentence("nobody here knows how to do %(kind)s"),
    sentence("%(person)s has no account"),
    sentence("%(person)s was never admitted"),
    sentence("%(person)s has no such key"),
    sentence("%(person)s is not admitted at present"),
    sentence("%(person)s does not hold this role there"),
    sentence("a token lasts from now to %(days)s days"),
    sentence("the %(said_words)s were refused; nothing was recorded"),
    sentence("It was noted as %(number)s; nothing half-done is left. Tell the administrator."),
    sentence("something went wrong here"),
    sentence("these are %(number)s files"),
    sentence("Send 1 to %(most)s at once."),
    sentence("this cannot be done"),
    sentence("Try again."),
    sentence("%(text)s is no amount of nuclear material"),
    sentence("%(text)s: a weight is negative, or fissile exceeds element"),
    sentence("%(text)s: the fissile weight is needed"),
    sentence(
        "Write CATEGORY:ELEMENT or CATEGORY:ELEMENT:FISSILE, e.g. E:30000:1200 for 30 kg "
        "uranium with 1.2 kg U-235; the element in kg for N, D and T, in g for E, U and P."
    ),
    sentence("there is no MBA %(mba)s that you may see"),
    sentence("%(text)s: %(said_month)s %(year)s has days 1 to %(last)s, not %(day)s"),
    sentence("Look at the list of what waits for release."),
    sentence(
        "%(what)s holds %(sign)s at character %(n)s, and a concise note cannot: it holds "
        "capital Latin letters, digits and plain signs"
    ),
    sentence(
        "Write it in Latin letters. Label 445 only names an agreed alphabet, and notes "
        "do not carry it."
    ),
    sentence("a concise note holds Latin letters without accents; %(what)s is sent with %(signs)s"),
    sentence("Nothing, if that still says what you mean."),
    sentence(
        "number %(n)s of %(mba)s was used more than once, in acts %(acts)s: a reference "
        "to it does not say which report is meant"
    ),
    sentence("Ask who receives the reports how the two are to be told apart."),
    sentence(
        "%(mba)s has more than one report %(n)s with an entry %(entry)s: %(root)s does "
        "not say which of them is meant"
    ),
    sentence(
        "Report the right values under a number that was used once, or ask who receives "
        "the reports how they are to be told apart."
    ),
    sentence(
        "number %(n)s of %(mba)s is used by another report, which waits for release in "
        "request %(id)s (%(title)s)"
    ),
    sentence(
        "Withdraw that request or have it returned first, or give this report the next free number."
    ),
    sentence(
        "a number of these reports is used by another report that waits for release; "
        "nothing was submitted"
    ),
    sentence("the correction cannot be posted"),
    sentence("Look at the finding."),
    sentence("Look at the findings."),
    sentence("something is being recorded just now, and takes a little longer"),
    sentence("Nothing of this was done; try again in a moment."),
    sentence("no balance is tested with a false-alarm probability (alpha) of %(alpha)s"),
    sentence(
        "Give a number from 0.0001 to 0.5; the standard is 0.05. Below, no loss would be "
        "seen; above, every second alarm is false."
    ),
    sentence("Give a number from 0.0001 to 0.5, e.g. 0.05."),
    sentence("there is no parameter %(names)s here"),
    sentence("Known here: %(names)s."),
)
"""One sentence each, with names in the places of values."""
