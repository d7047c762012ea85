"""What may be put into a store: text of few types, read strictly where its form is known.

Unknown keys and long names are refused, so that there is no place for a description of a method.
What is told about a refused file names places in it and none of its values.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.protection import inputs
from keiryo.protection.inputs import InputError, Node

JSON, TOML, CSV, TEXT, HTML = (
    *("application/json", "application/toml", "text/csv", "text/plain", "text/html"),
)
ENDINGS = {".json": JSON, ".toml": TOML, ".csv": CSV, ".txt": TEXT, ".html": HTML}
"""The types of content, by the ending of a file."""
MEDIA_TYPES = frozenset(ENDINGS.values())
TYPES_OF = {
    **dict.fromkeys(
        ["graph", "easi", "two_person_rule", "access_setup", "access_case"], (JSON, TOML)
    ),
    **dict.fromkeys(["access_log", "authorisations", "work_orders"], (CSV, JSON)),
    **dict.fromkeys(["access_result", "irregularity"], (JSON, CSV)),
    **dict.fromkeys(["compensatory_values", "trial_counts"], (JSON, TOML)),
}
LARGEST = inputs.FILE_BYTES
_ALLOWED_CONTROL = "\n\r\t"


def check_content(kind: str, media_type: str, content: bytes) -> None:
    """Refuse content that is not what a record of a kind is.

    Raises
    ------
    RefusedError
        With everything that is wrong in it.
    UsageError
        If the type or size is not one that is kept.
    """
    if media_type not in TYPES_OF[kind]:
        able = ", ".join(TYPES_OF[kind])
        raise UsageError(f"a record of kind {kind} is not of this type", f"It is {able}.")
    check_text(content)
    if media_type in (JSON, TOML):
        read(kind, media_type, content)


def check_text(content: bytes) -> None:
    """Refuse what is too large, not in UTF-8, or has control characters; see `check_content`."""
    if len(content) > LARGEST:
        raise UsageError(f"the content is larger than {LARGEST // 1024**2} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise _refused([("ENCODING", f"line {at}")]) from None
    if not text.isascii() or not text.isprintable():
        for number, words in enumerate(text.split("\n"), 1):
            if any(
                unicodedata.category(sign) in {"Cc", "Cs"} and sign not in _ALLOWED_CONTROL
                for sign in words
            ):
                raise _refused([("CONTROL", f"line {number}")])


def node_of(media_type: str, content: bytes) -> Node:
    """Return the data of a record in JSON or TOML.

    Raises
    ------
    InputError
    """
    text = content.decode("utf-8-sig")
    return inputs.parse(text, ".json" if media_type == JSON else ".toml")


def read(kind: str, media_type: str, content: bytes, change: dict[str, Any] | None = None) -> Any:
    """Return what the reader of a kind makes of its content.

    Parameters
    ----------
    change : dict, optional
        Keys of the whole file that are set before it is read.

    Raises
    ------
    RefusedError
    """
    try:
        node = node_of(media_type, content)
        if change and isinstance(node.value, dict):
            node.value.update(change)
        reader = _reader(kind)
        if reader is not None:
            return reader(node)
        inputs.raise_problems(node.problems)
    except InputError as error:
        raise _refused([(one.code, one.pointer) for one in error.problems]) from None
    return node.value


def _reader(kind: str) -> Callable[[Node], Any] | None:
    if kind == "graph":
        from keiryo.protection.graph_file import read_graph

        return read_graph
    if kind == "easi":
        from keiryo.protection.easi_file import read_easi

        return read_easi
    if kind == "two_person_rule":
        from keiryo.protection.two_person_rule import read_rule

        return read_rule
    if kind == "compensatory_values":
        from keiryo.protection.records_file import read_compensatory_values

        return read_compensatory_values
    if kind == "trial_counts":
        from keiryo.protection.trial_counts import read_counts

        return read_counts
    if kind == "access_setup":
        from keiryo.access_control.setup import read_setup

        return read_setup
    return None


def refused(error: InputError) -> RefusedError:
    """Return the refusal of content that cannot be read: places, and none of its values."""
    return _refused([(one.code, one.pointer) for one in error.problems])


def _refused(problems: list[tuple[str, str]]) -> RefusedError:
    advice = "Look at this place in the file; 'keiryo protection' tells more about it."
    found = [
        Finding("STORE-INPUT", Severity.FORMAT, f"{code} at {_plain(code, at)}", advice)
        for code, at in problems
    ]
    return RefusedError("the content was not taken", found)


def _plain(code: str, at: str) -> str:
    """Return a place without what stands in the file: keys that nobody knows are left out."""
    parts = at.split("/")
    if code in {"UNKNOWN_KEY", "DUPLICATE_KEY"}:
        parts = parts[:-1]
    if "states" in parts:
        parts = parts[: parts.index("states") + 1]
    return "/".join(parts) or "/"
