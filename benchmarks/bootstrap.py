"""Parametric bootstrap by this package and by lme4's bootMer, in one run on the 5,000-row set.

Usage: python benchmarks/bootstrap.py [--draws N] [--theirs N]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import time

from machine import describe
from sets import HERE, INTERCEPTS, SETS, SLOPE

from analysis.mixed import fit_mixed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000, help="draws of this package")
    parser.add_argument("--theirs", type=int, default=30, help="draws of bootMer")
    options = parser.parse_args()
    print(describe())
    print("milliseconds per draw, the fit itself not counted; rounds in which both take turns\n")
    print("| model | round | crosslift | bootMer | ratio |")
    print("|---|---:|---:|---:|---:|")
    entry = SETS[0]
    frame = entry.read()
    for name, formula in (("random slope", SLOPE), ("random intercepts", INTERCEPTS)):
        result = fit_mixed(formula, frame)
        result.bootstrap(50, rng=0)
        for number in range(1, 4):
            start = time.perf_counter()
            result.bootstrap(options.draws, rng=number)
            ours = 1e3 * (time.perf_counter() - start) / options.draws
            theirs = boot_mer(str(entry.path), formula, options.theirs)
            print(f"| {name} | {number} | {ours:.2f} | {theirs:.0f} | {theirs / ours:.0f} |", flush=True)


def boot_mer(path: str, formula: str, draws: int) -> float:
    """Milliseconds per draw of bootMer; not a number where R or lme4 is missing."""
    if shutil.which("Rscript") is None:
        return float("nan")
    command = ["Rscript", str(HERE / "bootmer_times.R"), path, formula, str(draws)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return 1e3 * float(done.stdout.split()[0]) / draws if done.returncode == 0 else float("nan")


if __name__ == "__main__":
    main()
