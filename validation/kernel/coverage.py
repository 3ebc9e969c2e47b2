"""Coverage of the 95% interval of a language-level slope when languages are related, and when they are not.

Outcomes are simulated on the rows of a bundled default model, with its own variances and no slope over typology. A
share of 0, ½ or 1 of the variance between languages follows the kernel, and the rest is independent. Three fits of
each outcome: independent languages, the kernel plus an independent part (what --kernel fits), and the kernel
alone.

    python validation/kernel/coverage.py [gain|gap] [simulations]
"""

from __future__ import annotations

import sys

import numpy as np

from analysis.languages.kernels import language_kernel
from analysis.mixed import LevelCovariance, fit_mixed
from analysis.outcomes.build import Options
from analysis.questions.regression.run import Request, fit_factors

KERNEL = "genealogy+geography"
SEED = 20261121
#: A likelihood ratio above this rejects independence at 5% (half of a chi-square with one degree of freedom).
REJECTS = 2.7055


def main(outcome: str, simulations: int) -> None:
    found = fit_factors(Request(options=Options(outcome=outcome)))
    design, result = found.result.design, found.result
    rows = found.outcome.frame.loc[design.kept].reset_index(drop=True)
    own = next(term for term in design.terms if term.group == "language")
    kernel = language_kernel(own.levels, KERNEL, "independent")
    root = np.linalg.cholesky(kernel.matrix.to_numpy() + 1e-9 * np.eye(len(own.levels)))
    variance = {component.group: component.variance for component in result.components}
    mean = design.X @ np.where(np.array(result.names) == "typology", 0.0, result.coefficients)
    ways = {
        "independent": None,
        "kernel + independent": {"language": LevelCovariance(kernel.matrix)},
        "kernel alone": {"language": LevelCovariance(kernel.matrix, independent=False)},
    }
    print(f"{outcome}: {len(rows)} rows, {len(own.levels)} languages, {simulations} simulations each\n")
    print("| share on the kernel | fit | coverage | median width | independence rejected |\n|---|---|---|---|---|")
    rng = np.random.default_rng(SEED)
    for share in (0.0, 0.5, 1.0):
        hits, widths, rejected = dict.fromkeys(ways, 0), {name: [] for name in ways}, 0
        for _ in range(simulations):
            y = mean + np.sqrt(variance["Residual"]) * rng.normal(size=len(rows))
            for term in design.terms:
                effect = np.sqrt(variance[term.group]) * rng.normal(size=len(term.levels))
                if term is own:
                    related = np.sqrt(variance["language"] / kernel.spread) * root @ rng.normal(size=len(term.levels))
                    effect = np.sqrt(share) * related + np.sqrt(1.0 - share) * effect
                y = y + effect[term.codes]
            fits = {
                name: fit_mixed(result.formula, rows.assign(**{outcome: y}), covariance=way)
                for name, way in ways.items()
            }
            for name, fit in fits.items():
                slope = fit.fixed.set_index("term").loc["typology"]
                hits[name] += int(slope["conf_low"] <= 0.0 <= slope["conf_high"])
                widths[name].append(slope["conf_high"] - slope["conf_low"])
            rejected += int(fits["independent"].criterion - fits["kernel + independent"].criterion > REJECTS)
        for name in ways:
            last = f"{rejected / simulations:.1%}" if name == "kernel + independent" else ""
            cells = (share, name, f"{hits[name] / simulations:.1%}", f"{np.median(widths[name]):.1f}", last)
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "gain", int(sys.argv[2]) if len(sys.argv) > 2 else 400)
