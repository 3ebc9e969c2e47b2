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

    from .multilevel import MultilevelMeta


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
    frame = None if frame is None else as_frame(frame)
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
    return MetaResult.of(
        read_effects(effects, variances, moderators, frame, labels),
        method,
        default_test(method) if test is None else test,
    )
