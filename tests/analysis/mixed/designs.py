"""Small random designs for property tests, each with what a dense textbook formula needs, written without the engine.

Hypothesis draws the structure (factors, slopes, weights, kernels, which variances are zero), so that a failure shrinks
to the simplest structure that shows it; the numbers follow from a drawn seed and are in general position.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from analysis.mixed import LevelCovariance, fit_mixed
from analysis.mixed.model.design import build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.model.level_covariance import as_covariances
from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.crossproducts import form_crossproducts
from analysis.mixed.numerics.sampling import known_variance
from analysis.mixed.result import MixedResult

# Rows of a full grid; at least six tenths of them are kept, more than one term has random effects (ten at most).
FEWEST = 20
# How precise the rows are: nothing known, prior weights, sampling variances (with or without a residual variance on
# top), or a sampling covariance that ties rows together.
PRECISION = ("plain", "weights", "known", "known+residual", "block", "block+residual")


def examples(count: int) -> settings:
    """The same ``count`` examples on every machine and at every load; a failure is shrunk, not explained by tracing."""
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow],
    )


@dataclass(frozen=True)
class Term:
    """A random term: grouping variables, varying columns (``"1"`` is the constant), and its levels' covariance."""

    group: tuple[str, ...]
    columns: tuple[str, ...]
    kernel: bool = False


@dataclass(frozen=True)
class Case:
    """A model and its data; ``variances`` is ``None``, one value a row, or a covariance of the rows."""

    formula: str
    frame: pd.DataFrame
    fixed: tuple[str, ...]
    terms: tuple[Term, ...]
    weights: str | None = None
    variances: np.ndarray | None = None
    residual: bool = True
    kernel: pd.DataFrame | None = None
    beside: bool = True
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def covariance(self) -> dict[str, LevelCovariance] | None:
        return None if self.kernel is None else {"a": LevelCovariance(self.kernel, independent=self.beside)}

    @property
    def known_scale(self) -> bool:
        """Whether σ² is one and not estimated."""
        return self.variances is not None

    def fit(self, reml: bool = True, **options: Any) -> MixedResult:
        return fit_mixed(
            self.formula, self.frame, reml, self.weights, self.variances, self.covariance,
            residual=self.residual, **options,
        )  # fmt: skip

    def criterion(self, reml: bool = True, eliminate: bool | None = None) -> Criterion:
        formula, residual = parse_formula(self.formula), self.variances is None or self.residual
        design = build_design(formula, self.frame, self.weights, as_covariances(self.covariance), (), residual)
        known = None if self.variances is None else known_variance(self.variances, self.frame, design.kept)
        return Criterion(form_crossproducts(design, eliminate, known, self.residual), reml)

    def assign(self, **columns: Any) -> Case:
        return replace(self, frame=self.frame.assign(**columns))

    def take(self, rows: np.ndarray) -> Case:
        """The same data with rows in another order, repeated or left out."""
        variances = self.variances
        if variances is not None:
            variances = variances[rows] if variances.ndim == 1 else variances[np.ix_(rows, rows)]
        return replace(self, frame=self.frame.iloc[rows].reset_index(drop=True), variances=variances)


def levels_of(frame: pd.DataFrame, group: tuple[str, ...]) -> pd.Series:
    """Labels of the rows in a grouping factor."""
    label = frame[group[0]].astype(str)
    for name in group[1:]:
        label = label + ":" + frame[name].astype(str)
    return label


def column_of(frame: pd.DataFrame, name: str) -> np.ndarray:
    """A numeric column; ``"1"`` is the constant."""
    return np.ones(len(frame)) if name == "1" else frame[name].to_numpy(dtype=float)


