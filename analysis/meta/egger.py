"""Egger's regression test of whether less precise effects differ from more precise ones.

``lm`` is the weighted regression of Egger et al. (1997) with a free scale, tested by t; ``rma`` is the same slope on
the standard error in the random-effects model of the fit. Both also give the limit of the effect as the
standard error goes to zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import CrossliftError, DesignError, unknown_name
from ..mixed.reference import t_tests
from .estimate import Estimate, estimate
from .weighted import weighted_fit

if TYPE_CHECKING:
    import pandas as pd

    from .effects import Effects

KINDS = ("lm", "rma")


def egger(result: Estimate, kind: str = "lm") -> pd.DataFrame:
    """Test for funnel asymmetry.

    Returns
    -------
    DataFrame
        Two rows, ``term`` ``slope`` (on the standard error) and ``limit`` (the effect at a standard error of zero),
        with ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``, ``conf_low``, ``conf_high``.

    Raises
    ------
    CrossliftError
        If the fit has moderators.
    DesignError
        If there are fewer than three effects, or all have the same standard error.
    """
    import pandas as pd

    if kind not in KINDS:
        raise unknown_name("kind of Egger's test", kind, KINDS)
    effects = with_std_error(result.effects)
    if kind == "rma":
        frame = estimate(effects, result.method, result.test).fixed
    else:
        fit, df = weighted_fit(effects, 0.0), float(effects.k - effects.p)
        std_error = np.sqrt(np.diag(fit.covariance) * fit.q / df)
        frame = pd.DataFrame(t_tests(fit.coefficients, std_error, np.full(2, df), 0.95))
        frame.insert(0, "term", ["Intercept", "std_error"])
    frame["term"] = ["limit", "slope"]
    return frame.iloc[::-1].reset_index(drop=True)


def with_std_error(effects: Effects) -> Effects:
    """The effects with their standard error as the only moderator."""
    if not effects.intercept_only:
        raise CrossliftError("Egger's test and trim-and-fill are for fits without moderators.")
    std_error = np.sqrt(effects.v)
    if effects.k < 3:
        raise DesignError(f"Egger's test needs at least three effects, not {effects.k}.")
    if np.ptp(std_error) <= 1e-10 * std_error.max():
        raise DesignError("all effects have the same standard error, so funnel asymmetry is not defined.")
    X = np.column_stack([np.ones(effects.k), std_error])
    return replace(effects, X=X, names=("Intercept", "std_error"), evaluator=None, moderators="std_error")
