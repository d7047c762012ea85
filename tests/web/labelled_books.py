"""Books of State XA whose material is under labels: partners, openings, a receipt, consents."""

from __future__ import annotations

import datetime

from keiryo.obligations.recording import (
    begin_labels,
    give_consent,
    read_rows,
    record_register,
    set_consent_rule,
    state_receipt,
)
from web.site import Site

BEGINS = datetime.date(2024, 12, 31)
PARTNERS = b"""
[[labels]]
label = "AU"
name = "Australia"
kind = "State"
agreement_words = "Agreement of 1982"

[[labels]]
label = "US"
name = "United States <b>of</b> America"
kind = "State"
instrument = "i.us-jp-1988"
agreement_words = "Agreement of 1988"

[[labels]]
label = "EURATOM"
name = "European Atomic Energy Community"
kind = "organisation"

[[members]]
label = "EURATOM"
state = "FR"
"""
OPENINGS = (
    {"mba": "XAFA", "category": "E", "cells": {"AU+US": "3/5", "US": "0.3", "-": "0.1"}},
    {"mba": "XAFA", "category": "N", "cells": {"AU": "0.5", "-": "0.5"}},
    {"mba": "XARA", "batch": "A01", "category": "E", "cells": {"US": "1"}},
)


def label(site: Site) -> None:
    """Record partners, begin to keep labels, and state what came in."""
    books, actor = site.database, site.actor("cooperation")
    record_register(books, actor, "partners.toml", PARTNERS)
    set_consent_rule(books, actor, "note", "What was shipped before is noted.")
    begin_labels(books, actor, read_rows("openings", OPENINGS), BEGINS, "Inventory of 2024.")
    state_receipt(
        *(books, actor, "XAFA", "CYL30B-4471", {"EURATOM": "2/3", "-": "1/3"}),
        document="Letter of 2025-01-20",
    )
    give_consent(
        *(books, actor, "C-1", "US", "retransfer", "Letter 7"),
        amount="100 kg",
        valid_to=datetime.date(2026, 2, 28),
    )
