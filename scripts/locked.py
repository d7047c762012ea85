"""Print the part of requirements.lock that the named extras need, hashes included.

The lock holds the packages of every extra. Its "# via" notes say who asked for each package, so
the part for some extras is what they name in pyproject.toml and all that these ask for in turn.
Needs nothing but Python 3.11, because it runs before anything is installed.

    python scripts/locked.py test check > wanted.txt
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def plain(requirement: str) -> str:
    """Return the bare, normalised project name of a requirement such as ``psycopg[binary]>=3``."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def entries(lock: str) -> list[tuple[str, set[str], str]]:
    """Return (name, who asked for it, text) of each entry of the lock."""
    found = []
    for text in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE):
        if "==" in text:
            via = text.partition("# via")[2]
            found.append((plain(text), set(re.findall(r"[a-z0-9][\w.-]*", via)), text))
    return found


def select(extras: list[str]) -> str:
    """Return the lock entries for the package, its build and the extras `extras`."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    named = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    for extra in extras:
        named += project["project"]["optional-dependencies"][extra]
    locked = entries((TOP / "requirements.lock").read_text(encoding="utf-8"))
    wanted = {plain(requirement) for requirement in named}
    missing = wanted - {name for name, _, _ in locked}
    if missing:
        sys.exit(f"requirements.lock lacks {', '.join(sorted(missing))}: run `make lock`.")
    while True:
        more = {name for name, via, _ in locked if via & wanted} - wanted
        if not more:
            return "".join(text for name, _, text in locked if name in wanted)
        wanted |= more


if __name__ == "__main__":
    sys.stdout.write(select(sys.argv[1:]))
