"""Long work as a job: it goes on while the person does something else, and says how far it is.

A job runs in a thread of the server process that took it; its state lies in the database, so that
any process can show it and ask it to stop. While a job records much, nobody else can write there
(SQLite): its own process knows how far it is and who wants it to stop, and writes that down as
soon as it can. A job stops where it reports its progress. A job whose
process ended is marked as interrupted: by the process if it could, else by its silence. Nothing
that it posted is lost, and what it had not finished can be asked for again.
"""

from __future__ import annotations

import datetime
import json
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from keiryo.dates import utc_text
from keiryo.errors import ConflictError, KeiryoError, NotFoundError
from keiryo.people.tables import JOB
from keiryo.storage.engine import BRIEF_WAIT_S, BusyError, patience
from keiryo.web.answers import told_outside
from keiryo.web.sections import CancelledError as CancelledError
from keiryo.web.sections import JobKind as JobKind
from keiryo.web.sections import Tell as Tell

if TYPE_CHECKING:
    from keiryo.web.server import Server
    from keiryo.web.viewer import Viewer

SILENCE = datetime.timedelta(seconds=60)
FILES_KEPT_S = 24 * 3_600
"""How long a file that a job made can be fetched, in seconds."""
JOBS_KEPT = datetime.timedelta(days=30)
"""How long a job is still listed after its end."""
TELL_EVERY_S = 0.5
AT_ONCE_S = 0.1
"""How long a word about a job waits for whoever records."""
AT_ONCE = 2
JOB_PATIENCE_S = 600
"""How long a job waits for another that records."""
MOST_WAITING = 10
"""Jobs of one person that may run or wait at a time: others have their turn, too."""
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
    began: bool = False


