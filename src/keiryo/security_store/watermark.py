"""The mark on a numbered copy: which one it is, for whom, who asked and who released it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from keiryo.security_store.contents import CSV, HTML, JSON, TEXT, TOML

_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_BOM = "\ufeff"


def marked(content: bytes, media_type: str, copy: dict[str, Any]) -> bytes:
    """Return content with the mark of a copy.

    JSON gets an object ``copy`` before all else, its numbers keep their digits; where it is no
    object or has such a key already, it lies under ``content`` beside it. TOML and CSV get lines
    that begin with ``#``; text and HTML get lines at the beginning and the end.

    Parameters
    ----------
    copy : dict
        ``number``, ``record``, ``version``, ``recipient``, ``asked_by``, ``released_by``, ``at``,
        ``reason``.
    """
    text = content.decode("utf-8-sig")
    if media_type == JSON:
        return _json(text, copy).encode()
    line = sentence(copy)
    if media_type in (CSV, TOML):
        return f"# {line}\n{text}".encode()
    if media_type == TEXT:
        return f"{line}\n\n{text.rstrip()}\n\n{line}\n".encode()
    assert media_type == HTML
    shown = f"<p><strong>{html.escape(line)}</strong></p>"
    start = _BODY.search(text)
    begun = start.end() if start else 0
    text = f"{text[:begun]}{shown}{text[begun:]}"
    ends = [found.start() for found in _BODY_END.finditer(text)]
    end = ends[-1] if ends else len(text)
    return f"{text[:end]}{shown}{text[end:]}".encode()


def sentence(copy: dict[str, Any]) -> str:
    """Return the mark in words, on one line."""
    return (
        f"Copy {copy['number']} of {copy['record']} version {copy['version']}, for "
        f"{copy['recipient']}, asked for by {copy['asked_by']}, released by "
        f"{copy['released_by']} on {copy['at']}: {copy['reason']}. Not to be passed on."
    )


def _json(text: str, copy: dict[str, Any]) -> str:
    told = json.dumps(copy, ensure_ascii=False)
    inner = text.strip()
    value = json.loads(inner)
    if not isinstance(value, dict) or "copy" in value:
        return f'{{"copy": {told},\n"content": {inner}}}\n'
    rest = inner[1:].lstrip()
    comma = "" if rest.startswith("}") else ","
    return f'{{"copy": {told}{comma}\n{rest}\n'
