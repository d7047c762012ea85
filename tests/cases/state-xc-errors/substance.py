"""Mistakes of substance: dates, contents of batches, books, balances, transit."""

from __future__ import annotations

from errors import ReportSet, mistake

SHIPMENT_UNDER_WAY = ("TRANSIT-OPEN", "I", "XCFA", "215", 1)


@mistake(("DATE-OUT-OF-PERIOD", "E", "XCFA", "213", 1))
def change_after_period(s: ReportSet) -> None:
    s.put("XCFA", 213, 1, "412", "20241201")


@mistake(("DATE-OUT-OF-PERIOD", "E", "XCFA", "213", 2), ("LATE-ICR", "W", "XCFA", "213", 2))
def change_before_period(s: ReportSet) -> None:
    s.put("XCFA", 213, 2, "412", "20241031")  # an October change is due on 30 November


@mistake(("DATE-FUTURE", "E", "XCDA", "52", None))
def report_before_end_of_period(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "003", "20240525")


@mistake(("LATE-ICR", "W", "XCDA", "52", 1))
def change_report_late(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "003", "20240701")


@mistake(("LATE-MBR", "W", "XCDA", "53", None))
def balance_late(s: ReportSet) -> None:
    s.put_all("XCDA", 53, "003", "20240731")


@mistake(("LATE-MBR", "W", "XCDA", "54", None))
def listing_late(s: ReportSet) -> None:
    s.put_all("XCDA", 54, "003", "20240731")


@mistake(("PIT-INTERVAL", "W", "XCDB", "12", None))
def fifteen_months_between_inventories(s: ReportSet) -> None:
    for report, period in ((11, "20230701/20240930"), (12, "20240930"), (13, "20241001/20250630")):
        s.put("XCDB", report, 1, "015", period)
    for report in (11, 12):
        s.put("XCDB", report, 1, "003", "20241015")


@mistake(("PERIOD-CONT", "E", "XCDB", "13", None))
def balance_begins_a_day_late(s: ReportSet) -> None:
    s.put("XCDB", 13, 1, "015", "20240702/20250630")


@mistake(("PERIOD-CONT", "E", "XCDB", "13", None))
def balance_ends_after_listing(s: ReportSet) -> None:
    s.put("XCDB", 14, 1, "015", "20250629")


@mistake(("PERIOD-OVERLAP", "W", "XCFA", "207", None))
def change_report_across_inventory(s: ReportSet) -> None:
    s.put_all("XCFA", 207, "015", "20240601/20240702")


@mistake(
    ("ADVANCE-NOTICE", "W", "XCFA", "201", 1),
    ("ADVANCE-NOTICE", "W", "XCFA", "210", 1),
)
def register_of_notices_is_empty(s: ReportSet) -> None:
    # Two cylinders of one day and one shipper are one transfer.
    s.context["notices"] = []


@mistake(("SPECIAL-REPORT", "E", "XCPA", "86", 5))
def loss_above_limit(s: ReportSet) -> None:
    s.context["mbas"]["XCPA"]["loss_limits"] = [{"category": "P", "element": "1"}]


@mistake(("ISO-GT-ELEM", "E", "XCPA", "84", 2))
def isotopes_exceed_plutonium(s: ReportSet) -> None:
    s.put("XCPA", 84, 2, "720", "1990.2G")


@mistake(("ISO-GT-ELEM", "E", "XCFA", "213", 2), ("ICR-MBR", "E", "XCFA", "216", 7))
def fissile_exceeds_uranium(s: ReportSet) -> None:
    s.put("XCFA", 213, 2, "670", "939G")


@mistake(("CATEGORY-ENRICH", "E", "XCFA", "213", 3), ("ICR-MBR", "E", "XCFA", "216", 8))
def enriched_below_natural(s: ReportSet) -> None:
    s.put("XCFA", 213, 3, "670", "6G")


@mistake(("CATEGORY-ENRICH", "E", "XCDA", "54", 1))
def depleted_above_natural(s: ReportSet) -> None:
    s.put("XCDA", 54, 1, "780", "5050G")


@mistake(("HEU-FLAG", "I", "XCFA", "202", 5), ("REBATCH", "E", "XCFA", "202", None))
def powder_above_twenty_percent(s: ReportSet) -> None:
    s.put("XCFA", 202, 5, "670", "367997G")


@mistake(("NP-IRRADIATED", "W", "XCRA", "35", 2))
def production_in_fresh_fuel(s: ReportSet) -> None:
    s.put("XCRA", 35, 2, "430", "B/Q/1/F")


@mistake(("NP-IRRADIATED", "W", "XCPA", "82", 1))
def loss_without_decay(s: ReportSet) -> None:
    s.put("XCPA", 82, 1, "391", "SEE LETTER 5/2024.", kind="NC")


