"""How the columns of a data set are read: a :class:`Spec`, from the bundled ``specs.toml`` or a user's own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError, unknown_name
from analysis.core.typed import read_typed

from ..kinds.registry import find_kind


@dataclass(frozen=True, slots=True)
class Spec:
    """One data set.

    Attributes
    ----------
    name, kind, metrics, domain, train_language
        As in :class:`~runner.tasks.catalog.TaskCard`; ``train_language`` under the card's codes.
    fields
        Column of each field of the kind; ``choices`` has a list of columns, or one column of lists. For questions,
        ``answer`` and ``start``.
    file
        Name of a TSV (also compressed) or Parquet file.
    hub, commit, config
        Data set on the hub, its commit, and its configuration, where ``{language}`` stands for the code.
    label, labels
        Column of the label, and the names of the classes, where their order matters; else they are sorted.
    id
        Column that names items, alike in all languages.
    language, language_column, language_pattern
        The one language of the data, or the column that says; with a regular expression whose first group says it.
    codes
        Codes for what the data call a language otherwise; for the hub the other way round, as a request needs it.
    split_column, train, validation, test
        Where the split is said, and what it says.
    holdout
        For data without a training split: ``column`` whose values are either trained on or tested on, and the
        ``train_share`` of them.
    languages
        For the hub: test items by language, so that planning needs no download.
    train_examples
        For the hub: examples of the training split.
    train_hub, train_commit, train_config, train_fields
        For the hub: the training data, where they are another data set.
    source, licence
        For the table of tasks.
    """

    name: str
    kind: str
    fields: Mapping[str, Any]
    file: str = ""
    hub: str = ""
    commit: str = ""
    config: str = ""
    label: str = ""
    labels: tuple[str, ...] = ()
    id: str = ""
    language: str = ""
    language_column: str = ""
    language_pattern: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    split_column: str = "split"
    train: str = "train"
    validation: str = ""
    test: str = "test"
    train_language: str = ""
    metrics: tuple[str, ...] = ()
    domain: str = ""
    holdout: Mapping[str, Any] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    train_examples: int = 0
    train_hub: str = ""
    train_commit: str = ""
    train_config: str = ""
    train_fields: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    licence: str = ""

    def columns(self) -> list[str]:
        """All columns of the data that are read."""
        own = [column for value in self.fields.values() for column in ([value] if isinstance(value, str) else value)]
        extra = (self.label, self.id, self.language_column, str(self.holdout.get("column", "")))
        return [*own, *filter(None, extra)]

    def revision(self, data: str) -> str:
        """The revision of data that are read so: ``data`` alone where the package reads them, else with a hash of this.

        Another reading of the same file makes other examples; what the package itself reads changes with its code.
        """
        if bundled_specs().get(self.name) == self:
            return data
        return f"{data} as {hashlib.sha256(repr(self).encode()).hexdigest()[:12]}"


@lru_cache(maxsize=1)
def bundled_specs() -> dict[str, Spec]:
    """The specifications that come with the package, by name."""
    return read_specs(Path(__file__).parent / "specs.toml")


def read_specs(path: Path) -> dict[str, Spec]:
    """Read specifications from TOML, one table each.

    Raises
    ------
    CrossliftError
        If the file is not TOML, or one has an unknown key, kind or metric, or lacks a field of its kind.
    """
    import tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CrossliftError(f"'{path}' is not TOML: {error}.", "docs/tasks.md has an example.") from error
    return {name: _spec(name, entry, path.name) for name, entry in content.items()}


def _spec(name: str, entry: Any, where: str) -> Spec:
    if not isinstance(entry, dict):
        raise CrossliftError(f"'{name}' in {where} is {entry!r}.", "Each task is a table: [NAME].")
    lists = {key: _texts(entry.get(key) or ()) for key in ("metrics", "labels")}
    spec = read_typed(Spec, {"kind": "", "fields": {}, **entry, **lists}, f"of task '{name}' in {where}", name=name)
    kind = find_kind(spec.kind, f"kind of task '{name}'")
    for wanted in kind.required:
        if wanted not in spec.fields:
            raise CrossliftError(f"task '{name}' in {where} names no column for '{wanted}'.", "Add it to 'fields'.")
    if kind.labelled and not spec.label:
        raise CrossliftError(f"task '{name}' in {where} names no column of labels.", "Add 'label = COLUMN'.")
    if not (spec.language or spec.language_column or spec.hub):
        raise CrossliftError(
            f"task '{name}' in {where} does not say its languages.", "Add 'language_column', or 'language'."
        )
    _check_pattern(name, where, spec.language_pattern)
    for metric in spec.metrics:
        if metric not in kind.metrics:
            raise unknown_name(f"metric of {spec.kind}", metric, kind.metrics)
    return replace(spec, metrics=spec.metrics or kind.usual)


def _check_pattern(name: str, where: str, pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise CrossliftError(
            f"'language_pattern' of task '{name}' in {where} is not a regular expression: {error}."
        ) from error
    if pattern and groups != 1:
        raise CrossliftError(
            f"'language_pattern' of task '{name}' in {where} has {groups} groups.",
            "One group in round brackets says the language.",
        )


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
