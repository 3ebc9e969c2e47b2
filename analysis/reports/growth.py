"""How a gain grows with model size: every model counted once, near and distant languages, two mixtures, the floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from ..core.confidence import ALPHA
from ..core.errors import CrossliftError
from ..core.text import Table, count, number
from ..mixed import MixedResult, fit_mixed
from ..outcomes.covariates import CORPORA, FAMILY_CORPUS, corpus_sizes
from .numbers import Value

if TYPE_CHECKING:
    import pandas as pd

#: With fewer models a slope over size does not leave a degree of freedom.
FEWEST_MODELS = 3
#: Languages are near and distant at these quantiles of distance.
NEAR, FAR = 0.25, 0.75
_CELL = ("language", "target_task", "condition")
_STEP = "points per doubling"


@dataclass(frozen=True, slots=True)
class Rows:
    """What :func:`size_rows` chose, and what it left out."""

    mixture: str
    dropped: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """Slopes over size, in points per doubling, at two distances and their change per 0.1 of distance."""

    near: Value
    far: Value
    interaction: Value
    distances: tuple[float, float]
    result: MixedResult


@dataclass(frozen=True, slots=True)
class Paired:
    """Growth between the smallest and the largest model that had one mixture, per doubling.

    ``mean`` is that of a language at average distance, ``slope`` its change per 0.1 of distance.
    """

    mean: Value
    slope: Value
    sizes: str
    models: tuple[str, str]
    languages: int
    result: MixedResult


@dataclass(frozen=True, slots=True)
class Seen:
    """Terms of a model with membership of the pretraining corpus, and a sentence."""

    rows: dict[str, tuple[Value, str]]
    title: str
    words: str


def size_rows(gains: pd.DataFrame, family: str | None = None) -> tuple[pd.DataFrame, Rows]:
    """Rows whose model has a size, of one family where one is named, and the intermediate stage with the most sizes.

    Raises
    ------
    CrossliftError
        If no stage was used at ``FEWEST_MODELS`` sizes.
    """
    dropped = []
    frame = gains
    if family is not None:
        other = int((frame["family"] != family).sum())
        if other:
            dropped.append((f"model of another family than {family}", other))
        frame = frame[frame["family"] == family]
    unknown = int(frame["log_params"].isna().sum())
    if unknown:
        dropped.append(("size of the model not stated", unknown))
    frame = frame.dropna(subset=["log_params", "typology"])
    sizes = frame.groupby("intermediate_task")["log_params"].nunique().sort_index()
    if sizes.empty or sizes.max() < FEWEST_MODELS:
        raise CrossliftError(
            f"no intermediate stage was used at {FEWEST_MODELS} model sizes or more: a slope over size needs them.",
            "Give results of more sizes, with params_m.",
        )
    return frame, Rows(str(sizes.idxmax()), tuple(dropped))


def between_models(rows: pd.DataFrame, outcome: str = "gain") -> Value:
    """Least squares of the models' means over the cells that all of them share, with a t interval.

    Every model is one observation, so that degrees of freedom are models minus two: exact for balanced cells, whatever
    varies between languages and tasks.
    """
    cells = rows.pivot_table(index=list(_known(rows)), columns="model", values=outcome).dropna()
    if cells.empty:
        raise CrossliftError("no cell of language and task was scored for every model.", "Fit the mixed model instead.")
    x = rows.groupby("model")["log_params"].first().reindex(cells.columns).to_numpy(dtype=float)
    y = cells.mean().to_numpy(dtype=float)
    df = len(x) - 2
    if df < 1:
        raise CrossliftError(f"a slope over {len(x)} models does not leave a degree of freedom.", "Give more sizes.")
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    residual = y - y.mean() - slope * centred
    error = float(np.sqrt(residual @ residual / df / (centred @ centred)))
    half = float(student.ppf(0.975, df)) * error
    p = 2 * float(student.sf(abs(slope / error), df)) if error > 0 else 0.0
    return Value(slope, slope - half, slope + half, 2, _STEP, float(df), p)


def growth_formula(rows: pd.DataFrame, outcome: str = "gain") -> str:
    """Size by distance, with slopes over size that vary between languages, tasks and their cells."""
    terms = ["(1 + log_params||language)"]
    if rows["target_task"].nunique() >= FEWEST_MODELS:
        terms += ["(1 + log_params||target_task)", "(1|language:target_task)"]
        if rows["model"].nunique() >= FEWEST_MODELS:
            terms.append("(1|model:target_task)")
    if rows["model"].nunique() >= FEWEST_MODELS:
        terms.append("(1|model)")
    return f"{outcome} ~ log_params*typology + " + " + ".join(terms)


def growth(rows: pd.DataFrame, outcome: str = "gain") -> Growth:
    """Fit :func:`growth_formula` and read off the slopes at the quartiles of the languages' distances."""
    result = fit_mixed(growth_formula(rows, outcome), rows)
    languages = rows.groupby("language")["typology"].first()
    near, far = (float(languages.quantile(q)) for q in (NEAR, FAR))
    size, both = result.names.index("log_params"), result.names.index("log_params:typology")
    weights = np.zeros((3, len(result.names)))
    weights[:2, size] = 1.0
    weights[0, both], weights[1, both], weights[2, both] = near, far, 0.1
    values = [Value.of_row(row, _STEP) for row in result.contrast(weights).to_dict("records")]
    return Growth(values[0], values[1], values[2], (near, far), result)


