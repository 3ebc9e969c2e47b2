"""The default model of ``analyze fit``, tested in every way the engine offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from designs import SEED, Layout
from estimate import LEVEL, TERM, Estimate, failed, from_t

from analysis import fit_mixed
from analysis.arrays import Floats
from analysis.choices import DF_METHODS
from analysis.errors import CrossliftError
from analysis.mixed.criterion import Criterion, Point
from analysis.mixed.crossproducts import form_crossproducts
from analysis.mixed.design import Design, build_design
from analysis.mixed.fit import find_minimum
from analysis.mixed.formula import parse_formula
from analysis.mixed.inference import Reference, coefficients, hessian, satterthwaite
from analysis.mixed.kernel import as_covariances
from analysis.mixed.result import MixedResult
from analysis.outcomes import default_model

HAS_KENWARD_ROGER = "kenward-roger" in DF_METHODS
HAS_BOOTSTRAP = hasattr(MixedResult, "bootstrap")
#: Samples of each bootstrap.
RESAMPLES = 199


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
    """The fit of ``fit_mixed`` on rows whose formula was evaluated before; a test holds the two equal."""
    criterion = Criterion(form_crossproducts(replace(design, y=y)))
    end = find_minimum(criterion)
    return Fit(criterion, end.point, end.converged)


def by_satterthwaite(fit: Fit) -> Reference:
    """Satterthwaite degrees of freedom."""
    return satterthwaite(fit.criterion, fit.point, hessian(fit.criterion, fit.point))


def by_kenward_roger(fit: Fit) -> Reference:
    """Kenward–Roger degrees of freedom and covariance."""
    from analysis.mixed.kenward_roger import kenward_roger

    return kenward_roger(fit.criterion, fit.point)


#: How the slope is tested, by the last part of a method's name.
REFERENCES: Mapping[str, Callable[[Fit], Reference]] = {
    "satterthwaite": by_satterthwaite,
    "kenward-roger": by_kenward_roger,
}


def mixed(
    layout: Layout, tests: Mapping[str, str], kernel: pd.DataFrame | None = None
) -> Callable[[Floats, int], dict[str, Estimate]]:
    """One fit a data set, tested in several ways.

    Parameters
    ----------
    layout
        The rows.
    tests
        Method by method, ``normal`` or one of ``REFERENCES``.
    kernel
        Covariance between languages, estimated beside independent language effects.
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
    """Parametric bootstrap-t of the default model, through the public functions.

    The interval has equal tails and the p-value counts both at once, so that they may disagree.
    """
    formula = default_design(layout, np.arange(float(len(layout.frame)))).formula.text

    def estimate(y: Floats, simulation: int) -> Estimate:
        try:
            result = fit_mixed(formula, layout.frame.assign(gain=y))
            found = result.bootstrap(RESAMPLES, rng=np.random.default_rng([SEED, RESAMPLES, simulation]))
        except (CrossliftError, np.linalg.LinAlgError) as error:
            return failed(f"{type(error).__name__}: {error}")
        if not result.converged:
            return failed("not converged")
        interval = found.conf_int(LEVEL, kind="studentized").set_index("term").loc[f"fixed:{TERM}"]
        row = result.fixed.set_index("term").loc[TERM]
        low, high, p_value = float(interval["conf_low"]), float(interval["conf_high"]), found.p_value(TERM)
        return Estimate(
            float(row["estimate"]), float(row["std_error"]), float("nan"), low, high, p_value, result.singular
        )

    return estimate


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
