"""Scores on the dev split, and the state with the best one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis.core.errors import CrossliftError
from analysis.store.layout import Folder
from runner.kinds.registry import find_kind
from runner.plan.build import build_plan
from runner.plan.grid import parse_grid
from runner.plan.training import Training
from runner.store.store import Store
from runner.training.dev import Dev
from runner.training.snapshot import Keeper
from runner.training.train import train
from tests.runner.executors.world import make_world, run_world
from tests.runner.training.small import bench, texts
from tests.runner.training.test_train import values

STEPS, EVERY = 11, 3
KIND = find_kind("classification")


def scripted(own: Any, scores: Sequence[float], others: int = 0) -> Dev:
    """A dev split with the scores that are given, of the training texts or of as many others."""
    features = KIND.encode(own.backbone, texts(40, others) if others else texts(40), 64, False)
    left = iter(scores)
    return Dev(features, lambda outputs: next(left), EVERY)


def run(own: Any, training: Training, dev: Dev | None = None, keeper: Keeper | None = None, tell: Any = None) -> Any:
    features = KIND.encode(own.backbone, texts(40), 64, True)
    told = tell or (lambda step, loss: None)
    return train(own, own.start, KIND, features, 2, training, STEPS, 3, "task", told, keeper, dev)


@pytest.mark.parametrize("method", ["full", "frozen-embeddings", "lora"])
def test_the_best_state_is_the_one_at_its_step(tmp_path: Path, method: Any) -> None:
    training = Training(method=method, learning_rate=5e-3, batch_size=8, dropout=0.2)
    own, at = bench(tmp_path / "a"), {}

    def parameters() -> list[torch.Tensor]:
        return [p.detach().clone() for p in own.module.parameters() if p.requires_grad]

    def note(step: int, loss: float) -> None:
        at[step - 1] = parameters()  # a loss is told before its step is made

    last = run(own, training, tell=note)
    at[STEPS] = parameters()
    own = bench(tmp_path / "b")
    found = run(own, training, scripted(own, [1.0, 3.0, 3.0, 2.0]))
    assert found.dev == ((3, 1.0), (6, 3.0), (9, 3.0), (11, 2.0))  # the last step too
    assert (found.kept, last.kept, last.dev) == (6, STEPS, ())  # the first of equal ones
    assert found.losses == last.losses  # looking at the dev split changes nothing
    now = parameters()
    assert all(torch.equal(a, b) for a, b in zip(now, at[6], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(now, at[STEPS], strict=True))
    assert (found.state.words.factor > last.state.words.factor) == (method == "full")


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_stage_in_pieces_keeps_the_same_state(tmp_path: Path, method: Any) -> None:
    training = Training(method=method, learning_rate=5e-3, batch_size=8, dropout=0.2)
    own = bench(tmp_path / "a")
    whole = run(own, training, scripted(own, [1.0, 3.0, 2.0, 0.0]))
    own, place, left = bench(tmp_path / "b"), tmp_path / "snapshot", [8]

    def stopping() -> bool:
        left[0] -= 1
        return left[0] <= 0

    with pytest.raises(SystemExit):
        run(own, training, scripted(own, [1.0, 3.0]), Keeper(place, stopping=stopping))
    own = bench(tmp_path / "b")
    again = run(own, training, scripted(own, [2.0, 0.0]), Keeper(place))
    assert (again.dev, again.kept, again.losses) == (whole.dev, whole.kept, whole.losses)
    mine, theirs = values(again.state), values(whole.state)
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_pieces_of_the_dev_split_alone_decay_as_all_others(tmp_path: Path) -> None:
    training = Training(learning_rate=5e-3, batch_size=8, dropout=0.0, weight_decay=0.1)
    own = bench(tmp_path)
    last = run(own, training).state.words
    all_pieces = np.arange(len(own.words))
    found = run(own, training, scripted(own, [1.0, 2.0, 3.0, 4.0], others=99)).state.words
    assert found.ids is not None and last.ids is not None
    assert len(found.ids) >= len(last.ids)
    np.testing.assert_allclose(found.take(all_pieces), last.take(all_pieces), atol=1e-5)


def manifests(place: Path) -> list[dict[str, Any]]:
    return [row for row in Store.open(place / "store").manifests() if row["kind"] in ("target", "intermediate")]


@pytest.mark.parametrize("select", ["last", "best-dev"])
def test_a_sweep_keeps_its_dev_scores(tmp_path: Path, select: str) -> None:
    training = {"epochs": 3, "batch_size": 8, "learning_rate": 5e-3, "dropout": 0, "select": select}
    make_world(tmp_path, training=training, seeds="1", intermediate="none")
    with (tmp_path / "data" / "animals.tsv").open("a") as file:
        examples = texts(30, 5)
        labels: Any = examples.labels
        file.writelines(f"en\tdev\t{t}\t{('cat', 'dog')[v]}\n"
                        for t, v in zip(examples.fields["text"], labels, strict=True))  # fmt: skip
    specs = tmp_path / "data" / "tasks.toml"
    specs.write_text(specs.read_text().replace("[animals]", '[animals]\nvalidation = "dev"'))
    assert run_world(tmp_path) == 0
    (found,) = manifests(tmp_path)
    steps = [step for step, _ in found["dev"]["scores"]]
    assert steps == ([8, 16, 24] if select == "best-dev" else [24])
    best = max(score for _, score in found["dev"]["scores"])
    assert dict(found["dev"]["scores"])[found["dev"]["kept"]] == best
    assert (tmp_path / "store" / Folder.CELLS).is_dir()


def test_without_a_dev_split_there_is_none_in_the_manifest(tmp_path: Path) -> None:
    make_world(tmp_path, seeds="1", intermediate="none")
    assert run_world(tmp_path) == 0
    assert all("dev" not in found for found in manifests(tmp_path))


GRID: dict[str, Any] = {"models": ["me5-small@3"], "languages": ["en"], "targets": ["xnli"]}


def test_the_choice_is_part_of_the_identity_where_it_matters() -> None:
    def stage(**training: Any) -> Any:
        (found,) = (s for s in build_plan(parse_grid({**GRID, "training": training})).stages if s.kind == "target")
        return found

    assert stage(select="last", dev_every=7).id == stage().id
    best = [stage(select="best-dev"), stage(select="best-dev", dev_every=100)]
    assert len({stage().id, *(one.id for one in best)}) == 3
    assert best[1].inputs["training"]["dev_every"] == 100
    assert Training().steps_between(100) == 4


@pytest.mark.parametrize("change", [{"targets": ["squad"]}, {"targets": ["xnli"], "intermediate": ["sib200-mlm"]}])
def test_a_task_without_a_dev_split_is_refused_when_planning(change: dict[str, Any]) -> None:
    with pytest.raises(CrossliftError, match="has no dev split"):
        build_plan(parse_grid({**GRID, **change, "training": {"select": "best-dev"}}))
