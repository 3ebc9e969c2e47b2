"""Uncertainty of fixed effects: covariance, Satterthwaite degrees of freedom, intervals.

Satterthwaite's approximation matches the first two moments of an estimated variance to a scaled chi-square
(Satterthwaite 1946, Biometrics Bulletin 2; Kuznetsova, Brockhoff & Christensen 2017, J. Stat. Softw. 82(13)):
for a contrast :math:`c` with variance :math:`v = c'Vc`, :math:`df = 2v^2 / (g'Ag)`, where :math:`g` is the gradient of
:math:`v` in the variance parameters and :math:`A` their asymptotic covariance. All derivatives are exact here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import stdtr, stdtrit

from ..arrays import Floats
from .criterion import Criterion, Point

# Curvature directions below this share of the steepest carry no information about the variance parameters (a variance
# on its boundary that the likelihood does not punish) and are left out of their covariance.
FLAT = 1e-10


class Reference(Protocol):
    """Where the degrees of freedom of a contrast come from."""

    @property
    def name(self) -> str:
        """How the degrees of freedom were got."""
        ...

    def degrees(self, contrasts: Floats) -> Floats:
        """Degrees of freedom of each row of ``contrasts``, shape ``(r, p)`` to ``(r,)``."""
        ...


@dataclass(frozen=True, slots=True)
class Normal:
    """The normal distribution: degrees of freedom are infinite. Too narrow when a factor has few levels."""

    name: str = "normal"

    def degrees(self, contrasts: Floats) -> Floats:
        """Infinite for every contrast."""
        return np.full(len(contrasts), np.inf)


@dataclass(frozen=True, slots=True)
class Satterthwaite:
    """Satterthwaite degrees of freedom.

    Attributes
    ----------
    covariance
        Covariance of the fixed effects, shape ``(p, p)``.
    sensitivity
        Derivative of ``covariance`` in each variance parameter, shape ``(m + 1, p, p)``.
    parameters
        Asymptotic covariance of the variance parameters ``(theta, sigma)``, shape ``(m + 1, m + 1)``.
    """

    covariance: Floats
    sensitivity: Floats
    parameters: Floats
    name: str = "satterthwaite"

    def degrees(self, contrasts: Floats) -> Floats:
        """``2 v² / g'Ag`` of each contrast."""
        variance = np.einsum("ri,ij,rj->r", contrasts, self.covariance, contrasts)
        slope = np.einsum("ri,mij,rj->rm", contrasts, self.sensitivity, contrasts)
        spread = np.einsum("rm,mn,rn->r", slope, self.parameters, slope)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(spread > 0, 2.0 * variance**2 / spread, np.inf)


def coefficients(criterion: Criterion, point: Point) -> tuple[Floats, Floats]:
    """Fixed effects and their covariance in the columns the user wrote, shapes ``(p,)`` and ``(p, p)``."""
    back = np.linalg.inv(criterion.data.triangle)
    estimate = criterion.data.least_squares + back @ point.coefficients
    covariance = point.sigma2 * back @ np.linalg.inv(point.fixed) @ back.T
    return estimate, 0.5 * (covariance + covariance.T)


def hessian(criterion: Criterion, point: Point) -> Floats:
    """Exact second derivatives of the criterion in ``(theta, sigma)``, shape ``(m + 1, m + 1)``.

    The criterion is taken before σ is profiled out, as lmerTest does, and ``point`` must be its minimum over σ. Where
    the scale is known there is no σ: shape ``(m, m)``.
    """
    p = criterion.data.p
    lambdas = criterion.lambdas(point.theta)
    products, parts = criterion.full_products(point.theta)
    q = len(products) - p
    whitened = np.linalg.solve(np.linalg.cholesky(products[q:, q:]), products[q:, :q])
    within = products[:q, :q] - whitened.T @ whitened  # Z'PZ
    images = np.zeros((q, len(point.theta)))
    for i, (image, (t, _, _)) in enumerate(
        zip(criterion.images(lambdas, point.projected), criterion.entries, strict=True)
    ):
        images[parts[t], i] = image.ravel()
    linear = criterion.pair(criterion.images(lambdas, point.projected), point.projected)
    trace = _Traces(criterion, within if criterion.reml else products[:q, :q], parts)
    m, sigma = len(point.theta), np.sqrt(point.sigma2)
    result = np.zeros((m + 1, m + 1))
    result[:m, :m] = 2.0 * images.T @ (within @ images) / point.sigma2 - trace(lambdas)
    result[:m, :m] += criterion.bending(point.slopes)
    if criterion.data.known_scale:
        return 0.5 * (result[:m, :m] + result[:m, :m].T)
    result[:m, m] = result[m, :m] = 2.0 * linear / sigma**3
    result[m, m] = 4.0 * criterion.degrees / point.sigma2
    return 0.5 * (result + result.T)


