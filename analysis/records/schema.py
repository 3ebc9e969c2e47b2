"""The record: one score, one row. Its fields, and tables that have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.errors import RecordError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("baseline", "intermediate", "direct")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the record schema. Numbers may carry bounds; ``meaning`` is what documentation prints."""

    name: str
    kind: str
    meaning: str
    low: float | None = None
    high: float | None = None


#: Columns of the record, in order. Only ``language`` and one of ``score`` and ``gain`` must be there.
FIELDS = (
    Field("study", "text", "publication or run series that the score comes from"),
    Field("source", "text", "where in it the score was read"),
    Field("model", "text", "pretrained model, before any training of the study"),
    Field("params_m", "number", "parameters of the model, in millions", low=0.0),
    Field("family", "text", "model family: sizes of one architecture on one corpus"),
    Field("method", "text", f"{', '.join(METHODS)}, or empty for none of them"),
    Field("intermediate_task", "text", "task trained on between pretraining and target task"),
    Field("intermediate_language", "text", "language of the intermediate task; 'mul' for several"),
    Field("intermediate_examples", "number", "training examples of the intermediate task", low=0.0),
    Field("intermediate_domain", "text", "domain of the intermediate task"),
    Field("target_task", "text", "task evaluated"),
    Field("train_language", "text", "language of the target task's training data; 'mul' for several"),
    Field("train_examples", "number", "training examples of the target task", low=0.0),
    Field("language", "text", "language evaluated, ISO 639-3; 'mul' for an average over languages"),
    Field("metric", "text", "metric of the score: acc, f1, em, …"),
    Field("split", "text", "test, validation, …"),
    Field("score", "number", "points, 0 to 100, larger is better", low=0.0, high=100.0),
    Field("std_error", "number", "reported standard error of the score, in points", low=0.0),
    Field("n_items", "number", "test items behind the score", low=1.0),
    Field("seed", "text", "random seed of the run"),
    Field("revision", "text", "revision of the code, model or repository"),
    Field("note", "text", "anything else, including the language code as printed where it differs"),
    Field("condition", "text", "what else sets this evaluation apart: prompt language, configuration, script"),
    Field("flags", "text", "known defects, separated by ';'; see data/published/flags.csv"),
    Field("gain", "number", "reported gain in points, where a study prints gains and not scores"),
)
NAMES = tuple(item.name for item in FIELDS)

#: Columns that name an evaluation; two rows that agree on all of them are the same evaluation.
EVALUATION = (
    "study", "model", "method", "intermediate_task", "intermediate_language", "intermediate_examples",
    "intermediate_domain", "target_task", "train_language", "train_examples", "language", "metric", "split", "seed",
    "condition",
)  # fmt: skip


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the fields that a table does not have, empty, and put all fields first in the order of the schema."""
    import pandas as pd

    columns = {}
    for item in FIELDS:
        if item.name in frame.columns:
            columns[item.name] = frame[item.name]
        else:
            kind = "str" if item.kind == "text" else "float64"
            columns[item.name] = pd.Series(None, index=frame.index, dtype=kind)
    extra = {column: frame[column] for column in frame.columns if column not in NAMES}
    return pd.DataFrame({**columns, **extra}, index=frame.index)


def no_field(name: str, consequence: str) -> RecordError:
    """The error for a name that is no field of the record."""
    hint = did_you_mean(name, NAMES) or f"Fields: {', '.join(NAMES)}."
    return RecordError(f"'{name}' is not a field of the record, so {consequence}.", hint)


def with_constants(table: pd.DataFrame, constants: Mapping[str, str]) -> pd.DataFrame:
    """The table with fields that are the same in all its rows.

    What was trained on an intermediate task is no baseline, so that naming the task sets the method too.

    Raises
    ------
    RecordError
        If a name is no field of the record.
    """
    for name in constants:
        if name not in NAMES:
            raise no_field(name, "it cannot be set")
    implied = {"method": "intermediate"} if constants.get("intermediate_task") else {}
    return table.assign(**{**implied, **constants})
