"""The record itself: its acts, what is in them, proofs of lines, the checkpoint, verification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy import func, select

from keiryo.errors import NotFoundError
from keiryo.journal import proofs
from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.journal.model import LineKind
from keiryo.journal.reading import act as read_act
from keiryo.journal.verify import verify
from keiryo.people.accounts import names_of
from keiryo.storage.schema import ACT, SIGNATURE
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.listing import ListColumn, QueryList, download_headers, shown_list
from keiryo.web.pages.journal_search import find_acts, find_who_acted
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, Section
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

LINES_SHOWN = 200
MOST_NUMBER = 2**63 - 1
VERIFYING = "verify"
VERIFICATION = "Verification of the journal"

ACT_COLUMNS = (
    ListColumn("act_id", "Act", "act"),
    ListColumn("recorded_at", "Recorded", "time"),
    ListColumn("kind", "Kind", "code"),
    ListColumn("person", "Person", "code"),
    ListColumn("reason", "Reason"),
    ListColumn("line_count", "Lines", "number", filterable=False),
    ListColumn("corrects", "Corrects", "act", filterable=False),
    ListColumn("digest", "Digest", "code", hidden=True),
)


@get("/journal", sync_to_thread=True)
def journal_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the acts that the viewer sees, the latest first."""
    table = viewer.metadata.tables[ACT]
    newest_first = QueryList(
        viewer.books,
        select(*(table.c[column.name] for column in ACT_COLUMNS)),
        ACT_COLUMNS,
        order=("-act_id",),
    )
    listed = shown_list(request, newest_first, "acts")
    if isinstance(listed, Response | Stream):
        return listed
    return render(request, "journal.html", acts=listed, crumbs=[(_("Journal"), None)])


@get("/journal/acts/{number:int}", sync_to_thread=True)
def act_page(request: AnyRequest, viewer: Asking, number: FromPath[int]) -> Response[Any]:
    """Show one act: who answers for it, its lines as far as they are seen, its place."""
    _require_possible(number)
    metadata, possible = viewer.metadata, kinds_in_act(viewer, number)
    with viewer.books.reading() as connection:
        act = read_act(connection, metadata, number)
        kinds = []
        for name, kind in possible.items():
            table = metadata.tables[name]
            mine = table.c.act_id == number
            count = connection.execute(select(func.count()).where(mine)).scalar_one()
            if count:
                query = select(table).where(mine).order_by(table.c.line_no).limit(LINES_SHOWN)
                rows = [dict(row) for row in connection.execute(query).mappings()]
                kinds.append({"name": name, "doc": kind.doc, "count": count, **_shown(kind, rows)})
        signed = metadata.tables[SIGNATURE]
        signature = (
            connection.execute(select(signed).where(signed.c.act_id == number)).mappings().first()
        )
        acts = metadata.tables[ACT].c.act_id
        previous = connection.execute(select(func.max(acts)).where(acts < number)).scalar()
        following = connection.execute(select(func.min(acts)).where(acts > number)).scalar()
        corrected = connection.execute(select(acts).where(acts == act.corrects)).scalar()
    seen = sum(kind["count"] for kind in kinds)
    return render(
        request,
        "act.html",
        act=act,
        person_name=names_of(viewer.whole, [act.person]).get(act.person, act.person),
        kinds=kinds,
        hidden=act.line_count - seen,
        shown_lines=LINES_SHOWN,
        signature=signature,
        previous=previous,
        following=following,
        corrected=corrected,
        crumbs=[(_("Journal"), "/journal"), (_("Act %(number)s", number=number), None)],
    )


def kinds_in_act(viewer: Viewer, number: int) -> dict[str, LineKind]:
    """Return the kinds of line that an act can hold, by name, so that few tables are asked."""
    registry, reach = viewer.whole.registry, viewer.metadata.tables[ACT_SCOPE]
    owner = registry.capability_of()
    query = select(reach.c.capability).where(reach.c.act_id == number).distinct()
    with viewer.whole.reading() as connection:
        concerned = set(connection.execute(query).scalars())
    return {name: kind for name, kind in registry.kinds.items() if owner[name] in concerned}


