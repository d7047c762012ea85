"""Tables of record of obligations: labels, what people state about them, and what follows.

People state where labels come from (rules of origin, labels of receipts, the opening), and what is
decided about them (designations, exchanges, labels that begin or end, consents). From these and
the lines of the ledger it follows which labels go where: the *moves*, child lines that are posted
in the act from which they follow. A move takes a quantity under one label set from one holding
into another; moves are never changed: what turns out otherwise is posted as the difference. The
balance of a holding is the sum of its moves, and replaying the record gives the same sum.

Of what people state the last line of a name counts, unless its doc says something else.
"""

from __future__ import annotations

from keiryo.journal.model import Field, LineKind, integer, text

_VALIDITY: tuple[Field, ...] = (
    integer("valid_from", "first day; null: from ever"),
    integer("valid_to", "last day; null: open"),
)
_IN_ORDER = "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to"
_SHARED: tuple[Field, ...] = (
    text("labels", "label set: codes in order joined by +, or - for none", required=True),
    integer("element_mg", "element weight under it in milligrams; null: given as a share"),
    text("share", "its share as a decimal or a fraction, e.g. 0.6 or 7/15; null: a weight"),
)
_ONE_OF_BOTH = "(element_mg IS NULL) <> (share IS NULL)"

LABEL = LineKind(
    "obligation_label",
    "A label: a partner towards whom duties exist for material that carries it.",
    (
        text("label", "code, e.g. US or EURATOM", required=True),
        text("name", "the partner in words", required=True),
        text("kind", "State or organisation", required=True),
        text("instrument", "the agreement in the register of cooperation, if it stands there"),
        text("agreement_words", "the agreement in words: title, date"),
        *_VALIDITY,
        text("successor", "label that takes its place when it ends"),
        text("source", "where that is known from"),
    ),
    checks=("kind IN ('State', 'organisation')", _IN_ORDER),
    indexes=((("label",), None),),
)

LABEL_MEMBER = LineKind(
    "obligation_label_member",
    "A State is a member of an organisation that is a partner, for some time.",
    (
        text("label", "code of the organisation", required=True),
        text("state", "country code of the member", required=True),
        *_VALIDITY,
    ),
    checks=(_IN_ORDER,),
    indexes=((("label",), None),),
)

BEGINNING = LineKind(
    "obligation_beginning",
    "Labels are kept from the end of this day on; the last line counts, with the openings beside.",
    (
        integer("on_day", "day at the end of which the openings hold", required=True),
        text("reason", "why, and on what it rests", required=True),
    ),
)

OPENING = LineKind(
    "obligation_opening",
    "The part of a holding that is under a label set when labels begin to be kept.",
    (
        text("mba", "material balance area", required=True),
        text("batch", "batch, where batches are followed; null: the pool of the area"),
        text("category", "element category", required=True),
        *_SHARED,
    ),
    checks=(_ONE_OF_BOTH,),
)

ORIGIN_RULE = LineKind(
    "obligation_origin_rule",
    "What comes from somewhere is under these labels, unless its receipt says otherwise.",
    (
        text("rule", "name of the rule", required=True),
        text("place", "State, or State/MBA, of the shipper; null: wherever from"),
        text("mba", "receiving area; null: all"),
        text("categories", "element categories, e.g. NE; null: all"),
        text("labels", "label set", required=True),
        *_VALIDITY,
        text("reason", "on what it rests: article, letter", required=True),
    ),
    checks=(_IN_ORDER,),
    indexes=((("rule",), None),),
)

RECEIPT_LABELS = LineKind(
    "obligation_receipt",
    "The labels of a receipt from outside the books; all lines of the last act about it count.",
    (
        text("mba", "receiving area", required=True),
        text("batch", "batch as received", required=True),
        integer("event_date", "day of receipt; null: whenever it came"),
        text("category", "element category; null: all of the receipt"),
        *_SHARED,
        text("document", "export licence, transfer notice or letter that says so"),
    ),
    checks=(_ONE_OF_BOTH,),
    indexes=((("mba", "batch"), None),),
)

DESIGNATION = LineKind(
    "obligation_designation",
    "Labels that are named for a withdrawal instead of its proportional share.",
    (
        text("mba", "area that it leaves", required=True),
        text("batch", "batch that it leaves, as the entry names it", required=True),
        integer("event_date", "day of the withdrawal", required=True),
        text("code", "type of change, label 411", required=True),
        text("category", "element category", required=True),
        text("labels", "label set", required=True),
        integer("element_mg", "element weight under it in milligrams", required=True),
        text("reason", "why", required=True),
    ),
    indexes=((("mba", "event_date"), None),),
)

EXCHANGE = LineKind(
    "obligation_exchange",
    "Labels change places on equal quantities of like material; nothing moves.",
    (
        text("exchange", "name of the exchange", required=True),
        integer("event_date", "day", required=True),
        text("mba", "area of one side", required=True),
        text("batch", "its batch; null: the pool"),
        text("labels", "its label set before", required=True),
        text("moved", "labels that go to the other side, or -", required=True),
        text("other_mba", "area of the other side", required=True),
        text("other_batch", "its batch; null: the pool"),
        text("other_labels", "its label set before", required=True),
        text("other_moved", "labels that come back, or -", required=True),
        text("category", "element category of both", required=True),
        integer("element_mg", "element weight of each side in milligrams", required=True),
        text("consents", "consents on which it rests, joined by one space"),
        text("reason", "why", required=True),
        integer("withdrawn", "1: it is not to count any more"),
    ),
    checks=("element_mg > 0",),
    indexes=((("exchange",), None),),
)

