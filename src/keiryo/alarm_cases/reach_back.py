"""The package for an expert elsewhere: the case, its files, a manifest with their hashes.

A package is a zip that opens anywhere: ``case.json``, ``question.txt``, the files under
``files/``, and ``manifest.json`` with the SHA-256 of each. Made twice of the same, it is the same
byte by byte.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.record_forms import digest_of, refusing
from keiryo.errors import Finding
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.evidence import EvidenceStore

SCHEMA = "keiryo.reach-back/1"
MAX_PACKAGE, MAX_MEMBERS = 512 << 20, 1000
_EPOCH = (1980, 1, 1, 0, 0, 0)


def package_bytes(
    connection: Connection,
    metadata: MetaData,
    store: EvidenceStore,
    case: AlarmCase,
    view: Mapping[str, Any],
    *,
    package: str,
    question: str,
    roles: Mapping[str, str] | None = None,
    more: Sequence[tuple[str, bytes]] = (),
) -> bytes:
    """Return a package as a zip.

    Parameters
    ----------
    connection, metadata, store
        An open transaction, the tables, and where files lie; files that are not seen through the
        transaction are left out.
    case : AlarmCase
    view : mapping
        The case as `keiryo.alarm_cases.adjudication.case_view` tells it.
    package : str
        Name of the package.
    question : str
        What the expert is asked.
    roles : mapping of digest to str, optional
        What a file is: foreground, background, photograph …
    more : sequence of (name, content)
        Files that are no evidence of the case yet.

    Raises
    ------
    NotFoundError
        If a file of the case is not in the evidence folder.
    """
    table = metadata.tables[EVIDENCE.name]
    members: list[tuple[str, bytes, str]] = [
        ("case.json", _json(view), "case"),
        ("question.txt", question.encode() + b"\n", "question"),
    ]
    digests = {one.rpartition("#")[2] for one in case.evidence}
    for digest in sorted(one for one in digests if digest_of(one)):
        query = select(table.c.name).where(table.c.digest == digest).order_by(table.c.act_id)
        name = connection.execute(query.limit(1)).scalar()
        if name is None:  # not kept here, or not theirs to see who makes the package
            continue
        place = f"files/{digest[:12]}-{_safe(str(name))}"
        members.append((place, store.get(digest), (roles or {}).get(digest, "evidence")))
    for name, content in more:
        digest = hashlib.sha256(content).hexdigest()
        place = f"files/{digest[:12]}-{_safe(name)}"
        if place not in {each[0] for each in members}:
            members.append((place, content, (roles or {}).get(digest, "evidence")))
    manifest = {
        "schema": SCHEMA,
        "alarm": case.name,
        "package": package,
        "files": [
            {
                "name": name,
                "role": role,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_bytes": len(content),
            }
            for name, content, role in members
        ],
    }
    return _zipped([(name, content) for name, content, _role in members], manifest)


def _zipped(members: Sequence[tuple[str, bytes]], manifest: Mapping[str, Any]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*members, ("manifest.json", _json(manifest))]:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return packed.getvalue()


def check_package(content: bytes) -> tuple[dict[str, Any], list[Finding]]:
    """Return the manifest of a package, and what is wrong with the package.

    Parameters
    ----------
    content : bytes
        The zip, of whatever origin.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS or sum(one.file_size for one in infos) > MAX_PACKAGE:
                return {}, [_bad("it is larger than a package may be")]
            found = {one.filename: archive.read(one) for one in infos}
            if len(found) < len(infos):
                return {}, [_bad("a name stands in it twice")]
        manifest = json.loads(found.pop("manifest.json"))
        listed = {str(one["name"]): str(one["sha256"]) for one in manifest["files"]}
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, RuntimeError, OSError):
        return {}, [_bad("it is no package, or it is cut off")]
    except NotImplementedError:
        return {}, [_bad("it is packed in a way that cannot be read")]
    wrong = [
        _bad(f"{name} is not as the manifest says")
        for name, digest in listed.items()
        if name not in found or hashlib.sha256(found[name]).hexdigest() != digest
    ]
    wrong += [_bad(f"{name} is not in the manifest") for name in sorted(set(found) - set(listed))]
    return manifest, wrong


def missing_parts(case: AlarmCase) -> list[str]:
    """Return what an expert will miss in a package; it is sent all the same."""
    told = []
    if case.step("CHARACTERIZED") is None:
        told.append("dose rate and neutrons at the place: the case is not characterized")
    if not any(digest_of(one.rpartition("#")[2]) for one in case.evidence):
        told.append("spectra, foreground and background: no file is kept")
    return told


def _json(data: Any) -> bytes:
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _safe(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name.replace("\\", "/").rpartition("/")[2])
    return plain.strip(".")[:80] or "file"


def _bad(message: str) -> Finding:
    return refusing("ALARM-PACKAGE", f"the package cannot be taken: {message}", "Ask for it again.")
