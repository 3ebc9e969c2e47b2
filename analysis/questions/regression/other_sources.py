"""The slope of distance under every other source of distance: what an answer about typology survives.

Distances of several sources have several spreads, so that slopes are in points per standard deviation of the distance
over the languages of each fit. A source without a language leaves its rows out; the answer's own distance on the same
rows then stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.confidence import side
from ...core.errors import CrossliftError, unknown_name
from ...core.jsonable import single
from ...languages.codes import resolve
from ...languages.feature_sources import FEATURELESS, Kind, settle
from ...mixed import MixedResult, fit_mixed
from ...outcomes.covariates import FACTORS, distance_columns
from ...outcomes.sources import SOURCE
from .answer import FEWEST_LEVELS, answer
from .bounds import bounded

if TYPE_CHECKING:
    import pandas as pd

#: ``auto``: one row a source and measure, unless the table is large; ``all``: more recipes, however large it is.
POLICIES = ("auto", "none", "all")
#: Rows above which ``auto`` takes one slope for all groups, and above which it leaves other sources out.
ONE_SLOPE, LARGE = 5_000, 20_000
#: Distances in grammar, as they are tried beside one another.
GRAMMAR = (
    settle("syntactic", "knn"),
    settle("syntactic", "shared"),
    settle("featural", "knn"),
    settle("syntactic", source_data="uriel+"),
    settle("morphological", source_data="uriel+"),
    settle("featural", source_data="uriel+"),
    settle("featural", source_data="grambank"),
)
#: What ``all`` adds to them: a recipe that makes poorly documented languages distant, and the tree of families.
FURTHER = (settle("syntactic", "published"), settle("featural", "shared"), settle("genetic"))
#: Distances in sounds, by measure.
SOUNDS = {
    measure: (settle(measure, "knn"), settle(measure, "shared"), settle(measure, source_data="uriel+"))
    for measure in ("phonological", "inventory")
}


@dataclass(frozen=True, slots=True)
class SourceSlope:
    """The slope under one source of distance.

    Attributes
    ----------
    source_data, measure, recipe, words
        The distance.
    estimate, conf_low, conf_high
        Points per standard deviation of the distance.
    p_value, df
        Of its test.
    spread
        That standard deviation, over the languages of the fit, each counted once.
    languages, n_obs
        On its own rows.
    missing
        Languages of the answer that this source has no distance for.
    median_shared, least_shared
        Features observed in both languages of a pair; NaN for distances that are not made of features.
    same_rows
        Slope, interval and p of the answer's own distance on these rows, in points per its standard deviation there;
        ``None`` where these are all rows.
    reason
        Why it could not be computed; the numbers are then NaN.
    """

    source_data: str
    measure: str
    recipe: str
    words: str
    estimate: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    p_value: float = float("nan")
    df: float = float("nan")
    spread: float = float("nan")
    languages: int = 0
    n_obs: int = 0
    missing: tuple[str, ...] = ()
    median_shared: float = float("nan")
    least_shared: float = float("nan")
    same_rows: tuple[float, float, float, float] | None = None
    reason: str = ""

    @property
    def computed(self) -> bool:
        """True if there are numbers."""
        return not self.reason

    @property
    def direction(self) -> int:
        """1 or -1 where the interval lies above or below zero, 0 where it holds it."""
        return side(self.conf_low, self.conf_high)

    @property
    def enough(self) -> bool:
        """True if there are as many languages as a verdict takes."""
        return self.computed and self.languages >= FEWEST_LEVELS["language"]

    @property
    def counts(self) -> bool:
        """True if an answer has to survive it: enough languages, and a recipe that treats them alike."""
        return self.enough and self.recipe != "published"


@dataclass(frozen=True, slots=True)
class OtherSources:
    """The answer's own distance first, and those tried beside it.

    Attributes
    ----------
    rows
        One a distance.
    model
        Formula of all of these fits.
    one_slope
        True if it has one slope for all groups although the answer's has several: on a large table.
    reason
        Why there are none.
    """

    rows: tuple[SourceSlope, ...]
    model: str
    one_slope: bool = False
    reason: str = ""

    @property
    def others(self) -> tuple[SourceSlope, ...]:
        """Those beside the answer's own."""
        return self.rows[1:]

    def to_json(self) -> dict[str, Any]:
        """The field ``other_sources`` of the JSON contract of ``fit``."""
        content: dict[str, Any] = single(asdict(self))
        return content


def check_policy(policy: str) -> None:
    """Refuse a word that is no policy."""
    if policy not in POLICIES:
        raise unknown_name("extent of other sources", policy, POLICIES)


