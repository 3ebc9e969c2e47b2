"""Tasks whose data are on the hub of Hugging Face, read with ``datasets`` at one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from ..kinds.examples import Examples
from ..kinds.registry import find_kind
from ..models.catalog import COMMIT
from .base import Task
from .catalog import TaskCard
from .rows import label_names, languages_of, make_examples
from .spec import Spec

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class HubTask(Task):
    """A task on the hub. Only the configuration and the split that are asked for are downloaded."""

    spec: Spec

    @cached_property
    def card(self) -> TaskCard:
        """From the specification alone, so that planning downloads nothing; ``revision`` names the commits."""
        return hub_card(self.spec)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Classes as the specification names them, else as the training data do."""
        if self.spec.labels or not self.spec.label:
            return self.spec.labels
        spec = self._training
        language = spec.train_language or next(iter(spec.languages))
        rows, named = self._rows(spec, spec.train if spec.train_language else spec.test, language)
        return named or label_names(spec, rows)

    def validation(self, language: str = "") -> Examples | None:
        """The validation split in a language, by default that of training."""
        spec = self.spec if language else self._training
        return self._examples(spec, spec.validation, language or spec.train_language) if spec.validation else None

    def _train(self) -> Examples:
        spec = self._training
        return self._examples(spec, spec.train, spec.train_language)

    def _test(self, language: str) -> Examples:
        return self._examples(self.spec, self.spec.test, language)

    @cached_property
    def _training(self) -> Spec:
        """The specification of the training data, which may be another data set."""
        spec = self.spec
        if not spec.train_hub:
            return spec
        fields = spec.train_fields or spec.fields
        return replace(
            spec, hub=spec.train_hub, commit=spec.train_commit, config=spec.train_config, fields=fields,
            language_column="",
        )  # fmt: skip

    def _examples(self, spec: Spec, split: str, language: str) -> Examples:
        rows, _ = self._rows(spec, split, language)
        return make_examples(spec, rows, self.labels, language)

    def _rows(self, spec: Spec, split: str, language: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
        name = spec.codes.get(language, language)
        rows, labels = load_rows(spec, spec.config.format(language=name), split)
        if spec.language_column:
            rows = in_language(spec, rows, name)
        return rows, labels


def hub_card(spec: Spec) -> TaskCard:
    """The card of a task on the hub.

    Raises
    ------
    CrossliftError
        If its specification pins no commit, or does not say which languages it is tested in.
    """
    pins = []
    for name, commit in ((spec.hub, spec.commit), (spec.train_hub, spec.train_commit)):
        if name and not COMMIT.fullmatch(commit):
            raise CrossliftError(
                f"'{spec.name}' pins no commit of '{name}'.", "Add its 40 digits: what a name alone means may change."
            )
        pins += [f"{name}@{commit}"] if name else []
    if not spec.languages:
        raise CrossliftError(
            f"'{spec.name}' does not say what it is tested in.", "Add [NAME.languages] with the test items by language."
        )
    trained = spec.train_examples if find_kind(spec.kind).trains else 0
    return TaskCard(
        name=spec.name,
        kind=spec.kind,
        revision=spec.revision(" + ".join(pins)),
        languages=dict(spec.languages),
        train_language=spec.train_language if trained else "",
        train_examples=trained,
        metrics=spec.metrics,
        domain=spec.domain,
        split=spec.test,
        rule=spec.rule,
        trains_as=spec.trains_as,
        validation=spec.validation,
    )


def in_language(spec: Spec, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of one language, where a split holds several.

    Raises
    ------
    CrossliftError
        If there are none; it names the languages that there are.
    """
    said = languages_of(spec, rows)
    found = rows[said == name].reset_index(drop=True)
    if found.empty:
        known = sorted(said.unique())
        raise CrossliftError(
            f"'{spec.hub}' has no row of '{name}', which task '{spec.name}' asks for.",
            f"Column '{spec.language_column}' says: {', '.join(known[:20])}.",
        )
    return found


def load_rows(spec: Spec, config: str, split: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One split of one configuration as a table, class numbers replaced by names, and those names in their order.

    Raises
    ------
    CrossliftError
        If ``datasets`` is not installed, the data set cannot be had, or lacks a column.
    """
    try:
        import datasets
    except ImportError as error:
        raise CrossliftError(
            f"'{spec.name}' is on the hub, which needs the package datasets.", "pip install 'crosslift[runner]'."
        ) from error
    local = Path(spec.hub).is_dir()
    datasets.disable_progress_bars()  # the sweep has its own
    datasets.logging.set_verbosity_error()  # users need not hear that a commit comes from the cache
    try:
        found = datasets.load_dataset(
            spec.hub, config or None, split=split, revision=None if local else spec.commit
        ).flatten()
    except (OSError, ValueError, RuntimeError) as error:  # what datasets raises offline, or for an unknown split
        raise CrossliftError(
            f"'{spec.name}': split '{split}' of '{spec.hub}' ({config or 'default'}, commit {spec.commit[:12]}) "
            f"cannot be loaded: {str(error).splitlines()[0].rstrip('.')}.",
            "The hub has to be reachable, or the data set in its cache.",
        ) from error
    for column in spec.columns():
        if column not in found.column_names:
            raise CrossliftError(
                f"'{spec.hub}' has no column '{column}', which task '{spec.name}' reads.",
                f"Columns: {', '.join(found.column_names)}.",
            )
    by_name = spec.label and not find_kind(spec.kind).label_is_position
    named = _class_names(found.features[spec.label]) if by_name else ()
    rows = found.select_columns(list(dict.fromkeys(spec.columns()))).to_pandas()
    if named:
        rows[spec.label] = [_named(value, named) for value in rows[spec.label]]
    return rows, tuple(named)


def _named(value: Any, names: Sequence[str]) -> Any:
    if hasattr(value, "__len__"):
        return [names[int(item)] for item in value]
    return names[int(value)] if value >= 0 else "no label"


def _class_names(feature: Any) -> tuple[str, ...]:
    inner = getattr(feature, "feature", feature)
    return tuple(getattr(inner, "names", None) or ())
