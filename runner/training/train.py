"""Training of one stage: AdamW with linear warm-up and decay, batches of similar length."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.core.errors import CrossliftError

from ..kinds.features import Features
from ..plan.training import Training
from .ahead import Ready, make_ready, ready_steps
from .batches import training_batches
from .bench import Bench, dropout_shares
from .dev import Dev
from .failure import StageError
from .snapshot import Keeper, Moving
from .state import Lora, State

if TYPE_CHECKING:
    import torch

    from ..kinds.base import Kind

#: Gradients are scaled down to this norm where theirs is larger.
MAX_NORM = 1.0
#: Pieces, with their padding, that go through the model at once; a larger batch is accumulated in parts. Where these do
#: not fit the device's memory they are halved, for the rest of the stage.
TOKENS = {"cpu": 2048, "cuda": 32768, "mps": 16384}
#: Steps of a GPU whose losses are read together: until then they stay there, and the machine does not wait for it.
LAG = 16


@dataclass(frozen=True)
class Trained:
    """A trained stage.

    Attributes
    ----------
    state
        The state that is kept.
    losses
        Of each step.
    pieces
        How many went through the model, with their padding.
    dev
        Step and score of each look at the dev split.
    kept
        The step whose state this is.
    """

    state: State
    losses: tuple[float, ...]
    pieces: int
    dev: tuple[tuple[int, float], ...] = ()
    kept: int = 0


def train(
    bench: Bench,
    state: State,
    kind: Kind,
    features: Features,
    classes: int,
    training: Training,
    steps: int,
    seed: int,
    name: str,
    tell: Callable[[int, float], None] = lambda step, loss: None,
    keeper: Keeper | None = None,
    dev: Dev | None = None,
    read_every: int | None = None,
) -> Trained:
    """Train a model for ``steps`` optimiser steps on ``features`` and return its new state.

    Parameters
    ----------
    bench
        The model. Whatever it was set to before does not matter.
    state
        Where to start from. Its head is used if it belongs to the same task, else a new one is made.
    kind, features, classes
        The kind of task, its examples, and how many classes it has.
    training
        Hyperparameters.
    steps, seed
        Optimiser steps; what batches, dropout and the head's first weights are drawn from. On a CPU
        one seed gives the same bytes on the same machine with the same number of threads.
    name
        Of the task.
    tell
        Called with the number and the loss of each finished step.
    keeper
        Keeps snapshots, and has the one to go on from. On a CPU the outcome is the same bytes as without interruption.
    dev
        The dev split, to keep the state with the best score on it, the first of equal ones; by default the last state
        is kept.
    read_every
        Steps whose losses are read, and told, together; by default ``LAG`` on a GPU, elsewhere each.

    Raises
    ------
    StageError
        If the loss is not a finite number; with the step and the last good loss.
    """
    import torch
    from transformers import get_linear_schedule_with_warmup

    linear: Any = get_linear_schedule_with_warmup
    drawn = zlib.crc32(f"{seed} {name}".encode())
    lora = None
    if training.method == "lora":
        lora = Lora(training.lora_rank, training.alpha, training.lora_dropout, training.lora_targets)
    _check_method(state, training, name)
    pieces = features.pieces if dev is None else np.union1d(features.pieces, dev.features.pieces)
    bench.set(state, pieces, lora, drawn)
    words = bench.narrow(state.words, pieces) if training.method == "full" else None
    torch.manual_seed(drawn)
    head = kind.head(bench.backbone, classes)
    if head is None:
        raise CrossliftError(f"'{name}' cannot be trained on.", "Use it as a target without training.")
    head.to(bench.device)
    if state.task == name:
        head.load_state_dict(dict(state.head))
    if training.method != "lora":
        bench.prepare_writing()
        for parameter in bench.module.parameters():
            parameter.requires_grad_(True)
        if training.method == "frozen-embeddings":
            bench.backbone.embedding.weight.requires_grad_(False)
    if training.dropout is not None:
        for layer, key, _ in dropout_shares(bench.module, head):
            setattr(layer, key, training.dropout)
    trained = [p for p in (*bench.module.parameters(), *head.parameters()) if p.requires_grad]
    for parameter in trained:
        parameter.grad = None  # of a stage that failed
    optimiser = _adamw(trained, training)
    schedule = linear(optimiser, math.ceil(training.warmup_share * steps), steps)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    bench.module.train()
    head.train()
    torch.manual_seed(drawn + 1)  # of dropout
    now = Moving(trained, optimiser, schedule, bench.device, room=TOKENS[bench.device.split(":")[0]])
    kept = None if keeper is None else keeper.load(bench.device)
    if kept is not None:
        now.restore(kept)
    batches = training_batches(features, training.batch_size, steps, rng)
    begun = len(now.losses)
    lag = read_every or (LAG if bench.device.startswith("cuda") else 1)

    def read() -> None:
        _read_losses(now, steps, tell)

    def content() -> dict[str, Any]:
        read()
        return now.content()

    coming = ready_steps(bench, features, islice(batches, begun, None), lambda: now.room)
    with bench.arithmetic(training.precision), closing(coming):
        for step, ready in enumerate(coming, start=begun + 1):
            loss, seen = _in_memory(bench, head, kind, features, ready, training.precision, now)
            now.pieces += seen
            now.waiting.append(loss)
            if lag == 1:
                read()  # before anything is made of it
            torch.nn.utils.clip_grad_norm_(trained, MAX_NORM)
            now.factor *= 1.0 - schedule.get_last_lr()[0] * training.weight_decay
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            looks = dev is not None and (step % dev.every == 0 or step == steps)
            if looks or step == steps or len(now.waiting) >= lag:
                read()
            if dev is not None and looks:
                now.judge(step, dev.measure(bench, head, kind))
                bench.module.train()
                head.train()
            if keeper is not None and step < steps:
                keeper.after_step(content)
    kept_step = now.go_back()
    found = _read_out(bench, state, head, words, now.factor, lora, name)
    return Trained(found, tuple(now.losses), now.pieces, tuple((int(at), score) for at, score in now.dev), kept_step)


def _in_memory(
    bench: Bench, head: torch.nn.Module, kind: Kind, features: Features, ready: Ready, precision: str, now: Moving
) -> tuple[torch.Tensor, int]:
    """The gradients of a step, in smaller parts where the device has not enough memory for the parts as they are."""
    import torch

    while True:
        if ready.room > now.room:  # made ready before the parts were found to be too large
            ready = make_ready(bench, features, ready.examples, now.room)
        try:
            return _gradients(bench, head, kind, features, ready, precision)
        except torch.OutOfMemoryError:
            if len(ready.parts) == len(ready.examples):
                raise
        # After the handler: until then the error holds on to what did not fit.
        for parameter in now.parameters:
            parameter.grad = None
        torch.cuda.empty_cache()
        now.room = max(len(chunk) * int(features.lengths[chunk].max()) for chunk, _ in ready.parts) // 2


def _gradients(
    bench: Bench, head: torch.nn.Module, kind: Kind, features: Features, ready: Ready, precision: str
) -> tuple[torch.Tensor, int]:
    """Gradients of a step, summed over its parts; returns the losses of the parts and the pieces that went through."""
    import torch

    losses: list[torch.Tensor] = []
    pieces = 0
    weight = sum(float(features.weight[chunk].sum()) for chunk, _ in ready.parts)
    for chunk, inputs in ready.parts:
        pieces += inputs["input_ids"].numel()
        with bench.autocast(precision):
            hidden, mask = bench.forward(inputs)
            out = head(hidden, mask)
        part: Any = kind.loss(out, features, chunk) / max(weight, 1.0)
        part.backward()
        losses.append(part.detach())
    return torch.stack(losses), pieces


def _read_losses(now: Moving, steps: int, tell: Callable[[int, float], None]) -> None:
    """Bring the losses that wait on the device: reading them waits for all that it still has to do.

    Raises
    ------
    StageError
        If one is not a finite number.
    """
    waiting, now.waiting = now.waiting, []
    for parts_of_step in waiting:
        loss = sum(parts_of_step.tolist())
        step = len(now.losses) + 1
        if not math.isfinite(loss):
            raise StageError(*_lost(loss, step, steps, now.losses))
        now.losses.append(loss)
        tell(step, loss)


def _read_out(
    bench: Bench, state: State, head: torch.nn.Module, words: object, factor: float, lora: Lora | None, name: str
) -> State:
    own = {key: value.detach().clone() for key, value in head.state_dict().items()}
    if lora is not None:
        from peft import get_peft_model_state_dict

        adapter = {key: value.detach().clone() for key, value in get_peft_model_state_dict(bench.module).items()}
        return State(state.words, {}, adapter, name, own, lora)
    found = dict(bench.backbone.module.named_parameters())
    weights = {key: found[key].detach().clone() for key in bench.pristine}
    rows = state.words
    if isinstance(words, np.ndarray):
        rows = rows.trained(words, bench.backbone.embedding.weight[: len(words)], factor)
    return State(rows, weights, {}, name, own)


def _adamw(parameters: list[torch.nn.Parameter], training: Training) -> torch.optim.Optimizer:
    """AdamW; biases and layer norms, which have one dimension, do not decay."""
    import torch

    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": training.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=training.learning_rate, fused=True)


def _check_method(state: State, training: Training, name: str) -> None:
    if (training.method == "lora") != bool(state.adapter) and (state.adapter or state.weights):
        raise StageError(
            f"'{name}' is to be trained by '{training.method}' after a stage that was trained otherwise.",
            "Give both stages the same method: adapters and whole weights do not mix.",
        )


def _lost(loss: float, step: int, steps: int, losses: list[float]) -> tuple[str, str]:
    last = f"the last good loss was {losses[-1]:.4g} in step {len(losses)}" if losses else "no step had a finite loss"
    return (
        f"the loss is {loss} in step {step} of {steps}; {last}.",
        "Lower the learning rate, or train in fp32.",
    )
