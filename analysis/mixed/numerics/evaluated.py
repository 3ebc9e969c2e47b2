"""The criterion at one point, with intermediate results."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.arrays import Floats


@dataclass(frozen=True, slots=True)
class Point:
    """The criterion at one ``theta``, with intermediate results.

    Attributes
    ----------
    theta
        Parameters, shape ``(m,)``.
    value
        Minus twice the (restricted) log-likelihood, profiled over β and σ.
    gradient, curvature
        First derivatives ``(m,)`` and average-information second derivatives ``(m, m)`` with respect to ``theta``.
    sigma2
        Profiled residual variance; 1 if the scale is known.
    residual
        ``y'Py`` without σ: the residual quadratic form.
    coefficients
        Fixed effects in the orthonormal basis, shape ``(p,)``.
    fixed
        ``Q'H⁻¹Q``, shape ``(p, p)``.
    cross
        ``Z'H⁻¹Q`` of each term, shapes ``(L k, p)``.
    projected
        ``Z'Py`` of each term, shapes ``(L, k)``: the random effects are ``Z'Py G``.
    slopes
        Derivative of the criterion in each term's ``G``, symmetric, shapes ``(k, k)``.
    quadratic
        ``(Z ∂Gᵢ Z'Py)'P(Z ∂Gⱼ Z'Py)`` for each pair of entries of ``theta``, shape ``(m, m)``.
    linear
        ``(Z'Py)'∂Gᵢ(Z'Py)`` for each entry, shape ``(m,)``.
    """

    theta: Floats
    value: float
    gradient: Floats
    curvature: Floats
    sigma2: float
    residual: float
    coefficients: Floats
    fixed: Floats
    cross: tuple[Floats, ...]
    projected: tuple[Floats, ...]
    slopes: tuple[Floats, ...]
    quadratic: Floats
    linear: Floats
