"""Uncertainty of fixed effects: covariance, Satterthwaite degrees of freedom, intervals.

Satterthwaite's approximation matches the first two moments of an estimated variance to a scaled chi-square
(Satterthwaite 1946, Biometrics Bulletin 2; Kuznetsova, Brockhoff & Christensen 2017, J. Stat. Softw. 82(13)):
for a contrast :math:`c` with variance :math:`v = c'Vc`, :math:`df = 2v^2 / (g'Ag)`, where :math:`g` is the gradient of
:math:`v` in the variance parameters and :math:`A` their asymptotic covariance. All derivatives are exact here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import fdtrc, stdtr, stdtrit

from ..core.arrays import Floats
from ..core.errors import CrossliftError
from .numerics.criterion import Criterion
from .numerics.curvature import coefficients
from .numerics.evaluated import Point

# Directions with curvature below this share of the largest carry no information about the variance parameters (for
# example a variance on its boundary in a flat likelihood) and are left out of their covariance.
FLAT = 1e-10


class Reference(Protocol):
    """Reference distribution of contrasts of the fixed effects."""

    @property
    def name(self) -> str:
        """Degrees-of-freedom method."""
        ...

    @property
    def covariance(self) -> Floats:
        """Covariance of the fixed effects that tests and intervals use, shape ``(p, p)``."""
        ...

    def degrees(self, contrasts: Floats) -> Floats:
        """Degrees of freedom of each row of ``contrasts``, shape ``(r, p)`` to ``(r,)``."""
        ...

    def test(self, contrasts: Floats, estimate: Floats) -> FTest:
        """Joint test that every row of ``contrasts`` times the fixed effects is zero."""
        ...


@dataclass(frozen=True, slots=True)
class FTest:
    """An F test; with infinite denominator degrees of freedom, a chi-square divided by its df."""

    statistic: float
    num_df: int
    den_df: float
    p_value: float


#: Degrees of freedom are at least this.
FEWEST = 1.0


def check_level(level: float) -> None:
    """Refuse a coverage that is not a proportion, such as 95 for 95%."""
    if not 0.0 < level < 1.0:
        raise CrossliftError(f"a level must lie between 0 and 1, not {level}.")


def matched_degrees(contrasts: Floats, covariance: Floats, sensitivity: Floats, parameters: Floats) -> Floats:
    """Degrees of freedom of a chi-square with the relative variance of each contrast's estimated variance.

    Parameters
    ----------
    contrasts
        Shape ``(r, p)``.
    covariance
        Covariance of the fixed effects, shape ``(p, p)``.
    sensitivity
        Derivatives of ``covariance`` in the variance parameters, shape ``(m, p, p)``.
    parameters
        Covariance of the variance parameters, shape ``(m, m)``.
    """
    variance = np.einsum("ri,ij,rj->r", contrasts, covariance, contrasts)
    slope = np.einsum("ri,mij,rj->rm", contrasts, sensitivity, contrasts)
    return moment_degrees(variance, slope, parameters)


def moment_degrees(variance: Floats, slopes: Floats, parameters: Floats) -> Floats:
    """``2 v² / g'Ag`` from variances, their derivatives in the parameters and the covariance ``A`` of these.

    Shapes ``(r,)``, ``(r, m)`` and ``(m, m)``; infinite if the variance depends on no parameter.
    """
    spread = np.einsum("rm,mn,rn->r", slopes, parameters, slopes)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Fewer than one would make an interval of hundreds of digits out of a variance that is hardly known.
        return np.where(spread > 0, np.maximum(2.0 * variance**2 / spread, FEWEST), np.inf)


def f_test(statistic: float, num_df: int, den_df: float) -> FTest:
    """Upper tail of the F distribution."""
    from scipy.special import chdtrc

    p = chdtrc(num_df, num_df * statistic) if np.isinf(den_df) else fdtrc(num_df, den_df, statistic)
    return FTest(statistic, num_df, den_df, float(p))


def row_space(contrasts: Floats) -> Floats:
    """Independent rows that span the same space, so that a repeated hypothesis counts once.

    Independent rows are returned unchanged: Satterthwaite's df of a joint test depend a little on its parametrisation.
    """
    unit = contrasts / np.linalg.norm(contrasts, axis=1)[:, None]
    _, sizes, rows = np.linalg.svd(unit, full_matrices=False)
    independent = sizes > 1e-10 * sizes[0]
    return contrasts if len(contrasts) == independent.sum() else np.asarray(rows[independent])


@dataclass(frozen=True, slots=True)
class Wald:
    """The t distribution with one number of degrees of freedom; ``covariance`` is of the fixed effects."""

    covariance: Floats
    name: str
    df: float

    def degrees(self, contrasts: Floats) -> Floats:
        """The same for every contrast."""
        return np.full(len(contrasts), self.df)

    def test(self, contrasts: Floats, estimate: Floats) -> FTest:
        """Wald's chi-square divided by its degrees of freedom."""
        rows = row_space(contrasts)
        wald = float((rows @ estimate) @ np.linalg.solve(rows @ self.covariance @ rows.T, rows @ estimate))
        return f_test(wald / len(rows), len(rows), self.df)


@dataclass(frozen=True, slots=True)
class Normal(Wald):
    """The normal distribution, too narrow if a factor has few levels."""

    name: str = "normal"
    df: float = np.inf


