"""Random slopes of the factors asked about, and interactions of grouping factors: what the data ask of the model.

A slope that is taken to be the same in every model and task, and is not, leaves an interval too narrow (Barr et al.
2013, J. Mem. Lang. 68). Slopes that the data do not show cost power (Matuschek et al. 2017, J. Mem. Lang. 94). The
rule between them was chosen by simulation: validation/slopes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ...core.errors import CrossliftError, unknown_name
from ...core.levels import compact, pairs
from ...core.text import p_words
from ...outcomes.covariates import FACTORS
from ...outcomes.default_model import CROSSED, FEWEST_LEVELS, DefaultModel

if TYPE_CHECKING:
    import pandas as pd

    from ...mixed import MixedResult
    from ...outcomes.covariates import Factor

#: ``auto``: by likelihood ratio; ``all``: every one that the rows can carry; ``none``: random intercepts alone.
POLICIES = ("auto", "none", "all")
#: A term stays if its likelihood-ratio test is below this: lenient, since what is left out wrongly costs more than what
#: is kept wrongly (validation/slopes compares it with 0.20 and with keeping all).
LENIENT = 0.50
#: Columns of the factors as a line names them.
SHORT = {factor.column: factor.name for factor in FACTORS.values()}
#: Rows up to which ``auto`` tries cells: they take most of the time and memory of a large fit, and without them a slope
#: of zero is called significant no more often (validation/slopes, ``language:model``). Cells with a factor of their
#: own, such as pairs of languages, are always tried.
CELLS_UP_TO = 20_000
# A fall of the criterion below this is rounding of the search.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A term that could be added: the slope of ``predictor`` by ``group``, or the random intercepts of a cell."""

    group: str
    predictor: str = ""

    @property
    def words(self) -> str:
        """As a line of output names it."""
        named = " × ".join(part.replace("_", " ") for part in self.group.split(":"))
        return f"slope of {SHORT.get(self.predictor, self.predictor)} by {named}" if self.predictor else named

    def added_to(self, model: DefaultModel) -> DefaultModel:
        """The model with this term."""
        return model.with_slope(self.predictor, self.group) if self.predictor else model.with_group(self.group)

    def p_value(self, fall: float, model: DefaultModel) -> float:
        """Likelihood-ratio test of a variance on its boundary: an even mixture of two chi-squares.

        ``fall`` is that of the criterion, ``model`` the one without the term (Stram & Lee 1994, Biometrics 50).
        """
        from scipy.special import chdtrc

        if fall <= ROUNDING:
            return 1.0
        if not self.predictor:
            return 0.5 * float(chdtrc(1, fall))
        slope = model.slopes.get(self.group)
        columns = 1 + (len(slope.predictors) if slope else 0)
        return 0.5 * float(chdtrc(columns, fall)) + 0.5 * float(chdtrc(columns + 1, fall))


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one candidate.

    Attributes
    ----------
    term
        In words.
    group, predictor
        Grouping factor, and the column that has a slope by it (empty for intercepts).
    fall
        By how much the term lowers the criterion of the model that it was last compared with; ``None`` if that model
        could not be fitted.
    p_value
        Of the likelihood ratio.
    kept
        True if it is in the model.
    """

    term: str
    group: str
    predictor: str
    fall: float | None
    p_value: float | None
    kept: bool


@dataclass(frozen=True, slots=True)
class SlopeChoice:
    """The model that was chosen, and what was tried for it."""

    policy: str
    model: DefaultModel
    tried: tuple[Tried, ...] = ()
    cells_left: bool = False

    @property
    def kept(self) -> tuple[Tried, ...]:
        """The terms that were added."""
        return tuple(item for item in self.tried if item.kept)

    def without(self, predictor: str) -> str:
        """The model without these terms, in words that go on from "but not"."""
        groups = [_many(item.group) for item in self.kept if item.predictor == predictor]
        return f"with one slope for all {_joined(groups)}" if groups else "with the default intercepts alone"

    def line(self) -> str:
        """What was tried, kept and dropped, in one line; empty where there was nothing to try."""
        if not self.tried:
            return ""
        if self.policy == "all":
            return f"added to the default model, as asked: {_named(self.tried, False)}"
        dropped = tuple(item for item in self.tried if not item.kept)
        parts = [f"kept {_named(self.kept)}"] if self.kept else []
        parts += [f"dropped {_named(dropped)}"] if dropped else []
        if self.cells_left:
            parts.append(f"cells not tried on more than {CELLS_UP_TO:,} rows (--slopes all adds them)")
        return f"tried by likelihood ratio, kept below p = {LENIENT:.2f}: {'; '.join(parts)}"

    def to_json(self) -> dict[str, Any]:
        """The field ``slopes`` of the JSON contract of ``fit``."""
        return {"policy": self.policy, "level": LENIENT, "tried": [asdict(item) for item in self.tried]}


def check_policy(policy: str) -> None:
    """Refuse a word that is no policy."""
    if policy not in POLICIES:
        raise unknown_name("choice of slopes", policy, POLICIES)


def candidates(model: DefaultModel, rows: pd.DataFrame, factors: Sequence[Factor]) -> tuple[Candidate, ...]:
    """Slopes by each crossed grouping factor within which a factor varies, and cells that repeat.

    A group counts if the factor takes two values or more in at least ``FEWEST_LEVELS`` of its levels. A cell of the
    factor's own level and another grouping factor (``language:model``) counts if it has more levels than either and
    fewer than rows: it makes rows of one language alike beyond what the language does in general.
    """
    stated = rows.dropna(subset=[item.column for item in factors])
    found: dict[Candidate, None] = {}
    crossed = [name for name in CROSSED if name in model.groups]
    for factor in factors:
        for group in crossed:
            if group != factor.level and _varies(stated, factor.column, group):
                found[Candidate(group, factor.column)] = None
    for factor in factors:
        for group in crossed:
            if group == factor.level or factor.level not in crossed:
                continue
            first, second = sorted((factor.level, group), key=CROSSED.index)
            cell = f"{first}:{second}"
            if {cell, f"{second}:{first}"} & set(model.groups):
                continue
            if _repeats(stated, first, second):
                found[Candidate(cell)] = None
    return tuple(found)


def choose_slopes(
    model: DefaultModel,
    rows: pd.DataFrame,
    factors: Sequence[Factor],
    policy: str,
    fit: Callable[[str], MixedResult],
    level: float = LENIENT,
) -> SlopeChoice:
    """Add what the data ask for to the default model.

    ``auto`` tries each candidate alone, and then, in the order of their p values, those below ``level`` again beside
    what has been added before them: at most two fits a candidate.

    Parameters
    ----------
    model
        Random intercepts alone.
    rows
        The rows to fit.
    factors
        Asked about.
    policy
        One of ``POLICIES``.
    fit
        Fits a formula on the rows; what it cannot fit is a candidate that is dropped.
    level
        Below which p value a candidate is kept; output names ``LENIENT``.
    """
    check_policy(policy)
    left = list(candidates(model, rows, factors)) if policy != "none" else []
    cells_left = False
    if policy == "auto" and len(rows) > CELLS_UP_TO:
        tested = [item for item in left if item.predictor or _of_pairs(rows, item, factors)]
        cells_left, left = len(tested) < len(left), tested
    if policy == "all":
        for item in left:
            model = item.added_to(model)
        every = tuple(Tried(item.words, item.group, item.predictor, None, None, True) for item in left)
        return SlopeChoice(policy, model, every)
    if not left:
        return SlopeChoice(policy, model, (), cells_left)
    base, criterion = model, fit(model.formula).criterion
    first = {item: _tried(item, base, criterion, fit) for item in left}
    tried = {item: found for item, (found, _) in first.items()}
    for item in sorted(left, key=lambda item: _p(tried[item])):
        if _p(tried[item]) >= level:
            break
        found, after = first[item] if model is base else _tried(item, model, criterion, fit)
        tried[item] = replace(found, kept=_p(found) < level)
        if tried[item].kept:
            assert after is not None
            model, criterion = item.added_to(model), after
    ordered = sorted(tried.values(), key=lambda item: (not item.kept, 1.0 if item.p_value is None else item.p_value))
    return SlopeChoice(policy, model, tuple(ordered), cells_left)


def _tried(
    item: Candidate, model: DefaultModel, criterion: float, fit: Callable[[str], MixedResult]
) -> tuple[Tried, float | None]:
    """Test a candidate beside ``model``; with the criterion reached, ``None`` where there is no minimum to compare."""
    unknown = Tried(item.words, item.group, item.predictor, None, None, False)
    try:
        found = fit(item.added_to(model).formula)
    except CrossliftError:
        return unknown, None
    if not found.converged:
        return unknown, None
    fall = max(criterion - found.criterion, 0.0)
    return replace(unknown, fall=fall, p_value=item.p_value(fall, model)), found.criterion


def _p(item: Tried) -> float:
    """The p value; 1 where there is none."""
    return 1.0 if item.p_value is None else item.p_value


def _of_pairs(rows: pd.DataFrame, cell: Candidate, factors: Sequence[Factor]) -> bool:
    """Whether a factor is a property of the cell, and of neither part alone: its slope rests on these intercepts."""
    parts = cell.group.split(":")
    return any(
        all(rows.groupby(part, observed=True)[item.column].nunique().max() > 1 for part in parts)
        and rows.groupby(parts, observed=True)[item.column].nunique().max() == 1
        for item in factors
    )


def _varies(rows: pd.DataFrame, column: str, group: str) -> bool:
    distinct = rows.groupby(group, observed=True)[column].nunique()
    return int((distinct >= 2).sum()) >= FEWEST_LEVELS


def _repeats(rows: pd.DataFrame, first: str, second: str) -> bool:
    one, two = compact(rows[first].factorize()[0]), compact(rows[second].factorize()[0])
    cells = compact(pairs(one[0], two[0]))[1]
    return max(one[1], two[1]) < cells < len(rows)


def _named(items: Sequence[Tried], tested: bool = True) -> str:
    def words(item: Tried) -> str:
        if not tested:
            return item.term
        return f"{item.term} ({'no minimum' if item.p_value is None else p_words(item.p_value)})"

    return ", ".join(words(item) for item in items)


def _many(group: str) -> str:
    words = group.replace("_", " ")
    return words[:-1] + "ies" if words.endswith("y") else f"{words}s"


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
