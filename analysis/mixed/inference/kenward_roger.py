r"""Kenward–Roger: a covariance of the fixed effects that allows for estimated variances, and its df.

Kenward & Roger 1997 (Biometrics 53), in the form of Halekoh & Højsgaard 2014 (J. Stat. Softw. 59(9)). The covariance of
the outcome is taken as linear in its parameters, :math:`\Sigma = \sum_i \gamma_i G_i`, with an entry of a term's
covariance matrix or the whole :math:`\Sigma` itself (for the scale) as each :math:`G_i`. With :math:`\Phi` the usual
covariance of the fixed effects,

.. math::
   P_i = -X'\Sigma^{-1}G_i\Sigma^{-1}X, \qquad Q_{ij} = X'\Sigma^{-1}G_i\Sigma^{-1}G_j\Sigma^{-1}X, \qquad
   \Phi_A = \Phi + 2\Phi\Bigl\{\sum_{ij} W_{ij}(Q_{ij} - P_i\Phi P_j)\Bigr\}\Phi

and :math:`W` twice the inverse of the expected information. Neither depends on the parametrisation of
the covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.arrays import Floats
from ..numerics.criterion import Criterion
from ..numerics.curvature import coefficients
from ..numerics.evaluated import Point
from ..numerics.traces import TraceSums
from ..reference import FTest, f_test, matched_degrees, row_space

# Directions with less than this share of the largest expected information are left out of its inverse, as in pbkrtest:
# they are variances that the design cannot separate.
UNINFORMATIVE = 1e-10


@dataclass(frozen=True, slots=True)
class KenwardRoger:
    """Kenward–Roger tests.

    Attributes
    ----------
    covariance
        Covariance of the fixed effects with the small-sample adjustment, shape ``(p, p)``.
    unadjusted
        Covariance without the adjustment.
    directions
        ``ΦPᵢΦ`` of each variance parameter, shape ``(m, p, p)``.
    weights
        Covariance of the variance parameters, shape ``(m, m)``.
    """

    covariance: Floats
    unadjusted: Floats
    directions: Floats
    weights: Floats
    name: str = "kenward-roger"

    def degrees(self, contrasts: Floats) -> Floats:
        """``2 v² / Σ Wᵢⱼ vᵢ vⱼ`` of each contrast."""
        return matched_degrees(contrasts, self.unadjusted, self.directions, self.weights)

    def test(self, contrasts: Floats, estimate: Floats) -> FTest:
        """Scaled F test of ``contrasts @ estimate = 0``."""
        rows = row_space(contrasts)
        size = len(rows)
        inverse = np.linalg.inv(rows @ self.unadjusted @ rows.T)
        # ΘΦPᵢΦ = L'(LΦL')⁻¹ L ΦPᵢΦ, cycled to the small side.
        turned = inverse @ (rows @ self.directions @ rows.T)
        single = np.einsum("maa->m", turned)
        first = float(single @ self.weights @ single)
        second = float(np.einsum("mn,mab,nba->", self.weights, turned, turned))
        wald = float((rows @ estimate) @ np.linalg.solve(rows @ self.covariance @ rows.T, rows @ estimate))
        df, scale = _moments(first, second, size)
        return f_test(scale * wald / size, size, df)


def _moments(first: float, second: float, size: int) -> tuple[float, float]:
    """Denominator df and scale that match the first two moments of the statistic."""
    if second <= 0:
        return np.inf, 1.0
    b = (first + 6.0 * second) / (2.0 * size)
    g = ((size + 1) * first - (size + 4) * second) / ((size + 2) * second)
    denominator = 3.0 * size + 2.0 * (1.0 - g)
    c1, c2, c3 = g / denominator, (size - g) / denominator, (size + 2 - g) / denominator
    mean = 1.0 / (1.0 - second / size)
    variance = (2.0 / size) * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    ratio = variance / (2.0 * mean**2)
    df = 4.0 + (size + 2) / (size * ratio - 1.0)
    return df, df / (mean * (df - 2.0))


def kenward_roger(criterion: Criterion, point: Point) -> KenwardRoger:
    """Prepare Kenward–Roger tests at the minimum of a REML criterion."""
    sigma2, p = point.sigma2, criterion.data.p
    factored = criterion.factor(point.theta)
    units = [(t, _unit(criterion.data.shapes[t][1], a, b)) for t, a, b in criterion.entries]
    loads = []
    for t, unit in units:
        levels, k = criterion.data.shapes[t]
        loads.append((t, np.matmul(unit, point.cross[t].reshape(levels, k, p)).reshape(levels * k, p)))
    m = len(units)
    scaled = not criterion.data.known_scale
    count = m + 1 if scaled else m
    basis = sigma2 * np.linalg.inv(point.fixed)  # Φ in the orthonormal basis
    first = np.empty((count, p, p))  # -Pᵢ
    second = np.empty((count, count, p, p))  # Qᵢⱼ
    traces = np.empty((count, count))
    for i, (t, _) in enumerate(units):
        first[i] = point.cross[t].T @ loads[i][1] / sigma2**2
    inner = factored.inner(loads)
    second[:m, :m] = inner.reshape(m, p, m, p).transpose(0, 2, 1, 3) / sigma2**3
    traces[:m, :m] = TraceSums(criterion, point, fixed=False).traces(units) / sigma2**2
    if scaled:
        by_level = criterion.level_traces(factored)
        first[m] = point.fixed / sigma2**2
        second[m, m] = point.fixed / sigma2**3
        second[m, :m] = second[:m, m] = first[:m] / sigma2
        traces[m, :m] = traces[:m, m] = np.array([(by_level[t] * unit).sum() for t, unit in units]) / sigma2**2
        traces[m, m] = criterion.data.n / sigma2**2
    # tr(ΦQᵢⱼ) and tr(ΦPᵢΦPⱼ)
    turned = basis @ first
    information = traces - 2.0 * np.einsum("ab,mnba->mn", basis, second) + np.einsum("mab,nba->mn", turned, turned)
    weights = _inverse(0.5 * (information + information.T)) * 2.0
    bracket = np.einsum("mn,mnab->ab", weights, second) - np.einsum("mn,mab,nbc->ac", weights, first, turned)
    adjusted = basis + 2.0 * basis @ bracket @ basis
    back = np.linalg.inv(criterion.data.triangle)
    _, unadjusted = coefficients(criterion, point)
    directions = -back @ (turned @ basis) @ back.T
    adjusted = back @ (0.5 * (adjusted + adjusted.T)) @ back.T
    return KenwardRoger(adjusted, unadjusted, directions, weights)


def _unit(k: int, a: int, b: int) -> Floats:
    """Derivative of a symmetric ``(k, k)`` matrix in its entry ``(a, b)``."""
    unit = np.zeros((k, k))
    unit[a, b] = unit[b, a] = 1.0
    return unit


def _inverse(information: Floats) -> Floats:
    """Inverse over the directions with information, each parameter scaled by its own."""
    scale = 1.0 / np.sqrt(np.diag(information))
    roots, vectors = np.linalg.eigh(information * scale * scale[:, None])
    used = roots > UNINFORMATIVE * roots[-1]
    inverse = (vectors[:, used] / roots[used]) @ vectors[:, used].T
    return np.asarray(inverse * scale * scale[:, None])
