"""Power, energy and busy share of a GPU, as its driver reports them; read only, settings are never changed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType
from typing import Any, NamedTuple

from runner.executors.energy import Meter

#: Seconds between two samples. The driver updates its own figures about this often.
EVERY_S = 0.05


class Sample(NamedTuple):
    """One sample: seconds (monotonic), watts, and the percentage of recent time in which a kernel ran."""

    at: float
    watts: float
    busy: float


def handle_of(device: str) -> Any:
    """NVML's handle of a device of torch; ``None`` if NVML or a device of this name is not available."""
    if not device.startswith("cuda"):
        return None
    try:
        import pynvml
        import torch

        pynvml.nvmlInit()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return pynvml.nvmlDeviceGetHandleByUUID(uuid.encode())
    except (ImportError, RuntimeError, AssertionError, _nvml_error()):
        return None


def _nvml_error() -> type[Exception]:
    try:
        import pynvml
    except ImportError:
        return ImportError
    found: type[Exception] = pynvml.NVMLError
    return found


def identity(device: str) -> dict[str, Any]:
    """Name, driver, memory and power limit of a device, as far as NVML reports them; only the name without it."""
    if not device.startswith("cuda"):
        return {"name": "cpu"}
    import torch

    facts = torch.cuda.get_device_properties(device)
    found: dict[str, Any] = {
        "name": facts.name,
        "memory_gib": round(facts.total_memory / 2**30, 1),
        "capability": f"{facts.major}.{facts.minor}",
        "multiprocessors": facts.multi_processor_count,
    }
    handle = handle_of(device)
    if handle is not None:
        import pynvml

        found["driver"] = _text(pynvml.nvmlSystemGetDriverVersion())
        found["nvml"] = _text(pynvml.nvmlSystemGetNVMLVersion())
        try:
            found["power_limit_w"] = pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3
            found["sm_clock_mhz"] = pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_SM)
        except pynvml.NVMLError as error:
            found["nvml_refuses"] = str(error)
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@dataclass
class Watch:
    """Samples a device every ``EVERY_S`` seconds within the context; does nothing on a CPU."""

    device: str
    samples: list[Sample] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Watch:
        handle = handle_of(self.device)
        if handle is not None:
            self._thread = threading.Thread(target=self._look, args=(handle,), daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self, handle: Any) -> None:
        import pynvml

        while not self._stop.wait(EVERY_S):
            try:
                watts = pynvml.nvmlDeviceGetPowerUsage(handle) / 1e3
                busy = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            except pynvml.NVMLError:  # a device that reports neither gives an empty list, which every reader checks for
                return
            self.samples.append(Sample(time.monotonic(), watts, busy))

    def between(self, start: float, end: float) -> list[Sample]:
        """Samples from ``start`` to ``end``, seconds of :func:`time.monotonic`."""
        return [item for item in self.samples if start <= item.at <= end]

    def busy_share(self, start: float, end: float) -> float | None:
        """Share of the time in which a kernel ran, 0 to 1; ``None`` without a sample."""
        found = self.between(start, end)
        return sum(item.busy for item in found) / len(found) / 100 if found else None


def work_of_power(samples: list[Sample], start: float, end: float) -> float | None:
    """Joules from ``start`` to ``end``: power integrated over time by trapezoids, held constant at both edges.

    ``None`` with fewer than three samples, which are too few for an integral.
    """
    inside = [item for item in samples if start <= item.at <= end]
    if len(inside) < 3:
        return None
    at = [start, *(item.at for item in inside), end]
    watts = [inside[0].watts, *(item.watts for item in inside), inside[-1].watts]
    return sum((b - a) * (u + v) / 2 for (a, b), (u, v) in zip(pairwise(at), pairwise(watts), strict=True))


class Window:
    """A stretch of work on a device: seconds, energy, busy share and peak memory, measured by the runner's own meter.

    Both ends wait for the device, so that work queued before is not counted and work queued within is.
    """

    def __init__(self, device: str, watch: Watch) -> None:
        self._meter, self._watch, self._device = Meter(device), watch, device
        self.start = self.end = 0.0

    def open(self) -> None:
        """Begin."""
        if self._device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self._device)
        self._meter.__enter__()
        self.start = time.monotonic()

    def close(self) -> None:
        """End."""
        self._meter.__exit__(None, None, None)
        self.end = time.monotonic()

    @property
    def seconds(self) -> float:
        """Wall time."""
        return self._meter.seconds

    @property
    def energy_j(self) -> float | None:
        """Joules by the device's counter; ``None`` on a CPU, whose counters measure something else."""
        return self._meter.energy_j if self._device.startswith("cuda") else None

    @property
    def power_j(self) -> float | None:
        """Joules by power over time."""
        return work_of_power(self._watch.samples, self.start, self.end)

    @property
    def busy(self) -> float | None:
        """Share of the time in which a kernel ran, 0 to 1."""
        return self._watch.busy_share(self.start, self.end)

    @property
    def peak_gib(self) -> float | None:
        """Peak of the memory that tensors took; ``None`` on a CPU."""
        peak = self._meter.peak_mib
        return None if peak is None else peak / 2**10
