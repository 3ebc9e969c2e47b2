"""What the criterion works out at a point, against dense matrices, on and near the boundary too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.curvature import hessian
from analysis.mixed.numerics.factored import WHOLE, inverse_triangle
from analysis.mixed.numerics.traces import TraceSums
from tests.analysis.mixed.designs import Case, cases, dense, examples

#: Sizes of the standard deviations relative to the residual's; the least are under ``level_traces.TINY``.
SIZES = [0.0, 1e-5, 0.1, 1.0, 5.0]
# Relative to the largest value: what rounding may leave between two orders of the same sums.
CLOSE = 1e-7


@given(size=st.integers(1, 4 * WHOLE), seed=st.integers(0, 99))
def test_a_triangle_is_inverted_by_halves(size: int, seed: int) -> None:
    lower = np.tril(np.random.default_rng(seed).normal(size=(size, size)) / size) + np.eye(size)
    found = inverse_triangle(np.asfortranarray(lower))
    assert not np.triu(found, 1).any()
    close(found @ lower, np.eye(size))


class Explicit:
    """``Z``, ``H`` and ``P`` written out, with the standardised columns that ``theta`` belongs to."""

    def __init__(self, case: Case, theta: np.ndarray) -> None:
        model = dense(case)
        H = model.relative(theta)
        inverse = np.linalg.inv(H)
        X = model.X
        self.inverse, self.y = inverse, model.y
        self.P = inverse - inverse @ X @ np.linalg.solve(X.T @ inverse @ X, X.T @ inverse)
        self.Z, self.widths = [], []
        for (Z, K, k), basis in zip(model.parts, model.bases, strict=True):
            roots, vectors = np.linalg.eigh(K)
            root = vectors * np.sqrt(np.maximum(roots, 0.0))
            self.Z.append(Z @ np.kron(root, np.linalg.inv(basis)))
            self.widths.append(k)

    def by_level(self, t: int, matrix: np.ndarray) -> np.ndarray:
        """``Σ`` of the diagonal blocks of ``Z'AZ`` for one term."""
        k, product = self.widths[t], self.Z[t].T @ matrix @ self.Z[t]
        levels = len(product) // k
        return np.einsum("iaib->ab", product.reshape(levels, k, levels, k))

    def direction(self, t: int, block: np.ndarray) -> np.ndarray:
        """``Z (I ⊗ D) Z'`` for one term."""
        levels = self.Z[t].shape[1] // self.widths[t]
        return self.Z[t] @ np.kron(np.eye(levels), block) @ self.Z[t].T


def close(actual: np.ndarray, expected: np.ndarray, unit: float = 0.0) -> None:
    size = max(float(np.abs(expected).max(initial=0.0)), unit)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=CLOSE * max(size, 1e-12))


def point_of(function: Criterion, sizes: list[float]) -> np.ndarray:
    """``theta`` with the given standard deviations in turn; what lies below a diagonal is half as large."""
    found = np.resize(sizes, len(function.entries))
    return function.scale * np.array(
        [v if a == b else 0.5 * v for v, (_, a, b) in zip(found, function.entries, strict=True)]
    )


@pytest.mark.slow
@examples(120)
@given(
    case=cases(),
    reml=st.booleans(),
    apart=st.booleans(),
    sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5),
)
def test_slopes_and_information_match_the_matrices(case: Case, reml: bool, apart: bool, sizes: list[float]) -> None:
    function = case.criterion(reml, apart)
    theta = point_of(function, sizes)
    point, explicit = function(theta, 0.7 if not function.data.known_scale else None), Explicit(case, theta)
    Py = explicit.P @ explicit.y
    kernel = explicit.P if reml else explicit.inverse
    for t, slope in enumerate(point.slopes):
        outer = explicit.by_level(t, np.outer(Py, Py))
        traces = explicit.by_level(t, kernel)
        close(slope, traces - outer / point.sigma2, float(np.abs(traces).max()))
    directions = function.directions(function.lambdas(theta))
    turned = [explicit.direction(t, block) @ Py for t, block in directions]
    expected = np.array([[left @ explicit.P @ right for right in turned] for left in turned])
    close(point.quadratic, expected)
    close(point.linear, np.array([image @ Py for image in turned]))


@pytest.mark.slow
@examples(80)
@given(
    case=cases(),
    reml=st.booleans(),
    apart=st.booleans(),
    sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5),
)
def test_traces_match_the_matrices(case: Case, reml: bool, apart: bool, sizes: list[float]) -> None:
    function = case.criterion(reml, apart)
    theta = point_of(function, sizes)
    point, explicit = function(theta), Explicit(case, theta)
    rng = np.random.default_rng(0)
    blocks = []
    for t, (_, k) in enumerate(function.data.shapes):
        block = rng.normal(size=(k, k))
        blocks += [(t, np.eye(k)), (t, block + block.T)]
    for fixed, kernel in ((True, explicit.P), (False, explicit.inverse)):
        turned = [explicit.direction(t, block) @ kernel for t, block in blocks]
        expected = np.array([[np.vdot(left, right.T) for right in turned] for left in turned])
        close(TraceSums(function, point, fixed).traces(blocks), expected)


@examples(40)
@given(case=cases(), reml=st.booleans(), sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5))
def test_second_derivatives_do_not_depend_on_what_is_eliminated(case: Case, reml: bool, sizes: list[float]) -> None:
    whole, apart = case.criterion(reml, False), case.criterion(reml, True)
    theta = point_of(whole, sizes)
    close(hessian(apart, apart(theta)), hessian(whole, whole(theta)))
