"""Placeholders for training: a graph, a log of accesses and a rule, random and invented.

Every number is drawn, no id means anything, and each sample says that it is a placeholder.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from keiryo.security_store.contents import CSV, JSON, TOML

PERSONS, ZONE = 6, "placeholder-Z1"


def sample(kind: str, seed: int) -> tuple[str, bytes]:
    """Return the media type and content of a placeholder of a kind."""
    media_type, make = SAMPLES[kind]
    return media_type, make(random.Random(seed)).encode()


def _graph(draw: random.Random) -> str:
    areas = [f"A{number}" for number in range(draw.randint(3, 5))]
    elements: list[dict[str, Any]] = []
    for origin, destination in pairwise(areas):
        for _ in range(draw.randint(1, 3)):
            name = f"P{len(elements) + 1}"
            ends = {"id": name, "from": origin, "to": destination}
            elements.append({**ends, **_task(draw)})
    told = {
        "schema": "keiryo.pp.graph/1",
        "placeholder": True,
        "value_source": "assumed",
        "start": areas[0],
        "communication": draw.randint(80, 99) / 100,
        "response": {"mean_s": draw.randint(100, 400), "sd_s": draw.randint(10, 60)},
        "areas": [{"id": one} for one in areas],
        "elements": elements,
        "targets": [{"id": "T1", "area": areas[-1], "task": _task(draw)}],
    }
    return json.dumps(told, indent=2) + "\n"


def _task(draw: random.Random) -> dict[str, Any]:
    mean = draw.randint(5, 200)
    return {
        "p_detection": draw.randint(0, 95) / 100,
        "where": draw.choice("BME"),
        "delay": {"mean_s": mean, "sd_s": round(mean * draw.uniform(0.1, 0.4), 1)},
    }


def _access_log(draw: random.Random) -> str:
    lines = ["time,zone,person,reader,direction,seq"]
    at, inside = datetime(2001, 1, 1, 8, tzinfo=UTC), set[str]()
    persons = [f"PLACEHOLDER-{number}" for number in range(1, PERSONS + 1)]
    for seq in range(1, 41):
        at += timedelta(seconds=draw.randint(5, 900))
        person = draw.choice(persons)
        direction = "out" if person in inside else "in"
        inside ^= {person}
        told = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(f"{told},{ZONE},{person},PLACEHOLDER-R1,{direction},{seq}")
    return "\n".join(lines) + "\n"


def _rule(draw: random.Random) -> str:
    return (
        'schema = "keiryo.pp.two-person-rule/1"\nplaceholder = true\n'
        f'[defaults]\ngrace_s = {draw.randint(20, 120)}\n[[zone]]\nid = "{ZONE}"\n'
    )


SAMPLES: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "graph": (JSON, _graph),
    "access_log": (CSV, _access_log),
    "two_person_rule": (TOML, _rule),
}
