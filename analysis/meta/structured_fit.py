"""Fit a meta-analysis in which the effects of one group go together by a structure: the entry from names to arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import CrossliftError, DesignError, unknown_name
from ..mixed.model.design import Design, RandomTerm, build_design
from ..mixed.model.formula import Bar, parse_formula, variables
from ..mixed.numerics.sampling import known_variance
from ..mixed.reference import Normal, Reference, Satterthwaite
from .between import LIKELIHOODS
from .effects import column
from .known import Known, known_rows, with_effects
from .marginal_likelihood import At, GroupedEffects, MarginalLikelihood
from .structured import StructuredMeta
from .structures import structure

if TYPE_CHECKING:
    import pandas as pd

#: Structures, and what they say of the covariance of one group's effects.
STRUCTURES = {
    "UN": "a variance for each level and a correlation for each pair",
    "CS": "one variance and one correlation",
    "HCS": "a variance for each level and one correlation",
    "DIAG": "a variance for each level, no correlation",
    "ID": "one variance, no correlation",
    "AR": "one variance, correlations that fall with the distance in time",
    "HAR": "a variance for each time, correlations that fall with the distance",
}
#: Those that slopes can have.
OF_SLOPES = ("UN", "DIAG")
TESTS = ("satterthwaite", "z")
# Curvature below this share of the steepest tells nothing of the numbers; a share of variance that counts as none.
FLAT, SINGULAR = 1e-9, 1e-7
# Effects up to which the covariance of all of them is kept dense.
LARGEST = 2000


def fit_structured(
    effects: Any,
    variances: Any,
    moderators: Any,
    method: str,
    test: str,
    random: str,
    struct: str,
    frame: pd.DataFrame | None,
) -> StructuredMeta:
    """Fit ``effects ~ moderators + random`` with ``struct`` for what varies: see :func:`analysis.meta_analyze`."""
    if struct not in STRUCTURES:
        raise unknown_name("structure", struct, STRUCTURES)
    if method not in LIKELIHOODS:
        raise CrossliftError(f"method '{method}' is for independent effects.", "A structure takes REML or ML.")
    if test not in TESTS:
        raise unknown_name("test of a model with a structure", test, TESTS)
    if frame is None:
        raise CrossliftError(f"random effects '{random}' name columns, and no frame was given.", "Give frame=.")
    if moderators is not None and not isinstance(moderators, str):
        raise CrossliftError("moderators of a model with a structure are a formula over the frame.", "Name them.")
    table, outcome = with_effects(frame, effects)
    bars = [_structured(bar, struct, frame) for bar in parse_formula(f"{outcome} ~ 1 + {random}").bars]
    inner = [bar for bar in bars if bar != "1"]
    if len(inner) != 1:
        raise CrossliftError(
            f"'{random}' has {len(inner)} terms that a structure could apply to; one is needed.",
            "Write it like (outcome|study), with the inner factor before the bar and the outer one behind it.",
        )
    rows = known_rows(table, outcome, variances)
    if len(rows.frame) > LARGEST:
        raise DesignError(f"{len(rows.frame)} effects; a model with a structure takes up to {LARGEST}.")
    known_variance(rows.covariance, rows.frame, np.ones(len(rows.frame), dtype=bool))  # refuses what is none
    text = " + ".join(
        f"({bar}|{own.group})" for bar, own in zip(bars, parse_formula(f"{outcome} ~ 1 + {random}").bars, strict=True)
    )
    design = build_design(parse_formula(f"{outcome} ~ {moderators or '1'} + {text}"), rows.frame, residual=False)
    return _fit(design, rows, outcome, moderators, method, test, random, struct)


def _structured(bar: Bar, struct: str, frame: pd.DataFrame) -> str:
    """The expression of a term's columns: one for each level of an inner factor, or intercept and slopes as given."""
    for name in bar.factors:
        column(frame, name, "random effect")
    if bar.expression == "1":
        return "1"
    names = variables(bar.expression, f"({bar.expression}|{bar.group})")
    for name in names:
        column(frame, name, "inner factor")
    if len(names) == 1 and bar.expression == names[0]:
        text = frame[names[0]].dtype.kind not in "iufb"
        if text:
            return f"0 + {names[0]}"
        if struct not in OF_SLOPES:
            return f"0 + factor({names[0]})"
    if struct not in OF_SLOPES and not bar.expression.replace(" ", "").startswith("0+"):
        raise CrossliftError(
            f"struct '{struct}' is for the levels of an inner factor, not for slopes '{bar.expression}'.",
            f"Slopes take {' or '.join(OF_SLOPES)}.",
        )
    return bar.expression


