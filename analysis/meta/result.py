"""What an ordinary meta-analysis returns: tidy frames, and what can be asked of it later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError
from ..core.jsonable import dropped_rows, records, single
from ..mixed.inference.tests import t_tests
from .between import LIKELIHOODS, log_likelihood, standard_error
from .effects import Effects
from .heterogeneity import QTest, heterogeneity, q_test, spread_variance, typical_variance
from .weighted import Weighted

if TYPE_CHECKING:
    import pandas as pd

    from .selection import SelectionModel
    from .summary import Summary
    from .trim_and_fill import TrimAndFill

TEST_WORDS = {
    "knha": "Knapp–Hartung",
    "t": "t distribution, variances of effects taken as known",
    "z": "normal distribution, too narrow with few effects",
}


@dataclass(frozen=True, slots=True, repr=False)
class MetaResult:
    """A random-effects meta-analysis of independent effects.

    Attributes
    ----------
    effects
        What was pooled, and what was left out.
    method
        Estimator of the variance between effects; ``FE`` is one common effect.
    test
        ``knha`` (Knapp & Hartung 2003), ``t`` or ``z``.
    tau2
        Variance between effects, in squared units of the effects.
    fit
        Weighted least squares at ``tau2``.
    scale
        Knapp and Hartung's factor of the covariance; one for the other tests.
    warnings
        Advice in plain words.
    """

    effects: Effects
    method: str
    test: str
    tau2: float
    fit: Weighted
    scale: float
    warnings: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The kind of model in words."""
        return "independent effects"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.effects.names

    @property
    def coefficients(self) -> Floats:
        """Coefficients, shape ``(p,)``."""
        return self.fit.coefficients

    @property
    def covariance(self) -> Floats:
        """Covariance of the coefficients, shape ``(p, p)``."""
        return self.scale * self.fit.covariance

    @property
    def df(self) -> float:
        """Degrees of freedom of the tests; infinite for the normal distribution."""
        return float("inf") if self.test == "z" else float(self.effects.k - self.effects.p)

    @property
    def fixed(self) -> pd.DataFrame:
        """Coefficients: term, estimate, std_error, df, statistic, p_value, 95% conf_low and conf_high."""
        return self.conf_int(0.95)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Coefficients with intervals at ``level``."""
        frame = self.contrast(np.eye(len(self.names)), level)
        frame.insert(0, "term", list(self.names))
        return frame

    def contrast(self, weights: Floats, level: float = 0.95) -> pd.DataFrame:
        """Linear combinations of the coefficients, one a row of ``weights``, shape ``(r, p)``."""
        import pandas as pd

        rows = np.atleast_2d(np.asarray(weights, dtype=float))
        std_error = np.sqrt(np.einsum("ri,ij,rj->r", rows, self.covariance, rows))
        return pd.DataFrame(t_tests(rows @ self.coefficients, std_error, np.full(len(rows), self.df), level))

    @property
    def weights(self) -> Floats:
        """Share of each effect in the pooled one, in percent, shape ``(k,)``."""
        return 100.0 * self.fit.weights / self.fit.weights.sum()

    @property
    def q(self) -> QTest:
        """Test of residual heterogeneity."""
        return q_test(self.effects)

    @property
    def log_likelihood(self) -> float:
        """At the estimates; restricted under REML (without the constant ``log |X'X|``), full for every other method."""
        return log_likelihood(self.effects, self.tau2, self.method == "REML")

    @property
    def tau2_std_error(self) -> float:
        """Asymptotic standard error of tau2 under REML and ML; NaN otherwise."""
        return standard_error(self.effects, self.tau2, self.method)

    def heterogeneity(self, level: float = 0.95) -> pd.DataFrame:
        """tau2, tau, I² (percent) and H² with Q-profile intervals: measure, estimate, conf_low, conf_high."""
        return heterogeneity(self.effects, self.tau2, self.method, level)

    @property
    def i2(self) -> float:
        """Share of the spread that is not sampling error, in percent."""
        shown = spread_variance(self.effects, self.tau2, self.method)
        return 100.0 * shown / (shown + typical_variance(self.effects))

    def moderator_test(self) -> pd.DataFrame:
        """Test that all coefficients but the intercept are zero: statistic, num_df, den_df, p_value.

        The statistic is chi-square (``den_df`` infinite) for ``test="z"`` and F otherwise.

        Raises
        ------
        CrossliftError
            If there are no moderators.
        """
        import pandas as pd
        from scipy.special import chdtrc, fdtrc

        tested = [j for j, name in enumerate(self.names) if name != "Intercept"]
        if not tested:
            raise CrossliftError("there is no moderator to test.", "Give moderators=.")
        part = self.coefficients[tested]
        wald = float(part @ np.linalg.solve(self.covariance[np.ix_(tested, tested)], part))
        m = len(tested)
        statistic = wald if self.test == "z" else wald / m
        p = chdtrc(m, wald) if self.test == "z" else fdtrc(m, self.df, statistic)
        return pd.DataFrame([{"statistic": statistic, "num_df": m, "den_df": self.df, "p_value": float(p)}])

    def predict(self, frame: pd.DataFrame | None = None, level: float = 0.95) -> pd.DataFrame:
        """Expected effect, and where the true effect of a new study of the kind would lie.

        Parameters
        ----------
        frame
            Rows with the moderators; not needed where there is only an intercept.
        level
            Coverage of both intervals.

        Returns
        -------
        DataFrame
            ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``pred_low``, ``pred_high``.

        Raises
        ------
        CrossliftError
            If moderators are needed and not given.
        """
        from scipy.special import stdtrit

        if frame is None and self.effects.intercept_only:
            rows: Floats = np.ones((1, 1))
        elif frame is None or self.effects.evaluator is None:
            raise CrossliftError(
                f"the effect depends on {', '.join(n for n in self.names if n != 'Intercept')}.",
                "Give a frame with the values to predict at.",
            )
        else:
            rows = self.effects.evaluator.evaluate(frame)
        found = self.contrast(rows, level)[["estimate", "std_error", "conf_low", "conf_high"]]
        width = stdtrit(min(self.df, 1e12), 0.5 + level / 2.0) * np.sqrt(found["std_error"] ** 2 + self.tau2)
        return found.assign(pred_low=found["estimate"] - width, pred_high=found["estimate"] + width)

    def r_squared(self) -> float:
        """Share of the variance between effects that the moderators account for, in percent, not below zero.

        Compared with the same effects without moderators; NaN if those do not vary.
        """
        from dataclasses import replace

        from .between import between_variance

        if self.effects.intercept_only or self.method == "FE":
            return float("nan")
        alone = replace(self.effects, X=np.ones((self.effects.k, 1)), names=("Intercept",))
        before = between_variance(alone, self.method)
        return max(0.0, 100.0 * (before - self.tau2) / before) if before > 0 else float("nan")

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
        """What each effect does to the fit: see :func:`analysis.meta.influence.influence`."""
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
        """The meta-analysis part of the JSON contract; floats unrounded, what does not exist is ``None``."""
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
        """One label an effect used, from one for each row given."""
        given = list(labels)
        if len(given) == len(self.effects.kept):
            return [label for label, use in zip(given, self.effects.kept, strict=True) if use]
        if len(given) == self.effects.k:
            return given
        raise CrossliftError(f"{len(given)} labels were given for {self.effects.k} effects.", "Give one a row.")
