"""What the books call things in English, said in the language of a page.

Tables and records name things in one language, so that they stay what they were: the meanings of
codes, the relations of a chain of evidence, the states of shipments and notices, the duties of a
profile, the titles of jobs. Pages say them in the reader's language. The words stand in the
catalogues like every other sentence; what is written in the modules of the domain and in the
shipped tables is collected from there by ``scripts/translations``, the rest from here.

What a finding says about one case stays as it was recorded. Beside it a page may say what findings
of its code mean, from ``data/finding_titles.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.data import read_table
from keiryo.issuing.output import Words
from keiryo.web import terms_detecting, terms_protecting, terms_watching
from keiryo.web.speaking import gettext, language, said
from keiryo.web.translation import LANGUAGES, sentence

ACT_KINDS: Mapping[str, str] = {
    "journal.open": sentence("opening of the books"),
    "clock.accept": sentence("wrong clock, accepted"),
    "place.register": sentence("registration of a place"),
    "context.accept": sentence("what came before, accepted"),
    "report.accept": sentence("report accepted"),
    "report.refuse": sentence("report refused"),
    "report.issue": sentence("report issued"),
    "file.refuse": sentence("file refused"),
    "source.record": sentence("source lines recorded"),
    "correction.plan": sentence("correction"),
    "period.close": sentence("closing of a balance"),
    "finding.assign": sentence("finding assigned"),
    "finding.answer": sentence("finding answered"),
    "finding.close": sentence("finding closed"),
    "finding.reopen": sentence("finding opened again"),
    "notice.register": sentence("advance notice registered"),
    "notice.confirm": sentence("receipt confirmed"),
    "notice.withdraw": sentence("advance notice withdrawn"),
    "statement.record": sentence("statement of book inventory recorded"),
    "movements.begin": sentence("item movements, beginning inventory"),
    "movements.week": sentence("item movements of a week"),
    "movements.inventory": sentence("item movements, physical inventory"),
    "measurement.source": sentence("error sources recorded"),
    "measurement.stratum": sentence("strata recorded"),
    "measurement.result": sentence("results of measurements recorded"),
    "measurement.calibration": sentence("calibrations recorded"),
    "measurement.control": sentence("control measurements recorded"),
    "measurement.target": sentence("target values recorded"),
    "measurement.withdraw": sentence("measurement withdrawn"),
    "balance.evaluate": sentence("evaluation of a balance"),
    "limit.set": sentence("limit set"),
    "limit.withdraw": sentence("limit withdrawn"),
    "person.admit": sentence("person admitted"),
    "person.suspend": sentence("person suspended"),
    "person.readmit": sentence("person readmitted"),
    "person.reset": sentence("sign-in reset"),
    "person.leave": sentence("person left"),
    "role.grant": sentence("role granted"),
    "role.withdraw": sentence("role withdrawn"),
    "key.register": sentence("key registered"),
    "key.revoke": sentence("key revoked"),
    "policy.set": sentence("second person asked for, or not"),
    "cooperation.record": sentence("register of cooperation recorded"),
    "cooperation.step": sentence("step of a commitment recorded"),
    "cooperation.claim": sentence("commitment claimed to be fulfilled"),
    "cooperation.care": sentence("care of a commitment recorded"),
    "cooperation.meeting": sentence("meeting of a body recorded"),
    "cooperation.working_group": sentence("working group recorded"),
    "cooperation.agenda": sentence("agenda of a meeting recorded"),
    "cooperation.meeting_item": sentence("item of a meeting recorded"),
    "cooperation.minutes": sentence("minutes of a meeting recorded"),
    "cooperation.decide": sentence("commitment decided by a meeting"),
    "cooperation.information": sentence("information exchanged recorded"),
    "cooperation.information_event": sentence("event of information recorded"),
    "cooperation.mission": sentence("expert mission requested"),
    "cooperation.mission_step": sentence("step of a mission recorded"),
    "cooperation.mission_finding": sentence("finding of a mission recorded"),
    "cooperation.exchange": sentence("personnel exchange agreed"),
    "cooperation.exchange_step": sentence("step of a personnel exchange recorded"),
    "export.record": sentence("export control recorded"),
    "export.rule": sentence("rule on licences recorded"),
    "equipment.register": sentence("equipment registered"),
    "equipment.custody": sentence("equipment handed over"),
    "equipment.condition": sentence("condition of equipment recorded"),
    "equipment.calibrate": sentence("calibration of equipment recorded"),
    "equipment.loan": sentence("loan of equipment recorded"),
    "equipment.step": sentence("step of a loan recorded"),
    "equipment.plan": sentence("plans of posts recorded"),
    "obligations.record": sentence("register of obligations recorded"),
    "obligations.begin": sentence("labels begin to be kept"),
    "obligations.receipt": sentence("labels of a receipt stated"),
    "obligations.designate": sentence("labels of a withdrawal named"),
    "obligations.exchange": sentence("obligations exchanged"),
    "obligations.relabel": sentence("label begins or ends on material"),
    "obligations.rule": sentence("rule on consents recorded"),
    "obligations.partner": sentence("statement of a partner recorded"),
    "obligations.statement": sentence("annual statement issued"),
    **terms_watching.ACT_KINDS,
    **terms_protecting.ACT_KINDS,
    **terms_detecting.ACT_KINDS,
}
"""Kinds of act in words."""

LINE_KINDS: Mapping[str, str] = {
    "material_balance_area": sentence("material balance area"),
    "key_measurement_point": sentence("key measurement point"),
    "journal_opened": sentence("journal opened"),
    "evidence": sentence("evidence"),
    "finding": sentence("finding"),
    "finding_answer": sentence("finding answer"),
    "clock_change": sentence("clock change"),
    "evaluation": sentence("evaluation"),
    "evaluation_test": sentence("evaluation test"),
    "evaluation_share": sentence("evaluation share"),
    "evaluation_limit": sentence("evaluation limit"),
    "report": sentence("report"),
    "note": sentence("note"),
    "reporting_context": sentence("reporting context"),
    "earlier_report": sentence("earlier report"),
    "issued_report": sentence("issued report"),
    "issued_record": sentence("issued record"),
    "advance_notice": sentence("advance notice"),
    "book_statement": sentence("book statement"),
    "finding_owner": sentence("finding owner"),
    "inventory_change": sentence("inventory change"),
    "physical_inventory": sentence("physical inventory"),
    "reported_balance": sentence("reported balance"),
    "isotope_weight": sentence("isotope weight"),
    "batch": sentence("batch"),
    "genealogy": sentence("genealogy"),
    "closing": sentence("closing"),
    "error_source": sentence("error source"),
    "stratum_method": sentence("stratum method"),
    "measurement_result": sentence("measurement result"),
    "calibration": sentence("calibration"),
    "control_measurement": sentence("control measurement"),
    "target_value": sentence("target value"),
    "person_state": sentence("person state"),
    "role_grant": sentence("role grant"),
    "person_key": sentence("person key"),
    "release_policy": sentence("release policy"),
    "release": sentence("release"),
    "cooperation_source": sentence("document quoted"),
    "quotation": sentence("quotation"),
    "cooperation_date": sentence("date of an agreement"),
    "external_fact": sentence("fact from elsewhere"),
    "organisation": sentence("organisation"),
    "office_holder": sentence("person in office"),
    "instrument": sentence("agreement or other instrument"),
    "instrument_person": sentence("signatory or witness"),
    "cooperation_body": sentence("joint body"),
    "programme": sentence("programme"),
    "commitment": sentence("commitment"),
    "cooperation_event": sentence("event"),
    "history_statement": sentence("statement on history"),
    "commitment_claim": sentence("claim of fulfilment"),
    "commitment_step": sentence("step of a commitment"),
    "commitment_care": sentence("care of a commitment"),
    "working_group": sentence("working group"),
    "meeting": sentence("meeting"),
    "meeting_item": sentence("item of a meeting"),
    "meeting_attendance": sentence("attendance of a meeting"),
    "meeting_decision": sentence("decision of a meeting"),
    "information_item": sentence("information exchanged"),
    "information_event": sentence("event of information"),
    "expert_mission": sentence("expert mission"),
    "mission_step": sentence("step of a mission"),
    "mission_member": sentence("member of a mission"),
    "mission_finding": sentence("finding of a mission"),
    "personnel_exchange": sentence("personnel exchange"),
    "personnel_step": sentence("step of a personnel exchange"),
    "control_item": sentence("control-list item"),
    "licence": sentence("licence"),
    "licence_line": sentence("line of a licence"),
    "licence_step": sentence("step of a licence"),
    "licence_rule": sentence("rule on shipments without licence"),
    "government_assurance": sentence("assurance of a government"),
    "export_transfer": sentence("export or import of goods"),
    "mutual_recognition": sentence("mutual recognition"),
    "trusted_trader": sentence("status of a trusted trader"),
    "consignment": sentence("consignment"),
    "equipment_item": sentence("piece of equipment"),
    "equipment_custody": sentence("hand-over of equipment"),
    "equipment_condition": sentence("condition of equipment"),
    "equipment_calibration": sentence("calibration of equipment"),
    "equipment_loan": sentence("loan of equipment"),
    "equipment_loan_item": sentence("item of a loan"),
    "equipment_loan_step": sentence("step of a loan"),
    "equipment_plan": sentence("plan of a post"),
    "obligation_label": sentence("obligation label"),
    "obligation_label_member": sentence("member of a partner organisation"),
    "obligation_beginning": sentence("day from which labels are kept"),
    "obligation_opening": sentence("labels at the beginning"),
    "obligation_origin_rule": sentence("rule of origin"),
    "obligation_receipt": sentence("labels of a receipt"),
    "obligation_designation": sentence("labels named for a withdrawal"),
    "obligation_exchange": sentence("exchange of obligations"),
    "obligation_relabelling": sentence("label that begins or ends"),
    "obligation_place": sentence("rule of a place about labels"),
    "obligation_consent": sentence("consent of a partner"),
    "obligation_consent_rule": sentence("rule on consents"),
    "obligation_partner_statement": sentence("line of a partner's statement"),
    "obligation_statement": sentence("line of an annual statement"),
    "obligation_move": sentence("move of labels"),
    **terms_watching.LINE_KINDS,
    **terms_protecting.LINE_KINDS,
    **terms_detecting.LINE_KINDS,
}
"""Kinds of lines in words, by the names of their tables."""

SHOWN = (
    sentence("closes"),
    sentence("physical inventory taking, at the latest"),
    sentence("Check of reports"),
    sentence("What if: other measurements"),
    sentence("open"),
    sentence("closed"),
    sentence("confirmed"),
    sentence("withdrawn"),
    sentence("overdue"),
    sentence("late"),
    sentence("received"),
    sentence("in parts"),
    sentence("to be notified"),
    sentence("notice overdue"),
    sentence("awaiting confirmation"),
    sentence("confirmation overdue"),
    sentence("notified"),
    sentence("notified, notified late"),
    sentence("done, notified late"),
    sentence("confirmed, notified late"),
    sentence("notify"),
    sentence("confirm"),
    sentence("what"),
    sentence("one sigma"),
    sentence("remark"),
    sentence("Actions"),
)
"""Titles of jobs, states and heads of tables that come from elsewhere as they are."""

ROLE_WORDS = (
    sentence("journal"),
    sentence("places"),
    sentence("accounts"),
    sentence("reports"),
    sentence("movements"),
    sentence("oversight"),
    sentence("people"),
    sentence("protection"),
    sentence("surveillance"),
    sentence("detection"),
    sentence("cooperation"),
    sentence("obligations"),
    sentence("export control"),
    sentence("equipment"),
    sentence("audit"),
    sentence("administer"),
    sentence("back up"),
    sentence("measurement"),
    sentence("evaluation"),
    sentence("release"),
    *terms_watching.ROLE_WORDS,
    *terms_protecting.ROLE_WORDS,
    *terms_detecting.ROLE_WORDS,
)
"""What a role may read, and what else it may do."""


def term(text: str) -> str:
    """Return words of the domain in the language of this request; English if it has none.

    Parameters
    ----------
    text : str
        As records and tables say it: a relation, a state, the title of a duty or of a profile.
    """
    return said(text) if text else ""


def act_kind(kind: str) -> str:
    """Return a kind of act, such as ``"report.accept"``, in words; as it is if it has none."""
    words = ACT_KINDS.get(kind)
    return gettext(words) if words else kind


def line_kind(kind: str) -> str:
    """Return a kind of line, such as ``"inventory_change"``, in words."""
    return gettext(LINE_KINDS.get(kind, kind.replace("_", " ")))


def line_kinds() -> dict[str, str]:
    """Return all kinds of lines in words, by the names of their tables."""
    return {kind: line_kind(kind) for kind in LINE_KINDS}


def entry_code_meaning(code: str) -> str:
    """Return what a type of inventory change or balance line (label 411) means.

    The words are those of printed reports; a code that is not known has none.
    """
    return Words(_spoken(None)).code(code)


def finding_meaning(code: str, in_language: str | None = None) -> str:
    """Return what findings of a code mean, to stand beside what one of them says.

    Parameters
    ----------
    code : str
        Such as ``"NEG-BOOK"``.
    in_language : str, optional
        ``"ja"``; the language of this request, if it is not given.

    Returns
    -------
    str
        Empty where the table has nothing: in English the message says it all.

    Examples
    --------
    >>> finding_meaning("NEG-BOOK", "ja")
    '帳簿在庫が負になっています。'
    >>> finding_meaning("NEG-BOOK", "en")
    ''
    """
    titles = read_table("finding_titles").get(_spoken(in_language), {})
    return str(titles.get(code, ""))


def _spoken(wanted: str | None) -> str:
    known = wanted or language()
    return known if known in LANGUAGES else LANGUAGES[0]
