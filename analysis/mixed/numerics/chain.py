r"""Eliminating further terms after the first, step by step, and what follows from it backwards.

Each step does to what earlier steps left what :mod:`elimination` does to the rows' cross-products. With :math:`C` a
block, :math:`B` its border, :math:`y` its part of the right sides, and :math:`\Omega`, :math:`E` as there,

.. math::
   R \leftarrow R - B'\Omega B, \qquad Y \leftarrow Y - B'\Omega y .

Backwards, the inverse :math:`S = (G^{-1} + R)^{-1} = \Lambda M^{-1}\Lambda'` of each step follows from the next one's
on the cells of the pattern alone (Takahashi's equations; Erisman & Tinney 1975, Commun. ACM 18), in a form that needs
no inverse of :math:`G` and so holds on the boundary too:

.. math::
   S_{cc} = \Omega + \Omega B S B' \Omega, \qquad S_{c\cdot} = -\Omega B S, \qquad
   Z_c'H^{-1}Z_c = E C - E B S B' E' .
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

from ...core.arrays import Floats, Integers
from .border import mirrored
from .chain_pattern import Batch, Pattern


@dataclass(frozen=True, slots=True)
class Further:
    """Cross-products of the terms that are eliminated after the first.

    Attributes
    ----------
    pattern
        Where they lie.
    values
        Cross-products of these terms with each other and with those left, as a vector of the pattern.
    right
        With the fixed basis and the outcome, by slot, shape ``(slots, p + 1)``; padding is zero.
    """

    pattern: Pattern
    values: Floats
    right: Floats

    @property
    def terms(self) -> tuple[int, ...]:
        """Positions of the terms, in the order of elimination."""
        return tuple(dict.fromkeys(t for batch in self.pattern.batches for t in batch.slots))


@dataclass(frozen=True, slots=True)
class Stage:
    """One batch eliminated: ``Ω``, ``E``, ``EC`` by block, and the right sides as they were, ``(G, n k, p + 1)``."""

    batch: Batch
    omega: Floats
    keep: Floats
    own: Floats
    right: Floats
    border: Floats


@dataclass(frozen=True, slots=True)
class Inverse:
    """``S`` on the cells of the pattern; of each stage ``BS``, shape ``(G, n k, F)``, and the blocks of ``BSB'``."""

    vector: Floats
    through: tuple[Floats, ...]
    met: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Chained:
    """All batches eliminated at one ``theta``.

    Attributes
    ----------
    pattern
        The cells.
    stages
        What each batch left behind.
    log_determinant
        ``log |I + λ'Cλ|`` summed over blocks.
    left
        What is to be added to the matrix of the terms that are left, shape ``(s, s)``.
    right
        The same for their right sides, shape ``(s, p + 1)``.
    corner
        The same for the products of the right sides with each other.
    """

    pattern: Pattern
    stages: tuple[Stage, ...]
    log_determinant: float
    left: Floats
    right: Floats
    corner: Floats
    _inverse: list[Inverse] = field(default_factory=list)

    def solutions(self, left: Floats) -> tuple[Floats, dict[int, Floats]]:
        """``S Z'H⁻¹A`` and ``Z'H⁻¹A`` for the right sides ``A``, from the solution for the terms that are left.

        Parameters
        ----------
        left
            The solution, by slot, shape ``(s, c)``.

        Returns
        -------
        solution
            By slot, shape ``(slots, c)``.
        products
            ``Z'H⁻¹A`` of each term that was eliminated, shapes ``(L k, c)``.
        """
        pattern = self.pattern
        solution = np.zeros((pattern.size + 1, left.shape[1]))
        products = np.zeros((pattern.gone, left.shape[1]))
        solution[pattern.gone : -1] = left
        for stage in reversed(self.stages):
            batch = stage.batch
            rest = stage.right - carry(batch, stage.border, solution)
            batch.own(solution)[...] = by_block(batch, stage.omega, rest)
            batch.own(products)[...] = by_block(batch, stage.keep, rest)
        return solution[:-1], {t: products[place] for t, place in pattern.places.items() if t not in pattern.final}

    def inverse(self, left: Floats) -> Inverse:
        """The cells of ``S`` from those of the terms that are left, shape ``(s, s)``."""
        if self._inverse:
            return self._inverse[0]
        pattern = self.pattern
        vector = np.zeros(pattern.length)
        pattern.left(vector)[...] = left
        through: list[Floats] = []
        met: list[Floats] = []
        for i in reversed(range(len(self.stages))):
            stage, batch = self.stages[i], self.stages[i].batch
            through.insert(0, through_inverse(pattern, i, stage.border, vector))
            met.insert(0, block_products(batch, through[0], stage.border))
            batch.border(vector)[...] = -by_block(batch, stage.omega, through[0])
            batch.block(vector)[...] = stage.omega + sandwich(batch, stage.omega, met[0])
        self._inverse.append(Inverse(vector, tuple(through), tuple(met)))
        return self._inverse[0]

    def level_traces(self, inverse: Inverse) -> dict[int, Floats]:
        """``Σ Z'H⁻¹Z`` over the levels of each term that was eliminated, shapes ``(k, k)``."""
        result: dict[int, Floats] = {}
        for stage, met in zip(self.stages, inverse.met, strict=True):
            kernel = stage.own - sandwich(stage.batch, stage.keep, met)
            for t in stage.batch.slots:
                result[t] = result.get(t, 0.0) + stage.batch.sums(t, kernel)
        return result


