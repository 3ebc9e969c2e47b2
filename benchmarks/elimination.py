"""Number of random effects from which eliminating the largest term pays off: one evaluation with and without it.

Usage: python benchmarks/elimination.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from machine import describe
from timing import evaluation

from analysis.mixed.model.design import build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.crossproducts import form_crossproducts
from analysis.mixed.numerics.threads import blas_threads

OTHERS = {"task": 9, "model": 16, "study": 20}
LEVELS = (25, 50, 100, 150, 250, 500, 1000)


def main() -> None:
    print(describe())
    print("milliseconds per evaluation (median of 15): largest factor crossed with 45 levels of three others\n")
    print("| levels | one dense factor | largest term eliminated | ratio |")
    print("|---:|---:|---:|---:|")
    rng = np.random.default_rng(1)
    for levels in LEVELS:
        n = 20 * levels
        frame = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "item": rng.integers(0, levels, n)})
        for name, k in OTHERS.items():
            frame[name] = rng.integers(0, k, n)
        formula = "y ~ x + (1|item)" + "".join(f" + (1|{name})" for name in OTHERS)
        design = build_design(parse_formula(formula), frame)
        criteria = [Criterion(form_crossproducts(design, flag)) for flag in (False, True)]
        with blas_threads(criteria[0].size):
            dense, apart = (evaluation(criterion) for criterion in criteria)
        print(f"| {levels} | {dense:.2f} | {apart:.2f} | {dense / apart:.1f} |", flush=True)


if __name__ == "__main__":
    main()
