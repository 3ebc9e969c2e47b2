"""Agreement with lme4 on 73,421 evaluations crossed by student and lecturer."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.mixed import fit_mixed
from tests.analysis.mixed.lme4_names import our_column, our_group, our_order
from tests.conftest import ROOT

# Both engines sum 73,421 squares to a criterion of 2.4e5, whose last digit is 3e-11: rounding leaves 1e-9 of it, and
# this is two decades more.
CRITERION = 1e-7
# The criterion is flat at its minimum: 1e-9 of it is the root of that, in standard errors of a parameter.
ESTIMATE = 3e-5

MODELS = json.loads((ROOT / "validation/lme4/insteval.json").read_text(encoding="utf-8"))["models"]


@pytest.fixture(scope="module")
def evaluations() -> pd.DataFrame:
    """Students, lecturers and departments are numbers in the file, and labels in the models."""
    return pd.read_csv(ROOT / "validation/lme4/data/insteval.csv.xz", dtype={"service": str})


def test_the_set_and_its_grid_are_whole(evaluations) -> None:
    assert len(evaluations) == 73_421
    assert evaluations[["s", "d", "dept", "service"]].nunique().tolist() == [2972, 1128, 14, 2]
    assert {(m["name"], m["reml"]) for m in MODELS} == {
        (name, reml) for name in ("insteval", "insteval_dept") for reml in (True, False)
    }


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m['name']}-{'REML' if m['reml'] else 'ML'}")
def test_agreement(model, evaluations) -> None:
    result = fit_mixed(model["formula"], evaluations, reml=model["reml"], df="normal")
    ours = our_order(result.names, model["terms"])
    assert result.converged and not result.singular
    assert result.n_obs == model["n"]
    assert sum(result.groups.values()) == model["q"]
    assert result.criterion == pytest.approx(model["criterion"], abs=CRITERION)
    assert result.log_likelihood == pytest.approx(model["log_likelihood"], abs=CRITERION)
    np.testing.assert_allclose(result.coefficients[ours], model["estimate"], rtol=ESTIMATE)
    np.testing.assert_allclose(np.sqrt(np.diag(result.covariance))[ours], model["std_error"], rtol=ESTIMATE)
    variances = {(c.group, c.term): c.variance for c in result.components}
    groups = {group for group, _ in variances}
    for row in model["variance"]:
        ours_is = variances[our_group(row["grp"], groups), our_column(row["var1"])]
        assert ours_is == pytest.approx(row["vcov"], rel=ESTIMATE)
