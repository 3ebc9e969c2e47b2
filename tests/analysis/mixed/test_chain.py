"""Further terms eliminated in a chain: against one dense factor, on and near the boundary, and in all that uses it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError
from analysis.mixed import fit, fit_mixed
from analysis.mixed.inference.prediction_errors import PredictionErrors
from analysis.mixed.inference.predictions import mode_std_devs
from analysis.mixed.inference.refit import Outcome
from analysis.mixed.inference.simulate import RowSimulator, Simulator, simulator
from analysis.mixed.model.design import build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.crossproducts import CrossProducts, form_crossproducts
from analysis.mixed.numerics.curvature import hessian
from analysis.mixed.numerics.traces import TraceSums
from tests.analysis.mixed.borders import CHAINS, force_chain
from tests.analysis.mixed.designs import Case, cases, examples
from tests.analysis.mixed.test_evaluation import SIZES, Explicit, close, point_of

# Two exact orders of the same sums, at the size of the largest cell.
ROUNDING = 1e-8
# Where a search stops, in standard errors of a parameter; df are ratios of second derivatives there.
STOP = 1e-5

DEFAULT = (
    "gain ~ typology + (1|language) + (1|target_task) + (1|language:target_task) + (1|baseline) + (1|run)"
    " + (1|baseline_run)"
)
NEST = "y ~ x + (1 + x|a) + (1|a:b) + (1|a:b:c) + (1|d)"


def sweep(languages: int, tasks: int = 5, models: int = 3, share: float = 0.9) -> pd.DataFrame:
    """Gains of a sweep with two seeds and two intermediate tasks, some rows missing."""
    rng = np.random.default_rng(languages)
    grid = np.indices((languages, tasks, models, 2, 2)).reshape(5, -1)
    language, task, model, seed, intermediate = grid[
        :, np.sort(rng.permutation(grid.shape[1])[: int(share * grid.shape[1])])
    ]
    baseline_run = (model * 2 + seed) * tasks + task
    codes = {
        "language": language,
        "target_task": task,
        "baseline": baseline_run * languages + language,
        "run": baseline_run * 2 + intermediate,
        "baseline_run": baseline_run,
    }
    gain = rng.normal(size=len(task)) + effects(rng, language * tasks + task)
    typology = rng.uniform(size=languages)[language]
    for code in codes.values():
        gain += effects(rng, code)
    return pd.DataFrame({"gain": gain - typology, "typology": typology, "w": rng.uniform(0.5, 2, len(gain)), **codes})


def effects(rng: np.random.Generator, codes: np.ndarray, size: float = 0.8) -> np.ndarray:
    return size * rng.normal(size=codes.max() + 1)[codes]


def nest(rows: int = 1500) -> pd.DataFrame:
    """A deep nest, crossed by one more factor."""
    rng = np.random.default_rng(3)
    c = rng.integers(0, rows // 3, rows)
    b = rng.integers(0, 60, c.max() + 1)[c]
    a = rng.integers(0, 12, 60)[b]
    d = rng.integers(0, 7, rows)
    x = rng.normal(size=rows)
    y = x + sum(effects(rng, code) for code in (a, b, c, d)) + effects(rng, a) * x + rng.normal(size=rows)
    return pd.DataFrame({"a": a, "b": b, "c": c, "d": d, "x": x, "y": y})


def chained(way: str, case: Case, reml: bool) -> Criterion:
    with pytest.MonkeyPatch.context() as patch:
        force_chain(way, patch)
        return case.criterion(reml, True)


def same(actual: np.ndarray, expected: np.ndarray) -> None:
    size = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=ROUNDING * size)


@pytest.mark.slow
@pytest.mark.parametrize("way", CHAINS)
@examples(25)
@given(
    case=cases(),
    reml=st.booleans(),
    sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5),
)
def test_a_chain_changes_nothing(way: str, case: Case, reml: bool, sizes: list[float]) -> None:
    """Crossed and nested, slopes, weights, known variances, blocks and kernels, variances of zero and near it."""
    whole, chain = case.criterion(reml, False), chained(way, case, reml)
    assume(chain.data.further is not None)
    theta = point_of(whole, sizes)
    one, two = whole(theta), chain(theta)
    assert two.value == pytest.approx(one.value, rel=ROUNDING)
    for name in ("gradient", "curvature", "quadratic", "linear", "fixed"):
        same(getattr(two, name), getattr(one, name))
    for t in range(len(whole.data.shapes)):
        same(two.projected[t], one.projected[t])
        same(two.cross[t], one.cross[t])
        same(two.slopes[t], one.slopes[t])
    same(hessian(chain, two), hessian(whole, one))


@pytest.mark.slow
@pytest.mark.parametrize("way", CHAINS)
@examples(12)
@given(case=cases(), sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5))
def test_traces_match_the_matrices(way: str, case: Case, sizes: list[float]) -> None:
    function = chained(way, case, True)
    assume(function.data.further is not None)
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


@pytest.mark.parametrize("way", CHAINS)
@pytest.mark.parametrize(
    ("formula", "frame", "weights"),
    [(DEFAULT, sweep(14), None), (DEFAULT, sweep(14), "w"), (NEST, nest(), None)],
    ids=["sweep", "sweep with weights", "nest"],
)
def test_deep_chains_change_nothing(way: str, formula: str, frame: pd.DataFrame, weights: str | None) -> None:
    design = build_design(parse_formula(formula), frame, weights)
    with pytest.MonkeyPatch.context() as patch:
        force_chain(way, patch)
        chain = Criterion(form_crossproducts(design, True))
    whole = Criterion(form_crossproducts(design, False))
    assert chain.data.further is not None
    assert len(chain.data.gone) > (2 if way == "by levels, thin" else 1)
    for sizes in ([0.7, 0.4], [0.0, 1.0, 0.3], [1e-5, 2.0, 0.0, 0.5]):
        theta = point_of(whole, sizes)
        one, two = whole(theta), chain(theta)
        assert two.value == pytest.approx(one.value, rel=1e-12)
        same(two.gradient, one.gradient)
        same(two.curvature, one.curvature)
        same(hessian(chain, two), hessian(whole, one))


@pytest.mark.parametrize("formula", [DEFAULT, DEFAULT.replace(" + (1|baseline_run)", "")])
def test_the_default_model_of_a_large_sweep_is_eliminated_in_a_chain(formula: str) -> None:
    """What is left for the dense factor are the languages, whatever the number of runs."""
    frame = sweep(60, 8)
    data = form_crossproducts(build_design(parse_formula(formula), frame))
    assert data.further is not None
    assert data.gone[0] == 3  # baseline
    assert data.kept == (0,)
    assert len(data.matrix) == 60 + data.p + 1


def test_a_nest_needs_no_dense_factor_of_its_parts() -> None:
    frame = nest(12_000)
    design = build_design(parse_formula("y ~ x + (1|a) + (1|a:b) + (1|a:b:c)"), frame.assign(b=frame["c"] // 4))
    data = form_crossproducts(design)
    assert data.further is not None
    assert len(data.matrix) < 20
    assert data.further.pattern.length < 20 * data.q  # cells grow with the number of levels, not with its square


def test_factors_that_cross_densely_stay_in_one_factor() -> None:
    """As InstEval's students and lecturers: every plan would take longer."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"s": rng.integers(0, 1500, 20_000), "d": rng.integers(0, 700, 20_000)})
    frame["y"] = rng.normal(size=len(frame))
    data = form_crossproducts(build_design(parse_formula("y ~ 1 + (1|s) + (1|d)"), frame))
    assert data.further is None
    assert data.kept == (1,)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return sweep(20, 3, 2)