class Jobs:
    """The jobs of a server process.

    Parameters
    ----------
    server : Server
    folder : Path
        Where files that jobs make lie until they are fetched; all processes of a server share it.
    counted : callable, optional
        Told how many jobs run whenever that changes.
    """

    def __init__(
        self, server: Server, folder: Path, counted: Callable[[int], object] = lambda _: None
    ) -> None:
        self.server, self.folder, self.counted = server, folder, counted
        self.kinds = {kind.name: kind for section in server.sections for kind in section.jobs}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job")
        self._mine: dict[str, _Progress] = {}  # waiting or running in this process
        self._unsaid: dict[str, dict[str, Any]] = {}  # ends that could not be written down yet
        self._wishes: set[str] = set()  # to stop jobs of other processes; not written down yet
        self._stopping = Event()
        server.database.lock_wait_s = BRIEF_WAIT_S  # in a server people wait for the answer
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.table = server.database.metadata.tables[JOB]
        self._clock = Thread(target=self._note_progress, name="job progress", daemon=True)
        self._clock.start()

    def start(self, viewer: Viewer, kind: str, title: str, parameters: Mapping[str, Any]) -> str:
        """Start a job and return its number; `parameters` are plain data.

        Raises
        ------
        ConflictError
            If too many jobs of the viewer run or wait.
        """
        chosen, number = self.kinds[kind], secrets.token_urlsafe(12)
        now = utc_text(self.server.now())
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
        mine = select(func.count()).where(
            self.table.c.person == viewer.person.person,
            self.table.c.ended_at.is_(None),
            self.table.c.seen_at > utc_text(self.server.now() - SILENCE),
        )
        with self.server.database.writing() as connection:
            if connection.execute(mine).scalar_one() >= MOST_WAITING:
                raise ConflictError(
                    f"{MOST_WAITING} jobs of yours run or wait already",
                    "Wait until one has ended, or stop one; they are on your own page.",
                )
            connection.execute(insert(self.table).values(**values))
        # The form and the session's key are needed as long as the job runs, not the request.
        _ = viewer.signer
        self._mine[number] = _Progress()
        self._threads.submit(self._run, number, chosen, viewer, dict(parameters))
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
        return self._as_known_here(_job(row))

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
            found = [_job(row) for row in connection.execute(query).mappings()]
        return [self._as_known_here(job) for job in found]

    def cancel(self, viewer: Viewer, number: str) -> None:
        """Ask a job of the viewer to stop; the wish is taken at once, whoever is recording."""
        if self.job(viewer, number).ended:
            return
        progress = self._mine.get(number)
        if progress is not None:
            progress.cancelled = True
            return
        self._wishes.add(number)
        with suppress(BusyError), patience(AT_ONCE_S):
            self._pass_on_wishes()

    def _as_known_here(self, job: Job) -> Job:
        """Return a job with how far it is now, if it is one of this process."""
        progress = self._mine.get(job.job_id)
        if progress is None or job.ended:
            return job
        state = "running" if progress.began else job.state
        return replace(
            job, state=state, done=progress.done, total=progress.total, detail=progress.detail
        )

    def _pass_on_wishes(self) -> None:
        """Write down which jobs of other processes are asked to stop."""
        for number in list(self._wishes):
            self._set(number, cancel_asked=1)
            self._wishes.discard(number)

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
        return sum(progress.began for progress in list(self._mine.values()))

    def sweep(self) -> None:
        """Clear away files of jobs after a day, and jobs 30 days after their end."""
        before = time.time() - FILES_KEPT_S
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process was quicker
                if path.stat().st_mtime < before:
                    path.unlink()
        old = utc_text(self.server.now() - JOBS_KEPT)
        with self.server.database.writing() as connection:
            connection.execute(delete(self.table).where(self.table.c.ended_at < old))

    def close(self) -> None:
        """Ask the jobs of this process to stop, and wait for them."""
        self._stopping.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._clock.join()
        for number in list(self._mine):  # those whose turn never came
            self._end(number, "interrupted", None)
        self._say_ends()

    def _run(
        self, number: str, kind: JobKind, viewer: Viewer, parameters: Mapping[str, Any]
    ) -> None:
        with patience(JOB_PATIENCE_S):
            self._do(number, kind, viewer, parameters)

    def _do(
        self, number: str, kind: JobKind, viewer: Viewer, parameters: Mapping[str, Any]
    ) -> None:
        progress = self._mine[number]

        def tell(done: int, total: int, detail: str = "") -> None:
            if self._stopping.is_set() or progress.cancelled:
                raise CancelledError
            progress.done, progress.total, progress.detail = done, total, detail[:200]

        state, file_name, result = "failed", None, None
        try:
            self._note(number, progress)  # another process may have been asked to stop it
            tell(0, 0)
            progress.began = True
            self.counted(self.running)
            self._set(number, state="running")
            made = dict(kind.run(viewer, parameters, tell))
            if "file" in made:
                path = Path(made.pop("file"))
                file_name = str(made.pop("file_name", path.name))
                shutil.move(path, self.folder / number)
            json.dumps(made)
            state, result = "done", made
        except CancelledError:
            state = "interrupted" if self._stopping.is_set() else "cancelled"
        except KeiryoError as error:
            told = told_outside(error)
            result = {"message": told.message, "advice": told.advice}
            result |= {"findings": [_plain(f) for f in getattr(error, "findings", ())]}
        except Exception:
            log.exception("a job failed", extra={"job": number, "kind": kind.name})
            result = {"message": "something went wrong here; it was noted in the log"}
        self._end(number, state, result, file_name)
        self.counted(self.running)

    def _end(
        self,
        number: str,
        state: str,
        result: Mapping[str, Any] | None,
        file_name: str | None = None,
    ) -> None:
        """Write down how a job ended; at once, or as soon as the database can be written."""
        progress = self._mine.pop(number)
        self._unsaid[number] = {
            "state": state,
            "ended_at": utc_text(self.server.now()),
            "result": None if result is None else json.dumps(result),
            "result_file": file_name,
            "done": progress.done,
            "total": progress.total,
        }
        self._say_ends()

    def _say_ends(self) -> None:
        for number, values in list(self._unsaid.items()):
            try:
                self._set(number, **values)
            except Exception:
                log.warning("the end of a job could not be noted yet", extra={"job": number})
            else:
                self._unsaid.pop(number, None)

    def _note_progress(self) -> None:
        """Write down now and then how far the jobs are, and see who is asked to stop.

        In a thread of its own: a job may be in the middle of a transaction, and would wait for
        itself.
        """
        while not self._stopping.wait(TELL_EVERY_S):
            with patience(AT_ONCE_S):  # while something is recorded there is always a next time
                self._note_now()

    def _note_now(self) -> None:
        if self._unsaid:
            self._say_ends()
        try:
            self._pass_on_wishes()
            for number, progress in list(self._mine.items()):
                self._note(number, progress)
        except Exception:  # the database is busy or away; there is a next time
            log.info("progress could not be noted")

    def _note(self, number: str, progress: _Progress) -> None:
        seen = utc_text(self.server.now())
        values = {"done": progress.done, "total": progress.total, "detail": progress.detail}
        mine = and_(self.table.c.job_id == number, self.table.c.ended_at.is_(None))
        with self.server.database.writing() as connection:
            connection.execute(update(self.table).where(mine).values(**values, seen_at=seen))
            asked = connection.execute(select(self.table.c.cancel_asked).where(mine)).scalar()
        progress.cancelled |= bool(asked)

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
        ended = {"state": "interrupted", "ended_at": utc_text(self.server.now())}
        # Whoever records just now may be the one that is silent; the next who looks marks it.
        with (
            suppress(BusyError),
            patience(AT_ONCE_S),
            self.server.database.writing() as connection,
        ):
            connection.execute(update(self.table).where(gone).values(**ended))


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
