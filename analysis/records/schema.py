"""The record: one score, one row. The schema, and the check that a table follows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.errors import RecordError, UnknownLanguageError, did_you_mean
from ..languages.codes import AVERAGE, is_average, resolve_code
from .condition import SCRIPT, Condition

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
_BY_NAME = {item.name: item for item in FIELDS}

#: Columns that name an evaluation; two rows that agree on all of them are the same evaluation.
EVALUATION = (
    "study", "model", "method", "intermediate_task", "intermediate_language", "intermediate_examples",
    "intermediate_domain", "target_task", "train_language", "train_examples", "language", "metric", "split", "seed",
    "condition",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """A table that follows the schema, and what was changed to make it so, in words."""

    frame: pd.DataFrame
    notices: tuple[str, ...] = field(default=())


def check_records(
    raw: pd.DataFrame, name: str, mapping: Mapping[str, str] | None = None, first_line: int = 2
) -> Checked:
    """Turn a table of text into records, or say what is wrong with which cell.

    Parameters
    ----------
    raw
        Table with a column per field; cells may be text or numbers. Columns outside the schema are kept as they are.
    name
        Name of the table in messages.
    mapping
        The table's column for a field, where the names differ: ``{"lang": "language"}``.
    first_line
        Line of the file that the first row stands on, for messages.

    Raises
    ------
    RecordError
        If a required column is missing, or a cell is not what its field needs: message with row, column and value.
    """
    frame = _rename(raw, mapping or {}, name)
    _require(frame, name)
    notices: list[str] = []
    for item in FIELDS:
        if item.name not in frame.columns:
            continue
        if item.kind == "text":
            frame[item.name] = _text(frame[item.name])
        else:
            frame[item.name] = _numbers(frame[item.name], item, name, first_line)
    if "score" in frame.columns:
        frame["score"], notice = _points(frame["score"])
        notices += notice
        _check_bounds(frame["score"], _BY_NAME["score"], name, first_line)
    _check_methods(frame, name, first_line)
    notices += _resolve_languages(frame, name, first_line)
    return Checked(complete(frame), tuple(notices))


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


def _rename(raw: pd.DataFrame, mapping: Mapping[str, str], name: str) -> pd.DataFrame:
    columns = [str(column) for column in raw.columns]
    for column, target in mapping.items():
        if column not in columns:
            hint = did_you_mean(column, columns) or f"Columns: {', '.join(columns)}."
            raise RecordError(f"{name} has no column '{column}' to map to '{target}'.", hint)
        if target not in NAMES:
            raise no_field(target, f"'{column}' cannot be mapped to it")
        if target in columns and column != target:
            raise RecordError(
                f"{name} already has a column '{target}', so '{column}' cannot be mapped to it.",
                f"Rename one of them in the file, or map '{target}' elsewhere.",
            )
    frame = raw.rename(columns=dict(mapping)).reset_index(drop=True)
    doubled = [column for column in dict.fromkeys(frame.columns) if list(frame.columns).count(column) > 1]
    if doubled:
        raise RecordError(f"{name} has more than one column '{doubled[0]}'.", "Keep one, or rename the others.")
    return frame


def _require(frame: pd.DataFrame, name: str) -> None:
    if len(frame) == 0:
        raise RecordError(f"{name} has no rows.")
    columns = [str(column) for column in frame.columns]
    missing = [] if "language" in columns else ["language"]
    if "score" not in columns and "gain" not in columns:
        missing.append("score")
    if missing:
        near = " ".join(filter(None, (did_you_mean(column, columns) for column in missing)))
        raise RecordError(
            f"{name} has no column '{missing[0]}'; its columns are {', '.join(columns)}.",
            f"{near} Name the column that holds it: --map COLUMN={missing[0]}.".strip(),
        )


def _text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Text with surrounding blanks removed; empty cells become missing."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        whole = column.dropna()
        if len(whole) and (whole == whole.round()).all():  # seeds and sizes read as 1.0, 2.0, …
            return column.map(lambda value: None if pd.isna(value) else str(int(value))).astype("str")
    stripped = column.astype("str").str.strip()
    return stripped.where(stripped != "", None).astype("str")


def _numbers(column: pd.Series[Any], item: Field, name: str, first_line: int) -> pd.Series[Any]:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        text = _text(column)
        numbers = pd.to_numeric(text, errors="coerce").astype(float)
        bad = (text.notna() & numbers.isna()).to_numpy()
        if bad.any():
            row = int(bad.argmax())
            value = str(column.iloc[row])
            hint = ""
            if value.rstrip().endswith("%"):
                hint = "Leave the percent sign out."
            elif "," in value:
                hint = "Use a decimal point."
            raise _cell_error(name, first_line + row, item, value, int(bad.sum()), hint)
        column = numbers
    column = column.astype(float)
    infinite = column.isin([float("inf"), float("-inf")]).to_numpy()
    if infinite.any():
        raise _cell_error(name, first_line + int(infinite.argmax()), item, "infinite", int(infinite.sum()))
    if item.name != "score":  # scores are converted to points before their bounds are checked
        _check_bounds(column, item, name, first_line)
    return column


def _check_bounds(column: pd.Series[Any], item: Field, name: str, first_line: int) -> None:
    low = float("-inf") if item.low is None else item.low
    high = float("inf") if item.high is None else item.high
    outside = ((column < low) | (column > high)).to_numpy()
    if outside.any():
        row = int(outside.argmax())
        raise _cell_error(name, first_line + row, item, f"{column.iloc[row]:g}", int(outside.sum()))


def _cell_error(name: str, line: int, item: Field, value: str, cells: int, hint: str = "") -> RecordError:
    bounds = ""
    if item.low is not None and item.high is not None:
        bounds = f" from {item.low:g} to {item.high:g}"
    elif item.low is not None:
        bounds = f" of at least {item.low:g}"
    more = f" {cells - 1} more cells of this column are wrong as well." if cells > 1 else ""
    expected = f"a number{bounds} ({item.meaning})"
    return RecordError(f"{name}, line {line}, column '{item.name}': '{value}' is not {expected}.{more}", hint)


def _points(score: pd.Series[Any]) -> tuple[pd.Series[Any], list[str]]:
    """Scores in points: a column that never exceeds 1 is one of fractions."""
    top = score.max()
    if top > 1.0 or not top > 0.0:
        return score, []
    return score * 100.0, [f"scores are fractions (largest {top:g}): multiplied by 100 to make points"]


def _check_methods(frame: pd.DataFrame, name: str, first_line: int) -> None:
    if "method" not in frame.columns:
        return
    folded = frame["method"].map(lambda value: value.casefold() if isinstance(value, str) else None)
    bad = (folded.notna() & ~folded.isin(METHODS)).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        value = str(frame["method"].iloc[row])
        hint = did_you_mean(value, METHODS)
        raise RecordError(
            f"{name}, line {first_line + row}, column 'method': '{value}' is not {', '.join(METHODS)} or empty.", hint
        )
    frame["method"] = folded.astype("str")


def _resolve_languages(frame: pd.DataFrame, name: str, first_line: int) -> list[str]:
    """Replace printed codes by ISO 639-3, in place; keep the printed code in ``note``, the script in ``condition``."""
    printed = frame["language"]
    if printed.isna().any():
        line = first_line + int(printed.isna().to_numpy().argmax())
        raise RecordError(f"{name}, line {line}, column 'language' is empty.", "Every score needs its language.")
    import pandas as pd

    notices, resolved, variants = [], {}, {}
    for code in dict.fromkeys(printed):
        if is_average(code):
            resolved[code] = AVERAGE
            continue
        try:
            found = resolve_code(code)
        except UnknownLanguageError as error:
            line = first_line + int((printed == code).to_numpy().argmax())
            raise RecordError(f"{name}, line {line}, column 'language': {error.message}", error.hint) from error
        resolved[code] = found.language.iso
        if found.variant:
            variants[code] = Condition.of(**{SCRIPT: found.variant})
        if found.warning:
            rows = int((printed == code).sum())
            notices.append(f"language code '{code}' ({rows} rows) read as '{found.language.iso}': {found.warning}")
    frame["language"] = printed.map(resolved).astype("str")
    changed = (printed != frame["language"]) & (frame["language"] != AVERAGE)
    _note(frame, changed, "printed language code: " + printed.astype(str))
    if variants:
        old = frame["condition"] if "condition" in frame.columns else [None] * len(frame)
        joined = [
            str(Condition.parse(text) + variants[code]) if code in variants else text
            for text, code in zip(old, printed, strict=True)
        ]
        frame["condition"] = pd.Series(joined, index=frame.index, dtype="str")
    for column in ("intermediate_language", "train_language"):
        if column in frame.columns:
            frame[column] = frame[column].map(_other_language).astype("str")
    return notices


def _other_language(code: object) -> object:
    if not isinstance(code, str):
        return None
    return AVERAGE if is_average(code) else resolve_code(code).language.iso


def _note(frame: pd.DataFrame, where: pd.Series[bool], text: pd.Series[str]) -> None:
    """Add ``text`` to the notes where ``where`` holds, after what is there."""
    if not where.any():
        return
    import pandas as pd

    old = frame["note"] if "note" in frame.columns else [None] * len(frame)
    joined = [
        before if not keep else f"{before}; {new}" if isinstance(before, str) else new
        for before, new, keep in zip(old, text, where, strict=True)
    ]
    frame["note"] = pd.Series(joined, index=frame.index, dtype="str")
