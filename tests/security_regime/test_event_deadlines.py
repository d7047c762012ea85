"""One board of what is due of events, upgrades, computer security and statements."""

from __future__ import annotations

import datetime

from keiryo.journal.model import Actor
from keiryo.security_regime.computer_recording import record_measures, record_systems
from keiryo.security_regime.event_deadlines import event_due_items
from keiryo.security_regime.event_recording import record_events, record_notices
from keiryo.security_regime.event_rule_table import MEASURE, NOTIFICATION, record_rules
from keiryo.security_regime.statement_recording import record_statements
from keiryo.security_regime.upgrade_recording import record_upgrades
from small_books import PLANT, SmallBooks

SITE, DAY = Actor("P-SITE", "XH"), datetime.date(2025, 3, 10)


def test_everything_that_is_due(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHP1=PLANT)
    database, begun = books.database, datetime.date(2025, 1, 1)
    rule = {"severity_at_least": 0, "to": "authority", "within_hours": "24"}
    record_rules(database, SITE, NOTIFICATION, "R-1", begun, [rule])
    need = {"level": 2, "kind": "patching", "within_days": 30}
    record_rules(database, SITE, MEASURE, "R-2", begun, [need])
    event = {
        "facility": "XHF-", "type": "loss_of_material_control", "severity": 4, "category": "I",
        "detected_at": "2025-03-09T08:00Z", "title": "Missing", "out_of_control": "yes",
    }  # fmt: skip
    record_events(database, SITE, [{"event": name, **event} for name in ("E-1", "E-2")])
    given = {"event": "E-2", "to": "authority", "at": "2025-03-09T09:00Z"}
    record_notices(database, SITE, [given])
    system = {
        "system": "S-1", "facility": "XHF-", "function": "safety", "level": 2, "zone": "Z",
        "owner": "it",
    }  # fmt: skip
    record_systems(database, SITE, [system])
    patch = {"system": "S-1", "measure": "M1", "kind": "patching"}
    first = {**patch, "state": "in_place", "on": begun}
    verified = {
        **patch, "state": "verified", "on": begun, "verified_by": "P-2", "evidence": "PT-1",
    }  # fmt: skip
    record_measures(database, SITE, [first, verified])
    upgrade = {
        "upgrade": "U-1", "facility": "XHF-", "title": "Fence", "partner": "US", "aim": "replace",
        "install_by": datetime.date(2025, 3, 20),
    }  # fmt: skip
    record_upgrades(database, SITE, [upgrade])
    statement = {
        "statement": "ST-1", "facility": "XHF-", "target": "T1", "required_level": "B2",
        "meets": "yes", "evaluated_on": begun, "valid_until": datetime.date(2025, 3, 1),
        "evaluated_by": "P-EVAL", "store_head": "c" * 64, "evaluation_ref": "EV-1",
    }  # fmt: skip
    record_statements(database, SITE, [statement])
    with database.reading() as connection:
        items = event_due_items(connection, database.metadata, DAY, scope="XH/XHF-")
        soon = event_due_items(connection, database.metadata, DAY, within_days=5)
    assert [(one.what, one.name, one.days_left) for one in items] == [
        ("computer security measure", "S-1/M1", -38),
        ("protection statement", "ST-1", -9),
        ("notification", "E-1/authority", -1),
        ("upgrade", "U-1", 10),
        ("incident report", "E-1", None),
        ("incident report", "E-2", None),
        ("open event", "E-2", None),
    ]
    assert [one.what for one in items if one.overdue] == [one.what for one in items[:3]]
    assert "upgrade" not in {one.what for one in soon} and len(soon) == 6
