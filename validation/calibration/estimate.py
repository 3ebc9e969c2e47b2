"""A method's estimate of the slope of one simulated data set."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analysis.mixed.reference import t_tests

TERM = "typology"
LEVEL = 0.95


class Estimate(NamedTuple):
    """Estimate of the slope with its 95% interval and the p-value of a slope of zero.

    ``df`` is infinite for the normal distribution. ``singular`` marks a fit with a variance of zero; ``failure`` says
    why an interval is missing, and is empty if there is one.
    """

    estimate: float
    std_error: float
    df: float
    conf_low: float
    conf_high: float
    p_value: float
    singular: bool = False
    failure: str = ""


def from_t(estimate: float, std_error: float, df: float, singular: bool = False) -> Estimate:
    """Interval and p-value from a t distribution."""
    if not (np.isfinite(estimate) and np.isfinite(std_error) and std_error > 0):
        return failed("no finite standard error")
    row = t_tests(np.array([estimate]), np.array([std_error]), np.array([df]), LEVEL)
    low, high, p = (float(row[name][0]) for name in ("conf_low", "conf_high", "p_value"))
    return Estimate(float(estimate), float(std_error), float(df), low, high, p, bool(singular))


def failed(reason: str) -> Estimate:
    """A missing interval, with the reason."""
    nan = float("nan")
    return Estimate(nan, nan, nan, nan, nan, nan, False, " ".join(reason.split()))
