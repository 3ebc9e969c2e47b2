"""From records to the rows of a model: what is left out and why, paired, and joined with its factors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..core.errors import CrossliftError, FormulaError, UnknownLanguageError, unknown_name
from ..core.frames import Frame
from ..formulas.rows import rows_where
from ..languages.aggregates import is_average
from ..languages.codes import AVERAGE, resolve
from ..languages.feature_sources import DEFAULT, Kind, read_source, settle
from ..records import bundled as datasets
from ..records.language_values import read_language_values
from ..records.read import Input, Source, read_inputs
from .baselines import against, require_control
from .covariates import add_factors, keep_apart
from .default_model import RUNS
from .language_values import join_values
from .pairing import pair_gains, pair_gaps, run_keys
from .sources import SOURCE, design_notice, with_sources

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("gain", "gap", "score")
#: Rows that are kept on request although no flag of the data marks them: runs trained in the language they are tested
#: in, and the source language itself.
KEEP = ("direct", "source")

#: Columns of languages.
LANGUAGES = ("language", "train_language", "intermediate_language")
# Of several metrics of the same predictions, the first available one is used.
METRIC_ORDER = ("acc", "f1", "em")


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose about the rows.

    ``source`` is the language that distances are measured from, or a source of features (then from English);
    ``source_data`` that source. An empty measure is the source's first. ``distances`` are tables of values of languages
    or pairs of them.
    """

    outcome: str = "gain"
    source: str = "eng"
    measure: str = ""
    recipe: str | None = None
    corpus: str = "cc100"
    keep: tuple[str, ...] = ()
    metric: str | None = None
    where: str | None = None
    baseline: str = "plain"
    source_data: str = DEFAULT
    distances: tuple[str | Frame, ...] = ()

    def __post_init__(self) -> None:
        source, data = read_source(self.source, self.source_data)
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "source_data", data)
        object.__setattr__(self, "measure", self.kind.measure)

    @property
    def kind(self) -> Kind:
        """The distance in use: source of features, measure and recipe."""
        return settle(self.measure, self.recipe, self.source_data)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows ready for a model, and an account of the rows left out.

    ``dropped`` adds up: rows read, minus all counts, is the number of rows in ``frame`` (a paired row uses up two
    records, which the entry ``paired`` accounts for). ``joined`` names the columns of
    ``options.distances``, and ``tables`` what these were read from.
    """

    frame: pd.DataFrame
    options: Options
    read: int
    dropped: tuple[tuple[str, int], ...]
    notices: tuple[str, ...] = field(default=())
    joined: tuple[str, ...] = ()
    tables: tuple[Source, ...] = ()


def build_outcome(records: pd.DataFrame, options: Options) -> Outcome:
    """Turn records into rows of ``options.outcome`` with every factor joined.

    Left out, and counted: rows with an excluding flag, averages over languages, second metrics of the same
    predictions, rows trained in the language they are tested in, the source language itself, what cannot be paired,
    and what ``options.where`` rules out.
    """
    if options.outcome not in OUTCOMES:
        raise unknown_name("outcome", options.outcome, OUTCOMES)
    dropped: list[tuple[str, int]] = []
    chosen = against(records, options.baseline)
    rows = _without_flags(chosen, options, dropped)
    if options.baseline == "steps":
        rows = _leave_out(rows, require_control(rows), "steps of the intermediate stage not stated", dropped)
    rows = _leave_out(rows, rows["language"] == AVERAGE, "average over languages: not the score of a language", dropped)
    rows = _one_metric(rows, options, dropped)
    if "direct" not in options.keep:
        rows = _leave_out(rows, rows["method"] == "direct", "trained in the language it is tested in", dropped)
    rows = with_sources(rows, options.source)
    frame = _paired(rows, options, dropped)
    if len(frame) == 0:
        raise CrossliftError(_nothing_left(options), "Left out: " + _account(dropped) + ".")
    frame, apart = keep_apart(frame)
    frame = add_factors(frame, options.source, options.measure, options.recipe, options.corpus, options.source_data)
    own: list[str] = []
    joined: list[str] = []
    tables: list[Source] = []
    for given in options.distances:
        values = read_language_values(given)
        tables.append(values.source)
        frame, said = join_values(frame, values, options.source)
        own += said
        joined += values.names
    odd: tuple[str, ...] = ()
    if options.where:
        frame, odd = _where(frame, options.where, dropped)
    notices = (*_notices(frame, options), *design_notice(frame), *apart, *own, *odd)
    return Outcome(
        frame.reset_index(drop=True), options, len(records), tuple(dropped), notices, tuple(joined), tuple(tables)
    )


def read_outcome(
    data: Sequence[str | pd.DataFrame], mapping: Mapping[str, str] | None, options: Options, say: Callable[[str], None]
) -> tuple[Input, Outcome]:
    """Read ``data``, or the bundled sets for this question where none are named, and build the outcome.

    ``say`` is called with a few words before each of the two; what was asked for, with the source language resolved,
    is in the ``options`` of the outcome.
    """
    options = replace(options, source=resolve(options.source).iso)
    say("reading")
    read = read_inputs(data or datasets.default_data(options.outcome), mapping)
    say("pairing")
    outcome = build_outcome(read.records, options)
    return replace(read, sources=(*read.sources, *outcome.tables)), outcome


def _without_flags(records: pd.DataFrame, options: Options, dropped: list[tuple[str, int]]) -> pd.DataFrame:
    known = datasets.flags()
    for name in options.keep:
        if name not in known and name not in KEEP:
            raise unknown_name("flag", name, [*known, *KEEP])
    printed = records["flags"].fillna("")
    sets = {text: frozenset(text.split(";")) for text in printed.unique()}
    gone = records["language"].isna()
    for flag in known.values():
        if not flag.excluded or flag.name in options.keep:
            continue
        hit = printed.isin([text for text, names in sets.items() if flag.name in names]) & ~gone
        if flag.name == "in-training" and options.outcome == "gap":
            hit &= records["language"] != options.source  # the source language of a gap is always trained on
        if hit.any():
            dropped.append((f"flag '{flag.name}': {flag.meaning}", int(hit.sum())))
        gone |= hit
    return records[~gone]


def _one_metric(rows: pd.DataFrame, options: Options, dropped: list[tuple[str, int]]) -> pd.DataFrame:
    if options.metric is not None:
        if options.metric not in set(rows["metric"].dropna()):
            raise unknown_name("metric", options.metric, rows["metric"].dropna().unique())
        return _leave_out(rows, rows["metric"] != options.metric, f"metric is not '{options.metric}'", dropped)
    rank = rows["metric"].map({name: i for i, name in enumerate(METRIC_ORDER)}).fillna(len(METRIC_ORDER))
    best = rank.groupby([rows["study"].fillna(""), rows["target_task"].fillna("")]).transform("min")
    return _leave_out(
        rows, rank > best, "second metric of the same predictions (of acc, f1, em the first is used)", dropped
    )


def _paired(rows: pd.DataFrame, options: Options, dropped: list[tuple[str, int]]) -> pd.DataFrame:
    import pandas as pd

    if options.outcome != "gain":  # a run without intermediate stage is a level of its own, not an unknown one
        rows = rows.assign(
            intermediate_task=rows["intermediate_task"].where(rows["method"] != "baseline", "none").astype("str")
        )
    if options.outcome == "score":
        scored = _leave_out(rows, rows["score"].isna(), "no score", dropped)
        if "run" not in scored.columns:
            scored = scored.assign(run=pd.factorize(run_keys(scored))[0])
        return _not_source(scored, options, dropped)
    if options.outcome == "gap":
        pairing = pair_gaps(_leave_out(rows, rows["score"].isna(), "no score", dropped), options.source)
        dropped += pairing.dropped
        return pairing.frame
    reported = rows["gain"].notna()
    if (reported & (rows["method"] == "intermediate")).any():  # a gain over itself is none
        rows = _leave_out(rows, reported & (rows["method"] == "baseline"), "baseline row of stated gains", dropped)
        reported = rows["gain"].notna()
    rows = _leave_out(rows, ~reported & rows["score"].isna(), "no score", dropped)
    reported = rows["gain"].notna()
    pairing = pair_gains(rows[~reported & rows["score"].notna()])
    dropped += pairing.dropped
    used = int(pairing.frame["baseline"].nunique())
    if used:
        dropped.append(("baseline of a gain: used up by pairing", used))
    frame = pairing.frame.copy()
    frame["baseline"] = "b" + frame["baseline"].astype(str)
    if reported.any():
        own = rows[reported].copy()
        own["baseline"] = [f"r{i}" for i in own.index]
        # Of a gain that is reported as a gain, the two runs are known only by what tells evaluations apart.
        run = [f"r{i}" for i in pd.factorize(run_keys(own))[0]]
        for name in RUNS:
            own = own if name in own.columns else own.assign(**{name: run})
            frame = frame.assign(**{name: "b" + frame[name].astype(str)}) if len(frame) else frame
        frame = pd.concat([frame, own], ignore_index=True) if len(frame) else own
    return _not_source(frame, options, dropped)


def _not_source(frame: pd.DataFrame, options: Options, dropped: list[tuple[str, int]]) -> pd.DataFrame:
    if SOURCE in frame.columns:
        own = (frame["language"] == frame[SOURCE]) & ("source" not in options.keep)
        return _leave_out(frame, own, "trained in the language it is tested in: no transfer between languages", dropped)
    source = (frame["language"] == options.source) & ("source" not in options.keep)
    return _leave_out(
        frame, source, f"source language '{options.source}' itself: no transfer between languages", dropped
    )


def _where(frame: pd.DataFrame, condition: str, dropped: list[tuple[str, int]]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows for which the condition holds, and warnings about it."""
    try:
        kept, odd = rows_where(frame, condition, _literal)
    except FormulaError as error:
        raise FormulaError(f"--where {error.message}", error.hint) from error
    if not kept.any():
        raise CrossliftError(f"--where '{condition}' leaves none of {len(frame)} rows.", " ".join(odd))
    dropped.append((f"--where {condition}", int((~kept).sum())))
    return frame[kept], tuple(f"--where: {words}" for words in odd)


