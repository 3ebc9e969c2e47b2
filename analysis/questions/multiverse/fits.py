"""Fits of many specifications that share sums over the same rows, kernel and random effects.

Specifications that share these differ only in the fixed columns and the outcome, whose cross-products with the random
effects are a few sums. A permutation of the distance needs only the fit without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats, Integers
from ...core.confidence import CONFIDENCE
from ...core.errors import CrossliftError, DesignError
from ...core.levels import compact
from ...mixed.inference.kenward_roger import kenward_roger
from ...mixed.model.checks import check_rank, check_terms
from ...mixed.model.design import Design, RandomTerm
from ...mixed.model.formula import MixedFormula, parse_formula
from ...mixed.numerics.criterion import Criterion
from ...mixed.numerics.crossproducts import CrossProducts, exchange_right, sum_rows
from ...mixed.numerics.curvature import hessian, profiled_hessian, without_scale
from ...mixed.numerics.evaluated import Point
from ...mixed.numerics.optimize import EVALUATIONS, Search, minimize
from ...mixed.numerics.whitening import Rows, right_columns, whiten
from ...mixed.reference import satterthwaite, t_tests
from .specification_rows import STEP, SpecRows, Table, indicators
from .starting_values import Start, Trail

if TYPE_CHECKING:
    from ...mixed.numerics.border import Border

# Predicted decrease of the criterion at which the fit without the distance stops. Low accuracy is enough, because its
# variances are the same for every arrangement.
ROUGH = 1e-4
# The same for the other fits: estimates are accurate to about 1e-4 of their standard errors.
DECREASE = 1e-8
# Relative standard deviations below this count as zero, because the search is not more accurate.
SINGULAR = 1e-3


@dataclass(frozen=True, slots=True)
class Fit:
    """The slope of one specification, per 0.1 of distance in the unit of its outcome.

    ``effect`` is the slope in standard deviations of the outcome per standard deviation of the distance between
    languages, ``scale`` the factor from the estimate to it.
    """

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    scale: float
    n_obs: int
    languages: int
    singular: bool
    converged: bool

    @property
    def effect(self) -> float:
        """The standardised slope."""
        return self.estimate * self.scale


@dataclass(frozen=True, slots=True)
class Null:
    """The fit without the distance, as permutations need it.

    Attributes
    ----------
    products
        ``Z'PZ`` over the languages, shape ``(L, L)``, with :math:`P` of the null model in units of its σ².
    with_outcome
        ``Z'Py``, shape ``(L,)``.
    sigma2
        Residual variance.
    languages
        Positions of the languages in the table, shape ``(L,)``.
    """

    products: Floats
    with_outcome: Floats
    sigma2: float
    languages: Integers

    def slopes(self, distance: Floats) -> tuple[Floats, Floats]:
        """Slopes and t statistics of distances, one per row, shape ``(B, L)``, at the null model's variances."""
        top = distance @ self.with_outcome
        below = np.einsum("bl,bl->b", distance @ self.products, distance)
        # The residual of a distance that is collinear with the other columns is zero.
        fine = below > 1e-12 * (distance**2).sum(axis=1) * np.abs(self.products).max()
        below = np.where(fine, below, np.nan)
        return top / below, top / np.sqrt(below * self.sigma2)


