"""How far results of this package are from those in other packages' documentation: a table, a row for each example.

Usage: python validation/peers/agreement.py   (from the root of the repository)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import crosslift as cl
from analysis.core.text import Table

FOLDER = Path(__file__).parent
FILES = ("metafor", "mixed")


@dataclass(frozen=True, slots=True)
class Agreement:
    """One example: where it is from, and by how much what we compute differs at most.

    ``likelihood`` is a difference of log-likelihoods (ours minus theirs), the others are relative to the larger of one
    and the value.
    """

    name: str
    source: str
    likelihood: float
    estimate: float
    std_error: float
    variance: float
    tests: float


def examples() -> list[dict[str, Any]]:
    """All pinned examples."""
    return [
        example
        for name in FILES
        for example in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["examples"]
    ]


def compare(example: dict[str, Any]) -> Agreement:
    """Fit an example and compare."""
    return {"rma": _ordinary, "rma.mv": _several, "scale": _scale, "mixed": _mixed}[example["kind"]](example)


def _ordinary(example: dict[str, Any]) -> Agreement:
    frame = pd.DataFrame(example["data"]).assign(v=example["variances"])
    found: Any = cl.meta_analyze("y", "v", example.get("moderators"), example["method"], example["test"], frame=frame)
    variance = [found.tau2, found.i2, found.q.statistic]
    return _agreement(example, found.log_likelihood, found.fixed, variance, [example[n] for n in ("tau2", "I2", "Q")])


def _scale(example: dict[str, Any]) -> Agreement:
    frame = pd.DataFrame(example["data"]).assign(v=example["variances"])
    found: Any = cl.meta_analyze(
        "y", "v", example["moderators"], example["method"], "z", scale=example["scale"], frame=frame
    )
    ours = [*found.scale["estimate"], *found.scale["std_error"], found.q.statistic]
    theirs = [*np.atleast_1d(example["alpha"]), *np.atleast_1d(example["alpha_se"]), example["Q"]]
    return _agreement(example, found.log_likelihood, found.fixed, ours, theirs)


def _several(example: dict[str, Any]) -> Agreement:
    frame = pd.DataFrame(example["data"])
    known = np.array(example["covariance"] if "covariance" in example else example["variances"])
    random, struct = example["random"], example.get("struct")
    found: Any = cl.meta_analyze(
        "y", known, example.get("moderators"), example["method"], "z", random=random, struct=struct, frame=frame
    )
    if struct is None:
        variances, likelihood = found.variance["variance"].to_numpy()[:-1], found.mixed.log_likelihood
        expected = np.atleast_1d(example["sigma2"])
    else:
        one = struct in ("CS", "AR", "ID")
        ties = found.correlations["correlation"].to_numpy()
        variances = np.append(found.variance["variance"].to_numpy()[: 1 if one else None], ties[: _ties(example)])
        likelihood = found.log_likelihood
        expected = np.append(np.atleast_1d(example["tau2"]), np.atleast_1d(example.get("rho", []))[: _ties(example)])
    return _agreement(example, likelihood, found.fixed, [*variances, found.q.statistic], [*expected, example["Q"]])


def _ties(example: dict[str, Any]) -> int | None:
    """How many correlations are pinned: all of an unstructured covariance, none or one of the others."""
    return {"UN": None, "DIAG": 0, "ID": 0}.get(example["struct"], 1)


def _mixed(example: dict[str, Any]) -> Agreement:
    frame = pd.DataFrame(example["data"])
    for name, levels in example["levels"].items():
        frame[name] = pd.Categorical(frame[name], levels)  # R's order of levels, from which its coding follows
    found = cl.fit_mixed(example["formula"], frame, reml=example["method"] == "REML")
    ours, theirs = [], []
    for table in example["anova"]:
        rows = found.anova(table["type"]).set_index("term").loc[table["term"]]
        ours += [*rows["statistic"], *rows["num_df"], *rows["den_df"], *rows["p_value"]]
        theirs += [*table["F"], *table["num_df"], *table["den_df"], *table["p"]]
    for table in example["means"]:
        means = found.means(table["factor"], over=table["over"])
        at = [[str(level) for level in means.table[table["factor"]]].index(level) for level in table["level"]]
        for column in ("estimate", "std_error", "df"):
            ours += means.table[column].iloc[at].tolist()
            theirs += table[column]
        for adjustment in ("none", "holm", "tukey") if "pairs" in table else ():
            ours += means.pairs(adjustment)["p_adjusted"].tolist()
            theirs += table["pairs"][adjustment]
    spread = sorted(component.std_dev for component in found.components)
    tests = _distance(ours, theirs) if ours else np.nan
    return _agreement(example, found.log_likelihood, found.fixed, spread, example["std_dev"], tests)


def _agreement(
    example: dict[str, Any], likelihood: float, fixed: pd.DataFrame, ours: Any, theirs: Any, tests: float = np.nan
) -> Agreement:
    return Agreement(
        example["name"],
        example["source"],
        likelihood - example["log_likelihood"],
        _distance(fixed["estimate"], example["estimate"]),
        _distance(fixed["std_error"], example["std_error"]),
        _distance(ours, theirs),
        tests,
    )


def _distance(ours: Any, theirs: Any) -> float:
    left, right = np.atleast_1d(np.asarray(ours, dtype=float)), np.atleast_1d(np.asarray(theirs, dtype=float))
    if left.shape != right.shape:
        raise ValueError(f"{len(left)} numbers of ours and {len(right)} of theirs")
    return float(np.max(np.abs(left - right) / np.maximum(1.0, np.abs(right)), initial=0.0))


def agreement_table(rows: list[Agreement]) -> str:
    """The table as text."""

    def power(value: float) -> str:
        return "" if np.isnan(value) else f"{value:.0e}"

    cells = [
        (
            row.name,
            row.source,
            power(row.likelihood),
            *map(power, (row.estimate, row.std_error, row.variance, row.tests)),
        )
        for row in rows
    ]
    head = ("example", "help page", "log-likelihood", "estimates", "std. errors", "variances", "tests and means")
    return Table(head, tuple(cells)).text()


if __name__ == "__main__":
    print(agreement_table([compare(example) for example in examples()]))
    print("  log-likelihood: ours minus theirs, above zero where ours is higher; others: largest relative difference")
