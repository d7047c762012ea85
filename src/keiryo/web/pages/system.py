"""The system: what runs, how large the books are, a backup, verification, the work of all."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect, Stream
from sqlalchemy import func, select, text

from keiryo.people.accounts import names_of
from keiryo.people.sessions import is_open
from keiryo.people.tables import JOB, SESSION
from keiryo.storage.backup import backup
from keiryo.storage.engine import Database, shown
from keiryo.storage.revision import recorded_revision
from keiryo.storage.schema import SIGNATURE
from keiryo.version import __version__
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.administration import ADMIN, last_backup, tabs
from keiryo.web.remembered import head_of
from keiryo.web.rendering import render
from keiryo.web.sections import Section
from keiryo.web.server import Server
from keiryo.web.settings import Settings
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

JOBS_SHOWN = 200
BACKING_UP = "backup"
BACKUP = sentence("Backup of the books")
JOB_STATES = ("waiting", "running", "done", "failed", "cancelled", "interrupted")
JOB_COLUMNS = (
    ListColumn("title", "Job"),
    ListColumn("person", "Person"),
    ListColumn("state", "State", choices=JOB_STATES),
    ListColumn("made_at", "Begun", "time", filterable=False),
    ListColumn("ended_at", "Ended", "time", filterable=False),
    ListColumn("worker", "Process", "code"),
)


@get("/admin/system", opt=ADMIN, sync_to_thread=True)
def system_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show versions, sizes, settings in force and the last jobs of all; nothing of the accounts."""
    server = viewer.server
    listed = shown_list(request, RowList(_jobs(server), JOB_COLUMNS), "jobs")
    if isinstance(listed, Response | Stream):
        return listed
    for row in listed.rows:
        row["title"], row["state"] = _(str(row["title"])), _(str(row["state"]))
    return render(
        request,
        "administration/system.html",
        facts=_facts(server),
        settings=_settings(server.settings),
        jobs=listed,
        last_backup=last_backup(server),
        may_back_up=viewer.may("back up"),
        tabs=tabs("/admin/system"),
        crumbs=[(_("Administration"), "/admin"), (_("System"), None)],
    )


@post("/admin/system/backup", status_code=200, opt={"ability": "back up"}, sync_to_thread=True)
def start_backup(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Start a backup as a job."""
    number = request.app.state.jobs.start(viewer, BACKING_UP, BACKUP, {})
    return Redirect(f"/jobs/{number}", status_code=303)


def run_backup(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Write a backup while others go on working; it is for whoever may back up."""
    del parameters
    viewer.require("back up")
    folder = Path(tempfile.mkdtemp(prefix="keiryo-backup-"))
    target = folder / "backup"
    try:
        made = backup(viewer.whole, target, progress=lambda done, total: tell(done, total, ""))
        kept = target.rename(folder.parent / f"{folder.name}.made")
    finally:
        target.unlink(missing_ok=True)
        folder.rmdir()
    day = viewer.server.now().date().isoformat()
    return {
        "file": str(kept),
        "file_name": f"keiryo-{viewer.state}-{day}-act{made.act_id}.zip",
        "template": "administration/backup.html",
        "act_id": made.act_id,
        "digest": made.digest,
        "rows": made.rows,
        "evidence": made.evidence,
        "missing": list(made.missing_evidence),
        "size_bytes": made.size_bytes,
    }


def size_bytes(database: Database) -> int | None:
    """Return how much room the books take, in bytes, without the evidence; None: not known."""
    if database.path is not None:
        parts = (Path(f"{database.path}{ending}") for ending in ("", "-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())
    with database.reading() as connection:
        found = connection.execute(text("SELECT pg_database_size(current_database())")).scalar()
    return None if found is None else int(found)


def _facts(server: Server) -> list[tuple[str, Any]]:
    database, metadata = server.database, server.database.metadata
    signature, session = metadata.tables[SIGNATURE], metadata.tables[SESSION]
    still = is_open(session, server.now())
    with database.reading() as connection:
        head = head_of(connection, metadata)
        signed = connection.execute(select(func.count()).select_from(signature)).scalar_one()
        open_now = connection.execute(select(func.count()).where(still)).scalar_one()
        revision = recorded_revision(connection)
    size = size_bytes(database)
    return [
        (_("Version"), __version__),
        ("Python", platform.python_version()),
        (_("Schema of the database"), revision),
        (_("Database"), "SQLite" if database.is_sqlite else "PostgreSQL"),
        (_("Size"), None if size is None else f"{number_text(size / 1e6, 1)} MB"),
        (_("Acts"), number_text(head.act_id)),
        (_("Signed acts"), number_text(signed)),
        (_("Open sessions"), number_text(open_now)),
        (_("Processes"), number_text(server.settings.workers)),
        (_("This process"), server.worker),
    ]


def _settings(settings: Settings) -> list[tuple[str, str]]:
    """Return the settings in force; no password, no client's secret."""
    rows = []
    for one in fields(Settings):
        value = getattr(settings, one.name)
        if one.name == "books":
            value = _without_password(str(value))
        elif one.name == "oidc":
            value = ", ".join(f"{p.name} ({p.issuer})" for p in value)
        elif isinstance(value, tuple):
            value = ", ".join(value)
        rows.append((one.name, "–" if value in (None, "") else str(value)))
    return rows


def _without_password(place: str) -> str:
    from sqlalchemy.engine import make_url

    return shown(make_url(place)) if "://" in place else place


def _jobs(server: Server) -> list[dict[str, Any]]:
    """Return the last jobs of everybody; not what came of them."""
    table = server.database.metadata.tables[JOB]
    names = ("title", "person", "state", "made_at", "ended_at", "worker")
    query = select(*(table.c[n] for n in names)).order_by(table.c.made_at.desc())
    with server.database.reading() as connection:
        rows = [dict(row) for row in connection.execute(query.limit(JOBS_SHOWN)).mappings()]
    called = names_of(server.database, {str(row["person"]) for row in rows})
    return [{**row, "person": called[str(row["person"])]} for row in rows]


SECTION = Section(
    "system",
    handlers=(system_page, start_backup),
    jobs=(JobKind(BACKING_UP, run_backup),),
)
