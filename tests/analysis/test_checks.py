"""What an answer withstands, on the bundled gains."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.cli.main import main
from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from analysis.questions.regression.run import Request, fit_factors


@pytest.fixture(scope="module")
def found():
    return fit_factors(Request(bootstrap=199, permute=99, leave_out="language", seed=4))


@pytest.mark.slow
def test_bootstrap_agrees_with_the_interval_of_t(found) -> None:
    check, item = found.checks.bootstrap[0], found.answers[0]
    width = item.conf_high - item.conf_low
    # 23 degrees of freedom and 199 draws: ends are known to a tenth of the width.
    assert check.conf_low == pytest.approx(item.conf_low, abs=0.15 * width)
    assert check.conf_high == pytest.approx(item.conf_high, abs=0.15 * width)
    assert check.draws == 199
    assert f"{check.p_value:.3f}" in check.sentence


def test_permutation_moves_languages(found) -> None:
    check = found.checks.permutation[0]
    assert (check.by, check.draws) == ("language", 99)
    assert 0.01 <= check.p_value <= 1
    assert "between whole languages (99 arrangements, seed 4)" in check.sentence


def test_leaving_out_each_language_equals_refits(found) -> None:
    check, rows = found.checks.left_out[0], found.outcome.frame
    assert check.levels == 25
    for level, slope in (
        (check.low_level, check.low),
        (check.high_level, check.high),
        (check.most, check.most_estimate),
    ):
        refit = fit_mixed(found.result.formula, rows[rows["language"] != level], df="normal")
        estimate = refit.fixed.set_index("term").loc["typology", "estimate"]
        assert slope == pytest.approx(0.1 * estimate, rel=1e-4)
    assert check.low <= found.answers[0].estimate <= check.high


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(found) -> None:
    again = fit_factors(Request(bootstrap=199, permute=99, seed=4))
    assert again.checks.bootstrap == found.checks.bootstrap
    assert again.checks.permutation == found.checks.permutation


def test_a_column_that_is_no_factor_of_the_model_and_a_level_that_is_needed() -> None:
    by_family = fit_factors(Request(leave_out="language_family")).checks.left_out[0]
    assert by_family.levels > 5
    assert "Without one language family at a time" in by_family.sentence
    by_study = fit_factors(Request(leave_out="study")).checks.left_out[0]
    # With one study gone the effect of the other is the intercept; the slope is still there.
    assert by_study.levels == 2
    assert by_study.unestimable == ()


def test_what_cannot_be_permuted_is_said() -> None:
    found = fit_factors(Request(factors=("corpus",), permute=99))
    check = found.checks.permutation[0]
    assert check.p_value is None or 0 < check.p_value <= 1
    assert check.sentence


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(bootstrap=10), "--bootstrap 10 is too few"),
        (Request(permute=5), "--permute 5 is too few"),
        (Request(leave_out="famly"), "cannot leave out by 'famly': it is neither a column"),
        (Request(engine="statsmodels", bootstrap=100), "'statsmodels' does not support --bootstrap"),
    ],
)
def test_refusals(request_: Request, message: str) -> None:
    with pytest.raises(CrossliftError, match=message):
        fit_factors(request_)


@pytest.mark.slow
def test_the_command_prints_and_writes_them(tmp_path, capsys) -> None:
    path = tmp_path / "fit.json"
    arguments = [
        "fit",
        "--factor",
        "typology",
        "--bootstrap",
        "99",
        "--permute",
        "99",
        "--leave-out",
        "language_family",
    ]
    assert main([*arguments, "--seed", "2", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "Under the same model" in printed
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["checks"]["bootstrap"][0]["seed"] == 2
    assert content["checks"]["left_out"][0]["by"] == "language_family"
    assert 0 < content["r_squared"]["marginal"] < content["r_squared"]["conditional"] < 1
    assert np.isfinite(content["checks"]["permutation"][0]["p_value"])
