"""Variance components that a planned sweep is simulated from: fitted, stated, or both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...core.errors import CrossliftError, unknown_name
from ...mixed import MixedResult
from ...outcomes.default_model import RUNS

#: Components by name, with descriptions.
COMPONENTS = {
    "language": "languages, beyond distance",
    "target_task": "target tasks",
    "model": "models",
    "language:target_task": "languages within a task",
    "model:target_task": "models within a task",
    "cell": "languages within a model and task, not averaged out by more seeds",
    "run": "training runs: shared by all languages of a seed",
    "residual": "single gains: seeds, prompts and test items",
}
#: Groups of a fit whose variance counts fully in a single gain of a planned sweep.
SINGLE = ("baseline", "Residual")


@dataclass(frozen=True, slots=True)
class Components:
    """Variances in squared points by name, and the origin of each (``fitted``, ``stated`` or ``not known``)."""

    variance: Mapping[str, float]
    origin: Mapping[str, str]

    def __getitem__(self, name: str) -> float:
        return self.variance[name]


def fitted_components(result: MixedResult) -> Components:
    """Components of the default model of gains.

    The variance between gains that share a baseline is added to the residual: in a planned sweep every gain has its own
    baseline, and its own training runs with and without an intermediate stage. ``run`` and ``cell`` cannot be estimated
    without repeated seeds and are then zero.
    """
    found = result.variance.groupby("group", sort=False)["variance"].sum()
    variance = {name: float(found.get(name, 0.0)) for name in COMPONENTS}
    variance |= {"cell": 0.0, "run": float(sum(found.get(name, 0.0) for name in RUNS))}
    variance["residual"] = float(sum(found.get(name, 0.0) for name in SINGLE))
    origin = dict.fromkeys(variance, "fitted") | {"cell": "not known"}
    if not set(RUNS) & set(found.index):
        origin["run"] = "not known"
    return Components(variance, origin)


def state_components(base: Components | None, stated: Sequence[str]) -> Components:
    """Replace components by ``NAME=VARIANCE``; those neither fitted nor stated are zero.

    Raises
    ------
    CrossliftError
        If a name is unknown, a variance is not a non-negative number, or the residual variance is zero.
    """
    variance = dict(base.variance) if base else dict.fromkeys(COMPONENTS, 0.0)
    origin = dict(base.origin) if base else dict.fromkeys(COMPONENTS, "not known")
    for text in stated:
        name, equals, number = text.partition("=")
        if not equals:
            raise CrossliftError(f"'{text}' does not state a component.", "Write NAME=VARIANCE, such as language=15.")
        if name not in COMPONENTS:
            raise unknown_name("variance component", name, COMPONENTS)
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not (value >= 0 and math.isfinite(value)):
            raise CrossliftError(f"the variance '{number}' of '{name}' is not a number of at least 0.")
        variance[name], origin[name] = value, "stated"
    if not variance["residual"] > 0:
        raise CrossliftError(
            "the residual variance is zero: no gain would be uncertain.", "State --component residual=V."
        )
    return Components(variance, origin)
