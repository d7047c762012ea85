"""Opens books as an ordinary user, reads them, tries to post, and says what came of it.

Run as ``python read_and_post.py BOOKS``; root would be allowed to write whatever the permissions.
"""

from __future__ import annotations

import sys

from journal.toy_books import ACTOR, REGISTRY
from journal.toy_books import toy_draft as draft
from keiryo.errors import StorageError
from keiryo.journal.posting import post
from keiryo.journal.verify import verify
from keiryo.storage.engine import Database


def main() -> None:
    """Read, then try to post."""
    database = Database(sys.argv[1], REGISTRY)
    try:
        print("read", verify(database).sound)
    except StorageError as error:
        print("not read", type(error).__name__, error.message, error.advice, sep=" | ")
    try:
        post(database, draft("new", {"name": "x"}), ACTOR)
        print("posted")
    except StorageError as error:
        print("not posted", type(error).__name__, error.message, error.advice, sep=" | ")
    database.close()


if __name__ == "__main__":
    main()