def _literal(column: str, text: str) -> str:
    """A language as the records have it, however it is written: ``zh`` is ``zho``.

    Raises
    ------
    FormulaError
        If it is no language; the hint names the nearest.
    """
    if column not in LANGUAGES or is_average(text) or not text:
        return AVERAGE if column in LANGUAGES and text else text
    try:
        return resolve(text).iso
    except UnknownLanguageError as error:
        raise FormulaError(f"compares '{column}' with '{text}': {error.message}", error.hint) from error


def _leave_out(rows: pd.DataFrame, where: pd.Series[bool], reason: str, dropped: list[tuple[str, int]]) -> pd.DataFrame:
    hit = where.fillna(False).astype(bool)
    if hit.any():
        dropped.append((reason, int(hit.sum())))
    return rows[~hit]


def _nothing_left(options: Options) -> str:
    if options.outcome == "gain":
        return (
            "no gain can be paired: a gain needs rows of method 'intermediate' and rows of method 'baseline' with the "
            "same study, model, target task, metric, split, condition, language and seed."
        )
    if options.outcome == "gap":
        return f"no gap can be computed: no run has a score in '{options.source}' and in another language."
    return "no score is left."


def _account(dropped: Collection[tuple[str, int]]) -> str:
    return "; ".join(f"{reason} ({rows})" for reason, rows in dropped) or "nothing"


def _notices(frame: pd.DataFrame, options: Options) -> tuple[str, ...]:
    notices = []
    if options.baseline == "steps":
        notices.append("gains are over baselines that trained on the target task for as many steps instead.")
    if options.outcome == "gain" and (frame["intermediate_language"] == AVERAGE).any():
        rows = int((frame["intermediate_language"] == AVERAGE).sum())
        notices.append(
            f"{rows} of {len(frame)} gains come from intermediate data in several languages, which may include the "
            "language tested. --where \"intermediate_language == 'eng'\" keeps English-only training."
        )
    return tuple(notices)
