r"""Location-scale models: moderators of how much effects differ, beside those of how large they are.

.. math:: y_i \sim N(x_i'\beta,\; v_i + \tau_i^2), \qquad \log \tau_i^2 = z_i'\alpha

as metafor's ``rma(scale=)`` has it (Viechtbauer & López-López 2022, Res. Synth. Methods 13). The coefficients of the
scale maximise the (restricted) likelihood; their covariance is the inverse of its second derivatives.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError, DesignError, unknown_name
from ..core.jsonable import dropped_rows, records, single
from ..mixed.numerics.optimize import minimize
from ..mixed.reference import t_tests
from .between import LIKELIHOODS, between_variance, log_likelihood
from .effects import Effects
from .heterogeneity import QTest, q_test
from .likelihood import restricted_constant

if TYPE_CHECKING:
    import pandas as pd

    from .summary import LocationScaleSummary

TESTS = ("t", "z")
# Step of the differences between gradients; predicted decrease at which the search ends, and its longest.
DIFFERENCE, DECREASE, EVALUATIONS = 1e-5, 1e-11, 300
# A variance between effects is started from no less than this share of the sampling variances' mean.
FLOOR = 0.05
# A variance below this share of it is one that the search sends to zero.
VANISHED = 1e-5


@dataclass(frozen=True, slots=True)
class _At:
    """Minus twice the log-likelihood at scale coefficients ``theta``, and the location that goes with them."""

    theta: Floats
    value: float
    gradient: Floats
    curvature: Floats
    coefficients: Floats
    covariance: Floats
    slopes: tuple[Floats, ...] = ()


class _Likelihood:
    """Minus twice the (restricted) log-likelihood in the scale coefficients, without ``log |X'X|``."""

    def __init__(self, effects: Effects, scale: Floats, restricted: bool) -> None:
        self.effects, self.scale, self.restricted = effects, scale, restricted
        self.entries: list[tuple[int, int, int]] = []

    def __call__(self, theta: Floats) -> _At:
        effects = self.effects
        X, y = effects.X, effects.y
        with np.errstate(over="ignore"):
            tau2 = np.exp(self.scale @ theta)
        if not np.isfinite(tau2).all():
            raise np.linalg.LinAlgError("a variance between effects has overflowed")
        weights = 1.0 / (effects.v + tau2)
        weighted = weights[:, None] * X
        information = X.T @ weighted
        covariance = np.linalg.inv(information)
        estimate = covariance @ (weighted.T @ y)
        projected = weights * (y - X @ estimate)  # Py
        degrees = effects.k - (effects.p if self.restricted else 0)
        value = degrees * float(np.log(2.0 * np.pi)) - float(np.log(weights).sum()) + float(y @ projected)
        traced = weights.copy()
        if self.restricted:
            value += float(np.linalg.slogdet(information)[1])
            traced -= np.einsum("ij,jk,ik->i", weighted, covariance, weighted)
        changes = tau2[:, None] * self.scale
        images = changes * projected[:, None]
        inner = weighted.T @ images
        curvature = images.T @ (weights[:, None] * images) - inner.T @ covariance @ inner
        return _At(theta, value, changes.T @ (traced - projected**2), curvature, estimate, covariance)

    def hessian(self, theta: Floats) -> Floats:
        """Second derivatives, from differences between gradients."""
        steps = DIFFERENCE * np.eye(len(theta))
        rows = [(self(theta + step).gradient - self(theta - step).gradient) / (2.0 * DIFFERENCE) for step in steps]
        return 0.5 * (np.array(rows) + np.array(rows).T)


