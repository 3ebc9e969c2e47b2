"""The second engine agrees with the first where both can fit the model."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.core.errors import DesignError
from analysis.mixed import fit_mixed
from analysis.mixed.external.statsmodels import fit_statsmodels
from tests.analysis.mixed.test_criterion import make

# statsmodels stops on the gradient of its own scale; its minimum is above ours by this much at most.
CRITERION = 1e-3
RELATIVE = 5e-3


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", ["y ~ x + (1|a)", "y ~ x + (1 + x|a)", "y ~ x + (1|a) + (1|b) + (1|c)"])
def test_agreement(formula: str, reml: bool) -> None:
    frame = make(4, n=300)
    ours, theirs = fit_mixed(formula, frame, reml), fit_statsmodels(formula, frame, reml)
    assert theirs.engine == "statsmodels"
    assert ours.criterion <= theirs.criterion + 1e-6
    assert theirs.criterion == pytest.approx(ours.criterion, abs=CRITERION)
    spread = np.sqrt(np.diag(ours.covariance))
    np.testing.assert_allclose(theirs.coefficients, ours.coefficients, atol=RELATIVE * spread.max())
    np.testing.assert_allclose(np.sqrt(np.diag(theirs.covariance)), spread, rtol=RELATIVE)
    largest = ours.variance["variance"].max()
    np.testing.assert_allclose(theirs.variance["variance"], ours.variance["variance"], atol=RELATIVE * largest)
    np.testing.assert_allclose(theirs.random_effects()["value"], ours.random_effects()["value"], atol=0.02)


def test_what_statsmodels_cannot_express_is_refused() -> None:
    with pytest.raises(DesignError, match="statsmodels cannot fit .* leave --engine out"):
        fit_statsmodels("y ~ x + (1 + x|a) + (1|b)", make(0))
