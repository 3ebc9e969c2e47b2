"""Pool effects: the entry point of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import CrossliftError, DesignError, unknown_name
from .between import METHODS, between_variance
from .effects import Effects, read_effects
from .heterogeneity import q_profile
from .result import TEST_WORDS, MetaResult
from .weighted import weighted_fit

if TYPE_CHECKING:
    import pandas as pd

    from .multilevel import MultilevelMeta

# Knapp and Hartung's factor below which its interval is worth a word; near 1 it is chance.
NARROW = 0.8
#: Effects under which the variance between them is hardly known.
FEW = 5


def meta_analyze(
    effects: Any,
    variances: Any,
    moderators: Any = None,
    method: str = "REML",
    test: str | None = None,
    *,
    random: str | None = None,
    frame: pd.DataFrame | None = None,
    labels: Any = None,
) -> MetaResult | MultilevelMeta:
    """Pool effects in a random-effects model, ordinary or multilevel.

    Parameters
    ----------
    effects
        Effects (gains, in points): a column of ``frame`` or one number a row.
    variances
        Their sampling variances (points²): a column or one number a row. With ``random`` also a covariance ``(n, n)``
        in blocks, such as :func:`analysis.outcomes.pairing.covariance` gives for gains that share a baseline.
    moderators
        The right-hand side of a formula over ``frame``, such as ``"typology + log_params"``, or a table of numbers.
    method
        ``REML`` (default), ``ML``, ``DL``, ``PM``, ``EB`` or ``FE``. Multilevel models take ``REML`` or ``ML``.
    test
        Of ordinary models ``knha`` (default: Knapp and Hartung; for ``FE`` the default is ``z``), ``t`` or ``z``; of
        multilevel ones ``satterthwaite`` (default), ``kenward-roger`` or ``z``.
    random
        Random intercepts in lme4's notation over ``frame``: ``"(1|district/school)"`` for three levels,
        ``"(1|language) + (1|target_task)"`` for crossed ones. Effects are independent without it.
    frame
        The data that names refer to.
    labels
        A column or one name a row, for tables and figures of ordinary models.

    Returns
    -------
    MetaResult or MultilevelMeta
        Both have ``.fixed``, ``.heterogeneity()``, ``.predict()``, ``.robust(cluster)``, ``.to_json()`` and
        ``.summary()``.

    Raises
    ------
    CrossliftError
        If an input cannot be used; the message says which and what to do.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if random is not None:
        from .multilevel_fit import fit_multilevel

        return fit_multilevel(effects, variances, moderators, method, test or "satterthwaite", random, frame)
    if np.ndim(variances) == 2 or hasattr(variances, "tocsr"):
        raise CrossliftError(
            "a sampling covariance ties effects together, and a model of independent effects was asked for.",
            "Give random=, for example '(1|language)', or the variances alone.",
        )
    return fit_effects(
        read_effects(effects, variances, moderators, frame, labels),
        method,
        default_test(method) if test is None else test,
    )


def default_test(method: str) -> str:
    """Knapp and Hartung's, which is made for effects that vary; the normal one for a common effect."""
    return "z" if method == "FE" else "knha"


def fit_effects(effects: Effects, method: str = "REML", test: str = "knha") -> MetaResult:
    """Pool effects that are independent of each other.

    Raises
    ------
    UnknownNameError
        If ``method`` or ``test`` is unknown.
    DesignError
        If there are too few effects for the method or the test, or they do not differ at all.
    """
    if test not in TEST_WORDS:
        raise unknown_name("test", test, TEST_WORDS)
    tau2 = between_variance(effects, method)
    fit = weighted_fit(effects, tau2)
    df, scale = effects.k - effects.p, 1.0
    if test != "z" and df < 1:
        raise DesignError(
            f"{effects.k} effect{'s' if effects.k != 1 else ''} leave no degrees of freedom for test '{test}'.",
            "Use test 'z', or pool more effects.",
        )
    if test == "knha":
        scale = fit.q / df
        if scale < 1e-20:
            raise DesignError(
                f"the {effects.k} effects do not differ at all, so that Knapp and Hartung's interval has no width.",
                "Use test 't' or 'z'.",
            )
    return MetaResult(effects, method, test, tau2, fit, scale, tuple(_warnings(effects, method, test, tau2, scale)))


def _warnings(effects: Effects, method: str, test: str, tau2: float, scale: float) -> list[str]:
    """Advice in plain words."""
    advice = []
    if method == "FE":
        advice.append(
            "one common effect is assumed: the interval speaks of these effects alone, not of others of their kind."
        )
    elif effects.k < FEW:
        advice.append(
            f"{effects.k} effects hardly show how much effects vary: read tau² with its interval, and the pooled "
            "effect as a mean of these."
        )
    if test == "knha" and scale < NARROW:
        advice.append(
            f"Knapp and Hartung's factor is {scale:.2f}: the effects lie closer together than their sampling variances "
            "say, and the interval is narrower than that of the normal distribution. --test t does not scale."
        )
    if method != "FE" and tau2 == 0.0 and effects.k > effects.p:
        low, high = q_profile(effects)
        if low == high == 0.0:
            advice.append(
                "the effects differ less than their sampling variances let expect (the interval of tau² is empty). Are "
                "the variances too large, or the effects correlated?"
            )
    return advice
