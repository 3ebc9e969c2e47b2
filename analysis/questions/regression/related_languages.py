"""A fit with related languages (a phylogenetic or geographic kernel), beside the fit with independent languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.confidence import ALPHA
from ...core.errors import DesignError, UnknownLanguageError
from ...core.text import number, p_words
from ...languages.codes import resolve
from ...languages.kernels import LanguageKernel, language_kernel
from ...mixed import MixedResult, fit_mixed
from ...outcomes.covariates import Factor
from .answer import Answer, answer
from .bounds import bounded

if TYPE_CHECKING:
    import pandas as pd

GROUP = "language"
# A criterion that exceeds the nested model's by more than this was not minimised.
ROUNDING = 1e-4
# A smaller share that does not lower the criterion is a variance on its boundary, which a search only comes near.
SHARE = 0.005
#: Fewer degrees of freedom than this share of the independent fit's are explained in a sentence.
FEW = 0.5


@dataclass(frozen=True, slots=True)
class Related:
    """A fit with a kernel between languages, compared with the one without.

    Attributes
    ----------
    kernel
        The covariance and the parts that it was built from.
    answers, independent
        Slopes of the requested factors with the kernel and without it, in points per step.
    result
        The fit with the kernel; an independent variance of languages is estimated beside it.
    kernel_variance, independent_variance
        Variances of the kernel and of independent languages.
    share
        Share of the variance between two languages that follows the kernel; NaN if that variance is zero.
    difference
        By how much the kernel lowers the criterion. The fixed effects are the same, so restricted likelihoods are
        comparable.
    p_value
        Likelihood-ratio test that the kernel's variance is zero. Zero lies on the boundary, so the chi-square
        probability is halved (Self & Liang 1987, JASA 82). NaN if the kernel adds more than one parameter.
    factors
        The factors that were asked for, in the order of their slopes.
    """

    kernel: LanguageKernel
    answers: tuple[Answer, ...]
    independent: tuple[Answer, ...]
    result: MixedResult
    kernel_variance: float
    independent_variance: float
    share: float
    difference: float
    p_value: float
    factors: tuple[Factor, ...] = ()

    def lines(self) -> list[str]:
        """The printed form, a sentence each."""
        n = len(self.kernel.matrix)
        first = f"covariance {self.kernel.words} over {n - len(self.kernel.missing)} languages"
        if self.kernel.missing:
            named = ", ".join(_label(code) for code in self.kernel.missing)
            first += f"; independent, because {self.kernel.sources} lacks what the kernel needs: {named}"
        lines = [first]
        for factor, ours, plain in zip(self.factors, self.answers, self.independent, strict=True):
            per = f"points per {factor.words}"
            lines.append(f"With related languages: {number(ours.estimate, 2)} {per} ({ours.basis}).")
            lines.append(f"With independent ones: {number(plain.estimate, 2)} {per} ({plain.basis}).")
            lines += _verdict(ours, plain)
        return [*lines, self._comparison()]

    def _comparison(self) -> str:
        kind = "REML" if self.result.reml else "ML"
        if np.isnan(self.share):
            return "Neither fit finds variance between languages beyond the other terms: relatedness changes nothing."
        if not self.result.converged:
            return "The fit with related languages did not converge: do not use its numbers."
        if abs(self.difference) < ROUNDING and self.share < SHARE:
            return "None of the variance between languages follows the covariance: both fits are the same."
        test = "" if np.isnan(self.p_value) else f", {p_words(self.p_value)}"
        sentence = (
            f"{self.share:.0%} of the variance between languages follows the covariance; {kind} criterion "
            f"{number(max(self.difference, 0.0), 2)} lower{test}."
        )
        if self.p_value < ALPHA:
            return f"{sentence} Related languages are alike beyond chance."
        if self.p_value >= ALPHA:
            # The test has little power and the interval keeps its level under both: validation/kernel/README.md.
            return (
                f"{sentence} These rows cannot distinguish related from independent languages; the interval with "
                "related languages is valid for both."
            )
        return sentence

    def to_json(self) -> dict[str, Any]:
        """The field ``kernel`` of the JSON contract of ``fit``."""
        fit = self.result.to_json()
        return {
            "name": self.kernel.name,
            "parts": [{"kernel": part.name, "scale": part.scale} for part in self.kernel.parts],
            "languages": len(self.kernel.matrix),
            "missing": list(self.kernel.missing),
            "answers": [item.to_json() for item in self.answers],
            "kernel_variance": self.kernel_variance,
            "independent_variance": self.independent_variance,
            "share": None if np.isnan(self.share) else self.share,
            "criterion_independent": self.result.criterion + self.difference,
            "criterion_difference": self.difference,
            "p_value": None if np.isnan(self.p_value) else self.p_value,
            **{name: fit[name] for name in ("fixed", "variance", "criterion", "singular", "converged", "warnings")},
        }


def fit_related(
    result: MixedResult,
    rows: pd.DataFrame,
    name: str,
    factors: Sequence[Factor] = (),
    df: str = "satterthwaite",
) -> Related:
    """Fit the model of ``result`` again with a covariance between languages.

    Parameters
    ----------
    result
        Fit with independent languages, by this package's own engine.
    rows
        The frame it was fitted on.
    name
        Kernel, as :func:`analysis.languages.kernels.language_kernel` takes it. Languages that lack what it needs stay
        independent.
    factors
        Factors whose slopes to report.
    df
        Degrees of freedom, as for :func:`analysis.fit_mixed`.

    Raises
    ------
    DesignError
        If the model has no random intercept by language.
    """
    intercepts = [term for term in result.design.terms if term.group == GROUP and "Intercept" in term.columns]
    if not intercepts:
        raise DesignError(
            f"a covariance between languages needs (1|{GROUP}), which '{result.formula}' does not have.",
            f"Add + (1|{GROUP}) to the formula, or leave the kernel out.",
        )
    kernel = language_kernel(intercepts[0].levels, name, missing="independent")
    if len(kernel.missing) > len(kernel.matrix) - 2:
        raise DesignError(
            f"{kernel.sources} has what the kernel '{name}' needs for {len(kernel.matrix) - len(kernel.missing)} of "
            f"{len(kernel.matrix)} languages: there is nothing to relate.",
            "Use another kernel, or leave it out.",
        )
    refit = fit_mixed(result.formula, rows, result.reml, covariance={GROUP: kernel.matrix}, df=df)
    refit = bounded(refit, rows, factors)
    variances = {(c.group, c.term): c.variance for c in refit.components}
    kernel_variance, independent_variance = variances[GROUP, "Intercept (kernel)"], variances[GROUP, "Intercept"]
    total = kernel_variance * kernel.spread + independent_variance
    difference = result.criterion - refit.criterion
    return Related(
        kernel,
        tuple(answer(refit, factor, rows) for factor in factors),
        tuple(answer(result, factor, rows) for factor in factors),
        refit,
        kernel_variance,
        independent_variance,
        kernel_variance * kernel.spread / total if total > 0 else float("nan"),
        difference,
        _test(difference) if refit.parameters == result.parameters + 1 else float("nan"),
        tuple(factors),
    )


def _test(difference: float) -> float:
    from scipy.special import chdtrc

    return 0.5 * float(chdtrc(1, difference)) if difference > ROUNDING else 1.0


def _verdict(ours: Answer, plain: Answer) -> list[str]:
    """Whether the two intervals disagree about zero, and why the one with the kernel may be so wide."""
    lines = []
    if plain.excludes_zero and not ours.excludes_zero:
        lines.append("With related languages the data do not settle the direction.")
    elif ours.excludes_zero and not plain.excludes_zero:
        lines.append("Only with related languages does the interval exclude zero.")
    if ours.df < FEW * plain.df:
        lines.append(
            "Its degrees of freedom are few: the rows say little about how much of the variance follows the covariance."
        )
    return lines


def _label(code: str) -> str:
    try:
        return resolve(code).label
    except UnknownLanguageError:
        return code
