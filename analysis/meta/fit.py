"""Pool effects: the entry point of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import CrossliftError, unknown_name
from ..core.frames import as_frame
from .between import METHODS
from .effects import read_effects
from .estimate import default_test
from .result import MetaResult

if TYPE_CHECKING:
    import pandas as pd

    from .location_scale import LocationScaleMeta
    from .multilevel import MultilevelMeta
    from .structured import StructuredMeta


def meta_analyze(
    effects: Any,
    variances: Any,
    moderators: Any = None,
    method: str = "REML",
    test: str | None = None,
    *,
    random: str | None = None,
    struct: str | None = None,
    scale: Any = None,
    frame: pd.DataFrame | None = None,
    labels: Any = None,
) -> MetaResult | MultilevelMeta | StructuredMeta | LocationScaleMeta:
    """Pool effects in a random-effects model, ordinary or multilevel.

    Parameters
    ----------
    effects
        Effects (gains, in points): a column of ``frame`` or one number per row.
    variances
        Their sampling variances (points²): a column or one number per row. With ``random`` also a block covariance
        ``(n, n)``, such as :func:`analysis.outcomes.pairing.covariance` gives for gains that share a baseline.
    moderators
        The right-hand side of a formula over ``frame``, such as ``"typology + log_params"``, or a table of numbers.
    method
        ``REML`` (default), ``ML``, ``DL``, ``HE``, ``HS``, ``SJ``, ``PM``, ``PMM``, ``EB`` or ``FE``. Multilevel models
        take ``REML`` or ``ML``.
    test
        For ordinary models ``knha`` (default: Knapp and Hartung; for ``FE`` the default is ``z``), ``t`` or ``z``; for
        multilevel models ``satterthwaite`` (default), ``kenward-roger`` or ``z``.
    random
        Random intercepts in lme4's notation over ``frame``: ``"(1|district/school)"`` for three levels,
        ``"(1|language) + (1|target_task)"`` for crossed ones. Without it effects are independent.
    struct
        How the effects of one group go together, for a random effect such as ``"(outcome|study)"`` with the levels of
        an inner factor before the bar: ``UN`` (a variance for each level, a correlation for each pair), ``CS`` (one of
        each), ``HCS`` (variances, one correlation), ``DIAG`` and ``ID`` (no correlation), ``AR`` and ``HAR``
        (correlations that fall with the distance between whole numbers). A number before the bar, ``"(dose|study)"``,
        has a slope by group beside the intercept, with ``UN`` or ``DIAG``. No variance is added to these.
    scale
        Moderators of the variance between independent effects, given like ``moderators``: its logarithm is linear in
        them (location-scale model; REML or ML, tests ``t`` by default or ``z``).
    frame
        The data that names refer to.
    labels
        A column or one name per row, for tables and figures of ordinary models.

    Returns
    -------
    MetaResult, MultilevelMeta, StructuredMeta or LocationScaleMeta
        All have ``.fixed``, ``.to_json()`` and ``.summary()``. All but the last have ``.predict()``,
        ``.robust(cluster)``, ``.anova()`` and ``.means()``; the first two ``.heterogeneity()``, multilevel and
        structured ones ``.variance``, the last ``.scale``.

    Raises
    ------
    CrossliftError
        If an input cannot be used; the message names it and a remedy.
    """
    frame = None if frame is None else as_frame(frame)
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if scale is not None:
        from .location_scale import fit_location_scale

        if random is not None or np.ndim(variances) == 2 or hasattr(variances, "tocsr"):
            raise CrossliftError(
                "scale= is for independent effects.", "Leave out random= and give the variances alone."
            )
        return fit_location_scale(
            read_effects(effects, variances, moderators, frame, labels),
            read_effects(effects, variances, scale, frame, labels),
            method,
            test or "t",
        )
    if struct is not None:
        from .structured_fit import fit_structured

        if random is None:
            raise CrossliftError(
                f"struct '{struct}' says how effects of one group go together, and no group was given.",
                "Give random=, for example '(outcome|study)'.",
            )
        return fit_structured(effects, variances, moderators, method, test or "satterthwaite", random, struct, frame)
    if random is not None:
        from .multilevel_fit import fit_multilevel

        return fit_multilevel(effects, variances, moderators, method, test or "satterthwaite", random, frame)
    if np.ndim(variances) == 2 or hasattr(variances, "tocsr"):
        raise CrossliftError(
            "a sampling covariance makes effects dependent, but a model of independent effects was requested.",
            "Give random=, for example '(1|language)', or the variances alone.",
        )
    return MetaResult.of(
        read_effects(effects, variances, moderators, frame, labels),
        method,
        default_test(method) if test is None else test,
    )