@mistake(
    ("PU-IN-FRESH", "W", "XCRA", "39", 10),
    ("PIL-BATCH", "E", "XCRA", "39", 10),
    ("PIL-PE", "E", "XCRA", "38", 9),
)
def plutonium_in_fresh_assembly(s: ReportSet) -> None:
    s.put("XCRA", 39, 10, "700", "1G")


@mistake(("BATCH-REUSE", "E", "XCFA", "202", 4))
def same_name_code_and_day(s: ReportSet) -> None:
    s.put("XCFA", 202, 4, "446", "CYL-23-01")


@mistake(("BATCH-REUSE", "W", "XCDA", "52", 1), ("PIL-BATCH", "E", "XCDA", "54", 3))
def name_of_a_batch_that_left(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "446", "DU-02")


@mistake(
    ("NEG-BOOK", "E", "XCLA", "22", 2),
    ("NEG-BATCH", "E", "XCLA", "22", 2),
    ("ICR-MBR", "E", "XCLA", "24", 5),
)
def more_exempted_than_there_is(s: ReportSet) -> None:
    s.put("XCLA", 22, 2, "610", "3.5K")


@mistake(
    *(("NEG-BATCH", "E", "XCHA", "76", 1),) * 2,  # uranium and U-235
    *(("PIL-BATCH", "E", "XCHA", "78", 6),) * 2,
)
def burn_up_of_another_element(s: ReportSet) -> None:
    s.put("XCHA", 76, 1, "446", "CE-9")


@mistake(("ITEM-COUNT", "E", "XCDA", "57", None))
def item_missing(s: ReportSet) -> None:
    s.put("XCDA", 57, 1, "470", "2")


@mistake(("DUPLICATE", "E", "XCFA", "213", 4), *(("ICR-MBR", "E", "XCFA", "216", 7),) * 2)
def entry_twice(s: ReportSet) -> None:
    entry = {k: v for k, v in s.one("XCFA", 213, 2).elements if k >= "309"}
    s.append("XCFA", 213, entry)


@mistake(("REBATCH", "E", "XCPA", "81", None))
def rebatching_loses_a_gram(s: ReportSet) -> None:
    s.put("XCPA", 81, 3, "700", "999G")


@mistake(
    *(("RETAINED-WASTE", "E", "XCFA", "206", 4),) * 2, *(("ICR-MBR", "E", "XCFA", "208", 5),) * 2
)
def more_waste_back_than_retained(s: ReportSet) -> None:
    s.put("XCFA", 206, 4, "630", "8000G")
    s.put("XCFA", 206, 4, "670", "352G")


@mistake(("EXEMPT-LIMIT", "E", "XCLA", "23", 1), ("ICR-MBR", "E", "XCLA", "24", 3))
def more_back_than_exempted(s: ReportSet) -> None:
    s.put("XCLA", 23, 1, "610", "1.6K")


@mistake(("NP-LN-PAIR", "W", "XCRA", "35", 2))
def production_a_day_later(s: ReportSet) -> None:
    s.put("XCRA", 35, 2, "412", "20241019")


@mistake(("ITEM-MUF", "E", "XCDA", "56", 5))
def item_area_with_muf(s: ReportSet) -> None:
    s.put("XCDA", 57, 2, "620", "49.925K")
    s.put("XCDA", 57, 2, "469", "M")
    s.put("XCDA", 56, 4, "620", "275.425K")
    s.put("XCDA", 56, 5, "620", "0.1K")


@mistake(("GA-AT-PIT", "E", "XCPA", "82", 1))
def loss_found_at_inventory(s: ReportSet) -> None:
    s.put("XCPA", 82, 1, "411", "LA")
    s.put("XCPA", 83, 2, "411", "LA")


@mistake(("PB-CONT", "E", "XCDA", "56", 1), ("BA-ARITH", "E", "XCDA", "56", 3))
def begins_with_a_gram_more(s: ReportSet) -> None:
    s.put("XCDA", 56, 1, "620", "326.026K")


@mistake(("ICR-MBR", "E", "XCDA", "56", 2), ("BA-ARITH", "E", "XCDA", "56", 3))
def termination_miscopied(s: ReportSet) -> None:
    s.put("XCDA", 56, 2, "620", "50.4K")


@mistake(("ICR-MBR", "E", "XCFA", "208", 3))
def rounding_of_receipts_wrong(s: ReportSet) -> None:
    s.put("XCFA", 208, 21, "620", "0.75K")


@mistake(("DI-MBR", "E", "XCFA", "208", 12), ("BA-ARITH", "E", "XCFA", "212", 3))
def difference_miscopied(s: ReportSet) -> None:
    s.put("XCFA", 208, 12, "630", "191G")


@mistake(("BE-ARITH", "E", "XCHA", "77", 4))
def book_wrong(s: ReportSet) -> None:
    s.put("XCHA", 77, 4, "630", "1182.426G")


