"""What cooperation brings to the journal."""

from __future__ import annotations

from keiryo.cooperation import exchange_tables, meeting_links, meeting_tables
from keiryo.cooperation.explain import dependents, explain
from keiryo.cooperation.information_checks import INFORMATION_HOLDS
from keiryo.cooperation.meeting_rules import MEETINGS_HOLD
from keiryo.cooperation.mission_checks import MISSIONS_HOLD
from keiryo.cooperation.personnel import EXCHANGES_HOLD
from keiryo.cooperation.steps import STEPS_HOLD
from keiryo.cooperation.tables import LINE_KINDS
from keiryo.journal.registry import Capability

COOPERATION = Capability(
    "cooperation",
    line_kinds=(*LINE_KINDS, *meeting_tables.LINE_KINDS, *exchange_tables.LINE_KINDS),
    checks=(STEPS_HOLD, MEETINGS_HOLD, INFORMATION_HOLDS, MISSIONS_HOLD, EXCHANGES_HOLD),
    explainers=(explain, meeting_links.explain, exchange_tables.explain_exchanges),
    dependents=(dependents, meeting_links.dependents, exchange_tables.depend_on_exchanges),
)
