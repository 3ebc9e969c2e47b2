"""What an answer depends on: the same slope under every other reasonable model, one row each.

The rows are data for a table, a figure and the sentence's verb: the answer itself, one slope for all models and tasks,
other sources of distance, related languages, corpus size, within models, without each family, without baselines at
chance, unequal residual variances, and pooled least squares last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.confidence import side
from ...core.errors import CrossliftError, unknown_name
from ...core.jsonable import single
from ...core.text import count
from ...mixed import MixedResult
from ...mixed.reference import t_tests
from ...outcomes.chance import CHANCE, NEAR
from ...outcomes.covariates import FACTORS, Factor
from .answer import Answer, Naive, answer
from .bounds import bounded
from .fitting import fit_formula, is_least_squares
from .other_sources import OtherSources
from .related_languages import Related, fit_related
from .within_between import fit_within

if TYPE_CHECKING:
    import pandas as pd

#: ``auto`` leaves out what takes many refits where there are many rows.
POLICIES = ("auto", "none", "all")
#: Rows from which ``auto`` does: of each family in turn, and of unequal variances, whose search takes more of them.
LARGE, LARGE_DISPERSION = 20_000, 5_000
#: The kernel of the row with related languages, where none was asked for.
KERNEL = "genealogy+geography"
#: Within which groups a factor is split, by its level.
WITHIN = {"model": "family"}
#: What is left out one by one, by the level of a factor.
LEFT_OUT = {"language": "language_family", "model": "family"}  # else the levels themselves
#: Half the width of a 95% interval of pooled least squares, in standard errors.
NORMAL = 1.96


@dataclass(frozen=True, slots=True)
class Row:
    """A slope under one model, in points per step of its factor.

    Attributes
    ----------
    name
        Stable: ``default``, ``one-slope``, ``source:<source>-<measure>-<recipe>``, ``related``, ``corpus``,
        ``typology``, ``within``, ``without:<family>``, ``chance``, ``dispersion``, ``pooled``.
    label
        In words that go on from "but not".
    decisive
        True if the answer's verb depends on it.
    reason
        Why it could not be computed; the numbers are then NaN.
    """

    name: str
    label: str
    estimate: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    p_value: float = float("nan")
    df: float = float("nan")
    levels: int = 0
    n_obs: int = 0
    decisive: bool = True
    reason: str = ""

    @property
    def computed(self) -> bool:
        """True if there are numbers."""
        return not self.reason

    @property
    def direction(self) -> int:
        """1 or -1 where the interval lies above or below zero, 0 where it holds it."""
        return side(self.conf_low, self.conf_high)


@dataclass(frozen=True, slots=True)
class Robustness:
    """The rows of one factor.

    Attributes
    ----------
    factor
        Its name.
    rows
        The answer's own row first, pooled least squares last; families only where leaving them out matters.
    group
        What was left out one by one, in words.
    left_out
        Every row without one of them.
    changing
        Names of the rows among these whose interval has another side of zero than the answer's.
    """

    factor: str
    rows: tuple[Row, ...]
    group: str = ""
    left_out: tuple[Row, ...] = ()
    changing: tuple[str, ...] = ()

    def families_line(self) -> str:
        """How many of the levels that were left out change the conclusion."""
        if not self.left_out:
            return ""
        done = sum(row.computed for row in self.left_out)
        return f"{len(self.changing)} of {done} {self.group}, left out one at a time, change the conclusion"

    def to_json(self) -> dict[str, Any]:
        """An entry of the field ``robustness`` of the JSON contract of ``fit``."""
        content: dict[str, Any] = single(asdict(self))
        return content


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rows beside an answer are made from."""

    result: MixedResult
    rows: pd.DataFrame
    factor: Factor
    found: Answer
    pooled: Naive
    source: str
    df: str
    words: str
    plain: MixedResult | None
    plain_words: str
    related: Related | None
    corpus: Answer | None
    corpus_reason: str
    sources: OtherSources | None = None


def check_policy(policy: str) -> None:
    """Refuse a word that is no policy."""
    if policy not in POLICIES:
        raise unknown_name("extent of robustness", policy, POLICIES)


