"""A capability made up for this test joins the journal by registration alone.

Seals are attached to batches and detached again; a batch under a seal cannot be shipped. Nothing
in the journal, the storage or the accounts knows of seals.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, text

from journal.tampering import unguarded
from journal.toy_books import ACTOR, SteadyClock
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal import model
from keiryo.journal.model import Draft, LineKind
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.journal.registry import Capability, Check, Posting, Projection, Refusal, Registry
from keiryo.journal.tables import JOURNAL
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database
from keiryo.storage.schema import INTEGER

SHIPMENT = LineKind(
    "shipment", "A batch leaves.", (model.text("batch", "the batch", required=True),)
)
SHIPMENTS = Capability("shipments", (SHIPMENT,))

SEAL_FIELDS = (
    model.text("seal", "number of the seal", required=True),
    model.text("batch", "the batch under it", required=True),
)
ATTACHED = LineKind("seal_attached", "A seal was put on a batch.", SEAL_FIELDS)
DETACHED = LineKind("seal_detached", "A seal was taken off a batch.", SEAL_FIELDS)

SEALED = """
SELECT a.scope, a.agreement, a.caveat, a.act_id AS through_act, a.seal, a.batch
FROM seal_attached AS a
WHERE NOT EXISTS (
    SELECT 1 FROM seal_detached AS d
    WHERE d.seal = a.seal AND d.batch = a.batch
      AND (d.act_id > a.act_id OR d.act_id = a.act_id AND d.line_no > a.line_no)
)
"""


def sealed_table(metadata: MetaData) -> Table:
    return Table(
        "sealed_batch",
        metadata,
        Column("scope", Text, nullable=False),
        Column("agreement", Text),
        Column("caveat", Text),
        Column("through_act", INTEGER, nullable=False),
        Column("seal", Text, primary_key=True),
        Column("batch", Text, nullable=False),
        sqlite_strict=True,
    )


def keep_sealed(posting: Posting) -> None:
    sealed = posting.table("sealed_batch")
    for line in posting.lines("seal_attached"):
        names = ("scope", "agreement", "caveat", "seal", "batch")
        values = {name: line[name] for name in names}
        posting.connection.execute(sealed.insert().values(through_act=posting.act_id, **values))
    for line in posting.lines("seal_detached"):
        gone = sealed.delete().where(sealed.c.seal == line["seal"])
        posting.connection.execute(gone)


def refuse_sealed(posting: Posting) -> Iterator[Refusal]:
    query = text("SELECT seal FROM sealed_batch WHERE batch = :batch ORDER BY seal")
    for line in posting.lines("shipment"):
        for (seal,) in posting.connection.execute(query, {"batch": line["batch"]}):
            words = f"batch {line['batch']} is under seal {seal}, which nobody took off"
            yield Refusal(Finding("SEAL-ON", Severity.INCONSISTENCY, words, "Detach the seal."))


SEALS = Capability(
    "seals",
    (ATTACHED, DETACHED),
    (Check("sealed batches stay", frozenset({"shipment"}), refuse_sealed),),
    (
        Projection(
            "sealed_batch",
            sealed_table,
            SEALED,
            keep_sealed,
            frozenset({"seal_attached", "seal_detached"}),
        ),
    ),
)
REGISTRY = Registry((JOURNAL, SHIPMENTS, SEALS))


def one_line(client_id: str, kind: str, **values: str) -> Draft:
    draft = Draft(f"{kind}.record", client_id)
    draft.add(kind, scope="XA/XAF/XAFA", **values)
    return draft


def test_seals(database_url: str) -> None:
    database, clock = Database(database_url, REGISTRY), SteadyClock()
    open_journal(database, "XA", ACTOR, clock=clock)

    def record(client_id: str, kind: str, **values: str) -> int:
        return post(database, one_line(client_id, kind, **values), ACTOR, clock=clock).act.act_id

    assert record("1", "shipment", batch="B1") == 2
    assert record("2", "seal_attached", seal="S7", batch="B2") == 3
    assert record("3", "seal_attached", seal="S8", batch="B3") == 4
    with pytest.raises(RefusedError) as caught:
        record("4", "shipment", batch="B2")
    assert "B2 is under seal S7" in caught.value.findings[0].message
    assert verify(database).sound
    assert record("5", "seal_detached", seal="S7", batch="B2") == 5
    assert record("4", "shipment", batch="B2") == 6
    found = verify(database)
    assert (found.sound, found.lines) == (True, 6)
    with database.writing() as connection:
        connection.execute(text("UPDATE sealed_batch SET batch = 'B9'"))
    found = verify(database)
    database.close()
    assert {p.code for p in found.problems} == {"PROJECTION-DIFFERS"}
    assert "batch=B9" in " ".join(p.message for p in found.problems)


def test_lines_of_a_capability_that_is_not_installed(tmp_path: Path) -> None:
    """Books are verified in full even by a program that does not know all who wrote to them."""
    path = tmp_path / "books.sqlite"
    database, clock = Database(path, REGISTRY), SteadyClock()
    open_journal(database, "XA", ACTOR, clock=clock)
    draft = one_line("1", "seal_attached", seal="S7", batch="B2")
    post(database, draft, ACTOR, clock=clock)
    database.close()
    without = Database(path, Registry((JOURNAL,)))
    assert verify(without).sound
    with unguarded(path) as connection:
        connection.execute("UPDATE seal_attached SET batch = 'B9'")
    assert verify(without).first_wrong_act == 2
    without.close()


def test_names_can_be_taken_once_only() -> None:
    with pytest.raises(ValueError, match="declared twice: shipment"):
        Registry((SHIPMENTS, Capability("more", (SHIPMENT,))))
    for name in ("Upper", "with space", "x;drop", "", "act id"):
        with pytest.raises(ValueError, match="plain lower-case"):
            LineKind(name, "odd", ())
    for field in ("scope", "act_id", "salt"):
        with pytest.raises(ValueError, match="clash"):
            LineKind("odd", "odd", (model.text(field, "taken"),))
