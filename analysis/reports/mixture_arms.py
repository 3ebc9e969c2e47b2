"""Two intermediate mixtures at the same two sizes, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError
from ..mixed import MixedResult, fit_mixed
from ..records import bundled as datasets
from .numbers import Value

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """The two mixtures and the two models; sizes are base-2 logarithms of billions of parameters."""

    narrow: str
    wide: str
    models: tuple[str, str]
    sizes: tuple[float, float]
    dropped: tuple[tuple[str, int], ...]

    def position(self, params_m: float) -> float:
        """0 at the smaller model, 1 at the larger, linear in the logarithm of size."""
        low, high = self.sizes
        return (float(np.log2(params_m / 1000.0)) - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Arms:
    """Wide minus narrow at both sizes, the change, and by whether the wide mixture contains the language."""

    small: Value
    large: Value
    change: Value
    result: MixedResult
    pair: Pair
    tuned: dict[str, tuple[Value, str]]
    tuned_words: str

    def between(self, params_m: float) -> Value:
        """The difference at another size on the straight line between the two."""
        return _line(self.result, {"Intercept": 1.0, "larger": self.pair.position(params_m)})


@dataclass(frozen=True, slots=True)
class Change:
    """Change of one mixture's gain between two sizes on the straight line through the measured ones."""

    value: Value
    at_small: Value
    at_large: Value
    result: MixedResult


def arm_rows(gains: pd.DataFrame, narrow: str, wide: str) -> tuple[pd.DataFrame, Pair]:
    """Cells of language, task, condition and model with gains under both mixtures, at the two extreme sizes.

    Returns
    -------
    frame
        ``language``, ``target_task``, ``condition``, ``model``, ``typology``, ``larger`` (0 or 1), one column per
        mixture, and ``difference``.
    pair
        What was chosen.

    Raises
    ------
    CrossliftError
        If fewer than two sized models have both mixtures.
    """
    rows = gains[gains["intermediate_task"].isin([narrow, wide]) & gains["log_params"].notna()]
    index = ["language", "target_task", "condition", "model", "log_params", "typology"]
    filled = rows.assign(condition=rows["condition"].fillna(""))
    cells = filled.pivot_table(index=index, columns="intermediate_task", values="gain").reset_index()
    if not {narrow, wide} <= set(cells.columns):
        raise CrossliftError(f"no model was tuned on both '{narrow}' and '{wide}'.", "The report needs both mixtures.")
    both = cells.dropna(subset=[narrow, wide])
    sizes = both.groupby("model")["log_params"].first().sort_values()
    if len(sizes) < 2:
        raise CrossliftError(f"'{narrow}' and '{wide}' were both used at {len(sizes)} size.", "A change needs two.")
    models = (str(sizes.index[0]), str(sizes.index[-1]))
    kept = both[both["model"].isin(models)].copy()
    kept["larger"] = (kept["model"] == models[1]).astype(float)
    kept["difference"] = kept[wide] - kept[narrow]
    dropped = (("gain under another mixture, at another size, or without its partner", len(gains) - 2 * len(kept)),)
    pair = Pair(narrow, wide, models, (float(sizes.iloc[0]), float(sizes.iloc[-1])), dropped)
    return kept.reset_index(drop=True), pair


def arms_at(cells: pd.DataFrame, pair: Pair) -> Arms:
    """Fit the difference on size, with crossed intercepts and changes for languages and tasks."""
    result = fit_mixed("difference ~ larger" + _random(cells), cells)
    held = datasets.load("language").set_index("language")["xp3_size"].dropna()
    used = cells.assign(held=cells["language"].isin(list(held.index)).astype(float))
    inside, total = int(used.loc[used["held"] == 1.0, "language"].nunique()), int(used["language"].nunique())
    tuned: dict[str, tuple[Value, str]] = {}
    words = "The languages of the wide mixture are not among the bundled data."
    if pair.wide == "xP3" and 0 < inside < total:
        by = fit_mixed("difference ~ larger + held" + _random(used), used)
        half = {"Intercept": 1.0, "larger": 0.5}
        tuned = {
            f"{pair.wide} minus {pair.narrow}, language in the mixture": (
                _line(by, {**half, "held": 1.0}), f"{inside} languages"),
            f"{pair.wide} minus {pair.narrow}, language not in it": (_line(by, half), f"{total - inside} languages"),
            "difference": (_line(by, {"held": 1.0}), f"{total} languages"),
        }  # fmt: skip
        words = "Averaged over the two sizes; languages with rows in xP3 as its authors count them."
    return Arms(
        _line(result, {"Intercept": 1.0}),
        _line(result, {"Intercept": 1.0, "larger": 1.0}),
        _line(result, {"larger": 1.0}),
        result,
        pair,
        tuned,
        words,
    )


def between_sizes(cells: pd.DataFrame, pair: Pair, mixture: str, small: float, large: float) -> Change:
    """Change of the gain under ``mixture`` from ``small`` to ``large`` (millions of parameters)."""
    rows = cells.assign(gain=cells[mixture])
    result = fit_mixed("gain ~ larger" + _random(rows), rows)
    step = pair.position(large) - pair.position(small)
    return Change(
        _line(result, {"larger": step}),
        _line(result, {"Intercept": 1.0}),
        _line(result, {"Intercept": 1.0, "larger": 1.0}),
        result,
    )


def _random(rows: pd.DataFrame) -> str:
    terms = ["(1 + larger||language)"]
    if rows["target_task"].nunique() >= FEWEST:
        terms.append("(1 + larger||target_task)")
        cells = rows.groupby(["language", "target_task"]).ngroups
        if rows["language"].nunique() < cells < len(rows) / 2:
            terms.append("(1 + larger||language:target_task)")
    return "".join(f" + {term}" for term in terms)


def _line(result: MixedResult, weights: dict[str, float]) -> Value:
    row = np.zeros((1, len(result.names)))
    for name, weight in weights.items():
        row[0, result.names.index(name)] = weight
    return Value.of_row(result.contrast(row).iloc[0].to_dict(), "points")