@mistake(("BA-ARITH", "E", "XCHA", "77", 5), ("MF-ARITH", "E", "XCHA", "77", 7))
def adjusted_book_wrong(s: ReportSet) -> None:
    s.put("XCHA", 77, 5, "670", "1217.419G")


@mistake(("MF-ARITH", "E", "XCPA", "87", 9))
def muf_wrong(s: ReportSet) -> None:
    s.put("XCPA", 87, 9, "700", "0.6G")


@mistake(("PIL-PE", "E", "XCPA", "87", 8))
def listing_miscopied(s: ReportSet) -> None:
    s.put("XCPA", 88, 6, "700", "5286.8G")


@mistake(("PIL-BATCH", "E", "XCRA", "39", 6), ("PIL-BATCH", "E", "XCRA", "39", 7))
def two_assemblies_changed_over(s: ReportSet) -> None:
    s.put("XCRA", 39, 6, "630", "461201G")
    s.put("XCRA", 39, 7, "630", "461189G")


@mistake(("MBR-MISSING", "E", "XCDB", "13", None))
def listing_forgotten(s: ReportSet) -> None:
    s.remove("XCDB", 14)


@mistake(("MBR-MISSING", "E", "XCDB", "14", None), ("SEQ-GAP", "E", "XCDB", "14", None))
def balance_forgotten(s: ReportSet) -> None:
    s.remove("XCDB", 13)


@mistake(("MBR-MISSING", "E", "XCDA", "56", None))
def thorium_not_in_balance(s: ReportSet) -> None:
    s.put("XCDA", 57, 3, "469", "M")
    s.put("XCDA", 57, 3, "800", "1K")


@mistake(
    ("CORR-REF", "E", "XCFA", "211", 1),
)
def correction_of_nothing(s: ReportSet) -> None:
    # It repeats code, batch and day of 203/6, which must have been meant.
    s.put("XCFA", 211, 1, "309", "C/XC;203/9")


@mistake(
    ("CORR-DIFF", "W", "XCFA", "211", 1),
    ("ICR-MBR", "E", "XCFA", "212", 1),
    silent=(("CORR-DIFF", "I", "XCFA", "211", 1),),
)
def correction_that_changes_nothing(s: ReportSet) -> None:
    s.put("XCFA", 211, 1, "630", "2400G")


@mistake(("TRANSIT-OPEN", "W", "XCFA", "215", 1), silent=(SHIPMENT_UNDER_WAY,))
def under_way_for_five_weeks(s: ReportSet) -> None:
    s.context["as_of"] = "20250801"


@mistake(("TRANSIT-OPEN", "E", "XCFA", "215", 1), silent=(SHIPMENT_UNDER_WAY,))
def under_way_for_three_months(s: ReportSet) -> None:
    s.context["as_of"] = "20251001"


@mistake(("RECEIPT-UNMATCHED", "E", "XCFA", "206", 3), ("TRANSIT-OPEN", "E", "XCDA", "51", 1))
def another_batch_received(s: ReportSet) -> None:
    s.put("XCFA", 206, 3, "447", "DU-05")


@mistake(("RECEIPT-UNMATCHED", "E", "XCFA", "206", 3), ("TRANSIT-OPEN", "E", "XCDA", "51", 1))
def shippers_batch_not_known(s: ReportSet) -> None:
    s.put("XCFA", 206, 3, "447", "UNKNOWN")


@mistake(
    ("TRANSIT-WEIGHT", "E", "XCFA", "206", 3),
    ("ICR-MBR", "E", "XCFA", "208", 3),
    ("PIL-BATCH", "E", "XCFA", "209", 8),
)
def receipt_on_own_data(s: ReportSet) -> None:
    s.put("XCFA", 206, 3, "620", "50.35K")


@mistake(("TRANSIT-WEIGHT", "E", "XCLA", "21", 2), ("ICR-MBR", "E", "XCFA", "208", 8))
def shipment_miscopied(s: ReportSet) -> None:
    s.put("XCFA", 203, 4, "630", "210G")


@mistake(("TRANSIT-DATE", "E", "XCFA", "206", 3))
def received_before_it_left(s: ReportSet) -> None:
    s.put("XCFA", 206, 3, "412", "20240307")


@mistake(("TRANSIT-MDC", "E", "XCFA", "206", 3))
def received_as_metal(s: ReportSet) -> None:
    s.put("XCFA", 206, 3, "430", "O/D/1/A")


@mistake(("TRANSIT-ITEMS", "W", "XCFA", "206", 3))
def two_drums_received(s: ReportSet) -> None:
    s.put("XCFA", 206, 3, "470", "2")


@mistake(("DI-LIMIT", "E", "XCLA", "21", 4), *(("PIL-BATCH", "E", "XCLA", "25", 9),) * 2)
def difference_without_receipt(s: ReportSet) -> None:
    s.put("XCLA", 21, 4, "446", "LEU-S-9")
