"""Choices, their combinations, and what is left out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.core.errors import CrossliftError
from analysis.languages.distances import MEASURES
from analysis.outcomes.build import Options
from analysis.questions.multiverse import Choice, ChoiceOption, default_choices, fix_choices, read_choices
from analysis.questions.multiverse.run import MultiverseRequest, open_choices, open_table
from analysis.questions.multiverse.space import build_space


def choice(name: str, *options: str) -> Choice:
    return Choice(name, "?", tuple(ChoiceOption(option, "because") for option in options))


FEW = (choice("measure", "syntactic", "genetic"), choice("recipe", "knn", "shared"),
       choice("kernel", "none", "related"),
       choice("df_method", "satterthwaite", "kenward-roger"))  # fmt: skip


@pytest.fixture(scope="module")
def bundled():
    return open_table(MultiverseRequest())


def test_combinations_add_up() -> None:
    space = build_space(FEW)
    assert space.combinations == 16
    assert space.possible == len(space.table) == 16 - sum(n for _, n in space.excluded)
    options = [space.options(i) for i in range(len(space.table))]
    assert not any(o["measure"] == "genetic" and o["recipe"] == "shared" for o in options)
    assert not any(o["df_method"] == "kenward-roger" and o["kernel"] == "related" for o in options)
    assert len({tuple(o.values()) for o in options}) == 9  # 3 measures with recipes x 3 kernels with df
    assert options[0] == {"measure": "syntactic", "recipe": "knn", "kernel": "none", "df_method": "satterthwaite"}


def test_a_draw_has_the_default_and_no_repeats_and_depends_on_the_seed() -> None:
    drawn = build_space(FEW, 5, seed=3)
    assert len(np.unique(drawn.table, axis=0)) == 5
    assert (drawn.table[0] == 0).all()
    np.testing.assert_array_equal(drawn.table, build_space(FEW, 5, seed=3).table)
    assert any(not np.array_equal(drawn.table, build_space(FEW, 5, seed=s).table) for s in range(4, 8))


def test_too_many_and_none_are_refused() -> None:
    with pytest.raises(CrossliftError, match="every choice has one option"):
        build_space([])
    many = [choice(f"c{i}", *map(str, range(10))) for i in range(7)]
    with pytest.raises(CrossliftError, match=r"10,000,000 combinations are more than 5,000,000.*Fix some choices"):
        build_space(many)
    with pytest.raises(CrossliftError, match="at least two specifications, not 1"):
        build_space(FEW, 1)


def test_choices_follow_from_the_rows(bundled) -> None:
    table, _ = bundled
    found = {item.name: item for item in default_choices(table.frame, "gain")}
    assert set(found["tasks"].names) == {"all", "without xcopa", "without xnli", "without xstory_cloze",
                                         "without xwinograd"}  # fmt: skip
    assert found["source"].default == "without"
    assert all(option.why for item in found.values() for option in item.options)
    one_task = table.frame[table.frame["target_task"] == "xnli"]
    alone = {item.name for item in default_choices(one_task, "gain")}
    assert "tasks" not in alone
    assert "adjusted" not in {o for item in default_choices(one_task, "gap") for o in item.names}


def test_choices_are_restricted_by_text_and_file(tmp_path: Path) -> None:
    fixed = fix_choices(FEW, ["measure=genetic", "df_method=kenward-roger,satterthwaite"])
    assert fixed[0].names == ("genetic",)
    assert fixed[3].default == "kenward-roger"
    for name, text in (("c.yaml", "measure: genetic\nkernel: [null, related]\n"),
                       ("c.toml", 'measure = "genetic"\nkernel = ["none", "related"]\n')):  # fmt: skip
        (tmp_path / name).write_text(text)
        read = read_choices(tmp_path / name, FEW)
        assert read[0].names == ("genetic",)
        assert read[2].names == ("none", "related")
        assert read[1] == FEW[1]


@pytest.mark.parametrize(
    ("fixed", "words"),
    [("measure", "does not fix a choice"), ("mesure=genetic", "unknown choice 'mesure'. Did you mean 'measure'"),
     ("measure=genetics", "unknown option of 'measure' 'genetics'. Did you mean 'genetic'"),
     ("measure=", "needs at least one option")],
)  # fmt: skip
def test_what_is_wrong_is_said(fixed: str, words: str) -> None:
    with pytest.raises(CrossliftError) as error:
        fix_choices(FEW, [fixed])
    assert words in str(error.value)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CrossliftError, match="there is no file"):
        read_choices(tmp_path / "none.yaml", FEW)
    (tmp_path / "a.yaml").write_text("a: [")
    with pytest.raises(CrossliftError, match="neither YAML nor TOML"):
        read_choices(tmp_path / "a.yaml", FEW)
    (tmp_path / "b.yaml").write_text("- a")
    with pytest.raises(CrossliftError, match="does not contain a mapping"):
        read_choices(tmp_path / "b.yaml", FEW)


def test_bundled_gains_have_tens_of_thousands() -> None:
    choices, space = open_choices(MultiverseRequest())
    assert {item.name for item in choices} == {
        "measure", "features", "recipe", "coverage", "outcome", "studies", "tasks", "source", "training", "effects",
        "kernel", "covariate", "df_method",
    }  # fmt: skip
    assert space.possible > 50_000
    assert len(space.table) == 2000


def test_a_source_of_features_is_crossed_only_with_what_it_has() -> None:
    _, space = open_choices(MultiverseRequest(limit=None))
    options = [space.options(i) for i in range(len(space.table))]
    assert {o["measure"] for o in options if o["features"] == "grambank"} == {"syntactic", "featural", "morphological"}
    assert {o["measure"] for o in options if o["features"] == "uriel"} == {*MEASURES}
    assert {(o["recipe"], o["coverage"]) for o in options if o["features"] != "uriel"} == {("knn", "any")}
    reasons = dict(space.excluded)
    assert reasons["no source of features has every measure"] > 0
    assert sum(reasons.values()) + space.possible == space.combinations
    (fixed,) = [
        c for c in open_choices(MultiverseRequest(options=Options(source="grambank")))[0] if c.name == "features"
    ]
    assert fixed.names == ("grambank",)
