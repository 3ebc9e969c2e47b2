"""The result of an ordinary meta-analysis: tidy frames, and inference as methods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import CrossliftError
from ..core.jsonable import dropped_rows, records, single
from .between import LIKELIHOODS
from .effects import Effects
from .estimate import Estimate, estimate

if TYPE_CHECKING:
    import pandas as pd

    from .selection import SelectionModel
    from .summary import Summary
    from .trim_and_fill import TrimAndFill


class MetaResult(Estimate):
    """A random-effects meta-analysis of independent effects.

    It is a :class:`analysis.meta.estimate.Estimate` with further inference as methods, each in its own module.
    """

    __slots__ = ()

    @classmethod
    def of(cls, effects: Effects, method: str = "REML", test: str = "knha") -> MetaResult:
        """Pool ``effects``: see :func:`analysis.meta.estimate.estimate`."""
        found = estimate(effects, method, test)
        return cls(found.effects, found.method, found.test, found.tau2, found.fit, found.scale, found.warnings)

    def robust(self, cluster: Iterable[Any], level: float = 0.95) -> pd.DataFrame:
        """CR2 standard errors with Satterthwaite df: see :func:`analysis.meta.robust.cluster_robust`.

        ``cluster`` has one label for each row given or for each effect used.
        """
        from .robust import cluster_codes, cluster_robust

        codes = cluster_codes(self._labels(cluster))
        variance = self.effects.v + self.tau2
        blocks = [np.diag(variance[codes == j]) for j in range(int(codes.max()) + 1)]
        return cluster_robust(self.effects.X, self.coefficients, self.fit.residuals, blocks, codes, self.names, level)

    def leave_one_out(self, by: Iterable[Any] | None = None) -> pd.DataFrame:
        """The first coefficient without each effect or group of effects: see :mod:`analysis.meta.influence`."""
        from .influence import leave_one_out

        return leave_one_out(self, None if by is None else self._labels(by))

    def influence(self) -> pd.DataFrame:
        """Influence of each effect on the fit: see :func:`analysis.meta.influence.influence`."""
        from .influence import influence

        return influence(self)

    def egger(self, kind: str = "lm") -> pd.DataFrame:
        """Egger's test of funnel asymmetry: see :func:`analysis.meta.egger.egger`."""
        from .egger import egger

        return egger(self, kind)

    def trim_and_fill(self, estimator: str = "L0", side: str | None = None) -> TrimAndFill:
        """Duval and Tweedie's trim-and-fill: see :func:`analysis.meta.trim_and_fill.trim_and_fill`."""
        from .trim_and_fill import trim_and_fill

        return trim_and_fill(self, estimator, side)

    def selection(self, alternative: str = "greater", step: float = 0.025) -> SelectionModel:
        """Three-parameter selection model: see :func:`analysis.meta.selection.selection_model`."""
        from .selection import selection_model

        return selection_model(self.effects, alternative, step)

    def to_json(self) -> dict[str, Any]:
        """The meta-analysis part of the JSON contract; floats are not rounded, missing values are ``None``."""
        content: dict[str, Any] = {
            "command": "meta",
            "model": self.kind,
            "method": self.method,
            "df_method": self.test,
            "n_obs": self.effects.k,
            "dropped": dropped_rows(self.effects.dropped),
            "moderators": self.effects.moderators,
            "fixed": records(self.fixed),
            "heterogeneity": records(self.heterogeneity()),
            "q": single(asdict(self.q)),
            "log_likelihood": self.log_likelihood if self.method in (*LIKELIHOODS, "FE") else None,
            "warnings": list(self.warnings),
        }
        if self.effects.intercept_only:
            content["prediction"] = records(self.predict())[0]
        else:
            content["moderator_test"] = records(self.moderator_test())[0]
        return content

    def summary(self) -> Summary:
        """The printed form: text with ``str()``, HTML in a notebook, Markdown with ``.markdown()``."""
        from .summary import Summary

        return Summary(self)

    def __repr__(self) -> str:
        return f"<MetaResult {self.effects.moderators}: {self.effects.k} effects, {self.method}, {self.test}>"

    def _repr_html_(self) -> str:
        return self.summary().html()

    def _labels(self, labels: Iterable[Any]) -> list[Any]:
        """One label per effect used, from one per row given."""
        given = list(labels)
        if len(given) == len(self.effects.kept):
            return [label for label, use in zip(given, self.effects.kept, strict=True) if use]
        if len(given) == self.effects.k:
            return given
        raise CrossliftError(f"{len(given)} labels were given for {self.effects.k} effects.", "Give one per row.")
