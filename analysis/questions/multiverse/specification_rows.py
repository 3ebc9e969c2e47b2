"""Rows of a specification as arrays: the rows, outcome, distance and model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...core.arrays import Booleans, Floats, Integers
from ...core.errors import CrossliftError, DesignError, unknown_name
from ...core.levels import compact, pairs
from ...languages import distances as typology
from ...languages.feature_sources import DEFAULT, FEATURELESS, Kind, settle
from ...languages.kernels import DEFAULT as KERNEL
from ...languages.kernels import language_kernel
from ...mixed.model.level_covariance import square_root
from ...outcomes.default_model import FACTORS, DefaultModel, model_of

if TYPE_CHECKING:
    import pandas as pd

#: Fewest languages for a slope over them.
FEWEST_LANGUAGES = 5
#: Smallest share of observed features by option of ``coverage``.
SHARES = {"any": 0.0, "half": 0.5, "most": 0.75}
#: Number of sets of languages whose kernels are cached.
ROOTS = 100
#: Scores are moved at least this far from 0 and 100, where the logit is infinite.
CLIP = 0.5
UNITS = {
    "points": "points",
    "adjusted": "points",
    "logit": "log odds",
    "error": "percent of the remaining errors",
    "standardized": "standard deviations within a task",
}
STEP = 0.1


@dataclass(frozen=True, slots=True)
class Model:
    """Fixed factors, covariates, grouping factors, and the factor by which the slope varies."""

    factors: tuple[str, ...]
    covariates: tuple[str, ...]
    groups: tuple[str, ...]
    slope: str

    @property
    def text(self) -> str:
        """The formula in lme4's notation; ``outcome`` and ``typology`` stand for the chosen ones."""
        left = " + ".join(["typology", *self.covariates, *self.factors])
        slope = f" + (0 + typology|{self.slope})" if self.slope else ""
        return f"outcome ~ {left}" + "".join(f" + (1|{group})" for group in self.groups) + slope


@dataclass(frozen=True, slots=True)
class SpecRows:
    """The rows of one specification: positions in the table, and the model to fit."""

    kept: Booleans
    outcome: str
    x: Floats
    model: Model
    kernel: bool


