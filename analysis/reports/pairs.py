"""Runs of several training languages: distance by amount of training data, and whether transfer goes both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import CrossliftError
from ..mixed import fit_mixed
from ..outcomes.build import Options, build_outcome
from ..outcomes.covariates import FACTORS
from ..outcomes.sources import SOURCE
from ..plots.pairs import pair_table, plot_pairs
from ..records.read import Source, read_inputs
from .describe import model_method
from .numbers import Value

if TYPE_CHECKING:
    import pandas as pd

    from ..mixed import MixedResult
    from .session import Session

#: The bundled set of this design.
XPOS = "devries2022_xpos"
#: Fewest languages trained on.
FEWEST = 10
#: Fewest amounts of training data for a slope over them.
FEWEST_AMOUNTS = 3
#: The step of distance, and the unit of slopes over it.
STEP = FACTORS["typology"].step
UNIT = "points per 0.1 of syntactic distance"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scores of pairs of languages.

    Attributes
    ----------
    sources
        What was read.
    frame
        One score a row, with the distance of its pair; tests in the language trained on are left out.
    whole
        The same with these tests.
    """

    sources: tuple[Source, ...]
    frame: pd.DataFrame
    whole: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """How much transfer from one language to another says about transfer back.

    Attributes
    ----------
    languages, pairs
        Languages that were both trained on and tested, and pairs of them in both directions.
    median
        Median absolute difference between the two directions, in points.
    additive
        Share of the variance of these differences that the effects of the languages explain: one of training on a
        language, one of being tested in it.
    left
        Correlation of the two directions once these effects are removed.
    """

    languages: int
    pairs: int
    median: float
    additive: float
    left: float


def find_pairs(data: Sequence[str], mapping: Mapping[str, str] | None = None) -> Pairs | None:
    """The scores of ``data`` if ten or more languages were trained on; the bundled set where no data are named."""
    read = read_inputs(list(data) or [XPOS], mapping)
    try:
        whole = build_outcome(read.records, Options(outcome="score", keep=("source",))).frame
    except CrossliftError:
        return None
    if SOURCE not in whole.columns or whole[SOURCE].nunique() < FEWEST:
        return None
    frame = whole[whole["language"] != whole[SOURCE]].reset_index(drop=True)
    return Pairs(read.sources, frame, whole)


def fit_distance(frame: pd.DataFrame) -> MixedResult:
    """Score over the distance of each row's pair, with languages trained on and tested as crossed random effects."""
    repeated = len(frame) > len(frame[["language", "train_language"]].drop_duplicates())
    pair = " + (1|language:train_language)" if repeated else ""
    return fit_mixed(f"score ~ typology + (1|language) + (1 + typology|train_language){pair}", frame)


def by_amount(frame: pd.DataFrame) -> pd.DataFrame:
    """What a doubling of training data adds to the score of each pair, by least squares over its amounts.

    Returns
    -------
    frame
        One row a pair with three amounts or more: ``language``, ``train_language``, ``typology``, ``per_doubling``.
    """
    rows = frame.dropna(subset=["train_examples", "typology"])
    rows = rows.assign(doublings=np.log2(rows["train_examples"]))
    pair = rows.groupby(["language", "train_language"])
    centred = rows["doublings"] - pair["doublings"].transform("mean")
    parts = rows.assign(product=centred * rows["score"], square=centred**2).groupby(["language", "train_language"])
    sums = parts.agg(
        typology=("typology", "first"), product=("product", "sum"), square=("square", "sum"),
        amounts=("train_examples", "nunique"),
    )  # fmt: skip
    sums = sums[sums["amounts"] >= FEWEST_AMOUNTS].reset_index()
    return sums.assign(per_doubling=sums["product"] / sums["square"])[
        ["language", "train_language", "typology", "per_doubling"]
    ]


def fit_amount(frame: pd.DataFrame) -> MixedResult | None:
    """Whether what training data add depends on distance; ``None`` where no pair has three amounts.

    The unit is the pair: rows of one pair at several amounts are not independent of each other.
    """
    slopes = by_amount(frame)
    if slopes["language"].nunique() < FEWEST or slopes["train_language"].nunique() < FEWEST:
        return None
    return fit_mixed("per_doubling ~ typology + (1|language) + (1 + typology|train_language)", slopes)


