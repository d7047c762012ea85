"""Screening the recorded images of a camera in a period, as an act.

The images are taken from the record one by one, with the mask and the zones of the view that
was in force; where a view ends inside the period, a screening of its own begins. How far the
work has come is saved now and then in a file beside the database; after an interruption it goes
on from there, with the same result as if it had never stopped.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from keiryo.dates import utc_text
from keiryo.errors import UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import head
from keiryo.screening.model import Picture, Plane, Screened, Standing, Zone
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import scope_of_camera
from keiryo.surveillance.cameras import camera as read_camera
from keiryo.surveillance.decoding import pictures
from keiryo.surveillance.images_of import Images, images_of, instant_of
from keiryo.surveillance.review_record import joined
from keiryo.surveillance.screening_result import Result, images_digest, result_of
from keiryo.surveillance.screening_work import Part, Work, forget, load, save, work_path
from keiryo.surveillance.tables import SCREENED_EVENT, SCREENED_RUN, SCREENING, VIEW_CONDITION
from keiryo.surveillance.views import View, mask_plane, views
from keiryo.surveillance.zones import zones_of

SCREEN = "surveillance.screen"
SAVE_EVERY = 500
"""Images after which the state is saved."""

Progress = Callable[[int, int], None]
"""Told how many images of how many were taken in."""


class ScreeningOf(Protocol):
    """What screening offers; `keiryo.screening.screen.Screening` does."""

    def see(self, picture: Picture) -> Standing:
        """Take in the next picture."""
        ...

    def finish(self) -> Screened:
        """Return all that screening says."""
        ...

    def state(self) -> bytes:
        """Return the state, to go on from later."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """A method of screening.

    Attributes
    ----------
    name : str
        With its version.
    parameters : str
        Digest of its parameters.
    begin : callable
        Interval in seconds, mask and zones to a screening that begins.
    resume : callable
        A saved state to a screening that goes on.
    """

    name: str
    parameters: str
    begin: Callable[[float | None, Plane | None, tuple[Zone, ...]], ScreeningOf]
    resume: Callable[[bytes], ScreeningOf]


def keiryo_method() -> Method:
    """Return the method that comes with keiryo."""
    from keiryo.screening.screen import METHOD, METHOD_VERSION, Screening, parameters_digest

    return Method(
        f"{METHOD} {METHOD_VERSION}", parameters_digest(), Screening, Screening.from_state
    )


@dataclass(frozen=True, slots=True)
class ScreenedPart:
    """One view of a screening: its name, its view, and the result."""

    name: str
    version: int
    result: Result


@dataclass(frozen=True, slots=True)
class ScreeningDone:
    """A screening that was recorded.

    Attributes
    ----------
    posted : Posted
    parts : tuple of ScreenedPart
        One for each view, in the order of time.
    """

    posted: Posted
    parts: tuple[ScreenedPart, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the screenings."""
        return tuple(one.name for one in self.parts)


@dataclass(frozen=True, slots=True)
class _View:
    version: int
    begin: str
    end: str
    view: View | None
    zones: tuple[Zone, ...]
    images: Images


@dataclass(frozen=True, slots=True)
class _Plan:
    camera: str
    scope: str
    interval_ms: int | None
    tolerance_ms: int | None
    views: tuple[_View, ...]


