"""The fit with related languages: a covariance by descent or place, beside the fit with independent ones."""

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
from ...outcomes.covariates import FACTORS, Factor
from .answer import Answer, answer

if TYPE_CHECKING:
    import pandas as pd

GROUP = "language"
# A criterion above that of the model inside it by more than this was not minimised.
ROUNDING = 1e-4
# A share below this, without any fall of the criterion, is a variance on its boundary that the search came near to.
SHARE = 0.005
#: Degrees of freedom under this share of the independent fit's are explained.
FEW = 0.5


@dataclass(frozen=True, slots=True)
class Related:
    """A fit with a kernel between languages, compared with the one without.

    Attributes
    ----------
    kernel
        The covariance and what it was made of.
    answers, independent
        Slopes of the asked factors under both, in points per step.
    result
        The fit with the kernel; an independent variance of languages is estimated beside it.
    kernel_variance, independent_variance
        What the fit puts on the kernel and on independent languages.
    share
        Part of the variance between two languages that follows the kernel; NaN where there is none to share.
    difference
        Fall of the criterion from independent languages to the kernel. The fixed effects are the same, so that
        restricted likelihoods compare.
    p_value
        Likelihood-ratio test of the kernel's variance, which is zero on a boundary: half of the chi-square probability
        (Self & Liang 1987, JASA 82). NaN where the kernel adds more than one parameter.
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

    def lines(self) -> list[str]:
        """The printed form, a sentence each."""
        n = len(self.kernel.matrix)
        first = f"covariance {self.kernel.words} over {n - len(self.kernel.missing)} languages"
        if self.kernel.missing:
            named = ", ".join(_label(code) for code in self.kernel.missing)
            first += f"; not in URIEL as it needs, so independent: {named}"
        lines = [first]
        for ours, plain in zip(self.answers, self.independent, strict=True):
            per = f"points per {FACTORS[ours.factor].words}"
            lines.append(f"With related languages: {number(ours.estimate, 2)} {per} ({ours.basis}).")
            lines.append(f"With independent ones: {number(plain.estimate, 2)} {per} ({plain.basis}).")
            lines += _verdict(ours, plain)
        return [*lines, self._comparison()]

    def _comparison(self) -> str:
        kind = "REML" if self.result.reml else "ML"
        if np.isnan(self.share):
            return "Neither fit finds variance between languages beyond the other terms: relatedness changes nothing."
        if not self.result.converged:
            return "The search with related languages reached no minimum: its numbers are not to be used."
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
                f"{sentence} These rows do not tell related languages from independent ones; the interval with related "
                "languages holds for both."
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
        Fit with independent languages, by the engine of this package.
    rows
        The frame it was fitted on.
    name
        Kernel, as :func:`analysis.languages.kernels.language_kernel` takes it. Languages without what it needs stay
        independent.
    factors
        Whose slopes to report.
    df
        Degrees of freedom, as for :func:`analysis.fit_mixed`.

    Raises
    ------
    DesignError
        If the model has no random intercept by language.
    """
    own = [term for term in result.design.terms if term.group == GROUP and "Intercept" in term.columns]
    if not own:
        raise DesignError(
            f"a covariance between languages needs (1|{GROUP}), which '{result.formula}' does not have.",
            f"Add + (1|{GROUP}) to the formula, or leave the kernel out.",
        )
    kernel = language_kernel(own[0].levels, name, missing="independent")
    if len(kernel.missing) > len(kernel.matrix) - 2:
        raise DesignError(
            f"URIEL has what the kernel '{name}' needs of {len(kernel.matrix) - len(kernel.missing)} of "
            f"{len(kernel.matrix)} languages: there is nothing to relate.",
            "Use another kernel, or leave it out.",
        )
    refit = fit_mixed(result.formula, rows, result.reml, covariance={GROUP: kernel.matrix}, df=df)
    variances = {(c.group, c.term): c.variance for c in refit.components}
    on_kernel, beside = variances[GROUP, "Intercept (kernel)"], variances[GROUP, "Intercept"]
    total = on_kernel * kernel.spread + beside
    difference = result.criterion - refit.criterion
    return Related(
        kernel,
        tuple(answer(refit, factor, rows) for factor in factors),
        tuple(answer(result, factor, rows) for factor in factors),
        refit,
        on_kernel,
        beside,
        on_kernel * kernel.spread / total if total > 0 else float("nan"),
        difference,
        _test(difference) if refit.parameters == result.parameters + 1 else float("nan"),
    )


def _test(difference: float) -> float:
    from scipy.special import chdtrc

    return 0.5 * float(chdtrc(1, difference)) if difference > ROUNDING else 1.0


def _verdict(ours: Answer, plain: Answer) -> list[str]:
    """What becomes of an interval that excluded zero, or did not, and why it may be so wide."""
    lines = []
    if plain.excludes_zero and not ours.excludes_zero:
        lines.append("With related languages the data do not settle the direction.")
    elif ours.excludes_zero and not plain.excludes_zero:
        lines.append("Only with related languages does the interval exclude zero.")
    if ours.df < FEW * plain.df:
        lines.append(
            "Its degrees of freedom are few: the rows hardly tell how much of the variance follows the covariance."
        )
    return lines


def _label(code: str) -> str:
    try:
        return resolve(code).label
    except UnknownLanguageError:
        return code
