"""The history of a batch as a picture: its life as a band through the areas it was in.

Time runs from left to right, an area is a lane. The band is as high as the batch is heavy. What
was stated about it stands above the band: receipts, shipments, rebatchings, losses, listings at
physical inventories, corrections; what was superseded is struck through beside what took its
place. Below the band, parents flow in and children flow out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from keiryo.web.pictures.batch_band import Step, band_steps
from keiryo.web.pictures.batch_data import BatchEvent, BatchStory, Relative
from keiryo.web.pictures.marks import CLASS_OF_EVENT, SHAPE_OF_EVENT, symbol
from keiryo.web.pictures.svg import (
    Drawn,
    box,
    element,
    fitted,
    group,
    joined,
    line,
    linked,
    path,
    width_of,
    words,
)
from keiryo.web.pictures.time_axis import Rows, TimeScale, axis, scale_of, today_mark
from keiryo.web.pictures.time_picture import RIGHT, TimePicture, days_told, named_row
from keiryo.web.pictures.writing import PLAIN, Writing

LEFT = 84.0
_TOP, _LABEL_ROW, _BAND, _CHIP_ROW, _CHIP, _LANE_GAP = 22.0, 24.0, 34.0, 26.0, 20.0, 12.0
MOST_LABEL_ROWS = 7
MOST_CHIPS = 24
_CROWDED = 80


@dataclass(frozen=True, slots=True)
class HistoryLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "History of the batch {name}"
    description: str = (
        "From {first} to {last} in {areas}: {events} statements, of which {superseded} superseded; "
        "{parents} parents, {children} children."
    )
    today: str = "today"
    superseded: str = "superseded"
    replaces: str = "replaces the struck entry"
    gone: str = "not found at the physical inventory of {day}"
    no_events: str = "Nothing is recorded about this batch."
    more: str = "{count} more"
    parent: str = "from"
    child: str = "to"
    listing: str = "PIT"
    codes: Mapping[str, str] | None = None
    relations: Callable[[str], str] = str


def batch_history(
    story: BatchStory,
    *,
    href: Callable[[str], str | None],
    today: date | None = None,
    labels: HistoryLabels | None = None,
    writing: Writing = PLAIN,
) -> str:
    """Return the picture of a batch's history as SVG text.

    Parameters
    ----------
    story : BatchStory
        From `keiryo.web.pictures.batch_data.batch_story`.
    href : callable
        From a node (``"line:3/5"``, ``"batch:XAFA/F25-FA-001#1"``) to an address, or None.
    today : date, optional
        The axis reaches at least to it if the batch still exists.
    labels : HistoryLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or HistoryLabels()
    sheet = TimePicture(labels.title.format(name=story.name), "pic-batch")
    areas = dict.fromkeys([*(e.mba for e in story.events), *(r.mba for r in story.relatives)])
    if not areas:
        return sheet.empty(labels.no_events)
    days = [event.day for event in story.events] + [r.day for r in story.relatives]
    days = days_told([*days, *(day for _, day in story.absent)], today)
    scale = scale_of(days, LEFT + 14, RIGHT - 30, margin=0.03)
    drawing = _Drawing(story, scale, max(days), href, labels, writing)
    lanes, y = [], _TOP
    for mba in areas:
        lane, height = drawing.lane(mba, y)
        lanes.append(lane)
        y += height + _LANE_GAP
    pieces = [axis(scale, y, writing, top=_TOP), drawing.transfers(), *lanes]
    if today is not None:
        pieces.append(today_mark(scale, today, 6, y, labels.today, writing))
    said = _description(story, list(areas), days, labels, writing)
    return sheet.drawn(y + 26, *pieces, description=said, with_links=True)


def _description(
    story: BatchStory,
    areas: Sequence[str],
    days: Sequence[date],
    labels: HistoryLabels,
    writing: Writing,
) -> str:
    parents = sum(relative.is_parent for relative in story.relatives)
    return labels.description.format(
        first=writing.day(min(days)),
        last=writing.day(max(days)),
        areas=", ".join(areas),
        events=writing.count(len(story.events)),
        superseded=writing.count(sum(not event.effective for event in story.events)),
        parents=writing.count(parents),
        children=writing.count(len(story.relatives) - parents),
    )


