"""Mistakes of form: labels, numbers, codes, notes, numbering, parties."""

from __future__ import annotations

from errors import Record, ReportSet, mistake


@mistake(("LABEL-MISSING", "F", "XCDA", "52", 1))
def point_missing(s: ReportSet) -> None:
    s.drop("XCDA", 52, 1, "407")


@mistake(("LABEL-MISSING", "F", "XCPA", "81", 2))
def encoder_missing(s: ReportSet) -> None:
    s.drop("XCPA", 81, 2, "006")


@mistake(("LABEL-MISSING", "F", "XCDA", "54", 3))
def basis_missing_in_listing(s: ReportSet) -> None:
    s.drop("XCDA", 54, 3, "469")


@mistake(("LABEL-UNKNOWN", "W", "XCDA", "52", 1))
def unknown_label(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "999", "SEEN")


@mistake(("LABEL-DUP", "F", "XCDA", "52", 1))
def label_twice(s: ReportSet) -> None:
    s.one("XCDA", 52, 1).elements.append(("407", "1"))


@mistake(("UNIT", "F", "XCFA", "214", 3))
def kilograms_of_enriched_uranium(s: ReportSet) -> None:
    s.put("XCFA", 214, 3, "630", "0.035K")  # converted, it agrees with the balance


@mistake(("PRECISION", "W", "XCPA", "86", 4))
def finer_than_a_milligram(s: ReportSet) -> None:
    s.put("XCPA", 86, 4, "700", "4.5004G")  # rounds to what the balance says


@mistake(("NUM", "F", "XCPA", "86", 4))
def decimal_comma(s: ReportSet) -> None:
    s.put("XCPA", 86, 4, "700", "4,5G")


@mistake(("NUM", "F", "XCPA", "84", 3))
def exponent_in_listing(s: ReportSet) -> None:
    s.put("XCPA", 84, 3, "700", "1.005125E3G")


@mistake(("NUM", "F", "XCFA", "213", 2))
def negative_discard(s: ReportSet) -> None:
    s.put("XCFA", 213, 2, "630", "-881G")


@mistake(("MDC-INVALID", "F", "XCFA", "214", 3))
def containment_unknown(s: ReportSet) -> None:
    s.put("XCFA", 214, 3, "430", "R/R/P/D")


@mistake(("MDC-INVALID", "F", "XCLA", "22", 1))
def zero_for_letter_o(s: ReportSet) -> None:
    s.put("XCLA", 22, 1, "430", "0/D/1/A")


@mistake(("MDC-INVALID", "F", "XCFA", "213", 1))
def powder_as_fresh_fuel(s: ReportSet) -> None:
    s.put("XCFA", 213, 1, "430", "G/Q/N/F")


@mistake(("MBASIS", "F", "XCDA", "52", 1))
def basis_unknown(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "469", "X")


@mistake(("MBASIS", "W", "XCDA", "52", 1))
def reported_before_it_came(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "469", "T")


@mistake(("MBASIS", "W", "XCDA", "54", 3))
def not_yet_reported_although_it_was(s: ReportSet) -> None:
    s.put("XCDA", 54, 3, "469", "N")


@mistake(("BATCH-LEN", "F", "XCFA", "201", 3))
def batch_of_seventeen(s: ReportSet) -> None:
    s.put("XCFA", 201, 3, "446", "NAT-23-02-AND-MOR")


@mistake(("NOTE-CHARSET", "F", "XCHA", "71", 1))
def note_in_small_letters(s: ReportSet) -> None:
    s.put("XCHA", 71, 1, "391", "Burn-up 37.5 percent", kind="NC")


@mistake(("NOTE-LEN", "F", "XCHA", "71", 1))
def note_too_long(s: ReportSet) -> None:
    s.put("XCHA", 71, 1, "391", "A" * 2001, kind="NC")


@mistake(("NOTE-MISSING", "E", "XCHA", "71", 1))
def note_forgotten(s: ReportSet) -> None:
    s.remove("XCHA", 71, kind="NC")


@mistake(("NOTE-MISSING", "E", "XCHA", "71", 1), ("NOTE-MISSING", "E", "XCHA", "71", None))
def note_on_entry_that_is_not_there(s: ReportSet) -> None:
    s.put("XCHA", 71, 1, "099", "E/9", kind="NC")  # entry 1 lost its note, too


@mistake(("NOTE-INDICATOR", "E", "XCHA", "71", 1))
def note_not_indicated(s: ReportSet) -> None:
    s.drop("XCHA", 71, 1, "390")


@mistake(("IC-UNKNOWN", "F", "XCDA", "52", 1))
def change_unknown(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "411", "RX")


