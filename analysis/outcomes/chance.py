"""Chance level: a model that cannot do a task yet shows a gain as soon as it begins to learn it.

A baseline at chance says nothing about how well a language is served, so that a gain over it is the tuned score minus a
constant. Cells are only marked here; whoever fits keeps them or leaves them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.confidence import ALPHA

if TYPE_CHECKING:
    import pandas as pd

#: Answers to choose from, by target task, as the data sets define them (the harness's and XTREME's names).
OPTIONS = {
    "anli/r1": 3,
    "anli/r2": 3,
    "anli/r3": 3,
    "pawsx": 2,
    "story_cloze": 2,
    "super_glue/cb": 3,
    "super_glue/copa": 2,
    "super_glue/rte": 2,
    "winogrande": 2,
    "xcopa": 2,
    "xnli": 3,
    "xstory_cloze": 2,
    "xwinograd": 2,
}
#: Accuracy of guessing, in points.
CHANCE = {task: 100.0 / options for task, options in OPTIONS.items()}
#: Points above chance up to which a score counts as near it, where the number of items is not known.
NEAR = 3.0


def add_floor(gains: pd.DataFrame, level: float = ALPHA) -> pd.DataFrame:
    """Mark gains whose baseline cannot be told from chance.

    Parameters
    ----------
    gains
        As :func:`analysis.build_outcome` returns them: ``target_task``, ``score_without`` and ``n_items`` are read.
    level
        One-sided level of the normal test with the binomial variance of guessing, ``c(1-c)/n`` at a chance of ``c``.

    Returns
    -------
    frame
        A copy with ``chance`` (points; missing for tasks without fixed options), ``above_chance`` (baseline minus
        chance), ``chance_z`` (in standard errors of guessing; missing where the number of items is) and ``floor``:
        ``"at chance"``, ``"above chance"`` or ``"unknown"``.
    """
    from scipy.special import ndtri

    chance = gains["target_task"].map(CHANCE).astype(float)
    share = chance / 100.0
    above = gains["score_without"] - chance
    error = 100.0 * np.sqrt(share * (1.0 - share) / gains["n_items"].astype(float))
    z = above / error
    known = z.notna()
    floor = np.where(~known, "unknown", np.where(z > ndtri(1.0 - level), "above chance", "at chance"))
    return gains.assign(chance=chance, above_chance=above, chance_z=z, floor=floor)
