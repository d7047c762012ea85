"""A chart in the colours of a dark page.

Charts that are shown as images cannot take the colours of the style sheet: the page asks for them
in both looks and shows the one that fits its theme. On paper it is always the light one.
"""

from __future__ import annotations

import re

from keiryo.charts import palette

DARK = "dark"
"""How an address asks for the dark look (``look=dark``)."""

_LIGHT = re.compile(
    r'\b(fill|stroke)="(' + "|".join(re.escape(light) for light in palette.DARK) + r')"',
    re.IGNORECASE,
)


def in_look(text: str, look: str) -> str:
    """Return the SVG text of a chart in a look; any other than ``"dark"`` is the light one.

    Only colours that stand for a meaning are replaced, each by the one that stands for it on a dark
    page; the cells of a heat map and the text on them keep theirs.
    """
    if look != DARK:
        return text
    return _LIGHT.sub(lambda found: f'{found[1]}="{palette.DARK[found[2].lower()]}"', text)
