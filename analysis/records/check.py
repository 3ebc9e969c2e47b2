"""From any table of scores to records: what its columns are, what its cells are, and what is wrong with which cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.errors import RecordError, did_you_mean
from .extras import typed
from .language_columns import resolve_languages
from .numeric import Place, check_bounds, numbers, text
from .reshape import PRINTED, reshape
from .roles import SET, split_mapping
from .scale import in_points
from .schema import FIELDS, METHODS, NAMES, complete, with_constants
from .tidy import refuse_nul, tidy
from .understand import understand

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Checked:
    """A table that follows the schema, what was changed to make it so, in words, and what each column was taken for."""

    frame: pd.DataFrame
    notices: tuple[str, ...] = field(default=())
    mapping: Mapping[str, str] = field(default_factory=dict)


def check_records(
    raw: pd.DataFrame,
    name: str,
    mapping: Mapping[str, str] | None = None,
    first_line: int = 2,
    constants: Mapping[str, str] | None = None,
    points: bool = False,
    scored: bool = True,
) -> Checked:
    """Turn a table into records, or say what is wrong with which cell.

    Parameters
    ----------
    raw
        Any table of scores; cells may be text or numbers. Columns outside the schema are kept.
    name
        Name of the table in messages.
    mapping
        What columns hold, where their headings do not say it: ``{"lang": "language"}``; see
        :mod:`analysis.records.roles`.
    first_line
        Line of the file that the first row stands on, for messages.
    constants
        Fields that are the same in all rows, whatever is said of them there.
    points
        Whether scores are points already, whatever their size.
    scored
        Whether there must be scores or gains; if not, a column of missing scores is added where there is none.

    Raises
    ------
    RecordError
        If a required column is missing, or a cell is not what its field needs: message with row, column and value.
    """
    given, fixed = split_mapping(mapping or {})
    fixed |= dict(constants or {})
    table = _tidied(raw, name, first_line)
    plan = understand(table, name, given, NAMES)
    frame = with_constants(reshape(table, plan, name, first_line), fixed)
    place = Place(name, first_line, frame.index, frame[PRINTED] if PRINTED in frame.columns else None)
    frame = frame.drop(columns=PRINTED, errors="ignore").reset_index(drop=True)
    if not scored and not {"score", "gain"} & {*frame.columns}:
        frame["score"] = float("nan")
    _require(frame, name, [str(column) for column in table.columns])
    notices = list(plan.notices)
    percent = False
    for item in FIELDS:
        if item.name not in frame.columns:
            continue
        if item.kind == "text":
            frame[item.name] = text(frame[item.name])
        else:
            found = numbers(frame[item.name], item, place)
            frame[item.name], percent = found.values, percent or (item.name == "score" and found.percent)
            notices += found.notices
    if "score" in frame.columns:
        frame, said = in_points(frame, name, percent or points)
        notices += said
        check_bounds(frame["score"], next(item for item in FIELDS if item.name == "score"), place)
    _check_methods(frame, place)
    notices += resolve_languages(frame, place)
    roles = {column: role.text for column, role in plan.roles.items()} | {SET + key: fixed[key] for key in fixed}
    return Checked(typed(complete(frame), NAMES), tuple(notices), roles)


def _tidied(raw: pd.DataFrame, name: str, first_line: int) -> pd.DataFrame:
    table = tidy(raw)
    if len(table) == 0:
        raise RecordError(f"{name} has no rows.")
    refuse_nul(table, name, first_line)
    names = [str(column) for column in table.columns]
    doubled = [column for column in dict.fromkeys(names) if names.count(column) > 1]
    if doubled:
        raise RecordError(f"{name} has more than one column '{doubled[0]}'.", "Keep one, or rename the others.")
    return table


def _require(frame: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    missing = [] if "language" in frame.columns else ["language"]
    if "score" not in frame.columns and "gain" not in frame.columns:
        missing.append("score")
    if missing:
        near = " ".join(filter(None, (did_you_mean(column, columns) for column in missing)))
        raise RecordError(
            f"{name} has no column '{missing[0]}'; its columns are {', '.join(columns)}.",
            f"{near} Name the column that holds it: --map COLUMN={missing[0]}.".strip(),
        )


def _check_methods(frame: pd.DataFrame, place: Place) -> None:
    if "method" not in frame.columns:
        return
    folded = frame["method"].map(lambda value: value.casefold() if isinstance(value, str) else None)
    bad = (folded.notna() & ~folded.isin(METHODS)).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        value = str(frame["method"].iloc[row])
        hint = did_you_mean(value, METHODS) or (
            f"If the column tells runs apart, say which of its values is without the intermediate stage: "
            f"--pair method={value}."
        )
        raise RecordError(f"{place.at(row, 'method')}: '{value}' is not {', '.join(METHODS)} or empty.", hint)
    frame["method"] = folded.astype("str")
