"""Settings of a block: the device, the prepared folder, where to write, and the time limit."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.plan.training import Training

#: The hyperparameters of ``crosslift_mini``, whose scores the floor of the last block comes from.
TRAINING = Training(learning_rate=5e-4, epochs=3, batch_size=32, max_length=128, dropout=0.0)


@dataclass(frozen=True)
class Setting:
    """Settings of one block.

    Attributes
    ----------
    device
        ``cuda:0``, or ``cpu`` in a rehearsal.
    tiny
        Whether this is a rehearsal: few steps and models of a few thousand parameters.
    model
        The file of the cut me5-small, or of its stand-in.
    data
        The directory of the data files.
    state
        A directory of the kit outside the checkout, kept between commands.
    out
        Directory of the results to bring back from the machine.
    limit_s
        Time limit of the block in seconds.
    """

    device: str
    tiny: bool
    model: Path
    data: Path
    state: Path
    out: Path
    limit_s: float
    began: float = field(default_factory=time.monotonic)

    @property
    def cuda(self) -> bool:
        """Whether a GPU is measured."""
        return self.device.startswith("cuda")

    @property
    def threads(self) -> int:
        """Processor cores for what is computed on the CPU."""
        return 1 if self.tiny else (os.cpu_count() or 1)

    def left(self) -> float:
        """Seconds until the block is ended from outside."""
        return self.limit_s - (time.monotonic() - self.began)

    def backbone(self, depth: int = 12) -> Any:
        """me5-small, cut after ``depth`` layers."""
        from runner.models.backbone import load_backbone
        from runner.models.catalog import find_model

        return load_backbone(find_model(f"{self.model}@{depth}"))

    def free(self) -> None:
        """Free unused memory."""
        if self.cuda:
            import gc

            import torch

            gc.collect()
            torch.cuda.empty_cache()

    def synchronize(self) -> None:
        """Wait until the GPU has finished its queued work."""
        if self.cuda:
            import torch

            torch.cuda.synchronize(self.device)
