r"""Which terms to eliminate after the first, in which order and groups: symbolic work, once a design.

Once a term is gone, its levels have tied together all effects that they met. A term of which no two levels were tied
(one that the first is nested in) can be eliminated level by level as well, and so on. What is left then often falls
into parts that only a few terms tie together, such as the runs of each task, tied by the languages: each part is
eliminated as one block, and the few terms stay for the last, dense factor.

Ties are kept as a hypergraph, as orderings of minimum degree keep them (George & Liu 1989, SIAM Review 31): each
eliminated level, or group of levels, is an edge over the effects that it met. Levels are grouped so that their borders
with some terms are rectangles, full enough for products of dense matrices; of other terms each level meets one or a few
levels of its own, and its border with them is *thin*. Plans are compared by the operations that they take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Kept effects from which a plan is looked for: one dense factor of fewer takes about as long as the search for one.
LOOK = 500
# A plan is followed where the dense factor takes this many times its operations.
WORTHWHILE = 2.0
# Operations of a dense product that take the time of moving one cell, and of starting with one more group or batch.
CELL, GROUP, BATCH = 20.0, 4_000.0, 1_000_000.0
# Groups of levels whose sizes are within this factor of each other are padded to one size.
PADDED = 1.25
# Share of a group's columns below which a level's own are kept apart.
THIN = 0.25
# Edges up to which parts are looked for before every term that can go level by level has gone.
FEW_EDGES = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """What is eliminated at once.

    Attributes
    ----------
    terms
        Positions of the terms.
    groups
        Of each term, the group of every level.
    joint
        Whether each group is one block; else each level is one, and groups only share a border.
    thin
        Later terms of which a level's own few columns are kept, not those of its whole group.
    """

    terms: tuple[int, ...]
    groups: tuple[Integers, ...]
    joint: bool
    thin: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps after the first, and the terms left to the dense factor."""

    steps: tuple[Step, ...]
    final: tuple[int, ...]


class Ties:
    """Which effects eliminated levels have met: edges over the levels of each remaining term, as zeros and ones."""

    def __init__(self, incidence: Mapping[int, csr_array], shapes: Sequence[tuple[int, int]]) -> None:
        self.incidence, self.shapes = dict(incidence), shapes

    @property
    def edges(self) -> int:
        """Number of edges."""
        return int(next(iter(self.incidence.values())).shape[0])

    @property
    def size(self) -> int:
        """Number of remaining effects."""
        return sum(self.shapes[t][0] * self.shapes[t][1] for t in self.incidence)

    def free(self, t: int) -> bool:
        """Whether no edge ties two levels of a term."""
        return int(np.diff(self.incidence[t].indptr).max(initial=0)) <= 1

    def met(self, t: int) -> dict[int, csr_array]:
        """Levels of the other terms that each level of ``t`` meets."""
        own = self.incidence[t].T.tocsr()
        return {u: _ones(own @ other) for u, other in self.incidence.items() if u != t}

    def without(self, t: int, met: Mapping[int, csr_array], groups: Integers, thin: Sequence[int]) -> Ties:
        """The ties once ``t`` is gone: its groups are edges, or its levels where some columns are their own."""
        untouched = np.flatnonzero(np.diff(self.incidence[t].indptr) == 0)
        into = _labels(groups)
        result = {}
        for u, own in met.items():
            edges = own if u in thin else _ones(into.T.tocsr() @ own)
            if thin and u not in thin:
                edges = _ones(into @ edges)
            result[u] = _stacked(edges, self.incidence[u][untouched]) if len(untouched) else edges
        return Ties(result, self.shapes)

    def parts(self, terms: Sequence[int]) -> tuple[int, list[Integers]]:
        """Number of parts that edges over ``terms`` alone tie together, and the part of each of their levels."""
        from scipy.sparse import csr_array, hstack
        from scipy.sparse.csgraph import connected_components

        both = csr_array(hstack([self.incidence[t] for t in terms], format="csr"))
        edges, levels = both.shape
        starts = np.append(both.indptr, np.full(levels, both.nnz))
        graph = csr_array((both.data, both.indices + edges, starts), shape=(edges + levels, edges + levels))
        _, label = connected_components(graph, directed=False)
        _, label = np.unique(label[edges:], return_inverse=True)
        ends = np.cumsum([self.shapes[t][0] for t in terms])[:-1]
        return int(label.max(initial=-1)) + 1, np.split(label, ends)

    def met_by_parts(
        self, terms: Sequence[int], parts: Sequence[Integers], number: int, others: Sequence[int]
    ) -> dict[int, csr_array]:
        """Levels of ``others`` that each part of ``terms`` meets."""
        into = sum(self.incidence[t] @ _labels(part, number) for t, part in zip(terms, parts, strict=True))
        edges = _ones(into).T.tocsr()
        return {u: _ones(edges @ self.incidence[u]) for u in others}


