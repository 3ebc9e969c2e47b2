"""The store of a sweep as rows of the record schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import StoreError
from ..store.cells import Cell
from ..store.layout import StoreContent
from .condition import Condition

if TYPE_CHECKING:
    import pandas as pd


def store_records(content: StoreContent) -> pd.DataFrame:
    """Rows of the record schema, one a cell and metric.

    Besides the schema they have ``cell`` (its identity), ``items`` (its results by item, an
    :class:`~analysis.store.items.ItemResults`), ``control`` (``steps`` for a baseline that trained for as many steps as
    an intermediate stage) and ``matched_steps`` (how many those are, by which ``analysis.outcomes.baselines.against``
    pairs with such baselines).

    A baseline that was evaluated without any training has no seed; it stands once for each seed of the intermediate
    runs that it is compared with.

    Where target stages of one task were trained in several ways (sizes, epochs, learning rates), the settings that vary
    are part of ``condition``, so that a gain pairs runs whose target stages were trained alike. Where intermediate
    stages of one task and size were, they are different intermediate tasks, named by the settings that vary.

    Raises
    ------
    StoreError
        If the store has no cell that can be read.
    """
    import pandas as pd

    settings, arms = _varying_settings(content), _varying_arms(content)
    rows = [
        {**record, "study": content.study, "cell": cell.id, "items": cell.items, "revision": revision_text(cell)}
        for cell in content.cells
        for record in cell.records
    ]
    if not rows:
        raise StoreError(f"'{content.path}' has no evaluated cell that can be read.", "'runner status' says more.")
    rows = _per_seed(rows)
    for row in rows:
        if settings[row["cell"]].parts:
            row["condition"] = str(Condition.parse(row.get("condition")) + settings[row["cell"]])
        if row["cell"] in arms and arms[row["cell"]].parts:
            row["intermediate_task"] = f"{row['intermediate_task']} ({arms[row['cell']]})"
    return pd.DataFrame(rows)


def check_revisions(content: StoreContent) -> None:
    """Refuse cells that rest on different revisions of the same thing.

    Raises
    ------
    StoreError
        With both values and how many cells have each.
    """
    found: dict[str, dict[str, int]] = {}
    for cell in content.cells:
        for what, revision in cell.revisions.items():
            counts = found.setdefault(what, {})
            counts[revision] = counts.get(revision, 0) + 1
    mixed = {what: counts for what, counts in found.items() if len(counts) > 1}
    if mixed:
        what, counts = next(iter(mixed.items()))
        values = " and ".join(f"'{revision}' ({cells} cells)" for revision, cells in sorted(counts.items()))
        more = f" {len(mixed) - 1} more revisions are mixed as well." if len(mixed) > 1 else ""
        raise StoreError(
            f"'{content.path}' mixes revisions of the {what}: {values}.{more}",
            "Scores of different revisions are no repetitions: write each sweep to a store of its own, or read them "
            "together with: runner results STORE --mixed.",
        )


def revision_text(cell: Cell) -> str:
    """What a cell rests on, in short: ten characters that differ wherever a revision does."""
    text = json.dumps(dict(cell.revisions), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _varying_settings(content: StoreContent) -> dict[str, Condition]:
    """For each cell, how its target stage was trained, as far as that varies between the cells of its task."""
    settings = {}
    for cell in content.cells:
        inputs, parent = cell.stage["inputs"], cell.stage["parent"]
        found = {"evaluated_length": str(inputs.get("max_length", ""))}
        if parent and parent["kind"] == "target":
            trained = parent["inputs"]
            found |= {"train_examples": str(trained["examples"])}
            found |= {key: str(value) for key, value in trained["training"].items()}
        settings[cell.id] = (str(inputs.get("task")), found)
    return _what_varies(settings)


def _varying_arms(content: StoreContent) -> dict[str, Condition]:
    """For each cell, how its intermediate stage was trained, as far as that varies for its task and size."""
    settings = {}
    for cell in content.cells:
        stage = cell.stage["parent"]
        while stage and stage["kind"] != "intermediate":
            stage = stage["parent"]
        if stage:
            inputs = stage["inputs"]
            arm = f"{inputs.get('task')}:{inputs.get('examples')}"
            settings[cell.id] = (arm, {key: str(value) for key, value in inputs.get("training", {}).items()})
    return _what_varies(settings)


def _what_varies(settings: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, Condition]:
    """Of the settings of each cell those that differ from another cell's of the same group; by cell."""
    values: dict[str, dict[str, set[str]]] = {}
    for group, found in settings.values():
        for key, value in found.items():
            values.setdefault(group, {}).setdefault(key, set()).add(value)
    return {
        cell: Condition.of(**{key: value for key, value in found.items() if len(values[group][key]) > 1})
        for cell, (group, found) in settings.items()
    }


def _per_seed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Baselines without a seed, once for each seed of the intermediate rows that share everything else with them."""
    seeds: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        if row.get("method") == "intermediate":
            seeds.setdefault(_compared(row), set()).add(row["seed"])
    repeated = []
    for row in rows:
        own = sorted(seeds.get(_compared(row), ())) if row.get("method") == "baseline" and not row.get("seed") else []
        repeated += [{**row, "seed": seed} for seed in own] or [row]
    return repeated


def _compared(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("model", "target_task", "language", "metric", "split"))
