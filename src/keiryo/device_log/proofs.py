"""Proofs as files: that a record is in a log, or that a log continues an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keiryo.device_log import tree
from keiryo.device_log.canonical import RecordError, canonical
from keiryo.device_log.chain import is_value
from keiryo.errors import UsageError


def holds(told: object) -> tuple[str, bool]:
    """Return what a proof says, in words, and whether it holds.

    Parameters
    ----------
    told : object
        Parsed JSON: ``{record, index, size, root, path}``, or
        ``{earlier, earlier_root, size, root, path}``.

    Raises
    ------
    UsageError
        If it is neither.
    """
    if isinstance(told, Mapping) and "earlier" in told:
        return _consistency(told)
    if isinstance(told, Mapping) and "record" in told:
        return _inclusion(told)
    raise UsageError("the file is no proof", _FORM)


def path_of(told: object) -> list[str]:
    """Return the digests of a proof of consistency: its ``path``, or a bare list of digests.

    Raises
    ------
    UsageError
        If it is neither.
    """
    path = told.get("path") if isinstance(told, Mapping) else told
    if not isinstance(path, list) or not all(is_value(one) for one in path):
        raise UsageError("the file is no proof", _FORM)
    return list(path)


_FORM = "Give what 'keiryo device-log prove' or 'keiryo device-log consistency' wrote."


def _inclusion(told: Mapping[str, Any]) -> tuple[str, bool]:
    path = [bytes.fromhex(one) for one in path_of(told)]
    index, size = _count(told, "index"), _count(told, "size")
    try:
        leaf = tree.leaf(canonical(told["record"]))
    except RecordError as error:
        raise UsageError(f"the record of the proof is none: {error}", _FORM) from None
    good = tree.is_included(leaf, index, size, path, _root(told, "root"))
    words = f"record {index} is in the log of {size} records with the root {told['root']}"
    return (f"Shown: {words}." if good else f"Not shown: that {words}."), good


def _consistency(told: Mapping[str, Any]) -> tuple[str, bool]:
    path = [bytes.fromhex(one) for one in path_of(told)]
    earlier, later = _count(told, "earlier"), _count(told, "size")
    roots = _root(told, "earlier_root"), _root(told, "root")
    good = tree.is_consistent(earlier, roots[0], later, roots[1], path)
    words = (
        f"the log of {later} records with the root {told['root']} begins with the "
        f"{earlier} records of the root {told['earlier_root']}"
    )
    return (f"Shown: {words}." if good else f"Not shown: that {words}."), good


def _count(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    if type(value) is not int:
        raise UsageError(f"the proof has no {name}", _FORM)
    return value


def _root(told: Mapping[str, Any], name: str) -> bytes:
    value = told.get(name)
    if not isinstance(value, str) or not is_value(value):
        raise UsageError(f"the proof has no {name}", _FORM)
    return bytes.fromhex(value)
