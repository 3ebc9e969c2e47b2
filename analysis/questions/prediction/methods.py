"""The methods: the mixed model and its competitors. Each is fitted to training rows and predicts others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Booleans, Floats
from ...mixed import MixedResult, fit_mixed
from ...mixed.inference.left_out import LeftOut
from ...outcomes.default_model import FEWEST_LEVELS, RUNS, default_model
from .features import Features

if TYPE_CHECKING:
    import pandas as pd

#: Cross-validation folds of the training languages for the lasso's penalty.
SPLITS = 5
LIMITS = ("estimate", "conf_low", "conf_high")
# A column whose standard deviation is a smaller share of its largest value is constant.
CONSTANT = 1e-9


@dataclass(frozen=True, slots=True)
class Predicted:
    """Predictions, shape ``(n,)``, and 95% limits if the method has its own."""

    estimate: Floats
    conf_low: Floats | None = None
    conf_high: Floats | None = None


def mixed_formula(frame: pd.DataFrame, outcome: str, features: Features) -> str:
    """All numeric features, crossed effects, and slopes in distance and corpus size for each target task."""
    formula = default_model(frame, outcome, list(features.numeric)).formula
    varying = [name for name in ("typology", "nearest_pivot", "log_corpus") if name in features.numeric]
    if varying and frame["target_task"].nunique() >= FEWEST_LEVELS:
        formula = formula.replace("(1|target_task)", f"(1 + {' + '.join(varying)}||target_task)")
    return formula


def fit_model(train: pd.DataFrame, outcome: str, features: Features) -> MixedResult:
    """The mixed model of all features (REML)."""
    filled = _one_study(features.fill(train, train))
    return fit_mixed(mixed_formula(filled, outcome, features), filled)


def _one_study(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of few studies as one: as a fixed effect, a study would not allow predictions for another."""
    return rows.assign(study="") if rows["study"].nunique() < FEWEST_LEVELS else rows


def stand_in(
    result: MixedResult, rows: pd.DataFrame, train: pd.DataFrame, features: Features
) -> tuple[pd.DataFrame, list[tuple[str, str, Booleans]]]:
    """Rows that the model can predict, and which factors were set to their most frequent level in which rows.

    A factor with two levels is a fixed effect, so a third level has neither a coefficient nor a variance.
    """
    taken = []
    for name in result.design.fixed_variables:
        if name in features.numeric:
            continue
        unseen = ~rows[name].isin(train[name].unique())
        if unseen.any():
            usual = str(train[name].mode().iloc[0])
            rows = rows.assign(**{name: rows[name].where(~unseen, usual)})
            taken.append((name, usual, unseen.to_numpy()))
    return rows, taken


def mixed(train: pd.DataFrame, test: pd.DataFrame, outcome: str, features: Features, seed: int) -> Predicted:
    """The mixed model; new levels, and the training runs, add variance but no effect."""
    result = fit_model(train, outcome, features)
    found = result.predictions(_new_rows(result, test, train, features), new_levels="average", outcome=True)
    return Predicted(*(found[name].to_numpy() for name in LIMITS))


def _new_rows(result: MixedResult, test: pd.DataFrame, train: pd.DataFrame, features: Features) -> pd.DataFrame:
    """Rows of a new run that the model can predict."""
    rows, _ = stand_in(result, features.fill(test, train), train, features)
    return rows.assign(**dict.fromkeys(RUNS, "(new)"))


