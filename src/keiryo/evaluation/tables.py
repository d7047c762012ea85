"""Tables of record of evaluations: what was concluded about a balance, and from what.

An evaluation is an act. It states MUF (exact), its standard deviation, the verdict and the
assumptions in words, and what it rests on: the acts known then, and the error sources used.
A later evaluation of the same balance is a new act that corrects the earlier one.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

EVALUATION = LineKind(
    "evaluation",
    "What was concluded about a closed balance: one line per category and element or isotope.",
    (
        text("mba", "material balance area", required=True),
        integer("period_from", "first day of the period", required=True),
        integer("period_to", "last day of the period, the PIT date", required=True),
        text("category", "element category", required=True),
        text("quantity", "element, or the isotope of the fissile weight", required=True),
        integer("muf_mg", "MUF in milligrams", required=True),
        text("sigma_muf_mg", "standard deviation of MUF in milligrams, decimal; null: not known"),
        text("verdict", "code of the verdict", required=True),
        text("statement", "the verdict in words", required=True),
        text("assumptions", "the assumptions in words, one a line", required=True),
        integer("through_act", "last act that the evaluation takes into account", required=True),
        text("inputs_digest", "digest of amounts and error sources", required=True),
        text("convention", "version of the conventions of the computation", required=True),
    ),
    checks=("category IN ('N', 'D', 'E', 'U', 'P', 'T')",),
    indexes=((("mba", "period_to"), None),),
)

EVALUATION_TEST = LineKind(
    "evaluation_test",
    "A limit or statistic that a balance was held against.",
    (
        integer("parent_line", "evaluation line of the same act", required=True),
        text("test", "name of the limit or statistic", required=True),
        text("value", "value, decimal"),
        text("limit_value", "limit, decimal"),
        integer("passed", "1 if the limit was kept, 0 if not, null if not computable"),
        text("basis", "the rule that the limit comes from"),
    ),
)

EVALUATION_SHARE = LineKind(
    "evaluation_share",
    "The part of the variance of MUF that an error source brings in a stratum.",
    (
        integer("parent_line", "evaluation line of the same act", required=True),
        text("source", "error source", required=True),
        text("component", "random, epoch or long", required=True),
        text("stratum", "stratum, or 'between strata' for what is shared", required=True),
        text("share", "share of the variance; negative where errors cancel", required=True),
        integer("source_act", "act of the error source's line"),
        integer("source_line", "its line number"),
    ),
)

EVALUATION_LIMIT = LineKind(
    "evaluation_limit",
    "A limit that a facility or State holds its balances against, with dates.",
    (
        text("name", "name of the limit", required=True),
        text("mba", "material balance area; null: all"),
        text("category", "element category; null: all"),
        text("quantity", "element, isotope or null: both"),
        text("form", "what is compared with what, e.g. muf_over_sigma", required=True),
        text("value", "the limit, decimal", required=True),
        text("floor_kg", "smallest amount in kg that the limit applies from, decimal"),
        integer("valid_from", "first day"),
        integer("valid_to", "last day"),
        text("basis", "rule or decision that it comes from"),
        text("state", "in force or withdrawn", required=True),
    ),
    checks=("state IN ('in force', 'withdrawn')",),
    indexes=((("name",), None),),
)
