"""What the checks of one Code 10 report say about it, what to do, and where the rule stands."""

from __future__ import annotations

from keiryo.web.translation import sentence

FINDINGS: tuple[str, ...] = (
    sentence(
        "label 010 says %(type)s, but the entries are those of a %(said_kind)s; it was checked "
        "as such"
    ),
    sentence("label %(label)s (%(said_name)s) is missing"),
    sentence("report date"),
    sentence("report type"),
    sentence("encoder"),
    sentence("status"),
    sentence("period"),
    sentence("listing"),
    sentence("%(type)s is not a report type"),
    sentence("a textual report has notes only, but this one has entries"),
    sentence("%(area)s is not a code of four characters for the %(said_name)s"),
    sentence("the encoder's name has %(length)s characters; %(most)s fit"),
    sentence("the encoder's name holds %(sign)s; capital Latin letters are asked for"),
    sentence("the period ends (%(end)s) before it starts (%(start)s)"),
    sentence("the %(said_name)s names one day instead of a period"),
    sentence("the period ends on %(end)s, after the date of the report, %(date)s"),
    sentence("label 002 (entry number) is missing"),
    sentence("%(total)s %(kind)s records are announced, but the report has %(count)s"),
    sentence("the first %(kind)s record does not say how many there are"),
    sentence("%(kind)s record %(number)s comes %(times)s times"),
    sentence("%(kind)s records run up to %(last)s, but %(named)s is missing"),
    sentence("%(kind)s records run up to %(last)s, but the report has %(count)s"),
    sentence("label 391 (text of the note) is missing"),
    sentence("%(reference)s is not a reference of a note"),
    sentence(
        "the note holds %(sign)s at character %(place)s; capitals, digits and plain signs are "
        "asked for"
    ),
    sentence("the note has %(length)s characters; %(most)s fit"),
    sentence(
        "the record has %(length)s characters, labels included; records of a textual report "
        "should not exceed %(most)s"
    ),
    sentence("the note speaks of entry %(number)s, which this report does not have"),
    sentence("the note speaks of entry %(number)s, but that entry has no 390:Y"),
    sentence("390:Y in entry %(number)s"),
    sentence("the entry announces a note (390:Y), but no note of the report speaks of it"),
    sentence("an NC record with 099:E/%(number)s"),
    sentence("first/last day"),
    sentence("E/entry, R, R/report or E/report/entry"),
    sentence("type of change or balance line"),
    sentence("date of change"),
    sentence("material description code"),
    sentence("operator's material description code"),
    sentence("operator's description"),
    sentence("batch name"),
    sentence("shipper's batch name"),
    sentence("measurement basis"),
    sentence("number of items"),
    sentence("shipper"),
    sentence("receiver"),
    sentence("an inventory change report"),
    sentence("a physical inventory listing"),
    sentence("a material balance report"),
    sentence("label 309 (status) is missing"),
    sentence("%(status)s is not a status"),
    sentence("N, U, C, D or A"),
    sentence("status %(status)s needs the entry that it speaks of"),
    sentence("a new entry refers to no earlier one"),
    sentence("the content has %(length)s characters; %(most)s fit"),
    sentence("the batch name %(name)s has %(length)s characters; %(most)s fit"),
    sentence("the batch name %(name)s holds '/' or ';', which separate items"),
    sentence(
        "%(text)s holds %(sign)s; capital Latin letters, digits and plain signs are asked for"
    ),
    sentence("%(code)s is not Y, nor N/ and a code of up to 12 characters"),
    sentence("%(basis)s is not a measurement basis"),
    sentence("M, N, T or L"),
    sentence("%(party)s is not a State, or a State and an MBA"),
    sentence("basis %(basis)s names no KMP; only M does"),
    sentence("the KMP %(kmp)s is that of label 407; it is named only if it differs"),
    sentence("%(code)s is not a type of change or balance line"),
    sentence("%(code)s (%(said_meaning)s) does not belong in %(said_name)s"),
    sentence("the change is dated %(day)s, after the date of the report, %(date)s"),
    sentence("the change is dated %(day)s, outside the period %(start)s to %(end)s of the report"),
    sentence("label %(label)s (%(said_name)s) does not belong in %(said_kind)s"),
    sentence("the entry has no weight (labels 600 to 800)"),
    sentence("%(code)s (%(said_meaning)s) has no shipper"),
    sentence("%(code)s (%(said_meaning)s) has no receiver"),
    sentence("%(code)s (%(said_meaning)s) needs the shipper"),
    sentence("%(code)s (%(said_meaning)s) needs the receiver"),
    sentence("%(code)s (%(said_meaning)s) should also name the %(said_side)s, which is %(area)s"),
    sentence(
        "the %(said_side)s is %(found)s, but under %(code)s it must be the reporting MBA, %(area)s"
    ),
    sentence(
        "%(partner)s lies in %(country)s itself, but %(code)s (%(said_meaning)s) goes across "
        "its border"
    ),
    sentence("another State"),
    sentence("%(partner)s is not an MBA of %(country)s, as %(code)s needs"),
    sentence("%(area)s cannot be its own partner under %(code)s"),
    sentence("another MBA of the State"),
    sentence("%(code)s (%(said_meaning)s) needs the shipper's batch name"),
    sentence("%(code)s (%(said_meaning)s) has no shipper's batch name"),
    sentence("a name, or UNKNOWN"),
    sentence("%(said_name)s: rebatching takes out %(out)s (RM) and puts in %(into)s (RP)"),
    sentence("%(said_name)s: %(line)s is %(stated)s, but PB with all changes gives %(computed)s"),
    sentence(
        "%(said_name)s: %(line)s is %(stated)s, but PB with all changes, less DI, gives "
        "%(computed)s"
    ),
    sentence("%(said_name)s: %(line)s is %(stated)s, but BA less PE gives %(computed)s"),
    sentence("uranium"),
    sentence("fissile natural uranium"),
    sentence("fissile depleted uranium"),
    sentence(
        "unified uranium (600) stands in place of natural, depleted and enriched uranium, not "
        "beside them"
    ),
    sentence("the weight is %(weight)s; in %(said_where)s it cannot be negative"),
    sentence("label %(label)s (%(said_name)s) stands without its fissile weight"),
    sentence("640, 660 or 670"),
    sentence(
        "label %(label)s is an isotope weight, but label %(element)s (%(said_name)s) or "
        "%(other)s (%(said_other)s) is missing"
    ),
    sentence(
        "label %(label)s is an isotope weight, but label %(element)s (%(said_name)s) is missing"
    ),
    sentence("%(code)s (%(said_meaning)s) needs label %(label)s (%(said_name)s)"),
    sentence("%(code)s (%(said_meaning)s) has no place for label %(label)s"),
    sentence(
        "label %(label)s differs from label %(fissile)s, though both are the fissile weight of "
        "the same material"
    ),
    sentence("label %(label)s weighs more than its element, label %(element)s"),
    sentence("labels %(labels)s together weigh more than their element, label %(element)s"),
    sentence("report %(key)s is in %(other)s and again in %(file)s"),
    sentence("report %(key)s is in %(other)s and again in %(file)s, %(said_how)s"),
    sentence("with the same content"),
    sentence("with different content (%(words)s)"),
    sentence("the file has %(length)s bytes; up to %(most)s are read"),
    sentence("the record begins with a digit zero; it was read as the letter O"),
    sentence("%(text)s does not name a record and its report; the whole record was passed over"),
    sentence("report numbers count from 1"),
    sentence("label %(label)s is %(found)s here, but %(expected)s elsewhere in the report"),
    sentence("label %(label)s is %(found)s here, but %(expected)s in the record before"),
    sentence("label 307 (MBA) is missing"),
    sentence("label %(label)s is missing, though other records of the report have it"),
    sentence("the file is UTF-16 text; it was not read"),
    sentence("the file begins with a byte order mark; it was passed over"),
    sentence("the file is empty"),
    sentence("no record was found"),
    sentence("the record breaks off without '#'"),
    sentence("%(text)s is no data element"),
    sentence("the content holds control characters"),
    sentence("the content holds bytes that are not UTF-8 text"),
    sentence("label %(label)s comes twice in this record; the first one was read"),
    sentence("label %(label)s is empty"),
    sentence("%(content)s holds ':'; the '#' before a following label seems to be missing"),
    sentence("%(content)s is not an entry number"),
    sentence("a number from 1, as in 1/3"),
    sentence("%(content)s is not a status with its reference"),
    sentence("N, U, or C, D, A with a reference, as in C/XA;104/1"),
    sentence("%(content)s is not Y"),
    sentence("%(content)s has more than three items"),
    sentence("basis/KMP/method"),
    sentence("%(content)s is not a number of items"),
    sentence("an integer; 0 for bulk"),
    sentence("Code 10 has no label %(label)s"),
    sentence("label %(label)s does not belong in this record"),
    sentence("%(content)s is in no known unit"),
    sentence("the unit here is %(unit)s, but %(content)s has no unit letter"),
    sentence("the unit here is %(unit)s, but %(content)s ends in %(letter)s"),
    sentence("%(content)s has more decimals than a milligram needs"),
    sentence("%(content)s has more decimals than a milligram needs; it was read as %(read)s"),
    sentence("%(number)s more findings like the ones shown"),
    sentence("number %(number)s was used before, in act %(used)s, with other content"),
    sentence("number %(number)s was used before, with other content"),
    sentence("Give the report the next free number."),
    sentence("%(mba)s is not registered"),
    sentence("%(mba)s is not registered in the books"),
    sentence("Give the context of the area with --context, or correct label 307."),
    sentence("%(mba)s lies in facility %(facility)s, the report says %(other)s"),
    sentence("Correct label 207."),
    sentence("%(mba)s belongs to %(state)s, the report is of %(country)s"),
    sentence("Correct label 001."),
    sentence("the context is of %(country)s, these are the books of %(state)s"),
    sentence("no report could be read"),
    sentence("the report was sent again and accepted"),
    sentence("names the State %(country)s, the report is of %(other)s"),
    sentence("refers to a later report"),
    sentence("names an entry of another kind of report, type %(type)s"),
    sentence("names an entry that was deleted"),
    sentence("names an entry that was corrected since; the entry last reported is %(entry)s"),
    sentence("names an entry that does not exist"),
    sentence("names an entry that does not exist; %(entry)s has the same code, date and batch"),
    sentence("names an entry that does not exist, or that was deleted"),
    sentence("adds an entry under a number that is taken"),
    sentence("adds an entry to report %(report)s, which is not known"),
    sentence("adds to a report of another kind, type %(type)s"),
    sentence(
        "the workbook of %(size)s bytes would unpack to %(unpacked)s bytes; it was not opened"
    ),
    sentence(
        "Save the table anew with a spreadsheet program, without formats on empty rows, or as CSV."
    ),
    sentence(
        "this is a report of %(mba)s, for which you may not report; nothing of what was sent "
        "is recorded"
    ),
    sentence(
        "Send the reports of your own areas only (%(areas)s); take this one out of the files."
    ),
    sentence("row %(number)s states the weight of label %(label)s a second time for one entry"),
    sentence("Give each weight once; begin a new entry with its batch."),
    sentence(
        "in row %(number)s, a category and its element weight go together; one of them is missing"
    ),
    sentence("in row %(number)s, an isotope and its weight go together; one of them is missing"),
    sentence("Fill in the other, or leave both out."),
    sentence("Split the file between two reports and send the parts."),
    sentence("Check that the file was written out in full and send it again."),
    sentence("Check that this is the right file; a record begins with 001:OI/ or 001:NC/."),
    sentence("Save the file as plain text (ASCII, or UTF-8 if non-Latin letters were agreed)."),
    sentence("The file was damaged on its way or is not text; send it again."),
    sentence("A data element is a label of three digits, ':', its content and '#'."),
    sentence("Write 001:OI/ or 001:NC/ (letters, not zero), the State, ';' and the report number."),
    sentence("The last data element may be incomplete; send the report again in full."),
    sentence("Keep one of the two; also check that '#001:' of a following record is not missing."),
    sentence("It is kept with the entry but plays no part; check the label for a typing error."),
    sentence("Add the label and send the report again."),
    sentence("It is kept but plays no part; check the report type (label 010)."),
    sentence("The content as read is kept with the finding; correct it and send the report again."),
    sentence("All records of a report carry the same facility, MBA, date, type and period."),
    sentence("Write digits with '.' as decimal sign; the type of change gives the sign."),
    sentence("The weight was read in the unit as written; write K for 610, 620 and 800, else G."),
    sentence(
        "What is finer than a milligram was rounded; write at most 3 decimals of a gram or 6 "
        "of a kilogram."
    ),
    sentence("Check the number and its unit."),
    sentence("Correct the code; mind letter O against digit 0."),
    sentence("M or T: measured here; N or L: elsewhere; L or T: reported before."),
    sentence("Shorten the name, and use the short one in all reports."),
    sentence(
        "Correct the code; PB, BE, BA, PE, MF and RAxx stand in material balance reports only."
    ),
    sentence("Give both parties of a transfer; the reporting MBA is one of them."),
    sentence("Give the name that the shipper used, or UNKNOWN."),
    sentence("Add one of the labels 640, 660 or 670."),
    sentence("Add the weight of the element."),
    sentence(
        "The first letter of the code is the old category, the second the new one; give the "
        "element weight of both."
    ),
    sentence("Compare both weights with the source data; digits or labels may be exchanged."),
    sentence("Check both dates; only corrections may lie outside the period."),
    sentence("Check the year and the month of both dates."),
    sentence("Name the entry last reported by State, report and entry, as in C/XA;104/1."),
    sentence("Records may have been lost; send the whole report again."),
    sentence("Number the OI records from 1, and the NC records likewise."),
    sentence("Send each report once; corrections go into a new report."),
    sentence("Write the note in capital Latin letters."),
    sentence("Split the text into several NC records."),
    sentence("Add the note, or correct its reference (label 099)."),
    sentence("Add 390:Y# to the entry."),
    sentence("Within a report the sums of RM and RP agree for every weight."),
    sentence("BE + RABE = PB + increases - decreases +/- category changes."),
    sentence("BA + RABA = PB + increases - decreases +/- category changes - DI."),
    sentence("MF + RAMF = BA - PE."),
    sentence("Choice of keiryo"),
    sentence("Follows from the definitions"),
    sentence("Follows from label 003"),
    sentence("follows from it"),
    sentence("signs: choice of keiryo"),
    sentence("ages: choice of keiryo"),
    sentence("limit: choice of keiryo"),
    sentence("date, type and period: follows from it"),
    sentence("beginning on the day after: regional rules"),
    sentence("Code 10 label %(label)s"),
    sentence("Code 10, label %(label)s"),
    sentence("Code 10 labels %(labels)s"),
    sentence("Code 10, labels %(labels)s"),
    sentence("Code 10 labels 600 to 800"),
    sentence("Code 10, labels 600 to 800"),
    sentence("Code 10 labels 411, 600 to 800"),
    sentence("Code 10 labels 370, 372 and section 4.2"),
    sentence("Code 10 labels %(labels)s and %(last)s"),
    sentence("Code 10, labels %(labels)s and %(last)s"),
    sentence("Code 10, labels 640 to 670"),
    sentence("Code 10 section %(section)s"),
    sentence("Code 10 sections 4.1 to 4.3"),
    sentence("INFCIRC/153 paragraph %(paragraph)s"),
    sentence("INFCIRC/153 para %(paragraph)s"),
    sentence("INFCIRC/153 paragraphs %(paragraphs)s and %(last)s"),
    sentence("INFCIRC/153 paras %(paragraphs)s and %(last)s"),
    sentence("INFCIRC/153 paras %(first)s to %(last)s"),
    sentence("a material description code has no blanks around it and is not empty"),
    sentence("%(text)s has small letters; material description codes are in capitals"),
    sentence(
        "%(text)s does not have the four positions form/chemical form/containment/quality, or "
        "QS/containment/quality for a sealed source"
    ),
    sentence("QS (sealed source) stands for the first two positions; no chemical form"),
    sentence(
        "the physical form is the digit zero, which is not a code; the letter O is probably meant"
    ),
    sentence(
        "the chemical form is the digit zero, which is not a code; the letter O is probably meant"
    ),
    sentence(
        "the containment is the digit zero, which is not a code; the letter O is probably meant"
    ),
    sentence("the quality is the digit zero, which is not a code"),
    sentence("%(value)s is not a code for the physical form; codes are %(codes)s"),
    sentence("%(value)s is not a code for the chemical form; codes are %(codes)s"),
    sentence("%(value)s is not a code for the containment; codes are %(codes)s"),
    sentence("%(value)s is not a code for the quality; codes are %(codes)s"),
    sentence(
        "%(mdc)s: quality %(quality)s (%(said_quality)s) does not go with form %(form)s "
        "(%(said_form)s): %(said_reason)s"
    ),
    sentence("powders and liquids are not manufactured articles"),
    sentence("a complete fuel element is fuel or a manufactured article"),
    sentence("fresh and irradiated fuel is in fuel units, pellets or particles"),
    sentence("%(code)s is not a type of inventory change or accounting entry"),
    sentence("rounding adjustment to %(code)s (%(said_meaning)s)"),
    sentence(
        "Send labelled Code 10, an XLSX workbook, CSV or JSON; a program for tables can save "
        "its file as XLSX."
    ),
    sentence("the file is a PDF file"),
    sentence("the file is a text document (RTF)"),
    sentence("the file is a web page"),
    sentence("the file is a web page, perhaps saved as if it were a workbook"),
    sentence("the file is an XML file"),
    sentence("the file is a picture"),
    sentence("the file is not known"),
    sentence("the file is %(said_name)s, and not an XLSX workbook"),
    sentence("a PDF file"),
    sentence("a text document (RTF)"),
    sentence("a web page"),
    sentence("a web page, perhaps saved as if it were a workbook"),
    sentence("an XML file"),
    sentence("a picture"),
    sentence("a binary workbook (.xlsb)"),
    sentence("a ZIP archive"),
    sentence("a JPEG picture"),
    sentence("a PNG picture"),
    sentence("the file is a workbook in the old binary format (.xls)"),
    sentence("Open it and save it as 'Excel workbook (.xlsx)'."),
    sentence("the workbook is protected by a password"),
    sentence("Remove the password (save without encryption) and send it again."),
    sentence("Save it anew from the program that made it, and send it again."),
    sentence("no row with the column titles of a template was found"),
    sentence(
        "Use a template (`keiryo reports template list`); at least three of its column titles "
        "must stand in one row."
    ),
)
"""One sentence each, with names in the places of values."""
