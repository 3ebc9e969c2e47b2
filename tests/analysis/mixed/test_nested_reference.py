"""Agreement with lme4 and lmerTest where terms nest and are eliminated in a chain."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.mixed import fit_mixed
from tests.analysis.mixed.lme4_names import our_column, our_group, our_order
from tests.conftest import ROOT

# lme4 was run to 1e-12 on the criterion; what is left is the optimiser's own last step.
CRITERION = 1e-6
# The criterion is flat at its minimum: 1e-10 in it is 1e-5 of a standard error, and a decade to spare.
ESTIMATE = 1e-4
# lmerTest differentiates numerically (Richardson), which costs digits that exact derivatives keep.
DEGREES = 2e-3

MODELS = json.loads((ROOT / "validation/lme4/nested.json").read_text(encoding="utf-8"))["models"]
NUMBERS = {"gain", "score", "typology", "log_params", "w", "x"}


@pytest.fixture(scope="module")
def sets() -> dict[str, pd.DataFrame]:
    """Codes of levels are numbers in the files, and labels in the models."""
    found = {}
    for name in ("gains", "pupils"):
        frame = pd.read_csv(ROOT / f"validation/lme4/data/{name}.csv.xz")
        labels = [column for column in frame if column not in NUMBERS]
        found[name] = frame.astype(dict.fromkeys(labels, "str"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m['name']}-{'REML' if m['reml'] else 'ML'}")
def test_agreement(model, sets) -> None:
    result = fit_mixed(model["formula"], sets[model["data"]], reml=model["reml"], weights=model.get("weights"))
    assert result.engine_state().criterion.data.further is not None
    ours = our_order(result.names, model["terms"])
    assert result.converged and not result.singular
    assert result.n_obs == model["n"]
    assert result.criterion == pytest.approx(model["criterion"], abs=CRITERION)
    np.testing.assert_allclose(result.coefficients[ours], model["estimate"], rtol=ESTIMATE)
    np.testing.assert_allclose(np.sqrt(np.diag(result.covariance))[ours], model["std_error"], rtol=ESTIMATE)
    variances = {(c.group, c.term): c.variance for c in result.components}
    groups = {group for group, _ in variances}
    for row in model["variance"]:
        if not row.get("var2"):
            ours_is = variances[our_group(row["grp"], groups), our_column(row["var1"])]
            assert ours_is == pytest.approx(row["vcov"], rel=ESTIMATE)
    if "satterthwaite" in model:
        np.testing.assert_allclose(result.fixed["df"].to_numpy()[ours], model["satterthwaite"], rtol=DEGREES)
