r"""Prediction errors: their variance, and its derivatives in the variance parameters.

With :math:`C = Z'H^{-1}X` and :math:`K = Z'H^{-1}Z`, the error of :math:`x'\hat\beta + z'\hat b` has variance

.. math:: v = \sigma^2\,[\,w'(X'H^{-1}X)^{-1}w + z'(G - GKG)z\,], \qquad w = x - C'Gz,

(Henderson 1975, Biometrics 31). The prediction is :math:`r'y` with :math:`r = H^{-1}(X(X'H^{-1}X)^{-1}w + ZGz)`, and as
:math:`r` has the least variance of all such predictions, the change of :math:`v` with :math:`G` is

.. math:: \mathrm{d}v = \sigma^2\, e'\,\mathrm{d}G\, e, \qquad e = z - Z'r = z - C(X'H^{-1}X)^{-1}w - KGz.

Satterthwaite's degrees of freedom of the total variance follow as for fixed effects, where :math:`z = 0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ..numerics.curvature import coefficients
from ..numerics.products import full_products
from ..reference import Reference, Satterthwaite, moment_degrees

if TYPE_CHECKING:
    from ..numerics.criterion import Criterion
    from ..numerics.evaluated import Point


class PredictionErrors:
    """Prediction error variances, for the random effects of the formula.

    Parameters
    ----------
    criterion, point
        The fit.
    size
        Number of the formula's random effects; known sampling variances add terms of their own after them.
    """

    def __init__(self, criterion: Criterion, point: Point, size: int) -> None:
        self._criterion, self._point = criterion, point
        self._lambdas = criterion.lambdas(point.theta)
        self._directions = criterion.directions(self._lambdas)
        products = full_products(criterion, point.theta)
        q, p = products.q, criterion.data.p
        self._parts, self._size = products.parts, size
        _, self._fixed = coefficients(criterion, point)
        self._cross = products.matrix[:q, q : q + p] @ criterion.data.triangle  # C, shape (q, p)
        self._turned = self._scaled(self._cross[:size])  # GC
        # I - GK, over the formula's effects by all of them; times G it is G - GKG.
        self._left = np.eye(size, q) - self._scaled(products.matrix[:size, :q])
        self.spread = self._scaled(self._left[:, :size].T)

    def _scaled(self, rows: Floats) -> Floats:
        """``G`` times rows over the random effects of the formula."""
        result = np.empty(rows.shape)
        for part, (levels, k), triangle in zip(self._parts, self._criterion.data.shapes, self._lambdas, strict=True):
            if part.stop <= self._size:
                own = rows[part].reshape(levels, k, -1)
                result[part] = np.matmul(triangle @ triangle.T, own).reshape(levels * k, -1)
        return result

    def variance(self, X: Floats, Z: Any, unseen: Mapping[int, Floats]) -> tuple[Floats, Floats]:
        """Variance of each row's error and its derivatives in ``theta``, shapes ``(n,)`` and ``(n, m)``.

        Parameters
        ----------
        X
            Fixed columns, shape ``(n, p)``.
        Z
            Loadings on the standardised random effects of the formula, dense or sparse, shape ``(n, size)``.
        unseen
            By position of the term, standardised loadings on its levels without data, shapes ``(n, L', k)``; for
            these, :math:`e` is the loading itself.
        """
        sigma2 = self._point.sigma2
        w = X - np.asarray(Z @ self._turned)
        weighted = w @ self._fixed
        errors = np.asarray(Z @ self._left) - (weighted / sigma2) @ self._cross.T
        variance = np.einsum("np,np->n", weighted, w) + sigma2 * _by_row(Z, np.asarray(Z @ self.spread))
        shapes = self._criterion.data.shapes
        squares = [
            _squares(errors[:, part].reshape(len(X), *shape)) for part, shape in zip(self._parts, shapes, strict=True)
        ]
        for t, loads in unseen.items():
            own = _squares(loads)
            squares[t] += own
            variance += sigma2 * np.einsum("nab,ab->n", own, self._lambdas[t] @ self._lambdas[t].T)
        slopes = [sigma2 * np.einsum("nab,ab->n", squares[t], direction) for t, direction in self._directions]
        return variance, np.stack(slopes, axis=1)

    def degrees(self, reference: Reference, variance: Floats, slopes: Floats, X: Floats) -> Floats:
        """Degrees of freedom of each row's variance, shape ``(n,)``.

        Those of the fixed part if the fit does not use Satterthwaite's method.

        Parameters
        ----------
        reference
            Reference distribution of the fit.
        variance, slopes
            The total variance and its derivatives in ``theta``, shapes ``(n,)`` and ``(n, m)``.
        X
            Fixed columns, shape ``(n, p)``.
        """
        if not isinstance(reference, Satterthwaite):
            return reference.degrees(X)
        if not self._criterion.data.known_scale:  # the whole variance is in units of σ²
            slopes = np.column_stack([slopes, 2.0 * variance / np.sqrt(self._point.sigma2)])
        return moment_degrees(variance, slopes, reference.parameters)


def _squares(rows: Floats) -> Floats:
    """``Σ e e'`` over the levels of each row, shapes ``(n, L, k)`` to ``(n, k, k)``."""
    return np.asarray(np.einsum("nla,nlb->nab", rows, rows, optimize=True))


def _by_row(left: Any, right: Floats) -> Floats:
    """Sum of elementwise products in each row."""
    if isinstance(left, np.ndarray):
        return np.einsum("ij,ij->i", left, right)
    return np.asarray(left.multiply(right).sum(axis=1)).ravel()
