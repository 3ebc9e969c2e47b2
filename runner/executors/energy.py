"""Seconds, peak memory and, where the device reports it, energy of a stage."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

#: Energy counters of Intel and AMD processors, in microjoules; usually readable by root alone.
POWERCAP = Path("/sys/class/powercap")


class Meter:
    """Measures what happens while it is entered.

    Attributes
    ----------
    seconds
        Wall time.
    name
        Of the device.
    peak_mib
        Peak memory of a GPU; ``None`` on a CPU, where the manifest has the peak of the process.
    energy_j
        Joules of the whole device meanwhile, whatever else it did; ``None`` where it does not report them.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.seconds = 0.0
        self.name = device
        self.peak_mib: float | None = None
        self.energy_j: float | None = None

    def __enter__(self) -> Meter:
        if self.device.startswith("cuda"):
            import torch

            self.name = f"{self.device} {torch.cuda.get_device_name(self.device)}"
            torch.cuda.reset_peak_memory_stats(self.device)
        self._joules = _read(self.device)
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self.device)
            self.peak_mib = torch.cuda.max_memory_allocated(self.device) / 2**20
        self.seconds = time.perf_counter() - self._start
        after = _read(self.device)
        if after is not None and self._joules is not None and after >= self._joules:  # a counter starts again at 0
            self.energy_j = after - self._joules


def _read(device: str) -> float | None:
    return _nvml(device) if device.startswith("cuda") else powercap(POWERCAP) if device == "cpu" else None


def _nvml(device: str) -> float | None:
    """Joules since the driver was loaded (Volta and later)."""
    try:
        import pynvml
    except ImportError:
        return None
    import torch

    try:
        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid.encode())
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
    except pynvml.NVMLError:
        return None


def powercap(root: Path) -> float | None:
    """Joules of all processor packages since some moment; ``None`` where there is no counter or it may not be read."""
    found = [path / "energy_uj" for path in sorted(root.glob("intel-rapl:*")) if path.name.count(":") == 1]
    try:
        return sum(int(path.read_text()) for path in found) / 1e6 if found else None
    except (OSError, ValueError):
        return None