@dataclass
class Table:
    """All rows that any specification may use, with the columns that choices need.

    Attributes
    ----------
    frame
        Outcomes with their factors; the source language may be among them.
    outcome
        ``gain``, ``gap`` or ``score``.
    source
        Source language of the distances.
    moderators
        Columns in every model, in addition to the distance.
    own
        Columns that are measures of distance besides the typological ones.
    factor
        A column of ``own`` that stands in the place of distance; empty if distance is asked about.
    """

    frame: pd.DataFrame
    outcome: str
    source: str = "eng"
    moderators: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    factor: str = ""
    languages: list[str] = field(init=False)
    codes: Integers = field(init=False)
    _distances: dict[Kind, tuple[Floats, Floats]] = field(init=False, default_factory=dict)
    _outcomes: dict[str, Floats] = field(init=False, default_factory=dict)
    _said: dict[tuple[str, str], Booleans] = field(init=False, default_factory=dict)
    _stated: dict[str, Booleans] = field(init=False, default_factory=dict)
    _defaults: dict[bytes, DefaultModel] = field(init=False, default_factory=dict)
    _models: dict[bytes, Model] = field(init=False, default_factory=dict)
    _factors: dict[str, Integers] = field(init=False, default_factory=dict)
    _columns: dict[str, NDArray[Any]] = field(init=False, default_factory=dict)
    _levels: dict[str, Integers] = field(init=False)
    _kernel: Floats | None = field(init=False, default=None)
    _roots: dict[bytes, Floats] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        names, self.codes = np.unique(self.frame["language"].astype(str).to_numpy(), return_inverse=True)
        self.languages = names.tolist()
        there = [name for name in FACTORS if name in self.frame.columns]
        self._levels = {name: self.frame[name].factorize()[0] for name in there}
        for name in self.moderators:
            if name not in self.frame.columns:
                raise unknown_name("column", name, map(str, self.frame.columns))

    def specify(self, options: Mapping[str, str]) -> SpecRows:
        """Rows and model of a specification; a choice that is not given takes its default.

        Raises
        ------
        CrossliftError
            If too few languages remain.
        """
        measure, recipe = options.get("measure", self.factor or "syntactic"), options.get("recipe", "knn")
        distance, share = self.distance(measure, recipe, options.get("features", DEFAULT))
        kept = ~np.isnan(distance)
        least = SHARES[options.get("coverage", "any")]
        if least:
            kept &= share >= least
        for name, column in (("studies", "study"), ("tasks", "target_task")):
            words = options.get(name, "all")
            if words != "all":
                kept &= ~self.said(column, words.removeprefix("without "))
        if options.get("source", "without") == "without":
            kept &= ~self.said("language", self.source)
        if options.get("training", "any") == "source":
            kept &= self.said("intermediate_language", self.source)
        covariates = list(self.moderators)
        covariate = {"corpus": "log_corpus", "typology": "typology"}.get(options.get("covariate", "none"))
        if covariate and covariate not in covariates:
            covariates.append(covariate)
        outcome = options.get("outcome", "points")
        if outcome == "adjusted":
            covariates.append("score_without")
        for name in covariates:
            kept &= self.stated(name)
        kept &= ~np.isnan(self.values(outcome))
        left = len(np.unique(self.codes[kept]))
        if left < FEWEST_LANGUAGES:
            raise DesignError(f"fewer than {FEWEST_LANGUAGES} languages remain.")
        model = self._model(kept, tuple(covariates), options.get("effects", "cells"))
        return SpecRows(kept, outcome, distance, model, options.get("kernel", "none") == "related")

    def said(self, column: str, value: str) -> Booleans:
        """Rows in which a column has a value."""
        if (column, value) not in self._said:
            same = (self.frame[column] == value).fillna(False)
            self._said[column, value] = same.to_numpy(dtype=bool)
        return self._said[column, value]

    def stated(self, column: str) -> Booleans:
        """Rows in which a column is not missing."""
        if column not in self._stated:
            self._stated[column] = self.frame[column].notna().to_numpy()
        return self._stated[column]

    def distance(self, measure: str, recipe: str, features: str = DEFAULT) -> tuple[Floats, Floats]:
        """Distance of each row's language and the share of its features that are observed.

        Sources that impute nothing, and measures without features, have no choice of recipe.
        """
        if measure in self.own:
            return self.frame[measure].to_numpy(dtype=float), np.ones(len(self.frame))
        kind = settle(measure, recipe if features == DEFAULT and measure not in FEATURELESS else None, features)
        if kind not in self._distances:
            found = typology.frame(self.languages, self.source, kind.measure, kind.recipe, kind.source_data)
            # A measure without features has nothing to impute.
            share = found["observed_share"].astype(float).fillna(1.0).to_numpy()
            distance = found["distance"].to_numpy(dtype=float)
            self._distances[kind] = distance[self.codes], share[self.codes]
        return self._distances[kind]

    def values(self, outcome: str) -> Floats:
        """The outcome in the unit of an option of the choice ``outcome``, shape ``(rows,)``."""
        if outcome not in self._outcomes:
            self._outcomes[outcome] = self._values(outcome)
        return self._outcomes[outcome]

    def _values(self, outcome: str) -> Floats:
        points = self.frame[self.outcome].to_numpy(dtype=float)
        if outcome == "points":
            return points
        if outcome == "standardized":
            spread = self.frame.groupby("target_task")[self.outcome].transform("std").to_numpy(dtype=float)
            return np.where(spread > 0, points / np.where(spread > 0, spread, 1.0), np.nan)
        if self.outcome == "score":
            return _logit(points)
        after = self.frame["score_with"].to_numpy(dtype=float)
        before = self.frame["score_without"].to_numpy(dtype=float)
        if outcome == "adjusted":
            return after
        if outcome == "logit":
            return _logit(after) - _logit(before)
        return np.where(
            before < 100.0, 100.0 * (after - before) / np.where(before < 100.0, 100.0 - before, 1.0), np.nan
        )

    def _model(self, kept: Booleans, covariates: tuple[str, ...], effects: str) -> Model:
        """The default model of these rows, with the requested random effects.

        It does not depend on the distance, so specifications on the same rows have the same model.
        """
        rows = kept.tobytes() + "|".join(covariates).encode()
        key = rows + f"|{effects}".encode()
        if key not in self._models:
            if rows not in self._defaults:
                levels = {name: codes[kept] for name, codes in self._levels.items()}
                columns = partial(self.fixed_columns, covariates, kept)
                self._defaults[rows] = model_of(levels, self.outcome, covariates, columns)
            default = self._defaults[rows]
            factors, groups, slope = default.factors, default.groups, ""
            if effects == "crossed":
                groups = tuple(group for group in groups if ":" not in group)
            elif effects == "slopes":
                slope = next((name for name in ("target_task", "model") if name in groups), "")
                if not slope:
                    raise DesignError("no factor has three levels by which the slope could vary.")
            if "language" not in groups:
                raise DesignError("there are too few languages to estimate a variance between them.")
            self._models[key] = Model(factors, covariates, groups, slope)
        return self._models[key]

    def group(self, name: str, kept: Booleans) -> tuple[Integers, int]:
        """Levels of a grouping factor, or of the cells of two, on the rows kept."""
        first, *others = (self._factor(part)[kept] for part in name.split(":"))
        for other in others:
            first = pairs(first, other)
        return compact(first)

    def _factor(self, name: str) -> Integers:
        """Code of each row's level, in sorted order; a missing value is a level too."""
        if name not in self._factors:
            self._factors[name] = np.unique(self.frame[name].astype(str).to_numpy(), return_inverse=True)[1]
        return self._factors[name]

    def fixed_columns(self, covariates: tuple[str, ...], kept: Booleans) -> Floats:
        """Intercept and covariates of the rows kept, with indicators for all levels but the first if they are names."""
        parts: list[Floats] = [np.ones(int(kept.sum()))]
        for name in covariates:
            if name not in self._columns:
                self._columns[name] = self.frame[name].to_numpy()
            own = self._columns[name]
            parts += [own[kept].astype(float)] if own.dtype.kind in "iuf" else indicators(*self.group(name, kept))
        return np.column_stack(parts)

    def kernel(self, languages: Integers) -> Floats:
        """Covariance between some languages, scaled over all languages, shape ``(L, L)``."""
        if self._kernel is None:
            self._kernel = language_kernel(self.languages, KERNEL, missing="independent").matrix.to_numpy()
        return self._kernel[np.ix_(languages, languages)]

    def kernel_root(self, languages: Integers) -> Floats:
        """A square root of the kernel, cached."""
        key = languages.tobytes()
        if key not in self._roots:
            if len(self._roots) >= ROOTS:
                self._roots.pop(next(iter(self._roots)))
            labels = [self.languages[i] for i in languages]
            self._roots[key] = square_root(self.kernel(languages), "language", labels)
        return self._roots[key]


def check_moderators(moderators: tuple[str, ...]) -> None:
    """Refuse moderators that are the distance itself."""
    for name in moderators:
        if name == "typology" or not name.isidentifier():
            raise CrossliftError(
                f"the moderator '{name}' is not a column besides the distance.", "Name columns, such as log_params."
            )


def indicators(codes: Integers, count: int) -> list[Floats]:
    """One column per level except the first."""
    return [(codes == j).astype(float) for j in range(1, count)]


def _logit(score: Floats) -> Floats:
    clipped = np.clip(score, CLIP, 100.0 - CLIP)
    return np.log(clipped / (100.0 - clipped))
