"""Where the time of a fit goes, beside its floor: one pass over the data, one Cholesky factor an evaluation.

Usage: python benchmarks/floor.py
The pass reads every array of the model once (X'X, X'y, and the outcome summed by each factor); the factor is LAPACK's of
the system that is left once the largest term is eliminated.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from machine import describe
from scipy.linalg.lapack import dpotrf
from sets import SETS, write_large

from analysis.mixed import fit_mixed
from analysis.mixed.criterion import Criterion
from analysis.mixed.crossproducts import sum_rows
from analysis.mixed.design import Design, build_design
from analysis.mixed.formula import parse_formula
from analysis.mixed.rows import whiten
from analysis.mixed.threads import blas_threads


def main() -> None:
    write_large()
    print(describe())
    print("milliseconds, medians of 5\n")
    print(
        "| model | design | cross-products | one pass | search | evaluations | an evaluation | one Cholesky | whole fit |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for entry in SETS:
        if entry.path is None:
            continue
        frame, formula = entry.read(), parse_formula(entry.formula)
        design = build_design(formula, frame)
        with blas_threads(design.q):
            criterion = Criterion(sum_rows(whiten(design), formula))
            theta = criterion.start()
            system = criterion.factor(criterion.lambdas(theta)).lower
            system = np.tril(system) @ np.tril(system).T
            cells = [
                measure(lambda frame=frame, formula=formula: build_design(formula, frame)),
                measure(lambda design=design: sum_rows(whiten(design), design.formula)),
                measure(lambda design=design: one_pass(design)),
                np.nan,
                np.nan,
                measure(lambda: criterion(theta)),
                measure(lambda: dpotrf(system, lower=1)),
            ]
        result = fit_mixed(entry.formula, frame, df="normal")
        whole = measure(lambda: fit_mixed(entry.formula, frame, df="normal"))
        cells[3], cells[4] = whole - cells[0] - cells[1], result.evaluations
        print("| " + " | ".join([entry.name, *(f"{cell:.4g}" for cell in [*cells, whole])]) + " |", flush=True)


def one_pass(design: Design) -> None:
    """Read every array once."""
    _ = design.X.T @ design.X, design.X.T @ design.y
    for term in design.terms:
        np.bincount(term.codes, weights=design.y, minlength=len(term.levels))


def measure(call: Callable[[], object]) -> float:
    """Median milliseconds of five calls after one that does not count."""
    call()
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds)


if __name__ == "__main__":
    main()