def _fit(
    design: Design, rows: Known, outcome: str, moderators: Any, method: str, test: str, random: str, struct: str
) -> StructuredMeta:
    used, kept = design.kept, rows.kept.copy()
    kept[rows.kept] = used
    terms = [_grouped(term, struct) for term in design.terms]
    sampling = rows.dense()[np.ix_(used, used)]
    likelihood = MarginalLikelihood(design.y, design.X, sampling, terms, method == "REML")
    search = likelihood.maximum()
    best = search.point
    curvature = likelihood.hessian(best.theta)
    return StructuredMeta(
        design=design,
        structures=tuple(term.structure.name for term in terms),
        covariances=tuple(likelihood.covariances(best.theta)),
        reference=_reference(best, curvature, test),
        coefficients=best.coefficients,
        sampling=sampling,
        total=likelihood.marginal(best.theta),
        kept=kept,
        dropped=(*rows.dropped, *design.dropped),
        method=method,
        test_name=test,
        random=random,
        log_likelihood=-0.5 * best.value,
        parameters=design.p + len(best.theta),
        converged=search.converged,
        warnings=tuple(_warnings(likelihood, best, design, search.converged)),
    )


def _grouped(term: RandomTerm, struct: str) -> GroupedEffects:
    columns = np.ones((len(term.codes), 1)) if term.values is None else term.values
    if term.values is None:
        return GroupedEffects(columns, term.codes, structure("ID", 1))
    times = _times(term.labels) if struct in ("AR", "HAR") else None
    return GroupedEffects(columns, term.codes, structure(struct, term.width, times))


def _times(labels: Sequence[str]) -> Floats | None:
    """The whole numbers that the levels are; ``None`` if one is not."""
    inside = [re.search(r"\[(.*)\]$", label) for label in labels]
    try:
        times = np.array([float(found.group(1)) for found in inside if found])
    except ValueError:
        return None
    return times if len(times) == len(labels) and (times == np.round(times)).all() else None


def _reference(best: At, curvature: Floats, test: str) -> Reference:
    if test == "z":
        return Normal(best.covariance)
    return Satterthwaite(best.covariance, best.sensitivity, _inverse(curvature))


def _inverse(curvature: Floats) -> Floats:
    """Asymptotic covariance of the free numbers, leaving out directions that the likelihood does not punish."""
    roots, vectors = np.linalg.eigh(curvature)
    informative = roots > FLAT * float(roots.max(initial=0.0))
    vectors = vectors[:, informative]
    return 2.0 * (vectors / roots[informative]) @ vectors.T


def _warnings(likelihood: MarginalLikelihood, best: At, design: Design, converged: bool) -> list[str]:
    advice = []
    if not converged:
        advice.append(
            "the search ended without reaching a maximum: the estimates are not to be used. Choose a smaller structure."
        )
    for term, own in zip(design.terms, likelihood.covariances(best.theta), strict=True):
        sizes = np.linalg.eigvalsh(own)
        if sizes[0] <= SINGULAR * max(float(sizes[-1]), likelihood.scale**2 * SINGULAR):
            advice.append(
                f"singular fit: the effects that vary by '{term.group}' are estimated without variance or as perfectly "
                f"correlated. {len(term.levels)} levels may be too few for this structure."
            )
    return advice
