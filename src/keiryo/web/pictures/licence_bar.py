"""What is left of a line of a licence: a bar as long as its ceiling, and what was drawn beyond it.

Drawn is full, planned is dashed, and what went beyond the ceiling stands behind a thick mark, so
that the three are told apart without colour.
"""

from __future__ import annotations

from fractions import Fraction

from keiryo.web.pictures.svg import Drawn, box, group, line, picture

WIDTH, HEIGHT = 120.0, 14.0
_LEFT, _ROOM, _TOP, _HIGH = 1.0, 96.0, 3.0, 8.0
_BEYOND = 20.0
"""Pixels behind the ceiling, whatever was drawn beyond it."""
NEARLY = Fraction(9, 10)
"""Share of the ceiling from which on a line is nearly used up."""


def licence_bar(
    ceiling: Fraction, drawn: Fraction, planned: Fraction, *, title: str, description: str
) -> str:
    """Return a bar as SVG text.

    Parameters
    ----------
    ceiling, drawn, planned : Fraction
        In the unit of the line.
    title, description : str
        What it is, and what it says, for those who do not see it.

    Returns
    -------
    str
        One ``<svg>`` element of 120 by 14 pixels.
    """
    used = _share(drawn, ceiling)
    whole = _share(drawn + planned, ceiling)
    pieces = [box(_LEFT, _TOP, _ROOM, _HIGH, "pic-lane")]
    if used > 0:
        pieces.append(group(_look(drawn, ceiling), _bar(0.0, min(used, 1.0))))
    if min(whole, 1.0) > used:
        pieces.append(group("pic-state-parts", _bar(used, min(whole, 1.0))))
    if whole > 1:
        look = "pic-state-overdue" if used > 1 else "pic-state-parts"
        left, wide = _LEFT + _ROOM + 1, min((whole - 1) * _ROOM, _BEYOND)
        pieces.append(group(look, box(left, _TOP, max(wide, 3.0), _HIGH, "pic-bar")))
    end = _LEFT + _ROOM
    pieces.append(line(end, 0, end, HEIGHT, "pic-limit-hard" if whole > 1 else "pic-axis"))
    return picture(
        WIDTH,
        HEIGHT,
        *pieces,
        title=title,
        description=description,
        class_="pic-chain",
        fixed=True,
    )


def _look(drawn: Fraction, ceiling: Fraction) -> str:
    if drawn > ceiling:
        return "pic-state-overdue"
    return "pic-state-late" if drawn >= ceiling * NEARLY else "pic-state-open"


def _share(part: Fraction, whole: Fraction) -> float:
    """Return a share for drawing; of nothing, anything is beyond."""
    if whole <= 0:
        return 2.0 if part > 0 else 0.0
    return float(min(part / whole, Fraction(2)))


def _bar(start: float, end: float) -> Drawn:
    return box(_LEFT + start * _ROOM, _TOP, max((end - start) * _ROOM, 2.0), _HIGH, "pic-bar")
