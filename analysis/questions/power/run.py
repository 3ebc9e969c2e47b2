"""From a design and variances to an answer: the whole of ``analyze power`` as one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ...core.draws import check_counts
from ...core.errors import CrossliftError
from ...core.jsonable import dropped_rows
from ...core.text import count, number
from ...languages.codes import resolve
from ...languages.feature_sources import DEFAULT, Kind
from ...mixed import fit_mixed
from ...outcomes.build import Options, read_outcome
from ...outcomes.default_model import default_model
from ...records.read import Source
from .design import PowerDesign, pick_languages
from .simulate import ALPHA, Simulated, balanced_power, simulate, slope_variance
from .variances import COMPONENTS, Components, fitted_components, state_components

if TYPE_CHECKING:
    import pandas as pd

#: Relative difference up to which an effect counts as the fitted one, rounded.
OBSERVED = 0.02
#: Power that defines the minimum detectable effect.
TARGET = 0.8


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """The design, effect and variances of a power analysis.

    Attributes
    ----------
    effect
        True slope in points per 0.1 of distance; ``None`` for the minimum detectable effect only.
    vary
        A factor of the design and its values.
    stated
        Variance components as ``NAME=VARIANCE``, in squared points.
    fit
        Whether variance components that are not given are estimated from the data.
    """

    design: PowerDesign = field(default_factory=lambda: PowerDesign(25, 6, 7))
    effect: float | None = None
    vary: tuple[str, tuple[int, ...]] | None = None
    stated: tuple[str, ...] = ()
    fit: bool = True
    data: tuple[str | pd.DataFrame, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    draws: int = 1000
    target: float = TARGET
    seed: int = 1


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """One design: power at the effect with its Monte Carlo standard error, and the minimum detectable effect.

    ``balanced_power`` is the closed form with ``languages - 2`` degrees of freedom.
    """

    languages: int
    tasks: int
    models: int
    seeds: int
    gains: int
    power: float | None
    power_se: float | None
    balanced_power: float | None
    detectable: float
    std_error: float
    df: float
    simulations: int
    failed: int
    singular: int


@dataclass(frozen=True, slots=True)
class Power:
    """Power of one design, or of several that differ in one factor."""

    request: PowerRequest
    components: Components
    points: tuple[PowerPoint, ...]
    formula: str
    languages: tuple[str, ...]
    new_languages: int
    fitted_effect: float | None
    sources: tuple[Source, ...]
    dropped: tuple[tuple[str, int], ...]
    notices: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per design."""
        import pandas as pd

        return pd.DataFrame([asdict(point) for point in self.points])

    @property
    def answer(self) -> list[str]:
        """The results in sentences."""
        lines = []
        factor = self.request.vary[0] if self.request.vary else None
        for point in self.points if len(self.points) == 1 else (self.points[0], self.points[-1]):
            design = PowerDesign(point.languages, point.tasks, point.models, point.seeds)
            line = f"{design.words} ({count(point.gains)} gains) detect "
            line += f"{number(point.detectable, 2)} points per 0.1 of distance with {self.request.target:.0%} power"
            if point.power is not None and point.power_se is not None:
                line += f"; a true effect of {number(self.request.effect, 2)} is found in {point.power:.0%} of sweeps "
                line += f"(Monte Carlo standard error {point.power_se:.1%})"
            lines.append(line + ".")
        enough = [point for point in self.points if point.power is not None and point.power >= self.request.target]
        if factor and self.request.effect is not None:
            if enough:
                first = min(getattr(point, factor) for point in enough)
                lines.append(f"The first of these designs with {self.request.target:.0%} power has {first} {factor}.")
            else:
                lines.append(
                    f"None of these designs has {self.request.target:.0%} power; more {factor} alone may not be enough."
                )
        return lines

    @property
    def warnings(self) -> tuple[str, ...]:
        """Caveats of the results."""
        lines = []
        if self.fitted_effect is not None and self.request.effect is not None:
            gap = abs(self.request.effect - self.fitted_effect)
            if gap <= OBSERVED * abs(self.fitted_effect):
                lines.append(
                    f"the effect is the estimate from the same data ({number(self.fitted_effect, 2)}): "
                    "observed power only restates its p-value and says nothing about these data, and an "
                    "estimate that was selected for being significant is too large. Use the smallest effect that "
                    "would matter."
                )
        failed = sum(point.failed for point in self.points)
        if failed:
            total = failed + sum(point.simulations for point in self.points)
            lines.append(f"{count(failed)} of {count(total)} simulated sweeps did not converge and are not counted.")
        if self.components["cell"] == 0 and any(point.seeds > 1 for point in self.points):
            lines.append(
                "seeds are assumed to average out the whole residual: the part that they do not (component 'cell') is "
                "not known from data without repeated seeds. The power of designs with more seeds is an upper bound; "
                "state --component cell=VARIANCE."
            )
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """The JSON contract of ``power``."""
        return {
            "command": "power",
            "effect": self.request.effect,
            "alpha": ALPHA,
            "target": self.request.target,
            "formula": self.formula,
            "df_method": "satterthwaite",
            "components": [
                {"component": name, "variance": self.components[name], "origin": self.components.origin[name]}
                for name in COMPONENTS
            ],
            "vary": self.request.vary[0] if self.request.vary else None,
            "rows": [asdict(point) for point in self.points],
            "languages": list(self.languages),
            "new_languages": self.new_languages,
            "fitted_effect": self.fitted_effect,
            "draws": self.request.draws,
            "seed": self.request.seed,
            "answer": self.answer,
            "warnings": list(self.warnings),
            "notices": list(self.notices),
            "dropped": dropped_rows(self.dropped),
            "data": [asdict(source) for source in self.sources],
        }


