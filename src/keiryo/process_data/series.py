"""A series of transfers or of inventory readings: checked once, then read as often as needed.

Checking says of each line what is wrong with it: locations nobody named, negative amounts,
hours that cannot be, two values for one location and hour, times that run backwards. Only the
last hour of each location is remembered, so memory does not grow with the file. One that is not in
order of time is sorted first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from keiryo.process_data.files import Block
from keiryo.process_data.hours import MAX_HOUR, Floats, exact
from keiryo.process_data.locations import UNITS, Location, Mode
from keiryo.process_data.notes import Notes, shortened
from keiryo.process_data.sorting import Sorted

NOISE_KG = 1e-9
"""A negative amount no larger than this is noise of a solver, and counts as 0."""
MAX_KG = 1e12
"""More than this is no amount of a plant."""
_ONE_IN = 1000
_DISTINCT_SPACINGS = 50_000

Reader = Callable[[Notes], Iterator[Block]]


class Series:
    """The transfers (or the inventory readings) of a folder."""

    def __init__(
        self, file: str, reader: Reader, locations: Sequence[Location], *, flows: bool
    ) -> None:
        self.file, self.flows = file, flows
        self._reader, self._locations = reader, locations
        self._sorted: Sorted | None = None
        self._wanted = np.array([place.is_flow == flows for place in locations], dtype=bool)
        self._forget()

    def _forget(self) -> None:
        count = len(self._locations)
        self.last_hour = -np.inf
        self.samples = np.zeros(count, dtype=np.intp)
        self.in_order = True
        self._latest = np.full(count, -np.inf)
        self._latest_of_all = -np.inf
        self._strange: set[tuple[str, str]] = set()
        self._some_hours = [np.zeros(0)]
        self._spacing: list[dict[float, int]] = [{} for _ in range(count)]

    def check(self, notes: Notes) -> None:
        """Read everything once; what is wrong goes to `notes`."""
        unknown: dict[str, list[float]] = {}
        backwards: int | None = None
        before = notes.fatal
        for raw in self._reader(notes):
            self._strangers(raw, unknown)
            self._units(raw, notes)
            block = self._clean(raw, notes)
            line = self._follow(block, notes)
            backwards = backwards if backwards is not None else line
        for name, (count, first, kg) in unknown.items():
            if name in notes.rejected_names:
                continue
            notes.form(
                "PROCESS-LOCATION-UNKNOWN",
                f"location {shortened(name)!r} is not in locations.csv: {count:.0f} values, "
                f"{kg:g} kg in all",
                "Add it to locations.csv with its role, or correct the name.",
                file=self.file, line=int(first), found=name,
            )  # fmt: skip
        if self._wanted.any() and not self.samples.any() and not unknown and notes.fatal == before:
            notes.question(
                "PROCESS-FILE-EMPTY",
                f"{self.file} holds no value",
                "Was the export finished? What was not transferred needs no line, but a file "
                "without any should be explained.",
                file=self.file,
            )
        if backwards is not None:
            notes.remark(
                "PROCESS-TIME-BACKWARDS", "the hours of a location are not in order of time",
                "The values were sorted. Files in order of time are read faster.",
                file=self.file, line=backwards,
            )  # fmt: skip
            self._sort(notes)

    def __iter__(self) -> Iterator[Block]:
        """Read the sound values again, in order of time for each location."""
        if self._sorted is not None:
            yield from self._sorted
            return
        silent = Notes()
        for raw in self._reader(silent):
            yield self._clean(raw, silent)

    def usual_step_h(self, location: int) -> float | None:
        """Return the median time between two samples of a location (None: fewer than two)."""
        spacing = sorted(self._spacing[location].items())
        half = sum(count for _, count in spacing) / 2
        seen = 0
        for step, count in spacing:
            seen += count
            if seen >= half:
                return step
        return None

    def _strangers(self, block: Block, unknown: dict[str, list[float]]) -> None:
        for name, at in zip(block.names, np.flatnonzero(block.location < 0), strict=True):
            entry = unknown.setdefault(name, [0.0, float(block.line[at]), 0.0])
            entry[0] += 1
            entry[2] += float(block.kg[at])

    def _units(self, block: Block, notes: Notes) -> None:
        numbers = {place.name: place for place in self._locations}
        for unit, name, line in block.units:
            place = numbers.get(name)
            if place is None or unit.lower() in UNITS[place.mode] or (unit, name) in self._strange:
                continue
            self._strange.add((unit, name))
            notes.form(
                "PROCESS-UNIT-MIXED",
                f"{place.label}: values in {shortened(unit)!r} stand in the column kg",
                "Convert them to kg of the element balanced, and write the unit kg.",
                file=self.file, line=line, found=unit, expected="kg",
            )  # fmt: skip

    def _clean(self, block: Block, notes: Notes) -> Block:
        location, hour, kg = block.location, block.hour, block.kg
        known = location >= 0
        misplaced = known & ~self._wanted[location]
        early = np.abs(hour) > MAX_HOUR
        negative = kg < -NOISE_KG
        huge = kg > MAX_KG
        for at in np.flatnonzero(huge & known):
            notes.form(
                "PROCESS-AMOUNT-HUGE",
                f"{self._amount(location[at], kg[at])} at hour {hour[at]:g} cannot be",
                "Is it in kilograms of the element?", file=self.file, line=int(block.line[at]),
                found=f"{kg[at]:g}",
            )  # fmt: skip
        if misplaced.any():
            self._tell_misplaced(block, misplaced, notes)
        for at in np.flatnonzero(early & known):
            notes.form(
                "PROCESS-HOUR-WRONG", f"hour {hour[at]:g} cannot be",
                "Hours count from the beginning of the campaign: are these seconds or dates?",
                file=self.file, line=int(block.line[at]), found=f"{hour[at]:g}",
            )  # fmt: skip
        for at in np.flatnonzero(negative & known):
            notes.form(
                "PROCESS-AMOUNT-NEGATIVE",
                f"{self._amount(location[at], kg[at])} at hour {hour[at]:g}: it is negative",
                "Book what goes back as a transfer of a location of the other role."
                if self.flows else "A content is 0 or more: is it a difference?",
                file=self.file, line=int(block.line[at]), found=repr(float(kg[at])),
            )  # fmt: skip
        noise = known & (kg < 0) & ~negative
        if noise.any():
            notes.remark(
                "PROCESS-AMOUNT-NOISE",
                f"{int(noise.sum())} amounts between -{NOISE_KG:g} kg and 0 count as 0",
                "Noise of a solver, too small to matter.", file=self.file,
                line=int(block.line[np.flatnonzero(noise)[0]]),
            )  # fmt: skip
        good = known & ~misplaced & ~early & ~negative & ~huge
        if good.all() and not noise.any():
            return Block(exact(hour), location, kg, block.line)
        return Block(exact(hour[good]), location[good], np.maximum(kg[good], 0.0), block.line[good])

    def _amount(self, number: int, kg: float) -> str:
        """Return an amount with its place and unit, as it is shown."""
        place = self._locations[number]
        return f"{place.label}: {kg:.10g} {'kg/h' if place.mode is Mode.RATE else 'kg'}"

    def _tell_misplaced(self, block: Block, misplaced: np.ndarray, notes: Notes) -> None:
        other = "inventories" if self.flows else "flows"
        for number in np.unique(block.location[misplaced]):
            place = self._locations[number]
            first = np.flatnonzero(misplaced & (block.location == number))[0]
            notes.form(
                "PROCESS-ROLE-WRONG",
                f"{place.label} is an {place.role} in locations.csv and stands in {self.file}",
                f"Its values belong into {other}, or its role is another one.",
                file=self.file, line=int(block.line[first]),
            )  # fmt: skip

    def _follow(self, block: Block, notes: Notes) -> int | None:
        """Compare each value with the one before it of its location; return a line out of order."""
        if not block.hour.size:
            return None
        self.last_hour = max(self.last_hour, float(block.hour.max()))
        self._some_hours.append(block.hour[::_ONE_IN].copy())
        before = np.concatenate(([self._latest_of_all], block.hour[:-1]))
        self.in_order &= bool((block.hour >= before).all())
        self._latest_of_all = float(block.hour[-1])
        order = np.argsort(block.location, kind="stable")
        location, hour, line = block.location[order], block.hour[order], block.line[order]
        first = np.concatenate(([True], location[1:] != location[:-1]))
        earlier = np.concatenate(([0.0], hour[:-1]))
        earlier[first] = self._latest[location[first]]
        step = hour - earlier
        last = np.concatenate((first[1:], [True]))
        self._latest[location[last]] = np.maximum(hour[last], self._latest[location[last]])
        names, counts = np.unique(location, return_counts=True)
        self.samples[names] += counts
        for at in np.flatnonzero(step == 0):
            notes.form(
                "PROCESS-TIME-TWICE",
                f"{self._locations[location[at]].label} has two values at hour {hour[at]:g}",
                "Keep one. Two transfers within one hour get their own hours, or their sum."
                if self.flows else "Keep the one that was measured.",
                file=self.file, line=int(line[at]),
            )  # fmt: skip
        self._remember_spacing(location, step)
        return int(line[step < 0].min()) if (step < 0).any() else None

    def _remember_spacing(self, location: np.ndarray, step: Floats) -> None:
        for number, place in enumerate(self._locations):
            if place.mode is not Mode.RATE:
                continue
            steps = step[(location == number) & (step > 0) & np.isfinite(step)]
            known = self._spacing[number]
            if len(known) > _DISTINCT_SPACINGS:  # irregular: three digits are enough for a median
                steps = np.array([float(f"{value:.3g}") for value in np.unique(steps)])
            for value, count in zip(*np.unique(exact(steps), return_counts=True), strict=True):
                known[float(value)] = known.get(float(value), 0) + int(count)

    def _sort(self, notes: Notes) -> None:
        made = Sorted(self, int(self.samples.sum()), np.concatenate(self._some_hours))
        self._forget()
        self._sorted = made
        for block in made:
            self._follow(block, notes)
