"""What to run next: the addition that reduces the slope's variance most per hour of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from ...core.errors import CrossliftError
from ...core.typed import check_keys, read_typed
from ...languages import distances as typology
from ...languages.feature_sources import Kind, settle
from ...store.grid import GridFile, as_list, model_name, parse_entry, parse_grid_file, parse_seeds, read_yaml
from .measured_cost import MeasuredCost
from .simulate import slope_variance
from .variances import Components

ADDITIONS = ("language", "seed", "task", "model")
OFFERS = ("languages", "seeds", "targets", "models")
COSTS = ("train", "evaluate", "examples", "intermediate_examples", "items", "params_m")

Positive = Annotated[float, Meta(gt=0.0, description="a positive number")]


@dataclass(frozen=True, slots=True)
class CostModel:
    """GPU-hours of training and evaluating, proportional to parameters times examples.

    ``train`` and ``evaluate`` are hours per billion parameters and thousand examples. The defaults are relative: one
    for a training pass and a third for an evaluation pass (a forward pass is about a third of a forward and backward
    pass), so only ratios of these hours are meaningful.
    """

    train: Positive = 1.0
    evaluate: Positive = 1.0 / 3.0
    examples: Mapping[str, Positive] = field(default_factory=dict)
    intermediate_examples: Positive = 1000.0
    items: Positive = 1000.0
    params_m: Mapping[str, Positive] = field(default_factory=dict)
    measured: bool = False

    @property
    def unit(self) -> str:
        """Unit of the hours."""
        return "GPU-hours" if self.measured else "relative hours"

    @property
    def note(self) -> str:
        """Origin of the costs, if they are not measured."""
        return "" if self.measured else "costs are relative (parameters × examples); --cost FILE or STORE gives hours."

    def fine_tune(self, model: str, task: str) -> float:
        """Hours of one target stage."""
        return self.train * self._billions(model) * self.examples.get(task, 1000.0) / 1000.0

    def intermediate(self, model: str) -> float:
        """Hours of one intermediate stage."""
        return self.train * self._billions(model) * self.intermediate_examples / 1000.0

    def test(self, model: str, task: str) -> float:
        """Hours of scoring one language of one task; all tasks are assumed to cost the same."""
        return self.evaluate * self._billions(model) * self.items / 1000.0

    def _billions(self, model: str) -> float:
        return self.params_m.get(model, 1000.0) / 1000.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """Names that a grid crosses."""

    languages: tuple[str, ...]
    targets: tuple[str, ...]
    models: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One addition: its kind and name, hours, and the slope's standard error before and after it.

    ``per_hour`` is the reduction in variance per hour, in squared points per 0.1 of distance.
    """

    kind: str
    name: str
    hours: float
    std_error_before: float
    std_error_after: float
    per_hour: float


@dataclass(frozen=True, slots=True)
class Following:
    """Candidates for the next addition, best first, and the sequence of additions.

    ``grid`` is the content of a grid file for ``runner plan``: the sweep with all additions.
    """

    ranking: tuple[Step, ...]
    steps: tuple[Step, ...]
    grid: Mapping[str, Any]
    cost: CostModel | MeasuredCost
    notices: tuple[str, ...] = ()


def rank_next(
    grid: Mapping[str, Any],
    offer: Mapping[str, Any],
    components: Components,
    cost: CostModel | MeasuredCost | None = None,
    steps: int = 5,
    budget: float | None = None,
    kind: Kind | None = None,
    source: str = "eng",
) -> Following:
    """Rank possible additions to a sweep, and add the best one ``steps`` times or until ``budget`` hours are used.

    Trained models are kept: a new language is scored by all of them, a new seed retrains every stage, a new task adds
    its target stages, a new model all stages. The variance of the slope is computed for the crossed sweep with known
    variance components.

    Raises
    ------
    CrossliftError
        If the grid does not list its languages, or the offer does not contain anything to add.
    """
    costs = cost or CostModel()
    sweep = _sweep(parse_grid_file(grid))
    offers = _offers(offer, sweep)
    notices = [
        "variances are treated as known, and every language is assumed to be tested in every task.",
        *filter(None, [costs.note]),
    ]
    if isinstance(costs, MeasuredCost):
        notices += costs.stand_ins([*sweep.models, *offers["model"]], [*sweep.targets, *offers["task"]])
    distances = _distances([*sweep.languages, *offers["language"]], source, kind or settle())
    ranking = _ranked(sweep, offers, components, costs, distances)
    made: list[Step] = []
    left = budget
    while len(made) < steps:
        able = [step for step in _ranked(sweep, offers, components, costs, distances)
                if left is None or step.hours <= left]  # fmt: skip
        if not able or not able[0].per_hour > 0:
            break
        best = able[0]
        made.append(best)
        left = None if left is None else left - best.hours
        sweep = _with(sweep, best)
        offers[best.kind] = [name for name in offers[best.kind] if name != best.name]
    return Following(tuple(ranking), tuple(made), _grid(grid, sweep, offer), costs, tuple(notices))


def read_offer(path: str | Path) -> dict[str, Any]:
    """What may be added to a sweep, from YAML with the keys ``OFFERS``."""
    content = read_yaml(Path(path), "file", OFFERS)
    check_keys(content, OFFERS, f"in '{Path(path).name}'")
    return content


