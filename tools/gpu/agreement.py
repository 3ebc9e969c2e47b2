"""Minute 1 to 2: the GPU gives the CPU's losses, and one seed gives the same bits twice; differences are named."""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

import numpy as np

from runner.training.state import State
from tools.gpu.determinism import first_difference
from tools.gpu.findings import ON_A_CPU, Findings
from tools.gpu.setting import TRAINING, Setting
from tools.gpu.stages import Stage

STEPS, TINY_STEPS = 20, 4
#: Largest difference of a loss (about 1.9 nats at the start) between devices: float32 sums in another order, carried
#: through twenty optimiser steps.
LOSS = 1e-3


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    import torch

    torch.use_deterministic_algorithms(True, warn_only=True)  # as a sweep's worker asks
    steps = TINY_STEPS if setting.tiny else STEPS
    stage = Stage.of_target(setting, depth=3)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        one, again = (stage.train(TRAINING, steps) for _ in range(2))
    unsure = sorted({str(item.message).split(".")[0] for item in told if "determinis" in str(item.message)})
    found.fact(steps=steps, losses=list(one.losses), state=digest(one.state), kernels_that_warn=unsure)
    _repeat(stage, one, again, unsure, found)
    if not setting.cuda:
        found.not_run(f"losses within {LOSS:g} of the CPU's", ON_A_CPU)
        return
    own = Stage.of_target(setting, depth=3, device="cpu").train(TRAINING, steps)
    gaps = np.abs(np.subtract(one.losses, own.losses))
    found.check(
        f"losses within {LOSS:g} of the CPU's", bool(gaps.max() <= LOSS), largest=float(gaps.max()),
        in_step=int(gaps.argmax()) + 1, cpu_losses=list(own.losses),
    )  # fmt: skip


def _repeat(stage: Stage, one: Any, again: Any, unsure: list[str], found: Findings) -> None:
    """Equal bits, or the kernel that is not deterministic: from PyTorch's warnings and the first value that differs."""
    name = "equal bits on repeat, or what differs is named"
    if one.losses == again.losses and digest(one.state) == digest(again.state):
        found.check(name, True, bits="equal")
        return
    gaps = np.abs(np.subtract(one.losses, again.losses))
    place = first_difference(stage, TRAINING)
    found.check(
        name, bool(unsure or place), bits="different", largest_loss_difference=float(gaps.max()), warned=unsure,
        first_difference=place,
    )  # fmt: skip


def digest(state: State) -> str:
    """SHA-256 over the values of a state, in the order of their names."""
    total = hashlib.sha256()
    rows = {} if state.words.rows is None else {"words": state.words.rows}
    for name, value in sorted({**state.weights, **state.adapter, **state.head, **rows}.items()):
        total.update(name.encode())
        total.update(value.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()
