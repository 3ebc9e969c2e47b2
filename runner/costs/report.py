"""The cost of a plan in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.core.errors import CrossliftError
from analysis.core.text import Table, count

from ..plan.estimate import duration
from ..plan.request import Request
from ..store.stage import Stage
from .devices import HERE, Device, find_device, of_unknown_speed
from .probe import Probe, here, probe
from .stages import Cost, Prices, price


@dataclass(frozen=True, slots=True)
class CostReport:
    """The cost of the stages of a plan that are to run, the device, and what was measured."""

    cost: Cost
    device: Device
    probed: Probe | None

    def to_json(self) -> dict[str, Any]:
        """For the JSON of ``runner plan``."""
        found = self.cost.to_json(self.device)
        if self.probed is not None:
            found["probe"] = {
                "stage": self.probed.stage,
                "training_flops_per_s": self.probed.training,
                "evaluation_flops_per_s": self.probed.evaluation,
                "peak_memory_bytes": self.probed.peak,
            }
        return found

    def text(self) -> str:
        """A table by kind of stage, then memory by component, download, and what the figures rest on."""
        cost, device = self.cost, self.device
        rows = [_row(kind, row) for kind, row in cost.kinds.items()]
        names = ("stages", "pieces", "flops", "seconds", "disk")
        rows.append(_row("all", {name: sum(row[name] for row in cost.kinds.values()) for name in names}))
        shown = ", ".join(f"{name} {_size(value)}" for name, value in _by_size(cost))
        limit = "" if device.memory_gib is None else f" of {device.memory_gib:.0f} GiB"
        lines = [
            Table(("stage", "stages", "tokens", "FLOPs", "time", "disk"), tuple(rows)).text(),
            "",
            f"  peak memory: {_size(cost.memory)}{limit}, in {cost.largest[0]}: {shown}",
        ]
        if device.memory_gib is not None and cost.memory > device.memory_gib * 2**30:
            lines.append("  It does not fit: parts of batches are halved, but weights and optimiser are not.")
        for name, size in cost.download.items():
            lines.append(f"  download: {name}, about {_size(size)}")
        if cost.guessed:
            words = "taken to be as long as max_length, since their data are not at hand"
            lines.append(f"  at most: texts of {', '.join(cost.guessed)} are {words}")
        if self.probed is None:
            lines.append(
                f"  times: {device.name} at {device.share:.0%} of its peak, or the starts of kernels in small models: "
                "assumed, not measured"
            )
        else:
            lines.append(
                f"  times: by steps of {self.probed.stage} on this machine, whose peak was {_size(self.probed.peak)}; "
                "one process of one thread on a CPU"
            )
        return "\n".join(lines)


def find_cost(request: Request, stages: Sequence[Stage], spec: str, steps: int | None) -> CostReport:
    """What stages of a request cost on the device ``spec``.

    Raises
    ------
    CrossliftError
        For an unknown device, a model whose shape is not known, or this machine without a probe.
    """
    plan = request.plan()
    if spec != HERE:
        if steps:
            raise CrossliftError(f"--probe measures this machine, not '{spec}'.", "Give --device-spec here.")
        device = find_device(spec)
        return CostReport(price(Prices(plan, device, request.data_dir), stages), device, None)
    if not steps:
        raise CrossliftError("how fast this machine is has to be measured.", "Give --probe 20.")
    from ..executors.local import find_device as find_here

    name = find_here("auto")
    unknown = of_unknown_speed(name.split(":")[0])
    found = probe(Prices(plan, unknown, request.data_dir), request, steps, name)
    device = here(found, name, _memory_gib(name))
    return CostReport(price(Prices(plan, device, request.data_dir), stages), device, found)


def _memory_gib(device: str) -> float | None:
    if not device.startswith("cuda"):
        return None
    import torch

    return float(torch.cuda.get_device_properties(device).total_memory) / 2**30


def _row(kind: str, row: Any) -> tuple[str, ...]:
    seconds = duration(row["seconds"]) if row["seconds"] >= 1 else "< 1 s"
    return kind, count(int(row["stages"])), _short(row["pieces"]), _short(row["flops"]), seconds, _size(row["disk"])


def _by_size(cost: Cost) -> list[tuple[str, float]]:
    return sorted(cost.largest[1].items(), key=lambda item: -item[1])


def _short(value: float) -> str:
    """A large number to three digits, as 12.3 M."""
    for size, name in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g}" if value else ""


def _size(value: float) -> str:
    """Bytes in GiB or MiB."""
    if not value:
        return ""
    return f"{value / 2**30:,.1f} GiB" if value >= 0.95 * 2**30 else f"{max(1, round(value / 2**20)):,} MiB"
