"""Where a stage stands in the middle of its training, as a file: what a stage longer than a time limit goes on from."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..store.atomic import write_whole

if TYPE_CHECKING:
    import torch

#: Exit status of a process that was told to stop and can go on later: EX_TEMPFAIL of sysexits.h.
STOPPED = 75


@dataclass
class Keeper:
    """Keeps snapshots of one stage.

    Attributes
    ----------
    path
        The file.
    every_s
        Seconds between two snapshots; infinite for none.
    stopping
        Says whether the process was told to stop. A snapshot is then taken after the step, and the process ends.
    """

    path: Path
    every_s: float = float("inf")
    stopping: Callable[[], bool] = lambda: False
    _last: float = field(default_factory=time.monotonic)

    def after_step(self, content: Callable[[], dict[str, Any]]) -> None:
        """Take a snapshot where one is due, and end the process where it was told to.

        Raises
        ------
        SystemExit
            With the status ``STOPPED``.
        """
        stopping = self.stopping()
        if stopping or time.monotonic() - self._last >= self.every_s:
            import torch

            found = io.BytesIO()
            torch.save(content(), found)
            write_whole(self.path, found.getvalue())
            self._last = time.monotonic()
        if stopping:
            raise SystemExit(STOPPED)

    def load(self, device: str) -> dict[str, Any] | None:
        """The last snapshot; ``None`` where there is none that can be read."""
        import torch

        if not self.path.is_file():
            return None
        try:
            found: dict[str, Any] = torch.load(self.path, map_location=device, weights_only=True)
        except Exception:
            self.path.unlink(missing_ok=True)
            return None
        return found


@dataclass
class Moving:
    """What changes from step to step of a training. Losses that were not read yet are ``waiting``."""

    parameters: Sequence[torch.nn.Parameter]
    optimiser: torch.optim.Optimizer
    schedule: Any
    device: str
    losses: list[float] = field(default_factory=list)
    factor: float = 1.0
    pieces: int = 0
    room: int = 0
    dev: list[list[float]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    waiting: list[torch.Tensor] = field(default_factory=list)

    def judge(self, step: int, score: float) -> None:
        """Note a score on the dev split, and the parameters where it is the best one so far."""
        self.dev.append([step, score])
        if self.best is None or score > self.best["score"]:
            # In the machine's memory: the device may hold no more than it needs to train.
            parameters = [parameter.detach().to("cpu", copy=True) for parameter in self.parameters]
            self.best = {"step": step, "score": score, "factor": self.factor, "parameters": parameters}

    def go_back(self) -> int:
        """Set the parameters to those with the best score, if scores were noted; returns the step that they are of."""
        if self.best is None:
            return len(self.losses)
        self._set(self.best["parameters"])
        self.factor = self.best["factor"]
        return int(self.best["step"])

    def content(self) -> dict[str, Any]:
        """All of it, for a snapshot; the position in the data is the number of losses."""
        import torch

        found = {
            "parameters": [parameter.detach() for parameter in self.parameters],
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "losses": list(self.losses),
            "factor": self.factor,
            "pieces": self.pieces,
            "room": self.room,
            "drawn": torch.get_rng_state(),
            "dev": list(self.dev),
            "best": self.best,
        }
        if self.device.startswith("cuda"):
            found["drawn_on_device"] = torch.cuda.get_rng_state(self.device)
        return found

    def restore(self, content: dict[str, Any]) -> None:
        """Go back to where a snapshot was taken."""
        import torch

        self._set(content["parameters"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.schedule.load_state_dict(content["schedule"])
        self.losses[:] = content["losses"]
        self.factor, self.pieces, self.room = content["factor"], content["pieces"], content["room"]
        self.dev[:], self.best = content.get("dev", []), content.get("best")  # snapshots of earlier versions lack both
        torch.set_rng_state(content["drawn"].cpu())
        if "drawn_on_device" in content:
            torch.cuda.set_rng_state(content["drawn_on_device"].cpu(), self.device)

    def _set(self, values: Sequence[torch.Tensor]) -> None:
        import torch

        with torch.no_grad():
            for parameter, value in zip(self.parameters, values, strict=True):
                parameter.copy_(value)
