"""Tables of record of evidence: tests, maintenance, compensatory measures, alarms of sensors.

A record goes by a name of its own within its facility; recorded anew, the last line counts.
Assets are opaque names. Days are integers YYYYMMDD, moments are instants in UTC, names in a list
are joined by one space.

The numbers of trials and successes of a test are not here: with them everybody who reads the books
could compute the probability of detection of an element, which is sensitive. They are kept in the
sealed store of the facility; `counts_ref` says where, and the line says only how the test ended.
So are the values of a compensatory measure (`values_ref`). A handling caveat would not do: the
books are one database, append-only, and whoever keeps it up reads it.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text
from keiryo.protection.outages import ASSET_KINDS

TEST_TYPES = (
    *("acceptance", "operability", "functional", "performance"),
    *("limited_scope", "full_scope_exercise"),
)
PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
RESULTS = (PASS, FAIL, INCONCLUSIVE)
MAINTENANCE_KINDS = ("preventive", "corrective", "calibration")
CAUSES = ("real", "nuisance", "false", "test", "unknown")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(one) for one in values)})"


PERFORMANCE_TEST = LineKind(
    "performance_test",
    "A test of a security measure: planned, or performed with its result; without its counts.",
    (
        text("test", "name of the test within the facility", required=True),
        text("element", "what is tested: an opaque name", required=True),
        text("test_type", "acceptance, operability, functional, performance …", required=True),
        text("procedure_ref", "reference of the procedure"),
        integer("planned", "day for which it is planned"),
        integer("performed", "day on which it was performed"),
        text("testers", "pseudonyms of those who tested, joined by one space"),
        text("witness", "pseudonym of the witness"),
        text("conditions", "names of the conditions, joined by one space"),
        text("result", "pass, fail or inconclusive"),
        text("deviations", "what was not as in the procedure, 200 characters at most"),
        text("counts_ref", "where trials and successes are kept: a record of the sealed store"),
        integer("next_due", "last day on which it is evidence; then it is done again"),
        text("signed_by", "who signs for it: a pseudonym; none of the testers"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(
        _one_of("test_type", TEST_TYPES),
        f"result IS NULL OR {_one_of('result', RESULTS)}",
        "performed IS NOT NULL OR planned IS NOT NULL",
        "(performed IS NULL) = (result IS NULL)",
        "performed IS NULL OR next_due IS NULL OR performed <= next_due",
    ),
    indexes=((("scope", "test"), None), (("scope", "element"), None)),
)

MAINTENANCE = LineKind(
    "maintenance",
    "Work on an asset of physical protection, and the outage that it makes.",
    (
        text("maintenance", "name of the work within the facility", required=True),
        text("asset", "what is worked on: an opaque name", required=True),
        text("asset_kind", "what it contributes: detection or delay", required=True),
        text("element", "the element that it is a part of; null: it is one itself"),
        text("kind", "preventive, corrective or calibration", required=True),
        integer("opened", "day on which it was opened", required=True),
        integer("out_of_service_from", "first day on which the asset is out of service"),
        integer("returned", "day from which it is in service again"),
        text("performers", "pseudonyms of those who did it, joined by one space"),
        integer("two_person", "1: two persons did it together, 0: not; null: not stated"),
        text("post_test", "name of the test after it"),
        text("compensatory_measure", "name of the compensatory measure"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(
        _one_of("asset_kind", ASSET_KINDS),
        _one_of("kind", MAINTENANCE_KINDS),
        "two_person IS NULL OR two_person IN (0, 1)",
        "returned IS NULL OR out_of_service_from <= returned",
        "returned IS NULL OR out_of_service_from IS NOT NULL",
    ),
    indexes=((("scope", "maintenance"), None), (("scope", "asset"), None)),
)

COMPENSATORY_MEASURE = LineKind(
    "compensatory_measure",
    "What stands in for an asset that is out of service; it counts once it is verified.",
    (
        text("measure", "name of the measure within the facility", required=True),
        text("for_asset", "the asset that it stands in for", required=True),
        text("description_code", "what it is: a code of the operator's list", required=True),
        integer("start_on", "first day", required=True),
        integer("end_on", "day from which it stands no more"),
        text("approver", "who approved it: a pseudonym", required=True),
        text("verified_by", "who verified that it stands: another pseudonym"),
        text("values_ref", "where its values are kept: a record of the sealed store"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(
        "end_on IS NULL OR start_on <= end_on",
        "verified_by IS NULL OR verified_by <> approver",
    ),
    indexes=((("scope", "measure"), None), (("scope", "for_asset"), None)),
)

SENSOR_ALARM = LineKind(
    "sensor_alarm",
    "An alarm of a sensor, when it was assessed, and what it was.",
    (
        text("alarm", "name of the alarm within the facility", required=True),
        text("sensor", "the sensor: an opaque name", required=True),
        text("at", "the moment, UTC", required=True),
        text("assessed_at", "when it was assessed, UTC"),
        text("assessor", "who assessed it: a pseudonym"),
        text("cause", "real, nuisance, false, test or unknown", required=True),
        text("evidence_ref", "what shows it: act:17, a digest, or a reference"),
        text("reason", "why it is recorded anew"),
    ),
    checks=(_one_of("cause", CAUSES), "assessed_at IS NULL OR at <= assessed_at"),
    indexes=((("scope", "alarm"), None), (("scope", "sensor"), None)),
)

LINE_KINDS = (PERFORMANCE_TEST, MAINTENANCE, COMPENSATORY_MEASURE, SENSOR_ALARM)
