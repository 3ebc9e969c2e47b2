"""Agreement with metafor's ``rma.mv``: known variances, blocks of them, and correlated levels."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from analysis.core.errors import CrossliftError, DesignError
from analysis.mixed import LevelCovariance, fit_mixed
from tests.conftest import ROOT

# metafor's optimiser stops within this of the maximum; ours is never below it.
LIKELIHOOD = 1e-6
# What that leaves in the estimates, in points: its variances are off by up to 1e-4 where the likelihood is flat.
ESTIMATE = 2e-5

MODELS = json.loads((ROOT / "validation/metafor/reference.json").read_text(encoding="utf-8"))["models"]
CROSSED = "gain ~ typology + log_params + (1|language) + (1|target_task)"


@pytest.fixture(scope="module")
def cases() -> dict[str, tuple]:
    data = ROOT / "validation/metafor/data"
    schools, trials = pd.read_csv(data / "konstantopoulos2011.csv"), pd.read_csv(data / "bcg_effects.csv")
    related = pd.read_csv(data / "related.csv")
    rows = pd.read_csv(ROOT / "validation/lme4/data/synth1k.csv").head(300).assign(vi=lambda d: d["sei"] ** 2)
    kernel = pd.read_csv(ROOT / "validation/lme4/data/synth5k_K.csv", index_col=0)
    blocks = np.zeros((300, 300))
    for start in range(0, 300, 3):
        own = slice(start, start + 3)
        blocks[own, own] = 0.6 * rows["vi"].iloc[own].min()
    np.fill_diagonal(blocks, rows["vi"])
    alone = {"variances": "vi", "residual": False}
    return {
        "konstantopoulos_nested": (schools, "yi ~ 1 + (1|district/school)", alone),
        "konstantopoulos_year": (schools, "yi ~ year + (1|district/school)", alone),
        "konstantopoulos_district": (schools, "yi ~ 1 + (1|district)", alone),
        "bcg_trial": (trials, "yi ~ ablat + (1|trial)", alone),
        "synth_crossed": (rows, CROSSED, {"variances": "vi"}),
        "synth_crossed_no_residual": (rows, CROSSED, alone),
        "synth_blocks": (rows, CROSSED, {"variances": csr_array(blocks)}),
        "synth_blocks_no_residual": (rows, CROSSED, {"variances": blocks, "residual": False}),
        "synth_kernel": (rows, CROSSED, {"variances": "vi", "covariance": {"language": kernel}}),
        "synth_kernel_only": (
            rows, CROSSED, {"variances": "vi", "covariance": {"language": LevelCovariance(kernel, independent=False)}},
        ),
        "related_kernel": (
            related, "y ~ x + (1|language)", {"variances": "vi", "covariance": {"language": kernel}},
        ),
    }  # fmt: skip


def test_the_grid_has_not_shrunk(cases) -> None:
    assert len(MODELS) == 22
    assert {model["name"] for model in MODELS} == set(cases)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m['name']}-{'REML' if m['reml'] else 'ML'}")
def test_agreement(model, cases) -> None:
    frame, formula, options = cases[model["name"]]
    result = fit_mixed(formula, frame, reml=model["reml"], **options)
    assert result.converged
    assert result.log_likelihood >= model["log_likelihood"] - 1e-9
    assert result.log_likelihood == pytest.approx(model["log_likelihood"], abs=LIKELIHOOD)
    np.testing.assert_allclose(result.coefficients, np.atleast_1d(model["estimate"]), atol=ESTIMATE)
    np.testing.assert_allclose(np.sqrt(np.diag(result.covariance)), np.atleast_1d(model["std_error"]), atol=ESTIMATE)
    np.testing.assert_allclose(result.variance["variance"], np.atleast_1d(model["sigma2"]), atol=1e-4)


def test_kernel_and_independent_part_are_told_apart(cases) -> None:
    frame, formula, options = cases["related_kernel"]
    variance = fit_mixed(formula, frame, **options).variance
    assert variance["term"].tolist() == ["Intercept", "Intercept (kernel)", ""]
    assert variance["group"].tolist() == ["language", "language", "Residual"]


def test_kernel_of_the_identity_is_the_independent_model(cases) -> None:
    frame = cases["related_kernel"][0]
    levels = sorted(frame["language"].unique())
    identity = pd.DataFrame(np.eye(len(levels)), index=levels, columns=levels)
    kernel = {"language": LevelCovariance(identity, independent=False)}
    one = fit_mixed("y ~ x + (1|language)", frame, covariance=kernel)
    two = fit_mixed("y ~ x + (1|language)", frame)
    assert one.criterion == pytest.approx(two.criterion, abs=1e-9)
    np.testing.assert_allclose(one.random_effects()["value"], two.random_effects()["value"], atol=1e-7)
    np.testing.assert_allclose(one.predict(), two.predict(), atol=1e-7)


def test_equal_known_variances_equal_a_fixed_residual(cases) -> None:
    """Equal sampling variances and a residual on top are one residual: only its split is unknown, and it is given."""
    frame = cases["related_kernel"][0].assign(vi=0.3)
    known = fit_mixed("y ~ x + (1|language)", frame, variances="vi")
    plain = fit_mixed("y ~ x + (1|language)", frame)
    assert known.criterion == pytest.approx(plain.criterion, abs=1e-8)
    residual = known.variance["variance"].iloc[-1] + 0.3
    assert residual == pytest.approx(plain.variance["variance"].iloc[-1], rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda k: k.drop(index="l003", columns="l003"), "has no row for 'l003'"),
        (lambda k: k.assign(l001=0.0), "is not symmetric"),
        (lambda k: k - 2 * np.eye(len(k)), "is not positive semidefinite.*exp"),
        (lambda k: k.iloc[:, ::-1], "different row and column labels"),
        (lambda k: k * np.nan, "not finite numbers"),
    ],
)
def test_what_is_no_covariance_of_levels(change, message: str, cases) -> None:
    frame, formula, options = cases["related_kernel"]
    with pytest.raises(DesignError, match=message):
        fit_mixed(formula, frame, covariance={"language": change(options["covariance"]["language"])})


def test_a_covariance_for_another_factor(cases) -> None:
    frame, formula, options = cases["related_kernel"]
    with pytest.raises(DesignError, match="'languages', which .* does not group by.*Did you mean 'language'"):
        fit_mixed(formula, frame, covariance={"languages": options["covariance"]["language"]})


def test_variances_that_are_none(cases) -> None:
    frame, formula, _ = cases["related_kernel"]
    with pytest.raises(DesignError, match="sampling variance 'vi' of row 4 is 0, not a positive number"):
        fit_mixed(formula, frame.assign(vi=frame["vi"].where(frame.index != 4, 0.0)), variances="vi")
    with pytest.raises(DesignError, match="3 sampling variances were given for 240 rows"):
        fit_mixed(formula, frame, variances=[0.1, 0.2, 0.3])
    with pytest.raises(DesignError, match="is 3 × 3 for 240 rows"):
        fit_mixed(formula, frame, variances=np.eye(3))
    singular = np.eye(240)
    singular[0, 1] = singular[1, 0] = 1.0
    with pytest.raises(DesignError, match="not positive definite.*two rows differences of the same two scores"):
        fit_mixed(formula, frame, variances=singular)
    with pytest.raises(CrossliftError, match="Keep one"):
        fit_mixed(formula, frame, variances="vi", weights="vi")


def test_missing_variances_drop_rows_and_are_counted(cases) -> None:
    frame, formula, _ = cases["related_kernel"]
    some = frame.assign(vi=frame["vi"].where(frame.index >= 5))
    result = fit_mixed(formula, some, variances="vi")
    assert dict(result.dropped) == {"no value for 'vi'": 5}
