# %% [markdown]
# # Model size and the lift of multi-task tuning
#
# *The question:* does the lift of English multi-task tuning grow with the size of the model, between 1B and 13B
# parameters, and does it for languages far from English?

# %%
import crosslift as cl
from analysis.present.notebook import (
    FACTORS,
    Table,
    Value,
    add_floor,
    begin,
    between_models,
    by_depth,
    by_family,
    distance_method,
    dropped_table,
    find_sweep,
    fit_diagnostics,
    floor_table,
    growth,
    in_corpus,
    influence_line,
    key_table,
    keys_of,
    model_method,
    model_references,
    paired_growth,
    pairing_method,
    plot_heat,
    plot_sizes,
    show,
    size_rows,
    value_table,
)

session = begin("model_size")
LOW, HIGH = 1e3, 13e3  # the range of the question, in millions of parameters
FAMILY = "BLOOM"  # one family, so that size is not mixed up with what else tells models apart
DATA = session.data or ("muennighoff2022_xmtf",)
read = cl.read(DATA, session.mapping)
session.provenance(read.sources)

# %% [markdown]
# > {answer}
#
# {table key}
#
# {figure main}
#
# {answer_words}
#
# ## What the data cannot say
#
# - {floor_words}
# - Sizes are few: {models} models of one family, {models_range} of them in the range of the question. A slope over
#   size has {df_between} degrees of freedom when every model counts once, however many languages it was scored in.
# - {english_words}
# - The tuning data of the multilingual mixture contain many of the languages tested; whether a language was in the
#   model's pretraining corpus is more clearly related to the lift than its distance is. {seen_words}
# - Every score is the median over prompts of one run, without other seeds, so that the noise of tuning is unknown.

# %%
outcome = cl.gains(DATA, columns=session.mapping)
frame, notes = size_rows(add_floor(outcome.frame), None if session.data else FAMILY)
mixture = notes.mixture  # the intermediate stage that most sizes had
rows = frame[frame["intermediate_task"] == mixture]
inside = rows[rows["params_m"].between(LOW, HIGH)]
session.numbers["mixture"] = mixture
session.numbers["models"] = int(rows["model"].nunique())
session.numbers["models_range"] = int(inside["model"].nunique())
session.numbers["languages"] = int(rows["language"].nunique())
session.numbers["rows"] = len(rows)
session.numbers["tasks"] = int(rows["target_task"].nunique())

STEP = "points per doubling"
every = between_models(rows)
session.numbers["between"] = every
session.numbers["df_between"] = int(every.df)
main = growth(rows)
session.numbers["near"], session.numbers["far"] = main.near, main.far
session.numbers["interaction"] = main.interaction
session.numbers["near_distance"] = Value(main.distances[0])
session.numbers["far_distance"] = Value(main.distances[1])
within_range = growth(inside)
range_between = between_models(inside)
session.numbers["range_between"] = range_between
session.numbers["range_near"], session.numbers["range_far"] = within_range.near, within_range.far
session.numbers["range_interaction"] = within_range.interaction

known = rows[rows["floor"] != "unknown"]
if known.empty:
    session.numbers["floor_words"] = (
        "No row states how many items it was scored on, for a task whose chance level is known: whether the "
        "baselines can "
        "be told from guessing is not known."
    )
else:
    share = 100 * float((known["floor"] == "at chance").mean())
    session.numbers["at_chance"] = Value(share, digits=0, unit="%")
    session.say(
        "floor_words",
        "In {at_chance} of the cells whose number of items is known the untuned model cannot be told from guessing. "
        "There "
        "the gain is the tuned score minus a constant: it says how much of a task tuning brings out, not how much it "
        "adds "
        "to what transferred before. Both readings are below.",
    )
