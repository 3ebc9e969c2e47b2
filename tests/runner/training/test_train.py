"""Training and evaluation of every kind of task on tiny models made on the spot."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from runner.kinds.examples import Examples
from runner.kinds.features import unknown_share
from runner.kinds.registry import find_kind
from runner.plan.training import Training
from runner.training import train as training_module
from runner.training.evaluate import evaluate
from runner.training.failure import StageError
from runner.training.state import State, load_state
from runner.training.train import train
from tests.runner.training.small import bench, choices, pairs, questions, sentences, texts

FAST = Training(learning_rate=5e-3, batch_size=8, dropout=0.0)


def trained(own: Any, kind: str, examples: Examples, steps: int, training: Training = FAST, seed: int = 1) -> State:
    found = find_kind(kind)
    features = found.encode(own.backbone, examples, 64, True)
    return train(own, own.start, found, features, 2, training, steps, seed, "task").state


def predicted(own: Any, state: State, kind: str, examples: Examples) -> Any:
    found = find_kind(kind)
    features = found.encode(own.backbone, examples, 64, False)
    return found.predictions(evaluate(own, state, found, [features], 2)[0], features, examples)


def values(state: State) -> dict[str, torch.Tensor]:
    rows = {} if state.words.rows is None else {"words": state.words.rows}
    return {**state.weights, **state.adapter, **state.head, **rows}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bert", "xlm-roberta", "llama", "t5"])
def test_every_architecture_learns_what_is_plain(tmp_path: Path, model: str) -> None:
    own = bench(tmp_path, model)
    assert own.backbone.pooling == ("last" if model == "llama" else "mean")
    state = trained(own, "classification", texts(160), 120)
    test = texts(60, 9)
    assert np.mean(predicted(own, state, "classification", test) == test.labels) > 0.85


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "examples"), [("pair", pairs), ("tagging", sentences), ("choice", choices), ("qa", questions)]
)
def test_every_kind_learns(tmp_path: Path, kind: str, examples: Any) -> None:
    own, data = bench(tmp_path), examples(48)
    state = trained(own, kind, data, 150)
    found = predicted(own, state, kind, data)
    if kind == "tagging":
        assert [len(tags) for tags in found] == [len(words) for words in data.fields["tokens"]]
        right = np.concatenate(found) == np.concatenate(list(data.labels))  # type: ignore[arg-type]
    elif kind == "qa":
        right = np.array([own.text in accepted for own, accepted in zip(found, data.labels, strict=True)])  # type: ignore[arg-type]
    else:
        right = found == data.labels
    assert np.mean(right) > 0.85


def test_masked_pieces_are_an_intermediate_task(tmp_path: Path) -> None:
    own, kind = bench(tmp_path), find_kind("mlm")
    features = kind.encode(own.backbone, texts(60), 64, True)
    found = train(own, own.start, kind, features, len(features.notes), FAST, 60, 1, "text")
    assert np.mean(found.losses[-10:]) < 0.9 * np.mean(found.losses[:5])
    masked = [piece == own.backbone.tokenizer.mask_token_id for item in features.ids for piece in item]
    assert 0.05 < np.mean(masked) < 0.2


@pytest.mark.parametrize("method", ["full", "frozen-embeddings", "lora"])
def test_one_seed_gives_the_same_bytes_whatever_ran_before(tmp_path: Path, method: str) -> None:
    training = Training(method=method, learning_rate=5e-3, batch_size=8, dropout=0.1)
    own = bench(tmp_path)
    one = trained(own, "classification", texts(30), 8, training)
    other = trained(own, "classification", texts(30), 8, training, seed=2)
    again = trained(own, "classification", texts(30), 8, training)
    for name, value in values(one).items():
        assert torch.equal(value, values(again)[name]), name
    assert any(not torch.equal(value, values(other)[name]) for name, value in values(one).items())
    assert bool(one.adapter) == (method == "lora")
    assert one.words.changed == (method == "full")


@pytest.mark.parametrize("method", ["full", "frozen-embeddings", "lora"])
def test_a_checkpoint_gives_back_what_was_saved(tmp_path: Path, method: str) -> None:
    training = Training(method=method, learning_rate=5e-3, batch_size=8)
    own = bench(tmp_path)
    state = trained(own, "classification", texts(30), 8, training)
    test = texts(40, 7)
    before = outputs(own, state, test)
    (tmp_path / "saved").mkdir()
    state.save(tmp_path / "saved")
    pristine = outputs(own, State(own.start.words, task="task", head=state.head), test)
    after = outputs(own, load_state(tmp_path / "saved", own.words, "cpu"), test)
    np.testing.assert_array_equal(before, after)
    assert not np.allclose(pristine, before, atol=1e-4)


def outputs(own: Any, state: State, test: Examples) -> Any:
    """Representations of texts, pooled."""
    kind = find_kind("retrieval")
    both = Examples({"source": test.fields["text"], "target": test.fields["text"][:1]}, None, test.ids)
    features = kind.encode(own.backbone, both, 64, False)
    return kind.predictions(evaluate(own, state, kind, [features], 1)[0], features, both)[0]


def test_a_second_stage_starts_where_the_first_ended(tmp_path: Path) -> None:
    own, kind = bench(tmp_path), find_kind("classification")
    first = trained(own, "classification", texts(60), 60)
    features = kind.encode(own.backbone, texts(60), 64, True)
    again = train(own, first, kind, features, 2, FAST, 5, 1, "task")
    new = train(own, own.start, kind, features, 2, FAST, 5, 1, "task")
    assert again.losses[0] < 0.5 * new.losses[0]


def test_accumulated_parts_are_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, kind = bench(tmp_path), find_kind("classification")
    features = kind.encode(own.backbone, texts(32), 64, True)
    whole = train(own, own.start, kind, features, 2, FAST, 6, 1, "task")
    monkeypatch.setattr(training_module, "TOKENS", {"cpu": 30})
    parts = train(own, own.start, kind, features, 2, FAST, 6, 1, "task")
    assert parts.losses == pytest.approx(whole.losses, rel=1e-3)


def test_a_batch_that_does_not_fit_is_accumulated(tmp_path: Path) -> None:
    own, kind = bench(tmp_path), find_kind("classification")
    features = kind.encode(own.backbone, texts(32), 64, True)
    whole = train(own, own.start, kind, features, 2, FAST, 6, 1, "task")

    class Small(type(kind)):  # type: ignore[misc]
        most, sizes = 3, []

        def loss(self, out: Any, features: Any, chosen: Any) -> Any:
            self.sizes.append(len(chosen))
            if len(chosen) > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().loss(out, features, chosen)

    found = train(own, own.start, Small(), features, 2, FAST, 6, 1, "task")
    assert found.losses == pytest.approx(whole.losses, rel=1e-3)
    tried = [size for size in Small.sizes if size > Small.most]
    assert 0 < len(tried) <= 4  # and not again in every step
    Small.most = 0
    with pytest.raises(torch.OutOfMemoryError):
        train(own, own.start, Small(), features, 2, FAST, 6, 1, "task")


def test_a_loss_that_is_no_number_fails_with_its_step(tmp_path: Path) -> None:
    own, kind = bench(tmp_path), find_kind("classification")
    features = kind.encode(own.backbone, texts(32), 64, True)

    class Broken(type(kind)):  # type: ignore[misc]
        calls = 0

        def loss(self, out: Any, features: Any, chosen: Any) -> Any:
            Broken.calls += 1
            return super().loss(out, features, chosen) * (torch.nan if Broken.calls == 4 else 1.0)

    with pytest.raises(StageError) as caught:
        train(own, own.start, Broken(), features, 2, FAST, 8, 1, "task")
    assert "the loss is nan in step 4 of 8; the last good loss was " in caught.value.message
    assert "in step 3." in caught.value.message
    assert "Lower the learning rate" in caught.value.hint
    # what ran afterwards is not touched by it
    assert trained(own, "classification", texts(32), 3).task == "task"


def test_adapters_and_whole_weights_do_not_mix(tmp_path: Path) -> None:
    own, kind = bench(tmp_path), find_kind("classification")
    first = trained(own, "classification", texts(20), 3, Training(method="lora", batch_size=8))
    features = kind.encode(own.backbone, texts(20), 64, True)
    with pytest.raises(StageError, match="after a stage that was trained otherwise"):
        train(own, first, kind, features, 2, FAST, 3, 1, "other")


def test_sets_evaluated_together_are_those_evaluated_alone(tmp_path: Path) -> None:
    own, kind = bench(tmp_path), find_kind("tagging")
    state = trained(own, "tagging", sentences(30), 20)
    sets = [kind.encode(own.backbone, sentences(n), 64, False) for n in (7, 12)]
    together = evaluate(own, state, kind, sets, 2)
    for features, found in zip(sets, together, strict=True):
        alone = evaluate(own, state, kind, [features], 2)[0]
        assert all(np.array_equal(a, b) for a, b in zip(alone, found, strict=True))


def test_bf16_trains(tmp_path: Path) -> None:
    own = bench(tmp_path)
    state = trained(own, "classification", texts(80), 60, Training(learning_rate=5e-3, precision="bf16", batch_size=8))
    test = texts(40, 9)
    assert np.mean(predicted(own, state, "classification", test) == test.labels) > 0.7


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")  # Python 3.13.0 itself
@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_compiled_model_trains_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Traced as for any backend; the default one takes minutes to compile what runs for a second."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    # Shapes of a compiled model are bucketed, so that any dropout would be another draw.
    training = Training(learning_rate=5e-3, batch_size=8, dropout=0.0, lora_dropout=0.0, method=method)
    weights = []
    for name in ("plain", "compiled"):
        own = bench(tmp_path / name)
        own.compiled = name == "compiled"
        weights.append(values(trained(own, "classification", texts(40), 10, training)))
    plain, compiled = weights
    assert plain.keys() == compiled.keys()
    assert all(torch.allclose(plain[name], compiled[name], atol=1e-5) for name in plain)


def test_unknown_pieces_are_counted(tmp_path: Path) -> None:
    own = bench(tmp_path)
    features = find_kind("classification").encode(
        own.backbone, Examples({"text": ["the river xyzzy", "plugh"]}, None, ("1", "2")), 64, False
    )
    assert features.unknown == pytest.approx(2 / 4)
    assert unknown_share(own.backbone, []) == 0.0
