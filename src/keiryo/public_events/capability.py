"""What plans of major public events bring to the posting pipeline."""

from __future__ import annotations

from keiryo.journal.registry import Capability
from keiryo.public_events.day_checks import DAY_HOLDS
from keiryo.public_events.day_tables import DAY_KINDS
from keiryo.public_events.links import dependents, explain
from keiryo.public_events.recording import PLANS_HOLD
from keiryo.public_events.tables import LINE_KINDS

PUBLIC_EVENTS = Capability(
    "public_events",
    line_kinds=(*LINE_KINDS, *DAY_KINDS),
    checks=(PLANS_HOLD, DAY_HOLDS),
    explainers=(explain,),
    dependents=(dependents,),
)