def make_plan(ties: Ties, kernels: Sequence[int]) -> Plan | None:
    """The cheapest plan found, or ``None`` where one dense factor of all that is left is as good.

    Parameters
    ----------
    ties
        Of the levels of the first term.
    kernels
        Terms whose levels are correlated: they stay for the dense factor.
    """
    if ties.size < LOOK:
        return None
    whole = dense_cost(ties.size)
    best, plan = whole / WORTHWHILE, None
    steps: tuple[Step, ...] = ()
    spent = 0.0
    while True:
        able = [t for t in ties.incidence if t not in kernels and ties.free(t)]
        if not able or ties.edges <= FEW_EDGES:
            ending = _ending(ties, kernels, best - spent)
            if ending is not None:
                cost, last, final = ending
                best, plan = spent + cost, Plan((*steps, last), final)
        if not able:
            return plan
        t = max(able, key=lambda t: ties.shapes[t][0] * ties.shapes[t][1])
        met = ties.met(t)
        cost, step = min(_groupings(ties, t, met), key=lambda found: found[0])
        spent += cost
        steps = (*steps, step)
        if not met:
            return Plan(steps, ()) if spent < best else plan
        ties = ties.without(t, met, step.groups[0], step.thin)
        left = spent + dense_cost(ties.size)
        if left < best:
            best, plan = left, Plan(steps, tuple(ties.incidence))
        if spent > best:
            return plan


def dense_cost(size: int) -> float:
    """Operations of a dense factor and its inverse, and the cells that have to be moved."""
    return size**3 + CELL * size**2


def _groupings(ties: Ties, t: int, met: Mapping[int, csr_array]) -> Iterator[tuple[float, Step]]:
    """Ways to group the levels of a term, each with its cost: all together, or by a term that they nest in."""
    levels, k = ties.shapes[t]
    few = {u: int(np.diff(own.indptr).max(initial=0)) * ties.shapes[u][1] for u, own in met.items()}
    ways = [np.zeros(levels, dtype=np.intp)]
    for own in met.values():
        counts = np.diff(own.indptr)
        if counts.max(initial=0) == 1 and counts.min(initial=1) == 1 and own.shape[1] < levels:
            ways.append(own.indices.astype(np.intp))
    for groups in ways:
        into = _labels(groups).T.tocsr()
        columns = np.zeros(into.shape[0], dtype=np.intp)
        thin = []
        for u, own in met.items():
            shared = np.diff(_ones(into @ own).indptr) * ties.shapes[u][1]
            if few[u] < THIN * shared.mean():
                thin.append(u)
            else:
                columns += shared
        rows = np.bincount(groups, minlength=into.shape[0]) * k
        yield _cost(rows, columns, k, sum(few[u] for u in thin)), Step((t,), (groups,), False, tuple(thin))


def _cost(rows: Integers, columns: Integers, k: int, thin: int = 0) -> float:
    """Operations of eliminating groups with so many rows each, and of what follows backwards; ``k`` rows a block."""
    border = 4.0 * rows * columns * (columns + k) + CELL * (columns**2 + rows * (columns + thin + k))
    border += CELL * rows * thin * (columns + thin)
    return float((border + 6.0 * rows * k**2).sum()) + GROUP * len(rows) + BATCH


