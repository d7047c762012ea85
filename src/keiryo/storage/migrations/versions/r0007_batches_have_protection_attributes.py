"""Batches have protection attributes."""

from __future__ import annotations

from keiryo.storage.migrations.columns import record

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    record(
        "protection_attribute",
        "scope! agreement caveat mba! batch_uid! recorded_on:integer! place "
        "irradiated:integer dose_rate_gy_h dose_rate_on:integer evidence_ref original_form "
        "original_pu_mg:integer original_u233_mg:integer original_u235_mg:integer "
        "original_enrichment pu238_fraction reduction_decision_ref review_on:integer",
        checks=(
            "irradiated IS NULL OR irradiated IN (0, 1)",
            "COALESCE(original_pu_mg, 0) >= 0 AND COALESCE(original_u233_mg, 0) >= 0",
            "COALESCE(original_u235_mg, 0) >= 0",
            "original_form IS NULL OR original_form IN ('depleted', 'natural', 'thorium', "
            "'leu', 'other')",
        ),
        indexes=((("batch_uid",), None), (("mba",), None)),
    )
