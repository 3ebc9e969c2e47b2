"""Slopes within and between groups on data whose truth is known, and what cannot be split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError, UnknownNameError
from analysis.mixed import fit_mixed
from analysis.outcomes.build import Options
from analysis.outcomes.covariates import FACTORS
from analysis.questions.regression.answer import answer, naive
from analysis.questions.regression.run import Request, fit_factors
from analysis.questions.regression.within_between import fit_within, split

TYPOLOGY, SIZE = FACTORS["typology"], FACTORS["size"]
FORMULA = "gain ~ typology + (1|language) + (1|model)"


def simpson(seed: int = 0, within: float = -20.0, between: float = 30.0, models: int = 14) -> pd.DataFrame:
    """Models that are tested on ever more distant languages and gain ever more, while distance costs each of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for m in range(models):
        center = 0.2 + 0.5 * m / models
        for i in range(10):
            x = center + rng.normal(scale=0.05)
            gain = between * center + within * (x - center) + rng.normal(scale=0.5)
            rows.append((f"m{m:02d}", f"l{i}", x, gain, float(m)))
    return pd.DataFrame(rows, columns=["model", "language", "typology", "gain", "log_params"])


def divide(frame: pd.DataFrame, group: str = "model", formula: str = FORMULA, factors=(TYPOLOGY,)):
    result = fit_mixed(formula, frame)
    asked = [(factor, answer(result, factor, frame), naive(result, factor)) for factor in factors]
    return fit_within(result, frame, group, asked)


def test_simpsons_truth_is_recovered_and_the_flip_is_said() -> None:
    found = divide(simpson())
    parts = found.factors[0]
    for part, truth in ((parts.within, -2.0), (parts.between, 3.0), (parts.difference, 5.0)):
        assert abs(part.estimate - truth) < 4 * part.std_error
        assert part.excludes_zero
    assert found.formula == "gain ~ typology_within + typology_between + (1|language) + (1|model)"
    assert {"between", "ols"} <= set(parts.flips)
    text = "\n".join(found.lines())
    assert "The sign differs: −1.88 within models, whose interval excludes zero, and 3.0" in text
    assert "The pooled OLS slope, 2." in text and "pooling reverses it" in text
    assert "the two differ." in text


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    # 40 sets: under 95% coverage fewer than 33 of 40 hits has probability 1e-3.
    hits = {"within": 0, "between": 0}
    for seed in range(40):
        parts = divide(simpson(seed)).factors[0]
        hits["within"] += parts.within.conf_low <= -2.0 <= parts.within.conf_high
        hits["between"] += parts.between.conf_low <= 3.0 <= parts.between.conf_high
    assert min(hits.values()) >= 33


def test_equal_slopes_do_not_flip() -> None:
    found = divide(simpson(1, within=-20.0, between=-20.0))
    assert found.factors[0].flips == ()
    assert not found.factors[0].difference.excludes_zero
    assert found.lines()[-1].endswith("the data do not settle whether the two differ.")


def test_only_rows_of_the_model_enter_the_means() -> None:
    frame = simpson()
    extra = frame.head(30).assign(gain=np.nan, typology=0.99)
    with_missing = pd.concat([extra, frame], ignore_index=True)
    ours, plain = divide(with_missing).factors[0], divide(frame).factors[0]
    assert ours.within == plain.within
    assert ours.between == plain.between


def test_rows_without_a_group_are_left_out_and_counted() -> None:
    frame = simpson()
    lost = frame.assign(family=[None if i < 20 else "f" + model for i, model in enumerate(frame["model"])])
    found = divide(lost, "family", "gain ~ typology + (1|language)")
    kept = divide(frame.iloc[20:].rename(columns={"model": "family"}), "family", "gain ~ typology + (1|language)")
    assert found.left_out == 20 and found.groups == 12
    assert found.factors[0].within.estimate == pytest.approx(kept.factors[0].within.estimate)
    assert found.lines()[1] == "20 of 140 rows have no family and are left out here."
    assert found.lines()[2].startswith("The model has no (1|family): the slope between families treats rows of one")
    assert divide(frame).notes == ()


