"""What to run next: the ranking, the additions, and the grid that the runner reads."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.core.errors import CrossliftError
from analysis.questions.power import rank_next
from analysis.questions.power.next_step import CostModel, read_cost
from tests.analysis.power.test_power import components

GRID: dict[str, Any] = {"models": ["me5-small@3"], "targets": ["nusax"], "intermediate": ["none", "banking77:500"],
                        "languages": ["ind", "jav", "sun", "min", "ace"], "seeds": [1]}  # fmt: skip
OFFER: dict[str, Any] = {"languages": ["ban", "bbc"], "seeds": [2, 3], "targets": ["sib200"], "models": ["me5-small@6"]}


def test_the_ranking_is_variance_per_hour_by_hand() -> None:
    own, cost = components(), CostModel()
    found = rank_next(GRID, OFFER, own, cost, steps=1)
    import numpy as np

    from analysis.languages import distances as typology

    def variance(codes: list[str], tasks: int, models: int, seeds: int) -> float:
        x = typology.frame(codes)["distance"].to_numpy(float)
        level = own["language"] + own["language:target_task"] / tasks + own["residual"] / (tasks * models * seeds)
        return 0.01 * level / float(((x - x.mean()) ** 2).sum())

    before = variance(GRID["languages"], 1, 1, 1)
    after = {"ban": variance([*GRID["languages"], "ban"], 1, 1, 1), "2": variance(GRID["languages"], 1, 1, 2),
             "sib200": variance(GRID["languages"], 2, 1, 1),
             "me5-small@6": variance(GRID["languages"], 1, 2, 1)}  # fmt: skip
    # One billion parameters and a thousand examples each: a stage is an hour, a score a third; baselines double.
    hours = {"ban": 2 / 3, "2": 1 + 2 * (1 + 5 / 3), "sib200": 2 * (1 + 5 / 3), "me5-small@6": 1 + 2 * (1 + 5 / 3)}
    steps = {step.name: step for step in found.ranking}
    assert set(steps) == {"ban", "bbc", "2", "sib200", "me5-small@6"}
    for name, expected in after.items():
        assert steps[name].hours == pytest.approx(hours[name])
        assert steps[name].std_error_after == pytest.approx(np.sqrt(expected))
        assert steps[name].per_hour == pytest.approx((before - expected) / hours[name])
    rates = [step.per_hour for step in found.ranking]
    assert rates == sorted(rates, reverse=True)


def test_additions_follow_one_another() -> None:
    found = rank_next(GRID, OFFER, components(), steps=10)
    assert len(found.steps) == 6  # all that is offered
    for first, second in pairwise(found.steps):
        assert second.std_error_before == pytest.approx(first.std_error_after)
    assert len({(step.kind, step.name) for step in found.steps}) == 6


def test_a_budget_bounds_the_hours() -> None:
    found = rank_next(GRID, OFFER, components(), steps=10, budget=2.0)
    assert found.steps
    assert sum(step.hours for step in found.steps) <= 2.0
    assert not rank_next(GRID, OFFER, components(), budget=0.01).steps


def test_an_expensive_seed_falls_behind() -> None:
    own = components(language=0.1, residual=200.0, **{"language:target_task": 0.1})
    offer = {"languages": ["ban"], "seeds": [2]}
    cheap = rank_next(GRID, offer, own, CostModel(train=0.001, evaluate=0.3))
    dear = rank_next(GRID, offer, own, CostModel(train=1000.0, evaluate=0.3))
    assert dear.ranking[0].kind == "language"
    assert cheap.ranking[0].per_hour >= dear.ranking[0].per_hour


def test_the_plan_is_a_grid_of_the_runner(tmp_path: Path) -> None:
    from analysis.store.grid import read_grid
    from runner.plan.build import build_plan
    from runner.plan.grid import parse_grid

    found = rank_next(GRID, OFFER, components(), steps=10)
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(dict(found.grid)))
    bigger = build_plan(parse_grid(read_grid(path)))
    smaller = build_plan(parse_grid(GRID))
    assert {stage.id for stage in smaller.stages} < {stage.id for stage in bigger.stages}
    assert bigger.grid.seeds == (1, 2, 3)
    assert {card.name for card in bigger.grid.models} == {"me5-small@3", "me5-small@6"}
    assert {target.task.name for target in bigger.grid.targets} == {"nusax", "sib200"}


def test_entries_stay_as_they_were_written() -> None:
    model = {"name": "a/b", "revision": "c", "params_m": 100}
    found = rank_next(GRID, {"models": [model], "targets": ["sib200:300"]}, components(), steps=5)
    assert found.grid["models"] == ["me5-small@3", model]
    assert found.grid["targets"] == ["nusax", "sib200:300"]
    assert found.grid["intermediate"] == GRID["intermediate"]


def test_costs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "cost.yaml"
    path.write_text("train: 0.5\nevaluate: 0.2\nparams_m: {me5-small@3: 100}\nexamples: {nusax: 500}\n")
    cost = read_cost(path)
    assert cost.measured
    assert cost.fine_tune("me5-small@3", "nusax") == pytest.approx(0.5 * 0.1 * 0.5)
    assert cost.test("me5-small@3", "nusax") == pytest.approx(0.2 * 0.1)
    assert not CostModel().measured


@pytest.mark.parametrize(
    ("grid", "offer", "words"),
    [
        ({**GRID, "languages": "all"}, OFFER, "includes all languages"),
        ({**GRID, "languages": ["ind", "jav"]}, OFFER, "the grid has 2 languages"),
        (GRID, {"language": ["ban"]}, "unknown key 'language' in the offer. Did you mean 'languages'?"),
        (GRID, {"languages": ["ind"]}, "does not contain anything that is not in the grid"),
    ],
)
def test_what_cannot_be_ranked(grid: dict[str, Any], offer: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossliftError) as error:
        rank_next(grid, offer, components())
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("trains: 1", "Did you mean 'train'"), ("train: -1", "train in 'cost.yaml' is -1. It is a positive number."),
     ("- a", "does not hold a mapping"),
     ("params_m: {a: x}", "params_m of 'a' in 'cost.yaml' is 'x'"), ("a: [", "'cost.yaml', line 1: not YAML")],
)  # fmt: skip
def test_broken_costs(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "cost.yaml").write_text(text)
    with pytest.raises(CrossliftError) as error:
        read_cost(tmp_path / "cost.yaml")
    assert words in str(error.value)
    with pytest.raises(CrossliftError, match="there is no file"):
        read_cost(tmp_path / "none.yaml")
