"""A sweep as a user starts it, by the command ``runner run``, in processes that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.executors.command import own_command, search_path
from tools.gpu.setting import Setting

ROOT = Path(__file__).resolve().parent.parent.parent
#: Seconds for killed processes to disappear, and consecutive checks in which none holds a stage.
GONE_S, FREE_LOOKS = 10.0, 3


@dataclass
class Sweep:
    """The command on one store, observed from outside."""

    setting: Setting
    grid: Path
    store: Path
    study: str
    workers: int
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def log(self) -> Path:
        """What the command prints."""
        return self.setting.state / "sweep.log"

    def start(self, workers: int | None = None) -> None:
        """Start, or resume an existing store as ``runner run STORE`` does."""
        taken_up = (self.store / "store.json").is_file()
        what = [str(self.store)] if taken_up else [
            str(self.grid), "--store", str(self.store), "--study", self.study, "--data-dir", str(self.setting.data)
        ]  # fmt: skip
        number = workers or self.workers
        threads = max(1, self.setting.threads // number)
        command = own_command(
            "run", *what, "--device", self.setting.device.split(":")[0], "--workers", str(number), "--threads",
            str(threads),
        )  # fmt: skip
        limits = {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads), "PYTHONPATH": search_path()}
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(command)}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | limits, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.starts += 1

    def running(self) -> bool:
        """Whether the driver runs."""
        return self.process is not None and self.process.poll() is None

    def cells(self) -> set[str]:
        """Identities of the existing cells."""
        return {path.stem for path in (self.store / "cells").glob("[!.]*.json")}

    def holders(self) -> dict[int, str]:
        """Processes that hold a stage, each with one of its stages."""
        from runner.store.locks import holder

        found: dict[int, str] = {}
        for path in (self.store / "claims").glob("[!.]*"):
            who: dict[str, Any] | None = holder(path)
            if who and "pid" in who:
                found[int(who["pid"])] = str(who.get("stage", ""))
        return found

    def helpers(self) -> dict[int, str]:
        """Processes other than the driver that hold a stage."""
        own = None if self.process is None else self.process.pid
        return {pid: stage for pid, stage in self.holders().items() if pid != own}

    def kill_driver(self) -> int:
        """Kill the driver as a power cut would; returns its process number."""
        if self.process is None:
            raise RuntimeError("the sweep was not started")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.process.pid

    def stop(self) -> None:
        """End the driver and every process that holds a stage, and wait until none does.

        A helper that is idle when its driver ends notices before it takes another stage.
        """
        if self.running():
            self.kill_driver()
        end, free = time.monotonic() + GONE_S, 0
        while time.monotonic() < end and free < FREE_LOOKS:
            held = self.holders()
            for pid in held:
                _kill(pid)
            free = 0 if held else free + 1
            time.sleep(0.05)

    def last_lines(self, count: int = 12) -> list[str]:
        """The end of what the command printed."""
        if not self.log.is_file():
            return []
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
