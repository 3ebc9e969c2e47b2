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
from scipy.linalg.lapack import dpotrf, dpotri, dtrtrs

from ..arrays import Floats
from .border import Border, apply_blocks
from .crossproducts import CrossProducts
from .elimination import Reduced, reduce
from .intercepts import TINY, Layout
from .intercepts import evaluate as evaluate_intercepts
from .point import Point

# Relative standard deviations at which the search starts: of a term's first column and of the further ones. Among
# values around these the reference sets and the bundled data take the fewest evaluations.
START = (0.7, 0.3)
# A standard deviation below this share of the residual's counts as zero; lme4's isSingular uses the same bound, without
# bringing columns to size one first.
SINGULAR = 1e-4


@dataclass(frozen=True, slots=True)
class Factored:
    """The kept terms factored at one ``theta``.

    Attributes
    ----------
    matrix
        ``[Z Q r]'H₀⁻¹[Z Q r]``, shape ``(s + p + 1, s + p + 1)``: the cross-products, with the eliminated term gone.
    reduced
        What eliminating a term left; ``None`` if none is.
    lower
        Cholesky factor ``L`` of ``M``, shape ``(s, s)``.
    last
        ``L⁻¹Λ'Z'H₀⁻¹[Q r]``, shape ``(s, p + 1)``.
    """

    matrix: Floats
    reduced: Reduced | None
    lower: Floats
    last: Floats