@pytest.fixture(scope="module")
def both(frame):
    """The same fit by one elimination and by a chain."""
    plain = fit_mixed(DEFAULT, frame, df="satterthwaite")
    with pytest.MonkeyPatch.context() as patch:
        force_chain("cheapest", patch)
        chain = fit_mixed(DEFAULT, frame, df="satterthwaite")
    assert plain.engine_state().criterion.data.further is None
    assert chain.engine_state().criterion.data.further is not None
    return plain, chain


def test_fits_agree(both) -> None:
    plain, chain = both
    assert chain.criterion == pytest.approx(plain.criterion, abs=1e-7)
    for name in ("estimate", "std_error", "df"):
        np.testing.assert_allclose(chain.fixed[name], plain.fixed[name], rtol=STOP)
    for one, two in zip(plain.modes, chain.modes, strict=True):
        np.testing.assert_allclose(two, one, atol=1e-4)


def test_kenward_roger_agrees(frame, both) -> None:
    plain = fit_mixed(DEFAULT, frame, df="kenward-roger")
    with pytest.MonkeyPatch.context() as patch:
        force_chain("by levels, thin", patch)
        chain = fit_mixed(DEFAULT, frame, df="kenward-roger")
    for name in ("std_error", "df"):
        np.testing.assert_allclose(chain.fixed[name], plain.fixed[name], rtol=10 * STOP)


