"""From records to model rows: every row is used or counted, and the default model follows the data."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.core.errors import CrossliftError, DesignError, FormulaError, UnknownNameError
from analysis.languages.distances import distance
from analysis.outcomes.build import Options, build_outcome
from analysis.outcomes.default_model import default_model
from analysis.outcomes.sources import refuse_several, source_words
from analysis.records.read import read_inputs
from tests.analysis.test_gains import records, row

LANGUAGES = ["de", "sw", "zh", "hi", "fi", "tr", "ar"]


def grid(**more: object) -> pd.DataFrame:
    rows = []
    for i, language in enumerate(["en", *LANGUAGES]):
        for j, task in enumerate(["xnli", "xcopa", "pawsx"]):
            for k, model in enumerate(["m1", "m2", "m3"]):
                base = 50 + 3 * i - 2 * j + k
                cell = {"target_task": task, "model": model, "params_m": 100 * 4**k, **more}
                rows.append(row("baseline", language, base, **cell))
                rows.append(
                    row("intermediate", language, base + 5 - 0.3 * i * (j + 1), intermediate_task="squad", **cell)
                )
    return records(rows)


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["gain", "gap", "score"])
@pytest.mark.parametrize("data", ["gains", "all"])
def test_rows_read_minus_rows_left_out_are_the_rows_of_the_model(outcome: str, data: str) -> None:
    from analysis.records import bundled as datasets

    sets = datasets.gain_sets() if data == "gains" else datasets.record_sets()
    read = read_inputs([entry.name for entry in sets])
    built = build_outcome(read.records, Options(outcome=outcome))
    assert built.read - sum(rows for _, rows in built.dropped) == len(built.frame)
    assert built.frame[outcome].notna().all()


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_the_account_adds_up_for_any_table(data: st.DataObject) -> None:
    table = grid()
    keep = data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table)))
    kept = table[keep].reset_index(drop=True)
    outcome = data.draw(st.sampled_from(["gain", "gap", "score"]))
    try:
        built = build_outcome(kept, Options(outcome=outcome))
    except CrossliftError as error:
        assert "Left out" in error.hint
        return
    assert built.read - sum(rows for _, rows in built.dropped) == len(built.frame)


def test_source_language_is_left_out_of_gains() -> None:
    built = build_outcome(grid(), Options())
    assert "eng" not in set(built.frame["language"])
    assert dict(built.dropped)["source language 'eng' itself: no transfer between languages"] == 9


def test_flags_exclude_unless_kept() -> None:
    table = grid()
    table.loc[table["language"] == "swa", "flags"] = "misprint;best-prompt"
    left = build_outcome(table, Options())
    assert "swa" not in set(left.frame["language"])
    assert sum(rows for reason, rows in left.dropped if reason.startswith("flag")) == 18
    kept = build_outcome(table, Options(keep=("misprint", "best-prompt")))
    assert "swa" in set(kept.frame["language"])
    with pytest.raises(UnknownNameError, match="unknown flag 'misprin'.*Did you mean 'misprint'"):
        build_outcome(table, Options(keep=("misprin",)))


def test_one_metric_of_the_same_predictions() -> None:
    table = pd.concat([grid(), grid(metric="f1"), grid(metric="em")], ignore_index=True)
    built = build_outcome(table, Options())
    assert set(built.frame["metric"]) == {"acc"}
    assert set(build_outcome(table, Options(metric="em")).frame["metric"]) == {"em"}
    with pytest.raises(UnknownNameError, match="unknown metric 'bleu'"):
        build_outcome(table, Options(metric="bleu"))


def test_averages_are_left_out() -> None:
    table = pd.concat(
        [grid(), records([row("baseline", "avg", 60), row("intermediate", "avg", 64)])], ignore_index=True
    )
    assert dict(build_outcome(table, Options()).dropped)["average over languages: not the score of a language"] == 2


def test_the_reference_of_a_gap_may_be_in_training() -> None:
    table = grid()
    table = table[table["method"] == "baseline"].reset_index(drop=True)
    table.loc[table["language"].isin(["eng", "deu"]), "flags"] = "in-training"
    built = build_outcome(table, Options(outcome="gap"))
    assert "deu" not in set(built.frame["language"])
    assert len(built.frame) == 6 * 9


def test_where_keeps_rows_and_says_how_many_went() -> None:
    built = build_outcome(grid(), Options(where="target_task == 'xnli' and typology < 0.6"))
    assert set(built.frame["target_task"]) == {"xnli"}
    assert built.dropped[-1][0] == "--where target_task == 'xnli' and typology < 0.6"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("target_tsk == 'xnli'", "cannot be evaluated.*Did you mean 'target_task'"),
        ("target_task ==", "cannot be read: at character 15"),
        ("target_task == 'nothing'", "leaves none of 63 rows"),
    ],
)
def test_where_mistakes(where: str, message: str) -> None:
    with pytest.raises((FormulaError, CrossliftError), match=message):
        build_outcome(grid(), Options(where=where))


def test_nothing_to_pair_says_what_a_gain_needs() -> None:
    table = grid()
    with pytest.raises(CrossliftError, match="no gain can be paired.*method 'intermediate'.*Left out: "):
        build_outcome(table[table["method"] == "baseline"].reset_index(drop=True), Options())


def test_reported_gains_are_taken_as_they_are() -> None:
    rows = [{"study": "s", "language": language, "gain": 1.0 + i} for i, language in enumerate(LANGUAGES)]
    built = build_outcome(records(rows), Options())
    assert built.frame["gain"].tolist() == [1.0 + i for i in range(7)]


def test_factors_are_joined() -> None:
    frame = build_outcome(grid(), Options()).frame
    assert frame["typology"].between(0, 1).all()
    assert frame.groupby("model")["log_params"].first().diff().dropna().tolist() == [2.0, 2.0]
    assert frame["log_corpus"].notna().all()
    assert set(frame["language_family"]) >= {"Indo-European", "Turkic", "Uralic"}


def test_default_model_has_the_factors_and_cells_of_the_data() -> None:
    frame = build_outcome(grid(), Options()).frame
    assert default_model(frame, "gain", ["typology"]).formula == (
        "gain ~ typology + (1|language) + (1|target_task) + (1|model)"
        " + (1|language:target_task) + (1|model:target_task)"
    )
    one_task = frame[frame["target_task"] == "xnli"]
    assert default_model(one_task, "gain", ["typology"]).formula == "gain ~ typology + (1|language) + (1|model)"


def test_shared_baselines_get_an_effect() -> None:
    second = grid()
    second = second[second["method"] == "intermediate"].assign(intermediate_task="mnli")
    frame = build_outcome(pd.concat([grid(), second], ignore_index=True), Options()).frame
    assert default_model(frame, "gain", ["typology"]).formula.endswith(" + (1|baseline)")


def seeds(count: int) -> pd.DataFrame:
    """Gains of two intermediate tasks, each repeated with other seeds."""
    parts = []
    for seed in range(1, count + 1):
        table = grid().assign(seed=str(seed))
        more = table[table["method"] == "intermediate"].assign(intermediate_task="mnli")
        parts += [table, more]
    return build_outcome(pd.concat(parts, ignore_index=True), Options()).frame


def test_training_runs_that_repeat_get_an_effect() -> None:
    """What was trained once is tested in every language and task: its luck is in all of these scores."""
    frame = seeds(3)
    assert frame["run"].nunique() == 3 * 2 * len(frame[["model", "target_task"]].drop_duplicates())
    assert frame.groupby("run")["language"].nunique().eq(len(LANGUAGES)).all()
    assert frame["baseline_run"].nunique() * 2 == frame["run"].nunique()
    runs = " + (1|run) + (1|baseline_run)"
    assert default_model(frame, "gain", ["typology"]).formula.endswith(" + (1|baseline)" + runs)
    one_arm = frame[frame["intermediate_task"] == "mnli"]
    formula = default_model(one_arm, "gain", ["typology"]).formula
    assert formula.endswith(" + (1|run)")  # each run has a baseline run of its own: one effect is both
    assert "run" not in default_model(seeds(1), "gain", ["typology"]).formula


def test_a_gain_that_is_stated_as_one_has_runs_of_its_own() -> None:
    """Beside gains of several seeds it would be dropped for want of a run."""
    paired = pd.concat([grid().assign(seed=str(seed)) for seed in (1, 2, 3)], ignore_index=True)
    stated = grid().query("method == 'intermediate'").assign(study="other", gain=3.0, score=float("nan"))
    frame = build_outcome(pd.concat([paired, stated], ignore_index=True), Options()).frame
    other = frame["study"] == "other"
    assert other.sum() == len(LANGUAGES) * 9
    assert frame[["run", "baseline_run"]].notna().all(axis=None)
    assert not set(frame.loc[other, "run"]) & set(frame.loc[~other, "run"])
    assert frame[other].groupby("run")["language"].nunique().eq(len(LANGUAGES)).all()


def test_scores_of_several_seeds_share_the_luck_of_their_runs() -> None:
    table = pd.concat([grid().assign(seed=str(seed)) for seed in (1, 2, 3)], ignore_index=True)
    frame = build_outcome(table, Options(outcome="score")).frame
    assert frame.groupby("run")["language"].nunique().eq(len(LANGUAGES)).all()
    assert frame["run"].nunique() == 2 * 3 * len(frame[["model", "target_task"]].drop_duplicates())
    assert default_model(frame, "score", ["typology"]).formula.endswith(" + (1|run)")
    once = build_outcome(grid(), Options(outcome="score")).frame
    assert "run" not in default_model(once, "score", ["typology"]).formula


def test_another_script_is_held_against_the_source_language_of_its_run() -> None:
    table = grid().query("method == 'intermediate'")
    latin = table[table["language"] == "deu"].assign(condition="script=Latn")
    frame = build_outcome(pd.concat([table, latin], ignore_index=True), Options(outcome="gap")).frame
    assert len(frame) == len(table) - (table["language"] == "eng").sum() + len(latin)


def test_a_run_is_one_in_whatever_script_it_was_tested() -> None:
    """A sweep tells two scripts of a language apart by the condition, beside what says how the model was trained."""
    table = grid()
    trained = table.assign(condition="control=steps:32")
    latin = trained[trained["language"] == "deu"].assign(condition="script=Latn; control=steps:32")
    frame = build_outcome(pd.concat([table, trained, latin], ignore_index=True), Options()).frame
    runs = frame.groupby(["model", "target_task", "run"]).size().reset_index()
    assert len(runs) == 2 * len(frame[["model", "target_task"]].drop_duplicates())
    assert sorted(set(runs[0])) == [len(LANGUAGES), len(LANGUAGES) + 1]


def test_a_factor_with_two_levels_is_a_fixed_effect() -> None:
    frame = build_outcome(grid(), Options()).frame
    two = frame[frame["model"] != "m3"]
    model = default_model(two, "gain", ["typology"])
    assert model.formula.startswith("gain ~ typology + model + (1|language) + (1|target_task)")
    assert "(1|model:target_task)" in model.formula
    assert model.notices == ("'model' has 2 levels, too few for a variance: it is a fixed effect.",)


def test_a_factor_that_the_predictors_tell_apart_is_left_out() -> None:
    frame = build_outcome(grid(), Options()).frame
    two = frame[frame["model"] != "m3"]
    model = default_model(two, "gain", ["log_params"])
    assert model.formula.startswith("gain ~ log_params + (1|language)")
    assert model.notices == ("'model' has 2 levels, too few for a variance: it is left out of the model.",)


def test_a_factor_that_is_not_always_stated_is_left_out() -> None:
    frame = build_outcome(grid(), Options()).frame
    frame.loc[0, "model"] = None
    model = default_model(frame, "gain", ["typology"])
    assert "(1|model)" not in model.formula
    assert model.notices == ("'model' is missing in 1 of 63 rows: it is left out of the model.",)


def test_unknown_outcome() -> None:
    with pytest.raises(UnknownNameError, match="unknown outcome 'gains'.*Did you mean 'gain'"):
        build_outcome(grid(), Options(outcome="gains"))


def test_languages_in_conditions_are_read_as_cells_are() -> None:
    rows = grid()
    every = build_outcome(rows, Options())
    for german in ("de", "deu", "German", "deu_Latn"):
        built = build_outcome(rows, Options(where=f"language != '{german}'"))
        assert set(built.frame["language"]) == set(every.frame["language"]) - {"deu"}
        assert built.dropped[-1] == (f"--where language != '{german}'", len(every.frame) - len(built.frame))
        only = build_outcome(rows, Options(where=f"language in ['{german}']"))
        assert set(only.frame["language"]) == {"deu"}
    with pytest.raises(FormulaError, match="compares 'language' with 'germn'.*German"):
        build_outcome(rows, Options(where="language == 'germn'"))


def test_a_condition_that_removes_nothing_says_so() -> None:
    built = build_outcome(grid(), Options(where="language != 'yo'"))
    assert built.dropped[-1] == ("--where language != 'yo'", 0)


def several_sources() -> pd.DataFrame:
    """Three languages trained on, each tested in eight."""
    tested = ["en", *LANGUAGES]
    rows = [
        row("", language, 90.0 if language == source else 60.0 - i - 2 * j, train_language=source)
        for j, source in enumerate(("en", "fi", "ar"))
        for i, language in enumerate(tested)
    ]
    return records(rows)


def test_with_several_training_languages_each_row_has_its_own_pair() -> None:
    scores = build_outcome(several_sources(), Options(outcome="score"))
    assert ("trained in the language it is tested in: no transfer between languages", 3) in scores.dropped
    expected = [
        distance(str(row.language), str(row.train_language)).distance
        for row in scores.frame[["language", "train_language"]].itertuples()
    ]
    assert scores.frame["typology"].tolist() == pytest.approx(expected)
    assert set(scores.frame.loc[scores.frame["train_language"] != "eng", "language"]) >= {"eng"}
    assert "3 languages trained on (English, Finnish, Arabic), 8 tested" in scores.notices[0]
    assert "(1|train_language)" in default_model(scores.frame, "score", ["typology"]).formula
    gaps = build_outcome(several_sources(), Options(outcome="gap"))
    assert (gaps.frame["score_source"] == 90.0).all() and len(gaps.frame) == 21  # against the source's own score
    with pytest.raises(DesignError, match="these rows were trained on 3"):
        refuse_several(gaps.frame, "a multiverse")
    alone = build_outcome(several_sources().query("train_language == 'fin'"), Options(outcome="gap"))
    assert alone.frame["language"].isin(["eng"]).any() and source_words(alone.frame, "eng") == "Finnish"
