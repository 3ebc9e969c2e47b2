r"""Traces :math:`\mathrm{tr}(D_i K D_j K)`, of which second derivatives are made, where terms went in a chain.

With :math:`V_i = Z D_i Z'`, the trace is :math:`\mathrm{tr}(H^{-1}V_iH^{-1}V_j)`, minus the second derivative of
:math:`\log|H|`. What a direction does to what is left after its own term has gone,
:math:`T_i = Z'H_0^{-1}V_iH_0^{-1}Z`, lies on the cells of the pattern and is carried from step to step,

.. math::
   Y = T_{c\cdot} - T_{cc}\Omega B, \qquad
   T \leftarrow T - B'\Omega T_{c\cdot} - T_{\cdot c}\Omega B + B'\Omega T_{cc}\Omega B,

and every step adds its share to the traces: of two directions that came before it,
:math:`\mathrm{tr}(\Omega T_{cc}\Omega T_{cc}') + 2\,\mathrm{tr}(\Omega Y S Y')`; of one that came before and one of its
own, :math:`\mathrm{tr}(D E T_{cc} E') - 2\,\mathrm{tr}(D E Y S F')` with :math:`F = EB`; of two of its own,
:math:`\mathrm{tr}(D\,EC\,D\,EC) - 2\,\mathrm{tr}(D\,EC\,D\,F S F')`.
"""

from __future__ import annotations

import numpy as np

from ...core.arrays import Floats
from .border import down, mirrored
from .chain import Chained, Inverse, Stage, add_products, block_products, by_block, sandwich, through_inverse
from .chain_border import ChainBorder
from .factored import Factored
from .trace_products import cell_sums, over_rows

Direction = tuple[int, Floats]


def chain_traces(at: Factored, cross: tuple[Floats, ...], directions: list[Direction], fixed: bool) -> Floats:
    """``tr(Dᵢ K Dⱼ K)`` for all pairs of directions, each symmetric and in the ``G`` of one term, shape ``(m, m)``.

    Parameters
    ----------
    at
        Where.
    cross
        ``Z'H⁻¹Q`` of each term, shapes ``(L k, p)``.
    directions
        Terms and their matrices.
    fixed
        Whether the fixed effects are taken out.
    """
    found = _Traces(at, directions)
    if fixed:
        _take_fixed(at, cross, directions, found.traces)
    return found.traces


