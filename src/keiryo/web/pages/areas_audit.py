"""The audit pack of an area as a job, for who may take one and sees all that is in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from keiryo.api import knowledge_of
from keiryo.audit.service import write_audit_pack
from keiryo.dates import DateError, Period, parse_date
from keiryo.errors import UsageError
from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.people.model import BOOKS
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

OFFICER = "State officer"
PACK = sentence("Audit pack")


def may_take_pack(viewer: Viewer, area: MaterialBalanceArea) -> bool:
    """Return whether a role of the viewer lets them take audit packs of an area."""
    person = viewer.person
    officer = any(
        grant.role == OFFICER and grant.window.covers(area.scope) for grant in person.grants
    )
    return person.may_at("audit", area.scope) or (person.state == "admitted" and officer)


def require_pack(viewer: Viewer, area: MaterialBalanceArea) -> None:
    """Refuse unless the viewer may take audit packs of an area and sees every line in it.

    A pack holds whole reports and proofs; it cannot leave out lines under an agreement or a
    handling caveat.

    Raises
    ------
    NotPermittedError
    """
    if not may_take_pack(viewer, area):
        raise NotPermittedError(
            f"you hold no role that may take audit packs of {area.code}",
            "Ask an administrator for the role that it takes.",
        )
    table = viewer.metadata.tables[ACT_SCOPE]
    kinds = (table.c.capability, table.c.agreement, table.c.caveat)
    query = select(*kinds).where(table.c.scope == area.scope).distinct()
    with viewer.whole.reading() as connection:
        rows = connection.execute(query).all()
    for capability, agreement, caveat in rows:
        if capability not in BOOKS or capability == "journal":
            continue
        if not viewer.sight.sees(capability, area.scope, agreement or None, caveat or None):
            raise NotPermittedError(
                f"the audit pack of {area.code} would hold lines that you may not see",
                "Ask for it from somebody who sees the whole area.",
            )


@post(
    "/areas/{mba:str}/audit-pack",
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "accounts"},
)
def start_pack(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Start writing an audit pack of the area over a period."""
    first, last = viewer.field("from")[:20], viewer.field("to")[:20]
    asked = pack_asked(viewer, viewer.area(mba), first, last, viewer.field("known")[:60])
    number = request.app.state.jobs.start(viewer, AUDIT_PACK.name, PACK, asked)
    return Redirect(f"/jobs/{number}", status_code=303)


def pack_asked(
    viewer: Viewer, area: MaterialBalanceArea, first: str, last: str, known: str
) -> dict[str, str]:
    """Return the parameters of the job that writes an audit pack.

    Parameters
    ----------
    first, last : str
        Days of the period.
    known : str
        Number of an act, or a day; empty: as known now.

    Raises
    ------
    NotPermittedError
        If the viewer may not take it.
    UsageError
        If the days or the state of knowledge make no sense.
    """
    require_pack(viewer, area)
    parameters = {"mba": area.code, "known": known, "from": first, "to": last}
    _period(parameters)
    knowledge_of(known or None, None)
    return parameters


def _period(parameters: Mapping[str, Any]) -> Period:
    try:
        return Period(parse_date(str(parameters["from"])), parse_date(str(parameters["to"])))
    except DateError as error:
        raise UsageError(str(error), "Write the days as 2025-01-01 and 2025-12-31.") from None


def run_pack(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Write the pack; whether the viewer may have it is asked again now."""
    area = viewer.area(str(parameters["mba"]))
    require_pack(viewer, area)
    period = _period(parameters)
    known = str(parameters["known"])
    handle, name = tempfile.mkstemp(prefix="keiryo-pack-", suffix=".zip")
    os.close(handle)
    made = write_audit_pack(
        viewer.whole,
        area.code,
        period,
        Path(name),
        knowledge=knowledge_of(known, None) if known else None,
        force=True,
        progress=tell,
        clock=viewer.server.now,
    )
    return {
        "file": name,
        "file_name": f"audit-pack-{area.code}-{period.start}-{period.end}.zip",
        "act": made.act_id,
        "digest": made.digest,
        "lines": made.ledger_lines,
    }


AUDIT_PACK = JobKind("audit pack", run_pack)
