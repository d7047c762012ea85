"""The input of one path: its steps, communication and response time, read from a file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from keiryo.protection.classification import classification_of
from keiryo.protection.inputs import Fields, Node, Warning, load, raise_problems
from keiryo.protection.task import (
    STEP_KEYS,
    Mode,
    Response,
    SdPolicy,
    Task,
    read_mode,
    read_probability,
    read_response,
    read_task,
    time_warnings,
)

KEYS = ("communication", "communication_mode", "response", "steps", "sd_policy")


@dataclass(frozen=True, slots=True)
class EasiInput:
    """One path with all that its evaluation needs.

    Attributes
    ----------
    tasks : tuple of Task
    communication : Fraction
    response : Response
    mode : {"A", "B"}
    classification : str
    warnings : tuple of Warning
    """

    tasks: tuple[Task, ...]
    communication: Fraction
    response: Response
    mode: Mode
    classification: str
    warnings: tuple[Warning, ...]


def read_easi_file(path: Path | str) -> EasiInput:
    """Read a path from a JSON or TOML file.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    return read_easi(load(path))


def read_easi(node: Node) -> EasiInput:
    """Read a path from the content of a file; raises as `read_easi_file`."""
    top = node.fields(KEYS)
    classification = classification_of(top)
    mode, policy = read_mode(top), _sd_policy(top)
    communication = read_probability(top, "communication")
    response = read_response(top, policy)
    steps = top.objects("steps", STEP_KEYS, empty_code="EMPTY_PATH")
    tasks = [_step(one, number, policy) for number, one in enumerate(steps, 1)]
    raise_problems(top.problems)
    assert communication is not None and response is not None
    sure = [task for task in tasks if task is not None]
    assert len(sure) == len(tasks)
    warnings = time_warnings([(at.pointer, t) for at, t in zip(steps, sure, strict=True)], response)
    return EasiInput(tuple(sure), communication, response, mode, classification, tuple(warnings))


def _step(fields: Fields, number: int, policy: SdPolicy) -> Task | None:
    name = fields.text("name", required=False)
    return read_task(fields, f"step {number}" if name is None else name, policy)


def _sd_policy(top: Fields) -> SdPolicy:
    value = top.optional("sd_policy", "require")
    if not isinstance(value, str):
        top.note("TYPE", "A text belongs here: require or assume_30pct.", "sd_policy")
    elif value not in ("require", "assume_30pct"):
        top.note("SD_POLICY", "It must be require or assume_30pct.", "sd_policy")
    # After an unknown policy a missing standard deviation would only be a second complaint.
    return "require" if value == "require" else "assume_30pct"
