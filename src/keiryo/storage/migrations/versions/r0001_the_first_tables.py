"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from keiryo.storage.migrations.columns import INTEGER, record
from keiryo.storage.schema import guard

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "act",
        sa.Column("act_id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("corrects", INTEGER, nullable=True),
        sa.Column("line_count", INTEGER, nullable=False),
        sa.Column("lines_root", sa.Text(), nullable=False),
        sa.Column("previous_digest", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("act_id"),
        sa.UniqueConstraint("client_id"),
        sqlite_strict=True,
    )
    guard(op.get_bind(), "act")
    record(
        "batch",
        "scope! agreement caveat batch_uid! mba! name! kind! event_date:integer!",
        checks=("kind IN ('batch', 'item', 'pool')",),
        indexes=((("mba", "name"), None), (("batch_uid",), None)),
    )
    op.create_table(
        "book_sum",
        sa.Column("mba", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("month", INTEGER, autoincrement=False, nullable=False),
        sa.Column("category", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("fissile_basis", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("agreement", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("caveat", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("element_mg", INTEGER, nullable=False),
        sa.Column("fissile_mg", INTEGER, nullable=False),
        sa.Column("line_count", INTEGER, nullable=False),
        sa.Column("fissile_count", INTEGER, nullable=False),
        sa.Column("through_act", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint(
            "mba", "month", "category", "code", "fissile_basis", "agreement", "caveat"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chain_head",
        sa.Column("one", INTEGER, autoincrement=False, nullable=False),
        sa.Column("act_id", INTEGER, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("one = 1"),
        sa.PrimaryKeyConstraint("one"),
        sqlite_strict=True,
    )
    record(
        "clock_change",
        "scope! agreement caveat last_recorded_at! clock_time!",
    )
    record(
        "closing",
        "scope! agreement caveat mba! period_from:integer! period_to:integer! code! category! "
        "element_mg:integer! fissile_mg:integer fissile_basis through_act:integer!",
        checks=(
            "(category = 'N' OR category = 'D' OR category = 'E' OR category = 'U' OR "
            "category = 'P' OR category = 'T')",
        ),
        indexes=((("mba", "period_to"), None),),
    )
    record(
        "earlier_report",
        "scope! agreement caveat mba! report_no:integer! entry_count:integer!",
    )
    record(
        "evidence",
        "scope! agreement caveat digest! name! size_bytes:integer! role! received_at! kept:integer",
        checks=("size_bytes >= 0",),
        indexes=((("digest",), None),),
    )
    record(
        "finding",
        "scope! agreement caveat code! severity! message! advice file file_line:integer mba "
        "report entry_no:integer label category found expected basis",
        checks=("severity IN ('F', 'E', 'W', 'I')",),
        indexes=((("mba", "report"), "mba IS NOT NULL"),),
    )
    record(
        "finding_answer",
        "scope! agreement caveat finding_act:integer! finding_line:integer! answer! state!",
        checks=("state IN ('closed', 'open')",),
        indexes=((("finding_act", "finding_line"), None),),
    )
    record(
        "genealogy",
        "scope! agreement caveat child_uid! parent_uid! relation! event_date:integer! "
        "inferred_from",
        indexes=((("child_uid",), None), (("parent_uid",), None)),
    )
    record(
        "inventory_change",
        "scope! agreement caveat mba! known_on:integer! report_no:integer entry_no:integer "
        "entry_total:integer entry_line:integer status refers supersedes_act:integer "
        "supersedes_line:integer state_record_id note_indicator:integer code "
        "event_date:integer shipper receiver shipper_batch kmp batch batch_uid item_uid "
        "items:integer mdc operator_mdc description non_latin basis measurement category "
        "element_mg:integer fissile_mg:integer fissile_basis",
        checks=(
            "(category = 'N' OR category = 'D' OR category = 'E' OR category = 'U' OR "
            "category = 'P' OR category = 'T')",
            "(status = 'N' OR status = 'U' OR status = 'C' OR status = 'D' OR status = 'A')",
            "status IN ('D', 'U') OR (category IS NOT NULL AND element_mg IS NOT NULL)",
            "(supersedes_act IS NULL) = (supersedes_line IS NULL)",
            "status IN ('C', 'D') OR supersedes_act IS NULL",
            "known_on BETWEEN 19000101 AND 99991231",
            "code = 'DI' OR (COALESCE(element_mg, 0) >= 0 AND COALESCE(fissile_mg, 0) >= 0)",
            "status IN ('D', 'U') OR (code IS NOT NULL AND event_date IS NOT NULL)",
        ),
        indexes=(
            (
                (
                    "mba",
                    "event_date",
                    "code",
                    "category",
                    "fissile_basis",
                    "element_mg",
                    "fissile_mg",
                    "status",
                    "entry_line",
                ),
                None,
            ),
            (("supersedes_act", "supersedes_line"), "supersedes_act IS NOT NULL"),
            (("mba", "report_no", "entry_no"), "report_no IS NOT NULL"),
            (("batch_uid",), "batch_uid IS NOT NULL"),
            (("item_uid",), "item_uid IS NOT NULL"),
        ),
    )
    record(
        "isotope_weight",
        "scope! agreement caveat parent_line:integer! nuclide! mass_mg:integer!",
    )
    record(
        "journal_opened",
        "scope! agreement caveat journal_uid! state! software!",
    )
    record(
        "key_measurement_point",
        "scope! agreement caveat mba! kmp! purpose! name",
        checks=("purpose IN ('flow', 'inventory')",),
        indexes=((("mba",), None),),
    )
    record(
        "material_balance_area",
        "scope! agreement caveat state! facility! mba! mba_type batch_follow_up:integer! "
        "zone! name",
        checks=("batch_follow_up IN (0, 1)",),
        indexes=((("mba",), None),),
    )
    record(
        "note",
        "scope! agreement caveat report_no:integer! note_no:integer! note_total:integer mba "
        "reference report_type non_latin note_text",
        indexes=((("mba", "report_no"), None),),
    )
    op.create_table(
        "person",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("person"),
        sa.UniqueConstraint("account"),
        sqlite_strict=True,
    )
    record(
        "physical_inventory",
        "scope! agreement caveat mba! known_on:integer! report_no:integer entry_no:integer "
        "entry_total:integer entry_line:integer status refers supersedes_act:integer "
        "supersedes_line:integer state_record_id note_indicator:integer pit_date:integer! kmp "
        "batch batch_uid item_uid items:integer mdc operator_mdc description non_latin basis "
        "measurement category element_mg:integer fissile_mg:integer fissile_basis",
        checks=(
            "(category = 'N' OR category = 'D' OR category = 'E' OR category = 'U' OR "
            "category = 'P' OR category = 'T')",
            "(status = 'N' OR status = 'U' OR status = 'C' OR status = 'D' OR status = 'A')",
            "status IN ('D', 'U') OR (category IS NOT NULL AND element_mg IS NOT NULL)",
            "(supersedes_act IS NULL) = (supersedes_line IS NULL)",
            "status IN ('C', 'D') OR supersedes_act IS NULL",
            "known_on BETWEEN 19000101 AND 99991231",
            "COALESCE(element_mg, 0) >= 0 AND COALESCE(fissile_mg, 0) >= 0",
        ),
        indexes=(
            (("mba", "pit_date"), None),
            (("supersedes_act", "supersedes_line"), "supersedes_act IS NOT NULL"),
            (("mba", "report_no", "entry_no"), "report_no IS NOT NULL"),
            (("batch_uid",), "batch_uid IS NOT NULL"),
            (("item_uid",), "item_uid IS NOT NULL"),
        ),
    )
    record(
        "report",
        "scope! agreement caveat country! report_no:integer! mba facility report_type "
        "report_date:integer encoder period_from:integer period_to:integer "
        "period_single:integer entry_count:integer! outcome! digest! evidence!",
        checks=("outcome IN ('accepted', 'refused')",),
        indexes=((("mba", "report_no"), None),),
    )
    record(
        "reported_balance",
        "scope! agreement caveat mba! known_on:integer! report_no:integer entry_no:integer "
        "entry_total:integer entry_line:integer status refers supersedes_act:integer "
        "supersedes_line:integer state_record_id note_indicator:integer code "
        "period_from:integer! period_to:integer! non_latin category element_mg:integer "
        "fissile_mg:integer fissile_basis",
        checks=(
            "(category = 'N' OR category = 'D' OR category = 'E' OR category = 'U' OR "
            "category = 'P' OR category = 'T')",
            "(status = 'N' OR status = 'U' OR status = 'C' OR status = 'D' OR status = 'A')",
            "status IN ('D', 'U') OR (category IS NOT NULL AND element_mg IS NOT NULL)",
            "(supersedes_act IS NULL) = (supersedes_line IS NULL)",
            "status IN ('C', 'D') OR supersedes_act IS NULL",
            "known_on BETWEEN 19000101 AND 99991231",
        ),
        indexes=(
            (("mba", "period_to"), None),
            (("supersedes_act", "supersedes_line"), "supersedes_act IS NOT NULL"),
            (("mba", "report_no", "entry_no"), "report_no IS NOT NULL"),
        ),
    )
    record(
        "reporting_context",
        "scope! agreement caveat mba! as_of:integer prior_pit:integer! last_report_no:integer "
        "transit_limit_days:integer",
    )
