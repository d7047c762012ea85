"""What the questions between reports say to the books of an area and of a State."""

from __future__ import annotations

from keiryo.web.translation import sentence

FINDINGS_BETWEEN: tuple[str, ...] = (
    sentence("after %(day)s the book of category %(category)s (element weight) is %(amount)s"),
    sentence("after %(day)s the book of category %(category)s (fissile weight) is %(amount)s"),
    sentence(
        "the name %(batch)s is used for a new batch, though an earlier batch of that name was "
        "used up"
    ),
    sentence("after %(day)s batch %(batch)s holds %(amount)s of category %(category)s"),
    sentence(
        "after %(day)s batch %(batch)s holds %(amount)s of category %(category)s (fissile weight)"
    ),
    sentence(
        "%(batch)s is listed as reported before (%(basis)s), but the ledger holds nothing "
        "under that name"
    ),
    sentence(
        "%(batch)s is listed as reported before (%(basis)s), but the ledger holds nothing "
        "under that name; %(other)s holds these weights"
    ),
    sentence(
        "%(batch)s is listed with %(found)s of category %(category)s as reported before "
        "(%(basis)s), but the ledger holds %(expected)s"
    ),
    sentence("the number of items listed on %(day)s is %(listed)s, but %(count)s should be there"),
    sentence("%(code)s of %(batch)s is dated %(day)s, the day of a physical inventory taking"),
    sentence("MF of category %(category)s is %(amount)s in an item area"),
    sentence("%(mba)s holds %(amount)s effective kg on %(day)s"),
    sentence("%(code)s is %(amount)s; a book cannot be below zero"),
    sentence("%(line)s with RA%(code)s is %(found)s"),
    sentence("enriched uranium of %(enrichment)s, below natural (%(limit)s)"),
    sentence("depleted uranium of %(enrichment)s, above natural (%(limit)s)"),
    sentence("%(batch)s is fresh uranium fuel (%(mdc)s) and yet holds plutonium"),
    sentence(
        "%(code)s (%(said_meaning)s) on %(batch)s, which is described as not irradiated (%(mdc)s)"
    ),
    sentence("uranium of %(batch)s crosses 20 %%: it now has 20 %% or more"),
    sentence("uranium of %(batch)s crosses 20 %%: it now has less than 20 %%"),
    sentence(
        "%(code)s of %(batch)s on %(day)s is reported again, as in report %(report)s entry "
        "%(entry)s, with the same weights"
    ),
    sentence(
        "%(batch)s is used twice for %(code)s on %(day)s, as in report %(report)s entry %(entry)s"
    ),
    sentence(
        "%(batch)s is listed twice, as in report %(report)s entry %(entry)s, with the same weights"
    ),
    sentence("%(batch)s is marked %(basis)s, reported before, but %(mba)s has not reported it"),
    sentence("%(batch)s is marked N, not reported before, but %(mba)s has reported these weights"),
    sentence("%(batch)s has %(code)s on %(day)s, but no %(other)s on that day"),
    sentence("the correction of %(where)s changes nothing"),
    sentence("Look which value was to be corrected, and send the correction again."),
    sentence("the correction of %(where)s changes %(parts)s"),
    sentence("%(mba)s lies in facility %(facility)s, not in %(other)s"),
    sentence("report %(number)s: the last number used before was %(before)s"),
    sentence("report %(number)s is missing before report %(later)s of %(mba)s"),
    sentence("reports %(first)s to %(last)s are missing before report %(later)s of %(mba)s"),
    sentence("the %(said_name)s for %(day)s was due on %(due)s and is dated %(date)s"),
    sentence("the change of %(day)s was to be reported by %(due)s; the report is dated %(date)s"),
    sentence(
        "the initial report shows %(first)s, not %(situation)s, the end of the month of entry "
        "into force"
    ),
    sentence("the initial report was due on %(due)s and is dated %(date)s"),
    sentence(
        "the balance begins on %(start)s, but the last physical inventory was taken on %(earlier)s"
    ),
    sentence(
        "between the inventory takings of %(before)s and %(after)s lie more than %(months)s months"
    ),
    sentence("no inventory was taken in %(year)s: the takings are of %(before)s and %(after)s"),
    sentence("the period %(start)s to %(end)s crosses the physical inventory taking of %(day)s"),
    sentence(
        "report %(number)s states again, as new, what report %(other)s states for %(day)s; it "
        "was left aside"
    ),
    sentence("Send corrections as entries of status C, and each report once."),
    sentence("the balance ends on %(day)s, but the listing is of %(other)s"),
    sentence("the balance ends on %(day)s, but no listing of that day was reported"),
    sentence("category %(category)s is listed on %(day)s, but the balance has no line for it"),
    sentence("the inventory of %(day)s was listed, but no balance up to that day was reported"),
    sentence("the note speaks of %(what)s, which %(mba)s has not sent"),
    sentence(
        "more of category %(category)s is released from exemption on %(kind)s than was "
        "exempted: %(amount)s would be left"
    ),
    sentence(
        "with this entry %(found)s kg of %(said_name)s are exempted in the State, more than "
        "%(limit)s kg (paragraph 37(%(letter)s))"
    ),
    sentence("special fissionable material"),
    sentence("natural and depleted uranium above 0.5 %"),
    sentence("depleted uranium up to 0.5 %"),
    sentence("with this entry %(amount)s of category %(category)s are left in retained waste"),
    sentence("%(batch)s went to retained waste (TW) and is listed on %(day)s all the same"),
    sentence(
        "the loss of %(amount)s of category %(category)s lies beyond the limit of %(limit)s, "
        "and no textual report followed"
    ),
    sentence(
        "%(batch)s, shipped by %(sender)s to %(receiver)s on %(day)s, has not been received by "
        "%(on)s (%(age)s days)"
    ),
    sentence(
        "%(batch)s, shipped by %(sender)s to %(receiver)s on %(day)s, has not been received by "
        "%(on)s (%(age)s days); %(likely)s may be its receipt"
    ),
    sentence("%(batch)s was received from %(shipper)s under a shipper's batch name unknown"),
    sentence(
        "%(batch)s was received from %(shipper)s as %(name)s, but no such shipment was reported"
    ),
    sentence(
        "%(batch)s was received from %(shipper)s as %(name)s, but no such shipment was "
        "reported; by weight and date it may be %(likely)s"
    ),
    sentence(
        "%(batch)s was received from %(shipper)s as %(name)s, but no such shipment was "
        "reported; it may have been shipped before the books begin, on %(begun)s or earlier"
    ),
    sentence(
        "%(batch)s was received from %(shipper)s under a shipper's batch name unknown; by "
        "weight and date it may be %(likely)s"
    ),
    sentence(
        "%(batch)s was received from %(shipper)s under a shipper's batch name unknown; it may "
        "have been shipped before the books begin, on %(begun)s or earlier"
    ),
    sentence("%(batch)s was shipped as one batch and received in %(count)s parts"),
    sentence("one receipt"),
    sentence(
        "The shipper splits the batch by RM and RP first and ships each part by itself; ask "
        "both sides to correct their entries."
    ),
    sentence("%(batch)s was received on %(day)s, before it was shipped on %(sent)s"),
    sentence("%(batch)s was shipped as %(old)s and received as %(new)s"),
    sentence("%(batch)s: %(shipped)s items were shipped, %(counted)s received"),
    sentence("%(batch)s: received %(new)s, shipped %(old)s"),
    sentence("%(party)s is not a registered area of %(country)s"),
    sentence("one of %(areas)s"),
    sentence(
        "a shipper/receiver difference is booked on %(batch)s, but no receipt of that batch "
        "was reported before it"
    ),
    sentence("the difference of %(batch)s is %(found)s, %(share)s %% of what was received"),
    sentence("Give the context of the area, register it, or correct label 307."),
    sentence("Correct label 207, or the register."),
    sentence("Correct label 001, or the register."),
    sentence("Ask for the missing report; numbers run on over all types of report of an area."),
    sentence("Give the report the next free number; corrections go into a new report."),
    sentence("Correct the code of the partner, or register the area."),
    sentence(
        "N or M for data reported for the first time, L or T for data that the area has "
        "reported already."
    ),
    sentence(
        "Changes are to be reported within the days after the end of their month that the "
        "profile states; ask for the reason."
    ),
    sentence(
        "Both are due within the days after the physical inventory taking that the profile "
        "states; ask for the reason."
    ),
    sentence(
        "It is due 30 days after the last day of the month of entry into force and shows the "
        "situation on that day."
    ),
    sentence(
        "Take the inventory in each calendar year, and within the months that the profile states."
    ),
    sentence(
        "A balance begins on the day after the taking before, and ends on the day of the listing."
    ),
    sentence("Report the changes before and after the taking in separate reports."),
    sentence("Register the notice; exports normally two weeks before preparation for shipping."),
    sentence("Send a special report without delay."),
    sentence("Check both weights and the label; after burn-up below natural an entry ED is due."),
    sentence("The batch belongs to another class now; tell the inspectorate."),
    sentence("Correct the fourth position of label 430, or note the decay."),
    sentence("Check label 700 and the material description (430)."),
    sentence("A name is unique to the area for any transaction on one date; use another name."),
    sentence("Look for a receipt that is missing, or a weight that is too large."),
    sentence("Check the batch name and the weights."),
    sentence("Compare label 470 of the listing with the receipts and shipments."),
    sentence("Delete one of the two entries (status D), or correct its date or batch."),
    sentence("More cannot come back (FW) than went out (TW), and what is out is not listed."),
    sentence("Ask for de-exemption, or correct the entries."),
    sentence("At power reactors both are due on the same day; look for the missing entry."),
    sentence("Items are there or not; investigate."),
    sentence(
        "What an inventory taking finds belongs to the material unaccounted for, not to GA or LA."
    ),
    sentence("The location may have to be treated as a facility."),
    sentence("Repeat the PE of the balance before."),
    sentence("Compare the entries of the period with the balance; correct whichever is wrong."),
    sentence("Compare the DI entries of the period with the balance."),
    sentence("Compare the listing with the PE lines of the balance."),
    sentence("With L or T the weights are those reported before; after a new measurement write M."),
    sentence("Ask for the missing report or lines."),
    sentence("Refer to the entry last reported, by country, report and entry."),
    sentence("Refer to the entry that is effective now, by country, report and entry."),
    sentence("Nothing, if this is what was meant."),
    sentence("Ask the receiver whether it has arrived."),
    sentence("Ask the shipper for its report, or correct the shipper's batch name (447)."),
    sentence("A receipt is booked on the shipper's data; book the difference as DI."),
    sentence("Correct the date of one of the two."),
    sentence("Shipment and receipt in the State carry the same code (430)."),
    sentence("Count the items (470) again."),
    sentence("Look at the measurements of both sides."),
    sentence("National rules (Canada, United Kingdom)"),
)
"""One sentence each, with names in the places of values."""