def eliminate(further: Further, values: Floats, right: Floats, theta: Floats, entries: list[slice]) -> Chained:
    """Eliminate all batches.

    Parameters
    ----------
    further
        The terms.
    values
        Cross-products with the first term gone, as a vector of the pattern; it is overwritten.
    right
        Right sides with the first term gone, by slot, shape ``(slots, c)``; overwritten.
    theta
        Parameters.
    entries
        Of each term, its entries of ``theta``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding left nothing to factor.
    """
    pattern, stages, total = further.pattern, [], 0.0
    corner = np.zeros((right.shape[1], right.shape[1]))
    for i, batch in enumerate(pattern.batches):
        omega, keep, own, log_determinant = _factors(batch, batch.block(values), theta, entries)
        total += log_determinant
        border, rows = batch.border(values).copy(), batch.own(right).copy()
        weighted = by_block(batch, omega, border)
        add_products(pattern, i, weighted, border, values, -1.0)
        turned = by_block(batch, omega, rows)
        corner -= np.tensordot(rows, turned, axes=([0, 1], [0, 1]))
        add_rows(batch, border, -turned, right)
        stages.append(Stage(batch, omega, keep, own, rows, border))
    left = pattern.left(values)
    return Chained(pattern, tuple(stages), total, left.copy(), right[pattern.gone :].copy(), corner)


def _factors(batch: Batch, blocks: Floats, theta: Floats, entries: list[slice]) -> tuple[Floats, Floats, Floats, float]:
    """``Ω``, ``E``, ``EC`` of each block and the sum of the logarithms of ``|I + λ'Cλ|``."""
    if batch.k == 1:
        (t,) = batch.slots
        square = theta[entries[t].start] ** 2
        inner = 1.0 + square * blocks
        if not (inner > 0).all():
            raise np.linalg.LinAlgError("a block of the chain is not positive definite")
        keep = 1.0 / inner
        return square * keep, keep, blocks * keep, float(np.log(inner).sum())
    if batch.narrow:
        loads = np.zeros((batch.number, batch.k))
        for t, slots in batch.slots.items():
            loads.reshape(-1)[slots] = theta[entries[t].start]
        inner = blocks * loads[:, :, None] * loads[:, None, :]
        inverse, log_determinant = _inverses(inner)
        omega = inverse * loads[:, :, None] * loads[:, None, :]
    else:
        triangle = np.zeros((batch.number, batch.k, batch.k))
        for t, k in batch.widths.items():
            own = np.zeros((k, k))
            own.T[np.triu_indices(k)] = theta[entries[t]]
            triangle += batch.spread(t, own)
        inner = triangle.transpose(0, 2, 1) @ blocks @ triangle
        inverse, log_determinant = _inverses(inner)
        omega = triangle @ inverse @ triangle.transpose(0, 2, 1)
    keep = np.eye(batch.k) - blocks @ omega
    own = keep @ blocks
    return omega, keep, 0.5 * (own + own.transpose(0, 2, 1)), log_determinant


def _inverses(inner: Floats) -> tuple[Floats, float]:
    """``(I + inner)⁻¹`` of each block and the sum of the logarithms of the determinants; ``inner`` is overwritten."""
    k, total = inner.shape[1], 0.0
    inner[:, np.arange(k), np.arange(k)] += 1.0
    for i, block in enumerate(inner):
        factor, info = dpotrf(block.T, lower=1)
        if info != 0:
            raise np.linalg.LinAlgError("a block of the chain is not positive definite")
        total += 2.0 * float(np.log(factor.diagonal()).sum())
        inner[i] = mirrored(np.tril(dpotri(factor, lower=1)[0]))
    return inner, total


