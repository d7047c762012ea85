"""Agreements are registered."""

from __future__ import annotations

from keiryo.storage.migrations.columns import record

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
        "external_fact",
        "scope! agreement caveat about! fact! source",
        indexes=((("about",), None),),
    )
    record(
        "history_statement",
        "scope! agreement caveat statement! words! area",
        indexes=((("statement",), None),),
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
