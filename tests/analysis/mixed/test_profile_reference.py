"""Profile intervals: agreement with the roots of lme4's deviance."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.mixed import fit_mixed
from tests.analysis.mixed.lme4_names import our_column, our_group, our_order
from tests.conftest import ROOT

# A limit is where the deviance has risen by 3.84. lme4's was found to 1e-9, and its own interpolated limits differ from
# it by up to 2e-6 of the interval's width; ours may be off by this share of the width.
WIDTH = 1e-4

PINNED = json.loads((ROOT / "validation/lme4/profile.json").read_text(encoding="utf-8"))
MODELS = PINNED["models"]


def test_the_grid_has_not_shrunk() -> None:
    assert PINNED["level"] == 0.95
    kinds = {m["name"]: [row["kind"] for row in m["intervals"]] for m in MODELS}
    assert {name: (k.count("std_dev"), k.count("correlation"), k.count("fixed")) for name, k in kinds.items()} == {
        "sleepstudy": (3, 1, 2),
        "sleepstudy_uncorrelated": (3, 0, 2),
        "penicillin": (3, 0, 1),
        "dyestuff": (2, 0, 1),
        "dyestuff2": (2, 0, 1),
        "pastes": (3, 0, 1),
        "cake": (2, 0, 6),
    }


def test_lme4_interpolates_to_the_same_limits() -> None:
    """The roots are lme4's own intervals without the error of its splines."""
    for model in MODELS:
        for row in model["intervals"]:
            width = row["conf_high"] - row["conf_low"]
            assert row["conf_low"] == pytest.approx(row["spline_low"], abs=WIDTH * width)
            assert row["conf_high"] == pytest.approx(row["spline_high"], abs=WIDTH * width)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["name"])
def test_limits(model, lme4_data) -> None:
    result = fit_mixed(model["formula"], lme4_data[model["data"]], reml=False)
    profile = result.profile(level=PINNED["level"])
    assert len(profile) == len(model["intervals"])
    groups = {*result.groups, "Residual"}
    for row in model["intervals"]:
        own = profile[profile["kind"] == row["kind"]]
        if row["kind"] == "fixed":
            own = own[own["term"] == result.names[our_order(result.names, row["term"])[0]]]
            assert own["group"].tolist() == [""]
        else:
            own = own[(own["group"] == our_group(row["group"], groups)) & (own["term"] == our_column(row.get("term")))]
        if row["kind"] == "correlation":
            own = own[own["other"] == our_column(row["other"])]
        assert len(own) == 1, row["name"]
        width = row["conf_high"] - row["conf_low"]
        limits = own[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)[0]
        expected = [row["estimate"], row["conf_low"], row["conf_high"]]
        np.testing.assert_allclose(limits, expected, atol=WIDTH * width, err_msg=row["name"])