def screen(
    database: Database,
    actor: Actor,
    camera: str,
    begin: datetime,
    end: datetime,
    *,
    resume: bool = False,
    save_every: int = SAVE_EVERY,
    method: Method | None = None,
    progress: Progress | None = None,
    clock: Clock = system_clock,
) -> ScreeningDone:
    """Screen the images of a camera and record what came of it: one act, or nothing.

    Parameters
    ----------
    database, actor
    camera : str
    begin, end : datetime
        The period, half-open.
    resume : bool
        Go on where an interrupted screening of the same camera and period stopped.
    save_every : int
        Images after which the state is saved.
    method : Method, optional
        Default: that of keiryo.
    progress : callable, optional
        Told how many images of how many were taken in.

    Raises
    ------
    NotFoundError
        If there is no such camera.
    UsageError
        If the period ends before it begins, or has not passed yet.
    """
    _require_past(begin, end, clock())
    chosen = method or keiryo_method()
    period = utc_text(begin), utc_text(end)
    path = work_path(database, camera, *period)
    work = load(path) if resume else None
    told = f"{chosen.name} {chosen.parameters}"
    if work is not None and work.method != told:
        work = None
    with database.reading() as connection:
        if work is None:
            through = head(connection, database.metadata).act_id
            work = Work(f"surveillance:{uuid.uuid4()}", utc_text(clock()), through, told)
        plan = _plan(connection, database, camera, *period, work.through_act)
    if [one.images_digest for one in work.parts] != [images_digest(v.images) for v in plan.views]:
        work.parts = [Part(images_digest(one.images)) for one in plan.views]
        work.states = [b""] * len(plan.views)
    save(path, work)
    results = []
    total, before = sum(one.images.count for one in plan.views), 0
    for number, view in enumerate(plan.views):
        tell = None if progress is None else _from(progress, before, total)
        run = _Run(database, plan, chosen, work, number)
        screened = run.run(lambda: save(path, work), save_every, tell)
        results.append(run.result(screened))
        before += view.images.count
    done = _record(database, actor, plan, chosen, work, results, clock)
    forget(path)
    return done


def _require_past(begin: datetime, end: datetime, now: datetime) -> None:
    if not begin < end:
        raise UsageError("the period ends before it begins", "Give --from before --to.")
    if end > now:
        raise UsageError(
            f"the period ends at {utc_text(end)}, which is still to come",
            "Screen what has passed: images that are not taken yet would count as missing.",
        )


