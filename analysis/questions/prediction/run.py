"""From data to predictions: the whole of ``analyze predict`` as one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ...core.errors import CrossliftError, unknown_name
from ...core.jsonable import dropped_rows, records
from ...core.text import number
from ...mixed import MixedResult
from ...outcomes.build import Options, Outcome, read_outcome
from ...outcomes.default_model import RUNS
from ...outcomes.groups import check_by, without_group
from ...records.read import Source
from .answer import cell_sentence
from .cells import KEYS, cells, outside
from .features import Features, add_columns, choose, words
from .folds import PLURAL, SCHEMES, cross_validate, errors, in_parts
from .methods import fit_model, stand_in
from .requested import REQUESTED, ROW, Requested, read_rows, score_methods

if TYPE_CHECKING:
    import pandas as pd

#: Relative advantage in mean absolute error of another method that causes a warning.
CLEARLY = 0.05


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """The request of ``predict``. Empty ``data`` means every bundled set with the outcome.

    ``languages``, ``tasks``, ``models`` and ``sizes`` name cells; with none of them, all cells that were not run.
    ``schemes`` says what is left out in the evaluation; empty for no evaluation. ``by`` are columns of the rows by
    whose values errors are given, in addition to target tasks. ``moderators`` are further numeric columns to predict
    from. ``rows`` is a table of rows to predict in place of cells; those with a score are scored by every method.
    """

    data: tuple[str | pd.DataFrame, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    languages: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    schemes: tuple[str, ...] = tuple(SCHEMES)
    by: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    seed: int = 1
    rows: str | pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predictions, and cross-validated errors.

    Attributes
    ----------
    cells
        ``language``, ``target_task``, ``model``, ``intermediate_task``, ``estimate``, ``std_error``, ``conf_low``,
        ``conf_high`` (95%, of one new outcome), ``observed`` and ``rows`` if the cell was run, ``new`` (levels without
        rows) and ``note``.
    folds
        Predictions out of fold: :func:`analysis.questions.prediction.folds.cross_validate`.
    errors, by_task, by_group
        Errors of each method, over all rows, for each target task, and for each group of ``request.by``.
    requested, scored
        The rows to predict from ``request.rows``, and every method's predictions of those with an outcome, in the form
        of ``folds``.
    """

    request: PredictionRequest
    sources: tuple[Source, ...]
    outcome: Outcome
    dropped: tuple[tuple[str, int], ...]
    features: Features
    filled: dict[str, int]
    result: MixedResult
    cells: pd.DataFrame
    folds: pd.DataFrame
    errors: pd.DataFrame
    by_task: pd.DataFrame
    by_group: pd.DataFrame
    notices: tuple[str, ...]
    requested: Requested | None
    scored: pd.DataFrame

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings of the mixed model, and if it is not the best predictor."""
        return (*self.result.warnings, *_comparison(self.errors), *_comparison(self.scored_errors()))

    def scored_errors(self, by: Sequence[str] = ()) -> pd.DataFrame:
        """Errors of each method on the rows to predict that have an outcome, as :attr:`errors` and by columns."""
        return errors(self.scored, by) if len(self.scored) else self.scored

    @property
    def sentences(self) -> list[str]:
        """One sentence per scheme."""
        lines = []
        for scheme, table in self.errors.groupby("scheme", sort=False) if len(self.errors) else ():
            by = table.set_index("method")
            unit = PLURAL[str(scheme)]
            parts = [f"{name} {number(float(mae), 2)}" for name, mae in by["mae"].items()]
            row = by.loc[["mixed model"]].iloc[0].to_dict()
            lines.append(
                f"For {unit} left out ({row['folds']}, {row['rows']:,} rows) the mean absolute error is "
                f"{', '.join(parts)} points; the mixed model's 95% intervals contain "
                f"{row['coverage']:.1%} of the outcomes."
            )
        for row in self.scored_errors().to_dict("records"):
            if row["method"] == "mixed model":
                parts = [f"{own['method']} {number(own['mae'], 2)}" for own in self.scored_errors().to_dict("records")]
                lines.append(
                    f"On the rows to predict that have an outcome ({row['rows']:,}, {row['folds']} languages) the mean "
                    f"absolute error is {', '.join(parts)} points; the mixed model's 95% intervals contain "
                    f"{row['coverage']:.1%} of the outcomes."
                )
        return lines

    @property
    def answer(self) -> list[str]:
        """The prediction, and how far such predictions are off."""
        return [cell_sentence(self.cells, self.outcome.options.outcome), *self.sentences]

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``predict``."""
        fit = self.result.to_json()
        asked = self.requested
        more: dict[str, Any] = {} if asked is None else {
            "rows_to_predict": {
                "data": asdict(asked.source),
                "rows": len(asked.rows),
                "with_outcome": int(asked.rows["observed"].notna().sum()),
                "dropped": dropped_rows(asked.dropped),
                "errors": records(self.scored_errors()),
                "errors_by_task": records(self.scored_errors(("target_task",))),
            }
        }  # fmt: skip
        return {
            "command": "predict",
            "outcome": self.outcome.options.outcome,
            "formula": self.result.formula,
            "n_obs": self.result.n_obs,
            "features": {"numeric": {name: words(name) for name in self.features.numeric},
                         "factors": list(self.features.factors)},
            "filled": self.filled,
            "seed": self.request.seed,
            "predictions": records(self.cells),
            "errors": records(self.errors),
            "errors_by_task": records(self.by_task),
            "by": list(self.request.by),
            "errors_by_group": records(self.by_group),
            "answers": self.answer,
            "fit": fit,
            "dropped": dropped_rows(self.dropped),
            "warnings": list(self.warnings),
            "notices": list(self.notices),
            "rows_read": self.outcome.read,
            "data": [asdict(source) for source in self.sources],
            **more,
        }  # fmt: skip


