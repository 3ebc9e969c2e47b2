"""Any column of numbers as a factor: what it is a property of, and the step that its slope is stated for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError, DesignError, unknown_name
from ..core.text import count
from ..records import bundled
from ..records.language_values import read_language_values
from .covariates import FACTORS, Factor
from .language_values import join_values
from .sources import SOURCE

if TYPE_CHECKING:
    import pandas as pd

#: What a column can be a property of, the first that fits.
LEVELS = ("language", "model", "target_task", "intermediate_task", "train_language", "run")
#: What it can be a property of together with the language: of a pair of languages, of a language in one model.
WITH_LANGUAGE = (SOURCE, "model", "target_task", "intermediate_task")
#: Steps that sentences report a slope for: of shares and distances, which lie between -1 and 1, and of other numbers.
SHARE, UNIT = 0.1, 1.0
#: Standard deviation from which a step is a power of ten.
WIDE = 100.0
#: Bundled values of languages whose columns ``--factor`` names, and what to say of them.
BUNDLED = {
    "subword_overlap": "measured with me5-small's tokenizer on SIB-200's test sentences; 'runner overlap' measures it "
    "with another one"
}


def factors_of(
    names: Sequence[str], frame: pd.DataFrame, source: str
) -> tuple[tuple[Factor, ...], pd.DataFrame, tuple[str, ...]]:
    """The factors that names mean, the rows with a column for each, and what to say about them.

    A name is one of ``FACTORS``, a column of numbers of the rows, or one of a bundled table of languages.

    Raises
    ------
    CrossliftError
        If a name means nothing, or a column is no property of languages, models, tasks or runs.
    """
    found: list[Factor] = []
    notices: list[str] = []
    for name in names:
        if name in FACTORS:
            found.append(FACTORS[name])
            continue
        if name not in frame.columns and name in bundled_columns():
            table = bundled_columns()[name]
            values = read_language_values(table).only(name)
            frame, said = join_values(frame, values, source)
            notices += [*said, f"'{name}' is {BUNDLED[table]}."]
        factor, frame = _own(name, frame)
        found.append(factor)
    return tuple(found), frame, tuple(notices)


@lru_cache(maxsize=1)
def bundled_columns() -> dict[str, str]:
    """Bundled table of each factor that comes from one."""
    return {str(column): name for name in BUNDLED for column in bundled.load(name).select_dtypes("number").columns}


def _own(name: str, frame: pd.DataFrame) -> tuple[Factor, pd.DataFrame]:
    """A column of numbers as a factor, in a column whose name a formula can have."""
    if name not in frame.columns:
        numeric = [str(column) for column in frame.select_dtypes("number").columns]
        raise unknown_name("factor", name, [*FACTORS, *bundled_columns(), *numeric])
    values = frame[name]
    if values.dtype.kind not in "iufb":
        raise CrossliftError(
            f"the factor '{name}' is a column of names, not of numbers.",
            f"Put it into a --formula, or split the rows by it: --within {name}.",
        )
    numbers = values.astype(float)
    known = numbers[np.isfinite(numbers)]
    if known.nunique() < 2:
        has = "no value" if known.empty else "the same value"
        raise DesignError(f"the factor '{name}' has {has} in all {count(len(frame))} rows.", "Choose another factor.")
    column = re.sub(r"\W+", "_", name).strip("_") or "factor"
    column = column if column.isidentifier() else f"x_{column}"
    if column != name and column in frame.columns:
        raise CrossliftError(f"the columns '{name}' and '{column}' cannot be told apart in a formula.", "Rename one.")
    frame = frame.assign(**{column: numbers})
    step, words = step_of(known.to_numpy()), re.sub(r"[_\W]+", " ", name).strip()
    return Factor(name, column, step, f"{step:g} of {words}", level_of(frame, column), words), frame


def level_of(frame: pd.DataFrame, column: str) -> str:
    """What a column is a property of: the level that its slope rests on.

    A property of pairs of languages, or of languages in each model or task, rests on languages.

    Raises
    ------
    DesignError
        If it varies within all of them.
    """
    known = frame[frame[column].notna()]
    for level in LEVELS:
        if level in known.columns and _constant(known, column, [level]):
            return level
    for other in WITH_LANGUAGE:
        if other in known.columns and _constant(known, column, ["language", other]):
            return "language"
    raise DesignError(
        f"'{column}' differs between rows of one language, model, task and run: it is not a property of any of them.",
        f"Put it into a --formula, such as '… ~ {column} + (1|language)'.",
    )


def _constant(rows: pd.DataFrame, column: str, levels: list[str]) -> bool:
    """Whether a column has one value in each level, and these are several."""
    stated = rows.dropna(subset=levels)
    if len(stated) < len(rows):
        return False
    groups = stated.groupby(levels, observed=True)[column]
    return bool((groups.max() == groups.min()).all()) and groups.ngroups > 1


def step_of(values: np.ndarray) -> float:
    """The step that a slope is stated for: 0.1 of a share or distance, else 1, or a power of ten of wide numbers."""
    if np.abs(values).max() <= 1.0 and len(np.unique(values)) > 2:
        return SHARE
    spread = float(values.std())
    return float(10.0 ** np.floor(np.log10(spread))) if spread >= WIDE else UNIT