@st.composite
def cases(
    draw: st.DrawFn,
    precision: tuple[str, ...] = PRECISION,
    slopes: tuple[str, ...] = ("", "|", "||"),
    kernels: tuple[str, ...] = ("", "beside", "alone"),
    flat: bool = True,
) -> Case:
    """Crossed or nested, complete or ragged designs with one to three grouping factors.

    Parameters
    ----------
    precision, slopes, kernels
        What to choose from: how precise rows are, how ``x`` varies over factor ``a``, and whether the levels of ``a``
        are correlated, beside independent ones or alone.
    flat
        Whether variances of zero may be simulated: about half of those fits are singular.
    """
    factors = draw(st.integers(1, 3), label="factors")
    nested = factors > 1 and draw(st.booleans(), label="nested")
    sizes = [draw(st.integers(3, 5))] + [draw(st.integers(2, 4)) for _ in range(factors - 1)]
    ragged = draw(st.booleans(), label="ragged")
    slope = draw(st.sampled_from(slopes), label="slope")
    kernel = draw(st.sampled_from(kernels), label="kernel")
    rows = draw(st.sampled_from(precision), label="precision")
    spreads = [draw(st.sampled_from((1.0, 3.0, 0.0) if flat else (1.0, 3.0))) for _ in range(factors + 1)]
    level_covariate = draw(st.booleans(), label="level covariate")
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))

    frame = _grid(rng, sizes, nested, ragged)
    fixed = ("1", "x", "z") if level_covariate else ("1", "x")
    bars, terms = _terms(factors, nested, slope, kernel)
    n = len(frame)
    frame["x"] = rng.normal(size=n) + 0.5 * rng.normal()
    by_level = rng.normal(size=sizes[0])
    frame["z"] = by_level[frame["a"].str[1:].astype(int).to_numpy()] + 0.2 * rng.normal(size=n)
    frame["y"] = _outcome(rng, frame, terms, spreads)
    case = Case(f"y ~ {' + '.join(fixed + bars)}", frame, fixed, terms)
    if kernel:
        labels = sorted(frame["a"].unique())
        root = rng.normal(size=(len(labels), len(labels)))
        matrix = root @ root.T / len(labels) + 0.2 * np.eye(len(labels))
        case = replace(case, kernel=pd.DataFrame(matrix, labels, labels), beside=kernel == "beside")
    return _with_precision(rng, case, rows)


def _grid(rng: np.random.Generator, sizes: list[int], nested: bool, ragged: bool) -> pd.DataFrame:
    cells = np.prod(sizes)
    replicates = max(2 if nested else 1, int(np.ceil(FEWEST / cells)))
    codes = np.indices((*sizes, replicates)).reshape(len(sizes) + 1, -1)
    frame = pd.DataFrame({name: [f"{name}{code}" for code in codes[i]] for i, name in enumerate("abc"[: len(sizes)])})
    if ragged:
        kept = rng.permutation(len(frame))[: int(np.ceil(rng.uniform(0.65, 1.0) * len(frame)))]
        frame = frame.iloc[np.sort(kept)].reset_index(drop=True)
    return frame


def _terms(factors: int, nested: bool, slope: str, kernel: str) -> tuple[tuple[str, ...], tuple[Term, ...]]:
    """Bars of the formula, and the terms that they and a kernel on ``a`` make, in the engine's order."""
    of_a = {
        "": ("(1|a)", [("1",)]),
        "|": ("(1 + x|a)", [("1", "x")]),
        "||": ("(1 + x||a)", [("1",), ("x",)]),
    }
    bar, own = of_a[slope]
    bars, terms = [bar], []
    for columns in own:
        if kernel != "alone":
            terms.append(Term(("a",), columns))
        if kernel:
            terms.append(Term(("a",), columns, True))
    for i in range(1, factors):
        group = tuple("abc"[: i + 1]) if nested and i == 1 else ("abc"[i],)
        bars.append(f"(1|{':'.join(group)})")
        terms.append(Term(group, ("1",)))
    return tuple(bars), tuple(terms)


def _outcome(
    rng: np.random.Generator, frame: pd.DataFrame, terms: tuple[Term, ...], spreads: list[float]
) -> np.ndarray:
    y = 1.0 + 0.5 * column_of(frame, "x") + rng.normal(size=len(frame))
    groups = list(dict.fromkeys((term.group, column) for term in terms for column in term.columns))
    for i, (group, column) in enumerate(groups):
        codes, levels = pd.factorize(levels_of(frame, group), sort=True)
        y = y + spreads[i % len(spreads)] * rng.normal(size=len(levels))[codes] * column_of(frame, column)
    return y