def _shown(kind: LineKind, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns that hold anything, and the rows with them."""
    names = [f.name for f in kind.fields if any(row[f.name] is not None for row in rows)]
    docs = {f.name: f.doc for f in kind.fields}
    columns = [{"key": "line_no", "title": _("Line"), "kind": "number"}]
    columns += [{"key": name, "title": name, "hint": docs[name]} for name in names]
    cells = [
        {
            **{name: None if row[name] is None else str(row[name]) for name in names},
            "line_no": (row["line_no"], f"/journal/acts/{row['act_id']}/lines/{row['line_no']}"),
        }
        for row in rows
    ]
    return {"columns": columns, "rows": cells}


def _require_possible(*numbers: int) -> None:
    """Refuse numbers that are larger than any that a database keeps."""
    if any(abs(number) > MOST_NUMBER for number in numbers):
        raise NotFoundError("there is no act of such a number", "See the journal for those of now.")


@get("/journal/acts/{number:int}/lines/{line:int}", sync_to_thread=True)
def line_page(viewer: Asking, number: FromPath[int], line: FromPath[int]) -> Response[Any]:
    """Lead to the evidence chain of a line."""
    del viewer
    return Redirect(f"/why?of=line:{number}/{line}", status_code=303)


@get("/journal/acts/{number:int}/lines/{line:int}/proof", sync_to_thread=True)
def proof_file(viewer: Asking, number: FromPath[int], line: FromPath[int]) -> Response[str]:
    """Hand out the proof of a line that the viewer sees; it shows no other line."""
    _require_possible(number, line)
    require_line_seen(viewer, number, line)
    with viewer.whole.reading() as connection:  # the path needs the digests of all lines
        proof = proofs.prove(connection, viewer.metadata, number, line)
    return Response(
        json.dumps(proof, indent=2) + "\n",
        media_type="application/json",
        headers=download_headers(f"proof-{number}-{line}.json"),
    )


def require_line_seen(viewer: Viewer, number: int, line: int) -> None:
    """Refuse to go on with a line of an act that the viewer does not see.

    Raises
    ------
    NotFoundError
        Whether there is such a line at all is not told.
    """
    tables = [viewer.metadata.tables[name] for name in kinds_in_act(viewer, number)]
    with viewer.books.reading() as connection:
        for table in tables:
            this = (table.c.act_id == number) & (table.c.line_no == line)
            if connection.execute(select(table.c.act_id).where(this)).first() is not None:
                return
    raise NotFoundError(f"there is no line {line} of act {number} that you may see")


@get("/journal/checkpoint", sync_to_thread=True)
def checkpoint_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the head of the chain, to be kept elsewhere; as a file if it is asked for."""
    with viewer.whole.reading() as connection:
        made = proofs.checkpoint(connection, viewer.metadata)
    if request.query_params.get("format") == "json":
        return Response(
            made.to_json(),
            media_type="application/json",
            headers=download_headers(f"checkpoint-{made.act_id}.json"),
        )
    crumbs = [(_("Journal"), "/journal"), (_("Checkpoint"), None)]
    return render(request, "checkpoint.html", checkpoint=made, crumbs=crumbs)


@post("/journal/verify", status_code=200, sync_to_thread=True)
def start_verification(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Start the verification of all acts as a job."""
    number = request.app.state.jobs.start(viewer, VERIFYING, VERIFICATION, {})
    return Redirect(f"/jobs/{number}", status_code=303)


def run_verification(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Verify everything; what is wrong is told by code, act and words without material data."""
    del parameters
    result = verify(viewer.whole, progress=lambda done, total: tell(done, total, ""))
    return {
        "sound": result.sound,
        "acts": result.acts,
        "lines": result.lines,
        "evidence": result.evidence,
        "head": result.head,
        "problems": [
            {"code": p.code, "act": p.act_id, "message": p.message} for p in result.problems[:200]
        ],
        "template": "verification.html",
    }


def any_journal(viewer: Viewer) -> bool:
    """Return whether the viewer sees any act: everybody with a role does."""
    return bool(viewer.sight.capabilities)


SECTION = Section(
    "journal",
    handlers=(journal_page, act_page, line_page, proof_file, checkpoint_page, start_verification),
    menu=(MenuEntry("Journal", "/journal", "Record", 10, any_journal, key="j"),),
    search=(find_acts, find_who_acted),
    jobs=(JobKind(VERIFYING, run_verification),),
)