class _Traces:
    """The traces without fixed effects; ``_moved`` has ``T`` of each direction whose term has gone."""

    def __init__(self, at: Factored, directions: list[Direction]) -> None:
        assert at.reduced is not None
        assert at.data.eliminated is not None
        assert isinstance(at.border, ChainBorder)
        chained = at.reduced.chained
        assert chained is not None
        self._directions = directions
        self.traces = np.zeros((len(directions), len(directions)))
        self._moved: dict[int, Floats] = {}
        inverse = at.chain_inverse()
        self._first(at, at.border, at.data.eliminated.term, inverse)
        for i, stage in enumerate(chained.stages):
            self._step(chained, i, stage, inverse)
        if at.layout.size:
            self._last(at, chained)

    def _add(self, i: int, j: int, value: float) -> None:
        self.traces[i, j] += value
        if i != j:
            self.traces[j, i] += value

    def _of(self, *terms: int) -> list[int]:
        return [i for i, (t, _) in enumerate(self._directions) if t in terms]

    def _first(self, at: Factored, border: ChainBorder, term: int, inverse: Inverse) -> None:
        assert at.reduced is not None
        keep, own = at.reduced.keep, at.reduced.own
        back, mine = keep.transpose(0, 2, 1), self._of(term)
        for i in mine:
            first = self._directions[i][1]
            for j in mine[: mine.index(i) + 1]:
                second = self._directions[j][1]
                turned = first @ own @ second  # Dᵢ EC Dⱼ
                weights = back @ turned @ keep
                value = float(np.vdot(turned.transpose(0, 2, 1), own))
                value -= 2.0 * border.contract(0.5 * (weights + weights.transpose(0, 2, 1)), inverse.vector)
                self._add(i, j, value)
        for i in mine:
            self._moved[i] = np.zeros(border.pattern.length)
            border.add(back @ self._directions[i][1] @ keep, self._moved[i])

    def _step(self, chained: Chained, index: int, stage: Stage, inverse: Inverse) -> None:
        batch, pattern = stage.batch, chained.pattern
        before, mine = list(self._moved), self._of(*batch.slots)
        weighted = by_block(batch, stage.omega, stage.border)
        blocks = {i: batch.block(self._moved[i]).copy() for i in before}
        spreads = {i: batch.spread(*self._directions[i]) for i in mine}
        turned: dict[int, Floats] = {}
        for i in before:
            through = by_block(batch, blocks[i], weighted)  # T Ω B
            side = batch.border(self._moved[i])
            rows = side - through
            solved = through_inverse(pattern, index, rows, inverse.vector)  # Y S
            half = side - 0.5 * through
            met = sandwich(batch, stage.keep, block_products(batch, solved, stage.border))
            own = sandwich(batch, stage.keep, blocks[i])
            for j in mine:
                self._add(i, j, float(np.vdot(spreads[j], own)) - 2.0 * float(np.vdot(spreads[j], met)))
            turned[i] = by_block(batch, stage.omega, rows)
            for j in turned:
                value = 2.0 * float(np.vdot(turned[j], solved))
                value += float(np.vdot(sandwich(batch, stage.omega, blocks[i]), blocks[j]))
                self._add(i, j, value)
            for left, right in ((weighted, half), (half, weighted)):
                add_products(pattern, index, left, right, self._moved[i], -1.0)
        kernel = sandwich(batch, stage.keep, inverse.met[index])
        border = by_block(batch, stage.keep, stage.border)
        for i in mine:
            for j in mine[: mine.index(i) + 1]:
                both = spreads[i] @ stage.own @ spreads[j]
                value = float(np.vdot(both.transpose(0, 2, 1), stage.own)) - 2.0 * float(np.vdot(both, kernel))
                self._add(i, j, value)
            moved = self._moved.setdefault(i, np.zeros(pattern.length))
            add_products(pattern, index, border, by_block(batch, spreads[i], border), moved)

    def _last(self, at: Factored, chained: Chained) -> None:
        assert at.data.eliminated is not None
        layout, turns = at.layout, at.data.eliminated.turns
        spread, left = mirrored(at.spread()), at.matrix[: layout.size, : layout.size]
        through = np.eye(layout.size) - spread @ left
        sums, turned = cell_sums(left @ through, layout), {}
        mine = self._of(*layout.parts)
        for i in mine:
            for j in mine[: mine.index(i) + 1]:
                (t, first), (u, second) = self._directions[i], self._directions[j]
                self._add(i, j, float(first.ravel() @ sums[layout.cells[t], layout.cells[u]] @ second.ravel()))
        for i, moved in self._moved.items():
            own = down(down(chained.pattern.left(moved), turns).T, turns)
            turned[i] = spread @ own
            for j in turned:
                self._add(i, j, float(np.vdot(turned[i], turned[j].T)))
            cells = over_rows(through, own @ through, layout)
            for j in mine:
                t, direction = self._directions[j]
                self._add(i, j, float(cells[layout.cells[t]] @ direction.ravel()))


def _take_fixed(at: Factored, cross: tuple[Floats, ...], directions: list[Direction], traces: Floats) -> None:
    """From ``H⁻¹`` to ``P``: what the fixed effects take out of each trace, in place."""
    m, p = len(directions), at.data.p
    loads = []
    for t, direction in directions:
        levels, k = at.data.shapes[t]
        loads.append((t, np.matmul(direction, cross[t].reshape(levels, k, p)).reshape(levels * k, p)))
    inner = at.inner(loads).reshape(m, p, m, p)
    back = np.linalg.inv(at.triangle)
    fixed = back.T @ back  # (Q'H⁻¹Q)⁻¹
    single = np.stack([fixed @ (cross[t].T @ columns) for t, columns in loads])
    traces -= 2.0 * np.einsum("ab,manb->mn", fixed, inner)
    traces += np.einsum("mab,nba->mn", single, single)
