"""Joint F tests, likelihood-ratio tests, fits without a level, and how exact modes are: agreement with R."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.mixed import fit_mixed
from tests.analysis.mixed.lme4_names import as_list, our_column, our_group, our_levels, our_order
from tests.conftest import ROOT

# F has the precision of the covariance of the coefficients: that of the variances, at a criterion known to 1e-10.
STATISTIC = 1e-4
# lmerTest differentiates numerically (Richardson), which costs digits that exact derivatives keep.
DEGREES = 1e-3
# A p-value far in a tail multiplies what the statistic and its degrees of freedom are off by.
P_VALUE = 20 * DEGREES
# Twice a difference of log-likelihoods, each known to 1e-6 at worst.
CHISQ = 1e-5
# A coefficient without a level follows the variances of that fit, as in the fits to all rows.
ESTIMATE = 1e-4
# Standard deviations of modes follow the variance parameters to the first order.
MODE = 1e-4

PINNED = json.loads((ROOT / "validation/lme4/inference.json").read_text(encoding="utf-8"))
TESTS, COMPARISONS, INFLUENCE = PINNED["tests"], PINNED["comparisons"], PINNED["influence"]
MODES = json.loads((ROOT / "validation/lme4/modes.json").read_text(encoding="utf-8"))["models"]


def test_the_grid_has_not_shrunk() -> None:
    contrasts = {
        ("sleepstudy", "all"), ("sleepstudy", "days"), ("cake", "recipe"), ("cake", "interaction"), ("cake", "slopes"),
        ("cake", "recipe_and_interaction"), ("synth1k", "typology"), ("synth1k", "moderators"),
    }  # fmt: skip
    methods = ("satterthwaite", "kenward-roger")
    assert {(t["model"], t["name"], t["df"]) for t in TESTS} == {(*c, method) for c in contrasts for method in methods}
    assert [c["data"] for c in COMPARISONS] == ["sleepstudy"] * 3 + ["pastes", "penicillin", "cake", "synth1k"]
    assert [c["df"] for c in COMPARISONS] == [1, 2, 1, 1, 1, 2, 2]
    left_out = {(i["model"], i["group"]): len(i["level"]) for i in INFLUENCE}
    assert left_out == {("sleepstudy", "Subject"): 18, ("penicillin", "plate"): 24, ("penicillin", "sample"): 6}
    assert {m["name"]: {group: len(v["level"]) for group, v in m["groups"].items()} for m in MODES} == {
        "sleepstudy": {"Subject": 18},
        "penicillin": {"plate": 24, "sample": 6},
        "pastes": {"cask:batch": 30, "batch": 10},
        "synth1k": {"language": 40, "study": 20, "model": 16, "intermediate_task": 10, "target_task": 9},
    }


@pytest.mark.parametrize("pinned", TESTS, ids=lambda t: f"{t['model']}-{t['name']}-{t['df']}")
def test_joint_f_test(pinned, lme4_data) -> None:
    result = fit_mixed(pinned["formula"], lme4_data[pinned["data"]], df=pinned["df"])
    weights = np.eye(len(result.names))[our_order(result.names, pinned["terms"])]
    tested = result.test(weights)
    assert len(tested) == 1
    row = tested.iloc[0]
    assert row["num_df"] == pinned["num_df"] == len(pinned["terms"])
    assert row["statistic"] == pytest.approx(pinned["statistic"], rel=STATISTIC)
    assert row["den_df"] == pytest.approx(pinned["den_df"], rel=DEGREES)
    assert row["p_value"] == pytest.approx(pinned["p_value"], rel=P_VALUE)


@pytest.mark.parametrize("pinned", COMPARISONS, ids=lambda c: f"{c['data']}-{c['df']}df")
def test_likelihood_ratio(pinned, lme4_data) -> None:
    smaller, larger = (fit_mixed(pinned[size], lme4_data[pinned["data"]], reml=False) for size in ("smaller", "larger"))
    row = smaller.compare(larger).iloc[-1]
    assert row["df"] == pinned["df"]
    assert row["chisq"] == pytest.approx(pinned["chisq"], abs=CHISQ)
    assert row["p_value"] == pytest.approx(pinned["p_value"], rel=CHISQ, abs=1e-300)


@pytest.mark.parametrize("pinned", INFLUENCE, ids=lambda i: f"{i['model']}-{i['group']}")
def test_fits_without_a_level(pinned, lme4_data) -> None:
    result = fit_mixed(pinned["formula"], lme4_data[pinned["data"]], reml=pinned["reml"], df="normal")
    influence = result.influence(pinned["group"])
    table = influence.pivot_table(index="level", columns="term", values="estimate")
    assert len(influence) == len(pinned["level"]) * len(result.names)
    terms = [result.names[i] for i in our_order(result.names, pinned["terms"])]
    own = table.loc[list(map(str, pinned["level"])), terms]
    np.testing.assert_allclose(own, pinned["estimate"], rtol=ESTIMATE)


@pytest.mark.parametrize("pinned", MODES, ids=lambda m: m["name"])
def test_modes_and_their_standard_deviations(pinned, lme4_data) -> None:
    result = fit_mixed(pinned["formula"], lme4_data[pinned["data"]], reml=pinned["reml"], df="normal")
    modes = result.random_effects()
    for name, expected in pinned["groups"].items():
        own = modes[modes["group"] == our_group(name, set(modes["group"]))]
        for j, term in enumerate(as_list(expected["term"])):
            by_level = own[own["term"] == our_column(term)].set_index("level")
            by_level = by_level.loc[our_levels(expected["level"], by_level.index)]
            value, std_dev = np.array(expected["value"])[:, j], np.array(expected["std_dev"])[:, j]
            np.testing.assert_allclose(by_level["value"], value, atol=MODE * np.abs(value).max())
            np.testing.assert_allclose(by_level["std_dev"], std_dev, rtol=MODE)
