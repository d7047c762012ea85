"""Where the application is put together: the capabilities of keiryo, in order.

Somebody else's package joins through the entry-point group ``keiryo.capabilities``: each entry
names a `keiryo.journal.registry.Capability`.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from keiryo.accounts.capability import ACCOUNTS
from keiryo.alarm_cases.capability import ALARM_CASES
from keiryo.containment.capability import CONTAINMENTS
from keiryo.cooperation.capability import COOPERATION
from keiryo.coverage.capability import COVERAGE
from keiryo.detection_sites.capability import DETECTION_SITES
from keiryo.device_log.capability import DEVICE_LOGS
from keiryo.equipment.capability import EQUIPMENT
from keiryo.errors import UsageError
from keiryo.evaluation.capability import EVALUATIONS
from keiryo.export_control.capability import EXPORT_CONTROL
from keiryo.journal.act_scopes import act_scopes
from keiryo.journal.registry import Capability, Registry
from keiryo.journal.tables import JOURNAL
from keiryo.material_category.capability import MATERIAL_CATEGORIES
from keiryo.material_protection.capability import MATERIAL_PROTECTION
from keiryo.measurement.capability import MEASUREMENTS
from keiryo.movements.explain import MOVEMENTS
from keiryo.obligations.capability import OBLIGATIONS
from keiryo.oversight.tables import OVERSIGHT
from keiryo.people.capability import PEOPLE
from keiryo.places.tables import PLACES
from keiryo.public_events.capability import PUBLIC_EVENTS
from keiryo.reports.tables import REPORTS
from keiryo.seals.capability import SEALS
from keiryo.security_evidence.capability import SECURITY_EVIDENCE
from keiryo.security_regime.capability import SECURITY_REGIME
from keiryo.surveillance.capability import SURVEILLANCE

BUILTIN = (
    *(JOURNAL, PEOPLE, PLACES, ACCOUNTS, REPORTS, MOVEMENTS, OVERSIGHT),
    *(MEASUREMENTS, EVALUATIONS, COOPERATION, OBLIGATIONS),
    *(EQUIPMENT, EXPORT_CONTROL),
    *(DEVICE_LOGS, CONTAINMENTS, SEALS, SURVEILLANCE, COVERAGE),
    *(MATERIAL_CATEGORIES, SECURITY_EVIDENCE, SECURITY_REGIME, MATERIAL_PROTECTION),
    *(DETECTION_SITES, ALARM_CASES, PUBLIC_EVENTS),
)


def builtin_registry(*more: Capability) -> Registry:
    """Return the registry of keiryo's own capabilities and `more`."""
    capabilities = (*BUILTIN, *more)
    return Registry((*capabilities, act_scopes(capabilities)))


def installed_registry() -> Registry:
    """Return keiryo's own capabilities and those of installed packages.

    Raises
    ------
    UsageError
        If an installed package announces something that is no capability.
    """
    found = []
    for entry in sorted(entry_points(group="keiryo.capabilities"), key=lambda e: e.name):
        capability = entry.load()
        if not isinstance(capability, Capability):
            raise UsageError(f"{entry.value} is no capability of keiryo")
        found.append(capability)
    return builtin_registry(*found)
