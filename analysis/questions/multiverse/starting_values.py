"""Starting values: the minimum of a similar specification.

Another distance hardly changes the relative variances, and other rows or another outcome change them little. The first
specification of a list starts from a separate fit to the default rows with the same random effects, the others from
those before them in the list.
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

#: Choices that determine the random effects, as far as the factors' levels allow, the default first.
DECIDING = {"training": ("any", "source"), "effects": ("cells", "crossed", "slopes")}


@dataclass(frozen=True, slots=True)
class Start:
    """A minimum: its parameters, and exact curvature minus average information there."""

    theta: Floats
    missing: Floats

    def begin(self, criterion: Criterion) -> Floats:
        """A starting value off the boundary: at a variance of zero the gradient is zero, and a search would stay."""
        floor = 0.05 * criterion.scale
        return np.where(np.abs(self.theta) < floor, floor, self.theta)

    def exact(self, criterion: Criterion) -> Callable[[Point], Floats]:
        """Second derivatives for a search: borrowed at the first call, computed at later ones."""
        calls = 0

        def at(point: Point) -> Floats:
            nonlocal calls
            calls += 1
            return point.curvature + self.missing if calls == 1 else profiled_hessian(criterion, point)

        return at


class Trail:
    """Minima of the specifications so far, the last of each kind."""

    def __init__(self, starts: Starts) -> None:
        self._starts = starts
        self._last: dict[tuple[Any, ...], Start] = {}

    def start(self, rows: tuple[Any, ...], spec: SpecRows) -> Start | None:
        """The last minimum for the same rows, or else the same random effects, if possible with the same outcome."""
        for key in _kinds(rows, spec):
            if key in self._last:
                return self._last[key]
        return self._starts.of(spec)

    def add(self, rows: tuple[Any, ...], spec: SpecRows, start: Start) -> None:
        """Store a minimum; ``rows`` identifies the shared rows."""
        for key in _kinds(rows, spec):
            self._last[key] = start


def _kinds(rows: tuple[Any, ...], spec: SpecRows) -> list[tuple[Any, ...]]:
    """Keys of minima to start from, the most similar first."""
    effects = (spec.model.groups, spec.model.slope, spec.kernel)
    outcome, covariates = spec.outcome, spec.model.covariates
    return [(*rows, outcome, covariates), (*effects, outcome, covariates), (*effects, outcome), effects]


@dataclass(slots=True)
class Starts:
    """Starting values for each set of random effects, computed on first use.

    ``criterion`` gives the criterion of a specification.
    """

    table: Table
    criterion: Callable[[Table, SpecRows], Criterion]
    _found: dict[tuple[tuple[str, ...], str, bool], Start | None] = field(default_factory=dict)

    def of(self, spec: SpecRows) -> Start | None:
        """Starting values for a specification; ``None`` if no default fit with its random effects converges."""
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
