r"""The profiled REML and ML criterion, its gradient and its curvature, from cross-products alone.

The model is :math:`y = X\beta + Zb + \varepsilon` with :math:`\varepsilon \sim N(0, \sigma^2 W^{-1})` and, for each
level of a term, :math:`b \sim N(0, \sigma^2 \lambda\lambda')`. The free parameters ``theta`` are the entries of the
lower triangles :math:`\lambda`, as in lme4 (Bates et al. 2015, J. Stat. Softw. 67(1), section 3); :math:`\beta` and
:math:`\sigma` are profiled out. With :math:`H = W^{-1} + Z\Lambda\Lambda'Z'` and
:math:`M = \Lambda'Z'WZ\Lambda + I = LL'`, every product with :math:`H^{-1}` follows from

.. math:: A'H^{-1}A = A'WA - (L^{-1}\Lambda'Z'WA)'(L^{-1}\Lambda'Z'WA), \qquad A = [Z\; X\; y].

Derivatives are taken with respect to :math:`G = \lambda\lambda'`, where they are those of a variance component
(average information: Gilmour, Thompson & Cullis 1995, Biometrics 51), and carried to ``theta`` by the chain rule.
That keeps the optimisation unconstrained: a variance of zero is an ordinary stationary point in ``theta``.

Where one term has been set apart (``elimination``), the same formulas run on what is left of the data once it is gone,
and the products that involve it follow from its border.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtrs

from ..arrays import Floats
from .crossproducts import CrossProducts
from .elimination import Reduced, apply_blocks, reduce


@dataclass(frozen=True, slots=True)
class Point:
    """The criterion at one ``theta`` and what was computed on the way.

    Attributes
    ----------
    theta
        Parameters, shape ``(m,)``.
    value
        Minus twice the (restricted) log-likelihood, profiled over β and σ.
    gradient, curvature
        First derivatives ``(m,)`` and average-information second derivatives ``(m, m)`` with respect to ``theta``.
    sigma2
        Profiled residual variance; 1 where the scale is known.
    coefficients
        Fixed effects in the orthonormal basis, shape ``(p,)``.
    fixed
        ``Q'H⁻¹Q``, shape ``(p, p)``.
    cross
        ``Z'H⁻¹Q`` of each term, shapes ``(L k, p)``.
    projected
        ``Z'Py`` of each term, shapes ``(L, k)``: the random effects are ``Z'Py G``.
    slopes
        Derivative of the criterion in each term's ``G``, symmetric, shapes ``(k, k)``.
    """

    theta: Floats
    value: float
    gradient: Floats
    curvature: Floats
    sigma2: float
    coefficients: Floats
    fixed: Floats
    cross: tuple[Floats, ...]
    projected: tuple[Floats, ...]
    slopes: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class _Factored:
    """The kept terms factored at one ``theta``: ``whitened`` is ``L⁻¹Λ'Z'H₀⁻¹[Z Q r]``, shape ``(s, s + p + 1)``."""

    matrix: Floats
    reduced: Reduced | None
    lower: Floats
    whitened: Floats


class Criterion:
    """Minus twice the profiled (restricted) log-likelihood of one data set, as a function of ``theta``."""

    def __init__(self, data: CrossProducts, reml: bool = True) -> None:
        self.data = data
        self.reml = reml
        #: (term, row, column) of each entry of ``theta``: lower triangles, column by column
        self.entries = [(t, a, b) for t, (_, k) in enumerate(data.shapes) for b in range(k) for a in range(b, k)]
        ends = np.cumsum([data.shapes[t][0] * data.shapes[t][1] for t in data.kept]).astype(int)
        self.size = int(ends[-1]) if len(ends) else 0
        #: columns of each kept term in the matrix
        self.parts = {t: slice(int(end) - data.shapes[t][0] * data.shapes[t][1], int(end))
                      for t, end in zip(data.kept, ends, strict=True)}  # fmt: skip
        self._log_triangle = 2.0 * float(np.log(np.abs(np.diag(data.triangle))).sum())

    @property
    def degrees(self) -> int:
        """Divisor of the residual variance: ``n - p`` for REML, ``n`` for ML."""
        return self.data.n - self.data.p if self.reml else self.data.n

    @property
    def scale(self) -> float:
        """Size of a typical ``theta``: 1 where it is relative to σ, the outcome's own spread where σ is known."""
        if not self.data.known_scale:
            return 1.0
        return float(np.sqrt(np.exp(-self.data.log_weights / self.data.n)))

    def start(self) -> Floats:
        """Every random effect as large as the residual."""
        return np.array([self.scale if a == b else 0.0 for _, a, b in self.entries])

    def lambdas(self, theta: Floats) -> list[Floats]:
        """Lower triangles of the terms."""
        triangles: list[Floats] = [np.zeros((k, k)) for _, k in self.data.shapes]
        for value, (t, a, b) in zip(theta, self.entries, strict=True):
            triangles[t][a, b] = value
        return triangles

    def __call__(self, theta: Floats) -> Point:
        """Evaluate criterion, gradient and average information at ``theta``."""
        data, s, p = self.data, self.size, self.data.p
        lambdas = self.lambdas(theta)
        factored = self._factor(lambdas)
        last = factored.whitened[:, s:]
        tail = factored.matrix[s:, s:] - last.T @ last
        fixed = tail[:p, :p]
        triangle = np.linalg.cholesky(fixed)
        coefficients = np.linalg.solve(fixed, tail[:p, p])
        residual = float(tail[p, p] - tail[:p, p] @ coefficients)
        sigma2 = 1.0 if data.known_scale else residual / self.degrees
        value = 2.0 * float(np.log(np.diag(factored.lower)).sum())
        value += self.degrees * float(np.log(2.0 * np.pi * sigma2)) + residual / sigma2 - data.log_weights
        if factored.reduced is not None:
            value += factored.reduced.log_determinant
        if self.reml:
            value += 2.0 * float(np.log(np.diag(triangle)).sum()) + self._log_triangle

        cross = self._cross(factored, lambdas)
        projected = tuple(
            (block[:, p] - block[:, :p] @ coefficients).reshape(shape)
            for block, shape in zip(cross, data.shapes, strict=True)
        )
        basis = tuple(block[:, :p] for block in cross)
        slopes = tuple(self._slopes(factored, lambdas, basis, projected, sigma2, triangle))
        gradient = np.array([2.0 * float(slopes[t][a] @ lambdas[t][:, b]) for t, a, b in self.entries])
        images = self.images(lambdas, projected)
        information = self._quadratic(factored, lambdas, images, triangle) / sigma2
        if not data.known_scale:  # profiling σ out takes away what a common factor of all variances explains
            linear = self.pair(images, projected)
            information -= np.outer(linear, linear) / (self.degrees * sigma2**2)
        curvature = information + self.bending(slopes)
        return Point(theta, value, gradient, curvature, sigma2, coefficients, fixed, basis, projected, slopes)

    def directions(self, lambdas: list[Floats]) -> list[tuple[int, Floats]]:
        """For each entry of ``theta``: its term and the derivative of that term's ``G``, shape ``(k, k)``."""
        result: list[tuple[int, Floats]] = []
        for t, a, b in self.entries:
            direction = np.zeros_like(lambdas[t])
            direction[a, :] = lambdas[t][:, b]
            result.append((t, direction + direction.T))
        return result

    def images(self, lambdas: list[Floats], projected: tuple[Floats, ...]) -> list[Floats]:
        """``∂G Z'Py`` for each entry of ``theta``: an ``(L, k)`` array in the entry's own term."""
        return [projected[t] @ direction for t, direction in self.directions(lambdas)]

    def pair(self, images: list[Floats], projected: tuple[Floats, ...]) -> Floats:
        """``(Z'Py)'∂G(Z'Py)`` for each entry of ``theta``, shape ``(m,)``."""
        return np.array(
            [float((image * projected[t]).sum()) for image, (t, _, _) in zip(images, self.entries, strict=True)]
        )

    def bending(self, slopes: tuple[Floats, ...]) -> Floats:
        """Part of the second derivatives that comes from ``G`` being quadratic in ``theta``, shape ``(m, m)``."""
        m = len(self.entries)
        result = np.zeros((m, m))
        for i, (t, a, b) in enumerate(self.entries):
            for j, (u, c, d) in enumerate(self.entries):
                if t == u and b == d:
                    result[i, j] = 2.0 * slopes[t][a, c]
        return result

    def full_products(self, theta: Floats) -> tuple[Floats, list[slice]]:
        """``[Z Q]'H⁻¹[Z Q]`` over all terms in the order of the formula, and each term's columns.

        Dense, shape ``(q + p, q + p)``: for inference at the minimum, not for the search.
        """
        data, s, p = self.data, self.size, self.data.p
        lambdas = self.lambdas(theta)
        factored = self._factor(lambdas)
        products = factored.matrix - factored.whitened.T @ factored.whitened
        inner = products[: s + p, : s + p]
        parts = dict(self.parts)
        if factored.reduced is not None and data.eliminated is not None:
            levels, k, _ = factored.reduced.own.shape
            size = levels * k
            border = factored.reduced.border
            dense = border if isinstance(border, np.ndarray) else border.toarray()
            spread = self._solve(factored, lambdas, dense.T)
            own = np.zeros((levels, k, levels, k))
            every = np.arange(levels)
            own[every, :, every, :] = factored.reduced.own
            side = np.hstack([dense, factored.reduced.right[:, :p]]) - spread.T @ factored.whitened[:, : s + p]
            inner = np.block([[own.reshape(size, size) - spread.T @ spread, side], [side.T, inner]])
            parts = {t: slice(part.start + size, part.stop + size) for t, part in parts.items()}
            parts[data.eliminated.term] = slice(0, size)
        order = np.concatenate([np.arange(len(inner))[parts[t]] for t in range(len(data.shapes))] + [
            np.arange(len(inner) - p, len(inner))])  # fmt: skip
        ends = np.cumsum([levels * k for levels, k in data.shapes])
        slices = [slice(int(end) - levels * k, int(end)) for end, (levels, k) in zip(ends, data.shapes, strict=True)]
        return inner[np.ix_(order, order)], slices

    def _factor(self, lambdas: list[Floats]) -> _Factored:
        data, s = self.data, self.size
        reduced = None
        matrix = data.matrix
        if data.eliminated is not None:
            reduced = reduce(data, data.eliminated, lambdas[data.eliminated.term])
            matrix = reduced.matrix
        half = self._scale(lambdas, matrix[:s])
        system = self._scale(lambdas, half[:, :s].T)
        system.flat[:: s + 1] += 1.0
        if s == 0:
            return _Factored(matrix, reduced, system, half)
        lower, info = dpotrf(system.T, lower=1, overwrite_a=1)
        if info != 0:  # only rounding can do this: the matrix is the identity plus a Gram matrix
            raise np.linalg.LinAlgError("the scaled cross-products are not positive definite")
        whitened, _ = dtrtrs(lower, half, lower=1)
        return _Factored(matrix, reduced, lower, whitened)

    def _cross(self, factored: _Factored, lambdas: list[Floats]) -> list[Floats]:
        """``Z'H⁻¹[Q r]`` of every term, in the order of the formula."""
        s = self.size
        last = factored.whitened[:, s:]
        kept = factored.matrix[:s, s:] - factored.whitened[:, :s].T @ last
        blocks: dict[int, Floats] = {t: kept[part] for t, part in self.parts.items()}
        if factored.reduced is not None and self.data.eliminated is not None:
            back = self._back(factored, lambdas, last)
            blocks[self.data.eliminated.term] = factored.reduced.right - factored.reduced.border @ back
        return [blocks[t] for t in range(len(self.data.shapes))]

    def _slopes(
        self, factored: _Factored, lambdas: list[Floats], basis: tuple[Floats, ...],
        projected: tuple[Floats, ...], sigma2: float, triangle: Floats,
    ) -> list[Floats]:  # fmt: skip
        """Derivative of the criterion in each ``G``: ``Σ Z'PZ - Z'Py y'PZ / σ²`` over levels, ``(k, k)`` each."""
        result: list[Floats] = []
        for t, (levels, k) in enumerate(self.data.shapes):
            trace = self._trace(factored, lambdas, t)
            if self.reml:
                columns, _ = dtrtrs(triangle, basis[t].T, lower=1)
                by_level = columns.reshape(-1, levels, k)
                trace = trace - np.einsum("pia,pib->ab", by_level, by_level)
            result.append(trace - projected[t].T @ projected[t] / sigma2)
        return result

    def _trace(self, factored: _Factored, lambdas: list[Floats], t: int) -> Floats:
        """``Σ Z'H⁻¹Z`` over the levels of a term, shape ``(k, k)``."""
        levels, k = self.data.shapes[t]
        if factored.reduced is not None and self.data.eliminated is not None and t == self.data.eliminated.term:
            border = factored.reduced.border
            total = factored.reduced.own.sum(axis=0)
            if not self.size:
                return total
            inverse = self._inverse(factored, lambdas)
            for a in range(k):
                for b in range(k):
                    left, right = border[a::k], border[b::k]
                    product = left.T @ right
                    overlap = (
                        (inverse * product).sum()
                        if isinstance(product, np.ndarray)
                        else product.multiply(inverse).sum()
                    )
                    total[a, b] -= overlap
            return total
        part = self.parts[t]
        blocks = factored.matrix[part, part].reshape(levels, k, levels, k)
        by_level = factored.whitened[:, part].reshape(self.size, levels, k)
        if k == 1:
            return np.array([[np.trace(factored.matrix[part, part]) - (by_level**2).sum()]])
        return np.einsum("iaib->ab", blocks) - np.einsum("sia,sib->ab", by_level, by_level)

    def _quadratic(self, factored: _Factored, lambdas: list[Floats], images: list[Floats], triangle: Floats) -> Floats:
        """``(Zv)'P(Zw)`` for all pairs of ``images``, shape ``(m, m)``."""
        s, p, m = self.size, self.data.p, len(images)
        kept = np.zeros((s, m))
        apart = None
        if self.data.eliminated is not None:
            levels, k = self.data.shapes[self.data.eliminated.term]
            apart = np.zeros((levels * k, m))
        for i, (t, _, _) in enumerate(self.entries):
            if t in self.parts:
                kept[self.parts[t], i] = images[i].ravel()
            elif apart is not None:
                apart[:, i] = images[i].ravel()
        right = factored.matrix[: s + p, :s] @ kept
        own = None
        if apart is not None and factored.reduced is not None:
            right[:s] += factored.reduced.border.T @ apart
            right[s:] += factored.reduced.right[:, :p].T @ apart
            own = apply_blocks(factored.reduced.own, apart) + factored.reduced.border @ kept
        base = kept.T @ right[:s]
        if apart is not None and own is not None:
            base += apart.T @ own
        spread = self._solve(factored, lambdas, right[:s])
        fixed, _ = dtrtrs(triangle, right[s:] - factored.whitened[:, s : s + p].T @ spread, lower=1)
        result = base - spread.T @ spread - fixed.T @ fixed
        return 0.5 * (result + result.T)

    def _solve(self, factored: _Factored, lambdas: list[Floats], columns: Floats) -> Floats:
        """``L⁻¹Λ'`` times columns over the kept random effects."""
        if not self.size:
            return columns[:0]
        solved, _ = dtrtrs(factored.lower, self._scale(lambdas, columns), lower=1)
        return np.asarray(solved)

    def _back(self, factored: _Factored, lambdas: list[Floats], columns: Floats) -> Floats:
        """``ΛL⁻ᵀ`` times columns."""
        if not self.size:
            return columns
        solved, _ = dtrtrs(factored.lower, columns, lower=1, trans=1)
        return self._scale([triangle.T for triangle in lambdas], solved)

    def _inverse(self, factored: _Factored, lambdas: list[Floats]) -> Floats:
        """``ΛM⁻¹Λ'`` over the kept random effects, shape ``(s, s)``."""
        half = self._back(factored, lambdas, np.eye(self.size))
        return half @ half.T

    def _scale(self, lambdas: list[Floats], rows: Floats) -> Floats:
        """``Λ'`` times a matrix with one row per kept random effect."""
        result = np.empty(rows.shape)
        for t, part in self.parts.items():
            levels, k = self.data.shapes[t]
            if k == 1:
                np.multiply(rows[part], lambdas[t][0, 0], out=result[part])
            else:
                block = rows[part].reshape(levels, k, -1)
                result[part] = np.matmul(lambdas[t].T, block).reshape(levels * k, -1)
        return result
