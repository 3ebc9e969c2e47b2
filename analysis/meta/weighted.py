"""Weighted least squares with known variances, the basis of every estimator of a meta-analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.arrays import Floats
from .effects import Effects


@dataclass(frozen=True, slots=True)
class Weighted:
    r"""A fit at weights :math:`w_i = 1 / (v_i + \tau^2)`.

    Attributes
    ----------
    weights
        Shape ``(k,)``.
    coefficients, covariance
        Shapes ``(p,)`` and ``(p, p)``; the covariance treats the weights as known.
    residuals
        ``y - X beta``, shape ``(k,)``.
    basis
        Orthonormal basis of ``W^(1/2) X``, shape ``(k, p)``.
    """

    weights: Floats
    coefficients: Floats
    covariance: Floats
    residuals: Floats
    basis: Floats

    @property
    def q(self) -> float:
        """Weighted sum of squared residuals, ``y'Py``."""
        return float(self.weights @ self.residuals**2)

    @property
    def hat(self) -> Floats:
        """Diagonal of the hat matrix, shape ``(k,)``."""
        return np.asarray(np.einsum("ij,ij->i", self.basis, self.basis))

    @property
    def trace(self) -> float:
        r"""Trace of :math:`P = W - WX(X'WX)^{-1}X'W`."""
        return float(self.weights @ (1.0 - self.hat))

    @property
    def log_information(self) -> float:
        """``log |X'WX|``."""
        return -float(np.linalg.slogdet(self.covariance)[1])


def weighted_fit(effects: Effects, tau2: float) -> Weighted:
    """Fit ``effects`` with between-effect variance ``tau2``."""
    weights = 1.0 / (effects.v + tau2)
    root = np.sqrt(weights)
    basis, triangle = np.linalg.qr(effects.X * root[:, None])
    back = np.linalg.inv(triangle)
    beta = back @ (basis.T @ (root * effects.y))
    # One refinement on the residuals, so that a large common offset costs no precision.
    beta += back @ (basis.T @ (root * (effects.y - effects.X @ beta)))
    return Weighted(weights, beta, back @ back.T, effects.y - effects.X @ beta, basis)


def squared_trace(fit: Weighted) -> float:
    """Trace of ``P P``."""
    w, basis = fit.weights, fit.basis
    inner = basis.T @ (basis * w[:, None])
    return float((w**2).sum() - 2.0 * (w**2) @ fit.hat + np.einsum("ij,ji->", inner, inner))
