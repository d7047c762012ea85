"""Tables of record of measurement: error sources, methods of strata, results, controls, targets.

All of it is data that people decide on and that has dates. A source that gets a new standard
deviation, or is withdrawn, is a new line of the same name: the last line counts, and an earlier
state of knowledge sees the earlier one. Standard deviations and measured values are decimal text,
because no float enters a table of record.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

KINDS = ("random", "epoch", "long")
BASES = ("mass", "volume", "concentration", "enrichment", "nda", "sampling", "other")


_BASIS = "mass, volume, concentration, enrichment, nda, sampling or other"


def _one_of(name: str, words: tuple[str, ...]) -> str:
    return "(" + " OR ".join(f"{name} = '{word}'" for word in words) + ")"


ERROR_SOURCE = LineKind(
    "error_source",
    "A source of measurement error: what two amounts must share for their errors to be the same.",
    (
        text("source", "name of the source, unique in the State", required=True),
        text("method", "measurement method it belongs to, e.g. TI for titration"),
        text("kind", "random, epoch (constant in a calibration) or long (always)", required=True),
        text("basis", _BASIS, required=True),
        text("relative_sd", "relative standard deviation, decimal"),
        text("absolute_sd_kg", "absolute standard deviation in kg, decimal"),
        text("one_error_per", "random: result, batch, item or stratum"),
        text("closing_epoch", "epoch: whether a closing on a calibration day is new or old"),
        integer("valid_from", "first day on which measurements have this error"),
        integer("valid_to", "last day"),
        text("reference", "where the figure comes from"),
        text("state", "in force or withdrawn", required=True),
    ),
    checks=(
        _one_of("kind", KINDS),
        _one_of("basis", BASES),
        "state IN ('in force', 'withdrawn')",
        "relative_sd IS NOT NULL OR absolute_sd_kg IS NOT NULL OR state = 'withdrawn'",
    ),
    indexes=((("source",), None),),
)

STRATUM_METHOD = LineKind(
    "stratum_method",
    "Which lines of the books form a stratum of an area, and which error sources they have.",
    (
        text("mba", "material balance area", required=True),
        text("stratum", "name of the stratum, e.g. UF6 receipts", required=True),
        integer("rank", "where several strata fit, the lowest rank counts", required=True),
        text("codes", "changes (RD,SD,...) and PB, PE it holds, comma separated; null: all"),
        text("kmps", "key measurement points, comma separated; null: all"),
        text("mdc", "material description code with ? for any sign, e.g. O/G/?/?; null: all"),
        text("batches", "batch names with * for any signs, comma separated; null: all"),
        text("element_sources", "error sources of the element weight, comma separated"),
        text("isotope_sources", "further error sources of the isotope weight, comma separated"),
        integer("samples", "samples averaged for one result"),
        integer("analyses", "analyses of each sample averaged for one result"),
        integer("items_only", "1: sealed items, counted and identified; their MUF must be zero"),
        integer("valid_from", "first day"),
        integer("valid_to", "last day"),
        text("state", "in force or withdrawn", required=True),
    ),
    checks=("state IN ('in force', 'withdrawn')",),
    indexes=((("mba", "stratum"), None),),
)

MEASUREMENT_RESULT = LineKind(
    "measurement_result",
    "A measured value of a batch: net mass, concentration, enrichment, volume or assay.",
    (
        text("result", "name of the result, e.g. of a laboratory sheet", required=True),
        text("mba", "material balance area", required=True),
        text("batch", "batch that the result is used for", required=True),
        text("method", "measurement method", required=True),
        text("basis", _BASIS, required=True),
        text("instrument", "instrument"),
        integer("measured_on", "day of the measurement", required=True),
        text("value", "measured value, decimal", required=True),
        text("unit", "unit of the value: g, kg, g/g, kg/L, L, %", required=True),
        integer("replicates", "number of measurements averaged"),
        text("source_document", "sheet or file that the result comes from"),
        text("state", "in force or withdrawn", required=True),
    ),
    checks=(_one_of("basis", BASES), "state IN ('in force', 'withdrawn')"),
    indexes=((("mba", "batch"), None), (("result",), None)),
)

CALIBRATION = LineKind(
    "calibration",
    "An instrument or method was calibrated: an epoch of its systematic errors begins.",
    (
        text("method", "measurement method", required=True),
        text("instrument", "instrument; null: all of the method"),
        integer("calibrated_on", "day of the calibration", required=True),
        text("standard", "reference standard used"),
        text("certificate", "certificate or record of the calibration"),
        text("state", "in force or withdrawn", required=True),
    ),
    checks=("state IN ('in force', 'withdrawn')",),
    indexes=((("method", "calibrated_on"), None),),
)

CONTROL_MEASUREMENT = LineKind(
    "control_measurement",
    "A measurement that tells about the method: of a standard, a repetition, or a pair.",
    (
        text("series", "measurements to be evaluated together", required=True),
        text("kind", "standard, replicate or paired", required=True),
        text("method", "measurement method", required=True),
        text("instrument", "instrument"),
        text("session", "calibration, shift or inspection within which errors are shared"),
        text("item", "item or standard measured"),
        integer("measured_on", "day", required=True),
        text("measured", "measured value, or the operator's of a pair; decimal", required=True),
        text("reference", "certified value, or the inspector's of a pair; decimal"),
        text("unit", "unit of both", required=True),
        text("state", "in force or withdrawn", required=True),
    ),
    checks=(
        _one_of("kind", ("standard", "replicate", "paired")),
        "state IN ('in force', 'withdrawn')",
        "kind = 'replicate' OR reference IS NOT NULL OR state = 'withdrawn'",
    ),
    indexes=((("series",), None),),
)

TARGET_VALUE = LineKind(
    "target_value",
    "A target value of measurement uncertainty: random and systematic, one sigma.",
    (
        text("edition", "edition of the table, e.g. STR-368 Rev 1.1", required=True),
        text("method", "measurement method", required=True),
        text("material", "material that the value holds for", required=True),
        text("basis", _BASIS, required=True),
        text("random_percent", "u(r) in per cent, decimal"),
        text("systematic_percent", "u(s) in per cent, decimal"),
        text("conditions", "conditions"),
        integer("verified", "1 if copied from the table and checked by a second person"),
        text("state", "in force or withdrawn", required=True),
    ),
    checks=(_one_of("basis", BASES), "state IN ('in force', 'withdrawn')"),
    indexes=((("edition", "method"), None),),
)
