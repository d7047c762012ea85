"""What one person prepares and another releases, as one text that can be signed for.

Canonical JSON: names sorted, no spaces, whole numbers only, so that the same content is the same
bytes whoever writes it (after RFC 8785, without its rules for fractional numbers, which never
stand in prepared content).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from keiryo.errors import UsageError


def canonical_text(act_kind: str, scope: str, content: Mapping[str, Any]) -> str:
    """Return what is signed for: one text for one content, whoever writes it.

    Raises
    ------
    UsageError
        If the content has not one text only: fractional numbers, or what JSON does not know.
    """
    if problem := _not_plain(content):
        raise UsageError(
            f"prepared content holds {problem}",
            "Give plain JSON: texts, whole numbers, true, false, null, lists and objects.",
        )
    whole = {"act_kind": act_kind, "scope": scope, "content": content}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _not_plain(value: object) -> str | None:
    """Return what is in a value that has not one text only, or None."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) and _is_text(key) for key in value):
            return "a name that is no text"
        return next(filter(None, map(_not_plain, value.values())), None)
    if isinstance(value, list | tuple):
        return next(filter(None, map(_not_plain, value)), None)
    if isinstance(value, str):
        return None if _is_text(value) else "what is no text"
    if value is None or isinstance(value, int):
        return None
    return "a fractional number" if isinstance(value, float) else type(value).__name__


def sound_text(text: str, what: str, most: int) -> str:
    """Return a text without spaces around it.

    Raises
    ------
    UsageError
        If it has more than `most` characters, or cannot be stored.
    """
    stripped = text.strip()
    if len(stripped) > most or "\0" in stripped or not _is_text(stripped):
        raise UsageError(
            f"the {what} has more than {most} characters, or characters that cannot be kept",
            "Say it shorter and in plain letters; details belong into the report.",
        )
    return stripped


def _is_text(text: str) -> bool:
    """Whether it is sound Unicode, without halves of characters."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