@dataclass(frozen=True, slots=True, repr=False)
class LocationScaleMeta:
    """A meta-analysis in which the variance between effects depends on moderators.

    Attributes
    ----------
    effects
        What was pooled, and what was left out.
    scale_effects
        The same rows with the moderators of the scale.
    method, test
        ``REML`` or ``ML``; ``t`` or ``z``.
    coefficients, covariance
        Of the location, shapes ``(p,)`` and ``(p, p)``.
    scale_coefficients, scale_covariance
        Of the logarithm of the variance between effects, shapes ``(q,)`` and ``(q, q)``.
    log_likelihood
        At the maximum; restricted under REML, without ``log |X'X| / 2``.
    constant_log_likelihood
        That of one variance for all effects.
    """

    effects: Effects
    scale_effects: Effects
    method: str
    test: str
    coefficients: Floats
    covariance: Floats
    scale_coefficients: Floats
    scale_covariance: Floats
    log_likelihood: float
    constant_log_likelihood: float
    converged: bool
    warnings: tuple[str, ...] = field(default=())

    @property
    def kind(self) -> str:
        """The kind of model in words."""
        return "location-scale, independent effects"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients of the location."""
        return self.effects.names

    @property
    def fixed(self) -> pd.DataFrame:
        """Location: term, estimate, std_error, df, statistic, p_value, 95% conf_low and conf_high."""
        return self._table(self.names, self.coefficients, self.covariance)

    @property
    def scale(self) -> pd.DataFrame:
        """Scale, in logarithms of the variance; columns as :attr:`fixed`."""
        return self._table(self.scale_effects.names, self.scale_coefficients, self.scale_covariance)

    @property
    def tau2(self) -> Floats:
        """Variance between effects of the kind of each effect used, shape ``(k,)``."""
        return np.asarray(np.exp(self.scale_effects.X @ self.scale_coefficients))

    @property
    def q(self) -> QTest:
        """Test of residual heterogeneity."""
        return q_test(self.effects)

    def scale_test(self) -> pd.DataFrame:
        """Likelihood-ratio test of one variance for all effects: statistic (chi-square), num_df, p_value."""
        import pandas as pd
        from scipy.special import chdtrc

        df = len(self.scale_coefficients) - 1
        if df < 1:
            raise CrossliftError("the scale has no moderator to test.", "Give scale=.")
        statistic = max(0.0, 2.0 * (self.log_likelihood - self.constant_log_likelihood))
        return pd.DataFrame([{"statistic": statistic, "num_df": df, "p_value": float(chdtrc(df, statistic))}])

    def to_json(self) -> dict[str, Any]:
        """The meta-analysis part of the JSON contract; floats unrounded, what does not exist is ``None``."""
        return {
            "command": "meta",
            "model": self.kind,
            "method": self.method,
            "df_method": self.test,
            "n_obs": self.effects.k,
            "dropped": dropped_rows(self.effects.dropped),
            "moderators": self.effects.moderators,
            "scale_moderators": self.scale_effects.moderators,
            "fixed": records(self.fixed),
            "scale": records(self.scale),
            "scale_test": records(self.scale_test())[0] if len(self.scale_coefficients) > 1 else None,
            "q": single(asdict(self.q)),
            "log_likelihood": self.log_likelihood,
            "log_likelihood_constant": restricted_constant(self.method, self.effects.X),
            "converged": self.converged,
            "warnings": list(self.warnings),
        }

    def summary(self) -> LocationScaleSummary:
        """The printed form: text with ``str()``, HTML in a notebook, Markdown with ``.markdown()``."""
        from .summary import LocationScaleSummary

        return LocationScaleSummary(self)

    def __repr__(self) -> str:
        return f"<LocationScaleMeta {self.effects.moderators}; scale {self.scale_effects.moderators}: {self.effects.k}>"

    def _repr_html_(self) -> str:
        return self.summary().html()

    def _table(self, names: tuple[str, ...], estimate: Floats, covariance: Floats) -> pd.DataFrame:
        import pandas as pd

        df = np.inf if self.test == "z" else float(self.effects.k - len(names))
        tests = t_tests(estimate, np.sqrt(np.diag(covariance)), np.full(len(names), df), 0.95)
        table = pd.DataFrame(tests)
        table.insert(0, "term", list(names))
        return table


def fit_location_scale(effects: Effects, scale: Effects, method: str, test: str) -> LocationScaleMeta:
    """Fit ``effects`` with the moderators of ``scale``, whose rows may be others: those that both can use are taken.

    Raises
    ------
    CrossliftError
        If the method or the test is for other models.
    DesignError
        If there are too few effects.
    """
    if method not in LIKELIHOODS:
        raise CrossliftError(f"method '{method}' has one variance for all effects.", "A scale takes REML or ML.")
    if test not in TESTS:
        raise unknown_name("test of a location-scale model", test, TESTS)
    effects, scale = _common(effects, scale)
    needed = effects.p + scale.p
    if effects.k <= needed:
        raise DesignError(f"{effects.k} effects cannot carry {needed} coefficients of location and scale.")
    likelihood = _Likelihood(effects, scale.X, method == "REML")
    constant = between_variance(effects, method)
    first = np.full(effects.k, np.log(max(constant, FLOOR * float(effects.v.mean()))))
    start = np.linalg.lstsq(scale.X, first, rcond=None)[0]
    search = minimize(likelihood, start, EVALUATIONS, exact=lambda at: likelihood.hessian(at.theta), decrease=DECREASE)
    best = search.point
    smallest = float(np.exp(scale.X @ best.theta).min())
    settled = search.converged and smallest > VANISHED * float(effects.v.mean())
    warnings = () if settled else (_UNSETTLED,)
    return LocationScaleMeta(
        effects=effects,
        scale_effects=scale,
        method=method,
        test=test,
        coefficients=best.coefficients,
        covariance=best.covariance,
        scale_coefficients=best.theta,
        scale_covariance=2.0 * np.linalg.pinv(likelihood.hessian(best.theta)),
        log_likelihood=-0.5 * best.value,
        constant_log_likelihood=log_likelihood(effects, constant, method == "REML"),
        converged=settled,
        warnings=warnings,
    )


_UNSETTLED = (
    "the scale has no maximum inside: for some effects the variance is estimated as zero, whose logarithm has no "
    "bound. The scale's coefficients are not to be used; leave out its moderators."
)


def _common(effects: Effects, scale: Effects) -> tuple[Effects, Effects]:
    both = effects.kept & scale.kept
    if not both.any():
        raise DesignError("no effect has all moderators of location and scale.")
    lost = int((effects.kept & ~both).sum())
    dropped = (*effects.dropped, ("no value for a moderator of the scale", lost)) if lost else effects.dropped
    return replace(effects.only(both[effects.kept]), dropped=dropped), scale.only(both[scale.kept])