def read_cost(path: str | Path) -> CostModel:
    """Costs from YAML; missing values keep their defaults."""
    place = Path(path)
    content = read_yaml(place, "file", COSTS)
    return read_typed(CostModel, content, f"in '{place.name}'", measured="train" in content and "evaluate" in content)


def _sweep(grid: GridFile) -> Sweep:
    if grid.languages is None:
        raise CrossliftError("the grid includes all languages: none can be added.", "List their codes.")
    if len(grid.languages) < 3:
        raise CrossliftError(
            f"the grid has {len(grid.languages)} languages, {len(grid.targets)} targets and {len(grid.models)} models.",
            "Ranking needs at least three languages, a target and a model.",
        )
    return Sweep(
        tuple(map(str, grid.languages)), tuple(entry.name for entry in grid.targets),
        tuple(map(model_name, grid.models)), grid.seeds,
    )  # fmt: skip


def _offers(offer: Mapping[str, Any], sweep: Sweep) -> dict[str, list[str]]:
    check_keys(offer, OFFERS, "in the offer")
    seeds = parse_seeds(offer["seeds"]) if offer.get("seeds") else ()
    named = {
        "language": (map(str, _items(offer.get("languages"))), sweep.languages),
        "seed": (map(str, seeds), tuple(map(str, sweep.seeds))),
        "task": (map(_task_name, _items(offer.get("targets"))), sweep.targets),
        "model": (map(model_name, _items(offer.get("models"))), sweep.models),
    }
    found = {kind: [name for name in names if name not in there] for kind, (names, there) in named.items()}
    if not any(found.values()):
        raise CrossliftError(
            "the offer does not contain anything that is not in the grid.", f"Keys: {', '.join(OFFERS)}."
        )
    return found


def _task_name(item: Any) -> str:
    return parse_entry(item, "targets").name


def _items(value: Any) -> tuple[Any, ...]:
    return () if value is None else as_list(value)


def _distances(codes: Sequence[str], source: str, kind: Kind) -> dict[str, float]:
    table = typology.frame(codes, source, kind.measure, kind.recipe, kind.source_data)
    found = table["distance"].to_numpy(dtype=float)
    lacking = [code for code, value in zip(codes, found, strict=True) if np.isnan(value)]
    if lacking:
        raise CrossliftError(
            f"no {kind.measure} distance in {kind.source.short}: {', '.join(lacking)}.",
            "Leave them out, or use another measure or source.",
        )
    return dict(zip(codes, found.tolist(), strict=True))


def _ranked(
    sweep: Sweep, offers: Mapping[str, Sequence[str]], components: Components, cost: CostModel | MeasuredCost,
    distances: Mapping[str, float],
) -> list[Step]:  # fmt: skip
    before = _variance(sweep, components, distances)
    found = []
    for kind in ADDITIONS:
        # Seeds are interchangeable: the first one offered represents all.
        for name in offers[kind][:1] if kind == "seed" else offers[kind]:
            hours = _hours(sweep, kind, name, cost)
            after = _variance(_with(sweep, kind_step(kind, name)), components, distances)
            found.append(Step(kind, name, hours, before**0.5, after**0.5, (before - after) / hours))
    return sorted(found, key=lambda step: (-step.per_hour, step.kind, step.name))


def kind_step(kind: str, name: str) -> Step:
    """An addition before its effect is computed."""
    return Step(kind, name, 0.0, 0.0, 0.0, 0.0)


def _with(sweep: Sweep, step: Step) -> Sweep:
    return Sweep(
        (*sweep.languages, step.name) if step.kind == "language" else sweep.languages,
        (*sweep.targets, step.name) if step.kind == "task" else sweep.targets,
        (*sweep.models, step.name) if step.kind == "model" else sweep.models,
        (*sweep.seeds, int(step.name)) if step.kind == "seed" else sweep.seeds,
    )


def _variance(sweep: Sweep, components: Components, distances: Mapping[str, float]) -> float:
    x = np.array([distances[code] for code in sweep.languages])
    return slope_variance(x, components, len(sweep.targets), len(sweep.models), len(sweep.seeds))


def _hours(sweep: Sweep, kind: str, name: str, cost: CostModel | MeasuredCost) -> float:
    """Hours including the baseline of every cell: target stages and scores count twice, intermediate stages once."""
    seeds = 1 if kind == "seed" else len(sweep.seeds)
    models = (name,) if kind == "model" else sweep.models
    targets = (name,) if kind == "task" else sweep.targets
    languages = 1 if kind == "language" else len(sweep.languages)
    total = 0.0
    for model in models:
        if kind in ("seed", "model"):
            total += seeds * cost.intermediate(model)
        for task in targets:
            trained = 0.0 if kind == "language" else cost.fine_tune(model, task)
            total += 2.0 * seeds * (trained + languages * cost.test(model, task))
    return total


def _grid(grid: Mapping[str, Any], sweep: Sweep, offer: Mapping[str, Any]) -> dict[str, Any]:
    """The grid with the additions, in the form in which they were offered."""
    result = dict(grid)
    result["languages"], result["seeds"] = list(sweep.languages), list(sweep.seeds)
    for key, names, name in (("targets", sweep.targets, _task_name), ("models", sweep.models, model_name)):
        entries = as_list(grid[key])
        result[key] = [*entries, *(item for item in _items(offer.get(key)) if name(item) in names[len(entries) :])]
    return result
