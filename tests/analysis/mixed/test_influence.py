"""Estimates without a level, by downdating, equal those of a fit without its rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.core.errors import CrossliftError
from analysis.mixed import fit_mixed
from analysis.mixed.numerics import crossproducts
from tests.analysis.mixed.test_criterion import CROSSED, make

# In standard errors: both searches stop at a predicted decrease of 1e-10.
CLOSE = 1e-4


def _check(result, found: pd.DataFrame, frame: pd.DataFrame, labels: pd.Series, **options) -> None:
    for level in found["level"].unique():
        expected = fit_mixed(result.formula, frame[labels.astype(str) != level], **options).fixed.set_index("term")
        own = found[found["level"] == level].set_index("term")
        assert own["rows"].iloc[0] == int((labels.astype(str) == level).sum())
        assert (np.abs(own["estimate"] - expected["estimate"]) < CLOSE * expected["std_error"]).all()
        np.testing.assert_allclose(own["std_error"], expected["std_error"], rtol=CLOSE)
        np.testing.assert_allclose(own["change"], own["estimate"] - result.coefficients, atol=1e-12)


@pytest.mark.parametrize("eliminate", [150, 1], ids=["dense", "eliminated"])
@pytest.mark.parametrize("options", [{}, {"reml": False}, {"weights": "w"}], ids=["REML", "ML", "weights"])
def test_without_each_level(eliminate: int, options, monkeypatch) -> None:
    monkeypatch.setattr(crossproducts, "ELIMINATE", eliminate)
    frame = make(31)
    result = fit_mixed(CROSSED, frame, **options)
    for by in ("a", "c"):
        _check(result, result.influence(by), frame, frame[by], **options)


@pytest.mark.parametrize("residual", [True, False])
def test_with_known_sampling_variances(residual: bool) -> None:
    frame = make(32)
    options = {"variances": "w", "residual": residual}
    result = fit_mixed("y ~ x + (1|a) + (1|b)", frame, **options)
    _check(result, result.influence("a"), frame, frame["a"], **options)


def test_any_labels_of_the_rows() -> None:
    """Families of languages are no factor of the model; rows without a family stay in."""
    frame = make(33)
    frame.loc[5, "x"] = np.nan
    family = frame["a"].map(lambda name: {"0": "north", "1": "south"}.get(name[-1]))
    result = fit_mixed(CROSSED, frame)
    found = result.influence(family)
    assert found["level"].unique().tolist() == ["north", "south"]
    _check(result, found, frame.dropna(subset=["x"]), family[frame["x"].notna()].fillna("none"))


def test_a_level_that_a_fixed_effect_needs_is_named() -> None:
    frame = make(34)
    frame["only"] = (frame["a"] == "a03").astype(float)
    found = fit_mixed("y ~ x + only + (1|a) + (1|b)", frame).influence("a")
    lost = found[found["level"] == "a03"].set_index("term")
    assert np.isnan(lost.loc["only", "estimate"])
    assert "collinear with other fixed effects" in lost.loc["only", "note"]
    # What it leaves is the fit without the column.
    rest = fit_mixed("y ~ x + (1|a) + (1|b)", frame[frame["a"] != "a03"]).fixed.set_index("term")
    np.testing.assert_allclose(lost.loc["x", "estimate"], rest.loc["x", "estimate"], rtol=CLOSE)
    np.testing.assert_allclose(lost.loc["x", "std_error"], rest.loc["x", "std_error"], rtol=CLOSE)
    assert found[found["level"] != "a03"]["estimate"].notna().all()


def test_what_influence_refuses() -> None:
    frame = make(35)
    result = fit_mixed(CROSSED, frame)
    with pytest.raises(CrossliftError, match="'d' is not a grouping factor"):
        result.influence("d")
    with pytest.raises(CrossliftError, match="3 labels were given for 160 rows"):
        result.influence(pd.Series(["p", "q", "p"]))
    with pytest.raises(CrossliftError, match="all rows used have the same label"):
        result.influence(pd.Series(["p"] * 160))
    shared = np.diag(frame["w"].to_numpy())
    shared[0, 1] = shared[1, 0] = 0.2
    with pytest.raises(CrossliftError, match="share a sampling error"):
        fit_mixed("y ~ x + (1|a)", frame, variances=shared).influence("a")


def test_rows_that_double_precision_cannot_refit_are_named() -> None:
    """Without residual error the variances of the whole fit are no start for the rows left."""
    languages = ("deu", "swa", "tha", "fra", "fin", "zho")
    frame = pd.DataFrame(
        {"gain": float(f"{2 + i % 3 + shift:.1f}"), "language": code, "task": task, "x": x}
        for task, shift in (("one", 0.6), ("two", 0.7))
        for i, (code, x) in enumerate(zip(languages, (0.46, 0.56, 0.61, 0.45, 0.55, 0.6), strict=True))
    )
    family = pd.Series(["ie", "nc", "tk", "ie", "ur", "st"] * 2)
    found = fit_mixed("gain ~ x + task + (1|language)", frame).influence(family)
    lost = found[found["estimate"].isna()]
    assert len(lost) > 0
    assert set(lost["note"]) == {"its variances differ by more than double precision can represent"}
    assert (found.loc[found["estimate"].notna(), "note"] == "").all()
