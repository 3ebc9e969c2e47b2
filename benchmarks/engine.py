"""One fit by this package, lme4 and statsmodels, in one run.

Usage: python benchmarks/engine.py [--rounds N] [--repeats N]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from machine import describe

from analysis.mixed import fit_mixed
from analysis.mixed.statsmodels_engine import fit_statsmodels

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "validation" / "lme4" / "data" / "synth5k.csv"
FIXED = "gain ~ typology*log_params + log_corpus + (1|language) + (1|target_task) + (1|intermediate_task) + (1|study)"
SLOPE, INTERCEPTS = f"{FIXED} + (1 + typology|model)", f"{FIXED} + (1|model)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds; in each one every engine has its turn")
    parser.add_argument("--repeats", type=int, default=7, help="fits of this package and of lme4 in a round")
    options = parser.parse_args()
    frame = pd.read_csv(DATA)
    print(describe())
    print(f"{DATA.name}: {len(frame):,} rows; {options.rounds} rounds in which the engines take turns\n")
    print("| model | engine | fits | median s | range | times ours |")
    print("|---|---|---:|---:|---|---:|")
    for name, formula in (("random slope, six factors", SLOPE), ("random intercepts, five factors", INTERCEPTS)):
        seconds: dict[str, list[float]] = {"crosslift": []}
        for _ in range(options.rounds):
            seconds["crosslift"] += timed(lambda formula=formula: fit_mixed(formula, frame), options.repeats)
            theirs, version = lme4(formula, options.repeats)
            if theirs:
                seconds.setdefault(version, []).extend(theirs)
            if formula == INTERCEPTS:  # statsmodels has no correlated slopes beside crossed factors
                seconds.setdefault("statsmodels", []).extend(timed(lambda: fit_statsmodels(INTERCEPTS, frame), 1))
        for engine, times in seconds.items():
            row(name, engine, times, seconds["crosslift"])


def timed(call: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of repeated calls after one that does not count."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def lme4(formula: str, repeats: int) -> tuple[list[float], str]:
    """Seconds of lmer, and its version; nothing where R or lme4 is missing."""
    if shutil.which("Rscript") is None:
        return [], ""
    command = ["Rscript", str(HERE / "lme4_times.R"), str(DATA), formula, str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return [], ""
    *lines, versions = done.stdout.strip().splitlines()
    return [float(line) for line in lines], " ".join(versions.split()[:2])


def row(name: str, engine: str, seconds: list[float], ours: list[float]) -> None:
    """Print one line of the table."""
    median = statistics.median(seconds)
    ratio = median / statistics.median(ours)
    print(
        f"| {name} | {engine} | {len(seconds)} | {median:.4f} | {min(seconds):.4f}–{max(seconds):.4f} | {ratio:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
