"""Kenward–Roger against its definition, with every matrix dense, where pbkrtest has nothing to compare."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.mixed import fit_mixed
from analysis.mixed.numerics import crossproducts
from tests.analysis.mixed.test_criterion import CROSSED, make

# Both are exact; the dense inverses lose digits to the condition of the covariance.
DENSE = 1e-6


def dense(result) -> tuple[np.ndarray, np.ndarray]:
    """Adjusted covariance, and df of each fixed effect, from n × n matrices.

    Kenward & Roger 1997 for a covariance that is linear in its parameters.
    """
    state, design = result.engine_state(), result.design
    sigma2, n = state.point.sigma2, design.n
    parts, total = [], np.zeros((n, n))
    for term, triangle in zip(design.terms, state.criterion.loadings(state.point.theta), strict=False):
        values = np.ones((n, 1)) if term.values is None else term.values
        same = term.codes[:, None] == term.codes
        if term.root is not None:
            same = (term.root @ term.root.T)[np.ix_(term.codes, term.codes)]
        covariance = sigma2 * triangle @ triangle.T
        total = total + same * (values @ covariance @ values.T)
        for a in range(term.width):
            for b in range(a, term.width):
                unit = np.outer(values[:, a], values[:, b])
                parts.append(same * (unit if a == b else unit + unit.T))
    rows = np.ones(n) if state.rows.root is None else state.rows.root**-2.0
    if state.criterion.data.known_scale:
        total = total + np.diag(rows)
        if state.rows.residual:
            total = total + np.eye(n) * state.criterion.loadings(state.point.theta)[-1][0, 0] ** 2
            parts.append(np.eye(n))
    else:
        total = total + sigma2 * np.diag(rows)
        parts.append(np.diag(rows))
    inverse, X = np.linalg.inv(total), design.X
    phi = np.linalg.inv(X.T @ inverse @ X)
    P = [-X.T @ inverse @ part @ inverse @ X for part in parts]
    Q = [[X.T @ inverse @ a @ inverse @ b @ inverse @ X for b in parts] for a in parts]
    m = len(parts)
    information = np.array(
        [
            [
                np.trace(inverse @ parts[i] @ inverse @ parts[j])
                - 2 * np.trace(phi @ Q[i][j])
                + np.trace(phi @ P[i] @ phi @ P[j])
                for j in range(m)
            ]
            for i in range(m)
        ]
    )
    W = 2 * np.linalg.inv(information)
    bracket = sum(W[i, j] * (Q[i][j] - P[i] @ phi @ P[j]) for i in range(m) for j in range(m))
    adjusted = phi + 2 * phi @ bracket @ phi
    slopes = np.array([np.diag(phi @ p @ phi) for p in P])
    return adjusted, 2 * np.diag(phi) ** 2 / np.einsum("ij,ia,ja->a", W, slopes, slopes)


def kernel(names: list[str]) -> pd.DataFrame:
    place = np.random.default_rng(0).normal(size=(len(names), 2))
    distance = np.linalg.norm(place[:, None] - place, axis=2)
    return pd.DataFrame(np.exp(-distance), index=names, columns=names)


@pytest.mark.parametrize("eliminate", [150, 1], ids=["dense", "eliminated"])
@pytest.mark.parametrize(
    ("formula", "options"),
    [
        (CROSSED, {}),
        (CROSSED, {"weights": "w"}),
        ("y ~ x + (1|a) + (1|b)", {"covariance": {"a": kernel([f"a{i:02d}" for i in range(9)])}}),
        ("y ~ x + (1|a) + (1|b)", {"variances": "w"}),
        ("y ~ x + (1|a) + (1|b)", {"variances": "w", "residual": False}),
    ],
    ids=["crossed", "weights", "kernel", "variances", "variances-only"],
)
def test_the_definition(formula: str, options, eliminate: int, monkeypatch) -> None:
    monkeypatch.setattr(crossproducts, "ELIMINATE", eliminate)
    result = fit_mixed(formula, make(61), df="kenward-roger", **options)
    adjusted, df = dense(result)
    np.testing.assert_allclose(result.covariance, adjusted, rtol=DENSE)
    np.testing.assert_allclose(result.fixed["df"], np.maximum(df, 1.0), rtol=DENSE)  # never below one
