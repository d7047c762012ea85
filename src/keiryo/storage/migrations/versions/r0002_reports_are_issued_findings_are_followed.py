"""Reports are issued, findings are followed up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from keiryo.storage.migrations.columns import record

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    record(
        "advance_notice",
        "scope! agreement caveat notice! direction! mba! partner! category element_mg:integer "
        "fissile_mg:integer contract_on:integer notified_on:integer prepared_on:integer "
        "transfer_on:integer safeguarded:integer confirmed_on:integer state!",
        checks=(
            "direction IN ('export', 'import')",
            "state IN ('open', 'confirmed', 'withdrawn')",
        ),
        indexes=((("notice",), None), (("mba",), None)),
    )
    record(
        "book_statement",
        "scope! agreement caveat statement! mba! stated_on:integer! kind! category "
        "element_mg:integer fissile_mg:integer report_no:integer entry_no:integer code "
        "event_date:integer batch",
        checks=("kind IN ('book', 'entry')",),
        indexes=((("mba", "stated_on"), None),),
    )
    record(
        "finding_owner",
        "scope! agreement caveat finding_act:integer! finding_line:integer! owner! due_on:integer",
        indexes=((("finding_act", "finding_line"), None),),
    )
    record(
        "issued_record",
        "scope! agreement caveat mba! report_no:integer! record_kind! record_no:integer! "
        "content! source_act:integer source_line:integer",
        checks=(
            "record_kind IN ('OI', 'NC')",
            "(source_act IS NULL) = (source_line IS NULL)",
        ),
        indexes=(
            (("mba", "report_no"), None),
            (("source_act", "source_line"), "source_act IS NOT NULL"),
        ),
    )
    record(
        "issued_report",
        "scope! agreement caveat country! mba! facility! report_no:integer! report_type! "
        "report_date:integer! encoder! period_from:integer! period_to:integer! "
        "through_act:integer! profile! entry_count:integer! digest!",
        checks=("report_type IN ('I', 'P', 'M')",),
        indexes=((("mba", "report_no"), None),),
    )
    op.add_column("finding", sa.Column("cell", sa.Text(), nullable=True))
