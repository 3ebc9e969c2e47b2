"""How fast this machine is and what memory a stage takes: a few steps of it, in a process of their own.

``python -m runner.costs.probe`` is that process: it reads a request and the identity of a stage as JSON from standard
input and writes what it measured to standard output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from ..executors.command import search_path
from ..kinds.registry import find_kind
from ..plan.lineage import on_half
from ..plan.request import Request
from ..plan.training import Training
from ..store.stage import Stage
from .devices import HERE, Device, of_unknown_speed
from .stages import Prices, forward_flops
from .texts import TRAIN_SAMPLE, at_hand

if TYPE_CHECKING:
    from ..kinds.features import Features
    from .shape import Shape

#: First steps, which also load kernels and fill caches, are not timed.
WARM = 2


@dataclass(frozen=True, slots=True)
class Probe:
    """What was measured: FLOP/s of training and of evaluation, and the peak of the process or of the GPU in bytes."""

    stage: str
    training: float
    evaluation: float
    peak: float


def probe(prices: Prices, request: Request, steps: int, device: str) -> Probe:
    """Run a few steps of the stage of the plan that takes the most memory and whose data are at hand.

    Times on a CPU are those of the processor with one thread, so that other work on the machine matters little.

    Raises
    ------
    CrossliftError
        If no training data are at hand, or the steps fail.
    """
    if steps <= WARM:
        raise CrossliftError(f"--probe is {steps}.", f"Give more than {WARM} steps, such as 20.")
    stage = _choose(prices)
    asked = {
        "grid": dict(request.content), "data_dir": None if request.data_dir is None else str(request.data_dir),
        "stage": stage.id, "steps": steps, "device": device,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", "-m", "runner.costs.probe"], input=json.dumps(asked), capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": search_path(), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        check=False,
    )  # fmt: skip
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise CrossliftError(f"the probe of {stage.label} failed: {reason}.", "Plan without --probe.")
    return Probe(**json.loads(done.stdout.splitlines()[-1]))


def here(found: Probe, device: str, memory_gib: float | None) -> Device:
    """The machine as a device, with the rates that were measured; every precision has that of the probe."""
    rates = dict.fromkeys(("fp32", "tf32", "bf16"), found.training)
    forward = found.evaluation / found.training
    return Device(HERE, rates, memory_gib, device.split(":")[0], share=1.0, forward=forward, launch_s=0.0)


def _choose(prices: Prices) -> Stage:
    """The stage to try: the largest one whose data are at hand."""
    tried = [
        stage
        for stage in prices.plan.stages
        if stage.kind in ("target", "intermediate") and at_hand(prices.task(stage.task), prices.data_dir)
    ]
    if not tried:
        raise CrossliftError("no training data of the plan are at hand to probe with.", "Give their --data-dir.")
    return max(tried, key=lambda stage: prices.of(stage).peak)


def measure(asked: dict[str, Any]) -> Probe:
    """Train and evaluate for a few steps, here and now."""
    import numpy as np
    import torch

    from ..models.backbone import load_backbone
    from ..tasks.load import load_task
    from ..training.batches import training_batches
    from ..training.bench import Bench
    from ..training.evaluate import evaluate
    from ..training.train import TOKENS, train

    torch.set_num_threads(1)
    device = str(asked["device"])
    clock = time.process_time if device == "cpu" else time.perf_counter
    request = Request(asked["grid"], None if asked["data_dir"] is None else Path(asked["data_dir"]))
    plan = request.plan()
    stage = next(stage for stage in plan.stages if stage.id == asked["stage"])
    prices = Prices(plan, of_unknown_speed(device.split(":")[0]), request.data_dir)
    training = replace(Training(**stage.inputs["training"]), select="last")
    task, half = load_task(stage.task, request.data_dir), on_half(stage)
    kind = find_kind(task.kind)
    bench = Bench(load_backbone(prices.card(stage.model), half), device)
    whole = task.card.train_examples <= TRAIN_SAMPLE
    examples = task.train(None if whole else min(TRAIN_SAMPLE, stage.inputs["examples"]))
    length, steps, seed = stage.inputs["training"]["max_length"], int(asked["steps"]), 1
    features = kind.encode(bench.backbone, examples, length, True)
    classes = kind.classes(task.labels, features)
    ends = []
    found = train(
        bench, bench.start, kind, features, classes, training, steps, seed, stage.task,
        lambda step, loss: ends.append(clock()), read_every=1,
    )  # fmt: skip
    shape = prices.shape(stage.model)
    rng = np.random.default_rng([seed, zlib.crc32(stage.task.encode())])
    batches = list(training_batches(features, training.batch_size, steps, rng))
    factor = prices.factor(stage)
    done = sum(_flops(shape, features, batch, TOKENS[device.split(":")[0]], factor) for batch in batches[WARM:])
    trained = done / (ends[-1] - ends[WARM - 1])
    evaluated = trained
    if not kind.no_target:
        sets = [kind.encode(bench.backbone, examples, length, False)]
        start = clock()
        evaluate(bench, found.state, kind, sets, classes, "bf16" if half else "fp32")
        lengths = sets[0].lengths.astype(float)
        evaluated = float(sum(size * forward_flops(shape, size) for size in lengths)) / (clock() - start)
    return Probe(stage.label, trained, evaluated, _peak(device))


def _flops(shape: Shape, features: Features, batch: Any, room: int, factor: float) -> float:
    from ..training.batches import parts

    found = 0.0
    for part in parts(features, batch, room):
        longest = float(features.lengths[part].max())
        found += longest * len(part) * (forward_flops(shape, longest) * factor)
    return found


def _peak(device: str) -> float:
    if device.startswith("cuda"):
        import torch

        return float(torch.cuda.max_memory_allocated(device))
    import resource

    return 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(arguments: Sequence[str]) -> int:
    """Measure what standard input asks for."""
    print(json.dumps(asdict(measure(json.loads(sys.stdin.read())))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