class MixedFolds:
    """The mixed model without some rows, from the fit of all: as :func:`mixed` on the others, in a part of its time.

    Where the rows that remain take another formula, or do not tell its fixed effects apart, the model is fitted anew.
    """

    def __init__(self, frame: pd.DataFrame, outcome: str, features: Features, whole: MixedResult | None = None) -> None:
        self._outcome, self._features = outcome, features
        self._filled = features.fill(frame, frame)[list(features.numeric)].to_numpy(dtype=float)
        self._whole = fit_model(frame, outcome, features) if whole is None else whole
        self._left_out = LeftOut(self._whole) if self._whole.design.kept.all() else None

    def predict(self, out: Booleans, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Predicted:
        """Predict ``test``, the rows that are ``out``, from ``train``, the others."""
        features, whole = self._features, self._whole
        filled = features.fill(train, train)
        left_out = self._left_out
        if left_out is not None and mixed_formula(_one_study(filled), self._outcome, features) == whole.formula:
            changed = np.zeros(len(out), dtype=bool)
            changed[~out] = (filled[list(features.numeric)].to_numpy(dtype=float) != self._filled[~out]).any(axis=1)
            rows = _new_rows(whole, test, train, features)
            moved = (filled[changed[~out]], changed) if changed.any() else None
            found = left_out.predictions(out, rows, moved)
            if found is not None:
                return Predicted(*(found[name].to_numpy() for name in LIMITS))
        return mixed(train, test, self._outcome, features, seed)


def mean(train: pd.DataFrame, test: pd.DataFrame, outcome: str, features: Features, seed: int) -> Predicted:
    """The mean of the target task in training; for a new task, of all rows."""
    by_task = train.groupby("target_task")[outcome].mean()
    return Predicted(test["target_task"].map(by_task).fillna(train[outcome].mean()).to_numpy(dtype=float))


def linear(train: pd.DataFrame, test: pd.DataFrame, outcome: str, features: Features, seed: int) -> Predicted:
    """Least squares on the numeric features, one fit per target task; for a new task, the mean."""
    result = np.array(mean(train, test, outcome, features, seed).estimate)
    filled, new = features.fill(train, train), features.fill(test, train)
    for task, rows in filled.groupby("target_task"):
        where = (new["target_task"] == task).to_numpy()
        if not where.any():
            continue
        X = rows[list(features.numeric)].to_numpy(dtype=float)
        center, scale = _units(X)
        design = np.column_stack([np.ones(len(X)), (X - center) / scale])
        coefficients, *_ = np.linalg.lstsq(design, rows[outcome].to_numpy(dtype=float), rcond=None)
        own = (new.loc[where, list(features.numeric)].to_numpy(dtype=float) - center) / scale
        result[where] = np.column_stack([np.ones(len(own)), own]) @ coefficients
    return Predicted(result)


def _units(X: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column; one for a constant column, even with rounding errors."""
    center, scale = X.mean(axis=0), X.std(axis=0)
    scale[scale <= CONSTANT * np.abs(X).max(axis=0, initial=0.0)] = 1.0
    return center, scale


def lasso(train: pd.DataFrame, test: pd.DataFrame, outcome: str, features: Features, seed: int) -> Predicted:
    """Lasso on numbers, indicators and products by task; its penalty by cross-validation over training languages."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LassoCV
    from sklearn.model_selection import GroupKFold

    X, new = _matrices(train, test, features)
    center, scale = _units(X)
    X, new = (X - center) / scale, (new - center) / scale
    splits = min(SPLITS, train["language"].nunique())
    folds = list(GroupKFold(splits).split(X, groups=train["language"]))
    model = LassoCV(cv=folds, precompute=True, max_iter=2000, alphas=30)
    with one_thread(), warnings.catch_warnings():
        # At the smallest penalties of the path, which cross-validation seldom chooses.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, train[outcome].to_numpy(dtype=float))
    return Predicted(np.asarray(model.predict(new)))


def boosting(train: pd.DataFrame, test: pd.DataFrame, outcome: str, features: Features, seed: int) -> Predicted:
    """Gradient boosting of trees on numbers and indicators, scikit-learn's defaults without early stopping."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    X, new = _matrices(train, test, features, products=False)  # trees find interactions themselves
    model = HistGradientBoostingRegressor(early_stopping=False, random_state=seed)
    with one_thread():
        model.fit(X, train[outcome].to_numpy(dtype=float))
        return Predicted(np.asarray(model.predict(new)))


def one_thread() -> AbstractContextManager[Any]:
    """One thread for scikit-learn: a tree of a thousand rows is done before a second thread has woken.

    Where other work shares the cores, threads that wait for each other took ten times the processor's seconds.
    """
    return _controller().limit(limits=1)


@lru_cache(maxsize=1)
def _controller() -> Any:
    import sklearn.ensemble  # noqa: F401  its OpenMP has to be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _matrices(
    train: pd.DataFrame, test: pd.DataFrame, features: Features, products: bool = True
) -> tuple[Floats, Floats]:
    levels = features.levels(train)
    return (
        features.matrix(features.fill(train, train), levels, products),
        features.matrix(features.fill(test, train), levels, products),
    )


Method = Callable[["pd.DataFrame", "pd.DataFrame", str, Features, int], Predicted]
#: Methods by their names in tables and figures.
METHODS: dict[str, Method] = {
    "mixed model": mixed,
    "gradient boosting": boosting,
    "lasso": lasso,
    "per-task linear": linear,
    "mean": mean,
}
