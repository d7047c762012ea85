"""Recall and workload of screening over the test streams, with three others beside it.

Beside it run, over the same decoded images: OpenCV's MOG2 with its defaults, the plain difference
to the image before, and, where it is installed in an environment of its own, DVR-Scan with its
defaults. The first two also with a threshold set for each stream by who knows the truth.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import surveillance_metric as metric
from surveillance_metric import Report
from surveillance_streams import FAINT_STATE, PTI, Stream, colours, streams

from keiryo.screening.model import Picture
from keiryo.screening.screen import Screening

cv2.setNumThreads(1)
OURS, MOG2, DIFFERENCE, DVR = "keiryo", "MOG2", "previous difference", "DVR-Scan"
HINDSIGHT = ", threshold by hindsight"
WIDTH = 384
SHARE = 0.0008
"""Share of the picture from which the simple methods report: that of the domain notes."""
LIMIT = ("small 1.5-2.5 %", "faint", "slow fade", FAINT_STATE)
"""Kinds below what one analysis pass resolves (2 to 3 % of the width) or of hardly any contrast."""


class Scored:
    """A method that gives every image a score, the share of the picture that changed."""

    def __init__(self, score: Callable[[Picture], float]) -> None:
        self._score, self.scores, self.seconds = score, [], 0.0

    def see(self, picture: Picture) -> None:
        began = time.process_time()
        self.scores.append(self._score(picture))
        self.seconds += time.process_time() - began


def mog2() -> Callable[[Picture], float]:
    """Return OpenCV's MOG2 with its defaults (500 images, shadows), in colours and 384 wide."""
    subtractor = cv2.createBackgroundSubtractorMOG2()
    kernel = np.ones((3, 3), np.uint8)

    def score(picture: Picture) -> float:
        image = colours(picture)
        size = (WIDTH, round(WIDTH * image.shape[0] / image.shape[1]))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        front = (subtractor.apply(small) == 255).astype(np.uint8)
        front = cv2.morphologyEx(front, cv2.MORPH_OPEN, kernel)
        return float(front.mean())

    return score


def difference() -> Callable[[Picture], float]:
    """Return the share of 192 x 108 grey pixels that differ by 20 levels from the image before."""
    last: list[Any] = []

    def score(picture: Picture) -> float:
        small = cv2.resize(picture.luma, (192, 108), interpolation=cv2.INTER_AREA)
        share = float((cv2.absdiff(small, last[0]) > 20).mean()) if last else 0.0
        last[:] = [small]
        return share

    return score


def dvr_scan(program: Path, video: Path, fps: float, images: int) -> list[Report]:
    """Return the events that DVR-Scan reports with its defaults (times to image numbers)."""
    command = [str(program), "-i", str(video), "--scan-only"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=video.parent, check=True)
    lines = (done.stdout + done.stderr).splitlines()
    listed = next((line for line in reversed(lines) if re.match(r"\d+:\d\d:\d\d\.\d+", line)), "")
    times = re.findall(r"(\d+):(\d\d):(\d\d\.\d+)", listed)
    at = [round((int(h) * 3600 + int(m) * 60 + float(s)) * fps) for h, m, s in times]
    pairs = zip(at[::2], at[1::2], strict=True)
    return [Report(max(0, a), min(images - 1, b)) for a, b in pairs]


def screened(stream: Stream, folder: Path) -> tuple[Any, dict[str, Scored], float]:
    """Run screening and the simple methods over one stream; return what they say."""
    between = stream.recipe.seconds_between
    screening = Screening(interval_s=between if stream.family == PTI else None)
    others = {MOG2: Scored(mog2()), DIFFERENCE: Scored(difference())}
    seconds = 0.0
    for picture in stream.pictures(folder):
        for other in others.values():
            other.see(picture)
        began = time.process_time()
        screening.see(picture)
        seconds += time.process_time() - began
    began = time.process_time()
    found = screening.finish()
    return found, others, seconds + time.process_time() - began


def of_stream(stream: Stream, folder: Path, program: Path | None) -> dict[str, Any]:
    """Return the figures of all methods for one stream."""
    truth, between = stream.truth, stream.recipe.seconds_between
    found, others, seconds = screened(stream, folder)
    reports = [Report(e.first, e.last, e.kind.value) for e in found.events]
    told: dict[str, Any] = {OURS: metric.judge(truth, reports, between)}
    conditions = [(c.code.value, c.first, c.last) for c in found.conditions]
    health = metric.judged_conditions(truth, conditions)
    told[OURS] |= health | {
        "ms_per_image": 1e3 * seconds / truth.images,
        "unhealthy": int((found.standing == 2).sum()),
        "notes": sorted({note.code for note in found.notes}),
        "events_reported": [[r.first, r.last, r.kind] for r in reports],
    }
    for name, other in others.items():
        scores = np.array(other.scores)
        told[name] = metric.judge(truth, metric.reports_of(scores, SHARE), between)
        told[name]["ms_per_image"] = 1e3 * other.seconds / truth.images
        threshold = metric.hindsight_threshold(truth, scores)
        best = metric.reports_of(scores, threshold)
        told[name + HINDSIGHT] = metric.judge(truth, best, between)
    if program is not None and stream.recipe.every == 1:
        scanned = dvr_scan(program, stream.video(folder), stream.recipe.fps, truth.images)
        told[DVR] = metric.judge(truth, scanned, between)
    return {
        "name": stream.name,
        "family": stream.family,
        "sparse": stream.recipe.sparse,
        "clip": stream.recipe.clip is not None,
        "methods": told,
    }


