"""Number of random effects up to which one BLAS thread is faster than all threads.

Usage: python benchmarks/threads.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from machine import describe
from threadpoolctl import threadpool_limits
from timing import evaluation

from analysis.mixed.model.design import build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.crossproducts import form_crossproducts

LEVELS = (100, 200, 400, 800, 1200, 1600)


def main() -> None:
    print(describe())
    print("milliseconds per evaluation (median of 9) of one dense factor\n")
    print("| random effects | one thread | all threads | ratio |")
    print("|---:|---:|---:|---:|")
    rng = np.random.default_rng(1)
    for levels in LEVELS:
        n = 10 * levels
        frame = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "item": rng.integers(0, levels, n)})
        frame["task"] = rng.integers(0, 9, n)
        design = build_design(parse_formula("y ~ x + (1|item) + (1|task)"), frame)
        criterion = Criterion(form_crossproducts(design, eliminate=False))
        times = []
        for limit in (1, None):
            with threadpool_limits(limits=limit, user_api="blas"):
                times.append(evaluation(criterion))
        print(f"| {criterion.size} | {times[0]:.2f} | {times[1]:.2f} | {times[1] / times[0]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
