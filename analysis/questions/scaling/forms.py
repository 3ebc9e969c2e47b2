r"""The curves that are compared, each linear given its single nonlinear parameter.

With :math:`z` the base-2 logarithm of the size and :math:`z_0` the smallest one:

- *log-linear*: :math:`a + b z`;
- *saturating power law*: :math:`c - d x^{-\alpha}, \alpha > 0`, written as
  :math:`a + b\,(1 - 2^{-\alpha (z - z_0)}) / (\alpha \ln 2)`, so that :math:`b` is the slope per doubling at the
  smallest size and the log-linear form is the limit :math:`\alpha \to 0`;
- *threshold*: :math:`a + b \max(0, z - t)`: flat up to :math:`2^t`, log-linear beyond.

The threshold is a hinge and not a logistic curve with a chance floor. The flat part left of it is the floor, with its
own level for each task through the task's random intercept, which a logistic floor common to tasks with 33% and 50%
chance would not be; gains have no chance level; and a logistic curve is not linear in random effects at any given
midpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...core.arrays import Floats

#: Largest share of the total rise in the first step between sizes: a steeper power law is a step.
STEEPEST = 0.99
#: Smallest relative fall of the slope over all sizes: with less, a power law is in effect a straight line.
STRAIGHT = 0.01
#: Fewest sizes for a form with a nonlinear parameter: three determine it exactly, without a test of its fit.
FEWEST_SIZES = 4


@dataclass(frozen=True, slots=True)
class Form:
    """One curve.

    Attributes
    ----------
    name, words
        Names on the command line and in sentences.
    parameter
        Name of the nonlinear parameter; empty if there is none.
    basis
        The curve's column, from ``z`` and the parameter, with the smallest size as origin.
    search
        Bounds and starting values of the parameter, from the observed sizes.
    """

    name: str
    words: str
    parameter: str
    basis: Callable[[Floats, float, float], Floats]
    search: Callable[[Floats], Floats]

    @property
    def extra(self) -> int:
        """Number of parameters beyond those of the mixed model."""
        return 1 if self.parameter else 0


def _linear(z: Floats, parameter: float, origin: float) -> Floats:
    return z - origin


def _power(z: Floats, parameter: float, origin: float) -> Floats:
    rate = parameter * np.log(2.0)
    return -np.expm1(-rate * (z - origin)) / rate


def _hinge(z: Floats, parameter: float, origin: float) -> Floats:
    return np.maximum(0.0, z - parameter)


def _rates(sizes: Floats) -> Floats:
    """Starting values from almost straight to almost a step, evenly spaced in the logarithm."""
    low = -np.log2(1.0 - STRAIGHT) / (sizes[-1] - sizes[0])
    high = -np.log2(1.0 - STEEPEST) / (sizes[1] - sizes[0])
    return np.geomspace(low, high, 20)


def _knots(sizes: Floats) -> Floats:
    """Starting values at and between the sizes, up to the second-largest: only one size lies beyond it."""
    if len(sizes) > 12:
        return np.linspace(sizes[0], sizes[-2], 25)
    steps = [np.linspace(a, b, 4, endpoint=False) for a, b in pairwise(sizes[:-1])]
    return np.append(np.concatenate(steps), sizes[-2])


def _none(sizes: Floats) -> Floats:
    return np.zeros(0)


FORMS = {
    "log": Form("log", "log-linear", "", _linear, _none),
    "power": Form("power", "saturating power law", "alpha", _power, _rates),
    "threshold": Form("threshold", "threshold", "threshold", _hinge, _knots),
}