def test_interactions_and_slopes_keep_their_place() -> None:
    frame = simpson()
    frame["x"] = np.tile([0.0, 1.0], len(frame) // 2)
    found = divide(frame, formula="gain ~ typology*x + log_params + (1 + typology|model) + (1|language)")
    expected = "gain ~ (typology_within + typology_between)*x + log_params + (1 + typology|model) + (1|language)"
    assert found.formula == expected


def test_a_factor_of_the_group_has_no_within_part() -> None:
    found = divide(
        simpson(), formula="gain ~ typology + log_params + (1|language) + (1|model)", factors=(TYPOLOGY, SIZE)
    )
    size = found.factors[1]
    assert size.within is None and size.between is not None and size.flips == ()
    assert size.lines == ("size does not vary within models: its slope above is wholly between them.",)
    assert found.factors[0].within is not None


def test_equal_means_have_no_between_part() -> None:
    frame = simpson()
    frame["typology"] = np.tile(np.linspace(0.2, 0.8, 10), 14)
    found = divide(frame)
    assert found.formula == ""
    assert found.lines() == ["typology has the same mean in all models: its slope above is wholly within them."]
    assert found.factors[0].between is None
    assert found.to_json()["formula"] is None


def test_means_that_follow_from_a_fixed_effect_are_said_to() -> None:
    frame = simpson(models=2)
    found = divide(frame, formula="gain ~ typology + model + (1|language)")
    assert found.factors[0].between is None
    assert found.lines()[0] == (
        "typology is collinear: its model mean follows from model[m01], so its slope above is wholly within models."
    )
    assert found.lines()[1].startswith("The pooled OLS") if found.factors[0].flips else len(found.lines()) == 1


def test_groups_that_are_no_column_or_never_stated() -> None:
    frame = simpson()
    with pytest.raises(UnknownNameError, match="unknown group 'modle'. Did you mean 'model'"):
        split(frame, "typology", "modle")
    with pytest.raises(UnknownNameError, match="unknown column 'tipology'. Did you mean 'typology'"):
        split(frame, "tipology", "model")
    with pytest.raises(CrossliftError, match="'study' is missing in all 140 rows"):
        split(frame.assign(study=None), "typology", "study")
    with pytest.raises(CrossliftError, match="--within model splits a factor, but no factor was given"):
        fit_factors(Request(factors=(), formula=FORMULA, within="model", data=("nowhere.csv",)))
    with pytest.raises(UnknownNameError, match="unknown group 'modell'"):
        fit_factors(Request(within="modell"))


def test_a_column_of_that_name_is_not_overwritten() -> None:
    frame = simpson()
    frame["typology_within"] = frame["log_params"]
    found = divide(frame, formula="gain ~ typology + typology_within + (1|language) + (1|model)")
    assert "already contains 'typology_within'" in found.lines()[0]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_parts_add_up_and_deviations_sum_to_zero(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 30))
    value = st.one_of(st.none(), st.floats(-1e3, 1e3).map(lambda x: round(x, 3)))
    frame = pd.DataFrame(
        {
            "x": data.draw(st.lists(value, min_size=n, max_size=n)),
            "g": data.draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=n, max_size=n)),
        }
    ).astype({"x": float})
    if not frame["g"].notna().any():
        return
    parts = split(frame, "x", "g")
    whole = (frame["x"].notna() & frame["g"].notna()).to_numpy()
    assert (parts.notna().all(axis=1) == whole).all() and parts[~whole].isna().all(axis=None)
    scale = 1e-9 * max(1.0, float(np.nan_to_num(frame["x"]).max() - np.nan_to_num(frame["x"]).min()))
    np.testing.assert_allclose(parts.sum(axis=1)[whole], frame["x"][whole], atol=2 * scale)
    assert parts["x_within"][whole].groupby(frame["g"][whole]).sum().abs().max() <= 40 * scale or not whole.any()
    assert list(parts.index) == list(frame.index)


def test_bundled_gaps_by_model() -> None:
    found = fit_factors(Request(options=Options(outcome="gap"), within="model", slopes="none", robustness="none"))
    parts = found.within.factors[0]
    assert found.within.groups == found.result.groups["model"]
    content = found.to_json()["within"]
    assert content["group"] == "model"
    assert content["factors"][0]["within"]["estimate"] == parts.within.estimate
    assert content["factors"][0]["flips"] == ["between"]
    assert any("whose interval includes zero" in line for line in content["factors"][0]["sentences"])
    # The split is the same model with one more column.
    direct = fit_mixed(
        found.within.formula,
        found.outcome.frame.assign(**split(found.outcome.frame, "typology", "model")),
    )
    slopes = direct.fixed.set_index("term")["estimate"]
    assert 0.1 * slopes["typology_within"] == pytest.approx(parts.within.estimate, rel=1e-6)


def test_bundled_gains_differ_in_distance_by_study_only() -> None:
    found = fit_factors(Request(within="model", robustness="none")).within
    assert "follows from study[Muennighoff2022_xmtf], so its slope above is wholly within models" in found.lines()[0]
    assert fit_factors(Request(within="language", robustness="none")).within.factors[0].within is None
