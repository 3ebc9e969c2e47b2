"""Gains of a sweep against typological distance, over either baseline, with and without the phylogenetic kernel."""

from __future__ import annotations

from ...outcomes.build import Options
from ...questions.regression.run import Request, fit_factors
from ..describe import value_table
from ..numbers import Value
from .rows import OVER, Fits, Section, Sweep, basis, short, targets_of

UNIT = "points per 0.1"
_SAME_SLOPE = (
    "training runs do not have a slope of their own, so that intervals leave out how a slope varies between runs."
)


def by_distance(sweep: Sweep) -> Section:
    """Slopes over syntactic distance by target and baseline."""
    fits, values, entries = Fits(), dict[str, Value](), dict[str, tuple[Value, str]]()
    for baseline, over in OVER.items():
        for target in targets_of(sweep.gains[baseline].frame):
            found = fit_factors(
                Request(
                    factors=("typology",),
                    data=sweep.names,
                    kernel="genealogy+geography",
                    options=Options(baseline=baseline, where=f"target_task == '{target}'"),
                )
            )
            answer, words = found.answers[0], f"{target}, over {over}"
            values[f"{target}_{baseline}"] = Value.of(answer, UNIT)
            entries[words] = (
                values[f"{target}_{baseline}"],
                f"{answer.levels} languages, {found.result.n_obs:,} gains",
            )
            if found.related and found.related.answers:
                entries[f"{words}, related languages"] = (
                    Value.of(found.related.answers[0], UNIT),
                    "kernel genealogy+geography",
                )
            fits.add(found.result, f"Distance on {words}", once=False)
    words = "For each 0.1 of syntactic distance the gain changes, in points, " + "; ".join(
        f"on {name.rsplit('_', 1)[0]} by {{sweep_{name}.estimate}} ({{sweep_{name}.interval}}) over "
        f"{OVER[name.rsplit('_', 1)[1]]}"
        for name in values
    )
    fits.health.setdefault(_SAME_SLOPE, []).append("slopes over distance")
    table = value_table(entries, f"{UNIT} of syntactic distance", "Gain against distance")
    shown = {short(name): value for name, (value, _) in entries.items()}
    return Section(
        " ".join([words + ".", *sweep.caveats]), values, table, fits, basis(sweep.gains["plain"].frame), shown
    )
