"""The default model of some rows: predictors, crossed random effects, and training runs of several seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats, Integers
from ..core.levels import compact, pairs

if TYPE_CHECKING:
    import pandas as pd

#: Crossed random effects of the default model, in this order, where they have enough levels.
CROSSED = ("language", "train_language", "target_task", "model", "intermediate_task", "study")
#: A factor with fewer levels does not get a variance of its own: two levels leave it one degree of freedom.
FEWEST_LEVELS = 3
#: Training runs: with the intermediate stage, and without.
RUNS = ("run", "baseline_run")
#: Columns that decide the default model, besides outcome and predictors.
FACTORS = (*CROSSED, "baseline", *RUNS, "seed")
#: Cells that repeat in several rows get an effect of their own.
CELLS = (("language", "target_task"), ("model", "target_task"))


@dataclass(frozen=True, slots=True)
class Slope:
    """Predictors whose slopes differ between the levels of a factor; ``correlated`` with their intercepts or not."""

    predictors: tuple[str, ...]
    correlated: bool = False


@dataclass(frozen=True, slots=True)
class DefaultModel:
    """The default model for some rows, and how it treats factors that cannot have a variance.

    Attributes
    ----------
    outcome, predictors
        As requested.
    factors
        Factors with too few levels for a variance, as fixed effects.
    groups
        Factors and cells (``language:target_task``) with random intercepts, in order.
    slopes
        Random slopes, by group.
    notices
        The decisions, in words.
    """

    outcome: str
    predictors: tuple[str, ...]
    factors: tuple[str, ...]
    groups: tuple[str, ...]
    notices: tuple[str, ...] = ()
    slopes: Mapping[str, Slope] = field(default_factory=dict)

    @property
    def formula(self) -> str:
        """In lme4's notation."""
        fixed = " + ".join([*self.predictors, *self.factors]) or "1"
        return f"{self.outcome} ~ {fixed}" + "".join(f" + {term}" for term in self.random)

    @property
    def random(self) -> tuple[str, ...]:
        """The random-effect terms, ``(1|language)`` and so on."""
        return tuple(f"({self._columns(group)}{group})" for group in self.groups)

    def _columns(self, group: str) -> str:
        slope = self.slopes.get(group)
        if slope is None:
            return "1|"
        return " + ".join(["1", *slope.predictors]) + ("|" if slope.correlated else "||")

    def with_slopes(self, slope: Slope, groups: Sequence[str]) -> DefaultModel:
        """The model in which the slopes of predictors differ between the levels of ``groups``."""
        return replace(self, slopes={**self.slopes, **dict.fromkeys(groups, slope)})

    def with_slope(self, predictor: str, group: str) -> DefaultModel:
        """The model with one more slope by ``group``, correlated with its intercept and other slopes."""
        before = self.slopes[group].predictors if group in self.slopes else ()
        return self.with_slopes(Slope((*before, predictor), correlated=True), [group])

    def with_group(self, group: str) -> DefaultModel:
        """The model with one more random intercept."""
        return replace(self, groups=(*self.groups, group))


def default_model(frame: pd.DataFrame, outcome: str, predictors: Sequence[str], few_fixed: bool = True) -> DefaultModel:
    """Predictors, crossed random intercepts, and one for each kind of cell that repeats.

    A factor with fewer than ``FEWEST_LEVELS`` levels among the rows that have every predictor is a fixed effect, unless
    the predictors already tell its levels apart or ``few_fixed`` is false (a pooled mean is one over all levels). A
    factor that is missing in some of these rows is left out, and so is a kind of cell with as many cells as rows.
    With several seeds, gains have a random effect of the training run with the intermediate stage and of the one
    without it, and scores have one of their run: run-to-run noise is shared across languages.
    """
    stated = np.ones(len(frame), dtype=bool)
    for name in [outcome, *predictors]:
        if name in frame.columns:
            stated &= frame[name].notna().to_numpy()
    used = frame if stated.all() else frame[stated]
    levels = {name: used[name].factorize()[0] for name in FACTORS if name in used.columns}
    return model_of(levels, outcome, predictors, lambda: _fixed_columns(used, predictors), few_fixed)