@dataclass(slots=True)
class _Drawing:
    """Draws lane after lane, and remembers where bands begin and end."""

    story: BatchStory
    scale: TimeScale
    last: date
    href: Callable[[str], str | None]
    labels: HistoryLabels
    writing: Writing
    ends: list[tuple[str, date, date, float]] = field(default_factory=list)

    def lane(self, mba: str, top: float) -> tuple[Drawn, float]:
        """Return the lane of an area and its height."""
        events = [event for event in self.story.events if event.mba == mba]
        relatives = [r for r in self.story.relatives if r.mba == mba]
        rows = Rows()
        placed = [(block, self._row(rows, block)) for block in _blocks(events, self.scale)]
        label_rows = min(len(rows), MOST_LABEL_ROWS)
        middle = top + 14 + label_rows * _LABEL_ROW + _BAND / 2
        chips, chip_rows = self._chips(relatives, middle)
        height = middle + _BAND / 2 + 8 + chip_rows * _CHIP_ROW - top
        pieces = [
            named_row(mba, top, height, middle, LEFT),
            self._band(mba, events, middle) if events else self._thread(relatives, middle),
            chips,
            *(self._stem(block, row, middle) for block, row in placed),
        ]
        for block, row in placed:
            pieces.append(self._block(block, row, middle))
        return group("pic-area", *pieces), height

    def _row(self, rows: Rows, block: list[BatchEvent]) -> int:
        left, width = self._extent(block)
        return rows.place(left - 4, left + width + 6)

    def _extent(self, block: list[BatchEvent]) -> tuple[float, float]:
        """Return where the label of a block begins, and how wide it is."""
        width = sum(18 + width_of(self._text(event), 11) + 8 for event in block)
        x = self.scale.x(block[-1].day)
        return max(LEFT - 4, min(x - 7, RIGHT - width + 10)), width

    def _text(self, event: BatchEvent) -> str:
        code = self.labels.listing if event.code == "PIT" else event.code
        if event.weight_mg is None:
            return fitted(code, 150, 11)
        return fitted(f"{code} {self.writing.weight(event.weight_mg)}", 170, 11)

    def _said(self, event: BatchEvent) -> str:
        meaning = (self.labels.codes or {}).get(event.code, "")
        parts = [self.writing.day(event.day), self._text(event), event.category, meaning]
        parts += [event.said, "" if event.effective else self.labels.superseded]
        parts += [self.labels.replaces if event.replaces else ""]
        return " · ".join(part for part in parts if part)

    def _stem(self, block: list[BatchEvent], row: int, middle: float) -> Drawn:
        """Return the line from a label to its day on the band; below all labels."""
        if row >= MOST_LABEL_ROWS:
            return joined()
        x = self.scale.x(block[-1].day)
        return line(x, _label_height(row, middle) + 6, x, middle, "pic-stem")

    def _block(self, block: list[BatchEvent], row: int, middle: float) -> Drawn:
        """Return the label of an event, after the labels of what it took the place of."""
        x = self.scale.x(block[-1].day)
        dot = element("circle", cx=x, cy=middle, r=3, class_="pic-symbol")
        if row >= MOST_LABEL_ROWS:
            said = self._said(block[-1])
            drawn = group("pic-event", dot, title=said)
            return linked(self.href(block[-1].node), drawn, name=said)
        y = _label_height(row, middle)
        pieces = [dot]
        at, _ = self._extent(block)
        for event in block:
            text = self._text(event)
            width = width_of(text, 11)
            said = self._said(event)
            strike = () if event.effective else (line(at, y, at + 16 + width, y, "pic-strike"),)
            label = "pic-mark-label" if event.effective else "pic-mark-label pic-struck-text"
            state = "" if event.effective else " pic-gone"
            state += " pic-correction" if event.replaces else ""
            drawn = group(
                f"pic-event {CLASS_OF_EVENT.get(event.kind, 'pic-other')}{state}",
                symbol(SHAPE_OF_EVENT.get(event.kind, "ring"), at + 7, y, 5.5),
                words(at + 17, y + 4, text, label),
                *strike,
                title=said,
            )
            pieces.append(linked(self.href(event.node), drawn, name=said))
            at += 18 + width + 8
        return joined(*pieces)

    def _band(self, mba: str, events: Sequence[BatchEvent], middle: float) -> Drawn:
        absent = [day for area, day in self.story.absent if area == mba]
        steps = band_steps(events, absent, self.last)
        heaviest = max((step.weight_mg for step in steps), default=0)
        pieces = []
        for step in self._told_apart(steps):
            x, end = self.scale.x(step.first), self.scale.x(step.last)
            height = max(6.0, _BAND * step.weight_mg / heaviest)
            drawn = box(x, middle - height / 2, max(end - x, 3), height, "pic-band")
            pieces.append(group("pic-stay", drawn, title=self._stay(mba, step, absent)))
        living = [step for step in steps if step.weight_mg > 0]
        if living:
            self.ends.append((mba, living[0].first, living[-1].last, middle))
        return joined(*pieces)

    def _thread(self, relatives: Sequence[Relative], middle: float) -> Drawn:
        """Return the band of what has no weight of its own: a pool, while it is known of."""
        days = [relative.day for relative in relatives]
        x, end = self.scale.x(min(days)), self.scale.x(max(days))
        return box(x, middle - 3, max(end - x, 3), 6, "pic-band")

    def _told_apart(self, steps: Sequence[Step]) -> list[Step]:
        """Return the steps with something there; of those in two pixels, the heaviest."""
        found: dict[int, Step] = {}
        for step in steps:
            column = int(self.scale.x(step.first) / 2)
            if step.weight_mg > max(0, found[column].weight_mg if column in found else 0):
                found[column] = step
        return list(found.values())

    def _stay(self, mba: str, step: Step, absent: Sequence[date]) -> str:
        text = f"{mba} {self.writing.day(step.first)} – {self.writing.day(step.last)}"
        text += f": {self.writing.weight(step.weight_mg)}"
        if step.last in absent:
            text += f"; {self.labels.gone.format(day=self.writing.day(step.last))}"
        return text

    def transfers(self) -> Drawn:
        """Return the ways between areas: from the end of one band to the beginning of the next."""
        pieces = []
        order = sorted(self.ends, key=lambda end: (end[1], end[2]))
        for (_, _, left_on, y1), (_, came_on, _, y2) in pairwise(order):
            x1, x2 = self.scale.x(min(left_on, came_on)), self.scale.x(came_on)
            bend = (y1 + y2) / 2
            pieces.append(path("pic-transfer", "M", x1, y1, "C", x1, bend, x2, bend, x2, y2))
        return group("pic-transfers", *pieces)

    def _chips(self, relatives: Sequence[Relative], middle: float) -> tuple[Drawn, int]:
        """Return parents (left of their stem) and children (right of it) below the band."""
        shown, folded = _folded(relatives)
        rows, flows, pieces = Rows(), [], []
        for relative, names in [*((r, (r.uid,)) for r in shown), *folded]:
            word = self.labels.parent if relative.is_parent else self.labels.child
            if len(names) > 1:
                text = self.labels.more.format(count=self.writing.count(len(names)))
            else:
                text = fitted(relative.uid, 190, 11)
            relation = self.labels.relations(relative.relation)
            text = f"{word} {text} ({relation})"
            width = width_of(text, 11) + 14
            x = self.scale.x(relative.day)
            left = x - 12 - width if relative.is_parent else x + 12
            left = max(LEFT - 10, min(left, RIGHT - width + 8))
            row = rows.place(min(left, x) - 5, max(left + width, x) + 5)
            y = middle + _BAND / 2 + 8 + row * _CHIP_ROW
            said = f"{self.writing.day(relative.day)} · {text} · {', '.join(names[:20])}"
            flows.append(_flow(x, middle + 4, left, width, y + _CHIP / 2, relative.is_parent))
            drawn = group(
                "pic-relative",
                box(left, y, width, _CHIP, "pic-chip", radius=10),
                words(left + 7, y + 14, text, "pic-mark-label"),
                title=said,
            )
            address = self.href(f"batch:{names[0]}") if len(names) == 1 else None
            pieces.append(linked(address, drawn, name=said))
        return joined(*flows, *pieces), len(rows)