session.numbers["verb"] = "grows" if range_between.settled and range_between.estimate > 0 else "does not clearly grow"
session.numbers["direction"] = (
    "less" if main.interaction.settled and main.interaction.estimate < 0
    else "more" if main.interaction.settled
    else "neither clearly more nor clearly less"
)  # fmt: skip
english = paired_growth(frame, "eng")
if english is not None:
    session.numbers["english"], session.numbers["english_slope"] = english.mean, english.slope
session.numbers["aside"] = (
    "no tuning on English alone was done at two sizes" if english is None
    else f"after tuning on English alone, done at {english.sizes} only, it is {english.mean.part('estimate')} "
    f"({english.mean.part('interval')}; {english.mean.part('df')} degrees of freedom)"
)  # fmt: skip
session.say(
    "answer",
    "From 1B to 13B the lift of {mixture} {verb} with size: {range_between.estimate} points per doubling "
    "({range_between.interval}).",
)
session.table("key", key_table({STEP: range_between, "models in the range": int(inside["model"].nunique()),
                                "change per 0.1 of distance": main.interaction}))  # fmt: skip
session.say(
    "answer_words",
    "From 1B to 13B the lift of {mixture} {verb} with size on these {tasks} tasks, by {range_between.estimate} points "
    "per doubling over {models_range} models counted once ({range_between.basis}); {aside}. Over all {models} sizes "
    "it grows {direction} "
    "for distant languages: the growth per doubling changes by {interaction.estimate} points for each 0.1 of syntactic "
    "distance ({interaction.basis}), from {near.estimate} at {near_distance.estimate} to {far.estimate} at "
    "{far_distance.estimate}.",
)

# %%
session.figure(
    "main",
    lambda ax: plot_sizes(rows, main, ax, marks=(LOW, HIGH)),
    "Mean gain by model size for the nearer and the farther half of the languages ({rows} gains from {mixture}, "
    "{languages} "
    "languages, {models} models). Points: means; lines: the mixed model at the quartiles of distance, with 95% bands "
    "(Satterthwaite). Shaded: the range of the question.",
    "Means by size for near and distant languages, with the lines of the mixed model.",
)

# %% [markdown]
# ## The slopes
#
# {table slopes}
#
# There are two kinds of slope. With every model counted once, the interval covers other models of the family on these
# same tasks and languages. The mixed model's interval covers other tasks and languages as well; the lift differs so
# much between the {tasks} tasks that it is wider.
#
# ## The baseline at chance
#
# {table floor}
#
# Three readings of the same question: every cell; only cells whose baseline is above chance by a one-sided binomial
# test; and the tuned score itself, with the baseline ignored. If the second is empty or wide, the data do
# not answer the question without the floor effect.
#
# {floor_reading}

# %%
rows_of_slopes = {
    "all sizes, models counted once": (every, f"{rows['model'].nunique()} models"),
    "1B to 13B, models counted once": (range_between, f"{inside['model'].nunique()} models"),
    "all sizes, near languages (mixed model)": (main.near, f"{rows['language'].nunique()} languages"),
    "all sizes, distant languages (mixed model)": (main.far, f"{rows['language'].nunique()} languages"),
    "1B to 13B, near languages (mixed model)": (within_range.near, f"{inside['language'].nunique()} languages"),
    "1B to 13B, distant languages (mixed model)": (within_range.far, f"{inside['language'].nunique()} languages"),
    "all sizes, change of slope per 0.1": (main.interaction, f"{rows['language'].nunique()} languages"),
    "1B to 13B, change of slope per 0.1": (within_range.interaction, f"{inside['language'].nunique()} languages"),
}
session.table("slopes", value_table(rows_of_slopes, STEP, "Growth of the gain with model size"))
table, reading = floor_table(rows)
session.table("floor", table)
session.numbers["floor_reading"] = reading

# %% [markdown]
# ## The shape of the curve
#
# {curve_words}
#
# {figure curve}

