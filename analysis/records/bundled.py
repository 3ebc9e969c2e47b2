"""Bundled data by name, with hash and provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import unknown_name
from ..core.paths import data_directory
from .items_parquet import attach_items
from .schema import FIELDS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class DataSet:
    """One bundled table.

    Attributes
    ----------
    name
        What ``--data`` takes.
    kind
        ``records`` (scores in the record schema) or ``covariates``.
    title, source, grade
        What it is, where it was read, and how (the grades are explained in ``PROVENANCE.md``).
    gains
        True if it holds scores with and without an intermediate stage.
    own
        True for a sweep of the project's own runner: used where it is named, and no part of the published results that
        are the default data.
    apart
        True for a published set that is used where it is named, and no part of the default data: it has a design of
        its own, or repeats runs over seeds, and would outweigh the others.
    traps
        What a user has to know before trusting a figure.
    """

    name: str
    kind: str
    title: str
    source: str
    grade: str
    gains: bool
    own: bool
    apart: bool
    traps: tuple[str, ...]
    path: Path

    def sha256(self) -> str:
        """Hash of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Flag:
    """A defect that rows can be flagged with. ``excluded`` flags keep a row out of every fit unless asked for."""

    name: str
    excluded: bool
    meaning: str


@lru_cache(maxsize=1)
def catalog() -> Mapping[str, DataSet]:
    """All bundled tables by name, in the order of the catalog."""
    import tomllib

    root = data_directory()
    entries = tomllib.loads((root / "catalog.toml").read_text(encoding="utf-8"))["set"]
    return {
        entry["name"]: DataSet(
            name=entry["name"],
            kind=entry["kind"],
            title=entry["title"],
            source=entry["source"],
            grade=entry["grade"],
            gains=entry.get("gains", False),
            own=entry.get("own", False),
            apart=entry.get("apart", False),
            traps=tuple(entry.get("traps", ())),
            path=root
            / ("published" if entry["kind"] == "records" else "covariates")
            / entry.get("file", f"{entry['name']}.csv"),
        )
        for entry in entries
    }


@lru_cache(maxsize=1)
def flags() -> Mapping[str, Flag]:
    """All flags by name."""
    import csv

    with (data_directory() / "published" / "flags.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["flag"]: Flag(row["flag"], row["excluded"] == "yes", row["meaning"]) for row in csv.DictReader(file)
        }


def find(name: str) -> DataSet:
    """The set called ``name``.

    Raises
    ------
    UnknownNameError
        With the nearest names.
    """
    if name not in catalog():
        raise unknown_name("data set", name, catalog())
    return catalog()[name]


def load(name: str) -> pd.DataFrame:
    """Read a bundled set: records with the types of the schema, covariates with theirs as found."""
    import pandas as pd

    entry = find(name)
    if entry.kind == "records":
        types = {item.name: "str" if item.kind == "text" else "float64" for item in FIELDS}
        if entry.path.suffix == ".parquet":
            return attach_items(pd.read_parquet(entry.path).astype(types))
        # only an empty cell is missing: 'nan' is the code of Min Nan
        return pd.read_csv(entry.path, dtype=types, keep_default_na=False, na_values=[""])
    return pd.read_csv(entry.path, keep_default_na=False, na_values=[""])


def record_sets() -> list[DataSet]:
    """Sets that hold records."""
    return [entry for entry in catalog().values() if entry.kind == "records"]


def published_sets() -> list[DataSet]:
    """Sets that hold records of publications, without the project's own sweeps."""
    return [entry for entry in record_sets() if not entry.own]


def default_sets() -> list[DataSet]:
    """Published sets that are read where none is named."""
    return [entry for entry in published_sets() if not entry.apart]


def gain_sets() -> list[DataSet]:
    """Default sets from which gains can be paired: the default data of ``fit``."""
    return [entry for entry in default_sets() if entry.gains]


def default_data(outcome: str) -> list[str]:
    """Names of the sets that an analysis of ``outcome`` reads where none is named."""
    return [entry.name for entry in (gain_sets() if outcome == "gain" else default_sets())]