RELABELLING = LineKind(
    "obligation_relabelling",
    "A label begins, ends or passes to another on material that is there already.",
    (
        text("relabelling", "name of the decision", required=True),
        integer("event_date", "day, before anything else of that day", required=True),
        text("mba", "only in this area; null: wherever the material is"),
        text("batch", "only of this batch; null: all"),
        text("category", "only of this category; null: all"),
        text("account", "only in this account, e.g. retained_waste; null: in all"),
        text("removes", "label that goes; null: none goes"),
        text("adds", "labels that come, joined by +; null: none comes"),
        text("reason", "decision, article or letter on which it rests", required=True),
        integer("withdrawn", "1: it is not to count any more"),
    ),
    checks=("removes IS NOT NULL OR adds IS NOT NULL",),
    indexes=((("relabelling",), None),),
)

PLACE_RULE = LineKind(
    "obligation_place",
    "What an area does to labels, and which step of consent takes place in it.",
    (
        text("mba", "material balance area", required=True),
        text("attaches", "labels that its equipment adds, joined by +; null: none"),
        text("attaches_to", "production or enrichment: to what it adds them"),
        text("consent_for", "step that what comes here takes, e.g. reprocessing; null: none"),
        text("decay", "when decay is booked: continuously, at inventory or never"),
        *_VALIDITY,
        text("reason", "on what it rests", required=True),
    ),
    checks=(
        "(attaches IS NULL) = (attaches_to IS NULL)",
        "attaches_to IS NULL OR attaches_to IN ('production', 'enrichment')",
        "decay IS NULL OR decay IN ('continuously', 'at inventory', 'never')",
        _IN_ORDER,
    ),
    indexes=((("mba",), None),),
)

CONSENT = LineKind(
    "obligation_consent",
    "A partner's consent to a step.",
    (
        text("consent", "name or reference", required=True),
        text("partner", "label of the partner", required=True),
        text("step", "retransfer, reprocessing, …", required=True),
        text("destinations", "States or areas that it names, joined by one space; null: any"),
        integer("element_mg", "how much it covers; null: programmatic, without a quantity"),
        *_VALIDITY,
        text("instrument", "the agreement in the register of cooperation, if it stands there"),
        text("words", "article, letter, conditions", required=True),
        integer("withdrawn", "1: it does not hold any more"),
    ),
    checks=("element_mg IS NULL OR element_mg > 0", _IN_ORDER),
    indexes=((("consent",), None),),
)

CONSENT_RULE = LineKind(
    "obligation_consent_rule",
    "What happens to a step without consent; the last line counts.",
    (
        text("mode", "refuse or note", required=True),
        integer("from_day", "steps before this day are noted and never refused"),
        text("reason", "why", required=True),
    ),
    checks=("mode IN ('refuse', 'note')",),
)

PARTNER_STATEMENT = LineKind(
    "obligation_partner_statement",
    "A line of a partner's own statement; all lines of its last act about a year count.",
    (
        text("partner", "label of the partner", required=True),
        integer("year", "calendar year", required=True),
        text("category", "category as the statement names it", required=True),
        text("line", "opening, a cause, or closing", required=True),
        text("amount", "decimal, in the unit", required=True),
        text("unit", "mg, g, kg or t", required=True),
        text("reference", "document or movement that the line is about"),
        integer("on_day", "day on which the partner counts it"),
    ),
    indexes=((("partner", "year"), None),),
)

ANNUAL_STATEMENT = LineKind(
    "obligation_statement",
    "A line of an annual statement as it was issued to a partner.",
    (
        text("partner", "label of the partner", required=True),
        integer("year", "calendar year", required=True),
        integer("issue", "number of the issue, from 1", required=True),
        text("category", "category", required=True),
        text("place_group", "kind of facility"),
        text("line", "opening, a cause, correction or closing", required=True),
        text("amount", "decimal, in the unit", required=True),
        text("unit", "mg, g, kg or t", required=True),
        integer("through_act", "last act that it takes into account", required=True),
    ),
    indexes=((("partner", "year"), None),),
)

_HOLDING = (
    ("mba", "area"),
    ("account", "book, or the account that stands against it, e.g. retained_waste"),
    ("holding", "batch, pool or other side"),
    ("category", "element category"),
    ("labels", "label set"),
)

MOVE = LineKind(
    "obligation_move",
    "A quantity under a label set goes from a holding to another; it follows from the line named.",
    (
        text("mba", "area whose ledger it belongs to", required=True),
        integer("event_date", "day", required=True),
        text("kind", "what happened: RECEIPT, SHIPMENT, BLEND …", required=True),
        *(text(f"from_{name}", f"from: {doc}", required=True) for name, doc in _HOLDING),
        *(text(f"to_{name}", f"to: {doc}", required=True) for name, doc in _HOLDING),
        integer("element_mg", "element weight in milligrams; negative: taken back", required=True),
        integer("of_act", "act of the line from which it follows; null: this act"),
        integer("of_line", "that line", required=True),
    ),
    indexes=(
        (("mba", "event_date"), None),
        (("of_act", "of_line"), None),
        (("from_mba", "event_date"), "from_account = 'domestic_transit'"),
        (("to_mba", "event_date"), "to_account = 'domestic_transit'"),
        (("event_date",), "to_account = 'abroad'"),
    ),
)

STATED = (
    *(LABEL, LABEL_MEMBER, BEGINNING, OPENING, ORIGIN_RULE, RECEIPT_LABELS, DESIGNATION),
    *(EXCHANGE, RELABELLING, PLACE_RULE, CONSENT, CONSENT_RULE),
    *(PARTNER_STATEMENT, ANNUAL_STATEMENT),
)
"""What people state."""

LINE_KINDS = (*STATED, MOVE)
