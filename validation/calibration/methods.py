"""The methods compared, the cells each runs on, and which share a fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import others
import ours
from designs import CELLS, Cell, Layout
from estimate import Estimate
from relations import relatedness

from analysis.core.arrays import Floats

#: Estimates by method of one outcome and the number of its simulation.
Run = Callable[[Floats, int], dict[str, Estimate]]

#: The default method of 'analyze fit' and fit_mixed.
DEFAULT = "satterthwaite"
#: The naive method.
NAIVE = "ols"


@dataclass(frozen=True, slots=True)
class Method:
    """One method for an interval.

    Attributes
    ----------
    name
        Name in tables, files and on the command line.
    meaning
        Description in the table's legend.
    family
        Methods of one family share a fit.
    cells
        Whether it runs on a cell.
    dual
        Whether its interval contains zero exactly when its test does not reject zero.
    """

    name: str
    meaning: str
    family: str
    cells: Callable[[Cell], bool] = lambda cell: True
    dual: bool = True


def _related(cell: Cell) -> bool:
    return cell.related


_DEFAULT_MODEL = "the default model of `analyze fit`"
_KERNEL = f"{_DEFAULT_MODEL} with the true relatedness of languages and independent effects"

_LISTED = (
    Method("ols", "`gain ~ typology` by least squares on all rows", "ols"),
    Method("ols-adjusted", f"`gain ~ {others.ADJUSTED}` by least squares on all rows", "ols-adjusted"),
    Method("ols-clustered", f"`gain ~ {others.ADJUSTED}`, errors clustered by language (CR1, t with languages − 1 df)",
           "ols-clustered"),
    Method("statsmodels-z", f"statsmodels `MixedLM`, `gain ~ {others.ADJUSTED}`, random intercept by language, z",
           "statsmodels-z"),
    Method("normal", f"{_DEFAULT_MODEL}, z", "default"),
    Method("satterthwaite", f"{_DEFAULT_MODEL}, Satterthwaite", "default"),
    Method("kenward-roger", f"{_DEFAULT_MODEL}, Kenward–Roger", "default"),
    Method("kernel-satterthwaite", f"{_KERNEL}, Satterthwaite", "kernel"),
    Method("kernel-kenward-roger", f"{_KERNEL}, Kenward–Roger", "kernel"),
    Method("descent-satterthwaite", f"{_DEFAULT_MODEL} with relatedness by descent alone, Satterthwaite", "descent",
           _related),
    Method("bootstrap-t", f"{_DEFAULT_MODEL}, parametric bootstrap-t with {ours.RESAMPLES} samples", "bootstrap",
           dual=False),
)  # fmt: skip

#: Methods that the installed engine does not offer.
ABSENT = tuple(
    method.name for method in _LISTED if (method.name.endswith("kenward-roger") and not ours.HAS_KENWARD_ROGER)
)
#: Every method that can run, by name.
METHODS: Mapping[str, Method] = {method.name: method for method in _LISTED if method.name not in ABSENT}


def plan(cells: Collection[str] = (), methods: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
    """Methods to run on each cell; everything if nothing is named."""
    return {
        name: tuple(m.name for m in METHODS.values() if m.cells(cell) and (not methods or m.name in methods))
        for name, cell in CELLS.items()
        if not cells or name in cells
    }


def prepare(layout: Layout, names: Collection[str]) -> dict[str, Run]:
    """The function to call for each data set of ``layout``, by family."""
    runs: dict[str, Run] = {}
    for family in dict.fromkeys(METHODS[name].family for name in names):
        wanted = [name for name in names if METHODS[name].family == family]
        runs[family] = _prepare(family, layout, wanted)
    return runs


def _prepare(family: str, layout: Layout, names: list[str]) -> Run:
    single = {
        "ols": others.pooled,
        "ols-adjusted": partial(others.pooled, adjusted=True),
        "ols-clustered": others.clustered,
        "statsmodels-z": others.statsmodels_z,
        "bootstrap": ours.bootstrap,
    }
    if family in single:
        estimate = single[family](layout)
        return lambda y, simulation: {names[0]: estimate(y, simulation)}
    kernels = {
        "default": lambda: None,
        "kernel": lambda: layout.kernel,
        "descent": lambda: relatedness(sorted(layout.frame["language"].unique()), genetic_share=1.0),
    }
    tests = {name: name.removeprefix(f"{family}-") for name in names}
    return ours.mixed(layout, tests, kernels[family]())
