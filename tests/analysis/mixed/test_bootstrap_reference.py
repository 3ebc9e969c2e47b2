"""Parametric bootstrap: the draws have the distribution that lme4's ``bootMer`` gives."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.mixed import fit_mixed
from tests.analysis.mixed.lme4_names import our_column, our_group, our_order
from tests.conftest import ROOT

# Both sides are samples, so they differ by chance. At four standard errors of the difference, chance alone fails one of
# the roughly 120 comparisons below in 130 choices of the two seeds, and both seeds are fixed.
MONTE_CARLO = 4.0
# What two programs may differ by on the same draw, as a share of the standard deviation of the draws: where a variance
# is zero, one may say 0 and the other 1e-5.
SAME = 1e-3
DRAWS = 1000

PINNED = json.loads((ROOT / "validation/lme4/bootmer.json").read_text(encoding="utf-8"))
MODELS = PINNED["models"]
QUARTILES = (0.25, 0.5, 0.75)


def test_the_grid_has_not_shrunk() -> None:
    assert PINNED["probabilities"] == [0.025, 0.25, 0.5, 0.75, 0.975]
    kinds = {m["name"]: [row["kind"] for row in m["statistics"]] for m in MODELS}
    assert {name: (k.count("fixed"), k.count("std_dev"), k.count("correlation")) for name, k in kinds.items()} == {
        "sleepstudy": (2, 3, 1),
        "penicillin": (1, 3, 0),
        "synth1k": (5, 7, 1),
    }
    assert [m["nsim"] for m in MODELS] == [1000, 1000, 1000]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["name"])
def test_draws_have_the_distribution_of_lme4(model, lme4_data) -> None:
    result = fit_mixed(model["formula"], lme4_data[model["data"]], reml=model["reml"], df="normal")
    draws = result.bootstrap(DRAWS, rng=1).draws
    assert len(draws) == DRAWS
    assert set(draws.columns) == {_column(result, row) for row in model["statistics"]}
    for row in model["statistics"]:
        name = _column(result, row)
        own = draws[name].dropna().to_numpy(dtype=float)
        theirs = model["nsim"] - row["missing"]
        share = 1 / len(own) + 1 / theirs
        spread = own.std(ddof=1)
        error = MONTE_CARLO * spread * np.sqrt(share)
        assert own.mean() == pytest.approx(row["mean"], abs=error), name
        # The variance of a standard deviation follows the fourth moment, which is not that of a normal near zero.
        tails = np.sqrt(max(pd.Series(own).kurt() + 2, 0) / 4)
        assert spread == pytest.approx(row["sd"], abs=tails * error), name
        for probability in QUARTILES:
            quartile = row["quantiles"][PINNED["probabilities"].index(probability)]
            error = MONTE_CARLO * np.sqrt(probability * (1 - probability) * share)
            below, up_to = (own < quartile - SAME * spread).mean(), (own <= quartile + SAME * spread).mean()
            assert below - error <= probability <= up_to + error, f"{name}, {probability:.0%}"


def _column(result, row) -> str:
    """Name of the column of the draws that holds one of lme4's statistics."""
    if row["kind"] == "fixed":
        return f"fixed:{result.names[our_order(result.names, row['term'])[0]]}"
    group = our_group(row["group"], {*result.groups, "Residual"})
    parts = [group] + [our_column(row[key]) for key in ("term", "other") if row.get(key)]
    return ":".join([row["kind"], *parts])
