"""Differences between other Python libraries and metafor, which decided whether to depend on one.

Usage: pip install pymare pimeta statsmodels, then `python validation/meta/others.py` from the root of the repository.
Prints a Markdown table: the largest absolute difference from metafor (validation/metafor/meta.json) in tau2, the
coefficients and their standard errors, by library, data set and method; and the same for this package.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
PINNED = json.loads((ROOT / "validation/metafor/meta.json").read_text(encoding="utf-8"))["models"]
FILES = {"bcg": "bcg_effects", "konstantopoulos": "konstantopoulos2011", "hackshaw": "hackshaw1998"}
Floats = np.ndarray
Fit = Callable[[Floats, Floats, Floats, str, str], tuple[float, Floats, Floats]]


def pymare(y: Floats, v: Floats, X: Floats, method: str, test: str) -> tuple[float, Floats, Floats]:
    from pymare import Dataset
    from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator

    if test not in ("z", "knha"):
        raise NotImplementedError(test)
    correction = {"z": "wald", "knha": "knapp-hartung"}[test]
    if method == "DL":
        estimator = DerSimonianLaird(small_sample_correction=correction)
    elif method in ("ML", "REML"):
        estimator = VarianceBasedLikelihoodEstimator(method=method, small_sample_correction=correction)
    else:
        raise NotImplementedError(method)
    found = estimator.fit_dataset(Dataset(y=y[:, None], v=v[:, None], X=X, add_intercept=False)).summary()
    tau2 = float(np.ravel(found.tau2)[0])
    return tau2, np.ravel(found.fe_params), np.ravel(found.fe_se)


def pimeta(y: Floats, v: Floats, X: Floats, method: str, test: str) -> tuple[float, Floats, Floats]:
    from pimeta.rma_uni import rma

    more = {} if X.shape[1] == 1 else {"mods": X[:, 1:]}
    found = rma(y, v, method=method, test=test, **more)
    return float(found.tau2), np.ravel(found.b), np.ravel(found.se)


def statsmodels(y: Floats, v: Floats, X: Floats, method: str, test: str) -> tuple[float, Floats, Floats]:
    from statsmodels.stats.meta_analysis import combine_effects

    kinds = {"DL": "dl", "PM": "iterated"}
    if method not in kinds or X.shape[1] > 1 or test not in ("z", "knha"):
        raise NotImplementedError(method)
    found = combine_effects(y, v, method_re=kinds[method], use_t=test == "knha")
    error = found.sd_eff_w_re_hksj if test == "knha" else found.sd_eff_w_re
    return float(found.tau2), np.ravel(found.mean_effect_re), np.ravel(error)


def crosslift(y: Floats, v: Floats, X: Floats, method: str, test: str) -> tuple[float, Floats, Floats]:
    from analysis.meta import meta_analyze

    found = meta_analyze(y, v, None if X.shape[1] == 1 else X[:, 1:], method, test)
    return found.tau2, found.coefficients, np.sqrt(np.diag(found.covariance))


LIBRARIES: dict[str, Fit] = {"pymare": pymare, "pimeta": pimeta, "statsmodels": statsmodels, "crosslift": crosslift}


def differences(fit: Fit) -> dict[str, tuple[int, float, float, float, str]]:
    """Worst differences by method: cases, tau2, coefficients, standard errors, and the data set of the worst."""
    found: dict[str, tuple[int, float, float, float, str]] = {}
    for entry in PINNED:
        if entry["data"] not in FILES or "factor" in entry["formula"]:
            continue
        frame = pd.read_csv(ROOT / f"validation/metafor/data/{FILES[entry['data']]}.csv")
        name = entry["formula"].removeprefix("~").strip()
        X = np.column_stack([np.ones(len(frame)), *([] if name == "1" else [frame[name].to_numpy(dtype=float)])])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tau2, beta, error = fit(
                    frame["yi"].to_numpy(), frame["vi"].to_numpy(), X, entry["method"], entry["test"]
                )
        except NotImplementedError:
            continue
        apart = (
            abs(tau2 - entry["tau2"]),
            float(np.abs(beta - np.atleast_1d(entry["estimate"])).max()),
            float(np.abs(error - np.atleast_1d(entry["std_error"])).max()),
        )
        cases, *worst, where = found.get(entry["method"], (0, 0.0, 0.0, 0.0, ""))
        where = f"{entry['data']} {entry['formula']}" if max(apart) > max(worst) else where
        found[entry["method"]] = (cases + 1, *(max(a, b) for a, b in zip(worst, apart, strict=True)), where)  # type: ignore[assignment]
    return found


def main() -> None:
    print(
        "| library | method | cases | τ² | coefficients | standard errors | worst in |\n|---|---|--:|--:|--:|--:|---|"
    )
    for name, fit in LIBRARIES.items():
        try:
            label = f"{name} {version(name)}"
        except PackageNotFoundError:
            label = name
        try:
            table = differences(fit)
        except ImportError:
            print(f"| {name} | not installed | | | | | |")
            continue
        for method, (cases, *apart, where) in table.items():
            print(
                f"| {label} | {method} | {cases} | " + " | ".join(f"{value:.0e}" for value in apart) + f" | {where} |"
            )


if __name__ == "__main__":
    main()
