"""keiryo: nuclear material accountancy, exact and provable.

import keiryo

books = keiryo.init("books.sqlite", "XA")     # or keiryo.open("books.sqlite")
books.import_reports(["XAFA.txt"], context="context.json")
books.balance("XAFA")                         # frozen types; weights are integer milligrams
books.ledger("XAFA", category="E")            # Polars frames
keiryo.check(["XAFA.txt"], context="context.json")  # every rule, nothing recorded
books.why("XAFA/MF/E")                        # acts, lines, reports, evidence behind a figure
books.verify().sound
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from keiryo.version import __version__ as __version__

if TYPE_CHECKING:
    from keiryo.accounts.inventory import Inventory
    from keiryo.accounts.model import Amount, Balance, Knowledge
    from keiryo.api import Books, check
    from keiryo.api import init_books as init
    from keiryo.api import open_books as open
    from keiryo.errors import Finding, KeiryoError, Severity
    from keiryo.journal.model import Actor, Draft
    from keiryo.quantities import Category

_PUBLIC = {
    "Actor": ("keiryo.journal.model", "Actor"),
    "Amount": ("keiryo.accounts.model", "Amount"),
    "Balance": ("keiryo.accounts.model", "Balance"),
    "Books": ("keiryo.api", "Books"),
    "Category": ("keiryo.quantities", "Category"),
    "Draft": ("keiryo.journal.model", "Draft"),
    "Finding": ("keiryo.errors", "Finding"),
    "Inventory": ("keiryo.accounts.inventory", "Inventory"),
    "KeiryoError": ("keiryo.errors", "KeiryoError"),
    "Knowledge": ("keiryo.accounts.model", "Knowledge"),
    "Severity": ("keiryo.errors", "Severity"),
    "check": ("keiryo.api", "check"),
    "init": ("keiryo.api", "init_books"),
    "open": ("keiryo.api", "open_books"),
}

__all__ = [
    "Actor",
    "Amount",
    "Balance",
    "Books",
    "Category",
    "Draft",
    "Finding",
    "Inventory",
    "KeiryoError",
    "Knowledge",
    "Severity",
    "check",
    "init",
    "open",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for, so that importing keiryo stays light."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'keiryo' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(import_module(module), attribute)