def _from(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _all: progress(before + done, total)


def _plan(
    connection: Connection,
    database: Database,
    camera: str,
    begin: str,
    end: str,
    through_act: int,
) -> _Plan:
    metadata = database.metadata
    row = read_camera(connection, metadata, camera).values
    scope = scope_of_camera(connection, metadata, camera)
    images = images_of(connection, metadata, camera, begin, end, through_act=through_act)
    parts: list[tuple[str, str, View | None]] = []
    reached = begin
    for view in views(connection, metadata, camera, through_act=through_act):
        starts = max(utc_text(view.begin), begin)
        stops = end if view.end is None else min(utc_text(view.end), end)
        if starts >= stops:
            continue
        if reached < starts:
            parts.append((reached, starts, None))
        parts.append((starts, stops, view))
        reached = stops
    if reached < end:
        parts.append((reached, end, None))
    found = []
    for starts, stops, held in parts:
        version = 0 if held is None else held.version
        listed = zones_of(connection, metadata, camera, version, through_act=through_act)
        zones = tuple(one.zone for one in listed)
        found.append(_View(version, starts, stops, held, zones, images.of_view(starts, stops)))
    return _Plan(camera, scope, row["interval_ms"], row["tolerance_ms"], tuple(found))


class _Run:
    """The screening of one view."""

    def __init__(
        self, database: Database, plan: _Plan, method: Method, work: Work, number: int
    ) -> None:
        self.database, self.plan, self.method = database, plan, method
        self.work, self.number = work, number
        self.view, self.part = plan.views[number], work.parts[number]

    def run(self, keep: Callable[[], None], every: int, progress: Progress | None) -> Screened:
        """Take in all images that were not taken in yet; `keep` saves the work."""
        images, part = self.view.images, self.part
        screening = self._screening()
        shown = len(self.shown())
        since = 0
        store = self.database.evidence
        for position, one in pictures(store, images, first=part.done, shown=shown):
            if isinstance(one, str):
                part.add(position, one)
            else:
                screening.see(one)
                part.add(position, None)
            since += 1
            if since >= every:
                since = 0
                self.work.states[self.number] = screening.state()
                keep()
            if progress is not None:
                progress(position + 1, images.count)
        if since:
            self.work.states[self.number] = screening.state()
            keep()
        return screening.finish()

    def _screening(self) -> ScreeningOf:
        state = self.work.states[self.number]
        if state:
            return self.method.resume(state)
        interval = self.plan.interval_ms
        view = self.view.view
        mask = None if view is None else mask_plane(self.database, view)
        seconds = None if interval is None else interval / 1000
        return self.method.begin(seconds, mask, self.view.zones)

    def shown(self) -> NDArray[np.int64]:
        """Return the positions of the images that screening was shown."""
        ranges = [np.arange(first, last + 1) for first, last in self.part.shown]
        return np.concatenate([np.zeros(0, np.int64), *ranges]).astype(np.int64)

    def result(self, screened: Screened) -> Result:
        """Return the result in terms of the record."""
        reasons = {int(position): reason for position, reason in self.part.reasons.items()}
        view = self.view
        rhythm = (self.plan.interval_ms, self.plan.tolerance_ms)
        return result_of(
            view.images, (view.begin, view.end), self.shown(), reasons, screened, rhythm
        )


def _record(
    database: Database,
    actor: Actor,
    plan: _Plan,
    method: Method,
    work: Work,
    results: list[Result],
    clock: Clock,
) -> ScreeningDone:
    draft = Draft(SCREEN, work.client_id)
    suffix = work.client_id.rpartition(":")[2][:6]
    parts = []
    for view, result in zip(plan.views, results, strict=True):
        days = "-".join(at[:10].replace("-", "") for at in (view.begin, view.end))
        name = f"{plan.camera}.{days}.v{view.version}.{suffix}"
        whole = {
            "method": method.name,
            "parameters": method.parameters,
            "view": view.version,
            **result.to_dict(),
        }
        content = json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()
        kept = keep_file(database.evidence, f"{name}.json", content)
        add_evidence(draft, kept, plan.scope, "screening", work.started_at)
        header = _header(name, view, result, method, work.through_act, kept.digest)
        draft.add(SCREENING.name, header, scope=plan.scope, camera=plan.camera)
        _add_lines(draft, name, plan, result)
        parts.append(ScreenedPart(name, view.version, result))
    return ScreeningDone(post(database, draft, actor, clock=clock), tuple(parts))


def _header(
    name: str, view: _View, result: Result, method: Method, through_act: int, digest: str
) -> dict[str, Value]:
    schedule = result.schedule
    return {
        "screening": name,
        "begin_at": view.begin,
        "end_at": view.end,
        "version": view.version,
        "method": method.name,
        "parameters": method.parameters,
        "received": view.images.count,
        "scheduled": schedule.scheduled,
        "nominal": schedule.nominal,
        "missing": schedule.missing,
        "extra": schedule.extra,
        "drift": schedule.drift,
        "presented": result.counted("event"),
        "quiet": result.counted("quiet"),
        "unhealthy": result.counted("unhealthy"),
        "recorded_ppm": schedule.recorded_ppm,
        "valid_ppm": schedule.valid_ppm,
        "result": digest,
        "through_act": through_act,
    }


def _add_lines(draft: Draft, name: str, plan: _Plan, result: Result) -> None:
    every: dict[str, Any] = {"scope": plan.scope, "screening": name}
    for number, run in enumerate(result.runs, 1):
        draft.add(
            SCREENED_RUN.name,
            every,
            run=number,
            standing=run.standing,
            code=run.code,
            first_at=result.at(run.first),
            last_at=result.at(run.last),
            images=run.images,
            event=run.event,
            created_by=run.created_by,
        )
    images = result.images
    for number, one in enumerate(result.events, 1):
        draft.add(
            SCREENED_EVENT.name,
            every,
            event=number,
            camera=plan.camera,
            kind=one.kind.value,
            begin_at=result.at(one.first),
            end_at=result.at(one.last),
            peak_at=result.at(one.peak),
            first_digest=images.digest[one.first],
            last_digest=images.digest[one.last],
            first_frame=images.frame[one.first],
            last_frame=images.frame[one.last],
            images=one.last - one.first + 1,
            score_ppm=round(one.score * 1_000_000),
            zones=joined(one.zones),
            against=one.against,
            returned_to=one.returned_to,
        )
    for bad in result.conditions:
        draft.add(
            VIEW_CONDITION.name,
            every,
            camera=plan.camera,
            code=bad.code,
            begin_at=instant_of(bad.begin),
            end_at=instant_of(bad.end),
            images=bad.images,
            measured=_decimal(bad.measured),
            threshold=_decimal(bad.threshold),
        )


def _decimal(value: float | None) -> str | None:
    return None if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