# %%
mixed = f"intermediate_task == '{mixture}'" + ("" if session.data else f" and family == '{FAMILY}'")
scaled = cl.scale(DATA, columns=session.mapping, where=mixed)
session.numbers["curve_words"] = "\n\n".join(scaled.answer)
session.drawing(
    "curve",
    scaled.plot(),
    "Gain after {mixture} against model size: means adjusted for languages and tasks, and the form that describes "
    "the sizes "
    "best with its 95% band; shaded where there are no data.",
    "Scaling curve over model size.",
)
session.diagnose(*(f"Curve: {line}" for line in scaled.details.curves[0].warnings))

# %% [markdown]
# ## English-only tuning
#
# {english_table_words}
#
# {table english}
#
# ## Languages in the pretraining corpus
#
# {table seen}

# %%
if english is None:
    session.numbers["english_words"] = (
        "No English-only tuning was done at two sizes or more: it cannot answer the question."
    )
    session.numbers["english_table_words"] = "The data do not contain English-only tuning at two sizes."
    session.table("english", Table(("English-only tuning",), (("missing",),)))
else:
    session.numbers["english_sizes"] = english.sizes
    session.say(
        "english_words",
        "English-only tuning was done at {english_sizes} only. Two models give one difference, which is size and "
        "whatever "
        "else tells the two apart; the interval covers languages and tasks, not other models.",
    )
    session.say(
        "english_table_words",
        "Between the two sizes with English-only tuning ({english_sizes}) the lift changes by {english} for a "
        "language at "
        "average distance, and by {english_slope.estimate} points more for each 0.1 of distance "
        "({english_slope.basis}). The "
        "same difference under the multilingual mixture is given for comparison.",
    )
    other = paired_growth(frame, mixture, models=english.models)
    entries = {
        "English only, average distance": (english.mean, f"{english.languages} languages"),
        "English only, change per 0.1 of distance": (english.slope, f"{english.languages} languages"),
    }
    if other is not None:
        entries[f"{mixture}, average distance"] = (other.mean, f"{other.languages} languages")
        entries[f"{mixture}, change per 0.1 of distance"] = (other.slope, f"{other.languages} languages")
    session.table("english", value_table(entries, "points per doubling", "The same two models under both mixtures"))
    session.diagnose(*fit_diagnostics(english.result, "English-only difference"))
seen = in_corpus(rows)
session.table("seen", value_table(seen.rows, "points", seen.title))
session.numbers["seen_words"] = seen.words

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
section = by_depth(sweep) if sweep else None
show(
    session,
    sweep,
    section,
    "Mean gain (points)",
    "Mean gain over arms and languages at each depth of one checkpoint, with 95% intervals "
    "(Satterthwaite; filled: without zero): {sweep_rests_on}.",
    "Gains by depth and target.",
)

# %% [markdown]
# ## Language by task
#
# {figure heat}
#
# ## What was left out
#
# {table dropped}

# %%
cells = by_family(rows, "target_task", "gain")
session.figure(
    "heat",
    lambda ax: plot_heat(cells, ax, "Mean gain (points)", "Target task"),
    "Mean gain over sizes by language and target task; families together, the largest first; hatched: no data.",
    "Heat map of gains, languages by target task.",
    height=1.4 + 0.17 * len(cells),
)
session.table("dropped", dropped_table((*outcome.dropped, *notes.dropped)))
session.diagnose(*fit_diagnostics(main.result, "All sizes"), *fit_diagnostics(within_range.result, "1B to 13B"))
session.diagnose(influence_line(main.result, FACTORS["size"], "language", "All sizes"))
session.method(
    pairing_method(outcome),
    f"Every model was counted once in the slope over size: the mean gain of each of {len(rows['model'].unique())} "
    "models over "
    "the same cells was regressed on the base-2 logarithm of its parameters, with a t test.",
    model_method(main.result, "gains in points"),
    "A baseline counts as above chance if it exceeds guessing by a one-sided binomial test at a level of 5%.",
    distance_method(outcome),
)
session.cite("littell2017", *model_references(main.result), *keys_of(list(session.sources)))
session.finish()
