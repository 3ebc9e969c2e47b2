r"""Where the cells of a chain lie: every step's blocks and borders, and the matrix of what is left, in one vector.

Effects get *slots* in the order in which they are eliminated, those that are left last. A step's groups of about one
size make a *batch*: blocks of one size, beside rectangles of one size, padded with cells that stay zero. The pattern
holds all cells that elimination fills, so that cross-products, Schur complements, selected inverses and derivatives of
any of them are vectors of the same length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ...core.arrays import Floats, Integers
from .chain_plan import Plan, Step, Ties, same_padding

# Cells of a table of columns by group up to which it is made; beyond, columns are searched for.
TABLE = 4_000_000


@dataclass(frozen=True)
class Batch:
    """Groups of blocks that are eliminated at once.

    Attributes
    ----------
    start, stop
        Slots.
    groups, blocks, k
        Number of groups, blocks in each, and effects in a block.
    columns
        Slots that each group's border meets, ascending, shape ``(G, F)``; those of padding are one past the last slot.
    block_at, border_at
        Where in the vector blocks ``(G, n, k, k)`` and borders ``(G, n k, F)`` begin.
    slots
        Of each term, the places of its levels' first effects among the slots of the batch.
    narrow
        Whether all terms have one column.
    """

    start: int
    groups: int
    blocks: int
    k: int
    columns: Integers
    block_at: int
    border_at: int
    slots: Mapping[int, Integers]
    widths: Mapping[int, int]

    @property
    def rows(self) -> int:
        """Effects of a group."""
        return self.blocks * self.k

    @property
    def number(self) -> int:
        """Blocks of all groups."""
        return self.groups * self.blocks

    @property
    def stop(self) -> int:
        """One past the last slot."""
        return self.start + self.groups * self.rows

    @property
    def width(self) -> int:
        """Columns of a border."""
        return int(self.columns.shape[1])

    @property
    def narrow(self) -> bool:
        """Whether all terms have one column."""
        return all(width == 1 for width in self.widths.values())

    def block(self, vector: Floats) -> Floats:
        """Blocks in a vector of the pattern, shape ``(N, k, k)``; a view."""
        stop = self.block_at + self.number * self.k**2
        return vector[self.block_at : stop].reshape(self.number, self.k, self.k)

    def border(self, vector: Floats) -> Floats:
        """Borders in a vector of the pattern, shape ``(G, n k, F)``; a view."""
        stop = self.border_at + self.groups * self.rows * self.width
        return vector[self.border_at : stop].reshape(self.groups, self.rows, self.width)

    def own(self, slots: Floats) -> Floats:
        """Rows of this batch among rows of all slots, shape ``(G, n k, c)``; a view."""
        return slots[self.start : self.stop].reshape(self.groups, self.rows, -1)

    def cells(self, t: int, a: int, b: int) -> Integers:
        """Where the cells ``(a, b)`` of a term's levels lie among the cells of all blocks."""
        block, place = np.divmod(self.slots[t], self.k)
        return block * self.k**2 + (place + a) * self.k + place + b

    def spread(self, t: int, matrix: Floats) -> Floats:
        """Blocks that have ``matrix``, shape ``(k, k)``, in the cells of a term's levels and zeros elsewhere."""
        result = np.zeros((self.number, self.k, self.k))
        flat = result.reshape(-1)
        for (a, b), value in np.ndenumerate(matrix):
            flat[self.cells(t, a, b)] = value
        return result

    def sums(self, t: int, blocks: Floats) -> Floats:
        """Sums of the cells of a term's levels over all blocks, shape of one level."""
        width, flat = self.widths[t], np.ascontiguousarray(blocks).reshape(-1)
        return np.array([[flat[self.cells(t, a, b)].sum() for b in range(width)] for a in range(width)])

    @cached_property
    def _table(self) -> Integers | None:
        last = int(self.columns.max(initial=0)) + 1
        if self.groups * (last - self.stop) > TABLE:
            return None
        table = np.zeros((self.groups, max(last - self.stop, 1)), dtype=np.int32)
        rows = np.repeat(np.arange(self.groups), self.width)
        inside = self.columns.ravel() >= self.stop
        places = np.tile(np.arange(self.width, dtype=np.int32), self.groups)
        table[rows[inside], self.columns.ravel()[inside] - self.stop] = places[inside]
        return table

    @cached_property
    def _keys(self) -> tuple[Integers, int]:
        base = int(self.columns.max(initial=0)) + 1
        return (np.arange(self.groups)[:, None] * base + self.columns).ravel(), base

    def place(self, groups: Integers, slots: Integers) -> Integers:
        """Columns of groups that are some slots."""
        if self._table is not None:
            return self._table[groups, slots - self.stop]
        keys, base = self._keys
        return np.searchsorted(keys, groups * base + slots) - groups * self.width


