"""The default model of some rows: predictors, crossed effects of what repeats, and training runs of several seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats, Integers
from ..core.levels import compact, pairs

if TYPE_CHECKING:
    import pandas as pd

#: Crossed random effects of the default model, in this order, where they have levels enough.
CROSSED = ("language", "train_language", "target_task", "model", "intermediate_task", "study")
#: Levels under which a factor gets no variance of its own: two levels leave one degree of freedom for it.
FEWEST_LEVELS = 3
#: What was trained once: with the intermediate stage, and without.
RUNS = ("run", "baseline_run")
#: Columns that decide on the default model beside outcome and predictors.
FACTORS = (*CROSSED, "baseline", *RUNS, "seed")
#: Cells that repeat in several rows get an effect of their own.
CELLS = (("language", "target_task"), ("model", "target_task"))


@dataclass(frozen=True, slots=True)
class Slope:
    """A predictor whose slope differs between the levels of a factor; ``correlated`` with their intercepts or not."""

    predictor: str
    correlated: bool = False


@dataclass(frozen=True, slots=True)
class DefaultModel:
    """The default model for some rows, and what it does about factors that cannot have a variance.

    Attributes
    ----------
    outcome, predictors
        As they were asked for.
    factors
        Factors with too few levels for a variance, as fixed effects.
    groups
        Factors and cells (``language:target_task``) with random intercepts, in order.
    slopes
        Of the groups that have one, by group.
    notices
        What was decided, in words.
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
        return f"1 + {slope.predictor}" + ("|" if slope.correlated else "||")

    def with_slopes(self, slope: Slope, groups: Sequence[str]) -> DefaultModel:
        """The model in which the slope of a predictor differs between the levels of ``groups``."""
        return replace(self, slopes={**self.slopes, **dict.fromkeys(groups, slope)})


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
    levels = {name: used[name].factorize()[0] for name in FACTORS if name in used.columns}
    return model_of(levels, outcome, predictors, lambda: _fixed_columns(used, predictors), few_fixed)


def model_of(
    levels: Mapping[str, Integers],
    outcome: str,
    predictors: Sequence[str],
    columns: Callable[[], Floats],
    few_fixed: bool = True,
) -> DefaultModel:
    """The default model of rows whose levels are numbers.

    Parameters
    ----------
    levels
        Number of each row's level in the columns of ``FACTORS`` that there are, -1 where it is not stated; shapes
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
            notices.append(f"'{name}' is not stated in {missing} of {n} rows: it is no effect here.")
            continue
        if counts[name] >= FEWEST_LEVELS:
            if counts[name] < n:
                random.append(name)
            continue
        few = f"'{name}' has {counts[name]} levels, too few for a variance: it is"
        if few_fixed and name != "language":
            fixed_columns = columns() if fixed_columns is None else fixed_columns
            wider = np.column_stack([fixed_columns, codes[name]])  # of two levels: their numbers are one column
            if np.linalg.matrix_rank(wider) == wider.shape[1]:
                fixed_columns = wider
                fixed.append(name)
                notices.append(f"{few} a fixed effect here.")
                continue
        notices.append(f"{few} no effect here.")
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
    """Training runs that are repeated with other seeds and tested more than once."""
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
