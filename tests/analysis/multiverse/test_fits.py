"""Fits of specifications: against lme4 and its companions, and against ``fit_mixed``."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.core.errors import CrossliftError
from analysis.languages.distances import distances
from analysis.outcomes.build import Options
from analysis.questions.multiverse.run import MultiverseRequest, open_table
from analysis.questions.multiverse.workers import fit_all
from tests.conftest import ROOT
from tests.watch import audit, written

FOLDER = ROOT / "validation" / "multiverse"
# Searches of both stop within about 1e-5 of a standard error of the minimum; lmerTest differentiates by finite
# differences, which the degrees of freedom feel.
ESTIMATE, DF = 5e-5, 2e-4


@pytest.fixture(scope="module")
def pinned():
    reference = json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))["fits"]
    specs = pd.read_csv(FOLDER / "data" / "specifications.csv", dtype={"kept": str})
    return reference, specs.assign(features="uriel")  # drawn when URIEL was the one source of features


@pytest.fixture(scope="module")
def bundled():
    table, space = open_table(MultiverseRequest(fixed=("kernel=none",), limit=None))
    return table, [choice.name for choice in space.choices]


@pytest.fixture(scope="module")
def ours(pinned, bundled):
    _, specs = pinned
    table, names = bundled
    return fit_all(table, specs[names].to_dict(orient="records"))


def test_a_hundred_specifications_agree_with_lme4(pinned, ours) -> None:
    reference, _ = pinned
    assert len(reference) == len(ours) == 100
    for theirs, own in zip(reference, ours, strict=True):
        assert own.fit is not None
        assert own.fit.n_obs == theirs["n_obs"]
        # Estimates are per 0.1 of distance; they are compared in units of their own standard error.
        assert abs(10 * own.fit.estimate - theirs["estimate"]) < ESTIMATE * theirs["std_error"], theirs
        assert own.fit.std_error * 10 == pytest.approx(theirs["std_error"], rel=ESTIMATE), theirs


def test_degrees_of_freedom_agree_with_lmertest_and_pbkrtest(pinned, ours) -> None:
    reference, _ = pinned
    for theirs, own in zip(reference, ours, strict=True):
        assert own.fit is not None
        assert own.fit.df == pytest.approx(theirs["df"], rel=DF), theirs
    assert {theirs["df_method"] for theirs in reference} == {"satterthwaite", "kenward-roger"}
    assert sum(theirs["singular"] for theirs in reference) == sum(own.fit.singular for own in ours)


def test_formulas_and_rows_are_those_that_were_pinned(pinned, bundled, ours) -> None:
    _, specs = pinned
    table, names = bundled
    assert [item.formula for item in ours] == specs["formula"].tolist()
    for options, kept in zip(specs[names].to_dict(orient="records"), specs["kept"], strict=True):
        assert "".join("1" if one else "0" for one in table.specify(options).kept) == kept


@pytest.mark.parametrize("kernel", ["none", "related"])
def test_a_fit_is_that_of_fit_mixed(bundled, kernel: str) -> None:
    table, _ = bundled
    options = {"measure": "featural", "training": "source", "covariate": "corpus", "kernel": kernel, "outcome": "logit"}
    found = fit_all(table, [options])[0].fit
    spec = table.specify(options)
    rows = table.frame[spec.kept].copy()
    rows["outcome"], rows["typology"] = table.values("logit")[spec.kept], spec.x[spec.kept]
    covariance = None
    if kernel == "related":
        labels = table.languages
        here = np.unique(table.codes[spec.kept])
        names = [labels[i] for i in here]
        covariance = {"language": pd.DataFrame(table.kernel(here), index=names, columns=names)}
    whole = analysis.fit_mixed(spec.model.text, rows, covariance=covariance).fixed.set_index("term").loc["typology"]
    assert found.estimate * 10 == pytest.approx(whole["estimate"], rel=1e-4)
    assert found.std_error * 10 == pytest.approx(whole["std_error"], rel=1e-4)
    assert found.df == pytest.approx(whole["df"], rel=1e-3)
    assert found.p_value == pytest.approx(whole["p_value"], rel=1e-3)


def test_training_runs_have_their_effect_where_seeds_repeat() -> None:
    request = MultiverseRequest(data=("crosslift_mini",), fixed=("kernel=none",), limit=2)
    table, _ = open_table(replace(request, options=Options(where="target_task == 'nusax'")))
    spec = table.specify({})
    assert {"run", "baseline_run"} <= set(spec.model.groups)
    rows = table.frame[spec.kept].assign(outcome=table.values("points")[spec.kept], typology=spec.x[spec.kept])
    whole = analysis.fit_mixed(spec.model.text, rows).fixed.set_index("term").loc["typology"]
    found = fit_all(table, [{}])[0].fit
    assert found.estimate * 10 == pytest.approx(whole["estimate"], rel=1e-4)
    assert found.df == pytest.approx(whole["df"], rel=1e-3)


def test_the_outcomes_are_what_they_say(bundled) -> None:
    table, _ = bundled
    frame = table.frame
    after, before = frame["score_with"], frame["score_without"]
    np.testing.assert_allclose(table.values("points"), after - before, atol=1e-9)
    np.testing.assert_allclose(table.values("error"), 100 * (after - before) / (100 - before))
    share_after, share_before = after / 100, before / 100
    odds = np.log(share_after / (1 - share_after)) - np.log(share_before / (1 - share_before))
    np.testing.assert_allclose(table.values("logit"), odds, rtol=1e-9)
    spread = pd.Series(table.values("standardized")).groupby(frame["target_task"].to_numpy()).std()
    np.testing.assert_allclose(spread, 1.0)


def test_a_specification_without_rows_says_why(bundled) -> None:
    table, _ = bundled
    small = table.__class__(
        table.frame[table.frame["language"].isin(["deu", "fra", "zho"])].reset_index(drop=True), "gain"
    )
    found = fit_all(small, [{"measure": "syntactic"}])[0]
    assert found.fit is None
    assert found.reason == "fewer than 5 languages remain."
    with pytest.raises(CrossliftError, match="unknown column 'log_param'. Did you mean 'log_params'"):
        table.__class__(table.frame, "gain", moderators=("log_param",))


def test_the_same_numbers_on_two_processes(bundled, monkeypatch) -> None:
    from analysis.questions.multiverse import workers as work

    table, _ = bundled
    _, space = open_table(MultiverseRequest(fixed=("tasks=without xnli", "training=source"), limit=12))
    specs = [space.options(i) for i in range(12)]
    alone = fit_all(table, specs)
    monkeypatch.setattr(work, "PARALLEL", 2)
    with audit() as events:
        both = fit_all(table, specs, jobs=2)
    assert written(events) == []  # rows and fits go through pipes
    assert [item.fit for item in alone] == [item.fit for item in both]
    assert [item.key for item in alone] == [item.key for item in both]


def test_distances_of_another_source_are_those_of_a_fit() -> None:
    table, _ = open_table(MultiverseRequest(limit=2))
    rows = table.specify({"features": "grambank", "measure": "featural"})
    of = {item.code: item.distance for item in distances(table.languages, source_data="grambank")}
    expected = table.frame["language"].map(of).to_numpy(dtype=float)
    np.testing.assert_array_equal(rows.x, expected)
    assert rows.kept.sum() < table.specify({}).kept.sum()
    assert not np.isnan(rows.x[rows.kept]).any()
