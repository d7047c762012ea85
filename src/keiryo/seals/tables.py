"""Tables of record of seals: the register, what happened to each seal, what it holds, its logs.

A seal goes by issuing body and number (``XA/0042``); the number is a text, so that leading zeros
and check letters stay. Nothing that happened is ever replaced: an event that was recorded wrongly
is named by the event that corrects it. Instants are texts in UTC as `keiryo.dates.utc_text` writes
them, which sort as texts.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

EVENTS = (
    *("receive", "issue", "return", "void", "destroy", "loss", "attach", "check", "broken"),
    *("missing", "detach", "recover", "found-again", "declare-lost", "dispatch", "verify"),
    *("read-out", "examine", "found", "service", "retire", "withdraw"),
)
"""What happens to seals; ``withdraw`` takes back an event that never was."""

COMPONENT_FINDINGS = ("ok", "not-ok", "not-seen")
"""What a check says of tag, wire and containment."""

EXAMINATION_FINDINGS = ("genuine-intact", "tampered", "substituted", "inconclusive")
"""What an examination or verification says of a seal."""

_KEY = (
    text("body", "who issued the seal, e.g. INT.IAEA or XA", required=True),
    text("number", "its number, a text", required=True),
)
_BY_KEY = (("body", "number"), None)

SEAL = LineKind(
    "seal",
    "A seal as it came into stock; the last line of its key counts.",
    (
        *_KEY,
        text("type", "metal-cap, cobra, vacoss-s, eoss, rmsa, ultrasonic …", required=True),
        text("delivery", "the delivery or batch of manufacture"),
        text("key_id", "key with which it signs, as the register of device keys names it"),
        integer("soh_interval_s", "how often it reports its state of health, in seconds"),
        integer("battery_limit_mv", "voltage at which its battery is to be changed, in mV"),
        text("note", "note"),
    ),
    checks=("soh_interval_s IS NULL OR soh_interval_s > 0",),
    indexes=(_BY_KEY,),
)

SEAL_EVENT = LineKind(
    "seal_event",
    "Something that happened to a seal, as the person who was there reports it.",
    (
        *_KEY,
        text("event", "receive, issue, attach, check, detach, examine …", required=True),
        text("at", "when, UTC", required=True),
        text("place", "where, in words"),
        text("person", "who did it", required=True),
        text("second_person", "who did it with them"),
        text("role", "role of the person: inspector, custodian, supervisor, operator"),
        text("organisation", "the body for which they act"),
        integer("by_operator", "1 if the operator did it"),
        text("notice", "reference of the notice that the operator gave before"),
        text("reason", "why; what happened"),
        text("remark", "remark"),
        integer("corrects_act", "act of the event that this one corrects or withdraws"),
        integer("corrects_line", "line of that event"),
        text("mba", "attach: material balance area"),
        text("containment", "attach: name of the containment that it closes"),
        text("paths", "attach: names of the ways that it closes, joined by ' | '"),
        text("route", "attach: how the wire or fibre runs"),
        text("co_device", "attach: device applied with it, camera:NAME or seal:BODY/NUMBER"),
        text("depends_on", "attach: power feeds, links, mountings, clocks, joined by ' | '"),
        text("number_read", "check: the number as it was read on the seal"),
        text("tag", "check: the seal itself: ok, not-ok or not-seen"),
        text("wire", "check: wire or fibre and its way: ok, not-ok or not-seen"),
        text("enclosure", "check: the containment: ok, not-ok or not-seen"),
        text("finding", "examine, verify: genuine-intact, tampered, substituted, inconclusive"),
        text("bag", "dispatch: number of the sealed bag"),
        text("courier", "dispatch: who carries it"),
        integer("expected_on", "dispatch: day on which it should arrive"),
        integer("unopened", "return: 1 if the seal was never closed or opened"),
        text("self_test", "service: good or failed"),
        integer("retention_days", "retire: how long a verified seal is kept, in days"),
        text("reference", "SHA-256 of the reference image, a kept file"),
        text("log", "read-out, check: SHA-256 of the log as read out, a kept file"),
        text("log_state", "signed, reader, unsigned or broken"),
        integer("log_first", "first sequence number of the log"),
        integer("log_last", "last sequence number of the log"),
        text("evidence", "digests of photographs and files, joined by one space"),
    ),
    checks=(
        "(corrects_act IS NULL) = (corrects_line IS NULL)",
        "by_operator IS NULL OR by_operator IN (0, 1)",
        "finding IS NULL OR finding IN ('genuine-intact', 'tampered', 'substituted', "
        "'inconclusive')",
    ),
    indexes=(_BY_KEY, (("mba", "containment"), "containment IS NOT NULL")),
)

SEAL_ITEM = LineKind(
    "seal_item",
    "That an attached seal holds a batch or item; one seal may hold many, one item many seals.",
    (
        *_KEY,
        integer("event_line", "line of the attachment in the same act", required=True),
        text("batch_uid", "identity of the batch or item", required=True),
    ),
    indexes=(_BY_KEY, (("batch_uid",), None)),
)

SEAL_INTERVAL = LineKind(
    "seal_interval",
    "An interval that the log of an electronic seal shows: an opening, a gap, a failure.",
    (
        *_KEY,
        integer("event_line", "line of the read-out in the same act", required=True),
        text("code", "opening, gap, tamper, self-test, no-soh", required=True),
        text("begin_at", "true time of its begin, UTC", required=True),
        text("end_at", "true time of its end, UTC; null: it does not end within the log"),
        text("value", "NEGATIVE or INCONCLUSIVE", required=True),
    ),
    checks=("value IN ('NEGATIVE', 'INCONCLUSIVE')",),
    indexes=(_BY_KEY,),
)

SEAL_REFUSED = LineKind(
    "seal_refused",
    "A report that does not fit what is known of a seal: refused, and kept with what was seen.",
    (
        *_KEY,
        text("event", "what was reported", required=True),
        text("at", "when it is said to have happened, UTC", required=True),
        text("person", "who reports it", required=True),
        text("codes", "codes of the findings, joined by one space", required=True),
        text("findings", "the findings, as JSON", required=True),
        text("seen", "the report as it was given, as JSON", required=True),
        text("evidence", "digests of photographs and files, joined by one space"),
    ),
    indexes=(_BY_KEY,),
)

SEAL_REPORT = LineKind(
    "seal_report",
    "That a seal was, or may have to be, compromised: told by the fastest means.",
    (
        *_KEY,
        text("at", "when it happened or will have to happen, UTC", required=True),
        text("reported_at", "when it was told, UTC", required=True),
        text("person", "who reports it", required=True),
        text("what", "what happened, in words", required=True),
        text("mba", "material balance area"),
        text("place", "where, in words"),
        text("evidence", "digests of photographs and files, joined by one space"),
    ),
    indexes=(_BY_KEY,),
)

SEAL_DOCUMENT = LineKind(
    "seal_document",
    "A seal that a shipping document states, or that was found on receipt.",
    (
        text("document", "reference of the shipping document", required=True),
        text("side", "stated or found", required=True),
        text("mba", "area that received it", required=True),
        text("at", "when it was received, UTC", required=True),
        *_KEY,
    ),
    checks=("side IN ('stated', 'found')",),
    indexes=((("document",), None), _BY_KEY),
)

LINE_KINDS = (
    *(SEAL, SEAL_EVENT, SEAL_ITEM, SEAL_INTERVAL),
    *(SEAL_REFUSED, SEAL_REPORT, SEAL_DOCUMENT),
)
"""What seals bring to the journal."""
