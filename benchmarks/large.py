"""Five million rows: seconds and peak memory of one fit in a fresh process.

Usage: python benchmarks/large.py [--rows N]
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd
from machine import describe

from analysis.mixed import fit_mixed

FORMULA = (
    "gain ~ typology*log_params + log_corpus + (1|language) + (1|target_task) + (1|intermediate_task) + (1|study)"
    " + (1 + typology|model)"
)
LEVELS = {"language": 120, "target_task": 14, "intermediate_task": 25, "study": 200, "model": 60}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    options = parser.parse_args()
    print(describe())
    frame = synthetic(options.rows)
    before = peak()
    start = time.perf_counter()
    result = fit_mixed(FORMULA, frame)
    seconds = time.perf_counter() - start
    effects = result.design.q
    print(f"\n{options.rows:,} rows, {effects} random effects, {len(result.names)} fixed effects")
    print(f"data frame: {frame.memory_usage(deep=True).sum() / 2**30:.2f} GiB; peak before the fit {before:.2f} GiB")
    print(f"fit with Satterthwaite df: {seconds:.1f} s, {result.evaluations} evaluations, peak {peak():.2f} GiB")
    print(f"converged: {result.converged}")


def synthetic(rows: int, seed: int = 20054) -> pd.DataFrame:
    """Rows shaped like the reference sets of validation/lme4; factors are categories, as Parquet files give them."""
    rng = np.random.default_rng(seed)
    codes = {name: rng.integers(0, levels, rows) for name, levels in LEVELS.items()}
    typology = rng.uniform(size=LEVELS["language"])[codes["language"]]
    log_params = rng.uniform(-1, 2, LEVELS["model"])[codes["model"]]
    frame = pd.DataFrame({"typology": typology, "log_params": log_params, "log_corpus": rng.normal(size=rows)})
    gain = 3.5 - 2.0 * typology + 0.8 * log_params + 0.4 * frame["log_corpus"].to_numpy()
    for name, scale in (
        ("language", 1.2),
        ("target_task", 2.0),
        ("intermediate_task", 1.5),
        ("study", 0.8),
        ("model", 1.0),
    ):
        gain += scale * rng.normal(size=LEVELS[name])[codes[name]]
    gain += 1.5 * rng.normal(size=LEVELS["model"])[codes["model"]] * typology
    frame["gain"] = gain + 2.0 * rng.normal(size=rows)
    for name, levels in LEVELS.items():
        labels = [f"{name[0]}{i:03d}" for i in range(levels)]
        frame[name] = pd.Categorical.from_codes(codes[name], labels)
    return frame


def peak() -> float:
    """Highest memory use of this process so far, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
