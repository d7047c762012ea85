"""Security measures have evidence."""

from __future__ import annotations

from keiryo.storage.migrations.columns import record

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    record(
        "compensatory_measure",
        "scope! agreement caveat measure! for_asset! description_code! start_on:integer! "
        "end_on:integer approver! verified_by values_ref reason",
        checks=(
            "end_on IS NULL OR start_on <= end_on",
            "verified_by IS NULL OR verified_by <> approver",
        ),
        indexes=((("scope", "measure"), None), (("scope", "for_asset"), None)),
    )
    record(
        "maintenance",
        "scope! agreement caveat maintenance! asset! asset_kind! element kind! opened:integer! "
        "out_of_service_from:integer returned:integer performers two_person:integer post_test "
        "compensatory_measure reason",
        checks=(
            "asset_kind IN ('detection', 'delay')",
            "kind IN ('preventive', 'corrective', 'calibration')",
            "two_person IS NULL OR two_person IN (0, 1)",
            "returned IS NULL OR out_of_service_from <= returned",
            "returned IS NULL OR out_of_service_from IS NOT NULL",
        ),
        indexes=((("scope", "maintenance"), None), (("scope", "asset"), None)),
    )
    record(
        "performance_test",
        "scope! agreement caveat test! element! test_type! procedure_ref planned:integer "
        "performed:integer testers witness conditions result deviations counts_ref "
        "next_due:integer signed_by reason",
        checks=(
            "test_type IN ('acceptance', 'operability', 'functional', 'performance', "
            "'limited_scope', 'full_scope_exercise')",
            "result IS NULL OR result IN ('pass', 'fail', 'inconclusive')",
            "performed IS NOT NULL OR planned IS NOT NULL",
            "(performed IS NULL) = (result IS NULL)",
            "performed IS NULL OR next_due IS NULL OR performed <= next_due",
        ),
        indexes=((("scope", "test"), None), (("scope", "element"), None)),
    )
    record(
        "sensor_alarm",
        "scope! agreement caveat alarm! sensor! at! assessed_at assessor cause! evidence_ref "
        "reason",
        checks=(
            "cause IN ('real', 'nuisance', 'false', 'test', 'unknown')",
            "assessed_at IS NULL OR at <= assessed_at",
        ),
        indexes=((("scope", "alarm"), None), (("scope", "sensor"), None)),
    )