def robustness(asked: Asked, policy: str, say: Callable[[str], None]) -> Robustness:
    """All rows of one factor.

    Parameters
    ----------
    asked
        The answer, and what was fitted beside it already.
    policy
        One of ``POLICIES``, not ``none``.
    say
        Called with a few words before each stage.
    """
    many = policy == "auto" and asked.result.n_obs > LARGE
    skipped = f"takes many refits of {count(asked.result.n_obs)} rows; --robustness all computes it"
    rows = [_of("default", asked.words, asked.found, asked.result)]
    if asked.plain is not None:
        found = answer(asked.plain, asked.factor, asked.rows, asked.source)
        rows.append(_of("one-slope", asked.plain_words, found, asked.plain, decisive=False))
    rows += _sources(asked)
    say("checking what the answer depends on")
    rows += _related(asked)
    rows += _corpus(asked)
    rows += _distance(asked)
    rows += _within(asked)
    if not many:
        rows += _chance(asked)
    if policy == "auto" and asked.result.n_obs > LARGE_DISPERSION:
        rows.append(Row("dispersion", "with unequal residual variances", reason=skipped))
    else:
        rows += _dispersion(asked)
    group = LEFT_OUT.get(asked.factor.level, asked.factor.level).replace("_", " ")
    plural = group[:-1] + "ies" if group.endswith("y") else f"{group}s"
    left_out: tuple[Row, ...] = ()
    if many:
        rows.append(Row("without", f"without one {group} at a time", reason=skipped))
    else:
        say(f"leaving out each {group}")
        left_out = tuple(_left_out(asked))
    changing = tuple(row.name for row in left_out if row.computed and row.direction != asked.found.direction)
    rows += _that_matter(left_out, changing, asked.found)
    if is_least_squares(asked.result):
        return Robustness(asked.factor.name, tuple(rows), plural, left_out, changing)
    low, high = (asked.pooled.estimate + sign * NORMAL * asked.pooled.std_error for sign in (-1, 1))
    rows.append(
        Row("pooled", "by pooled least squares", asked.pooled.estimate, low, high, levels=asked.found.levels,
            n_obs=asked.result.n_obs, decisive=False)
    )  # fmt: skip
    return Robustness(asked.factor.name, tuple(rows), plural, left_out, changing)


def _of(name: str, label: str, found: Answer, result: MixedResult, decisive: bool = True) -> Row:
    if not result.converged:
        return Row(name, label, reason="the search did not reach a minimum")
    values = (found.estimate, found.conf_low, found.conf_high, found.p_value, found.df, found.levels, result.n_obs)
    return Row(name, label, *values, decisive=decisive)


def _refit(asked: Asked, name: str, label: str, rows: pd.DataFrame, formula: str = "", **more: Any) -> Row:
    """The answer's model, or another formula, on some rows."""
    try:
        result = fit_formula(formula or asked.result.formula, rows, asked.result.reml, df=asked.df, **more)
    except CrossliftError as error:
        return Row(name, label, reason=error.message)
    result = bounded(result, rows, [asked.factor])
    return _of(name, label, answer(result, asked.factor, rows, asked.source), result)


def _used(asked: Asked) -> pd.DataFrame:
    return asked.rows.loc[asked.result.design.kept]


def _sources(asked: Asked) -> list[Row]:
    """Slopes by other sources of distance, scaled so that all distances have the spread of the answer's own.

    One over fewer languages than a verdict takes, or by the published recipe, is shown and decides nothing.
    """
    if asked.factor.name != "typology" or asked.sources is None:
        return []
    rows = []
    for item in asked.sources.others:
        name = f"source:{item.source_data}-{item.measure}-{item.recipe}"
        fewer = f" over {item.languages} languages" if item.computed and item.missing else ""
        label = f"by {item.words}{fewer}"
        if not item.computed:
            rows.append(Row(name, label, reason=item.reason))
            continue
        step = asked.factor.step / asked.sources.rows[0].spread
        values = (step * item.estimate, step * item.conf_low, step * item.conf_high, item.p_value, item.df)
        rows.append(Row(name, label, *values, item.languages, item.n_obs, decisive=item.counts))
    return rows


def _related(asked: Asked) -> list[Row]:
    if asked.factor.level != "language" or is_least_squares(asked.result):
        return []
    label = "with related languages"
    found = asked.related
    if found is None:
        try:
            found = fit_related(asked.result, asked.rows, KERNEL, [asked.factor], asked.df)
        except CrossliftError as error:
            return [Row("related", label, reason=error.message)]
    own = next(item for item in found.answers if item.factor == asked.factor.name)
    return [_of("related", label, own, found.result)]


def _corpus(asked: Asked) -> list[Row]:
    if asked.factor.level != "language" or asked.factor.name == "corpus":
        return []
    label = "with corpus size in the model"
    if asked.corpus is None:
        return [Row("corpus", label, reason=asked.corpus_reason)]
    item = asked.corpus
    values = (item.estimate, item.conf_low, item.conf_high, item.p_value, item.df, item.levels)
    return [Row("corpus", label, *values)]


def _distance(asked: Asked) -> list[Row]:
    """A factor of languages of the user's own: whether it is more than typological distance."""
    fixed = asked.result.design.fixed_variables
    if asked.factor.level != "language" or asked.factor.name in FACTORS or "typology" in fixed:
        return []
    left, _, right = asked.result.formula.partition("~")
    label = "with typological distance in the model"
    return [_refit(asked, "typology", label, _used(asked), f"{left.strip()} ~ typology + {right.strip()}")]


