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

from ...core.arrays import Floats, Integers
from ..numerics.chain_products import chain_products
from ..numerics.curvature import coefficients
from ..numerics.products import full_products, term_parts
from ..reference import Reference, Satterthwaite, moment_degrees

if TYPE_CHECKING:
    from ..numerics.criterion import Criterion
    from ..numerics.evaluated import Point

# Cells of columns over all random effects that are held at once.
CELLS = 8_000_000


class PredictionErrors:
    """Prediction error variances, for the random effects of the formula.

    Where terms were eliminated in a chain, effects are so many that ``K`` is not written out: products with it are
    formed for the loads that are asked for, each different one once.

    Parameters
    ----------
    criterion, point
        The fit.
    size
        Number of the formula's random effects; known sampling variances add terms of their own after them.
    """

    def __init__(self, criterion: Criterion, point: Point, size: int) -> None:
        self._criterion, self._point, self._size = criterion, point, size
        self._lambdas = criterion.lambdas(point.theta)
        self._directions = criterion.directions(self._lambdas)
        self._parts = term_parts(criterion)
        _, self._fixed = coefficients(criterion, point)
        self._cross = np.concatenate(point.cross) @ criterion.data.triangle  # C, shape (q, p)
        self._turned = self._scaled(self._cross[:size])  # GC
        self._chain = criterion.data.further is not None
        self._effects: Integers = np.zeros(0, dtype=np.intp)
        self._of_effects: tuple[Floats, Floats] = (self._cross[:, :0], self._cross[:, :0])
        if not self._chain:
            products = full_products(criterion, point.theta)
            q = products.q
            # I - GK, over the formula's effects by all of them; times G it is G - GKG.
            self._left = np.eye(size, q) - self._scaled(products.matrix[:size, :q])
            self._spread = self._scaled(self._left[:, :size].T)

    def level_spread(self, t: int, root: Floats | None) -> Floats:
        """Blocks of ``G - GKG`` of the levels of one term of the formula, shape ``(L, k, k)``.

        Parameters
        ----------
        t
            Position of the term.
        root
            Square root of the levels' covariance: blocks are then those of the levels as they stand in the rows.
        """
        part, (levels, k) = self._parts[t], self._criterion.data.shapes[t]
        every = np.arange(levels)
        if self._chain:
            covariance = self._lambdas[t] @ self._lambdas[t].T
            loads = np.kron(np.eye(levels) if root is None else root.T, covariance)
            blocks = np.empty((levels, k, k))
            step = max(1, CELLS // self._cross.shape[0] // k)
            for start in range(0, levels, step):
                some = slice(start, min(start + step, levels))
                own = loads[:, some.start * k : some.stop * k]
                columns = np.zeros((self._cross.shape[0], own.shape[1]))
                columns[part] = own
                taken = (own.T @ self._products(columns)[part]).reshape(len(every[some]), k, -1, k)
                weight = 1.0 if root is None else (root[some] ** 2).sum(axis=1)[:, None, None]
                inside = np.arange(len(every[some]))
                blocks[some] = weight * covariance - taken[inside, :, inside, :]
            return blocks
        block = self._spread[part, part].reshape(levels, k, levels, k)
        if root is None:
            return np.asarray(block[every, :, every, :])
        return np.asarray(np.einsum("ai,ikjm,aj->akm", root, block, root, optimize=True))

    def _products(self, loads: Floats) -> Floats:
        """``K`` times columns over all random effects."""
        factored = self._criterion.factor(self._point.theta)
        return np.concatenate(chain_products(factored, [loads[part] for part in self._parts]))

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
        sigma2, shapes = self._point.sigma2, self._criterion.data.shapes
        w = X - np.asarray(Z @ self._turned)
        weighted = w @ self._fixed
        variance = np.einsum("np,np->n", weighted, w)
        if self._chain:
            random, squares = self._by_load(Z, weighted / sigma2)
            variance += sigma2 * random
        else:
            errors = np.asarray(Z @ self._left) - (weighted / sigma2) @ self._cross.T
            variance += sigma2 * _by_row(Z, np.asarray(Z @ self._spread))
            squares = [
                _squares(errors[:, part].reshape(len(X), *shape))
                for part, shape in zip(self._parts, shapes, strict=True)
            ]
        for t, loads in unseen.items():
            own = _squares(loads)
            squares[t] += own
            variance += sigma2 * np.einsum("nab,ab->n", own, self._lambdas[t] @ self._lambdas[t].T)
        slopes = [sigma2 * np.einsum("nab,ab->n", squares[t], direction) for t, direction in self._directions]
        return variance, np.stack(slopes, axis=1)

    def _by_load(self, Z: Any, weighted: Floats) -> tuple[Floats, list[Floats]]:
        """``z'(G - GKG)z`` of each row, and ``Σ e e'`` over the levels of each term, shapes ``(n, k, k)``.

        Of :math:`e = a - Cu` only :math:`a = z - KGz` depends on the loads, and rows share these.
        """
        from scipy.sparse import csr_array

        shapes = self._criterion.data.shapes
        rows = csr_array(Z)
        first, which = _distinct(rows)
        q, p = self._cross.shape
        loads = rows[first]
        loads.eliminate_zeros()
        effects = np.unique(loads.indices)
        # Rows that are not in the fit load on the few effects of the levels they know.
        if len(effects) < len(first) and len(effects) * q <= CELLS:
            random, own, mixed = self._by_effect(loads[:, effects].toarray(), effects)
        else:
            random = np.empty(len(first))
            own = [np.empty((len(first), k, k)) for _, k in shapes]
            mixed = [np.empty((len(first), k, k, p)) for _, k in shapes]
            step = max(1, CELLS // q)
            for start in range(0, len(first), step):
                some = slice(start, min(start + step, len(first)))
                columns = np.zeros((q, some.stop - start))
                columns[: self._size] = loads[some].toarray().T
                turned, left = self._left_of(columns)
                random[some] = np.einsum("qu,qu->u", turned, left)
                for t, (part, (levels, k)) in enumerate(zip(self._parts, shapes, strict=True)):
                    a = left[part].reshape(levels, k, -1)
                    own[t][some] = np.einsum("lau,lbu->uab", a, a, optimize=True)
                    cross = self._cross[part].reshape(levels, k, p)
                    mixed[t][some] = np.einsum("lau,lbp->uabp", a, cross, optimize=True)
        squares = []
        for t, (part, (levels, k)) in enumerate(zip(self._parts, shapes, strict=True)):
            cross = self._cross[part].reshape(levels, k, p)
            fixed = np.einsum("lap,lbr->abpr", cross, cross, optimize=True)
            both = np.einsum("nabp,np->nab", mixed[t][which], weighted)
            total = own[t][which] - both - both.transpose(0, 2, 1)
            squares.append(total + np.einsum("abpr,np,nr->nab", fixed, weighted, weighted, optimize=True))
        return random[which], squares

    def _by_effect(self, loads: Floats, effects: Integers) -> tuple[Floats, list[Floats], list[Floats]]:
        """As :meth:`_by_load` of distinct loads, from what each single effect would give.

        Parameters
        ----------
        loads, effects
            Loads on some effects, shape ``(u, e)``, and these effects' positions, shape ``(e,)``.

        Returns
        -------
        arrays
            ``z'(G - GKG)z``, shape ``(u,)``; by term, ``Σ a a'``, shape ``(u, k, k)``, and ``Σ a C'``, shape
            ``(u, k, k, p)``.
        """
        q, p = self._cross.shape
        if not np.array_equal(effects, self._effects):
            columns = np.zeros((q, len(effects)))
            columns[effects, np.arange(len(effects))] = 1.0
            self._effects, self._of_effects = effects, self._left_of(columns)
        turned, left = self._of_effects
        random = ((loads @ (turned.T @ left)) * loads).sum(axis=1)
        own: list[Floats] = []
        mixed: list[Floats] = []
        for part, (levels, k) in zip(self._parts, self._criterion.data.shapes, strict=True):
            a, cross = left[part].reshape(levels, k, -1), self._cross[part].reshape(levels, k, p)
            squares = np.empty((len(loads), k, k))
            for i in range(k):
                for j in range(k):
                    squares[:, i, j] = ((loads @ (a[:, i].T @ a[:, j])) * loads).sum(axis=1)
            own.append(squares)
            products = np.tensordot(a, cross, axes=(0, 0))  # (k, e, k, p)
            mixed.append(np.tensordot(loads, products, axes=(1, 1)))
        return random, own, mixed

    def _left_of(self, loads: Floats) -> tuple[Floats, Floats]:
        """``Gz`` and ``z - KGz`` of loads over all random effects, shapes ``(q, u)``."""
        turned = np.zeros(loads.shape)
        turned[: self._size] = self._scaled(loads[: self._size])
        return turned, loads - self._products(turned)

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


def _distinct(rows: Any) -> tuple[Integers, Integers]:
    """First of each set of equal sparse rows, and which set each row is in."""
    seen: dict[bytes, int] = {}
    first: list[int] = []
    which = np.empty(rows.shape[0], dtype=np.intp)
    for i in range(rows.shape[0]):
        own = slice(rows.indptr[i], rows.indptr[i + 1])
        key = rows.indices[own].tobytes() + rows.data[own].tobytes()
        if key not in seen:
            seen[key] = len(first)
            first.append(i)
        which[i] = seen[key]
    return np.array(first, dtype=np.intp), which


def _squares(rows: Floats) -> Floats:
    """``Σ e e'`` over the levels of each row, shapes ``(n, L, k)`` to ``(n, k, k)``."""
    return np.asarray(np.einsum("nla,nlb->nab", rows, rows, optimize=True))


def _by_row(left: Any, right: Floats) -> Floats:
    """Sum of elementwise products in each row."""
    if isinstance(left, np.ndarray):
        return np.einsum("ij,ij->i", left, right)
    return np.asarray(left.multiply(right).sum(axis=1)).ravel()