class Criterion:
    """Minus twice the profiled (restricted) log-likelihood of one data set, as a function of ``theta``."""

    def __init__(self, data: CrossProducts, reml: bool = True, border: Border | None = None) -> None:
        self.data = data
        self.reml = reml
        #: (term, row, column) of each entry of ``theta``: lower triangles, column by column
        self.entries = [(t, a, b) for t, (_, k) in enumerate(data.shapes) for b in range(k) for a in range(b, k)]
        ends = np.cumsum([data.shapes[t][0] * data.shapes[t][1] for t in data.kept]).astype(int)
        self.size = int(ends[-1]) if len(ends) else 0
        #: columns of each kept term in the matrix
        self.parts = {t: slice(int(end) - data.shapes[t][0] * data.shapes[t][1], int(end))
                      for t, end in zip(data.kept, ends, strict=True)}  # fmt: skip
        self._counts = [part.stop - part.start for part in self.parts.values()]
        #: where the effects of each term lie, if all have one column and some are kept
        self.layout = Layout(data.kept, self._counts) if self.size and all(k == 1 for _, k in data.shapes) else None
        apart = data.eliminated
        # Working out which cells of the border meet takes as long as an evaluation: it is handed on where it stays.
        self.border = None if apart is None else border or Border(apart.border, *apart.blocks.shape[:2])
        self.log_triangle = 2.0 * float(np.log(np.abs(np.diag(data.triangle))).sum())

    @property
    def degrees(self) -> int:
        """Divisor of the residual variance: ``n - p`` for REML, ``n`` for ML."""
        return self.data.n - self.data.p if self.reml else self.data.n

    @property
    def scale(self) -> float:
        """Size of a typical ``theta``: the residual's spread in a row of typical weight, relative to σ.

        Columns are standardised, so that steps and zeros of all entries are measured in it.
        """
        return float(np.sqrt(np.exp(-self.data.log_weights / self.data.n)))

    def start(self) -> Floats:
        """Uncorrelated effects, somewhat smaller than the residual; those of predictors are usually smaller yet."""
        first, further = START
        sizes = [0.0 if a != b else first if a == 0 else further for _, a, b in self.entries]
        return self.scale * np.array(sizes)

    def lambdas(self, theta: Floats) -> list[Floats]:
        """Lower triangles of the terms."""
        triangles: list[Floats] = [np.zeros((k, k)) for _, k in self.data.shapes]
        for value, (t, a, b) in zip(theta.tolist(), self.entries, strict=True):
            triangles[t][a, b] = value
        return triangles

    def loadings(self, theta: Floats) -> list[Floats]:
        """``Λ`` of each term in the formula's columns, shapes ``(k, k)``: effects have the covariance ``σ² ΛΛ'``."""
        triangles = self.lambdas(theta)
        return [np.linalg.solve(basis, own) for basis, own in zip(self.data.bases, triangles, strict=True)]

    def flat(self, theta: Floats) -> list[int]:
        """Terms with less than their full number of dimensions at ``theta``."""
        return [
            t
            for t, triangle in enumerate(self.lambdas(theta))
            if np.abs(np.diag(triangle)).min() < SINGULAR * self.scale
        ]

    def triangle(self, t: int, covariance: Floats) -> Floats:
        """``λ`` of a term from its covariance in the columns of the formula, relative to σ²."""
        own = self.data.bases[t] @ covariance @ self.data.bases[t].T
        floor = 1e-14 * float(np.trace(own))  # a covariance without its full rank has a factor too
        return np.linalg.cholesky(own + floor * np.eye(len(own)))

    def __call__(self, theta: Floats, sigma2: float | None = None) -> Point:
        """Evaluate criterion, gradient and average information at ``theta``, with σ² profiled out or given."""
        if self.layout is not None:
            found = evaluate_intercepts(self, self.layout, theta, sigma2)
            if found is not None:
                return found
        return self.evaluate(theta, sigma2)

    def evaluate(self, theta: Floats, sigma2: float | None = None) -> Point:
        """Evaluate at ``theta``, whatever the terms are."""
        data, s, p = self.data, self.size, self.data.p
        lambdas = self.lambdas(theta)
        factored = self.factor(lambdas)
        tail = factored.matrix[s:, s:] - factored.last.T @ factored.last
        fixed = tail[:p, :p]
        triangle = np.linalg.cholesky(fixed)
        half = _solve(triangle, tail[:p, p])
        residual = float(tail[p, p] - half @ half)
        coefficients = _solve(triangle, half, trans=1)
        profiled = sigma2 is None and not data.known_scale
        if sigma2 is None:
            sigma2 = residual / self.degrees if profiled else 1.0
        value = 2.0 * float(np.log(factored.lower.diagonal()).sum())
        value += self.degrees * float(np.log(2.0 * np.pi * sigma2)) + residual / sigma2 - data.log_weights
        if factored.reduced is not None:
            value += factored.reduced.log_determinant
        if self.reml:
            value += 2.0 * float(np.log(triangle.diagonal()).sum()) + self.log_triangle

        cross = self._cross(factored, lambdas)
        projected = tuple(
            (block[:, p] - block[:, :p] @ coefficients).reshape(shape)
            for block, shape in zip(cross, data.shapes, strict=True)
        )
        basis = tuple(block[:, :p] for block in cross)
        slopes = tuple(self._slopes(factored, lambdas, basis, projected, sigma2, triangle))
        gradient = np.array([2.0 * float(slopes[t][a] @ lambdas[t][:, b]) for t, a, b in self.entries])
        images = self.images(lambdas, projected)
        loaded = [(t, image.ravel()[:, None]) for image, (t, _, _) in zip(images, self.entries, strict=True)]
        quadratic = self.inner(factored, lambdas, loaded, triangle)
        information = quadratic / sigma2
        if profiled:  # taking σ out takes away what a common factor of all variances explains
            linear = self.pair(images, projected)
            information = information - np.outer(linear, linear) / (self.degrees * sigma2**2)
        curvature = information + self.bending(slopes)
        return Point(
            theta,
            value,
            gradient,
            curvature,
            sigma2,
            residual,
            coefficients,
            fixed,
            basis,
            projected,
            slopes,
            quadratic,
        )

    def directions(self, lambdas: list[Floats]) -> list[tuple[int, Floats]]:
        """For each entry of ``theta``: its term and the derivative of that term's ``G``, shape ``(k, k)``."""
        result: list[tuple[int, Floats]] = []
        for t, a, b in self.entries:
            direction = np.zeros(lambdas[t].shape)
            direction[a, :] = lambdas[t][:, b]
            result.append((t, direction + direction.T))
        return result

    def images(self, lambdas: list[Floats], projected: tuple[Floats, ...]) -> list[Floats]:
        """``∂G Z'Py`` for each entry of ``theta``: an ``(L, k)`` array in the entry's own term."""
        return [projected[t] @ direction for t, direction in self.directions(lambdas)]

    def pair(self, images: list[Floats], projected: tuple[Floats, ...]) -> Floats:
        """``(Z'Py)'∂G(Z'Py)`` for each entry of ``theta``, shape ``(m,)``."""
        return np.array(
            [float(np.vdot(image, projected[t])) for image, (t, _, _) in zip(images, self.entries, strict=True)]
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

    def factor(self, lambdas: list[Floats]) -> Factored:
        """Eliminate, scale and factor the system at one ``theta``."""
        data, s = self.data, self.size
        reduced = None
        matrix = data.matrix
        if data.eliminated is not None and self.border is not None:
            reduced = reduce(data, data.eliminated, self.border, lambdas[data.eliminated.term])
            matrix = reduced.matrix
        right = self.scaled(lambdas, matrix[:s, s:])
        system = self.scaled(lambdas, self.scaled(lambdas, matrix[:s, :s]).T)
        if s == 0:
            return Factored(matrix, reduced, system, right)
        system.flat[:: s + 1] += 1.0
        lower, info = dpotrf(system.T, lower=1, overwrite_a=1)
        if info != 0:  # only rounding can do this: the matrix is the identity plus a Gram matrix
            raise np.linalg.LinAlgError("the scaled cross-products are not positive definite")
        last = _solve(lower, right)
        return Factored(matrix, reduced, lower, last)

    def scaled(self, lambdas: list[Floats], rows: Floats) -> Floats:
        """``Λ'`` times a matrix with one row per kept random effect."""
        # One multiplication for all scalar terms; those with several columns are done over.
        result = rows * np.repeat([lambdas[t][0, 0] for t in self.parts], self._counts)[:, None]
        for t, part in self.parts.items():
            levels, k = self.data.shapes[t]
            if k > 1:
                block = rows[part].reshape(levels, k, -1)
                result[part] = np.matmul(lambdas[t].T, block).reshape(levels * k, -1)
        return result

    def solved(self, factored: Factored, lambdas: list[Floats], columns: Floats) -> Floats:
        """``L⁻¹Λ'`` times columns over the kept random effects."""
        if not self.size:
            return columns[:0]
        result = _solve(factored.lower, self.scaled(lambdas, columns))
        return np.asarray(result)

    def back(self, factored: Factored, lambdas: list[Floats], columns: Floats) -> Floats:
        """``ΛL⁻ᵀ`` times columns."""
        if not self.size:
            return columns
        result = _solve(factored.lower, columns, trans=1)
        return self.scaled([triangle.T for triangle in lambdas], result)

    def _cross(self, factored: Factored, lambdas: list[Floats]) -> list[Floats]:
        """``Z'H⁻¹[Q r]`` of every term, in the order of the formula."""
        s = self.size
        back = self.back(factored, lambdas, factored.last)
        kept = factored.matrix[:s, s:] - factored.matrix[:s, :s] @ back
        blocks: dict[int, Floats] = {t: kept[part] for t, part in self.parts.items()}
        if factored.reduced is not None and self.data.eliminated is not None and self.border is not None:
            gone = apply_blocks(factored.reduced.keep, self.border.carry(back))
            assert isinstance(gone, np.ndarray)
            blocks[self.data.eliminated.term] = factored.reduced.right - gone
        return [blocks[t] for t in range(len(self.data.shapes))]

    def _slopes(
        self, factored: Factored, lambdas: list[Floats], basis: tuple[Floats, ...],
        projected: tuple[Floats, ...], sigma2: float, triangle: Floats,
    ) -> list[Floats]:  # fmt: skip
        """Derivative of the criterion in each ``G``: ``Σ Z'PZ - Z'Py y'PZ / σ²`` over levels, ``(k, k)`` each."""
        result: list[Floats] = []
        traces = self.level_traces(factored, lambdas)
        back = np.linalg.inv(triangle) if self.reml else triangle
        for t, ((levels, k), trace) in enumerate(zip(self.data.shapes, traces, strict=True)):
            if self.reml:
                columns = back @ basis[t].T
                if k == 1:
                    trace = trace - np.vdot(columns, columns)
                else:
                    by_level = columns.reshape(-1, levels, k)
                    trace = trace - np.einsum("pia,pib->ab", by_level, by_level)
            result.append(trace - projected[t].T @ projected[t] / sigma2)
        return result

    def level_traces(self, factored: Factored, lambdas: list[Floats]) -> list[Floats]:
        """``Σ Z'H⁻¹Z`` over the levels of each term, shapes ``(k, k)``."""
        inverse = self._inverse(factored)
        return [self._trace(factored, lambdas, inverse, t) for t in range(len(self.data.shapes))]

    def spread(self, factored: Factored, lambdas: list[Floats]) -> Floats:
        """``ΛM⁻¹Λ'`` over the kept random effects, shape ``(s, s)``."""
        lower = np.tril(self._unscaled(lambdas, self._inverse(factored)))
        return lower + np.tril(lower, -1).T

    def _inverse(self, factored: Factored) -> Floats:
        """``M⁻¹``, of which only the lower triangle is filled."""
        if not self.size:
            return factored.lower
        inverse, _ = dpotri(factored.lower, lower=1)
        return np.asarray(inverse)

    def _trace(self, factored: Factored, lambdas: list[Floats], inverse: Floats, t: int) -> Floats:
        """``Σ Z'H⁻¹Z`` over the levels of a term, shape ``(k, k)``."""
        levels, k = self.data.shapes[t]
        if t not in self.parts:
            return self._eliminated_trace(factored, lambdas, inverse, k)
        part, triangle = self.parts[t], lambdas[t]
        if np.abs(np.diag(triangle)).min() < TINY * self.scale:
            whitened = self.solved(factored, lambdas, factored.matrix[: self.size, part]).reshape(-1, levels, k)
            blocks = factored.matrix[part, part].reshape(levels, k, levels, k)
            return np.einsum("iaib->ab", blocks) - np.einsum("sia,sib->ab", whitened, whitened)
        if k == 1:
            left = levels - float(inverse.diagonal()[part].sum())
            return np.array([[left / triangle[0, 0] ** 2]])
        lower = np.einsum("iaib->ab", inverse[part, part].reshape(levels, k, levels, k))
        total = np.tril(lower) + np.tril(lower, -1).T
        back = np.linalg.inv(triangle)
        return back.T @ (levels * np.eye(k) - total) @ back

    def _eliminated_trace(self, factored: Factored, lambdas: list[Floats], inverse: Floats, k: int) -> Floats:
        assert factored.reduced is not None
        assert self.border is not None
        keep = factored.reduced.keep
        total = np.asarray(factored.reduced.own.sum(axis=0))
        if not self.size:
            return total
        spread = self._unscaled(lambdas, inverse)
        for a in range(k):
            for b in range(a, k):
                weights = keep[:, a, :, None] * keep[:, b, None, :]
                overlap = self.border.contract(0.5 * (weights + weights.transpose(0, 2, 1)), spread)
                total[a, b] -= overlap
                if a != b:
                    total[b, a] -= overlap
        return total

    def _unscaled(self, lambdas: list[Floats], inverse: Floats) -> Floats:
        """``ΛM⁻¹Λ'`` over the kept random effects, of which the lower triangle is right."""
        kept = [lambdas[t] for t in self.parts]
        if all(triangle.shape == (1, 1) for triangle in kept):
            factor = np.concatenate([np.full(self.data.shapes[t][0], lambdas[t][0, 0]) for t in self.parts])
            return inverse * factor * factor[:, None]
        whole = np.tril(inverse) + np.tril(inverse, -1).T
        turned = [triangle.T for triangle in lambdas]
        return self.scaled(turned, self.scaled(turned, whole).T)

    def inner(
        self,
        factored: Factored,
        lambdas: list[Floats],
        loads: list[tuple[int, Floats]],
        triangle: Floats | None = None,
    ) -> Floats:
        """``V'Z'H⁻¹ZV`` for columns that each load on one term; given ``triangle``, ``V'Z'PZV``.

        Parameters
        ----------
        loads
            Position of a term and columns over its random effects, shapes ``(L k, c)``; the result is square in the
            columns of all of them.
        triangle
            Cholesky factor of ``Q'H⁻¹Q``, to take the fixed effects out.
        """
        s, p = self.size, self.data.p
        m = sum(columns.shape[1] for _, columns in loads)
        kept = np.zeros((s, m))
        apart = None
        if self.data.eliminated is not None:
            levels, k = self.data.shapes[self.data.eliminated.term]
            apart = np.zeros((levels * k, m))
        start = 0
        for t, columns in loads:
            every = slice(start, start + columns.shape[1])
            if t in self.parts:
                kept[self.parts[t], every] = columns
            elif apart is not None:
                apart[:, every] = columns
            start = every.stop
        right = factored.matrix[: s + p, :s] @ kept
        base = kept.T @ right[:s]
        if apart is not None and factored.reduced is not None and self.border is not None:
            keep = factored.reduced.keep
            turned = apply_blocks(keep.transpose(0, 2, 1), apart)
            assert isinstance(turned, np.ndarray)
            through = self.border.meet(turned)  # (E B)'v
            base += apart.T @ apply_blocks(factored.reduced.own, apart) + through.T @ kept + kept.T @ through
            right[:s] += through
            right[s:] += factored.reduced.right[:, :p].T @ apart
        spread = self.solved(factored, lambdas, right[:s])
        result = base - spread.T @ spread
        if triangle is not None:
            fixed = _solve(triangle, right[s:] - factored.last[:, :p].T @ spread)
            result -= fixed.T @ fixed
        return 0.5 * (result + result.T)


def _solve(triangle: Floats, columns: Floats, trans: int = 0) -> Floats:
    """Solve with a lower triangle (or its transpose), of which there may be nothing."""
    if not len(triangle):
        return columns
    result, _ = dtrtrs(triangle, columns, lower=1, trans=trans)
    return np.asarray(result)
