"""Whole commands on synthetic records: wall-clock time and peak memory of `analyze fit`, from 10⁴ records up.

Usage: python benchmarks/records.py [--largest N] [--one-fit] [--engines] [--rounds N]
``--one-fit`` leaves out the choice of slopes and every model beside the answer.
``--engines`` also fits the rows of 96,000 records with lme4, where it is installed, beside this engine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from machine import describe

from analysis.languages.uriel import load_uriel

HERE = Path(__file__).resolve().parent
LANGUAGES, TASKS, SEEDS = 200, 20, 2
COMMAND = ["-m", "analysis", "fit", "--factor", "typology", "--factor", "size"]
ONE_FIT = ["--slopes", "none", "--robustness", "none"]
# One fit by lme4: seconds of the processor, wall-clock seconds, criterion, version.
LMER = """
suppressMessages(library(lme4)); a <- commandArgs(TRUE)
d <- read.csv(a[1], stringsAsFactors = TRUE); f <- as.formula(a[2])
t <- system.time(m <- suppressWarnings(lmer(f, d)))
cat(sprintf("%.2f %.2f %.4f %s", sum(t[1:2]), t[3], REMLcrit(m), packageVersion("lme4")))
"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Numbers of levels of a sweep."""

    languages: int
    tasks: int
    models: int

    @property
    def records(self) -> int:
        """A baseline and two intermediate tasks each."""
        return 3 * SEEDS * self.languages * self.tasks * self.models


SWEEPS = (Sweep(50, 9, 4), Sweep(LANGUAGES, TASKS, 4), Sweep(LANGUAGES, TASKS, 39), Sweep(LANGUAGES, 50, 166))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000, help="records of the largest sweep")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--one-fit", action="store_true", help="with --slopes none --robustness none")
    parser.add_argument("--engines", action="store_true", help="fit the 96,000-record rows by other engines too")
    options = parser.parse_args()
    if options.one_fit:
        COMMAND.extend(ONE_FIT)
    print(describe())
    print(f"\n`{' '.join(['analyze', *COMMAND[2:]])} --data FILE`, whole processes\n")
    print("| records | gains | file | wall s | CPU s | peak GB | µs of CPU a record |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for sweep in SWEEPS:
            if sweep.records <= options.largest:
                for ending in ("csv", "parquet"):
                    report(sweep, Path(folder) / f"records.{ending}", options.rounds)
        if options.engines:
            engines(Path(folder))


def report(sweep: Sweep, path: Path, rounds: int) -> None:
    frame = records(sweep)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    runs = [measured([sys.executable, *COMMAND, "--data", str(path)]) for _ in range(rounds)]
    wall, cpu, peak = (statistics.median(values) for values in zip(*runs, strict=True))
    gains = int((frame["method"] == "intermediate").sum())
    print(
        f"| {len(frame):,} | {gains:,} | {path.suffix[1:]} | {wall:.2f} | {cpu:.2f} | {peak:.2f} |"
        f" {1e6 * cpu / len(frame):.1f} |",
        flush=True,
    )


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of the processor, and peak memory in GB of one process."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=HERE.parent) as process:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def records(sweep: Sweep, seed: int = 20062) -> pd.DataFrame:
    """Records of a sweep: scores with effects of all that the default model has terms for."""
    rng = np.random.default_rng(seed)
    codes = sorted(load_uriel().codes)
    languages = np.array(codes)[np.linspace(0, len(codes) - 1, sweep.languages).astype(int)]
    shape = (sweep.languages, sweep.tasks, sweep.models, SEEDS, 3)
    language, task, model, repeat, stage = np.indices(shape).reshape(5, -1)
    run = ((model * SEEDS + repeat) * sweep.tasks + task) * 3 + stage
    cell = language * sweep.tasks + task
    baseline = cell * sweep.models * SEEDS + model * SEEDS + repeat
    lifted = stage > 0
    score = 50.0 + 1.0 * model / sweep.models + rng.normal(0, 2, baseline.max() + 1)[baseline]
    score += rng.normal(0, 1, len(run)) + rng.normal(0, 0.5, run.max() + 1)[run]
    score += lifted * (3 + rng.normal(0, 1, sweep.languages)[language] + rng.normal(0, 1, sweep.tasks)[task])
    score += lifted * rng.normal(0, 0.8, cell.max() + 1)[cell]
    names = np.array([f"model-{i:03d}" for i in range(sweep.models)])
    return pd.DataFrame(
        {
            "study": "sweep",
            "model": names[model],
            "params_m": 2.0 ** np.linspace(7, 13, sweep.models)[model],
            "method": np.where(lifted, "intermediate", "baseline"),
            "intermediate_task": np.array(["", "nli", "qa"])[stage],
            "target_task": np.array([f"task-{i:02d}" for i in range(sweep.tasks)])[task],
            "train_language": "eng",
            "language": languages[language],
            "metric": "acc",
            "split": "test",
            "score": np.clip(score, 0, 100).round(3),
            "seed": repeat,
        }
    )


def engines(folder: Path) -> None:
    """The rows of 64,000 gains by several engines in one run, with the formula that the command chose."""
    import json

    from analysis.mixed import fit_mixed

    path, rows, result = folder / "records.csv", folder / "rows.csv", folder / "fit.json"
    records(SWEEPS[1]).to_csv(path, index=False)
    command = [sys.executable, *COMMAND, *ONE_FIT, "--data", str(path), "--rows", str(rows), "--json", str(result)]
    subprocess.run(command, check=True, capture_output=True, cwd=HERE.parent)
    formula = json.loads(result.read_text())["formula"]
    frame = pd.read_csv(rows, low_memory=False)
    print(f"\n`{formula}` on {len(frame):,} gains: one fit, its criterion, and seconds of the processor\n")
    print("| engine | criterion | wall s | CPU s | times ours, CPU |\n|---|---:|---:|---:|---:|")
    result = fit_mixed(formula, frame)
    wall, cpu = [], []
    for _ in range(5):
        start, used = time.perf_counter(), time.process_time()
        fit_mixed(formula, frame)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    ours = statistics.median(cpu)
    name = "crosslift, Satterthwaite df included"
    print(f"| {name} | {result.criterion:.4f} | {statistics.median(wall):.2f} | {ours:.2f} | 1 |", flush=True)
    if shutil.which("Rscript"):
        given = ["Rscript", "-e", LMER, str(rows), formula]
        done = subprocess.run(given, capture_output=True, text=True, check=True)
        used, elapsed, criterion, version = done.stdout.split()
        theirs = float(used)
        print(f"| lme4 {version} | {criterion} | {elapsed} | {theirs:.2f} | {theirs / ours:.0f} |", flush=True)


if __name__ == "__main__":
    main()
