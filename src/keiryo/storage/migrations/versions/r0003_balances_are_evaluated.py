"""Balances are evaluated."""

from __future__ import annotations

from keiryo.storage.migrations.columns import record

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    record(
        "calibration",
        "scope! agreement caveat method! instrument calibrated_on:integer! standard "
        "certificate state!",
        checks=("state IN ('in force', 'withdrawn')",),
        indexes=((("method", "calibrated_on"), None),),
    )
    record(
        "control_measurement",
        "scope! agreement caveat series! kind! method! instrument session item "
        "measured_on:integer! measured! reference unit! state!",
        checks=(
            "(kind = 'standard' OR kind = 'replicate' OR kind = 'paired')",
            "state IN ('in force', 'withdrawn')",
            "kind = 'replicate' OR reference IS NOT NULL OR state = 'withdrawn'",
        ),
        indexes=((("series",), None),),
    )
    record(
        "error_source",
        "scope! agreement caveat source! method kind! basis! relative_sd absolute_sd_kg "
        "one_error_per closing_epoch valid_from:integer valid_to:integer reference state!",
        checks=(
            "(kind = 'random' OR kind = 'epoch' OR kind = 'long')",
            "(basis = 'mass' OR basis = 'volume' OR basis = 'concentration' OR basis = "
            "'enrichment' OR basis = 'nda' OR basis = 'sampling' OR basis = 'other')",
            "state IN ('in force', 'withdrawn')",
            "relative_sd IS NOT NULL OR absolute_sd_kg IS NOT NULL OR state = 'withdrawn'",
        ),
        indexes=((("source",), None),),
    )
    record(
        "evaluation",
        "scope! agreement caveat mba! period_from:integer! period_to:integer! category! "
        "quantity! muf_mg:integer! sigma_muf_mg verdict! statement! assumptions! "
        "through_act:integer! inputs_digest! convention!",
        checks=("category IN ('N', 'D', 'E', 'U', 'P', 'T')",),
        indexes=((("mba", "period_to"), None),),
    )
    record(
        "evaluation_limit",
        "scope! agreement caveat name! mba category quantity form! value! floor_kg "
        "valid_from:integer valid_to:integer basis state!",
        checks=("state IN ('in force', 'withdrawn')",),
        indexes=((("name",), None),),
    )
    record(
        "evaluation_share",
        "scope! agreement caveat parent_line:integer! source! component! stratum! share! "
        "source_act:integer source_line:integer",
    )
    record(
        "evaluation_test",
        "scope! agreement caveat parent_line:integer! test! value limit_value passed:integer basis",
    )
    record(
        "measurement_result",
        "scope! agreement caveat result! mba! batch! method! basis! instrument "
        "measured_on:integer! value! unit! replicates:integer source_document state!",
        checks=(
            "(basis = 'mass' OR basis = 'volume' OR basis = 'concentration' OR basis = "
            "'enrichment' OR basis = 'nda' OR basis = 'sampling' OR basis = 'other')",
            "state IN ('in force', 'withdrawn')",
        ),
        indexes=((("mba", "batch"), None), (("result",), None)),
    )
    record(
        "stratum_method",
        "scope! agreement caveat mba! stratum! rank:integer! codes kmps mdc batches "
        "element_sources isotope_sources samples:integer analyses:integer items_only:integer "
        "valid_from:integer valid_to:integer state!",
        checks=("state IN ('in force', 'withdrawn')",),
        indexes=((("mba", "stratum"), None),),
    )
    record(
        "target_value",
        "scope! agreement caveat edition! method! material! basis! random_percent "
        "systematic_percent conditions verified:integer state!",
        checks=(
            "(basis = 'mass' OR basis = 'volume' OR basis = 'concentration' OR basis = "
            "'enrichment' OR basis = 'nda' OR basis = 'sampling' OR basis = 'other')",
            "state IN ('in force', 'withdrawn')",
        ),
        indexes=((("edition", "method"), None),),
    )
