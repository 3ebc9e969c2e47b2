"""The same model fitted by mixedlm, a package with its own engine in Rust, if it is installed.

It gets the columns and levels of our design, so it can fit any of our formulas; the criterion, the search and the
estimates at the minimum are its own. Tests and intervals use the normal distribution, because it gives degrees of
freedom per coefficient only, not for contrasts.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from ..model.components import Correlation, VarianceComponent, effects
from ..model.design import Design, RandomTerm, build_design
from ..model.formula import parse_formula
from ..result import MixedResult
from .result import external_result

if TYPE_CHECKING:
    import pandas as pd


def require_mixedlm() -> None:
    """Raise an error with the install command if the package is not installed."""
    if find_spec("mixedlm") is None:
        raise CrossliftError(
            "the engine 'mixedlm' needs the package mixedlm, which is not installed.",
            "Install it with: pip install 'mixedlm>=1.3', or leave --engine out.",
        )


def fit_mixedlm(formula: str, frame: pd.DataFrame, reml: bool = True, weights: str | None = None) -> MixedResult:
    """Fit ``formula`` with ``mixedlm.lmer``; parameters are those of :func:`analysis.fit_mixed`.

    Raises
    ------
    CrossliftError
        If mixedlm is not installed, or fails to fit the model.
    """
    require_mixedlm()
    design = build_design(parse_formula(formula), frame, weights)
    fitted, notes = _fit(design, reml)
    components, correlations = _components(design, fitted)
    return external_result(
        "mixedlm",
        design,
        reml,
        coefficients=np.asarray(fitted.beta, dtype=float),
        covariance=np.asarray(fitted.vcov(), dtype=float),
        components=components,
        correlations=correlations,
        modes=[_modes(term, t, fitted) for t, term in enumerate(design.terms)],
        log_likelihood=-0.5 * float(fitted.deviance),
        singular=bool(fitted.isSingular()),
        converged=bool(fitted.converged),
        evaluations=int(fitted.function_evals),
        notes=notes,
    )


def _fit(design: Design, reml: bool) -> tuple[Any, list[str]]:
    """Fit numbered columns and levels, because another parser may not accept names such as ``study[b]``."""
    import pandas as pd
    from mixedlm import LmerControl, lmer

    columns: dict[str, Any] = {"y": design.y, **{f"f{j}": design.X[:, j] for j in range(design.p)}}
    right = [f"f{j}" for j in range(design.p)]
    for t, term in enumerate(design.terms):
        columns[f"g{t}"] = term.codes
        values = np.ones((design.n, 1)) if term.values is None else term.values
        columns |= {f"z{t}_{j}": values[:, j] for j in range(term.width)}
        right.append("(0 + " + " + ".join(f"z{t}_{j}" for j in range(term.width)) + f"|g{t})")
    # Levels, ranks and scales were checked with our design; convergence is read from the result.
    control = LmerControl(
        check_conv=False, check_nlev_gtreq_5="ignore", check_scaleX="ignore", check_rankX="ignore", maxiter=5000
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fitted = lmer(
                "y ~ 0 + " + " + ".join(right),
                pd.DataFrame(columns),
                REML=reml,
                weights=design.weights,
                control=control,
            )
        except Exception as error:  # its solvers may raise anything
            raise CrossliftError(
                f"mixedlm cannot fit '{design.formula.text}': {error}.", "Leave --engine out."
            ) from error
    notes = [f"mixedlm: {' '.join(str(item.message).split())}" for item in caught]
    return fitted, list(dict.fromkeys(notes))


def _components(design: Design, fitted: Any) -> tuple[list[VarianceComponent], list[Correlation]]:
    blocks = {block.grouping_factor: np.asarray(block.cov, dtype=float) for block in fitted.VarCorr().groups.values()}
    covariances = [blocks[f"g{t}"] for t in range(len(design.terms))]
    components, correlations = effects(design.terms, covariances)
    components.append(VarianceComponent("Residual", "", float(fitted.sigma) ** 2))
    return components, correlations


def _modes(term: RandomTerm, t: int, fitted: Any) -> Floats:
    """Conditional modes in our order of levels, shape ``(L, k)``."""
    structure = next(s for s in fitted.matrices.random_structures if s.grouping_factor == f"g{t}")
    effects = fitted.ranef()[f"g{t}"]
    order = [structure.level_map[level] for level in range(len(term.levels))]
    return np.column_stack([np.asarray(effects[f"z{t}_{j}"], dtype=float)[order] for j in range(term.width)])
