"""Fits per second of ``analyze multiverse`` on the bundled gains, against one ``fit_mixed`` each.

Usage: python benchmarks/multiverse.py [--jobs 2] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time

from machine import describe

from analysis import fit_mixed
from analysis.questions.multiverse import MultiverseRequest
from analysis.questions.multiverse.run import open_table
from analysis.questions.multiverse.workers import fit_all

# Many specifications share rows and random effects in the first set, very few in the second.
WHOLE = ("coverage=any", "tasks=all", "studies=all", "kernel=none", "df_method=satterthwaite", "features=uriel")
SETS = {
    "all combinations of measure, recipe, outcome, source, training, effects and covariate": (WHOLE, None),
    "2,000 drawn from all": ((), 2000),
}
ONE_BY_ONE = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(describe())
    print(f"{options.jobs} processes, load average before {os.getloadavg()[0]:.1f}; df included\n")
    print("| specifications | fits | distinct | seconds | fits/s | CPU ms per fit | `fit_mixed`, CPU ms per fit |")
    print("|---|---:|---:|---|---:|---:|---:|")
    for name, (fixed, limit) in SETS.items():
        table, space = open_table(MultiverseRequest(fixed=fixed, limit=limit))
        specs = [space.options(i) for i in range(len(space.table))]
        seconds, cpu = [], cpu_seconds()
        for _ in range(options.rounds):
            start = time.perf_counter()
            done = fit_all(table, specs, jobs=options.jobs)
            seconds.append(time.perf_counter() - start)
        each = 1e3 * (cpu_seconds() - cpu) / options.rounds / len(specs)
        fitted = [item for item in done if item.fit is not None]
        different = len({item.key for item in fitted})
        alone = one_by_one(*open_table(MultiverseRequest(fixed=(*fixed, "kernel=none"), limit=ONE_BY_ONE)))
        middle = statistics.median(seconds)
        spread = f"{middle:.1f} ({min(seconds):.1f}–{max(seconds):.1f})"
        rate = len(fitted) / middle
        print(
            f"| {name} | {len(fitted):,} | {different:,} | {spread} | {rate:.0f} | {each:.1f} | {alone:.1f} |",
            flush=True,
        )


def one_by_one(table, space) -> float:
    """CPU milliseconds per fit if every specification is a formula and a frame."""
    total = 0.0
    for i in range(len(space.table)):
        options = space.options(i)
        spec = table.specify(options)
        rows = table.frame[spec.kept].copy()
        rows["outcome"], rows["typology"] = table.values(spec.outcome)[spec.kept], spec.x[spec.kept]
        start = time.process_time()
        fit_mixed(spec.model.text, rows, df=options.get("df_method", "satterthwaite")).fixed  # noqa: B018
        total += time.process_time() - start
    return 1e3 * total / len(space.table)


def cpu_seconds() -> float:
    """CPU seconds of this process and its finished children."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(item.ru_utime + item.ru_stime for item in used)


if __name__ == "__main__":
    main()
