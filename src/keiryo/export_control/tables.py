"""Tables of record of export control: listed items, licences, assurances, exports, traders.

A quantity stands as it was written, as decimal text with its unit, because a licence counts in a
unit of its own and nothing may be rounded on the way. What is recorded anew under a name counts
from then on: the last line of an item, an assurance, an export or an arrangement; of a licence its
last amendment; of a trader the last line that speaks of a day or an earlier one.
"""

from __future__ import annotations

from keiryo.journal.model import Field, LineKind, integer, text

_VALIDITY: tuple[Field, ...] = (
    integer("valid_from", "first day of validity", required=True),
    integer("valid_to", "last day of validity", required=True),
)

CONTROL_ITEM = LineKind(
    "control_item",
    "An item as a control list names it: identifiers only, no text of the list.",
    (
        text("item", "name of the item in these books, e.g. LEU-UF6", required=True),
        text("control_list", "list, e.g. NSG-1, or national", required=True),
        text("entry", "entry of the list, e.g. A.1.2", required=True),
        text("annex_entry", "entry of Annex II of the Additional Protocol, if it has one"),
        text("customs_code", "code of the harmonised system of customs"),
        text("title", "what it is, in one's own words", required=True),
        text("material", "nuclear or other", required=True),
        text("categories", "element categories of the books that it covers, e.g. E or ND"),
        text("unit", "unit in which it is counted", required=True),
    ),
    checks=("material IN ('nuclear', 'other')",),
    indexes=((("item",), None),),
)

LICENCE = LineKind(
    "licence",
    "A licence to export or import, or an amendment of it; its lines stand in the same act.",
    (
        text("licence", "number of the licence", required=True),
        integer("amendment", "0, or the number of the amendment", required=True),
        text("direction", "export or import", required=True),
        text("authority", "who issued it", required=True),
        text("exporter", "who may send", required=True),
        text("partner", "State of destination, of an import the State of origin", required=True),
        text("state", "state from the day on: issued, amended, suspended …", required=True),
        integer("issued_on", "day on which it, or the amendment, was issued", required=True),
        text("conditions", "conditions in words"),
        text("reexport", "clause on re-export in words"),
        text("tolerance", "share of the ceiling by which it may be exceeded; null: none"),
    ),
    checks=("direction IN ('export', 'import')", "amendment >= 0"),
    indexes=((("licence",), None),),
)

LICENCE_LINE = LineKind(
    "licence_line",
    "One item of a licence with its ceiling.",
    (
        text("licence", "number of the licence", required=True),
        integer("line", "number of the line within the licence", required=True),
        text("item", "name of the item in these books", required=True),
        text("category", "the only element categories that it is about; null: all of the item"),
        text("quantity", "ceiling, decimal", required=True),
        text("unit", "unit of the ceiling", required=True),
        text("counts", "element or fissile: which weight the ceiling is of"),
        text("consignee", "who receives it", required=True),
        text("place", "the consignee as reports name it, country/MBA; null: anywhere there"),
        text("end_user", "who uses it in the end", required=True),
        text("end_use", "what for", required=True),
        *_VALIDITY,
        integer("needs_assurance", "1 if an assurance of the government is needed, else 0"),
    ),
    checks=("valid_from <= valid_to", "needs_assurance IN (0, 1)"),
    indexes=((("licence",), None), (("item",), None)),
)

LICENCE_STEP = LineKind(
    "licence_step",
    "A licence takes another state from a day on: suspended, revoked, issued again …",
    (
        text("licence", "number of the licence", required=True),
        text("state", "state from the day on", required=True),
        integer("on_day", "day", required=True),
        text("reason", "why", required=True),
    ),
    indexes=((("licence",), None),),
)

LICENCE_RULE = LineKind(
    "licence_rule",
    "What happens to a shipment that no licence covers; the last line counts.",
    (
        text("mode", "refuse, warn or off", required=True),
        integer("from_day", "shipments before this day are noted and never refused"),
        text("reason", "why", required=True),
    ),
    checks=("mode IN ('refuse', 'warn', 'off')",),
)

GOVERNMENT_ASSURANCE = LineKind(
    "government_assurance",
    "What the government of the receiving State assures about exports.",
    (
        text("assurance", "name or reference", required=True),
        text("government", "State that gives it", required=True),
        text("licences", "licences that it covers, joined by one space; null: all to that State"),
        text("purposes", "what is assured, e.g. peaceful-use safeguards no-retransfer"),
        text("protection", "level of physical protection that is assured"),
        text("obligations", "obligation labels that it speaks of, joined by one space"),
        text("quantity", "how much it covers, decimal; null: without limit"),
        text("unit", "unit of the quantity"),
        integer("given_on", "day on which it was given", required=True),
        *_VALIDITY,
    ),
    checks=("valid_from <= valid_to", "(quantity IS NULL) = (unit IS NULL)"),
    indexes=((("assurance",), None),),
)

