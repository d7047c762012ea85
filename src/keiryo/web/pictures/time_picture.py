"""What pictures along a time axis have in common: size, frame, rows with a name, today.

The book inventory, the life of a batch, shipments in transit and due days are told on the same
kind of sheet: time runs from left to right, rows carry a name at their left edge, and where there
is nothing to show, a sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from keiryo.web.pictures.svg import Drawn, box, fitted, joined, picture, words

WIDTH, RIGHT = 960.0, 944.0
"""Width of a picture, and where its axis ends, in CSS pixels."""

_EMPTY_HEIGHT = 60.0


@dataclass(frozen=True, slots=True)
class TimePicture:
    """A picture along a time axis: what it is called, and its class.

    Attributes
    ----------
    title : str
    class_ : str
        Of the element ``svg``, e.g. ``"pic-inventory"``.
    """

    title: str
    class_: str

    def empty(self, text: str) -> str:
        """Return the picture where there is nothing to show: a sentence that says so."""
        note = words(WIDTH / 2, 34, text, "pic-note", anchor="middle")
        return self.drawn(_EMPTY_HEIGHT, note, description=text)

    def drawn(
        self, height: float, *pieces: Drawn, description: str, with_links: bool = False
    ) -> str:
        """Return the picture as SVG text.

        Parameters
        ----------
        height : float
            In CSS pixels; all are equally wide.
        pieces : Drawn
        description : str
            What it says, for those who do not see it.
        with_links : bool
            Whether something in it can be pressed.
        """
        return picture(
            WIDTH,
            height,
            *pieces,
            title=self.title,
            description=description,
            class_=self.class_,
            with_links=with_links,
        )


def days_told(days: Iterable[date], today: date | None) -> list[date]:
    """Return the days that an axis reaches over: those given, at least one, and on to today."""
    told = list(days)
    if today is not None and today > max(told):
        told.append(today)
    return told


def named_row(name: str, top: float, height: float, middle: float, left: float) -> Drawn:
    """Return the ground of a row with its name at the left edge.

    Parameters
    ----------
    name : str
        Cut where it does not fit.
    top, height : float
    middle : float
        The height at which the name stands.
    left : float
        Where the axis begins: the name ends before it.
    """
    return joined(
        box(0, top, WIDTH, height, "pic-lane", radius=4),
        words(10, middle + 4, fitted(name, left - 14), "pic-lane-name"),
    )


def left_out(text: str, y: float) -> tuple[Drawn, float]:
    """Return a line that says how much more there is, and where the picture goes on below it."""
    return words(10, y + 16, text, "pic-tick"), y + 22
