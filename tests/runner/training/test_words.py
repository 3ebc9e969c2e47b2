"""Training the rows of the pieces that occur comes to what training all rows comes to."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, get_linear_schedule_with_warmup

from runner.kinds.registry import find_kind
from runner.plan.training import Training
from runner.training.batches import pad, training_batches
from runner.training.train import MAX_NORM, train
from runner.training.words import Words
from tests.runner.models import SPECIALS, WORDS
from tests.runner.training.small import bench, texts

#: Differences that rounding alone makes in this many steps of single precision.
ROUNDING = 2e-6


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "t5"])
def test_rows_that_occur_are_enough(tmp_path: Path, kind: str) -> None:
    """Against a plain loop over the whole model with torch's AdamW on all rows, with a decay that can be seen."""
    own = bench(tmp_path, kind)
    training = Training(learning_rate=1e-2, weight_decay=0.5, batch_size=8, epochs=2, dropout=0.0)
    examples, texts_kind = texts(40), find_kind("classification")
    features = texts_kind.encode(own.backbone, examples, 64, True)
    found = train(own, own.start, texts_kind, features, 2, training, 10, 3, "animals")

    off = {"dropout_rate": 0.0} if kind == "t5" else {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = AutoModel.from_pretrained(tmp_path / kind, **off)
    model = model.get_encoder() if kind == "t5" else model
    torch.manual_seed(zlib.crc32(b"3 animals"))  # the head's first weights
    head = texts_kind.head(own.backbone, 2)
    assert head is not None
    model.train()
    head.eval()
    parameters = [*model.parameters(), *head.parameters()]
    groups = [{"params": [p for p in parameters if (p.ndim > 1) == wide], "weight_decay": 0.5 * wide}
              for wide in (True, False)]  # fmt: skip
    optimiser = torch.optim.AdamW(groups, lr=1e-2)
    schedule = get_linear_schedule_with_warmup(optimiser, 1, 10)
    rng = np.random.default_rng([3, zlib.crc32(b"animals")])
    losses = []
    for chosen in training_batches(features, 8, 10, rng):
        batch = pad(features.ids, None, chosen, 1)
        mask = torch.as_tensor(batch.mask)
        out = head(model(input_ids=torch.as_tensor(batch.ids), attention_mask=mask).last_hidden_state, mask)
        loss = texts_kind.loss(out, features, chosen) / len(chosen)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in parameters if p.grad is not None], MAX_NORM)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert found.losses == pytest.approx(losses, rel=1e-4)
    vocabulary = np.arange(len(SPECIALS) + len(WORDS))
    rows = model.get_input_embeddings().weight.detach()
    unseen = np.setdiff1d(vocabulary, features.pieces)
    assert len(unseen) > 5
    before = own.words[unseen]
    assert not torch.allclose(rows[unseen], before, atol=1e-4)  # they have decayed
    np.testing.assert_allclose(found.state.words.take(vocabulary), rows, atol=100 * ROUNDING)
    np.testing.assert_allclose(found.state.words.take(unseen), rows[unseen], atol=ROUNDING)


def test_two_stages_keep_both_their_rows() -> None:
    base = torch.arange(12, dtype=torch.float32).reshape(6, 2)
    one = Words(base).trained(np.array([1, 4]), torch.full((2, 2), 10.0), 0.5)
    two = one.trained(np.array([4, 5]), torch.full((2, 2), 20.0), 0.5)
    found = two.take(np.arange(6))
    assert found[0].tolist() == [0.0, 0.25]  # decayed twice
    assert found[1].tolist() == [5.0, 5.0]  # trained first, decayed then
    assert found[4].tolist() == found[5].tolist() == [20.0, 20.0]
    assert two.take(np.array([2])).tolist() == [[1.0, 1.25]]
    assert base[4].tolist() == [8.0, 9.0]  # the pretrained rows are never written to
