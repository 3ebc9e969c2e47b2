"""Power of planned sweeps: against R, against the closed form, and what the components do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError
from analysis.languages import distances as typology
from analysis.languages.feature_sources import settle
from analysis.questions.power import (
    Components,
    PowerDesign,
    PowerRequest,
    fitted_components,
    pick_languages,
    run_power,
    simulate,
)
from analysis.questions.power.simulate import balanced_power, slope_variance
from analysis.questions.power.variances import COMPONENTS, state_components
from tests.conftest import ROOT

# Monte Carlo errors of both sides beyond which a difference is no chance (one in 16,000).
SIGMAS = 4.0


def components(**given: float) -> Components:
    stated = {"language": 15.0, "target_task": 16.0, "model": 16.0, "language:target_task": 8.0,
              "model:target_task": 9.0, "cell": 0.0, "run": 0.0, "residual": 28.0} | given  # fmt: skip
    return Components(stated, dict.fromkeys(COMPONENTS, "stated"))


@pytest.fixture(scope="module")
def reference():
    return json.loads((ROOT / "validation" / "power" / "reference.json").read_text(encoding="utf-8"))


def spaced(languages: int) -> np.ndarray:
    return np.linspace(0.2, 0.8, languages)


def test_the_closed_form_is_rs(reference) -> None:
    for own in reference["closed"]:
        given = components(language=own["v_language"], residual=own["v_residual"],
                           **{"language:target_task": own["v_cell_task"]})  # fmt: skip
        variance = slope_variance(spaced(own["languages"]), given, own["tasks"], own["models"], 1)
        assert balanced_power(own["effect"], variance, own["languages"]) == pytest.approx(own["power"], abs=1e-9)
        assert balanced_power(own["detectable"], variance, own["languages"]) == pytest.approx(0.8, abs=1e-9)


@pytest.mark.slow
def test_simulated_power_is_that_of_the_closed_form_and_of_lmertest(reference) -> None:
    for own in reference["simulated"]:
        design = PowerDesign(own["languages"], own["tasks"], own["models"])
        found = simulate(design, spaced(own["languages"]), components(), draws=300, seed=5)
        assert found.failed == 0
        power, se = found.power(own["effect"])
        theirs = own["significant"] / own["draws"]
        their_se = np.sqrt(theirs * (1 - theirs) / own["draws"])
        assert abs(power - theirs) < SIGMAS * np.hypot(se, their_se)
        variance = slope_variance(spaced(own["languages"]), components(), own["tasks"], own["models"], 1)
        assert abs(power - balanced_power(own["effect"], variance, own["languages"])) < SIGMAS * se
        # Errors have the closed form's variance, and where no variance is zero its degrees of freedom.
        assert found.error.var() == pytest.approx(variance, rel=SIGMAS * np.sqrt(2 / 300))
        assert np.median(found.df) == pytest.approx(own["languages"] - 2, abs=1e-3)


def test_the_detectable_effect_has_the_target_power() -> None:
    found = simulate(PowerDesign(15, 3, 3), spaced(15), components(), draws=200, seed=2)
    effect = found.detectable(0.8)
    both = 0.5 * (found.power(effect)[0] + found.power(-effect)[0])
    assert both == pytest.approx(0.8, abs=1.0 / 200)
    assert found.detectable(0.5) < effect < found.detectable(0.9)


def test_without_an_effect_one_in_twenty_is_significant() -> None:
    found = simulate(PowerDesign(20, 3, 3), spaced(20), components(), draws=300, seed=3)
    share, se = found.power(0.0)
    assert abs(share - 0.05) < SIGMAS * max(se, np.sqrt(0.05 * 0.95 / 300))


def test_one_task_adds_the_variance_within_tasks_to_languages() -> None:
    design = PowerDesign(20, 1, 3, 2)
    found = simulate(design, spaced(20), components(), draws=200, seed=4)
    assert found.error.var() == pytest.approx(slope_variance(spaced(20), components(), 1, 3, 2), rel=SIGMAS * 0.1)
    both = simulate(design, spaced(20), components(cell=30.0), draws=200, seed=4)
    assert both.error.var() > found.error.var()


@settings(max_examples=30, deadline=None)
@given(st.integers(5, 60), st.integers(1, 6), st.integers(1, 6), st.integers(1, 4), st.floats(0.1, 4.0))
def test_more_of_anything_is_more_power(languages: int, tasks: int, models: int, seeds: int, effect: float) -> None:
    def power(n: int, t: int, m: int, s: int) -> float:
        return balanced_power(effect, slope_variance(spaced(n), components(), t, m, s), n)

    base = power(languages, tasks, models, seeds)
    assert 0.05 <= base <= 1.0
    for more in ((languages + 5, tasks, models, seeds), (languages, tasks + 1, models, seeds),
                 (languages, tasks, models + 1, seeds), (languages, tasks, models, seeds + 1)):  # fmt: skip
        assert power(*more) >= base - 1e-12


def test_languages_come_from_the_data_first_and_then_from_uriel() -> None:
    used = ["deu", "fra", "eng", "zho"]
    codes, distances = pick_languages(used, 12, seed=4)
    assert set(codes[:3]) == {"deu", "fra", "zho"}
    assert len(set(codes)) == 12
    assert "eng" not in codes
    assert np.isfinite(distances).all()
    assert pick_languages(used, 8, seed=4)[0] == codes[:8]
    assert pick_languages(used, 12, seed=5)[0] != codes


def test_languages_of_another_source_have_its_distances() -> None:
    kind = settle(source_data="grambank")
    codes, distances = pick_languages(["swa", "zho"], 8, kind=kind)
    assert {"swa", "zho"} < set(codes)
    expected = [item.distance for item in typology.distances(codes, source_data="grambank")]
    np.testing.assert_array_equal(distances, expected)
    with pytest.raises(CrossliftError, match="no featural distance in Grambank: deu.*or leave these languages out"):
        pick_languages(["deu", "swa"], 2, kind=kind)


@pytest.mark.slow
def test_bundled_components_and_the_warning_about_observed_power() -> None:
    fitted = run_power(PowerRequest(design=PowerDesign(25, 3, 3), effect=-1.63, draws=99))
    assert fitted.components.origin["language"] == "fitted"
    assert fitted.components["language"] == pytest.approx(15.05, abs=0.01)
    assert fitted.fitted_effect == pytest.approx(-1.631, abs=0.001)
    assert any("observed power" in line for line in fitted.warnings)
    point = fitted.points[0]
    assert point.simulations + point.failed == 99
    other = run_power(PowerRequest(design=PowerDesign(25, 3, 3, 2), effect=-1.0, draws=99))
    assert not any("observed power" in line for line in other.warnings)
    assert any("upper bound" in line for line in other.warnings)


def test_the_luck_of_a_training_run_is_in_all_its_languages_and_not_in_the_slope() -> None:
    design, truth = PowerDesign(15, 2, 3, 3), components(run=40.0)
    found = simulate(design, spaced(15), truth, draws=200, seed=6)
    assert "(1|run)" in found.formula
    variance = slope_variance(spaced(15), truth, 2, 3, 3)
    assert found.error.var() == pytest.approx(variance, rel=SIGMAS * np.sqrt(2 / 200))
    assert np.median(found.df) == pytest.approx(13, abs=0.5)
    # One seed: a run is a model on a task.
    once = simulate(PowerDesign(15, 6, 6), spaced(15), truth, draws=100, seed=6)
    assert "(1|model:target_task)" in once.formula
    assert "(1|run)" not in once.formula


def test_the_variance_of_training_runs_is_fitted_where_seeds_repeat() -> None:
    import analysis

    read = analysis.read_inputs(["crosslift_mini"])
    rows = analysis.build_outcome(read.records, analysis.Options(outcome="gain", where="target_task == 'nusax'")).frame
    result = analysis.fit_mixed("gain ~ typology + (1|language) + (1|run) + (1|baseline_run)", rows)
    table, found = result.variance.set_index("group")["variance"], fitted_components(result)
    assert found["run"] == pytest.approx(table["run"] + table["baseline_run"])
    assert found.origin["run"] == "fitted"
    alone = fitted_components(analysis.fit_mixed("gain ~ typology + (1|language)", rows))
    assert (alone["run"], alone.origin["run"]) == (0.0, "not known")


def test_the_shared_baseline_goes_to_the_residual() -> None:
    import analysis

    read = analysis.read_inputs(["muennighoff2022_xmtf"])
    rows = analysis.build_outcome(read.records, analysis.Options(outcome="gain")).frame
    result = analysis.fit_mixed("gain ~ typology + (1|language) + (1|target_task) + (1|baseline)", rows)
    table = result.variance.set_index("group")["variance"]
    found = fitted_components(result)
    assert found["residual"] == pytest.approx(table["baseline"] + table["Residual"])
    assert found["language"] == pytest.approx(table["language"])


def test_components_are_stated() -> None:
    found = state_components(None, ["language=15", "residual=30"])
    assert (found["language"], found["residual"], found["model"]) == (15.0, 30.0, 0.0)
    assert found.origin["model"] == "not known"
    with pytest.raises(CrossliftError, match="Did you mean 'language'"):
        state_components(None, ["langage=1", "residual=1"])
    with pytest.raises(CrossliftError, match="'-1' of 'language' is not a number of at least 0"):
        state_components(None, ["language=-1"])
    with pytest.raises(CrossliftError, match="does not state a component"):
        state_components(None, ["language"])
    with pytest.raises(CrossliftError, match="residual variance is zero"):
        state_components(None, ["language=2"])


@pytest.mark.parametrize(
    ("sizes", "words"),
    [((4, 2, 2, 1), "a design needs at least 5 languages, not 4"),
     ((10, 1, 1, 1), "with one task, model and seed"), ((1000, 100, 10, 10), "more than 200,000")],
)  # fmt: skip
def test_designs_that_cannot_be(sizes: tuple[int, int, int, int], words: str) -> None:
    with pytest.raises(CrossliftError, match=words):
        PowerDesign(*sizes)


def test_a_design_in_words() -> None:
    assert PowerDesign(25, 6, 7).words == "25 languages × 6 tasks × 7 models × 1 seed"
