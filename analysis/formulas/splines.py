"""Columns of polynomials and splines: R's ``poly``, ``bs`` and ``ns``, column for column.

Each function looks at the rows of the fit and returns a function that gives the columns of any rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..core.arrays import Floats
from ..core.errors import FormulaError

Columns = Callable[[Floats], Floats]
#: More columns than this of one variable are a mistake, not a model.
MOST = 50
CUBIC = 3


def polynomial(x: Floats, degree: int = 1, raw: bool = False) -> Columns:
    """Powers of ``x``, or polynomials that are orthogonal on the rows of the fit.

    By the three-term recursion (Forsythe 1957, Journal of the SIAM 5), scaled to length one as R's ``poly`` does.

    Raises
    ------
    FormulaError
        If the degree is not between 1 and the number of different values minus one.
    """
    distinct = len(np.unique(x[np.isfinite(x)]))
    if not 1 <= degree <= min(MOST, max(distinct - 1, 0)):
        raise FormulaError(f"poly of degree {degree} needs {degree + 1} different values; there are {distinct}.")
    if raw:
        return lambda new: np.column_stack([new**k for k in range(1, degree + 1)])
    mean = float(x.mean())
    centered = x - mean
    before, current = np.zeros_like(centered), np.ones_like(centered)
    shifts: list[float] = []
    lengths = [float(len(x))]
    for k in range(degree):
        shifts.append(float((centered * current**2).sum() / (current**2).sum()))
        ratio = lengths[-1] / lengths[-2] if k else 0.0
        before, current = current, (centered - shifts[-1]) * current - ratio * before
        lengths.append(float((current**2).sum()))

    def columns(new: Floats) -> Floats:
        shifted = new - mean
        last, now = np.zeros_like(shifted), np.ones_like(shifted)
        found = []
        for k in range(degree):
            ratio = lengths[k] / lengths[k - 1] if k else 0.0
            last, now = now, (shifted - shifts[k]) * now - ratio * last
            found.append(now / np.sqrt(lengths[k + 1]))
        return np.column_stack(found)

    return columns


def b_spline(
    x: Floats, df: int | None = None, knots: Sequence[float] | None = None, degree: int = CUBIC, intercept: bool = False
) -> Columns:
    """B-splines; beyond the range of the fit the outermost polynomials continue.

    Parameters
    ----------
    x
        The rows of the fit.
    df
        Number of columns; inner knots then lie at quantiles.
    knots
        Inner knots, in place of ``df``.
    degree
        Degree of the polynomial pieces.
    intercept
        Keep the first column, so that the columns add up to one.
    """
    from scipy.interpolate import BSpline

    if not 1 <= degree <= 10:
        raise FormulaError(f"bs of degree {degree} is not possible.", "Degrees go from 1 to 10.")
    inner = _inner_knots("bs", x, df, knots, degree + intercept)
    low, high = float(x.min()), float(x.max())
    padded = np.r_[[low] * (degree + 1), inner, [high] * (degree + 1)]
    size = len(padded) - degree - 1
    basis = BSpline(padded, np.eye(size), degree)
    return lambda new: basis(new)[:, 0 if intercept else 1 :]


def natural_spline(
    x: Floats, df: int | None = None, knots: Sequence[float] | None = None, intercept: bool = False
) -> Columns:
    """Natural cubic splines: straight lines beyond the range of the fit.

    Parameters
    ----------
    x
        The rows of the fit.
    df
        Number of columns; inner knots then lie at quantiles.
    knots
        Inner knots, in place of ``df``.
    intercept
        Keep the first column of the B-splines in the basis.

    Notes
    -----
    The second derivatives of the B-splines at both ends are projected out by the complete QR decomposition of the two
    constraints, which determines the columns completely: they equal R's.
    """
    from scipy.interpolate import BSpline

    inner = _inner_knots("ns", x, df, knots, 1 + intercept)
    low, high = float(x.min()), float(x.max())
    padded = np.r_[[low] * (CUBIC + 1), inner, [high] * (CUBIC + 1)]
    basis = BSpline(padded, np.eye(len(padded) - CUBIC - 1), CUBIC)
    slope, bend = basis.derivative(1), basis.derivative(2)
    ends = np.array([low, high])
    kept = slice(0 if intercept else 1, None)
    turn, _ = np.linalg.qr(bend(ends)[:, kept].T, mode="complete")

    def columns(new: Floats) -> Floats:
        inside = np.clip(new, low, high)
        rows = basis(inside) + slope(inside) * (new - inside)[:, None]
        return (rows[:, kept] @ turn)[:, 2:]

    return columns


def _inner_knots(name: str, x: Floats, df: int | None, knots: Sequence[float] | None, least: int) -> Floats:
    if df is None and knots is None:
        df = least
    if knots is not None:
        found = np.sort(np.asarray(knots, dtype=float))
        if df is not None and df != least + len(found):
            raise FormulaError(f"{name} with {len(found)} knots has {least + len(found)} columns, not {df}.")
        if len(found) and not (x.min() < found[0] and found[-1] < x.max()):
            raise FormulaError(f"a knot of {name} lies outside the range of the values, {x.min():g} to {x.max():g}.")
        return found
    assert df is not None
    if not least <= df <= MOST:
        raise FormulaError(f"{name} with {df} columns is not possible.", f"df goes from {least} to {MOST}.")
    count = df - least
    return np.asarray(np.quantile(x, np.linspace(0.0, 1.0, count + 2)[1:-1]), dtype=float)
