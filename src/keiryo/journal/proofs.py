"""Checkpoints and proofs: what can be shown to others without showing the books.

A *checkpoint* names the last act and its digest; kept outside (printed, mailed, handed to the
counterpart), it convicts any later rewriting of the acts before it. A *proof* shows one line, its
salt, the path to its act's root, the act's header and signature, and the digests that link the act
to the head of the chain; it tells nothing about other lines. The signature is checked with the key
that the proof names; whose key that is, its reader must know from elsewhere.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.canonical import (
    SALT_BYTES,
    chain_digest,
    header_digest,
    leaf_digest,
    line_bytes,
)
from keiryo.journal.merkle import inclusion_path, root_from_path
from keiryo.journal.model import Act
from keiryo.journal.reading import act as read_act
from keiryo.journal.reading import acts, head, line_stream
from keiryo.journal.signatures import is_signed_act
from keiryo.journal.tables import JOURNAL_OPENED
from keiryo.storage.schema import SIGNATURE

CHECKPOINT_FORMAT = "keiryo-checkpoint-1"
PROOF_FORMAT = "keiryo-proof-1"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the chain at some time."""

    journal_uid: str
    act_id: int
    digest: str
    recorded_at: str

    def to_json(self) -> str:
        """Return the checkpoint as the text of a file."""
        return json.dumps({"format": CHECKPOINT_FORMAT, **asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, content: str) -> Checkpoint:
        """Read a checkpoint.

        Raises
        ------
        UsageError
            If `content` is no checkpoint.
        """
        try:
            data = json.loads(content)
            known = data.pop("format") == CHECKPOINT_FORMAT
            made = cls(**data)
            if not known or type(made.act_id) is not int or len(bytes.fromhex(made.digest)) != 32:
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError):
            raise UsageError(
                "this is not a checkpoint of keiryo",
                "Give a file that 'keiryo journal checkpoint --out FILE' wrote.",
            ) from None
        return made


def journal_uid(connection: Connection, metadata: MetaData) -> str:
    """Return the random identifier under which the journal was opened."""
    table = metadata.tables[JOURNAL_OPENED.name]
    query = select(table.c.journal_uid).order_by(table.c.act_id, table.c.line_no).limit(1)
    return str(connection.execute(query).scalar() or "")


def checkpoint(connection: Connection, metadata: MetaData) -> Checkpoint:
    """Return the checkpoint of the last act."""
    last = head(connection, metadata)
    uid = journal_uid(connection, metadata)
    return Checkpoint(uid, last.act_id, last.digest, last.recorded_at)


def prove(connection: Connection, metadata: MetaData, act_id: int, line_no: int) -> dict[str, Any]:
    """Return the proof that a line is part of an act and the act part of the chain.

    Raises
    ------
    NotFoundError
        If there is no such act or line.
    """
    act = read_act(connection, metadata, act_id)
    lines = list(line_stream(connection, metadata, act_id))
    if not 1 <= line_no <= len(lines):
        raise NotFoundError(f"act {act_id} has no line {line_no}", f"It has {len(lines)} lines.")
    line = lines[line_no - 1]
    leaves = [stored.leaf for stored in lines]
    return {
        "format": PROOF_FORMAT,
        "journal_uid": journal_uid(connection, metadata),
        "act": {name: getattr(act, name) for name in Act.__slots__},
        "line": {
            "kind": line.kind,
            "line_no": line.line_no,
            "salt": line.salt.hex(),
            "values": {k: v for k, v in line.values.items() if v is not None},
        },
        "path": [digest.hex() for digest in inclusion_path(leaves, line_no - 1)],
        "links": [
            {
                "act_id": later.act_id,
                "header_digest": header_digest(later).hex(),
                "lines_root": later.lines_root,
                "digest": later.digest,
            }
            for later in acts(connection, metadata, first=act_id + 1)
        ],
        "signatures": _signatures(connection, metadata, act_id),
    }


def _signatures(connection: Connection, metadata: MetaData, act_id: int) -> list[dict[str, str]]:
    table = metadata.tables[SIGNATURE]
    query = select(table.c.person, table.c.key, table.c.signature).where(table.c.act_id == act_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def signers(proof: dict[str, Any]) -> list[str]:
    """Return in words who signed the act of a proof that holds, and what remains to be known."""
    return [
        f"Act {proof['act']['act_id']} is signed by {signed['person']} with the key "
        f"{signed['key']}. That this key is theirs you must know from elsewhere."
        for signed in proof.get("signatures", [])
    ]


def proof_problems(proof: dict[str, Any], known: Checkpoint | None = None) -> list[str]:
    """Return what is wrong with a proof, in words; empty if it holds.

    Parameters
    ----------
    proof : dict
        As `prove` returns it.
    known : Checkpoint, optional
        A checkpoint that the reader holds; the proof must lead to it.
    """
    try:
        act, line = Act(**proof["act"]), proof["line"]
        salt = bytes.fromhex(line["salt"])
        # Otherwise a longer salt or a name with line feeds could pass off a piece of a text as
        # a line, or hide a field in the name of another.
        plain = all(_NAME.fullmatch(name) for name in (line["kind"], *line["values"]))
        if proof["format"] != PROOF_FORMAT or len(salt) != SALT_BYTES or not plain:
            raise ValueError
        leaf = leaf_digest(salt, line_bytes(line["kind"], line["line_no"], line["values"]))
        path = [bytes.fromhex(digest) for digest in proof["path"]]
        problems = []
        root = root_from_path(leaf, line["line_no"] - 1, act.line_count, path)
        if root is None or root.hex() != act.lines_root:
            problems.append("the line is not part of the act")
        digest = chain_digest(
            bytes.fromhex(act.previous_digest), header_digest(act), bytes.fromhex(act.lines_root)
        )
        if digest.hex() != act.digest:
            problems.append("the header of the act was changed")
        digests = {act.act_id: digest.hex()}
        for link in proof["links"]:
            header, rooted = bytes.fromhex(link["header_digest"]), bytes.fromhex(link["lines_root"])
            digest = chain_digest(digest, header, rooted)
            digests[int(link["act_id"])] = digest.hex()
            if digest.hex() != link["digest"]:
                problems.append(f"the chain does not lead to act {link['act_id']}")
        if known and proof["journal_uid"] != known.journal_uid:
            problems.append("the checkpoint is of another journal")
        elif known and digests.get(known.act_id) != known.digest:
            problems.append(f"the chain does not lead to the checkpoint at act {known.act_id}")
        problems += _signature_problems(proof.get("signatures", []), act)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        return ["this is not a proof of keiryo, or it is damaged"]
    return problems


def _signature_problems(signatures: list[dict[str, str]], act: Act) -> list[str]:
    problems = []
    for signed in signatures:
        if signed["person"] != act.person:
            problems.append("the act is signed by another person than the one who answers for it")
        elif not is_signed_act(signed["key"], act.digest, signed["signature"]):
            problems.append("the signature is not one over this act with the key that is named")
    return problems