@dataclass(frozen=True, slots=True)
class Basis:
    """Variance components with their origin, and the languages in use."""

    components: Components
    used: tuple[str, ...]
    effect: float | None
    sources: tuple[Source, ...]
    dropped: tuple[tuple[str, int], ...]
    notices: tuple[str, ...]


def run_power(request: PowerRequest, report: Callable[[str], None] | None = None) -> Power:
    """Estimate or read variance components, simulate each design, and find its power and detectable effect.

    Raises
    ------
    CrossliftError
        If the input cannot be used.
    """
    say = report or (lambda words: None)
    check_counts({"--simulations": request.draws})
    if not 0.0 < request.target < 1.0 or request.target <= ALPHA:
        raise CrossliftError(f"a target power must lie between {ALPHA} and 1, not {request.target}.")
    designs = _designs(request)
    basis = find_basis(request, say)
    most = max(design.languages for design in designs)
    options = request.options
    source = resolve(options.source).iso
    codes, distances = pick_languages(basis.used, most, source, options.kind, request.seed)
    points, formula = [], ""
    for design in designs:
        own = distances[: design.languages]

        def told(done: int, words: str = design.words) -> None:
            say(f"simulating {words}: {done:,} of {request.draws:,}")

        found = simulate(design, own, basis.components, request.draws, request.seed, told)
        points.append(_point(found, own, basis.components, request))
        formula = found.formula
    new = len(set(codes) - set(basis.used))
    return Power(request, basis.components, tuple(points), formula, codes, new, basis.effect, basis.sources,
                 basis.dropped, (*basis.notices, *_about(codes, new, options.kind)))  # fmt: skip


def find_basis(request: PowerRequest, say: Callable[[str], None]) -> Basis:
    """Variance components of the default model on the data, overridden by those given."""
    if not request.fit:
        return Basis(state_components(None, request.stated), (), None, (), (), ())
    read, outcome = read_outcome(request.data, request.mapping, request.options, say)
    options = outcome.options
    say("fitting")
    model = default_model(outcome.frame, options.outcome, ["typology"])
    result = fit_mixed(model.formula, outcome.frame)
    slope = result.coefficients[result.names.index("typology")]
    used = tuple(sorted(outcome.frame.loc[result.design.kept, "language"].astype(str).unique()))
    return Basis(
        state_components(fitted_components(result), request.stated), used, 0.1 * float(slope), read.sources,
        (*outcome.dropped, *result.dropped), (*read.notices, *outcome.notices, *model.notices),
    )  # fmt: skip


def _designs(request: PowerRequest) -> list[PowerDesign]:
    if request.vary is None:
        return [request.design]
    factor, values = request.vary
    return [request.design.vary(factor, value) for value in values]


def _point(found: Simulated, distances: Any, components: Components, request: PowerRequest) -> PowerPoint:
    design = found.design
    power = se = closed = None
    if request.effect is not None:
        power, se = found.power(request.effect)
        variance = slope_variance(distances, components, design.tasks, design.models, design.seeds)
        closed = balanced_power(request.effect, variance, design.languages)
    middle = sorted(found.df.tolist())[len(found.df) // 2]
    return PowerPoint(
        design.languages, design.tasks, design.models, design.seeds, design.rows, power, se, closed,
        found.detectable(request.target), float(found.error.std(ddof=1)), middle, len(found.error), found.failed,
        found.singular,
    )  # fmt: skip


def _about(codes: Sequence[str], new: int, kind: Kind) -> tuple[str, ...]:
    if not new:
        return (f"distances are of {len(codes)} languages of the data.",)
    among = (
        f"at least half of the {kind.measure} features are observed"
        if kind.source_data == DEFAULT
        else f"the {kind.measure} distance rests on enough shared features"
    )
    return (
        f"{new} of {len(codes)} languages are drawn from {kind.source.short}, among those not in the data of which "
        f"{among}.",
    )
