r"""Three-level and crossed meta-analysis through the mixed-model engine, with known sampling variances.

Effects of one language, task or model are correlated, and gains over one baseline share its sampling error: the former
are random effects, the latter is part of the sampling covariance. I² is Nakagawa & Santos's (2012) with the typical
sampling variance ``(k - p) / tr P`` of the whole covariance (Jackson et al. 2012 for one level).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Booleans, Floats, Integers
from ..core.errors import CrossliftError, DesignError
from ..core.jsonable import dropped_rows, records, single
from ..core.memory import require
from ..mixed import MixedResult, fit_mixed
from ..mixed.numerics.sampling import known_variance
from .heterogeneity import QTest, q_of_independent
from .likelihood import restricted_constant

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

    from ..mixed.inference.factor_means import FactorMeans
    from .summary import MultilevelSummary

#: Tests, and their names in the engine.
TESTS = {"satterthwaite": "satterthwaite", "kenward-roger": "kenward-roger", "z": "normal"}
#: The name of the variance between effects in the same cell.
REST = "Residual"


@dataclass(frozen=True, slots=True, repr=False)
class MultilevelMeta:
    """A meta-analysis with several random effects.

    Attributes
    ----------
    mixed
        The engine's fit.
    covariance
        Sampling covariance of the effects used, shape ``(k, k)``, sparse.
    rows
        The rows used.
    kept, dropped
        Which of the rows given are used, and why the others are left out.
    method, test
        ``REML`` or ``ML``; ``satterthwaite``, ``kenward-roger`` or ``z``.
    random
        The random effects as given.
    """

    mixed: MixedResult
    covariance: csr_array
    rows: pd.DataFrame
    kept: Booleans
    dropped: tuple[tuple[str, int], ...]
    method: str
    test: str
    random: str

    @property
    def kind(self) -> str:
        """The kind of model in words."""
        return "multilevel, known sampling covariance"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.mixed.names

    @property
    def intercept_only(self) -> bool:
        """True if the one coefficient is the pooled effect."""
        return self.names == ("Intercept",)

    @property
    def coefficients(self) -> Floats:
        """Coefficients, shape ``(p,)``."""
        return self.mixed.coefficients

    @property
    def fixed(self) -> pd.DataFrame:
        """Coefficients: term, estimate, std_error, df, statistic, p_value, 95% conf_low and conf_high."""
        return self.mixed.fixed

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.mixed.n_obs

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings with advice."""
        return self.mixed.warnings

    @property
    def tau2(self) -> float:
        """Sum of the variances of all random effects: the variance of an effect with all levels new."""
        return float(sum(component.variance for component in self.mixed.components))

    @property
    def sampling(self) -> Floats:
        """Sampling covariance of the effects used, shape ``(k, k)``, dense."""
        self._require_dense()
        return np.asarray(self.covariance.toarray())

    @property
    def q(self) -> QTest:
        """Cochran's Q at the inverse sampling covariance: under the null all variation is sampling error."""
        rows = self.mixed.minimum().rows  # with independent sampling errors of variance one
        return q_of_independent(rows.y, rows.X)

    def typical_variance(self) -> float:
        """The typical sampling variance with which I² compares the variances of the random effects."""
        rows = self.mixed.minimum().rows
        assert rows.root is not None
        weighted = rows.root[:, None] * rows.X  # the inverse covariance times X, up to a rotation
        trace = float(rows.root @ rows.root) - np.trace(np.linalg.solve(rows.X.T @ rows.X, weighted.T @ weighted))
        return float((self.k - rows.X.shape[1]) / trace)

    @property
    def variance(self) -> pd.DataFrame:
        """Variances of the random effects, and the share of each in the variance of an effect.

        Returns
        -------
        DataFrame
            ``group`` (``Residual``: between effects in the same cell; ``total``), ``levels``, ``variance``,
            ``std_dev``, ``I2`` (percent). The rest to 100 is sampling error.
        """
        import pandas as pd

        whole = self.tau2 + self.typical_variance()
        rows = [
            (c.group, self.mixed.groups.get(c.group, self.k), c.variance, c.std_dev, 100.0 * c.variance / whole)
            for c in self.mixed.components
        ]
        rows.append(("total", self.k, self.tau2, float(np.sqrt(self.tau2)), 100.0 * self.tau2 / whole))
        return pd.DataFrame(rows, columns=["group", "levels", "variance", "std_dev", "I2"])

    def heterogeneity(self) -> pd.DataFrame:
        """Total tau2 of all random effects, tau, I² (percent) and H²: measure, estimate, conf_low, conf_high.

        The columns are those of an ordinary meta-analysis; the total of several variances has no interval (missing).
        """
        import pandas as pd

        typical = self.typical_variance()
        values = {"tau2": self.tau2, "tau": float(np.sqrt(self.tau2)), "I2": self.i2, "H2": self.tau2 / typical + 1.0}
        rows = [(name, value, np.nan, np.nan) for name, value in values.items()]
        return pd.DataFrame(rows, columns=["measure", "estimate", "conf_low", "conf_high"])

    @property
    def i2(self) -> float:
        """Share of the variance that is not sampling error, in percent."""
        return float(100.0 * self.tau2 / (self.tau2 + self.typical_variance()))

    def marginal(self) -> Floats:
        """Covariance of the effects from sampling error and random effects, shape ``(k, k)``."""
        self._require_dense()
        return self._marginal(np.arange(self.k))

    def _require_dense(self) -> None:
        require(3 * 8.0 * self.k**2, f"the covariance of {self.k:,} effects", "Take it of a part of the effects.")

    def _marginal(self, at: Integers) -> Floats:
        """The covariance of some of the effects."""
        total = np.asarray(self.covariance[at][:, at].toarray())
        variances = {component.group: component.variance for component in self.mixed.components}
        for term in self.mixed.design.terms:
            codes = term.codes[at]
            total += variances[term.group] * (codes[:, None] == codes)
        total[np.diag_indices_from(total)] += variances.get(REST, 0.0)
        return total

    @property
    def weights(self) -> Floats:
        """Weight of each effect in the pooled one, in percent, shape ``(k,)``; weights may be negative.

        Raises
        ------
        CrossliftError
            If there are moderators, because then no coefficient is a weighted mean.
        """
        if not self.intercept_only:
            raise CrossliftError("weights are for fits without moderators.")
        weights = self._solved()[:, 0]
        return np.asarray(100.0 * weights / weights.sum())

    def _solved(self) -> Floats:
        """The inverse of the marginal covariance times the moderators, shape ``(k, p)``.

        With ``X`` and ``Z`` brought to independent errors of variance one it is ``X - ZG(Z'H⁻¹X)``, whose last part
        the fit has; what brought them there is then undone.
        """
        state = self.mixed.minimum()
        rows, point, criterion = state.rows, state.point, state.criterion
        assert rows.root is not None
        left = rows.X.copy()
        for operand, cross, triangle in zip(rows.operands, point.cross, criterion.lambdas(point.theta), strict=True):
            left -= operand.matrix() @ (float(triangle[0, 0]) ** 2 * (cross @ criterion.data.triangle))
        weighted = rows.root[:, None] * left
        rotation = known_variance(self.covariance, self.rows, np.ones(self.k, dtype=bool)).rotation
        return weighted if rotation is None else np.asarray(rotation @ weighted)

    def predict(self, frame: pd.DataFrame | None = None, level: float = 0.95) -> pd.DataFrame:
        """Expected effect, and a prediction interval for an effect with new levels of every grouping factor.

        Parameters
        ----------
        frame
            Rows with the moderators; not needed for an intercept alone.
        level
            Coverage of both intervals.

        Returns
        -------
        DataFrame
            ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``pred_low``, ``pred_high``.
        """
        return self._predictions(self._rows(frame), self.tau2, level)

    def new_levels(self, level: float = 0.95, groups: Sequence[str] | None = None) -> pd.DataFrame:
        """Prediction intervals for the mean effect of one new level of a factor, averaged over levels of the others.

        ``groups`` are the grouping factors to report; if not given, all except interactions.

        Returns
        -------
        DataFrame
            ``group``, ``estimate``, ``pred_low``, ``pred_high``; the last row, ``all``, is an effect with new
            levels of every factor.
        """
        import pandas as pd

        rows = np.ones((1, 1)) if self.intercept_only else self.mixed.design.X.mean(axis=0)[None, :]
        parts = [
            (c.group, c.variance)
            for c in self.mixed.components
            if (":" not in c.group and c.group != REST if groups is None else c.group in groups)
        ]
        frames = [
            self._predictions(rows, variance, level).assign(group=group)
            for group, variance in [*parts, ("all", self.tau2)]
        ]
        return pd.concat(frames, ignore_index=True)[["group", "estimate", "pred_low", "pred_high"]]

    def moderator_test(self) -> pd.DataFrame:
        """F test that all coefficients but the intercept are zero: statistic, num_df, den_df, p_value."""
        tested = [j for j, name in enumerate(self.names) if name != "Intercept"]
        if not tested:
            raise CrossliftError("the model has no moderator to test.", "Give moderators=.")
        return self.mixed.test(np.eye(len(self.names))[tested])

    def anova(self, kind: int | str = 3) -> pd.DataFrame:
        """F tests of the moderators, of type 1, 2 or 3: see :func:`analysis.mixed.inference.anova.anova`."""
        return self.mixed.anova(kind)

    def means(
        self,
        factors: str | Sequence[str],
        over: str = "cells",
        at: Mapping[str, float] | None = None,
        level: float = 0.95,
    ) -> FactorMeans:
        """Mean effects at the levels of factors, over equal ``"cells"`` or observed ``"rows"``, and their contrasts.

        See :func:`analysis.mixed.inference.factor_means.factor_means`.
        """
        return self.mixed.means(factors, over, at, level)

    def robust(self, cluster: Iterable[Any], level: float = 0.95) -> pd.DataFrame:
        """CR2 standard errors with Satterthwaite df: see :func:`analysis.meta.robust.cluster_robust`.

        Raises
        ------
        DesignError
            If a random effect or a shared sampling error spans clusters: robust errors need clusters that are
            independent in the model too.
        """
        from .robust import cluster_codes, cluster_robust

        labels = [label for label, use in zip(cluster, self.kept, strict=True) if use]
        codes = cluster_codes(labels)
        over = [term.group for term in self.mixed.design.terms if not _nested(term.codes, codes)]
        variances = {component.group: component.variance for component in self.mixed.components}
        shared = self.covariance.tocoo()
        apart = codes[shared.coords[0]] != codes[shared.coords[1]]
        if any(variances[group] > 0.0 for group in over) or np.abs(shared.data[apart]).max(initial=0.0) > 0.0:
            reach = f"'{over[0]}' spans" if over else "a shared sampling error spans"
            raise DesignError(
                f"{reach} several clusters, which robust standard errors treat as independent.",
                "Cluster by the outermost factor, or use a model of independent effects or with nested factors only.",
            )
        sizes = np.bincount(codes)
        require(4 * 8.0 * float(sizes @ sizes), f"the covariances within {len(sizes):,} clusters of effects",
                "Cluster by a column with more levels.")  # fmt: skip
        blocks = [self._marginal(np.flatnonzero(codes == j)) for j in range(len(sizes))]
        residuals = self.mixed.design.y - self.mixed.design.X @ self.coefficients
        return cluster_robust(self.mixed.design.X, self.coefficients, residuals, blocks, codes, self.names, level)

    def leave_one_out(self, by: Iterable[Any], level: float = 0.95) -> pd.DataFrame:
        """The first coefficient without each group of effects, with all parameters re-estimated.

        Parameters
        ----------
        by
            One label for each row given.
        level
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            ``left_out``, ``rows``, ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``, ``conf_low``,
            ``conf_high``, ``tau2``, ``reason`` (why the numbers are missing).
        """
        import pandas as pd

        labels = np.asarray([label for label, use in zip(by, self.kept, strict=True) if use], dtype=object)
        names = list(dict.fromkeys(label for label in labels if not pd.isna(label)))
        if len(names) < 2:
            raise CrossliftError("all effects belong to one group: no effects remain without it.")
        rows: list[dict[str, Any]] = []
        for name in names:
            rest = np.flatnonzero(labels != name)
            row: dict[str, Any] = {"left_out": str(name), "rows": len(labels) - len(rest)}
            try:
                fit = fit_mixed(
                    self.mixed.formula,
                    self.rows.iloc[rest].reset_index(drop=True),
                    reml=self.method == "REML",
                    variances=self.covariance[rest][:, rest],
                    df=TESTS[self.test],
                    residual=any(component.group == REST for component in self.mixed.components),
                )
            except CrossliftError as error:
                rows.append(row | {"reason": error.message})
                continue
            row |= {str(key): value for key, value in fit.conf_int(level).iloc[0].drop("term").items()}
            rows.append(row | {"tau2": sum(c.variance for c in fit.components), "reason": ""})
        columns = ["left_out", "rows", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
                   "tau2", "reason"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def to_json(self) -> dict[str, Any]:
        """The meta-analysis part of the JSON contract; floats are not rounded, missing values are ``None``."""
        content: dict[str, Any] = {
            "command": "meta",
            "model": self.mixed.formula,
            "method": self.method,
            "df_method": self.test,
            "n_obs": self.k,
            "groups": dict(self.mixed.groups),
            "dropped": dropped_rows(self.dropped),
            "fixed": records(self.fixed),
            "heterogeneity": records(self.variance),
            "q": single(asdict(self.q)),
            "log_likelihood": self.mixed.log_likelihood,
            "log_likelihood_constant": restricted_constant(self.method, self.mixed.design.X),
            "singular": self.mixed.singular,
            "converged": self.mixed.converged,
            "warnings": list(self.warnings),
        }
        if self.intercept_only:
            content["prediction"] = records(self.predict())[0]
            content["new_levels"] = records(self.new_levels())
        else:
            content["moderator_test"] = records(self.moderator_test())[0]
        return content

    def summary(self) -> MultilevelSummary:
        """The printed form: text with ``str()``, HTML in a notebook, Markdown with ``.markdown()``."""
        from .summary import MultilevelSummary

        return MultilevelSummary(self)

    def __repr__(self) -> str:
        return f"<MultilevelMeta {self.mixed.formula}: {self.k} effects, {self.method}, {self.test}>"

    def _repr_html_(self) -> str:
        return self.summary().html()

    def _rows(self, frame: pd.DataFrame | None) -> Floats:
        if frame is None:
            if not self.intercept_only:
                raise CrossliftError(
                    f"the effect depends on {', '.join(n for n in self.names if n != 'Intercept')}.",
                    "Give a frame with the values to predict at.",
                )
            return np.ones((1, 1))
        return self.mixed.design.evaluator.evaluate(frame)

    def _predictions(self, rows: Floats, variance: float, level: float) -> pd.DataFrame:
        from scipy.special import stdtrit

        found = self.mixed.contrast(rows, level)
        width = stdtrit(np.minimum(found["df"], 1e12), 0.5 + level / 2.0) * np.sqrt(found["std_error"] ** 2 + variance)
        kept = found[["estimate", "std_error", "conf_low", "conf_high"]]
        return kept.assign(pred_low=found["estimate"] - width, pred_high=found["estimate"] + width)


def _nested(codes: Integers, clusters: Integers) -> bool:
    """Whether all rows of each level are in one cluster."""
    first = np.zeros(int(codes.max()) + 1, dtype=np.intp)
    first[codes] = clusters
    return bool((first[codes] == clusters).all())