def totals(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of every method over all streams, families and the sparse ones."""
    parts = {
        "all streams": found,
        "at intervals": [s for s in found if s["family"] == PTI],
        "video": [s for s in found if s["family"] != PTI],
        "sparse": [s for s in found if s["sparse"]],
        "stored clips": [s for s in found if s["clip"]],
    }
    methods = list(dict.fromkeys(method for s in found for method in s["methods"]))
    return {
        method: {
            "parts": {
                part: metric.summed(s["methods"][method] for s in many if method in s["methods"])
                for part, many in parts.items()
                if any(method in s["methods"] for s in many)
            },
            "kinds": metric.by_kind(s["methods"][method] for s in found if method in s["methods"]),
        }
        for method in methods
    }


def measure(
    names: list[str] | None = None,
    program: Path | None = None,
    told: bool = False,
    draw: int = 0,
) -> dict[str, Any]:
    """Return the figures of all streams (or of those named) and their totals."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for stream in streams(names, draw):
            began = time.process_time()
            found.append(of_stream(stream, Path(folder), program))
            if told:
                print(line_of(found[-1]), f"{time.process_time() - began:6.1f} s", flush=True)
            for video in Path(folder).glob("*.mp4"):
                video.unlink()
    total = totals(found)
    kinds = total[OURS]["kinds"]
    within = {kind: row for kind, row in kinds.items() if kind not in LIMIT}
    every = [sum(row[which] for row in kinds.values()) for which in ("found", "events")]
    fair = [sum(row[which] for row in within.values()) for which in ("found", "events")]
    tampers = [t for s in found for t in s["methods"][OURS]["tampers"]]
    return {
        "streams": found,
        "totals": total,
        "claim": metric.claim(*every),
        "claim_without": list(LIMIT),
        "claim_within_limit": metric.claim(*fair),
        "recall_within_limit": fair,
        "tampers": len(tampers),
        "tampers_told": sum(
            t["late_images"] is not None and t["late_images"] <= 3 for t in tampers
        ),
        "false_conditions": sum(len(s["methods"][OURS]["false_conditions"]) for s in found),
    }


def line_of(stream: dict[str, Any]) -> str:
    """Return one stream as a line of a table."""
    cells = [f"{stream['name'][:24]:24}"]
    for method in (OURS, MOG2, DIFFERENCE, DVR):
        if method in stream["methods"]:
            row = metric.summed([stream["methods"][method]])
            cells.append(
                f"{row['found']:3}/{row['events']:<3}{row['presented_fraction']:7.2%}"
                f"{row['false_events']:4}{row['quiet_presented']:5}"
            )
    ours = stream["methods"][OURS]
    return " |".join(cells) + f" | {len(ours['false_conditions']):2} {ours['ms_per_image']:5.2f} ms"


def report(found: dict[str, Any]) -> str:
    """Return everything as text tables."""
    methods = [m for m in (OURS, MOG2, DIFFERENCE, DVR) if m in found["totals"]]
    lines = ["Per stream: found/events, presented, false events, quiet images presented"]
    lines += [f"{'':24} |" + " |".join(f"{m:^23}" for m in methods) + " | false alarms of the view"]
    lines += [line_of(stream) for stream in found["streams"]]
    for method, rows in found["totals"].items():
        lines += ["", method]
        for part, row in rows["parts"].items():
            low, high = row["recall_95"]
            ratio = row["presented_over_event_fraction"] or 0.0
            lines.append(
                f"  {part:13} R {row['found']}/{row['events']} ({low:.4f} to {high:.4f}),"
                f" W {row['presented_fraction']:.3%} = {ratio:.2f} x events,"
                f" false {row['false_events']}, quiet shown {row['quiet_presented']}"
                f" ({row['false_images_per_camera_day']:.1f} a camera-day),"
                f" states {row['state_changes_found']}/{row['state_changes']},"
                f" late {row['late_images_median']} (most {row['late_images_most']}),"
                f" over-long {row['over_long']}"
            )
    lines += ["", "keiryo by kind of event"]
    for kind, row in found["totals"][OURS]["kinds"].items():
        low, high = row["recall_95"]
        lines.append(f"  {kind:18} {row['found']:3}/{row['events']:<3} ({low:.3f} to {high:.3f})")
    long = [
        f"{s['name']} {first}-{last}"
        for s in found["streams"]
        for first, last, _ in s["methods"][OURS]["over_long"]
    ]
    lines += ["", "keiryo, reports over twice what they cover: " + (", ".join(long) or "none")]
    lines += ["", "All kinds: " + found["claim"]]
    lines.append(f"Without {', '.join(LIMIT)}: {found['claim_within_limit']}")
    lines.append(
        f"Tampering told by its code within 3 images: {found['tampers_told']} of"
        f" {found['tampers']}; false alarms of the view: {found['false_conditions']}"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stream", action="append", help="only streams of these names")
    parser.add_argument("--dvr-scan", type=Path, metavar="PATH", help="its program, to run it too")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--draw", type=int, default=0, help="another number: other streams of the same recipes"
    )
    asked = parser.parse_args()
    found = measure(asked.stream, asked.dvr_scan, told=True, draw=asked.draw)
    print(report(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
