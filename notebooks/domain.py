# %% [markdown]
# # From 7B to 70B: one kind of tuning data or another
#
# *The question:* how does zero-shot accuracy change from 7B to 70B parameters after intermediate training on
# domain-specific rather than general data?

# %%
import math

import crosslift as cl
from analysis.present.notebook import (
    OWN_SWEEP,
    arm_rows,
    arms_at,
    begin,
    between_sizes,
    by_domain,
    by_family,
    distance_method,
    dropped_table,
    find_sweep,
    fit_diagnostics,
    form_sentence,
    key_table,
    keys_of,
    model_method,
    model_references,
    own_sweeps,
    pairing_method,
    plot_heat,
    plot_mixtures,
    prediction_sentences,
    show,
    value_table,
)

session = begin("domain")
NARROW, WIDE = "P3", "xP3"  # English only; the same tasks and more in many languages
SMALL, LARGE = 7e3, 70e3  # the sizes of the question, in millions of parameters
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
# - No published study bundled here tunes on a domain. The two kinds of data are {narrow}, in English, and {wide}, in
#   many languages; they differ in language and in size, and represent a specific and a general mixture only in that
#   sense.
# - No model between {small_model} and {large_model} was tuned on both. Every number for 70B lies on a straight line
#   in the logarithm of size between those two: an extrapolation into a gap, marked as such, whose interval holds if
#   the line does.
# - Two models are not a sample of sizes. The intervals reflect languages and tasks only.
# - {sweep_words}

# %%
outcome = cl.gains(DATA, columns=session.mapping)
cells, notes = arm_rows(outcome.frame, NARROW, WIDE)
session.numbers["narrow"], session.numbers["wide"] = NARROW, WIDE
session.numbers["small_model"], session.numbers["large_model"] = notes.models
session.numbers["languages"] = int(cells["language"].nunique())
session.numbers["tasks"] = int(cells["target_task"].nunique())
session.numbers["rows"] = len(cells)
at = arms_at(cells, notes)
session.numbers["small"], session.numbers["large"] = at.small, at.large
session.numbers["change"] = at.change
session.numbers["compared"] = "exceeds" if at.large.estimate > 0 else "falls short of"
session.numbers["at_70"] = at.between(LARGE)
growths = {name: between_sizes(cells, notes, name, SMALL, LARGE) for name in (NARROW, WIDE)}
session.numbers["narrow_growth"], session.numbers["wide_growth"] = (growths[name].value for name in (NARROW, WIDE))
session.numbers["sweep_words"] = (
    f"The domains in the sweep {', '.join(own_sweeps())} have a section of their own."
    if own_sweeps()
    else f"The domain arm of '{OWN_SWEEP}' is missing from the bundled data."
)
session.say(
    "answer",
    "At {large_model} the gain after {wide} {compared} that after {narrow} by {large.size} points ({large.interval}); "
    "no model between was run."
    if at.large.settled
    else "At {large_model} the data do not tell the gain after {wide} from that after {narrow}: {large.estimate} "
    "points ({large.interval}).",
)
session.table("key", key_table({f"at {notes.models[0]}": at.small, f"at {notes.models[1]}": at.large,
                                "languages": int(cells["language"].nunique())}))  # fmt: skip
session.say(
    "answer_words",
    "On a straight line between the two sizes that were measured, 7B to 70B adds {narrow_growth} after {narrow} and "
    "{wide_growth} "
    "after {wide}; no model of that size was run. At the measured sizes the gain after {wide} minus "
    "that after {narrow} is {small.estimate} points ({small.basis}) at {small_model} and {large.estimate} "
    "({large.basis}) at {large_model}.",
)

