"""One worker and the driver killed, each once, and checks of what must be the same afterwards."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from tools.gpu.prepared import sha256
from tools.gpu.processes import Sweep


class Kills:
    """Kills a worker that holds a stage once cells exist, and the driver once there are more; then resumes.

    Attributes
    ----------
    told
        What was killed, in words and numbers.
    seen
        Hashes of the cells that existed at a kill, by identity.
    cells_before
        How many those were at the last kill.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self.told: list[dict[str, Any]] = []
        self.seen: dict[str, str] = {}
        self.cells_before = 0
        self._start = time.monotonic()
        self._resumed = False

    @property
    def done(self) -> bool:
        """Whether both were killed and the sweep was resumed."""
        return len(self.told) == 2 and self._resumed

    def look(self) -> None:
        """Kill what is due."""
        sweep = self._sweep
        if len(self.told) == 2 or not sweep.running():
            return
        cells = len(sweep.cells())
        if not self.told and cells:
            helpers = sweep.helpers()
            if helpers:
                pid, stage = next(iter(sorted(helpers.items())))
                self._remember()
                os.kill(pid, signal.SIGKILL)
                self._tell("worker", pid, stage)
        elif len(self.told) == 1 and cells > self.cells_before:
            self._remember()
            self._tell("driver", sweep.kill_driver(), "")
            self.resume()

    def resume(self) -> bool:
        """Resume the sweep if the driver was killed; returns whether it was."""
        if len(self.told) != 2 or self._resumed:
            return False
        self._sweep.start(1 if self._sweep.setting.tiny else None)
        self._resumed = True
        return True

    def went_on(self) -> bool:
        """Whether there are more cells than at the last kill."""
        return len(self._sweep.cells()) > self.cells_before

    def lost(self) -> list[str]:
        """Cells that existed at a kill and are now missing or changed."""
        folder = self._sweep.store / "cells"
        return [
            name
            for name, wanted in sorted(self.seen.items())
            if not (folder / f"{name}.json").is_file() or sha256(folder / f"{name}.json") != wanted
        ]

    def _remember(self) -> None:
        cells = self._sweep.cells()
        for name in cells - self.seen.keys():
            self.seen[name] = sha256(self._sweep.store / "cells" / f"{name}.json")
        self.cells_before = len(cells)

    def _tell(self, what: str, pid: int, stage: str) -> None:
        self.told.append({
            "killed": what, "process": pid, "held": stage, "after_s": round(time.monotonic() - self._start, 2),
            "cells_then": self.cells_before,
        })  # fmt: skip
