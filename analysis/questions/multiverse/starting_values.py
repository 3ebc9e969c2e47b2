"""Where searches start: at the minimum of a specification much like it.

Another distance moves the variances relative to each other by next to nothing, other rows or another outcome by little.
The first of a list starts from the default rows with the same random effects, a fit of its own; the others from those
before them in the list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from ...mixed.numerics.criterion import Criterion
from ...mixed.numerics.curvature import profiled_hessian
from ...mixed.numerics.evaluated import Point
from ...mixed.numerics.optimize import EVALUATIONS, minimize
from .specification_rows import SpecRows, Table

#: Choices that decide which random effects there are, where the levels of factors allow them, the default first.
DECIDING = {"training": ("any", "source"), "effects": ("cells", "crossed", "slopes")}


@dataclass(frozen=True, slots=True)
class Start:
    """A minimum: parameters, and what average information lacks there."""

    theta: Floats
    missing: Floats

    def begin(self, criterion: Criterion) -> Floats:
        """A start off the boundary: at a variance of zero the gradient is zero too, and a search would stay there."""
        floor = 0.05 * criterion.scale
        return np.where(np.abs(self.theta) < floor, floor, self.theta)

    def exact(self, criterion: Criterion) -> Callable[[Point], Floats]:
        """Second derivatives for a search: borrowed when first asked for, computed once they have misled it."""
        asked = 0

        def at(point: Point) -> Floats:
            nonlocal asked
            asked += 1
            return point.curvature + self.missing if asked == 1 else profiled_hessian(criterion, point)

        return at


class Trail:
    """Minima of a list of specifications so far, the last of each kind."""

    def __init__(self, starts: Starts) -> None:
        self._starts = starts
        self._last: dict[tuple[Any, ...], Start] = {}

    def start(self, rows: tuple[Any, ...], spec: SpecRows) -> Start | None:
        """The last minimum of the same rows, or else of the same random effects, with its outcome where it can be."""
        for key in _kinds(rows, spec):
            if key in self._last:
                return self._last[key]
        return self._starts.of(spec)

    def add(self, rows: tuple[Any, ...], spec: SpecRows, start: Start) -> None:
        """Remember a minimum; ``rows`` tells apart what specifications share."""
        for key in _kinds(rows, spec):
            self._last[key] = start


def _kinds(rows: tuple[Any, ...], spec: SpecRows) -> list[tuple[Any, ...]]:
    """What minima may be taken from, the most alike first."""
    effects = (spec.model.groups, spec.model.slope, spec.kernel)
    outcome, covariates = spec.outcome, spec.model.covariates
    return [(*rows, outcome, covariates), (*effects, outcome, covariates), (*effects, outcome), effects]


@dataclass(slots=True)
class Starts:
    """A start for each set of random effects, found when it is first asked for.

    ``criterion`` gives the criterion of a specification.
    """

    table: Table
    criterion: Callable[[Table, SpecRows], Criterion]
    _found: dict[tuple[tuple[str, ...], str, bool], Start | None] = field(default_factory=dict)

    def of(self, spec: SpecRows) -> Start | None:
        """The start for a specification; ``None`` if no default rows have its random effects, or no minimum."""
        key = (spec.model.groups, spec.model.slope, spec.kernel)
        if key not in self._found:
            self._found[key] = self._find(key)
        return self._found[key]

    def _find(self, key: tuple[tuple[str, ...], str, bool]) -> Start | None:
        for training, effects in product(*DECIDING.values()):
            options = {"training": training, "effects": effects, "kernel": "related" if key[2] else "none"}
            try:
                spec = self.table.specify(options)
            except CrossliftError:
                continue
            if (spec.model.groups, spec.model.slope) == key[:2]:
                return self._fit(spec)
        return None

    def _fit(self, spec: SpecRows) -> Start | None:
        try:
            criterion = self.criterion(self.table, spec)
            search = minimize(criterion, criterion.start(), EVALUATIONS, criterion.scale,
                              exact=lambda point: profiled_hessian(criterion, point))  # fmt: skip
        except (CrossliftError, np.linalg.LinAlgError):
            return None
        if not search.converged:
            return None
        return Start(search.point.theta, profiled_hessian(criterion, search.point) - search.point.curvature)
