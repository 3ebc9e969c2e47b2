"""Where two runs of one step diverge: the first module whose output or gradient differs bit for bit."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any

from runner.plan.training import Training
from tools.gpu.stages import Stage

#: A look at a value: which module, forward or backward, and the hash of the bits.
Look = tuple[str, str, str]


def first_difference(stage: Stage, training: Training, tries: int = 5) -> str:
    """Name the module and the direction in which values of a repeated step differ first.

    Empty if ``tries`` repetitions of the step are equal bit for bit: a difference then needs more than one step.
    """
    once = replace(training, dropout=0.0)
    known = looks(stage, once)
    for _ in range(tries):
        place = parted(known, looks(stage, once))
        if place:
            return place
    return ""


def looks(stage: Stage, training: Training) -> list[Look]:
    """Hashes of all that one step computes, in the order in which it is computed."""
    import torch

    found: list[Look] = []
    module = stage.bench.backbone.module

    def look(label: str, direction: str, values: Any) -> None:
        kept = values if isinstance(values, tuple) else (values,)
        bits = [bits_of(value) for value in kept if isinstance(value, torch.Tensor)]
        if bits:
            found.append((label, direction, " ".join(bits)))

    def watch_gradients(*_: Any) -> None:
        for name, value in module.named_parameters():
            if value.requires_grad:
                watched: Any = value
                own = partial(_look_at_gradient, look, f"parameter {name}")
                handles.append(watched.register_post_accumulate_grad_hook(own))

    # Only at its first batch does the model have the parameters that the stage trains; one step has one batch.
    handles: list[Any] = [module.register_forward_pre_hook(watch_gradients)]
    for name, part in module.named_modules():
        if not list(part.children()):
            label = f"{name} ({type(part).__name__})"
            handles.append(part.register_forward_hook(lambda _, given, out, own=label: look(own, "forward", out)))
            handles.append(
                part.register_full_backward_hook(lambda _, given, out, own=label: look(own, "backward", given))
            )
    try:
        with warnings.catch_warnings():  # about hooks on modules whose inputs do not have gradients
            warnings.simplefilter("ignore")
            stage.train(training, 1)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _look_at_gradient(look: Callable[[str, str, Any], None], label: str, value: Any) -> None:
    look(label, "gradient", value.grad)


def parted(one: list[Look], other: list[Look]) -> str:
    """The first place at which two lists of looks differ, in words; empty if there is none."""
    for mine, yours in zip_longest(one, other):
        if mine != yours:
            label, direction, _ = mine or yours or ("?", "?", "")
            return f"{direction} of {label}"
    return ""


def bits_of(value: Any) -> str:
    """The first digits of the SHA-256 of a tensor's bytes."""
    import torch

    plain = value.detach().reshape(-1).contiguous().view(torch.uint8)
    return hashlib.sha256(plain.cpu().numpy().tobytes()).hexdigest()[:16]
