"""Table of record of material categories: what is known of a batch for its protection.

A line states everything anew: of the lines of a batch the one with the latest day counts, of
those of one day the last. Days are integers YYYYMMDD, masses are milligrams before irradiation;
rates and fractions are decimal texts, which lose nothing.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text
from keiryo.protection.category_lots import ORIGINAL_FORMS

PROTECTION_ATTRIBUTE = LineKind(
    "protection_attribute",
    "What is known of a batch or item for its protection; the latest line counts, whole.",
    (
        text("mba", "material balance area", required=True),
        text("batch_uid", "identity of the batch, item or pool", required=True),
        integer("recorded_on", "day from which it counts", required=True),
        text("place", "where it is kept; null: its key measurement point"),
        integer("irradiated", "1: irradiated in a reactor, 0: not; null: not stated, as 0"),
        text("dose_rate_gy_h", "dose rate at 1 m unshielded in Gy/h, a decimal"),
        integer("dose_rate_on", "day of the dose rate"),
        text("evidence_ref", "what shows the dose rate: act:17, a digest, or a reference"),
        text("original_form", "before irradiation: depleted, natural, thorium, leu or other"),
        integer("original_pu_mg", "plutonium before irradiation"),
        integer("original_u233_mg", "uranium-233 before irradiation"),
        integer("original_u235_mg", "uranium-235 before irradiation"),
        text("original_enrichment", "mass fraction of uranium-235 before irradiation, a decimal"),
        text("pu238_fraction", "fraction of plutonium-238 in the plutonium, a decimal"),
        text("reduction_decision_ref", "the State's decision to lower the category by one level"),
        integer("review_on", "last day on which the decision holds without a review"),
    ),
    checks=(
        "irradiated IS NULL OR irradiated IN (0, 1)",
        "COALESCE(original_pu_mg, 0) >= 0 AND COALESCE(original_u233_mg, 0) >= 0",
        "COALESCE(original_u235_mg, 0) >= 0",
        "original_form IS NULL OR original_form IN ({})".format(
            ", ".join(f"'{one}'" for one in ORIGINAL_FORMS)
        ),
    ),
    indexes=((("batch_uid",), None), (("mba",), None)),
)

LINE_KINDS = (PROTECTION_ATTRIBUTE,)
"""What material categories bring to the journal."""
