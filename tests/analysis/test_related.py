"""The fit with related languages beside the one with independent ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from analysis.core.errors import CrossliftError, DesignError
from analysis.languages.kernels import language_kernel
from analysis.mixed import fit_mixed
from analysis.outcomes.build import Options
from analysis.outcomes.covariates import FACTORS
from analysis.questions.regression.related_languages import fit_related
from analysis.questions.regression.run import Request, fit_factors
from tests.analysis.test_kernels import related_rows

FORMULA = "gain ~ typology + (1|language)"


@pytest.fixture(scope="module")
def bundled():
    return fit_factors(Request(kernel="genealogy+geography", slopes="none", robustness="none"))


def test_it_is_the_same_model_with_a_kernel(bundled) -> None:
    found = bundled.related
    kernel = language_kernel(bundled.outcome.frame["language"].unique(), "genealogy+geography", "independent").matrix
    direct = fit_mixed(bundled.result.formula, bundled.outcome.frame, covariance={"language": kernel})
    assert found.result.criterion == pytest.approx(direct.criterion, abs=1e-6)
    slope = direct.fixed.set_index("term").loc["typology"]
    assert found.answers[0].estimate == pytest.approx(0.1 * slope["estimate"], rel=1e-6)
    assert found.independent == bundled.answers
    assert found.difference == pytest.approx(bundled.result.criterion - direct.criterion, abs=1e-6)
    assert found.p_value == pytest.approx(0.5 * chi2.sf(found.difference, 1), rel=1e-3)


def test_the_main_answer_stays_independent(bundled) -> None:
    plain = fit_factors(Request(slopes="none", robustness="none"))
    assert bundled.answers == plain.answers
    assert "kernel" not in plain.to_json()


def test_a_language_isolate_is_named_and_independent(bundled) -> None:
    assert bundled.related.kernel.missing == ("eus",)
    assert bundled.related.lines()[0].endswith(
        "over 24 languages; independent, because URIEL lacks what the kernel needs: eu"
    )
    assert bundled.to_json()["kernel"]["missing"] == ["eus"]


def test_lines_say_what_changes(bundled) -> None:
    lines = bundled.related.lines()
    assert lines[1].startswith("With related languages: −1.75 points per 0.1 of typological distance (95% interval")
    assert lines[2].startswith("With independent ones: −1.63 points per 0.1")
    assert "With related languages the data do not settle the direction." in lines
    assert any(line.startswith("Its degrees of freedom are few") for line in lines)
    assert lines[-1].endswith("languages; the interval with related languages is valid for both.")


def test_json_has_the_comparison(bundled) -> None:
    content = bundled.to_json()["kernel"]
    assert content["name"] == "genealogy+geography"
    assert [part["kernel"] for part in content["parts"]] == ["genealogy", "geography"]
    assert content["parts"][0]["scale"] is None and content["parts"][1]["scale"] > 0
    assert content["criterion"] + content["criterion_difference"] == pytest.approx(content["criterion_independent"])
    assert 0.0 <= content["share"] <= 1.0
    assert {item["term"] for item in content["variance"]} >= {"Intercept", "Intercept (kernel)"}
    assert content["answers"][0]["factor"] == "typology"


def test_relatedness_beyond_chance_is_found() -> None:
    rows = related_rows(3, on_kernel=4.0, beside=0.5)
    found = fit_related(fit_mixed(FORMULA, rows), rows, "genealogy", [FACTORS["typology"]])
    assert found.share > 0.6
    assert found.p_value < 0.01
    assert found.lines()[-1].endswith("Related languages are alike beyond chance.")
    spread = found.kernel_variance * found.kernel.spread
    assert found.share == pytest.approx(spread / (spread + found.independent_variance))


def test_independent_languages_show_no_kernel() -> None:
    shares = []
    for seed in range(4):
        rows = related_rows(seed, on_kernel=0.0, beside=2.0)
        shares.append(fit_related(fit_mixed(FORMULA, rows), rows, "genealogy").p_value)
    assert min(shares) > 0.01


def test_no_variance_between_languages_at_all() -> None:
    rows = related_rows(0, 0.0, 0.0)
    rows["gain"] = rows.groupby("language").cumcount() % 2 + rows["typology"]  # the same in every language
    found = fit_related(fit_mixed(FORMULA, rows), rows, "genealogy")
    assert np.isnan(found.share)
    assert found.to_json()["share"] is None
    assert found.lines()[-1].startswith("Neither fit finds variance between languages")


def test_slopes_that_vary_by_language_have_no_test() -> None:
    rows = related_rows(1, 2.0, 0.5)
    rows["x"] = np.tile([0.0, 1.0], len(rows) // 2)
    found = fit_related(fit_mixed("gain ~ typology + x + (1 + x|language)", rows), rows, "genealogy")
    assert np.isnan(found.p_value) and found.to_json()["p_value"] is None
    assert "p =" not in found.lines()[-1]


@pytest.mark.parametrize(
    "formula", ["gain ~ typology + (1|model)", "gain ~ typology + (1|model) + (0 + log_params|language)"]
)
def test_a_model_without_language_intercepts_is_refused(formula: str) -> None:
    with pytest.raises(DesignError, match=r"needs \(1\|language\), which .* does not have. Add \+ \(1\|language\)"):
        fit_factors(Request(formula=formula, kernel="genetic"))


def test_other_engines_take_no_kernel_and_it_is_said_before_reading() -> None:
    with pytest.raises(CrossliftError, match="'statsmodels' does not support a covariance between languages"):
        fit_factors(Request(kernel="genetic", engine="statsmodels", data=("nowhere.csv",)))


def test_too_few_languages_to_relate() -> None:
    rows = related_rows(0, 0.0, 1.0)
    rows["language"] = rows["language"].map({code: f"x{i}" for i, code in enumerate(rows["language"].unique())})
    with pytest.raises(DesignError, match="for 0 of 60 languages: there is nothing to relate"):
        fit_related(fit_mixed(FORMULA, rows), rows, "genealogy")


def test_gaps_of_all_bundled_studies_follow_descent_and_place() -> None:
    found = fit_factors(Request(options=Options(outcome="gap"), kernel="genealogy+geography")).related
    assert found.p_value < 0.05
    assert found.share > 0.9