def kinds_beside(own: Kind, policy: str) -> tuple[Kind, ...]:
    """The distances that are tried beside ``own``: in the same domain, so that each could stand in for it."""
    if own.measure in FEATURELESS and policy != "all":
        return ()
    tried = SOUNDS.get(own.measure, GRAMMAR + (FURTHER if policy == "all" else ()))
    return tuple(kind for kind in tried if kind != own)


def other_sources(
    result: MixedResult,
    plain: MixedResult | None,
    rows: pd.DataFrame,
    own: Kind,
    source: str,
    df: str,
    policy: str,
    say: Callable[[str], None],
) -> OtherSources:
    """Fit the answer's model with each other distance.

    Parameters
    ----------
    result
        The answer's fit.
    plain
        The one with one slope for all groups, where the answer's has several.
    rows
        The frame it was fitted on.
    own
        The answer's distance.
    source
        Language that distances are measured from, where rows have none of their own.
    df
        Degrees-of-freedom method.
    policy
        One of ``POLICIES``, not ``none``.
    say
        Called with a few words before each fit.
    """
    one_slope = policy == "auto" and plain is not None and result.n_obs > ONE_SLOPE
    fitted = plain if one_slope and plain is not None else result
    used = rows.loc[fitted.design.kept]
    if policy == "auto" and len(used) > LARGE:
        return OtherSources((), fitted.formula, one_slope, f"takes refits of {len(used):,} rows; --sources all does it")

    def slope(kind: Kind, part: pd.DataFrame) -> SourceSlope:
        return _slope(kind, part, lambda: _refit(fitted, part, df))

    first = _slope(own, used, lambda: fitted, rows)
    if not np.allclose(distance_columns(used, source, own)["typology"], used["typology"], equal_nan=True):
        first = replace(first, words="the distance in the table")  # a column of the user's own
    found = [first]
    for kind in kinds_beside(own, policy):
        say(f"other sources of distance: {kind.words}")
        try:
            columns = distance_columns(used, source, kind)
        except CrossliftError as error:
            found.append(SourceSlope(*kind, kind.words, reason=error.message))
            continue
        has = columns["typology"].notna()
        item = slope(kind, used.assign(**columns)[has])
        if item.computed and not has.all():
            before = slope(own, used[has])
            if before.computed:
                item = replace(item, same_rows=(before.estimate, before.conf_low, before.conf_high, before.p_value))
        absent = sorted(set(used["language"]) - set(used.loc[has, "language"]))
        found.append(replace(item, missing=tuple(resolve(str(code)).label for code in absent)))
    return OtherSources(tuple(found), fitted.formula, one_slope)


def _refit(fitted: MixedResult, rows: pd.DataFrame, df: str) -> MixedResult:
    return bounded(fit_mixed(fitted.formula, rows, fitted.reml, df=df), rows, [FACTORS["typology"]])


def _slope(
    kind: Kind, rows: pd.DataFrame, fit: Callable[[], MixedResult], whole: pd.DataFrame | None = None
) -> SourceSlope:
    """The slope that ``fit`` gives on ``rows``, which are all that it is fitted on unless ``whole`` is."""
    once = rows.drop_duplicates(["language", *([SOURCE] if SOURCE in rows.columns else [])])
    spread = float(once["typology"].std()) if len(once) > 1 else 0.0
    about = SourceSlope(*kind, kind.words, languages=int(rows["language"].nunique()), n_obs=len(rows))
    if not spread > 0.0:
        return replace(about, reason=f"{about.languages} languages with a distance")
    try:
        result = fit()
        item = answer(result, replace(FACTORS["typology"], step=spread), rows if whole is None else whole)
    except CrossliftError as error:
        return replace(about, reason=error.message)
    if not result.converged:
        return replace(about, reason="the search did not reach a minimum")
    shared = once["shared_features"].dropna().astype(float)
    return replace(
        about,
        estimate=item.estimate,
        conf_low=item.conf_low,
        conf_high=item.conf_high,
        p_value=item.p_value,
        df=item.df,
        spread=spread,
        languages=item.levels,
        n_obs=result.n_obs,
        median_shared=float(np.median(shared)) if len(shared) else float("nan"),
        least_shared=float(shared.min()) if len(shared) else float("nan"),
    )


def agreement(found: Sequence[SourceSlope], direction: int) -> tuple[list[SourceSlope], list[SourceSlope]]:
    """Sources that count whose interval lies where ``direction`` says, and those whose does not."""
    able = [row for row in found if row.counts]
    return [row for row in able if row.direction == direction], [row for row in able if row.direction != direction]
