"""Tables of record of equipment: items, loans and their steps, custody, calibration.

An item goes by its serial number and a loan by a name of its own; recorded anew, the last line
counts. Hand-overs, steps, calibrations and conditions are never replaced: the next one follows.
Times of hand-overs are instants in UTC, which sort as texts; days are integers YYYYMMDD.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

CALIBRATED_TYPES = (
    *("personal-radiation-detector", "radionuclide-identification-device", "portable-scanner"),
    *("hpge-detector", "portal-monitor", "survey-meter", "contamination-monitor"),
    *("gamma-spectrometer", "neutron-counter", "dosimeter"),
)
"""Types whose readings are trusted because they were calibrated."""

TYPES = (*CALIBRATED_TYPES, "camera", "seal-reader", "check-source", "computer", "vehicle", "other")
"""Types of equipment."""

SERVICEABLE, DAMAGED, LOST, RETIRED = "serviceable", "damaged", "lost", "retired"
CONDITIONS = (SERVICEABLE, DAMAGED, LOST, RETIRED)
"""What state an item is in; one that is found again or repaired is serviceable."""

PASSED, FAILED = "passed", "failed"
RESULTS = (PASSED, FAILED)

ATA, TEMPORARY_IMPORT, DOMESTIC = "ATA", "temporary-import", "domestic"
CUSTOMS_REGIMES = (ATA, TEMPORARY_IMPORT, DOMESTIC)
"""How a loan crosses the border: ATA carnet, temporary import, or not at all."""

EQUIPMENT_ITEM = LineKind(
    "equipment_item",
    "A piece of equipment: whose it is, what it is, the source that it contains.",
    (
        text("serial", "serial number, by which the item goes", required=True),
        text("type", "type of equipment, e.g. hpge-detector", required=True),
        text("model", "model, with its maker", required=True),
        text("owner", "the organisation whose it is, e.g. INT.IAEA", required=True),
        text("firmware", "version of the firmware"),
        text("accessories", "what belongs to it, joined by ' | '"),
        text("source_nuclide", "nuclide of the source that it contains, e.g. Cs-137"),
        integer("source_activity_bq", "activity of the source on the reference day, in Bq"),
        integer("source_reference_on", "reference day of the activity"),
        text("source_licence", "the owner's licence for the source"),
        integer("value", "value in whole units of the currency"),
        text("currency", "currency of the value, ISO 4217"),
        text("data_rule", "to whom the data belong that it takes"),
        text("reason", "why it is recorded anew, where owner, type or model change"),
        text("note", "note"),
    ),
    checks=("source_activity_bq IS NULL OR source_activity_bq > 0",),
    indexes=((("serial",), None),),
)

EQUIPMENT_CUSTODY = LineKind(
    "equipment_custody",
    "A hand-over: from this moment on somebody else has the item.",
    (
        text("serial", "serial number of the item", required=True),
        text("giver", "who had it until then; empty where custody begins"),
        text("receiver", "who has it from then on", required=True),
        text("organisation", "the organisation for which the receiver has it", required=True),
        text("place", "where it is from then on: a building, a detection post", required=True),
        text("at", "the moment, UTC", required=True),
        text("note", "note"),
    ),
    indexes=((("serial",), None), (("place",), None)),
)

EQUIPMENT_CONDITION = LineKind(
    "equipment_condition",
    "That an item is damaged, lost, serviceable again, or retired.",
    (
        text("serial", "serial number of the item", required=True),
        text("before", "condition before", required=True),
        text("condition", "condition from now on", required=True),
        integer("on_day", "day", required=True),
        text("reason", "what happened", required=True),
        text("loan", "the loan under which it happened"),
        text("evidence", "digests of files, or acts as act:17, joined by one space"),
    ),
    checks=("condition IN ('serviceable', 'damaged', 'lost', 'retired')",),
    indexes=((("serial",), None), (("loan",), "loan IS NOT NULL")),
)

EQUIPMENT_CALIBRATION = LineKind(
    "equipment_calibration",
    "A calibration: when, by whom, until when it is trusted, what shows it.",
    (
        text("serial", "serial number of the item", required=True),
        integer("on_day", "day of the calibration", required=True),
        text("calibrated_by", "who calibrated it", required=True),
        integer("due_on", "last day on which it is trusted", required=True),
        text("certificate", "SHA-256 of the certificate, hexadecimal"),
        text("check_source", "the source that it was checked with"),
        text("check_source_result", "passed or failed"),
        text("note", "note"),
    ),
    checks=("check_source_result IS NULL OR check_source_result IN ('passed', 'failed')",),
    indexes=((("serial",), None), (("certificate",), "certificate IS NOT NULL")),
)

EQUIPMENT_LOAN = LineKind(
    "equipment_loan",
    "The terms of a loan; the last line of its name counts.",
    (
        text("loan", "name of the loan, e.g. iaea-2026", required=True),
        text("lender", "organisation that lends", required=True),
        text("borrower", "organisation that borrows", required=True),
        text("purpose", "what for", required=True),
        text("event", "the event at which the items are used"),
        text("commitment", "the commitment that it fulfils, by its name in the register"),
        integer("requested_on", "day of the request", required=True),
        integer("start_on", "day from which the items are away from the lender"),
        integer("last_use_on", "last day on which the items are used"),
        integer("end_on", "day by which they are to be back"),
        text("agreement_reference", "the loan agreement"),
        text("insurance", "who insures them"),
        text("customs_regime", "ATA, temporary-import or domestic"),
        text("import_licence", "licence to import contained sources"),
        text("note", "note"),
    ),
    checks=("customs_regime IS NULL OR customs_regime IN ('ATA', 'temporary-import', 'domestic')",),
    indexes=((("loan",), None), (("commitment",), "commitment IS NOT NULL")),
)

EQUIPMENT_LOAN_ITEM = LineKind(
    "equipment_loan_item",
    "That an item belongs to a loan; those of the act that recorded the loan last count.",
    (
        text("loan", "name of the loan", required=True),
        text("serial", "serial number of the item", required=True),
    ),
    indexes=((("loan",), None), (("serial",), None)),
)

EQUIPMENT_LOAN_STEP = LineKind(
    "equipment_loan_step",
    "A step in the life of a loan.",
    (
        text("loan", "name of the loan", required=True),
        text("before", "state before", required=True),
        text("state", "state from now on, or extended", required=True),
        integer("on_day", "day of the step", required=True),
        text("reason", "what happened", required=True),
        text("evidence", "digests of files, or acts as act:17, joined by one space"),
        integer("end_on", "where it is extended: the new day by which the items are to be back"),
        text("acceptance_test", "result of the test on receipt: passed or failed"),
        text("decontamination_check", "result of the check on return: passed or failed"),
        text("function_test", "result of the test on return: passed or failed"),
    ),
    checks=(
        "acceptance_test IS NULL OR acceptance_test IN ('passed', 'failed')",
        "decontamination_check IS NULL OR decontamination_check IN ('passed', 'failed')",
        "function_test IS NULL OR function_test IN ('passed', 'failed')",
    ),
    indexes=((("loan",), None),),
)

EQUIPMENT_PLAN = LineKind(
    "equipment_plan",
    "How many items of a type a post has during an event; the last line counts.",
    (
        text("event", "name of the event", required=True),
        text("post", "the post, as hand-overs name the place", required=True),
        text("type", "type of equipment", required=True),
        integer("count", "how many items; 0: none (any more)", required=True),
        integer("first_day", "first day", required=True),
        integer("last_day", "last day", required=True),
    ),
    checks=("count >= 0", "first_day <= last_day"),
    indexes=((("event", "post"), None),),
)

LINE_KINDS = (
    *(EQUIPMENT_ITEM, EQUIPMENT_CUSTODY, EQUIPMENT_CONDITION, EQUIPMENT_CALIBRATION),
    *(EQUIPMENT_LOAN, EQUIPMENT_LOAN_ITEM, EQUIPMENT_LOAN_STEP, EQUIPMENT_PLAN),
)