class Skeleton:
    """Rows, random effects and kernel that specifications share; ``trail`` provides starting values."""

    def __init__(self, table: Table, spec: SpecRows, trail: Trail | None = None) -> None:
        self._table, self._trail, self._key = table, trail, skeleton_key(spec)
        self.formula: MixedFormula = parse_formula(spec.model.text)
        self.codes, _ = compact(table.codes[spec.kept])
        self.languages = np.unique(table.codes[spec.kept])
        terms = self._terms(spec)
        y = table.values(spec.outcome)[spec.kept]
        check_terms(terms, len(y), self.formula, True)
        self._fixed: dict[tuple[str, ...], Floats] = {}
        X = self.columns(spec, False)
        design = Design(self.formula, y, X, (), terms, None, spec.kept, (), None, (), {})  # type: ignore[arg-type]
        self.rows: Rows = whiten(design)
        self._data: CrossProducts | None = None
        self._border: Border | None = None
        self._nulls: dict[tuple[str, tuple[str, ...]], tuple[Criterion, Point] | CrossliftError] = {}
        self._last: tuple[Any, Criterion, Search[Point]] | None = None
        self._language = next(t for t, term in enumerate(terms) if term.group == "language" and term.root is None)

    def _terms(self, spec: SpecRows) -> tuple[RandomTerm, ...]:
        terms = []
        for group in spec.model.groups:
            codes, count = self._table.group(group, spec.kept)
            labels = tuple(map(str, range(count)))
            term = RandomTerm(group, tuple(group.split(":")), ("Intercept",), codes, labels, None, None)
            terms.append(term)
            if group == "language" and spec.kernel:
                terms.append(replace(term, root=self._table.kernel_root(self.languages)))
        if spec.model.slope:
            own = next(term for term in terms if term.group == spec.model.slope)
            terms.append(replace(own, columns=("typology",), values=spec.x[spec.kept][:, None]))
        return tuple(terms)

    def columns(self, spec: SpecRows, distance: bool) -> Floats:
        """Fixed columns: intercept, covariates, levels of fixed factors, and last, if requested, the distance."""
        names = (*spec.model.covariates, "|", *spec.model.factors)
        if names not in self._fixed:
            first = self._table.fixed_columns(spec.model.covariates, spec.kept)
            levels = [indicators(*self._table.group(name, spec.kept)) for name in spec.model.factors]
            self._fixed[names] = np.column_stack([first, *(column for own in levels for column in own)])
        fixed = self._fixed[names]
        return np.column_stack([fixed, spec.x[spec.kept]]) if distance else fixed

    def criterion(self, X: Floats, y: Floats) -> Criterion:
        """The criterion with other fixed columns or another outcome."""
        names = (*(f"column {j}" for j in range(X.shape[1] - 1)), "typology")
        check_rank(X, None, names, self.formula)
        if np.ptp(y) == 0:
            raise DesignError("the outcome is the same in all rows.")
        if self._data is None:
            self._data = data = sum_rows(replace(self.rows, X=X, y=y), self.formula)
        else:
            data = exchange_right(self._data, self.rows, right_columns(X, y, self.formula))
        found = Criterion(data, True, self._border)
        self._border = found.border
        return found

    def null(self, spec: SpecRows) -> tuple[Criterion, Point]:
        """Criterion and minimum without the distance.

        Raises
        ------
        CrossliftError
            If it cannot be fitted; the same error for every specification that needs it.
        """
        key = (spec.outcome, spec.model.covariates)
        if key not in self._nulls:
            try:
                self._nulls[key] = self._fit_null(spec)
            except CrossliftError as error:
                self._nulls[key] = error
        found = self._nulls[key]
        if isinstance(found, CrossliftError):
            raise found
        return found

    def _fit_null(self, spec: SpecRows) -> tuple[Criterion, Point]:
        y = self._table.values(spec.outcome)[spec.kept]
        criterion = self.criterion(self.columns(spec, False), y)
        search = self._search(criterion, self._start(spec), ROUGH)
        if not search.converged:
            raise DesignError("the fit without the distance did not converge.")
        return criterion, search.point

    def fit(self, spec: SpecRows, df: str) -> Fit:
        """Fit one specification.

        Raises
        ------
        CrossliftError
            If it cannot be estimated on its rows.
        """
        y = self._table.values(spec.outcome)[spec.kept]
        criterion, search = self._minimum(spec, y)
        point = search.point
        flat = criterion.flat(point.theta, SINGULAR)
        missing = search.missing
        if df == "kenward-roger":
            reference: Any = kenward_roger(criterion, point)
        else:
            curvature = hessian(criterion, point)
            reference = satterthwaite(criterion, point, curvature)
            missing = without_scale(curvature, len(point.theta)) - point.curvature
        if self._trail is not None and search.converged and missing is not None:
            self._trail.add(self._key, spec, Start(point.theta, missing))
        back = np.linalg.solve(criterion.data.triangle, point.coefficients) + criterion.data.least_squares
        contrast = np.zeros((1, criterion.data.p))
        contrast[0, -1] = STEP
        variance = float((contrast @ reference.covariance @ contrast.T)[0, 0])
        if not variance > 0:
            raise DesignError("the covariance of the fixed effects has lost its precision.")
        own = t_tests(contrast @ back, np.array([np.sqrt(variance)]), reference.degrees(contrast), CONFIDENCE)
        values = {name: float(value[0]) for name, value in own.items()}
        u = self.distance(spec)
        scale = float(u.std(ddof=1) / y.std(ddof=1)) / STEP
        return Fit(
            **values,
            scale=scale,
            n_obs=len(y),
            languages=len(u),
            singular=bool(flat),
            converged=search.converged,
        )

    def _minimum(self, spec: SpecRows, y: Floats) -> tuple[Criterion, Search[Point]]:
        """The criterion at its minimum; the last one is cached, because another specification may need its df."""
        key = (spec.outcome, spec.model.covariates, spec.x[spec.kept].tobytes())
        if self._last is None or self._last[0] != key:
            criterion = self.criterion(self.columns(spec, True), y)
            self._last = (key, criterion, self._search(criterion, self._start(spec), DECREASE))
        return self._last[1], self._last[2]

    def _start(self, spec: SpecRows) -> Start | None:
        return None if self._trail is None else self._trail.start(self._key, spec)

    def _search(self, criterion: Criterion, start: Start | None, decrease: float) -> Search[Point]:
        first = criterion.start() if start is None else start.begin(criterion)
        exact = start.exact(criterion) if start else lambda point: profiled_hessian(criterion, point)
        return minimize(criterion, first, EVALUATIONS, criterion.scale, exact=exact, decrease=decrease)

    def distance(self, spec: SpecRows) -> Floats:
        """Distance of each language, shape ``(L,)``."""
        first = np.full(len(self.languages), -1)
        own = spec.x[spec.kept]
        first[self.codes[::-1]] = np.arange(len(own))[::-1]
        return own[first]

    def permutable(self, spec: SpecRows) -> Null:
        """The null fit that permutations need; under the null the slope does not differ between tasks."""
        criterion, point = self.null(spec)
        load: list[tuple[int, Floats]] = [(self._language, np.eye(len(self.languages)))]
        products = criterion.factor(point.theta).inner(load, fixed=True)
        with_outcome = point.projected[self._language][:, 0]
        return Null(products, np.asarray(with_outcome), point.sigma2, self.languages)


def plain_criterion(table: Table, spec: SpecRows) -> Criterion:
    """The criterion of one specification, with its distance."""
    skeleton = Skeleton(table, spec)
    return skeleton.criterion(skeleton.columns(spec, True), table.values(spec.outcome)[spec.kept])


def skeleton_key(spec: SpecRows) -> tuple[Any, ...]:
    """What specifications with the same skeleton share."""
    slope = spec.x.tobytes() if spec.model.slope else b""
    return (spec.kept.tobytes(), spec.model.groups, spec.model.slope, spec.kernel, slope)


def as_record(fit: Fit) -> Mapping[str, float | int | bool]:
    """Fields of a fit, by name."""
    return {
        **{name: getattr(fit, name) for name in Fit.__dataclass_fields__ if name != "scale"},
        "effect": fit.effect,
        "effect_low": fit.conf_low * fit.scale,
        "effect_high": fit.conf_high * fit.scale,
    }