def by_block(batch: Batch, blocks: Floats, rows: Floats) -> Floats:
    """Multiply the rows of each block, ``(G, n k, c)``, by the block's own matrix."""
    if batch.k == 1:
        return blocks.reshape(batch.groups, batch.blocks, 1) * rows
    if batch.blocks == 1:
        return blocks @ rows
    inner = rows.reshape(batch.number, batch.k, -1)
    return (blocks @ inner).reshape(rows.shape)


def block_products(batch: Batch, left: Floats, right: Floats) -> Floats:
    """``left right'`` within each block, shapes ``(G, n k, c)`` to ``(N, k, k)``."""
    if batch.k == 1:
        return np.einsum("grc,grc->gr", left, right).reshape(batch.number, 1, 1)
    shape = (batch.number, batch.k, left.shape[2])
    return left.reshape(shape) @ right.reshape(shape).transpose(0, 2, 1)


def sandwich(batch: Batch, outer: Floats, inner: Floats) -> Floats:
    """``outer inner outer'`` of each block."""
    if batch.k == 1:
        return outer * inner * outer
    return outer @ inner @ outer.transpose(0, 2, 1)


def carry(batch: Batch, border: Floats, slots: Floats) -> Floats:
    """``B`` times rows by slot (one more for padding), shape ``(G, n k, c)``."""
    result = border[:, :, : batch.shared] @ slots[batch.columns]
    if batch.thin.size:
        thin = _thin(batch, border)
        result += (thin @ slots[batch.thin]).reshape(result.shape)
    return result


def add_rows(batch: Batch, border: Floats, rows: Floats, slots: Floats) -> None:
    """Add ``B'`` times the rows of a batch, ``(G, n k, c)``, to rows by slot."""
    products, where = border[:, :, : batch.shared].transpose(0, 2, 1) @ rows, batch.columns
    _add_at(where.ravel(), products.reshape(where.size, rows.shape[2]), slots)
    if batch.thin.size:
        inner = rows.reshape(batch.number, batch.k, -1)
        products = _thin(batch, border).transpose(0, 2, 1) @ inner
        _add_at(batch.thin.ravel(), products.reshape(batch.thin.size, rows.shape[2]), slots)


def _add_at(where: Integers, rows: Floats, slots: Floats) -> None:
    for c in range(slots.shape[1]):
        sums = np.bincount(where, weights=rows[:, c], minlength=len(slots) + 1)
        slots[:, c] += sums[: len(slots)]


def through_inverse(pattern: Pattern, i: int, rows: Floats, vector: Floats) -> Floats:
    """Rows over the columns of a batch's borders, ``(G, n k, F + w)``, times the cells of ``S`` between these."""
    batch, meets = pattern.batches[i], pattern.meets(i)
    shared = rows[:, :, : batch.shared] @ vector[meets.shared]
    if not batch.thin.size:
        return shared
    thin, across = _thin(batch, rows), vector[meets.across]
    result = np.empty(rows.shape)
    own = result.reshape(batch.number, batch.k, -1)
    own[:, :, : batch.shared] = shared.reshape(batch.number, batch.k, -1) + thin @ across
    inner = rows.reshape(batch.number, batch.k, -1)[:, :, : batch.shared]
    own[:, :, batch.shared :] = inner @ across.transpose(0, 2, 1) + thin @ vector[meets.thin]
    return result


def add_products(pattern: Pattern, i: int, left: Floats, right: Floats, vector: Floats, sign: float = 1.0) -> None:
    """Add ``left'right``, symmetric within each block, to the cells between the columns of a batch's borders."""
    batch, meets = pattern.batches[i], pattern.meets(i)
    shared = left[:, :, : batch.shared].transpose(0, 2, 1) @ right[:, :, : batch.shared]
    _add_cells(meets.add_shared, sign * shared, vector)
    if batch.thin.size:
        thin = sign * _thin(batch, left).transpose(0, 2, 1)
        inner = right.reshape(batch.number, batch.k, -1)
        across = thin @ inner[:, :, : batch.shared]
        _add_cells(meets.across, across, vector)
        _add_cells(meets.mirrored, across, vector)
        _add_cells(meets.add_thin, thin @ inner[:, :, batch.shared :], vector)
    vector[-1] = 0.0


def _add_cells(where: Integers, values: Floats, vector: Floats) -> None:
    if where.size:
        vector += np.bincount(where.ravel(), weights=values.ravel(), minlength=len(vector))


def _thin(batch: Batch, rows: Floats) -> Floats:
    """The thin columns of rows, by block, shape ``(N, k, w)``."""
    return rows.reshape(batch.number, batch.k, -1)[:, :, batch.shared :]
