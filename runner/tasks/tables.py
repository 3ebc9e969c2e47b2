"""Tasks whose data are a local file: tab-separated (also compressed) or Parquet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.core.errors import CrossliftError, did_you_mean

from ..kinds.examples import Examples
from ..kinds.registry import find_kind
from .base import Task
from .catalog import TaskCard
from .rows import label_names, languages_of, make_examples
from .spec import Spec

if TYPE_CHECKING:
    import pandas as pd


@lru_cache(maxsize=64)
def _file_hash(path: Path, size: int, changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file; computed once as long as its size and time stay."""
    facts = path.stat()
    return _file_hash(path.resolve(), facts.st_size, facts.st_mtime_ns)


@dataclass(frozen=True)
class TableTask(Task):
    """A task read from one file."""

    spec: Spec
    path: Path

    @cached_property
    def card(self) -> TaskCard:
        """Counted in the file; ``revision`` is the SHA-256 of the file (and of a specification that is a user's)."""
        spec, table = self.spec, self._table
        tested = table[table["_split"] == spec.test]
        counts = tested["_language"].value_counts().sort_index()
        trained, validation = 0, ""
        if find_kind(spec.kind).trains:
            own = table["_split"][table["_language"] == spec.train_language]
            trained = int((own == spec.train).sum())
            validation = spec.validation if spec.validation and (own == spec.validation).any() else ""
        return TaskCard(
            name=spec.name,
            kind=spec.kind,
            revision=spec.revision(file_hash(self.path)),
            languages={str(code): int(count) for code, count in counts.items()},
            train_language=spec.train_language if trained else "",
            train_examples=trained,
            metrics=spec.metrics,
            domain=spec.domain,
            split=spec.test,
            file=self.path.name,
            rule=spec.rule,
            trains_as=spec.trains_as,
            validation=validation,
        )

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Classes of the training split, then those of test data alone; of all data where nothing is trained on."""
        table = self._table
        rows = table[(table["_split"] == self.spec.train) & (table["_language"] == self.spec.train_language)]
        if not len(rows):
            return label_names(self.spec, table)
        known = label_names(self.spec, rows)
        tested = label_names(self.spec, table[table["_split"] == self.spec.test])
        return (*known, *(label for label in tested if label not in known))

    def validation(self, language: str = "") -> Examples | None:
        """The validation split in a language, by default that of training."""
        if not self.spec.validation:
            return None
        found = self._examples(self.spec.validation, language or self.spec.train_language)
        return found if len(found) else None

    def _train(self) -> Examples:
        return self._examples(self.spec.train, self.spec.train_language)

    def _test(self, language: str) -> Examples:
        return self._examples(self.spec.test, language)

    def _examples(self, split: str, language: str) -> Examples:
        table = self._table
        rows = table[(table["_split"] == split) & (table["_language"] == language)]
        return make_examples(self.spec, rows, self.labels, language)

    @cached_property
    def _table(self) -> pd.DataFrame:
        """The file, with the columns ``_split`` and ``_language`` (the card's code) added."""
        spec = self.spec
        table = read_table(self.path, spec)
        if spec.language_column:
            table["_language"] = languages_of(spec, table).map(lambda code: spec.codes.get(code, code))
        else:
            table["_language"] = spec.language
        if spec.holdout:
            kept = held_in(table[str(spec.holdout["column"])], float(spec.holdout["train_share"]))
            table["_split"] = [spec.train if value else spec.test for value in kept]
        elif spec.split_column in table:
            table["_split"] = table[spec.split_column]
        else:
            table["_split"] = spec.test
        if not (table["_split"] == spec.test).any():
            found = ", ".join(sorted(set(table["_split"]))[:5]) or "none: the file has no rows"
            raise CrossliftError(
                f"'{self.path}' has no rows of the split '{spec.test}'; splits: {found}.", f"'{spec.name}' needs it."
            )
        return table


def held_in(values: pd.Series[str], share: float) -> list[bool]:
    """Whether each row is trained on: the ``share`` of distinct values that come first by hash."""
    names = sorted(set(values), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    chosen = set(names[: round(share * len(names))])
    return [value in chosen for value in values]


def read_table(path: Path, spec: Spec) -> pd.DataFrame:
    """Read a file, all columns as text (Parquet keeps its lists), and check that its columns are there.

    Raises
    ------
    CrossliftError
        If it cannot be read, or lacks a column; the message names the nearest.
    """
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
            for column in table.columns:
                if not len(table) or not hasattr(table[column].iloc[0], "__len__"):
                    table[column] = table[column].astype(str)
        else:
            separator = "," if ".csv" in path.suffixes else "\t"
            table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, quotechar='"')
    except (OSError, ValueError, EOFError) as error:  # what pandas, pyarrow and lzma raise for damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CrossliftError(f"'{path}' cannot be read: {reason}.", "Is it whole?") from error
    for column in spec.columns():
        if column not in table:
            hint = did_you_mean(column, table.columns) or f"Columns: {', '.join(map(str, table.columns))}."
            raise CrossliftError(f"'{path}' has no column '{column}', which task '{spec.name}' reads.", hint)
    return table
