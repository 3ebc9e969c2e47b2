"""Where the time of some steps goes: kernels on the device, operations on the processor, and the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.gpu.setting import Setting

#: Lines kept of each table.
KEPT = 20


@dataclass(frozen=True)
class Profile:
    """Seconds of some steps under the profiler, and the slowest operations.

    ``device`` and ``processor`` have one row per operation: name, calls, own milliseconds.
    """

    seconds: float
    device_s: float
    device: tuple[dict[str, Any], ...]
    processor: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON, with the share of time in which kernels ran if there is a device."""
        share = self.device_s / self.seconds if self.device_s else None
        return {
            "seconds": self.seconds, "kernels_s": self.device_s or None, "kernels_share": share,
            "kernels": list(self.device), "processor": list(self.processor),
        }  # fmt: skip


def profiled(setting: Setting, work: Callable[[], object]) -> Profile:
    """Run some work under PyTorch's profiler, which slows it: use shares, not rates."""
    from torch.profiler import ProfilerActivity, profile

    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if setting.cuda else [])]
    setting.synchronize()
    start = time.perf_counter()
    with profile(activities=activities) as found:
        work()
        setting.synchronize()
    seconds = time.perf_counter() - start
    rows = found.key_averages()
    kernels = [item for item in rows if str(item.device_type).endswith("CUDA")]
    total = sum(float(item.self_device_time_total) for item in kernels) / 1e6
    return Profile(
        seconds, total, _top(kernels, "self_device_time_total"), _top(rows, "self_cpu_time_total")
    )  # fmt: skip


def _top(rows: Any, key: str) -> tuple[dict[str, Any], ...]:
    ordered = sorted(rows, key=lambda item: -float(getattr(item, key)))[:KEPT]
    return tuple(
        {"name": str(item.key)[:160], "calls": int(item.count), "ms": round(float(getattr(item, key)) / 1e3, 3)}
        for item in ordered
    )