# %%
session.figure(
    "main",
    lambda ax: plot_mixtures(cells, notes, growths, ax, marks=(SMALL, LARGE)),
    "Mean gain at the two measured sizes after {narrow} and {wide} ({rows} cells of {languages} languages and "
    "{tasks} tasks), "
    "with 95% intervals of the mixed model. Dashed: the straight line between them, where nothing was measured.",
    "Two lines over size, dashed where no model was run.",
)
entries = {
    f"{WIDE} minus {NARROW} at {notes.models[0]}": (at.small, "measured"),
    f"{WIDE} minus {NARROW} at {notes.models[1]}": (at.large, "measured"),
    f"{WIDE} minus {NARROW}, change from the one to the other": (at.change, "measured"),
    f"{WIDE} minus {NARROW} at 70B": (at.between(LARGE), "extrapolated into the gap"),
    f"7B to 70B after {NARROW}": (growths[NARROW].value, "extrapolated into the gap"),
    f"7B to 70B after {WIDE}": (growths[WIDE].value, "extrapolated into the gap"),
}
session.table("arms", value_table(entries, "points", "The two mixtures"))

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
section = by_domain(sweep) if sweep else None
show(
    session,
    sweep,
    section,
    "Difference of the two arms (points)",
    "One domain of intermediate data minus another with as many examples and steps, by "
    "target task, with 95% intervals (Satterthwaite; filled: without zero): {sweep_rests_on}.",
    "Differences of two intermediate tasks by target.",
)

# %% [markdown]
# ## The two mixtures
#
# {table arms}
#
# The difference between the mixtures does not contain the baseline: both gains are over the same untuned model, which
# drops out.
#
# ## A curve through more sizes
#
# {curve_words}
#
# ## Languages in the multilingual mixture
#
# {table tuned}
#
# ## Mixture by task, language by task
#
# {figure tasks}
#
# {figure heat}
#
# ## What was left out
#
# {table dropped}

# %%
mixed = f"intermediate_task == '{WIDE}'" + ("" if session.data else " and family == 'BLOOM'")
curve = cl.scale(DATA, columns=session.mapping, where=mixed, at=["7B", "70B"]).details.curves[0]
session.numbers["curve_sizes"] = len(curve.sizes)
session.say(
    "curve_words",
    f"{WIDE} was used at {{curve_sizes}} sizes, so that for it a curve can be drawn through more than two points. "
    + " ".join([form_sentence(curve), *prediction_sentences(curve)]),
)
session.diagnose(*(f"Curve of {WIDE}: {line}" for line in curve.warnings))
session.table("tuned", value_table(at.tuned, "points", "", (at.tuned_words,)))
shown = by_family(cells, "target_task", "difference")
session.figure(
    "heat",
    lambda ax: plot_heat(shown, ax, f"{WIDE} minus {NARROW} (points)", "Target task"),
    "Mean difference of the two mixtures over both sizes; families together, the largest first; hatched: no data.",
    "Heat map of the difference, languages by target task.",
    height=1.4 + 0.17 * len(shown),
)
every = outcome.frame.dropna(subset=["log_params"])
by_mixture = every.pivot_table(index="intermediate_task", columns="target_task", values="gain", aggfunc="mean")
session.figure(
    "tasks",
    lambda ax: plot_heat(by_mixture, ax, "Mean gain (points)", "Target task", families=False),
    "Mean gain by intermediate mixture and target task over all sizes and languages that have it; hatched: no data. "
    "Mixtures were used at different sizes, so rows should not be compared without taking size into account.",
    "Heat map of gains, intermediate mixtures by target task.",
    height=1.3 + 0.35 * len(by_mixture),
)
session.table("dropped", dropped_table((*outcome.dropped, *notes.dropped)))
session.diagnose(*fit_diagnostics(at.result, "Difference of the mixtures"))
for name, found in growths.items():
    session.diagnose(*fit_diagnostics(found.result, f"Growth after {name}"))
session.method(pairing_method(outcome), model_method(at.result, "differences of gains in points"))
session.method(
    f"Numbers between the two sizes are linear in the base-2 logarithm of parameters; 7B to 70B is "
    f"{math.log2(LARGE / SMALL):.2f} "
    "doublings.",
    distance_method(outcome),
)
session.cite("littell2017", *model_references(at.result), *keys_of(list(session.sources)))
session.finish()