def floor_table(rows: pd.DataFrame) -> tuple[Table, str]:
    """The slope over size under three readings of a baseline at chance, with a sentence that sums them up."""
    readings = {
        "every cell, gain": (rows, "gain"),
        "baseline above chance only, gain": (rows[rows["floor"] == "above chance"], "gain"),
        "every cell, tuned score": (rows, "score_with"),
        "every cell, baseline": (rows, "score_without"),
    }
    body: list[tuple[str, ...]] = []
    values: dict[str, Value] = {}
    for name, (used, outcome) in readings.items():
        about = (f"{count(len(used))}", str(used["language"].nunique()), str(used["model"].nunique()))
        try:
            value, how = _slope(used, outcome)
        except CrossliftError as error:
            body.append((name, "–", "–", "–", "–", *about, error.message))
            continue
        values[name] = value
        body.append((name, *(value.part(part) for part in ("estimate", "low", "high", "df")), *about, how))
    heads = ("reading", _STEP, "95% low", "95% high", "df", "rows", "languages", "models", "how")
    return Table(heads, tuple(body), "Growth with size under three readings of the floor"), _reading(values, rows)


def _slope(rows: pd.DataFrame, outcome: str) -> tuple[Value, str]:
    """Each model once where all share cells, else a mixed model with crossed intercepts."""
    cells = rows.pivot_table(index=list(_known(rows)), columns="model", values=outcome).dropna()
    if len(cells) >= FEWEST_MODELS and rows["model"].nunique() >= FEWEST_MODELS:
        return between_models(rows, outcome), "models counted once"
    groups = [
        name for name in ("language", "target_task", "model") if FEWEST_MODELS <= rows[name].nunique() < len(rows)
    ]
    if not groups or len(rows) < 10:
        raise CrossliftError(f"{len(rows)} rows are too few for a slope.")
    result = fit_mixed(f"{outcome} ~ log_params + " + " + ".join(f"(1|{name})" for name in groups), rows)
    row = result.fixed.set_index("term").loc["log_params"]
    return Value.of_row(row.to_dict(), _STEP), "mixed model"


def _reading(values: dict[str, Value], rows: pd.DataFrame) -> str:
    baseline, above = values.get("every cell, baseline"), values.get("baseline above chance only, gain")
    parts = []
    if baseline is not None:
        moved = "moves" if baseline.settled else "does not move clearly"
        parts.append(f"The baseline itself {moved} with size: {baseline.text()}.")
    known, passed = int((rows["floor"] != "unknown").sum()), int((rows["floor"] == "above chance").sum())
    if known:
        expected = ALPHA * known
        rest = "so that most of them may be chance" if passed < 2 * expected else "so that most of them are not chance"
        parts.append(
            f"{count(passed)} of {count(known)} cells have a baseline above chance, where guessing alone would give "
            f"{number(expected, 0)}, {rest}."
        )
    if above is None:
        parts.append("Too few baselines are above chance for a slope of their own.")
    elif above.settled:
        parts.append("Where the baseline is above chance the lift still changes with size.")
    else:
        parts.append("Where the baseline is above chance the data do not settle whether the lift changes with size.")
    return " ".join(parts)


