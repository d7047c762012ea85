"""Material description codes (MDC): physical form, chemical form, containment, quality.

Four positions, ``p/c/k/q``, such as ``B/Q/4/G`` for an irradiated oxide assembly in the core.
Sealed sources have the keyword QS in the first two positions and so three items, ``QS/k/q``; the
model prints ``Q/S``, so ``Q/S/k/q`` is read as the same. The model prints the letter O with a
slash; both are read, but the digit zero is a mistake wherever it stands.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, label 430. Which
pairs of form and quality contradict each other is our choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from keiryo.data import read_table

SEALED_SOURCE = "QS"


@dataclass(frozen=True, slots=True)
class MaterialDescription:
    """The positions of a material description code; `chemical_form` is None for QS."""

    physical_form: str
    chemical_form: str | None
    containment: str
    quality: str

    @property
    def irradiated(self) -> bool | None:
        """Whether the material is irradiated, or None if the quality letter is unknown."""
        row = read_table("material_description")["quality"].get(self.quality)
        return None if row is None else bool(row["irradiated"])

    def __str__(self) -> str:
        """Return the code as it is written in reports."""
        parts = (self.physical_form, self.chemical_form, self.containment, self.quality)
        return "/".join(part for part in parts if part is not None)


@cache
def mdc_table(position: str) -> Mapping[str, str]:
    """Return code to meaning for a position.

    Parameters
    ----------
    position : {"physical_form", "chemical_form", "containment", "quality"}
    """
    rows = read_table("material_description")[position]
    if position == "quality":
        return {code: str(row["meaning"]) for code, row in rows.items()}
    return {code: str(meaning) for code, meaning in rows.items()}


def split_mdc(text: str) -> MaterialDescription | None:
    """Return the positions of a code, whatever is in them, or None if their number is wrong.

    Examples
    --------
    >>> split_mdc("B/Q/4/G").irradiated
    True
    """
    text = text.replace("Ø", "O")
    parts = text.split("/") if "/" in text else list(text)
    if len(parts) == 4 and parts[:2] == ["Q", "S"]:
        parts = [SEALED_SOURCE, *parts[2:]]
    if len(parts) == 3 and parts[0] == SEALED_SOURCE:
        return MaterialDescription(SEALED_SOURCE, None, parts[1], parts[2])
    if len(parts) == 4:
        return MaterialDescription(*parts)
    return None


def normal_mdc(text: str) -> str:
    """Return a code in its normal spelling: letter O without slash, items parted by ``/``.

    Text that is no code in shape is returned with the letter O put right and nothing else.

    Examples
    --------
    >>> normal_mdc("Q/S/Ø/H"), normal_mdc("BQ2F")
    ('QS/O/H', 'B/Q/2/F')
    """
    description = split_mdc(text)
    return text.replace("Ø", "O") if description is None else str(description)


def check_mdc(text: str) -> list[str]:
    """Return what is wrong with a material description code, in plain words; nothing if good.

    The slashes may be missing, as in hard copy, because the code stays clear without them.
    """
    if text.strip() != text or text == "":
        return ["a material description code has no blanks around it and is not empty"]
    if text != text.upper():
        return [f"{text[:40]!r} has small letters; material description codes are in capitals"]
    description = split_mdc(text)
    if description is None:
        return [
            f"{text[:40]!r} does not have the four positions form/chemical form/containment/"
            "quality, or QS/containment/quality for a sealed source"
        ]
    problems = [
        problem
        for position in ("physical_form", "chemical_form", "containment", "quality")
        if (problem := _position_problem(position, getattr(description, position)))
    ]
    if description.physical_form == SEALED_SOURCE and description.chemical_form is not None:
        problems.append("QS (sealed source) stands for the first two positions; no chemical form")
    if not problems:
        problems += [
            f"{description}: quality {description.quality} "
            f"({mdc_table('quality')[description.quality]}) does not go with form "
            f"{description.physical_form} "
            f"({mdc_table('physical_form')[description.physical_form]}): {row['reason']}"
            for row in read_table("material_description")["implausible"]
            if description.physical_form in row["physical_form"]
            and description.quality in row["quality"]
        ]
    return problems


def _position_problem(position: str, value: str | None) -> str | None:
    if value is None or value in mdc_table(position):
        return None
    name = position.replace("_", " ")
    if value == "0":
        hint = "" if position == "quality" else "; the letter O is probably meant"
        return f"the {name} is the digit zero, which is not a code{hint}"
    return f"{value[:20]!r} is not a code for the {name}; codes are " + " ".join(
        mdc_table(position)
    )
