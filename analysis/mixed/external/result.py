"""Results of other packages' engines as our :class:`MixedResult`."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.arrays import Floats
from ..model.components import Correlation, VarianceComponent
from ..model.design import Design
from ..reference import Normal
from ..result import MixedResult


def external_result(
    engine: str,
    design: Design,
    reml: bool,
    *,
    coefficients: Floats,
    covariance: Floats,
    components: Sequence[VarianceComponent],
    correlations: Sequence[Correlation],
    modes: Sequence[Floats],
    log_likelihood: float,
    singular: bool,
    converged: bool,
    notes: Sequence[str],
    evaluations: int = 0,
) -> MixedResult:
    """Result of another engine for ``design``; tests and intervals use the normal distribution."""
    return MixedResult(
        formula=design.formula.text,
        outcome=design.formula.response,
        engine=engine,
        reference=Normal(covariance),
        n_obs=design.n,
        groups={term.group: len(term.levels) for term in design.terms},
        dropped=design.dropped,
        names=design.fixed_names,
        coefficients=coefficients,
        covariance=covariance,
        components=tuple(components),
        correlations=tuple(correlations),
        modes=tuple(modes),
        log_likelihood=log_likelihood,
        criterion=-2.0 * log_likelihood,
        reml=reml,
        singular=singular,
        converged=converged,
        evaluations=evaluations,
        parameters=len(coefficients) + len(components) + len(correlations),
        warnings=tuple(notes),
        design=design,
    )
