"""Alarms are assessed."""

from __future__ import annotations


from keiryo.storage.migrations.columns import record

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    record(
        "alarm_case",
        "scope! agreement caveat alarm! origin! raised_at! site! lane partner instrument "
        "occupancy gamma_alarm:integer neutron_alarm:integer max_sigma dose_rate_usv_h "
        "subject container consignee trader commodity_code commodity words evidence! reason",
        checks=("origin IN ('INSTRUMENT_ALARM', 'INFORMATION_ALERT')",),
        indexes=((("alarm",), None), (("site",), None), (("container",), "container IS NOT NULL")),
    )
    record(
        "alarm_explanation",
        "scope! agreement caveat alarm! kind! reference! nuclides! given! words! "
        "void:integer! evidence",
        checks=("kind IN ('commodity', 'patient', 'declaration')",),
        indexes=((("alarm",), None), (("reference",), None)),
    )
    record(
        "alarm_identification",
        "scope! agreement caveat alarm! run:integer! by_whom! method! undecided:integer! "
        "residual_passed:integer digest! words",
        indexes=((("alarm", "run"), None), (("digest",), None)),
    )
    record(
        "alarm_limit",
        "scope! agreement caveat site! safety_stop_usv_h! declaration_days! source!",
        indexes=((("site",), None),),
    )
    record(
        "alarm_nuclide",
        "scope! agreement caveat alarm! run:integer! nuclide! given! probability category!",
        indexes=((("alarm", "run"), None),),
    )
    record(
        "alarm_package",
        "scope! agreement caveat alarm! package! direction! at! expert! digest! words",
        checks=("direction IN ('sent', 'answered')",),
        indexes=((("alarm",), None), (("digest",), None)),
    )
    record(
        "alarm_report",
        "scope! agreement caveat alarm! report! state! at! digest! incident_group!",
        checks=(
            "state IN ('drafted', 'released')",
            "incident_group IN ('I', 'II', 'III')",
        ),
        indexes=((("alarm",), None), (("report",), None)),
    )
    record(
        "alarm_step",
        "scope! agreement caveat alarm! before! state! at! by_person! reason! evidence place "
        "dose_rate_usv_h neutrons:integer category fault:integer receiver reference",
        indexes=((("alarm",), None),),
    )
    record(
        "alarm_table_row",
        "scope! agreement caveat kind! name! version! content! source! confirmed_by void:integer!",
        checks=("kind IN ('commodity', 'radiopharmaceutical')",),
        indexes=((("kind", "name"), None),),
    )
