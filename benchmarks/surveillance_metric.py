"""Workload of a reviewer at the recall of events: how screening of camera images is judged.

What is presented are the images of all reports, first to last, with one image before and after.
The recall is the share of true events of which at least one image is presented; the workload is
the share of all images that is presented. Neither counts alone: who presents everything misses
nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from surveillance_streams import Truth, TruthEvent

BEFORE, AFTER = 3, 8
"""Images by which true events are widened before images count as quiet."""
CLAIM = 0.99
STATE_CHANGE = "state-change"


@dataclass(frozen=True, slots=True)
class Report:
    """What screening reports, in the images first to last; kind as far as it tells kinds."""

    first: int
    last: int
    kind: str = ""


def clopper_pearson(hits: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided interval of a share (Clopper and Pearson 1934)."""
    if of == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(1 - tail, hits + 1, of - hits))
    return low, high


def bound_without_miss(events: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of the recall if none of so many events was missed."""
    return float((1 - confidence) ** (1 / events)) if events else 0.0


def events_for(recall: float, confidence: float = 0.95) -> int:
    """Return how many independent events without a miss a claim of this recall takes."""
    return math.ceil(math.log(1 - confidence) / math.log(recall))


def presented(reports: Iterable[Report], images: int) -> NDArray[np.bool_]:
    """Return which images a reviewer is shown."""
    shown = np.zeros(images, bool)
    for report in reports:
        shown[max(0, report.first - 1) : report.last + 2] = True
    return shown


def busy(truth: Truth, before: int, after: int) -> NDArray[np.bool_]:
    """Return which images belong to events or tampering, widened."""
    found = np.zeros(truth.images, bool)
    for run in (*truth.events, *truth.tampers):
        found[max(0, run.first - before) : run.last + after + 1] = True
    return found


def touches(report: Report, event: Any, widened: int) -> bool:
    """Return whether a report and a true event, widened both ways, share an image."""
    return bool(report.first <= event.last + widened and report.last >= event.first - widened)


def over_long(report: Report, truth: Truth) -> bool:
    """Return whether a report is longer than twice all that it covers of true events."""
    covered = [e.last - e.first + 1 for e in truth.events if touches(report, e, truth.tolerance)]
    return bool(covered) and report.last - report.first + 1 > 2 * sum(covered)


def judged_event(
    event: TruthEvent, shown: NDArray[np.bool_], reports: Sequence[Report], tolerance: int
) -> dict[str, Any]:
    """Return whether one event was found, how late, and whether as a change of state."""
    first, last = max(0, event.first - tolerance), event.last + tolerance
    seen = np.flatnonzero(shown[first : last + 1])
    as_state = any(r.kind == STATE_CHANGE and touches(r, event, AFTER) for r in reports)
    return {
        "kind": event.kind,
        "first": event.first,
        "last": event.last,
        "found": bool(len(seen)),
        "late_images": max(0, first + int(seen[0]) - event.first) if len(seen) else None,
        "state_change": event.state_change,
        "found_as_state_change": as_state,
    }


def judge(truth: Truth, reports: Sequence[Report], seconds_between: float) -> dict[str, Any]:
    """Return all figures of one stream."""
    shown = presented(reports, truth.images)
    quiet = ~busy(truth, BEFORE, AFTER)
    runs = (*truth.events, *truth.tampers)
    false = [r for r in reports if not any(touches(r, run, AFTER) for run in runs)]
    event_images = sum(event.last - event.first + 1 for event in truth.events)
    days = truth.images * seconds_between / 86_400
    wrongly = int((shown & quiet).sum())
    return {
        "images": truth.images,
        "event_images": event_images,
        "presented": int(shown.sum()),
        "reports": len(reports),
        "false_events": [[r.first, r.last, r.kind] for r in false],
        "quiet_images": int(quiet.sum()),
        "quiet_presented": wrongly,
        "camera_days": days,
        "over_long": [[r.first, r.last, r.kind] for r in reports if over_long(r, truth)],
        "events": [judged_event(e, shown, reports, truth.tolerance) for e in truth.events],
    }


def summed(streams: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return recall with its bounds, workload and false reports over several streams."""
    streams = list(streams)
    events = [event for stream in streams for event in stream["events"]]
    hits, images = sum(event["found"] for event in events), sum(s["images"] for s in streams)
    changes = [event for event in events if event["state_change"]]
    late = sorted(e["late_images"] for e in events if e["late_images"] is not None)
    share = sum(s["event_images"] for s in streams) / max(1, images)
    shown = sum(s["presented"] for s in streams) / max(1, images)
    wrongly = sum(s["quiet_presented"] for s in streams)
    return {
        "events": len(events),
        "found": hits,
        "recall": hits / len(events) if events else None,
        "recall_95": clopper_pearson(hits, len(events)),
        "images": images,
        "event_fraction": share,
        "presented_fraction": shown,
        "presented_over_event_fraction": shown / share if share else None,
        "false_events": sum(len(s["false_events"]) for s in streams),
        "quiet_presented": wrongly,
        "quiet_presented_fraction": wrongly / max(1, sum(s["quiet_images"] for s in streams)),
        "false_images_per_camera_day": wrongly / max(1e-9, sum(s["camera_days"] for s in streams)),
        "over_long": sum(len(s["over_long"]) for s in streams),
        "state_changes": len(changes),
        "state_changes_found": sum(event["found_as_state_change"] for event in changes),
        "late_images_median": late[len(late) // 2] if late else None,
        "late_images_most": late[-1] if late else None,
    }


def by_kind(streams: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the recall of every kind of event."""
    found: dict[str, list[bool]] = defaultdict(list)
    for stream in streams:
        for event in stream["events"]:
            found[event["kind"]].append(event["found"])
    return {
        kind: {
            "events": len(hits),
            "found": sum(hits),
            "recall_95": clopper_pearson(sum(hits), len(hits)),
        }
        for kind, hits in sorted(found.items())
    }


def claim(found: int, events: int) -> str:
    """Return what may be claimed of the recall, in words."""
    needed = events_for(CLAIM)
    if events and found == events:
        bound = bound_without_miss(events)
        told = f"no miss in {events} events: the recall is at least {bound:.4f} (95 %, one-sided)"
    else:
        low, high = clopper_pearson(found, events)
        told = f"{found} of {events} events found: recall {low:.4f} to {high:.4f} (95 %)"
    rule = f"{needed} independent events without a miss are needed to claim {CLAIM:.0%}"
    return f"{told}; {rule}"


def reports_of(scores: NDArray[np.float64], threshold: float) -> list[Report]:
    """Return the runs of images whose score reaches a threshold."""
    above = np.concatenate([[False], scores >= threshold, [False]])
    edges = np.flatnonzero(above[1:] != above[:-1])
    return [Report(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def hindsight_threshold(truth: Truth, scores: NDArray[np.float64]) -> float:
    """Return the highest threshold that misses no event: only who knows the truth can set it."""
    widen = truth.tolerance + 1
    highest = [
        float(scores[max(0, e.first - widen) : e.last + widen + 1].max()) for e in truth.events
    ]
    return min(highest, default=math.inf)


def judged_conditions(truth: Truth, conditions: Iterable[tuple[str, int, int]]) -> dict[str, Any]:
    """Return which tampering was told by its own code and how late, and the false alarms."""
    conditions = list(conditions)
    tampers = []
    for tamper in truth.tampers:
        own = [c for c in conditions if c[0] == tamper.code and touches(Report(*c[1:]), tamper, 1)]
        other = [c[0] for c in conditions if touches(Report(*c[1:]), tamper, 0) and c not in own]
        late = max(0, min(c[1] for c in own) - tamper.first) if own else None
        tampers.append(
            {
                "code": tamper.code,
                "first": tamper.first,
                "last": tamper.last,
                "late_images": late,
                "other_codes": other,
            }
        )
    false = [
        list(c)
        for c in conditions
        if not any(touches(Report(*c[1:]), tamper, 2) for tamper in truth.tampers)
    ]
    return {"tampers": tampers, "false_conditions": false}
