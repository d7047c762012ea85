"""The classification that every result carries: sensitive, unless the input is a placeholder.

The content of a result about a real site belongs to few people. Only an input that says
``"placeholder": true`` gives a result that may be shown to all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keiryo.protection.inputs import Fields

SENSITIVE, PLACEHOLDER = "sensitive", "placeholder"


def classification_of(top: Fields) -> str:
    """Return the classification of what is computed from a file.

    Parameters
    ----------
    top : Fields
        The reader of the whole file. A `placeholder` that is neither true nor false is noted as
        a problem.
    """
    return PLACEHOLDER if top.flag("placeholder") else SENSITIVE