def _with_precision(rng: np.random.Generator, case: Case, rows: str) -> Case:
    n = len(case.frame)
    if rows == "plain":
        return case
    if rows == "weights":
        return replace(case.assign(w=rng.uniform(0.3, 3.0, n)), weights="w")
    variances = rng.uniform(0.3, 2.0, n)
    if rows.startswith("block"):
        run = np.arange(n) // 3
        variances = np.diag(variances) + 0.3 * (run[:, None] == run)
    return replace(case, variances=variances, residual=rows.endswith("residual"))


@dataclass(frozen=True)
class Dense:
    """The model as dense matrices: ``V = σ² (noise + Σ Z (K ⊗ λλ') Z')``, rows by rows."""

    y: np.ndarray
    X: np.ndarray
    noise: np.ndarray
    parts: tuple[tuple[np.ndarray, np.ndarray, int], ...]
    known_scale: bool
    bases: tuple[np.ndarray, ...]

    @property
    def entries(self) -> int:
        """Number of parameters in ``theta``."""
        return sum(k * (k + 1) // 2 for _, _, k in self.parts)

    def relative(self, theta: np.ndarray) -> np.ndarray:
        """``V / σ²``; ``theta`` holds lower triangles for standardised columns, column by column."""
        result, start = self.noise.copy(), 0
        for (Z, K, k), basis in zip(self.parts, self.bases, strict=True):
            triangle = np.zeros((k, k))
            size = k * (k + 1) // 2
            triangle.T[np.triu_indices(k)] = theta[start : start + size]
            loading = np.linalg.solve(basis, triangle)
            result += Z @ np.kron(K, loading @ loading.T) @ Z.T
            start += size
        return result

    def fixed(self, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Generalised least squares: estimates and their covariance."""
        covariance = np.linalg.inv(self.X.T @ np.linalg.solve(V, self.X))
        return covariance @ self.X.T @ np.linalg.solve(V, self.y), covariance

    def deviance(self, theta: np.ndarray, sigma2: float, reml: bool) -> float:
        """Minus twice the log density of ``y`` (ML), or of its error contrasts (REML; Harville 1974), at given σ²."""
        V = sigma2 * self.relative(theta)
        estimate, covariance = self.fixed(V)
        r = self.y - self.X @ estimate
        n, p = self.X.shape
        value = n * np.log(2 * np.pi) + np.linalg.slogdet(V)[1] + r @ np.linalg.solve(V, r)
        return value - p * np.log(2 * np.pi) - np.linalg.slogdet(covariance)[1] if reml else value

    def sigma2(self, theta: np.ndarray, reml: bool) -> float:
        """The σ² that maximises the (restricted) likelihood at ``theta``; one where the scale is known."""
        if self.known_scale:
            return 1.0
        H = self.relative(theta)
        r = self.y - self.X @ self.fixed(H)[0]
        return float(r @ np.linalg.solve(H, r)) / (len(r) - reml * self.X.shape[1])


def dense(case: Case) -> Dense:
    """The matrices of ``case``, from its frame alone."""
    frame = case.frame
    n = len(frame)
    noise = np.eye(n)
    if case.weights is not None:
        noise = np.diag(1.0 / frame[case.weights].to_numpy())
    if case.variances is not None:
        noise = case.variances if case.variances.ndim == 2 else np.diag(case.variances)
    parts = []
    for term in case.terms:
        one_hot = pd.get_dummies(levels_of(frame, term.group), dtype=float)
        columns = np.column_stack([column_of(frame, name) for name in term.columns])
        Z = (one_hot.to_numpy()[:, :, None] * columns[:, None, :]).reshape(n, -1)
        K = np.eye(one_hot.shape[1])
        if term.kernel:
            assert case.kernel is not None
            K = case.kernel.loc[one_hot.columns, one_hot.columns].to_numpy()
        parts.append((Z, K, len(term.columns)))
    if case.known_scale and case.residual:
        parts.append((np.eye(n), np.eye(n), 1))
    X = np.column_stack([column_of(frame, name) for name in case.fixed])
    return Dense(frame["y"].to_numpy(), X, noise, tuple(parts), case.known_scale, case.criterion().data.bases)


def random_theta(function: Criterion, seed: int, spread: float = 1.0) -> np.ndarray:
    """A point of the parameter space, every sign and order of size included."""
    rng = np.random.default_rng(seed)
    return spread * function.scale * rng.normal(size=len(function.entries)) * 10.0 ** rng.uniform(-1.0, 0.5)
