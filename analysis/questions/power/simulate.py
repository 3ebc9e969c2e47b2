"""Simulated tests of a planned sweep: error, standard error and degrees of freedom of the slope, for all effects.

The restricted likelihood does not depend on the fixed effects: for any true slope, the variances, standard error and
degrees of freedom of a simulated sweep are the same, and the estimate is the true slope plus the same error. One set of
simulations therefore gives the power at every effect, and the minimum detectable effect is a root of a smooth function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ncfdtr, stdtrit

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from ...mixed.inference.refits import Refits, refits
from ...mixed.inference.simulate import simulator
from ...mixed.model.design import build_design
from ...mixed.model.formula import parse_formula
from ...mixed.numerics.criterion import Criterion
from ...mixed.numerics.crossproducts import sum_rows
from ...mixed.numerics.threads import blas_threads
from ...mixed.numerics.whitening import whiten
from ...outcomes.default_model import default_model
from .design import PowerDesign
from .variances import Components

ALPHA = 0.05
STEP = 0.1
# Smallest relative standard deviation used as a starting value.
SMALLEST = 0.1


@dataclass(frozen=True, slots=True)
class Simulated:
    """Tests of one design, in points per 0.1 of distance.

    Attributes
    ----------
    error, std_error, df
        Values of each simulation that converged, shape ``(n,)``.
    failed
        Number of simulations that did not converge.
    singular
        Number of simulations with a variance on its boundary.
    formula
        The model that is fitted.
    """

    design: PowerDesign
    error: Floats
    std_error: Floats
    df: Floats
    failed: int
    singular: int
    formula: str

    def power(self, effect: float) -> tuple[float, float]:
        """Share of significant tests at a true effect, and its Monte Carlo standard error."""
        bound = stdtrit(np.minimum(self.df, 1e12), 1.0 - ALPHA / 2.0)
        share = float((np.abs(self.error + effect) / self.std_error > bound).mean())
        return share, float(np.sqrt(share * (1.0 - share) / len(self.error)))

    def detectable(self, power: float = 0.8) -> float:
        """Smallest absolute effect with ``power`` in a two-sided test."""
        low, high = 0.0, float(np.median(self.std_error))
        while self._both(high) < power:
            low, high = high, 2.0 * high
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._both(middle) < power else (low, middle)
        return high

    def _both(self, effect: float) -> float:
        return 0.5 * (self.power(effect)[0] + self.power(-effect)[0])


def simulate(
    design: PowerDesign,
    distances: Floats,
    components: Components,
    draws: int = 1000,
    seed: int = 1,
    report: Callable[[int], None] | None = None,
) -> Simulated:
    """Simulate the default test of the slope.

    Parameters
    ----------
    design
        Numbers of levels.
    distances
        Distances of the languages, shape ``(design.languages,)``.
    components
        True variances. Those that the design cannot separate are added: with one task, languages within a task are
        languages.
    draws
        Number of simulated sweeps.
    seed
        Seed of the draws.
    report
        Called with the number of sweeps done.
    """
    frame = design.frame(distances)
    frame["gain"] = np.random.default_rng(0).standard_normal(len(frame))  # replaced before anything is fitted
    formula = default_model(frame, "gain", ["typology"]).formula
    if "(1|language)" not in formula:
        raise CrossliftError(
            f"the default model of {design.words} has no variance between languages.", "Add tasks or models."
        )
    built = build_design(parse_formula(formula), frame)
    truth = _merged(design, components, [term.group for term in built.terms])
    sigma2 = truth.pop("residual")
    error, std_error, df, failed, singular = [], [], [], 0, 0
    rows = whiten(built)
    criterion = Criterion(sum_rows(rows, built.formula))
    with blas_threads(criterion.dense):
        # Terms of intercepts alone: standard deviations relative to the residual's, in the order of the terms.
        theta = np.array([np.sqrt(truth[term.group] / sigma2) for term in built.terms])
        point = criterion(theta, sigma2)
        # At a variance of zero the gradient is zero, so a search cannot start there.
        start = criterion(np.maximum(theta, SMALLEST), sigma2)
        slope = built.fixed_names.index("typology")
        contrast = np.zeros((1, built.p))
        contrast[0, slope] = STEP
        drawn = simulator(criterion, point, rows).draw(draws, np.random.default_rng(seed))
        for refit in refits(Refits(criterion, start, contrast), drawn, draws, report):
            if refit is None:
                failed += 1
                continue
            error.append(STEP * refit.shift[slope])
            std_error.append(STEP * np.sqrt(refit.covariance[slope, slope]))
            df.append(float(refit.degrees[0]))
            singular += bool(criterion.flat(refit.theta))
    if not error:
        raise CrossliftError(f"none of {draws} simulated sweeps could be fitted.", "Use a larger design.")
    return Simulated(design, np.array(error), np.array(std_error), np.array(df), failed, singular, formula)


def _merged(design: PowerDesign, components: Components, groups: list[str]) -> dict[str, float]:
    """Variance of each term of the model and of the residual, with those that the design cannot separate added up."""
    result = {group: components[group] for group in groups}
    result["residual"] = components["residual"]
    for name in ("run", "language:target_task", "model:target_task", "target_task", "model", "cell"):
        if name in result or not components[name]:
            continue
        if name == "run":
            # One seed: a model's run on a task is that model on that task.
            home = next((group for group in _once_a_run(design) if group in result), "")
            if home:
                result[home] += components[name]
        elif name == "cell":
            # One gain per cell: part of the residual. More seeds: nearest to languages within a task.
            home = "residual" if design.seeds == 1 or "language:target_task" not in result else "language:target_task"
            result[home] += components[name]
        elif name == "language:target_task":
            result["language" if design.tasks == 1 else "residual"] += components[name]
        elif name == "model:target_task" and (design.models == 1 or design.tasks == 1):
            home = "target_task" if design.models == 1 else "model"
            if home in result:
                result[home] += components[name]
        # Else the term's levels are fixed effects or a constant: its variance is not between languages.
    return result


def _once_a_run(design: PowerDesign) -> list[str]:
    """Terms with one level per training run."""
    if design.seeds > 1:
        return []
    names = ["model:target_task"]
    return [*names, *["target_task"] * (design.models == 1), *["model"] * (design.tasks == 1)]


def slope_variance(distances: Floats, components: Components, tasks: int, models: int, seeds: int) -> float:
    r"""Variance of the slope per 0.1 of distance in a crossed design with known variances.

    In a balanced design a language's mean is sufficient: its variance is
    :math:`\sigma^2_l + \sigma^2_{lt}/T + \sigma^2_{c}/(TM) + \sigma^2_e/(TMS)`, and the slope's variance is that
    divided by the sum of squares of the distances.
    """
    spread = float(((distances - distances.mean()) ** 2).sum())
    return STEP**2 * language_variance(components, tasks, models, seeds) / spread


def language_variance(components: Components, tasks: int, models: int, seeds: int) -> float:
    """Variance of a language's mean gain about the line."""
    return (
        components["language"]
        + components["language:target_task"] / tasks
        + components["cell"] / (tasks * models)
        + components["residual"] / (tasks * models * seeds)
    )


def balanced_power(effect: float, variance: float, languages: int) -> float:
    """Power of the t test with ``languages - 2`` degrees of freedom, exact in a balanced design.

    This holds unless the variance between languages is estimated as zero.
    """
    df = languages - 2.0
    bound = float(stdtrit(df, 1.0 - ALPHA / 2.0))
    # The square of a noncentral t is a noncentral F: both tails at once.
    return float(1.0 - ncfdtr(1.0, df, effect**2 / variance, bound**2))
