"""The default model of ``analyze fit``, tested in every way the engine offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from designs import SEED, Layout
from estimate import LEVEL, TERM, Estimate, failed, from_t

from analysis.core.arrays import Floats
from analysis.core.errors import CrossliftError
from analysis.core.options import DF_METHODS
from analysis.mixed.fit import find_minimum
from analysis.mixed.inference.refit import Refitter
from analysis.mixed.inference.simulate import Simulator
from analysis.mixed.model.design import Design, build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.model.level_covariance import as_covariances
from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.crossproducts import form_crossproducts
from analysis.mixed.numerics.curvature import coefficients, hessian
from analysis.mixed.numerics.evaluated import Point
from analysis.mixed.reference import Reference, satterthwaite
from analysis.outcomes.default_model import default_model

HAS_KENWARD_ROGER = "kenward-roger" in DF_METHODS
#: Samples of each bootstrap.
RESAMPLES = 199
#: One simulation in this many draws all samples of its bootstrap.
WHOLE = 20


@dataclass(frozen=True, slots=True)
class Fit:
    """The minimum of the criterion for one outcome."""

    criterion: Criterion
    point: Point
    converged: bool

    @property
    def singular(self) -> bool:
        """True if a variance is estimated as zero."""
        return bool(self.criterion.flat(self.point.theta))


def default_design(layout: Layout, y: Floats, kernel: pd.DataFrame | None = None) -> Design:
    """The arrays of the default model, as ``analyze fit`` chooses it."""
    frame = layout.frame.assign(gain=y)
    formula = default_model(frame, "gain", [TERM]).formula
    return build_design(parse_formula(formula), frame, covariances=as_covariances(_by_language(kernel)))


def fit_outcome(design: Design, y: Floats) -> Fit:
    """The fit of ``fit_mixed`` on rows whose formula was evaluated before; a test checks that they are equal."""
    criterion = Criterion(form_crossproducts(replace(design, y=y)))
    end = find_minimum(criterion)
    return Fit(criterion, end.point, end.converged)


def by_satterthwaite(fit: Fit) -> Reference:
    """Satterthwaite degrees of freedom."""
    return satterthwaite(fit.criterion, fit.point, hessian(fit.criterion, fit.point))


def by_kenward_roger(fit: Fit) -> Reference:
    """Kenward–Roger degrees of freedom and covariance."""
    from analysis.mixed.inference.kenward_roger import kenward_roger

    return kenward_roger(fit.criterion, fit.point)


#: How the slope is tested, by the last part of a method's name.
REFERENCES: Mapping[str, Callable[[Fit], Reference]] = {
    "satterthwaite": by_satterthwaite,
    "kenward-roger": by_kenward_roger,
}


def mixed(
    layout: Layout, tests: Mapping[str, str], kernel: pd.DataFrame | None = None
) -> Callable[[Floats, int], dict[str, Estimate]]:
    """One fit per data set, tested in several ways.

    Parameters
    ----------
    layout
        The rows.
    tests
        Method by method, ``normal`` or one of ``REFERENCES``.
    kernel
        Covariance between languages, estimated in addition to independent language effects.
    """
    design = default_design(layout, np.arange(float(len(layout.frame))), kernel)
    place = design.fixed_names.index(TERM)
    contrast = np.eye(design.p)[[place]]

    def estimate(y: Floats, simulation: int) -> dict[str, Estimate]:
        try:
            fit = fit_outcome(design, y)
            if not fit.converged:
                return dict.fromkeys(tests, failed("not converged"))
            return {method: _tested(fit, test, contrast) for method, test in tests.items()}
        except (CrossliftError, np.linalg.LinAlgError) as error:
            return dict.fromkeys(tests, failed(f"{type(error).__name__}: {error}"))

    return estimate


def bootstrap(layout: Layout) -> Callable[[Floats, int], Estimate]:
    """Parametric bootstrap-t of the default model.

    The interval has equal tails and the p-value counts both tails together, so that they may disagree. Drawing stops as
    soon as the remaining draws cannot change whether the interval contains zero and whether the p-value is under 5%
    (Besag & Clifford 1991, Biometrika 78, stop a Monte Carlo test in this way). An interval that stopped early is only
    known to contain zero: its limits are infinite. Every ``WHOLE``-th simulation draws all, for the width.
    """
    design = default_design(layout, np.arange(float(len(layout.frame))))
    place = design.fixed_names.index(TERM)

    def estimate(y: Floats, simulation: int) -> Estimate:
        try:
            fit = fit_outcome(design, y)
            if not fit.converged:
                return failed("not converged")
            value, std_error = _slope(fit.criterion, fit.point, place)
            draws = _statistics(fit, place, np.random.default_rng([SEED, RESAMPLES, simulation]))
            whole = simulation % WHOLE == 0
            low, high, p_value = bootstrap_t(value, std_error, draws, early=not whole)
        except (CrossliftError, np.linalg.LinAlgError) as error:
            return failed(f"{type(error).__name__}: {error}")
        return Estimate(value, std_error, float("nan"), low, high, p_value, fit.singular)

    return estimate


def bootstrap_t(
    value: float, std_error: float, draws: Iterator[float], early: bool, resamples: int = RESAMPLES
) -> tuple[float, float, float]:
    """Limits of the interval and p-value of a slope of zero, from t statistics of refits around the simulated truth.

    Parameters
    ----------
    value, std_error
        Estimate and standard error of the slope.
    draws
        ``resamples`` statistics; fewer are taken if ``early``.
    early
        Whether to stop when interval and p-value are decided. The p-value is then the share of the draws so far.
    """
    tail = round((1.0 - LEVEL) / 2.0 * (resamples + 1))  # order statistics that are the limits, counted from the ends
    observed, taken = value / std_error, []
    below = above = beyond = 0
    for drawn in draws:
        taken.append(drawn)
        below, above = below + (drawn <= observed), above + (drawn >= observed)
        beyond += abs(drawn) >= abs(observed)
        if early and min(below, above) >= tail and beyond + 1 >= 2 * tail:
            return -np.inf, np.inf, (1 + beyond) / (1 + len(taken))
    # Weibull's rule, as in Bootstrap.conf_int.
    low, high = np.quantile(taken, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0], method="weibull")
    return value - high * std_error, value - low * std_error, (1 + beyond) / (1 + len(taken))


def _statistics(fit: Fit, place: int, rng: np.random.Generator) -> Iterator[float]:
    """Studentized slopes of refits; those that reached their limit are left out, as in ``MixedResult.bootstrap``."""
    refitter, simulator = Refitter(fit.criterion, fit.point), Simulator(fit.criterion, fit.point)
    for outcome in simulator.draw(RESAMPLES, rng):
        search = refitter.fit(outcome)
        if search.converged:
            shift, std_error = _slope(refitter.criterion, search.point, place)
            yield shift / std_error


def _slope(criterion: Criterion, point: Point, place: int) -> tuple[float, float]:
    values, covariance = coefficients(criterion, point)
    return float(values[place]), float(np.sqrt(covariance[place, place]))


def _tested(fit: Fit, test: str, contrast: Floats) -> Estimate:
    values, covariance = coefficients(fit.criterion, fit.point)
    df = np.inf
    if test != "normal":
        reference = REFERENCES[test](fit)
        covariance, df = reference.covariance, float(reference.degrees(contrast)[0])  # type: ignore[attr-defined]
    variance = float((contrast @ covariance @ contrast.T)[0, 0])
    return from_t(float(contrast[0] @ values), np.sqrt(variance), df, fit.singular)


def _by_language(kernel: pd.DataFrame | None) -> dict[str, pd.DataFrame] | None:
    return None if kernel is None else {"language": kernel}
