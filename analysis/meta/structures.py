r"""How effects of one group go together: covariances of the levels of an inner factor, or of intercept and slopes.

Each structure maps free numbers to a covariance ``G``, in the names of metafor's ``rma.mv``. Standard deviations are
the numbers themselves, whatever their sign, and correlations the sine of an angle between the bounds within which ``G``
is a covariance: so the numbers are free, and a variance of zero or a correlation at its bound is a point like any
other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError

# Step of the differences, in units of each number.
DIFFERENCE = 1e-5


@dataclass(frozen=True, slots=True)
class Structure:
    """A family of covariances of ``size`` effects.

    Attributes
    ----------
    name
        ``UN``, ``CS``, ``HCS``, ``DIAG``, ``ID``, ``AR`` or ``HAR``.
    count
        Free numbers.
    angles
        Which of them are angles of a correlation; the others are in units of the effects.
    covariance
        ``G`` from the numbers, shape ``(size, size)``.
    """

    name: str
    size: int
    count: int
    angles: tuple[int, ...]
    covariance: Callable[[Floats], Floats]

    def derivatives(self, numbers: Floats, units: Floats) -> list[Floats]:
        """``∂G`` by each number in its unit, by central differences: ``G`` is smooth and mostly quadratic."""
        found: list[Floats] = []
        for step in np.diag(DIFFERENCE * units):
            found.append((self.covariance(numbers + step) - self.covariance(numbers - step)) / (2.0 * DIFFERENCE))
        return found


def structure(name: str, size: int, times: Floats | None = None) -> Structure:
    """The structure ``name`` of ``size`` effects; ``times`` are where those of an autoregressive one stand.

    Raises
    ------
    CrossliftError
        If an autoregressive structure has no times.
    """
    if name == "UN":
        return Structure(name, size, size * (size + 1) // 2, (), lambda numbers: _squared(_lower(numbers, size)))
    if name == "ID":
        return Structure(name, size, 1, (), lambda numbers: numbers[0] ** 2 * np.eye(size))
    if name == "DIAG":
        return Structure(name, size, size, (), lambda numbers: np.diag(numbers**2))
    if name in ("AR", "HAR"):
        if times is None:
            raise CrossliftError(f"struct '{name}' needs an inner factor of whole numbers, such as a year or an order.")
        lags = np.abs(times[:, None] - times)

        def correlations(angle: float) -> Floats:
            return np.asarray(np.sin(angle) ** lags)
    else:
        lowest = -1.0 / (size - 1) if size > 1 else 0.0

        def correlations(angle: float) -> Floats:
            rho = lowest + (1.0 - lowest) * 0.5 * (1.0 + np.sin(angle))
            return np.where(np.eye(size, dtype=bool), 1.0, rho)

    own = size if name in ("HCS", "HAR") else 1

    def covariance(numbers: Floats) -> Floats:
        spread = np.broadcast_to(numbers[:own], (size,))
        return np.asarray(correlations(float(numbers[own])) * np.abs(np.outer(spread, spread)))

    return Structure(name, size, own + 1, (own,), covariance)


def _lower(numbers: Floats, size: int) -> Floats:
    triangle = np.zeros((size, size))
    triangle[np.tril_indices(size)] = numbers
    return triangle


def _squared(triangle: Floats) -> Floats:
    return triangle @ triangle.T
