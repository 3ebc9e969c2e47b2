"""Devices that a plan can be priced for: their arithmetic and memory, from the makers' data sheets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.core.errors import unknown_name

#: Share of the peak that training of layers of usual size reaches; assumed, since nothing was measured on these cards.
SHARE = 0.35
#: Seconds that starting one kernel takes, and kernels of a layer forward: small models wait for these.
LAUNCH_S, KERNELS = 6e-6, 25


@dataclass(frozen=True, slots=True)
class Device:
    """Dense FLOP/s by precision, memory in GiB (``None``: not limited here), and its kind as torch says it.

    ``share`` is how much of the peak is reached, ``forward`` the same in evaluation.
    """

    name: str
    flops: Mapping[str, float]
    memory_gib: float | None
    kind: str = "cuda"
    share: float = SHARE
    forward: float = SHARE
    launch_s: float = LAUNCH_S

    def seconds(self, flops: float, precision: str, steps: float, layers: int, training: bool) -> float:
        """Seconds of ``steps`` with ``flops`` in all: by the arithmetic, or by the starts of kernels."""
        rate = self.flops[precision] * (self.share if training else self.forward)
        return max(flops / rate, steps * layers * KERNELS * (3 if training else 1) * self.launch_s)


def _gpu(name: str, fp32: float, tf32: float, bf16: float, memory_gib: float) -> Device:
    return Device(name, {"fp32": fp32 * 1e12, "tf32": tf32 * 1e12, "bf16": bf16 * 1e12}, memory_gib)


DEVICES: Mapping[str, Device] = {
    device.name: device
    for device in (
        _gpu("h200", 67.0, 494.7, 989.4, 141.0), _gpu("h100", 67.0, 494.7, 989.4, 80.0),
        _gpu("a100", 19.5, 156.0, 312.0, 80.0), _gpu("a100-40", 19.5, 156.0, 312.0, 40.0),
        _gpu("l40s", 91.6, 183.0, 362.0, 48.0), _gpu("l4", 30.3, 60.0, 121.0, 24.0),
        _gpu("a10", 31.2, 62.5, 125.0, 24.0), _gpu("rtx4090", 82.6, 82.6, 165.2, 24.0),
        _gpu("v100", 15.7, 15.7, 15.7, 32.0),
    )
}  # fmt: skip
#: Stands for this machine, whose speed has to be measured.
HERE = "here"


def of_unknown_speed(kind: str) -> Device:
    """A device whose memory alone is asked for: everything takes no time."""
    return Device(HERE, dict.fromkeys(("fp32", "tf32", "bf16"), float("inf")), None, kind, launch_s=0.0)


def find_device(name: str) -> Device:
    """A device by its name, in any case.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name.casefold() not in DEVICES:
        raise unknown_name("device", name, (*DEVICES, HERE))
    return DEVICES[name.casefold()]
