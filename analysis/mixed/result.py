"""The result of a fit: tidy frames, warnings, and inference as methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.jsonable import dropped_rows, plain, records
from .fitted import FittedModel

if TYPE_CHECKING:
    import pandas as pd

    from .inference.bootstrap import Bootstrap
    from .inference.permutation import Permutation
    from .inference.r_squared import RSquared
    from .summary import Summary


class MixedResult(FittedModel):
    """The result of a fit: a :class:`analysis.mixed.fitted.FittedModel` with inference as methods.

    Each method calls a module of :mod:`analysis.mixed.inference`, imported on first use.
    """

    __slots__ = ()

    def bootstrap(
        self,
        draws: int = 1000,
        rng: int | np.random.Generator | None = None,
        report: Callable[[int], None] | None = None,
    ) -> Bootstrap:
        """Parametric bootstrap: see :func:`analysis.mixed.inference.bootstrap.bootstrap`."""
        from .inference.bootstrap import bootstrap

        return bootstrap(self, draws, rng, report)

    def compare(self, *others: MixedResult) -> pd.DataFrame:
        """Likelihood-ratio tests and information criteria: see :func:`analysis.mixed.inference.compare.compare`."""
        from .inference.compare import compare

        return compare(self, *others)

    def profile(self, level: float = 0.95, parameters: Sequence[str] | None = None) -> pd.DataFrame:
        """Profile-likelihood intervals: see :func:`analysis.mixed.inference.profile.profile`."""
        from .inference.profile import profile

        return profile(self, level, parameters)

    def influence(self, by: str | pd.Series[Any]) -> pd.DataFrame:
        """Estimates with each level left out in turn: see :func:`analysis.mixed.inference.influence.influence`."""
        from .inference.influence import influence

        return influence(self, by)

    def permutation_test(
        self,
        variable: str,
        by: str = "language",
        draws: int = 999,
        rng: int | np.random.Generator | None = None,
        report: Callable[[int], None] | None = None,
    ) -> Permutation:
        """Shuffle a predictor between whole levels.

        See :func:`analysis.mixed.inference.permutation.permutation_test`.
        """
        from .inference.permutation import permutation_test

        return permutation_test(self, variable, by, draws, rng, report)

    def marginal_effect(
        self, variable: str, frame: pd.DataFrame | None = None, by: str | None = None, level: float = 0.95
    ) -> pd.DataFrame:
        """Average slope in a predictor: see :func:`analysis.mixed.inference.marginal.marginal_effect`."""
        from .inference.marginal import marginal_effect

        return marginal_effect(self, variable, frame, by, level)

    def marginal_means(
        self, variable: str, values: Sequence[Any], frame: pd.DataFrame | None = None, level: float = 0.95
    ) -> pd.DataFrame:
        """Expected outcome at values of a predictor: see :func:`analysis.mixed.inference.marginal.marginal_means`."""
        from .inference.marginal import marginal_means

        return marginal_means(self, variable, values, frame, level)

    def r_squared(self) -> RSquared:
        """Marginal and conditional R²: see :func:`analysis.mixed.inference.r_squared.r_squared`."""
        from .inference.r_squared import r_squared

        return r_squared(self)

    def icc(self) -> pd.DataFrame:
        """Intraclass correlations: see :func:`analysis.mixed.inference.r_squared.icc`."""
        from .inference.r_squared import icc

        return icc(self)

    def random_effects(self) -> pd.DataFrame:
        """Conditional modes: group, level, term, value, std_dev (in the unit of the outcome per unit of the term).

        ``std_dev`` treats the fixed effects and variances as known; it is missing for fits by an external engine.
        """
        import pandas as pd

        from .inference.predictions import mode_std_devs

        frames = []
        spreads = [np.full(m.shape, np.nan) for m in self.modes] if self.fitted is None else mode_std_devs(self)
        for term, modes, spread in zip(self.design.terms, self.modes, spreads, strict=True):
            frames.append(
                pd.DataFrame(
                    {
                        "group": term.group,
                        "level": np.repeat(np.array(term.levels, dtype=object), term.width),
                        "term": np.tile(np.array(term.labels, dtype=object), len(term.levels)),
                        "value": modes.ravel(),
                        "std_dev": spread.ravel(),
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)

    def predictions(
        self,
        frame: pd.DataFrame | None = None,
        level: float = 0.95,
        random: bool = True,
        new_levels: str = "error",
        outcome: bool = False,
    ) -> pd.DataFrame:
        """Predictions with intervals: see :func:`analysis.mixed.inference.predictions.predictions`."""
        from .inference.predictions import predictions

        return predictions(self, frame, level, random, new_levels, outcome)

    def to_json(self) -> dict[str, Any]:
        """The fit part of the JSON contract; floats are not rounded, missing values are ``None``."""
        return {
            "command": "fit",
            "formula": self.formula,
            "outcome": self.outcome,
            "engine": self.engine,
            "df_method": self.df_method,
            "n_obs": self.n_obs,
            "groups": dict(self.groups),
            "dropped": dropped_rows(self.dropped),
            "fixed": records(self.fixed),
            "variance": records(self.variance),
            "correlations": [
                {"group": c.group, "term": c.term, "other": c.other, "correlation": plain(c.correlation)}
                for c in self.correlations
            ],
            "log_likelihood": self.log_likelihood,
            "criterion": self.criterion,
            "aic": self.aic,
            "r_squared": None if self.fitted is None else asdict(self.r_squared()),
            "reml": self.reml,
            "singular": self.singular,
            "converged": self.converged,
            "evaluations": self.evaluations,
            "warnings": list(self.warnings),
        }

    def summary(self) -> Summary:
        """The printed form: text with ``str()``, HTML in a notebook, Markdown with ``.markdown()``."""
        from .summary import Summary

        return Summary(self)

    def __repr__(self) -> str:
        return f"<MixedResult {self.formula}: {self.n_obs} rows, {self.engine}, {self.df_method}>"

    def _repr_html_(self) -> str:
        return self.summary().html()
