"""Files that an act names: what is kept of them, and the line that says so."""

from __future__ import annotations

import hashlib
from pathlib import Path

from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Draft
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.evidence import EvidenceStore

AT = "2026-01-02T03:04:05Z"


def test_a_file_is_kept_and_named(tmp_path: Path) -> None:
    store, content = EvidenceStore(tmp_path / "evidence"), b"001:OI/XA"
    file = keep_file(store, "icr.txt", content)
    assert store.get(file.digest) == content
    draft = Draft("report.accept", "accept:1")
    assert add_evidence(draft, file, "XA/XAF-/XAFA", "report", AT) == 1
    assert draft.lines == [
        (
            EVIDENCE.name,
            {
                "scope": "XA/XAF-/XAFA",
                "digest": hashlib.sha256(content).hexdigest(),
                "name": "icr.txt",
                "size_bytes": len(content),
                "role": "report",
                "received_at": AT,
                "kept": 1,
            },
        )
    ]


def test_of_a_file_that_is_too_large_only_the_digest_is_named(tmp_path: Path) -> None:
    store, content = EvidenceStore(tmp_path / "evidence"), b"12345"
    file = keep_file(store, "large.csv", content, up_to_bytes=4)
    assert not file.kept and file.digest == hashlib.sha256(content).hexdigest()
    assert list(store.digests()) == []
    assert keep_file(store, "small.csv", content, up_to_bytes=5).kept


def test_names_that_cannot_be_written_are_replaced(tmp_path: Path) -> None:
    store, draft = EvidenceStore(tmp_path / "evidence"), Draft("report.accept", "accept:1")
    for name in ("\ud800.txt", "", "n" * 300):
        add_evidence(draft, keep_file(store, name, b"1"), "XA", "report", AT)
    assert [values["name"] for _, values in draft.lines] == ["?.txt", "(no name)", "n" * 255]
