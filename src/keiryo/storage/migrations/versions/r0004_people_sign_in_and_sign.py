"""People sign in and sign."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from keiryo.storage.migrations.columns import INTEGER, record
from keiryo.storage.schema import guard

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("sign_in_name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("theme", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_set_at", sa.Text(), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_confirmed", INTEGER, nullable=False),
        sa.Column("totp_last_step", INTEGER, nullable=True),
        sa.Column("recovery_hashes", sa.Text(), nullable=True),
        sa.Column("oidc_issuer", sa.Text(), nullable=True),
        sa.Column("oidc_subject", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("key_by_password", sa.LargeBinary(), nullable=True),
        sa.Column("key_by_server", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject"),
        sa.UniqueConstraint("sign_in_name"),
        sqlite_strict=True,
    )
    op.create_table(
        "act_scope",
        sa.Column("act_id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("caveat", sa.Text(), nullable=False),
        sa.Column("through_act", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("act_id", "capability", "scope", "agreement", "caveat"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_act_scope_scope", "act_scope", ["scope", "act_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("abilities", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
        sa.UniqueConstraint("token_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_api_token_person", "api_token", ["person"], unique=False)
    op.create_table(
        "done_once",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("status", INTEGER, nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "request_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "job",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", INTEGER, nullable=False),
        sa.Column("total", INTEGER, nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("result_file", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("cancel_asked", INTEGER, nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_job_person", "job", ["person", "made_at"], unique=False)
    op.create_table(
        "one_time_token",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
        sqlite_strict=True,
    )
    record(
        "person_key",
        "scope! agreement caveat person! key! state!",
        checks=("state IN ('registered', 'revoked')",),
        indexes=((("person",), None), (("key",), None)),
    )
    record(
        "person_state",
        "scope! agreement caveat person! state!",
        checks=("state IN ('admitted', 'suspended', 'left')",),
        indexes=((("person",), None),),
    )
    record(
        "release",
        "scope! agreement caveat prepared_by! prepared_at! content_digest! preparer_key! "
        "preparer_signature! words",
    )
    record(
        "release_policy",
        "scope! agreement caveat act_kind! state!",
        checks=("state IN ('four eyes', 'two eyes')",),
    )
    op.create_table(
        "release_request",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("act_kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("prepared_at", sa.Text(), nullable=False),
        sa.Column("preparer_key", sa.Text(), nullable=False),
        sa.Column("preparer_signature", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("act_id", INTEGER, nullable=True),
        sa.PrimaryKeyConstraint("request_id"),
        sqlite_strict=True,
    )
    record(
        "role_grant",
        "scope! agreement caveat person! role! granted_scope! granted_agreement "
        "granted_caveats state!",
        checks=("state IN ('granted', 'withdrawn')",),
        indexes=((("person",), None),),
    )
    op.create_table(
        "saved_form",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "form"),
        sqlite_strict=True,
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("succeeded", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("attempt_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_sign_in_attempt_subject", "sign_in_attempt", ["subject", "at"], unique=False
    )
    op.create_table(
        "signature",
        sa.Column("act_id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("act_id"),
        sqlite_strict=True,
    )
    guard(op.get_bind(), "signature")
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
        sa.UniqueConstraint("session_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_web_session_person", "web_session", ["person"], unique=False)
