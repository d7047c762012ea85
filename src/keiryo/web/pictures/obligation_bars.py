"""Which part of a book is under which label set: a bar for each area and element category.

Every bar is as long as its whole book, so that grams are read as well as tonnes; the weight stands
beside it. The name of a label set stands in its part wherever there is room, and the parts of all
bars keep one order, so that nothing hangs on colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keiryo.web.pictures.svg import Drawn, box, fitted, group, linked, width_of, words
from keiryo.web.pictures.time_picture import RIGHT, WIDTH, TimePicture, left_out
from keiryo.web.pictures.writing import PLAIN, Writing

UNLABELLED = "-"
LOOKS = tuple(f"pic-set-{letter}" for letter in "abcdefg")
OTHER, NONE = "pic-set-other", "pic-set-none"
MOST_BARS = 40
_LEFT, _END, _TOP, _ROW, _HIGH = 250.0, 810.0, 34.0, 30.0, 20.0
_NARROWEST = 1.5


@dataclass(frozen=True, slots=True)
class SetBar:
    """The book of one category of an area.

    Attributes
    ----------
    name : str
    parts : mapping of label set to int
        Milligrams; what is not positive is not drawn.
    href : str or None
    """

    name: str
    parts: Mapping[str, int]
    href: str | None = None

    @property
    def whole_mg(self) -> int:
        """What is drawn."""
        return sum(mg for mg in self.parts.values() if mg > 0)


@dataclass(frozen=True, slots=True)
class SetLabels:
    """The words of the picture; the page gives them in its language."""

    title: str = "Label sets by area"
    description: str = "{count} bars. {told}"
    nothing: str = "Nothing is in the books."
    more: str = "and {count} more"
    unlabelled: str = "under no label"
    other: str = "other label sets"


def looks_of(bars: Sequence[Mapping[str, int]]) -> dict[str, str]:
    """Return the class of every label set: one of its own for those that occur most.

    Parameters
    ----------
    bars : sequence of mapping
        Milligrams by label set.
    """
    share: dict[str, float] = {}
    for parts in bars:
        whole = sum(mg for mg in parts.values() if mg > 0)
        for key, mg in parts.items():
            if mg > 0 and key != UNLABELLED:
                share[key] = share.get(key, 0.0) + mg / whole
    ordered = sorted(share, key=lambda key: (-share[key], key))
    found = {key: LOOKS[n] if n < len(LOOKS) else OTHER for n, key in enumerate(ordered)}
    return {**found, UNLABELLED: NONE}


def set_name(key: str, unlabelled: str) -> str:
    """Return a label set in words.

    Examples
    --------
    >>> set_name("AU+US", "none"), set_name("-", "none")
    ('AU + US', 'none')
    """
    return unlabelled if key == UNLABELLED else key.replace("+", " + ")


def obligation_bars(
    bars: Sequence[SetBar], *, labels: SetLabels | None = None, writing: Writing = PLAIN
) -> str:
    """Return the bars as SVG text.

    Parameters
    ----------
    bars : sequence of SetBar
    labels : SetLabels, optional
    writing : Writing

    Returns
    -------
    str
        One ``<svg>`` element, 960 pixels wide.
    """
    labels = labels or SetLabels()
    sheet = TimePicture(labels.title, "pic-obligations")
    held = [bar for bar in bars if bar.whole_mg > 0]
    if not held:
        return sheet.empty(labels.nothing)
    looks = looks_of([bar.parts for bar in held])
    drawn = held[:MOST_BARS]
    legend, y = legend_of(looks, [bar.parts for bar in drawn], labels)
    pieces = [legend]
    for bar in drawn:
        pieces.append(_bar(bar, y, looks, labels, writing))
        y += _ROW
    if len(held) > len(drawn):
        more, y = left_out(labels.more.format(count=writing.count(len(held) - len(drawn))), y)
        pieces.append(more)
    told = "; ".join(_told(bar, labels, writing) for bar in drawn[:8])
    description = labels.description.format(count=writing.count(len(held)), told=told)
    linked_too = any(bar.href for bar in drawn)
    return sheet.drawn(y + 6, *pieces, description=description, with_links=linked_too)


def legend_of(
    looks: Mapping[str, str], shown: Sequence[Mapping[str, int]], labels: SetLabels
) -> tuple[Drawn, float]:
    """Return the names of the label sets with their looks, and where it ends."""
    present = [key for key in looks if any(parts.get(key, 0) > 0 for parts in shown)]
    names = [(looks[key], set_name(key, labels.unlabelled)) for key in present]
    named = [(look, name) for look, name in names if look != OTHER]
    if len(named) < len(names):
        named.append((OTHER, labels.other))
    pieces, x, y = [], 10.0, 8.0
    for look, name in named:
        text = fitted(name, 200)
        wide = 24 + width_of(text) + 18
        if x + wide > WIDTH - 10 and x > 10:
            x, y = 10.0, y + 20
        pieces += [group(look, box(x, y - 2, 18, 12, "pic-part")), words(x + 24, y + 8, text, "")]
        x += wide
    return group("pic-legend", *pieces), y + _TOP - 8


def _bar(
    bar: SetBar, y: float, looks: Mapping[str, str], labels: SetLabels, writing: Writing
) -> Drawn:
    whole, x = bar.whole_mg, _LEFT
    told = _told(bar, labels, writing)
    name = words(10, y + 14, fitted(bar.name, _LEFT - 20), "pic-lane-name")
    pieces = [linked(bar.href, name, name=told)]
    for key in looks:
        mg = bar.parts.get(key, 0)
        if mg <= 0:
            continue
        wide = max((_END - _LEFT) * mg / whole, _NARROWEST)
        wide = min(wide, _END - x)
        text = set_name(key, labels.unlabelled)
        part = [box(x, y, wide, _HIGH, "pic-part")]
        if width_of(text, 11) + 8 <= wide:
            part.append(words(x + 5, y + 14, text, "pic-part-name"))
        pieces.append(group(looks[key], *part, title=f"{text}: {writing.weight(mg)}"))
        x += wide
    pieces.append(words(RIGHT, y + 14, writing.weight(whole), "pic-label", anchor="end"))
    return group("pic-set-row", *pieces, title=told)


def _told(bar: SetBar, labels: SetLabels, writing: Writing) -> str:
    parts = ", ".join(
        f"{set_name(key, labels.unlabelled)} {writing.weight(mg)}"
        for key, mg in bar.parts.items()
        if mg > 0
    )
    return f"{bar.name}: {writing.weight(bar.whole_mg)}: {parts}"
