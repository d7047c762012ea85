"""Detection sites, instruments, files, occupancies and tests."""

from __future__ import annotations


from keiryo.storage.migrations.columns import record

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
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
        "detection_file",
        "scope! agreement caveat digest! instrument! name! incomplete:integer! "
        "occupancies:integer! records:integer! records_by_code!",
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
        "conditions",
        checks=("requirement IN ('detection', 'false_alarm', 'false_alarm_rate')",),
        indexes=((("test",), None), (("instrument",), None)),
    )
    record(
        "detection_trial",
        "scope! agreement caveat test! run! on_day:integer! trials:integer! alarms:integer! note",
        checks=(
            "trials >= 0",
            "alarms >= 0",
        ),
        indexes=((("test", "run"), None),),
    )
