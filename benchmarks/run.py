"""Run all benchmarks; print a table of ratios and write them, with all figures, as JSON.

Times mean little on another computer; ratios to a baseline measured in the same run do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
from pathlib import Path
from typing import Any

import as_of
import bulk_import
import campaign
import measuring
import obligations_balances
import obligations_trace
import peers
import surveillance_recall
import surveillance_speed
import verify
import web_load

PARTS = ("import", "as-of", "verify", "campaign", "obligations", "peers", "web", "surveillance")

Row = tuple[str, float, float | None, str]
"""What is measured, the figure, the goal (None: for information), and its unit."""


def bulk_rows(found: dict[str, Any]) -> list[Row]:
    """Return ratios and memory of the bulk import."""
    count, rows = f"{found['lines']:,} lines", []
    for acts, words in (("one_act", "one act"), ("ten_acts", "ten acts")):
        for base, of, goal in (
            ("raw", "the source rows", 6.0),
            ("stored", "the rows as stored", None),
        ):
            name = f"import of {count}, {words} / raw SQLite of {of}"
            rows.append((name, found[acts]["seconds"] / found[base]["seconds"], goal, "×"))
            used = found[acts]["processor_seconds"] / found[base]["processor_seconds"]
            rows.append(("  the same, by processor time", used, None, "×"))
    for lines, peak in found["peak_mb_by_lines"].items():
        rows.append((f"peak memory of an import of {int(lines):,} lines", peak, 400.0, "MB"))
    return rows


def as_of_rows(found: dict[str, Any]) -> list[Row]:
    """Return ratios of book inventories to the Polars group-by."""
    rows: list[Row] = []
    for on in (day.isoformat() for day in as_of.DATES):
        seconds = {way: figures["seconds"] for way, figures in found[on].items()}
        for way, words, goal in (
            ("memory", "group-by in memory", 2.0),
            ("categorical", "the same, texts as numbers", None),
            ("parquet", "group-by from Parquet", 2.0),
        ):
            name = f"books of {found['lines']:,} lines on {on} / {words}"
            rows.append((name, seconds["books"] / seconds[way], goal, "×"))
    return rows


def verify_rows(found: dict[str, Any]) -> list[Row]:
    """Return the ratio of verification to reading and hashing, and its memory."""
    ratio = found["verify"]["seconds"] / found["read_and_hash"]["seconds"]
    name = f"verification of {found['lines']:,} lines"
    return [
        (f"{name} / reading and hashing them", ratio, 2.0, "×"),
        (f"peak memory of the {name}", found["verify"]["peak_mb"], 400.0, "MB"),
    ]


def campaign_rows(found: dict[str, Any]) -> list[Row]:
    """Return ratios of simulated campaigns to plain NumPy, and their memory."""
    words = {
        "period": "one error per location and period",
        "sample": "one error per sample",
        "balance": "one number per balance",
        "observed": "as measured covariances",
    }
    rows: list[Row] = []
    for balances in campaign.CASES:
        for way, figures in found[balances].items():
            name = f"{found['realizations']} campaigns of {balances} balances / NumPy, {words[way]}"
            product, limit = figures["product"], figures["limit"]
            rows.append((name, product["seconds"] / limit["seconds"], 2.0, "×"))
            used = product["processor_seconds"] / limit["processor_seconds"]
            rows.append(("  the same, by processor time", used, None, "×"))
            rows.append(("  peak memory", product["peak_mb"], None, "MB"))
            if "same_draws" in figures:
                drawn = figures["same_draws"]["seconds"] / limit["seconds"]
                rows.append(("  the product, drawing as many numbers", drawn, 2.0, "×"))
    peer = found.get("peer")
    if isinstance(peer, dict):
        took = peer["seconds"] / found["15"]["sample"]["product"]["seconds"]
        rows.append((f"MAPIT {peer['version']} / the product, 15 balances", took, None, "×"))
        rows.append(("  peak memory of MAPIT", peer["peak_mb"], None, "MB"))
    return rows


def obligation_rows(balances: dict[str, Any], traced: dict[str, Any]) -> list[Row]:
    """Return the ratio of obligation balances to plain ones, and what a trace takes."""
    ask, lines = balances["ask"], f"{balances['lines']:,} lines"
    ratio = ask["labels_seconds"] / ask["plain_seconds"]
    more = balances["labels"]["seconds"] / balances["plain"]["seconds"]
    blends = f"{traced['blends']:,} blends"
    return [
        (f"obligation balances of 8 partners, {lines} / plain balances", ratio, 3.0, "×"),
        (f"posting {lines} with labels / without", more, None, "×"),
        (f"trace of a batch through {blends}", traced["trace"], 1.0, "s"),
        (f"an act of 100 lines on books of {blends}", traced["act_of_a_month"], None, "s"),
    ]


def web_rows(found: dict[str, Any]) -> list[Row]:
    """Return ratios of pages to the barest answer of the same server under the same load."""
    goals = {"overview": 40.0, "MBA page": 60.0}
    rows: list[Row] = []
    for database in (name for name in web_load.DATABASES if name in found):
        for lines, told in found[database].items():
            for way in ("alone", "with posters"):
                hello = told[way][web_load.HELLO]
                for page, took in told[way].items():
                    if page == web_load.HELLO:
                        continue
                    for share in ("p50", "p99"):
                        ratio = took[f"{share}_s"] / hello[f"{share}_s"]
                        name = f"{page}, {int(lines):,} lines, {database}, {way}: {share} / hello"
                        rows.append((name, ratio, goals.get(page), "×"))
            after = told["afterwards"]
            wrong = after["lost"] + after["recorded_twice"] + after["recorded_but_not_accepted"]
            failed = web_load.server_errors(told)
            name = f"{int(lines):,} lines, {database}"
            rows.append((f"{name}: posts lost or doubled, of {after['accepted']}", wrong, 0.0, ""))
            rows.append((f"{name}: answers 5xx", failed, 0.0, ""))
            rows.append((f"{name}: journal not sound", float(not after["sound"]), 0.0, ""))
    return rows


def surveillance_rows(found: dict[str, Any], speed: dict[str, Any]) -> list[Row]:
    """Return misses and workload of camera screening, and its speed beside decoding."""
    rows: list[Row] = []
    told, few = found["totals"], "camera events missed at a presented share of"
    for method, figures in told.items():
        whole = figures["parts"]["all streams"]
        missed, share = whole["events"] - whole["found"], whole["presented_fraction"]
        rows.append((f"{method}: {few} {share:.1%}, of {whole['events']}", missed, None, ""))
        if sparse := figures["parts"].get("sparse"):
            share = 100 * sparse["presented_fraction"]
            goal = 1.0 if method == surveillance_recall.OURS else None
            rows.append((f"{method}: presented of sparse streams", share, goal, "%"))
    hits, events = found["recall_within_limit"]
    rows.append(
        (
            f"keiryo: missed of {events} events that are not tiny or faint",
            events - hits,
            0.01 * events,
            "",
        )
    )
    rows.append(
        (
            f"tampering not told within 3 images, of {found['tampers']}",
            found["tampers"] - found["tampers_told"],
            0.0,
            "",
        )
    )
    rows.append(("false alarms of the view", found["false_conditions"], 0.0, ""))
    for name, ways in speed["files"].items():
        goal = surveillance_speed.GOALS_MS.get(ways["width"])
        for way in ("screen", "mog2"):
            limit = goal if way == "screen" and speed["footage"] else None
            rows.append((f"{way}, {name}: added to decoding", ways[way]["added_ms"], limit, "ms"))
            rows.append((f"  {way} / decoding", ways[way]["over_decoding"], None, "×"))
            rows.append(("  peak memory", ways[way]["peak_mb"], None, "MB"))
    if month := speed.get("month"):
        name = f"review of {month['images']:,} JPEG images, processor time an image"
        rows.append((name, month["ms_per_image"], None, "ms"))
        rows.append(("  peak memory", month["peak_mb"], 400.0, "MB"))
    return rows


def table(rows: list[Row]) -> str:
    """Return the rows as a text table."""
    width = max(len(row[0]) for row in rows)
    lines = [f"{'':{width}}  {'measured':>11}  {'goal':>8}"]
    for name, value, goal, unit in rows:
        wanted = "" if goal is None else f"<= {goal:g} {unit}"
        held = "" if goal is None else ("  held" if value <= goal else "  MISSED")
        lines.append(f"{name:{width}}  {value:8.2f} {unit:2}  {wanted:>9}{held}")
    return "\n".join(lines)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="10^6 imported, 10^7 asked (long)")
    parser.add_argument("--import-lines", type=int, help="lines of the bulk import")
    parser.add_argument("--memory-lines", type=int, nargs="*", help="longer imports, for memory")
    parser.add_argument("--as-of-lines", type=int, help="lines of the book inventories")
    parser.add_argument("--verify-lines", type=int, help="lines that are verified")
    parser.add_argument("--peer-lines", type=int, help="lines given to hledger and the others")
    parser.add_argument("--label-lines", type=int, help="lines whose labels are followed")
    parser.add_argument("--blends", type=int, help="blends through which a batch is traced")
    parser.add_argument("--times", type=int, default=3, help="runs of which the best counts")
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--web-lines", type=int, nargs="*", default=web_load.SIZES)
    parser.add_argument("--realizations", type=int, default=1000, help="simulated campaigns")
    parser.add_argument("--peer", type=Path, metavar="PATH", help="folder of MAPIT, to time it too")
    parser.add_argument("--footage", type=Path, help="folder of vtest768.mp4 and vtest1080.mp4")
    parser.add_argument("--dvr-scan", type=Path, metavar="PATH", help="DVR-Scan, to run it too")
    parser.add_argument("--month-images", type=int, help="JPEG images of one camera")
    parser.add_argument("--json", type=Path, default=measuring.FOLDER / "results.json")
    asked = parser.parse_args()
    small = (200_000, [400_000], 1_000_000, 200_000, 10_000, 100_000, 100_000, 864)
    stated = (1_000_000, [3_000_000], 10_000_000, 1_000_000, 100_000, 1_000_000, 100_000, 8640)
    names = ("import_lines", "memory_lines", "as_of_lines", "verify_lines", "peer_lines")
    names = (*names, "label_lines", "blends", "month_images")
    for name, value in zip(names, stated if asked.full else small, strict=True):
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    return asked


def main() -> None:
    asked = options()
    wanted = asked.only or PARTS
    results: dict[str, Any] = {
        "computer": {
            "processors": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        }
    }
    rows: list[Row] = []
    if "import" in wanted:
        found = bulk_import.measure(
            asked.import_lines, times=asked.times, memory_lines=tuple(asked.memory_lines)
        )
        results["import"] = found
        rows += bulk_rows(found)
    if "as-of" in wanted:
        results["as-of"] = as_of.measure(asked.as_of_lines)
        rows += as_of_rows(results["as-of"])
    if "verify" in wanted:
        results["verify"] = verify.measure(asked.verify_lines)
        rows += verify_rows(results["verify"])
    if "campaign" in wanted:
        results["campaign"] = campaign.measure(
            asked.realizations, times=asked.times, peer_folder=asked.peer
        )
        rows += campaign_rows(results["campaign"])
    if "obligations" in wanted:
        balances = obligations_balances.measure(asked.label_lines)
        traced = obligations_trace.measure(asked.blends)
        results["obligations"] = {"balances": balances, "trace": traced}
        rows += obligation_rows(balances, traced)
    if "peers" in wanted:
        results["peers"] = peers.measure(asked.peer_lines)
    if "web" in wanted:
        results["web"] = web_load.measure(tuple(asked.web_lines))
        rows += web_rows(results["web"])
    if "surveillance" in wanted:
        found = surveillance_recall.measure(program=asked.dvr_scan)
        speed = surveillance_speed.measure(asked.footage, asked.times, asked.month_images)
        results["surveillance"] = {"recall": found, "speed": speed}
        rows += surveillance_rows(found, speed)
        print(surveillance_recall.report(found), surveillance_speed.report(speed), sep="\n\n")
    results["ratios"] = [
        {"what": name, "measured": value, "goal": goal, "unit": unit}
        for name, value, goal, unit in rows
    ]
    if rows:
        print(table(rows))
    for tool, figures in results.get("peers", {}).items():
        if tool != "lines":
            told = figures if isinstance(figures, str) else f"{figures['seconds']:.2f} s"
            print(f"{tool}, {results['peers']['lines']:,} lines read and balanced: {told}")
    asked.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if isinstance(failed := results.get("campaign", {}).get("peer"), str):
        print(f"MAPIT {failed}")
    print(f"All figures are in {asked.json}.")


if __name__ == "__main__":
    main()
