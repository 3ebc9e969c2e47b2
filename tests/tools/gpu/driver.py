"""NVML for a GPU that is pretended: constant power, an energy counter that may be off, and a busy share."""

from __future__ import annotations

import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

WATTS = 300.0


class RefusedError(Exception):
    """What NVML raises."""


def pretend(monkeypatch: pytest.MonkeyPatch, factor: float = 1.0) -> ModuleType:
    """Put a module ``pynvml`` in place; its energy counter runs ``factor`` times as fast as the power says."""
    found: Any = ModuleType("pynvml")
    found.NVMLError, found.NVML_CLOCK_SM = RefusedError, 1
    answers = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetHandleByUUID": lambda uuid: "handle",
        "nvmlSystemGetDriverVersion": lambda: "999.1",
        "nvmlSystemGetNVMLVersion": lambda: b"13.999",
        "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 700_000,
        "nvmlDeviceGetClockInfo": lambda handle, clock: 1980,
        "nvmlDeviceGetPowerUsage": lambda handle: WATTS * 1e3,
        "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=80),
        "nvmlDeviceGetTotalEnergyConsumption": lambda handle: factor * WATTS * 1e3 * time.monotonic(),
    }
    for name, answer in answers.items():
        setattr(found, name, answer)
    monkeypatch.setitem(sys.modules, "pynvml", found)
    return found
