"""What ``--data`` names: bundled sets, files and stores, read into one table of records, with where they are from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import RecordError, did_you_mean
from ..core.frames import Frame, as_frame
from ..store.layout import content_hash, is_store, read_store
from . import bundled as datasets
from .check import check_records
from .files import ENDINGS, Read, read_table
from .items_parquet import attach_items
from .roles import split_mapping
from .sizes import fill_sizes
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


class Table(NamedTuple):
    """Records of one source, what it was, what to say, and what its columns were taken for."""

    frame: pd.DataFrame
    source: Source
    notices: tuple[str, ...] = ()
    mapping: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Input:
    """Records of all sources together, what was converted on the way, and what each file's columns were taken for."""

    records: pd.DataFrame
    sources: tuple[Source, ...]
    notices: tuple[str, ...]
    mappings: tuple[Mapping[str, str], ...] = ()


def read_inputs(
    names: Sequence[str | Frame],
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    scored: bool = True,
) -> Input:
    """Read bundled sets and files.

    Parameters
    ----------
    names
        Names of bundled sets, paths of tables or of results of the lm-evaluation-harness, directories that ``runner``
        wrote, or data frames of any library (pandas, polars, Arrow, …); a path wins if there is a file or store of that
        name.
    mapping
        For files and frames: what columns hold where their headings do not say it, and constants; see
        :mod:`analysis.records.roles`.
    constants
        For files and stores: fields that are the same in all rows, whatever is said of them there.
    scored
        Whether tables must have a column of scores or gains.

    Raises
    ------
    CrossliftError
        If a name is neither a set nor a file, or a file is broken.
    """
    import pandas as pd

    tables = [_read(name, mapping or {}, constants or {}, scored) for name in names]
    frames = [table.frame for table in tables]
    records = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return Input(
        records.reset_index(drop=True),
        tuple(table.source for table in tables),
        tuple(f"{table.source.name}: {notice}" for table in tables for notice in table.notices),
        tuple(table.mapping for table in tables),
    )


def _read(name: str | Frame, mapping: Mapping[str, str], constants: Mapping[str, str], scored: bool) -> Table:
    if not isinstance(name, (str, Path)):
        given = as_frame(name)
        return _checked(Read(given, 0), FRAME, mapping, constants, _frame_hash(given), scored)
    constants = {**split_mapping(mapping)[1], **constants}
    path, name = Path(name), str(name)
    if is_store(path):
        content = read_store(path)
        check_revisions(content)
        checked = check_records(store_records(content), path.name, mapping, 1, constants)
        damaged = tuple(f"left out cells/{file}: {reason}." for file, reason in content.damaged)
        source = Source(path.name, content_hash(content), len(checked.frame))
        return Table(checked.frame, source, (*checked.notices, *damaged))
    if path.exists() or (name not in datasets.catalog() and _looks_like_path(name)):
        found = read_table(path)
        return _checked(found, path.name, mapping, constants, _hash(path), scored)
    if name not in datasets.catalog():
        hint = did_you_mean(name, datasets.catalog()) or "'analyze data' lists the bundled sets."
        raise RecordError(f"'{name}' is neither a file nor a bundled data set.", hint)
    entry = datasets.find(name)
    if entry.kind != "records":
        raise RecordError(f"the bundled set '{name}' holds covariates, not scores.", "'analyze data' lists the sets.")
    if constants:
        raise RecordError(f"'{name}' is bundled as it was published: nothing in it can be set.", "Leave --set out.")
    frame = datasets.load(name)
    return Table(frame, Source(name, entry.sha256(), len(frame)))


def _checked(
    found: Read, name: str, mapping: Mapping[str, str], constants: Mapping[str, str], digest: str, scored: bool
) -> Table:
    checked = check_records(found.table, name, mapping, found.first_line, constants, found.points, scored)
    frame, sizes = fill_sizes(checked.frame)
    frame = attach_items(frame)
    return Table(frame, Source(name, digest, len(frame)), (*found.notices, *checked.notices, *sizes), checked.mapping)


def _hash(path: Path) -> str:
    """Of a file, or of all files below a directory with their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    total = hashlib.sha256()
    for file in sorted(path.rglob("*.json")):
        total.update(str(file.relative_to(path)).encode() + file.read_bytes())
    return total.hexdigest()


def _frame_hash(frame: pd.DataFrame) -> str:
    """Of the values as CSV: the same table gives the same hash wherever it comes from."""
    return hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def _looks_like_path(name: str) -> bool:
    return "/" in name or any(suffix in ENDINGS for suffix in Path(name).suffixes)
