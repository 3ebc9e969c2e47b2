"""Features that every method uses: the same columns, imputed in the same way from the training rows only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError, UnknownLanguageError, unknown_name
from ...languages import distances as typology
from ...languages.codes import resolve_code
from ...records import bundled as datasets
from ...records.condition import CONFIG, Condition

if TYPE_CHECKING:
    import pandas as pd

#: Numeric features, in this order, used if enough rows have them, with their descriptions.
NUMERIC = {
    "typology": "typological distance from the source language",
    "log_corpus": "log₂ size of the language's pretraining corpus",
    "log_params": "log₂ parameters of the model",
    "log_examples": "log₂ examples of the intermediate task",
    "log_train": "log₂ examples of the target task's training data",
    "pivots": "number of languages in the training data (SumEval)",
    "nearest_pivot": "typological distance from the nearest language of the training data (SumEval)",
    "log_own": "log₂ of 1 + training examples in the language itself (SumEval, rows in training)",
}
#: Factors; their levels are random effects of the mixed model and indicators elsewhere.
FACTORS = ("target_task", "model", "intermediate_task")
#: Share of rows that must have a value of a feature.
ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Features:
    """The columns in use: numeric ones and factors."""

    numeric: tuple[str, ...]
    factors: tuple[str, ...]

    def fill(self, rows: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
        """Impute missing numbers by the median over the training rows' languages."""
        middle = {name: float(train.groupby("language")[name].median().median()) for name in self.numeric}
        return rows.assign(**{name: rows[name].astype(float).fillna(value) for name, value in middle.items()})

    def matrix(self, rows: pd.DataFrame, levels: dict[str, Sequence[str]], products: bool = True) -> Floats:
        """Numbers, then an indicator for each level of each factor and, with ``products``, numbers by target task."""
        numbers = rows[list(self.numeric)].to_numpy(dtype=float)
        blocks = [numbers]
        for name in self.factors:
            given = rows[name].astype(str).to_numpy()
            own = (given[:, None] == np.array(levels[name], dtype=object)[None, :]).astype(float)
            blocks.append(own)
            if products and name == "target_task":
                blocks.append((own[:, :, None] * numbers[:, None, :]).reshape(len(rows), -1))
        return np.hstack(blocks)

    def levels(self, train: pd.DataFrame) -> dict[str, Sequence[str]]:
        """Levels of each factor in the training rows."""
        return {name: sorted(train[name].astype(str).unique()) for name in self.factors}


def add_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the numeric features that the rows do not have yet."""
    frame = frame.assign(
        log_examples=np.log2(frame["intermediate_examples"].where(frame["intermediate_examples"] > 0) / 1000.0),
        log_train=np.log2(frame["train_examples"].where(frame["train_examples"] > 0) / 1000.0),
    )
    return _configurations(frame)


def choose(frame: pd.DataFrame, moderators: Sequence[str] = ()) -> Features:
    """Numeric features that at least half of the rows have and that vary, and factors with more than one level.

    Parameters
    ----------
    frame
        Rows with the columns of :func:`add_columns`.
    moderators
        Further numeric columns of the rows.

    Raises
    ------
    CrossliftError
        If a moderator is not a numeric column, is missing in more than half of the rows, or is constant.
    """
    numeric = [name for name in NUMERIC if _telling(frame[name])]
    for name in moderators:
        check_moderator(frame, name)
    numeric += [name for name in dict.fromkeys(moderators) if name not in numeric]
    factors = [name for name in FACTORS if frame[name].notna().all() and frame[name].nunique() >= 2]
    return Features(tuple(numeric), tuple(factors))


def words(name: str) -> str:
    """Description of a numeric feature."""
    return NUMERIC.get(name, "a column of the rows")


def _telling(column: pd.Series[Any]) -> bool:
    return bool(column.notna().mean() >= ENOUGH and column.nunique() >= 2)


def check_moderator(frame: pd.DataFrame, name: str) -> None:
    """Refuse a column that cannot be predicted from."""
    if name not in frame.columns:
        raise unknown_name("column", name, map(str, frame.columns))
    column = frame[name]
    if column.dtype.kind not in "iufb" or not name.isidentifier():
        raise CrossliftError(f"the moderator '{name}' is not a numeric column.",
                             "Code it as numbers, under a name that is valid in a formula.")  # fmt: skip
    if not _telling(column):
        raise CrossliftError(
            f"the moderator '{name}' has a value in {int(column.notna().sum()):,} of {len(frame):,} rows and has "
            f"{column.nunique()} different values: too few to predict from.",
            "At least half of the rows must have it, and not all the same value.",
        )


def _configurations(frame: pd.DataFrame) -> pd.DataFrame:
    """Features of SumEval's training mixtures by row: their languages, the nearest one, the language's own share."""
    named = frame["condition"].map(lambda text: Condition.parse(text).value(CONFIG))
    nothing = {"pivots": np.nan, "nearest_pivot": np.nan, "log_own": np.nan}
    if named.isna().all():
        return frame.assign(**nothing)
    table = datasets.load("sumeval2022_configs")
    codes = {code: _iso(str(code)) for code in table["pivot_language"].unique()}
    table = table.assign(iso=table["pivot_language"].map(codes))
    mixtures = {str(name): dict(zip(own["iso"], own["n_train"], strict=True))
                for name, own in table[table["n_train"] > 0].groupby("config_id")}  # fmt: skip
    languages = sorted({*frame["language"].unique()})
    pivots = sorted({code for own in mixtures.values() for code in own if code})
    distance = {pivot: typology.frame(languages, pivot).set_index("code")["distance"].to_dict() for pivot in pivots}
    counts, nearest, own_examples = [], [], []
    for config, language in zip(named, frame["language"], strict=True):
        mixture = mixtures.get(config, {}) if isinstance(config, str) else {}
        others = [distance[pivot].get(language, np.nan) for pivot in mixture if pivot]
        counts.append(float(len(mixture)) if mixture else np.nan)
        nearest.append(min(others) if others else np.nan)
        own_examples.append(np.log2(1.0 + mixture.get(language, 0.0)) if mixture else np.nan)
    return frame.assign(pivots=counts, nearest_pivot=nearest, log_own=own_examples)


def _iso(code: str) -> str:
    try:
        return resolve_code(code).language.iso
    except UnknownLanguageError:
        return ""
