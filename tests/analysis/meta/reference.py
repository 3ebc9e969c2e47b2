"""The pinned results of metafor and clubSandwich, and the data behind them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from tests.conftest import ROOT

PINNED: dict[str, Any] = json.loads((ROOT / "validation/metafor/meta.json").read_text(encoding="utf-8"))


@lru_cache
def data(name: str) -> pd.DataFrame:
    """A data set of ``validation`` with columns ``yi`` and ``vi``."""
    if name == "synth":
        rows = pd.read_csv(ROOT / "validation/lme4/data/synth1k.csv").head(300)
        return rows.assign(yi=rows["gain"], vi=rows["sei"] ** 2)
    file = {"bcg": "bcg_effects", "hackshaw": "hackshaw1998"}.get(name, "konstantopoulos2011")
    return pd.read_csv(ROOT / f"validation/metafor/data/{file}.csv")


def synth_blocks() -> np.ndarray:
    """Rows 3i+1 .. 3i+3 share a sampling error: the smallest of their variances times 0.6."""
    v = data("synth")["vi"].to_numpy()
    blocks = np.zeros((300, 300))
    for start in range(0, 300, 3):
        own = slice(start, start + 3)
        blocks[own, own] = 0.6 * v[own].min()
    np.fill_diagonal(blocks, v)
    return blocks


def moderators(formula: str) -> str | None:
    """R's formula as ours takes it."""
    right = formula.removeprefix("~").strip().replace("factor(alloc)", "alloc")
    return None if right == "1" else right
