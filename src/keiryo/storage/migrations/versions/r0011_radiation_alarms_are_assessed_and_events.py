"""Radiation alarms are assessed and events protected."""

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
    record(
        "detection_calibration",
        "scope! agreement caveat instrument! on_day:integer! calibrated_by! due_on:integer! "
        "check_source! result! certificate note",
        checks=(
            "result IN ('passed', 'failed')",
            "due_on >= on_day",
        ),
        indexes=((("instrument",), None), (("certificate",), "certificate IS NOT NULL")),
    )
    record(
        "detection_check",
        "scope! agreement caveat instrument! check_name! on_day:integer! result! reading "
        "due_on:integer note",
        checks=(
            "result IN ('passed', 'failed')",
            "due_on IS NULL OR due_on >= on_day",
        ),
        indexes=((("instrument", "check_name"), None),),
    )
    record(
        "detection_detector",
        "scope! agreement caveat instrument! detector! kind! panel:integer place material "
        "serial note",
        checks=(
            "kind IN ('gamma', 'neutron')",
            "panel IS NULL OR panel BETWEEN 1 AND 4",
        ),
        indexes=((("instrument", "detector"), None),),
    )
    record(
        "detection_file",
        "scope! agreement caveat digest! instrument! name! incomplete:integer! "
        "occupancies:integer! records:integer! records_by_code! begins",
        indexes=((("digest",), None), (("instrument",), None)),
    )
    record(
        "detection_health",
        "scope! agreement caveat instrument! digest! kind! code! line:integer! message!",
        indexes=((("instrument",), None), (("digest",), None)),
    )
    record(
        "detection_instrument",
        "scope! agreement caveat instrument! site! lane instrument_class! maker! model! "
        "serial! firmware equipment note",
        checks=(
            "instrument_class IN ('portal', 'spectroscopic-portal', 'riid', 'backpack', "
            "'personal', 'mobile')",
        ),
        indexes=((("instrument",), None), (("site",), None)),
    )
    record(
        "detection_lane",
        "scope! agreement caveat lane! site! traffic direction note",
        indexes=((("lane",), None), (("site",), None)),
    )
    record(
        "detection_measurement",
        "scope! agreement caveat digest! number:integer! instrument! occupancy shown!",
        indexes=((("digest",), None), (("instrument",), None)),
    )
    record(
        "detection_occupancy",
        "scope! agreement caveat instrument! start! end counter:integer digest! "
        "first_line:integer! last_line:integer! complete:integer! evaluated:integer! "
        "gamma_alarm:integer neutron_alarm:integer instrument_alarm:integer! max_sigma "
        "n_sigma! n_source! speed_kmh findings",
        indexes=((("instrument", "start"), None), (("digest",), None)),
    )
    record(
        "detection_response",
        "scope! agreement caveat instrument! digest! name! form! detector! templates:integer "
        "from_day:integer! note",
        checks=("form IN ('templates', 'response')",),
        indexes=((("instrument",), None), (("digest",), None)),
    )
    record(
        "detection_setup",
        "scope! agreement caveat instrument! valid_from! n_sigma! intervals:integer panels "
        "flags gamma_high:integer gamma_low:integer source",
        indexes=((("instrument", "valid_from"), None),),
    )
    record(
        "detection_site",
        "scope! agreement caveat site! name! site_type! zone! partner default_n_sigma note",
        checks=("site_type IN ('seaport', 'airport', 'land-border', 'event-venue', 'other')",),
        indexes=((("site",), None),),
    )
    record(
        "detection_test",
        "scope! agreement caveat test! instrument! requirement! required! confidence! source "
        "conditions purpose trials_planned:integer every_days:integer",
        checks=(
            "requirement IN ('detection', 'false_alarm', 'false_alarm_rate')",
            "purpose IS NULL OR purpose IN ('acceptance', 'performance')",
            "trials_planned IS NULL OR trials_planned > 0",
            "every_days IS NULL OR every_days > 0",
        ),
        indexes=((("test",), None), (("instrument",), None)),
    )
    record(
        "detection_trial",
        "scope! agreement caveat test! run! on_day:integer! trials:integer! alarms:integer! "
        "campaign note",
        checks=(
            "trials >= 0",
            "alarms >= 0",
        ),
        indexes=((("test", "run"), None),),
    )
    record(
        "public_event_alarm",
        "scope! agreement caveat event! alarm! post! serial at! seen! state! alarm_case words!",
        checks=(
            "seen IN ('gamma', 'neutron', 'both', 'information')",
            "state IN ('open', 'false', 'innocent', 'response')",
        ),
        indexes=((("event", "post"), None),),
    )
    record(
        "public_event_check",
        "scope! agreement caveat event! serial! what! at! passed:integer! content! evidence",
        checks=(
            "what IN ('receipt', 'daily')",
            "passed IN (0, 1)",
        ),
        indexes=((("event", "serial"), None),),
    )
    record(
        "public_event_lesson",
        "scope! agreement caveat event! lesson! words! action! owner!",
        indexes=((("event",), None),),
    )
    record(
        "public_event_lock",
        "scope! agreement caveat event! venue! state! at! words!",
        checks=("state IN ('locked', 'unlocked')",),
        indexes=((("event", "venue"), None),),
    )
    record(
        "public_event_plan",
        "scope! agreement caveat event! version! title! basis! begins:integer! "
        "closes:integer! digest! row_count:integer!",
        checks=(
            "begins <= closes",
            "row_count > 0",
        ),
        indexes=((("event", "version"), None),),
    )
    record(
        "public_event_release",
        "scope! agreement caveat event! information! organisation! purpose! state! "
        "on_day:integer! words!",
        checks=("state IN ('asked', 'released', 'refused')",),
        indexes=((("event",), None),),
    )
    record(
        "public_event_report",
        "scope! agreement caveat event! what! loan on_day:integer! evidence!",
        checks=(
            "what IN ('event', 'lender')",
            "what <> 'lender' OR loan IS NOT NULL",
        ),
        indexes=((("event",), None),),
    )
    record(
        "public_event_row",
        "scope! agreement caveat event! version! sheet! content!",
        indexes=((("event", "version"), None),),
    )
    record(
        "public_event_spot",
        "scope! agreement caveat event! venue! spot! state! at! words!",
        checks=("state IN ('open', 'closed')",),
        indexes=((("event", "venue"), None),),
    )
    record(
        "public_event_step",
        "scope! agreement caveat event! version! state! on_day:integer! reason",
        checks=(
            "state IN ('approved', 'rejected')",
            "state <> 'rejected' OR reason IS NOT NULL",
        ),
        indexes=((("event", "version"), None),),
    )
    record(
        "public_event_survey",
        "scope! agreement caveat event! venue! instrument! starts! ends! point_count:integer! "
        "evidence!",
        checks=(
            "starts <= ends",
            "point_count > 0",
        ),
        indexes=((("event", "venue"), None),),
    )
    record(
        "public_event_sweep",
        "scope! agreement caveat event! sweep! venue! team! instruments! starts! ends! "
        "covered_ppm:integer! needed_ppm:integer! reach_mm:integer! evidence!",
        checks=(
            "starts <= ends",
            "covered_ppm BETWEEN 0 AND 1000000",
        ),
        indexes=((("event", "venue"), None),),
    )
