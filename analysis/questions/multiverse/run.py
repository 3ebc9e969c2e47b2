"""From data to a multiverse: the whole of ``analyze multiverse`` as one function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ...core.draws import check_counts
from ...core.errors import CrossliftError, DesignError, unknown_name
from ...core.parallel import available
from ...languages.feature_sources import DEFAULT
from ...outcomes.build import Options, Outcome, read_outcome
from ...outcomes.own_factors import factors_of
from ...outcomes.sources import refuse_several
from ...records.read import Input
from .choices import Choice, default_choices, fix_choices, read_choices
from .explained_spread import decompose
from .fits import as_record
from .joint_test import joint_tests, shuffle_keys
from .result import Multiverse, compare, summarize
from .space import Space, build_space
from .specification_rows import UNITS, Table, check_moderators
from .workers import Done, fit_all

if TYPE_CHECKING:
    import pandas as pd

#: Default number of specifications.
LIMIT = 2000
#: Most specifications for joint inference, each of which keeps all arrangements in memory.
JOINT = 2000


@dataclass(frozen=True, slots=True)
class MultiverseRequest:
    """The data, choices and size of a multiverse.

    Attributes
    ----------
    data, mapping, options
        As in :class:`analysis.questions.regression.run.Request`; measure and recipe of the options are choices here.
    choices
        A YAML or TOML file of the options to keep.
    fixed
        ``NAME=OPTION[,OPTION…]`` each.
    moderators
        Columns in every model, in addition to the distance.
    limit
        Number of specifications to draw; all if ``None``.
    permute
        Number of arrangements for the permutation null; none if 0.
    jobs
        Number of processes; one per available processor if 0.
    factor
        A column of numbers of languages that is asked about in place of distance. Tables among ``options.distances``
        are measures of distance where there is none.
    """

    data: tuple[str | pd.DataFrame, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    choices: str | None = None
    fixed: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    by: str | None = None
    limit: int | None = LIMIT
    permute: int = 999
    seed: int = 1
    jobs: int = 1
    factor: str | None = None

    @property
    def own_factor(self) -> str:
        """The factor, where it is not distance."""
        return self.factor if self.factor and self.factor != "typology" else ""


def run_multiverse(request: MultiverseRequest, report: Callable[[str], None] | None = None) -> tuple[Multiverse, ...]:
    """Fit every specification, one multiverse for each level of ``request.by``, or one in all.

    Returns
    -------
    tuple of Multiverse
        In the order of the levels.

    Raises
    ------
    CrossliftError
        If the input cannot be used, or no specification can be fitted.
    """
    say = report or (lambda words: None)
    check_moderators(request.moderators)
    if request.permute:
        check_counts({"--permute": request.permute})
    read, outcome = _rows(request, say)
    if request.by is None:
        return (_one(request, read, outcome, outcome.frame, "", say),)
    if request.by not in outcome.frame.columns:
        raise unknown_name("column", request.by, map(str, outcome.frame.columns))
    found, refused = [], []
    for level, own in outcome.frame.groupby(request.by, sort=True):
        try:
            found.append(_one(request, read, outcome, own.reset_index(drop=True), str(level), say))
        except CrossliftError as error:
            refused.append(f"{request.by} {level}: no multiverse; {error.message}")
    if not found:
        raise CrossliftError(f"none of the levels of '{request.by}' has a multiverse.", " ".join(refused))
    return tuple(replace(item, notices=(*item.notices, *refused)) for item in found)


def _one(
    request: MultiverseRequest,
    read: Input,
    outcome: Outcome,
    frame: pd.DataFrame,
    level: str,
    say: Callable[[str], None],
) -> Multiverse:
    options = outcome.options
    refuse_several(frame, "a multiverse")
    table = _table(request, outcome, frame)
    space = _space(request, outcome, frame)
    specs = [space.options(i) for i in range(len(space.table))]
    keys = shuffle_keys(request.permute, len(table.languages), request.seed) if request.permute else None
    drawn = np.random.default_rng(request.seed).permutation(len(specs))[:JOINT]
    permuted = frozenset(drawn.tolist()) if request.permute else frozenset()
    done = fit_all(table, specs, keys, permuted, request.jobs or available(),
                   lambda n: say(f"fitting: {n:,} of {len(specs):,} specifications"))  # fmt: skip
    fitted = [item for item in done if item.fit is not None]
    failed = Counter(item.reason for item in done if item.fit is None)
    if not fitted:
        raise CrossliftError("no specification can be fitted.", f"Most often: {failed.most_common(1)[0][0]}")
    tidy = _tidy(fitted, specs, space)
    arrangements = [item.arrangements for item in done if item.arrangements is not None]
    names = [choice.name for choice in space.choices if len(set(tidy[choice.name])) > 1]
    defaults = {choice.name: choice.default for choice in space.choices}
    defaults.setdefault("measure", table.factor or "syntactic")
    return Multiverse(
        outcome=options.outcome,
        frame=tidy,
        space=space,
        failed=tuple(failed.most_common()),
        summary=summarize(tidy, len({item.key for item in fitted})),
        comparable=compare(tidy, defaults.get("measure", "syntactic"), defaults.get("features", DEFAULT)),
        spread=decompose(tidy, names),
        joint=joint_tests(arrangements, request.permute, request.seed) if arrangements else None,
        seed=request.seed,
        read=outcome.read,
        dropped=outcome.dropped,
        notices=(*read.notices, *outcome.notices),
        sources=read.sources,
        level=level,
        over=request.own_factor or "distance",
    )


def _tidy(fitted: Sequence[Done], specs: Sequence[Mapping[str, str]], space: Space) -> pd.DataFrame:
    import pandas as pd

    plain = bool((space.table[0] == 0).all())
    rows = []
    for item in fitted:
        assert item.fit is not None
        own = specs[item.position]
        rows.append(
            {
                "specification": item.position,
                **own,
                "formula": item.formula,
                "unit": UNITS[own.get("outcome", "points")],
                **as_record(item.fit),
                "default": plain and item.position == 0,
            }
        )
    return pd.DataFrame(rows).drop(columns="converged").sort_values(["effect", "specification"], ignore_index=True)


def open_choices(request: MultiverseRequest) -> tuple[tuple[Choice, ...], Space]:
    """The choices that the rows leave open, restricted as requested, and their combinations, without fitting."""
    _, outcome = _rows(request, lambda words: None)
    space = _space(request, outcome, outcome.frame)
    return space.choices, space


def open_table(request: MultiverseRequest) -> tuple[Table, Space]:
    """All rows that any specification may use, and the specifications, for validation and benchmarks."""
    _, outcome = _rows(request, lambda words: None)
    return _table(request, outcome, outcome.frame), _space(request, outcome, outcome.frame)


def _rows(request: MultiverseRequest, say: Callable[[str], None]) -> tuple[Input, Outcome]:
    """Records and outcomes, including the source language, which is an option of a choice."""
    options = replace(request.options, measure="", recipe=None, source_data=DEFAULT)
    if options.outcome != "gap" and "source" not in options.keep:
        options = replace(options, keep=(*options.keep, "source"))
    read, outcome = read_outcome(request.data, request.mapping, options, say)
    if request.own_factor:
        (factor,), frame, said = factors_of([request.own_factor], outcome.frame, outcome.options.source)
        outcome = replace(outcome, frame=frame, notices=(*outcome.notices, *said), joined=(factor.column,))
    _check_own(outcome)
    return read, outcome


def _check_own(outcome: Outcome) -> None:
    """Refuse values that differ within a language: shuffling moves them between whole languages."""
    for column in outcome.joined:
        by_language = outcome.frame.groupby("language")[column]
        if (by_language.max() > by_language.min()).any():
            raise DesignError(
                f"'{column}' differs between rows of one language, and a multiverse shuffles values between languages.",
                "Select rows in which it does not, with --where.",
            )


def _table(request: MultiverseRequest, outcome: Outcome, frame: pd.DataFrame) -> Table:
    factor = outcome.joined[0] if request.own_factor else ""
    options = outcome.options
    return Table(frame, options.outcome, options.source, request.moderators, outcome.joined, factor)


def _space(request: MultiverseRequest, outcome: Outcome, frame: pd.DataFrame) -> Space:
    choices: Sequence[Choice] = default_choices(
        frame, outcome.options.outcome, outcome.options.source, outcome.joined, request.own_factor
    )
    if request.choices:
        choices = read_choices(request.choices, choices)
    stated = request.options.source_data
    fixed = request.fixed if stated == DEFAULT else (*request.fixed, f"features={stated}")
    return build_space(fix_choices(choices, fixed), request.limit, request.seed)
