"""Publication bias and small-study effects: tests of funnel asymmetry, corrected effects, and limits of the methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import CrossliftError
from ..core.jsonable import records, single
from ..core.text import number, p_words
from .egger import egger
from .selection import selection_model
from .trim_and_fill import ESTIMATORS, trim_and_fill

if TYPE_CHECKING:
    import pandas as pd

    from .multilevel import MultilevelMeta
    from .result import MetaResult

#: Fewest effects, and studies, for a funnel to be informative (Sterne et al. 2011, BMJ 343).
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Bias:
    """Tests of funnel asymmetry and corrected effects.

    ``tests`` has one row per test of asymmetry (``method``, ``estimate`` of the slope or of log delta's test statistic,
    ``statistic``, ``df``, ``p_value``), ``corrected`` one row per method (``method``, ``estimate``, ``conf_low``,
    ``conf_high``, ``note``), ``failed`` the methods without a result, with the reason.
    """

    tests: pd.DataFrame
    corrected: pd.DataFrame
    failed: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The tables and the warnings."""
        return {
            "tests": records(self.tests),
            "corrected": records(self.corrected),
            "failed": [single({"method": method, "reason": reason}) for method, reason in self.failed],
            "warnings": list(self.warnings),
        }


def assess_bias(
    alone: MetaResult,
    pooled: MultilevelMeta | None,
    slope: Callable[[], pd.DataFrame] | None,
    studies: int,
    computed: int,
) -> Bias:
    """Apply every method that can be applied.

    Parameters
    ----------
    alone
        The effects pooled as independent, without moderators.
    pooled
        The multilevel model of the same effects, if there is one.
    slope
        Fits the multilevel model with the standard error as moderator and returns its coefficients (Egger's test for
        dependent effects; Rodgers & Pustejovsky 2021).
    studies
        Number of studies that the effects come from.
    computed
        Number of effects whose sampling variance was computed from the score.
    """
    import pandas as pd

    tests: list[dict[str, Any]] = []
    corrected: list[dict[str, Any]] = []
    failed: list[tuple[str, str]] = []

    def attempt(method: str, run: Callable[[], None]) -> None:
        try:
            run()
        except CrossliftError as error:
            failed.append((method, error.message))

    def add_slope(method: str, frame: pd.DataFrame) -> None:
        by_term = frame.set_index("term")
        steep, limit = by_term.loc["slope"], by_term.loc["limit"]
        tests.append({"method": method, **{name: steep[name] for name in ("estimate", "statistic", "df", "p_value")}})
        corrected.append(
            {"method": f"{method}: at a standard error of zero", "estimate": limit["estimate"],
             "conf_low": limit["conf_low"], "conf_high": limit["conf_high"], "note": ""}
        )  # fmt: skip

    def fill(estimator: str) -> None:
        found = trim_and_fill(alone, estimator)
        row = found.result.fixed.iloc[0]
        corrected.append(
            {"method": f"trim-and-fill {estimator}", "estimate": row["estimate"], "conf_low": row["conf_low"],
             "conf_high": row["conf_high"], "note": f"{found.missing} effects filled in on the {found.side}"}
        )  # fmt: skip

    def select() -> None:
        found = selection_model(alone.effects)
        tests.append({"method": "selection model (likelihood ratio)", "estimate": found.delta,
                      "statistic": found.statistic, "df": 1.0, "p_value": found.p_value})  # fmt: skip
        note = (
            f"a non-significant effect is seen {number(found.delta, 2)} times as often as a significant one "
            f"({found.others} against {found.significant} effects)"
        )
        corrected.append({"method": "selection model", "estimate": found.estimate, "conf_low": found.conf_low,
                          "conf_high": found.conf_high, "note": note})  # fmt: skip

    if pooled is not None and slope is not None:
        attempt("Egger, multilevel", lambda: add_slope("Egger, multilevel", slope()))
    attempt("Egger, independent effects", lambda: add_slope("Egger, independent effects", egger(alone)))
    for estimator in ESTIMATORS:
        attempt(f"trim-and-fill {estimator}", lambda estimator=estimator: fill(estimator))  # type: ignore[misc]
    attempt("selection model", select)
    return Bias(
        pd.DataFrame(tests, columns=["method", "estimate", "statistic", "df", "p_value"]),
        pd.DataFrame(corrected, columns=["method", "estimate", "conf_low", "conf_high", "note"]),
        tuple(failed),
        tuple(_warnings(alone, pooled, studies, computed)),
    )


def _warnings(alone: MetaResult, pooled: MultilevelMeta | None, studies: int, computed: int) -> list[str]:
    k = alone.effects.k
    lines = []
    if k < FEWEST:
        lines.append(f"{k} effects: with fewer than {FEWEST} a funnel plot is not informative, whatever its p-value.")
    if studies < FEWEST:
        lines.append(
            f"the effects come from {studies} {'study' if studies == 1 else 'studies'}. Effects of one study are "
            f"not a sample of what is published: with fewer than {FEWEST} studies these methods show how "
            "small and large effects differ, not publication bias."
        )
    if computed:
        lines.append(
            f"the sampling variances of {computed} of {k} effects are computed from scores and test-set sizes: precise "
            "effects are those of large test sets and of scores near 0 or 100, so a funnel is asymmetric if "
            "tasks differ. Compare with --where for one task."
        )
    if pooled is not None:
        lines.append(
            "trim-and-fill, the selection model and Egger's regression without 'multilevel' treat effects as "
            "independent; effects of one language, task or baseline are not, so the intervals are too narrow."
        )
    return lines


def egger_words(bias: Bias) -> str:
    """The first test of asymmetry as a sentence; empty if there is none."""
    if bias.tests.empty:
        return ""
    row = bias.tests.iloc[0]
    direction = "larger" if row["estimate"] > 0 else "smaller"
    if not str(row["method"]).startswith("Egger"):
        return ""
    if np.isfinite(row["p_value"]) and row["p_value"] < 0.05:
        return f"Less precise effects are {direction} ({row['method']}: {p_words(row['p_value'])})."
    return f"The data do not settle whether less precise effects differ ({row['method']}: {p_words(row['p_value'])})."