def _ending(ties: Ties, kernels: Sequence[int], limit: float) -> tuple[float, Step, tuple[int, ...]] | None:
    """The cheapest way to end for less than ``limit``, if there is one.

    Some terms stay, and of the others each part that is tied together is one block.
    """
    free = [t for t in ties.incidence if t not in kernels]
    sizes = {t: ties.shapes[t][0] * ties.shapes[t][1] for t in ties.incidence}
    best: tuple[float, Step, tuple[int, ...]] | None = None
    ways = [terms for count in range(1, len(free) + 1) for terms in combinations(free, count)]
    for terms in sorted(ways, key=lambda terms: -sum(sizes[t] for t in terms)):  # the smallest last factors first
        final = tuple(t for t in ties.incidence if t not in terms)
        last = sum(sizes[t] for t in final)
        if dense_cost(last) > limit:
            break
        number, labels = ties.parts(terms)
        if number < 2:
            continue
        rows = np.zeros(number, dtype=np.intp)
        for t, label in zip(terms, labels, strict=True):
            rows += np.bincount(label, minlength=number) * ties.shapes[t][1]
        columns = np.zeros(number, dtype=np.intp)
        for t, own in ties.met_by_parts(terms, labels, number, final).items():
            columns += np.diff(own.indptr) * ties.shapes[t][1]
        cost = float((2.0 * rows.astype(float) ** 3).sum()) + dense_cost(last) + _cost(rows, columns, 1)
        if cost < limit:
            limit = cost
            best = cost, Step(tuple(terms), tuple(labels), True), final
    return best


def shared_columns(met: Mapping[int, csr_array], groups: Integers, thin: Sequence[int]) -> dict[int, csr_array]:
    """Levels of the other terms that each group meets, but for thin terms."""
    into = _labels(groups).T.tocsr()
    return {u: _ones(into @ own) for u, own in met.items() if u not in thin}


def padded_sizes(sizes: Integers) -> Integers:
    """Sizes rounded up to a few, so that groups of about one size have one."""
    class_of = np.ceil(np.log(np.maximum(sizes, 1)) / np.log(PADDED) - 1e-9).astype(np.intp)
    largest = np.zeros(int(class_of.max(initial=0)) + 1, dtype=np.intp)
    np.maximum.at(largest, class_of, sizes)
    return largest[class_of]


def level_ties(border: Floats | csr_array, k: int, terms: Sequence[int], shapes: Sequence[tuple[int, int]]) -> Ties:
    """The ties that eliminating a term makes, from its border ``(L k, s)`` with the other terms, in their order."""
    from scipy.sparse import csr_array

    cells = csr_array(border).tocoo()
    result, start = {}, 0
    for t in terms:
        levels, width = shapes[t]
        own = (cells.col >= start) & (cells.col < start + levels * width)
        rows, columns = cells.row[own] // k, (cells.col[own] - start) // width
        own_cells = csr_array((np.ones(len(rows)), (rows, columns)), shape=(border.shape[0] // k, levels))
        result[t] = _ones(own_cells)
        start += levels * width
    return Ties(result, shapes)


def _ones(matrix: Any) -> csr_array:
    from scipy.sparse import csr_array

    result = csr_array(matrix)
    result.sum_duplicates()
    result.data = np.ones(len(result.data))
    return result


def _labels(groups: Integers, number: int | None = None) -> csr_array:
    """Membership of levels in groups, shape ``(L, G)``."""
    from scipy.sparse import csr_array

    levels, count = len(groups), int(groups.max()) + 1 if number is None else number
    return csr_array((np.ones(levels), groups, np.arange(levels + 1)), shape=(levels, count))


def _stacked(first: csr_array, second: csr_array) -> csr_array:
    from scipy.sparse import csr_array, vstack

    return csr_array(vstack([first, second], format="csr"))


def same_padding(rows: Integers, columns: Integers) -> list[Integers]:
    """Groups by padded size, each an array of positions."""
    keys = np.column_stack([padded_sizes(rows), padded_sizes(columns)])
    _, inverse = np.unique(keys, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    return [np.flatnonzero(inverse == i) for i in range(int(inverse.max(initial=-1)) + 1)]
