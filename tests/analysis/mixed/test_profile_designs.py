"""Profiles of designs with two and three correlated effects: each succeeds, and lme4's limits are where ours are.

lme4 bounds every correlation by itself, so that its searches meet combinations that are no covariance, and interpolates
between what they found. Where its limit is elsewhere, the criterion decides: minimised from many starts it has risen by
the cutoff at our limit and not at lme4's.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from analysis.mixed import fit_mixed
from analysis.mixed.inference.profile import curve_of, targets
from analysis.mixed.numerics.profiled import Curve
from analysis.mixed.result import MixedResult
from tests.analysis.mixed.lme4_names import our_column
from tests.conftest import ROOT

PINNED = json.loads((ROOT / "validation/lme4/profile_designs.json").read_text(encoding="utf-8"))
DESIGNS = {design["name"]: design for design in PINNED["designs"]}
CUTOFF = 3.841458820694124
# What the searches and the root finding leave of the cutoff at a limit.
AT_LIMIT = 1e-3
# Differences from lme4's splines, as a share of an interval's width, that are called the same limit.
SAME = 2e-3
# Limits of lme4 that are the same, among those it gives: of two and of three correlated effects.
SHARES = {"two": 0.9, "three": 0.75}


@cache
def data() -> dict[str, pd.DataFrame]:
    folder = ROOT / "validation/lme4/data"
    drawn = dict(list(pd.read_csv(folder / "profile_designs.csv").groupby("design")))
    given = {f"{name}_given": pd.read_csv(folder / f"profile_{name}.csv") for name in ("slopes", "factor")}
    return {**drawn, **given}


@cache
def fitted(name: str) -> tuple[MixedResult, pd.DataFrame]:
    result = fit_mixed(DESIGNS[name]["formula"], data()[name], reml=False)
    return result, result.profile(level=PINNED["level"])


def column(name: str | None) -> str:
    return {"ff1": "f[f1]", "ff2": "f[f2]"}.get(name or "", our_column(name))


def test_the_designs_have_not_become_fewer() -> None:
    kinds = [name.rsplit("_", 1)[0] for name in DESIGNS]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "slopes": 6, "factor": 6, "slope": 5, "crossed": 5, "slopes_crossed": 5,
    }  # fmt: skip


def limits(name: str) -> list[tuple[dict[str, Any], str, float, float, float]]:
    """Each limit that lme4 gives: its row, its side, ours, theirs, and the difference as a share of the width."""
    _, profile = fitted(name)
    found = []
    for row in DESIGNS[name]["intervals"]:
        own = profile[(profile["kind"] == row["kind"]) & (profile["term"] == column(row.get("term")))]
        if row["kind"] != "fixed":
            own = own[own["group"] == row["group"]]
        if row["kind"] == "correlation":
            own = own[own["other"] == column(row["other"])]
        assert len(own) == 1
        low, high = (float(own[side].iloc[0]) for side in ("conf_low", "conf_high"))
        for side, ours in (("conf_low", low), ("conf_high", high)):
            if row.get(side) is not None:
                found.append((row, side, ours, row[side], abs(row[side] - ours) / (high - low)))
    return found


def lowest(curve: Curve, value: float) -> float:
    """The criterion's rise at a value, from the minimum and eight random starts."""
    rng = np.random.default_rng(1)
    start = curve.start
    starts = [start, *(start + rng.normal(size=len(start)) * spread for spread in (0.3, 1.0) for _ in range(4))]
    ends = [curve.search(value, at, 1e-9) for at in starts]
    return min(end.point.value for end in ends if end is not None) - curve.minimum.value


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_has_all_its_limits(name: str) -> None:
    result, profile = fitted(name)
    assert result.criterion == pytest.approx(DESIGNS[name]["deviance"], abs=1e-5)
    assert len(profile) == len(DESIGNS[name]["intervals"])
    known = profile[profile["estimate"].notna()]
    assert np.isfinite(known[["conf_low", "conf_high"]].to_numpy(dtype=float)).all()
    assert (known["conf_low"] <= known["estimate"] + 1e-9).all()
    assert (known["conf_high"] >= known["estimate"] - 1e-9).all()


def test_most_of_lme4s_limits_are_the_same() -> None:
    for kind, share in SHARES.items():
        names = [name for name in DESIGNS if (len(fitted(name)[0].design.terms[0].columns) == 2) == (kind == "two")]
        same = [difference <= SAME for name in names for *_, difference in limits(name)]
        assert len(same) >= 100
        assert np.mean(same) > share, kind


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_where_lme4s_limit_is_elsewhere_the_criterion_has_risen_by_the_cutoff_at_ours(name: str) -> None:
    result, _ = fitted(name)
    for row, _, ours, theirs, difference in limits(name):
        if difference <= SAME or row["kind"] == "fixed":
            continue
        target = next(
            t
            for t in targets(result)
            if (t.kind, t.group) == (row["kind"], row["group"])
            and t.term == column(row.get("term"))
            and (t.kind == "std_dev" or t.other == column(row["other"]))
        )
        curve = curve_of(result, target)
        at = np.arcsin if target.kind == "correlation" else float
        edge = abs(ours) == 1 if target.kind == "correlation" else ours == 0
        if edge:
            assert lowest(curve, at(ours)) < CUTOFF
        else:
            assert lowest(curve, at(ours)) == pytest.approx(CUTOFF, abs=AT_LIMIT)
        if target.kind == "std_dev" or abs(theirs) < 1:
            assert abs(lowest(curve, at(theirs)) - CUTOFF) > 2 * AT_LIMIT


@pytest.mark.parametrize("name", ["slopes_given", "slopes_2", "factor_2", "slopes_crossed_4"])
def test_a_limit_by_another_parametrisation_and_another_optimiser(name: str) -> None:
    """Standard deviations as such, correlations as partial correlations, by scipy's BFGS without our derivatives."""
    result, profile = fitted(name)
    state = result.engine_state()
    width = len(result.design.terms[0].columns)
    row = profile[profile["kind"] == "correlation"].iloc[0]

    def value(x: np.ndarray, correlation: float) -> float:
        root = np.array([[1.0, 0, 0], [correlation, np.sqrt(1 - correlation**2), 0], [0, 0, 1.0]])
        below = np.tanh(x[3:5])
        root[2] = [below[0], below[1] * np.sqrt(1 - below[0] ** 2), np.sqrt((1 - below[0] ** 2) * (1 - below[1] ** 2))]
        covariance = root @ root.T * np.outer(np.exp(x[:3]), np.exp(x[:3]))
        triangle = state.criterion.triangle(0, covariance)
        theta = [triangle[a, b] for t, a, b in state.criterion.entries if t == 0]
        return state.criterion(np.array([*theta, *x[5:]])).value

    assert width == 3
    sizes = np.log(np.linalg.norm(state.criterion.loadings(state.point.theta)[0], axis=1))
    others = state.point.theta[6:]
    for limit in (row["conf_low"], row["conf_high"]):
        if abs(limit) == 1:
            continue
        starts = [np.concatenate([sizes, tilt, others]) for tilt in ([0.0, 0.0], [0.7, 0.7], [-0.7, 0.7], [0.7, -0.7])]
        ends = [minimize(value, start, args=(limit,), method="BFGS", options={"gtol": 1e-4}).fun for start in starts]
        assert min(ends) - result.criterion == pytest.approx(CUTOFF, abs=AT_LIMIT)