def test_influence_agrees(both) -> None:
    plain, chain = (result.influence("language") for result in both)
    np.testing.assert_allclose(chain["estimate"], plain["estimate"], rtol=STOP, atol=STOP)
    np.testing.assert_allclose(chain["std_error"], plain["std_error"], rtol=STOP)


def test_influence_agrees_with_known_variances(frame) -> None:
    """The residual on top of known variances is the first of the chain then, with one level a row."""
    formula = "gain ~ typology + (1|language) + (1|language:target_task) + (1|baseline)"
    known = frame.assign(v=1 / frame["w"])
    plain = fit_mixed(formula, known, variances="v").influence("language")
    with pytest.MonkeyPatch.context() as patch:
        force_chain("by levels, thin", patch)
        result = fit_mixed(formula, known, variances="v")
    assert len(result.engine_state().criterion.data.gone) > 2
    assert result.engine_state().rows.residual
    chain = result.influence("language")
    np.testing.assert_allclose(chain["estimate"], plain["estimate"], rtol=STOP, atol=STOP)
    np.testing.assert_allclose(chain["std_error"], plain["std_error"], rtol=STOP)


def test_profiles_agree(both) -> None:
    plain, chain = (result.profile(parameters=["typology", "run"]) for result in both)
    for name in ("conf_low", "conf_high"):
        np.testing.assert_allclose(chain[name], plain[name], rtol=1e-4, atol=1e-4)


def test_permutations_agree(both) -> None:
    plain, chain = (result.permutation_test("typology", draws=9, rng=1) for result in both)
    np.testing.assert_allclose(chain.draws, plain.draws, rtol=1e-3)


def test_predictions_agree(frame, both) -> None:
    plain, chain = (result.predictions(frame.head(20)) for result in both)
    np.testing.assert_allclose(chain, plain, rtol=1e-4)


def test_standard_deviations_of_modes_agree(both) -> None:
    plain, chain = (mode_std_devs(result) for result in both)
    for one, two in zip(plain, chain, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-4)


@pytest.mark.parametrize("way", CHAINS)
@examples(20)
@given(case=cases(), sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5), seed=st.integers(0, 99))
def test_errors_of_predictions_do_not_depend_on_the_way(way: str, case: Case, sizes: list[float], seed: int) -> None:
    """Rows with loads on everything, and two that share theirs."""
    whole, chain = case.criterion(True, False), chained(way, case, True)
    assume(chain.data.further is not None)
    theta, rng = point_of(whole, sizes), np.random.default_rng(seed)
    shapes = whole.data.shapes[: len(case.terms)]
    size = sum(levels * k for levels, k in shapes)
    X, Z = rng.normal(size=(4, whole.data.p)), rng.normal(size=(4, size))
    Z[0], Z[3] = 0.0, Z[2]
    errors = [PredictionErrors(function, function(theta, 0.7), size) for function in (whole, chain)]
    (variance, slopes), (other, others) = (each.variance(X, Z, {}) for each in errors)
    same(other, variance)
    same(others, slopes)
    for t, (levels, k) in enumerate(shapes):
        for root in (None, rng.normal(size=(levels, levels))):
            one, two = (each.level_spread(t, root) for each in errors)
            assert two.shape == (levels, k, k)
            same(two, one)


