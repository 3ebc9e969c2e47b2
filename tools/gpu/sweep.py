"""Minute 8 to 11.5: real results. me5-small, none and banking77, then SIB-200 in 205 languages, on one GPU.

A worker and the driver are killed once each, and the sweep is resumed. Seeds run in order, and only complete
ones are kept.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tools.gpu.findings import Findings
from tools.gpu.floor import ERRORS, FLOOR, LOWEST
from tools.gpu.kills import Kills
from tools.gpu.meters import Watch, Window, identity
from tools.gpu.pack import pack_store
from tools.gpu.processes import Sweep
from tools.gpu.setting import TRAINING, Setting
from tools.gpu.whole import keep_whole, whole_seeds

STUDY = "crosslift_gpu"
ENGLISH = "eng_Latn"
TINY_LANGUAGES = (ENGLISH, "deu_Latn", "fin_Latn")
#: Processes on the one GPU: a stage leaves it idle while it tokenises, scores and writes.
WORKERS = 6
#: Seconds kept for checking and packing; a rehearsal's are few and small.
SPARE_S, TINY_SPARE_S = 25.0, 4.0
#: Seconds between checks of the store, and between packs of complete seeds.
LOOK_S, PACK_S = 0.1, 30.0


def grid(setting: Setting) -> dict[str, Any]:
    """The design of ``crosslift_mini`` at 12 layers, in all languages of the data; a rehearsal has a part of it."""
    training = {"batch_size": TRAINING.batch_size, "learning_rate": TRAINING.learning_rate, "dropout": 0}
    if setting.tiny:
        return {
            "models": [f"{setting.model}@3"],
            "intermediate": ["none", {"task": "banking77", "examples": 24}],
            "targets": ["sib200:24"],
            "languages": list(TINY_LANGUAGES),
            "seeds": "1-60",
            "control": "steps",
            "training": {**training, "epochs": 1, "batch_size": 8},
        }
    return {
        "models": [str(setting.model)],
        "intermediate": ["none", {"task": "banking77", "examples": 2000}],
        "targets": ["sib200"],
        "languages": "all",
        "seeds": "1-24",
        "control": "steps",
        "training": {**training, "epochs": TRAINING.epochs},
        "training_intermediate": {"epochs": 2},
    }


def run(setting: Setting, found: Findings) -> None:
    """Fill the findings."""
    place, store = setting.state / "grid.yaml", setting.state / "sweep"
    cells = plan(setting, place)
    workers = 2 if setting.tiny else WORKERS
    found.fact(
        card=identity(setting.device)["name"], grid=grid(setting), cells_of_the_plan=len(cells), workers=workers,
        floor={"english_accuracy": FLOOR, "lowest_of_crosslift_mini": LOWEST, "standard_errors_below": ERRORS},
    )  # fmt: skip
    sweep = Sweep(setting, place, store, STUDY, workers)
    kills = Kills(sweep)
    with Watch(setting.device) as watch:
        window = Window(setting.device, watch)
        window.open()
        try:
            _go(setting, sweep, kills, cells, found)
        finally:
            sweep.stop()
        window.close()
    there = sweep.cells()
    found.fact(
        seconds=round(window.seconds, 1), cells=len(there), kills=kills.told, starts=sweep.starts, busy=window.busy,
        energy_j=window.energy_j, cells_per_s=len(there) / window.seconds if setting.cuda else None,
        log=sweep.last_lines(),
    )  # fmt: skip
    verify(setting, sweep, kills, cells, found)
    pack_store(setting, found)


def plan(setting: Setting, place: Path) -> list[dict[str, Any]]:
    """Write the grid and its plan; returns the cells."""
    import yaml

    from runner.cli.main import main

    place.write_text(yaml.safe_dump(grid(setting), sort_keys=False), encoding="utf-8")
    path = setting.state / "plan.json"
    status = main(["plan", str(place), "--data-dir", str(setting.data), "--json", str(path)])
    if status:
        raise RuntimeError(f"runner plan ended with status {status}")
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def _go(setting: Setting, sweep: Sweep, kills: Kills, cells: list[dict[str, Any]], found: Findings) -> None:
    """Run until the plan is done or time runs out; kill twice on the way, and pack complete seeds from time to time."""
    spare = TINY_SPARE_S if setting.tiny else SPARE_S
    sweep.start()
    packed = time.monotonic()
    while setting.left() > spare:
        kills.look()
        if not sweep.running() and (len(sweep.cells()) == len(cells) or not kills.resume()):
            return  # all is done, or the command ended early by itself: its last lines say why
        if setting.tiny and kills.done and kills.went_on() and whole_seeds(cells, sweep.cells()):
            return  # a rehearsal is over once both were killed
        if not setting.tiny and time.monotonic() - packed > PACK_S:
            keep_whole(sweep.store, setting.state / "kept", cells)
            pack_store(setting, found)
            packed = time.monotonic()
        time.sleep(LOOK_S)


def verify(setting: Setting, sweep: Sweep, kills: Kills, cells: list[dict[str, Any]], found: Findings) -> None:
    """Check the store, and keep its complete seeds."""
    from analysis.records.schema import EVALUATION, complete
    from analysis.records.sweep import store_records
    from analysis.store.layout import read_store
    from runner.store.failures import failed_stages
    from runner.store.store import Store

    content = read_store(sweep.store)
    failures = [f"{item['stage']}: {item['error']}" for item in failed_stages(Store.open(sweep.store)).values()]
    found.check("no stage failed", not failures, failed=failures[:5])
    found.check("no cell is damaged", not content.damaged, damaged=[list(item) for item in content.damaged[:5]])
    found.check(
        "a worker and the driver were killed, and the sweep went on", kills.done and kills.went_on(),
        kills=len(kills.told), cells_after=len(content.cells) - kills.cells_before,
    )  # fmt: skip
    lost = kills.lost()
    found.check("no cell was lost or written again", not lost, lost=lost[:5], watched=len(kills.seen))
    planned = {cell["id"] for cell in cells}
    strange = [cell.id for cell in content.cells if cell.id not in planned]
    rows = complete(store_records(content)) if content.cells else None
    doubled = 0 if rows is None else int(rows.duplicated(list(EVALUATION)).sum())
    found.check("no cell is doubled", doubled == 0 and not strange, doubled=doubled, not_planned=strange[:5])
    seeds = keep_whole(sweep.store, setting.state / "kept", cells)
    every = list(dict.fromkeys(str(cell["seed"]) for cell in cells))
    own = [cell for cell in cells if str(cell["seed"]) in seeds]
    found.fact(whole_seeds=seeds, in_order=seeds == every[: len(seeds)], kept_cells=len(own))
    found.check("at least one seed is complete", bool(seeds), whole=len(seeds), kept_cells=len(own))
    _english(setting, content, {cell["id"] for cell in own}, found)


def _english(setting: Setting, content: Any, kept: set[str], found: Findings) -> None:
    name = f"English accuracy of at least {FLOOR:g} in every run"
    scores = {
        f"{record['method']}{' control' if record.get('control') else ''} seed {record['seed']}": record["score"]
        for cell in content.cells if cell.id in kept
        for record in cell.records if record["language"] == ENGLISH and record["metric"] == "acc"
    }  # fmt: skip
    if setting.tiny:
        found.fact(english=scores)
        found.not_run(name, "a rehearsal trains too little, or a stand-in, and does not have to reach it")
        return
    lowest = min(scores.values(), default=0.0)
    found.fact(english=scores)
    found.check(name, bool(scores) and lowest >= FLOOR, lowest=lowest, runs=len(scores), floor=FLOOR)
