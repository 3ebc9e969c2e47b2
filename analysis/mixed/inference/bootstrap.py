"""Parametric bootstrap: outcomes are simulated from the fitted model, and the model is refitted to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError, did_you_mean, unknown_name
from ..numerics.curvature import coefficients
from ..numerics.threads import blas_threads
from ..reference import check_level
from .refits import Refits, refits
from .simulate import simulator

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted import FittedModel

KINDS = ("studentized", "percentile", "basic")


@dataclass(frozen=True, slots=True, repr=False)
class Bootstrap:
    """Draws of every parameter.

    Attributes
    ----------
    draws
        One row per draw; columns ``fixed:<coefficient>``, ``std_dev:<group>:<column>``, ``std_dev:Residual`` and
        ``correlation:<group>:<column>:<other>``. A correlation is missing where a variance was estimated as zero.
    std_errors
        Standard error of each fixed effect in each draw, with the names of the first columns of ``draws``.
    estimates
        The parameters of the fitted model, from which the draws were simulated.
    std_error
        Standard errors of its fixed effects, without small-sample adjustment.
    singular
        Number of draws with a singular fit.
    unconverged
        Number of refits that did not converge; they are not among ``draws``.
    """

    draws: pd.DataFrame
    std_errors: pd.DataFrame
    estimates: pd.Series[float]
    std_error: pd.Series[float]
    singular: int
    unconverged: int

    def conf_int(self, level: float = 0.95, kind: str = "studentized") -> pd.DataFrame:
        """Intervals: term, estimate, conf_low, conf_high.

        Parameters
        ----------
        level
            Coverage.
        kind
            ``"studentized"`` (fixed effects: quantiles of the draws' own t statistics), ``"percentile"`` or ``"basic"``
            (Davison & Hinkley 1997, Bootstrap Methods and their Application, chapter 5).
        """
        import pandas as pd

        if isinstance(level, str):
            raise CrossliftError(
                f"the level of an interval is a number between 0 and 1, not '{level}'.",
                f"The kind of interval is named: conf_int(kind='{level}')." if level in KINDS else "",
            )
        if kind not in KINDS:
            raise unknown_name("kind of interval", kind, KINDS)
        check_level(level)
        tails = [0.5 - level / 2.0, 0.5 + level / 2.0]
        names = [str(name) for name in (self.std_errors if kind == "studentized" else self.draws)]
        center, draws = self.estimates[names].to_numpy(), self.draws[names].to_numpy()
        # Weibull's rule: the k-th of n ordered draws is the k/(n + 1) quantile, because the observed value counts too.
        if kind == "studentized":
            low, high = np.quantile(self._statistics().to_numpy(), tails, axis=0, method="weibull")
            scale = self.std_error.to_numpy()
            limits = center - high * scale, center - low * scale
        else:
            low, high = np.nanquantile(draws, tails, axis=0, method="weibull")
            limits = (low, high) if kind == "percentile" else (2.0 * center - high, 2.0 * center - low)
        return pd.DataFrame({"term": names, "estimate": center, "conf_low": limits[0], "conf_high": limits[1]})

    def p_value(self, term: str) -> float:
        """Two-sided p-value of a fixed effect: the share of draws whose t statistic is at least as extreme.

        The observed data count as one of the draws, so the p-value is never zero.
        """
        name = term if term.startswith("fixed:") else f"fixed:{term}"
        if name not in self.std_errors:
            known = [str(column).removeprefix("fixed:") for column in self.std_errors]
            hint = did_you_mean(term, known) or f"Fixed effects: {', '.join(known)}."
            raise CrossliftError(f"'{term}' is not a fixed effect of the model.", hint)
        observed = abs(self.estimates[name] / self.std_error[name])
        beyond = int((self._statistics()[name].abs() >= observed).sum())
        return (1 + beyond) / (1 + len(self.draws))

    def _statistics(self) -> pd.DataFrame:
        """Each draw's t statistic: its distance from the true value in its own standard errors."""
        names = [str(name) for name in self.std_errors]
        return (self.draws[names] - self.estimates[names]) / self.std_errors

    def __repr__(self) -> str:
        return f"<Bootstrap: {len(self.draws)} draws, {self.singular} singular>"


def bootstrap(
    result: FittedModel,
    draws: int = 1000,
    rng: int | np.random.Generator | None = None,
    report: Callable[[int], None] | None = None,
) -> Bootstrap:
    """Simulate outcomes from a fitted model and refit the model to each.

    Only the cross-products with the outcome change between refits, and they are drawn directly: the time does not
    depend on the number of rows.

    Parameters
    ----------
    result
        A fit of this engine.
    draws
        Number of refits.
    rng
        Seed or generator.
    report
        Called with the number of refits done.
    """
    import pandas as pd

    if draws < 1:
        raise CrossliftError(f"at least one draw is needed, not {draws}.")
    fitted = result.engine_state()
    criterion, point = fitted.criterion, fitted.point
    estimates = _parameters(result, result.coefficients, criterion.loadings(point.theta), point.sigma2)
    _, covariance = coefficients(criterion, point)
    rows, errors, singular, unconverged = [], [], 0, 0
    with blas_threads(criterion.dense):
        drawn = simulator(criterion, point, fitted.rows).draw(draws, np.random.default_rng(rng))
        say = None if report is None else lambda done: report(min(done, draws))
        for refit in refits(Refits(criterion, point), drawn, draws, say):
            if refit is None:
                unconverged += 1
                continue
            loadings = criterion.loadings(refit.theta)
            rows.append(list(_parameters(result, result.coefficients + refit.shift, loadings, refit.sigma2).values()))
            errors.append(np.sqrt(np.diag(refit.covariance)))
            singular += bool(criterion.flat(refit.theta))
    if not rows:
        raise CrossliftError(f"none of {draws} refits converged.", "Fit a smaller model: this one is not identified.")
    fixed = [name for name in estimates if name.startswith("fixed:")]
    return Bootstrap(
        draws=pd.DataFrame(rows, columns=list(estimates)),
        std_errors=pd.DataFrame(errors, columns=fixed),
        estimates=pd.Series(estimates),
        std_error=pd.Series(np.sqrt(np.diag(covariance)), index=fixed),
        singular=singular,
        unconverged=unconverged,
    )


def _parameters(result: FittedModel, fixed: Floats, loadings: list[Floats], sigma2: float) -> dict[str, float]:
    """All parameters by the names that ``Bootstrap.draws`` uses."""
    named = {f"fixed:{name}": float(value) for name, value in zip(result.names, fixed, strict=True)}
    components, correlations = result.components_at(loadings, sigma2)
    for component in components:
        label = f"{component.group}:{component.term}" if component.term else component.group
        named[f"std_dev:{label}"] = component.std_dev
    for item in correlations:
        named[f"correlation:{item.group}:{item.term}:{item.other}"] = item.correlation
    return named
