"""Refits of one model to many drawn outcomes, shared between processes where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ...core.arrays import Floats
from ...core.parallel import chunks, run_tasks
from ..numerics.criterion import Criterion
from ..numerics.curvature import coefficients, hessian
from ..numerics.evaluated import Point
from ..numerics.threads import blas_threads
from ..reference import satterthwaite
from .refit import Outcome, Refitter

# Refits that one process does at a time: a fraction of a second of work, whatever the number of processes.
CHUNK = 25


@dataclass(frozen=True, slots=True)
class Refit:
    """One refit: what the coefficients differ by from the basis' own, their covariance, ``theta`` and σ².

    ``degrees`` are those of the contrasts asked for, shape ``(r,)``.
    """

    shift: Floats
    covariance: Floats
    theta: Floats
    sigma2: float
    degrees: Floats


class Refits:
    """Fits outcomes one by one, from a minimum on.

    Parameters
    ----------
    criterion, point
        The model and its minimum.
    contrasts
        Of the fixed effects, whose Satterthwaite degrees of freedom each refit has; none if not given.
    """

    def __init__(self, criterion: Criterion, point: Point, contrasts: Floats | None = None) -> None:
        self._criterion, self._point, self._contrasts = criterion, point, contrasts
        self._refitter: Refitter | None = None

    def __call__(self, outcomes: list[Outcome]) -> list[Refit | None]:
        """One for each outcome; ``None`` where the search did not end, or lost its precision."""
        with blas_threads(self._criterion.dense):
            if self._refitter is None:
                self._refitter = Refitter(self._criterion, self._point)
            return [self._fit(self._refitter, outcome) for outcome in outcomes]

    def _fit(self, refitter: Refitter, outcome: Outcome) -> Refit | None:
        try:
            search = refitter.fit(outcome)
        except np.linalg.LinAlgError:
            return None
        if not search.converged:
            return None
        own, end = refitter.criterion, search.point
        shift, covariance = coefficients(own, end)
        degrees: Floats = np.zeros(0)
        if self._contrasts is not None:
            degrees = satterthwaite(own, end, hessian(own, end)).degrees(self._contrasts)
        return Refit(shift, covariance, end.theta, float(end.sigma2), degrees)


def refits(
    fit: Refits, outcomes: Iterable[Outcome], total: int, report: Callable[[int], None] | None = None
) -> list[Refit | None]:
    """Refits of ``total`` outcomes in their order, the same for any number of processes.

    ``report`` is called with the number of refits done.
    """

    def say(done: int, parts: int) -> None:
        if report is not None and done:
            report(min(done * CHUNK, total))

    parts = -(-total // CHUNK)
    found = run_tasks(fit, chunks(outcomes, CHUNK), say, total=parts)
    if report is not None:
        report(total)
    return [refit for part in found for refit in part]
