"""The default model of some rows: predictors, crossed effects of what repeats, and training runs of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Crossed random effects of the default model, in this order, where they have levels enough.
CROSSED = ("language", "target_task", "model", "intermediate_task", "study")
#: Levels under which a factor gets no variance of its own: two levels leave one degree of freedom for it.
FEWEST_LEVELS = 3
#: What was trained once: with the intermediate stage, and without.
RUNS = ("run", "reference_run")
#: Cells that repeat in several rows get an effect of their own.
CELLS = (("language", "target_task"), ("model", "target_task"))


@dataclass(frozen=True, slots=True)
class DefaultModel:
    """The default model for some rows, and what it does about factors that cannot have a variance."""

    formula: str
    notices: tuple[str, ...]


def default_model(frame: pd.DataFrame, outcome: str, predictors: Sequence[str], few_fixed: bool = True) -> DefaultModel:
    """Predictors, crossed random intercepts, and one for each kind of cell that repeats.

    A factor with fewer than ``FEWEST_LEVELS`` levels among the rows that have every predictor is a fixed effect, unless
    the predictors already tell its levels apart or ``few_fixed`` is false (a pooled mean is one over all levels); a
    factor that some of these rows do not state is left out; a kind of cell is, if it has as many cells as rows.
    Gains of several seeds have an effect of each training run, with the intermediate stage and without, and scores of
    theirs: its luck is in all languages that it was tested in.
    """
    stated = np.ones(len(frame), dtype=bool)
    for name in [outcome, *predictors]:
        if name in frame.columns:
            stated &= frame[name].notna().to_numpy()
    used = frame if stated.all() else frame[stated]
    codes = {name: used[name].factorize()[0] for name in CROSSED}
    counts = {name: int(code.max(initial=-1)) + 1 for name, code in codes.items()}
    random: list[str] = []
    fixed: list[str] = []
    notices: list[str] = []
    for name in CROSSED:
        levels, missing = counts[name], int((codes[name] < 0).sum())
        if levels < 2:
            continue
        if missing:
            notices.append(f"'{name}' is not stated in {missing} of {len(used)} rows: it is no effect here.")
        elif levels >= FEWEST_LEVELS:
            if levels < len(used):
                random.append(name)
        elif few_fixed and name != "language" and _independent(used, [*predictors, *fixed], name):
            fixed.append(name)
            notices.append(f"'{name}' has {levels} levels, too few for a variance: it is a fixed effect here.")
        else:
            notices.append(f"'{name}' has {levels} levels, too few for a variance: it is no effect here.")
    for one, other in CELLS:
        if {one, other} <= {*random, *fixed}:
            cells = len(np.unique(codes[one] * counts[other] + codes[other]))
            # A cell adds something where there are more cells than levels of either factor, and fewer than rows.
            if max(counts[one], counts[other]) < cells < len(used):
                random.append(f"{one}:{other}")
    shared = {"gain": "baseline", "gap": "run"}.get(outcome, "")
    if shared in used.columns and FEWEST_LEVELS <= int(used[shared].factorize()[0].max(initial=-1)) + 1 < len(used):
        random.append(shared)
    if outcome != "gap":  # whose run is there already
        random += _runs(used)
    left = " + ".join([*predictors, *fixed]) or "1"
    return DefaultModel(f"{outcome} ~ {left}" + "".join(f" + (1|{term})" for term in random), tuple(notices))


def _runs(used: pd.DataFrame) -> list[str]:
    """Training runs that are repeated with other seeds and tested more than once."""
    names = [name for name in RUNS if name in used.columns]
    if not names or "seed" not in used.columns or used["seed"].nunique() < 2:
        return []
    levels = {name: used[name].nunique() for name in names}
    found = [name for name in names if FEWEST_LEVELS <= levels[name] < len(used)]
    if set(levels.values()) == {len(used[names].drop_duplicates())}:
        return found[:1]  # one arm: the same rows share both
    return found


def _independent(used: pd.DataFrame, others: Sequence[str], name: str) -> bool:
    """True if the levels of ``name`` are no linear combination of the intercept and ``others``."""
    import pandas as pd

    columns = used[[*others, name]]
    if any(dtype.kind not in "iuf" for dtype in columns.dtypes):
        columns = pd.get_dummies(columns, drop_first=True, dtype=float)
    whole = np.column_stack([np.ones(len(used)), columns.to_numpy(dtype=float)])
    return bool(np.linalg.matrix_rank(whole) == whole.shape[1])
