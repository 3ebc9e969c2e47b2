"""Time of a fit compared with its lower bound: one pass over the data, one Cholesky factor per evaluation.

Usage: python benchmarks/floor.py
The pass reads every array of the model once (X'X, X'y, and the outcome summed by each factor); the factor is LAPACK's
of the system that is left once the largest term is eliminated.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from machine import describe
from scipy.linalg.lapack import dpotrf
from sets import SETS, Set, write_large

from analysis.mixed import fit_mixed
from analysis.mixed.model.design import Design, build_design
from analysis.mixed.model.formula import parse_formula
from analysis.mixed.numerics.criterion import Criterion
from analysis.mixed.numerics.crossproducts import sum_rows
from analysis.mixed.numerics.threads import blas_threads
from analysis.mixed.numerics.whitening import whiten

HEADER = (
    "model",
    "design",
    "cross-products",
    "one pass",
    "search",
    "evaluations",
    "one evaluation",
    "one Cholesky",
    "fit",
)


def main() -> None:
    write_large()
    print(describe())
    print("milliseconds, medians of 5\n")
    print("| " + " | ".join(HEADER) + " |")
    print("|---|" + "---:|" * (len(HEADER) - 1))
    for entry in SETS:
        if entry.path is not None:
            print("| " + " | ".join([entry.name, *(f"{cell:.4g}" for cell in row(entry))]) + " |", flush=True)


def row(entry: Set) -> list[float]:
    """The columns of one model."""
    frame, formula = entry.read(), parse_formula(entry.formula)
    design = build_design(formula, frame)
    with blas_threads(0):
        criterion = Criterion(sum_rows(whiten(design), formula))
        theta = criterion.start()
        system = np.tril(criterion.factor(theta).lower)
        system = system @ system.T
        built = measure(lambda: build_design(formula, frame))
        summed = measure(lambda: sum_rows(whiten(design), formula))
        passed = measure(lambda: one_pass(design))
        evaluated = measure(lambda: criterion(theta))
        factored = measure(lambda: dpotrf(system, lower=1))
    whole = measure(lambda: fit_mixed(entry.formula, frame, df="normal"))
    evaluations = fit_mixed(entry.formula, frame, df="normal").evaluations
    return [built, summed, passed, whole - built - summed, evaluations, evaluated, factored, whole]


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