@dataclass(frozen=True)
class Pattern:
    """The cells of a chain.

    Attributes
    ----------
    batches
        In the order of elimination.
    places
        Slots of each term's effects.
    final
        Terms that are left, in the order of their slots.
    gone, size
        First slot that is left, and one past the last.
    final_at, length
        Where the matrix of what is left begins in the vector, and the vector's length: its last cell is nobody's.
    """

    batches: tuple[Batch, ...]
    places: Mapping[int, Integers]
    final: tuple[int, ...]
    gone: int
    size: int
    final_at: int
    length: int
    _meets: dict[int, tuple[Integers, Integers]] = field(default_factory=dict, repr=False)

    def left(self, vector: Floats) -> Floats:
        """The matrix of what is left; a view."""
        s = self.size - self.gone
        return vector[self.final_at : self.final_at + s * s].reshape(s, s)

    def positions(self, first: Integers, second: Integers) -> Integers:
        """Where the cells between two arrays of slots lie; the one that is nobody's for padding."""
        first, second = np.broadcast_arrays(first, second)
        low, high = np.minimum(first, second), np.maximum(first, second)
        result = np.full(low.shape, self.length - 1)
        known = high < self.size
        for batch in self.batches:
            own = known & (low >= batch.start) & (low < batch.stop)
            if not own.any():
                continue
            row, column = low[own] - batch.start, high[own]
            inside = column < batch.stop
            group, place = np.divmod(row, batch.rows)
            found = batch.border_at + row * batch.width
            if not inside.all():
                found[~inside] += batch.place(group[~inside], column[~inside])
            if inside.any():
                block, a = np.divmod(first[own][inside] - batch.start, batch.k)
                b = (second[own][inside] - batch.start) % batch.k
                found[inside] = batch.block_at + block * batch.k**2 + a * batch.k + b
            result[own] = found
        own = known & (low >= self.gone)
        result[own] = self.final_at + (first[own] - self.gone) * (self.size - self.gone) + second[own] - self.gone
        return result

    def meets(self, i: int) -> tuple[Integers, Integers]:
        """Where the cells between a batch's columns lie, ``(G, F, F)``: to read, and to add to (each cell once)."""
        if i not in self._meets:
            columns = self.batches[i].columns
            read = self.positions(columns[:, :, None], columns[:, None, :])
            # A cell of a border stands for both of a symmetric pair; those of blocks are written out.
            twice = np.triu(np.ones(read.shape[1:], dtype=bool), 1)[None] & (read == read.transpose(0, 2, 1))
            self._meets[i] = read, np.where(twice, self.length - 1, read)
        return self._meets[i]


def make_pattern(plan: Plan, ties: Ties) -> Pattern:
    """Lay out the cells of a plan for the terms of ``ties``, which the first term's elimination has tied."""
    shapes = ties.shapes
    places: dict[int, Integers] = {}
    drafts: list[_Draft] = []
    start = 0
    for step in plan.steps:
        if step.joint:
            number = max(int(groups.max(initial=-1)) for groups in step.groups) + 1
            met = ties.met_by_parts(step.terms, step.groups, number, [t for t in ties.incidence if t not in step.terms])
            after = Ties({t: ties.incidence[t][:0] for t in met}, shapes) if met else ties
        else:
            (t,), (groups,) = step.terms, step.groups
            own = ties.met(t)
            after = ties.without(t, own, groups)
            number = int(groups.max()) + 1
            met = {u: edges[:number] for u, edges in after.incidence.items()}
        found, start = _batches(step, number, met, shapes, start, places)
        drafts += found
        ties = after
    gone = start
    for t in plan.final:
        size = shapes[t][0] * shapes[t][1]
        places[t] = np.arange(start, start + size)
        start += size
    position, batches = 0, []
    for draft in drafts:
        batch, position = draft.batch(places, start, position)
        batches.append(batch)
    s = start - gone
    return Pattern(tuple(batches), places, plan.final, gone, start, position, position + s * s + 1)