def predict(request: PredictionRequest, report: Callable[[str], None] | None = None) -> Prediction:
    """Read, pair, fit, evaluate and predict.

    Raises
    ------
    CrossliftError
        If the input cannot be used.
    """
    import pandas as pd

    say = report or (lambda words: None)
    for scheme in request.schemes:
        if scheme not in SCHEMES:
            raise unknown_name("way to leave out", scheme, SCHEMES)
    read, outcome = read_outcome(request.data, request.mapping, request.options, say)
    options = outcome.options
    frame = add_columns(outcome.frame)
    check_by(frame, request.by)
    features = choose(frame, request.moderators)
    if not features.numeric:
        raise CrossliftError("no numeric feature (distance, corpus size, model size, …) varies among these rows.",
                             "Predictions of new cells need one: add languages or models.")  # fmt: skip
    filled = {name: int(frame[name].isna().sum()) for name in features.numeric if frame[name].isna().any()}
    requested = None
    if request.rows is not None:
        if request.languages or request.tasks or request.models or request.sizes:
            raise CrossliftError("rows to predict were given beside names of cells (languages, tasks, models, sizes).",
                                 "Keep one of them.")  # fmt: skip
        requested = read_rows(request.rows, request.mapping, options, features)
        wanted = requested.rows
    else:
        wanted = cells(frame, options.outcome, features, options, request.languages, request.tasks, request.models,
                       request.sizes)  # fmt: skip
    say("fitting")
    result = fit_model(frame, options.outcome, features)
    found = _predicted(result, wanted, frame, features)
    tables = []
    for scheme in request.schemes:

        def told(done: int, total: int, scheme: str = scheme) -> None:
            say(f"leaving out each {scheme}: {done} of {total}")

        tables.append(cross_validate(frame, options.outcome, features, scheme, request.seed, say=told, whole=result))
    folds = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    scored = pd.DataFrame()
    if requested is not None:
        say("scoring the rows to predict")
        scored = score_methods(requested, found, frame, options.outcome, features, folds, request.seed)
    notices = [*read.notices, *outcome.notices]
    if requested is not None:
        notices += [f"rows to predict: {words}" for words in requested.notices]
        notices += [f"rows to predict: left out {rows:,}: {reason}." for reason, rows in requested.dropped]
    notices += [words for scheme in request.schemes if (words := in_parts(frame, scheme))]
    if filled:
        named = ", ".join(f"{name} in {rows:,}" for name, rows in filled.items())
        notices.append(f"missing features are the median over the training languages: {named} of {len(frame):,} rows.")
    for reason, rows in without_group(frame, request.by):
        notices.append(
            f"{reason}: {rows:,} of {len(frame):,} rows are not in any group; all other errors include them."
        )
    return Prediction(
        request,
        read.sources,
        outcome,
        (*outcome.dropped, *result.dropped),
        features,
        filled,
        result,
        found,
        folds,
        errors(folds) if tables else pd.DataFrame(),
        errors(folds, ("target_task",)) if tables else pd.DataFrame(),
        errors(_with_columns(folds, frame, request.by), request.by) if tables and request.by else pd.DataFrame(),
        tuple(notices),
        requested,
        scored,
    )


def _predicted(result: MixedResult, wanted: pd.DataFrame, frame: pd.DataFrame, features: Features) -> pd.DataFrame:
    rows, taken = stand_in(result, features.fill(wanted, frame), frame, features)
    rows = rows.assign(**dict.fromkeys(("baseline", *RUNS), "(new)"))  # new in every cell
    rows["study"] = rows["study"].fillna("(new)") if "study" in rows.columns else "(new)"
    found = result.predictions(rows, new_levels="average", outcome=True)
    table = wanted[[name for name in (ROW, *KEYS) if name in wanted.columns]].copy()
    for column in found.columns:
        table[column] = found[column].to_numpy()
    table["observed"], table["rows"] = wanted["observed"].to_numpy(), wanted["rows"].astype(int).to_numpy()
    known = {name: set(frame[name].astype(str)) for name in KEYS[:3]}
    table["new"] = [
        ", ".join(name for name, levels in known.items() if str(row[name]) not in levels)
        for row in wanted.to_dict("records")
    ]
    notes = outside(wanted, frame, features)
    for name, usual, where in taken:
        notes = [f"{note}; {name} set to {usual}".removeprefix("; ") if hit else note
                 for note, hit in zip(notes, where, strict=True)]  # fmt: skip
    table["note"] = notes
    return table


def _with_columns(folds: pd.DataFrame, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Out-of-fold predictions with columns of their rows."""
    return folds.assign(**{name: frame[name].to_numpy()[folds["row"]] for name in names})


def _comparison(table: pd.DataFrame) -> list[str]:
    """Warnings if another method predicts better than the mixed model, whose interval is printed."""
    lines = []
    for scheme, own in table.groupby("scheme", sort=False) if len(table) else ():
        by = {str(name): float(mae) for name, mae in zip(own["method"], own["mae"], strict=True)}
        where = f"on the {REQUESTED}" if scheme == REQUESTED else f"by leave-one-{scheme}-out"
        best = min(by, key=lambda name: by[name])
        if by[best] < (1.0 - CLEARLY) * by["mixed model"]:
            lines.append(
                f"{where} {best} is off by {number(by[best], 2)} points on average and the mixed "
                f"model by {number(by['mixed model'], 2)}: the mixed model is not the best point predictor "
                "of these rows."
            )
        if by["mean"] <= by["mixed model"]:
            lines.append(f"{where} the mixed model does not beat the mean of the task: the features "
                         "say little about the rows left out.")  # fmt: skip
    return lines
