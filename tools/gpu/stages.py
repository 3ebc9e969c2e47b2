"""A training stage of real data outside a sweep: the target task of the last block, on one loaded model."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.kinds.base import Kind
from runner.kinds.features import Features
from runner.kinds.registry import find_kind
from runner.plan.training import Training
from runner.training.batches import training_batches
from runner.training.bench import Bench
from runner.training.train import Trained, train
from tools.gpu.setting import Setting

TASK = "sib200"
#: Default random seed.
SEED = 1


@contextmanager
def as_in_a_sweep() -> Iterator[None]:
    """Ask for deterministic kernels, as a sweep's worker does on a GPU, without its warnings; undone at the end."""
    import torch

    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*determinis")
            yield
    finally:
        torch.use_deterministic_algorithms(False)


@dataclass
class Stage:
    """A model on its device, and the encoded training examples of the target task."""

    bench: Bench
    kind: Kind
    features: Features
    classes: int
    name: str = TASK

    @classmethod
    def of_target(cls, setting: Setting, depth: int = 12, device: str = "", bench: Bench | None = None) -> Stage:
        """SIB-200's English training sentences, for a given model or for me5-small at a depth."""
        from runner.tasks.load import load_task

        own = bench or Bench(setting.backbone(depth), device or setting.device)
        task = load_task(TASK, setting.data)
        kind = find_kind(task.kind)
        features = kind.encode(own.backbone, task.train(), kind.max_length, True)
        return cls(own, kind, features, len(task.labels))

    def train(
        self, training: Training, steps: int, seed: int = SEED, tell: Callable[[int, float], None] | None = None
    ) -> Trained:
        """Train from the pretrained model; ``tell`` is called with the number and loss of each finished step."""
        return train(
            self.bench, self.bench.start, self.kind, self.features, self.classes, training, steps, seed, self.name,
            tell or (lambda step, loss: None),
        )  # fmt: skip

    def batches(self, training: Training, steps: int, seed: int = SEED) -> list[NDArray[np.int64]]:
        """Examples of each step, as :meth:`train` takes them."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        return list(training_batches(self.features, training.batch_size, steps, rng))

    def first_head(self, seed: int = SEED) -> Any:
        """The head that :meth:`train` starts with."""
        import torch

        torch.manual_seed(zlib.crc32(f"{seed} {self.name}".encode()))
        return self.kind.head(self.bench.backbone, self.classes)
