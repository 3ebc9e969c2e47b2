"""What the machine at hand can train with: packages, devices, precision, memory."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

#: Packages of the extra ``runner``.
PACKAGES = ("torch", "transformers", "accelerate", "peft", "datasets")


@dataclass(frozen=True, slots=True)
class Device:
    """One device that torch can use. ``memory_gib`` is 0 where the device shares the machine's memory."""

    name: str
    kind: str
    memory_gib: float
    bf16: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """Installed versions (``None`` for a package that is missing) and usable devices."""

    python: str
    system: str
    cores: int
    packages: dict[str, str | None]
    devices: tuple[Device, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages of the extra that are not installed."""
        return tuple(name for name, found in self.packages.items() if found is None)

    def to_json(self) -> dict[str, Any]:
        """The JSON form of ``runner check``."""
        return {"command": "check", **asdict(self), "missing": list(self.missing)}


def inspect_environment() -> Environment:
    """Look at this machine. Imports torch if it is installed, which takes seconds."""
    packages = {name: _version(name) for name in PACKAGES}
    devices = _devices() if packages["torch"] else ()
    return Environment(platform.python_version(), platform.platform(), os.cpu_count() or 1, packages, devices)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _devices() -> tuple[Device, ...]:
    import torch

    found = [Device(platform.processor() or platform.machine(), "cpu", 0.0, True)]
    for i in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(i)
        bf16 = facts.major >= 8  # Ampere and later
        found.append(Device(facts.name, f"cuda:{i}", facts.total_memory / 2**30, bf16))
    if torch.backends.mps.is_available():
        found.append(Device("Apple GPU", "mps", 0.0, False))
    return tuple(found)
