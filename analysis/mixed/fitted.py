"""A fitted mixed model: its estimates, what follows from them alone, and the engine's state at the minimum.

The functions of :mod:`analysis.mixed.inference` take it as their argument; the class that users see,
:class:`analysis.mixed.result.MixedResult`, adds them as methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError
from .model.new_levels import known_codes
from .reference import Reference, t_tests

if TYPE_CHECKING:
    import pandas as pd

    from .dispersion import Dispersion
    from .model.components import Correlation, VarianceComponent
    from .model.design import Design
    from .numerics.criterion import Criterion
    from .numerics.evaluated import Point
    from .numerics.whitening import Rows


@dataclass(frozen=True, slots=True)
class EngineState:
    """The criterion, its minimum, and the rows it was computed from."""

    criterion: Criterion
    point: Point
    rows: Rows
    held: dict[str, float]


@dataclass(frozen=True, slots=True, repr=False)
class FittedModel:
    """A fitted mixed model.

    Attributes
    ----------
    formula, outcome
        The formula and the outcome, as given.
    engine
        ``"reml"``, ``"ml"`` or the name of the external engine.
    reference
        Distribution of the test statistics; its name is ``df_method`` in the JSON contract.
    n_obs
        Rows used.
    groups
        Levels of each grouping factor.
    dropped
        Reasons and numbers of rows left out.
    coefficients, covariance
        Fixed effects ``(p,)`` and their covariance ``(p, p)``.
    log_likelihood, criterion
        Log-likelihood (restricted under REML); ``criterion`` is minus twice that.
    singular
        Whether the covariance of a random term is not of full rank.
    evaluations
        Number of evaluations of the criterion; 0 if an external engine does not report it.
    parameters
        Number of estimated parameters: fixed effects, variances and correlations.
    fitted
        The engine's state, for computations after the fit; ``None`` for an external engine.
    dispersion
        What the residual standard deviation follows; ``None`` where it is one for all rows.
    """

    formula: str
    outcome: str
    engine: str
    reference: Reference
    n_obs: int
    groups: dict[str, int]
    dropped: tuple[tuple[str, int], ...]
    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    components: tuple[VarianceComponent, ...]
    correlations: tuple[Correlation, ...]
    modes: tuple[Floats, ...]
    log_likelihood: float
    criterion: float
    reml: bool
    singular: bool
    converged: bool
    evaluations: int
    parameters: int
    warnings: tuple[str, ...]
    design: Design = field(repr=False)
    fitted: EngineState | None = field(repr=False, default=None)
    dispersion: Dispersion | None = None

    @property
    def df_method(self) -> str:
        """Degrees-of-freedom method."""
        return self.reference.name

    @property
    def fixed(self) -> pd.DataFrame:
        """Fixed effects: term, estimate, std_error, df, statistic, p_value, 95% conf_low and conf_high."""
        return self.conf_int(0.95)

    @property
    def variance(self) -> pd.DataFrame:
        """Variance components: group, term, variance, std_dev; the residual last."""
        import pandas as pd

        return pd.DataFrame(
            [(c.group, c.term, c.variance, c.std_dev) for c in self.components],
            columns=["group", "term", "variance", "std_dev"],
        )

    @property
    def aic(self) -> float:
        """Akaike's criterion, of the restricted likelihood under REML (comparable only with equal fixed effects)."""
        return self.criterion + 2 * self.parameters

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Fixed effects with t intervals at ``level``."""
        frame = self.contrast(np.eye(len(self.names)), level)
        frame.insert(0, "term", list(self.names))
        return frame

    def contrast(self, weights: Floats, level: float = 0.95) -> pd.DataFrame:
        """Estimate linear combinations of the fixed effects.

        Parameters
        ----------
        weights
            One combination per row, shape ``(r, p)`` in the order of ``names``.
        level
            Coverage of the interval.
        """
        import pandas as pd

        rows = self._rows(weights)
        std_error = np.sqrt(np.einsum("ri,ij,rj->r", rows, self.covariance, rows))
        return pd.DataFrame(t_tests(rows @ self.coefficients, std_error, self.reference.degrees(rows), level))

    def test(self, weights: Floats) -> pd.DataFrame:
        """Test jointly that linear combinations of the fixed effects are zero.

        Parameters
        ----------
        weights
            One combination per row, shape ``(r, p)`` in the order of ``names``.

        Returns
        -------
        DataFrame
            One row: ``statistic`` (F), ``num_df``, ``den_df``, ``p_value``.
        """
        import pandas as pd

        found = self.reference.test(self._rows(weights), self.coefficients)
        return pd.DataFrame([asdict(found)])

    def predict(self, frame: pd.DataFrame | None = None, random: bool = True, new_levels: str = "error") -> Floats:
        """Predict the outcome.

        Parameters
        ----------
        frame
            Rows to predict; the rows used in the fit if none is given.
        random
            Add the conditional modes of known levels. If false, predict for an average level.
        new_levels
            ``"error"`` refuses levels that are not in the fit, ``"average"`` gives them a random effect of zero.

        Returns
        -------
        array
            One prediction per row, in the unit of the outcome.
        """
        if new_levels not in ("error", "average"):
            raise CrossliftError(f"new_levels must be 'error' or 'average', not '{new_levels}'.")
        if frame is None:
            fixed = self.design.X @ self.coefficients
        else:
            fixed = self.design.evaluator.evaluate(frame) @ self.coefficients
        if not random:
            return np.asarray(fixed, dtype=float)
        total = np.array(fixed, dtype=float)
        for term, modes in zip(self.design.terms, self.modes, strict=True):
            if frame is None:
                codes, values = term.codes, term.values
            else:
                codes = known_codes(term.levels, term.factors, frame, new_levels)
                values = None if term.evaluator is None else term.evaluator.evaluate(frame)
            effects = np.where(codes[:, None] >= 0, modes[codes], 0.0)
            total += effects[:, 0] if values is None else (effects * values).sum(axis=1)
        return total

    def engine_state(self) -> EngineState:
        """The criterion at its minimum.

        Raises
        ------
        CrossliftError
            If the fit is by an external engine, or some standard deviations were fixed.
        """
        state = self.minimum()
        if state.held:
            raise CrossliftError(
                f"standard deviations of {', '.join(state.held)} are fixed; this needs a fit that estimates all.",
                "Fit without hold.",
            )
        return state

    def minimum(self) -> EngineState:
        """As :meth:`engine_state`, also for fits with fixed standard deviations."""
        if self.fitted is None:
            raise CrossliftError(
                f"the engine '{self.engine}' does not support this computation.",
                "Fit with this package's own engine.",
            )
        return self.fitted

    def components_at(
        self, loadings: list[Floats], sigma2: float
    ) -> tuple[tuple[VarianceComponent, ...], tuple[Correlation, ...]]:
        """Variance components and correlations at given parameters instead of the estimates."""
        from .model.components import components_of

        return components_of(self.design.terms, loadings, sigma2, self.engine_state().criterion.data.known_scale)

    def _rows(self, weights: Floats) -> Floats:
        """Contrasts as rows, checked against the number of fixed effects."""
        rows = np.atleast_2d(np.asarray(weights, dtype=float))
        if rows.shape[1] != len(self.names):
            raise CrossliftError(
                f"a contrast needs {len(self.names)} weights, one for each of {', '.join(self.names)}; "
                f"{rows.shape[1]} were given."
            )
        if not np.isfinite(rows).all() or not rows.any(axis=1).all():
            raise CrossliftError("each contrast needs finite weights, not all of them zero.")
        return rows


def conditional_modes(design: Design, criterion: Criterion, point: Point) -> Iterator[Floats]:
    """Conditional modes of each term of the formula, shapes ``(L, k)``."""
    lambdas, loadings = criterion.lambdas(point.theta), criterion.loadings(point.theta)
    for term, scores, triangle, loading in zip(design.terms, point.projected, lambdas, loadings, strict=False):
        modes = scores @ triangle @ loading.T
        yield modes if term.root is None else term.root @ modes
