"""Grids: what is read, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis.core.errors import CrossliftError
from analysis.store.grid import parse_seeds, read_grid
from runner.models.catalog import BUILT_IN, find_model
from runner.plan.grid import parse_grid

SMALL: dict[str, Any] = {"models": ["me5-small@3"], "targets": ["nusax"], "intermediate": ["none", "banking77:500"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modles": []}, "unknown key 'modles' in the grid. Did you mean 'models'?"),
        ({"models": []}, "the grid names no models. Add 'models: [NAME, …]'."),
        ({"models": ["me5-smal@3"]}, "unknown model 'me5-smal@3'. Did you mean 'me5-small@3'"),
        ({"models": [5]}, "5 is not a model. Write NAME, OWNER/NAME@COMMIT, or {name: OWNER/NAME, revision: COMMIT}."),
        ({"languages": []}, "the grid names no languages."),
        ({"intermediate": [{"task": "banking77", "examples": []}]}, "'banking77' has an empty list of examples."),
        ({"models": ["xlm"]}, "unknown model 'xlm'. Built in: me5-small@3, me5-small@6, me5-small, me5-small@12; else"),
        ({"models": ["a/b"]}, "model 'a/b' has no revision. Name the commit of the hub: a/b@COMMIT."),
        ({"models": ["a/b@main"]}, "the revision 'main' of model 'a/b' is not a commit. Give the 40 hexadecimal"),
        ({"models": [{"name": f"a/b@{'0' * 40}", "revision": "1" * 40}]}, "model 'a/b' has two revisions, '000"),
        ({"models": [{"name": "a/b", "revison": "x"}]}, "unknown key 'revison' of a model. Did you mean 'revision'?"),
        ({"models": [{"name": "a/b", "revision": "x", "params_m": -1}]}, "params_m of 'a/b' is -1."),
        ({"models": [{"name": "me5-small", "revision": "x"}]}, "'me5-small' is built in"),
        ({"targets": ["sib20"]}, "unknown task 'sib20'. Did you mean 'sib200'"),
        ({"targets": [{"tsk": "nusax"}]}, "names no task. Write NAME, or {task: NAME, examples: 500}."),
        ({"targets": [{"task": "nusax", "size": 3}]}, "unknown key 'size' in 'targets'. Keys: task, examples."),
        ({"targets": ["tatoeba:5"]}, "target 'tatoeba' is evaluated without training."),
        ({"targets": ["sib200-mlm"]}, "'sib200-mlm' trains on text alone, so it cannot be a target. Use it as an"),
        ({"intermediate": ["tatoeba"]}, "'tatoeba' has no training data, so it cannot be an intermediate task."),
        ({"intermediate": ["banking77:20000"]}, "'banking77' has 10,003 training examples, fewer than 20,000."),
        ({"intermediate": ["banking77:many"]}, "'many' is not a number of examples of 'banking77'."),
        ({"domains": ["bankng"]}, "unknown domain of the intermediate tasks 'bankng'. Did you mean 'banking'?"),
        ({"languages": ["de"]}, "language 'de' has no test data in nusax."),
        ({"languages": ["xx-nothing"]}, "xx-nothing"),
        ({"languages": [False]}, "YAML reads a language code as False. Quote it: 'no'."),
        ({"seeds": ["x"]}, "seed 'x' is not a whole number."),
        ({"seeds": []}, "the grid names no seeds."),
        ({"control": "step"}, "unknown control 'step'. Did you mean 'steps'?"),
        ({"training": 3}, "'training' is 3. It is a mapping"),
        ({"training": {"epoch": 3}}, "unknown key 'epoch' in 'training'. Did you mean 'epochs'?"),
        ({"training": {"epochs": 0}}, "epochs in 'training' is 0. It is a whole number of at least 1."),
        ({"training_target": {"learning_rate": "fast"}}, "learning_rate in 'training_target' is 'fast'."),
        ({"training": {"method": "ful"}}, "unknown method 'ful' in 'training'. Did you mean 'full'?"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossliftError) as caught:
        parse_grid({**SMALL, **change})
    assert words in str(caught.value)


def test_languages_are_found_under_the_codes_of_each_task() -> None:
    grid = parse_grid({**SMALL, "targets": ["nusax", "sib200"], "languages": ["en", "zh", "yue_Hant", "jv"]})
    assert [target.tested.codes for target in grid.targets] == [
        ("eng", "jav"),
        ("eng_Latn", "zho_Hans", "zho_Hant", "yue_Hant", "jav_Latn"),
    ]
    assert grid.notices == ("'nusax' has no test data in zh, yue_Hant: left out.",)


def test_sizes_cross_intermediate_tasks_without_their_own() -> None:
    grid = parse_grid({**SMALL, "intermediate": ["banking77:500", "nollysenti", "none"], "sizes": [100, "all"]})
    assert [(arm.task.name, arm.examples) for arm in grid.arms] == [
        ("banking77", 500), ("nollysenti", 100), ("nollysenti", 1302),
    ]  # fmt: skip


def test_domains_choose_intermediate_tasks() -> None:
    grid = parse_grid({**SMALL, "intermediate": ["banking77", "nollysenti"], "domains": ["film reviews"]})
    assert [arm.task.name for arm in grid.arms] == ["nollysenti"]


def test_seeds() -> None:
    assert parse_seeds("2-4") == (2, 3, 4)
    assert parse_seeds(7) == (7,)
    assert parse_seeds([1, "2", 1]) == (1, 2)


def test_training_of_one_kind_of_stage_builds_on_the_common_one() -> None:
    grid = parse_grid({**SMALL, "training": {"epochs": 5}, "training_target": {"learning_rate": "1e-4"}})
    assert (grid.training_target.epochs, grid.training_target.learning_rate) == (5, 1e-4)
    assert grid.training_intermediate.learning_rate == 5e-5


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text("models: [a\n")
    with pytest.raises(CrossliftError, match="'grid.yaml', line 2: not YAML"):
        read_grid(path)
    path.write_text("- a\n")
    with pytest.raises(CrossliftError, match="does not hold a mapping. Keys: models"):
        read_grid(path)
    with pytest.raises(CrossliftError, match="there is no grid .*gird.yaml'. Did you mean 'grid.yaml'"):
        read_grid(tmp_path / "gird.yaml")


def test_a_local_model_is_identified_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "notes.md").write_text("one")
    first = find_model(str(tmp_path))
    (tmp_path / "notes.md").write_text("two")
    assert find_model(str(tmp_path)) == first
    (tmp_path / "config.json").write_text("{} ")
    assert find_model(str(tmp_path)).revision != first.revision


def test_depths_of_one_checkpoint_are_labelled_as_such() -> None:
    assert BUILT_IN["me5-small@12"] is BUILT_IN["me5-small"]
    assert {card.family for card in BUILT_IN.values()} == {"me5-small truncations"}
    assert "3 of 12 layers" in BUILT_IN["me5-small@3"].note
    assert BUILT_IN["me5-small"].params_m == 117.5


def test_a_model_of_the_hub_is_named_with_its_commit() -> None:
    commit = "0123456789abcdef" * 2 + "01234567"
    assert find_model(f"a/b@{commit}") == find_model({"name": "a/b", "revision": commit})
    assert find_model(f"a/b@{commit}").source == "a/b"