def _within(asked: Asked) -> list[Row]:
    group = WITHIN.get(asked.factor.level, "model")
    used = _used(asked)
    if group not in used.columns or used[group].nunique() < 2:
        return []
    many = group[:-1] + "ies" if group.endswith("y") else f"{group}s"
    label = f"within {many}"
    try:
        split = fit_within(asked.result, asked.rows, group, [(asked.factor, asked.found, asked.pooled)], asked.df)
    except CrossliftError as error:
        return [Row("within", label, reason=error.message)]
    (parts,) = split.factors
    if not split.formula or parts.within is None:
        return []
    item = parts.within
    values = (item.estimate, item.conf_low, item.conf_high, item.p_value, item.df, item.levels)
    return [Row("within", label, *values, n_obs=asked.result.n_obs - split.left_out)]


def _chance(asked: Asked) -> list[Row]:
    """Without gains whose baseline is near chance, where there are any."""
    used = _used(asked)
    if "score_without" not in used.columns:
        return []
    metric = used["metric"].fillna("acc").eq("acc") if "metric" in used.columns else True
    near = metric & (used["score_without"] <= used["target_task"].map(CHANCE).astype(float) + NEAR)
    gone = int(near.sum())
    if not gone:
        return []
    label = f"without {count(gone)} gains over baselines near chance"
    if gone == len(used):
        return [Row("chance", label, reason="no gain is left")]
    return [_refit(asked, "chance", label, used[~near])]


def _dispersion(asked: Asked) -> list[Row]:
    """Residual standard deviations that follow model size; rows without a size have the average one."""
    used = _used(asked)
    if is_least_squares(asked.result) or "log_params" not in used.columns or used["log_params"].nunique() < 2:
        return []
    size = used["log_params"]
    filled = used.assign(residual_size=size.fillna(float(size.mean())))
    return [_refit(asked, "dispersion", "with unequal residual variances", filled, dispersion="residual_size")]


def _left_out(asked: Asked) -> Iterator[Row]:
    """The slope without each family in turn: the search goes on from the whole fit's minimum.

    Intervals have the degrees of freedom of the whole fit, or those that the languages left carry if these are fewer.
    """
    by = LEFT_OUT.get(asked.factor.level, asked.factor.level)
    if by not in asked.rows.columns:
        return
    labels = asked.rows[by].where(asked.rows[by].notna() & (asked.rows[by] != ""))
    used = labels.loc[asked.result.design.kept]
    if used.nunique() < 2:
        return
    if is_least_squares(asked.result):
        yield from _refits_without(asked, used)
        return
    table = asked.result.influence(labels)
    own = asked.rows.loc[asked.result.design.kept, asked.factor.level]
    for row in table[table["term"] == asked.factor.column].to_dict("records"):
        level = str(row["level"])
        left = int(own[(used != level).fillna(True).to_numpy(dtype=bool)].nunique())
        name, label = f"without:{level}", _without(level, int(own.nunique()) - left, asked.factor.level, row["rows"])
        if not np.isfinite(row["estimate"]) or row["note"]:
            yield Row(name, label, reason=str(row["note"]))
            continue
        df = min(asked.found.df, max(left - 2.0, 1.0)) if np.isfinite(asked.found.df) else asked.found.df
        step = asked.factor.step
        found = t_tests(np.array([step * row["estimate"]]), np.array([step * row["std_error"]]), np.array([df]), 0.95)
        estimate, low, high, p, own_df = (
            float(found[key][0]) for key in ("estimate", "conf_low", "conf_high", "p_value", "df")
        )
        yield Row(name, label, estimate, low, high, p, own_df, left, asked.result.n_obs - int(row["rows"]))


def _refits_without(asked: Asked, labels: pd.Series[Any]) -> Iterator[Row]:
    """The slope without each family in turn, by fitting again."""
    own = _used(asked)[asked.factor.level]
    for level in sorted(labels.dropna().unique()):
        kept = (labels != level).fillna(True).to_numpy(dtype=bool)
        left = int(own[kept].nunique())
        label = _without(str(level), int(own.nunique()) - left, asked.factor.level, int((~kept).sum()))
        yield _refit(asked, f"without:{level}", label, _used(asked)[kept])


def _without(level: str, gone: int, unit: str, rows: int) -> str:
    about = f"{gone} {unit}{'' if gone == 1 else 's'}" if gone else f"{rows} rows"
    return f"without {level} ({about})"


def _that_matter(left_out: Sequence[Row], changing: Sequence[str], found: Answer) -> list[Row]:
    """Those that change the conclusion; else the one that moves the slope most."""
    named = [row for row in left_out if row.name in changing]
    if named:
        return sorted(named, key=lambda row: -abs(row.estimate - found.estimate))
    computed = [row for row in left_out if row.computed]
    if not computed:
        return []
    return [max(computed, key=lambda row: abs(row.estimate - found.estimate))]


def finite(row: Row) -> bool:
    """True if a figure can draw it."""
    return row.computed and bool(np.isfinite([row.estimate, row.conf_low, row.conf_high]).all())
