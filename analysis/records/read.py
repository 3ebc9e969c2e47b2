"""What ``--data`` names: bundled sets, files and stores, read into one table of records, with where they are from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import RecordError, did_you_mean
from ..store.layout import content_hash, is_store, read_store
from . import bundled as datasets
from .files import ENDINGS, read_table
from .items_parquet import attach_items
from .schema import NAMES, check_records, no_field
from .sweep import check_revisions, store_records

if TYPE_CHECKING:
    import pandas as pd


#: What a data frame is called among the sources.
FRAME = "data frame"


@dataclass(frozen=True, slots=True)
class Source:
    """One table that was read."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Input:
    """Records of all sources together, with notices about what was converted on the way."""

    records: pd.DataFrame
    sources: tuple[Source, ...]
    notices: tuple[str, ...]


def read_inputs(
    names: Sequence[str | pd.DataFrame],
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> Input:
    """Read bundled sets and files.

    Parameters
    ----------
    names
        Names of bundled sets, paths of tables or of results of the lm-evaluation-harness, directories that ``runner``
        wrote, or data frames; a path wins if there is a file or store of that name.
    mapping
        For files: the column that holds a field, where the names differ.
    constants
        For files and stores: fields that are the same in all rows, whatever is said of them there.

    Raises
    ------
    CrossliftError
        If a name is neither a set nor a file, or a file is broken.
    """
    import pandas as pd

    frames, sources, notices = [], [], []
    for name in names:
        if isinstance(name, pd.DataFrame):
            checked = check_records(with_constants(name, constants or {}), FRAME, mapping, first_line=0)
            frames.append(checked.frame)
            notices += [f"{FRAME}: {notice}" for notice in checked.notices]
            sources.append(Source(FRAME, _frame_hash(name), len(checked.frame)))
            continue
        path = Path(name)
        if is_store(path):
            content = read_store(path)
            check_revisions(content)
            table = with_constants(store_records(content), constants or {})
            checked = check_records(table, path.name, mapping, first_line=1)
            frames.append(checked.frame)
            notices += [f"{path.name}: {notice}" for notice in checked.notices]
            notices += [f"{path.name}: left out cells/{file}: {reason}." for file, reason in content.damaged]
            sources.append(Source(path.name, content_hash(content), len(checked.frame)))
            continue
        if path.is_file() or (name not in datasets.catalog() and _looks_like_path(name)):
            table, first_line, said = read_table(path)
            checked = check_records(with_constants(table, constants or {}), path.name, mapping, first_line)
            frames.append(attach_items(checked.frame))
            notices += [f"{path.name}: {notice}" for notice in (*said, *checked.notices)]
            sources.append(Source(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), len(checked.frame)))
            continue
        if name not in datasets.catalog():
            hint = did_you_mean(name, datasets.catalog()) or "'analyze data' lists the bundled sets."
            raise RecordError(f"'{name}' is neither a file nor a bundled data set.", hint)
        entry = datasets.find(name)
        if entry.kind != "records":
            raise RecordError(
                f"the bundled set '{name}' holds covariates, not scores.", "'analyze data' lists the sets."
            )
        if constants:
            raise RecordError(f"'{name}' is bundled as it was published: nothing in it can be set.", "Leave --set out.")
        frame = datasets.load(name)
        frames.append(frame)
        sources.append(Source(name, entry.sha256(), len(frame)))
    records = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return Input(records.reset_index(drop=True), tuple(sources), tuple(notices))


def _frame_hash(frame: pd.DataFrame) -> str:
    """Of the values as CSV: the same table gives the same hash wherever it comes from."""
    return hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def _looks_like_path(name: str) -> bool:
    return "/" in name or any(suffix in ENDINGS for suffix in Path(name).suffixes)


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
