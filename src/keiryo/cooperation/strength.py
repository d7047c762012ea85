"""How binding the words of a commitment are: by the verb as written, and never raised.

Three degrees: an undertaking, an intention, and a wish, opinion or possibility. The longest phrase
that the words begin with or hold decides; words that are not known count as the weakest degree and
go to review. "May" stays "may", and "agreed on the need" is no undertaking.
"""

from __future__ import annotations

UNDERTAKING, INTENTION, WISH = 3, 2, 1

PHRASES: dict[str, int] = {
    **dict.fromkeys(
        (
            *("will", "will work", "agreed", "agreed to", "committed", "announced"),
            *("agreement includes measures", "signed agreement outlines cooperation to"),
        ),
        UNDERTAKING,
    ),
    **dict.fromkeys(
        (
            *("would", "is to", "are to", "intend", "announced intention", "plan", "decided"),
            *("specified as key cooperation area", "specified as a cooperation area"),
            "will focus on",
        ),
        INTENTION,
    ),
    **dict.fromkeys(
        (
            *("may", "seek", "will seek", "consider", "emphasis on considering", "want"),
            *("welcomed", "endorsed", "affirmed", "anticipated", "have outlined"),
            *("agreed on the importance of", "agreed on the need", "will be able to"),
            *("serves as a tool to", "opens the way", "opens the way for", "opens a pathway to"),
            *("supports", "has competences", "willing"),
        ),
        WISH,
    ),
}
"""Degree by phrase; a design of keiryo, looked at again when a document brings new verbs."""


def strength_of(words: str) -> tuple[int, bool]:
    """Return the degree of some words, and whether a phrase in them is known.

    Examples
    --------
    >>> strength_of("will"), strength_of("will be able to"), strength_of("agreed on the need")
    ((3, True), (1, True), (1, True))
    >>> strength_of("contemplated")
    (1, False)
    """
    padded = f" {' '.join(words.lower().split())} "
    found = [phrase for phrase in PHRASES if f" {phrase} " in padded]
    if not found:
        return WISH, False
    longest = max(len(phrase) for phrase in found)
    return min(PHRASES[phrase] for phrase in found if len(phrase) == longest), True
