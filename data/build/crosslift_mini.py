"""The study ``crosslift_mini``: its grids, and its records from the store of a sweep.

Usage:
    python data/build/crosslift_mini.py grid                      write the grids, languages chosen by rule
    python data/build/crosslift_mini.py collect STORE [STORE …] [--out DIR] [--partial]     write the records

The sweep itself is ``runner run data/published/crosslift_mini/grid.yaml --store STORE --data-dir DIR`` and so for each
grid, with the data sets that ``data/published/PROVENANCE.md`` names in DIR. Records contain numbers and configuration,
no text.

``collect`` writes ``records.parquet`` (rows of the record schema and one bit for each item tested) and
``configuration.json`` (versions, hyperparameters, revisions, how much of each grid) next to the grids, and prints the
entries that ``data/catalog.toml`` and ``PROVENANCE.md`` need. It refuses a store that lacks a cell of a grid, unless
``--partial`` is given: then it takes the complete seeds. Cells of different revisions are refused in any
case.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from itertools import cycle
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from sweeps import collect  # noqa: E402

from analysis.core.errors import CrossliftError  # noqa: E402
from analysis.languages.codes import resolve, resolve_code  # noqa: E402
from analysis.languages.distances import distances  # noqa: E402
from runner.tasks.catalog import find_task  # noqa: E402

FOLDER = ROOT / "data" / "published" / "crosslift_mini"
#: Languages of SIB-200 that are tested.
WANTED = 64


def choose_languages(wanted: int = WANTED) -> list[str]:
    """Codes of SIB-200: the languages of NusaX and PUD, then families in turn, the best documented language first.

    Each family gives one language before any gives a second, so that a count of languages is not a count of
    Indo-European ones. A language counts in its usual script only; languages without observed syntactic features,
    and those that belong to no family, are left to the first rule.
    """
    codes = {resolve(code).iso: code for code in find_task("sib200").languages if not resolve_code(code).variant}
    named = [resolve(code).iso for task in ("nusax", "ud_pos") for code in find_task(task).languages]
    chosen = [iso for iso in dict.fromkeys(named) if iso in codes]
    shares = {row.code: row.observed_share for row in distances(list(codes))}
    families = defaultdict(list)
    for iso in sorted(codes, key=lambda iso: (-shares[iso], iso)):
        if iso not in chosen and resolve(iso).family and shares[iso] > 0:
            families[resolve(iso).family].append(iso)
    for family in cycle(sorted(families)):
        if len(chosen) == wanted:
            break
        if families[family]:
            chosen.append(families[family].pop(0))
    extra = [code for code in find_task("nusax").languages if resolve(code).iso not in codes]  # Batak, Madurese, Ngaju
    return sorted(codes[iso] for iso in chosen) + sorted(extra)


def grids() -> dict[str, dict[str, Any]]:
    """Each grid by the name of its file: all arms at the smallest depth, few of them where a run takes longer."""
    languages = choose_languages()
    banking, reviews, tags = (
        {"task": "banking77", "examples": [500, 2000, 8000]},
        {"task": "nollysenti", "examples": 500},
        {"task": "ud_pos", "examples": 2000},
    )
    middle = {"task": "banking77", "examples": 2000}
    shared = {
        "seeds": "1-5",
        "control": "steps",
        "training": {"epochs": 3, "batch_size": 32, "learning_rate": 5e-4, "dropout": 0},
        "training_intermediate": {"epochs": 2},
    }
    every: dict[str, dict[str, Any]] = {
        "grid.yaml": {
            "models": ["me5-small@3"], "intermediate": [banking, reviews, tags], "targets": ["sib200", "nusax"],
        } | shared,
        "grid_depth.yaml": {
            "models": ["me5-small@6", "me5-small"], "intermediate": [middle], "targets": ["sib200"],
        } | shared,
        "grid_tagging.yaml": {
            "models": ["me5-small@3"], "intermediate": [middle, reviews], "targets": ["ud_pos:2000"],
        } | shared,
        "grid_retrieval.yaml": {
            "models": ["me5-small@3"], "intermediate": [banking, reviews, tags], "targets": ["tatoeba"],
            "retrieval": "jiant", "layer": "last",  # by the vectors that me5-small was tuned for
        } | shared,
    }  # fmt: skip
    for grid in every.values():
        known = {resolve(code).iso for target in grid["targets"] for code in find_task(target.split(":")[0]).languages}
        grid["languages"] = [code for code in languages if resolve(code).iso in known]
    return every


def write_grids() -> None:
    """Write the grids with the languages chosen."""
    import yaml

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, grid in grids().items():
        (FOLDER / name).write_text(yaml.safe_dump(grid, sort_keys=False, width=110), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Grids and records of the study crosslift_mini.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("grid", help="write the grids, languages chosen by rule")
    collecting = commands.add_parser("collect", help="write the records of finished sweeps")
    collecting.add_argument("stores", nargs="+", type=Path, metavar="STORE")
    collecting.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    collecting.add_argument("--partial", action="store_true", help="accept a sweep that is not finished")
    options = parser.parse_args()
    if options.command == "grid":
        write_grids()
        return
    try:
        print(collect(options.stores, [FOLDER / name for name in grids()], options.out, options.partial))
    except CrossliftError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
