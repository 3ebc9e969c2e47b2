"""Residual standard deviations that follow covariates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError, DesignError
from analysis.mixed import fit_mixed


def rows() -> pd.DataFrame:
    """Written by validation/dispersion/make.py, whose R script fitted it."""
    rng = np.random.default_rng(20)
    g, k, _ = (part.ravel() for part in np.indices((12, 3, 6)))
    x, z = rng.normal(size=len(g)), rng.uniform(-1, 1, len(g))
    sd = np.exp(0.2 + 0.6 * z)
    y = 1 + 0.5 * x + rng.normal(0, 1, 12)[g] + rng.normal(0, 0.5, 3)[k] + sd * rng.normal(size=len(g))
    return pd.DataFrame({"y": y.round(6), "x": x.round(6), "z": z.round(6), "g": [f"g{v:02d}" for v in g],
                         "k": [f"k{v}" for v in k]})  # fmt: skip


# nlme 3.1 lme(y ~ x, random = ~1|g, weights = varExp(form = ~z)) and varIdent(form = ~1|k); validation/dispersion.
REFERENCE = Path(__file__).parents[3] / "validation" / "dispersion" / "reference.json"


def reference() -> pd.DataFrame:
    return pd.DataFrame(json.loads(REFERENCE.read_text(encoding="utf-8"))["models"]).set_index("model")


def test_agrees_with_nlme_and_glmmtmb() -> None:
    found = fit_mixed("y ~ x + (1|g)", rows(), dispersion="z")
    assert found.dispersion is not None
    expected = reference().loc["nlme varExp"]
    assert found.criterion == pytest.approx(expected["criterion"], abs=1e-5)
    assert found.dispersion.estimate[0] == pytest.approx(expected["first"], abs=1e-4)
    crossed = fit_mixed("y ~ x + (1|g) + (1|k)", rows(), dispersion="z")
    expected = reference().loc["glmmTMB crossed"]
    assert crossed.criterion == pytest.approx(expected["criterion"], abs=1e-4)
    assert crossed.dispersion is not None
    assert crossed.dispersion.estimate[0] == pytest.approx(expected["first"], abs=1e-3)
    assert crossed.dispersion.std_error[0] == pytest.approx(expected["first_se"], rel=0.02)
    assert crossed.coefficients == pytest.approx([expected["intercept"], expected["slope"]], abs=1e-3)
    groups = fit_mixed("y ~ x + (1|g)", rows(), dispersion="k")
    expected = reference().loc["nlme varIdent"]
    assert groups.criterion == pytest.approx(expected["criterion"], abs=1e-5)
    assert groups.dispersion is not None
    assert np.exp(groups.dispersion.estimate) == pytest.approx([expected["first"], expected["second"]], abs=1e-3)


def test_no_better_point_is_near() -> None:
    """The criterion of the same model with the weights held nearby is never lower."""
    frame = rows()
    found = fit_mixed("y ~ x + (1|g) + (1|k)", frame, dispersion="z + x")
    assert found.dispersion is not None and found.converged
    for step in ([1e-3, 0], [-1e-3, 0], [0, 1e-3], [0, -1e-3], [0.1, -0.1]):
        gamma = found.dispersion.estimate + np.array(step)
        w = np.exp(-2 * frame[["z", "x"]].to_numpy() @ gamma)
        assert fit_mixed("y ~ x + (1|g) + (1|k)", frame.assign(w=w), weights="w").criterion >= found.criterion - 1e-7


def test_result_says_what_it_did() -> None:
    found = fit_mixed("y ~ x + (1|g)", rows(), dispersion="~ z")
    plain = fit_mixed("y ~ x + (1|g)", rows())
    assert found.dispersion is not None
    assert found.parameters == plain.parameters + 1
    assert found.dispersion.criterion_equal == pytest.approx(plain.criterion, abs=1e-6)
    assert found.dispersion.fall == pytest.approx(plain.criterion - found.criterion, abs=1e-6)
    content = found.to_json()["dispersion"]
    assert content["df"] == 1 and content["terms"][0]["term"] == "z"
    assert "dispersion" not in plain.to_json()


def test_the_origin_and_unit_of_a_covariate_do_not_matter() -> None:
    frame = rows().assign(other=lambda f: 1000.0 + 50.0 * f["z"])
    one, other = (fit_mixed("y ~ x + (1|g)", frame, dispersion=name) for name in ("z", "other"))
    assert one.dispersion is not None and other.dispersion is not None
    assert other.criterion == pytest.approx(one.criterion, abs=1e-6)
    assert 50 * other.dispersion.estimate[0] == pytest.approx(one.dispersion.estimate[0], abs=1e-5)


def test_what_cannot_be_followed_is_refused() -> None:
    frame = rows().assign(same=1.0, twice=lambda f: 2 * f["z"])
    with pytest.raises(DesignError, match="does not vary between rows"):
        fit_mixed("y ~ x + (1|g)", frame, dispersion="same")
    with pytest.raises(DesignError, match="repeats others"):
        fit_mixed("y ~ x + (1|g)", frame, dispersion="z + twice")
    with pytest.raises(CrossliftError, match="not a column"):
        fit_mixed("y ~ x + (1|g)", frame, dispersion="nothing")
    with pytest.raises(CrossliftError, match="Keep one of them"):
        fit_mixed("y ~ x + (1|g)", frame.assign(v=1.0), variances="v", dispersion="z")
