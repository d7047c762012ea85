"""Parts of what services say, recognised only where a sentence has a place for such a part."""

from __future__ import annotations

from keiryo.web.translation import sentence

PHRASES: tuple[str, ...] = (
    sentence("%(amount)s missing"),
    sentence("%(amount)s found in excess"),
    sentence("%(number)s %%"),
    sentence("natural uranium (%(said_quantity)s)"),
    sentence("depleted uranium (%(said_quantity)s)"),
    sentence("enriched uranium (%(said_quantity)s)"),
    sentence("uranium (%(said_quantity)s)"),
    sentence("plutonium (%(said_quantity)s)"),
    sentence("thorium (%(said_quantity)s)"),
    sentence("an entry %(code)s"),
    sentence("as in %(example)s"),
    sentence("<= %(most)s characters"),
    sentence("%(mba)s received %(amount)s effective kg from State %(state)s on %(day)s"),
    sentence("%(mba)s shipped %(amount)s effective kg to State %(state)s on %(day)s"),
    sentence("%(mba)s received %(amount)s effective kg from an unnamed State on %(day)s"),
    sentence("%(mba)s shipped %(amount)s effective kg to an unnamed State on %(day)s"),
    sentence(
        "%(mba)s received %(amount)s effective kg, together with the %(months)s months before "
        "%(total)s from State %(state)s on %(day)s"
    ),
    sentence(
        "%(mba)s shipped %(amount)s effective kg, together with the %(months)s months before "
        "%(total)s to State %(state)s on %(day)s"
    ),
    sentence("%(days)s days before preparation for shipping"),
    sentence("%(count)s smaller parts %(share)s %%"),
    sentence("%(count)s smaller parts that cancel %(share)s %%"),
    sentence("not assigned to a source %(share)s %%"),
    sentence("%(name)s · between strata %(share)s %%"),
    sentence("%(name)s · %(stratum)s %(share)s %%"),
    sentence("January"),
    sentence("February"),
    sentence("March"),
    sentence("April"),
    sentence("June"),
    sentence("July"),
    sentence("August"),
    sentence("September"),
    sentence("October"),
    sentence("November"),
    sentence("December"),
    sentence("corrected by report %(report)s entry %(entry)s"),
    sentence("deleted by report %(report)s entry %(entry)s"),
    sentence("on the book but not listed: %(names)s"),
    sentence("listed but not on the book: %(names)s"),
    sentence("listed with something else than on the book: %(names)s"),
    sentence("%(count)s smaller parts"),
    sentence("%(count)s smaller parts that cancel"),
    sentence("not assigned to a source"),
    sentence("Random"),
    sentence("Systematic, one calibration"),
    sentence("Systematic, long-term"),
    sentence("Other"),
    sentence("Variance of MUF"),
    sentence("share"),
    sentence("σ alone, %(unit)s"),
    sentence("%(name)s · between strata"),
    sentence("Warning, 2σ"),
    sentence("Action, 3σ"),
    sentence("Outside 3σ, with its number"),
    sentence("Balance and its closing"),
    sentence("Alarm, number of the balance"),
    sentence("Limit for loss, %(limit)sσ"),
    sentence("The same below, a check of the data"),
    sentence("SITMUF, in σ"),
    sentence("S, in σ"),
    sentence("EWMA, in σ"),
    sentence("Mean without loss"),
    sentence("Threshold %(value)s"),
    sentence("Threshold h = %(value)s"),
)
"""One part each; a sentence asks for it by a name that begins with said_."""
