"""Long work as a job: it goes on while the person does something else, and says how far it is.

A job runs in a thread of the server process that took it; its state lies in the database, so that
any process can show it and ask it to stop. It stops where it reports its progress. A job whose
process ended is found by its silence and marked as interrupted; nothing that it posted is lost,
and what it had not finished can be asked for again.
"""

from __future__ import annotations

import datetime
import json
import logging
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, or_, select, update

from keiryo.dates import utc_text
from keiryo.errors import KeiryoError, NotFoundError
from keiryo.people.tables import JOB
from keiryo.web.sections import CancelledError as CancelledError
from keiryo.web.sections import JobKind as JobKind
from keiryo.web.sections import Tell as Tell

if TYPE_CHECKING:
    from keiryo.web.server import Server
    from keiryo.web.viewer import Viewer

SILENCE = datetime.timedelta(seconds=60)
TELL_EVERY_S = 0.5
AT_ONCE = 2
ENDED = ("done", "failed", "cancelled", "interrupted")

log = logging.getLogger("keiryo.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    job_id: str
    person: str
    kind: str
    title: str
    state: str
    done: int
    total: int
    detail: str | None
    result: Mapping[str, Any] | None
    file_name: str | None
    made_at: str
    ended_at: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


@dataclass(slots=True)
class _Progress:
    done: int = 0
    total: int = 0
    detail: str = ""
    cancelled: bool = False


class Jobs:
    """The jobs of a server process.

    Parameters
    ----------
    server : Server
    folder : Path
        Where files that jobs make lie until they are fetched.
    """

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.kinds = {kind.name: kind for section in server.sections for kind in section.jobs}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job")
        self._running: dict[str, _Progress] = {}
        self._stopping = Event()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.table = server.database.metadata.tables[JOB]
        self._clock = Thread(target=self._note_progress, name="job progress", daemon=True)
        self._clock.start()

    def start(self, viewer: Viewer, kind: str, title: str, parameters: Mapping[str, Any]) -> str:
        """Start a job and return its number; `parameters` are plain data."""
        number, now = secrets.token_urlsafe(12), utc_text(self.server.now())
        values = {
            "job_id": number,
            "person": viewer.person.person,
            "kind": kind,
            "title": title,
            "parameters": json.dumps(dict(parameters)),
            "state": "waiting",
            "done": 0,
            "total": 0,
            "worker": self.server.worker,
            "cancel_asked": 0,
            "made_at": now,
            "seen_at": now,
        }
        with self.server.database.writing() as connection:
            connection.execute(insert(self.table).values(**values))
        # The form and the session's key are needed as long as the job runs, not the request.
        _ = viewer.signer
        self._threads.submit(self._run, number, self.kinds[kind], viewer, dict(parameters))
        return number

    def job(self, viewer: Viewer, number: str) -> Job:
        """Return a job of the viewer.

        Raises
        ------
        NotFoundError
            If the viewer started no such job.
        """
        self._mark_interrupted()
        query = select(self.table).where(
            self.table.c.job_id == number, self.table.c.person == viewer.person.person
        )
        with self.server.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("there is no such job of yours", "Your jobs are on your own page.")
        return _job(row)

    def jobs_of(self, viewer: Viewer, most: int = 20) -> list[Job]:
        """Return the viewer's last jobs, the newest first."""
        self._mark_interrupted()
        query = (
            select(self.table)
            .where(self.table.c.person == viewer.person.person)
            .order_by(self.table.c.made_at.desc())
            .limit(most)
        )
        with self.server.database.reading() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def cancel(self, viewer: Viewer, number: str) -> None:
        """Ask a job of the viewer to stop."""
        self.job(viewer, number)
        if number in self._running:
            self._running[number].cancelled = True
        with self.server.database.writing() as connection:
            connection.execute(
                update(self.table).where(self.table.c.job_id == number).values(cancel_asked=1)
            )

    def file_of(self, job: Job) -> Path:
        """Return the file that a job made.

        Raises
        ------
        NotFoundError
            If it made none, or the file was cleared away.
        """
        path = self.folder / job.job_id
        if job.file_name is None or not path.is_file():
            raise NotFoundError("the file of this job is no longer there", "Start it again.")
        return path

    @property
    def running(self) -> int:
        """How many jobs run in this process."""
        return len(self._running)

    def close(self) -> None:
        """Ask the jobs of this process to stop, and wait for them."""
        self._stopping.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._clock.join()

    def _run(
        self, number: str, kind: JobKind, viewer: Viewer, parameters: Mapping[str, Any]
    ) -> None:
        progress = self._running[number] = _Progress()

        def tell(done: int, total: int, detail: str = "") -> None:
            if self._stopping.is_set() or progress.cancelled:
                raise CancelledError
            progress.done, progress.total, progress.detail = done, total, detail[:200]

        state, result = "failed", None
        try:
            self._set(number, state="running")
            made = dict(kind.run(viewer, parameters, tell))
            if "file" in made:
                path = Path(made.pop("file"))
                name = str(made.pop("file_name", path.name))
                path.replace(self.folder / number)
                self._set(number, result_file=name)
            state, result = "done", made
        except CancelledError:
            state, result = ("interrupted" if self._stopping.is_set() else "cancelled"), None
        except KeiryoError as error:
            result = {"message": error.message, "advice": error.advice}
            result |= {"findings": [_plain(f) for f in getattr(error, "findings", ())]}
        except Exception:
            log.exception("a job failed", extra={"job": number, "kind": kind.name})
            result = {"message": "something went wrong here; it was noted in the log"}
        del self._running[number]
        ended = utc_text(self.server.now())
        self._set(number, state=state, ended_at=ended, result=json.dumps(result))

    def _note_progress(self) -> None:
        """Write down now and then how far the jobs are, and see who is asked to stop.

        In a thread of its own: a job may be in the middle of a transaction, and would wait for
        itself.
        """
        while not self._stopping.wait(TELL_EVERY_S):
            for number, progress in list(self._running.items()):
                try:
                    self._note(number, progress)
                except KeiryoError:  # the database is busy; there is a next time
                    log.info("progress could not be noted", extra={"job": number})

    def _note(self, number: str, progress: _Progress) -> None:
        seen = utc_text(self.server.now())
        values = {"done": progress.done, "total": progress.total, "detail": progress.detail}
        mine = self.table.c.job_id == number
        with self.server.database.writing() as connection:
            connection.execute(update(self.table).where(mine).values(**values, seen_at=seen))
            asked = connection.execute(select(self.table.c.cancel_asked).where(mine)).scalar()
        progress.cancelled = bool(asked)

    def _set(self, number: str, **values: Any) -> None:
        with self.server.database.writing() as connection:
            connection.execute(
                update(self.table).where(self.table.c.job_id == number).values(**values)
            )

    def _mark_interrupted(self) -> None:
        """Mark the jobs of processes that are gone."""
        silent = utc_text(self.server.now() - SILENCE)
        gone = and_(
            self.table.c.state.in_(("waiting", "running")),
            self.table.c.worker != self.server.worker,
            or_(self.table.c.seen_at.is_(None), self.table.c.seen_at < silent),
        )
        with self.server.database.reading() as connection:
            if connection.execute(select(self.table.c.job_id).where(gone)).first() is None:
                return
        with self.server.database.writing() as connection:
            connection.execute(
                update(self.table)
                .where(gone)
                .values(state="interrupted", ended_at=utc_text(self.server.now()))
            )


def _job(row: Any) -> Job:
    result = None if row["result"] is None else json.loads(row["result"])
    names = ("job_id", "person", "kind", "title", "state", "done", "total", "detail")
    return Job(
        **{name: row[name] for name in names},
        result=result,
        file_name=row["result_file"],
        made_at=row["made_at"],
        ended_at=row["ended_at"],
    )


def _plain(finding: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {k: v for k, v in asdict(replace(finding)).items() if v is not None}
