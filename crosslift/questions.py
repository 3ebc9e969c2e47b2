"""One function per question: regression, pooling, scaling, prediction, multiverse and power."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .data import as_sequence
from .result import Result

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from analysis.outcomes.build import Options

    from .data import Data


def fit(
    data: Data = None,
    factor: str | Sequence[str] = "typology",
    *,
    outcome: str = "gain",
    formula: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = "uriel",
    corpus: str = "cc100",
    distances: Sequence[str | Any] = (),
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
    kernel: str | None = None,
    within: str | None = None,
    bootstrap: int | None = None,
    permute: int | None = None,
    leave_out: str | None = None,
    slopes: str = "auto",
    robustness: str = "auto",
    dispersion: str | None = None,
    sources: str = "auto",
    reml: bool = True,
    df: str = "satterthwaite",
    engine: str = "crosslift",
    seed: int = 1,
) -> Result:
    """Regress gains, gaps or scores on typological distance, model size or corpus size: ``analyze fit``.

    Parameters
    ----------
    data
        Bundled sets by name, files, stores or data frames; by default every bundled set that has the outcome.
    factor
        ``typology``, ``size``, ``corpus``, any column of numbers, or several.
    outcome
        ``gain`` (with minus without the intermediate stage), ``gap`` (source language minus the others) or ``score``.
    formula
        A model of your own in lme4's notation, in place of the default one.
    columns
        Your column → the field that it contains: ``{"lang": "language"}``.
    where
        A condition on rows, such as ``"target_task == 'xnli'"``.
    source, measure, recipe, source_data
        Distance: from which language, by which measure and recipe, in the features of ``uriel``, ``uriel+`` or
        ``grambank`` (which may also stand for ``source``: from English). By default the source's first measure and
        recipe.
    corpus
        Corpus whose size is a predictor.
    distances
        Tables of values by language, or by pair of languages, as columns: files, bundled sets or data frames.
    metric, keep, baseline
        Which metric, flagged rows to keep, and ``plain`` or ``steps``.
    kernel
        Also fit with related languages (phylogenetic kernel): ``genealogy+geography``.
    within
        Split each factor into slopes within and between the levels of a column.
    bootstrap, permute, leave_out
        Draws of a parametric bootstrap and of a permutation test; a group to leave out level by level.
    slopes
        Slopes of the factor by models, tasks and so on: ``auto`` (those that the data ask for), ``none`` or ``all``.
    robustness
        Slopes under other models beside the answer: ``auto``, ``none`` or ``all``.
    dispersion
        What the residual standard deviation follows, such as ``"log_params"``.
    sources
        Slopes under other sources of distance beside the answer: ``auto``, ``none`` or ``all``.
    reml, df, engine
        How to fit and test.
    seed
        Random seed of all draws.

    Returns
    -------
    Result
        Tables ``fixed``, ``variance``, ``rows``, ``robustness``, ``sources``; figure ``effect``.

    Raises
    ------
    CrossliftError
        If the question cannot be answered; the message says what to do.
    """
    from analysis.present.regression import draw, print_fit, robustness_frame, sources_frame
    from analysis.questions.regression.run import Request, fit_factors

    factors = (factor,) if isinstance(factor, str) else tuple(factor)
    options = _options(outcome, source, measure, recipe, corpus, keep, metric, where, baseline, source_data, distances)
    request = Request(factors, as_sequence(data), columns or {}, options, formula, reml, df, engine, kernel, within,
                      bootstrap, permute, leave_out, seed, slopes, robustness, dispersion, sources)  # fmt: skip
    found = fit_factors(request)
    frames = {
        "fixed": found.result.fixed,
        "variance": found.result.variance,
        "rows": found.outcome.frame.loc[found.result.design.kept],
        "robustness": robustness_frame(found),
        "sources": sources_frame(found),
    }
    figures = {"effect": lambda: draw(found)} if found.answers else {}
    answer = tuple(item.sentence for item in found.answers)
    return Result("fit", answer, frames, found, found.to_json, lambda out: print_fit(found, out), figures)


def sources(
    data: Data = None,
    *,
    outcome: str | Sequence[str] = ("gain", "gap"),
    slopes: str = "none",
    df: str = "satterthwaite",
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = "uriel",
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
) -> Result:
    """Slopes of every outcome under every source of distance: ``analyze sources``.

    Parameters
    ----------
    data, columns, where, source, measure, recipe, source_data, metric, keep, baseline
        As for :func:`fit`.
    outcome
        ``gain``, ``gap``, ``score`` or several.
    slopes
        ``none`` (one slope for all groups), ``auto`` or ``all``.
    df
        Degrees-of-freedom method.

    Returns
    -------
    Result
        Table ``sources``: one row a distance and outcome.

    Raises
    ------
    CrossliftError
        If an outcome cannot be fitted; the message says what to do.
    """
    from analysis.present.sources import print_sources
    from analysis.questions.regression.run import Request
    from analysis.questions.regression.source_table import source_table

    outcomes = (outcome,) if isinstance(outcome, str) else tuple(outcome)
    options = _options("gain", source, measure, recipe, "cc100", keep, metric, where, baseline, source_data, ())
    request = Request(data=as_sequence(data), mapping=columns or {}, options=options, df=df, slopes=slopes,
                      robustness="none")  # fmt: skip
    found = source_table(request, outcomes, lambda _: None)
    return Result("sources", found.answer, {"sources": found.frame}, found, found.to_json,
                  lambda out: print_sources(found, out), {})  # fmt: skip


def meta(
    data: Data = None,
    *,
    outcome: str = "gain",
    by: str | Sequence[str] | None = None,
    moderators: Sequence[str] = (),
    method: str = "REML",
    test: str | None = None,
    random: str = "crossed",
    robust: str | None = None,
    bias: bool = False,
    leave_out: str | None = None,
    influence: bool = False,
    adjust: str = "holm",
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = "uriel",
    corpus: str = "cc100",
    distances: Sequence[str | Any] = (),
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
) -> Result:
    """Pool gains or gaps by their sampling variances: ``analyze meta``.

    Parameters
    ----------
    by
        A column of groups, or groups and subgroups; by default target tasks, where there are several.
    moderators
        What the effects may depend on.
    method, test, random
        Estimator of the variances, test, and random effects: ``crossed``, ``none`` or lme4's notation.
    robust, bias, leave_out, influence
        Cluster-robust tests, small-study effects, groups left out in turn, influence of each effect.
    adjust
        Adjustment of p values over groups: ``holm``, ``bh`` or ``none``.
    data, outcome, columns, where, source, measure, recipe, source_data, corpus, distances, metric, keep, baseline
        As for :func:`fit`.

    Returns
    -------
    Result
        Tables ``fixed``, ``groups`` (where there are groups), ``rows``; figures ``forest`` and ``funnel``.
    """
    from analysis.present.pooling import draw_forest, draw_funnel, print_pooled
    from analysis.questions.pooling import Request, pool

    options = _options(outcome, source, measure, recipe, corpus, keep, metric, where, baseline, source_data, distances)
    groups = None if by is None else (by,) if isinstance(by, str) else tuple(by)
    request = Request(as_sequence(data), columns or {}, options, groups, tuple(moderators), method, test, random,
                      robust, bias, leave_out, influence, adjust)  # fmt: skip
    found = pool(request)
    frames = {"fixed": found.result.fixed}
    if found.groups is not None:
        frames["groups"] = found.groups
    frames["rows"] = found.rows
    figures = {"forest": lambda: draw_forest(found), "funnel": lambda: draw_funnel(found)}
    return Result("meta", tuple(found.sentences), frames, found, found.to_json,
                  lambda out: print_pooled(found, out), figures)  # fmt: skip


def scale(
    data: Data = None,
    factor: str = "size",
    *,
    outcome: str = "gain",
    at: Sequence[str] = (),
    languages: Sequence[str] = (),
    moderators: Sequence[str] | None = None,
    by: Sequence[str] = (),
    adjust: str = "holm",
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = "uriel",
    corpus: str = "cc100",
    distances: Sequence[str | Any] = (),
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
) -> Result:
    """Curves of an outcome over model size, training examples or corpus size: ``analyze scale``.

    Parameters
    ----------
    factor
        ``size``, ``examples`` or ``corpus``.
    at, languages
        Sizes (``"13B"``) and languages to predict for.
    moderators
        What the slope may depend on; by default distance, where languages allow it.
    by, adjust
        A curve for each level of these columns, their p values adjusted.
    data, outcome, columns, where, source, measure, recipe, source_data, corpus, distances, metric, keep, baseline
        As for :func:`fit`.

    Returns
    -------
    Result
        Tables ``forms``, ``slopes``, ``predictions``; figure ``curve``.
    """
    from analysis.present.scaling import draw, print_scale
    from analysis.questions.scaling.answer import sentences
    from analysis.questions.scaling.run import ScaleRequest, fit_scale

    options = _options(outcome, source, measure, recipe, corpus, keep, metric, where, baseline, source_data, distances)
    request = ScaleRequest(factor, as_sequence(data), columns or {}, options, tuple(at), tuple(languages),
                           None if moderators is None else tuple(moderators), tuple(by), adjust)  # fmt: skip
    found = fit_scale(request)
    frames = {"forms": found.table, "slopes": found.slopes, "predictions": found.predictions}
    answer = tuple(line for curve in found.curves for line in sentences(curve))
    return Result("scale", answer, frames, found, found.to_json, lambda out: print_scale(found, out),
                  {"curve": lambda: draw(found)})  # fmt: skip


def predict(
    data: Data = None,
    *,
    languages: Sequence[str] = (),
    tasks: Sequence[str] = (),
    models: Sequence[str] = (),
    sizes: Sequence[str] = (),
    outcome: str = "gain",
    rows_to_predict: str | Path | pd.DataFrame | None = None,
    evaluate: Sequence[str] | None = None,
    by: Sequence[str] = (),
    moderators: Sequence[str] = (),
    seed: int = 1,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    measure: str | None = None,
    recipe: str | None = None,
    source_data: str = "uriel",
    corpus: str = "cc100",
    distances: Sequence[str | Any] = (),
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
) -> Result:
    """Predict a language, task, model or size that was not run: ``analyze predict``.

    Parameters
    ----------
    languages, tasks, models, sizes
        What to predict for.
    rows_to_predict
        A table of rows to predict instead, as a path or data frame; those with a score are scored by every method.
    evaluate
        What is left out in turn to evaluate predictions; ``()`` for nothing, by default languages and families.
    by, moderators, seed
        Columns to show errors by, columns of your own to predict from, and the seed of all draws.
    data, outcome, columns, where, source, measure, recipe, source_data, corpus, distances, metric, keep, baseline
        As for :func:`fit`.

    Returns
    -------
    Result
        Tables ``cells``, ``errors``, ``folds``; figure ``folds`` where something was left out.
    """
    from analysis.present.prediction import draw, print_prediction
    from analysis.questions.prediction.run import PredictionRequest
    from analysis.questions.prediction.run import predict as answer

    options = _options(outcome, source, measure, recipe, corpus, keep, metric, where, baseline, source_data, distances)
    schemes = {} if evaluate is None else {"schemes": tuple(evaluate)}
    request = PredictionRequest(
        as_sequence(data), columns or {}, options, tuple(languages), tuple(tasks), tuple(models), tuple(sizes),
        by=tuple(by), moderators=tuple(moderators), seed=seed, rows=next(iter(as_sequence(rows_to_predict)), None),
        **schemes,
    )  # fmt: skip
    found = answer(request)
    frames = {"cells": found.cells, "errors": found.errors, "folds": found.folds}
    figures = {"folds": lambda: draw(found)} if len(found.folds) else {}
    return Result("predict", tuple(found.answer), frames, found, found.to_json,
                  lambda out: print_prediction(found, out), figures)  # fmt: skip


def multiverse(
    data: Data = None,
    *,
    factor: str = "typology",
    outcome: str = "gain",
    choices: str | None = None,
    fixed: Sequence[str] = (),
    specifications: int | None = 2000,
    permute: int = 999,
    by: str | None = None,
    adjust: str = "holm",
    moderators: Sequence[str] = (),
    seed: int = 1,
    jobs: int = 1,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    corpus: str = "cc100",
    distances: Sequence[str | Any] = (),
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
) -> Result:
    """Fit every defensible specification: ``analyze multiverse``.

    Parameters
    ----------
    factor
        ``typology``, or a column of numbers of languages in its place.
    choices, fixed
        A file of choices and their options; options to keep, ``"measure=syntactic,featural"``.
    specifications
        How many to draw; ``None`` for all.
    permute
        Permutations for joint inference; 0 for none.
    by, adjust
        One multiverse for each level of a column, joint tests adjusted over them.
    moderators, seed, jobs
        Columns of your own, the seed of all draws, processes.
    data, outcome, columns, where, source, corpus, distances, metric, keep, baseline
        As for :func:`fit`.

    Returns
    -------
    Result
        Table ``fits``; figure ``curve`` (of one multiverse).
    """
    from analysis.outcomes.build import Options
    from analysis.present.multiverse import draw, multiverses_frame, multiverses_json, print_multiverses
    from analysis.questions.multiverse import MultiverseRequest, run_multiverse

    options = Options(outcome=outcome, source=source, corpus=corpus, keep=tuple(keep), metric=metric, where=where,
                      baseline=baseline, distances=tuple(distances))  # fmt: skip
    request = MultiverseRequest(as_sequence(data), columns or {}, options, choices, tuple(fixed), tuple(moderators), by,
                                specifications, permute, seed, jobs, factor)  # fmt: skip
    found = run_multiverse(request)
    figures = {"curve": lambda: draw(found[0])} if by is None else {}
    return Result("multiverse", tuple(line for item in found for line in item.answer),
                  {"fits": multiverses_frame(found, by)}, found, lambda: multiverses_json(found, by, adjust),
                  lambda out: print_multiverses(found, by, adjust, out), figures)  # fmt: skip


def power(
    data: Data = None,
    *,
    languages: int = 25,
    tasks: int = 6,
    models: int = 7,
    seeds: int = 1,
    effect: float | None = None,
    vary: Mapping[str, Sequence[int]] | None = None,
    components: Mapping[str, float] | None = None,
    fit: bool = True,
    simulations: int = 1000,
    target: float = 0.8,
    seed: int = 1,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    source: str = "eng",
    measure: str | None = None,
    source_data: str = "uriel",
    metric: str | None = None,
    keep: Iterable[str] = (),
    baseline: str = "plain",
) -> Result:
    """How many languages, tasks, models and seeds are needed to detect an effect: ``analyze power``.

    Parameters
    ----------
    languages, tasks, models, seeds
        The design.
    effect
        Points per 0.1 of distance; without it, the minimum detectable effect.
    vary
        One factor of the design and its values: ``{"languages": range(10, 61, 10)}``.
    components, fit
        Variances that are stated, and whether the others come from ``data``.
    simulations, target, seed
        Simulated sweeps per design, the target power, the seed of all draws.
    data, columns, where, source, measure, source_data, metric, keep, baseline
        As for :func:`fit`.

    Returns
    -------
    Result
        Table ``designs``; figure ``power`` where something varies.

    Raises
    ------
    CrossliftError
        If ``vary`` names more than one factor, or the question cannot be answered.
    """
    from analysis.core.errors import CrossliftError
    from analysis.outcomes.build import Options
    from analysis.present.power import draw, print_power
    from analysis.questions.power import PowerDesign, PowerRequest, run_power

    if vary is not None and len(vary) != 1:
        raise CrossliftError(f"'vary' names {len(vary)} factors.", "Name one: {'languages': [10, 20, 40]}.")
    varied = None if vary is None else next((name, tuple(values)) for name, values in vary.items())
    options = Options(source=source, measure=measure or "", keep=tuple(keep), metric=metric, where=where,
                      baseline=baseline, source_data=source_data)  # fmt: skip
    stated = tuple(f"{name}={value}" for name, value in (components or {}).items())
    request = PowerRequest(PowerDesign(languages, tasks, models, seeds), effect, varied, stated, fit, as_sequence(data),
                           columns or {}, options, simulations, target, seed)  # fmt: skip
    found = run_power(request)
    figures = {"power": lambda: draw(found)} if varied else {}
    return Result("power", tuple(found.answer), {"designs": found.frame}, found, found.to_json,
                  lambda out: print_power(found, out), figures)  # fmt: skip


def _options(
    outcome: str,
    source: str,
    measure: str | None,
    recipe: str | None,
    corpus: str,
    keep: Iterable[str],
    metric: str | None,
    where: str | None,
    baseline: str,
    source_data: str,
    distances: Sequence[str | Any],
) -> Options:
    from analysis.outcomes.build import Options

    return Options(
        outcome, source, measure or "", recipe, corpus, tuple(keep), metric, where, baseline, source_data,
        tuple(distances),
    )  # fmt: skip
