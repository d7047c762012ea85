"""Which lines of the books a stratum holds: by code, key measurement point, material and batch.

What a stratum leaves open fits everything. Patterns have ``?`` for one sign and, in names of
batches, ``*`` for any number of signs; slashes of a material description code do not count.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache


def line_fits(
    codes: Collection[str],
    kmps: Collection[str],
    mdc: str | None,
    batches: Collection[str],
    line: tuple[str, str | None, str | None, str | None],
) -> bool:
    """Return whether a stratum holds a line.

    Parameters
    ----------
    codes, kmps, mdc, batches
        What the stratum asks for; empty or None: anything.
    line : tuple
        Code, key measurement point, material description code and batch of the line.
    """
    code, kmp, material, batch = line
    if codes and code not in codes:
        return False
    if kmps and kmp not in kmps:
        return False
    if mdc is not None and not _pattern(_plain(mdc)).fullmatch(_plain(material or "")):
        return False
    return not batches or any(_pattern(name).fullmatch(batch or "") for name in batches)


def _plain(mdc: str) -> str:
    return mdc.replace("/", "")


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    words = {"?": ".", "*": ".*"}
    return re.compile("".join(words.get(sign, re.escape(sign)) for sign in text), re.DOTALL)


def like_of(pattern: str) -> str:
    r"""Return a pattern as SQL understands it, with a backslash as its escape.

    It lets through at least what the pattern does; some databases do not tell capitals apart.

    Examples
    --------
    >>> like_of("F25-PE?_*")
    'F25-PE_\\_%'
    """
    return "".join(
        {"?": "_", "*": "%"}.get(sign, f"\\{sign}" if sign in "%_\\" else sign) for sign in pattern
    )
