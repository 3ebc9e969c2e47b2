r"""Products :math:`Z'H^{-1}ZV` where terms were eliminated in a chain, for as many columns as are asked for.

The matrix itself has a cell for each pair of random effects. Columns go through the chain forwards, as right sides
do, and come back as :math:`d = (I - \Lambda M^{-1}\Lambda'Z'WZ)V`, step by step, with :math:`r` what arrives at a step
from the columns of those before it:

.. math:: Z_c'H^{-1}ZV = E(r + Bd) + EC\,V_c, \qquad d_c = E'V_c - \Omega(r + Bd).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.arrays import Floats
from .border import apply_blocks, down, up
from .chain import add_rows, by_block, carry
from .chain_border import ChainBorder
from .factored import Factored


def chain_products(at: Factored, columns: Sequence[Floats]) -> list[Floats]:
    """``Z'H⁻¹ZV`` of each term from the parts of ``V`` of each term, shapes ``(L k, c)``."""
    reduced, data, border = at.reduced, at.data, at.border
    assert reduced is not None
    assert reduced.chained is not None
    assert data.eliminated is not None
    assert isinstance(border, ChainBorder)
    pattern, stages, turns = reduced.chained.pattern, reduced.chained.stages, data.eliminated.turns
    first, c = columns[data.eliminated.term], columns[0].shape[1]
    loads = np.zeros((pattern.gone, c))
    for t, place in pattern.places.items():
        if t not in pattern.final:
            loads[place] = columns[t]
    kept = np.concatenate([np.zeros((0, c)), *(columns[t] for t in pattern.final)])
    back = reduced.keep.transpose(0, 2, 1)
    arriving = border.meet(np.asarray(apply_blocks(back, first)))
    for stage in stages:
        batch = stage.batch
        own = by_block(batch, stage.keep.transpose(0, 2, 1), batch.own(loads))
        add_rows(batch, stage.border, own - by_block(batch, stage.omega, batch.own(arriving)), arriving)
    s = at.layout.size
    met = down(arriving[pattern.gone :], turns)
    total = at.matrix[:s, :s] @ kept + met
    solved = at.layout.loaded(at.theta, at.backward(at.forward(at.layout.turned(at.theta, total)))) if s else kept
    left = kept - solved
    difference = np.zeros((pattern.size + 1, c))
    difference[pattern.gone : -1] = up(left, turns)
    products = np.zeros((pattern.gone, c))
    for stage in reversed(stages):
        batch = stage.batch
        rest = batch.own(arriving) + carry(batch, stage.border, difference)
        load = batch.own(loads)
        batch.own(products)[...] = by_block(batch, stage.keep, rest) + by_block(batch, stage.own, load)
        turned = by_block(batch, stage.keep.transpose(0, 2, 1), load)
        batch.own(difference)[...] = turned - by_block(batch, stage.omega, rest)
    found: dict[int, Floats] = {t: products[place] for t, place in pattern.places.items() if t not in pattern.final}
    found |= {t: (at.matrix[part, :s] @ left + met[part]) for t, part in at.layout.parts.items()}
    rest = np.asarray(apply_blocks(reduced.keep, border.carry(difference[:-1])))
    found[data.eliminated.term] = rest + np.asarray(apply_blocks(reduced.own, first))
    return [found[t] for t in range(len(data.shapes))]
