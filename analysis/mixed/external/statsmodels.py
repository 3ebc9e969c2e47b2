"""The same model fitted by statsmodels, as an independent second engine.

``MixedLM`` supports one grouping factor with correlated effects, or any number of independent variance components; a
model that needs both is refused. Tests and intervals use the normal distribution, as statsmodels does.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import DesignError
from ..model.components import Correlation, VarianceComponent
from ..model.design import Design, RandomTerm, build_design
from ..model.formula import parse_formula
from ..result import MixedResult
from .result import external_result

if TYPE_CHECKING:
    import pandas as pd


# A variance below this share of the residual's is reported as a singular fit: statsmodels keeps variances positive.
SINGULAR = 1e-6


def fit_statsmodels(formula: str, frame: pd.DataFrame, reml: bool = True) -> MixedResult:
    """Fit ``formula`` with ``statsmodels.MixedLM``.

    Raises
    ------
    DesignError
        If statsmodels cannot express the model: correlated effects beside another random term.
    """
    design = build_design(parse_formula(formula), frame)
    single = len(design.terms) == 1
    if not single and any(term.width > 1 for term in design.terms):
        raise DesignError(
            f"statsmodels cannot fit '{formula}': it supports correlated random effects for one grouping factor only.",
            "Write '||' for uncorrelated effects, or leave --engine out.",
        )
    fitted, notes = _fit(design, single, reml)
    components, correlations, modes = _single(design, fitted) if single else _crossed(design, fitted)
    p = design.p
    return external_result(
        "statsmodels",
        design,
        reml,
        coefficients=np.asarray(fitted.fe_params, dtype=float),
        covariance=np.asarray(fitted.cov_params(), dtype=float)[:p, :p],
        components=components,
        correlations=correlations,
        modes=modes,
        log_likelihood=float(fitted.llf),
        singular=min(c.variance for c in components[:-1]) < SINGULAR * float(fitted.scale),
        converged=bool(fitted.converged),
        notes=notes,
    )


def _fit(design: Design, single: bool, reml: bool) -> tuple[Any, list[str]]:
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

    if single:
        term = design.terms[0]
        columns = np.ones((design.n, 1)) if term.values is None else term.values
        model = MixedLM(design.y, design.X, groups=term.codes, exog_re=columns)
    else:
        names = [f"{term.group}/{term.columns[0]}" for term in design.terms]
        matrices = [[_indicators(term, design.n)] for term in design.terms]
        levels = [[list(term.levels)] for term in design.terms]
        together = np.zeros(design.n, dtype=int)
        model = MixedLM(design.y, design.X, groups=together, exog_vc=VCSpec(names, levels, matrices))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = model.fit(reml=reml)
    notes = [f"statsmodels: {' '.join(str(item.message).split())}" for item in caught]
    return fitted, list(dict.fromkeys(notes))


def _indicators(term: RandomTerm, n: int) -> Floats:
    matrix = np.zeros((n, len(term.levels)))
    matrix[np.arange(n), term.codes] = 1.0 if term.values is None else term.values[:, 0]
    return matrix


def _single(design: Design, fitted: Any) -> tuple[list[VarianceComponent], list[Correlation], list[Floats]]:
    term = design.terms[0]
    covariance = np.asarray(fitted.cov_re, dtype=float)
    components = [VarianceComponent(term.group, c, float(covariance[i, i])) for i, c in enumerate(term.columns)]
    components.append(VarianceComponent("Residual", "", float(fitted.scale)))
    correlations = [
        Correlation(
            term.group, term.columns[b], column, float(covariance[a, b] / np.sqrt(covariance[a, a] * covariance[b, b]))
        )
        for a, column in enumerate(term.columns)
        for b in range(a)
    ]
    effects = fitted.random_effects
    modes = np.array([np.asarray(effects[code], dtype=float) for code in range(len(term.levels))])
    return components, correlations, [modes]


def _crossed(design: Design, fitted: Any) -> tuple[list[VarianceComponent], list[Correlation], list[Floats]]:
    components = [
        VarianceComponent(term.group, term.columns[0], float(variance))
        for term, variance in zip(design.terms, _by_term(design, fitted), strict=True)
    ]
    components.append(VarianceComponent("Residual", "", float(fitted.scale)))
    effects = np.asarray(fitted.random_effects[0], dtype=float)
    ends = np.cumsum([len(term.levels) for term in design.terms])
    modes = [part[:, None] for part in np.split(effects, ends[:-1])]
    return components, [], modes


def _by_term(design: Design, fitted: Any) -> list[float]:
    """Variances in the order of the formula."""
    position = {name: i for i, name in enumerate(fitted.model.exog_vc.names)}
    return [float(fitted.vcomp[position[f"{term.group}/{term.columns[0]}"]]) for term in design.terms]
