"""Sizes of models by name, and sizes of test sets by task, language and split, from the bundled tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: ``1.3B``, ``560M`` as the last word of a model's name.
_IN_NAME = re.compile(r"(?:^|[-_/ ])(\d+(?:\.\d+)?)\s?([MmBb])(?:$|[-_ ])")
_UNIT = {"m": 1.0, "b": 1000.0}


def size_of(model: str) -> tuple[float, str] | None:
    """Parameters of a model in millions, and where they are from; ``None`` if the name is not known."""
    found = _known().get(_key(model))
    if found is not None:
        return found, "the bundled table"
    said = _IN_NAME.search(model)
    return (float(said[1]) * _UNIT[said[2].lower()], "its name") if said else None


@lru_cache(maxsize=1)
def _known() -> Mapping[str, float]:
    import csv

    from ..core.paths import data_directory

    with (data_directory() / "covariates" / "model_names.csv").open(newline="", encoding="utf-8") as file:
        return {_key(row["name"]): float(row["params_m"]) for row in csv.DictReader(file)}


def _key(model: str) -> str:
    """Without the organisation, case and the marks between words: ``xlm-roberta-base``, ``XLM-R base``."""
    name = model.rsplit("/", 1)[-1].casefold()
    return re.sub(r"[\s_\-()]+", "", name).replace("xlmroberta", "xlmr")


@lru_cache(maxsize=1)
def test_sizes() -> Mapping[tuple[str, str, str], float]:
    """Items of public test sets by task, language and split."""
    import csv

    from ..core.paths import data_directory

    with (data_directory() / "covariates" / "test_set_sizes.csv").open(newline="", encoding="utf-8") as file:
        return {(row["task"], row["language"], row["split"]): float(row["n"]) for row in csv.DictReader(file)}


def fill_sizes(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Sizes of models and of test sets where a table has none, and what was taken from where."""
    import pandas as pd

    notices = []
    if "model" in frame.columns and not _stated(frame, "params_m"):
        known = {model: found for model in frame["model"].dropna().unique() if (found := size_of(model)) is not None}
        if known:
            frame = frame.assign(params_m=frame["model"].map({m: size for m, (size, _) in known.items()}).astype(float))
            sizes = ", ".join(f"{model} {size:g}" for model, (size, _) in list(known.items())[:5])
            more = ", …" if len(known) > 5 else ""
            origins = " and ".join(dict.fromkeys(origin for _, origin in known.values()))
            notices.append(f"million parameters by the name of the model, from {origins}: {sizes}{more}")
    if {"target_task", "split"} <= set(frame.columns) and not _stated(frame, "n_items"):
        table = test_sizes()
        keys = zip(frame["target_task"], frame["language"], frame["split"], strict=True)
        items = [table.get((_task(task), language, split)) for task, language, split in keys]
        if any(items):
            frame = frame.assign(n_items=pd.Series(items, index=frame.index, dtype=float))
            notices.append("numbers of test items by task, language and split, from the bundled table")
    return frame, notices


def _stated(frame: pd.DataFrame, column: str) -> bool:
    return column in frame.columns and bool(frame[column].notna().any())


def _task(name: object) -> str:
    key = str(name).casefold()
    return {"paws-x": "pawsx", "x-copa": "xcopa", "ud-pos": "udpos", "tydiqa": "tydiqa-goldp"}.get(key, key)
