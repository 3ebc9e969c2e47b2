# %% [markdown]
# # How much non-English data, and low-resource languages
#
# *The question:* does zero-shot performance in low-resource languages degrade as the corpus of non-English training
# data grows?

# %%
import crosslift as cl
from analysis.present.notebook import (
    OWN_SWEEP,
    amount_rows,
    amounts,
    begin,
    by_family,
    by_task,
    dropped_table,
    find_sweep,
    fit_diagnostics,
    key_table,
    keys_of,
    kind_slopes,
    model_method,
    model_references,
    omit,
    own_sweeps,
    plot_amounts,
    plot_heat,
    plot_slopes,
    value_table,
)

session = begin("corpus_size")
LOW = 2  # resource classes (Joshi et al.) up to this one count as low-resource
DATA = session.data or ("sumeval2022",)
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
# - {what_words}
# - Mixtures were chosen by their authors, not at random: a configuration with more data also has other languages in it.
#   The slopes hold the examples in English and in languages of the same family fixed, but not other differences.
# - Every configuration was run once. The noise of training is in the residual and cannot be separated from the rest.
# - {languages_low} languages have resource class {low_class} or lower: {low_names}. A claim about low-resource
#   languages rests on these.
# - {sweep_words}

# %%
rows, notes = amount_rows(cl.gains(DATA, outcome="score", columns=session.mapping), LOW)
session.numbers["rows"] = len(rows)
session.numbers["configurations"] = int(rows["configuration"].nunique())
session.numbers["languages"] = int(rows["language"].nunique())
session.numbers["low_class"] = LOW
session.numbers["languages_low"] = len(notes.low)
session.numbers["low_names"] = ", ".join(notes.low) or "none"
session.numbers["what_words"] = notes.words
session.numbers["sweep_words"] = (
    f"The sweep {', '.join(own_sweeps())} has intermediate tasks of three amounts: it has a section of its own."
    if own_sweeps()
    else f"The set '{OWN_SWEEP}' with its grid of three amounts is missing from the bundled data."
)
tasks = by_task(rows)
main = kind_slopes(rows)
session.numbers["tasks"] = len(tasks)
session.numbers["amount"] = main.amount
if main.low is not None:
    session.numbers["low"] = main.low
settled_up = [name for name, found in tasks.items() if found.amount.settled and found.amount.estimate > 0]
settled_down = [name for name, found in tasks.items() if found.amount.settled and found.amount.estimate < 0]
session.numbers["down"], session.numbers["up"] = len(settled_down), len(settled_up)
session.say(
    "answer",
    "Over {tasks} tasks scores of languages without data change by {amount.estimate} points per doubling of "
    "non-English data ({amount.interval}).",
)
key = {"points per doubling": main.amount, "tasks": len(tasks), "low-resource languages": len(notes.low)}
session.table("key", key_table(key))
session.say(
    "answer_words",
    "In {tasks} tasks scores of languages without data fall with the amount of non-English data in {down} and "
    "rise in {up} (intervals that exclude zero); over tasks the slope is {amount}. "
    + (
        "For low-resource languages it differs from the others by {low.estimate} points per doubling ({low.basis}), "
        "so that no "
        "degradation of their own shows."
        if main.low is not None and not (main.low.settled and main.low.estimate < 0)
        else "For low-resource languages it is lower by {low.size} points per doubling ({low.basis})."
        if main.low is not None
        else "No low-resource language is among those without data."
    ),
)

# %%
entries = {}
for name, found in tasks.items():
    basis = f"{found.configurations} mixtures, {found.languages} languages"
    entries[f"{name}: other languages' data"] = (found.amount, basis)
    if found.related is not None:
        entries[f"{name}: of the same family"] = (found.related, basis)
    if found.source is not None:
        entries[f"{name}: English data"] = (found.source, basis)
session.figure(
    "main",
    lambda ax: plot_slopes(
        {name: value for name, (value, _) in entries.items()}, ax, "Points per doubling of examples"
    ),
    "Slopes of the score of a language without data over the amount of data in other languages, by task, with 95% "
    "intervals "
    "(Satterthwaite): {rows} scores, {configurations} mixtures, {languages} languages.",
    "Intervals of the slopes by task.",
    height=0.9 + 0.24 * len(entries),
)
session.table("tasks", value_table(entries, "points per doubling", "By task"))

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
found = amounts(sweep) if sweep else None
if sweep is None or found is None:
    omit(session)
else:
    section, points = found
    session.use(sweep.read.sources)
    section.record(session)
    session.table("sweep_table", section.table)
    session.figure(
        "sweep",
        lambda ax: plot_amounts(points, ax),
        "Mean gain over languages by target and number of intermediate examples, with 95% intervals of the mixed model "
        "(Satterthwaite). Filled: over no intermediate stage; open: over as many steps on the target task: "
        "{sweep_rests_on}.",
        "Lines of the mean gain over the number of examples, two for each target.",
        height=4.6,
    )

# %% [markdown]
# ## By task
#
# {table tasks}
#
# Tasks were given different amounts, so that a doubling is a different step for each of them:
#
# {table amounts}
#
# ## Low-resource languages
#
# {table low}
#
# ## Language by task
#
# {figure heat}
#
# ## What was left out
#
# {table dropped}

# %%
session.table("amounts", notes.table)
session.table("low", main.table)
cells = by_family(rows, "target_task", "score")
session.figure(
    "heat",
    lambda ax: plot_heat(cells, ax, "Mean score without data in the language (points)", "Target task", centre=None),
    "Mean score over configurations that gave the language no data; hatched: no such configuration.",
    "Heat map of zero-shot scores by language and task.",
    height=1.4 + 0.17 * len(cells),
)
session.table("dropped", dropped_table(notes.dropped))
for name, found in tasks.items():
    session.diagnose(*fit_diagnostics(found.result, name))
session.diagnose(*fit_diagnostics(main.result, "All tasks"))
session.method(model_method(main.result, "scores in points"), notes.method)
session.cite(*model_references(main.result), *keys_of(list(session.sources)))
session.finish()
