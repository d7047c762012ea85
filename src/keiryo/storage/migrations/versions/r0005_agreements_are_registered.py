"""Agreements are registered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from keiryo.storage.migrations.columns import INTEGER, record

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    record(
        "commitment",
        "scope! agreement caveat commitment! kind! actors! actor_basis attributed_to "
        "modality! strength:integer! action! area condition condition_type under event "
        "beneficiaries follows note",
        checks=(
            "strength BETWEEN 1 AND 3",
            "condition_type IS NULL OR condition_type IN ('trigger', 'limit')",
        ),
        indexes=((("commitment",), None),),
    )
    record(
        "commitment_care",
        "scope! agreement caveat commitment! owner deputy next_action next_on:integer "
        "due_on:integer review_on:integer risk",
        indexes=((("commitment",), None),),
    )
    record(
        "commitment_claim",
        "scope! agreement caveat commitment! on_day:integer! reason! evidence!",
        indexes=((("commitment",), None),),
    )
    record(
        "commitment_step",
        "scope! agreement caveat commitment! before! state! on_day:integer! reason! evidence "
        "side occurred claim_act:integer",
        indexes=((("commitment",), None), (("claim_act",), "claim_act IS NOT NULL")),
    )
    record(
        "consignment",
        "scope! agreement caveat consignment! container! trader passed_on:integer! "
        "commodity_code item route origin commodity documents history density_anomaly:integer "
        "radiation_alarm:integer seal_mismatch:integer",
        indexes=((("consignment",), None),),
    )
    record(
        "control_item",
        "scope! agreement caveat item! control_list! entry! annex_entry customs_code title! "
        "material! categories unit!",
        checks=("material IN ('nuclear', 'other')",),
        indexes=((("item",), None),),
    )
    record(
        "cooperation_body",
        "scope! agreement caveat body! title! kind parties under mandate status_words note",
        indexes=((("body",), None),),
    )
    record(
        "cooperation_date",
        "scope! agreement caveat about! what! party value precision! basis! words earliest "
        "latest note",
        checks=(
            "basis IN ('stated', 'inferred', 'external')",
            "precision IN ('day', 'month', 'year', 'approximate', 'period', 'open')",
        ),
        indexes=((("about",), None),),
    )
    record(
        "cooperation_event",
        "scope! agreement caveat event! title! place participants instrument note",
        indexes=((("event",), None),),
    )
    record(
        "cooperation_source",
        "scope! agreement caveat source! file! title kind digest",
        indexes=((("source",), None),),
    )
    record(
        "equipment_calibration",
        "scope! agreement caveat serial! on_day:integer! calibrated_by! due_on:integer! "
        "certificate check_source check_source_result note",
        checks=("check_source_result IS NULL OR check_source_result IN ('passed', 'failed')",),
        indexes=((("serial",), None), (("certificate",), "certificate IS NOT NULL")),
    )
    record(
        "equipment_condition",
        "scope! agreement caveat serial! before! condition! on_day:integer! reason! loan evidence",
        checks=("condition IN ('serviceable', 'damaged', 'lost', 'retired')",),
        indexes=((("serial",), None), (("loan",), "loan IS NOT NULL")),
    )
    record(
        "equipment_custody",
        "scope! agreement caveat serial! giver receiver! organisation! place! at! note",
        indexes=((("serial",), None), (("place",), None)),
    )
    record(
        "equipment_item",
        "scope! agreement caveat serial! type! model! owner! firmware accessories "
        "source_nuclide source_activity_bq:integer source_reference_on:integer source_licence "
        "value:integer currency data_rule reason note",
        checks=("source_activity_bq IS NULL OR source_activity_bq > 0",),
        indexes=((("serial",), None),),
    )
    record(
        "equipment_loan",
        "scope! agreement caveat loan! lender! borrower! purpose! event commitment "
        "requested_on:integer! start_on:integer last_use_on:integer end_on:integer "
        "agreement_reference insurance customs_regime import_licence note",
        checks=(
            "customs_regime IS NULL OR customs_regime IN ('ATA', 'temporary-import', 'domestic')",
        ),
        indexes=((("loan",), None), (("commitment",), "commitment IS NOT NULL")),
    )
    record(
        "equipment_loan_item",
        "scope! agreement caveat loan! serial!",
        indexes=((("loan",), None), (("serial",), None)),
    )
    record(
        "equipment_loan_step",
        "scope! agreement caveat loan! before! state! on_day:integer! reason! evidence "
        "end_on:integer acceptance_test decontamination_check function_test",
        checks=(
            "acceptance_test IS NULL OR acceptance_test IN ('passed', 'failed')",
            "decontamination_check IS NULL OR decontamination_check IN ('passed', 'failed')",
            "function_test IS NULL OR function_test IN ('passed', 'failed')",
        ),
        indexes=((("loan",), None),),
    )
    record(
        "equipment_plan",
        "scope! agreement caveat event! post! type! count:integer! first_day:integer! "
        "last_day:integer!",
        checks=(
            "count >= 0",
            "first_day <= last_day",
        ),
        indexes=((("event", "post"), None),),
    )
    record(
        "expert_mission",
        "scope! agreement caveat mission! kind! title! host! provider! requested_by "
        "requested_on:integer! follows caveats under note",
        indexes=((("mission",), None),),
    )
    record(
        "export_transfer",
        "scope! agreement caveat transfer! line:integer! direction! state! exporter! "
        "declaration partner! consignee! end_user! location item! identity quantity! unit! "
        "category fissile_mg:integer mba batch on_day:integer! prepared_on:integer "
        "notified_on:integer",
        checks=(
            "direction IN ('export', 'import')",
            "state IN ('planned', 'done', 'withdrawn')",
        ),
        indexes=((("transfer",), None),),
    )
    record(
        "external_fact",
        "scope! agreement caveat about! fact! source",
        indexes=((("about",), None),),
    )
    record(
        "government_assurance",
        "scope! agreement caveat assurance! government! licences purposes protection "
        "obligations quantity unit given_on:integer! valid_from:integer! valid_to:integer!",
        checks=(
            "valid_from <= valid_to",
            "(quantity IS NULL) = (unit IS NULL)",
        ),
        indexes=((("assurance",), None),),
    )
    record(
        "history_statement",
        "scope! agreement caveat statement! words! area",
        indexes=((("statement",), None),),
    )
    record(
        "information_event",
        "scope! agreement caveat information! what! on_day:integer! organisation person "
        "consent_of valid_until:integer purpose evidence note",
        indexes=((("information",), None),),
    )
    record(
        "information_item",
        "scope! agreement caveat information! direction! on_day:integer! from_organisation! "
        "from_person to_organisation! to_person medium! title! digest kept:integer caveats "
        "legal_basis purposes onward! embargo_until:integer retention_until:integer "
        "retention_duty country_quantities:integer parts under note",
        indexes=((("information",), None), (("digest",), "digest IS NOT NULL")),
    )
    record(
        "instrument",
        "scope! agreement caveat instrument! kind! title! parties intended_parties "
        "party_basis place areas status_words succeeds attributed_to note",
        indexes=((("instrument",), None),),
    )
    record(
        "instrument_person",
        "scope! agreement caveat instrument! holder! part! party",
        checks=("part IN ('signatory', 'witness')",),
        indexes=((("instrument",), None),),
    )
    record(
        "licence",
        "scope! agreement caveat licence! amendment:integer! direction! authority! exporter! "
        "partner! state! issued_on:integer! conditions reexport tolerance",
        checks=(
            "direction IN ('export', 'import')",
            "amendment >= 0",
        ),
        indexes=((("licence",), None),),
    )
    record(
        "licence_line",
        "scope! agreement caveat licence! line:integer! item! category quantity! unit! counts "
        "consignee! place end_user! end_use! valid_from:integer! valid_to:integer! "
        "needs_assurance:integer",
        checks=(
            "valid_from <= valid_to",
            "needs_assurance IN (0, 1)",
        ),
        indexes=((("licence",), None), (("item",), None)),
    )
    record(
        "licence_rule",
        "scope! agreement caveat mode! from_day:integer reason!",
        checks=("mode IN ('refuse', 'warn', 'off')",),
    )
    record(
        "licence_step",
        "scope! agreement caveat licence! state! on_day:integer! reason!",
        indexes=((("licence",), None),),
    )
    record(
        "meeting",
        "scope! agreement caveat meeting! body! title! title_ja on_day:integer! "
        "last_day:integer! location state! public:integer! words words_ja",
        checks=(
            "on_day <= last_day",
            "state IN ('planned', 'held', 'cancelled')",
            "public IN (0, 1)",
        ),
        indexes=((("meeting",), None), (("body",), None)),
    )
    record(
        "meeting_attendance",
        "scope! agreement caveat meeting! organisation! persons:integer head",
        checks=("persons IS NULL OR persons >= 1",),
        indexes=((("meeting",), None),),
    )
    record(
        "meeting_decision",
        "scope! agreement caveat meeting! item:integer! commitment! words! words_ja",
        indexes=((("meeting",), None), (("commitment",), None)),
    )
    record(
        "meeting_item",
        "scope! agreement caveat meeting! item:integer! kind! working_group title! title_ja "
        "commitment before_meeting before_item:integer words words_ja change next_step owner "
        "due_on:integer open:integer! public:integer!",
        checks=(
            "item >= 1",
            "kind IN ('commitment', 'work_plan', 'topic')",
            "open IN (0, 1)",
            "public IN (0, 1)",
        ),
        indexes=(
            (("meeting",), None),
            (("commitment",), "commitment IS NOT NULL"),
            (("before_meeting",), "before_meeting IS NOT NULL"),
        ),
    )
    record(
        "mission_finding",
        "scope! agreement caveat mission! number! kind! words! state! on_day:integer! reason "
        "owner plan due_on:integer evidence follow_up",
        indexes=((("mission",), None),),
    )
    record(
        "mission_member",
        "scope! agreement caveat mission! person! organisation part!",
        indexes=((("mission",), None),),
    )
    record(
        "mission_step",
        "scope! agreement caveat mission! before! state! on_day:integer! reason! terms "
        "prepared_on:integer first_day:integer last_day:integer sites side evidence",
        indexes=((("mission",), None),),
    )
    record(
        "mutual_recognition",
        "scope! agreement caveat recognition! programme! partner_programme! parties! state! "
        "highest_tier:integer! valid_from:integer! valid_to:integer!",
        checks=(
            "valid_from <= valid_to",
            "highest_tier BETWEEN 0 AND 3",
        ),
        indexes=((("recognition",), None),),
    )
    record(
        "obligation_beginning",
        "scope! agreement caveat on_day:integer! reason!",
    )
    record(
        "obligation_consent",
        "scope! agreement caveat consent! partner! step! destinations element_mg:integer "
        "valid_from:integer valid_to:integer instrument words! withdrawn:integer",
        checks=(
            "element_mg IS NULL OR element_mg > 0",
            "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to",
        ),
        indexes=((("consent",), None),),
    )
    record(
        "obligation_consent_rule",
        "scope! agreement caveat mode! from_day:integer reason!",
        checks=("mode IN ('refuse', 'note')",),
    )
    record(
        "obligation_designation",
        "scope! agreement caveat mba! batch! event_date:integer! code! category! labels! "
        "element_mg:integer! reason!",
        indexes=((("mba", "event_date"), None),),
    )
    record(
        "obligation_exchange",
        "scope! agreement caveat exchange! event_date:integer! mba! batch labels! moved! "
        "other_mba! other_batch other_labels! other_moved! category! element_mg:integer! "
        "consents reason! withdrawn:integer",
        checks=("element_mg > 0",),
        indexes=((("exchange",), None),),
    )
    op.create_table(
        "obligation_holding",
        sa.Column("mba", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("holding", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("category", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("labels", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("agreement", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("caveat", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("element_mg", INTEGER, nullable=False),
        sa.Column("through_act", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint(
            "mba", "account", "holding", "category", "labels", "agreement", "caveat"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    record(
        "obligation_label",
        "scope! agreement caveat label! name! kind! instrument agreement_words "
        "valid_from:integer valid_to:integer successor source",
        checks=(
            "kind IN ('State', 'organisation')",
            "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to",
        ),
        indexes=((("label",), None),),
    )
    record(
        "obligation_label_member",
        "scope! agreement caveat label! state! valid_from:integer valid_to:integer",
        checks=("valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to",),
        indexes=((("label",), None),),
    )
    record(
        "obligation_move",
        "scope! agreement caveat mba! event_date:integer! kind! from_mba! from_account! "
        "from_holding! from_category! from_labels! to_mba! to_account! to_holding! "
        "to_category! to_labels! element_mg:integer! of_act:integer of_line:integer!",
        indexes=(
            (("mba", "event_date"), None),
            (("of_act", "of_line"), None),
            (("from_mba", "event_date"), "from_account = 'domestic_transit'"),
            (("to_mba", "event_date"), "to_account = 'domestic_transit'"),
            (("event_date",), "to_account = 'abroad'"),
        ),
    )
    record(
        "obligation_opening",
        "scope! agreement caveat mba! batch category! labels! element_mg:integer share",
        checks=("(element_mg IS NULL) <> (share IS NULL)",),
    )
    record(
        "obligation_origin_rule",
        "scope! agreement caveat rule! place mba categories labels! valid_from:integer "
        "valid_to:integer reason!",
        checks=("valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to",),
        indexes=((("rule",), None),),
    )
    record(
        "obligation_partner_statement",
        "scope! agreement caveat partner! year:integer! category! line! amount! unit! "
        "reference on_day:integer",
        indexes=((("partner", "year"), None),),
    )
    record(
        "obligation_place",
        "scope! agreement caveat mba! attaches attaches_to consent_for decay "
        "valid_from:integer valid_to:integer reason!",
        checks=(
            "(attaches IS NULL) = (attaches_to IS NULL)",
            "attaches_to IS NULL OR attaches_to IN ('production', 'enrichment')",
            "decay IS NULL OR decay IN ('continuously', 'at inventory', 'never')",
            "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to",
        ),
        indexes=((("mba",), None),),
    )
    record(
        "obligation_receipt",
        "scope! agreement caveat mba! batch! event_date:integer category labels! "
        "element_mg:integer share document",
        checks=("(element_mg IS NULL) <> (share IS NULL)",),
        indexes=((("mba", "batch"), None),),
    )
    record(
        "obligation_relabelling",
        "scope! agreement caveat relabelling! event_date:integer! mba batch category account "
        "removes adds reason! withdrawn:integer",
        checks=("removes IS NOT NULL OR adds IS NOT NULL",),
        indexes=((("relabelling",), None),),
    )
    record(
        "obligation_statement",
        "scope! agreement caveat partner! year:integer! issue:integer! category! place_group "
        "line! amount! unit! through_act:integer!",
        indexes=((("partner", "year"), None),),
    )
    op.create_table(
        "obligation_step",
        sa.Column("to_key", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("event_date", INTEGER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("from_act", INTEGER, autoincrement=False, nullable=False),
        sa.Column("from_line", INTEGER, autoincrement=False, nullable=False),
        sa.Column("from_key", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("agreement", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("caveat", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("element_mg", INTEGER, nullable=False),
        sa.Column("through_act", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint(
            "to_key",
            "event_date",
            "kind",
            "from_act",
            "from_line",
            "from_key",
            "agreement",
            "caveat",
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "obligation_sum",
        sa.Column("mba", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("category", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("labels", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("month", INTEGER, autoincrement=False, nullable=False),
        sa.Column("agreement", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("caveat", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("element_mg", INTEGER, nullable=False),
        sa.Column("through_act", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint(
            "mba", "account", "category", "labels", "month", "agreement", "caveat"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    record(
        "office_holder",
        "scope! agreement caveat holder! person! person_basis office organisation role "
        "held_from held_to note",
        indexes=((("holder",), None),),
    )
    record(
        "organisation",
        "scope! agreement caveat organisation! title! aliases country! kind! parent note",
        indexes=((("organisation",), None),),
    )
    record(
        "personnel_exchange",
        "scope! agreement caveat exchange! person! home! host! topic! agreed_on:integer! "
        "first_day:integer! last_day:integer! access_level! clearance_level "
        "clearance_from:integer clearance_until:integer visa_from:integer visa_until:integer "
        "radiation_record equipment under note",
        indexes=((("exchange",), None), (("person",), None)),
    )
    record(
        "personnel_step",
        "scope! agreement caveat exchange! before! state! on_day:integer! reason! output evidence",
        indexes=((("exchange",), None),),
    )
    record(
        "programme",
        "scope! agreement caveat programme! title! actors actor_basis led_by area goal under "
        "status_words note",
        indexes=((("programme",), None),),
    )
    record(
        "quotation",
        "scope! agreement caveat about! source! paragraph:integer! first_line:integer! "
        "last_line:integer! words! compared:integer",
        checks=(
            "first_line <= last_line",
            "compared IN (0, 1)",
        ),
        indexes=((("about",), None),),
    )
    record(
        "trusted_trader",
        "scope! agreement caveat trader! programme! number! tier:integer! state! "
        "since_day:integer! valid_from:integer! valid_to:integer! recognition",
        checks=(
            "valid_from <= valid_to",
            "tier BETWEEN 0 AND 3",
        ),
        indexes=((("trader",), None),),
    )
    record(
        "working_group",
        "scope! agreement caveat body! working_group! title! title_ja areas place:integer!",
        checks=("place >= 1",),
        indexes=((("body",), None),),
    )