def model_of(
    levels: Mapping[str, Integers],
    outcome: str,
    predictors: Sequence[str],
    columns: Callable[[], Floats],
    few_fixed: bool = True,
) -> DefaultModel:
    """The default model of rows whose levels are already numbered.

    Parameters
    ----------
    levels
        Number of each row's level in the available columns of ``FACTORS``, -1 where it is missing; shapes
        ``(n,)``.
    outcome, predictors, few_fixed
        As for :func:`default_model`.
    columns
        Gives the intercept and the columns of the predictors, shape ``(n, p)``.
    """
    numbered = {name: compact(code) for name, code in levels.items()}
    codes = {name: numbered[name][0] for name in numbered}
    counts = {name: numbered[name][1] for name in numbered}
    n = len(codes["language"])
    fixed_columns: Floats | None = None
    random: list[str] = []
    fixed: list[str] = []
    notices: list[str] = []
    for name in CROSSED:
        if name == "train_language" and not _has_effect(codes, counts, name):
            continue
        missing = int((codes[name] < 0).sum())
        if counts[name] < 2:
            continue
        if missing:
            notices.append(f"'{name}' is missing in {missing} of {n} rows: it is left out of the model.")
            continue
        if counts[name] >= FEWEST_LEVELS:
            if counts[name] < n:
                random.append(name)
            continue
        few = f"'{name}' has {counts[name]} levels, too few for a variance: it is"
        if few_fixed and name != "language":
            fixed_columns = columns() if fixed_columns is None else fixed_columns
            wider = np.column_stack([fixed_columns, codes[name]])  # two levels: their codes are one column
            if np.linalg.matrix_rank(wider) == wider.shape[1]:
                fixed_columns = wider
                fixed.append(name)
                notices.append(f"{few} a fixed effect.")
                continue
        notices.append(f"{few} left out of the model.")
    for one, other in CELLS:
        if {one, other} <= {*random, *fixed}:
            count = compact(pairs(codes[one], codes[other]))[1]
            # A cell adds something where there are more cells than levels of either factor, and fewer than rows.
            if max(counts[one], counts[other]) < count < n:
                random.append(f"{one}:{other}")
    shared = {"gain": "baseline", "gap": "run"}.get(outcome, "")
    if FEWEST_LEVELS <= counts.get(shared, 0) < n:
        random.append(shared)
        if "train_language" in random and _same(codes[shared], codes["train_language"]):
            random.remove("train_language")  # a run a language: one effect is both
    if outcome != "gap":  # whose run is there already
        random += _runs(codes, counts, n)
    return DefaultModel(outcome, tuple(predictors), tuple(fixed), tuple(random), tuple(notices))


def _same(one: Integers, other: Integers) -> bool:
    """Whether two factors divide the rows alike."""
    return compact(one)[1] == compact(other)[1] == compact(pairs(one, other))[1]


def _has_effect(codes: Mapping[str, Integers], counts: Mapping[str, int], name: str) -> bool:
    """Whether a factor that most tables do not state has levels enough, and every row one."""
    return name in codes and counts[name] >= FEWEST_LEVELS and not bool((codes[name] < 0).any())


def _runs(codes: Mapping[str, Integers], counts: Mapping[str, int], n: int) -> list[str]:
    """Kinds of training runs that are repeated with other seeds and tested more than once."""
    names = [name for name in RUNS if name in codes]
    if not names or counts.get("seed", 0) < 2:
        return []
    found = [name for name in names if FEWEST_LEVELS <= counts[name] < n]
    together = codes[names[0]] + 1
    for name in names[1:]:
        together = pairs(together, codes[name] + 1)
    if {counts[name] for name in names} == {compact(together)[1]}:
        return found[:1]  # one arm: the same rows share both
    return found


def _fixed_columns(used: pd.DataFrame, predictors: Sequence[str]) -> Floats:
    """Intercept and predictors, shape ``(n, p)``."""
    import pandas as pd

    columns = used[[*predictors]]
    if any(dtype.kind not in "iuf" for dtype in columns.dtypes):
        columns = pd.get_dummies(columns, drop_first=True, dtype=float)
    return np.column_stack([np.ones(len(used)), columns.to_numpy(dtype=float)])
