"""``(f||g)`` with a factor: each of its columns has a variance of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.mixed import fit_mixed


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(20261128)
    frame = pd.DataFrame({"g": rng.integers(0, 30, 600), "f": rng.choice(list("abc"), 600), "x": rng.normal(size=600)})
    effects = rng.normal(size=(30, 4)) * [1.0, 0.8, 0.5, 0.7]
    columns = np.column_stack([np.ones(600), frame["f"] == "b", frame["f"] == "c", frame["x"]])
    frame["y"] = (effects[frame["g"]] * columns).sum(axis=1) + rng.normal(size=600)
    return frame.assign(fa=1.0 * (frame["f"] == "a"), fb=1.0 * (frame["f"] == "b"), fc=1.0 * (frame["f"] == "c"))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("(f||g)", "(1|g) + (0 + fb|g) + (0 + fc|g)"),
        ("(0 + f||g)", "(0 + fa|g) + (0 + fb|g) + (0 + fc|g)"),
        ("(x + f||g)", "(1|g) + (0 + x|g) + (0 + fb|g) + (0 + fc|g)"),
        ("(x:f||g)", "(1|g) + (0 + x:fa|g) + (0 + x:fb|g) + (0 + x:fc|g)"),
    ],
)
def test_a_factor_is_its_columns(rows: pd.DataFrame, short: str, long: str) -> None:
    one, other = fit_mixed(f"y ~ f + x + {short}", rows), fit_mixed(f"y ~ f + x + {long}", rows)
    assert one.criterion == pytest.approx(other.criterion, abs=1e-6)
    np.testing.assert_allclose(one.fixed["std_error"], other.fixed["std_error"], rtol=1e-5)
    np.testing.assert_allclose(one.variance["variance"], other.variance["variance"], rtol=1e-3, atol=1e-6)


def test_correlated_levels_are_another_model(rows: pd.DataFrame) -> None:
    separate = fit_mixed("y ~ f + x + (f||g)", rows, reml=False)
    free = fit_mixed("y ~ f + x + (1|g) + (0 + f|g)", rows, reml=False)
    assert len(separate.variance) == 4
    assert abs(separate.criterion - free.criterion) > 1e-3


def test_new_rows_get_their_own_column(rows: pd.DataFrame) -> None:
    result = fit_mixed("y ~ f + x + (f||g)", rows)
    long = fit_mixed("y ~ f + x + (1|g) + (0 + fb|g) + (0 + fc|g)", rows)
    np.testing.assert_allclose(
        np.asarray(result.predict(rows.head(20))), np.asarray(long.predict(rows.head(20))), rtol=1e-4
    )
