"""Books with screened images, and a stand-in that says of each image what a test wants."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.dates import utc_text
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.screening.model import (
    Condition,
    Event,
    EventKind,
    HealthCode,
    Picture,
    Screened,
    SettledScene,
    Standing,
)
from keiryo.surveillance.conclusions import conclude, conclude_parts
from keiryo.surveillance.looks import Look, look
from keiryo.surveillance.marks import Mark, mark
from keiryo.surveillance.review_events import ReviewEvent, review_events
from keiryo.surveillance.review_tally import Tally, tally
from keiryo.surveillance.reviews import open_review
from keiryo.surveillance.screening_run import Method, ScreeningDone, screen
from surveillance.camera_books import START, TEN_MINUTES, Site, fill, make_site


@dataclass
class Script:
    """A screening that says what it is told: one letter for every image that it is shown.

    ``q`` quiet, ``a`` activity, ``s`` a change of the scene, ``r`` a return to the first scene,
    ``d`` dark, ``x`` dark within the event before it. Neighbours of one letter belong together.
    """

    letters: str
    seen: int = 0
    die_at: int | None = None

    def see(self, picture: Picture) -> Standing:
        """Take in a picture."""
        assert picture.index == self.seen
        if self.die_at == self.seen:
            raise KeyboardInterrupt
        self.seen += 1
        return Standing.QUIET

    def state(self) -> bytes:
        """Return how far it is."""
        return json.dumps([self.letters, self.seen]).encode()

    def finish(self) -> Screened:
        """Return what the letters say."""
        return told(self.letters[: self.seen])


def told(letters: str) -> Screened:
    """Return the result that letters stand for."""
    events: list[Event] = []
    conditions, scenes = [], []
    scene, new, at = 0, 1, 0
    standing = np.array(["qasrdx".index(c) for c in letters], dtype=np.uint8)
    standing = np.array([0, 1, 1, 1, 2, 2], dtype=np.uint8)[standing]
    for letter, run in groupby(letters):
        first, last = at, at + len(list(run)) - 1
        at = last + 1
        if letter == "q":
            scenes.append(SettledScene(scene, first, last, first, last))
        elif letter in "dx":
            conditions.append(Condition(HealthCode.DARK, first, last, first, last, 5.0, 16.0))
            if letter == "x":
                before = events.pop()
                events.append(_event(before.first, last, before.kind, before.against, None))
        else:
            kind = EventKind.ACTIVITY if letter == "a" else EventKind.STATE_CHANGE
            back = 0 if letter == "r" else None
            events.append(_event(first, last, kind, scene, back))
            if letter == "s":
                scene, new = new, new + 1
            elif letter == "r":
                scene = 0
    return Screened(len(letters), standing, tuple(events), tuple(conditions), (), tuple(scenes))


def _event(first: int, last: int, kind: EventKind, against: int, back: int | None) -> Event:
    return Event(first, last, first, first, last, kind, 0.01, ("floor",), against, back)


def scripted(letters: str, die_at: int | None = None) -> Method:
    """Return a method that says what it is told."""
    return Method(
        "script 1",
        "none",
        lambda _interval, _mask, _zones: Script(letters, die_at=die_at),
        lambda state: Script(*json.loads(state), die_at),
    )


@dataclass
class Session:
    """A site with a review, and short words for what is done in it."""

    site: Site
    name: str = "july"
    screened: list[ScreeningDone] = field(default_factory=list)

    @property
    def given(self) -> tuple[Any, Any]:
        return self.site.given

    def screen(
        self,
        letters: str,
        count: int | None = None,
        *,
        camera: str = "CAM-01",
        begin: datetime = START,
        **more: Any,
    ) -> ScreeningDone:
        end = begin + TEN_MINUTES * (len(letters) if count is None else count)
        more.setdefault("method", scripted(letters))
        done = screen(*self.given, camera, begin, end, clock=self.site.clock, **more)
        self.screened.append(done)
        return done

    def open(self, count: int, *cameras: str, name: str | None = None) -> None:
        end = START + TEN_MINUTES * count
        cameras = cameras or ("CAM-01",)
        open_review(*self.given, name or self.name, cameras, START, end, clock=self.site.clock)

    def events(self) -> list[ReviewEvent]:
        with self.site.books.database.reading() as connection:
            return review_events(connection, self.site.books.database.metadata, self.name)

    def look(self, *numbers: int, dwell_ms: int = 5000) -> int:
        """Look at the events with these places in the list; at all of them if none is named."""
        events = self.events()
        looks = [Look(*events[n].key, dwell_ms, 960) for n in numbers or range(len(events))]
        return look(*self.given, self.name, looks, clock=self.site.clock).act.act_id

    def mark(self, verdict: str, *numbers: int, **more: Any) -> int:
        events = self.events()
        wanted = [Mark(*events[n].key, verdict, **more) for n in numbers or range(len(events))]
        return mark(*self.given, self.name, wanted, clock=self.site.clock).act.act_id

    def conclude(self, conclusion: str, reason: str | None = None, **more: Any) -> int:
        done = conclude(
            *self.given, self.name, more.pop("camera", "CAM-01"), conclusion,
            reason=reason, clock=self.site.clock, **more,
        )  # fmt: skip
        return done.act.act_id

    def conclude_parts(self, camera: str = "CAM-01") -> int:
        return conclude_parts(*self.given, self.name, camera, clock=self.site.clock).act.act_id

    def tally(self, camera: str = "CAM-01", **more: Any) -> Tally:
        with self.site.books.database.reading() as connection:
            metadata = self.site.books.database.metadata
            return tally(connection, metadata, self.name, camera, **more)

    def post_bare(self, kind: str, *lines: dict[str, Any]) -> int:
        """Post lines as any face could: only the checks of the pipeline stand in the way."""
        draft = Draft("surveillance.test", f"bare:{utc_text(datetime.now().astimezone())}")
        for line in lines:
            draft.add(kind, line, scope="XA/XAF1/XARA")
        return post(*[self.given[0], draft, self.given[1]], clock=self.site.clock).act.act_id


def session(url: str, folder: Path, count: int = 0, **more: Any) -> Session:
    """Return a site with images of CAM-01 ten minutes apart."""
    site = make_site(url, folder)
    made = Session(site)
    if count:
        fill(folder / "in", count)
        site.ingest(folder / "in")
    return made


def at(images: float) -> datetime:
    """Return when so many intervals have passed since the first image."""
    return START + timedelta(seconds=600 * images)
