"""Minute 2 to 4: eight architectures, trained in full, with frozen embeddings and by LoRA, on every kind of task."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from runner.plan.training import METHODS, Method, Precision, Training
from tools.gpu import memory
from tools.gpu.examples import MAKERS
from tools.gpu.findings import Findings
from tools.gpu.setting import Setting
from tools.gpu.stages import as_in_a_sweep
from tools.gpu.tiny_models import ARCHITECTURES, tiny_model

STEPS, EXAMPLES, BATCH, LENGTH = 3, 16, 8, 64
#: TF32 is fp32's arithmetic in fewer bits, and tried in the block ``check``: here it would take a third of the time.
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
#: Seconds kept for writing at the end.
SPARE_S = 5.0


class Case(NamedTuple):
    """One stage to try."""

    architecture: str
    method: Method
    precision: Precision
    kind: str


def cases(rounds: int) -> Iterator[Case]:
    """Every model, method and precision once per round, each with the next kind of task: all kinds in every round."""
    kinds = list(MAKERS)
    combinations = list(product(ARCHITECTURES, METHODS, PRECISIONS))
    for r in range(rounds):
        for i, combination in enumerate(combinations):
            yield Case(*combination, kinds[(i + r) % len(kinds)])


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    with found.attempt("an out-of-memory can be forced"):
        memory.run(setting, found)
    wanted = list(cases(1 if setting.tiny else len(MAKERS)))
    benches: dict[tuple[str, bool], Any] = {}
    failures: list[dict[str, str]] = []
    done, start = 0, time.monotonic()
    for case in wanted:
        if setting.left() < SPARE_S:
            break
        try:
            with as_in_a_sweep():
                _try(case, setting, benches)
        except Exception as error:  # any: unforeseen failures of a stage are what is looked for
            failures.append({**case._asdict(), "error": f"{type(error).__name__}: {error}"[:400]})
        done += 1
    found.fact(
        stages_tried=done, stages_wanted=len(wanted), failures=failures, architectures=list(ARCHITECTURES),
        seconds_of_stages=round(time.monotonic() - start, 2),
    )  # fmt: skip
    found.check("no failed stage", not failures, failed=len(failures), of=done)
    if done < len(wanted):
        found.not_run("every stage was tried", f"{done} of {len(wanted)}: time ran out")
    elif setting.tiny:
        found.not_run("every stage was tried", f"a rehearsal tries one kind for each combination, {done} of 336")
    else:
        found.check("every stage was tried", True, stages=done)


def _try(case: Case, setting: Setting, benches: dict[tuple[str, bool], Any]) -> None:
    """Train a stage, save it, continue from it, and evaluate; raises if anything goes wrong."""
    from runner.kinds.registry import find_kind
    from runner.training.evaluate import evaluate
    from runner.training.train import train

    training = Training(
        method=case.method, precision=case.precision, learning_rate=5e-3, batch_size=BATCH, dropout=0.1
    )  # fmt: skip
    bench = _bench(case.architecture, training.on_half, setting, benches)
    kind, examples = find_kind(case.kind), MAKERS[case.kind](EXAMPLES)
    features = kind.encode(bench.backbone, examples, LENGTH, kind.trains)
    classes = kind.classes(("cat", "dog"), features)
    state = bench.start
    if kind.trains:
        for _ in range(2):  # the second continues from what the first has saved
            trained = train(bench, state, kind, features, classes, training, STEPS, 1, case.kind)
            state = trained.state
            if not all(map(math.isfinite, trained.losses)):
                raise ValueError(f"losses {trained.losses}")
    if kind.no_target:
        return
    tested = kind.encode(bench.backbone, examples, LENGTH, False)
    half = "bf16" if training.on_half else "fp32"
    answers = kind.predictions(evaluate(bench, state, kind, [tested], classes, half)[0], tested, examples)
    if kind.trains and len(answers) != EXAMPLES:
        raise ValueError(f"{len(answers)} answers to {EXAMPLES} examples")


def _bench(architecture: str, half: bool, setting: Setting, benches: dict[tuple[str, bool], Any]) -> Any:
    from runner.models.backbone import load_backbone
    from runner.models.catalog import find_model
    from runner.training.bench import Bench

    key = architecture, half
    if key not in benches:
        place = Path(setting.state) / "tiny" / architecture
        if not place.is_dir():
            place.mkdir(parents=True)
            tiny_model(place, architecture)
        benches[key] = Bench(load_backbone(find_model(str(place)), half), setting.device)
    return benches[key]
