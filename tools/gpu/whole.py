"""Complete seeds of a sweep, and a store with only their cells."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any


def whole_seeds(cells: Sequence[Mapping[str, Any]], there: Collection[str]) -> list[str]:
    """Seeds of which no cell is missing, in the order of the plan.

    Parameters
    ----------
    cells
        Cells of one model and one target task as ``runner plan --json`` lists them: ``id``, ``seed`` and more.
    there
        Identities of the cells that were evaluated.
    """
    lacking = {str(cell["seed"]) for cell in cells if cell["id"] not in there}
    return [seed for seed in dict.fromkeys(str(cell["seed"]) for cell in cells) if seed not in lacking]


def keep_whole(store: Path, goal: Path, cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """Copy a store with only the cells of its complete seeds, and the records of its stages; returns those seeds.

    Checkpoints, claims and failures stay behind: the copy is for reading.
    """
    there = {path.stem for path in (store / "cells").glob("[!.]*.json")}
    seeds = whole_seeds(cells, there)
    shutil.rmtree(goal, ignore_errors=True)
    for folder in ("cells", "stages", "plans", "checkpoints", "claims", "failures"):
        (goal / folder).mkdir(parents=True)
    shutil.copyfile(store / "store.json", goal / "store.json")
    for folder in ("stages", "plans"):
        for path in (store / folder).glob("[!.]*"):
            shutil.copyfile(path, goal / folder / path.name)
    for cell in cells:
        if str(cell["seed"]) in seeds:
            for ending in (".json", ".parquet"):
                name = f"{cell['id']}{ending}"
                shutil.copyfile(store / "cells" / name, goal / "cells" / name)
    return seeds
