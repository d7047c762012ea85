"""What each finding means, and the innocent explanations to be looked for before any other.

A finding is about records. Most have an everyday cause; nobody is scored, and whoever looks into
one begins with these.
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING = "E", "W"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a finding means.

    Attributes
    ----------
    severity : str
        ``E``: to be resolved; ``W``: worth a look.
    reason : str
    innocent : tuple of str
    """

    severity: str
    reason: str
    innocent: tuple[str, ...]


MEANINGS: dict[str, Meaning] = {
    "AUTH_NONE": Meaning(
        ERROR,
        "A person was let in without an authorisation for the area.",
        ("the list of authorisations is older than the records", "a card was lent or replaced"),
    ),
    "AUTH_EXPIRED": Meaning(
        ERROR,
        "A person was let in, or stayed, after the authorisation had ended.",
        ("the renewal was granted and not entered", "a shift ran over midnight of the last day"),
    ),
    "AUTH_NOT_YET": Meaning(
        ERROR,
        "A person was let in before the authorisation began.",
        ("the beginning was entered wrongly", "an introduction with an escort"),
    ),
    "EXCLUDED": Meaning(
        ERROR,
        "A person who is excluded from the area was let in.",
        ("the exclusion was lifted and not entered", "the door had not received the list yet"),
    ),
    "TRAINING_EXPIRED": Meaning(
        WARNING,
        "A person was let in after the training had run out.",
        ("the training was repeated and not entered",),
    ),
    "CHECK_EXPIRED": Meaning(
        ERROR,
        "A person was let in after the check of trustworthiness had run out.",
        ("the check was renewed and not entered",),
    ),
    "GRANTED_UNKNOWN": Meaning(
        ERROR,
        "Somebody was let in with a card that the system does not know.",
        ("a temporary card that is not exported with a person", "a door opened by a key"),
    ),
    "DENIED_BURST": Meaning(
        WARNING,
        "Many attempts were turned away within a short time.",
        ("a worn card or a faulty reader", "an authorisation that had just ended"),
    ),
    "ENTRY_TWICE": Meaning(
        WARNING,
        "A person entered who was inside already.",
        ("left behind somebody else through an open door", "an exit that was not recorded"),
    ),
    "EXIT_WITHOUT_ENTRY": Meaning(
        WARNING,
        "A person left who had not entered.",
        ("came in behind somebody else through an open door", "inside when the records begin"),
    ),
    "OUTER_NOT_ENTERED": Meaning(
        WARNING,
        "A person entered an area without having entered the one around it.",
        ("came in behind somebody else through an open door", "a door without a record"),
    ),
    "TWO_AREAS": Meaning(
        ERROR,
        "A person was in two areas at once.",
        ("an exit that was not recorded", "a card was lent or copied by mistake"),
    ),
    "ESCORT_MISSING": Meaning(
        ERROR,
        "A person who needs an escort was in an area without one.",
        ("the escort followed through the open door", "the requirement had ended"),
    ),
    "INSIDE_AT_SHIFT_END": Meaning(
        WARNING,
        "A person was inside after the end of the shift.",
        ("overtime that was agreed", "an exit that was not recorded"),
    ),
    "OPEN_OCCUPANCY": Meaning(
        WARNING,
        "A person entered and did not leave until the end of the records.",
        ("still at work when the records were exported", "an exit that was not recorded"),
    ),
    "TAILGATING": Meaning(
        ERROR,
        "A counter saw more passages than accesses were granted.",
        ("goods or a trolley passed the counter", "a door held open for a transport"),
    ),
    "COUNTER_FEWER": Meaning(
        WARNING,
        "A counter saw fewer passages than accesses were granted.",
        ("a person turned round at the door", "the counter was covered or out of service"),
    ),
    "CLOCK_REGRESSION": Meaning(
        ERROR,
        "A reader counted on while its clock went back.",
        ("the clock was set right", "records were sent late after a lost connection"),
    ),
}
"""By code of the finding."""
