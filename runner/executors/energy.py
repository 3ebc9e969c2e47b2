"""Seconds, busy share, peak memory and, where the device reports it, energy of a stage."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

#: Energy counters of Intel and AMD processors, in microjoules; usually readable by root alone.
POWERCAP = Path("/sys/class/powercap")
#: Seconds between two samples of how busy a GPU is.
EVERY_S = 0.25


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
    busy
        Share of the time in which the device computed: a GPU as its driver samples it, whatever else it did; of a CPU
        the processor's seconds of this process over those of its threads. ``None`` where that is not known.
    """

    def __init__(self, device: str, threads: int = 1) -> None:
        self.device = device
        self.threads = threads
        self.busy: float | None = None
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
        self._watch = _Watch(self.device) if self.device.startswith("cuda") else None
        self._processor = time.process_time()
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
        if self._watch is not None:
            self.busy = self._watch.stop()
        elif self.device == "cpu" and self.seconds > 0:
            self.busy = min(1.0, (time.process_time() - self._processor) / self.seconds / self.threads)
        after = _read(self.device)
        if after is not None and self._joules is not None and after >= self._joules:  # a counter starts again at 0
            self.energy_j = after - self._joules


def _read(device: str) -> float | None:
    return _nvml(device) if device.startswith("cuda") else powercap(POWERCAP) if device == "cpu" else None


class _Watch:
    """Asks the driver of a GPU every ``EVERY_S`` how busy it is, in a thread of its own."""

    def __init__(self, device: str) -> None:
        self._device, self._samples = device, list[float]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float | None:
        """The mean of what it said, ``None`` where it said nothing."""
        self._ended.set()
        self._thread.join(timeout=5.0)
        return sum(self._samples) / len(self._samples) if self._samples else None

    def _look(self) -> None:
        while not self._ended.wait(EVERY_S):
            found = _ask(self._device, "nvmlDeviceGetUtilizationRates")
            if found is None:
                return
            self._samples.append(found.gpu / 100.0)


def _nvml(device: str) -> float | None:
    """Joules since the driver was loaded (Volta and later)."""
    found = _ask(device, "nvmlDeviceGetTotalEnergyConsumption")
    return None if found is None else float(found) / 1e3


def _ask(device: str, what: str) -> Any:
    """What a function of NVML says of a device; ``None`` where there is no NVML, or it does not know."""
    try:
        import pynvml
    except ImportError:
        return None
    import torch

    try:
        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return getattr(pynvml, what)(pynvml.nvmlDeviceGetHandleByUUID(uuid.encode()))
    except pynvml.NVMLError:
        return None


def powercap(root: Path) -> float | None:
    """Joules of all processor packages since some moment; ``None`` where there is no counter or it may not be read."""
    found = [path / "energy_uj" for path in sorted(root.glob("intel-rapl:*")) if path.name.count(":") == 1]
    try:
        return sum(int(path.read_text()) for path in found) / 1e6 if found else None
    except (OSError, ValueError):
        return None
