"""Balanced designs, where mixed models have exact answers: mean squares, their F ratios and their degrees of freedom.

Where every variance estimate is positive, REML gives the variances of the analysis of variance (Searle, Casella &
McCulloch 1992, Variance Components, section 3.8), and its curvature at the minimum is that of independent mean squares:
Satterthwaite's df are then exact for an effect with one mean square as error, and Satterthwaite's own formula of 1946
for an effect with several. Everything expected below is computed from means and sums of squares alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from analysis.mixed import fit_mixed
from analysis.mixed.result import MixedResult
from tests.analysis.mixed.designs import examples

# The search stops where the criterion would fall by less than 1e-10; what is read off the curvature follows the
# variances with about the square root of that.
EXACT = 1e-4
# Mean squares have to be apart by this factor: closer ones put a variance next to its boundary at zero.
APART = 1.2

seeds = st.integers(0, 2**32 - 1)
small = st.integers(3, 7)


def grid(rng: np.random.Generator, **sizes: int) -> pd.DataFrame:
    """All combinations of levels, with an effect for each level of each factor and noise in ``y``."""
    codes = np.indices(tuple(sizes.values())).reshape(len(sizes), -1)
    frame = pd.DataFrame({name: [f"{name}{code}" for code in row] for name, row in zip(sizes, codes, strict=True)})
    y = rng.normal(size=codes.shape[1])
    for row, size in zip(codes, sizes.values(), strict=True):
        y += 2.0 * rng.normal(size=size)[row]
    return frame.assign(y=y)


def mean_of(frame: pd.DataFrame, by: list[str], column: str = "y") -> np.ndarray:
    return frame.groupby(by)[column].transform("mean").to_numpy()


def squares(values: np.ndarray) -> float:
    return float(values @ values)


def assert_effect(
    result: MixedResult, contrast: np.ndarray, estimate: float, variance: float, df: float, f_ratio: float | None = None
) -> None:
    """Estimate, standard error and df of a contrast; its squared t is the F ratio on one degree of freedom."""
    row = result.contrast(np.atleast_2d(contrast)).iloc[0]
    error = np.sqrt(variance)
    np.testing.assert_allclose((row["estimate"] - estimate) / error, 0, atol=EXACT)
    np.testing.assert_allclose(row["std_error"], error, rtol=EXACT)
    np.testing.assert_allclose(row["df"], df, rtol=EXACT)
    if f_ratio is not None:
        np.testing.assert_allclose(row["statistic"] ** 2, f_ratio, rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(row["p_value"], stats.f.sf(f_ratio, 1, df), rtol=10 * EXACT, atol=1e-12)


def assert_variances(result: MixedResult, *expected: float) -> None:
    np.testing.assert_allclose(result.variance["variance"], expected, rtol=EXACT, atol=EXACT * max(expected))


@examples(40)
@given(levels=st.integers(4, 12), r=st.integers(2, 5), seed=seeds)
def test_a_factor_that_varies_by_level_has_two_fewer_df_than_levels(levels: int, r: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = grid(rng, a=levels, row=r)
    frame["z"] = rng.normal(size=levels)[pd.factorize(frame["a"])[0]]
    means = frame.groupby("a")[["y", "z"]].mean()
    line = np.polynomial.polynomial.polyfit(means["z"], means["y"], 1)
    left = means["y"] - line[0] - line[1] * means["z"]
    of_z = squares((means["z"] - means["z"].mean()).to_numpy())
    between = r * squares(left.to_numpy()) / (levels - 2)
    within = squares(frame["y"].to_numpy() - mean_of(frame, ["a"])) / (levels * (r - 1))
    assume(between > APART * within)
    result = fit_mixed("y ~ z + (1|a)", frame)
    assert_effect(
        result, np.array([0, 1]), line[1], between / (r * of_z), levels - 2, line[1] ** 2 * of_z * r / between
    )
    assert_variances(result, (between - within) / r, within)


@examples(30)
@given(blocks=small, treatments=st.integers(2, 4), seed=seeds)
def test_randomised_blocks(blocks: int, treatments: int, seed: int) -> None:
    frame = grid(np.random.default_rng(seed), block=blocks, t=treatments)
    names = [f"t{i}" for i in range(1, treatments)]
    frame = frame.assign(**{name: (frame["t"] == name).astype(float) for name in names})
    y, grand = frame["y"].to_numpy(), frame["y"].mean()
    of_block, of_t = mean_of(frame, ["block"]), mean_of(frame, ["t"])
    df = (blocks - 1) * (treatments - 1)
    error, between = squares(y - of_block - of_t + grand) / df, squares(of_block - grand) / (blocks - 1)
    assume(between > APART * error)
    result = fit_mixed(f"y ~ {' + '.join(names)} + (1|block)", frame)
    difference = np.eye(treatments)[-1]
    gap = frame.groupby("t")["y"].mean().iloc[[0, -1]].diff().iloc[-1]
    assert_effect(result, difference, gap, 2 * error / blocks, df, gap**2 / (2 * error / blocks))
    average = np.full(treatments, 1 / treatments)
    average[0] = 1.0
    assert_effect(result, average, grand, between / len(frame), blocks - 1)
    assert_variances(result, (between - error) / treatments, error)


@examples(30)
@given(a=st.integers(4, 8), b=small, r=st.integers(1, 3), seed=seeds)
def test_two_crossed_factors(a: int, b: int, r: int, seed: int) -> None:
    """A covariate of one factor's levels has that factor's error; the mean has three mean squares in its variance."""
    rng = np.random.default_rng(seed)
    frame = grid(rng, a=a, b=b, row=r)
    z = rng.normal(size=a)
    frame["z"] = (z - z.mean())[pd.factorize(frame["a"])[0]]
    y, grand, x = frame["y"].to_numpy(), frame["y"].mean(), frame["z"].to_numpy()
    of_a, of_b = mean_of(frame, ["a"]), mean_of(frame, ["b"])
    slope = float(x @ y) / squares(x)
    df_a, df_b = a - 2, b - 1
    df = len(frame) - a - b + 1
    ms_a, ms_b = squares(of_a - grand - slope * x) / df_a, squares(of_b - grand) / df_b
    ms = squares(y - of_a - of_b + grand) / df
    assume(min(ms_a, ms_b) > APART * ms)
    result = fit_mixed("y ~ z + (1|a) + (1|b)", frame)
    assert_effect(result, np.array([0, 1]), slope, ms_a / squares(x), df_a, slope**2 * squares(x) / ms_a)
    together = ms_a + ms_b - ms
    spread = ms_a**2 / df_a + ms_b**2 / df_b + ms**2 / df
    assert_effect(result, np.array([1, 0]), grand, together / len(frame), together**2 / spread)
    assert_variances(result, (ms_a - ms) / (b * r), (ms_b - ms) / (a * r), ms)


@examples(30)
@given(a=st.integers(4, 7), b=st.integers(2, 4), r=st.integers(2, 3), seed=seeds)
def test_split_plots(a: int, b: int, r: int, seed: int) -> None:
    """Nested: a covariate of plots is tested against plots, one of subplots against subplots, one of rows on rows."""
    rng = np.random.default_rng(seed)
    frame = grid(rng, a=a, b=b, row=r)
    frame["y"] += 1.5 * rng.normal(size=a * b)[frame.groupby(["a", "b"]).ngroup()]
    columns = {"u": rng.normal(size=a), "v": rng.normal(size=b), "w": rng.normal(size=r)}
    for (name, values), factor in zip(columns.items(), ("a", "b", "row"), strict=True):
        frame[name] = (values - values.mean())[pd.factorize(frame[factor])[0]]
    y, grand = frame["y"].to_numpy(), frame["y"].mean()
    slopes = {name: float(frame[name] @ y) / squares(frame[name].to_numpy()) for name in columns}
    fixed = {name: slopes[name] * frame[name].to_numpy() for name in columns}
    plots, cells = mean_of(frame, ["a"]), mean_of(frame, ["a", "b"])
    df = {"u": a - 2, "v": a * (b - 1) - 1, "w": a * b * (r - 1) - 1}
    left = {"u": plots - grand - fixed["u"], "v": cells - plots - fixed["v"], "w": y - cells - fixed["w"]}
    ms = {name: squares(left[name]) / df[name] for name in columns}
    assume(ms["u"] > APART * ms["v"] > APART**2 * ms["w"])
    result = fit_mixed("y ~ u + v + w + (1|a/b)", frame)
    for j, name in enumerate(columns, start=1):
        of_x = squares(frame[name].to_numpy())
        assert_effect(
            result, np.eye(4)[j], slopes[name], ms[name] / of_x, df[name], slopes[name] ** 2 * of_x / ms[name]
        )
    assert_variances(result, (ms["u"] - ms["v"]) / (b * r), (ms["v"] - ms["w"]) / r, ms["w"])


@examples(30)
@given(levels=st.integers(5, 10), r=st.integers(4, 7), seed=seeds)
def test_random_coefficients_are_a_sample_of_lines(levels: int, r: int, seed: int) -> None:
    """Every level at the same x: the lines fitted level by level are a sample, and every contrast has L - 1 df."""
    rng = np.random.default_rng(seed)
    frame = grid(rng, a=levels, row=r)
    at = rng.normal(size=r)
    code = pd.factorize(frame["a"])[0]
    frame["x"] = at[pd.factorize(frame["row"])[0]]
    frame["y"] += (1.5 * rng.normal(size=levels))[code] * frame["x"]
    X = np.column_stack([np.ones(r), at])
    y = frame["y"].to_numpy().reshape(levels, r)
    lines = np.linalg.lstsq(X, y.T, rcond=None)[0].T
    noise = squares((y - lines @ X.T).ravel()) / (levels * (r - 2))
    sample, own = np.cov(lines.T), noise * np.linalg.inv(X.T @ X)
    # G = sample - own has to be positive definite by a margin, on the scale of the sample
    assume(np.linalg.eigvals(np.linalg.solve(sample, own)).real.max() < 1 / APART)
    result = fit_mixed("y ~ x + (1 + x|a)", frame)
    for contrast in ([1.0, 0.0], [0.0, 1.0], [1.0, -2.0]):
        c = np.array(contrast)
        assert_effect(result, c, c @ lines.mean(axis=0), c @ sample @ c / levels, levels - 1)
    assert_variances(result, *np.diag(sample - own), noise)
