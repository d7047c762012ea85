"""The guide to people and permissions says what the roles are and what the gate finds."""

from __future__ import annotations

import re
from pathlib import Path

from keiryo.people import gate
from keiryo.people.administration import INVITATION_LIFETIME, RESET_LIFETIME
from keiryo.people.joining import FIRST_LIFETIME, FOUR_EYES
from keiryo.people.model import ROLES
from keiryo.people.sign_in import FIRST_WAIT_S, FREE_BY_ADDRESS, FREE_BY_NAME, LONGEST_WAIT_S

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "people-and-permissions.md"
TEXT = GUIDE.read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the table under a heading."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_roles() -> None:
    told = {
        name: (reads, re.sub("`", "", posts), abilities)
        for name, reads, posts, abilities in rows("Roles")
    }
    assert told == {
        role.name: (", ".join(role.reads), ", ".join(role.posts), ", ".join(role.abilities))
        for role in ROLES.values()
    }


def test_findings_of_the_gate() -> None:
    told = {code.strip("`") for code, _, _ in rows("When the gate says no")}
    source = Path(gate.__file__).read_text("utf-8")
    assert told == set(re.findall(r'"([A-Z]+(?:-[A-Z]+)+)"', source))


def test_times_and_numbers() -> None:
    assert (FIRST_LIFETIME.total_seconds(), RESET_LIFETIME.total_seconds()) == (86_400, 86_400)
    assert INVITATION_LIFETIME.total_seconds() == 72 * 3_600
    assert (FREE_BY_NAME, FREE_BY_ADDRESS) == (5, 20) and "After five wrong" in TEXT
    assert (FIRST_WAIT_S, LONGEST_WAIT_S) == (30, 900) and "up to 15 minutes" in TEXT
    assert set(FOUR_EYES) == {"report.issue", "correction.plan", "report.accept"}