def asymmetry(frame: pd.DataFrame) -> Asymmetry | None:
    """Compare both directions of all pairs; ``None`` where fewer than ten languages are on both sides."""
    both = sorted(set(frame["language"]) & set(frame["train_language"]))
    if len(both) < FEWEST:
        return None
    own = frame[frame["language"].isin(both) & frame["train_language"].isin(both)]
    table = own.pivot_table(index="train_language", columns="language", values="score", aggfunc="mean")
    table = table.reindex(index=both, columns=both)
    scores = table.to_numpy(dtype=float)
    rest = scores - _additive(scores)
    first, second = np.triu_indices(len(both), 1)
    known = np.isfinite(scores[first, second]) & np.isfinite(scores[second, first])
    first, second = first[known], second[known]
    difference = scores[first, second] - scores[second, first]
    left = rest[first, second] - rest[second, first]
    return Asymmetry(
        languages=len(both),
        pairs=len(first),
        median=float(np.median(np.abs(difference))),
        additive=float(1.0 - (left**2).sum() / (difference**2).sum()),
        left=float(np.corrcoef(rest[first, second], rest[second, first])[0, 1]),
    )


def _additive(scores: np.ndarray) -> np.ndarray:
    """Least-squares fit of one effect a row and one a column to the cells off the diagonal that are known."""
    n = len(scores)
    known = np.isfinite(scores) & ~np.eye(n, dtype=bool)
    i, j = np.nonzero(known)
    design = np.zeros((len(i), 2 * n))
    design[np.arange(len(i)), i] = design[np.arange(len(i)), n + j] = 1.0
    effects, *_ = np.linalg.lstsq(design, scores[i, j], rcond=None)
    return np.asarray(effects[:n, None] + effects[None, n:])


def show_pairs(session: Session, pairs: Pairs | None) -> None:
    """Words and figure of the section on pairs, or that the data have no such design."""
    if pairs is None:
        session.numbers["pairs_words"] = f"Fewer than {FEWEST} languages were trained on in these data."
        session.omit("pairs")
        return
    session.use(pairs.sources)
    trained, tested = (int(pairs.frame[name].nunique()) for name in ("train_language", "language"))
    session.numbers["pairs_trained"], session.numbers["pairs_tested"] = trained, tested
    result = fit_distance(pairs.frame)
    session.numbers["pairs_rows"] = result.n_obs
    session.numbers["pairs_distance"] = Value.of_row(_row(result), UNIT, STEP)
    words = [
        "The same question with {pairs_trained} languages trained on and {pairs_tested} tested: over {pairs_rows} "
        "scores, the score changes by {pairs_distance.estimate} points per 0.1 of distance between the two "
        "({pairs_distance.basis})."
    ]
    words += _amount_words(session, pairs.frame)
    words += _direction_words(session, pairs.frame)
    session.say("pairs_words", " ".join(words))
    session.method(model_method(result, "scores of pairs of languages in points"))
    session.diagnose(*(f"pairs: {line}" for line in result.warnings))
    cells = pair_table(pairs.whole)
    session.figure(
        "pairs",
        lambda ax: plot_pairs(cells, ax, "Mean score (points)", "Language trained on", "Language tested"),
        "Mean score by language trained on and tested, both ordered by family; framed: a language tested in itself.",
        "Heat map of languages tested by languages trained on: light blocks within families.",
        width=6.8,
        height=1.5 + 0.072 * len(cells),
    )


def _row(result: MixedResult) -> Mapping[Any, Any]:
    return next(row for row in result.fixed.to_dict("records") if row["term"] == "typology")


def _amount_words(session: Session, frame: pd.DataFrame) -> list[str]:
    result = fit_amount(frame)
    if result is None:
        return []
    session.numbers["pairs_amount"] = found = Value.of_row(_row(result), UNIT, STEP)
    opening = (
        "What a doubling of training data adds changes with distance: by"
        if found.settled
        else "Whether a doubling of training data adds more or less at larger distance is not settled:"
    )
    return [f"{opening} {{pairs_amount.estimate}} points per 0.1 ({{pairs_amount.basis}}; the unit is the pair)."]


def _direction_words(session: Session, frame: pd.DataFrame) -> list[str]:
    found = asymmetry(frame)
    if found is None:
        return []
    session.numbers["pairs_both"], session.numbers["pairs_both_ways"] = found.languages, found.pairs
    session.numbers["pairs_median"] = Value(found.median, digits=1, unit="points")
    session.numbers["pairs_additive"] = Value(100.0 * found.additive, digits=0, unit="%")
    session.numbers["pairs_left"] = Value(found.left, digits=2)
    return [
        "Transfer is not the same in both directions: over {pairs_both_ways} pairs of {pairs_both} languages the two "
        "differ by {pairs_median} in the median. {pairs_additive} of that is what languages are worth in general, to "
        "train on and to be tested in; without it the two directions correlate with {pairs_left}."
    ]
