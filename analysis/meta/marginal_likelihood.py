r"""The restricted or full likelihood of effects whose covariance is a smooth function of a few numbers.

.. math:: M(x) = V + \sum_t (B_t G_t(x_t) B_t') \circ S_t

with the sampling covariance :math:`V`, the columns :math:`B_t` that vary by the groups of term :math:`t`, and
:math:`S_t` one where two effects share a group. Matrices are dense: for up to some thousand effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..core.arrays import Floats, Integers
from ..mixed.numerics.optimize import Search, minimize
from .structures import Structure

# Step of the differences between gradients that give second derivatives.
DIFFERENCE = 1e-5
# Predicted decrease of the criterion at which a search ends, and its longest.
DECREASE, EVALUATIONS = 1e-11, 300
# Standard deviations, in units of the effects' spread, and angles at which searches start. A likelihood can have many
# maxima: each start is followed and the highest taken.
STARTS = ((0.5, 0.0), (1.0, 0.8), (0.2, -0.5))


@dataclass(frozen=True, slots=True)
class GroupedEffects:
    """A random term: its columns ``(k, q)``, the group of each row ``(k,)`` and the structure of their covariance."""

    columns: Floats
    codes: Integers
    structure: Structure


@dataclass(frozen=True, slots=True)
class At:
    """The criterion at numbers ``theta``: minus twice the log-likelihood, its derivatives, and what goes with them."""

    theta: Floats
    value: float
    gradient: Floats
    curvature: Floats
    coefficients: Floats
    covariance: Floats
    sensitivity: Floats
    slopes: tuple[Floats, ...] = ()


class MarginalLikelihood:
    """Minus twice the log-likelihood of ``y`` with fixed columns ``X``, in the free numbers of all terms.

    Numbers that are standard deviations are in units of ``scale``. The restricted likelihood has no ``log |X'X|``.
    """

    def __init__(
        self, y: Floats, X: Floats, sampling: Floats, terms: Sequence[GroupedEffects], restricted: bool
    ) -> None:
        self.y, self.X, self.sampling, self.terms, self.restricted = y, X, sampling, tuple(terms), restricted
        self.entries: list[tuple[int, int, int]] = []  # no number that the search would have to steer away from zero
        left = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        self.scale = float(np.sqrt(left @ left / max(len(y) - X.shape[1], 1)))
        self._same = [np.equal.outer(term.codes, term.codes) for term in terms]
        self.units = np.concatenate([self._units(term.structure) for term in terms])

    def _units(self, structure: Structure) -> Floats:
        units = np.full(structure.count, self.scale)
        units[list(structure.angles)] = 1.0
        return units

    def split(self, theta: Floats) -> list[Floats]:
        """The numbers of each term, in the units of the effects."""
        ends = np.cumsum([term.structure.count for term in self.terms])[:-1]
        return [np.asarray(part) for part in np.split(theta * self.units, ends)]

    def covariances(self, theta: Floats) -> list[Floats]:
        """``G`` of each term."""
        return [term.structure.covariance(part) for term, part in zip(self.terms, self.split(theta), strict=True)]

    def marginal(self, theta: Floats) -> Floats:
        """Covariance of the effects, sampling error included, shape ``(k, k)``."""
        total = self.sampling.copy()
        for term, same, own in zip(self.terms, self._same, self.covariances(theta), strict=True):
            total += np.where(same, term.columns @ own @ term.columns.T, 0.0)
        return total

    def __call__(self, theta: Floats) -> At:
        """Value, gradient and average information.

        Raises
        ------
        numpy.linalg.LinAlgError
            If the covariance of the effects is not positive definite.
        """
        k, p = self.X.shape
        factor = cho_factor(self.marginal(theta), lower=True)
        inverse = cho_solve(factor, np.eye(k))
        weighted = inverse @ self.X
        information = self.X.T @ weighted
        covariance = np.linalg.inv(information)
        estimate = covariance @ (weighted.T @ self.y)
        projected = inverse @ (self.y - self.X @ estimate)  # Py
        spread = weighted @ covariance  # M⁻¹X (X'M⁻¹X)⁻¹
        projector = inverse - spread @ weighted.T
        value = 2.0 * float(np.log(np.diag(factor[0])).sum()) + float(self.y @ projected)
        value += (k - p if self.restricted else k) * float(np.log(2.0 * np.pi))
        if self.restricted:
            value += float(np.linalg.slogdet(information)[1])
        traced = projector if self.restricted else inverse
        gradient, images, sensitivity = [], [], []
        for change in self._changes(theta):
            image = change @ projected
            gradient.append(float(np.vdot(traced, change)) - float(projected @ image))
            images.append(image)
            sensitivity.append(spread.T @ change @ spread)
        moved = np.array(images)
        return At(
            theta, value, np.array(gradient), moved @ projector @ moved.T, estimate, covariance, np.array(sensitivity)
        )

    def _changes(self, theta: Floats) -> list[Floats]:
        """Derivative of the covariance of the effects by each entry of ``theta``, shapes ``(k, k)``."""
        found: list[Floats] = []
        for term, same, part in zip(self.terms, self._same, self.split(theta), strict=True):
            for own in term.structure.derivatives(part, self._units(term.structure)):
                found.append(np.where(same, term.columns @ own @ term.columns.T, 0.0))
        return found

    def hessian(self, theta: Floats) -> Floats:
        """Second derivatives, from differences between gradients."""
        m = len(theta)
        result = np.empty((m, m))
        for i in range(m):
            step = DIFFERENCE * np.eye(m)[i]
            result[i] = (self(theta + step).gradient - self(theta - step).gradient) / (2.0 * DIFFERENCE)
        return 0.5 * (result + result.T)

    def maximum(self) -> Search[At]:
        """The highest of the maxima found from ``STARTS``."""
        ends = []
        for size, angle in STARTS:
            start = np.concatenate([self._start(term.structure, size, angle) for term in self.terms])
            ends.append(minimize(self, start, EVALUATIONS, exact=lambda at: self.hessian(at.theta), decrease=DECREASE))
        return min(ends, key=lambda end: end.point.value)

    @staticmethod
    def _start(structure: Structure, size: float, angle: float) -> Floats:
        start = np.full(structure.count, size)
        start[list(structure.angles)] = angle
        if structure.name == "UN":
            rows, columns = np.tril_indices(structure.size)
            start = np.where(rows == columns, size, 0.3 * size * np.sign(angle))
        return start
