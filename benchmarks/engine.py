"""One fit by this package, lme4, mixedlm, glmm, interlace-lme and statsmodels, in one run.

Usage: python benchmarks/engine.py [--only WORDS] [--rounds N]
Engines that are not installed are left out; the larger sets are written by R.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import shutil
import statistics
import subprocess
import time
import warnings
from collections.abc import Callable

import pandas as pd
from machine import describe
from sets import HERE, INTERCEPTS, SETS, Set, write_large

from analysis.mixed import fit_mixed

# Slow engines run only on sets up to this many rows: larger ones take minutes per fit.
STATSMODELS_ROWS, INTERLACE_ROWS = 5_000, 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only sets whose name contains this")
    parser.add_argument("--rounds", type=int, help="rounds instead of each set's own number")
    options = parser.parse_args()
    write_large()
    print(describe())
    print("medians; in each round every engine has its turn; lmer gives no df, so ours is also timed without\n")
    print("| model | engine | fits | median s | range | times ours without df |")
    print("|---|---|---:|---:|---|---:|")
    for entry in SETS:
        if options.only in entry.name:
            if entry.path is None:
                print(f"| {entry.name} | the data are missing: R and lme4 write them | | | | |")
            else:
                compare(entry, options.rounds or entry.rounds)


def compare(entry: Set, rounds: int) -> None:
    frame = entry.read()
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for engine, times in turn(entry, frame):
            seconds.setdefault(engine, []).extend(times)
    ours = statistics.median(seconds["crosslift, no df"])
    for engine, times in seconds.items():
        median = statistics.median(times)
        spread = f"{min(times):.4f}–{max(times):.4f}"
        print(f"| {entry.name} | {engine} | {len(times)} | {median:.4f} | {spread} | {median / ours:.1f} |", flush=True)


def turn(entry: Set, frame: pd.DataFrame) -> list[tuple[str, list[float]]]:
    """Each engine's seconds in one round."""
    formula, repeats = entry.formula, 7 if len(frame) <= 5_000 else 3
    found = [
        ("crosslift, no df", timed(lambda: fit_mixed(formula, frame, df="normal"), repeats)),
        ("crosslift, Satterthwaite", timed(lambda: fit_mixed(formula, frame), repeats)),
    ]
    theirs, version = lme4(entry)
    if theirs:
        found.append((version, theirs))
    if importlib.util.find_spec("mixedlm"):
        import mixedlm

        name = f"mixedlm {importlib.metadata.version('mixedlm')}"
        found.append((name, timed(lambda: mixedlm.lmer(formula, frame), entry.theirs)))
    if importlib.util.find_spec("glmm"):
        import glmm

        # Text columns as factors, as its own documentation has them: its formula then takes the frame as it is.
        coded = frame.assign(**{name: frame[name].astype("category") for name in frame.select_dtypes("str")})
        name = f"glmm {importlib.metadata.version('glmm')}"
        found.append((name, timed(lambda: glmm.fit(coded, formula, satterthwaite=False), entry.theirs)))
    if importlib.util.find_spec("interlace") and len(frame) <= INTERLACE_ROWS:
        found.append((f"interlace-lme {importlib.metadata.version('interlace-lme')}", interlace(entry, frame)))
    if formula == INTERCEPTS and len(frame) <= STATSMODELS_ROWS:  # no correlated slopes with crossed factors
        from analysis.mixed.external.statsmodels import fit_statsmodels

        found.append(("statsmodels", timed(lambda: fit_statsmodels(formula, frame), 1)))
    return found


def timed(call: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of repeated calls after one that does not count."""
    seconds = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call()
        for _ in range(repeats):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
    return seconds


def interlace(entry: Set, frame: pd.DataFrame) -> list[float]:
    """Seconds of interlace-lme, which takes fixed and random parts separately."""
    import interlace

    fixed, *bars = entry.formula.split(" + (")
    random = [f"({bar}" for bar in bars]
    return timed(lambda: interlace.fit(fixed, frame, random=random), entry.theirs)


def lme4(entry: Set) -> tuple[list[float], str]:
    """Seconds of lmer, and its version; nothing where R or lme4 is missing."""
    if shutil.which("Rscript") is None:
        return [], ""
    command = ["Rscript", str(HERE / "lme4_times.R"), str(entry.path), entry.formula, str(entry.theirs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return [], ""
    *lines, versions = done.stdout.strip().splitlines()
    return [float(line) for line in lines], " ".join(versions.split()[:2])


if __name__ == "__main__":
    main()
