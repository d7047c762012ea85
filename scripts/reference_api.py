"""Write the reference page of the API from its OpenAPI document."""

from __future__ import annotations

import tempfile
from pathlib import Path

METHODS = ("get", "post", "put", "patch", "delete")
INTRODUCTION = """# API

The services of the pages as JSON, under `/api/v1`. The OpenAPI 3.1 document that this page is
made from is at `/api/v1/schema/openapi.json`, for whoever is signed in or has a token.

**Who asks.** A program sends `Authorization: Bearer TOKEN`. A person makes tokens on their own
page; each may read, or also write, lasts for a year at most, and may be narrowed to a part of the
State. What a token writes is an act of its person, signed with their key. A page in a browser may
use the session's cookie; whatever changes something then carries the header `X-Form-Token`. What
you may not see is not there: the answer is 404, and lists and counts leave it out.

**Weights** are whole milligrams (`_mg`), days `YYYY-MM-DD`, times UTC. Standard deviations are
kilograms (`_kg`).

**Pages.** Long lists take `limit` (1 to 1000) and answer with `next`, to be sent as `cursor`, and
with a `Link` header (`rel="next"`). A walk shows every line once, whatever is posted in between.

**Conditional requests.** Answers have a strong `ETag`. Sent as `If-None-Match`, it is answered
304 while nothing changed. Sent as `If-Match` with a change, it is answered 412 if somebody posted
about the same thing since; no route requires it.

**Once.** Requests that post take an `Idempotency-Key`, best a UUID. Sent again with the same
content, the request is answered as it was and not done again (`Idempotent-Replayed: true`); with
other content, or while the first is at work, the answer is 409.

**Errors** are problem documents of RFC 9457, `application/problem+json`, with `findings` where a
check refused something.

**How often.** 600 requests in a minute for each token, 120 for each address that nobody is known
at; then the answer is 429 with `Retry-After`.
"""


def page() -> str:
    """Return the page of the API."""
    found = document()
    parts = [INTRODUCTION]
    by_tag: dict[str, list[tuple[str, str, dict]]] = {}
    for path, methods in sorted(found["paths"].items()):
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                by_tag.setdefault(operation["tags"][0], []).append((path, method, operation))
    for tag in sorted(by_tag):
        parts.append(f"## {tag[:1].upper()}{tag[1:]}\n")
        for path, method, operation in by_tag[tag]:
            parts += _operation(path, method, operation)
    parts.append("## Documents\n")
    for name, schema in sorted(found["components"]["schemas"].items()):
        parts += _schema(name, schema)
    return "\n".join(parts)


def document() -> dict:
    """Return the OpenAPI document of a server over books without anything in them."""
    import keiryo
    from keiryo.web.app import create_app
    from keiryo.web.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "books.sqlite"
        keiryo.init(place, "XA", person="P-REFERENCE").disconnect()
        app = create_app(Settings(str(place)))
        try:
            return app.openapi_schema.to_schema()
        finally:
            app.state.jobs.close()
            app.state.server.close()


def _operation(path: str, method: str, operation: dict) -> list[str]:
    parts = [f"### {method.upper()} {path}\n", f"{operation['description']}\n"]
    rows = [
        f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {_cell(one)} |"
        for one in operation.get("parameters", ())
    ]
    if rows:
        parts += ["| Parameter | In | Type | |", "|---|---|---|---|", *rows, ""]
    body = operation.get("requestBody")
    if body:
        kinds = [f"`{kind}`{_named(x['schema'])}" for kind, x in body["content"].items()]
        parts.append(f"Content: {', '.join(kinds)}.\n")
    answers = []
    for status, answer in sorted(operation["responses"].items()):
        if status.startswith("2"):
            kinds = [f"`{kind}`{_named(x['schema'])}" for kind, x in answer["content"].items()]
            answers.append(f"{status} {', '.join(kinds)}")
        else:
            answers.append(status)
    parts.append(f"Answers: {'; '.join(answers)}.\n")
    return parts


def _schema(name: str, schema: dict) -> list[str]:
    required = schema.get("required", ())
    rows = [
        f"| `{field}` | {_type(one)} | {'yes' if field in required else ''} | {_cell(one)} |"
        for field, one in schema["properties"].items()
    ]
    return [f"### {name}\n", "| Field | Type | Always | |", "|---|---|---|---|", *rows, ""]


def _named(schema: dict) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f" [{name}](#{name.lower()})" if name else ""


def _type(schema: dict) -> str:
    """Return what kind of value a schema takes, in a few words."""
    if "$ref" in schema:
        return _named(schema).strip()
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            kinds = dict.fromkeys(_type(one) for one in schema[key])
            return " or ".join(kinds)
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value is not None) or kind
    if schema.get("format"):
        return str(schema["format"])
    return kind if isinstance(kind, str) else " or ".join(kind)


def _cell(one: dict) -> str:
    words = one.get("description") or one.get("schema", {}).get("description") or ""
    example = one.get("examples")
    if isinstance(example, list) and example and not isinstance(example[0], list):
        words += f", e.g. `{example[0]}`"
    return words.replace("|", "\\|").replace("\n", " ")