EXPORT_TRANSFER = LineKind(
    "export_transfer",
    "An export or import as planned, and later as done: what, to whom, when, announced when.",
    (
        text("transfer", "reference of the shipment; it may have several lines", required=True),
        integer("line", "number of the line within the shipment", required=True),
        text("direction", "export or import", required=True),
        text("state", "planned, done or withdrawn", required=True),
        text("exporter", "who sends", required=True),
        text("declaration", "number of the customs declaration"),
        text("partner", "State of destination, of an import the State of origin", required=True),
        text("consignee", "who receives it", required=True),
        text("end_user", "who uses it in the end", required=True),
        text("location", "where in the receiving State it is to be used"),
        text("item", "name of the item in these books", required=True),
        text("identity", "serial number or other identity"),
        text("quantity", "decimal", required=True),
        text("unit", "unit of the quantity", required=True),
        text("category", "element category, of nuclear material"),
        integer("fissile_mg", "fissile weight, of nuclear material"),
        text("mba", "area that the material leaves or enters"),
        text("batch", "batch in the books of that area"),
        integer("on_day", "day of the shipment, planned or real", required=True),
        integer("prepared_on", "day on which it is prepared for shipping"),
        integer("notified_on", "day on which it was announced"),
    ),
    checks=("direction IN ('export', 'import')", "state IN ('planned', 'done', 'withdrawn')"),
    indexes=((("transfer",), None),),
)

MUTUAL_RECOGNITION = LineKind(
    "mutual_recognition",
    "An arrangement by which trusted traders of one programme count in another.",
    (
        text("recognition", "name of the arrangement", required=True),
        text("programme", "the programme here", required=True),
        text("partner_programme", "the programme that is recognised", required=True),
        text("parties", "States, joined by one space", required=True),
        text("state", "in-force, suspended, or not yet in force: intended", required=True),
        integer("highest_tier", "highest tier that is recognised", required=True),
        *_VALIDITY,
    ),
    checks=("valid_from <= valid_to", "highest_tier BETWEEN 0 AND 3"),
    indexes=((("recognition",), None),),
)

TRUSTED_TRADER = LineKind(
    "trusted_trader",
    "The status of a trader from a day on.",
    (
        text("trader", "name or number of the trader", required=True),
        text("programme", "programme that gave the status", required=True),
        text("number", "number within the programme", required=True),
        integer("tier", "0 none, 1 certified, 2 validated, 3 beyond the criteria", required=True),
        text("state", "in-force, suspended or removed", required=True),
        integer("since_day", "day from which this holds", required=True),
        *_VALIDITY,
        text("recognition", "the arrangement by which it counts; null: the own programme"),
    ),
    checks=("valid_from <= valid_to", "tier BETWEEN 0 AND 3"),
    indexes=((("trader",), None),),
)

CONSIGNMENT = LineKind(
    "consignment",
    "A consignment at a portal with what is known of it; the last line counts.",
    (
        text("consignment", "reference, e.g. bill of lading", required=True),
        text("container", "container number", required=True),
        text("trader", "trader whose status is claimed"),
        integer("passed_on", "day of the passage", required=True),
        text("commodity_code", "code of the harmonised system of customs"),
        text("item", "name of the listed item in these books, if it is one"),
        text("route", "low, usual or high"),
        text("origin", "low, usual or high"),
        text("commodity", "low, unknown or high"),
        text("documents", "anomalies of the documents: none, one or more"),
        text("history", "clean, unknown or finding"),
        integer("density_anomaly", "1 if the picture shows something dense, else 0"),
        integer("radiation_alarm", "1 if there is an alarm, else 0"),
        integer("seal_mismatch", "1 if the seal does not match, else 0"),
    ),
    indexes=((("consignment",), None),),
)

LINE_KINDS: tuple[LineKind, ...] = (
    *(CONTROL_ITEM, LICENCE, LICENCE_LINE, LICENCE_STEP, LICENCE_RULE, GOVERNMENT_ASSURANCE),
    *(EXPORT_TRANSFER, MUTUAL_RECOGNITION, TRUSTED_TRADER, CONSIGNMENT),
)
