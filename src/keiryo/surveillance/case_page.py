"""The page of a case file: what it holds, in tables that can be read without any program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from keiryo.journal.proofs import Checkpoint
from keiryo.surveillance.tables import (
    CAMERA,
    CAMERA_CLOCK,
    CAMERA_VIEW,
    CAMERA_ZONE,
    CONCLUSION,
    DECLARED_OPERATION,
    IMAGE,
    IMAGE_SET,
    LINE_KINDS,
    MARK,
    SCREENED_EVENT,
    SCREENING,
    VIEW_CONDITION,
)

Lines = Mapping[str, list[dict[str, Any]]]

_STYLE = (
    "body{font-family:sans-serif;margin:2em;max-width:80em;line-height:1.4}"
    "table{border-collapse:collapse;margin:0 0 2em}"
    "th,td{border:1px solid #777;padding:.2em .5em;text-align:left;vertical-align:top}"
    "caption{text-align:left;font-weight:bold;padding:.3em 0}code{word-break:break-all}"
)
_ORDER = (
    *(CONCLUSION.name, MARK.name, SCREENED_EVENT.name, VIEW_CONDITION.name, SCREENING.name),
    *(DECLARED_OPERATION.name, CAMERA.name, CAMERA_VIEW.name, CAMERA_ZONE.name),
    *(CAMERA_CLOCK.name, IMAGE_SET.name),
)
_LEFT_OUT = frozenset({"scope", "agreement", "caveat", "salt", "act_id", "line_no"})


def page(
    camera: str,
    begin: str,
    end: str,
    lines: Lines,
    files: Mapping[str, str],
    checkpoint: Checkpoint,
) -> str:
    """Return the page as HTML without scripts.

    Parameters
    ----------
    camera, begin, end : str
    lines : mapping
        Lines by kind.
    files : mapping
        Names in the case file by digest.
    checkpoint : Checkpoint
    """
    return "\n".join(_parts(camera, begin, end, lines, files, checkpoint)) + "\n"


def _parts(
    camera: str,
    begin: str,
    end: str,
    lines: Lines,
    files: Mapping[str, str],
    checkpoint: Checkpoint,
) -> Iterator[str]:
    title = escape(f"Case file of {camera}")
    yield "<!DOCTYPE html>"
    yield f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
    images = lines[IMAGE.name]
    kept = sum(row["digest"] in files for row in images)
    yield (
        f"<p>From {escape(begin)} until {escape(end)} (UTC): {len(images)} images, {kept} of them "
        f"in this file. An anomaly of surveillance is no evidence that material was removed; it is "
        f"settled by verifying the material.</p>"
    )
    yield (
        f"<p>The proofs lead to act {checkpoint.act_id} of the journal "
        f"<code>{escape(checkpoint.journal_uid)}</code>, digest "
        f"<code>{escape(checkpoint.digest)}</code>. Check with "
        f"<code>python3 verify_case.py</code>, and compare the digest with one that you kept.</p>"
    )
    docs = {kind.name: kind.doc for kind in LINE_KINDS}
    others = sorted(set(lines) - {*_ORDER, IMAGE.name})
    for kind in (*_ORDER, *others):
        if kind in lines:
            yield from _table(docs[kind], lines[kind])
    yield "<table><caption>Images, by their true time</caption>"
    yield _row(("true time", "camera's time", "number", "name", "state", "set", "file"), "th")
    for row in sorted(images, key=lambda row: (row["at"], row["name"])):
        name = files.get(row["digest"])
        file = "no longer kept" if name is None else f'<a href="{escape(name)}">open</a>'
        cells = (row["at"], row["camera_at"], row["sequence"], row["name"], row["state"])
        shown = [_text(one) for one in (*cells, row["set_name"])]
        yield "<tr>" + "".join(f"<td>{one}</td>" for one in [*shown, file]) + "</tr>"
    yield "</table></body></html>"


def _table(caption: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    names = [n for n in rows[0] if n not in _LEFT_OUT and any(r[n] is not None for r in rows)]
    yield f"<table><caption>{escape(caption)}</caption>"
    yield _row([*(name.replace("_", " ") for name in names), "line"], "th")
    for row in rows:
        line = f"{row['act_id']}/{row['line_no']}"
        yield _row([*(row[name] for name in names), line], "td")
    yield "</table>"


def _row(values: Iterable[Any], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{_text(one)}</{tag}>" for one in values) + "</tr>"


def _text(value: Any) -> str:
    return "" if value is None else escape(str(value))
