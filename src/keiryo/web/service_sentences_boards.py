"""What the boards of oversight say: deadlines, notices, exemptions, retained waste, statements."""

from __future__ import annotations

from keiryo.web.translation import sentence

BOARDS: tuple[str, ...] = (
    sentence("special fissionable material, counted by enrichment"),
    sentence("natural uranium, and depleted above 0.5 %"),
    sentence("depleted uranium of 0.5 % or less"),
    sentence(
        "with the exemption of %(day)s the State has exempted %(total)s kg of %(said_name)s; "
        "the limit of paragraph 37 (%(letter)s) is %(limit)s kg"
    ),
    sentence(
        "Take the exemption back (DQ) in whole or part, or ask the IAEA for a greater amount."
    ),
    sentence("%(limit)s kg at most"),
    sentence("INFCIRC/153 para 37 (%(letter)s)"),
    sentence(
        "the exemption of batch %(batch)s on %(day)s cannot be counted: its fissile weight is "
        "not stated"
    ),
    sentence(
        "Correct the entry: the limit of special fissionable material is counted by enrichment."
    ),
    sentence(
        "by %(day)s more was de-exempted (%(code)s) than the State had exempted on quantity "
        "(%(other)s): %(left)s are left"
    ),
    sentence(
        "by %(day)s more was de-exempted (%(code)s) than the State had exempted on use "
        "(%(other)s): %(left)s are left"
    ),
    sentence(
        "Look for an exemption (%(code)s) that was not reported, or correct the weight or the "
        "code of the de-exemption."
    ),
    sentence(
        "%(mba)s took back more from retained waste than it had put there: on %(day)s %(left)s "
        "are left"
    ),
    sentence(
        "Look for a transfer to retained waste (TW) that was not reported, or correct the "
        "weight of the retransfer (FW)."
    ),
    sentence(
        "%(mba)s lists batch %(batch)s (%(amount)s) in its inventory of %(day)s, but "
        "transferred it to retained waste on %(earlier)s"
    ),
    sentence(
        "Take it out of the listing: retained waste is off the book. If it was brought back, "
        "report the retransfer (FW)."
    ),
    sentence("not listed"),
    sentence("Code 10, label 411 (%(codes)s)"),
    sentence(
        "%(said_words)s; above %(limit)s a notice in advance is due, and the register holds none"
    ),
    sentence(
        "If it was notified, register the notice with 'keiryo notices add'; if not, notify the "
        "IAEA now and say why it comes late."
    ),
    sentence("a notice above %(limit)s effective kg"),
    sentence(
        "notice %(notice)s (%(direction)s, %(mba)s, State %(partner)s) was given on %(given)s; "
        "it was due by %(due)s, %(said_until)s"
    ),
    sentence(
        "notice %(notice)s (%(direction)s, %(mba)s, State %(partner)s) has not been given; it "
        "was due by %(due)s, %(said_until)s"
    ),
    sentence("the day on which the State assumes responsibility"),
    sentence("Notify the IAEA at once and record the day with 'keiryo notices add --revise'."),
    sentence("Note the reason of the delay as the answer to this finding."),
    sentence("not given"),
    sentence("not confirmed"),
    sentence(
        "receipt of the material of notice %(notice)s by State %(partner)s, where it is not "
        "under safeguards, has not been confirmed; it was due by %(due)s"
    ),
    sentence(
        "receipt of the material of notice %(notice)s by State %(partner)s, where it is not "
        "under safeguards, was confirmed on %(day)s; it was due by %(due)s"
    ),
    sentence(
        "Ask the receiving State to confirm to the IAEA that it took the material over, and "
        "record it with 'keiryo notices confirm'."
    ),
    sentence("notice %(notice)s stands in the file twice"),
    sentence("Give each notice a name of its own."),
    sentence("%(text)s is neither yes nor no"),
    sentence("Write yes or no, or nothing where it is not known."),
    sentence("a weight is given without a category"),
    sentence("Fill in the category."),
    sentence("a notice needs a name"),
    sentence("Give one of at most %(most)s characters."),
    sentence("%(text)s is no direction"),
    sentence("Say export or import."),
    sentence("%(text)s is no country code"),
    sentence("Give two capital letters, e.g. XB."),
    sentence("%(state)s is the State itself"),
    sentence("A notice is about a transfer with another State."),
    sentence("category and weight belong together"),
    sentence("Give both or none."),
    sentence("a weight is negative"),
    sentence("Give the weight expected."),
    sentence("more fissile than element weight is announced"),
    sentence("Check the units."),
    sentence("the fissile weight is missing"),
    sentence("Effective kilograms are counted by enrichment."),
    sentence("receipt is confirmed before the transfer"),
    sentence("Check the two days."),
    sentence("%(day)s is hardly meant"),
    sentence("Check the year."),
    sentence("it is registered and says something else"),
    sentence("Give the new notice a name of its own, or use --revise."),
    sentence("%(column)s is empty"),
    sentence("Fill in the %(column)s."),
    sentence("Write the day as 2025-12-31."),
    sentence("%(value)s is no whole number above zero"),
    sentence("Write digits only."),
    sentence("Write N, D, E, U, P or T."),
    sentence("Write the weight as 1541260.25."),
    sentence("%(value)s is no unit of weight"),
    sentence("Write g or kg."),
    sentence("the file is not UTF-8 text (byte %(place)s)"),
    sentence("Save it as 'CSV UTF-8'."),
    sentence("the file holds no rows"),
    sentence("the file holds NUL characters"),
    sentence("Check that this is the right file, saved as CSV."),
    sentence("the file is no CSV: %(error)s"),
    sentence("Save it as CSV again."),
    sentence("the file has more than %(most)s rows"),
    sentence("Divide the file."),
    sentence("column %(letter)s (%(name)s) is not known"),
    sentence("The columns are: %(names)s. Remove or rename it."),
    sentence("there are two columns %(name)s"),
    sentence("Remove one of them."),
    sentence("there is no column %(name)s"),
    sentence("The first row names the columns; needed are: %(names)s."),
    sentence("the row has %(cells)s values, the first row names %(width)s columns"),
    sentence("Put a text with a comma in quotation marks; write weights with a point."),
    sentence("the file names columns but has no rows"),
    sentence("Add the rows and send it again."),
    sentence(
        "the statement %(name)s has %(stated)s of category %(category)s in %(mba)s on %(day)s; "
        "the own book has %(own)s"
    ),
    sentence(
        "the statement %(name)s has %(stated)s of category %(category)s in %(mba)s on %(day)s; "
        "the own book has %(own)s, and had the stated amount with what was reported by "
        "%(known)s"
    ),
    sentence(
        "Compare the entries of both sides; ask the inspectorate for its list of entries, or "
        "look for a report that was not sent or was refused there."
    ),
    sentence("Nothing is wrong: later reports explain it. The next statement should agree."),
    sentence("Look for the report in what was sent; ask the inspectorate where the entry is from."),
    sentence("Ask the inspectorate whether it received the correction."),
    sentence("Nothing is wrong: the correction came after the date of the statement."),
    sentence(
        "the statement %(name)s knows entry %(entry)s of %(mba)s in category %(category)s, "
        "which is not in the own books"
    ),
    sentence("no entry"),
    sentence("Ask the inspectorate whether it received and accepted the report."),
    sentence("Nothing is wrong: the next statement should have it."),
    sentence(
        "the statement %(name)s does not know entry %(entry)s of %(mba)s (%(code)s of %(day)s, "
        "batch %(batch)s, category %(category)s)"
    ),
    sentence(
        "the statement %(name)s does not know entry %(entry)s of %(mba)s (%(code)s of %(day)s, "
        "batch %(batch)s, category %(category)s); it was reported on %(known)s, after the date "
        "of the statement"
    ),
    sentence(
        "the statement %(name)s has entry %(entry)s of %(mba)s with other content: %(differences)s"
    ),
    sentence("Compare both with the report as sent, and correct whichever is wrong."),
    sentence("more fissile than element weight is stated"),
    sentence("Check the unit of the element; the fissile weight is in g."),
    sentence("%(code)s is no type of inventory change"),
    sentence("Write a code of label 411, e.g. SD."),
    sentence("the book of %(mba)s in category %(category)s on %(day)s is stated twice"),
    sentence(
        "the book of %(mba)s in category %(category)s on %(day)s is stated twice, with "
        "different weights"
    ),
    sentence(
        "Keep one row for each area, day and category; give entries a report and entry number."
    ),
    sentence("no sums of %(mba)s are stated for %(day)s, so the entry belongs to no statement"),
    sentence(
        "no sums of %(mba)s are stated for %(day)s or later, so the entry belongs to no statement"
    ),
    sentence("Add the rows with the book of the area at the date of the statement."),
    sentence("entry %(entry)s of %(mba)s is stated twice in category %(category)s"),
    sentence("Keep one row for each entry and category."),
    sentence("%(sheet)s row %(row)s column %(column)s"),
    sentence("row %(row)s column %(column)s"),
    sentence("row %(row)s column %(column)s (%(name)s)"),
    sentence("statement %(name)s of %(day)s"),
    sentence(
        "the series %(series)s does not tell the systematic error: that needs one item in two "
        "sessions or more"
    ),
    sentence(
        "Name the session (calibration, shift, inspection) of each measurement; repeat one "
        "item or standard in several of them."
    ),
    sentence("%(number)s degrees of freedom"),
    sentence("the statement was refused; nothing was recorded"),
    sentence("Put right what the findings say and import the file again."),
    sentence("the notices were refused; nothing was recorded"),
    sentence(
        "the statement %(name)s knows entry %(entry)s of %(mba)s in category %(category)s, "
        "which does not count any more: it was %(said_how)s on %(day)s"
    ),
    sentence("%(mba)s advance notice %(period)s"),
)
"""One sentence each, with names in the places of values."""
