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

from ...core.arrays import Booleans, Floats, Integers
from .chain_plan import Plan, Step, Ties, same_padding, shared_columns

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
    thin
        Slots that each block's border meets besides, ascending, shape ``(N, w)``.
    block_at, border_at
        Where in the vector blocks ``(G, n, k, k)`` and borders ``(G, n k, F + w)`` begin.
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
    thin: Integers
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
    def shared(self) -> int:
        """Columns of a border that its group shares."""
        return int(self.columns.shape[1])

    @property
    def width(self) -> int:
        """Columns of a border."""
        return self.shared + int(self.thin.shape[1])

    @property
    def narrow(self) -> bool:
        """Whether all terms have one column."""
        return all(width == 1 for width in self.widths.values())

    def block(self, vector: Floats) -> Floats:
        """Blocks in a vector of the pattern, shape ``(N, k, k)``; a view."""
        stop = self.block_at + self.number * self.k**2
        return vector[self.block_at : stop].reshape(self.number, self.k, self.k)

    def border(self, vector: Floats) -> Floats:
        """Borders in a vector of the pattern, shape ``(G, n k, F + w)``; a view."""
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
    def _shared(self) -> Places:
        return Places(self.columns)

    @cached_property
    def _thin(self) -> Places:
        return Places(self.thin)

    def place(self, rows: Integers, slots: Integers) -> Integers:
        """Columns of the borders of some rows, counted within the batch, that are some slots."""
        if not self.thin.size:
            return self._shared.find(rows // self.rows, slots)[0]
        found, known = self._thin.find(rows // self.k, slots)
        shared, _ = self._shared.find(rows // self.rows, slots)
        return np.where(known, found + self.shared, shared)


class Places:
    """Where slots stand in rows of ascending ones, shape ``(R, F)``."""

    def __init__(self, columns: Integers) -> None:
        rows, self._width = columns.shape
        self._first, self._span = int(columns.min(initial=0)), 0
        if columns.size:
            self._first, self._span = int(columns.min()), int(columns.max()) - int(columns.min()) + 1
        self._table: Integers | None = None
        if rows * self._span <= TABLE:
            self._table = np.full((rows, max(self._span, 1)), -1, dtype=np.int32)
            every = np.arange(self._width, dtype=np.int32)
            np.put_along_axis(self._table, columns - self._first, np.broadcast_to(every, columns.shape), axis=1)
        else:
            self._keys = (np.arange(rows)[:, None] * self._span + columns - self._first).ravel()

    def find(self, rows: Integers, slots: Integers) -> tuple[Integers, Booleans]:
        """The places, and whether the slots are there at all."""
        inside = (slots >= self._first) & (slots < self._first + self._span)
        moved = np.where(inside, slots - self._first, 0)
        if self._table is not None:
            found = self._table[rows, moved].astype(np.intp)
            return found, inside & (found >= 0)
        keys = rows * self._span + moved
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return at - rows * self._width, inside & (self._keys[at] == keys)


@dataclass(frozen=True, slots=True)
class Meets:
    """Where the cells between a batch's columns lie, to read and to add to: padding, and what is added twice, nowhere.

    ``shared`` are the cells between the columns of a group, ``(G, F, F)``, ``across`` those between a block's thin
    columns and these, ``(N, w, F)``, and ``thin`` those between thin columns, ``(N, w, w)``.
    """

    shared: Integers
    add_shared: Integers
    across: Integers
    mirrored: Integers
    thin: Integers
    add_thin: Integers


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
    _meets: dict[int, Meets] = field(default_factory=dict, repr=False)

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
            found = batch.border_at + row * batch.width
            if not inside.all():
                found[~inside] += batch.place(row[~inside], column[~inside])
            if inside.any():
                block, a = np.divmod(first[own][inside] - batch.start, batch.k)
                b = (second[own][inside] - batch.start) % batch.k
                found[inside] = batch.block_at + block * batch.k**2 + a * batch.k + b
            result[own] = found
        own = known & (low >= self.gone)
        result[own] = self.final_at + (first[own] - self.gone) * (self.size - self.gone) + second[own] - self.gone
        return result

    def meets(self, i: int) -> Meets:
        """The cells between the columns of a batch."""
        if i not in self._meets:
            batch = self.batches[i]
            columns = np.repeat(batch.columns, batch.blocks, axis=0) if batch.thin.size else batch.columns[:0]
            thin = batch.thin[: len(columns)]
            across = self.positions(thin[:, :, None], columns[:, None, :])
            mirrored = self.positions(columns[:, None, :], thin[:, :, None])
            mirrored[mirrored == across] = self.length - 1
            self._meets[i] = Meets(*self._squares(batch.columns), across, mirrored, *self._squares(thin))
        return self._meets[i]

    def _squares(self, columns: Integers) -> tuple[Integers, Integers]:
        """Cells between all columns of a row, to read, and to add to."""
        read = self.positions(columns[:, :, None], columns[:, None, :])
        # A cell of a border stands for both of a symmetric pair; those of blocks are written out.
        twice = np.triu(np.ones(read.shape[1:], dtype=bool), 1)[None] & (read == read.transpose(0, 2, 1))
        return read, np.where(twice, self.length - 1, read)


def make_pattern(plan: Plan, ties: Ties) -> Pattern:
    """Lay out the cells of a plan for the terms of ``ties``, which the first term's elimination has tied."""
    shapes = ties.shapes
    places: dict[int, Integers] = {}
    drafts: list[_Draft] = []
    start = 0
    for step in plan.steps:
        if step.joint:
            number = max(int(groups.max(initial=-1)) for groups in step.groups) + 1
            others = [t for t in ties.incidence if t not in step.terms]
            met, own = ties.met_by_parts(step.terms, step.groups, number, others), {}
        else:
            (t,), (groups,) = step.terms, step.groups
            found = ties.met(t)
            number = int(groups.max()) + 1
            met, own = shared_columns(found, groups, step.thin), {u: found[u] for u in step.thin}
            ties = ties.without(t, found, groups, step.thin)
        made, start = _batches(step, number, met, own, shapes, start, places)
        drafts += made
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
    """A batch whose columns have no slots yet: levels of later terms that each of its groups, and blocks, meets."""

    start: int
    groups: int
    blocks: int
    k: int
    slots: Mapping[int, Integers]
    widths: Mapping[int, int]
    met: Mapping[int, tuple[Integers, Integers]]
    own: Mapping[int, tuple[Integers, Integers]]
    later: Mapping[int, int]

    def batch(self, places: Mapping[int, Integers], size: int, at: int) -> tuple[Batch, int]:
        """The batch with its cells from ``at`` on, and where they end."""
        columns = self._columns(self.met, self.groups, places, size)
        thin = self._columns(self.own, self.groups * self.blocks, places, size)
        border_at = at + self.groups * self.blocks * self.k**2
        end = border_at + self.groups * self.blocks * self.k * (columns.shape[1] + thin.shape[1])
        made = Batch(
            self.start, self.groups, self.blocks, self.k, columns, thin, at, border_at, self.slots, self.widths
        )
        return made, end

    def _columns(
        self, met: Mapping[int, tuple[Integers, Integers]], number: int, places: Mapping[int, Integers], size: int
    ) -> Integers:
        """Slots that each row meets, ascending, shape ``(number, F)``; ``size`` pads."""
        found = [np.zeros((0, 2), dtype=np.intp)]
        for t, (rows, levels) in met.items():
            width = self.later[t]
            slots = places[t].reshape(-1, width)[levels]
            found.append(np.column_stack([np.repeat(rows, width), slots.ravel()]))
        cells = np.concatenate(found)
        cells = cells[np.lexsort((cells[:, 1], cells[:, 0]))]
        counts = np.bincount(cells[:, 0], minlength=number)
        columns = np.full((number, int(counts.max(initial=0))), size)
        inside = np.arange(len(cells)) - np.repeat(np.cumsum(counts) - counts, counts)
        columns[cells[:, 0], inside] = cells[:, 1]
        return columns


def _batches(
    step: Step,
    number: int,
    met: Mapping[int, Any],
    own: Mapping[int, Any],
    shapes: Sequence[tuple[int, int]],
    start: int,
    places: dict[int, Integers],
) -> tuple[list[_Draft], int]:
    """Batches of one step from slot ``start`` on, and where they end; fills in the slots of the step's terms."""
    widths = {t: shapes[t][1] for t in step.terms}
    counts = {t: np.bincount(groups, minlength=number) for t, groups in zip(step.terms, step.groups, strict=True)}
    rows = sum(counts[t] * widths[t] for t in step.terms) + np.zeros(number, dtype=np.intp)
    columns = sum(np.diff(edges.indptr) * shapes[t][1] for t, edges in met.items()) + np.zeros(number, dtype=np.intp)
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
        inside = {t: _cells(edges[own_groups]) for t, edges in met.items()}
        thin: dict[int, tuple[Integers, Integers]] = {}
        for t, edges in own.items():  # of a step with one term, whose levels are its blocks
            (which,) = step.groups
            rows_of, columns_of = _cells(edges[np.flatnonzero(position[which] >= 0)])
            thin[t] = (slots[step.terms[0]] // k)[rows_of], columns_of
        later = {t: shapes[t][1] for t in (*met, *own)}
        drafts.append(_Draft(start, len(own_groups), size // k, k, slots, widths, inside, thin, later))
        start += len(own_groups) * size
    return drafts, start


def _cells(edges: Any) -> tuple[Integers, Integers]:
    """Rows and columns of the cells that are not zero."""
    return np.repeat(np.arange(edges.shape[0]), np.diff(edges.indptr)), edges.indices.astype(np.intp)


def _rank(groups: Integers) -> Integers:
    """How many earlier entries have the same group."""
    order = np.argsort(groups, kind="stable")
    counts = np.bincount(groups)
    result = np.empty(len(groups), dtype=np.intp)
    result[order] = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
    return result
