"""Pooled effects of groups, and of the subgroups within them, each from its own rows.

A group is pooled in the same kind of model as all rows together: the crossed factors that have enough levels among its
rows, with the sampling covariance of its rows. Subgroups with few rows are pooled as independent effects, and a single
effect, or effects that are all equal, have their sampling errors only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from ...core.multiplicity import adjust
from ...meta.effects import read_effects
from ...meta.estimate import default_test
from ...meta.fit import meta_analyze
from ...meta.multilevel import TESTS
from ...meta.result import MetaResult
from ...mixed.reference import t_tests
from ...outcomes.default_model import default_model

if TYPE_CHECKING:
    import pandas as pd

    from ...meta.multilevel import MultilevelMeta

#: A column with one level per row, for effects that share no factor with enough levels.
ROW = "effect_row"
NUMBERS = ("estimate", "std_error", "df", "p_value", "conf_low", "conf_high")
#: Columns that make up an effect's label.
LABELS = ("target_task", "language", "model")
COLUMNS = ["group", "subgroup", "k", "estimate", "std_error", "df", "p_value", "p_adjusted", "conf_low", "conf_high",
           "pred_low", "pred_high", "tau2", "weight", "note"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PoolingModel:
    """How rows are pooled: the outcome column, the method, its test, and whether effects are independent."""

    outcome: str
    method: str
    test: str | None
    independent: bool

    def pool(self, frame: pd.DataFrame, covariance: Any, moderators: str | None = None) -> MetaResult | MultilevelMeta:
        """Pool rows that have a variance; ``covariance`` is their sparse sampling covariance ``(k, k)``."""
        if self.independent:
            return self.alone(frame, moderators)
        random = random_terms(frame, self.outcome)
        if random:
            return self.multilevel(frame, covariance, random, moderators)
        rows = frame.assign(**{ROW: [f"e{i}" for i in range(len(frame))]})
        return self.multilevel(rows, covariance, f"(1|{ROW})", moderators)

    def alone(self, frame: pd.DataFrame, moderators: str | None = None) -> MetaResult:
        """Pool rows as independent effects."""
        test = self.test if self.test not in TESTS or self.test == "z" else None
        effects = read_effects(self.outcome, "variance", moderators, frame)
        return MetaResult.of(effects, self.method, test or default_test(self.method))

    def influence(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Case diagnostics of rows as independent effects, labelled by task, language and model."""
        named = [name for name in LABELS if name in frame.columns]
        labels = [" · ".join(str(row[name]) for name in named) for row in frame[named].to_dict("records")]
        effects = read_effects(self.outcome, "variance", None, frame, labels)
        return MetaResult.of(effects, self.method, self.alone(frame).test).influence()

    def multilevel(self, frame: pd.DataFrame, covariance: Any, random: str, moderators: str | None) -> MultilevelMeta:
        """Pool rows with these random effects."""
        return meta_analyze(  # type: ignore[return-value]
            self.outcome, covariance, moderators, self.method, self.test, random=random, frame=frame
        )


def random_terms(frame: pd.DataFrame, outcome: str) -> str:
    """The random effects of the default model for some rows; empty if no factor has enough levels."""
    return " + ".join(default_model(frame, outcome, [], few_fixed=False).random)


def pool_groups(
    frame: pd.DataFrame,
    covariance: Any,
    how: PoolingModel,
    by: Sequence[str],
    weights: Floats | None = None,
    correction: str = "holm",
    say: Callable[[str], None] = lambda words: None,
) -> pd.DataFrame:
    """Pool each group, and each subgroup if two columns are given.

    Parameters
    ----------
    frame, covariance
        Rows with a variance and their sampling covariance, sparse, shape ``(k, k)``.
    how
        How to pool.
    by
        One or two columns: groups, and subgroups within them. Rows without a value are in no group.
    weights
        Weight of each row in the pooled effect of all rows, in percent.
    correction
        Multiplicity adjustment of the p-values, separately over groups and over subgroups.
    say
        Called with a short text before each group.

    Returns
    -------
    DataFrame
        One row per group, followed by its subgroups: ``group``, ``subgroup`` (empty for the group itself), ``k``,
        ``estimate``, ``std_error``, ``df``, ``p_value``, ``p_adjusted``, ``conf_low``, ``conf_high``, ``pred_low``,
        ``pred_high``, ``tau2``, ``weight`` (percent) and a ``note`` if it was pooled differently.
    """
    import pandas as pd

    labels = frame[list(by)].astype("str")
    labels = labels.where(stated(frame, by))
    rows: list[dict[str, Any]] = []
    for group in sorted(labels[by[0]].dropna().unique()):
        say(f"pooling {group}")
        at = np.flatnonzero((labels[by[0]] == group).to_numpy())
        rows.append({"group": group, "subgroup": "", **_row(frame, covariance, how, at, weights)})
        if len(by) > 1:
            inner = labels[by[1]].iloc[at]
            for subgroup in sorted(inner.dropna().unique()):
                own = at[(inner == subgroup).to_numpy()]
                rows.append({"group": group, "subgroup": subgroup, **_row(frame, covariance, how, own, weights)})
    found = pd.DataFrame(rows, columns=COLUMNS)
    for whole in (True, False):
        level = ((found["subgroup"] == "") == whole).to_numpy()
        if level.any():
            found.loc[level, "p_adjusted"] = adjust(found.loc[level, "p_value"].to_numpy(dtype=float), correction)
    return found


def stated(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Rows with a value in every column; an empty text counts as missing."""
    return frame[list(by)].notna() & (frame[list(by)].astype("str") != "")


def _row(frame: pd.DataFrame, covariance: Any, how: PoolingModel, at: Any, weights: Floats | None) -> dict[str, Any]:
    """The row of one group."""
    line: dict[str, Any] = {"k": len(at), "weight": np.nan if weights is None else float(weights[at].sum()), "note": ""}
    own = frame.iloc[at].reset_index(drop=True)
    if len(at) == 1:
        one = MetaResult.of(read_effects(how.outcome, "variance", None, own), "FE", "z")
        missing = {"pred_low": np.nan, "pred_high": np.nan, "tau2": np.nan}
        return line | _numbers(one) | missing | {"note": "one effect: sampling error only"}
    try:
        found = how.pool(own, covariance[at][:, at])
    except CrossliftError:
        try:
            found, line["note"] = how.alone(own), "as independent effects"
        except CrossliftError:
            found = MetaResult.of(read_effects(how.outcome, "variance", None, own), "FE", "z")
            line["note"] = "the effects do not differ: sampling errors only"
    return line | _numbers(found)


def _numbers(found: MetaResult | MultilevelMeta) -> dict[str, Any]:
    fixed, predicted = found.fixed.iloc[0], found.predict().iloc[0]
    numbers = {name: float(fixed[name]) for name in NUMBERS}
    numbers |= {"pred_low": float(predicted["pred_low"]), "pred_high": float(predicted["pred_high"])}
    if not isinstance(found, MetaResult) and found.test != "z" and np.isinf(numbers["df"]):
        # If every variance is estimated as zero, Satterthwaite's df are infinite: count the effects instead.
        df = np.array([found.k - 1.0])
        tests = t_tests(np.array([numbers["estimate"]]), np.array([numbers["std_error"]]), df, 0.95)
        numbers |= {name: float(tests[name][0]) for name in NUMBERS}
        numbers |= {"pred_low": numbers["conf_low"], "pred_high": numbers["conf_high"]}
    return numbers | {"tau2": found.tau2}