@dataclass(frozen=True)
class _Draft:
    """A batch whose columns have no slots yet: levels of later terms that each of its groups meets."""

    start: int
    groups: int
    blocks: int
    k: int
    slots: Mapping[int, Integers]
    widths: Mapping[int, int]
    met: Mapping[int, tuple[Integers, Integers]]
    later: Mapping[int, int]

    def batch(self, places: Mapping[int, Integers], size: int, at: int) -> tuple[Batch, int]:
        """The batch with its cells from ``at`` on, and where they end."""
        found = [np.zeros((0, 2), dtype=np.intp)]
        for t, (groups, levels) in self.met.items():
            width = self.later[t]
            slots = places[t].reshape(-1, width)[levels]
            found.append(np.column_stack([np.repeat(groups, width), slots.ravel()]))
        cells = np.concatenate(found)
        cells = cells[np.lexsort((cells[:, 1], cells[:, 0]))]
        counts = np.bincount(cells[:, 0], minlength=self.groups)
        columns = np.full((self.groups, int(counts.max(initial=0))), size)
        inside = np.arange(len(cells)) - np.repeat(np.cumsum(counts) - counts, counts)
        columns[cells[:, 0], inside] = cells[:, 1]
        border_at = at + self.groups * self.blocks * self.k**2
        end = border_at + self.groups * self.blocks * self.k * columns.shape[1]
        made = Batch(self.start, self.groups, self.blocks, self.k, columns, at, border_at, self.slots, self.widths)
        return made, end


def _batches(
    step: Step,
    number: int,
    met: Mapping[int, Any],
    shapes: Sequence[tuple[int, int]],
    start: int,
    places: dict[int, Integers],
) -> tuple[list[_Draft], int]:
    """Batches of one step from slot ``start`` on, and where they end; fills in the slots of the step's terms."""
    widths = {t: shapes[t][1] for t in step.terms}
    counts = {t: np.bincount(groups, minlength=number) for t, groups in zip(step.terms, step.groups, strict=True)}
    rows = sum(counts[t] * widths[t] for t in step.terms) + np.zeros(number, dtype=np.intp)
    columns = sum(np.diff(own.indptr) * shapes[t][1] for t, own in met.items()) + np.zeros(number, dtype=np.intp)
    for t in step.terms:
        places[t] = np.zeros(shapes[t][0] * widths[t], dtype=np.intp)
    drafts = []
    for own_groups in same_padding(rows, columns):
        position = np.full(number, -1)
        position[own_groups] = np.arange(len(own_groups))
        size = int(rows[own_groups].max())
        k = size if step.joint else widths[step.terms[0]]
        slots: dict[int, Integers] = {}
        first = np.zeros(number, dtype=np.intp)  # of each group, rows that earlier terms take
        for t, groups in zip(step.terms, step.groups, strict=True):
            levels = np.flatnonzero(position[groups] >= 0)
            slots[t] = position[groups[levels]] * size + first[groups[levels]] + _rank(groups[levels]) * widths[t]
            first += counts[t] * widths[t]
            every = (start + slots[t])[:, None] + np.arange(widths[t])
            places[t].reshape(-1, widths[t])[levels] = every
        inside = {t: _cells(own[own_groups]) for t, own in met.items()}
        drafts.append(
            _Draft(
                start, len(own_groups), size // k, k, slots, widths, inside, {t: shapes[t][1] for t in met}
            )
        )
        start += len(own_groups) * size
    return drafts, start


def _cells(own: Any) -> tuple[Integers, Integers]:
    """Rows and columns of the cells that are not zero."""
    return np.repeat(np.arange(own.shape[0]), np.diff(own.indptr)), own.indices.astype(np.intp)


def _rank(groups: Integers) -> Integers:
    """How many earlier entries have the same group."""
    order = np.argsort(groups, kind="stable")
    counts = np.bincount(groups)
    result = np.empty(len(groups), dtype=np.intp)
    result[order] = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
    return result
