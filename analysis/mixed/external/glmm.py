"""The same model fitted by glmm, a package with its own engine in Rust, if it is installed.

It gets the columns and levels of our design; the criterion, the search and the estimates at the minimum are its own. It
fits terms with an intercept, each of another factor, with slopes in columns of the fixed part. Tests and intervals use
the normal distribution, because its degrees of freedom are per coefficient, not for contrasts.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.arrays import Floats
from ...core.errors import CrossliftError
from ..model.components import VarianceComponent, effects
from ..model.design import Design, RandomTerm, build_design
from ..model.formula import parse_formula
from ..result import MixedResult
from .result import external_result

if TYPE_CHECKING:
    import pandas as pd


def require_glmm() -> None:
    """Raise an error with the install command if the package is not installed."""
    if find_spec("glmm") is None:
        raise CrossliftError(
            "the engine 'glmm' needs the package glmm, which is not installed.",
            "Install it with: pip install 'glmm>=0.6.2', or leave --engine out.",
        )


def fit_glmm(formula: str, frame: pd.DataFrame, reml: bool = True, weights: str | None = None) -> MixedResult:
    """Fit ``formula`` with ``glmm.fit``; parameters are those of :func:`analysis.fit_mixed`.

    Raises
    ------
    CrossliftError
        If glmm is not installed, cannot express the model, or fails to fit it.
    """
    require_glmm()
    design = build_design(parse_formula(formula), frame, weights)
    fitted, notes = _fit(design, reml)
    blocks = {block["group"]: block for block in fitted.ranef_blocks}
    covariances = {
        group: _square(values, len(labels))
        for (group, labels), values in zip(fitted.re_groups, fitted.varcorr, strict=True)
    }
    names = [f"g{t}" for t in range(len(design.terms))]
    components, correlations = effects(design.terms, [covariances[name] for name in names])
    components.append(VarianceComponent("Residual", "", float(fitted.dispersion)))
    return external_result(
        "glmm",
        design,
        reml,
        coefficients=np.asarray(fitted.beta, dtype=float),
        covariance=np.asarray(fitted.vcov, dtype=float),
        components=components,
        correlations=correlations,
        modes=[_modes(term, blocks[name]) for term, name in zip(design.terms, names, strict=True)],
        log_likelihood=float(fitted.loglik),
        singular=bool(fitted.singular),
        converged=bool(fitted.converged),
        evaluations=int(fitted.n_eval),
        notes=notes,
    )


def _fit(design: Design, reml: bool) -> tuple[Any, list[str]]:
    """Fit numbered columns and levels, because another parser may not accept names such as ``study[b]``."""
    import glmm
    import pandas as pd

    columns: dict[str, Any] = {"y": design.y, **{f"f{j}": design.X[:, j] for j in range(design.p)}}
    right = ["0", *(f"f{j}" for j in range(design.p))]
    for t, term in enumerate(design.terms):
        if any(term.group == other.group for other in design.terms[:t]):
            raise _refused(design, f"'{term.group}' has several terms")
        levels = pd.Index([str(level) for level in range(len(term.levels))])
        columns[f"g{t}"] = pd.Categorical.from_codes(term.codes, levels)
        right.append("(" + " + ".join(["1", *_slopes(design, term)]) + f"|g{t})")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fitted = glmm.fit(
                columns, "y ~ " + " + ".join(right), reml=reml, weights=design.weights, satterthwaite=False
            )
        except Exception as error:  # its kernel may raise anything
            raise CrossliftError(f"glmm cannot fit '{design.formula.text}': {error}.", "Leave --engine out.") from error
    notes = [f"glmm: {' '.join(str(item.message).split())}" for item in caught]
    return fitted, list(dict.fromkeys(notes))


def _slopes(design: Design, term: RandomTerm) -> list[str]:
    """The fixed columns that the slopes of a term are in."""
    if term.values is None:
        return []
    if not (term.values[:, 0] == 1.0).all():
        raise _refused(design, f"the effects by '{term.group}' have no intercept")
    found = []
    for label, column in zip(term.labels[1:], term.values.T[1:], strict=True):
        same = [j for j in range(design.p) if np.array_equal(design.X[:, j], column)]
        if not same:
            raise _refused(design, f"'{label}' varies by '{term.group}' and is no fixed effect")
        found.append(f"f{same[0]}")
    return found


def _refused(design: Design, reason: str) -> CrossliftError:
    return CrossliftError(
        f"glmm cannot fit '{design.formula.text}': {reason}.", "Leave --engine out, or take --engine mixedlm."
    )


def _square(values: Any, k: int) -> Floats:
    """A covariance from its lower triangle, column by column."""
    result = np.zeros((k, k))
    rows, columns = np.triu_indices(k)
    result[columns, rows] = result[rows, columns] = np.asarray(values, dtype=float)
    return result


def _modes(term: RandomTerm, block: Any) -> Floats:
    """Conditional modes in our order of levels, shape ``(L, k)``."""
    order = np.argsort([int(level) for level in block["levels"]])
    return np.asarray(block["values"], dtype=float).reshape(len(term.levels), term.width)[order]
