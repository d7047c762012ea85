"""What evaluations say: verdicts in words, assumptions, findings, limits, and their charts."""

from __future__ import annotations

from keiryo.web.translation import sentence

EVALUATION: tuple[str, ...] = (
    sentence("%(mba)s, %(start)s to %(end)s, %(said_of)s: MUF is %(said_size)s; %(said_words)s."),
    sentence("zero"),
    sentence("the sealed items listed are not those on the book, or have other weights"),
    sentence("a limit is exceeded"),
    sentence("more is missing than is likely by measurement error alone"),
    sentence("more was found than is likely by measurement error alone"),
    sentence("nothing indicates a loss, but the measurements are not good enough"),
    sentence("not evaluated: the standard deviation of MUF is not known"),
    sentence("the difference is within measurement error"),
    sentence("the items listed are those on the book, with the same weights"),
    sentence("not evaluated: it has no measurement error"),
    sentence("nothing differs"),
    sentence("The items are compared by name and weight; no measurement error enters."),
    sentence("No standard deviation is known, so nothing can be said about chance."),
    sentence(
        "By the declared errors nothing that enters was measured (or its standard deviation is "
        "zero), so no test can be computed."
    ),
    sentence(
        "By the declared errors nothing that enters was measured (or its standard deviation is "
        "zero), so no test can be computed; then MUF must be exactly zero."
    ),
    sentence(
        "The standard deviation expected of such a facility is %(sigma)s; MUF is %(z)s of it."
    ),
    sentence("The standard deviation of MUF is %(sigma)s; MUF is %(z)s of it."),
    sentence(
        "With nothing missing, chance alone gives as much or more in %(said_share)s of balances."
    ),
    sentence(
        "With nothing wrong, chance alone gives as little or less in %(said_share)s of balances."
    ),
    sentence("more than 99.9 %"),
    sentence("less than 0.1 %"),
    sentence("The limit %(name)s is exceeded: %(value)s against %(limit)s."),
    sentence(
        "The limit %(name)s is exceeded: %(value)s against %(limit)s (a limit not checked "
        "against its source)."
    ),
    sentence(
        "A loss of one significant quantity, here %(amount)s, would be seen with a probability "
        "of %(said_share)s at %(alpha)s %% false alarms."
    ),
    sentence(
        "A loss of one significant quantity, here %(amount)s, would be seen with a probability "
        "of %(said_share)s at %(alpha)s %% false alarms; 95 %% needs a standard deviation of "
        "at most %(needed)s."
    ),
    sentence(
        "A part of the material is high-enriched uranium, so its smaller significant quantity "
        "is taken (%(amount)s kg U-235)."
    ),
    sentence("Error source %(source)s."),
    sentence("The error sources of the element count here, too."),
    sentence(
        "Errors of different sources are independent, of mean zero and small: they are "
        "propagated to first order."
    ),
    sentence("Taken from target values and not from measurements of the facility: %(names)s."),
    sentence(
        "The standard deviation is a planning value: %(fraction)s of the larger of throughput "
        "and inventory (%(source)s; not checked against its source)."
    ),
    sentence(
        "The standard deviation is a planning value: %(fraction)s of the larger of throughput "
        "and inventory (%(source)s)."
    ),
    sentence(
        "%(lines)s lines rest on measurements that stand on both sides of the balance with the "
        "same weight: they cancel and bring no uncertainty."
    ),
    sentence(
        "%(amount)s count as exact: sealed items that are counted, and differences of rounding."
    ),
    sentence("The isotope fraction counts as exact in: %(strata)s."),
    sentence("Nothing is missing from the books: hold-up that no line states is part of MUF."),
    sentence("Limits not checked against their source: %(names)s."),
    sentence(
        "Tests use a false-alarm probability of %(alpha)s %% for each balance: all of it for a "
        "loss, half of it for a gain."
    ),
    sentence(
        "So with %(balances)s balances a false alarm of some balance is more likely than that. "
        "Each statistic of the sequence keeps to it for all balances together."
    ),
    sentence("Not applied, because no uranium of the balance is high-enriched: %(name)s."),
    sentence("Not applied, because no uranium of the balance is low-enriched: %(name)s."),
    sentence(
        "Sealed items are compared by batch name, weight and stated number; seals and serial "
        "numbers of single items are not in the lines."
    ),
    sentence(
        "Sealed items are compared by their sums only: some line has no batch name, or an "
        "inventory has no listing."
    ),
    sentence(
        "%(lines)s lines with %(total)s (%(said_quantity)s) in the balance to %(end)s fit no "
        "stratum of the area: %(batches)s"
    ),
    sentence(
        "%(lines)s lines with %(total)s (%(said_quantity)s) in the balance to %(end)s are in a "
        "stratum without error sources (%(what)s): %(batches)s"
    ),
    sentence(
        "%(lines)s lines with %(total)s (%(said_quantity)s) in the balance to %(end)s were "
        "measured on days on which an error source of their stratum is not in force "
        "(%(what)s): %(batches)s"
    ),
    sentence(
        "Record a stratum that they fit, with its error sources, or with items_only if they "
        "are sealed items."
    ),
    sentence(
        "Give the stratum the error sources of its measurements, or items_only if they are "
        "sealed items."
    ),
    sentence("Record the source for these days, or take it out of the stratum."),
    sentence("the standard deviation of MUF counts every measurement error"),
    sentence(
        "the balance to %(end)s is not evaluated for the isotope: some of its lines state no "
        "fissile weight"
    ),
    sentence("Give the fissile weight of every line, by corrections."),
    sentence(
        "the balance to %(end)s of sealed items has a MUF of %(muf)s (%(said_quantity)s); it "
        "must be exactly zero"
    ),
    sentence(
        "Compare the items listed with those on the book, by name and weight: one is missing, "
        "listed twice, or was given another weight."
    ),
    sentence("REGDOC-2.13.1, section 7.4"),
    sentence(
        "the sealed items of the balance to %(end)s are not those of the book: %(said_words)s"
    ),
    sentence("Look for these items. Correct the listing, or record the change that is missing."),
    sentence(
        "sealed items (strata with items_only) in the balance to %(end)s: %(said_words)s. "
        "Measurement error says nothing about them"
    ),
    sentence(
        "Look for these items. If they were opened, record it: rebatching (RM, RP), or a "
        "listing in a stratum that is measured."
    ),
    sentence(
        "the balance to %(end)s, %(said_quantity)s: %(said_words)s; MUF is %(muf)s, %(z)s "
        "standard deviations"
    ),
    sentence(
        "the balance to %(end)s, %(said_quantity)s: %(said_words)s; MUF is %(muf)s, %(z)s "
        "standard deviations; %(limits)s"
    ),
    sentence("the balance to %(end)s, %(said_quantity)s: %(said_words)s; MUF is %(muf)s"),
    sentence(
        "Look for a mistake first: a line missing, booked twice or in the wrong period, a "
        "measurement that is out of control. What remains is to be investigated and reported."
    ),
    sentence("probability of a false alarm and limits, as stated with the verdict"),
    sentence(
        "the balance to %(end)s, %(said_quantity)s: MUF of %(muf)s is rounding of a reported "
        "inventory; nothing was measured anew"
    ),
    sentence(
        "the balance to %(end)s, %(said_quantity)s: MUF of %(muf)s is all because a reported "
        "inventory and its listing differ; nothing was measured anew"
    ),
    sentence("Nothing to do."),
    sentence("Correct the listing or the balance report."),
    sentence("Code 10, label 411: PB is the PE of the balance before"),
    sentence("Code 10, label 411: rounding adjustments"),
    sentence(
        "the balance to %(end)s, %(said_quantity)s: MUF is %(muf)s, but by the declared errors "
        "nothing was measured there (or its standard deviation is zero), and then it must be "
        "exactly 0"
    ),
    sentence(
        "For sealed items this is a mistake in the records: look into it. Otherwise declare "
        "the errors of what was measured."
    ),
    sentence("MUF of what is not measured anew is zero by definition"),
    sentence(
        "the balances to %(end)s, %(said_quantity)s: %(statistic)s alarms at balance "
        "%(number)s, to %(day)s: %(said_reason)s"
    ),
    sentence(
        "the balances to %(end)s, %(said_quantity)s: %(statistic)s alarms at balance "
        "%(number)s, to %(day)s (and at %(more)s more): %(said_reason)s"
    ),
    sentence(
        "Look for a mistake in this balance and those before it first, then for a loss that "
        "goes on."
    ),
    sentence("probability of a false alarm of the whole sequence, for each statistic"),
    sentence(
        "%(mba)s, category %(category)s, %(count)s balances to %(end)s: no statistic of the "
        "sequence passed its threshold."
    ),
    sentence("%(mba)s, category %(category)s, %(count)s balances to %(end)s: %(said_words)s."),
    sentence("Alarms: %(alarms)s."),
    sentence(
        "the balance to %(end)s was evaluated by act %(act)s; since then its lines, their "
        "measurements, the limits or the way of computing have changed"
    ),
    sentence("Record the evaluation again (--record): it corrects the earlier one."),
    sentence("an evaluation holds for what was known when it was made"),
    sentence(
        "the inventory of %(day)s in the balance to %(end)s differs from its listing by "
        "%(amount)s; the difference enters MUF as an amount without measurement error"
    ),
    sentence("It is usually rounding. Otherwise correct the listing or the balance report."),
    sentence(
        "the inventory of %(day)s in the balance to %(end)s is one sum of %(amount)s: its "
        "listing is not in the books"
    ),
    sentence("Import the listing, so that what was not measured again can cancel."),
    sentence("the report of %(end)s states a rounded MUF of %(rounded)s; evaluated is %(muf)s"),
    sentence("Nothing to do: only the report is rounded, never what is computed with."),
    sentence("Where the variance of MUF comes from"),
    sentence("Where the variance of MUF of %(isotope)s comes from"),
    sentence("Where the variance of MUF comes from, mean of %(count)s balances"),
    sentence("Nothing to show: no error source brings any variance."),
    sentence("σ is %(sigma)s %(unit)s."),
    sentence("The largest parts of the variance: %(said_parts)s."),
    sentence("Errors that cancel take off %(share)s."),
    sentence(
        "Shares of the variance add up to 100 %; the kilograms beside them do not, they say "
        "what σ would be from that part alone."
    ),
    sentence("Correlation of the balances"),
    sentence("Correlation of 1 balance with itself."),
    sentence("Correlation of the MUF of %(count)s balances."),
    sentence("Neighbours, which share an inventory: %(low)s to %(high)s."),
    sentence("All pairs: %(low)s to %(high)s."),
    sentence("MUF of each balance"),
    sentence("CUMUF, the running sum of MUF"),
    sentence("SITMUF, what each balance adds that is new"),
    sentence("Page's test, the cumulated sum of SITMUF"),
    sentence("EWMA, the weighted mean of SITMUF"),
    sentence("%(name)s, the loss over its uncertainty"),
    sentence("Nothing to show: no balance is closed yet."),
    sentence("Nothing to show: %(name)s could not be computed for any balance."),
    sentence(
        "%(said_name)s of %(count)s balances: from %(low)s in balance %(first)s to %(high)s in "
        "balance %(last)s."
    ),
    sentence("%(name)s of 1 balance: %(value)s in balance %(number)s."),
    sentence("It is not defined or missing for 1 balance."),
    sentence("It is not defined or missing for %(count)s balances."),
    sentence("Alarm in balance %(numbers)s."),
    sentence("No balance raised an alarm."),
    sentence("three standard deviations"),
    sentence("SEID of active inventory, strategic"),
    sentence("ID of three SEID and 200 g plutonium"),
    sentence("ID of three SEID and 200 g U-233"),
    sentence("ID of three SEID and 300 g U-235 in high-enriched uranium"),
    sentence("ID of three SEID and 9000 g U-235 in low-enriched uranium"),
    sentence("twice the SEID"),
    sentence("rule of thumb of safeguards courses: |MUF| below three standard deviations (NSSPI)"),
    sentence(
        "10 CFR 74, strategic special nuclear material: SEID below 0.125 % of active inventory"
    ),
    sentence(
        "10 CFR 74, strategic special nuclear material: ID above 3 SEID and 200 g Pu is reported"
    ),
    sentence(
        "10 CFR 74, strategic special nuclear material: ID above 3 SEID and 200 g U-233 is reported"
    ),
    sentence(
        "10 CFR 74, strategic special nuclear material: ID above 3 SEID and 300 g U-235 is reported"
    ),
    sentence(
        "10 CFR 74.31: 2 SEID at most the larger of 9 kg U-235 and 0.25 % of active inventory"
    ),
    sentence("10 CFR 74.31: ID above 3 SEID and 9000 g U-235 is reported"),
    sentence(
        "IAEA Safeguards Glossary, 2001 edition: expected measurement uncertainty of a balance"
    ),
    sentence("decision recorded in the books"),
    sentence("between strata"),
    sentence("MUF / sigma"),
    sentence("false-alarm probability"),
    sentence("expected standard deviation"),
    sentence("p of a loss by chance"),
    sentence("detection of one significant quantity"),
    sentence("normal distribution, mean zero"),
    sentence("one-sided"),
    sentence("of each balance, and of each statistic of a sequence"),
    sentence("%(value)s %% is half of the amount or more"),
    sentence("%(amount)s kg is more than any balance held"),
    sentence("%(text)s is less than nothing"),
    sentence("%(text)s is no number that can be used"),
    sentence("%(text)s is no number of measurements"),
    sentence("%(value)s %% is no probability of a false alarm"),
    sentence("with %(value)s %% every second alarm is false"),
    sentence("a relative standard deviation of %(value)s %% is not below %(limit)s %%"),
    sentence("Give %(said_expected)s; or leave it as it is."),
    sentence("zero or more"),
    sentence("per cent from 0.01 to 50, e.g. 5"),
    sentence("per cent of the amount, one sigma, e.g. 0.05"),
    sentence("It is computed as it was asked; look whether the unit is the right one."),
    sentence("Control chart of %(series)s"),
    sentence("Control chart of the sessions of %(series)s"),
    sentence("Relative deviation"),
    sentence("Nothing to show: there is no covariance of balances."),
    sentence("Nothing to show: no balance has a known variance."),
    sentence("Correlation: blue negative, white none, red positive"),
)
"""One sentence each, with names in the places of values."""
