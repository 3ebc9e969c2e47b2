"""Variance components that a planned sweep is simulated from: fitted, stated, or both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...core.errors import CrossliftError, unknown_name
from ...mixed import MixedResult
from ...outcomes.default_model import RUNS

#: Components by name, and what varies.
COMPONENTS = {
    "language": "languages, beyond distance",
    "target_task": "target tasks",
    "model": "models",
    "language:target_task": "languages within a task",
    "model:target_task": "models within a task",
    "cell": "languages within a model and task: what more seeds do not average out",
    "run": "training runs: what all languages of a seed share",
    "residual": "single gains: seeds, prompts and test items",
}
#: Groups of a fit whose variance a single gain of a planned sweep carries whole.
SINGLE = ("baseline", "Residual")


@dataclass(frozen=True, slots=True)
class Components:
    """Variances in squared points by name, and where each is from (``fitted``, ``stated`` or ``not known``)."""

    variance: Mapping[str, float]
    origin: Mapping[str, str]

    def __getitem__(self, name: str) -> float:
        return self.variance[name]


def fitted_components(result: MixedResult) -> Components:
    """Components of the default model of gains.

    The variance between gains that share a baseline goes to the residual: in a planned sweep every gain has a baseline
    of its own, and so do the training runs with and without an intermediate stage. What a fit without repeated seeds
    cannot tell apart, ``run`` and ``cell``, is taken as zero.
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
    """Replace components by ``NAME=VARIANCE``; those that neither a fit nor a statement gives are zero.

    Raises
    ------
    CrossliftError
        For an unknown name, or a variance that is no number of zero or more, or if no residual is left.
    """
    variance = dict(base.variance) if base else dict.fromkeys(COMPONENTS, 0.0)
    origin = dict(base.origin) if base else dict.fromkeys(COMPONENTS, "not known")
    for text in stated:
        name, equals, number = text.partition("=")
        if not equals:
            raise CrossliftError(f"'{text}' states no component.", "Write NAME=VARIANCE, such as language=15.")
        if name not in COMPONENTS:
            raise unknown_name("variance component", name, COMPONENTS)
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not (value >= 0 and math.isfinite(value)):
            raise CrossliftError(f"the variance '{number}' of '{name}' is no number of zero or more.")
        variance[name], origin[name] = value, "stated"
    if not variance["residual"] > 0:
        raise CrossliftError(
            "the residual variance is zero: no gain would be uncertain.", "State --component residual=V."
        )
    return Components(variance, origin)