@mistake(("IC-UNKNOWN", "F", "XCDA", "56", 6))
def rebatching_in_balance(s: ReportSet) -> None:
    s.append("XCDA", 56, {"309": "N", "411": "RM", "620": "200.125K"})


@mistake(("ENTRY-COUNT", "F", "XCPA", "81", None))
def four_announced_three_sent(s: ReportSet) -> None:
    s.put("XCPA", 81, 1, "002", "1/4")


@mistake(("ENTRY-SEQ", "F", "XCPA", "81", None))
def entry_number_skipped(s: ReportSet) -> None:
    s.put("XCPA", 81, 3, "002", "4")


@mistake(("SEQ-GAP", "E", "XCDB", "15", None))
def number_skipped(s: ReportSet) -> None:
    s.renumber("XCDB", 14, 15)


@mistake(("SEQ-DUP", "E", "XCDB", "13", None))
def number_used_twice(s: ReportSet) -> None:
    for record in s.all("XCDB", 14):
        record.file = "later.txt"
    s.renumber("XCDB", 14, 13)


@mistake(("HEADER-MIX", "F", "XCPA", "81", 2))
def two_periods(s: ReportSet) -> None:
    s.put("XCPA", 81, 2, "015", "20240101/20240229")


@mistake(("HEADER-MIX", "F", "XCDA", "55", 3))
def two_dates(s: ReportSet) -> None:
    s.put("XCDA", 55, 3, "003", "20241113")


@mistake(("HEADER-MIX", "F", "XCHA", "71", None))
def note_of_another_facility(s: ReportSet) -> None:
    s.put("XCHA", 71, 1, "207", "XCX-", kind="NC")


@mistake(("PARTY-MISSING", "F", "XCDA", "51", 1))
def receiver_missing(s: ReportSet) -> None:
    s.drop("XCDA", 51, 1, "372")


@mistake(("PARTY-MISSING", "W", "XCDA", "51", 1))
def own_area_missing(s: ReportSet) -> None:
    s.drop("XCDA", 51, 1, "370")


@mistake(("PARTY-MISSING", "F", "XCHA", "75", 1))
def exporter_missing(s: ReportSet) -> None:
    s.drop("XCHA", 75, 1, "370")


@mistake(("PARTY-MISSING", "F", "XCFA", "206", 3))
def received_from_itself(s: ReportSet) -> None:
    s.put("XCFA", 206, 3, "370", "XC/XCFA")


@mistake(("PARTY-MISSING", "F", "XCDA", "51", 1))
def shipped_by_somebody_else(s: ReportSet) -> None:
    s.put("XCDA", 51, 1, "370", "XC/XCDB")


@mistake(("SHIPPER-BATCH", "F", "XCFA", "206", 3))
def shippers_batch_missing(s: ReportSet) -> None:
    s.drop("XCFA", 206, 3, "447")


@mistake(("SHIPPER-BATCH", "F", "XCHA", "75", 1))
def shippers_batch_missing_on_import(s: ReportSet) -> None:
    s.drop("XCHA", 75, 1, "447")


@mistake(("SHIPPER-BATCH", "W", "XCDA", "51", 1))
def shippers_batch_on_shipment(s: ReportSet) -> None:
    s.put("XCDA", 51, 1, "447", "DU-02")


@mistake(("ISOTOPE-MISSING", "F", "XCFA", "213", 2))
def fissile_weight_missing(s: ReportSet) -> None:
    s.drop("XCFA", 213, 2, "670")


@mistake(("CAT-LABELS", "F", "XCRA", "35", 3))
def new_category_missing(s: ReportSet) -> None:
    s.drop("XCRA", 35, 3, "620")


@mistake(("CAT-LABELS", "F", "XCFA", "203", 2))
def third_category(s: ReportSet) -> None:
    s.put("XCFA", 203, 2, "620", "1K")


@mistake(("CAT-LABELS", "W", "XCFA", "203", 2))
def fissile_weights_differ(s: ReportSet) -> None:
    s.put("XCFA", 203, 2, "770", "109G")


@mistake(("NOTE-MISSING", "E", "XCFA", "218", None))
def letter_on_a_report_never_sent(s: ReportSet) -> None:
    s.one("XCFA", 218, 2, kind="NC").elements.append(("099", "E/299/3"))


@mistake(("DATE-INVALID", "F", "XCDA", "52", 1))
def twenty_ninth_of_february(s: ReportSet) -> None:
    s.put("XCDA", 52, 1, "412", "20230229")


@mistake(("SEQ-DUP", "E", "XCDA", "52", None))
def other_content_under_one_number(s: ReportSet) -> None:
    again = s.one("XCDA", 52, 1)
    changed = [(k, "70K" if k == "620" else v) for k, v in again.elements]
    s.records.append(Record("again.txt", changed))
