"""A block in a process of its own: it may fail, hang or take too long, and the next one starts all the same.

The processes are forked from one that has imported torch and transformers and has touched no GPU, so that a block does
not pay for the imports again. Each leads its own process group, and all processes that it started end with it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.gpu.findings import Findings

#: Modules that the first process imports.
PRELOAD = ["tools.gpu.preload"]
#: How processes are started: forked from the first one, or each from scratch.
FORKED, ANEW = "forkserver", "spawn"


@dataclass
class Processes:
    """How the processes of this run are started."""

    method: str = FORKED

    def context(self) -> Any:
        """The multiprocessing context."""
        found: Any = multiprocessing.get_context(self.method)
        if self.method == FORKED:
            found.set_forkserver_preload(PRELOAD)
        return found


PROCESSES = Processes()


def run_isolated(work: Callable[..., None], arguments: tuple[Any, ...], limit_s: float) -> str:
    """Run ``work`` in a process for at most ``limit_s`` seconds; returns why it failed, empty if it did not."""
    process = PROCESSES.context().Process(target=_lead, args=(work, arguments), daemon=False)
    begun = time.monotonic()
    process.start()
    try:
        process.join(limit_s)
        if process.is_alive():
            return f"ran past its limit of {limit_s:g} s"
        if process.exitcode:
            return f"ended with status {process.exitcode} after {time.monotonic() - begun:.0f} s"
        return ""
    finally:
        _end(process)


def _lead(work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.setpgrp()  # a group, not a session: what ends the command's session ends its blocks
    work(*arguments)


def _end(process: Any) -> None:
    """End a process and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # it has ended and left nothing, or does not lead its group yet
        process.kill()
    process.join()


def guarded(run: Callable[[Any, Findings], None], setting: Any, findings: Findings) -> None:
    """Run a block; what it raises is a finding."""
    findings.save()
    with findings.attempt("ran to its end"):
        run(setting, findings)
    findings.finish()
