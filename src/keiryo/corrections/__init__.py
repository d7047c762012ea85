"""Correcting what was reported: the chain of entries that follows from one wrong value.

An entry that was reported is never changed. A later report corrects it (status C), deletes it (D)
or adds one that was forgotten (A), and names the entry that it speaks of. One wrong value draws
others after it: the receipt of what was shipped, the shipper/receiver difference of what was
received, the loss of burnt fuel, the balance of a period that is closed. Here the whole chain is
planned, looked at and posted.

Sources: INFCIRC/153 (Corrected), paragraphs 98, 103 and 107; Code 10, labels 309, 390, 391, 411.
"""
