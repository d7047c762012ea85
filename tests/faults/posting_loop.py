"""Posts acts for as long as it lives and says each client id once the act is posted.

Run as ``python posting_loop.py URL FIRST_NUMBER``.
"""

from __future__ import annotations

import sys

from journal.toy_books import ACTOR, REGISTRY
from journal.toy_books import toy_draft as draft
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.storage.engine import Database


def numbered(number: int) -> Draft:
    """Return the draft with a number, always the same."""
    names = ({"name": f"line {line}", "w_mg": number} for line in range(1 + number % 40))
    return draft(f"act {number}", *names)


def main() -> None:
    """Post until killed."""
    database, number = Database(sys.argv[1], REGISTRY), int(sys.argv[2])
    print("ready", flush=True)
    while True:
        post(database, numbered(number), ACTOR)
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main()
