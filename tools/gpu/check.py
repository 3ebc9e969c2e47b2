"""Minute 0 to 1: the machine, a step in each precision, and whether its energy counter is accurate."""

from __future__ import annotations

import contextlib
import io
import json
import math
import time
from dataclasses import replace
from typing import Any

from tools.gpu.findings import ON_A_CPU, Findings
from tools.gpu.meters import Watch, Window, identity
from tools.gpu.setting import TRAINING, Setting

#: Largest relative error of the energy counter against power times time.
ENERGY = 0.10
#: Seconds of steady work before the counter is compared, and during which it is: the driver averages power over one.
WARM_S, MEASURED_S = 2.0, 5.0
#: Rows and columns of the matrices multiplied meanwhile: enough to fill any card.
SIZE = 8192


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    found.fact(device=identity(setting.device), **_runner_check())
    packages = found.facts["runner_check"]["packages"]
    lacking = [name for name in ("torch", "transformers", "accelerate", "peft") if not packages.get(name)]
    found.check("packages that training needs", not lacking, missing=lacking)
    if setting.cuda:
        found.check("NVML answers", "driver" in found.facts["device"], device=found.facts["device"])
    else:
        found.not_run("NVML answers", ON_A_CPU)
    with found.attempt("a step in each precision"):
        _precisions(setting, found)
    with found.attempt("the energy counter is compared"):
        _energy(setting, found)


def _runner_check() -> dict[str, Any]:
    """The output of ``runner check --json`` and its exit status, which is 1 where the hub's package is missing."""
    from runner.cli.main import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main(["check", "--json"])
    return {"runner_check": json.loads(out.getvalue()), "runner_check_status": status}


def _precisions(setting: Setting, found: Findings) -> None:

    from tools.gpu.stages import Stage, as_in_a_sweep

    stage = Stage.of_target(setting, depth=3)
    for name in ("fp32", "tf32", "bf16"):
        if name == "tf32" and not setting.cuda:
            found.not_run("a step in tf32 has a finite loss", ON_A_CPU)
            continue
        training = replace(TRAINING, precision=name)
        start = time.monotonic()
        with as_in_a_sweep():
            loss = stage.train(training, 1).losses[0]
        seconds = round(time.monotonic() - start, 3)
        found.check(f"a step in {name} has a finite loss", math.isfinite(loss), loss=loss, seconds=seconds)


def _energy(setting: Setting, found: Findings) -> None:
    """Compare the device's counter with power integrated over the same seconds of steady matrix products."""
    name = f"energy within {ENERGY:.0%} of power x time"
    if not setting.cuda:
        found.not_run(name, ON_A_CPU)
        return
    import torch

    n = SIZE
    a, b = (torch.randn(n, n, device=setting.device, dtype=torch.bfloat16) for _ in range(2))
    with Watch(setting.device) as watch:
        window = Window(setting.device, watch)
        _multiply(a, b, WARM_S)
        window.open()
        products = _multiply(a, b, MEASURED_S)
        window.close()
    found.fact(matmul={
        "shape": [n, n, n], "dtype": "bfloat16", "products": products,
        "tflops": products * 2 * n**3 / window.seconds / 1e12,
    })  # fmt: skip
    if window.energy_j is None or window.power_j is None:
        found.failed(name, "NVML does not report energy" if window.energy_j is None else "NVML does not report power")
        return
    ratio = window.energy_j / window.power_j
    found.check(
        name, agrees(window.energy_j, window.power_j), energy_j=window.energy_j, power_x_time_j=window.power_j,
        ratio=ratio, seconds=window.seconds,
    )  # fmt: skip


def agrees(energy_j: float, power_j: float) -> bool:
    """Whether a counter is within ``ENERGY`` of power times time, the reference."""
    return abs(energy_j / power_j - 1) <= ENERGY


def _multiply(a: Any, b: Any, seconds: float) -> int:
    """Matrix products for so many seconds; waits for the device every few, so that none is queued beyond the end."""
    import torch

    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for _ in range(10):
            torch.matmul(a, b)
        torch.cuda.synchronize()
        done += 10
    return done