@pytest.mark.parametrize("way", CHAINS)
@examples(10)
@given(case=cases(), sizes=st.lists(st.sampled_from(SIZES), min_size=5, max_size=5), seed=st.integers(0, 99))
def test_errors_of_many_rows_follow_from_single_effects(way: str, case: Case, sizes: list[float], seed: int) -> None:
    """More rows than effects that they load on, in two calls; the same rows one by one take the other way."""
    chain = chained(way, case, True)
    assume(chain.data.further is not None)
    theta, rng = point_of(chain, sizes), np.random.default_rng(seed)
    shapes = chain.data.shapes[: len(case.terms)]
    size = sum(levels * k for levels, k in shapes)
    X, Z = rng.normal(size=(30, chain.data.p)), np.zeros((30, size))
    Z[:, : min(5, size)] = rng.normal(size=(30, min(5, size)))
    point = chain(theta, 0.7)
    many, single = PredictionErrors(chain, point, size), PredictionErrors(chain, point, size)
    by_effect = [many.variance(X[part], Z[part], {}) for part in (slice(0, 20), slice(20, 30))]
    by_load = [single.variance(X[i : i + 1], Z[i : i + 1], {}) for i in range(30)]
    for one, two in zip(zip(*by_effect, strict=True), zip(*by_load, strict=True), strict=True):
        same(np.concatenate(one), np.concatenate(two))


def test_rows_are_drawn_from_the_model(both) -> None:
    """Where effects are many: the mean of ``y'y`` and of ``Z'y y'Z`` are those of the other way of drawing."""
    states = [result.engine_state() for result in both]
    drawn = [simulator(state.criterion, state.point, state.rows) for state in states]
    assert isinstance(drawn[0], Simulator)
    assert isinstance(drawn[1], RowSimulator)
    count, moments = 4000, []
    for state, source in zip(states, drawn, strict=True):
        outcomes = list(source.draw(count, np.random.default_rng(0)))
        total = np.array([outcome.total for outcome in outcomes])
        languages = np.array([_by_language(state.criterion.data, outcome) for outcome in outcomes])
        moments.append((total.mean(), (languages**2).mean(axis=0)))
    (total, squares), (other, others) = moments
    assert other == pytest.approx(total, rel=5 * np.sqrt(2 * 2 / count))
    np.testing.assert_allclose(others, squares, rtol=5 * np.sqrt(2 * 2 / count))


def _by_language(data: CrossProducts, outcome: Outcome) -> np.ndarray:
    """``Z'y`` of the languages, the first term, wherever it is kept."""
    if 0 in data.kept:
        start = sum(data.shapes[t][0] for t in data.kept[: data.kept.index(0)])
        return outcome.kept[start : start + data.shapes[0][0]]
    assert data.further is not None
    assert data.eliminated is not None
    return outcome.apart[len(data.eliminated.right) + data.further.pattern.places[0]]


def test_a_bootstrap_runs_through_a_chain(both) -> None:
    _, chain = both
    draws = chain.bootstrap(40, rng=3)
    assert len(draws.draws) + draws.unconverged == 40
    assert draws.draws["fixed:typology"].mean() == pytest.approx(chain.coefficients[1], abs=1.0)


def test_a_chain_says_when_variances_are_too_far_apart(frame) -> None:
    with pytest.MonkeyPatch.context() as patch:
        force_chain("parts", patch)
        with pytest.raises(CrossliftError, match="differ by more than double precision can represent"):
            fit_mixed(DEFAULT, frame.assign(v=np.where(frame.index % 2, 1e-300, 1e300)), variances="v")


def test_threads_are_asked_for_with_what_the_dense_factor_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with all random effects: most of these are eliminated level by level."""
    asked = []
    blas_threads = fit.blas_threads
    monkeypatch.setattr(fit, "blas_threads", lambda q: asked.append(q) or blas_threads(q))
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"s": rng.integers(0, 400, 2000), "d": rng.integers(0, 30, 2000), "y": rng.normal(size=2000)})
    fit_mixed("y ~ 1 + (1|s) + (1|d)", frame)
    assert asked == [0, 30]