@dataclass(frozen=True, slots=True)
class Satterthwaite:
    """Satterthwaite degrees of freedom.

    Attributes
    ----------
    covariance
        Covariance of the fixed effects, shape ``(p, p)``.
    sensitivity
        Derivative of ``covariance`` in each variance parameter, shape ``(m + 1, p, p)``.
    parameters
        Asymptotic covariance of the variance parameters ``(theta, sigma)``, shape ``(m + 1, m + 1)``.
    """

    covariance: Floats
    sensitivity: Floats
    parameters: Floats
    name: str = "satterthwaite"

    def degrees(self, contrasts: Floats) -> Floats:
        """``2 v² / g'Ag`` of each contrast."""
        return matched_degrees(contrasts, self.covariance, self.sensitivity, self.parameters)

    def test(self, contrasts: Floats, estimate: Floats) -> FTest:
        """Wald's F, with df combined from its independent one-df parts.

        The mean of squared t statistics is matched to an F distribution by its expectation (Fai & Cornelius 1996,
        J. Stat. Comput. Simul. 54).
        """
        rows = row_space(contrasts)
        roots, vectors = np.linalg.eigh(rows @ self.covariance @ rows.T)
        pieces = vectors.T @ rows
        statistic = float(((pieces @ estimate) ** 2 / roots).mean())
        df = self.degrees(pieces)
        size = len(rows)
        if size == 1:
            return f_test(statistic, 1, float(df[0]))
        if np.ptp(df) < 1e-8:
            return f_test(statistic, size, float(df.mean()))
        usable = df[df > 2.0]
        expected = float(np.where(np.isinf(usable), 1.0, usable / (usable - 2.0)).sum())
        return f_test(statistic, size, 2.0 * expected / (expected - size) if expected > size else 2.0)


@dataclass(frozen=True, slots=True)
class Bounded:
    """Another reference with an upper bound on the degrees of freedom of single fixed effects.

    Attributes
    ----------
    inner
        What gives the degrees of freedom.
    bounds
        Column of the fixed effects and the most degrees of freedom that it has; a contrast of several columns has the
        largest of theirs, and none if one of them has none.
    """

    inner: Reference
    bounds: tuple[tuple[int, float], ...]

    @property
    def name(self) -> str:
        """Of the inner reference."""
        return self.inner.name

    @property
    def covariance(self) -> Floats:
        """Of the inner reference."""
        return self.inner.covariance

    def degrees(self, contrasts: Floats) -> Floats:
        """Those of the inner reference, bounded."""
        most = np.full(contrasts.shape[1], np.inf)
        for column, bound in self.bounds:
            most[column] = bound
        bound = np.where(contrasts != 0.0, most, -np.inf).max(axis=1)
        return np.minimum(self.inner.degrees(contrasts), bound)

    def test(self, contrasts: Floats, estimate: Floats) -> FTest:
        """The inner reference's; one contrast alone has bounded degrees of freedom."""
        found = self.inner.test(contrasts, estimate)
        if len(contrasts) != 1:
            return found
        return f_test(found.statistic, found.num_df, float(self.degrees(contrasts)[0]))


def satterthwaite(criterion: Criterion, point: Point, curvature: Floats, moving: Floats | None = None) -> Satterthwaite:
    """Prepare Satterthwaite degrees of freedom.

    Parameters
    ----------
    criterion, point
        The criterion at its minimum.
    curvature
        Exact second derivatives there, in ``(theta, σ)`` or in the free parameters.
    moving
        Derivative of ``(theta, σ)`` in the free parameters, shape ``(m + 1, r)``; all are free if not given.
    """
    # Parameters have units (σ has that of the outcome), so each is scaled by its own curvature before directions are
    # tested for flatness.
    size = np.sqrt(np.abs(np.diag(curvature)))
    size[size == 0] = 1.0
    roots, vectors = np.linalg.eigh(curvature / np.outer(size, size))
    informative = roots > FLAT * float(roots.max(initial=0.0))
    vectors = vectors[:, informative] / size[:, None]
    parameters = 2.0 * (vectors / roots[informative]) @ vectors.T
    _, covariance = coefficients(criterion, point)
    back = np.linalg.inv(criterion.data.triangle)
    spread = back @ np.linalg.inv(point.fixed)  # R⁻¹ (Q'H⁻¹Q)⁻¹
    p, m = criterion.data.p, len(point.theta)
    sensitivity = np.empty((m if criterion.data.known_scale else m + 1, p, p))
    blocks = [cross @ spread.T for cross in point.cross]  # Z'H⁻¹X (X'H⁻¹X)⁻¹
    for i, (t, direction) in enumerate(criterion.directions(criterion.lambdas(point.theta))):
        levels, k = criterion.data.shapes[t]
        if k == 1:
            sensitivity[i] = point.sigma2 * direction[0, 0] * (blocks[t].T @ blocks[t])
            continue
        turned = np.matmul(direction, blocks[t].reshape(levels, k, p)).reshape(levels * k, p)
        sensitivity[i] = point.sigma2 * blocks[t].T @ turned
    if not criterion.data.known_scale:
        sensitivity[m] = 2.0 / np.sqrt(point.sigma2) * covariance
    if moving is not None:
        sensitivity = np.einsum("mr,mab->rab", moving, sensitivity)
    return Satterthwaite(covariance, sensitivity, parameters)


def t_tests(estimate: Floats, std_error: Floats, df: Floats, level: float) -> dict[str, Floats]:
    """Two-sided t tests against zero and intervals at ``level``; infinite ``df`` means the normal distribution."""
    statistic = estimate / std_error
    capped = np.minimum(df, 1e12)  # scipy's t equals the normal there in double precision
    p_value = 2.0 * stdtr(capped, -np.abs(statistic))
    width = stdtrit(capped, 0.5 + level / 2.0) * std_error
    return {
        "estimate": estimate,
        "std_error": std_error,
        "df": df,
        "statistic": statistic,
        "p_value": p_value,
        "conf_low": estimate - width,
        "conf_high": estimate + width,
    }