def satterthwaite(criterion: Criterion, point: Point, curvature: Floats) -> Satterthwaite:
    """Prepare Satterthwaite degrees of freedom at the minimum ``point`` with exact ``curvature`` there."""
    roots, vectors = np.linalg.eigh(curvature)
    informative = roots > FLAT * max(float(roots[-1]), 0.0)
    parameters = 2.0 * (vectors[:, informative] / roots[informative]) @ vectors[:, informative].T
    _, covariance = coefficients(criterion, point)
    back = np.linalg.inv(criterion.data.triangle)
    spread = back @ np.linalg.inv(point.fixed)  # R⁻¹ (Q'H⁻¹Q)⁻¹
    p, m = criterion.data.p, len(point.theta)
    sensitivity = np.empty((m if criterion.data.known_scale else m + 1, p, p))
    for i, (t, direction) in enumerate(criterion.directions(criterion.lambdas(point.theta))):
        levels, k = criterion.data.shapes[t]
        block = point.cross[t] @ spread.T  # Z'H⁻¹X (X'H⁻¹X)⁻¹
        turned = np.matmul(direction, block.reshape(levels, k, p)).reshape(levels * k, p)
        sensitivity[i] = point.sigma2 * block.T @ turned
    if not criterion.data.known_scale:
        sensitivity[m] = 2.0 / np.sqrt(point.sigma2) * covariance
    return Satterthwaite(covariance, sensitivity, parameters)


def t_tests(estimate: Floats, std_error: Floats, df: Floats, level: float) -> dict[str, Floats]:
    """Two-sided t tests against zero and intervals at ``level``; infinite ``df`` means the normal distribution."""
    statistic = estimate / std_error
    capped = np.minimum(df, 1e12)  # scipy's t is the normal there to double precision
    p_value = 2.0 * stdtr(capped, -np.abs(statistic))
    width = stdtrit(capped, 0.5 + level / 2.0) * std_error
    return {
        "estimate": estimate,
        "std_error": std_error,
        "df": df,
        "statistic": statistic,
        "p_value": p_value,
        "conf_low": estimate - width,
        "conf_high": estimate + width,
    }


class _Traces:
    """Traces ``tr(K ∂Gᵢ K ∂Gⱼ)`` over pairs of parameters, with the sums over levels taken once a pair of terms."""

    def __init__(self, criterion: Criterion, kernel: Floats, parts: list[slice]) -> None:
        self.criterion = criterion
        self.sums: dict[tuple[int, int], Floats] = {}
        shapes = criterion.data.shapes
        for t, (lt, kt) in enumerate(shapes):
            for u, (lu, ku) in enumerate(shapes):
                block = kernel[parts[t], parts[u]].reshape(lt, kt, lu, ku)
                flat = np.ascontiguousarray(block.transpose(1, 3, 0, 2)).reshape(kt * ku, lt * lu)
                self.sums[t, u] = (flat @ flat.T).reshape(kt, ku, kt, ku)

    def __call__(self, lambdas: list[Floats]) -> Floats:
        directions = self.criterion.directions(lambdas)
        m = len(directions)
        result = np.empty((m, m))
        for i, (t, left) in enumerate(directions):
            for j, (u, right) in enumerate(directions):
                # tr(∂Gᵢ K_tu ∂Gⱼ K_ut) = Σ ∂Gᵢ[b,a] K[a,c] ∂Gⱼ[c,d] K[b,d]
                result[i, j] = np.einsum("ba,cd,acbd->", left, right, self.sums[t, u])
        return result
