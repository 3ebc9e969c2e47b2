"""A forced out-of-memory error: the batch is halved until it fits, and its gradients stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from runner.kinds.classification import Classification
from runner.kinds.features import Features
from runner.plan.training import Training
from runner.training.bench import Bench
from runner.training.train import train
from tools.gpu.findings import ON_A_CPU, Findings
from tools.gpu.random_models import random_backbone, random_features
from tools.gpu.setting import Setting

#: Largest difference of a gradient, relative to the largest of all: float32 sums in two parts instead of one.
GRADIENT = 1e-3
#: Shares of the whole batch's memory beyond the model that are allowed in turn, until one forces a halving.
SHARES = (0.75, 0.6, 0.5, 0.4)
VOCABULARY = 5000


class Counted(Classification):
    """Texts, which count the sequences that reach the loss at once; ``most`` pretends that no more fit."""

    def __init__(self, most: int | None = None) -> None:
        self.sizes: list[int] = []
        self.most = most

    def loss(self, out: Any, features: Features, chosen: Any) -> Any:
        """The kind's own loss, with a count."""
        import torch

        if self.most is not None and len(chosen) > self.most:
            raise torch.OutOfMemoryError("pretended by the kit")
        self.sizes.append(len(chosen))
        return super().loss(out, features, chosen)


def run(setting: Setting, found: Findings) -> None:
    """Add to the findings."""
    from transformers import BertConfig

    layers, width, batch, length = (2, 32, 8, 16) if setting.tiny else (12, 384, 256, 128)
    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=layers, num_attention_heads=width // 32 or 1,
        intermediate_size=4 * width, pad_token_id=1,
    )  # fmt: skip
    bench = Bench(random_backbone(config, setting.device), setting.device)
    features = random_features(batch, length, VOCABULARY)
    training = Training(learning_rate=5e-4, batch_size=batch, dropout=0.0)
    whole = Counted()
    wanted: dict[str, Any] = {}
    with gradients(bench, wanted):
        before = _allocated(setting, reset=True)
        _step(bench, whole, features, training)
        extra = _peak(setting) - before
    if len(whole.sizes) != 1:
        found.failed("the whole batch fits without a limit", f"it went through in parts of {whole.sizes}")
        return
    if not setting.cuda:
        _compare(bench, Counted(batch // 2), features, training, wanted, found, pretended=True)
        found.not_run("an out-of-memory of the device itself halves the batch", ON_A_CPU)
        return
    for share in SHARES:
        halved = Counted()
        failures = _out_of_memories(setting)
        with limited(setting, extra, share):
            if _compare(bench, halved, features, training, wanted, found, failures=failures, setting=setting):
                found.fact(forced={"share_of_what_the_batch_took": share, "batch_took_gib": extra / 2**30})
                return
    found.failed("an out-of-memory of the device itself halves the batch", f"none was seen at shares {SHARES}")


def _compare(
    bench: Bench, kind: Counted, features: Features, training: Training, wanted: dict[str, Any], found: Findings,
    pretended: bool = False, failures: int = 0, setting: Setting | None = None,
) -> bool:  # fmt: skip
    """Repeat the step with less memory; returns whether the batch was halved."""
    own: dict[str, Any] = {}
    with gradients(bench, own):
        _step(bench, kind, features, training)
    if len(kind.sizes) < 2:
        return False
    if pretended:
        found.check("an out-of-memory (pretended by the kit) halves the batch", True, sequences_at_once=kind.sizes)
    else:
        seen = _out_of_memories(setting) - failures
        found.check(
            "an out-of-memory of the device itself halves the batch",
            seen > 0,
            sequences_at_once=kind.sizes,
            out_of_memories=seen,
        )
    gap, name = largest_gap(wanted, own)
    found.check(f"gradients within {GRADIENT:g} of the undivided ones", gap <= GRADIENT, largest=gap, parameter=name)
    return True


def _step(bench: Bench, kind: Counted, features: Features, training: Training) -> None:
    train(bench, bench.start, kind, features, 2, training, 1, 1, "memory")


@contextmanager
def gradients(bench: Bench, into: dict[str, Any]) -> Iterator[None]:
    """Keep the gradients of the next optimiser step, by parameter, as the optimiser is about to use them."""
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    def keep(optimiser: Any, args: Any, kwargs: Any) -> None:
        names = {id(value): name for name, value in bench.module.named_parameters()}
        for group in optimiser.param_groups:
            for i, value in enumerate(group["params"]):
                name = names.get(id(value), f"head {tuple(value.shape)} {i}")
                if value.grad is not None:
                    into[name] = value.grad.detach().float().cpu().numpy()

    handle = register_optimizer_step_pre_hook(keep)
    try:
        yield
    finally:
        handle.remove()


def largest_gap(one: dict[str, Any], other: dict[str, Any]) -> tuple[float, str]:
    """The largest difference of any parameter's gradient, relative to the largest gradient of all, and its parameter.

    Relative to all, because the gradient of a key's bias is only rounding error: softmax is invariant to it.
    """
    if one.keys() != other.keys():
        return float("inf"), ", ".join(sorted(one.keys() ^ other.keys()))
    scale = max(float(np.abs(value).max()) for value in one.values())
    gaps = {name: float(np.abs(value - other[name]).max()) / scale for name, value in one.items()}
    worst = max(gaps, key=lambda name: gaps[name])
    return gaps[worst], worst


@contextmanager
def limited(setting: Setting, extra: int, share: float) -> Iterator[None]:
    """Limit this process to the model's memory plus ``share`` of ``extra`` bytes of the device."""
    import torch

    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(setting.device).total_memory
    held = torch.cuda.memory_reserved(setting.device)
    torch.cuda.set_per_process_memory_fraction(min(1.0, (held + share * extra) / total), setting.device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, setting.device)


def _allocated(setting: Setting, reset: bool = False) -> int:
    if not setting.cuda:
        return 0
    import torch

    if reset:
        torch.cuda.reset_peak_memory_stats(setting.device)
    return int(torch.cuda.memory_allocated(setting.device))


def _peak(setting: Setting) -> int:
    if not setting.cuda:
        return 0
    import torch

    return int(torch.cuda.max_memory_allocated(setting.device))


def _out_of_memories(setting: Setting | None) -> int:
    """How often the allocator has failed so far."""
    import torch

    return int(torch.cuda.memory_stats(None if setting is None else setting.device).get("num_ooms", 0))