def paired_growth(frame: pd.DataFrame, mixture: str, models: tuple[str, str] | None = None) -> Paired | None:
    """Difference of gains between two models under one mixture, cell by cell, divided by the doublings between them.

    Parameters
    ----------
    frame
        As :func:`size_rows` returns it.
    mixture
        Intermediate task, or ``"eng"`` for all with intermediate data in English only.
    models
        The smaller and the larger; the extremes among those that had the mixture if not given.

    Returns
    -------
    Paired or None
        ``None`` where fewer than two models had it.
    """
    rows = frame[
        (frame["intermediate_language"] == "eng") if mixture == "eng" else (frame["intermediate_task"] == mixture)
    ]
    sizes = rows.groupby("model")["log_params"].first().sort_values()
    pair = models or ((str(sizes.index[0]), str(sizes.index[-1])) if len(sizes) > 1 else None)
    if pair is None or not set(pair) <= set(sizes.index):
        return None
    index = [*_known(rows), "typology"]
    cells = rows.pivot_table(index=index, columns="model", values="gain").dropna(subset=list(pair)).reset_index()
    doublings = float(sizes[pair[1]] - sizes[pair[0]])
    cells["growth"] = (cells[pair[1]] - cells[pair[0]]) / doublings
    cells["distance"] = cells["typology"] - float(cells.groupby("language")["typology"].first().mean())
    terms = ["(1|language)"]
    if cells["target_task"].nunique() >= FEWEST_MODELS:
        terms.append("(1|target_task)")
        if cells.groupby(["language", "target_task"]).ngroups < len(cells):
            terms.append("(1|language:target_task)")
    result = fit_mixed("growth ~ distance + " + " + ".join(terms), cells)
    found = result.fixed.set_index("term")
    return Paired(
        Value.of_row(found.loc["Intercept"].to_dict(), _STEP),
        Value.of_row(found.loc["distance"].to_dict(), f"{_STEP} per 0.1 of distance", 0.1),
        f"{pair[0]} and {pair[1]}",
        pair,
        int(cells["language"].nunique()),
        result,
    )


def in_corpus(rows: pd.DataFrame) -> Seen:
    """Add to :func:`growth_formula` whether the language is in the pretraining corpus of the models' family.

    Without terms where the corpus of a family is not bundled, or has all of the languages or none.
    """
    families = sorted(rows["family"].dropna().unique())
    title = "Gain by membership of the pretraining corpus"
    corpora = {FAMILY_CORPUS.get(family) for family in families}
    corpus = corpora.pop() if len(corpora) == 1 else None
    if corpus is None:
        return Seen({}, title, "The bundled data do not say which languages the models were pretrained on.")
    held = corpus_sizes(corpus)
    used = rows.assign(seen=rows["language"].isin(list(held)).astype(float))
    inside = int(used.loc[used["seen"] == 1.0, "language"].nunique())
    total = int(used["language"].nunique())
    if inside in (0, total):
        return Seen({}, title, f"The corpus has {inside} of {total} languages: there is nothing to compare.")
    formula = growth_formula(used).replace("log_params*typology", "log_params*typology + log_params*seen", 1)
    result = fit_mixed(formula, used)
    names = result.names
    weights = np.zeros((3, len(names)))
    weights[0, names.index("seen")] = 1.0
    weights[1, [names.index("log_params:seen")]] = 1.0
    weights[2, names.index("log_params:typology")] = 0.1
    values = [Value.of_row(row, "points") for row in result.contrast(weights).to_dict("records")]
    unit = CORPORA[corpus].unit.split(" of ")[-1]
    basis = f"{inside} of {total} languages in {unit}"
    table = {
        f"in {unit}: gain at 1B": (values[0], basis),
        f"in {unit}: growth per doubling": (values[1], basis),
        "growth per doubling, change per 0.1 of distance": (values[2], basis),
    }
    words = (
        f"A language in {unit} gains {number(values[0].estimate, 2)} points more at 1B ({values[0].part('basis')}) and "
        f"{number(values[1].estimate, 2)} points more per doubling ({values[1].part('basis')}) than one at the same "
        "distance "
        f"outside it."
    )
    return Seen(table, title, words)


def _known(rows: pd.DataFrame) -> tuple[str, ...]:
    """Columns that name a cell, if all rows state them."""
    return tuple(name for name in _CELL if rows[name].notna().all())
