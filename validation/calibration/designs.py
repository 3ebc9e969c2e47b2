"""The simulated designs: real languages with their real typological distances, invented gains.

A gain is the sum of independent normal effects of language, target task, model, language within task, model within
task, and a residual, with the variances of the default model on the bundled gains. Its slope over typological distance
is zero. In related designs the language effects are correlated as in ``relations``.

One cell is one layout of rows, drawn once; one simulation is one draw of all effects, seeded by the names of both.
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from relations import relatedness

from analysis.core.arrays import Booleans, Floats, Integers
from analysis.languages import distances as typology

SEED = 20261121

# The languages of the bundled gains, most gains first; then those that only SumEval adds to them, without English (the
# source) and Malay (a macrolanguage code).
GAIN_LANGUAGES = (
    *("zho", "swa", "rus", "spa", "fra", "ara", "hin", "vie", "ind", "tha", "tur", "urd", "deu", "jpn", "bul"),
    *("ell", "est", "eus", "hat", "ita", "mya", "por", "que", "tam", "tel"),
)
MORE_LANGUAGES = (
    "afr",
    "ben",
    "fas",
    "fin",
    "heb",
    "hun",
    "jav",
    "kat",
    "kaz",
    "kor",
    "mal",
    "mar",
    "nld",
    "ron",
    "tgl",
)
LANGUAGES = (*GAIN_LANGUAGES, *MORE_LANGUAGES)

# Target tasks in which each of GAIN_LANGUAGES has bundled gains (of 6); the others draw theirs from these.
TASKS_OF_LANGUAGE = (6, 3, 3, 4, 3, 2, 2, 2, 2, 2, 2, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
# Share of pairs of model and task without gains: 15 of 42 in the bundled gains.
MISSING_PAIRS = 1 / 3

# Variances, in squared points, of 'analyze fit --factor typology' on the bundled gains (889 gains, 25 languages, 6
# tasks, 7 models). In the simulated grids each gain has a baseline of its own, so that the variance of baselines (18.0)
# is part of the residual's (9.7). That of intermediate tasks (1.1) is left out: there is one.
VARIANCES = {
    ("language",): 15.0,
    ("target_task",): 21.8,
    ("model",): 19.0,
    ("language", "target_task"): 7.7,
    ("model", "target_task"): 16.7,
}
RESIDUAL = 27.7

SIZES = (15, 25, 40)
# Target tasks and models.
SHAPES = {"small": (3, 2), "large": (9, 5)}


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One design of the study."""

    languages: int
    shape: str
    ragged: bool
    related: bool

    @property
    def layout(self) -> str:
        """Name of the rows, which related and independent designs share."""
        return f"{self.languages}-{self.shape}-{'ragged' if self.ragged else 'balanced'}"

    @property
    def name(self) -> str:
        """Name in tables, on the command line and in the seeds."""
        return f"{self.layout}-{'related' if self.related else 'independent'}"


#: Every cell by name, independent designs first.
CELLS = {
    cell.name: cell
    for related, languages, shape, ragged in itertools.product((False, True), SIZES, SHAPES, (False, True))
    for cell in [Cell(languages, shape, ragged, related)]
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of a cell and the information needed to draw gains.

    Attributes
    ----------
    frame
        One row per gain, without the gain.
    codes
        Level of each row in each of ``VARIANCES``, and the number of levels.
    root
        Lower Cholesky factor of the covariance of languages, ``None`` where they are independent.
    """

    cell: Cell
    frame: pd.DataFrame
    codes: tuple[tuple[Integers, int], ...]
    root: Floats | None

    @property
    def kernel(self) -> pd.DataFrame:
        """Covariance of related languages, whether or not the gains follow it."""
        return relatedness(sorted(self.frame["language"].unique()))


def build_layout(cell: Cell) -> Layout:
    """Lay out the rows of ``cell``."""
    languages = LANGUAGES[: cell.languages]
    tasks, models = SHAPES[cell.shape]
    present = np.ones((cell.languages, tasks, models), dtype=bool)
    if cell.ragged:
        present = _ragged(present.shape, np.random.default_rng([SEED, zlib.crc32(cell.layout.encode())]))
    language, task, model = np.nonzero(present)
    distance = np.array([found.distance for found in typology.distances(languages)])
    frame = pd.DataFrame(
        {
            "study": "simulated",
            "language": np.array(languages, dtype=object)[language],
            "target_task": [f"task{i + 1}" for i in task],
            "model": [f"model{i + 1}" for i in model],
            "intermediate_task": "nli",
            "typology": distance[language],
        }
    )
    groups = [frame.groupby(list(factors), sort=True).ngroup().to_numpy() for factors in VARIANCES]
    root = np.linalg.cholesky(relatedness(sorted(languages)).to_numpy()) if cell.related else None
    return Layout(cell, frame, tuple((codes, int(codes.max()) + 1) for codes in groups), root)


def draw(layout: Layout, simulation: int, slope: float = 0.0) -> Floats:
    """Gains of one simulation, in points, independent of other simulations."""
    rng = np.random.default_rng([SEED, zlib.crc32(layout.cell.name.encode()), simulation])
    gains = slope * layout.frame["typology"].to_numpy()
    for (factors, variance), (codes, levels) in zip(VARIANCES.items(), layout.codes, strict=True):
        effects = rng.standard_normal(levels)
        if factors == ("language",) and layout.root is not None:
            effects = layout.root @ effects
        gains = gains + np.sqrt(variance) * effects[codes]
    return gains + np.sqrt(RESIDUAL) * rng.standard_normal(len(gains))


def _ragged(shape: tuple[int, ...], rng: np.random.Generator) -> Booleans:
    """Rows as unbalanced as the bundled gains, in which tasks, models and the slope can still be told apart."""
    languages, tasks, models = shape
    while True:
        pairs = np.ones(tasks * models, dtype=bool)
        pairs[rng.permutation(tasks * models)[: round(MISSING_PAIRS * tasks * models)]] = False
        counts = [*TASKS_OF_LANGUAGE, *rng.choice(TASKS_OF_LANGUAGE, len(MORE_LANGUAGES))][:languages]
        present = np.zeros(shape, dtype=bool)
        for language, count in enumerate(counts):
            chosen = rng.permutation(tasks)[: min(count, tasks)]
            present[language, chosen] = pairs.reshape(tasks, models)[chosen]
        if _connected(present):
            return present


def _connected(present: Booleans) -> bool:
    """True if every language has a row, and effects of tasks and models as fixed columns have full rank."""
    language, task, model = np.nonzero(present)
    columns = np.column_stack([np.eye(present.shape[1])[task], np.eye(present.shape[2])[model][:, 1:], language])
    return len(np.unique(language)) == len(present) and np.linalg.matrix_rank(columns) == columns.shape[1]
