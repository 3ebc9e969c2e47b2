"""Pool independent effects: the estimates, before any further inference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError, DesignError, unknown_name
from ..mixed.reference import t_tests
from .between import between_variance, log_likelihood, standard_error
from .effects import Effects
from .heterogeneity import QTest, heterogeneity, q_profile, q_test, spread_variance, typical_variance
from .weighted import Weighted, weighted_fit

if TYPE_CHECKING:
    import pandas as pd

TEST_WORDS = {
    "knha": "Knapp–Hartung",
    "t": "t distribution, variances of effects treated as known",
    "z": "normal distribution, too narrow with few effects",
}


# Knapp and Hartung's factor below which a warning is given; values near 1 are chance.
NARROW = 0.8
#: Fewest effects for a usable estimate of the variance between them.
FEW = 5


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """A random-effects model of independent effects: its estimates, and what follows from them alone.

    Attributes
    ----------
    effects
        The pooled effects, with the rows left out.
    method
        Estimator of the variance between effects; ``FE`` assumes one common effect.
    test
        ``knha`` (Knapp & Hartung 2003), ``t`` or ``z``.
    tau2
        Variance between effects, in squared units of the effects.
    fit
        Weighted least squares at ``tau2``.
    scale
        Knapp and Hartung's factor of the covariance; one for the other tests.
    warnings
        Warnings with advice.
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
        """Linear combinations of the coefficients, one per row of ``weights``, shape ``(r, p)``."""
        import pandas as pd

        rows = np.atleast_2d(np.asarray(weights, dtype=float))
        std_error = np.sqrt(np.einsum("ri,ij,rj->r", rows, self.covariance, rows))
        return pd.DataFrame(t_tests(rows @ self.coefficients, std_error, np.full(len(rows), self.df), level))

    @property
    def weights(self) -> Floats:
        """Weight of each effect in the pooled one, in percent, shape ``(k,)``."""
        return 100.0 * self.fit.weights / self.fit.weights.sum()

    @property
    def q(self) -> QTest:
        """Test of residual heterogeneity."""
        return q_test(self.effects)

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood at the estimates; restricted under REML (without ``log |X'X|``), full for other methods."""
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
        """Share of the variance that is not sampling error, in percent."""
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
            raise CrossliftError("the model has no moderator to test.", "Give moderators=.")
        part = self.coefficients[tested]
        wald = float(part @ np.linalg.solve(self.covariance[np.ix_(tested, tested)], part))
        m = len(tested)
        statistic = wald if self.test == "z" else wald / m
        p = chdtrc(m, wald) if self.test == "z" else fdtrc(m, self.df, statistic)
        return pd.DataFrame([{"statistic": statistic, "num_df": m, "den_df": self.df, "p_value": float(p)}])

    def predict(self, frame: pd.DataFrame | None = None, level: float = 0.95) -> pd.DataFrame:
        """Expected effect, and a prediction interval for the true effect of a new study.

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
        """Share of the between-effect variance that the moderators explain, in percent, truncated at zero.

        Compared with the model without moderators; NaN if its between-effect variance is zero.
        """
        if self.effects.intercept_only or self.method == "FE":
            return float("nan")
        alone = replace(self.effects, X=np.ones((self.effects.k, 1)), names=("Intercept",))
        before = between_variance(alone, self.method)
        return max(0.0, 100.0 * (before - self.tau2) / before) if before > 0 else float("nan")


def default_test(method: str) -> str:
    """Knapp and Hartung's test, which is for effects that vary; the normal test for a common effect."""
    return "z" if method == "FE" else "knha"


def estimate(effects: Effects, method: str = "REML", test: str = "knha") -> Estimate:
    """Pool independent effects.

    Raises
    ------
    UnknownNameError
        If ``method`` or ``test`` is unknown.
    DesignError
        If there are too few effects for the method or the test, or all effects are equal.
    """
    if test not in TEST_WORDS:
        raise unknown_name("test", test, TEST_WORDS)
    tau2 = between_variance(effects, method)
    fit = weighted_fit(effects, tau2)
    df, scale = effects.k - effects.p, 1.0
    if test != "z" and df < 1:
        raise DesignError(
            f"{effects.k} effect{'s' if effects.k != 1 else ''} leave no degrees of freedom for test '{test}'.",
            "Use test 'z', or pool more effects.",
        )
    if test == "knha":
        scale = fit.q / df
        if scale < 1e-20:
            raise DesignError(
                f"the {effects.k} effects are all equal: Knapp and Hartung's interval has no width.",
                "Use test 't' or 'z'.",
            )
    return Estimate(effects, method, test, tau2, fit, scale, tuple(_warnings(effects, method, test, tau2, scale)))


def _warnings(effects: Effects, method: str, test: str, tau2: float, scale: float) -> list[str]:
    """Warnings with advice."""
    advice = []
    if method == "FE":
        advice.append(
            "one common effect is assumed: the interval is valid for these effects only, not for others of their kind."
        )
    elif effects.k < FEW:
        advice.append(
            f"{effects.k} effects say little about how much effects vary: read tau² with its interval, and "
            "the pooled effect as the mean of these effects."
        )
    if test == "knha" and scale < NARROW:
        advice.append(
            f"Knapp and Hartung's factor is {scale:.2f}: the effects lie closer together than their "
            "sampling variances imply, and the interval is narrower than that of the normal distribution. --test t "
            "does not scale."
        )
    if method != "FE" and tau2 == 0.0 and effects.k > effects.p:
        low, high = q_profile(effects)
        if low == high == 0.0:
            advice.append(
                "the effects differ less than expected from their sampling variances (the interval of tau² is empty). "
                "Are the variances too large, or the effects correlated?"
            )
    return advice