def _label_height(row: int, middle: float) -> float:
    return middle - _BAND / 2 - 12 - row * _LABEL_ROW


def _flow(x: float, band: float, left: float, width: float, y: float, into: bool) -> Drawn:
    """Return the arrow between a chip and the band."""
    if into:
        begin = min(left + width, x - 4)
        tip = ("M", x - 3.5, band + 7, "L", x, band, x + 3.5, band + 7)
        return path("pic-flow", "M", begin, y, "C", x, y, x, y, x, band + 1, *tip)
    end = max(left, x + 4)
    tip = ("M", end - 6, y - 3.5, "L", end, y, end - 6, y + 3.5)
    return path("pic-flow", "M", x, band, "C", x, y, x, y, end, y, *tip)


def _folded(
    relatives: Sequence[Relative],
) -> tuple[list[Relative], list[tuple[Relative, tuple[str, ...]]]]:
    """Return the relatives that are shown one by one, and those that share a chip."""
    if len(relatives) <= MOST_CHIPS:
        return list(relatives), []
    shown = list(relatives[: MOST_CHIPS // 2])
    rest: dict[tuple[bool, str], list[Relative]] = {}
    for relative in relatives[MOST_CHIPS // 2 :]:
        rest.setdefault((relative.is_parent, relative.relation), []).append(relative)
    return shown, [(some[0], tuple(r.uid for r in some)) for some in rest.values()]


def _blocks(events: Sequence[BatchEvent], scale: TimeScale) -> list[list[BatchEvent]]:
    """Return the events, each after those that it took the place of; at most so many."""
    by_node = {event.node: event for event in events}
    taken = {event.replaces for event in events if event.replaces in by_node}
    blocks = []
    for event in events:
        if event.node in taken:
            continue
        block, seen = [event], {event.node}
        while (before := block[0].replaces) in by_node and before not in seen and len(block) < 4:
            assert before is not None
            seen.add(before)
            block.insert(0, by_node[before])
        blocks.append(block)
    if len(blocks) <= _CROWDED:
        return blocks
    kept: dict[tuple[int, str], list[BatchEvent]] = {}
    for block in blocks:  # too many to be told apart: one of each code in each column
        kept.setdefault((int(scale.x(block[-1].day) / 12), block[-1].code), block)
    return list(kept.values())
