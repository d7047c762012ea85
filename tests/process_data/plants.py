"""Small plants for tests: written as folders of process data, and evaluated the slow way.

The slow way goes through every single error variable with plain Python numbers, and integrates
rates with fractions: nothing of it is shared with the product.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent.parent / "data" / "material-balance"


@dataclass
class Plant:
    """Locations (name → role or role:rate), values as (hour, location, kg), and sources."""

    locations: dict[str, str]
    flows: list[tuple[Any, str, Any]] = field(default_factory=list)
    inventories: list[tuple[Any, str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write the folder; return it and the file of sources."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["location,role,mode"]
        for name, role in self.locations.items():
            lines.append(f"{name},{role.replace(':', ',')}" + ("" if ":" in role else ","))
        (folder / "locations.csv").write_text("\n".join(lines) + "\n")
        for what, rows in (("flows", self.flows), ("inventories", self.inventories)):
            text = ["hour,location,kg", *(f"{h},{name},{kg}" for h, name, kg in rows)]
            (folder / f"{what}.csv").write_text("\n".join(text) + "\n")
        (folder / "sources.toml").write_text(toml(self.sources))
        return folder, folder / "sources.toml"


def toml(sources: list[dict[str, Any]]) -> str:
    """Return sources as TOML."""
    text = []
    for source in sources:
        text.append("[[source]]")
        text += [f"{key} = {json.dumps(value)}" for key, value in source.items()]
    return "\n".join(text) + "\n"


def both(sd_random: float, sd_long: float, *names: str) -> list[dict[str, Any]]:
    """Return an own random and an own long-term source for some locations."""
    common: dict[str, Any] = {"locations": list(names) or ["*"], "shared": False}
    place = common["locations"][0]
    return [
        {"id": f"r {place}", "kind": "random", "relative_sd": sd_random, "per": "sample", **common},
        {"id": f"s {place}", "kind": "long", "relative_sd": sd_long, **common},
    ]


@dataclass
class _Measurement:
    location: str
    hour: Fraction
    is_flow: bool
    rate: bool
    kg: dict[int, float]  # signed, by balance
    count: dict[int, float]
    closing: int = -1


def naive(plant: Plant, period: Fraction, balances: int) -> tuple[np.ndarray, np.ndarray]:
    """Return MUF and its covariance, variable by variable."""
    closings = [period * n for n in range(balances + 1)]
    measurements = _measurements(plant, closings)
    muf = np.zeros(balances)
    for m in measurements:
        for balance, kg in m.kg.items():
            muf[balance] += kg
    variables: dict[Any, np.ndarray] = {}
    for source in plant.sources:
        for key_of_sd, absolute in (("relative_sd", False), ("absolute_sd_kg", True)):
            sd = source.get(key_of_sd, 0.0)
            own = [m for m in measurements if _used(source, m)]
            for key, effects in _effects(source, own, absolute):
                vector = variables.setdefault((source["id"], absolute, key), np.zeros(balances))
                for balance, value in effects.items():
                    vector[balance] += sd * value
    covariance = np.zeros((balances, balances))
    for vector in variables.values():
        covariance += np.outer(vector, vector)
    return muf, covariance


def _effects(source: dict[str, Any], own: list[_Measurement], absolute: bool) -> Any:
    shared = source.get("shared", False)
    found = []
    if source["kind"] != "random":
        for m in own:
            epoch = _epoch(source, m)
            key = (epoch, None if shared else m.location)
            found.append((key, m.count if absolute else m.kg))
        return found
    if source.get("per", "sample") == "sample":
        for n, m in enumerate(own):
            found.append((m.hour if shared else n, m.count if absolute else m.kg))
        return found
    totals: dict[tuple[str, int], float] = {}
    for n, m in enumerate(own):
        if not m.is_flow:
            key = m.closing - 1 if shared else ("inventory", n)
            found.append((key, m.count if absolute else m.kg))
            continue
        for balance, kg in m.kg.items():
            totals[m.location, balance] = totals.get((m.location, balance), 0.0) + kg
    for (location, balance), kg in totals.items():
        value = float(np.sign(kg)) if absolute else kg
        found.append((balance if shared else (location, balance), {balance: value}))
    return found


def _used(source: dict[str, Any], m: _Measurement) -> bool:
    if "*" not in source["locations"] and m.location not in source["locations"]:
        return False
    since = Fraction(str(source.get("valid_from_h", -(10**9))))
    until = Fraction(str(source.get("valid_to_h", 10**9)))
    if (m.rate or not m.is_flow) and source.get("closing", "new") == "new":
        return since <= m.hour < until
    return since < m.hour <= until


def _epoch(source: dict[str, Any], m: _Measurement) -> int:
    begun = [Fraction(str(h)) for h in source.get("epochs_h", [])]
    if (m.rate or not m.is_flow) and source.get("closing", "new") == "new":
        return sum(h <= m.hour for h in begun)
    return sum(h < m.hour for h in begun)


def _measurements(plant: Plant, closings: list[Fraction]) -> list[_Measurement]:
    last = len(closings) - 1
    found = []
    for name, role in plant.locations.items():
        sign = {"input": 1, "output": -1, "inventory": 0}[role.split(":")[0]]
        flows = sorted((Fraction(str(h)), float(kg)) for h, n, kg in plant.flows if n == name)
        if role.endswith(":rate"):
            for n, (hour, rate) in enumerate(flows):
                weights = _tent([h for h, _ in flows], n, closings)
                kg = {b: sign * rate * float(w) for b, w in weights.items() if rate}
                found.append(_Measurement(name, hour, True, True, kg, {}))
        else:
            for hour, kg in flows:
                for b in range(last):
                    if closings[b] < hour <= closings[b + 1] and kg:
                        one = {b: float(sign)}
                        found.append(_Measurement(name, hour, True, False, {b: sign * kg}, one))
        for hour, n, kg in plant.inventories:
            if n == name and Fraction(str(hour)) in closings:
                c = closings.index(Fraction(str(hour)))
                sides = {b: s for b, s in ((c, 1.0), (c - 1, -1.0)) if 0 <= b < last}
                amounts = {b: s * float(kg) for b, s in sides.items()}
                found.append(_Measurement(name, closings[c], False, False, amounts, sides, c))
    return found


def _tent(hours: list[Fraction], n: int, closings: list[Fraction]) -> dict[int, Fraction]:
    """Integrate the tent of a sample over each balance, with fractions."""
    gaps = sorted(b - a for a, b in itertools.pairwise(hours))
    step = gaps[(len(gaps) - 1) // 2]
    left = hours[n] - hours[n - 1] if n else step
    right = hours[n + 1] - hours[n] if n + 1 < len(hours) else step
    left = step if left > step * Fraction(3, 2) else left
    right = step if right > step * Fraction(3, 2) else right

    def height(t: Fraction) -> Fraction:
        if t <= hours[n]:
            return max(Fraction(0), 1 - (hours[n] - t) / left)
        return max(Fraction(0), 1 - (t - hours[n]) / right)

    found = {}
    for b, (begin, end) in enumerate(itertools.pairwise(closings)):
        corners = [hours[n] - left, hours[n], hours[n] + right]
        cuts = [begin, *sorted(c for c in corners if begin < c < end), end]
        area = sum((y - x) * (height(x) + height(y)) / 2 for x, y in itertools.pairwise(cuts))
        if area:
            found[b] = area
    return found
