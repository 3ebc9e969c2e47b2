"""Minute 6 to 8: runner against stock ``Trainer``: the same data, order, lengths, precision and optimiser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from runner.plan.training import Training
from runner.training.bench import Bench
from runner.training.train import LAG
from tools.gpu.findings import ON_A_CPU, Findings
from tools.gpu.meters import Watch, Window, identity
from tools.gpu.profile import Profile, profiled
from tools.gpu.random_models import parameters, random_backbone
from tools.gpu.setting import TRAINING, Setting
from tools.gpu.stages import Stage, as_in_a_sweep
from tools.gpu.stock import Measured, Stock, pieces

#: A GPU tells of so many steps at once, so a window opens after them.
WARM, STEPS = LAG, 100
#: Each side is measured twice, in the order A B B A, so that drift affects both equally.
ROUNDS = 2
#: Seconds that a model needs at least: with less time left it is skipped.
NEEDED_S = 25.0
#: With fewer seconds left, no profile is made.
PROFILE_S = 15.0
#: Numbers of XLM-R Large.
LARGE: dict[str, Any] = {
    "vocab_size": 250_002, "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    "intermediate_size": 4096, "max_position_embeddings": 514, "type_vocab_size": 1,
}  # fmt: skip
TINY_NAME = "stand-in for XLM-R Large"
TINY: dict[str, Any] = LARGE | {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
}  # fmt: skip


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    from transformers import XLMRobertaConfig

    found.fact(card=identity(setting.device)["name"], models=[])
    training = replace(TRAINING, precision="bf16")
    tokenizer = setting.backbone(3).tokenizer
    with found.attempt("me5-small: both are measured"):
        _compare(setting, Stage.of_target(setting), "me5-small", training, found)
    setting.free()
    name = TINY_NAME if setting.tiny else "random XLM-R Large"
    if not setting.tiny and setting.left() < NEEDED_S:
        found.not_run(f"{name}: both are measured", f"{setting.left():.0f} s were left of {setting.limit_s:g}")
        return
    # me5-small has XLM-R's pieces: a rehearsal's model has rows for those that its tokenizer knows.
    shape = TINY | {"vocab_size": len(tokenizer)} if setting.tiny else LARGE
    config = XLMRobertaConfig(**shape, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    with found.attempt(f"{name}: both are measured"):
        own = Bench(random_backbone(config, setting.device, tokenizer=tokenizer), setting.device)
        # The usual rate of large models; at that of me5-small random weights of this depth may diverge.
        _compare(setting, Stage.of_target(setting, bench=own), name, replace(training, learning_rate=1e-5), found)


def _compare(setting: Setting, stage: Stage, name: str, training: Training, found: Findings) -> None:
    warm, steps = (1, 3) if setting.tiny else (WARM, STEPS)
    stock = Stock(setting, stage, training)
    sides: dict[str, Callable[[int, int], Measured]] = {
        "runner": lambda a, b: _ours(setting, stage, training, a, b), "trainer": stock.run,
    }  # fmt: skip
    rounds: list[tuple[str, Measured]] = []
    for number in range(ROUNDS):
        for side in list(sides)[:: 1 if number % 2 == 0 else -1]:
            if number == 0 or setting.tiny or setting.left() > NEEDED_S / 2:
                rounds.append((side, sides[side](warm, steps)))
    # A rehearsal profiles the smaller model alone: reading a profile takes longer than its steps.
    wanted = name == TINY_NAME if setting.tiny else setting.left() > PROFILE_S
    facts = {
        "model": name, "parameters": parameters(stage.bench.backbone.module), "steps": [warm, steps],
        "deterministic_kernels": {"runner": True, "trainer": False}, **_figures(setting, rounds),
        "profiles": _profiles(setting, sides) if wanted else None,
    }  # fmt: skip
    found.fact(models=[*found.facts["models"], facts])
    _judge(setting, name, facts, found)


def _figures(setting: Setting, rounds: list[tuple[str, Measured]]) -> dict[str, Any]:
    """Means over the rounds of each side; rates and shares are ``None`` on a CPU."""
    own = {side: [item for name, item in rounds if name == side] for side in ("runner", "trainer")}
    rates = {side: float(np.mean([item.tokens_per_s for item in items])) for side, items in own.items()}
    shares = {side: [item.busy for item in items if item.busy is not None] for side, items in own.items()}
    losses = np.subtract(own["runner"][0].losses, own["trainer"][0].losses)
    return {
        "tokens_per_s": {side: rate if setting.cuda else None for side, rate in rates.items()},
        "busy": {side: float(np.mean(values)) if values else None for side, values in shares.items()},
        "ratio": rates["runner"] / rates["trainer"] if setting.cuda else None,
        "rounds": [[side, item.tokens_per_s, item.busy] for side, item in rounds] if setting.cuda else None,
        "largest_loss_difference": float(np.abs(losses).max()),
    }  # fmt: skip


def _judge(setting: Setting, name: str, facts: dict[str, Any], found: Findings) -> None:
    measured, faster = f"{name}: both are measured", f"{name}: the runner is as fast, or a profile says why not"
    if not setting.cuda:
        found.not_run(measured, ON_A_CPU)
        found.not_run(faster, ON_A_CPU)
        return
    if None in facts["busy"].values():
        found.failed(measured, "NVML does not report utilisation")
    else:
        found.check(measured, True, tokens_per_s=facts["tokens_per_s"], busy=facts["busy"])
    found.check(faster, facts["ratio"] >= 1 or bool(facts["profiles"]), ratio=facts["ratio"])


def _profiles(setting: Setting, sides: dict[str, Callable[[int, int], Measured]]) -> dict[str, Any]:
    """A profile of a few steps of each side, separate from the timed steps because profiling slows them."""
    steps = 2 if setting.tiny else 10
    found: dict[str, Profile] = {}
    for side, work in sides.items():
        found[side] = profiled(setting, partial(work, 1, steps))
    return {side: value.to_json() for side, value in found.items()}


def _ours(setting: Setting, stage: Stage, training: Training, warm: int, steps: int) -> Measured:
    with Watch(setting.device) as watch:
        window = Window(setting.device, watch)

        def tell(step: int, loss: float) -> None:
            if step == warm:
                window.open()
            elif step == warm + steps:
                window.close()

        with as_in_a_sweep():
            trained = stage.train(training, warm + steps, tell=tell)
    batches = stage.batches(training, warm + steps)
    return Measured(pieces(stage, batches[warm:]) / window.seconds, window.busy, list(trained.losses))
